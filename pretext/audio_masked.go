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

// AudioMasked hides blocks of a spectrogram, and has them painted from what is left: the convolutional form of Audio-MAE (Huang et al., "Masked autoencoders that
// listen", NeurIPS 2022) and of the generative half of SSAST (Gong, Lai, Chung, Glass, AAAI 2022). Their transformers see only the blocks that are left; here the trunk
// sees all of the spectrogram, and where a block is hidden the data's mean, which is zero.
//
// Sampling: a window of each recording, while training from anywhere in it; of its blocks of Frames by Bands values some, drawn by themselves each time, so many that Mask
// of them are hidden (unstructured masking, 0.8 in Audio-MAE while it learns, 16 by 16). With no Bands a block has all of them: whole stretches of time are hidden.
//
// Shortcut: frames overlap (25 ms, 10 ms apart, as spectrograms usually are), so the first hidden frames are half seen: the longer a block, the less that helps.
//
// Head: a 1x1 convolution, then twice the size and a 3x3 convolution with batch norm and ReLU, up to the spectrogram's size. Loss: the mean squared error of hidden values
// alone, in deviations; with Normalised of values less their block's mean and over its deviation (after He et al. 2022).
//
// Metric: error, that mean, against the better of two simple predictors for each recording: the mean of what is seen of each band, which is hard to beat for noise, and between what
// is seen before and after in the band a straight line through time, for what goes on. Both are told beside it. Where values are normalised, the simple
// predictors have their means over each block taken away, and the block's deviation is given to them.
type AudioMasked struct {
	Mask       float64 // part of the blocks that is hidden; 0 means 0.75
	Frames     int     // of a block; 0 means 16
	Bands      int     // of a block; 0 means 16, below 0 all there are
	Normalised bool    // each block's values less their mean and over their deviation
	Width      int     // channels of the decoder's last but one map; 0 means 32
}

var audioMaskedAbout = About{
	Line: "paint hidden blocks of a spectrogram from the rest (Audio-MAE, SSAST; Huang et al. 2022, Gong et al. 2022)",
	Of:   OfSounds, Hidden: "blocks of the spectrogram",
	Trivial:  "the better of each band's mean and a line through time",
	Shortcut: "what touches a block, gone on with; longer blocks, frames=, have less of it",
	Options: []spec.Option{
		{Name: "mask", Default: "0.75", About: "part of the blocks that is hidden"},
		{Name: "frames", Default: "16", About: "of a block"},
		{Name: "bands", Default: "16", About: "of a block; 0: all, whole stretches of time are hidden"},
		{Name: "normalise", Default: "no", About: "yes: ask for values less their block's mean and over its deviation"},
		{Name: "width", Default: "32", About: "channels of the decoder's last map"},
	},
	OwnViews: true,
	Config:   func(c *train.Config) { c.Optimizer, c.LR, c.WeightDecay = "adam", 1e-3, 1e-5 },
	make: func(v Values) Task {
		t := AudioMasked{Mask: v.Float("mask", 0.01, 0.99), Frames: v.Int("frames", 1, 1<<12), Bands: orNone(v, "bands", 1<<12), Normalised: v.Bool("normalise"), Width: v.Int("width", 1, 1<<12)}
		return t
	},
}

// Learner returns a trunk with a decoder.
func (t AudioMasked) Learner(s Setup) (train.Learner, error) {
	if t.Mask == 0 {
		t.Mask = 0.75
	}
	usual(&t.Frames, 16)
	usual(&t.Bands, 16)
	usual(&t.Width, 32)
	if t.Frames < 1 || t.Bands < 0 || t.Width < 1 || !(t.Mask > 0 && t.Mask < 1) {
		return nil, fmt.Errorf("task audio-masked of %+v: want Frames and Width of at least 1, Bands of at least 0, Mask between 0 and 1", t)
	}
	shape, err := s.Hearing.Shape()
	if err == nil {
		err = s.fitsEar("audio-masked", s.Trunk)
	}
	if err != nil {
		return nil, err
	}
	if t.Frames = min(t.Frames, shape[0]); t.Bands == 0 || t.Bands > shape[1] {
		t.Bands = shape[1]
	}
	l := &audioMasked{task: t, setup: s, t: shape[0], f: shape[1]}
	l.across = (l.f + t.Bands - 1) / t.Bands
	l.blocks = (l.t + t.Frames - 1) / t.Frames * l.across
	if l.blocks < 2 {
		return nil, fmt.Errorf("task audio-masked: spectrograms of %d by %d values are one block of frames=%d and bands=%d; smaller blocks leave something to be seen", l.t, l.f, t.Frames, t.Bands)
	}
	l.hidden = min(max(int(math.Round(t.Mask*float64(l.blocks))), 1), l.blocks-1)
	x := s.Trunk.Forward(autograd.NewInference().Input(tensor.New(1, l.t, l.f, 1))).Shape()
	l.Net = &layers.Net{Trunk: s.Trunk, Head: soundDecoder(s.RNG, s.Trunk.Channels(), t.Width, [2]int{x[1], x[2]}, [2]int{l.t, l.f})}
	return l, nil
}

