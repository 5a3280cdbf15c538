package detect

import (
	"context"
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// detector finds objects in pictures [N S S 3].
type detector interface {
	layers.Stateful
	// Loss is one value, to be made smaller; objects are those of each picture.
	Loss(x *autograd.Var, objects [][]Object) *autograd.Var
	// Find returns what is in each picture, the surest first, in its pixels.
	Find(x *autograd.Var) [][]Found
	// uses names the trunk's stages whose maps it looks at.
	uses() []string
}

// decay is the weight decay of learning.
const decay = 1e-2

// learn lets a detector learn, with AdamW. It returns the number of updates.
func (p Detect) learn(ctx context.Context, d detector, e *eval.TrunkEncoder, s *shown, o eval.Options) (steps int, err error) {
	n := len(s.objects)
	o = s.told(o)
	l := data.NewLoader(n, maker{s, p.Augment}, data.LoaderOptions{BatchSize: min(p.BatchSize, n), Seed: p.Seed, Workers: max(2, tensor.Threads()), Bad: o.Bad, MaxBad: o.MaxBad})
	opt := optim.NewAdamW(layers.Params(d), optim.AdamOptions{WeightDecay: decay})
	epochs := p.Epochs
	if epochs == 0 {
		epochs = (p.Updates + l.Steps() - 1) / l.Steps()
	}
	return eval.Descend(ctx, eval.Descent{What: "detector on " + e.Label, Epochs: epochs, LR: p.LR, Seed: p.Seed}, e, l, o, func(tape *autograd.Tape, b *batch, update int) *autograd.Var {
		if p.Neck == "c4" {
			tape.Recompute = autograd.RecomputeBlocks // a stage of the trunk runs on every region
		}
		tape.SetRNG(tensor.NewRNG(p.Seed).Derive(stream.Tape, uint64(update)))
		return d.Loss(tape.Input(b.x), b.objects)
	}, opt.Step, nil)
}

// find returns what a detector finds in pictures, in their own pixels; index says of which rows.
func (p Detect) find(ctx context.Context, d detector, e *eval.TrunkEncoder, s *shown, o eval.Options) (found [][]Found, index []int, err error) {
	tape := autograd.NewInference()
	if e.Tape != nil {
		tape = e.Tape()
	}
	n := len(s.objects)
	o = s.told(o)
	l := data.NewLoader(n, maker{s, "no"}, data.LoaderOptions{BatchSize: p.BatchSize, Ordered: true, KeepLast: true, Workers: max(2, tensor.Threads()), Bad: o.Bad, MaxBad: o.MaxBad})
	done := 0
	for b := range l.Epoch(0, 0) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		done += len(b.index)
		if x, at, _ := b.whole(); len(at) > 0 {
			for k, some := range d.Find(tape.Input(x)) {
				size := s.size[at[k]]
				found = append(found, s.back(some, size[0], size[1]))
			}
			index = append(index, at...)
			tape.Reset()
		}
		if o.Progress != nil {
			o.Progress(done, n, "boxes found by "+e.Label)
		}
	}
	if err := l.Err(); err != nil {
		return nil, nil, err
	}
	if len(index) == 0 {
		return nil, nil, fmt.Errorf("none of the %d test samples could be read", n)
	}
	return found, index, nil
}

// back returns what was found in a picture of h by w pixels, from shown pixels to its own.
func (s seeing) back(found []Found, h, w int) (out []Found) {
	sx, sy := s.scale(h, w)
	for _, f := range found {
		b := Box{f.Box[0] / sx, f.Box[1] / sy, f.Box[2] / sx, f.Box[3] / sy}.within(float32(w), float32(h))
		if !b.empty() {
			out = append(out, Found{Object{b, f.Class}, f.Sure})
		}
	}
	return out
}
