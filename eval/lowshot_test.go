package eval

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// TestLowshot: each value is what the classifier reaches that was fitted to the draw alone; the curve's numbers are theirs, the score is the mean.
func TestLowshot(t *testing.T) {
	train, test := uneven(300, 12, 5, "train"), uneven(150, 12, 5, "test")
	for _, by := range classifiers {
		p := Lowshot{K: []int{1, 3, 10, 1000}, Draws: 3, By: by, C: 0.05, Seed: 7}
		s, err := p.Judge(ctx, train, test)
		if err != nil {
			t.Fatal(err)
		}
		task, err := p.ofLabels(train, test)
		if err != nil {
			t.Fatal(err)
		}
		x, y := SVM{}.seen(train.Grid, test.Grid)
		curve := s.Curve.Points
		if len(curve) != 3 || len(s.Parts) != 3 || s.Found["left_out"] == nil || !strings.Contains(s.Found["left_out"].(string), "k=1000: class ") {
			t.Fatalf("%v, %v", s.Found, s.Parts)
		}
		overall, apart := []float64{0, 0, 0}, reach{}
		for n, k := range []int{1, 3, 10} {
			values := make([]float64, 3)
			r := reach{}
			for d := range values {
				var rows []int
				var labels []int32
				for c, some := range task.drawn(p, k, d) {
					for _, row := range some {
						rows, labels = append(rows, row), append(labels, int32(c))
						if train.Truth.Label(row) != c {
							t.Fatalf("sample %d is not of class %d", row, c)
						}
					}
				}
				var got float64
				if by == "svm" {
					o, _ := SVM{}.filled()
					h, err := newSVMSamples(gathered(x, rows)).fit(ctx, seq(len(rows)), sidesOf(labels, 5), repeated(0.05, 5), o)
					if err != nil {
						t.Fatal(err)
					}
					for _, v := range h.hits(y, task.classes.test) {
						got += v / 150
					}
				} else {
					w, b, _, err := fitLBFGS(gathered(x, rows), labels, 5, 1/(0.05*float64(5*k)), 100)
					if err != nil {
						t.Fatal(err)
					}
					got = accuracy(y, task.classes.test, w, b)
				}
				values[d] = got
				low, high := wilson(got, 150)
				r.add(reach{got - low, high - got}, 1./3)
				overall[d] += got / 3
			}
			mean := (values[0] + values[1] + values[2]) / 3
			std := math.Sqrt((sq(values[0]-mean) + sq(values[1]-mean) + sq(values[2]-mean)) / 2)
			half := 4.302653 * std / math.Sqrt(3) // Student's t of two degrees
			apart.add(r, 1./3)
			for at, want := range []float64{mean, slices.Min(values), slices.Max(values), std, max(0, mean-math.Hypot(r.below, half)), min(1, mean+math.Hypot(r.above, half))} {
				c := curve[n]
				if got := []float64{c.Value, c.Min, c.Max, c.Std, c.Interval[0], c.Interval[1]}[at]; !(math.Abs(got-want) <= 1e-6) {
					t.Errorf("%s, k=%d: number %d is %g, want %g", by, k, at, got, want)
				}
			}
			if curve[n].X != float64(k) || len(curve[n].Draws) != 3 || math.Abs(s.Parts[n].Value-mean) > 1e-9 || s.Parts[n].Name != fmt.Sprintf("k=%d", k) || s.Parts[n].N != 150 {
				t.Errorf("%v, %+v", curve[n], s.Parts[n])
			}
		}
		mean, _, in := between(overall, apart)
		if math.Abs(s.Value-mean) > 1e-9 || math.Abs(s.Interval[0]-in[0]) > 1e-9 || math.Abs(s.Interval[1]-in[1]) > 1e-9 {
			t.Errorf("%g in %v, want %g in %v", s.Value, s.Interval, mean, in)
		}
		if s.Metric.Name != "accuracy over k" || s.Trivial != task.largest() || s.Metric.Trivial != s.Trivial || s.Train != 300 || s.Test != 150 || s.Dim != 12 || s.Settings["by"] != by || s.Settings["draws"] != 3 {
			t.Errorf("%+v", s)
		}
		if last := curve[2].Value; last < curve[0].Value+0.1 {
			t.Errorf("%s: of more samples nothing more is learned: %v", by, curve)
		}
	}
}

func sq(x float64) float64 { return x * x }

