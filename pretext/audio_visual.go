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

// AudioVisual hides whether a frame and a second of sound are of one film (audio-visual correspondence). One trunk sees, another hears, each without
// knowing what the other does, and what they say is joined in one of three ways:
//
//   - concat: L3-Net (Arandjelović, Zisserman, "Look, listen and learn", ICCV 2017): the largest values of both trunks' channels side by side, through two layers.
//     These are its embeddings.
//   - distance: AVE-Net (the same, "Objects that sound", ECCV 2018, section 3): embeddings of unit length, and of their distance alone a scale and a shift. What
//     belongs together has to lie together, so that a picture finds sounds.
//   - location: AVOL-Net (there, section 4): the sound's embedding times that of every place of the picture, a scale and a shift; the likeliest place
//     answers, as in learning from several instances. The map says where it sounds.
//
// Sampling: a frame, and a window of its film that holds it; each sound is also laid beside the frames of the other films of the batch, which costs no more of the
// towers and teaches faster than the one of the papers. Belonging and not belonging weigh half of the loss each.
//
// What could be answered without looking and listening, and the defence: what a codec does to sound where frames begin. Windows begin there, those that belong and those
// that do not. Where others' sounds begin at any time instead, that tells them apart: in the 2018 paper (section 3.3) accuracy rose from 81.9 to 87.6 % and retrieval fell.
//
// Metrics: accuracy of the question, against a half.
type AudioVisual struct {
	Fusion    string // concat, distance or location; empty means distance
	Ear       string // the trunk that hears; empty means one like that which sees
	Embed     int    // width of the embeddings, or of concat's hidden layer; 0 means 128
	Negatives int    // other films of the batch beside whose frames a sound is laid; 0 means all
	OffGrid   bool   // what is laid beside others' frames is another window of the film's sound, which begins between frames
}

var fusions = []string{"distance", "concat", "location"}

var audioVisualAbout = About{
	Line: "say whether a frame and a sound are of one film (L3-Net, AVE-Net, AVOL-Net; Arandjelović, Zisserman 2017, 2018)",
	Of:   OfFilmsWithSound, Hidden: "whether a frame and a sound belong together",
	Trivial: "chance: 50 %",
	Options: []spec.Option{
		{Name: "fusion", Default: "distance", About: "distance of the embeddings (AVE-Net), both trunks through two layers (concat, L3-Net), or place by place (location, AVOL-Net)"},
		earOption,
		{Name: "embed", Default: "128", About: "width of the embeddings, or of concat's hidden layer"},
		{Name: "negatives", Default: "0", About: "frames of other films of the batch that each sound is laid beside (the papers': 1); 0 means all"},
		{Name: "aligned", Default: "yes", About: "sounds beside others' frames begin where frames do, as those beside their own; no: between frames"},
	},
	Defences: []Defence{{"aligned", "aligned=no", "what a codec does to sound where a frame begins"}},
	Config:   func(c *train.Config) { c.Optimizer, c.LR, c.WeightDecay = "adam", 1e-3, 1e-5 },
	make: func(v Values) Task {
		t := AudioVisual{Ear: v.Text("ear"), Fusion: v.One("fusion", fusions...), Embed: v.Int("embed", 1, 1<<14), Negatives: v.Int("negatives", 0, 1024), OffGrid: !v.Bool("aligned")}
		return t
	},
}

func (t AudioVisual) filled() AudioVisual {
	if t.Fusion == "" {
		t.Fusion = fusions[0]
	}
	usual(&t.Embed, 128)
	return t
}

// Learner returns a trunk that sees and one that hears, with what embeds their features and what compares them.
func (t AudioVisual) Learner(s Setup) (train.Learner, error) {
	t = t.filled()
	ear, err := s.newEar("audio-visual", t.Ear)
	if err != nil {
		return nil, err
	}
	return t.learner(s, ear)
}

