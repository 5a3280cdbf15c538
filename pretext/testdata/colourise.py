"""Makes colourise.json: how the losses of colourisation fall in PyTorch over 20 steps, from weights and pictures of golden.fill.

  pip install torch numpy && python3 pretext/testdata/colourise.py      (in the repository's root)

Three pictures a step, of 16 by 16 pixels, of which the second is grey; asked for are 4 by 4 colours. A trunk of four convolutions with 8, 8, 16 and 32
channels, whose features are doubled once to 8 channels, two convolutions of 8, and 313 bins ("classes": cross-entropy with the five nearest bins,
rebalanced, over the pixels that have colour) or two values ("l2": half the squared distance over 50). The frequencies of bins are made up. Nesterov 0.9, rate
0.1, decay 1e-4 of weights. The losses are in float64; "spread" is by how much float32 differs from it at most, over eight runs whose first weights are
off by 1e-7. "temperature" are the annealed means at 0.38 of the first picture of the last step, before its update.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
STEPS, PICTURES, SIDE, OUT, WIDTH = 20, 3, 16, 4, 8
CONVS = ((3, 8, 1), (8, 8, 2), (8, 16, 2), (16, 32, 2))
ROWS = ((50, 90), (20, 90), (0, 90), (-20, 90), (-30, 100), (-40, 100), (-50, 100), (-50, 100), (-60, 100), (-70, 100), (-80, 90), (-80, 90),
        (-90, 90), (-100, 90), (-100, 80), (-110, 80), (-110, 80), (-110, 70), (-110, 70), (-90, 0))
BINS = np.array([(-90 + 10 * i, b) for i, (lo, hi) in enumerate(ROWS) for b in range(lo, hi + 1, 10)], np.float64)
assert len(BINS) == 313


def weights(dtype, off, loss):
    """Parameters by the program's names and in its layout; off perturbs them."""
    w = {}
    def put(name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(dtype)
        w[name] = v + 1e-7 * torch.tensor(fill(shape, f"off{off}/{name}")).to(dtype) if off else v
    def norm(name, n):
        put(name + ".weight", (n,), 0.2, 1.0)
        put(name + ".bias", (n,), 0.1)
    def conv(name, k, a, b):
        put(name + ".weight", (k, k, a, b), (6 / (9 * a)) ** 0.5)
    for i, (a, b, _) in enumerate(CONVS):
        conv(f"trunk.conv{i + 1}", 3, a, b)
        norm(f"trunk.bn{i + 1}", b)
    conv("head.up1", 4, WIDTH, 32)  # out, in
    norm("head.up1_bn", WIDTH)
    for i in (1, 2):
        conv(f"head.conv{i}", 3, WIDTH, WIDTH)
        norm(f"head.conv{i}_bn", WIDTH)
    out = 2 if loss == "l2" else 313
    conv("head.colours", 1, WIDTH, out)
    put("head.colours.bias", (out,), 0.1)
    return {k: v.requires_grad_() for k, v in w.items()}


def forward(w, x):
    norm = lambda v, n: F.relu(F.batch_norm(v, None, None, w[n + ".weight"], w[n + ".bias"], training=True, eps=1e-5))
    kernel = lambda n: w[n + ".weight"].permute(3, 2, 0, 1)
    for i, (_, _, stride) in enumerate(CONVS):
        x = norm(F.conv2d(x, kernel(f"trunk.conv{i + 1}"), stride=stride, padding=1), f"trunk.bn{i + 1}")
    x = norm(F.conv_transpose2d(x, kernel("head.up1"), stride=2, padding=1), "head.up1_bn")
    for i in (1, 2):
        x = norm(F.conv2d(x, kernel(f"head.conv{i}"), padding=1), f"head.conv{i}_bn")
    return F.conv2d(x, kernel("head.colours"), w["head.colours.bias"]).permute(0, 2, 3, 1)


def colours(step):
    ab = fill((PICTURES, OUT, OUT, 2), f"colours{step % 4}", 60.0)
    ab[1] *= 4 / 60
    return ab.astype(np.float32).astype(np.float64)


PRIOR = 1.1 + fill((313,), "prior")
PRIOR = (PRIOR / PRIOR.sum()).astype(np.float32).astype(np.float64)
RARITY = 1 / (0.5 * PRIOR + 0.5 / 313)
RARITY /= (RARITY * PRIOR).sum()


def encode(ab):
    """Soft targets [P 313] and weights [P]."""
    d = ((ab.reshape(-1, 1, 2) - BINS) ** 2).sum(-1)
    order = np.argsort(d, 1)[:, :5]
    soft = np.zeros_like(d)
    near = np.exp(-np.take_along_axis(d, order, 1) / 50)
    np.put_along_axis(soft, order, near / near.sum(1, keepdims=True), 1)
    return soft, RARITY[order[:, 0]]


def run(dtype, off, loss):
    w = weights(dtype, off, loss)
    decayed = [v for v in w.values() if v.dim() > 1]
    others = [v for v in w.values() if v.dim() == 1]
    opt = torch.optim.SGD([{"params": decayed, "weight_decay": 1e-4}, {"params": others}], lr=0.1, momentum=0.9, nesterov=True)
    out = []
    for step in range(STEPS):
        x = torch.tensor(fill((PICTURES, SIDE, SIDE, 3), f"grey{step % 4}", 1.7)).to(dtype).permute(0, 3, 1, 2)
        ab = colours(step)
        opt.zero_grad()
        y = forward(w, x)
        colour = torch.tensor([1.0, 0.0, 1.0]).to(dtype).reshape(3, 1).expand(3, OUT * OUT).reshape(-1)
        if loss == "l2":
            each = ((y - torch.tensor(ab / 50).to(dtype)) ** 2).sum(-1).reshape(-1) / 2
        else:
            soft, rare = encode(ab)
            each = -(torch.tensor(soft).to(dtype) * F.log_softmax(y.reshape(-1, 313), 1)).sum(1) * torch.tensor(rare).to(dtype)
        v = (each * colour).sum() / colour.sum()
        mean = None if loss == "l2" else (F.softmax(y[0].reshape(-1, 313) / 0.38, 1) @ torch.tensor(BINS).to(dtype)).detach().numpy()
        v.backward()
        opt.step()
        out.append(v.item())
    return np.array(out), mean


result = {}
for loss in ("classes", "l2"):
    want, mean = run(torch.float64, 0, loss)
    runs = [run(torch.float32, off, loss) for off in range(1, 9)]
    result[loss] = {"loss": want.tolist(), "spread": np.max([np.abs(r[0] - want) for r in runs], axis=0).tolist()}
    if mean is not None:
        result[loss].update(temperature=mean.flatten().tolist(), off=float(np.max([np.abs(r[1] - mean) for r in runs])))
    print(loss, want, result[loss]["spread"])
json.dump(result, open("pretext/testdata/colourise.json", "w"))
