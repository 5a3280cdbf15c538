"""Makes film_order.json: how the loss falls in PyTorch over 10 steps of the tasks of films' order, from weights, frames and deals of golden.fill.

  pip install torch numpy && python3 pretext/testdata/film_order.py      (in the repository's root)

Two samples a step, frames of 10 by 10 pixels. A trunk of four convolutions with 8, 8, 16 and 32 channels, features pooled to 2x2, embedded to 12 with the
mean of a sample's frames taken away, hidden layers of 10; Nesterov 0.9, rate 0.1, decay 1e-4 of weights. "loss" is in float64; "spread" is by how much
float32 differs from it at most, over eight runs whose first weights are off by 1e-7. frame-order: four frames, dealt twice, 12 classes. clip-order: three
clips of two frames, dealt twice, 6 classes. odd-one-out: three clips of three of six frames. arrow-of-time: three frames both ways.
"""
import itertools, json, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch
import torch.nn.functional as F
from golden import fill

torch.set_num_threads(1)
STEPS, SAMPLES, SIDE, EMBED, HIDDEN = 10, 2, 10, 12, 10
CONVS = ((3, 8, 1), (8, 8, 2), (8, 16, 2), (16, 32, 2))
norm = lambda v, g=None, b=None: F.relu(F.batch_norm(v, None, None, g, b, training=True, eps=1e-5))


def weights(dtype, off, linear, bias):
    """Parameters by the program's names and in its layout; off perturbs them."""
    w = {}
    def put(name, shape, scale, shift=0.0):
        v = torch.tensor(shift + fill(shape, name, scale)).to(dtype)
        w[name] = v + 1e-7 * torch.tensor(fill(shape, f"off{off}/{name}")).to(dtype) if off else v
    for i, (a, b, _) in enumerate(CONVS):
        put(f"trunk.conv{i + 1}.weight", (3, 3, a, b), (6 / (9 * a)) ** 0.5)
        put(f"trunk.bn{i + 1}.weight", (b,), 0.2, 1.0)
        put(f"trunk.bn{i + 1}.bias", (b,), 0.1)
    for name, a, b in (("embed.fc", 128, EMBED),) + linear:
        put(name + ".weight", (a, b), (3 / a) ** 0.5)
    put("head.fc.bias", (bias,), 0.1)
    return {k: v.requires_grad_() for k, v in w.items()}


def embed(w, x, frames):
    """Frames [SAMPLES*frames 3 S S] to embeddings [SAMPLES frames EMBED]."""
    for i, (_, _, stride) in enumerate(CONVS):
        x = F.conv2d(x, w[f"trunk.conv{i + 1}.weight"].permute(3, 2, 0, 1), stride=stride, padding=1)
        x = norm(x, w[f"trunk.bn{i + 1}.weight"], w[f"trunk.bn{i + 1}.bias"])
    z = F.adaptive_avg_pool2d(x, 2).permute(0, 2, 3, 1).flatten(1) @ w["embed.fc.weight"]
    z = z.reshape(SAMPLES, frames, EMBED)
    return norm((z - z.mean(1, keepdim=True)).reshape(-1, EMBED)).reshape(SAMPLES, frames, EMBED)


def order_logits(w, z, dealt):
    """z [SAMPLES K EMBED]; dealt: for each sample, for each deal, the thing at each place."""
    places = torch.stack([z[i][list(d)] for i, deals in enumerate(dealt) for d in deals])  # [deals K EMBED]
    pairs = list(itertools.combinations(range(places.shape[1]), 2))
    y = norm(torch.cat([torch.cat([places[:, a], places[:, b]], 1) for a, b in pairs]) @ w["head.pair.weight"])
    return torch.cat(y.split(len(places)), 1) @ w["head.fc.weight"] + w["head.fc.bias"]


def classes(k, both_ways):
    out, n = {}, 0
    for p in itertools.permutations(range(k)):
        if both_ways and p[::-1] in out:
            out[p] = out[p[::-1]]
        else:
            out[p], n = n, n + 1
    return out


def frame_order(w, x, step):
    perms = list(itertools.permutations(range(4)))
    dealt = [[perms[(step % 3 * 7 + i * 11 + d * 5) % 24] for d in range(2)] for i in range(SAMPLES)]
    labels = [classes(4, True)[d] for deals in dealt for d in deals]
    return order_logits(w, embed(w, x, 4), dealt), labels, dealt


