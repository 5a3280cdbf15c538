"""Makes augment.json: Pillow's and torchvision's pictures for TestPillow.   python3 data/testdata/augment.py   (repository's root)"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np
from PIL import Image, ImageOps
import torchvision.transforms.functional as F
from golden import fill

im = Image.fromarray(((fill((17, 23, 3), "picture") + np.float32(1)) * np.float32(127.5)).astype(np.uint8))
out = {
    "down": im.resize((10, 9), Image.BILINEAR), "up": im.resize((31, 40), Image.BILINEAR), "short": F.resize(im, 12),
    "brightness": F.adjust_brightness(im, 1.3), "contrast": F.adjust_contrast(im, 0.6), "saturation": F.adjust_saturation(im, 1.4),
    "hue": F.adjust_hue(im, 0.1), "hue_tensor": F.to_pil_image(F.adjust_hue(F.pil_to_tensor(im), 0.1)), "grey": F.to_grayscale(im, 3), "solarize": ImageOps.solarize(im, 128), "center": F.center_crop(im, 12),
}
json.dump({k: {"h": v.height, "w": v.width, "pix": __import__("base64").b64encode(np.asarray(v).tobytes()).decode()} for k, v in out.items()}, open("data/testdata/augment.json", "w"))
