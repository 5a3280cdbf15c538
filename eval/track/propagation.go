package track

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// Options of a Propagation. The zero value is what Jabri et al. 2020 evaluate with.
type Options struct {
	TopK        int     // places that a place asks, those that are most like it; 0 means 10
	Context     int     // frames before the present one that are asked beside the first; 0 means 20, below 0 none
	Radius      int     // places of these frames that are less far away are asked, in cells; 0 means 12, below 0 all of them
	FirstRadius int     // the same of the first frame; 0 means all of it
	Temperature float32 // that cosines are divided by; 0 means 0.05
}

func (o Options) filled() Options {
	for _, f := range []struct {
		v     *int
		usual int
	}{{&o.TopK, 10}, {&o.Context, 20}, {&o.Radius, 12}} {
		if *f.v == 0 {
			*f.v = f.usual
		}
	}
	if o.Temperature == 0 {
		o.Temperature = 0.05
	}
	o.Context = max(o.Context, 0)
	if o.TopK < 1 || !(o.Temperature > 0) {
		fail("%d places asked at a temperature of %g, want at least 1 and one above 0", o.TopK, o.Temperature)
	}
	return o
}

func fail(format string, args ...any) {
	panic(&tensor.ShapeError{Op: "track", Msg: fmt.Sprintf(format, args...)})
}

// nothing is the part of a cell below which a label is not there: what leaks through the softmax would else spread over the whole picture within a few frames,
// and no cell could be passed over.
const nothing = 0.01

// Propagation carries labels from a film's first frame on (Jabri, Owens, Efros, "Space-time correspondence as a contrastive random walk", NeurIPS 2020,
// section 4, and the code that they released; Vondrick et al. 2018, section 3.5, is the same with one frame):
//
//	label of place i = Σ over the TopK places j of the context that are most like i: softmax(⟨fᵢ, fⱼ⟩ / Temperature)ⱼ · labelⱼ
//
// The context is the first frame, all of it, and the last Context others, within Radius of place i: of a film's first frames fewer, where the released code has
// the first one several times. Of places that are equally like i the earlier frame's is taken, in it the one further up, then further left. What is less
// than a hundredth afterwards is 0.
//
// No place is computed whose answer is known: where no label is within reach and, with all of the first frame in reach, TopK places of the previous frame are
// more like i than any that has a label, the labels are 0.
type Propagation struct {
	o          Options
	h, w, c, l int
	first      frame
	recent     []frame // the oldest first; without the first
	scratch    sync.Pool
}

// frame is what is kept of a frame.
type frame struct {
	features []float32 // [h·w c]
	labels   []float32 // [h·w l]
	near     []bool    // [h·w], whether some label is within reach; nil where all is in reach
}

// NewPropagation begins with a film's first frame: features [H W C], rows of unit length (tensor.L2Normalize), and labels [H W L], of which 0 everywhere is
// the ground, such as how much of a cell each object covers. Both are kept and must not be changed.
func NewPropagation(features, labels *tensor.Tensor, o Options) *Propagation {
	f, l := features.Shape, labels.Shape
	if len(f) != 3 || len(l) != 3 || f[0] != l[0] || f[1] != l[1] || f[0]*f[1]*f[2] == 0 {
		fail("features %v and labels %v, want [H W C] and [H W L]", f, l)
	}
	p := &Propagation{o: o.filled(), h: f[0], w: f[1], c: f[2], l: l[2]}
	p.first = frame{features: features.Data, labels: labels.Data}
	p.first.near = p.reach(labels.Data, p.o.FirstRadius)
	p.scratch.New = func() any { return &tile{} }
	return p
}

// Next returns the labels [H W L] of the next frame, of features [H W C] of unit length, which are kept and must not be changed. Work is cut by tiles of
// the frame: the same bits with any number of threads.
func (p *Propagation) Next(features *tensor.Tensor) *tensor.Tensor {
	if !slices.Equal(features.Shape, []int{p.h, p.w, p.c}) {
		fail("features %v behind those of a first frame, [%d %d %d]", features.Shape, p.h, p.w, p.c)
	}
	labels := tensor.New(p.h, p.w, p.l)
	q := query{p: p, features: features.Data, labels: labels.Data, seeds: p.seeds()}
	across := (p.w + tileW - 1) / tileW
	parallel.For((p.h+tileH-1)/tileH*across, func(i int) {
		t := p.scratch.Get().(*tile)
		q.tile(t, i/across*tileH, i%across*tileW)
		p.scratch.Put(t)
	})
	if p.o.Context > 0 {
		if len(p.recent) == p.o.Context {
			p.recent = slices.Delete(p.recent, 0, 1)
		}
		p.recent = append(p.recent, frame{features.Data, labels.Data, p.reach(labels.Data, max(p.o.Radius, 0))})
	}
	return labels
}

