package eval

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Gallery draws queries, a row each, and their nearest training samples; where there are labels a neighbour of the same
// class is framed green, of another red. at gives the pictures of a source's samples as the net saw them, side by side
// pixels.
func Gallery(train, test Set, trainImage, testImage func(i int) *data.Image, queries []int, k int) image.Image {
	rows := make([]int32, len(queries))
	for i, q := range queries {
		rows[i] = int32(q)
	}
	some := tensor.New(len(queries), test.X.Dim(1))
	tensor.Gather(some, test.X, rows)
	near := Neighbours(train.X, some, k)
	const cell, gap, frame = 72, 6, 3
	pic := image.NewRGBA(image.Rect(0, 0, gap*3+(k+1)*(cell+gap), gap+len(queries)*(cell+gap)))
	draw.Draw(pic, pic.Bounds(), image.White, image.Point{}, draw.Src)
	put := func(x, y int, im *data.Image, c color.Color) {
		draw.Draw(pic, image.Rect(x, y, x+cell, y+cell), image.NewUniform(c), image.Point{}, draw.Src)
		if im == nil {
			return
		}
		in := cell - 2*frame
		s := im
		if im.H > in || im.W > in {
			s = data.ResizeTo(im, in, in)
		}
		for i := range in {
			for j := range in {
				o := (i*s.H/in*s.W + j*s.W/in) * 3
				pic.SetRGBA(x+frame+j, y+frame+i, color.RGBA{s.Pix[o], s.Pix[o+1], s.Pix[o+2], 255})
			}
		}
	}
	for i, q := range queries {
		y := gap + i*(cell+gap)
		put(gap, y, testImage(test.Index[q]), color.RGBA{0x33, 0x3f, 0x50, 0xff})
		for j, n := range near[i] {
			c := color.RGBA{0xb8, 0xbf, 0xc9, 0xff}
			if l := test.Labels[q]; l >= 0 {
				c = color.RGBA{0xd0, 0x3b, 0x3b, 0xff}
				if train.Labels[n.At] == l {
					c = color.RGBA{0x2e, 0x9e, 0x5b, 0xff}
				}
			}
			put(gap*3+(j+1)*(cell+gap), y, trainImage(train.Index[n.At]), c)
		}
	}
	return pic
}

// Filters draws a first layer's weights, [KH KW 3 O], a picture each, its values stretched to the full range.
func Filters(w *tensor.Tensor) image.Image {
	kh, kw, in, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	zoom := max(2, 40/kh)
	cols := 16
	rows := (o + cols - 1) / cols
	cw, ch := kw*zoom+4, kh*zoom+4
	pic := image.NewRGBA(image.Rect(0, 0, cols*cw+4, rows*ch+4))
	draw.Draw(pic, pic.Bounds(), image.White, image.Point{}, draw.Src)
	for k := range o {
		lo, hi := w.Data[k], w.Data[k]
		for i := k; i < len(w.Data); i += o {
			lo, hi = min(lo, w.Data[i]), max(hi, w.Data[i])
		}
		v := func(y, x, c int) uint8 {
			return uint8(255 * (w.Data[((y*kw+x)*in+min(c, in-1))*o+k] - lo) / max(hi-lo, 1e-12))
		}
		for y := range kh * zoom {
			for x := range kw * zoom {
				pic.SetRGBA(4+k%cols*cw+x, 4+k/cols*ch+y, color.RGBA{v(y/zoom, x/zoom, 0), v(y/zoom, x/zoom, 1), v(y/zoom, x/zoom, 2), 255})
			}
		}
	}
	return pic
}
