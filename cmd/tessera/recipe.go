package main

import (
	"context"
	"fmt"
	"image"
	"math"
	"os"
	"runtime"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// cacheBytes is how much memory decoded pictures may take.
const cacheBytes = 2 << 30

// augmentations by name: what is kept of a picture in memory, and what is drawn anew each time.
var augmentNames = []string{"crop-flip", "resized-crop", "color", "none"}

func augmentation(name string, side int) (frame data.Framing, prepare, random data.Transform, err error) {
	mirror := data.RandomHorizontalFlip(0.5)
	switch name {
	case "none":
		return data.ShortSide(side), data.CenterCrop(side), nil, nil
	case "crop-flip": // CIFAR's: a shift by up to an eighth, and mirroring
		return data.ShortSide(side), data.CenterCrop(side), data.Compose(data.RandomCrop(side, max(1, side/8)), mirror), nil
	case "resized-crop":
		return data.ShortSide(side * 8 / 7), nil, data.Compose(data.RandomResizedCrop(side, 0.2, 1), mirror), nil
	case "color":
		return data.ShortSide(side * 8 / 7), nil, data.Compose(data.RandomResizedCrop(side, 0.2, 1), mirror,
			data.ColorJitter(0.4, 0.4, 0.4, 0.1), data.RandomGrayscale(0.2)), nil
	}
	return nil, nil, nil, fmt.Errorf("there is no augmentation %q; there are %v", name, augmentNames)
}

// viewFor returns what evaluation sees of a picture.
func viewFor(side int) (data.Framing, data.Transform) {
	return data.ShortSide(side), data.CenterCrop(side)
}

// viewOf returns what evaluation sees of sample i.
func viewOf(src data.Source, i, side int) (*data.Image, error) {
	frame, crop := viewFor(side)
	im, err := data.ImageFrame(src, i, func(h, w int) data.Frame { return frame(h, w, nil) })
	if err != nil {
		return nil, err
	}
	return crop(im, nil), nil
}

// cachedView keeps what evaluation sees of a source's pictures.
func cachedView(src data.Source, side int, limit int64) data.Source {
	frame, crop := viewFor(side)
	return data.Cache(src, frame, crop, limit)
}

// pretextObjective lets train run a pretext task.
type pretextObjective struct {
	task pretext.Task
	net  layers.Module
}

func (o pretextObjective) Chance() float64 { return o.task.Chance() }

func (o pretextObjective) Loss(tape *autograd.Tape, b *data.Batch, rng *tensor.RNG) (*autograd.Var, int, int) {
	out := o.task.Step(tape, o.net, b.X, rng)
	return out.Loss, out.Correct, out.Total
}

// labelObjective learns from labels: the supervised row of an evaluation.
type labelObjective struct {
	net     layers.Module
	classes int
}

func (o labelObjective) Chance() float64 { return 1 / float64(o.classes) }

func (o labelObjective) Loss(tape *autograd.Tape, b *data.Batch, _ *tensor.RNG) (*autograd.Var, int, int) {
	y := o.net.Forward(tape.Input(b.X))
	return autograd.CrossEntropy(y, b.Labels), tensor.CountRight(y.Value, b.Labels), len(b.Labels)
}

// supervisedTask is the name under which a run that learns from labels is stored. It is no pretext task: it is the row
// that pretext tasks are compared with.
const supervisedTask = "supervised"

// recipe is what a configuration resolves to.
type recipe struct {
	config train.Config
	source data.Source // with decoded pictures kept
	random data.Transform
	net    *layers.Net

	limit, reserved int64        // bytes of memory: of the process, or 0; of decoded pictures at most
	task            pretext.Task // nil for supervised
}

// initStream keeps a network's initialisation apart from everything else drawn from the seed.
const initStream = 0x1417

func newRecipe(c train.Config, limit int64) (*recipe, error) {
	r := &recipe{config: c}
	src, err := data.Open(c.Data, data.Train)
	if err != nil {
		return nil, err
	}
	frame, prepare, random, err := augmentation(c.Augment, c.Side)
	if err != nil {
		return nil, err
	}
	pictures := int64(cacheBytes)
	if limit > 0 {
		pictures = min(pictures, limit/8)
	}
	r.source, r.random = data.Cache(src, frame, prepare, pictures), random
	r.limit = limit
	r.reserved = min(pictures, int64(src.Len())*int64(c.Side*c.Side*3)*2) // a resized picture may be longer than high
	rng := tensor.NewRNG(c.Seed).Derive(initStream)
	trunk, err := layers.NewTrunk(c.Trunk, rng.Derive(1), 3, layers.TrunkOptions{})
	if err != nil {
		return nil, err
	}
	r.net = &layers.Net{Trunk: trunk}
	if c.Task == supervisedTask {
		n := len(src.Classes())
		if n == 0 {
			return nil, fmt.Errorf("%s has no labels, supervised training needs them", c.Data)
		}
		r.net.Head = layers.Sequential{{Name: "pool", Module: layers.GlobalAvgPool},
			{Name: "fc", Module: layers.NewLinear(rng.Derive(2), trunk.Channels(), n, layers.LinearOptions{})}}
		return r, nil
	}
	if r.task, err = pretext.New(c.Task); err != nil {
		return nil, err
	}
	r.net.Head = r.task.Head(rng.Derive(2), trunk, c.Side)
	return r, nil
}

// run returns the training run of a recipe. held is the source that the monitor looks at; nil for no monitor.
func (r *recipe) run(dir string, held data.Source, warn func(string)) *train.Run {
	c := r.config
	loader := data.NewLoader(r.source, data.LoaderOptions{BatchSize: c.BatchSize, Transform: r.random, Norm: data.HalfNorm, Seed: c.Seed,
		Workers: max(2, runtime.NumCPU()), MaxBad: c.MaxBad, Bad: func(i int, err error) { warn(fmt.Sprintf("skipped: %v", err)) }})
	t := &train.Run{Dir: dir, Config: c, Net: r.net, Loader: loader, Source: r.source, Warn: warn, Command: commandLine(),
		MemoryLimit: r.limit, Reserved: r.reserved}
	if r.task == nil {
		t.Objective = labelObjective{r.net, len(r.source.Classes())}
		return t
	}
	t.Objective = pretextObjective{r.task, r.net}
	if held != nil {
		m := &monitor{r: r, held: cachedView(held, c.Side, 256<<20), warn: warn}
		t.Monitor = m.look
		t.Picture = m.picture
	}
	return t
}

// monitor looks at a net that learns: the task's accuracy on pictures that it does not train on, whether the features are
// alive, and, where there are labels, how many neighbours are of the same class.
type monitor struct {
	r    *recipe
	held data.Source
	warn func(string)
}

const monitorSamples = 500

func (m *monitor) batches(src data.Source, n int) func(yield func(*data.Batch) bool) {
	n = min(n, src.Len())
	index := tensor.NewRNG(7).Perm(src.Len())[:n]
	frame, crop := viewFor(m.r.config.Side)
	l := data.NewLoader(data.Subset(src, index, "monitor"), data.LoaderOptions{BatchSize: 64, Frame: frame, Transform: crop, Norm: data.HalfNorm,
		Ordered: true, KeepLast: true, MaxBad: 1})
	return l.Epoch(0, 0)
}

func (m *monitor) look(step int) map[string]float64 {
	tape := autograd.NewInference()
	out := map[string]float64{}
	right, total, loss, n := 0, 0, 0.0, 0
	rng := tensor.NewRNG(11)
	for b := range m.batches(m.held, monitorSamples) {
		if b.X == nil {
			continue
		}
		o := m.r.task.Step(tape, m.r.net, b.X, rng)
		right, total = right+o.Correct, total+o.Total
		loss += float64(o.Loss.Scalar()) * float64(len(b.Index))
		n += len(b.Index)
		tape.Reset()
	}
	if n == 0 {
		return out
	}
	out["held_accuracy"], out["held_loss"] = float64(right)/float64(total), loss/float64(n)
	frame, crop := viewFor(m.r.config.Side)
	features := func(src data.Source, n int) eval.Set {
		s, err := eval.Extract(context.Background(), m.r.net.Trunk, data.Subset(src, tensor.NewRNG(7).Perm(src.Len())[:min(n, src.Len())], "monitor"),
			eval.Options{BatchSize: 64, Frame: frame, Transform: crop, Norm: data.HalfNorm, Last: true, MaxBad: 1})
		if err != nil || len(s) == 0 {
			return eval.Set{}
		}
		return s[0].Pooled
	}
	test := features(m.held, monitorSamples)
	if test.X == nil {
		return out
	}
	h := eval.CheckHealth(test.X)
	out["feature_std"], out["effective_rank"] = h.Std, h.EffectiveRank
	if h.Std < 0.02 || h.EffectiveRank < 1.5 {
		m.warn(fmt.Sprintf("step %d: the features collapse: deviation %.3f (1 is spread out, 0 constant), effective rank %.1f of %d", step, h.Std, h.EffectiveRank, test.X.Dim(1)))
	}
	if test.Labelled() {
		if s, err := eval.KNN(features(m.r.source, 2000), test, eval.KNNOptions{}); err == nil {
			out["knn"] = s.Accuracy
		}
	}
	return out
}

func (m *monitor) picture() image.Image {
	for b := range m.batches(m.held, 6) {
		if b.X == nil {
			break
		}
		return m.r.task.Draw(m.r.net, b.X, data.HalfNorm)
	}
	return nil
}

func commandLine() string {
	s := "tessera"
	for _, a := range os.Args[1:] {
		s += " " + a
	}
	return s
}

// percent formats a share.
func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*v)
}
