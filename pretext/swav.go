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

// SwAV hides to which prototypes another view of the same picture belongs (Caron, Misra, Mairal, Goyal, Bojanowski, Joulin, "Unsupervised learning of visual
// features by contrasting cluster assignments", NeurIPS 2020, arXiv 2006.09882).
//
// Sampling: two views of each picture, made alike (see Views), and, where asked for, small ones (see Crops).
//
// Net: trunk; a projector (linear, batch norm, ReLU, linear) whose projections z are of unit length; prototypes C, rows of unit length, made so again after each
// update, and left as they are for the first freeze epochs, since a net that has learned nothing would draw them together (its appendix A). Each view passes by itself, all
// small ones together.
//
// Codes (equations 3 to 5): scores z·Cᵀ of a view of the whole batch become Q = Diag(u)·exp(scores/epsilon)·Diag(v) in a few rounds of Sinkhorn and Knopp, so that
// all prototypes get equally much of the batch and each picture is dealt out once: one prototype for all pictures cannot be a code, which is what keeps the
// net from collapse. Small batches are too few to deal out evenly: with queue the projections of so many earlier views, of each of both by itself, are dealt out
// beside the batch, from when there are so many (its section 4.1); they are remembered from epoch queue-from on, since those of a net that has learned little are of no use.
//
// Loss (equations 2 and 6): cross-entropy between the code of each view, without gradient, and softmax(z·Cᵀ/temperature) of every other view, small ones too.
//
// Metrics: agreement, how often the prototype nearest to one view is the first of the other's code, beyond always saying the most frequent of a batch's codes; prototypes and
// perplexity, how many are in use by softmax(z·Cᵀ/temperature): 1 where the net has collapsed; and those of two views, of projections.
//
// The zero value cannot be trained: New("swav") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type SwAV struct {
	Prototypes  int
	Temperature float64 // that scores are divided by, above 0
	Epsilon     float64 // of codes, at least leastEpsilon: near 0 a view has one prototype, with more all alike
	Rounds      int     // of Sinkhorn and Knopp, at least 1
	Queue       int     // remembered projections of each view; 0: none
	QueueFrom   int     // epochs from the run's first on in which nothing is remembered
	Freeze      float64 // epochs in which prototypes stay as they are
	Hidden, Out int     // of the projector
	Pieces      int     // views that pass the trunk at once while training (layers.InPieces); 0 means all
	Views       Views
	Blur        string // auto: where the side is at least 64; yes; no
}

// leastEpsilon is the smallest with which exp((a - b)/epsilon) of two cosines, over a few thousand, is a float32 above 0.
const leastEpsilon = 0.03

var swavAbout = About{
	Line: "predict from one view to which prototypes another one is dealt out (SwAV, Caron et al. 2020)",
	Of:   "pictures", Hidden: "to which prototypes another view of the same picture belongs",
	Trivial:  "most frequent prototype: agreement 0",
	Collapse: "a lower epsilon= (0.03), fewer prototypes=, queue= where batches are small, a lower --lr",
	Shortcut: "one prototype for all pictures, which dealing out evenly is against; colours, which are jittered",
	Options: append(append([]spec.Option{
		{Name: "prototypes", Default: "512", About: "how many (ImageNet: 3000)"},
		{Name: "temperature", Default: "0.1", About: "that scores are divided by"},
		{Name: "epsilon", Default: "0.05", About: "how evenly a view is dealt out: with less to fewer prototypes"},
		{Name: "rounds", Default: "3", About: "of Sinkhorn and Knopp"},
		{Name: "queue", Default: "0", About: "earlier projections dealt out beside a batch, for small batches (paper: 3840)"},
		{Name: "queue-from", Default: "0", About: "epochs before they are remembered (paper: 15)"},
		{Name: "freeze", Default: "1", About: "epochs in which prototypes stay as they are"},
		{Name: "hidden", Default: "512", About: "units inside the projector (ImageNet: 2048)"},
		{Name: "out", Default: "128", About: "values of a projection"}, piecesOption}, viewOptions...), cropOptions...),
	OwnViews: true,
	Config:   func(c *train.Config) { c.Optimizer, c.LR, c.WeightDecay = "adam", 1e-3, 1e-6 },
	make: func(v Values) Task {
		c := SwAV{Prototypes: v.Int("prototypes", 2, 1<<17), Temperature: v.Float("temperature", leastTemperature, 100), Epsilon: v.Float("epsilon", leastEpsilon, 100),
			Rounds: v.Int("rounds", 1, 100), Queue: v.Int("queue", 0, 1<<20), QueueFrom: v.Int("queue-from", 0, 1<<20), Freeze: v.Float("freeze", 0, 1e6), Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16)}
		c.Views, c.Blur = viewsOf(v)
		c.Pieces = piecesOf(v)
		c.Views.Crops = cropsOf(v, c.Views.MinArea)
		if c.Queue == 0 && c.QueueFrom > 0 {
			v.Fail("option queue-from is of what is remembered, and nothing is: queue=0")
		}
		return c
	},
}

