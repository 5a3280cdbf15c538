"""Makes svm.json: scikit-learn's LinearSVC, its hyperplanes and right answers, and leave-one-group-out.   python3 eval/testdata/svm.py   (root)"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from golden import fill


def blobs(n, d, k, name):
    """Classes of different sizes."""
    y = (np.arange(n) ** 2 // 7) % k
    x = (fill((k, d), "centres", 0.5)[y] + fill((n, d), name)).astype(np.float32)
    return x.astype(np.float64), y


def svc(c, balanced):
    return LinearSVC(C=c, tol=1e-9, max_iter=1000000, class_weight="balanced" if balanced else None)


out, folds = [], []
for n, d, k in ((300, 12, 5), (60, 80, 4), (90, 10, 2), (40, 50, 2)):
    xa, ya = blobs(n, d, k, "train")
    xb, yb = blobs(150, d, k, "test")
    for c in (0.003, 0.3, 10):
        for balanced in (False, True):
            m = svc(c, balanced).fit(xa, ya)
            out.append({"n": n, "d": d, "k": k, "c": c, "balanced": balanced, "w": m.coef_.ravel().tolist(), "b": m.intercept_.tolist(), "score": m.score(xb, yb)})
            print(n, d, k, c, balanced, m.score(xb, yb), np.bincount(ya))
    group = np.arange(n) % 4
    s = cross_val_score(make_pipeline(StandardScaler(), svc(0.05, False)), xa, ya, groups=group, cv=LeaveOneGroupOut())
    folds.append({"n": n, "d": d, "k": k, "scores": s.tolist()})
    print(s)
json.dump({"fits": out, "folds": folds}, open("eval/testdata/svm.json", "w"))
