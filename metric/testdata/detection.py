"""Makes detection.json: average precisions of boxes by GluonCV (Pascal VOC) and pycocotools (COCO), and of key points by pycocotools.

  pip install pycocotools && pip download --no-deps gluoncv==0.10.5.post0 && unzip gluoncv*.whl 'gluoncv/utils/metrics/*'
  python3 metric/testdata/detection.py DIR      (in the repository's root; DIR is where the wheel was unpacked)

GluonCV's metric is read from its file, since nothing but a base class in it needs MXNet. Its eleven recalls are those of numpy's arange, where 0.3, 0.6
and 0.7 are a little more than that: it is asked where no recall of the class can lie at a tenth.
"""
import contextlib, io, json, os, sys, types
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

rng = np.random.default_rng(1)


def gluon(dir):
    mx = types.ModuleType("mxnet")
    mx.nd = types.SimpleNamespace(NDArray=type("NDArray", (), {}))
    metric = types.ModuleType("mxnet.metric")
    metric.EvalMetric = type("EvalMetric", (), {"__init__": lambda self, name: setattr(self, "name", name)})
    sys.modules.update({"mxnet": mx, "mxnet.metric": metric})

    def bbox_iou(a, b):
        tl, br = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:4], b[None, :, 2:4])
        both = np.prod(br - tl, axis=2) * (tl < br).all(axis=2)
        area = lambda x: np.prod(x[:, 2:4] - x[:, :2], axis=1)
        return both / (area(a)[:, None] + area(b)[None] - both)

    src = open(os.path.join(dir, "gluoncv/utils/metrics/voc_detection.py")).read().replace("from ..bbox import bbox_iou", "")
    ns = {"bbox_iou": bbox_iou}
    exec(src, ns)
    return ns["VOCMApMetric"], ns["VOC07MApMetric"]


def boxes(images, classes, objects, jitter, ties, crowds, only=None):
    """Objects [image class x0 y0 x1 y1 ignore crowd area], and detections near some of them and anywhere [image class score x0 y0 x1 y1]."""
    size, o, d = 320, [], []

    def box(scale):
        w, h = rng.integers(8, scale, 2)
        x, y = rng.integers(0, size - w), rng.integers(0, size - h)
        return [int(x), int(y), int(x + w), int(y + h)]

    def score():
        return round(float(rng.random()), 1 if ties else 9)

    for i in range(objects):
        c, b = int(rng.integers(only or classes)), box([24, 80, 250][i % 3])
        im = int(rng.integers(images))
        crowd = bool(crowds and rng.random() < 0.12)
        area = float((b[2] - b[0]) * (b[3] - b[1])) * round(float(rng.uniform(0.4, 1)), 2)
        o.append([im, c, *b, int(not crowds and rng.random() < 0.15), int(crowd), area])
        for _ in range(int(rng.integers(0, 4)) + (6 if crowd else 0)):
            near = [int(v) + int(k) for v, k in zip(b, rng.integers(-jitter, jitter + 1, 4))]
            if near[2] > near[0] and near[3] > near[1]:
                d.append([im, c if rng.random() < 0.85 else int(rng.integers(classes)), score(), *near])
    for _ in range(objects):
        d.append([int(rng.integers(images)), int(rng.integers(classes)), score(), *box(120)])
    if ties:  # more than a hundred of one class in one picture
        for _ in range(130):
            d.append([0, 0, score(), *box(60)])
    d = [d[i] for i in rng.permutation(len(d))]
    return o, d


def evaluate(kind, images, categories, annotations, found):
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = {"images": [{"id": i} for i in range(images)], "categories": categories, "annotations": annotations}
        gt.createIndex()
        e = COCOeval(gt, gt.loadRes(found), kind)
        e.evaluate()
        e.accumulate()
        e.summarize()
    return e


def coco(images, classes, o, d):
    xywh = lambda b: [b[0], b[1], b[2] - b[0], b[3] - b[1]]
    e = evaluate("bbox", images, [{"id": c} for c in range(classes)],
                 [{"id": i + 1, "image_id": g[0], "category_id": g[1], "bbox": xywh(g[2:6]), "iscrowd": g[7], "area": g[8]} for i, g in enumerate(o)],
                 [{"image_id": x[0], "category_id": x[1], "score": x[2], "bbox": xywh(x[3:7])} for x in d])
    each = [float(np.mean(p)) if (p := e.eval["precision"][:, :, c, 0, 2]).max() > -1 else None for c in range(classes)]
    return [float(v) for v in e.stats], each


