package pretext

import (
	"fmt"
	"image"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/spectrum"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// AudioContrastive hides which window of sound is of the same recording as another (COLA: Saeed, Grangier, Zeghidour, "Contrastive learning of general-purpose audio
// representations", ICASSP 2021, and the code that the authors released).
//
// Sampling: two windows of each recording, each anywhere in it, by themselves; of a recording shorter than a window, which then has silence around it, the
// recording lies anywhere in the window. The other windows of the batch are what it is told from. While training each window is changed by itself: louder or quieter,
// bands and frames masked (SpecAugment), and as options moved, played faster or slower, with white noise or another recording below it. The paper changes nothing, the
// released code adds noise to the second window.
//
// Head: the largest value of each channel over all places through one layer; where windows are compared by a matrix, layer norm and tanh (the released code).
//
// Loss: similarities are cosines, and the loss SimCLR's (NT-Xent, Chen et al. 2020, equation 1): each window is to find its other one among all windows. Or they are
// products with a learned matrix between two embeddings (bilinear), and the loss is the cross-entropy of each first window's similarities to all second ones:
// what the paper finds better, from batches of 1024. From batches of 64 cosines learn faster: of spoken digits, windows of 0.25 s, they found 48 % of the pairs
// after 20 steps, the matrix 5 %.
//
// Shortcut: what a recording has in common whatever is heard, such as the noise of its microphone and its loudness. match_by_bands is what the mean of each band finds.
//
// Metric: match, how often among all second windows of a batch a recording's own is the likeliest, against chance: one in the batch's size.
//
// The zero value changes nothing of the windows; New("audio-contrastive") has the usual changes.
type AudioContrastive struct {
	Similarity  string  // cosine or bilinear; empty means cosine
	Temperature float64 // that similarities are divided by; 0 means 0.2 of cosines, else 1
	Embed       int     // width of the embeddings; 0 means 128
	Gain        float64 // dB by which a window is made louder or quieter, at most
	Mask        float64 // largest part of the bands, and of the frames, that is masked
	Shift       float64 // largest part of a window by which it is moved; silence follows
	Speed       float64 // by how much faster or slower a window may play, as a part: 0.1 is a tenth; one of slower, as it is and faster
	Noise       float64 // white noise is so many dB quieter than a window, or up to noisier more; 0: none
	Mix         float64 // another recording is so many dB quieter than a window, or up to noisier more; 0: none
}

// noisier is the range in dB in which it is drawn how much quieter than a window what is added to it is.
const noisier = 20

var audioContrastiveAbout = About{
	Line: "find the other window of the same recording among those of a batch (COLA; Saeed, Grangier, Zeghidour 2021)",
	Of:   OfSounds, Hidden: "which window is of the same recording",
	Trivial:  "chance: one in a batch",
	Shortcut: "what a microphone and a place do to all of a recording; noise=, mix= and speed= change it",
	Options: []spec.Option{
		{Name: "similarity", Default: "cosine", About: "of embeddings: cosine, or bilinear: a product with a learned matrix between, the paper's"},
		{Name: "temperature", About: "that similarities are divided by; if not given 0.2 of cosines, 1 of bilinear"},
		{Name: "embed", Default: "128", About: "width of the embeddings; the paper has 512"},
		{Name: "gain", Default: "6", About: "dB by which a window is made louder or quieter, at most"},
		{Name: "mask", Default: "0.1", About: "largest part of the bands, and of the frames, that is masked"},
		{Name: "shift", Default: "0", About: "largest part of a window by which it is moved; silence follows"},
		{Name: "speed", Default: "0", About: "0.1: a tenth slower, as it is, or a tenth faster, and with it lower and higher"},
		{Name: "noise", Default: "0", About: "dB by which a window is louder than white noise that is added, or up to 20 more; 0: none"},
		{Name: "mix", Default: "0", About: "dB by which a window is louder than another recording that is added, or up to 20 more; 0: none"},
	},
	OwnViews: true,
	Config:   func(c *train.Config) { c.Optimizer, c.LR, c.WeightDecay, c.BatchSize = "adam", 1e-3, 1e-5, 64 },
	make: func(v Values) Task {
		t := AudioContrastive{Similarity: v.One("similarity", similarities...), Embed: v.Int("embed", 2, 1<<14), Gain: v.Float("gain", 0, 60), Mask: v.Float("mask", 0, 0.9),
			Shift: v.Float("shift", 0, 1), Speed: v.Float("speed", 0, 0.5), Noise: v.Float("noise", 0, 100), Mix: v.Float("mix", 0, 100)}
		if v.Given("temperature") {
			t.Temperature = v.Float("temperature", 1e-3, 100)
		}
		return t
	},
}

var similarities = []string{"cosine", "bilinear"}

// bilinearStd is the deviation of the weights that the matrix between embeddings begins with: the released code's.
const bilinearStd = 0.05

// Learner returns a trunk with what embeds its features, and what compares embeddings.
func (t AudioContrastive) Learner(s Setup) (train.Learner, error) {
	usual(&t.Embed, 128)
	if t.Similarity == "" {
		t.Similarity = similarities[0]
	}
	tau := map[string]float64{"bilinear": 1, "cosine": 0.2}[t.Similarity]
	if tau == 0 {
		return nil, fmt.Errorf("task audio-contrastive: similarity=%q; there are cosine and bilinear", t.Similarity)
	}
	if t.Temperature == 0 {
		t.Temperature = tau
	}
	if !(t.Temperature > 0) {
		return nil, fmt.Errorf("task audio-contrastive: temperature=%g, want more than 0", t.Temperature)
	}
	if err := s.fitsEar("audio-contrastive", s.Trunk); err != nil {
		return nil, err
	}
	if in := s.Inputs.Sounds; in != nil && s.Say != nil {
		const room = 1.5 // windows that a recording should hold, for two of them to differ
		if lasts, err := secondsOf("audio-contrastive", in); err != nil {
			return nil, err
		} else if lasts < room*s.Hearing.Seconds {
			s.Say(fmt.Sprintf("task audio-contrastive: recordings of %.3g s (the median) hardly hold two windows of %g s that differ; %s makes shorter ones",
				lasts, s.Hearing.Seconds, s.heardFor(lasts/2)))
		}
	}
	l := &audioContrastive{task: t, setup: s}
	l.head = layers.Sequential{{Name: "pool", Module: layers.Func(globalMax)},
		{Name: "fc", Module: layers.NewLinear(s.RNG, s.Trunk.Channels(), t.Embed, layers.LinearOptions{})}}
	if t.Similarity == "bilinear" {
		l.head = append(l.head, layers.Child{Name: "norm", Module: layers.NewLayerNorm(t.Embed)}, layers.Child{Name: "tanh", Module: layers.Tanh})
		l.between = layers.NewLinear(s.RNG, t.Embed, t.Embed, layers.LinearOptions{NoBias: true})
		s.RNG.FillNormal(l.between.W, 0, bilinearStd)
	}
	var err error
	if t.Speed > 0 {
		l.speeds, err = spectrum.NewSpeeds(spectrum.ResampleOptions{}, 1-t.Speed, 1, 1+t.Speed)
	}
	return l, err
}

type audioContrastive struct {
	task    AudioContrastive // with every default filled in
	setup   Setup
	head    layers.Sequential
	between *layers.Linear   // the matrix between embeddings; nil of cosines
	speeds  *spectrum.Speeds // nil where all play as they are
	table   square
}

func (l *audioContrastive) Visit(prefix string, f func(layers.Param)) {
	parts := layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "head", Stateful: l.head}}
	if l.between != nil {
		parts = append(parts, layers.Part{Name: "between", Stateful: l.between})
	}
	parts.Visit(prefix, f)
}

