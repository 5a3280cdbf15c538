"""Makes clips.json: logits and gradients of networks of clips with weights as nets.py's: torchvision's R3D-18 and R(2+1)D-18, and C3D with batch norm.

  pip install torch torchvision && python3 layers/testdata/clips.py      (in the repository's root)

C3D is written here from the papers (Tran et al. 2015, table 1; Xu et al. 2019 add batch norm and end it with a global average).
Gradients are in float64 and with the norms' running statistics: while the statistics are the batch's, PyTorch's own float32 gradients of so few
samples are 6 % from its float64 ones, and say nothing; what training makes of norms is compared with PyTorch operation by operation.
"""
import json, sys
sys.path.insert(0, "layers/testdata")
import torch, torchvision
import torch.nn as nn
from nets import fill, weights


class C3D(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.pools = {"2": (1, 2, 2), "3a": 2, "4a": 2, "5a": 2}  # before these
        ins = 3
        for name, out in (("1", 64), ("2", 128), ("3a", 256), ("3b", 256), ("4a", 512), ("4b", 512), ("5a", 512), ("5b", 512)):
            self.add_module("conv" + name, nn.Conv3d(ins, out, 3, padding=1))
            self.add_module("bn" + name, nn.BatchNorm3d(out))
            ins = out
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        for name in ("1", "2", "3a", "3b", "4a", "4b", "5a", "5b"):
            if name in self.pools:
                x = nn.functional.max_pool3d(x, self.pools[name])
            x = getattr(self, "bn" + name)(getattr(self, "conv" + name)(x)).relu()
        return self.fc(x.mean((2, 3, 4)))


out = {}
for name, make, frames, side in (("r3d_18", torchvision.models.video.r3d_18, 8, 48), ("r2plus1d_18", torchvision.models.video.r2plus1d_18, 4, 32),
                                 ("c3d", C3D, 8, 32)):
    m = weights(make(num_classes=20) if name != "c3d" else make(20)).eval()
    x = torch.tensor(fill((2, frames, side, side, 3), "input", 2)).permute(0, 4, 1, 2, 3)
    with torch.no_grad():
        logits = m(x)
    m.double()
    loss = nn.functional.cross_entropy(m(x.double()), torch.tensor([3, 1]))
    loss.backward()
    out[name] = {"n": 2, "frames": frames, "side": side, "logits": logits.flatten().tolist(), "norm": logits.double().norm().item(), "loss": loss.item(),
                 "grads": {k: [p.grad.norm().item(), float((p.grad * torch.tensor(fill(tuple(p.shape), "probe/" + k)).double()).sum())]
                           for k, p in m.named_parameters()}}
    print(name, loss.item())
json.dump(out, open("layers/testdata/clips.json", "w"))
