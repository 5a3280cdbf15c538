package eval

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/mat"
)

const golds = 90 // samples of testdata/retrieval.py

// pairs are the images and sounds of testdata/retrieval.py, and how relevant its classes are to each other.
func pairs() (images, sounds Sample, grades *tensor.Tensor, names []string) {
	const d, c = 20, 6
	centres := make([]float32, c*d)
	golden.Fill(centres, "centres", 0.5)
	labels := make([]int, golds)
	for i := range labels {
		labels[i] = i * i / 5 % c
	}
	for k := range c {
		names = append(names, fmt.Sprint("class ", k))
	}
	of := func(name string, scale float64, off float32) Sample {
		x := tensor.New(golds, d)
		golden.Fill(x.Data, name, scale)
		for i := range golds {
			for j := range d {
				x.Data[i*d+j] = centres[labels[i]*d+j] + x.Data[i*d+j] + off
			}
		}
		return sampleOf(x, names, labels)
	}
	grades = tensor.New(c, c)
	golden.Fill(grades.Data, "grades", 1)
	for i, v := range grades.Data {
		grades.Data[i] = float32(math.Floor((float64(v) + 1) * 2))
	}
	return of("image", 1, 0.3), of("sound", 1.5, 0), grades, names
}

// TestRetrievalScikitLearn: in all directions, near by angle or distance, relevant or graded, nDCG and its chance level are scikit-learn's; testdata/retrieval.py.
func TestRetrievalScikitLearn(t *testing.T) {
	var want struct {
		NDCG []struct {
			Near          string
			Graded        bool
			A, B, Queries int
			Value, Chance float64
		}
	}
	golden.Load(t, "testdata/retrieval.json", &want)
	images, sounds, grades, names := pairs()
	for _, w := range want.NDCG {
		r := Retrieval{Euclidean: w.Near == "euclidean"}
		if w.Graded {
			r.Relevance, r.Names = grades, names
		}
		all, err := r.Directions(images, sounds)
		if err != nil || len(all) != 4 {
			t.Fatalf("%d directions, %v", len(all), err)
		}
		got := all[2*w.A+w.B]
		if name := "nDCG@30 " + Kinds[w.A] + " to " + Kinds[w.B]; got.Metric.Name != name || got.Test != w.Queries || got.Settings["near"] != w.Near {
			t.Errorf("%+v, want %s of %d queries", got, name, w.Queries)
		}
		if !(math.Abs(got.Value-w.Value) <= 1e-9) || !(math.Abs(got.Trivial-w.Chance) <= 1e-9) {
			t.Errorf("%+v: %.12f against chance %.12f", w, got.Value, got.Trivial)
		}
		if got.Interval == nil || got.Interval[0] >= got.Value || got.Interval[1] <= got.Value || got.Found["interval_over"] != "90 samples" {
			t.Errorf("interval %v %v", got.Interval, got.Found)
		}
	}
	if len(want.NDCG) != 16 {
		t.Errorf("%d directions were compared", len(want.NDCG))
	}
}

// TestRetrievalCollapsed: features that are all the same are worth chance exactly, wherever the relevant items lie.
func TestRetrievalCollapsed(t *testing.T) {
	images, sounds, _, _ := pairs()
	for _, euclidean := range []bool{false, true} {
		for i := range golds {
			copy(sounds.Pooled.Data[i*20:(i+1)*20], sounds.Pooled.Data[:20])
		}
		s, err := Retrieval{Euclidean: euclidean, K: 10}.Between("image to sound", images, sounds, false)
		if err != nil || math.Abs(s.Value-s.Trivial) > 1e-12 || s.Metric.Name != "nDCG@10 image to sound" || s.Settings["k"] != 10 {
			t.Errorf("%g against chance %g, %v", s.Value, s.Trivial, err)
		}
	}
}

