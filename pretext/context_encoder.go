package pretext

import (
	"fmt"
	"image"
	"math"

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

// ContextEncoder hides a part of a picture, and has it painted from what is around (Pathak, Krähenbühl, Donahue, Darrell, Efros,
// "Context encoders: feature learning by inpainting", CVPR 2016, and the code that the authors released).
//
// Hidden is the middle (a quarter of the picture, less a band), or smaller blocks that may overlap, or regions of arbitrary shape, a
// quarter of the picture at most; where, is drawn anew for each picture, so that features do not depend on one place of a border
// (section 3.3). Regions are smooth noise below a threshold, as in the released code; the paper's came from segmentations. A hidden
// pixel has the data's mean colour: zero, once normalised. The shortcut here is to continue what touches the hole: pixels in a band
// along the hole are seen as well as asked for, and their error counts ten times, so that what is painted must fit its surroundings
// without effort being spent there.
//
// Head: a layer that connects the positions of each channel, but no channels (section 3.1), and a 1x1 convolution; or, as in the
// released code, a bottleneck of few channels; then transposed convolutions with batch norm and ReLU, up to the square that holds the
// middle, or up to the whole picture; tanh, for pixels in [-1, 1].
//
// Loss: 0.999 of the squared error plus 0.001 of an adversary's (equations 1 to 3): a discriminator that sees what was asked for and
// nothing around it, since with the context it would win at once; it is updated first, on the painting at hand and on the truth, each
// with batch statistics of its own. Without it the mean of all likely paintings wins, which is blurred. For features the paper has the
// squared error alone, since its AlexNet did not converge with an adversary (section 5.2).
//
// Metric: peak signal to noise ratio of the hidden pixels, the mean over pictures, against the mean colour of all that is seen. A
// better simple predictor is told beside it, psnr_border: it continues the border, by the mean of the seen pixels straight left, right,
// above and below, each weighted by one over its distance. Where the hole is narrow a net needs long to reach it.
type ContextEncoder struct {
	Mask        string // centre, blocks or region; "" means centre
	NoAdversary bool
	Bottleneck  int // its channels; 0 means the layer that connects positions channel by channel
	Overlap     int // pixels of the band; 0 means a 32nd of the side, at least 1; below 0 none
	Width       int // channels of the last but one map of the painter, and of the first of the discriminator; 0 means 64
}

var contextEncoderAbout = About{
	Line: "paint a hidden part of a picture from what is around it (Pathak et al. 2016)",
	Of:   "pictures", Hidden: "a part of the picture",
	Trivial: "mean colour",
	Options: []spec.Option{
		{Name: "mask", Default: "centre", About: "what is hidden: centre, blocks or region (of arbitrary shape)"},
		{Name: "adversary", Default: "yes", About: "no for the squared error alone: enough for features"},
		{Name: "bottleneck", Default: "0", About: "channels between trunk and decoder; 0: positions are connected channel by channel"},
		{Name: "overlap", Default: "", About: "pixels along the hole that are seen and asked for; a 32nd of the side where not given"},
		{Name: "width", Default: "64", About: "channels of the decoder's last map and the discriminator's first"},
	},
	Defences: []Defence{{"overlap", "overlap=0", "what touches the hole, gone on with"}},
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.Schedule, c.WeightDecay, c.BatchSize = "adam?beta1=0.5", 2e-3, "constant", 0, 64
	},
	make: func(v *spec.Values) Task {
		c := ContextEncoder{Mask: v.One("mask", "centre", "blocks", "region"), NoAdversary: !v.Bool("adversary"), Bottleneck: v.Int("bottleneck", 0, 1<<16),
			Width: v.Int("width", 1, 1<<12)}
		if v.Given("overlap") {
			if c.Overlap = v.Int("overlap", 0, 1<<12); c.Overlap == 0 {
				c.Overlap = -1
			}
		}
		return c
	},
}

// The weights of the two losses, how often an error in the band counts, and the discriminator's rate over the painter's: the released
// code's.
const (
	squaresWeight   = 0.999
	adversaryWeight = 0.001
	bandWeight      = 10
	criticRate      = 0.1
)