// TestShotsDrawn: k of each class, none twice, more of a draw hold fewer, and draws, classes and seeds differ.
func TestShotsDrawn(t *testing.T) {
	train := uneven(300, 12, 5, "train")
	p, _ := Lowshot{}.filled()
	task, err := p.ofLabels(train, train)
	if err != nil {
		t.Fatal(err)
	}
	few, more := task.drawn(p, 4, 1), task.drawn(p, 16, 1)
	for c := range few {
		if len(few[c]) != 4 || len(more[c]) != 16 || !slices.Equal(few[c], more[c][:4]) {
			t.Errorf("class %d: %v and %v", c, few[c], more[c])
		}
		once := slices.Compact(slices.Sorted(slices.Values(more[c])))
		if len(once) != 16 {
			t.Errorf("class %d: %v holds one twice", c, more[c])
		}
	}
	q := p
	q.Seed = 1
	if reflect.DeepEqual(more, task.drawn(p, 16, 2)) || reflect.DeepEqual(more, task.drawn(q, 16, 1)) || !reflect.DeepEqual(more, task.drawn(p, 16, 1)) {
		t.Error("draws or seeds are the same, or a draw is not")
	}
}

// TestBetween: Student's interval and what the test samples leave (scipy.stats.t.interval), and errors over what depends on each other.
func TestBetween(t *testing.T) {
	mean, std, in := between([]float64{0.1, 0.2, 0.3, 0.4, 0.5}, reach{})
	if math.Abs(mean-0.3)+math.Abs(std-0.158113883)+math.Abs(in[0]-0.1036756838522439)+math.Abs(in[1]-0.4963243161477562) > 1e-8 {
		t.Errorf("%g, %g, %v", mean, std, in)
	}
	if mean, std, in = between([]float64{0.5}, reach{0.1, 0.2}); mean != 0.5 || std != 0 || math.Abs(in[0]-0.4)+math.Abs(in[1]-0.7) > 1e-12 {
		t.Errorf("one draw: %g, %g, %v", mean, std, in)
	}
	if _, _, in = between([]float64{0, 1}, reach{}); in != [2]float64{0, 1} {
		t.Errorf("%v reaches beyond", in)
	}
	s := sampleOf(tensor.New(4, 1), []string{"a"}, make([]int, 4))
	low, high := wilson(0.75, 4)
	if mean, r := s.error95([]float64{1, 0, 1, 1}); mean != 0.75 || r != (reach{0.75 - low, high - 0.75}) {
		t.Errorf("%g, %v", mean, r)
	}
	if mean, r := s.error95([]float64{1, 1, 1, 1}); mean != 1 || math.Abs(r.below-0.4898907) > 1e-6 || r.above != 0 {
		t.Errorf("all right: %g, %v", mean, r)
	}
	of := grouped(s, data.FilmGroup, 1, func(int) int { return 0 })
	if _, r := of.error95([]float64{1, 0, 1, 1}); r != (reach{}) {
		t.Errorf("one film tells %v of others", r)
	}
}

// TestLowshotOfBoxes: each class is learned from k pictures that show it and k for each other class that do not; the score is mean average precision.
func TestLowshotOfBoxes(t *testing.T) {
	train, test := manyOf(200, 20, 4, "train"), manyOf(150, 20, 4, "test")
	s, err := Lowshot{K: []int{1, 4, 16}, Draws: 2, C: 0.1}.Judge(ctx, train, test)
	if err != nil {
		t.Fatal(err)
	}
	if s.Metric.Name != "mAP over k" || s.Metric.Predictor != "random order" || s.Settings["classes"] != "boxes" || len(s.Parts) != 3 || !(s.Parts[2].Value > s.Parts[0].Value+0.05 && s.Parts[0].Value > s.Trivial) {
		t.Errorf("%+v", s)
	}
	if in := s.Interval; in == nil || !(in[0] < s.Value && s.Value < in[1]) {
		t.Errorf("interval %v", in)
	}
	p, _ := Lowshot{K: []int{3}, C: 0.1}.filled()
	task, err := p.ofBoxes(train, test)
	if err != nil {
		t.Fatal(err)
	}
	task.x, task.y = SVM{}.seen(train.Grid, test.Grid)
	drawn := task.drawn(p, 3, 0)
	some, rows := task.few(drawn, p)
	for c := range 4 {
		up, down := 0, 0
		for at, row := range rows {
			switch some.of[at*4+c] {
			case 1:
				up++
				if task.sides.train.of[row*4+c] != 1 || !slices.Contains(drawn[c], row) {
					t.Errorf("picture %d does not show class %d, or was not drawn", row, c)
				}
			case -1:
				down++
				if task.sides.train.of[row*4+c] != -1 {
					t.Errorf("picture %d may show class %d", row, c)
				}
			}
		}
		if up != 3 || down != 9 {
			t.Errorf("class %d is learned from %d pictures with it and %d without", c, up, down)
		}
	}
}

