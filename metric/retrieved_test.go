package metric

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// retrieval is a query of so many items, in steps scores that are rounded to some values.
func retrieval(n, steps int) (relevant []bool, score []float32) {
	u := make([]float32, n)
	golden.Fill(u, "relevance", 1)
	score = make([]float32, n)
	golden.Fill(score, "score", 1)
	for i := range u {
		relevant = append(relevant, u[i] > 0.4)
		if steps > 0 {
			score[i] = float32(math.Floor(float64(score[i])*float64(steps)) / float64(steps))
		}
	}
	return relevant, score
}

// TestRetrievedScikitLearn: the average precision is scikit-learn's, equal scores or not; testdata/sklearn.py.
func TestRetrievedScikitLearn(t *testing.T) {
	var of struct {
		Retrieved []struct {
			N, Steps       int
			AP, RPrecision float64
			Hit            []float64 // among the first 0, 1, ...
		}
	}
	golden.Load(t, "testdata/sklearn.json", &of)
	for _, c := range of.Retrieved {
		r := Retrieve(retrieval(c.N, c.Steps))
		if got := r.AveragePrecision(); math.Abs(got-c.AP) > 1e-12 {
			t.Errorf("%d items, %d steps: average precision %.12f, scikit-learn's %.12f", c.N, c.Steps, got, c.AP)
		}
		if got := r.RPrecision(); c.RPrecision >= 0 && math.Abs(got-c.RPrecision) > 1e-12 {
			t.Errorf("%d items: R-precision %.12f, want %.12f", c.N, got, c.RPrecision)
		}
		for k, want := range c.Hit {
			if got := r.Hit(k); got != want {
				t.Errorf("%d items: a hit in %d: %g, want %g", c.N, k, got, want)
			}
		}
	}
	if len(of.Retrieved) != 7 {
		t.Errorf("%d rankings were compared", len(of.Retrieved))
	}
}

// orders calls f with all orders of 0 ... n-1.
func orders(n int, f func(order []int)) {
	order := make([]int, n)
	var place func(i int, used int)
	place = func(i, used int) {
		if i == n {
			f(order)
			return
		}
		for v := range n {
			if used>>v&1 == 0 {
				order[i] = v
				place(i+1, used|1<<v)
			}
		}
	}
	place(0, 0)
}

// TestRetrievedOrders: what equal scores leave open, and chance, is the mean over all orders.
func TestRetrievedOrders(t *testing.T) {
	for of := range 1 << 6 {
		relevant := make([]bool, 6)
		for i := range relevant {
			relevant[i] = of>>i&1 == 1
		}
		var ap, rp float64
		var hit [8]float64
		orders(6, func(order []int) {
			score := make([]float32, 6)
			for i, v := range order {
				score[i] = float32(v) - 3
			}
			r := Retrieve(relevant, score)
			ap, rp = ap+r.AveragePrecision()/720, rp+r.RPrecision()/720
			for k := range hit {
				hit[k] += r.Hit(k) / 720
			}
		})
		equal := Retrieve(relevant, make([]float32, 6))
		if math.Abs(equal.RPrecision()-rp) > 1e-12 {
			t.Errorf("%v: R-precision of equals %g, want %g", relevant, equal.RPrecision(), rp)
		}
		for k, want := range hit {
			chance, h := equal.Chance(k)
			if math.Abs(h-want) > 1e-12 || math.Abs(equal.Hit(k)-want) > 1e-12 || math.Abs(chance-ap) > 1e-12 {
				t.Errorf("%v: by chance a hit in %d %g, of equals %g, want %g; average precision %g, want %g", relevant, k, h, equal.Hit(k), want, chance, ap)
			}
		}
	}
	r := Retrieve([]bool{true, false, true}, []float32{float32(math.Copysign(0, -1)), 0, float32(math.Inf(-1))})
	if len(r.groups) != 2 || r.groups[0] != (group{2, 1}) || r.Relevant() != 2 || r.Hit(1) != 0.5 {
		t.Errorf("zeros of both signs: %+v", r)
	}
	for name, f := range map[string]func(){"lengths": func() { Retrieve([]bool{true}, nil) }, "NaN": func() { Retrieve([]bool{true}, []float32{float32(math.NaN())}) }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestHarmonic: the expansion is the sum.
func TestHarmonic(t *testing.T) {
	sum := 0.0
	for n := 1; n <= 100000; n++ {
		sum += 1 / float64(n)
		if got := harmonic(n); math.Abs(got-sum) > 1e-12 {
			t.Fatalf("%d: %.16f, want %.16f", n, got, sum)
		}
	}
}
