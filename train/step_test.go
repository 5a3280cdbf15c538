package train

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// script is a learner of named numbers whose step is a function of the test's.
type script struct {
	values  map[string]*layers.Value
	order   []string
	groups  []Group
	metrics []metric.Metric
	n       int
	step    func(s Step)
}

// newScript has a number 1 for each name; a name that begins with a capital is not trained.
func newScript(names ...string) *script {
	l := &script{values: map[string]*layers.Value{}, order: names, n: 8, metrics: []metric.Metric{metric.Loss(), {Name: "second"}, {Name: "third"}}}
	for _, n := range names {
		kind := layers.Weight
		if strings.ToUpper(n[:1]) == n[:1] {
			kind = layers.Memory
		}
		l.values[n] = &layers.Value{Name: n, Value: tensor.New(1).Fill(1), Kind: kind}
		if kind == layers.Weight {
			l.groups = append(l.groups, Group{Name: n, Params: []layers.Param{layers.Param(*l.values[n])}})
		}
	}
	return l
}

func (l *script) Visit(prefix string, f func(layers.Param)) {
	for _, n := range l.order {
		l.values[n].Visit(prefix, f)
	}
}
func (l *script) Groups() []Group                              { return l.groups }
func (l *script) Metrics() []metric.Metric                     { return l.metrics }
func (l *script) Draw(data.Inputs, []int) (image.Image, error) { return nil, nil }
func (l *script) at(name string) float32                       { return l.values[name].Value.Data[0] }
func (l *script) of(t *autograd.Tape, name string) *autograd.Var {
	return t.Param(l.values[name].Value)
}

// tick is a batch of a number.
type tick struct{ i int }
type ticker struct{}

func (ticker) New(int) *tick { return &tick{} }
func (ticker) Fill(b *tick, _, i int, _ *tensor.RNG) error {
	b.i = i
	return nil
}

func (l *script) Feed(_ data.Inputs, _ bool, o data.LoaderOptions) (*Feed, error) {
	o.Ordered = true
	return NewFeed(l.n, ticker{}, o, func(s Step, _ *tick) { l.step(s) }), nil
}

// plainRun makes steps of one sample with plain gradient descent of rate 0.1.
func plainRun(l *script, steps int) *Run {
	return &Run{Learner: l, Data: scenes(4), Config: Config{Epochs: 1000, MaxSteps: steps, BatchSize: 1, Optimizer: "sgd", LR: 0.1, Schedule: "constant", LogEvery: 1}}
}

func near(t *testing.T, what string, got float32, want float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= 1e-6) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

// TestGroups: a loss changes the groups that it names, at their rates, and no others.
func TestGroups(t *testing.T) {
	l := newScript("a", "b", "c")
	l.groups[1].Rate = 3
	l.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			return autograd.Sum(autograd.Add(l.of(t, "a"), autograd.Add(l.of(t, "b"), l.of(t, "c"))))
		}, "a", "b")
		if update, _ := s.At(); update == 0 {
			s.Minimise("second", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Scale(l.of(t, "c"), 5)) }, "c")
		}
	}
	start(t, plainRun(l, 2))
	near(t, "a after two steps", l.at("a"), 0.8)
	near(t, "b at three times the rate", l.at("b"), 0.4)
	near(t, "c after one step", l.at("c"), 0.5)
}

