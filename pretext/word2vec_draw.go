package pretext

import (
	"fmt"
	"image"
	"math"
	"unicode/utf8"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/words"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// A drawing of word vectors: a map of frequent words on the left, some words and those nearest to them on the right.
const (
	mapSide   = 720 // pixels
	mapFrom   = 40  // the words before are of, the, and
	mapWords  = 220 // words of the map
	listWords = 18  // words beside it
	listNear  = 5   // of each, the nearest
	listWidth = 640
	listRow   = 38
)

// Draw shows a map of frequent words in the plane of their two largest principal components, and of some words those that are nearest by cosine. It
// looks at vectors, not at samples.
func (l *word2vec) Draw(data.Inputs, []int) (image.Image, error) {
	space := words.NewSpace(l.first(answering))
	s := canvas.NewSheet(mapSide+listWidth, mapSide)
	var shown []int
	for i := min(mapFrom, len(space.Words)/4); i < len(space.Words) && len(shown) < mapWords; i++ {
		if n := utf8.RuneCountInString(space.Words[i]); n > 2 {
			shown = append(shown, i)
		}
	}
	if at := inPlane(space, shown); at != nil {
		drawMap(s, space, shown, at)
	}
	s.Fill(mapSide, 0, 1, mapSide, canvas.Quiet)
	for k := range listWords {
		if len(shown) == 0 {
			break
		}
		i, y := shown[k*len(shown)/listWords], 16+k*listRow
		near := space.Nearest(space.Vector(i), listNear, i)
		s.Text(mapSide+16, y, 150, space.Words[i], canvas.Right)
		line := ""
		for _, n := range near {
			line += fmt.Sprintf("%s %.2f  ", n.Word, n.Cosine)
		}
		s.Text(mapSide+16, y+canvas.TextHeight+2, listWidth-24, line, canvas.Ink)
		if k+1 == len(shown) {
			break
		}
	}
	return s, nil
}

// inPlane returns where words lie in the plane of the two largest principal components of their vectors of length 1, from 0 to 1; nil where
// they are too few.
func inPlane(space *words.Space, shown []int) [][2]float64 {
	if len(shown) < 3 || space.Dim < 2 {
		return nil
	}
	x := mat.NewDense(len(shown), space.Dim, nil)
	for r, i := range shown {
		var norm float64
		for _, v := range space.Vector(i) {
			norm += float64(v) * float64(v)
		}
		for c, v := range space.Vector(i) {
			x.Set(r, c, float64(v)/math.Max(math.Sqrt(norm), 1e-12))
		}
	}
	var pc stat.PC
	if !pc.PrincipalComponents(x, nil) {
		return nil
	}
	var axes, flat mat.Dense
	pc.VectorsTo(&axes)
	flat.Mul(x, axes.Slice(0, space.Dim, 0, 2))
	at := make([][2]float64, len(shown))
	for c := range 2 {
		low, high := mat.Min(flat.ColView(c)), mat.Max(flat.ColView(c))
		for r := range at {
			at[r][c] = (flat.At(r, c) - low) / math.Max(high-low, 1e-12)
		}
	}
	return at
}

// drawMap writes words where they lie, the frequent ones first; one that would cover another is a dot.
func drawMap(s canvas.Sheet, space *words.Space, shown []int, at [][2]float64) {
	const edge = 12
	var taken []image.Rectangle
	for r, i := range shown {
		w := utf8.RuneCountInString(space.Words[i]) * canvas.TextWidth
		x := edge + int(at[r][0]*float64(mapSide-2*edge-w))
		y := edge + int(at[r][1]*float64(mapSide-2*edge-canvas.TextHeight))
		box := image.Rect(x, y, x+w, y+canvas.TextHeight)
		free := true
		for _, t := range taken {
			free = free && !t.Overlaps(box)
		}
		if free {
			taken = append(taken, box)
			s.Text(x, y, w, space.Words[i], canvas.Ink)
		} else {
			s.Fill(x+w/2-1, y+canvas.TextHeight/2-1, 3, 3, canvas.Quiet)
		}
	}
}
