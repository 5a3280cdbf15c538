package pretext

import (
	"fmt"
	"image"
	"math"
	"sort"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// AVSync hides whether a clip and a window of its film's sound are in time, or the sound is of another time (Korbar, Tran, Torresani, "Cooperative learning of audio and
// video models from self-supervised synchronization", NeurIPS 2018; Owens, Efros, "Audio-visual scene analysis with self-supervised multisensory features", ECCV 2018).
//
// Sampling: a clip that lasts as long as a window, the window that begins with it, and another window of the same film that begins at least Shift seconds before or after:
// the hard negatives of Korbar et al., which are half a second away. Windows of a second that begin half a second apart overlap, as there the super-hard ones and
// those of Owens and Efros. The sounds of other films are the easy negatives.
//
// What could be answered without comparing, and the defence:
//   - what a codec does to sound between frames: all windows begin where frames do;
//   - silence after the end, or how a film's beginning sounds: all windows end with the sound, and which of the two is the clip's is drawn evenly, so that each time is as
//     often in time as not.
//
// Nets: the frames of a clip, side by side (of a trunk of clips: the clip), through two layers; a spectrogram's features at some moments, side by side, through two: when
// something is heard is the answer, so that time is not pooled away. Embeddings have unit length.
//
// Loss: of d, the distance of both embeddings, d² in time and max(0, margin - d)² out of time (the contrastive loss of Chopra, Hadsell, LeCun, "Learning a similarity metric
// discriminatively", CVPR 2005), or cross-entropy of a scale and a shift of d. In time and out of time weigh half each.
//
// Metrics: in_time is how often the window in time lies nearer to the clip than the other, which no threshold hides; accuracy is of both questions by themselves, where d less
// than half of the margin, or the logit, says yes; of_film how often the window lies nearer than one of another film. A half is chance.
type AVSync struct {
	Shift      float64 // seconds between the beginnings of two windows of a film, at least; 0 means 0.5
	Loss       string  // contrastive or bce; empty means contrastive
	Margin     float64 // of contrastive; 0 means 0.99
	Easy       float64 // the part of the negatives that is of other films, 0 to 1 (Korbar et al.: 0.75)
	Curriculum float64 // the part of a run, from its beginning on, in which all are (Korbar et al.: 0.55)
	Ear        string  // the trunk that hears; empty means one like that which sees
	Frames     int     // of a clip that the trunk sees; 0 means 16, or 6 where it sees pictures
	Moments    int     // of a window, whose features lie side by side; 0 means 8
	Pool       int     // cells along a side that features of frames are pooled to; 0 means 4
	Embed      int     // width of the embeddings; 0 means 128
}

var syncLosses = []string{"contrastive", "bce"}

var avSyncAbout = About{
	Line: "say whether a clip and its film's sound are in time (Korbar et al. 2018; Owens, Efros 2018)",
	Of:   OfFilmsWithSound, Hidden: "whether the sound is the clip's, or of another time",
	Trivial:  "chance: 50 %",
	Shortcut: "what a codec does to sound between frames, which is why windows begin where frames do",
	Options: []spec.Option{
		{Name: "shift", Default: "0.5", About: "seconds between the beginnings of two windows of a film, at least; less than a window: they overlap"},
		{Name: "loss", Default: "contrastive", About: "of the embeddings' distance: contrastive with a margin, or bce of a scale and a shift"},
		{Name: "margin", Default: "0.99", About: "of contrastive: how far apart what is out of time has to lie"},
		{Name: "easy", Default: "0", About: "part of what is out of time that is of other films (paper: 0.75)"},
		{Name: "curriculum", Default: "0", About: "part of the run, from its beginning on, in which all of it is (paper: 0.55)"},
		earOption,
		{Name: "frames", About: "of a clip that the trunk sees, evenly spread; if not given 16 of a trunk of clips, 6 of one of pictures"},
		{Name: "moments", Default: "8", About: "of a window of sound, whose features lie side by side"},
		clipPoolOption,
		{Name: "embed", Default: "128", About: "width of the embeddings"},
	},
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.WeightDecay, c.Sound = "adam", 1e-3, 1e-5, "mel?seconds=0.5"
	},
	make: func(v Values) Task {
		t := AVSync{Ear: v.Text("ear"), Shift: v.Float("shift", 0.01, 3600), Loss: v.One("loss", syncLosses...), Margin: v.Float("margin", 0.01, 2), Easy: v.Float("easy", 0, 1),
			Curriculum: v.Float("curriculum", 0, 1), Frames: v.Int("frames", 0, 256), Moments: v.Int("moments", 1, 256), Pool: v.Int("pool", 1, 16),
			Embed: v.Int("embed", 1, 1<<14)}
		if t.Loss != syncLosses[0] && v.Given("margin") {
			v.Fail("option margin: it is of loss=contrastive")
		}
		return t
	},
}

