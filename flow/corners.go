package flow

import (
	"cmp"
	"math"
	"slices"

	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Point is a place in a picture, in pixels from the middle of its first one, right and down.
type Point struct{ X, Y float32 }

// CornerOptions are those of Corners; the zero value is the usual choice.
type CornerOptions struct {
	Max      int     // at most so many, the best ones; 0 means all
	Quality  float64 // of the best corner's eigenvalue, what the others have at least; 0 means 0.01
	Distance float64 // between two corners at least, pixels; 0 means 10, negative any
	Block    int     // pixels a side over which gradients are added up, odd; 0 means 3
}

// Corners returns points that can be followed, the best first: where the smaller eigenvalue of the gradients' matrix Σ ∇I·∇Iᵀ over a
// block is a local maximum (J. Shi and C. Tomasi, "Good features to track", 1994). The picture is [H W]; outside it is its own mirror
// image. Places at the border itself are left out, and those nearer than the distance to a better one.
func Corners(picture *tensor.Tensor, o CornerOptions) []Point {
	wantPicture("Corners", "the picture", picture)
	if o.Quality == 0 {
		o.Quality = 0.01
	}
	if o.Distance == 0 {
		o.Distance = 10
	}
	if o.Block == 0 {
		o.Block = 3
	}
	switch {
	case o.Max < 0:
		fail("Corners", "at most %d corners, want a number of at least 0", o.Max)
	case !(o.Quality > 0 && o.Quality <= 1):
		fail("Corners", "a quality of %g, want one above 0 and at most 1", o.Quality)
	case o.Block < 1 || o.Block%2 == 0:
		fail("Corners", "a block of %d pixels, want an odd number above 0", o.Block)
	case math.IsNaN(o.Distance):
		fail("Corners", "a distance of %g, want pixels", o.Distance)
	}
	h, w := picture.Shape[0], picture.Shape[1]
	score := cornerScore(picture, o.Block/2)
	best := float32(0)
	for _, v := range score {
		best = max(best, v) // NaN where there is one: then nothing is better than it
	}
	least := float32(float64(best) * o.Quality)
	var places []int
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			if i := y*w + x; score[i] > least && isPeak(score, i, w) {
				places = append(places, i)
			}
		}
	}
	slices.SortFunc(places, func(a, b int) int {
		if c := cmp.Compare(score[b], score[a]); c != 0 {
			return c
		}
		return b - a
	})
	return apart(places, h, w, o)
}

// isPeak says whether none of the eight neighbours of i is above it.
func isPeak(score []float32, i, w int) bool {
	v := score[i]
	for _, o := range [8]int{-w - 1, -w, -w + 1, -1, 1, w - 1, w, w + 1} {
		if score[i+o] > v {
			return false
		}
	}
	return true
}

// apart takes places in turn, as long as none that was taken is nearer than the distance. A grid of cells of that side tells where to look.
func apart(places []int, h, w int, o CornerOptions) []Point {
	var out []Point
	side := max(int(math.Ceil(min(o.Distance, float64(h+w)))), 1)
	across := (w + side - 1) / side
	cells := make([][]int, across*((h+side-1)/side))
	near := func(i int) bool {
		x, y := i%w, i/w
		for cy := max(y/side-1, 0); cy <= min(y/side+1, len(cells)/across-1); cy++ {
			for cx := max(x/side-1, 0); cx <= min(x/side+1, across-1); cx++ {
				for _, j := range cells[cy*across+cx] {
					dx, dy := float64(x-j%w), float64(y-j/w)
					if o.Distance > 0 && dx*dx+dy*dy < o.Distance*o.Distance {
						return true
					}
				}
			}
		}
		return false
	}
	for _, i := range places {
		if o.Max > 0 && len(out) == o.Max {
			break
		}
		if o.Distance >= 1 && near(i) {
			continue
		}
		cell := &cells[i/w/side*across+i%w/side]
		*cell = append(*cell, i)
		out = append(out, Point{float32(i % w), float32(i / w)})
	}
	return out
}

// cornerScore is, for each pixel, the smaller eigenvalue of [a b; b c], sums of products of Sobel's gradients over 2r+1 pixels a side:
// (a + c)/2 - √(((a - c)/2)² + b²).
func cornerScore(picture *tensor.Tensor, r int) []float32 {
	h, w := picture.Shape[0], picture.Shape[1]
	wide := w + 2*r
	var product [3][]float32 // dx·dx, dx·dy, dy·dy of [h+2r w+2r]
	for k := range product {
		product[k] = make([]float32, (h+2*r)*wide)
	}
	each(h, func(i int) {
		s := make([]float32, 2*(w+2)+2*w)
		for y := i * band; y < min((i+1)*band, h); y++ {
			sobelProducts(&product, picture.Data, y, h, w, r, s)
		}
	})
	for k := range r { // above and below, the mirrored rows
		for _, p := range product {
			copy(p[(r-1-k)*wide:][:wide], p[(r+mirrored(-1-k, h))*wide:])
			copy(p[(r+h+k)*wide:][:wide], p[(r+mirrored(h+k, h))*wide:])
		}
	}
	score := make([]float32, h*w)
	win := window{r: r}
	each(h, func(i int) {
		first := i * band
		n := (min(first+band, h) - first) * wide
		var spare [2][]float32
		for k := range spare {
			spare[k] = make([]float32, n+2*r*wide)
		}
		column := make([]float32, n)
		var sum [3][]float32
		for k := range sum {
			sum[k] = make([]float32, n)
			win.across(column, product[k][first*wide:][:n+2*r*wide], wide, &spare)
			win.across(sum[k][:n-2*r], column, 1, &spare)
		}
		for y := first; y < min(first+band, h); y++ {
			for x := range w {
				o := (y-first)*wide + x
				a, b, c := sum[0][o]*0.5, sum[1][o], sum[2][o]*0.5
				score[y*w+x] = a + c - float32(math.Sqrt(float64(float32((a-c)*(a-c))+float32(b*b))))
			}
		}
	})
	return score
}

// sobelProducts makes row y of the products, with their mirror images to the left and right. s is scratch of 2·(w+2) + 2·w values.
func sobelProducts(product *[3][]float32, p []float32, y, h, w, r int, s []float32) {
	above, row, below := p[mirrored(y-1, h)*w:][:w], p[y*w:][:w], p[mirrored(y+1, h)*w:][:w]
	smooth, slope := s[:w+2], s[w+2:2*(w+2)] // down the columns: 1 2 1 and -1 0 1
	dx, dy := s[2*(w+2):][:w], s[2*(w+2)+w:][:w]
	simd.Add(smooth[1:w+1], above, below)
	simd.Axpy(smooth[1:w+1], 2, row)
	simd.Sub(slope[1:w+1], below, above)
	for _, line := range [2][]float32{smooth, slope} {
		line[0], line[w+1] = line[1+mirrored(-1, w)], line[1+mirrored(w, w)]
	}
	simd.Sub(dx, smooth[2:], smooth)
	simd.Add(dy, slope, slope[2:])
	simd.Axpy(dy, 2, slope[1:])
	wide := w + 2*r
	for k, f := range [3][2][]float32{{dx, dx}, {dx, dy}, {dy, dy}} {
		to := product[k][(y+r)*wide:][:wide]
		simd.Mul(to[r:r+w], f[0], f[1])
		for j := range r {
			to[r-1-j], to[r+w+j] = to[r+mirrored(-1-j, w)], to[r+mirrored(w+j, w)]
		}
	}
}
