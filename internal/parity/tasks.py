"""The training steps of pretext tasks in PyTorch, by the ids of `tessera bench --only ^train_step/`; a JSON line each.

    python3 internal/parity/tasks.py [--threads N] [--only REGEX] [--quick]

Needs torch and torchvision. Batches are made before; networks, loss and update are timed: the shortest of some repetitions, and
their median. Memory formats are tried, and the better one is told.
"""
import argparse
import json
import re
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

ap = argparse.ArgumentParser()
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--only", default=".")
ap.add_argument("--quick", action="store_true")
args = ap.parse_args()
torch.set_num_threads(args.threads)


class Jigsaw(nn.Module):
    """A ResNet-18 of nine tiles of 64 pixels each, what it says of them side by side, a hidden layer of 512, 100 permutations."""

    def __init__(self):
        super().__init__()
        self.trunk = torchvision.models.resnet18()
        self.trunk.fc = nn.Identity()
        self.head = nn.Sequential(nn.Linear(9 * 512, 512, bias=False), nn.BatchNorm1d(512, affine=False), nn.ReLU(inplace=True), nn.Linear(512, 100))

    def forward(self, x, dealt):
        z = self.trunk(x)[dealt]
        return self.head(z.reshape(-1, 9 * 512))


def jigsaw(n, layout):
    net = Jigsaw().to(memory_format=layout)
    x = torch.randn(n * 9, 3, 64, 64).to(memory_format=layout)
    dealt = torch.cat([i * 9 + torch.randperm(9) for i in range(n)])
    labels = torch.arange(n) % 100
    return net, lambda: F.cross_entropy(net(x, dealt), labels)


STEPS = {"train_step/jigsaw_resnet18_9x64/n32": lambda layout: jigsaw(32, layout)}


def measure(step, budget):
    step()
    step()
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < budget and len(times) < 30:
        t = time.perf_counter()
        step()
        times.append(time.perf_counter() - t)
    return sorted(times)


for id, make in STEPS.items():
    if not re.search(args.only, id):
        continue
    best = None
    for name, layout in {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}.items():
        torch.manual_seed(0)
        net, loss = make(layout)
        opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)

        def step():
            opt.zero_grad(set_to_none=True)
            loss().backward()
            opt.step()

        t = measure(step, 2 if args.quick else 6)
        if best is None or t[0] < best["min_s"]:
            best = {"id": id, "tool": "torch " + torch.__version__, "threads": args.threads, "min_s": t[0], "median_s": t[len(t) // 2], "max_s": t[-1], "reps": len(t), "layout": name}
    print(json.dumps(best), flush=True)
