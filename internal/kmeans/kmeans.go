// Package kmeans divides points into clusters by k-means. The same points and seed give the same bits whatever the number of threads.
package kmeans

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Options of Fit. The zero value is the usual choice.
type Options struct {
	Restarts int // from other centres, of which the best counts; 0 means 10
	Rounds   int // of Lloyd's, at most; 0 means 300
	// Stop, if set, is asked before each centre is drawn and before each round, and ends all of it where it says so: the clusters are then those found so far.
	Stop func() bool
}

// Clusters are what points were divided into.
type Clusters struct {
	Centres *tensor.Tensor // [K D]
	Of      []int          // [N] the cluster of each point
	Inertia float64        // the sum of the points' squared distances to their centres
	Rounds  int            // after which no point changed its cluster, or as many as were allowed
}

// Fit divides points x [N D] into k clusters: Lloyd's rounds from centres of k-means++, drawn once for each restart; the clusters of the least
// inertia, of equals the first. It also returns all of them, in the order of the restarts. It panics unless 1 <= k <= N.
func Fit(x *tensor.Tensor, k int, o Options, rng *tensor.RNG) (best *Clusters, all []*Clusters) {
	if len(x.Shape) != 2 || k < 1 || k > x.Dim(0) {
		panic(fmt.Sprintf("kmeans.Fit: %d clusters of points %v, want [N D] and 1 to N clusters", k, x.Shape))
	}
	if o.Restarts == 0 {
		o.Restarts = 10
	}
	if o.Rounds == 0 {
		o.Rounds = 300
	}
	p := newPoints(x)
	p.stop = o.Stop
	for restart := range o.Restarts {
		c := p.lloyd(p.begin(k, rng.Derive(uint64(restart))), o.Rounds)
		all = append(all, c)
		if best == nil || c.Inertia < best.Inertia {
			best = c
		}
		if o.Stop != nil && o.Stop() {
			break
		}
	}
	return best, all
}

// Lloyd divides points x [N D] into clusters around centres [K D], in at most so many rounds (Lloyd, "Least squares quantization in PCM", 1982): each point
// to the nearest centre, of equals the first; each centre to the mean of its points. A centre that nothing is nearest to goes to the point that
// is farthest from its own, and takes it; where no point can be spared it stays. The centres given are left as they are.
func Lloyd(x, centres *tensor.Tensor, rounds int) *Clusters {
	if len(x.Shape) != 2 || len(centres.Shape) != 2 || x.Dim(1) != centres.Dim(1) || centres.Dim(0) < 1 || x.Dim(0) < 1 {
		panic(fmt.Sprintf("kmeans.Lloyd: centres %v of points %v, want [K D] and [N D]", centres.Shape, x.Shape))
	}
	p := newPoints(x)
	c := centres.Clone()
	p.shift(c, -1)
	return p.lloyd(c, rounds)
}

// Farthest returns k of the points x [N D] that are as far as can be from those before them, the first being x[first] (Gonzalez 1985); of equals the first.
func Farthest(x *tensor.Tensor, k, first int) *tensor.Tensor {
	n, d := x.Dim(0), x.Dim(1)
	centres := tensor.New(k, d)
	far := make([]float32, n)
	at := first
	for c := range k {
		copy(centres.Data[c*d:(c+1)*d], x.Data[at*d:])
		for i := range far {
			if to := squared(x.Data[i*d:(i+1)*d], centres.Data[c*d:]); c == 0 || to < far[i] {
				far[i] = to
			}
		}
		at = slices.Index(far, slices.Max(far))
	}
	return centres
}

// fewDims is below how many dimensions distances are sums of squared differences: a product has too little to do there.
const fewDims = 8

// points are what is divided. Those of many dimensions are seen from their mean, so that a product of two of them loses no digits to it.
type points struct {
	x       *tensor.Tensor // [N D] less the mean
	mean    []float32      // [D]; nil of few dimensions
	squares []float32      // [N] squared lengths; nil of few dimensions
	stop    func() bool    // as Options.Stop
}

