package data

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// places are pictures whose pixels say where they are: red the row, green the column, blue the picture.
type places struct{ n, h, w int }

func (p places) Len() int              { return p.n }
func (p places) Describe(i int) string { return "picture " + string(rune('a'+i)) }
func (p places) Image(i int) (*Image, error) {
	im := NewImage(p.h, p.w)
	for k := range p.h * p.w {
		im.Pix[3*k], im.Pix[3*k+1], im.Pix[3*k+2] = uint8(k/p.w), uint8(k%p.w), uint8(i)
	}
	return im, nil
}

// TestPatches: patches are whole, lie within their picture at many places, come from all pictures, and are the same each time.
func TestPatches(t *testing.T) {
	whole := func(h, w int, _ *tensor.RNG) Frame { return Frame{H: h, W: w, OutH: h, OutW: w} }
	p := NewPatches(places{3, 20, 30}, whole, 8, 60, 4)
	again := NewPatches(places{3, 20, 30}, whole, 8, 60, 4)
	tops, lefts, seen := map[uint8]bool{}, map[uint8]bool{}, map[int]int{}
	for i := range p.Len() {
		im, err := p.Image(i)
		if err != nil || im.H != 8 || im.W != 8 {
			t.Fatalf("patch %d: %+v, %v", i, im, err)
		}
		top, left := im.Pix[0], im.Pix[1]
		for k := range 64 {
			if im.Pix[3*k] != top+uint8(k/8) || im.Pix[3*k+1] != left+uint8(k%8) || int(im.Pix[3*k+2]) != p.Picture(i) {
				t.Fatalf("patch %d is no square of picture %d", i, p.Picture(i))
			}
		}
		tops[top], lefts[left] = true, true
		seen[p.Picture(i)]++
		if same, _ := again.Image(i); !bytes.Equal(same.Pix, im.Pix) {
			t.Fatalf("patch %d is another the second time", i)
		}
	}
	if len(tops) < 9 || len(lefts) < 14 || tops[13] || lefts[23] {
		t.Errorf("rows %v, columns %v", tops, lefts)
	}
	if len(seen) != 3 || seen[0] != 20 || seen[1] != 20 {
		t.Errorf("of pictures %v", seen)
	}
	if d := p.Describe(3); d != "picture "+string(rune('a'+p.Picture(3)))+", patch 2" {
		t.Errorf("called %q", d)
	}
	half := func(h, w int, _ *tensor.RNG) Frame { return Frame{H: h, W: w, OutH: h / 2, OutW: w / 2} }
	im, err := NewPatches(places{1, 40, 40}, half, 10, 1, 1).Image(0)
	if err != nil || im.H != 10 {
		t.Fatal(err)
	}
	if d := int(im.Pix[3*99]) - int(im.Pix[0]); d < 17 || d > 19 { // nine pixels further, of two each
		t.Errorf("a patch of a picture at half its size covers %d rows", d)
	}
	defer func() {
		if e, ok := recover().(*tensor.ShapeError); !ok || !strings.Contains(e.Error(), "no patch of 11") {
			t.Error(e)
		}
	}()
	NewPatches(places{1, 20, 40}, half, 11, 1, 1).Image(0)
}
