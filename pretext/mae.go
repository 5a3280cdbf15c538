package pretext

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// MAE hides most patches of a picture from a vision transformer, and has them painted from what it says of the rest (He, Chen, Xie, Li, Dollár,
// Girshick, "Masked autoencoders are scalable vision learners", CVPR 2022, arXiv 2111.06377).
//
// Sampling (its section 3): patches are drawn anew for each picture, so many that L·(1-Mask), rounded down, are left. So many must be hidden for
// the task not to be answered by going on with what is beside a patch: pictures are smooth.
//
// Nets: the trunk sees the patches that are left, with its class token, and nothing that stands for the others: a quarter of the tokens, so a step
// costs a third or less. A decoder, small and thrown away, sees what it says, narrowed to Width; where a patch is hidden one learned token, and
// fixed positions in sines and cosines (layers.Waves). The authors' encoder has such fixed positions too. Ours has the trunk's own table, since the
// trunk is judged, and handed on, with it: with the trunk's option init=mae it begins as theirs, and learns on, as theirs does when it is fine-tuned.
//
// Head and loss: one linear layer from a hidden patch's token to its pixels; the mean squared error of hidden patches alone, of values less their
// patch's mean and over its deviation (Raw leaves them as they are). Normalised, each patch's contrast counts the same: flat ones too.
//
// The mean of the patches stands for a picture in the trunk that a run has where none is said (pool=mean), as in the authors' fine-tuning (main_finetune.py,
// global_pool): nothing in the loss asks for what the class token says, and after a short run it says little.
//
// Metric: see masker.
type MAE struct {
	Mask  float64 // part of the patches that is hidden; 0 means 0.75
	Raw   bool    // ask for pixels as they are, not less their patch's mean and over its deviation
	Width int     // of the decoder; 0 means half of the trunk's
	Depth int     // its blocks; 0 means 2
	Heads int     // of their attention; 0 means 4
}

var maeAbout = About{
	Line: "paint the patches that a vision transformer is not shown, most of them (He et al. 2022)",
	Of:   "pictures", Hidden: "most patches of the picture",
	Trivial:  "mean colour",
	Shortcut: "what touches a patch, gone on with; the more is hidden, the less of it there is",
	Options: []spec.Option{
		{Name: "mask", Default: "0.75", About: "part of the patches that is hidden, between 0 and 1"},
		{Name: "norm", Default: "yes", About: "ask for values less their patch's mean and over its deviation; no: as they are"},
		{Name: "width", Default: "0", About: "of the decoder, a multiple of 4 and of its heads (paper: 512); 0: half of the trunk's"},
		{Name: "depth", Default: "2", About: "its blocks (paper: 8)"},
		{Name: "heads", Default: "4", About: "of their attention (paper: 16)"},
	},
	Trunk: "vit-tiny?patch=4&init=mae&pool=mean",
	// What a short run lacks is updates: on CIFAR-10 1600 of 32 pictures painted what is hidden as well as 1500 of 64 (docs/results.md).
	Config: func(c *train.Config) { maskedConfig(c); c.BatchSize = 32 },
	make: func(v Values) Task {
		t := MAE{Mask: partHidden(v), Raw: !v.Bool("norm"), Width: v.Int("width", 0, 1<<12), Depth: v.Int("depth", 1, 64), Heads: v.Int("heads", 1, 64)}
		if v.Err() == nil && (t.Width%4 != 0 || t.Width%t.Heads != 0) {
			v.Fail("option width=%d: want a multiple of 4 and of heads=%d", t.Width, t.Heads)
		}
		return t
	},
}

// partHidden reads the option mask.
func partHidden(v Values) float64 {
	part := v.Float("mask", 0, 1)
	switch {
	case v.Err() != nil:
	case part == 0:
		v.Fail("option mask=0: nothing would be hidden, so there would be nothing to paint; want it between 0 and 1")
	case part == 1:
		v.Fail("option mask=1: everything would be hidden, so there would be nothing to paint from; want it between 0 and 1")
	}
	return part
}

// maskedConfig is what networks that paint hidden squares are trained with: the papers' rule and views (He et al., table 8), with a rate for batches of
// some tens. A view that is shifted, with a black border, is none for this: the border is easily painted, and pictures that are judged have none.
func maskedConfig(c *train.Config) {
	c.Augment = "resized-crop"
	c.Optimizer, c.LR, c.WeightDecay, c.WarmupSteps = "adamw?beta2=0.95", 1e-3, 0.05, -100
}

