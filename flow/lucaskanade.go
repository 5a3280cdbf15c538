package flow

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// LucasKanadeOptions are those of LucasKanade; the zero value is the usual choice.
type LucasKanadeOptions struct {
	Window     int     // pixels a side around a point that move with it, odd; 0 means 21
	Levels     int     // of the pyramid above the full size, as long as they are larger than the window; 0 means 3, negative none
	Iterations int     // at each level at most; 0 means 30
	Step       float64 // a step shorter than this is the last at a level, pixels; 0 means 0.01
	Least      float64 // the smaller eigenvalue of the mean of ∇I·∇Iᵀ over the window, below which a point is not followed; 0 means 0.1024
}

func (o LucasKanadeOptions) filled() LucasKanadeOptions {
	if o.Window == 0 {
		o.Window = 21
	}
	if o.Levels == 0 {
		o.Levels = 3
	}
	if o.Iterations == 0 {
		o.Iterations = 30
	}
	if o.Step == 0 {
		o.Step = 0.01
	}
	if o.Least == 0 {
		o.Least = 0.1024
	}
	switch {
	case o.Window < 3 || o.Window%2 == 0:
		fail("LucasKanade", "a window of %d pixels, want an odd number of at least 3", o.Window)
	case o.Iterations < 1:
		fail("LucasKanade", "%d iterations, want at least 1", o.Iterations)
	case !(o.Step > 0):
		fail("LucasKanade", "a last step of %g pixels, want one above 0", o.Step)
	case !(o.Least > 0):
		fail("LucasKanade", "a least eigenvalue of %g, want one above 0", o.Least)
	}
	return o
}

// Track is where a point went.
type Track struct {
	Point         // in the second picture
	Found bool    // it was followed to a place in that picture; otherwise Point is as far as it came
	Error float32 // mean absolute difference of the two windows, grey levels; 0 where it was not found
}

// LucasKanade follows points from prev to next, grey pictures [H W] of 0 to 255, one at a time: J.-Y. Bouguet, "Pyramidal
// implementation of the Lucas Kanade feature tracker" (2000), after B. Lucas and T. Kanade (1981). A picture goes on outside as its mirror
// image, with gradients of 0. A point outside prev by more than a window is not found.
func LucasKanade(prev, next *tensor.Tensor, points []Point, o LucasKanadeOptions) []Track {
	wantPair("LucasKanade", prev, next)
	o = o.filled()
	one, two := newPyramid(prev, o, true), newPyramid(next, o, false)
	out := make([]Track, len(points))
	const piece = 8
	parallel.Chunks(len(points), piece, func(lo, hi int) {
		f := newFollower(o)
		for i := lo; i < hi; i++ {
			out[i] = f.follow(one, two, points[i])
		}
	})
	return out
}

// layer is a level of a pyramid: a picture [h w] and its gradients, in frames of pad more pixels at each side.
type layer struct {
	h, w, wide   int
	grey, dx, dy []float32
}

// newPyramid halves a picture as often as the options say.
func newPyramid(picture *tensor.Tensor, o LucasKanadeOptions, gradients bool) []layer {
	h, w := picture.Shape[0], picture.Shape[1]
	pad := o.Window + 1
	level := picture.Data
	var out []layer
	for k := 0; ; k++ {
		out = append(out, newLayer(level, h, w, pad, gradients))
		if k >= o.Levels || (h+1)/2 <= o.Window || (w+1)/2 <= o.Window {
			return out
		}
		level, h, w = halved(level, h, w), (h+1)/2, (w+1)/2
	}
}

