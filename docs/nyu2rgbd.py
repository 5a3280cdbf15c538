"""Turns nyu_depth_v2_labeled.mat (NYU Depth v2, Silberman et al. 2012; HDF5) into a folder that --data rgbd:DIR reads.

  pip install h5py numpy pillow scipy
  python3 docs/nyu2rgbd.py nyu_depth_v2_labeled.mat splits.mat nyu        1449 pairs: 795 to train on, 654 to test on

splits.mat is the authors' (trainNdxs, testNdxs). Depths are the filled ones, written in millimetres; the camera is that of the authors' toolbox.
"""
import csv, os, sys
import h5py
import numpy as np
from PIL import Image
from scipy.io import loadmat

CAMERA = [518.85790117450188, 519.46961112127485, 325.58244941119034, 253.73616633400465]  # camera_params.m: fx_rgb, fy_rgb, cx_rgb, cy_rgb

mat, splits, out = sys.argv[1:4]
train = set(loadmat(splits)["trainNdxs"].ravel().tolist())
os.makedirs(out, exist_ok=True)
with h5py.File(mat, "r") as f, open(os.path.join(out, "pairs.csv"), "w", newline="") as table:
    rows = csv.writer(table)
    rows.writerow(["rgb", "depth", "scene", "split", "depth_unit", "fx", "fy", "cx", "cy"])
    for i in range(f["images"].shape[0]):
        scene = "".join(map(chr, f[f["scenes"][0, i]][()].ravel()))
        rgb, depth = f"{i + 1:04d}.png", f"{i + 1:04d}.depth.png"
        Image.fromarray(f["images"][i].transpose(2, 1, 0)).save(os.path.join(out, rgb))  # Matlab's order: [3 W H]
        mm = np.clip(np.round(f["depths"][i].T.astype(np.float64) * 1000), 0, 65534).astype(np.uint16)
        Image.fromarray(mm).save(os.path.join(out, depth))
        rows.writerow([rgb, depth, scene, "train" if i + 1 in train else "test", "millimetres"] + CAMERA)
