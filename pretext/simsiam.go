package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/train"
)

// SimSiam hides what the same net says of another view of the same picture (Chen, He, "Exploring simple Siamese representation learning", CVPR 2021,
// arXiv 2011.10566).
//
// Sampling: two views of each picture, made alike (see Views).
//
// Net: trunk; a projector of linear layers with batch norm, the last one's without scale and shift, and ReLU between them (its section 3; two layers
// on CIFAR-10, appendix D, three on ImageNet); a predictor with a bottleneck of a quarter. There is neither teacher nor negatives: what is to be
// predicted takes no gradient, and nothing but that keeps it from collapse, which spread shows (section 4.1).
//
// Loss: 1 - cosine between the prediction from one view and the projection of the other, the mean of both directions (equation 3 plus one).
//
// The zero value cannot be trained: New("simsiam") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type SimSiam struct {
	Hidden, Out, Layers int // of the projector
	Neck                int // units inside the predictor
	Views               Views
	Blur                string // auto: where the side is at least 64; yes; no
}

var simsiamAbout = About{
	Line: "predict what the net itself says of another view, without gradient (SimSiam, Chen and He 2021)",
	Of:   "pictures", Hidden: "what the net says of another view of the same picture",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr and weight decay, larger batches, neck= at a quarter of out=",
	Shortcut: "one answer for all pictures, which the predictor and the stopped gradient are against; colours, which are jittered",
	Options: append([]spec.Option{
		{Name: "hidden", Default: "2048", About: "units inside the projector"},
		{Name: "out", Default: "2048", About: "values of a projection"},
		{Name: "layers", Default: "2", About: "of the projector (ImageNet: 3)"},
		{Name: "neck", Default: "512", About: "units inside the predictor"}}, viewOptions...),
	OwnViews: true,
	Config:   contrastiveConfig,
	make: func(v Values) Task {
		c := SimSiam{Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16), Layers: v.Int("layers", 1, 8), Neck: v.Int("neck", 1, 1<<16)}
		c.Views, c.Blur = viewsOf(v)
		return c
	},
}

// Learner returns the trunk with projector and predictor.
func (c SimSiam) Learner(s Setup) (train.Learner, error) {
	if c.Hidden < 1 || c.Out < 2 || c.Layers < 1 || c.Neck < 1 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task simsiam of %+v: want Hidden, Layers and Neck >= 1, Out >= 2 and Views.MinArea above 0; pretext.New(\"simsiam\") has them", c)
	}
	l := &simsiam{pairLearner: newPairLearner("simsiam", s, c.Views, c.Blur)}
	l.online = projected(s.Trunk, normed(s.RNG, s.Trunk.Channels(), widths(c.Layers, c.Hidden, c.Out)...), 0)
	l.predictor = perceptron(s.RNG, c.Out, c.Neck, c.Out)
	l.Parts = layers.Parts{{Stateful: l.online}, {Name: "predictor", Stateful: l.predictor}}
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) {
		return l.predictor.Forward(l.online.Forward(view)), l.online.Forward(other)
	}
	return l, nil
}

type simsiam struct {
	pairLearner
	online, predictor layers.Sequential
	layers.Parts
}

func (l *simsiam) Groups() []train.Group { return train.One(l) }

func (l *simsiam) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

func (l *simsiam) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var z, p [2]*autograd.Var
		for v, x := range b.X {
			z[v] = l.online.Forward(t.Input(x))
			p[v] = l.predictor.Forward(z[v])
		}
		l.tell(s, b, values(z), values(p), values(z))
		return autograd.Scale(autograd.Add(autograd.Cosine(p[0], autograd.Const(z[1].Value)), autograd.Cosine(p[1], autograd.Const(z[0].Value))), 0.5)
	})
}
