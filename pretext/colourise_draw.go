package pretext

import (
	"fmt"
	"image"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/lab"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// Colourer gives pictures colours.
type Colourer interface {
	// Colour returns colourings of a picture in its own size: its lightness as it is, its colours as the learner says, whatever they
	// were. What is random is drawn from rng.
	Colour(im *data.Image, o ColourOptions, rng *tensor.RNG) ([]*data.Image, error)
}

// ColourOptions of Colourer.
type ColourOptions struct {
	Samples     int     // how many; 0 means 1. More than one is an error where a learner has one answer alone.
	Temperature float32 // of classes' annealed mean; 0 means the task's. An error where there is none.
}

// paint sets pix [H W 3] to a picture of lightness l [H W] and colours ab [OH OW 2], which are interpolated.
func paint(pix []uint8, l, ab []float32, h, w, oh, ow int) {
	parallel.For(h, func(y int) {
		up, down, v := between(y, h, oh)
		row := make([]float32, 3*w)
		for x := range w {
			left, right, u := between(x, w, ow)
			for c := range 2 {
				at := func(r, q int) float32 { return ab[2*(r*ow+q)+c] }
				above := at(up, left) + float32((at(up, right)-at(up, left))*u)
				below := at(down, left) + float32((at(down, right)-at(down, left))*u)
				row[3*x+1+c] = above + float32((below-above)*v)
			}
			row[3*x] = l[y*w+x]
		}
		lab.ToRGB(pix[3*y*w:3*(y+1)*w], row)
	})
}

// between returns the two of n places that pixel i of size lies between, and how far on the way to the second.
func between(i, size, n int) (lo, hi int, part float32) {
	p := max(0, (float64(i)+0.5)*float64(n)/float64(size)-0.5)
	lo = min(int(p), n-1)
	return lo, min(lo+1, n-1), float32(p - float64(lo))
}

// column is a kind of picture in a drawing: what it is called, and its colours for a batch, [N O O 2]; nil for none.
type column struct {
	title string
	ab    []float32
}

// columns returns what a drawing shows beside the grey picture and the truth.
func (c *colourise) columns(b *colourless) []column {
	if c.codes != nil {
		features := c.Trunk.Forward(autograd.NewInference().Input(b.X)).Value
		var out []column
		for i, y := range c.answers(features, 3, tensor.NewRNG(1), nil) {
			out = append(out, column{fmt.Sprint("answer ", i+1), y.Data})
		}
		return out
	}
	y := c.Forward(autograd.NewInference().Input(b.X)).Value
	answer, mean := make([]float32, len(b.AB.Data)), make([]float32, len(b.AB.Data))
	c.task.answer(answer, y)
	if c.task.Loss == "l2" {
		return []column{{"answer", answer}}
	}
	bins().decode(mean, y, 1)
	return []column{{fmt.Sprintf("answer T=%.2g", c.task.Temperature), answer}, {"mean T=1", mean}}
}

// Draw shows a row a picture: as the net sees it, its true colours at the places that are asked for, the answer, and for classes the mean
// of what the net takes to be likely, for vae and mdn three answers, each with its error; then how many pixels have which chroma, in the truth (light) and in the answer
// (dark). An answer that is always grey has its bars at the left.
func (c *colourise) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := c.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	shown := append([]column{{"what it sees", make([]float32, len(b.AB.Data))}, {"truth", b.AB.Data}}, c.columns(b)...)
	s, each := c.setup.Side, c.out*c.out*2
	side := s * max(1, 128/s)
	grid := canvas.Grid{Cols: len(shown) + 1, CellW: side, CellH: side + canvas.TextHeight, Gap: 10, Head: canvas.TextHeight + 4}
	sheet := grid.Sheet(grid.Cols * len(index))
	for k, col := range shown {
		x, y := grid.At(k)
		sheet.Text(x, y-canvas.TextHeight-4, side, col.title, canvas.Ink)
	}
	x, y := grid.At(len(shown))
	sheet.Text(x, y-canvas.TextHeight-4, side, "truth", canvas.Quiet)
	sheet.Text(x+6*canvas.TextWidth, y-canvas.TextHeight-4, side, "answer", canvas.Ink)
	l, pix := make([]float32, s*s), make([]uint8, s*s*3)
	for row := range index {
		for p := range l {
			l[p] = c.lightness(b.X.Data[(row*s*s+p)*3])
		}
		truth := b.AB.Data[row*each:][:each]
		for k, col := range shown {
			ab := col.ab[row*each:][:each]
			paint(pix, l, ab, s, s, c.out, c.out)
			x, y := grid.At(row*grid.Cols + k)
			sheet.Picture(x, y, side/s, pix, s, s)
			if k != 1 {
				sheet.Text(x, y+side+1, side, fmt.Sprintf("error %.1f", rootMeanSquare(ab, truth)), canvas.Ink)
			}
		}
		x, y := grid.At(row*grid.Cols + len(shown))
		chromaBars(sheet, x, y, side, truth, shown[2].ab[row*each:][:each])
	}
	return sheet, nil
}

