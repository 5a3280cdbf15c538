"""Makes conv.json: outputs and gradients of PyTorch for convolutions and pools whose axes or sides differ; see conv_test.go.

  pip install torch numpy && python3 autograd/testdata/conv.py      (run in the repository's root; PyTorch 2.15)

Inputs are golden.fill(shape, "case/inK"), channels last; the gradient of the output is golden.fill(shape, "case/dy"). PyTorch pads
both sides alike: where sides differ the input is padded first (F.pad), or a transposed convolution's output is cut.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import torch, torch.nn.functional as F
from golden import fill

out = {}


def first(t): return t.movedim(-1, 1)            # channels
def last(t): return t.movedim(1, -1)
def wt(t): return t.movedim((-1, -2), (0, 1))    # [... I O] -> [O I ...]


def case(name, shapes, f):
    ins = [torch.tensor(fill(s, f"{name}/in{i}", 1.0), requires_grad=True) for i, s in enumerate(shapes)]
    y = f(*ins)
    (y * torch.tensor(fill(tuple(y.shape), f"{name}/dy"))).sum().backward()
    r = lambda t: [float(f"{v:.8g}") for v in t.detach().contiguous().flatten().tolist()]
    out[name] = {"shape": list(y.shape), "y": r(y), "grads": [r(i.grad) for i in ins]}


def conv(pad, **k):  # pad: left, right, top, bottom
    return lambda x, w, b=None: last(F.conv2d(F.pad(first(x), pad), wt(w), b, **k))


def pool(f, pad=(0, 0, 0, 0), value=0.0, **k):
    return lambda x: last(f(F.pad(first(x), pad, value=value), **k))


case("conv_sides", [(2, 7, 6, 3), (3, 3, 3, 5), (5,)], conv((0, 2, 1, 0)))
case("conv_strides", [(2, 8, 9, 3), (3, 2, 3, 4)], conv((2, 0, 0, 1), stride=(2, 3)))
case("conv_dilations", [(1, 9, 8, 2), (2, 3, 2, 3)], conv((1, 2, 0, 3), stride=(1, 2), dilation=(3, 2)))
case("conv_rows", [(1, 9, 8, 2), (3, 3, 2, 3)], conv((1, 0, 0, 2), dilation=(2, 1)))
case("conv_groups", [(2, 6, 7, 4), (3, 2, 2, 6)], conv((1, 0, 0, 2), stride=(1, 2), groups=2))
case("conv_depthwise", [(2, 6, 7, 4), (2, 3, 1, 4)], conv((1, 2, 1, 0), stride=(2, 1), dilation=(1, 2), groups=4))
case("conv_pixel", [(2, 7, 8, 3), (1, 1, 3, 4)], conv((0, 0, 0, 0), stride=(3, 2)))
case("conv_winograd", [(1, 6, 7, 16), (3, 3, 16, 16)], conv((0, 2, 1, 0)))
case("conv1d", [(2, 9, 3), (3, 3, 4), (4,)], lambda x, w, b: last(F.conv1d(F.pad(first(x), (2, 1)), wt(w), b, stride=2, dilation=2)))
case("conv1d_causal", [(2, 8, 4), (2, 2, 6)], lambda x, w: last(F.conv1d(F.pad(first(x), (1, 0)), wt(w), groups=2)))
# torch: [I O/G KH KW]; ours: [KH KW O/G I]
case("transpose_strides", [(2, 4, 3, 3), (3, 2, 5, 3), (5,)],
     lambda x, w, b: last(F.conv_transpose2d(first(x), wt(w), b, stride=(2, 3), padding=(1, 0), output_padding=(1, 2))))
case("transpose_groups", [(2, 4, 3, 6), (3, 2, 2, 6)],
     lambda x, w: last(F.conv_transpose2d(first(x), wt(w), stride=(1, 2), dilation=(2, 1), groups=2)))
case("transpose_sides", [(1, 4, 3, 2), (3, 4, 3, 2)],
     lambda x, w: last(F.conv_transpose2d(first(x), wt(w), stride=2)[:, :, 1:, 2:-1]))
case("maxpool_sides", [(2, 7, 8, 3)], pool(F.max_pool2d, (0, 1, 2, 0), float("-inf"), kernel_size=3, stride=(2, 1)))
case("maxpool_ceil", [(2, 8, 5, 3)], pool(F.max_pool2d, kernel_size=(3, 2), stride=(2, 3), padding=(0, 1), ceil_mode=True))
case("maxpool_beyond", [(1, 8, 9, 2)], pool(F.max_pool2d, kernel_size=(4, 3), stride=(5, 3), padding=(2, 1), ceil_mode=True))
case("avgpool_ceil", [(2, 8, 9, 3)], pool(F.avg_pool2d, kernel_size=(3, 4), stride=(2, 3), padding=(1, 2), ceil_mode=True, count_include_pad=False))
case("avgpool_ceil_pad", [(2, 8, 9, 3)], pool(F.avg_pool2d, kernel_size=(3, 4), stride=(2, 3), padding=(1, 2), ceil_mode=True))
case("avgpool_sides_pad", [(2, 7, 8, 3)], pool(F.avg_pool2d, (0, 1, 2, 0), kernel_size=3, stride=(2, 1)))
json.dump(out, open("autograd/testdata/conv.json", "w"), separators=(",", ":"))
print(len(out), "cases")
