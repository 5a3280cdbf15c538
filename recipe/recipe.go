package recipe

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Options are what does not decide a run's weights. The zero value will do.
type Options struct {
	// MemoryLimit is how many bytes the process should hold at most; 0 means no limit.
	MemoryLimit int64
	// Recompute is the least that is computed a second time, whatever memory there is: to the same bits, in more time.
	Recompute autograd.Recompute
	// Task, if set, is a task of the caller's own, made somewhere else than pretext; Config.Task is then what run.json calls it, a name
	// that is not taken.
	Task pretext.Task
	// Begin is what Adopt read of Config.Init; nil, or of another name, New reads it itself.
	Begin *Beginning
	// Cluster is the ranks that train together, as train.Run's; nil for one process. Rank 0 has the run's directory, the monitor and the pictures.
	Cluster cluster.Group
	// Say is told of what a person should know.
	Say func(msg string)
	// Progress is told of each step.
	Progress func(p train.Progress)
	// Command is kept in run.json: how the run can be made again.
	Command string
}

// Recipe is a configuration and what it resolves to: data, a trunk, and what learns around it.
type Recipe struct {
	Config  train.Config
	Data    *data.Dataset // what is learned from
	Held    *data.Dataset // what the monitor looks at; nil for no monitor
	Trunk   *layers.Trunk
	Norm    data.Norm
	Learner train.Learner

	hearing  data.Hearing // where it hears
	options  Options
	pictures int64         // bytes of decoded pictures that a feed may keep
	begun    *Beginning    // while the networks are made: what they begin with, nil for random weights
	origin   *train.Origin // of the weights that the run began with; nil for random ones
	begins   []string      // what is said of them
	lost     error         // why they cannot be had, which a run that goes on does not need
}

// Default returns the configuration that a run has where nothing else is said.
func Default() train.Config {
	return train.Config{Data: "scenes", Trunk: "convnet", Side: 32, Epochs: 10, BatchSize: 128, Optimizer: "nesterov", LR: 0.1, Schedule: "cosine",
		Momentum: 0.9, WeightDecay: 5e-4, Augment: "crop-flip", Seed: 1, MaxBad: 0.01, LogEvery: 10}
}

// For returns the configuration of a task where nothing else is said: Default with what the task's paper wants.
func For(task string) (train.Config, error) {
	c := Default()
	c.Task = task
	if task == Supervised {
		return c, nil
	}
	if _, err := spec.Parse(task); err != nil {
		return c, err
	}
	if _, err := pretext.New(task); err != nil {
		return c, err
	}
	about := pretext.Tell(task)
	if about.Of == "films" { // a sample is several pictures
		c.Data, c.BatchSize = "scenes:?frames=24", 32
	}
	if about.Hears() {
		c.Data, c.BatchSize, c.Sound = "scenes:?sound=yes", 32, "mel"
	}
	if about.OwnViews {
		c.Augment = "none"
	}
	if about.Trunk != "" {
		c.Trunk = about.Trunk
	}
	if about.Config != nil {
		about.Config(&c)
	}
	return c, nil
}

// Suit gives a run of a transformer trunk, which the rates of stochastic gradient descent for convolutions do not suit (its loss grows), what
// such trunks are trained with: AdamW at 5e-4 with a weight decay of 0.05 behind a warm-up of a twentieth of the run, at most 100 steps (after Touvron
// et al. 2021, for small batches). What was said stays; so does all of it where an optimiser was said, or where the task has one of its own.
func Suit(c *train.Config, said func(setting string) bool) {
	usual := Default()
	if !layers.Transformer(c.Trunk) || said("optimizer") || c.Optimizer != usual.Optimizer && c.Optimizer != "sgd" {
		return
	}
	c.Optimizer = "adamw"
	if !said("lr") {
		c.LR = 5e-4
	}
	if !said("weight-decay") {
		c.WeightDecay = 0.05
	}
	if !said("warmup-steps") && !strings.HasPrefix(c.Schedule, "onecycle") {
		c.WarmupSteps = -100
	}
}

