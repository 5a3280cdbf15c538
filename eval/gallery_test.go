package eval

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// plain is a picture of one colour that tells its number.
func plain(set uint8) Look {
	return func(i int) *data.Image {
		im := data.NewImage(4, 4)
		for p := range im.Pix {
			im.Pix[p] = []uint8{set, uint8(20 * i), 77}[p%3]
		}
		return im
	}
}

// TestGallery: every cell shows the query or the neighbour that Neighbours names, in the frame of its class; 72 pixels a cell,
// 6 between, the queries apart.
func TestGallery(t *testing.T) {
	names := []string{"left", "right"}
	angle := func(degrees ...float64) *tensor.Tensor {
		x := tensor.New(len(degrees), 2)
		for i, d := range degrees {
			x.Data[2*i], x.Data[2*i+1] = float32(math.Cos(d*math.Pi/180)), float32(math.Sin(d*math.Pi/180))
		}
		return x
	}
	train := sampleOf(angle(0, 50, 90, 130, 180), names, []int{0, 0, 0, 1, 1, 0, 1, 0})
	train.Index = []int{7, 6, 5, 4, 3} // left, right, left, right, right
	test := sampleOf(angle(60, 85, 170), []string{"right", "left"}, []int{1, 0, 1, 0, -1})
	test.Index = []int{2, 3, 4} // left, right, unknown
	pic := Gallery(train, test, plain(10), plain(20), []int{2, 0}, 3)
	if pic.Bounds() != image.Rect(0, 0, 6*3+4*78-6, 6+2*78) {
		t.Errorf("the gallery is %v", pic.Bounds())
	}
	at := func(row, col int) (frame, inside color.Color) {
		x, y := 6+78*col, 6+78*row
		if col > 0 {
			x += 6
		}
		for _, p := range []image.Point{{x, y}, {x + 71, y + 71}, {x + 2, y + 40}, {x + 69, y + 40}} {
			if pic.At(p.X, p.Y) != pic.At(x, y) {
				t.Errorf("row %d, column %d: the frame at %v is %v", row, col, p, pic.At(p.X, p.Y))
			}
		}
		for _, p := range []image.Point{{x + 3, y + 3}, {x + 68, y + 68}} {
			if pic.At(p.X, p.Y) != pic.At(x+36, y+36) {
				t.Errorf("row %d, column %d: the picture at %v is %v", row, col, p, pic.At(p.X, p.Y))
			}
		}
		for _, p := range []image.Point{{x - 1, y}, {x + 72, y}, {x, y - 1}, {x, y + 72}} {
			if pic.At(p.X, p.Y) != (color.RGBA{255, 255, 255, 255}) {
				t.Errorf("row %d, column %d: beside the frame at %v is %v", row, col, p, pic.At(p.X, p.Y))
			}
		}
		return pic.At(x, y), pic.At(x+36, y+36)
	}
	for row, cells := range [][]struct {
		frame  color.RGBA
		set, i uint8
	}{
		{{canvas.Ink, 20, 4}, {canvas.Quiet, 10, 3}, {canvas.Quiet, 10, 4}, {canvas.Quiet, 10, 5}}, // 170: 180, 130, 90 degrees
		{{canvas.Ink, 20, 2}, {canvas.Wrong, 10, 6}, {canvas.Right, 10, 5}, {canvas.Right, 10, 7}}, // 60: 50, 90, 0 degrees
	} {
		for col, want := range cells {
			frame, inside := at(row, col)
			if frame != want.frame || inside != (color.RGBA{want.set, 20 * want.i, 77, 255}) {
				t.Errorf("row %d, column %d: %v in %v, want sample %d in %v", row, col, inside, frame, want.i, want.frame)
			}
		}
	}
	few := Gallery(train, test, plain(10), func(int) *data.Image { return nil }, []int{1}, 9)
	if few.Bounds().Dx() != 6*3+6*78-6 || few.At(40, 40) != canvas.Ink {
		t.Errorf("five neighbours at most, and a query that cannot be read: %v, %v", few.Bounds(), few.At(40, 40))
	}
}

func TestLookAt(t *testing.T) {
	d, a := albumSet("x", 3, 9)
	a.broken = map[int]bool{1: true}
	look := LookAt(d, 6)
	if im := look(2); im == nil || im.H != 6 || im.W != 6 || im.Pix[0] != 20 {
		t.Errorf("%v", im)
	}
	if look(1) != nil || LookAt(&data.Dataset{}, 6)(0) != nil {
		t.Error("there is nothing to see")
	}
}

