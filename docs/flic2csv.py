"""Turns FLIC's examples.mat (Sapp and Taskar 2013, MODEC) into the CSV of joints that --data people:FILE reads.

  pip install numpy scipy
  python3 docs/flic2csv.py FLIC/examples.mat FLIC/joints.csv

The pictures stay in FLIC/images. Of the authors' 29 places the eleven that are marked by hand are taken: shoulders, elbows, wrists, hips, eyes, nose. Places count from 1 there.
"""
import csv, sys
import numpy as np
from scipy.io import loadmat

PLACES = {"left_shoulder": 0, "left_elbow": 1, "left_wrist": 2, "right_shoulder": 3, "right_elbow": 4, "right_wrist": 5, "left_hip": 6, "right_hip": 9, "left_eye": 12, "right_eye": 13,
          "nose": 16}

mat, out = sys.argv[1:3]
with open(out, "w", newline="") as f:
    rows = csv.writer(f)
    rows.writerow(["image", "split"] + [f"{name}_{what}" for name in PLACES for what in "xyv"])
    for e in loadmat(mat, squeeze_me=True, struct_as_record=False)["examples"]:
        if not (e.istrain or e.istest):
            continue
        row = [str(e.filepath), "train" if e.istrain else "test"]
        for k in PLACES.values():
            x, y = np.asarray(e.coords, float)[:, k] - 1
            row += [f"{x:.2f}", f"{y:.2f}", 1] if np.isfinite([x, y]).all() else [0, 0, 0]
        rows.writerow(row)