// Learner returns a trunk with a head that paints, and its adversary.
func (c ContextEncoder) Learner(s Setup) (train.Learner, error) {
	if c.Mask == "" {
		c.Mask = "centre"
	}
	if c.Width == 0 {
		c.Width = 64
	}
	out := s.Side
	if c.Mask == "centre" {
		out = s.Side / 2
	}
	switch {
	case c.Overlap == 0:
		c.Overlap = max(1, s.Side/32)
	case c.Overlap < 0:
		c.Overlap = 0
	}
	if s.Side < 8 || c.Mask == "centre" && out-2*c.Overlap < 1 {
		return nil, fmt.Errorf("task context-encoder: pictures of %d pixels leave nothing to hide with an overlap of %d", s.Side, c.Overlap)
	}
	side, err := features(s.Trunk, s.Side)
	if err != nil {
		return nil, fmt.Errorf("task context-encoder: %w", err)
	}
	l := &contextEncoder{task: c, setup: s, out: out, Net: &layers.Net{Trunk: s.Trunk, Head: c.decoder(s.RNG, s.Trunk.Channels(), side, out)}}
	if !c.NoAdversary {
		l.critic = c.discriminator(s.RNG, out)
	}
	l.scale, l.shift = signed(s.Norm)
	return l, nil
}

type contextEncoder struct {
	task         ContextEncoder // with every default filled in; an Overlap of 0 is none
	setup        Setup
	out          int           // side of what is painted
	*layers.Net                // the painter
	critic       layers.Module // nil without an adversary
	scale, shift [3]float32    // a normalised pixel times scale plus shift is in [-1, 1]
}

// Visit names the painter's trunk and head, and the discriminator.
func (c *contextEncoder) Visit(prefix string, f func(layers.Param)) {
	c.Net.Visit(prefix, f)
	if c.critic != nil {
		layers.Parts{{Name: "discriminator", Stateful: c.critic}}.Visit(prefix, f)
	}
}

func (c *contextEncoder) Groups() []train.Group {
	g := []train.Group{{Name: "painter", Params: layers.Params(c.Net)}}
	if c.critic != nil {
		g = append(g, train.Group{Name: "discriminator", Params: layers.Params(c.critic), Rate: criticRate})
	}
	return g
}

func (c *contextEncoder) Metrics() []metric.Metric {
	ms := []metric.Metric{metric.Loss()}
	if c.critic != nil {
		ms = append(ms, metric.Metric{Name: "loss_discriminator"}, metric.Metric{Name: "loss_adversarial"})
	}
	return append(ms, metric.Metric{Name: "psnr", Unit: "dB", Higher: true, Predictor: "mean colour", Versus: "psnr_mean_colour"},
		metric.Metric{Name: "psnr_mean_colour", Unit: "dB", Higher: true}, metric.Metric{Name: "psnr_border", Unit: "dB", Higher: true})
}

// decoder paints out by out pixels from features of side by side.
func (c ContextEncoder) decoder(rng *tensor.RNG, channels, side, out int) layers.Module {
	return decoder{Bottleneck: c.Bottleneck, Spread: true, Width: c.Width}.module(rng, channels, side, out)
}

// discriminator tells whether side by side pixels are true: [N S S 3] -> logits [N 1].
func (c ContextEncoder) discriminator(rng *tensor.RNG, side int) layers.Module {
	var s layers.Sequential
	in, out := 3, c.Width
	for first := true; first || side > 4; first = false {
		conv := convolution(rng, in, out, 4, 2, 1)
		if first {
			s = append(s, layers.Child{Name: fmt.Sprint("down", side), Module: conv}, layers.Child{Module: layers.Func(leaky)})
		} else {
			s = named(s, fmt.Sprint("down", side), conv, layers.NewBatchNorm(out), layers.Func(leaky))
		}
		side /= 2
		in, out = out, min(2*out, 8*c.Width)
	}
	return append(s, layers.Child{Name: "judge", Module: convolution(rng, in, 1, side, 1, 0)}, layers.Child{Module: layers.Flatten})
}

// What a pixel is to the net.
const (
	seen   uint8 = iota
	band         // seen and asked for
	hidden       // not seen, asked for
)

