package layers

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestTimm is TestTorchvision for timm's vision transformer: pooled by the class token and by the mean, on pictures of the side that its
// positions are for, larger and smaller ones. Reference: testdata/vit.json, made by testdata/vit.py.
func TestTimm(t *testing.T) {
	var want map[string]torchNet
	golden.Load(t, "testdata/vit.json", &want)
	for name, w := range want {
		t.Run(name, func(t *testing.T) {
			rng := tensor.NewRNG(1)
			trunk := ViT(rng, 3, 24, 3, 3, ViTOptions{Patch: 4, Side: 16, Mean: name == "mean"})
			compareTorch(t, Classifier(rng, trunk, 20), w, []int32{3, 1, 4, 15})
		})
	}
}

// TestTimmFiles compares tokens and gradients of ViT-S and ViT-B, and tokens of torchvision's, whose files are too large to keep here.
func TestTimmFiles(t *testing.T) {
	dir := os.Getenv("TESSERA_VITS")
	if dir == "" {
		t.Skip("TESSERA_VITS is not set: python3 layers/testdata/vit.py DIR writes timm's files, TESSERA_VITS=DIR reads them")
	}
	for name, of := range map[string]string{"vit_small_patch16_224": "vit-small", "vit_base_patch16_224": "vit-base", "vit_b_16": "vit-base?side=64"} {
		t.Run(name, func(t *testing.T) { compareTimm(t, filepath.Join(dir, name), of) })
	}
}

