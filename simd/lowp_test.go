package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// atEach calls f at every level, the Go loops first.
func atEach(t *testing.T, f func(l Level)) {
	t.Helper()
	for _, l := range append([]Level{Go}, Levels()...) {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		f(l)
		restore()
	}
}

// TestRoundBF16 checks the rounding against its definition: the nearer of two neighbours, the even one of a tie.
func TestRoundBF16(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 200000 {
		x := math.Float32frombits(r.Uint32())
		got := RoundBF16(x)
		switch b := math.Float32bits(x); {
		case x != x:
			if got == got {
				t.Fatalf("NaN %#x becomes %g", b, got)
			}
			continue
		case b&0x7f800000 == 0:
			if got != 0 || math.Signbit(float64(got)) != math.Signbit(float64(x)) {
				t.Fatalf("denormal %g becomes %g", x, got)
			}
			continue
		case b&0x7f800000 == 0x7f800000:
			if got != x {
				t.Fatalf("%g becomes %g", x, got)
			}
			continue
		}
		low := math.Float32frombits(math.Float32bits(x) &^ 0xffff)
		high := math.Float32frombits(math.Float32bits(low) + 0x10000)
		dl, dh := math.Abs(float64(x)-float64(low)), math.Abs(float64(high)-float64(x))
		if math.IsInf(float64(high), 0) { // as if the exponent went on
			dh = math.Abs(2*float64(low)) - math.Abs(float64(x)) - (math.Abs(2*float64(low)) - math.Abs(float64(low)) - math.Abs(float64(low)-float64(math.Float32frombits(math.Float32bits(low)-0x10000))))
		}
		want := low
		if dh < dl || dh == dl && math.Float32bits(high)>>16&1 == 0 {
			want = high
		}
		if got != want {
			t.Fatalf("%g (%#x) becomes %g, want %g", x, math.Float32bits(x), got, want)
		}
	}
}

// bf16Case multiplies in bfloat16 at the active level.
func bf16Case(m, n, k, runs int, transposed bool, a, b []float32, add bool) []float32 {
	words := BF16Words(k)
	// A: runs of m rows of k, or of k rows of m
	var x A
	if transposed {
		rows := words // of m words
		data := make([]float32, runs*rows*m)
		for r := range runs {
			for p := 0; p < k; p += 2 {
				var odd []float32
				if p+1 < k {
					odd = a[(r*k+p+1)*m:][:m]
				}
				at := r*rows + p/2
				if !BF16Native() {
					at = r*rows + p
				}
				PackBF16Rows(data[at*m:], m, a[(r*k+p)*m:][:m], odd)
			}
		}
		x = A{Data: data, LD: m, Runs: runs, RunStride: rows * m, K: words, Transposed: true}
	} else {
		data := make([]float32, runs*m*words)
		for i := range runs * m {
			PackBF16(data[i*words:][:words], a[i*k:][:k])
		}
		x = A{Data: data, LD: words, Runs: runs, RunStride: m * words, K: words}
	}
	width := PackedSize(1, n)
	panel := make([]float32, runs*words*width)
	for r := range runs {
		for p := 0; p < k; p += 2 {
			row := func(q int) []float32 {
				out := make([]float32, width)
				if q < k {
					copy(out, b[(r*k+q)*n:][:n])
				}
				return out
			}
			at := r*words + p/2
			if !BF16Native() {
				at = r*words + p
			}
			PackBF16Rows(panel[at*width:], width, row(p), row(p+1))
		}
	}
	c := make([]float32, m*n)
	for i := range c {
		c[i] = float32(i%7) / 4
	}
	MulPanelBF16(c, n, m, n, x, panel, add)
	return c
}

// TestBF16: products of pairs have the same bits at every level, and those of the definition: rounded operands, in each pair
// first the odd element, then the even one.
func TestBF16(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for trial := range 300 {
		m, n, k, runs := 1+r.IntN(40), 1+r.IntN(8), 1+r.IntN(70), 1+r.IntN(3)
		if trial%3 == 0 {
			k = 2 * (1 + r.IntN(40))
		}
		a, b := make([]float32, runs*m*k), make([]float32, runs*k*n)
		for i := range a {
			a[i] = r.Float32()*4 - 2
		}
		for i := range b {
			b[i] = r.Float32()*4 - 2
		}
		transposed, add := trial%2 == 1, trial%5 == 0
		want := make([]float32, m*n)
		for i := range m {
			for j := range n {
				s := float32(0)
				for q := range runs {
					for p := 0; p < k; p += 2 {
						for _, e := range []int{p + 1, p} {
							if e < k {
								at := (q*m+i)*k + e
								if transposed {
									at = (q*k+e)*m + i
								}
								s = fma(RoundBF16(a[at]), RoundBF16(b[(q*k+e)*n+j]), s)
							}
						}
					}
				}
				if add {
					s += float32((i*n+j)%7) / 4
				}
				want[i*n+j] = s
			}
		}
		atEach(t, func(l Level) {
			got := bf16Case(m, n, k, runs, transposed, a, b, add)
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%v %dx%dx%d, %d runs, transposed %v: element %d is %g, want %g", l, m, n, k, runs, transposed, i, got[i], want[i])
				}
			}
		})
	}
}

