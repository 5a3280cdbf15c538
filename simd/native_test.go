package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// native makes the Go level one that has kernels of low precision, in Go and for the lengths that kernels are promised, so that what
// stands around them runs on every machine. Its products must not run.
func native(t *testing.T) (restore func()) {
	t.Helper()
	k := goKernels
	whole := func(n, of int) {
		if n <= 0 || n%of != 0 {
			t.Errorf("a kernel is called for %d elements, promised were multiples of %d", n, of)
		}
	}
	k.bf16, k.int8 = k.tiles, k.tiles
	k.packBF16 = func(dst, src *float32, n int) {
		whole(n, 32)
		d, s := unsafe.Slice((*uint16)(unsafe.Pointer(dst)), n), unsafe.Slice(src, n)
		for i, x := range s {
			d[i] = uint16(math.Float32bits(RoundBF16(x)) >> 16)
		}
	}
	k.pairBF16 = func(dst, even, odd *float32, n int) {
		whole(n, 16)
		d, e, o := unsafe.Slice((*uint32)(unsafe.Pointer(dst)), n), unsafe.Slice(even, n), unsafe.Slice(odd, n)
		for i := range d {
			d[i] = math.Float32bits(RoundBF16(e[i]))>>16 | math.Float32bits(RoundBF16(o[i]))
		}
	}
	k.quantize = func(dst *uint8, src *float32, inv, zero float32, n int) {
		whole(n, 16)
		d := unsafe.Slice(dst, n)
		for i, x := range unsafe.Slice(src, n) {
			d[i] = uint8(math.RoundToEven(min(max(float64(x)*float64(inv)+float64(zero), 0), 255)))
		}
	}
	k.dequantize = func(dst *float32, sum, minus *int32, scale *float32, n int) {
		whole(n, 16)
		d, s, m, f := unsafe.Slice(dst, n), unsafe.Slice(sum, n), unsafe.Slice(minus, n), unsafe.Slice(scale, n)
		for i := range d {
			d[i] = float32(s[i]-m[i]) * f[i]
		}
	}
	k.rangeOf = func(x *float32, n int) (lo, hi float32) {
		whole(n, 64)
		for _, v := range unsafe.Slice(x, n) {
			lo, hi = min(lo, v), max(hi, v)
		}
		return lo, hi
	}
	old := active
	active = &k
	return func() { active = old }
}

// TestAroundKernels: at every length, with kernels and without: words of pairs and of bytes, sums scaled back, and the range, by their
// definitions.
func TestAroundKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 3))
	for n := range 150 {
		x, y := make([]float32, n), make([]float32, n)
		sum, minus := make([]int32, n), make([]int32, n)
		lo, hi := float32(0), float32(0)
		for i := range x {
			x[i], y[i] = float32(r.NormFloat64())*100, float32(r.NormFloat64())
			sum[i], minus[i] = int32(r.IntN(1<<20)), int32(r.IntN(1<<20))
			lo, hi = min(lo, x[i]), max(hi, x[i])
		}
		check := func() {
			t.Helper()
			checkPairs(t, x, y)
			d := make([]float32, n)
			Dequantize(d, sum, minus, y)
			for i, v := range d {
				if want := float32(sum[i]-minus[i]) * y[i]; v != want {
					t.Fatalf("%d: (%d - %d)·%g is %g, want %g", n, sum[i], minus[i], y[i], v, want)
				}
			}
			if l, h := Range(x); l != lo || h != hi {
				t.Fatalf("%d: the range is %g to %g, want %g to %g", n, l, h, lo, hi)
			}
			q := make([]float32, n&^3/Int8Lanes()+1)
			q[len(q)-1] = guard
			Quantize(q, x[:n&^3], 0.5, 100)
			for i := range n &^ 3 {
				got := q[i/Int8Lanes()]
				if Int8Native() {
					got = float32(math.Float32bits(got) >> (8 * (i % 4)) & 255)
				}
				if want := float32(min(max(math.RoundToEven(float64(x[i])*0.5+100), 0), 255)); got != want {
					t.Fatalf("%d: %g becomes %g, want %g", n, x[i], got, want)
				}
			}
			if q[len(q)-1] != guard {
				t.Fatalf("%d: a word behind the last is written", n)
			}
		}
		atEach(t, func(Level) { check() })
		restore := native(t)
		check()
		restore()
	}
}