// TestSumOfLosses: several losses of a group are summed and make one update.
func TestSumOfLosses(t *testing.T) {
	l := newScript("a")
	scaled := func(s Step, name string, k float32) {
		s.Minimise(name, func(t *autograd.Tape) *autograd.Var {
			return autograd.Sum(autograd.Scale(autograd.Mul(l.of(t, "a"), l.of(t, "a")), k))
		})
	}
	l.step = func(s Step) { scaled(s, "loss", 1); scaled(s, "second", 2) }
	r := plainRun(l, 1)
	r.Config.Optimizer = "adam" // one step counts once
	r.Config.Optimizer = "sgd"
	start(t, r)
	near(t, "a", l.at("a"), 1-0.1*(2+4)) // both gradients at a = 1
	// updated in between, the second loss sees the first's update and only its own gradient is applied after it
	l = newScript("a")
	l.step = func(s Step) { scaled(s, "loss", 1); s.Update("a"); s.Update("a"); scaled(s, "second", 2) }
	start(t, plainRun(l, 1))
	first := 1 - 0.1*2.0
	near(t, "a updated twice", l.at("a"), first-0.1*4*first)
}

// TestUpdateNow: an update within the step is seen by what follows it; without it by nothing of the step.
func TestUpdateNow(t *testing.T) {
	for _, now := range []bool{false, true} {
		l := newScript("a", "b")
		l.step = func(s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) }, "a")
			if now {
				s.Update("a")
			}
			s.Minimise("second", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Mul(l.of(t, "a"), l.of(t, "b"))) }, "b")
		}
		start(t, plainRun(l, 1))
		near(t, "a", l.at("a"), 0.9)
		want := 0.9 // db = a
		if now {
			want = 1 - 0.1*0.9
		}
		near(t, fmt.Sprintf("b, updated now: %v", now), l.at("b"), want)
	}
}

// TestAfter: what is registered is done once, in order, behind the update, with accumulation once for each batch.
func TestAfter(t *testing.T) {
	for _, n := range []int{1, 3} {
		l := newScript("a", "Seen")
		var order []string
		calls := 0
		l.n = 24
		l.step = func(s Step) {
			calls++
			k := calls
			s.After(func() { order = append(order, fmt.Sprintf("%d:%.2f", k, l.at("a"))) })
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) })
			s.After(func() { l.values["Seen"].Value.Data[0] = l.at("a") })
		}
		r := plainRun(l, 2)
		r.Config.Accumulate = n
		start(t, r)
		want := "[1:0.90 2:0.80]"
		if n == 3 {
			want = "[1:0.90 2:0.90 3:0.90 4:0.80 5:0.80 6:0.80]"
		}
		if fmt.Sprint(order) != want {
			t.Errorf("accumulating %d: after %v, want %s", n, order, want)
		}
		near(t, "what was seen", l.at("Seen"), 0.8)
	}
}

// TestAccumulate: the mean of N batches' gradients makes an update, to the bits of (g₁ + g₂ + ...)·(1/N); a group that only some
// batches reach counts all of them.
func TestAccumulate(t *testing.T) {
	l := newScript("a", "b")
	l.n = 7 // two updates of three batches an epoch, a batch is left over
	k := 0
	l.step = func(s Step) {
		if update, of := s.At(); update != k/3 || of != 4 {
			t.Errorf("batch %d is of update %d of %d", k, update, of)
		}
		k++
		g := float32(k)
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Scale(l.of(t, "a"), 0.1*g)) }, "a")
		if k%3 == 1 {
			s.Minimise("second", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "b")) }, "b")
		}
		s.Update() // waits for the last batch
	}
	r := plainRun(l, 4)
	r.Config.Accumulate = 3
	var steps []int
	r.Progress = func(p Progress) { steps = append(steps, p.Step) }
	info := start(t, r)
	if info.Done != 4 || k != 12 || fmt.Sprint(steps) != "[1 2 3 4]" {
		t.Errorf("%d updates of %d batches, steps %v", info.Done, k, steps)
	}
	want, b := float32(1), float32(1)
	for u := range 4 {
		sum := float32(0)
		for m := range 3 {
			sum += float32(0.1) * float32(3*u+m+1)
		}
		third := float32(1) / 3
		want -= float32(0.1 * float32(sum*third))
		b -= float32(0.1 * float32(1*third))
	}
	if l.at("a") != want || l.at("b") != b {
		t.Errorf("a is %g, want %g; b is %g, want %g", l.at("a"), want, l.at("b"), b)
	}
}

