package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestMemoryLimit: a limit that all fits under computes nothing twice, a lower one does, to the same bits, and one that is too
// low names a batch size.
func TestMemoryLimit(t *testing.T) {
	run := func(limit int64) (*Run, *Info, error) {
		c := config()
		c.BatchSize, c.Epochs = 32, 1
		d := scenes(64)
		trunk := layers.CIFARResNet(tensor.NewRNG(1), 3, 20, layers.TrunkOptions{})
		l := &classifier{Sequential: layers.Classifier(tensor.NewRNG(2), trunk, len(d.Truth.Classes())), data: d}
		r := &Run{Config: c, Learner: l, Data: d, MemoryLimit: limit}
		info, err := r.Start(context.Background(), false)
		return r, info, err
	}
	base, _, err := run(0)
	if err != nil {
		t.Fatal(err)
	}
	ample, info, err := run(64 << 30)
	if err != nil || info.Recompute != "nothing" || !bytes.Equal(state(ample.Learner), state(base.Learner)) {
		t.Fatalf("ample limit: computed twice: %q, %v", info.Recompute, err)
	}
	full := info.PeakMemory
	_, _, err = run(1 << 20)
	var e *MemoryError
	if !errors.As(err, &e) || e.Need <= 1<<20 || !strings.Contains(err.Error(), "1 MiB") {
		t.Fatalf("limit of 1 MiB: %v", err)
	}
	// From what the thriftiest step needs on; the estimate of what else the process holds, which may be most of it, moves a little.
	for limit := e.Need; ; limit += 1 << 20 {
		tight, info, err := run(limit)
		if errors.As(err, &e) {
			if limit > 2*e.Need {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Recompute == "nothing" || info.PeakMemory >= full {
			t.Errorf("limit of %s: computed twice: %s; the step held %d bytes, without a limit %d", Bytes(limit), info.Recompute, info.PeakMemory, full)
		}
		if !bytes.Equal(state(tight.Learner), state(base.Learner)) {
			t.Error("a memory limit changes the bits")
		}
		break
	}
}

// TestMeasuringChangesNothing: a step that is measured leaves everything as it was, is not counted, and tells what each of its losses
// asks for.
func TestMeasuringChangesNothing(t *testing.T) {
	r := newRichRun("", config())
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	before := state(r.Learner)
	asked, err := r.measure(0, 4, fewSamples)
	if err != nil || len(asked) != 3 || asked["loss"].Peak == 0 || asked["loss_critic"].Peak >= asked["loss"].Peak {
		t.Errorf("asked for %v, %v", asked, err)
	}
	if !bytes.Equal(before, state(r.Learner)) || r.Learner.(*rich).after != 0 {
		t.Error("measuring changes what is measured")
	}
	plain := newRichRun("", config())
	start(t, plain)
	limited := newRichRun("", config())
	limited.MemoryLimit = 64 << 30
	start(t, limited)
	statetest.Same(t, "with a memory limit", limited.Learner, plain.Learner)
	if n := r.feed.Bytes(); n < 4*testSide*testSide*3 || n > 8*testSide*testSide*3 {
		t.Errorf("the views of a sample take %d bytes", n)
	}
	broken := newRun("", config(), 0)
	broken.Learner.(*classifier).data = &data.Dataset{Inputs: data.Inputs{Images: brokenImages{}}, Truth: broken.Data.Truth}
	broken.Config.BatchSize, broken.MemoryLimit = 1, 64<<30
	if _, err := broken.Start(context.Background(), false); !errors.Is(err, data.ErrTooManyBad) {
		t.Errorf("measuring broken samples: %v", err)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{1536: "1 KiB", 3 << 20: "3 MiB", 1536 << 20: "1.5 GiB", 20 << 30: "20 GiB", 10 << 30: "10 GiB", 1 << 30: "1.0 GiB", 1 << 20: "1 MiB"} {
		if Bytes(n) != want {
			t.Errorf("%d is %q, want %q", n, Bytes(n), want)
		}
	}
	for want, e := range map[string]*MemoryError{"a batch size of 7 would fit": {Limit: 1, Need: 2, BatchSize: 7}, "a smaller trunk": {Limit: 1, Need: 2}} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("%v", e)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]int64{"": 0, "800MiB": 800 << 20, "2GB": 2e9, "1.5G": 3 << 29, "64kb": 64e3, "3 KiB": 3 << 10, "7": 7, "1t": 1 << 40} {
		if n, err := ParseBytes(s); err != nil || n != want {
			t.Errorf("%q is %d, %v; want %d", s, n, err, want)
		}
	}
	for _, s := range []string{"much", "-1G", "0", "2XiB", "1e30", "G", "9999999999G"} {
		if n, err := ParseBytes(s); err == nil {
			t.Errorf("%q passes as %d", s, n)
		}
	}
}

// TestNeed: what a step needs is what the process holds, the optimisers' state, the tapes of the batch at hand and the views that are
// ahead, and a twentieth; the batch size that is named takes it down to the limit.
func TestNeed(t *testing.T) {
	open := func(batch int) *Run {
		c := config()
		c.BatchSize = batch
		d := scenes(600)
		r := &Run{Config: c, Data: d, MemoryLimit: 1, Warn: func(string) {}, Learner: &classifier{data: d,
			Sequential: layers.Classifier(tensor.NewRNG(2), layers.CIFARResNet(tensor.NewRNG(1), 3, 20, layers.TrunkOptions{}), len(d.Truth.Classes()))}}
		if err := r.open(); err != nil {
			t.Fatal(err)
		}
		return r
	}
	refused := func(r *Run) *MemoryError {
		var e *MemoryError
		if err := r.fitMemory(); !errors.As(err, &e) {
			t.Fatal(err)
		}
		return e
	}
	r := open(4)
	r.feed.Bytes = func() int64 { return 1 << 40 }
	r.feed.Ahead, r.Reserved, r.MemoryLimit = 1, 1<<38, 5<<40
	e := refused(r)
	if want := 1.05 * (2*4 + 0.25) * (1 << 40); !(math.Abs(float64(e.Need)/want-1) <= 1e-3) || e.BatchSize != 2 { // each takes 2<<40
		t.Errorf("needs %d and fits %d, want %g and 2", e.Need, e.BatchSize, want)
	}
	few, many := open(8), open(512)
	small, err := many.measure(autograd.RecomputeBlocks, 8, fewSamples)
	if err != nil {
		t.Fatal(err)
	}
	large, err := many.measure(autograd.RecomputeBlocks, 512, fewSamples)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(large["loss"].Peak-small["loss"].Peak) + 504*float64(many.feed.Bytes())*float64(many.feed.Ahead+1)
	if more := float64(refused(many).Need - refused(few).Need); !(math.Abs(more/(1.05*want)-1) <= 0.3) {
		t.Errorf("504 samples more need %g bytes, want %g", more, 1.05*want)
	}
}

// TestNeedParts: the parts of TestNeed that are small beside what the process holds.
func TestNeedParts(t *testing.T) {
	r := newRichRun("", config())
	r.Reserved = 5
	params := int64(layers.Size(r.Learner)) * 4
	for _, c := range []struct {
		optimizer  string
		accumulate int
		want       int64
	}{{"sgd", 1, 1}, {"AdamW?beta1=0.5", 0, 2}, {"lamb", 2, 3}, {"lars", 2, 2}} {
		r.Config.Optimizer, r.Config.Accumulate = c.optimizer, c.accumulate
		if n := r.beside(); n != c.want*params+5 {
			t.Errorf("%s accumulating %d holds %d bytes beside, want %d times %d and 5", c.optimizer, c.accumulate, n, c.want, params)
		}
	}
	r = newRichRun("", config())
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	var asked []map[string]*autograd.StepMemory
	for _, n := range []int{2, 4, 6, 11} {
		a, err := r.measure(autograd.RecomputeNothing, n, fewSamples)
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, a)
	}
	asked[0]["only here"] = asked[0]["loss"]
	s := forBatch([3]map[string]*autograd.StepMemory(asked[:3]), nil, 11)
	var peak, each int64
	for name, a := range asked[3] {
		peak += int64(a.Peak)
		each += int64(a.Peak-asked[0][name].Peak) / 9
	}
	if len(s.expect) != 3 || s.peak != peak || s.each != each {
		t.Errorf("11 samples are expected to ask for %d, %d each, of %d losses; they ask for %d, %d each", s.peak, s.each, len(s.expect), peak, each)
	}
	a, b, c := *asked[0]["loss"], *asked[1]["loss_critic"], *asked[2]["loss"] // not the same step
	a.Peak, b.Peak, c.Peak = 200, 180, 260
	s = forBatch([3]map[string]*autograd.StepMemory{{"x": &a}, {"x": &b}, {"x": &c}}, nil, 11)
	if len(s.expect) != 0 || s.peak != 180+7*40 || s.each != 40 {
		t.Errorf("steps that differ: %+v", s)
	}
	for _, c := range [][5]int{{32, 1000, 900, 10, 22}, {32, 1001, 900, 10, 21}, {4, 1000, 980, 10, 2}, {4, 1000, 970, 10, 0}, {4, 1000, 1, 10, 0}} {
		if n := largest(c[0], int64(c[1]), int64(c[2]), int64(c[3])); n != c[4] {
			t.Errorf("%v: a batch of %d fits, want %d", c[:4], n, c[4])
		}
	}
}

// paired learns to find each sample of a batch by itself, which takes a table of all by all: of one number each, so that the table is most of it.
type paired struct{ *classifier }

func (l paired) Feed(_ data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error) {
	return feedOf(l.data, augment, o, func(s Step, b *seen) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			z := l.Forward(t.Input(b.x))
			return autograd.NTXent(autograd.Concat(0, z, z), 0.5)
		})
	})
}

