package index

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/tessera-go/tessera/internal/kmeans"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Division is how vectors are divided into cells, and what it costs to look into some of them only.
type Division struct {
	Centres *tensor.Tensor // [K D]; of cosines, those of vectors of length 1
	Of      []int32        // [N] the cell of each vector, that of the nearest centre; -1 of one that is not finite, which is near nothing
	// Asked is how many nearest neighbours of vectors held out were asked for, Found [K] how many of them lay in the nearest cell of the vector held out, in the nearest two,
	// and so on: for vectors held out had no part in the centres, this is the recall that new queries may expect.
	Asked int
	Found []int
}

// DivideOptions are those of Divide. The zero value is the usual choice.
type DivideOptions struct {
	Cells int    // 0 means Cells(N); never more than vectors
	Seed  uint64 // of which vectors centres are made of, and which are held out
}

// What centres are made of, and what is held out.
const (
	pointsOfCell = 64   // vectors a cell, at most
	roundsOfCell = 10   // of Lloyd's
	mostHeld     = 1000 // vectors held out, and at most a tenth of all
	heldNearest  = 10   // neighbours each is asked for
	divideAtOnce = 1 << 14
)

// Cells returns how many cells n vectors are usually divided into: the square root of n, so that a cell has as many vectors as there are cells.
func Cells(n int) int { return max(1, int(math.Sqrt(float64(n)))) }

// Divide divides the rows of x [N D] into cells by k-means with some of them. The same rows, measure and seed give the same bits whatever the number of threads. It
// panics where x is not [N D] of one row at least, and for Inner, whose nearest cells say little of the largest products.
func Divide(x *tensor.Tensor, by Measure, o DivideOptions) *Division {
	if len(x.Shape) != 2 || x.Dim(0) < 1 || x.Dim(1) < 1 || by == Inner {
		panic(fmt.Sprintf("index.Divide: vectors %v by measure %d, want [N D] by Cosine or Euclidean", x.Shape, by))
	}
	n, d := x.Dim(0), x.Dim(1)
	var order []int // of finite rows
	for _, i := range tensor.NewRNG(o.Seed).Derive(stream.Cells).Perm(n) {
		if finite(row(x, i)) {
			order = append(order, i)
		}
	}
	held := heldOf(len(order))
	if o.Cells == 0 {
		o.Cells = Cells(n)
	}
	cells := fit(o.Cells, len(order))
	v := &Division{Centres: tensor.New(cells, d), Of: make([]int32, n)}
	if len(order) > 0 {
		some := gathered(x, by, order[held:min(len(order), held+pointsOfCell*cells)])
		v.Centres = kmeans.Lloyd(some, some.Rows(0, cells), roundsOfCell).Centres
	}
	v.assign(x, by)
	v.judge(x, by, order[:held])
	return v
}

// heldOf returns how many of so many finite vectors are held out.
func heldOf(finite int) int { return min(mostHeld, finite/10) }

// fit returns how many cells, of so many wished for, finite vectors are divided into.
func fit(cells, finite int) int { return max(1, min(cells, finite-heldOf(finite))) }

// Fit returns how many cells Divide makes of these vectors where so many, at least 1, are wished for: no more than there are finite vectors that are not held out.
func (v *Division) Fit(cells int) int {
	finite := 0
	for _, c := range v.Of {
		if c >= 0 {
			finite++
		}
	}
	return fit(cells, finite)
}

// gathered returns rows of x as cells see them.
func gathered(x *tensor.Tensor, by Measure, rows []int) *tensor.Tensor {
	y := tensor.New(len(rows), x.Dim(1))
	parallel.Chunks(len(rows), rowsAtOnce, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			from := row(x, rows[r])
			if by == Cosine {
				simd.Scale(row(y, r), inverse(from), from)
			} else {
				copy(row(y, r), from)
			}
		}
	})
	return y
}

// scaled returns rows as cells see them.
func scaled(x *tensor.Tensor, by Measure) *tensor.Tensor {
	if by != Cosine {
		return x
	}
	all := make([]int, x.Dim(0))
	for i := range all {
		all[i] = i
	}
	return gathered(x, by, all)
}

