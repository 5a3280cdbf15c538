"""The training steps of pretext tasks in PyTorch, by the ids of `tessera bench --only ^train_step/`; a JSON line each.

    python3 internal/parity/tasks.py [--threads N] [--only REGEX] [--quick]

Needs torch, torchvision, and timm for MAE. Batches are made before; networks, loss and update are timed: the shortest of some repetitions, and
their median. Memory formats are tried, and the better one is told.
"""
import argparse
import json
import re
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

ap = argparse.ArgumentParser()
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--only", default=".")
ap.add_argument("--quick", action="store_true")
args = ap.parse_args()
torch.set_num_threads(args.threads)


class Jigsaw(nn.Module):
    """A ResNet-18 of nine tiles of 64 pixels each, what it says of them side by side, a hidden layer of 512, 100 permutations."""

    def __init__(self):
        super().__init__()
        self.trunk = torchvision.models.resnet18()
        self.trunk.fc = nn.Identity()
        self.head = nn.Sequential(nn.Linear(9 * 512, 512, bias=False), nn.BatchNorm1d(512, affine=False), nn.ReLU(inplace=True), nn.Linear(512, 100))

    def forward(self, x, dealt):
        z = self.trunk(x)[dealt]
        return self.head(z.reshape(-1, 9 * 512))


def jigsaw(n, layout):
    net = Jigsaw().to(memory_format=layout)
    x = torch.randn(n * 9, 3, 64, 64).to(memory_format=layout)
    dealt = torch.cat([i * 9 + torch.randperm(9) for i in range(n)])
    labels = torch.arange(n) % 100
    return net, lambda: F.cross_entropy(net(x, dealt), labels)


class Zhang(nn.Sequential):
    """The net of Zhang et al. 2016 up to conv7, and the head that says colours at a quarter of the picture's side: 313 bins."""

    def __init__(self):
        parts, a = [], 3
        blocks = ((64, 2, 2, 1), (128, 2, 2, 1), (256, 3, 2, 1), (512, 3, 1, 1), (512, 3, 1, 2), (512, 3, 1, 2), (512, 3, 1, 1))
        for b, n, stride, dilation in blocks:
            for i in range(n):
                parts += [nn.Conv2d(a, b, 3, stride if i == n - 1 else 1, dilation, dilation), nn.ReLU(inplace=True)]
                a = b
            parts.append(nn.BatchNorm2d(b, affine=False))
        norm = lambda: [nn.BatchNorm2d(256), nn.ReLU(inplace=True)]
        parts += [nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False), *norm()]
        for _ in range(2):
            parts += [nn.Conv2d(256, 256, 3, 1, 1, bias=False), *norm()]
        super().__init__(*parts, nn.Conv2d(256, 313, 1))


def colourise(n, layout):
    net = Zhang().to(memory_format=layout)
    x = torch.randn(n, 3, 176, 176).to(memory_format=layout)
    near = torch.rand(n * 44 * 44, 313).argsort(1)[:, :5]
    soft = torch.zeros(n * 44 * 44, 313).scatter_(1, near, torch.rand(n * 44 * 44, 5).softmax(1))
    rare = torch.rand(n * 44 * 44) * 2

    def loss():
        y = net(x).permute(0, 2, 3, 1).reshape(-1, 313)
        return (F.cross_entropy(y, soft, reduction="none") * rare).mean()

    return net, loss


