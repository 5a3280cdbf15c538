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

// FrameOrder hides in which order four frames of a film were taken (Lee, Huang, Singh, Yang, "Unsupervised representation learning by sorting
// sequences", ICCV 2017: the order prediction network, OPN).
//
// Sampling (its section 3.2): four frames, apart by Gap frames at most and half of that at least, where much moves. Of the frames the part is looked
// at in which most moves. They are dealt in one of the 24 orders; an order and its reverse are one answer, so there are 12. The trunk sees each frame
// once; what it says of the four is dealt several times, since an order more costs only the head.
//
// What could be answered without looking at what moves, and the defence (section 3.2 and the authors' program):
//   - colour, which drifts from frame to frame: of a clip one channel is seen, drawn for it, three times. The paper draws one for each frame (channel
//     splitting, the option channel=split): then every thing changes its brightness from frame to frame, and of small pictures nothing is learned for long;
//   - a camera that goes on moving: each frame is cut out a little beside the others, by up to 5 pixels of frames of 240 (spatial jitter);
//   - where nothing moves, nothing can be told: frames, and the part of them, are drawn where something does.
//
// Head: features of a frame, pooled to cells that keep where something is (the paper's fc6 sees 6 by 6), embedded; each two of the four side by side
// through one layer, the same for all six pairs; all pairs side by side into a logit for each order. The paper's normalises the pairs one by one; here all
// pairs have one mean and deviation. Loss: cross-entropy. Chance: one in 12.
type FrameOrder struct {
	Gap     int     // frames from one to the next, at most; 0 means 20
	Motion  string  // where clips are drawn; empty means flow
	Zoom    float64 // how many crops high the frame is; 0 means 1.5
	Jitter  int     // pixels by which frames are cut out beside each other, at most; 0 means 5 of a frame 240 high, below 0 none
	Channel string  // one, split or all; empty means one
	Deals   int     // orders of a clip each time it is seen; 0 means 8
	Pool    int     // cells along a side that a frame's features are pooled to; 0 means 4
	Embed   int     // width of a frame's embedding; 0 means 128
	Hidden  int     // width of the layer of pairs; 0 means 128
	Dropout float32
}

// frameChannels are what is seen of a frame's colours.
var frameChannels = []string{"one", "split", "all"}

const (
	orderFrames  = 4
	paperCrop    = 80  // the side of a frame as the paper's net sees it,
	paperRoom    = 100 // of the part that it is cut from,
	paperHeight  = 240 // how high the whole frame is,
	paperShifted = 5   // and by how much the part is moved
)

var frameOrderAbout = About{
	Line: "predict in which order four frames were taken (OPN; Lee, Huang, Singh, Yang 2017)",
	Of:   "films", Hidden: "the order of the frames, up to reading it backwards",
	Trivial: "chance: 8.3 % of 12 orders",
	Options: []spec.Option{
		{Name: "gap", Default: "20", About: "frames from one to the next, at most; less in short films"},
		motionOption,
		{Name: "zoom", Default: "1.5", About: "how many crops high a frame is: of it the part is seen in which most moves; the paper has 3"},
		{Name: "jitter", About: "pixels by which a frame is cut out beside where it lies; if not given 5 of a frame 240 high"},
		{Name: "channel", Default: "one", About: "what is seen of colours: one channel, drawn for the clip; split, drawn for each frame (the paper's); or all"},
		{Name: "deals", Default: "8", About: "orders of a clip each time it is seen"},
		clipPoolOption, clipEmbedOption,
		{Name: "hidden", Default: "128", About: "width of the layer that compares two frames; the paper has 512"},
		{Name: "dropout", Default: "0", About: "before the last layer; the paper has 0.5"},
	},
	OwnViews: true,
	Config:   slower,
	Defences: []Defence{
		{"channel", "channel=all", "colours that drift from frame to frame"},
		{"jitter", "jitter=0", "a camera that goes on moving, and the grid of the file's compression"},
		{"motion", "motion=none", "clips in which nothing moves, which can only be guessed"},
	},
	make: func(v Values) Task {
		return FrameOrder{Gap: v.Int("gap", 1, 100000), Motion: v.One("motion", motions...), Zoom: v.Float("zoom", 1, 8), Jitter: orNone(v, "jitter", 256),
			Channel: v.One("channel", frameChannels...), Deals: v.Int("deals", 1, 256), Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 1, 1<<16),
			Hidden: v.Int("hidden", 1, 1<<16), Dropout: float32(v.Float("dropout", 0, 0.95))}
	},
}

func (t FrameOrder) filled(side int) FrameOrder {
	usual(&t.Gap, 20)
	if t.Zoom == 0 {
		t.Zoom = 1.5
	}
	usual(&t.Jitter, max(1, int(float64(side)*t.Zoom*paperShifted/paperHeight+0.5)))
	usual(&t.Deals, 8)
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	usual(&t.Hidden, 128)
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	if t.Channel == "" {
		t.Channel = frameChannels[0]
	}
	return t
}

// Learner returns a trunk with what embeds a frame, and a head that sees four.
func (t FrameOrder) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Side)
	o := newOrders(orderFrames, true)
	net := newClipNet(s, 1, t.Pool, t.Embed, orderFrames, false)
	return &frameOrder{task: t, setup: s, orders: o, net: net, head: newOrderHead(s.RNG, o, net.width, t.Hidden, t.Dropout)}, nil
}

type frameOrder struct {
	task   FrameOrder
	setup  Setup
	orders *orders
	net    *clipNet
	head   *orderHead
}

