"""Makes detect.json: torchvision's nms, box coder, matcher, and the losses of Faster R-CNN, for golden_test.go.

  pip install torch torchvision numpy && python3 eval/detect/testdata/detect.py      (run in the repository's root; torchvision 0.26 or later)

Inputs are golden.fill(shape, name), or made of it by make_boxes.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import torch, torchvision
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.roi_heads import fastrcnn_loss
from torchvision.models.detection.rpn import RegionProposalNetwork
from golden import fill


def make_boxes(n, name):  # corners in [0, 80), sides in [4, 36)
    v = torch.tensor(fill((n, 4), name))
    at, side = (v[:, :2] + 1) * 40, (v[:, 2:] + 1) * 16 + 4
    return torch.cat([at, at + side], 1)


out = {"nms": {}}
boxes, scores = make_boxes(200, "boxes"), torch.tensor(fill((200,), "scores"))
scores[50:60] = scores[0]  # equally sure
for most in (0.3, 0.5, 0.7):
    out["nms"][str(most)] = torchvision.ops.nms(boxes, scores, most).tolist()

a, b = make_boxes(40, "anchors"), make_boxes(40, "objects")
coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
out["encoded"] = coder.encode_single(b.double(), a.double()).flatten().tolist()
deltas = torch.tensor(fill((40, 4), "deltas")) * 30
out["decoded"] = coder.decode_single(deltas.double(), a.double()).flatten().tolist()

anchors, objects = make_boxes(300, "boxes300"), make_boxes(7, "seven")
like = torchvision.ops.box_iou(objects, anchors)
for every in (False, True):
    out[f"matched{int(every)}"] = Matcher(0.7, 0.3, every)(like).tolist()
out["matched_half"] = Matcher(0.5, 0.5, False)(like).tolist()

cls = (torch.tensor(fill((30, 6), "logits")) * 3).double().requires_grad_()
reg = torch.tensor(fill((30, 24), "regression")).double().requires_grad_()
labels = torch.tensor([i % 6 if i % 3 == 0 else 0 for i in range(30)])
targets = torch.tensor(fill((30, 4), "targets")).double()
c, r = fastrcnn_loss(cls, reg, [labels], [targets])
(c + r).backward()
out["box_loss"] = {"y": (c + r).item(), "dclass": cls.grad.flatten().tolist(), "dbox": reg.grad.flatten()[0:].tolist(), "labels": labels.tolist()}


class All:  # a sampler that takes every anchor that is not between
    def __call__(self, labels): return [torch.where(l >= 1, 1, 0).to(torch.uint8) for l in labels], [torch.where(l == 0, 1, 0).to(torch.uint8) for l in labels]


rpn = RegionProposalNetwork.__new__(RegionProposalNetwork)
torch.nn.Module.__init__(rpn)
rpn.fg_bg_sampler = All()
logit = (torch.tensor(fill((50, 1), "objectness")) * 3).double().requires_grad_()
reg = torch.tensor(fill((50, 4), "rpn regression")).double().requires_grad_()
kind = torch.tensor([1.0 if i % 7 == 0 else -1.0 if i % 5 == 0 else 0.0 for i in range(50)]).double()
targets = torch.tensor(fill((50, 4), "rpn targets")).double()
c, r = rpn.compute_loss(logit, reg, [kind], [targets])
(c + r).backward()
out["rpn_loss"] = {"y": (c + r).item(), "dclass": logit.grad.flatten().tolist(), "dbox": reg.grad.flatten().tolist(), "labels": kind.tolist()}
json.dump(out, open("eval/detect/testdata/detect.json", "w"))
