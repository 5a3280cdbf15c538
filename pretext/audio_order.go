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
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// AudioOrder hides in which order windows of a recording were heard: FrameOrder's question (Lee, Huang, Singh, Yang, ICCV 2017) put to sounds, whose windows are played in
// turn where frames lie in a film, and its puzzle in time as Carr, Berthet, Blondel, Teboul, Zeghidour ("Self-supervised learning of audio representations
// from permutations with differentiable ranking", IEEE Signal Processing Letters 2021) have it. Played backwards sounds differ, so each order is an answer of its own.
//
// Sampling: windows one after the other, between two of them Gap seconds at least and twice that at most, the whole anywhere in the recording, dealt in one of the orders. The
// trunk hears each window once; what it says of them is dealt several times. Where all of a window is silent, other places are tried, and that with the fewest such windows
// is taken: of two silent windows none is first. How many are left is told (silent). A recording that is shorter than the windows, or silent, is an error of that sample.
//
// What could be answered without listening to what happens, and the defence:
//   - what goes on over a border, as a wave does: the gap, drawn for each border;
//   - how loudness fades: while training each window is made louder or quieter by itself.
//
// Head: FrameOrder's. Loss: cross-entropy. Metric: accuracy against chance, one in Windows factorial.
type AudioOrder struct {
	Windows int     // 0 means 3; of 2 the question is which came first
	Gap     float64 // seconds between two windows, at least; 0 means a fifth of a window, below 0 none
	Gain    float64 // dB by which each window is made louder or quieter; 0 means 3, below 0 none
	Deals   int     // orders of a recording each time it is heard; 0 means 4
	Pool    int     // cells along time and frequency that a window's features are pooled to; 0 means 4
	Embed   int     // width of a window's embedding; 0 means 128
	Hidden  int     // width of the layer of pairs; 0 means 128
}

var audioOrderAbout = About{
	Line: "predict in which order windows of a recording were heard (after Lee et al. 2017; Carr et al. 2021)",
	Of:   OfSounds, Hidden: "the order of windows of sound",
	Trivial: "chance: 16.7 % of 6 orders",
	Options: []spec.Option{
		{Name: "windows", Default: "3", About: "that are dealt, 2 to 5; of 2 the question is which came first"},
		{Name: "gap", About: "seconds between two windows, at least, and half of the most; if not given a fifth of a window"},
		{Name: "gain", Default: "3", About: "dB by which each window is made louder or quieter by itself, at most"},
		{Name: "deals", Default: "4", About: "orders of a recording each time it is heard"},
		{Name: "pool", Default: "4", About: "cells along time and along frequency that features are pooled to"},
		{Name: "embed", Default: "128", About: "width of the embedding of a window"},
		{Name: "hidden", Default: "128", About: "width of the layer that compares two windows"},
	},
	OwnViews: true,
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.WeightDecay, c.Sound = "adam", 1e-3, 1e-5, "mel?seconds=0.5"
	},
	Defences: []Defence{
		{"gap", "gap=0", "what goes on over the border of two windows"},
		{"gain", "gain=0", "how loudness fades"},
	},
	make: func(v Values) Task {
		t := AudioOrder{Windows: v.Int("windows", 2, mostWindows), Deals: v.Int("deals", 1, 256), Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 1, 1<<16), Hidden: v.Int("hidden", 1, 1<<16)}
		if t.Gain = v.Float("gain", 0, 60); t.Gain == 0 {
			t.Gain = -1
		}
		if v.Given("gap") {
			if t.Gap = v.Float("gap", 0, 60); t.Gap == 0 {
				t.Gap = -1
			}
		}
		return t
	},
}

// mostWindows bounds the orders, of which there are 120 then.
const mostWindows = 5

