"""Makes mix.json: batches and labels as timm's Mixup mixes them in mode batch, with what it drew, and its loss of soft labels with the gradient.

  python3 data/testdata/mix.py      (in the repository's root; timm 1.0, PyTorch 2.15)
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np
import torch
from timm.data.mixup import Mixup
from timm.loss import SoftTargetCrossEntropy
from golden import fill

N, H, W, C, K = 6, 7, 5, 3, 4
labels = torch.tensor([0, 3, 1, 1, 2, 0])
out = []
beta, randint = np.random.beta, np.random.randint
for name, mixup, cutmix, seeds in (("mixup", 0.8, 0.0, range(2)), ("cutmix", 0.0, 1.0, range(6))):
    for seed in seeds:
        np.random.seed(seed)
        drawn = []
        np.random.beta = lambda *a, **k: (drawn.append(float(beta(*a, **k))), drawn[-1])[1]
        np.random.randint = lambda *a, **k: (drawn.append(int(randint(*a, **k))), drawn[-1])[1]
        x = torch.tensor(fill((N, H, W, C), "x")).permute(0, 3, 1, 2).contiguous()
        mix = Mixup(mixup_alpha=mixup, cutmix_alpha=cutmix, prob=1.0, switch_prob=0.5, mode="batch", label_smoothing=0.1, num_classes=K)
        x, y = mix(x, labels)
        np.random.beta, np.random.randint = beta, randint
        logits = torch.tensor(fill((N, K), "logits", 2)).requires_grad_()
        loss = SoftTargetCrossEntropy()(logits, y)
        loss.backward()
        out.append({"way": name, "drawn": drawn, "x": x.permute(0, 2, 3, 1).flatten().tolist(), "targets": y.flatten().tolist(), "loss": loss.item(), "gradient": logits.grad.flatten().tolist()})
json.dump(out, open("data/testdata/mix.json", "w"))
