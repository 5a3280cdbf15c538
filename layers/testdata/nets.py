"""Makes nets.json: logits and gradients of torchvision's networks with weights from golden.fill.

  pip install torch torchvision safetensors && python3 layers/testdata/nets.py      (in the repository's root)

Weights: golden.fill(shape in PyTorch's layout, name, scale) with scale sqrt(3 * 2 / fan_in) for matrices and kernels, 1 + 0.2 fill
for batch norm weights (0.2 + 0.05 fill for bn3, which ends a bottleneck: with 1 PyTorch's own float32 gradients of ResNet-50 are 4 %
from its float64 ones, and say nothing), 0.1 for biases; running_mean 0.1 fill, running_var 1 + 0.2 fill.
Gradients are in float64; "spread" is by how much those of float32 differ from them at most, over nine runs whose weights are off by 1e-7 but for the first: now
and then a value close to zero falls to the other side of a ReLU, which changes all gradients below it.
With an argument DIR it also writes the weights there as NAME.safetensors, with input.npy and logits-NAME.npy beside.
"""
import json, os, sys
sys.path.insert(0, "internal/golden")
import numpy as np, torch, torchvision
from golden import fill


@torch.no_grad()
def weights(m):
    for name, t in m.state_dict().items():
        if not t.is_floating_point():
            continue
        s = tuple(t.shape)
        if len(s) > 1:
            v = fill(s, name, (6 / np.prod(s[1:])) ** 0.5)
        elif name.endswith("running_mean") or name.endswith("bias"):
            v = fill(s, name, 0.1)
        elif name.endswith("bn3.weight"):
            v = 0.2 + fill(s, name, 0.05)
        else:
            v = 1 + fill(s, name, 0.2)
        t.copy_(torch.tensor(v))
    return m


@torch.no_grad()
def perturbed(m, off):
    """m with weights off by 1e-7."""
    for name, t in m.state_dict().items():
        if t.is_floating_point():
            t.add_(torch.tensor(1e-7 * fill(tuple(t.shape), f"off{off}/{name}")).to(t.dtype))
    return m


def gradients(m, x):
    """The loss; and of each gradient the norm, and the product with golden.fill, which sees every entry's place."""
    m.train()
    loss = torch.nn.functional.cross_entropy(m(x), torch.tensor([3, 1, 4, 15]))
    loss.backward()
    return loss.item(), {k: [p.grad.double().norm().item(), float((p.grad.double() * torch.tensor(fill(tuple(p.shape), "probe/" + k)).double()).sum())]
                         for k, p in m.named_parameters()}


if __name__ == "__main__":
    out = {}
    for name, n, side in (("resnet18", 4, 96), ("resnet50", 4, 96), ("alexnet", 2, 224), ("vgg11_bn", 1, 64)):
        make = lambda: weights(getattr(torchvision.models, name)())
        m = make()
        x = torch.tensor(fill((n, side, side, 3), "input", 2)).permute(0, 3, 1, 2)
        m.eval()
        with torch.no_grad():
            logits = m(x)
        r = {"n": n, "side": side, "logits": logits[:, :20].flatten().tolist(), "norm": logits.double().norm().item()}
        if len(sys.argv) > 1:
            from safetensors.torch import save_file
            os.makedirs(sys.argv[1], exist_ok=True)
            save_file({k: v.contiguous() for k, v in m.state_dict().items()}, f"{sys.argv[1]}/{name}.safetensors")
        if name.startswith("resnet"):
            r["loss"], r["grads"] = gradients(make().double(), x.double())
            r["spread"] = {k: 0.0 for k in r["grads"]}
            for off in range(9):
                _, g = gradients(perturbed(make(), off) if off else make(), x)
                for k, (norm, dot) in r["grads"].items():
                    r["spread"][k] = max(r["spread"][k], max(abs(g[k][0] - norm), abs(g[k][1] - dot) * 3 ** 0.5) / norm)
            print(name, "float32 is off by", max(r["spread"].values()))
        out[name] = r
    json.dump(out, open("layers/testdata/nets.json", "w"))
