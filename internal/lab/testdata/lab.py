"""Makes lab.json: colours and their Lab values in scikit-image (float64), and back.

  pip install scikit-image numpy && python3 internal/lab/testdata/lab.py      (in the repository's root)

"rgb" are every grey and 2000 colours in turn, "lab" their values; "from" are Lab values in and out of what sRGB can show, "to" what they
become, not yet rounded, in [0, 255].
"""
import json, warnings
import numpy as np
from skimage.color import rgb2lab, lab2rgb

warnings.simplefilter("ignore")  # scikit-image warns of colours out of gamut, which are wanted here
rng = np.random.default_rng(1)
corners = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]
rgb = np.array([[i] * 3 for i in range(256)] + corners + rng.integers(0, 256, (1600, 3)).tolist() + rng.integers(0, 24, (400, 3)).tolist(), np.uint8)
lab = rgb2lab(rgb[None])[0]
some = np.concatenate([rng.uniform([0, -110, -110], [100, 110, 110], (700, 3)), rng.uniform([0, -20, -20], [100, 20, 20], (400, 3))]).round(2).astype(np.float32).astype(np.float64)
back = lab2rgb(some[None])[0] * 255
json.dump({"rgb": rgb.flatten().tolist(), "lab": np.round(lab.flatten(), 5).tolist(), "from": np.round(some.flatten(), 2).tolist(), "to": np.round(back.flatten(), 3).tolist()},
          open("internal/lab/testdata/lab.json", "w"))
