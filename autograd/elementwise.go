package autograd

import (
	"fmt"

	"github.com/tessera-go/tessera/tensor"
)

// broadcast makes two operands the same shape under NumPy's rule.
func broadcast(name string, a, b *Var) (*Var, *Var) {
	if tensor.SameShape(a.Shape(), b.Shape()) {
		return a, b
	}
	shape := shaped(name, []*Var{a, b}, func() []int { return tensor.BroadcastShape(a.Shape(), b.Shape()) })
	return Broadcast(a, shape...), Broadcast(b, shape...)
}

// Broadcast repeats x to shape.
func Broadcast(x *Var, shape ...int) *Var {
	if tensor.SameShape(x.Shape(), shape) {
		return x
	}
	y := result(shape, x)
	tensor.Broadcast(y.Value, x.Value)
	return y.rule("Broadcast", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddUnbroadcast(dx, dy)
		}
	}, x)
}

// Add returns a + b, broadcast.
func Add(a, b *Var) *Var {
	a, b = broadcast("Add", a, b)
	y := result(a.Shape(), a, b)
	tensor.Add(y.Value, a.Value, b.Value)
	return y.rule("Add", func(dy *tensor.Tensor, g Grads) {
		for _, v := range []*Var{a, b} {
			if d := g.Of(v); d != nil {
				tensor.AddScaled(d, 1, dy)
			}
		}
	}, a, b)
}

// Sub returns a - b, broadcast.
func Sub(a, b *Var) *Var {
	a, b = broadcast("Sub", a, b)
	y := result(a.Shape(), a, b)
	tensor.Sub(y.Value, a.Value, b.Value)
	return y.rule("Sub", func(dy *tensor.Tensor, g Grads) {
		if d := g.Of(a); d != nil {
			tensor.AddScaled(d, 1, dy)
		}
		if d := g.Of(b); d != nil {
			tensor.AddScaled(d, -1, dy)
		}
	}, a, b)
}

// Mul returns a·b element by element, broadcast.
func Mul(a, b *Var) *Var {
	a, b = broadcast("Mul", a, b)
	y := result(a.Shape(), a, b)
	tensor.Mul(y.Value, a.Value, b.Value)
	return y.rule("Mul", func(dy *tensor.Tensor, g Grads) {
		if d := g.Of(a); d != nil {
			tensor.AddMul(d, dy, b.Value)
		}
		if d := g.Of(b); d != nil {
			tensor.AddMul(d, dy, a.Value)
		}
	}, a, b)
}

// Div returns a/b element by element, broadcast. db = -dy·y/b.
func Div(a, b *Var) *Var {
	a, b = broadcast("Div", a, b)
	y := result(a.Shape(), a, b)
	tensor.Div(y.Value, a.Value, b.Value)
	return y.rule("Div", func(dy *tensor.Tensor, g Grads) {
		if d := g.Of(a); d != nil {
			tensor.AddDivScaled(d, dy, b.Value, 1)
		}
		if d := g.Of(b); d != nil {
			q := g.t.New(dy.Shape...)
			tensor.Mul(q, dy, y.Value)
			tensor.AddDivScaled(d, q, b.Value, -1)
		}
	}, a, b)
}

// Scale returns s·x.
func Scale(x *Var, s float32) *Var {
	y := result(x.Shape(), x)
	tensor.Scale(y.Value, s, x.Value)
	return y.rule("Scale", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddScaled(dx, s, dy)
		}
	}, x)
}

// AddScalar returns x + s.
func AddScalar(x *Var, s float32) *Var {
	return Add(x, Const(tensor.New(1).Fill(s)))
}

// unary makes an op of one operand whose gradient needs one saved tensor: the input, or the output.
func unary(name string, x *Var, forward func(y, x *tensor.Tensor), backward func(dx, dy, x, y *tensor.Tensor)) *Var {
	y := result(x.Shape(), x)
	forward(y.Value, x.Value)
	return y.rule(name, func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			backward(dx, dy, x.Value, y.Value)
		}
	}, x)
}

