package pretext

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Autoencoder hides nothing: a picture goes through a code of few values and is to come out again (Hinton, Salakhutdinov, "Reducing the
// dimensionality of data with neural networks", Science 2006; here the trunk is the encoder, all of it is trained at once, and what
// decodes is convolutional). It is the baseline for tasks that hide something.
//
// The shortcut is the task itself: where the code has as many values as the picture, copying is the best answer and needs no features (the
// last map of ConvNet of 32 pixels has 4,096 values, the picture 3,072). A bottleneck is the only defence, and it is a weak one: what
// takes many pixels (large areas, their colours) is kept, what tells one thing from another may be small. Without it (-1) one sees what
// copying is worth.
//
// Head: the bottleneck, a layer that sees the whole map; transposed convolutions with batch norm and ReLU, each of twice the side; tanh,
// for pixels in [-1, 1]. Loss: the mean squared error of these values.
//
// Metric: peak signal to noise ratio, the mean over pictures, against the picture's own mean colour, which is a code of three values.
type Autoencoder struct {
	Bottleneck int // values of a picture's code; 0 means 64, below 0 none: the decoder sees the features as they are
	Width      int // channels of the decoder's last but one map; 0 means 32
}

const (
	usualCode         = 64
	usualDecoderWidth = 32
)

var autoencoderOptions = []spec.Option{
	{Name: "bottleneck", Default: "64", About: "values of a picture's code; 0: the decoder sees the features as they are"},
	{Name: "width", Default: "32", About: "channels of the decoder's last map"},
}

var autoencoderAbout = About{
	Line: "paint the picture itself, from a code of few values (Hinton, Salakhutdinov 2006)",
	Of:   "pictures", Hidden: "nothing: the whole picture has to go through a code of few values",
	Trivial:  "the picture's mean colour",
	Shortcut: "copying, with a code as large as the picture",
	Options:  autoencoderOptions,
	Config:   paintsWithAdam,
	make: func(v Values) Task {
		return Autoencoder{Bottleneck: orNone(v, "bottleneck", 1<<16), Width: v.Int("width", 1, 1<<12)}
	},
}

// paintsWithAdam are the settings under which decoders are usually trained.
func paintsWithAdam(c *train.Config) {
	c.Optimizer, c.LR, c.WeightDecay, c.BatchSize = "adam?beta1=0.5", 1e-3, 0, 64
}

// Learner returns a trunk with a decoder.
func (a Autoencoder) Learner(s Setup) (train.Learner, error) {
	usual(&a.Bottleneck, usualCode)
	return newRepainter("autoencoder", s, a)
}

// newRepainter returns what paints the picture that it is shown. Everything of how is filled in but the width.
func newRepainter(task string, s Setup, how Autoencoder) (*repainter, error) {
	usual(&how.Width, usualDecoderWidth)
	side, err := features(s.Trunk, s.Side)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", task, err)
	}
	r := &repainter{task: task, setup: s, others: 1}
	r.Net = &layers.Net{Trunk: s.Trunk, Head: decoder{Bottleneck: how.Bottleneck, Width: how.Width}.module(s.RNG, s.Trunk.Channels(), side, s.Side)}
	r.scale, r.shift = signed(s.Norm)
	return r, nil
}

// repainter learns to paint pictures from what it sees of them: all, or what noise leaves.
type repainter struct {
	task         string
	setup        Setup
	*layers.Net                                                     // trunk and decoder
	scale, shift [3]float32                                         // a normalised pixel times scale plus shift is in [-1, 1]
	noise        func(x []float32, struck []uint8, rng *tensor.RNG) // strikes pixels of x [S S 3]; nil for none
	others       float32                                            // how much the error of a pixel counts that was not struck
}

func (r *repainter) Groups() []train.Group { return train.One(r) }

func (r *repainter) Metrics() []metric.Metric {
	ratio := metric.Metric{Name: "psnr", Unit: "dB", Higher: true, Predictor: "the picture's mean colour", Versus: "psnr_mean_colour"}
	simple := metric.Metric{Name: "psnr_mean_colour", Unit: "dB", Higher: true}
	if r.noise == nil {
		return []metric.Metric{metric.Loss(), ratio, simple}
	}
	ratio.Predictor, ratio.Versus = "what it sees, left as it is", "psnr_seen"
	return []metric.Metric{metric.Loss(), ratio, {Name: "psnr_seen", Unit: "dB", Higher: true}, simple}
}

// repainted is a batch.
type repainted struct {
	X      *tensor.Tensor // [N S S 3], what the net sees
	Want   *tensor.Tensor // [N S S 3], the picture, in [-1, 1]
	Weight *tensor.Tensor // [N S S 1], how much a pixel counts; nil where all count the same
	struck []uint8        // [N S S], 1 where noise struck
	errors []repaintError // [N]
}

// repaintError are sums of squares over a picture's values in [-1, 1]: of what is seen, held within what a pixel can be; of the mean
// colour; of what was painted.
type repaintError struct{ seen, meanColour, made float64 }

// repaintMaker makes its rows.
type repaintMaker struct {
	*repainter
	pictures *data.Pictures
}

func (r *repainter) maker(in data.Inputs, augment bool) (*repaintMaker, error) {
	p, err := r.setup.Pictures(r.task, in, augment)
	if err != nil {
		return nil, err
	}
	return &repaintMaker{r, p}, nil
}

