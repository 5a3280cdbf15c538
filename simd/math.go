package simd

import "math"

// The polynomials are those of S. Moshier's Cephes library (single precision: expf.c, logf.c, tanhf.c), evaluated
// with fused multiply-adds. Largest errors, measured against float64 over all float32 of the tested ranges, stand
// in TestMathError.

// Exp sets dst to exp(x): overflow gives +Inf, underflow goes through the denormals to 0. Error below 1 ulp
// (2 where the result is denormal). dst may be x, so for all of this file.
func Exp(dst, x []float32) { active.exp(dst, 0, x[:len(dst)]) }

// ExpSub sets dst to exp(x - a), the middle step of a softmax.
func ExpSub(dst []float32, a float32, x []float32) { active.exp(dst, a, x[:len(dst)]) }

// Log sets dst to the natural logarithm: -Inf for 0, NaN below. Error below 1 ulp.
func Log(dst, x []float32) { active.log(dst, x[:len(dst)]) }

// Sigmoid sets dst to 1/(1 + exp(-x)), computed from exp(-|x|), so that large negatives keep their digits. Error below
// 3 ulp.
func Sigmoid(dst, x []float32) { active.sigmoid(dst, x[:len(dst)]) }

// Tanh sets dst to the hyperbolic tangent. Error below 2 ulp.
func Tanh(dst, x []float32) { active.tanh(dst, x[:len(dst)]) }

// Gauss sets dst to exp(-x²/2). Error below 2 ulp (where the result is denormal too).
func Gauss(dst, x []float32) { active.gauss(dst, x[:len(dst)]) }

// NormCDF sets dst to the normal distribution function Φ(x). Error below 6 ulp, also in the lower tail.
func NormCDF(dst, x []float32) { active.normCDF(dst, x[:len(dst)]) }

// Softmax sets dst to exp(x - max x) / Σ exp(x - max x), one row. A NaN or +Inf anywhere makes the row NaN.
func Softmax(dst, x []float32) {
	x = x[:len(dst)]
	active.exp(dst, active.max(x), x)
	active.scale(dst, 1/active.sum(dst), dst)
}

func expGo(dst []float32, a float32, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = exp1(v - a)
	}
}

func logGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = log1(v)
	}
}

func sigmoidGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		e, n := exp1(-float32(math.Abs(float64(v)))), float32(1)
		if v < 0 {
			n = e
		}
		dst[i] = n / (1 + e)
	}
}

func tanhGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = tanh1(v)
	}
}

const (
	ln2hi = float32(0.693359375) // ln 2 in two parts, so that n·ln2hi is exact
	ln2lo = float32(-2.12194440e-4)
)

// exp1 is one element of Exp.
func exp1(x float32) float32 {
	if x != x {
		return x
	}
	x = min(max(x, -104), 89)
	n := int32(math.RoundToEven(float64(x * 1.44269504088896341)))
	r := fma(-float32(n), ln2hi, x)
	r = fma(-float32(n), ln2lo, r)
	p := float32(1.9875691500e-4)
	for _, c := range [...]float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		p = fma(p, r, c)
	}
	y := fma(p, r*r, r) + 1
	h := n >> 1 // 2^n in two factors: both are normal, and a denormal result rounds once
	y *= math.Float32frombits(uint32(h+127) << 23)
	return y * math.Float32frombits(uint32(n-h+127)<<23)
}

// log1 is one element of Log.
func log1(x float32) float32 {
	switch {
	case x != x || x > math.MaxFloat32:
		return x
	case x < 0:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	}
	m, e := x, float32(0)
	if x < 0x1p-126 {
		m, e = x*0x1p23, -23
	}
	b := math.Float32bits(m)
	e += float32(int32(b>>23) - 126)
	m = math.Float32frombits(b&0x007fffff | 0x3f000000)
	if m < 0.707106781186547524 {
		e--
		m = (m - 1) + m
	} else {
		m--
	}
	z := m * m
	y := float32(7.0376836292e-2)
	for _, c := range [...]float32{-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
		2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1} {
		y = fma(y, m, c)
	}
	y = y * m * z
	y = fma(e, ln2lo, y)
	y = fma(-z, 0.5, y)
	return fma(e, ln2hi, m+y)
}

// tanh1 is one element of Tanh.
func tanh1(x float32) float32 {
	a := float32(math.Abs(float64(x)))
	if a < 0.625 {
		z := x * x
		p := float32(-5.70498872745e-3)
		for _, c := range [...]float32{2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1} {
			p = fma(p, z, c)
		}
		return fma(z*p, x, x)
	}
	y := 1 - 2/(exp1(a+a)+1)
	return float32(math.Copysign(float64(y), float64(x)))
}

func gaussGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = gauss1(v)
	}
}

func normCDFGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = normCDF1(v)
	}
}

// gauss1 is one element of Gauss: exp1 of -x²/2, with the rounding of the square undone, as exp(v - e) = exp(v)·(1 - e).
func gauss1(x float32) float32 {
	if x != x {
		return x
	}
	x = min(max(-x, x), 15) // where the result is 0
	u := x * x
	e := fma(x, x, -u) * 0.5
	v := -float32(u * 0.5)
	n := int32(math.RoundToEven(float64(v * 1.44269504088896341)))
	r := fma(-float32(n), ln2hi, v)
	r = fma(-float32(n), ln2lo, r)
	p := float32(1.9875691500e-4)
	for _, c := range [...]float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		p = fma(p, r, c)
	}
	y := fma(p, r*r, r) + 1
	y = fma(-y, e, y)
	h := n >> 1
	y *= math.Float32frombits(uint32(h+127) << 23)
	return y * math.Float32frombits(uint32(n-h+127)<<23)
}

// normCDF1 is one element of NormCDF: the tail beyond |x| is exp(-x²/2) times a polynomial of t = 1/(1 + 0.3·|x|), fitted to
// exp(x²/2)·erfc(x/√2)/2 with a relative error below 6e-8 up to |x| = 14.6, where the tail underflows.
func normCDF1(x float32) float32 {
	if x != x {
		return x
	}
	t := 1 / fma(max(-x, x), 0.3, 1)
	p := float32(0.03841184)
	for _, c := range [...]float32{-0.16932902, 0.22899613, -0.07689024, 0.14280008, 0.094571114, 0.121949024, 0.11948369, 7.402816e-06} {
		p = fma(p, t, c)
	}
	tail := float32(gauss1(x) * p)
	if x < 0 {
		return tail
	}
	return 1 - tail
}
