"""Makes jpegs.json: JPEGs of every subsampling and of awkward sizes, and the pixels that Pillow decodes.   python3 jpegs.py   (in this folder)"""
import base64, io, json
import numpy as np
from PIL import Image

rng = np.random.default_rng(3)
out = {}
for h, w in ((19, 21), (33, 17), (16, 32), (5, 3), (3, 6), (1, 1)):
    for kind in ("4:4:4", "4:2:2", "4:2:0", "grey", "progressive", "restarts"):
        low = rng.integers(0, 256, (max(2, h // 8), max(2, w // 8), 3), dtype=np.uint8)
        im = Image.fromarray(low).resize((w, h), Image.BICUBIC)
        options = {"quality": 90}
        if kind == "grey":
            im = im.convert("L")
        elif kind == "progressive":
            options["progressive"] = True
        elif kind == "restarts":
            options["restart_marker_blocks"] = 1
        else:
            options["subsampling"] = ("4:4:4", "4:2:2", "4:2:0").index(kind)
        b = io.BytesIO()
        im.save(b, "JPEG", **options)
        rgb = np.asarray(Image.open(io.BytesIO(b.getvalue())).convert("RGB"))
        out[f"{h}x{w} {kind}"] = {"h": h, "w": w, "jpeg": base64.b64encode(b.getvalue()).decode(), "rgb": base64.b64encode(rgb.tobytes()).decode()}
with open("jpegs.json", "w") as f:
    json.dump(out, f, indent=0)
