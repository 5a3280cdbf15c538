package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// boxed are boxes of classes, without places.
type boxed struct {
	names []string
	of    [][]data.Box
}

func (b boxed) Classes() []string { return b.names }
func (b boxed) Boxes(i int) ([]data.Box, error) {
	if b.of[i] == nil {
		return nil, errors.New("torn")
	}
	return b.of[i], nil
}

// manyOf are the samples of testdata/voc07.py.
func manyOf(n, d, k int, name string) Sample {
	x, u, centres := tensor.New(n, d), make([]float32, n*k), make([]float32, k*d)
	golden.Fill(x.Data, name, 1)
	golden.Fill(u, name+" classes", 1)
	golden.Fill(centres, "centres", 0.6)
	b := boxed{of: make([][]data.Box, n)}
	for c := range k {
		b.names = append(b.names, fmt.Sprint("class ", c))
	}
	s := Sample{Features: Features{Grid: x, Pooled: x}}
	for i := range n {
		s.Index = append(s.Index, i)
		b.of[i] = []data.Box{{Class: -1}, {Class: k}} // of no class
		for c := range k {
			if v := u[i*k+c]; v > 0.3 {
				b.of[i] = append(b.of[i], data.Box{Class: c, Difficult: v <= 0.4})
				if v > 0.4 { // and a difficult one beside it
					b.of[i] = append(b.of[i], data.Box{Class: c, Difficult: true})
					for j := range d {
						x.Data[i*d+j] += centres[c*d+j]
					}
				}
			}
		}
	}
	s.Truth.Boxes = b
	return s
}

// TestVOC07ScikitLearn: hyperplanes and average precisions of pictures of several classes are those of scikit-learn, with difficult boxes left out, the class's own samples
// twice, and features of length 1; testdata/voc07.py.
func TestVOC07ScikitLearn(t *testing.T) {
	var want []struct {
		N, D, K    int
		C          float64
		W          [][]float64
		B, Average []float64
	}
	golden.Load(t, "testdata/voc07.json", &want)
	for _, w := range want {
		train, test := manyOf(w.N, w.D, w.K, "train"), manyOf(150, w.D, w.K, "test")
		p, err := SVM{C: []float64{w.C}, Own: 2, Raw: true, Unit: true, Epochs: 100000}.filled()
		if err != nil {
			t.Fatal(err)
		}
		m, err := newMany(train, test)
		if err != nil {
			t.Fatal(err)
		}
		x, y := p.seen(train.Grid, test.Grid)
		h, err := newSVMSamples(x).fit(ctx, seq(w.N), m.train, repeated(w.C, w.K), p)
		if err != nil || h.open > 0 {
			t.Fatalf("%v, %d open", err, h.open)
		}
		values := h.values(y)
		for k := range w.K {
			large := 0.0
			for _, v := range w.W[k] {
				large = max(large, math.Abs(v))
			}
			for j, v := range w.W[k] {
				if got := float64(h.w.Data[j*w.K+k]); !(math.Abs(got-v) <= 2e-4*large) {
					t.Fatalf("%d samples, C %g: weight %d of class %d is %.7f, LinearSVC's %.7f", w.N, w.C, j, k, got, v)
				}
			}
			if !(math.Abs(float64(h.b.Data[k])-w.B[k]) <= 2e-4*large) {
				t.Errorf("bias %g, LinearSVC's %g", h.b.Data[k], w.B[k])
			}
			if got, ok := m.test.rank(values, k, seq(150)).ranking.Precision(nil); !ok || !(math.Abs(got.Average-w.Average[k]) <= 1e-9) {
				t.Errorf("%d samples, C %g, class %d: average precision %g, scikit-learn's %g", w.N, w.C, k, got.Average, w.Average[k])
			}
		}
		all, err := SVM{C: []float64{w.C}, Own: 2, Raw: true, Unit: true, Epochs: 100000}.Scores(ctx, train, test)
		if err != nil || len(all) != 2 || all[0].Metric.Name != "mAP" || all[1].Metric.Name != "mAP 11 points" {
			t.Fatalf("%+v, %v", all, err)
		}
		for _, s := range all {
			if in := s.Interval; in == nil || !(in[0] < s.Value && s.Value < in[1]) || len(s.Parts) != w.K || s.Settings["classes"] != "boxes" || s.Settings["own_weight"] != 2.0 || !(s.Value > s.Trivial) {
				t.Errorf("%+v", s)
			}
			mean := 0.0
			for _, part := range s.Parts {
				mean += part.Value / float64(w.K)
			}
			if math.Abs(mean-s.Value) > 1e-12 {
				t.Errorf("%g is not the mean of its parts %g", s.Value, mean)
			}
		}
	}
	if len(want) != 4 {
		t.Errorf("%d fits were compared", len(want))
	}
}

