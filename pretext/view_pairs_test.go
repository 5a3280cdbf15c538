package pretext

import (
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

// stepsOfPairs is a learner of two views whose batches somebody else makes.
type stepsOfPairs struct {
	train.Learner
	step func(s train.Step, b *pairs)
	n    int
	of   func(step int) *pairs
}

func (l *stepsOfPairs) Feed(data.Inputs, bool, data.LoaderOptions) (*train.Feed, error) {
	return scriptedFeed(l.n, func(k int) func(train.Step) { return func(s train.Step) { l.step(s, l.of(k)) } }), nil
}

// viewsStep returns what a learner of two views does with a batch, and what all of them share.
func viewsStep(t *testing.T, l train.Learner) (func(s train.Step, b *pairs), *pairLearner) {
	t.Helper()
	switch l := l.(type) {
	case *simclr:
		return l.step, &l.pairLearner
	case *simsiam:
		return l.step, &l.pairLearner
	case *barlow:
		return l.step, &l.pairLearner
	case *vicreg:
		return l.step, &l.pairLearner
	case *moco:
		return l.step, &l.pairLearner
	case *nnclr:
		return l.step, &l.pairLearner
	case *byol:
		return l.step, &l.pairLearner
	case *swav:
		return l.step, &l.pairLearner
	case *dino:
		return l.step, &l.pairLearner
	}
	t.Fatalf("%T is no learner of two views", l)
	return nil, nil
}

// newPairs returns a learner of two views on a small trunk.
func newPairs(t *testing.T, of string, side int) train.Learner {
	t.Helper()
	task, err := New(of)
	if err != nil {
		t.Fatal(err)
	}
	rng := tensor.NewRNG(1)
	trunk, err := layers.NewTrunk("convnet", rng.Derive(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	l, err := task.Learner(Setup{Trunk: trunk, Side: side, Norm: data.HalfNorm, RNG: rng.Derive(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// goldenViews are the views of pictures at a step, as the scripts have them.
func goldenViews(n, side, step int, small smallViews) *pairs {
	b := (&pairMaker{side: side, small: small}).New(n)
	if b.Small != nil {
		golden.Fill(b.Small.Data, "small views of step "+strconv.Itoa(step), 2)
	}
	own, shared := make([]float32, b.X[0].Len()), make([]float32, b.X[0].Len())
	golden.Fill(shared, "picture of step "+strconv.Itoa(step), 2)
	for v := range b.X {
		golden.Fill(own, "view "+strconv.Itoa(v)+" of step "+strconv.Itoa(step), 2)
		for i := range own {
			b.X[v].Data[i] = float32(own[i]*0.6) + float32(shared[i]*0.8)
		}
	}
	return b
}

// TestViewPairsAgainstPyTorch: twelve steps of each method give PyTorch's losses, and its weights, running statistics and queues at the end. Rounding
// grows as in the script's runs with weights off by one in 10^7; ten times as much is allowed.
func TestViewPairsAgainstPyTorch(t *testing.T) {
	var ref map[string]struct {
		LR        float32
		Want, Off byolNumbers
	}
	golden.Load(t, "testdata/view_pairs.json", &ref)
	golden.Load(t, "testdata/crops.json", &ref) // beside those
	if len(ref) != 12 {
		t.Fatalf("%d references", len(ref))
	}
	for of, want := range ref {
		t.Run(of, func(t *testing.T) {
			const n, side = 8, 16
			l := newPairs(t, of, side)
			fillGolden(layers.State(l))
			step, shared := viewsStep(t, l)
			told := map[string][]float64{}
			s := &stepsOfPairs{l, func(s train.Step, b *pairs) { step(listener{s, told}, b) }, len(want.Want.Loss), func(k int) *pairs { return goldenViews(n, side, k, shared.small) }}
			c := train.Config{Task: of, Optimizer: "sgd", LR: want.LR, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "cosine", Epochs: 1, BatchSize: 1, LogEvery: 1, MonitorEvery: -1}
			if _, err := (&train.Run{Config: c, Learner: s, Data: &data.Dataset{Name: "formula"}}).Start(context.Background(), false); err != nil {
				t.Fatal(err)
			}
			compareWithPyTorch(t, told["loss"], layers.State(l), want.Want, want.Off)
		})
	}
}

// fillGolden sets tensors to what the scripts begin with; running statistics stay as they are made.
func fillGolden(state []layers.Param) {
	for _, p := range state {
		switch {
		case p.Kind == layers.Buffer || strings.HasSuffix(p.Name, ".next"):
		case strings.HasSuffix(p.Name, ".rows"):
			golden.Fill(p.Value.Data, strings.TrimSuffix(p.Name, ".rows"), 1)
			for i := range p.Value.Dim(0) {
				unitLength(p.Value.Rows(i, i+1).Data)
			}
		case len(p.Value.Shape) == 1:
			golden.Fill(p.Value.Data, p.Name, 0.1)
			if strings.HasSuffix(p.Name, "weight") {
				tensor.AddScalar(p.Value, 1)
			}
		default:
			golden.Fill(p.Value.Data, p.Name, math.Sqrt(3/float64(p.Value.Len()/p.Value.Dim(-1))))
		}
	}
}

// compareWithPyTorch compares the losses of all steps and the tensors at the end with the script's, which stand beside how far rounding moves them there.
func compareWithPyTorch(t *testing.T, loss []float64, state []layers.Param, want, off byolNumbers) {
	t.Helper()
	for k, there := range want.Loss {
		allowed := byolAllowed * max(slices.Max(off.Loss[:min(k+4, len(off.Loss))]), 1e-7*there)
		if d := math.Abs(loss[k] - there); !(d <= allowed) {
			t.Errorf("step %d: loss %.7f, PyTorch %.7f: off by %.1e, allowed %.1e", k, loss[k], there, d, allowed)
		}
	}
	seen := 0
	for _, p := range state {
		value, ok := want.State[p.Name]
		if !ok {
			if !strings.HasSuffix(p.Name, "num_batches_tracked") && !strings.HasSuffix(p.Name, ".next") {
				t.Errorf("%s is not in the reference", p.Name)
			}
			continue
		}
		seen++
		probe := make([]float32, p.Value.Len())
		for i, name := range []string{"a", "b"} {
			golden.Fill(probe, name+" "+p.Name, 1)
			got, size := 0.0, 0.0
			for j, v := range p.Value.Data {
				got += float64(v) * float64(probe[j])
				size += math.Abs(float64(v) * float64(probe[j]))
			}
			allowed := byolAllowed * max(off.State[p.Name][0], off.State[p.Name][1], 1e-7*size)
			if d := math.Abs(got - value[i]); !(d <= allowed) {
				t.Errorf("%s: %.7f, PyTorch %.7f: off by %.1e, allowed %.1e", p.Name, got, value[i], d, allowed)
			}
		}
	}
	if seen != len(want.State) {
		t.Errorf("%d tensors of %d", seen, len(want.State))
	}
}

// TestBlurText: a program's task whose Blur is none of the three is refused before anything is learned, and batches of one are, whatever the nets are.
func TestBlurText(t *testing.T) {
	in := data.NewScenes(4, 16, 1, data.Train).Dataset().Inputs
	feed := func(blur string, batch int) error {
		trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
		if err != nil {
			t.Fatal(err)
		}
		l, err := SimCLR{Temperature: 0.5, Hidden: 4, Out: 2, Views: Views{MinArea: 0.5}, Blur: blur}.Learner(Setup{Trunk: trunk, Side: 16, RNG: tensor.NewRNG(2), Norm: data.HalfNorm})
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Feed(in, true, data.LoaderOptions{BatchSize: batch})
		return err
	}
	if err := feed("often", 2); err == nil || err.Error() != `task simclr with Blur "often": want auto, yes or no` {
		t.Errorf("%v", err)
	}
	if err := feed("yes", 1); err == nil || !strings.Contains(err.Error(), "learns from batches of 2 and more: a view is to be found among those of other pictures") {
		t.Errorf("%v", err)
	}
	if err := feed("no", 2); err != nil {
		t.Error(err)
	}
}

// TestSimCLRNorm: with norm=yes, and only then, the projector ends in a batch norm that learns, and its last layer has no bias.
func TestSimCLRNorm(t *testing.T) {
	for of, want := range map[string]string{"simclr?hidden=8&out=4": "bias:2", "simclr?hidden=8&out=4&norm=yes": "bias:3", "supcon?hidden=8&out=4&norm=yes": "bias:3"} {
		task, err := New(of)
		if err != nil {
			t.Fatal(err)
		}
		s := Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: 16, RNG: tensor.NewRNG(1), Labels: sixPictures{}}
		l, err := task.Learner(s)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range layers.Params(l) {
			if strings.HasPrefix(p.Name, "projector.") && strings.HasSuffix(p.Name, ".bias") {
				got = "bias:" + strings.Split(p.Name, ".")[1]
			}
		}
		if got != want {
			t.Errorf("%s: the projector's last %s, want %s", of, got, want)
		}
	}
}