// reach tells for each place whether something is labelled less than radius away; nil for a radius of 0, which reaches all.
func (p *Propagation) reach(labels []float32, radius int) []bool {
	if radius == 0 {
		return nil
	}
	near := make([]bool, p.h*p.w)
	for y := range p.h {
		for x := range p.w {
			if !p.labelled(labels, y*p.w+x) {
				continue
			}
			for v := max(0, y-radius+1); v < min(p.h, y+radius); v++ {
				half := halfWidth(radius, v-y)
				for u := max(0, x-half); u <= min(p.w-1, x+half); u++ {
					near[v*p.w+u] = true
				}
			}
		}
	}
	return near
}

func (p *Propagation) labelled(labels []float32, place int) bool {
	for _, v := range labels[place*p.l : (place+1)*p.l] {
		if v != 0 {
			return true
		}
	}
	return false
}

// halfWidth returns how far a circle of places less than radius away reaches at a row dy off its middle, -1 where it does not.
func halfWidth(radius, dy int) int {
	for x := radius - 1; x >= 0; x-- {
		if x*x+dy*dy < radius*radius {
			return x
		}
	}
	return -1
}

// seeds returns the features of the first frame's places with labels, [N C], where all of it is in reach.
func (p *Propagation) seeds() []float32 {
	if p.first.near != nil {
		return nil
	}
	var out []float32
	for place := range p.h * p.w {
		if p.labelled(p.first.labels, place) {
			out = append(out, p.first.features[place*p.c:(place+1)*p.c]...)
		}
	}
	return out
}

// A tile's places are compared with a frame's together: the more, the more often a value that was loaded is used, and the more places are
// compared that are out of reach of most of them.
const tileH, tileW = 4, 16

// keyBlock is how many places a tile is compared with at a time.
const keyBlock = 512

// tile is the room that a worker needs.
type tile struct {
	places  []int32   // of the tile's places, those that are computed
	a       []float32 // [len(places) c], their features
	keys    []float32 // [n c], features of places that they are compared with
	where   []int32   // [n], which these are
	cosines []float32 // [len(places) n]
	best    []candidate
	found   []int // [len(places)], how many there are
}

// candidate is a place of the context.
type candidate struct {
	cosine float32
	labels []float32 // the frame's
	place  int32
}

// query is a frame whose labels are asked for.
type query struct {
	p                *Propagation
	features, labels []float32
	seeds            []float32
}

func resize[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return *s
}

// tile sets the labels of the places of a tile.
func (q *query) tile(t *tile, y0, x0 int) {
	q.choose(t, y0, x0)
	if len(t.places) == 0 {
		return
	}
	p := q.p
	resize(&t.best, len(t.places)*p.o.TopK)
	clear(resize(&t.found, len(t.places)))
	q.ask(t, &p.first, p.o.FirstRadius)
	for i := range p.recent {
		q.ask(t, &p.recent[i], max(p.o.Radius, 0))
	}
	for i, place := range t.places {
		q.mix(q.labels[int(place)*p.l:][:p.l], t.best[i*p.o.TopK:][:t.found[i]])
	}
}

// choose sets the places of a tile whose labels must be computed, and their features.
func (q *query) choose(t *tile, y0, x0 int) {
	p := q.p
	t.places = t.places[:0]
	var unsure []int32 // only the first frame could label them
	for y := y0; y < min(y0+tileH, p.h); y++ {
		for x := x0; x < min(x0+tileW, p.w); x++ {
			place := y*p.w + x
			near := p.first.near != nil && p.first.near[place]
			for i := range p.recent {
				near = near || p.recent[i].near == nil || p.recent[i].near[place]
			}
			switch {
			case near:
				t.places = append(t.places, int32(place))
			case len(q.seeds) > 0:
				unsure = append(unsure, int32(place))
			}
		}
	}
	if len(unsure) > 0 {
		q.unsure(t, unsure)
	}
	q.gather(t)
}

// gather copies the features of the tile's places.
func (q *query) gather(t *tile) {
	c := q.p.c
	resize(&t.a, len(t.places)*c)
	for i, place := range t.places {
		copy(t.a[i*c:(i+1)*c], q.features[int(place)*c:])
	}
}

