"""view_pairs.json: twelve steps of SimCLR, SimSiam, Barlow Twins, VICReg, MoCo and NNCLR in PyTorch, for view_pairs_test.go. Weights, queues and views are
made by golden.py's formula.

    python view_pairs.py > view_pairs.json

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

STEPS, N, SIDE, HIDDEN, OUT, NECK, QUEUE = 12, 8, 16, 32, 16, 8, 20
MOMENTUM, DECAY = 0.9, 5e-4


def perceptron(i, *widths, norm=False):
    """Linear layers with batch norm and ReLU between them; with norm one without scale and shift behind."""
    parts = []
    for k, w in enumerate(widths):
        last = k == len(widths) - 1
        parts.append(nn.Linear(i, w, bias=last and not norm))
        if not last:
            parts += [nn.BatchNorm1d(w), nn.ReLU()]
        i = w
    if norm:
        parts.append(nn.BatchNorm1d(i, affine=False))
    return nn.Sequential(*parts)


class Encoder(nn.Module):
    def __init__(self, projector):
        super().__init__()
        chans = [3, 32, 32, 64, 128]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, stride=1 if k == 0 else 2, padding=1, bias=False) for k, (a, b) in enumerate(zip(chans, chans[1:])))
        self.norms = nn.ModuleList(nn.BatchNorm2d(c) for c in chans[1:])
        self.projector = projector

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.relu(norm(conv(x)))
        return self.projector(x.mean((2, 3)))

    def tensors(self, prefix, relu=False):
        for k, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            yield f"{prefix}trunk.conv{k + 1}.weight", conv.weight
            yield from norm_tensors(f"{prefix}trunk.bn{k + 1}", norm)
        yield from tensors(f"{prefix}projector", self.projector, relu)


def norm_tensors(name, norm):
    if norm.affine:
        yield f"{name}.weight", norm.weight
        yield f"{name}.bias", norm.bias
    yield f"{name}.running_mean", norm.running_mean
    yield f"{name}.running_var", norm.running_var


def tensors(name, m, relu):
    """The tensors of a perceptron; ReLU is a layer of its own (relu), or of the norm."""
    k = 0
    for part in m:
        if isinstance(part, nn.ReLU) and not relu:
            continue
        if isinstance(part, nn.Linear):
            yield f"{name}.{k}.weight", part.weight
            if part.bias is not None:
                yield f"{name}.{k}.bias", part.bias
        elif isinstance(part, nn.BatchNorm1d):
            yield from norm_tensors(f"{name}.{k}", part)
        k += 1


def from_ours(a, like):
    """A weight in this project's layout, [KH KW I O] or [I O], in PyTorch's."""
    return torch.from_numpy(np.ascontiguousarray({4: lambda: a.transpose(3, 2, 0, 1), 2: lambda: a.T, 1: lambda: a}[like.dim()]()))


def to_ours(t):
    a = t.detach().numpy()
    return {4: lambda: a.transpose(2, 3, 1, 0), 2: lambda: a.T, 1: lambda: a}[a.ndim]()


def ours_shape(t):
    s = list(t.shape)
    return {4: lambda: [s[2], s[3], s[1], s[0]], 2: lambda: s[::-1], 1: lambda: s}[len(s)]()


class Queue:
    def __init__(self, name):
        self.rows, self.next, self.name = F.normalize(torch.from_numpy(fill((QUEUE, OUT), name))), 0, name

    def put(self, z):
        for row in F.normalize(z.detach()):
            self.rows[self.next] = row
            self.next = (self.next + 1) % QUEUE


class SimCLR:
    def __init__(self):
        self.net = Encoder(perceptron(128, HIDDEN, OUT))
        self.learned, self.named, self.queue = [*self.net.parameters()], [*self.net.tensors("")], None

    def loss(self, x):
        z = F.normalize(torch.cat([self.net(v) for v in x]))
        logits = (z @ z.T / 0.5).masked_fill(torch.eye(2 * N, dtype=torch.bool), -1e9)
        return F.cross_entropy(logits, (torch.arange(2 * N) + N) % (2 * N))

    def before(self):
        """After the gradients, before the update."""

    def after(self):
        pass


class SimSiam(SimCLR):
    def __init__(self):
        self.net, self.predictor = Encoder(perceptron(128, HIDDEN, OUT, norm=True)), perceptron(OUT, NECK, OUT)
        self.learned = [*self.net.parameters(), *self.predictor.parameters()]
        self.named, self.queue = [*self.net.tensors(""), *tensors("predictor", self.predictor, False)], None

    def loss(self, x):
        z = [self.net(v) for v in x]
        p = [self.predictor(v) for v in z]
        return 1 - (F.cosine_similarity(p[0], z[1].detach()).mean() + F.cosine_similarity(p[1], z[0].detach()).mean()) / 2


class Barlow(SimCLR):
    def __init__(self):
        self.net = Encoder(perceptron(128, HIDDEN, HIDDEN, OUT))
        self.learned, self.named, self.queue = [*self.net.parameters()], [*self.net.tensors("")], None
        self.bn = nn.BatchNorm1d(OUT, affine=False)

    def loss(self, x):
        z = [self.bn(self.net(v)) for v in x]
        c = z[0].T @ z[1] / N
        on = torch.diagonal(c)
        return ((1 - on) ** 2).sum() + 0.005 * (c.pow(2).sum() - on.pow(2).sum())


class VICReg(Barlow):
    def loss(self, x):
        z = [self.net(v) for v in x]
        loss = 25 * F.mse_loss(*z)
        for v in z:
            v = v - v.mean(0)
            loss = loss + 25 * F.relu(1 - torch.sqrt(v.var(0) + 1e-4)).mean() / 2
            c = v.T @ v / (N - 1)
            loss = loss + (c.pow(2).sum() - torch.diagonal(c).pow(2).sum()) / OUT
        return loss


class MoCo(SimCLR):
    def __init__(self, symmetric=False):
        plain = lambda: nn.Sequential(nn.Linear(128, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, OUT))
        self.net, self.key, self.queue, self.symmetric = Encoder(plain()), Encoder(plain()), Queue("queue"), symmetric
        self.learned = [*self.net.parameters()]
        self.named = [*self.net.tensors("", True), *self.key.tensors("key.", True)]

    def found(self, q, k):
        q = F.normalize(q)
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ self.queue.rows.clone().T], 1) / 0.1
        return F.cross_entropy(logits, torch.zeros(N, dtype=torch.long))

    def loss(self, x):
        self.new, losses = [], []
        for v in range(1 + self.symmetric):
            with torch.no_grad():
                self.new.append(F.normalize(self.key(x[1 - v])))
            losses.append(self.found(self.net(x[v]), self.new[-1]))
        return sum(losses) / len(losses)

    def after(self):
        for k in self.new:
            self.queue.put(k)
        with torch.no_grad():
            for a, b in zip(self.key.parameters(), self.net.parameters()):
                a.mul_(0.9).add_(b, alpha=0.1)


class NNCLR(SimSiam):
    def __init__(self):
        self.net, self.predictor, self.queue = Encoder(perceptron(128, HIDDEN, HIDDEN, OUT, norm=True)), perceptron(OUT, NECK, OUT), Queue("support")
        self.learned = [*self.net.parameters(), *self.predictor.parameters()]
        self.named = [*self.net.tensors(""), *tensors("predictor", self.predictor, False)]

    def loss(self, x):
        z = [self.net(v) for v in x]
        p = [F.normalize(self.predictor(v)) for v in z]
        loss = 0
        for v in range(2):
            near = self.queue.rows[(F.normalize(z[v].detach()) @ self.queue.rows.T).argmax(1)].clone()
            loss = loss + F.cross_entropy(near @ p[1 - v].T / 0.1, torch.arange(N)) / 2
        self.new = z[0]
        return loss

    def after(self):
        self.queue.put(self.new)


def views(k):
    """Both views of the pictures of a step."""
    return [torch.from_numpy(fill((N, SIDE, SIDE, 3), f"view {v} of step {k}", 2) * 0.6 + fill((N, SIDE, SIDE, 3), f"picture of step {k}", 2) * 0.8).permute(0, 3, 1, 2)
            for v in range(2)]


def run(make, lr, perturb):
    m = make()
    for name, t in m.named:
        if "running" in name:
            continue
        s = ours_shape(t)
        if len(s) == 1:
            norm = ".bn" in name or name.removesuffix("weight") + "running_mean" in dict(m.named) or name.removesuffix("bias") + "running_mean" in dict(m.named)
            a = fill(s, name, 0.1) + np.float32(norm and name.endswith("weight"))
        else:
            a = fill(s, name, math.sqrt(3 / np.prod(s[:-1])))
        if perturb:
            a = (a * (1 + 1e-7 * fill(s, f"{name}/{perturb}").astype(np.float64))).astype(np.float32)
        t.data = from_ours(a, t)
    opt = torch.optim.SGD([{"params": [p for p in m.learned if p.dim() > 1], "weight_decay": DECAY}, {"params": [p for p in m.learned if p.dim() == 1], "weight_decay": 0}],
                          lr=lr, momentum=MOMENTUM)
    curve = []
    for k in range(STEPS):
        loss = m.loss(views(k))
        curve.append(loss.item())
        for g in opt.param_groups:
            g["lr"] = lr * 0.5 * (1 + math.cos(math.pi * k / STEPS))
        opt.zero_grad()
        loss.backward()
        m.before()
        opt.step()
        m.after()
    # a tensor is told by two products with fixed numbers
    told = dict(m.named)
    for q in m.queue if isinstance(m.queue, list) else [m.queue] if m.queue else []:
        told[f"{q.name}.rows"] = q.rows
    flat = lambda name, t: (t.numpy() if name.endswith(".rows") else to_ours(t)).astype(np.float64).ravel()
    state = {name: [float((flat(name, t) * fill([t.numel()], f"{probe} {name}")).sum()) for probe in ("a", "b")] for name, t in told.items()}
    return {"loss": curve, "state": state}


def distance(a, b):
    if isinstance(a, dict):
        return {k: distance(a[k], b[k]) for k in a}
    if isinstance(a, list):
        return [distance(x, y) for x, y in zip(a, b)]
    return abs(a - b)


def largest(ds):
    if isinstance(ds[0], dict):
        return {k: largest([d[k] for d in ds]) for k in ds[0]}
    if isinstance(ds[0], list):
        return [largest(list(x)) for x in zip(*ds)]
    return max(ds)


def compare(tasks):
    """Runs (task, rate, what makes it) and returns what Go is to give."""
    torch.set_num_threads(1)
    out = {}
    for task, lr, make in tasks:
        want = run(make, lr, 0)
        out[task] = {"lr": lr, "want": want, "off": largest([distance(want, run(make, lr, k)) for k in (1, 2, 3, 4)])}
    return out


def write(out):
    json.dump(out, sys.stdout, indent=None, separators=(",", ":"))


if __name__ == "__main__":
    small = f"hidden={HIDDEN}&out={OUT}"
    queued = f"{small}&queue={QUEUE}"
    write(compare((
        (f"simclr?{small}", 0.02, SimCLR),
        (f"simsiam?{small}&neck={NECK}", 0.01, SimSiam),
        (f"barlow?{small}", 0.0005, Barlow),  # more would be more than float32 can follow: eight views make a rough loss
        (f"vicreg?{small}", 0.0005, VICReg),
        (f"moco?{queued}&groups=1&momentum=0.9&symmetric=no", 0.02, MoCo),
        (f"moco?{queued}&groups=1&momentum=0.9", 0.02, lambda: MoCo(True)),
        (f"nnclr?{queued}&neck={NECK}", 0.0002, NNCLR),
    )))
