package autograd

import "github.com/tessera-go/tessera/tensor"

// Conv2D returns the convolution (cross-correlation) of x with w, plus b.
//
//	x [N H W I]   w [KH KW I/G O]   b [O], or nil   ->   y [N OH OW O]     see tensor.ConvShape
//
// Precision and algorithm are the tape's, where g leaves them open.
func Conv2D(x, w, b *Var, g tensor.Conv) *Var {
	if len(x.Shape()) != 4 || len(w.Shape()) != 4 {
		badShape("Conv2D", x, "input %v and weight %v need four axes, [N H W C] and [KH KW I O]", x.Shape(), w.Shape())
	}
	return conv("Conv2D", x, w, b, g, shaped("Conv2D", []*Var{x, w}, func() []int { return tensor.ConvShape(x.Shape(), w.Shape(), g) }))
}

// Conv1D returns the convolution of sequences x with w, plus b, as Conv2D of images of one row.
//
//	x [N T I]   w [K I/G O]   b [O], or nil   ->   y [N OT O],   OT = g.T.Out(T, K)
func Conv1D(x, w, b *Var, g tensor.Conv) *Var {
	if len(x.Shape()) != 3 || len(w.Shape()) != 3 {
		badShape("Conv1D", x, "input %v and weight %v need three axes, [N T C] and [K I O]", x.Shape(), w.Shape())
	}
	if none := (tensor.Axis{}); g.H != none || g.W != none {
		badShape("Conv1D", x, "the geometry %+v is of more than T, the only axis of %v", g, x.Shape())
	}
	g.T, g.W = tensor.Axis{}, g.T
	s := shaped("Conv1D", []*Var{x, w}, func() []int { return tensor.ConvShape(image(x.Value).Shape, kernel(w.Value).Shape, g) })
	return conv("Conv1D", x, w, b, g, []int{s[0], s[2], s[3]})
}

// Conv3D returns the convolution (cross-correlation) of clips x with w, plus b.
//
//	x [N T H W I]   w [KT KH KW I/G O]   b [O], or nil   ->   y [N OT OH OW O]     see tensor.ConvShape
//
// The algorithm is the tape's, where g leaves it open; the precision is float32 where the kernel goes through time.
func Conv3D(x, w, b *Var, g tensor.Conv) *Var {
	if len(x.Shape()) != 5 || len(w.Shape()) != 5 {
		badShape("Conv3D", x, "input %v and weight %v need five axes, [N T H W C] and [KT KH KW I O]", x.Shape(), w.Shape())
	}
	return conv("Conv3D", x, w, b, g, shaped("Conv3D", []*Var{x, w}, func() []int { return tensor.ConvShape(x.Shape(), w.Shape(), g) }))
}

// image returns a sequence [N T C] as images of one row, [N 1 T C], and images as they are.
func image(t *tensor.Tensor) *tensor.Tensor {
	if s := t.Shape; len(s) == 3 {
		return &tensor.Tensor{Shape: []int{s[0], 1, s[1], s[2]}, Data: t.Data}
	}
	return t
}

// kernel returns a sequence's weight [K I O] as [1 K I O], and an image's as it is.
func kernel(t *tensor.Tensor) *tensor.Tensor {
	if s := t.Shape; len(s) == 3 {
		return &tensor.Tensor{Shape: []int{1, s[0], s[1], s[2]}, Data: t.Data}
	}
	return t
}