// assign sets each row's cell.
func (v *Division) assign(x *tensor.Tensor, by Measure) {
	centres, n := New(v.Centres, Euclidean), x.Dim(0)
	for lo := 0; lo < n; lo += divideAtOnce {
		some := x.Rows(lo, min(n, lo+divideAtOnce))
		for i, hits := range centres.Search(scaled(some, by), 1, nil) {
			v.Of[lo+i] = -1
			if finite(row(some, i)) && len(hits) > 0 {
				v.Of[lo+i] = int32(hits[0].At)
			}
		}
	}
}

// judge counts in which of the nearest cells of the rows held the rows nearest to them lie.
func (v *Division) judge(x *tensor.Tensor, by Measure, held []int) {
	cells := v.Centres.Dim(0)
	v.Found = make([]int, cells)
	if len(held) == 0 {
		return
	}
	q := tensor.New(len(held), x.Dim(1))
	for r, i := range held {
		copy(row(q, r), row(x, i))
	}
	truth := New(x, by).Search(q, heldNearest, func(query, at int) bool { return held[query] == at })
	centres := New(v.Centres, Euclidean)
	some := copied(centres.seen(scaled(q, by)))
	near := make([]float32, len(held)*cells)
	tile := centres.tile()
	parallel.For((cells+tile-1)/tile, func(t int) {
		centres.near(some, t*tile, min(cells, (t+1)*tile), func(i int, line []float32, first int) { copy(near[i*cells+first:], line) })
	})
	for r, hits := range truth {
		line := near[r*cells : (r+1)*cells]
		for _, h := range hits {
			of := v.Of[h.At]
			v.Asked++
			if of < 0 {
				continue
			}
			before := 0
			for c, s := range line {
				if s > line[of] || s == line[of] && c < int(of) {
					before++
				}
			}
			v.Found[before]++
		}
	}
	for p := 1; p < cells; p++ {
		v.Found[p] += v.Found[p-1]
	}
}

// Recall returns which part of the ten nearest of vectors held out lay in their nearest cells, so many of them, 0 of none; NaN where too few vectors were there to hold some out.
func (v *Division) Recall(probe int) float64 {
	switch {
	case probe < 1:
		return 0
	case probe >= v.Centres.Dim(0):
		return 1
	case v.Asked == 0:
		return math.NaN()
	}
	return float64(v.Found[probe-1]) / float64(v.Asked)
}

// Probe returns the least number of cells whose recall is as large.
func (v *Division) Probe(recall float64) int {
	cells := v.Centres.Dim(0)
	for p := 1; p < cells; p++ {
		if v.Recall(p) >= recall {
			return p
		}
	}
	return cells
}

// IVF are vectors in cells, of which a search looks into those that are nearest to a query (the inverted file of Jégou, Douze, Schmid, "Product quantization for nearest
// neighbor search", 2011, section IV, without its codes): approximate, and exact where it looks into all.
type IVF struct {
	by      Measure
	of      *Division
	centres *Flat
	rows    *Flat // a cell's lie together, by their numbers
	start   []int // [K+1] where those of a cell begin
}

// NewIVF returns an index of the rows of x [N D], divided for this measure. It keeps a copy of them. It panics where the division is not of as many vectors of as many values.
func NewIVF(x *tensor.Tensor, by Measure, of *Division) *IVF {
	if len(x.Shape) != 2 || x.Dim(0) != len(of.Of) || x.Dim(1) != of.Centres.Dim(1) || by == Inner {
		panic(fmt.Sprintf("index.NewIVF: a division of %d vectors, centres %v, for vectors %v by measure %d", len(of.Of), of.Centres.Shape, x.Shape, by))
	}
	n, cells := x.Dim(0), of.Centres.Dim(0)
	v := &IVF{by: by, of: of, centres: New(of.Centres, Euclidean), start: make([]int, cells+1)}
	for _, c := range of.Of {
		if c >= 0 {
			v.start[c+1]++
		}
	}
	for c := range cells {
		v.start[c+1] += v.start[c]
	}
	f := &Flat{by: by, x: tensor.New(v.start[cells], x.Dim(1)), at: make([]int32, v.start[cells]), place: make([]int32, n)}
	next := slices.Clone(v.start)
	for i, c := range of.Of {
		if c >= 0 {
			f.at[next[c]], f.place[i] = int32(i), int32(next[c])
			next[c]++
		}
	}
	parallel.Chunks(len(f.at), rowsAtOnce, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			copy(row(f.x, p), row(x, int(f.at[p])))
		}
	})
	if by == Euclidean {
		f.mean = meanOf(x)
		f.shift(f.x, f.x)
	}
	f.sum()
	v.rows = f
	return v
}