// holed is a batch of pictures with holes.
type holed struct {
	X      *tensor.Tensor // [N S S 3], what the net sees: zero where hidden
	Want   *tensor.Tensor // [N O O 3], what it is to paint, in [-1, 1]; zero where nothing is asked for
	Weight *tensor.Tensor // [N O O 3]: 1 where hidden, bandWeight in the band, 0 elsewhere
	Asked  *tensor.Tensor // [N O O 3]: 1 where Weight is not 0; nil where nobody needs it
	real   *tensor.Tensor // [N 1]: ones
	fake   *tensor.Tensor // [N 1]: zeros
	mask   []uint8        // [N S S]
	holes  []hole         // [N]
	nearby []int          // [N 2 S], for continueBorder
}

// hole is what is known of a picture's hole; errors are sums of squares over its pixels' channels, of values in [-1, 1].
type hole struct {
	pixels, asked            int
	border, meanColour, made float64 // errors of the simple predictors, and of the net
}

// holeMaker cuts holes into pictures.
type holeMaker struct {
	*contextEncoder
	pictures *data.Pictures
	centre   []uint8 // the mask of all pictures; nil where it is drawn
}

func (c *contextEncoder) maker(in data.Inputs, augment bool) (*holeMaker, error) {
	p, err := c.setup.Pictures("context-encoder", in, augment)
	if err != nil {
		return nil, err
	}
	m := &holeMaker{contextEncoder: c, pictures: p}
	if s := c.setup.Side; c.task.Mask == "centre" {
		m.centre = make([]uint8, s*s)
		hideCentre(m.centre, s, c.task.Overlap)
	}
	return m, nil
}

func (m *holeMaker) New(n int) *holed {
	s, o := m.setup.Side, m.out
	b := &holed{X: tensor.New(n, s, s, 3), Want: tensor.New(n, o, o, 3), Weight: tensor.New(n, o, o, 3), mask: make([]uint8, n*s*s),
		holes: make([]hole, n), real: tensor.New(n, 1).Fill(1), fake: tensor.New(n, 1), nearby: make([]int, n*2*s)}
	if m.critic != nil && m.centre == nil {
		b.Asked = tensor.New(n, o, o, 3)
	}
	return b
}

func (m *holeMaker) Fill(b *holed, row, i int, rng *tensor.RNG) error {
	s, o := m.setup.Side, m.out
	x, mask := b.X.Data[row*s*s*3:][:s*s*3], b.mask[row*s*s:][:s*s]
	if err := m.pictures.Fill(x, i, rng); err != nil {
		return err
	}
	switch m.task.Mask {
	case "centre":
		copy(mask, m.centre)
	case "blocks":
		hideBlocks(mask, s, rng)
	default:
		hideRegion(mask, b.Weight.Data[row*o*o*3:][:s*s], s, rng) // weights are set by cut
	}
	m.cut(b, row)
	return nil
}

// cut cuts the hole that the row's mask says into its picture, and sets everything else of the row.
func (m *holeMaker) cut(b *holed, row int) {
	s, o := m.setup.Side, m.out
	x, mask := b.X.Data[row*s*s*3:][:s*s*3], b.mask[row*s*s:][:s*s]
	want, weight := b.Want.Data[row*o*o*3:][:o*o*3], b.Weight.Data[row*o*o*3:][:o*o*3]
	addBand(mask, s, m.task.Overlap)
	h := hole{}
	m.ask(&h, want, weight, x, mask)
	m.guess(&h, x, want, mask, b.nearby[row*2*s:][:2*s])
	b.holes[row] = h
	for p, v := range mask {
		if v == hidden {
			x[p*3], x[p*3+1], x[p*3+2] = 0, 0, 0
		}
	}
	if b.Asked != nil {
		asked := b.Asked.Data[row*o*o*3:][:o*o*3]
		for k, w := range weight {
			asked[k] = min(w, 1)
		}
	}
}

// ask sets what is to be painted, and how much each pixel counts.
func (m *holeMaker) ask(h *hole, want, weight, x []float32, mask []uint8) {
	s, o := m.setup.Side, m.out
	from := (s - o) / 2
	for r := range o {
		for q := range o {
			p, k := (from+r)*s+from+q, (r*o+q)*3
			w := float32(0)
			switch mask[p] {
			case hidden:
				w = 1
				h.pixels++
				h.asked++
			case band:
				w = bandWeight
				h.asked++
			}
			for c := range 3 {
				weight[k+c] = w
				want[k+c] = 0
				if w > 0 {
					want[k+c] = float32(x[p*3+c]*m.scale[c]) + m.shift[c]
				}
			}
		}
	}
}