func conv(name string, x, w, b *Var, g tensor.Conv, shape []int) *Var {
	y := result(shape, x, w)
	g.Mode = g.Mode.Or(y.tape.mode())
	y.tape.saw(x, w, y, g)
	forward := func(v *tensor.Tensor) {
		tensor.ConvFused(image(v), image(x.Value), kernel(w.Value), g, nil, y.tape.keep(w.Value))
		if b != nil {
			tensor.AddBias(v, b.Value)
		}
	}
	forward(y.Value)
	y.tape.count(y.Value.Len()*tensor.Size(w.Shape()[:len(w.Shape())-1]), x, w)
	return y.rule(name, func(dy *tensor.Tensor, gr Grads) {
		if dx, add := gr.Into(x); dx != nil {
			tensor.ConvGradInput(image(dx), image(dy), kernel(w.Value), g, add)
		}
		value := x.Value
		gr.Later(func() {
			if dw, add := gr.Into(w); dw != nil {
				tensor.ConvGradWeight(kernel(dw), image(value), image(dy), g, add)
			}
			if db := gr.Of(b); db != nil {
				tensor.AddSumRows(db, dy)
			}
		}, w, b)
	}, x, w, b).reads(x).again(RecomputeBlocks, forward)
}

// ConvBatchNorm is BatchNorm(Conv2D(x, w, nil, g), gamma, beta, s, o), or the same with Conv3D, with the statistics of s, for inference: the
// normalisation, the addition and the ReLU happen to a tile of the convolution's output while it is in a cache. The bits
// are those of the two operations.
func ConvBatchNorm(x, w *Var, g tensor.Conv, gamma, beta *Var, s BatchNormState, o BatchNormOptions) *Var {
	y := result(shaped("Conv2D", []*Var{x, w}, func() []int { return tensor.ConvShape(x.Shape(), w.Shape(), g) }), x, w)
	if y.tape == nil || y.tape.record || y.tape.Training {
		panic(&OpError{"autograd.ConvBatchNorm", "", "it is for inference only; the gradient needs the convolution's output"})
	}
	g.Mode = g.Mode.Or(y.tape.mode())
	checkBatchNorm(y, gamma, beta, s, o)
	c := y.Value.Dim(-1)
	stats := result([]int{4, c}, x).Value
	copy(stats.Data, s.Mean.Data)
	copy(stats.Data[c:], s.Var.Data)
	foldStats(stats, gamma, beta, s.Eps)
	y.tape.saw(x, w, y, g)
	e := &tensor.Epilogue{Scale: stats.Data[2*c : 3*c], Shift: stats.Data[3*c:], Add: o.Add.value(), ReLU: o.ReLU}
	tensor.ConvFused(y.Value, x.Value, w.Value, g, e, y.tape.keep(w.Value))
	y.tape.count(y.Value.Len()*tensor.Size(w.Shape()[:len(w.Shape())-1]), x, w)
	return y
}

// ConvTranspose2D returns the transposed convolution: the gradient of a convolution's input, as an operation.
//
//	x [N H W I]   w [KH KW O/G I]   b [O], or nil   ->   y [N OH OW O]     see tensor.ConvTransposeShape
func ConvTranspose2D(x, w, b *Var, g tensor.Conv, outPad [2]int) *Var {
	shape := shaped("ConvTranspose2D", []*Var{x, w}, func() []int { return tensor.ConvTransposeShape(x.Shape(), w.Shape(), g, outPad) })
	if outPad[0] >= max(g.H.Stride, 1) || outPad[1] >= max(g.W.Stride, 1) {
		return paddedTranspose(x, w, b, g, outPad)
	}
	y := result(shape, x, w)
	g.Mode = g.Mode.Or(y.tape.mode())
	tensor.ConvGradInput(y.Value, x.Value, w.Value, g, false)
	y.tape.count(x.Value.Len()*tensor.Size(w.Shape()[:3]), x, w)
	if b != nil {
		tensor.AddBias(y.Value, b.Value)
	}
	return y.rule("ConvTranspose2D", func(dy *tensor.Tensor, gr Grads) {
		if dx, add := gr.Into(x); dx != nil {
			q := dx
			if add {
				q = gr.t.New(dx.Shape...)
			}
			tensor.Conv2D(q, dy, w.Value, g)
			if add {
				tensor.AddScaled(dx, 1, q)
			}
		}
		if dw, add := gr.Into(w); dw != nil {
			tensor.ConvGradWeight(dw, dy, x.Value, g, add)
		}
		if db := gr.Of(b); db != nil {
			tensor.AddSumRows(db, dy)
		}
	}, x, w, b)
}

