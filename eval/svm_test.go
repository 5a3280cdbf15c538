package eval

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// uneven are the samples of testdata/svm.py: classes of different sizes.
func uneven(n, d, k int, name string) Sample {
	x, centres := tensor.New(n, d), make([]float32, k*d)
	golden.Fill(x.Data, name, 1)
	golden.Fill(centres, "centres", 0.5)
	labels, names := make([]int, n), make([]string, k)
	for c := range names {
		names[c] = fmt.Sprint("class ", c)
	}
	for i := range n {
		labels[i] = i * i / 7 % k
		for j := range d {
			x.Data[i*d+j] += centres[labels[i]*d+j]
		}
	}
	return sampleOf(x, names, labels)
}

// TestLinearSVC: hyperplanes and right answers are those of scikit-learn's LinearSVC, whether or not samples are fewer than their values; testdata/svm.py.
func TestLinearSVC(t *testing.T) {
	var want struct {
		Fits []struct {
			N, D, K  int
			C, Score float64
			Balanced bool
			W, B     []float64
		}
	}
	golden.Load(t, "testdata/svm.json", &want)
	grams := 0
	for _, w := range want.Fits {
		train, test := uneven(w.N, w.D, w.K, "train"), uneven(150, w.D, w.K, "test")
		s := newSVMSamples(train.Grid)
		if s.gram != nil {
			grams++
		}
		labels, rows := make([]int32, w.N), make([]int, w.N)
		for i := range labels {
			labels[i], rows[i] = int32(train.Truth.Label(i)), i
		}
		o, _ := SVM{Balanced: w.Balanced, Epochs: 100000}.filled()
		h, err := s.fit(ctx, rows, sidesOf(labels, w.K), slices.Repeat([]float64{w.C}, w.K), o)
		if err != nil || h.open > 0 {
			t.Fatalf("%v, %d classes have not converged", err, h.open)
		}
		large := 0.0
		for _, v := range w.W {
			large = max(large, math.Abs(v))
		}
		for k := range len(w.B) {
			class := k
			if w.K == 2 {
				class = 1
			}
			for j := range w.D {
				if got := float64(h.w.Data[j*w.K+class]); !(math.Abs(got-w.W[k*w.D+j]) <= 2e-4*large) {
					t.Fatalf("%d samples of %d values, %d classes, C %g: weight %d of class %d is %.7f, LinearSVC's %.7f", w.N, w.D, w.K, w.C, j, class, got, w.W[k*w.D+j])
				}
			}
			if got := float64(h.b.Data[class]); !(math.Abs(got-w.B[k]) <= 2e-4*large) {
				t.Errorf("%d samples of %d values, C %g: bias of class %d is %.7f, LinearSVC's %.7f", w.N, w.D, w.C, class, got, w.B[k])
			}
		}
		score, err := SVM{C: []float64{w.C}, Raw: true, Balanced: w.Balanced, Epochs: 100000}.Judge(ctx, train, test)
		if err != nil || math.Abs(score.Value-w.Score) > 1e-9 {
			t.Errorf("%d samples of %d values, %d classes, C %g: right about %g of the test samples, LinearSVC about %g, %v", w.N, w.D, w.K, w.C, score.Value, w.Score, err)
		}
	}
	if len(want.Fits) != 24 || grams != 12 {
		t.Errorf("%d fits, %d of them by inner products, were compared", len(want.Fits), grams)
	}
}

// grouped returns a sample whose rows are also divided by name, row i into part of(i).
func grouped(s Sample, name string, parts int, of func(i int) int) Sample {
	l := labelled{labels: make([]int, len(s.Index))}
	for p := range parts {
		l.names = append(l.names, "part "+strconv.Itoa(p))
	}
	for i := range l.labels {
		l.labels[i] = of(i)
	}
	groups := map[string]data.Labels{name: l}
	for other, g := range s.Truth.Groups {
		groups[other] = g
	}
	s.Truth.Groups = groups
	return s
}

