package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/train"
)

// SimCLR hides which view is of the same picture as another (Chen, Kornblith, Norouzi, Hinton, "A simple framework for contrastive learning of visual
// representations", ICML 2020, arXiv 2002.05709).
//
// Sampling: two views of each picture, made alike (see Views). The defences are theirs: without the jitter, the mean colour finds the other view.
//
// Net: trunk, and a projector of linear, batch norm, ReLU, linear (its section 4.2), and with Norm, as in the authors' program, batch norm; what is kept is the trunk. Each view passes by itself, so that batch
// statistics are of N views, as in the programs with published CIFAR-10 numbers; the authors' takes them of all 2N.
//
// Loss: NT-Xent (equation 1): by cosines over a temperature each view must find the other among the 2N - 2 views of other pictures. Larger batches are
// harder questions; the whole batch is needed for the loss, so that accumulated small batches are not a large one.
//
// The zero value cannot be trained: New("simclr") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type SimCLR struct {
	Temperature float64 // that cosines are divided by, above 0
	Hidden, Out int     // of the projector
	Norm        bool    // batch norm behind the projector's last layer too
	Views       Views
	Blur        string // auto: where the side is at least 64; yes; no
	Pieces      int    // views that pass the trunk at once while training (layers.InPieces); 0 means all
}

var simclrAbout = About{
	Line: "find the other view of a picture among a batch's (SimCLR, Chen et al. 2020)",
	Of:   "pictures", Hidden: "which view is of the same picture",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, a lower temperature=, larger batches",
	Shortcut: "colours, which are jittered",
	Options:  simclrOptions(spec.Option{Name: "temperature", Default: "0.5", About: "that cosines are divided by (ImageNet: 0.1)"}),
	OwnViews: true,
	Config:   contrastiveConfig,
	make:     func(v Values) Task { return simclrOf(v) },
}

// simclrOptions are SimCLR's with a default temperature.
func simclrOptions(temperature spec.Option) []spec.Option {
	return append([]spec.Option{temperature,
		{Name: "hidden", Default: "512", About: "units inside the projector"},
		{Name: "out", Default: "128", About: "values of a projection"},
		{Name: "norm", Default: "no", About: "batch norm behind the projector's last layer too (the authors' program)"}, piecesOption}, viewOptions...)
}

// simclrOf reads them.
func simclrOf(v Values) SimCLR {
	c := SimCLR{Temperature: v.Float("temperature", leastTemperature, 100), Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16), Norm: v.Bool("norm")}
	c.Views, c.Blur = viewsOf(v)
	c.Pieces = piecesOf(v)
	return c
}

// Learner returns the trunk with its projector.
func (c SimCLR) Learner(s Setup) (train.Learner, error) {
	l, err := c.learner("simclr", s)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// learner returns that of a task which is SimCLR but for its loss.
func (c SimCLR) learner(name string, s Setup) (*simclr, error) {
	if !(c.Temperature > 0) || c.Hidden < 1 || c.Out < 2 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task %s of %+v: want Temperature and Views.MinArea above 0, Hidden >= 1 and Out >= 2; pretext.New(%q) has them", name, c, name)
	}
	l := &simclr{task: c, pairLearner: newPairLearner(name, s, c.Views, c.Blur)}
	l.apart = apartInPieces(s.Trunk, c.Pieces)
	projector := perceptron
	if c.Norm {
		projector = closed
	}
	l.Sequential = projected(s.Trunk, projector(s.RNG, s.Trunk.Channels(), c.Hidden, c.Out), c.Pieces)
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) { return l.Forward(view), l.Forward(other) }
	return l, nil
}

type simclr struct {
	pairLearner
	task SimCLR
	layers.Sequential
}

func (l *simclr) Groups() []train.Group { return train.One(l) }

func (l *simclr) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

// both projects both views, and tells how well they find each other.
func (l *simclr) both(t *autograd.Tape, s train.Step, b *pairs) [2]*autograd.Var {
	z := [2]*autograd.Var{l.Forward(t.Input(b.X[0])), l.Forward(t.Input(b.X[1]))}
	l.tell(s, b, values(z), values(z), values(z))
	return z
}

func (l *simclr) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.both(t, s, b)
		return autograd.NTXent(autograd.Concat(0, z[0], z[1]), float32(l.task.Temperature))
	})
}
