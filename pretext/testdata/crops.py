"""crops.json: twelve steps of SwAV and DINO in PyTorch, with small views, for view_pairs_test.go, as view_pairs.py has them of two views.

    python crops.py > crops.json
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from view_pairs import HIDDEN, N, NECK, OUT, QUEUE, SIDE, STEPS, Encoder, Queue, SimCLR, compare, fill, perceptron, write

PROTOTYPES, SMALL = 24, 2


def small_views(k):
    return torch.from_numpy(fill((SMALL * N, SIDE // 2, SIDE // 2, 3), f"small views of step {k}", 2)).permute(0, 3, 1, 2)


def swapped(said, targets, small):
    """Every view but the target's own; of the small ones each by itself."""
    total, terms = 0, 0
    for t, q in enumerate(targets):
        for v, p in enumerate([*said, *small]):
            if v != t:
                total, terms = total - (q * F.log_softmax(p, 1)).sum(1).mean(), terms + 1
    return total / terms


@torch.no_grad()
def sinkhorn(scores):
    q = torch.exp(scores.double() / 0.05).T
    q /= q.sum()
    for _ in range(3):
        q /= q.sum(1, keepdim=True)
        q /= len(q)
        q /= q.sum(0, keepdim=True)
        q /= q.shape[1]
    return (q * q.shape[1]).T.float()


class SwAV(SimCLR):
    def __init__(self, small=0, queue=False, freeze=0):
        self.net, self.prototypes = Encoder(perceptron(128, HIDDEN, OUT)), nn.Parameter(torch.empty(OUT, PROTOTYPES))
        self.small, self.freeze, self.step = small, freeze, 0
        self.learned = [*self.net.parameters(), self.prototypes]
        self.named = [*self.net.tensors(""), ("prototypes.weight", self.prototypes)]
        self.queue = [Queue(f"queue{v}") for v in range(2)] if queue else None

    def loss(self, x):
        z = [F.normalize(self.net(v)) for v in x]
        small = (F.normalize(self.net(small_views(self.step))) @ self.prototypes / 0.1).chunk(SMALL) if self.small else []
        scores = [v @ self.prototypes for v in z]
        with torch.no_grad():
            rows = lambda v: torch.cat([scores[v], self.queue[v].rows @ self.prototypes]) if self.queue else scores[v]
            codes = [sinkhorn(rows(v))[:N] for v in range(2)]
        self.new = z
        return swapped([v / 0.1 for v in scores], codes, small)

    def before(self):
        if self.step < self.freeze:
            self.prototypes.grad = None

    def after(self):
        self.step += 1
        self.prototypes.data = F.normalize(self.prototypes.data, dim=0)
        for q, z in zip(self.queue or [], self.new):
            q.put(z)


class Net(nn.Module):
    def __init__(self, norm):
        super().__init__()
        parts = []
        for i, o in ((128, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, NECK)):
            parts.append(nn.Linear(i, o, bias=not norm or o == NECK))
            if o != NECK:
                parts += [nn.BatchNorm1d(o), nn.GELU()] if norm else [nn.GELU()]
        self.encoder, self.prototypes = Encoder(nn.Sequential(*parts)), nn.Parameter(torch.empty(NECK, PROTOTYPES))

    def forward(self, x):
        return F.normalize(self.encoder(x)) @ F.normalize(self.prototypes, dim=0)

    def tensors(self, prefix):
        yield from self.encoder.tensors(prefix)
        yield f"{prefix}prototypes.weight_v", self.prototypes


class DINO(SimCLR):
    def __init__(self, small=0, norm=False, freeze=0):
        self.student, self.teacher, self.centre = Net(norm), Net(norm), torch.empty(PROTOTYPES)
        self.small, self.freeze, self.step, self.queue = small, freeze, 0, None
        self.learned = [*self.student.parameters()]
        self.named = [*self.student.tensors(""), *self.teacher.tensors("teacher."), ("centre", self.centre)]

    def loss(self, x):
        temperature = 0.06 + (0.04 - 0.06) * self.step / (STEPS / 2) if self.step < STEPS / 2 else 0.04
        with torch.no_grad():
            said = [self.teacher(v) for v in x]
            targets = [F.softmax((v - self.centre) / temperature, 1) for v in said]
            self.mean = torch.cat(said).mean(0)
        views = [self.student(v) / 0.1 for v in x]
        small = (self.student(small_views(self.step)) / 0.1).chunk(SMALL) if self.small else []
        return swapped(views, targets, small)

    def before(self):
        if self.step < self.freeze:
            self.student.prototypes.grad = None

    @torch.no_grad()
    def after(self):
        self.centre.mul_(0.9).add_(self.mean, alpha=0.1)
        d = 0.995 - (0.995 - 0.9) * (math.cos(math.pi * self.step / STEPS) + 1) / 2
        for a, b in zip(self.teacher.parameters(), self.student.parameters()):
            a.mul_(d).add_(b, alpha=1 - d)
        self.step += 1


if __name__ == "__main__":
    swav = f"swav?prototypes={PROTOTYPES}&hidden={HIDDEN}&out={OUT}"
    dino = f"dino?prototypes={PROTOTYPES}&hidden={HIDDEN}&neck={NECK}&decay=0.9&last=0.995&first=0.06&warmup=0.5"
    write(compare((
        (f"{swav}&freeze=0", 0.02, SwAV),
        (f"{swav}&freeze=0.34&crops={SMALL}", 0.02, lambda: SwAV(SMALL, freeze=5)),
        (f"{swav}&freeze=0&queue={QUEUE}", 0.02, lambda: SwAV(queue=True)),
        (f"{dino}&freeze=0.34&crops={SMALL}&norm=no", 0.02, lambda: DINO(SMALL, freeze=5)),
        (f"{dino}&freeze=0&norm=yes", 0.001, lambda: DINO(norm=True)),
    )))
