"""The models of the training steps in PyTorch; `workload.ts` says what they are."""

import torch
from torch import nn
from torch.nn import functional as F


class LockedDropout(nn.Module):
    """One mask for all steps of a row (Gal and Ghahramani 2016)."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        return x * torch.empty(x.shape[0], 1, x.shape[2]).bernoulli_(1 - self.rate).div_(1 - self.rate)


class DropBlock(nn.Module):
    """As torchvision's `drop_block2d`: seeds where blocks fit, max pooling, normalised over the batch."""

    def __init__(self, rate, size):
        super().__init__()
        self.rate, self.size = rate, size

    def forward(self, x):
        return drop_block(x, self.rate, self.size, False)


def drop_block(x, rate, size, shared):
    n, c, h, w = x.shape
    gamma = rate * h * w / (size**2 * (h - size + 1) * (w - size + 1))
    seeds = torch.empty(n, 1 if shared else c, h - size + 1, w - size + 1).bernoulli_(gamma)
    seeds = F.pad(seeds, [size // 2] * 4)
    keep = 1 - F.max_pool2d(seeds, size, 1, size // 2)
    return x * keep * (keep.numel() / (keep.sum() + 1e-6))


class LastStepOfLstm(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.drop_inputs, self.drop_outputs = LockedDropout(rate), LockedDropout(rate)
        self.lstm = nn.LSTM(64, 128, batch_first=True)

    def forward(self, x):
        y, _ = self.lstm(self.drop_inputs(x))
        return self.drop_outputs(y)[:, -1]


class MeanOverSteps(nn.Module):
    def forward(self, x):
        return x.mean(1)


def perceptron(row):
    widths, layers = row["widths"], []
    for fan_in, units in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(fan_in, units), nn.ReLU(), nn.Dropout(row["rate"])]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1])), (widths[0],)


def convolutional(row):
    rate = row["rate"]
    mask = DropBlock(rate, 3) if row["mask"] == "block" else nn.Dropout2d(rate)
    layers = [nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2), mask]
    layers += [nn.Flatten(), nn.Linear(4608, 128), nn.ReLU(), nn.Linear(128, 10)]
    return nn.Sequential(*layers), (1, 28, 28)


def lstm(row):
    return nn.Sequential(LastStepOfLstm(row["rate"]), nn.Linear(128, 10)), (64, 64)


def transformer(row):
    block = nn.TransformerEncoderLayer(
        128, 4, 512, row["rate"], activation="gelu", batch_first=True, norm_first=True
    )
    return nn.Sequential(block, MeanOverSteps(), nn.Linear(128, 10)), (128, 128)


MODELS = {
    "perceptron": perceptron,
    "convolutional": convolutional,
    "lstm": lstm,
    "transformer": transformer,
}


def training_step(row):
    model, shape = MODELS[row["model"]](row)
    model.train()
    if row.get("optimizer") == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x = torch.rand(row["batch"], *shape)
    y = torch.arange(row["batch"]) % row.get("widths", [10])[-1]

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step, 1
