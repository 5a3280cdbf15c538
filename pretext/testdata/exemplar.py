"""Makes exemplar.json: views of patches by SciPy and Python's colorsys, principal components by NumPy, and how the losses fall in PyTorch.

  pip install torch numpy scipy && python3 pretext/testdata/exemplar.py      (in the repository's root)

"views": a picture of 23 by 17 pixels, (31x + 17y, 7x + 101y + 40, 59x + 3y + 90) mod 256, and patches of it that are moved, enlarged, turned, coloured; each pixel
is the mean of n by n points, n the nearest whole number of picture pixels to a view's pixel; outside the picture is its mirror image.

"loss": 20 steps from weights and views of golden.fill; a trunk of four convolutions with 8, 8, 16 and 32 channels on views of 10 pixels. For softmax two views each of
four patches, a hidden layer of 24 and 11 classes; for triplet three views each and an embedding of 24. Nesterov 0.9, rate 0.1. "loss" is in float64, "spread" is by
how much float32 differs from it at most, over eight runs whose first weights are off by 1e-7.
"""
import colorsys, json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill
from scipy.ndimage import map_coordinates

torch.set_num_threads(1)
H, W = 23, 17
y, x = np.mgrid[:H, :W]
PICTURE = np.stack([31 * x + 17 * y, 7 * x + 101 * y + 40, 59 * x + 3 * y + 90], -1) % 256 / 255.0


def cut(top, left, side, out, dy, dx, scale, degrees):
    n = min(max(1, int(side * scale / out + 0.5)), 8)
    at = (np.arange(out * n) + 0.5) / (out * n) - 0.5  # of the patch's side
    v, u = np.meshgrid(at * side * scale, at * side * scale, indexing="ij")
    a = np.radians(degrees)
    # what is seen turns counter-clockwise, so that points turn clockwise; y points down
    py = top + side * (0.5 + dy) + np.sin(a) * u + np.cos(a) * v
    px = left + side * (0.5 + dx) + np.cos(a) * u - np.sin(a) * v
    fine = np.stack([map_coordinates(PICTURE[..., c], [py - 0.5, px - 0.5], order=1, mode="reflect") for c in range(3)], -1)
    return fine.reshape(out, n, out, n, 3).mean((1, 3))


def components(pixels):
    values, vectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    return pixels.mean(0), vectors.T[::-1]


MEAN, AXES = components(PICTURE.reshape(-1, 3))


def colour(p, contrast, power, factor, offset, turns):
    d = (p - MEAN) @ AXES.T
    p = np.clip(MEAN + (d * contrast) @ AXES, 0, 1)
    out = np.empty_like(p)
    for i in np.ndindex(p.shape[:-1]):
        h, s, v = colorsys.rgb_to_hsv(*p[i])
        s, v = (min(max(k**power * factor + offset, 0), 1) for k in (s, v))
        out[i] = colorsys.hsv_to_rgb((h + turns) % 1, s, v)
    return out


views = []
for place, side, move, change in (
    ((3, 2, 12), 6, (0, 0, 1, 0), ((1, 1, 1), 1, 1, 0, 0)),
    ((3, 2, 12), 12, (0, 0, 1, 0), ((1, 1, 1), 1, 1, 0, 0)),
    ((0, 0, 17), 5, (0.2, -0.2, 1.4, 20), ((1, 1, 1), 1, 1, 0, 0.1)),
    ((6, 1, 15), 9, (-0.1, 0.15, 0.72, -13), ((2, 0.5, 1.3), 1, 1, 0, 0)),
    ((11, 5, 12), 7, (0.2, 0.2, 1.2, -20), ((0.6, 1.9, 0.8), 0.3, 1.4, -0.1, -0.1)),
    ((2, 2, 9), 16, (0.05, 0, 1.3, 90), ((1, 1, 1), 3.5, 0.75, 0.1, 0.03)),
):
    views.append({"place": place, "side": side, "move": move, "contrast": change[0], "bend": change[1:],
                  "x": np.round(colour(cut(*place, side, *move), *change).ravel(), 7).tolist()})

