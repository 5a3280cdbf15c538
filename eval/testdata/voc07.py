"""Makes voc07.json: the classifiers of Goyal et al. 2019 by scikit-learn: a LinearSVC a class, its own samples twice, on features of length 1, and their average precisions.

  pip install scikit-learn && python3 eval/testdata/voc07.py   (root)
"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.svm import LinearSVC
from golden import fill


def several(n, d, k, name):
    """Samples of several classes; 1 there, 0 difficult, -1 not."""
    u = fill((n, k), name + " classes")
    y = np.where(u > 0.4, 1, np.where(u > 0.3, 0, -1))
    x = fill((n, d), name) + (y[:, :, None] == 1).astype(np.float32).transpose(0, 2, 1).reshape(n, k) @ fill((k, d), "centres", 0.6)
    x = x.astype(np.float32).astype(np.float64)
    return x / np.linalg.norm(x, axis=1, keepdims=True), y


out = []
for n, d, k in ((200, 20, 4), (60, 50, 3)):
    xa, ya = several(n, d, k, "train")
    xb, yb = several(150, d, k, "test")
    for c in (0.1, 3):
        w, b, ap = [], [], []
        for j in range(k):
            on = ya[:, j] != 0
            m = LinearSVC(C=c, tol=1e-9, max_iter=1000000, class_weight={1: 2, -1: 1}).fit(xa[on], ya[on, j])
            w.append(m.coef_[0].tolist())
            b.append(float(m.intercept_[0]))
            on = yb[:, j] != 0
            ap.append(average_precision_score(yb[on, j] > 0, m.decision_function(xb[on])))
        out.append({"n": n, "d": d, "k": k, "c": c, "w": w, "b": b, "average": ap})
        print(n, d, k, c, ap)
json.dump(out, open("eval/testdata/voc07.json", "w"))