// TestAccumulateLearners: a resumed run that accumulates ends with the bits of one never stopped, and an accumulated step of equal
// batches is a step of one of them.
func TestAccumulateLearners(t *testing.T) {
	for name, make := range everyRun {
		c := config()
		c.Accumulate, c.CheckpointEvery = 2, 1
		whole := make(t.TempDir(), c)
		if info := start(t, whole); info.Steps != 6 {
			t.Errorf("%s: %d updates of 44 samples in batches of 2·8, three times", name, info.Steps)
		}
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r := make(dir, c)
		r.Progress = func(p Progress) {
			if p.Step == 3 {
				cancel()
			}
		}
		r.Start(ctx, false)
		again := make(dir, c)
		if _, err := again.Start(context.Background(), true); err != nil {
			t.Fatal(err)
		}
		statetest.Same(t, name+", accumulating, resumed", again.Learner, whole.Learner)
	}
}

// TestInterruptedBetween: a run that is stopped between the batches of an update goes on with the bits of one never stopped: what the
// forward passes so far have moved goes back. The same holds for the batches that are left over at an epoch's end.
func TestInterruptedBetween(t *testing.T) {
	c := config()
	c.Accumulate, c.Epochs = 3, 4 // 5 batches an epoch: an update, and two left over
	whole := newRun(t.TempDir(), c, 0)
	start(t, whole)
	for _, at := range []int{2, 3, 5} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r := newRun(dir, c, 0)
		r.Learner.(*classifier).hook = func(step int) {
			if step == at {
				cancel()
			}
		}
		if _, err := r.Start(ctx, false); !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		again := newRun(dir, c, 0)
		if _, err := again.Start(context.Background(), true); err != nil {
			t.Fatal(err)
		}
		statetest.Same(t, fmt.Sprintf("stopped in batch %d and resumed", at), again.Learner, whole.Learner)
	}
}

// TestReached: a parameter that no gradient reaches is named in words after a step and with an error after an epoch; heads may take
// turns within an epoch.
func TestReached(t *testing.T) {
	only := func(l *script, when func(update int) string) {
		l.step = func(s Step) {
			update, _ := s.At()
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, when(update))) })
		}
	}
	run := func(l *script, steps int) (string, error) {
		r := plainRun(l, steps)
		said := ""
		r.Warn = func(s string) { said += s + "\n" }
		_, err := r.Start(context.Background(), false)
		return said, err
	}
	l := newScript("a", "b")
	only(l, func(u int) string { return map[bool]string{true: "b", false: "a"}[u == 7] }) // the last of the epoch's eight
	if said, err := run(l, 20); err != nil || !strings.Contains(said, "1 of 2 parameters: b; if none does in an epoch") || strings.Count(said, "gradient") != 1 {
		t.Errorf("heads that take turns: %v, said %q", err, said)
	}
	l = newScript("a", "b")
	only(l, func(int) string { return "a" })
	if _, err := run(l, 20); err == nil || !strings.Contains(err.Error(), "no gradient has reached 1 of 2 parameters: b") {
		t.Errorf("b is never reached: %v", err)
	}
	if _, err := run(l, 3); err == nil {
		t.Error("a run that ends before an epoch does not complain")
	}
	l = newScript("a")
	only(l, func(int) string { return "a" })
	if said, err := run(l, 3); err != nil || said != "" {
		t.Errorf("all is reached: %v, %q", err, said)
	}
}

