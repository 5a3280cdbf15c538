package eval

import (
	"image"
	"image/color"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Look returns the picture of a sample, nil where it cannot be read.
type Look func(i int) *data.Image

// LookAt returns what evaluation sees of the pictures of a data set, side by side pixels; of films the frame in the middle.
func LookAt(d *data.Dataset, side int) Look {
	view := data.PlainView(side)
	return func(i int) *data.Image {
		if d.Images == nil && d.Clips == nil {
			return nil
		}
		if d.Images == nil {
			im, err := still(d.Inputs, i)
			if err != nil {
				return nil
			}
			return view.Frame.Transform()(im, nil)
		}
		im, err := view.Of(d.Images, i, nil)
		if err != nil {
			return nil
		}
		return im
	}
}

// Stills returns pictures of samples as they are: of films the frame in the middle.
func Stills(in data.Inputs) Look {
	return func(i int) *data.Image {
		if in.Images == nil && in.Clips == nil {
			return nil
		}
		im, err := still(in, i)
		if err != nil {
			return nil
		}
		return im
	}
}

// Heard returns what is heard in the middles of recordings as pictures: spectrograms, time to the right, frequency upwards.
func Heard(s data.Sounds, h data.Hearing) (Look, error) {
	w, err := data.NewWindows(s, h, 0)
	if err != nil {
		return nil, err
	}
	shape := w.Shape()
	return func(i int) *data.Image {
		x := make([]float32, shape[0]*shape[1])
		at, err := w.Spread(i, 1)
		if err != nil || w.Fill(x, i, at[0]) != nil {
			return nil
		}
		return &data.Image{H: shape[1], W: shape[0], Pix: canvas.Spectrogram{X: x, T: shape[0], F: shape[1]}.Pixels()}
	}, nil
}

// The gallery's sides in pixels: of a cell, between cells, and of the frame around a picture.
const (
	galleryCell  = 72
	galleryGap   = 6
	galleryFrame = 3
)

// Gallery draws queries, rows of the test features, a row each, and beside them their k nearest training samples; where there are
// labels a neighbour of the same class is framed green, of another red.
func Gallery(train, test Sample, trainLook, testLook Look, queries []int, k int) image.Image {
	k = min(k, train.Pooled.Dim(0))
	// the first column stands apart from the others
	g := canvas.Grid{Cols: k + 1, CellW: galleryCell, CellH: galleryCell, Gap: galleryGap}
	w, h := g.Size(len(queries) * g.Cols)
	s := canvas.NewSheet(w+galleryGap, h)
	put := func(cell int, im *data.Image, c color.Color) {
		x, y := g.At(cell)
		if cell%g.Cols > 0 {
			x += galleryGap
		}
		s.Fill(x, y, galleryCell, galleryCell, c)
		if im != nil {
			in := galleryCell - 2*galleryFrame
			s.Fit(x+galleryFrame, y+galleryFrame, in, in, im.Pix, im.H, im.W)
		}
	}
	class := func(s Sample, row int) string {
		if l := s.Truth.Label(s.Index[row]); l >= 0 {
			return s.Truth.Classes()[l]
		}
		return ""
	}
	some := tensor.New(len(queries), test.Pooled.Dim(1))
	for i, q := range queries {
		copy(some.Rows(i, i+1).Data, test.Pooled.Rows(q, q+1).Data)
	}
	for i, near := range Neighbours(train.Pooled, some, k) {
		q := queries[i]
		put(i*g.Cols, testLook(test.Index[q]), canvas.Ink)
		for j, n := range near {
			c := canvas.Quiet
			if own := class(test, q); own != "" {
				c = canvas.Wrong
				if class(train, n.At) == own {
					c = canvas.Right
				}
			}
			put(i*g.Cols+j+1, trainLook(train.Index[n.At]), c)
		}
	}
	return s.RGBA
}

// Filters draws a first layer's weights, [KH KW I O], a picture each of their first three channels, its values stretched to the
// full range.
func Filters(w *tensor.Tensor) image.Image {
	kh, kw, in, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	zoom := max(2, 40/max(kh, kw))
	g := canvas.Grid{Cols: 16, CellW: kw * zoom, CellH: kh * zoom, Gap: 4}
	s := g.Sheet(o)
	pix := make([]uint8, kh*kw*3)
	for k := range o {
		lo, hi := w.Data[k], w.Data[k]
		for i := k; i < len(w.Data); i += o {
			lo, hi = min(lo, w.Data[i]), max(hi, w.Data[i])
		}
		for i := range pix {
			v := w.Data[(i/3*in+min(i%3, in-1))*o+k]
			pix[i] = uint8(255*(v-lo)/max(hi-lo, 1e-12) + 0.5)
		}
		x, y := g.At(k)
		s.Picture(x, y, zoom, pix, kh, kw)
	}
	return s.RGBA
}
