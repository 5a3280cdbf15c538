package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// Objective makes the loss of a batch: a pretext task, or labels.
type Objective interface {
	Chance() float64
	// Loss runs the net and returns the loss, and how many of how many answers were right.
	Loss(tape *autograd.Tape, b *data.Batch, rng *tensor.RNG) (loss *autograd.Var, correct, total int)
}

// Run is a training run.
type Run struct {
	Dir       string // "" writes nothing
	Config    Config
	Command   string
	Net       layers.Module
	Objective Objective
	Loader    *data.Loader
	Source    data.Source

	// MemoryLimit is how many bytes the process should hold at most; 0 means no limit. Values are then computed a second time
	// in the backward pass where they would not fit, to the same bits; Start returns a MemoryError where that is not enough.
	MemoryLimit int64
	// Reserved is what of the limit others will use: decoded pictures that are kept.
	Reserved int64

	// Monitor looks at the net now and then and returns named values; nil for none.
	Monitor func(step int) map[string]float64
	// Picture draws what the net sees and says; nil for none.
	Picture func() image.Image
	// Progress is told of each step.
	Progress func(p Progress)
	// Warn is told of what a person should know.
	Warn func(msg string)

	info   Info
	opt    optim.Optimizer
	lr     optim.Schedule
	steps  int
	epoch  int // steps of an epoch
	step   int // steps made
	ev     *events
	met    *os.File
	bufs   []*tensor.Tensor // buffers before the step, to go back to when it fails
	before time.Duration    // seconds of earlier sessions
}

// Progress of a run.
type Progress struct {
	Step, Steps, Epoch, Epochs int
	Loss, Accuracy             float64 // smoothed
	ImagesPerSecond, GFLOPS    float64
	Last                       map[string]float64 // the monitor's last values
}

// ErrInterrupted is returned when the context ended; a checkpoint was written.
var ErrInterrupted = errors.New("interrupted; a checkpoint was written")

// NotFiniteError says that the loss or a gradient stopped being a number.
type NotFiniteError struct {
	Step           int
	What           string // loss, or gradient
	Op, Place      string
	CheckpointPath string
}

func (e *NotFiniteError) Error() string {
	s := fmt.Sprintf("step %d: the %s is not finite", e.Step, e.What)
	if e.Op != "" {
		s += fmt.Sprintf("; it first appears in %s", e.Op)
		if e.Place != "" {
			s += " of " + e.Place
		}
	}
	s += "; try a lower --lr, a longer --warmup-steps or --clip-norm"
	if e.CheckpointPath != "" {
		s += "; the state before this step is in " + e.CheckpointPath
	}
	return s
}

var processStart = time.Now()

// Start makes or, with resume, continues the run, until its steps are made, ctx ends, or something is wrong.
func (r *Run) Start(ctx context.Context, resume bool) (*Info, error) {
	r.epoch = r.Loader.Steps()
	if r.epoch == 0 {
		return nil, fmt.Errorf("%s has %d samples, fewer than a batch of %d; lower --batch-size", r.Source.Name(), r.Source.Len(), r.Config.BatchSize)
	}
	r.steps = r.Config.Epochs * r.epoch
	if r.Config.MaxSteps > 0 {
		r.steps = min(r.steps, r.Config.MaxSteps)
	}
	var err error
	if r.lr, err = r.Config.schedule(r.steps, r.epoch); err != nil {
		return nil, err
	}
	params := layers.Params(r.Net)
	if r.opt, err = optim.New(r.Config.Optimizer, params, r.Config.Momentum, r.Config.WeightDecay); err != nil {
		return nil, err
	}
	if r.Warn == nil {
		r.Warn = func(string) {}
	}
	r.info = Info{Config: r.Config, Command: r.Command, Started: time.Now(), Steps: r.steps, Chance: r.Objective.Chance(), Params: layers.Size(r.Net),
		DataName: r.Source.Name(), DataLen: r.Source.Len(), Fingerprint: r.Source.Fingerprint()}
	r.info.Describe()
	if r.Dir != "" {
		if err := r.prepare(resume); err != nil {
			return nil, err
		}
		defer r.closeFiles()
	}
	err = r.loop(ctx, params)
	r.info.Done = r.step
	if r.Dir != "" {
		if e := r.info.Save(r.Dir); err == nil {
			err = e
		}
	}
	return &r.info, err
}

