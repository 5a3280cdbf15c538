package canvas

import (
	"image"
	"image/color"
	"math"
)

// classColours tell classes apart; white text can be read on each.
var classColours = []color.RGBA{{0x1f, 0x77, 0xb4, 0xff}, {0xc4, 0x50, 0x0a, 0xff}, {0x23, 0x7f, 0x4b, 0xff}, {0xb3, 0x2c, 0x2c, 0xff}, {0x75, 0x4f, 0xa5, 0xff}, {0x7a, 0x4a, 0x3f, 0xff},
	{0xb0, 0x3d, 0x8c, 0xff}, {0x50, 0x5a, 0x66, 0xff}}

// ClassColour is the colour of a class, from 0 on; the ninth has that of the first again.
func ClassColour(class int) color.RGBA { return classColours[max(class, 0)%len(classColours)] }

// Hue is the colour of one of many things: hues turn by the golden angle, in three brightnesses, so that near numbers look different. They are for areas; text
// is read on ClassColour.
func Hue(k int) color.RGBA {
	hue, value := math.Mod(float64(k)*0.381966, 1)*6, []float64{0.95, 0.6, 0.8}[k%3]
	channel := func(shift float64) uint8 { // of hue, saturation and value (Smith 1978)
		at := math.Mod(shift+hue, 6)
		return uint8(255 * value * (1 - 0.85*max(0, min(at, 4-at, 1))))
	}
	return color.RGBA{channel(5), channel(3), channel(1), 0xff}
}

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
