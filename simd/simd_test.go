package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/viterin/vek/vek32"
	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/sys/cpu"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

func TestMain(m *testing.M) {
	have := map[Level]bool{}
	for _, l := range Levels() {
		have[l] = true
	}
	for _, l := range []Level{NEON, AVX2, AVX512} {
		if !have[l] {
			fmt.Printf("simd: this machine cannot run %v; its kernels are NOT tested here\n", l)
		}
	}
	os.Exit(m.Run())
}

// specials are the values that a kernel must treat as its Go loop does.
var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-40, math.MaxFloat32, -math.MaxFloat32, 88.7, -87.4, -103.5, 0.625, 1e-7}

const guard = float32(-12345.678)

// guarded returns n floats at the given offset of a larger slice filled with guard values.
func guarded(n, offset int) (whole, x []float32) {
	whole = make([]float32, n+offset+64)
	for i := range whole {
		whole[i] = guard
	}
	return whole, whole[offset : offset+n : offset+n]
}

func checkGuards(t *testing.T, what string, whole []float32, n, offset int) {
	t.Helper()
	for i, v := range whole {
		if (i < offset || i >= offset+n) && v != guard {
			t.Fatalf("%s wrote outside its slice, at %d of [%d, %d)", what, i, offset, offset+n)
		}
	}
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func fill(x []float32, r *rand.Rand, special bool) {
	for i := range x {
		x[i] = float32(r.NormFloat64())
		if special && r.IntN(6) == 0 {
			x[i] = specials[r.IntN(len(specials))]
		}
	}
}

// kernelCase runs one kernel: s are its slices in order, the first `out` of them written.
type kernelCase struct {
	name    string
	slices  int
	out     int
	rows    bool // works over [rows c]; slices from params on have c elements
	params  int
	accs    int  // leading slices of c elements
	inPlace bool // the first slice may be the second
	run     func(k *kernels, s [][]float32, rows int)
}

var kernelCases = []kernelCase{
	{name: "add", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.add(s[0], s[1], s[2]) }},
	{name: "sub", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.sub(s[0], s[1], s[2]) }},
	{name: "mul", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.mul(s[0], s[1], s[2]) }},
	{name: "div", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.div(s[0], s[1], s[2]) }},
	{name: "scale", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.scale(s[0], -1.7, s[1]) }},
	{name: "axpy", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.axpy(s[0], 0.3, s[1]) }},
	{name: "mulAdd", slices: 3, out: 1, run: func(k *kernels, s [][]float32, _ int) { k.mulAdd(s[0], s[1], s[2]) }},
	{name: "relu", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.relu(s[0], s[1]) }},
	{name: "reluGrad", slices: 3, out: 1, run: func(k *kernels, s [][]float32, _ int) { k.reluGrad(s[0], s[1], s[2]) }},
	{name: "reluGradSet", slices: 3, out: 1, run: func(k *kernels, s [][]float32, _ int) { k.reluGradSet(s[0], s[1], s[2]) }},
	{name: "takeEqual", slices: 4, out: 2, run: func(k *kernels, s [][]float32, _ int) {
		copy(s[3][len(s[3])/2:], s[2][len(s[2])/2:]) // equals do not come by chance
		k.takeEqual(s[0], s[1], s[2], s[3])
	}},
	{name: "exp", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.exp(s[0], 0.5, s[1]) }},
	{name: "log", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.log(s[0], s[1]) }},
	{name: "sigmoid", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.sigmoid(s[0], s[1]) }},
	{name: "gauss", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.gauss(s[0], s[1]) }},
	{name: "normCDF", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.normCDF(s[0], s[1]) }},
	{name: "gelu", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.gelu(s[0], s[1]) }},
	{name: "geluGrad", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.geluGrad(s[0], s[1], s[2]) }},
	{name: "geluGrad of x in its place", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.geluGrad(s[0], s[2], s[1]) }},
	{name: "tanh", slices: 2, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.tanh(s[0], s[1]) }},
	{name: "sgd", slices: 3, out: 2, run: func(k *kernels, s [][]float32, _ int) { k.sgd(s[0], s[1], s[2], 0.1, 0.9, 5e-4) }},
	{name: "sgdNesterov", slices: 3, out: 2, run: func(k *kernels, s [][]float32, _ int) { k.sgdNesterov(s[0], s[1], s[2], 0.1, 0.9, 5e-4) }},
	{name: "adam", slices: 4, out: 3, run: func(k *kernels, s [][]float32, _ int) {
		k.adam(s[0], s[1], s[2], s[3], 0.1, 0.999, 0.001, 1.5, 1e-8, 1e-3)
	}},
	{name: "affineRows", slices: 4, out: 1, rows: true, params: 2, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.affineRows(s[0], s[1], s[2], s[3]) }},
	{name: "affineReLURows", slices: 4, out: 1, rows: true, params: 2, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.affineReLURows(s[0], s[1], s[2], s[3]) }},
	{name: "affineAddRows", slices: 5, out: 1, rows: true, params: 2, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.affineAddRows(s[0], s[1], s[2], s[3], s[4]) }},
	{name: "affineAddReLURows", slices: 5, out: 1, rows: true, params: 2, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.affineAddReLURows(s[0], s[1], s[2], s[3], s[4]) }},
	{name: "normGradRows", slices: 6, out: 1, rows: true, params: 3, run: func(k *kernels, s [][]float32, _ int) { k.normGradRows(s[0], s[1], s[2], s[3], s[4], s[5]) }},
	{name: "normGradReLURows", slices: 7, out: 1, rows: true, params: 3, run: func(k *kernels, s [][]float32, _ int) {
		k.normGradReLURows(s[0], s[1], s[2], s[3], s[4], s[5], s[6])
	}},
	{name: "normGradSetRows", slices: 6, out: 1, rows: true, params: 3, run: func(k *kernels, s [][]float32, _ int) {
		k.normGradSetRows(s[0], s[1], s[2], s[3], s[4], s[5])
	}},
	{name: "normGradReLUSetRows", slices: 7, out: 1, rows: true, params: 3, run: func(k *kernels, s [][]float32, _ int) {
		k.normGradReLUSetRows(s[0], s[1], s[2], s[3], s[4], s[5], s[6])
	}},
	{name: "momentRows", slices: 4, out: 2, rows: true, params: 1, accs: 2, run: func(k *kernels, s [][]float32, r int) { k.momentRows(s[0], s[1], s[2], s[3], r) }},
	{name: "normGradSums", slices: 5, out: 2, rows: true, params: 1, accs: 2, run: func(k *kernels, s [][]float32, r int) { k.normGradSums(s[0], s[1], s[2], s[3], s[4], r) }},
	{name: "normGradReLUSums", slices: 6, out: 2, rows: true, params: 1, accs: 2, run: func(k *kernels, s [][]float32, r int) {
		k.normGradReLUSums(s[0], s[1], s[2], s[3], s[4], s[5], r)
	}},
	{name: "layerNormRow", slices: 4, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.layerNormRow(s[0], s[1], s[2], s[3], 0.3, 1.7) }},
	{name: "layerNormGradRow", slices: 6, out: 3, run: func(k *kernels, s [][]float32, _ int) {
		k.layerNormGradRow(s[0], s[1], s[2], s[3], s[4], s[5], 0.3, 1.7, -0.2, 0.1)
	}},
	{name: "clampedGrad L1", slices: 4, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) {
		copy(s[2][:len(s[2])/2], s[1]) // differences of zero do not come by chance
		k.clampedGrad(s[0], s[1], s[2], s[3], 0.7, 1, 1)
	}},
	{name: "clampedGrad Huber", slices: 4, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.clampedGrad(s[0], s[1], s[2], s[3], -0.7, 0, 0.6) }},
	{name: "logistic", slices: 3, out: 1, inPlace: true, run: func(k *kernels, s [][]float32, _ int) { k.logistic(s[0], s[1], s[2]) }},
	{name: "sumRows", slices: 2, out: 1, rows: true, accs: 1, run: func(k *kernels, s [][]float32, r int) { k.sumRows(s[0], s[1], r) }},
}

