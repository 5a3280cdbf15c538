"""Makes resample.json: recordings at other rates by soxr's best quality; of each result every so manieth number is kept.

    python3 spectrum/testdata/resample.py > spectrum/testdata/resample.json

Needs numpy and soxr.
"""
import json

import numpy as np
import soxr

SAMPLES, EVERY = 24000, 37
cases = []
for a, b in ((48000, 16000), (44100, 16000), (16000, 48000), (44100, 48000), (48000, 44100), (22050, 16000), (8000, 11025)):
    i = np.arange(SAMPLES)
    lower = min(a, b) / a
    soft = np.sin(np.pi * i / SAMPLES) ** 4
    x = sum(soft * 0.2 * np.sin(np.pi * lower * 0.19 * k * i + k) for k in (1, 2, 3, 4))
    y = soxr.resample(x, a, b, quality="VHQ")
    cases.append({"from": a, "to": b, "y": {"shape": list(y.shape), "top": float(np.abs(y).max()), "values": [float(f"{v:.8g}") for v in y[::EVERY]]}})
print(json.dumps({"samples": SAMPLES, "every": EVERY, "cases": cases}))
