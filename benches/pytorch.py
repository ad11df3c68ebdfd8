"""The rows of rows.json in PyTorch, measured the way run.ts measures the others.

    python benches/pytorch.py [--threads N] [--only TEXT] [--json]

Needs PyTorch (`pip install torch`), nothing else. Prints the median time of an element or of a training step.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from torch import nn
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


def training_step(row):
    widths, batch, rate = row["widths"], row["batch"], row["rate"]
    layers = []
    for fan_in, units in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(fan_in, units), nn.ReLU(), nn.Dropout(rate)]
    model = nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x = torch.rand(batch, widths[0])
    y = torch.arange(batch) % widths[-1]

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step, 1


MEASURES = {"dropout": dropout, "dropoutAndBackward": dropout_and_backward, "trainingStep": training_step}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads that PyTorch may use (default 1)")
    parser.add_argument("--only", default="", help="only the rows whose name contains this")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()

    seconds = {}
    for row in json.loads((Path(__file__).parent / "rows.json").read_text()):
        # PyTorch's dropout has no `out` argument.
        if row["measure"] not in MEASURES or arguments.only not in row["name"]:
            continue
        print(f"PyTorch: {row['name']}", file=sys.stderr)
        call, units = MEASURES[row["measure"]](row)
        timer = Timer("call()", globals={"call": call}, num_threads=arguments.threads)
        seconds[row["name"]] = timer.blocked_autorange(min_run_time=SECONDS_PER_ROW).median / units

    if arguments.json:
        json.dump({"version": torch.__version__, "seconds": seconds}, sys.stdout)
        return
    print(f"PyTorch {torch.__version__}, threads: {arguments.threads}")
    for name, value in seconds.items():
        figure = f"{value * 1e6:.3g} us" if name.startswith("training") else f"{value * 1e9:.3g} ns/element"
        print(f"{name}: {figure}")


if __name__ == "__main__":
    main()
