package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

func unary(op string, y, x *Tensor, f func(dst, x []float32)) {
	if len(y.Data) != len(x.Data) {
		fail(op, "shapes %v and %v differ in size", y.Shape, x.Shape)
	}
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { f(y.Data[lo:hi], x.Data[lo:hi]) })
}

// grad adds to dx, element by element, f of dy and one saved operand.
func grad(op string, dx, dy, saved *Tensor, f func(dy, saved float32) float32) {
	if len(dx.Data) != len(dy.Data) || len(dx.Data) != len(saved.Data) {
		fail(op, "shapes %v, %v and %v differ in size", dx.Shape, dy.Shape, saved.Shape)
	}
	parallel.Chunks(len(dx.Data), chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dx.Data[i] += f(dy.Data[i], saved.Data[i])
		}
	})
}

// ReLU sets y to max(x, 0); NaN stays.
func ReLU(y, x *Tensor) { unary("ReLU", y, x, simd.ReLU) }

// ReLUGrad sets dx to dy where the output y is positive or NaN and to 0 elsewhere, or adds that.
func ReLUGrad(dx, dy, y *Tensor, add bool) {
	sameShapes("ReLUGrad", dx, dy, y)
	f := simd.ReLUGradSet
	if add {
		f = simd.ReLUGrad
	}
	parallel.Chunks(len(dx.Data), chunk, func(lo, hi int) { f(dx.Data[lo:hi], dy.Data[lo:hi], y.Data[lo:hi]) })
}

// LeakyReLU sets y to x where x > 0 and slope·x elsewhere.
func LeakyReLU(y, x *Tensor, slope float32) {
	unary("LeakyReLU", y, x, func(y, x []float32) {
		for i, v := range x {
			if v <= 0 {
				v *= slope
			}
			y[i] = v
		}
	})
}

// AddLeakyReLUGrad adds dy to dx where the input x is positive, slope·dy elsewhere.
func AddLeakyReLUGrad(dx, dy, x *Tensor, slope float32) {
	grad("LeakyReLU", dx, dy, x, func(dy, x float32) float32 {
		if x > 0 {
			return dy
		}
		return slope * dy
	})
}

// ELU sets y to x where x > 0 and alpha·(exp(x) - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2016). exp(x) - 1 is
// 2t/(1 - t) with t = tanh(x/2), which keeps the digits of small x.
func ELU(y, x *Tensor, alpha float32) {
	unary("ELU", y, x, func(y, x []float32) {
		b := borrow(2 * len(x))
		defer giveBack(b)
		t, one := b[:len(x)], b[len(x):]
		for i, v := range x {
			t[i], one[i] = 0.5*min(v, 0), 1
		}
		simd.Tanh(t, t)
		simd.Sub(one, one, t)
		simd.Scale(t, 2*alpha, t)
		simd.Div(t, t, one)
		for i, v := range x {
			if v > 0 {
				t[i] = v
			}
		}
		copy(y, t)
	})
}

// AddELUGrad adds to dx the gradient from the input x: dy where x > 0, dy·alpha·exp(x) elsewhere. The output does not do: with a negative
// alpha its sign says nothing, and far below zero y + alpha has lost the digits.
func AddELUGrad(dx, dy, x *Tensor, alpha float32) {
	sameShapes("ELU", dx, dy, x)
	parallel.Chunks(len(dx.Data), chunk, func(lo, hi int) {
		slope := borrow(hi - lo)
		defer giveBack(slope)
		for i, v := range x.Data[lo:hi] {
			slope[i] = min(v, 0)
		}
		simd.Exp(slope, slope)
		simd.Scale(slope, alpha, slope)
		for i, v := range x.Data[lo:hi] {
			if v > 0 {
				slope[i] = 1
			}
		}
		simd.MulAdd(dx.Data[lo:hi], slope, dy.Data[lo:hi])
	})
}

// GELU sets y to x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016, the exact form).
func GELU(y, x *Tensor) { unary("GELU", y, x, simd.GELU) }

// GELUGrad sets dx to dy·(Φ(x) + x·φ(x)), or with add adds it. dx may be dy.
func GELUGrad(dx, dy, x *Tensor, add bool) {
	if len(dx.Data) != len(dy.Data) || len(dx.Data) != len(x.Data) {
		fail("GELU", "shapes %v, %v and %v differ in size", dx.Shape, dy.Shape, x.Shape)
	}
	parallel.Chunks(len(dx.Data), chunk, func(lo, hi int) {
		if !add {
			simd.GELUGrad(dx.Data[lo:hi], dy.Data[lo:hi], x.Data[lo:hi])
			return
		}
		b := borrow(hi - lo)
		defer giveBack(b)
		simd.GELUGrad(b, dy.Data[lo:hi], x.Data[lo:hi])
		simd.Add(dx.Data[lo:hi], dx.Data[lo:hi], b)
	})
}

// Tanh sets y to the hyperbolic tangent.
func Tanh(y, x *Tensor) { unary("Tanh", y, x, simd.Tanh) }

// AddTanhGrad adds dy·(1 - y²) to dx.
func AddTanhGrad(dx, dy, y *Tensor) {
	grad("Tanh", dx, dy, y, func(dy, y float32) float32 { return dy * (1 - float32(y*y)) })
}

