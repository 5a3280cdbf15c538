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

// ClipOrder hides in which order clips of a film follow each other (Xu, Xiao, Zhao, Shao, Xie, Zhuang, "Self-supervised spatiotemporal learning via
// video clip order prediction", CVPR 2019: VCOP).
//
// Sampling (its section 3.1): three clips of 16 frames that follow each other with 8 frames between two, from where much moves in a film; in a
// shorter film clips and gaps shrink in proportion. They are dealt in one of the 6 orders. A trunk of clips sees each clip whole. A trunk of pictures
// sees some frames of a clip, evenly spread, and what it says of them is averaged: a clip is then what is in it, and not what moves in it.
//
// What could be answered without looking at what happens, and the defence:
//   - the last frame of a clip looks as the first of the next: the gap between clips;
//   - a camera that goes on moving: each clip is cut out of its frames at a place of its own, all its frames at the same;
//   - where nothing moves, nothing can be told: clips are drawn where something does.
//
// Head (section 3.3): embeddings of two clips side by side through one layer, the same for all pairs; all pairs side by side into a logit for each
// order. Loss: cross-entropy. Chance: one in 6.
type ClipOrder struct {
	Clips   int    // 0 means 3
	Span    int    // frames of the film that a clip covers; 0 means 16
	Gap     int    // frames between two clips; 0 means 8, below 0 none
	Frames  int    // of a clip that the trunk sees; 0 means 16, or 4 where it sees pictures
	Motion  string // where clips are drawn; empty means flow
	Deals   int    // orders of the clips each time they are seen; 0 means 6
	Pool    int    // cells along a side that features are pooled to; 0 means 4
	Embed   int    // width of a clip's embedding; 0 means 128
	Hidden  int    // width of the layer of pairs; 0 means 128
	Dropout float32
}

var clipOrderAbout = About{
	Line: "predict in which order clips of a film follow each other (VCOP; Xu et al. 2019)",
	Of:   "films", Hidden: "the order of the clips",
	Trivial: "chance: 16.7 % of the 6 orders of three clips",
	Options: []spec.Option{
		{Name: "clips", Default: "3", About: "how many are put in order, 2 to 5"},
		{Name: "span", Default: "16", About: "frames of the film that a clip covers; less in short films"},
		{Name: "gap", Default: "8", About: "frames between two clips; less in short films"},
		clipFramesOption,
		motionOption,
		{Name: "deals", Default: "6", About: "orders of the clips each time they are seen"},
		clipPoolOption, clipEmbedOption,
		{Name: "hidden", Default: "128", About: "width of the layer that compares two clips; the paper has 512"},
		{Name: "dropout", Default: "0", About: "before the last layer; the paper has 0.5"},
	},
	OwnViews: true,
	Config:   slower,
	Defences: []Defence{
		{"gap", "gap=0", "the last frame of a clip that looks as the first of the next"},
		{"motion", "motion=none", "clips in which nothing moves, which can only be guessed"},
	},
	make: func(v Values) Task {
		return ClipOrder{Clips: v.Int("clips", 2, 5), Span: v.Int("span", 1, 10000), Gap: orNone(v, "gap", 10000), Frames: v.Int("frames", 0, 256),
			Motion: v.One("motion", motions...), Deals: v.Int("deals", 1, 256), Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 1, 1<<16),
			Hidden: v.Int("hidden", 1, 1<<16), Dropout: float32(v.Float("dropout", 0, 0.95))}
	},
}

func (t ClipOrder) filled(trunk *layers.Trunk) ClipOrder {
	usual(&t.Clips, 3)
	usual(&t.Span, 16)
	usual(&t.Gap, 8)
	usual(&t.Frames, framesSeen(trunk, 4))
	usual(&t.Deals, 6)
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	usual(&t.Hidden, 128)
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	return t
}

// Learner returns a trunk with what embeds a clip, and a head that sees all.
func (t ClipOrder) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Trunk)
	if t.Clips > 5 {
		return nil, fmt.Errorf("task clip-order: %d clips, want 2 to 5", t.Clips)
	}
	o := newOrders(t.Clips, false)
	together := t.Clips
	if !ofClips(s.Trunk) {
		together *= t.Frames
	}
	net := newClipNet(s, t.Frames, t.Pool, t.Embed, together, true)
	return &clipOrder{task: t, setup: s, orders: o, net: net, head: newOrderHead(s.RNG, o, net.width, t.Hidden, t.Dropout)}, nil
}

type clipOrder struct {
	task   ClipOrder
	setup  Setup
	orders *orders
	net    *clipNet
	head   *orderHead
}

