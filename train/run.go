package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// Run is a training run.
type Run struct {
	Dir     string // "" writes nothing
	Config  Config
	Command string
	Learner Learner
	Data    *data.Dataset
	Workers int     // that make views; 0 means 2
	Origin  *Origin // of the weights that Learner begins with; nil for random ones

	// MemoryLimit is how many bytes the process should hold at most; 0 means no limit. Values are then computed a second time
	// in the backward pass where they would not fit, to the same bits; Start returns a MemoryError where that is not enough.
	MemoryLimit int64
	// Recompute is the least that is computed a second time, whatever memory there is: to the same bits, in more time.
	Recompute autograd.Recompute
	// Reserved is what of the limit others will use: decoded pictures that are kept.
	Reserved int64

	// Cluster is the ranks that share the run's batches, which are cut into Config.Shards; nil for one process. Each has a Run of the same
	// configuration; rank 0 has the directory.
	Cluster cluster.Group

	// Monitor looks at the learner now and then and returns named values; nil for none.
	Monitor func(update, of int) map[string]float64
	// Beside learns beside the learner, such as the monitor's probe: checkpoints keep it too. nil for nothing.
	Beside layers.Stateful
	// Picture draws what the learner sees and says; nil for none.
	Picture func() image.Image
	// Progress is told of each step.
	Progress func(p Progress)
	// Warn is told of what a person should know; it may be called from several goroutines.
	Warn func(msg string)

	info   Info
	feed   *Feed
	train  *training
	lr     optim.Schedule
	decay  optim.Schedule
	steps  int
	epoch  int // steps of an epoch
	step   int // steps made
	ev     *events
	met    *os.File
	lock   *lock
	made   []string // by this start: what is taken away again if it fails
	level  autograd.Recompute
	expect map[string]*autograd.StepMemory // by loss: what its tape is laid out for
	bufs   []*tensor.Tensor                // running statistics before the step, to go back to when it fails
	saved  [][]float32
	before time.Duration // seconds of earlier sessions
}

// ErrInterrupted is returned when the context ended; a checkpoint was written, if the run has a directory.
var ErrInterrupted = errors.New("interrupted; a checkpoint was written")

// keptNothing is ErrInterrupted of a run that has no directory.
type keptNothing struct{}

func (keptNothing) Error() string        { return "interrupted" }
func (keptNothing) Is(target error) bool { return target == ErrInterrupted }

// DivergedError says that a loss or a gradient stopped being a number, or that a loss grew out of all proportion.
type DivergedError struct {
	Step           int
	What           string  // the loss, or gradient
	Value, First   float64 // of a loss that is a number, now and in the run's first step; zeros for what is none
	Op, Place      string
	CheckpointPath string
	own            bool // there are no gradients, which could be clipped
}

// diverged is how many times its first value, or 1 if that is less, a loss may be.
const diverged = 1000

func (e *DivergedError) Error() string {
	s := fmt.Sprintf("step %d: the %s is not finite", e.Step, strings.ReplaceAll(e.What, "_", " "))
	if e.Value != 0 {
		s = fmt.Sprintf("step %d: the %s is %.3g, more than %d times what it was in the first step (%.3g; less than 1 counts as 1)", e.Step,
			strings.ReplaceAll(e.What, "_", " "), e.Value, diverged, e.First)
	}
	if e.Op != "" {
		s += fmt.Sprintf("; it first appears in %s", e.Op)
		if e.Place != "" {
			s += " of " + e.Place
		}
	}
	if e.own {
		s += "; try a lower --lr or a longer --warmup-steps"
	} else {
		s += "; try a lower --lr, a longer --warmup-steps or --clip-norm"
	}
	if e.CheckpointPath != "" {
		s += "; the state before this step is in " + e.CheckpointPath
	}
	return s
}

var processStart = time.Now()

func (r *Run) accumulate() int { return max(r.Config.Accumulate, 1) }

// tape returns a tape for the steps of a loss.
func (r *Run) tape(loss string) *autograd.Tape {
	t := autograd.NewTape(nil)
	t.Mode, t.Recompute = r.Config.Mode(), r.level
	if m := r.expect[loss]; m != nil {
		t.Expect(m)
	}
	return t
}

