"""Makes ops.json: outputs and gradients of PyTorch for the cases of golden_test.go.

  pip install torch numpy && python3 autograd/testdata/ops.py      (run in the repository's root; PyTorch 2.15)

Inputs are golden.fill(shape, "case/inK"), images channels last; the gradient of the output is golden.fill(shape, "case/dy").
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch, torch.nn.functional as F
from golden import fill

out = {}


def nchw(t): return t.permute(0, 3, 1, 2)
def nhwc(t): return t.permute(0, 2, 3, 1)
def wt(t): return t.permute(3, 2, 0, 1)   # [KH KW I O] -> [O I KH KW]


def case(name, shapes, f, scale=1.0):
    ins = [torch.tensor(fill(s, f"{name}/in{i}", scale), requires_grad=True) for i, s in enumerate(shapes)]
    y = f(*ins)
    dy = torch.tensor(fill(tuple(y.shape), f"{name}/dy"))
    (y * dy).sum().backward()
    r = lambda t: [float(f"{v:.8g}") for v in t.detach().contiguous().flatten().tolist()]
    out[name] = {"shape": list(y.shape), "y": r(y), "grads": [r(i.grad) for i in ins]}


T = lambda name, shape: torch.tensor(fill(shape, name))
L = torch.tensor([1, 0, 3, 2])
case("linear", [(4, 5), (5, 6), (6,)], lambda x, w, b: x @ w + b)
case("conv", [(2, 7, 6, 3), (3, 3, 3, 5), (5,)], lambda x, w, b: nhwc(F.conv2d(nchw(x), wt(w), b, padding=1)))
case("conv_s2", [(2, 7, 8, 4), (3, 3, 4, 5)], lambda x, w: nhwc(F.conv2d(nchw(x), wt(w), stride=2, padding=1)))
case("conv_groups", [(2, 6, 6, 4), (3, 3, 2, 6)], lambda x, w: nhwc(F.conv2d(nchw(x), wt(w), padding=1, groups=2)))
case("conv_depthwise", [(2, 6, 6, 4), (3, 3, 1, 4)], lambda x, w: nhwc(F.conv2d(nchw(x), wt(w), padding=1, groups=4)))
case("conv_dilated", [(1, 9, 9, 2), (3, 3, 2, 3)], lambda x, w: nhwc(F.conv2d(nchw(x), wt(w), padding=2, dilation=2)))
# torch: [I O KH KW]; ours: [KH KW O I]
case("conv_transpose", [(2, 4, 3, 3), (3, 3, 5, 3), (5,)],
     lambda x, w, b: nhwc(F.conv_transpose2d(nchw(x), w.permute(3, 2, 0, 1), b, stride=2, padding=1, output_padding=1)))
case("maxpool", [(2, 7, 8, 3)], lambda x: nhwc(F.max_pool2d(nchw(x), 3, 2, 1)))
case("maxpool_ceil", [(2, 8, 8, 3)], lambda x: nhwc(F.max_pool2d(nchw(x), 3, 2, 0, ceil_mode=True)))
case("avgpool", [(2, 7, 8, 3)], lambda x: nhwc(F.avg_pool2d(nchw(x), 3, 2, 1, count_include_pad=False)))
case("avgpool_pad", [(2, 7, 8, 3)], lambda x: nhwc(F.avg_pool2d(nchw(x), 3, 2, 1)))
case("adaptive", [(2, 7, 5, 3)], lambda x: nhwc(F.adaptive_avg_pool2d(nchw(x), (3, 2))))
case("resize_up", [(1, 4, 5, 2)], lambda x: nhwc(F.interpolate(nchw(x), (7, 9), mode="bilinear", align_corners=False)))
case("resize_down", [(1, 7, 6, 2)], lambda x: nhwc(F.interpolate(nchw(x), (3, 4), mode="bilinear", align_corners=False)))
case("batchnorm", [(3, 4, 4, 5), (5,), (5,)], lambda x, g, b: nhwc(F.batch_norm(nchw(x), None, None, g, b, True, 0.1, 1e-5)))
case("batchnorm_relu_add", [(3, 4, 4, 5), (5,), (5,), (3, 4, 4, 5)],
     lambda x, g, b, z: F.relu(nhwc(F.batch_norm(nchw(x), None, None, g, b, True, 0.1, 1e-5)) + z))
case("groupnorm", [(2, 3, 3, 6), (6,), (6,)], lambda x, g, b: nhwc(F.group_norm(nchw(x), 3, g, b)))
case("layernorm", [(3, 7), (7,), (7,)], lambda x, g, b: F.layer_norm(x, (7,), g, b))
case("lrn", [(2, 3, 3, 9)], lambda x: nhwc(F.local_response_norm(nchw(x), 5, 0.5, 0.75, 1.0)), 2.0)
for n, f in (("gelu", F.gelu), ("elu", F.elu), ("leaky", lambda x: F.leaky_relu(x, 0.2)), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid),
             ("softmax", lambda x: F.softmax(x, -1)), ("normalize", lambda x: F.normalize(x, dim=-1)), ("exp", torch.exp)):
    case(n, [(4, 9)], f, 3.0)
case("cross_entropy", [(4, 5)], lambda x: F.cross_entropy(x, L).reshape(1), 3.0)
case("cross_entropy_smooth", [(4, 5)], lambda x: F.cross_entropy(x, L, label_smoothing=0.1).reshape(1), 3.0)
soft = F.softmax(T("soft", (4, 5)), -1)
case("cross_entropy_soft", [(4, 5)], lambda x: F.cross_entropy(x, soft).reshape(1), 3.0)
case("kl", [(4, 5)], lambda x: F.kl_div(F.log_softmax(x, -1), soft, reduction="batchmean").reshape(1), 3.0)
case("bce", [(4, 5)], lambda x: F.binary_cross_entropy_with_logits(x, T("t", (4, 5)).abs()).reshape(1), 3.0)
case("l1", [(4, 5)], lambda x: F.l1_loss(x, T("t", (4, 5))).reshape(1))
case("l2", [(4, 5)], lambda x: F.mse_loss(x, T("t", (4, 5))).reshape(1))
case("huber", [(4, 5)], lambda x: F.huber_loss(x, T("t", (4, 5)), delta=0.7).reshape(1), 2.0)
case("triplet", [(4, 6)] * 3, lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=1.0).reshape(1))
case("cosine", [(4, 6)] * 2, lambda a, b: (1 - F.cosine_similarity(a, b)).mean().reshape(1))


def ntxent(z):
    u = F.normalize(z, dim=-1)
    s = u @ u.T / 0.5
    s = s.masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(z) // 2
    return F.cross_entropy(s, torch.tensor([(i + n) % (2 * n) for i in range(2 * n)])).reshape(1)


case("ntxent", [(6, 4)], ntxent)
case("embedding", [(5, 3)], lambda w: F.embedding(torch.tensor([2, 0, 2]), w))
json.dump(out, open("autograd/testdata/ops.json", "w"), separators=(",", ":"))
print(len(out), "cases")
