package pretext

import (
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// masker hides squares of pictures for tasks that ask for what was in them: which, is drawn anew each time a picture is seen.
//
// Metric: peak signal to noise ratio of hidden pixels, the mean over pictures, against the mean colour of what is seen of the picture. A better
// simple predictor is told beside it, psnr_border: the mean of the seen pixels straight left, right, above and below, each weighted by one over
// its distance. Where a task asks for normalised squares, the mean of each and its deviation are the picture's own, for the net and for the simple
// predictors, whose means over a square are replaced by its true one.
type masker struct {
	name          string
	setup         Setup
	square        int  // side of one, in pixels
	across, count int  // squares of a row, and of a picture
	hide          int  // of count
	normalised    bool // a square's values are asked for less their mean and over their deviation
	zeroed        bool // the net is shown Left
}

// newMasker returns what hides so many of the squares of a picture, or says that all or none would be hidden, or that they do not fill a picture.
func newMasker(task string, s Setup, square int, hide func(squares int) int) (masker, error) {
	if square < 1 || s.Side%square != 0 {
		return masker{}, fmt.Errorf("task %s: pictures of %d pixels are not whole squares of %d; --side %d would be", task, s.Side, square, max(2, (s.Side+square-1)/square)*square)
	}
	m := masker{name: task, setup: s, square: square, across: s.Side / square}
	m.count = m.across * m.across
	if m.hide = hide(m.count); m.hide < 1 || m.hide >= m.count {
		what := "none"
		if m.hide > 0 {
			what = "all"
		}
		return m, fmt.Errorf("task %s: of %d squares of %d pixels %s would be hidden; another part of them (mask=), smaller squares or a larger --side leave some to see and some to paint",
			task, m.count, square, what)
	}
	return m, nil
}

// masked is a batch of pictures of which squares are hidden. Squares are numbered row by row; their values are pixel by pixel.
type masked struct {
	X            *tensor.Tensor // [N S S 3], whole
	Left         *tensor.Tensor // [N S S 3], X with zeros where it is hidden; nil unless zeroed
	Seen, Hidden []int32        // [N·K], [N·M]: squares of each picture, in rising order
	Want         *tensor.Tensor // [N·M P·P·3], what is in hidden squares: as in X, or normalised
	mean, scale  []float32      // [N·M], what was taken from their values, and what they were divided by
	mask         []uint8        // [N S S], hidden or not
	guess        *tensor.Tensor // [N S S 3], what the border says where it is hidden
	simple       [][2]float64   // [N], squared errors of the mean colour and of the border, of values in [-1, 1]
	nearby       []int          // [N 2 S], for continueBorder
}

// maskedMaker makes its rows.
type maskedMaker struct {
	*masker
	pictures *data.Pictures
}

func (m *masker) maker(in data.Inputs, augment bool) (*maskedMaker, error) {
	p, err := m.setup.Pictures(m.name, in, augment)
	return &maskedMaker{m, p}, err
}

// feed is Feed with the learner's step.
func (m *masker) feed(in data.Inputs, augment bool, o data.LoaderOptions, step func(s train.Step, b *masked)) (*train.Feed, error) {
	maker, err := m.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), maker, o, step), nil
}

func (m *maskedMaker) New(n int) *masked {
	s := m.setup.Side
	b := &masked{X: tensor.New(n, s, s, 3), Seen: make([]int32, n*(m.count-m.hide)), Hidden: make([]int32, n*m.hide), Want: tensor.New(n*m.hide, m.square*m.square*3),
		mean: make([]float32, n*m.hide), scale: make([]float32, n*m.hide), mask: make([]uint8, n*s*s), guess: tensor.New(n, s, s, 3), simple: make([][2]float64, n),
		nearby: make([]int, n*2*s)}
	if m.zeroed {
		b.Left = tensor.New(n, s, s, 3)
	}
	return b
}

func (m *maskedMaker) Fill(b *masked, row, i int, rng *tensor.RNG) error {
	if err := m.pictures.Fill(b.X.Rows(row, row+1).Data, i, rng); err != nil {
		return err
	}
	order := rng.Perm(m.count)
	m.mask(b, row, order[:m.hide], order[m.hide:])
	return nil
}

