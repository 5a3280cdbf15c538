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
func Linear(x, w, b *Var) *Var { return linear(x, w, b, nil, nil) }

// LinearAdd returns x·w + b + z, z of the result's shape: a branch's last layer and what the branch is added to, in one pass.
//
//	dz = dy, the rest as of Linear
func LinearAdd(x, w, b, z *Var) *Var { return linear(x, w, b, z, nil) }

// LinearGELU returns GELU(x·w + b), in one pass. While it records it keeps what GELU was taken of, which the gradient wants.
func LinearGELU(x, w, b *Var) *Var {
	y := result(linearShape(x, w, b, nil), x, w)
	if !y.tape.Records() {
		linearForward(y.Value, x, w, b, nil, y.Value, y.tape)
		y.tape.count(x.Value.Len()*w.Shape()[1], x, w)
		return y
	}
	h := linear(x, w, b, nil, y.Value)
	y.gelu(h)
	y.tape.Drop(h)
	return y
}

// linearShape checks the operands of a product with bias b and addend z, which may be nil, and returns its shape.
func linearShape(x, w, b, z *Var) []int {
	return shaped("Linear", []*Var{x, w}, func() []int {
		s := tensor.MatMulShape(x.Shape(), w.Shape())
		if b != nil && !tensor.SameShape(b.Shape(), s[len(s)-1:]) {
			panic(&tensor.ShapeError{Op: "Linear", Msg: "bias " + b.Value.String() + " does not fit the weight"})
		}
		if z != nil && !tensor.SameShape(z.Shape(), s) {
			panic(&tensor.ShapeError{Op: "Linear", Msg: "what is added, " + z.Value.String() + ", is not of the result's shape"})
		}
		return s
	})
}

func linearForward(y *tensor.Tensor, x, w, b, z *Var, gelu *tensor.Tensor, t *Tape) {
	tensor.LinearKept(y, x.Value, w.Value, b.value(), z.value(), gelu, t.keep(w.Value), t.mode().Precision)
}

// linear is LinearAdd; gelu, unless it is nil, is set to the GELU of the result.
func linear(x, w, b, z *Var, gelu *tensor.Tensor) *Var {
	y := result(linearShape(x, w, b, z), x, w, z)
	p := y.tape.mode().Precision
	linearForward(y.Value, x, w, b, z, gelu, y.tape)
	y.tape.count(x.Value.Len()*w.Shape()[1], x, w)
	return y.rule("Linear", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.MatMulNT(dx, dy, w.Value, add, p)
		}
		if dz, add := g.Into(z); dz != nil {
			addOrCopy(dz, dy, add)
		}
		value := x.Value
		g.Later(func() {
			if dw, add := g.Into(w); dw != nil {
				tensor.MatMulTN(dw, value, dy, add, p)
			}
			if db := g.Of(b); db != nil {
				tensor.AddSumRows(db, dy)
			}
		}, w, b)
	}, x, w, b, z).reads(x, w).again(RecomputeBlocks, func(v *tensor.Tensor) { linearForward(v, x, w, b, z, nil, y.tape) })
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

// BatchMatMul returns a·b for each leading entry: [B M K] · [B K N] -> [B M N], or with [B H ...] each.
//
//	da = dy·bᵀ    db = aᵀ·dy
func BatchMatMul(a, b *Var) *Var {
	m, k, n := batchDims("BatchMatMul", a, b, false)
	y := result(append(append([]int(nil), a.Shape()[:len(a.Shape())-2]...), m, n), a, b)
	tensor.BatchMatMul(y.Value, a.Value, b.Value, false, false, false)
	y.tape.count(y.Value.Len()*k, a, b)
	return y.rule("BatchMatMul", func(dy *tensor.Tensor, g Grads) {
		if da, add := g.Into(a); da != nil {
			tensor.BatchMatMul(da, dy, b.Value, false, true, add)
		}
		if db, add := g.Into(b); db != nil {
			tensor.BatchMatMul(db, a.Value, dy, true, false, add)
		}
	}, a, b).reads(a, b)
}

