package simd

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// onLine returns n values that begin `off` values behind the start of a cache line, guarded on both sides.
func onLine(n, off int) (whole, x []float32, at int) {
	whole, _ = guarded(n+32, 0)
	for at = 16; uintptr(unsafe.Pointer(&whole[at]))%64 != 0; {
		at++
	}
	at += off
	return whole, whole[at : at+n : at+n], at
}

// TestStreamedRows: rows of layer normalisation and of its gradient that go past the caches are the rows that do not, bit for
// bit, where they are whole lines and where they are not, in place too.
func TestStreamedRows(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 6))
	atEach(t, func(l Level) {
		for _, c := range []int{1, 8, 15, 16, 17, 24, 32, 48, 80, 100, 160} {
			for _, off := range []int{0, 4, 8, 15} {
				const rows = 3
				n := rows * c
				random := func(n int) []float32 {
					x := make([]float32, n)
					fill(x, r, false)
					return x
				}
				x, dy, gamma, beta := random(n), random(n), random(c), random(c)
				stats := func() ([]float32, []float32) { return make([]float32, rows), make([]float32, rows) }
				wy, y, ya := onLine(n, off)
				wdx, dx, dxa := onLine(n, off)
				want, mean, inv := make([]float32, n), []float32(nil), []float32(nil)
				equal := func(what string, got []float32) {
					t.Helper()
					for i := range want {
						if !same(got[i], want[i]) {
							t.Fatalf("%v, %d columns, offset %d: %s is %g at %d, want %g", l, c, off, what, got[i], i, want[i])
						}
					}
					checkGuards(t, "y", wy, n, ya)
					checkGuards(t, "dx", wdx, n, dxa)
				}
				mean, inv = stats()
				LayerNormRows(want, x, gamma, beta, mean, inv, 0.1, false)
				m2, i2 := stats()
				LayerNormRows(y, x, gamma, beta, m2, i2, 0.1, true)
				equal("y", y)
				copy(y, x)
				LayerNormRows(y, y, gamma, beta, m2, i2, 0.1, true)
				equal("y in place", y)
				for q := range mean {
					if mean[q] != m2[q] || inv[q] != i2[q] {
						t.Fatalf("%v: other statistics", l)
					}
				}
				sums := [4][]float32{random(c), random(c)}
				sums[2], sums[3] = append([]float32(nil), sums[0]...), append([]float32(nil), sums[1]...)
				LayerNormGradRows(want, sums[0], sums[1], dy, x, gamma, mean, inv, false)
				copy(dx, dy)
				LayerNormGradRows(dx, sums[2], sums[3], dx, x, gamma, mean, inv, true)
				equal("dx in place", dx)
				for j := range c {
					if sums[0][j] != sums[2][j] || sums[1][j] != sums[3][j] {
						t.Fatalf("%v: other gradients of gamma and beta", l)
					}
				}
			}
		}
	})
}

// TestStream: every length and place, what lies around it left alone; the source must reach.
func TestStream(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 7))
	atEach(t, func(l Level) {
		for n := range 200 {
			for off := range 16 {
				whole, dst, at := onLine(n, off)
				src := make([]float32, n+3)
				fill(src, r, true)
				Stream(dst, src)
				Fence()
				for i := range dst {
					if !same(dst[i], src[i]) {
						t.Fatalf("%v: %d values, offset %d: %g at %d, want %g", l, n, off, dst[i], i, src[i])
					}
				}
				checkGuards(t, "Stream", whole, n, at)
			}
		}
		if !panics(func() { Stream(make([]float32, 5), make([]float32, 4)[:4:4]) }) {
			t.Errorf("%v: a source that is too short is read", l)
		}
	})
}