// TestFoldsScikitLearn: each part is judged as by leave-one-group-out behind a standard scaler; testdata/svm.py.
func TestFoldsScikitLearn(t *testing.T) {
	var want struct {
		Folds []struct {
			N, D, K int
			Scores  []float64
		}
	}
	golden.Load(t, "testdata/svm.json", &want)
	for _, w := range want.Folds {
		s := grouped(uneven(w.N, w.D, w.K, "train"), "fold", 4, func(i int) int { return i % 4 })
		got, err := SVM{C: []float64{0.05}, Folds: "fold"}.Judge(ctx, s, Sample{})
		if err != nil || len(got.Parts) != 4 {
			t.Fatalf("%+v, %v", got.Parts, err)
		}
		mean, deviation := 0.0, 0.0
		for k, v := range w.Scores {
			mean += v / 4
			if p := got.Parts[k]; math.Abs(p.Value-v) > 1e-9 || p.Name != "part "+strconv.Itoa(k) || p.N < w.N/4 {
				t.Errorf("%d samples of %d values: part %+v, scikit-learn's %g", w.N, w.D, p, v)
			}
		}
		for _, v := range w.Scores {
			deviation += (v - mean) * (v - mean) / 3
		}
		if math.Abs(got.Value-mean) > 1e-9 || math.Abs(got.Found["deviation_of_folds"].(float64)-math.Sqrt(deviation)) > 1e-9 {
			t.Errorf("%g, %v, want the mean %g and deviation %g", got.Value, got.Found, mean, math.Sqrt(deviation))
		}
		if got.Interval == nil || got.Interval[0] > got.Value+1e-9 || got.Interval[1] < got.Value-1e-9 || got.Found["interval_over"] != "4 parts by fold" || got.Settings["folds"] != "fold" {
			t.Errorf("interval %v, %v, %v", got.Interval, got.Found, got.Settings)
		}
	}
	if len(want.Folds) != 4 {
		t.Errorf("%d sets were compared", len(want.Folds))
	}
}

