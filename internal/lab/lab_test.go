package lab

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

type goldenLab struct {
	RGB  []uint8
	Lab  []float64
	From []float32
	To   []float64
}

// load reads numbers as codes: JSON's bytes would be a text.
func load(t testing.TB) goldenLab {
	var in struct {
		RGB  []int
		Lab  []float64
		From []float32
		To   []float64
	}
	golden.Load(t, "testdata/lab.json", &in)
	g := goldenLab{Lab: in.Lab, From: in.From, To: in.To}
	for _, v := range in.RGB {
		g.RGB = append(g.RGB, uint8(v))
	}
	return g
}

// TestFromRGB: every grey and some thousand colours within 2e-4 of scikit-image's values (testdata/lab.py), which has 116 to 500 times
// what float32 and a table of chords lose.
func TestFromRGB(t *testing.T) {
	g := load(t)
	got := make([]float32, len(g.RGB))
	FromRGB(got, g.RGB)
	most := 0.0
	for i, v := range got {
		d := math.Abs(float64(v) - g.Lab[i])
		if most = max(most, d); d > 2e-4 {
			t.Fatalf("%v: %v, want %v", g.RGB[i/3*3:i/3*3+3], got[i/3*3:i/3*3+3], g.Lab[i/3*3:i/3*3+3])
		}
	}
	t.Logf("%d colours, at most %.2g off", len(got)/3, most)
}

// TestToRGB: colours in and out of the gamut are scikit-image's, rounded; where it lies within 0.001 of the middle between two codes
// either will do.
func TestToRGB(t *testing.T) {
	g := load(t)
	got := make([]uint8, len(g.From))
	ToRGB(got, g.From)
	cut := 0
	for i, v := range got {
		if math.Abs(float64(v)-g.To[i]) > 0.501 {
			t.Fatalf("%v: %v, want %v", g.From[i/3*3:i/3*3+3], got[i/3*3:i/3*3+3], g.To[i/3*3:i/3*3+3])
		}
		if g.To[i] == 0 || g.To[i] == 255 {
			cut++
		}
	}
	if cut < 100 || cut > len(got)/2 {
		t.Errorf("%d of %d values are at the gamut's border", cut, len(got))
	}
}

// TestRoundTrip: every 8-bit colour comes back as it was.
func TestRoundTrip(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 5
	}
	row, back, v := make([]uint8, 256*3), make([]uint8, 256*3), make([]float32, 256*3)
	for r := 0; r < 256; r += step {
		for g := range 256 {
			for b := range 256 {
				row[3*b], row[3*b+1], row[3*b+2] = uint8(r), uint8(g), uint8(b)
			}
			FromRGB(v, row)
			ToRGB(back, v)
			for i := range row {
				if row[i] != back[i] {
					t.Fatalf("%v becomes %v", row[i/3*3:i/3*3+3], back[i/3*3:i/3*3+3])
				}
			}
		}
	}
}

// TestOdd: what is no number is black, what is beyond white or black is cut off, and lengths that do not match are a mistake.
func TestOdd(t *testing.T) {
	nan := float32(math.NaN())
	pix := []uint8{7, 7, 7, 7, 7, 7, 7, 7, 7}
	ToRGB(pix, []float32{nan, nan, nan, 1000, 0, 0, -5, 0, 0})
	for i, want := range []uint8{0, 0, 0, 255, 255, 255, 0, 0, 0} {
		if pix[i] != want {
			t.Errorf("value %d is %d, want %d", i, pix[i], want)
		}
	}
	for _, n := range [][2]int{{3, 6}, {4, 4}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v is taken", n)
				}
			}()
			FromRGB(make([]float32, n[0]), make([]uint8, n[1]))
		}()
	}
}

func picture() []uint8 {
	x := make([]float32, 176*176*3)
	golden.Fill(x, "picture", 127)
	pix := make([]uint8, len(x))
	for i, v := range x {
		pix[i] = uint8(v + 127.5)
	}
	return pix
}

// BenchmarkFromRGB and BenchmarkToRGB: a picture of 176 by 176 pixels, in one goroutine.
func BenchmarkFromRGB(b *testing.B) {
	pix := picture()
	dst := make([]float32, len(pix))
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		FromRGB(dst, pix)
	}
}

func BenchmarkToRGB(b *testing.B) {
	pix := picture()
	dst := make([]float32, len(pix))
	FromRGB(dst, pix)
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		ToRGB(pix, dst)
	}
}