def clip_order(w, x, step):
    perms = list(itertools.permutations(range(3)))
    dealt = [[perms[(step % 3 * 2 + i * 3 + d) % 6] for d in range(2)] for i in range(SAMPLES)]
    labels = [classes(3, False)[d] for deals in dealt for d in deals]
    return order_logits(w, embed(w, x, 6).reshape(SAMPLES, 3, 2, EMBED).mean(2), dealt), labels, dealt


def odd(fusion):
    def of(w, x, step):
        dealt = []
        for i in range(SAMPLES):
            clips = [list(list(itertools.combinations(range(6), 3))[(7 * c + 5 * i + 3 * (step % 3)) % 20]) for c in range(3)]
            odd = (step + i) % 3
            clips[odd] = [clips[odd][1], clips[odd][0], clips[odd][2]]
            dealt.append(clips)
        z = embed(w, x, 6)
        v = torch.stack([torch.cat([z[i][f] for f in clip]) for i in range(SAMPLES) for clip in dealt[i]])
        v = norm(v @ w["clip.clip.weight"]).reshape(SAMPLES, 3, HIDDEN)
        o = v.flatten(1) if fusion == "concat" else sum(v[:, a] - v[:, b] for a, b in itertools.combinations(range(3), 2))
        h = norm(o @ w["head.hidden.weight"])
        return h @ w["head.fc.weight"] + w["head.fc.bias"], [(step + i) % 3 for i in range(SAMPLES)], dealt
    return of


def arrow(w, x, step):
    z = embed(w, x, 3)
    v = torch.stack([torch.cat([z[i][f] for f in way]) for i in range(SAMPLES) for way in ((0, 1, 2), (2, 1, 0))])
    h = norm(v @ w["head.hidden.weight"])
    return h @ w["head.fc.weight"] + w["head.fc.bias"], [0, 1] * SAMPLES, [[[0, 1, 2], [2, 1, 0]]] * SAMPLES


TASKS = {
    "frame-order": (4, (("head.pair", 2 * EMBED, HIDDEN), ("head.fc", 6 * HIDDEN, 12)), 12, frame_order),
    "clip-order": (6, (("head.pair", 2 * EMBED, HIDDEN), ("head.fc", 3 * HIDDEN, 6)), 6, clip_order),
    "odd-one-out difference": (6, (("clip.clip", 3 * EMBED, HIDDEN), ("head.hidden", HIDDEN, HIDDEN), ("head.fc", HIDDEN, 3)), 3, odd("difference")),
    "odd-one-out concat": (6, (("clip.clip", 3 * EMBED, HIDDEN), ("head.hidden", 3 * HIDDEN, HIDDEN), ("head.fc", HIDDEN, 3)), 3, odd("concat")),
    "arrow-of-time": (3, (("head.hidden", 3 * EMBED, HIDDEN), ("head.fc", HIDDEN, 2)), 2, arrow),
}


def run(task, dtype, off):
    frames, linear, answers, logits = TASKS[task]
    w = weights(dtype, off, linear, answers)
    decayed, others = [v for v in w.values() if v.dim() > 1], [v for v in w.values() if v.dim() == 1]
    opt = torch.optim.SGD([{"params": decayed, "weight_decay": 1e-4}, {"params": others}], lr=0.1, momentum=0.9, nesterov=True)
    out = []
    for step in range(STEPS):
        x = torch.tensor(fill((SAMPLES * frames, SIDE, SIDE, 3), f"frames{step % 3}", 1.7)).to(dtype).permute(0, 3, 1, 2)
        y, labels, _ = logits(w, x, step)
        loss = F.cross_entropy(y, torch.tensor(labels))
        opt.zero_grad()
        loss.backward()
        opt.step()
        out.append(loss.item())
    return np.array(out)


result = {}
for task, (frames, linear, answers, logits) in TASKS.items():
    want = run(task, torch.float64, 0)
    spread = np.max([np.abs(run(task, torch.float32, off) - want) for off in range(1, 9)], axis=0)
    w = weights(torch.float64, 0, linear, answers)
    dealt, labels = [], []
    for step in range(STEPS):
        _, l, d = logits(w, torch.zeros(SAMPLES * frames, 3, SIDE, SIDE, dtype=torch.float64), step)
        labels.append(l)
        dealt.append([[[int(t) for t in deal] for deal in sample] for sample in d])
    result[task] = {"loss": want.tolist(), "spread": spread.tolist(), "labels": labels, "dealt": dealt}
    print(task, want, spread.max())
json.dump(result, open("pretext/testdata/film_order.json", "w"))
