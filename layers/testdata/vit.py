"""Makes vit.json: logits and gradients of timm's vision transformer, small ones, with weights from golden.fill, as nets.py.

  pip install torch torchvision timm safetensors && python3 layers/testdata/vit.py      (in the repository's root; timm 1.0.31)

Pictures of other sides than the table's see it resampled (dynamic_img_size), bicubically with antialiasing, enlarged and made smaller.
With an argument DIR it writes ViT-S and ViT-B of timm's initialisation, of which TestTimmFiles compares tokens and gradients:
NAME.safetensors, and NAME.out.safetensors with input [N 3 H W], tokens [N L C], a probe of their shape, and grad.X, the gradient of
sum(tokens·probe) for each parameter X. vit_b_16.safetensors is torchvision's, of which there are tokens.
"""
import json, os, sys
sys.path.insert(0, "internal/golden")
sys.path.insert(0, "layers/testdata")
import timm, torch, torchvision
from golden import fill
from nets import gradients, perturbed, weights


class Net(timm.models.vision_transformer.VisionTransformer):
    def __init__(self, **k):
        super().__init__(img_size=16, patch_size=4, embed_dim=24, depth=3, num_heads=3, num_classes=0, dynamic_img_size=True, **k)
        self.fc = torch.nn.Linear(24, 20)

    def forward(self, x):
        return self.fc(super().forward(x))


def small():
    out = {}
    for name, side, k in (("class", 16, {}), ("mean", 16, {"global_pool": "avg", "fc_norm": False}), ("larger", 28, {}), ("smaller", 8, {})):
        make = lambda: weights(Net(**k))
        x = torch.tensor(fill((4, side, side, 3), "input", 2)).permute(0, 3, 1, 2)
        with torch.no_grad():
            logits = make().eval()(x)
        r = {"n": 4, "side": side, "logits": logits.flatten().tolist(), "norm": logits.double().norm().item()}
        r["loss"], r["grads"] = gradients(make().double(), x.double())
        r["spread"] = {k: 0.0 for k in r["grads"]}
        for off in range(9):
            _, g = gradients(perturbed(make(), off) if off else make(), x)
            for k2, (norm, dot) in r["grads"].items():
                r["spread"][k2] = max(r["spread"][k2], max(abs(g[k2][0] - norm), abs(g[k2][1] - dot) * 3 ** 0.5) / norm)
        print(name, "float32 is off by", max(r["spread"].values()))
        out[name] = r
    json.dump(out, open("layers/testdata/vit.json", "w"))


def large(dir):
    from safetensors.torch import save_file
    os.makedirs(dir, exist_ok=True)
    torch.manual_seed(1)
    for name in ("vit_small_patch16_224", "vit_base_patch16_224", "vit_b_16"):
        theirs = name == "vit_b_16"
        m = torchvision.models.vit_b_16(image_size=64) if theirs else timm.create_model(name, pretrained=False)
        with torch.no_grad():
            for p in m.parameters():  # zero biases and unit norms would hide mistakes
                p.add_(0.02 * torch.randn_like(p))
        save_file({k: v.contiguous() for k, v in m.state_dict().items()}, f"{dir}/{name}.safetensors")
        x = torch.randn(2, 3, 64, 64) if theirs else torch.randn(2, 3, 224, 224)
        if theirs:
            t = m._process_input(x)
            tokens = m.encoder(torch.cat([m.class_token.expand(2, -1, -1), t], 1))
        else:
            tokens = m.forward_features(x)
        probe = torch.randn_like(tokens)
        out = {"input": x, "tokens": tokens.detach(), "probe": probe}
        if not theirs:
            (tokens * probe).sum().backward()
            out.update({"grad." + k: p.grad for k, p in m.named_parameters() if p.grad is not None})
        save_file({k: v.contiguous() for k, v in out.items()}, f"{dir}/{name}.out.safetensors")
        print(name, tuple(tokens.shape))


if __name__ == "__main__":
    large(sys.argv[1]) if len(sys.argv) > 1 else small()
