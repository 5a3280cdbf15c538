package eval

import (
	"slices"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// TestProbeCross: each training sample is asked of once, by classifiers of the others, and recordings stay together; the decay is the one that is right most often.
func TestProbeCross(t *testing.T) {
	train, test := blobs(300, "train"), blobs(120, "test")
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		t.Fatal(err)
	}
	p := Probe{Cross: 4}.defaults()
	of := make([]int, 300)
	for i := range of {
		of[i] = i / 3
	}
	var asked []int
	for _, f := range p.choosings(c.train, 5, of) {
		asked = append(asked, f.held...)
		if len(f.held)+len(f.used) != 300 || len(f.held) < 60 {
			t.Errorf("%d are held out of %d", len(f.held), len(f.used))
		}
		for _, i := range f.held {
			if slices.Contains(f.used, i/3*3) {
				t.Errorf("sample %d is asked of by its own recording", i)
			}
		}
	}
	slices.Sort(asked)
	if !slices.Equal(asked, seq(300)) {
		t.Errorf("asked of %v", asked)
	}
	s, err := p.Judge(ctx, train, test)
	if err != nil || s.Settings["cross"] != 4 {
		t.Fatalf("%v, %v", s.Settings, err)
	}
	mean, inv := standardisation(train.Grid)
	z := standardise(train.Grid, mean, inv)
	best, at := -1.0, 0.0
	for _, d := range p.Decays {
		right := 0.0
		for _, f := range p.choosings(c.train, 5, seq(300)) {
			w, b, _, err := fitLBFGS(gathered(z, f.used), picked(c.train, f.used), 5, d, 100)
			if err != nil {
				t.Fatal(err)
			}
			right += accuracy(gathered(z, f.held), picked(c.train, f.held), w, b) * float64(len(f.held))
		}
		if right > best {
			best, at = right, d
		}
	}
	if s.Found["weight_decay"] != at {
		t.Errorf("it chose %v, want %g", s.Found["weight_decay"], at)
	}
	if p, err := NewProtocol("probe?cross=5"); err != nil || p.(Probe).Cross != 5 {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = NewProtocol("probe?cross=1")
	wantError(t, err, "cross=1: want 2 to 20 parts")
}

// TestStagesAtOnce: SGD probes of two stages that learn from the sum of their losses, batch by batch, are those that learn one after the other: neither's gradient reaches the other.
func TestStagesAtOnce(t *testing.T) {
	const n, c = 600, 5
	xs := []*tensor.Tensor{blobs(n, "train").Grid, blobs(n, "test").Grid}
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(i % c)
	}
	p := Probe{Solver: "sgd", Epochs: 4, LR: 0.1, Seed: 3}.defaults()
	heads := []*layers.Linear{{W: tensor.New(12, c), B: tensor.New(c)}, {W: tensor.New(12, c), B: tensor.New(c)}}
	opt := optim.NewSGD(append(layers.Params(heads[0]), layers.Params(heads[1])...), optim.SGDOptions{Momentum: 0.9, WeightDecay: 1e-3, Nesterov: true})
	steps := n / sgdBatch
	lr := optim.Cosine(p.LR, steps*p.Epochs)
	tape := autograd.NewTape(nil)
	for e := range p.Epochs {
		order := p.order(e, n)
		for s := range steps {
			rows := order[s*sgdBatch : (s+1)*sgdBatch]
			want := picked(labels, rows)
			loss := autograd.Add(autograd.CrossEntropy(heads[0].Forward(tape.Input(gathered(xs[0], rows))), want),
				autograd.CrossEntropy(heads[1].Forward(tape.Input(gathered(xs[1], rows))), want))
			opt.Step(tape.Backward(loss), lr(e*steps+s))
			tape.Reset()
		}
	}
	for k, x := range xs {
		if w, b := p.fitSGD(x, labels, c, 1e-3); !slices.Equal(w.Data, heads[k].W.Data) || !slices.Equal(b.Data, heads[k].B.Data) {
			t.Errorf("stage %d has learned otherwise than beside the other", k)
		}
	}
}

// TestJudgedTrunkStays: judging features changes nothing of the trunk, nor what its normalisations know of training.
func TestJudgedTrunkStays(t *testing.T) {
	trunk := layers.CIFARResNet(tensor.NewRNG(1), 3, 20, layers.TrunkOptions{})
	before := [][]float32{}
	for _, p := range layers.State(trunk) {
		before = append(before, slices.Clone(p.Value.Data))
	}
	d := scenes(t, 40)
	e := &TrunkEncoder{Label: "mine", Trunk: trunk, Input: Views{Side: 16, Norm: data.HalfNorm}}
	both := 0
	if _, err := Judge(ctx, []Encoder{e}, d, d, []Protocol{KNN{K: 3}, Probe{Decays: []float64{0.1}, Solver: "sgd", Epochs: 2}}, Options{InBoth: &both}); err != nil {
		t.Fatal(err)
	}
	for i, p := range layers.State(trunk) {
		if !slices.Equal(p.Value.Data, before[i]) {
			t.Errorf("%s has changed", p.Name)
		}
	}
}
