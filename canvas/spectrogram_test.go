package canvas

import (
	"image/color"
	"testing"
)

// TestSpectrogram: time runs to the right and frequency upwards, and what is louder is brighter.
func TestSpectrogram(t *testing.T) {
	p := Spectrogram{X: []float32{-9, -1, 0, 1, 2, 9}, T: 2, F: 3} // frames -9 -1 0, then 1 2 9
	pix := p.Pixels()
	at := func(x, y int) [3]uint8 { return [3]uint8(pix[3*(y*2+x):]) }
	for _, c := range []struct {
		x, y  int
		value float64
	}{{0, 2, 0}, {0, 1, 0.3}, {0, 0, 0.5}, {1, 2, 0.7}, {1, 1, 0.9}, {1, 0, 1}} {
		r, g, b := Heat(c.value)
		if at(c.x, c.y) != [3]uint8{r, g, b} {
			t.Errorf("(%d, %d) is %v, want %v", c.x, c.y, at(c.x, c.y), [3]uint8{r, g, b})
		}
	}
	last := -1
	for k := range 101 {
		r, g, b := Heat(float64(k) / 100)
		if luma := 299*int(r) + 587*int(g) + 114*int(b); luma < last {
			t.Errorf("%d of 100 is darker than what is less", k)
		} else {
			last = luma
		}
	}
	if r, g, b := Heat(-1); r != 0 || g != 0 || b > 10 {
		t.Errorf("less than nothing is %d %d %d, want black", r, g, b)
	}
	r, g, b := Heat(2)
	if r2, g2, b2 := Heat(1); r != r2 || g != g2 || b != b2 || r < 250 || g < 250 {
		t.Errorf("the most is %d %d %d", r, g, b)
	}
}

// TestSpectrogramAxes: with axes the picture leaves room for them, seconds stand below and octaves on the left, each at its place; without, it fills its box.
func TestSpectrogramAxes(t *testing.T) {
	p := Spectrogram{X: make([]float32, 40*64), T: 40, F: 64}
	for i := range p.X {
		p.X[i] = 9
	}
	r, g, b := Heat(1)
	loud := color.RGBA{r, g, b, 255}
	isLoud := func(c color.RGBA) bool { return c == loud }
	isInk := func(c color.RGBA) bool { return c == Ink }
	s := NewSheet(300, 200)
	s.Spectrogram(10, 20, 240, 120, p)
	if e := extent(s, isLoud); e.Min.X != 10 || e.Min.Y != 20 || e.Dx() != 240 || e.Dy() != 120 {
		t.Errorf("without axes it lies in %v", e)
	}
	p.Seconds = 2
	for k := range p.F {
		p.Hertz = append(p.Hertz, 8000*float64(k)/63)
	}
	s = NewSheet(300, 200)
	s.Spectrogram(10, 20, 240, 120, p)
	e := extent(s, isLoud)
	if e.Min.X != 10+hertzWidth || e.Min.Y != 20 || e.Max.X != 250 || e.Max.Y != 140-secondsHeight {
		t.Errorf("with axes it lies in %v", e)
	}
	if ink := extent(s, isInk); ink.Min.X < 10 || ink.Min.Y < 15 || ink.Max.X > 250 || ink.Max.Y > 142 {
		t.Errorf("the axes lie in %v, beyond the box", ink)
	}
	marks := func(x int) (ys []int) { // on the axis of frequency
		for y := range 200 {
			if s.RGBAAt(x, y) == Ink {
				ys = append(ys, y)
			}
		}
		return ys
	}
	// 8000, 4000 and 2000 Hz of a linear axis 104 pixels high; 1000 Hz would stand in 2000's way
	if ys := marks(e.Min.X - 1); len(ys) < 3 || ys[0] > 22 || ys[1] < 70 || ys[1] > 74 || ys[2] < 96 || ys[2] > 100 {
		t.Errorf("frequencies are marked at %v", ys)
	}
	var xs []int
	for x := range 300 {
		if s.RGBAAt(x, e.Max.Y+1) == Ink {
			xs = append(xs, x)
		}
	}
	if len(xs) != 3 || xs[0] != e.Min.X || xs[1] != e.Min.X+e.Dx()/2 || xs[2] != e.Max.X-1 {
		t.Errorf("seconds are marked at %v in %v, want 0, 1 and 2 s", xs, e)
	}
	s = NewSheet(30, 30)
	s.Spectrogram(0, 0, 20, 10, p) // no room for anything
	if e := extent(s, isLoud); !e.Empty() {
		t.Errorf("drawn in %v", e)
	}
}
