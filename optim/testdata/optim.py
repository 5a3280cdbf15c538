"""Makes optim.json: five steps of PyTorch's optimisers, and learning rates of its schedules.

  python3 optim/testdata/optim.py      (in the repository's root; PyTorch 2.15)
"""
import json, sys
sys.path.insert(0, "internal/golden")
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
json.dump(out, open("optim/testdata/optim.json", "w"))
