package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// Descent is how protocols let something learn: a rate that falls along a cosine from LR to 0 behind a warm-up of a twentieth.
type Descent struct {
	What   string // learns, and of whom, for a person
	Epochs int
	LR     float32 // highest
	Seed   uint64  // of the tape
}

// Descend makes a loss smaller over the batches of a loader, on a tape of the encoder's mode, and returns the number of updates, o.MostUpdates at most. loss is of a batch at an update, from 0 on; step is handed gradients and a
// rate; after, which may be nil, is told what each epoch came to and says whether that is enough. A loss that is not finite is an error.
func Descend[B any](ctx context.Context, d Descent, e *TrunkEncoder, l *data.Loader[B], o Options, loss func(tape *autograd.Tape, b *B, update int) *autograd.Var,
	step func(g *autograd.Gradients, lr float32), after func(p Passed) (enough bool, err error)) (updates int, err error) {
	planned := o.planned(l.Steps() * d.Epochs)
	warm := max(1, planned/20)
	lr := optim.WarmupThen(warm, optim.Cosine(d.LR, planned-warm))
	tape := autograd.NewTape(tensor.NewRNG(d.Seed).Derive(stream.Tape))
	if e.Tape != nil {
		tape.Mode = e.Tape().Mode
	}
	size := l.Options().BatchSize
	for epoch := 0; updates < planned; epoch++ {
		sum, first := 0.0, updates
		for b := range l.Epoch(epoch, 0) {
			if err := ctx.Err(); err != nil {
				return updates, err
			}
			y := loss(tape, b, updates)
			v := float64(y.Scalar())
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return updates, fmt.Errorf("%s: the loss is %g at step %d; a smaller lr may help (%g)", d.What, v, updates, d.LR)
			}
			step(tape.Backward(y), lr(updates))
			tape.Reset()
			updates++
			sum += v
			if o.Progress != nil {
				o.Progress(updates*size, planned*size, d.What)
			}
			if updates == planned {
				break
			}
		}
		if err := l.Err(); err != nil {
			return updates, err
		}
		if after == nil {
			continue
		}
		enough, err := after(Passed{Step: updates, LR: lr(updates - 1), Loss: sum / float64(updates-first)})
		if enough || err != nil {
			return updates, err
		}
	}
	return updates, nil
}

// planned is how many updates are made of so many.
func (o Options) planned(updates int) int {
	if o.MostUpdates > 0 {
		return min(updates, o.MostUpdates)
	}
	return updates
}
