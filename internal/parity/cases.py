"""Writes PyTorch's own samples of the operations that we have, with its results in float32 and float64, for `go run ./internal/parity DIR`.

  pip install torch numpy expecttest
  python3 internal/parity/cases.py DIR            all samples of op_db, module_db and optim_db (PyTorch 2.15), and a few at real sizes
  python3 internal/parity/cases.py --small DIR    a few small ones of each, which lie in internal/parity/testdata

DIR/cases.json lists the cases, DIR/cases.bin holds their numbers as little-endian float64. HANDLERS and MODULES are the one table from
PyTorch's names to ours: a handler takes the arguments of PyTorch's function and returns a Case in our layout (channels last), whose f is
PyTorch's function again. What a handler cannot say in our words it refuses with Skip, which is counted and printed.
"""
import argparse, json, math, os, warnings
import numpy as np, torch, torch.nn.functional as F

warnings.filterwarnings("ignore")
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db


class Skip(Exception):
    pass


class Case:
    """op: our name; inputs: tensors in our layout; f: PyTorch's function of them, result in our layout."""

    def __init__(self, op, inputs, f, ints=None, floats=None, labels=None):
        self.op, self.inputs, self.f = op, inputs, f
        self.ints, self.floats, self.labels = ints or {}, floats or {}, labels


def need(ok, reason):
    if not ok:
        raise Skip(reason)


def pair(v, n=2):
    v = [v] * n if isinstance(v, int) else list(v)
    return v * n if len(v) == 1 else v


def const(t): return t.detach()


# Elementwise

def unary(op, f, **floats):
    def handler(x, inplace=False):
        return Case(op, [x], f, floats=floats)
    return handler


def leaky_relu(x, negative_slope=0.01, inplace=False):
    return Case("LeakyReLU", [x], lambda x: F.leaky_relu(x, negative_slope), floats={"slope": negative_slope})


def elu(x, alpha=1.0, inplace=False):
    return Case("ELU", [x], lambda x: F.elu(x, alpha), floats={"alpha": alpha})


def gelu(x, approximate="none"):
    need(approximate == "none", "the tanh form")
    return Case("GELU", [x], F.gelu)


def binary(op, f):
    def handler(a, b, alpha=1, rounding_mode=None):
        need(isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor), "an operand that is no tensor")
        need(alpha == 1, "a factor alpha")
        need(rounding_mode is None, "rounding")
        return Case(op, [a, b], f)
    return handler


def softmax(x, dim=None, *a, dtype=None, _stacklevel=3, **k):
    need(dtype is None, "another type")
    need(x.dim() > 0, "no axes")
    return Case("Softmax", [x.movedim(dim, -1)], lambda x: F.softmax(x, -1))


# Sums, products

def reduce(op, f):
    def handler(x, dim=None, keepdim=False, dtype=None):
        need(dtype is None, "another type")
        if isinstance(dim, (list, tuple)) and len(dim) == 1:
            dim = dim[0]
        if dim is None or dim == [] or dim == ():
            need(not keepdim, "keepdim")
            return Case(op, [x], lambda x: f(x).reshape(1))
        need(isinstance(dim, int), "several axes at once")
        need(x.dim() > 0, "no axes")
        need(not keepdim, "keepdim")
        dim %= x.dim()
        return Case(op + "Axis", [x], lambda x: f(x, dim), ints={"axis": [dim]})
    return handler


def maximum(x, dim=None, keepdim=False):
    need(isinstance(dim, int) and x.dim() > 0, "all axes at once")
    need(not keepdim, "keepdim")
    dim %= x.dim()
    return Case("MaxAxis", [x], lambda x: torch.max(x, dim)[0], ints={"axis": [dim]})


