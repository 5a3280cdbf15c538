package tensor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// sameEverywhere runs f with one worker and three, at every level of the machine, and compares what it returns bit for bit.
func sameEverywhere(t *testing.T, what string, f func() [][]float32) (got [][]float32) {
	t.Helper()
	defer parallel.SetWorkers(parallel.Workers())
	parallel.SetWorkers(1)
	got = f()
	for _, level := range simd.Levels() {
		restore, err := simd.Use(level)
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 3} {
			parallel.SetWorkers(workers)
			for i, part := range f() {
				for j, v := range part {
					if math.Float32bits(v) != math.Float32bits(got[i][j]) {
						t.Fatalf("%s, %v, %d workers: value %d of part %d is %g, was %g", what, level, workers, j, i, v, got[i][j])
					}
				}
			}
		}
		restore()
	}
	return got
}

func closeTo(t *testing.T, what string, got float32, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= tolerance) {
		t.Fatalf("%s: %g, want %g within %g", what, got, want, tolerance)
	}
}

// TestLayerNorm compares forward and backward with the definition in float64, with and without scale and shift, setting and
// adding, in place, and the same bits everywhere.
func TestLayerNorm(t *testing.T) {
	for _, s := range []struct {
		rows, c int
		affine  bool
	}{{1, 1, true}, {3, 7, true}, {5, 64, false}, {700, 100, true}, {3000, 24, true}, {2, 40000, false}, {0, 5, true}} {
		r := NewRNG(uint64(s.c))
		x, dy := r.FillNormal(New(s.rows, s.c), 3, 2), r.FillNormal(New(s.rows, s.c), 0, 1)
		var gamma, beta []float32
		if s.affine {
			gamma, beta = r.FillNormal(New(s.c), 1, 0.5).Data, r.FillNormal(New(s.c), 0, 1).Data
		}
		what := fmt.Sprintf("%d rows of %d", s.rows, s.c)
		const eps = 1e-3
		out := sameEverywhere(t, what, func() [][]float32 {
			y, mean, inv := New(s.rows, s.c), make([]float32, s.rows), make([]float32, s.rows)
			LayerNorm(y, x, eps, gamma, beta, mean, inv)
			again := x.Clone()
			LayerNorm(again, again, eps, gamma, beta, mean, inv)
			same(t, what+" in place", again, y)
			dx, sum := New(s.rows, s.c).Fill(float32(math.NaN())), dy.Clone()
			dgamma, dbeta := make([]float32, s.c), make([]float32, s.c)
			dgamma[0], dbeta[0] = 1, 2
			LayerNormGrad(dx, false, dgamma, dbeta, dy, x, gamma, mean, inv)
			LayerNormGrad(sum, true, nil, nil, dy, x, gamma, mean, inv)
			Sub(again, sum, dy)
			Sub(again, again, dx)
			if e := math.Sqrt(SumSquares(again)); !(e <= 1e-6*float64(s.rows*s.c)) {
				t.Fatalf("%s: adding differs from setting by %g", what, e)
			}
			only := make([]float32, s.c)
			LayerNormGrad(nil, false, nil, only, dy, x, gamma, mean, inv)
			for j, v := range only {
				if j > 0 && v != dbeta[j] {
					t.Fatalf("%s: dbeta alone is %g, beside the others %g", what, v, dbeta[j])
				}
			}
			return [][]float32{y.Data, dx.Data, dgamma, dbeta}
		})
		checkLayerNorm(t, what, out, x, dy, gamma, beta, eps)
	}
}

