package flow

import (
	"math"
	"sync"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// FarnebackOptions are those of Farnebäck's method; the zero value is the usual choice.
type FarnebackOptions struct {
	Scale      float64 // of a level of the pyramid to the one below it, above 0 and below 1; 0 means 0.5
	Levels     int     // of the pyramid above the full size, as long as they have 32 pixels a side; 0 means 3, negative none
	Window     int     // pixels a side over which the displacement is taken to be one, odd; 0 means 15
	Iterations int     // at each level; 0 means 3
	Radius     int     // of the neighbourhood that a polynomial describes, pixels; 0 means 5
	Sigma      float64 // of the Gaussian weights of that neighbourhood, pixels; 0 means 1.2
	Gaussian   bool    // weigh the window by a Gaussian of 0.3 of half its side: finer and slower than equal weights
}

func (o FarnebackOptions) filled() FarnebackOptions {
	set := func(v *int, usual int) {
		if *v == 0 {
			*v = usual
		}
	}
	set(&o.Levels, 3)
	set(&o.Window, 15)
	set(&o.Iterations, 3)
	set(&o.Radius, 5)
	if o.Scale == 0 {
		o.Scale = 0.5
	}
	if o.Sigma == 0 {
		o.Sigma = 1.2
	}
	switch {
	case !(o.Scale > 0 && o.Scale < 1):
		fail("Farneback", "a pyramid scale of %g, want one above 0 and below 1", o.Scale)
	case o.Window < 1 || o.Window%2 == 0:
		fail("Farneback", "a window of %d pixels, want an odd number above 0", o.Window)
	case o.Iterations < 1:
		fail("Farneback", "%d iterations, want at least 1", o.Iterations)
	case o.Radius < 1:
		fail("Farneback", "a neighbourhood of radius %d, want at least 1", o.Radius)
	case !(o.Sigma > 0):
		fail("Farneback", "a sigma of %g, want one above 0", o.Sigma)
	}
	return o
}

// Farneback returns the flow [H W 2] from prev to next, grey pictures [H W] of 0 to 255, by polynomial expansion: G. Farnebäck,
// "Two-frame motion estimation based on polynomial expansion" (2003). For the frames of a film an Estimator is faster.
func Farneback(prev, next *tensor.Tensor, o FarnebackOptions) *tensor.Tensor {
	wantPair("Farneback", prev, next)
	to := tensor.New(prev.Shape[0], prev.Shape[1], 2)
	NewEstimator(o).Flow(to, prev, next)
	return to
}

// Estimator is Farnebäck's method with memory that it keeps from one pair of pictures to the next. It is for one goroutine at a time.
//
// Each picture becomes a field of polynomials. Where the second picture is the first one moved by d, their coefficients obey
// A·d = Δb with A = (A₁ + A₂)/2 and Δb = -(b₂ - b₁)/2 (eq. 9 and 10), b₂ and A₂ taken at the place that the flow so far points to,
// and Δb with A times that flow added (eq. 14 and 15). Over a window d is the least squares solution, (Σ AᵀA)⁻¹ Σ AᵀΔb (eq. 12). That is done
// several times, and from a small picture to a large one (section 7).
//
// Beyond the paper, and as others do it: next to the border the equations count for less, since the polynomials there stand on
// repeated pixels; a place outside the second picture has the first one's A and a slope of 0; and 10⁻³ is added to the determinant,
// so that where nothing is seen nothing moves.
type Estimator struct {
	o       FarnebackOptions
	basis   basis
	window  window
	level   []level // from the full size to the smallest
	frame   [2][]expansion
	latest  int  // which of the two frames is the last that Next was given
	seen    bool // there is one
	u, v    [2][]float32
	current int                  // which of the two flows is the one so far
	motion  [equations][]float32 // [h+2r w+2r], with copies of the border
	picture []float32            // of a level, [h w+2r]
	rows    []float32            // of a level, of the full width, [h W]
	epsilon []float32            // a row of what is added to the determinant

	mu      sync.Mutex
	scratch []*scratch // of workers that rest

	// What the pieces of work under way read; the functions are made once, since a closure is an allocation.
	source                                                       []float32
	at                                                           int
	one, two                                                     *expansion
	resampleBand, expandBand, enlargeBand, motionBand, solveBand func(i int)
}

// level is a size of the pyramid.
type level struct {
	h, w          int
	down, across  resampling // from the full size
	larger, wider resampling // of the flow, from the next smaller level
}

// equations are the parts of the normal equations of a pixel, AᵀA and AᵀΔb.
const (
	g11 = iota
	g12
	g22
	h1
	h2
	equations
)

// band is how many rows make a piece of work; smallest how many pixels a side a level has at least; attenuated how many pixels at
// a border count for less.
const band, smallest, attenuated = 16, 32, 5

// border is how much the equations of pixels at a border count, squared since A and Δb are both weighted. The weights are OpenCV's; in pictures
// of less than ten pixels a side, where it leaves most of them out, they hold here too.
var border = [attenuated]float32{0.14 * 0.14, 0.14 * 0.14, 0.4472 * 0.4472, 0.4472 * 0.4472, 0.4472 * 0.4472}

// NewEstimator returns an Estimator for pictures of any size; memory is taken when the first picture comes.
func NewEstimator(o FarnebackOptions) *Estimator {
	o = o.filled()
	e := &Estimator{o: o, basis: newBasis(o.Radius, o.Sigma), window: window{r: o.Window / 2}}
	if r := o.Window / 2; o.Gaussian && r > 0 {
		for _, g := range gaussian(r, 0.3*float64(r))[r:] {
			e.window.weight = append(e.window.weight, float32(g))
		}
	}
	e.resampleBand, e.expandBand, e.enlargeBand, e.motionBand, e.solveBand = e.resample, e.expand, e.enlarge, e.equate, e.solve
	return e
}

// Flow sets dst [H W 2] to the flow from prev to next, [H W] each.
func (e *Estimator) Flow(dst, prev, next *tensor.Tensor) {
	wantPair("Estimator.Flow", prev, next)
	wantFlow("Estimator.Flow", dst, prev.Shape[0], prev.Shape[1])
	e.fit(prev.Shape[0], prev.Shape[1])
	e.seen = false
	e.add(0, prev)
	e.add(1, next)
	e.estimate(dst, e.frame[0], e.frame[1])
}

// Next sets dst [H W 2] to the flow from the picture of the call before to this one, [H W], and says whether there was one of that
// size. What it learns of a picture it keeps for the next call: half the work of Flow that does not depend on the pair.
func (e *Estimator) Next(dst, picture *tensor.Tensor) bool {
	wantPicture("Estimator.Next", "the picture", picture)
	wantFlow("Estimator.Next", dst, picture.Shape[0], picture.Shape[1])
	e.fit(picture.Shape[0], picture.Shape[1])
	before := e.latest
	e.latest = 1 - before
	e.add(e.latest, picture)
	if !e.seen {
		e.seen = true
		return false
	}
	e.estimate(dst, e.frame[before], e.frame[e.latest])
	return true
}

// Reset forgets the last picture: the next one begins a film.
func (e *Estimator) Reset() { e.seen = false }

// fit takes memory for pictures of h by w.
func (e *Estimator) fit(h, w int) {
	if len(e.level) > 0 && e.level[0].h == h && e.level[0].w == w {
		return
	}
	e.seen = false
	e.level, e.scratch = e.level[:0], nil
	for k, scale := 0, 1.0; k == 0 || k <= e.o.Levels && float64(w)*scale >= smallest && float64(h)*scale >= smallest; k, scale = k+1, scale*e.o.Scale {
		kernel := []float64{0.25, 0.5, 0.25} // what the full size is smoothed with
		if k > 0 {
			sigma := (1/scale - 1) / 2
			kernel = gaussian(max(int(math.RoundToEven(5*sigma))|1, 3)/2, sigma)
		}
		l := level{h: max(int(math.RoundToEven(float64(h)*scale)), 1), w: max(int(math.RoundToEven(float64(w)*scale)), 1)}
		l.down, l.across = blurred(h, l.h, kernel), blurred(w, l.w, kernel)
		if k > 0 {
			below := &e.level[k-1]
			below.larger, below.wider = blurred(l.h, below.h, []float64{1}), blurred(l.w, below.w, []float64{1})
		}
		e.level = append(e.level, l)
	}
	for i := range e.frame {
		e.frame[i] = make([]expansion, len(e.level))
		for k, l := range e.level {
			n := l.h * l.w
			for c := range coefficients {
				e.frame[i][k].plane[c] = make([]float32, n)
			}
			e.frame[i][k].mixed = make([]float32, coefficients*(n+l.w)+13) // with what lies behind the last pixel's neighbours
		}
		e.u[i], e.v[i] = make([]float32, h*w), make([]float32, h*w)
	}
	r := e.window.r
	for c := range e.motion {
		e.motion[c] = make([]float32, (h+2*r)*(w+2*r))
	}
	e.picture, e.rows = make([]float32, h*(w+2*e.basis.r)), make([]float32, h*w)
	side := float32(e.o.Window)
	if e.o.Gaussian {
		side = 1
	}
	e.epsilon = make([]float32, w) // the sums of a window of equal weights are side² times a mean
	for i := range e.epsilon {
		e.epsilon[i] = 1e-3 * side * side * side * side
	}
}

// each runs f for every band of h rows.
func each(h int, f func(i int)) { parallel.For((h+band-1)/band, f) }

// scratch is the memory of a worker, enough for any piece of work.
type scratch struct {
	rows        []float32 // whatever a piece needs
	at, outside []int32   // of a row: where its pixels are in the second picture, and which are outside it
	fx, fy      []float32 // and the fractions
}

// take and give lend scratch memory to a worker.
func (e *Estimator) take() *scratch {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.scratch); n > 0 {
		s := e.scratch[n-1]
		e.scratch = e.scratch[:n-1]
		return s
	}
	w, wide, r := e.level[0].w, e.level[0].w+2*e.window.r, e.window.r
	n := max(5*(w+2*e.basis.r), coefficients*w, (equations+1)*band*wide+2*(band+2*r)*wide) // of expand, equate and solve
	return &scratch{make([]float32, n), make([]int32, w), make([]int32, w), make([]float32, w), make([]float32, w)}
}

