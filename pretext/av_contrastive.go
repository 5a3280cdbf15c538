package pretext

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// AVContrastive hides which of many sounds is of the film that a frame is of, and which of many frames is of a sound's (Morgado, Vasconcelos, Misra, "Audio-visual instance
// discrimination with cross-modal agreement", CVPR 2021: AVID).
//
// Sampling: a frame and a window of its film that holds it, or where the trunk sees clips, a clip as long as the window; windows begin where frames do, as in AudioVisual. The
// others are those of the batch, or, with Memory, as many that are drawn for each batch from what was last said of every film that is trained on.
//
// Nets: two towers as AVE-Net's. AVID has three layers where these have two.
//
// Loss: cross-entropy over cosines divided by Temperature (InfoNCE, where the authors' program has NCE), the mean of pictures that look for sounds and sounds that look for pictures
// (Cross-AVID). Within weighs how pictures find pictures of their own film among others, and sounds sounds, beside that (Self-AVID and Joint-AVID):
// the other view is a second one of the batch (NT-Xent), or what is remembered.
//
// Memory (after Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", CVPR 2018): of each film a picture and a sound,
// of unit length, at first random; after each update m = Momentum·m + (1-Momentum)·z, brought to unit length. What is looked for is remembered too, not of the batch. It stands in
// checkpoints. Films that are not trained on are not remembered: they are found among those of their batch, pictures by sounds and sounds by pictures alone, which is told as loss_match then.
//
// Metrics: match is how often a picture is nearest to its own film's sound among those of the batch, and a sound to its picture, against chance: one in the batch's size.
type AVContrastive struct {
	Temperature float64 // 0 means 0.07
	Memory      int     // films that are drawn for a batch from the memory, with replacement; 0 means the others of the batch
	Momentum    float64 // how much of what is remembered stays, below 1
	Within      float64 // the weight of finding a film's picture by another of it, and a sound, beside finding one by the other
	Ear         string  // the trunk that hears; empty means one like that which sees
	Frames      int     // of a clip that is seen as one; 0 means 1, or 8 of a trunk of clips
	Embed       int     // width of the embeddings; 0 means 128
}

var avContrastiveAbout = About{
	Line: "find the sound of a frame's film among many, and the frame of a sound's (AVID, Morgado et al. 2021)",
	Of:   OfFilmsWithSound, Hidden: "which sound is of which film",
	Trivial:  "chance: one in a batch",
	Shortcut: "what a codec does to sound between frames, which is why windows begin where frames do",
	Options: []spec.Option{
		{Name: "temperature", Default: "0.07", About: "that cosines are divided by"},
		{Name: "memory", Default: "0", About: "films drawn for each batch from what was last said of all (paper: 1024); 0: the others of the batch"},
		{Name: "momentum", Default: "0.5", About: "of memory: how much of what is remembered stays"},
		{Name: "within", Default: "0", About: "weight of finding pictures by pictures and sounds by sounds of one film; 1: joint AVID"},
		earOption,
		{Name: "frames", About: "of a clip as long as a window that is seen as one; if not given 8 of a trunk of clips, 1 of one of pictures"},
		{Name: "embed", Default: "128", About: "width of the embeddings"},
	},
	Config: func(c *train.Config) { c.Optimizer, c.LR, c.WeightDecay = "adam", 1e-3, 1e-5 },
	make: func(v Values) Task {
		t := AVContrastive{Ear: v.Text("ear"), Temperature: v.Float("temperature", 0.001, 100), Memory: v.Int("memory", 0, 1<<20), Momentum: v.Float("momentum", 0, 0.9999),
			Within: v.Float("within", 0, 1000), Frames: v.Int("frames", 0, 256), Embed: v.Int("embed", 2, 1<<14)}
		if t.Memory == 0 && v.Given("momentum") {
			v.Fail("option momentum: it is of memory, which is 0")
		}
		return t
	},
}

func (t AVContrastive) filled(trunk *layers.Trunk) AVContrastive {
	if t.Temperature == 0 {
		t.Temperature = 0.07
	}
	if ofClips(trunk) {
		usual(&t.Frames, 8)
	}
	usual(&t.Frames, 1)
	usual(&t.Embed, 128)
	return t
}

