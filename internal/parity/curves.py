"""The recipes of relative-position, jigsaw, colourise (classes), context-encoder, shuffle-and-learn, frame-order, track (walk, without dropped
edges), audio-visual, simclr, barlow, byol, dino and swav (freeze=0), simsiam, moco (groups=1), mae and simmim in PyTorch, on the weights and batches of ours.

  go run ./internal/parity/curves TASK --data SPEC --steps 200 --out DIR      writes them, and trains ours
  pip install torch numpy safetensors
  python3 internal/parity/curves.py DIR [--threads N] [--kernels nchw,nhwc,native] [--runs 0,1,...] [--double] [--golden FILE]
  go run ./internal/parity/curves compare DIR

DIR/plan.json is the recipe, DIR/start-K.safetensors the weights of run K in PyTorch's layout, DIR/batches what each step is fed. Written from
the papers and from what our tasks say of themselves; nothing of ours is called. For each run: DIR/theirs-K.json, its losses and seconds a step, and
DIR/theirs-K.safetensors, its last weights. Run K computes with the K-th of the kernels, in turns: oneDNN's, channels first or last, and PyTorch's own; each rounds in its own way, the same
way in each step, which disturbed weights alone do not show. --double also runs start-0 in float64: theirs-double.json. --golden writes configuration, losses
and the length of each tensor at the end into one file, for internal/parity/curves/testdata.
"""
import argparse, json, math, os, time
from urllib.parse import parse_qsl
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import load_file, save_file


