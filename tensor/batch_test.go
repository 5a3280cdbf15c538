package tensor

import (
	"fmt"
	"math"
	"testing"
)

// TestBatchMatMul compares batches of products with the definition, each side transposed or not, setting and adding.
func TestBatchMatMul(t *testing.T) {
	const m, k, n = 3, 4, 5
	for _, lead := range [][]int{{2}, {2, 3}, {0}, {1, 1}} {
		for i := range 8 {
			ta, tb, add := i&1 > 0, i&2 > 0, i&4 > 0
			shape := func(rows, cols int, turned bool) []int {
				if turned {
					rows, cols = cols, rows
				}
				return append(append([]int(nil), lead...), rows, cols)
			}
			r := NewRNG(22)
			a, b := r.FillNormal(New(shape(m, k, ta)...), 0, 1), r.FillNormal(New(shape(k, n, tb)...), 0, 1)
			c := New(shape(m, n, false)...).Fill(2)
			want := c.Clone()
			if !add {
				c.Fill(float32(math.NaN()))
			}
			for e := range want.Data {
				z, row, col := e/(m*n), e/n%m, e%n
				sum := 0.0
				if add {
					sum = 2
				}
				for p := range k {
					ia, ib := row*k+p, p*n+col
					if ta {
						ia = p*m + row
					}
					if tb {
						ib = col*k + p
					}
					sum += float64(a.Data[z*m*k+ia]) * float64(b.Data[z*k*n+ib])
				}
				want.Data[e] = float32(sum)
			}
			BatchMatMul(c, a, b, ta, tb, add)
			close32(t, fmt.Sprintf("%v, transposed %v %v, adding %v", lead, ta, tb, add), c, want, 1e-6)
		}
	}
}

// TestHeads compares an attention's products with the definition, head by head.
func TestHeads(t *testing.T) {
	const b, l, s, h, d = 2, 3, 4, 2, 5
	r := NewRNG(23)
	q, k, v := r.FillNormal(New(b, l, h, d), 0, 1), r.FillNormal(New(b, s, h, d), 0, 1), r.FillNormal(New(b, s, h, d), 0, 1)
	scores, y, back := New(b, h, l, s).Fill(float32(math.NaN())), New(b, l, h, d).Fill(1), New(b, s, h, d).Fill(float32(math.NaN()))
	HeadScores(scores, q, k, 0.5, false)
	wantY, wantBack := y.Clone(), New(b, s, h, d)
	each(scores.Shape, func(i, j, row, col int) {
		sum := 0.0
		for c := range d {
			sum += 0.5 * float64(q.At(i, row, j, c)) * float64(k.At(i, col, j, c))
			wantY.Set(wantY.At(i, row, j, c)+2*scores.At(i, j, row, col)*v.At(i, col, j, c), i, row, j, c)
			wantBack.Set(wantBack.At(i, col, j, c)+2*scores.At(i, j, row, col)*q.At(i, row, j, c), i, col, j, c)
		}
		closeTo(t, "scores", scores.At(i, j, row, col), sum, 1e-5)
	})
	HeadMix(y, scores, v, 2, false, true)
	close32(t, "mix", y, wantY, 1e-6)
	HeadMix(back, scores, q, 2, true, false)
	close32(t, "transposed mix", back, wantBack, 1e-6)
	twice := scores.Clone()
	HeadScores(twice, q, k, 0.5, true)
	Scale(scores, 2, scores)
	close32(t, "scores, added", twice, scores, 1e-6)
}

