package spectrum

import (
	"math"
	"math/bits"
	"sync"

	"github.com/tessera-go/tessera/simd"
)

// FFT is the plan of a discrete Fourier transform of n complex numbers,
//
//	X[k] = Σⱼ x[j]·exp(-2πi·j·k/n)
//
// in float32, with factors computed in float64. It serves several goroutines. A length whose only primes are 2, 3 and 5 goes through
// passes of radix 4, 2, 3 and 5; any other through a convolution of a power of two (Bluestein 1970, "A linear filtering approach to
// the computation of discrete Fourier transform").
//
// Passes want long rows, as simd.FFTPass works on rows. So n is cut into rows·cols: columns are transformed with all rows'
// numbers side by side, the result is multiplied by the factors between and transposed, and the rest is transformed in the same way
// (Bailey 1990, "FFTs in external or hierarchical memory", the four steps).
type FFT struct {
	n          int
	rows, cols int // n = rows·cols; rows is n, cols is 1 where n is not cut
	first      []pass
	second     []pass
	wre, wim   []float32 // [rows cols], between the two
	chirp      *chirp    // for lengths with other primes, else nil
	scratch    sync.Pool // *work
}

// pass is one step of radix r, over m·r rows of s numbers.
type pass struct {
	r, s, m int
	w       []float32
}

// work is what one transform needs besides its numbers.
type work struct{ re, im, re2, im2 []float32 }

// shortRow is the least row that kernels take.
const shortRow = 8

// NewFFT plans a transform of n numbers, n >= 1.
func NewFFT(n int) *FFT {
	if n < 1 {
		fail("NewFFT", "length %d, want at least 1", n)
	}
	f := &FFT{n: n, rows: n, cols: 1}
	f.scratch.New = func() any {
		b := make([]float32, 4*n)
		return &work{b[:n], b[n : 2*n], b[2*n : 3*n], b[3*n:]}
	}
	if !smooth(n) {
		f.chirp = newChirp(n)
		return f
	}
	if c := columns(n); c > 1 {
		f.rows, f.cols = n/c, c
		f.wre, f.wim = make([]float32, n), make([]float32, n)
		for r := range f.rows {
			for c := range f.cols {
				f.wre[r*f.cols+c], f.wim[r*f.cols+c] = root(r*c, n)
			}
		}
		f.second = passes(f.cols, f.rows)
	}
	f.first = passes(f.rows, f.cols)
	return f
}

// root returns exp(-2πi·k/n).
func root(k, n int) (re, im float32) {
	s, c := math.Sincos(-2 * math.Pi * float64(k%n) / float64(n))
	return float32(c), float32(s)
}

// smooth tells whether n has no prime above 5.
func smooth(n int) bool {
	for _, p := range []int{2, 3, 5} {
		for n%p == 0 {
			n /= p
		}
	}
	return n == 1
}

// columns returns the divisor of n that cuts it into the two parts of least work, both long enough for kernels, and of equal ones the
// nearest to the root; 1 if there is none.
func columns(n int) int {
	best, cost := 1, math.Inf(1)
	for c := shortRow; c <= n/shortRow; c++ {
		if n%c != 0 {
			continue
		}
		// a pass goes over all numbers in vectors of eight; the last of a row may be partly in vain
		vectors := func(s int) float64 { return float64((s+7)/8*8) / float64(s) }
		k := float64(len(radices(n/c)))*vectors(c) + float64(len(radices(c)))*vectors(n/c)
		k += 1e-3 * math.Abs(math.Log(float64(c)*float64(c)/float64(n)))
		if k < cost {
			best, cost = c, k
		}
	}
	return best
}

// radices factors n into 4, 5, 3 and at most one 2.
func radices(n int) []int {
	var out []int
	for _, r := range []int{4, 5, 3, 2} {
		for n%r == 0 {
			out = append(out, r)
			n /= r
		}
	}
	return out
}

// passes plans a transform of n rows of s numbers each.
func passes(n, s int) []pass {
	var out []pass
	for _, r := range radices(n) {
		m := n / r
		w := make([]float32, 0, 2*(r-1)*m)
		for p := range m {
			for j := 1; j < r; j++ {
				re, im := root(p*j, n)
				w = append(w, re, im)
			}
		}
		out = append(out, pass{r, s, m, w})
		n, s = m, s*r
	}
	return out
}

// Len returns how many numbers the plan transforms.
func (f *FFT) Len() int { return f.n }

// Forward transforms re and im, of Len numbers each, in place.
func (f *FFT) Forward(re, im []float32) {
	wantLen("FFT.Forward", "re", len(re), f.n)
	wantLen("FFT.Forward", "im", len(im), f.n)
	w := f.scratch.Get().(*work)
	r, i := f.transform(re, im, w)
	if &r[0] != &re[0] {
		copy(re, r)
		copy(im, i)
	}
	f.scratch.Put(w)
}

// Inverse undoes Forward: x[j] = 1/n·Σₖ X[k]·exp(2πi·j·k/n), in place.
func (f *FFT) Inverse(re, im []float32) {
	f.Forward(im, re) // exchanging the parts conjugates before and after, but for a factor that cancels
	a := 1 / float32(f.n)
	simd.Scale(re, a, re)
	simd.Scale(im, a, im)
}

