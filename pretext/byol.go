package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// BYOL hides how a teacher sees another view of the same picture (Grill et al., "Bootstrap your own latent: a new approach to
// self-supervised learning", NeurIPS 2020, arXiv 2006.07733).
//
// Sampling (its appendix B, table 6): two views of each picture, each a random part of it, mirrored or not, its colours jittered
// in random order, sometimes grey. The views are not made alike: the first is blurred more often, the second sometimes solarised.
// The defences: two parts of a picture share its colours, so that their mean would give the answer away, and the jitter takes that
// from them (the metric says what is left of it); the blur takes the camera's noise and sharpness, and is left out of small
// pictures, which have none.
//
// Nets: online = trunk, projector, predictor; teacher = trunk, projector. A projector or predictor is linear, batch norm, ReLU,
// linear (its section 3.3). The teacher is never trained: after each update it moves towards the online net, less and less (equation
// 1 and section 3.2): teacher = d·teacher + (1-d)·online with d = last - (last-decay)·(cos(π·k/K)+1)/2 at update k of K. Each view
// passes each net by itself, in training mode, the teacher too, as the authors' program and those of others do: statistics of a
// batch of one kind of view, and running ones that are moved twice a step.
//
// Loss: 1 - cosine between the prediction from one view and the teacher's projection of the other, the mean of both directions: a
// quarter of equation 2 with its symmetric half, the scale for which rates of plain SGD are published. Nothing pushes different
// pictures apart, so the loss alone cannot tell learning from collapse: match can.
//
// Metrics: those of two views (see Views); match is how often the prediction from one view is nearest to the teacher's projection of the other,
// spread, alignment and uniformity are of the online net's projections. A net that has collapsed, or whose predictor is random, matches as chance does.
//
// The zero value cannot be trained: New("byol") returns one that can.
//
// The views are the task, so it is looked at with the same ones as it is trained with.
type BYOL struct {
	Decay, LastDecay float64 // of the teacher, at the first update and at the end
	Hidden, Out      int     // of projector and predictor
	MinArea          float64 // smallest part of a picture that is a view
	Jitter           float64 // how likely the colours are jittered
	Saturation       float64 // how far, at most; brightness and contrast 0.4, hue 0.1
	Solarise         float64 // how likely the second view is solarised
	Blur             string  // auto: where the side is at least blurSide; yes; no
}

var byolAbout = About{
	Line: "predict how a slowly moving teacher sees another view of the picture (Grill et al. 2020)",
	Of:   "pictures", Hidden: "the view that a teacher sees of the same picture",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr and weight decay; larger batches; a slower teacher (decay=0.99 and more)",
	Shortcut: "one answer for all pictures, which the predictor and the slow teacher are against; colours, which are jittered",
	Options: []spec.Option{
		{Name: "decay", Default: "0.99", About: "how much of the teacher stays at the first update (0.996 in the paper's 1000 epochs)"},
		{Name: "last", Default: "1", About: "how much of it stays at the end; between them half a cosine"},
		{Name: "hidden", Default: "1024", About: "units inside projector and predictor (paper: 4096)"},
		{Name: "out", Default: "256", About: "values of a projection"},
		{Name: "area", Default: "0.08", About: "smallest part of the picture's area that is a view"},
		{Name: "jitter", Default: "0.8", About: "how likely colours are jittered"},
		{Name: "saturation", Default: "0.2", About: "by how much at most saturation is jittered; brightness and contrast by 0.4, hue by 0.1"},
		{Name: "solarise", Default: "0.2", About: "how likely the second view is solarised"},
		{Name: "blur", Default: "auto", About: "the first view always, the second one in ten times: yes, no, or auto, from 64 pixels on"},
	},
	OwnViews: true,
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.Momentum, c.WeightDecay = "sgd", 0.06, 0.9, 5e-4
	},
	make: func(v *spec.Values) Task {
		b := BYOL{Decay: v.Float("decay", 0, 1), LastDecay: v.Float("last", 0, 1), Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16),
			MinArea: v.Float("area", 0.001, 1), Jitter: v.Float("jitter", 0, 1), Saturation: v.Float("saturation", 0, 1), Solarise: v.Float("solarise", 0, 1),
			Blur: v.One("blur", "auto", "yes", "no")}
		if b.LastDecay < b.Decay {
			v.Fail("the teacher's decay goes from decay=%g to last=%g: want it not to fall", b.Decay, b.LastDecay)
		}
		return b
	},
}

