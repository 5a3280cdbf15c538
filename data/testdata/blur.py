"""blur.json: torchvision's gaussian_blur of pictures made by golden.py's formula, for blur_test.go.

    python blur.py > blur.json
"""
import json
import pathlib
import sys

import torch
from torchvision.transforms.functional import gaussian_blur

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "internal/golden"))
from golden import fill

cases = []
for h, w, size, sigma in [(9, 12, 5, 0.5), (13, 7, 7, 1.7), (20, 24, 23, 2.0), (8, 8, 3, 0.1), (5, 30, 9, 4.0)]:
    if min(h, w) <= size // 2:
        h = w = size // 2 + 1
    x = torch.from_numpy((fill((h, w, 3), f"blur {h} {w}") * 127.5 + 127.5).astype("uint8")).permute(2, 0, 1)
    y = gaussian_blur(x, [size, size], [sigma, sigma])
    cases.append({"h": h, "w": w, "size": size, "sigma": sigma, "want": y.permute(1, 2, 0).flatten().tolist()})
json.dump(cases, sys.stdout, separators=(",", ":"))