func checkLayerNorm(t *testing.T, what string, out [][]float32, x, dy *Tensor, gamma, beta []float32, eps float64) {
	rows, c := x.Shape[0], x.Shape[1]
	dgamma, dbeta := make([]float64, c), make([]float64, c)
	dgamma[0], dbeta[0] = 1, 2
	for r := range rows {
		m, v, mg, mgh := 0.0, 0.0, 0.0, 0.0
		for j := range c {
			m += float64(x.Data[r*c+j]) / float64(c)
		}
		for j := range c {
			e := float64(x.Data[r*c+j]) - m
			v += e * e / float64(c)
		}
		g, h := make([]float64, c), make([]float64, c)
		for j := range c {
			d, ga, be := float64(dy.Data[r*c+j]), 1.0, 0.0
			if gamma != nil {
				ga, be = float64(gamma[j]), float64(beta[j])
			}
			g[j], h[j] = d*ga, (float64(x.Data[r*c+j])-m)/math.Sqrt(v+eps)
			closeTo(t, what+": y", out[0][r*c+j], h[j]*ga+be, 3e-6*(1+math.Abs(h[j]*ga)))
			dgamma[j] += d * h[j]
			dbeta[j] += d
			mg += g[j] / float64(c)
			mgh += g[j] * h[j] / float64(c)
		}
		for j := range c {
			closeTo(t, what+": dx", out[1][r*c+j], (g[j]-mg-h[j]*mgh)/math.Sqrt(v+eps), 1e-5/math.Sqrt(v+eps))
		}
	}
	for j := range c {
		closeTo(t, what+": dgamma", out[2][j], dgamma[j], 1e-6*(3+float64(rows)))
		closeTo(t, what+": dbeta", out[3][j], dbeta[j], 1e-6*(3+float64(rows)))
	}
}

// TestPointLoss compares sums and gradients with the definition in float64, for every kind of weight, past a chunk, setting and
// adding, and the same bits everywhere.
func TestPointLoss(t *testing.T) {
	testPointLoss(t, [][3]int{{1, 1, 0}, {7, 5, 1}, {7, 5, 5}, {3, 20, 20}, {3, 16, 16}, {0, 3, 1}})
}

// TestPointLossLong: more than a chunk, and rows longer than a block.
func TestPointLossLong(t *testing.T) {
	testPointLoss(t, [][3]int{{9000, 3, 3}, {9000, 4, 0}, {9000, 4, 1}, {1, 5000, 5000}, {2, 3000, 3000}})
}

// testPointLoss takes rows, columns, and how many elements share a weight.
func testPointLoss(t *testing.T, cases [][3]int) {
	abs := math.Abs
	for name, k := range map[string]struct {
		l     PointLoss
		f, df func(x, t float64) float64
	}{
		"L1": {L1Loss, func(x, t float64) float64 { return abs(x - t) }, func(x, t float64) float64 {
			if x == t {
				return 0
			}
			return math.Copysign(1, x-t)
		}},
		"L2": {L2Loss, func(x, t float64) float64 { return (x - t) * (x - t) }, func(x, t float64) float64 { return 2 * (x - t) }},
		"Huber": {HuberLoss(0.4), func(x, t float64) float64 {
			if e := abs(x - t); e > 0.4 {
				return 0.4 * (e - 0.2)
			}
			return (x - t) * (x - t) / 2
		}, func(x, t float64) float64 { return max(-0.4, min(0.4, x-t)) }},
		"BCEWithLogits": {BCEWithLogitsLoss, func(x, t float64) float64 { return max(x, 0) - x*t + math.Log1p(math.Exp(-abs(x))) },
			func(x, t float64) float64 { return 1/(1+math.Exp(-x)) - t }},
	} {
		for _, s := range cases {
			c := struct{ rows, c, every int }{s[0], s[1], s[2]}
			what := fmt.Sprintf("%s of [%d %d], weights for %d", name, c.rows, c.c, c.every)
			r := NewRNG(3)
			x, target, start := r.FillNormal(New(c.rows, c.c), 0, 3), r.FillUniform(New(c.rows, c.c), 0, 1), r.FillNormal(New(c.rows, c.c), 0, 1)
			for i := 0; i < len(x.Data); i += 9 {
				x.Data[i] = target.Data[i]
			}
			var w *Tensor
			switch {
			case c.every == 1:
				w = r.FillUniform(New(c.rows, c.c), 0, 2)
			case c.every > 1:
				w = r.FillUniform(New(c.rows, 1), 0, 2)
			}
			var sum, weight float64
			out := sameEverywhere(t, what, func() [][]float32 {
				dx, added := New(c.rows, c.c).Fill(float32(math.NaN())), start.Clone()
				sum, weight = k.l.Sum(x, target, w)
				k.l.Grad(dx, x, target, w, 0.3, false)
				k.l.Grad(added, x, target, w, 0.3, true)
				return [][]float32{dx.Data, added.Data, {float32(sum)}, {float32(weight)}}
			})
			wantSum, wantWeight := 0.0, 0.0
			for i, v := range x.Data {
				wi := 1.0
				if w != nil {
					wi = float64(w.Data[i/c.every])
				}
				a, b := float64(v), float64(target.Data[i])
				wantSum += wi * k.f(a, b)
				wantWeight += wi
				closeTo(t, what, out[0][i], 0.3*wi*k.df(a, b), 1e-6*wi*(1+abs(a)))
				closeTo(t, what, out[1][i], float64(start.Data[i])+0.3*wi*k.df(a, b), 1e-6*(2+wi)*(2+abs(a)))
			}
			if !(abs(sum-wantSum) <= 1e-6*wantSum) || !(abs(weight-wantWeight) <= 1e-6*wantWeight) {
				t.Fatalf("%s: sum %g of weight %g, want %g of %g", what, sum, weight, wantSum, wantWeight)
			}
		}
	}
}

