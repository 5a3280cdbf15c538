"""Makes sklearn.json: scikit-learn's ndcg_score, roc_auc_score, agreement of divisions, scipy's matchings, of numbers of golden.fill.

  pip install scikit-learn scipy && python3 metric/testdata/sklearn.py      (in the repository's root)
"""
import json, sys
sys.path[0] = "internal/golden"  # also so that this file is not taken for the module
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, average_precision_score, mutual_info_score, ndcg_score, normalized_mutual_info_score, roc_auc_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.metrics.cluster._expected_mutual_info_fast import expected_mutual_information
from golden import fill


def rounded(x, steps):
    """Some of golden.fill's numbers become equal."""
    return (np.floor(x.astype(np.float64) * steps) / steps).astype(np.float32)


ranks, divisions, aucs = [], [], []
for n in (2, 7, 40, 300):
    for kind in ("binary", "graded"):
        u = fill((n,), "relevance")
        g = (u > 0.4).astype(np.float32) if kind == "binary" else np.maximum(0, np.floor(u.astype(np.float64) * 4)).astype(np.float32)
        for steps in (0, 3):  # 0: all scores differ; 3: at most six values
            s = fill((n,), "score") if steps == 0 else rounded(fill((n,), "score"), steps)
            for k in (1, 5, 30, 0):
                ranks.append({"n": n, "kind": kind, "steps": steps, "k": k, "ndcg": ndcg_score([g], [s], k=k or None), "chance": ndcg_score([g], [np.zeros(n)], k=k or None)})
            if 0 < (g > 0).sum() < n:
                aucs.append({"n": n, "kind": kind, "steps": steps, "auc": roc_auc_score(g > 0, s)})
for n, a, b, same in ((1, 1, 1, 0), (5, 1, 3, 0), (12, 12, 12, 0), (30, 4, 3, 0), (200, 5, 7, 0.5), (200, 40, 10, 0.8), (1000, 10, 10, 1)):
    x = (((fill((n,), "a").astype(np.float64) + 1) / 2) * a).astype(int)
    y = (((fill((n,), "b").astype(np.float64) + 1) / 2) * b).astype(int)
    y = np.where((fill((n,), "same").astype(np.float64) + 1) / 2 < same, x, y)
    table = contingency_matrix(x, y, sparse=True).astype(np.int64)
    cells = contingency_matrix(x, y)
    matched = cells[linear_sum_assignment(cells, maximize=True)].sum() / n
    divisions.append({"matched": float(matched), "n": n, "a": a, "b": b, "same": same, "mi": mutual_info_score(x, y), "nmi": normalized_mutual_info_score(x, y),
                      "rand": adjusted_rand_score(x, y), "expected": float(expected_mutual_information(table, n))})
    print(divisions[-1])
matchings = []
for rows, cols, steps in ((1, 1, 0), (5, 5, 0), (7, 4, 3), (4, 9, 3), (40, 40, 4), (60, 80, 0), (1, 6, 0), (6, 1, 2)):
    cost = fill((rows, cols), "cost").astype(np.float64) if steps == 0 else rounded(fill((rows, cols), "cost"), steps).astype(np.float64)
    matchings.append({"rows": rows, "cols": cols, "steps": steps, "sum": float(cost[linear_sum_assignment(cost)].sum())})
retrieved = []
for n, steps in ((1, 0), (2, 0), (7, 0), (40, 0), (300, 0), (40, 3), (300, 5)):
    y, s = fill((n,), "relevance") > 0.4, fill((n,), "score") if steps == 0 else rounded(fill((n,), "score"), steps)
    row = {"n": n, "steps": steps, "ap": float(average_precision_score(y, s)) if y.any() else 0, "rprecision": -1, "hit": []}
    if steps == 0:
        order = np.argsort(-s.astype(np.float64))
        row["rprecision"] = float(y[order][:y.sum()].mean()) if y.any() else 0
        row["hit"] = [float(y[order][:k].any()) for k in range(12)]
    retrieved.append(row)
json.dump({"retrieved": retrieved, "matchings": matchings, "ranks": ranks, "divisions": divisions, "aucs": aucs}, open("metric/testdata/sklearn.json", "w"))
print(len(ranks), len(aucs))
