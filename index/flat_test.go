package index

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// similarity is what Search must find, in float64.
func similarity(by Measure, q, x []float32) float64 {
	var dot, qq, xx, dist float64
	for j := range q {
		a, b := float64(q[j]), float64(x[j])
		dot, qq, xx, dist = dot+a*b, qq+a*a, xx+b*b, dist+(a-b)*(a-b)
	}
	switch {
	case by == Euclidean:
		return -dist
	case by == Cosine && qq*xx == 0:
		return 0
	case by == Cosine:
		return dot / math.Sqrt(qq*xx)
	}
	return dot
}

// all are the vectors that are an answer, in their order by float64.
func all(by Measure, q []float32, x *tensor.Tensor, skip func(at int) bool) (out []Hit, exact []float64) {
	for i := range x.Dim(0) {
		exact = append(exact, similarity(by, q, row(x, i)))
		if !skip(i) {
			out = append(out, Hit{At: i})
		}
	}
	slices.SortStableFunc(out, func(a, b Hit) int { return cmp.Compare(exact[b.At], exact[a.At]) })
	return out, exact
}

// TestSearch: the answers are those of sorting all similarities in float64, for few queries and many, whatever the number of threads, and a query has the
// same ones alone.
func TestSearch(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	rng := tensor.NewRNG(3)
	for _, n := range []int{1, 63, 64, 65, 3000} {
		x := rng.FillNormal(tensor.New(n, 37), 3, 1)
		for _, by := range []Measure{Cosine, Inner, Euclidean} {
			for _, m := range []int{1, fewQueries, fewQueries + 1, 1030} {
				if m > queriesAtOnce && n > 100 {
					n = 100
					x = x.Rows(0, n)
				}
				q := rng.FillNormal(tensor.New(m, 37), 3, 1)
				skip := func(query, at int) bool { return (query+at)%5 == 1 }
				f := New(x, by)
				for _, k := range []int{1, 10, n + 3} {
					var first [][]Hit
					for _, workers := range []int{1, 3} {
						parallel.SetWorkers(workers)
						got := f.Search(q, k, skip)
						if first == nil {
							first = got
						}
						if !slices.EqualFunc(got, first, slices.Equal) {
							t.Fatalf("measure %d, %d of %d: %d workers find others than 1", by, m, n, workers)
						}
					}
					for i, got := range first {
						want, exact := all(by, row(q, i), x, func(at int) bool { return skip(i, at) })
						if len(got) != min(k, len(want)) {
							t.Fatalf("measure %d, query %d of %d among %d: %d answers, want %d", by, i, m, n, len(got), min(k, len(want)))
						}
						for r, h := range got {
							if w := exact[want[r].At]; math.Abs(exact[h.At]-w) > 1e-5*max(1, math.Abs(w)) || math.Abs(float64(h.Similarity)-exact[h.At]) > 1e-5*max(1, math.Abs(w)) || skip(i, h.At) {
								t.Fatalf("measure %d, query %d of %d among %d, place %d is %v, want %v (%g)", by, i, m, n, r, h, want[r], w)
							}
						}
						if i < 3 {
							alone := f.Search(q.Rows(i, i+1), k, func(_, at int) bool { return skip(i, at) })[0]
							if !slices.Equal(alone, got) {
								t.Fatalf("measure %d, query %d of %d among %d has others alone", by, i, m, n)
							}
						}
					}
				}
			}
		}
	}
}

// TestLong: vectors whose products are summed in several blocks, in several tiles, for more queries than are multiplied at once: the k-th of all is where it is by float64.
func TestLong(t *testing.T) {
	rng := tensor.NewRNG(5)
	x, q := rng.FillNormal(tensor.New(600, 2*blockOfSum+70), 0, 1), rng.FillNormal(tensor.New(2*queriesInTile+1, 2*blockOfSum+70), 0, 1)
	for _, by := range []Measure{Cosine, Inner, Euclidean} {
		for i, hits := range New(x, by).Search(q, 4, nil) {
			want, exact := all(by, row(q, i), x, func(int) bool { return false })
			for r, h := range hits {
				if w := exact[want[r].At]; math.Abs(exact[h.At]-w) > 1e-5*max(1, math.Abs(w)) || math.Abs(float64(h.Similarity)-exact[h.At]) > 1e-5*max(1, math.Abs(w)) {
					t.Fatalf("measure %d, query %d, place %d is %v, want %v (%g)", by, i, r, h, want[r], w)
				}
			}
		}
	}
}

// TestTiles: vectors and queries beyond one tile are all looked at.
func TestTiles(t *testing.T) {
	const n, m = tileFloats/queriesAtOnce*2 + 17, queriesAtOnce + 9
	x, q := tensor.New(n, 2), tensor.New(m, 2)
	for i := range n {
		s, c := math.Sincos(float64(i) / n * 3)
		x.Data[2*i], x.Data[2*i+1] = float32(c), float32(s)
	}
	at := func(i int) int { return i * 3 % n }
	for i := range m {
		copy(row(q, i), row(x, at(i)))
	}
	for _, by := range []Measure{Cosine, Euclidean} {
		for i, hits := range New(x, by).Search(q, 3, nil) {
			if len(hits) != 3 || hits[0].At != at(i) || hits[1].At < at(i)-2 || hits[1].At > at(i)+2 {
				t.Fatalf("measure %d, query %d: %v, want %d first", by, i, hits, at(i))
			}
		}
	}
}

