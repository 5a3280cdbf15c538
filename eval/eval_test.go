package eval

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// blobs are five noisy classes, the same as in testdata/eval.py.
func blobs(n int, name string) Set {
	x, centres := tensor.New(n, 12), make([]float32, 5*12)
	golden.Fill(x.Data, name, 1)
	golden.Fill(centres, "centres", 0.8)
	s := Set{X: x}
	for i := range n {
		s.Labels = append(s.Labels, int32(i%5))
		s.Index = append(s.Index, i)
		for j := range 12 {
			x.Data[i*12+j] += centres[i%5*12+j]
		}
	}
	return s
}

// TestScikitLearn: the same neighbours, votes, softmax regression and rank as scikit-learn and numpy; testdata/eval.json.
func TestScikitLearn(t *testing.T) {
	var want struct {
		Neighbours              [][]int
		KNN, Linear, Loss, Rank float64
		Std                     float64
	}
	golden.Load(t, "testdata/eval.json", &want)
	train, test := blobs(300, "train"), blobs(120, "test")
	for i, row := range Neighbours(train.X, test.X, 7)[:10] {
		for k, n := range row {
			if n.At != want.Neighbours[i][k] {
				t.Errorf("neighbour %d of %d is %d, scikit-learn's %d", k, i, n.At, want.Neighbours[i][k])
			}
		}
	}
	s, err := KNN(train, test, KNNOptions{K: 7, Temperature: 0.07})
	if err != nil || s.Accuracy != want.KNN || s.Settings["k"] != 7 {
		t.Errorf("kNN %+v, %v; scikit-learn %g", s, err, want.KNN)
	}
	for _, solver := range []string{"lbfgs", "sgd"} {
		l, err := Linear(train, test, ProbeOptions{Solver: solver, Decays: []float64{1e-2}, Iterations: 500, Epochs: 200})
		if err != nil || math.Abs(l.Accuracy-want.Linear) > 1.01/120 {
			t.Errorf("%s: %+v, %v; scikit-learn %g", solver, l, err, want.Linear)
		}
	}
	mean, inv := standardisation(train.X)
	z := standardise(train.X, mean, inv)
	w, b, _, err := fitLBFGS(z, train.Labels, 5, 1e-2, 500)
	if err != nil {
		t.Fatal(err)
	}
	loss := float64(autograd.CrossEntropy(autograd.Linear(autograd.Const(z), autograd.Const(w), autograd.Const(b)), train.Labels).Scalar()) + 1e-2/2*tensor.SumSquares(w)
	if math.Abs(loss-want.Loss) > 1e-5 {
		t.Errorf("minimum of the regression %g, scikit-learn's %g", loss, want.Loss)
	}
	h := CheckHealth(train.X)
	if math.Abs(h.EffectiveRank/want.Rank-1) > 1e-3 || math.Abs(h.Std/want.Std-1) > 1e-3 {
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

func TestLargest(t *testing.T) {
	r := tensor.NewRNG(1)
	for range 200 {
		n := 1 + r.IntN(40)
		row := make([]float32, n)
		for i := range row {
			row[i] = float32(r.IntN(6))
		}
		k := 1 + r.IntN(n)
		got := largest(row, k)
		used := map[int]bool{}
		for i, g := range got {
			best := -1
			for j, v := range row {
				if !used[j] && (best < 0 || v > row[best]) {
					best = j
				}
			}
			if g.At != best {
				t.Fatalf("%v: entry %d is %d, want %d", row, i, g.At, best)
			}
			used[best] = true
		}
		if len(got) != k {
			t.Fatalf("%d of %d", len(got), k)
		}
	}
}

// TestExtract: features come in the source's order, one for each stage, and judging needs labels.
func TestExtract(t *testing.T) {
	trunk := layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{})
	src := data.NewScenes(30, 16, 1, data.Train)
	o := Options{BatchSize: 8, Norm: data.HalfNorm}
	s, err := Extract(context.Background(), trunk, src, o)
	if err != nil || len(s) != 4 {
		t.Fatalf("%d stages, %v", len(s), err)
	}
	for i, st := range s {
		if fmt.Sprint(st.Pooled.X.Shape) != fmt.Sprint([]int{30, trunk.Stages[i].Channels}) || st.Pooled.Index[7] != 7 || int(st.Pooled.Labels[3]) != src.Label(3) {
			t.Errorf("stage %s: %v", st.Name, st.Pooled.X.Shape)
		}
	}
	if _, err := KNN(s[3].Pooled, s[3].Pooled, KNNOptions{}); err != nil {
		t.Error(err)
	}
	bare := s[3].Pooled
	bare.Labels = append([]int32{-1}, bare.Labels[1:]...)
	if _, err := KNN(bare, bare, KNNOptions{}); err == nil || !strings.Contains(err.Error(), "no labels") {
		t.Errorf("without labels: %v", err)
	}
	if _, err := Linear(bare, bare, ProbeOptions{Solver: "newton"}); err == nil {
		t.Error("an unknown solver must be an error")
	}
	p, err := Pixels(context.Background(), src, o)
	if err != nil || p.Grid.X.Dim(1) != 16*16*3 {
		t.Errorf("pixels: %v", err)
	}
	look := func(i int) *data.Image { im, _ := src.Image(i); return im }
	if g := Gallery(s[3].Pooled, s[3].Pooled, look, look, []int{0, 1}, 4); g.Bounds().Empty() {
		t.Error("the gallery is empty")
	}
	if f := Filters(layers.State(trunk)[0].Value); f.Bounds().Empty() {
		t.Error("the filters are empty")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Extract(ctx, trunk, src, o); err == nil {
		t.Error("a cancelled extraction must say so")
	}
}
