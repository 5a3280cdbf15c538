package eval

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
)

// FineTune lets all weights of a network learn the classes of the training samples, a linear head on the pooled features with them, and says how often it
// is right about the test samples. A part of the training samples is held out, and the weights that do best on it are the ones that are judged: test samples
// choose nothing. Random weights beside it are training from scratch in the same way, a supervised run beside it is what labels of its own data are worth.
type FineTune struct {
	Seed uint64 // of the head, the order and what is held out
	// AsIs lets nothing learn: a run that was fine-tuned is judged with the head that it has.
	AsIs   bool
	Tuning // On without being said; Hold 0 means 0.1 and below 0 none
}

var fineTuneKind = Kind{
	Name:  "finetune",
	About: "all weights learn the classes, beside random ones from scratch; --out keeps the network",
	All:   "epochs=10",
	Options: append([]spec.Option{
		{Name: "seed", Default: "0", About: "of the head, the order and what is held out"},
		{Name: "learn", Default: "yes", About: "no: a run that was fine-tuned is judged as it is"},
	}, tuningOptions("", "0.1")...),
	Make: func(v *spec.Values) Protocol {
		p := FineTune{Seed: uint64(v.Int("seed", 0, math.MaxInt)), AsIs: !v.Bool("learn"), Tuning: newTuning(v)}
		if p.Hold == 0 {
			p.Hold = -1
		}
		if p.AsIs {
			for _, o := range tuningOptions("", "") {
				if v.Given(o.Name) {
					v.Fail("options learn=no and %s: nothing learns", o.Name)
				}
			}
		}
		return p
	},
}

// Name returns finetune.
func (p FineTune) Name() string { return "finetune" }

// Needs says what the samples lack: two classes.
func (p FineTune) Needs(train, _ *data.Dataset) error { return needsClasses(train) }

// Tunes returns true.
func (p FineTune) Tunes() bool { return true }

// Keeps tells whether Options.Learned is handed the network.
func (p FineTune) Keeps() bool { return !p.AsIs }

// filled is the protocol with what its zeros mean.
func (p FineTune) filled() FineTune {
	switch {
	case p.Hold == 0:
		p.Hold = 0.1
	case p.Hold < 0:
		p.Hold = 0
	}
	return p
}

// Tune lets a copy of the trunk learn, and judges it.
func (p FineTune) Tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error) {
	began := time.Now()
	if p.AsIs {
		if e.Head == nil {
			return nil, fmt.Errorf("it has no head to be judged with; learn=no is of a run that eval finetune wrote with --out")
		}
		t := &Tuned{Net: &layers.Net{Trunk: e.Trunk, Head: e.Head}, Classes: e.Classes}
		a, err := t.answers(ctx, e, test, o)
		if err != nil {
			return nil, err
		}
		s := t.score(p.Name(), a, began)
		s.Settings = map[string]any{"tune": false}
		return []Score{s}, nil
	}
	p = p.filled()
	t, err := p.learnClasses(ctx, e, train, nil, p.Seed, o)
	if err != nil {
		return nil, err
	}
	a, err := t.answers(ctx, e, test, o)
	if err != nil {
		return nil, err
	}
	if o.Learned != nil {
		if err := o.Learned(e, Learned{Name: p.Name(), Net: t.Net, Tuned: t}); err != nil {
			return nil, err
		}
	}
	return []Score{t.score(p.Name(), a, began)}, nil
}
