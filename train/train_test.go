package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/cpuid/v2"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

func start(t *testing.T, r *Run) *Info {
	t.Helper()
	info, err := r.Start(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestResume: a run that is stopped anywhere, also between checkpoints, and resumed ends with the bits of one never stopped, and with
// the same lines of metrics.
func TestResume(t *testing.T) {
	for name, make := range everyRun {
		whole := make(t.TempDir(), config())
		start(t, whole)
		lines := logged(t, whole.Dir)
		for _, stopAt := range []int{1, 4, 5, 6, 7, 14} {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			r := make(dir, config())
			r.Progress = func(p Progress) {
				if p.Step == stopAt {
					cancel()
				}
			}
			if _, err := r.Start(ctx, false); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("%s stopped at %d: %v", name, stopAt, err)
			}
			if all, err := Checkpoints(dir); err != nil || all[len(all)-1] != checkpointPath(dir, stopAt) {
				t.Errorf("%s stopped at %d leaves %v, %v", name, stopAt, all, err)
			}
			took := r.info.Seconds
			broken := stopAt == 1 || stopAt == 7
			if broken { // as after kill -9: the checkpoint of the interruption is not there, a broken one is
				all, _ := Checkpoints(dir)
				os.WriteFile(all[len(all)-1], []byte("cut short"), 0o644)
			}
			again := make(dir, config())
			var warned []string
			again.Warn = func(s string) { warned = append(warned, s) }
			info, err := again.Start(context.Background(), true)
			if err != nil || info.Done != 15 {
				t.Fatalf("%s resumed from %d: %+v, %v", name, stopAt, info, err)
			}
			if stopAt == 14 && info.Seconds <= took { // one step more
				t.Errorf("%s: %g seconds before and %g in all", name, took, info.Seconds)
			}
			if broken != (len(warned) > 0 && strings.Contains(strings.Join(warned, " "), "resuming from")) {
				t.Errorf("%s stopped at %d: said %q", name, stopAt, warned)
			}
			statetest.Same(t, fmt.Sprintf("%s stopped at step %d and resumed", name, stopAt), again.Learner, whole.Learner)
			if n := len(logged(t, dir)); n != len(lines) {
				t.Errorf("%s stopped at %d: %d lines, want %d", name, stopAt, n, len(lines))
				continue
			}
			for k, got := range logged(t, dir) {
				for _, v := range []string{"images_per_s", "samples_per_s", "gflops"} {
					delete(got, v)
					delete(lines[k], v)
				}
				if fmt.Sprint(got) != fmt.Sprint(lines[k]) {
					t.Errorf("%s stopped at %d: line %d is %v, want %v", name, stopAt, k, got, lines[k])
					break
				}
			}
		}
	}
}

// logged returns the lines of a run's metrics.jsonl.
func logged(t *testing.T, dir string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for _, l := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var m map[string]any
		if err := json.Unmarshal(l, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// TestThreads: neither the number of workers that compute nor of those that make views changes a bit.
func TestThreads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for name, make := range everyRun {
		var first *Run
		for _, n := range []int{1, 2, 3, 5, 8} {
			parallel.SetWorkers(n)
			r := make("", config())
			r.Workers = n
			start(t, r)
			if first == nil {
				first = r
			}
			statetest.Same(t, fmt.Sprintf("%s with %d workers", name, n), r.Learner, first.Learner)
		}
	}
}

// TestLookingChangesNothing: a run that is watched, and drawn, ends with the bits of one that is not; what is seen are means over all
// samples.
func TestLookingChangesNothing(t *testing.T) {
	for name, make := range everyRun {
		plain := make("", config())
		start(t, plain)
		c := config()
		c.MonitorEvery = 2
		watched := make(t.TempDir(), c)
		looks := 0
		watched.Monitor = func(update, of int) map[string]float64 {
			looks++
			feed, err := watched.Learner.Feed(watched.Data.Inputs, false, data.LoaderOptions{BatchSize: 16, KeepLast: true})
			if err != nil {
				t.Fatal(err)
			}
			v, err := Look(feed, tensor.Mode{}, 3, update, of)
			if err != nil || math.IsNaN(v["loss"]) || v["loss"] == 0 {
				t.Fatalf("%s: saw %v, %v", name, v, err)
			}
			again, _ := Look(feed, tensor.Mode{}, 3, update, of)
			if fmt.Sprint(v) != fmt.Sprint(again) {
				t.Errorf("%s: two looks at the same see %v and %v", name, v, again)
			}
			if update != 2*looks && update != 15 || of != 15 {
				t.Errorf("%s: look %d at update %d of %d", name, looks, update, of)
			}
			return map[string]float64{"held_loss": v["loss"]}
		}
		drawn := 0
		watched.Picture = func() image.Image { drawn++; return image.NewGray(image.Rect(0, 0, 2, 2)) }
		start(t, watched)
		statetest.Same(t, name+" watched", watched.Learner, plain.Learner)
		if looks != 8 { // after 2, 4, ..., 14 and at the end
			t.Errorf("%s: %d looks", name, looks)
		}
		if all, _ := Checkpoints(watched.Dir); len(all) != keepCheckpoints {
			t.Errorf("%s, drawn, keeps %v", name, all)
		}
		if kept, _ := filepath.Glob(filepath.Join(watched.Dir, "samples", "*.png")); drawn != 5 || len(kept) != 5 { // with each checkpoint
			t.Errorf("%s was drawn %d times, kept %v", name, drawn, kept)
		}
		for _, l := range logged(t, watched.Dir) {
			if step := int(l["step"].(float64)); (l["held_loss"] != nil) != (step%2 == 0 || step == 15) {
				t.Errorf("%s: line of step %d: %v", name, step, l)
			}
		}
	}
}

// TestLookWeighs: the mean over batches of different size is the mean over samples, and the networks run as in inference.
func TestLookWeighs(t *testing.T) {
	d := scenes(21)
	l := newClassifier(d, 1)
	var want map[string]float64
	for _, batch := range []int{21, 8, 4, 1} {
		feed, err := l.Feed(d.Inputs, false, data.LoaderOptions{BatchSize: batch, KeepLast: true})
		if err != nil {
			t.Fatal(err)
		}
		v, err := Look(feed, tensor.Mode{}, 1, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = v
		}
		if !(math.Abs(v["loss"]-want["loss"]) <= 1e-5) || !(math.Abs(v["accuracy"]-want["accuracy"]) <= 1e-9) {
			t.Errorf("batches of %d: %v, in one batch %v", batch, v, want)
		}
	}
	broken := &classifier{Sequential: l.Sequential, data: &data.Dataset{Inputs: data.Inputs{Images: brokenImages{}}, Truth: d.Truth}}
	feed, _ := broken.Feed(data.Inputs{}, false, data.LoaderOptions{BatchSize: 1, MaxBad: 1})
	if _, err := Look(feed, tensor.Mode{}, 1, 0, 1); !errors.Is(err, data.ErrTooManyBad) {
		t.Errorf("a look at broken samples: %v", err)
	}
}

type brokenImages struct{}

func (brokenImages) Len() int                         { return 3 }
func (brokenImages) Describe(i int) string            { return fmt.Sprint("broken ", i) }
func (brokenImages) Image(i int) (*data.Image, error) { return nil, fmt.Errorf("broken %d", i) }

// TestNotFinite: a NaN stops the run with the step, the op and the place, and a checkpoint from before it.
func TestNotFinite(t *testing.T) {
	dir := t.TempDir()
	r := newRun(dir, config(), 7)
	before := map[int][]byte{}
	r.Progress = func(p Progress) { before[p.Step] = state(r.Learner) }
	_, err := r.Start(context.Background(), false)
	var e *DivergedError
	if !errors.As(err, &e) || e.Step != 7 || e.Op != "Conv2D" || e.Place != "conv1" {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(err.Error(), "step 7: the loss is not finite; it first appears in") || !strings.Contains(err.Error(), " of conv1") || e.CheckpointPath == "" || !strings.HasSuffix(err.Error(), "the state before this step is in "+e.CheckpointPath) {
		t.Errorf("message %q", err)
	}
	if !bytes.Equal(state(r.Learner), before[6]) {
		t.Error("running statistics stay as the bad step left them")
	}
	again := newRun(dir, config(), 0)
	if _, err := again.Start(cancelled(), true); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	if !bytes.Equal(state(again.Learner), before[6]) {
		t.Error("the checkpoint is not the state before the bad step")
	}
	alone := newRun("", config(), 7)
	if _, err := alone.Start(context.Background(), false); !errors.As(err, &e) || e.CheckpointPath != "" || strings.Contains(err.Error(), "the state before") {
		t.Errorf("without a directory: %v", err)
	}
	// a gradient that is no number, of finite losses
	huge := newScript("a", "b")
	huge.values["b"].Value.Fill(0)
	huge.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			return autograd.Sum(autograd.Add(huge.of(t, "a"), autograd.Scale(autograd.Scale(huge.of(t, "b"), 1e30), 1e30)))
		})
	}
	if _, err := plainRun(huge, 1).Start(context.Background(), false); !errors.As(err, &e) || e.What != "gradient" || e.Step != 1 || e.Op != "b" || huge.at("a") != 1 {
		t.Errorf("an infinite gradient: %v", err)
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestRefusals: what cannot be continued or begun says why.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	c := config()
	c.MaxSteps = 2
	if info := start(t, newRun(dir, c, 0)); info.Done != 2 || info.Steps != 2 {
		t.Fatalf("%+v", info)
	}
	with := func(f func(c *Config)) Config {
		d := c
		f(&d)
		return d
	}
	run := func(dir string, c Config, resume bool) func() error {
		return func() error { _, err := newRun(dir, c, 0).Start(context.Background(), resume); return err }
	}
	for want, f := range map[string]func() error{
		"already holds a run":       run(dir, c, false),
		"--lr 0.01, now it is 0.02": run(dir, with(func(c *Config) { c.LR = 0.02 }), true),
		"--seed 5, now it is 6":     run(dir, with(func(c *Config) { c.Seed = 6 }), true),
		"--accumulate unset, now":   run(dir, with(func(c *Config) { c.Accumulate = 2 }), true),
		"--precision unset, now":    run(dir, with(func(c *Config) { c.Precision = tensor.BFloat16 }), true),
		"no checkpoint":             run(t.TempDir(), c, true),
		"fewer than a batch of 100": run("", with(func(c *Config) { c.BatchSize = 100 }), false),
		"fewer than 6 batches of 8": run("", with(func(c *Config) { c.Accumulate = 6 }), false),
		"no schedule \"sine\"":      run("", with(func(c *Config) { c.Schedule = "sine" }), false),
		"no optimiser \"adamax\"":   run("", with(func(c *Config) { c.Optimizer = "adamax" }), false),
		"the data has changed": func() error {
			r := newRun(dir, c, 0)
			r.Data = scenes(45)
			_, err := r.Start(context.Background(), true)
			return err
		},
		"too many broken samples": func() error {
			r := newRun("", c, 0)
			r.Learner.(*classifier).data = &data.Dataset{Inputs: data.Inputs{Images: brokenImages{}}, Truth: r.Data.Truth}
			r.Config.BatchSize = 1
			_, err := r.Start(context.Background(), false)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, harmless := range []func(c *Config){func(c *Config) { c.MonitorEvery = 3 }, func(c *Config) { c.LogEvery = 3 }, func(c *Config) { c.Test = "x" }, func(c *Config) { c.Data = "moved" }} {
		if err := run(dir, with(harmless), true)(); err != nil {
			t.Errorf("a harmless change: %v", err)
		}
	}
	done := newRun(dir, c, 0)
	done.MemoryLimit = 1 << 20
	if _, err := done.Start(context.Background(), true); err != nil {
		t.Errorf("a run that is done needs memory: %v", err)
	}
	alone := newRun("", config(), 0)
	alone.Progress = func(Progress) { panic("a step is made") }
	if _, err := alone.Start(cancelled(), false); !errors.Is(err, ErrInterrupted) {
		t.Errorf("interrupted without a directory: %v", err)
	}
	// a run of the first version: its optimiser counted one number of steps
	all, _ := Checkpoints(dir)
	f, err := checkpoint.Load(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	f.Tensors = append(f.Tensors, checkpoint.Named{Name: "optim.steps", Value: tensor.New(1)})
	checkpoint.Save(all[len(all)-1], f)
	if err := run(dir, c, true)(); err == nil || !strings.Contains(err.Error(), "evaluated and exported, not resumed") {
		t.Errorf("an old run: %v", err)
	}
}

// TestCheckpoints: the newest three stay; what stands in run.json is what was done.
func TestCheckpoints(t *testing.T) {
	c := config()
	c.CheckpointEvery = 2
	r := newRun(t.TempDir(), c, 0)
	info := start(t, r)
	all, err := Checkpoints(r.Dir)
	if err != nil || len(all) != 3 || !strings.HasSuffix(all[2], "step-00000015.safetensors") || !strings.HasSuffix(all[0], "step-00000012.safetensors") {
		t.Errorf("checkpoints %v, %v", all, err)
	}
	saved, err := LoadInfo(r.Dir)
	if err != nil || saved.Done != 15 || saved.Steps != 15 || saved.Params != layers.Size(r.Learner) || saved.Finished.IsZero() || saved.PeakMemory == 0 || saved.FirstStep == 0 {
		t.Errorf("run.json %+v, %v", saved, err)
	}
	if fmt.Sprint(saved.Metrics) != fmt.Sprint(r.Learner.Metrics()) || saved.DataLen != 44 || saved.Fingerprint != r.Data.Fingerprint || info.Seconds <= 0 {
		t.Errorf("run.json %+v", saved)
	}
	if _, err := r.met.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the log stays open: %v", err)
	}
	if err := r.ev.close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the events stay open: %v", err)
	}
	if _, err := LoadInfo(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run.json") {
		t.Errorf("no run: %v", err)
	}
	os.WriteFile(filepath.Join(r.Dir, "run.json"), []byte("{"), 0o644)
	if _, err := LoadInfo(r.Dir); err == nil {
		t.Error("a broken run.json passes")
	}
}

// TestLog: lines come as often as asked for, with what was told and the rates.
func TestLog(t *testing.T) {
	c := config()
	c.LogEvery = 4
	r := newRun(t.TempDir(), c, 0)
	var told []Progress
	first := 0.0
	r.Progress = func(p Progress) {
		if told = append(told, p); len(told) == 1 {
			first = r.info.FirstStep
		}
	}
	info := start(t, r)
	if first <= 0 || info.FirstStep != first || info.FirstStep > time.Since(processStart).Seconds() {
		t.Errorf("the first step ended after %g s, at last after %g s", first, info.FirstStep)
	}
	lines := logged(t, r.Dir)
	var steps []int
	for _, l := range lines {
		steps = append(steps, int(l["step"].(float64)))
		for _, k := range []string{"loss", "accuracy", "lr", "grad_norm", "samples_per_s", "gflops", "epoch"} {
			if _, ok := l[k].(float64); !ok {
				t.Errorf("line %v lacks %s", l, k)
			}
		}
	}
	if fmt.Sprint(steps) != "[4 8 12 15]" {
		t.Errorf("lines of steps %v", steps)
	}
	if e := lines[1]["epoch"].(float64); e != 1.6 {
		t.Errorf("step 8 of 5 an epoch is epoch %g", e)
	}
	if len(told) != 15 || told[6].Step != 7 || told[6].Steps != 15 || told[6].Epoch != 1 || told[6].Epochs != 3 || told[14].Values["loss"] == 0 || told[14].SamplesPerSecond <= 0 {
		t.Errorf("progress %+v", told[6])
	}
	// the rate of a cosine over 15 steps, rounded as the schedule has it
	want := 0.01 * 0.5 * (1 + math.Cos(math.Pi*7/15))
	if lr := lines[1]["lr"].(float64); !(math.Abs(lr-want) <= 1e-8) {
		t.Errorf("rate of step 8 is %g, want %g", lr, want)
	}
}

// TestRates: samples and operations by the second, of all batches of an update; what is no number is logged in words, what has no
// count not at all.
func TestRates(t *testing.T) {
	c := config()
	c.Accumulate, c.CheckpointEvery = 2, 100
	r := newRun(t.TempDir(), c, 0)
	r.Warn = func(string) {}
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	if err := r.prepare(false); err != nil {
		t.Fatal(err)
	}
	defer r.closeFiles()
	r.train.begin(0)
	r.train.flop = 6e9
	r.train.Metric("loss", math.Inf(-1), 1)
	r.train.Metric("accuracy", 0, 0)
	s := &session{run: r, began: time.Now()}
	if err := s.made(0, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	line := logged(t, r.Dir)[0]
	if line["samples_per_s"] != 8.0 || line["gflops"] != 3.0 || line["loss"] != "-Inf" || line["accuracy"] != nil {
		t.Errorf("line %v", line)
	}
}

// TestDescribe: a run says where it was made, and the version its revision where the build knows it.
func TestDescribe(t *testing.T) {
	var i Info
	i.Describe()
	if cpu := cpuid.CPU.BrandName; i.CPU == "" || cpu != "" && i.CPU != cpu || i.SIMD != simd.Active().String() || i.Threads != parallel.Workers() || i.Go != runtime.Version() || i.Version != Version() {
		t.Errorf("%+v", i)
	}
	b := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}
	for revision, want := range map[string]string{"0123456789ab": "v1.2.3 0123456789ab", "0123456789abcdef": "v1.2.3 0123456789ab", "0123456789a": "v1.2.3"} {
		b.Settings = []debug.BuildSetting{{Key: "GOOS", Value: "a system with a long name"}, {Key: "vcs.revision", Value: revision}}
		if v := version(b); v != want {
			t.Errorf("revision %s: version %q, want %q", revision, v, want)
		}
	}
}

// TestSmoother: the first value counts whole, later ones a twentieth at least; names that come now and then have their own count.
func TestSmoother(t *testing.T) {
	var s smoother
	s.add(map[string]float64{"a": 4}, 10, 1)
	s.add(map[string]float64{"a": 8, "b": 3}, 20, 3)
	if s.values["a"] != 6 || s.values["b"] != 3 || s.rate != 15 || s.gflops != 2 {
		t.Errorf("%+v", s)
	}
	for range 100 {
		s.add(map[string]float64{"a": 0}, 0, 0)
	}
	before := s.values["a"]
	s.add(map[string]float64{"a": 1}, 0, 0)
	if !(math.Abs(s.values["a"]-(before+0.05*(1-before))) <= 1e-12) {
		t.Errorf("a late value counts %g", s.values["a"]-before)
	}
}

// TestSchedules: every name makes one, warm-up rises before it.
func TestSchedules(t *testing.T) {
	c := config()
	c.LR = 1
	for name, want := range map[string][3]float64{"cosine": {1, 0.5, 0}, "constant": {1, 1, 1}, "step": {1, 0.2, 0.008}, "poly": {1, 0.25, 0}} {
		c.Schedule = name
		s, err := c.schedule(100)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range []int{0, 50, 100} {
			if !(math.Abs(float64(s(at))-want[i]) <= 1e-6) {
				t.Errorf("%s at %d is %g, want %g", name, at, s(at), want[i])
			}
		}
	}
	c.Schedule, c.WarmupSteps = "constant", 4
	if s, _ := c.schedule(100); s(0) != 0.25 || s(3) != 1 {
		t.Errorf("warm-up begins at %g", s(0))
	}
	for steps, want := range map[int]int{10: 1, 100: 5, 160: 8, 4000: 8} {
		if c.WarmupSteps = -8; c.warmup(steps) != want {
			t.Errorf("a twentieth of %d steps, 8 at most, is %d, want %d", steps, c.warmup(steps), want)
		}
		if s, err := c.schedule(steps); err != nil || s(0) != 1/float32(want) || s(want) != 1 {
			t.Errorf("of %d steps: %v", steps, err)
		}
	}
	c.WarmupSteps = 4
	c.Schedule = "cosine?begins=warmup"
	if s, err := c.schedule(100); err != nil || s(0) != 0.25 || s(3) != 1 || s(4) != 1 || !(math.Abs(float64(s(52))-0.5) <= 1e-6) {
		t.Errorf("a cosine after its warm-up: %v", err)
	}
	for of, want := range map[string]string{"cosine?begins=never": "begins=never", "constant?begins=warmup": `no option "begins"`, "cosine?end=1": `no option "end"`} {
		c.Schedule = of
		if _, err := c.schedule(100); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	c.WarmupSteps = 0
	c.Schedule = "cosine?to=0.25"
	if s, err := c.schedule(100); err != nil || s(0) != 1 || s(50) != 0.625 || s(100) != 0.25 {
		t.Errorf("a cosine to a quarter: %v", err)
	}
	for of, want := range map[string][]float32{"step": {1, 0.2, 0.04, 0.008}, "step?by=0.5&at=0.1,0.29,0.955": {1, 0.5, 0.25, 0.125}} {
		c.Schedule = of
		s, err := c.schedule(1000)
		if err != nil {
			t.Fatal(err)
		}
		at := []int{0, 300, 600, 800}
		if of != "step" {
			at = []int{0, 100, 290, 955}
		}
		for i, from := range at {
			if !(math.Abs(float64(s(from)-want[i])) <= 1e-6) || i > 0 && !(math.Abs(float64(s(from-1)-want[i-1])) <= 1e-6) {
				t.Errorf("%s at %d: %g, before it %g", of, from, s(from), s(max(0, from-1)))
			}
		}
	}
	for of, want := range map[string]string{"step?at=0.5,0.4": "at=0.5,0.4: want rising", "step?at=": "at=", "step?at=1": "at=1", "step?by=2": "by=2", "constant?at=0.1": "no option"} {
		c.Schedule = of
		if _, err := c.schedule(100); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", of, err)
		}
	}
	c.WarmupSteps = 4
	c.Schedule = "onecycle"
	if _, err := c.schedule(100); err == nil || !strings.Contains(err.Error(), "warm-up of 4") {
		t.Errorf("onecycle with a warm-up that it does not read: %v", err)
	}
	c.WarmupSteps = 0
	if s, err := c.schedule(100); err != nil || !(math.Abs(float64(s(0))-0.04) <= 1e-6) {
		t.Errorf("onecycle: %v", err)
	}
}

// TestDecaySchedules: weight decay goes from where it is to where it is said to go, or stays.
func TestDecaySchedules(t *testing.T) {
	c := config()
	c.WeightDecay = 0.5
	for of, want := range map[string][3]float32{"": {0.5, 0.5, 0.5}, "constant": {0.5, 0.5, 0.5}, "cosine?to=1": {0.5, 0.75, 1}, "linear?to=0": {0.5, 0.25, 0}} {
		c.DecaySchedule = of
		s, err := c.decays(100)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]float32{s(0), s(50), s(100)}; got != want {
			t.Errorf("%q: %v, want %v", of, got, want)
		}
	}
	for of, want := range map[string]string{"cosine": "want to=", "linear?to=-1": "to=-1", "constant?to=1": `no option "to"`, "step": "no decay schedule", "cosine?to=1&by=2": `no option "by"`} {
		c.DecaySchedule = of
		if setting, _, err := c.Check(); err == nil || setting != "decay-schedule" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s: %v, want %q", of, setting, err, want)
		}
	}
	c.DecaySchedule, c.Optimizer, c.WeightDecay = "cosine?to=1", "lars?trust=0.002", 0
	if setting, _, err := c.Check(); err == nil || setting != "decay-schedule" || !strings.Contains(err.Error(), "above 0 to begin at") {
		t.Errorf("LARS begun without weight decay: %s: %v", setting, err)
	}
	c.DecaySchedule, c.ClipEach = "", true
	if setting, _, err := c.Check(); err == nil || setting != "clip-each" {
		t.Errorf("each tensor clipped at nothing: %s: %v", setting, err)
	}
}

