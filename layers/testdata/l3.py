"""Makes l3.json: logits and gradients of the subnetworks of L3-Net and of AVE-Net in PyTorch, with a mean over all places and a linear layer.

  pip install torch torchvision && python3 layers/testdata/l3.py      (in the repository's root)

Weights and gradients as in nets.py. 28 pixels are pooled to 14, 7 and 3, 44 after a stride of 2 to 22, 11, 5 and 2, so that a row
and a column are left over; at these sizes no value lies so close to a ReLU's kink that float32 gradients are more than 3e-5 from float64's.
"""
import json, sys
sys.path.insert(0, "internal/golden")
sys.path.insert(0, "layers/testdata")
import torch, torch.nn as nn, torch.nn.functional as F
from golden import fill
from nets import gradients, perturbed, weights


class Net(nn.Module):
    def __init__(self, stride):
        super().__init__()
        cin = 3
        for i in range(1, 5):
            for j in (1, 2):
                cout = 32 << i
                setattr(self, f"conv{i}_{j}", nn.Conv2d(cin, cout, 3, stride, 1, bias=False))
                setattr(self, f"bn{i}_{j}", nn.BatchNorm2d(cout))
                cin, stride = cout, 1
        self.fc = nn.Linear(512, 20)

    def forward(self, x):
        for i in range(1, 5):
            for j in (1, 2):
                x = F.relu(getattr(self, f"bn{i}_{j}")(getattr(self, f"conv{i}_{j}")(x)))
            if i < 4:
                x = F.max_pool2d(x, 2)
        return self.fc(x.mean((2, 3)))


out = {}
for name, stride, side in (("l3", 1, 28), ("avenet", 2, 44)):
    make = lambda: weights(Net(stride))
    m, x = make(), torch.tensor(fill((4, side, side, 3), "input", 2)).permute(0, 3, 1, 2)
    m.eval()
    with torch.no_grad():
        logits = m(x)
    r = {"n": 4, "side": side, "logits": logits.flatten().tolist(), "norm": logits.double().norm().item()}
    r["loss"], r["grads"] = gradients(make().double(), x.double())
    r["spread"] = {k: 0.0 for k in r["grads"]}
    for off in range(9):
        _, g = gradients(perturbed(make(), off) if off else make(), x)
        for k, (norm, dot) in r["grads"].items():
            r["spread"][k] = max(r["spread"][k], max(abs(g[k][0] - norm), abs(g[k][1] - dot) * 3 ** 0.5) / norm)
    print(name, "float32 is off by", max(r["spread"].values()))
    out[name] = r
json.dump(out, open("layers/testdata/l3.json", "w"))
