"""Makes normals.json: surface normals of a small map of depths with noise, an edge and holes, by numpy.linalg.lstsq in float64.

  pip install numpy && python3 data/testdata/normals.py      (in the repository's root)
"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
from golden import fill

H, W, FX, FY, CX, CY, REACH, APART = 16, 20, 30.0, 28.0, 9.5, 8.0, 5, 0.05
v, u = np.mgrid[0:H, 0:W].astype(np.float64)
z = 1 / ((0.2 * (u - CX) / FX - 0.4 * (v - CY) / FY + 1) / 2.0)  # a plane
z[:, W // 2:] = 3.5  # a wall behind it
z = (z + fill((H, W), "noise") * 0.02).astype(np.float32)
z[fill((H, W), "hole") > 0.7] = 0
out = np.zeros((H, W, 3))
for y in range(H):
    for x in range(W):
        if z[y, x] == 0:
            continue
        r = slice(max(0, y - REACH), y + REACH + 1)
        c = slice(max(0, x - REACH), x + REACH + 1)
        d = z[r, c].astype(np.float64)
        near = (d > 0) & (np.abs(d - z[y, x].astype(np.float64)) <= APART * z[y, x].astype(np.float64))
        if near.sum() < d.size / 3:
            continue
        A = np.stack([(u[r, c][near] - CX) / FX, (v[r, c][near] - CY) / FY, np.ones(near.sum())], 1)
        n = np.linalg.lstsq(A, 1 / d[near], rcond=None)[0]
        out[y, x] = -n / np.linalg.norm(n)
print((np.abs(out).sum(2) > 0).sum(), "of", (z > 0).sum())
json.dump({"h": H, "w": W, "camera": [FX, FY, CX, CY], "z": z.ravel().tolist(), "normals": np.round(out, 7).ravel().tolist()}, open("data/testdata/normals.json", "w"))
