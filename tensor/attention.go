package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Attention sets y [N L H·D] to the attention of H heads over L tokens, each head's values weighed by a softmax of how its queries fit
// its keys (Vaswani et al. 2017, equation 1):
//
//	y = softmax(q·kᵀ/√D)·v
//
// qkv [N L 3·H·D] holds queries, keys and values side by side, each all heads' in order, as one linear layer writes them. lse [N H L] is
// set to log Σ exp of each query's row of scores, which the gradient wants. The scores are made in blocks that stay in a cache and are
// never all there: rows of a block at a time, their sums corrected where a later block of keys has a larger score (Rabe and Staats
// 2021; Dao et al. 2022, algorithm 1). Where L is at most a block of keys nothing is corrected.
func Attention(y, lse, qkv *Tensor, heads int) {
	a := newAttention("Attention", qkv, y, lse, heads)
	if a.l == 0 {
		return
	}
	chunks := (a.l + attentionChunk - 1) / attentionChunk
	parallel.For(a.n*heads*chunks, func(t int) {
		at, from := t/chunks, t%chunks*attentionChunk
		a.forward(y.Data, lse.Data[at*a.l:], at/heads, at%heads, from, min(a.l, from+attentionChunk))
	})
}

// AttentionGrad sets dqkv to the gradient of Attention's input, or with add adds it, from that of the output, dy, and from what
// Attention read and set (Dao et al. 2022, algorithm 4): with p the softmax, which is made again of the scores and lse,
//
//	dv = pᵀ·dy    dp = dy·vᵀ    ds = p·(dp - Σ dy·y)    dq = ds·k/√D    dk = dsᵀ·q/√D
func AttentionGrad(dqkv *Tensor, add bool, dy, y, lse, qkv *Tensor, heads int) {
	sameShapes("AttentionGrad", dqkv, qkv)
	sameShapes("AttentionGrad", dy, y)
	a := newAttention("AttentionGrad", qkv, y, lse, heads)
	if a.l == 0 {
		return
	}
	parallel.For(a.n*heads, func(t int) {
		a.backward(dqkv.Data, add, dy.Data, y.Data, lse.Data[t*a.l:][:a.l], t/heads, t%heads)
	})
}

// AttentionShape returns the shape of Attention's result of qkv.
func AttentionShape(qkv []int, heads int) []int {
	if len(qkv) != 3 || heads < 1 || qkv[2] == 0 || qkv[2]%(3*heads) != 0 {
		fail("Attention", "%v for %d heads: want [N L 3·H·D], queries, keys and values of H heads of D values each", qkv, heads)
	}
	return []int{qkv[0], qkv[1], qkv[2] / 3}
}

// Constants, so that the order of a sum depends on the shape alone.
const (
	attentionRows  = 56  // queries of a block: a multiple of 14, 8, 7 and 4
	attentionKeys  = 256 // keys of a block, a multiple of any panel
	attentionChunk = 4 * attentionRows
)

// attention is n samples of l tokens, h heads of d values each.
type attention struct {
	qkv        []float32
	n, l, h, d int
	scale      float32
}

func newAttention(op string, qkv, y, lse *Tensor, heads int) *attention {
	s := AttentionShape(qkv.Shape, heads)
	if !SameShape(y.Shape, s) || len(lse.Data) != s[0]*heads*s[1] {
		fail(op, "%v into %v and %v: want %v and [N H L]", qkv.Shape, y.Shape, lse.Shape, s)
	}
	d := s[2] / heads
	return &attention{qkv.Data, s[0], s[1], heads, d, float32(1 / math.Sqrt(float64(d)))}
}

// at returns where queries (which 0), keys (1) or values (2) of a head's first token begin, and how far tokens are apart.
func (a *attention) at(sample, head, which int) (at, ld int) {
	ld = 3 * a.h * a.d
	return sample*a.l*ld + (which*a.h+head)*a.d, ld
}

// parcels parts one borrowed slice.
type parcels []float32

func (s *parcels) take(n int) []float32 {
	part := (*s)[:n:n]
	*s = (*s)[n:]
	return part
}

// product sets c [m n], or adds, to the product of a and b, whose panels are packed of k rows each from the first column on.
func product(c []float32, ldc, m, n int, a simd.A, packed []float32, add bool) {
	panel := simd.Panel()
	for j := 0; j < n; j += panel {
		simd.MulPanel(c[j:], ldc, m, min(panel, n-j), a, packed[simd.PackedOffset(a.K, j):], add)
	}
}

