package recipe

import (
	"image"
	"image/png"
	"io"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// ContactSheet shows n samples of a seeded order.
func ContactSheet(images data.Images, n int) image.Image {
	const side = 64
	grid := canvas.Grid{Cols: 12, CellW: side, CellH: side, Gap: 4}
	n = min(n, images.Len())
	sheet := grid.Sheet(n)
	view := data.PlainView(side)
	for k, i := range tensor.NewRNG(1).Perm(images.Len())[:n] {
		if im, err := view.Of(images, i, nil); err == nil {
			x, y := grid.At(k)
			sheet.Picture(x, y, 1, im.Pix, im.H, im.W)
		}
	}
	return sheet
}

// SavePNG writes a picture, whole or not at all.
func SavePNG(path string, im image.Image) error {
	return checkpoint.Atomic(path, func(w io.Writer) error { return png.Encode(w, im) })
}