// TestCrossEntropies compares the losses of rows with the definition in float64, many rows and few, ignored ones and weights, and
// the same bits everywhere.
func TestCrossEntropies(t *testing.T) {
	for _, c := range []struct{ rows, c int }{{1, 2}, {5, 10}, {3000, 21}, {40, 313}} {
		what := fmt.Sprintf("[%d %d]", c.rows, c.c)
		r := NewRNG(4)
		x, target, w := r.FillNormal(New(c.rows, c.c), 0, 3), r.FillUniform(New(c.rows, c.c), 0, 2), r.FillUniform(New(c.rows, 1), 0, 2)
		labels := make([]int32, c.rows)
		for i := range labels {
			labels[i] = int32(r.IntN(c.c+1)) - 1
		}
		stats := make([]float32, 2*c.rows)
		var hard, hardWeight, soft, softWeight float64
		out := sameEverywhere(t, what, func() [][]float32 {
			SoftmaxStats(stats, x)
			d1, d2, d3 := New(c.rows, c.c).Fill(float32(math.NaN())), New(c.rows, c.c).Fill(float32(math.NaN())), New(c.rows, c.c)
			hard, hardWeight = CrossEntropySum(x, stats, labels, 0.1, w)
			CrossEntropyGrad(d1, x, stats, labels, 0.1, w, 0.5, false)
			soft, softWeight = SoftCrossEntropySum(x, stats, target, w)
			SoftCrossEntropyGrad(d2, x, stats, target, w, 0.5, false)
			CrossEntropyGrad(d3, x, stats, labels, 0.1, w, 0.5, true)
			SoftCrossEntropyGrad(d3, x, stats, target, w, 0.5, true)
			return [][]float32{d1.Data, d2.Data, d3.Data, {float32(hard), float32(soft)}}
		})
		wantHard, wantSoft, weight, all := 0.0, 0.0, 0.0, 0.0
		for i, l := range labels {
			z, total, wi := 0.0, 0.0, float64(w.Data[i])
			for j := range c.c {
				z += math.Exp(float64(x.Data[i*c.c+j]))
				total += float64(target.Data[i*c.c+j])
			}
			all += wi
			if l >= 0 {
				weight += wi
			}
			for j := range c.c {
				k := i*c.c + j
				v, tj := float64(x.Data[k]), float64(target.Data[k])
				q, p, onto := 0.1/float64(c.c), math.Exp(v)/z, wi
				if int(l) == j {
					q += 0.9
				}
				if l < 0 {
					onto = 0
				}
				wantHard += onto * q * (math.Log(z) - v)
				wantSoft += wi * tj * (math.Log(z) - v)
				closeTo(t, what+": gradient by labels", out[0][k], 0.5*onto*(p-q), 2e-6)
				closeTo(t, what+": gradient by targets", out[1][k], 0.5*wi*(p*total-tj), 2e-6*(1+total))
				closeTo(t, what+": both gradients", out[2][k], 0.5*onto*(p-q)+0.5*wi*(p*total-tj), 4e-6*(1+total))
			}
		}
		for _, v := range [][2]float64{{hard, wantHard}, {soft, wantSoft}, {hardWeight, weight}, {softWeight, all}} {
			closeTo(t, what, float32(v[0]), v[1], 2e-6*math.Abs(v[1]))
		}
	}
}

