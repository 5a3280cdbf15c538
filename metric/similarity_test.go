package metric

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// pictureOf is picture of testdata/similarity.py.
func pictureOf(name string, h, w, c int) []float32 {
	x := make([]float32, h*w*c)
	golden.Fill(x, name, 0.15)
	for p := range x {
		k, q := p%c, p/c
		v := 0.5 + 0.3*math.Sin(0.31*float64(q%w)+0.17*float64(q/w)+float64(k)) + float64(x[p])
		x[p] = float32(min(max(v, 0), 1))
	}
	return x
}

// changed is what testdata/similarity.py compares a picture with.
func changed(a []float32, kind string, h, w, c int) []float32 {
	if kind == "other noise" {
		return pictureOf("b", h, w, c)
	}
	b := make([]float32, len(a))
	for p, v := range a {
		switch kind {
		case "blurred":
			x := p / c % w
			b[p] = (v + a[p-x*c+(x+w-1)%w*c]) / 2
		case "darker":
			b[p] = v * 0.8
		case "inverted":
			b[p] = 1 - v
		case "flat":
			b[p] = 0.5
		}
	}
	return b
}

// TestSimilarityScikitImage: ratios and similarities are those of scikit-image; testdata/similarity.py.
func TestSimilarityScikitImage(t *testing.T) {
	var rows []struct {
		H, W, C    int
		Kind       string
		PSNR, SSIM float64
		Map        []float64
	}
	golden.Load(t, "testdata/similarity.json", &rows)
	maps := 0
	for _, r := range rows {
		a := pictureOf("a", r.H, r.W, r.C)
		b := changed(a, r.Kind, r.H, r.W, r.C)
		if got := PSNR(a, b); !(math.Abs(got-r.PSNR) <= 1e-5) {
			t.Errorf("%s %dx%dx%d: %.7f dB, scikit-image's %.7f", r.Kind, r.H, r.W, r.C, got, r.PSNR)
		}
		if got, back := SSIM(a, b, r.H, r.W, r.C), SSIM(b, a, r.H, r.W, r.C); !(math.Abs(got-r.SSIM) <= 1e-6) || !(math.Abs(back-r.SSIM) <= 1e-6) {
			t.Errorf("%s %dx%dx%d: similarity %.7f, the other way %.7f, scikit-image's %.7f", r.Kind, r.H, r.W, r.C, got, back, r.SSIM)
		}
		if r.Map == nil {
			continue
		}
		maps++
		got := NewReference(a, r.H, r.W, r.C).Map(b)
		if len(got) != len(r.Map) {
			t.Fatalf("%d places, scikit-image has %d", len(got), len(r.Map))
		}
		for p, v := range r.Map {
			if !(math.Abs(got[p]-v) <= 1e-5) {
				t.Fatalf("%s: similarity %d is %.7f, scikit-image's %.7f", r.Kind, p, got[p], v)
			}
		}
	}
	if len(rows) != 20 || maps != 5 {
		t.Errorf("%d pairs, %d maps were compared", len(rows), maps)
	}
}

// TestSimilarityByHand: what can be said without a program. Of flat pictures only the means count.
func TestSimilarityByHand(t *testing.T) {
	flat := func(v float32) []float32 {
		x := make([]float32, 12*14*2)
		for i := range x {
			x[i] = v
		}
		return x
	}
	a := pictureOf("a", 12, 14, 2)
	if got := SSIM(a, a, 12, 14, 2); math.Abs(got-1) > 1e-12 || !math.IsInf(PSNR(a, a), 1) {
		t.Errorf("a picture is like itself: %g, %g dB", got, PSNR(a, a))
	}
	if got := PSNR(flat(0.25), flat(0.75)); math.Abs(got-20*math.Log10(2)) > 1e-12 {
		t.Errorf("half of the range apart: %g dB", got)
	}
	want := (2*0.25*0.75 + 1e-4) / (0.25*0.25 + 0.75*0.75 + 1e-4)
	if got := SSIM(flat(0.25), flat(0.75), 12, 14, 2); math.Abs(got-want) > 1e-9 {
		t.Errorf("flat pictures: %g, want %g", got, want)
	}
	if got := Decibels(0.01); math.Abs(got-20) > 1e-12 {
		t.Errorf("a hundredth is %g dB", got)
	}
}

func TestSimilarityRefuses(t *testing.T) {
	for name, f := range map[string]func(){
		"lengths":    func() { PSNR(make([]float32, 3), make([]float32, 4)) },
		"nothing":    func() { PSNR(nil, nil) },
		"too small":  func() { NewReference(make([]float32, 10*20), 10, 20, 1) },
		"wrong size": func() { NewReference(make([]float32, 100), 11, 11, 1) },
		"another":    func() { NewReference(make([]float32, 121), 11, 11, 1).SSIM(make([]float32, 120)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nothing was said", name)
				}
			}()
			f()
		}()
	}
}

func ExampleSSIM() {
	a, b := make([]float32, 16*16), make([]float32, 16*16)
	for i := range a {
		a[i] = float32(i%2) * 0.5
		b[i] = a[i] + 0.1
	}
	fmt.Printf("%.2f dB, %.3f\n", PSNR(a, b), SSIM(a, b, 16, 16, 1))
	// Output: 20.00 dB, 0.946
}

func BenchmarkSSIM(b *testing.B) {
	for _, side := range []int{32, 64, 256} {
		x, y := pictureOf("a", side, side, 3), pictureOf("b", side, side, 3)
		b.Run(fmt.Sprintf("%dx%dx3", side, side), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				SSIM(x, y, side, side, 3)
			}
		})
	}
}
