"""Makes boxes.json: torchvision's roi_align, sigmoid_focal_loss and generalized_box_iou_loss in float64, for TestBoxes (boxes_test.go).

  pip install torch torchvision numpy && python3 autograd/testdata/boxes.py      (run in the repository's root; PyTorch 2.15)

Inputs are golden.fill(shape, name + "/x"), the gradient of a result golden.fill(shape, name + "/dy"). Maps are channels last.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import torch, torchvision
from golden import fill

out = {"roi": {}, "focal": {}, "giou": {}}
ROIS = [[0, 1, 1, 9, 7], [1, 0, 0, 16, 12], [0, -6, -4, 5, 30], [1, 3.2, 4.7, 3.9, 5.1], [0, 14, 10, 40, 40], [1, 5, 5, 5, 5], [0, 9, 8, 4, 3], [1, 50, 50, 60, 60],
        [0, -8, -8, 24, 24], [1, -100, -100, 100, 100], [0, -3, -5000, 5, 9000]]  # those need many samples, of which few lie on the map


def t(x, shape=None): return torch.tensor(x, dtype=torch.float64) if shape is None else torch.tensor(x, dtype=torch.float64).reshape(shape)


for name, (oh, ow, scale, sampling) in {"2x3": (2, 3, 1.0, 2), "7x7 adaptive": (7, 7, 0.5, 0), "3x2 adaptive": (3, 2, 1.0, 0), "5x4 one": (5, 4, 0.75, 1), "1x1 adaptive": (1, 1, 1.0, 0)}.items():
    x = t(fill((2, 6, 8, 3), name + "/x").tolist()).requires_grad_()
    y = torchvision.ops.roi_align(x.permute(0, 3, 1, 2), t(ROIS), (oh, ow), scale, sampling, True).permute(0, 2, 3, 1)
    y.backward(t(fill(tuple(y.shape), name + "/dy").tolist()))
    out["roi"][name] = {"oh": oh, "ow": ow, "scale": scale, "sampling": sampling, "y": y.flatten().tolist(), "dx": x.grad.flatten().tolist()}
out["rois"] = ROIS

for name, (alpha, gamma, scale) in {"usual": (0.25, 2.0, 4), "plain": (-1.0, 0.0, 4), "sharp": (0.6, 1.5, 4), "far": (0.25, 2.0, 80)}.items():
    x = t((fill((7, 5), name + "/x") * scale).tolist()).requires_grad_()
    target = (t(fill((7, 5), name + "/t").tolist()) > 0.3).double()
    y = torchvision.ops.sigmoid_focal_loss(x, target, alpha, gamma, "sum")
    y.backward()
    out["focal"][name] = {"alpha": alpha, "gamma": gamma, "scale": scale, "y": y.item(), "dx": x.grad.flatten().tolist()}

BOXES = [[1, 1, 5, 6], [0, 0, 4, 4], [2, 3, 8, 9], [10, 10, 12, 12], [3, 3, 3, 3], [5, 5, 4, 4], [0, 0, 9, 9], [2.5, 1.25, 7.5, 3]]
TARGETS = [[2, 2, 6, 5], [5, 5, 9, 8], [2.1, 3.1, 8.2, 8.5], [0, 0, 1, 1], [1, 1, 5, 5], [2, 2, 6, 6], [3, 3, 4, 4], [0, 2, 3, 9]]
x = t(BOXES).requires_grad_()
y = torchvision.ops.generalized_box_iou_loss(x, t(TARGETS), "sum")
y.backward()
out["giou"] = {"boxes": sum(BOXES, []), "targets": sum(TARGETS, []), "y": y.item(), "dx": x.grad.flatten().tolist()}
json.dump(out, open("autograd/testdata/boxes.json", "w"))
