"""Makes precision.json: scikit-learn's average_precision_score, and VOC's two average precisions by numpy, of numbers of golden.fill.

  pip install scikit-learn && python3 metric/testdata/precision.py      (in the repository's root)
"""
import json, sys
sys.path[0] = "internal/golden"  # also so that this file is not taken for the module
import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve
from golden import fill

out = []
for n in (1, 2, 9, 50, 400):
    for share in (0.1, 0.5, 0.9):
        for steps in (0, 1, 3, 10):  # 0: all scores differ; else this many values on either side of 0
            for often in (1, 4):  # items are there 0 to often-1 times; 1: once
                y = (fill((n,), "positive").astype(np.float64) + 1) / 2 < share
                s = fill((n,), "score") + 0.3 * y.astype(np.float32)
                if steps:
                    s = np.floor(s.astype(np.float64) * steps)
                w = np.floor((fill((n,), "times").astype(np.float64) + 1) / 2 * often).astype(int) if often > 1 else np.ones(n, int)
                y, s = np.repeat(y, w), np.repeat(s, w)
                if y.sum() == 0:
                    continue
                p, r, _ = precision_recall_curve(y, s)
                p, r = p[:-1][::-1], r[:-1][::-1]  # without the point at recall 0 that no threshold has; recalls ascend
                eleven = np.mean([p[r >= t / 10].max() for t in range(11)])
                above = np.maximum.accumulate(p[::-1])[::-1]
                out.append({"n": n, "share": share, "steps": steps, "often": often, "average": average_precision_score(y, s),
                            "area": float((np.diff(np.concatenate([[0], r])) * above).sum()), "eleven": float(eleven)})
json.dump(out, open("metric/testdata/precision.json", "w"))
print(len(out))
