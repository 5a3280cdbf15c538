package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Painter is a learner that paints what is hidden of a picture, as a context encoder does.
type Painter interface {
	// Paint returns the picture, of any size, with the pixels where hole [H·W] is true painted from those around; all others stay as they are.
	Paint(im *data.Image, hole []bool) (*data.Image, error)
}

// maxHoles is how many separate holes are painted, each by itself.
const maxHoles = 4096

// Paint shows the net a square around each hole, at twice the hole's size at least and in the picture's own pixels where the hole is small; a
// net that was trained on middles gets the hole into the middle, and beyond the picture its border goes on. What is painted has the net's
// resolution: of a hole larger than half of the net's side it is enlarged, and blurred.
func (c *contextEncoder) Paint(im *data.Image, hole []bool) (*data.Image, error) {
	if len(hole) != im.H*im.W {
		return nil, fmt.Errorf("a mask of %d pixels for a picture of %dx%d, which has %d", len(hole), im.W, im.H, im.H*im.W)
	}
	boxes := holesOf(hole, im.H, im.W)
	hidden := 0
	for _, h := range hole {
		if h {
			hidden++
		}
	}
	switch {
	case hidden == 0:
		return nil, fmt.Errorf("the mask hides nothing")
	case hidden == len(hole):
		return nil, fmt.Errorf("the mask hides the whole picture: nothing is left to paint from")
	case len(boxes) > maxHoles:
		return nil, fmt.Errorf("the mask has %d separate holes, at most %d can be painted", len(boxes), maxHoles)
	}
	out := &data.Image{H: im.H, W: im.W, Pix: append([]uint8(nil), im.Pix...)}
	for _, b := range boxes {
		c.paint(out, im, hole, b)
	}
	return out, nil
}

// box is a rectangle of a picture.
type box struct{ top, left, bottom, right int }

// holesOf returns a box around each hole: hidden pixels that touch, at corners too.
func holesOf(hole []bool, h, w int) []box {
	seen := make([]bool, len(hole))
	var out []box
	var todo []int
	for first := range hole {
		if !hole[first] || seen[first] {
			continue
		}
		b := box{h, w, 0, 0}
		seen[first] = true
		todo = append(todo[:0], first)
		for len(todo) > 0 {
			p := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			y, x := p/w, p%w
			b = box{min(b.top, y), min(b.left, x), max(b.bottom, y+1), max(b.right, x+1)}
			for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
					if q := ny*w + nx; hole[q] && !seen[q] {
						seen[q] = true
						todo = append(todo, q)
					}
				}
			}
		}
		out = append(out, b)
	}
	return out
}

// around returns the square that is shown for a box: its upper left corner and its side.
func (c *contextEncoder) around(b box, h, w int) (top, left, n int) {
	s := c.setup.Side
	long := max(b.bottom-b.top, b.right-b.left)
	n = 2 * long
	if c.task.Mask == "centre" {
		inner := s/2 - 2*max(c.task.Overlap, 1) // a pixel more than is hidden, which resizing touches
		n = (long*s + inner - 1) / inner
		n += (n - long) & 1 // as much on either side
	}
	n = max(n, min(s, max(h, w)))
	top, left = (b.top+b.bottom-n)/2, (b.left+b.right-n)/2
	if c.task.Mask != "centre" { // within the picture where there is room
		into := func(at, size int) int {
			if n > size {
				return (size - n) / 2
			}
			return min(max(at, 0), size-n)
		}
		top, left = into(top, h), into(left, w)
	}
	return top, left, n
}

// paint paints the holes within a box.
func (c *contextEncoder) paint(out, im *data.Image, hole []bool, b box) {
	s, o := c.setup.Side, c.out
	top, left, n := c.around(b, im.H, im.W)
	square, cover := data.NewImage(n, n), data.NewImage(n, n)
	for y := range n {
		for x := range n {
			p := min(max(top+y, 0), im.H-1)*im.W + min(max(left+x, 0), im.W-1)
			copy(square.Pix[(y*n+x)*3:][:3], im.Pix[p*3:])
			if hole[p] {
				cover.Pix[(y*n+x)*3] = 255
			}
		}
	}
	small, covered := data.ResizeTo(square, s, s), data.ResizeTo(cover, s, s)
	mask := make([]uint8, s*s)
	if c.task.Mask == "centre" {
		hideCentre(mask, s, c.task.Overlap)
	}
	x := tensor.New(1, s, s, 3)
	c.setup.Norm.Normalize(x.Data, small)
	for p := range mask {
		if covered.Pix[p*3] > 0 {
			mask[p] = hidden
		}
		if mask[p] == hidden {
			x.Data[p*3], x.Data[p*3+1], x.Data[p*3+2] = 0, 0, 0
		}
	}
	made := c.Forward(autograd.NewInference().Input(x)).Value
	from := (s - o) / 2
	for p, v := range mask {
		y, q := p/s-from, p%s-from
		if v != hidden || y < 0 || q < 0 || y >= o || q >= o {
			continue
		}
		for i := range 3 {
			x.Data[p*3+i] = (made.Data[(y*o+q)*3+i] - c.shift[i]) / c.scale[i]
		}
	}
	paint := data.NewImage(s, s)
	for p, v := range mask { // seen pixels as they are, so that no border shows where the painting is enlarged
		if v != hidden {
			copy(paint.Pix[p*3:][:3], small.Pix[p*3:])
		}
	}
	for p, v := range c.setup.Norm.ToImage(x.Data, s, s).Pix {
		if mask[p/3] == hidden {
			paint.Pix[p] = v
		}
	}
	large := data.ResizeTo(paint, n, n)
	for y := b.top; y < b.bottom; y++ {
		for q := b.left; q < b.right; q++ {
			if p := y*im.W + q; hole[p] {
				copy(out.Pix[p*3:][:3], large.Pix[((y-top)*n+q-left)*3:])
			}
		}
	}
}
