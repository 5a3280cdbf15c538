package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

func rows(d int, values ...float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{len(values) / d, d}, Data: values}
}

func TestNewProtocol(t *testing.T) {
	for of, want := range map[string]Protocol{
		"knn":                         KNN{K: 20, Temperature: 0.07},
		"knn?k=5&temperature=0.5":     KNN{K: 5, Temperature: 0.5},
		"knn?k=1&temperature=0.001":   KNN{K: 1, Temperature: 0.001},
		"probe":                       Probe{Head: "linear", Solver: "lbfgs", Decays: []float64{1e-4, 1e-3, 1e-2, 1e-1}, Iterations: 100, Epochs: 30, LR: 0.1},
		"linear?iterations=7&seed=3":  Probe{Head: "linear", Solver: "lbfgs", Decays: []float64{1e-4, 1e-3, 1e-2, 1e-1}, Iterations: 7, Epochs: 30, LR: 0.1, Seed: 3},
		"probe?solver=sgd&decays=0,2": Probe{Head: "linear", Solver: "sgd", Decays: []float64{0, 2}, Iterations: 100, Epochs: 30, LR: 0.1},
		"probe?decays=1000000":        Probe{Head: "linear", Solver: "lbfgs", Decays: []float64{1e6}, Iterations: 100, Epochs: 30, LR: 0.1},
		"probe?epochs=1&lr=0.5":       Probe{Head: "linear", Solver: "lbfgs", Decays: []float64{1e-4, 1e-3, 1e-2, 1e-1}, Iterations: 100, Epochs: 1, LR: 0.5},
		"probe?iterations=1":          Probe{Head: "linear", Solver: "lbfgs", Decays: []float64{1e-4, 1e-3, 1e-2, 1e-1}, Iterations: 1, Epochs: 30, LR: 0.1},
	} {
		if p, err := NewProtocol(of); err != nil || !reflect.DeepEqual(p, want) {
			t.Errorf("%s: %+v, %v; want %+v", of, p, err, want)
		}
	}
	for of, words := range map[string]string{"newton": "there are knn, probe, svm, lowshot, purity, retrieve, clusters, invariance, action", "knn?q=1": `no option "q"`, "knn?k=0": "k=0", "knn?temperature=0": "temperature=0", "knn:path": "after the colon",
		"probe?solver=adam": "lbfgs or sgd", "probe?decays=1,x": "decays=1,x", "probe?decays=-1": "decays=-1", "probe?decays=2e6": "decays", "knn?k=1&k=2": "2 times", "probe?iterations=0": "iterations=0", "probe?epochs=0": "epochs=0"} {
		_, err := NewProtocol(of)
		wantError(t, err, words)
	}
	for _, k := range Protocols() {
		p, err := NewProtocol(k.Name)
		if err != nil || p.Name() != k.Name || k.About == "" || len(k.Options) == 0 {
			t.Errorf("%s: %+v, %v", k.Name, p, err)
		}
	}
}

