"""Makes audio_alone.json: losses, gradients and metrics of the tasks of recordings alone in PyTorch, from weights and spectrograms of golden.fill.

  pip install torch numpy && python3 pretext/testdata/audio_alone.py      (in the repository's root)

Spectrograms of 14 by 10 values, a trunk of four convolutions with 3, 3, 6 and 12 channels. A value's first number is in float64, "spread" is by how much float32 differs
from it at most, over eight runs whose weights are off by 1e-7.

  audio-contrastive   five recordings, embeddings of 6; the loss of cosines is that of SimCLR's equation 1, written out sum by sum
  audio-masked        three recordings, blocks of 4 by 3 values, of which 12 of 16 are hidden; the simple predictors by numpy.interp and means
  audio-order         three recordings of three windows, two deals of each
"""
import itertools, json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
T, BANDS = 14, 10
norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))
WIDTHS = [(1, 3), (3, 3), (3, 6), (6, 12)]


class Weights(dict):
    """Parameters by the program's names and in its layout; off perturbs them."""
    def __init__(self, dtype, off):
        super().__init__()
        self.dtype, self.off = dtype, off
        for i, (a, b) in enumerate(WIDTHS):
            self.conv(f"trunk.conv{i + 1}", 3, a, b)
            self.scale(f"trunk.bn{i + 1}", b)

    def put(self, name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(self.dtype)
        if self.off:
            v = v + 1e-7 * torch.tensor(fill(shape, f"off{self.off}/{name}")).to(self.dtype)
        self[name] = v.requires_grad_()

    def conv(self, name, k, a, b, bias=False):
        self.put(name + ".weight", (k, k, a, b), (6 / (9 * a)) ** 0.5)
        if bias:
            self.put(name + ".bias", (b,), 0.1)

    def scale(self, name, b):
        self.put(name + ".weight", (b,), 0.2, 1.0)
        self.put(name + ".bias", (b,), 0.1)

    def linear(self, name, a, b, bias=True):
        self.put(name + ".weight", (a, b), (3 / a) ** 0.5)
        if bias:
            self.put(name + ".bias", (b,), 0.1)

    def run(self, name, x):
        return x @ self[name + ".weight"] + self.get(name + ".bias", 0)

    def convolve(self, name, x, stride=1):
        w = self[name + ".weight"].permute(3, 2, 0, 1)
        return F.conv2d(x, w, self.get(name + ".bias"), stride=stride, padding=w.shape[-1] // 2)

    def trunk(self, x):
        for i in range(4):
            x = norm(self.convolve(f"trunk.conv{i + 1}", x, 1 if i == 0 else 2), self[f"trunk.bn{i + 1}.weight"], self[f"trunk.bn{i + 1}.bias"])
        return x

    def sounds(self, name, n):
        return torch.tensor(fill((n, T, BANDS, 1), name, 1.7)).to(self.dtype).permute(0, 3, 1, 2)

    def result(self, loss, **more):
        loss.backward()
        return {k: v.detach().double().flatten().numpy() for k, v in ({"loss": loss.reshape(1)} | more | {k: v.grad for k, v in self.items()}).items()}


def contrastive(similarity, temperature, dtype, off):
    n, embed = 5, 6
    w = Weights(dtype, off)
    w.linear("head.fc", 12, embed)
    if similarity == "bilinear":
        w.scale("head.norm", embed)
        w.linear("between", embed, embed, bias=False)
    x = torch.cat([w.sounds("first", n), w.sounds("second", n)])
    z = w.run("head.fc", w.trunk(x).amax((2, 3)))
    if similarity == "bilinear":
        z = torch.tanh(F.layer_norm(z, (embed,), w["head.norm.weight"], w["head.norm.bias"], 1e-5))
        table = w.run("between", z[:n]) @ z[n:].T
        loss = F.cross_entropy(table / temperature, torch.arange(n))
    else:
        u = F.normalize(z)
        table = u[:n] @ u[n:].T
        loss = 0
        for i in range(2 * n):
            e = torch.exp(u[i] @ u.T / temperature)
            loss = loss - torch.log(e[(i + n) % (2 * n)] / (e.sum() - e[i])) / (2 * n)
    match = (table.argmax(1) == torch.arange(n)).double().mean()
    return w.result(loss, table=table, match=match.reshape(1))


# of the first nothing of the lowest bands is seen, of the third the first frames alone
BLOCKS = [[k for k in range(16) if k not in seen] for seen in ((11, 13, 14, 15), (1, 6, 8, 15), (0, 1, 2, 3))]


def masked(normalised, dtype, off):
    n, frames, bands, width = 3, 4, 3, 2
    w = Weights(dtype, off)
    w.conv("head.mix", 1, 12, 4 * width)
    w.scale("head.mix_bn", 4 * width)
    # 2 by 2 features: rungs of 2, 4, 7 and 14 frames; 2, 3, 5 and 10 bands
    rungs = [(2, 2), (4, 3), (7, 5), (14, 10)]
    at = 4 * width
    for i in range(3):
        w.conv(f"head.up{i}", 3, at, width << min(2 - i, 3))
        at = width << min(2 - i, 3)
        w.scale(f"head.up{i}_bn", at)
    w.conv("head.paint", 3, at, 1, bias=True)
    want = w.sounds("sounds", n)[:, 0].double().numpy()
    hidden = np.zeros((n, T, BANDS))
    box = lambda k: (slice(k // 4 * frames, k // 4 * frames + frames), slice(k % 4 * bands, k % 4 * bands + bands))
    for row, blocks in enumerate(BLOCKS):
        for k in blocks:
            hidden[(row, *box(k))] = 1
    seen = want * (1 - hidden)
    mean, line = np.zeros_like(want), want.copy()
    for row in range(n):
        for b in range(BANDS):
            at_, = np.nonzero(hidden[row, :, b] == 0)
            mean[row, :, b] = want[row, at_, b].mean() if len(at_) else want[row][hidden[row] == 0].mean()
            line[row, :, b] = np.interp(np.arange(T), at_, want[row, at_, b]) if len(at_) else mean[row, :, b]
    if normalised:
        for row in range(n):
            for k in range(16):
                s = (row, *box(k))
                deviation = np.sqrt(want[s].var() + 1e-6)
                want[s] = (want[s] - want[s].mean()) / deviation
                for p in (mean, line):
                    p[s] = (p[s] - p[s].mean()) / deviation
    x = w.trunk(torch.tensor(seen).to(dtype)[:, None])
    x = norm(w.convolve("head.mix", x), w["head.mix_bn.weight"], w["head.mix_bn.bias"])
    for i, size in enumerate(rungs):
        if tuple(x.shape[2:]) != size:
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        if i < 3:
            x = norm(w.convolve(f"head.up{i}", x), w[f"head.up{i}_bn.weight"], w[f"head.up{i}_bn.bias"])
    made = w.convolve("head.paint", x)[:, 0]
    h = torch.tensor(hidden).to(dtype)
    loss = (h * (made - torch.tensor(want).to(dtype)) ** 2).sum() / h.sum()
    errors = [torch.tensor((hidden * (p - want) ** 2).sum((1, 2))) for p in (mean, line)]
    return w.result(loss, error_bands=errors[0], error_line=errors[1])


DEALT = [[[2, 0, 1], [0, 1, 2]], [[3, 5, 4], [5, 4, 3]], [[7, 6, 8], [8, 6, 7]]]


def order(dtype, off):
    n, k, pool, embed, hidden = 3, 3, 2, 5, 4
    w = Weights(dtype, off)
    w.linear("embed.fc", 12 * pool * pool, embed, bias=False)
    w.linear("head.pair", 2 * embed, hidden, bias=False)
    w.linear("head.fc", 3 * hidden, 6)
    x = F.adaptive_avg_pool2d(w.trunk(w.sounds("windows", n * k)), pool).permute(0, 2, 3, 1).flatten(1)
    z = w.run("embed.fc", x).reshape(n, k, embed)
    z = norm((z - z.mean(1, keepdim=True)).reshape(n * k, embed))
    dealt = np.array(DEALT).reshape(-1, k)
    labels = [list(itertools.permutations(range(k))).index(tuple(d % k)) for d in dealt]
    pairs = [torch.cat([z[dealt[:, a]], z[dealt[:, b]]], 1) for a in range(k) for b in range(a + 1, k)]
    y = norm(w.run("head.pair", torch.cat(pairs))).reshape(len(pairs), len(dealt), hidden)
    logits = w.run("head.fc", y.permute(1, 0, 2).flatten(1))
    labels = torch.tensor(labels)
    return w.result(F.cross_entropy(logits, labels), accuracy=(logits.argmax(1) == labels).double().mean().reshape(1))


result = {"blocks": BLOCKS, "dealt": DEALT, "tasks": {}}
for name, run in {
    "bilinear": lambda *a: contrastive("bilinear", 0.5, *a), "cosine": lambda *a: contrastive("cosine", 0.2, *a),
    "masked": lambda *a: masked(False, *a), "normalised": lambda *a: masked(True, *a), "order": order,
}.items():
    want = run(torch.float64, 0)
    spread = {k: 0.0 for k in want}
    for off in range(1, 9):
        for k, v in run(torch.float32, off).items():
            spread[k] = max(spread[k], float(np.abs(v - want[k]).max()))
    result["tasks"][name] = {k: {"want": [float(f"{x:.9g}") for x in v], "spread": float(f"{spread[k]:.3g}")} for k, v in want.items()}
with open("pretext/testdata/audio_alone.json", "w") as f:
    json.dump(result, f)
    f.write("\n")