// transform transforms re and im, which it overwrites, and returns where the result lies: there or in w.re and w.im.
func (f *FFT) transform(re, im []float32, w *work) (r, i []float32) {
	if f.chirp != nil {
		f.chirp.transform(re, im)
		return re, im
	}
	ore, oim := w.re, w.im
	for _, p := range f.first {
		simd.FFTPass(p.r, ore, oim, re, im, p.w, p.s, p.m)
		re, im, ore, oim = ore, oim, re, im
	}
	if f.second != nil {
		simd.FFTTurn(ore, oim, re, im, f.wre, f.wim, f.rows, f.cols)
		re, im, ore, oim = ore, oim, re, im
		for _, p := range f.second {
			simd.FFTPass(p.r, ore, oim, re, im, p.w, p.s, p.m)
			re, im, ore, oim = ore, oim, re, im
		}
	}
	return re, im
}

// chirp transforms any length n as a convolution with exp(πi·j²/n), of a power of two at least 2n-1.
type chirp struct {
	n        int
	wre, wim []float32 // exp(-πi·j²/n)
	hre, him []float32 // the transform of its conjugate, divided by the power of two
	fft      *FFT
	scratch  sync.Pool
}

func newChirp(n int) *chirp {
	size := 1 << bits.Len(uint(2*n-2))
	c := &chirp{n: n, fft: NewFFT(size)}
	c.wre, c.wim = make([]float32, n), make([]float32, n)
	c.hre, c.him = make([]float32, size), make([]float32, size)
	for j := range n {
		c.wre[j], c.wim[j] = root(j*j%(2*n), 2*n)
		re, im := c.wre[j]/float32(size), -c.wim[j]/float32(size)
		c.hre[j], c.him[j] = re, im
		if j > 0 {
			c.hre[size-j], c.him[size-j] = re, im
		}
	}
	c.fft.Forward(c.hre, c.him)
	c.scratch.New = func() any {
		b := make([]float32, 2*size)
		return &work{re: b[:size], im: b[size:]}
	}
	return c
}

func (c *chirp) transform(re, im []float32) {
	w := c.scratch.Get().(*work)
	a, b := w.re, w.im
	multiply(a[:c.n], b[:c.n], re, im, c.wre, c.wim)
	clear(a[c.n:])
	clear(b[c.n:])
	c.fft.Forward(a, b)
	multiply(a, b, a, b, c.hre, c.him)
	c.fft.Forward(b, a) // backwards; the factor is in h
	multiply(re, im, a, b, c.wre, c.wim)
	c.scratch.Put(w)
}

// multiply sets d to a·b, complex; d may be a.
func multiply(dre, dim, are, aim, bre, bim []float32) {
	for i := range dre {
		r, m := are[i], aim[i]
		dre[i] = float32(r*bre[i]) - float32(m*bim[i])
		dim[i] = float32(r*bim[i]) + float32(m*bre[i])
	}
}

// RealFFT is the plan of the transform of n real numbers: its first n/2+1 values, the others being their conjugates. An even n goes
// through a complex transform of n/2. It serves several goroutines.
type RealFFT struct {
	n        int
	fft      *FFT
	half     []float32 // n times 1/2
	wre, wim []float32
	scratch  sync.Pool // *work
}

// NewRealFFT plans a transform of n real numbers, n >= 1.
func NewRealFFT(n int) *RealFFT {
	if n < 1 {
		fail("NewRealFFT", "length %d, want at least 1", n)
	}
	f := &RealFFT{n: n}
	size := n
	if n%2 == 0 {
		size = n / 2
		f.half = make([]float32, n)
		for i := range f.half {
			f.half[i] = 0.5
		}
		f.wre, f.wim = make([]float32, size), make([]float32, size)
		f.wre[0] = 1
		for k := 1; k <= size/2; k++ {
			re, im := root(k, n)
			f.wre[k], f.wim[k] = re, im
			f.wre[size-k], f.wim[size-k] = -re, im
		}
		if size%2 == 0 {
			f.wre[size/2] = 0
		}
	}
	f.fft = NewFFT(size)
	f.scratch.New = func() any {
		b := make([]float32, 4*size)
		return &work{b[:size], b[size : 2*size], b[2*size : 3*size], b[3*size:]}
	}
	return f
}

// Len returns how many real numbers the plan transforms.
func (f *RealFFT) Len() int { return f.n }

// Bins returns how many values come out: Len/2+1.
func (f *RealFFT) Bins() int { return f.n/2 + 1 }

// Forward sets re and im, of Bins numbers each, to the transform of x, which has Len.
func (f *RealFFT) Forward(re, im, x []float32) {
	const op = "RealFFT.Forward"
	wantLen(op, "x", len(x), f.n)
	wantLen(op, "re", len(re), f.Bins())
	wantLen(op, "im", len(im), f.Bins())
	f.windowed(re, im, x, f.half)
}

// windowed transforms x times a window; w is the window, for an even length half as large.
func (f *RealFFT) windowed(re, im, x, w []float32) {
	b := f.scratch.Get().(*work)
	if f.n%2 == 0 {
		simd.FFTSplit(b.re2, b.im2, x, w)
		zre, zim := f.fft.transform(b.re2, b.im2, b)
		simd.FFTReal(re, im, zre, zim, f.wre, f.wim, f.n/2)
	} else {
		if w == nil {
			copy(b.re2, x)
		} else {
			simd.Mul(b.re2, x, w)
		}
		clear(b.im2)
		zre, zim := f.fft.transform(b.re2, b.im2, b)
		copy(re, zre)
		copy(im, zim)
	}
	f.scratch.Put(b)
}