// halved smooths a picture [h w] with 1 4 6 4 1 and takes every second pixel of every second row (Bouguet 2000, section 2.1, with the kernel
// that is usual today). Grey levels are rounded to whole ones, as in pictures of bytes.
func halved(p []float32, h, w int) []float32 {
	oh, ow := (h+1)/2, (w+1)/2
	out := make([]float32, oh*ow)
	each(oh, func(i int) {
		row := make([]float32, w+4)
		for y := i * band; y < min((i+1)*band, oh); y++ {
			line := func(d int) []float32 { return p[mirrored(2*y+d, h)*w:][:w] }
			middle := row[2 : 2+w]
			simd.Scale(middle, 6, line(0))
			simd.Axpy(middle, 4, line(-1))
			simd.Axpy(middle, 4, line(1))
			simd.Add(middle, middle, line(-2))
			simd.Add(middle, middle, line(2))
			row[0], row[1] = middle[mirrored(-2, w)], middle[mirrored(-1, w)]
			row[2+w], row[3+w] = middle[mirrored(w, w)], middle[mirrored(w+1, w)]
			for x := range ow {
				r := row[2*x:][:5]
				s := r[0] + r[4] + float32(4*(r[1]+r[3])) + float32(6*r[2])
				out[y*ow+x] = float32(math.Floor(float64(s)/256 + 0.5))
			}
		}
	})
	return out
}

// newLayer frames a picture and takes Scharr's gradients, 3 10 3 across the difference of two neighbours, in grey levels a pixel.
func newLayer(p []float32, h, w, pad int, gradients bool) layer {
	l := layer{h: h, w: w, wide: w + 2*pad}
	n := (h + 2*pad) * l.wide
	l.grey = make([]float32, n)
	if gradients {
		l.dx, l.dy = make([]float32, n), make([]float32, n)
	}
	each(h+2*pad, func(i int) {
		s := make([]float32, 2*(w+2))
		for y := i*band - pad; y < min((i+1)*band, h+2*pad)-pad; y++ {
			row := p[mirrored(y, h)*w:][:w]
			to := l.grey[(y+pad)*l.wide:][:l.wide]
			copy(to[pad:], row)
			for x := range pad {
				to[pad-1-x], to[pad+w+x] = row[mirrored(-1-x, w)], row[mirrored(w+x, w)]
			}
			if !gradients || y < 0 || y >= h {
				continue
			}
			above, below := p[mirrored(y-1, h)*w:][:w], p[mirrored(y+1, h)*w:][:w]
			smooth, slope := s[:w+2], s[w+2:]
			simd.Add(smooth[1:w+1], above, below)
			simd.Scale(smooth[1:w+1], 3.0/32, smooth[1:])
			simd.Axpy(smooth[1:w+1], 10.0/32, row)
			simd.Sub(slope[1:w+1], below, above)
			for _, line := range [2][]float32{smooth, slope} {
				line[0], line[w+1] = line[1+mirrored(-1, w)], line[1+mirrored(w, w)]
			}
			dx, dy := l.dx[(y+pad)*l.wide+pad:][:w], l.dy[(y+pad)*l.wide+pad:][:w]
			simd.Sub(dx, smooth[2:], smooth)
			simd.Add(dy, slope, slope[2:])
			simd.Scale(dy, 3.0/32, dy)
			simd.Axpy(dy, 10.0/32, slope[1:])
		}
	})
	return l
}

// follower is the scratch memory of one worker. A patch is the window with one column more, [side side+1], so that all of it is
// interpolated in one piece; that column is 0 in the gradients, which leaves it out of every sum.
type follower struct {
	o                          LucasKanadeOptions
	side, pad                  int
	grey, dx, dy, other, block []float32
}

func newFollower(o LucasKanadeOptions) *follower {
	f := &follower{o: o, side: o.Window, pad: o.Window + 1}
	n := f.side * (f.side + 1)
	f.grey, f.dx, f.dy, f.other = make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	f.block = make([]float32, (f.side+1)*(f.side+1)+1)
	return f
}

// inside says whether the window with its first pixel at (x, y) reaches the frame of a picture and not beyond it.
func (f *follower) inside(l *layer, x, y float32) bool {
	s := float32(f.side)
	return x >= -s && x < float32(l.w) && y >= -s && y < float32(l.h)
}