// TestWrongLearners: what cannot be right is refused before a step is made.
func TestWrongLearners(t *testing.T) {
	base := func() *script {
		l := newScript("a", "b", "Kept")
		l.step = func(s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Add(l.of(t, "a"), l.of(t, "b"))) })
		}
		return l
	}
	stranger := layers.Param{Name: "stranger", Value: tensor.New(1)}
	for want, spoil := range map[string]func(l *script){
		"no group trains b;":                                func(l *script) { l.groups = l.groups[:1] },
		"b is in the groups \"b\" and \"c\"":                func(l *script) { l.groups = append(l.groups, Group{Name: "c", Params: l.groups[1].Params}) },
		"there are two of the name":                         func(l *script) { l.groups[1].Name = "a" },
		"\"c\" is empty":                                    func(l *script) { l.groups = append(l.groups, Group{Name: "c"}) },
		"stranger, which the learner's Visit does not name": func(l *script) { l.groups[0].Params = append(l.groups[0].Params, stranger) },
	} {
		l := base()
		spoil(l)
		if _, err := plainRun(l, 1).Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	twice := func(s Step, name string) {
		s.Minimise(name, func(t *autograd.Tape) *autograd.Var { return autograd.Sum(t.Param(tensor.New(1))) })
	}
	for want, step := range map[string]func(l *script, s Step){
		"no group \"z\"; there are a or b": func(l *script, s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return nil }, "z")
		},
		"no group \"y\"":                      func(l *script, s Step) { base := l.step; base(s); s.Update("y") },
		"\"other\" is told but not declared":  func(l *script, s Step) { s.Metric("other", 1, 1) },
		"\"hidden\" is told but not declared": func(l *script, s Step) { twice(s, "hidden") },
		"does not depend on any Param":        func(l *script, s Step) { twice(s, "loss") },
	} {
		l := base()
		old := l.step
		l.step = func(s Step) { l.step = old; step(l, s) }
		var err error
		if e := autograd.Try(func() { _, err = plainRun(l, 1).Start(context.Background(), false) }); e == nil || !strings.Contains(e.Error(), want) {
			t.Errorf("%v, %v, want %q", e, err, want)
		}
	}
	l := base()
	inner := l.step
	l.step = func(s Step) { inner(s); inner(s) }
	if e := autograd.Try(func() { plainRun(l, 1).Start(context.Background(), false) }); e == nil || !strings.Contains(e.Error(), "minimised twice") {
		t.Errorf("the same loss twice: %v", e)
	}
	l = base()
	l.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { inner(s); return nil })
	}
	if e := autograd.Try(func() { plainRun(l, 1).Start(context.Background(), false) }); e == nil || !strings.Contains(e.Error(), "minimised twice") {
		t.Errorf("a loss within itself: %v", e)
	}
}

// TestFailedHalfway: where a group was updated before another loss turned out to be no number, no checkpoint claims to be the state
// before the step; and nothing more of the step is done.
func TestFailedHalfway(t *testing.T) {
	l := newScript("a", "b")
	after := false
	l.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) }, "a")
		s.Update("a")
		update, _ := s.At()
		if update == 0 {
			return
		}
		s.Minimise("second", func(t *autograd.Tape) *autograd.Var {
			return autograd.Sum(autograd.Scale(l.of(t, "b"), float32(math.Inf(1))))
		}, "b")
		s.Minimise("third", func(t *autograd.Tape) *autograd.Var { panic("a loss after the failure is run") }, "b")
		s.After(func() { after = true })
	}
	r := plainRun(l, 3)
	r.Dir = t.TempDir()
	_, err := r.Start(context.Background(), false)
	var e *DivergedError
	if !errors.As(err, &e) || e.What != "second" || e.CheckpointPath != "" || after {
		t.Errorf("%v, after %v", err, after)
	}
	all, _ := Checkpoints(r.Dir)
	if len(all) != 1 || !strings.HasSuffix(all[0], "step-00000000.safetensors") {
		t.Errorf("checkpoints %v", all)
	}
}

