"""Makes cifar.json: logits and gradients of PyTorch's CIFAR ResNet-20 with both kinds of shortcut.

  pip install torch && python3 layers/testdata/cifar.py      (in the repository's root)

Weights as in nets.py: golden.fill by name. A gradient is kept as its norm and its product with golden.fill. Images of 16 pixels:
with this input at 32 a ReLU stands so close to its kink that PyTorch's own float32 and float64 gradients differ by 2 %, here by 3e-6.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
from golden import fill


class Block(nn.Module):
    def __init__(self, cin, cout, stride, project):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.stride, self.pad, self.downsample = stride, (cout - cin) // 2, None
        if project and (cin != cout or stride != 1):
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.pad:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(x + y)


class Net(nn.Module):
    def __init__(self, project):
        super().__init__()
        self.conv1, self.bn1, cin = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), 16
        for k in range(3):
            blocks = []
            for j in range(3):
                blocks.append(Block(cin, 16 << k, 2 if k and not j else 1, project))
                cin = 16 << k
            setattr(self, f"layer{k + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


out = {}
for name, project in (("projection", True), ("a", False)):
    m = Net(project)
    with torch.no_grad():
        for k, t in m.state_dict().items():
            if not t.is_floating_point():
                continue
            s = tuple(t.shape)
            if len(s) > 1:
                v = fill(s, k, (6 / np.prod(s[1:])) ** 0.5)
            elif k.endswith("running_mean") or k.endswith("bias"):
                v = fill(s, k, 0.1)
            else:
                v = 1 + fill(s, k, 0.2)
            t.copy_(torch.tensor(v))
    x = torch.tensor(fill((4, 16, 16, 3), "input", 2)).permute(0, 3, 1, 2)
    m.eval()
    with torch.no_grad():
        logits = m(x)
    m.train()
    loss = F.cross_entropy(m(x), torch.tensor([3, 1, 4, 5]))
    loss.backward()
    out[name] = {"n": 4, "side": 16, "logits": logits.flatten().tolist(), "norm": logits.double().norm().item(), "loss": loss.item(),
                 "grads": {k: [p.grad.double().norm().item(), float((p.grad.double() * torch.tensor(fill(tuple(p.shape), "probe/" + k)).double()).sum())]
                           for k, p in m.named_parameters()}}
json.dump(out, open("layers/testdata/cifar.json", "w"))
