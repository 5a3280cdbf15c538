package checkpoint

import (
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestTimmNames: the names of torchvision's vit_b_16 become timm's, as those of its weights before 2022 do; other files keep theirs.
func TestTimmNames(t *testing.T) {
	block := "encoder.layers.encoder_layer_10."
	names := [][2]string{{"class_token", "cls_token"}, {"conv_proj.weight", "patch_embed.proj.weight"}, {"conv_proj.bias", "patch_embed.proj.bias"}, {"encoder.pos_embedding", "pos_embed"},
		{block + "ln_1.weight", "blocks.10.norm1.weight"}, {block + "ln_1.bias", "blocks.10.norm1.bias"},
		{block + "self_attention.in_proj_weight", "blocks.10.attn.qkv.weight"}, {block + "self_attention.in_proj_bias", "blocks.10.attn.qkv.bias"},
		{block + "self_attention.out_proj.weight", "blocks.10.attn.proj.weight"}, {block + "self_attention.out_proj.bias", "blocks.10.attn.proj.bias"},
		{block + "ln_2.weight", "blocks.10.norm2.weight"}, {block + "ln_2.bias", "blocks.10.norm2.bias"},
		{block + "mlp.0.weight", "blocks.10.mlp.fc1.weight"}, {block + "mlp.0.bias", "blocks.10.mlp.fc1.bias"}, {block + "mlp.3.weight", "blocks.10.mlp.fc2.weight"}, {block + "mlp.3.bias", "blocks.10.mlp.fc2.bias"},
		{block + "mlp.linear_1.weight", "blocks.10.mlp.fc1.weight"}, {block + "mlp.linear_2.bias", "blocks.10.mlp.fc2.bias"},
		{"encoder.ln.weight", "norm.weight"}, {"encoder.ln.bias", "norm.bias"}, {"heads.head.weight", "head.weight"}, {"heads.head.bias", "head.bias"}, {"mlp.0.weight", "mlp.0.weight"}}
	f := &File{}
	for _, n := range names {
		f.Tensors = append(f.Tensors, Named{Name: n[0], Value: tensor.New(1)})
	}
	if !f.TimmNames() {
		t.Error("it is not known as torchvision's")
	}
	for i, n := range names {
		if got := f.Tensors[i].Name; got != n[1] {
			t.Errorf("%s becomes %s, want %s", n[0], got, n[1])
		}
	}
	other := &File{Tensors: []Named{{Name: "class_token", Value: tensor.New(1)}, {Name: "blocks.0.mlp.0.weight", Value: tensor.New(1)}}}
	if other.TimmNames() || other.Tensors[0].Name != "class_token" || other.Tensors[1].Name != "blocks.0.mlp.0.weight" {
		t.Errorf("another file's names become %v", other.Tensors)
	}
}