// TestDecayMoves: an update uses the weight decay of its step, which is logged; a run that is interrupted and resumed ends with the same bits.
func TestDecayMoves(t *testing.T) {
	c := config()
	c.Optimizer, c.Schedule, c.LR, c.WeightDecay, c.DecaySchedule = "adamw", "constant", 0.01, 0, "linear?to=15"
	c.ClipNorm, c.ClipEach = 0.05, true
	whole := newRun(t.TempDir(), c, 0)
	start(t, whole)
	lines := logged(t, whole.Dir)
	for i, line := range lines {
		if got := line["weight_decay"].(float64); got != float64(i) {
			t.Errorf("step %d has a weight decay of %g, want %d", i+1, got, i)
		}
	}
	part := newRun(t.TempDir(), c, 0)
	ctx, cancel := context.WithCancel(context.Background())
	part.Progress = func(p Progress) {
		if p.Step == 7 {
			cancel()
		}
	}
	if _, err := part.Start(ctx, false); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	again := newRun(part.Dir, c, 0)
	if _, err := again.Start(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(state(whole.Learner), state(again.Learner)) {
		t.Error("a resumed run ends with other bits")
	}
	c.DecaySchedule = ""
	plain := newRun(t.TempDir(), c, 0)
	start(t, plain)
	if bytes.Equal(state(whole.Learner), state(plain.Learner)) {
		t.Error("weight decay of the schedule changes nothing")
	}
	if _, told := logged(t, plain.Dir)[0]["weight_decay"]; told {
		t.Error("a weight decay that stays is logged")
	}
}

// late is a learner whose batches come late.
type late struct {
	Learner
	by time.Duration
}

func (l late) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error) {
	f, err := l.Learner.Feed(in, augment, o)
	if err != nil {
		return nil, err
	}
	epoch := f.Epoch
	f.Epoch = func(n, from int) iter.Seq[func(Step)] {
		return func(yield func(func(Step)) bool) {
			for step := range epoch(n, from) {
				time.Sleep(l.by)
				if !yield(step) {
					return
				}
			}
		}
	}
	return f, nil
}

