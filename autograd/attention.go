package autograd

import "github.com/tessera-go/tessera/tensor"

// Attention returns what heads of an attention make of L tokens (Vaswani et al. 2017, equation 1), without ever having all of their
// scores in memory; see tensor.Attention. It is computed in float32 whatever the tape's precision.
//
//	qkv [N L 3·H·D], queries, keys and values side by side   ->   y [N L H·D] = softmax(q·kᵀ/√D)·v, head by head
//	dqkv: see tensor.AttentionGrad
func Attention(qkv *Var, heads int) *Var {
	y := result(shaped("Attention", []*Var{qkv}, func() []int { return tensor.AttentionShape(qkv.Shape(), heads) }), qkv)
	s := qkv.Shape()
	lse := result([]int{s[0], heads, s[1]}, qkv).Value
	forward := func(v *tensor.Tensor) { tensor.Attention(v, lse, qkv.Value, heads) }
	forward(y.Value)
	product := y.Value.Len() * s[1] // two forward, five backward
	y.tape.count(2*product, qkv, qkv)
	if y.tape.Records() && qkv.id != 0 {
		y.tape.flop += 2 * float64(product)
	}
	return y.rule("Attention", func(dy *tensor.Tensor, g Grads) {
		if d, add := g.Into(qkv); d != nil {
			tensor.AttentionGrad(d, add, dy, y.Value, lse, qkv.Value, heads)
		}
	}, qkv).reads(qkv, y).again(RecomputeBlocks, forward)
}

// Tokens puts a row before those of each sample and adds a position to each row: what a transformer begins with.
//
//	x [N L C]   first [1 1 C]   place [1 1+L C]   ->   y [N 1+L C] = (first, x) + place
//	dx = dy behind the first row    dfirst = Σₙ of the first rows    dplace = Σₙ dy
func Tokens(x, first, place *Var) *Var {
	y := result(shaped("Tokens", []*Var{x}, func() []int { return tensor.TokensShape(x.Shape(), first.Shape(), place.Shape()) }), x, first, place)
	tensor.Tokens(y.Value, x.Value, first.Value, place.Value)
	return y.rule("Tokens", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.ConcatGrad(dy, 1, tensor.ConcatPart{DX: dx, From: 1, Add: add})
		}
		tensor.AddTokensGrad(g.Of(first), g.Of(place), dy)
	}, x, first, place).reads()
}
