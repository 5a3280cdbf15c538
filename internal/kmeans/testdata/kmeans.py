"""Makes kmeans.json: scikit-learn's k-means of numbers of golden.fill, from centres given and from its own.

  pip install scikit-learn && python3 internal/kmeans/testdata/kmeans.py      (in the repository's root)
"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
from sklearn.cluster import KMeans
from golden import fill

out = []
for n, d, k, off in ((300, 2, 5, 0.0), (300, 12, 5, 0.0), (700, 40, 7, 100.0)):
    y = np.arange(n) % k
    x = (fill((k, d), "centres", 0.8)[y] + fill((n, d), "points") + np.float32(off)).astype(np.float32)
    given = KMeans(k, init=x[:k].astype(np.float64), n_init=1, tol=0, algorithm="lloyd").fit(x.astype(np.float64))
    own = KMeans(k, n_init=10, tol=0, random_state=0).fit(x.astype(np.float64))
    out.append({"n": n, "d": d, "k": k, "off": off, "of": given.labels_.tolist(), "centres": given.cluster_centers_.ravel().tolist(), "inertia": given.inertia_, "best": own.inertia_})
    print(n, d, k, given.inertia_, given.n_iter_, own.inertia_)
json.dump(out, open("internal/kmeans/testdata/kmeans.json", "w"))