func (m *repaintMaker) New(n int) *repainted {
	s := m.setup.Side
	b := &repainted{X: tensor.New(n, s, s, 3), Want: tensor.New(n, s, s, 3), errors: make([]repaintError, n), struck: make([]uint8, n*s*s)}
	if m.others != 1 {
		b.Weight = tensor.New(n, s, s, 1)
	}
	return b
}

func (m *repaintMaker) Fill(b *repainted, row, i int, rng *tensor.RNG) error {
	s := m.setup.Side
	x, want, struck := b.X.Data[row*s*s*3:][:s*s*3], b.Want.Data[row*s*s*3:][:s*s*3], b.struck[row*s*s:][:s*s]
	if err := m.pictures.Fill(x, i, rng); err != nil {
		return err
	}
	m.signed(want, x)
	if m.noise != nil {
		m.noise(x, struck, rng)
	}
	b.errors[row] = m.simple(x, want)
	if b.Weight != nil {
		weight := b.Weight.Data[row*s*s:][:s*s]
		for p, hit := range struck {
			weight[p] = m.others
			if hit != 0 {
				weight[p] = 1
			}
		}
	}
	return nil
}

// signed writes normalised pixels as values in [-1, 1].
func (r *repainter) signed(dst, x []float32) {
	for p := 0; p+2 < len(x); p += 3 {
		for c := range 3 {
			dst[p+c] = float32(x[p+c]*r.scale[c]) + r.shift[c]
		}
	}
}

// simple measures the simple predictors of a picture.
func (r *repainter) simple(x, want []float32) (e repaintError) {
	var mean [3]float64
	for p, v := range want {
		mean[p%3] += float64(v)
	}
	for c := range mean {
		mean[c] /= float64(len(want) / 3)
	}
	for p, v := range want {
		c := p % 3
		seen := min(max(float32(x[p]*r.scale[c])+r.shift[c], -1), 1)
		a, b := float64(seen-v), mean[c]-float64(v)
		e.seen += float64(a * a)
		e.meanColour += float64(b * b)
	}
	return e
}

func (r *repainter) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := r.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, r.step), nil
}

func (r *repainter) step(s train.Step, b *repainted) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		made := r.Forward(t.Input(b.X))
		r.tell(s, b, made.Value)
		return autograd.L2(made, b.Want, autograd.LossOptions{Weight: b.Weight})
	})
}

// measure sets the error of what was painted, picture by picture; pixels that do not count stay as they were seen, which is right.
func (b *repainted) measure(made *tensor.Tensor) {
	size := made.Len() / len(b.errors)
	parallel.For(len(b.errors), func(row int) {
		sum := 0.0
		want := b.Want.Data[row*size:][:size]
		for k, v := range made.Data[row*size:][:size] {
			if b.Weight != nil && b.Weight.Data[(row*size+k)/3] == 0 {
				continue
			}
			e := float64(v - want[k])
			sum += float64(e * e)
		}
		b.errors[row].made = sum
	})
}

// tell tells how well pictures were painted.
func (r *repainter) tell(s train.Step, b *repainted, made *tensor.Tensor) {
	b.measure(made)
	var net, seen, colour float64
	size, n := made.Len()/len(b.errors), float64(len(b.errors))
	for _, e := range b.errors {
		net, seen, colour = net+psnr(e.made, size), seen+psnr(e.seen, size), colour+psnr(e.meanColour, size)
	}
	s.Metric("psnr", net, n)
	s.Metric("psnr_mean_colour", colour, n)
	if r.noise != nil {
		s.Metric("psnr_seen", seen, n)
	}
}

// Draw shows, a row a picture, what the net saw, what it painted, the picture, and how far they are apart, grey where not at all. Below
// stand the signal to noise ratios.
func (r *repainter) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := r.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	made := r.Forward(autograd.NewInference().Input(b.X)).Value
	b.measure(made)
	s := r.setup.Side
	size, zoom := s*s*3, max(1, 128/s)
	grid := canvas.Grid{Cols: 4, CellW: s * zoom, CellH: s*zoom + canvas.TextHeight, Gap: 8, Head: canvas.TextHeight + 4}
	page := grid.Sheet(4 * len(index))
	for k, title := range []string{"what it saw", "what it painted", "the picture", "painted - picture"} {
		x, y := grid.At(k)
		page.Text(x, y-canvas.TextHeight-4, grid.CellW, title, canvas.Ink)
	}
	for row, e := range b.errors {
		saw := r.setup.Norm.ToImage(b.X.Data[row*size:][:size], s, s).Pix
		painted, want := made.Data[row*size:][:size], b.Want.Data[row*size:][:size]
		off := make([]float32, size)
		for k := range off {
			off[k] = painted[k] - want[k]
		}
		for k, pix := range [][]uint8{saw, levels(painted), levels(want), levels(off)} {
			x, y := grid.At(row*4 + k)
			page.Picture(x, y, zoom, pix, s, s)
			text := ""
			switch {
			case k == 0 && r.noise != nil:
				text = fmt.Sprintf("%.1f dB", psnr(e.seen, size))
			case k == 1:
				text = fmt.Sprintf("%.1f dB", psnr(e.made, size))
			}
			page.Text(x, y+s*zoom+1, grid.CellW, text, canvas.Ink)
		}
	}
	return page, nil
}

// levels returns values in [-1, 1] as pixels.
func levels(x []float32) []uint8 {
	out := make([]uint8, len(x))
	for k, v := range x {
		out[k] = uint8(min(max((v+1)*127.5, 0), 255) + 0.5)
	}
	return out
}