// TestEqual: equals come by their rows, also where not all of them are kept; what is no number is near nothing, zeros have cosine 0.
func TestEqual(t *testing.T) {
	x := tensor.New(300, 2)
	for i := range 300 {
		x.Data[2*i+i%2] = 1
	}
	nan := float32(math.NaN())
	x.Data[0], x.Data[2*130], x.Data[2*299+1] = nan, nan, nan
	clear(row(x, 4))
	for _, m := range []int{1, 20} {
		q := tensor.New(m, 2)
		for i := range m {
			q.Data[2*i] = 2
		}
		for i, hits := range New(x, Cosine).Search(q, 4, nil) {
			if got := fmt.Sprint(hits); got != "[{2 1} {6 1} {8 1} {10 1}]" {
				t.Fatalf("query %d of %d: %s", i, m, got)
			}
		}
		if hits := New(x, Cosine).Search(q, 300, nil)[m-1]; len(hits) != 297 || hits[147] != (Hit{1, 0}) && hits[146] != (Hit{1, 0}) {
			t.Fatalf("%d answers, want 297: %v", len(hits), hits[140:150])
		}
		clear(q.Data)
		if hits := New(x, Cosine).Search(q, 2, nil)[0]; fmt.Sprint(hits) != "[{1 0} {2 0}]" {
			t.Errorf("near zeros are %v", hits)
		}
		q.Data[0] = nan
		if hits := New(x, Cosine).Search(q, 2, nil)[0]; len(hits) != 0 {
			t.Errorf("near a NaN are %v", hits)
		}
	}
	if got := New(x, Inner).Search(tensor.New(1, 2), 0, nil); len(got) != 1 || got[0] != nil {
		t.Error(got)
	}
}

// TestTies: of many equal similarities the right ones are kept, in their order.
func TestTies(t *testing.T) {
	r := tensor.NewRNG(1)
	for range 300 {
		n := 1 + r.IntN(200)
		x, q := tensor.New(n, 1), tensor.From([]float32{1}, 1, 1)
		for i := range x.Data {
			x.Data[i] = float32(r.IntN(6))
		}
		k := 1 + r.IntN(n)
		want, _ := all(Inner, q.Data, x, func(int) bool { return false })
		got := New(x, Inner).Search(q, k, nil)[0]
		for i, g := range got {
			if g.At != want[i].At {
				t.Fatalf("%v: entry %d is %d, want %d", x.Data, i, g.At, want[i].At)
			}
		}
		if len(got) != k {
			t.Fatalf("%d of %d", len(got), k)
		}
	}
}

// TestFar: distances between vectors that lie together far from zero keep their digits.
func TestFar(t *testing.T) {
	x := tensor.NewRNG(1).FillNormal(tensor.New(500, 16), 1000, 1)
	q := tensor.NewRNG(2).FillNormal(tensor.New(20, 16), 1000, 1)
	for i, hits := range New(x, Euclidean).Search(q, 5, nil) {
		want, exact := all(Euclidean, row(q, i), x, func(int) bool { return false })
		for r, h := range hits {
			if h.At != want[r].At || math.Abs(float64(h.Similarity)-exact[h.At]) > 1e-4 {
				t.Fatalf("query %d, place %d is %v, want %d (%g)", i, r, h, want[r].At, exact[want[r].At])
			}
		}
	}
}

// TestWithin: the pairs are those of comparing all in float64, in their order, across tiles.
func TestWithin(t *testing.T) {
	for _, n := range []int{1, 2, 700} {
		x := tensor.NewRNG(5).FillNormal(tensor.New(n, 6), 0.3, 1)
		if n > 9 {
			clear(row(x, 9))
			copy(row(x, 600), row(x, 17))
		}
		for by, least := range map[Measure]float32{Cosine: 0.9, Inner: 8, Euclidean: -1.5} {
			var got, want []Pair
			New(x, by).Within(least, func(p Pair) bool { got = append(got, p); return true })
			for a := range n {
				for b := a + 1; b < n; b++ {
					if s := similarity(by, row(x, a), row(x, b)); s >= float64(least) {
						want = append(want, Pair{a, b, float32(s)})
					}
				}
			}
			if len(got) != len(want) || n > 2 && len(want) < 100 {
				t.Fatalf("measure %d of %d: %d pairs, want %d", by, n, len(got), len(want))
			}
			for i, p := range got {
				if p.A != want[i].A || p.B != want[i].B || math.Abs(float64(p.Similarity-want[i].Similarity)) > 1e-5 {
					t.Fatalf("pair %d is %v, want %v", i, p, want[i])
				}
			}
			count := 0
			New(x, by).Within(least, func(Pair) bool { count++; return count < 3 })
			if count != min(3, len(want)) {
				t.Errorf("%d pairs after an end at 3", count)
			}
		}
	}
}

func TestPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"none":    func() { New(tensor.New(0, 3), Cosine) },
		"a line":  func() { New(tensor.New(3), Cosine) },
		"queries": func() { New(tensor.New(2, 3), Cosine).Search(tensor.New(2, 4), 1, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkSearch(b *testing.B) {
	x := tensor.NewRNG(1).FillNormal(tensor.New(100000, 512), 0, 1)
	for by, name := range map[Measure]string{Inner: "ip", Euclidean: "l2"} {
		f := New(x, by)
		for _, m := range []int{1, 1000} {
			q := tensor.NewRNG(2).FillNormal(tensor.New(m, 512), 0, 1)
			b.Run(fmt.Sprintf("flat_%s/100kx512_q%d_k10", name, m), func(b *testing.B) {
				for b.Loop() {
					f.Search(q, 10, nil)
				}
				b.ReportMetric(float64(m)*float64(b.N)/b.Elapsed().Seconds(), "queries/s")
			})
		}
	}
}
