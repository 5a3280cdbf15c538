package checkpoint

import (
	"regexp"
	"strings"
)

// torchvisionViT are the parts of torchvision's vision transformers and timm's names of them, a block's after its own.
var torchvisionViT = strings.NewReplacer("ln_1.", "norm1.", "ln_2.", "norm2.", "self_attention.in_proj_", "attn.qkv.", "self_attention.out_proj.", "attn.proj.",
	"mlp.0.", "mlp.fc1.", "mlp.3.", "mlp.fc2.", "mlp.linear_1.", "mlp.fc1.", "mlp.linear_2.", "mlp.fc2.")

var (
	torchvisionBlock = regexp.MustCompile(`^encoder\.layers\.encoder_layer_(\d+)\.`)
	torchvisionOther = map[string]string{"class_token": "cls_token", "encoder.pos_embedding": "pos_embed", "conv_proj.weight": "patch_embed.proj.weight",
		"conv_proj.bias": "patch_embed.proj.bias", "encoder.ln.weight": "norm.weight", "encoder.ln.bias": "norm.bias", "heads.head.weight": "head.weight", "heads.head.bias": "head.bias"}
)

// TimmNames gives the tensors of a file of torchvision's vision transformers (vit_b_16 and its like) timm's names, and tells whether it was one.
func (f *File) TimmNames() bool {
	found := false
	for _, t := range f.Tensors {
		found = found || torchvisionBlock.MatchString(t.Name)
	}
	if !found {
		return false
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if m := torchvisionBlock.FindStringSubmatch(t.Name); m != nil {
			t.Name = "blocks." + m[1] + "." + torchvisionViT.Replace(t.Name[len(m[0]):])
		} else if name := torchvisionOther[t.Name]; name != "" {
			t.Name = name
		}
	}
	return true
}