// Learner returns the trunk with its projector, the prototypes, and what is remembered.
func (c SwAV) Learner(s Setup) (train.Learner, error) {
	if c.Prototypes < 2 || !(c.Temperature > 0) || !(c.Epsilon >= leastEpsilon) || c.Rounds < 1 || c.Queue < 0 || c.QueueFrom < 0 || !(c.Freeze >= 0) || c.Hidden < 1 || c.Out < 2 || !(c.Views.MinArea > 0) {
		return nil, fmt.Errorf("task swav of %+v: want Prototypes and Out >= 2, Temperature and Views.MinArea above 0, Epsilon >= %g, Rounds and Hidden >= 1, Queue, QueueFrom and Freeze not below 0; pretext.New(\"swav\") has them",
			c, leastEpsilon)
	}
	if err := c.Views.Crops.check("swav"); err != nil {
		return nil, err
	}
	if in := s.Inputs.Images; in != nil && in.Len() < c.Prototypes && s.Say != nil {
		s.Say(fmt.Sprintf("task swav: %d prototypes are more than the %d pictures, so that no picture can have one to itself and codes mean little; prototypes=%d or fewer fit",
			c.Prototypes, in.Len(), max(2, in.Len()/10)))
	}
	l := &swav{task: c, pairLearner: newPairLearner("swav", s, c.Views, c.Blur)}
	l.apart = apartInPieces(s.Trunk, c.Pieces)
	if err := l.addCrops(); err != nil {
		return nil, err
	}
	l.online = projected(s.Trunk, perceptron(s.RNG, s.Trunk.Channels(), c.Hidden, c.Out), c.Pieces)
	l.prototypes = layers.Value{Name: "weight", Kind: layers.Weight, Value: tensor.New(c.Prototypes, c.Out)}
	layers.FanInUniform(s.RNG, l.prototypes.Value, c.Out)
	unitise(l.prototypes.Value)
	l.Parts = layers.Parts{{Stateful: l.online}, {Name: "prototypes", Stateful: l.prototypes}}
	for v := range l.queues {
		if c.Queue > 0 {
			l.queues[v] = newQueue(s.RNG, c.Queue, c.Out)
			l.queues[v].rows.Fill(0)
			l.Parts = append(l.Parts, layers.Part{Name: fmt.Sprint("queue", v), Stateful: l.queues[v]})
		}
	}
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) {
		return l.online.Forward(view), l.online.Forward(other)
	}
	return l, nil
}

type swav struct {
	pairLearner
	task       SwAV
	online     layers.Sequential
	prototypes layers.Value // [K D], rows of unit length
	queues     [2]*queue    // of each view; nil for none; rows are 0 until they are filled
	layers.Parts
}

func (l *swav) Groups() []train.Group {
	return []train.Group{{Name: "net", Params: layers.Params(l.online)},
		{Name: "prototypes", Params: layers.Params(layers.Parts{{Name: "prototypes", Stateful: l.prototypes}}), Rest: l.task.Freeze}}
}