// TestKernels runs every kernel that the machine has against the Go loop, bit for bit: all lengths past two
// blocks, all offsets in a cache line, in place and not, with special values, guards around every slice, and no
// allocation.
func TestKernels(t *testing.T) {
	for _, k := range available() {
		for _, kc := range kernelCases {
			t.Run(k.level.String()+"/"+kc.name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				for n := 0; n <= 150; n++ {
					for _, special := range []bool{false, true} {
						offsets := []int{n % 16}
						if n%37 == 0 {
							offsets = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
						}
						rows := 1
						if kc.rows {
							if n == 0 {
								continue
							}
							rows = 1 + n%4
						}
						for _, off := range offsets {
							runCase(t, k, kc, r, n, rows, off, special)
						}
					}
				}
			})
		}
	}
}

func runCase(t *testing.T, k *kernels, kc kernelCase, r *rand.Rand, n, rows, off int, special bool) {
	t.Helper()
	wholes := make([][]float32, kc.slices)
	got := make([][]float32, kc.slices)
	want := make([][]float32, kc.slices)
	lens := make([]int, kc.slices)
	for i := range got {
		lens[i] = n
		if kc.rows && i >= kc.accs && i < kc.slices-kc.params {
			lens[i] = n * rows
		}
		wholes[i], got[i] = guarded(lens[i], (off+3*i)%16)
		fill(got[i], r, special)
		if kc.name == "adam" && i == 2 { // second moments are not negative
			for j, v := range got[i] {
				got[i][j] = float32(math.Abs(float64(v)))
			}
		}
		want[i] = append([]float32(nil), got[i]...)
	}
	check := func(what string) {
		for i := range got {
			for j := range got[i] {
				if !same(got[i][j], want[i][j]) {
					t.Fatalf("%s%s n=%d rows=%d offset=%d: slice %d at %d: got %g (%08x), the Go loop %g (%08x)", kc.name, what, n, rows, off, i, j,
						got[i][j], math.Float32bits(got[i][j]), want[i][j], math.Float32bits(want[i][j]))
				}
			}
			checkGuards(t, kc.name, wholes[i], lens[i], (off+3*i)%16)
		}
	}
	kc.run(&goKernels, want, rows)
	kc.run(k, got, rows)
	check("")
	if kc.inPlace {
		copy(got[0], got[1])
		copy(want[0], want[1])
		g1, w1 := got[1], want[1]
		got[1], want[1] = got[0], want[0]
		kc.run(&goKernels, want, rows)
		kc.run(k, got, rows)
		got[1], want[1] = g1, w1
		check(" in place")
	}
}