// Directory returns where a run goes unless somebody says so: runs/TASK-TRUNK-seedN, or runs/TASK-seedN where there is no trunk.
func Directory(c train.Config) string {
	name := func(s string) string {
		s, _, _ = strings.Cut(s, "?")
		return s
	}
	if c.Trunk == "" {
		return filepath.Join("runs", fmt.Sprintf("%s-seed%d", name(c.Task), c.Seed))
	}
	return filepath.Join("runs", fmt.Sprintf("%s-%s-seed%d", name(c.Task), name(c.Trunk), c.Seed))
}

// A SettingError says that a setting cannot be what it is.
type SettingError struct {
	Setting string // as in run.json, with dashes: the command's flag
	Msg     string
}

func (e *SettingError) Error() string { return fmt.Sprintf("--%s %s", e.Setting, spec.Line(e.Msg)) }

// Check refuses settings that cannot work, naming the setting.
func Check(c train.Config) error {
	if _, err := For(c.Task); err != nil {
		return err
	}
	about := pretext.Tell(c.Task)
	if s, err := spec.Parse(c.Task); err == nil && about.OwnViews && c.Augment != "none" {
		return &SettingError{"augment", fmt.Sprintf("%s: the task %s makes its own views; its options say which", c.Augment, s.Kind)}
	}
	if err := checkUnused(c, about); err != nil {
		return err
	}
	if c.Sound != "" && c.Task != Supervised && !about.Hears() {
		return &SettingError{"sound", fmt.Sprintf("%s: the task %s hears nothing", c.Sound, kind(c.Task))}
	}
	if c.Data == "" {
		return &SettingError{"data", "is needed: the task " + kind(c.Task) + " learns from " + about.Of}
	}
	return checkRun(c)
}

// checkUnused refuses settings that mean nothing to the task and are not as it has them.
func checkUnused(c train.Config, about pretext.About) error {
	if len(about.Unused) == 0 {
		return nil
	}
	usual, err := For(c.Task)
	if err != nil {
		return err
	}
	is, was := settingsOf(c), settingsOf(usual)
	for _, name := range about.Unused {
		if is[name] != was[name] {
			return &SettingError{strings.ReplaceAll(name, "_", "-"), fmt.Sprintf("%s: it means nothing to the task %s", is[name], kind(c.Task))}
		}
	}
	return nil
}

// settingsOf returns settings by their names in run.json.
func settingsOf(c train.Config) map[string]string {
	var out map[string]json.RawMessage
	b, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(err) // a Config is JSON
	}
	text := map[string]string{}
	for k, v := range out {
		text[k] = strings.Trim(string(v), `"`)
	}
	return text
}

// trunkless tells whether a configuration's task trains no trunk.
func trunkless(c train.Config) bool {
	return c.Task != Supervised && !pretext.Tell(c.Task).Uses("trunk")
}

// checkOwn checks a configuration for a task that is not pretext's.
func checkOwn(c train.Config) error {
	if _, err := For(c.Task); err == nil || c.Task == "" {
		return &SettingError{"task", fmt.Sprintf("%q: want a name of its own for a task that is not pretext's", c.Task)}
	}
	return checkRun(c)
}

