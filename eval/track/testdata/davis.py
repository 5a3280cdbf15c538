"""Golden values of J and F: what DAVIS's published toolkit computes, after its description, with OpenCV and scikit-image.

    python davis.py > davis.json
"""
import json, math
import numpy as np, cv2
from skimage.morphology import disk


def outline(seg):
    east, south, both = np.zeros_like(seg), np.zeros_like(seg), np.zeros_like(seg)
    east[:, :-1] = seg[:, 1:]
    south[:-1, :] = seg[1:, :]
    both[:-1, :-1] = seg[1:, 1:]
    b = seg ^ east | seg ^ south | seg ^ both
    b[-1, :] = seg[-1, :] ^ east[-1, :]
    b[:, -1] = seg[:, -1] ^ south[:, -1]
    b[-1, -1] = 0
    return b


def boundary(fg, gt, th=0.008):
    px = th if th >= 1 else np.ceil(th * np.linalg.norm(fg.shape))
    a, b = outline(fg), outline(gt)
    near_a = cv2.dilate(a.astype(np.uint8), disk(px).astype(np.uint8))
    near_b = cv2.dilate(b.astype(np.uint8), disk(px).astype(np.uint8))
    na, nb = a.sum(), b.sum()
    if na == 0 and nb > 0:
        p, r = 1, 0
    elif na > 0 and nb == 0:
        p, r = 0, 1
    elif na == 0 and nb == 0:
        p, r = 1, 1
    else:
        p, r = (a * near_b).sum() / na, (b * near_a).sum() / nb
    return 0 if p + r == 0 else 2 * p * r / (p + r)


def region(fg, gt):
    both, either = (fg & gt).sum(), (fg | gt).sum()
    return 1 if either == 0 else both / either


def blob(h, w, seed):
    """A region that a formula gives: Go makes the same."""
    out = np.zeros((h, w), bool)
    for y in range(h):
        for x in range(w):
            out[y, x] = (x * x * (seed + 1) + 3 * y * y + 7 * seed * x + 5 * x * y) // (16 * (h + w)) % 5 == seed % 5
    return out


cases = []
for h, w in [(1, 1), (1, 9), (12, 7), (48, 85), (120, 214), (300, 420)]:
    for s, t in [(0, 0), (0, 1), (1, 2), (3, 4), (-1, 2), (-1, -1), (2, -1)]:
        a = blob(h, w, s) if s >= 0 else np.zeros((h, w), bool)
        b = blob(h, w, t) if t >= 0 else np.zeros((h, w), bool)
        cases.append({"h": h, "w": w, "a": s, "b": t, "j": float(region(a, b)), "f": float(boundary(a, b))})
print(json.dumps(cases))
