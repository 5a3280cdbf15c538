package canvas

import (
	"image"
	"testing"
)

// TestBox: an outline with nothing inside; its text lies above it, inside it at the picture's top, and never beyond the picture's sides.
func TestBox(t *testing.T) {
	within := image.Rect(5, 5, 95, 75)
	s := NewSheet(100, 80)
	s.Box(image.Rect(20, 30, 60, 50), 2, red, "", within)
	if n := count(s, red); n != 40*20-36*16 {
		t.Errorf("%d pixels of an outline", n)
	}
	if c := s.RGBAAt(40, 40); c != white {
		t.Errorf("inside is %v", c)
	}
	for _, c := range []struct {
		r, text image.Rectangle
	}{
		{image.Rect(20, 30, 60, 50), image.Rect(20, 30-TextHeight, 20+2*TextWidth+2, 30)},
		{image.Rect(20, 8, 60, 50), image.Rect(20, 8, 20+2*TextWidth+2, 8+TextHeight)},
		{image.Rect(90, 30, 94, 50), image.Rect(95-2*TextWidth-2, 30-TextHeight, 95, 30)},
	} {
		s = NewSheet(100, 80)
		s.Box(c.r, 1, red, "ab", within)
		coloured := func(x, y int) bool { return s.RGBAAt(x, y) != white }
		if !coloured(c.text.Min.X, c.text.Min.Y) || !coloured(c.text.Max.X-1, c.text.Min.Y) || coloured(c.text.Min.X-1, c.text.Min.Y-1) || coloured(c.text.Max.X, c.text.Min.Y-1) {
			t.Errorf("text of %v is not in %v", c.r, c.text)
		}
		inside := 0
		for y := c.text.Min.Y; y < c.text.Max.Y; y++ {
			for x := c.text.Min.X; x < c.text.Max.X; x++ {
				if !coloured(x, y) {
					inside++
				}
			}
		}
		if inside < 20 || inside > c.text.Dx()*c.text.Dy()/2 {
			t.Errorf("%v: %d pixels of letters", c.r, inside)
		}
	}
	if ClassColour(0) == ClassColour(1) || ClassColour(0) != ClassColour(8) || ClassColour(-1) != ClassColour(0) {
		t.Error("the colours of classes")
	}
}