STEPS, PATCHES, CLASSES, HIDDEN = 20, 4, 11, 24
CONVS = ((3, 8, 1), (8, 8, 2), (8, 16, 2), (16, 32, 2))


def weights(dtype, off, loss):
    """Parameters by the program's names and in its layout; off perturbs them."""
    w = {}
    def put(name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(dtype)
        w[name] = v + 1e-7 * torch.tensor(fill(shape, f"off{off}/{name}")).to(dtype) if off else v
    for i, (a, b, _) in enumerate(CONVS):
        put(f"trunk.conv{i + 1}.weight", (3, 3, a, b), (6 / (9 * a)) ** 0.5)
        put(f"trunk.bn{i + 1}.weight", (b,), 0.2, 1.0)
        put(f"trunk.bn{i + 1}.bias", (b,), 0.1)
    put("embed.hidden.weight" if loss == "softmax" else "embed.fc.weight", (32, HIDDEN), (3 / 32) ** 0.5)
    if loss == "softmax":
        put("head.fc.weight", (HIDDEN, CLASSES), (3 / HIDDEN) ** 0.5)
        put("head.fc.bias", (CLASSES,), 0.1)
    else:
        put("embed.fc.bias", (HIDDEN,), 0.1)
    return {k: v.requires_grad_() for k, v in w.items()}


def trunk(w, x):
    for i, (_, _, stride) in enumerate(CONVS):
        x = F.conv2d(x, w[f"trunk.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=stride, padding=1)
        x = F.relu(F.batch_norm(x, None, None, w[f"trunk.bn{i + 1}.weight"], w[f"trunk.bn{i + 1}.bias"], training=True, eps=1e-5))
    return x.mean((2, 3))


def triplet(z):
    """Semi-hard triplets as in Schroff et al. 2015; row v·PATCHES + i is view v of patch i."""
    z = F.normalize(z)
    d = ((z[:, None] - z[None]) ** 2).sum(-1)
    total, pairs = 0, 0
    for a in range(len(z)):
        for p in range(a % PATCHES, len(z), PATCHES):
            if p == a:
                continue
            others = [j for j in range(len(z)) if j % PATCHES != a % PATCHES]
            further = [j for j in others if d[a, j] > d[a, p]]
            n = min(further, key=lambda j: d[a, j].item()) if further else max(others, key=lambda j: d[a, j].item())
            total, pairs = total + torch.clamp(d[a, p] - d[a, n] + 0.5, min=0), pairs + 1
    return total / pairs


def run(loss, dtype, off):
    count = 2 if loss == "softmax" else 3
    w = weights(dtype, off, loss)
    opt = torch.optim.SGD(w.values(), lr=0.1, momentum=0.9, nesterov=True)
    out = []
    for step in range(STEPS):
        z = trunk(w, torch.tensor(fill((count * PATCHES, 10, 10, 3), f"views{step % 4}", 1.7)).to(dtype).permute(0, 3, 1, 2))
        if loss == "softmax":
            labels = [(step % 4 * 5 + i % PATCHES * 3) % CLASSES for i in range(count * PATCHES)]
            h = F.relu(F.batch_norm(z @ w["embed.hidden.weight"], None, None, training=True, eps=1e-5))
            v = F.cross_entropy(h @ w["head.fc.weight"] + w["head.fc.bias"], torch.tensor(labels))
        else:
            v = triplet(z @ w["embed.fc.weight"] + w["embed.fc.bias"])
        opt.zero_grad()
        v.backward()
        opt.step()
        out.append(v.item())
    return np.array(out)


curves = {}
for loss in ("softmax", "triplet"):
    want = run(loss, torch.float64, 0)
    spread = np.max([np.abs(run(loss, torch.float32, off) - want) for off in range(1, 9)], axis=0)
    curves[loss] = {"loss": want.tolist(), "spread": spread.tolist()}
    print(loss, want, spread)
json.dump({"views": views, "mean": MEAN.tolist(), "axes": AXES.tolist(), "curves": curves}, open("pretext/testdata/exemplar.json", "w"))