func (e *Estimator) give(s *scratch) {
	e.mu.Lock()
	e.scratch = append(e.scratch, s)
	e.mu.Unlock()
}

// add expands a picture at every level.
func (e *Estimator) add(frame int, picture *tensor.Tensor) {
	e.source = picture.Data
	for k := range e.level {
		e.at, e.one = k, &e.frame[frame][k]
		each(e.level[k].h, e.resampleBand)
		each(e.level[k].h, e.expandBand)
	}
	e.source, e.one = nil, nil
}

// resample makes a band of the picture of a level, with copies of its border to the left and right.
func (e *Estimator) resample(i int) {
	l, r := &e.level[e.at], e.basis.r
	full, wide := e.level[0].w, l.w+2*r
	for y := i * band; y < min((i+1)*band, l.h); y++ {
		row := e.rows[y*full:][:full]
		l.down.row(row, e.source, y)
		to := e.picture[y*wide:][:wide]
		l.across.line(to[r:r+l.w], row)
		extend(to, r)
	}
}

// extend sets the first and last r samples of a row to copies of those next to them.
func extend(row []float32, r int) {
	n := len(row)
	for x := range r {
		row[x], row[n-1-x] = row[r], row[n-1-r]
	}
}

func (e *Estimator) expand(i int) {
	l := &e.level[e.at]
	s := e.take()
	for y := i * band; y < min((i+1)*band, l.h); y++ {
		e.basis.expand(e.one, e.picture, y, l.h, l.w, s.rows)
	}
	e.give(s)
}