// guess measures the simple predictors, which see what the net sees. It leaves guesses where x is hidden.
func (m *holeMaker) guess(h *hole, x, want []float32, mask []uint8, nearby []int) {
	s, o := m.setup.Side, m.out
	from := (s - o) / 2
	mean := continueBorder(x, mask, s, nearby)
	for p, v := range mask {
		if v != hidden {
			continue
		}
		k := ((p/s-from)*o + p%s - from) * 3
		for c := range 3 {
			e := float64(float32(x[p*3+c]*m.scale[c]) + m.shift[c] - want[k+c])
			f := float64(float32(mean[c]*m.scale[c]) + m.shift[c] - want[k+c])
			h.border += float64(e * e)
			h.meanColour += float64(f * f)
		}
	}
}

// continueBorder sets each hidden pixel of x [S S 3] to the mean of the seen pixels straight left, right, above and below, weighted by
// one over their distance, and returns the mean colour of all seen pixels, which it takes where there are none. nearby has room for
// 2·S numbers.
func continueBorder(x []float32, mask []uint8, s int, nearby []int) (mean [3]float32) {
	var sum [3]float64
	n := 0.0
	for p, v := range mask {
		if v != hidden {
			n++
			for c := range sum {
				sum[c] += float64(x[p*3+c])
			}
		}
	}
	for c := range mean {
		mean[c] = float32(sum[c] / max(n, 1))
	}
	above, below := nearby[:s], nearby[s:] // of each column: the last seen row, and the next, which is s where there is none
	for q := range s {
		above[q], below[q] = -1, 0
	}
	for r := range s {
		left, right := -1, 0
		for q := range s {
			p := r*s + q
			if mask[p] != hidden {
				left, above[q] = q, r
				continue
			}
			if right <= q {
				for right = q + 1; right < s && mask[r*s+right] == hidden; right++ {
				}
			}
			if below[q] <= r {
				for below[q] = r + 1; below[q] < s && mask[below[q]*s+q] == hidden; below[q]++ {
				}
			}
			near, total := [3]float32{}, float32(0)
			for _, at := range [4][2]int{{r, left}, {r, right}, {above[q], q}, {below[q], q}} {
				if at[0] < 0 || at[0] >= s || at[1] < 0 || at[1] >= s {
					continue
				}
				w := 1 / float32(max(at[0]-r, r-at[0], at[1]-q, q-at[1]))
				total += w
				for c := range near {
					near[c] += float32(w * x[(at[0]*s+at[1])*3+c])
				}
			}
			if total == 0 {
				near, total = mean, 1
			}
			for c := range near {
				x[p*3+c] = near[c] / total
			}
		}
	}
	return mean
}

// hideCentre hides the middle: half of the side, less a band of r pixels.
func hideCentre(mask []uint8, s, r int) {
	n := s/2 - 2*r
	at := (s-s/2)/2 + r
	for y := at; y < at+n; y++ {
		for x := at; x < at+n; x++ {
			mask[y*s+x] = hidden
		}
	}
}

// hideBlocks hides blocks with sides of an eighth to a quarter of the picture's, which may overlap, until the next would make it more
// than a quarter of the picture. Their middles are anywhere, so that the picture's border is hidden as well; what sticks out is cut.
func hideBlocks(mask []uint8, s int, rng *tensor.RNG) {
	clear(mask)
	total := 0
	for {
		h, w := s/8+rng.IntN(s/8+1), s/8+rng.IntN(s/8+1)
		y, x := rng.IntN(s)-h/2, rng.IntN(s)-w/2
		left, right := max(x, 0), min(x+w, s)
		top, bottom := max(y, 0), min(y+h, s)
		for r := top; r < bottom; r++ {
			for _, v := range mask[r*s+left : r*s+right] {
				if v != hidden {
					total++
				}
			}
		}
		if total > s*s/4 {
			return
		}
		for r := top; r < bottom; r++ {
			line := mask[r*s+left : r*s+right]
			for k := range line {
				line[k] = hidden
			}
		}
	}
}

// regionCells is how many random numbers of the noise lie along a side: 0.06 a pixel of 128, in the released code.
const regionCells = 7.68

