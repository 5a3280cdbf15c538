package index

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

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
	// of an IVF, whose rows lie in another order: the number of the row at each place, and its place
	at, place []int32
}

// New returns an index of the rows of x [N D]. It keeps x, which must not change then; for distances it keeps a copy as large. It panics where x is not [N D], of
// one row at least.
func New(x *tensor.Tensor, by Measure) *Flat {
	if len(x.Shape) != 2 || x.Dim(0) < 1 || x.Dim(1) < 1 {
		panic(fmt.Sprintf("index.New: vectors %v, want [N D]", x.Shape))
	}
	f := &Flat{by: by, x: x}
	if by == Euclidean {
		f.mean = meanOf(x)
		f.x = tensor.New(x.Shape...)
		f.shift(f.x, x)
	}
	f.sum()
	return f
}

// sum sets the parts.
func (f *Flat) sum() {
	if f.by == Inner {
		return
	}
	f.parts = make([]float32, f.Len())
	parallel.Chunks(len(f.parts), rowsAtOnce, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if f.by == Cosine {
				f.parts[i] = inverse(row(f.x, i))
			} else {
				f.parts[i] = simd.SumSquares(row(f.x, i)) / 2
			}
		}
	})
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

// meanOf returns the mean of those rows that are finite.
func meanOf(x *tensor.Tensor) []float32 {
	mean, variance := make([]float32, x.Dim(1)), make([]float32, x.Dim(1))
	tensor.BatchStats(mean, variance, x)
	if finite(mean) {
		return mean
	}
	some := tensor.New(0, x.Dim(1))
	for i := range x.Dim(0) {
		if finite(row(x, i)) {
			some.Data = append(some.Data, row(x, i)...)
			some.Shape[0]++
		}
	}
	clear(mean)
	if some.Dim(0) > 0 {
		tensor.BatchStats(mean, variance, some)
	}
	return mean
}

// finite tells whether a vector has a length.
func finite(x []float32) bool {
	s := simd.SumSquares(x)
	return s-s == 0
}

// shift sets the rows of y to those of x less the mean.
func (f *Flat) shift(y, x *tensor.Tensor) {
	parallel.Chunks(x.Dim(0), rowsAtOnce, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			simd.Sub(row(y, i), row(x, i), f.mean)
		}
	})
}

// seen returns queries as vectors are seen: for distances less the mean.
func (f *Flat) seen(queries *tensor.Tensor) *tensor.Tensor {
	if f.by != Euclidean {
		return queries
	}
	y := tensor.New(queries.Shape...)
	f.shift(y, queries)
	return y
}

// Len returns how many vectors there are.
func (f *Flat) Len() int { return f.x.Dim(0) }

// Dim returns how many values a vector has.
func (f *Flat) Dim() int { return f.x.Dim(1) }

// How much is multiplied at once. Queries are copied, so that they lie well in a cache; of them some meet a tile of vectors, packed for a product while the caches
// of one core hold it, and their similarities are looked through before they leave those caches.
const (
	queriesAtOnce = 1024
	queriesInTile = 56
	tileFloats    = 1 << 17 // of vectors
	mostInTile    = 256     // vectors
	blockOfSum    = 256     // an element is the sum, in order, of sums over so many values: what is packed of a few vectors then stays in a first-level cache
	away          = 16      // floats between rows, against powers of two
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
	q := f.seen(queries)
	for q0 := 0; q0 < m; q0 += queriesAtOnce {
		some := copied(q.Rows(q0, min(m, q0+queriesAtOnce)))
		tops := newTops(some.m, k)
		tile := f.tile()
		parallel.For((n+tile-1)/tile, func(t int) {
			f.near(some, t*tile, min(n, (t+1)*tile), func(i int, line []float32, first int) { tops[i].take(line, first, q0+i, nil, skip) })
		})
		parallel.For(some.m, func(i int) {
			f.measure(some.row(i), tops[i].hits)
			out[q0+i] = tops[i].hits
		})
	}
	return out
}

// asking are queries as products read them.
type asking struct {
	x        []float32
	m, d, ld int
}

func (a *asking) row(i int) []float32 { return a.x[i*a.ld : i*a.ld+a.d] }

// copied returns the rows of x [M D] as queries.
func copied(x *tensor.Tensor) *asking {
	a := &asking{m: x.Dim(0), d: x.Dim(1), ld: x.Dim(1) + away}
	a.x = make([]float32, a.m*a.ld)
	for i := range a.m {
		copy(a.row(i), row(x, i))
	}
	return a
}