// rootMeanSquare is the error of colours [P 2].
func rootMeanSquare(ab, truth []float32) float64 {
	sum := 0.0
	for i, v := range ab {
		d := float64(v - truth[i])
		sum += float64(d * d)
	}
	return math.Sqrt(2 * sum / float64(len(ab)))
}

// chromaBars draws, into a square, the parts of the pixels by their chroma in steps of 10: a bar for the truth and beside it one for the
// answer. The highest bar has the square's height; the scale stands below.
func chromaBars(sheet canvas.Sheet, x, y, side int, truth, answer []float32) {
	const steps = 10
	var counts [2][steps]int
	most := 1
	for k, ab := range [][]float32{truth, answer} {
		for p := 0; p < len(ab); p += 2 {
			at := min(int(math.Hypot(float64(ab[p]), float64(ab[p+1]))/10), steps-1)
			counts[k][at]++
			most = max(most, counts[k][at])
		}
	}
	w := side / steps
	for i := range steps {
		for k := range counts {
			sheet.Bar(x+i*w+k*w/2, y, w/2, side-1, float64(counts[k][i])/float64(most), k == 1)
		}
	}
	for i, text := range []string{"0", "30"} {
		sheet.Text(x+3*i*w, y+side+1, side, text, canvas.Ink)
	}
	sheet.Text(x+side-6*canvas.TextWidth, y+side+1, side, "chroma", canvas.Ink)
}

// longestColoured is how many times the side of the training's pictures the longer side of a picture may have that Colour shows the net.
const longestColoured = 4

// Colour colours a picture; see Colourer. The net sees it smaller or larger: its shorter side as it was trained, the longer one at most four
// times as long.
func (c *colourise) Colour(im *data.Image, o ColourOptions, rng *tensor.RNG) ([]*data.Image, error) {
	if o.Samples > 1 && c.codes == nil {
		return nil, fmt.Errorf("a run of loss=%s has one answer for a picture, not %d", c.task.Loss, o.Samples)
	}
	task := c.task
	if o.Temperature != 0 {
		if task.Loss != "classes" {
			return nil, fmt.Errorf("a run of loss=%s has no temperature", c.task.Loss)
		}
		task.Temperature = o.Temperature
	}
	x, err := c.shrunk(im)
	if err != nil {
		return nil, err
	}
	var out []*data.Image
	err = autograd.Try(func() {
		if c.codes != nil {
			features := c.Trunk.Forward(autograd.NewInference().Input(x)).Value
			for _, y := range c.answers(features, max(1, o.Samples), rng, nil) {
				out = append(out, repaint(im, y.Data, y.Shape[1], y.Shape[2]))
			}
			return
		}
		y := c.Forward(autograd.NewInference().Input(x)).Value
		ab := make([]float32, y.Shape[1]*y.Shape[2]*2)
		task.answer(ab, y)
		out = []*data.Image{repaint(im, ab, y.Shape[1], y.Shape[2])}
	})
	if err != nil {
		return nil, fmt.Errorf("the net does not take a picture of %dx%d pixels as %dx%d: %w", im.W, im.H, x.Shape[2], x.Shape[1], err)
	}
	return out, nil
}

// shrunk returns what the net is to see of a picture, [1 H W 3]: sides in proportion, and such that its features come out even.
func (c *colourise) shrunk(im *data.Image) (*tensor.Tensor, error) {
	if im.H < 1 || im.W < 1 {
		return nil, fmt.Errorf("a picture of %dx%d pixels has nothing to colour", im.W, im.H)
	}
	side, stride := float64(c.setup.Side), max(1, c.setup.Side/c.features)
	scale := min(side/float64(min(im.H, im.W)), longestColoured*side/float64(max(im.H, im.W)))
	fit := func(n int) int { return max(1, int(math.Round(float64(n)*scale/float64(stride)))) * stride }
	h, w := fit(im.H), fit(im.W)
	if min(h, w) == stride*(c.setup.Side/stride) { // the shorter side exactly as trained, which a stride may not divide
		if h <= w {
			h = c.setup.Side
		}
		if w <= h {
			w = c.setup.Side
		}
	}
	small := data.ResizeTo(im, h, w)
	colours := make([]float32, h*w*3)
	lab.FromRGB(colours, small.Pix)
	x := tensor.New(1, h, w, 3)
	hideColours(c.setup.Norm, x.Data, colours)
	return x, nil
}

// repaint returns a picture with its own lightness and other colours.
func repaint(im *data.Image, ab []float32, oh, ow int) *data.Image {
	out := data.NewImage(im.H, im.W)
	l := make([]float32, im.H*im.W)
	parallel.For(im.H, func(y int) {
		row := make([]float32, 3*im.W)
		lab.FromRGB(row, im.Pix[3*y*im.W:3*(y+1)*im.W])
		for x := range im.W {
			l[y*im.W+x] = row[3*x]
		}
	})
	paint(out.Pix, l, ab, im.H, im.W, oh, ow)
	return out
}
