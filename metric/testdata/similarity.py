"""Makes similarity.json: PSNR and SSIM of pairs of pictures of golden.fill, by scikit-image.

  pip install scikit-image && python3 metric/testdata/similarity.py      (in the repository's root)

"map" holds the similarity of every place where the window lies within the picture, of the smallest one.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from golden import fill


def picture(name, h, w, c):
    """Values from 0 to 1: waves, and fill's numbers upon them."""
    y, x, k = np.mgrid[0:h, 0:w, 0:c].astype(float)
    smooth = 0.5 + 0.3 * np.sin(0.31 * x + 0.17 * y + k)
    return np.clip(smooth + fill((h, w, c), name, 0.15), 0, 1).astype(np.float32)


out = []
for h, w, c in ((11, 13, 3), (32, 32, 3), (24, 41, 1), (17, 11, 6)):
    a = picture("a", h, w, c)
    for kind in ("other noise", "blurred", "darker", "inverted", "flat"):
        b = {"other noise": lambda: picture("b", h, w, c), "blurred": lambda: (a + np.roll(a, 1, 1)) / 2, "darker": lambda: a * np.float32(0.8),
             "inverted": lambda: 1 - a, "flat": lambda: np.full_like(a, 0.5)}[kind]().astype(np.float32)
        a64, b64 = a.astype(np.float64), b.astype(np.float64)
        s, m = structural_similarity(a64, b64, data_range=1, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True)
        row = {"h": h, "w": w, "c": c, "kind": kind, "psnr": peak_signal_noise_ratio(a64, b64, data_range=1), "ssim": s}
        if h == 11:
            row["map"] = m[5:h - 5, 5:w - 5].ravel().tolist()
        out.append(row)
        print(row["kind"], h, w, c, row["psnr"], row["ssim"])
json.dump(out, open("metric/testdata/similarity.json", "w"))