// Sigmoid sets y to 1/(1 + exp(-x)).
func Sigmoid(y, x *Tensor) { unary("Sigmoid", y, x, simd.Sigmoid) }

// AddSigmoidGrad adds dy·y·(1 - y) to dx.
func AddSigmoidGrad(dx, dy, y *Tensor) {
	grad("Sigmoid", dx, dy, y, func(dy, y float32) float32 { return dy * y * (1 - y) })
}

// Exp sets y to exp(x).
func Exp(y, x *Tensor) { unary("Exp", y, x, simd.Exp) }

// Log sets y to the natural logarithm.
func Log(y, x *Tensor) { unary("Log", y, x, simd.Log) }

// Sqrt sets y to the square root.
func Sqrt(y, x *Tensor) {
	unary("Sqrt", y, x, func(y, x []float32) {
		for i, v := range x {
			y[i] = float32(math.Sqrt(float64(v)))
		}
	})
}

// AddDivScaled adds s·dy/v to dx: the gradients of Log (v = x, s = 1) and Sqrt (v = y, s = 1/2).
func AddDivScaled(dx, dy, v *Tensor, s float32) {
	grad("DivScaled", dx, dy, v, func(dy, v float32) float32 { return s * dy / v })
}

// Abs sets y to |x|.
func Abs(y, x *Tensor) {
	unary("Abs", y, x, func(y, x []float32) {
		for i, v := range x {
			y[i] = float32(math.Abs(float64(v)))
		}
	})
}

// AddAbsGrad adds dy·sign(x) to dx, sign(x) of 0 and NaN being 0.
func AddAbsGrad(dx, dy, x *Tensor) {
	grad("Abs", dx, dy, x, func(dy, x float32) float32 {
		switch {
		case x > 0:
			return dy
		case x < 0:
			return -dy
		}
		return 0 * dy
	})
}

// Softmax sets y to the softmax of every row of x, [... C].
func Softmax(y, x *Tensor) {
	sameShapes("Softmax", y, x)
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)/4), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			simd.Softmax(y.Data[r*c:(r+1)*c], x.Data[r*c:])
		}
	})
}

// AddSoftmaxGrad adds y·(dy - Σ dy·y) to dx, row by row.
func AddSoftmaxGrad(dx, dy, y *Tensor) {
	sameShapes("Softmax", dx, dy, y)
	rows, c := rows2(dx)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)/4), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			d, g, p := dx.Data[r*c:(r+1)*c], dy.Data[r*c:(r+1)*c], y.Data[r*c:(r+1)*c]
			s := simd.Dot(g, p)
			for i := range d {
				d[i] += p[i] * (g[i] - s)
			}
		}
	})
}

// SoftmaxStats sets stats, two values a row of x [... C], to the row's largest m and Σ exp(x - m): its softmax is exp(x - m)/Σ, and
// log Σ exp(x) is m + log Σ, which rounded to one float32 has lost what a sure row leaves of a loss.
func SoftmaxStats(stats []float32, x *Tensor) {
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)/4), func(lo, hi int) {
		e := borrow(c)
		for r := lo; r < hi; r++ {
			row := x.Data[r*c : (r+1)*c]
			m := simd.Max(row)
			simd.ExpSub(e, m, row)
			stats[2*r], stats[2*r+1] = m, simd.Sum(e)
		}
		giveBack(e)
	})
}

// DropoutMask fills mask with 0, with probability p, and 1/(1-p): element i is a function of the stream's key and i's
// block alone.
func DropoutMask(mask *Tensor, p float32, rng *RNG) {
	if p < 0 || p >= 1 {
		fail("Dropout", "probability %g, want 0 <= p < 1", p)
	}
	keep := 1 / (1 - p)
	const block = 1 << 12
	parallel.Chunks(len(mask.Data), block, func(lo, hi int) {
		r := rng.Derive(uint64(lo / block))
		for i := lo; i < hi; i++ {
			mask.Data[i] = 0
			if r.Float32() >= p {
				mask.Data[i] = keep
			}
		}
	})
}

// AddScalar adds v to every element.
func AddScalar(x *Tensor, v float32) {
	parallel.Chunks(len(x.Data), chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			x.Data[i] += v
		}
	})
}

// ArgMax returns for each row of x [... C] the column of its largest value, the first of equal ones; a NaN is never the largest.
func ArgMax(x *Tensor) []int {
	rows, c := rows2(x)
	out := make([]int, rows)
	for r := range out {
		row := x.Data[r*c : (r+1)*c]
		for j, v := range row {
			if v > row[out[r]] {
				out[r] = j
			}
		}
	}
	return out
}

// CountRight returns for how many rows of x [N C] the largest entry, the first of equals, is at the row's label.
func CountRight(x *Tensor, labels []int32) int {
	if rows, _ := rows2(x); rows != len(labels) {
		fail("CountRight", "%d labels for %v", len(labels), x.Shape)
	}
	n := 0
	for i, best := range ArgMax(x) {
		if best == int(labels[i]) {
			n++
		}
	}
	return n
}