func (t AudioVisual) learner(s Setup, ear *layers.Trunk) (*audioVisual, error) {
	l := &audioVisual{task: t, setup: s, ear: ear}
	l.see, l.hear = t.tower(s, s.Trunk, t.Fusion == "location"), t.tower(s, ear, false)
	switch t.Fusion {
	case "concat":
		l.join = append(plainNorm("hidden", s.RNG, s.Trunk.Channels()+ear.Channels(), t.Embed), layers.Child{Name: "fc", Module: layers.NewLinear(s.RNG, t.Embed, 1, layers.LinearOptions{})})
	case "distance", "location":
		// far says no, near says yes, from the first step on
		fc := layers.NewLinear(s.RNG, 1, 1, layers.LinearOptions{})
		fc.W.Data[0], fc.B.Data[0] = -3, 3
		if t.Fusion == "location" {
			fc.W.Data[0], fc.B.Data[0] = 1, 0
		}
		l.join = layers.Sequential{{Name: "fc", Module: fc}}
	default:
		return nil, fmt.Errorf("task audio-visual: fusion=%q; there are distance, concat and location", t.Fusion)
	}
	return l, nil
}

// tower returns two layers on a trunk's features: of the largest value of each channel, or of every place. Of concat there are the values alone.
func (t AudioVisual) tower(s Setup, trunk *layers.Trunk, everywhere bool) layers.Sequential {
	switch {
	case t.Fusion == "concat":
		return layers.Sequential{{Name: "pool", Module: layers.Func(globalMax)}}
	case !everywhere:
		return pooledTower(s.RNG, trunk, t.Embed)
	}
	return append(layers.Sequential{{Name: "places", Module: layers.Func(func(x *autograd.Var) *autograd.Var {
		n := x.Shape()
		return autograd.Reshape(x, n[0]*n[1]*n[2], n[3])
	})}}, twoLayers(s.RNG, trunk.Channels(), t.Embed)...)
}

type audioVisual struct {
	task      AudioVisual
	setup     Setup
	ear       *layers.Trunk
	see, hear layers.Sequential // of a trunk's features to embeddings
	join      layers.Sequential // of what both say to a logit
}

// Ear returns the trunk that hears.
func (l *audioVisual) Ear() *layers.Trunk { return l.ear }

func (l *audioVisual) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "ear", Stateful: l.ear}, {Name: "see", Stateful: l.see}, {Name: "hear", Stateful: l.hear},
		{Name: "join", Stateful: l.join}}.Visit(prefix, f)
}

func (l *audioVisual) Groups() []train.Group { return train.One(l) }

func (l *audioVisual) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), {Name: "accuracy", Unit: metric.Percent, Higher: true, Predictor: "chance", Trivial: 0.5}}
}

// moments is a batch: row i of X is a frame of a film, row i of Y a window of its sound. Where sounds are to be laid off the grid beside others' frames there are
// twice as many windows, M = 2N, and row N+i is the one for that; else M = N.
type moments struct {
	X    *tensor.Tensor // [N S S 3]
	Y    *tensor.Tensor // [M T F 1]
	T    []int32        // [N], the frames' numbers
	From []float32      // [M], the seconds at which windows begin
}

// momentMaker draws moments of films.
type momentMaker struct {
	*watched
	offGrid bool
}

func (m *momentMaker) New(n int) *moments {
	side, sounds := m.films.Side, n
	if m.offGrid {
		sounds = 2 * n
	}
	return &moments{tensor.New(n, side, side, 3), tensor.New(append([]int{sounds}, m.sounds.Shape()...)...), make([]int32, n), make([]float32, sounds)}
}

func (m *momentMaker) Fill(b *moments, row, i int, rng *tensor.RNG) error {
	frame, at, err := m.moment(i, rng)
	if err != nil {
		return err
	}
	b.T[row], b.From[row] = int32(frame), float32(at)
	err = m.put(b.X.Rows(row, row+1).Data, b.Y.Rows(row, row+1).Data, i, frame, at, rng)
	if err != nil || !m.offGrid {
		return err
	}
	if at, err = m.between(i, rng); err != nil {
		return err
	}
	row += len(b.T)
	b.From[row] = float32(at)
	return m.hear(b.Y.Rows(row, row+1).Data, i, at, rng)
}

func (l *audioVisual) maker(in data.Inputs, augment bool) (*momentMaker, error) {
	w, err := l.setup.watched("audio-visual", in, augment)
	return &momentMaker{w, l.task.OffGrid}, err
}

func (l *audioVisual) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task audio-visual learns from batches of 2 and more: a sound is laid beside the frames of other films of its batch")
	}
	if augment && l.task.Negatives >= o.Whole() {
		return nil, fmt.Errorf("task audio-visual with negatives=%d learns from batches of %d and more; 0 takes all there are", l.task.Negatives, l.task.Negatives+1)
	}
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// OneSpace tells whether both are compared: put side by side, each may lie anywhere.
func (l *audioVisual) OneSpace() bool { return l.task.Fusion != "concat" }

