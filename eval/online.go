package eval

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// OnlineProbe is a linear classifier that learns beside a network that is still learning. At each look it goes on from where it was, with what the network makes of some labelled
// samples by then; features are all that it is handed, so that the network learns nothing from it.
type OnlineProbe struct {
	*layers.Linear // what a checkpoint keeps of it
	Seed           uint64
}

// How it learns at a look: passes over the samples in batches of sgdBatch, at a rate that does not fall, with Nesterov's momentum 0.9, which begins at 0, and weight decay.
const (
	onlinePasses = 10
	onlineRate   = 0.02
	onlineDecay  = 1e-4
)

// NewOnlineProbe returns a classifier of averaged features of dim values that knows nothing yet.
func NewOnlineProbe(dim, classes int, seed uint64) *OnlineProbe {
	return &OnlineProbe{&layers.Linear{W: tensor.New(dim, classes), B: tensor.New(classes)}, seed}
}

// Look lets it learn from the training samples, standardised as they are now, and returns which part of the test samples it is right about. at numbers looks: the order of samples
// depends on it.
func (p *OnlineProbe) Look(train, test Sample, at int) (right float64, err error) {
	c, err := classify(train, test, train.Pooled, test.Pooled)
	if err != nil {
		return 0, err
	}
	if d, k := p.W.Dim(0), p.W.Dim(1); train.Pooled.Dim(1) != d || c.count != k {
		return 0, fmt.Errorf("the features have %d values, of %d classes; the online probe is of %d and %d", train.Pooled.Dim(1), c.count, d, k)
	}
	mean, inv := standardisation(train.Pooled)
	x := standardise(train.Pooled, mean, inv)
	opt := optim.NewSGD(layers.Params(p.Linear), optim.SGDOptions{Momentum: 0.9, WeightDecay: onlineDecay, Nesterov: true})
	tape, n := autograd.NewTape(nil), x.Dim(0)
	batch := min(sgdBatch, n)
	for pass := range onlinePasses {
		order := tensor.NewRNG(p.Seed).Derive(stream.ProbeOrder, uint64(at), uint64(pass)).Perm(n)
		for lo := 0; lo+batch <= n; lo += batch {
			rows := order[lo : lo+batch]
			loss := autograd.CrossEntropy(p.Forward(tape.Input(gathered(x, rows))), picked(c.train, rows))
			opt.Step(tape.Backward(loss), onlineRate)
			tape.Reset()
		}
	}
	return accuracy(standardise(test.Pooled, mean, inv), c.test, p.W, p.B), nil
}
