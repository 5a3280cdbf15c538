"""Makes optim.json: five steps of PyTorch's optimisers, also with a weight decay that rises and with gradients clipped one by one as DINO's program has
them (github.com/facebookresearch/dino, utils.py: cosine_scheduler, clip_gradients), and learning rates of its schedules.

  python3 optim/testdata/optim.py      (in the repository's root; PyTorch 2.15)
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np
import torch
from golden import fill

out = {"weights": {}, "lr": {}}
O = torch.optim
for name, make in {
    "sgd": lambda p: O.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: O.SGD(p, 0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "adam": lambda p: O.Adam(p, 0.1, weight_decay=0.01),
    "adamw": lambda p: O.AdamW(p, 0.1, weight_decay=0.01),
    "rmsprop": lambda p: O.RMSprop(p, 0.1, momentum=0.9, weight_decay=0.01),
    "adagrad": lambda p: O.Adagrad(p, 0.1, weight_decay=0.01),
}.items():
    w = torch.nn.Parameter(torch.tensor(fill((4, 3), "w")))
    o = make([w])
    for t in range(5):
        w.grad = torch.tensor(fill((4, 3), f"g{t}"))
        o.step()
    out["weights"][name] = w.detach().flatten().tolist()
for name, make in {
    "cosine": lambda o: O.lr_scheduler.CosineAnnealingLR(o, 20),
    "onecycle": lambda o: O.lr_scheduler.OneCycleLR(o, 0.5, total_steps=20),
    "poly": lambda o: O.lr_scheduler.PolynomialLR(o, 20, 2.0),
    "steps": lambda o: O.lr_scheduler.MultiStepLR(o, [5, 12], 0.2),
    "warmup_cosine": lambda o: O.lr_scheduler.SequentialLR(o, [O.lr_scheduler.LinearLR(o, 1 / 5, 1, 4), O.lr_scheduler.CosineAnnealingLR(o, 15)], [5]),
}.items():
    o = O.SGD([torch.nn.Parameter(torch.zeros(1))], 0.5)
    s = make(o)
    lrs = []
    for t in range(20):
        lrs.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    out["lr"][name] = lrs


def cosine_scheduler(base, final, steps):
    at = np.arange(steps)
    return final + 0.5 * (base - final) * (1 + np.cos(np.pi * at / len(at)))


def clip_gradients(params, clip):
    for p in params:
        norm = p.grad.data.norm(2)
        coef = clip / (norm + 1e-6)
        if coef < 1:
            p.grad.data.mul_(coef)


out["decays"] = cosine_scheduler(0.04, 0.4, 5).tolist()
out["decayed"] = {}
for name, make in {"adamw": lambda p: O.AdamW(p, 0.1, weight_decay=0.04), "nesterov": lambda p: O.SGD(p, 0.1, momentum=0.9, weight_decay=0.04, nesterov=True)}.items():
    w = torch.nn.Parameter(torch.tensor(fill((4, 3), "w")))
    o = make([w])
    for t in range(5):
        o.param_groups[0]["weight_decay"] = out["decays"][t]
        w.grad = torch.tensor(fill((4, 3), f"g{t}"))
        o.step()
    out["decayed"][name] = w.detach().flatten().tolist()
ps = [torch.nn.Parameter(torch.zeros(4, 3)), torch.nn.Parameter(torch.zeros(2))]
ps[0].grad, ps[1].grad = torch.tensor(fill((4, 3), "g0")), torch.tensor(fill((2,), "g1")) * 0.01
clip_gradients(ps, 0.5)
out["clipped"] = [p.grad.flatten().tolist() for p in ps]
json.dump(out, open("optim/testdata/optim.json", "w"))