// Start makes or, with resume, continues the run, until its steps are made, ctx ends, or something is wrong.
func (r *Run) Start(ctx context.Context, resume bool) (*Info, error) {
	if r.Warn == nil {
		r.Warn = func(string) {}
	}
	if err := cluster.Agree(r.group(), r.open()); err != nil {
		return nil, err
	}
	r.info = Info{Config: r.Config, Command: r.Command, Started: time.Now(), Steps: r.steps, Metrics: r.Learner.Metrics(), Params: layers.Size(r.Learner),
		DataName: r.Data.Name, DataLen: r.Data.Len(), Fingerprint: r.Data.Fingerprint, Origin: r.Origin}
	r.info.Describe()
	if err := r.alike(); err != nil {
		return nil, err
	}
	var err error
	if r.Dir != "" {
		defer r.closeFiles()
		err = r.prepare(resume)
	}
	if err = cluster.Agree(r.group(), err); err == nil {
		err = r.spread()
	}
	if err != nil {
		if r.Dir != "" {
			r.unmake()
		}
		return nil, err
	}
	if c := r.Config; r.group().Size() == 1 && (c.LocalSteps > 1 || c.Wire != tensor.Float32) {
		r.Warn("one process has nobody to send gradients to, nor to average weights with: wire and local-steps do nothing here")
	}
	if err = r.train.crew.connect(); err == nil {
		err = r.loop(ctx)
	}
	r.train.crew.close()
	r.info.Done = r.step
	if r.Dir == "" {
		return &r.info, err
	}
	if err != nil && r.step == 0 && !errors.Is(err, ErrInterrupted) {
		r.unmake()
		var d *DivergedError
		if errors.As(err, &d) {
			d.CheckpointPath = ""
		}
		return &r.info, err
	}
	if e := r.info.Save(r.Dir); err == nil {
		err = e
	}
	return &r.info, err
}

// unmake takes away what a start made that failed before its first step: the next one finds the place as this one did.
func (r *Run) unmake() {
	r.closeLogs()
	for _, path := range slices.Backward(r.made) {
		if path != r.Dir {
			os.RemoveAll(path)
		}
	}
	r.lock.free()
	if r.lock = nil; slices.Contains(r.made, r.Dir) {
		os.Remove(r.Dir) // only if nothing else is in it
	}
}

// open makes the feed, the schedule and the optimisers.
func (r *Run) open() (err error) {
	if err := CheckShards(r.Config.Shards, r.Config.BatchSize, r.group().Size()); err != nil {
		return fmt.Errorf("shards %w", err)
	}
	if err := r.alone(); err != nil {
		return err
	}
	o := data.LoaderOptions{BatchSize: r.Config.BatchSize / r.shards(), Update: r.batches(), Share: r.share(), Seed: r.Config.Seed, Workers: r.Workers, MaxBad: r.Config.MaxBad,
		Bad: func(_ int, err error) { r.Warn(fmt.Sprintf("broken, another stands in: %v", err)) }}
	if r.feed, err = r.Learner.Feed(r.Data.Inputs, true, o); err != nil {
		return err
	}
	if r.shards() > 1 && !r.feed.Shares {
		return fmt.Errorf("the task %s makes its batches in a way of its own, which cannot be cut into %d shards; want one process and no --shards", r.Config.Task, r.shards())
	}
	if r.shards() > 1 && r.feed.Apart != "" && r.group().Rank() == 0 {
		r.Warn(fmt.Sprintf("of a batch in %d shards, %s within each shard, not in all of the batch: a step is not that of a run without shards, whatever ranks share it", r.shards(), r.feed.Apart))
	}
	if r.epoch = r.feed.Steps / r.batches(); r.epoch == 0 {
		if of := r.Data.Len(); r.feed.Total < of {
			return fmt.Errorf("of the %d samples of %s the task %s makes %d, fewer than %d batches of %d; lower --batch-size, or see the task's options", of, r.Data.Name, r.Config.Task, r.feed.Total, r.accumulate(), r.Config.BatchSize)
		}
		if r.accumulate() > 1 {
			return fmt.Errorf("%s has %d samples, fewer than %d batches of %d; lower --batch-size or --accumulate", r.Data.Name, r.Data.Len(), r.accumulate(), r.Config.BatchSize)
		}
		return fmt.Errorf("%s has %d samples, fewer than a batch of %d; lower --batch-size", r.Data.Name, r.Data.Len(), r.Config.BatchSize)
	}
	r.steps = r.Config.Epochs * r.epoch
	if r.Config.MaxSteps > 0 {
		r.steps = min(r.steps, r.Config.MaxSteps)
	}
	if r.lr, err = r.Config.schedule(r.steps); err != nil {
		return err
	}
	if r.decay, err = r.Config.decays(r.steps); err != nil {
		return err
	}
	r.Config.WarmupSteps = r.Config.warmup(r.steps)
	if w := r.Config.WarmupSteps; w > 1 && 2*w > r.steps {
		r.Warn(fmt.Sprintf("the learning rate rises over %d of %d steps; a shorter --warmup-steps fits a run of this length", w, r.steps))
	}
	if r.train, err = newTraining(r); err != nil {
		return err
	}
	for _, name := range r.train.names {
		if g := r.train.groups[name]; g.Rest*float64(r.epoch) >= float64(r.steps) {
			r.Warn(fmt.Sprintf("%s: left as it is for %g epochs of %d updates, which is all of this run of %d", name, g.Rest, r.epoch, r.steps))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.feed.Later)) {
		if from := r.feed.Later[name]; from*float64(r.epoch) >= float64(r.steps) {
			r.Warn(fmt.Sprintf("%s: begins after %g epochs of %d updates, which is all of this run of %d", name, from, r.epoch, r.steps))
		}
	}
	if r.feed.Turns > 1 {
		if err := r.tryTurns(); err != nil {
			return err
		}
	}
	for _, p := range layers.State(r.Learner) {
		if p.Kind == layers.Buffer {
			r.bufs = append(r.bufs, p.Value)
		}
	}
	r.saved = make([][]float32, len(r.bufs))
	return nil
}

