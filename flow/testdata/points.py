"""points.json: what OpenCV's goodFeaturesToTrack finds in the pictures of farneback.py, and where its calcOpticalFlowPyrLK sees those points,
and points of a grid that reaches over the border, in the next picture: python3 points.py"""

import json
import os

import cv2
import numpy as np

from farneback import moved, discs, shift, text, turn

cv2.setNumThreads(1)

CASES = [
    ("moved by a few pixels", moved(1, 80, 96, shift(1.5, -2.25)), {}, {}),
    ("moved far", moved(2, 150, 136, shift(-6, 8)), dict(Distance=5), {}),
    ("turned and enlarged, odd sides", moved(3, 67, 53, turn(67, 53, 0.04, 1.03)), dict(Max=12, Distance=7.5), dict(Window=11)),
    ("discs", discs(4, 72, 90), dict(Quality=0.05, Distance=-1), dict(Window=9, Levels=2)),
    ("a large block, no pyramid", discs(5, 72, 90), dict(Block=7, Distance=4), dict(Levels=0, Iterations=4, Least=5.12)),
    ("smaller than the window", moved(8, 14, 19, shift(1, 0)), dict(Distance=2), {}),
]

out = []
for name, (prev, following), corner, search in CASES:
    c = dict(dict(Max=0, Quality=0.01, Distance=10, Block=3), **corner)
    f = dict(dict(Window=21, Levels=3, Iterations=30, Step=0.01, Least=0.1024), **search)
    h, w = prev.shape
    corners = cv2.goodFeaturesToTrack(prev, c["Max"], c["Quality"], max(c["Distance"], 0), blockSize=c["Block"]).reshape(-1, 2)
    y, x = np.mgrid[-12 : h + 12 : 9.3, -12 : w + 12 : 9.3]
    points = np.concatenate([corners, np.stack([x.ravel(), y.ravel()], -1)]).astype(np.float32).round(2)
    follow = lambda iterations: cv2.calcOpticalFlowPyrLK(prev, following, points, None, winSize=(f["Window"],) * 2, maxLevel=f["Levels"],
                                                         criteria=(cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, iterations, f["Step"]),
                                                         minEigThreshold=f["Least"] / 1024)
    # A point that still jumps at its last step has settled nowhere: where it stops is chance.
    settled = np.hypot(*(follow(f["Iterations"])[0] - follow(f["Iterations"] - 1)[0]).T) < 0.25
    print(len(points) - settled.sum(), "points left out")
    points = points[settled]
    to, found, error = follow(f["Iterations"])
    if f["Levels"] == 0:
        f["Levels"] = -1
    numbers = lambda a: [round(float(v), 4) for v in a.ravel()]
    out.append(dict(Name=name, H=h, W=w, Prev=text(prev), Next=text(following), Corner=c, Follow=f, Corners=numbers(corners), Points=numbers(points),
                    To=numbers(to), Found=[bool(v) for v in found.ravel()], Error=numbers(error)))
    print(name, len(corners), "corners,", int(found.sum()), "of", len(points), "found")
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "points.json")
with open(path, "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")
