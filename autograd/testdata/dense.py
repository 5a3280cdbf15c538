"""Makes dense.json: outputs and gradients of PyTorch for TestDensePyTorch (dense_test.go).

  pip install torch numpy && python3 autograd/testdata/dense.py      (run in the repository's root; PyTorch 2.15)

Inputs are golden.fill(shape, "case/inK"), channels last; the gradient of the output is golden.fill(shape, "case/dy").
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch, torch.nn.functional as F
from golden import fill

out = {}


def case(name, shapes, f, scale=1.0):
    ins = [torch.tensor(fill(s, f"{name}/in{i}", scale), requires_grad=True) for i, s in enumerate(shapes)]
    y = f(*ins)
    dy = torch.tensor(fill(tuple(y.shape), f"{name}/dy"))
    (y * dy).sum().backward()
    r = lambda t: [float(f"{v:.8g}") for v in t.detach().contiguous().flatten().tolist()]
    out[name] = {"shape": list(y.shape), "y": r(y), "grads": [r(i.grad) for i in ins]}


T = lambda name, shape: torch.tensor(fill(shape, name))
one = lambda y: y.reshape(1)
case("layernorm_200", [(5, 200), (200,), (200,)], lambda x, g, b: F.layer_norm(x, (200,), g, b, 1e-6))
case("layernorm_offset", [(3, 72)], lambda x: F.layer_norm(x + 10, (72,)))
w = T("w", (2, 3, 4, 5)).abs()
p = T("wp", (2, 3, 4, 1)).abs()
t = T("t", (2, 3, 4, 5))
S = [(2, 3, 4, 5)]
case("l1_weight", S, lambda x: one(F.l1_loss(x, t, weight=w)))
case("l2_weight", S, lambda x: one(F.mse_loss(x, t, weight=w)))
case("huber_weight", S, lambda x: one(F.huber_loss(x, t, delta=0.4, weight=w, reduction="sum") / w.sum()))
case("l2_weight_sum", S, lambda x: one(F.mse_loss(x, t, weight=w, reduction="sum")))
case("l2_pixel", S, lambda x: one((p * (x - t) ** 2).sum() / (p.expand_as(x)).sum()))
case("bce_weight_sum", S, lambda x: one(F.binary_cross_entropy_with_logits(x, t.abs(), weight=w, reduction="sum")), 4.0)
case("bce_pixel", S, lambda x: one(F.binary_cross_entropy_with_logits(x, t.abs(), weight=p, reduction="sum") / p.expand_as(x).sum()), 4.0)
L = torch.tensor([0, 4, -1, 2, 3, 1, -1, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0, 1, 2, -1, 3, 4, 2]).reshape(2, 3, 4)
nchw = lambda x: x.permute(0, 3, 1, 2)
case("cross_entropy_pixels", S, lambda x: one(F.cross_entropy(nchw(x), L, ignore_index=-1)), 3.0)
case("cross_entropy_pixels_smooth", S, lambda x: one(F.cross_entropy(nchw(x), L, ignore_index=-1, label_smoothing=0.1)), 3.0)
keep = (L >= 0) * p[..., 0]
case("cross_entropy_pixels_weight", S, lambda x: one((F.cross_entropy(nchw(x), L, ignore_index=-1, reduction="none") * keep).sum() / keep.sum()), 3.0)
soft = F.softmax(t, -1)
case("cross_entropy_soft_pixels", S, lambda x: one(F.cross_entropy(nchw(x), nchw(soft))), 3.0)
case("cross_entropy_soft_weight", S, lambda x: one((F.cross_entropy(nchw(x), nchw(1.3 * soft), reduction="none") * p[..., 0]).sum() / p.sum()), 3.0)
case("bmm", [(3, 4, 5), (3, 5, 6)], torch.bmm)
case("bmm_nt", [(2, 3, 4, 5), (2, 3, 6, 5)], lambda a, b: a @ b.transpose(-1, -2))
case("attention", [(2, 5, 3, 4), (2, 7, 3, 4), (2, 7, 3, 4)],
     lambda q, k, v: F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)).transpose(1, 2), 2.0)


def qkv(x, heads):
    n, l, c = x.shape
    q, k, v = x.view(n, l, 3, heads, c // 3 // heads).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, l, c // 3)


case("attention_fused", [(2, 5, 36)], lambda x: qkv(x, 3), 2.0)
case("attention_blocks", [(1, 270, 6)], lambda x: qkv(x, 1), 2.0)
case("linear_gelu", [(2, 3, 5), (6, 5), (6,)], lambda x, w, b: F.gelu(F.linear(x, w, b)))
case("concat_slice", [(2, 5, 3), (2, 5, 4)], lambda a, b: torch.cat([a[:, 1::2], torch.zeros(2, 2, 2), b[:, :4:2]], 2))
json.dump(out, open("autograd/testdata/dense.json", "w"), separators=(",", ":"))
print(len(out), "cases")
