"""Makes context_encoder.json: losses of PyTorch's context encoders, step by step, from weights and pictures made by formula.

  python3 pretext/testdata/context_encoder.py      (in the repository's root; PyTorch 2.15)

Every configuration is also trained from weights that differ by up to 1e-7 of themselves, with gradients that differ by up to 1e-6 of
their root mean square in each step; "spread" is the largest difference that this makes at
each step. Adam's eps is 1e-4: with 1e-8 a gradient that is nearly zero moves its weight as far as any other, in the direction of its
rounding errors.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np
import torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
SIDE, N, BATCHES, STEPS, WIDTH = 32, 12, 3, 21, 8


class Names:
    """Makes parameters by formula, in Tessera's shapes and names, and hands them out in PyTorch's layout."""

    def __init__(self, noise):
        self.noise, self.params = np.random.default_rng(noise) if noise else None, {}

    def make(self, name, shape):
        if len(shape) > 1:
            w = fill(shape, name, 0.2)
        elif name.endswith("weight"):
            w = 1 + fill(shape, name, 0.1)
        else:
            w = fill(shape, name, 0.1)
        if self.noise is not None:
            w = w * (1 + 1e-7 * self.noise.uniform(-1, 1, shape).astype(np.float32))
        w = torch.tensor(w.astype(np.float32))
        if len(shape) == 4:  # [KH KW I O] -> [O I KH KW], and for transposed ones [K K O I] -> [I O K K]
            w = w.permute(3, 2, 0, 1).contiguous()
        self.params[name] = torch.nn.Parameter(w)
        return self.params[name]

    def disturb(self, params):
        """Moves gradients as far as another order of summation, or Winograd's convolutions, would."""
        for p in params if self.noise is not None else ():
            scale = 1e-6 * p.grad.square().mean().sqrt().item()
            p.grad += scale * torch.tensor(self.noise.uniform(-1, 1, p.shape), dtype=torch.float32)

    def conv(self, name, i, o, k, stride=1, pad=0):
        w = self.make(name + ".weight", (k, k, i, o))
        return lambda x: F.conv2d(x, w, None, stride, pad)

    def up(self, name, i, o, k, stride=2, pad=1):
        w = self.make(name + ".weight", (k, k, o, i))
        return lambda x: F.conv_transpose2d(x, w, None, stride, pad)

    def norm(self, name, c):
        g, b = self.make(name + ".weight", (c,)), self.make(name + ".bias", (c,))
        return lambda x: F.batch_norm(x, None, None, g, b, True)

    def spread(self, name, c, a, b):
        w = self.make(name + ".weight", (c, a * a, b * b))
        return lambda x: torch.einsum("ncp,cpq->ncq", x.flatten(2), w).unflatten(2, (b, b))


relu, leaky = F.relu, lambda x: F.leaky_relu(x, 0.2)


def chain(fs):
    def run(x):
        for f in fs:
            x = f(x)
        return x
    return run


def painter(m, out, bottleneck):
    sides = [4, 8, 16] if out == 16 else [4, 8, 16, 32]
    widths = [WIDTH * 2 ** (len(sides) - 2 - k) for k in range(len(sides) - 1)] + [3]
    fs, i = [], 3
    for k, o in enumerate((8, 8, 16, 32)):
        fs += [m.conv(f"trunk.conv{k+1}", i, o, 3, 1 if k == 0 else 2, 1), m.norm(f"trunk.bn{k+1}", o), relu]
        i = o
    if bottleneck:
        fs += [m.conv("head.bottleneck", 32, bottleneck, 4), m.norm("head.bottleneck_bn", bottleneck), leaky,
               m.up("head.open", bottleneck, widths[0], 4, 1, 0), m.norm("head.open_bn", widths[0]), relu]
    else:
        fs += [m.spread("head.spread", 32, 4, 4), m.conv("head.mix", 32, widths[0], 1), m.norm("head.mix_bn", widths[0]), relu]
    for k in range(1, len(sides)):
        fs.append(m.up(f"head.up{sides[k]}", widths[k - 1], widths[k], 4))
        fs += [torch.tanh] if k == len(sides) - 1 else [m.norm(f"head.up{sides[k]}_bn", widths[k]), relu]
    return chain(fs)