// estimate goes from the smallest level to the full size.
func (e *Estimator) estimate(dst *tensor.Tensor, one, two []expansion) {
	for k := len(e.level) - 1; k >= 0; k-- {
		l := &e.level[k]
		e.at, e.one, e.two = k, &one[k], &two[k]
		if k == len(e.level)-1 {
			clear(e.u[e.current][:l.h*l.w])
			clear(e.v[e.current][:l.h*l.w])
		} else {
			each(l.h, e.enlargeBand)
			e.current = 1 - e.current
		}
		for range e.o.Iterations {
			each(l.h, e.motionBand)
			each(l.h, e.solveBand)
		}
	}
	u, v := e.u[e.current], e.v[e.current]
	for i, x := range u {
		dst.Data[2*i], dst.Data[2*i+1] = x, v[i]
	}
	e.one, e.two = nil, nil
}

// enlarge makes a band of the flow from that of the next smaller level.
func (e *Estimator) enlarge(i int) {
	l, from := &e.level[e.at], &e.level[e.at+1]
	s := e.take()
	row, times := s.rows[:from.w], float32(1/e.o.Scale)
	for y := i * band; y < min((i+1)*band, l.h); y++ {
		for _, p := range [2]*[2][]float32{&e.u, &e.v} {
			to := p[1-e.current][y*l.w:][:l.w]
			l.larger.row(row, p[e.current][:from.h*from.w], y)
			l.wider.line(to, row)
			simd.Scale(to, times, to)
		}
	}
	e.give(s)
}