// TestHeard: of a recording its middle is shown, time to the right and frequency upwards; of an empty one nothing.
func TestHeard(t *testing.T) {
	h := hearing(t, "linear?rate=8000&seconds=1&window=20&hop=20&mean=-2&std=3")
	look, err := Heard(hums{5, 3}, h)
	if err != nil {
		t.Fatal(err)
	}
	shape, _ := h.Shape()
	im := look(4) // of 1000 Hz, louder after half of the middle second
	if im == nil || im.W != shape[0] || im.H != shape[1] {
		t.Fatalf("%+v, want %v", im, shape)
	}
	light := func(x, y int) int {
		p := im.Pix[3*(y*im.W+x):]
		return int(p[0]) + int(p[1]) + int(p[2])
	}
	brightest, row := -1, 0
	for y := range im.H {
		if v := light(im.W/4, y); v > brightest {
			brightest, row = v, y
		}
	}
	if want := im.H - 1 - im.H/4; row < want-1 || row > want+1 {
		t.Errorf("1000 of 4000 Hz are brightest in row %d of %d, want about %d", row, im.H, want)
	}
	if early, late := light(im.W/4, row), light(3*im.W/4, row); late <= early {
		t.Errorf("%d in the quieter half, %d in the louder one", early, late)
	}
	if look(3) != nil {
		t.Error("nothing is to be heard of an empty recording")
	}
	if Stills(data.Inputs{Sounds: hums{5, 3}})(0) != nil {
		t.Error("a recording has no picture")
	}
	h.Bands, h.Linear = 5000, false
	if _, err := Heard(hums{5, 3}, h); err == nil {
		t.Error("a hearing that cannot be")
	}
}

// TestFilters: each filter is stretched between black and white, in its own cell.
func TestFilters(t *testing.T) {
	w := tensor.New(2, 1, 3, 18) // two pixels high, one wide
	for k := range 18 {
		for y := range 2 {
			for c := range 3 {
				w.Data[(y*3+c)*18+k] = float32(k) + float32(3*y+c) // 0 to 5 above the filter's lowest
			}
		}
	}
	pic := Filters(w)
	if pic.Bounds() != image.Rect(0, 0, 4+16*24, 4+2*44) {
		t.Errorf("the filters are %v", pic.Bounds())
	}
	for _, k := range []int{0, 15, 17} {
		x, y := 4+k%16*24, 4+k/16*44
		for row, want := range []color.RGBA{{0, 51, 102, 255}, {153, 204, 255, 255}} {
			for _, p := range []image.Point{{x, y + 20*row}, {x + 19, y + 20*row + 19}} {
				if pic.At(p.X, p.Y) != want {
					t.Errorf("filter %d, row %d at %v: %v, want %v", k, row, p, pic.At(p.X, p.Y), want)
				}
			}
		}
		if pic.At(x+20, y) != (color.RGBA{255, 255, 255, 255}) {
			t.Errorf("filter %d is too wide", k)
		}
	}
	grey := Filters(rowsOf4(1, 1, 1, 2, 5, 5))
	if grey.At(4, 4) != (color.RGBA{0, 0, 0, 255}) {
		t.Errorf("a filter of one value is %v", grey.At(4, 4))
	}
	one := Filters(rowsOf4(1, 2, 1, 1, 5, 6))
	if one.At(4, 4) != (color.RGBA{0, 0, 0, 255}) || one.At(4+20, 4) != (color.RGBA{255, 255, 255, 255}) || one.Bounds().Dy() != 4+24 {
		t.Errorf("one channel: %v, %v in %v", one.At(4, 4), one.At(24, 4), one.Bounds())
	}
	if big := Filters(tensor.New(30, 30, 3, 1)); big.Bounds().Dy() != 4+64 {
		t.Errorf("a large filter is %v", big.Bounds())
	}
}

func rowsOf4(kh, kw, in, o int, values ...float32) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{kh, kw, in, o}, Data: values}
}

// TestHealth: features whose spread and rank can be worked out.
func TestHealth(t *testing.T) {
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-3) {
			t.Errorf("%s is %g, want %g", what, got, want)
		}
	}
	h := CheckHealth(rows(2, 1, 0, -1, 0, 0, 1, 0, -1)) // a cross: each axis has variance 1/2
	near("a cross's deviation", h.Std, 1)
	near("a cross's rank", h.EffectiveRank, 2)
	h = CheckHealth(rows(3, 2, 0, 0, -2, 0, 0)) // a line: one dimension of three
	near("a line's deviation", h.Std, 1/math.Sqrt(3))
	near("a line's rank", h.EffectiveRank, 1)
	if h.Dead != 2 {
		t.Errorf("%d dead dimensions of a line in space", h.Dead)
	}
	h = CheckHealth(rows(2, 1, 0, -1, 0, 1, 0, -1, 0, 0, 1, 0, -1)) // variances 2/3 and 1/3
	near("a flat cross's rank", h.EffectiveRank, math.Exp(-(2.0/3*math.Log(2.0/3) + 1.0/3*math.Log(1.0/3))))
	near("a flat cross's deviation", h.Std, (math.Sqrt(2.0/3)+math.Sqrt(1.0/3))/2*math.Sqrt2)
	if CheckHealth(rows(2, 1, 0)) != (Health{}) || CheckHealth(tensor.New(3, 0)) != (Health{}) {
		t.Error("one sample, or none, has no spread")
	}
	if h := CheckHealth(rows(2, 1, 0, 1, 0)); h.EffectiveRank != 0 || h.Std != 0 || h.Dead != 2 {
		t.Errorf("two equal samples: %+v", h)
	}
}