class Trunk(nn.Module):
    """convnet: four 3x3 convolutions with batch norm and ReLU, the last three with stride 2."""

    def __init__(self, w, of="trunk"):
        super().__init__()
        for i in range(1, 5):
            o, c = w[f"{of}.conv{i}.weight"].shape[:2]
            setattr(self, f"conv{i}", nn.Conv2d(c, o, 3, 1 if i == 1 else 2, 1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(o))

    def forward(self, x):
        for i in range(1, 5):
            y = getattr(self, f"conv{i}")(x)
            if x.shape[1] == 1:  # which PyTorch takes for channels last, whose batch norm adds up in float32: with silence it is off by 1e-4
                y = y.contiguous()
            x = F.relu(getattr(self, f"bn{i}")(y))
        return x


def plain_norm(head, name, w, of="head"):
    """A linear layer, batch normalisation without scale and shift, ReLU."""
    o, i = w[f"{of}.{name}.weight"].shape
    head[name], head[name + "_norm"], head[name + "_relu"] = nn.Linear(i, o, bias=False), nn.BatchNorm1d(o, affine=False), nn.ReLU()


def linear(head, name, w, of="head"):
    o, i = w[f"{of}.{name}.weight"].shape
    head[name] = nn.Linear(i, o)


def sequence(modules):
    s = nn.Sequential()
    for name, m in modules.items():
        s.add_module(name, m)
    return s


def numbered(w, prefix):
    """The numbers n of weights prefix + n + .weight, rising."""
    names = [k[len(prefix):-len(".weight")] for k in w if k.startswith(prefix) and k.endswith(".weight")]
    return sorted(int(n) for n in names if n.isdigit())


class RelativePosition(nn.Module):
    """Doersch et al. 2015: pooled features of two patches side by side, hidden layers, eight answers."""

    def __init__(self, w):
        super().__init__()
        self.trunk, head = Trunk(w), {}
        for i in numbered(w, "head.hidden"):
            plain_norm(head, f"hidden{i}", w)
        linear(head, "fc", w)
        self.head = sequence(head)
        self.register_buffer("chosen", torch.zeros(2))

    def losses(self, b, minimise):
        z = self.trunk(b["X"]).mean((2, 3))
        logits = self.head(torch.cat([z[b["First"]], z[b["Second"]]], 1))
        minimise("loss", F.cross_entropy(logits, b["Labels"]))


class Jigsaw(nn.Module):
    """Noroozi, Favaro 2016: the pooled features of all tiles as they are dealt, a hidden layer, one answer a permutation."""

    def __init__(self, w):
        super().__init__()
        self.trunk, head = Trunk(w), {}
        plain_norm(head, "hidden", w)
        linear(head, "fc", w)
        self.head = sequence(head)
        self.register_buffer("permutations", torch.zeros(w["permutations"].shape))

    def losses(self, b, minimise):
        z = self.trunk(b["X"]).mean((2, 3))
        logits = self.head(z[b["Dealt"]].reshape(len(b["Labels"]), -1))
        minimise("loss", F.cross_entropy(logits, b["Labels"]))


# The classes of Zhang et al. 2016: from a = -90 on in steps of 10, the first and last b of each.
ROWS = ((50, 90), (20, 90), (0, 90), (-20, 90), (-30, 100), (-40, 100), (-50, 100), (-50, 100), (-60, 100), (-70, 100), (-80, 90), (-80, 90),
        (-90, 90), (-100, 90), (-100, 80), (-110, 80), (-110, 80), (-110, 70), (-110, 70), (-90, 0))
BINS = torch.tensor([(-90 + 10 * i, b) for i, (lo, hi) in enumerate(ROWS) for b in range(lo, hi + 1, 10)], dtype=torch.float64)


class Colourise(nn.Module):
    """Zhang et al. 2016: features doubled by transposed convolutions, two 3x3 and a 1x1 convolution, rebalanced cross-entropy with soft bins."""

    def __init__(self, w):
        super().__init__()
        self.trunk, head = Trunk(w), {}
        for i in numbered(w, "head.up"):
            c, o = w[f"head.up{i}.weight"].shape[:2]
            head[f"up{i}"] = nn.ConvTranspose2d(c, o, 4, 2, 1, bias=False)
            head[f"up{i}_bn"], head[f"up{i}_relu"] = nn.BatchNorm2d(o), nn.ReLU()
        for i in (1, 2):
            o, c = w[f"head.conv{i}.weight"].shape[:2]
            head[f"conv{i}"] = nn.Conv2d(c, o, 3, 1, 1, bias=False)
            head[f"conv{i}_bn"], head[f"conv{i}_relu"] = nn.BatchNorm2d(o), nn.ReLU()
        o, c = w["head.colours.weight"].shape[:2]
        head["colours"] = nn.Conv2d(c, o, 1)
        self.head = sequence(head)
        self.register_buffer("prior", torch.zeros(313))

    def prepare(self, b):
        """Soft bins (equation 2) and how much each pixel counts (equation 4), from the colours themselves."""
        ab = b["AB"].double().permute(0, 2, 3, 1).reshape(-1, 2)
        d = ((ab[:, None] - BINS) ** 2).sum(2)
        near, at = d.topk(5, largest=False)
        b["soft"] = torch.zeros(len(ab), 313).double().scatter_(1, at, (-near / 50).softmax(1)).to(b["X"].dtype)
        rare = 1 / (0.5 * self.prior.double() + 0.5 / 313)
        rare = rare / (rare * self.prior.double()).sum()
        colour = (b["Colour"] != 0).double().repeat_interleave(len(ab) // len(b["Colour"]))
        b["weight"] = (rare[at[:, 0]] * colour / colour.sum().clamp(min=1)).to(b["X"].dtype)

    def losses(self, b, minimise):
        y = self.head(self.trunk(b["X"])).permute(0, 2, 3, 1).reshape(-1, 313)
        minimise("loss", (F.cross_entropy(y, b["soft"], reduction="none") * b["weight"]).sum())


class Spread(nn.Module):
    """Connects the positions of a map channel by channel (Pathak et al. 2016, section 3.1)."""

    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        side = math.isqrt(self.weight.shape[2])
        return torch.einsum("ncp,cpq->ncq", x.flatten(2), self.weight).unflatten(2, (side, side))


class ContextEncoder(nn.Module):
    """Pathak et al. 2016: a layer that connects positions, transposed convolutions; squared error, and an adversary where there is one."""

    def __init__(self, w):
        super().__init__()
        self.trunk, head = Trunk(w), {"spread": Spread(w["head.spread.weight"].shape)}
        o, c = w["head.mix.weight"].shape[:2]
        head["mix"], head["mix_bn"], head["mix_relu"] = nn.Conv2d(c, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()
        sides = numbered(w, "head.up")
        for i in sides:
            c, o = w[f"head.up{i}.weight"].shape[:2]
            head[f"up{i}"] = nn.ConvTranspose2d(c, o, 4, 2, 1, bias=False)
            if i == sides[-1]:
                head["tanh"] = nn.Tanh()
            else:
                head[f"up{i}_bn"], head[f"up{i}_relu"] = nn.BatchNorm2d(o), nn.ReLU()
        self.head = sequence(head)
        self.discriminator = self.critic(w) if "discriminator.judge.weight" in w else None

    @staticmethod
    def critic(w):
        s = {}
        for i in reversed(numbered(w, "discriminator.down")):
            o, c = w[f"discriminator.down{i}.weight"].shape[:2]
            s[f"down{i}"] = nn.Conv2d(c, o, 4, 2, 1, bias=False)
            if len(s) > 1:
                s[f"down{i}_bn"] = nn.BatchNorm2d(o)
            s[f"down{i}_leaky"] = nn.LeakyReLU(0.2)
        o, c, k, _ = w["discriminator.judge.weight"].shape
        s["judge"], s["flatten"] = nn.Conv2d(c, o, k, bias=False), nn.Flatten()
        return sequence(s)

    def losses(self, b, minimise):
        made = self.head(self.trunk(b["X"]))
        squares = (b["Weight"] * (made - b["Want"]) ** 2).sum() / (b["Weight"] > 0).sum().clamp(min=1)
        if self.discriminator is None:
            return minimise("loss", squares)
        shown, judge, bce = made * (b["Weight"] > 0), self.discriminator, F.binary_cross_entropy_with_logits
        real, fake = judge(b["Want"]), judge(shown.detach())
        minimise("loss_discriminator", bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake)), "discriminator")
        fooled = bce(judge(shown), torch.ones_like(fake))
        minimise("loss", 0.999 * squares + 0.001 * fooled, "painter")


class Frames(nn.Module):
    """A linear layer on a frame's features, pooled to a few cells a side; of frames that lie in a film together the mean is taken away before the norm."""

    def __init__(self, w):
        super().__init__()
        self.trunk, embed = Trunk(w), {}
        self.pool = math.isqrt(w["embed.fc.weight"].shape[1] // w["trunk.conv4.weight"].shape[0])
        plain_norm(embed, "fc", w, "embed")
        self.embed = sequence(embed)

    def embedded(self, x, centred):
        cells = F.adaptive_avg_pool2d(self.trunk(x), self.pool).permute(0, 2, 3, 1).flatten(1)  # channels last, as weights of linear layers have them
        return self.embed.fc_relu(self.embed.fc_norm(centred(self.embed.fc(cells))))


class ShuffleAndLearn(Frames):
    """Misra et al. 2016: b, c, d in order, b, a, d and b, e, d not; three of four parts of the loss are those that are not."""

    def __init__(self, w):
        super().__init__(w)
        head = {}
        plain_norm(head, "hidden", w)
        linear(head, "fc", w)
        self.head = sequence(head)

    def losses(self, b, minimise):
        def centred(y):  # frame by frame, of all films: less the mean of b and d
            y = y.unflatten(0, (5, -1))
            return (y - (y[1] + y[3]) / 2).flatten(0, 1)

        f = self.embedded(b["X"], centred).unflatten(0, (5, -1))
        tuples = [torch.cat([f[1], f[k], f[3]], 1) for k in (2, 0, 4)]
        logits = self.head(torch.cat(tuples)).unflatten(0, (3, -1))
        right, wrong = logits[0].log_softmax(1)[:, 1], logits[1:].log_softmax(2)[..., 0]
        minimise("loss", -0.25 * right.mean() - 0.75 * wrong.mean())


class FrameOrder(Frames):
    """Lee et al. 2017: all pairs of four frames, as they are dealt, through one layer, the layer's outputs side by side."""

    def __init__(self, w):
        super().__init__(w)
        head = {}
        plain_norm(head, "pair", w)
        linear(head, "fc", w)
        self.head = sequence(head)

    def losses(self, b, minimise):
        def centred(y):
            y = y.unflatten(0, (-1, 4))
            return (y - y.mean(1, keepdim=True)).flatten(0, 1)

        z = self.embedded(b["X"], centred)[b["Dealt"]].unflatten(0, (-1, 4))
        pairs = torch.cat([torch.cat([z[:, i], z[:, j]], 1) for i in range(4) for j in range(i + 1, 4)])
        said = self.head.pair_relu(self.head.pair_norm(self.head.pair(pairs))).unflatten(0, (6, -1))
        minimise("loss", F.cross_entropy(self.head.fc(said.transpose(0, 1).flatten(1)), b["Labels"]))


class Walk(nn.Module):
    """Jabri et al. 2020: a walk over patches from frame to frame, k on and k back for every k, ends where it began; temperature 0.05."""

    def __init__(self, w):
        super().__init__()
        self.trunk, head = Trunk(w), {}
        linear(head, "fc", w)
        self.head = sequence(head)

    def losses(self, b, minimise):
        frames, nodes = 4, 49
        z = F.normalize(self.head.fc(self.trunk(b["X"]).mean((2, 3))), dim=1).unflatten(0, (-1, frames, nodes)).transpose(0, 1)
        step = lambda s, t: (z[s] @ z[t].transpose(1, 2) / 0.05).softmax(2)
        there, loss = torch.eye(nodes, dtype=z.dtype), 0
        for t in range(1, frames):
            there = there @ step(t - 1, t)
            ends = there
            for k in range(t, 0, -1):
                ends = ends @ step(k, k - 1)
            loss = loss - (ends.diagonal(dim1=1, dim2=2) + 1e-20).log().mean() / (frames - 1)
        minimise("loss", loss)


class AudioVisual(nn.Module):
    """Arandjelovic, Zisserman 2017 and 2018: is a sound a frame's own, or that of another film of the batch? Joined by two layers (concat), by the distance of
    what both say (distance), or where they are most alike (location); what belongs and what does not has half of the loss each."""

    def __init__(self, w):
        super().__init__()
        self.trunk, self.ear = Trunk(w), Trunk(w, "ear")
        self.see, self.hear = self.tower(w, "see"), self.tower(w, "hear")
        join = {}
        if "join.hidden.weight" in w:
            plain_norm(join, "hidden", w, "join")
        linear(join, "fc", w, "join")
        self.join = sequence(join)

    @staticmethod
    def tower(w, of):
        s = {}
        if f"{of}.hidden.weight" in w:
            plain_norm(s, "hidden", w, of)
            linear(s, "embed", w, of)
        return sequence(s)

    def losses(self, b, minimise):
        fusion, n = self.options.get("fusion", "distance"), len(b["X"])
        others = min(int(self.options.get("negatives", 0)) or n, n - 1)
        seen, heard = self.trunk(b["X"]), self.hear(self.ear(b["Y"]).amax((2, 3)))
        if fusion == "location":
            seen = self.see(seen.permute(0, 2, 3, 1).flatten(0, 2)).unflatten(0, (n, -1))
        else:
            seen = self.see(seen.amax((2, 3)))

        def pairs(k):  # frame i beside sound i + k
            y = heard.roll(-k, 0)
            if fusion == "concat":
                return torch.cat([seen, y], 1)
            if fusion == "distance":
                return ((F.normalize(seen) - F.normalize(y)).square().sum(1, keepdim=True) + 1e-8).sqrt()
            return (seen @ y[:, :, None]) / math.sqrt(y.shape[1])

        every = self.join(torch.cat([pairs(k) for k in range(others + 1)]))  # where there is a norm, it is over all pairs
        if fusion == "location":
            every = every.amax(1)
        bce, y, no = F.binary_cross_entropy_with_logits, every[:n], every[n:]
        minimise("loss", (bce(y, torch.ones_like(y)) + bce(no, torch.zeros_like(no))) / 2)


class Block(nn.Module):
    """A block of a vision transformer, norms before its branches; heads are told by who calls it, weights do not tell them."""

    def __init__(self, w, of):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(len(w[f"{of}.norm{i}.weight"]), eps=1e-6) for i in (1, 2))
        self.attn, self.mlp = nn.Module(), nn.Module()
        for parent, names in ((self.attn, ("qkv", "proj")), (self.mlp, ("fc1", "fc2"))):
            for name in names:
                o, i = w[f"{of}.{'attn' if parent is self.attn else 'mlp'}.{name}.weight"].shape
                setattr(parent, name, nn.Linear(i, o))

    def forward(self, x, heads):
        q, k, v = self.attn.qkv(self.norm1(x)).unflatten(2, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        x = x + self.attn.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


def blocks(w, of):
    return nn.ModuleList(Block(w, f"{of}.blocks.{i}") for i in sorted({int(k[len(of) + 8:].split(".")[0]) for k in w if k.startswith(f"{of}.blocks.")}))


class Transformer(nn.Module):
    """The vision transformer of Dosovitskiy et al. 2021, with a class token; of pictures as large as its table of positions."""

    def __init__(self, w, of="trunk"):
        super().__init__()
        width, c, self.patch, _ = w[f"{of}.patch_embed.proj.weight"].shape
        self.cls_token, self.pos_embed = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.zeros(w[f"{of}.pos_embed"].shape))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(c, width, self.patch, self.patch)
        self.blocks, self.norm = blocks(w, of), nn.LayerNorm(width, eps=1e-6)

    def forward(self, x, heads, seen=None, hidden=None, token=None):
        """Tokens [N 1+L C], of the patches that are seen [N K], or with a token where they are hidden [N L]."""
        y = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        if hidden is not None:
            y = torch.where(hidden[..., None], token, y)
        y = y + self.pos_embed[:, 1:]
        if seen is not None:
            y = y.gather(1, seen[..., None].expand(-1, -1, y.shape[2]))
        y = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(len(y), -1, -1), y], 1)
        for b in self.blocks:
            y = b(y, heads)
        return self.norm(y)


