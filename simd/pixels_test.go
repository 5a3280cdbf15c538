package simd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestPixels compares every level's pixel kernels with the Go loops, at every length up to 100 and some above, and looks for
// writes beyond the slices.
func TestPixels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	random := func(n int) []uint8 {
		b := make([]uint8, n)
		for i := range b {
			b[i] = uint8(r.Uint32())
			if r.IntN(8) == 0 {
				b[i] = uint8(r.IntN(2) * 255)
			}
		}
		return b
	}
	for n := range 140 {
		if n > 100 {
			n = 100 + (n-100)*23
		}
		y, cb, cr := random(n), random(n), random(n)
		mean, std := [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
		stride, height := n+r.IntN(3), 1+r.IntN(9)
		rows := random(stride * height)
		w := make([]float32, height)
		for i := range w {
			w[i] = r.Float32() - 0.3
		}
		tapN := 1 + r.IntN(6)
		first, pw := make([]int32, n), make([]float32, n*tapN)
		for i := range first {
			first[i] = int32(r.IntN(30))
		}
		for i := range pw {
			pw[i] = r.Float32()*2 - 0.7
		}
		src := make([]float32, 3*(30+tapN)+1)
		for i := range src {
			src[i] = r.Float32() * 255
		}
		// Each kernel writes to the front of a buffer whose rest must stay.
		run := func() (out [3][]uint8, floats [2][]float32) {
			for i := range out {
				out[i] = bytes.Repeat([]uint8{7}, 3*n+64)
			}
			for i := range floats {
				floats[i] = make([]float32, 3*n+64)
				for k := range floats[i] {
					floats[i][k] = 7
				}
			}
			YCbCrToRGB(out[0][:3*n], y, cb, cr)
			UpsampleH2V2(out[1][:2*n], y, cb)
			WeightedPixels(out[2][:3*n], src, first, pw, tapN)
			WeightedRows(floats[0][:n], rows, stride, w)
			NormalizePixels(floats[1][:3*n], append(append(append([]uint8(nil), y...), cb...), cr...), &mean, &std)
			return out, floats
		}
		everyLevel(t, n, run)
	}
}

// everyLevel compares what kernels write at every level with the Go loops, which leave what lies behind n pixels alone.
func everyLevel(t *testing.T, n int, run func() ([3][]uint8, [2][]float32)) {
	restore, _ := Use(Go)
	wantB, wantF := run()
	restore()
	for i, k := range []int{3 * n, 2 * n, 3 * n} {
		if !bytes.Equal(wantB[i][k:], bytes.Repeat([]uint8{7}, len(wantB[i])-k)) {
			t.Fatalf("Go kernel %d wrote beyond %d", i, k)
		}
	}
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		gotB, gotF := run()
		restore()
		for i := range gotB {
			if !bytes.Equal(gotB[i], wantB[i]) {
				t.Errorf("%v, n %d: byte kernel %d differs from Go", l, n, i)
			}
		}
		for i := range gotF {
			for k := range gotF[i] {
				if gotF[i][k] != wantF[i][k] {
					t.Errorf("%v, n %d: float kernel %d at %d: %g, Go %g", l, n, i, k, gotF[i][k], wantF[i][k])
					break
				}
			}
		}
	}
}

// TestColours compares the kernels that change colours with the Go loops, on random pixels, on greys, and at every length.
func TestColours(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for n := range 200 {
		p := make([]uint8, 3*n)
		for i := range p {
			p[i] = uint8(r.Uint32())
			if i%3 > 0 && r.IntN(4) == 0 {
				p[i] = p[i-1]
			}
		}
		f, other, turn := r.Float32()*2, float32(r.IntN(256)), r.Float32()*6-3
		if n%7 == 0 {
			turn = float32(n%7) - 3
		}
		run := func() (out [3][]uint8, sum int) {
			for i := range out {
				out[i] = bytes.Clone(p)
			}
			Blend(out[0], f, other)
			BlendGrey(out[1], f)
			ShiftHue(out[2], turn)
			return out, LumaSum(p)
		}
		restore, _ := Use(Go)
		want, sum := run()
		restore()
		for _, l := range Levels() {
			restore, err := Use(l)
			if err != nil {
				t.Fatal(err)
			}
			got, s := run()
			restore()
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("%v, %d pixels, f %g, other %g, turn %g: kernel %d differs from Go", l, n, f, other, turn, i)
				}
			}
			if s != sum {
				t.Fatalf("%v, %d pixels: luma sums to %d, Go %d", l, n, s, sum)
			}
		}
	}
}

// TestPixelShapes: slices that do not fit are refused before a kernel runs.
func TestPixelShapes(t *testing.T) {
	b, f := make([]uint8, 8), make([]float32, 8)
	for name, call := range map[string]func(){
		"short chroma":         func() { YCbCrToRGB(make([]uint8, 24), b, b[:7], b) },
		"short upsample":       func() { UpsampleH2V2(make([]uint8, 15), b, b) },
		"short rows":           func() { WeightedRows(f, b, 8, f[:2]) },
		"pixel outside":        func() { WeightedPixels(make([]uint8, 6), f, []int32{0, 2}, f, 1) },
		"short normalisation":  func() { NormalizePixels(f[:7], b, &[3]float32{}, &[3]float32{1, 1, 1}) },
		"negative first pixel": func() { WeightedPixels(make([]uint8, 6), f, []int32{0, -1}, f, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", name)
				}
			}()
			call()
		}()
	}
}

func BenchmarkPixels(b *testing.B) {
	const n = 4096
	y, dst := make([]uint8, n), make([]uint8, 3*n)
	f := make([]float32, 3*n)
	first, w := make([]int32, n), make([]float32, 3*n)
	for i := range first {
		first[i] = int32(min(i, n-4))
		w[i] = 1
	}
	for name, k := range map[string]func(){
		"ycbcr":     func() { YCbCrToRGB(dst, y, y, y) },
		"upsample":  func() { UpsampleH2V2(dst, y, y) },
		"rows":      func() { WeightedRows(f[:n], dst, n, w[:3]) },
		"pixels":    func() { WeightedPixels(dst, f, first, w, 3) },
		"normalise": func() { NormalizePixels(f, dst, &[3]float32{}, &[3]float32{1, 1, 1}) },
	} {
		for _, l := range Levels() {
			b.Run(fmt.Sprint(name, "/", l), func(b *testing.B) {
				restore, err := Use(l)
				if err != nil {
					b.Fatal(err)
				}
				defer restore()
				b.SetBytes(n)
				for b.Loop() {
					k()
				}
			})
		}
	}
}