// paddedTranspose is ConvTranspose2D with an output padding that the stride does not explain: rows and columns that the padding High
// had cut off, and zeros after them.
func paddedTranspose(x, w, b *Var, g tensor.Conv, outPad [2]int) *Var {
	for i, a := range []*tensor.Axis{&g.H, &g.W} {
		cut := min(a.High, outPad[i])
		a.High -= cut
		outPad[i] -= cut
	}
	y := Pad2D(ConvTranspose2D(x, w, nil, g, [2]int{}), 0, outPad[0], 0, outPad[1])
	if b == nil {
		return y
	}
	return Add(y, b)
}

// MaxPool returns the largest value of every window: [N H W C] -> [N OH OW C], or [N T H W C] -> [N OT OH OW C]. Among equals the first takes the gradient.
func MaxPool(x *Var, w tensor.Window) *Var {
	y := result(shaped("MaxPool", []*Var{x}, func() []int { return tensor.PoolShape(x.Shape(), w) }), x)
	forward := func(v *tensor.Tensor) { tensor.MaxPool(v, x.Value, w) }
	forward(y.Value)
	return y.rule("MaxPool", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddMaxPoolGrad(dx, dy, x.Value, y.Value, w)
		}
	}, x).again(RecomputeBlocks, forward)
}

// AvgPool returns the mean of every window: [N H W C] -> [N OH OW C], or [N T H W C] -> [N OT OH OW C].
func AvgPool(x *Var, w tensor.Window) *Var {
	y := result(shaped("AvgPool", []*Var{x}, func() []int { return tensor.PoolShape(x.Shape(), w) }), x)
	tensor.AvgPool(y.Value, x.Value, w)
	return y.rule("AvgPool", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddAvgPoolGrad(dx, dy, w)
		}
	}, x).reads().again(RecomputeBlocks, func(v *tensor.Tensor) { tensor.AvgPool(v, x.Value, w) })
}

// AdaptiveAvgPool returns oh by ow means: [N H W C] -> [N oh ow C].
func AdaptiveAvgPool(x *Var, oh, ow int) *Var {
	s := x.Shape()
	if len(s) != 4 || oh < 1 || ow < 1 || s[1]*s[2] == 0 {
		badShape("AdaptiveAvgPool", x, "%v to %d by %d: want [N H W C]", s, oh, ow)
	}
	y := result([]int{s[0], oh, ow, s[3]}, x)
	tensor.AdaptiveAvgPool(y.Value, x.Value)
	return y.rule("AdaptiveAvgPool", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddAdaptiveAvgPoolGrad(dx, dy)
		}
	}, x)
}

// GlobalAvgPool returns the mean over all positions, of all frames: [N H W C] or [N T H W C] -> [N C].
func GlobalAvgPool(x *Var) *Var {
	s := x.Shape()
	if len(s) == 5 {
		x = Reshape(x, s[0], s[1]*s[2], s[3], s[4])
	}
	y := AdaptiveAvgPool(x, 1, 1)
	return Reshape(y, s[0], s[len(s)-1])
}

// Resize returns x resized bilinearly to h by w (PyTorch's interpolate with align_corners false).
func Resize(x *Var, h, w int) *Var {
	s := x.Shape()
	if len(s) != 4 || h < 1 || w < 1 {
		badShape("Resize", x, "%v to %d by %d: want [N H W C]", s, h, w)
	}
	y := result([]int{s[0], h, w, s[3]}, x)
	tensor.Resize(y.Value, x.Value)
	return y.rule("Resize", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddResizeGrad(dx, dy)
		}
	}, x)
}