// Learner returns the trunk with a decoder.
func (t MAE) Learner(s Setup) (train.Learner, error) {
	if t.Mask == 0 {
		t.Mask = 0.75
	}
	usual(&t.Width, s.Trunk.Channels()/2)
	usual(&t.Depth, 2)
	usual(&t.Heads, 4)
	if !(t.Mask > 0 && t.Mask < 1) || t.Width < 4 || t.Width%4 != 0 || t.Depth < 1 || t.Heads < 1 || t.Width%t.Heads != 0 {
		return nil, fmt.Errorf("task mae of %+v: want Mask between 0 and 1, Width a multiple of 4 and of Heads, Depth and Heads of at least 1", t)
	}
	if err := s.Trunk.SeesPatches(); err != nil {
		return nil, fmt.Errorf("task mae: %w", err)
	}
	m, err := newMasker("mae", s, s.Trunk.Patch, func(n int) int { return n - int(float64(n)*(1-t.Mask)+1e-9) })
	if err != nil {
		return nil, err
	}
	m.normalised = !t.Raw
	l := &mae{masker: m, token: tokenRow(s.RNG, t.Width), place: layers.Waves(m.across, m.across, t.Width)}
	l.embed = layers.XavierLinear(s.RNG, s.Trunk.Channels(), t.Width) // as the authors initialise
	l.blocks = layers.Blocks(s.RNG, t.Width, t.Depth, t.Heads)
	l.pred = layers.XavierLinear(s.RNG, t.Width, m.square*m.square*3)
	l.Parts = layers.Parts{{Name: "trunk", Stateful: s.Trunk}, {Name: "decoder", Stateful: layers.Parts{{Name: "embed", Stateful: l.embed}, tokenPart(l.token),
		{Stateful: l.blocks}, {Name: "pred", Stateful: l.pred}}}}
	return l, nil
}

type mae struct {
	masker
	embed  layers.Module     // from the trunk's width to the decoder's
	token  *tensor.Tensor    // [1 D], for what is hidden
	place  *tensor.Tensor    // [1 1+L D]
	blocks layers.Sequential // and a norm
	pred   layers.Module     // a token's pixels
	layers.Parts
}

func (l *mae) Groups() []train.Group { return train.One(l) }

func (l *mae) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

func (l *mae) step(s train.Step, b *masked) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		made := l.paint(t, b)
		l.tell(s, b, made.Value)
		return autograd.L2(made, b.Want, autograd.LossOptions{})
	})
}

func (l *mae) paint(t *autograd.Tape, b *masked) *autograd.Var {
	x := t.Input(b.X)
	leave := t.Enter("trunk")
	y := l.setup.Trunk.OfPatches(x, layers.Patches{Keep: b.Seen})
	leave()
	defer t.Enter("decoder")()
	y = within("embed", l.embed, y)
	n, per, width := y.Shape()[0], y.Shape()[1], y.Shape()[2]
	all, gone := l.rows(b, n, per)
	rows := autograd.Concat(0, autograd.Reshape(y, n*per, width), y.Param(l.token))
	z := autograd.Add(autograd.Reshape(autograd.Gather(rows, all), n, 1+l.count, width), autograd.Const(l.place))
	for _, block := range l.blocks[:len(l.blocks)-1] {
		z = within(block.Name, block, z)
	}
	// what is said of seen patches is asked of nobody
	z = autograd.Gather(autograd.Reshape(z, n*(1+l.count), width), gone)
	return within("pred", l.pred, within("norm", l.blocks[len(l.blocks)-1], z))
}

// rows returns, of n pictures of which per tokens came from the trunk, which row of those, and behind them the mask token, stands at each place of
// the decoder's, [N·(1+L)], and which of these are hidden patches, [N·M].
func (l *mae) rows(b *masked, n, per int) (all, gone []int32) {
	places := 1 + l.count
	all, gone = make([]int32, n*places), make([]int32, len(b.Hidden))
	for i := range all {
		all[i] = int32(n * per)
	}
	for i := range n {
		all[i*places] = int32(i * per)
		for k, patch := range b.Seen[i*(per-1):][:per-1] {
			all[i*places+1+int(patch)] = int32(i*per + 1 + k)
		}
	}
	for k, patch := range b.Hidden {
		gone[k] = int32(k/l.hide*places) + 1 + patch
	}
	return all, gone
}

// Draw shows what the masker shows.
func (l *mae) Draw(in data.Inputs, index []int) (image.Image, error) { return l.draw(l, in, index) }