// equate makes a band of the normal equations of every pixel, from the flow so far.
func (e *Estimator) equate(i int) {
	l, r := &e.level[e.at], e.window.r
	h, w := l.h, l.w
	wide := w + 2*r
	s := e.take()
	for y := i * band; y < min((i+1)*band, h); y++ {
		var to [equations][]float32
		for c := range to {
			to[c] = e.motion[c][(y+r)*wide:][:wide]
		}
		e.equateRow(&to, y, s)
		for c, row := range to {
			extend(row, r)
			if y == 0 {
				for k := range r {
					copy(e.motion[c][k*wide:], row)
				}
			}
			if y == h-1 {
				for k := range r {
					copy(e.motion[c][(h+r+k)*wide:], row)
				}
			}
		}
	}
	e.give(s)
}

func (e *Estimator) equateRow(to *[equations][]float32, y int, s *scratch) {
	l, r := &e.level[e.at], e.window.r
	h, w := l.h, l.w
	at := y * w
	u, v := e.u[e.current][at:at+w], e.v[e.current][at:at+w]
	var one, two [coefficients][]float32
	for c := range coefficients {
		one[c], two[c] = e.one.plane[c][at:at+w], s.rows[c*w:][:w]
	}
	e.lookUp(s.rows[:coefficients*w], u, v, y, s)
	// A = [a b; b c] and the right side (p, q).
	a, b, c, p, q := two[axx], two[axy], two[ayy], two[bx], two[by]
	simd.Add(a, a, one[axx])
	simd.Scale(a, 0.5, a)
	simd.Add(c, c, one[ayy])
	simd.Scale(c, 0.5, c)
	simd.Add(b, b, one[axy])
	simd.Scale(b, 0.25, b)
	simd.Sub(p, one[bx], p)
	simd.Scale(p, 0.5, p)
	simd.MulAdd(p, a, u)
	simd.MulAdd(p, b, v)
	simd.Sub(q, one[by], q)
	simd.Scale(q, 0.5, q)
	simd.MulAdd(q, b, u)
	simd.MulAdd(q, c, v)
	var row [equations][]float32
	for k := range row {
		row[k] = to[k][r : r+w]
	}
	simd.Mul(row[g11], a, a)
	simd.MulAdd(row[g11], b, b)
	simd.Add(row[h2], a, c)
	simd.Mul(row[g12], row[h2], b)
	simd.Mul(row[g22], c, c)
	simd.MulAdd(row[g22], b, b)
	simd.Mul(row[h1], a, p)
	simd.MulAdd(row[h1], b, q)
	simd.Mul(row[h2], b, p)
	simd.MulAdd(row[h2], c, q)
	weight := attenuation(y, h)
	for k := range row {
		if weight != 1 {
			simd.Scale(row[k], weight, row[k])
		}
		for x := range min(attenuated, w) {
			row[k][x] *= border[x]
			row[k][w-1-x] *= border[x]
		}
	}
}