// Learner returns a trunk that sees and one that hears, with what embeds their features, and the memory.
func (t AVContrastive) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Trunk)
	if !(t.Temperature > 0 && t.Momentum >= 0 && t.Momentum < 1 && t.Within >= 0 && t.Memory >= 0) {
		return nil, fmt.Errorf("task av-contrastive of %+v: want Temperature above 0, Momentum from 0 to below 1, Within and Memory not below 0", t)
	}
	ear, err := s.newEar("av-contrastive", t.Ear)
	if err != nil {
		return nil, err
	}
	l := &avContrastive{task: t, setup: s, ear: ear, see: pooledTower(s.RNG, s.Trunk, t.Embed), hear: pooledTower(s.RNG, ear, t.Embed)}
	if t.Memory == 0 {
		return l, nil
	}
	for k, name := range rememberedNames {
		if l.memory[k], err = s.newBank("av-contrastive", name, t.Embed, s.Inputs.Clips); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// rememberedNames are the names of what is remembered.
var rememberedNames = [2]string{"memory.pictures", "memory.sounds"}

type avContrastive struct {
	task      AVContrastive
	setup     Setup
	ear       *layers.Trunk
	see, hear layers.Sequential // of a trunk's features to embeddings
	memory    [2]*bank          // of pictures and of sounds; nil where nothing is remembered
}

// Ear returns the trunk that hears.
func (l *avContrastive) Ear() *layers.Trunk { return l.ear }

func (l *avContrastive) Visit(prefix string, f func(layers.Param)) {
	parts := layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "ear", Stateful: l.ear}, {Name: "see", Stateful: l.see}, {Name: "hear", Stateful: l.hear}}
	if l.memory[0] != nil {
		for k, name := range rememberedNames {
			parts = append(parts, layers.Part{Name: name, Stateful: l.memory[k]})
		}
	}
	parts.Visit(prefix, f)
}

func (l *avContrastive) Groups() []train.Group { return train.One(l) }

func (l *avContrastive) Metrics() []metric.Metric {
	loss := metric.Loss()
	out := []metric.Metric{{Name: "match", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "chance"}, {Name: "chance", Unit: metric.Percent}}
	if l.memory[0] != nil {
		loss.OnlyTrained = true
		out = append(out, metric.Metric{Name: "loss_match"})
	}
	return append([]metric.Metric{loss}, out...)
}

// heardFilms is a batch: view v of film i is row v·N+i of Y, and the frames of its clip rows (v·N+i)·T and on of X.
type heardFilms struct {
	X  *tensor.Tensor // [V·N·T S S 3]
	Y  *tensor.Tensor // [V·N T F 1]
	Of []int32        // [N], the films' numbers
}

// heardMaker draws one or two views of films.
type heardMaker struct {
	frames, views int
	*watched
}

func (l *avContrastive) maker(in data.Inputs, augment bool) (*heardMaker, error) {
	w, err := l.setup.watched("av-contrastive", in, augment)
	m := &heardMaker{l.task.Frames, 1, w}
	if l.task.Within > 0 && l.memory[0] == nil { // else the second view is what is remembered
		m.views = 2
	}
	return m, err
}

func (m *heardMaker) New(n int) *heardFilms {
	side, rows := m.films.Side, m.views*n
	return &heardFilms{tensor.New(rows*m.frames, side, side, 3), tensor.New(append([]int{rows}, m.sounds.Shape()...)...), make([]int32, n)}
}

func (m *heardMaker) Fill(b *heardFilms, row, i int, rng *tensor.RNG) error {
	b.Of[row] = int32(i)
	for v := range m.views {
		frame, at, err := m.moment(i, rng)
		if err != nil {
			return err
		}
		frames := []int{frame}
		if m.frames > 1 {
			if frames, err = m.clip(i, at, m.frames); err != nil {
				return err
			}
		}
		to := v*len(b.Of) + row
		if err := m.films.Fill(b.X.Rows(to*m.frames, (to+1)*m.frames).Data, i, frames, rng); err != nil {
			return err
		}
		if err := m.hear(b.Y.Rows(to, to+1).Data, i, at, rng); err != nil {
			return err
		}
	}
	return nil
}