def critic(m, out):
    fs, i, o, side = [], 3, WIDTH, out
    while side > 4:
        fs.append(m.conv(f"discriminator.down{side}", i, o, 4, 2, 1))
        if side < out:
            fs.append(m.norm(f"discriminator.down{side}_bn", o))
        fs.append(leaky)
        i, o, side = o, 2 * o, side // 2
    return chain(fs + [m.conv("discriminator.judge", i, 1, 4), lambda x: x.flatten(1)])


def batch(k, mask):
    """x, want, weight [N 3 S S] of batch k."""
    i = np.arange(k * N, (k + 1) * N)[:, None, None, None]
    y, x, c = np.arange(SIDE)[None, :, None, None], np.arange(SIDE)[None, None, :, None], np.arange(3)
    pix = (i * 37 + y * (c * 5 + 3) + x * (14 - 2 * c) + x * y * (i % 5 + 1) // 8) % 256
    p = pix.astype(np.float64) / 255
    if mask == "centre":
        inner = ((y >= 9) & (y < 23) & (x >= 9) & (x < 23)) + 0 * i
    else:
        inner = ((x // 4 + 3 * (y // 5) + i) % 7 == 0) + 0
    inner = inner.reshape(N, SIDE, SIDE).astype(bool)
    wide = np.pad(inner, ((0, 0), (1, 1), (1, 1)))
    near = np.zeros_like(inner)
    for dy in range(3):
        for dx in range(3):
            near |= wide[:, dy:dy + SIDE, dx:dx + SIDE]
    w = np.where(inner, 1.0, np.where(near, 10.0, 0.0))[:, None].repeat(3, 1)
    seen = ((p - 0.5) / 0.25 * ~inner[..., None]).transpose(0, 3, 1, 2)
    want = (2 * p - 1).transpose(0, 3, 1, 2) * (w > 0)
    if mask == "centre":
        want, w = want[:, :, 8:24, 8:24], w[:, :, 8:24, 8:24]
    return [torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (seen, want, w)]


def run(mask, adversary, bottleneck, noise=0):
    out = 16 if mask == "centre" else 32
    m = Names(noise)
    paint = painter(m, out, bottleneck)
    judge = critic(m, out) if adversary else None
    mine = [p for n, p in m.params.items() if not n.startswith("discriminator")]
    theirs = [p for n, p in m.params.items() if n.startswith("discriminator")]
    opt = torch.optim.Adam(mine, 2e-3, betas=(0.5, 0.999), eps=1e-4)
    other = torch.optim.Adam(theirs, 2e-4, betas=(0.5, 0.999), eps=1e-4) if adversary else None
    bce = F.binary_cross_entropy_with_logits
    curves = {"loss": [], "psnr": []} | ({"loss_discriminator": [], "loss_adversarial": []} if adversary else {})
    for step in range(STEPS):
        seen, want, w = batch(step % BATCHES, mask)
        made = paint(seen)
        hole = (w == 1).flatten(1)
        error = ((made.detach() - want).double() ** 2).flatten(1)
        mse = (error * hole).sum(1) / hole.sum(1) / 4
        curves["psnr"].append((-10 * torch.log10(mse + 1 / 12 / 255**2)).mean().item())
        loss = (w * (made - want) ** 2).sum() / (w > 0).sum()
        if adversary:
            shown = made * (w > 0)
            real, fake = judge(want), judge(shown.detach())
            d = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
            other.zero_grad()
            d.backward()
            m.disturb(theirs)
            other.step()
            fooled = bce(judge(shown), torch.ones_like(fake))
            curves["loss_discriminator"].append(d.item())
            curves["loss_adversarial"].append(fooled.item())
            loss = 0.999 * loss + 0.001 * fooled
        opt.zero_grad()
        loss.backward()
        m.disturb(mine)
        opt.step()
        curves["loss"].append(loss.item())
    return curves


out = []
for mask, adversary, bottleneck in (("centre", True, 0), ("centre", False, 12), ("blocks", True, 0)):
    want = run(mask, adversary, bottleneck)
    spread = {name: np.zeros(STEPS) for name in want}
    for noise in range(1, 9):
        for name, curve in run(mask, adversary, bottleneck, noise).items():
            spread[name] = np.maximum(spread[name], np.abs(np.array(curve) - want[name]))
    out.append({"Mask": mask, "Adversary": adversary, "Bottleneck": bottleneck,
                "Curves": {n: [float(f"{v:.7g}") for v in c] for n, c in want.items()},
                "Spread": {n: [float(f"{v:.2g}") for v in c] for n, c in spread.items()}})
json.dump(out, open("pretext/testdata/context_encoder.json", "w"), indent=1)
