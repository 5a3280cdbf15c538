package pretext

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Barlow (Barlow Twins) hides which values of a projection another view will have (Zbontar, Jing, Misra, LeCun, Deny, "Barlow Twins: self-supervised
// learning via redundancy reduction", ICML 2021, arXiv 2103.03230).
//
// Sampling: two views of each picture, made alike (see Views); the paper takes BYOL's.
//
// Net: trunk, and a projector of three linear layers with batch norm and ReLU between them.
//
// Loss (equations 1 and 2): with the projections of each view normalised over the batch, and C = Z0ᵀ·Z1/N their cross-correlation,
// Σ (1 - C_ii)² + lambda·Σ_{i≠j} C_ij²: each value is to be the same for both views, and no two values are to say the same. There are no negatives, and
// a constant has no correlation with itself, so there is no collapse; what redundant values are left the metrics on_diagonal (mean of C_ii) and
// off_diagonal (root mean square of the others) say.
//
// The zero value cannot be trained: New("barlow") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type Barlow struct {
	Lambda float64 // of the off-diagonal, not below 0
	Scale  float64 // of the loss, above 0
	Layers int     // of the projector
	Decorrelated
}

// Decorrelated is what the tasks have in common whose values of a projection are to say different things.
type Decorrelated struct {
	Hidden, Out int // of the projector
	Pieces      int // views that pass the trunk at once while training (layers.InPieces); 0 means all
	Views       Views
	Blur        string // auto: where the side is at least 64; yes; no
}

// decorrelatedOptions are its options, behind others.
func decorrelatedOptions(others ...spec.Option) []spec.Option {
	return append(append(others,
		spec.Option{Name: "hidden", Default: "1024", About: "units inside the projector (paper: 8192)"},
		spec.Option{Name: "out", Default: "1024", About: "values of a projection (paper: 8192)"}, piecesOption), viewOptions...)
}

// decorrelatedOf reads them.
func decorrelatedOf(v Values) Decorrelated {
	d := Decorrelated{Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<14)}
	d.Views, d.Blur = viewsOf(v)
	d.Pieces = piecesOf(v)
	return d
}

// decorrelatedConfig is what their papers have.
func decorrelatedConfig(c *train.Config) {
	c.Optimizer, c.LR, c.Momentum, c.WeightDecay = "lars", 0.3, 0.9, 1e-4
}

var barlowAbout = About{
	Line: "make values of a projection agree between two views, and say different things (Barlow Twins, Zbontar et al. 2021)",
	Of:   "pictures", Hidden: "what is said of another view of the same picture",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, or scale= in place of it; a higher lambda=; larger batches",
	Shortcut: "colours, which are jittered",
	Options: decorrelatedOptions(
		spec.Option{Name: "lambda", Default: "0.005", About: "weight of the correlations between different values"},
		spec.Option{Name: "scale", Default: "1", About: "of the loss (solo-learn: 0.1)"},
		spec.Option{Name: "layers", Default: "3", About: "of the projector"}),
	OwnViews: true,
	Config:   decorrelatedConfig,
	make: func(v Values) Task {
		return Barlow{v.Float("lambda", 0, 100), v.Float("scale", 1e-6, 1e3), v.Int("layers", 1, 8), decorrelatedOf(v)}
	},
}

// Learner returns the trunk with its projector.
func (c Barlow) Learner(s Setup) (train.Learner, error) {
	if !(c.Lambda >= 0) || !(c.Scale > 0) || c.Hidden < 1 || c.Out < 2 || c.Layers < 1 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task barlow of %+v: want Lambda not below 0, Scale and Views.MinArea above 0, Hidden and Layers >= 1 and Out >= 2; pretext.New(\"barlow\") has them", c)
	}
	l := &barlow{task: c, pairLearner: newPairLearner("barlow", s, c.Views, c.Blur)}
	l.apart = apartInPieces(s.Trunk, c.Pieces)
	l.Sequential = projected(s.Trunk, perceptron(s.RNG, s.Trunk.Channels(), widths(c.Layers, c.Hidden, c.Out)...), c.Pieces)
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) { return l.Forward(view), l.Forward(other) }
	l.eye, l.weight = tensor.New(c.Out, c.Out), tensor.New(c.Out, c.Out).Fill(float32(c.Lambda))
	for i := range c.Out {
		l.eye.Data[i*(c.Out+1)], l.weight.Data[i*(c.Out+1)] = 1, 1
	}
	return l, nil
}

type barlow struct {
	pairLearner
	task Barlow
	layers.Sequential
	eye, weight *tensor.Tensor // [D D], I, and what each squared entry of C - I counts
}

func (l *barlow) Groups() []train.Group { return train.One(l) }

func (l *barlow) Metrics() []metric.Metric {
	return append(l.pairLearner.Metrics(), metric.Metric{Name: "on_diagonal", Higher: true, Detail: true}, metric.Metric{Name: "off_diagonal", Detail: true})
}

func (l *barlow) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

// standardised returns z [N D] with columns of mean 0 and deviation 1 over the batch, of whatever mode; the epsilon is a batch norm's.
func standardised(z *autograd.Var) *autograd.Var {
	centred := autograd.Sub(z, autograd.MeanAxis(z, 0))
	variance := autograd.MeanAxis(autograd.Mul(centred, centred), 0)
	return autograd.Div(centred, autograd.Sqrt(autograd.AddScalar(variance, 1e-5)))
}

// crossed returns aᵀ·b of [N D] and [N E]: [D E].
func crossed(a, b *autograd.Var) *autograd.Var { return autograd.MatMul(autograd.Permute(a, 1, 0), b) }

func (l *barlow) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := [2]*autograd.Var{l.Forward(t.Input(b.X[0])), l.Forward(t.Input(b.X[1]))}
		l.tell(s, b, values(z), values(z), values(z))
		z = [2]*autograd.Var{autograd.Together(z[0]), autograd.Together(z[1])}
		n := z[0].Shape()[0]
		c := autograd.Scale(crossed(standardised(z[0]), standardised(z[1])), 1/float32(n))
		l.correlations(s, c.Value)
		return autograd.Scale(autograd.L2(c, l.eye, autograd.LossOptions{Weight: l.weight, Sum: true}), float32(l.task.Scale))
	})
}

// correlations tells of the cross-correlation c [D D].
func (l *barlow) correlations(s train.Step, c *tensor.Tensor) {
	d := c.Dim(0)
	on, off := 0.0, 0.0
	for i, v := range c.Data {
		if i/d == i%d {
			on += float64(v)
		} else {
			off += float64(v) * float64(v)
		}
	}
	s.Metric("on_diagonal", on, float64(d))
	s.Metric("off_diagonal", math.Sqrt(off/float64(d*(d-1))), 1)
}
