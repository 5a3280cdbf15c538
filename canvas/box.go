package canvas

import (
	"image"
	"image/color"
)

// classColours tell classes apart; white text can be read on each.
var classColours = []color.RGBA{{0x1f, 0x77, 0xb4, 0xff}, {0xc4, 0x50, 0x0a, 0xff}, {0x23, 0x7f, 0x4b, 0xff}, {0xb3, 0x2c, 0x2c, 0xff}, {0x75, 0x4f, 0xa5, 0xff}, {0x7a, 0x4a, 0x3f, 0xff},
	{0xb0, 0x3d, 0x8c, 0xff}, {0x50, 0x5a, 0x66, 0xff}}

// ClassColour is the colour of a class, from 0 on; the ninth has that of the first again.
func ClassColour(class int) color.RGBA { return classColours[max(class, 0)%len(classColours)] }

// Box draws the outline of a rectangle, so many pixels thick, and white text on its colour above its upper left corner, or inside where that would lie
// outside of within.
func (s Sheet) Box(r image.Rectangle, thick int, c color.Color, text string, within image.Rectangle) {
	w, h := max(r.Dx(), 1), max(r.Dy(), 1)
	s.Fill(r.Min.X, r.Min.Y, w, thick, c)
	s.Fill(r.Min.X, r.Min.Y+h-thick, w, thick, c)
	s.Fill(r.Min.X, r.Min.Y, thick, h, c)
	s.Fill(r.Min.X+w-thick, r.Min.Y, thick, h, c)
	if text == "" {
		return
	}
	wide := min(TextWidth*len([]rune(text))+2, within.Dx())
	x, y := max(min(r.Min.X, within.Max.X-wide), within.Min.X), r.Min.Y-TextHeight
	if y < within.Min.Y {
		y = r.Min.Y
	}
	s.Fill(x, y, wide, TextHeight, c)
	s.Text(x+1, y, wide-1, text, color.White)
}