// TestRandomness: a step's stream belongs to the seed, the update and the batch; a loss's tape to it and the loss.
func TestRandomness(t *testing.T) {
	draw := func(seed uint64, accumulate, steps int) (out []string) {
		l := newScript("a")
		l.n = 64
		l.step = func(s Step) {
			line := fmt.Sprint(s.RNG().Uint32())
			for _, name := range []string{"loss", "second"} {
				s.Minimise(name, func(t *autograd.Tape) *autograd.Var {
					line += fmt.Sprint(" ", t.RNG().Uint32())
					return autograd.Sum(l.of(t, "a"))
				})
			}
			out = append(out, line)
		}
		r := plainRun(l, steps)
		r.Config.Seed, r.Config.Accumulate = seed, accumulate
		start(t, r)
		return out
	}
	a := draw(1, 1, 3)
	if fmt.Sprint(a) != fmt.Sprint(draw(1, 1, 3)) || fmt.Sprint(a) == fmt.Sprint(draw(2, 1, 3)) {
		t.Error("the seed does not decide what steps draw")
	}
	seen := map[string]bool{}
	for _, line := range append(a, draw(1, 2, 3)[1]) {
		for _, f := range strings.Fields(line) {
			if seen[f] {
				t.Errorf("%s is drawn twice", f)
			}
			seen[f] = true
		}
	}
}

// TestOptimisersOfGroups: each group has an optimiser of its own, whose steps are counted where it is updated.
func TestOptimisersOfGroups(t *testing.T) {
	l := newScript("a", "b")
	l.step = func(s Step) {
		update, _ := s.At()
		name := []string{"a", "b", "b", "b"}[update%4]
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Mul(l.of(t, name), l.of(t, name))) }, name)
	}
	r := plainRun(l, 8)
	r.Config.Optimizer = "adam?beta1=0.5"
	start(t, r)
	alone := tensor.New(1).Fill(1)
	opt := optim.NewAdam([]layers.Param{{Name: "a", Value: alone}}, optim.AdamOptions{Beta1: 0.5})
	for range 2 {
		tape := autograd.NewTape(nil)
		opt.Step(tape.Backward(autograd.Sum(autograd.Mul(tape.Param(alone), tape.Param(alone)))), 0.1)
	}
	if l.at("a") != alone.Data[0] {
		t.Errorf("a is %g, by itself %g", l.at("a"), alone.Data[0])
	}
}

// TestSettingsOfOptimisers: momentum and weight decay are the run's.
func TestSettingsOfOptimisers(t *testing.T) {
	l := newScript("a")
	l.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) })
	}
	r := plainRun(l, 2)
	r.Config.Momentum, r.Config.WeightDecay = 0.5, 0.25
	start(t, r)
	v1 := 1 + 0.25*1.0
	a1 := 1 - 0.1*v1
	near(t, "a after two steps", l.at("a"), a1-0.1*(0.5*v1+1+0.25*a1))
}

// TestMode: training, measuring and looking compute as the run says.
func TestMode(t *testing.T) {
	l := newScript("a")
	var modes []tensor.Mode
	l.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			modes = append(modes, t.Mode)
			return autograd.Sum(l.of(t, "a"))
		})
	}
	r := plainRun(l, 2)
	r.Config.Precision, r.Config.Conv, r.MemoryLimit = tensor.BFloat16, tensor.Direct, 64<<30
	start(t, r)
	if _, err := Look(r.feed, r.Config.Mode(), 1, 0, 1); err != nil {
		t.Fatal(err)
	}
	if len(modes) != 3+2+l.n {
		t.Errorf("%d passes, want three that measure, two that train and %d that look", len(modes), l.n)
	}
	for i, m := range modes {
		if want := (tensor.Mode{Precision: tensor.BFloat16, Algorithm: tensor.Direct}); m != want {
			t.Errorf("pass %d computes %+v, want %+v", i, m, want)
		}
	}
}

