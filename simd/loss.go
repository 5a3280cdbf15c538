package simd

import "math"

// Clamp describes a loss of one difference e = x - t: a·(|e| - Half·a), where a is |e| clamped to [Lo, Hi]. With the sign of
// e, and 0 at 0, a is the derivative by x up to a factor:
//
//	|e|                             Lo 1, Hi 1, Half 0                factor 1
//	e²                              Lo 0, Hi MaxFloat32, Half 0       factor 2
//	e²/2, from Hi on linear         Lo 0, Hi > 0, Half 1/2            factor 1
type Clamp struct{ Lo, Hi, Half float32 }

// ClampedSum returns Σ w[i]·a·(|e| - Half·a), the subtraction and the sum fused, summed as in Sum.
func ClampedSum(x, t, w []float32, c Clamp) float32 {
	return active.clampedSum(x, t[:len(x)], w[:len(x)], c.Lo, c.Hi, c.Half)
}

// ClampedGrad sets dx[i] to (s·w[i])·a with the sign of e, and to 0 where e is 0. dx may be x, t or w.
func ClampedGrad(dx, x, t, w []float32, s float32, c Clamp) {
	n := len(dx)
	active.clampedGrad(dx, x[:n], t[:n], w[:n], s, c.Lo, c.Hi)
}

// Logistic sets dst to the binary cross-entropy of the logit x against t in [0, 1],
//
//	-t·log σ(x) - (1-t)·log(1 - σ(x)) = max(x, 0) - x·t + log(1 + exp(-|x|))
//
// Error below 3 ulp where t is 0 or 1, also where the loss is tiny. dst may be x or t.
func Logistic(dst, x, t []float32) { active.logistic(dst, x[:len(dst)], t[:len(dst)]) }

func clampedSumGo(x, t, w []float32, lo, hi, h float32) float32 {
	var acc [lanes]float32
	for i, v := range x {
		e, a := clamped(v-t[i], lo, hi)
		acc[i%lanes] = fma(float32(fma(-h, a, e)*a), w[i], acc[i%lanes])
	}
	return fold(&acc)
}

func clampedGradGo(dx, x, t, w []float32, s, lo, hi float32) {
	for i := range dx {
		d := x[i] - t[i]
		_, a := clamped(d, lo, hi)
		a = float32(math.Copysign(float64(a), float64(d)))
		if d == 0 {
			a = 0
		}
		dx[i] = float32(w[i]*s) * a
	}
}

// clamped returns e = |d| and e clamped; a NaN stays one.
func clamped(d, lo, hi float32) (e, a float32) {
	e = float32(math.Abs(float64(d)))
	a = e
	if a > hi {
		a = hi
	}
	if a < lo {
		a = lo
	}
	return e, a
}

func logisticGo(dst, x, t []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = fma(-v, t[i], max(v, 0)) + log1p1(exp1(-float32(math.Abs(float64(v)))))
	}
}

// log1p1 is log(1 + u) for u in [0, 1]: twice the artanh of u/(2 + u), whose series beyond the first term is fitted in the
// square with a relative error of the result below 6e-9.
func log1p1(u float32) float32 {
	s := u / (2 + u)
	q := float32(s * s)
	p := float32(0.27923447)
	for _, c := range [...]float32{0.28021932, 0.40020105, 0.6666645} {
		p = fma(p, q, c)
	}
	return fma(p, float32(q*s), s+s)
}
