package main

import (
	"fmt"
	"strings"

	ag "github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// one returns an operation of one input without arguments.
func one(f func(x *ag.Var) *ag.Var) func(c *sample, in []*ag.Var) *ag.Var {
	return func(_ *sample, in []*ag.Var) *ag.Var { return f(in[0]) }
}

// two returns an operation of two inputs without arguments.
func two(f func(a, b *ag.Var) *ag.Var) func(c *sample, in []*ag.Var) *ag.Var {
	return func(_ *sample, in []*ag.Var) *ag.Var { return f(in[0], in[1]) }
}

// loss returns a loss against the case's target.
func loss(f func(c *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var) func(c *sample, in []*ag.Var) *ag.Var {
	return func(c *sample, in []*ag.Var) *ag.Var {
		return f(c, in[0], c.table("target", in[0].Shape()...), ag.LossOptions{Sum: c.int("sum") == 1})
	}
}

// operations are ours by the names that cases.py gives them; it says which of PyTorch's each is.
var operations = map[string]func(c *sample, in []*ag.Var) *ag.Var{
	"Abs": one(ag.Abs), "Exp": one(ag.Exp), "Log": one(ag.Log), "Sqrt": one(ag.Sqrt), "Tanh": one(ag.Tanh), "Sigmoid": one(ag.Sigmoid),
	"ReLU": one(ag.ReLU), "GELU": one(ag.GELU), "Softmax": one(ag.Softmax), "L2Normalize": one(ag.L2Normalize), "Sum": one(ag.Sum), "Mean": one(ag.Mean),
	"Add": two(ag.Add), "Sub": two(ag.Sub), "Mul": two(ag.Mul), "Div": two(ag.Div), "MatMul": two(ag.MatMul), "BatchMatMul": two(ag.BatchMatMul),
	"Cosine":    two(ag.Cosine),
	"Scale":     func(c *sample, in []*ag.Var) *ag.Var { return ag.Scale(in[0], c.float("factor")) },
	"LeakyReLU": func(c *sample, in []*ag.Var) *ag.Var { return ag.LeakyReLU(in[0], c.float("slope")) },
	"ELU":       func(c *sample, in []*ag.Var) *ag.Var { return ag.ELU(in[0], c.float("alpha")) },
	"SumAxis":   func(c *sample, in []*ag.Var) *ag.Var { return ag.SumAxis(in[0], c.int("axis")) },
	"MeanAxis":  func(c *sample, in []*ag.Var) *ag.Var { return ag.MeanAxis(in[0], c.int("axis")) },
	"MaxAxis":   func(c *sample, in []*ag.Var) *ag.Var { return ag.MaxAxis(in[0], c.int("axis")) },
	"Linear":    func(c *sample, in []*ag.Var) *ag.Var { return ag.Linear(in[0], in[1], third(in)) },
	"Attention": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.HeadMix(ag.Softmax(ag.HeadScores(in[0], in[1], c.float("scale"))), in[2])
	},
	"Concat":    func(c *sample, in []*ag.Var) *ag.Var { return ag.Concat(c.int("axis"), in...) },
	"Permute":   func(c *sample, in []*ag.Var) *ag.Var { return ag.Permute(in[0], c.Ints["order"]...) },
	"Reshape":   func(c *sample, in []*ag.Var) *ag.Var { return ag.Reshape(in[0], c.Ints["shape"]...) },
	"Broadcast": func(c *sample, in []*ag.Var) *ag.Var { return ag.Broadcast(in[0], c.Ints["shape"]...) },
	"Slice": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.Slice(in[0], c.int("axis"), c.int("from"), c.int("n"), 1)
	},
	"Pad2D": func(c *sample, in []*ag.Var) *ag.Var {
		p := c.Ints["pad"]
		return ag.Pad2D(in[0], p[0], p[1], p[2], p[3])
	},
	"Gather": func(c *sample, in []*ag.Var) *ag.Var { return ag.Gather(in[0], c.Labels) },
	"Conv1D": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.Conv1D(in[0], in[1], third(in), tensor.Conv{T: c.axis(0), Groups: c.int("groups")})
	},
	"Conv2D": func(c *sample, in []*ag.Var) *ag.Var { return ag.Conv2D(in[0], in[1], third(in), c.conv()) },
	"ConvTranspose2D": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.ConvTranspose2D(in[0], in[1], third(in), c.conv(), [2]int(c.Ints["outpad"]))
	},
	"MaxPool": func(c *sample, in []*ag.Var) *ag.Var { return ag.MaxPool(in[0], c.window()) },
	"AvgPool": func(c *sample, in []*ag.Var) *ag.Var { return ag.AvgPool(in[0], c.window()) },
	"AdaptiveAvgPool": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.AdaptiveAvgPool(in[0], c.Ints["size"][0], c.Ints["size"][1])
	},
	"Resize": func(c *sample, in []*ag.Var) *ag.Var { return ag.Resize(in[0], c.Ints["size"][0], c.Ints["size"][1]) },
	"BatchNorm": func(c *sample, in []*ag.Var) *ag.Var {
		n := len(c.Floats["mean"])
		in[0].Tape().Training = c.int("training") == 1
		s := ag.BatchNormState{Mean: c.table("mean", n), Var: c.table("var", n), Momentum: 0.1, Eps: c.float("eps")}
		return ag.BatchNorm(in[0], at(in, 1), at(in, 2), s, ag.BatchNormOptions{})
	},
	"GroupNorm": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.GroupNorm(in[0], at(in, 1), at(in, 2), c.int("groups"), c.float("eps"))
	},
	"LayerNorm": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.LayerNorm(in[0], at(in, 1), at(in, 2), c.float("eps"))
	},
	"LRN": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.LRN(in[0], c.int("size"), c.float("alpha"), c.float("beta"), c.float("k"))
	},
	"L1": loss(func(_ *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var { return ag.L1(x, t, o) }),
	"L2": loss(func(_ *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var { return ag.L2(x, t, o) }),
	"Huber": loss(func(c *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var {
		return ag.Huber(x, t, c.float("delta"), o)
	}),
	"SmoothL1": loss(func(c *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var {
		return ag.Scale(ag.Huber(x, t, c.float("delta"), o), 1/c.float("delta"))
	}),
	"BCEWithLogits": loss(func(_ *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var {
		return ag.BCEWithLogits(x, t, o)
	}),
	"CrossEntropySoft": loss(func(_ *sample, x *ag.Var, t *tensor.Tensor, o ag.LossOptions) *ag.Var {
		return ag.CrossEntropySoft(x, t, o)
	}),
	"CrossEntropy": func(c *sample, in []*ag.Var) *ag.Var {
		return ag.CrossEntropySmooth(in[0], c.Labels, c.float("smoothing"), ag.LossOptions{Sum: c.int("sum") == 1})
	},
	"Triplet": func(c *sample, in []*ag.Var) *ag.Var { return ag.Triplet(in[0], in[1], in[2], c.float("margin")) },
}

// at returns an input, or nil where there are not so many.
func at(in []*ag.Var, i int) *ag.Var {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// third returns the bias, or nil.
func third(in []*ag.Var) *ag.Var { return at(in, 2) }

// axis returns the geometry of axis i.
func (c *sample) axis(i int) tensor.Axis {
	return tensor.Axis{Stride: c.Ints["stride"][i], Dilation: c.Ints["dilation"][i], Low: c.Ints["low"][i], High: c.Ints["high"][i]}
}

// conv returns the geometry of a convolution of images.
func (c *sample) conv() tensor.Conv {
	return tensor.Conv{H: c.axis(0), W: c.axis(1), Groups: c.int("groups")}
}

// window returns the geometry of a pooling window.
func (c *sample) window() tensor.Window {
	axis := func(i int) tensor.WindowAxis {
		return tensor.WindowAxis{Size: c.Ints["size"][i], Stride: c.Ints["stride"][i], Low: c.Ints["pad"][i], High: c.Ints["pad"][i]}
	}
	counts := c.Ints["counts"]
	return tensor.Window{H: axis(0), W: axis(1), Ceil: c.int("ceil") == 1, CountsPad: len(counts) > 0 && counts[0] == 1}
}

// compute returns what we make of a case: the result, then the gradients of the inputs.
func (s *set) compute(c *sample) (out []*tensor.Tensor, err error) {
	if kind, ok := strings.CutPrefix(c.Op, "optimiser "); ok {
		return s.optimise(kind, c)
	}
	f := operations[c.Op]
	if f == nil {
		return nil, fmt.Errorf("there is no operation %s in internal/parity/ops.go", c.Op)
	}
	err = ag.Try(func() {
		tape := ag.NewTape(nil)
		var in []*ag.Var
		for _, a := range c.Inputs {
			in = append(in, tape.Param(s.tensor(a)))
		}
		y := f(c, in)
		if y == in[0] { // nothing to do, such as a broadcast to the same shape
			y = ag.Scale(y, 1)
		}
		y = y.Keep()
		g := tape.BackwardFrom(y, s.tensor(c.DY))
		out = append(out, y.Value)
		for _, v := range in {
			d := g.Of(v.Value)
			if d == nil { // PyTorch's zeros
				d = tensor.New(v.Shape()...)
			}
			out = append(out, d)
		}
	})
	return out, err
}

// optimise returns the weights after the case's steps.
func (s *set) optimise(kind string, c *sample) ([]*tensor.Tensor, error) {
	w := s.tensor(c.Inputs[0])
	of := kind + "?decay=all"
	for _, option := range []string{"beta1", "beta2", "eps", "alpha"} {
		if v, ok := c.Floats[option]; ok {
			of += fmt.Sprintf("&%s=%g", option, v[0])
		}
	}
	o, err := optim.New(of, []layers.Param{{Name: "w", Value: w}}, c.float("momentum"), c.float("weight_decay"))
	if err != nil {
		return nil, err
	}
	all := s.tensor(c.Inputs[1])
	tape := ag.NewTape(nil)
	for i := range all.Shape[0] {
		g := tensor.From(all.Data[i*w.Len():(i+1)*w.Len()], w.Shape...)
		o.Step(tape.BackwardFrom(ag.Scale(tape.Param(w), 1), g), c.float("lr"))
		tape.Reset()
	}
	return []*tensor.Tensor{w}, nil
}
