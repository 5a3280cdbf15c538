package detect

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// Detect judges a trunk by a detector that learns on it. It is the same whatever weights the trunk begins with: random ones beside are learning from scratch.
type Detect struct {
	Head      string  // fcos, without anchors; rcnn, which looks twice; empty means fcos
	Neck      string  // of rcnn: fpn, a pyramid of maps, or c4, the stage before the last; empty means fpn
	Freeze    bool    // the trunk stays as it is, its norms' statistics too
	Updates   int     // rounded up to whole epochs; 0 means 1200
	Epochs    int     // in place of Updates; 0 means as many as these are
	BatchSize int     // 0 means 8
	LR        float32 // of AdamW, falling along a cosine; 0 means 1e-3
	Side      int     // that the longer side of a picture is made, in pixels; 0 means the encoder's
	Channels  int     // of the head's maps, in eights; 0 means 64
	Convs     int     // of each of the one-stage head's towers; 0 means 2
	Augment   string  // jitter, mirror or no; empty means jitter
	Seed      uint64
}

// Protocols lists those of this room.
func Protocols() []eval.Kind { return []eval.Kind{kind} }

var kind = eval.Kind{
	Name:  "detect",
	All:   "updates=300",
	About: "objects and their boxes, by a detector that learns on the trunk: average precision",
	Options: []spec.Option{
		{Name: "head", Default: "fcos", About: "fcos, at each place one answer (Tian et al. 2019); rcnn, Faster R-CNN, which looks twice and is slower"},
		{Name: "neck", Default: "fpn", About: "of rcnn: fpn, a pyramid of maps, or c4, the stage before the last"},
		{Name: "freeze", Default: "no", About: "yes: the trunk does not learn, only what stands on it"},
		{Name: "updates", Default: "1200", About: "of AdamW, rounded up to whole epochs"},
		{Name: "epochs", About: "over the training pictures, in place of updates"},
		{Name: "batch", Default: "8", About: "pictures in a batch, 1 to 256"},
		{Name: "lr", Default: "0.001", About: "of AdamW, falling along a cosine"},
		{Name: "side", Default: "0", About: "pixels that the longer side of a picture is made; 0: the network's"},
		{Name: "channels", Default: "64", About: "of the head's maps, a multiple of 8, up to 512"},
		{Name: "convs", Default: "2", About: "of fcos: convolutions in each tower, 1 to 8"},
		{Name: "augment", Default: "jitter", About: "jitter, pictures smaller, larger and mirrored; mirror; no"},
		{Name: "seed", Default: "0", About: "of the head's weights, the order, and what is varied"},
	},
	Make: func(v *spec.Values) eval.Protocol {
		p := Detect{Head: v.One("head", "fcos", "rcnn"), Neck: v.One("neck", "fpn", "c4"), Freeze: v.Bool("freeze"), Updates: v.Int("updates", 1, math.MaxInt32), BatchSize: v.Int("batch", 1, 256),
			LR: float32(v.Float("lr", 1e-7, 1)), Side: v.Int("side", 0, mostSide), Channels: v.Int("channels", headGroups, 512), Convs: v.Int("convs", 1, 8),
			Augment: v.One("augment", "jitter", "mirror", "no"), Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		if v.Given("epochs") {
			if p.Epochs, p.Updates = v.Int("epochs", 1, math.MaxInt32), 0; v.Given("updates") {
				v.Fail("options updates and epochs both say how long the detector learns; want one")
			}
		}
		if p.Channels%headGroups != 0 {
			v.Fail("option channels=%d: want a multiple of %d", p.Channels, headGroups)
		}
		for _, o := range []struct{ name, head string }{{"neck", "rcnn"}, {"convs", "fcos"}} {
			if v.Given(o.name) && p.Head != o.head {
				v.Fail("option %s goes with head=%s", o.name, o.head)
			}
		}
		return p
	},
}

// mostSide is the largest side of what a detector is shown.
const mostSide = 2048

// Name returns detect.
func (p Detect) Name() string { return "detect" }

// Tunes says that the protocol is handed trunks.
func (p Detect) Tunes() bool { return true }

// filled is the protocol with what was not said.
func (p Detect) filled() Detect {
	if p.Head == "" {
		p.Head = "fcos"
	}
	if p.Neck == "" || p.Head != "rcnn" {
		p.Neck = "fpn"
	}
	if p.Updates == 0 && p.Epochs == 0 {
		p.Updates = 1200
	}
	if p.BatchSize == 0 {
		p.BatchSize = 8
	}
	if p.LR == 0 {
		p.LR = 1e-3
	}
	if p.Channels == 0 {
		p.Channels = 64
	}
	if p.Convs == 0 {
		p.Convs = 2
	}
	if p.Augment == "" {
		p.Augment = "jitter"
	}
	return p
}

// settings are what a score must say, and what makes the detector again.
func (p Detect) settings() map[string]any {
	out := map[string]any{"head": p.Head, "neck": p.Neck, "freeze": p.Freeze, "batch_size": p.BatchSize, "lr": p.LR, "weight_decay": decay, "optimizer": "adamw",
		"schedule": "cosine", "channels": p.Channels, "augment": p.Augment, "seed": p.Seed, "shown": "whole",
		"ap50": "area under precision raised to the largest at a higher recall, of boxes found by an overlap of 0.5 (VOC 2010)"}
	if p.Head == "fcos" {
		out["convs"] = p.Convs
	}
	if out["updates"] = p.Updates; p.Epochs > 0 {
		delete(out, "updates")
		out["epochs"] = p.Epochs
	}
	if p.Side > 0 {
		out["shown_side"] = p.Side
	}
	return out
}

// Needs says what data lacks: boxes of objects in pictures.
func (p Detect) Needs(train, test *data.Dataset) error {
	for _, d := range []*data.Dataset{train, test} {
		if d.Images == nil {
			return fmt.Errorf("%s has no pictures, it has %s", d.Name, d.Inputs.Kinds())
		}
		if d.Truth.Boxes == nil {
			return fmt.Errorf("%s has no boxes of objects", d.Name)
		}
	}
	names := train.Truth.BoxClasses()
	if len(names) == 0 {
		return fmt.Errorf("the boxes of %s have no classes", train.Name)
	}
	for _, name := range test.Truth.BoxClasses() {
		if !slices.Contains(names, name) {
			return fmt.Errorf("the class %q of test boxes is not among those of the training boxes", name)
		}
	}
	return nil
}

// number returns the numbers of the classes of a data set's boxes by their names.
func number(names []string) (map[string]int, error) {
	out := map[string]int{}
	for i, name := range names {
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("two classes are called %q", name)
		}
		out[name] = i
	}
	return out, nil
}

