package autograd

import "github.com/tessera-go/tessera/tensor"

func (v *Var) value() *tensor.Tensor {
	if v == nil {
		return nil
	}
	return v.Value
}

// Linear returns y = x·w + b.
//
//	x [... I]   w [I O]   b [O], or nil   ->   y [... O]
//	dx = dy·wᵀ    dw = xᵀ·dy     db = Σ dy
func Linear(x, w, b *Var) *Var {
	y := result(shaped("Linear", []*Var{x, w}, func() []int {
		s := tensor.MatMulShape(x.Shape(), w.Shape())
		if b != nil && !tensor.SameShape(b.Shape(), s[len(s)-1:]) {
			panic(&tensor.ShapeError{Op: "Linear", Msg: "bias " + b.Value.String() + " does not fit the weight"})
		}
		return s
	}), x, w)
	p := y.tape.mode().Precision
	tensor.LinearKept(y.Value, x.Value, w.Value, b.value(), y.tape.keep(w.Value), p)
	y.tape.count(x.Value.Len()*w.Shape()[1], x, w)
	return y.rule("Linear", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.MatMulNT(dx, dy, w.Value, add, p)
		}
		if dw, add := g.Into(w); dw != nil {
			tensor.MatMulTN(dw, x.Value, dy, add, p)
		}
		if db := g.Of(b); db != nil {
			tensor.AddSumRows(db, dy)
		}
	}, x, w, b)
}

// MatMul returns a·b: [... M K] · [K N].
func MatMul(a, b *Var) *Var { return Linear(a, b, nil) }

// MatMulNT returns a·bᵀ: [M K] · [N K]ᵀ -> [M N]. a and b may be the same Var.
//
//	da = dy·b    db = dyᵀ·a
func MatMulNT(a, b *Var) *Var {
	as, bs := a.Shape(), b.Shape()
	if len(as) != 2 || len(bs) != 2 || as[1] != bs[1] {
		badShape("MatMulNT", a, "%v · %vᵀ: want [M K] and [N K]", as, bs)
	}
	y := result([]int{as[0], bs[0]}, a, b)
	p := y.tape.mode().Precision
	tensor.MatMulNT(y.Value, a.Value, b.Value, false, p)
	y.tape.count(a.Value.Len()*bs[0], a, b)
	return y.rule("MatMulNT", func(dy *tensor.Tensor, g Grads) {
		if da := g.Of(a); da != nil {
			tensor.AddMatMul(da, dy, b.Value, p)
		}
		if db, add := g.Into(b); db != nil {
			tensor.MatMulTN(db, dy, a.Value, add, p)
		}
	}, a, b)
}

// BatchMatMul returns a·b for each leading entry: [B M K] · [B K N] -> [B M N].
//
//	da = dy·bᵀ    db = aᵀ·dy
func BatchMatMul(a, b *Var) *Var {
	as, bs := a.Shape(), b.Shape()
	if len(as) != 3 || len(bs) != 3 || as[0] != bs[0] || as[2] != bs[1] {
		badShape("BatchMatMul", a, "%v · %v: want [B M K] and [B K N]", as, bs)
	}
	y := result([]int{as[0], as[1], bs[2]}, a, b)
	tensor.BatchMatMul(y.Value, a.Value, b.Value, false, false, false)
	y.tape.count(a.Value.Len()*bs[2], a, b)
	return y.rule("BatchMatMul", func(dy *tensor.Tensor, g Grads) {
		if da := g.Of(a); da != nil {
			tensor.BatchMatMul(da, dy, b.Value, false, true, true)
		}
		if db := g.Of(b); db != nil {
			tensor.BatchMatMul(db, a.Value, dy, true, false, true)
		}
	}, a, b)
}

// Gather returns rows index of x; an embedding lookup.
//
//	x [V ...]   index [N]   ->   y [N ...]
//	dx[index[i]] += dy[i]
func Gather(x *Var, index []int32) *Var {
	y := result(append([]int{len(index)}, x.Shape()[1:]...), x)
	tensor.Gather(y.Value, x.Value, index)
	return y.rule("Gather", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.ScatterAdd(dx, dy, index)
		}
	}, x)
}

// ScatterAdd returns n rows of zeros with row i of x added to row index[i].
//
//	x [N ...]   index [N]   ->   y [n ...]
//	dx[i] = dy[index[i]]
func ScatterAdd(x *Var, index []int32, n int) *Var {
	y := result(append([]int{n}, x.Shape()[1:]...), x)
	tensor.Zero(y.Value)
	tensor.ScatterAdd(y.Value, x.Value, index)
	return y.rule("ScatterAdd", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			q := g.t.New(dx.Shape...)
			tensor.Gather(q, dy, index)
			tensor.AddScaled(dx, 1, q)
		}
	}, x)
}
