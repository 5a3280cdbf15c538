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

// VICReg hides what is said of another view of the same picture (Bardes, Ponce, LeCun, "VICReg: variance-invariance-covariance regularization for
// self-supervised learning", ICLR 2022, arXiv 2105.04906).
//
// Sampling: two views of each picture, made alike (see Views); the paper takes BYOL's.
//
// Net: trunk, and an expander of three linear layers with batch norm and ReLU between them.
//
// Loss (equation 6): sim·mean squared difference of the two projections; var·how far each value's deviation over the batch is below 1 (equations 1 and
// 2, of √(variance + 1e-4), the mean of both views' halves as the authors' program has it); cov·the sum of squared covariances of different values over
// their number, of both views (equations 3 and 4). The second keeps it from collapse, the third from saying the same thing many times. The metrics
// invariance, variance and covariance are the three terms before they are weighed.
//
// The zero value cannot be trained: New("vicreg") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type VICReg struct {
	Sim, Var, Cov float64
	Decorrelated
}

var vicregAbout = About{
	Line: "make projections of two views agree while each value varies and no two covary (VICReg, Bardes et al. 2022)",
	Of:   "pictures", Hidden: "what is said of another view of the same picture",
	Trivial:  "chance: one in a batch",
	Collapse: "a higher var= and cov= beside sim=; a lower --lr",
	Shortcut: "colours, which are jittered",
	Options: decorrelatedOptions(
		spec.Option{Name: "sim", Default: "25", About: "weight of the difference between the two views"},
		spec.Option{Name: "var", Default: "25", About: "weight of deviations that are below 1"},
		spec.Option{Name: "cov", Default: "1", About: "weight of covariances between different values"}),
	OwnViews: true,
	Config:   decorrelatedConfig,
	make: func(v Values) Task {
		return VICReg{v.Float("sim", 0, 1e4), v.Float("var", 0, 1e4), v.Float("cov", 0, 1e4), decorrelatedOf(v)}
	},
}

// Learner returns the trunk with its expander.
func (c VICReg) Learner(s Setup) (train.Learner, error) {
	if !(c.Sim >= 0 && c.Var >= 0 && c.Cov >= 0) || c.Hidden < 1 || c.Out < 2 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task vicreg of %+v: want Sim, Var and Cov not below 0, Hidden >= 1, Out >= 2 and Views.MinArea above 0; pretext.New(\"vicreg\") has them", c)
	}
	l := &vicreg{task: c, pairLearner: newPairLearner("vicreg", s, c.Views, c.Blur)}
	l.apart = apartInPieces(s.Trunk, c.Pieces)
	l.Sequential = projected(s.Trunk, perceptron(s.RNG, s.Trunk.Channels(), c.Hidden, c.Hidden, c.Out), c.Pieces)
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) { return l.Forward(view), l.Forward(other) }
	l.none, l.others = tensor.New(c.Out, c.Out), tensor.New(c.Out, c.Out).Fill(1)
	for i := range c.Out {
		l.others.Data[i*(c.Out+1)] = 0
	}
	return l, nil
}

type vicreg struct {
	pairLearner
	task VICReg
	layers.Sequential
	none, others *tensor.Tensor // [D D], zeros, and ones but on the diagonal
}

func (l *vicreg) Groups() []train.Group { return train.One(l) }

func (l *vicreg) Metrics() []metric.Metric {
	return append(l.pairLearner.Metrics(), metric.Metric{Name: "invariance", Detail: true}, metric.Metric{Name: "variance", Detail: true}, metric.Metric{Name: "covariance", Detail: true})
}

func (l *vicreg) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

func (l *vicreg) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := [2]*autograd.Var{l.Forward(t.Input(b.X[0])), l.Forward(t.Input(b.X[1]))}
		l.tell(s, b, values(z), values(z), values(z))
		z = [2]*autograd.Var{autograd.Together(z[0]), autograd.Together(z[1])}
		n := z[0].Shape()[0]
		off := autograd.Sub(z[0], z[1])
		terms := []*autograd.Var{autograd.Mean(autograd.Mul(off, off)), nil, nil}
		for v := range z {
			variance, covariance := l.regularised(z[v], n)
			if v == 0 {
				terms[1], terms[2] = variance, covariance
			} else {
				terms[1], terms[2] = autograd.Add(terms[1], variance), autograd.Add(terms[2], covariance)
			}
		}
		loss := (*autograd.Var)(nil)
		for k, name := range []string{"invariance", "variance", "covariance"} {
			s.Metric(name, float64(terms[k].Scalar()), 1)
			weighed := autograd.Scale(terms[k], float32([]float64{l.task.Sim, l.task.Var, l.task.Cov}[k]))
			if k == 0 {
				loss = weighed
			} else {
				loss = autograd.Add(loss, weighed)
			}
		}
		return loss
	})
}

// regularised returns half of what the deviations of z [N D] lack of 1, and the sum of squared covariances of different values over D, as unbiased
// estimates have them; a single row has neither.
func (l *vicreg) regularised(z *autograd.Var, n int) (variance, covariance *autograd.Var) {
	centred := autograd.Sub(z, autograd.MeanAxis(z, 0))
	unbiased := 1 / float32(max(n-1, 1))
	deviation := autograd.Sqrt(autograd.AddScalar(autograd.Scale(autograd.SumAxis(autograd.Mul(centred, centred), 0), unbiased), 1e-4))
	variance = autograd.Scale(autograd.Mean(autograd.ReLU(autograd.AddScalar(autograd.Scale(deviation, -1), 1))), 0.5)
	c := autograd.Scale(crossed(centred, centred), unbiased)
	return variance, autograd.Scale(autograd.L2(c, l.none, autograd.LossOptions{Weight: l.others, Sum: true}), 1/float32(l.task.Out))
}
