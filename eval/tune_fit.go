package eval

import (
	"context"
	"fmt"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// Goal is what a network is to say of samples.
type Goal struct {
	// Loss is of what it says of the samples of these numbers, of which some are seen mirrored; in index -1 stands nowhere.
	Loss func(y *autograd.Var, index []int, mirrored []bool) *autograd.Var
	// Right counts right answers; nil where there is no right and wrong. The best weights have most of them, then the smallest loss.
	Right func(y *tensor.Tensor, index []int) int
	What  string // learns, for a person; empty means fine-tuning
}

// Lesson is what fine-tuning tells of itself.
type Lesson struct {
	Updates   int   // that were made, of Planned
	Planned   int   // that would have been made if nothing had been enough before
	Learned   []int // the samples that were learned from
	Held      []int // the samples that were held out
	Best      int   // the epoch whose weights stay, from 1 on
	HeldRight int   // of the samples that were held out, those that it then says right
	Course    []Passed
}

// Passed is what an epoch of fine-tuning came to.
type Passed struct {
	Step      int     // updates made by its end
	LR        float32 // of its last update
	Loss      float64 // mean over its updates
	HeldLoss  float64 // mean over the samples that were held out
	HeldRight float64 // the part of them that was said right, where there is right and wrong
}

// found adds to what a score found.
func (l *Lesson) found(to map[string]any) map[string]any {
	to["updates"], to["held_out"] = l.Updates, len(l.Held)
	if len(l.Held) > 0 {
		to["best_epoch"], to["epochs_made"] = l.Best, len(l.Course)
	}
	return to
}

// Fit trains a network on what the encoder sees of the samples; nothing is held out, and views are mirrored at most. loss is told which samples the rows are of,
// and which are mirrored. It returns the number of updates.
func (t Tuning) Fit(ctx context.Context, e *TrunkEncoder, net layers.Module, in data.Inputs, seed uint64, o Options,
	loss func(y *autograd.Var, index []int, mirrored []bool) *autograd.Var) (int, error) {
	if t.Hold > 0 {
		return 0, fmt.Errorf("hold=%g: this protocol holds nothing out", t.Hold)
	}
	l, err := t.Learn(ctx, e, net, &data.Dataset{Inputs: in}, nil, seed, o, Goal{Loss: loss})
	if l == nil {
		return 0, err
	}
	return l.Updates, err
}

// Learn trains a network on what the encoder sees of samples, all of a data set or those of the numbers in of. A goal without Right takes no other augmentation than
// mirror: what is to be said moves with what is seen. Freeze, Layerwise and Rescale want a layers.Net.
func (t Tuning) Learn(ctx context.Context, e *TrunkEncoder, net layers.Module, d *data.Dataset, of []int, seed uint64, o Options, g Goal) (*Lesson, error) {
	t = t.of(e)
	if g.Right == nil && t.Augment != "mirror" && t.Augment != "none" {
		return nil, fmt.Errorf("augment=%s would move what is to be found in a picture; want mirror or none", t.Augment)
	}
	if g.Right == nil && t.Smooth != 0 {
		return nil, fmt.Errorf("smooth=%g is of classes, of which there are none to be learned", t.Smooth)
	}
	if err := t.Mix.Check(); err != nil {
		return nil, err
	}
	if g.Right == nil && t.Mix.On() {
		return nil, fmt.Errorf("mixup=%g and cutmix=%g are of classes, of which there are none to be learned", t.Mix.Mixup, t.Mix.CutMix)
	}
	if g.What == "" {
		g.What = "fine-tuning"
	}
	if of == nil {
		for i := range d.Len() {
			of = append(of, i)
		}
	}
	if err := t.prepare(net); err != nil {
		return nil, err
	}
	les := &Lesson{Learned: of}
	if t.Hold > 0 {
		var err error
		if les.Learned, les.Held, err = holdOut(d, of, t.Hold, seed, o.Say); err != nil {
			return nil, err
		}
	}
	n := len(les.Learned)
	if n < 2 {
		return nil, fmt.Errorf("there are %d samples to learn from, want at least 2", n)
	}
	show, err := t.showing(e, d.Inputs, les.Learned)
	if err != nil {
		return nil, err
	}
	l := data.NewLoader(n, show, data.LoaderOptions{BatchSize: min(t.BatchSize, n), Seed: seed, Workers: max(2, tensor.Threads()), Bad: o.Bad, MaxBad: o.MaxBad})
	if t.Rescale {
		if err := rescale(net.(*layers.Net), l, seed); err != nil {
			return nil, err
		}
	}
	f := &fitting{Tuning: t, e: e, net: net, in: d.Inputs, o: o, goal: g, lesson: les, loader: l}
	return les, f.run(ctx, seed)
}

// prepare has branches left out as is said, and the stages that are frozen stay as they are.
func (t Tuning) prepare(net layers.Module) error {
	n, ok := net.(*layers.Net)
	if !ok {
		if t.Freeze != "" || t.Rescale || t.Layerwise != 1 || t.Drop != 0 {
			return fmt.Errorf("freeze, layerwise, rescale and drop are of a trunk's stages, which this network does not show")
		}
		return nil
	}
	if t.Drop != 0 && !n.Trunk.DropBranches(max(t.Drop, 0)) {
		return fmt.Errorf("drop=%g: %s has no branches that could be left out, as transformers have", max(t.Drop, 0), n.Trunk.Name)
	}
	if t.Freeze == "" {
		return nil
	}
	var names []string
	for i, s := range n.Trunk.Stages {
		names = append(names, s.Name)
		if s.Name == t.Freeze {
			for k := range n.Trunk.Stages[:i+1] {
				parts := &n.Trunk.Stages[k].Parts
				*parts = layers.Sequential{{Module: unmoved{layers.Frozen{Stateful: *parts}, *parts}}}
			}
			return nil
		}
	}
	return fmt.Errorf("freeze=%s: %s has no such stage; it has %s", t.Freeze, n.Trunk.Name, strings.Join(names, ", "))
}

// unmoved is a module that stays as it is: its weights get no gradient, and its norms use and keep their running statistics.
type unmoved struct {
	layers.Frozen
	of layers.Module
}

func (s unmoved) Forward(x *autograd.Var) (y *autograd.Var) {
	t := x.Tape()
	was := t.Training
	t.Training = false
	defer func() { t.Training = was }()
	t.NoGrad(func() { y = s.of.Forward(x) })
	return y
}

// rated are parameters that learn at a rate of their own.
type rated struct {
	opt  optim.Optimizer
	rate float32 // times the head's
}

// optimizers returns those of the head and of each stage that learns.
func (t Tuning) optimizers(net layers.Module) ([]rated, error) {
	parts, rates := []layers.Stateful{net}, []float32{1}
	if n, ok := net.(*layers.Net); ok && t.Layerwise != 1 {
		parts, rates = []layers.Stateful{n.Head}, []float32{1}
		rate := float32(1)
		for i := len(n.Trunk.Stages) - 1; i >= 0; i-- {
			rate *= t.Layerwise
			parts, rates = append(parts, n.Trunk.Stages[i].Parts), append(rates, rate)
		}
	}
	var out []rated
	for i, p := range parts {
		params := layers.Params(p)
		if len(params) == 0 {
			continue
		}
		opt, err := optim.New(t.Optimizer, params, 0.9, max(t.Decay, 0))
		if err != nil {
			return nil, err
		}
		out = append(out, rated{opt, rates[i]})
	}
	return out, nil
}

// fitting is a fine-tuning under way.
type fitting struct {
	Tuning
	e      *TrunkEncoder
	net    layers.Module
	in     data.Inputs
	o      Options
	goal   Goal
	lesson *Lesson
	loader *data.Loader[shown]
	best   [][]float32 // the state after the best epoch
}

// run makes the epochs.
func (f *fitting) run(ctx context.Context, seed uint64) error {
	opts, err := f.optimizers(f.net)
	if err != nil {
		return err
	}
	les, worse := f.lesson, 0
	les.Planned = f.o.planned(f.loader.Steps() * f.Epochs)
	les.Updates, err = Descend(ctx, Descent{f.goal.What + " of " + f.e.Label, f.Epochs, f.LR, seed}, f.e, f.loader, f.o, func(tape *autograd.Tape, b *shown, update int) *autograd.Var {
		own := f.Mix.Batch(b.x, tensor.NewRNG(seed).Derive(stream.Mix, uint64(update)))
		y := f.net.Forward(tape.Input(b.x))
		loss := f.goal.Loss(y, b.index, b.mirrored)
		if own == 1 {
			return loss
		}
		return autograd.Lerp(loss, f.goal.Loss(y, data.Partners(b.index), data.Partners(b.mirrored)), float32(1-own))
	}, func(g *autograd.Gradients, lr float32) {
		for _, p := range opts {
			p.opt.Step(g, lr*p.rate)
		}
	}, func(p Passed) (enough bool, err error) {
		les.Course = append(les.Course, p)
		better, err := f.look(ctx)
		if worse++; better {
			worse = 0
		}
		return f.Patience > 0 && worse == f.Patience, err
	})
	if err != nil {
		return err
	}
	f.keepBest()
	for _, p := range layers.State(f.net) {
		if notFinite(p.Value) >= 0 {
			return fmt.Errorf("%s of %s: %s is not finite after step %d; a smaller lr may help (%g)", f.goal.What, f.e.Label, p.Name, les.Updates, f.LR)
		}
	}
	return nil
}

// look looks at the network on what was held out, and keeps its state where it is better than after every epoch before; without anything held out each
// epoch is.
func (f *fitting) look(ctx context.Context) (better bool, err error) {
	les := f.lesson
	now := &les.Course[len(les.Course)-1]
	if len(les.Held) == 0 {
		les.Best = len(les.Course)
		return true, nil
	}
	tape := autograd.NewInference()
	if f.e.Tape != nil {
		tape = f.e.Tape()
	}
	o := f.o
	o.Progress = nil // which counts what is learned from
	right, n := 0, 0
	err = Each(ctx, f.e.Label+", held-out samples", f.e.Input, f.in.Subset(les.Held), o, func(x *tensor.Tensor, index []int) error {
		of := make([]int, len(index))
		for row, i := range index {
			of[row] = les.Held[i]
		}
		y := f.net.Forward(tape.Input(x))
		if f.goal.Right != nil {
			right += f.goal.Right(y.Value, of)
		}
		now.HeldLoss += float64(f.goal.Loss(y, of, make([]bool, len(of))).Scalar()) * float64(len(of))
		n += len(of)
		tape.Reset()
		return nil
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("none of the %d held-out samples could be read", len(les.Held))
	}
	if err != nil {
		return false, err
	}
	now.HeldLoss, now.HeldRight = now.HeldLoss/float64(n), float64(right)/float64(n)
	if les.Best > 0 {
		was := les.Course[les.Best-1]
		if now.HeldRight < was.HeldRight || now.HeldRight == was.HeldRight && !(now.HeldLoss < was.HeldLoss) {
			return false, nil
		}
	}
	les.Best, les.HeldRight = len(les.Course), right
	for k, p := range layers.State(f.net) {
		if k == len(f.best) {
			f.best = append(f.best, nil)
		}
		f.best[k] = append(f.best[k][:0], p.Value.Data...)
	}
	return true, nil
}

// keepBest goes back to the best state.
func (f *fitting) keepBest() {
	les := f.lesson
	if f.best == nil {
		return
	}
	for k, p := range layers.State(f.net) {
		copy(p.Value.Data, f.best[k])
	}
	tensor.Changed()
	if f.o.Say != nil {
		b, what := les.Course[les.Best-1], ""
		if f.goal.Right != nil {
			what = fmt.Sprintf(", %d right", les.HeldRight)
		}
		f.o.Say(fmt.Sprintf("%s of %s: the weights after epoch %d of %d did best on %d held-out training samples (loss %.4g%s)", f.goal.What, f.e.Label, les.Best, (les.Planned+f.loader.Steps()-1)/f.loader.Steps(),
			len(les.Held), b.HeldLoss, what))
	}
}