// mask hides squares of a row whose picture is there, and sets everything else of the row.
func (m *masker) mask(b *masked, row int, hide, see []int) {
	s, size := m.setup.Side, m.square*m.square*3
	x, guess, mask := b.X.Rows(row, row+1).Data, b.guess.Rows(row, row+1).Data, b.mask[row*s*s:][:s*s]
	gone, left := b.Hidden[row*m.hide:][:m.hide], b.Seen[row*len(see):][:len(see)]
	for k, square := range hide {
		gone[k] = int32(square)
	}
	for k, square := range see {
		left[k] = int32(square)
	}
	slices.Sort(gone)
	slices.Sort(left)
	for p := range mask {
		mask[p] = seen
	}
	for _, square := range gone {
		m.each(square, func(_, p int) { mask[p] = hidden })
	}
	if m.zeroed {
		rest := b.Left.Rows(row, row+1).Data
		copy(rest, x)
		for p, v := range mask {
			if v == hidden {
				clear(rest[p*3:][:3])
			}
		}
	}
	copy(guess, x)
	colour := continueBorder(guess, mask, s, b.nearby[row*2*s:][:2*s])
	b.simple[row] = [2]float64{}
	flat, border := make([]float32, size), make([]float32, size)
	for k, square := range gone {
		k += row * m.hide
		want := b.Want.Data[k*size:][:size]
		m.cut(want, x, square)
		b.mean[k], b.scale[k] = 0, 1
		if m.normalised {
			b.mean[k], b.scale[k] = standard(want)
		}
		m.cut(border, guess, square)
		for j := range flat {
			flat[j] = colour[j%3]
		}
		for of, says := range [2][]float32{flat, border} {
			if m.normalised { // the true mean is given
				shift(says, b.mean[k])
			}
			b.simple[row][of] += m.squares(says, want, b.mean[k], b.scale[k])
		}
		m.each(square, func(j, p int) { copy(guess[p*3:][:3], border[j*3:]) })
	}
}

// each calls f for every pixel of a square: which it is of it, and of the picture.
func (m *masker) each(square int32, f func(k, p int)) {
	top, left := int(square)/m.across*m.square, int(square)%m.across*m.square
	for k := range m.square * m.square {
		f(k, (top+k/m.square)*m.setup.Side+left+k%m.square)
	}
}

// cut copies a square of x [S S 3] to dst [P P 3].
func (m *masker) cut(dst, x []float32, square int32) {
	top, left, w := int(square)/m.across*m.square, int(square)%m.across*m.square, 3*m.square
	for r := range m.square {
		copy(dst[r*w:][:w], x[((top+r)*m.setup.Side+left)*3:])
	}
}

// standard takes from x its mean and divides by its deviation, as He et al. have it: the variance over one value less than there are, plus 1e-6.
func standard(x []float32) (mean, scale float32) {
	mean = shift(x, 0)
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	scale = float32(math.Sqrt(sum/float64(max(1, len(x)-1)) + leastVariance))
	for k := range x {
		x[k] /= scale
	}
	return mean, scale
}

// shift gives x another mean, and returns the one that it had.
func shift(x []float32, mean float32) float32 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	had := float32(sum / float64(len(x)))
	for k := range x {
		x[k] += mean - had
	}
	return had
}

// squares returns the sum of the squared errors of a square's pixels, as X has them, as values in [-1, 1]; want is what was asked for.
func (m *masker) squares(says, want []float32, mean, scale float32) float64 {
	sum := 0.0
	for k, v := range says {
		e := float64(v-(float32(want[k]*scale)+mean)) * float64(2*m.setup.Norm.Std[k%3])
		sum += float64(e * e)
	}
	return sum
}

// errors returns the net's, as squares has them, by picture: made is what it says of hidden squares, [N·M P·P·3].
func (m *masker) errors(b *masked, made *tensor.Tensor) []float64 {
	out := make([]float64, len(b.simple))
	size := made.Dim(1)
	parallel.For(len(out), func(row int) {
		for k := row * m.hide; k < (row+1)*m.hide; k++ {
			for j, v := range made.Data[k*size:][:size] {
				e := float64((v-b.Want.Data[k*size+j])*b.scale[k]) * float64(2*m.setup.Norm.Std[j%3])
				out[row] += float64(e * e)
			}
		}
	})
	return out
}