func (l *audioContrastive) Groups() []train.Group { return train.One(l) }

func (l *audioContrastive) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "match", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "chance"},
		{Name: "match_by_bands", Unit: metric.Percent, Higher: true},
		{Name: "chance", Unit: metric.Percent}}
}

// windowPairs is a batch: row i of both is of recording i.
type windowPairs struct {
	X     [2]*tensor.Tensor // [N T F 1]
	From  [2][]float32      // [N], the seconds at which windows begin
	bands [2][]float32      // [N F], the mean of each band
}

// windowPairMaker draws its rows.
type windowPairMaker struct {
	*audioContrastive
	sounds *data.Windows
	still  bool // windows are not changed
}

func (l *audioContrastive) maker(in data.Inputs, augment bool) (*windowPairMaker, error) {
	w, err := l.setup.Sounds("audio-contrastive", in)
	return &windowPairMaker{l, w, !augment}, err
}

func (m *windowPairMaker) New(n int) *windowPairs {
	b := &windowPairs{}
	for v := range b.X {
		b.X[v] = tensor.New(append([]int{n}, m.sounds.Shape()...)...)
		b.From[v], b.bands[v] = make([]float32, n), make([]float32, n*m.sounds.Shape()[1])
	}
	return b
}

func (m *windowPairMaker) Fill(b *windowPairs, row, i int, rng *tensor.RNG) error {
	for v := range b.X {
		x := b.X[v].Rows(row, row+1).Data
		at, err := m.put(x, i, rng)
		if err != nil {
			return err
		}
		b.From[v][row] = float32(at)
		bins := m.sounds.Shape()[1]
		mean := b.bands[v][row*bins:][:bins]
		clear(mean)
		for k, value := range x {
			mean[k%bins] += value * float32(bins) / float32(len(x))
		}
	}
	return nil
}

