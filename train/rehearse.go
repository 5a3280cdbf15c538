package train

import (
	"context"
	"errors"
	"iter"

	"github.com/tessera-go/tessera/tensor"
)

// Rehearse returns what makes an update with the run's first batch, again and again: what a step costs by itself, without waiting for
// batches, logs and checkpoints. Weights move as they do in a run. stop gives the batch back. Batches are not accumulated.
func (r *Run) Rehearse() (update func() error, stop func(), err error) {
	if r.batches() > 1 {
		return nil, nil, errors.New("a step of accumulated batches, or of shards, cannot be rehearsed")
	}
	if r.Warn == nil {
		r.Warn = func(string) {}
	}
	if err := r.open(); err != nil {
		return nil, nil, err
	}
	if err := r.beginEpoch(context.Background(), 0); err != nil {
		return nil, nil, err
	}
	next, stop := iter.Pull(r.feed.Epoch(0, 0))
	step, ok := next()
	if !ok {
		stop()
		return nil, nil, r.feed.Err()
	}
	seed, s := tensor.NewRNG(r.Config.Seed), r.train
	return func() error {
		s.begin(r.step)
		if err := r.take(seed, []func(Step){step}); err != nil {
			return err
		}
		if s.err == nil {
			s.end()
		}
		r.step++
		return s.err
	}, stop, nil
}