// TestRateCountsWaiting: samples a second are those that a person gets, the time in which views are made and waited for among it;
// a monitor's time is not.
func TestRateCountsWaiting(t *testing.T) {
	const wait = 10 * time.Millisecond
	c := config()
	c.MonitorEvery, c.MaxSteps = 1, 5
	r := newRun(t.TempDir(), c, 0)
	r.Learner = late{r.Learner, wait}
	r.Monitor = func(int, int) map[string]float64 { time.Sleep(40 * wait); return nil }
	start(t, r)
	samples, best := float64(c.BatchSize), 0.0
	for i, l := range logged(t, r.Dir) {
		rate := l["samples_per_s"].(float64)
		if rate > samples/wait.Seconds() {
			t.Errorf("step %d: %.0f samples a second, and the feed gives no more than %.0f", i+1, rate, samples/wait.Seconds())
		}
		if i > 0 { // no monitor stands before the first
			best = max(best, rate)
		}
	}
	if best < samples/(40*wait).Seconds() {
		t.Errorf("at most %.0f samples a second: the monitor's time is counted", best)
	}
}

// TestClip: the gradient's norm is cut to the limit before the update; what is logged is the norm before.
func TestClip(t *testing.T) {
	c := config()
	c.Optimizer, c.Schedule, c.MaxSteps, c.WeightDecay, c.LR = "sgd", "constant", 1, 0, 1
	moved := func(clip float64) (norm, told float64) {
		c.ClipNorm = clip
		r := newRun(t.TempDir(), c, 0)
		before := layers.Params(newRun("", c, 0).Learner)
		start(t, r)
		for i, p := range layers.Params(r.Learner) {
			for j, v := range p.Value.Data {
				d := float64(v - before[i].Value.Data[j])
				norm += d * d
			}
		}
		return math.Sqrt(norm), logged(t, r.Dir)[0]["grad_norm"].(float64)
	}
	free, told := moved(0)
	if !(math.Abs(free/told-1) <= 1e-4) {
		t.Errorf("a step of rate 1 moves the weights by %g, the gradient's norm is %g", free, told)
	}
	if cut, told := moved(free / 4); !(math.Abs(cut/(free/4)-1) <= 1e-4) || !(math.Abs(told/free-1) <= 1e-4) {
		t.Errorf("clipped to %g it moves by %g and logs %g", free/4, cut, told)
	}
	c.ClipEach = true
	if cut, told := moved(free / 4); !(cut > 1.01*free/4) || !(cut <= free) || !(math.Abs(told/free-1) <= 1e-4) {
		t.Errorf("each tensor clipped to %g by itself, it moves by %g and logs %g", free/4, cut, told)
	}
	c.ClipEach = false
	if whole, _ := moved(free * 4); !(math.Abs(whole/free-1) <= 1e-6) {
		t.Errorf("a limit above the norm changes the step: %g, %g", whole, free)
	}
}