// patch sets dst to the window of plane with its first pixel at (x, y), by bilinear interpolation.
func (f *follower) patch(dst, plane []float32, l *layer, x, y float32) {
	ix, iy := math.Floor(float64(x)), math.Floor(float64(y))
	fx, fy := x-float32(ix), y-float32(iy)
	wide := f.side + 1
	from := (int(iy)+f.pad)*l.wide + int(ix) + f.pad
	for i := range wide {
		copy(f.block[i*wide:(i+1)*wide], plane[from+i*l.wide:])
	}
	w11 := float32(fx * fy)
	simd.Scale(dst, 1-fx-fy+w11, f.block)
	simd.Axpy(dst, fx-w11, f.block[1:])
	simd.Axpy(dst, fy-w11, f.block[wide:])
	simd.Axpy(dst, w11, f.block[wide+1:])
}

// follow goes from the smallest level to the full size; what is found at one is where the search begins at the next.
func (f *follower) follow(one, two []layer, p Point) Track {
	var at Point
	if !(math.Abs(float64(p.X)) < 1<<24 && math.Abs(float64(p.Y)) < 1<<24) {
		return Track{Point: p}
	}
	half := float32(f.side-1) / 2
	for k := len(one) - 1; k >= 0; k-- {
		scale := 1 / float32(int(1)<<k)
		from := Point{float32(p.X * scale), float32(p.Y * scale)}
		if k == len(one)-1 {
			at = from
		} else {
			at = Point{2 * at.X, 2 * at.Y}
		}
		found := f.search(&one[k], &two[k], Point{from.X - half, from.Y - half}, &at, half)
		if k > 0 {
			continue
		}
		x, y := at.X-half, at.Y-half
		if !found || !f.inside(&two[0], x, y) {
			return Track{Point: at}
		}
		f.patch(f.other, two[0].grey, &two[0], x, y)
		sum := float32(0)
		for i, v := range f.other {
			if (i+1)%(f.side+1) != 0 {
				sum += float32(math.Abs(float64(v - f.grey[i])))
			}
		}
		return Track{at, true, sum / float32(f.side*f.side)}
	}
	return Track{Point: at}
}

// search moves at until the window there looks as the one at from, its first pixel, and says whether the point can be followed.
func (f *follower) search(one, two *layer, from Point, at *Point, half float32) bool {
	if !f.inside(one, from.X, from.Y) {
		return false
	}
	f.patch(f.grey, one.grey, one, from.X, from.Y)
	f.patch(f.dx, one.dx, one, from.X, from.Y)
	f.patch(f.dy, one.dy, one, from.X, from.Y)
	for i := f.side; i < len(f.dx); i += f.side + 1 {
		f.dx[i], f.dy[i] = 0, 0
	}
	// G = Σ ∇I·∇Iᵀ (Bouguet 2000, eq. 19); its smaller eigenvalue tells a corner from an edge or a plain.
	a, b, c := float64(simd.SumSquares(f.dx)), float64(simd.Dot(f.dx, f.dy)), float64(simd.SumSquares(f.dy))
	det := float64(a*c) - float64(b*b)
	least := (a + c - math.Sqrt(float64((a-c)*(a-c))+float64(4*b*b))) / float64(2*f.side*f.side)
	if !(least >= f.o.Least && det > 0) {
		return false
	}
	x, y := at.X-half, at.Y-half
	var before Point
	for j := range f.o.Iterations {
		if !f.inside(two, x, y) {
			return false
		}
		f.patch(f.other, two.grey, two, x, y)
		simd.Sub(f.other, f.grey, f.other)
		p, q := float64(simd.Dot(f.other, f.dx)), float64(simd.Dot(f.other, f.dy)) // eq. 20 and 30: b = Σ δI·∇I
		step := Point{float32((float64(c*p) - float64(b*q)) / det), float32((float64(a*q) - float64(b*p)) / det)}
		x, y = x+step.X, y+step.Y
		*at = Point{x + half, y + half}
		if math.Hypot(float64(step.X), float64(step.Y)) <= f.o.Step {
			break
		}
		if j > 0 && math.Abs(float64(step.X+before.X)) < 0.01 && math.Abs(float64(step.Y+before.Y)) < 0.01 {
			*at = Point{at.X - step.X/2, at.Y - step.Y/2} // back and forth: the middle
			break
		}
		before = step
	}
	return true
}
