package canvas

import (
	"bytes"
	"image"
	"image/color"
	"testing"
)

var (
	white = color.RGBA{255, 255, 255, 255}
	red   = color.RGBA{200, 10, 20, 255}
	blue  = color.RGBA{5, 15, 210, 255}
)

// extent returns the smallest rectangle that holds every pixel for which is is true.
func extent(s Sheet, is func(c color.RGBA) bool) image.Rectangle {
	var r image.Rectangle
	for y := range s.Rect.Dy() {
		for x := range s.Rect.Dx() {
			if is(s.RGBAAt(x, y)) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

// count returns how many pixels have a colour.
func count(s Sheet, c color.RGBA) (n int) {
	for y := range s.Rect.Dy() {
		for x := range s.Rect.Dx() {
			if s.RGBAAt(x, y) == c {
				n++
			}
		}
	}
	return n
}

// solid wants exactly the rectangle r in colour c.
func solid(t *testing.T, what string, s Sheet, c color.RGBA, r image.Rectangle) {
	t.Helper()
	if got := extent(s, func(x color.RGBA) bool { return x == c }); got != r || count(s, c) != r.Dx()*r.Dy() {
		t.Errorf("%s: %d pixels in %v, want all of %v", what, count(s, c), got, r)
	}
}

func TestFillFrameBar(t *testing.T) {
	s := NewSheet(40, 30)
	solid(t, "a new sheet", s, white, image.Rect(0, 0, 40, 30))
	s.Fill(3, 5, 7, 9, red)
	solid(t, "Fill", s, red, image.Rect(3, 5, 10, 14))
	s.Frame(20, 1, 5, 6, true)
	solid(t, "Frame right", s, Right, image.Rect(20, 1, 25, 7))
	s.Frame(30, 1, 5, 6, false)
	solid(t, "Frame wrong", s, Wrong, image.Rect(30, 1, 35, 7))
	for _, c := range []struct {
		v    float64
		high int
	}{{0, 0}, {0.5, 5}, {0.24, 2}, {0.26, 3}, {1, 10}, {1.7, 10}, {-1, 0}} {
		for _, right := range []bool{true, false} {
			s := NewSheet(40, 30)
			s.Bar(4, 6, 3, 10, c.v, right)
			bar, line := Ink, Quiet
			if !right { // bar and its line are of one colour
				solid(t, "Bar", s, Quiet, image.Rect(4, 16-c.high, 7, 17))
				continue
			}
			solid(t, "Bar's line", s, line, image.Rect(4, 16, 7, 17))
			if c.high > 0 {
				solid(t, "Bar, right", s, bar, image.Rect(4, 16-c.high, 7, 16))
			} else if count(s, bar) > 0 {
				t.Errorf("a bar of %g is not empty", c.v)
			}
		}
	}
}

// flag is h by w pixels, the left half red, the right half blue.
func flag(h, w int) []uint8 {
	var pix []uint8
	for range h {
		for x := range w {
			c := red
			if x >= w/2 {
				c = blue
			}
			pix = append(pix, c.R, c.G, c.B)
		}
	}
	return pix
}

func TestPicture(t *testing.T) {
	s := NewSheet(40, 30)
	s.Picture(5, 7, 3, flag(2, 4), 2, 4)
	solid(t, "left half", s, red, image.Rect(5, 7, 11, 13))
	solid(t, "right half", s, blue, image.Rect(11, 7, 17, 13))
	s = NewSheet(10, 10)
	s.Picture(8, 8, 2, flag(2, 4), 2, 4) // the sheet's end cuts it
	solid(t, "cut", s, red, image.Rect(8, 8, 10, 10))
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		name string
		h, w int // of the picture
		box  image.Point
		want image.Rectangle // where it lies in a box at (10, 20)
	}{
		{"square", 4, 4, image.Pt(40, 40), image.Rect(10, 20, 50, 60)},
		{"wide", 10, 20, image.Pt(60, 60), image.Rect(10, 35, 70, 65)},
		{"high", 20, 10, image.Pt(60, 60), image.Rect(25, 20, 55, 80)},
		{"rounded down", 3, 7, image.Pt(10, 10), image.Rect(10, 23, 20, 27)},
		{"rounded up", 4, 7, image.Pt(10, 10), image.Rect(10, 22, 20, 28)},
		{"just high enough", 4, 7, image.Pt(10, 6), image.Rect(10, 20, 20, 26)},
		{"high, rounded up", 7, 4, image.Pt(10, 10), image.Rect(12, 20, 18, 30)},
		{"smaller", 80, 80, image.Pt(40, 40), image.Rect(10, 20, 50, 60)},
		{"a thread", 1, 900, image.Pt(30, 30), image.Rect(10, 34, 40, 35)},
		{"a thread standing", 900, 1, image.Pt(30, 30), image.Rect(24, 20, 25, 50)},
		{"nothing", 0, 4, image.Pt(30, 30), image.Rectangle{}},
		{"nothing", 4, 0, image.Pt(30, 30), image.Rectangle{}},
	} {
		s := NewSheet(120, 120)
		s.Fit(10, 20, c.box.X, c.box.Y, flag(c.h, c.w), c.h, c.w)
		if got := extent(s, func(c color.RGBA) bool { return c != white }); got != c.want {
			t.Errorf("%s: drawn in %v, want %v", c.name, got, c.want)
		}
	}
	// larger: square pixels, no colour between
	s := NewSheet(40, 40)
	s.Fit(0, 0, 30, 30, flag(10, 10), 10, 10)
	solid(t, "enlarged", s, red, image.Rect(0, 0, 15, 30))
	solid(t, "enlarged", s, blue, image.Rect(15, 0, 30, 30))
	// smaller: a stripe of one pixel in ten stays visible
	pix := flag(30, 30)
	for y := range 30 {
		for x := range 30 {
			v := uint8(0)
			if x%10 == 4 {
				v = 250
			}
			copy(pix[(y*30+x)*3:], []uint8{v, v, v})
		}
	}
	s = NewSheet(3, 3)
	s.Fit(0, 0, 3, 3, pix, 30, 30)
	for x := range 3 {
		if c := s.RGBAAt(x, 1); c.R < 10 || c.R > 60 {
			t.Errorf("column %d is %v: reduction skips pixels", x, c)
		}
	}
}

func TestText(t *testing.T) {
	draw := func(w int, text string) Sheet {
		s := NewSheet(90, 40)
		s.Text(10, 20, w, text, red)
		return s
	}
	ink := func(c color.RGBA) bool { return c != white }
	whole := draw(80, "HEg|")
	r := extent(whole, ink)
	if r.Empty() || !r.In(image.Rect(10, 20, 10+4*TextWidth, 20+TextHeight)) || r.Min.X > 12 || r.Max.X < 10+3*TextWidth+2 || r.Dy() < 10 {
		t.Errorf("text fills %v", r)
	}
	if count(whole, red) < 20 {
		t.Error("the text has not the colour that it was asked to have")
	}
	for _, c := range []struct {
		w           int
		text, shown string
	}{
		{5 * TextWidth, "abcde", "abcde"}, {5*TextWidth + 6, "abcdef", "abc.."}, {3 * TextWidth, "abcd", "a.."}, {2 * TextWidth, "ab", "ab"},
		{2*TextWidth + 6, "abc", ""}, {0, "a", ""},
	} {
		if !bytes.Equal(draw(c.w, c.text).Pix, draw(80, c.shown).Pix) {
			t.Errorf("%q in %d pixels is not drawn as %q", c.text, c.w, c.shown)
		}
	}
}

func TestGrid(t *testing.T) {
	g := Grid{Cols: 3, CellW: 20, CellH: 10, Gap: 2, Head: 5, Side: 7}
	for _, c := range []struct{ i, x, y int }{{0, 9, 7}, {2, 53, 7}, {3, 9, 19}, {7, 31, 31}} {
		if x, y := g.At(c.i); x != c.x || y != c.y {
			t.Errorf("cell %d is at (%d, %d), want (%d, %d)", c.i, x, y, c.x, c.y)
		}
	}
	for _, c := range []struct{ n, w, h int }{{1, 75, 19}, {3, 75, 19}, {4, 75, 31}, {6, 75, 31}, {7, 75, 43}, {0, 75, 7}} {
		if w, h := g.Size(c.n); w != c.w || h != c.h {
			t.Errorf("%d cells take %d by %d, want %d by %d", c.n, w, h, c.w, c.h)
		}
	}
	if r := g.Sheet(4).Rect; r != image.Rect(0, 0, 75, 31) {
		t.Errorf("the sheet is %v", r)
	}
}

// TestPaste: a picture is drawn as it is, from its own corner, and what lies outside of the sheet is not.
func TestPaste(t *testing.T) {
	src := image.NewRGBA(image.Rect(3, 4, 13, 10))
	for y := 4; y < 10; y++ {
		for x := 3; x < 13; x++ {
			src.SetRGBA(x, y, color.RGBA{uint8(20 * x), uint8(25 * y), 7, 255})
		}
	}
	s := NewSheet(16, 12)
	s.Paste(8, 5, src)
	for y := range 12 {
		for x := range 16 {
			want := color.RGBA{255, 255, 255, 255}
			if x >= 8 && y >= 5 && y < 11 {
				want = src.RGBAAt(x-8+3, y-5+4)
			}
			if got := s.RGBAAt(x, y); got != want {
				t.Fatalf("pixel (%d, %d) is %v, want %v", x, y, got, want)
			}
		}
	}
}