// TestInt8: exact sums at every level, of the widest values too.
func TestInt8(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for trial := range 200 {
		m, k, runs := 1+r.IntN(40), 4*(1+r.IntN(40)), 1+r.IntN(3)
		if trial%20 == 0 {
			k = 4 * (600 + r.IntN(300))
		}
		n := 1 + r.IntN(8)
		x, b := make([]float32, runs*m*k), make([]int8, runs*k*n)
		for i := range x {
			x[i] = float32(r.IntN(256))
			if trial%3 == 0 {
				x[i] = 255
			}
		}
		for i := range b {
			b[i] = int8(r.IntN(255) - 127)
			if trial%3 == 0 {
				b[i] = -127
			}
		}
		want := make([]int32, m*n)
		for i := range m {
			for j := range n {
				for q := range runs {
					for p := range k {
						want[i*n+j] += int32(x[(q*m+i)*k+p]) * int32(b[(q*k+p)*n+j])
					}
				}
			}
		}
		atEach(t, func(l Level) {
			words := k / Int8Lanes()
			data := make([]float32, runs*m*words)
			Quantize(data, x, 1, 0)
			panel := make([]float32, PackedSize(runs*words, n))
			PackInt8(panel, b, runs*k, n)
			got := make([]int32, m*n)
			MulPanelInt8(got, n, m, n, A{Data: data, LD: words, Runs: runs, RunStride: m * words, K: words}, panel, make([]float32, m*n))
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("%v %dx%dx%d, %d runs: element %d is %d, want %d", l, m, n, k, runs, i, got[i], want[i])
				}
			}
		})
	}
}

// TestLowPrecisionConversions compares the kernels with the Go loops at every length.
func TestLowPrecisionConversions(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for n := range 150 {
		x, y := make([]float32, n), make([]float32, n)
		sum, minus := make([]int32, n), make([]int32, n)
		for i := range x {
			x[i], y[i] = math.Float32frombits(r.Uint32()), math.Float32frombits(r.Uint32())
			if r.IntN(2) == 0 {
				x[i] = float32(r.NormFloat64()) * 50
			}
			if x[i] != x[i] {
				x[i] = 1
			}
			if y[i] != y[i] {
				y[i] = -1
			}
			sum[i], minus[i] = int32(r.Uint32()>>2), int32(r.Uint32()>>3)
		}
		quads := n &^ 3
		type result struct {
			pairs, rows, q, d []float32
			lo, hi            float32
		}
		of := func() (o result) {
			o.pairs = make([]float32, BF16Words(n)+1)
			PackBF16(o.pairs, x)
			o.rows = make([]float32, 2*n+1)
			PackBF16Rows(o.rows, n, x, y)
			o.q = make([]float32, quads+1)
			Quantize(o.q, x[:quads], 0.37, 11)
			o.d = make([]float32, n)
			Dequantize(o.d, sum, minus, y)
			o.lo, o.hi = Range(x)
			return o
		}
		var want result
		if n > 0 {
			spoiled := append([]float32(nil), x...)
			spoiled[r.IntN(n)] = float32(math.NaN())
			atEach(t, func(l Level) {
				if lo, hi := Range(spoiled); lo == lo || hi == hi {
					t.Fatalf("%v, n %d: a NaN in [%g, %g] is not seen", l, n, lo, hi)
				}
			})
		}
		atEach(t, func(l Level) {
			got := of()
			if l == Go && want.d == nil {
				want = got
				return
			}
			for i := range want.d {
				if !same(got.d[i], want.d[i]) {
					t.Fatalf("%v, n %d: dequantized %d is %g, Go %g", l, n, i, got.d[i], want.d[i])
				}
			}
			if got.lo != want.lo || got.hi != want.hi {
				t.Fatalf("%v, n %d: range [%g, %g], Go [%g, %g]", l, n, got.lo, got.hi, want.lo, want.hi)
			}
			if Int8Native() {
				for i := range quads {
					if q := math.Float32bits(got.q[i/4]) >> (i % 4 * 8) & 255; float32(q) != want.q[i] {
						t.Fatalf("%v, n %d: quantized %d is %d, Go %g (of %g)", l, n, i, q, want.q[i], x[i])
					}
				}
			}
			if BF16Native() {
				half := func(w float32, odd int) float32 { return math.Float32frombits(math.Float32bits(w) >> (16 * odd) << 16) }
				for i := range n {
					if h := half(got.pairs[i/2], i%2); !same(h, RoundBF16(x[i])) {
						t.Fatalf("%v, n %d: element %d of a row is %g, want %g", l, n, i, h, RoundBF16(x[i]))
					}
					if e, o := half(got.rows[i], 0), half(got.rows[i], 1); !same(e, RoundBF16(x[i])) || !same(o, RoundBF16(y[i])) {
						t.Fatalf("%v, n %d: pair %d is %g %g, want %g %g", l, n, i, e, o, RoundBF16(x[i]), RoundBF16(y[i]))
					}
				}
			}
		})
	}
}

