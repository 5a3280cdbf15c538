package tensor

import (
	"math"
	"testing"
)

// pointwise64 is a function of one element, tensor's and in float64, and its derivative where it is known from x.
type pointwise64 struct {
	set   func(y, x *Tensor)
	f, df func(x float64) float64
	grad  func(dx, dy, x, y *Tensor)
	above float64 // where it is defined
}

var pointwises = map[string]pointwise64{
	"ReLU": {ReLU, func(x float64) float64 { return max(x, 0) }, func(x float64) float64 { return heaviside(x) },
		func(dx, dy, _, y *Tensor) { ReLUGrad(dx, dy, y, true) }, -4},
	"LeakyReLU": {func(y, x *Tensor) { LeakyReLU(y, x, 0.3) }, func(x float64) float64 { return max(x, 0.3*x) }, func(x float64) float64 { return 0.3 + 0.7*heaviside(x) },
		func(dx, dy, x, _ *Tensor) { AddLeakyReLUGrad(dx, dy, x, 0.3) }, -4},
	"ELU": {func(y, x *Tensor) { ELU(y, x, 0.6) }, func(x float64) float64 { return max(x, 0) + 0.6*math.Expm1(min(x, 0)) },
		func(x float64) float64 { return heaviside(x) + (1-heaviside(x))*0.6*math.Exp(x) }, func(dx, dy, x, _ *Tensor) { AddELUGrad(dx, dy, x, 0.6) }, -4},
	"GELU": {GELU, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
		func(x float64) float64 { return math.Erfc(-x/math.Sqrt2)/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) }, func(dx, dy, x, _ *Tensor) { GELUGrad(dx, dy, x, true) }, -4},
	"Tanh": {Tanh, math.Tanh, func(x float64) float64 { return 1 / math.Cosh(x) / math.Cosh(x) }, func(dx, dy, _, y *Tensor) { AddTanhGrad(dx, dy, y) }, -4},
	"Sigmoid": {Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, func(x float64) float64 { return 0.25 / math.Cosh(x/2) / math.Cosh(x/2) },
		func(dx, dy, _, y *Tensor) { AddSigmoidGrad(dx, dy, y) }, -4},
	"Exp":  {Exp, math.Exp, math.Exp, func(dx, dy, _, y *Tensor) { AddMul(dx, dy, y) }, -4},
	"Log":  {Log, math.Log, func(x float64) float64 { return 1 / x }, func(dx, dy, x, _ *Tensor) { AddDivScaled(dx, dy, x, 1) }, 0.1},
	"Sqrt": {Sqrt, math.Sqrt, func(x float64) float64 { return 0.5 / math.Sqrt(x) }, func(dx, dy, _, y *Tensor) { AddDivScaled(dx, dy, y, 0.5) }, 0.1},
	"Abs":  {Abs, math.Abs, func(x float64) float64 { return 2*heaviside(x) - 1 }, func(dx, dy, x, _ *Tensor) { AddAbsGrad(dx, dy, x) }, -4},
}

