package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestPixelValues: at every level, lengths before and behind a kernel's block, against the formulas written out: libjpeg's upsampling by
// hand at the ends, its colours within half a step of the real ones, sums in float64.
func TestPixelValues(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 2, 3, 7, 24, 40, 61} {
			near, far := make([]uint8, n), make([]uint8, n)
			for i := range near {
				near[i], far[i] = uint8(r.Uint32()), uint8(r.Uint32())
			}
			up := make([]uint8, 2*n)
			UpsampleH2V2(up, near, far)
			for i := range up {
				at, next := i/2, min(max(i/2+2*(i%2)-1, 0), n-1) // the nearer sample and the other
				weighed := 9*int(near[at]) + 3*int(far[at]) + 3*int(near[next]) + int(far[next])
				if want := (weighed + 8 - i%2) / 16; int(up[i]) != want {
					t.Fatalf("%v, %d samples: upsampled %d is %d, want %d", l, n, i, up[i], want)
				}
			}
			cr := make([]uint8, n)
			for i := range cr {
				cr[i] = uint8(r.Uint32())
			}
			rgb := make([]uint8, 3*n)
			YCbCrToRGB(rgb, near, far, cr)
			for i := range n {
				y, b, c := float64(near[i]), float64(far[i])-128, float64(cr[i])-128
				for ch, want := range []float64{y + 1.402*c, y - 0.344136*b - 0.714136*c, y + 1.772*b} {
					if got := float64(rgb[3*i+ch]); !(math.Abs(got-min(max(want, 0), 255)) <= 0.51) {
						t.Fatalf("%v: channel %d of %g, %g, %g is %g, want %g", l, ch, y, b, c, got, want)
					}
				}
			}
			sum := 0
			for i := range n {
				sum += int(math.Round(0.299*float64(rgb[3*i]) + 0.587*float64(rgb[3*i+1]) + 0.114*float64(rgb[3*i+2])))
			}
			if got := LumaSum(rgb); !(math.Abs(float64(got-sum)) <= float64(n)/20+1) {
				t.Errorf("%v: the luma of %d pixels sums to %d, want about %d", l, n, got, sum)
			}
			checkWeighed(t, r, l, n)
		}
		if panics(func() { UpsampleH2V2(nil, nil, nil); YCbCrToRGB(nil, nil, nil, nil) }) {
			t.Errorf("%v: no pixels panic", l)
		}
		restore()
	}
}

// checkWeighed compares both directions of a resize with sums in float64.
func checkWeighed(t *testing.T, r *rand.Rand, l Level, n int) {
	t.Helper()
	for _, stride := range []int{0, 1, n, n + 3} {
		w, dst := []float32{0.3, -0.2, 0.9}, make([]float32, n)
		src := make([]uint8, 2*stride+n)
		for i := range src {
			src[i] = uint8(r.Uint32())
		}
		WeightedRows(dst, src, stride, w)
		for i, got := range dst {
			want := 0.3*float64(src[i]) - 0.2*float64(src[stride+i]) + 0.9*float64(src[2*stride+i])
			if !(math.Abs(float64(got)-want) <= 1e-4) {
				t.Fatalf("%v: row element %d is %g, want %g", l, i, got, want)
			}
		}
		if WeightedRows(dst, src, stride, nil); fmt.Sprint(dst) != fmt.Sprint(make([]float32, n)) {
			t.Errorf("%v: no weights give %v", l, dst)
		}
	}
	const taps = 3
	first, w, src := make([]int32, n), make([]float32, n*taps), make([]float32, 3*(n+taps)+1)
	for i := range src {
		src[i] = r.Float32() * 255
	}
	for i := range first {
		first[i] = int32(i)
	}
	for i := range w {
		w[i] = r.Float32()*1.2 - 0.2
	}
	dst := make([]uint8, 3*n)
	WeightedPixels(dst, src, first, w, taps)
	for o := range n {
		for c := range 3 {
			want := 0.0
			for k := range taps {
				want += float64(w[o*taps+k]) * float64(src[3*(o+k)+c])
			}
			if got := float64(dst[3*o+c]); !(math.Abs(got-min(max(want, 0), 255)) <= 0.501) {
				t.Fatalf("%v: channel %d of pixel %d is %g, want %g", l, c, o, got, want)
			}
		}
	}
}

// TestPixelEnds: slices of just the length are taken, and one less of any is refused, at every level.
func TestPixelEnds(t *testing.T) {
	const n, taps = 20, 3
	type operands struct {
		dst, y, cb, cr []uint8
		f, w           []float32
	}
	first := make([]int32, n)
	for i := range first {
		first[i] = int32(2 * i % 7)
	}
	first[5] = 11 // the last pixel of the source that it reads is 13
	make1 := func(dst, y, cb, cr, f, w int) operands {
		return operands{make([]uint8, dst), make([]uint8, y), make([]uint8, cb), make([]uint8, cr), make([]float32, f), make([]float32, w)}
	}
	for name, c := range map[string]struct {
		lens [6]int
		need string // which of them must be that long
		f    func(s operands)
	}{
		"YCbCrToRGB":      {[6]int{3 * n, n, n, n, 0, 0}, "dst cb cr", func(s operands) { YCbCrToRGB(s.dst, s.y, s.cb, s.cr) }},
		"UpsampleH2V2":    {[6]int{2 * n, n, n, 0, 0, 0}, "dst cb", func(s operands) { UpsampleH2V2(s.dst, s.y, s.cb) }},
		"WeightedRows":    {[6]int{0, 2*25 + n, 0, 0, n, taps}, "y", func(s operands) { WeightedRows(s.f, s.y, 25, s.w) }},
		"WeightedPixels":  {[6]int{3 * n, 0, 0, 0, 3*14 + 1, n * taps}, "dst f w", func(s operands) { WeightedPixels(s.dst, s.f, first, s.w, taps) }},
		"NormalizePixels": {[6]int{0, 3 * n, 0, 0, 3 * n, 0}, "f", func(s operands) { NormalizePixels(s.f, s.y, &[3]float32{}, &[3]float32{1, 1, 1}) }},
	} {
		for _, l := range Levels() {
			restore, err := Use(l)
			if err != nil {
				t.Fatal(err)
			}
			of := func(less string) operands {
				n := c.lens
				for i, name := range []string{"dst", "y", "cb", "cr", "f", "w"} {
					if name == less {
						n[i]--
					}
				}
				return make1(n[0], n[1], n[2], n[3], n[4], n[5])
			}
			if panics(func() { c.f(of("")) }) {
				t.Errorf("%v, %s: what is long enough panics", l, name)
			}
			for _, less := range []string{"dst", "y", "cb", "cr", "f", "w"} {
				if slices.Contains(strings.Fields(c.need), less) && !panics(func() { c.f(of(less)) }) {
					t.Errorf("%v, %s: %s may be too short", l, name, less)
				}
			}
			restore()
		}
	}
	b, f := make([]uint8, 64), make([]float32, 64)
	if !panics(func() { WeightedRows(f[:8], b, -1, f[:1]) }) || !panics(func() { WeightedPixels(b, f, []int32{0}, f, 0) }) {
		t.Error("rows that go back, or no taps, are taken")
	}
}