// unsure adds to the tile those of places that some labelled place of the first frame may be among the most like of.
func (q *query) unsure(t *tile, places []int32) {
	p := q.p
	sure := t.places
	if len(p.recent) == 0 {
		t.places = append(sure, places...)
		return
	}
	t.places = slices.Clone(places)
	q.gather(t)
	highest := make([]float32, len(places))
	for i := range highest {
		highest[i] = float32(math.Inf(-1))
	}
	n := len(q.seeds) / p.c
	for from := 0; from < n; from += keyBlock {
		for i, row := range q.products(t, q.seeds[from*p.c:], min(keyBlock, n-from)) {
			highest[i] = max(highest[i], slices.Max(row))
		}
	}
	more := make([]int, len(places))
	last := &p.recent[len(p.recent)-1]
	q.window(t, last, p.o.Radius, func(i int, row []float32, where []int32) {
		for k, v := range row {
			if v > highest[i] && q.within(t.places[i], where[k], p.o.Radius) {
				more[i]++
			}
		}
	})
	t.places = sure
	for i, place := range places {
		if more[i] < p.o.TopK {
			t.places = append(t.places, place)
		}
	}
}

// within tells whether a place is less than radius away; 0 reaches all.
func (q *query) within(a, b int32, radius int) bool {
	w := int32(q.p.w)
	dy, dx := a/w-b/w, a%w-b%w
	return radius <= 0 || dy*dy+dx*dx < int32(radius*radius)
}

// products yields the cosines of each of the tile's places with n keys [n C].
func (q *query) products(t *tile, keys []float32, n int) func(yield func(i int, row []float32) bool) {
	m, c := len(t.places), q.p.c
	resize(&t.cosines, m*n)
	tensor.Gemm(1, tensor.Matrix{Data: t.a, Rows: m, Cols: c}, tensor.Matrix{Data: keys, Rows: n, Cols: c, Transposed: true}, 0,
		tensor.Matrix{Data: t.cosines, Rows: m, Cols: n})
	return func(yield func(i int, row []float32) bool) {
		for i := range m {
			if !yield(i, t.cosines[i*n:(i+1)*n]) {
				return
			}
		}
	}
}

// window hands to each the cosines of the tile's places with all places of a frame that are in reach of some of them, and which these are, in
// blocks from top to bottom.
func (q *query) window(t *tile, f *frame, radius int, each func(i int, row []float32, where []int32)) {
	p := q.p
	t.keys, t.where = t.keys[:0], t.where[:0]
	flush := func() {
		if len(t.where) > 0 {
			for i, row := range q.products(t, t.keys, len(t.where)) {
				each(i, row, t.where)
			}
		}
		t.keys, t.where = t.keys[:0], t.where[:0]
	}
	w := int32(p.w)
	for y := range p.h {
		low, high := p.w, -1
		for _, place := range t.places {
			half := p.w
			if radius > 0 {
				half = halfWidth(radius, y-int(place/w))
			}
			if half >= 0 {
				low, high = min(low, int(place%w)-half), max(high, int(place%w)+half)
			}
		}
		for x := max(low, 0); x <= min(high, p.w-1); {
			n := min(min(high, p.w-1)-x+1, keyBlock-len(t.where))
			at := y*p.w + x
			t.keys = append(t.keys, f.features[at*p.c:(at+n)*p.c]...)
			for k := range n {
				t.where = append(t.where, int32(at+k))
			}
			if x += n; len(t.where) == keyBlock {
				flush()
			}
		}
	}
	flush()
}

// ask puts a frame's places among the candidates.
func (q *query) ask(t *tile, f *frame, radius int) {
	top := q.p.o.TopK
	q.window(t, f, radius, func(i int, row []float32, where []int32) {
		best, n := t.best[i*top:(i+1)*top], t.found[i]
		for k, v := range row {
			if n == top && !(v > best[top-1].cosine) || !q.within(t.places[i], where[k], radius) {
				continue
			}
			if n < top {
				n++
			}
			at := n - 1
			for ; at > 0 && v > best[at-1].cosine; at-- {
				best[at] = best[at-1]
			}
			best[at] = candidate{v, f.labels, where[k]}
		}
		t.found[i] = n
	})
}

// mix sets a place's labels to the mean of its candidates', by the softmax of their cosines.
func (q *query) mix(dst []float32, best []candidate) {
	sum := 0.0
	mixed := make([]float64, len(dst))
	for _, b := range best {
		weight := math.Exp(float64(b.cosine-best[0].cosine) / float64(q.p.o.Temperature))
		sum += weight
		for l, v := range b.labels[int(b.place)*len(dst):][:len(dst)] {
			mixed[l] += weight * float64(v)
		}
	}
	for l, v := range mixed {
		if v /= sum; v >= nothing {
			dst[l] = float32(v)
		}
	}
}
