package recipe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// smallViT is a vision transformer of one block.
const smallViT = "vit-tiny?patch=8&depth=1&side=32"

// TestSuit: a transformer is trained by AdamW behind a short warm-up, unless an optimiser was said or the task has its own; what was said stays.
func TestSuit(t *testing.T) {
	usual := Default()
	suited := usual
	suited.Optimizer, suited.LR, suited.WeightDecay, suited.WarmupSteps = "adamw", 5e-4, 0.05, -100
	for name, c := range map[string]struct {
		set  func(c *train.Config)
		said string
		want func(c *train.Config) // of suited
	}{
		"nothing said":    {func(c *train.Config) {}, "", func(c *train.Config) {}},
		"a rate":          {func(c *train.Config) { c.LR = 1 }, "lr", func(c *train.Config) { c.LR = 1 }},
		"a decay":         {func(c *train.Config) { c.WeightDecay = 1 }, "weight-decay", func(c *train.Config) { c.WeightDecay = 1 }},
		"a warm-up":       {func(c *train.Config) { c.WarmupSteps = 7 }, "warmup-steps", func(c *train.Config) { c.WarmupSteps = 7 }},
		"onecycle":        {func(c *train.Config) { c.Schedule = "onecycle" }, "schedule", func(c *train.Config) { c.Schedule, c.WarmupSteps = "onecycle", usual.WarmupSteps }},
		"an optimiser":    {func(c *train.Config) { c.Optimizer = "sgd" }, "optimizer", func(c *train.Config) { *c = usual; c.Optimizer = "sgd" }},
		"a task's own":    {func(c *train.Config) { c.Optimizer = "lars" }, "", func(c *train.Config) { *c = usual; c.Optimizer = "lars" }},
		"another trunk":   {func(c *train.Config) { c.Trunk = "resnet20" }, "", func(c *train.Config) { *c = usual }},
		"a task with SGD": {func(c *train.Config) { c.Optimizer, c.LR = "sgd", 3 }, "", func(c *train.Config) {}},
	} {
		got, want := usual, suited
		got.Trunk = smallViT
		c.set(&got)
		trunk := got.Trunk
		Suit(&got, func(s string) bool { return s == c.said })
		c.want(&want)
		want.Trunk = trunk
		if got.Optimizer != want.Optimizer || got.LR != want.LR || got.WeightDecay != want.WeightDecay || got.WarmupSteps != want.WarmupSteps || got.Schedule != want.Schedule {
			t.Errorf("%s: %s %g %g %d, want %s %g %g %d", name, got.Optimizer, got.LR, got.WeightDecay, got.WarmupSteps, want.Optimizer, want.LR, want.WeightDecay, want.WarmupSteps)
		}
	}
}

// timmFile is the file of a small vision transformer as timm writes it: nothing but weights.
func timmFile(t *testing.T) (*Model, *checkpoint.File) {
	t.Helper()
	m, err := Random(smallViT, 3)
	if err != nil {
		t.Fatal(err)
	}
	f := m.Export()
	f.Metadata = map[string]string{"format": "pt"}
	return m, f
}