// TestRetrievalSelf: a query does not find itself within its kind, nor what is of its own film where that is asked for.
func TestRetrievalSelf(t *testing.T) {
	x := rows(2, 1, 0, 0, 1, 1, 0.1, 0.1, 1) // rows 0 and 2, and 1 and 3, are alike
	s := sampleOf(x, []string{"a", "b"}, []int{0, 0, 1, 1})
	within, err := Retrieval{K: 1}.Between("image to image", s, s, true)
	if err != nil || within.Value != 0 || within.Test != 4 {
		t.Errorf("%+v, %v", within, err)
	}
	if math.Abs(within.Trivial-1.0/3) > 1e-12 { // one of three is relevant
		t.Errorf("chance %g", within.Trivial)
	}
	with, err := Retrieval{K: 1}.Between("image to sound", s, s, false)
	if err != nil || with.Value != 1 || with.Trivial != 0.5 {
		t.Errorf("%+v, %v", with, err)
	}
	// queries 0 and 1 are of one film: what is relevant to them is their own, and they have no finds
	film := grouped(s, "film", 3, func(i int) int { return max(0, i-1) })
	apart, err := Retrieval{K: 1, Apart: "film"}.Between("image to image", film, film, true)
	if err != nil || apart.Test != 2 || apart.Found["queries_without_finds"] != 2 || apart.Settings["apart"] != "film" {
		t.Errorf("%+v, %v", apart, err)
	}
	ranked, err := Retrieval{K: 1}.Rank(x, x, func(q, i int) float32 { return float32(min(q, i)) }, func(q, i int) bool { return q == i })
	if err != nil || fmt.Sprint(ranked.Judged) != "[false true true true]" || ranked.NDCG[0] != 0 || ranked.Chance[0] != 0 {
		t.Errorf("%+v, %v", ranked, err)
	}
}

func TestRetrievalTrouble(t *testing.T) {
	images, sounds, grades, names := pairs()
	between := func(r Retrieval, a, b Sample, same bool) error {
		_, err := r.Between("image to sound", a, b, same)
		return err
	}
	none := sounds
	none.Truth.Labels = nil
	wantError(t, between(Retrieval{}, images, none, false), "image to sound: what is relevant is known from labels")
	wantError(t, between(Retrieval{}, none, images, false), "what is relevant is known from labels")
	wide := sounds
	wide.Pooled = tensor.New(golds, 3)
	wantError(t, between(Retrieval{}, images, wide, false), "features of 20 and of 3 values cannot be compared")
	empty := sounds
	empty.Pooled, empty.Index = tensor.New(0, 20), nil
	wantError(t, between(Retrieval{}, images, empty, false), "what is relevant is known")
	_, err := Retrieval{}.Rank(images.Pooled, empty.Pooled, nil, nil)
	wantError(t, err, "there are no features to compare")
	nan := sounds
	nan.Pooled = sounds.Pooled.Clone()
	nan.Pooled.Data[45] = float32(math.NaN())
	wantError(t, between(Retrieval{}, images, nan, false), "features are not finite: sample 2 has NaN")
	wantError(t, between(Retrieval{Apart: "film"}, images, sounds, false), `image to sound: the data is not divided by "film", but by label`)
	some := images
	some.Index = images.Index[:5]
	wantError(t, between(Retrieval{}, some, sounds, true), "5 queries and 90 items are not the same samples")
	wantError(t, between(Retrieval{Relevance: grades, Names: names[1:]}, images, sounds, false), "the relevance of 5 classes is [6 6], want [5 5]")
	other := slices.Clone(names)
	other[0] = "other"
	wantError(t, between(Retrieval{Relevance: grades, Names: other}, images, sounds, false), "have 1 classes that the relevance does not know")
	bad := grades.Clone()
	bad.Data[7] = -1
	wantError(t, between(Retrieval{Relevance: bad, Names: names}, images, sounds, false), "the relevance of class 1 to class 1 is -1")
	wantError(t, between(Retrieval{Relevance: tensor.New(6, 6), Names: names}, images, sounds, false), "nothing in the gallery is relevant to any of the 90 queries")
	a, _ := Retrieval{Relevance: grades, Names: names}.Between("x", images, sounds, false)
	b, _ := Retrieval{Relevance: bad, Names: names}.Between("x", images, sounds, false)
	if a.Settings["relevance"] == b.Settings["relevance"] {
		t.Errorf("other grades have the same settings: %v", a.Settings)
	}
}

// TestRetrievalThreads: the same bits with any number of threads.
func TestRetrievalThreads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	images, sounds, _, _ := pairs()
	var want []float64
	for _, n := range []int{1, 2, 5} {
		parallel.SetWorkers(n)
		got, err := Retrieval{Euclidean: true}.Rank(images.Pooled, sounds.Pooled, func(q, i int) float32 { return float32((q + i) % 3) }, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got.NDCG
		}
		if !slices.Equal(got.NDCG, want) {
			t.Errorf("%d threads give other values", n)
		}
	}
}

