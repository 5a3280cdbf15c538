package pretext

import (
	"fmt"
	"image"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// OddOneOut hides which of some clips of a film has its frames in a wrong order (Fernando, Bilen, Gavves, Gould, "Self-supervised video
// representation learning with odd-one-out networks", CVPR 2017: O3N).
//
// Sampling (its section 4): a question is six clips of a film; in all but one the frames are in the order of the film, in one they are not, and not in
// the reverse order either. How the frames of a clip are drawn is an option: "constrained", frames that follow each other, all clips out of one and a
// half times as many; "random", any frames of the film, all clips out of twice as many, so that a trunk of pictures sees each once; or "consecutive",
// frames that follow each other, anywhere in the film. The odd clip's frames are drawn as all others' are.
//
// What the trunk sees of a clip (section 5) is an option, too: "frames", which a trunk of clips sees together and one of pictures one by one; or one
// picture: "stack", the differences of the brightness of each two frames that follow each other, as channels, of which pictures have three, so of
// four frames; "sum", the sum of those differences in colour, weighted so that it does not fall back to the last less the first; "dynamic", the
// dynamic image of Bilen et al. (CVPR 2016), frame t of T weighted 2t - T - 1. The paper's best is the stack of differences.
//
// What could be answered without looking at what moves, and the defence:
//   - which frames a clip has: those of the odd one are drawn as all others' are;
//   - where in the question the odd one is: it is anywhere;
//   - where nothing moves, nothing can be told: frames are drawn where something does.
//
// Head (section 3): each clip's activation v, and their fusion: "concat", side by side; or "difference", the sum of all differences v_i - v_j, i before
// j; behind it a hidden layer, and a logit for each place. The sum of differences weighs clip i of n by n-1-2i: of an odd number the middle one is not
// seen. On small films concat learns sooner.
// Loss: cross-entropy. Chance: one in the number of clips.
type OddOneOut struct {
	Clips    int    // of a question, 3 to 16; 0 means 6
	Frames   int    // of a clip; 0 means 6 of a trunk of clips, 4 of one of pictures
	Sampling string // constrained, random or consecutive; empty means constrained
	Input    string // frames, stack, sum or dynamic; empty means frames
	Fusion   string // concat or difference; empty means concat
	Motion   string // where clips are drawn, other than random ones; empty means flow
	Pool     int    // cells along a side that features are pooled to; 0 means 4
	Embed    int    // width of an embedding; 0 means 128
	Width    int    // of a clip's activation, and of the hidden layer; 0 means 128
	Dropout  float32
}

var (
	oddSamplings = []string{"constrained", "random", "consecutive"}
	oddInputs    = []string{"frames", "stack", "sum", "dynamic"}
	oddFusions   = []string{"concat", "difference"}
)

var oddOneOutAbout = About{
	Line: "say which clip of a film has its frames in a wrong order (O3N; Fernando et al. 2017)",
	Of:   "films", Hidden: "which clip's frames were shuffled",
	Trivial: "chance: 16.7 % of six clips",
	Options: []spec.Option{
		{Name: "clips", Default: "6", About: "of a question, 3 to 16"},
		{Name: "frames", About: "of a clip, at least 3; if not given 6 of a trunk of clips, 4 of one of pictures"},
		{Name: "sampling", Default: "constrained", About: "of a clip's frames: constrained, consecutive and near to the other clips; random, any of the film; or consecutive"},
		{Name: "input", Default: "frames", About: "what is seen of a clip: frames; or a picture: stack (three differences of brightness), sum (of differences) or dynamic (image)"},
		{Name: "fusion", Default: "concat", About: "of the clips: concat (side by side) or difference (the sum of all differences)"},
		motionOption, clipPoolOption, clipEmbedOption,
		{Name: "width", Default: "128", About: "of a clip's activation, and of the hidden layer"},
		{Name: "dropout", Default: "0", About: "before the last layer; the paper has 0.5"},
	},
	OwnViews: true,
	Config:   slower,
	Defences: []Defence{{"motion", "motion=none", "clips in which nothing moves, which can only be guessed"}},
	make: func(v Values) Task {
		t := OddOneOut{Clips: v.Int("clips", 3, 16), Frames: v.Int("frames", 0, 64), Sampling: v.One("sampling", oddSamplings...), Input: v.One("input", oddInputs...),
			Fusion: v.One("fusion", oddFusions...), Motion: v.One("motion", motions...), Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 1, 1<<16),
			Width: v.Int("width", 1, 1<<16), Dropout: float32(v.Float("dropout", 0, 0.95))}
		if t.Frames > 0 {
			if err := t.check(); err != nil {
				v.Fail("%v", err)
			}
		}
		return t
	},
}

