"""Average precision by object key point similarity of made-up people, one a picture, by pycocotools: writes oks.json. Run: python oks.py

A joint counts where it is known and lies in the square in the picture's middle that is as wide as the shorter side. A person's area is that of the box
around all joints that are known. COCO's joints have COCO's sigmas, others the mean of these.
"""
import contextlib
import io
import json
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval, Params

rng = np.random.default_rng(7)
names = ["head_top", "neck", "nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip", "right_ankle"]
usual = Params("keypoints").kpt_oks_sigmas
of = dict(zip("nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip right_hip "
              "left_knee right_knee left_ankle right_ankle".split(), usual))
sigmas = np.array([of.get(n, usual.mean()) for n in names])
people, marks, found = [], [], []
for i in range(80):
    h, w = int(rng.integers(60, 200)), int(rng.integers(60, 200))
    at = np.float32(np.round(np.array([w, h]) / 2 + rng.normal(0, 25, (len(names), 2)), 2))
    known = rng.random(len(names)) < 0.8
    guess = np.float32(np.round(at + rng.normal(0, 6, at.shape) * rng.random(), 2))
    sure = float(np.round(rng.random(), 1))  # some alike
    people.append(dict(h=h, w=w, at=at.tolist(), known=known.tolist(), guess=guess.tolist(), sure=sure))
    side = min(h, w)
    low = np.array([w - side, h - side]) / 2
    seen = known & (at >= low).all(1) & (at <= low + side).all(1)
    if not seen.any():
        continue
    k = at[known].astype(float)
    x0, y0, x1, y1 = *k.min(0), *k.max(0)
    if not (x1 > x0 and y1 > y0):
        continue
    marks.append({"id": i + 1, "image_id": i, "category_id": 1, "iscrowd": 0, "area": (x1 - x0) * (y1 - y0), "bbox": [x0, y0, x1 - x0, y1 - y0],
                  "keypoints": [float(v) for p, s in zip(at, seen) for v in (*p, 2 * s)], "num_keypoints": int(seen.sum())})
    found.append({"image_id": i, "category_id": 1, "score": sure, "keypoints": [float(v) for p in guess for v in (*p, 1)]})


def judge(found):
    with contextlib.redirect_stdout(io.StringIO()):
        c = COCO()
        c.dataset = {"images": [{"id": i} for i in range(len(people))], "categories": [{"id": 1}], "annotations": marks}
        c.createIndex()
        e = COCOeval(c, c.loadRes(found), "keypoints")
        e.params.kpt_oks_sigmas = sigmas
        e.evaluate(), e.accumulate(), e.summarize()
    return [float(v) for v in e.stats[:3]]


json.dump({"names": names, "people": people, "ranked": judge(found), "alike": judge([dict(f, score=1) for f in found]), "n": len(marks)}, open("oks.json", "w"))