// TestEvents reads the event file back: lengths and checksums.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	e, err := newEvents(dir, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.scalars(3, time.Unix(2, 0), map[string]float64{"loss": 1.5}); err != nil {
		t.Fatal(err)
	}
	e.close()
	names, _ := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for len(b) > 0 {
		n := int(binary.LittleEndian.Uint64(b))
		if binary.LittleEndian.Uint32(b[8:]) != maskedCRC(b[:8]) || binary.LittleEndian.Uint32(b[12+n:]) != maskedCRC(b[12:12+n]) {
			t.Fatal("a checksum is wrong")
		}
		// wall time, step, and a summary of one value: a tag and 1.5
		if want := "\x09\x00\x00\x00\x00\x00\x00\x00\x40\x10\x03\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\xc0\x3f"; records == 1 && string(b[12:12+n]) != want {
			t.Errorf("the event is %q, want %q", b[12:12+n], want)
		}
		b = b[16+n:]
		records++
	}
	if records != 2 {
		t.Errorf("%d records", records)
	}
	c := uint32(0xe3069283) // CRC-32C of "123456789" (RFC 3720, B.4)
	if maskedCRC([]byte("123456789")) != (c>>15|c<<17)+0xa282ead8 {
		t.Error("the checksum is not CRC-32C")
	}
	if _, err := newEvents(filepath.Join(dir, "none"), time.Now()); err == nil {
		t.Error("events in no folder")
	}
}
