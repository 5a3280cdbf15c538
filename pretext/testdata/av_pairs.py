"""Makes av_sync.json and av_contrastive.json: losses and gradients of both tasks in PyTorch, from weights, frames and spectrograms of golden.fill.

  pip install torch numpy && python3 pretext/testdata/av_pairs.py      (in the repository's root)

Trunks of four convolutions, the one that sees with 2, 2, 4 and 8 channels and the one that hears with 3, 3, 6 and 12; frames of 20 by 20 pixels, spectrograms of 14 by 10 values;
embeddings of 5. av-sync: four clips of three frames, each with the window in time and another; features of frames pooled to 2 by 2, of sounds to 2 moments. av-contrastive: four
films, of one or two views; a memory of six films of which three are drawn. A value's first number is in float64, "spread" is by how much float32 differs from it at most,
over eight runs whose weights are off by 1e-7.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
N, EMBED = 4, 5
norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))


class Weights(dict):
    """Parameters by the program's names and in its layout; off perturbs them."""
    def __init__(self, dtype, off):
        self.dtype, self.off = dtype, off
        for trunk, c, width in (("trunk", 3, 2), ("ear", 1, 3)):
            for i, (a, b) in enumerate([(c, width), (width, width), (width, 2 * width), (2 * width, 4 * width)]):
                self.put(f"{trunk}.conv{i + 1}.weight", (3, 3, a, b), (6 / (9 * a)) ** 0.5)
                self.put(f"{trunk}.bn{i + 1}.weight", (b,), 0.2, 1.0)
                self.put(f"{trunk}.bn{i + 1}.bias", (b,), 0.1)

    def put(self, name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(self.dtype)
        if self.off:
            v = v + 1e-7 * torch.tensor(fill(shape, f"off{self.off}/{name}")).to(self.dtype)
        self[name] = v.requires_grad_()

    def linear(self, name, a, b, bias):
        self.put(name + ".weight", (a, b), (3 / a) ** 0.5)
        if bias:
            self.put(name + ".bias", (b,), 0.1)

    def two(self, tower, width):
        self.linear(tower + ".hidden", width, EMBED, False)
        self.linear(tower + ".embed", EMBED, EMBED, True)

    def trunk(self, name, x):
        x = x.permute(0, 3, 1, 2)
        for i in range(4):
            x = F.conv2d(x, self[f"{name}.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=1 if i == 0 else 2, padding=1)
            x = norm(x, self[f"{name}.bn{i + 1}.weight"], self[f"{name}.bn{i + 1}.bias"])
        return x

    def tower(self, name, v):
        return F.normalize(norm(v @ self[name + ".hidden.weight"]) @ self[name + ".embed.weight"] + self[name + ".embed.bias"])

    def grads(self, loss, **more):
        loss.backward()
        out = {"loss": loss.reshape(1)} | more | {k: v.grad for k, v in self.items()}
        return {k: v.detach().double().flatten().numpy() for k, v in out.items()}


def sync(kind, dtype, off):
    w = Weights(dtype, off)
    frames, pool, moments, margin, easy = 3, 2, 2, 1.5, 0.25
    w.linear("embed.fc", pool * pool * 8, EMBED, False)
    w.two("see", frames * EMBED)
    w.two("hear", moments * 12)
    if kind == "bce":
        w.linear("join.fc", 1, 1, True)
    x = torch.tensor(fill((N * frames, 20, 20, 3), "frames", 1.7)).to(dtype)
    y = torch.tensor(fill((2 * N, 14, 10, 1), "sounds", 1.7)).to(dtype)
    z = F.adaptive_avg_pool2d(w.trunk("trunk", x), pool).permute(0, 2, 3, 1).reshape(N, frames, -1) @ w["embed.fc.weight"]
    seen = w.tower("see", norm((z - z.mean(1, keepdim=True)).reshape(N * frames, EMBED)).reshape(N, -1))
    heard = w.tower("hear", F.adaptive_avg_pool2d(w.trunk("ear", y), (moments, 1)).permute(0, 2, 3, 1).reshape(2 * N, -1))
    own, shifted = [torch.linalg.norm(seen - heard[k::2], dim=1) for k in (0, 1)]
    another = torch.linalg.norm(seen - heard[0::2].roll(-1, 0), dim=1)
    if kind == "bce":
        logit = lambda d: d * w["join.fc.weight"][0, 0] + w["join.fc.bias"][0]
        near, far = (lambda d: F.softplus(-logit(d)).mean()), (lambda d: F.softplus(logit(d)).mean())
    else:
        near, far = (lambda d: (d ** 2).mean()), (lambda d: (F.relu(margin - d) ** 2).mean())
    loss = 0.5 * (near(own) + (1 - easy) * far(shifted) + easy * far(another))
    return w.grads(loss, distances=torch.cat([own, shifted, another]))


def contrastive(kind, dtype, off):
    w = Weights(dtype, off)
    w.two("see", 8)
    w.two("hear", 12)
    tau, momentum = 0.2, 0.5
    weight = {"batch": 0, "views": 0.5, "memory": 2}[kind]
    n = 2 * N if kind == "views" else N
    x = torch.tensor(fill((n, 20, 20, 3), "frames", 1.7)).to(dtype)
    y = torch.tensor(fill((n, 14, 10, 1), "sounds", 1.7)).to(dtype)
    p, s = w.tower("see", w.trunk("trunk", x).amax((2, 3))), w.tower("hear", w.trunk("ear", y).amax((2, 3)))
    own, more = torch.arange(N), {}
    if kind == "memory":
        films, of, drawn = 6, torch.tensor([4, 0, 5, 2]), torch.tensor([1, 5, 3])
        bank = [F.normalize(torch.tensor(fill((films, EMBED), name)).double()).float().to(dtype) for name in ("pictures", "sounds")]
        def find(z, m):
            logits = torch.cat([(z * m[of]).sum(1, keepdim=True), z @ m[drawn].T], 1) / tau
            logits[:, 1:] = logits[:, 1:].masked_fill(of[:, None] == drawn[None], float("-inf"))
            return F.cross_entropy(logits, torch.zeros(N, dtype=torch.long))
        across, within = (find(p, bank[1]) + find(s, bank[0])) / 2, (find(p, bank[0]) + find(s, bank[1])) / 2
        for name, m, z in (("pictures", bank[0], p), ("sounds", bank[1], s)):
            m = m.clone()
            m[of] = F.normalize(momentum * m[of] + (1 - momentum) * z.detach())
            more[name] = m
    else:
        both = lambda p, s: (F.cross_entropy(p @ s.T / tau, own) + F.cross_entropy(s @ p.T / tau, own)) / 2
        across, within = both(p[:N], s[:N]), torch.zeros(())
        if kind == "views":
            across = (across + both(p[N:], s[N:])) / 2
            def same(z):
                logits = (z @ z.T / tau).masked_fill(torch.eye(2 * N, dtype=torch.bool), float("-inf"))
                return F.cross_entropy(logits, (torch.arange(2 * N) + N) % (2 * N))
            within = (same(p) + same(s)) / 2
    return w.grads((across + weight * within) / (1 + weight), **more)


for path, run, kinds in (("av_sync", sync, ("contrastive", "bce")), ("av_contrastive", contrastive, ("batch", "views", "memory"))):
    result = {}
    for kind in kinds:
        want = run(kind, torch.float64, 0)
        spread = {k: 0.0 for k in want}
        for off in range(1, 9):
            for k, v in run(kind, torch.float32, off).items():
                spread[k] = max(spread[k], float(np.abs(v - want[k]).max()))
        result[kind] = {k: {"want": [float(f"{x:.9g}") for x in v], "spread": float(f"{spread[k]:.3g}")} for k, v in want.items()}
    with open(f"pretext/testdata/{path}.json", "w") as f:
        json.dump(result, f)
        f.write("\n")