// TestNeedOfTables: what is said of a step whose loss compares all of a batch with all of it, in a table or in blocks, is what it then takes; of
// shards, each of which is compared with all, what one takes.
func TestNeedOfTables(t *testing.T) {
	run := func(batch, shards int, limit int64) (*Run, error) {
		c := config()
		c.BatchSize, c.Shards, c.MaxSteps = batch, shards, 2
		d := scenes(1400)
		rng := tensor.NewRNG(1)
		net := layers.Seq(layers.Flatten, layers.NewLinear(rng, testSide*testSide*3, 4, layers.LinearOptions{}))
		r := &Run{Config: c, Data: d, MemoryLimit: limit, Warn: func(string) {}, Learner: paired{&classifier{Sequential: net, data: d}}}
		_, err := r.Start(context.Background(), false)
		return r, err
	}
	for _, x := range [][2]int{{300, 1}, {700, 1}, {300, 2}, {700, 4}, {1400, 2}} { // one table, three blocks; of shards one table, one block and three
		batch, shards := x[0], x[1]
		r, err := run(batch, shards, 64<<30)
		if err != nil {
			t.Fatal(err)
		}
		took, err := r.measure(autograd.RecomputeNothing, batch/shards, fewSamples)
		if err != nil || r.expect["loss"].Peak != took["loss"].Peak || r.info.PeakMemory != shards*took["loss"].Peak {
			t.Errorf("batches of %d in %d shards take %d bytes each, %d in training, %v; they were said to take %d", batch, shards, took["loss"].Peak, r.info.PeakMemory, err, r.expect["loss"].Peak)
		}
	}
}