func (l *frameOrder) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Part{Name: "head", Stateful: l.head}).Visit(prefix, f)
}

func (l *frameOrder) Groups() []train.Group { return train.One(l) }

func (l *frameOrder) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(l.orders.answers))}
}

// frameDealer draws four frames of a film and deals them: row 4i+k of X is frame k of sample i in the order of the film.
type frameDealer struct {
	task   FrameOrder
	orders *orders
	*clipViews
	motion *motion
}

func (l *frameOrder) maker(in data.Inputs, augment bool) (*frameDealer, error) {
	v, err := l.setup.clipViews("frame-order", in, augment, int(float64(l.setup.Side)*l.task.Zoom))
	if err != nil {
		return nil, err
	}
	return &frameDealer{l.task, l.orders, v, newMotion(v.Films, l.task.Motion)}, nil
}

func (m *frameDealer) New(n int) *clipBatch {
	return m.newBatch(n, orderFrames, orderFrames*m.task.Deals, m.task.Deals)
}

func (m *frameDealer) Fill(b *clipBatch, row, i int, rng *tensor.RNG) error {
	frames, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	ims, err := m.Still(i, frames)
	if err != nil {
		return err
	}
	for k, g := range m.look(ims, rng) {
		m.put(b, orderFrames*row+k, ims[k], frames[k], g)
	}
	for d := row * m.task.Deals; d < (row+1)*m.task.Deals; d++ {
		b.Labels[d] = m.orders.deal(b.Dealt[d*orderFrames:][:orderFrames], orderFrames*row, rng)
	}
	return nil
}

// draw returns the numbers of four frames of film i, rising.
func (m *frameDealer) draw(i int, rng *tensor.RNG) ([]int, error) {
	n, err := m.AtLeast(i, orderFrames)
	if err != nil {
		return nil, err
	}
	most := max(1, min(m.task.Gap, (n-1)/(orderFrames-1)))
	frames := make([]int, orderFrames)
	for k := 1; k < orderFrames; k++ {
		frames[k] = frames[k-1] + drawBetween(rng, (most+1)/2, most)
	}
	span := frames[orderFrames-1]
	first, err := m.motion.window(i, n, span+1, 0, n-1-span, rng)
	for k := range frames {
		frames[k] += first
	}
	return frames, err
}

// look draws which part of each frame is seen: a part in which most moves, in it a square, and in each frame a little beside that.
func (m *frameDealer) look(ims []*data.Image, rng *tensor.RNG) []glimpse {
	h, w := ims[0].H, ims[0].W
	room := min(m.side*paperRoom/paperCrop, h, w)
	top, left := (h-room)/2, (w-room)/2
	if m.task.Motion != "none" {
		top, left = busiest(ims, room, room)
	}
	free := room - m.side
	y, x, mirror := free/2, free/2, false
	if !m.still {
		y, x, mirror = rng.IntN(free+1), rng.IntN(free+1), rng.Bool(0.5)
	}
	out, channel := make([]glimpse, len(ims)), rng.IntN(3)
	for k := range out {
		g := glimpse{Top: top + y, Left: left + x, Side: m.side, Mirror: mirror, Channel: -1}
		if j := m.task.Jitter; j > 0 && !m.still {
			g.Top = top + min(max(y+rng.IntN(2*j+1)-j, 0), free)
			g.Left = left + min(max(x+rng.IntN(2*j+1)-j, 0), free)
		}
		switch m.task.Channel {
		case "one":
			g.Channel = channel
		case "split":
			g.Channel = rng.IntN(3)
		}
		out[k] = g
	}
	return out
}

func (l *frameOrder) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward returns the logits [N·deals 12] of dealt frames x [4N S S 3].
func (l *frameOrder) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	return l.head.forward(l.net.forward(x, counting(x.Shape()[0])), dealt)
}

func (l *frameOrder) step(s train.Step, b *clipBatch) { answerClips(s, b, l.forward) }

// Draw shows, a row a film, the four frames as they were dealt, first to last, and below each its place in time, as it is and as the net has it: framed
// green where it is right. Where the reverse is nearer to what the net has, the net's order is read backwards.
func (l *frameOrder) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	logits := l.forward(autograd.NewInference().Input(b.X), b.Dealt).Value
	said := tensor.ArgMax(logits)
	grid := filmGrid(orderFrames, 2)
	sheet := grid.Sheet(orderFrames * len(index))
	filmHead(sheet, grid, "four frames as they were dealt: which is first?", "green: where the net puts it")
	for row := range index {
		d := row * m.task.Deals
		answer := l.orders.answers[said[d]]
		for place := range orderFrames {
			at := b.Dealt[d*orderFrames+place]
			is, has := int(at)-orderFrames*row, int(answer[place])
			if l.orders.backwards(b.Dealt[d*orderFrames:][:orderFrames], orderFrames*row, answer) {
				has = orderFrames - 1 - has
			}
			x, y := grid.At(row*orderFrames + place)
			sheet.Frame(x-3, y-3, filmCell+6, filmCell+6, is == has)
			sheet.Fit(x, y, filmCell, filmCell, m.picture(b, int(at)), m.side, m.side)
			sheet.Text(x, y+filmCell+5, filmCell, fmt.Sprintf("frame %d", b.T[at]), canvas.Ink)
			sheet.Text(x, y+filmCell+5+canvas.TextHeight, filmCell, fmt.Sprintf("%d., net: %d.", is+1, has+1), canvas.Ink)
		}
	}
	return sheet, nil
}