func (t AVSync) filled(trunk *layers.Trunk) AVSync {
	if t.Shift == 0 {
		t.Shift = 0.5
	}
	if t.Loss == "" {
		t.Loss = syncLosses[0]
	}
	if t.Margin == 0 {
		t.Margin = 0.99
	}
	usual(&t.Frames, framesSeen(trunk, 6))
	usual(&t.Moments, 8)
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	return t
}

// Learner returns a trunk that sees and one that hears, with what embeds clips and windows.
func (t AVSync) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Trunk)
	switch {
	case t.Loss != syncLosses[0] && t.Loss != syncLosses[1]:
		return nil, fmt.Errorf("task av-sync: loss=%q; there are contrastive and bce", t.Loss)
	case !(t.Easy >= 0 && t.Easy <= 1 && t.Curriculum >= 0 && t.Curriculum <= 1 && t.Shift > 0 && t.Margin > 0):
		return nil, fmt.Errorf("task av-sync of %+v: want Shift and Margin above 0, Easy and Curriculum from 0 to 1", t)
	}
	ear, err := s.newEar("av-sync", t.Ear)
	if err != nil {
		return nil, err
	}
	together := t.Frames
	if ofClips(s.Trunk) {
		together = 1
	}
	l := &avSync{task: t, setup: s, ear: ear, net: newClipNet(s, t.Frames, t.Pool, t.Embed, together, false)}
	l.see = twoLayers(s.RNG, l.net.width, t.Embed)
	l.hear = append(layers.Sequential{{Name: "pool", Module: layers.AdaptiveAvgPool(t.Moments, 1)}, {Name: "flatten", Module: layers.Flatten}}, twoLayers(s.RNG, t.Moments*ear.Channels(), t.Embed)...)
	if t.Loss == "bce" { // far says no, near says yes, from the first step on
		fc := layers.NewLinear(s.RNG, 1, 1, layers.LinearOptions{})
		fc.W.Data[0], fc.B.Data[0] = -3, 3
		l.join = layers.Sequential{{Name: "fc", Module: fc}}
	}
	return l, nil
}

type avSync struct {
	task      AVSync
	setup     Setup
	ear       *layers.Trunk
	net       *clipNet
	see, hear layers.Sequential // of an embedded clip, and of the ear's features, to embeddings
	join      layers.Sequential // of a distance to a logit; nothing where the loss is contrastive
}

// Ear returns the trunk that hears.
func (l *avSync) Ear() *layers.Trunk { return l.ear }

func (l *avSync) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Parts{{Name: "ear", Stateful: l.ear}, {Name: "see", Stateful: l.see}, {Name: "hear", Stateful: l.hear}, {Name: "join", Stateful: l.join}}...).Visit(prefix, f)
}

func (l *avSync) Groups() []train.Group { return train.One(l) }

func (l *avSync) Metrics() []metric.Metric {
	half := func(name string) metric.Metric {
		return metric.Metric{Name: name, Unit: metric.Percent, Higher: true, Predictor: "chance", Trivial: 0.5}
	}
	return []metric.Metric{metric.Loss(), half("in_time"), half("accuracy"), half("of_film")}
}

// synced is a batch: the frames of clip i are rows i·T to (i+1)·T-1 of X, the window in time is row 2i of Y and the other row 2i+1.
type synced struct {
	X    *tensor.Tensor // [N·T S S 3]
	Y    *tensor.Tensor // [2N T F 1]
	From []float32      // [2N], the seconds at which windows begin
}

// syncMaker draws clips with windows of sound.
type syncMaker struct {
	task AVSync
	*watched
}

func (l *avSync) maker(in data.Inputs, augment bool) (*syncMaker, error) {
	w, err := l.setup.watched("av-sync", in, augment)
	return &syncMaker{l.task, w}, err
}

func (m *syncMaker) New(n int) *synced {
	side := m.films.Side
	return &synced{tensor.New(n*m.task.Frames, side, side, 3), tensor.New(append([]int{2 * n}, m.sounds.Shape()...)...), make([]float32, 2*n)}
}

