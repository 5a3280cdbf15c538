"""masked.json: twelve steps of MAE and SimMIM in PyTorch, for masked_test.go: on timm's vision transformer, SimMIM on convolutions too. Weights, pictures
and the order of the squares are made by golden.py's formula.

    python masked.py > masked.json        (timm 1.0.31)

Beside each number stands how far four runs move it whose initial weights are off by one part in 10^7.
"""
import json
import math
import pathlib
import sys

import numpy as np
import timm
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "internal/golden"))
from golden import fill
from view_pairs import distance, largest

STEPS, N, SIDE, PATCH, WIDTH = 12, 4, 16, 4, 24
MOMENTUM, DECAY = 0.9, 5e-4


def trunk():
    return timm.models.vision_transformer.VisionTransformer(img_size=SIDE, patch_size=PATCH, embed_dim=WIDTH, depth=2, num_heads=3, num_classes=0)


def waves(dim, grid):
    """get_2d_sincos_pos_embed of the authors' util/pos_embed.py, with a class token."""
    def one(dim, pos):
        omega = 1.0 / 10000 ** (np.arange(dim // 2, dtype=np.float64) / (dim / 2.0))
        out = np.einsum("m,d->md", pos.reshape(-1), omega)
        return np.concatenate([np.sin(out), np.cos(out)], axis=1)

    cells = np.stack(np.meshgrid(np.arange(grid), np.arange(grid)), axis=0).reshape(2, -1)  # columns, rows
    table = np.concatenate([one(dim // 2, cells[0]), one(dim // 2, cells[1])], axis=1)
    return torch.from_numpy(np.concatenate([np.zeros([1, dim]), table])).float()[None]


def patchify(x, p):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(n, -1, p * p * c)


class MAE(nn.Module):
    def __init__(self, norm, width=16, depth=2, heads=2):
        super().__init__()
        self.trunk, self.norm, self.keep = trunk(), norm, 4
        self.decoder = nn.ModuleDict({"embed": nn.Linear(WIDTH, width), "blocks": nn.ModuleList(
            timm.models.vision_transformer.Block(width, heads, qkv_bias=True, norm_layer=lambda d, **k: nn.LayerNorm(d, eps=1e-6)) for _ in range(depth)),
            "norm": nn.LayerNorm(width, eps=1e-6), "pred": nn.Linear(width, PATCH * PATCH * 3)})
        self.decoder.register_parameter("mask_token", nn.Parameter(torch.zeros(1, width)))
        self.place = waves(width, SIDE // PATCH)

    def loss(self, x, order):
        """models_mae.py of the authors, with the trunk's learned positions."""
        t = self.trunk
        y = t.patch_embed(x) + t.pos_embed[:, 1:]
        n, l, d = y.shape
        seen = order[:, l - self.keep:]
        y = torch.gather(y, 1, seen[..., None].expand(-1, -1, d))
        y = torch.cat([(t.cls_token + t.pos_embed[:, :1]).expand(n, -1, -1), y], 1)
        for b in t.blocks:
            y = b(y)
        y = self.decoder["embed"](t.norm(y))
        z = torch.cat([y[:, 1:], self.decoder.mask_token[None].expand(n, l - self.keep, -1)], 1)
        restore = torch.cat([seen, order[:, :l - self.keep]], 1).argsort(1)
        z = torch.gather(z, 1, restore[..., None].expand(-1, -1, z.shape[2]))
        z = torch.cat([y[:, :1], z], 1) + self.place
        for b in self.decoder["blocks"]:
            z = b(z)
        made = self.decoder["pred"](self.decoder["norm"](z))[:, 1:]
        want = patchify(x, PATCH)
        if self.norm:
            want = (want - want.mean(-1, keepdim=True)) / (want.var(-1, keepdim=True) + 1e-6) ** 0.5
        gone = torch.zeros(n, l).scatter_(1, order[:, :l - self.keep], 1)
        return (((made - want) ** 2).mean(-1) * gone).sum() / gone.sum()


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        chans = [3, 32, 32, 64, 128]
        for k, (a, b) in enumerate(zip(chans, chans[1:])):
            setattr(self, f"conv{k + 1}", nn.Conv2d(a, b, 3, stride=1 if k == 0 else 2, padding=1, bias=False))
            setattr(self, f"bn{k + 1}", nn.BatchNorm2d(b))

    def forward(self, x):
        for k in range(1, 5):
            x = F.relu(getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(x)))
        return x


class SimMIM(nn.Module):
    def __init__(self, block, conv):
        super().__init__()
        self.block, self.conv = block, conv
        self.trunk = ConvNet() if conv else trunk()
        self.cell = 8 if conv else PATCH
        self.head = nn.Linear(128 if conv else WIDTH, self.cell ** 2 * 3)
        if not conv:
            self.mask_token = nn.Parameter(torch.zeros(1, WIDTH))

    def loss(self, x, order):
        n, across = len(x), SIDE // self.block
        hide = math.ceil(across ** 2 * 0.6)
        gone = torch.zeros(n, across ** 2).scatter_(1, order[:, :hide], 1).reshape(n, 1, across, across)
        pixels = gone.repeat_interleave(self.block, 2).repeat_interleave(self.block, 3)
        if self.conv:
            y = self.trunk(x * (1 - pixels))
        else:
            t = self.trunk
            m = pixels[:, 0, ::PATCH, ::PATCH].reshape(n, -1, 1)
            y = t.patch_embed(x) * (1 - m) + self.mask_token[None] * m
            y = torch.cat([t.cls_token.expand(n, -1, -1), y], 1) + t.pos_embed
            for b in t.blocks:
                y = b(y)
            y = t.norm(y)[:, 1:].transpose(1, 2).reshape(n, WIDTH, SIDE // PATCH, -1)
        h, c = y.shape[2], self.cell
        made = self.head(y.permute(0, 2, 3, 1)).reshape(n, h, h, c, c, 3).permute(0, 5, 1, 3, 2, 4).reshape(n, 3, SIDE, SIDE)
        return ((made - x).abs() * pixels).sum() / pixels.sum() / 3


def as_it_is(name):
    return name.endswith(("_token", "pos_embed"))


def from_ours(a, name):
    """A weight in this project's layout, [KH KW I O] or [I O], in PyTorch's."""
    if not as_it_is(name):
        a = {4: lambda: a.transpose(3, 2, 0, 1), 2: lambda: a.T, 1: lambda: a}[a.ndim]()
    return torch.from_numpy(np.ascontiguousarray(a))


def to_ours(t, name):
    a = t.detach().numpy()
    return a if as_it_is(name) else {4: lambda: a.transpose(2, 3, 1, 0), 2: lambda: a.T, 1: lambda: a}[a.ndim]()


def run(make, squares, lr, perturb):
    m = make().train()
    for name, p in m.named_parameters():
        s = to_ours(p, name).shape
        if len(s) == 1:
            a = fill(s, name, 0.1) + np.float32(name.endswith("weight"))
        else:
            a = fill(s, name, math.sqrt(3 / np.prod(s[:-1])))
        if perturb:
            a = (a * (1 + 1e-7 * fill(s, f"{name}/{perturb}").astype(np.float64))).astype(np.float32)
        p.data = from_ours(a, name)
    decays = lambda name, p: p.dim() > 1 and not as_it_is(name)
    opt = torch.optim.SGD([{"params": [p for k, p in m.named_parameters() if decays(k, p)], "weight_decay": DECAY},
                           {"params": [p for k, p in m.named_parameters() if not decays(k, p)], "weight_decay": 0}], lr=lr, momentum=MOMENTUM)
    curve = []
    for k in range(STEPS):
        x = torch.from_numpy(fill((N, SIDE, SIDE, 3), f"picture of step {k}", 2)).permute(0, 3, 1, 2)
        order = torch.from_numpy(np.argsort(fill((N, squares), f"squares of step {k}"), 1, kind="stable"))
        loss = m.loss(x, order)
        curve.append(loss.item())
        for g in opt.param_groups:
            g["lr"] = lr * 0.5 * (1 + math.cos(math.pi * k / STEPS))
        opt.zero_grad()
        loss.backward()
        opt.step()
    # a tensor is told by two products with fixed numbers
    told = {k: t for k, t in m.state_dict().items() if not k.endswith("num_batches_tracked")}
    flat = lambda name: to_ours(told[name], name).astype(np.float64).ravel()
    state = {name: [float((flat(name) * fill([told[name].numel()], f"{probe} {name}")).sum()) for probe in ("a", "b")] for name in told}
    return {"loss": curve, "state": state}


torch.set_num_threads(1)
out = {}
for task, squares, lr, make in (
    ("mae?width=16&depth=2&heads=2", 16, 0.05, lambda: MAE(True)),
    ("mae?width=16&depth=2&heads=2&norm=no", 16, 0.05, lambda: MAE(False)),
    ("simmim?block=4", 16, 0.05, lambda: SimMIM(4, False)),
    ("simmim?block=8", 4, 0.05, lambda: SimMIM(8, False)),
    ("simmim?block=2", 64, 0.05, lambda: SimMIM(2, True)),
):
    want = run(make, squares, lr, 0)
    out[task] = {"lr": lr, "convolutions": task == "simmim?block=2", "want": want, "off": largest([distance(want, run(make, squares, lr, k)) for k in (1, 2, 3, 4)])}
    print(task, want["loss"], out[task]["off"]["loss"][-1], file=sys.stderr)
json.dump(out, sys.stdout, indent=None, separators=(",", ":"))
