package data

import (
	"fmt"

	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// Patches are squares cut from pictures, as pictures of their own: where nothing but a place in them is to be looked at.
type Patches struct {
	images Images
	frame  Framing
	side   int
	order  []int // the pictures, in a drawn order
	n      int
	rng    *tensor.RNG
}

// NewPatches returns n patches of side by side pixels, from as many of the pictures as there are, each at a place that seed and number
// draw. frame says how large a picture is when it is cut, side at least each way; what it draws is drawn anew for each patch.
func NewPatches(images Images, frame Framing, side, n int, seed uint64) *Patches {
	rng := tensor.NewRNG(seed).Derive(stream.Patches)
	return &Patches{images: images, frame: frame, side: side, order: rng.Perm(images.Len()), n: n, rng: rng}
}

// Len returns the number of patches.
func (p *Patches) Len() int { return p.n }

// Picture returns of which picture patch i is.
func (p *Patches) Picture(i int) int { return p.order[i%len(p.order)] }

// Describe names the picture, and which of its patches it is.
func (p *Patches) Describe(i int) string {
	return fmt.Sprintf("%s, patch %d", p.images.Describe(p.Picture(i)), i/len(p.order)+1)
}

// Image returns patch i.
func (p *Patches) Image(i int) (*Image, error) {
	return ImageFrame(p.images, p.Picture(i), func(h, w int) Frame {
		rng := p.rng.Derive(uint64(i))
		f := p.frame(h, w, rng)
		if f.OutH < p.side || f.OutW < p.side {
			panic(&tensor.ShapeError{Op: "Patches", Msg: fmt.Sprintf("a frame of %dx%d has no patch of %d", f.OutW, f.OutH, p.side)})
		}
		top, left := rng.IntN(f.OutH-p.side+1), rng.IntN(f.OutW-p.side+1)
		at := func(n, size, out int) int { return n * size / out } // from pixels of the frame to the picture's
		return Frame{Top: f.Top + at(top, f.H, f.OutH), Left: f.Left + at(left, f.W, f.OutW),
			H: max(1, at(p.side, f.H, f.OutH)), W: max(1, at(p.side, f.W, f.OutW)), OutH: p.side, OutW: p.side}
	})
}