// soundDecoder paints a spectrogram of size [T F] from features of from [H W]: [N H W C] -> [N T F 1]. Each rung has twice the size and half the channels of the one
// before, the last but one width channels.
func soundDecoder(rng *tensor.RNG, channels, width int, from, size [2]int) layers.Module {
	rungs := [2][]int{ladder(size[0], from[0]), ladder(size[1], from[1])}
	n := max(len(rungs[0]), len(rungs[1]))
	for axis := range rungs {
		for len(rungs[axis]) < n {
			rungs[axis] = append(rungs[axis][:1:1], rungs[axis]...)
		}
	}
	at := width << min(n-2, 3)
	s := named(nil, "mix", layers.NewConv2D(rng, channels, at, 1, layers.ConvOptions{NoBias: true}), layers.NewBatchNormReLU(at))
	for i := range n {
		h, w := rungs[0][i], rungs[1][i]
		s = append(s, layers.Child{Name: fmt.Sprint("fit", i), Module: layers.Func(func(x *autograd.Var) *autograd.Var {
			if x.Shape()[1] == h && x.Shape()[2] == w {
				return x
			}
			return autograd.Resize(x, h, w)
		})})
		if i == n-1 {
			return append(s, layers.Child{Name: "paint", Module: layers.NewConv2D(rng, at, 1, 3, layers.ConvOptions{Pad: 1})})
		}
		next := width << min(n-2-i, 3)
		s = named(s, fmt.Sprint("up", i), layers.NewConv2D(rng, at, next, 3, layers.ConvOptions{Pad: 1, NoBias: true}), layers.NewBatchNormReLU(next))
		at = next
	}
	panic("unreachable: a ladder has two steps at least")
}

type audioMasked struct {
	task        AudioMasked // with every default filled in
	setup       Setup
	t, f        int // frames and bands of a spectrogram
	blocks      int // of it,
	across      int // of one frame,
	hidden      int // of all
	*layers.Net     // trunk and decoder
}

func (l *audioMasked) Groups() []train.Group { return train.One(l) }

func (l *audioMasked) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "error", Predictor: "the better of each band's mean and a line through time", Versus: "error_simple"},
		{Name: "error_simple"}, {Name: "error_bands", Detail: true}, {Name: "error_line", Detail: true}}
}

// hiddenSounds is a batch of spectrograms of which parts are hidden.
type hiddenSounds struct {
	X      *tensor.Tensor // [N T F 1], what the net is shown
	Want   *tensor.Tensor // [N T F 1]
	Hidden *tensor.Tensor // [N T F 1], 1 where a value is hidden
	From   []float32      // [N], the seconds at which windows begin
	mean   *tensor.Tensor // [N T F 1], what was taken from values, of their block; 0 where nothing is
	scale  *tensor.Tensor // [N T F 1], what they were divided by
	bands  *tensor.Tensor // [N T F 1], what each band's mean says,
	line   *tensor.Tensor // [N T F 1], and a line through time, both as values to be painted
	simple [][2]float64   // [N], the sums of their squared errors
}

// hiddenMaker makes its rows.
type hiddenMaker struct {
	*audioMasked
	sounds *data.Windows
	still  bool // windows are the middles
}

func (l *audioMasked) maker(in data.Inputs, augment bool) (*hiddenMaker, error) {
	w, err := l.setup.Sounds("audio-masked", in)
	return &hiddenMaker{l, w, !augment}, err
}

func (m *hiddenMaker) New(n int) *hiddenSounds {
	b := &hiddenSounds{From: make([]float32, n), simple: make([][2]float64, n)}
	for _, t := range []**tensor.Tensor{&b.X, &b.Want, &b.Hidden, &b.mean, &b.scale, &b.bands, &b.line} {
		*t = tensor.New(n, m.t, m.f, 1)
	}
	return b
}

