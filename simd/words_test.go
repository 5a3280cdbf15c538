package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestWordRows: every level's kernels of word vectors give the bits of the Go loops, for every width and number of rows, with rows that come twice.
func TestWordRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	fill := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = rng.Float32()*2 - 1
		}
		return x
	}
	scores, likely := fill(24), fill(32)
	for i := range scores {
		scores[i] *= 12
	}
	copy(scores, []float32{6, -6, 6.0000005, -6.0000005, float32(math.NaN()), 0})
	for _, l := range Levels() {
		for n := WordLanes; n <= 9*WordLanes; n += WordLanes {
			for k := 1; k < 12; k++ {
				const vocabulary = 7
				stride := n + WordLanes*rng.IntN(3)
				rows := make([]int32, k)
				for i := range rows {
					rows[i] = int32(rng.IntN(vocabulary))
				}
				table, h, g := fill(vocabulary*stride), fill(n), fill(k)
				type result struct{ mean, dots, clipped, skipped, e, table []float32 }
				run := func(l Level) result {
					restore, err := Use(l)
					if err != nil {
						t.Fatal(err)
					}
					defer restore()
					r := result{make([]float32, n), make([]float32, (n+31)/32*(k+3)), make([]float32, 24), make([]float32, 24), make([]float32, n), append([]float32(nil), table...)}
					WordsFetch(r.table, rows, stride, n)
					WordsMean(r.mean, r.table, rows, stride, n, 0.3)
					WordsDot(r.dots, h, r.table, rows, stride, n, k+3)
					WordsSlope(r.clipped, scores, likely, likely[8:], 0.7, false)
					WordsSlope(r.skipped, scores, likely, likely[8:], 0.7, true)
					WordsUpdate(r.e, h, r.table, rows, g, stride, n)
					WordsAdd(r.table, rows, r.e, stride, n)
					return r
				}
				got, want := run(l), run(Go)
				for name, pair := range map[string][2][]float32{"mean": {got.mean, want.mean}, "dots": {got.dots, want.dots}, "clipped": {got.clipped, want.clipped}, "skipped": {got.skipped, want.skipped}, "error": {got.e, want.e}, "table": {got.table, want.table}} {
					for i := range pair[0] {
						if !same(pair[0][i], pair[1][i]) {
							t.Fatalf("%v, %d columns, %d rows: %s[%d] is %g, want %g", l, n, k, name, i, pair[0][i], pair[1][i])
						}
					}
				}
			}
		}
	}
}
