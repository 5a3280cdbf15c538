package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
)

// FramePainter is a learner that paints frames that a film does not have.
type FramePainter interface {
	// Shown returns how many frames it looks at, and whether what it paints lies in the middle between them; otherwise it is the one behind the last.
	Shown() (frames int, between bool)
	// PaintFrame returns the frame that is missing between frames of one size, or behind the last.
	PaintFrame(shown []*data.Image) (*data.Image, error)
}

// Shown returns how many frames are shown, and whether the one in the middle is painted.
func (l *videoInpaint) Shown() (frames int, between bool) {
	return l.task.Frames, l.task.Hide == "middle"
}

// PaintFrame shows the net squares as large as the frame's shorter side, evenly spread along the longer one, so that they overlap, in the size
// that it was trained on. What it paints otherwise than the simple predictor (linear interpolation, or a copy of the last frame) is enlarged and
// added to that one in the frame's own pixels: where the net has nothing to say, the frame stays as sharp as it was.
func (l *videoInpaint) PaintFrame(shown []*data.Image) (*data.Image, error) {
	switch {
	case !l.whole():
		return nil, fmt.Errorf("the net was trained on blocks (hide=block), and paints no whole frames; hide=middle and hide=next do")
	case len(shown) != l.task.Frames:
		return nil, fmt.Errorf("the net looks at %d frames, not %d", l.task.Frames, len(shown))
	}
	h, w := shown[0].H, shown[0].W
	for _, im := range shown {
		if im.H != h || im.W != w || h < 1 || w < 1 {
			return nil, fmt.Errorf("frames of %dx%d and of %dx%d pixels; want frames of one size", w, h, im.W, im.H)
		}
	}
	side := min(h, w)
	squares := (max(h, w) + side - 1) / side
	more, weights := make([]float32, h*w*3), make([]float32, h*w)
	for k := range squares {
		at := 0
		if squares > 1 {
			at = k * (max(h, w) - side) / (squares - 1)
		}
		top, left := at, 0
		if w > h {
			top, left = 0, at
		}
		painted, simple := l.paintSquare(shown, top, left, side)
		for y := range side {
			for x := range side {
				along := y
				if w > h {
					along = x
				}
				weight := float32(min(along+1, side-along)) // less towards where the next square lies
				p := (top+y)*w + left + x
				weights[p] += weight
				for i := range 3 {
					q := (y*side+x)*3 + i
					more[p*3+i] += weight * (float32(painted.Pix[q]) - float32(simple.Pix[q]))
				}
			}
		}
	}
	before, behind := shown[len(shown)-1], shown[len(shown)-1]
	if l.task.Hide == "middle" {
		before, behind = shown[len(shown)/2-1], shown[len(shown)/2]
	}
	out := data.NewImage(h, w)
	for p := range out.Pix {
		v := (float32(before.Pix[p])+float32(behind.Pix[p]))/2 + more[p]/weights[p/3]
		out.Pix[p] = uint8(min(max(v, 0), 255) + 0.5)
	}
	return out, nil
}

// paintSquare returns what the net paints of a square of frames, and the simple predictor as the net sees it, both in the square's pixels.
func (l *videoInpaint) paintSquare(shown []*data.Image, top, left, side int) (painted, simple *data.Image) {
	s := l.setup.Side
	size := s * s * 3
	clip, frames := make([]float32, l.length*size), make([]int, l.length)
	for t, k := 0, 0; t < l.length; t++ {
		if t == l.first {
			continue // hidden
		}
		square := data.Frame{Top: top, Left: left, H: side, W: side, OutH: s, OutW: s}.Of(shown[k])
		l.setup.Norm.Normalize(clip[t*size:][:size], square)
		k++
	}
	b := l.batch(1)
	l.put(b, 0, frames, clip, l.hide(nil))
	made := l.forward(autograd.NewInference(), b).Value
	enlarged := func(x []float32) *data.Image {
		return data.ResizeTo(&data.Image{H: s, W: s, Pix: levels(x)}, side, side)
	}
	return enlarged(made.Data), enlarged(l.simple(b).Data)
}
