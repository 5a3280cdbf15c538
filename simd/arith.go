package simd

import "math"

// Add sets dst to x + y:
//
//	for i := range dst {
//		dst[i] = x[i] + y[i]
//	}
//
// len(x), len(y) >= len(dst). dst may be x or y, not overlap them otherwise. So for all of this file.
func Add(dst, x, y []float32) { active.add(dst, x[:len(dst)], y[:len(dst)]) }

// Sub sets dst to x - y.
func Sub(dst, x, y []float32) { active.sub(dst, x[:len(dst)], y[:len(dst)]) }

// Mul sets dst to x · y, element by element.
func Mul(dst, x, y []float32) { active.mul(dst, x[:len(dst)], y[:len(dst)]) }

// Div sets dst to x / y, element by element.
func Div(dst, x, y []float32) { active.div(dst, x[:len(dst)], y[:len(dst)]) }

// Scale sets dst to a · x.
func Scale(dst []float32, a float32, x []float32) { active.scale(dst, a, x[:len(dst)]) }

// Axpy adds a·x to y, fused:
//
//	for i := range y {
//		y[i] = fma(a, x[i], y[i])
//	}
//
// len(x) >= len(y). x and y may be the same slice, not overlapping ones. NaN and Inf follow the loop.
func Axpy(y []float32, a float32, x []float32) { active.axpy(y, a, x[:len(y)]) }

// MulAdd adds x·y to dst, element by element, fused.
func MulAdd(dst, x, y []float32) { active.mulAdd(dst, x[:len(dst)], y[:len(dst)]) }

// ReLU sets dst to max(x, 0): a negative becomes +0, NaN and -0 stay.
func ReLU(dst, x []float32) { active.relu(dst, x[:len(dst)]) }

// ReLUGrad adds dy to dx wherever y, the output of ReLU, is positive or NaN:
//
//	for i := range dx {
//		if y[i] <= 0 {
//			dx[i] += 0
//		} else {
//			dx[i] += dy[i]
//		}
//	}
func ReLUGrad(dx, dy, y []float32) { active.reluGrad(dx, dy[:len(dx)], y[:len(dx)]) }

// ReLUGradSet is ReLUGrad, setting dx.
func ReLUGradSet(dx, dy, y []float32) { active.reluGradSet(dx, dy[:len(dx)], y[:len(dx)]) }

// TakeEqual moves the gradient of a maximum y to the first of its equals, of a NaN to the first NaN:
//
//	for i := range dx {
//		if x[i] == y[i] || x[i] is NaN {
//			dx[i], g[i] = dx[i]+g[i], 0
//		} else {
//			dx[i] += 0
//		}
//	}
func TakeEqual(dx, g, x, y []float32) { active.takeEqual(dx, g[:len(dx)], x[:len(dx)], y[:len(dx)]) }

// Maximum sets dst to the larger of x and y, NaN where one of them is; of two zeros either may come out.
func Maximum(dst, x, y []float32) { active.maximum(dst, x[:len(dst)], y[:len(dst)]) }

func addGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

func subGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

func mulGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func divGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = x[i] / y[i]
	}
}

func scaleGo(dst []float32, a float32, x []float32) {
	for i := range dst {
		dst[i] = a * x[i]
	}
}

func axpyGo(y []float32, a float32, x []float32) {
	for i := range y {
		y[i] = fma(a, x[i], y[i])
	}
}

func mulAddGo(dst, x, y []float32) {
	for i := range dst {
		dst[i] = fma(x[i], y[i], dst[i])
	}
}

func reluGo(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

func reluGradGo(dx, dy, y []float32) {
	for i := range dx {
		dx[i] += where(y[i], dy[i])
	}
}

func reluGradSetGo(dx, dy, y []float32) {
	for i := range dx {
		dx[i] = where(y[i], dy[i])
	}
}

func takeEqualGo(dx, g, x, y []float32) {
	for i := range dx {
		v := float32(0)
		if x[i] == y[i] || x[i] != x[i] {
			v, g[i] = g[i], 0
		}
		dx[i] += v
	}
}

func maximumGo(dst, x, y []float32) {
	for i := range dst {
		if v := y[i]; x[i] > v || x[i] != x[i] {
			dst[i] = x[i]
		} else {
			dst[i] = v
		}
	}
}

// fma returns a·b + c with one rounding. The product is exact in float64; the sum is rounded to odd there, so
// that the second rounding, to float32, cannot round a value that the first one already moved (Boldo and
// Melquiond, "Emulation of FMA and correctly rounded sums", 2008, theorem 1).
func fma(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	d := float64(c)
	s := p + d
	t := s - p
	e := (p - (s - t)) + (d - t)
	if e != 0 && !math.IsInf(s, 0) && s == s {
		if u := math.Float64bits(s); u&1 == 0 {
			if (e > 0) == (s > 0) {
				u++
			} else {
				u--
			}
			s = math.Float64frombits(u)
		}
	}
	return float32(s)
}
