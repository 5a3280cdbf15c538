"""Makes audio_visual.json: loss, logits and gradients of audio-visual correspondence in PyTorch, from weights, frames and spectrograms of golden.fill.

  pip install torch numpy && python3 pretext/testdata/audio_visual.py      (in the repository's root)

Four frames of 12 by 12 pixels and four spectrograms of 14 by 10 values; trunks of four convolutions, the one that sees with 2, 2, 4 and 8 channels and the one that
hears with 3, 3, 6 and 12; embeddings of 5; each sound is laid beside the frames of two other films. A value's first number is in float64, "spread" is by how
much float32 differs from it at most, over eight runs whose weights are off by 1e-7. "maps" are the logits of every place where fusion is location.
"""
import json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
N, EMBED, NEGATIVES = 4, 5, 2
norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))


def convs(c, width):
    return [(c, width), (width, width), (width, 2 * width), (2 * width, 4 * width)]


def weights(dtype, off, fusion):
    """Parameters by the program's names and in its layout; off perturbs them."""
    w = {}
    def put(name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(dtype)
        w[name] = v + 1e-7 * torch.tensor(fill(shape, f"off{off}/{name}")).to(dtype) if off else v
    def linear(name, a, b, bias):
        put(name + ".weight", (a, b), (3 / a) ** 0.5)
        if bias:
            put(name + ".bias", (b,), 0.1)
    for trunk, c, width in (("trunk", 3, 2), ("ear", 1, 3)):
        for i, (a, b) in enumerate(convs(c, width)):
            put(f"{trunk}.conv{i + 1}.weight", (3, 3, a, b), (6 / (9 * a)) ** 0.5)
            put(f"{trunk}.bn{i + 1}.weight", (b,), 0.2, 1.0)
            put(f"{trunk}.bn{i + 1}.bias", (b,), 0.1)
    if fusion == "concat":
        linear("join.hidden", 8 + 12, EMBED, False)
    else:
        for tower, c in (("see", 8), ("hear", 12)):
            linear(tower + ".hidden", c, EMBED, False)
            linear(tower + ".embed", EMBED, EMBED, True)
    linear("join.fc", EMBED if fusion == "concat" else 1, 1, True)
    return {k: v.requires_grad_() for k, v in w.items()}


def trunk(w, name, x):
    for i in range(4):
        x = F.conv2d(x, w[f"{name}.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=1 if i == 0 else 2, padding=1)
        x = norm(x, w[f"{name}.bn{i + 1}.weight"], w[f"{name}.bn{i + 1}.bias"])
    return x


def tower(w, name, v):
    if name + ".hidden.weight" not in w:
        return v
    return norm(v @ w[name + ".hidden.weight"]) @ w[name + ".embed.weight"] + w[name + ".embed.bias"]


def run(fusion, dtype, off):
    w = weights(dtype, off, fusion)
    x = torch.tensor(fill((N, 12, 12, 3), "frames", 1.7)).to(dtype).permute(0, 3, 1, 2)
    y = torch.tensor(fill((N, 14, 10, 1), "sounds", 1.7)).to(dtype).permute(0, 3, 1, 2)
    sound = tower(w, "hear", trunk(w, "ear", y).amax((2, 3)))
    seen = trunk(w, "trunk", x)
    maps = None
    if fusion == "location":
        places = tower(w, "see", seen.permute(0, 2, 3, 1).reshape(-1, 8)).reshape(N, -1, EMBED)
    else:
        picture = tower(w, "see", seen.amax((2, 3)))
    pairs = [(i, (i + k) % N) for k in range(NEGATIVES + 1) for i in range(N)]
    a, b = [p for p, _ in pairs], [q for _, q in pairs]
    scale, shift = w["join.fc.weight"], w["join.fc.bias"]
    if fusion == "concat":
        logits = (norm(torch.cat([picture[a], sound[b]], 1) @ w["join.hidden.weight"]) @ scale + shift)[:, 0]
    elif fusion == "distance":
        logits = torch.linalg.norm(F.normalize(picture)[a] - F.normalize(sound)[b], dim=1) * scale[0, 0] + shift[0]
    else:
        maps = torch.einsum("mpd,md->mp", places[a], sound[b]) / EMBED ** 0.5 * scale[0, 0] + shift[0]
        logits = maps.max(1).values
    loss = 0.5 * F.softplus(-logits[:N]).mean() + 0.5 * F.softplus(logits[N:]).mean()
    loss.backward()
    out = {"loss": loss.reshape(1), "logits": logits} | {k: v.grad for k, v in w.items()}
    if maps is not None:
        out["maps"] = maps
    return {k: v.detach().double().flatten().numpy() for k, v in out.items()}


result = {}
for fusion in ("distance", "concat", "location"):
    want = run(fusion, torch.float64, 0)
    spread = {k: 0.0 for k in want}
    for off in range(1, 9):
        for k, v in run(fusion, torch.float32, off).items():
            spread[k] = max(spread[k], float(np.abs(v - want[k]).max()))
    result[fusion] = {k: {"want": [float(f"{x:.9g}") for x in v], "spread": float(f"{spread[k]:.3g}")} for k, v in want.items()}
with open("pretext/testdata/audio_visual.json", "w") as f:
    json.dump(result, f)
    f.write("\n")
