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

// FilmSheet shows n films of a seeded order, a row each: frames evenly spread over the film, below each its time.
func FilmSheet(clips data.Clips, n int) image.Image {
	const side, frames = 84, 9
	grid := canvas.Grid{Cols: frames, CellW: side, CellH: side + canvas.TextHeight + 2, Gap: 4, Head: canvas.TextHeight + 2}
	n = min(n, clips.Len())
	sheet := grid.Sheet(frames * n)
	films := data.NewFilms(clips, data.View{Frame: data.ShortSide(side)}, data.Norm{}, 0)
	for k, i := range tensor.NewRNG(1).Perm(clips.Len())[:n] {
		x, y := grid.At(k * frames)
		times, err := films.Times(i)
		var ims []*data.Image
		var index []int
		if err == nil && len(times) > 0 {
			index = data.Spread(len(times), min(frames, len(times)), 0)
			ims, err = films.Still(i, index)
		}
		if err != nil {
			sheet.Text(x, y, frames*side, fmt.Sprintf("cannot be read: %v", err), canvas.Ink)
			continue
		}
		for j, im := range ims {
			x, y = grid.At(k*frames + j)
			sheet.Fit(x, y, side, side, im.Pix, im.H, im.W)
			sheet.Text(x, y+side+1, side, fmt.Sprintf("%.2f s", times[index[j]]), canvas.Ink)
		}
	}
	return sheet
}

// Sheet shows the first samples of a seeded order of whatever can be shown: pictures, or films.
func Sheet(d *data.Dataset) (image.Image, error) {
	switch {
	case d.Images != nil:
		return ContactSheet(d.Images, 96), nil
	case d.Clips != nil:
		return FilmSheet(d.Clips, 12), nil
	}
	return nil, fmt.Errorf("%s has no pictures to show, it has %s", d.Name, d.Kinds())
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