func TestReductions(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, k := range available() {
		r := rand.New(rand.NewPCG(3, 4))
		for n := 0; n <= 300; n++ {
			for off := range 16 {
				if n > 140 && off != n%16 {
					continue
				}
				wx, x := guarded(n, off)
				wy, y := guarded(n, (off+5)%16)
				wz, z := guarded(n, (off+9)%16)
				for _, special := range []bool{false, true} {
					fill(x, r, special)
					fill(y, r, special)
					fill(z, r, special)
					for _, c := range []struct {
						name      string
						got, want float32
					}{
						{"sum", k.sum(x), sumGo(x)}, {"dot", k.dot(x, y), dotGo(x, y)},
						{"sumSquares", k.sumSquares(x), sumSquaresGo(x)}, {"max", k.max(x), maxGo(x)},
						{"squaresAbout", k.squaresAbout(x, 0.3), squaresAboutGo(x, 0.3)}, {"dotAbout", k.dotAbout(x, y, z, 0.3), dotAboutGo(x, y, z, 0.3)},
						{"dotAbout Inf", k.dotAbout(x, y, z, inf), dotAboutGo(x, y, z, inf)},
						{"clampedSum", k.clampedSum(x, y, z, 0, 0.6, 0.5), clampedSumGo(x, y, z, 0, 0.6, 0.5)},
						{"clampedSum L1", k.clampedSum(x, y, z, 1, 1, 0), clampedSumGo(x, y, z, 1, 1, 0)},
					} {
						if !same(c.got, c.want) && !(c.name == "max" && c.got == c.want) {
							t.Fatalf("%v %s n=%d offset=%d: got %g, the Go loop %g", k.level, c.name, n, off, c.got, c.want)
						}
					}
				}
				checkGuards(t, "a reduction", wx, n, off)
				checkGuards(t, "a reduction", wy, n, (off+5)%16)
				checkGuards(t, "a reduction", wz, n, (off+9)%16)
			}
		}
	}
}

func TestMaximum(t *testing.T) {
	for _, k := range available() {
		r := rand.New(rand.NewPCG(5, 6))
		for n := 0; n < 140; n++ {
			w, d := guarded(n, n%16)
			x, y := make([]float32, n), make([]float32, n)
			fill(x, r, false)
			fill(y, r, false)
			k.maximum(d, x, y)
			for i := range d {
				if d[i] != max(x[i], y[i]) {
					t.Fatalf("%v maximum(%g, %g) = %g", k.level, x[i], y[i], d[i])
				}
			}
			checkGuards(t, "maximum", w, n, n%16)
		}
	}
}

