package pretext

import (
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// PlaybackSpeed hides how fast a clip is played (Benaim et al., "SpeedNet: learning the speediness in videos", CVPR 2020: as it is or twice as fast;
// Yao, Liu, Luo, Zhou, Ye, "Video playback rate perception for self-supervised spatio-temporal representation learning", CVPR 2020: 1, 2, 4 or 8
// times as fast).
//
// Sampling: a clip of so many frames, of which each is taken, every second, every fourth, every eighth. All speeds of a film are in the batch (SpeedNet's
// same-batch training), around the same middle, which lies where much moves: what is in a film, or where in it a clip lies, tells no speed.
//
// What could be answered without looking at how fast things move, and the defence:
//   - traces of a file's compression, and how sharp what moves is, which depend on how large the frames are: each clip is made smaller by a factor drawn for
//     it, and back (SpeedNet's spatial augmentation, section 3.2, draws the size of frames);
//   - frames that are in a file twice, since it once had another rate, are no defence's matter: they are in the film;
//   - where nothing moves, nothing can be told: clips are drawn where something does.
//
// Head: embeddings of the frames, side by side (of a trunk of clips: the clip's), a hidden layer, a logit for each speed. Loss: cross-entropy.
// Chance: one in as many as there are speeds.
type PlaybackSpeed struct {
	Speeds  []int   // rising; nil means 1, 2, 4, 8
	Frames  int     // of a clip; 0 means 16, or 3 of a trunk that sees pictures
	Motion  string  // where clips are drawn; empty means flow
	Shrink  float64 // the least of the side that a clip is made smaller to, and back; 0 means 0.5, 1 leaves it
	Pool    int     // cells along a side that features are pooled to; 0 means 4
	Embed   int     // width of an embedding; 0 means 128
	Hidden  int     // width of the hidden layer; 0 means 128
	Dropout float32
}

var playbackSpeedAbout = About{
	Line: "predict how fast a clip is played (SpeedNet, Benaim et al. 2020; playback rates, Yao et al. 2020)",
	Of:   "films", Hidden: "how many frames of the film lie between two of the clip",
	Trivial:  "chance: 25 % of four speeds",
	Shortcut: "frames that are in a file twice because it once had another rate",
	Options: []spec.Option{
		{Name: "speeds", Default: "1,2,4,8", About: "how many times as fast, 2 to 8 of them, rising"},
		{Name: "frames", About: "of a clip; if not given 16 of a trunk of clips, 3 of one of pictures"},
		motionOption,
		{Name: "shrink", Default: "0.5", About: "the least part of the side that a clip is made smaller to, and back; 1: it stays"},
		clipPoolOption, clipEmbedOption,
		{Name: "hidden", Default: "128", About: "width of the hidden layer"},
		{Name: "dropout", Default: "0", About: "before the last layer"},
	},
	OwnViews: true,
	Config:   slower,
	Defences: []Defence{
		{"shrink", "shrink=1", "traces of compression and sharpness, which depend on the frames' size"},
		{"motion", "motion=none", "clips in which nothing moves, which can only be guessed"},
	},
	make: func(v Values) Task {
		t := PlaybackSpeed{Frames: v.Int("frames", 0, 256), Motion: v.One("motion", motions...), Shrink: v.Float("shrink", 0.1, 1), Pool: v.Int("pool", 1, 16),
			Embed: v.Int("embed", 1, 1<<16), Hidden: v.Int("hidden", 1, 1<<16), Dropout: float32(v.Float("dropout", 0, 0.95))}
		for _, text := range strings.Split(v.Text("speeds"), ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n > 1000 {
				v.Fail("option speeds: %q is no whole number up to 1000", text)
				return t
			}
			t.Speeds = append(t.Speeds, n)
		}
		if err := checkSpeeds(t.Speeds); err != nil {
			v.Fail("option speeds: %v", err)
		}
		return t
	},
}

// checkSpeeds says what is wrong with speeds.
func checkSpeeds(s []int) error {
	if len(s) < 2 || len(s) > 8 || s[0] < 1 {
		return fmt.Errorf("%v: want 2 to 8 whole numbers from 1 on", s)
	}
	for k := 1; k < len(s); k++ {
		if s[k] <= s[k-1] {
			return fmt.Errorf("%v: want them rising", s)
		}
	}
	return nil
}

func (t PlaybackSpeed) filled(trunk *layers.Trunk) PlaybackSpeed {
	if t.Speeds == nil {
		t.Speeds = []int{1, 2, 4, 8}
	}
	usual(&t.Frames, framesSeen(trunk, 3))
	usual(&t.Pool, 4)
	usual(&t.Embed, 128)
	usual(&t.Hidden, 128)
	if t.Shrink == 0 {
		t.Shrink = 0.5
	}
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	return t
}

// Learner returns a trunk with what embeds a frame or a clip, and a head.
func (t PlaybackSpeed) Learner(s Setup) (train.Learner, error) {
	t = t.filled(s.Trunk)
	if err := checkSpeeds(t.Speeds); err != nil {
		return nil, fmt.Errorf("task playback-speed: speeds %w", err)
	}
	if t.Frames < 2 {
		return nil, fmt.Errorf("task playback-speed: clips of %d frame have no speed; want at least 2", t.Frames)
	}
	together := t.Frames
	if ofClips(s.Trunk) {
		together = 1
	}
	net := newClipNet(s, t.Frames, t.Pool, t.Embed, together, false)
	return &playbackSpeed{task: t, setup: s, net: net, head: clipHead(s.RNG, net.width, t.Hidden, len(t.Speeds), t.Dropout)}, nil
}

type playbackSpeed struct {
	task  PlaybackSpeed
	setup Setup
	net   *clipNet
	head  layers.Sequential
}

func (l *playbackSpeed) Visit(prefix string, f func(layers.Param)) {
	append(l.net.parts(), layers.Part{Name: "head", Stateful: l.head}).Visit(prefix, f)
}

func (l *playbackSpeed) Groups() []train.Group { return train.One(l) }

func (l *playbackSpeed) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(l.task.Speeds))}
}