// ReLU returns max(x, 0).
func ReLU(x *Var) *Var {
	y := result(x.Shape(), x)
	tensor.ReLU(y.Value, x.Value)
	return y.rule("ReLU", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.ReLUGrad(dx, dy, y.Value, add)
		}
	}, x).reads(y).again(RecomputeNorms, func(v *tensor.Tensor) { tensor.ReLU(v, x.Value) })
}

// LeakyReLU returns x where x > 0 and slope·x elsewhere.
func LeakyReLU(x *Var, slope float32) *Var {
	return unary("LeakyReLU", x, func(y, x *tensor.Tensor) { tensor.LeakyReLU(y, x, slope) },
		func(dx, dy, x, _ *tensor.Tensor) { tensor.AddLeakyReLUGrad(dx, dy, x, slope) })
}

// ELU returns x where x > 0 and alpha·(exp(x) - 1) elsewhere.
func ELU(x *Var, alpha float32) *Var {
	return unary("ELU", x, func(y, x *tensor.Tensor) { tensor.ELU(y, x, alpha) },
		func(dx, dy, x, _ *tensor.Tensor) { tensor.AddELUGrad(dx, dy, x, alpha) })
}

// GELU returns x·Φ(x), the exact form.
func GELU(x *Var) *Var {
	y := result(x.Shape(), x)
	tensor.GELU(y.Value, x.Value)
	return y.gelu(x)
}

// gelu records that y is the GELU of x.
func (y *Var) gelu(x *Var) *Var {
	return y.rule("GELU", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.GELUGrad(dx, dy, x.Value, add)
		}
	}, x).reads(x).again(RecomputeNorms, func(v *tensor.Tensor) { tensor.GELU(v, x.Value) })
}

// Tanh returns the hyperbolic tangent.
func Tanh(x *Var) *Var {
	return unary("Tanh", x, tensor.Tanh, func(dx, dy, _, y *tensor.Tensor) { tensor.AddTanhGrad(dx, dy, y) })
}

// Sigmoid returns 1/(1 + exp(-x)).
func Sigmoid(x *Var) *Var {
	return unary("Sigmoid", x, tensor.Sigmoid, func(dx, dy, _, y *tensor.Tensor) { tensor.AddSigmoidGrad(dx, dy, y) })
}

// Exp returns exp(x).
func Exp(x *Var) *Var {
	return unary("Exp", x, tensor.Exp, func(dx, dy, _, y *tensor.Tensor) { tensor.AddMul(dx, dy, y) })
}

// Log returns the natural logarithm.
func Log(x *Var) *Var {
	return unary("Log", x, tensor.Log, func(dx, dy, x, _ *tensor.Tensor) { tensor.AddDivScaled(dx, dy, x, 1) })
}

// Sqrt returns the square root; its gradient at 0 is infinite.
func Sqrt(x *Var) *Var {
	return unary("Sqrt", x, tensor.Sqrt, func(dx, dy, _, y *tensor.Tensor) { tensor.AddDivScaled(dx, dy, y, 0.5) })
}

// Abs returns |x|; its gradient at 0 is 0.
func Abs(x *Var) *Var {
	return unary("Abs", x, tensor.Abs, func(dx, dy, x, _ *tensor.Tensor) { tensor.AddAbsGrad(dx, dy, x) })
}

// Softmax returns the softmax over the last axis.
func Softmax(x *Var) *Var {
	return unary("Softmax", x, tensor.Softmax, func(dx, dy, _, y *tensor.Tensor) { tensor.AddSoftmaxGrad(dx, dy, y) })
}

// Dropout zeroes each element with probability p while training and multiplies the others by 1/(1-p) (Srivastava et al.
// 2014, inverted); otherwise it returns x.
func Dropout(x *Var, p float32) *Var {
	if x.tape == nil || !x.tape.Training || p == 0 {
		return x
	}
	mask := result(x.Shape(), x)
	tensor.DropoutMask(mask.Value, p, x.tape.RNG())
	y := result(x.Shape(), x)
	tensor.Mul(y.Value, x.Value, mask.Value)
	return y.rule("Dropout", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddMul(dx, dy, mask.Value)
		}
	}, x)
}

// L2Normalize divides every row (the last axis) by its Euclidean length, at least 1e-12. The gradient of a row that is not longer is
// dy/1e-12, as in PyTorch's normalize.
func L2Normalize(x *Var) *Var { return normalize(x, 1e-12, false) }