// prepare makes the run's directory, or finds the last checkpoint in it.
func (r *Run) prepare(resume bool) error {
	for _, d := range []string{"checkpoints", "samples"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, d), 0o755); err != nil {
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
		if _, err := os.Stat(filepath.Join(r.Dir, "run.json")); err == nil {
			return fmt.Errorf("%s already holds a run; continue it with --resume, or choose another --out", r.Dir)
		}
	}
	var err error
	if r.met, err = os.OpenFile(metrics, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	if r.ev, err = newEvents(r.Dir, time.Now()); err != nil {
		return err
	}
	if err := r.info.Save(r.Dir); err != nil {
		return err
	}
	if !resume {
		return r.checkpoint() // so that there is always one to go back to
	}
	return nil
}

func (r *Run) closeFiles() {
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
	var keep bytes.Buffer
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var m struct{ Step int }
		if json.Unmarshal(s.Bytes(), &m) == nil && m.Step <= step {
			keep.Write(s.Bytes())
			keep.WriteByte('\n')
		}
	}
	return checkpoint.Atomic(path, func(w io.Writer) error { _, err := w.Write(keep.Bytes()); return err })
}

// loop makes the steps.
func (r *Run) loop(ctx context.Context, params []layers.Param) error {
	seed := tensor.NewRNG(r.Config.Seed)
	tape := autograd.NewTape(nil)
	tape.Mode = tensor.Mode{Precision: r.Config.Precision, Algorithm: r.Config.Conv}
	for _, p := range layers.State(r.Net) {
		if p.Kind == layers.Buffer {
			r.bufs = append(r.bufs, p.Value)
		}
	}
	saved := make([][]float32, len(r.bufs))
	began, made := time.Now(), 0
	r.before = time.Duration(r.info.Seconds * float64(time.Second))
	var smooth smoother
	var last map[string]float64
	every := func(n int) int {
		if n == 0 {
			return r.epoch
		}
		return n
	}
	saveAt, lookAt := every(r.Config.CheckpointEvery), every(r.Config.MonitorEvery)
	for r.step < r.steps {
		epoch := r.step / r.epoch
		for b := range r.Loader.Epoch(epoch, r.step%r.epoch) {
			if ctx.Err() != nil {
				break
			}
			if b.X == nil { // all its samples are broken; the step goes by
				if r.step++; r.step == r.steps {
					break
				}
				continue
			}
			for i, t := range r.bufs {
				saved[i] = append(saved[i][:0], t.Data...)
			}
			if made == 0 && r.MemoryLimit > 0 {
				if err := r.fitMemory(tape, b); err != nil {
					return err
				}
			}
			t0 := time.Now()
			rng := seed.Derive(0x57e9, uint64(r.step))
			tape.SetRNG(rng.Derive(1))
			loss, correct, total := r.Objective.Loss(tape, b, rng.Derive(2))
			value := float64(loss.Scalar())
			if math.IsNaN(value) || math.IsInf(value, 0) {
				op, place, _ := tape.FirstBad()
				return r.notFinite("loss", op, place, saved)
			}
			g := tape.Backward(loss)
			if r.step == 0 {
				if missing := optim.Unreached(params, g); len(missing) > 0 {
					return fmt.Errorf("no gradient reaches %d of %d parameters: %s", len(missing), len(params), strings.Join(missing, ", "))
				}
			}
			norm := g.Norm()
			if math.IsNaN(norm) || math.IsInf(norm, 0) {
				return r.notFinite("gradient", badGradient(params, g), "", saved)
			}
			if r.Config.ClipNorm > 0 && norm > r.Config.ClipNorm {
				g.Scale(float32(r.Config.ClipNorm / norm))
			}
			lr := r.lr(r.step)
			r.opt.Step(g, lr)
			tape.Reset()
			flop := tape.TakeFlop()
			if made == 0 {
				r.info.FirstStep = time.Since(processStart).Seconds()
			}
			r.step++
			made++
			dt := time.Since(t0).Seconds()
			smooth.add(value, float64(correct)/float64(max(total, 1)), float64(len(b.Index))/dt, flop/dt/1e9)
			_, peak := tape.Bytes()
			r.info.PeakMemory = max(r.info.PeakMemory, peak)
			if lookAt > 0 && r.Monitor != nil && (r.step%lookAt == 0 || r.step == r.steps) {
				last = r.Monitor(r.step)
			} else {
				last = nil
			}
			if r.Progress != nil {
				r.Progress(Progress{r.step, r.steps, epoch, r.Config.Epochs, smooth.loss, smooth.acc, smooth.rate, smooth.gflops, last})
			}
			if r.step%max(r.Config.LogEvery, 1) == 0 || r.step == r.steps || last != nil {
				m := map[string]float64{"loss": value, "accuracy": float64(correct) / float64(max(total, 1)), "lr": float64(lr), "grad_norm": norm,
					"images_per_s": float64(len(b.Index)) / dt, "gflops": flop / dt / 1e9}
				for k, v := range last {
					m[k] = v
				}
				if err := r.log(epoch, m); err != nil {
					return err
				}
			}
			r.info.Seconds = (r.before + time.Since(began)).Seconds()
			if r.Dir != "" && (r.step%saveAt == 0 || r.step == r.steps) {
				if err := r.checkpoint(); err != nil {
					return err
				}
			}
			if r.step == r.steps {
				break
			}
		}
		if err := r.Loader.Err(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			if r.Dir != "" {
				if err := r.checkpoint(); err != nil {
					return err
				}
			}
			return ErrInterrupted
		}
	}
	if made == 0 && r.Loader.BadCount() > 0 {
		return fmt.Errorf("none of the samples of %s could be read", r.Source.Name())
	}
	r.info.Finished = time.Now()
	if n := r.Loader.BadCount(); n > 0 {
		r.Warn(fmt.Sprintf("%d of %d samples could not be read and were left out", n, r.Source.Len()))
	}
	return nil
}

