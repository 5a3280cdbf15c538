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
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// ShuffleAndLearn hides whether three frames of a film are in the order in which they were taken (Misra, Zitnick, Hebert, "Shuffle and Learn:
// unsupervised learning using temporal order verification", ECCV 2016).
//
// Sampling (its section 3.1): five frames a < b < c < d < e. In order are b, c, d; out of order b, a, d and b, e, d. The first and the last
// frame are the same in all three, so that only what is between can tell. From b to d are at most Max frames, and they lie where much moves, by
// optical flow; a lies at least Min frames before b, e at least Min behind d. In a film that is shorter than Max + 2·Min all three shrink in proportion.
// Half of the films are seen backwards: a movement and its reverse are both in order.
//
// What could be answered without looking at what moves, and the defence:
//   - where nothing moves, nothing can be told: windows are drawn in proportion to what moves in them;
//   - c may look as a or e do, in what repeats itself: then it is drawn again, by the difference of pixels (the paper's SSD);
//   - the frames of a clip are cropped and mirrored alike: what moves in it moved in the film.
//
// The trunk sees each frame by itself. Its features are pooled to a few cells, for where something is tells most of what moved (the paper's fc6 sees all of 6 by 6), embedded, and those of three frames side by side go into the head. The paper's head is one linear layer, a sum
// of what each frame says by itself, in which no frame is compared with another; Hidden puts a layer before it.
//
// Loss: cross-entropy of two classes. The paper draws three of four tuples out of order (its table 2); here all three tuples of the five frames are in the batch, and
// out of order weighs Negatives of the loss, which is its expectation.
//
// Metrics: middle is how often c is what fits best between b and d, of a, c and e: the paper's retrieval of a frame that is missing, against a third. accuracy is the mean of the parts
// of right answers in order and out of order, against a half; a net that always says what weighs more has that too, and so middle, which no threshold hides, comes first.
type ShuffleAndLearn struct {
	Max, Min  int     // frames; 0 means 60 and 15
	Negatives float64 // how much out of order weighs in the loss; 0 means 0.75
	Motion    string  // where windows are drawn; empty means flow
	Differ    float64 // the least root of the mean squared difference between c and a or e, in parts of white; 0 means 0.01, below 0 none
	Pool      int     // cells along a side that a frame's features are pooled to; 0 means 4
	Embed     int     // width of a frame's embedding; 0 means 256, below 0 the pooled features
	NoCentre  bool    // leave in an embedding what b and d have in common
	Hidden    int     // width of the hidden layer; 0 means 256, below 0 none
	Dropout   float32
}

var shuffleAndLearnAbout = About{
	Line: "say whether three frames are in order (Shuffle & Learn; Misra, Zitnick, Hebert 2016)",
	Of:   "films", Hidden: "whether the middle frame is from between the other two",
	Trivial: "chance: a third of three frames",
	Options: []spec.Option{
		{Name: "max", Default: "60", About: "frames from the first of three to the last, at most; less in short films"},
		{Name: "min", Default: "15", About: "frames by which one that is out of order lies outside, at least; less in short films"},
		{Name: "negatives", Default: "0.75", About: "how much of the loss is tuples out of order"},
		motionOption,
		{Name: "differ", Default: "0.01", About: "how far the middle frame differs from those that are out of order, at least (root mean square, parts of white)"},
		{Name: "pool", Default: "4", About: "cells along a side that a frame's features are pooled to: 1 forgets where something is"},
		{Name: "embed", Default: "256", About: "width of a frame's embedding; 0: the pooled features"},
		{Name: "centre", Default: "yes", About: "take from the frames' embeddings what the outer two have in common; no, as in the paper, leaves it in"},
		{Name: "hidden", Default: "256", About: "width of the layer that compares the frames; 0: none, as in the paper"},
		{Name: "dropout", Default: "0", About: "before the last layer; the paper has 0.5"},
	},
	Defences: []Defence{
		{"motion", "motion=none", "tuples in which nothing moves, which can only be guessed"},
		{"differ", "differ=0", "tuples in which the middle frame looks as those that are out of order"},
	},
	Config: func(c *train.Config) { c.LR = 0.05 },
	make: func(v Values) Task {
		t := ShuffleAndLearn{Max: v.Int("max", 2, 100000), Min: v.Int("min", 1, 100000), Negatives: v.Float("negatives", 0.01, 0.99), Motion: v.One("motion", motions...),
			Differ: v.Float("differ", 0, 1), Pool: v.Int("pool", 1, 16), NoCentre: !v.Bool("centre"), Embed: orNone(v, "embed", 1<<16), Hidden: orNone(v, "hidden", 1<<16), Dropout: float32(v.Float("dropout", 0, 0.95))}
		if t.Differ == 0 {
			t.Differ = -1
		}
		return t
	},
}