// TestClassesByName: a class that the test set lacks, or another order of the classes, shifts no number.
func TestClassesByName(t *testing.T) {
	x := rows(2, 1, 0, 0, 1, -1, 0, 0, -1)
	train := sampleOf(x, []string{"east", "north", "west", "south"}, []int{0, 1, 2, 3})
	test := sampleOf(x, []string{"south", "north", "west"}, []int{1, 1, 2, 0})
	test.Pooled, test.Index = x.Rows(1, 4), []int{1, 2, 3}
	test.Grid = test.Pooled
	for _, p := range []Protocol{KNN{K: 1}, Probe{Decays: []float64{1e-3}}} {
		s, err := p.(Judger).Judge(ctx, train, test)
		if err != nil || s.Value != 1 || s.Trivial != 1.0/3 || s.Train != 4 || s.Test != 3 || s.Dim != 2 || s.Protocol != p.Name() || s.Seconds <= 0 || s.Seconds > 60 {
			t.Errorf("%+v, %v", s, err)
		}
		if s.Metric != (metric.Metric{Name: "accuracy", Unit: "%", Higher: true, Predictor: "largest class", Trivial: 1.0 / 3}) {
			t.Errorf("%+v", s.Metric)
		}
	}
	// north, north, west: who says north is right in two of three
	test.Truth.Labels = labelled{[]string{"south", "north", "west"}, []int{1, 1, 1, 2}}
	if s, err := (KNN{K: 1}).Judge(ctx, train, test); err != nil || !(math.Abs(s.Value-1.0/3) <= 1e-12) || !(math.Abs(s.Trivial-2.0/3) <= 1e-12) {
		t.Errorf("%+v, %v", s, err)
	}
	judge := func(words string, change func(train, test *Sample)) {
		t.Helper()
		a, b := train, test
		change(&a, &b)
		for _, p := range []Protocol{KNN{}, Probe{}} {
			_, err := p.(Judger).Judge(ctx, a, b)
			wantError(t, err, words)
		}
	}
	judge(`class "up" of the test samples`, func(_, b *Sample) { b.Truth.Labels = labelled{[]string{"up"}, []int{0, 0, 0, 0}} })
	judge("no labels", func(a, _ *Sample) { a.Truth.Labels = nil })
	judge("no labels", func(_, b *Sample) { b.Truth.Labels = nil })
	judge("no labels", func(a, _ *Sample) { a.Truth.Labels = labelled{[]string{"east"}, []int{0, 0, 0, -1}} })
	judge("no labels", func(_, b *Sample) { b.Truth.Labels = labelled{[]string{"east"}, []int{0, 0, 0, 1}} })
	judge("two classes", func(a, _ *Sample) { a.Truth.Labels = labelled{[]string{"east", "east"}, []int{0, 1, 0, 1}} })
	judge("no features", func(a, _ *Sample) { a.Pooled, a.Grid = nil, nil })
	judge("no features", func(_, b *Sample) { b.Pooled, b.Grid = rows(2), rows(2) })
	judge("no features", func(a, _ *Sample) { a.Pooled, a.Grid = rows(2), rows(2) })
	judge("no features", func(_, b *Sample) { b.Pooled, b.Grid = nil, nil })
	judge("have 2 values, the test features 1", func(_, b *Sample) { b.Pooled, b.Grid = rows(1, 1, 2, 3), rows(1, 1, 2, 3) })
}

// TestWhichFeatures: neighbours look at the averages, the probe at the grid.
func TestWhichFeatures(t *testing.T) {
	good, bad := rows(2, 1, 0, 0, 1), rows(2, 0, 1, 1, 0)
	train := sampleOf(good, []string{"a", "b"}, []int{0, 1})
	for _, c := range []struct {
		pooled, grid *tensor.Tensor
		knn, probe   float64
	}{{good, bad, 1, 0}, {bad, good, 0, 1}} {
		test := sampleOf(c.pooled, []string{"a", "b"}, []int{0, 1})
		test.Grid = c.grid
		a, err := KNN{K: 1}.Judge(ctx, train, test)
		b, err2 := Probe{Decays: []float64{0.01}}.Judge(ctx, train, test)
		if err != nil || err2 != nil || a.Value != c.knn || b.Value != c.probe {
			t.Errorf("neighbours %g, probe %g, want %g and %g; %v, %v", a.Value, b.Value, c.knn, c.probe, err, err2)
		}
	}
}

// TestKNNVotes: one neighbour that is very near against two that are near: the temperature decides, and k how many are asked.
func TestKNNVotes(t *testing.T) {
	train := sampleOf(rows(2, 1, 0, 1, 0.5, 1, -0.5, -1, 0), []string{"one", "two"}, []int{0, 1, 1, 0})
	test := sampleOf(rows(2, 1, 0), []string{"one", "two"}, []int{0})
	for _, c := range []struct {
		p    KNN
		want float64
	}{
		{KNN{K: 3}, 1}, // exp(-0.106/0.07) is 0.22: two of them weigh less than one
		{KNN{K: 3, Temperature: 0.1}, 1},
		{KNN{K: 3, Temperature: 0.2}, 0}, // exp(-0.106/0.2) is 0.59
		{KNN{K: 1, Temperature: 1}, 1},
		{KNN{K: 3, Temperature: 1}, 0},
		{KNN{K: 3, Temperature: 0.001}, 1}, // exp(1/0.001) would be no number
		{KNN{K: 100, Temperature: 1}, 0},
		{KNN{Temperature: 1}, 0},
	} {
		s, err := c.p.Judge(ctx, train, test)
		if err != nil || s.Value != c.want {
			t.Errorf("%+v: %g, %v; want %g", c.p, s.Value, err, c.want)
		}
	}
	if s, _ := (KNN{}).Judge(ctx, train, test); s.Settings["k"] != 20 || s.Settings["temperature"] != 0.07 || s.Settings["similarity"] != "cosine" {
		t.Errorf("settings %v", s.Settings)
	}
	// at any temperature the nearest counts most: powers must not grow beyond all bounds, where all votes are equal
	late := sampleOf(train.Pooled, []string{"two", "one"}, []int{1, 0, 0, 1})
	if s, _ := (KNN{K: 3, Temperature: 0.001}).Judge(ctx, late, test); s.Value != 1 {
		t.Error("at a low temperature all votes are equal")
	}
	// equal votes go to the smaller class
	train = sampleOf(rows(2, 1, 0.5, 1, -0.5), []string{"one", "two"}, []int{1, 0})
	if s, _ := (KNN{}).Judge(ctx, train, test); s.Value != 1 {
		t.Error("equal votes do not go to the smaller class")
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	for _, p := range []Protocol{KNN{}, Probe{}, Probe{Decays: []float64{1}}} {
		if _, err := p.(Judger).Judge(gone, train, test); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", p.Name(), err)
		}
	}
}