func badGradient(params []layers.Param, g *autograd.Gradients) string {
	for _, p := range params {
		if d := g.Of(p.Value); d != nil {
			if s := tensor.SumSquares(d); math.IsNaN(s) || math.IsInf(s, 0) {
				return p.Name
			}
		}
	}
	return ""
}

// notFinite puts the buffers back to before the step, writes a checkpoint and returns the error.
func (r *Run) notFinite(what, op, place string, saved [][]float32) error {
	for i, t := range r.bufs {
		copy(t.Data, saved[i])
	}
	e := &NotFiniteError{Step: r.step + 1, What: what, Op: op, Place: place}
	if r.Dir != "" {
		if err := r.checkpoint(); err != nil {
			return errors.Join(e, err)
		}
		e.CheckpointPath = checkpointPath(r.Dir, r.step)
	}
	return e
}

// smoother averages over about the last 20 steps.
type smoother struct {
	n                       int
	loss, acc, rate, gflops float64
}

func (s *smoother) add(loss, acc, rate, gflops float64) {
	s.n++
	k := math.Max(1/float64(s.n), 0.05)
	s.loss += k * (loss - s.loss)
	s.acc += k * (acc - s.acc)
	s.rate += k * (rate - s.rate)
	s.gflops += k * (gflops - s.gflops)
}

func (r *Run) log(epoch int, m map[string]float64) error {
	if r.met == nil {
		return nil
	}
	if err := r.ev.scalars(r.step, time.Now(), m); err != nil {
		return err
	}
	line := map[string]any{"step": r.step, "epoch": float64(r.step) / float64(r.epoch)}
	for k, v := range m {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			line[k] = fmt.Sprint(v)
		} else {
			line[k] = v
		}
	}
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = r.met.Write(append(b, '\n'))
	return err
}

func checkpointPath(dir string, step int) string {
	return filepath.Join(dir, "checkpoints", fmt.Sprintf("step-%08d.safetensors", step))
}

// keepCheckpoints is how many of the newest checkpoints stay.
const keepCheckpoints = 3