// TestOrderOfSum: the losses of a group are summed in the order in which they are declared, not in that of their use, which a resumed
// run may begin elsewhere.
func TestOrderOfSum(t *testing.T) {
	l := newScript("a")
	l.step = func(s Step) {
		for _, one := range []struct {
			name string
			k    float32
		}{{"third", 1}, {"loss", 1e8}, {"second", -1e8}} {
			s.Minimise(one.name, func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Scale(l.of(t, "a"), one.k)) })
		}
	}
	start(t, plainRun(l, 1))
	near(t, "a", l.at("a"), 0.9) // (1e8 - 1e8) + 1; another order loses the one
}

// TestWeigh: a group that weighs is shown, once an update, what each loss asks of it, summed over the batches of the update, and sums as it
// says; other groups of the same losses are not weighed; what it tells is the update's.
func TestWeigh(t *testing.T) {
	for _, n := range []int{1, 2} {
		l := newScript("a", "b", "c")
		l.n = 8
		times := func(s Step, name string, k float32, of ...string) {
			s.Minimise(name, func(t *autograd.Tape) *autograd.Var {
				x := l.of(t, of[0])
				for _, o := range of[1:] {
					x = autograd.Add(x, l.of(t, o))
				}
				return autograd.Sum(autograd.Scale(x, k))
			}, of...)
		}
		l.step = func(s Step) {
			times(s, "second", 5, "a", "b")
			times(s, "loss", 2, "a", "c")
			times(s, "third", 7, "c")
		}
		calls := 0
		a := l.values["a"].Value
		l.groups[0].Weigh = func(s Step, of []Asked) []float32 {
			update, _ := s.At()
			if calls++; update != calls-1 || !s.Last() {
				t.Errorf("call %d is at update %d, its last batch: %v", calls, update, s.Last())
			}
			s.Metric("told", float64(calls), 1)
			if len(of) != 2 || of[0].Loss != "loss" || of[1].Loss != "second" {
				t.Fatalf("asked %+v, want those of loss and second, in the order of Metrics", of)
			}
			near(t, "what the first loss asks", of[0].Of(a).Data[0], 2*float64(n))
			near(t, "what the second asks", of[1].Of(a).Data[0], 5*float64(n))
			return []float32{0.5, 3}
		}
		l.metrics = append(l.metrics, metric.Metric{Name: "told", OnlyTrained: true})
		r := plainRun(l, 2)
		r.Config.Accumulate = n
		var told []float64
		r.Progress = func(Progress) { told = append(told, r.train.means.values()["told"]) }
		start(t, r)
		if calls != 2 || fmt.Sprint(told) != "[1 2]" {
			t.Errorf("accumulating %d: weighed %d times in two updates, told %v", n, calls, told)
		}
		near(t, "a", l.at("a"), 1-2*0.1*(0.5*2+3*5))
		near(t, "b", l.at("b"), 1-2*0.1*5)
		near(t, "c", l.at("c"), 1-2*0.1*(2+7))
	}
	l := newScript("a")
	l.step = func(s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) })
	}
	l.groups[0].Weigh = func(Step, []Asked) []float32 { return nil }
	start(t, plainRun(l, 1))
	near(t, "a, not weighed", l.at("a"), 0.9)
	l.groups[0].Weigh = func(Step, []Asked) []float32 { return []float32{1, 1} }
	if err := autograd.Try(func() { plainRun(l, 1).Start(context.Background(), false) }); err == nil || !strings.Contains(err.Error(), `group "a" has 2 weights for the gradients of 1 losses`) {
		t.Errorf("two weights for a loss: %v", err)
	}
}

// taking is a script whose heads take turns, and whose feed says so.
type taking struct {
	*script
	turns int
	got   data.LoaderOptions
}

func (l *taking) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error) {
	if o.Update > 0 { // not that of a measurement
		l.got = o
	}
	f, err := l.script.Feed(in, augment, o)
	f.Turns = l.turns
	return f, err
}