func compareTimm(t *testing.T, path, of string) {
	trunk, err := NewTrunk(of, tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Load(path + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f.TimmNames()
	var dst []checkpoint.Named
	for _, p := range State(trunk) {
		dst = append(dst, checkpoint.Named{Name: p.Name, Value: p.Value, Layout: p.Layout})
	}
	if err := f.Restore(dst, ""); err != nil {
		t.Fatal(err)
	}
	out, err := checkpoint.Load(path + ".out.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	in := out.Get("input")
	x := tensor.New(in.Shape[0], in.Shape[2], in.Shape[3], 3)
	tensor.Permute(x, in, 0, 2, 3, 1)
	tape := autograd.NewTape(nil)
	y := trunk.Forward(tape.Input(x))
	s := y.Shape()
	tokens := autograd.Concat(1, autograd.Reshape(y.Summary(), s[0], 1, s[3]), autograd.Reshape(y, s[0], s[1]*s[2], s[3])).Keep()
	far := func(a, b *tensor.Tensor) float64 {
		d := a.Clone()
		tensor.Sub(d, a, b)
		return math.Sqrt(tensor.SumSquares(d) / tensor.SumSquares(b))
	}
	e := far(tokens.Value, out.Get("tokens"))
	t.Logf("tokens are off by %.2g", e)
	if !(e < 1e-4) {
		t.Errorf("tokens are off by %.2g", e)
	}
	g := tape.BackwardFrom(tokens, out.Get("probe"))
	worst, at := 0.0, "no parameter"
	for _, p := range Params(trunk) {
		d := out.Get("grad." + p.Name)
		if d == nil {
			if strings.Contains(path, "patch16") {
				t.Errorf("timm has no gradient of %s", p.Name)
			}
			continue
		}
		if e := far(checkpoint.ToTorch(g.Of(p.Value), p.Layout), d); !math.IsNaN(worst) && !(e <= worst) {
			worst, at = e, p.Name
		}
	}
	if out.Get("grad.cls_token") != nil {
		t.Logf("gradients are off by at most %.2g, that of %s", worst, at)
	}
	if !(worst < 1e-3) {
		t.Errorf("the gradient of %s is off by %.2g", at, worst)
	}
}

// TestViTRefuses: sides that are not whole patches are told with one that is; so is a specification that cannot be.
func TestViTRefuses(t *testing.T) {
	trunk := ViT(tensor.NewRNG(1), 3, 6, 1, 2, ViTOptions{Patch: 4})
	for _, s := range [][]int{{1, 33, 32, 3}, {1, 32, 30, 3}, {1, 2, 2, 3}} {
		err := autograd.Try(func() { trunk.Forward(autograd.Const(tensor.New(s...))) })
		if err == nil || !strings.Contains(err.Error(), "multiples of 4, such as") {
			t.Errorf("%v: %v", s, err)
		}
	}
	for of, want := range map[string]string{"vit-tiny?patch=16&side=30": "side=30 is not whole patches of 16; 16 would be", "vit-tiny?patch=0": "patch", "vit-tiny?zero=yes": "options: patch, depth, side, pool, drop, stride",
		"vit-tiny?width=100": "width=100 does not go into heads=3; width=102 does", "vit-tiny?width=6&init=mae": "multiple of 4", "vit-tiny?drop=1": "drop", "vit-tiny?pool=max": "pool"} {
		if _, err := NewTrunk(of, tensor.NewRNG(1), 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", of, err, want)
		}
	}
}

// TestTokensAsMaps: the features of stages of tokens are maps of the patches with the class token as summary, of pictures and of clips; a stage run by
// itself gives what it gives in its place, but for the class token that a map does not have; overlapping patches give larger maps.
func TestTokensAsMaps(t *testing.T) {
	rng := tensor.NewRNG(1)
	trunk := ViT(rng, 3, 6, 2, 2, ViTOptions{Patch: 4, Side: 8})
	x := rng.FillNormal(tensor.New(2, 8, 12, 3), 0, 1)
	for i, f := range trunk.Features(autograd.Const(x)) {
		if s := f.Shape(); !tensor.SameShape(s, []int{2, 2, 3, 6}) || !tensor.SameShape(f.Summary().Shape(), []int{2, 6}) {
			t.Errorf("stage %d gives %v and %v", i, s, f.Summary())
		}
		if Pooled(f) != f.Summary() {
			t.Errorf("stage %d is not pooled by its class token", i)
		}
	}
	clip := trunk.Forward(autograd.Const(&tensor.Tensor{Shape: []int{1, 2, 8, 12, 3}, Data: x.Data}))
	frames := trunk.Forward(autograd.Const(x))
	if s := clip.Shape(); !tensor.SameShape(s, []int{1, 2, 2, 3, 6}) {
		t.Errorf("a clip gives %v", s)
	}
	for j, v := range Pooled(clip).Value.Data {
		of := Pooled(frames).Value.Data
		if want := (of[j] + of[6+j]) / 2; math.Abs(float64(v-want)) > 1e-6 {
			t.Errorf("value %d of a clip is %g, the mean of its frames %g", j, v, want)
		}
	}
	y := trunk.Through(1, 3, trunk.Through(0, 1, autograd.Const(x)))
	if !tensor.SameShape(y.Shape(), frames.Shape()) || y.Summary() != nil {
		t.Errorf("stages by themselves give %v, summary %v", y.Shape(), y.Summary())
	}
	trunk.MeanPatch = true
	if trunk.Forward(autograd.Const(x)).Summary() != nil {
		t.Error("with the mean of the patches there is a class token")
	}
	if three, err := NewTrunk("vit-tiny?patch=4&stride=3", rng, 3); err != nil {
		t.Error(err)
	} else if err := autograd.Try(func() { three.Forward(autograd.Const(tensor.New(1, three.Side, three.Side, 3))) }); err != nil || three.Side != 33 {
		t.Errorf("a trunk of side %d refuses it: %v", three.Side, err)
	}
	over := ViT(rng, 3, 6, 1, 2, ViTOptions{Patch: 5, Side: 10, Stride: 2})
	if s := over.Forward(autograd.Const(tensor.New(1, 8, 12, 3))).Shape(); !tensor.SameShape(s, []int{1, 4, 6, 6}) {
		t.Errorf("overlapping patches give %v", s)
	}
}

// TestStochasticDepth: while training a branch is left out of some samples, more often of later blocks; elsewhere it is always there.
func TestStochasticDepth(t *testing.T) {
	rng := tensor.NewRNG(1)
	x := rng.FillNormal(tensor.New(40, 4, 4, 3), 0, 1)
	trunk := ViT(rng, 3, 6, 3, 2, ViTOptions{Patch: 4, Side: 4, Drop: 0.5})
	for i, want := range []float32{0, 0.25, 0.5} {
		if b := trunk.Stages[1+i].Parts[0].Module.(*transformerBlock); b.drop != want {
			t.Errorf("block %d is left out with %g, want %g", i+1, b.drop, want)
		}
	}
	b := trunk.Stages[3].Parts[0].Module.(*transformerBlock)
	for _, p := range Params(b) {
		if strings.HasSuffix(p.Name, "weight") {
			rng.FillNormal(p.Value, 0, 1)
		}
	}
	tape := autograd.NewTape(tensor.NewRNG(2))
	in := tape.Input(&tensor.Tensor{Shape: []int{40, 8, 6}, Data: x.Data})
	y := b.Forward(in)
	stay := 0
	for i := range 40 {
		same := true
		for j := i * 48; j < (i+1)*48; j++ {
			same = same && y.Value.Data[j] == in.Value.Data[j]
		}
		if same {
			stay++
		}
	}
	if stay < 3 || stay > 20 { // both branches of a quarter
		t.Errorf("%d of 40 samples stay as they are", stay)
	}
	if trunk.DropBranches(0.2); trunk.Stages[2].Parts[0].Module.(*transformerBlock).drop != 0.1 {
		t.Error("branches are not left out as is said later")
	}
	if plain, err := NewTrunk("convnet", rng, 3); err != nil || plain.DropBranches(0.2) {
		t.Errorf("a trunk without blocks has branches to leave out: %v", err)
	}
	trunk.DropBranches(0)
	if kept := b.Forward(in).Value; !slices.Equal(kept.Data, b.Forward(autograd.Const(in.Value)).Value.Data) {
		t.Error("a branch of a teacher is left out")
	}
}

// TestOfPatches: with all patches kept, in any order, tokens are the trunk's; with some, they are those of a trunk that attends to nothing else; a token stands
// where it hides, whatever is there.
func TestOfPatches(t *testing.T) {
	rng := tensor.NewRNG(1)
	trunk := ViT(rng, 3, 12, 2, 3, ViTOptions{Patch: 4, Side: 8, MAE: true})
	x := rng.FillNormal(tensor.New(2, 8, 8, 3), 0, 1)
	tokens := func(x *tensor.Tensor, p Patches) *tensor.Tensor {
		return trunk.OfPatches(autograd.NewInference().Input(x), p).Value
	}
	near := func(what string, got, want []float32) {
		t.Helper()
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], want[i])
			}
		}
	}
	all := tokens(x, Patches{})
	last := trunk.Forward(autograd.NewInference().Input(x))
	near("summary", all.Rows(0, 1).Data[:12], last.Summary().Value.Rows(0, 1).Data)
	near("patches", all.Rows(1, 2).Data[12:], last.Value.Rows(1, 2).Data)
	turned := tokens(x, Patches{Keep: []int32{3, 1, 0, 2, 0, 1, 2, 3}})
	near("kept in another order", turned.Data[12:24], all.Data[4*12:5*12])
	some := tokens(x, Patches{Keep: []int32{1, 2, 3, 0}})
	if some.Dim(1) != 3 {
		t.Fatalf("two patches of each give tokens %v", some.Shape)
	}
	other := x.Clone()
	for i := range 16 { // the first patch of the first picture, which is left out, and of the second, which is kept
		copy(other.Data[(i/4*8+i%4)*3:][:3], []float32{9, -9, 9})
	}
	again := tokens(other, Patches{Keep: []int32{1, 2, 3, 0}})
	near("a patch that is left out", again.Data, some.Data)
	token := rng.FillNormal(tensor.New(1, 12), 0, 1)
	hide := []bool{true, false, false, false, false, true, false, false}
	a, b := tokens(x, Patches{Hide: hide, Token: token}), tokens(other, Patches{Hide: hide, Token: token})
	near("a patch that is hidden", b.Data, a.Data)
	for _, p := range []Patches{{Keep: []int32{0, 1, 2}}, {Keep: []int32{0, 4}}, {Keep: []int32{0, -1}}, {Keep: []int32{}}, {Hide: hide[:4], Token: token}, {Hide: hide, Token: tensor.New(1, 8)}} {
		if err := autograd.Try(func() { tokens(x, p) }); err == nil {
			t.Errorf("%+v can be seen", p)
		}
	}
	if err := autograd.Try(func() { ConvNet(rng, 3, 4, TrunkOptions{}).OfPatches(autograd.NewInference().Input(x), Patches{}) }); err == nil {
		t.Error("convolutions see patches")
	}
}

// TestWaves: positions are the authors' (get_2d_sincos_pos_embed), columns first.
func TestWaves(t *testing.T) {
	w := Waves(2, 3, 8)
	for k, want := range map[int]float64{0: 0, 7: 0, 8: 0, 10: 1, 8 * 2: math.Sin(1), 8*2 + 2: math.Cos(1), 8*2 + 1: math.Sin(0.01), 8*2 + 4: 0, 8 * 4: 0, 8*4 + 4: math.Sin(1), 8*6 + 3: math.Cos(0.02), 8*6 + 7: math.Cos(0.01)} {
		if math.Abs(float64(w.Data[k])-want) > 1e-6 {
			t.Errorf("value %d is %g, want %g", k, w.Data[k], want)
		}
	}
}
