package track

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// Cells returns how much of each of h by w cells each object of a mask [H W] covers, [h w L]: the part of the cell's pixels that have the object's number, which
// is one more than its place in L.
func Cells(mask *tensor.Tensor, h, w, objects int) *tensor.Tensor {
	mh, mw := mask.Dim(0), mask.Dim(1)
	out := tensor.New(h, w, objects)
	rows, cols := cover(mh, h), cover(mw, w)
	for y := range mh {
		for x := range mw {
			n := int(mask.Data[y*mw+x])
			if n < 1 || n > objects {
				continue
			}
			for _, r := range rows[y] {
				for _, c := range cols[x] {
					out.Data[(r.cell*w+c.cell)*objects+n-1] += r.part * c.part
				}
			}
		}
	}
	return out
}

// covered is which part of a cell's length a pixel is.
type covered struct {
	cell int
	part float32
}

// cover returns of each of n pixels which of so many cells it lies in.
func cover(n, cells int) [][]covered {
	out := make([][]covered, n)
	size := float64(n) / float64(cells)
	for p := range out {
		for c := int(float64(p) / size); c < cells && float64(c)*size < float64(p+1); c++ {
			if part := math.Min(float64(p+1), float64(c+1)*size) - math.Max(float64(p), float64(c)*size); part > 1e-9 {
				out[p] = append(out[p], covered{c, float32(part / size)})
			}
		}
	}
	return out
}

// Fill returns a mask [H W] of boxes, numbered from 1 on, the later ones before the earlier: 1 where a pixel's middle lies in it.
func Fill(boxes []Box, h, w int) *tensor.Tensor {
	mask := tensor.New(h, w)
	for n, b := range boxes {
		if b.Empty() {
			continue
		}
		for y := max(0, int(math.Ceil(b.Y0-0.5))); y < h && float64(y)+0.5 < b.Y1; y++ {
			for x := max(0, int(math.Ceil(b.X0-0.5))); x < w && float64(x)+0.5 < b.X1; x++ {
				mask.Data[y*w+x] = float32(n + 1)
			}
		}
	}
	return mask
}

// Mask returns labels [h w L] as a mask [H W]: labels are resized bilinearly, and each pixel has the number of the object that covers it most, 0 where
// the ground, which is what no object covers, does. Of equals it is the ground, then the first.
func Mask(labels *tensor.Tensor, h, w int) *tensor.Tensor {
	l := labels.Dim(2)
	large := tensor.New(1, h, w, l)
	tensor.Resize(large, labels.Reshape(1, labels.Dim(0), labels.Dim(1), l))
	mask := tensor.New(h, w)
	for p := range mask.Data {
		row := large.Data[p*l : (p+1)*l]
		ground := float32(1)
		for _, v := range row {
			ground -= v
		}
		most := ground
		for n, v := range row {
			if v > most {
				most, mask.Data[p] = v, float32(n+1)
			}
		}
	}
	return mask
}

// How much of its most a label must be to count: for what has an extent, and for a bump.
const halfway, foot = 0.5, 0.1

// spread is where a label lies and how far it spreads, in cells.
type spread struct{ x, y, sx, sy, sum float64 }

// spreadOf returns the first and second moments of object k of labels [h w L], of the places where it covers at least part of what it does where it covers most: of
// all, or of those in one piece that weigh most together.
func spreadOf(labels *tensor.Tensor, k int, part float32, piece bool) (s spread) {
	h, w, l := labels.Dim(0), labels.Dim(1), labels.Dim(2)
	most := float32(0)
	of := make([]float32, h*w)
	for p := range of {
		of[p] = labels.Data[p*l+k]
		most = max(most, of[p])
	}
	if most == 0 {
		return s
	}
	for p, v := range of {
		if v < part*most {
			of[p] = 0
		}
	}
	if piece {
		heaviest(of, h, w)
	}
	var xx, yy float64
	for p, v := range of {
		m, fx, fy := float64(v), float64(p%w)+0.5, float64(p/w)+0.5
		s.sum, s.x, s.y = s.sum+m, s.x+m*fx, s.y+m*fy
		xx, yy = xx+m*(fx*fx+1.0/12), yy+m*(fy*fy+1.0/12) // a cell is not a point
	}
	s.x, s.y = s.x/s.sum, s.y/s.sum
	s.sx, s.sy = math.Sqrt(xx/s.sum-s.x*s.x), math.Sqrt(yy/s.sum-s.y*s.y)
	return s
}

