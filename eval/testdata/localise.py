"""Makes localise.json: consensus IoU of heat maps as its authors and "Localizing visual sounds the hard way" compute it, on maps resized by PyTorch, and the
area below its curve by scikit-learn; the largest value against boxes.   python3 eval/testdata/localise.py   (root)"""
import json, sys
sys.path[0] = "internal/golden"
import numpy as np
import torch
from sklearn.metrics import auc
from golden import fill

H, W = 60, 84
rows = []
for i in range(12):
    gh, gw = ((14, 14), (7, 9), (60, 84))[i % 3]
    y, x = np.mgrid[0:gh, 0:gw]
    u = fill((8,), f"place{i}").astype(np.float64)
    heat = (np.exp(-(((x + 0.5) / gw - 0.5 - 0.4 * u[0]) ** 2 + ((y + 0.5) / gh - 0.5 - 0.4 * u[1]) ** 2) * 12) + fill((gh, gw), f"heat{i}", 0.05)).astype(np.float32)
    if i % 4 == 3:  # the map is hot somewhere else
        u[:2] = -u[:2]
    cx, cy = (0.5 + 0.4 * u[0] + 0.1 * u[4]) * W, (0.5 + 0.4 * u[1] + 0.1 * u[5]) * H
    boxes = [[cx - 20, cy - 15, cx + 18 + 6 * u[2], cy + 14], [cx - 9, cy - 20, cx + 25, cy + 9 + 5 * u[3]]][: 1 + i % 2]
    boxes = np.array(boxes).astype(np.float32)
    fine = torch.nn.functional.interpolate(torch.tensor(heat)[None, None], (H, W), mode="bilinear", align_corners=False)[0, 0].numpy().astype(np.float64)
    py, px = np.mgrid[0:H, 0:W] + 0.5
    for tolerance, part, agree in ((0, 0, 0), (4, 0.5, 2), (0, 0.2, 1)):
        votes = sum(((px >= b[0]) & (px < b[2]) & (py >= b[1]) & (py < b[3])).astype(float) for b in boxes)
        g = np.minimum(votes / max(agree, 1), 1)
        if part == 0:
            hot = (fine - fine.min()) / (fine.max() - fine.min()) > 0.5
        else:
            hot = fine >= np.sort(fine.ravel())[int(round(fine.size * (1 - part)))]
        iou = (hot * g).sum() / (g.sum() + (hot & (g == 0)).sum())

        def inside(x, y):
            return max(float(np.hypot(max(b[0] - x, x - b[2], 0), max(b[1] - y, y - b[3], 0)) <= tolerance) for b in boxes.astype(np.float64))
        ty, tx = np.unravel_index(heat.argmax(), heat.shape)
        rows.append({"i": i, "gh": gh, "gw": gw, "tolerance": tolerance, "part": part, "agree": agree, "boxes": boxes.ravel().tolist(), "iou": iou,
                     "hit": inside((tx + 0.5) * W / gw, (ty + 0.5) * H / gh), "centre": inside(W / 2, H / 2), "random": float(np.mean([inside(x, y) for x, y in zip(px.ravel(), py.ravel())]))})
overlaps = [r["iou"] for r in rows]
steps = [0.05 * k for k in range(21)]
curve = [float(np.mean(np.array(overlaps) >= s)) for s in steps]
json.dump({"rows": rows, "curve": curve, "area": auc(steps, curve)}, open("eval/testdata/localise.json", "w"))
for r in rows:
    print(r["i"], r["tolerance"], r["part"], r["agree"], r["iou"], r["hit"], r["centre"], r["random"])
print(curve, auc(steps, curve))
