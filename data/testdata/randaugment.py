"""Makes randaugment.json: torchvision's operations on Pillow's pictures for TestRandAugment.   python3 data/testdata/randaugment.py   (repository's root)"""
import json, sys, zlib
sys.path.insert(0, "internal/golden")
import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode, RandAugment
from torchvision.transforms.autoaugment import _apply_op
from golden import fill

out = []
# noise, and a picture without extremes of which one channel is of one value
noise = ((fill((37, 43, 3), "picture") + np.float32(1)) * np.float32(127.5)).astype(np.uint8)
plain = (noise // 3 + 60).astype(np.uint8)
plain[:, :, 1] = 77
for name, pix in {"noise": noise, "plain": plain}.items():
    im = Image.fromarray(pix)
    for op, (levels, signed) in RandAugment()._augmentation_space(31, (37, 43)).items():
        for magnitude in [0, 9, 14, 27, 30] if levels.ndim else [9]:
            for sign in [1, -1] if signed else [1]:
                # torchvision's levels are float32's; in float64 the factors of enhancements are those that Pillow rounds
                level = float(levels[magnitude]) if levels.ndim else 0.0
                if signed:
                    level = round(float(levels[30]), 6) * magnitude / 30 * sign
                got = np.asarray(_apply_op(im, op, level, interpolation=InterpolationMode.NEAREST, fill=[128] * 3))
                out.append({"picture": name, "op": op, "part": magnitude / 30 * sign, "crc32": zlib.crc32(got.tobytes())})
json.dump(out, open("data/testdata/randaugment.json", "w"))
