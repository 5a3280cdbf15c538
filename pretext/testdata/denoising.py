"""Makes denoising.json: how the loss falls in PyTorch over 20 steps of denoising and of an autoencoder, from weights and pictures of golden.fill.

  pip install torch numpy && python3 pretext/testdata/denoising.py      (in the repository's root)

Four pictures of 16 pixels a step. A trunk of four convolutions with 8, 8, 16 and 32 channels; then either a code of 12 values, or a 1x1
convolution and a bilinear enlargement from 2x2 to 4x4, and an error that counts half where (7·pixel + picture) mod 3 is not 0; a decoder of 16, 8 and 3
channels. Nesterov 0.9, rate 0.1. "loss" is in float64; "spread" is by how much float32 differs from it at most, over eight runs whose
first weights are off by 1e-7.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
STEPS, PICTURES, SIDE, CODE = 20, 4, 16, 12
CONVS = ((3, 8, 1), (8, 8, 2), (8, 16, 2), (16, 32, 2))


class Net:
    """Parameters by the program's names and in its layout; off perturbs them."""

    def __init__(self, dtype, off):
        self.dtype, self.off, self.w = dtype, off, {}

    def put(self, name, shape, scale, shift=0.0):
        if name not in self.w:
            v = torch.tensor(shift + fill(shape, name, scale)).to(self.dtype)
            if self.off:
                v = v + 1e-7 * torch.tensor(fill(shape, f"off{self.off}/{name}")).to(self.dtype)
            self.w[name] = v.requires_grad_()
        return self.w[name]

    def kernel(self, name, *shape):
        return self.put(name + ".weight", shape, (6 / (9 * shape[2])) ** 0.5)

    def conv(self, x, name, i, o, k, stride, pad):
        return F.conv2d(x, self.kernel(name, k, k, i, o).permute(3, 2, 0, 1), None, stride, pad)

    def up(self, x, name, i, o, k, stride, pad):
        return F.conv_transpose2d(x, self.kernel(name, k, k, o, i).permute(3, 2, 0, 1), None, stride, pad)

    def norm(self, x, name, c):
        return F.batch_norm(x, None, None, self.put(name + ".weight", (c,), 0.2, 1.0), self.put(name + ".bias", (c,), 0.1), training=True, eps=1e-5)

    def paint(self, x, code):
        for k, (i, o, stride) in enumerate(CONVS):
            x = F.relu(self.norm(self.conv(x, f"trunk.conv{k + 1}", i, o, 3, stride, 1), f"trunk.bn{k + 1}", o))
        if code:
            x = F.leaky_relu(self.norm(self.conv(x, "head.bottleneck", 32, CODE, 2, 1, 0), "head.bottleneck_bn", CODE), 0.2)
            x = F.relu(self.norm(self.up(x, "head.open", CODE, 16, 4, 1, 0), "head.open_bn", 16))
        else:
            x = F.relu(self.norm(self.conv(x, "head.mix", 32, 16, 1, 1, 0), "head.mix_bn", 16))
            x = F.interpolate(x, size=(4, 4), mode="bilinear", align_corners=False)
        x = F.relu(self.norm(self.up(x, "head.up8", 16, 8, 4, 2, 1), "head.up8_bn", 8))
        return torch.tanh(self.up(x, "head.up16", 8, 3, 4, 2, 1))


def run(code, dtype, off):
    net = Net(dtype, off)
    net.paint(torch.zeros(PICTURES, 3, SIDE, SIDE, dtype=dtype), code)
    opt = torch.optim.SGD(net.w.values(), lr=0.1, momentum=0.9, nesterov=True)
    picture, pixel = np.arange(PICTURES)[:, None], np.arange(SIDE * SIDE)[None]
    weight = np.where((7 * pixel + picture) % 3 == 0, 1.0, 0.5).reshape(PICTURES, 1, SIDE, SIDE).repeat(3, 1)
    weight = torch.tensor(np.ones_like(weight) if code else weight).to(dtype)
    out = []
    for step in range(STEPS):
        x, want = (torch.tensor(fill((PICTURES, SIDE, SIDE, 3), f"{what}{step % 4}", scale)).to(dtype).permute(0, 3, 1, 2) for what, scale in (("seen", 1.7), ("want", 0.9)))
        opt.zero_grad()
        v = (weight * (net.paint(x, code) - want) ** 2).sum() / weight.sum()
        v.backward()
        opt.step()
        out.append(v.item())
    return np.array(out)


out = {}
for name, code in (("Autoencoder", True), ("Denoising", False)):
    want = run(code, torch.float64, 0)
    spread = np.max([np.abs(run(code, torch.float32, off) - want) for off in range(1, 9)], axis=0)
    out[name] = {"loss": want.tolist(), "spread": spread.tolist()}
    print(name, want, spread)
json.dump(out, open("pretext/testdata/denoising.json", "w"))