func (m *masker) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), {Name: "psnr", Unit: "dB", Higher: true, Predictor: "mean colour", Versus: "psnr_mean_colour"},
		{Name: "psnr_mean_colour", Unit: "dB", Higher: true}, {Name: "psnr_border", Unit: "dB", Higher: true}}
}

// tell tells how well hidden squares were painted.
func (m *masker) tell(s train.Step, b *masked, made *tensor.Tensor) {
	values, n := m.hide*made.Dim(1), float64(len(b.simple))
	var net, colour, border float64
	for row, e := range m.errors(b, made) {
		net, colour, border = net+psnr(e, values), colour+psnr(b.simple[row][0], values), border+psnr(b.simple[row][1], values)
	}
	s.Metric("psnr", net, n)
	s.Metric("psnr_mean_colour", colour, n)
	s.Metric("psnr_border", border, n)
}

// filler is a learner of masked pictures.
type filler interface {
	// paint returns what is in the hidden squares of a batch, as Want has it.
	paint(t *autograd.Tape, b *masked) *autograd.Var
}

// draw shows, a row a picture, what the net saw, what it painted where it did not, the border gone on with, and the picture. Below stand the signal to noise ratios.
func (m *masker) draw(l filler, in data.Inputs, index []int) (image.Image, error) {
	mk, err := m.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(mk, index)
	if err != nil {
		return nil, err
	}
	made := l.paint(autograd.NewInference(), b).Value
	errors := m.errors(b, made)
	s, size := m.setup.Side, made.Dim(1)
	zoom := max(1, 128/s)
	const line = canvas.TextHeight + 4
	grid := canvas.Grid{Cols: 4, CellW: s * zoom, CellH: s*zoom + canvas.TextHeight, Gap: 8, Head: line}
	if m.normalised {
		grid.Head += line
	}
	page := grid.Sheet(4 * len(index))
	for k, title := range []string{"what it saw", "what it painted", "border continued", "the picture"} {
		x, y := grid.At(k)
		page.Text(x, y-line, grid.CellW, title, canvas.Ink)
	}
	if m.normalised {
		x, _ := grid.At(0)
		page.Text(x, 4, 4*(grid.CellW+grid.Gap)-grid.Gap, "each hidden square's mean and contrast: the picture's own", canvas.Quiet)
	}
	for row := range index {
		x := b.X.Rows(row, row+1).Data
		saw, painted := slices.Clone(x), slices.Clone(x)
		for k := row * m.hide; k < (row+1)*m.hide; k++ {
			m.each(b.Hidden[k], func(j, p int) {
				for c := range 3 {
					saw[p*3+c], painted[p*3+c] = 0, float32(made.Data[k*size+j*3+c]*b.scale[k])+b.mean[k]
				}
			})
		}
		values := m.hide * size
		for k, pix := range [][]float32{saw, painted, b.guess.Rows(row, row+1).Data, x} {
			at, y := grid.At(row*4 + k)
			page.Picture(at, y, zoom, m.setup.Norm.ToImage(pix, s, s).Pix, s, s)
			switch k {
			case 1:
				page.Text(at, y+s*zoom+1, grid.CellW, fmt.Sprintf("%.1f dB", psnr(errors[row], values)), canvas.Ink)
			case 2:
				page.Text(at, y+s*zoom+1, grid.CellW, fmt.Sprintf("%.1f dB", psnr(b.simple[row][1], values)), canvas.Ink)
			}
		}
	}
	return page, nil
}

// tokenRow is a token that stands for what is hidden, [1 C].
func tokenRow(rng *tensor.RNG, width int) *tensor.Tensor {
	return rng.FillNormal(tensor.New(1, width), 0, 0.02)
}

// tokenPart names it.
func tokenPart(t *tensor.Tensor) layers.Part {
	return layers.Part{Name: "mask_token", Stateful: layers.Value{Value: t, Kind: layers.Vector}}
}