func (m *syncMaker) Fill(b *synced, row, i int, rng *tensor.RNG) error {
	times, err := m.films.Times(i)
	if err != nil {
		return err
	}
	first, other, err := m.apart(i, times, rng)
	if err != nil {
		return err
	}
	t := m.task.Frames
	frames := data.Within(times, first, m.sounds.Hearing().Seconds, t)
	if err := m.films.Fill(b.X.Rows(row*t, (row+1)*t).Data, i, frames, rng); err != nil {
		return err
	}
	for k, frame := range []int{first, other} {
		at := 2*row + k
		b.From[at] = float32(times[frame])
		if err := m.hear(b.Y.Rows(at, at+1).Data, i, times[frame], rng); err != nil {
			return err
		}
	}
	return nil
}

// leastTime is what times of frames and ends of sounds may be off, in seconds, and still be held equal.
const leastTime = 1e-6

// apart draws two frames of film i at whose times windows begin that end with the sound, at least Shift apart: the clip's and the other. Every two are drawn equally often, and
// either is the clip's; also where nothing else is random, so that what is early is not always in time there.
func (m *syncMaker) apart(i int, times []float64, rng *tensor.RNG) (own, other int, err error) {
	lasts, err := m.sounds.Seconds(i)
	if err != nil {
		return 0, 0, err
	}
	window := m.sounds.Hearing().Seconds
	n := sort.Search(len(times), func(k int) bool { return times[k]+window > lasts+leastTime })
	later := func(k int) int { // how many frames begin late enough after frame k
		return n - sort.Search(n, func(j int) bool { return times[j] >= times[k]+m.task.Shift-leastTime })
	}
	pairs := 0
	for k := range n {
		pairs += later(k)
	}
	if pairs == 0 {
		return 0, 0, fmt.Errorf("%s has %.3g s of sound and %d frames: no two windows of %g s that begin with frames lie %g s apart; shorter windows (--sound) or a smaller option shift may fit",
			m.films.Describe(i), lasts, len(times), window, m.task.Shift)
	}
	at := rng.IntN(2 * pairs)
	for k := 0; ; k++ {
		if few := later(k); at/2 >= few {
			at -= 2 * few
			continue
		}
		own, other = k, n-1-at/2
		if at%2 == 1 {
			own, other = other, own
		}
		return own, other, nil
	}
}

func (l *avSync) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task av-sync learns from batches of 2 and more: its batch norm sees one value a clip")
	}
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// OneSpace says that clips and sounds are compared.
func (l *avSync) OneSpace() bool { return true }

// ClipFrames returns how many frames a clip has.
func (l *avSync) ClipFrames() int { return l.task.Frames }

// Pictures returns the embeddings [N D] of clips x [N·T S S 3], of unit length.
func (l *avSync) Pictures(x *autograd.Var) *autograd.Var {
	return autograd.L2Normalize(within("see", l.see, l.net.forward(x, counting(x.Shape()[0]))))
}

// Sounds returns the embeddings [N D] of spectrograms [N T F 1], of unit length.
func (l *avSync) Sounds(y *autograd.Var) *autograd.Var {
	return autograd.L2Normalize(within("hear", l.hear, within("ear", l.ear, y)))
}

// compared returns the distances [N 1] of clips from their own windows, from the others of their films, and from the next film's in the batch; the last is nil of one film.
func (l *avSync) compared(seen, heard *autograd.Var) (own, shifted, another *autograd.Var) {
	n := seen.Shape()[0]
	from := func(heard *autograd.Var, row func(i int) int) *autograd.Var {
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = int32(row(i))
		}
		return distances(seen, autograd.Gather(heard, rows))
	}
	own, shifted = from(heard, func(i int) int { return 2 * i }), from(heard, func(i int) int { return 2*i + 1 })
	if first, films := seen.Tape().FirstRow(n), seen.Tape().AllRows(n); films > 1 {
		another = from(autograd.Together(heard), func(i int) int { return 2 * ((first + i + 1) % films) })
	}
	return own, shifted, another
}

// judged returns the loss of distances [N 1] that are in time or not.
func (l *avSync) judged(d *autograd.Var, inTime bool) *autograd.Var {
	if l.task.Loss == "bce" {
		want := tensor.New(d.Shape()...)
		if inTime {
			want.Fill(1)
		}
		return autograd.BCEWithLogits(within("join", l.join, d), want, autograd.LossOptions{})
	}
	if !inTime {
		d = autograd.ReLU(autograd.AddScalar(autograd.Scale(d, -1), float32(l.task.Margin)))
	}
	return autograd.Mean(autograd.Mul(d, d))
}

