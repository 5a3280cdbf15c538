"""Makes edges.json: outputs and gradients of PyTorch for TestEdgesPyTorch (edges_test.go).

  pip install torch numpy && python3 autograd/testdata/edges.py      (run in the repository's root; PyTorch 2.15)

Inputs are golden.fill(shape, "case/inK"), images channels last; the gradient of the output is golden.fill(shape, "case/dy").
"""
import json, sys
sys.path.insert(0, "internal/golden")
import torch, torch.nn.functional as F
from golden import fill

out = {}


def nchw(t): return t.permute(0, 3, 1, 2)
def nhwc(t): return t.permute(0, 2, 3, 1)


def case(name, shapes, f, scale=1.0):
    ins = [torch.tensor(fill(s, f"{name}/in{i}", scale), requires_grad=True) for i, s in enumerate(shapes)]
    y = f(*ins)
    dy = torch.tensor(fill(tuple(y.shape), f"{name}/dy"))
    (y * dy).sum().backward()
    r = lambda t: [float(f"{v:.8g}") for v in t.detach().contiguous().flatten().tolist()]
    out[name] = {"shape": list(y.shape), "y": r(y), "grads": [r(i.grad) for i in ins]}


def transpose(name, kernel, **o):
    shapes = [(2, 4, 3, 4), kernel, (kernel[2] * o.get("groups", 1),)]
    # torch: [I O/G KH KW]; ours: [KH KW O/G I]
    case("transpose_" + name, shapes, lambda x, w, b: nhwc(F.conv_transpose2d(nchw(x), w.permute(3, 2, 0, 1), b, **o)))


transpose("dilated", (3, 3, 5, 4), dilation=2, output_padding=1)
transpose("dilated_padded", (3, 3, 5, 4), dilation=3, padding=2, output_padding=(1, 2))
transpose("dilated_more_than_padded", (3, 2, 5, 4), dilation=(4, 3), padding=1, output_padding=(3, 2))
transpose("dilated_stride", (3, 3, 5, 4), stride=2, dilation=4, padding=(1, 0), output_padding=(3, 1))
transpose("dilated_groups", (3, 3, 3, 4), dilation=2, padding=1, output_padding=1, groups=2)
transpose("one_element", (1, 1, 5, 4), dilation=3, output_padding=2)
for a in (-1.5, 0.3, 2.0):
    case(f"elu_{a}", [(9, 9)], lambda x: F.elu(x, a), 20.0)
for s in (0.4, 1.7):
    t = s * F.softmax(torch.tensor(fill((4, 5), "soft")), -1)
    case(f"soft_{s}", [(4, 5)], lambda x: F.cross_entropy(x, t).reshape(1), 3.0)
json.dump(out, open("autograd/testdata/edges.json", "w"), separators=(",", ":"))
print(len(out), "cases")