func (t ShuffleAndLearn) filled() ShuffleAndLearn {
	usual(&t.Max, 60)
	usual(&t.Min, 15)
	usual(&t.Pool, 4)
	usual(&t.Embed, 256)
	usual(&t.Hidden, 256)
	if t.Negatives == 0 {
		t.Negatives = 0.75
	}
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	if t.Differ == 0 {
		t.Differ = 0.01
	}
	return t
}

// The frames of a tuple, and their places in a batch.
const (
	frameA = iota
	frameB
	frameC
	frameD
	frameE
	tupleFrames
)

// middles are the frames that are tried between b and d; the first is the right one.
var middles = [3]int{frameC, frameA, frameE}

// Learner returns a trunk with what embeds a frame, and a head that sees three.
func (t ShuffleAndLearn) Learner(s Setup) (train.Learner, error) {
	t = t.filled()
	width := s.Trunk.Channels() * t.Pool * t.Pool
	embed := layers.Sequential{{Name: "pool", Module: layers.AdaptiveAvgPool(t.Pool, t.Pool)}, {Name: "flatten", Module: layers.Flatten}}
	centre := layers.Child{Name: "centred", Module: layers.Func(centredTuples)}
	if t.Embed > 0 {
		fc := plainNorm("fc", s.RNG, width, t.Embed)
		embed = append(embed, fc[0])
		if !t.NoCentre {
			embed = append(embed, centre)
		}
		embed = append(embed, fc[1:]...)
		width = t.Embed
	} else if !t.NoCentre {
		embed = append(embed, centre)
	}
	var head layers.Sequential
	width *= 3
	if t.Hidden > 0 {
		head = plainNorm("hidden", s.RNG, width, t.Hidden)
		width = t.Hidden
	}
	if t.Dropout > 0 {
		head = append(head, layers.Child{Name: "dropout", Module: layers.Dropout(t.Dropout)})
	}
	head = append(head, layers.Child{Name: "fc", Module: layers.NewLinear(s.RNG, width, 2, layers.LinearOptions{})})
	return &shuffleAndLearn{task: t, setup: s, embed: embed, head: head}, nil
}

// centredTuples takes from the embeddings of each sample's five frames, [5N D], the mean of b and d, which are in every tuple: it is the scene, which tells nothing of
// an order and is many times as large as what moves. A norm behind it, which sees many films, would make what moves vanish beside what distinguishes scenes.
func centredTuples(x *autograd.Var) *autograd.Var {
	rows, width := x.Shape()[0], x.Shape()[1]
	n := rows / tupleFrames
	mean := autograd.Scale(autograd.Add(autograd.Slice(x, 0, frameB*n, n, 1), autograd.Slice(x, 0, frameD*n, n, 1)), 0.5)
	return autograd.Reshape(autograd.Sub(autograd.Reshape(x, tupleFrames, n, width), autograd.Reshape(mean, 1, n, width)), rows, width)
}

type shuffleAndLearn struct {
	task        ShuffleAndLearn
	setup       Setup
	embed, head layers.Sequential
}

func (l *shuffleAndLearn) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "embed", Stateful: l.embed}, {Name: "head", Stateful: l.head}}.Visit(prefix, f)
}

