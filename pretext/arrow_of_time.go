package pretext

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// ArrowOfTime hides whether a clip runs forwards or backwards (Pickup et al., "Seeing the arrow of time", CVPR 2014; Wei, Lim, Zisserman, Freeman,
// "Learning and using the arrow of time", CVPR 2018).
//
// Sampling: some frames of a film, evenly spread over Span of its frames, where much moves. Each clip is in the batch both ways, so that nothing but
// the order of its frames tells them apart. The papers look at optical flow; here the frames themselves are seen.
//
// What could be answered without looking at what happens (Wei et al., section 3: of a set of films from the network, nearly half had black borders),
// and the defence:
//   - borders that are not quite black, into which compression lets what moves flicker: they are made black, alike in all frames of the clip;
//   - cuts, across which nothing can be told: a clip in which one step is a cut is drawn again;
//   - a camera that its operator moves in ways that have a direction, such as zooming in: Wei et al. hold the camera still by homographies. Here it
//     moves; that a film's camera tells is to be kept in mind, and can be tried on films of a still camera;
//   - a codec's frames that stand on those before them, whose errors grow with time: nothing is done, the frames being made smaller blurs it.
//
// Head: embeddings of the frames, side by side (of a trunk of clips: the clip's), a hidden layer, two logits. Loss: cross-entropy. Chance: one half.
type ArrowOfTime struct {
	Span     int    // frames of the film that a clip covers; 0 means 16
	Frames   int    // of a clip that the trunk sees; 0 means 16, or 4 where it sees pictures
	Motion   string // where clips are drawn; empty means flow
	KeepCuts bool   // take clips as they are drawn
	Borders  int    // the brightest level, of 255, of a border that is made black; 0 means 24, below 0 borders stay
	Pool     int    // cells along a side that features are pooled to; 0 means 4
	Embed    int    // width of an embedding; 0 means 128
	Hidden   int    // width of the hidden layer; 0 means 128
	Dropout  float32
}

var arrowOfTimeAbout = About{
	Line: "say whether a clip runs forwards or backwards (Pickup et al. 2014; Wei et al. 2018)",
	Of:   "films", Hidden: "which way time runs",
	Trivial:  "chance: 50 %",
	Shortcut: "how a camera is moved, such as zooming in, and errors of a film's compression that grow from frame to frame",
	Options: []spec.Option{
		{Name: "span", Default: "16", About: "frames of the film that a clip covers; less in short films"},
		clipFramesOption,
		motionOption,
		{Name: "cuts", Default: "no", About: "clips across a cut, too"},
		{Name: "borders", Default: "24", About: "the brightest level, of 255, of a border that is made black; 0: borders stay"},
		clipPoolOption, clipEmbedOption,
		{Name: "hidden", Default: "128", About: "width of the hidden layer"},
		{Name: "dropout", Default: "0", About: "before the last layer"},
	},
	OwnViews: true,
	Config:   slower,
	Defences: []Defence{
		{"borders", "borders=0", "what flickers in borders that are not quite black"},
		{"cuts", "cuts=yes", "clips across a cut, which can only be guessed"},
		{"motion", "motion=none", "clips in which nothing moves, which can only be guessed"},
	},
	make: func(v Values) Task {
		return ArrowOfTime{Span: v.Int("span", 2, 10000), Frames: v.Int("frames", 0, 256), Motion: v.One("motion", motions...), KeepCuts: v.Bool("cuts"),
			Borders: orNone(v, "borders", 255), Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 1, 1<<16), Hidden: v.Int("hidden", 1, 1<<16),
			Dropout: float32(v.Float("dropout", 0, 0.95))}
	},
}

func (t ArrowOfTime) filled(trunk *layers.Trunk) ArrowOfTime {
	usual(&t.Span, 16)
	usual(&t.Frames, framesSeen(trunk, 4))
	usual(&t.Borders, 24)
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	usual(&t.Hidden, 128)
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	return t
}

// Learner returns a trunk with what embeds a clip, and a head.
func (t ArrowOfTime) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Trunk)
	if t.Frames < 2 {
		return nil, fmt.Errorf("task arrow-of-time: clips of %d frame have no direction; want at least 2", t.Frames)
	}
	together := t.Frames
	if ofClips(s.Trunk) {
		together = 1
	}
	net := newClipNet(s, t.Frames, t.Pool, t.Embed, together, false)
	return &arrowOfTime{task: t, setup: s, net: net, head: clipHead(s.RNG, net.width, t.Hidden, 2, t.Dropout)}, nil
}

type arrowOfTime struct {
	task  ArrowOfTime
	setup Setup
	net   *clipNet
	head  layers.Sequential
}

func (l *arrowOfTime) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Part{Name: "head", Stateful: l.head}).Visit(prefix, f)
}

func (l *arrowOfTime) Groups() []train.Group { return train.One(l) }

func (l *arrowOfTime) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(2)}
}

// arrowMaker draws clips: frame t of sample i is row i·T+t of X, in the order of the film; clips 2i and 2i+1 are it forwards and backwards, with
// labels 0 and 1.
type arrowMaker struct {
	task ArrowOfTime
	*clipViews
	motion *motion
}