// TestLowshotRareClass: a class of fewer pictures than the smallest k is left out and counted, and the mean is that of the others, chance too.
func TestLowshotRareClass(t *testing.T) {
	train, test := manyOf(200, 20, 4, "train"), manyOf(150, 20, 4, "test")
	p, _ := Lowshot{K: []int{1}, C: 0.1}.filled()
	all, err := p.ofBoxes(train, test)
	if err != nil {
		t.Fatal(err)
	}
	p.K, p.Draws = []int{all.most + 1}, 2
	few, err := p.ofBoxes(train, test)
	if err != nil {
		t.Fatal(err)
	}
	rare := 0
	for c, rows := range all.of {
		if len(rows) <= all.most {
			rare++
			if few.of[c] != nil {
				t.Errorf("class %d is learned from %d", c, len(few.of[c]))
			}
		}
	}
	s, err := p.Judge(ctx, train, test)
	if err != nil || rare == 0 || rare == 4 || s.Found["classes_with_too_few"] != rare || s.Trivial == all.metric.Trivial || !(s.Value > s.Trivial) {
		t.Errorf("%d rare classes: %+v, %v", rare, s, err)
	}
}

// TestLowshotTrouble: each says what is wrong and what would fit.
func TestLowshotTrouble(t *testing.T) {
	train, test := uneven(60, 12, 3, "train"), uneven(30, 12, 3, "test")
	of := func(s Sample, n int) *data.Dataset {
		return &data.Dataset{Name: "some", Truth: s.Truth, Inputs: data.Inputs{Images: &album{n: n}}}
	}
	if err := Check([]Protocol{Lowshot{}}, of(train, 60), of(test, 30)); err != nil {
		t.Error(err)
	}
	if said := (Lowshot{}).Tells(of(train, 60), nil); !strings.Contains(said, "training samples: k=16,32,64,96 is left out") {
		t.Errorf("said %q", said)
	}
	if said := (Lowshot{K: []int{1, 2}}).Tells(of(train, 60), nil); said != "" {
		t.Errorf("said %q", said)
	}
	if said := (Lowshot{}).Tells(of(manyOf(20, 3, 2, "train"), 20), nil); said != "" {
		t.Errorf("said %q of boxes", said)
	}
	err := Check([]Protocol{Lowshot{K: []int{50}}}, of(train, 60), of(test, 30))
	wantError(t, err, "training samples, fewer than k=50")
	_, err = Lowshot{K: []int{50}}.Judge(ctx, train, test)
	wantError(t, err, "training samples, fewer than k=50")
	err = Check([]Protocol{Lowshot{}}, of(Sample{}, 3), of(test, 30))
	wantError(t, err, "some has no labels")
	err = Check([]Protocol{Lowshot{By: "logistic"}}, of(manyOf(20, 3, 2, "train"), 20), of(test, 30))
	wantError(t, err, "by=logistic: pictures of several classes are learned by svm")
	_, err = Lowshot{By: "logistic"}.Judge(ctx, manyOf(20, 3, 2, "train"), manyOf(20, 3, 2, "test"))
	wantError(t, err, "by=logistic: pictures of several classes are learned by svm")
	err = Check([]Protocol{Lowshot{Boxes: true}}, of(train, 60), of(test, 30))
	wantError(t, err, "some has no boxes with classes")
	nan := uneven(60, 12, 3, "train")
	nan.Grid.Data[14] = float32(math.Inf(1))
	_, err = Lowshot{}.Judge(ctx, nan, test)
	wantError(t, err, "the training features of row 1 are not finite")
	for words, p := range map[string]Lowshot{"by=tree: want svm or logistic": {By: "tree"}, "draws=-1: want at least 1": {Draws: -1}, "k=0: want at least 1": {K: []int{0}}, "c=-1: want a number": {C: -1}} {
		_, err := p.Judge(ctx, train, test)
		wantError(t, err, words)
	}
	for spec, words := range map[string]string{"lowshot?k=2,2": "each above the one before", "lowshot?k=0": "want numbers from 1 on", "lowshot?k=x": "want numbers from 1 on", "lowshot?by=tree": "by=tree", "lowshot?draws=0": "draws"} {
		_, err := NewProtocol(spec)
		wantError(t, err, words)
	}
	p, err := NewProtocol("lowshot?k=1,5&by=logistic&c=2&draws=9&seed=3")
	if err != nil || fmt.Sprintf("%+v", p) != "{K:[1 5] Draws:9 By:logistic C:2 Boxes:false Seed:3}" {
		t.Errorf("%+v, %v", p, err)
	}
}