// attenuation is how much pixel i of n counts.
func attenuation(i, n int) float32 {
	weight := float32(1)
	if i < attenuated {
		weight = border[i]
	}
	if n-1-i < attenuated {
		weight *= border[n-1-i]
	}
	return weight
}

// lookUp sets dst, [5 w], to the coefficients of the second picture where the flow of row y points to, by bilinear interpolation;
// outside the picture to a slope of 0 and the first picture's curvature.
func (e *Estimator) lookUp(dst, u, v []float32, y int, s *scratch) {
	l := &e.level[e.at]
	h, w := l.h, l.w
	u, v = u[:w], v[:w]
	at, fx, fy := s.at[:w], s.fx[:w], s.fy[:w]
	outside := s.outside[:0]
	right, bottom := float32(w-1), float32(h-1)
	for x := range at {
		px, py := float32(x)+u[x], float32(y)+v[x]
		if !(px >= 0 && px < right && py >= 0 && py < bottom) {
			outside = append(outside, int32(x))
			at[x], fx[x], fy[x] = 0, 0, 0
			continue
		}
		ix, iy := int32(px), int32(py)
		at[x], fx[x], fy[x] = coefficients*(iy*int32(w)+ix), px-float32(ix), py-float32(iy)
	}
	simd.Bilinear5(dst, w, e.two.mixed, coefficients*w, at, fx, fy)
	for _, x := range outside {
		for c := range coefficients {
			dst[c*w+int(x)] = e.one.plane[c][y*w+int(x)]
		}
		dst[bx*w+int(x)], dst[by*w+int(x)] = 0, 0
	}
}

// solve adds up the equations of a band over the window and solves them.
func (e *Estimator) solve(i int) {
	l, r := &e.level[e.at], e.window.r
	w := l.w
	wide := w + 2*r
	first := i * band
	n := (min(first+band, l.h) - first) * wide
	s := e.take()
	var sum [equations][]float32
	var spare [2][]float32
	rest := s.rows
	cut := func(n int) []float32 {
		c := rest[:n]
		rest = rest[n:]
		return c
	}
	for c := range sum {
		sum[c] = cut(n)
	}
	column := cut(n)
	for k := range spare {
		spare[k] = cut(n + 2*r*wide)
	}
	for c := range sum {
		e.window.across(column, e.motion[c][first*wide:][:n+2*r*wide], wide, &spare)
		e.window.across(sum[c][:n-2*r], column, 1, &spare)
	}
	det, t := spare[0], spare[1]
	for y := first; y < min(first+band, l.h); y++ {
		o := (y - first) * wide
		a, b, c, p, q := sum[g11][o:], sum[g12][o:], sum[g22][o:], sum[h1][o:], sum[h2][o:]
		u, v := e.u[e.current][y*w:][:w], e.v[e.current][y*w:][:w]
		det, t := det[:w], t[:w]
		simd.Mul(det, a, c)
		simd.Mul(t, b, b)
		simd.Sub(det, det, t)
		simd.Add(det, det, e.epsilon)
		simd.Mul(u, c, p)
		simd.Mul(t, b, q)
		simd.Sub(u, u, t)
		simd.Div(u, u, det)
		simd.Mul(v, a, q)
		simd.Mul(t, b, p)
		simd.Sub(v, v, t)
		simd.Div(v, v, det)
	}
	e.give(s)
}
