package index

import (
	"cmp"
	"slices"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Pair is two vectors that are near each other, the one of the smaller row first.
type Pair struct {
	A, B       int
	Similarity float32 // as Hit's
}

// Within calls each with all pairs of the index's vectors whose similarity is at least least, by the rows of the first, then the second, until it returns false. Their
// number grows with the square of the vectors'.
func (f *Flat) Within(least float32, each func(p Pair) bool) {
	const lines = 256
	n, tile := f.Len(), f.tile()
	for a0 := 0; a0 < n; a0 += lines {
		some := copied(f.x.Rows(a0, min(n, a0+lines)))
		t0 := a0 / tile
		found := make([][]Pair, (n+tile-1)/tile-t0)
		parallel.For(len(found), func(t int) {
			f.near(some, (t0+t)*tile, min(n, (t0+t+1)*tile), func(i int, line []float32, first int) { f.pairs(&found[t], a0+i, first, line, least) })
		})
		all := slices.Concat(found...)
		slices.SortFunc(all, func(a, b Pair) int { return cmp.Or(a.A-b.A, a.B-b.B) })
		for _, p := range all {
			if !each(p) {
				return
			}
		}
	}
}

// slack is how far what a product says of a similarity is trusted: pairs so near the threshold are measured.
const slack = 1e-4

// pairs adds to found what of a line of similarities, from number first on, vector a is near to.
func (f *Flat) pairs(found *[]Pair, a, first int, line []float32, least float32) {
	limit := f.limit(a, least)
	for lo := 0; lo < len(line); lo += look {
		some := line[lo:min(lo+look, len(line))]
		if simd.Max(some) < limit {
			continue
		}
		for j, v := range some {
			b := first + lo + j
			if b <= a || v < limit || v != v {
				continue
			}
			if s := f.similar(a, b); s >= least {
				*found = append(*found, Pair{a, b, s})
			}
		}
	}
}

// limit is what a product must have, as finish leaves it, to be worth measuring.
func (f *Flat) limit(a int, least float32) float32 {
	switch f.by {
	case Cosine:
		return lengthen(least, f.parts[a])
	case Euclidean: // -|a-b|² = 2(a·b - |b|²/2) - |a|²
		l := (least + 2*f.parts[a]) / 2
		return l - slack*max(1, f.parts[a], l, -l)
	}
	return least - slack*max(1, least, -least)
}

// lengthen returns the least cosine times a vector's length, less the slack.
func lengthen(least, inverse float32) float32 {
	if inverse == 0 { // the cosine of nothing is 0, whatever its product
		return -slack
	}
	return (least - slack) / inverse
}