def patchify(x, p):
    """[N C H W] as [N L p·p·C], pixel by pixel."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(n, -1, p * p * c)


def waves(side, dim):
    """Positions in sines and cosines, columns first, behind a zero for the class token (get_2d_sincos_pos_embed of the authors)."""
    turn = torch.arange(side, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    line = torch.cat([turn.sin(), turn.cos()], 1)
    table = torch.cat([line.repeat(side, 1), line.repeat_interleave(side, 0)], 1)
    return torch.cat([torch.zeros(1, dim), table])


class MAE(nn.Module):
    """He et al. 2022: the trunk sees some patches; a decoder paints the others, less their mean and over their deviation."""

    def __init__(self, w):
        super().__init__()
        self.trunk, self.decoder = Transformer(w), nn.Module()
        width, wide = w["decoder.embed.weight"].shape
        self.decoder.embed, self.decoder.mask_token = nn.Linear(wide, width), nn.Parameter(torch.zeros(1, width))
        self.decoder.blocks, self.decoder.norm = blocks(w, "decoder"), nn.LayerNorm(width, eps=1e-6)
        self.decoder.pred = nn.Linear(width, len(w["decoder.pred.weight"]))

    def losses(self, b, minimise):
        x, d, heads = b["X"], self.decoder, int(self.options.get("heads", 4))
        n, count = len(x), self.trunk.pos_embed.shape[1] - 1
        seen, gone = b["Seen"].reshape(n, -1), b["Hidden"].reshape(n, -1)
        y = d.embed(self.trunk(x, self.heads, seen))
        z = d.mask_token.expand(n, count, -1).scatter(1, seen[..., None].expand(-1, -1, y.shape[2]), y[:, 1:])
        z = torch.cat([y[:, :1], z], 1) + waves(math.isqrt(count), y.shape[2]).to(y.dtype)
        for block in d.blocks:
            z = block(z, heads)
        of = lambda t: t.gather(1, gone[..., None].expand(-1, -1, t.shape[2]))
        made, want = of(d.pred(d.norm(z))[:, 1:]), of(patchify(x, self.trunk.patch))
        if self.options.get("norm", "yes") == "yes":
            want = (want - want.mean(-1, keepdim=True)) / (want.var(-1, keepdim=True) + 1e-6).sqrt()
        minimise("loss", F.mse_loss(made, want))


class SimMIM(nn.Module):
    """Xie et al. 2022: one token for patches, or zeros for pixels, of hidden squares, whose pixels one linear layer says."""

    def __init__(self, w):
        super().__init__()
        self.trunk = (Transformer if "trunk.cls_token" in w else Trunk)(w)
        self.head = nn.Linear(*reversed(w["head.weight"].shape))
        if "mask_token" in w:
            self.mask_token = nn.Parameter(torch.zeros(w["mask_token"].shape))

    def losses(self, b, minimise):
        x, gone = b["X"], b["Hidden"].reshape(len(b["X"]), -1)
        n, side = len(x), x.shape[-1]
        unit = self.trunk.patch if hasattr(self, "mask_token") else 1
        block = int(self.options.get("block", 0)) or next((k for k in range(unit, side, unit) if side % k == 0 and 7 * k >= side), unit)
        hidden = torch.zeros(n, (side // block) ** 2, dtype=torch.bool).scatter(1, gone, True).reshape(n, 1, side // block, -1)
        hidden = hidden.repeat_interleave(block, 2).repeat_interleave(block, 3)
        if unit > 1:
            y = self.trunk(x, self.heads, hidden=hidden[:, 0, ::unit, ::unit].flatten(1), token=self.mask_token)[:, 1:]
        else:
            y = self.trunk(x.masked_fill(hidden, 0)).permute(0, 2, 3, 1).flatten(1, 2)
        made = F.pixel_shuffle(self.head(y).unflatten(2, (-1, 3)).transpose(2, 3).flatten(2).transpose(1, 2).unflatten(2, (math.isqrt(y.shape[1]), -1)),
                               side // math.isqrt(y.shape[1]))
        minimise("loss", ((made - x).abs() * hidden).sum() / (3 * hidden.sum()))


class NormReLU(nn.BatchNorm1d):
    def forward(self, x):
        return F.relu(super().forward(x))


class Encoder(nn.Module):
    """A trunk, pooled, and linear layers with batch norm and ReLU between them."""

    def __init__(self, w, prefix=""):
        super().__init__()
        self.trunk, self.projector = Trunk(w, prefix + "trunk"), perceptron(w, prefix + "projector")

    def forward(self, x):
        return self.projector(self.trunk(x).mean((2, 3)))


def perceptron(w, of):
    """Layers 0, 2, ... are linear, and what is between them a norm and ReLU, or ReLU alone."""
    last, parts = numbered(w, of + ".")[-1], []
    for i in range(last + 1):
        name = f"{of}.{i}"
        if i % 2 == 0:
            o, c = w[name + ".weight"].shape
            parts.append(nn.Linear(c, o, bias=name + ".bias" in w))
        else:
            parts.append(NormReLU(len(w[name + ".weight"])) if name + ".weight" in w else nn.ReLU())
    return nn.Sequential(*parts)


class SimCLR(Encoder):
    """Chen et al. 2020, equation 1: each of the 2N views finds the other of its picture."""

    def losses(self, b, minimise):
        z = F.normalize(torch.cat([self(b["X0"]), self(b["X1"])]))
        n = len(z) // 2
        logits = (z @ z.T / float(self.options.get("temperature", 0.5))).masked_fill(torch.eye(2 * n, dtype=torch.bool), -1e9)
        minimise("loss", F.cross_entropy(logits, (torch.arange(2 * n) + n) % (2 * n)))


class Barlow(Encoder):
    """Zbontar et al. 2021, equations 1 and 2."""

    def losses(self, b, minimise):
        z = [F.batch_norm(self(b[x]), None, None, training=True) for x in ("X0", "X1")]
        c = z[0].T @ z[1] / len(z[0])
        on = torch.diagonal(c)
        minimise("loss", ((1 - on) ** 2).sum() + float(self.options.get("lambda", 0.005)) * (c.pow(2).sum() - on.pow(2).sum()))


class Taught(nn.Module):
    """A net with a teacher that is an average of its weights."""

    def named_parameters(self, *a, **k):
        return ((n, p) for n, p in super().named_parameters(*a, **k) if not n.startswith("teacher."))

    def after(self, step, steps):
        start, last = float(self.options.get("decay", 0.99)), float(self.options.get("last", 1))
        m = last - (last - start) * (math.cos(math.pi * step / steps) + 1) / 2
        with torch.no_grad():
            for name, t in self.teacher.named_parameters():
                t.mul_(m).add_(self.get_parameter(name), alpha=1 - m)


class BYOL(Taught, Encoder):
    """Grill et al. 2020, equation 2, halved."""

    def __init__(self, w):
        super().__init__(w)
        self.predictor, self.teacher = perceptron(w, "predictor"), Encoder(w, "teacher.")

    def losses(self, b, minimise):
        with torch.no_grad():
            z = [self.teacher(b[x]) for x in ("X0", "X1")]
        p = [self.predictor(self(b[x])) for x in ("X0", "X1")]
        minimise("loss", 1 - (F.cosine_similarity(p[0], z[1]).mean() + F.cosine_similarity(p[1], z[0]).mean()) / 2)


class SimSiam(Encoder):
    """Chen, He 2021, equation 3 plus one: each view's prediction finds the other's projection, which takes no gradient; behind the projector a norm without scale and shift."""

    def __init__(self, w):
        super().__init__(w)
        last = self.projector[-1]
        self.projector.append(nn.BatchNorm1d(last.weight.shape[0], affine=False))
        self.predictor = perceptron(w, "predictor")

    def losses(self, b, minimise):
        z = [self(b[x]) for x in ("X0", "X1")]
        p = [self.predictor(x) for x in z]
        minimise("loss", 1 - (F.cosine_similarity(p[0], z[1].detach()).mean() + F.cosine_similarity(p[1], z[0].detach()).mean()) / 2)


class Queue(nn.Module):
    """The rows that were put in last, the oldest replaced first."""

    def __init__(self, rows):
        super().__init__()
        self.register_buffer("rows", torch.zeros(rows.shape))
        self.register_buffer("next", torch.zeros(1))

    def put(self, z):
        at = (int(self.next) + torch.arange(len(z))) % len(self.rows)
        self.rows[at] = z
        self.next.fill_((int(at[-1]) + 1) % len(self.rows))


class MoCo(Encoder):
    """He et al. 2020, equations 1 and 2, both views as queries, the keys of a batch normalised together (groups=1): each query finds its key among it and the queue, by
    cosines over a temperature; the keys of second views are put in first."""

    def __init__(self, w):
        super().__init__(w)
        self.key, self.queue = Encoder(w, "key."), Queue(w["queue.rows"])

    def named_parameters(self, *a, **k):
        return ((n, p) for n, p in super().named_parameters(*a, **k) if not n.startswith("key."))

    def losses(self, b, minimise):
        loss, self.said = 0, []
        for asks, answers in (("X0", "X1"), ("X1", "X0")):
            q = F.normalize(self(b[asks]))
            with torch.no_grad():
                k = F.normalize(self.key(b[answers]))
            logits = torch.cat([(q * k).sum(1, keepdim=True), q @ self.queue.rows.T], 1) / float(self.options.get("temperature", 0.1))
            loss = loss + F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long)) / 2
            self.said.append(k)
        minimise("loss", loss)

    def after(self, step, steps):
        m = float(self.options.get("momentum", 0.99))
        with torch.no_grad():
            for name, t in self.key.named_parameters():
                t.mul_(m).add_(self.get_parameter(name), alpha=1 - m)
            for k in self.said:
                self.queue.put(k)


class SwAV(Encoder):
    """Caron et al. 2020, equations 2 to 6, of two views and with a queue or without (freeze=0): scores of projections and prototypes, both of unit length, are dealt out
    evenly, and what one view is dealt is said of the other."""

    def __init__(self, w):
        super().__init__(w)
        self.prototypes = nn.Module()
        self.prototypes.weight = nn.Parameter(torch.zeros(w["prototypes.weight"].shape))
        for v in (0, 1):
            if f"queue{v}.rows" in w:
                setattr(self, f"queue{v}", Queue(w[f"queue{v}.rows"]))

    def dealt(self, scores):
        q = (scores.detach() / float(self.options.get("epsilon", 0.05))).exp()
        for _ in range(int(self.options.get("rounds", 3))):
            q = q / q.sum(0)
            q = q / q.sum(1, keepdim=True)
        return q

    def losses(self, b, minimise):
        self.z = [F.normalize(self(b[x])) for x in ("X0", "X1")]
        scores, codes = [z @ self.prototypes.weight.T for z in self.z], []
        for v, s in enumerate(scores):
            queue, n = getattr(self, f"queue{v}", None), len(s)
            if queue is not None and queue.rows[-1].any():  # it is filled last
                s = torch.cat([s, queue.rows @ self.prototypes.weight.T])
            codes.append(self.dealt(s)[:n])
        t = float(self.options.get("temperature", 0.1))
        minimise("loss", (F.cross_entropy(scores[1] / t, codes[0]) + F.cross_entropy(scores[0] / t, codes[1])) / 2)

    def after(self, step, steps):
        with torch.no_grad():
            self.prototypes.weight.copy_(F.normalize(self.prototypes.weight))
            for v, z in enumerate(self.z):
                if hasattr(self, f"queue{v}"):
                    getattr(self, f"queue{v}").put(z.detach())


class DINO(Taught):
    """Caron et al. 2021, equations 3 and 4, of two views and with batch norm in the perceptron; prototypes are of unit length whatever their weights are."""

    def __init__(self, w, prefix=""):
        super().__init__()
        self.trunk, last, parts = Trunk(w, prefix + "trunk"), numbered(w, prefix + "projector.")[-1], []
        for i in range(0, last, 3):
            o, c = w[f"{prefix}projector.{i}.weight"].shape
            parts += [nn.Linear(c, o, bias=False), nn.BatchNorm1d(o), nn.GELU()]
        self.projector = nn.Sequential(*parts, nn.Linear(*reversed(w[f"{prefix}projector.{last}.weight"].shape)))
        self.prototypes = nn.Module()
        self.prototypes.weight_v = nn.Parameter(torch.zeros(w[prefix + "prototypes.weight_v"].shape))
        if not prefix:
            self.teacher = DINO(w, "teacher.")
            self.register_buffer("centre", torch.zeros(len(w["centre"])))

    def forward(self, x):
        return F.normalize(self.projector(self.trunk(x).mean((2, 3)))) @ F.normalize(self.prototypes.weight_v).T

    def losses(self, b, minimise):
        with torch.no_grad():
            t = [self.teacher(b[x]) for x in ("X0", "X1")]
            said = [((y - self.centre) / float(self.options.get("teacher", 0.04))).softmax(1) for y in t]
        y = [self(b[x]) / float(self.options.get("temperature", 0.1)) for x in ("X0", "X1")]
        minimise("loss", (F.cross_entropy(y[1], said[0]) + F.cross_entropy(y[0], said[1])) / 2)
        c = float(self.options.get("centre", 0.9))
        self.centre.mul_(c).add_(torch.cat(t).mean(0), alpha=1 - c)


class LARS(torch.optim.Optimizer):
    """You et al. 2017, algorithm 1; what does not decay learns with plain momentum."""

    def __init__(self, sets, lr, momentum, trust):
        super().__init__(sets, {"lr": lr, "momentum": momentum, "trust": trust})

    @torch.no_grad()
    def step(self):
        for s in self.param_groups:
            for p in s["params"]:
                local, wd = 1.0, s["weight_decay"]
                if wd and p.norm() > 0 and p.grad.norm() > 0:
                    local = s["trust"] * p.norm() / (p.grad.norm() + wd * p.norm())
                v = self.state[p].setdefault("velocity", torch.zeros_like(p))
                v.mul_(s["momentum"]).add_(s["lr"] * local * (p.grad + wd * p))
                p.sub_(v)


TASKS = {"mae": MAE, "simmim": SimMIM, "simclr": SimCLR, "barlow": Barlow, "byol": BYOL, "dino": DINO, "simsiam": SimSiam, "moco": MoCo, "swav": SwAV, "relative-position": RelativePosition, "jigsaw": Jigsaw, "colourise": Colourise, "context-encoder": ContextEncoder, "shuffle-and-learn": ShuffleAndLearn,
         "frame-order": FrameOrder, "track": Walk, "audio-visual": AudioVisual}
WHOLE = {"First", "Second", "Labels", "Dealt", "Classes", "Of", "Seen", "Hidden"}


def specification(of, kind=float):
    """name?option=value as name, {option: value}."""
    name, _, options = of.partition("?")
    return name, {k: kind(v) for k, v in parse_qsl(options)}


def optimisers(net, plan):
    """One a group, its weights decaying, its biases, scales and shifts not."""
    c, params, out = plan["config"], dict(net.named_parameters()), {}
    if set(params) != {p["name"] for p in plan["params"]}:
        raise SystemExit(f"the weights are others: {sorted(set(params) ^ {p['name'] for p in plan['params']})}")
    name, o = specification(c["optimizer"])
    for group in sorted({p["group"] for p in plan["params"]}):
        mine = [p for p in plan["params"] if p["group"] == group]
        sets = [{"params": [params[p["name"]] for p in mine if p["decays"] == d], "weight_decay": c["weight_decay"] if d else 0.0} for d in (True, False)]
        sets = [s for s in sets if s["params"]]
        if name in ("sgd", "nesterov"):
            opt = torch.optim.SGD(sets, lr=c["lr"], momentum=c["momentum"], nesterov=name == "nesterov")
        elif name in ("adam", "adamw"):
            opt = (torch.optim.AdamW if name == "adamw" else torch.optim.Adam)(sets, lr=c["lr"], betas=(o.get("beta1", 0.9), o.get("beta2", 0.999)), eps=o.get("eps", 1e-8))
        elif name == "lars":
            opt = LARS(sets, c["lr"], c["momentum"], o.get("trust", 0.001))
        else:
            raise SystemExit(f"no optimiser {name} here")
        out[group] = opt, mine[0]["rate"]
    return out


def rate(c, step, steps):
    """The learning rate of a step, from 0 on."""
    if c["schedule"] not in ("cosine", "constant"):
        raise SystemExit(f"no schedule {c['schedule']} here")
    warm = c["warmup_steps"] if c["warmup_steps"] >= 0 else min(-c["warmup_steps"], max(1, steps // 20))
    return c["lr"] * (0.5 * (1 + math.cos(math.pi * step / steps)) if c["schedule"] == "cosine" else 1) * min(1, (step + 1) / max(1, warm))


def batch(path, dtype, layout):
    b = load_file(path)
    for k, v in b.items():
        b[k] = v.long() if k in WHOLE else v.to(dtype)
        if v.dim() == 4:
            b[k] = b[k].permute(0, 3, 1, 2).contiguous(memory_format=layout)
    return b


def run(dir, plan, start, dtype, layout):
    w = load_file(f"{dir}/{start}.safetensors")
    name, options = specification(plan["config"]["task"], str)
    net = TASKS[name](w)
    net.options, net.heads = options, int(specification(plan["config"]["trunk"], str)[1].get("heads", 3))
    state = net.state_dict()
    if set(state) != set(w):
        raise SystemExit(f"the state is another: {sorted(set(state) ^ set(w))}")
    net.load_state_dict({k: v.reshape(state[k].shape) for k, v in w.items()})
    net = net.to(dtype).to(memory_format=layout).train()
    groups, curves, seconds = optimisers(net, plan), {}, []
    for step in range(plan["steps"]):
        b = batch(f"{dir}/batches/{step:04}.safetensors", dtype, layout)
        if hasattr(net, "prepare"):
            net.prepare(b)
        lr = rate(plan["config"], step, plan["steps"])

        def minimise(name, loss, *only):
            curves.setdefault(name, []).append(loss)
            mine = only or list(groups)
            for g in groups:
                groups[g][0].zero_grad()
            loss.backward()
            for g in mine:
                opt, factor = groups[g]
                for s in opt.param_groups:
                    s["lr"] = lr * factor
                opt.step()

        begin = time.perf_counter()
        net.losses(b, minimise)
        if hasattr(net, "after"):
            net.after(step, plan["steps"])
        seconds.append(time.perf_counter() - begin)
        for c in curves.values():
            c[-1] = c[-1].item()
    return net, curves, seconds


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("dir")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--kernels", default="nchw,nhwc,native")
    ap.add_argument("--runs", help="only these")
    ap.add_argument("--double", action="store_true")
    ap.add_argument("--golden")
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    plan = json.load(open(f"{a.dir}/plan.json"))
    numbers = [int(k) for k in a.runs.split(",")] if a.runs else range(plan["runs"])
    kernels = a.kernels.split(",")
    runs = [(f"start-{k}", f"theirs-{k}", torch.float32, kernels[k % len(kernels)]) for k in numbers]
    if a.double:
        runs.append(("start-0", "theirs-double", torch.float64, "nchw"))
    golden = []
    for start, name, dtype, kernel in runs:
        torch.backends.mkldnn.enabled = kernel != "native"
        torch.backends.cuda.enable_flash_sdp(kernel != "native")  # of attention on CPUs too: without it the scores are written out
        net, curves, seconds = run(a.dir, plan, start, dtype, torch.channels_last if kernel == "nhwc" else torch.contiguous_format)
        json.dump({"torch": torch.__version__, "threads": a.threads, "kernels": kernel, "losses": curves, "seconds": seconds}, open(f"{a.dir}/{name}.json", "w"))
        save_file({k: v.to(torch.float32).contiguous() for k, v in net.state_dict().items()}, f"{a.dir}/{name}.safetensors", {"format": "pt"})
        print(f"{name}, {kernel}: " + ", ".join(f"{k} {c[0]:.6f} to {c[-1]:.6f}" for k, c in curves.items()) + f", {1000 * sorted(seconds)[len(seconds) // 2]:.1f} ms a step", flush=True)
        golden.append({"losses": curves, "lengths": {k: v.double().norm().item() for k, v in net.state_dict().items()}})
    if a.golden:
        json.dump({"config": plan["config"], "runs": golden[:len(numbers)]}, open(a.golden, "w"))


main()
