package autograd

import "github.com/tessera-go/tessera/tensor"

// Reshape returns a view of another shape; one side may be -1.
func Reshape(x *Var, shape ...int) *Var {
	s := shaped("Reshape", []*Var{x}, func() []int { return tensor.InferShape(tensor.Size(x.Shape()), shape) })
	y := view(&tensor.Tensor{Shape: s, Data: x.Value.Data}, x)
	return y.rule("Reshape", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			addOrCopy(dx, dy, add)
		}
	}, x).reads()
}

// addOrCopy sets d to dy, or with add adds it.
func addOrCopy(d, dy *tensor.Tensor, add bool) {
	if add {
		tensor.AddScaled(d, 1, dy)
	} else {
		tensor.Copy(d, dy)
	}
}

// Flatten returns x [N ...] as [N, the rest].
func Flatten(x *Var) *Var { return Reshape(x, x.Shape()[0], tensor.Size(x.Shape()[1:])) }

// Permute reorders the axes: axis i of the result is axis order[i] of x.
func Permute(x *Var, order ...int) *Var {
	y := result(shaped("Permute", []*Var{x}, func() []int { return tensor.PermuteShape(x.Shape(), order) }), x)
	tensor.Permute(y.Value, x.Value, order...)
	return y.rule("Permute", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.PermuteGrad(dx, dy, add, order...)
		}
	}, x).reads()
}

// Concat joins xs along axis.
func Concat(axis int, xs ...*Var) *Var {
	shapes := make([][]int, len(xs))
	values := make([]*tensor.Tensor, len(xs))
	for i, x := range xs {
		shapes[i], values[i] = x.Shape(), x.Value
	}
	y := result(shaped("Concat", xs, func() []int { return tensor.ConcatShape(axis, shapes...) }), xs...)
	tensor.Concat(y.Value, axis, values...)
	return y.rule("Concat", func(dy *tensor.Tensor, g Grads) {
		var parts []tensor.ConcatPart
		at := 0
		for i, x := range xs {
			if dx, add := g.Into(x); dx != nil {
				parts = append(parts, tensor.ConcatPart{DX: dx, From: at, Add: add})
			}
			at += shapes[i][axis]
		}
		tensor.ConcatGrad(dy, axis, parts...)
	}, xs...).reads()
}

// Slice returns n elements of x along axis: from, from+step, ...
func Slice(x *Var, axis, from, n, step int) *Var {
	s := append([]int(nil), x.Shape()...)
	if axis < 0 || axis >= len(s) || n < 0 || step < 1 || from < 0 || n > 0 && from+(n-1)*step >= s[axis] {
		badShape("Slice", x, "%d elements from %d step %d along axis %d of %v", n, from, step, axis, s)
	}
	s[axis] = n
	y := result(s, x)
	tensor.Slice(y.Value, x.Value, axis, from, step)
	return y.rule("Slice", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.SliceGrad(dx, dy, axis, from, step, add)
		}
	}, x).reads()
}

// Pad2D puts zeros around images: [N H W C] -> [N top+H+bottom left+W+right C].
func Pad2D(x *Var, top, bottom, left, right int) *Var {
	s := x.Shape()
	if len(s) != 4 || top < 0 || bottom < 0 || left < 0 || right < 0 {
		badShape("Pad2D", x, "%v by %d, %d, %d, %d: want [N H W C] and no negative side", s, top, bottom, left, right)
	}
	y := result([]int{s[0], s[1] + top + bottom, s[2] + left + right, s[3]}, x)
	tensor.Pad2D(y.Value, x.Value, top, left)
	return y.rule("Pad2D", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.Pad2DGrad(dx, dy, top, left, add)
		}
	}, x).reads()
}

// SumAxis returns the sum over axis, which goes away.
func SumAxis(x *Var, axis int) *Var { return scaledSum("SumAxis", x, axis, 1) }