func newPoints(x *tensor.Tensor) *points {
	n, d := x.Dim(0), x.Dim(1)
	if d < fewDims {
		return &points{x: x}
	}
	p := &points{x: x.Clone(), mean: make([]float32, d), squares: make([]float32, n)}
	tensor.BatchStats(p.mean, make([]float32, d), x)
	p.shift(p.x, -1)
	for i := range n {
		p.squares[i] = simd.SumSquares(p.x.Data[i*d : (i+1)*d])
	}
	return p
}

// shift adds sign times the mean to rows.
func (p *points) shift(rows *tensor.Tensor, sign float32) {
	if p.mean == nil {
		return
	}
	d := len(p.mean)
	for i := range rows.Dim(0) {
		simd.Axpy(rows.Data[i*d:(i+1)*d], sign, p.mean)
	}
}

// squared returns the squared distance of a and the first of b.
func squared(a, b []float32) (sum float32) {
	for i, v := range a {
		d := v - b[i]
		sum += float32(d * d)
	}
	return sum
}

// block is how many points' distances are computed at once.
const block = 512

// distances calls f for each point with its squared distances to centres [K D], several points at once.
func (p *points) distances(centres *tensor.Tensor, f func(i int, to []float32)) {
	n, d, k := p.x.Dim(0), p.x.Dim(1), centres.Dim(0)
	to := tensor.New(min(block, n), k)
	lengths := make([]float32, k)
	for c := range k {
		lengths[c] = simd.SumSquares(centres.Data[c*d : (c+1)*d])
	}
	for lo := 0; lo < n; lo += block {
		hi := min(n, lo+block)
		some := to.Rows(0, hi-lo)
		if p.mean != nil {
			tensor.MatMulNT(some, p.x.Rows(lo, hi), centres, false, tensor.Float32)
		}
		const piece = 64 // points that one worker takes
		parallel.For((hi-lo+piece-1)/piece, func(part int) {
			for r := part * piece; r < min(hi-lo, (part+1)*piece); r++ {
				row := some.Data[r*k : (r+1)*k]
				for c := range row {
					if p.mean == nil {
						row[c] = squared(p.x.Data[(lo+r)*d:(lo+r+1)*d], centres.Data[c*d:])
					} else {
						row[c] = max(0, lengths[c]+p.squares[lo+r]-2*row[c])
					}
				}
				f(lo+r, row)
			}
		})
	}
}

// begin draws k of the points as centres, each with a probability as its squared distance to the nearest before it (Arthur and Vassilvitskii,
// "k-means++: the advantages of careful seeding", 2007), of 2 + log k draws the one that leaves the least inertia, as scikit-learn.
func (p *points) begin(k int, rng *tensor.RNG) *tensor.Tensor {
	n, d := p.x.Dim(0), p.x.Dim(1)
	centres := tensor.New(k, d)
	near := make([]float32, n) // squared distance to the nearest centre
	for i := range near {
		near[i] = float32(math.Inf(1))
	}
	take := func(c, at int, to func(i int) float32) {
		copy(centres.Data[c*d:(c+1)*d], p.x.Data[at*d:(at+1)*d])
		for i := range near {
			near[i] = min(near[i], to(i))
		}
		near[at] = 0 // rounding aside
	}
	draws := 2 + int(math.Log(float64(k)))
	tried := tensor.New(draws, d)
	at := make([]int, draws)
	to := tensor.New(n, draws)
	keep := func(rows *tensor.Tensor) {
		p.distances(rows, func(i int, row []float32) { copy(to.Data[i*draws:(i+1)*draws], row) })
	}
	first := rng.IntN(n)
	keep(p.x.Rows(first, first+1))
	take(0, first, func(i int) float32 { return to.Data[i*draws] })
	for c := 1; c < k && (p.stop == nil || !p.stop()); c++ {
		for r := range at {
			at[r] = pick(near, rng)
			copy(tried.Data[r*d:(r+1)*d], p.x.Data[at[r]*d:(at[r]+1)*d])
		}
		keep(tried)
		best, least := 0, math.Inf(1)
		for r := range at {
			sum := 0.0
			for i, v := range near {
				sum += float64(min(v, to.Data[i*draws+r]))
			}
			if sum < least {
				best, least = r, sum
			}
		}
		take(c, at[best], func(i int) float32 { return to.Data[i*draws+best] })
	}
	return centres
}

