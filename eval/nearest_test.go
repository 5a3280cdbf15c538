package eval

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// colours are pictures of one colour each.
type colours [][3]uint8

func (c colours) Len() int              { return len(c) }
func (c colours) Describe(i int) string { return fmt.Sprint("colour ", i) }
func (c colours) Image(i int) (*data.Image, error) {
	if c[i] == [3]uint8{1, 2, 3} {
		return nil, errors.New("broken")
	}
	im := data.NewImage(4, 4)
	for p := range im.Pix {
		im.Pix[p] = c[i][p%3]
	}
	return im, nil
}

// seeing is an encoder whose features are a function of a picture's first pixel.
type seeing struct {
	name string
	of   func(r, g, b uint8) []float32
}

func (e seeing) Name() string                        { return e.name }
func (e seeing) Depths() []string                    { return []string{"a", "b"} }
func (e seeing) Settings(data.Inputs) map[string]any { return nil }
func (e seeing) Encode(_ context.Context, in data.Inputs, o Options) ([]Features, error) {
	if !o.Last {
		return nil, errors.New("all depths are encoded where one is looked at")
	}
	var t table
	f := Features{Name: "b"}
	for i := range in.Images.Len() {
		if im, err := in.Images.Image(i); err == nil {
			v := e.of(im.Pix[0], im.Pix[1], im.Pix[2])
			t.add(&tensor.Tensor{Shape: []int{1, len(v)}, Data: v})
			f.Index = append(f.Index, i)
		}
	}
	f.Pooled = t.tensor()
	return []Features{f}, nil
}

// TestFindNearest: what is near by hue and what is near by brightness; broken samples and those that are left out are not among them; a
// recoloured sample is found by what does not see the change.
func TestFindNearest(t *testing.T) {
	in := data.Inputs{Images: colours{{40, 0, 0}, {80, 2, 0}, {1, 2, 3}, {0, 41, 0}, {0, 90, 10}, {200, 20, 20}}}
	hue := seeing{"hue", func(r, g, b uint8) []float32 { return []float32{float32(r), float32(g), float32(b)} }}
	bright := seeing{"bright", func(r, g, b uint8) []float32 {
		return []float32{float32(max(r, g, b)), 100} // a swap of channels keeps it
	}}
	got, err := FindNearest(context.Background(), []Encoder{hue, bright}, in, []int{0, 3, 2}, []int{0, 1, 3, 4, 5}, 2, func(q, s int) bool { return q == 0 && s == 5 }, Options{})
	if err != nil || len(got) != 2 || got[0].Features != "hue" || got[1].Features != "bright" {
		t.Fatal(got, err)
	}
	order := func(n Nearest) string {
		out := ""
		for _, near := range n.Near {
			for _, s := range near {
				out += fmt.Sprint(s.At, " ")
			}
			out += "| "
		}
		return out
	}
	if s := order(got[0]); s != "1 3 | 4 5 | | " {
		t.Errorf("by hue %s", s)
	}
	if s := order(got[1]); s != "3 1 | 0 1 | | " {
		t.Errorf("by brightness %s", s)
	}
	if r := got[1].Recoloured; r["swapped"] != 1 || got[1].Recolour != 5 {
		t.Errorf("a swap of channels: %v of %d", r, got[1].Recolour)
	}
	if r := got[0].Recoloured; r["warm"] != 1 || r["swapped"] > 0.2 || r["grey"] > 0.2 {
		t.Errorf("by hue: %v", r)
	}
	if _, err := FindNearest(context.Background(), []Encoder{hue}, data.Inputs{}, nil, nil, 1, nil, Options{}); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Error(err)
	}
}

// TestRecolourings: what becomes of a colour.
func TestRecolourings(t *testing.T) {
	want := map[string][3]uint8{"grey": {131, 131, 131}, "warm": {255, 100, 45}, "swapped": {60, 220, 100}}
	for _, by := range Recolourings {
		im, err := recoloured{colours{{220, 100, 60}}, by}.Image(0)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]uint8(im.Pix[45:48]); got != want[by.Name] || len(im.Pix) != 48 {
			t.Errorf("%s: %v, want %v", by.Name, got, want[by.Name])
		}
	}
	if _, err := (recoloured{colours{{1, 2, 3}}, Recolourings[0]}).Image(0); err == nil {
		t.Error("a broken picture is recoloured")
	}
}

// TestNearestSheet: the query, and beside it what each encoder found, in its place.
func TestNearestSheet(t *testing.T) {
	in := data.Inputs{Images: colours{{40, 0, 0}, {0, 80, 0}, {1, 2, 3}, {0, 0, 90}}}
	all := []Nearest{{Features: "a", Near: [][]Neighbour{{{At: 1}, {At: 3}}, nil}}, {Features: "b", Near: [][]Neighbour{{{At: 3}, {At: 0}}, {{At: 1}}}}}
	pic := NearestSheet(all, Stills(in), nil, []int{0, 3}, 2)
	const row = 72 + 13 + 6
	if b := pic.Bounds(); b.Dx() != 6+5*78+2*18 || b.Dy() != 17+6+2*row {
		t.Errorf("the sheet is %v", b)
	}
	white := color.RGBA{255, 255, 255, 255}
	for _, c := range []struct {
		x, y int
		want color.RGBA
	}{{6, 23, color.RGBA{40, 0, 0, 255}}, {6 + 71, 23 + 71, color.RGBA{40, 0, 0, 255}}, {6 + 78 + 18, 23, color.RGBA{0, 80, 0, 255}}, {6 + 78, 23, white}, {6 + 2*78 + 18, 23, color.RGBA{0, 0, 90, 255}},
		{6 + 3*78 + 36, 23, color.RGBA{0, 0, 90, 255}}, {6 + 4*78 + 36, 23, color.RGBA{40, 0, 0, 255}}, {6, 23 + row, color.RGBA{0, 0, 90, 255}},
		{6 + 78 + 18, 23 + row, white}, {6 + 3*78 + 36, 23 + row, color.RGBA{0, 80, 0, 255}}, {6 + 4*78 + 36, 23 + row, white}} {
		if got := pic.At(c.x, c.y); got != c.want {
			t.Errorf("at %d, %d: %v, want %v", c.x, c.y, got, c.want)
		}
	}
	written := func(pic image.Image, x0, x1, y int) (n int) { // pixels of text in a line below a cell
		for x := x0; x < x1; x++ {
			for dy := range 12 {
				if pic.At(x, y+dy) == canvas.Ink {
					n++
				}
			}
		}
		return n
	}
	named := NearestSheet(all, Stills(in), labelled{[]string{"ant", "bee"}, []int{0, 1, 1, 0}}, []int{0, 3}, 2)
	if a, b := written(pic, 6, 6+72, 23+74), written(named, 6, 6+72, 23+74); a != 0 || b == 0 {
		t.Errorf("below the query %d pixels of text without labels, %d with them", a, b)
	}
	if a, b := written(pic, 6+96, 6+96+72, 23+74), written(named, 6+96, 6+96+72, 23+74); a == 0 || b <= a {
		t.Errorf("below what is near %d pixels of text without labels, %d with them", a, b)
	}
	for x, want := range map[int]color.RGBA{6 + 96: canvas.Wrong, 6 + 2*78 + 18: canvas.Right} {
		if got := named.At(x, 23+72); got != want {
			t.Errorf("the line at %d is %v, want %v", x, got, want)
		}
	}
}