// TestHardCrossEntropy: without smoothing and weights, the loss of each row is minus the logarithm of its label's share.
func TestHardCrossEntropy(t *testing.T) {
	x := NewRNG(6).FillNormal(New(4, 3), 0, 1)
	labels, stats := []int32{2, -1, 0, 1}, make([]float32, 8)
	SoftmaxStats(stats, x)
	soft, dx, added := New(4, 3), New(4, 3).Fill(float32(math.NaN())), New(4, 3).Fill(2)
	sum, weight := CrossEntropySum(x, stats, labels, 0, nil)
	CrossEntropyGrad(dx, x, stats, labels, 0, nil, 0.5, false)
	CrossEntropyGrad(added, x, stats, labels, 0, nil, 0.5, true)
	want := 0.0
	for i, l := range labels {
		z := 0.0
		for _, v := range x.Data[i*3:][:3] {
			z += math.Exp(float64(v))
		}
		for j := range 3 {
			p := math.Exp(float64(x.Data[i*3+j])) / z
			switch {
			case l < 0:
				p = 0
			case int(l) == j:
				want -= math.Log(p)
				p--
				soft.Data[i*3+j] = 1
			}
			closeTo(t, "gradient", dx.Data[i*3+j], 0.5*p, 1e-6)
			closeTo(t, "gradient, added", added.Data[i*3+j], 2+0.5*p, 1e-6)
		}
	}
	closeTo(t, "sum", float32(sum), want, 1e-5)
	sumSoft, weightSoft := SoftCrossEntropySum(x, stats, soft, nil)
	closeTo(t, "sum by targets", float32(sumSoft), want, 1e-5)
	dSoft := New(4, 3)
	SoftCrossEntropyGrad(dSoft, x, stats, soft, nil, 0.5, false)
	close32(t, "gradient by targets", dSoft, dx, 1e-6)
	if weight != 3 || weightSoft != 4 {
		t.Errorf("weights %g and %g, want 3 and 4", weight, weightSoft)
	}
}

// TestSparseCrossEntropy compares targets of few classes with the same ones written out, a class that stands twice in a row among them, and
// the same bits everywhere.
func TestSparseCrossEntropy(t *testing.T) {
	for _, c := range []struct{ rows, c, k int }{{1, 2, 1}, {5, 10, 3}, {3000, 21, 5}, {40, 313, 5}, {4, 7, 0}} {
		what := fmt.Sprintf("[%d %d], %d targets", c.rows, c.c, c.k)
		r := NewRNG(4)
		x, w, dense := r.FillNormal(New(c.rows, c.c), 0, 3), r.FillUniform(New(c.rows, 1), 0, 2), New(c.rows, c.c)
		classes, targets := make([]int32, c.rows*c.k), make([]float32, c.rows*c.k)
		for i := range classes {
			classes[i], targets[i] = int32(r.IntN(c.c)), r.Float32()
			dense.Data[i/c.k*c.c+int(classes[i])] += targets[i]
		}
		stats := make([]float32, 2*c.rows)
		SoftmaxStats(stats, x)
		for _, w := range []*Tensor{nil, w} {
			var sum, weight float64
			out := sameEverywhere(t, what, func() [][]float32 {
				set, added := New(c.rows, c.c).Fill(float32(math.NaN())), New(c.rows, c.c).Fill(2)
				sum, weight = SparseCrossEntropySum(x, stats, classes, targets, w)
				SparseCrossEntropyGrad(set, x, stats, classes, targets, w, 0.5, false)
				SparseCrossEntropyGrad(added, x, stats, classes, targets, w, 0.5, true)
				return [][]float32{set.Data, added.Data, {float32(sum)}}
			})
			wantSum, wantWeight := SoftCrossEntropySum(x, stats, dense, w)
			if !(math.Abs(sum-wantSum) <= 2e-6*math.Abs(wantSum)) || weight != wantWeight {
				t.Errorf("%s: sum %g of weight %g, written out %g of %g", what, sum, weight, wantSum, wantWeight)
			}
			want := New(c.rows, c.c)
			SoftCrossEntropyGrad(want, x, stats, dense, w, 0.5, false)
			for i, v := range want.Data {
				if math.Abs(float64(out[0][i]-v)) > 1e-6 || math.Abs(float64(out[1][i]-2-v)) > 1e-6 {
					t.Fatalf("%s: gradient %d is %g, added to 2 %g, want %g", what, i, out[0][i], out[1][i], v)
				}
			}
		}
	}
}

