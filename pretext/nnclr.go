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

// NNCLR hides which of a batch's pictures is meant by a remembered view that looks like one of them (Dwibedi, Aytar, Tompson, Sermanet, Zisserman, "With a
// little help from my friends: nearest-neighbor contrastive learning of visual representations", ICCV 2021, arXiv 2104.14548).
//
// Sampling: two views of each picture, made alike (see Views).
//
// Net: trunk; a projector of three linear layers with batch norm, the last one's without scale and shift, and ReLU between them; a predictor of two. The
// projections of first views are remembered, the oldest forgotten first.
//
// Loss (equation 3): each view's projection is replaced by the nearest that is remembered, which takes no gradient, and the prediction from the other
// view is to be found by it among those of the batch, by cosines over a temperature; the mean of both directions. What is alike is so drawn from other
// pictures than the own one: colours that two views share are no answer.
//
// Metrics: those of two views, and age, of how long ago the nearest was remembered, in batches.
//
// The zero value cannot be trained: New("nnclr") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type NNCLR struct {
	Temperature         float64 // that cosines are divided by, above 0
	Queue               int     // remembered projections
	Hidden, Out, Layers int     // of the projector
	Neck                int     // units inside the predictor
	Views               Views
	Blur                string // auto: where the side is at least 64; yes; no
	Pieces              int    // views that pass the trunk at once while training (layers.InPieces); 0 means all
}

var nnclrAbout = About{
	Line: "find a picture by the remembered view that is nearest to one of its views (NNCLR, Dwibedi et al. 2021)",
	Of:   "pictures", Hidden: "which picture is like a remembered one",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, a lower temperature=, a larger queue=",
	Shortcut: "colours, which are jittered",
	Options: append([]spec.Option{
		{Name: "temperature", Default: "0.1", About: "that cosines are divided by"},
		{Name: "queue", Default: "4096", About: "remembered projections (ImageNet: 98304)"},
		{Name: "hidden", Default: "2048", About: "units inside the projector"},
		{Name: "out", Default: "256", About: "values of a projection"},
		{Name: "layers", Default: "3", About: "of the projector"},
		{Name: "neck", Default: "4096", About: "units inside the predictor"}, piecesOption}, viewOptions...),
	OwnViews: true,
	Config:   contrastiveConfig,
	make: func(v Values) Task {
		c := NNCLR{Temperature: v.Float("temperature", leastTemperature, 100), Queue: v.Int("queue", 2, 1<<20), Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16),
			Layers: v.Int("layers", 1, 8), Neck: v.Int("neck", 1, 1<<16)}
		c.Views, c.Blur = viewsOf(v)
		c.Pieces = piecesOf(v)
		return c
	},
}

// Learner returns the trunk with projector and predictor, and what is remembered.
func (c NNCLR) Learner(s Setup) (train.Learner, error) {
	if !(c.Temperature > 0) || c.Queue < 2 || c.Hidden < 1 || c.Out < 2 || c.Layers < 1 || c.Neck < 1 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task nnclr of %+v: want Temperature and Views.MinArea above 0, Queue and Out >= 2, Hidden, Layers and Neck >= 1; pretext.New(\"nnclr\") has them", c)
	}
	l := &nnclr{task: c, pairLearner: newPairLearner("nnclr", s, c.Views, c.Blur)}
	l.apart = apartInPieces(s.Trunk, c.Pieces)
	l.online = projected(s.Trunk, normed(s.RNG, s.Trunk.Channels(), widths(c.Layers, c.Hidden, c.Out)...), c.Pieces)
	l.predictor = perceptron(s.RNG, c.Out, c.Neck, c.Out)
	l.support = newQueue(s.RNG, c.Queue, c.Out)
	l.Parts = layers.Parts{{Stateful: l.online}, {Name: "predictor", Stateful: l.predictor}, {Name: "support", Stateful: l.support}}
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) {
		return l.predictor.Forward(l.online.Forward(view)), l.online.Forward(other)
	}
	return l, nil
}

type nnclr struct {
	pairLearner
	task              NNCLR
	online, predictor layers.Sequential
	support           *queue
	layers.Parts
}

func (l *nnclr) Groups() []train.Group { return train.One(l) }

func (l *nnclr) Metrics() []metric.Metric {
	return append(l.pairLearner.Metrics(), metric.Metric{Name: "age", Unit: "batches", Detail: true}, queueAgeMetric)
}

func (l *nnclr) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

// nearest returns the remembered rows nearest to those of z [N D], which have unit length, and tells how old they are.
func (l *nnclr) nearest(s train.Step, z *tensor.Tensor) *tensor.Tensor {
	n, k := z.Dim(0), l.support.rows.Dim(0)
	table := tensor.New(n, k)
	similar(table, z, l.support.rows)
	out, next := tensor.New(n, z.Dim(1)), int(l.support.next.Data[0])
	age := 0.0
	for i := range n {
		best, row := 0, table.Data[i*k:(i+1)*k]
		for j, c := range row {
			if c > row[best] {
				best = j
			}
		}
		copy(out.Rows(i, i+1).Data, l.support.rows.Rows(best, best+1).Data)
		age += float64((next - 1 - best + k) % k)
	}
	s.Metric("age", age/float64(n), float64(n))
	return out
}

func (l *nnclr) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var z, p [2]*autograd.Var
		for v, x := range b.X {
			z[v] = l.online.Forward(t.Input(x))
			p[v] = l.predictor.Forward(z[v])
		}
		l.tell(s, b, values(z), values(p), values(z))
		var loss *autograd.Var
		own := rowsOf(t, z[0].Shape()[0])
		for v := range z {
			friends := l.nearest(s, unitRows(z[v].Value))
			logits := autograd.Scale(autograd.MatMulNT(autograd.Const(friends), autograd.Together(autograd.L2Normalize(p[1-v]))), 1/float32(l.task.Temperature))
			each := autograd.Scale(autograd.CrossEntropy(logits, own), 0.5)
			if v == 0 {
				loss = each
			} else {
				loss = autograd.Add(loss, each)
			}
		}
		l.support.put(s, unitRows(z[0].Value))
		return loss
	})
}
