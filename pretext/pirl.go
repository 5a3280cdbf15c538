package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// PIRL hides that a transformed picture is the picture (Misra, van der Maaten, "Self-supervised learning of pretext-invariant representations", CVPR
// 2020, arXiv 1912.01991): where jigsaw and rotation ask what was done to a picture, and features must tell, here features must not.
//
// Sampling: a view of each picture, and of another view the transformed one: its tiles, one somewhere in each cell of a grid, in random order (jigsaw), or
// the view turned by 0, 90, 180 or 270 degrees (rotation).
//
// Net: the trunk sees the view, and a linear layer answers f. It sees each tile by itself; a linear layer embeds each, and another answers g for all of
// them in their order; a turned view has a linear layer of its own. Answers are of unit length. What f said of each picture is remembered.
//
// Loss (equations 4 and 5): by noise-contrastive estimation, whether what is remembered is of this picture or of one that was drawn, by f and by g:
// (1-share)·NCE(f) + share·NCE(g). The two are never compared with each other. With loss=softmax the cross-entropy of finding it among those that were
// drawn, which are the same for all of a batch and both answers.
//
// Metrics: those of two views, of f and g; while training, accuracy of both among the negatives.
//
// The zero value cannot be trained: New("pirl") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type PIRL struct {
	Transform string  // jigsaw or rotation
	Part      float64 // smallest part of a picture that tiles are cut from
	Share     float64 // of the transformed picture in the loss, 0 to 1
	Recall
}

var pirlAbout = About{
	Line: "find which of all pictures is shown, as it is and as a puzzle or turned (PIRL, Misra and van der Maaten 2020)",
	Of:   "pictures", Hidden: "which picture it is",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, a lower temperature=, loss=softmax",
	Shortcut: "colours, which are jittered",
	Options: append([]spec.Option{
		{Name: "transform", Default: "jigsaw", About: "what is done to the other view: jigsaw or rotation"},
		{Name: "part", Default: "0.6", About: "smallest part of the picture's area that tiles are cut from"},
		{Name: "share", Default: "0.5", About: "of the transformed picture in the loss"},
	}, recallOptions(spec.Option{Default: "0.07", About: "that cosines are divided by"},
		spec.Option{About: "remembered pictures that are drawn beside the own (ImageNet: 32000)"}, "0.8")...),
	OwnViews: true,
	Config:   recallConfig(1e-4),
	make: func(v Values) Task {
		c := PIRL{v.One("transform", "jigsaw", "rotation"), v.Float("part", 0.001, 1), v.Float("share", 0, 1), recallOf(v, 1)}
		if v.Given("part") && c.Transform != "jigsaw" {
			v.Fail("option part: it is of tiles, and transform=%s has none", c.Transform)
		}
		return c
	},
}

// Learner returns the trunk with both answers, and what is remembered.
func (c PIRL) Learner(s Setup) (train.Learner, error) {
	if !(c.Temperature > 0) || c.Negatives < 1 || !(c.Momentum >= 0 && c.Momentum < 1) || !(c.Share >= 0 && c.Share <= 1) || c.Out < 2 || !(c.Part > 0) || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task pirl of %+v: want Temperature, Part and Views.MinArea above 0, Negatives >= 1, Momentum from 0 to below 1, Share from 0 to 1, Out >= 2; pretext.New(\"pirl\") has them", c)
	}
	l := &pirl{task: c, pairLearner: newPairLearner("pirl", s, c.Views, c.Blur)}
	answer := func(name string, in int) layers.Sequential {
		return layers.Sequential{{Name: name, Module: layers.NewLinear(s.RNG, in, c.Out, layers.LinearOptions{})}}
	}
	l.plain = append(layers.Sequential{{Name: "pool", Module: layers.Pool}}, answer("fc", s.Trunk.Channels())...)
	l.changed = append(layers.Sequential{{Name: "pool", Module: layers.Pool}}, answer("fc", s.Trunk.Channels())...)
	if c.Transform == "jigsaw" {
		tiles := Jigsaw{}.filled(s.Side)
		if err := takes(s.Trunk, &tiles.Tile, true); err != nil {
			return nil, fmt.Errorf("task pirl: %w", err)
		}
		part := l.made
		part.MinArea = c.Part
		l.views[1] = part.transforms(tiles.side())[1]
		l.shown = l.tiled(tiles)
		l.together = answer("fc", tiles.Grid*tiles.Grid*c.Out)
	} else {
		l.shown = l.turned()
	}
	var err error
	if l.bank, err = s.newBank("pirl", "bank", c.Out, s.Inputs.Images); err != nil {
		return nil, err
	}
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) { return l.see(view), l.solve(other) }
	return l, nil
}