// hideRegion hides where smooth noise, random numbers on a grid interpolated by cubic splines (Keys 1981), is lowest: a quarter of the
// picture, to a thousandth of the noise's range. noise has room for S·S numbers.
func hideRegion(mask []uint8, noise []float32, s int, rng *tensor.RNG) {
	const n = 12 // the grid's side: the cells, one for the phase, and three for the spline
	var grid [n * n]float32
	for i := range grid {
		grid[i] = rng.Float32()
	}
	phaseY, phaseX := rng.Float32(), rng.Float32()
	step := float32(regionCells) / float32(s)
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for y := range s {
		at, w := cubic(phaseY + float32(float32(y)*step))
		var line [n]float32
		for k, v := range w {
			for j := range line {
				line[j] += float32(v * grid[(at+k)*n+j])
			}
		}
		for x := range s {
			at, w := cubic(phaseX + float32(float32(x)*step))
			v := float32(w[0]*line[at]) + float32(w[1]*line[at+1]) + float32(w[2]*line[at+2]) + float32(w[3]*line[at+3])
			noise[y*s+x] = v
			low, high = min(low, v), max(high, v)
		}
	}
	const bins = 1024
	var count [bins]int
	to := (bins - 1) / (high - low)
	for _, v := range noise {
		count[int((v-low)*to)]++
	}
	total, cut := count[0], 1 // bins below cut are hidden
	for cut < bins && total+count[cut] <= s*s/4 {
		total += count[cut]
		cut++
	}
	for p, v := range noise {
		mask[p] = seen
		if int((v-low)*to) < cut {
			mask[p] = hidden
		}
	}
}

// cubic returns the first of the four grid points around x, and their weights.
func cubic(x float32) (at int, w [4]float32) {
	at = int(x)
	t := x - float32(at)
	u := 1 - t
	w[0] = -0.5 * float32(t*float32(u*u))
	w[3] = -0.5 * float32(u*float32(t*t))
	w[1] = 1 + float32(float32(t*t)*(float32(1.5*t)-2.5))
	w[2] = 1 + float32(float32(u*u)*(float32(1.5*u)-2.5))
	return at, w
}

// addBand makes the seen pixels at most r from a hidden one, in rows and columns alike, the band.
func addBand(mask []uint8, s, r int) {
	for y := range s {
		widen(mask[y*s:][:s], 1, r)
	}
	for x := range s {
		widen(mask[x:], s, r)
	}
}

// widen makes the seen pixels of a line, step apart, that are at most r from another the band.
func widen(line []uint8, step, r int) {
	n := (len(line) + step - 1) / step
	for _, back := range []bool{false, true} {
		left := 0
		for k := range n {
			p := &line[k*step]
			if back {
				p = &line[(n-1-k)*step]
			}
			if *p != seen {
				left = r // on the way back what was just widened lies before what it was widened from: the count begins there
			} else if left > 0 {
				*p = band
				left--
			}
		}
	}
}

func (c *contextEncoder) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := c.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, c.step), nil
}

// step paints once; the discriminator learns from the painting, then the painter through the discriminator that has learned.
func (c *contextEncoder) step(s train.Step, b *holed) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		made := c.Forward(t.Input(b.X))
		c.tell(s, b, made.Value)
		squares := squaredError(made, b)
		if c.critic == nil {
			return squares
		}
		if b.Asked != nil {
			made = autograd.Mul(made, t.Input(b.Asked))
		}
		s.Minimise("loss_discriminator", func(t *autograd.Tape) *autograd.Var {
			truth := autograd.BCEWithLogits(c.judge(t.Input(b.Want)), b.real, autograd.LossOptions{})
			return autograd.Add(truth, autograd.BCEWithLogits(c.judge(t.Input(made.Value)), b.fake, autograd.LossOptions{}))
		}, "discriminator")
		s.Update("discriminator")
		fooled := autograd.BCEWithLogits(c.judge(made), b.real, autograd.LossOptions{})
		s.Metric("loss_adversarial", float64(fooled.Scalar()), 1)
		return autograd.Add(autograd.Scale(squares, squaresWeight), autograd.Scale(fooled, adversaryWeight))
	}, "painter")
}

func (c *contextEncoder) judge(x *autograd.Var) *autograd.Var {
	leave := x.Tape().Enter("discriminator")
	defer leave()
	return c.critic.Forward(x)
}