// TestMathError measures the largest error in ulp of the function kernels against float64 (their bits agree at all
// levels, TestKernels), on every 4099th float32.
func TestMathError(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     func(dst, x []float32)
		want  func(float64) float64
		limit float64
	}{
		{"Exp", Exp, math.Exp, 1.01},
		{"Log", Log, math.Log, 1},
		{"Tanh", Tanh, math.Tanh, 2},
		{"Gauss", Gauss, func(x float64) float64 { return math.Exp(-x * x / 2) }, 2},
		{"NormCDF", NormCDF, func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }, 6},
		{"Sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3},
	} {
		worst, at := 0.0, float32(0)
		var buf, out []float32
		for b := uint64(0); b < 1<<32; b += 4099 {
			buf = append(buf, math.Float32frombits(uint32(b)))
		}
		out = make([]float32, len(buf))
		c.f(out, buf)
		for i, x := range buf {
			want := c.want(float64(x))
			got := float64(out[i])
			if math.IsNaN(want) || !(math.Abs(want) <= math.MaxFloat32) {
				if w := float32(want); !same(w, out[i]) && !(math.Abs(want) <= 3.41e38) {
					t.Errorf("%s(%g) = %g, want %g", c.name, x, got, w)
				}
				continue
			}
			ulp := math.Max(math.Ldexp(1, math.Ilogb(math.Max(math.Abs(want), 0x1p-126))-23), 0x1p-149)
			if e := math.Abs(got-want) / ulp; e > worst {
				worst, at = e, x
			}
		}
		t.Logf("%s: largest error %.3f ulp at %g", c.name, worst, at)
		if worst > c.limit {
			t.Errorf("%s: error %.3f ulp at %g, above %g", c.name, worst, at, c.limit)
		}
	}
}

// TestLogisticError: the largest error of Logistic in ulp, on every 4099th float32, against targets of 0 and 1, for which the loss is
// log(1 + exp(±x)): small where the prediction is right.
func TestLogisticError(t *testing.T) {
	var x []float32
	for b := uint64(0); b < 1<<32; b += 4099 {
		if v := math.Float32frombits(uint32(b)); math.Abs(float64(v)) < 80 { // beyond, the loss is denormal or x itself
			x = append(x, v)
		}
	}
	out, target := make([]float32, len(x)), make([]float32, len(x))
	for _, to := range []float32{0, 1} {
		for i := range target {
			target[i] = to
		}
		Logistic(out, x, target)
		worst, at := 0.0, float32(0)
		for i, v := range x {
			want := math.Log1p(math.Exp(float64(v)))
			if to == 1 {
				want = math.Log1p(math.Exp(-float64(v)))
			}
			if e := math.Abs(float64(out[i])-want) / math.Ldexp(1, math.Ilogb(want)-23); e > worst {
				worst, at = e, v
			}
		}
		t.Logf("target %g: largest error %.3f ulp at %g", to, worst, at)
		if worst > 3 {
			t.Errorf("target %g: error %.3f ulp at %g, above 3", to, worst, at)
		}
	}
}

// TestFMA compares fma with exact arithmetic where float64 alone would round twice.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200000 {
		a := math.Float32frombits(r.Uint32())
		b := math.Float32frombits(r.Uint32())
		c := math.Float32frombits(r.Uint32())
		want := dotFMA(a, b, c)
		if got := fma(a, b, c); !same(got, want) {
			t.Fatalf("fma(%g, %g, %g) = %g, want %g", a, b, c, got, want)
		}
	}
}

// dotFMA asks the best level of the machine (its FMA instruction), or big floats where there is none.
func dotFMA(a, b, c float32) float32 {
	y := []float32{c}
	if k := available(); len(k) > 0 {
		k[0].axpy(y, a, []float32{b})
	} else {
		axpyGo(y, a, []float32{b})
	}
	return y[0]
}

// TestMulPanel compares tiles with the Go tiles, bit for bit: every number of rows past two tiles, every number of
// columns, both ways of reading A, several runs, adding and not.
func TestMulPanel(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, level := range Levels() {
		if level == Go {
			continue
		}
		restore, err := Use(level)
		if err != nil {
			t.Fatal(err)
		}
		for m := 1; m <= 31; m++ {
			for n := 1; n <= Panel(); n++ {
				k, runs := 1+(m*7+n)%9, 1+(m+n)%3
				for _, transposed := range []bool{false, true} {
					testPanel(t, r, m, n, k, runs, transposed)
				}
			}
		}
		restore()
	}
}