func (l *avContrastive) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task av-contrastive learns from batches of 2 and more: its batch norm sees one value a frame, and a sound is to be found among others")
	}
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	step := l.step
	if augment && l.memory[0] != nil {
		if err := l.memory[0].fits("av-contrastive", in.Clips.Len()); err != nil {
			return nil, err
		}
		step = l.remembering
	}
	return train.NewFeed(in.Clips.Len(), m, o, step), nil
}

// OneSpace says that clips and sounds are compared.
func (l *avContrastive) OneSpace() bool { return true }

// ClipFrames returns how many frames are seen as one.
func (l *avContrastive) ClipFrames() int { return l.task.Frames }

// Pictures returns the embeddings [N D] of frames or clips x [N·T S S 3], of unit length.
func (l *avContrastive) Pictures(x *autograd.Var) *autograd.Var {
	s := x.Shape()
	n := s[0] / l.task.Frames
	if ofClips(l.setup.Trunk) {
		x = autograd.Reshape(x, n, l.task.Frames, s[1], s[2], s[3])
	}
	z := within("trunk", l.setup.Trunk, x)
	c := z.Shape()[len(z.Shape())-1]
	return autograd.L2Normalize(within("see", l.see, autograd.Reshape(z, n, -1, 1, c))) // the places of all frames
}

// Sounds returns the embeddings [N D] of spectrograms [N T F 1], of unit length.
func (l *avContrastive) Sounds(y *autograd.Var) *autograd.Var {
	return autograd.L2Normalize(within("hear", l.hear, within("ear", l.ear, y)))
}

// eachView cuts embeddings [V·N D] into those of each view.
func eachView(z *autograd.Var, n int) (out []*autograd.Var) {
	for v := range z.Shape()[0] / n {
		out = append(out, autograd.Slice(z, 0, v*n, n, 1))
	}
	return out
}

// match returns the loss of finding the other kind among those of the batch, and what is of the same film, and tells how often the first views are found.
func (l *avContrastive) match(s train.Step, z [2]*autograd.Var, n int) *autograd.Var {
	tau := float32(l.task.Temperature)
	own := rowsOf(z[0].Tape(), n)
	pictures, sounds := eachView(z[0], n), eachView(z[1], n)
	var loss *autograd.Var
	for v := range pictures {
		for k, pair := range [2][2]*autograd.Var{{pictures[v], sounds[v]}, {sounds[v], pictures[v]}} {
			cosines := autograd.MatMulNT(pair[0], autograd.Together(pair[1]))
			if v == 0 {
				s.Metric("match", float64(tensor.CountRight(cosines.Value, own)), float64(n))
			}
			each := autograd.CrossEntropy(autograd.Scale(cosines, 1/tau), own)
			if v == 0 && k == 0 {
				loss = each
			} else {
				loss = autograd.Add(loss, each)
			}
		}
	}
	s.Metric("chance", 1, float64(n))
	loss = autograd.Scale(loss, 1/float32(2*len(pictures)))
	if len(pictures) == 1 || l.task.Within == 0 {
		return loss
	}
	same := autograd.Scale(autograd.Add(autograd.NTXent(z[0], tau), autograd.NTXent(z[1], tau)), 0.5)
	return l.joint(loss, same)
}

// joint weighs the loss across pictures and sounds and that within each.
func (l *avContrastive) joint(across, within *autograd.Var) *autograd.Var {
	w := float32(l.task.Within)
	return autograd.Add(autograd.Scale(across, 1/(1+w)), autograd.Scale(within, w/(1+w)))
}

// both returns the embeddings of pictures and of sounds.
func (l *avContrastive) both(t *autograd.Tape, b *heardFilms) [2]*autograd.Var {
	return [2]*autograd.Var{l.Pictures(t.Input(b.X)), l.Sounds(t.Input(b.Y))}
}