// MeanAxis returns the mean over axis, which goes away.
func MeanAxis(x *Var, axis int) *Var {
	if axis < 0 || axis >= len(x.Shape()) || x.Shape()[axis] == 0 {
		badShape("MeanAxis", x, "axis %d of %v", axis, x.Shape())
	}
	return scaledSum("MeanAxis", x, axis, 1/float32(x.Shape()[axis]))
}

func scaledSum(name string, x *Var, axis int, scale float32) *Var {
	y := result(shaped(name, []*Var{x}, func() []int { return tensor.ReduceShape(x.Shape(), axis) }), x)
	tensor.SumAxis(y.Value, x.Value, axis, scale)
	return y.rule(name, func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddSumAxisGrad(dx, dy, axis, scale)
		}
	}, x)
}

// MaxAxis returns the largest over axis, which goes away; the first of equals takes the gradient.
func MaxAxis(x *Var, axis int) *Var {
	s := shaped("MaxAxis", []*Var{x}, func() []int { return tensor.ReduceShape(x.Shape(), axis) })
	y := result(s, x)
	at := make([]int32, tensor.Size(s))
	tensor.MaxAxis(y.Value, at, x.Value, axis)
	return y.rule("MaxAxis", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddMaxAxisGrad(dx, dy, at, axis)
		}
	}, x)
}

// Sum returns the sum of all elements, one value.
func Sum(x *Var) *Var { return scaledTotal("Sum", x, 1) }

// Mean returns the mean of all elements, one value.
func Mean(x *Var) *Var { return scaledTotal("Mean", x, 1/float64(max(1, x.Value.Len()))) }

func scaledTotal(name string, x *Var, scale float64) *Var {
	y := result([]int{1}, x)
	y.Value.Data[0] = float32(tensor.Sum(x.Value) * scale)
	return y.rule(name, func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddScalar(dx, float32(float64(dy.Data[0])*scale))
		}
	}, x)
}

// Together returns the rows of all parts of a batch, in order, where the tape has one of several (see Parts), and x elsewhere. A loss of them, whose mean over parts is
// minimised, has the gradient of the whole batch's.
//
//	x [N ...]   ->   y [P·N ...]      dx = this part's rows of Σ dy over the parts
func Together(x *Var) *Var {
	if x.tape == nil || x.tape.Parts == nil {
		return x
	}
	_, parts := x.tape.Parts.Part()
	y := result(append([]int{parts * x.Value.Dim(0)}, x.Shape()[1:]...), x)
	copy(y.Value.Data, x.tape.Parts.Gather(x.Value.Data))
	return y.rule("Together", func(dy *tensor.Tensor, g Grads) {
		mine := &tensor.Tensor{Shape: x.Value.Shape, Data: x.tape.Parts.Spread(dy.Data)} // all parts, whoever wants it
		if dx := g.Of(x); dx != nil {
			tensor.AddScaled(dx, 1, mine)
		}
	}, x).reads()
}

// FirstRow returns where the n rows of a tape's part stand in those of all parts; of a tape that has a whole batch, or no tape, 0.
func (t *Tape) FirstRow(n int) int {
	if t == nil || t.Parts == nil {
		return 0
	}
	i, _ := t.Parts.Part()
	return i * n
}

// AllRows returns how many rows all parts have where the tape's has n; of a tape that has a whole batch, or no tape, n.
func (t *Tape) AllRows(n int) int {
	if t == nil || t.Parts == nil {
		return n
	}
	_, parts := t.Parts.Part()
	return parts * n
}

// MeanOverParts returns the mean over all parts of what each has of x, such as the number of places that a loss counts: what a part's sum is divided by, so that the mean of
// what parts lose is what the batch does. Of a tape that has a whole batch, or no tape, it is x.
func (t *Tape) MeanOverParts(x float64) float64 {
	if t == nil || t.Parts == nil {
		return x
	}
	_, parts := t.Parts.Part()
	all := []float64{x}
	t.Parts.Join(all, nil)
	return all[0] / float64(parts)
}