// tile returns how many vectors are multiplied at once.
func (f *Flat) tile() int {
	panel := simd.Panel()
	return min(mostInTile, max(panel, tileFloats/f.Dim()/panel*panel))
}

// scratch is what a worker computes in.
type scratch struct{ packed, c []float32 }

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// grown returns a slice of n floats, x where it has so many.
func grown(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	return x[:n]
}

// near calls do for each query with a line of what orders the vectors low to high, a tile at most, by nearness to it, and with low.
func (f *Flat) near(q *asking, low, high int, do func(i int, line []float32, first int)) {
	n, d := high-low, f.Dim()
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.c = grown(s.c, queriesInTile*n)
	if q.m <= fewQueries {
		for j := range n {
			x := row(f.x, low+j)
			for i := range q.m {
				s.c[i*n+j] = simd.Dot(q.row(i), x)
			}
		}
		f.lines(s.c, n, 0, q.m, low, do)
		return
	}
	panel := simd.Panel()
	size := simd.PackedSize(blockOfSum, n)
	s.packed = grown(s.packed, (d+blockOfSum-1)/blockOfSum*size)
	for k0 := 0; k0 < d; k0 += blockOfSum {
		simd.PackBT(s.packed[k0/blockOfSum*size:], min(blockOfSum, d-k0), 0, f.x.Data[low*d+k0:], min(blockOfSum, d-k0), n, d)
	}
	for i0 := 0; i0 < q.m; i0 += queriesInTile {
		m := min(queriesInTile, q.m-i0)
		for k0 := 0; k0 < d; k0 += blockOfSum {
			a := simd.A{Data: q.x[i0*q.ld+k0:], LD: q.ld, K: min(blockOfSum, d-k0)}
			for j := 0; j < n; j += panel {
				simd.MulPanel(s.c[j:], n, m, min(panel, n-j), a, s.packed[k0/blockOfSum*size+simd.PackedOffset(a.K, j):], k0 > 0)
			}
		}
		f.lines(s.c, n, i0, m, low, do)
	}
}

// lines hands out m lines of c [M N], the products of queries from number i0 on with vectors from number first on.
func (f *Flat) lines(c []float32, n, i0, m, first int, do func(i int, line []float32, first int)) {
	for i := range m {
		line := c[i*n : (i+1)*n]
		f.finish(line, first)
		do(i0+i, line, first)
	}
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
		at := h.At
		if f.place != nil {
			at = int(f.place[at])
		}
		x := row(f.x, at)
		switch f.by {
		case Euclidean:
			sum := 0.0
			for j, v := range x {
				d := float64(query[j]) - float64(v)
				sum += float64(d * d)
			}
			h.Similarity = float32(-sum)
		case Cosine:
			h.Similarity = max(-1, min(1, simd.Dot(query, x)*f.parts[at]*length)) // but for rounding it is
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

// top are the k largest similarities seen so far, of equals those of smaller rows: a heap whose root is the last of them, once there are k. In which order they are
// seen makes no difference.
type top struct {
	mu    sync.Mutex
	least atomic.Uint32 // the bits of the root's similarity once there are k, before that of -Inf: what is less need not be told
	k     int
	hits  []Hit
}

func newTops(n, k int) []top {
	tops := make([]top, n)
	for i := range tops {
		tops[i].k = k
		tops[i].least.Store(math.Float32bits(float32(math.Inf(-1))))
	}
	return tops
}

// look is how many similarities are looked at for one that is large enough: almost none is, once many were seen.
const look = 64

// take looks through the similarities of a query with the vectors from place first on, whose numbers are in rows, nil where they are their places.
func (t *top) take(near []float32, first, query int, rows []int32, skip func(query, at int) bool) {
	least := math.Float32frombits(t.least.Load())
	for lo := 0; lo < len(near); lo += look {
		some := near[lo:min(lo+look, len(near))]
		if simd.Max(some) < least { // a NaN is not: then each is looked at
			continue
		}
		for j, v := range some {
			if !(v >= least) {
				continue
			}
			at := first + lo + j
			if rows != nil {
				at = int(rows[at])
			}
			if skip == nil || !skip(query, at) {
				least = t.add(Hit{at, v})
			}
		}
	}
}

// add takes a hit among the k, where it is one of them, and returns what others must have at least.
func (t *top) add(h Hit) float32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.hits) < t.k {
		t.hits = append(t.hits, h)
		t.rise(len(t.hits) - 1)
	} else if nearer(h, t.hits[0]) < 0 {
		t.hits[0] = h
		t.fall()
	}
	if len(t.hits) == t.k {
		t.least.Store(math.Float32bits(t.hits[0].Similarity))
	}
	return math.Float32frombits(t.least.Load())
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