def voc(metrics, classes, o, d):
    out = []
    for m in metrics:
        m = m(0.5, [str(c) for c in range(classes)])
        for im in range(max(x[0] for x in o + d) + 1):
            g, x = [r for r in o if r[0] == im], [r for r in d if r[0] == im]
            arr = lambda rows, k, w: np.array([r[k:k + w] for r in rows], float).reshape(1, len(rows), w)
            m.update(arr(x, 3, 4), arr(x, 1, 1), arr(x, 2, 1), arr(g, 2, 4), arr(g, 1, 1), arr(g, 6, 1))
        out.append([None if np.isnan(v) else float(v) for v in m.get()[1]][:classes])
    wanted = [sum(g[1] == c and not g[6] for g in o) for c in range(classes)]
    return {"area": out[0], "eleven": [v if n % 5 else None for v, n in zip(out[1], wanted)]}


def people(images, figures):
    """Figures [image crowd area x0 y0 x1 y1 (x y v)*17], poses [image score (x y)*17]."""
    o, d = [], []
    for i in range(figures):
        w, h = rng.integers(20, 160, 2)
        x, y = rng.integers(0, 300, 2)
        crowd, k = rng.random() < 0.1, [1, 0.5, 0][i % 3] if i % 7 else 0
        marks = (rng.random(17) < k) * rng.integers(1, 3, 17)
        at = np.stack([x + rng.integers(0, w, 17), y + rng.integers(0, h, 17)], 1)
        points = [int(v) for p, m in zip(at, marks) for v in ((*p, m) if m else (0, 0, 0))]
        im = int(rng.integers(images))
        o.append([im, int(crowd), float(w * h) / 2, int(x), int(y), int(x + w), int(y + h), *points])
        for _ in range(int(rng.integers(0, 4))):
            near = at + rng.integers(-12, 13, (17, 2)) * rng.random()
            d.append([im, round(float(rng.random()), 1), *[round(float(v), 1) for v in near.ravel()]])
    for _ in range(40):  # more than twenty in one picture
        d.append([0, round(float(rng.random()), 1), *[int(v) for v in rng.integers(0, 400, 34)]])
    e = evaluate("keypoints", images, [{"id": 1}],
                 [{"id": i + 1, "image_id": g[0], "category_id": 1, "iscrowd": g[1], "area": g[2], "bbox": [g[3], g[4], g[5] - g[3], g[6] - g[4]],
                   "keypoints": g[7:], "num_keypoints": sum(v > 0 for v in g[9::3])} for i, g in enumerate(o)],
                 [{"image_id": x[0], "category_id": 1, "score": x[1], "keypoints": [v for p in zip(x[2::2], x[3::2]) for v in (*p, 1)]} for x in d])
    return {"figures": o, "poses": d, "stats": [float(v) for v in e.stats]}


out = {"coco": [], "voc": []}
for images, classes, objects, jitter, ties, crowds, only in ((20, 4, 60, 6, False, True, None), (9, 5, 70, 12, True, True, 3), (6, 2, 9, 3, True, True, None)):
    o, d = boxes(images, classes, objects, jitter, ties, crowds, only)
    stats, each = coco(images, classes, o, d)
    out["coco"].append({"classes": classes, "objects": o, "detections": d, "stats": stats, "each": each})
    print(stats)
for images, classes, objects, jitter, only in ((20, 4, 61, 8, None), (8, 5, 52, 4, 3)):
    o, d = boxes(images, classes, objects, jitter, False, False, only)
    out["voc"].append({"classes": classes, "objects": o, "detections": d, **voc(gluon(sys.argv[1]), classes, o, d)})
    print({k: out["voc"][-1][k] for k in ("area", "eleven")})
out["people"] = people(12, 60)
print(out["people"]["stats"])
json.dump(out, open("metric/testdata/detection.json", "w"), separators=(",", ":"))