// Learner returns a trunk with what embeds a window, and a head that hears several.
func (t AudioOrder) Learner(s Setup) (train.Learner, error) {
	usual(&t.Windows, 3)
	usual(&t.Deals, 4)
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	usual(&t.Hidden, 128)
	fixed := t.Gap != 0
	if !fixed {
		t.Gap = s.Hearing.Seconds / 5
	}
	if t.Gain == 0 {
		t.Gain = 3
	}
	t.Gap, t.Gain = max(t.Gap, 0), max(t.Gain, 0)
	if t.Windows < 2 || t.Windows > mostWindows || t.Deals < 1 {
		return nil, fmt.Errorf("task audio-order of %+v: want 2 to %d Windows and at least one deal", t, mostWindows)
	}
	if err := s.fitsEar("audio-order", s.Trunk); err != nil {
		return nil, err
	}
	l := &audioOrder{task: t, setup: s, orders: newOrders(t.Windows, false)}
	if in := s.Inputs.Sounds; in != nil {
		if lasts, err := secondsOf("audio-order", in); err != nil {
			return nil, err
		} else if lasts < l.least() {
			fit := s.Hearing.Seconds * lasts / l.least()
			if fixed {
				fit = (lasts - float64(t.Windows-1)*t.Gap) / float64(t.Windows)
			}
			shorter := ""
			if fit > 0 {
				shorter = fmt.Sprintf("shorter windows (%s), ", s.heardFor(0.7*fit))
			}
			return nil, fmt.Errorf("task audio-order: recordings of %.3g s (the median) are too short: %s; %sa smaller gap= or fewer windows= fit", lasts, l.want(), shorter)
		}
	}
	l.net = newClipNet(s, 1, t.Pool, t.Embed, t.Windows, false)
	l.head = newOrderHead(s.RNG, l.orders, l.net.width, t.Hidden, 0)
	return l, nil
}

type audioOrder struct {
	task   AudioOrder // with every default filled in; no Gap and no Gain are 0
	setup  Setup
	orders *orders
	net    *clipNet
	head   *orderHead
}

// least is how many seconds the windows take at least, and want says it.
func (l *audioOrder) least() float64 {
	return float64(l.task.Windows)*l.setup.Hearing.Seconds + float64(l.task.Windows-1)*l.task.Gap
}

func (l *audioOrder) want() string {
	return fmt.Sprintf("%d windows of %g s, %.3g s apart, take %.3g s", l.task.Windows, l.setup.Hearing.Seconds, l.task.Gap, l.least())
}

func (l *audioOrder) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Part{Name: "head", Stateful: l.head}).Visit(prefix, f)
}

func (l *audioOrder) Groups() []train.Group { return train.One(l) }

func (l *audioOrder) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(l.orders.answers)), {Name: "silent", Unit: metric.Percent, Detail: true}}
}

// dealtWindows is a batch: row K·i+k of X is window k of recording i in the order in which it was heard. T is empty.
type dealtWindows struct {
	clipBatch
	From   []float32 // [N·K], the seconds at which windows begin
	Silent []int     // [N], how many windows of a recording are silent
}

// windowDealer draws windows of a recording and deals them.
type windowDealer struct {
	*audioOrder
	sounds *data.Windows
	still  bool // no window is made louder or quieter
}

func (l *audioOrder) maker(in data.Inputs, augment bool) (*windowDealer, error) {
	w, err := l.setup.Sounds("audio-order", in)
	return &windowDealer{l, w, !augment}, err
}

func (m *windowDealer) New(n int) *dealtWindows {
	k := m.task.Windows
	return &dealtWindows{clipBatch{X: tensor.New(append([]int{n * k}, m.sounds.Shape()...)...), Dealt: make([]int32, n*k*m.task.Deals), Labels: make([]int32, n*m.task.Deals)},
		make([]float32, n*k), make([]int, n)}
}

// placesTried is how many places of a recording are tried where windows are silent.
const placesTried = 16

func (m *windowDealer) Fill(b *dealtWindows, row, i int, rng *tensor.RNG) error {
	lasts, err := m.sounds.Seconds(i)
	if err != nil {
		return err
	}
	if lasts < m.least() {
		return fmt.Errorf("%s lasts %.3g s: %s", m.sounds.Describe(i), lasts, m.want())
	}
	k := m.task.Windows
	x, from := b.X.Rows(row*k, (row+1)*k), b.From[row*k:][:k]
	gains, best := make([]float32, k), make([]float32, k)
	for g := range gains {
		if !m.still {
			gains[g] = rng.Uniform(-float32(m.task.Gain), float32(m.task.Gain))
		}
	}
	b.Silent[row] = k
	last := k // how many of the last ones are silent
	for try := 0; try < placesTried && b.Silent[row] > 0; try++ {
		m.place(from, lasts, rng)
		if last, err = m.hear(x, from, gains, i); err != nil {
			return err
		}
		if last < b.Silent[row] {
			b.Silent[row] = last
			copy(best, from)
		}
	}
	if b.Silent[row] == k {
		return fmt.Errorf("%s is silent, or nearly all of it: nothing tells the order of its windows", m.sounds.Describe(i))
	}
	if last > 0 { // the best ones lie elsewhere
		copy(from, best)
		if _, err := m.hear(x, from, gains, i); err != nil {
			return err
		}
	}
	for d := row * m.task.Deals; d < (row+1)*m.task.Deals; d++ {
		b.Labels[d] = m.orders.deal(b.Dealt[d*k:][:k], row*k, rng)
	}
	return nil
}

