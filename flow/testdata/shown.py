"""shown.json: what torchvision draws of a flow, and torch's grid_sample of a picture moved by it: python3 shown.py"""

import json
import os
import zlib

import numpy as np
import torch
from torchvision.utils import flow_to_image


def fill(shape, name, scale):
    """golden.Fill: numbers in [-scale, scale) that depend on name and position alone."""
    seed = zlib.crc32(name.encode())
    v = (np.arange(int(np.prod(shape)), dtype=np.uint64) * 2654435761 + seed) & 0xFFFFFFFF
    v ^= v >> 15
    v = v * 2246822519 & 0xFFFFFFFF
    v ^= v >> 13
    v = v * 3266489917 & 0xFFFFFFFF
    v ^= v >> 16
    return ((v / 2**32 * 2 - 1) * scale).astype(np.float32).reshape(shape)


h, w = 9, 14
flow = fill((h, w, 2), "flow", 6)
flow[0, :8] = [[1, 0], [0, 1], [-1, 0], [0, -1], [0, 0], [6, 0], [-6, 0.001], [-6, -0.001]]
colour = flow_to_image(torch.from_numpy(flow).permute(2, 0, 1)).permute(1, 2, 0)
picture = fill((h, w, 3), "picture", 255)
y, x = np.mgrid[0:h, 0:w]
grid = np.stack([(x + flow[..., 0]) / (w - 1) * 2 - 1, (y + flow[..., 1]) / (h - 1) * 2 - 1], -1)
warped = torch.nn.functional.grid_sample(torch.from_numpy(picture).double().permute(2, 0, 1)[None], torch.from_numpy(grid)[None].double(),
                                         padding_mode="border", align_corners=True)[0].permute(1, 2, 0)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shown.json")
with open(path, "w") as file:
    json.dump(dict(H=h, W=w, Flow=flow.ravel().tolist(), Colour=colour.ravel().tolist(), Warped=[round(v, 4) for v in warped.ravel().tolist()]), file)
