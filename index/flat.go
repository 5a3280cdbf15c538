package index

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Measure is what makes vectors near.
type Measure int

// The measures. A vector of zeros has cosine 0 with anything.
const (
	Cosine    Measure = iota
	Inner             // the inner product
	Euclidean         // the distance
)

// Hit is a vector near a query.
type Hit struct {
	At         int     // its row
	Similarity float32 // the cosine, the inner product, or the squared distance with its sign turned round: the larger, the nearer
}

// Flat are vectors that are searched through one by one.
type Flat struct {
	by    Measure
	x     *tensor.Tensor // [N D], for distances less the mean
	mean  []float32      // [D], for distances: seen from it products keep their digits
	parts []float32      // [N], for cosines 1 over the lengths, for distances half of the squared lengths
}

// New returns an index of the rows of x [N D]. It keeps x, which must not change then; for distances it keeps a copy as large. It panics where x is not [N D], of
// one row at least.
func New(x *tensor.Tensor, by Measure) *Flat {
	if len(x.Shape) != 2 || x.Dim(0) < 1 || x.Dim(1) < 1 {
		panic(fmt.Sprintf("index.New: vectors %v, want [N D]", x.Shape))
	}
	f := &Flat{by: by, x: x}
	if by == Euclidean {
		f.mean = make([]float32, x.Dim(1))
		tensor.BatchStats(f.mean, make([]float32, x.Dim(1)), x)
		f.x = f.shifted(x)
	}
	if by != Inner {
		f.parts = make([]float32, x.Dim(0))
		parallel.Chunks(len(f.parts), rowsAtOnce, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				if by == Cosine {
					f.parts[i] = inverse(row(x, i))
				} else {
					f.parts[i] = simd.SumSquares(row(f.x, i)) / 2
				}
			}
		})
	}
	return f
}

// rowsAtOnce is how many rows are a piece of work where little is done to each.
const rowsAtOnce = 256

func row(x *tensor.Tensor, i int) []float32 { return x.Data[i*x.Dim(1) : (i+1)*x.Dim(1)] }

// inverse returns 1 over a vector's length, 0 for one of zeros.
func inverse(x []float32) float32 {
	if s := simd.SumSquares(x); s != 0 {
		return float32(1 / math.Sqrt(float64(s)))
	}
	return 0
}

// shifted returns the rows less the mean.
func (f *Flat) shifted(x *tensor.Tensor) *tensor.Tensor {
	y := tensor.New(x.Shape...)
	parallel.Chunks(x.Dim(0), rowsAtOnce, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			simd.Sub(row(y, i), row(x, i), f.mean)
		}
	})
	return y
}

// Len returns how many vectors there are.
func (f *Flat) Len() int { return f.x.Dim(0) }

// Dim returns how many values a vector has.
func (f *Flat) Dim() int { return f.x.Dim(1) }

// How much is multiplied at once: queries, and as many vectors as make a tile of similarities that stays in a cache that all cores share.
const (
	queriesAtOnce = 1024
	tileFloats    = 1 << 21
)

// fewQueries is up to how many queries are multiplied one by one with a vector while it is in a cache: there is too little to do to pack it for a product.
const fewQueries = 8

// Search returns for each row of queries [M D] the k nearest vectors, the nearest first, of equals those of smaller rows first. skip tells which vectors are
// no answer to a query, nil for none; it is called by several goroutines at once. A query has fewer than k where there are fewer. Vectors whose similarity is not
// a number are near nothing. The answer is the same bits whatever the number of threads. Similarities are the same for a query alone and among others; which
// are the k largest is decided by products in float32, whose last bits may differ. It panics where queries are not [M D] with D as in the index.
func (f *Flat) Search(queries *tensor.Tensor, k int, skip func(query, at int) bool) [][]Hit {
	if len(queries.Shape) != 2 || queries.Dim(1) != f.Dim() {
		panic(fmt.Sprintf("index.Search: queries %v of vectors %v", queries.Shape, f.x.Shape))
	}
	m, n := queries.Dim(0), f.Len()
	out := make([][]Hit, m)
	if k = min(k, n); k <= 0 || m == 0 {
		return out
	}
	q := queries
	if f.by == Euclidean {
		q = f.shifted(queries)
	}
	lines := min(m, queriesAtOnce)
	wide := min(n, tileFloats/lines)
	tile := make([]float32, lines*wide)
	for q0 := 0; q0 < m; q0 += lines {
		some := q.Rows(q0, min(m, q0+lines))
		tops := make([]top, some.Dim(0))
		for i := range tops {
			tops[i] = top{k: k, hits: make([]Hit, 0, k)}
		}
		for x0 := 0; x0 < n; x0 += wide {
			near := tensor.From(tile[:len(tops)*min(wide, n-x0)], len(tops), min(wide, n-x0))
			f.products(near, some, x0)
			parallel.Chunks(len(tops), 8, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					f.finish(row(near, i), x0)
					tops[i].take(row(near, i), x0, q0+i, skip)
				}
			})
		}
		parallel.For(len(tops), func(i int) {
			f.measure(row(some, i), tops[i].hits)
			out[q0+i] = tops[i].hits
		})
	}
	return out
}

