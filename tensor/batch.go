package tensor

import "github.com/tessera-go/tessera/internal/parallel"

// Batch is matrices in one memory, numbered by two indices: matrix (i, j) begins at i·Outer + j·Inner. So the heads of an
// attention are read where a projection wrote them: x [B L H D] is Batch{Rows: L, Cols: D, LD: H·D, Outer: L·H·D, Inner: D}.
type Batch struct {
	Data         []float32
	Rows, Cols   int
	LD           int // between rows; 0 means Cols
	Outer, Inner int // between matrices
	Transposed   bool
}

// Heads returns the matrices [L D] of x [B L H D], one for each of B and H.
func Heads(x *Tensor) Batch {
	if len(x.Shape) != 4 {
		fail("Heads", "%v: want [B L H D]", x.Shape)
	}
	l, h, d := x.Shape[1], x.Shape[2], x.Shape[3]
	return Batch{Data: x.Data, Rows: l, Cols: d, LD: h * d, Outer: l * h * d, Inner: d}
}

// Matrices returns the matrices [M N] of x [B M N] or [B H M N], one for each of the leading indices.
func Matrices(x *Tensor) Batch {
	n := len(x.Shape)
	if n != 3 && n != 4 {
		fail("Matrices", "%v: want [B M N] or [B H M N]", x.Shape)
	}
	m := Batch{Data: x.Data, Rows: x.Shape[n-2], Cols: x.Shape[n-1]}
	m.Inner = m.Rows * m.Cols
	if m.Outer = m.Inner; n == 4 {
		m.Outer *= x.Shape[1]
	}
	return m
}

// T returns the transposes.
func (b Batch) T() Batch {
	b.Transposed = !b.Transposed
	return b
}

func (b Batch) at(i, j int) Matrix {
	from := i*b.Outer + j*b.Inner
	if b.Rows == 0 || b.Cols == 0 { // heads of nothing lie apart all the same
		from = 0
	}
	return Matrix{Data: b.Data[from:], Rows: b.Rows, Cols: b.Cols, LD: b.LD, Transposed: b.Transposed}
}

func (b Batch) dims() (rows, cols int) {
	rows, cols, _ = b.at(0, 0).dims()
	return rows, cols
}

// check panics where the last matrix ends beyond the memory.
func (b Batch) check(op string, outer, inner int) {
	ld := b.LD
	if ld == 0 {
		ld = b.Cols
	}
	if b.Rows == 0 || b.Cols == 0 || outer == 0 || inner == 0 {
		return
	}
	if end := (outer-1)*b.Outer + (inner-1)*b.Inner + (b.Rows-1)*ld + b.Cols; ld < b.Cols || b.Outer < 0 || b.Inner < 0 || end > len(b.Data) {
		fail(op, "%d by %d matrices [%d %d], rows %d apart, in %d values", outer, inner, b.Rows, b.Cols, ld, len(b.Data))
	}
}

// BatchGemm computes c = alpha·a·b + beta·c for each of outer by inner matrices. With beta 0 c need not be initialised; the
// matrices of c must not overlap.
func BatchGemm(alpha float32, a, b Batch, beta float32, c Batch, outer, inner int) {
	n := outer * inner
	if n == 0 {
		return
	}
	for _, m := range []Batch{a, b, c} {
		m.check("BatchGemm", outer, inner)
	}
	rows, k := a.dims()
	kb, cols := b.dims()
	if k != kb || rows != c.Rows || cols != c.Cols || c.Transposed {
		fail("BatchGemm", "[%d %d] · [%d %d] into [%d %d]", rows, k, kb, cols, c.Rows, c.Cols)
	}
	one := func(t int) {
		i, j := t/inner, t%inner
		Gemm(alpha, a.at(i, j), b.at(i, j), beta, c.at(i, j))
	}
	if n < batchPieces && rows*cols*k >= batchSplit { // few large ones: each on all workers
		for t := range n {
			one(t)
		}
		return
	}
	parallel.For(n, one)
}

// From so many matrices on each is one worker's, unless it is small.
const (
	batchPieces = 16
	batchSplit  = 1 << 21 // multiplications
)

// BatchMatMul sets c to a·b for each of the leading entries: [B M K] · [B K N] -> [B M N], or [B H ...] each; ta and tb transpose the
// matrices of a and b. With add it adds.
func BatchMatMul(c, a, b *Tensor, ta, tb, add bool) {
	n := len(a.Shape) - 2
	if n < 1 || len(b.Shape) != n+2 || len(c.Shape) != n+2 || !SameShape(a.Shape[:n], b.Shape[:n]) || !SameShape(a.Shape[:n], c.Shape[:n]) {
		fail("BatchMatMul", "%v · %v into %v: all need the same leading axes", a.Shape, b.Shape, c.Shape)
	}
	ba, bb := Matrices(a), Matrices(b)
	ba.Transposed, bb.Transposed = ta, tb
	outer, inner := batchOf(a.Shape)
	BatchGemm(1, ba, bb, beta(add), Matrices(c), outer, inner)
}

func batchOf(shape []int) (outer, inner int) {
	if len(shape) == 3 {
		return shape[0], 1
	}
	return shape[0], shape[1]
}

func beta(add bool) float32 {
	if add {
		return 1
	}
	return 0
}

// HeadScores sets s [B H L S] to scale·q·kᵀ of each head, q [B L H D] and k [B S H D], or adds it.
func HeadScores(s, q, k *Tensor, scale float32, add bool) {
	headDims("HeadScores", s, q, k)
	BatchGemm(scale, Heads(q), Heads(k).T(), beta(add), Matrices(s), s.Shape[0], s.Shape[1])
}

// HeadMix sets y [B L H D] to scale·p·v of each head, p [B H L S] and v [B S H D], or adds it. With transposed it is pᵀ·v, p being
// [B H S L].
func HeadMix(y, p, v *Tensor, scale float32, transposed, add bool) {
	m := Matrices(p)
	if m.Transposed = transposed; transposed {
		headDims("HeadMix", p, v, y)
	} else {
		headDims("HeadMix", p, y, v)
	}
	BatchGemm(scale, m, Heads(v), beta(add), Heads(y), p.Shape[0], p.Shape[1])
}

// headDims checks s [B H L S] against q [B L H D] and k [B S H D].
func headDims(op string, s, q, k *Tensor) {
	a, b, c := s.Shape, q.Shape, k.Shape
	if len(a) != 4 || len(b) != 4 || len(c) != 4 || !SameShape(b, []int{a[0], a[2], a[1], b[3]}) || !SameShape(c, []int{a[0], a[3], a[1], b[3]}) {
		fail(op, "%v, %v and %v: want [B H L S], [B L H D] and [B S H D]", a, b, c)
	}
}