// anywhere draws when a window of so many seconds of recording i begins: in the recording, or, of a short one, so that all of it is heard.
func anywhere(w *data.Windows, i int, window float64, rng *tensor.RNG) (float64, error) {
	lasts, err := w.Seconds(i)
	room := lasts - window
	return min(room, 0) + math.Abs(room)*float64(rng.Float32()), err
}

// put writes a window of recording i to x [T F] and returns when it begins. While training it is changed.
func (m *windowPairMaker) put(x []float32, i int, rng *tensor.RNG) (at float64, err error) {
	t, n := m.task, m.sounds.Samples()
	h := m.sounds.Hearing()
	wave := make([]float32, n)
	var speed *spectrum.Resampler
	if m.speeds != nil && !m.still {
		speed = m.speeds.Draw(rng)
		need := n // as much as is a window when it is played so fast
		for ; speed.Len(need) > n && need > 1; need-- {
		}
		for speed.Len(need) < n {
			need++
		}
		wave = make([]float32, need)
	}
	if at, err = anywhere(m.sounds, i, float64(len(wave))/float64(h.Rate), rng); err != nil {
		return 0, err
	}
	if err := m.sounds.Wave(wave, i, at); err != nil {
		return 0, err
	}
	if m.still {
		m.sounds.Spectrogram(x, wave)
		return at, nil
	}
	if speed != nil {
		played := make([]float32, speed.Len(len(wave)))
		speed.Resample(played, wave)
		wave = played[:n]
	}
	if most := int(t.Shift * float64(n)); most > 0 {
		moved := make([]float32, n)
		spectrum.Shift(moved, wave, rng.IntN(2*most+1)-most, false)
		wave = moved
	}
	spectrum.Gain(wave, -float32(t.Gain), float32(t.Gain), rng)
	if t.Mix > 0 {
		m.mix(wave, i, rng)
	}
	if t.Noise > 0 {
		spectrum.Noise(wave, float32(t.Noise)+noisier*rng.Float32(), rng)
	}
	m.sounds.Spectrogram(x, wave)
	shape := m.sounds.Shape()
	spectrum.SpecAugment(tensor.From(x, shape[0], shape[1]), spectrum.MaskOptions{FrequencyMasks: 1, FrequencyWidth: int(t.Mask * float64(shape[1])),
		TimeMasks: 1, TimeWidth: int(t.Mask * float64(shape[0]))}, rng)
	return at, nil
}

// mix adds a window of a recording other than i, if there is one. One that cannot be read is not added: it is counted when it is its own turn.
func (m *windowPairMaker) mix(wave []float32, i int, rng *tensor.RNG) {
	if m.sounds.Len() < 2 {
		return
	}
	k, below := rng.IntN(m.sounds.Len()-1), float32(m.task.Mix)+noisier*rng.Float32()
	if k >= i {
		k++
	}
	at, err := anywhere(m.sounds, k, m.sounds.Hearing().Seconds, rng)
	other := make([]float32, len(wave))
	if err == nil && m.sounds.Wave(other, k, at) == nil {
		spectrum.Mix(wave, other, below)
	}
}

func (l *audioContrastive) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task audio-contrastive learns from batches of 2 and more: a window is told from those of other recordings")
	}
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Sounds.Len(), m, o, l.step), nil
}

// both returns the embeddings [2N D] of windows: the first ones, then the second ones.
func (l *audioContrastive) both(t *autograd.Tape, b *windowPairs) *autograd.Var {
	return within("head", l.head, within("trunk", l.setup.Trunk, autograd.Concat(0, t.Input(b.X[0]), t.Input(b.X[1]))))
}