// TestRandomOrder: interpolated, a random order reaches more than the share of positives: as NumPy finds it
// (testdata/random_order.py).
func TestRandomOrder(t *testing.T) {
	for _, c := range []struct {
		items, positives           int
		average, area, eleven, tol float64
	}{
		{1, 1, 1, 1, 1, 1e-12}, {6, 6, 1, 1, 1, 1e-12},
		{6, 2, 0.5277, 0.5534, 0.5605, 0.02},
		{20, 1, 0.1822, 0.1822, 0.1822, 0.02},
		{50, 3, 0.1277, 0.1375, 0.1393, 0.01},
		{100, 5, 0.0910, 0.1002, 0.1080, 0.01},
		{1000, 60, 0.0661, 0.0726, 0.0811, 0.002},
		{5000, 250, 0.0514, 0.0546, 0.0649, 0.001},
	} {
		got := randomOrder(c.items, c.positives)
		if math.Abs(got.Average-c.average) > c.tol || math.Abs(got.Area-c.area) > c.tol || math.Abs(got.Eleven-c.eleven) > c.tol {
			t.Errorf("%d of %d: %+v, want %+v", c.positives, c.items, got, c)
		}
		if again := randomOrder(c.items, c.positives); again != got {
			t.Errorf("%+v, then %+v", got, again)
		}
	}
	all, err := SVM{C: []float64{1}}.Scores(ctx, manyOf(60, 10, 3, "train"), manyOf(30, 10, 3, "test"))
	if err != nil || all[0].Metric.Predictor != "random order" || all[0].Trivial != all[0].Metric.Trivial || all[0].Trivial == all[1].Trivial {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestPresence: a class is there where a box of it is that is not difficult, and nobody says where all are.
func TestPresence(t *testing.T) {
	s := Sample{Features: Features{Index: []int{2, 0, 1}}}
	s.Truth.Boxes = boxed{[]string{"a", "b"}, [][]data.Box{{}, {{Class: 1, Difficult: true}}, {{Class: 0}, {Class: 0, Difficult: true}, {Class: 1, Difficult: true}, {Class: 1}}}}
	got, err := s.presence(map[string]int{"b": 0, "a": 1, "c": 2})
	if err != nil || fmt.Sprint(got.of) != "[1 1 -1 -1 -1 -1 0 -1 -1]" {
		t.Errorf("%v, %v", got.of, err)
	}
	if got := (&sides{classes: 3, of: []int8{1, 1, -1, 1, -1, -1, -1, 0, -1}}).rarest(); fmt.Sprint(got) != "[1 0 3]" {
		t.Errorf("rarest %v", got)
	}
}

// TestCostsAreChosenByClass: each class has its own.
func TestCostsAreChosenByClass(t *testing.T) {
	train, test := manyOf(200, 20, 4, "train"), manyOf(150, 20, 4, "test")
	all, err := SVM{C: []float64{1e-6, 1e-3, 1}}.Scores(ctx, train, test)
	if err != nil {
		t.Fatal(err)
	}
	costs := all[0].Found["c"].([]float64)
	p, _ := SVM{C: []float64{1e-6, 1e-3, 1}}.filled()
	m, _ := newMany(train, test)
	x, _ := p.seen(train.Grid, test.Grid)
	for k := range costs { // the best of each by hand
		rows := tensor.NewRNG(0).Derive(0x5733f).Perm(200)
		part, parts := dealt(rows, m.train.rarest(), 5, seq(200), 3)
		best, at := -1.0, 0.0
		for _, c := range p.C {
			sum := 0.0
			for f := range parts {
				fitted, held := without(rows, part, f)
				h, err := newSVMSamples(x).fit(ctx, fitted, m.train, repeated(c, 4), p)
				if err != nil {
					t.Fatal(err)
				}
				a, _ := m.train.rank(h.values(gathered(x, held)), k, held).ranking.Precision(nil)
				sum += a.Average
			}
			if sum > best {
				best, at = sum, c
			}
		}
		if costs[k] != at {
			t.Errorf("class %d has cost %g, want %g", k, costs[k], at)
		}
	}
}

// TestManyTrouble: each says what is wrong, and what has no average precision is counted.
func TestManyTrouble(t *testing.T) {
	fresh := func() (a, b Sample) { return manyOf(60, 10, 3, "train"), manyOf(30, 10, 3, "test") }
	for words, spoil := range map[string]func(a, b *Sample){
		"torn": func(a, _ *Sample) { a.Truth.Boxes.(boxed).of[7] = nil },
		`class "other" of the test samples' boxes is not among`: func(_, b *Sample) {
			b.Truth.Boxes.(boxed).names[0] = "other"
		},
		`two classes of boxes are called "class 1"`:                 func(a, _ *Sample) { a.Truth.Boxes.(boxed).names[0] = "class 1" },
		"the data has no boxes with classes":                        func(_, b *Sample) { b.Truth.Boxes = nil },
		"no test sample has a box, but difficult ones":              func(_, b *Sample) { b.Truth.Boxes = boxed{b.Truth.Boxes.Classes(), make([][]data.Box, 30)}; nothing(b) },
		"the training features of row 3 are not finite":             func(a, _ *Sample) { a.Grid.Data[35] = float32(math.NaN()) },
		"there are 30 rows of test features, and 29 test samples":   func(_, b *Sample) { b.Index = b.Index[:29] },
		"the training features have 10 values, the test features 4": func(_, b *Sample) { b.Grid = tensor.New(30, 4) },
	} {
		a, b := fresh()
		spoil(&a, &b)
		_, err := SVM{C: []float64{1}, Boxes: true}.Judge(ctx, a, b)
		wantError(t, err, words)
	}
	a, b := fresh()
	a.Truth.Groups = map[string]data.Labels{data.FilmGroup: labelled{[]string{"one"}, make([]int, 60)}}
	_, err := SVM{}.Judge(ctx, a, b)
	wantError(t, err, "cannot choose a cost")
	// a class that no test sample is of
	a, b = fresh()
	for i, boxes := range b.Truth.Boxes.(boxed).of {
		kept := []data.Box{}
		for _, x := range boxes {
			if x.Class != 1 {
				kept = append(kept, x)
			}
		}
		b.Truth.Boxes.(boxed).of[i] = kept
	}
	s, err := SVM{C: []float64{1}}.Judge(ctx, a, b)
	if err != nil || len(s.Parts) != 2 || s.Found["classes_without_test_samples"] != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	// a class that no training sample is of, though its name is known
	a, b = fresh()
	want, err := SVM{C: []float64{1}}.Judge(ctx, a, b)
	if err != nil {
		t.Fatal(err)
	}
	for i, boxes := range a.Truth.Boxes.(boxed).of {
		a.Truth.Boxes.(boxed).of[i] = slices.DeleteFunc(boxes, func(x data.Box) bool { return x.Class == 1 })
	}
	s, err = SVM{C: []float64{1}}.Judge(ctx, a, b)
	if err != nil || len(s.Parts) != 2 || s.Found["classes_without_training_samples"] != 1 || s.Found["classes_without_test_samples"] != 0 || s.Value != (want.Parts[0].Value+want.Parts[2].Value)/2 {
		t.Errorf("%+v, %v", s, err)
	}
	nothing(&a)
	a.Truth.Boxes.(boxed).of[0] = []data.Box{{Class: 1, Difficult: true}}
	_, err = SVM{C: []float64{1}, Boxes: true}.Judge(ctx, a, b)
	wantError(t, err, "no class of the test samples' boxes has a training sample")
	of := func(s Sample) *data.Dataset { return &data.Dataset{Name: "some", Truth: s.Truth} }
	a, b = fresh()
	if err := Check([]Protocol{SVM{}}, of(a), of(b)); err != nil {
		t.Error(err)
	}
	b.Truth.Boxes.(boxed).names[2] = "other"
	err = Check([]Protocol{SVM{}}, of(a), of(b))
	wantError(t, err, `class "other" of the boxes of some is not among those of some`)
	err = Check([]Protocol{SVM{Boxes: true}}, of(uneven(9, 3, 2, "train")), of(b))
	wantError(t, err, "some has no boxes with classes")
	p, err := NewProtocol("voc07")
	if err != nil || !strings.Contains(fmt.Sprintf("%+v", p), "Own:2 Boxes:true Raw:true Unit:true Epochs:2000") || len(p.(SVM).C) != 10 {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = NewProtocol("voc07?c=1&standardise=yes"); err != nil || len(p.(SVM).C) != 1 || p.(SVM).Raw {
		t.Errorf("%+v, %v", p, err)
	}
}

// nothing takes the boxes of a sample.
func nothing(s *Sample) {
	for i := range s.Truth.Boxes.(boxed).of {
		s.Truth.Boxes.(boxed).of[i] = []data.Box{}
	}
}

// TestManyMeans: what a score of several classes says beside its value, made again one class and one sample after the other: the mean of random orders, the samples that do not count for a class, and
// the interval of the jackknife, each block left out by ranking the others anew.
func TestManyMeans(t *testing.T) {
	const n, k = 40, 3
	train := manyOf(60, 8, k, "train")
	test := grouped(manyOf(n, 8, k, "test"), data.FilmGroup, 5, func(i int) int { return i % 5 })
	p := SVM{C: []float64{0.1}, Epochs: 100000}
	all, err := p.Scores(ctx, train, test)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.filled(); err != nil {
		t.Fatal(err)
	}
	m, err := newMany(train, test)
	if err != nil {
		t.Fatal(err)
	}
	x, y := p.seen(train.Grid, test.Grid)
	h, err := newSVMSamples(x).fit(ctx, seq(60), m.train, repeated(0.1, k), p)
	if err != nil {
		t.Fatal(err)
	}
	values := h.values(y)
	mean := func(block int, of func(p metric.Precision) float64) (value, trivial float64, skipped []int) {
		for c := range k {
			var is []bool
			var v []float32
			yes := 0
			for i := range n {
				if side := m.test.of[i*k+c]; side != 0 && i%5 != block {
					is, v = append(is, side > 0), append(v, values.Data[i*k+c])
					if side > 0 {
						yes++
					}
				}
			}
			found, _ := metric.NewRanking(is, v).Precision(nil)
			value, trivial, skipped = value+of(found)/k, trivial+of(randomOrder(len(is), yes))/k, append(skipped, n-len(is))
		}
		return value, trivial, skipped
	}
	for i, of := range []func(p metric.Precision) float64{func(p metric.Precision) float64 { return p.Area }, func(p metric.Precision) float64 { return p.Eleven }} {
		s := all[i]
		value, trivial, skipped := mean(-1, of)
		var without []float64
		for b := range 5 {
			v, _, _ := mean(b, of)
			without = append(without, v)
		}
		e := 1.959963984540054 * jackknife(without)
		for _, c := range [][2]float64{{s.Value, value}, {s.Trivial, trivial}, {s.Metric.Trivial, trivial}, {s.Interval[0], max(0, value-e)}, {s.Interval[1], min(1, value+e)}} {
			if !(math.Abs(c[0]-c[1]) <= 1e-9) || !(e > 1e-3) {
				t.Errorf("%s: %+v, want %g (random %g) within %g", s.Metric.Name, s, value, trivial, e)
			}
		}
		for c, part := range s.Parts {
			if part.Skipped != skipped[c] || part.Skipped == 0 {
				t.Errorf("class %d: %d samples do not count, want %d", c, part.Skipped, skipped[c])
			}
		}
		_, unlearned := s.Found["classes_without_training_samples"]
		if _, open := s.Found["unconverged"]; open || unlearned || s.Found["interval_over"] != "5 films" {
			t.Errorf("%v", s.Found)
		}
	}
	short, err := SVM{C: []float64{100}, Epochs: 1}.Scores(ctx, train, test)
	if err != nil || short[0].Found["unconverged"] != k {
		t.Errorf("after one epoch: %v, %v", short[0].Found, err)
	}
	for films, want := range map[int]bool{1: false, 2: true} {
		some := grouped(manyOf(n, 8, k, "test"), data.FilmGroup, films, func(i int) int { return i % films })
		if got, err := (SVM{C: []float64{0.1}}).Scores(ctx, train, some); err != nil || (got[0].Interval != nil) != want || (got[0].Found["interval_over"] != nil) != want {
			t.Errorf("%d films: %+v, %v", films, got[0].Interval, err)
		}
	}
}

// TestManyCosts: of costs that do equally well the first that is given is taken; two recordings are enough to choose by.
func TestManyCosts(t *testing.T) {
	train := manyOf(60, 8, 3, "train")
	for i, boxes := range train.Truth.Boxes.(boxed).of { // what is of a class lies far out along an axis of its own
		for c := range 3 {
			train.Grid.Data[i*8+c] = -9
		}
		for _, b := range boxes {
			if b.Class >= 0 && b.Class < 3 {
				train.Grid.Data[i*8+b.Class] = 9
			}
		}
	}
	for _, costs := range [][]float64{{0.1, 1, 10}, {10, 1, 0.1}} {
		got, err := SVM{C: costs, Epochs: 100000, Raw: true}.Scores(ctx, grouped(train, data.FilmGroup, 2, func(i int) int { return i % 2 }), train)
		if err != nil || fmt.Sprint(got[0].Found["c"]) != fmt.Sprint(repeated(costs[0], 3)) || got[0].Value != 1 {
			t.Errorf("of %v: %v, %v", costs, got, err)
		}
	}
}