// checkRun checks what does not depend on the task.
func checkRun(c train.Config) error {
	for _, n := range []struct {
		name   string
		v, low int
	}{{"side", c.Side, 8}, {"epochs", c.Epochs, 1}, {"max-steps", c.MaxSteps, 0}, {"batch-size", c.BatchSize, 1}, {"accumulate", c.Accumulate, 0},
		{"warmup-steps", c.WarmupSteps, -1 << 30}, {"local-steps", c.LocalSteps, 0}, {"checkpoint-every", c.CheckpointEvery, 0}, {"log-every", c.LogEvery, 1}, {"monitor-samples", c.MonitorSamples, 0}} {
		if n.v < n.low && !(n.name == "side" && trunkless(c)) {
			return &SettingError{n.name, fmt.Sprintf("%d: want at least %d", n.v, n.low)}
		}
	}
	for _, f := range []struct {
		name string
		v    float64
	}{{"mixup", c.Mixup}, {"cutmix", c.CutMix}} {
		if f.v != 0 && c.Task != Supervised {
			return &SettingError{f.name, fmt.Sprintf("%g: the task %s has no labels to mix; it is of %s and of eval finetune", f.v, kind(c.Task), Supervised)}
		}
	}
	if c.Side > MaxSide {
		return &SettingError{"side", fmt.Sprintf("%d: want at most %d", c.Side, MaxSide)}
	}
	for _, f := range []struct {
		name string
		v    float64
		ok   bool
		want string
	}{{"lr", float64(c.LR), c.LR > 0 && c.LR < 1e6, "above 0 and below 1e6"},
		{"momentum", float64(c.Momentum), c.Momentum >= 0 && c.Momentum < 1, "0 <= momentum < 1"},
		{"weight-decay", float64(c.WeightDecay), c.WeightDecay >= 0, "at least 0"}, {"clip-norm", c.ClipNorm, c.ClipNorm >= 0, "at least 0"},
		{"mixup", c.Mixup, data.Mix{Mixup: c.Mixup}.Check() == nil, fmt.Sprintf("0 for none, or at most %d", data.MostMix)},
		{"cutmix", c.CutMix, data.Mix{CutMix: c.CutMix}.Check() == nil, fmt.Sprintf("0 for none, or at most %d", data.MostMix)}} {
		if !f.ok {
			return &SettingError{f.name, fmt.Sprintf("%g: want %s", f.v, f.want)}
		}
	}
	if err := data.CheckMaxBad(c.MaxBad); err != nil {
		return &SettingError{"max-bad", err.Error()}
	}
	if err := train.CheckShards(c.Shards, c.BatchSize, 1); err != nil {
		return &SettingError{"shards", err.Error()}
	}
	if c.Wire != tensor.Float32 && c.Wire != tensor.BFloat16 {
		return &SettingError{"wire", fmt.Sprintf("%v: want float32 or bfloat16", c.Wire)}
	}
	if c.LocalSteps > 1 && c.Wire != tensor.Float32 {
		return &SettingError{"wire", fmt.Sprintf("%v: with --local-steps no gradients go between ranks, but weights, as float32", c.Wire)}
	}
	if c.Precision == tensor.Int8 {
		return &SettingError{"precision", "int8 is for inference; training takes float32 or bfloat16"}
	}
	if setting, value, err := c.Check(); err != nil {
		return &SettingError{setting, value + ": " + err.Error()}
	}
	if trunkless(c) {
		return nil
	}
	if _, err := data.NewView(c.Augment, c.Side); err != nil {
		return &SettingError{"augment", c.Augment + ": " + err.Error()}
	}
	if _, err := runNorm(c); err != nil {
		return &SettingError{"norm", c.Norm + ": " + err.Error()}
	}
	if hears(c) {
		if _, err := data.ParseHearing(c.Sound); err != nil {
			return &SettingError{"sound", c.Sound + ": " + err.Error()}
		}
	}
	return nil
}

// MaxSide is the largest side that a net is given pictures of.
const MaxSide = 2048

// cacheBytes is how much memory decoded pictures may take.
const cacheBytes = 2 << 30

// New opens the data and makes the networks of a configuration.
func New(c train.Config, o Options) (*Recipe, error) {
	if o.Say == nil {
		o.Say = func(string) {}
	}
	check := Check
	if o.Task != nil {
		check = checkOwn
	}
	if err := check(c); err != nil {
		return nil, err
	}
	d, err := data.Open(c.Data, data.Train)
	if err != nil {
		return nil, err
	}
	r := &Recipe{Config: c, Data: d, options: o}
	if c.MonitorEvery >= 0 && c.Task != Supervised {
		if err := r.holdOut(); err != nil {
			return nil, err
		}
	}
	if r.Held != nil {
		tell(o.Say, d, r.Held)
	} else {
		tell(o.Say, d)
	}
	return r, r.build()
}

// newOf makes the recipe of a configuration for samples that are open: what is learned from, and what the monitor looks at.
func newOf(c train.Config, o Options, d, held *data.Dataset) (*Recipe, error) {
	if err := Check(c); err != nil {
		return nil, err
	}
	r := &Recipe{Config: c, Data: d, options: o}
	if c.MonitorEvery >= 0 && c.Task != Supervised {
		r.Held = held
	}
	return r, r.build()
}