func (l *shuffleAndLearn) Groups() []train.Group { return train.One(l) }

func (l *shuffleAndLearn) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "middle", Unit: metric.Percent, Higher: true, Predictor: "chance", Trivial: 1.0 / 3}, metric.Accuracy(2)}
}

// tuples is a batch: frame k of sample i is row k·N + i of X.
type tuples struct {
	X *tensor.Tensor // [5N S S 3]
	T []int32        // [5N], the frames' numbers
}

// tupleMaker draws five frames of a film.
type tupleMaker struct {
	task   ShuffleAndLearn
	films  *data.Films
	motion *motion
}

func (l *shuffleAndLearn) maker(in data.Inputs, augment bool) (*tupleMaker, error) {
	films, err := l.setup.Films("shuffle-and-learn", in, augment)
	if err != nil {
		return nil, err
	}
	return &tupleMaker{l.task, films, newMotion(films, l.task.Motion)}, nil
}

func (m *tupleMaker) New(n int) *tuples {
	return &tuples{tensor.New(tupleFrames*n, m.films.Side, m.films.Side, 3), make([]int32, tupleFrames*n)}
}

func (m *tupleMaker) Fill(b *tuples, row, i int, rng *tensor.RNG) error {
	frames, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	n := len(b.T) / tupleFrames
	size := m.films.Side * m.films.Side * 3
	clip := make([]float32, tupleFrames*size)
	if err := m.films.Fill(clip, i, frames[:], rng); err != nil {
		return err
	}
	for k, t := range frames {
		b.T[k*n+row] = int32(t)
		copy(b.X.Data[(k*n+row)*size:][:size], clip[k*size:])
	}
	return nil
}

// tupleTries is how often frames are drawn until those that are out of order differ from the right one; then the best draw is taken.
const tupleTries = 12

// draw returns the numbers of five frames of film i, backwards half of the time.
func (m *tupleMaker) draw(i int, rng *tensor.RNG) (frames [tupleFrames]int, err error) {
	n, err := m.films.AtLeast(i, tupleFrames)
	if err != nil {
		return frames, err
	}
	most, least := m.task.Max, m.task.Min
	if whole := most + 2*least + 1; n < whole {
		least = max(1, least*n/whole)
		most = max(2, min(most*n/whole, n-1-2*least))
	}
	best := -1.0
	for range tupleTries {
		span := drawBetween(rng, max(2, most/2), most)
		b, err := m.motion.window(i, n, span, least, n-1-least-span, rng)
		if err != nil {
			return frames, err
		}
		d, edge := b+span, max(1, span/4)
		drawn := [tupleFrames]int{drawBetween(rng, max(0, b-2*least), b-least), b, drawBetween(rng, b+edge, d-edge), d, drawBetween(rng, d+least, min(n-1, d+2*least))}
		differ, err := m.differ(i, drawn)
		if err != nil {
			return frames, err
		}
		if differ > best {
			best, frames = differ, drawn
		}
		if differ >= m.task.Differ*m.task.Differ {
			break
		}
	}
	if rng.Bool(0.5) {
		for k := range tupleFrames / 2 {
			frames[k], frames[tupleFrames-1-k] = frames[tupleFrames-1-k], frames[k]
		}
	}
	return frames, nil
}

// differ returns by how much the frames that are out of order look otherwise than the right one, at least: the mean squared difference.
func (m *tupleMaker) differ(i int, frames [tupleFrames]int) (float64, error) {
	if m.task.Differ < 0 {
		return math.Inf(1), nil
	}
	ims, err := m.films.Still(i, []int{frames[frameC], frames[frameA], frames[frameE]})
	if err != nil {
		return 0, err
	}
	return min(squares(ims[0], ims[1]), squares(ims[0], ims[2])), nil
}