// products sets near [M B] to the inner products of queries [M D] with B vectors from number first on.
func (f *Flat) products(near, queries *tensor.Tensor, first int) {
	x := f.x.Rows(first, first+near.Dim(1))
	if queries.Dim(0) > fewQueries {
		tensor.MatMulNT(near, queries, x, false, tensor.Float32)
		return
	}
	parallel.Chunks(x.Dim(0), rowsAtOnce, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			for i := range queries.Dim(0) {
				near.Data[i*x.Dim(0)+j] = simd.Dot(row(queries, i), row(x, j))
			}
		}
	})
}

// finish makes a query's products with the vectors from number first on what orders them: the query's own length, which all share, is left out.
func (f *Flat) finish(near []float32, first int) {
	switch f.by {
	case Cosine:
		simd.Mul(near, near, f.parts[first:first+len(near)])
	case Euclidean:
		simd.Sub(near, near, f.parts[first:first+len(near)])
	}
}

// measure sets the similarities of hits to those that are told, one by one, and orders by them.
func (f *Flat) measure(query []float32, hits []Hit) {
	length := float32(1)
	if f.by == Cosine {
		length = inverse(query)
	}
	for i := range hits {
		h := &hits[i]
		x := row(f.x, h.At)
		switch f.by {
		case Euclidean:
			sum := 0.0
			for j, v := range x {
				d := float64(query[j]) - float64(v)
				sum += float64(d * d)
			}
			h.Similarity = float32(-sum)
		case Cosine:
			h.Similarity = max(-1, min(1, simd.Dot(query, x)*f.parts[h.At]*length)) // but for rounding it is
		default:
			h.Similarity = simd.Dot(query, x)
		}
	}
	slices.SortFunc(hits, nearer)
}

// nearer orders hits: the nearest first, of equals those of smaller rows.
func nearer(a, b Hit) int {
	switch {
	case a.Similarity > b.Similarity:
		return -1
	case a.Similarity < b.Similarity:
		return 1
	}
	return a.At - b.At
}

// top are the k largest similarities seen so far: a heap whose root is the least, once there are k.
type top struct {
	k    int
	hits []Hit
}

// look is how many similarities are looked at for one that is large enough: almost none is, once many were seen.
const look = 64

// take looks through the similarities of a query with the vectors from number first on.
func (t *top) take(near []float32, first, query int, skip func(query, at int) bool) {
	for lo := 0; lo < len(near); lo += look {
		some := near[lo:min(lo+look, len(near))]
		if len(t.hits) == t.k && simd.Max(some) <= t.hits[0].Similarity { // of a NaN nothing is less: then each is looked at
			continue
		}
		for j, v := range some {
			if at := first + lo + j; len(t.hits) < t.k {
				if v == v && (skip == nil || !skip(query, at)) {
					t.hits = append(t.hits, Hit{at, v})
					t.rise(len(t.hits) - 1)
				}
			} else if v > t.hits[0].Similarity && (skip == nil || !skip(query, at)) { // an equal one has a larger row
				t.hits[0] = Hit{at, v}
				t.fall()
			}
		}
	}
}

// rise moves a hit to its place from below.
func (t *top) rise(i int) {
	for i > 0 {
		up := (i - 1) / 2
		if nearer(t.hits[up], t.hits[i]) > 0 {
			return
		}
		t.hits[up], t.hits[i] = t.hits[i], t.hits[up]
		i = up
	}
}

// fall moves the root to its place.
func (t *top) fall() {
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(t.hits) {
			return
		}
		if c+1 < len(t.hits) && nearer(t.hits[c+1], t.hits[c]) > 0 {
			c++
		}
		if nearer(t.hits[c], t.hits[i]) < 0 {
			return
		}
		t.hits[i], t.hits[c] = t.hits[c], t.hits[i]
		i = c
	}
}