// visits says which cells queries look into, and which queries a cell is looked into by.
type visits struct {
	cells [][]int32 // of each query, the nearest first
	of    [][]int32 // of each cell, queries by their numbers
}

// visit returns the nearest cells of queries.
func (v *IVF) visit(queries *tensor.Tensor, probe int) *visits {
	all := &visits{cells: make([][]int32, queries.Dim(0)), of: make([][]int32, v.centres.Len())}
	for i, hits := range v.centres.Search(scaled(queries, v.by), probe, nil) {
		for _, h := range hits {
			all.cells[i] = append(all.cells[i], int32(h.At))
			all.of[h.At] = append(all.of[h.At], int32(i))
		}
	}
	return all
}

// Search is Flat's, among the vectors of the cells, probe of them, whose centres are nearest to a query: a query may miss some of its k nearest, and has fewer than k where
// these cells have fewer. Cells that several queries look into are read once for all of them. It panics where queries are not [M D] with D as in the index, or probe is below 1.
func (v *IVF) Search(queries *tensor.Tensor, k, probe int, skip func(query, at int) bool) [][]Hit {
	if len(queries.Shape) != 2 || queries.Dim(1) != v.rows.Dim() || probe < 1 {
		panic(fmt.Sprintf("index.Search: queries %v of vectors %v in %d cells", queries.Shape, v.rows.x.Shape, probe))
	}
	m := queries.Dim(0)
	out := make([][]Hit, m)
	if k = min(k, v.rows.Len()); k <= 0 {
		return out
	}
	for q0 := 0; q0 < m; q0 += divideAtOnce {
		some := queries.Rows(q0, min(m, q0+divideAtOnce))
		all, q := v.visit(some, probe), v.rows.seen(some)
		tops := newTops(q.Dim(0), k)
		parallel.For(len(all.of), func(c int) {
			asks := all.of[c]
			v.cell(c, q, asks, func(i int, line []float32, first int) {
				tops[asks[i]].take(line, first, q0+int(asks[i]), v.rows.at, skip)
			})
		})
		parallel.For(q.Dim(0), func(i int) {
			v.rows.measure(row(q, i), tops[i].hits)
			out[q0+i] = tops[i].hits
		})
	}
	return out
}

var askings = sync.Pool{New: func() any { return new(asking) }}

// cell calls do as near does, for some of the queries with the vectors of a cell.
func (v *IVF) cell(c int, q *tensor.Tensor, asks []int32, do func(i int, line []float32, first int)) {
	if len(asks) == 0 || v.start[c] == v.start[c+1] {
		return
	}
	s := askings.Get().(*asking)
	defer askings.Put(s)
	s.m, s.d, s.ld = len(asks), q.Dim(1), q.Dim(1)+away
	s.x = grown(s.x, s.m*s.ld)
	for i, a := range asks {
		copy(s.row(i), row(q, int(a)))
	}
	tile := v.rows.tile()
	for lo := v.start[c]; lo < v.start[c+1]; lo += tile {
		v.rows.near(s, lo, min(lo+tile, v.start[c+1]), do)
	}
}

