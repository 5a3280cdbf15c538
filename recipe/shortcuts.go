package recipe

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Laboratory shows what a task can be answered by without looking at what is in a picture, and what its defences are worth: it is learned with
// all of them, without each, and without any, from data as it is and with a trace put into it that a lens or a file could have
// left (data's option inject). If the task is then solved better and the features are worse, the net has taken a shortcut.
//
// Features are judged by a linear probe. A learner that embeds pictures and sounds in one space (pretext.Paired.OneSpace) is judged by what they find of each other, as
// Arandjelović and Zisserman judge it (2018, section 3.3).
//
// How much a patch tells of its place in the picture is measured by a meter, a net that is trained to say it from the patch alone, as the task's
// net sees it (Doersch, Gupta, Efros 2015, section 4): the lower its error, the more there is to cheat with.
type Laboratory struct {
	Task      string
	Inject    []string // traces, each as data's option inject takes it
	Data      string
	Test      string  // empty means the data's own
	Trunk     string  // empty means convnet
	Side      int     // 0 means 32
	Sound     string  // how recordings are heard (data.ParseHearing); empty means the task's own
	Steps     int     // of each run, and of each meter; 0 means 400
	BatchSize int     // 0 means 64
	LR        float64 // 0 means the task's own
	Seeds     int     // 0 means 1
	Learned   int     // how many samples features are judged with at most; 0 means 4000
	Judged    int     // and on; 0 means 1000
	// Iterations are the probe's at most; 0 means its own.
	Iterations int

	Eval     eval.Options
	Say      func(msg string)
	Progress func(what string) func(p train.Progress)
	Found    func(f Finding, done, of int) // is told of each finding
}

// Finding is a task learned in one way from one kind of data.
type Finding struct {
	Inject  string `json:"inject"`  // empty for data as it is
	Without string `json:"without"` // a defence; "all" for all of them, empty for none
	Task    string `json:"task"`
	// Solved is the task's headline on what was held out, by seed, and Trivial that of its trivial predictor.
	Metric  metric.Metric `json:"metric"`
	Solved  []float64     `json:"solved"`
	Trivial float64       `json:"trivial"`
	// Place is the meter's error, the root of the mean squared distance from a patch's middle, in parts of the picture's sides, by seed, and
	// Middle that of always saying the middle; none where a task cuts no patches.
	Place  []float64 `json:"place,omitempty"`
	Middle float64   `json:"middle,omitempty"`
	Probe  []float64 `json:"probe"` // of the best stage by seed
	// Retrieval is the mean of nDCG@30 of sounds that pictures find and of pictures that sounds find, by seed, and Order that of a random order; none where a task
	// does not embed both in one space.
	Retrieval []float64   `json:"retrieval,omitempty"`
	Order     float64     `json:"random_order,omitempty"`
	Judged    int         `json:"judged_on"` // how many samples
	Drawn     image.Image `json:"-"`         // what the net saw and said
}

// AllDefences is what Finding.Without says of a task without any.
const AllDefences = "all"

func (l Laboratory) filled() (Laboratory, pretext.About, error) {
	for _, n := range []struct {
		setting string
		v       *int
		usual   int
	}{{"side", &l.Side, 32}, {"steps", &l.Steps, 400}, {"batch-size", &l.BatchSize, 64}, {"seeds", &l.Seeds, 1}, {"judged-with", &l.Learned, 4000}, {"judged-on", &l.Judged, 1000}} {
		if *n.v == 0 {
			*n.v = n.usual
		}
		if *n.v < 1 {
			return l, pretext.About{}, &SettingError{n.setting, fmt.Sprintf("%d: want at least 1", *n.v)}
		}
	}
	if l.LR != 0 && !(l.LR > 0 && l.LR <= math.MaxFloat32) {
		return l, pretext.About{}, &SettingError{"lr", fmt.Sprintf("%g: want a number above 0, or 0 for the task's own", l.LR)}
	}
	l.Inject = slices.DeleteFunc(slices.Clone(l.Inject), func(trace string) bool { return trace == "" }) // the data as it is comes first anyway
	if l.Trunk == "" {
		l.Trunk = "convnet"
	}
	if l.Say == nil {
		l.Say = func(string) {}
	}
	if _, err := pretext.New(l.Task); err != nil {
		return l, pretext.About{}, err
	}
	about := pretext.Tell(l.Task)
	if len(about.Defences) == 0 {
		return l, about, fmt.Errorf("the task %s has no defences that could be switched off", kind(l.Task))
	}
	return l, about, nil
}

// Sheet shows some of the data with a trace in it: n pictures, or a third as many films.
func (l Laboratory) Sheet(inject string, n int) (image.Image, error) {
	of, _, err := l.traced(inject)
	if err != nil {
		return nil, err
	}
	d, err := data.Open(of, data.Train)
	if err != nil {
		return nil, err
	}
	return sheetOf(d, n, n/3, n/2)
}

