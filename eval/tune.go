package eval

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// Tuning is how a protocol lets the whole trunk learn with a head: a cosine from LR to 0 behind a warm-up of a twentieth. It is the same whatever weights
// the trunk begins with: random ones beside are training from scratch.
type Tuning struct {
	On        bool
	Epochs    int     // 0 means 30
	BatchSize int     // 0 means 32
	Optimizer string  // adamw or sgd, with momentum 0.9; empty means adamw
	LR        float32 // highest, of the head; 0 means 1e-3, of sgd 1e-2
	Decay     float32 // of weights; 0 means 1e-2, of sgd 5e-4; below 0 none
	// Layerwise is what the rate is multiplied by from the head to the last stage, and from each stage to the one before it (Clark et al. 2020, ELECTRA; Bao et
	// al. 2022, BEiT); 0 means 1.
	Layerwise float32
	Freeze    string   // the last stage that stays as it is, weights and running statistics; empty for none
	Augment   string   // mirror, or one of data.Augmentations; empty means mirror, of sounds none
	Smooth    float32  // of the labels (Szegedy et al. 2016, section 7); of classes alone
	Mix       data.Mix // of samples and labels, in pairs; of classes alone
	Drop      float32  // with which probability a branch of the last block of a transformer is left out; 0: as the trunk has it; below 0: none
	Rescale   bool     // the trunk's weights and norms first: see rescale.go
	// Hold is the part of the training samples that nothing is learned from: after each epoch the network is looked at on them, and the best weights stay.
	// 0 means none, and the last weights stay.
	Hold     float64
	Patience int // with Hold: stop after so many epochs in a row that were no better; 0 means never
}

// TuningOptions are what a protocol's options say of its fine-tuning, for one that fine-tunes with tune=yes.
var TuningOptions = append([]spec.Option{
	{Name: "tune", Default: "no", About: "yes: the whole trunk learns too, as long and in the same way whatever weights it begins with"},
}, tuningOptions("with tune: ", "0")...)

// tuningOptions are those of a protocol, with what stands before what each is, and the part that is held out.
func tuningOptions(when, hold string) []spec.Option {
	out := []spec.Option{
		{Name: "epochs", Default: "30", About: "passes over the training samples"},
		{Name: "batch", Default: "32", About: "samples in a batch, 2 to 1024"},
		{Name: "optimizer", Default: "adamw", About: "adamw, or sgd with momentum 0.9"},
		{Name: "lr", About: "highest rate, falling along a cosine; if not given 0.001, of sgd 0.01"},
		{Name: "decay", About: "weight decay; if not given 0.01, of sgd 0.0005 (MAE: 0.05)"},
		{Name: "layerwise", Default: "1", About: "what the rate is multiplied by from the head to the last stage, and on to the first (MAE: 0.75)"},
		{Name: "freeze", Default: "no", About: "the last stage that stays as it is, with all before it and their running statistics"},
		{Name: "augment", Default: "mirror", About: "mirror, or as pretrain's --augment where classes are learned; sounds have none"},
		{Name: "smooth", Default: "0", About: "label smoothing, of classes (MAE: 0.1)"},
		{Name: "mixup", Default: "0", About: "mix pictures and classes in pairs, with parts of Beta(x, x); 0: no (MAE: 0.8)"},
		{Name: "cutmix", Default: "0", About: "lay a box of one picture over another, with parts of Beta(x, x); 0: no (MAE: 1)"},
		{Name: "drop", About: "stochastic depth of a transformer's last block, of earlier ones less; if not given as pretrained (MAE: 0.1)"},
		{Name: "rescale", Default: "no", About: "yes: first rescale trunk and norms to the data (Krähenbühl et al. 2016)"},
		{Name: "hold", Default: hold, About: "part of the training samples held out; the weights of the epoch that does best on them stay"},
		{Name: "patience", Default: "0", About: "with hold: stop after so many epochs that were no better; 0: never"},
	}
	for i := range out {
		out[i].About = when + out[i].About
	}
	return out
}

// NewTuning reads TuningOptions.
func NewTuning(v *spec.Values) Tuning {
	if v.Bool("tune") {
		return newTuning(v)
	}
	for _, o := range TuningOptions[1:] {
		if v.Given(o.Name) {
			v.Fail("option %s goes with tune=yes", o.Name)
		}
	}
	return Tuning{}
}