// TestLossComplaints: weights and targets of other shapes, and a bend that is none.
func TestLossComplaints(t *testing.T) {
	x, stats, labels := New(2, 3), make([]float32, 2), []int32{0, 1}
	for what, f := range map[string]func(){
		"bend at 0":               func() { HuberLoss(0) },
		"bend at NaN":             func() { HuberLoss(float32(math.NaN())) },
		"target":                  func() { L1Loss.Sum(x, New(3, 2), nil) },
		"gradient":                func() { L1Loss.Grad(New(3, 2), x, x, nil, 1, false) },
		"weights of columns":      func() { L1Loss.Sum(x, x, New(1, 3)) },
		"weights of other rows":   func() { L1Loss.Sum(x, x, New(3, 1)) },
		"weights without columns": func() { L1Loss.Sum(x, x, New(2)) },
		"one weight":              func() { L1Loss.Sum(New(), New(), New(1)) },
		"weights of labels":       func() { CrossEntropySum(x, stats, labels, 0, New(2, 3)) },
		"weights of targets":      func() { SoftCrossEntropySum(x, stats, x, New(2, 3)) },
		"targets":                 func() { SoftCrossEntropySum(x, stats, New(2, 2), nil) },
		"few targets":             func() { SparseCrossEntropySum(x, stats, labels, []float32{1}, nil) },
		"targets of some rows":    func() { SparseCrossEntropySum(x, stats, []int32{0, 0, 0}, []float32{1, 1, 1}, nil) },
		"targets of no rows":      func() { SparseCrossEntropySum(New(0, 3), nil, labels, []float32{1, 1}, nil) },
		"weights of few targets":  func() { SparseCrossEntropySum(x, stats, labels, []float32{1, 1}, New(2, 3)) },
		"gradient of few targets": func() { SparseCrossEntropyGrad(New(2, 2), x, stats, labels, []float32{1, 1}, nil, 1, false) },
		"gradient of labels":      func() { CrossEntropyGrad(New(2, 2), x, stats, labels, 0, nil, 1, false) },
		"gradient of targets":     func() { SoftCrossEntropyGrad(New(2, 2), x, stats, x, nil, 1, false) },
	} {
		complains(t, what, f)
	}
	if sum, weight := L2Loss.Sum(From([]float32{1, 2, 3}, 3), New(3), From([]float32{2}, 1)); sum != 28 || weight != 6 {
		t.Errorf("one row with one weight: %g of %g", sum, weight)
	}
}