// check says what is wrong with how many frames a clip has.
func (t OddOneOut) check() error {
	switch {
	case t.Frames < 3:
		return fmt.Errorf("frames=%d: fewer than 3 have no order but forwards and backwards", t.Frames)
	case t.Input == "stack" && t.Frames != 4:
		return fmt.Errorf("frames=%d: a stack of differences is of 4 frames, since pictures have three channels", t.Frames)
	}
	return nil
}

func (t OddOneOut) filled(trunk *layers.Trunk) OddOneOut {
	usual(&t.Clips, 6)
	if t.Input == "" {
		t.Input = oddInputs[0]
	}
	if t.Frames == 0 {
		t.Frames = 4
		if ofClips(trunk) && t.Input == "frames" {
			t.Frames = 6
		}
	}
	if t.Sampling == "" {
		t.Sampling = oddSamplings[0]
	}
	if t.Fusion == "" {
		t.Fusion = oddFusions[0]
	}
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	usual(&t.Width, 128)
	return t
}

// shared is how many frames the clips of a question are made of.
func (t OddOneOut) shared() int {
	switch t.Sampling {
	case "random":
		return 2 * t.Frames
	case "constrained":
		return (3*t.Frames + 1) / 2
	}
	return t.Clips * t.Frames
}

// Learner returns a trunk with what embeds a frame or a clip, and a head that sees all clips of a question.
func (t OddOneOut) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Trunk)
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("task odd-one-out: %w", err)
	}
	seen, together := t.Frames, t.shared()
	if t.Input != "frames" {
		seen, together = 1, t.Clips
	} else if ofClips(s.Trunk) {
		together = t.Clips
	}
	net := newClipNet(s, seen, t.Pool, t.Embed, together, false)
	width := t.Width
	if t.Fusion == "concat" {
		width *= t.Clips
	}
	return &oddOneOut{task: t, setup: s, net: net, clip: plainNorm("clip", s.RNG, net.width, t.Width), head: clipHead(s.RNG, width, t.Width, t.Clips, t.Dropout)}, nil
}

type oddOneOut struct {
	task       OddOneOut
	setup      Setup
	net        *clipNet
	clip, head layers.Sequential
}

func (l *oddOneOut) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Part{Name: "clip", Stateful: l.clip}, layers.Part{Name: "head", Stateful: l.head}).Visit(prefix, f)
}

func (l *oddOneOut) Groups() []train.Group { return train.One(l) }

func (l *oddOneOut) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(l.task.Clips)}
}

// oddMaker draws questions. The frames of sample i are X's rows from i·shared on, and Dealt's clips those rows in the order of the clips; or, where a
// clip is seen as one picture, that is a row.
type oddMaker struct {
	task OddOneOut
	*clipViews
	motion *motion
}

func (l *oddOneOut) maker(in data.Inputs, augment bool) (*oddMaker, error) {
	v, err := l.setup.clipViews("odd-one-out", in, augment, aroundSide(l.setup.Side))
	if err != nil {
		return nil, err
	}
	return &oddMaker{l.task, v, newMotion(v.Films, l.task.Motion)}, nil
}

func (m *oddMaker) New(n int) *clipBatch {
	t := m.task
	if t.Input != "frames" {
		b := m.newBatch(n, t.Clips, t.Clips, 1)
		copy(b.Dealt, counting(len(b.Dealt)))
		return b
	}
	return m.newBatch(n, t.shared(), t.Clips*t.Frames, 1)
}

func (m *oddMaker) Fill(b *clipBatch, row, i int, rng *tensor.RNG) error {
	frames, clips, odd, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	ims, err := m.Still(i, frames)
	if err != nil {
		return err
	}
	t, g := m.task, m.square(ims[0], rng)
	b.Labels[row] = int32(odd)
	if t.Input == "frames" {
		for k, im := range ims {
			m.put(b, row*len(ims)+k, im, frames[k], g)
		}
		for k, of := range slices.Concat(clips...) {
			b.Dealt[row*t.Clips*t.Frames+k] = int32(row*len(ims) + of)
		}
		return nil
	}
	size := m.side * m.side * 3
	views := make([][]float32, t.Frames)
	for c, clip := range clips {
		for k, of := range clip {
			views[k] = make([]float32, size)
			g.of(views[k], ims[of], oddNorm)
		}
		b.T[row*t.Clips+c] = int32(frames[clip[0]])
		onePicture(b.X.Data[(row*t.Clips+c)*size:][:size], views, t.Input)
	}
	return nil
}

// oddNorm makes -1 of black and 1 of white: what is different between two frames then has mean 0.
var oddNorm = data.HalfNorm