// build makes what learns from r.Data.
func (r *Recipe) build() (err error) {
	c := &r.Config
	r.pictures = cacheBytes
	if r.options.MemoryLimit > 0 {
		r.pictures = min(r.pictures, r.options.MemoryLimit/8)
	}
	if err := r.listen(); err != nil {
		return err
	}
	if !trunkless(*c) {
		if r.Trunk, err = newTrunk(c.Trunk, c.Seed, channels(*c)); err != nil {
			return &SettingError{"trunk", c.Trunk + ": " + err.Error()}
		}
	}
	if c.Init != "" {
		r.lost = r.begin()
	}
	s, err := setup(*c, r.Trunk)
	if err != nil {
		return err
	}
	if r.Trunk != nil {
		if r.Norm, err = r.norm(s.Plain); err != nil {
			return err
		}
		c.Norm, s.Norm = r.Norm.String(), r.Norm
	}
	s.Inputs, s.CacheBytes, s.Say = r.Data.Inputs, r.pictures, r.options.Say
	if pretext.Tell(c.Task).Labelled {
		s.Labels = r.Data.Truth.Labels
	}
	if c.Task == Supervised {
		r.Learner, err = newSupervised(s, r.Data, data.Mix{Mixup: c.Mixup, CutMix: c.CutMix})
	} else {
		task := r.options.Task
		if task == nil {
			if task, err = pretext.New(c.Task); err != nil {
				return err
			}
		}
		r.Learner, err = task.Learner(s)
	}
	if b := r.begun; err == nil && b != nil {
		r.beginHead()
		origin := b.origin
		r.origin = &origin
		b.model, b.learner = nil, nil // the run needs them no more, whoever holds b
	}
	r.begun, r.options.Begin = nil, nil
	return err
}

// setup returns what a task of a configuration is given, but for what the data decides.
func setup(c train.Config, trunk *layers.Trunk) (pretext.Setup, error) {
	s := pretext.Setup{Trunk: trunk, Side: c.Side, RNG: tensor.NewRNG(c.Seed).Derive(stream.Init, stream.Head)}
	var err error
	if hears(c) {
		if s.Hearing, err = data.ParseHearing(c.Sound); err != nil {
			return s, &SettingError{"sound", c.Sound + ": " + err.Error()}
		}
	}
	if trunk == nil {
		return s, nil
	}
	s.Plain = data.PlainView(c.Side)
	s.Augment, err = data.NewView(c.Augment, c.Side)
	return s, err
}

// listen settles how a run hears, with the data's own mean and deviation unless the configuration says them.
func (r *Recipe) listen() (err error) {
	c := &r.Config
	in := r.Data.Inputs
	if c.Task == Supervised && in.Images == nil && in.Clips == nil && in.Sounds != nil && c.Sound == "" {
		c.Sound = "mel"
	}
	if !hears(*c) {
		return nil
	}
	if r.hearing, err = data.ParseHearing(c.Sound); err != nil {
		return &SettingError{"sound", c.Sound + ": " + err.Error()}
	}
	if r.hearing.Std == 0 && in.Sounds != nil { // without any the task says what it wants
		if r.hearing, err = data.MeasureHearing(in.Sounds, r.hearing, normSamples); err != nil {
			return err
		}
	}
	c.Sound = r.hearing.String()
	return nil
}

// normSamples is how many pictures the data's own mean and deviation are measured on.
const normSamples = 2000

// norm returns the norm that the configuration names, or the data's own.
func (r *Recipe) norm(v data.View) (data.Norm, error) {
	switch {
	case r.Config.Norm != "":
		return data.ParseNorm(r.Config.Norm)
	case r.Data.Images != nil || r.Data.Clips != nil:
		return data.MeasureNorm(r.Data.Inputs, v, normSamples)
	}
	return data.HalfNorm, nil
}

