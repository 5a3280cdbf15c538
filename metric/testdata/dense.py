"""Makes dense.json: errors of depths and normals in NumPy's float64, overlaps of classes by scikit-learn, of numbers of golden.fill.

  pip install scikit-learn && python3 metric/testdata/dense.py      (in the repository's root)
"""
import json, sys
sys.path[0] = "internal/golden"  # also so that this file is not taken for the module
import numpy as np
from sklearn.metrics import accuracy_score, jaccard_score
from golden import fill

out = {"depth": [], "normals": [], "segments": []}
for n in (1, 30, 500):
    want = (fill((n,), "depth").astype(np.float64) * 2 + 1.5).astype(np.float32)  # some below 0: not known
    want[0] = 3
    got = np.exp(np.log(np.abs(want) + 0.1).astype(np.float64) + fill((n,), "error") * 0.6).astype(np.float32)
    known = want > 0
    y, g = want[known].astype(np.float64), got[known].astype(np.float64)
    ratio = np.maximum(g / y, y / g)
    out["depth"].append({"want": want.tolist(), "got": got.tolist(), "values": [float((ratio < 1.25 ** k).mean()) for k in (1, 2, 3)] + [
        float(np.sqrt(((g - y) ** 2).mean())), float(np.sqrt(((np.log(g) - np.log(y)) ** 2).mean())),
        float((np.abs(g - y) / y).mean())]})
for n in (1, 30, 4000):
    want = fill((n, 3), "normal").astype(np.float32)
    got = (want + fill((n, 3), "turn") * 0.5).astype(np.float32)
    if n > 1:
        want[3] = 0  # not known
    known = np.abs(want).sum(1) > 0
    a, b = got[known].astype(np.float64), want[known].astype(np.float64)
    cos = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    angle = np.degrees(np.arccos(np.clip(cos, -1, 1)))
    out["normals"].append({"n": n, "values": [float(angle.mean()), float(np.median(angle))] + [float((angle < t).mean()) for t in (11.25, 22.5, 30)]})
for n, c in ((1, 2), (40, 3), (1000, 21)):
    want = np.floor((fill((n,), "class").astype(np.float64) + 1) / 2 * (c + 1)).astype(np.int64) - 1  # -1: does not count
    want[0] = 1
    same = fill((n,), "same") > 0
    got = np.where(same & (want >= 0), want, np.floor((fill((n,), "other").astype(np.float64) + 1) / 2 * c).astype(np.int64))
    y, g = want[want >= 0], got[want >= 0]
    labels = sorted(set(y) | set(g))
    iou = jaccard_score(y, g, labels=labels, average=None)
    out["segments"].append({"n": n, "classes": c, "values": [float(iou.mean()), float(accuracy_score(y, g))],
                            "iou": {str(l): float(v) for l, v in zip(labels, iou)}})
json.dump(out, open("metric/testdata/dense.json", "w"))