def matmul(a, b):
    if a.dim() >= 2 and b.dim() == 2:
        return Case("MatMul", [a, b], lambda a, b: a @ b)
    need(a.dim() == b.dim() and a.dim() in (3, 4) and a.shape[:-2] == b.shape[:-2], "vectors, or batches that are broadcast")
    return Case("BatchMatMul", [a, b], lambda a, b: a @ b)


def linear(x, w, b=None):
    need(x.dim() >= 1 and w.dim() == 2, "a weight that is a vector")
    return Case("Linear", [x, w.T] + ([] if b is None else [b]), lambda x, w, *b: F.linear(x, w.T, *b))


def attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False):
    need(attn_mask is None and not is_causal, "a mask")
    need(dropout_p == 0, "dropout")
    need(not enable_gqa and q.dim() == 4 and q.shape[:2] == k.shape[:2], "heads that are shared")
    s = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    t = lambda x: x.transpose(1, 2)
    return Case("Attention", [t(q), t(k), t(v)], lambda q, k, v: t(F.scaled_dot_product_attention(t(q), t(k), t(v), scale=scale)), floats={"scale": s})


# Shapes

def cat(tensors, dim=0):
    need(all(t.dim() == tensors[0].dim() for t in tensors) and tensors[0].dim() > 0, "tensors of other numbers of axes")
    dim %= tensors[0].dim()
    return Case("Concat", list(tensors), lambda *t: torch.cat(t, dim), ints={"axis": [dim]})


def permute(x, *dims):
    d = [v % x.dim() for v in (dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims)]
    return Case("Permute", [x], lambda x: x.permute(d), ints={"order": d})


def transpose(x, a, b):
    need(x.dim() > 0, "no axes")
    d = list(range(x.dim()))
    d[a], d[b] = d[b], d[a]
    return Case("Permute", [x], lambda x: x.permute(d), ints={"order": d})


def reshape(x, *shape):
    s = list(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)
    return Case("Reshape", [x], lambda x: x.reshape(s), ints={"shape": s})


def expand(x, *shape):
    s = list(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)
    s = [x.shape[i - len(s)] if v == -1 else v for i, v in enumerate(s)]
    return Case("Broadcast", [x], lambda x: x.expand(s), ints={"shape": s})


def narrow(x, dim, start, length):
    dim %= x.dim()
    start = int(start) % max(x.shape[dim], 1) if int(start) < 0 else int(start)
    return Case("Slice", [x], lambda x: x.narrow(dim, start, length), ints={"axis": [dim], "from": [start], "n": [length]})


def pad(x, pad, mode="constant", value=None):
    need(mode == "constant" and not value, "other than zeros")
    need(x.dim() == 4 and len(pad) in (2, 4) and min(pad) >= 0, "other than rows and columns of images")
    l, r, t, b = (list(pad) + [0, 0])[:4]
    return Case("Pad2D", [nhwc(x)], lambda x: nhwc(F.pad(nchw(x), (l, r, t, b))), ints={"pad": [t, b, l, r]})


