package spectrum

import "github.com/tessera-go/tessera/simd"

// filters are up to sixteen sums over the same run of inputs, each with its own weights: neighbouring outputs of a resampler, or
// neighbouring mel bands. Over many runs they are a product of matrices; weights of zero cost less than short loops would.
type filters struct {
	first, k, columns int       // the first input, as its owner counts, inputs, and sums
	w                 []float32 // [k group]
}

// group is how many sums are a matrix's columns: the width of the panels of all kernels but the Go loops.
const group = 16

// multiply sets dst[r·apart + c], for rows runs, to the sum over i of x[r·stride + i]·w[i][c]. Each sum goes in order of i, fused: the
// same bits however many runs there are.
func (f *filters) multiply(dst []float32, apart int, x []float32, stride, rows int) {
	a := simd.A{Data: x, LD: stride, K: f.k}
	if simd.Panel() >= group {
		simd.MulPanel(dst, apart, rows, f.columns, a, f.w, false) // rows of sixteen are a packed panel
		return
	}
	packed := make([]float32, simd.PackedSize(f.k, f.columns))
	simd.PackB(packed, f.k, 0, f.w, f.k, f.columns, group)
	for j := 0; j < f.columns; j += simd.Panel() {
		simd.MulPanel(dst[j:], apart, rows, min(simd.Panel(), f.columns-j), a, packed[simd.PackedOffset(f.k, j):], false)
	}
}
