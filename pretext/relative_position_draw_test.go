package pretext

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestRelativePositionPage: every pixel of a picture, drawn once more cell by cell, each answer where the compass says.
func TestRelativePositionPage(t *testing.T) {
	l, err := RelativePosition{Color: "keep", Grids: 2}.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Norm: data.HalfNorm, RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r := l.(*relativePosition)
	for _, p := range layers.Params(r) {
		if p.Name == "head.fc.weight" {
			tensor.Scale(p.Value, 6, p.Value) // answers that are not all alike
		}
	}
	in := data.Inputs{Images: drawnImages{[][2]int{{32, 32}, {32, 40}, {50, 32}}, speckled}}
	index := []int{2, 0, 1}
	got, err := l.Draw(in, index)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.maker(in, false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(3)
	for row, i := range index {
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	probs := autograd.Softmax(r.forward(autograd.NewInference().Input(b.X), b.First, b.Second)).Value
	want := canvas.NewSheet(20+5*190, 50+3*190)
	want.Text(20, 8, 170, "picture and patches", canvas.Ink)
	want.Text(210, 8, 4*190-20, "the first patch in the middle, the second where the net puts it: green right, red wrong", canvas.Ink)
	want.Text(210, 8+canvas.TextHeight, 4*190-20, "(a dark frame is then where it was); numbers: what the net gave of 100", canvas.Ink)
	compass := [8][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}, {2, 2}}
	right := 0
	for row, i := range index {
		y := 50 + 190*row
		im, _ := in.Images.Image(i)
		want.Fit(20, y, 170, 170, outlined(im, b.Places[row*8:row*8+4]).Pix, im.H, im.W)
		for k := range 4 {
			pair, x := row*16+(3*row+2*k)%8, 20+190*(k+1)
			label, said := int(b.Labels[pair]), 0
			for j := range 8 {
				if probs.At(pair, j) > probs.At(pair, said) {
					said = j
				}
			}
			if said == label {
				right++
			}
			for j, at := range compass {
				p, cx, cy := probs.At(pair, j), x+58*at[1], y+58*at[0]
				if j == label && j != said {
					want.Fill(cx-3, cy-3, 60, 60, canvas.Ink)
				}
				shade := uint8(250 - 110*p)
				want.Fill(cx, cy, 54, 54, color.RGBA{shade, shade, shade, 255})
				text := fmt.Sprintf("%.0f", 100*p)
				want.Text(cx+(54-len(text)*canvas.TextWidth)/2, cy+(54-canvas.TextHeight)/2, 54, text, canvas.Ink)
			}
			patch := func(of int32) []uint8 {
				return data.HalfNorm.ToImage(b.X.Rows(int(of), int(of)+1).Data, m.patch, m.patch).Pix
			}
			cx, cy := x+58*compass[said][1], y+58*compass[said][0]
			want.Frame(cx-3, cy-3, 60, 60, said == label)
			want.Fit(cx, cy, 54, 54, patch(b.Second[pair]), m.patch, m.patch)
			want.Fit(x+58, y+58, 54, 54, patch(b.First[pair]), m.patch, m.patch)
		}
	}
	if right == 0 || right == 12 {
		t.Errorf("%d of 12 answers are right: nothing to tell apart", right)
	}
	samePage(t, got, want)
}

// samePage fails where two pages differ.
func samePage(t *testing.T, got image.Image, want canvas.Sheet) {
	t.Helper()
	page := got.(canvas.Sheet)
	if page.Rect != want.Rect {
		t.Fatalf("a page of %v, want %v", page.Rect, want.Rect)
	}
	for i, v := range want.Pix {
		if page.Pix[i] != v {
			t.Fatalf("at (%d, %d) the page is %d, want %d", i/4%want.Rect.Dx(), i/4/want.Rect.Dx(), page.Pix[i], v)
		}
	}
}

// TestOutlined: around each square a white ring and a black one around that, a hundredth of the picture wide, within the picture.
func TestOutlined(t *testing.T) {
	for _, size := range [][2]int{{40, 30}, {210, 250}} {
		im := data.NewImage(size[0], size[1])
		for i := range im.Pix {
			im.Pix[i] = 77
		}
		wide := max(1, min(size[0], size[1])/100)
		squares := []place{{10, 12, 8}, {0, 1, 6}, {int32(size[0]) - 9, int32(size[1]) - 8, 8}}
		got := outlined(im, squares)
		for p := range size[0] * size[1] {
			want := uint8(77)
			for _, s := range squares {
				y, x := p/size[1]-int(s.Top), p%size[1]-int(s.Left)
				far := max(-y, -x, y-int(s.Side)+1, x-int(s.Side)+1) // from the square; not above 0 inside
				switch {
				case far > 0 && far <= wide:
					want = 255
				case far > wide && far <= 2*wide:
					want = 0
				}
			}
			if [3]uint8(got.Pix[3*p:]) != [3]uint8{want, want, want} {
				t.Fatalf("%v: pixel %d, %d is %v, want %d", size, p/size[1], p%size[1], got.Pix[3*p:3*p+3], want)
			}
		}
		if im.Pix[3*(9*size[1]+12)] != 77 {
			t.Error("the picture itself was changed")
		}
	}
}

// TestRows: a sample's rows are its own: those filled before stay.
func TestRows(t *testing.T) {
	m := cutter(t, RelativePosition{Patch: 8, Grid: 2, Grids: 2, Color: "keep"}, true, speckled, [2]int{60, 50}, [2]int{44, 70}, [2]int{40, 40})
	all := m.New(3)
	for row := range 3 {
		if err := m.Fill(all, row, row, tensor.NewRNG(uint64(row))); err != nil {
			t.Fatal(err)
		}
	}
	for row := range 3 {
		one := m.New(3)
		if err := m.Fill(one, row, row, tensor.NewRNG(uint64(row))); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(one.Places[8*row:8*row+8], one.Labels[16*row:16*row+16]) != fmt.Sprint(all.Places[8*row:8*row+8], all.Labels[16*row:16*row+16]) ||
			fmt.Sprint(one.X.Rows(8*row, 8*row+8).Data) != fmt.Sprint(all.X.Rows(8*row, 8*row+8).Data) {
			t.Errorf("row %d was filled again by a later one", row)
		}
	}
}

// TestTight: where there is little room the jitter shrinks, so that patches reach the border and do not leave the picture.
func TestTight(t *testing.T) {
	m := cutter(t, RelativePosition{Patch: 10, Grid: 2, Gap: -1, Jitter: 3}, true, whereabouts, [2]int{40, 40})
	places := make([]place, 4)
	low, high := [2]int32{99, 99}, [2]int32{-1, -1}
	for round := range 500 {
		m.lay(places, 24, 60, 1, tensor.NewRNG(uint64(round)))
		for _, p := range places {
			low, high = [2]int32{min(low[0], p.Top), min(low[1], p.Left)}, [2]int32{max(high[0], p.Top), max(high[1], p.Left)}
		}
		if d := places[2].Top - places[0].Top; d < 6 || d > 14 {
			t.Fatalf("patches are %d pixels apart, want 10 and twice a jitter of 2 at most", d)
		}
	}
	if low != [2]int32{0, 0} || high != [2]int32{14, 50} {
		t.Errorf("patches from %v to %v, want all of the picture", low, high)
	}
}

// TestRelativePositionLimits: the smallest patch, grids that are not chosen yet, the middle of what is too long, and no dropout.
func TestRelativePositionLimits(t *testing.T) {
	for _, of := range []string{"patch=4", "pairs=centre", "pairs=centre&grid=3", "grid=4"} {
		task, err := New("relative-position?" + of)
		if err != nil {
			t.Errorf("%s: %v", of, err)
			continue
		}
		l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), RNG: tensor.NewRNG(1)})
		if err != nil {
			t.Errorf("%s: %v", of, err)
		} else if h := l.(*relativePosition).head; len(h) != 3 {
			t.Errorf("%s: head %v", of, h)
		}
	}
	m := cutter(t, RelativePosition{Patch: 20, Scale: "native"}, true, whereabouts, [2]int{50, 1000})
	if f := m.frame(50, 1000, nil); f != (data.Frame{Left: 300, H: 50, W: 400, OutH: 52, OutW: 416}) {
		t.Errorf("of 50 by 1000 pixels %+v is kept", f)
	}
	if m := cutter(t, RelativePosition{Patch: 64, Grid: 2}, true, whereabouts, [2]int{300, 300}); m.color != "drop" {
		t.Errorf("patches of 64 pixels: %s", m.color)
	}
	if m := cutter(t, RelativePosition{Patch: 30, Grid: 2}, true, whereabouts, [2]int{300, 300}); m.color != "grey" || m.down > 0 {
		t.Errorf("patches of 30 pixels: %s, %g", m.color, m.down)
	}
	if low, high := (&patchMaker{patch: 48}).pixels(); low != 37500 || high != 112500 {
		t.Errorf("%g to %g pixels for patches of 48, want a quarter of the paper's", low, high)
	}
	if _, err := shorterSide("relative-position", drawnImages{[][2]int{{0, 0}, {0, 0}}, whereabouts}); err == nil || !strings.Contains(err.Error(), "none of 2 pictures could be read: picture 1 is broken") {
		t.Errorf("broken pictures: %v", err)
	}
	// a trunk that takes no patch below so many pixels gets the next of half as many more
	for least, want := range map[int]int{10: 10, 11: 16, 17: 24, 25: 36, 37: 54, 55: 82, 180: 186, 187: 0} {
		trunk := layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})
		first := &trunk.Stages[0]
		first.Parts = append(layers.Sequential{{Name: "picky", Module: layers.Func(func(x *autograd.Var) *autograd.Var {
			if x.Shape()[1] < least {
				panic(&tensor.ShapeError{Op: "picky", Msg: "too small"})
			}
			return x
		})}}, first.Parts...)
		l, err := RelativePosition{Grid: 2}.Learner(Setup{Trunk: trunk, RNG: tensor.NewRNG(1)})
		if err != nil {
			t.Fatal(err)
		}
		m, err := l.(*relativePosition).maker(data.Inputs{Images: drawnImages{[][2]int{{32, 32}}, whereabouts}}, true)
		if want == 0 {
			if err == nil || !strings.Contains(err.Error(), "no patch of up to 256") {
				t.Errorf("from %d pixels on: %v", least, err)
			}
		} else if err != nil || m.patch != want {
			t.Errorf("from %d pixels on: %v, want patches of %d", least, err, want)
		}
	}
}
