"""Makes conv3d.json: outputs and gradients of PyTorch for convolutions and pools of clips; see conv3d_test.go.

  pip install torch numpy && python3 autograd/testdata/conv3d.py      (run in the repository's root; PyTorch 2.15)

Inputs are golden.fill(shape, "case/inK"), channels last; the gradient of the output is golden.fill(shape, "case/dy").
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


def conv(**k):
    return lambda x, w, b=None: last(F.conv3d(first(x), wt(w), b, **k))


def norm():
    def f(x, w, b, z=None):
        y = last(F.batch_norm(first(x), None, None, w, b, True))
        return F.relu(y + z) if z is not None else y
    return f


def pool(f, **k):
    return lambda x: last(f(first(x), **k))


case("conv", [(2, 4, 5, 6, 3), (3, 3, 3, 3, 4), (4,)], conv(padding=1))
case("conv_stem", [(1, 4, 9, 8, 3), (3, 7, 7, 3, 4)], conv(stride=(1, 2, 2), padding=(1, 3, 3)))
case("conv_stride", [(1, 5, 6, 7, 3), (3, 3, 3, 3, 4)], conv(stride=2, padding=1))
case("conv_time", [(2, 5, 3, 4, 3), (3, 1, 1, 3, 4), (4,)], conv(padding=(1, 0, 0)))
case("conv_time_stride", [(2, 5, 3, 4, 3), (3, 1, 1, 3, 4)], conv(stride=(2, 1, 1), padding=(1, 0, 0)))
case("conv_plane", [(2, 3, 5, 4, 3), (1, 3, 3, 3, 4)], conv(stride=(1, 2, 2), padding=(0, 1, 1)))
case("conv_shortcut", [(1, 5, 5, 4, 3), (1, 1, 1, 3, 4)], conv(stride=2))
case("conv_groups", [(1, 4, 5, 6, 4), (3, 2, 3, 2, 6)], conv(padding=(1, 0, 1), dilation=(1, 2, 1), groups=2))
case("conv_winograd", [(1, 3, 5, 6, 16), (3, 3, 3, 16, 16)], conv(padding=1))
case("maxpool", [(2, 5, 6, 7, 3)], pool(F.max_pool3d, kernel_size=2))
case("maxpool_first", [(1, 3, 6, 7, 3)], pool(F.max_pool3d, kernel_size=(1, 2, 2)))
case("maxpool_pad", [(1, 5, 6, 7, 3)], pool(F.max_pool3d, kernel_size=3, stride=2, padding=1, ceil_mode=True))
case("avgpool", [(1, 5, 6, 7, 3)], pool(F.avg_pool3d, kernel_size=(3, 2, 2), stride=(2, 2, 1), padding=(1, 0, 1), count_include_pad=False))
case("avgpool_pad", [(1, 5, 6, 7, 3)], pool(F.avg_pool3d, kernel_size=3, stride=2, padding=1))
case("global", [(2, 3, 4, 5, 3)], lambda x: x.mean((1, 2, 3)))
case("batchnorm", [(2, 3, 3, 2, 4), (4,), (4,)], norm())
case("batchnorm_relu_add", [(2, 3, 3, 2, 4), (4,), (4,), (2, 3, 3, 2, 4)], norm())
json.dump(out, open("autograd/testdata/conv3d.json", "w"), separators=(",", ":"))
print(len(out), "cases")
