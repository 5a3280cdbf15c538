"""Makes video_inpaint.json: how the loss falls in PyTorch over 12 steps of video-inpaint, from weights and clips of golden.fill.

  pip install torch numpy && python3 pretext/testdata/video_inpaint.py      (in the repository's root)

Four clips of two frames of 16 pixels a step, of which the one between is painted. A trunk of four convolutions with 8, 8, 16 and 32 channels sees each frame; the features of the
two side by side go through a 1x1 convolution, a bilinear enlargement from 2x2 to 4x4, and a decoder. "frame": it paints the frame, by the squared error. "residual": it makes 16 maps,
which with the frames and the simple predictor go through two convolutions; the result is added to the simple predictor, by the absolute error. Nesterov 0.9, rate 0.1. "loss" is in
float64; "spread" is by how much float32 differs from it at most, over eight runs whose first weights are off by 1e-7.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
STEPS, CLIPS, FRAMES, SIDE = 12, 4, 2, 16
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

    def paint(self, x, simple, residual):
        """x [N T 3 S S], simple [N 3 S S]"""
        n, t = x.shape[:2]
        z = x.reshape(n * t, *x.shape[2:])
        for k, (i, o, stride) in enumerate(CONVS):
            z = F.relu(self.norm(self.conv(z, f"trunk.conv{k + 1}", i, o, 3, stride, 1), f"trunk.bn{k + 1}", o))
        z = z.reshape(n, t * z.shape[1], *z.shape[2:])
        z = F.relu(self.norm(self.conv(z, "head.mix", 32 * t, 16, 1, 1, 0), "head.mix_bn", 16))
        z = F.interpolate(z, size=(4, 4), mode="bilinear", align_corners=False)
        z = F.relu(self.norm(self.up(z, "head.up8", 16, 8, 4, 2, 1), "head.up8_bn", 8))
        made = torch.tanh(self.up(z, "head.up16", 8, 16 if residual else 3, 4, 2, 1))
        if not residual:
            return made
        z = torch.cat([made, x.reshape(n, t * 3, *x.shape[3:]), simple], 1)
        z = F.relu(self.norm(self.conv(z, "refine.refine", 16 + 3 * t + 3, 32, 3, 1, 1), "refine.refine_bn", 32))
        return simple + self.conv(z, "refine.paint", 32, 3, 3, 1, 1)


def run(residual, dtype, off):
    net = Net(dtype, off)
    net.paint(torch.zeros(CLIPS, FRAMES, 3, SIDE, SIDE, dtype=dtype), torch.zeros(CLIPS, 3, SIDE, SIDE, dtype=dtype), residual)
    opt = torch.optim.SGD(net.w.values(), lr=0.1, momentum=0.9, nesterov=True)
    out = []
    for step in range(STEPS):
        x = torch.tensor(fill((CLIPS, FRAMES, SIDE, SIDE, 3), f"seen{step % 4}", 1.7)).to(dtype).permute(0, 1, 4, 2, 3)
        want, simple = (torch.tensor(fill((CLIPS, SIDE, SIDE, 3), f"{what}{step % 4}", 0.9)).to(dtype).permute(0, 3, 1, 2) for what in ("want", "linear"))
        opt.zero_grad()
        e = net.paint(x, simple, residual) - want
        v = e.abs().mean() if residual else (e ** 2).mean()
        v.backward()
        opt.step()
        out.append(v.item())
    return np.array(out)


out = {}
for name, residual in (("frame", False), ("residual", True)):
    want = run(residual, torch.float64, 0)
    spread = np.max([np.abs(run(residual, torch.float32, off) - want) for off in range(1, 9)], axis=0)
    out[name] = {"loss": want.tolist(), "spread": spread.tolist()}
    print(name, want, spread)
json.dump(out, open("pretext/testdata/video_inpaint.json", "w"))