// ClipFrames says that frames are embedded one by one.
func (l *audioVisual) ClipFrames() int { return 1 }

// Pictures returns the embeddings [N D] of frames [N S S 3]: of unit length where they are compared by their distance, the largest value over all places
// where every place has its own, the largest of the trunk's features where both are put side by side.
func (l *audioVisual) Pictures(x *autograd.Var) *autograd.Var {
	z := l.seen(x)
	switch l.task.Fusion {
	case "distance":
		return autograd.L2Normalize(z)
	case "location":
		return autograd.MaxAxis(autograd.Reshape(z, x.Shape()[0], -1, l.task.Embed), 1)
	}
	return z
}

// Sounds returns the embeddings [N D] of spectrograms [N T F 1].
func (l *audioVisual) Sounds(y *autograd.Var) *autograd.Var {
	z := within("hear", l.hear, within("ear", l.ear, y))
	if l.task.Fusion == "distance" {
		return autograd.L2Normalize(z)
	}
	return z
}

// seen returns the embeddings of frames, [N D], or of all of their places, [N·P D].
func (l *audioVisual) seen(x *autograd.Var) *autograd.Var {
	return within("see", l.see, within("trunk", l.setup.Trunk, x))
}

// compared returns the logits [M 1] of pairs: frame a[k] and sound b[k]. maps are those of every place, [M P], where fusion is location.
func (l *audioVisual) compared(seen, heard *autograd.Var, a, b []int32) (logits, maps *autograd.Var) {
	switch l.task.Fusion {
	case "concat":
		return within("join", l.join, autograd.Concat(1, autograd.Gather(seen, a), autograd.Gather(heard, b))), nil
	case "distance":
		return within("join", l.join, distances(autograd.Gather(seen, a), autograd.Gather(heard, b))), nil
	}
	heard = autograd.Gather(heard, b)
	places := seen.Shape()[1]
	dots := autograd.BatchMatMulNT(autograd.Gather(seen, a), autograd.Reshape(heard, len(b), 1, l.task.Embed))
	// as for the distance of vectors of unit length, what is compared begins of the order of 1
	dots = autograd.Scale(dots, float32(1/math.Sqrt(float64(l.task.Embed))))
	maps = autograd.Reshape(within("join", l.join, autograd.Reshape(dots, len(a)*places, 1)), len(a), places)
	return autograd.Reshape(autograd.MaxAxis(maps, 1), len(a), 1), maps
}

// both returns what is said of frames and of sounds, for compared.
func (l *audioVisual) both(t *autograd.Tape, b *moments) (seen, heard *autograd.Var) {
	heard = l.Sounds(t.Input(b.Y))
	if l.task.Fusion == "location" {
		return autograd.Reshape(l.seen(t.Input(b.X)), len(b.T), -1, l.task.Embed), heard
	}
	return l.Pictures(t.Input(b.X)), heard
}

// sound returns the row, of those of Y of all shards of n films, that is compared with frame i of the batch's films: its own, or that of the k-th film after it.
func (l *audioVisual) sound(i, k, n, films int) int32 {
	film := (i + k) % films
	if !l.task.OffGrid {
		return int32(film)
	}
	row := film/n*2*n + film%n
	if k > 0 {
		row += n
	}
	return int32(row)
}

// pairings returns which of n frames and which sound are compared, of a batch of so many films, of which the frames' are those from number first on: first each with its own,
// then each with those of the films after its own.
func (l *audioVisual) pairings(first, n, films int) (frames, sounds []int32) {
	others := films - 1
	if k := l.task.Negatives; k > 0 {
		others = min(k, others)
	}
	for k := range others + 1 {
		for i := range n {
			frames, sounds = append(frames, int32(i)), append(sounds, l.sound(first+i, k, n, films))
		}
	}
	return frames, sounds
}