// pick draws a place with a probability as its weight; where all are 0, any.
func pick(weight []float32, rng *tensor.RNG) int {
	total := 0.0
	for _, w := range weight {
		total += float64(w)
	}
	if total == 0 {
		return rng.IntN(len(weight))
	}
	left := float64(rng.Uint64()>>11) * 0x1p-53 * total
	last := 0
	for i, w := range weight {
		if w == 0 {
			continue
		}
		last = i
		if left -= float64(w); left < 0 {
			break
		}
	}
	return last
}

// lloyd moves the centres, which are seen from the mean, for at most so many rounds.
func (p *points) lloyd(centres *tensor.Tensor, rounds int) *Clusters {
	n := p.x.Dim(0)
	c := &Clusters{Centres: centres, Of: make([]int, n)}
	now, to := make([]int, n), make([]float32, n)
	for i := range c.Of {
		c.Of[i] = -1
	}
	nearest := func() {
		p.distances(centres, func(i int, row []float32) {
			best := 0
			for k, v := range row {
				if v < row[best] {
					best = k
				}
			}
			now[i], to[i] = best, row[best]
		})
	}
	nearest()
	for c.Rounds < rounds && !slices.Equal(c.Of, now) && (p.stop == nil || !p.stop()) {
		copy(c.Of, now)
		p.fill(c.Of, to, centres.Dim(0))
		p.move(centres, c.Of)
		c.Rounds++
		nearest()
	}
	copy(c.Of, now)
	c.Inertia = p.inertia(c)
	p.shift(c.Centres, 1)
	return c
}

// fill gives each cluster without points the one that is farthest from its centre, of those that do not lie alone.
func (p *points) fill(of []int, to []float32, k int) {
	size := make([]int, k)
	for _, c := range of {
		size[c]++
	}
	for c := range size {
		if size[c] > 0 {
			continue
		}
		far := -1
		for i, own := range of {
			if size[own] > 1 && (far < 0 || to[i] > to[far]) {
				far = i
			}
		}
		if far < 0 {
			return
		}
		size[of[far]]--
		of[far], to[far], size[c] = c, 0, 1
	}
}

// columns is how many dimensions of the centres one worker sums.
const columns = 64

// move sets centres [K D] to the means of their points, summed in the points' order.
func (p *points) move(centres *tensor.Tensor, of []int) {
	k, d := centres.Dim(0), centres.Dim(1)
	size := make([]int, k)
	for _, c := range of {
		size[c]++
	}
	parallel.For((d+columns-1)/columns, func(part int) {
		lo, hi := part*columns, min(d, (part+1)*columns)
		w := hi - lo
		sum := make([]float64, k*w)
		for i, c := range of {
			s := sum[c*w : (c+1)*w]
			for j, v := range p.x.Data[i*d+lo : i*d+hi] {
				s[j] += float64(v)
			}
		}
		for c, n := range size {
			for j := range w {
				if n > 0 {
					centres.Data[c*d+lo+j] = float32(sum[c*w+j] / float64(n))
				}
			}
		}
	})
}

// inertia is the sum of squared distances, by differences.
func (p *points) inertia(c *Clusters) (sum float64) {
	d := p.x.Dim(1)
	for i, k := range c.Of {
		for j, v := range p.x.Data[i*d : (i+1)*d] {
			e := float64(v) - float64(c.Centres.Data[k*d+j])
			sum += float64(e * e)
		}
	}
	return sum
}