func (l *shuffleAndLearn) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward returns the logits [3N 2] of the tuples with each of middles between b and d, out of order and in order.
func (l *shuffleAndLearn) forward(x *autograd.Var) *autograd.Var {
	z := within("embed", l.embed, within("trunk", l.setup.Trunk, x))
	n := x.Shape()[0] / tupleFrames
	frame := func(k int) *autograd.Var { return autograd.Slice(z, 0, k*n, n, 1) }
	var rows []*autograd.Var
	for _, k := range middles {
		rows = append(rows, autograd.Concat(1, frame(frameB), frame(k), frame(frameD)))
	}
	return within("head", l.head, autograd.Concat(0, rows...))
}

func (l *shuffleAndLearn) step(s train.Step, b *tuples) {
	n := len(b.T) / tupleFrames
	labels, weight := make([]int32, 3*n), tensor.New(3*n, 1)
	for i := range labels {
		weight.Data[i] = float32(l.task.Negatives) / 2
		if i < n {
			labels[i], weight.Data[i] = 1, float32(1-l.task.Negatives)
		}
	}
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		logits := l.forward(t.Input(b.X))
		l.tell(s, logits.Value, n)
		return autograd.CrossEntropySmooth(logits, labels, 0, autograd.LossOptions{Weight: weight})
	})
}

// ordered returns by how much more a tuple is in order than not.
func ordered(logits *tensor.Tensor, row int) float32 { return logits.At(row, 1) - logits.At(row, 0) }

// tell tells the metrics of a batch of n samples.
func (l *shuffleAndLearn) tell(s train.Step, logits *tensor.Tensor, n int) {
	right, middle := 0.0, 0.0
	for i := range n {
		c, a, e := ordered(logits, i), ordered(logits, n+i), ordered(logits, 2*n+i)
		for k, v := range [3]float32{c, -a, -e} {
			if v > 0 {
				right += [3]float64{0.5, 0.25, 0.25}[k]
			}
		}
		if c > a && c > e {
			middle++
		}
	}
	s.Metric("accuracy", right, float64(n))
	s.Metric("middle", middle, float64(n))
}

// Draw shows, a row a film, the frames a to e as the trunk saw them, and below a, c and e how surely the net thinks that the frame belongs between b and d: the
// one that it takes is framed, green where it is c, red where not.
func (l *shuffleAndLearn) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	logits := l.forward(autograd.NewInference().Input(b.X)).Value
	probs := autograd.Softmax(autograd.Const(logits)).Value
	n, side := len(index), m.films.Side
	const cell, bar = 104, 16
	grid := canvas.Grid{Cols: tupleFrames, CellW: cell, CellH: cell + bar + canvas.TextHeight + 4, Gap: 10, Head: 2*canvas.TextHeight + 6}
	sheet := grid.Sheet(tupleFrames * n)
	x0, _ := grid.At(0)
	sheet.Text(x0, 8, tupleFrames*(cell+10), "frames a b c d e; which belongs between b and d? bars: how surely", canvas.Ink)
	sheet.Text(x0, 8+canvas.TextHeight, tupleFrames*(cell+10), "framed: what the net takes, green if it is c", canvas.Ink)
	for i := range n {
		said := 0
		for k := range middles {
			if ordered(logits, k*n+i) > ordered(logits, said*n+i) {
				said = k
			}
		}
		for f := range tupleFrames {
			x, y := grid.At(i*tupleFrames + f)
			im := l.setup.Norm.ToImage(b.X.Rows(f*n+i, f*n+i+1).Data, side, side)
			for k, middle := range middles {
				if middle != f {
					continue
				}
				if k == said {
					sheet.Frame(x-3, y-3, cell+6, cell+6, said == 0)
				}
				sheet.Bar(x, y+cell+5, cell, bar, float64(probs.At(k*n+i, 1)), k == 0)
			}
			sheet.Fit(x, y, cell, cell, im.Pix, side, side)
			sheet.Text(x, y+cell+bar+7, cell, fmt.Sprintf("%c: frame %d", 'a'+f, b.T[f*n+i]), canvas.Ink)
		}
	}
	return sheet, nil
}