// TestBatchGemm compares every transposition, strides of heads and of gaps, and both ways of sharing the work with Gemm of each
// matrix.
func TestBatchGemm(t *testing.T) {
	r := NewRNG(5)
	for _, s := range []struct{ outer, inner, m, n, k, gap int }{{1, 1, 1, 1, 1, 0}, {2, 3, 5, 7, 4, 1}, {5, 4, 33, 20, 17, 3}, {2, 1, 160, 130, 120, 0}, {0, 3, 2, 2, 2, 0}, {2, 2, 3, 3, 0, 0}} {
		for _, kind := range []string{"NN", "NT", "TN", "TT"} {
			batch := func(rows, cols int, heads, transposed bool) Batch {
				if transposed {
					rows, cols = cols, rows
				}
				b := Batch{Rows: rows, Cols: cols, LD: cols + s.gap, Inner: rows*(cols+s.gap) + s.gap, Transposed: transposed}
				b.Outer = s.inner*b.Inner + s.gap
				if heads {
					b.LD, b.Inner, b.Outer = s.inner*cols, cols, s.inner*cols*rows
				}
				b.Data = r.FillNormal(New((s.outer+1)*(b.Outer+s.inner*b.Inner+rows*b.LD)), 0, 1).Data
				return b
			}
			a, b, c := batch(s.m, s.k, true, kind[0] == 'T'), batch(s.k, s.n, false, kind[1] == 'T'), batch(s.m, s.n, true, false)
			for _, beta := range []float32{0, 1} {
				want := append([]float32(nil), c.Data...)
				for i := range s.outer {
					for j := range s.inner {
						m := c.at(i, j)
						m.Data = want[i*c.Outer+j*c.Inner:]
						Gemm(0.5, a.at(i, j), b.at(i, j), beta, m)
					}
				}
				got := c
				sameEverywhere(t, kind, func() [][]float32 {
					got.Data = append([]float32(nil), c.Data...)
					BatchGemm(0.5, a, b, beta, got, s.outer, s.inner)
					return [][]float32{got.Data}
				})
				same(t, fmt.Sprintf("%s %+v", kind, s), &Tensor{Shape: []int{len(want)}, Data: got.Data}, &Tensor{Data: want})
			}
		}
	}
	for name, f := range map[string]func(){
		"too short": func() {
			BatchGemm(1, Batch{Data: make([]float32, 7), Rows: 2, Cols: 2, Outer: 4}, Matrices(New(2, 2, 2)), 0, Matrices(New(2, 2, 2)), 2, 1)
		},
		"too short by the inner stride": func() {
			BatchGemm(1, Batch{Data: make([]float32, 7), Rows: 2, Cols: 2, Inner: 4}, Batch{Data: make([]float32, 8), Rows: 2, Cols: 2, Inner: 4}, 0, Batch{Data: make([]float32, 8), Rows: 2, Cols: 2, Inner: 4}, 1, 2)
		},
		"sides":  func() { BatchMatMul(New(2, 3, 4), New(2, 3, 5), New(2, 5, 4), false, true, false) },
		"heads":  func() { HeadScores(New(2, 3, 4, 5), New(2, 4, 3, 6), New(2, 4, 3, 6), 1, false) },
		"batch":  func() { BatchMatMul(New(2, 3, 4), New(3, 3, 5), New(2, 5, 4), false, false, false) },
		"matrix": func() { BatchMatMul(New(3, 4), New(3, 5), New(5, 4), false, false, false) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*ShapeError); !ok {
					t.Errorf("%s: no complaint", name)
				}
			}()
			f()
		}()
	}
}

// rated times f in turn with a kernel that does nothing but move as many bytes, and reports the smallest times: GB/s, each value
// that is read or written counted once, and the share of the bare rate.
func rated(b *testing.B, name string, bytes int, f, bare func()) {
	b.Run(name, func(b *testing.B) {
		best := [2]float64{math.Inf(1), math.Inf(1)}
		for range b.N {
			for i, g := range []func(){f, bare} {
				t := time.Now()
				g()
				best[i] = min(best[i], time.Since(t).Seconds())
			}
		}
		b.ReportMetric(float64(bytes)/best[0]/1e9, "GB/s")
		b.ReportMetric(best[1]/best[0], "of-bare")
		b.ReportMetric(0, "ns/op")
	})
}

// bare moves as many streams as a kernel: reads of them and a write, or two reads and no write.
type bare struct{ y, a, b *Tensor }

