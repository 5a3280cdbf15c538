package canvas

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// The colours of sheets.
var (
	Right = color.RGBA{0x2e, 0x9e, 0x5b, 0xff} // what is right
	Wrong = color.RGBA{0xd0, 0x3b, 0x3b, 0xff} // what is not
	Quiet = color.RGBA{0xb8, 0xbf, 0xc9, 0xff} // what is neither
	Ink   = color.RGBA{0x33, 0x3f, 0x50, 0xff} // text, and what a row is about
)

// Sheet is a page of pixels, white at first; what lies outside of it is not drawn.
type Sheet struct{ *image.RGBA }

// NewSheet returns a white sheet, w by h pixels.
func NewSheet(w, h int) Sheet {
	s := Sheet{image.NewRGBA(image.Rect(0, 0, w, h))}
	s.Fill(0, 0, w, h, color.White)
	return s
}

// Fill fills a rectangle whose upper left corner is (x, y).
func (s Sheet) Fill(x, y, w, h int, c color.Color) {
	draw.Draw(s.RGBA, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
}

// Frame fills a rectangle in the colour of right or wrong; what is drawn into it leaves a border.
func (s Sheet) Frame(x, y, w, h int, right bool) {
	c := Wrong
	if right {
		c = Right
	}
	s.Fill(x, y, w, h, c)
}

// Bar draws a value in [0, 1] as a bar in a box of w by h, on a line below; the right answer's is dark.
func (s Sheet) Bar(x, y, w, h int, v float64, right bool) {
	n := int(min(max(v, 0), 1)*float64(h) + 0.5)
	c := Quiet
	if right {
		c = Ink
	}
	s.Fill(x, y+h-n, w, n, c)
	s.Fill(x, y+h, w, 1, Quiet)
}

// Picture draws an RGB picture of h by w pixels, each zoom by zoom.
func (s Sheet) Picture(x, y, zoom int, pix []uint8, h, w int) {
	src := rgba(pix, h, w)
	draw.NearestNeighbor.Scale(s.RGBA, image.Rect(x, y, x+w*zoom, y+h*zoom), src, src.Rect, draw.Src, nil)
}

// Fit draws an RGB picture of ph by pw pixels as large as it fits into a box of w by h, in its middle: smoothed where it is made
// smaller, with square pixels where it is made larger.
func (s Sheet) Fit(x, y, w, h int, pix []uint8, ph, pw int) {
	if ph == 0 || pw == 0 {
		return
	}
	dw, dh := w, max(1, (ph*w+pw/2)/pw)
	if dh > h {
		dw, dh = max(1, (pw*h+ph/2)/ph), h
	}
	s.Stretch(x+(w-dw)/2, y+(h-dh)/2, dw, dh, pix, ph, pw)
}

// Stretch draws an RGB picture of ph by pw pixels over all of a box of w by h: smoothed where it is made smaller, with its pixels' edges where it is made larger.
func (s Sheet) Stretch(x, y, w, h int, pix []uint8, ph, pw int) {
	scale := draw.Scaler(draw.NearestNeighbor)
	if w < pw || h < ph {
		scale = draw.BiLinear
	}
	src := rgba(pix, ph, pw)
	scale.Scale(s.RGBA, image.Rect(x, y, x+w, y+h), src, src.Rect, draw.Src, nil)
}

// Paste draws a picture as it is, its upper left corner at (x, y).
func (s Sheet) Paste(x, y int, im image.Image) {
	b := im.Bounds()
	draw.Draw(s.RGBA, image.Rect(x, y, x+b.Dx(), y+b.Dy()), im, b.Min, draw.Src)
}

// rgba returns an RGB picture as a standard one.
func rgba(pix []uint8, h, w int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, j := 0, 0; i < h*w*3; i, j = i+3, j+4 {
		out.Pix[j], out.Pix[j+1], out.Pix[j+2], out.Pix[j+3] = pix[i], pix[i+1], pix[i+2], 255
	}
	return out
}

// TextHeight is the height of a line of text, and TextWidth the width of a character, in pixels.
const (
	TextHeight = 13
	TextWidth  = 7
)

// Text writes a line whose upper left corner is (x, y), cut to w pixels with two dots at its end; Latin letters, other characters are
// boxes.
func (s Sheet) Text(x, y, w int, text string, c color.Color) {
	most := w / TextWidth
	if r := []rune(text); len(r) > most {
		if most < 3 {
			return
		}
		text = string(r[:most-2]) + ".."
	}
	d := font.Drawer{Dst: s.RGBA, Src: image.NewUniform(c), Face: basicfont.Face7x13, Dot: fixed.P(x, y+basicfont.Face7x13.Ascent)}
	d.DrawString(text)
}
