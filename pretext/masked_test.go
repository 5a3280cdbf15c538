package pretext

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// stepsOfMasked is a learner of masked pictures whose batches somebody else makes.
type stepsOfMasked struct {
	train.Learner
	step func(s train.Step, b *masked)
	n    int
	of   func(step int) *masked
}

func (l *stepsOfMasked) Feed(data.Inputs, bool, data.LoaderOptions) (*train.Feed, error) {
	return scriptedFeed(l.n, func(k int) func(train.Step) { return func(s train.Step) { l.step(s, l.of(k)) } }), nil
}

// newMasked returns a learner of masked pictures on a small transformer, or on convolutions, and what it does with a batch.
func newMasked(t *testing.T, of string, side int, convolutions bool) (train.Learner, *masker, func(s train.Step, b *masked)) {
	t.Helper()
	task, err := New(of)
	if err != nil {
		t.Fatal(err)
	}
	rng := tensor.NewRNG(1)
	trunk := layers.ViT(rng, 3, 24, 2, 3, layers.ViTOptions{Patch: 4, Side: side})
	if convolutions {
		trunk = layers.ConvNet(rng, 3, 32, layers.TrunkOptions{})
	}
	plain := data.PlainView(side)
	l, err := task.Learner(Setup{Trunk: trunk, Side: side, Norm: data.HalfNorm, Augment: plain, Plain: plain, RNG: rng, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	switch l := l.(type) {
	case *mae:
		return l, &l.masker, l.step
	case *simMIM:
		return l, &l.masker, l.step
	}
	t.Fatalf("%T is no learner of masked pictures", l)
	return nil, nil, nil
}

// TestMaskedAgainstPyTorch: twelve steps of each give PyTorch's losses, and its weights and running statistics at the end. Rounding grows as in the
// script's runs with weights off by one in 10^7; ten times as much is allowed.
func TestMaskedAgainstPyTorch(t *testing.T) {
	var ref map[string]struct {
		LR           float32
		Convolutions bool
		Want, Off    byolNumbers
	}
	golden.Load(t, "testdata/masked.json", &ref)
	if len(ref) != 5 {
		t.Fatalf("%d references", len(ref))
	}
	for of, want := range ref {
		t.Run(of, func(t *testing.T) {
			const n, side = 4, 16
			l, m, step := newMasked(t, of, side, want.Convolutions)
			for _, p := range layers.State(l) {
				switch {
				case p.Kind == layers.Buffer:
				case len(p.Value.Shape) == 1:
					golden.Fill(p.Value.Data, p.Name, 0.1)
					if strings.HasSuffix(p.Name, "weight") {
						tensor.AddScalar(p.Value, 1)
					}
				default:
					golden.Fill(p.Value.Data, p.Name, math.Sqrt(3/float64(p.Value.Len()/p.Value.Dim(-1))))
				}
			}
			told := map[string][]float64{}
			batch := func(k int) *masked {
				b := (&maskedMaker{masker: m}).New(n)
				golden.Fill(b.X.Data, "picture of step "+strconv.Itoa(k), 2)
				drawn := make([]float32, n*m.count)
				golden.Fill(drawn, "squares of step "+strconv.Itoa(k), 1)
				for row := range n {
					order := make([]int, m.count)
					for i := range order {
						order[i] = i
					}
					slices.SortStableFunc(order, func(a, c int) int { return cmp.Compare(drawn[row*m.count+a], drawn[row*m.count+c]) })
					m.mask(b, row, order[:m.hide], order[m.hide:])
				}
				return b
			}
			s := &stepsOfMasked{l, func(s train.Step, b *masked) { step(listener{s, told}, b) }, len(want.Want.Loss), batch}
			c := train.Config{Task: of, Optimizer: "sgd", LR: want.LR, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "cosine", Epochs: 1, BatchSize: 1, LogEvery: 1, MonitorEvery: -1}
			if _, err := (&train.Run{Config: c, Learner: s, Data: &data.Dataset{Name: "formula"}}).Start(context.Background(), false); err != nil {
				t.Fatal(err)
			}
			compareWithPyTorch(t, told["loss"], layers.State(l), want.Want, want.Off)
		})
	}
}

// TestMaskedRefuses: what leaves nothing to see or to paint, and trunks and sides that do not fit, are said in a sentence that says what would.
func TestMaskedRefuses(t *testing.T) {
	for of, want := range map[string]string{"mae?mask=0": "option mask=0: nothing would be hidden", "simmim?mask=1": "option mask=1: everything would be hidden",
		"mae?width=18": "width=18: want a multiple of 4 and of heads=4", "mae?width=20&heads=3": "width=20", "simmim?mask=-1": "mask", "mae?depth=0": "depth"} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	rng := tensor.NewRNG(1)
	vit := layers.ViT(rng, 3, 8, 1, 2, layers.ViTOptions{Patch: 4, Side: 16})
	over := layers.ViT(rng, 3, 8, 1, 2, layers.ViTOptions{Patch: 4, Side: 16, Stride: 2})
	conv := layers.ConvNet(rng, 3, 4, layers.TrunkOptions{})
	for _, c := range []struct {
		of    string
		trunk *layers.Trunk
		side  int
		want  string
	}{{"mae", conv, 16, "sees all of a picture at once; a vision transformer can leave patches out, such as vit-tiny?patch=4"},
		{"mae", over, 16, "patches that overlap"}, {"mae", vit, 18, "pictures of 18 pixels are not whole squares of 4; --side 20 would be"},
		{"mae", vit, 4, "of 1 squares of 4 pixels all would be hidden"}, {"mae?mask=0.99", vit, 16, "of 16 squares of 4 pixels all would be hidden"},
		{"mae?mask=1e-12", vit, 16, "of 16 squares of 4 pixels none would be hidden"}, {"simmim?mask=0.99", vit, 8, "of 4 squares of 4 pixels all would be hidden"},
		{"simmim?block=6", vit, 24, "squares of block=6 pixels are not whole patches of the trunk's 4"}, {"simmim?block=5", conv, 16, "not whole squares of 5; --side 20"},
		{"simmim", vit, 18, "not whole squares of 4; --side 20"},
		{"simmim?block=4", conv, 20, "is 3 by 3, which is no whole number of pixels a place"}} {
		task, err := New(c.of)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := task.Learner(Setup{Trunk: c.trunk, Side: c.side, Norm: data.HalfNorm, RNG: rng}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %d pixels: %v, want %q", c.of, c.side, err, c.want)
		}
	}
	for _, task := range []Task{MAE{Mask: 1}, MAE{Mask: -1}, MAE{Width: 6}, MAE{Width: 8, Heads: 3}, MAE{Depth: -1}, SimMIM{Mask: 1}, SimMIM{Block: -1}} {
		if _, err := task.Learner(Setup{Trunk: vit, Side: 16, Norm: data.HalfNorm, RNG: rng}); err == nil {
			t.Errorf("%+v can be learned", task)
		}
	}
	for of, trunk := range map[string]string{"mae": "vit-tiny?patch=4&init=mae&pool=mean", "multi?tasks=rotation,mae": "vit-tiny?patch=4&init=mae&pool=mean", "simmim": ""} {
		if a := Tell(of); a.Trunk != trunk || a.Takes("convnet") != (trunk == "") || !a.Takes("vit-small") {
			t.Errorf("%s wants the trunk %q", of, a.Trunk)
		}
	}
}

// TestMaskedBlocks: SimMIM's squares are as large as the paper's, in parts of the side, where they fit.
func TestMaskedBlocks(t *testing.T) {
	for _, c := range []struct{ patch, side, want, hide int }{{4, 32, 8, 10}, {16, 224, 32, 30}, {8, 96, 16, 22}, {0, 32, 8, 10}, {0, 224, 32, 30}, {4, 16, 4, 10}, {4, 44, 4, 73}} {
		trunk := layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})
		if c.patch > 0 {
			trunk = layers.ViT(tensor.NewRNG(1), 3, 8, 1, 2, layers.ViTOptions{Patch: c.patch, Side: c.side})
		}
		l, err := SimMIM{}.Learner(Setup{Trunk: trunk, Side: c.side, Norm: data.HalfNorm, RNG: tensor.NewRNG(1)})
		if err != nil {
			t.Fatal(err)
		}
		if m := l.(*simMIM); m.square != c.want || m.hide != c.hide {
			t.Errorf("patches of %d, pictures of %d: %d squares of %d are hidden, want %d of %d", c.patch, c.side, m.hide, m.square, c.hide, c.want)
		}
	}
}