// TestNeighboursBlocks: more test rows than are compared at once.
func TestNeighboursBlocks(t *testing.T) {
	train, test := tensor.New(40, 5), tensor.New(600, 5)
	tensor.NewRNG(1).FillNormal(train, 0, 1)
	tensor.NewRNG(2).FillNormal(test, 0, 1)
	all := Neighbours(train, test, 60)
	for i, near := range all {
		if len(near) != 40 {
			t.Fatalf("%d neighbours of 40", len(near))
		}
		one := Neighbours(train, test.Rows(i, i+1), 60)[0]
		for k, n := range near {
			if n.At != one[k].At || k > 0 && near[k-1].Similarity < n.Similarity {
				t.Fatalf("row %d: %v, alone %v", i, near[k], one[k])
			}
			dot, a, b := 0.0, 0.0, 0.0
			for j := range 5 {
				x, y := float64(train.Data[n.At*5+j]), float64(test.Data[i*5+j])
				dot, a, b = dot+x*y, a+x*x, b+y*y
			}
			if !(math.Abs(float64(n.Similarity)-dot/math.Sqrt(a*b)) <= 1e-5) {
				t.Fatalf("row %d: cosine %g, want %g", i, n.Similarity, dot/math.Sqrt(a*b))
			}
		}
	}
}

// noise are features that say nothing beside five that tell two classes apart, and a fifth of the labels is wrong: who fits without
// decay learns the wrong labels by heart.
func noise(n int, seed uint64) Sample {
	const d = 400
	x := tensor.New(n, d)
	rng := tensor.NewRNG(seed)
	rng.FillNormal(x, 0, 1)
	labels := make([]int, n)
	for i := range n {
		class := rng.IntN(2)
		for j := range 5 {
			x.Data[i*d+j] += 3 * (float32(class) - 0.5)
		}
		labels[i] = class
		if rng.Bool(0.2) {
			labels[i] = 1 - class
		}
	}
	return sampleOf(x, []string{"a", "b"}, labels)
}

// TestDecayIsChosenOnOthers: on the samples that it was fitted to, the smallest decay is right about all; on others the largest is
// better, and it is what the probe must choose.
func TestDecayIsChosenOnOthers(t *testing.T) {
	train, test := noise(600, 1), noise(500, 2)
	small, large := 1e-5, 3.0
	fixed := func(d float64) float64 {
		s, err := Probe{Decays: []float64{d}}.Judge(ctx, train, test)
		if err != nil || s.Found["weight_decay"] != d {
			t.Fatalf("%+v, %v", s, err)
		}
		return s.Value
	}
	if a, b := fixed(small), fixed(large); a > b-0.05 {
		t.Fatalf("the small decay reaches %g, the large %g: this data cannot tell", a, b)
	}
	if s, _ := (Probe{Decays: []float64{small}}).Judge(ctx, train, train); s.Value != 1 {
		t.Fatalf("the small decay is right about %g of what it was fitted to", s.Value)
	}
	if s, _ := (Probe{Decays: []float64{large}}).Judge(ctx, train, train); s.Value > 0.97 {
		t.Fatalf("the large decay is right about %g of what it was fitted to", s.Value)
	}
	for _, solver := range []string{"lbfgs", "sgd"} {
		s, err := Probe{Solver: solver, Decays: []float64{small, large}, Epochs: 100, LR: 0.01}.Judge(ctx, train, test)
		if err != nil || s.Found["weight_decay"] != large {
			t.Errorf("%s chose %v, %v", solver, s.Found, err)
		}
		if solver == "lbfgs" && s.Value != fixed(large) {
			t.Errorf("it chose %v, and reaches %g, not %g", s.Found, s.Value, fixed(large))
		}
	}
	// equals by order
	if s, _ := (Probe{Decays: []float64{2, 2.0000001}}).Judge(ctx, train, test); s.Found["weight_decay"] != 2.0 {
		t.Errorf("of equals it chose %v", s.Found)
	}
}