// heaviest sets values [h·w] to 0 outside the piece, of places that touch each other at sides or corners, that weighs most; of equals the first.
func heaviest(v []float32, h, w int) {
	piece := make([]int, len(v)) // the number of each place's, from 1 on
	best, bestSum, n := 0, 0.0, 0
	var stack []int
	for p := range v {
		if v[p] == 0 || piece[p] != 0 {
			continue
		}
		n++
		sum := 0.0
		piece[p], stack = n, append(stack[:0], p)
		for len(stack) > 0 {
			q := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			sum += float64(v[q])
			for y := max(0, q/w-1); y <= min(h-1, q/w+1); y++ {
				for x := max(0, q%w-1); x <= min(w-1, q%w+1); x++ {
					if r := y*w + x; v[r] != 0 && piece[r] == 0 {
						piece[r], stack = n, append(stack, r)
					}
				}
			}
		}
		if sum > bestSum {
			best, bestSum = n, sum
		}
	}
	for p := range v {
		if piece[p] != best {
			v[p] = 0
		}
	}
}

// Boxes follows boxes through the labels that a Propagation carries: a box moves as the middle of its label does, and grows as the label's deviation, which is
// finer than cells are; what is labelled in several
// pieces is where the heaviest is. A label that has gone leaves its box where it was last.
type Boxes struct {
	h, w  float64 // of the frames, pixels
	begin []Box
	first []spread
	last  []Box
}

// NewBoxes begins with the boxes of the first frame, of h by w pixels, and their labels there.
func NewBoxes(boxes []Box, labels *tensor.Tensor, h, w int) *Boxes {
	b := &Boxes{h: float64(h), w: float64(w), begin: boxes, last: append([]Box(nil), boxes...)}
	for k := range boxes {
		b.first = append(b.first, spreadOf(labels, k, halfway, true))
	}
	return b
}

// Next returns the boxes of the next frame, cut at its border.
func (b *Boxes) Next(labels *tensor.Tensor) []Box {
	px, py := b.w/float64(labels.Dim(1)), b.h/float64(labels.Dim(0))
	for k, first := range b.first {
		now := spreadOf(labels, k, halfway, true)
		if now.sum == 0 || first.sum == 0 {
			continue
		}
		from := b.begin[k]
		halfW, halfH := (from.X1-from.X0)/2*now.sx/first.sx, (from.Y1-from.Y0)/2*now.sy/first.sy
		x, y := (from.X0+from.X1)/2+(now.x-first.x)*px, (from.Y0+from.Y1)/2+(now.y-first.y)*py
		b.last[k] = Box{max(0, x-halfW), max(0, y-halfH), min(b.w, x+halfW), min(b.h, y+halfH)}
	}
	return append([]Box(nil), b.last...)
}

// Heat returns labels [h w L] of points in a frame of H by W pixels: a bump about each, of one cell's deviation, 1 at its top; none outside the frame.
func Heat(points []Point, h, w, frameH, frameW int) *tensor.Tensor {
	out := tensor.New(h, w, len(points))
	for k, p := range points {
		if p.X < 0 || p.Y < 0 || p.X >= float64(frameW) || p.Y >= float64(frameH) {
			continue
		}
		cx, cy := p.X*float64(w)/float64(frameW), p.Y*float64(h)/float64(frameH)
		for y := range h {
			for x := range w {
				dx, dy := float64(x)+0.5-cx, float64(y)+0.5-cy
				if v := math.Exp(-(dx*dx + dy*dy) / 2); v >= nothing {
					out.Data[(y*w+x)*len(points)+k] = float32(v)
				}
			}
		}
	}
	return out
}

// Points returns where the points of labels lie in a frame of h by w pixels: the middle of the bump, down to its foot. ok is
// false of a label that has gone.
func Points(labels *tensor.Tensor, h, w int) (points []Point, ok []bool) {
	for k := range labels.Dim(2) {
		s := spreadOf(labels, k, foot, false)
		points = append(points, Point{s.x * float64(w) / float64(labels.Dim(1)), s.y * float64(h) / float64(labels.Dim(0))})
		ok = append(ok, s.sum > 0)
	}
	return points, ok
}