func testPanel(t *testing.T, r *rand.Rand, m, n, k, runs int, transposed bool) {
	t.Helper()
	ldc := n + 3
	a := A{LD: k + 2, Runs: runs, K: k, Transposed: transposed}
	if transposed {
		a.LD = m + 1
	}
	a.RunStride, a.Fetch = 5, (m+n+k)%2 == 0
	a.Data = make([]float32, runs*5+(m+k)*(m+k+3))
	fill(a.Data, r, false)
	b := make([]float32, runs*k*n)
	fill(b, r, false)
	whole, c := guarded(m*ldc, 7)
	for i := range c {
		c[i] = guard
	}
	init := make([]float32, m*n)
	fill(init, r, false)
	for _, add := range []bool{false, true} {
		want := append([]float32(nil), init...)
		for i := range m {
			for j := range n {
				c[i*ldc+j] = init[i*n+j]
				s := float32(0)
				for q := range runs {
					for p := range k {
						e := q*a.RunStride + i*a.LD + p
						if transposed {
							e = q*a.RunStride + p*a.LD + i
						}
						s = fma(a.Data[e], b[(q*k+p)*n+j], s)
					}
				}
				if add {
					s += want[i*n+j]
				}
				want[i*n+j] = s
			}
		}
		packed := make([]float32, PackedSize(runs*k, n))
		PackB(packed, runs*k, 0, b, runs*k, n, n)
		MulPanel(c, ldc, m, n, a, packed, add)
		for i := range m {
			for j := range ldc {
				w := guard
				if j < n {
					w = want[i*n+j]
				}
				if !same(c[i*ldc+j], w) {
					t.Fatalf("%v m=%d n=%d k=%d runs=%d transposed=%v add=%v: C[%d][%d] = %g, want %g", Active(), m, n, k, runs, transposed, add, i, j, c[i*ldc+j], w)
				}
			}
		}
		checkGuards(t, "MulPanel", whole, m*ldc, 7)
		if n < Panel() {
			continue
		}
		got, lines := append([]float32(nil), init...), make([]float32, runs*k*(n+5)-5)
		for p := range runs * k {
			copy(lines[p*(n+5):], b[p*n:][:n])
		}
		MulPlain(got, n, m, a, lines, n+5, add)
		for i := range got {
			if !same(got[i], want[i]) {
				t.Fatalf("%v m=%d k=%d add=%v: element %d of a plain product is %g, want %g", Active(), m, k, add, i, got[i], want[i])
			}
		}
	}
}

func TestPackBT(t *testing.T) {
	for _, level := range Levels() {
		restore, _ := Use(level)
		for n := 1; n < 70; n += 3 {
			k := 5 + n%31
			b := make([]float32, k*n)
			bt := make([]float32, n*k)
			for i := range k {
				for j := range n {
					b[i*n+j] = float32(i*100 + j)
					bt[j*k+i] = b[i*n+j]
				}
			}
			p, q := make([]float32, PackedSize(k, n)), make([]float32, PackedSize(k, n))
			PackB(p, k, 0, b, k, n, n)
			PackBT(q, k, 2, bt[2:], k-2, n, k) // in two pieces
			PackBT(q, k, 0, bt, 2, n, k)
			for i := range p {
				if p[i] != q[i] {
					t.Fatalf("%v k=%d n=%d: at %d %g and %g", level, k, n, i, p[i], q[i])
				}
			}
		}
		restore()
	}
}

// TestMulPanelShort: an operand that is too short panics in Go, it is never read in assembly.
func TestMulPanelShort(t *testing.T) {
	panel := make([]float32, PackedSize(4, 4))
	for name, f := range map[string]func(){
		"a": func() {
			MulPanel(make([]float32, 16), 4, 4, 4, A{Data: make([]float32, 15), LD: 4, K: 4}, panel, false)
		},
		"c": func() {
			MulPanel(make([]float32, 15), 4, 4, 4, A{Data: make([]float32, 16), LD: 4, K: 4}, panel, false)
		},
		"panel": func() {
			MulPanel(make([]float32, 16), 4, 4, 4, A{Data: make([]float32, 20), LD: 4, K: 5}, panel, false)
		},
		"line": func() {
			n := Panel()
			MulPlain(make([]float32, n), n, 1, A{Data: make([]float32, 4), LD: 1, K: 4, Transposed: true}, make([]float32, 4*n+3*5-1), n+5, false)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a short %s did not panic", name)
				}
			}()
			f()
		}()
	}
}

func TestNoAllocation(t *testing.T) {
	x, y := make([]float32, 1000), make([]float32, 1000)
	a := A{Data: x, LD: 8, K: 8}
	panel := make([]float32, PackedSize(8, Panel()))
	words := newWords(func(n int) []float32 { return make([]float32, n) }, []int32{1, 0, 4, 0, 3}, 5, 112, 112)
	for name, f := range map[string]func(){
		"Axpy": func() { Axpy(y, 2, x) }, "Sum": func() { Sum(x) }, "Softmax": func() { Softmax(y, x) },
		"MulPanel":      func() { MulPanel(y, Panel(), 5, Panel(), a, panel, true) },
		"MulPanel, n 3": func() { MulPanel(y, Panel(), 5, 3, a, panel, true) },
		"Words": func() {
			for _, kernel := range wordKernels {
				kernel(&words)
			}
		},
	} {
		if n := testing.AllocsPerRun(20, f); n != 0 {
			t.Errorf("%s allocates %g times a call", name, n)
		}
	}
}