// make returns a detector of so many classes on a trunk that may learn.
func (p Detect) make(t *layers.Trunk, side, classes int) (detector, *trunk, error) {
	on := &trunk{t, p.Freeze}
	rng := tensor.NewRNG(p.Seed).Derive(stream.Init, stream.Head)
	if p.Head == "rcnn" {
		d, err := newTwoStage(rng, on, side, classes, p)
		return d, on, err
	}
	pyramid, err := newPyramid(rng, on, side, p.Channels)
	if err != nil {
		return nil, nil, err
	}
	return newOneStage(rng, pyramid, classes, p.Channels, p.Convs), on, nil
}

// sees returns how a detector on an encoder's trunk is shown pictures.
func (p Detect) sees(e *eval.TrunkEncoder) (seeing, error) {
	v, ok := e.Input.(eval.Views)
	if !ok {
		return seeing{}, fmt.Errorf("%s does not look at pictures", e.Name())
	}
	s := seeing{v.Side, v.Norm}
	if p.Side > 0 {
		s.side = p.Side
	}
	return s, nil
}

// Tune lets a detector learn on a trunk, and scores what it finds in the test pictures.
func (p Detect) Tune(ctx context.Context, e *eval.TrunkEncoder, train, test *data.Dataset, o eval.Options) ([]eval.Score, error) {
	began := time.Now()
	p = p.filled()
	see, err := p.sees(e)
	if err != nil {
		return nil, err
	}
	names := train.Truth.BoxClasses()
	numbers, err := number(names)
	if err != nil {
		return nil, err
	}
	a, lost, err := see.show(ctx, train, numbers, o)
	if err != nil {
		return nil, err
	}
	b, more, err := see.show(ctx, test, numbers, o)
	if err != nil {
		return nil, err
	}
	if lost+more > 0 && o.Say != nil {
		o.Say(fmt.Sprintf("%d boxes are empty, outside their pictures or of no class, and are left out", lost+more))
	}
	for _, of := range []struct {
		s *shown
		d *data.Dataset
	}{{a, train}, {b, test}} {
		if !slices.ContainsFunc(of.s.objects, func(o []Object) bool { return len(o) > 0 }) {
			return nil, fmt.Errorf("there is no box of an object in %s", of.d.Name)
		}
	}
	copied, err := e.Copy()
	if err != nil {
		return nil, err
	}
	d, on, err := p.make(copied, see.side, len(names))
	if err != nil {
		return nil, err
	}
	steps, err := p.learn(ctx, d, e, a, o)
	if err != nil {
		return nil, err
	}
	on.frozen = false // from here on nothing learns, and all of it is kept
	found, index, err := p.find(ctx, d, e, b, o)
	if err != nil {
		return nil, err
	}
	samples := make([]int, len(index))
	for k, row := range index {
		samples[k] = b.index[row]
	}
	scores, err := p.scores(ctx, found, index, a, b, names, eval.Sample{Features: eval.Features{Index: samples}, Truth: test.Truth}, o)
	if err != nil {
		return nil, err
	}
	for i := range scores {
		s := &scores[i]
		s.Train, s.Test, s.Dim, s.Settings, s.Seconds = len(a.objects), len(index), p.Channels, p.settings(), time.Since(began).Seconds()
		s.Found["updates"], s.Found["stages"] = steps, d.uses()
		if p.Freeze {
			s.Stage, s.Depth = "frozen", len(copied.Stages)
		}
	}
	if o.Learned != nil {
		if err := o.Learned(e, eval.Learned{Name: p.Name(), Net: d, About: p.about(see, names, copied)}); err != nil {
			return nil, err
		}
	}
	return scores, p.draw(e, b, found, index, names, o)
}
