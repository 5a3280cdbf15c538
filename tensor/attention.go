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

// plain tells whether rows of d values are whole panels, and tiles so wide that these need not be packed; see plain in matmul.go.
func (a *attention) plain() bool { return simd.Panel() >= widePanel && a.d%simd.Panel() == 0 }

// operand is l tokens' values of one head, as the right operand of products: where they lie, or packed, block by block.
type operand struct {
	at     []float32
	ld     int
	d      int
	block  int       // tokens of a block
	packed []float32 // nil where they lie
	size   int       // of a packed block
}

// rowsOf returns l tokens of d values, ld apart, in blocks; packed into what is taken from s, size floats a block, unless they are plain.
func (a *attention) rowsOf(s *parcels, at []float32, ld, l, block int) operand {
	r := operand{at: at, ld: ld, d: a.d, block: block}
	if a.plain() {
		return r
	}
	r.size = simd.PackedSize(min(l, block), a.d)
	r.packed = s.take((l + block - 1) / block * r.size)
	for b := 0; b*block < l; b++ {
		n := min(block, l-b*block)
		simd.PackB(r.packed[b*r.size:], n, 0, at[b*block*ld:], n, a.d, ld)
	}
	return r
}

// rowsSize returns how many floats rowsOf takes.
func (a *attention) rowsSize(l, block int) int {
	if a.plain() {
		return 0
	}
	return (l + block - 1) / block * simd.PackedSize(min(l, block), a.d)
}

// product sets c [m d], or adds, to the product of a and block b.
func (r *operand) product(c []float32, ldc, m int, a simd.A, b int, add bool) {
	if r.packed != nil {
		product(c, ldc, m, r.d, a, r.packed[b*r.size:], add)
		return
	}
	for j := 0; j < r.d; j += simd.Panel() {
		simd.MulPlain(c[j:], ldc, m, a, r.at[b*r.block*r.ld+j:], r.ld, add)
	}
}

// forward computes the queries lo to hi of one head.
func (a *attention) forward(y, lse []float32, sample, head, lo, hi int) {
	d, l := a.d, a.l
	most := min(l, attentionKeys)
	// keys as columns, queries where they lie
	sizeK := simd.PackedSize(d, l)
	blocks := (l + attentionKeys - 1) / attentionKeys
	rows := min(l, attentionRows)
	buffer := borrow(sizeK + a.rowsSize(l, attentionKeys) + rows*(most+d+4))
	defer giveBack(buffer)
	s := parcels(buffer)
	keys := s.take(sizeK)
	scores, out := s.take(rows*most), s.take(rows*d)
	top, sum, last, fix := s.take(rows), s.take(rows), s.take(rows), s.take(rows)
	at, ld := a.at(sample, head, 1)
	simd.PackBT(keys, d, 0, a.qkv[at:], d, l, ld)
	simd.Scale(keys, a.scale, keys)
	at, _ = a.at(sample, head, 2)
	values := a.rowsOf(&s, a.qkv[at:], ld, l, attentionKeys)
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
			values.product(out, d, m, simd.A{Data: scores, LD: n, K: n}, b, b > 0)
		}
		for r := range m {
			to := (sample*l+i+r)*a.h*d + head*d
			simd.Scale(y[to:to+d], 1/sum[r], out[r*d:])
		}
		simd.Log(sum[:m], sum)
		simd.Add(lse[i:i+m], top, sum)
	}
}

// backward computes the gradients of one head, each sum where it belongs in dqkv unless that is added to. Rows of dy for dp are scaled, so that ds is, and have one value
// more, -Σ dy·y, which values that end in 1 add to dp.
func (a *attention) backward(dqkv []float32, add bool, dy, y, lse []float32, sample, head int) {
	d, l, e := a.d, a.l, a.d+1
	most, rows := min(l, attentionKeys), min(l, attentionRows)
	blocks := (l + attentionKeys - 1) / attentionKeys
	sizeT, sizeV := simd.PackedSize(d, l), simd.PackedSize(e, l)
	size := sizeT + sizeV + a.rowsSize(l, attentionKeys) + 2*a.rowsSize(rows, rows) + 2*rows*most + rows*e + l
	if add {
		size += 3 * l * d
	}
	buffer := borrow(size)
	defer giveBack(buffer)
	s := parcels(buffer)
	keys, values := s.take(sizeT), s.take(sizeV)
	p, ds, g := s.take(rows*most), s.take(rows*most), s.take(rows*e)
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
	rowsK := a.rowsOf(&s, a.qkv[atK:], ld, l, attentionKeys)
	for i := 0; i < l; i += rows {
		m := min(rows, l-i)
		atY, ldY := (sample*l+i)*a.h*d+head*d, a.h*d
		for r := range m {
			row := dy[atY+r*ldY:][:d]
			simd.Scale(g[r*e:][:d], a.scale, row)
			g[r*e+d] = -a.scale * simd.Dot(row, y[atY+r*ldY:])
		}
		q := simd.A{Data: a.qkv[atQ+i*ld:], LD: ld, K: d}
		room := s // of these queries
		rowsQ, rowsG := a.rowsOf(&room, q.Data, ld, m, rows), a.rowsOf(&room, dy[atY:], ldY, m, rows)
		for b := range blocks {
			j := b * attentionKeys
			n := min(attentionKeys, l-j)
			product(p, n, m, n, q, keys[simd.PackedOffset(d, j):], false)
			for r := range m {
				row := p[r*n : (r+1)*n]
				simd.ExpSub(row, lse[i+r], row)
			}
			rowsG.product(dv[j*ldD:], ldD, n, simd.A{Data: p, LD: n, K: m, Transposed: true}, 0, i > 0)
			product(ds, n, m, n, simd.A{Data: g, LD: e, K: e}, values[simd.PackedOffset(e, j):], false)
			simd.Mul(ds[:m*n], ds, p)
			rowsQ.product(dk[j*ldD:], ldD, n, simd.A{Data: ds, LD: n, K: m, Transposed: true}, 0, i > 0)
			rowsK.product(dq[i*ldD:], ldD, m, simd.A{Data: ds, LD: n, K: n}, b, b > 0)
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
