package train

import (
	"context"
	"image"
	"io"
	"iter"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Learner is what a run trains: networks, what they remember, and how a step changes them. A pretext task makes one.
type Learner interface {
	// Visit names everything that a checkpoint keeps: networks, teachers, queues, prototypes.
	layers.Stateful
	// Groups returns the trained parameters, each in one group with an optimiser of its own. The tensors that Visit calls Weight or
	// Vector must all be in one; what is never trained is wrapped in layers.Frozen.
	Groups() []Group
	// Metrics says what the values that a step tells mean: every loss and every metric, in the order in which they are shown. The
	// first that has a trivial predictor is the learner's headline.
	Metrics() []metric.Metric
	// Feed returns the steps that the learner makes of inputs. augment is for training; without it samples are shown as plainly as
	// the task allows.
	Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error)
	// Draw shows what the learner sees and says for samples of inputs.
	Draw(in data.Inputs, index []int) (image.Image, error)
}

// Filer is a learner that keeps something for people to read in a run's directory, by name, such as a set of permutations.
type Filer interface {
	Files() map[string]func(w io.Writer) error
}

// Looker is a learner that has more to look at than what its steps tell of held-out samples. Look changes nothing; Metrics declares the names.
type Looker interface {
	Look() map[string]float64
}

// Group is a set of parameters that are updated together.
type Group struct {
	Name   string
	Params []layers.Param
	// Own says that the learner changes the parameters itself, in Step.Own: there are no gradients and no optimiser.
	Own  bool
	Rate float32 // multiplies the run's learning rate; 0 means 1
	// Rest is for how many epochs from the run's first on the group stays as it is: gradients reach it, and are thrown away.
	Rest float64
	// Weigh, if set, is shown before each update what every loss asks of the group, in the order in which Metrics declares them, and
	// returns by how much each counts in their sum; nil is 1 each. s is the update's last batch. Values that it tells there belong to the update.
	Weigh func(s Step, of []Asked) []float32
}

// Asked is what a loss asks of a group.
type Asked struct {
	Loss string
	// Of returns the gradient of the loss for a parameter of the group: summed over all batches that the update accumulates, not yet
	// divided by their number, and over processes; nil where the loss does not reach it. It must not be changed, and is gone after the update.
	Of func(p *tensor.Tensor) *tensor.Tensor
}

// One returns a single group of all trained parameters.
func One(m layers.Stateful) []Group { return []Group{{Name: "all", Params: layers.Params(m)}} }

// Feed is a source as the steps that a learner makes of it.
type Feed struct {
	Steps   int    // of an epoch
	Samples int    // of a step
	Unit    string // what is counted as one, in the plural; empty means samples
	Total   int    // of an epoch; the last step may have fewer than the others
	Ahead   int    // how many steps' batches may be in memory beside the one in use
	Turns   int    // how many steps, from an epoch's first on, until each of the learner's losses was minimised; 0 means 1
	// Later is what the learner begins only so many epochs into a run, by what it is called: a run that ends before is told.
	Later map[string]float64
	// Begin, if set, is what a run that trains does before an epoch's first update, such as naming clusters anew; a run that is looked at or measured, or
	// resumed later in the epoch, does not. It names the groups that begin anew, whose optimisers forget what they kept. Called again for an epoch that it
	// began it changes nothing: a run may have been interrupted before the first update. Where ctx ends it may return ctx.Err(), and nothing has changed.
	Begin func(ctx context.Context, epoch int) (anew []string, err error)
	// Epoch yields an epoch's steps from number from on. What a step reads is used again when the next one is asked for.
	Epoch func(epoch, from int) iter.Seq[func(Step)]
	// Batches yields what the steps of Epoch read, each a pointer to the learner's own struct, for a program that writes batches down; it is
	// used again like a step's. nil for a learner of several, whose batches are in their own feeds.
	Batches func(epoch, from int) iter.Seq[any]
	Bytes   func() int64 // how large the views of a sample are
	Err     func() error // why the last Epoch ended early, if it did
	Bad     func() int   // how many samples could not be read so far
	Broken  func() []int // which, of a feed that Shares and has no Parts
	Parts   []*Feed      // of a learner of several: theirs, each of which has samples, and broken ones, of its own
	// Apart says what a step does among its own samples alone where batches are cut into shards, as in "negatives are drawn"; empty where shards make the step of the
	// whole batch.
	Apart  string
	Shares bool // keeps to data.LoaderOptions.Share, as NewFeed's does
}