// speedMaker draws clips: those of sample i are clips i·K to i·K+K-1, speed after speed.
type speedMaker struct {
	task PlaybackSpeed
	*clipViews
	motion *motion
}

func (l *playbackSpeed) maker(in data.Inputs, augment bool) (*speedMaker, error) {
	v, err := l.setup.clipViews("playback-speed", in, augment, aroundSide(l.setup.Side))
	if err != nil {
		return nil, err
	}
	return &speedMaker{l.task, v, newMotion(v.Films, l.task.Motion)}, nil
}

func (m *speedMaker) New(n int) *clipBatch {
	k := len(m.task.Speeds)
	b := m.newBatch(n, k*m.task.Frames, k*m.task.Frames, k)
	copy(b.Dealt, counting(len(b.Dealt)))
	for i := range b.Labels {
		b.Labels[i] = int32(i % k)
	}
	return b
}

func (m *speedMaker) Fill(b *clipBatch, row, i int, rng *tensor.RNG) error {
	frames, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	ims, err := m.Still(i, frames)
	if err != nil {
		return err
	}
	first := m.square(ims[0], rng)
	var g glimpse
	for k, im := range ims {
		if k%m.task.Frames == 0 {
			if g = first; !m.still {
				g.Shrunk = max(1, int(float64(m.side)*(1-(1-m.task.Shrink)*float64(rng.Float32()))+0.5))
			}
		}
		m.put(b, row*len(ims)+k, im, frames[k], g)
	}
	return nil
}

// draw returns the numbers of the frames of film i's clips, speed after speed, around one middle.
func (m *speedMaker) draw(i int, rng *tensor.RNG) ([]int, error) {
	steps, fastest := m.task.Frames-1, slices.Max(m.task.Speeds)
	n, err := m.AtLeast(i, 2)
	if err != nil {
		return nil, err
	}
	whole := steps*fastest + 1
	if n < whole {
		most := (n - 1) / steps
		fit := slices.DeleteFunc(slices.Clone(m.task.Speeds), func(s int) bool { return s > most })
		return nil, fmt.Errorf("%s has %d frames, too few for %d at %d times the speed, which take %d; the task's options frames=%d, or speeds=%s, fit",
			m.Describe(i), n, m.task.Frames, fastest, whole, (n-1)/fastest+1, strings.Trim(strings.ReplaceAll(fmt.Sprint(fit), " ", ","), "[]"))
	}
	first, err := m.motion.window(i, n, whole, 0, n-whole, rng)
	if err != nil {
		return nil, err
	}
	var frames []int
	for _, s := range m.task.Speeds {
		begin := first + steps*(fastest-s)/2
		for t := range m.task.Frames {
			frames = append(frames, begin+t*s)
		}
	}
	return frames, nil
}

func (l *playbackSpeed) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward returns the logits [N·K K] of clips of frames x [N·K·T S S 3].
func (l *playbackSpeed) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	return within("head", l.head, l.net.forward(x, dealt))
}

func (l *playbackSpeed) step(s train.Step, b *clipBatch) { answerClips(s, b, l.forward) }

// Draw shows frames of clips as the trunk saw them, a row a speed of each film; below how fast a clip is and how fast the net says, framed green
// where that is right.
func (l *playbackSpeed) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	probs := autograd.Softmax(l.forward(autograd.NewInference().Input(b.X), b.Dealt)).Value
	return m.sheet(b, l.task.Frames, "clips, from left to right: how fast?", func(clip int) (string, bool) {
		said := tensor.ArgMax(probs.Rows(clip, clip+1))[0]
		return fmt.Sprintf("%dx, net: %dx, %.0f of 100", l.task.Speeds[b.Labels[clip]], l.task.Speeds[said], 100*probs.At(clip, said)), int(b.Labels[clip]) == said
	}), nil
}
