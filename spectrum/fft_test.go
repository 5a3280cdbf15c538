package spectrum

import (
	"fmt"
	"math"
	"math/cmplx"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// dft is the definition, in float64.
func dft(x []complex128) []complex128 {
	n := len(x)
	y, w := make([]complex128, n), make([]complex128, n)
	for k := range w {
		w[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(n))
	}
	for k := range y {
		for j, v := range x {
			y[k] += v * w[j*k%n]
		}
	}
	return y
}

// off returns the largest difference, relative to the largest of want.
func off(re, im []float32, want []complex128) float64 {
	worst, top := 0.0, 0.0
	for i, w := range want {
		worst = max(worst, cmplx.Abs(complex(float64(re[i]), float64(im[i]))-w))
		top = max(top, cmplx.Abs(w))
	}
	return worst / max(top, 1e-30)
}

func lengths() []int {
	var out []int
	for n := range 200 {
		out = append(out, n+1)
	}
	return append(out, 240, 251, 256, 257, 480, 499, 509, 512, 600, 625, 640, 729, 750, 997, 1000, 1024, 1021, 1200, 1536, 2000, 2048, 2187, 2400, 4096)
}

// TestFFT: every length to 200 and others, smooth and prime, against the definition; forth and back.
func TestFFT(t *testing.T) {
	worst := 0.0
	for _, n := range lengths() {
		re, im := make([]float32, n), make([]float32, n)
		golden.Fill(re, fmt.Sprint("fft re ", n), 1)
		golden.Fill(im, fmt.Sprint("fft im ", n), 1)
		x := make([]complex128, n)
		for i := range x {
			x[i] = complex(float64(re[i]), float64(im[i]))
		}
		f := NewFFT(n)
		f.Forward(re, im)
		e := off(re, im, dft(x))
		worst = max(worst, e)
		if e > 1e-6 {
			t.Errorf("%d numbers (%d by %d): off by %.2g of the largest", n, f.rows, f.cols, e)
		}
		f.Inverse(re, im)
		if e := off(re, im, x); e > 2e-6 {
			t.Errorf("%d numbers: forth and back is off by %.2g of the largest", n, e)
		}
	}
	t.Logf("largest error %.2g of the largest value", worst)
}

// TestRealFFT: against the definition, and Parseval's sum.
func TestRealFFT(t *testing.T) {
	for _, n := range lengths() {
		x := make([]float32, n)
		golden.Fill(x, fmt.Sprint("real ", n), 1)
		z := make([]complex128, n)
		energy := 0.0
		for i, v := range x {
			z[i] = complex(float64(v), 0)
			energy += float64(v) * float64(v)
		}
		f := NewRealFFT(n)
		re, im := make([]float32, f.Bins()), make([]float32, f.Bins())
		f.Forward(re, im, x)
		if e := off(re, im, dft(z)[:f.Bins()]); e > 1e-6 {
			t.Errorf("%d numbers: off by %.2g of the largest", n, e)
		}
		sum := 0.0
		for k := range re {
			p := float64(re[k])*float64(re[k]) + float64(im[k])*float64(im[k])
			if k > 0 && 2*k != n {
				p *= 2
			}
			sum += p
		}
		if math.Abs(sum/float64(n)-energy) > 1e-5*energy {
			t.Errorf("%d numbers: energy %g, in the spectrum %g", n, energy, sum/float64(n))
		}
	}
}

// TestFFTShared: one plan serves many goroutines.
func TestFFTShared(t *testing.T) {
	for _, n := range []int{600, 1021, 2048} {
		f := NewRealFFT(n)
		x := make([]float32, n)
		golden.Fill(x, "shared", 1)
		re, im := make([]float32, f.Bins()), make([]float32, f.Bins())
		f.Forward(re, im, x)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				r, i := make([]float32, f.Bins()), make([]float32, f.Bins())
				for range 50 {
					f.Forward(r, i, x)
					for k := range r {
						if r[k] != re[k] || i[k] != im[k] {
							t.Errorf("%d numbers: value %d differs between goroutines", n, k)
							return
						}
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestFFTErrors(t *testing.T) {
	for want, f := range map[string]func(){
		"spectrum.NewFFT: length 0, want at least 1":         func() { NewFFT(0) },
		"spectrum.FFT.Forward: im has 7 numbers, want 8":     func() { NewFFT(8).Forward(make([]float32, 8), make([]float32, 7)) },
		"spectrum.NewRealFFT: length -1, want at least 1":    func() { NewRealFFT(-1) },
		"spectrum.RealFFT.Forward: x has 9 numbers, want 8":  func() { NewRealFFT(8).Forward(make([]float32, 5), make([]float32, 5), make([]float32, 9)) },
		"spectrum.RealFFT.Forward: re has 4 numbers, want 5": func() { NewRealFFT(8).Forward(make([]float32, 4), make([]float32, 5), make([]float32, 8)) },
	} {
		wantPanic(t, want, f)
	}
}

func wantPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if e, ok := recover().(error); !ok || e.Error() != want {
			t.Errorf("it panics with %v, want %s", e, want)
		}
	}()
	f()
}
