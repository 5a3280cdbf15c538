package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
)

// attentionRef is Attention and AttentionGrad by their definitions in float64.
func attentionRef(qkv, dy *Tensor, heads int) (y, lse, dqkv []float64) {
	n, l, c := qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]/3
	d := c / heads
	y, lse, dqkv = make([]float64, n*l*c), make([]float64, n*heads*l), make([]float64, n*l*3*c)
	at := func(b, h, which, i int) int { return (b*l+i)*3*c + which*c + h*d }
	scale := 1 / math.Sqrt(float64(d))
	for bh := range n * heads {
		b, h := bh/heads, bh%heads
		for i := range l {
			p, dp, top, sum, mean := make([]float64, l), make([]float64, l), math.Inf(-1), 0.0, 0.0
			for j := range l {
				for k := range d {
					p[j] += scale * float64(qkv.Data[at(b, h, 0, i)+k]) * float64(qkv.Data[at(b, h, 1, j)+k])
					dp[j] += float64(dy.Data[(b*l+i)*c+h*d+k]) * float64(qkv.Data[at(b, h, 2, j)+k])
				}
				top = max(top, p[j])
			}
			for j := range l {
				p[j] = math.Exp(p[j] - top)
				sum += p[j]
			}
			lse[bh*l+i] = top + math.Log(sum)
			for j := range l {
				p[j] /= sum
				mean += p[j] * dp[j]
			}
			for j := range l {
				ds := p[j] * (dp[j] - mean) * scale
				for k := range d {
					y[(b*l+i)*c+h*d+k] += p[j] * float64(qkv.Data[at(b, h, 2, j)+k])
					dqkv[at(b, h, 0, i)+k] += ds * float64(qkv.Data[at(b, h, 1, j)+k])
					dqkv[at(b, h, 1, j)+k] += ds * float64(qkv.Data[at(b, h, 0, i)+k])
					dqkv[at(b, h, 2, j)+k] += p[j] * float64(dy.Data[(b*l+i)*c+h*d+k])
				}
			}
		}
	}
	return y, lse, dqkv
}

// TestAttention compares forward and backward with the definition in float64, for one block of keys and several, sides that fill no
// block, scores so large that only a running maximum holds them, setting and adding, and the same bits everywhere.
func TestAttention(t *testing.T) {
	for _, s := range []struct {
		n, l, heads, d int
		std            float32
	}{{1, 1, 1, 1, 1}, {2, 5, 3, 4, 1}, {1, 65, 2, 64, 1}, {1, 57, 1, 7, 3}, {2, 256, 1, 5, 1}, {1, 257, 1, 33, 1}, {1, 300, 2, 9, 12}, {0, 5, 2, 3, 1}, {2, 0, 2, 3, 1}} {
		r := NewRNG(uint64(s.l + s.d))
		c := s.heads * s.d
		qkv, dy := r.FillNormal(New(s.n, s.l, 3*c), 0, s.std), r.FillNormal(New(s.n, s.l, c), 0, 1)
		what := fmt.Sprintf("%d of %d tokens, %d heads of %d", s.n, s.l, s.heads, s.d)
		got := sameEverywhere(t, what, func() [][]float32 {
			y, lse := New(s.n, s.l, c), New(s.n, s.heads, s.l)
			Attention(y, lse, qkv, s.heads)
			d, sum := New(s.n, s.l, 3*c).Fill(float32(math.NaN())), qkv.Clone()
			AttentionGrad(d, false, dy, y, lse, qkv, s.heads)
			AttentionGrad(sum, true, dy, y, lse, qkv, s.heads)
			for i, v := range sum.Data {
				if v != d.Data[i]+qkv.Data[i] {
					t.Fatalf("%s: adding gives %g, want %g + %g", what, v, qkv.Data[i], d.Data[i])
				}
			}
			return [][]float32{y.Data, lse.Data, d.Data}
		})
		y, lse, dqkv := attentionRef(qkv, dy, s.heads)
		for k, want := range [][]float64{y, lse, dqkv} {
			size := 1e-3
			for _, v := range want {
				size = max(size, math.Abs(v))
			}
			for i, v := range want {
				closeTo(t, fmt.Sprintf("%s: part %d, value %d", what, k, i), got[k][i], v, 3e-6*size*float64(max(1, s.std)))
			}
		}
	}
}

// TestAttentionOfNothingSure: a value that is no number spoils its own head of its own sample and no other.
func TestAttentionOfNothingSure(t *testing.T) {
	qkv := NewRNG(1).FillNormal(New(2, 5, 3*2*4), 0, 1)
	qkv.Data[5*24+2*24+8+4] = float32(math.NaN()) // sample 1, token 2, a key of head 1
	y, lse := New(2, 5, 8), New(2, 2, 5)
	Attention(y, lse, qkv, 2)
	for i, v := range y.Data {
		if want := i >= 40 && i%8 >= 4; (v != v) != want {
			t.Errorf("value %d is %g", i, v)
		}
	}
}

// TestAttentionAllocates: once its scratch is there, no more than three small things a call, what parallel.For is handed: nothing of the size of tokens.
func TestAttentionAllocates(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	parallel.SetWorkers(1)
	qkv := NewRNG(1).FillNormal(New(2, 70, 3*2*16), 0, 1)
	y, lse, d := New(2, 70, 32), New(2, 2, 70), New(2, 70, 96)
	if n := testing.AllocsPerRun(5, func() {
		Attention(y, lse, qkv, 2)
		AttentionGrad(d, false, y, y, lse, qkv, 2)
	}); n > 6 { // what the calls of parallel.For keep
		t.Errorf("%g allocations", n)
	}
}