// TestHeldOutOfProbe: a tenth of the samples, at most 2000, chooses; the fit for choosing sees at most 10000 others.
func TestHeldOutOfProbe(t *testing.T) {
	for _, c := range []struct{ n, held, used int }{{1, 1, 0}, {2, 1, 1}, {9, 1, 8}, {10, 1, 9}, {300, 30, 270}, {11000, 1100, 9900}, {12000, 1200, 10000}, {50000, 2000, 10000}} {
		held, used := Probe{}.heldOut(seq(c.n))
		if len(held) != c.held || len(used) != c.used {
			t.Errorf("of %d samples %d choose and %d are fitted to, want %d and %d", c.n, len(held), len(used), c.held, c.used)
		}
		seen := map[int]bool{}
		for _, i := range append(append([]int(nil), held...), used...) {
			if seen[i] || i < 0 || i >= c.n {
				t.Fatalf("sample %d of %d is there twice, or is none", i, c.n)
			}
			seen[i] = true
		}
	}
	a, _ := Probe{Seed: 1}.heldOut(seq(300))
	b, _ := Probe{Seed: 2}.heldOut(seq(300))
	c, _ := Probe{Seed: 1}.heldOut(seq(300))
	if fmt.Sprint(a) == fmt.Sprint(b) || fmt.Sprint(a) != fmt.Sprint(c) {
		t.Error("the seed does not decide what is held out")
	}
	of := make([]int, 300) // recordings of three samples, and one of half of all
	for i := range of {
		of[i] = min(i/3, 50)
	}
	held, used := Probe{}.heldOut(of)
	if len(held) < 30 || len(held)+len(used) != 300 {
		t.Errorf("of recordings %d choose and %d are fitted to", len(held), len(used))
	}
	for _, i := range held {
		if slices.ContainsFunc(used, func(k int) bool { return of[k] == of[i] }) {
			t.Fatalf("recording %d chooses and is fitted to", of[i])
		}
	}
	if held, used = (Probe{}).heldOut(make([]int, 300)); len(held) != 300 || used != nil {
		t.Errorf("one recording: %d choose and %d are fitted to", len(held), len(used))
	}
	s, err := Probe{}.Judge(ctx, sampleOf(rows(1, 3), []string{"a"}, []int{0}), sampleOf(rows(1, 3), []string{"a"}, []int{0}))
	if err != nil || s.Value != 1 || s.Found["weight_decay"] != 1e-4 {
		t.Errorf("one sample: %+v, %v", s, err)
	}
	// of two samples of two classes one is fitted to and the other is answered wrongly with any decay: the first one is taken
	two := sampleOf(rows(1, 3, 4), []string{"a", "b"}, []int{0, 1})
	if s, err = (Probe{Decays: []float64{0.5, 0.25}}).Judge(ctx, two, two); err != nil || s.Found["weight_decay"] != 0.5 {
		t.Errorf("two samples: %+v, %v", s, err)
	}
	if s.Found["held_out"] != 1 || s.Found["not_chosen"] != nil {
		t.Errorf("one of two samples is held out: %v", s.Found)
	}
}