var hold []byte

// TestHeld: memory that was given up is not held, neither before nor after the system has it back.
func TestHeld(t *testing.T) {
	const size = 256 << 20
	debug.FreeOSMemory()
	before := held()
	hold = make([]byte, size)
	if more := held() - before; more < size*3/4 || more > size*5/4 {
		t.Errorf("%d bytes more are held, want %d", more, size)
	}
	hold = nil
	runtime.GC()
	if more := held() - before; more > size/4 || more < -size/4 {
		t.Errorf("given up, %d bytes more are held", more)
	}
	debug.FreeOSMemory()
	if more := held() - before; more > size/4 || more < -size/4 {
		t.Errorf("given back, %d bytes more are held", more)
	}
}

// TestMemoryOfRanks: what a rank's step puts off until it waits for others is measured, too: the first step needs no more memory than was set aside for it.
func TestMemoryOfRanks(t *testing.T) {
	var all sync.WaitGroup
	for _, g := range cluster.Loopback(2) {
		all.Go(func() {
			c := config()
			c.BatchSize, c.Epochs, c.MaxSteps, c.Shards = 16, 1, 1, 2
			d := scenes(64)
			trunk := layers.CIFARResNet(tensor.NewRNG(1), 3, 20, layers.TrunkOptions{})
			l := &classifier{Sequential: layers.Classifier(tensor.NewRNG(2), trunk, len(d.Truth.Classes())), data: d}
			r := &Run{Config: c, Learner: l, Data: d, MemoryLimit: 64 << 30, Cluster: g}
			if _, err := r.Start(context.Background(), false); err != nil {
				t.Error(err)
				g.Abort()
				return
			}
			for name, o := range r.train.objectives {
				if held, peak := o.parts[0].tape.Bytes(); held > peak*5/4 {
					t.Errorf("%s: the tape holds %d bytes for a step of %d", name, held, peak)
				}
			}
		})
	}
	all.Wait()
}