// checkpoint writes the net's and the optimiser's state; randomness and data order are functions of seed and step.
func (r *Run) checkpoint() error {
	f := &checkpoint.File{Metadata: map[string]string{"tessera.step": strconv.Itoa(r.step), "tessera.seconds": fmt.Sprint(r.info.Seconds)}}
	f.MarkLayout(checkpoint.ChannelsLast)
	c, err := json.Marshal(r.Config)
	if err != nil {
		return err
	}
	f.Metadata["tessera.config"] = string(c)
	for _, p := range layers.State(r.Net) {
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: "model." + p.Name, Value: p.Value, Layout: p.Layout})
	}
	for _, p := range r.opt.State() {
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: "optim." + p.Name, Value: p.Value, Layout: p.Layout})
	}
	path := checkpointPath(r.Dir, r.step)
	if err := checkpoint.Save(path, f); err != nil {
		return err
	}
	if r.Picture != nil {
		if pic := r.Picture(); pic != nil {
			name := filepath.Join(r.Dir, "samples", fmt.Sprintf("step-%08d.png", r.step))
			if err := checkpoint.Atomic(name, func(w io.Writer) error { return png.Encode(w, pic) }); err != nil {
				return err
			}
		}
	}
	r.info.Done = r.step
	if err := r.info.Save(r.Dir); err != nil {
		return err
	}
	all, err := Checkpoints(r.Dir)
	if err != nil {
		return err
	}
	for _, old := range all[:max(0, len(all)-keepCheckpoints)] {
		os.Remove(old)
	}
	return nil
}

// Checkpoints returns the paths of a run's checkpoints, oldest first.
func Checkpoints(dir string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*.safetensors"))
	sort.Strings(all)
	return all, err
}

// restore loads the newest checkpoint that is whole.
func (r *Run) restore() error {
	all, err := Checkpoints(r.Dir)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s has no checkpoint to resume from", r.Dir)
	}
	var first error
	for i := len(all) - 1; i >= 0; i-- {
		f, err := checkpoint.Load(all[i])
		if err == nil {
			err = r.apply(f)
			if err != nil {
				return fmt.Errorf("%s: %w", all[i], err)
			}
			if first != nil {
				r.Warn(fmt.Sprintf("%v; resuming from %s", first, all[i]))
			}
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (r *Run) apply(f *checkpoint.File) error {
	var was Config
	if err := json.Unmarshal([]byte(f.Metadata["tessera.config"]), &was); err != nil {
		return fmt.Errorf("its configuration: %w", err)
	}
	if err := sameCourse(was, r.Config); err != nil {
		return err
	}
	var want []checkpoint.Named
	for _, p := range layers.State(r.Net) {
		want = append(want, checkpoint.Named{Name: "model." + p.Name, Value: p.Value, Layout: p.Layout})
	}
	for _, p := range r.opt.State() {
		want = append(want, checkpoint.Named{Name: "optim." + p.Name, Value: p.Value, Layout: p.Layout})
	}
	if err := f.Restore(want, ""); err != nil {
		return err
	}
	step, err := strconv.Atoi(f.Metadata["tessera.step"])
	if err != nil {
		return fmt.Errorf("its step: %w", err)
	}
	r.step = step
	if old, err := LoadInfo(r.Dir); err == nil {
		if old.Fingerprint != r.info.Fingerprint {
			return fmt.Errorf("the data has changed since the run began (fingerprint %s, now %s): the order of samples would differ", old.Fingerprint, r.info.Fingerprint)
		}
		r.info.Started, r.info.FirstStep = old.Started, old.FirstStep
	}
	r.info.Seconds, _ = strconv.ParseFloat(f.Metadata["tessera.seconds"], 64)
	return nil
}

// sameCourse tells which setting that decides the weights differs.
func sameCourse(was, is Config) error {
	for _, c := range [][3]any{{"task", was.Task, is.Task}, {"trunk", was.Trunk, is.Trunk}, {"side", was.Side, is.Side}, {"batch-size", was.BatchSize, is.BatchSize},
		{"seed", was.Seed, is.Seed}, {"optimizer", was.Optimizer, is.Optimizer}, {"augment", was.Augment, is.Augment}, {"lr", was.LR, is.LR},
		{"schedule", was.Schedule, is.Schedule}, {"epochs", was.Epochs, is.Epochs}, {"max-steps", was.MaxSteps, is.MaxSteps},
		{"momentum", was.Momentum, is.Momentum}, {"weight-decay", was.WeightDecay, is.WeightDecay}, {"warmup-steps", was.WarmupSteps, is.WarmupSteps},
		{"clip-norm", was.ClipNorm, is.ClipNorm}, {"conv", was.Conv, is.Conv},
		{"precision", was.Precision, is.Precision}} {
		if c[1] != c[2] {
			return fmt.Errorf("the run began with --%v %v, now it is %v; a resumed run keeps its settings", c[0], c[1], c[2])
		}
	}
	return nil
}

func sortedKeys(m map[string]float64) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