// normalize divides every row by its length, at least eps. With skip set a row that is not longer takes no gradient.
func normalize(x *Var, eps float32, skip bool) *Var {
	y := result(x.Shape(), x)
	norm := result([]int{tensor.Size(x.Shape()[:len(x.Shape())-1])}, x).Value
	tensor.L2Normalize(y.Value, x.Value, norm.Data, eps)
	return y.rule("L2Normalize", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddL2NormalizeGrad(dx, dy, y.Value, norm.Data, eps, skip)
		}
	}, x)
}

// Lerp returns (1-t)·a + t·b, of values of one shape: two losses that share what is learned.
func Lerp(a, b *Var, t float32) *Var { return Add(Scale(a, 1-t), Scale(b, t)) }

// Checkpoint computes f(x) without keeping what happens inside; Backward computes it a second time (Chen, Xu, Zhang,
// Guestrin 2016, "Training deep nets with sublinear memory cost"). f must compute the same both times: randomness has to
// come from the tape. What f makes inside has the tape's memory, and hands it back, so that one Checkpoint's is the next one's: while the tape records, nothing
// of it may be read once Checkpoint has returned, kept or not; copy it.
func Checkpoint(x *Var, f func(x *Var) *Var) *Var {
	t := x.tape
	if t == nil || !t.record {
		return f(x)
	}
	draws, place, before := t.draws, append([]string(nil), t.place...), len(t.mem.given)
	inner := t.inside(draws, place)
	inner.record, inner.recompute = false, t.recompute
	out := f(inner.Input(x.Value))
	t.draws = inner.draws
	made := t.mem.given[before:]
	y := result(out.Shape(), x)
	tensor.Copy(y.Value, out.Value)
	inner.handBack(made)
	ins := []*Var{x}
	for _, p := range inner.order { // the parent hands out their gradients
		ins = append(ins, t.Param(p.Value))
	}
	return y.rule("Checkpoint", func(dy *tensor.Tensor, g Grads) {
		before := len(t.mem.given)
		again := t.inside(draws, place)
		again.record, again.recompute, again.Recompute = true, true, t.Recompute
		in := again.Input(&tensor.Tensor{Shape: x.Value.Shape, Data: x.Value.Data}) // not the Var of a Param of the same tensor
		if x.id != 0 {
			// Its gradient is asked for, whatever Want says of Params.
			again.wanted = nil
			in = again.Param(in.Value)
			again.wanted = t.wanted
		}
		got := f(in)
		if got.id == 0 && x.id == 0 { // its Params are constants inside
			again.handBack(t.mem.given[before:])
			return
		}
		if got.id == 0 {
			panic(&OpError{"Checkpoint", again.where(), "the function's result does not depend on its input or a Param"})
		}
		inside := again.BackwardFrom(got, dy)
		made := t.mem.given[before:]
		for i, v := range ins {
			p := v.Value
			if i == 0 {
				p = in.Value
			}
			s := inside.Of(p)
			if s == nil { // the function names it, and does not use it
				continue
			}
			if d := g.Of(v); d != nil {
				tensor.AddScaled(d, 1, s)
			}
		}
		again.handBack(made)
		t.flop += again.flop // both ways, as if f had been computed once
	}, ins...)
}

// inside returns a tape in t's memory for what happens inside a Checkpoint.
func (t *Tape) inside(draws uint64, place []string) *Tape {
	return &Tape{Training: t.Training, Mode: t.Mode, rng: t.rng, draws: draws, nextID: 1, params: map[*tensor.Tensor]*Var{}, wanted: t.wanted, mem: t.mem,
		place: place, within: true, Parts: t.Parts}
}

// handBack takes back what was made inside, and what looks at it.
func (t *Tape) handBack(made []*tensor.Tensor) {
	for _, v := range t.views {
		v.Data = nil
	}
	t.mem.putAll(made)
}

func badShape(name string, x *Var, format string, args ...any) {
	place := ""
	if x != nil && x.tape != nil {
		place = x.tape.where()
	}
	panic(&OpError{"autograd." + name, place, fmt.Sprintf(format, args...)})
}
