package tensor

import (
	"math"
	slice "slices"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// TestLinearLoss: every row is handed out once; the gradients are the sums in float64 to rounding, and the same bits whatever the workers and the level.
func TestLinearLoss(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, s := range [][3]int{{1, 1, 1}, {57, 3, 5}, {700, 300, 10}, {300, 513, 40}, {2000, 64, 3}} {
		n, d, k := s[0], s[1], s[2]
		rng := NewRNG(7)
		x, w, b := rng.FillNormal(New(n, d), 0, 1), rng.FillNormal(New(k, d), 0, 1), rng.FillNormal(New(k), 0, 1)
		var first []float32
		for _, level := range simd.Levels() {
			restore, err := simd.Use(level)
			if err != nil {
				t.Fatal(err)
			}
			for _, workers := range []int{1, 3} {
				parallel.SetWorkers(workers)
				dw, db, seen := New(k, d), New(k), New(n, k)
				LinearLoss(dw, db, x, w, b, func(lo int, y *Tensor) {
					copy(seen.Data[lo*k:], y.Data)
					simd.Scale(y.Data, 0.5, y.Data)
				})
				all := slice.Concat(dw.Data, db.Data, seen.Data)
				if first == nil {
					first = all
					checkLinearLoss(t, s, x, w, b, dw, db, seen)
				} else if !slice.Equal(all, first) {
					t.Errorf("%v: other bits with %d workers and %v", s, workers, level)
				}
			}
			restore()
		}
	}
}

// checkLinearLoss holds what LinearLoss made, with half of y as the gradient, to sums in float64.
func checkLinearLoss(t *testing.T, s [3]int, x, w, b, dw, db, y *Tensor) {
	n, d, k := s[0], s[1], s[2]
	near := func(name string, at int, got float32, f func(add func(float64))) {
		want, size := 0.0, 0.0
		f(func(v float64) { want, size = want+v, size+math.Abs(v) })
		if !(math.Abs(float64(got)-want) <= 1e-6*size) {
			t.Errorf("%v: %s %d is %g, in float64 %g", s, name, at, got, want)
		}
	}
	for c := range k {
		for i := range n {
			near("y", i*k+c, y.Data[i*k+c], func(add func(float64)) {
				add(float64(b.Data[c]))
				for j := range d {
					add(float64(x.Data[i*d+j]) * float64(w.Data[c*d+j]))
				}
			})
		}
		near("db", c, db.Data[c], func(add func(float64)) {
			for i := range n {
				add(float64(y.Data[i*k+c]) / 2)
			}
		})
		for j := range d {
			near("dw", c*d+j, dw.Data[c*d+j], func(add func(float64)) {
				for i := range n {
					add(float64(y.Data[i*k+c]) / 2 * float64(x.Data[i*d+j]))
				}
			})
		}
	}
}

// TestCrossEntropyRows: the sum and the gradient are those of CrossEntropySum and CrossEntropyGrad; rows without a label count nothing.
func TestCrossEntropyRows(t *testing.T) {
	for _, s := range [][2]int{{1, 2}, {33, 10}, {7, 100}} {
		y := NewRNG(3).FillNormal(New(s[0], s[1]), 0, 20)
		labels := make([]int32, s[0])
		for i := range labels {
			labels[i] = int32(i*7%(s[1]+1)) - 1
		}
		stats, dx := make([]float32, 2*s[0]), New(s[0], s[1])
		SoftmaxStats(stats, y)
		want, _ := CrossEntropySum(y, stats, labels, 0, nil)
		CrossEntropyGrad(dx, y, stats, labels, 0, nil, 0.25, false)
		got := CrossEntropyRows(y, labels, 0.25)
		if !(math.Abs(got-want) <= 1e-6*math.Abs(want)) {
			t.Errorf("%v: the sum is %g, want %g", s, got, want)
		}
		for i, v := range dx.Data {
			if !(math.Abs(float64(y.Data[i]-v)) <= 1e-6*0.25) {
				t.Errorf("%v: gradient %d is %g, want %g", s, i, y.Data[i], v)
			}
		}
	}
}
