package index

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// groups are n vectors in so many groups.
func groups(n, d, k int, seed uint64) *tensor.Tensor {
	rng := tensor.NewRNG(seed)
	x := rng.FillNormal(tensor.New(n, d), 0, 0.7)
	if k > 0 {
		centres := tensor.NewRNG(99).FillNormal(tensor.New(k, d), 0.4, 1)
		for i := range n {
			c := rng.IntN(k)
			for j := range d {
				x.Data[i*d+j] += centres.Data[c*d+j]
			}
		}
	}
	return x
}

// recall is which part of what an exact search finds is found.
func recall(got, want [][]Hit) float64 {
	found, all := 0, 0
	for i, hits := range want {
		for _, h := range hits {
			all++
			if slices.Contains(got[i], h) {
				found++
			}
		}
	}
	return float64(found) / float64(all)
}

// TestIVF: the answers of all cells are the exact ones; of some, new queries have about the recall that was measured, which grows with their number; the same
// bits for any number of threads, for a query alone and among others.
func TestIVF(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, k := range []int{0, 40} { // uniform in direction, and in groups
		x, q := groups(6000, 24, k, 1), groups(500, 24, k, 2)
		for _, by := range []Measure{Cosine, Euclidean} {
			skip := func(query, at int) bool { return (query+at)%7 == 0 }
			exact, plain := New(x, by).Search(q, 10, skip), New(x, by).Search(q, 10, nil)
			var first *Division
			var before [][]Hit
			for _, workers := range []int{1, 3} {
				parallel.SetWorkers(workers)
				d := Divide(x, by, DivideOptions{Cells: 70})
				if first == nil {
					first = d
				} else if !slices.Equal(d.Of, first.Of) || !slices.Equal(d.Centres.Data, first.Centres.Data) || !slices.Equal(d.Found, first.Found) {
					t.Fatalf("%d workers divide otherwise than one", workers)
				}
				v := NewIVF(x, by, d)
				if got := v.Search(q, 10, 70, skip); !slices.EqualFunc(got, exact, slices.Equal) {
					t.Fatalf("%d groups, measure %d: all cells have other answers than an exact search", k, by)
				}
				last := 0.0
				for _, probe := range []int{1, 4, 16, 69} {
					got := v.Search(q, 10, probe, nil)
					r, want := recall(got, plain), d.Recall(probe)
					if math.Abs(r-want) > 0.03 || r < last {
						t.Errorf("%d groups, measure %d, %d cells: recall %.3f, told %.3f, of fewer %.3f", k, by, probe, r, want, last)
					}
					last = r
					if probe == 4 {
						for i := range 5 {
							if alone := v.Search(q.Rows(i, i+1), 10, probe, nil)[0]; !slices.Equal(alone, got[i]) {
								t.Errorf("query %d has others alone", i)
							}
						}
						if before != nil && workers > 1 && !slices.EqualFunc(got, before, slices.Equal) {
							t.Errorf("%d workers find others than one", workers)
						}
						before = got
					}
				}
			}
			if p := first.Probe(0.9); first.Recall(p) < 0.9 || p > 1 && first.Recall(p-1) >= 0.9 || first.Probe(2) != 70 || first.Recall(0) != 0 {
				t.Errorf("%d cells for 0.9, of recall %.3f", p, first.Recall(p))
			}
			if k > 0 && first.Recall(4) < 0.9 || k == 0 && first.Recall(4) > 0.9 {
				t.Errorf("%d groups: recall %.3f of 4 cells", k, first.Recall(4))
			}
		}
	}
}