func (l *audioVisual) step(s train.Step, b *moments) {
	n := len(b.T)
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		frames, sounds := l.pairings(t.FirstRow(n), n, t.AllRows(n))
		want, weight := tensor.New(len(frames), 1), tensor.New(len(frames), 1)
		others := len(frames)/n - 1
		for k := range frames {
			weight.Data[k] = 1
			if k < n {
				want.Data[k] = 1
				weight.Data[k] = float32(max(others, 1))
			}
		}
		seen, heard := l.both(t, b)
		logits, _ := l.compared(seen, autograd.Together(heard), frames, sounds)
		right, all := 0.0, 0.0
		for k, v := range logits.Value.Data {
			all += float64(weight.Data[k])
			if (v > 0) == (k < n) {
				right += float64(weight.Data[k])
			}
		}
		if others > 0 { // of one film alone there is no question
			s.Metric("accuracy", right/all*float64(n), float64(n))
		}
		return autograd.BCEWithLogits(logits, want, autograd.LossOptions{Weight: weight})
	})
}

// Draw shows, a row a film, a frame, the spectrogram of its sound and where there are several films that of another, with how surely the net thinks that each
// belongs; where places are compared also where each is thought to sound.
func (l *audioVisual) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	n := len(index)
	seen, heard := l.both(autograd.NewInference(), b)
	var frames, sounds []int32
	beside := min(n, 2) // sounds that a frame is laid beside
	for i := range n {
		for k := range beside {
			frames, sounds = append(frames, int32(i)), append(sounds, l.sound(i, k, n, n))
		}
	}
	logits, maps := l.compared(seen, heard, frames, sounds)
	const cell, bar = 112, 12
	cols := 1 + beside
	if maps != nil {
		cols += beside
	}
	g := canvas.Grid{Cols: cols, CellW: cell, CellH: cell + bar + canvas.TextHeight + 6, Gap: 8, Head: canvas.TextHeight + 8}
	sheet := g.Sheet(cols * n)
	x0, y0 := g.At(0)
	head := "a frame, its sound; bar: how surely"
	if beside > 1 {
		head = "a frame, two sounds; bars: which belongs"
	}
	sheet.Text(x0, y0-canvas.TextHeight-6, cols*(cell+g.Gap), head, canvas.Ink)
	shape, side := b.Y.Shape, m.films.Side
	for i := range n {
		frame := l.setup.Norm.ToImage(b.X.Rows(i, i+1).Data, side, side)
		x, y := g.At(i * cols)
		sheet.Fit(x, y, cell, cell, frame.Pix, side, side)
		sheet.Text(x, y+cell+bar+5, cell, fmt.Sprintf("frame %d", b.T[i]), canvas.Ink)
		for k := range beside {
			pair := beside*i + k
			of := int(sounds[pair])
			x, y := g.At(i*cols + 1 + k)
			im := spectrogramPicture(b.Y.Rows(of, of+1).Data, shape[1], shape[2])
			sheet.Fit(x, y, cell, cell, im.Pix, im.H, im.W)
			sheet.Bar(x, y+cell+2, cell, bar, 1/(1+math.Exp(-float64(logits.Value.Data[pair]))), k == 0)
			sheet.Text(x, y+cell+bar+5, cell, [2]string{"its own", "another"}[k], canvas.Ink)
			if maps == nil {
				continue
			}
			x, y = g.At(i*cols + 1 + beside + k)
			lit := lit(frame, l.heat(maps.Value.Rows(pair, pair+1).Data, side))
			sheet.Fit(x, y, cell, cell, lit.Pix, side, side)
			sheet.Text(x, y+cell+bar+5, cell, [2]string{"where, its own", "where, another"}[k], canvas.Ink)
		}
	}
	return sheet, nil
}

// heat returns, of every pixel of a frame, the probability that it sounds, of the logits of places.
func (l *audioVisual) heat(logits []float32, side int) []float32 {
	out := make([]float32, side*side)
	cells := int(math.Sqrt(float64(len(logits))))
	for p := range out {
		v := logits[(p/side*cells/side)*cells+p%side*cells/side]
		out[p] = float32(1 / (1 + math.Exp(-float64(v))))
	}
	return out
}

// Localises tells whether places are compared.
func (l *audioVisual) Localises() bool { return l.task.Fusion == "location" }

// Where returns the logit of each place of a picture that it makes a sound.
func (l *audioVisual) Where(x, y *autograd.Var) *tensor.Tensor {
	z := within("trunk", l.setup.Trunk, x)
	s := z.Shape()
	seen := autograd.Reshape(within("see", l.see, z), 1, s[1]*s[2], l.task.Embed)
	_, maps := l.compared(seen, l.Sounds(y), []int32{0}, []int32{0})
	return maps.Value.Clone().Reshape(s[1], s[2])
}
