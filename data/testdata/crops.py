"""Makes crops.json: torchvision's CenterCrop and TenCrop for TestTorchvisionCrops.   python3 data/testdata/crops.py   (repository's root)

Of every picture up to 9 by 9 and crop up to 11: the CRC of the middle's bytes, and of the ten crops' in order where they fit.
"""
import json, zlib
import numpy as np
from PIL import Image
import torchvision.transforms.functional as F

out = {"center": {}, "ten": {}}
for h in range(1, 10):
    for w in range(1, 10):
        y, x = np.mgrid[1:h + 1, 1:w + 1]
        im = Image.fromarray(np.stack([16 * y + x, y, x], -1).astype(np.uint8))
        for size in range(1, 12):
            name = f"{h} {w} {size}"
            out["center"][name] = zlib.crc32(np.asarray(F.center_crop(im, [size, size])).tobytes())
            if size <= min(h, w):
                out["ten"][name] = zlib.crc32(b"".join(np.asarray(c).tobytes() for c in F.ten_crop(im, [size, size])))
json.dump(out, open("data/testdata/crops.json", "w"), separators=(",", ":"))
print(len(out["center"]), len(out["ten"]))