func (m bare) one() func() { return func() { Scale(m.y, 1, m.a) } }
func (m bare) two() func() { return func() { Add(m.y, m.a, m.b) } }
func (m bare) read() func() {
	return func() {
		parallel.Chunks(len(m.a.Data), chunk, func(lo, hi int) { simd.Dot(m.a.Data[lo:hi], m.b.Data[lo:hi]) })
	}
}

func BenchmarkLayerNorm(b *testing.B) {
	for _, s := range [][]int{{1 << 13, 768}, {1 << 15, 192}, {1 << 11, 3072}, {1 << 16, 100}} {
		r := NewRNG(1)
		x, y, dy, dx := r.FillNormal(New(s...), 0, 1), New(s...), r.FillNormal(New(s...), 0, 1), New(s...)
		rows, c := s[0], s[1]
		gamma, beta := r.FillNormal(New(c), 1, 0.1).Data, r.FillNormal(New(c), 0, 0.1).Data
		mean, inv, dgamma, dbeta := make([]float32, rows), make([]float32, rows), make([]float32, c), make([]float32, c)
		m := bare{dx, x, dy}
		rated(b, fmt.Sprintf("forward/%dx%d", rows, c), 8*x.Len(), func() { LayerNorm(y, x, 1e-5, gamma, beta, mean, inv) }, m.one())
		rated(b, fmt.Sprintf("backward/%dx%d", rows, c), 12*x.Len(), func() { LayerNormGrad(dx, false, dgamma, dbeta, dy, x, gamma, mean, inv) }, m.two())
	}
}

func BenchmarkPointLoss(b *testing.B) {
	r := NewRNG(1)
	x, t, dx, w := r.FillNormal(New(1<<18, 24), 0, 1), r.FillUniform(New(1<<18, 24), 0, 1), New(1<<18, 24), r.FillUniform(New(1<<18, 1), 0, 1)
	m := bare{dx, x, t}
	for _, k := range []struct {
		name string
		l    PointLoss
	}{{"L1", L1Loss}, {"Huber", HuberLoss(1)}, {"BCEWithLogits", BCEWithLogitsLoss}} {
		rated(b, "sum/"+k.name, 8*x.Len(), func() { k.l.Sum(x, t, nil) }, m.read())
		rated(b, "grad/"+k.name, 12*x.Len(), func() { k.l.Grad(dx, x, t, nil, 1, false) }, m.two())
	}
	rated(b, "sum/L1 weighed by pixel", 8*x.Len(), func() { L1Loss.Sum(x, t, w) }, m.read())
	rated(b, "grad/L1 weighed by pixel", 12*x.Len(), func() { L1Loss.Grad(dx, x, t, w, 1, false) }, m.two())
}

func BenchmarkConcat(b *testing.B) {
	for _, axis := range []int{0, 3} {
		s := []int{32, 56, 56, 64}
		shape := append([]int(nil), s...)
		shape[axis] *= 2
		x, z, y, dx := NewRNG(1).FillNormal(New(s...), 0, 1), New(s...), New(shape...), New(s...)
		whole, halves := bare{New(shape...), y, y}, bare{y, New(shape...), New(shape...)}
		m := bare{dx, x, z}
		rated(b, fmt.Sprintf("Concat/axis %d", axis), 16*x.Len(), func() { Concat(y, axis, x, z) }, whole.one())
		rated(b, fmt.Sprintf("ConcatGrad/axis %d", axis), 16*x.Len(), func() { ConcatGrad(y, axis, ConcatPart{dx, 0, false}, ConcatPart{z, s[axis], false}) }, halves.one())
		rated(b, fmt.Sprintf("ConcatGrad adding/axis %d", axis), 24*x.Len(), func() { ConcatGrad(y, axis, ConcatPart{dx, 0, true}, ConcatPart{z, s[axis], true}) }, halves.two())
		rated(b, fmt.Sprintf("SliceGrad/axis %d", axis), 12*x.Len(), func() { SliceGrad(y, x, axis, s[axis]/2, 1, false) }, m.two())
	}
}
