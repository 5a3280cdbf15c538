"""farneback.json: what OpenCV's calcOpticalFlowFarneback makes of pairs of pictures, which this script draws: python3 farneback.py

Pictures are bytes, flows int16 in 1/1024 of a pixel, right and down in turn, both in base64.
"""

import base64
import json
import os

import cv2
import numpy as np

cv2.setNumThreads(1)


def texture(rng, y, x):
    """A sum of waves at the places (y, x), 0 to 255."""
    v = np.zeros(np.broadcast(y, x).shape)
    for _ in range(24):
        period, angle, phase = rng.uniform(5, 40), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
        v += np.sqrt(period) * np.sin(2 * np.pi / period * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return np.clip(127.5 + 127.5 * v / 40, 0, 255)


def moved(seed, h, w, motion):
    """A texture and the same texture, each of whose points (y, x) has moved to motion(y, x)'s preimage."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    sy, sx = motion(y, x)
    return (np.round(texture(np.random.RandomState(seed), *p)).astype(np.uint8) for p in ((y, x), (sy, sx)))


def shift(dy, dx):
    return lambda y, x: (y - dy, x - dx)


def turn(h, w, angle, zoom):
    """Points turn by angle and part by zoom about the middle."""
    c, s, my, mx = np.cos(angle) / zoom, np.sin(angle) / zoom, (h - 1) / 2, (w - 1) / 2
    return lambda y, x: (my + c * (y - my) - s * (x - mx), mx + s * (y - my) + c * (x - mx))


def discs(seed, h, w):
    """A flat ground, a moving ground of waves in its right half, and discs that move over both."""
    pair = [p.astype(float) for p in moved(seed, h, w, shift(0, 1))]
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    for p in pair:
        p[:, : w // 2] = 90
    for _ in range(5):
        cy, cx, r = rng.uniform(0, h), rng.uniform(0, w), rng.uniform(5, 12)
        vy, vx, level = rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(0, 255)
        for p, t in zip(pair, (0, 1)):
            d = np.hypot(y - cy - t * vy, x - cx - t * vx)
            a = np.clip(r + 0.5 - d, 0, 1)
            p[:] = p * (1 - a) + level * a
    return (np.round(p).astype(np.uint8) for p in pair)


USUAL = dict(Scale=0.5, Levels=3, Window=15, Iterations=3, Radius=5, Sigma=1.2, Gaussian=False)
CASES = [
    ("moved by a few pixels", moved(1, 80, 96, shift(1.5, -2.25)), {}),
    ("moved far, three levels", moved(2, 128, 136, shift(-6, 8)), {}),
    ("turned and enlarged, odd sides", moved(3, 67, 53, turn(67, 53, 0.04, 1.03)), {}),
    ("discs", discs(4, 72, 90), {}),
    ("a Gaussian window", discs(5, 72, 90), dict(Gaussian=True)),
    ("a small window, once, no pyramid", discs(6, 50, 60), dict(Window=5, Iterations=1, Levels=0)),
    ("a scale of 0.7, a wide neighbourhood", moved(7, 90, 101, shift(2, 3)), dict(Scale=0.7, Levels=4, Radius=7, Sigma=1.5, Window=21, Iterations=5)),
    ("narrower than the window", moved(8, 60, 10, shift(1, 0)), {}),
    ("two rows", moved(9, 2, 100, shift(0, 0.5)), {}),
    ("one row", moved(10, 1, 50, shift(0, 0.5)), {}),
    ("one pixel", moved(11, 1, 1, shift(0, 0)), {}),
]


def text(a):
    return base64.b64encode(a.tobytes()).decode()


if __name__ == "__main__":
    out = []
    for name, (prev, following), changed in CASES:
        o = dict(USUAL, **changed)
        f = cv2.calcOpticalFlowFarneback(prev, following, None, o["Scale"], o["Levels"], o["Window"], o["Iterations"], o["Radius"], o["Sigma"],
                                         cv2.OPTFLOW_FARNEBACK_GAUSSIAN if o["Gaussian"] else 0)
        if o["Levels"] == 0:
            o["Levels"] = -1
        h, w = prev.shape
        out.append(dict(Name=name, H=h, W=w, Options=o, Prev=text(prev), Next=text(following), Flow=text(np.round(f * 1024).astype("<i2"))))
        print(name, f.shape, f.mean((0, 1)), np.abs(f).max())
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "farneback.json")
    with open(path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]\n")