// TestSecondOpinion compares with vek and gonum, within what float32 sums may differ.
func TestSecondOpinion(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	x, y := make([]float32, 1003), make([]float32, 1003)
	fill(x, r, false)
	fill(y, r, false)
	scale := 0.0
	for i := range x {
		scale += math.Abs(float64(x[i] * y[i]))
	}
	if d := math.Abs(float64(Dot(x, y) - vek32.Dot(x, y))); d > 1e-6*scale {
		t.Errorf("Dot differs from vek32 by %g", d)
	}
	const m, n, k = 19, 41, 33
	a, b, c := x[:m*k], make([]float32, k*n), make([]float32, m*n)
	fill(b, r, false)
	packed := make([]float32, PackedSize(k, n))
	PackB(packed, k, 0, b, k, n, n)
	for j := 0; j < n; j += Panel() {
		MulPanel(c[j:], n, m, min(Panel(), n-j), A{Data: a, LD: k, K: k}, packed[PackedOffset(k, j):], false)
	}
	want := blas32.General{Rows: m, Cols: n, Stride: n, Data: make([]float32, m*n)}
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, blas32.General{Rows: m, Cols: k, Stride: k, Data: a}, blas32.General{Rows: k, Cols: n, Stride: n, Data: b}, 0, want)
	for i, v := range c {
		if !(math.Abs(float64(v-want.Data[i])) <= 1e-4) {
			t.Fatalf("MulPanel %g, gonum %g at %d", v, want.Data[i], i)
		}
	}
}

func TestLevelNames(t *testing.T) {
	var l Level
	if err := l.UnmarshalText([]byte("sse9")); err == nil || !strings.Contains(err.Error(), "avx2") {
		t.Errorf("an unknown level should name the known ones, got %v", err)
	}
	for i, want := range []Level{Go, NEON, AVX2, AVX512} {
		text, err := want.MarshalText()
		if err != nil || string(text) != want.String() || string(text) != LevelNames()[i] {
			t.Errorf("%v is written %q, %v; LevelNames has %q", want, text, err, LevelNames()[i])
		}
		if err := l.UnmarshalText([]byte(strings.ToUpper(want.String()))); err != nil || l != want {
			t.Errorf("%v read back is %v, %v", want, l, err)
		}
	}
}

// TestFeatures: a level is offered exactly where golang.org/x/sys/cpu, which asks the processor by itself, finds what it needs.
func TestFeatures(t *testing.T) {
	if runtime.GOARCH != "amd64" || len(available()) == 0 {
		return
	}
	x := cpu.X86
	want := map[Level]bool{AVX2: x.HasAVX2 && x.HasFMA && x.HasBMI2, AVX512: x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasBMI2, Go: true}
	for _, l := range Levels() {
		if !want[l] {
			t.Errorf("%v is offered, the processor lacks it", l)
		}
		delete(want, l)
	}
	for l, has := range want {
		if has {
			t.Errorf("the processor has %v, it is not offered", l)
		}
	}
}

// TestWords decodes every WORD line of the NEON files and compares it with the instruction in its comment.
func TestWords(t *testing.T) {
	files, _ := os.ReadDir(".")
	line := regexp.MustCompile(`^\tWORD \$0x([0-9a-f]{8}) // (.*)$`)
	seen := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_arm64.s") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range strings.Split(string(text), "\n") {
			if !strings.Contains(l, "WORD") || strings.HasPrefix(l, "//") {
				continue
			}
			m := line.FindStringSubmatch(l)
			if m == nil {
				t.Errorf("%s:%d: a WORD without its instruction: %s", f.Name(), i+1, l)
				continue
			}
			w, _ := strconv.ParseUint(m[1], 16, 32)
			if got, err := disassemble(uint32(w)); err != nil || got != m[2] {
				t.Errorf("%s:%d: %s is %q (%v), the comment says %q", f.Name(), i+1, m[1], got, err, m[2])
			}
			seen++
		}
	}
	if seen == 0 {
		t.Error("no WORD lines found")
	}
}

