package metric

import (
	"fmt"
	"math"
)

// PSNR returns the peak signal to noise ratio of two pictures, in decibels: 10·log10(1/MSE), values being 0 to 1. Of equal pictures it is +Inf.
// It panics where they are empty or of different lengths.
func PSNR(a, b []float32) float64 {
	if len(a) != len(b) || len(a) == 0 {
		panic(fmt.Sprintf("metric.PSNR: pictures of %d and %d values, want the same number, 1 at least", len(a), len(b)))
	}
	sum := 0.0
	for i, v := range a {
		e := float64(v) - float64(b[i])
		sum += float64(e * e)
	}
	return Decibels(sum / float64(len(a)))
}

// Decibels returns the peak signal to noise ratio of a mean squared error of values from 0 to 1, in decibels: -10·log10(mse), +Inf for 0.
func Decibels(mse float64) float64 { return -10 * math.Log10(mse) }

// SSIMWindow is the side of the window that structural similarity looks through, in pixels: no smaller picture has one.
const SSIMWindow = 11

// The constants of structural similarity (Wang et al. 2004, section III.C): a window of deviation 1.5 pixels; K1² and K2² for values from 0 to 1.
const (
	ssimDeviation = 1.5
	ssimC1        = 0.01 * 0.01
	ssimC2        = 0.03 * 0.03
	ssimRadius    = SSIMWindow / 2
)

// ssimWeights are those of the window's columns, the middle first; its rows' are the same.
var ssimWeights = func() (w [ssimRadius + 1]float64) {
	sum := 0.0
	for k := range w {
		w[k] = math.Exp(-float64(k*k) / (2 * ssimDeviation * ssimDeviation))
		sum += w[k]
		if k > 0 {
			sum += w[k]
		}
	}
	for k := range w {
		w[k] /= sum
	}
	return w
}()

// SSIM returns the mean structural similarity of two pictures [H W C] of values from 0 to 1 (Wang, Bovik, Sheikh, Simoncelli, "Image quality
// assessment: from error visibility to structural similarity", 2004, equation 13): over all places where the window lies within the picture,
// and over the channels, each by itself. It is at most 1, which equal pictures have. It panics as Reference does.
func SSIM(a, b []float32, h, w, c int) float64 { return NewReference(b, h, w, c).SSIM(a) }

// Reference is a picture that others are compared with: what structural similarity needs of it is computed once. Methods may be called by several
// goroutines at once.
type Reference struct {
	h, w, c       int
	x             []float32
	mean, squares []float64 // [C H-10 W-10], through the window
}

// NewReference returns a picture [H W C] of values from 0 to 1. It panics where it is smaller than the window, or x has another length. x must not
// change while the reference is used.
func NewReference(x []float32, h, w, c int) *Reference {
	if h < SSIMWindow || w < SSIMWindow || c < 1 || len(x) != h*w*c {
		panic(fmt.Sprintf("metric.NewReference: %d values for a picture [%d %d %d], want one of %d pixels a side at least", len(x), h, w, c, SSIMWindow))
	}
	r := &Reference{h: h, w: w, c: c, x: x}
	n := r.places()
	r.mean, r.squares = make([]float64, c*n), make([]float64, c*n)
	s := newSmoother(h, w)
	for k := range c {
		s.smooth(r.mean[k*n:][:n], func(p int) float64 { return float64(x[p*c+k]) })
		s.smooth(r.squares[k*n:][:n], func(p int) float64 { v := float64(x[p*c+k]); return float64(v * v) })
	}
	return r
}

// places is at how many places the window lies within the picture.
func (r *Reference) places() int { return (r.h - 2*ssimRadius) * (r.w - 2*ssimRadius) }

// SSIM returns the mean structural similarity of a picture [H W C] with the reference.
func (r *Reference) SSIM(x []float32) float64 {
	sum := 0.0
	m := r.Map(x)
	for _, v := range m {
		sum += v
	}
	return sum / float64(len(m))
}

// Map returns the structural similarity of a picture [H W C] with the reference at every place of the window, [H-10 W-10 C]: the first is that of the
// window in the upper left corner, whose middle is the pixel (5, 5).
func (r *Reference) Map(x []float32) []float64 {
	if len(x) != len(r.x) {
		panic(fmt.Sprintf("metric.Reference: a picture of %d values is compared with one of %d, want the same size", len(x), len(r.x)))
	}
	n, c := r.places(), r.c
	s := newSmoother(r.h, r.w)
	out := make([]float64, n*c)
	mean, squares, products := make([]float64, n), make([]float64, n), make([]float64, n)
	for k := range c {
		s.smooth(mean, func(p int) float64 { return float64(x[p*c+k]) })
		s.smooth(squares, func(p int) float64 { v := float64(x[p*c+k]); return float64(v * v) })
		s.smooth(products, func(p int) float64 { return float64(float64(x[p*c+k]) * float64(r.x[p*c+k])) })
		for p := range n {
			a, b := mean[p], r.mean[k*n+p]
			aa, bb, ab := float64(a*a), float64(b*b), float64(a*b)
			top := float64((2*ab + ssimC1) * (2*(products[p]-ab) + ssimC2))
			out[p*c+k] = top / float64((aa+bb+ssimC1)*(squares[p]-aa+r.squares[k*n+p]-bb+ssimC2))
		}
	}
	return out
}

// smoother takes weighted means through the window.
type smoother struct {
	h, w      int
	in, lines []float64 // [H W], and [H W-10], of which the rows were smoothed
}

func newSmoother(h, w int) *smoother {
	return &smoother{h, w, make([]float64, h*w), make([]float64, h*(w-2*ssimRadius))}
}

// smooth writes the weighted means of value(p), p = y·W + x, to dst [H-10 W-10].
func (s *smoother) smooth(dst []float64, value func(p int) float64) {
	for p := range s.in {
		s.in[p] = value(p)
	}
	w := s.w - 2*ssimRadius
	for y := range s.h {
		fold(s.lines[y*w:][:w], s.in[y*s.w:], 1)
	}
	for y := range s.h - 2*ssimRadius {
		fold(dst[y*w:][:w], s.lines[y*w:], w)
	}
}

// fold sets dst[i] to the weighted mean of eleven values, step apart, of which x[i] is the first.
func fold(dst, x []float64, step int) {
	w := &ssimWeights
	x0, x1, x2, x3, x4, x5 := x, x[step:], x[2*step:], x[3*step:], x[4*step:], x[5*step:]
	x6, x7, x8, x9, x10 := x[6*step:], x[7*step:], x[8*step:], x[9*step:], x[10*step:]
	for i := range dst {
		dst[i] = float64(w[0]*x5[i]) + float64(w[1]*(x4[i]+x6[i])) + float64(w[2]*(x3[i]+x7[i])) + float64(w[3]*(x2[i]+x8[i])) + float64(w[4]*(x1[i]+x9[i])) + float64(w[5]*(x0[i]+x10[i]))
	}
}
