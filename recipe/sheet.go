package recipe

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

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

// savePicture writes a picture into the folder eval of the run in dir, and what it is into a text beside it, the title on its first line: the
// report shows what it finds there.
func savePicture(dir, name, title, about string, im image.Image) error {
	dir = filepath.Join(dir, "eval")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := checkpoint.Atomic(filepath.Join(dir, name+".txt"), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%s\n", title, about)
		return err
	})
	if err != nil {
		return err
	}
	return SavePNG(filepath.Join(dir, name+".png"), im)
}
