"""byol.json: twenty steps of BYOL in PyTorch, for byol_test.go. Weights and views are made by golden.py's formula.

    python byol.py > byol.json

Beside each number stands how far four runs move it whose initial weights are off by one part in 10^7.
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "internal/golden"))
from golden import fill
from view_pairs import distance, largest

STEPS, N, SIDE, HIDDEN, OUT = 20, 8, 16, 32, 16
LR, MOMENTUM, DECAY, BASE, LAST = 0.02, 0.9, 5e-4, 0.9, 0.995


def mlp(i):
    return nn.Sequential(nn.Linear(i, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, OUT))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        chans = [3, 32, 32, 64, 128]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, stride=1 if k == 0 else 2, padding=1, bias=False) for k, (a, b) in enumerate(zip(chans, chans[1:])))
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in chans[1:])
        self.projector = mlp(chans[-1])

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.relu(norm(conv(x)))
        return self.projector(x.mean((2, 3)))

    def tensors(self, prefix):
        for k, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            yield f"{prefix}trunk.conv{k + 1}.weight", conv.weight
            yield from norm_tensors(f"{prefix}trunk.bn{k + 1}", norm)
        yield from mlp_tensors(f"{prefix}projector", self.projector)


def norm_tensors(name, norm):
    yield f"{name}.weight", norm.weight
    yield f"{name}.bias", norm.bias
    yield f"{name}.running_mean", norm.running_mean
    yield f"{name}.running_var", norm.running_var


def mlp_tensors(name, m):
    yield f"{name}.0.weight", m[0].weight
    yield from norm_tensors(f"{name}.1", m[1])
    yield f"{name}.2.weight", m[3].weight
    yield f"{name}.2.bias", m[3].bias


def from_ours(a, like):
    """A weight in this project's layout, [KH KW I O] or [I O], in PyTorch's."""
    return torch.from_numpy(np.ascontiguousarray({4: lambda: a.transpose(3, 2, 0, 1), 2: lambda: a.T, 1: lambda: a}[like.dim()]()))


def to_ours(t):
    a = t.detach().numpy()
    return {4: lambda: a.transpose(2, 3, 1, 0), 2: lambda: a.T, 1: lambda: a}[a.ndim]()


def ours_shape(t):
    s = list(t.shape)
    return {4: lambda: [s[2], s[3], s[1], s[0]], 2: lambda: s[::-1], 1: lambda: s}[len(s)]()


def run(perturb):
    online, teacher, predictor = Encoder(), Encoder(), mlp(OUT)
    named = [*online.tensors(""), *mlp_tensors("predictor", predictor), *teacher.tensors("teacher.")]
    for name, t in named:
        if "running" in name:
            continue
        s = ours_shape(t)
        if len(s) == 1:
            a = fill(s, name, 0.1) + np.float32(name.endswith("weight"))
        else:
            a = fill(s, name, math.sqrt(3 / np.prod(s[:-1])))
        if perturb:
            a = (a * (1 + 1e-7 * fill(s, f"{name}/{perturb}").astype(np.float64))).astype(np.float32)
        t.data = from_ours(a, t)
    for p in teacher.parameters():
        p.requires_grad = False
    learned = [*online.parameters(), *predictor.parameters()]
    opt = torch.optim.SGD([{"params": [p for p in learned if p.dim() > 1], "weight_decay": DECAY}, {"params": [p for p in learned if p.dim() == 1], "weight_decay": 0}],
                          lr=LR, momentum=MOMENTUM)
    loss_curve, spread_curve, match_curve = [], [], []
    for k in range(STEPS):
        x = [torch.from_numpy(fill((N, SIDE, SIDE, 3), f"view {v} of step {k}", 2) * 0.6 + fill((N, SIDE, SIDE, 3), f"picture of step {k}", 2) * 0.8).permute(0, 3, 1, 2)
             for v in range(2)]
        with torch.no_grad():
            z = [teacher(v) for v in x]
        y = [online(v) for v in x]
        p = [predictor(v) for v in y]
        cos = [F.cosine_similarity(p[v], z[1 - v]).mean() for v in range(2)]
        loss = 1 - (cos[0] + cos[1]) / 2
        with torch.no_grad():
            spread_curve.append(np.mean([float(F.normalize(v).std(0).mean() * math.sqrt(OUT)) for v in y]))
            tables = [F.normalize(p[v]) @ F.normalize(z[1 - v]).T for v in range(2)]
            match_curve.append(sum(int((t.argmax(1) == torch.arange(N)).sum()) for t in tables))
        loss_curve.append(loss.item())
        for g in opt.param_groups:
            g["lr"] = LR * 0.5 * (1 + math.cos(math.pi * k / STEPS))
        opt.zero_grad()
        loss.backward()
        opt.step()
        d = LAST - (LAST - BASE) * (math.cos(math.pi * k / STEPS) + 1) / 2
        with torch.no_grad():
            for a, b in zip(teacher.parameters(), online.parameters()):
                a.mul_(d).add_(b, alpha=1 - d)
    # a tensor is told by two products with fixed numbers
    state = {name: [float((to_ours(t).astype(np.float64).ravel() * fill([t.numel()], f"{probe} {name}")).sum()) for probe in ("a", "b")] for name, t in named}
    return {"loss": loss_curve, "spread": spread_curve, "state": state}, match_curve


torch.set_num_threads(1)
want, match = run(0)
others = [run(k) for k in (1, 2, 3, 4)]
assert all(m == match for _, m in others), "a match depends on rounding: choose other views"
off = largest([distance(want, o) for o, _ in others])
json.dump({"want": want, "off": off, "match": match, "torch": torch.__version__}, sys.stdout, indent=None, separators=(",", ":"))