// way is a task with some of its defences.
type way struct{ without, task string }

// ways are the task as it is, without each defence, and without any.
func (l Laboratory) ways(about pretext.About) ([]way, error) {
	task, err := spec.Parse(l.Task)
	if err != nil {
		return nil, err
	}
	out := []way{{"", l.Task}}
	var all []string
	add := func(without, off string) error {
		s, err := spec.Parse(task.Kind + "?" + off)
		if err != nil {
			return err
		}
		out = append(out, way{without, s.Over(task).String()})
		return nil
	}
	for _, d := range about.Defences {
		if err := add(d.Name, d.Off); err != nil {
			return nil, err
		}
		all = append(all, d.Off)
	}
	if len(all) == 1 {
		return out, nil
	}
	return out, add(AllDefences, strings.Join(all, "&"))
}

// Run makes all findings: of the data as it is first and with each trace, the task as it is, without each defence, without any.
func (l Laboratory) Run(ctx context.Context) ([]Finding, error) {
	l, about, err := l.filled()
	if err != nil {
		return nil, err
	}
	ways, err := l.ways(about)
	if err != nil {
		return nil, err
	}
	var out []Finding
	injects := append([]string{""}, l.Inject...)
	sets := make([][2]*data.Dataset, len(injects)) // to learn from and to judge on, opened before anything is learned: what cannot be is said then
	for i, inject := range injects {
		of, test, err := l.traced(inject)
		if err != nil {
			return nil, err
		}
		if sets[i][0], sets[i][1], err = (Comparison{Data: of, Test: test, Say: l.Say}).open(); err != nil {
			return nil, err
		}
	}
	for i, inject := range injects {
		t := Table{Trunk: l.Trunk, Side: l.Side, Learned: l.Learned, Judged: l.Judged, Iterations: l.Iterations, Eval: l.Eval}
		a, b := t.some(sets[i][0], sets[i][1]) // one set of features after the other is made of what is kept
		t.Eval.Say = l.Say
		both := eval.CountInBoth(a, b, t.Eval)
		t.Eval.InBoth = &both
		for _, w := range ways {
			f, err := l.find(ctx, t, inject, w, sets[i], a, b)
			if err != nil {
				return out, fmt.Errorf("%s: %w", w.task, err)
			}
			out = append(out, f)
			if l.Found != nil {
				l.Found(f, len(out), len(injects)*len(ways))
			}
		}
	}
	return out, nil
}

// traced returns the data with a trace in it.
func (l Laboratory) traced(inject string) (of, test string, err error) {
	put := func(of string) (string, error) {
		s, err := spec.Parse(of)
		if err != nil || inject == "" || of == "" {
			return of, err
		}
		if s.Has("inject") {
			return "", fmt.Errorf("data %s: its option inject is what the laboratory sets", of)
		}
		return s.With("inject", inject).String(), nil
	}
	if l.Data == "" {
		return "", "", &SettingError{"data", "is needed"}
	}
	if of, err = put(l.Data); err != nil || l.Test == "" {
		return of, "", err
	}
	test, err = put(l.Test)
	return of, test, err
}