// TestBytes decodes the instructions that stand in bytes (Intel SDM, volume 2, section 2.7: EVEX) and compares them with their
// comments.
func TestBytes(t *testing.T) {
	line := regexp.MustCompile(`^\tBYTE \$0x([0-9a-f]{2}); BYTE \$0x([0-9a-f]{2}); BYTE \$0x([0-9a-f]{2}); BYTE \$0x([0-9a-f]{2}); BYTE \$0x([0-9a-f]{2}); BYTE \$0x([0-9a-f]{2}) // (.*)$`)
	prefetch := regexp.MustCompile(`^#define \w+ BYTE \$0x41; BYTE \$0x0F; BYTE \$0x0D; BYTE \$0x([0-9A-F]{2}); BYTE \$0x([0-9A-F]{2}) // (.*)$`)
	files, _ := os.ReadDir(".")
	seen := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), "_amd64.s") && !strings.HasSuffix(f.Name(), "_amd64.h") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range strings.Split(string(text), "\n") {
			if !strings.Contains(l, "BYTE") {
				continue
			}
			if m := prefetch.FindStringSubmatch(l); m != nil { // REX.B; 0F 0D; mod reg rm, mod 1 an offset of a byte, reg 1 to be written
				at, _ := strconv.ParseUint(m[1], 16, 8)
				by, _ := strconv.ParseUint(m[2], 16, 8)
				if got := fmt.Sprintf("prefetchw %d(r%d)", int8(by), 8+at&7); at>>3 != 1<<3|1 || got != m[3] {
					t.Errorf("%s:%d is %q, the comment says %q", f.Name(), i+1, got, m[3])
				}
				seen++
				continue
			}
			m := line.FindStringSubmatch(l)
			if m == nil {
				t.Errorf("%s:%d: bytes without their instruction: %s", f.Name(), i+1, l)
				continue
			}
			var b [6]int
			for k := range b {
				v, _ := strconv.ParseUint(m[k+1], 16, 8)
				b[k] = int(v)
			}
			not := func(v, bit int) int { return 1 - v>>bit&1 }
			// 62; R X B R' 0 m m m; W v v v v 1 p p; z L'L b V' a a a; opcode; mod reg rm
			reg := not(b[1], 7)<<3 | not(b[1], 4)<<4 | b[5]>>3&7
			rm := not(b[1], 6)<<4 | not(b[1], 5)<<3 | b[5]&7
			v := (^b[2]>>3)&15 | not(b[3], 3)<<4
			op := map[[3]int]string{{2, 2, 0x52}: "vdpbf16ps", {2, 3, 0x72}: "vcvtne2ps2bf16"}[[3]int{b[1] & 7, b[2] & 3, b[4]}]
			got := fmt.Sprintf("%s zmm%d, zmm%d, zmm%d", op, reg, v, rm)
			if b[0] != 0x62 || b[1]&8 != 0 || b[2]&0x84 != 4 || b[3]&0xf7 != 0x40 || b[5]>>6 != 3 || got != m[7] {
				t.Errorf("%s:%d is %q, the comment says %q", f.Name(), i+1, got, m[7])
			}
			seen++
		}
	}
	if seen == 0 {
		t.Error("no BYTE lines found")
	}
}
