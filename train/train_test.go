package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// labels is an objective that learns the classes, with dropout, so that randomness matters.
type labels struct {
	net   layers.Module
	spoil int // the step at which the net's output becomes NaN; 0 never
	step  int
}

func (l *labels) Chance() float64 { return 0.1 }

func (l *labels) Loss(tape *autograd.Tape, b *data.Batch, _ *tensor.RNG) (*autograd.Var, int, int) {
	l.step++
	x := autograd.Dropout(tape.Input(b.X), 0.1)
	if l.spoil == l.step {
		leave := tape.Enter("stem")
		x = autograd.Mul(x, tape.Param(tensor.New(1).Fill(float32(math.NaN()))))
		leave()
	}
	y := l.net.Forward(x)
	return autograd.CrossEntropy(y, b.Labels), 0, len(b.Labels)
}

func config() Config {
	return Config{Task: "labels", Trunk: "convnet", Side: 12, Epochs: 3, BatchSize: 8, Optimizer: "adamw", LR: 0.01, Schedule: "cosine", WeightDecay: 0.01,
		Augment: "flip", Seed: 5, MonitorEvery: -1, LogEvery: 1, CheckpointEvery: 4}
}

func newRun(dir string, c Config, spoil int) *Run {
	src := data.NewScenes(44, 12, 1, data.Train)
	net := layers.Classifier(tensor.NewRNG(c.Seed), layers.ConvNet(tensor.NewRNG(c.Seed).Derive(1), 3, 8, layers.TrunkOptions{}), 10)
	return &Run{Dir: dir, Config: c, Net: net, Source: src, Objective: &labels{net: net, spoil: spoil},
		Loader: data.NewLoader(src, data.LoaderOptions{BatchSize: c.BatchSize, Transform: data.RandomHorizontalFlip(0.5), Norm: data.HalfNorm, Seed: c.Seed})}
}

func weights(m layers.Module) []byte {
	var b bytes.Buffer
	for _, p := range layers.State(m) {
		binary.Write(&b, binary.LittleEndian, p.Value.Data)
	}
	return b.Bytes()
}

// TestResume: a run that is stopped anywhere, also between checkpoints, and resumed ends with the bits of one never stopped.
func TestResume(t *testing.T) {
	whole := newRun(t.TempDir(), config(), 0)
	if _, err := whole.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	want := weights(whole.Net)
	for _, stopAt := range []int{1, 4, 6, 7, 14} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r := newRun(dir, config(), 0)
		r.Progress = func(p Progress) {
			if p.Step == stopAt {
				cancel()
			}
		}
		if _, err := r.Start(ctx, false); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("stopped at %d: %v", stopAt, err)
		}
		if stopAt == 7 { // as after kill -9: the checkpoint of the interruption is not there, a broken one is
			all, _ := Checkpoints(dir)
			os.WriteFile(all[len(all)-1], []byte("cut short"), 0o644)
		}
		again := newRun(dir, config(), 0)
		info, err := again.Start(context.Background(), true)
		if err != nil || info.Done != 15 {
			t.Fatalf("resumed from %d: %+v, %v", stopAt, info, err)
		}
		if !bytes.Equal(weights(again.Net), want) {
			t.Errorf("stopped at step %d and resumed: other weights", stopAt)
		}
		lines := metricSteps(t, dir)
		for i, s := range lines {
			if s != i+1 {
				t.Errorf("stopped at %d: metrics.jsonl has steps %v", stopAt, lines)
				break
			}
		}
	}
}

func metricSteps(t *testing.T, dir string) []int {
	b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, l := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var m struct{ Step int }
		if err := json.Unmarshal(l, &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m.Step)
	}
	return out
}

// TestThreads: the number of workers does not change a bit of the weights.
func TestThreads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	var want []byte
	for _, n := range []int{1, 2, 3, 5, 8} {
		parallel.SetWorkers(n)
		r := newRun("", config(), 0)
		if _, err := r.Start(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		if w := weights(r.Net); want == nil {
			want = w
		} else if !bytes.Equal(w, want) {
			t.Errorf("%d workers give other weights than one", n)
		}
	}
}

// TestNotFinite: a NaN stops the run with the step, the op and the place, and a checkpoint from before it.
func TestNotFinite(t *testing.T) {
	dir := t.TempDir()
	r := newRun(dir, config(), 7)
	before := map[int][]byte{}
	r.Progress = func(p Progress) { before[p.Step] = weights(r.Net) }
	_, err := r.Start(context.Background(), false)
	var e *NotFiniteError
	if !errors.As(err, &e) || e.Step != 7 || e.Op != "Broadcast" && e.Op != "Mul" || e.Place != "stem" {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(err.Error(), "step 7") || e.CheckpointPath == "" {
		t.Errorf("message %q", err)
	}
	again := newRun(dir, config(), 0)
	again.Config.MaxSteps = 0
	if _, err := again.Start(cancelled(), true); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	if !bytes.Equal(weights(again.Net), before[6]) {
		t.Error("the checkpoint is not the state before the bad step")
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
	if _, err := newRun(dir, c, 0).Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]func() error{
		"already holds a run": func() error { _, err := newRun(dir, c, 0).Start(context.Background(), false); return err },
		"--lr 0.01": func() error {
			d := c
			d.LR = 0.02
			_, err := newRun(dir, d, 0).Start(context.Background(), true)
			return err
		},
		"no checkpoint": func() error {
			_, err := newRun(t.TempDir(), c, 0).Start(context.Background(), true)
			return err
		},
		"fewer than a batch": func() error {
			d := c
			d.BatchSize = 100
			_, err := newRun("", d, 0).Start(context.Background(), false)
			return err
		},
		"no schedule": func() error {
			d := c
			d.Schedule = "sine"
			_, err := newRun("", d, 0).Start(context.Background(), false)
			return err
		},
		"the data has changed": func() error {
			r := newRun(dir, c, 0)
			r.Source = data.NewScenes(45, 12, 1, data.Train)
			_, err := r.Start(context.Background(), true)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// unreached has a parameter that its output does not use.
type unreached struct {
	layers.Module
	extra *layers.Linear
}

func (u unreached) Visit(prefix string, f func(layers.Param)) {
	u.Module.Visit(prefix, f)
	u.extra.Visit("extra", f)
}

func TestUnreachedParameter(t *testing.T) {
	r := newRun("", config(), 0)
	net := unreached{r.Net, layers.NewLinear(tensor.NewRNG(1), 2, 2, layers.LinearOptions{})}
	r.Net = net
	if _, err := r.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), "extra.weight") {
		t.Errorf("a parameter without gradient: %v", err)
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
		if records == 1 && !bytes.Contains(b[12:12+n], []byte("loss")) {
			t.Error("the value is not there")
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
}