func heaviside(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// TestPointwise compares the functions of one element and their gradients, which add, with float64, over more than a chunk.
func TestPointwise(t *testing.T) {
	for name, c := range pointwises {
		for _, n := range []int{1, 50, chunk + 7} {
			r := NewRNG(18)
			x, dy := r.FillUniform(New(n), float32(c.above), 4), r.FillNormal(New(n), 0, 1)
			y, dx := New(n).Fill(float32(math.NaN())), New(n).Fill(2)
			c.set(y, x)
			c.grad(dx, dy, x, y)
			for i, v := range x.Data {
				want, slope := c.f(float64(v)), c.df(float64(v))*float64(dy.Data[i])
				closeTo(t, name, y.Data[i], want, 2e-6*(0.1+math.Abs(want)))
				closeTo(t, name, dx.Data[i], 2+slope, 4e-6*(1+math.Abs(slope)))
			}
			complains(t, name, func() { c.set(New(n+1), x) })
			for i := range 3 {
				of := []*Tensor{dx, dy, x, y}
				of[i] = New(n + 1)
				if i == 2 {
					of[3] = of[2]
				}
				complains(t, name, func() { c.grad(of[0], of[1], of[2], of[3]) })
			}
		}
	}
}

// TestAtZero: the bends are on the side that the documentation names; what is not a number stays none.
func TestAtZero(t *testing.T) {
	nan := float32(math.NaN())
	x, one := From([]float32{0, nan}, 2), New(2).Fill(1)
	for name, want := range map[string]float32{"ReLU": 0, "LeakyReLU": 0.3, "ELU": 0.6, "Abs": 0} {
		c, y, dx := pointwises[name], New(2), New(2)
		c.set(y, x)
		c.grad(dx, one, x, y)
		if y.Data[0] != 0 || dx.Data[0] != want || y.Data[1] == y.Data[1] {
			t.Errorf("%s of %v is %v, its gradient %v, want %g at 0", name, x, y, dx, want)
		}
	}
	dx := New(2).Fill(3)
	ReLUGrad(dx, one, From([]float32{1, 0}, 2), false)
	if dx.Data[0] != 1 || dx.Data[1] != 0 {
		t.Errorf("setting, ReLU's gradient is %v", dx)
	}
}

// TestSoftmax compares rows with the definition in float64, large values too, and the gradient, which adds, with y·(dy - Σ dy·y).
func TestSoftmax(t *testing.T) {
	for _, s := range [][]int{{4}, {3, 5}, {2, 3, 7}, {1200, 9}} {
		r, c := NewRNG(19), s[len(s)-1]
		x, dy := r.FillNormal(New(s...), 300, 3), r.FillNormal(New(s...), 0, 1)
		y, dx, stats := New(s...), New(s...).Fill(2), make([]float32, 2*x.Len()/c)
		Softmax(y, x)
		AddSoftmaxGrad(dx, dy, y)
		SoftmaxStats(stats, x)
		for i := range len(stats) / 2 {
			sum, along := 0.0, 0.0
			for _, v := range x.Data[i*c:][:c] {
				sum += math.Exp(float64(v) - 300)
			}
			closeTo(t, "log Σ exp", stats[2*i]+float32(math.Log(float64(stats[2*i+1]))), 300+math.Log(sum), 1e-4)
			p := make([]float64, c)
			for j := range p {
				p[j] = math.Exp(float64(x.Data[i*c+j])-300) / sum
				closeTo(t, "softmax", y.Data[i*c+j], p[j], 1e-6)
				along += p[j] * float64(dy.Data[i*c+j])
			}
			for j := range p {
				closeTo(t, "gradient", dx.Data[i*c+j], 2+p[j]*(float64(dy.Data[i*c+j])-along), 1e-6)
			}
		}
	}
	complains(t, "softmax", func() { Softmax(New(2, 3), New(3, 2)) })
	complains(t, "gradient", func() { AddSoftmaxGrad(New(2, 3), New(2, 3), New(3, 2)) })
}

// TestDropoutMask: what stays is divided by its share, as many as asked for, blocks drawn by streams of their own; the same mask
// for the same stream.
func TestDropoutMask(t *testing.T) {
	const n = 1<<12 + 1000
	for _, p := range []float32{0, 0.25, 0.75} {
		a, b := New(n).Fill(9), New(n)
		DropoutMask(a, p, NewRNG(20))
		DropoutMask(b, p, NewRNG(20))
		same(t, "mask", a, b)
		gone := 0
		for i, v := range a.Data {
			if v == 0 {
				gone++
			} else if v != 1/(1-p) {
				t.Fatalf("element %d is %g, want 0 or %g", i, v, 1/(1-p))
			}
		}
		if share := float64(gone) / n; !(math.Abs(share-float64(p)) <= 0.03) || p == 0 && gone > 0 {
			t.Errorf("%g of the elements are gone, want %g", share, p)
		}
		if second := NewRNG(20).Derive(1); p > 0 {
			for i, v := range a.Data[1<<12:] {
				if kept := second.Float32() >= p; kept != (v > 0) {
					t.Fatalf("element %d of the second block is %g", i, v)
				}
			}
		}
	}
	complains(t, "all gone", func() { DropoutMask(New(1), 1, NewRNG(1)) })
	complains(t, "negative", func() { DropoutMask(New(1), -0.1, NewRNG(1)) })
}

// TestArith: sums, products and copies of elements over more than a chunk, and their complaints.
func TestArith(t *testing.T) {
	const n = chunk + 3
	r := NewRNG(21)
	a, b, was := r.FillNormal(New(n), 0, 1), r.FillUniform(New(n), 1, 2), r.FillNormal(New(n), 0, 1)
	for name, c := range map[string]struct {
		f    func(y, a, b *Tensor)
		want func(y, a, b float64) float64
		any  bool // takes shapes that differ
	}{
		"Add": {f: Add, want: func(_, a, b float64) float64 { return a + b }}, "Sub": {f: Sub, want: func(_, a, b float64) float64 { return a - b }},
		"Mul": {f: Mul, want: func(_, a, b float64) float64 { return a * b }}, "Div": {f: Div, want: func(_, a, b float64) float64 { return a / b }},
		"AddMul":    {f: AddMul, want: func(y, a, b float64) float64 { return y + a*b }},
		"Scale":     {f: func(y, a, _ *Tensor) { Scale(y, 3, a) }, want: func(_, a, _ float64) float64 { return 3 * a }},
		"AddScaled": {f: func(y, a, _ *Tensor) { AddScaled(y, 3, a) }, want: func(y, a, _ float64) float64 { return y + 3*a }, any: true},
		"AddScalar": {f: func(y, _, _ *Tensor) { AddScalar(y, 3) }, want: func(y, _, _ float64) float64 { return y + 3 }},
		"Copy":      {f: func(y, a, _ *Tensor) { Copy(y, a) }, want: func(_, a, _ float64) float64 { return a }, any: true},
		"Zero":      {f: func(y, _, _ *Tensor) { Zero(y) }, want: func(_, _, _ float64) float64 { return 0 }},
	} {
		y := was.Clone()
		c.f(y, a, b)
		for i, v := range y.Data {
			closeTo(t, name, v, c.want(float64(was.Data[i]), float64(a.Data[i]), float64(b.Data[i])), 2e-6)
		}
		if name == "AddScalar" || name == "Zero" {
			continue
		}
		complains(t, name, func() { c.f(New(n+1), a, b) })
		if !c.any {
			complains(t, name, func() { c.f(New(n, 1), a, b) })
		}
	}
	sum, squares := 0.0, 0.0
	for _, v := range b.Data {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if !(math.Abs(Sum(b)-sum) <= 1e-6*sum) || !(math.Abs(SumSquares(b)-squares) <= 1e-6*squares) {
		t.Errorf("sums %g and %g, want %g and %g", Sum(b), SumSquares(b), sum, squares)
	}
	complains(t, "CountRight", func() { CountRight(New(2, 3), []int32{1}) })
}
