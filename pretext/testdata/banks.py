"""Makes banks.json: losses, gradients and what is remembered of NPID and PIRL, and SupCon's loss and gradients, in PyTorch, from weights, views and
memories of golden.fill.

  pip install torch numpy && python3 pretext/testdata/banks.py      (in the repository's root)

A trunk of four convolutions with 2, 2, 4 and 8 channels; four pictures, views of 20 by 20 pixels, tiles of TILE; answers of 5. Six pictures are remembered, of which three
are drawn. A value's first number is in float64, "spread" is by how much float32 differs from it at most, over eight runs whose weights are off by 1e-7.
"""
import json, math, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
N, OUT, TILE, TAU, MOMENTUM, SHARE = 4, 5, 8, 0.2, 0.5, 0.3
OF, DRAWN, CLASS = torch.tensor([4, 0, 5, 2]), torch.tensor([1, 5, 3]), torch.tensor([1, 0, 1, -1])
norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))


class Weights(dict):
    """Parameters by the program's names and in its layout; off perturbs them."""
    def __init__(self, dtype, off):
        self.dtype, self.off = dtype, off
        for i, (a, b) in enumerate([(3, 2), (2, 2), (2, 4), (4, 8)]):
            self.put(f"trunk.conv{i + 1}.weight", (3, 3, a, b), (6 / (9 * a)) ** 0.5)
            self.norm(f"trunk.bn{i + 1}", b)

    def put(self, name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(self.dtype)
        if self.off:
            v = v + 1e-7 * torch.tensor(fill(shape, f"off{self.off}/{name}")).to(self.dtype)
        self[name] = v.requires_grad_()

    def norm(self, name, n):
        self.put(name + ".weight", (n,), 0.2, 1.0)
        self.put(name + ".bias", (n,), 0.1)

    def linear(self, name, a, b, bias=True):
        self.put(name + ".weight", (a, b), (3 / a) ** 0.5)
        if bias:
            self.put(name + ".bias", (b,), 0.1)

    def of(self, name, v):
        return v @ self[name + ".weight"] + self[name + ".bias"]

    def trunk(self, x):
        x = x.permute(0, 3, 1, 2)
        for i in range(4):
            x = F.conv2d(x, self[f"trunk.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=1 if i == 0 else 2, padding=1)
            x = norm(x, self[f"trunk.bn{i + 1}.weight"], self[f"trunk.bn{i + 1}.bias"])
        return x.mean((2, 3))

    def grads(self, loss, **more):
        loss.backward()
        out = {"loss": loss.reshape(1)} | more | {k: v.grad for k, v in self.items()}
        return {k: v.detach().double().flatten().numpy() for k, v in out.items()}


def remembered(dtype):
    return F.normalize(torch.tensor(fill((6, OUT), "bank")).double()).float().to(dtype)


def moved(m, z):
    m = m.clone()
    m[OF] = F.normalize(MOMENTUM * m[OF] + (1 - MOMENTUM) * z.detach())
    return m


def found(z, m, softmax):
    logits = torch.cat([(z * m[OF]).sum(1, keepdim=True), z @ m[DRAWN].T], 1) / TAU
    logits = torch.cat([logits[:, :1], logits[:, 1:].masked_fill(OF[:, None] == DRAWN[None], -1e9)], 1)
    if softmax:
        return F.cross_entropy(logits, torch.zeros(N, dtype=torch.long))
    # equations 5 to 8: P = exp(s)/Z, Z = n·mean(exp(s)), h = P/(P + m/n); the summed logarithms, a picture each
    n, k = 6, len(DRAWN)
    p = logits.exp() / (n * logits.exp().mean().detach())
    h = p / (p + k / n)
    return -(h[:, 0].log() + (1 - h[:, 1:]).log().sum(1)).mean()


def views(v, dtype):
    return torch.tensor(fill((N, 20, 20, 3), f"view {v}", 1.7)).to(dtype)


def npid(kind, dtype, off):
    w = Weights(dtype, off)
    w.linear("projector", 8, OUT)
    m = remembered(dtype)
    z = F.normalize(w.of("projector", w.trunk(views(0, dtype))))
    loss = F.cross_entropy(z @ m.T / TAU, OF) if kind == "all" else found(z, m, kind == "softmax")
    return w.grads(loss, bank=moved(m, z))


def pirl(kind, dtype, off):
    w = Weights(dtype, off)
    w.linear("plain.fc", 8, OUT)
    w.linear("changed.fc", 8, OUT)
    f = F.normalize(w.of("plain.fc", w.trunk(views(0, dtype))))
    if kind == "jigsaw":
        w.linear("together.fc", 4 * OUT, OUT)
        tiles = torch.tensor(fill((N * 4, TILE, TILE, 3), "tiles", 1.7)).to(dtype)
        g = w.of("together.fc", w.of("changed.fc", w.trunk(tiles)).reshape(N, 4 * OUT))
    else:
        g = w.of("changed.fc", w.trunk(views(1, dtype)))
    m = remembered(dtype)
    loss = (1 - SHARE) * found(f, m, kind == "rotation") + SHARE * found(F.normalize(g), m, kind == "rotation")
    return w.grads(loss, bank=moved(m, f))


def supcon(kind, dtype, off):
    w = Weights(dtype, off)
    w.linear("projector.0", 8, 6, bias=False)
    w.norm("projector.1", 6)
    w.linear("projector.2", 6, OUT)
    z = F.normalize(torch.cat([w.of("projector.2", norm(w.trunk(views(v, dtype)) @ w["projector.0.weight"], w["projector.1.weight"], w["projector.1.bias"])) for v in (0, 1)]))
    loss = 0
    for i in range(2 * N):
        others = [j for j in range(2 * N) if j != i]
        alike = [j for j in others if j % N == i % N or CLASS[i % N] >= 0 and CLASS[j % N] == CLASS[i % N]]
        s = z[i] @ z.T / TAU
        loss = loss - sum(s[j] - torch.logsumexp(s[others], 0) for j in alike) / len(alike) / (2 * N)
    return w.grads(loss)


result = {}
for name, run, kinds in (("npid", npid, ("nce", "softmax", "all")), ("pirl", pirl, ("jigsaw", "rotation")), ("supcon", supcon, ("",))):
    for kind in kinds:
        want = run(kind, torch.float64, 0)
        spread = {k: 0.0 for k in want}
        for off in range(1, 9):
            for k, v in run(kind, torch.float32, off).items():
                spread[k] = max(spread[k], float(np.abs(v - want[k]).max()))
        result[" ".join([name, kind]).strip()] = {k: {"want": [float(f"{x:.9g}") for x in v], "spread": float(f"{spread[k]:.3g}")} for k, v in want.items()}
with open("pretext/testdata/banks.json", "w") as f:
    json.dump(result, f)
    f.write("\n")