// TestMaskedErrors: a net that says the truth has no error, one that says the mean colour that of the simple predictor; of normalised squares too.
func TestMaskedErrors(t *testing.T) {
	for _, of := range []string{"mae?width=16&depth=1", "mae?width=16&depth=1&norm=no", "simmim"} {
		_, m, _ := newMasked(t, of, 16, false)
		mk, err := m.maker(data.Inputs{Images: waves{3, 16}}, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := draw(mk, []int{0, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.errors(b, b.Want) {
			if e != 0 {
				t.Errorf("%s: the truth is off by %g", of, e)
			}
		}
		says := tensor.New(b.Want.Shape...)
		size := says.Dim(1)
		for k := range says.Dim(0) {
			row := k / m.hide
			var sum [3]float64
			n := 0.0
			for p, v := range b.mask[row*256:][:256] {
				if v == seen {
					n++
					for c := range sum {
						sum[c] += float64(b.X.Data[(row*256+p)*3+c])
					}
				}
			}
			square := says.Data[k*size:][:size]
			for j := range square {
				square[j] = float32(sum[j%3] / n)
			}
			if m.normalised {
				shift(square, b.mean[k])
			}
			for j := range square {
				square[j] = (square[j] - b.mean[k]) / b.scale[k]
			}
		}
		for row, e := range m.errors(b, says) {
			if want := b.simple[row][0]; math.Abs(e-want) > 1e-4*want {
				t.Errorf("%s: the mean colour is off by %g, by the simple predictor's sums %g", of, e, want)
			}
		}
	}
}