// Within is Flat's, of pairs of which one looks into the cell of the other, by the cell of the one that is looked at, then as Flat's. Of the pairs that some rows, a thousand at
// most, have with any other, counted exactly, it finds so many.
func (v *IVF) Within(least float32, probe int, each func(p Pair) bool) (found, of int) {
	const cells = 64 // whose pairs are kept at once
	all := v.visitOwn(probe)
	found, of = v.judge(all, least)
	for c0 := 0; c0 < len(all.of); c0 += cells {
		pairs := make([][]Pair, min(cells, len(all.of)-c0))
		parallel.For(len(pairs), func(i int) { pairs[i] = v.pairs(c0+i, all, least) })
		for _, some := range pairs {
			for _, p := range some {
				if !each(p) {
					return found, of
				}
			}
		}
	}
	return found, of
}

// judge counts the pairs that some rows have, each once, and those that are found.
func (v *IVF) judge(all *visits, least float32) (found, of int) {
	f, n := v.rows, v.rows.Len()
	m := min(mostHeld, n)
	asks, limits := make([]int, m), make([]float32, m)
	asked := make([]bool, n)
	q := tensor.New(m, f.Dim())
	for i := range asks { // spread over the cells
		asks[i] = i * n / m
		asked[asks[i]] = true
		limits[i] = f.limit(asks[i], least)
		copy(row(q, i), row(f.x, asks[i]))
	}
	some, tile := copied(q), f.tile()
	counts := make([][2]int, (n+tile-1)/tile)
	parallel.For(len(counts), func(t int) {
		f.near(some, t*tile, min(n, (t+1)*tile), func(i int, line []float32, first int) {
			for j, s := range line {
				if a, b := asks[i], first+j; s >= limits[i] && a != b && !(asked[b] && b < a) && f.similar(a, b) >= least {
					counts[t][1]++
					if slices.Contains(all.cells[a], v.cellOf(b)) || slices.Contains(all.cells[b], v.cellOf(a)) {
						counts[t][0]++
					}
				}
			}
		})
	})
	for _, c := range counts {
		found, of = found+c[0], of+c[1]
	}
	return found, of
}

// similar measures the similarity of the vectors at two places.
func (f *Flat) similar(a, b int) float32 {
	h := [1]Hit{{At: b}}
	if f.at != nil {
		h[0].At = int(f.at[b])
	}
	f.measure(row(f.x, a), h[:])
	return h[0].Similarity
}

// cellOf returns the cell of the vector at a place.
func (v *IVF) cellOf(place int) int32 { return v.of.Of[v.rows.at[place]] }

// visitOwn returns which cells the rows look into, by their places.
func (v *IVF) visitOwn(probe int) *visits {
	all := &visits{of: make([][]int32, v.centres.Len())}
	for lo := 0; lo < v.rows.Len(); lo += divideAtOnce {
		some := v.rows.x.Rows(lo, min(v.rows.Len(), lo+divideAtOnce))
		if v.by == Euclidean { // back to where centres are
			some = some.Clone()
			for i := range some.Dim(0) {
				simd.Axpy(row(some, i), 1, v.rows.mean)
			}
		}
		part := v.visit(some, probe)
		all.cells = append(all.cells, part.cells...)
		for c, rows := range part.of {
			for _, r := range rows {
				all.of[c] = append(all.of[c], int32(lo)+r)
			}
		}
	}
	return all
}

// pairs returns the near pairs of the vectors of a cell with those that look into it, each pair from one side only.
func (v *IVF) pairs(c int, all *visits, least float32) (found []Pair) {
	asks, f := all.of[c], v.rows
	limits := make([]float32, len(asks))
	for i, a := range asks {
		limits[i] = f.limit(int(a), least)
	}
	v.cell(c, f.x, asks, func(i int, line []float32, first int) {
		a := int(asks[i])
		if simd.Max(line) < limits[i] { // a NaN is not
			return
		}
		for j, s := range line {
			b := first + j
			if !(s >= limits[i]) || a == b {
				continue
			}
			one, other := int(f.at[a]), int(f.at[b])
			if one > other && slices.Contains(all.cells[b], v.cellOf(a)) { // the other finds it
				continue
			}
			if s := f.similar(a, b); s >= least {
				found = append(found, Pair{min(one, other), max(one, other), s})
			}
		}
	})
	slices.SortFunc(found, func(a, b Pair) int { return cmp.Or(a.A-b.A, a.B-b.B) })
	return found
}