func saved(t *testing.T, f *checkpoint.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vit.safetensors")
	if err := checkpoint.Save(path, f); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTransformerFiles: timm's file says by its shapes which patch and side it is for; torchvision's names are read; a file of a network that computes more is refused, by what it has.
func TestTransformerFiles(t *testing.T) {
	m, f := timmFile(t)
	got, err := LoadFile(saved(t, f), "vit-tiny?depth=1")
	if err != nil {
		t.Fatal(err)
	}
	equalTo(t, "timm's", "", values(m.Trunk), values(got.Trunk))
	if notes := strings.Join(got.Notes, "\n"); got.Side != 32 || !strings.Contains(notes, "its weights are those of vit-tiny?depth=1&patch=8&side=32") {
		t.Errorf("side %d, %q", got.Side, notes)
	}
	if got, err = LoadFile(saved(t, f), smallViT); err != nil || strings.Contains(strings.Join(got.Notes, "\n"), "its weights are those of") {
		t.Errorf("of what is said whole: %v, %q", err, got.Notes)
	}
	if _, err := LoadFile(saved(t, f), "vit-tiny?depth=1&patch=16&side=32"); err == nil || !strings.Contains(err.Error(), "the model wants") {
		t.Errorf("another patch: %v", err)
	}
	theirs := strings.NewReplacer("cls_token", "class_token", "pos_embed", "encoder.pos_embedding", "patch_embed.proj", "conv_proj", "blocks.", "encoder.layers.encoder_layer_", "norm1", "ln_1", "norm2", "ln_2",
		"attn.qkv.", "self_attention.in_proj_", "attn.proj", "self_attention.out_proj", "mlp.fc1", "mlp.0", "mlp.fc2", "mlp.3", "norm.", "encoder.ln.")
	_, tv := timmFile(t)
	for i := range tv.Tensors {
		tv.Tensors[i].Name = theirs.Replace(tv.Tensors[i].Name)
	}
	if got, err = LoadFile(saved(t, tv), "vit-tiny?depth=1"); err != nil || !strings.Contains(strings.Join(got.Notes, "\n"), "torchvision's names") {
		t.Fatal(err)
	}
	equalTo(t, "torchvision's", "", values(m.Trunk), values(got.Trunk))

	for _, more := range []string{"reg_token", "dist_token", "blocks.0.ls1.gamma", "blocks.1.norm1.weight", "norm_pre.weight", "patch_embed.norm.bias"} {
		_, f := timmFile(t)
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: more, Value: tensor.New(192)})
		if _, err := LoadFile(saved(t, f), "vit-tiny?depth=1"); err == nil || !strings.Contains(err.Error(), `tensor "`+more+`" is of no part of vit-tiny?`) {
			t.Errorf("%s: %v", more, err)
		}
	}
	for _, head := range []string{"head.weight", "fc_norm.weight", "optimizer.step"} {
		_, f := timmFile(t)
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: head, Value: tensor.New(192)})
		if _, err := LoadFile(saved(t, f), "vit-tiny?depth=1"); err != nil {
			t.Errorf("%s, which no features pass through: %v", head, err)
		}
	}
}

// TestInitTransformer: a run that began with timm's file, was stopped and went on without it, is one that never stopped, bit for bit.
func TestInitTransformer(t *testing.T) {
	m, f := timmFile(t)
	file := saved(t, f)
	begun := func() *Recipe {
		t.Helper()
		c := taskConfig("rotation")
		c.Trunk, c.Side, c.Init, c.Seed, c.MaxSteps, c.BatchSize = smallViT, 32, file, 9, 4, 8
		Suit(&c, func(string) bool { return false })
		begin, err := Adopt(&c, func(s string) bool { return s == "trunk" || s == "side" })
		if err != nil {
			t.Fatal(err)
		}
		r, err := New(c, Options{Begin: begin})
		if err != nil || r.lost != nil {
			t.Fatal(err, r.lost)
		}
		return r
	}
	whole := begun()
	equalTo(t, "the file's trunk", "", values(m.Trunk), values(whole.Trunk))
	if _, err := whole.Train(context.Background(), filepath.Join(t.TempDir(), "whole"), false); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	half, parts := begun(), filepath.Join(t.TempDir(), "parts")
	half.options.Progress = func(train.Progress) { stop() }
	if _, err := half.Train(ctx, parts, false); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	os.Remove(file)
	info, err := train.LoadInfo(parts)
	if err != nil || info.Config.Optimizer != "adamw" || info.Config.WarmupSteps != 1 {
		t.Fatalf("%v, %+v", err, info.Config)
	}
	rest, err := New(info.Config, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Train(context.Background(), parts, true); err != nil {
		t.Fatal(err)
	}
	equalTo(t, "stopped and gone on", "", values(whole.Learner), values(rest.Learner))
}
