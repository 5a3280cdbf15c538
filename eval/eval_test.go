package eval

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// labelled are labels without more.
type labelled struct {
	names  []string
	labels []int
}

func (l labelled) Classes() []string { return l.names }
func (l labelled) Label(i int) int   { return l.labels[i] }

// sampleOf returns rows as a sample; labels are numbers of the names.
func sampleOf(x *tensor.Tensor, names []string, labels []int) Sample {
	s := Sample{Features{Name: "array", Pooled: x, Grid: x}, data.Truth{Labels: labelled{names, labels}}}
	for i := range x.Dim(0) {
		s.Index = append(s.Index, i)
	}
	return s
}

// blobs are five noisy classes, the same as in testdata/eval.py.
func blobs(n int, name string) Sample {
	x, centres := tensor.New(n, 12), make([]float32, 5*12)
	golden.Fill(x.Data, name, 1)
	golden.Fill(centres, "centres", 0.8)
	labels := make([]int, n)
	for i := range n {
		labels[i] = i % 5
		for j := range 12 {
			x.Data[i*12+j] += centres[i%5*12+j]
		}
	}
	return sampleOf(x, strings.Fields("a b c d e"), labels)
}

// TestScikitLearn: the same neighbours, votes, softmax regression and rank as scikit-learn and numpy; testdata/eval.json.
func TestScikitLearn(t *testing.T) {
	var want struct {
		Neighbours              [][]int
		KNN, Linear, Loss, Rank float64
		Std                     float64
		Weights, Biases         []float64 // [K D], [K]
	}
	golden.Load(t, "testdata/eval.json", &want)
	train, test := blobs(300, "train"), blobs(120, "test")
	for i, row := range Neighbours(train.Pooled, test.Pooled, 7)[:10] {
		for k, n := range row {
			if n.At != want.Neighbours[i][k] {
				t.Errorf("neighbour %d of %d is %d, scikit-learn's %d", k, i, n.At, want.Neighbours[i][k])
			}
		}
	}
	ctx := context.Background()
	s, err := KNN{K: 7, Temperature: 0.07}.Judge(ctx, train, test)
	if err != nil || s.Value != want.KNN || s.Settings["k"] != 7 {
		t.Errorf("kNN %+v, %v; scikit-learn %g", s, err, want.KNN)
	}
	for _, solver := range []string{"lbfgs", "sgd"} {
		l, err := Probe{Solver: solver, Decays: []float64{1e-2}, Iterations: 500, Epochs: 200}.Judge(ctx, train, test)
		if err != nil || !(math.Abs(l.Value-want.Linear) <= 1.01/120) {
			t.Errorf("%s: %+v, %v; scikit-learn %g", solver, l, err, want.Linear)
		}
	}
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		t.Fatal(err)
	}
	mean, inv := standardisation(train.Grid)
	z := standardise(train.Grid, mean, inv)
	w, b, _, err := fitLBFGS(z, c.train, 5, 1e-2, 500)
	if err != nil {
		t.Fatal(err)
	}
	loss := float64(autograd.CrossEntropy(autograd.Linear(autograd.Const(z), autograd.Const(w), autograd.Const(b)), c.train).Scalar()) + 1e-2/2*tensor.SumSquares(w)
	if !(math.Abs(loss-want.Loss) <= 1e-5) {
		t.Errorf("minimum of the regression %g, scikit-learn's %g", loss, want.Loss)
	}
	large := 0.0
	for _, v := range want.Weights {
		large = max(large, math.Abs(v))
	}
	for k := range 5 { // biases are known but for a number that is the same of all
		for j := range 12 {
			if got, want := float64(w.Data[j*5+k]), want.Weights[k*12+j]; !(math.Abs(got-want) <= 1e-3*large) {
				t.Errorf("weight %d of class %d is %g, scikit-learn's %g", j, k, got, want)
			}
		}
		if got, want := float64(b.Data[k]-b.Data[0]), want.Biases[k]-want.Biases[0]; !(math.Abs(got-want) <= 1e-3*large) {
			t.Errorf("bias %d is %g, scikit-learn's %g", k, got, want)
		}
	}
	h := CheckHealth(train.Pooled)
	if !(math.Abs(h.EffectiveRank/want.Rank-1) <= 1e-3) || !(math.Abs(h.Std/want.Std-1) <= 1e-3) {
		t.Errorf("rank %g and deviation %g, numpy's %g and %g", h.EffectiveRank, h.Std, want.Rank, want.Std)
	}
}

func TestCollapse(t *testing.T) {
	x := tensor.New(50, 8).Fill(1)
	tensor.NewRNG(1).FillNormal(x.Rows(0, 1), 1, 1e-4)
	if h := CheckHealth(x); h.Std > 0.02 {
		t.Errorf("constant features have deviation %g", h.Std)
	}
}

// TestKNNRefuses: no neighbours, or a temperature that is none.
func TestKNNRefuses(t *testing.T) {
	train, _ := albumSet("train", 6, 8)
	x := mustSample(t, Pixels{Views{Side: 8, Norm: data.HalfNorm}}, train)
	for want, p := range map[string]KNN{"k=-5: want at least 1": {K: -5}, "temperature=-1: want": {Temperature: -1}, "temperature=NaN: want": {Temperature: math.NaN()}, "temperature=+Inf: want": {Temperature: math.Inf(1)},
		"temperature=0.0009: want a number between 0.001 and 1000": {Temperature: 0.0009}, "temperature=1001: want": {Temperature: 1001}} {
		if _, err := p.Judge(ctx, x, x); err == nil || err.Error()[:len(want)] != want {
			t.Errorf("%+v: %v, want %s", p, err, want)
		}
	}
	for want, p := range map[string]KNN{"": {K: 1, Temperature: 0.001}, "k": {Temperature: 1}, "temperature": {K: 1}} { // zeros are no defaults for Check
		if option, err := p.Check(); option != want || (err == nil) != (want == "") {
			t.Errorf("%+v: %s, %v", p, option, err)
		}
	}
	if _, err := (KNN{K: 100}).Judge(ctx, x, x); err != nil {
		t.Errorf("more neighbours than samples: %v", err)
	}
}
