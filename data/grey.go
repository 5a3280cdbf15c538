package data

import "github.com/tessera-go/tessera/simd"

// Grey returns the picture in grey (simd.Luma), in three channels.
func (im *Image) Grey() *Image {
	out := NewImage(im.H, im.W)
	for i := 0; i < len(im.Pix); i += 3 {
		g := simd.Luma(im.Pix[i], im.Pix[i+1], im.Pix[i+2])
		out.Pix[i], out.Pix[i+1], out.Pix[i+2] = g, g, g
	}
	return out
}

// Grey returns the inputs with pictures and films in grey, in three channels.
func (in Inputs) Grey() Inputs {
	if in.Images != nil {
		in.Images = greyImages{in.Images}
	}
	if in.Clips != nil {
		in.Clips = greyClips{in.Clips}
	}
	return in
}

// greyImages are no Framer: a frame is resized from the grey picture, whose values are rounded before, and would have other bits.
type greyImages struct{ Images }

func (g greyImages) Image(i int) (*Image, error) {
	im, err := g.Images.Image(i)
	if err != nil {
		return nil, err
	}
	return im.Grey(), nil
}

type greyClips struct{ Clips }

func (g greyClips) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	return g.Clips.Clip(i, frames, func(k int, im *Image) error { return each(k, im.Grey()) })
}

func (g greyClips) piece(i, t int) (from, to int) { return pieceOf(g.Clips, i, t) }
