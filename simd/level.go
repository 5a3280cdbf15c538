package simd

import (
	"fmt"
	"os"

	"github.com/tessera-go/tessera/internal/names"
)

// Level is an instruction set that kernels are written for.
type Level int

// The levels, worst to best within an architecture.
const (
	Go     Level = iota // the Go loops
	NEON                // arm64
	AVX2                // x86-64 with AVX2, FMA and BMI2
	AVX512              // x86-64 with AVX-512 F, DQ, BW and VL
)

var levels = names.Of("instruction set", "go", "neon", "avx2", "avx512")

// LevelNames returns the names of all levels, of this machine and of others.
func LevelNames() []string { return levels.All() }

// String returns the name that UnmarshalText and the SIMD environment variable take.
func (l Level) String() string { return levels.String(int(l)) }

// MarshalText returns the name.
func (l Level) MarshalText() ([]byte, error) { return levels.Marshal(int(l)) }

// UnmarshalText sets l to the level of that name; the error says which there are.
func (l *Level) UnmarshalText(text []byte) error {
	i, err := levels.Unmarshal(text)
	if err == nil {
		*l = Level(i)
	}
	return err
}

// kernels is one instruction set's implementation of everything in this package.
type kernels struct {
	level                  Level
	add                    func(dst, x, y []float32)
	sub                    func(dst, x, y []float32)
	mul                    func(dst, x, y []float32)
	div                    func(dst, x, y []float32)
	scale                  func(dst []float32, a float32, x []float32)
	axpy                   func(y []float32, a float32, x []float32)
	mulAdd                 func(dst, x, y []float32)
	relu                   func(dst, x []float32)
	reluGrad               func(dx, dy, y []float32)
	maximum                func(dst, x, y []float32)
	exp                    func(dst []float32, a float32, x []float32)
	log                    func(dst, x []float32)
	sigmoid                func(dst, x []float32)
	tanh                   func(dst, x []float32)
	gauss                  func(dst, x []float32)
	normCDF                func(dst, x []float32)
	gelu                   func(dst, x []float32)
	geluGrad               func(dx, dy, x []float32)
	sum                    func(x []float32) (ret float32)
	dot                    func(x []float32, y []float32) (ret float32)
	sumSquares             func(x []float32) (ret float32)
	max                    func(x []float32) (ret float32)
	affineRows             func(dst, x, scale, shift []float32)
	affineReLURows         func(dst, x, scale, shift []float32)
	affineAddRows          func(dst, x, z, scale, shift []float32)
	affineAddReLURows      func(dst, x, z, scale, shift []float32)
	normGradRows           func(dx, dy, x, a, b, d []float32)
	normGradReLURows       func(dx, dy, x, y, a, b, d []float32)
	normGradSetRows        func(dx, dy, x, a, b, d []float32)
	normGradReLUSetRows    func(dx, dy, x, y, a, b, d []float32)
	reluGradSet            func(dx, dy, y []float32)
	takeEqual              func(dx, g, x, y []float32)
	momentRows             func(sum, sumsq, x, shift []float32, rows int)
	normGradSums           func(sum, dot, dy, x, mean []float32, rows int)
	normGradReLUSums       func(sum, dot, dy, x, y, mean []float32, rows int)
	sumRows                func(sum, x []float32, rows int)
	stream                 func(dst, src []float32)
	fence                  func()
	squaresAbout           func(x []float32, a float32) (ret float32)
	dotAbout               func(x, y, z []float32, a float32) (ret float32)
	layerNormRow           func(dst, x, gamma, beta []float32, mean, inv float32)
	layerNormRowStream     func(dst, x, gamma, beta []float32, mean, inv float32)
	layerNormGradRowStream func(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32)
	layerNormGradRow       func(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32)
	clampedSum             func(x, t, w []float32, lo, hi, h float32) (ret float32)
	clampedGrad            func(dx, x, t, w []float32, s, lo, hi float32)
	logistic               func(dst, x, t []float32)
	sgd                    func(w, v, g []float32, lr, mu, wd float32)
	sgdNesterov            func(w, v, g []float32, lr, mu, wd float32)
	adam                   func(w, m, v, g []float32, c1, b2, c2, rs, eps, step float32)
	winograd               [transforms]func(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int) // nil: the Go loop

	wordsMean   func(dst, table *float32, rows *int32, m, stride, n int, scale float32)
	wordsDot    func(dst, h, table *float32, rows *int32, k, stride, n, apart int)
	wordsSlope  func(dst, x, p, want *float32, n int, rate float32, skip int)
	wordsUpdate func(e, h, table *float32, rows *int32, g *float32, k, stride, n int)
	wordsAdd    func(table *float32, rows *int32, e *float32, m, stride, n int)
	wordsFetch  func(table *float32, rows *int32, k, stride, n int) // nil: none

	// Of Fourier transforms, nil: the Go loop; rows (s, rows, cols) of at least 8, n a multiple of 8 but for fftReal, where it is at least 9.
	fftPass  [4]func(dre, dim, sre, sim, w *float32, s, m int) // by radix, from 2
	fftTurn  func(dre, dim, sre, sim, wre, wim *float32, rows, cols int)
	fftSplit func(re, im, x, w *float32, n int)
	fftReal  func(dre, dim, zre, zim, wre, wim *float32, n int)
	fftPower func(dst, re, im *float32, n, root int)

	// Of pixels; nil: the Go loop. n is a multiple of 8 (pixels, weightedRows, blend, bilinear5), 16 (upsampleH2V2) or 24 (normalizePixels).
	yCbCrToRGB      func(dst, y, cb, cr *uint8, n int)
	upsampleH2V2    func(dst, near, far *uint8, n int)
	weightedRows    func(dst *float32, src *uint8, stride int, w *float32, taps, n int)
	weightedPixels  func(dst *uint8, src *float32, first *int32, w *float32, taps, n int)
	normalizePixels func(dst *float32, src *uint8, table *[48]float32, n int)
	bilinear5       func(dst *float32, stride int, src *float32, row int, at *int32, fx, fy *float32, n int)
	lumaSum         func(rgb *uint8, n int) (sum int)
	blendGrey       func(rgb *uint8, f float32, n int)
	blend           func(p *uint8, f, other float32, n int)
	shiftHue        func(rgb *uint8, t float32, n int)

	// Of low precision; tiles are nil where the processor lacks the instructions, kernels then too or where Go loops do.
	bf16, int8 []tileSet
	packBF16   func(dst, src *float32, n int)       // n a multiple of 32
	pairBF16   func(dst, even, odd *float32, n int) // n a multiple of 16
	quantize   func(dst *uint8, src *float32, inv, zero float32, n int)
	dequantize func(dst *float32, sum, minus *int32, scale *float32, n int)
	rangeOf    func(x *float32, n int) (lo, hi float32) // n a multiple of 64

	copyRows func(dst, src *float32, ld, k int) // k rows, ld bytes apart, of a whole panel's width; nil: the Go loop

	packT8 func(dst, src *float32, w, ld, k int) // eight columns of PackBT, k a multiple of 8, w and ld in bytes; nil: the Go loop

	panel int       // columns of a packed panel
	tiles []tileSet // by width, widest first
}

// active is what the package's functions call. Only init and Use change it.
var active = &goKernels

func init() {
	if a := available(); len(a) > 0 {
		active = a[0]
	}
	want := os.Getenv("SIMD")
	if want == "" {
		return
	}
	var l Level
	err := l.UnmarshalText([]byte(want))
	if err == nil {
		_, err = Use(l)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "SIMD=%s: %v; using %v\n", want, err, active.level)
	}
}

// Active returns the level in use.
func Active() Level { return active.level }

// Levels returns the levels that this machine runs, best first; Go is always the last.
func Levels() []Level {
	var out []Level
	for _, k := range available() {
		out = append(out, k.level)
	}
	return append(out, Go)
}

// Use switches to level l and returns a function that switches back. It is for tests, for measuring and for
// the start of a program: it must not run while other goroutines compute.
func Use(l Level) (restore func(), err error) {
	old := active
	restore = func() { active = old }
	if l == Go {
		active = &goKernels
		return restore, nil
	}
	for _, k := range available() {
		if k.level == l {
			active = k
			return restore, nil
		}
	}
	return restore, fmt.Errorf("simd: this machine cannot run %v; it has %v", l, Levels())
}