// checkPairs checks PackBF16 and PackBF16Rows: in words of two where these are multiplied, else apart, the odd one first.
func checkPairs(t *testing.T, x, y []float32) {
	t.Helper()
	n := len(x)
	words := (n + 1) / 2
	if !BF16Native() {
		words = 2 * words
	}
	if BF16Words(n) != words {
		t.Fatalf("%d elements take %d words, want %d", n, BF16Words(n), words)
	}
	row := make([]float32, words+1)
	row[words] = guard
	PackBF16(row, x)
	of := func(x []float32, i int) float32 {
		if i < len(x) {
			return RoundBF16(x[i])
		}
		return 0
	}
	pair := func(w float32) (even, odd float32) {
		return math.Float32frombits(math.Float32bits(w) << 16), math.Float32frombits(math.Float32bits(w) &^ 0xffff)
	}
	for i := 0; i < n; i += 2 {
		even, odd := pair(row[i/2])
		if !BF16Native() {
			odd, even = row[i], row[i+1]
		}
		if even != of(x, i) || odd != of(x, i+1) {
			t.Fatalf("%d: the pair at %d is %g and %g, want %g and %g", n, i, even, odd, of(x, i), of(x, i+1))
		}
	}
	for _, second := range [][]float32{y, nil} {
		const apart = 7
		rows := make([]float32, 2*n+apart+1)
		for i := range rows {
			rows[i] = guard
		}
		PackBF16Rows(rows, n+apart, x, second)
		for i := range n {
			even, odd := pair(rows[i])
			if !BF16Native() {
				odd, even = rows[i], rows[n+apart+i]
			}
			if even != RoundBF16(x[i]) || odd != of(second, i) {
				t.Fatalf("%d: pair %d of two rows is %g and %g, want %g and %g", n, i, even, odd, x[i], of(second, i))
			}
		}
		if row[words] != guard || rows[n] != guard || rows[2*n+apart] != guard {
			t.Fatalf("%d: an element behind the last is written", n)
		}
	}
}

// TestLongSecondRow: a second row of zeros may be longer than those kept for it.
func TestLongSecondRow(t *testing.T) {
	for _, n := range []int{4095, 4096, 4097, 9000} {
		x, out := make([]float32, n), make([]float32, 2*n)
		for i := range x {
			x[i], out[i] = float32(i%50), 5
		}
		restore, err := Use(Go)
		if err != nil {
			t.Fatal(err)
		}
		PackBF16Rows(out, n, x, nil)
		restore()
		for i := range x {
			if out[i] != 0 || out[n+i] != x[i] {
				t.Fatalf("%d elements: %d is %g and %g", n, i, out[i], out[n+i])
			}
		}
	}
}

// TestInt8Layout: each integer stands in its lane, word and panel, with zeros beyond the columns.
func TestInt8Layout(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 4))
	check := func() {
		t.Helper()
		for trial := range 40 {
			k, n := 4*(1+r.IntN(6)), 1+r.IntN(40)
			lanes := Int8Lanes()
			b := make([]int8, k*n)
			for i := range b {
				b[i] = int8(r.IntN(256) - 128)
			}
			got := make([]float32, PackedSize(k/lanes, n))
			PackInt8(got, b, k, n)
			for j0 := 0; j0 < n; j0 += Panel() {
				w := PackedSize(1, min(Panel(), n-j0))
				for p := range k {
					for j := range w {
						want := int8(0)
						if j0+j < n {
							want = b[p*n+j0+j]
						}
						word := got[PackedOffset(k/lanes, j0)+p/lanes*w+j]
						v := int8(word)
						if lanes == 4 {
							v = int8(math.Float32bits(word) >> (8 * (p % 4)))
						}
						if v != want {
							t.Fatalf("trial %d, %d by %d, %d lanes: row %d, column %d is %d, want %d", trial, k, n, lanes, p, j0+j, v, want)
						}
					}
				}
			}
		}
	}
	atEach(t, func(Level) { check() })
	restore := native(t)
	defer restore()
	check()
}

// TestInt8Ends: no steps are sums of zero, also where they were something else before; nothing is nothing; what is short panics.
func TestInt8Ends(t *testing.T) {
	atEach(t, func(l Level) {
		words := 8 / Int8Lanes()
		a := A{Data: make([]float32, 3*words), LD: words, K: words}
		run := func(c []int32, m, n, k int) {
			a.K = k
			MulPanelInt8(c, 4, m, n, a, make([]float32, PackedSize(words, Panel())), make([]float32, 9))
		}
		for _, k := range []int{0, words} {
			c := []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
			if run(c, 3, 3, k); fmt.Sprint(c) != "[0 0 0 4 0 0 0 8 0 0 0]" {
				t.Errorf("%v, %d steps: %v", l, k, c)
			}
			run(nil, 0, 3, k)
			run(nil, 3, 0, k)
			run(nil, -1, 3, k)
			run(nil, 3, -1, k)
			if !panics(func() { run(c[:10], 3, 3, k) }) {
				t.Errorf("%v, %d steps: a short destination is written", l, k)
			}
		}
	})
}

// TestSoftmaxValues: a row's exponentials over their sum, against float64, at every level and length; one NaN or +Inf makes all NaN.
func TestSoftmaxValues(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 5))
	atEach(t, func(l Level) {
		for n := 1; n < 140; n += 3 {
			x, y := make([]float32, n), make([]float32, n)
			sum, top := 0.0, math.Inf(-1)
			for i := range x {
				x[i] = float32(r.IntN(64*40))/64 + 50 // differences are exact
				top = max(top, float64(x[i]))
			}
			for _, v := range x {
				sum += math.Exp(float64(v) - top)
			}
			Softmax(y, x)
			for i, v := range y {
				if want := math.Exp(float64(x[i])-top) / sum; !(math.Abs(float64(v)-want) <= 1e-6*want) {
					t.Fatalf("%v, %d values: %d is %g, want %g", l, n, i, v, want)
				}
			}
			for _, bad := range []float64{math.NaN(), math.Inf(1)} {
				x[r.IntN(n)] = float32(bad)
				Softmax(y, x)
				for _, v := range y {
					if v == v {
						t.Fatalf("%v: %g gives %g", l, bad, v)
					}
				}
			}
		}
	})
}
