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

// NPID (instance discrimination) hides which of all pictures is shown (Wu, Xiong, Yu, Lin, "Unsupervised feature learning via non-parametric instance
// discrimination", CVPR 2018, arXiv 1805.01978): exemplar's question, with what was last said of each picture in place of a classifier's weights.
//
// Sampling: a view of each picture; a second one only says how well views find each other.
//
// Net: trunk, and a linear layer whose answer is brought to unit length. What it said is remembered, of each picture, and moves towards what it says when
// the picture is seen again, which is once an epoch: it is old by then, and the more pictures there are the older.
//
// Loss: with negatives, by noise-contrastive estimation (equations 5 to 8): whether what is remembered is of this picture or of one that was drawn. With
// negatives=0 the cross-entropy of finding it among all pictures, by cosines over a temperature (equation 2), which small data sets can afford; with
// loss=softmax that of finding it among those that were drawn. Those are the same for all of a batch, which makes one product of it; the authors'
// program draws them for each picture. Negatives do not come from the batch, so that accumulated small batches are a large one but for batch statistics.
//
// Metrics: those of two views, and, while training, accuracy among the negatives. While training, what is remembered of a batch's pictures stands for
// their second views.
//
// The zero value cannot be trained: New("npid") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type NPID struct{ Recall }

var npidAbout = About{
	Line: "find which of all pictures is shown by what was last said of each (NPID, Wu et al. 2018)",
	Of:   "pictures", Hidden: "which picture it is",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, a lower temperature=, loss=softmax",
	Shortcut: "colours, which are jittered",
	Options: recallOptions(spec.Option{Default: "0.1", About: "that cosines are divided by (ImageNet: 0.07)"},
		spec.Option{About: "remembered pictures that are drawn beside the own; 0: all, as a softmax"}, "1"),
	OwnViews: true,
	Config:   recallConfig(5e-4),
	make: func(v Values) Task {
		c := NPID{recallOf(v, 0)}
		if c.Negatives == 0 && v.Given("loss") && c.Loss == "nce" {
			v.Fail("option loss=nce: it is of negatives that are drawn; negatives=0 takes all")
		}
		return c
	},
}

// Learner returns the trunk with its linear layer, and what is remembered.
func (c NPID) Learner(s Setup) (train.Learner, error) {
	if !(c.Temperature > 0) || c.Negatives < 0 || !(c.Momentum >= 0 && c.Momentum < 1) || c.Out < 2 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task npid of %+v: want Temperature and Views.MinArea above 0, Negatives not below 0, Momentum from 0 to below 1, Out >= 2; pretext.New(\"npid\") has them", c)
	}
	l := &npid{task: c, pairLearner: newPairLearner("npid", s, c.Views, c.Blur)}
	l.net = projected(s.Trunk, layers.NewLinear(s.RNG, s.Trunk.Channels(), c.Out, layers.LinearOptions{}), 0)
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) {
		return l.net.Forward(view), l.net.Forward(other)
	}
	l.Parts = layers.Parts{{Stateful: l.net}}
	var err error
	if l.bank, err = s.newBank("npid", "bank", c.Out, s.Inputs.Images); err != nil {
		return nil, err
	}
	l.Parts = append(l.Parts, layers.Part{Name: "bank", Stateful: l.bank})
	return l, nil
}

type npid struct {
	pairLearner
	task NPID
	net  layers.Sequential
	bank *bank
	layers.Parts
}

func (l *npid) Groups() []train.Group { return train.One(l) }

func (l *npid) Metrics() []metric.Metric { return remembering(l.pairLearner.Metrics()) }

func (l *npid) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if !augment {
		return l.feed(in, augment, o, l.look)
	}
	if in.Images != nil {
		if err := l.bank.fits("npid", in.Images.Len()); err != nil {
			return nil, err
		}
	}
	return l.feed(in, augment, o, l.step)
}

// look tells how well two views of pictures that are not remembered find each other.
func (l *npid) look(s train.Step, b *pairs) {
	t := autograd.NewInference()
	q, k := l.said(t.Input(b.X[0]), t.Input(b.X[1]))
	z := values([2]*autograd.Var{q, k})
	l.tell(s, b, z, z, z)
}

func (l *npid) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := autograd.L2Normalize(l.net.Forward(t.Input(b.X[0])))
		known := l.bank.of(b.Of)
		l.tell(s, b, [2]*tensor.Tensor{z.Value, known}, [2]*tensor.Tensor{z.Value, nil}, [2]*tensor.Tensor{nil, known})
		l.bank.put(s, b.Of, z.Value, l.task.Momentum)
		var drawn []int32
		if l.task.Negatives > 0 {
			drawn = l.bank.drawn(s.RNG(), l.task.Negatives)
		}
		return l.find(s, z, b.Of, drawn)
	})
}

// find returns the loss of finding pictures by answers z [N D], among those that were drawn, or all.
func (l *npid) find(s train.Step, z *autograd.Var, of, drawn []int32) *autograd.Var {
	if drawn != nil {
		return l.task.found(s, l.bank.recall(z, of, drawn, l.task.Temperature))
	}
	logits := autograd.Scale(autograd.MatMulNT(z, autograd.Const(l.bank.rows)), 1/float32(l.task.Temperature))
	s.Metric("accuracy", float64(tensor.CountRight(logits.Value, of)), float64(len(of)))
	return autograd.CrossEntropy(logits, of)
}