func (l *swav) Metrics() []metric.Metric {
	ms := l.prototypeMetrics()
	if l.task.Queue > 0 {
		ms = append(ms, queueAgeMetric)
	}
	return ms
}

func (l *swav) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	f, err := l.feed(in, augment, o, l.step)
	if err != nil || l.task.QueueFrom == 0 || !augment {
		return f, err
	}
	f.Later = map[string]float64{"queue": float64(l.task.QueueFrom)}
	return f, nil
}

// unitise makes rows unit length.
func unitise(x *tensor.Tensor) {
	for i := range x.Dim(0) {
		unitLength(x.Rows(i, i+1).Data)
	}
}

func (l *swav) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		prototypes := t.Param(l.prototypes.Value)
		score := func(z *autograd.Var) *autograd.Var { return autograd.MatMulNT(z, prototypes) }
		cool := func(scores *autograd.Var) *autograd.Var { return autograd.Scale(scores, 1/float32(l.task.Temperature)) }
		var z, said [2]*autograd.Var
		var codes, falls [2]*tensor.Tensor
		for v, x := range b.X {
			z[v] = autograd.L2Normalize(l.online.Forward(t.Input(x)))
			scores := score(z[v])
			n := scores.Shape()[0]
			first := t.FirstRow(n)
			codes[v] = l.codes(v, s.Rows(scores.Value)).Rows(first, first+n)
			said[v] = cool(scores)
			falls[v] = softmax(said[v].Value)
			if l.queues[v] != nil && s.Epoch() >= l.task.QueueFrom {
				l.queues[v].put(s, z[v].Value)
			}
		}
		var small *autograd.Var
		if b.Small != nil {
			small = cool(score(autograd.L2Normalize(l.online.Forward(t.Input(b.Small)))))
		}
		l.tell(s, b, values(z), values(z), values(z))
		for v := range falls {
			agree(s, falls[v], codes[1-v])
		}
		tellUse(s, falls)
		return swapped(said, small, codes)
	})
	if s.Last() {
		s.After(func() {
			unitise(l.prototypes.Value)
			tensor.Changed()
		})
	}
}

// codes returns how views v, of which the scores are [N K], are dealt out to prototypes, with those that are remembered.
func (l *swav) codes(v int, scores *tensor.Tensor) *tensor.Tensor {
	q := l.queues[v]
	if q == nil || !q.full() {
		return sinkhorn(scores, l.task.Epsilon, l.task.Rounds)
	}
	n, k := scores.Dim(0), scores.Dim(1)
	all := tensor.New(n+l.task.Queue, k)
	copy(all.Data, scores.Data)
	similar(all.Rows(n, n+l.task.Queue), q.rows, l.prototypes.Value)
	return sinkhorn(all, l.task.Epsilon, l.task.Rounds).Rows(0, n)
}

// sinkhorn returns [N K], how N views with such scores are dealt out to K prototypes: exp(scores/epsilon), its columns and then its rows made to sum to 1 in turn, rounds
// times (Cuturi, "Sinkhorn distances", 2013; SwAV's equation 5, the authors' order). Rows sum to 1.
func sinkhorn(scores *tensor.Tensor, epsilon float64, rounds int) *tensor.Tensor {
	k := scores.Dim(1)
	q := tensor.New(scores.Shape...)
	most := append([]float32(nil), scores.Data[:k]...) // of each column, which has no say in what it is made to sum to
	for i, v := range scores.Data {
		most[i%k] = max(most[i%k], v)
	}
	for i, v := range scores.Data {
		q.Data[i] = (v - most[i%k]) / float32(epsilon)
	}
	tensor.Exp(q, q)
	sum := make([]float64, k)
	for range rounds {
		clear(sum)
		for i, v := range q.Data {
			sum[i%k] += float64(v)
		}
		for lo := 0; lo < len(q.Data); lo += k {
			row, total := q.Data[lo:lo+k], 0.0
			for j, v := range row {
				row[j] = float32(float64(v) / sum[j])
				total += float64(row[j])
			}
			for j, v := range row {
				row[j] = float32(float64(v) / total)
			}
		}
	}
	return q
}