class L3(nn.Sequential):
    """A subnetwork of L3-Net, of pictures or spectrograms; its largest values; two layers of 128, as AVE-Net embeds them."""

    def __init__(self, a):
        parts = []
        for i, b in enumerate((64, 128, 256, 512)):
            for _ in range(2):
                parts += [nn.Conv2d(a, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]
                a = b
            parts.append(nn.MaxPool2d(2) if i < 3 else nn.AdaptiveMaxPool2d(1))
        super().__init__(*parts, nn.Flatten(), nn.Linear(512, 128, bias=False), nn.BatchNorm1d(128, affine=False), nn.ReLU(inplace=True), nn.Linear(128, 128))


class AudioVisual(nn.Module):
    """Is a sound a frame's own? Of the distance of what both nets say a scale and a shift."""

    def __init__(self):
        super().__init__()
        self.see, self.hear, self.fc = L3(3), L3(1), nn.Linear(1, 1)

    def forward(self, x, y):
        x, y = F.normalize(self.see(x)), F.normalize(self.hear(y))
        far = lambda y: ((x - y).square().sum(1, keepdim=True) + 1e-8).sqrt()
        return self.fc(torch.cat([far(y), far(y.roll(-1, 0))]))


def audio_visual(n, layout):
    net = AudioVisual().to(memory_format=layout)
    x, y = torch.randn(n, 3, 224, 224).to(memory_format=layout), torch.randn(n, 1, 199, 257)
    own = torch.cat([torch.ones(n, 1), torch.zeros(n, 1)])
    return net, lambda: F.binary_cross_entropy_with_logits(net(x, y), own)


class MAE(nn.Module):
    """He et al. 2022 on timm's ViT-tiny of patches of 4 at 32 pixels, 75 % hidden; a decoder of four blocks of 128."""

    def __init__(self, width=128, depth=4, heads=4):
        super().__init__()
        import timm
        self.encoder = timm.create_model("vit_tiny_patch16_224", patch_size=4, img_size=32, num_classes=0)
        block = timm.models.vision_transformer.Block
        self.embed, self.blocks = nn.Linear(192, width), nn.Sequential(*[block(width, heads, qkv_bias=True) for _ in range(depth)])
        self.norm, self.pred = nn.LayerNorm(width), nn.Linear(width, 48)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.register_buffer("place", torch.randn(1, 65, width) * 0.02)

    def forward(self, x, order):
        e, (hidden, seen) = self.encoder, order.split([48, 16], 1)
        y = torch.gather(e.patch_embed(x) + e.pos_embed[:, 1:], 1, seen[..., None].expand(-1, -1, 192))
        y = self.embed(e.norm(e.blocks(torch.cat([(e.cls_token + e.pos_embed[:, :1]).expand(len(x), -1, -1), y], 1))))
        z = torch.cat([y[:, 1:], self.token.expand(len(x), 48, -1)], 1)
        z = torch.gather(z, 1, torch.cat([seen, hidden], 1).argsort(1)[..., None].expand(-1, -1, z.shape[2]))
        said = self.pred(self.norm(self.blocks(torch.cat([y[:, :1], z], 1) + self.place)))[:, 1:]
        want = F.unfold(x, 4, stride=4).transpose(1, 2)
        want = (want - want.mean(2, keepdim=True)) / (want.var(2, keepdim=True) + 1e-6).sqrt()
        return (said - want).square().mean(2).gather(1, hidden).mean()


def mae(n, layout):
    net, x = MAE(), torch.randn(n, 3, 32, 32).to(memory_format=layout)
    return net, lambda: net(x, torch.rand(n, 64).argsort(1))


def adamw(net):
    return torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01, fused=True)


def sgd(net):
    return torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)


def adam(net):
    """Biases, scales and shifts do not decay."""
    groups = [{"params": [p for p in net.parameters() if (p.dim() > 1) == decays], "weight_decay": 1e-5 if decays else 0.0} for decays in (True, False)]
    return torch.optim.Adam(groups, lr=1e-4, fused=True)


STEPS = {"train_step/jigsaw_resnet18_9x64/n32": (sgd, lambda layout: jigsaw(32, layout)),
         "train_step/colourise_zhang_176/n8": (sgd, lambda layout: colourise(8, layout)),
         "train_step/audio_visual_l3_224/n16": (adam, lambda layout: audio_visual(16, layout)),
         "train_step/mae_vit_tiny_cifar/n128": (adamw, lambda layout: mae(128, layout))}


def measure(step, budget):
    step()
    step()
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < budget and len(times) < 30:
        t = time.perf_counter()
        step()
        times.append(time.perf_counter() - t)
    return sorted(times)


for id, (optimiser, make) in STEPS.items():
    if not re.search(args.only, id):
        continue
    best = None
    for name, layout in {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}.items():
        torch.manual_seed(0)
        net, loss = make(layout)
        opt = optimiser(net)

        def step():
            opt.zero_grad(set_to_none=True)
            loss().backward()
            opt.step()

        t = measure(step, 2 if args.quick else 6)
        if best is None or t[0] < best["min_s"]:
            best = {"id": id, "tool": "torch " + torch.__version__, "threads": args.threads, "min_s": t[0], "median_s": t[len(t) // 2], "max_s": t[-1], "reps": len(t), "layout": name}
    print(json.dumps(best), flush=True)