// decay returns how much of the teacher stays at update k of so many.
func (b BYOL) decay(k, of int) float64 {
	return risingDecay(b.Decay, b.LastDecay, k, of)
}

// views are those of the paper's table 6: the first is blurred more often, the second sometimes solarised.
func (b BYOL) views(side int) Views {
	w := Views{MinArea: b.MinArea, Jitter: b.Jitter, Light: 0.4, Saturation: b.Saturation, Hue: 0.1, Grey: 0.2, Solarise: [2]float64{0, b.Solarise}}
	if blurs(b.Blur, side) {
		w.Blur = [2]float64{1, 0.1}
	}
	return w
}

// mlp is a projector or predictor.
func (b BYOL) mlp(rng *tensor.RNG, in int) layers.Sequential {
	return perceptron(rng, in, b.Hidden, b.Out)
}

// Learner returns the nets; the teacher begins as the online net is.
func (b BYOL) Learner(s Setup) (train.Learner, error) {
	if s.Trunk.Again == nil {
		return nil, fmt.Errorf("task byol needs a second trunk as its teacher, and trunk %q does not say how another is made (layers.Trunk.Again)", s.Trunk.Name)
	}
	if b.Hidden < 1 || b.Out < 2 || !(b.MinArea > 0) || b.LastDecay < b.Decay || b.Blur != "auto" && b.Blur != "yes" && b.Blur != "no" {
		return nil, fmt.Errorf("task byol of %+v: want Hidden >= 1, Out >= 2, MinArea > 0, Decay <= LastDecay and Blur auto, yes or no; pretext.New(\"byol\") has them", b)
	}
	l := &byol{task: b, pairLearner: pairLearner{name: "byol", setup: s, views: b.views(s.Side).transforms(s.Side)}}
	l.said = l.both
	l.online = projected(s.Trunk, b.mlp(s.RNG, s.Trunk.Channels()), 0)
	l.predictor = b.mlp(s.RNG, b.Out)
	teacher := s.teacher()
	l.teacher = projected(teacher, b.mlp(s.RNG, teacher.Channels()), 0)
	l.Parts = layers.Parts{{Stateful: l.online}, {Name: "predictor", Stateful: l.predictor}, {Name: "teacher", Stateful: layers.Frozen{Stateful: l.teacher}}}
	var err error
	l.average, err = optim.NewEMA(l.teacher, l.online)
	return l, err
}

type byol struct {
	pairLearner
	task                       BYOL
	online, predictor, teacher layers.Sequential
	average                    *optim.EMA
	layers.Parts
}

func (l *byol) Groups() []train.Group { return train.One(l) }

func (l *byol) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

func (l *byol) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var z, y, p [2]*autograd.Var
		t.NoGrad(func() {
			for v, x := range b.X {
				z[v] = l.teacher.Forward(t.Input(x))
			}
		})
		for v, x := range b.X {
			y[v] = l.online.Forward(t.Input(x))
			p[v] = l.predictor.Forward(y[v])
		}
		l.tell(s, b, values(y), values(p), values(z))
		return autograd.Scale(autograd.Add(autograd.Cosine(p[0], z[1]), autograd.Cosine(p[1], z[0])), 0.5)
	})
	if s.Last() {
		d := l.task.decay(s.At())
		s.After(func() { l.average.Update(d) })
	}
}

// both returns the predictions from views and the teacher's projections of others.
func (l *byol) both(view, other *autograd.Var) (query, key *autograd.Var) {
	return l.predictor.Forward(l.online.Forward(view)), l.teacher.Forward(other)
}