// forward computes the queries lo to hi of one head.
func (a *attention) forward(y, lse []float32, sample, head, lo, hi int) {
	d, l := a.d, a.l
	most := min(l, attentionKeys)
	// keys as columns; values block by block, each block's panels together
	sizeK, sizeV := simd.PackedSize(d, l), simd.PackedSize(most, d)
	blocks := (l + attentionKeys - 1) / attentionKeys
	buffer := borrow(sizeK + blocks*sizeV + attentionRows*(most+2*d+4))
	defer giveBack(buffer)
	s := parcels(buffer)
	keys, values := s.take(sizeK), s.take(blocks*sizeV)
	scores, q, out := s.take(attentionRows*most), s.take(attentionRows*d), s.take(attentionRows*d)
	top, sum, last, fix := s.take(attentionRows), s.take(attentionRows), s.take(attentionRows), s.take(attentionRows)
	at, ld := a.at(sample, head, 1)
	simd.PackBT(keys, d, 0, a.qkv[at:], d, l, ld)
	at, _ = a.at(sample, head, 2)
	for b := range blocks {
		j := b * attentionKeys
		n := min(attentionKeys, l-j)
		simd.PackB(values[b*sizeV:], n, 0, a.qkv[at+j*ld:], n, d, ld)
	}
	at, _ = a.at(sample, head, 0)
	for i := lo; i < hi; i += attentionRows {
		m := min(attentionRows, hi-i)
		for r := range m {
			simd.Scale(q[r*d:(r+1)*d], a.scale, a.qkv[at+(i+r)*ld:])
		}
		for b := range blocks {
			j := b * attentionKeys
			n := min(attentionKeys, l-j)
			product(scores, n, m, n, simd.A{Data: q, LD: d, K: d}, keys[simd.PackedOffset(d, j):], false)
			if b == 0 {
				for r := range m {
					row := scores[r*n : (r+1)*n]
					top[r] = simd.Max(row)
					simd.ExpSub(row, top[r], row)
					sum[r] = simd.Sum(row)
				}
			} else {
				copy(last, top[:m])
				for r := range m {
					row := scores[r*n : (r+1)*n]
					if t := simd.Max(row); t > top[r] || t != t {
						top[r] = t
					}
					simd.ExpSub(row, top[r], row)
					fix[r] = last[r] - top[r]
					last[r] = simd.Sum(row)
				}
				simd.Exp(fix[:m], fix)
				for r := range m {
					sum[r] = float32(sum[r]*fix[r]) + last[r]
					simd.Scale(out[r*d:(r+1)*d], fix[r], out[r*d:])
				}
			}
			product(out, d, m, d, simd.A{Data: scores, LD: n, K: n}, values[b*sizeV:], b > 0)
		}
		for r := range m {
			to := (sample*l+i+r)*a.h*d + head*d
			simd.Scale(y[to:to+d], 1/sum[r], out[r*d:])
		}
		simd.Log(sum[:m], sum)
		simd.Add(lse[i:i+m], top, sum)
	}
}