// squaredError is the weighted sum of squared errors over the number of values asked for (equation 1).
func squaredError(made *autograd.Var, b *holed) *autograd.Var {
	asked := 0
	for _, h := range b.holes {
		asked += h.asked * 3
	}
	return autograd.Scale(autograd.L2(made, b.Want, autograd.LossOptions{Weight: b.Weight, Sum: true}), 1/meanCount(made.Tape(), asked))
}

// tell tells how well the hidden pixels were painted.
func (c *contextEncoder) tell(s train.Step, b *holed, made *tensor.Tensor) {
	size := c.out * c.out * 3
	parallel.For(len(b.holes), func(row int) {
		sum := 0.0
		made, want, weight := made.Data[row*size:][:size], b.Want.Data[row*size:][:size], b.Weight.Data[row*size:][:size]
		for k, w := range weight {
			if w == 1 {
				e := float64(made[k] - want[k])
				sum += float64(e * e)
			}
		}
		b.holes[row].made = sum
	})
	var net, border, colour, n float64
	for _, h := range b.holes {
		if h.pixels == 0 {
			continue // a broken sample that nothing stands in for
		}
		net, border, colour = net+h.psnr(h.made), border+h.psnr(h.border), colour+h.psnr(h.meanColour)
		n++
	}
	s.Metric("psnr", net, n)
	s.Metric("psnr_border", border, n)
	s.Metric("psnr_mean_colour", colour, n)
}

// psnr returns the peak signal to noise ratio in decibels of an error in the hidden pixels.
func (h hole) psnr(squares float64) float64 { return psnr(squares, h.pixels*3) }

// Draw shows a row a picture: what the net saw, with the hole in the mean colour; its painting in the hole; the border continued into
// it, the simple predictor; and the picture as it is. Below stand the signal to noise ratios.
func (c *contextEncoder) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := c.maker(in, false)
	if err != nil {
		return nil, err
	}
	b := m.New(len(index))
	for row, i := range index {
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(i))); err != nil {
			return nil, err
		}
	}
	made := c.Forward(autograd.NewInference().Input(b.X)).Value
	s := c.setup.Side
	zoom := max(1, 128/s)
	grid := canvas.Grid{Cols: 4, CellW: s * zoom, CellH: s*zoom + canvas.TextHeight, Gap: 8, Head: canvas.TextHeight + 4}
	page := grid.Sheet(4 * len(index))
	for k, title := range []string{"what it saw", "what it painted", "border continued", "the picture"} {
		x, y := grid.At(k)
		page.Text(x, y-canvas.TextHeight-4, grid.CellW, title, canvas.Ink)
	}
	for row := range index {
		h := b.holes[row]
		cells, squares := c.drawn(b, row, made)
		for k, pix := range cells {
			x, y := grid.At(row*4 + k)
			page.Picture(x, y, zoom, pix, s, s)
			if k == 1 {
				page.Text(x, y+s*zoom+1, grid.CellW, fmt.Sprintf("%.1f dB", h.psnr(squares)), canvas.Ink)
			}
			if k == 2 {
				page.Text(x, y+s*zoom+1, grid.CellW, fmt.Sprintf("%.1f dB", h.psnr(h.border)), canvas.Ink)
			}
		}
	}
	return page, nil
}

// drawn returns the four pictures of a row, and the painting's error.
func (c *contextEncoder) drawn(b *holed, row int, made *tensor.Tensor) (cells [4][]uint8, squares float64) {
	s, o := c.setup.Side, c.out
	from := (s - o) / 2
	x, mask := b.X.Data[row*s*s*3:][:s*s*3], b.mask[row*s*s:][:s*s]
	painted, border, truth := append([]float32(nil), x...), append([]float32(nil), x...), append([]float32(nil), x...)
	for p, v := range mask {
		if v != hidden {
			continue
		}
		k := ((row*o+p/s-from)*o + p%s - from) * 3
		for i := range 3 {
			got, want := made.Data[k+i], b.Want.Data[k+i]
			painted[p*3+i], truth[p*3+i] = (got-c.shift[i])/c.scale[i], (want-c.shift[i])/c.scale[i]
			squares += float64(got-want) * float64(got-want)
		}
	}
	continueBorder(border, mask, s, b.nearby[row*2*s:][:2*s])
	for k, v := range [4][]float32{x, painted, border, truth} {
		cells[k] = c.setup.Norm.ToImage(v, s, s).Pix
	}
	return cells, squares
}
