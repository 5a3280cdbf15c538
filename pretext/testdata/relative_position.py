"""Makes relative_position.json: how the loss falls in PyTorch over 20 steps of relative position, from weights and patches of golden.fill.

  pip install torch numpy && python3 pretext/testdata/relative_position.py      (in the repository's root)

Three pictures a step, of each a grid of 3 by 3 patches of 10 pixels, all neighbours paired both ways. A trunk of four convolutions with 8,
8, 16 and 32 channels, features pooled to 2x2, embedded to 24, two hidden layers of 32; Nesterov 0.9, rate 0.1, decay 1e-4 of weights.
"loss" is in float64; "spread" is by how much float32 differs from it at most, over eight runs whose first weights are off by 1e-7.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
STEPS, PICTURES, GRID, SIDE = 20, 3, 3, 10
CONVS = ((3, 8, 1), (8, 8, 2), (8, 16, 2), (16, 32, 2))
LINEAR = (("embed.fc", 128, 24), ("head.hidden1", 48, 32), ("head.hidden2", 32, 32), ("head.fc", 32, 8))


def weights(dtype, off):
    """Parameters by the program's names and in its layout; off perturbs them."""
    w = {}
    def put(name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(dtype)
        w[name] = v + 1e-7 * torch.tensor(fill(shape, f"off{off}/{name}")).to(dtype) if off else v
    for i, (a, b, _) in enumerate(CONVS):
        put(f"trunk.conv{i + 1}.weight", (3, 3, a, b), (6 / (9 * a)) ** 0.5)
        put(f"trunk.bn{i + 1}.weight", (b,), 0.2, 1.0)
        put(f"trunk.bn{i + 1}.bias", (b,), 0.1)
    for name, a, b in LINEAR:
        put(name + ".weight", (a, b), (3 / a) ** 0.5)
    put("head.fc.bias", (8,), 0.1)
    return {k: v.requires_grad_() for k, v in w.items()}


def pairs():
    """Patch, neighbour, and where it is: walked as in the paper's figure 2, around each patch, clockwise from above."""
    around = ((-1, 0, 1), (-1, 1, 2), (0, 1, 4), (1, 1, 7), (1, 0, 6), (1, -1, 5), (0, -1, 3), (-1, -1, 0))
    out = []
    for p in range(PICTURES):
        for y in range(GRID):
            for x in range(GRID):
                for dy, dx, label in around:
                    if 0 <= y + dy < GRID and 0 <= x + dx < GRID:
                        at = p * GRID * GRID
                        out.append((at + y * GRID + x, at + (y + dy) * GRID + x + dx, label))
    return torch.tensor(out).T


def loss(w, x, first, second, label):
    norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))
    for i, (_, _, stride) in enumerate(CONVS):
        x = F.conv2d(x, w[f"trunk.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=stride, padding=1)
        x = norm(x, w[f"trunk.bn{i + 1}.weight"], w[f"trunk.bn{i + 1}.bias"])
    z = F.adaptive_avg_pool2d(x, 2).permute(0, 2, 3, 1).flatten(1)
    z = norm(z @ w["embed.fc.weight"])
    z = torch.cat((z[first], z[second]), 1)
    for layer in ("head.hidden1", "head.hidden2"):
        z = norm(z @ w[layer + ".weight"])
    return F.cross_entropy(z @ w["head.fc.weight"] + w["head.fc.bias"], label)


def run(dtype, off):
    w = weights(dtype, off)
    decayed = [v for k, v in w.items() if v.dim() > 1]
    others = [v for k, v in w.items() if v.dim() == 1]
    opt = torch.optim.SGD([{"params": decayed, "weight_decay": 1e-4}, {"params": others}], lr=0.1, momentum=0.9, nesterov=True)
    first, second, label = pairs()
    out = []
    for step in range(STEPS):
        x = torch.tensor(fill((PICTURES * GRID * GRID, SIDE, SIDE, 3), f"patches{step % 4}", 1.7)).to(dtype).permute(0, 3, 1, 2)
        opt.zero_grad()
        v = loss(w, x, first, second, label)
        v.backward()
        opt.step()
        out.append(v.item())
    return np.array(out)


want = run(torch.float64, 0)
spread = np.max([np.abs(run(torch.float32, off) - want) for off in range(1, 9)], axis=0)
json.dump({"loss": want.tolist(), "spread": spread.tolist()}, open("pretext/testdata/relative_position.json", "w"))
print(want, spread)