// unit returns what the feed counts, in the plural.
func (f *Feed) unit() string {
	if f.Unit == "" {
		return "samples"
	}
	return f.Unit
}

// Within sets Apart where it is so, and returns the feed.
func (f *Feed) Within(what string, is bool) *Feed {
	if is {
		f.Apart = what
	}
	return f
}

// NewFeed returns the feed of n samples: batches by m, each handed to step.
func NewFeed[B any](n int, m data.Maker[B], o data.LoaderOptions, step func(s Step, b *B)) *Feed {
	l := data.NewLoader(n, m, o)
	return &Feed{Steps: l.Steps(), Samples: o.BatchSize, Total: n, Ahead: l.Ahead(), Err: l.Err, Bad: l.BadCount, Broken: l.Broken, Shares: true,
		Bytes: func() int64 { const few = 8; return allocated(func() { m.New(few) }) / few },
		Epoch: func(epoch, from int) iter.Seq[func(Step)] {
			return func(yield func(func(Step)) bool) {
				for b := range l.Epoch(epoch, from) {
					if !yield(func(s Step) { step(s, b) }) {
						return
					}
				}
			}
		},
		Batches: func(epoch, from int) iter.Seq[any] {
			return func(yield func(any) bool) {
				for b := range l.Epoch(epoch, from) {
					if !yield(b) {
						return
					}
				}
			}
		}}
}

// Step is what a learner's step is given. The same code runs when the learner trains, when it is looked at (by a monitor, for a
// picture) and when it is measured (for its memory): only training changes anything.
type Step interface {
	// At returns the number of this update, from 0 on, and how many the run makes.
	At() (update, of int)
	// Epoch returns the epoch of the run that this update is of, from 0 on; 0 where nothing is trained.
	Epoch() int
	// RNG is the stream of what this step draws beyond its views; it belongs to the seed and the step. Where a batch is cut into shards all draw the same: what is drawn for
	// samples is drawn for those of the whole batch, of which a shard takes its own, see autograd.Tape.FirstRow. What a tape draws is the shard's.
	RNG() *tensor.RNG
	// Minimise runs loss on a tape of its own and adds the gradient of its value, one number, to the sums of these groups (all, if
	// none is named); other parameters are constants to it. What the tape holds is gone when Minimise returns. Calls may be nested.
	// The value is told under the name, which Metrics declares.
	Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, groups ...string)
	// Own changes the groups that are the learner's own: update is told the learning rate, 0 where nothing may change, and returns the sum of the
	// loss over count things. Their mean is told under the name, which Metrics declares.
	Own(name string, update func(rate float32) (sum, count float64))
	// Update updates these groups (all, if none is named) now rather than at the end of the step, so that a later loss of the step
	// sees them changed. Where steps are accumulated it waits for the last one.
	Update(groups ...string)
	// After registers what is done once the step's updates are made: a teacher's average, an enqueue, a centre. f must own what it
	// reads: tapes and batches are used again by then. Functions run in the order in which they were registered. Where an update
	// accumulates batches, each of them registers its own. Where a batch is cut into shards, each of which takes the step, f is called once for all: what it reads of the
	// batch must be of all shards, see Rows.
	After(f func())
	// Rows returns x [N ...] of all shards of the batch, one below the other, [S·N ...], or x where the batch is whole. What is remembered of a batch, or averaged
	// over one, goes through it. What is returned is not to be changed.
	Rows(x *tensor.Tensor) *tensor.Tensor
	// Last tells whether this batch is the last that the update accumulates: what happens once an update, such as a teacher's
	// average, is registered there.
	Last() bool
	// Metric tells a metric's sum over count things; its value is the mean.
	Metric(name string, sum, count float64)
}
