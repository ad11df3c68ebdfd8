"""The rows of rows.json in PyTorch, measured the way run.ts measures the others.

    python benches/pytorch.py [--threads N] [--only TEXT]
    python benches/pytorch.py [--threads N] --serve

Needs PyTorch (`pip install torch`), nothing else. Prints the median time of an element or of a training step; with
`--serve` the version first, and then, whenever the name of a row arrives on standard input, its seconds or null.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from pytorch_models import drop_block, training_step
from torch.nn import functional as F
from torch.utils.benchmark import Timer

SECONDS_PER_ROW = 1.0


def dropout(row):
    x = torch.rand(row["elements"]) + 0.5
    return lambda: F.dropout(x, row["rate"], True), row["elements"]


def dropout_and_backward(row):
    x = (torch.rand(row["elements"]) + 0.5).requires_grad_()
    dy = torch.rand(row["elements"])
    return lambda: torch.autograd.grad(F.dropout(x, row["rate"], True), x, dy), row["elements"]


def kernel(row):
    kind, shape, p = row["kind"], row["shape"], row["rate"]
    if kind in ("nodes", "paths"):
        return None
    if kind == "edges":
        (count,) = shape
        edges = torch.randint(count // 10, (2, count))

        def drop():
            # As torch_geometric's dropout_edge with force_undirected: one direction is drawn, then mirrored.
            keep = torch.rand(count) > p
            keep[edges[0] > edges[1]] = False
            half = edges[:, keep]
            return torch.cat([half, half.flip(0)], 1)

        return drop, count
    x = torch.rand(shape) + 0.5
    other, bias = torch.rand(shape) + 0.5, torch.rand(shape[-1])
    units = x.numel()

    def factors(*noise):
        return torch.empty(noise).bernoulli_(1 - p).div_(1 - p)

    def concrete():
        u = torch.rand_like(x)
        logit = torch.log(torch.tensor(p)) - torch.log1p(torch.tensor(-p))
        return x * (1 - torch.sigmoid((logit + torch.log(u) - torch.log1p(-u)) / 0.1)) / (1 - p)

    rates = torch.linspace(0, 2 * p, shape[-1])
    calls = {
        "element": lambda: F.dropout(x, p, True),
        "feature": lambda: x * torch.bernoulli((1 - rates).expand(shape)) / (1 - rates),
        "channel": lambda: F.dropout2d(x, p, True),
        "sequence": lambda: x * factors(shape[0], 1, shape[-1]),
        "block": lambda: drop_block(x, p, 7, False),
        "sharedBlock": lambda: drop_block(x, p, 7, True),
        "dropPath": lambda: x * factors(shape[0], *[1] * (len(shape) - 1)),
        "attentionWeights": lambda: F.dropout(x, p, True),
        "attentionKey": lambda: x * factors(*shape[:2], 1, shape[-1]),
        "attentionRow": lambda: x * factors(*shape[:3], 1),
        "attentionHead": lambda: x * factors(*shape[:2], 1, 1),
        "freshSequence": lambda: F.dropout(x, p, True),
        "weights": lambda: F.dropout(x, p, True),
        "sampleWeights": lambda: F.dropout(x, p, True),
        "shared": lambda: x * factors(1, *shape[1:]),
        "gaussian": lambda: x * (1 + (p / (1 - p)) ** 0.5 * torch.randn_like(x)),
        "alpha": lambda: F.alpha_dropout(x, p, True),
        "concrete": concrete,
        "zoneout": lambda: torch.where(torch.rand_like(x) < p, other, x),
        "biasGelu": lambda: other + F.dropout(F.gelu(x + bias), p, True),
        "layerNorm": lambda: F.layer_norm(
            other + F.dropout(F.gelu(x + bias), p, True), shape[-1:], bias, bias
        ),
        "softmax": lambda: F.dropout(F.softmax(x, -1), p, True),
    }
    return (calls[kind], units) if kind in calls else None


def attention(row):
    q, k, v = (torch.rand(row["shape"]) - 0.5 for _ in range(3))

    def call():
        with torch.no_grad():
            return F.scaled_dot_product_attention(q, k, v, dropout_p=row["rate"])

    return call, 1


def attention_and_backward(row):
    q, k, v = ((torch.rand(row["shape"]) - 0.5).requires_grad_() for _ in range(3))
    dy = torch.rand(row["shape"])

    def call():
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=row["rate"])
        return torch.autograd.grad(y, (q, k, v), dy)

    return call, 1


MEASURES = {
    "dropout": dropout,
    "dropoutAndBackward": dropout_and_backward,
    "kernel": kernel,
    "attention": attention,
    "attentionAndBackward": attention_and_backward,
    "trainingStep": training_step,
}


def seconds_of(row, threads):
    """The median over a second, or None where PyTorch does not have the operation (its dropout has no `out`)."""
    if row["measure"] not in MEASURES:
        return None
    print(f"PyTorch: {row['name']}", file=sys.stderr)
    measured = MEASURES[row["measure"]](row)
    if measured is None:
        return None
    call, units = measured
    timer = Timer("call()", globals={"call": call}, num_threads=threads)
    return timer.blocked_autorange(min_run_time=SECONDS_PER_ROW).median / units


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads that PyTorch may use (default 1)")
    parser.add_argument("--only", default="", help="only the rows whose name contains this")
    parser.add_argument("--serve", action="store_true", help="measure the rows that are named on standard input")
    arguments = parser.parse_args()
    rows = json.loads((Path(__file__).parent / "rows.json").read_text())

    if arguments.serve:
        print(json.dumps(torch.__version__), flush=True)
        by_name = {row["name"]: row for row in rows}
        for line in sys.stdin:
            print(json.dumps(seconds_of(by_name[line.strip()], arguments.threads)), flush=True)
        return
    print(f"PyTorch {torch.__version__}, threads: {arguments.threads}")
    for row in rows:
        value = seconds_of(row, arguments.threads) if arguments.only in row["name"] else None
        if value is not None:
            training = row["measure"] == "trainingStep"
            print(f"{row['name']}: " + (f"{value * 1e6:.3g} us" if training else f"{value * 1e9:.3g} ns/element"))


if __name__ == "__main__":
    main()
