"""Makes specials.json: what PyTorch makes of NaN and infinity, for TestSpecials (specials_test.go).

  pip install torch numpy && python3 autograd/testdata/specials.py      (run in the repository's root; PyTorch 2.15)

"points": operations of element by element at NaN, inf, -inf, 0, -0, 1, -1, in a tensor long enough for vectors, whose results and gradients
are written as words. "fields": operations that mix elements; an input of golden.fill(shape, name + "/in0") has one special value, the
gradient of the output is golden.fill(shape, name + "/dy"); result and gradients are written one letter an element: n NaN, + inf, - -inf,
. a number. Images are channels last.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import torch, torch.nn.functional as F
from golden import fill

nan, inf = float("nan"), float("inf")
X = [nan, inf, -inf, 0.0, -0.0, 1.0, -1.0]
out = {"points": {}, "fields": {}}


def word(v): return "NaN" if v != v else "Inf" if v == inf else "-Inf" if v == -inf else f"{v:.5g}"
def letters(t): return "".join("n" if v != v else "+" if v == inf else "-" if v == -inf else "." for v in t.detach().contiguous().flatten().tolist())


for name, f in {
    "ReLU": F.relu, "LeakyReLU 0.2": lambda x: F.leaky_relu(x, 0.2), "ELU": F.elu, "GELU": F.gelu, "Tanh": torch.tanh, "Sigmoid": torch.sigmoid,
    "Exp": torch.exp, "Log": torch.log, "Sqrt": torch.sqrt, "Abs": torch.abs,
}.items():
    row = {}
    for dy in (1.0, inf, nan):
        x = torch.tensor(X * 10 + [0.0] * 26).requires_grad_()
        y = f(x)
        y.backward(torch.full_like(y, dy))
        row["y"] = [word(v) for v in y.tolist()[:7]]
        row[word(dy)] = [word(v) for v in x.grad.tolist()[:7]]
    out["points"][name] = row


def nchw(t): return t.permute(0, 3, 1, 2)
def nhwc(t): return t.permute(0, 2, 3, 1)
def wt(t): return t.permute(3, 2, 0, 1)


def field(name, shapes, at, f):
    for v in (nan, inf):
        x = torch.tensor(fill(shapes[0], f"{name}/in0"))
        x.view(-1)[at] = v
        ins = [x] + [torch.tensor(fill(s, f"{name}/in{i + 1}")) for i, s in enumerate(shapes[1:])]
        ins = [i.requires_grad_() for i in ins]
        y = f(*ins)
        y.backward(torch.tensor(fill(tuple(y.shape), f"{name}/dy")))
        out["fields"][f"{name}, {word(v)}"] = {"y": letters(y), "grads": [letters(i.grad) for i in ins]}


pixel = ((8 + 3) * 8 + 4) * 4 + 2  # of [2 8 8 4]: image 1, row 3, column 4, channel 2
M = [(2, 8, 8, 4)]
field("MaxPool 3 stride 2", M, pixel, lambda x: nhwc(F.max_pool2d(nchw(x), 3, 2, 1)))
field("AvgPool 3 stride 2", M, pixel, lambda x: nhwc(F.avg_pool2d(nchw(x), 3, 2, 1, count_include_pad=False)))
field("GlobalAvgPool", M, pixel, lambda x: nchw(x).mean((2, 3)))
field("Resize to 8x8", M, pixel, lambda x: nhwc(F.interpolate(nchw(x), (8, 8), mode="bilinear", align_corners=False)))
field("Resize to 13x5", M, pixel, lambda x: nhwc(F.interpolate(nchw(x), (13, 5), mode="bilinear", align_corners=False)))
field("BatchNorm, training", M + [(4,), (4,)], pixel, lambda x, g, b: nhwc(F.batch_norm(nchw(x), None, None, g, b, True)))
field("BatchNorm with ReLU, training", M + [(4,), (4,)], pixel, lambda x, g, b: F.relu(nhwc(F.batch_norm(nchw(x), None, None, g, b, True))))
field("GroupNorm 2", M + [(4,), (4,)], pixel, lambda x, g, b: nhwc(F.group_norm(nchw(x), 2, g, b)))
field("LayerNorm", M + [(4,), (4,)], pixel, lambda x, g, b: F.layer_norm(x, (4,), g, b))
field("LRN 3", M, pixel, lambda x: nhwc(F.local_response_norm(nchw(x), 3, 0.5, 0.75, 1.0)))
field("Softmax", M, pixel, lambda x: F.softmax(x, -1))
field("L2Normalize", M, pixel, lambda x: F.normalize(x, dim=-1))
field("CrossEntropy", [(6, 5)], 12, lambda x: F.cross_entropy(x, torch.tensor([0, 1, 2, 3, 4, 0])).reshape(1))
T = torch.tensor(fill((6, 5), "t"))
field("L1", [(6, 5)], 12, lambda x: F.l1_loss(x, T).reshape(1))
field("L2", [(6, 5)], 12, lambda x: F.mse_loss(x, T).reshape(1))
field("Huber 0.7", [(6, 5)], 12, lambda x: F.huber_loss(x, T, delta=0.7).reshape(1))
field("BCEWithLogits", [(6, 5)], 12, lambda x: F.binary_cross_entropy_with_logits(x, T.abs()).reshape(1))
field("MaxAxis", [(6, 5)], 12, lambda x: x.max(1)[0])
field("MatMul", [(6, 5), (5, 7)], 12, lambda a, b: a @ b)
field("Conv2D 3x3, direct", [(2, 8, 8, 16), (3, 3, 16, 16)], ((8 + 3) * 8 + 4) * 16 + 5, lambda x, w: nhwc(F.conv2d(nchw(x), wt(w), padding=1)))
json.dump(out, open("autograd/testdata/specials.json", "w"), separators=(",", ":"))
print(len(out["points"]), len(out["fields"]))
