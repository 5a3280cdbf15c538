"""Makes small pictures of unusual kinds and pictures.json: Pillow's reading of them.   python3 pictures.py   (in this folder)"""
import json
import numpy as np
from PIL import Image, ImageOps

y, x = np.mgrid[0:16, 0:24]
rgb = np.stack([x * 10, y * 15, (x + y) * 6], -1).astype(np.uint8)
im = Image.fromarray(rgb)
im.save("progressive.jpg", quality=95, progressive=True)
im.convert("CMYK").save("cmyk.jpg", quality=95)
im.convert("L").save("grey.jpg", quality=95)
im.save("lossless.webp", lossless=True)
im.convert("P").save("palette.png")
exif = Image.Exif()
exif[0x112] = 6
im.save("turned.jpg", quality=95, exif=exif)
out = {}
for n in ("progressive.jpg", "cmyk.jpg", "grey.jpg", "lossless.webp", "palette.png", "turned.jpg"):
    p = ImageOps.exif_transpose(Image.open(n)).convert("RGB")
    a = np.asarray(p).astype(float)
    out[n] = {"h": p.height, "w": p.width, "mean": a.mean((0, 1)).tolist(), "spot": [int(v) for v in a[3, 2]]}
json.dump(out, open("pictures.json", "w"))