// disassemble decodes the NEON instructions in use, from the Arm Architecture Reference Manual (C4.1, "Advanced SIMD");
// arm64asm, which decodes the few that it knows, is the second opinion.
func disassemble(w uint32) (string, error) {
	d, n, m := w&31, w>>5&31, w>>16&31
	three := map[uint32]string{ // opcode bits with registers cleared, 4S
		0x4e20d400: "fadd", 0x4ea0d400: "fsub", 0x6e20dc00: "fmul", 0x6e20fc00: "fdiv", 0x4e20f400: "fmax", 0x4ea0f400: "fmin",
		0x6ea0e400: "fcmgt", 0x4e20e400: "fcmeq", 0x4ea09c00: "mul", 0x6e20d400: "faddp", 0x6e20e400: "fcmge",
	}
	logic := map[uint32]string{0x4e601c00: "bic", 0x6e601c00: "bsl", 0x4ee01c00: "orn"}
	two := map[uint32]string{0x4ea0c800: "fcmgt", 0x4ea0e800: "fcmlt", 0x6ea0d800: "fcmle", 0x4e21a800: "fcvtns", 0x4e21d800: "scvtf", 0x6ea1f800: "fsqrt", 0x4ea1b800: "fcvtzs"}
	narrow := map[uint32][3]string{0x0e614800: {"sqxtn", "4h", "4s"}, 0x4e614800: {"sqxtn2", "8h", "4s"}, 0x2e212800: {"sqxtun", "8b", "8h"}}
	text := ""
	switch {
	case three[w&0xffe0fc00] != "":
		text = fmt.Sprintf("%s v%d.4s, v%d.4s, v%d.4s", three[w&0xffe0fc00], d, n, m)
	case logic[w&0xffe0fc00] != "":
		text = fmt.Sprintf("%s v%d.16b, v%d.16b, v%d.16b", logic[w&0xffe0fc00], d, n, m)
	case two[w&0xfffffc00] != "":
		op := two[w&0xfffffc00]
		text = fmt.Sprintf("%s v%d.4s, v%d.4s", op, d, n)
		if strings.HasPrefix(op, "fcm") {
			text += ", #0.0"
		}
	case narrow[w&0xfffffc00][0] != "":
		op := narrow[w&0xfffffc00]
		text = fmt.Sprintf("%s v%d.%s, v%d.%s", op[0], d, op[1], n, op[2])
	case w&0xffe0fc00 == 0x4f200400:
		text = fmt.Sprintf("sshr v%d.4s, v%d.4s, #%d", d, n, 64-(w>>16&0x7f))
	case w&0xffe08400 == 0x6e000000:
		text = fmt.Sprintf("ext v%d.16b, v%d.16b, v%d.16b, #%d", d, n, m, w>>11&15)
	default:
		return "", fmt.Errorf("unknown encoding")
	}
	b := []byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)}
	if i, err := arm64asm.Decode(b); err == nil {
		name := strings.ToLower(i.Op.String())
		if !strings.HasPrefix(text, name+" ") {
			return text, fmt.Errorf("arm64asm says %s", arm64asm.GNUSyntax(i))
		}
	}
	return text, nil
}

// TestPromisedInstructions reads the x86 files: an AVX2 kernel uses no AVX-512 register or mask, every kernel that
// touched a wide register clears the upper halves, and nobody touches what the Go runtime owns.
func TestPromisedInstructions(t *testing.T) {
	files, _ := os.ReadDir(".")
	owned := map[string]*regexp.Regexp{
		"amd64": regexp.MustCompile(`\b(R14|R15|BP)\b`),
		"arm64": regexp.MustCompile(`\b(R18|R27|R28|R29|g)\b`),
	}
	wide := regexp.MustCompile(`\b(Z\d+|K[0-7]|Y1[6-9]|Y2\d|Y3\d)\b`)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".s") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		arch := "amd64"
		if strings.HasSuffix(f.Name(), "_arm64.s") {
			arch = "arm64"
		}
		last := ""
		for i, l := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(l, "//")
			if owned[arch].MatchString(code) {
				t.Errorf("%s:%d: the runtime owns that register: %s", f.Name(), i+1, l)
			}
			if strings.Contains(f.Name(), "avx2") && wide.MatchString(code) {
				t.Errorf("%s:%d: not AVX2: %s", f.Name(), i+1, l)
			}
			if arch == "amd64" && strings.TrimSpace(code) == "RET" && last != "VZEROUPPER" {
				t.Errorf("%s:%d: RET without VZEROUPPER", f.Name(), i+1)
			}
			if s := strings.TrimSpace(code); s != "" {
				last = s
			}
		}
	}
}

