package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// MoCo hides which of many remembered views is of the same picture (He, Fan, Wu, Xie, Girshick, "Momentum contrast for unsupervised visual representation
// learning", CVPR 2020, arXiv 1911.05722; as version 2, Chen, Fan, Girshick, He 2020, arXiv 2003.04297: a projector, stronger jitter, blur).
//
// Sampling: two views of each picture, made alike (see Views): a query and a key.
//
// Nets: queries pass trunk and projector (linear, ReLU, linear; no batch norm); keys pass a second trunk and projector that are never trained: after
// each update they move towards the first, by 1 - momentum (equation 2). What keys said is remembered in a queue, the oldest forgotten first.
//
// Shortcut: batch statistics are computed of a batch's queries and of its keys, and tell which key is of the same batch as a query while those of the
// queue are not. The paper shuffles keys among machines; here keys are shuffled and normalised in groups parts of the batch, each by its own statistics.
//
// Loss: cross-entropy of finding, by cosines over a temperature, the own key among it and all of the queue (equation 1); with symmetric=yes the mean
// of both views as query, as programs with published CIFAR-10 numbers have it. Negatives do not come from the batch, so small batches do, and
// accumulated ones are a large one but for batch statistics.
//
// Metrics: those of two views, within the batch alone, of what the first net says (with symmetric=no of its queries and their keys), and accuracy
// among the queue.
//
// The zero value cannot be trained: New("moco") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type MoCo struct {
	Temperature float64 // that cosines are divided by, above 0
	Queue       int     // remembered keys
	Momentum    float64 // how much of the key net stays at an update
	Groups      int     // parts of a batch of keys with statistics of their own
	Symmetric   bool
	Hidden, Out int // of the projector
	Views       Views
	Blur        string // auto: where the side is at least 64; yes; no
}

var mocoAbout = About{
	Line: "find the other view of a picture among many remembered ones (MoCo v2, He et al. 2020)",
	Of:   "pictures", Hidden: "which remembered view is of the same picture",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, a slower second net (momentum=0.99 and more)",
	Shortcut: "colours, which are jittered; batch statistics, which shuffled parts of the batch have of their own",
	Options: append([]spec.Option{
		{Name: "temperature", Default: "0.1", About: "that cosines are divided by (ImageNet: 0.2)"},
		{Name: "queue", Default: "4096", About: "remembered views (ImageNet: 65536)"},
		{Name: "momentum", Default: "0.99", About: "how much of the key net stays at an update (ImageNet: 0.999)"},
		{Name: "groups", Default: "2", About: "shuffled parts of a batch of keys with batch statistics of their own, where the trunk has such"},
		{Name: "symmetric", Default: "yes", About: "each view is a query once; no: the first alone, as in the paper"},
		{Name: "hidden", Default: "512", About: "units inside the projector (ImageNet: 2048)"},
		{Name: "out", Default: "128", About: "values of a projection"}}, viewOptions...),
	OwnViews: true,
	Config:   contrastiveConfig,
	make: func(v Values) Task {
		c := MoCo{Temperature: v.Float("temperature", leastTemperature, 100), Queue: v.Int("queue", 2, 1<<20), Momentum: v.Float("momentum", 0, 1),
			Groups: v.Int("groups", 1, 256), Symmetric: v.Bool("symmetric"), Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16)}
		c.Views, c.Blur = viewsOf(v)
		return c
	},
}

// Learner returns both nets, the second as the first is, and the queue.
func (c MoCo) Learner(s Setup) (train.Learner, error) {
	if s.Trunk.Again == nil {
		return nil, fmt.Errorf("task moco needs a second trunk for its keys, and trunk %q does not say how another is made (layers.Trunk.Again)", s.Trunk.Name)
	}
	if !(c.Temperature > 0) || c.Queue < 2 || !(c.Momentum >= 0 && c.Momentum <= 1) || c.Groups < 1 || c.Hidden < 1 || c.Out < 2 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task moco of %+v: want Temperature and Views.MinArea above 0, Queue >= 2, Momentum from 0 to 1, Groups and Hidden >= 1, Out >= 2; pretext.New(\"moco\") has them", c)
	}
	if !normalises(s.Trunk) {
		if c.Groups > 2 && s.Say != nil { // two is what nobody asked for
			s.Say(fmt.Sprintf("task moco: trunk %q has no statistics of a batch, groups=%d changes nothing", s.Trunk.Name, c.Groups))
		}
		c.Groups = 1
	}
	l := &moco{task: c, pairLearner: newPairLearner("moco", s, c.Views, c.Blur)}
	plain := func(trunk *layers.Trunk) layers.Sequential {
		return projected(trunk, layers.Seq(layers.NewLinear(s.RNG, trunk.Channels(), c.Hidden, layers.LinearOptions{}), layers.ReLU,
			layers.NewLinear(s.RNG, c.Hidden, c.Out, layers.LinearOptions{})), 0)
	}
	l.query = plain(s.Trunk)
	l.key = plain(s.teacher())
	l.queue = newQueue(s.RNG, c.Queue, c.Out)
	l.Parts = layers.Parts{{Stateful: l.query}, {Name: "key", Stateful: layers.Frozen{Stateful: l.key}}, {Name: "queue", Stateful: l.queue}}
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) {
		return l.query.Forward(view), l.key.Forward(other)
	}
	var err error
	l.average, err = optim.NewEMA(l.key, l.query)
	return l, err
}

