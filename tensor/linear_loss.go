package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// How LinearLoss cuts rows: into blocks of about so many floats, which stay in a second-level cache, a multiple of so many rows; sums go over so many slices of the
// blocks, which are joined in order.
const (
	lossFloats = 1 << 16
	lossTile   = 56
	lossSlices = 16
)

// LinearLossRows returns how many rows of d values LinearLoss takes at once.
func LinearLossRows(d int) int { return max(lossTile, lossFloats/max(d, 1)/lossTile*lossTile) }

// LinearLoss computes what a loss of a linear map and its gradients need, reading x from memory once:
//
//	x [N D]   w [K D]   b [K]   ->   dw [K D]   db [K]
//	y = x·wᵀ + b     dw = dyᵀ·x     db = Σₙ dy
//
// For every LinearLossRows(D) rows f is handed their y [R K], of rows from lo on, which it turns into dy; several goroutines call it at once.
func LinearLoss(dw, db, x, w, b *Tensor, f func(lo int, y *Tensor)) {
	n, d := rows2(x)
	k, wd := rows2(w)
	if d == 0 || d != wd || len(b.Data) != k || len(db.Data) != k || len(dw.Data) != len(w.Data) {
		fail("LinearLoss", "x %v, w %v, b %v, into %v and %v", x.Shape, w.Shape, b.Shape, dw.Shape, db.Shape)
	}
	rows := LinearLossRows(d)
	blocks := (n + rows - 1) / rows
	parts, each := min(lossSlices, max(blocks, 1)), k*(d+1)
	packed, sums := borrow(packedBlocks(d, k, false)), borrow(parts*each)
	defer giveBack(packed)
	defer giveBack(sums)
	size := simd.PackedSize(kBlock, k)
	for k0 := 0; k0 < d; k0 += kBlock {
		kk := min(kBlock, d-k0)
		simd.PackBT(packed[k0/kBlock*size:], kk, 0, w.Data[k0:], kk, k, d)
	}
	parallel.For(parts, func(p int) {
		sum := sums[p*each : (p+1)*each]
		clear(sum)
		y, columns := borrow(rows*k), borrow(simd.PackedSize(rows, d))
		defer giveBack(y)
		defer giveBack(columns)
		for at := p * blocks / parts; at < (p+1)*blocks/parts; at++ {
			lo, r := at*rows, min(n, (at+1)*rows)-at*rows
			some, out := x.Data[lo*d:(lo+r)*d], From(y[:r*k], r, k)
			lossScores(out, some, packed, b.Data)
			f(lo, out)
			simd.PackB(columns, r, 0, some, r, d, d)
			lossSums(sum[:k*d], sum[k*d:], out, columns)
		}
	})
	join := func(dst []float32, at int) {
		copy(dst, sums[at:])
		for p := 1; p < parts; p++ {
			simd.Add(dst, dst, sums[p*each+at:])
		}
	}
	parallel.Chunks(k*d, 1<<12, func(lo, hi int) { join(dw.Data[lo:hi], lo) })
	join(db.Data, k*d)
}

// lossScores sets y [R K] to x·wᵀ + b, with w packed by blocks of kBlock.
func lossScores(y *Tensor, x, packed, b []float32) {
	r, k, panel := y.Dim(0), len(b), simd.Panel()
	d := len(x) / r
	size := simd.PackedSize(kBlock, k)
	for k0 := 0; k0 < d; k0 += kBlock {
		a := simd.A{Data: x[k0:], LD: d, K: min(kBlock, d-k0)}
		for j := 0; j < k; j += panel {
			simd.MulPanel(y.Data[j:], k, r, min(panel, k-j), a, packed[k0/kBlock*size+simd.PackedOffset(a.K, j):], k0 > 0)
		}
	}
	for i := range r {
		row := y.Data[i*k : (i+1)*k]
		simd.Add(row, row, b)
	}
}

// lossSums adds dyᵀ·x to dw [K D], with x packed, and the rows of dy to db.
func lossSums(dw, db []float32, dy *Tensor, packed []float32) {
	r, k, panel := dy.Dim(0), len(db), simd.Panel()
	d := len(dw) / k
	a := simd.A{Data: dy.Data, LD: k, K: r, Transposed: true}
	for j := 0; j < d; j += panel {
		simd.MulPanel(dw[j:], d, k, min(panel, d-j), a, packed[simd.PackedOffset(r, j):], true)
	}
	for i := range r {
		simd.Add(db, db, dy.Data[i*k:(i+1)*k])
	}
}

// CrossEntropyRows returns Σ log Σ exp(y) - y[label] over the rows of y [R K], and sets y to scale times its gradient, softmax(y) less 1 at the label. A row of label -1
// counts nothing. Its exponentials are one call for all rows: of ten classes, a call a row takes as long as the products of LinearLoss.
func CrossEntropyRows(y *Tensor, labels []int32, scale float32) (sum float64) {
	r, k := rows2(y)
	if len(labels) != r {
		fail("CrossEntropyRows", "%v for %d labels", y.Shape, len(labels))
	}
	shown, totals := borrow(r), borrow(r)
	defer giveBack(shown)
	defer giveBack(totals)
	for i, l := range labels {
		row := y.Data[i*k : (i+1)*k]
		m := simd.Max(row)
		for j := range row {
			row[j] -= m
		}
		if l >= 0 {
			shown[i] = row[l]
		}
	}
	simd.Exp(y.Data, y.Data)
	for i, l := range labels {
		row := y.Data[i*k : (i+1)*k]
		if l < 0 {
			totals[i] = 1
			clear(row)
			continue
		}
		total := simd.Sum(row)
		own := scale * (row[l]/total - 1)
		simd.Scale(row, scale/total, row)
		row[l], totals[i] = own, total
	}
	simd.Log(totals, totals)
	for i, l := range labels {
		if l >= 0 {
			sum += float64(totals[i]) - float64(shown[i])
		}
	}
	return sum
}