def embedding(i, w, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    need(padding_idx is None and max_norm is None and not scale_grad_by_freq, "padding_idx, max_norm or scale_grad_by_freq")
    return Case("Gather", [w], lambda w: F.embedding(i.reshape(-1), w), labels=i.reshape(-1))


def index_select(x, dim, index):
    need(x.dim() > 0 and dim % x.dim() == 0, "an axis that is not the first")
    return Case("Gather", [x], lambda x: x.index_select(0, index.reshape(-1)), labels=index.reshape(-1))


# Images

def nchw(t): return t.permute(0, 3, 1, 2)
def nhwc(t): return t.permute(0, 2, 3, 1)


def batch(x, axes):
    """With a batch, if there is none."""
    need(x.dim() in (axes, axes - 1), "other axes")
    return x if x.dim() == axes else x.unsqueeze(0)


def padding(v, k, d, stride, n):
    if v == "valid":
        return [(0, 0)] * n
    if v == "same":
        need(all(s == 1 for s in pair(stride, n)), "same padding of a stride")
        return [((d[i] * (k[i] - 1)) // 2, d[i] * (k[i] - 1) - (d[i] * (k[i] - 1)) // 2) for i in range(n)]
    return [(p, p) for p in pair(v, n)]


def conv1d(x, w, b=None, stride=1, padding_=0, dilation=1, groups=1, **k):
    x, d, v = batch(x, 3), pair(dilation, 1), k.get("padding", padding_)
    p = padding(v, [w.shape[2]], d, stride, 1)
    # torch [N C T], [O I K]; ours [N T C], [K I O]
    f = lambda x, w, *b: F.conv1d(x.transpose(1, 2), w.permute(2, 1, 0), *(b or (None,)), stride=stride, padding=v, dilation=dilation, groups=groups).transpose(1, 2)
    return Case("Conv1D", [x.transpose(1, 2), w.permute(2, 1, 0)] + ([] if b is None else [b]), f,
                ints={"stride": pair(stride, 1), "low": [p[0][0]], "high": [p[0][1]], "dilation": d, "groups": [groups]})


def conv2d(x, w, b=None, stride=1, padding_=0, dilation=1, groups=1, **k):
    x, d, v = batch(x, 4), pair(dilation), k.get("padding", padding_)
    p = padding(v, w.shape[2:], d, stride, 2)
    f = lambda x, w, *b: nhwc(F.conv2d(nchw(x), w.permute(3, 2, 0, 1), *(b or (None,)), stride=stride, padding=v, dilation=dilation, groups=groups))
    return Case("Conv2D", [nhwc(x), w.permute(2, 3, 1, 0)] + ([] if b is None else [b]), f,
                ints={"stride": pair(stride), "low": [a for a, _ in p], "high": [b for _, b in p], "dilation": d, "groups": [groups]})


def conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    x, p = batch(x, 4), pair(padding)
    f = lambda x, w, *b: nhwc(F.conv_transpose2d(nchw(x), w.permute(3, 2, 0, 1), *(b or (None,)), stride=stride, padding=padding, output_padding=output_padding,
                                                 groups=groups, dilation=dilation))
    return Case("ConvTranspose2D", [nhwc(x), w.permute(2, 3, 1, 0)] + ([] if b is None else [b]), f,
                ints={"stride": pair(stride), "low": p, "high": p, "dilation": pair(dilation), "groups": [groups], "outpad": pair(output_padding)})


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    need(pair(dilation) == [1, 1], "dilation")
    k = pair(kernel_size)
    s = pair(stride) if stride not in (None, [], ()) else k
    return Case("MaxPool", [nhwc(batch(x, 4))], lambda x: nhwc(F.max_pool2d(nchw(x), k, s, padding, 1, ceil_mode)),
                ints={"size": k, "stride": s, "pad": pair(padding), "ceil": [int(ceil_mode)]})


def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    need(divisor_override is None, "a divisor of its own")
    k = pair(kernel_size)
    s = pair(stride) if stride not in (None, [], ()) else k
    return Case("AvgPool", [nhwc(batch(x, 4))], lambda x: nhwc(F.avg_pool2d(nchw(x), k, s, padding, ceil_mode, count_include_pad)),
                ints={"size": k, "stride": s, "pad": pair(padding), "ceil": [int(ceil_mode)], "counts": [int(count_include_pad)]})


def adaptive_avg_pool2d(x, output_size):
    x = batch(x, 4)
    o = [x.shape[2 + i] if v is None else v for i, v in enumerate(pair(output_size) if isinstance(output_size, int) else output_size)]
    need(min(o) > 0, "no output")
    return Case("AdaptiveAvgPool", [nhwc(x)], lambda x: nhwc(F.adaptive_avg_pool2d(nchw(x), o)), ints={"size": o})


def interpolate(x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False):
    need(mode == "bilinear" and not align_corners and not antialias, "other than bilinear without align_corners")
    need(scale_factor is None, "a factor")
    o = pair(size)
    return Case("Resize", [nhwc(x)], lambda x: nhwc(F.interpolate(nchw(x), o, mode="bilinear", align_corners=False)), ints={"size": o})


# Normalisation

def last(x):
    """Channels last, whatever axes there are."""
    return x.movedim(1, -1) if x.dim() > 1 else x


def batch_norm(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5, **k):
    weight, bias = k.get("weight", weight), k.get("bias", bias)
    need(x.dim() >= 2 and (weight is None) == (bias is None), "a weight without a bias")
    need(mean is not None or training, "no statistics")
    need(mean is None or mean.is_floating_point(), "statistics of another type")
    c = x.shape[1]
    m, v = (torch.zeros(c), torch.ones(c)) if mean is None else (const(mean).clone(), const(var).clone())
    f = lambda x, *wb: last(F.batch_norm(x.movedim(-1, 1), m.to(x.dtype).clone(), v.to(x.dtype).clone(), *(wb or (None, None)), training, momentum, eps))
    return Case("BatchNorm", [last(x)] + ([] if weight is None else [weight, bias]), f, ints={"training": [int(training)]},
                floats={"eps": eps, "mean": m.tolist(), "var": v.tolist()})


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    need((weight is None) == (bias is None), "a weight without a bias")
    return Case("GroupNorm", [last(x)] + ([] if weight is None else [weight, bias]),
                lambda x, *wb: last(F.group_norm(x.movedim(-1, 1), groups, *(wb or (None, None)), eps)), ints={"groups": [groups]}, floats={"eps": eps})


def layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    need(len(shape) == 1, "several axes at once")
    need((weight is None) == (bias is None), "a weight without a bias")
    return Case("LayerNorm", [x] + ([] if weight is None else [weight, bias]), lambda x, *wb: F.layer_norm(x, shape, *(wb or (None, None)), eps), floats={"eps": eps})


def lrn(x, size, alpha=1e-4, beta=0.75, k=1.0):
    need(x.dim() >= 3, "no positions")
    return Case("LRN", [last(x)], lambda x: last(F.local_response_norm(x.movedim(-1, 1), size, alpha, beta, k)), ints={"size": [size]},
                floats={"alpha": alpha, "beta": beta, "k": k})


def normalize(x, p=2.0, dim=1, eps=1e-12, out=None):
    need(p == 2 and eps == 1e-12, "another norm")
    need(x.dim() > 0, "no axes")
    return Case("L2Normalize", [x.movedim(dim, -1)], lambda x: F.normalize(x, dim=-1))


# Losses

def pointwise(op, f):
    def handler(x, t, weight=None, size_average=None, reduce=None, reduction="mean", **k):
        need(size_average is None and reduce is None and reduction in ("mean", "sum"), "no mean and no sum")
        need(x.shape == t.shape and x.dim() > 0, "a target that is broadcast, or no axes")
        need(weight is None and k.get("pos_weight") is None, "weights")
        extra = {n: k[n] for n in ("delta", "beta") if n in k}
        t = const(t)
        return Case(op, [x], lambda x: f(x, t.to(x.dtype), reduction=reduction, **extra).reshape(1), ints={"sum": [int(reduction == "sum")]},
                    floats={"target": t.flatten().tolist(), "delta": k.get("delta", k.get("beta", 1.0))})
    return handler


def smooth_l1(x, t, beta=1.0, **k):
    need(beta > 0, "beta 0")
    c = pointwise("SmoothL1", F.smooth_l1_loss)(x, t, beta=beta, **k)
    return c


def cross_entropy(x, t, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
    need(weight is None, "weights of classes")
    need(reduction in ("mean", "sum"), "no mean and no sum")
    need(x.dim() >= 2, "one row without a batch")
    soft = t.is_floating_point()
    need(not soft or not label_smoothing, "soft targets that are smoothed")
    c, summed = last(x), {"sum": [int(reduction == "sum")]}
    if soft:
        g = const(t)
        f = lambda x: F.cross_entropy(x.movedim(-1, 1), g.to(x.dtype), reduction=reduction).reshape(1)
        return Case("CrossEntropySoft", [c], f, ints=summed, floats={"target": last(g).flatten().tolist()})
    labels = torch.where(t == ignore_index, -1, t).flatten()
    f = lambda x: F.cross_entropy(x.movedim(-1, 1), t, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing).reshape(1)
    return Case("CrossEntropy", [c], f, ints=summed, floats={"smoothing": label_smoothing}, labels=labels)


def cosine_similarity(a, b, dim=1, eps=1e-8):
    need(a.dim() == 2 and a.shape == b.shape and dim % 2 == 1, "other than rows")
    need(eps == 1e-8, "another eps")
    return Case("Cosine", [a, b], lambda a, b: (1 - F.cosine_similarity(a, b)).mean().reshape(1))


def triplet(a, p, n, margin=1.0, p_=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean", **k):
    need(k.get("p", p_) == 2 and eps == 1e-6 and not swap and reduction == "mean", "another distance, swap, or no mean")
    need(a.dim() == 2 and a.shape == p.shape == n.shape, "other than rows")
    return Case("Triplet", [a, p, n], lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=margin).reshape(1), floats={"margin": margin})


HANDLERS = {
    "abs": unary("Abs", torch.abs), "exp": unary("Exp", torch.exp), "log": unary("Log", torch.log), "sqrt": unary("Sqrt", torch.sqrt),
    "tanh": unary("Tanh", torch.tanh), "sigmoid": unary("Sigmoid", torch.sigmoid), "nn.functional.relu": unary("ReLU", F.relu),
    "neg": unary("Scale", torch.neg, factor=-1.0), "nn.functional.leaky_relu": leaky_relu, "nn.functional.elu": elu, "nn.functional.gelu": gelu,
    "add": binary("Add", torch.add), "sub": binary("Sub", torch.sub), "mul": binary("Mul", torch.mul), "div": binary("Div", torch.div),
    "softmax": softmax, "sum": reduce("Sum", torch.sum), "mean": reduce("Mean", torch.mean), "max": maximum,
    "mm": matmul, "matmul": matmul, "bmm": matmul, "nn.functional.linear": linear, "nn.functional.scaled_dot_product_attention": attention,
    "cat": cat, "permute": permute, "transpose": transpose, "reshape": reshape, "view": reshape, "expand": expand, "broadcast_to": expand, "narrow": narrow,
    "nn.functional.pad": pad, "constant_pad_nd": pad, "nn.functional.embedding": embedding, "index_select": index_select,
    "nn.functional.conv1d": conv1d, "nn.functional.conv2d": conv2d, "nn.functional.conv_transpose2d": conv_transpose2d,
    "nn.functional.max_pool2d": max_pool2d, "nn.functional.avg_pool2d": avg_pool2d, "nn.functional.adaptive_avg_pool2d": adaptive_avg_pool2d,
    "nn.functional.interpolate": interpolate, "nn.functional.batch_norm": batch_norm, "nn.functional.group_norm": group_norm,
    "nn.functional.layer_norm": layer_norm, "nn.functional.local_response_norm": lrn, "nn.functional.normalize": normalize,
    "nn.functional.l1_loss": pointwise("L1", F.l1_loss), "nn.functional.mse_loss": pointwise("L2", F.mse_loss),
    "nn.functional.huber_loss": pointwise("Huber", F.huber_loss), "nn.functional.smooth_l1_loss": smooth_l1,
    "nn.functional.binary_cross_entropy_with_logits": pointwise("BCEWithLogits", F.binary_cross_entropy_with_logits),
    "nn.functional.cross_entropy": cross_entropy, "nn.functional.cosine_similarity": cosine_similarity, "nn.functional.triplet_margin_loss": triplet,
}

# Modules are run, and the function that they call is taken for a sample.
MODULES = {
    F.linear: "nn.functional.linear", F.conv1d: "nn.functional.conv1d", F.conv2d: "nn.functional.conv2d", F.conv_transpose2d: "nn.functional.conv_transpose2d",
    F.batch_norm: "nn.functional.batch_norm", F.group_norm: "nn.functional.group_norm", F.layer_norm: "nn.functional.layer_norm",
    F.local_response_norm: "nn.functional.local_response_norm", F.relu: "nn.functional.relu", F.leaky_relu: "nn.functional.leaky_relu",
    F.elu: "nn.functional.elu", F.gelu: "nn.functional.gelu", torch.sigmoid: "sigmoid", torch.tanh: "tanh", F.softmax: "softmax",
    F.max_pool2d: "nn.functional.max_pool2d", F.avg_pool2d: "nn.functional.avg_pool2d", F.adaptive_avg_pool2d: "nn.functional.adaptive_avg_pool2d",
    F.l1_loss: "nn.functional.l1_loss", F.mse_loss: "nn.functional.mse_loss", F.huber_loss: "nn.functional.huber_loss",
    F.smooth_l1_loss: "nn.functional.smooth_l1_loss", F.binary_cross_entropy_with_logits: "nn.functional.binary_cross_entropy_with_logits",
    F.cross_entropy: "nn.functional.cross_entropy", F.embedding: "nn.functional.embedding", F.pad: "nn.functional.pad",
}
MODULE_NAMES = {"Linear", "Conv1d", "Conv2d", "ConvTranspose2d", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "LayerNorm", "LocalResponseNorm",
                "ReLU", "LeakyReLU", "ELU", "GELU", "Sigmoid", "Tanh", "Softmax", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "L1Loss", "MSELoss",
                "HuberLoss", "SmoothL1Loss", "BCEWithLogitsLoss", "CrossEntropyLoss", "Embedding", "ZeroPad2d"}


class Writer:
    def __init__(self, folder, small):
        self.folder, self.small, self.at = folder, small, 0
        self.cases, self.left, self.kept = [], {}, {}
        self.bin = open(os.path.join(folder, "cases.bin"), "wb")
        self.rng = torch.Generator().manual_seed(1)

    def put(self, t):
        a = np.ascontiguousarray(t.detach().to(torch.float64).contiguous().numpy())
        self.bin.write(a.tobytes())
        r = {"at": self.at, "shape": list(t.shape)}
        self.at += a.size
        return r

    def skip(self, source, reason):
        self.left.setdefault(source, {}).setdefault(reason, 0)
        self.left[source][reason] += 1

    def room(self, op, size):
        """In the small set a few small cases of an operation."""
        kept = self.kept.get(op, 0)
        if self.small and (kept >= 2 or size > (150 if kept else 2500)):
            return False
        self.kept[op] = self.kept.get(op, 0) + 1
        return True

    def result(self, t64, t32):
        """A result: its value in float64, and the error of PyTorch's in float32."""
        r = self.put(t64)
        d = (t32.detach().double() - t64.detach()).abs()
        d = d[torch.isfinite(t64)]
        r["error"] = float(d.max()) if d.numel() and bool(torch.isfinite(d).all()) else 0.0 if not d.numel() else 1e300
        return r

    def case(self, source, c):
        need(all(t.dtype == torch.float32 for t in c.inputs), "another type than float32")
        dy, runs = None, []
        for kind in (torch.float64, torch.float32):
            ins = [t.detach().to(kind).requires_grad_() for t in c.inputs]
            y = c.f(*ins)
            if dy is None:
                dy = torch.randn(y.shape, generator=self.rng, dtype=torch.float32)
            g = torch.autograd.grad(y, ins, dy.to(kind), allow_unused=True)
            runs.append([y] + [torch.zeros_like(i) if v is None else v for i, v in zip(ins, g)])
        if not self.room(c.op, dy.numel() + sum(t.numel() for t in c.inputs)):
            return
        self.cases.append({"source": source, "op": c.op, "ints": c.ints, "floats": {k: v if isinstance(v, list) else [v] for k, v in c.floats.items()},
                           "labels": None if c.labels is None else c.labels.tolist(), "inputs": [self.put(t) for t in c.inputs], "dy": self.put(dy),
                           "results": [self.result(a, b) for a, b in zip(*runs)]})

    def sample(self, source, name, args, kwargs):
        try:
            self.case(source, HANDLERS[name](*args, **kwargs))
        except Skip as e:
            self.skip(source, str(e))

    def close(self):
        self.bin.close()
        json.dump({"torch": torch.__version__, "cases": self.cases, "left": self.left}, open(os.path.join(self.folder, "cases.json"), "w"), separators=(",", ":"))
        print(len(self.cases), "cases,", self.at * 8, "bytes of numbers")


def ops(w):
    for op in op_db:
        if op.name not in HANDLERS or not op.supports_dtype(torch.float32, "cpu"):
            continue
        for s in op.sample_inputs("cpu", torch.float32, requires_grad=op.supports_autograd):
            args = (s.input,) + tuple(s.args)
            if op.name == "nn.functional.embedding":  # its samples have the weight first
                args = (args[1], args[0])
            w.sample("op_db " + op.name, op.name, args, s.kwargs)


def sizes(w):
    """The samples are small: some operations at the sizes of networks, with normal numbers."""
    r = lambda *s: torch.randn(*s, generator=w.rng)
    named = "nn.functional."
    for name, args, kwargs in [
        (named + "conv2d", (r(8, 64, 28, 28), r(64, 64, 3, 3) / 24, r(64)), dict(padding=1)),
        (named + "conv2d", (r(4, 3, 112, 112), r(64, 3, 7, 7) / 12, r(64)), dict(stride=2, padding=3)),
        (named + "conv2d", (r(8, 256, 14, 14), r(512, 256, 1, 1) / 16, r(512)), {}),
        (named + "conv2d", (r(8, 96, 28, 28), r(96, 1, 3, 3) / 3, r(96)), dict(padding=1, groups=96)),
        (named + "conv_transpose2d", (r(8, 64, 14, 14), r(64, 32, 4, 4) / 16, r(32)), dict(stride=2, padding=1)),
        (named + "linear", (r(256, 2048), r(1000, 2048) / 45, r(1000)), {}),
        ("bmm", (r(16, 197, 64), r(16, 64, 197)), {}),
        (named + "scaled_dot_product_attention", (r(4, 3, 197, 64), r(4, 3, 197, 64), r(4, 3, 197, 64)), {}),
        (named + "batch_norm", (r(32, 64, 28, 28) * 2 + 3, torch.zeros(64), torch.ones(64), r(64), r(64)), dict(training=True)),
        (named + "group_norm", (r(8, 64, 28, 28), 8, r(64), r(64)), {}),
        (named + "layer_norm", (r(16, 197, 192) + 1, [192], r(192), r(192)), {}),
        (named + "cross_entropy", (3 * r(256, 1000), torch.randint(1000, (256,), generator=w.rng)), {}),
        (named + "mse_loss", (r(64, 3, 32, 32), r(64, 3, 32, 32)), {}),
        (named + "avg_pool2d", (r(8, 64, 28, 28), 3, 2, 1), {}),
        (named + "interpolate", (r(4, 32, 28, 28), (56, 40)), dict(mode="bilinear", align_corners=False)),
        (named + "gelu", (r(400000),), {}), ("softmax", (r(2000, 197),), dict(dim=-1)), ("sum", (r(1000000) + 1,), {}), ("mean", (r(20000, 64), 0), {}),
        ("add", (r(20000, 64), r(64)), {}), ("div", (r(5000, 64), r(64).abs() + 0.5), {}),
    ]:
        w.sample("sizes " + name, name, args, kwargs)


class Calls(torch.overrides.TorchFunctionMode):
    """Keeps the first call of a function in MODULES."""

    def __init__(self):
        super().__init__()
        self.first = None

    def __torch_function__(self, f, types, args=(), kwargs=None):
        if self.first is None and f in MODULES:
            self.first = (MODULES[f], args, kwargs or {})
        return f(*args, **(kwargs or {}))


def modules(w):
    for m in module_db:
        if m.module_cls.__name__ not in MODULE_NAMES:
            continue
        for training in (True, False):
            source = "module_db " + m.module_cls.__name__
            for s in m.module_inputs_func(m, device="cpu", dtype=torch.float32, requires_grad=True, training=training):
                if s.forward_input is None:
                    continue
                torch.manual_seed(1)
                net = m.module_cls(*s.constructor_input.args, **s.constructor_input.kwargs).train(training)
                calls = Calls()
                with calls:
                    net(*s.forward_input.args, **s.forward_input.kwargs)
                if calls.first is None:
                    w.skip(source, "no function that we have")
                    continue
                w.sample(source, *calls.first)


def optimisers(w):
    kinds = {"SGD": "sgd", "Adam": "adam", "AdamW": "adamw", "RMSprop": "rmsprop", "Adagrad": "adagrad"}
    plain = {"lr", "weight_decay", "momentum", "nesterov", "betas", "eps", "alpha"}
    fine = {"foreach", "fused", "differentiable", "capturable"}  # how, not what
    for o in optim_db:
        name = o.optim_cls.__name__
        if name not in kinds:
            continue
        for s in o.optim_inputs_func(device="cpu"):
            source, k = "optim_db " + name, {n: v for n, v in s.kwargs.items() if n not in fine}
            odd = [n for n, v in k.items() if n not in plain and v]
            if odd or any(isinstance(v, torch.Tensor) for v in k.values()):
                w.skip(source, "with " + " and ".join(odd) if odd else "a rate that is a tensor")
                continue
            if k.get("lr", 1) == 0 or not w.room(name, 0):
                continue
            optimiser(w, source, kinds[name], o.optim_cls, k)


def optimiser(w, source, kind, cls, k):
    start = torch.randn(7, 2, generator=w.rng)
    grads = torch.randn(20, 7, 2, generator=w.rng)
    ends = []
    for t in (torch.float64, torch.float32):
        p = torch.nn.Parameter(start.to(t).clone())
        o = cls([p], **k)
        for g in grads:
            p.grad = g.to(t).clone()
            o.step()
        ends.append(p)
        lr = o.param_groups[0]["lr"]
        group = o.param_groups[0]
    options = {n: v for n, v in (("eps", group.get("eps")), ("alpha", group.get("alpha"))) if v is not None and kind != "adagrad"}
    if "betas" in group:
        options["beta1"], options["beta2"] = group["betas"]
    w.cases.append({"source": source, "op": "optimiser " + ("nesterov" if group.get("nesterov") else kind), "ints": {},
                    "floats": {"lr": [lr], "momentum": [group.get("momentum", 0)], "weight_decay": [group["weight_decay"]], **{n: [v] for n, v in options.items()}},
                    "labels": None, "inputs": [w.put(start), w.put(grads)], "dy": w.put(torch.zeros(0)), "results": [w.result(*ends)]})


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--small", action="store_true")
    p.add_argument("dir")
    a = p.parse_args()
    os.makedirs(a.dir, exist_ok=True)
    torch.manual_seed(1)
    w = Writer(a.dir, a.small)
    ops(w)
    modules(w)
    optimisers(w)
    if not a.small:
        sizes(w)
    w.close()