// TestTurns: of heads that take turns each is measured for the memory limit, none is missed before it had its turn, each line of the log
// has the last value of all, and the feed is told how many batches make an update.
func TestTurns(t *testing.T) {
	l := &taking{newScript("a", "b"), 2, data.LoaderOptions{}}
	l.step = func(s Step) {
		update, _ := s.At()
		name, of := "loss", "a"
		if r, ok := s.(*measuring); ok {
			update = len(r.asked) // which has no updates
		}
		if update%2 == 1 {
			name, of = "second", "b"
		}
		s.Minimise(name, func(t *autograd.Tape) *autograd.Var {
			return autograd.Sum(autograd.Scale(l.of(t, of), float32(update+1)))
		}, of)
	}
	run := func(accumulate int) *Run {
		r := plainRun(l.script, 4)
		r.Learner, r.Dir, r.Config.LogEvery, r.Config.Accumulate = l, t.TempDir(), 2, accumulate
		r.Warn = func(s string) { t.Errorf("said %q", s) }
		return r
	}
	r := run(0)
	start(t, r)
	lines := logged(t, r.Dir)
	if len(lines) != 2 || lines[0]["loss"] == nil || lines[0]["second"] == nil || lines[1]["loss"] == nil || lines[1]["second"] == nil {
		t.Errorf("the log has %v, want both losses in two lines", lines)
	}
	asked, err := r.measure(autograd.RecomputeNothing, 1, fewSamples)
	if err != nil || asked["loss"] == nil || asked["second"] == nil {
		t.Errorf("measured %v, %v, want both losses", asked, err)
	}
	l.turns = 4 // batches of two updates
	start(t, run(2))
	if l.got.Update != 2 {
		t.Errorf("the feed is told that %d batches make an update, want 2", l.got.Update)
	}
	l.turns = 2
	was, fits := l.at("a"), l.step
	l.step = func(s Step) {
		fits(s)
		if r, ok := s.(*measuring); ok && len(r.asked) == 2 {
			autograd.Add(autograd.Const(tensor.New(2)), autograd.Const(tensor.New(3)))
		}
	}
	r = run(0)
	if _, err := r.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), "Add") || l.at("a") != was {
		t.Errorf("a second head that does not fit: %v, and a is %g after %g", err, l.at("a"), was)
	}
	if left, _ := os.ReadDir(r.Dir); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	l.turns, l.step = 0, fits
	if asked, err := r.measure(autograd.RecomputeNothing, 1, fewSamples); err != nil || len(asked) != 1 {
		t.Errorf("without turns measured %v, %v, want one step", asked, err)
	}
}

// TestRehearse: updates with one batch move the weights as a run's updates do, and every one sees the same batch; accumulated batches and too
// few samples are refused.
func TestRehearse(t *testing.T) {
	make := func() *script {
		l := newScript("a")
		l.step = func(s Step) {
			update, _ := s.At()
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
				return autograd.Sum(autograd.Scale(autograd.Mul(l.of(t, "a"), l.of(t, "a")), float32(1+update)))
			})
			s.After(func() { l.n++ })
		}
		return l
	}
	ran, l := make(), make()
	start(t, plainRun(ran, 3))
	update, stop, err := plainRun(l, 3).Rehearse()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	n := l.n
	for range 3 {
		if err := update(); err != nil {
			t.Fatal(err)
		}
	}
	if l.at("a") != ran.at("a") || l.at("a") == 1 || l.n != n+3 {
		t.Errorf("a is %g after three rehearsed updates, %g after three of a run", l.at("a"), ran.at("a"))
	}
	r := plainRun(make(), 3)
	r.Config.Accumulate = 2
	if _, _, err := r.Rehearse(); err == nil || !strings.Contains(err.Error(), "accumulated") {
		t.Error(err)
	}
	r = plainRun(make(), 3)
	r.Config.BatchSize = 9
	if _, _, err := r.Rehearse(); err == nil || !strings.Contains(err.Error(), "fewer than a batch of 9") {
		t.Error(err)
	}
}
