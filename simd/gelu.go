package simd

import "math"

//go:generate go run gelu_fit.go

// GELU sets dst to x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016, the exact form). dst may be x. The error is at most
// 6.5e-8·|x|, and at most 2e-7 of the result down to x = -3, 5e-6 of it from there to -13; beyond, results are denormal.
func GELU(dst, x []float32) { active.gelu(dst, x[:len(dst)]) }

// GELUGrad sets dx to dy·(Φ(x) + x·φ(x)), φ(x) = exp(-x²/2)/√(2π). dx may be dy or x. The factor of dy is off by at most 7e-8, and by at most
// 3e-6 of Φ(x) + |x|·φ(x).
func GELUGrad(dx, dy, x []float32) { active.geluGrad(dx, dy[:len(dx)], x[:len(dx)]) }

// Both are functions of a = |x|:
//
//	x·Φ(x)        = max(x, 0) - a·Φ(-a)
//	Φ(x) + x·φ(x) = d(a) below 0, 1 - d(a) from 0 on    with d(a) = Φ(-a) - a·φ(a)
//
// From 0 to tailEnd, Φ(-a) and d(a) are polynomials of u = tailScale·a - k, k = 0 to 15 the nearest whole number, whose coefficients fill
// a register of 16 elements each. Beyond, where few values lie, there are NormCDF and the density, which hold their digits to where the
// result is denormal.
const (
	tailScale = 2.625
	tailEnd   = 5.9       // tailScale·tailEnd is below 15.5
	tailRound = 0x1.8p+23 // a float32 of this size has no digits behind the point; its last bits are k
)

// tail returns the polynomial of table, tailTable or tailGradTable, at a.
func tail(a float32, table *[7][16]float32) float32 {
	t := fma(a, tailScale, tailRound)
	k := math.Float32bits(t) & 15
	u := fma(a, tailScale, -(t - tailRound))
	y := table[6][k]
	for i := 5; i >= 0; i-- {
		y = fma(y, u, table[i][k])
	}
	return y
}

func geluGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		if a := max(v, -v); a <= tailEnd {
			r := v // a NaN stays, and so does -0
			if v < 0 {
				r = 0
			}
			dst[i] = fma(-a, tail(a, &tailTable), r)
		} else {
			dst[i] = v * normCDF1(v)
		}
	}
}

func geluGradGo(dx, dy, x []float32) {
	const density = 0.3989422804014327 // φ(0)
	for i, v := range x[:len(dx)] {
		var d float32
		if a := max(v, -v); a <= tailEnd {
			d = tail(a, &tailGradTable)
			if v >= 0 {
				d = 1 - d
			}
		} else {
			d = fma(float32(gauss1(v)*density), v, normCDF1(v))
		}
		dx[i] = dy[i] * d
	}
}
