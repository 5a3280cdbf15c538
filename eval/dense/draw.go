package dense

import (
	"fmt"
	"image/color"
	"slices"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/tensor"
)

// drawnSide is the side of a cell of a sheet, at least.
const drawnSide = 128

// sheet is rows of cells below their columns' names.
func sheet(columns []string, cells [][][]uint8, side int, legend []entry) canvas.Sheet {
	cell := max(side, drawnSide)
	g := canvas.Grid{Cols: len(columns), CellW: cell, CellH: cell, Gap: 6, Head: canvas.TextHeight + 4}
	w, h := g.Size(len(columns) * len(cells))
	each := max(1, w/(legendWidth+g.Gap)) // entries beside each other
	s := canvas.NewSheet(w, h+(len(legend)+each-1)/each*(canvas.TextHeight+4))
	for c, name := range columns {
		x, _ := g.At(c)
		s.Text(x, 4, cell, name, canvas.Ink)
	}
	for r, row := range cells {
		for c, pix := range row {
			x, y := g.At(r*len(columns) + c)
			s.Fit(x, y, cell, cell, pix, side, side)
		}
	}
	for k, l := range legend {
		x, y := g.Gap+k%each*(legendWidth+g.Gap), h+k/each*(canvas.TextHeight+4)
		s.Fill(x, y, canvas.TextHeight, canvas.TextHeight, color.RGBA{l.colour[0], l.colour[1], l.colour[2], 255})
		s.Text(x+canvas.TextHeight+4, y, legendWidth-canvas.TextHeight-4, l.text, canvas.Ink)
	}
	return s
}

// legendWidth is how wide an entry of a legend is, in pixels.
const legendWidth = 120

// picture returns what is seen of a test sample, as RGB.
func picture(test *data.Dataset, i, side int) ([]uint8, error) {
	im, err := data.PlainView(side).Of(test.Images, i, nil)
	if err != nil {
		return nil, err
	}
	return im.Pix, nil
}

// draw hands out the first test samples with what is true of them and what the best head says.
func (j *judging) draw(test *data.Dataset, o eval.Options) error {
	if o.Drawn == nil {
		return nil
	}
	k := j.best()
	var cells [][][]uint8
	var all [][]float32
	for _, s := range j.shown {
		seen, err := picture(test, s.index, j.h.side)
		if err != nil {
			return err
		}
		cells = append(cells, [][]uint8{seen, j.p.colours(s.truth, s.truth), j.p.colours(s.got[k], s.truth)})
		all = append(all, s.truth, s.got[k])
	}
	title, colours := j.p.about()
	return o.Drawn(j.h.e, eval.Drawing{Name: j.p.name(), Title: title,
		About: fmt.Sprintf("The first test samples: what is seen, what is true, and what %s. %s.", j.h.says(k), colours),
		Image: sheet([]string{"seen", "true", "predicted"}, cells, j.h.side, j.p.legend(all))})
}

// says names a head for a person.
func (h *heads) says(k int) string {
	if h.Tune {
		return "the tuned network says"
	}
	if len(h.all) == 1 {
		return fmt.Sprintf("a head on the stage %s says", h.all[k].name)
	}
	return fmt.Sprintf("a head on the stage %s, the best of the stages, says", h.all[k].name)
}

// drawJoints hands out the first test samples that have joints, with where these are and where a head says they are.
func drawJoints(h *heads, k int, test *data.Dataset, held eval.Sample, truth *eval.Posed, got *tensor.Tensor, o eval.Options) error {
	if o.Drawn == nil {
		return nil
	}
	zoom := max(1, drawnSide/h.side)
	side := zoom * h.side
	var cells [][]uint8
	for row, i := range held.Index {
		known := truth.Known.Rows(row, row+1).Data
		if len(cells) == mostShown || slices.Max(known) == 0 {
			continue
		}
		seen, err := picture(test, i, h.side)
		if err != nil {
			return err
		}
		s := canvas.NewSheet(side, side)
		s.Picture(0, 0, zoom, seen, h.side, h.side)
		of := func(at *tensor.Tensor, mark color.Color) {
			for j := 0; j < len(known); j += 2 {
				if known[j] > 0 {
					x, y := at.Data[row*len(known)+j], at.Data[row*len(known)+j+1]
					s.Fill(int((x+0.5)*float32(side))-2, int((y+0.5)*float32(side))-2, 5, 5, mark)
				}
			}
		}
		of(truth.At, canvas.Right)
		of(got, canvas.Wrong)
		cells = append(cells, pixels3(s))
	}
	return o.Drawn(h.e, eval.Drawing{Name: "keypoints", Title: "Joints",
		About: fmt.Sprintf("The first test samples with joints: green where a joint is, red where %s that it is.", h.says(k)),
		Image: sheet(make([]string, len(cells)), [][][]uint8{cells}, side, nil)})
}

// pixels3 returns a sheet's pixels as RGB.
func pixels3(s canvas.Sheet) []uint8 {
	out := make([]uint8, 0, len(s.Pix)/4*3)
	for p := 0; p < len(s.Pix); p += 4 {
		out = append(out, s.Pix[p:p+3]...)
	}
	return out
}