// BatchMatMulNT returns a·bᵀ for each leading entry: [B M K] · [B N K]ᵀ -> [B M N], or with [B H ...] each. a and b may be the
// same Var.
//
//	da = dy·b    db = dyᵀ·a
func BatchMatMulNT(a, b *Var) *Var {
	m, k, n := batchDims("BatchMatMulNT", a, b, true)
	y := result(append(append([]int(nil), a.Shape()[:len(a.Shape())-2]...), m, n), a, b)
	tensor.BatchMatMul(y.Value, a.Value, b.Value, false, true, false)
	y.tape.count(y.Value.Len()*k, a, b)
	return y.rule("BatchMatMulNT", func(dy *tensor.Tensor, g Grads) {
		if da, add := g.Into(a); da != nil {
			tensor.BatchMatMul(da, dy, b.Value, false, false, add)
		}
		if db, add := g.Into(b); db != nil {
			tensor.BatchMatMul(db, dy, a.Value, true, false, add)
		}
	}, a, b).reads(a, b)
}

// batchDims returns the sides of a product [... M K] · [... K N], of which b may be transposed.
func batchDims(name string, a, b *Var, tb bool) (m, k, n int) {
	as, bs := a.Shape(), b.Shape()
	l := len(as) - 2
	if (l == 1 || l == 2) && len(bs) == l+2 && tensor.SameShape(as[:l], bs[:l]) {
		m, k = as[l], as[l+1]
		kb := bs[l]
		if n = bs[l+1]; tb {
			kb, n = n, kb
		}
		if k == kb {
			return m, k, n
		}
	}
	want := "[B M K] and [B K N]"
	if tb {
		want = "[B M K] and [B N K]"
	}
	badShape(name, a, "%v and %v: want %s, or with [B H ...] each", as, bs, want)
	return
}

// HeadScores returns scale·q·kᵀ of each head, read where a projection wrote it: the logits of an attention (Vaswani et al. 2017,
// equation 1).
//
//	q [B L H D]   k [B S H D]   ->   y [B H L S]
//	dq = scale·dy·k    dk = scale·dyᵀ·q
func HeadScores(q, k *Var, scale float32) *Var {
	qs, ks := q.Shape(), k.Shape()
	if len(qs) != 4 || len(ks) != 4 || qs[0] != ks[0] || qs[2] != ks[2] || qs[3] != ks[3] {
		badShape("HeadScores", q, "%v and %v: want [B L H D] and [B S H D]", qs, ks)
	}
	y := result([]int{qs[0], qs[2], qs[1], ks[1]}, q, k)
	tensor.HeadScores(y.Value, q.Value, k.Value, scale, false)
	y.tape.count(y.Value.Len()*qs[3], q, k)
	return y.rule("HeadScores", func(dy *tensor.Tensor, g Grads) {
		if dq, add := g.Into(q); dq != nil {
			tensor.HeadMix(dq, dy, k.Value, scale, false, add)
		}
		if dk, add := g.Into(k); dk != nil {
			tensor.HeadMix(dk, dy, q.Value, scale, true, add)
		}
	}, q, k).reads(q, k)
}

// HeadMix returns p·v of each head, in the layout that the next projection reads: the values of an attention, weighed.
//
//	p [B H L S]   v [B S H D]   ->   y [B L H D]
//	dp = dy·vᵀ    dv = pᵀ·dy
func HeadMix(p, v *Var) *Var {
	ps, vs := p.Shape(), v.Shape()
	if len(ps) != 4 || len(vs) != 4 || ps[0] != vs[0] || ps[1] != vs[2] || ps[3] != vs[1] {
		badShape("HeadMix", p, "%v and %v: want [B H L S] and [B S H D]", ps, vs)
	}
	y := result([]int{ps[0], ps[2], ps[1], vs[3]}, p, v)
	tensor.HeadMix(y.Value, p.Value, v.Value, 1, false, false)
	y.tape.count(y.Value.Len()*ps[3], p, v)
	return y.rule("HeadMix", func(dy *tensor.Tensor, g Grads) {
		if dp, add := g.Into(p); dp != nil {
			tensor.HeadScores(dp, dy, v.Value, 1, add)
		}
		if dv, add := g.Into(v); dv != nil {
			tensor.HeadMix(dv, p.Value, dy, 1, true, add)
		}
	}, p, v).reads(p, v)
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
	}, x).reads()
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
