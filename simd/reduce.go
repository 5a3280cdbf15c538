package simd

import "math"

// lanes is the number of partial sums of a reduction: four AVX-512 registers, eight AVX2 ones, sixteen NEON ones.
const lanes = 64

// Sum returns the sum of x: element i goes to partial sum i mod 64, and the 64 are folded in halves. The error
// is at most (len(x)/64 + 6) · eps · Σ|x|.
func Sum(x []float32) float32 { return active.sum(x) }

// Dot returns Σ x[i]·y[i] over x, fused, summed as in Sum. len(y) >= len(x).
func Dot(x, y []float32) float32 { return active.dot(x, y[:len(x)]) }

// SumSquares returns Σ x[i]², fused, summed as in Sum.
func SumSquares(x []float32) float32 { return active.sumSquares(x) }

// Max returns the largest element, NaN if one is NaN, -Inf if there is none. Of two zeros either may come out.
func Max(x []float32) float32 { return active.max(x) }

func sumGo(x []float32) float32 {
	var acc [lanes]float32
	for i, v := range x {
		acc[i%lanes] += v
	}
	return fold(&acc)
}

func dotGo(x, y []float32) float32 {
	var acc [lanes]float32
	for i, v := range x {
		acc[i%lanes] = fma(v, y[i], acc[i%lanes])
	}
	return fold(&acc)
}

func sumSquaresGo(x []float32) float32 { return dotGo(x, x) }

// fold adds the upper half of the lanes to the lower until one is left.
func fold(acc *[lanes]float32) float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for i := range n {
			acc[i] += acc[i+n]
		}
	}
	return acc[0]
}

func maxGo(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v != v {
			return v
		}
		if v > m {
			m = v
		}
	}
	return m
}
