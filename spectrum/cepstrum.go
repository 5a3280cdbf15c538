package spectrum

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// DCT returns the matrix [n coefficients] of the first coefficients of the orthonormal cosine transform, type II (Ahmed, Natarajan,
// Rao 1974), of n values:
//
//	y[c] = s·√(2/n)·Σᵢ x[i]·cos(π·c·(i+½)/n)     s = √½ for c = 0, else 1
func DCT(n, coefficients int) *tensor.Tensor {
	if coefficients < 1 || coefficients > n {
		fail("DCT", "%d coefficients of %d values, want 1 to %d", coefficients, n, n)
	}
	w := tensor.New(n, coefficients)
	for i := range n {
		for c := range coefficients {
			v := math.Sqrt(2/float64(n)) * math.Cos(math.Pi*float64(c)*(float64(i)+0.5)/float64(n))
			if c == 0 {
				v *= math.Sqrt2 / 2
			}
			w.Data[i*coefficients+c] = float32(v)
		}
	}
	return w
}

// Cepstrum takes logarithms of mel bands to mel-frequency cepstral coefficients, MFCC (Davis and Mermelstein 1980). It serves
// several goroutines.
type Cepstrum struct{ dct *tensor.Tensor }

// NewCepstrum plans the first coefficients of so many bands. A lifter above 0 multiplies coefficient c, counted from 0, by
// 1 + lifter/2·sin(π·(c+1)/lifter), as librosa does.
func NewCepstrum(bands, coefficients int, lifter float64) *Cepstrum {
	if !(lifter >= 0) {
		fail("NewCepstrum", "lifter %g, want 0 or more", lifter)
	}
	w := DCT(bands, coefficients)
	if lifter > 0 {
		for i := range w.Data {
			c := float64(i%coefficients + 1)
			w.Data[i] = float32(float64(w.Data[i]) * (1 + lifter/2*math.Sin(math.Pi*c/lifter)))
		}
	}
	return &Cepstrum{w}
}

// Apply sets dst [T coefficients] to the coefficients of x [T bands], decibels or logarithms of a mel spectrogram.
func (c *Cepstrum) Apply(dst, x *tensor.Tensor) {
	const op = "Cepstrum.Apply"
	bands, n := c.dct.Shape[0], c.dct.Shape[1]
	if len(x.Shape) != 2 || x.Shape[1] != bands {
		fail(op, "the bands have shape %v, want [T %d]", x.Shape, bands)
	}
	wantShape(op, "the result", dst.Shape, x.Shape[0], n)
	tensor.Gemm(1, tensor.Matrix{Data: x.Data, Rows: x.Shape[0], Cols: bands}, tensor.Matrix{Data: c.dct.Data, Rows: bands, Cols: n}, 0,
		tensor.Matrix{Data: dst.Data, Rows: x.Shape[0], Cols: n})
}