// TestCCA: correlations and projections are those of scikit-learn, with ridges those of the closed form; testdata/retrieval.py.
func TestCCA(t *testing.T) {
	type answer struct{ Correlations, X, Y []float64 }
	var want struct{ CCA, Ridge answer }
	golden.Load(t, "testdata/retrieval.json", &want)
	images, sounds, _, _ := pairs()
	x, y := tensor.New(golds, 7), tensor.New(golds, 6)
	for i := range golds {
		copy(x.Data[i*7:(i+1)*7], images.Pooled.Data[i*20:])
		copy(y.Data[i*6:i*6+4], sounds.Pooled.Data[i*20:])
		for j := range 2 {
			y.Data[i*6+4+j] = float32(float64(images.Pooled.Data[i*20+j]) + 0.3*float64(sounds.Pooled.Data[i*20+4+j]))
		}
	}
	for name, c := range map[string]struct {
		o    CCAOptions
		want answer
		near float64
	}{"scikit-learn": {CCAOptions{Dims: 4, Ridge: -1}, want.CCA, 2e-5}, "ridges": {CCAOptions{Dims: 4, Ridge: 0.1}, want.Ridge, 2e-6}} {
		cca, err := FitCCA(x, y, c.o)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range c.want.Correlations {
			if !(math.Abs(cca.Correlations[k]-v) <= 1e-8) {
				t.Errorf("%s: correlation %d is %.10f, want %.10f", name, k, cca.Correlations[k], v)
			}
		}
		a, b := cca.X(x), cca.Y(y)
		for k := range 4 {
			sign := 1.0
			if float64(a.Data[k])*c.want.X[k] < 0 {
				sign = -1
			}
			for i := range golds {
				if !(math.Abs(sign*float64(a.Data[i*4+k])-c.want.X[i*4+k]) <= c.near) || !(math.Abs(sign*float64(b.Data[i*4+k])-c.want.Y[i*4+k]) <= c.near) {
					t.Fatalf("%s: sample %d is at %g and %g of dimension %d, want %g and %g", name, i, a.Data[i*4+k], b.Data[i*4+k], k, sign*c.want.X[i*4+k], sign*c.want.Y[i*4+k])
				}
			}
		}
	}
	// of usual options as many dimensions as the smaller side has, signs that do not depend on the samples' order
	cca, err := FitCCA(x, y, CCAOptions{})
	if err != nil || len(cca.Correlations) != 6 || !slices.IsSortedFunc(cca.Correlations, func(a, b float64) int { return descend(a, b) }) {
		t.Errorf("%v, %v", cca.Correlations, err)
	}
	turned := func(x *tensor.Tensor) *tensor.Tensor {
		index := make([]int, golds)
		for i := range index {
			index[i] = golds - 1 - i
		}
		return gathered(x, index)
	}
	again, err := FitCCA(turned(x), turned(y), CCAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range cca.X(x).Data {
		if got := again.X(x).Data[i]; math.Abs(float64(got-v)) > 1e-4 {
			t.Fatalf("value %d is %g, of turned samples %g", i, v, got)
		}
	}
}

func descend(a, b float64) int {
	if a > b {
		return -1
	}
	return 1
}

// TestCCASmallest: two samples of one dimension each are enough, and the sign is that of the largest weight of the first kind.
func TestCCASmallest(t *testing.T) {
	x, y := &tensor.Tensor{Shape: []int{2, 1}, Data: []float32{-1, 1}}, &tensor.Tensor{Shape: []int{2, 1}, Data: []float32{3, 1}}
	c, err := FitCCA(x, y, CCAOptions{Dims: 1, Ridge: -1})
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.X(x).Data, c.Y(y).Data
	if !(math.Abs(c.Correlations[0]-1) < 1e-9) || !(a[0] < 0 && a[1] > 0) || !(b[0] < 0 && b[1] > 0) {
		t.Errorf("correlation %v, %v and %v", c.Correlations, a, b)
	}
	// of two dimensions of the first kind the second weighs more, and is made positive
	rng := tensor.NewRNG(3)
	x, y = tensor.New(50, 2), tensor.New(50, 1)
	rng.FillNormal(x, 0, 1)
	for i := range 50 {
		y.Data[i] = x.Data[2*i] - 3*x.Data[2*i+1]
	}
	if c, err = FitCCA(x, y, CCAOptions{Ridge: -1}); err != nil {
		t.Fatal(err)
	}
	one := c.X(&tensor.Tensor{Shape: []int{2, 2}, Data: []float32{0, 0, 0, 1}}).Data
	other := c.X(&tensor.Tensor{Shape: []int{2, 2}, Data: []float32{0, 0, 1, 0}}).Data
	if !(one[1] > one[0]) || !(other[1] < other[0]) {
		t.Errorf("the larger weight is %g, the smaller one %g", one[1]-one[0], other[1]-other[0])
	}
}

// TestCCAAligns: two kinds that are turned against each other find each other behind CCA, and not before.
func TestCCAAligns(t *testing.T) {
	images, sounds, _, _ := pairs()
	for i := range golds { // the values of a sound are the image's in another order
		for j := range 20 {
			sounds.Pooled.Data[i*20+j] = images.Pooled.Data[i*20+(j+7)%20]
		}
	}
	before, err := Retrieval{}.Between("image to sound", images, sounds, false)
	if err != nil {
		t.Fatal(err)
	}
	cca, err := FitCCA(images.Pooled, sounds.Pooled, CCAOptions{})
	if err != nil {
		t.Fatal(err)
	}
	images.Pooled, sounds.Pooled = cca.X(images.Pooled), cca.Y(sounds.Pooled)
	after, err := Retrieval{}.Between("image to sound", images, sounds, false)
	if err != nil || after.Value < before.Value+0.1 {
		t.Errorf("before %g, behind %g, chance %g, %v", before.Value, after.Value, after.Trivial, err)
	}
}

// TestCCASigns: of weights of one size the first is positive, and both maps turn together.
func TestCCASigns(t *testing.T) {
	c := &CCA{of: [2]side{{w: mat.NewDense(2, 2, []float64{-1, 2, 1, -3})}, {w: mat.NewDense(1, 2, []float64{5, 7})}}}
	c.orient()
	if a, b := fmt.Sprint(c.of[0].w.RawMatrix().Data), fmt.Sprint(c.of[1].w.RawMatrix().Data); a != "[1 -2 -1 3]" || b != "[-5 -7]" {
		t.Errorf("%s %s", a, b)
	}
}

func TestCCATrouble(t *testing.T) {
	fit := func(x, y *tensor.Tensor, o CCAOptions) error { _, err := FitCCA(x, y, o); return err }
	x := tensor.New(9, 3)
	golden.Fill(x.Data, "x", 1)
	wantError(t, fit(x, x.Rows(0, 8), CCAOptions{}), "two kinds of features of the same things")
	wantError(t, fit(nil, x, CCAOptions{}), "two kinds of features of the same things")
	wantError(t, fit(x.Rows(0, 1), x.Rows(0, 1), CCAOptions{}), "two at least")
	wantError(t, fit(x, x, CCAOptions{Dims: 4}), "4 dimensions of features of 3 and 3 values: want 1 to 3")
	wantError(t, fit(x, x, CCAOptions{Dims: -1}), "want 1 to 3")
	wantError(t, fit(x, tensor.New(9, 3), CCAOptions{}), "3 features of 9 samples do not vary")
	twice := tensor.New(9, 2)
	for i := range 9 {
		twice.Data[2*i], twice.Data[2*i+1] = x.Data[3*i], x.Data[3*i]
	}
	wantError(t, fit(x, twice, CCAOptions{Ridge: -1}), "depend on each other")
	if err := fit(x, twice, CCAOptions{}); err != nil {
		t.Error(err)
	}
	wantError(t, fit(x.Rows(0, 3), x.Rows(0, 3), CCAOptions{Ridge: -1}), "depend on each other")
	bad := x.Clone()
	bad.Data[4] = float32(math.Inf(1))
	wantError(t, fit(x, bad, CCAOptions{}), "sample 1 has +Inf")
	cca, _ := FitCCA(x, x, CCAOptions{})
	defer func() {
		if e := fmt.Sprint(recover()); e != "eval.CCA: features [9 2], want [N 3]" {
			t.Errorf("panic %q", e)
		}
	}()
	cca.X(twice)
}