// newTuning reads tuningOptions.
func newTuning(v *spec.Values) Tuning {
	t := Tuning{On: true, Epochs: v.Int("epochs", 1, math.MaxInt32), BatchSize: v.Int("batch", 2, 1024), Optimizer: v.One("optimizer", "adamw", "sgd"),
		Layerwise: float32(v.Float("layerwise", 1e-3, 1)), Smooth: float32(v.Float("smooth", 0, 0.99)), Rescale: v.Bool("rescale"),
		Hold: v.Float("hold", 0, 0.9), Patience: v.Int("patience", 0, math.MaxInt32)}
	if v.Given("lr") {
		t.LR = float32(v.Float("lr", 1e-7, 10))
	}
	if v.Given("decay") {
		if t.Decay = float32(v.Float("decay", 0, 10)); t.Decay == 0 {
			t.Decay = -1
		}
	}
	t.Mix = data.Mix{Mixup: v.Float("mixup", 0, data.MostMix), CutMix: v.Float("cutmix", 0, data.MostMix)}
	if v.Given("drop") {
		if t.Drop = float32(v.Float("drop", 0, 0.99)); t.Drop == 0 {
			t.Drop = -1
		}
	}
	if s := v.Text("freeze"); s != "no" {
		t.Freeze = s
	}
	if v.Given("augment") {
		t.Augment = v.Text("augment")
		if !slices.Contains(augmentations(), t.Augment) {
			v.Fail("option augment=%s: want %s", t.Augment, spec.Or(augmentations()))
		}
	}
	switch {
	case t.Patience > 0 && t.Hold == 0:
		v.Fail("option patience goes with hold: it asks what was held out")
	case t.Rescale && t.Freeze != "":
		v.Fail("options rescale=yes and freeze=%s: what stays as it is cannot be rescaled", t.Freeze)
	}
	return t
}

// augmentations are what Augment may be.
func augmentations() []string {
	out := []string{"mirror"}
	for _, a := range data.Augmentations {
		out = append(out, a[0])
	}
	return out
}

// Filled is the tuning with what was not said.
func (t Tuning) Filled() Tuning {
	if t.Epochs == 0 {
		t.Epochs = 30
	}
	if t.BatchSize == 0 {
		t.BatchSize = 32
	}
	if t.Optimizer == "" {
		t.Optimizer = "adamw"
	}
	sgd := t.Optimizer == "sgd"
	if t.LR == 0 {
		if t.LR = 1e-3; sgd {
			t.LR = 1e-2
		}
	}
	if t.Decay == 0 {
		if t.Decay = 1e-2; sgd {
			t.Decay = 5e-4
		}
	}
	if t.Layerwise == 0 {
		t.Layerwise = 1
	}
	if t.Augment == "" {
		t.Augment = "mirror"
	}
	return t
}

// of is the tuning of what an encoder sees or hears, with what was not said.
func (t Tuning) of(e *TrunkEncoder) Tuning {
	if _, hears := e.Input.(Hears); hears && t.Augment == "" {
		t.Augment = "none"
	}
	return t.Filled()
}

// Tunes says whether anything learns.
func (t Tuning) Tunes() bool { return t.On }

// Settings are what a score must say of it.
func (t Tuning) Settings(seed uint64) map[string]any {
	out := map[string]any{"tune": true, "epochs": t.Epochs, "batch_size": t.BatchSize, "lr": t.LR, "weight_decay": max(t.Decay, 0), "schedule": "cosine", "optimizer": t.Optimizer,
		"layerwise": t.Layerwise, "augment": t.Augment, "hold": t.Hold, "seed": seed}
	if t.Drop != 0 {
		out["drop"] = max(t.Drop, 0)
	}
	for name, v := range map[string]any{"mixup": t.Mix.Mixup, "cutmix": t.Mix.CutMix, "freeze": t.Freeze, "label_smoothing": t.Smooth, "rescale": t.Rescale, "patience": t.Patience} {
		if v != "" && v != float32(0) && v != 0.0 && v != false && v != 0 {
			out[name] = v
		}
	}
	return out
}

// Tuner is a protocol that is not handed features but trunks: because it lets them learn, or because it needs their maps.
type Tuner interface {
	Protocol
	// Tunes says whether it does, with its options.
	Tunes() bool
	// Tune returns scores on the test samples; the encoder's trunk stays as it is (TrunkEncoder.Copy gives one that may learn). A score whose Stage is empty is
	// of the whole trunk, tuned.
	Tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error)
}

// tuned parts protocols in those that judge features and those that let trunks learn.
func tuned(all []Protocol) (judging []Judger, tuning []Tuner) {
	for _, p := range all {
		if t, ok := p.(Tuner); ok && t.Tunes() {
			tuning = append(tuning, t)
		} else {
			judging = append(judging, p.(Judger))
		}
	}
	return judging, tuning
}

// Copy returns a trunk of the encoder's build and weights, that may learn.
func (e *TrunkEncoder) Copy() (*layers.Trunk, error) {
	if e.Trunk.Again == nil {
		return nil, fmt.Errorf("the trunk %s cannot be made again to be fine-tuned", e.Trunk.Name)
	}
	t := e.Trunk.Again(tensor.NewRNG(0))
	return t, layers.CopyState(t, e.Trunk)
}

// Outputs returns what a network says of samples, [M D], and their numbers; those that cannot be read are left out.
func (t Tuning) Outputs(ctx context.Context, e *TrunkEncoder, net layers.Module, in data.Inputs, o Options) (*tensor.Tensor, []int, error) {
	tape := autograd.NewInference()
	if e.Tape != nil {
		tape = e.Tape()
	}
	var rows table
	var index []int
	err := Each(ctx, e.Label+", fine-tuned", e.Input, in, o, func(x *tensor.Tensor, i []int) error {
		rows.add(net.Forward(tape.Input(x)).Value)
		index = append(index, i...)
		tape.Reset()
		return nil
	})
	if err == nil && len(index) == 0 {
		err = fmt.Errorf("none of the %d samples could be read", in.Samples().Len())
	}
	return rows.tensor(), index, err
}