// similar returns the similarities [N N] of all first windows to all second ones, by their embeddings [2N D], in the learner's table, and, where they can be
// learned from, what can be: of a shard, with the second windows of all shards.
func (l *audioContrastive) similar(z *autograd.Var) (table *tensor.Tensor, learned *autograd.Var) {
	n := z.Shape()[0] / 2
	if l.between == nil {
		u := autograd.L2Normalize(z).Value
		table = l.table.of(n)
		similar(table, u.Rows(0, n), u.Rows(n, 2*n))
		return table, nil
	}
	first, second := autograd.Slice(z, 0, 0, n, 1), autograd.Slice(z, 0, n, n, 1)
	y := autograd.MatMulNT(within("between", l.between, first), autograd.Together(second))
	table = l.table.of(n)
	for i, at := 0, z.Tape().FirstRow(n); i < n; i++ { // among the shard's own
		copy(table.Rows(i, i+1).Data, y.Value.Rows(i, i+1).Data[at:])
	}
	return table, y
}

func (l *audioContrastive) step(s train.Step, b *windowPairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.both(t, b)
		var table *tensor.Tensor
		var y *autograd.Var
		if l.between != nil {
			table, y = l.similar(z)
		} else {
			t.NoGrad(func() { table, _ = l.similar(z) })
		}
		n := table.Dim(0)
		s.Metric("match", float64(matches(table)), float64(n))
		by := l.table.of(n)
		near(by, b.bands[0], b.bands[1])
		s.Metric("match_by_bands", float64(matches(by)), float64(n))
		s.Metric("chance", 1, float64(n))
		if y == nil {
			return autograd.NTXent(z, float32(l.task.Temperature))
		}
		return autograd.CrossEntropy(autograd.Scale(y, float32(1/l.task.Temperature)), rowsOf(t, n))
	})
}

const heardNearest = 4 // other recordings that Draw shows

// Draw shows a row for each recording: two windows of it, and those second windows of others that the net finds likest to the first, the likest first. The bar is
// the share of a second window among all that are looked at. The second window's frame is green where no other recording's is as like.
func (l *audioContrastive) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := gallery(m, index, in.Sounds.Len())
	if err != nil {
		return nil, err
	}
	n := b.X[0].Dim(0)
	table, _ := l.similar(l.both(autograd.NewInference(), b))
	share := table.Clone()
	for k := range share.Data {
		share.Data[k] /= float32(l.task.Temperature)
	}
	share = autograd.Softmax(autograd.NewInference().Input(share)).Value
	const w, h, bar = 112, 84, 12
	g := canvas.Grid{Cols: 2 + heardNearest, CellW: w, CellH: h + bar + canvas.TextHeight + 6, Gap: 10, Head: canvas.TextHeight + 8}
	sheet := g.Sheet(len(index) * g.Cols)
	for col, title := range []string{"a window", "another of it", fmt.Sprintf("likest windows of %d other recordings", n-1)} {
		x, y := g.At(col)
		sheet.Text(x, y-canvas.TextHeight-6, [3]int{w, w, heardNearest*(w+g.Gap) - g.Gap}[col], title, canvas.Ink)
	}
	shape := m.sounds.Shape()
	show := func(row, col, view, of int, text string) {
		x, y := g.At(row*g.Cols + col)
		stretched(sheet, x, y, w, h, spectrogramPicture(b.X[view].Rows(of, of+1).Data, shape[0], shape[1]))
		if view == 1 {
			sheet.Bar(x, y+h+3, w, bar-4, float64(share.At(row, of)), of == row)
		}
		sheet.Text(x, y+h+bar+3, w, text, canvas.Ink)
	}
	for row := range index {
		rank, others := ranked(table.Data[row*n:(row+1)*n], row)
		x, y := g.At(row*g.Cols + 1)
		sheet.Frame(x-3, y-3, w+6, h+6, rank == 1)
		show(row, 0, 0, row, fmt.Sprintf("from %.2f s", b.From[0][row]))
		show(row, 1, 1, row, fmt.Sprintf("%.2f s: no. %d", b.From[1][row], rank))
		for k, j := range others[:min(heardNearest, len(others))] {
			show(row, 2+k, 1, j, fmt.Sprintf("%.0f %%", 100*share.At(row, j)))
		}
	}
	return sheet, nil
}