// draw returns the numbers of the frames of a question, rising where clips share them; for each clip which of these it shows, in the order in which
// it does; and which clip is the odd one.
func (m *oddMaker) draw(i int, rng *tensor.RNG) (frames []int, clips [][]int, odd int, err error) {
	t := m.task
	n, err := m.AtLeast(i, t.Frames)
	if err != nil {
		return nil, nil, 0, err
	}
	shared := t.shared()
	clips = make([][]int, t.Clips)
	switch t.Sampling {
	case "consecutive":
		for c := range clips {
			first, err := m.motion.window(i, n, t.Frames, 0, n-t.Frames, rng)
			if err != nil {
				return nil, nil, 0, err
			}
			for k := range t.Frames {
				frames, clips[c] = append(frames, first+k), append(clips[c], c*t.Frames+k)
			}
		}
	case "constrained":
		span := min(shared, n)
		first, err := m.motion.window(i, n, span, 0, n-span, rng)
		if err != nil {
			return nil, nil, 0, err
		}
		for k := range shared {
			frames = append(frames, first+min(k, span-1))
		}
		for c := range clips {
			begin := rng.IntN(span - t.Frames + 1)
			for k := range t.Frames {
				clips[c] = append(clips[c], begin+k)
			}
		}
	default:
		frames = rising(rng, n, shared)
		for c := range clips {
			clips[c] = rising(rng, min(shared, n), t.Frames)
		}
	}
	odd = rng.IntN(t.Clips)
	clips[odd] = disordered(clips[odd], rng)
	return frames, clips, odd, nil
}

// rising returns k different numbers below n, drawn, in rising order; where there are fewer than k the last comes again.
func rising(rng *tensor.RNG, n, k int) []int {
	out := rng.Perm(n)[:min(n, k)]
	slices.Sort(out)
	for len(out) < k {
		out = append(out, n-1)
	}
	return out
}

// disordered returns rising numbers in a drawn order that neither rises nor falls.
func disordered(x []int, rng *tensor.RNG) []int {
	out := make([]int, len(x))
	for {
		for k, from := range rng.Perm(len(x)) {
			out[k] = x[from]
		}
		up, down := slices.IsSorted(out), slices.IsSortedFunc(out, func(a, b int) int { return b - a })
		if !up && !down {
			return out
		}
	}
}

// onePicture writes what a clip's frames [S S 3] are as one picture.
func onePicture(dst []float32, frames [][]float32, as string) {
	clear(dst)
	T := len(frames)
	add := func(w float32, x []float32) {
		for i, v := range x {
			dst[i] += w * v
		}
	}
	switch as {
	case "stack":
		luma := func(x []float32) float32 { return (299*x[0] + 587*x[1] + 114*x[2]) / 1000 }
		for i := 0; i < len(dst); i += 3 {
			for k := range 3 {
				dst[i+k] = luma(frames[k+1][i:]) - luma(frames[k][i:])
			}
		}
	case "sum":
		for t := 1; t < T; t++ {
			add(float32(t)/float32(T), frames[t])
			add(-float32(t)/float32(T), frames[t-1])
		}
	case "dynamic":
		for t := range frames {
			add(float32(2*(t+1)-T-1)/float32(T), frames[t])
		}
	}
}

func (l *oddOneOut) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward returns the logits [N clips] of questions.
func (l *oddOneOut) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	v := within("clip", l.clip, l.net.forward(x, dealt))
	n := l.task.Clips
	v = autograd.Reshape(v, v.Shape()[0]/n, n, l.task.Width)
	if l.task.Fusion == "concat" {
		return within("head", l.head, autograd.Flatten(v))
	}
	weight := tensor.New(1, n, 1)
	for i := range weight.Data {
		weight.Data[i] = float32(n - 1 - 2*i)
	}
	return within("head", l.head, autograd.SumAxis(autograd.Mul(v, autograd.Const(weight)), 1))
}

func (l *oddOneOut) step(s train.Step, b *clipBatch) { answerClips(s, b, l.forward) }

// oddShown is how many questions are drawn, each of which takes a row for every clip.
const oddShown = 4

// Draw shows the clips of the first questions, a row each, as the trunk saw them; below how surely the net takes a clip for the odd one. The odd one
// is framed green, and so are others where the net has found it.
func (l *oddOneOut) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index[:min(len(index), oddShown)])
	if err != nil {
		return nil, err
	}
	probs := autograd.Softmax(l.forward(autograd.NewInference().Input(b.X), b.Dealt)).Value
	n := l.task.Clips
	return m.sheet(b, l.net.frames, "clips of a film, a row each: which is out of order?", func(clip int) (string, bool) {
		q, c := clip/n, clip%n
		said := tensor.ArgMax(probs.Rows(q, q+1))[0]
		text := fmt.Sprintf("net: %.0f of 100", 100*probs.At(q, c))
		if c == int(b.Labels[q]) {
			text = "out of order, " + text
		}
		return text, (c == said) == (c == int(b.Labels[q]))
	}), nil
}