// says tells whether a distance is taken for in time.
func (l *avSync) says(d float32) bool {
	if l.task.Loss == "bce" {
		fc := l.join[0].Module.(*layers.Linear)
		return fc.W.Data[0]*d+fc.B.Data[0] > 0
	}
	return float64(d) < l.task.Margin/2
}

// easy returns the part of the negatives that is of other films in an update of so many.
func (l *avSync) easy(update, of int) float64 {
	if float64(update) < l.task.Curriculum*float64(of) {
		return 1
	}
	return l.task.Easy
}

func (l *avSync) step(s train.Step, b *synced) {
	easy := l.easy(s.At())
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		own, shifted, another := l.compared(l.Pictures(t.Input(b.X)), l.Sounds(t.Input(b.Y)))
		l.tell(s, own.Value.Data, shifted.Value.Data, another)
		loss := l.judged(own, true)
		weigh := func(d *autograd.Var, part float64) {
			if part > 0 {
				loss = autograd.Add(loss, autograd.Scale(l.judged(d, false), float32(part)))
			}
		}
		if another == nil { // of one film there are no others
			weigh(shifted, 1)
		} else {
			weigh(shifted, 1-easy)
			weigh(another, easy)
		}
		return autograd.Scale(loss, 0.5)
	})
}

// tell tells how often clips' own windows are nearest, and known.
func (l *avSync) tell(s train.Step, own, shifted []float32, another *autograd.Var) {
	n := float64(len(own))
	s.Metric("in_time", nearer(own, shifted), n)
	if another != nil {
		s.Metric("of_film", nearer(own, another.Value.Data), n)
	}
	right := 0.0
	for i := range own {
		if l.says(own[i]) {
			right++
		}
		if !l.says(shifted[i]) {
			right++
		}
	}
	s.Metric("accuracy", right, 2*n)
}

// nearer returns how many of a are less than those of b; equal ones count a half.
func nearer(a, b []float32) (n float64) {
	for i, v := range a {
		switch {
		case v < b[i]:
			n++
		case v == b[i]:
			n += 0.5
		}
	}
	return n
}

// Draw shows, a film below the other, the frames of a clip, and below, as long as they are, the window of sound in time and the other one. The one that the net takes to be in
// time, the nearer one, is framed, green where it is right; bars say how near each lies.
func (l *avSync) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	t := autograd.NewInference()
	own, shifted, _ := l.compared(l.Pictures(t.Input(b.X)), l.Sounds(t.Input(b.Y)))
	shown := min(l.task.Frames, mostShown)
	const strip = 64
	g := canvas.Grid{Cols: 1, CellW: shown * filmCell, CellH: filmCell + 2*(strip+canvas.TextHeight+8), Gap: 16, Head: 2*canvas.TextHeight + 6}
	sheet := g.Sheet(len(index))
	filmHead(sheet, g, "a clip, from left to right; below two windows of its sound: which is in time?", "framed: what the net says, green where right")
	shape, side := b.Y.Shape, m.films.Side
	for i := range index {
		x, y := g.At(i)
		for k := range shown {
			row := i*l.task.Frames + (2*k+1)*l.task.Frames/(2*shown)
			sheet.Fit(x+k*filmCell, y, filmCell, filmCell, l.setup.Norm.ToImage(b.X.Rows(row, row+1).Data, side, side).Pix, side, side)
		}
		d := [2]float32{own.Value.Data[i], shifted.Value.Data[i]}
		right := d[0] < d[1]
		for k := range 2 {
			top := y + filmCell + 6 + k*(strip+canvas.TextHeight+8)
			if right == (k == 0) {
				sheet.Frame(x-3, top-3, shown*filmCell+6, strip+6, right)
			}
			stretched(sheet, x, top, shown*filmCell, strip, spectrogramPicture(b.Y.Rows(2*i+k, 2*i+k+1).Data, shape[1], shape[2]))
			sheet.Text(x, top+strip+3, g.CellW, fmt.Sprintf("%s, distance %.2f", l.offset(b, i, k), d[k]), canvas.Ink)
		}
	}
	return sheet, nil
}

// offset says when a window begins.
func (l *avSync) offset(b *synced, i, k int) string {
	by := float64(b.From[2*i+k] - b.From[2*i])
	switch {
	case k == 0:
		return fmt.Sprintf("in time, from %.2f s on", b.From[2*i])
	case by < 0:
		return fmt.Sprintf("%.2f s earlier", math.Abs(by))
	}
	return fmt.Sprintf("%.2f s later", by)
}
