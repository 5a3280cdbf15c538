package pretext

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestHolesOf: pixels that touch are one hole, at corners too.
func TestHolesOf(t *testing.T) {
	for drawn, want := range map[string]string{
		"##...#|##....|......|..#.#.|...#..": "[{0 0 2 2} {0 5 1 6} {3 2 5 5}]",
		"......|......":                      "[]",
		"#####|#...#|#.#.#|#...#|#####":      "[{0 0 5 5} {2 2 3 3}]", // one within another
	} {
		rows := strings.Split(drawn, "|")
		var hole []bool
		for _, v := range strings.Join(rows, "") {
			hole = append(hole, v == '#')
		}
		got := holesOf(hole, len(rows), len(rows[0]))
		if got == nil {
			got = []box{}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", drawn, got, want)
		}
	}
}

// TestAround: a hole lies within what is shown, with as much around it; for a net of middles, where such a net paints.
func TestAround(t *testing.T) {
	for _, mask := range []string{"centre", "blocks", "region"} {
		c := painter(t, ContextEncoder{Mask: mask, NoAdversary: true}, 32, 4)
		for _, b := range []box{{0, 0, 1, 1}, {10, 20, 30, 25}, {99, 149, 100, 150}, {0, 0, 100, 149}, {40, 60, 53, 73}} {
			top, left, n := c.around(b, 100, 150)
			if b.top < top || b.left < left || b.bottom > top+n || b.right > left+n || n < 32 {
				t.Errorf("%s: %v is not within %d from %d, %d", mask, b, n, top, left)
			}
			long := max(b.bottom-b.top, b.right-b.left)
			if n > 32 && (mask == "centre" && n > long*32/14+2 || mask != "centre" && n != 2*long) {
				t.Errorf("%s: %d pixels are shown for a hole of %d", mask, n, long)
			}
			if mask != "centre" {
				if n <= 100 && (top < 0 || left < 0 || top+n > 100 || left+n > 150) {
					t.Errorf("%s: %d from %d, %d leaves the picture", mask, n, top, left)
				}
				continue
			}
			f := 32 / float64(n) // the middle of 16 less a band of 1 on each side: 9 to 23 of 32
			for _, at := range []float64{float64(b.top - top), float64(b.left - left), float64(b.bottom - top), float64(b.right - left)} {
				if at*f < 9-f || at*f > 23+f {
					t.Errorf("centre: %v is shown at %.1f of 32, %d from %d, %d", b, at*f, n, top, left)
				}
			}
		}
	}
}

// TestPaint: a picture of the net's side with the mask of a training sample is painted as Draw paints it, and nothing else is touched.
func TestPaint(t *testing.T) {
	const s = 32
	for _, mask := range []string{"centre", "blocks", "region"} {
		c := painter(t, ContextEncoder{Mask: mask, NoAdversary: true}, s, 4)
		normalised(c, data.ImageNetNorm)
		m, err := c.maker(data.Inputs{Images: waves{3, s}}, false)
		if err != nil {
			t.Fatal(err)
		}
		var b *holed
		hole := make([]bool, s*s)
		large := func() bool { // then less than the whole picture is shown at its own size
			for _, b := range holesOf(hole, s, s) {
				if max(b.bottom-b.top, b.right-b.left) > s/2 {
					return true
				}
			}
			return false
		}
		for seed := 0; b == nil || large(); seed++ {
			if seed == 100 {
				t.Fatalf("%s: no mask of small holes", mask)
			}
			b = m.New(1)
			if err := m.Fill(b, 0, 2, tensor.NewRNG(uint64(seed))); err != nil {
				t.Fatal(err)
			}
			for p, v := range b.mask {
				hole[p] = v == hidden
			}
		}
		cells, _ := c.drawn(b, 0, c.Forward(autograd.NewInference().Input(b.X)).Value)
		im, _ := waves{3, s}.Image(2)
		before := string(im.Pix)
		got, err := c.Paint(im, hole)
		if err != nil || got.H != s || got.W != s || string(im.Pix) != before {
			t.Fatal(mask, err)
		}
		for p := range hole {
			want := im.Pix[p*3 : p*3+3]
			if hole[p] {
				want = cells[1][p*3 : p*3+3]
			}
			if string(got.Pix[p*3:p*3+3]) != string(want) {
				t.Fatalf("%s: pixel %d is %v, want %v", mask, p, got.Pix[p*3:p*3+3], want)
			}
		}
	}
}