// TestFoldsTogether: training and test samples are parted together, by the names of classes and parts, however each numbers them.
func TestFoldsTogether(t *testing.T) {
	all := grouped(uneven(120, 12, 3, "train"), "fold", 4, func(i int) int { return i % 4 })
	want, err := SVM{C: []float64{0.05}, Folds: "fold"}.Judge(ctx, all, Sample{})
	if err != nil {
		t.Fatal(err)
	}
	half := func(from, to int, turned bool) Sample {
		s := Sample{Features: Features{Grid: all.Grid.Rows(from, to), Pooled: all.Grid.Rows(from, to)}, Truth: all.Truth}
		for i := from; i < to; i++ {
			s.Index = append(s.Index, i)
		}
		if turned { // the same classes under other numbers
			l := labelled{names: slices.Clone(all.Truth.Classes())}
			slices.Reverse(l.names)
			for i := range 120 {
				l.labels = append(l.labels, 2-all.Truth.Label(i))
			}
			s.Truth.Labels = l
		}
		return s
	}
	got, err := SVM{C: []float64{0.05}, Folds: "fold"}.Judge(ctx, half(0, 70, false), half(70, 120, true))
	if err != nil || got.Value != want.Value || fmt.Sprint(got.Parts) != fmt.Sprint(want.Parts) || got.Test != 120 {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	// the first samples alone miss a part
	none, err := SVM{C: []float64{0.05}, Folds: "fold"}.Judge(ctx, half(0, 3, false), Sample{})
	if err != nil || len(none.Parts) != 3 {
		t.Errorf("%+v, %v", none.Parts, err)
	}
}

// TestCostIsChosenOnOthers: what is right about all samples that it was fitted to is not what is right about others.
func TestCostIsChosenOnOthers(t *testing.T) {
	train, test := noise(600, 1), noise(500, 2)
	small, large := 1e-5, 1.0
	fixed := func(c float64) float64 {
		s, err := SVM{C: []float64{c}}.Judge(ctx, train, test)
		if err != nil || s.Found["c"] != c {
			t.Fatalf("%+v, %v", s, err)
		}
		return s.Value
	}
	if a, b := fixed(large), fixed(small); a > b-0.05 {
		t.Fatalf("the large cost reaches %g, the small %g: this data cannot tell", a, b)
	}
	s, err := SVM{C: []float64{large, small}}.Judge(ctx, train, test)
	if err != nil || s.Found["c"] != small || s.Value != fixed(small) {
		t.Errorf("it chose %v and reaches %g, %v", s.Found, s.Value, err)
	}
	if s.Interval == nil || s.Interval[0] >= s.Value || s.Interval[1] <= s.Value || s.Found["interval_over"] != "500 samples" {
		t.Errorf("interval %v, %v", s.Interval, s.Found)
	}
	if s, _ := (SVM{C: []float64{large}}).Judge(ctx, train, train); s.Value < 0.99 {
		t.Errorf("the large cost is right about %g of what it was fitted to", s.Value)
	}
	if s, _ = (SVM{C: []float64{2e-5, 2.0000001e-5}}).Judge(ctx, train, test); s.Found["c"] != 2e-5 {
		t.Errorf("of equals it chose %v", s.Found)
	}
}

// TestCostKeepsRecordingsTogether: four copies of each sample, of labels drawn at random, are of one recording. Who fits copies of what it is asked is always right.
func TestCostKeepsRecordingsTogether(t *testing.T) {
	rng := tensor.NewRNG(3)
	x, labels := tensor.New(160, 60), make([]int, 160)
	for i := range 40 {
		l := rng.IntN(2)
		rng.FillNormal(x.Rows(4*i, 4*i+1), 0, 1)
		for k := range 4 {
			copy(x.Data[(4*i+k)*60:(4*i+k+1)*60], x.Data[4*i*60:])
			labels[4*i+k] = l
		}
	}
	s := sampleOf(x, []string{"a", "b"}, labels)
	of := func(s Sample) []int { o, _, _ := s.clusters(); return o }
	c := &classes{train: make([]int32, 160), count: 2}
	for i, l := range labels {
		c.train[i] = int32(l)
	}
	right := func(s Sample) (right float64) {
		part, parts := dealt(seq(160), c.train, 2, of(s), costFolds)
		for fold := range parts {
			var fitted, held []int
			var want []int32
			for i := range 160 {
				if part[i] == fold {
					held, want = append(held, i), append(want, c.train[i])
				} else {
					fitted = append(fitted, i)
				}
			}
			o, _ := SVM{}.filled()
			h, err := newSVMSamples(x).fit(ctx, fitted, sidesOf(c.train, 2), []float64{1, 1}, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range h.hits(gathered(x, held), want) {
				right += v / 160
			}
		}
		return right
	}
	if got := right(s); got < 0.95 {
		t.Fatalf("with copies on the other side %g are right: this data cannot tell", got)
	}
	if got := right(grouped(s, data.RecordingGroup, 40, func(i int) int { return i / 4 })); got > 0.75 {
		t.Errorf("labels drawn at random are told with %g", got)
	}
}

func seq(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// TestDealt: parts are even in each class, and groups stay whole.
func TestDealt(t *testing.T) {
	labels := make([]int32, 100)
	for i := range labels {
		labels[i] = int32(i % 7 / 3) // 3 and 3 and 1 of seven
	}
	part, _ := dealt(seq(100), labels, 3, seq(100), 3)
	count := map[[2]int]int{}
	for i, p := range part {
		count[[2]int{p, int(labels[i])}]++
	}
	for c := range 3 {
		for p := range 3 {
			if d := count[[2]int{p, c}] - count[[2]int{0, c}]; d < -1 || d > 1 {
				t.Errorf("class %d has %d in part %d, %d in the first", c, count[[2]int{p, c}], p, count[[2]int{0, c}])
			}
		}
	}
	of := make([]int, 100)
	for i := range of {
		of[i] = i / 30
	}
	part, parts := dealt(seq(100), labels, 3, of, 3)
	for i := range of {
		if part[i] != part[i/30*30] {
			t.Errorf("row %d is in part %d, its group's first in %d", i, part[i], part[i/30*30])
		}
	}
	if parts != 3 || !slices.Contains(part, 0) || !slices.Contains(part, 1) || !slices.Contains(part, 2) {
		t.Errorf("%d parts: %v", parts, part)
	}
	if _, parts = dealt(seq(5), labels, 3, make([]int, 5), 3); parts != 1 {
		t.Errorf("one group gives %d parts", parts)
	}
}

// TestSVMThreads: the same bits with any number of threads.
func TestSVMThreads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, d := range []int{10, 200} {
		train := uneven(150, d, 4, "train")
		var want []float32
		for _, n := range []int{1, 2, 5} {
			parallel.SetWorkers(n)
			labels := make([]int32, 150)
			for i := range labels {
				labels[i] = int32(train.Truth.Label(i))
			}
			o, _ := SVM{}.filled()
			h, err := newSVMSamples(train.Grid).fit(ctx, seq(150), sidesOf(labels, 4), slices.Repeat([]float64{0.1}, 4), o)
			if err != nil {
				t.Fatal(err)
			}
			if got := append(slices.Clone(h.w.Data), h.b.Data...); want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%d values: %d threads give other hyperplanes", d, n)
			}
		}
	}
}

// TestSVMTrouble: each says what is wrong and what would fit; what has not converged is told.
func TestSVMTrouble(t *testing.T) {
	train, test := uneven(60, 12, 3, "train"), uneven(30, 12, 3, "test")
	s, err := SVM{C: []float64{100}, Epochs: 1}.Judge(ctx, train, test)
	if err != nil || s.Found["unconverged"] != 3 || s.Found["epochs"] != 1 || s.Settings["max_epochs"] != 1 {
		t.Errorf("%v %v, %v", s.Found, s.Settings, err)
	}
	s, err = SVM{}.Judge(ctx, train, test)
	if _, told := s.Found["unconverged"]; err != nil || told || fmt.Sprint(s.Settings) != "map[balanced:false costs:[1e-05 0.0001 0.001 0.01 0.1 1] loss:squared hinge max_epochs:1000 seed:0 standardised:true]" {
		t.Errorf("%v %v, %v", s.Found, s.Settings, err)
	}
	_, err = SVM{C: []float64{0}}.Judge(ctx, train, test)
	wantError(t, err, "c=0: want a number from 1e-09 to 1e+09")
	_, err = SVM{Folds: "speaker"}.Judge(ctx, train, test)
	wantError(t, err, `the data is not divided by "speaker", but by label`)
	one := grouped(train, "speaker", 1, func(int) int { return 0 })
	_, err = SVM{Folds: "speaker"}.Judge(ctx, one, Sample{})
	wantError(t, err, "the samples are of 1 parts, want 2 to 200")
	two := grouped(train, "speaker", 2, func(i int) int { return i % 2 })
	_, err = SVM{Folds: "speaker"}.Judge(ctx, two, Sample{})
	wantError(t, err, "speaker part 0: training samples that all depend on each other cannot choose a cost")
	wantError(t, err, "say one, as in c=0.01")
	if s, err = (SVM{Folds: "speaker", C: []float64{0.01}}).Judge(ctx, two, Sample{}); err != nil || len(s.Parts) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	unknown := grouped(train, "speaker", 2, func(i int) int { return i%2 - i%3/2*9 })
	_, err = SVM{Folds: "speaker"}.Judge(ctx, unknown, Sample{})
	wantError(t, err, "a sample is of no part")
	_, err = SVM{Folds: "speaker"}.Judge(ctx, Sample{}, Sample{})
	wantError(t, err, "there are no features to judge")
	other := two
	other.Pooled = tensor.New(60, 3)
	_, err = SVM{Folds: "speaker"}.Judge(ctx, two, other)
	wantError(t, err, "12 values, the test features 3")
	for of, words := range map[string]string{"svm?c=0": "option c=0: want numbers from 1e-09 to 1e+09", "svm?c=x": "option c=x: want numbers", "svm?weight=2e3": "weight=2e3, want no, balanced, or how often", "svm?weight=twice": "weight=twice, want no", "svm?classes=boxes&folds=fold": "folds goes with labels", "svm?epochs=0": "epochs"} {
		_, err := NewProtocol(of)
		wantError(t, err, words)
	}
	p, err := NewProtocol("svm?c=0.1,1&folds=fold&weight=balanced&standardise=no&epochs=7&seed=3")
	if err != nil || fmt.Sprintf("%+v", p) != "{C:[0.1 1] Folds:fold Balanced:true Own:0 Boxes:false Raw:true Unit:false Epochs:7 Seed:3}" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = NewProtocol("svm"); err != nil || fmt.Sprintf("%+v", p) != "{C:[1e-05 0.0001 0.001 0.01 0.1 1] Folds: Balanced:false Own:0 Boxes:false Raw:false Unit:false Epochs:1000 Seed:0}" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestSVMNeeds: before anything is computed.
func TestSVMNeeds(t *testing.T) {
	of := func(s Sample) *data.Dataset { return &data.Dataset{Name: "some", Truth: s.Truth} }
	with := grouped(uneven(60, 12, 3, "train"), "speaker", 6, func(i int) int { return i % 6 })
	for words, c := range map[string]struct {
		p    SVM
		a, b Sample
	}{
		"some has no labels":                             {SVM{}, Sample{}, Sample{}},
		`not divided by "fold", but by speaker or label`: {SVM{Folds: "fold"}, with, with},
		`not divided by "speaker", but by label`:         {SVM{Folds: "speaker"}, with, uneven(60, 12, 3, "train")},
		"the division has 1 parts, want 2 to 200":        {SVM{Folds: "one"}, grouped(with, "one", 1, func(int) int { return 0 }), with},
		"": {SVM{Folds: "speaker"}, with, with},
	} {
		err := Check([]Protocol{c.p}, of(c.a), of(c.b))
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%v, want %q", err, words)
		}
	}
}

// TestSVMMissingClass: a class that no training sample is of is never named.
func TestSVMMissingClass(t *testing.T) {
	train := uneven(60, 12, 3, "train")
	l := train.Truth.Labels.(labelled)
	train.Truth.Labels = labelled{append(slices.Clone(l.names), "rare"), l.labels}
	test := uneven(30, 12, 3, "test")
	want, err := SVM{C: []float64{0.1}}.Judge(ctx, uneven(60, 12, 3, "train"), test)
	got, also := SVM{C: []float64{0.1}}.Judge(ctx, train, test)
	if err != nil || also != nil || got.Value != want.Value {
		t.Errorf("%g and %g, %v, %v", got.Value, want.Value, err, also)
	}
	balanced, err := SVM{C: []float64{0.1}, Balanced: true}.Judge(ctx, train, test)
	if err != nil || balanced.Value < 0.5 {
		t.Errorf("%g, %v", balanced.Value, err)
	}
}

func BenchmarkSVM(b *testing.B) {
	for _, c := range []struct{ n, d, k int }{{1600, 6144, 50}, {10000, 512, 10}} {
		train := uneven(c.n, c.d, c.k, "train")
		labels := make([]int32, c.n)
		for i := range labels {
			labels[i] = int32(train.Truth.Label(i))
		}
		o, _ := SVM{}.filled()
		for _, cost := range []float64{1e-4, 1e-2, 1} {
			b.Run(fmt.Sprintf("%dx%d_%dclasses_c%g", c.n, c.d, c.k, cost), func(b *testing.B) {
				for b.Loop() {
					h, err := newSVMSamples(train.Grid).fit(ctx, seq(c.n), sidesOf(labels, c.k), slices.Repeat([]float64{cost}, c.k), o)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(h.epochs), "epochs")
				}
			})
		}
	}
}

