package metric

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// TestPrecisionScikitLearn: average precision is scikit-learn's, VOC's two are numpy's, with equal scores and with items that are there several times or not at all;
// testdata/precision.py.
func TestPrecisionScikitLearn(t *testing.T) {
	var want []struct {
		N, Steps, Often              int
		Share, Average, Area, Eleven float64
	}
	golden.Load(t, "testdata/precision.json", &want)
	for _, w := range want {
		u, score, often := make([]float32, w.N), make([]float32, w.N), make([]float32, w.N)
		golden.Fill(u, "positive", 1)
		golden.Fill(score, "score", 1)
		golden.Fill(often, "times", 1)
		positive, times := make([]bool, w.N), make([]int, w.N)
		for i := range u {
			if positive[i] = (float64(u[i])+1)/2 < w.Share; positive[i] {
				score[i] += 0.3
			}
			if w.Steps > 0 {
				score[i] = float32(math.Floor(float64(score[i]) * float64(w.Steps)))
			}
			times[i] = int((float64(often[i]) + 1) / 2 * float64(w.Often))
		}
		if w.Often == 1 {
			times = nil
		}
		got, ok := NewRanking(positive, score).Precision(times)
		if !ok || !(math.Abs(got.Average-w.Average) <= 1e-12) || !(math.Abs(got.Area-w.Area) <= 1e-12) || !(math.Abs(got.Eleven-w.Eleven) <= 1e-12) {
			t.Errorf("%+v, %v, want %+v", got, ok, w)
		}
	}
	if len(want) < 90 {
		t.Errorf("%d orders were compared", len(want))
	}
}

// TestPrecisionByHand: what is worked out on paper, and what has no precision.
func TestPrecisionByHand(t *testing.T) {
	r := NewRanking([]bool{true, false, true, false}, []float32{4, 3, 2, 1})
	p, ok := r.Precision(nil)
	if want := (Precision{Average: 5. / 6, Area: 5. / 6, Eleven: (6 + 5*2./3) / 11}); !ok || math.Abs(p.Average-want.Average)+math.Abs(p.Area-want.Area)+math.Abs(p.Eleven-want.Eleven) > 1e-12 {
		t.Errorf("%+v, want %+v", p, want)
	}
	if r.Positives() != 2 {
		t.Errorf("%d positives", r.Positives())
	}
	// equal scores tell nothing apart: the share of the positives
	if p, ok = NewRanking([]bool{true, false, false, false, true}, make([]float32, 5)).Precision(nil); !ok || p.Average != 0.4 || p.Area != 0.4 || math.Abs(p.Eleven-0.4) > 1e-12 {
		t.Errorf("equal scores %+v", p)
	}
	if p, ok = r.Precision([]int{0, 3, 1, 2}); !ok || p.Average != 0.25 {
		t.Errorf("%+v, %v: one positive behind three others", p, ok)
	}
	if _, ok = r.Precision([]int{0, 1, 0, 1}); ok {
		t.Error("a precision without a positive that is there")
	}
	if _, ok = NewRanking(nil, nil).Precision(nil); ok {
		t.Error("a precision of nothing")
	}
	for name, f := range map[string]func(){
		"lengths": func() { NewRanking([]bool{true}, []float32{1, 2}) },
		"NaN":     func() { NewRanking([]bool{true}, []float32{float32(math.NaN())}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error(name)
				}
			}()
			f()
		}()
	}
}
