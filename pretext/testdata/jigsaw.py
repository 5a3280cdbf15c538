"""Makes jigsaw.json: how the loss falls in PyTorch over 20 steps of jigsaw, from weights, tiles and puzzles of golden.fill.

  pip install torch numpy && python3 pretext/testdata/jigsaw.py      (in the repository's root)

Three pictures a step, of each 3 by 3 tiles of 10 pixels, dealt twice by one of eleven permutations, the i-th of which lays tile
(i+1)·(place+1)·7 mod 9, or where that is no permutation the i-th rotation. A trunk of four convolutions with 8, 8, 16 and 32 channels, features
pooled to 2x2, embedded to 24, a hidden layer of 32; Nesterov 0.9, rate 0.1, decay 1e-4 of weights. "loss" is in float64; "spread" is by how much float32
differs from it at most, over eight runs whose first weights are off by 1e-7.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
STEPS, PICTURES, TILES, SIDE, DEALS, SET = 20, 3, 9, 10, 2, 11
CONVS = ((3, 8, 1), (8, 8, 2), (8, 16, 2), (16, 32, 2))
LINEAR = (("embed.fc", 128, 24), ("head.hidden", 9 * 24, 32), ("head.fc", 32, SET))


def orders():
    out = []
    for i in range(SET):
        p = [(i + 1) * (place + 1) * 7 % 9 for place in range(TILES)]
        out.append(p if len(set(p)) == TILES else [(place + i) % TILES for place in range(TILES)])
    return out


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
    put("head.fc.bias", (SET,), 0.1)
    return {k: v.requires_grad_() for k, v in w.items()}


def loss(w, x, labels):
    """Tiles [PICTURES*9 3 S S]; each goes through its own call of the tower's convolutions in spirit: they share weights and batch statistics."""
    norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))
    for i, (_, _, stride) in enumerate(CONVS):
        x = F.conv2d(x, w[f"trunk.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=stride, padding=1)
        x = norm(x, w[f"trunk.bn{i + 1}.weight"], w[f"trunk.bn{i + 1}.bias"])
    z = F.adaptive_avg_pool2d(x, 2).permute(0, 2, 3, 1).flatten(1)
    z = norm(z @ w["embed.fc.weight"]).reshape(PICTURES, TILES, 24)
    puzzles = [z[p // DEALS][orders()[l]].flatten() for p, l in enumerate(labels)]
    h = norm(torch.stack(puzzles) @ w["head.hidden.weight"])
    return F.cross_entropy(h @ w["head.fc.weight"] + w["head.fc.bias"], torch.tensor(labels))


def run(dtype, off):
    w = weights(dtype, off)
    decayed = [v for k, v in w.items() if v.dim() > 1]
    others = [v for k, v in w.items() if v.dim() == 1]
    opt = torch.optim.SGD([{"params": decayed, "weight_decay": 1e-4}, {"params": others}], lr=0.1, momentum=0.9, nesterov=True)
    out = []
    for step in range(STEPS):
        x = torch.tensor(fill((PICTURES * TILES, SIDE, SIDE, 3), f"tiles{step % 4}", 1.7)).to(dtype).permute(0, 3, 1, 2)
        labels = [(step % 4 * 5 + p * 3) % SET for p in range(PICTURES * DEALS)]
        opt.zero_grad()
        v = loss(w, x, labels)
        v.backward()
        opt.step()
        out.append(v.item())
    return np.array(out)


want = run(torch.float64, 0)
spread = np.max([np.abs(run(torch.float32, off) - want) for off in range(1, 9)], axis=0)
json.dump({"orders": orders(), "loss": want.tolist(), "spread": spread.tolist()}, open("pretext/testdata/jigsaw.json", "w"))
print(want, spread)
