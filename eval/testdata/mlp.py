"""RotNet's non-linear classifier in PyTorch, for mlp.json: losses of 20 updates and answers after them.

    python3 eval/testdata/mlp.py   (root)

A hundred rows are one batch, so that the order of samples does not matter. Everything is computed in float64 from float32 numbers.
"""
import json
import sys

import numpy as np
import torch

sys.path.insert(0, "internal/golden")
from golden import fill  # noqa: E402

N, D, CLASSES, EPOCHS = 100, 12, 5, 20
HIDDEN = min(20 * CLASSES, 2048)


def blobs(n, name):
    y = np.arange(n) % CLASSES
    return fill((CLASSES, D), "centres", 0.8)[y] + fill((n, D), name), y


net = torch.nn.Sequential(
    torch.nn.Linear(D, HIDDEN, bias=False), torch.nn.BatchNorm1d(HIDDEN), torch.nn.ReLU(),
    torch.nn.Linear(HIDDEN, HIDDEN, bias=False), torch.nn.BatchNorm1d(HIDDEN), torch.nn.ReLU(),
    torch.nn.Linear(HIDDEN, CLASSES)).double()
with torch.no_grad():
    for k, l in enumerate([net[0], net[3], net[6]]):
        out, into = l.weight.shape
        l.weight.copy_(torch.from_numpy(fill((into, out), f"fc{k + 1}", (6 / out) ** 0.5)).double().T)
    net[6].bias.zero_()
(xa, ya), (xb, _) = blobs(N, "train"), blobs(40, "test")
m, s = xa.astype(float).mean(0), xa.astype(float).std(0)
za, zb = [torch.from_numpy((x - m) / s) for x in (xa, xb)]
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
rate = torch.optim.lr_scheduler.MultiStepLR(opt, [EPOCHS * p // 100 for p in (35, 70, 85)], gamma=0.2)
losses = []
for _ in range(EPOCHS):
    opt.zero_grad()
    loss = torch.nn.functional.cross_entropy(net(za), torch.from_numpy(ya))
    losses.append(loss.item())
    loss.backward()
    opt.step()
    rate.step()
net.eval()
json.dump({"losses": losses, "answers": net(zb).detach().numpy().ravel().tolist()}, open("eval/testdata/mlp.json", "w"))