func (m *hiddenMaker) Fill(b *hiddenSounds, row, i int, rng *tensor.RNG) error {
	at, err := m.sounds.Spread(i, 1)
	if err == nil && !m.still {
		at[0], err = anywhere(m.sounds, i, m.sounds.Hearing().Seconds, rng)
	}
	want := b.Want.Rows(row, row+1).Data
	if err == nil {
		err = m.sounds.Fill(want, i, at[0])
	}
	if err != nil {
		return err
	}
	b.From[row] = float32(at[0])
	m.hide(b, row, rng.Perm(m.blocks)[:m.hidden])
	return nil
}

// hide hides some blocks of a row whose values are known, and asks what simple predictors say of them.
func (m *audioMasked) hide(b *hiddenSounds, row int, blocks []int) {
	of := func(t *tensor.Tensor) []float32 { return t.Rows(row, row+1).Data }
	x, want, hidden, mean, scale := of(b.X), of(b.Want), of(b.Hidden), of(b.mean), of(b.scale)
	copy(x, want)
	clear(hidden)
	for _, k := range blocks {
		m.each(k, func(p int) { x[p], hidden[p] = 0, 1 })
	}
	simple := [2][]float32{of(b.bands), of(b.line)}
	bandMeans(simple[0], x, hidden, m.f)
	lines(simple[1], simple[0], x, hidden, m.f)
	for k := range m.blocks {
		m.each(k, func(p int) { mean[p], scale[p] = 0, 1 })
		if !m.task.Normalised {
			continue
		}
		mu, variance := m.moments(k, want)
		deviation := math.Sqrt(variance + leastVariance)
		m.each(k, func(p int) { mean[p], scale[p] = float32(mu), float32(deviation) })
		for _, says := range simple {
			mu, _ := m.moments(k, says)
			m.each(k, func(p int) { says[p] = (says[p] - float32(mu)) / scale[p] })
		}
	}
	for p := range want {
		want[p] = (want[p] - mean[p]) / scale[p]
	}
	b.simple[row] = [2]float64{squaresWhere(hidden, simple[0], want), squaresWhere(hidden, simple[1], want)}
}

// leastVariance is added to a block's variance: a silent one has none (He et al.'s code).
const leastVariance = 1e-6

// each calls f for every value of block k, by its place in a spectrogram.
func (l *audioMasked) each(k int, f func(p int)) {
	t0, f0 := k/l.across*l.task.Frames, k%l.across*l.task.Bands
	for t := t0; t < min(t0+l.task.Frames, l.t); t++ {
		for band := f0; band < min(f0+l.task.Bands, l.f); band++ {
			f(t*l.f + band)
		}
	}
}

// moments returns the mean and variance of block k of x.
func (l *audioMasked) moments(k int, x []float32) (mean, variance float64) {
	n := 0.0
	l.each(k, func(p int) {
		mean += float64(x[p])
		n++
	})
	mean /= n
	l.each(k, func(p int) {
		d := float64(x[p]) - mean
		variance += float64(d*d) / n
	})
	return mean, variance
}

// bandMeans sets dst [T F] to the mean of what is seen of each band of x, or of all that is seen where nothing of a band is.
func bandMeans(dst, x, hidden []float32, f int) {
	sum, n := make([]float64, f), make([]float64, f)
	all, seen := 0.0, 0.0
	for p, v := range x {
		if hidden[p] == 0 {
			sum[p%f] += float64(v)
			n[p%f]++
			all += float64(v)
			seen++
		}
	}
	for p := range dst {
		if k := p % f; n[k] > 0 {
			dst[p] = float32(sum[k] / n[k])
		} else {
			dst[p] = float32(all / seen)
		}
	}
}

// lines sets dst [T F] to a straight line in each band between what is seen of x before and after; before the first and after the last it is level, and where nothing of a
// band is seen it is what means has.
func lines(dst, means, x, hidden []float32, f int) {
	copy(dst, means)
	frames := len(x) / f
	for band := range f {
		last := -1 // frame that is seen
		for t := range frames + 1 {
			if t < frames && hidden[t*f+band] != 0 {
				continue
			}
			for k := last + 1; k < t; k++ {
				switch {
				case last < 0 && t < frames:
					dst[k*f+band] = x[t*f+band]
				case last >= 0 && t == frames:
					dst[k*f+band] = x[last*f+band]
				case last >= 0:
					part := float32(k-last) / float32(t-last)
					dst[k*f+band] = float32((1-part)*x[last*f+band]) + float32(part*x[t*f+band])
				}
			}
			if t < frames {
				dst[t*f+band] = x[t*f+band]
			}
			last = t
		}
	}
}