// TestOddRows: rows that are not finite are near nothing, rows of zeros and equal rows are found as by an exact search, and there may be fewer rows than cells, or none that
// is finite; a cell may be empty.
func TestOddRows(t *testing.T) {
	for _, by := range []Measure{Cosine, Euclidean} {
		x := groups(300, 8, 5, 3)
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		x.Data[8*3], x.Data[8*40+7], x.Data[8*41] = nan, inf, -inf
		clear(row(x, 5))
		clear(row(x, 200))
		for i := 250; i < 280; i++ {
			copy(row(x, i), row(x, 9))
		}
		q := groups(12, 8, 5, 4)
		clear(row(q, 1))
		copy(row(q, 2), row(x, 9))
		odd := func(_, at int) bool { return at == 3 || at == 40 || at == 41 }
		want := New(x, by).Search(q, 20, odd)
		d := Divide(x, by, DivideOptions{Cells: 1000})
		if n := d.Centres.Dim(0); n != 297-29 {
			t.Fatalf("%d cells", n)
		} else if d.Fit(1000) != n || d.Fit(20) != 20 {
			t.Errorf("of 1000 wished for %d fit, of 20 %d", d.Fit(1000), d.Fit(20))
		}
		if d.Of[3] != -1 || d.Of[40] != -1 || d.Of[41] != -1 {
			t.Errorf("rows that are not finite are in cells %d, %d, %d", d.Of[3], d.Of[40], d.Of[41])
		}
		if got := NewIVF(x, by, d).Search(q, 20, 1000, nil); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("measure %d: all cells have other answers", by)
		}
		if got := NewIVF(x, by, d).Search(q.Rows(2, 3), 31, 1, nil)[0]; len(got) != 31 || got[0].At != 9 || got[30].At != 279 {
			t.Errorf("the nearest cell has %v, want row 9 and its copies", got)
		}
		q.Data[0] = nan
		if got := NewIVF(x, by, d).Search(q, 3, 4, nil); len(got[0]) != 0 || len(got[1]) != 3 {
			t.Errorf("near a NaN are %v", got[0])
		}
		d.Centres.Data[0] = 1e6 // a cell that nothing looks into
		for i, c := range d.Of {
			if c == 0 {
				d.Of[i] = 1
			}
		}
		if got := NewIVF(x, by, d).Search(q.Rows(1, 12), 20, 1000, nil); !slices.EqualFunc(got, want[1:], slices.Equal) {
			t.Errorf("measure %d: beside an empty cell there are other answers", by)
		}
		for _, n := range []int{1, 4, 11} {
			some := x.Rows(0, n)
			d := Divide(some, by, DivideOptions{})
			want := New(some, by).Search(q.Rows(1, 12), 3, odd)
			if got := NewIVF(some, by, d).Search(q.Rows(1, 12), 3, d.Probe(1), nil); !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("measure %d, %d rows: %v, want %v", by, n, got, want)
			}
			if r := d.Recall(1); math.IsNaN(r) != (n == 4) {
				t.Errorf("%d rows: %d asked, recall %g", n, d.Asked, r)
			}
		}
		none := tensor.From([]float32{nan, 0, inf, 1}, 2, 2)
		v := NewIVF(none, by, Divide(none, by, DivideOptions{}))
		if got := v.Search(tensor.New(1, 2), 3, 1, nil); fmt.Sprint(got) != "[[]]" {
			t.Errorf("among none that is finite: %v", got)
		}
		v.Within(0, 1, func(Pair) bool { t.Error("a pair of rows that are not finite"); return true })
	}
}

// TestIVFWithin: of all cells the pairs are those of an exact comparison, each once; of some, so many as is told.
func TestIVFWithin(t *testing.T) {
	x := groups(1500, 8, 60, 5)
	clear(row(x, 9))
	copy(row(x, 600), row(x, 17))
	for by, least := range map[Measure]float32{Cosine: 0.97, Euclidean: -1} {
		var want []Pair
		New(x, by).Within(least, func(p Pair) bool { want = append(want, p); return true })
		v := NewIVF(x, by, Divide(x, by, DivideOptions{Cells: 30}))
		for _, probe := range []int{1, 3, 30} {
			var got []Pair
			found, of := v.Within(least, probe, func(p Pair) bool { got = append(got, p); return true })
			part := float64(len(got)) / float64(len(want))
			if told := float64(found) / float64(of); math.Abs(told-part) > 0.05 || of < len(want)*3/4 || of > len(want) {
				t.Errorf("measure %d, %d cells: %.3f of the pairs, told %.3f of %d; there are %d", by, probe, part, told, of, len(want))
			}
			slices.SortFunc(got, func(a, b Pair) int { return (a.A-b.A)*1500 + a.B - b.B })
			if probe == 30 && !slices.EqualFunc(got, want, func(a, b Pair) bool { return a.A == b.A && a.B == b.B }) {
				t.Errorf("measure %d: all cells have %d pairs, want %d", by, len(got), len(want))
			}
			for i, p := range got {
				if i > 0 && p.A == got[i-1].A && p.B == got[i-1].B {
					t.Fatalf("%v is there twice", p)
				}
			}
			count := 0
			v.Within(least, probe, func(Pair) bool { count++; return count < 3 })
			if count != 3 {
				t.Errorf("%d pairs after an end at 3", count)
			}
		}
	}
}