// TestAutoFolds: of divisions the folds that the makers say come first, then what recordings share; a division of one part is none; without any there is a test set. Either way
// the scores are those of the division by its name, and which it is is said.
func TestAutoFolds(t *testing.T) {
	labels := []int{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}
	x := tensor.New(12, 3)
	golden.Fill(x.Data, "auto", 1)
	by := func(parts ...string) labelled {
		l := labelled{names: parts}
		for i := range labels {
			l.labels = append(l.labels, i/2%len(parts))
		}
		return l
	}
	of := func(groups map[string]data.Labels) Sample {
		s := sampleOf(x, []string{"a", "b"}, labels)
		s.Truth.Groups = groups
		return s
	}
	for _, c := range []struct {
		groups map[string]data.Labels
		want   string
	}{
		{map[string]data.Labels{"fold": by("1", "2", "3"), "speaker": by("x", "y"), "height": by("p", "q")}, "fold"},
		{map[string]data.Labels{"fold": by("1"), "speaker": by("x", "y")}, "speaker"},
		{map[string]data.Labels{"source": by("x", "y"), "height": by("p", "q")}, "source"},
		{map[string]data.Labels{"height": by("p", "q")}, ""},
		{nil, ""},
	} {
		p, err := NewProtocol("sound?c=0.01")
		if err != nil {
			t.Fatal(err)
		}
		s := of(c.groups)
		d := &data.Dataset{Name: "sounds", Truth: s.Truth}
		if err := Check([]Protocol{p}, d, d); err != nil {
			t.Fatal(err)
		}
		got, err := p.(Judger).Judge(ctx, s, s)
		if err != nil {
			t.Fatal(err)
		}
		if folds, _ := got.Settings["folds"].(string); folds != c.want || got.Protocol != "svm" {
			t.Errorf("%v: judged by %s, folds %q, want %q", c.groups, got.Protocol, folds, c.want)
		}
		want, err := SVM{C: []float64{0.01}, Folds: c.want}.Judge(ctx, s, s)
		if err != nil || want.Value != got.Value || want.Made() != got.Made() {
			t.Errorf("%v: %g by %s, want %g by %s", c.groups, got.Value, got.Made(), want.Value, want.Made())
		}
		said := p.(telling).Tells(d, d)
		if c.want != "" && !strings.Contains(said, " by "+c.want+" ") || c.want == "" && !strings.Contains(said, "no folds, speakers or sources") {
			t.Errorf("%v: said %q", c.groups, said)
		}
	}
	p, err := NewProtocol("sound?folds=height")
	if err != nil || p.(SVM).Folds != "height" || p.(SVM).Tells(nil, nil) != "" {
		t.Errorf("%+v, %v", p, err)
	}
}