type pirl struct {
	pairLearner
	task                     PIRL
	plain, changed, together layers.Sequential // the answer to a view, to a tile or a turned view, to all tiles
	bank                     *bank
}

func (l *pirl) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "plain", Stateful: l.plain}, {Name: "changed", Stateful: l.changed},
		{Name: "together", Stateful: l.together}, {Name: "bank", Stateful: l.bank}}.Visit(prefix, f)
}

func (l *pirl) Groups() []train.Group { return train.One(l) }

func (l *pirl) Metrics() []metric.Metric { return remembering(l.pairLearner.Metrics()) }

// tiled cuts a view into tiles, dealt in random order.
func (l *pirl) tiled(t Jigsaw) *shown {
	size := t.Tile * t.Tile * 3
	return &shown{t.Grid, t.Tile, func(dst []float32, view *data.Image, rng *tensor.RNG) {
		tile := new(data.Image)
		for place, k := range rng.Perm(t.Grid * t.Grid) {
			top, left := k/t.Grid*(t.Tile+t.Gap)+rng.IntN(t.Gap+1), k%t.Grid*(t.Tile+t.Gap)+rng.IntN(t.Gap+1)
			cut(tile, view, top, left, t.Tile)
			l.setup.Norm.Normalize(dst[place*size:(place+1)*size], tile)
		}
	}}
}

// turned turns a view by a right angle, or not.
func (l *pirl) turned() *shown {
	side := l.setup.Side
	return &shown{1, side, func(dst []float32, view *data.Image, rng *tensor.RNG) {
		upright := make([]float32, len(dst))
		l.setup.Norm.Normalize(upright, view)
		turn(dst, upright, side, 3, 90*rng.IntN(4))
	}}
}

// see answers views x [N S S 3].
func (l *pirl) see(x *autograd.Var) *autograd.Var {
	return autograd.L2Normalize(within("plain", l.plain, within("trunk", l.setup.Trunk, x)))
}

// solve answers transformed views, as shown lays them.
func (l *pirl) solve(x *autograd.Var) *autograd.Var {
	z := within("changed", l.changed, within("trunk", l.setup.Trunk, x))
	if k := l.shown.grid * l.shown.grid; len(l.together) > 0 {
		z = within("together", l.together, autograd.Reshape(z, z.Shape()[0]/k, k*z.Shape()[1]))
	}
	return autograd.L2Normalize(z)
}

func (l *pirl) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if !augment {
		return l.feed(in, augment, o, func(s train.Step, b *pairs) {
			l.both(autograd.NewInference(), s, b)
		})
	}
	if in.Images != nil {
		if err := l.bank.fits("pirl", in.Images.Len()); err != nil {
			return nil, err
		}
	}
	return l.feed(in, augment, o, l.step)
}

// both answers both views, and tells how well they find each other.
func (l *pirl) both(t *autograd.Tape, s train.Step, b *pairs) [2]*autograd.Var {
	z := [2]*autograd.Var{l.see(t.Input(b.X[0])), l.solve(t.Input(b.X[1]))}
	l.tell(s, b, values(z), values(z), values(z))
	return z
}

func (l *pirl) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.both(t, s, b)
		l.bank.put(s, b.Of, z[0].Value, l.task.Momentum)
		return l.find(s, z, b.Of, l.bank.drawn(s.RNG(), l.task.Negatives))
	})
}

// find returns the loss of finding pictures by answers f and g [N D], among those that were drawn.
func (l *pirl) find(s train.Step, z [2]*autograd.Var, of, drawn []int32) *autograd.Var {
	var losses [2]*autograd.Var
	for v := range z {
		losses[v] = l.task.found(s, l.bank.recall(z[v], of, drawn, l.task.Temperature))
	}
	return autograd.Lerp(losses[0], losses[1], float32(l.task.Share))
}
