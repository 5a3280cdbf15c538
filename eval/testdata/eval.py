"""Makes eval.json: scikit-learn's neighbours, softmax regression, and numpy's effective rank.   python3 eval/testdata/eval.py   (root)"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from golden import fill


def blobs(n, name):
    y = np.arange(n) % 5
    centres = fill((5, 12), "centres", 0.8)
    return centres[y] + fill((n, 12), name), y


xa, ya = blobs(300, "train")
xb, yb = blobs(120, "test")
d, i = NearestNeighbors(n_neighbors=7, metric="cosine").fit(xa.astype(float)).kneighbors(xb.astype(float))
votes = np.zeros((len(xb), 5))
for r in range(len(xb)):
    for k in range(7):
        votes[r, ya[i[r, k]]] += np.exp((1 - d[r, k]) / 0.07)
knn = float((votes.argmax(1) == yb).mean())
m, s = xa.astype(float).mean(0), xa.astype(float).std(0)
za, zb = (xa - m) / s, (xb - m) / s
decay = 1e-2  # mean loss + decay/2 |W|^2  ==  C = 1/(decay n)
lr = LogisticRegression(C=1 / (decay * len(za)), tol=1e-9, max_iter=5000).fit(za, ya)
p = lr.predict_proba(za)
loss = float(-np.log(p[np.arange(len(ya)), ya]).mean() + decay / 2 * (lr.coef_**2).sum())
u = xa.astype(float) / np.linalg.norm(xa.astype(float), axis=1, keepdims=True)
ev = np.clip(np.linalg.eigvalsh(np.cov(u.T)), 0, None)
q = ev / ev.sum()
json.dump({"neighbours": i[:10].tolist(), "knn": knn, "weights": lr.coef_.ravel().tolist(), "biases": lr.intercept_.tolist(), "linear": float(lr.score(zb, yb)), "loss": loss, "rank": float(np.exp(-(q * np.log(q)).sum())),
           "std": float(u.std(0).mean() * 12**0.5)}, open("eval/testdata/eval.json", "w"))
