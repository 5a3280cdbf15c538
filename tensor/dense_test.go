package tensor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// rated times f in turn with a kernel that does nothing but move as many bytes, and reports the smallest times: GB/s, each value
// that is read or written counted once, and the share of the bare rate.
func rated(b *testing.B, name string, bytes int, f, bare func()) {
	b.Run(name, func(b *testing.B) {
		best := [2]float64{math.Inf(1), math.Inf(1)}
		for range b.N {
			for i, g := range []func(){f, bare} {
				t := time.Now()
				g()
				best[i] = min(best[i], time.Since(t).Seconds())
			}
		}
		b.ReportMetric(float64(bytes)/best[0]/1e9, "GB/s")
		b.ReportMetric(best[1]/best[0], "of-bare")
		b.ReportMetric(0, "ns/op")
	})
}

// bare moves as many streams as a kernel: reads of them and a write, or two reads and no write.
type bare struct{ y, a, b *Tensor }

func (m bare) one() func() { return func() { Scale(m.y, 1, m.a) } }
func (m bare) two() func() { return func() { Add(m.y, m.a, m.b) } }
func (m bare) read() func() {
	return func() {
		parallel.Chunks(len(m.a.Data), chunk, func(lo, hi int) { simd.Dot(m.a.Data[lo:hi], m.b.Data[lo:hi]) })
	}
}

func BenchmarkLayerNorm(b *testing.B) {
	for _, s := range [][]int{{1 << 13, 768}, {1 << 15, 192}, {1 << 11, 3072}, {1 << 16, 100}} {
		r := NewRNG(1)
		x, y, dy, dx := r.FillNormal(New(s...), 0, 1), New(s...), r.FillNormal(New(s...), 0, 1), New(s...)
		rows, c := s[0], s[1]
		gamma, beta := r.FillNormal(New(c), 1, 0.1).Data, r.FillNormal(New(c), 0, 0.1).Data
		mean, inv, dgamma, dbeta := make([]float32, rows), make([]float32, rows), make([]float32, c), make([]float32, c)
		m := bare{dx, x, dy}
		rated(b, fmt.Sprintf("forward/%dx%d", rows, c), 8*x.Len(), func() { LayerNorm(y, x, 1e-5, gamma, beta, mean, inv) }, m.one())
		rated(b, fmt.Sprintf("backward/%dx%d", rows, c), 12*x.Len(), func() { LayerNormGrad(dx, false, dgamma, dbeta, dy, x, gamma, mean, inv) }, m.two())
	}
}
