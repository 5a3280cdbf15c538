"""Makes retrieval.json: nDCG of rankings by scikit-learn, CCA by scikit-learn and in closed form.   python3 eval/testdata/retrieval.py   (root)"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
from scipy.linalg import eigh
from sklearn.cross_decomposition import CCA
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances
from golden import fill

n, c = 90, 6
y = (np.arange(n) ** 2 // 5) % c
image = (fill((c, 20), "centres", 0.5)[y] + fill((n, 20), "image") + np.float32(0.3)).astype(np.float64)
sound = (fill((c, 20), "centres", 0.5)[y] + fill((n, 20), "sound", 1.5)).astype(np.float64)
grades = np.floor((fill((c, c), "grades").astype(np.float64) + 1) * 2)
out = {"ndcg": []}
for near in ("cosine", "euclidean"):
    for graded in (False, True):
        gains = grades[y][:, y] if graded else (y[:, None] == y).astype(float)
        for a, queries in enumerate((image, sound)):
            for b, gallery in enumerate((image, sound)):
                score = cosine_similarity(queries, gallery) if near == "cosine" else -euclidean_distances(queries, gallery)
                some, chance = [], []
                for q in range(n):
                    keep = np.arange(n) != q if a == b else np.ones(n, bool)
                    if gains[q][keep].max() > 0:
                        some.append(ndcg_score([gains[q][keep]], [score[q][keep]], k=30))
                        chance.append(ndcg_score([gains[q][keep]], [np.zeros(keep.sum())], k=30))
                out["ndcg"].append({"near": near, "graded": graded, "a": a, "b": b, "value": np.mean(some), "chance": np.mean(chance), "queries": len(some)})
                print(out["ndcg"][-1])

x, z = image[:, :7], np.concatenate([sound[:, :4], image[:, :2] + 0.3 * sound[:, 4:6]], 1)  # of 7 and 6 values
x, z = x.astype(np.float32).astype(np.float64), z.astype(np.float32).astype(np.float64)
k = 4
m = CCA(k, scale=False, tol=1e-14, max_iter=1000000).fit(x, z)
a, b = m.transform(x, z)
out["cca"] = {"correlations": [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(k)], "x": (a / a.std(0, ddof=1)).ravel().tolist(), "y": (b / b.std(0, ddof=1)).ravel().tolist()}
ridge = 0.1
xc, zc = x - x.mean(0), z - z.mean(0)
sxx, szz, sxz = xc.T @ xc / (n - 1), zc.T @ zc / (n - 1), xc.T @ zc / (n - 1)
sxx, szz = sxx + ridge * np.trace(sxx) / 7 * np.eye(7), szz + ridge * np.trace(szz) / 6 * np.eye(6)
v, w = eigh(sxz @ np.linalg.solve(szz, sxz.T), sxx)
out["ridge"] = {"correlations": np.sqrt(v[::-1][:k]).tolist(), "x": (xc @ w[:, ::-1][:, :k]).ravel().tolist(),
                "y": (zc @ np.linalg.solve(szz, sxz.T @ w[:, ::-1][:, :k]) / np.sqrt(v[::-1][:k])).ravel().tolist()}
print(out["cca"]["correlations"], out["ridge"]["correlations"])
json.dump(out, open("eval/testdata/retrieval.json", "w"))