// backward computes the gradients of one head. Rows of queries and of dy have one value more, which keys and values that end in 1
// subtract: -lse of the scores, -Σ dy·y of dp.
func (a *attention) backward(dqkv []float32, add bool, dy, y, lse []float32, sample, head int) {
	d, l, e := a.d, a.l, a.d+1
	most := min(l, attentionKeys)
	blocks := (l + attentionKeys - 1) / attentionKeys
	sizeT, sizeK, sizeQ := simd.PackedSize(e, l), simd.PackedSize(most, d), simd.PackedSize(attentionRows, d)
	buffer := borrow(2*sizeT + blocks*sizeK + 2*l*d + 2*attentionRows*most + attentionRows*(2*e+d) + 2*sizeQ + l)
	defer giveBack(buffer)
	s := parcels(buffer)
	keys, values, packedK := s.take(sizeT), s.take(sizeT), s.take(blocks*sizeK)
	dk, dv := s.take(l*d), s.take(l*d)
	p, ds := s.take(attentionRows*most), s.take(attentionRows*most)
	q, g, dq := s.take(attentionRows*e), s.take(attentionRows*e), s.take(attentionRows*d)
	packedQ, packedG := s.take(sizeQ), s.take(sizeQ)
	ones := s.take(l)
	for i := range ones {
		ones[i] = 1
	}
	atQ, ld := a.at(sample, head, 0)
	atK, _ := a.at(sample, head, 1)
	atV, _ := a.at(sample, head, 2)
	simd.PackBT(keys, e, 0, a.qkv[atK:], d, l, ld)
	simd.PackB(keys, e, d, ones, 1, l, l)
	simd.PackBT(values, e, 0, a.qkv[atV:], d, l, ld)
	simd.PackB(values, e, d, ones, 1, l, l)
	for b := range blocks {
		j := b * attentionKeys
		n := min(attentionKeys, l-j)
		simd.PackB(packedK[b*sizeK:], n, 0, a.qkv[atK+j*ld:], n, d, ld)
	}
	for i := 0; i < l; i += attentionRows {
		m := min(attentionRows, l-i)
		atY, ldY := (sample*l+i)*a.h*d+head*d, a.h*d
		for r := range m {
			simd.Scale(q[r*e:r*e+d], a.scale, a.qkv[atQ+(i+r)*ld:])
			q[r*e+d] = -lse[i+r]
			row := dy[atY+r*ldY:][:d]
			copy(g[r*e:], row)
			g[r*e+d] = -simd.Dot(row, y[atY+r*ldY:])
		}
		simd.PackB(packedQ, m, 0, q, m, d, e)
		simd.PackB(packedG, m, 0, g, m, d, e)
		for b := range blocks {
			j := b * attentionKeys
			n := min(attentionKeys, l-j)
			product(p, n, m, n, simd.A{Data: q, LD: e, K: e}, keys[simd.PackedOffset(e, j):], false)
			simd.Exp(p[:m*n], p)
			product(dv[j*d:], d, n, d, simd.A{Data: p, LD: n, K: m, Transposed: true}, packedG, i > 0)
			product(ds, n, m, n, simd.A{Data: g, LD: e, K: e}, values[simd.PackedOffset(e, j):], false)
			simd.Mul(ds[:m*n], ds, p)
			product(dk[j*d:], d, n, d, simd.A{Data: ds, LD: n, K: m, Transposed: true}, packedQ, i > 0)
			product(dq, d, m, d, simd.A{Data: ds, LD: n, K: n}, packedK[b*sizeK:], b > 0)
		}
		for r := range m {
			row := dq[r*d : (r+1)*d]
			simd.Scale(row, a.scale, row)
			put(dqkv[atQ+(i+r)*ld:], row, add)
		}
	}
	for i := range l {
		put(dqkv[atK+i*ld:], dk[i*d:(i+1)*d], add)
		put(dqkv[atV+i*ld:], dv[i*d:(i+1)*d], add)
	}
}

// put copies src to dst, or adds it.
func put(dst, src []float32, add bool) {
	if add {
		simd.Add(dst[:len(src)], dst, src)
	} else {
		copy(dst, src)
	}
}

// TokensShape returns the shape of what Tokens makes.
func TokensShape(x, first, place []int) []int {
	if len(x) != 3 || !SameShape(first, []int{1, 1, x[2]}) || !SameShape(place, []int{1, 1 + x[1], x[2]}) {
		fail("Tokens", "%v, %v and %v: want [N L C], [1 1 C] and [1 1+L C]", x, first, place)
	}
	return []int{x[0], 1 + x[1], x[2]}
}

// Tokens sets y [N 1+L C] to the row first [1 1 C] and the rows of x [N L C] behind it, with place [1 1+L C] added.
func Tokens(y, x, first, place *Tensor) {
	n, c := y.Shape[0], y.Shape[2]
	size := y.Shape[1] * c
	parallel.For(n, func(i int) {
		dst := y.Data[i*size : (i+1)*size]
		simd.Add(dst[:c], first.Data, place.Data)
		simd.Add(dst[c:], x.Data[i*(size-c):], place.Data[c:])
	})
}

// AddTokensGrad adds the gradients of what Tokens puts first and of the places; either may be nil.
func AddTokensGrad(dfirst, dplace, dy *Tensor) {
	size := Size(dy.Shape[1:])
	if dplace != nil {
		AddSumRows(&Tensor{Shape: []int{size}, Data: dplace.Data}, &Tensor{Shape: []int{dy.Shape[0], size}, Data: dy.Data})
	}
	if dfirst == nil {
		return
	}
	for j := range dfirst.Data {
		t := 0.0
		for i := j; i < len(dy.Data); i += size {
			t += float64(dy.Data[i])
		}
		dfirst.Data[j] += float32(t)
	}
}