func BenchmarkGEMMTile(b *testing.B) {
	for _, l := range Levels() {
		restore, _ := Use(l)
		n := Panel()
		const m, k = 56, 256
		a := A{Data: make([]float32, m*(k+16)), LD: k + 16, K: k}
		panel := make([]float32, PackedSize(k, n))
		c := make([]float32, m*n)
		b.Run(fmt.Sprintf("%dx%dx%d/%v", m, n, k, l), func(b *testing.B) {
			for b.Loop() {
				MulPanel(c, n, m, n, a, panel, false)
			}
			b.ReportMetric(2*m*k*float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
		restore()
	}
}

func BenchmarkVector(b *testing.B) {
	x, y := make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%100) / 50
	}
	for _, l := range Levels() {
		restore, _ := Use(l)
		for name, f := range map[string]func(){
			"Axpy": func() { Axpy(y, 1e-9, x) }, "Exp": func() { Exp(y, x) }, "Log": func() { Log(y, x) }, "Tanh": func() { Tanh(y, x) },
			"Sum": func() { Sum(x) }, "Dot": func() { Dot(x, y) },
		} {
			b.Run(fmt.Sprintf("%s/%d/%v", name, len(x), l), func(b *testing.B) {
				b.SetBytes(int64(len(x) * 4))
				for b.Loop() {
					f()
				}
			})
		}
		restore()
	}
}

// TestWinograd compares every transform at every level with the Go loop, bit for bit, with guards around dst, on odd
// distances and counts and on NaN, infinities and denormals.
func TestWinograd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for tr := range transforms {
		in, out := tr.Rows()
		for _, s := range []struct{ n, count, dstRow, dstNext, srcRow, srcNext int }{
			{16, 1, 16, 0, 16, 0}, {32, 3, 37, 37 * 6, 32, 32 * 6}, {48, 2, 160, 48, 52, 49}, {16, 5, 99, 16, 81, 16}, {256, 2, 256, 1536, 300, 256},
		} {
			src := make([]float32, (s.count-1)*s.srcNext+(in-1)*s.srcRow+s.n)
			dst := make([]float32, 8+(s.count-1)*s.dstNext+(out-1)*s.dstRow+s.n+8)
			for i := range src {
				src[i] = float32(rng.NormFloat64())
				if rng.IntN(40) == 0 {
					src[i] = specials[rng.IntN(len(specials))]
				}
			}
			for i := range dst {
				dst[i] = float32(rng.NormFloat64())
			}
			want := slices.Clone(dst)
			winogradLoop(tr, &want[8], &src[0], s.dstRow*4, s.dstNext*4, s.srcRow*4, s.srcNext*4, s.n*4, s.count)
			for _, l := range Levels() {
				got := slices.Clone(dst)
				restore, err := Use(l)
				if err != nil {
					t.Fatal(err)
				}
				Winograd(tr, got[8:len(got)-8], s.dstRow, s.dstNext, src, s.srcRow, s.srcNext, s.n, s.count)
				restore()
				for i := range want {
					if !same(got[i], want[i]) {
						t.Fatalf("%v, transform %d, %+v: element %d is %v, the Go loop's %v", l, tr, s, i, got[i], want[i])
					}
				}
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a short dst did not panic")
		}
	}()
	Winograd(WinogradInput4, make([]float32, 95), 16, 0, make([]float32, 96), 16, 0, 16, 1)
}

// TestGroups: rows in groups give what the groups give one by one, at every level and for every kind of word: the words are
// whatever bits make sense as floats, as pairs and as bytes.
func TestGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	for trial := range 200 {
		group, m, n, k, runs := 1+r.IntN(17), 1+r.IntN(60), 1+r.IntN(40), 4*(1+r.IntN(12)), 1+r.IntN(3)
		if trial%2 == 0 {
			group = 7
		}
		groups := (m + group - 1) / group
		ld, stride := k+r.IntN(5), 0
		stride = group*ld + r.IntN(9)
		a := A{LD: ld, Runs: runs, RunStride: groups*stride + 3, K: k, Group: group, GroupStride: stride, Data: make([]float32, (runs-1)*(groups*stride+3)+groups*stride+k)}
		for i := range a.Data {
			a.Data[i] = r.Float32()*2 - 1
		}
		// no longer than it must be, so that reading beyond panics
		last := (m - 1) / group
		rows := (m-1)%group + 1
		end := last*stride + (rows-1)*ld + k
		if last > 0 {
			end = max(end, (last-1)*stride+(group-1)*ld+k)
		}
		a.Data = a.Data[: (runs-1)*a.RunStride+end : (runs-1)*a.RunStride+end]
		for _, l := range Levels() {
			restore, err := Use(l)
			if err != nil {
				t.Fatal(err)
			}
			if n > Panel() {
				n = Panel()
			}
			b := make([]float32, PackedSize(runs*k, n))
			for i := range b {
				b[i] = r.Float32()*2 - 1
			}
			for _, words := range []int{floatProduct, bf16Product, int8Product} {
				got, want := make([]float32, m*n), make([]float32, m*n)
				mulPanel(words, got, n, m, n, a, b, 0, false)
				for g := range groups {
					rows := min(group, m-g*group)
					one := a
					one.Data, one.Group, one.GroupStride = a.Data[g*stride:], 0, 0
					mulPanel(words, want[g*group*n:], n, rows, n, one, b, 0, false)
				}
				for i := range got {
					if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
						t.Fatalf("%v, words %d: %d rows in groups of %d, %d columns: element %d is %g, want %g", l, words, m, group, n, i, got[i], want[i])
					}
				}
			}
			restore()
		}
	}
}