// find learns the task in one way, once for each seed, from all training samples, held to test samples, and judges it by those of a and b.
func (l Laboratory) find(ctx context.Context, t Table, inject string, w way, all [2]*data.Dataset, a, b *data.Dataset) (Finding, error) {
	f := Finding{Inject: inject, Without: w.without, Task: w.task, Judged: b.Len()}
	for seed := uint64(1); seed <= uint64(l.Seeds); seed++ {
		c, err := For(w.task)
		if err != nil {
			return f, err
		}
		c.Data, c.Test, c.Trunk, c.Side, c.BatchSize, c.MaxSteps, c.Epochs, c.Seed = all[0].Name, all[1].Name, l.Trunk, l.Side, l.BatchSize, l.Steps, 1<<20, seed
		Suit(&c, func(string) bool { return false })
		if l.Sound != "" {
			c.Sound = l.Sound
		}
		if l.LR > 0 {
			c.LR = float32(l.LR)
		}
		c.MonitorEvery, c.MonitorSamples, c.MaxBad = l.Steps, l.Judged, l.Eval.MaxBad
		o := Options{Say: func(string) {}}
		if l.Progress != nil {
			o.Progress = l.Progress(w.task)
		}
		r, err := newOf(c, o, all[0], all[1])
		if err != nil {
			return f, err
		}
		if _, err := r.Train(ctx, "", false); err != nil {
			return f, err
		}
		var row Row
		if err := r.headline(&row); err != nil {
			return f, err
		}
		if !row.Told {
			return f, fmt.Errorf("of %d samples that were held out the task tells nothing that could be compared", all[1].Len())
		}
		row.Seed = seed
		if err := t.judge(ctx, &row, r.encoder(w.task, r.Trunk), a, b); err != nil {
			return f, err
		}
		best := 0.0
		for _, v := range row.Probe {
			best = max(best, v)
		}
		f.Metric, f.Trivial, f.Solved, f.Probe = row.Metric, row.Trivial, append(f.Solved, row.Value), append(f.Probe, best)
		if err := l.retrieve(ctx, &f, t, r, b); err != nil {
			return f, err
		}
		if err := l.measure(ctx, &f, r); err != nil {
			return f, err
		}
		if seed == 1 {
			if f.Drawn, err = r.Learner.Draw(r.Held.Inputs, []int{0, 1, 2}[:min(3, r.Held.Len())]); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// retrieve judges by what pictures and sounds find of each other among the test films, where a run embeds both in one space.
func (l Laboratory) retrieve(ctx context.Context, f *Finding, t Table, r *Recipe, test *data.Dataset) error {
	if p, ok := pretext.As[pretext.Paired](r.Learner); !ok || !p.OneSpace() || test.Clips == nil || test.Sounds == nil {
		return nil
	}
	m := &Model{Side: r.Config.Side, Norm: r.Norm, Mode: r.Config.Mode()}
	p := &pairs{m: m, label: f.Task, hearing: r.hearing, learner: r.Learner, o: t.Eval}
	images, sounds, err := p.both(ctx, test)
	if err != nil {
		return err
	}
	found, err := eval.Retrieval{}.Between("image to sound", images, sounds, false)
	if err != nil {
		return err
	}
	back, err := eval.Retrieval{}.Between("sound to image", sounds, images, false)
	f.Retrieval, f.Order = append(f.Retrieval, (found.Value+back.Value)/2), (found.Trivial+back.Trivial)/2
	return err
}

// measure trains a meter on the patches that a run saw, and measures it on those that were held out.
func (l Laboratory) measure(ctx context.Context, f *Finding, r *Recipe) error {
	of, ok := pretext.As[pretext.Located](r.Learner)
	if !ok {
		return nil
	}
	c := r.Config
	trunk, err := newTrunk(c.Trunk, c.Seed, channels(c))
	if err != nil {
		return err
	}
	m := &meter{of: of, Net: &layers.Net{Trunk: trunk, Head: layers.PoolHead(tensor.NewRNG(c.Seed), trunk, 2)}}
	c.Optimizer, c.LR, c.Schedule, c.WeightDecay, c.Momentum = "adam", 1e-3, "cosine", 0, 0.9
	run := &train.Run{Config: c, Learner: m, Data: r.Data, Workers: max(2, tensor.Threads())}
	if l.Progress != nil {
		run.Progress = l.Progress("where a patch is")
	}
	if _, err := run.Start(ctx, false); err != nil {
		return err
	}
	feed, err := m.feed(r.Held.Inputs, data.LoaderOptions{BatchSize: 64, KeepLast: true, MaxBad: 1, Seed: c.Seed})
	if err != nil {
		return err
	}
	told, err := train.Look(feed, c.Mode(), c.Seed, c.MaxSteps, c.MaxSteps)
	if err != nil {
		return err
	}
	f.Place, f.Middle = append(f.Place, math.Sqrt(told["square"])), math.Sqrt(told["square_middle"])
	return nil
}

// meter learns where a patch is.
type meter struct {
	of pretext.Located
	*layers.Net
}

func (m *meter) Groups() []train.Group { return train.One(m) }

func (m *meter) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), {Name: "square", Predictor: "always the middle", Versus: "square_middle"}, {Name: "square_middle"}}
}

func (m *meter) Feed(in data.Inputs, _ bool, o data.LoaderOptions) (*train.Feed, error) {
	return m.feed(in, o)
}

// feed shows patches as training sees them, on held-out pictures too: what is drawn is part of a defence.
func (m *meter) feed(in data.Inputs, o data.LoaderOptions) (*train.Feed, error) {
	return m.of.Located(in, true, o, func(s train.Step, x, where *tensor.Tensor) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			said := m.Forward(t.Input(x))
			var square, middle float64
			for i, v := range where.Data {
				d, e := float64(said.Value.Data[i]-v), float64(0.5-v)
				square, middle = square+d*d, middle+e*e
			}
			n := float64(where.Dim(0))
			s.Metric("square", square, n)
			s.Metric("square_middle", middle, n)
			return autograd.L2(said, where, autograd.LossOptions{})
		})
	})
}

func (m *meter) Draw(data.Inputs, []int) (image.Image, error) {
	return nil, errors.New("a meter has no picture")
}
