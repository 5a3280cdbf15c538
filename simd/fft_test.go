package simd

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"strings"
	"testing"
)

// fftCase is one call: out slices are written, the others read; sizes are their lengths.
type fftCase struct {
	name  string
	out   int
	sizes []int
	run   func(s [][]float32)
}

func fftCases() []fftCase {
	var out []fftCase
	for radix := 2; radix <= 5; radix++ {
		for s := 1; s <= 42; s++ {
			for _, m := range []int{1, 2, 3} {
				n := radix * m * s
				out = append(out, fftCase{fmt.Sprintf("FFTPass radix %d s %d m %d", radix, s, m), 2, []int{n, n, n, n, 2 * (radix - 1) * m}, func(v [][]float32) {
					FFTPass(radix, v[0], v[1], v[2], v[3], v[4], s, m)
				}})
			}
		}
	}
	for rows := 1; rows <= 33; rows += 1 + rows%3 {
		for cols := 1; cols <= 35; cols += 1 + cols%4 {
			n := rows * cols
			out = append(out, fftCase{fmt.Sprintf("FFTTurn %d by %d", rows, cols), 2, []int{n, n, n, n, n, n}, func(v [][]float32) {
				FFTTurn(v[0], v[1], v[2], v[3], v[4], v[5], rows, cols)
			}})
		}
	}
	for n := range 70 {
		out = append(out, fftCase{fmt.Sprint("FFTSplit ", n), 2, []int{n, n, 2 * n, 2 * n}, func(v [][]float32) { FFTSplit(v[0], v[1], v[2], v[3]) }},
			fftCase{fmt.Sprint("Power ", n), 1, []int{n, n, n}, func(v [][]float32) { Power(v[0], v[1], v[2]) }},
			fftCase{fmt.Sprint("Magnitude ", n), 1, []int{n, n, n}, func(v [][]float32) { Magnitude(v[0], v[1], v[2]) }})
		if n > 0 {
			out = append(out, fftCase{fmt.Sprint("FFTReal ", n), 2, []int{n + 1, n + 1, n, n, n, n}, func(v [][]float32) {
				for k := 1; k < n; k++ { // as they are promised
					if 2*k == n {
						v[4][k] = 0
					} else if 2*k > n {
						v[4][k], v[5][k] = -v[4][n-k], v[5][n-k]
					}
				}
				FFTReal(v[0], v[1], v[2], v[3], v[4], v[5], n)
			}})
		}
	}
	return out
}

// TestFFTKernels: every level gives the bits of the Go loops, writes nothing else and changes no operand.
func TestFFTKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 8))
	for i, c := range fftCases() {
		off := i % 16
		values := make([][]float32, len(c.sizes))
		for j, n := range c.sizes {
			values[j] = make([]float32, n)
			if fill(values[j], r, i%3 == 0); j < c.out {
				fill(values[j], r, false)
			}
		}
		run := func() (whole, s [][]float32) {
			for _, v := range values {
				w, x := guarded(len(v), off)
				copy(x, v)
				whole, s = append(whole, w), append(s, x)
			}
			c.run(s)
			return
		}
		restore, _ := Use(Go)
		_, want := run()
		restore()
		atEach(t, func(l Level) {
			whole, got := run()
			for j, n := range c.sizes {
				checkGuards(t, fmt.Sprint(c.name, " ", l), whole[j], n, off)
				for k := range got[j] {
					if zeros := strings.HasPrefix(c.name, "FFTReal") && got[j][k] == want[j][k]; !zeros && !same(got[j][k], want[j][k]) {
						t.Fatalf("%s %v: slice %d, element %d is %g, want %g", c.name, l, j, k, got[j][k], want[j][k])
					}
				}
			}
		})
	}
}

// TestFFTPass: the formula, in float64.
func TestFFTPass(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	for radix := 2; radix <= 5; radix++ {
		const s, m = 9, 3
		n := radix * s * m
		re, im, dre, dim, w := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, 2*(radix-1)*m)
		fill(re, r, false)
		fill(im, r, false)
		fill(w, r, false)
		for j := range radix - 1 {
			w[2*j], w[2*j+1] = 1, 0
		}
		FFTPass(radix, dre, dim, re, im, w, s, m)
		for p := range m {
			for j := range radix {
				f := complex128(1)
				if j > 0 {
					f = complex(float64(w[2*((radix-1)*p+j-1)]), float64(w[2*((radix-1)*p+j-1)+1]))
				}
				for q := range s {
					sum := complex128(0)
					for k := range radix {
						at := q + s*(p+m*k)
						sum += complex(float64(re[at]), float64(im[at])) * cmplx.Rect(1, -2*math.Pi*float64(j*k)/float64(radix))
					}
					at := q + s*(radix*p+j)
					if d := cmplx.Abs(sum*f - complex(float64(dre[at]), float64(dim[at]))); d > 3e-6*(1+cmplx.Abs(sum*f)) {
						t.Errorf("radix %d, p %d, j %d, q %d: off by %g", radix, p, j, q, d)
					}
				}
			}
		}
	}
	if !panics(func() {
		FFTPass(6, make([]float32, 6), make([]float32, 6), make([]float32, 6), make([]float32, 6), make([]float32, 10), 1, 1)
	}) {
		t.Error("radix 6 does not panic")
	}
}

func BenchmarkFFTPass(b *testing.B) {
	for radix := 2; radix <= 5; radix++ {
		const s, m = 16, 16
		n := radix * s * m
		re, im, dre, dim, w := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, 2*(radix-1)*m)
		for _, l := range Levels() {
			b.Run(fmt.Sprintf("radix%d/%v", radix, l), func(b *testing.B) {
				restore, _ := Use(l)
				defer restore()
				b.SetBytes(int64(16 * n))
				for b.Loop() {
					FFTPass(radix, dre, dim, re, im, w, s, m)
				}
			})
		}
	}
}
