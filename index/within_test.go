package index

import (
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestWithinLimit: a pair whose similarity is just the threshold is found, whatever a product's last bits say, near or far, alike or opposite, of long vectors and of short ones.
func TestWithinLimit(t *testing.T) {
	const n, d = 60, 67
	x := tensor.NewRNG(8).FillNormal(tensor.New(n, d), 0, 1)
	for i := range n { // lengths from about 8 to 8000
		long := float32(int(1) << (i % 11))
		for j := range d {
			row(x, i)[j] *= long
		}
	}
	for _, by := range []Measure{Cosine, Inner, Euclidean} {
		f := New(x, by)
		var all []Pair
		f.Within(-1e12, func(p Pair) bool { all = append(all, p); return true })
		if len(all) != n*(n-1)/2 {
			t.Fatalf("measure %d: %d pairs of %d vectors", by, len(all), n)
		}
		for _, want := range all {
			at, more := false, 0
			f.Within(want.Similarity, func(p Pair) bool {
				at = at || p == want
				if p.Similarity < want.Similarity {
					t.Fatalf("measure %d: %v is below %g", by, p, want.Similarity)
				}
				more++
				return true
			})
			count := 0
			for _, p := range all {
				if p.Similarity >= want.Similarity {
					count++
				}
			}
			if !at || more != count {
				t.Fatalf("measure %d: with its own similarity as threshold %v is found: %v; %d pairs, want %d", by, want, at, more, count)
			}
		}
	}
}

// TestWithinNothing: a vector of zeros has cosine 0 with all, which is found where the threshold is 0 or less, and so are pairs that point away from each other.
func TestWithinNothing(t *testing.T) {
	x := tensor.From([]float32{0, 0, 3, 0, -2, 2, 0, 1}, 4, 2)
	for least, want := range map[float32][]Pair{
		0.5:  {{2, 3, 0.70710677}},
		0:    {{0, 1, 0}, {0, 2, 0}, {0, 3, 0}, {1, 3, 0}, {2, 3, 0.70710677}},
		-0.8: {{0, 1, 0}, {0, 2, 0}, {0, 3, 0}, {1, 2, -0.70710677}, {1, 3, 0}, {2, 3, 0.70710677}},
	} {
		var got []Pair
		New(x, Cosine).Within(least, func(p Pair) bool { got = append(got, p); return true })
		if len(got) != len(want) {
			t.Fatalf("from %g on: %v, want %v", least, got, want)
		}
		for i, p := range got {
			if d := p.Similarity - want[i].Similarity; p.A != want[i].A || p.B != want[i].B || !(d < 1e-6 && d > -1e-6) {
				t.Errorf("from %g on: %v, want %v", least, p, want[i])
			}
		}
	}
}

// TestWithinTiles: of more vectors than a tile is wide none is lost: those that lie a step apart on a line, in a mixed order.
func TestWithinTiles(t *testing.T) {
	const n = tileFloats/256 + 301
	x := tensor.New(n, 1)
	at := make([]int, n) // where on the line which row lies
	for i := range n {
		at[i*7919%n] = i
		x.Data[i] = float32(i * 7919 % n)
	}
	found := make([]bool, n)
	last := Pair{A: -1}
	New(x, Euclidean).Within(-1.5, func(p Pair) bool {
		lo := min(int(x.Data[p.A]), int(x.Data[p.B]))
		if found[lo] || p.Similarity != -1 || p.A >= p.B || p.A < last.A || p.A == last.A && p.B <= last.B || at[lo] != p.A && at[lo] != p.B {
			t.Fatalf("%v after %v", p, last)
		}
		found[lo], last = true, p
		return true
	})
	for i, f := range found[:n-1] {
		if !f {
			t.Fatalf("the pair of %d and %d on the line is missing", i, i+1)
		}
	}
}