// tryTurns says of heads that take turns what one of them cannot compute, before another has learned: of a few samples, changing nothing.
func (r *Run) tryTurns() error {
	var err error
	if e := autograd.Try(func() { _, err = r.measure(r.Recompute, min(r.Config.BatchSize, 2), fewSamples) }); e != nil {
		return e
	}
	return err
}

// prepare makes the run's directory and locks it, or finds the last checkpoint in it.
func (r *Run) prepare(resume bool) (err error) {
	if err := r.make(r.Dir); err != nil {
		return err
	}
	var note string
	if r.lock, note, err = lockDir(r.Dir); err != nil {
		return err
	}
	if note != "" {
		r.Warn(note)
	}
	info := filepath.Join(r.Dir, "run.json")
	if _, err := os.Stat(info); err == nil && !resume {
		return fmt.Errorf("%s already holds a run; continue it with --resume, or choose another --out", r.Dir)
	}
	for _, d := range []string{"checkpoints", "samples"} {
		if err := r.make(filepath.Join(r.Dir, d)); err != nil {
			return err
		}
	}
	metrics := filepath.Join(r.Dir, "metrics.jsonl")
	if resume {
		if err := r.restore(); err != nil {
			return err
		}
		if err := cutMetrics(metrics, r.step); err != nil {
			return err
		}
	} else {
		r.makes(metrics)
		r.makes(info)
	}
	if r.met, err = os.OpenFile(metrics, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	if r.ev, err = newEvents(r.Dir, time.Now()); err != nil {
		return err
	}
	r.made = append(r.made, r.ev.f.Name())
	if err := r.info.Save(r.Dir); err != nil {
		return err
	}
	if err := r.writeFiles(); err != nil {
		return err
	}
	if !resume {
		return r.checkpoint() // so that there is always one to go back to
	}
	return nil
}

// writeFiles writes what the learner keeps for people.
func (r *Run) writeFiles() error {
	l, ok := r.Learner.(Filer)
	if !ok {
		return nil
	}
	files := l.Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(r.Dir, name)
		r.makes(path)
		if err := checkpoint.Atomic(path, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// make makes a directory where there is none.
func (r *Run) make(dir string) error {
	r.makes(dir)
	return os.MkdirAll(dir, 0o755)
}

// makes remembers that path, if it is not there, is this start's.
func (r *Run) makes(path string) {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		r.made = append(r.made, path)
	}
}

func (r *Run) closeFiles() {
	r.closeLogs()
	r.lock.free()
}

func (r *Run) closeLogs() {
	if r.met != nil {
		r.met.Close()
	}
	if r.ev != nil {
		r.ev.close()
	}
}

// cutMetrics drops lines of steps after step, which the resumed run makes again.
func cutMetrics(path string, step int) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := metricsUntil(b, step)
	return checkpoint.Atomic(path, func(w io.Writer) error { _, err := w.Write(kept); return err })
}

// metricsUntil returns the lines of steps up to step. What is no line of metrics, cut short by a crash, is left out.
func metricsUntil(b []byte, step int) []byte {
	var keep bytes.Buffer
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		var m struct{ Step int }
		if json.Unmarshal(line, &m) == nil && m.Step <= step {
			keep.Write(line)
			keep.WriteByte('\n')
		}
	}
	return keep.Bytes()
}