// squaresWhere returns the sum of squared differences of a and b where hidden is 1.
func squaresWhere(hidden, a, b []float32) float64 {
	sum := 0.0
	for p, h := range hidden {
		if h != 0 {
			d := float64(a[p] - b[p])
			sum += float64(d * d)
		}
	}
	return sum
}

func (l *audioMasked) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Sounds.Len(), m, o, l.step), nil
}

func (l *audioMasked) step(s train.Step, b *hiddenSounds) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		made := l.Forward(t.Input(b.X))
		errors := l.errors(b, made.Value)
		for row, simple := range b.simple {
			n := 0.0
			for _, h := range b.Hidden.Rows(row, row+1).Data {
				n += float64(h)
			}
			s.Metric("error", errors[row], n)
			s.Metric("error_bands", simple[0], n)
			s.Metric("error_line", simple[1], n)
			s.Metric("error_simple", min(simple[0], simple[1]), n)
		}
		return autograd.L2(made, b.Want, autograd.LossOptions{Weight: b.Hidden})
	})
}

// errors returns the sum of squared errors of what was painted where it is hidden, of each row.
func (l *audioMasked) errors(b *hiddenSounds, made *tensor.Tensor) []float64 {
	out := make([]float64, len(b.From))
	parallel.For(len(out), func(row int) {
		out[row] = squaresWhere(b.Hidden.Rows(row, row+1).Data, made.Rows(row, row+1).Data, b.Want.Rows(row, row+1).Data)
	})
	return out
}

// Draw shows, a row a recording, what is seen of its spectrogram, what the net painted where it is hidden, the spectrogram, and what the simple predictors would paint.
// Below stand the errors; the net's frame is green where it is nearer than both.
func (l *audioMasked) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	made := l.Forward(autograd.NewInference().Input(b.X)).Value
	errors := l.errors(b, made)
	const w, h = 136, 96
	g := canvas.Grid{Cols: 5, CellW: w, CellH: h + canvas.TextHeight + 6, Gap: 10, Head: canvas.TextHeight + 8}
	sheet := g.Sheet(g.Cols * len(index))
	for k, title := range []string{"what it hears", "what it painted", "the sound", "each band's mean", "a line in time"} {
		x, y := g.At(k)
		sheet.Text(x, y-canvas.TextHeight-6, w, title, canvas.Ink)
	}
	for row := range index {
		of := func(t *tensor.Tensor) []float32 { return t.Rows(row, row+1).Data }
		hidden, n := of(b.Hidden), 0.0
		for _, v := range hidden {
			n += float64(v)
		}
		for k, says := range [][]float32{nil, of(made), of(b.Want), of(b.bands), of(b.line)} {
			x, y := g.At(row*g.Cols + k)
			text := fmt.Sprintf("from %.2f s", b.From[row])
			switch k {
			case 1:
				sheet.Frame(x-3, y-3, w+6, h+6, errors[row] < min(b.simple[row][0], b.simple[row][1]))
				text = fmt.Sprintf("error %.3g", errors[row]/n)
			case 2:
				text = ""
			case 3, 4:
				text = fmt.Sprintf("error %.3g", b.simple[row][k-3]/n)
			}
			im := data.ResizeTo(l.picture(of(b.Want), says, hidden, of(b.mean), of(b.scale)), h, w)
			sheet.Fit(x, y, w, h, im.Pix, im.H, im.W)
			sheet.Text(x, y+h+5, w, text, canvas.Ink)
		}
	}
	return sheet, nil
}

// picture returns a spectrogram whose hidden values are as somebody says, grey where nobody does.
func (l *audioMasked) picture(want, says, hidden, mean, scale []float32) *data.Image {
	x := make([]float32, len(want))
	for p := range x {
		v := want[p]
		if hidden[p] != 0 && says != nil {
			v = says[p]
		}
		x[p] = v*scale[p] + mean[p]
	}
	im := spectrogramPicture(x, l.t, l.f)
	for p, h := range hidden {
		if h != 0 && says == nil {
			q := ((l.f-1-p%l.f)*l.t + p/l.f) * 3
			im.Pix[q], im.Pix[q+1], im.Pix[q+2] = 128, 128, 128
		}
	}
	return im
}