// holdOut opens what the monitor looks at: the test data, the data's own test split, or a twentieth of it, at most 500 samples, taken
// away from training.
func (r *Recipe) holdOut() (err error) {
	c := r.Config
	if c.Test != "" {
		if r.Held, err = data.Open(c.Test, data.Test); err == nil {
			if n := data.InBoth(r.Data, r.Held); n > 0 {
				r.options.Say(fmt.Sprintf("%d of the %d samples of --test are training samples too: what the monitor says of them is not held out", n, r.Held.Len()))
			}
		}
		return err
	}
	if trunkless(c) { // a text has no samples of which some could be held out
		return nil
	}
	test, ok, err := data.TestSplit(c.Data)
	if err != nil {
		return err
	}
	if ok {
		if r.Held, err = data.Open(test, data.Test); err == nil {
			return nil
		}
		r.options.Say(fmt.Sprintf("the test split cannot be opened (%v)", err))
	}
	n := r.Data.Len()
	if n < 100 {
		r.options.Say(fmt.Sprintf("%d samples are too few to hold some out; there is no monitor (--test names other data for it)", n))
		return nil
	}
	held, others, by := r.Data.Apart(tensor.NewRNG(c.Seed).Derive(stream.HoldOut).Perm(n), min(500, n/20))
	if len(others) == 0 {
		r.options.Say(fmt.Sprintf("all samples are of one %s, of which none can be held out; there is no monitor (--test names other data for it)", by))
		return nil
	}
	cut := len(held)
	r.Held, r.Data = r.Data.Subset(held, "part=held-out"), r.Data.Subset(others, "part=training")
	r.options.Say(fmt.Sprintf("%d of %d samples are held out for the monitor (--test names other data for it, --monitor-every -1 trains on all)", cut, n))
	return nil
}

// group returns the ranks that train together.
func (r *Recipe) group() cluster.Group {
	if r.options.Cluster == nil {
		return cluster.One{}
	}
	return r.options.Cluster
}

// reserved returns how many bytes of decoded pictures a feed and the monitor will keep at most: as many as they may, or all of them, as
// large as the first one is or as the side asks for, twice, for some are longer than high.
func (r *Recipe) reserved() int64 {
	each := int64(r.Config.Side*r.Config.Side*3) * 2
	if r.Data.Images != nil {
		if im, err := r.Data.Images.Image(0); err == nil {
			each = max(each, int64(len(im.Pix))*2)
		}
	} else if r.Data.Clips != nil {
		if times, err := r.Data.Clips.Times(0); err == nil {
			each *= int64(len(times))
		}
	}
	n := min(r.pictures, int64(r.Data.Len())*each)
	if r.Held != nil && r.Trunk != nil {
		held := int64(r.monitorSamples())
		n += min(r.pictures, held*each) + min(monitorBytes, held*each) + min(monitorBytes, monitorTrain*each)
	}
	return n
}

// Train runs the recipe in dir, or continues it; "" keeps nothing. When ctx ends a checkpoint is written.
func (r *Recipe) Train(ctx context.Context, dir string, resume bool) (*train.Info, error) {
	o := r.options
	if !resume {
		if r.lost != nil {
			return nil, r.lost
		}
		for _, msg := range r.begins {
			o.Say(msg)
		}
	}
	if o.MemoryLimit > 0 {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(o.MemoryLimit))
	}
	first := r.group().Rank() == 0
	if !first {
		dir = ""
	}
	run := &train.Run{Dir: dir, Config: r.Config, Command: o.Command, Learner: r.Learner, Data: r.Data, Workers: max(2, tensor.Threads()),
		MemoryLimit: o.MemoryLimit, Recompute: o.Recompute, Progress: o.Progress, Warn: o.Say,
		Reserved: r.reserved(), Origin: r.origin, Cluster: o.Cluster}
	_, looks := r.Learner.(train.Looker)
	if r.Held != nil || looks && r.Config.MonitorEvery >= 0 {
		m, err := r.monitor()
		if err = cluster.Agree(r.group(), err); err != nil {
			return nil, err
		}
		if run.Monitor = m.help; first {
			if run.Monitor, run.Picture = m.look, m.picture; m.probe != nil {
				run.Beside = m.probe
			}
		}
	}
	return run.Start(ctx, resume)
}
