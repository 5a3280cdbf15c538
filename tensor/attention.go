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
	rows := min(l, attentionRows)
	buffer := borrow(sizeK + blocks*sizeV + rows*(most+d+4))
	defer giveBack(buffer)
	s := parcels(buffer)
	keys, values := s.take(sizeK), s.take(blocks*sizeV)
	scores, out := s.take(rows*most), s.take(rows*d)
	top, sum, last, fix := s.take(rows), s.take(rows), s.take(rows), s.take(rows)
	at, ld := a.at(sample, head, 1)
	simd.PackBT(keys, d, 0, a.qkv[at:], d, l, ld)
	simd.Scale(keys, a.scale, keys)
	at, _ = a.at(sample, head, 2)
	for b := range blocks {
		j := b * attentionKeys
		n := min(attentionKeys, l-j)
		simd.PackB(values[b*sizeV:], n, 0, a.qkv[at+j*ld:], n, d, ld)
	}
	at, _ = a.at(sample, head, 0)
	for i := lo; i < hi; i += attentionRows {
		m := min(attentionRows, hi-i)
		q := simd.A{Data: a.qkv[at+i*ld:], LD: ld, K: d}
		for b := range blocks {
			j := b * attentionKeys
			n := min(attentionKeys, l-j)
			product(scores, n, m, n, q, keys[simd.PackedOffset(d, j):], false)
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

// backward computes the gradients of one head, each sum where it belongs in dqkv unless that is added to. Rows of dy have one value
// more, -Σ dy·y, which values that end in 1 add to dp.
func (a *attention) backward(dqkv []float32, add bool, dy, y, lse []float32, sample, head int) {
	d, l, e := a.d, a.l, a.d+1
	most, rows := min(l, attentionKeys), min(l, attentionRows)
	blocks := (l + attentionKeys - 1) / attentionKeys
	sizeT, sizeV, sizeK, sizeQ := simd.PackedSize(d, l), simd.PackedSize(e, l), simd.PackedSize(most, d), simd.PackedSize(rows, d)
	size := sizeT + sizeV + blocks*sizeK + 2*rows*most + rows*e + 2*sizeQ + l
	if add {
		size += 3 * l * d
	}
	buffer := borrow(size)
	defer giveBack(buffer)
	s := parcels(buffer)
	keys, values, packedK := s.take(sizeT), s.take(sizeV), s.take(blocks*sizeK)
	p, ds, g := s.take(rows*most), s.take(rows*most), s.take(rows*e)
	packedQ, packedG := s.take(sizeQ), s.take(sizeQ)
	ones := s.take(l)
	for i := range ones {
		ones[i] = 1
	}
	atQ, ld := a.at(sample, head, 0)
	atK, _ := a.at(sample, head, 1)
	atV, _ := a.at(sample, head, 2)
	dq, dk, dv, ldD := dqkv[atQ:], dqkv[atK:], dqkv[atV:], ld
	if add {
		dq, dk, dv, ldD = s.take(l*d), s.take(l*d), s.take(l*d), d
	}
	simd.PackBT(keys, d, 0, a.qkv[atK:], d, l, ld)
	simd.Scale(keys, a.scale, keys)
	simd.PackBT(values, e, 0, a.qkv[atV:], d, l, ld)
	simd.PackB(values, e, d, ones, 1, l, l)
	for b := range blocks {
		j := b * attentionKeys
		n := min(attentionKeys, l-j)
		packed := packedK[b*sizeK:][:simd.PackedSize(n, d)]
		simd.PackB(packed, n, 0, a.qkv[atK+j*ld:], n, d, ld)
		simd.Scale(packed, a.scale, packed)
	}
	for i := 0; i < l; i += rows {
		m := min(rows, l-i)
		atY, ldY := (sample*l+i)*a.h*d+head*d, a.h*d
		for r := range m {
			row := dy[atY+r*ldY:][:d]
			copy(g[r*e:], row)
			g[r*e+d] = -simd.Dot(row, y[atY+r*ldY:])
		}
		q, packed := simd.A{Data: a.qkv[atQ+i*ld:], LD: ld, K: d}, packedQ[:simd.PackedSize(m, d)]
		simd.PackB(packed, m, 0, q.Data, m, d, ld)
		simd.Scale(packed, a.scale, packed)
		simd.PackB(packedG, m, 0, g, m, d, e)
		for b := range blocks {
			j := b * attentionKeys
			n := min(attentionKeys, l-j)
			product(p, n, m, n, q, keys[simd.PackedOffset(d, j):], false)
			for r := range m {
				row := p[r*n : (r+1)*n]
				simd.ExpSub(row, lse[i+r], row)
			}
			product(dv[j*ldD:], ldD, n, d, simd.A{Data: p, LD: n, K: m, Transposed: true}, packedG, i > 0)
			product(ds, n, m, n, simd.A{Data: g, LD: e, K: e}, values[simd.PackedOffset(e, j):], false)
			simd.Mul(ds[:m*n], ds, p)
			product(dk[j*ldD:], ldD, n, d, simd.A{Data: ds, LD: n, K: m, Transposed: true}, packed, i > 0)
			product(dq[i*ldD:], ldD, m, d, simd.A{Data: ds, LD: n, K: n}, packedK[b*sizeK:], b > 0)
		}
	}
	if !add {
		return
	}
	for _, s := range []struct {
		at  int
		sum []float32
	}{{atQ, dq}, {atK, dk}, {atV, dv}} {
		for i := range l {
			to := dqkv[s.at+i*ld:][:d]
			simd.Add(to, to, s.sum[i*d:])
		}
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