func (l *clipOrder) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Part{Name: "head", Stateful: l.head}).Visit(prefix, f)
}

func (l *clipOrder) Groups() []train.Group { return train.One(l) }

func (l *clipOrder) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(l.orders.answers))}
}

// clipDealer draws clips of a film and deals them: frame t of clip c of sample i is row (i·clips+c)·frames+t of X, and Dealt says which clip, i·clips+c,
// lies at each place.
type clipDealer struct {
	task   ClipOrder
	orders *orders
	*clipViews
	motion *motion
}

func (l *clipOrder) maker(in data.Inputs, augment bool) (*clipDealer, error) {
	v, err := l.setup.clipViews("clip-order", in, augment, aroundSide(l.setup.Side))
	if err != nil {
		return nil, err
	}
	return &clipDealer{l.task, l.orders, v, newMotion(v.Films, l.task.Motion)}, nil
}

func (m *clipDealer) New(n int) *clipBatch {
	return m.newBatch(n, m.task.Clips*m.task.Frames, m.task.Clips*m.task.Deals, m.task.Deals)
}

func (m *clipDealer) Fill(b *clipBatch, row, i int, rng *tensor.RNG) error {
	frames, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	ims, err := m.Still(i, frames)
	if err != nil {
		return err
	}
	t, g := m.task, glimpse{}
	for k, im := range ims {
		if k%t.Frames == 0 { // a place of each clip's own, all mirrored alike
			mirror := g.Mirror
			if g = m.square(im, rng); k > 0 {
				g.Mirror = mirror
			}
		}
		m.put(b, row*t.Clips*t.Frames+k, im, frames[k], g)
	}
	for d := row * t.Deals; d < (row+1)*t.Deals; d++ {
		b.Labels[d] = m.orders.deal(b.Dealt[d*t.Clips:][:t.Clips], t.Clips*row, rng)
	}
	return nil
}

// draw returns the numbers of the frames of clips of film i, clip after clip.
func (m *clipDealer) draw(i int, rng *tensor.RNG) ([]int, error) {
	t := m.task
	n, err := m.AtLeast(i, t.Clips)
	if err != nil {
		return nil, err
	}
	span, gap := t.Span, t.Gap
	if whole := t.Clips*span + (t.Clips-1)*gap; n < whole {
		span, gap = max(1, span*n/whole), gap*n/whole
	}
	whole := t.Clips*span + (t.Clips-1)*gap
	first, err := m.motion.window(i, n, whole, 0, n-whole, rng)
	if err != nil {
		return nil, err
	}
	var frames []int
	for c := range t.Clips {
		frames = append(frames, framesOf(first+c*(span+gap), span, t.Frames)...)
	}
	return frames, nil
}

func (l *clipOrder) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward returns the logits [N·deals K!] of dealt clips x [N·K·T S S 3].
func (l *clipOrder) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	return l.head.forward(l.net.forward(x, counting(x.Shape()[0])), dealt)
}

func (l *clipOrder) step(s train.Step, b *clipBatch) { answerClips(s, b, l.forward) }

// Draw shows, a row a film, the clips as they were dealt, each by its first and its last frame, and below each its place in time, as it is and as the net
// has it: framed green where it is right.
func (l *clipOrder) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	said := tensor.ArgMax(l.forward(autograd.NewInference().Input(b.X), b.Dealt).Value)
	k, T := l.task.Clips, l.task.Frames
	grid := filmGrid(2*k, 2)
	sheet := grid.Sheet(2 * k * len(index))
	filmHead(sheet, grid, "clips as they were dealt, each by its first and its last frame: which is first?", "green: where the net puts it")
	for row := range index {
		d := row * l.task.Deals
		answer := l.orders.answers[said[d]]
		for place := range k {
			clip := int(b.Dealt[d*k+place])
			is, has := clip-k*row, int(answer[place])
			for end, at := range [2]int{clip * T, clip*T + T - 1} {
				x, y := grid.At(row*2*k + 2*place + end)
				sheet.Frame(x-3, y-3, filmCell+6, filmCell+6, is == has)
				sheet.Fit(x, y, filmCell, filmCell, m.picture(b, at), m.side, m.side)
				sheet.Text(x, y+filmCell+5, filmCell, fmt.Sprintf("frame %d", b.T[at]), canvas.Ink)
				if end == 0 {
					sheet.Text(x, y+filmCell+5+canvas.TextHeight, 2*filmCell, fmt.Sprintf("%d., net: %d.", is+1, has+1), canvas.Ink)
				}
			}
		}
	}
	return sheet, nil
}
