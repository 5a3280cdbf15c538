package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// LayerNorm normalises every row of x [... C] and scales it (Ba, Kiros, Hinton 2016):
//
//	y = (x - mean)/√(var + eps)·gamma + beta
//
// gamma and beta are [C], or nil for ones and zeros. mean and inv, one a row, are set to the rows' means and 1/√(var + eps),
// for the gradient; var is the biased variance. y may be x.
func LayerNorm(y, x *Tensor, eps float32, gamma, beta, mean, inv []float32) {
	sameShapes("LayerNorm", y, x)
	rows, c := layerNormDims(x, gamma, beta, mean, inv)
	gamma, beta, done := orConstant(gamma, 1, beta, c)
	defer done()
	parallel.Chunks(rows, max(1, chunk/max(c, 1)), func(lo, hi int) {
		simd.LayerNormRows(y.Data[lo*c:hi*c], x.Data[lo*c:hi*c], gamma, beta, mean[lo:hi], inv[lo:hi], eps, streams(len(y.Data)))
	})
}

// LayerNormGrad sets dx to the gradient of LayerNorm's input, or with add adds it, and adds those of gamma and beta: with
// g = dy·gamma, h = (x - mean)·inv, and means over the row,
//
//	dx = inv·(g - mean(g) - h·mean(g·h))    dgamma = Σ dy·h    dbeta = Σ dy
//
// Any of the three may be nil. The sums over rows run in pieces that depend on the shape alone and are joined in float64, in
// order.
func LayerNormGrad(dx *Tensor, add bool, dgamma, dbeta []float32, dy, x *Tensor, gamma, mean, inv []float32) {
	sameShapes("LayerNormGrad", dy, x)
	if dx != nil {
		sameShapes("LayerNormGrad", dx, x)
	}
	rows, c := layerNormDims(x, gamma, nil, mean, inv)
	if c == 1 && dx != nil { // a value that is its own mean: exactly nothing depends on it
		zeroUnless(add, dx)
		dx = nil
	}
	gamma, _, done := orConstant(gamma, 1, gamma, c)
	defer done()
	step := max(rowChunk(c), (rows+layerNormPieces-1)/layerNormPieces)
	n, size := (rows+step-1)/step, 2*c
	parts, free := borrow64(n * size)
	defer free()
	clear(parts)
	parallel.Chunks(rows, step, func(lo, hi int) {
		row := borrow(c)
		defer giveBack(row)
		blockSums(parts[lo/step*size:][:size], sumBlock(rows, c), lo, hi, func(sums []float32, lo, hi int) {
			if dx != nil && !add {
				simd.LayerNormGradRows(dx.Data[lo*c:hi*c], sums[:c], sums[c:], dy.Data[lo*c:hi*c], x.Data[lo*c:hi*c], gamma, mean[lo:hi], inv[lo:hi], streams(len(dx.Data)))
				return
			}
			for r := lo; r < hi; r++ {
				at := r * c
				simd.LayerNormGradRows(row, sums[:c], sums[c:], dy.Data[at:at+c], x.Data[at:at+c], gamma, mean[r:r+1], inv[r:r+1], false)
				if dx != nil {
					simd.Add(dx.Data[at:at+c], dx.Data[at:at+c], row)
				}
			}
		})
	})
	for k, to := range [][]float32{dgamma, dbeta} {
		if to == nil {
			continue
		}
		parallel.Chunks(c, 64, func(lo, hi int) {
			for j := lo; j < hi; j++ {
				t := 0.0
				for i := k*c + j; i < len(parts); i += size {
					t += parts[i]
				}
				to[j] += float32(t)
			}
		})
	}
}

// layerNormPieces bounds into how many pieces the rows are cut, so that joining their sums costs little.
const layerNormPieces = 64

func layerNormDims(x *Tensor, gamma, beta, mean, inv []float32) (rows, c int) {
	rows, c = rows2(x)
	if gamma != nil && len(gamma) != c || beta != nil && len(beta) != c || len(mean) != rows || len(inv) != rows {
		fail("LayerNorm", "rows of %v with %d scales, %d shifts, %d means and %d deviations", x.Shape, len(gamma), len(beta), len(mean), len(inv))
	}
	return rows, c
}

// orConstant returns a, or n times v where a is nil, and b, or n zeros where b is nil; done gives them back.
func orConstant(a []float32, v float32, b []float32, n int) (aa, bb []float32, done func()) {
	if a != nil && b != nil {
		return a, b, func() {}
	}
	t := borrow(2 * n)
	for i := range n {
		t[i], t[n+i] = v, 0
	}
	if a == nil {
		a = t[:n]
	}
	if b == nil {
		b = t[n:]
	}
	return a, b, func() { giveBack(t) }
}