// TestPaintLarge: what the net paints comes out where the hole is and as large as it is, also at a corner, in a picture that is not square, and
// in several holes; the net sees nothing of any hole.
func TestPaintLarge(t *testing.T) {
	const s = 32
	for _, mask := range []string{"centre", "region"} {
		c := painter(t, ContextEncoder{Mask: mask, NoAdversary: true}, s, 4)
		normalised(c, data.HalfNorm)
		var x *tensor.Tensor // what the net saw
		c.Net = &layers.Net{Trunk: &layers.Trunk{Stages: []layers.Stage{{Parts: layers.Sequential{{Name: "eye", Module: layers.Func(func(v *autograd.Var) *autograd.Var {
			x = v.Value.Clone()
			return v
		})}}}}}, Head: layers.Func(func(*autograd.Var) *autograd.Var {
			made := tensor.New(1, c.out, c.out, 3) // red grows downwards, green to the right
			for p := range c.out * c.out {
				made.Data[p*3], made.Data[p*3+1] = 2*(float32(p/c.out)+0.5)/float32(c.out)-1, 2*(float32(p%c.out)+0.5)/float32(c.out)-1
			}
			return autograd.Const(made)
		})}
		for _, boxes := range [][]box{{{30, 40, 70, 80}}, {{0, 0, 24, 40}}, {{90, 170, 120, 200}}, {{20, 20, 60, 60}, {70, 100, 90, 120}}, {{50, 50, 51, 51}}} {
			const h, w = 120, 200
			im := data.NewImage(h, w)
			hole := make([]bool, h*w)
			for p := range hole {
				im.Pix[p*3], im.Pix[p*3+1], im.Pix[p*3+2] = 200, 200, 200
				for _, b := range boxes {
					if y, q := p/w, p%w; y >= b.top && y < b.bottom && q >= b.left && q < b.right {
						hole[p] = true
						im.Pix[p*3], im.Pix[p*3+1], im.Pix[p*3+2] = 0, 0, 0 // were it seen, a black pixel would be -2
					}
				}
			}
			got, err := c.Paint(im, hole)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range x.Data {
				if v != 0 && math.Abs(float64(v)-(200.0/255-0.5)/0.25) > 1e-5 {
					t.Fatalf("%s, %v: the net sees %g of a hole", mask, boxes, v)
				}
			}
			for _, b := range boxes {
				top, left, n := c.around(b, h, w)
				inner, at := float64(n), 0.0
				if mask == "centre" {
					inner, at = float64(n)/2, float64(n)/4
				}
				for y := b.top; y < b.bottom; y++ {
					for q := b.left; q < b.right; q++ {
						red, green := 255*(float64(y-top)+0.5-at)/inner, 255*(float64(q-left)+0.5-at)/inner
						pix := got.Pix[(y*w+q)*3:]
						if math.Abs(float64(pix[0])-red) > 9 || math.Abs(float64(pix[1])-green) > 9 {
							t.Fatalf("%s, %v: at %d, %d painted %v, want red %.0f and green %.0f", mask, b, y, q, pix[:3], red, green)
						}
					}
				}
			}
			for p := range hole {
				if !hole[p] && got.Pix[p*3] != 200 {
					t.Fatalf("%s, %v: pixel %d was seen and is changed", mask, boxes, p)
				}
			}
		}
	}
}

// TestPaintRefuses: what cannot be painted is said in a sentence.
func TestPaintRefuses(t *testing.T) {
	c := painter(t, ContextEncoder{Mask: "region", NoAdversary: true}, 32, 4)
	im := data.NewImage(200, 300)
	dots := make([]bool, 200*300)
	for p := range dots {
		dots[p] = p/300%2 == 0 && p%2 == 0
	}
	all := make([]bool, 200*300)
	for p := range all {
		all[p] = true
	}
	for want, hole := range map[string][]bool{"a mask of 7 pixels for a picture of 300x200, which has 60000": make([]bool, 7), "hides nothing": make([]bool, 60000),
		"hides the whole picture": all, "15000 separate holes, at most 4096": dots} {
		if _, err := c.Paint(im, hole); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
