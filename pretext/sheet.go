package pretext

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/tessera-go/tessera/data"
)

// sheet is a white page that a task draws on.
type sheet struct{ *image.RGBA }

var (
	good  = color.RGBA{0x2e, 0x9e, 0x5b, 0xff}
	wrong = color.RGBA{0xd0, 0x3b, 0x3b, 0xff}
	quiet = color.RGBA{0xb8, 0xbf, 0xc9, 0xff}
)

func newSheet(w, h int) sheet {
	s := sheet{image.NewRGBA(image.Rect(0, 0, w, h))}
	s.fill(0, 0, w, h, color.White)
	return s
}

func (s sheet) fill(x, y, w, h int, c color.Color) {
	draw.Draw(s.RGBA, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
}

// frame fills a rectangle in the colour of right or wrong; what is drawn into it leaves a border.
func (s sheet) frame(x, y, w, h int, ok bool) {
	c := wrong
	if ok {
		c = good
	}
	s.fill(x, y, w, h, c)
}

// bar draws a value in [0, 1] as a bar in a box of w by h; the right answer's is dark.
func (s sheet) bar(x, y, w, h int, v float64, right bool) {
	n := int(v*float64(h) + 0.5)
	c := color.Color(quiet)
	if right {
		c = color.RGBA{0x33, 0x3f, 0x50, 0xff}
	}
	s.fill(x, y+h-n, w, n, c)
	s.fill(x, y+h, w, 1, quiet)
}

// picture draws an image, each pixel zoom by zoom.
func (s sheet) picture(x, y, zoom int, im *data.Image) {
	for i := range im.H * zoom {
		for j := range im.W * zoom {
			o := (i/zoom*im.W + j/zoom) * 3
			s.SetRGBA(x+j, y+i, color.RGBA{im.Pix[o], im.Pix[o+1], im.Pix[o+2], 255})
		}
	}
}