// place draws when the windows begin: gaps between once and twice the least, as far as the recording has room for them, then where the whole lies.
func (m *windowDealer) place(from []float32, lasts float64, rng *tensor.RNG) {
	most := min(m.task.Gap, (lasts-m.least())/float64(len(from)-1)) // more than the least
	at := 0.0
	for k := range from {
		from[k] = float32(at)
		at += m.setup.Hearing.Seconds + m.task.Gap + most*float64(rng.Float32())
	}
	room := lasts - float64(from[len(from)-1]) - m.setup.Hearing.Seconds
	first := float32(max(room, 0)) * rng.Float32()
	for k := range from {
		from[k] += first
	}
}

// hear writes the windows of recording i that begin at some seconds to x [K T F 1], louder by gains in dB, and returns how many are silent.
func (m *windowDealer) hear(x *tensor.Tensor, from, gains []float32, i int) (silent int, err error) {
	wave := make([]float32, m.sounds.Samples())
	for k, at := range from {
		if err := m.sounds.Wave(wave, i, float64(at)); err != nil {
			return 0, err
		}
		simd.Scale(wave, float32(math.Pow(10, float64(gains[k])/20)), wave)
		y := x.Rows(k, k+1).Data
		m.sounds.Spectrogram(y, wave)
		if same(y) {
			silent++
		}
	}
	return silent, nil
}

// same tells whether all values are equal: of a spectrogram, that nothing in it is loud enough to be heard.
func same(x []float32) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

func (l *audioOrder) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Sounds.Len(), m, o, l.step), nil
}

// forward returns the logits [N·deals K!] of dealt windows x [K·N T F 1].
func (l *audioOrder) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	return l.head.forward(l.net.forward(x, counting(x.Shape()[0])), dealt)
}

func (l *audioOrder) step(s train.Step, b *dealtWindows) {
	for _, n := range b.Silent {
		s.Metric("silent", float64(n), float64(l.task.Windows))
	}
	answerClips(s, &b.clipBatch, l.forward)
}

// Draw shows, a row a recording, its windows as they were dealt, first to last, and below each when it was heard, its place in time, and where the net puts it: framed green
// where that is right.
func (l *audioOrder) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	said := tensor.ArgMax(l.forward(autograd.NewInference().Input(b.X), b.Dealt).Value)
	k, shape := l.task.Windows, m.sounds.Shape()
	grid := filmGrid(k, 2)
	sheet := grid.Sheet(k * len(index))
	filmHead(sheet, grid, fmt.Sprintf("%d windows as they were dealt: which is first?", k), "green: where the net puts it")
	for row := range index {
		d := row * m.task.Deals
		for place, at := range b.Dealt[d*k:][:k] {
			is, has := int(at)-k*row, int(l.orders.answers[said[d]][place])
			x, y := grid.At(row*k + place)
			sheet.Frame(x-3, y-3, filmCell+6, filmCell+6, is == has)
			stretched(sheet, x, y, filmCell, filmCell, spectrogramPicture(b.X.Rows(int(at), int(at)+1).Data, shape[0], shape[1]))
			sheet.Text(x, y+filmCell+5, filmCell, fmt.Sprintf("from %.2f s", b.From[at]), canvas.Ink)
			sheet.Text(x, y+filmCell+5+canvas.TextHeight, filmCell, fmt.Sprintf("%d., net: %d.", is+1, has+1), canvas.Ink)
		}
	}
	return sheet, nil
}
