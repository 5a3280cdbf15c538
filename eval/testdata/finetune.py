"""Losses of PyTorch's fine-tuning for finetune.json: AdamW and SGD with a rate for each stage, frozen stages, smoothed labels.

    python3 finetune.py > finetune.json

Eight pictures are one batch, so that the order of samples does not matter. Everything is computed in float64 from float32 numbers.
"""
import json
import math
import os
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../internal/golden"))
from golden import fill  # noqa: E402

N, SIDE, WIDE, CLASSES, EPOCHS = 8, 16, 4, 4, 12


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, c = torch.nn.Module(), 3
        for i, out in enumerate([WIDE, WIDE, 2 * WIDE, 4 * WIDE]):
            setattr(self.trunk, f"conv{i + 1}", torch.nn.Conv2d(c, out, 3, 1 if i == 0 else 2, 1, bias=False))
            setattr(self.trunk, f"bn{i + 1}", torch.nn.BatchNorm2d(out))
            c = out
        self.head = torch.nn.Module()
        self.head.fc = torch.nn.Linear(c, CLASSES)

    def forward(self, x):
        for i in range(1, 5):
            x = torch.relu(getattr(self.trunk, f"bn{i}")(getattr(self.trunk, f"conv{i}")(x)))
        return self.head.fc(x.mean((2, 3)))


def begin(net):
    with torch.no_grad():
        for name, t in net.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            add, scale = 0, 0.1
            if t.ndim > 1:
                scale = math.sqrt(6 / t[0].numel())
            elif name.endswith("running_var") or ".bn" in name and name.endswith("weight"):
                add, scale = 1, 0.2
            t.copy_(torch.from_numpy(fill(tuple(t.shape), name, scale)).double() + add)


def tune(optimizer, layerwise, frozen, smooth):
    net = Net().double()
    begin(net)
    x = torch.from_numpy(fill((N, SIDE, SIDE, 3), "pictures")).double().permute(0, 3, 1, 2)
    labels = torch.arange(N) % CLASSES
    groups = []
    for k in range(5):
        names = [f"trunk.conv{k + 1}.", f"trunk.bn{k + 1}."] if k < 4 else ["head."]
        params = [(n, p) for n, p in net.named_parameters() if n.startswith(tuple(names))]
        if k < frozen:
            for _, p in params:
                p.requires_grad_(False)
            continue
        rate = layerwise ** (4 - k)
        for weights in (True, False):
            groups.append({"params": [p for _, p in params if (p.ndim > 1) == weights], "rate": rate,
                           "weight_decay": (1e-2 if optimizer == "adamw" else 5e-4) if weights else 0})
    top = 1e-3 if optimizer == "adamw" else 1e-2
    opt = torch.optim.AdamW(groups, lr=top) if optimizer == "adamw" else torch.optim.SGD(groups, lr=top, momentum=0.9)
    warm = max(1, EPOCHS // 20)
    losses = []
    for step in range(EPOCHS):
        lr = top * (step + 1) / warm if step < warm else top * 0.5 * (1 + math.cos(math.pi * (step - warm) / (EPOCHS - warm)))
        for g in opt.param_groups:
            g["lr"] = lr * g["rate"]
        net.train()
        for k in range(frozen):
            getattr(net.trunk, f"bn{k + 1}").eval()
        loss = torch.nn.functional.cross_entropy(net(x), labels, label_smoothing=smooth)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        return {"optimizer": optimizer, "layerwise": layerwise, "frozen": frozen, "smooth": smooth, "losses": losses, "outputs": net(x).flatten().tolist()}


cases = [tune("adamw", 1, 0, 0), tune("adamw", 0.7, 0, 0.1), tune("sgd", 0.5, 0, 0), tune("sgd", 0.6, 2, 0.2)]
text = json.dumps({"torch": torch.__version__, "cases": cases})
print(text.replace('{"optimizer', '\n{"optimizer').replace("]}]}", "]}\n]}"))
