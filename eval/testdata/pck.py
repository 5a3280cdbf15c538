"""PCK of made-up joints and guesses, by numpy alone: writes pck.json. Run: python pck.py

Every distance is in pixels of the picture; a joint counts where it is known and lies in the square in the picture's middle that is as wide as the
shorter side. A person's size is the first pair of joints that are both known; people without one are left out.
"""
import json
import numpy as np

rng = np.random.default_rng(4)
names = ["neck", "head_top", "left_hip", "right_hip", "left_shoulder", "right_shoulder", "left_wrist", "right_wrist"]
people = []
for n in range(60):
    h, w = int(rng.integers(40, 90)), int(rng.integers(40, 90))
    middle = np.array([w, h]) / 2 + rng.normal(0, 6, 2)
    at = middle + rng.normal(0, 13, (len(names), 2))
    known = rng.random(len(names)) < 0.8
    at = np.float32(np.round(at, 2))
    guess = np.float32(np.round(at + rng.normal(0, 5, at.shape) * rng.random((len(names), 1)), 2))
    people.append(dict(h=h, w=w, at=at, known=known, guess=guess))


def size(p, pairs):
    for a, b in pairs:
        i, j = names.index(a), names.index(b)
        if p["known"][i] and p["known"][j]:
            return float(np.linalg.norm(p["at"][i].astype(float) - p["at"][j].astype(float)))
    return None


def box(p):
    if not p["known"].any():
        return None
    k = p["at"][p["known"]].astype(float)
    return float((k.max(0) - k.min(0)).max())


def distances(of):
    """relative distances and the joints' names"""
    d, who, skipped = [], [], 0
    for p in people:
        s, side = of(p), min(p["h"], p["w"])
        low = np.array([p["w"] - side, p["h"] - side]) / 2
        for j, name in enumerate(names):
            at = p["at"][j].astype(float)
            if not p["known"][j] or (at < low).any() or (at > low + side).any():
                continue
            if not s:
                skipped += 1
                continue
            d.append(np.linalg.norm(p["guess"][j].astype(float) - at) / s)
            who.append(name.split("_", 1)[1] if name.split("_")[0] in ("left", "right") else name.replace("_", " "))
    return np.array(d), np.array(who), skipped


def area(d, top):
    """the area below the steps of the part of distances that are at most t, t from 0 to top, over top"""
    t = np.unique(np.concatenate([[0, top], d[d < top]]))
    return float(sum((b - a) * (d <= a).mean() for a, b in zip(t[:-1], t[1:])) / top)


torso = lambda p: size(p, [("left_hip", "right_shoulder"), ("right_hip", "left_shoulder")])
head = lambda p: size(p, [("head_top", "neck")])
want = {}
for label, of in (("torso", torso), ("box", box), ("head", head)):
    d, who, skipped = distances(of)
    want[label] = {
        "PCK@0.1": float((d <= 0.1).mean()), "PCK@0.2": float((d <= 0.2).mean()), "PCK AUC": area(d, 0.2), "PCKh@0.5": float((d <= 0.5).mean()),
        "n": len(d), "skipped": skipped, "hip@0.2": float((d[who == "hip"] <= 0.2).mean()), "hips": int((who == "hip").sum()),
    }
json.dump({"names": names, "people": [{**p, "at": p["at"].tolist(), "known": p["known"].tolist(), "guess": p["guess"].tolist()} for p in people], "want": want},
          open("pck.json", "w"))