type moco struct {
	pairLearner
	task       MoCo
	query, key layers.Sequential
	average    *optim.EMA
	queue      *queue
	layers.Parts
}

func (l *moco) Groups() []train.Group { return train.One(l) }

func (l *moco) Metrics() []metric.Metric {
	return append(l.pairLearner.Metrics(), metric.Metric{Name: "accuracy", Unit: metric.Percent, Higher: true}, queueAgeMetric)
}

// Feed says where a batch is too small for its parts.
func (l *moco) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if n := o.Whole(); augment && n >= 2 && n < 2*l.task.Groups && l.setup.Say != nil {
		l.setup.Say(fmt.Sprintf("task moco: batches of %d views have room for %d parts of keys with statistics of their own, not for groups=%d", n, n/2, l.task.Groups))
	}
	return l.feed(in, augment, o, l.step)
}

// keys returns what the key net says of x [N S S 3], unit length, the rows of the whole batch shuffled and cut into parts where it trains: of a batch in shards each shows
// what it has of each part, be it nothing, and the part's statistics are of all.
func (l *moco) keys(s train.Step, t *autograd.Tape, x *tensor.Tensor) *autograd.Var {
	n := x.Dim(0)
	first, all := t.FirstRow(n), t.AllRows(n)
	groups := min(l.task.Groups, all/2)
	if groups < 2 || !t.Training {
		return autograd.L2Normalize(l.key.Forward(t.Input(x)))
	}
	order, back := s.RNG().Perm(all), make([]int32, n)
	shuffled := tensor.New(x.Shape...)
	parts, at := make([]*autograd.Var, groups), 0
	for g := range parts {
		begin := at
		for _, row := range order[g*all/groups : (g+1)*all/groups] {
			if from := row - first; from >= 0 && from < n {
				tensor.Copy(shuffled.Rows(at, at+1), x.Rows(from, from+1))
				back[from] = int32(at)
				at++
			}
		}
		parts[g] = l.key.Forward(t.Input(shuffled.Rows(begin, at)))
	}
	return autograd.L2Normalize(autograd.Gather(autograd.Concat(0, parts...), back))
}

func (l *moco) step(s train.Step, b *pairs) {
	directions := 1
	if l.task.Symmetric {
		directions = 2
	}
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var q, k [2]*autograd.Var
		for v := range directions {
			q[v] = l.query.Forward(t.Input(b.X[v]))
			t.NoGrad(func() { k[1-v] = l.keys(s, t, b.X[1-v]) })
		}
		if l.task.Symmetric {
			l.tell(s, b, values(q), values(q), values(q))
		} else { // the first views ask, the second are asked for
			l.tell(s, b, [2]*tensor.Tensor{q[0].Value, k[1].Value}, [2]*tensor.Tensor{q[0].Value, nil}, [2]*tensor.Tensor{nil, k[1].Value})
		}
		var loss *autograd.Var
		for v := range directions {
			each := l.found(t, s, autograd.L2Normalize(q[v]), k[1-v])
			if v == 0 {
				loss = each
			} else {
				loss = autograd.Scale(autograd.Add(loss, each), 0.5)
			}
		}
		keys := []*tensor.Tensor{k[1].Value}
		if l.task.Symmetric {
			keys = append(keys, k[0].Value)
		}
		l.queue.put(s, keys...)
		return loss
	})
	if s.Last() {
		s.After(func() { l.average.Update(l.task.Momentum) })
	}
}

// found returns the cross-entropy of finding for each query [N D] its key [N D] among it and the queue, all of unit length.
func (l *moco) found(t *autograd.Tape, s train.Step, query, key *autograd.Var) *autograd.Var {
	n := query.Shape()[0]
	own := autograd.Reshape(autograd.SumAxis(autograd.Mul(query, autograd.Const(key.Value)), 1), n, 1)
	logits := autograd.Scale(autograd.Concat(1, own, autograd.MatMulNT(query, autograd.Const(l.queue.rows))), 1/float32(l.task.Temperature))
	first := make([]int32, n)
	s.Metric("accuracy", float64(tensor.CountRight(logits.Value, first)), float64(n))
	return autograd.CrossEntropy(logits, first)
}