// step finds within the batch.
func (l *avContrastive) step(s train.Step, b *heardFilms) {
	name := "loss"
	if l.memory[0] != nil {
		name = "loss_match"
	}
	s.Minimise(name, func(t *autograd.Tape) *autograd.Var { return l.match(s, l.both(t, b), len(b.Of)) })
}

// remembering finds among what is remembered, and remembers.
func (l *avContrastive) remembering(s train.Step, b *heardFilms) {
	n := len(b.Of)
	drawn := l.memory[0].drawn(s.RNG(), l.task.Memory)
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.both(t, b)
		t.NoGrad(func() {
			s.Metric("loss_match", float64(l.match(s, z, n).Scalar())*float64(n), float64(n))
		})
		for k := range z {
			l.memory[k].put(s, b.Of, z[k].Value, l.task.Momentum)
		}
		return l.recall(z, b.Of, drawn)
	})
}

// recall returns the loss of finding in the memory what is of the films of pictures and sounds z, among those that were drawn.
func (l *avContrastive) recall(z [2]*autograd.Var, of, drawn []int32) *autograd.Var {
	find := func(a, among int) *autograd.Var {
		return autograd.CrossEntropy(l.memory[among].recall(z[a], of, drawn, l.task.Temperature), make([]int32, len(of)))
	}
	loss := autograd.Scale(autograd.Add(find(0, 1), find(1, 0)), 0.5)
	if l.task.Within == 0 {
		return loss
	}
	return l.joint(loss, autograd.Scale(autograd.Add(find(0, 0), find(1, 1)), 0.5))
}

const soundsShown = 4 // sounds of other films that Draw shows

// Draw shows, a row a film, a frame, its own sound, and the sounds of other films that the net finds nearest to the frame, nearest first, each with a frame of its film below and
// its cosine. Its own is framed green where no other is as near.
func (l *avContrastive) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	m.views = 1
	b, err := gallery(m, index, in.Clips.Len())
	if err != nil {
		return nil, err
	}
	n := len(b.Of)
	z := l.both(autograd.NewInference(), b)
	cosines := tensor.New(n, n)
	similar(cosines, z[0].Value, z[1].Value)
	const label = canvas.TextHeight + 4
	g := canvas.Grid{Cols: 2 + soundsShown, CellW: filmCell, CellH: label + filmCell + 4 + filmCell, Gap: 10, Head: label}
	sheet := g.Sheet(len(index) * g.Cols)
	side, shape := m.films.Side, b.Y.Shape
	frame := func(x, y, film int) {
		at := film*m.frames + m.frames/2
		sheet.Fit(x, y, filmCell, filmCell, l.setup.Norm.ToImage(b.X.Rows(at, at+1).Data, side, side).Pix, side, side)
	}
	heard := func(x, y, film int) {
		stretched(sheet, x, y, filmCell, filmCell, spectrogramPicture(b.Y.Rows(film, film+1).Data, shape[1], shape[2]))
	}
	for col, title := range []string{"a frame", "its sound", fmt.Sprintf("nearest sounds of %d other films, cosine", n-1)} {
		x, _ := g.At(col)
		sheet.Text(x, 6, filmCell+max(0, col-1)*(soundsShown-1)*(filmCell+g.Gap), title, canvas.Ink)
	}
	for row := range index {
		rank, others := ranked(cosines.Data[row*n:(row+1)*n], row)
		x, y := g.At(row * g.Cols)
		frame(x, y+label, row)
		x, y = g.At(row*g.Cols + 1)
		sheet.Text(x, y, filmCell, fmt.Sprintf("%.2f: no. %d", cosines.At(row, row), rank), canvas.Ink)
		sheet.Frame(x-3, y+label-3, filmCell+6, filmCell+6, rank == 1)
		heard(x, y+label, row)
		for k, j := range others[:min(soundsShown, len(others))] {
			x, y := g.At(row*g.Cols + 2 + k)
			sheet.Text(x, y, filmCell, fmt.Sprintf("%.2f", cosines.At(row, j)), canvas.Ink)
			heard(x, y+label, j)
			frame(x, y+label+filmCell+4, j)
		}
	}
	return sheet, nil
}
