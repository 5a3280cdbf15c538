package detect

import (
	"fmt"
	"image"
	"image/color"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/metric"
)

// What is drawn of test pictures.
const (
	drawnPictures = 12
	drawnCols     = 4
	drawnSide     = 300 // of a picture, at most, in pixels
	drawnSure     = 0.3 // of boxes that are drawn, at least
	drawnBoxes    = 4   // of a picture, at most
	drawnOverlap  = 0.5 // from which on a box is right
)

// draw hands out what was found in the first test pictures, beside what is there.
func (p Detect) draw(e *eval.TrunkEncoder, s *shown, found [][]Found, index []int, names []string, o eval.Options) error {
	if o.Drawn == nil {
		return nil
	}
	n := min(len(index), drawnPictures)
	g := canvas.Grid{Cols: min(drawnCols, n), CellW: drawnSide, CellH: drawnSide, Gap: 8}
	sheet := g.Sheet(n)
	for row := range n {
		i := index[row]
		im, err := s.pictures.Images.Image(i)
		if err != nil {
			return err
		}
		x, y := g.At(row)
		put := place(sheet, x, y, drawnSide, im)
		for _, t := range s.there[i] {
			put.box(sheet, box32(t.Box), canvas.Ink, 1, "")
		}
		right := rightOnes(found[row], s.there[i])
		for k := min(len(found[row]), drawnBoxes) - 1; k >= 0; k-- { // the surest last, above the others
			if f := found[row][k]; f.Sure >= drawnSure {
				c := canvas.Wrong
				if right[k] {
					c = canvas.Right
				}
				put.box(sheet, f.Box, c, 2, fmt.Sprintf("%s %.0f", names[f.Class], 100*f.Sure))
			}
		}
	}
	return o.Drawn(e, eval.Drawing{Name: p.Name() + "-found", Title: "Objects found", Image: sheet.RGBA,
		About: fmt.Sprintf("The first test pictures. Dark thin boxes: the objects that are there. Green boxes: found, of the right class, overlapping it by at least %g; red: wrong; "+
			"with how sure the detector is, in per cent, from %g on; the %d surest of a picture at most.", drawnOverlap, 100*drawnSure, drawnBoxes)})
}

// rightOnes tells which boxes, the surest first, are each the first at an object of their class.
func rightOnes(found []Found, there []metric.Object) []bool {
	out, taken := make([]bool, len(found)), make([]bool, len(there))
	for k, f := range found {
		best, which := float32(0), -1
		for i, o := range there {
			if v := IoU(f.Box, box32(o.Box)); o.Class == f.Class && v > best {
				best, which = v, i
			}
		}
		if which >= 0 && best >= drawnOverlap && !taken[which] {
			out[k], taken[which] = true, true
		}
	}
	return out
}

// placed is where on a sheet a picture lies, and how large one of its pixels is.
type placed struct {
	x, y, w, h int
	scale      float32
}

// place draws a picture as large as it fits into a square.
func place(s canvas.Sheet, x, y, side int, im *data.Image) placed {
	scale := float32(side) / float32(max(im.H, im.W))
	p := placed{x, y, max(1, int(float32(im.W)*scale)), max(1, int(float32(im.H)*scale)), scale}
	s.Stretch(p.x, p.y, p.w, p.h, im.Pix, im.H, im.W)
	return p
}

// box draws a box, thick pixels wide, with a line of text at its corner.
func (p placed) box(s canvas.Sheet, b Box, c color.RGBA, thick int, text string) {
	at := image.Rect(p.x+int(b[0]*p.scale), p.y+int(b[1]*p.scale), p.x+int(b[2]*p.scale), p.y+int(b[3]*p.scale))
	s.Box(at, thick, c, text, image.Rect(p.x, p.y, p.x+p.w, p.y+p.h))
}

// Draw returns a picture with what was found in it drawn, enlarged where it is small.
func Draw(im *data.Image, found []Found, names []string) canvas.Sheet {
	side := max(im.H, im.W, drawnSide)
	scale := float32(side) / float32(max(im.H, im.W))
	s := canvas.NewSheet(max(1, int(float32(im.W)*scale)), max(1, int(float32(im.H)*scale)))
	put := place(s, 0, 0, side, im)
	for k := len(found) - 1; k >= 0; k-- {
		put.box(s, found[k].Box, canvas.ClassColour(found[k].Class), 2, fmt.Sprintf("%s %.0f", names[found[k].Class], 100*found[k].Sure))
	}
	return s
}