func (l *arrowOfTime) maker(in data.Inputs, augment bool) (*arrowMaker, error) {
	v, err := l.setup.clipViews("arrow-of-time", in, augment, aroundSide(l.setup.Side))
	if err != nil {
		return nil, err
	}
	return &arrowMaker{l.task, v, newMotion(v.Films, l.task.Motion)}, nil
}

func (m *arrowMaker) New(n int) *clipBatch {
	return m.newBatch(n, m.task.Frames, 2*m.task.Frames, 2)
}

func (m *arrowMaker) Fill(b *clipBatch, row, i int, rng *tensor.RNG) error {
	frames, ims, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	t := m.task.Frames
	var edges borders
	if m.task.Borders > 0 {
		edges = darkBorders(ims, uint8(m.task.Borders))
	}
	g := m.square(ims[0], rng)
	for k, im := range ims {
		m.put(b, row*t+k, edges.black(im), frames[k], g)
		b.Dealt[2*row*t+k], b.Dealt[2*row*t+2*t-1-k] = int32(row*t+k), int32(row*t+k)
	}
	b.Labels[2*row], b.Labels[2*row+1] = 0, 1
	return nil
}

// cutTries is how often a clip is drawn until there is no cut in it.
const cutTries = 6

// draw returns a clip of film i.
func (m *arrowMaker) draw(i int, rng *tensor.RNG) (frames []int, ims []*data.Image, err error) {
	n, err := m.AtLeast(i, 2)
	if err != nil {
		return nil, nil, err
	}
	span := min(m.task.Span, n)
	for range cutTries {
		first, err := m.motion.window(i, n, span, 0, n-span, rng)
		if err != nil {
			return nil, nil, err
		}
		frames = framesOf(first, span, m.task.Frames)
		if ims, err = m.Still(i, frames); err != nil {
			return nil, nil, err
		}
		if m.task.KeepCuts || !hasCut(ims) {
			break
		}
	}
	return frames, ims, nil
}

// A step of a clip is a cut where frames differ by so much at least, root mean square in parts of white, and so many times as much as in any other step.
const (
	cutLeast = 0.15
	cutTimes = 3
)

// hasCut tells whether one step of a clip is a cut. Of a single step nothing can be told but that it is large.
func hasCut(ims []*data.Image) bool {
	largest, second := 0.0, 0.0
	for k := 1; k < len(ims); k++ {
		d := squares(ims[k-1], ims[k])
		if d > largest {
			largest, second = d, largest
		} else {
			second = max(second, d)
		}
	}
	return largest >= cutLeast*cutLeast && largest > cutTimes*cutTimes*second
}

// borders are how many rows and columns at the edges of a clip's frames are dark in all of them.
type borders struct{ top, bottom, left, right int }

// darkBorders returns the borders in which no value of any frame is above level. Frames that are dark all over have none.
func darkBorders(ims []*data.Image, level uint8) borders {
	h, w := ims[0].H, ims[0].W
	dark := func(at, step, n int) bool { // n pixels from pixel at on
		for _, im := range ims {
			for k := range n {
				p := im.Pix[(at+k*step)*3:][:3]
				if max(p[0], p[1], p[2]) > level {
					return false
				}
			}
		}
		return true
	}
	var b borders
	for b.top < h && dark(b.top*w, 1, w) {
		b.top++
	}
	if b.top == h {
		return borders{}
	}
	for dark((h-1-b.bottom)*w, 1, w) {
		b.bottom++
	}
	for dark(b.left, w, h) {
		b.left++
	}
	for dark(w-1-b.right, w, h) {
		b.right++
	}
	return b
}

// black returns the picture with its borders black; itself where there are none.
func (b borders) black(im *data.Image) *data.Image {
	if b == (borders{}) {
		return im
	}
	out := data.NewImage(im.H, im.W)
	for y := b.top; y < im.H-b.bottom; y++ {
		at, end := (y*im.W+b.left)*3, (y*im.W+im.W-b.right)*3
		copy(out.Pix[at:end], im.Pix[at:end])
	}
	return out
}

func (l *arrowOfTime) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward returns the logits [2N 2] of clips of frames x [N·T S S 3], forwards and backwards.
func (l *arrowOfTime) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	return within("head", l.head, l.net.forward(x, dealt))
}

func (l *arrowOfTime) step(s train.Step, b *clipBatch) { answerClips(s, b, l.forward) }

// Draw shows frames of clips as the trunk saw them, a row forwards and a row backwards of each film; below how surely the net takes a clip for which,
// framed green where it is right.
func (l *arrowOfTime) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	probs := autograd.Softmax(l.forward(autograd.NewInference().Input(b.X), b.Dealt)).Value
	return m.sheet(b, l.task.Frames, "clips from left to right: forwards or backwards?", func(clip int) (string, bool) {
		way := [2]string{"forwards", "backwards"}
		said := tensor.ArgMax(probs.Rows(clip, clip+1))[0]
		return fmt.Sprintf("%s, net: %s, %.0f of 100", way[b.Labels[clip]], way[said], 100*probs.At(clip, said)), int(b.Labels[clip]) == said
	}), nil
}
