"""track.json: the losses of track and their gradients in PyTorch, float64, for track_test.go. Features are made by golden.py's formula.

    python track.py > track.json
"""
import json, pathlib, sys
import numpy as np, torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "internal/golden"))
from golden import fill

EPS = 1e-20


def walk(n, t, nodes, d, tau, dropped):
    """Jabri et al. 2020: walks of each length there and back; edges whose number is in dropped cannot be taken."""
    x = torch.tensor(fill((t, n, nodes, d), f"walk{n}{t}").astype(np.float64), requires_grad=True)
    z = F.normalize(x, dim=-1)
    draws = iter(range(10**6))

    def step(a, b):
        s = torch.einsum("nid,njd->nij", a, b) / tau
        k = next(draws)
        if dropped:
            number = torch.arange(s.numel()).reshape(s.shape)
            s = s.masked_fill((number * 7 + k) % 11 == 0, -1e20)
        return s.softmax(-1)

    on, back = [], []
    for k in range(t - 1):
        on.append(step(z[k], z[k + 1]))
        back.append(step(z[k + 1], z[k]))
    losses = []
    for k in range(1, t):
        p = torch.eye(nodes, dtype=torch.float64).expand(n, -1, -1)
        for m in on[:k] + back[:k][::-1]:
            p = p @ m
        target = torch.arange(nodes).repeat(n)
        losses.append(F.cross_entropy(torch.log(p + EPS).flatten(0, 1), target))
    loss = sum(losses) / len(losses)
    loss.backward()
    return {"loss": loss.item(), "ends": p.flatten().tolist(), "grad": x.grad.flatten().tolist()}


def colour(n, t, cells, d, k):
    """Vondrick et al. 2018: the last frame's classes by pointing at the others'; classes by a formula."""
    x = torch.tensor(fill((n, t * cells, d), "colour", 1.5).astype(np.float64), requires_grad=True)
    classes = torch.tensor([(i * i + 3 * (i // cells)) % k for i in range(n * t * cells)]).reshape(n, t * cells)
    refs = (t - 1) * cells
    a = torch.einsum("nid,njd->nij", x[:, refs:], x[:, :refs]).softmax(-1)
    p = a @ F.one_hot(classes[:, :refs], k).double()
    target = classes[:, refs:].clone()
    for i in range(n):
        for j in range(cells):
            if target[i, j] not in classes[i, :refs]:
                target[i, j] = -100
    loss = F.cross_entropy(torch.log(p + EPS).flatten(0, 1), target.flatten())
    loss.backward()
    return {"loss": loss.item(), "asked": (target >= 0).sum().item(), "probs": p.flatten().tolist(), "grad": x.grad.flatten().tolist()}


def triplet(n, d, each, margin):
    """Wang, Gupta 2015: cosine distances against the next patches of other films."""
    x = torch.tensor(fill((2 * n, d), "triplet").astype(np.float64), requires_grad=True)
    first, last = x[:n], x[n:]
    losses = []
    for i in range(n):
        for k in range(1, each + 1):
            j = (i + k) % n
            dp = 1 - F.cosine_similarity(first[i], last[i], dim=0)
            dn = 1 - F.cosine_similarity(first[i], last[j], dim=0)
            losses.append(F.relu(dp - dn + margin))
    loss = sum(losses) / len(losses)
    loss.backward()
    return {"loss": loss.item(), "grad": x.grad.flatten().tolist()}


def rounded(v):
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    return [float(f"{x:.9g}") for x in v] if isinstance(v, list) else v


print(json.dumps(rounded({"walk": walk(2, 4, 5, 6, 0.5, False), "dropped": walk(3, 3, 4, 8, 0.05, True), "colour": colour(2, 3, 9, 5, 6), "triplet": triplet(5, 7, 3, 0.5)})))