func TestProbeSettings(t *testing.T) {
	train, test := blobs(60, "train"), blobs(30, "test")
	train.GridSide = 7
	s, err := Probe{Seed: 9, Iterations: 3}.Judge(ctx, train, test)
	if err != nil || fmt.Sprint(s.Settings) != "map[max_iterations:3 seed:9 solver:lbfgs standardised:true weight_decays:[0.0001 0.001 0.01 0.1]]" || s.Found["grid"] != 7 || s.Found["iterations"] != 3 {
		t.Errorf("%v %v, %v", s.Settings, s.Found, err)
	}
	s, err = Probe{Solver: "sgd"}.Judge(ctx, train, test)
	if err != nil || fmt.Sprint(s.Settings) != "map[batch_size:256 epochs:30 lr:0.1 momentum:0.9 schedule:cosine seed:0 solver:sgd standardised:true weight_decays:[0.0001 0.001 0.01 0.1]]" {
		t.Errorf("%v, %v", s.Settings, err)
	}
	if s, err = (Probe{}).Judge(ctx, train, test); err != nil || s.Settings["max_iterations"] != 100 {
		t.Errorf("%v, %v", s.Settings, err)
	}
	_, err = Probe{Solver: "newton"}.Judge(ctx, train, test)
	wantError(t, err, "solver=newton: want lbfgs or sgd")
	train.Grid = train.Grid.Clone()
	train.Grid.Data[5] = float32(math.NaN())
	_, err = Probe{}.Judge(ctx, train, test)
	wantError(t, err, "the training features of row 0 are not finite")
}

// TestStandardise: mean 0 and deviation 1 over the training samples; what hardly varies becomes 0.
func TestStandardise(t *testing.T) {
	x := rows(3, 1, 5, 1e-7, 3, 5, 2e-7, 5, 5, 3e-7, 7, 5, 4e-7)
	mean, inv := standardisation(x)
	y := standardise(x, mean, inv)
	dev := math.Sqrt(5)
	for i, want := range []float64{-3 / dev, 0, 0, -1 / dev, 0, 0, 1 / dev, 0, 0, 3 / dev, 0, 0} {
		if !(math.Abs(float64(y.Data[i])-want) <= 1e-6) {
			t.Errorf("value %d is %g, want %g", i, y.Data[i], want)
		}
	}
}

// TestSGDOrder: the probe's SGD makes the steps that a loop written out makes, of the samples that the seed says.
func TestSGD(t *testing.T) {
	x := blobs(700, "train")
	labels := make([]int32, 700)
	for i := range labels {
		labels[i] = int32(i % 5)
	}
	p := Probe{Epochs: 3, LR: 0.05, Seed: 4}
	w, b := p.fitSGD(x.Grid, labels, 5, 0.02)
	v, c, vw, vc := make([]float64, 12*5), make([]float64, 5), make([]float64, 12*5), make([]float64, 5)
	for e := range 3 {
		order := p.order(e, 700)
		for s := range 2 { // two batches of 256, the rest waits for another epoch
			gw, gc := make([]float64, 12*5), make([]float64, 5)
			for _, r := range order[s*256 : (s+1)*256] {
				var y [5]float64
				sum := 0.0
				for k := range 5 {
					y[k] = c[k]
					for j := range 12 {
						y[k] += float64(x.Grid.Data[r*12+j]) * v[j*5+k]
					}
					y[k] = math.Exp(y[k])
					sum += y[k]
				}
				for k := range 5 {
					d := y[k] / sum
					if k == r%5 {
						d--
					}
					gc[k] += d / 256
					for j := range 12 {
						gw[j*5+k] += d / 256 * float64(x.Grid.Data[r*12+j])
					}
				}
			}
			lr := 0.05 * (1 + math.Cos(math.Pi*float64(e*2+s)/6)) / 2
			step := func(w, g, velocity []float64, decay float64) {
				for i := range w {
					d := g[i] + decay*w[i]
					velocity[i] = 0.9*velocity[i] + d
					w[i] -= lr * (d + 0.9*velocity[i])
				}
			}
			step(v, gw, vw, 0.02)
			step(c, gc, vc, 0.02)
		}
	}
	for i := range v {
		if !(math.Abs(float64(w.Data[i])-v[i]) <= 1e-4) {
			t.Fatalf("weight %d is %g, the loop's %g", i, w.Data[i], v[i])
		}
	}
	for i := range c {
		if !(math.Abs(float64(b.Data[i])-c[i]) <= 1e-4) {
			t.Fatalf("bias %d is %g, the loop's %g", i, b.Data[i], c[i])
		}
	}
	if strings.Contains(fmt.Sprint(p.order(0, 50)), fmt.Sprint(p.order(1, 50))) {
		t.Error("every epoch has the same order")
	}
}
