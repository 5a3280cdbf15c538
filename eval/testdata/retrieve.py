"""Makes retrieve.json: mAP by scikit-learn, recall at k and R-precision by NumPy, of retrieval.py's images and sounds.   python3 eval/testdata/retrieve.py   (root)"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity
from golden import fill

n, c = 90, 6
y = (np.arange(n) ** 2 // 5) % c
image = (fill((c, 20), "centres", 0.5)[y] + fill((n, 20), "image") + np.float32(0.3)).astype(np.float64)
sound = (fill((c, 20), "centres", 0.5)[y] + fill((n, 20), "sound", 1.5)).astype(np.float64)
film = np.arange(n) // 4
out = []
for among in ("train", "test"):
    for films in (False, True):
        gallery = sound if among == "train" else image
        s, rows = cosine_similarity(image, gallery), []
        for q in range(n):
            keep = np.ones(n, bool) if among == "train" else np.arange(n) != q
            if films:
                keep &= film != film[q]
            rel, near = (y == y[q])[keep], s[q][keep]
            if not rel.any():
                continue
            order = rel[np.argsort(-near)]
            rows.append([average_precision_score(rel, near), order[:1].any(), order[:5].any(), order[:10].any(), order[:rel.sum()].mean(), rel.mean()])
        out.append({"among": among, "films": films, "queries": len(rows), "values": np.mean(rows, 0).tolist()})
        print(out[-1])
json.dump(out, open("eval/testdata/retrieve.json", "w"))
