package simd

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkWords(b *testing.B) {
	const n, v = 112, 20000
	t0, t1 := make([]float32, n*v), make([]float32, n*v)
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 2, v-1)
	rows := make([]int32, 12*4096)
	for i := range rows {
		rows[i] = int32(zipf.Uint64())
	}
	h, e, d, f, g := make([]float32, n), make([]float32, n), make([]float32, 16*6), make([]float32, 8), make([]float32, 8)
	for i := 0; b.Loop(); i++ {
		r := rows[i%4096*12:][:12]
		WordsMean(h, t0, r[:6], n, n, 0.16)
		WordsDot(d, h, t1, r[6:], n, n, 8)
		WordsSlope(g, f, f, f, 0.1, false)
		WordsUpdate(e, h, t1, r[6:], g, n, n)
		WordsAdd(t0, r[:6], e, n, n)
	}
}
