"""References of eval/projection: umap-learn's weighted graph, its drawing's trustworthiness and scikit-learn's principal components.

pip install umap-learn scikit-learn numpy; python references.py
"""
import json

import numpy as np
import umap
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from umap.umap_ import find_ab_params, fuzzy_simplicial_set

x = load_digits().data[:300].astype(np.float32)
np.save("digits.npy", x)
d = np.sqrt(((x[:, None].astype(np.float64) - x[None]) ** 2).sum(-1))
near = np.argsort(d, axis=1, kind="stable")[:, :15]
graph = fuzzy_simplicial_set(x, 15, 0, "euclidean", knn_indices=near, knn_dists=np.take_along_axis(d, near, 1).astype(np.float32))[0].tocoo()
edges = sorted((int(a), int(b), float(w)) for a, b, w in zip(graph.row, graph.col, graph.data) if a < b)
pca = PCA(2, svd_solver="full").fit(x.astype(np.float64))
places = pca.transform(x.astype(np.float64))
places *= np.sign(places[np.abs(places).argmax(0), [0, 1]])
drawn = [trustworthiness(x, umap.UMAP(n_neighbors=15, n_epochs=500, init="pca", random_state=s).fit_transform(x), n_neighbors=15) for s in range(3)]
json.dump({"a_b": [float(v) for v in find_ab_params(1.0, 0.1)],
           "edges": len(edges), "some": edges[::25], "sum": sum(e[2] for e in edges), "pca": places[:10].round(6).tolist(),
           "explained": pca.explained_variance_ratio_.tolist(), "trustworthiness": drawn, "trustworthiness_pca": trustworthiness(x, places, n_neighbors=15)},
          open("references.json", "w"), indent=0)
