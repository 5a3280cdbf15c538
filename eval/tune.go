package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// Tuning is how a protocol lets the whole trunk learn with a linear head: AdamW, a cosine from LR to 0 behind a warm-up of a twentieth, pictures
// mirrored at random. It is the same whatever weights the trunk begins with: random ones beside are training from scratch.
type Tuning struct {
	On        bool
	Epochs    int     // 0 means 30
	BatchSize int     // 0 means 32
	LR        float32 // 0 means 1e-3
}

// tuningDecay is the weight decay of fine-tuning.
const tuningDecay = 1e-2

var tuningOptions = []spec.Option{
	{Name: "tune", Default: "no", About: "yes: the whole trunk learns too, as long and in the same way whatever weights it begins with"},
	{Name: "epochs", Default: "30", About: "with tune"},
	{Name: "batch", Default: "32", About: "with tune: samples in a batch, 2 to 1024"},
	{Name: "lr", Default: "0.001", About: "with tune: of AdamW, falling along a cosine"},
}

// tuning reads tuningOptions.
func tuning(v *spec.Values) Tuning {
	t := Tuning{On: v.Bool("tune"), Epochs: v.Int("epochs", 1, math.MaxInt32), BatchSize: v.Int("batch", 2, 1024), LR: float32(v.Float("lr", 1e-7, 1))}
	for _, name := range []string{"epochs", "batch", "lr"} {
		if v.Given(name) && !t.On {
			v.Fail("option %s goes with tune=yes", name)
		}
	}
	if !t.On {
		return Tuning{}
	}
	return t
}

// filled is the tuning with what was not said.
func (t Tuning) filled() Tuning {
	if t.Epochs == 0 {
		t.Epochs = 30
	}
	if t.BatchSize == 0 {
		t.BatchSize = 32
	}
	if t.LR == 0 {
		t.LR = 1e-3
	}
	return t
}

func (t Tuning) tunes() bool { return t.On }

// settings are what a score must say of it.
func (t Tuning) settings(seed uint64) map[string]any {
	return map[string]any{"tune": true, "epochs": t.Epochs, "batch_size": t.BatchSize, "lr": t.LR, "weight_decay": tuningDecay, "schedule": "cosine", "optimizer": "adamw",
		"augment": "mirror", "seed": seed}
}

// tuner is a protocol that may let the trunk learn; then it is not handed features but trunks.
type tuner interface {
	Protocol
	tunes() bool
	tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error)
}

// tuned parts protocols in those that judge features and those that let trunks learn.
func tuned(all []Protocol) (judging []Protocol, tuning []tuner) {
	for _, p := range all {
		if t, ok := p.(tuner); ok && t.tunes() {
			tuning = append(tuning, t)
		} else {
			judging = append(judging, p)
		}
	}
	return judging, tuning
}

// shown is a batch of training samples.
type shown struct {
	batch
	mirrored []bool
}

// showing fills batches of training samples, half of them mirrored.
type showing struct{ maker }

func (m showing) New(n int) *shown { return &shown{*m.maker.New(n), make([]bool, n)} }

func (m showing) Fill(b *shown, row, i int, rng *tensor.RNG) error {
	if err := m.maker.Fill(&b.batch, row, i, nil); err != nil {
		return err
	}
	if b.mirrored[row] = rng.Uniform(0, 1) < 0.5; b.mirrored[row] {
		mirror(b.x.Rows(row, row+1))
	}
	return nil
}

// mirror turns pictures [... H W C] left to right.
func mirror(x *tensor.Tensor) {
	w, c := x.Shape[len(x.Shape)-2], x.Shape[len(x.Shape)-1]
	for at := 0; at < len(x.Data); at += w * c {
		for l, r := 0, w-1; l < r; l, r = l+1, r-1 {
			for k := range c {
				a, b := at+l*c+k, at+r*c+k
				x.Data[a], x.Data[b] = x.Data[b], x.Data[a]
			}
		}
	}
}

// copyOf returns a trunk of the encoder's build and weights, that may learn.
func (e *TrunkEncoder) copyOf() (*layers.Trunk, error) {
	if e.Trunk.Again == nil {
		return nil, fmt.Errorf("the trunk %s cannot be made again to be fine-tuned", e.Trunk.Name)
	}
	t := e.Trunk.Again(tensor.NewRNG(0))
	return t, layers.CopyState(t, e.Trunk)
}

// fit trains a network on what the encoder sees of the samples. loss is told which samples the rows are of, and which are mirrored. It returns the
// number of updates.
func (t Tuning) fit(ctx context.Context, e *TrunkEncoder, net layers.Module, in data.Inputs, seed uint64, o Options,
	loss func(y *autograd.Var, index []int, mirrored []bool) *autograd.Var) (int, error) {
	seen, err := e.Input.Over(in)
	if err != nil {
		return 0, err
	}
	n := in.Samples().Len()
	if n < 2 {
		return 0, fmt.Errorf("there are %d samples to learn from", n)
	}
	l := data.NewLoader(n, showing{maker{seen.Shape, seen.Fill}}, data.LoaderOptions{BatchSize: min(t.BatchSize, n), Seed: seed,
		Workers: max(2, tensor.Threads()), Bad: o.Bad, MaxBad: o.MaxBad})
	opt := optim.NewAdamW(layers.Params(net), optim.AdamOptions{WeightDecay: tuningDecay})
	steps := l.Steps() * t.Epochs
	lr := optim.WarmupThen(max(1, steps/20), optim.Cosine(t.LR, steps-max(1, steps/20)))
	tape := autograd.NewTape(tensor.NewRNG(seed).Derive(stream.Tape))
	if e.Tape != nil {
		tape.Mode = e.Tape().Mode
	}
	step := 0
	for epoch := range t.Epochs {
		for b := range l.Epoch(epoch, 0) {
			if err := ctx.Err(); err != nil {
				return step, err
			}
			y := loss(net.Forward(tape.Input(b.x)), b.index, b.mirrored)
			if v := float64(y.Scalar()); math.IsNaN(v) || math.IsInf(v, 0) {
				return step, fmt.Errorf("fine-tuning %s: the loss is %g at step %d; a smaller lr may help (%g)", e.Label, v, step, t.LR)
			}
			opt.Step(tape.Backward(y), lr(step))
			tape.Reset()
			step++
			if o.Progress != nil {
				o.Progress(step*l.Options().BatchSize, steps*l.Options().BatchSize, "fine-tuning of "+e.Label)
			}
		}
		if err := l.Err(); err != nil {
			return step, err
		}
	}
	return step, nil
}

// outputs returns what a network says of samples, [M D], and their numbers; those that cannot be read are left out.
func (t Tuning) outputs(ctx context.Context, e *TrunkEncoder, net layers.Module, in data.Inputs, o Options) (*tensor.Tensor, []int, error) {
	tape := autograd.NewInference()
	if e.Tape != nil {
		tape = e.Tape()
	}
	var rows table
	var index []int
	err := each(ctx, e.Label+", fine-tuned", e.Input, in, o, func(x *tensor.Tensor, i []int) error {
		rows.add(net.Forward(tape.Input(x)).Value)
		index = append(index, i...)
		tape.Reset()
		return nil
	})
	if err == nil && len(index) == 0 {
		err = fmt.Errorf("none of the %d test samples could be read", in.Samples().Len())
	}
	return rows.tensor(), index, err
}