// TestBatchComplaints: matrices that end beyond the memory, and sides that do not fit; what just fits is not complained about.
func TestBatchComplaints(t *testing.T) {
	square := func(n int) Batch { return Batch{Data: make([]float32, n), Rows: 2, Cols: 2, Outer: 4, Inner: 4} }
	gemm := func(a, b, c Batch, outer, inner int) func() {
		return func() { BatchGemm(1, a, b, 0, c, outer, inner) }
	}
	wide, tight, backwards, inwards := square(16), square(16), square(16), square(16)
	wide.LD, tight.LD, backwards.Outer, inwards.Inner = 3, 1, -1, -1
	turned := square(8)
	turned.Transposed = true
	flat := square(8)
	flat.Rows = 1
	for what, f := range map[string]func(){
		"a too short": gemm(square(7), square(8), square(8), 2, 1), "b too short": gemm(square(8), square(7), square(8), 1, 2), "c too short": gemm(square(8), square(8), square(7), 2, 1),
		"rows apart": gemm(wide, wide, square(16), 4, 1), "rows too near": gemm(tight, square(16), square(16), 1, 1), "outer backwards": gemm(backwards, square(16), square(16), 1, 1),
		"inner backwards": gemm(square(16), inwards, square(16), 1, 1), "into a transpose": gemm(square(8), square(8), turned, 1, 1), "rows": gemm(flat, square(8), square(8), 1, 1),
		"sum": gemm(square(8), flat, square(8), 1, 1), "columns": gemm(square(8), Batch{Data: make([]float32, 8), Rows: 2, Cols: 3}, square(8), 1, 1),
		"heads of three axes": func() { Heads(New(2, 3, 4)) }, "matrices of two axes": func() { Matrices(New(2, 3)) }, "matrices of five": func() { Matrices(New(1, 1, 1, 2, 3)) },
		"other axes of b": func() { BatchMatMul(New(2, 3, 4), New(2, 3, 5), New(2, 1, 5, 4), false, false, false) },
		"other axes of c": func() { BatchMatMul(New(2, 1, 3, 4), New(2, 3, 5), New(2, 5, 4), false, false, false) },
		"another batch":   func() { BatchMatMul(New(3, 3, 4), New(2, 3, 5), New(2, 5, 4), false, false, false) },
		"scores":          func() { HeadScores(New(2, 3, 4), New(2, 4, 3, 6), New(2, 4, 3, 6), 1, false) },
		"queries":         func() { HeadScores(New(2, 3, 4, 4), New(2, 4, 3), New(2, 4, 3, 6), 1, false) },
		"keys":            func() { HeadScores(New(2, 3, 4, 4), New(2, 4, 3, 6), New(2, 4, 3), 1, false) },
		"longer keys":     func() { HeadScores(New(2, 3, 4, 4), New(2, 4, 3, 6), New(2, 4, 3, 7), 1, false) },
		"shorter queries": func() { HeadScores(New(2, 3, 4, 4), New(2, 3, 3, 6), New(2, 4, 3, 6), 1, false) },
	} {
		complains(t, what, f)
	}
	wide.Data = wide.Data[:4+3+2]
	wide.Outer = 4
	gemm(wide, square(8), square(8), 2, 1)()
	gemm(square(8), square(8), square(8), 1, 2)()
	one := Batch{Data: make([]float32, 4), Rows: 2, Cols: 2}
	gemm(one, one, Batch{Data: make([]float32, 4), Rows: 2, Cols: 2}, 1, 1)()
	gemm(square(0), square(0), square(0), 0, 2)()
	gemm(Batch{Rows: 0, Cols: 2}, square(8), Batch{Rows: 0, Cols: 2}, 2, 1)()
	gemm(Batch{Rows: 2, Cols: 0, LD: 1}, Batch{Rows: 0, Cols: 2}, square(8), 2, 1)()
}

// TestMatMulComplaints: sides that do not fit.
func TestMatMulComplaints(t *testing.T) {
	m := func(rows, cols int) Matrix { return Matrix{Data: make([]float32, rows*cols), Rows: rows, Cols: cols} }
	turned := m(2, 2)
	turned.Transposed = true
	for what, f := range map[string]func(){
		"sum":               func() { Gemm(1, m(2, 3), m(2, 2), 0, m(2, 2)) },
		"rows":              func() { Gemm(1, m(2, 3), m(3, 2), 0, m(3, 2)) },
		"columns":           func() { Gemm(1, m(2, 3), m(3, 2), 0, m(2, 3)) },
		"into a transpose":  func() { Gemm(1, m(2, 2), m(2, 2), 0, turned) },
		"no axis":           func() { MatMulShape(nil, []int{2, 3}) },
		"three axes":        func() { MatMulShape([]int{2, 3}, []int{1, 3, 2}) },
		"shapes":            func() { MatMulShape([]int{2, 3}, []int{2, 3}) },
		"MatMul: axes":      func() { MatMul(New(2, 2), New(2, 3), New(3, 1, 2), Float32) },
		"MatMul: sum":       func() { MatMul(New(2, 2), New(2, 3), New(2, 2), Float32) },
		"MatMul: result":    func() { MatMul(New(2, 3), New(2, 3), New(3, 2), Float32) },
		"Linear: axes":      func() { Linear(New(2, 2), New(2, 3), New(3, 1, 2), nil, Float32) },
		"Linear: sum":       func() { Linear(New(2, 2), New(2, 3), New(2, 2), nil, Float32) },
		"Linear: result":    func() { Linear(New(2, 3), New(2, 3), New(3, 2), nil, Float32) },
		"Linear: bias":      func() { Linear(New(2, 2), New(2, 3), New(3, 2), New(3), Float32) },
		"transposed: sum":   func() { MatMulNT(New(2, 2), New(2, 3), New(2, 2), false, Float32) },
		"transposed":        func() { MatMulNT(New(2, 3), New(2, 3), New(2, 3), false, Float32) },
		"transposed a: sum": func() { MatMulTN(New(2, 2), New(3, 2), New(2, 2), false, Float32) },
		"transposed a":      func() { MatMulTN(New(2, 3), New(3, 2), New(3, 2), false, Float32) },
		"sum of rows":       func() { AddSumRows(New(2), New(2, 3)) },
	} {
		complains(t, what, f)
	}
	if got := MatMulShape([]int{4, 2, 3}, []int{3, 5}); !SameShape(got, []int{4, 2, 5}) {
		t.Errorf("[4 2 3] · [3 5] is %v", got)
	}
}

// TestGemmOfNothing: a sum of no products is 0, or what was there; between the rows nothing is written.
func TestGemmOfNothing(t *testing.T) {
	for _, beta := range []float32{0, 1} {
		c := New(7).Fill(5)
		Gemm(1, Matrix{Rows: 2}, Matrix{Cols: 3}, beta, Matrix{Data: c.Data, Rows: 2, Cols: 3, LD: 4})
		for i, v := range c.Data {
			want := 5 * beta
			if i == 3 {
				want = 5
			}
			if v != want {
				t.Errorf("times %g, element %d is %g, want %g", beta, i, v, want)
			}
		}
	}
}
