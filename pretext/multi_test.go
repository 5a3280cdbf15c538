package pretext

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// stub is a task whose parts are the test's.
type stub struct {
	name   string
	n      int                                // samples
	groups func(l *stubLearner) []train.Group // nil: its number and the trunk
	step   func(l *stubLearner, s train.Step, b *stubBatch)
	wants  error
	seen   *[]data.Inputs // what it was shown, by Learner, Feed and Draw
}

type stubLearner struct {
	stub
	setup  Setup
	number layers.Value
	state  layers.Parts
}

type stubBatch struct{ rows []int }

func (t stub) Learner(s Setup) (train.Learner, error) {
	l := &stubLearner{stub: t, setup: s, number: layers.Value{Name: "number", Value: tensor.New(1).Fill(1)}}
	l.state = layers.Parts{{Name: "trunk", Stateful: s.Trunk}, {Stateful: l.number}}
	l.saw(s.Inputs)
	return l, t.wants
}

func (t stub) saw(in data.Inputs) {
	if t.seen != nil {
		*t.seen = append(*t.seen, in)
	}
}

func (l *stubLearner) Visit(prefix string, f func(layers.Param)) { l.state.Visit(prefix, f) }
func (l *stubLearner) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), {Name: "right", Predictor: "luck", Versus: "lucky"}, {Name: "lucky"}}
}
func (l *stubLearner) Groups() []train.Group {
	if l.groups != nil {
		return l.groups(l)
	}
	return train.One(l)
}
func (l *stubLearner) New(n int) *stubBatch { return &stubBatch{make([]int, n)} }
func (l *stubLearner) Fill(b *stubBatch, row, i int, _ *tensor.RNG) error {
	b.rows[row] = i
	return nil
}
func (l *stubLearner) Feed(in data.Inputs, _ bool, o data.LoaderOptions) (*train.Feed, error) {
	l.saw(in)
	o.Ordered = true
	return train.NewFeed(l.n, l, o, func(s train.Step, b *stubBatch) { l.step(l, s, b) }), nil
}
func (l *stubLearner) Draw(in data.Inputs, index []int) (image.Image, error) {
	l.saw(in)
	return image.NewRGBA(image.Rect(0, 0, 60, 10*len(index))), nil
}
func (l *stubLearner) Files() map[string]func(w io.Writer) error {
	return map[string]func(w io.Writer) error{"list.txt": func(w io.Writer) error { _, err := io.WriteString(w, l.name); return err }}
}

// alone has the stub train its number only, and step towards zero.
func alone(name string, n int) stub {
	return stub{name: name, n: n, groups: func(l *stubLearner) []train.Group {
		return []train.Group{{Name: "own", Params: []layers.Param{layers.Param(l.number)}}}
	}, step: func(l *stubLearner, s train.Step, _ *stubBatch) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(t.Param(l.number.Value)) })
	}}
}

func members(stubs ...stub) []Member {
	var out []Member
	for _, s := range stubs {
		out = append(out, Member{Name: s.name, Task: s})
	}
	return out
}

const multiSide = 16

// multiSetup is what learners of these tests are made from.
func multiSetup() (Setup, *data.Dataset) {
	d := data.NewScenes(24, multiSide, 1, data.Train).Dataset()
	trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
	if err != nil {
		panic(err)
	}
	return Setup{Trunk: trunk, Side: multiSide, Norm: data.HalfNorm, Augment: data.PlainView(multiSide), Plain: data.PlainView(multiSide),
		RNG: tensor.NewRNG(2), Inputs: d.Inputs, CacheBytes: 1 << 20}, d
}

const multiSeed = 9

func multiRun(l train.Learner, d *data.Dataset, seed uint64, steps int) *train.Run {
	return &train.Run{Learner: l, Data: d, Config: train.Config{Epochs: 1000, MaxSteps: steps, BatchSize: 4, Optimizer: "sgd", LR: 1, Schedule: "constant", LogEvery: 1, Seed: seed}}
}

func newMultiOf(t *testing.T, of string) (*multi, *data.Dataset) {
	t.Helper()
	task, err := New(of)
	if err != nil {
		t.Fatal(err)
	}
	s, d := multiSetup()
	l, err := task.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*multi), d
}

func start(t *testing.T, r *train.Run) {
	t.Helper()
	if _, err := r.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
}

// byName returns a state tree's values.
func byName(m layers.Stateful) map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range layers.State(m) {
		out[p.Name] = slices.Clone(p.Value.Data)
	}
	return out
}

// overheard is a learner whose gradients, each of its one loss, are told before an update.
type overheard struct {
	train.Learner
	tell func(p *tensor.Tensor, d []float32)
}

func (l overheard) Groups() []train.Group {
	groups := slices.Clone(l.Learner.Groups())
	for i, g := range groups {
		groups[i].Weigh = func(_ train.Step, of []train.Asked) []float32 {
			for _, p := range g.Params {
				l.tell(p.Value, of[0].Of(p.Value).Data)
			}
			return nil
		}
	}
	return groups
}

// TestTogether: an update of all tasks is, to the bit, the weighted mean of the gradients that each would have alone, from the same
// weights and views, for the trunk; and for each head its own gradient.
func TestTogether(t *testing.T) {
	for weights, share := range map[string][]float32{"": {0.5, 0.5}, "&weights=3,1": {0.75, 0.25}} {
		names := []string{"rotation", "relative-position"}
		m, d := newMultiOf(t, "multi?tasks=rotation,relative-position&schedule=together"+weights)
		before := byName(m)
		r := multiRun(m, d, multiSeed, 1)
		start(t, r)
		gradients := make([]map[string][]float32, 2)
		for k, name := range names {
			s, d := multiSetup()
			s.RNG = s.RNG.Derive(stream.Part, uint64(k))
			task, _ := New(name)
			l, err := task.Learner(s)
			if err != nil {
				t.Fatal(err)
			}
			of := map[*tensor.Tensor]string{}
			for _, p := range layers.Params(l) {
				of[p.Value] = p.Name
			}
			gradients[k] = map[string][]float32{}
			start(t, multiRun(overheard{l, func(p *tensor.Tensor, d []float32) { gradients[k][of[p]] = slices.Clone(d) }}, d, partSeed(multiSeed, k), 1))
		}
		checked, far := 0, 0.0
		for _, p := range layers.Params(m) {
			was := before[p.Name]
			if rest, ok := strings.CutPrefix(p.Name, "trunk."); ok {
				a, b := gradients[0]["trunk."+rest], gradients[1]["trunk."+rest]
				for i, v := range p.Value.Data {
					if want := was[i] - (float32(share[0]*a[i]) + float32(share[1]*b[i])); v != want {
						t.Fatalf("%s%s is %g at %d, want %g", p.Name, weights, v, i, want)
					}
					far = max(far, math.Abs(float64(a[i]-b[i])))
					checked++
				}
				continue
			}
			for k, name := range names {
				rest, ok := strings.CutPrefix(p.Name, name+".")
				for i := 0; ok && i < len(was); i++ {
					if want := was[i] - gradients[k][rest][i]; p.Value.Data[i] != want {
						t.Fatalf("%s%s is %g at %d, want %g", p.Name, weights, p.Value.Data[i], i, want)
					}
					checked++
				}
			}
		}
		if checked != layers.Size(m) || far < 1e-3 {
			t.Errorf("%d of %d values were compared; the gradients are at most %g apart", checked, layers.Size(m), far)
		}
	}
}

// telling is a step that keeps what is told, and how the trunk's losses were weighed.
type telling struct {
	train.Step
	values map[string]float64
}

func (s telling) Metric(name string, sum, count float64) {
	s.values[name] = sum / count
	s.Step.Metric(name, sum, count)
}

// asked are the gradients of an update for the trunk, by task, and what was said of them.
type asked struct {
	of      map[string]map[*tensor.Tensor][]float32
	weights map[string]float64
	told    map[string]float64
}

// watch keeps what a multi's trunk is asked in each update.
func watch(m *multi) *[]asked {
	var out []asked
	weigh := m.groups[0].Weigh
	m.groups[0].Weigh = func(s train.Step, of []train.Asked) []float32 {
		a := asked{map[string]map[*tensor.Tensor][]float32{}, map[string]float64{}, map[string]float64{}}
		w := weigh(telling{s, a.told}, of)
		for i, q := range of {
			name, _, _ := strings.Cut(q.Loss, ".")
			a.of[name], a.weights[name] = map[*tensor.Tensor][]float32{}, 1
			if w != nil {
				a.weights[name] = float64(w[i])
			}
			for _, p := range m.groups[0].Params {
				a.of[name][p.Value] = slices.Clone(q.Of(p.Value).Data)
			}
		}
		out = append(out, a)
		return w
	}
	return &out
}

// product is Σ a·b over parameters, in float64.
func product(a, b map[*tensor.Tensor][]float32, params []layers.Param) (sum float64) {
	for _, p := range params {
		for i, v := range a[p.Value] {
			sum += float64(v) * float64(b[p.Value][i])
		}
	}
	return sum
}

// checkCosines compares what was told with float64 sums, for a pair of tasks.
func checkCosines(t *testing.T, what string, m *multi, told map[string]float64, prefix string, a, b map[*tensor.Tensor][]float32) {
	t.Helper()
	params := map[string][]layers.Param{prefix: layers.Params(m.trunk)}
	for _, s := range m.trunk.Stages {
		params[prefix+"."+s.Name] = layers.Params(s.Parts)
	}
	for name, of := range params {
		want := product(a, b, of) / math.Sqrt(product(a, a, of)*product(b, b, of))
		if got, ok := told[name]; !ok || !(math.Abs(got-want) <= 1e-6) || !(math.Abs(want) > 1e-6) {
			t.Errorf("%s: %s is told as %g (%v), want %g", what, name, got, ok, want)
		}
	}
}

// TestGradNorm: the tasks' gradients of the trunk have equal norms once weighed, the mean of what they were; with weights these parts of it.
// The cosines of an update are told every so many.
func TestGradNorm(t *testing.T) {
	m, d := newMultiOf(t, "multi?tasks=rotation,byol,relative-position&schedule=gradnorm&weights=2,1,1&cosine=2&byol.hidden=8&byol.out=4")
	seen := watch(m)
	r := multiRun(m, d, multiSeed, 4)
	r.Config.LR = 0.05
	start(t, r)
	if len(*seen) != 4 {
		t.Fatalf("weighed %d times in four updates", len(*seen))
	}
	params := layers.Params(m.trunk)
	for u, a := range *seen {
		norm, inverse := map[string]float64{}, 0.0
		for name, g := range a.of {
			norm[name] = math.Sqrt(product(g, g, params))
			inverse += 1 / norm[name]
		}
		mean := 3 / inverse // harmonic: the multipliers sum to 3
		if math.Abs(norm["rotation"]/norm["byol"]-1) < 0.1 {
			t.Errorf("update %d: the norms are equal to begin with: %v", u, norm)
		}
		for name, share := range map[string]float64{"rotation": 0.5, "byol": 0.25, "relative-position": 0.25} {
			if got := a.weights[name] * norm[name]; !(math.Abs(got/(share*mean)-1) <= 1e-6) {
				t.Errorf("update %d: %s counts %g of norm %g, %g in all, want %g", u, name, a.weights[name], norm[name], got, share*mean)
			}
		}
		if u%2 == 1 {
			if len(a.told) != 0 {
				t.Errorf("update %d tells %v", u, a.told)
			}
			continue
		}
		checkCosines(t, fmt.Sprint("update ", u), m, a.told, "cosine.rotation.byol", a.of["rotation"], a.of["byol"])
		checkCosines(t, fmt.Sprint("update ", u), m, a.told, "cosine.rotation.relative-position", a.of["rotation"], a.of["relative-position"])
		checkCosines(t, fmt.Sprint("update ", u), m, a.told, "cosine.byol.relative-position", a.of["byol"], a.of["relative-position"])
		if want := 3 * (1 + len(m.trunk.Stages)); len(a.told) != want {
			t.Errorf("update %d tells %d values, want %d", u, len(a.told), want)
		}
	}
	factor := []float64{0.5, 0.5}
	x := tensor.New(1).Fill(3)
	p := []layers.Param{{Value: x}}
	equalise(factor, []gradient{func(*tensor.Tensor) *tensor.Tensor { return tensor.New(1) }, func(*tensor.Tensor) *tensor.Tensor { return x }}, p)
	if factor[0] != 0.5 || factor[1] != 0.5 {
		t.Errorf("beside a gradient of zero: factors %v", factor)
	}
}

// TestCosineOfTurns: of tasks that take turns the gradients of the next updates are compared, once all had theirs; every so many updates.
func TestCosineOfTurns(t *testing.T) {
	m, d := newMultiOf(t, "multi?tasks=rotation,relative-position&schedule=weighted&weights=1,2&cosine=4")
	if fmt.Sprint(m.turns) != "[0 1 1]" {
		t.Fatalf("turns %v", m.turns)
	}
	seen := watch(m)
	r := multiRun(m, d, multiSeed, 9)
	r.Config.LR = 0.05
	start(t, r)
	for u, a := range *seen { // 0: R, 1: P, 2: P, 3: R, 4: P, 5: P, 6: R, 7: P, 8: P; from 0 R and P, from 4 P and the next R, from 8 P alone
		if len(a.of) != 1 {
			t.Errorf("update %d is of %d tasks", u, len(a.of))
		}
		switch u {
		case 1:
			checkCosines(t, "updates 0 and 1", m, a.told, "cosine", (*seen)[0].of["rotation"], a.of["relative-position"])
		case 6:
			checkCosines(t, "updates 4 and 6", m, a.told, "cosine", (*seen)[4].of["relative-position"], a.of["rotation"])
		default:
			if len(a.told) != 0 {
				t.Errorf("update %d tells %v", u, a.told)
			}
		}
		for name, w := range a.weights {
			if w != 1 {
				t.Errorf("update %d: %s counts %g", u, name, w)
			}
		}
	}
	never, d := newMultiOf(t, "multi?cosine=0")
	seen = watch(never)
	start(t, multiRun(never, d, multiSeed, 2))
	if n := len((*seen)[0].told) + len((*seen)[1].told); n != 0 {
		t.Errorf("cosine=0 tells %d values", n)
	}
}

// TestRoundRobin: beside a task that leaves the trunk alone, a task at every second update learns what it learns alone, to the bit.
func TestRoundRobin(t *testing.T) {
	other := alone("other", 24)
	s, d := multiSetup()
	l, err := Multi{Tasks: []Member{{Name: "rotation", Task: Rotation{}}, {Name: "other", Task: other}}}.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	run := func(l train.Learner, seed uint64, steps int) {
		r := multiRun(l, d, seed, steps)
		r.Config.Optimizer, r.Config.Momentum, r.Config.LR, r.Config.WeightDecay = "nesterov", 0.9, 0.1, 1e-3
		start(t, r)
	}
	run(l, multiSeed, 14) // of each more than the six steps of a pass
	s, _ = multiSetup()
	s.RNG = s.RNG.Derive(stream.Part, 0)
	by, err := Rotation{}.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	begun := byName(by)
	run(by, partSeed(multiSeed, 0), 7)
	got, moved := byName(l), 0
	for name, want := range byName(by) {
		of := name
		if !strings.HasPrefix(name, "trunk.") {
			of = "rotation." + name
		}
		if !slices.Equal(got[of], want) {
			t.Errorf("%s differs from what the task learns alone", of)
		}
		if !slices.Equal(want, begun[name]) {
			moved++
		}
	}
	if moved != len(begun) {
		t.Errorf("%d of %d tensors moved", moved, len(begun))
	}
	if n := got["other.number"][0]; n >= 1-7*0.1 {
		t.Errorf("the other task's number is %g after seven steps", n)
	}
	if len(got) != len(begun)+1 {
		t.Errorf("the state has %d tensors, want %d", len(got), len(begun)+1)
	}
}

// fed is a multi of stubs that write down what they are fed.
func fed(t *testing.T, task Multi, n []int) (*multi, *[]string) {
	t.Helper()
	var log []string
	for k, size := range n {
		s := alone(string(rune('a'+k)), size)
		s.step = func(l *stubLearner, s train.Step, b *stubBatch) { log = append(log, fmt.Sprint(l.name, b.rows)) }
		task.Tasks = append(task.Tasks, Member{Name: s.name, Task: s})
	}
	setup, _ := multiSetup()
	l, err := task.Learner(setup)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*multi), &log
}

// take runs the steps of an epoch.
func take(t *testing.T, f *train.Feed, log *[]string, epoch, from int) []string {
	t.Helper()
	*log = nil
	for step := range f.Epoch(epoch, from) {
		step(&pairStep{values: map[string]float64{}})
	}
	if f.Err() != nil {
		t.Fatal(f.Err())
	}
	return slices.Clone(*log)
}

// TestMultiFeed: who is fed what, by schedule and by how many batches make an update; an epoch is a pass of the rarest task, the others go
// on where they were; wherever an epoch is entered the rest of it is the same.
func TestMultiFeed(t *testing.T) {
	for _, c := range []struct {
		task                          Multi
		n                             []int
		update, turns, total, samples int
		want                          string // epoch after epoch
	}{
		{Multi{}, []int{4, 4}, 1, 2, 8, 2, "a[0 1] b[0 1] a[2 3] b[2 3] | a[0 1] b[0 1] a[2 3] b[2 3]"},
		{Multi{}, []int{4, 2, 4}, 0, 3, 10, 2, "a[0 1] b[0 1] c[0 1] a[2 3] b[0 1] c[2 3] | a[0 1] b[0 1] c[0 1] a[2 3] b[0 1] c[2 3]"},
		{Multi{}, []int{8, 8}, 2, 4, 16, 2, "a[0 1] a[2 3] b[0 1] b[2 3] a[4 5] a[6 7] b[4 5] b[6 7] | a[0 1] a[2 3] b[0 1] b[2 3] a[4 5] a[6 7] b[4 5] b[6 7]"},
		{Multi{}, []int{6, 6}, 2, 4, 12, 2, "a[0 1] a[2 3] b[0 1] b[2 3] | a[4 5] a[0 1] b[4 5] b[0 1]"},
		{Multi{Schedule: "weighted", Weights: []int{6, 2}}, []int{4, 4}, 1, 2, 8, 2,
			"a[0 1] b[0 1] a[2 3] a[0 1] a[2 3] b[2 3] a[0 1] a[2 3] | a[0 1] b[0 1] a[2 3] a[0 1] a[2 3] b[2 3] a[0 1] a[2 3]"},
		{Multi{Schedule: "weighted", Weights: []int{2, 3}}, []int{2, 4}, 1, 2, 6, 2, "a[0 1] b[0 1] b[2 3] a[0 1] b[0 1] | a[0 1] b[2 3] b[0 1] a[0 1] b[2 3]"},
		{Multi{Schedule: "together"}, []int{4, 4}, 1, 1, 8, 4, "a[0 1] b[0 1] a[2 3] b[2 3] | a[0 1] b[0 1] a[2 3] b[2 3]"},
		{Multi{Schedule: "gradnorm"}, []int{6, 6}, 2, 1, 12, 4, "a[0 1] b[0 1] a[2 3] b[2 3] a[4 5] b[4 5] | a[0 1] b[0 1] a[2 3] b[2 3] a[4 5] b[4 5]"},
	} {
		what := fmt.Sprintf("%+v of %v, %d an update", c.task, c.n, c.update)
		m, log := fed(t, c.task, c.n)
		f, err := m.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 2, Update: c.update})
		if err != nil {
			t.Fatal(err)
		}
		var epochs []string
		for epoch := range 2 {
			whole := take(t, f, log, epoch, 0)
			epochs = append(epochs, strings.Join(whole, " "))
			each := len(whole) / f.Steps
			for from := 1; from <= f.Steps; from++ {
				if rest := take(t, f, log, epoch, from); !slices.Equal(rest, whole[from*each:]) {
					t.Errorf("%s: epoch %d from step %d on is %v, of %v", what, epoch, from, rest, whole)
				}
			}
		}
		if got := strings.Join(epochs, " | "); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", what, got, c.want)
		}
		if f.Turns != c.turns || f.Total != c.total || f.Samples != c.samples || f.Ahead == 0 {
			t.Errorf("%s: %d turns, %d in all, %d in a step, %d ahead", what, f.Turns, f.Total, f.Samples, f.Ahead)
		}
		if f.Bytes() <= 0 {
			t.Errorf("%s: samples take %d bytes", what, f.Bytes())
		}
	}
	for _, schedule := range []string{"", "together"} {
		m, log := fed(t, Multi{Schedule: schedule}, []int{5, 3})
		look, err := m.Feed(data.Inputs{}, false, data.LoaderOptions{BatchSize: 2, KeepLast: true, Update: 7})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(take(t, look, log, 0, 0), " "); got != "a[0 1] b[0 1] a[2 3] b[2] a[4]" || look.Steps != 3 || look.Samples != 4 || look.Total != 8 {
			t.Errorf("%q, looked at: %s, %+v", schedule, got, look)
		}
		for batch, n := range map[int]int{4: 0, 3: 0, 2: 1} { // fewer than a batch, or two of them, of the second task
			f, err := m.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: batch, Update: 2})
			if err != nil || batch == 4 && f.Steps != n {
				t.Errorf("%q: batches of %d make %d steps, %v", schedule, batch, f.Steps, err)
			}
		}
	}
	m, _ := fed(t, Multi{}, []int{3, 3})
	if f, err := m.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 2, Update: 2}); err != nil || f.Steps/2 != 0 {
		t.Errorf("with less than an update in each task there are %d steps, %v", f.Steps, err)
	}
}

// TestMultiBroken: a sample that no task can read is told of and counted once; more than may be broken end the epoch, and say why.
func TestMultiBroken(t *testing.T) {
	s, _ := multiSetup()
	l, err := Multi{Tasks: []Member{{Name: "rotation", Task: Rotation{}}, {Name: "byol", Task: BYOL{Hidden: 4, Out: 2, MinArea: 0.5, Blur: "no"}}}}.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	in := data.Inputs{Images: tornImages{s.Inputs.Images, 3}}
	told := map[int]int{}
	f, err := l.Feed(in, true, data.LoaderOptions{BatchSize: 4, Workers: 1, MaxBad: 0.1, Bad: func(i int, err error) { told[i]++ }})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range f.Epoch(0, 0) {
		n++
	}
	if f.Err() != nil || n != f.Steps || n != 12 || fmt.Sprint(told) != "map[3:1]" || f.Bad() != 1 {
		t.Errorf("%d of %d steps, told %v, %d bad, %v", n, f.Steps, told, f.Bad(), f.Err())
	}
	f, err = l.Feed(in, true, data.LoaderOptions{BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	n = 0
	for range f.Epoch(0, 0) {
		n++
	}
	if !errors.Is(f.Err(), data.ErrTooManyBad) || n >= f.Steps {
		t.Errorf("where none may be broken: %d steps of %d, %v", n, f.Steps, f.Err())
	}
}

// tornImages have one that cannot be read.
type tornImages struct {
	data.Images
	torn int
}

func (i tornImages) Image(k int) (*data.Image, error) {
	if k == i.torn {
		return nil, errors.New("torn")
	}
	return i.Images.Image(k)
}

// TestMultiOptions: each task gets its own options, in the order that was said; what cannot be is refused in a sentence.
func TestMultiOptions(t *testing.T) {
	task, err := New("multi?tasks=jigsaw,rotation&jigsaw.set=50&jigsaw.grid=3&rotation.set=0,180&schedule=weighted&weights=3,1&harmonise=yes&cosine=0")
	if err != nil {
		t.Fatal(err)
	}
	m := task.(Multi)
	if j := m.Tasks[0].Task.(Jigsaw); m.Tasks[0].Name != "jigsaw" || j.Set != 50 || j.Grid != 3 {
		t.Errorf("the first task is %+v", m.Tasks[0])
	}
	if r := m.Tasks[1].Task.(Rotation); m.Tasks[1].Name != "rotation" || len(r.Degrees) != 2 {
		t.Errorf("the second task is %+v", m.Tasks[1])
	}
	if m.Schedule != "weighted" || fmt.Sprint(m.Weights) != "[3 1]" || !m.Harmonise || m.Cosine != -1 || len(m.Tasks) != 2 {
		t.Errorf("%+v", m)
	}
	if m.Tasks[0].ShowsGrey || m.Tasks[1].ShowsGrey {
		t.Error("tasks that show colours are taken for others")
	}
	task, err = New("multi")
	if m := task.(Multi); !m.Tasks[1].ShowsGrey {
		t.Error("harmonising would take away the colours that are asked for")
	}
	if m := task.(Multi); err != nil || len(m.Tasks) != 2 || m.Tasks[0].Name+","+m.Tasks[1].Name != usualTasks || m.Schedule != usualSchedule || m.Harmonise || m.Cosine != 10 || m.Weights != nil {
		t.Errorf("without options %+v, %v", m, err)
	}
	for of, want := range map[string]string{
		"multi?tasks=rotation":                      "task multi: want two tasks or more on the trunk; one alone needs no multi",
		"multi?tasks=":                              "there is no task \"\"",
		"multi?tasks=rotation,rotation":             "\"rotation\" is there twice",
		"multi?tasks=rotation,sorting":              "task multi: there is no task \"sorting\"; there are ",
		"multi?tasks=rotation,multi":                "multi is not one of its own tasks",
		"multi?tasks=rotation,jigsaw&jigsaw.sets=5": "task multi: task jigsaw: there is no option \"sets\"; options: grid",
		"multi?tasks=rotation,jigsaw&jigsaw.set=1":  "task jigsaw: option set=1: want a whole number",
		"multi?tasks=rotation,jigsaw&byol.out=5":    "task multi: option byol.out: \"byol\" is not among rotation, jigsaw",
		"multi?tasks=rotation,jigsaw&set=5":         "task multi: there is no option \"set\"",
		"multi?schedule=often":                      "option schedule=often, want round-robin, weighted, together or gradnorm",
		"multi?schedule=weighted":                   "schedule weighted wants weights, one for each of 2 tasks",
		"multi?weights=1,2":                         "weights are for the others",
		"multi?schedule=weighted&weights=1":         "1 weights for 2 tasks",
		"multi?schedule=weighted&weights=1,x":       "option weights=1,x: want whole numbers",
		"multi?schedule=together&weights=0,1":       "a weight of 0, want a whole number from 1 to 100",
		"multi?schedule=together&weights=1,101":     "a weight of 101",
		"multi?harmonise=some":                      "option harmonise=some, want yes or no",
		"multi?cosine=-1":                           "option cosine=-1",
		"multi:path":                                "it takes no path",
	} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	if Tell("multi").OwnViews || Tell("multi?tasks=rotation,jigsaw").OwnViews || !Tell("multi?tasks=byol,jigsaw").OwnViews {
		t.Error("it has views of its own where all of its tasks have")
	}
	var off []string
	for _, d := range Tell("multi?tasks=rotation,jigsaw,context-encoder&jigsaw.set=50").Defences {
		off = append(off, d.Name+": "+d.Off)
		if _, err := New("multi?tasks=rotation,jigsaw,context-encoder&" + d.Off); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(off, ", "); got != "jigsaw.gap: jigsaw.gap=0, jigsaw.colour: jigsaw.grey=0&jigsaw.shift=0, jigsaw.standard: jigsaw.standard=no, context-encoder.overlap: context-encoder.overlap=0" {
		t.Errorf("defences %s", got)
	}
	if Tell("nothing").Line != "" || Tell("a?%zz").Line != "" || Tell("rotation?set=8").Line != rotationAbout.Line {
		t.Error("what is told of a task is another's")
	}
}

// TestMultiRefuses: what cannot share a trunk is said in a sentence, before anything is trained.
func TestMultiRefuses(t *testing.T) {
	grouped := func(name string, groups func(l *stubLearner) []train.Group) stub {
		return stub{name: name, n: 4, groups: groups}
	}
	whole := func(l *stubLearner) []layers.Param { return layers.Params(l) }
	plain := grouped("plain", nil)
	for what, c := range map[string]struct {
		task Multi
		want string
	}{
		"no tasks":    {Multi{}, "want two tasks or more"},
		"a dot":       {Multi{Tasks: []Member{{Name: "a.b", Task: plain}, {Name: "c", Task: plain}}}, `"a.b"`},
		"no task":     {Multi{Tasks: []Member{{Name: "a"}, {Name: "c", Task: plain}}}, `"a"`},
		"a schedule":  {Multi{Tasks: members(plain, alone("b", 4)), Schedule: "often"}, `there is no schedule "often"`},
		"a task's no": {Multi{Tasks: members(plain, stub{name: "b", wants: errors.New("the trunk is too deep for b")})}, "task multi: the trunk is too deep for b"},
		"two rates": {Multi{Tasks: members(plain, grouped("b", func(l *stubLearner) []train.Group {
			return []train.Group{{Name: "all", Params: whole(l), Rate: 2}}
		}))}, "tasks plain and b train the trunk at different rates"},
		"a part of the trunk": {Multi{Tasks: members(plain, grouped("b", func(l *stubLearner) []train.Group {
			return []train.Group{{Name: "first", Params: whole(l)[:2]}, {Name: "rest", Params: whole(l)[2:]}}
		}))}, "task b trains parts of the trunk apart"},
		"weights of its own": {Multi{Tasks: members(plain, grouped("b", func(l *stubLearner) []train.Group {
			return []train.Group{{Name: "all", Params: whole(l), Weigh: func(train.Step, []train.Asked) []float32 { return nil }}}
		}))}, "task b weighs its losses"},
	} {
		s, _ := multiSetup()
		if _, err := c.task.Learner(s); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "task multi: ") {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	s, d := multiSetup()
	s.Trunk, _ = layers.NewTrunk("alexnet", tensor.NewRNG(1), 3)
	l, err := Multi{Tasks: []Member{{Name: "other", Task: alone("other", 24)}, {Name: "rotation", Task: Rotation{}}}}.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	before := byName(l)["other.number"][0]
	_, err = multiRun(l, d, multiSeed, 4).Start(context.Background(), false)
	if err == nil || !strings.Contains(err.Error(), "in rotation.trunk.") || byName(l)["other.number"][0] != before {
		t.Errorf("pictures that are too small for the trunk: %v, and the other task has learned: %v", err, byName(l)["other.number"][0] != before)
	}
}

// TestMultiState: the trunk is there once, where an evaluation looks for it; what else a task has is below its name, and so are its groups,
// with their rates, its metrics and its files.
func TestMultiState(t *testing.T) {
	m, _ := newMultiOf(t, "multi?tasks=jigsaw,context-encoder,byol&schedule=together")
	count := map[*tensor.Tensor]string{}
	kinds := map[string]int{}
	for _, p := range layers.State(m) {
		if other := count[p.Value]; other != "" {
			t.Errorf("%s and %s are the same", p.Name, other)
		}
		count[p.Value] = p.Name
		first, rest, _ := strings.Cut(p.Name, ".")
		second, _, _ := strings.Cut(rest, ".")
		if first == "trunk" {
			second = ""
		}
		kinds[first+"."+second]++
	}
	if kinds["trunk."] != len(layers.State(m.trunk)) ||
		kinds["jigsaw.permutations"] != 1 || kinds["context-encoder.discriminator"] == 0 || kinds["byol.teacher"] <= kinds["trunk."] || kinds["byol.trunk"]+kinds["jigsaw.trunk"] != 0 {
		t.Errorf("the state has %v", kinds)
	}
	var groups []string
	owned := 0
	for _, g := range m.Groups() {
		groups = append(groups, fmt.Sprint(g.Name, " ", g.Rate))
		owned += len(g.Params)
		for _, p := range g.Params {
			if count[p.Value] != p.Name {
				t.Errorf("group %s calls %s %s", g.Name, count[p.Value], p.Name)
			}
		}
	}
	if got := strings.Join(groups, ", "); got != "trunk 0, jigsaw.all 0, context-encoder.painter 0, context-encoder.discriminator 0.1, byol.all 0" || owned != len(layers.Params(m)) {
		t.Errorf("groups %s of %d tensors, want %d", got, owned, len(layers.Params(m)))
	}
	if got := fmt.Sprint(m.parts[1].named(nil), m.parts[1].named([]string{"discriminator"}), m.parts[1].named([]string{"painter"}), m.parts[1].named([]string{"x"})); got !=
		"[context-encoder.painter trunk context-encoder.discriminator] [context-encoder.discriminator] [context-encoder.painter trunk] [context-encoder.x]" {
		t.Errorf("the groups of a task are called %s", got)
	}
	ms := m.Metrics()
	i := slices.IndexFunc(ms, func(m metric.Metric) bool { return m.Predictor != "" })
	if ms[0].Name != "jigsaw.loss" || ms[i].Name != "jigsaw.accuracy" {
		t.Errorf("the headline is %s, behind %s", ms[i].Name, ms[0].Name)
	}
	cosines := 0
	for _, q := range ms {
		if q.Versus != "" && !slices.ContainsFunc(ms, func(o metric.Metric) bool { return o.Name == q.Versus }) {
			t.Errorf("%s is seen against %s, which nobody tells", q.Name, q.Versus)
		}
		if strings.HasPrefix(q.Name, "cosine.") != q.OnlyTrained {
			t.Errorf("%+v", q)
		} else if q.OnlyTrained {
			if cosines++; q.Detail != strings.Contains(q.Name, ".conv") {
				t.Errorf("%+v", q)
			}
		}
	}
	if cosines != 3*5 || ms[len(ms)-1].Name != "cosine.context-encoder.byol.conv4" {
		t.Errorf("%d cosines, the last is %s", cosines, ms[len(ms)-1].Name)
	}
	var b strings.Builder
	if files := m.Files(); len(files) != 1 || files["jigsaw.permutations.txt"](&b) != nil || strings.Count(b.String(), "\n") != 24 {
		t.Errorf("files %v, %q", m.Files(), b.String())
	}
	one, _ := fed(t, Multi{}, []int{4, 4})
	if ms := one.Metrics(); len(ms) != 6 || ms[4].Versus != "b.lucky" {
		t.Errorf("of tasks that leave the trunk alone %+v", ms)
	}
}

// TestHarmonise: every task is shown grey pictures, by Learner, Feed and Draw, but one that shows grey itself; without it nobody is.
func TestHarmonise(t *testing.T) {
	grey := func(in data.Inputs) bool {
		im, err := in.Images.Image(1)
		if err != nil {
			t.Fatal(err)
		}
		for p := 0; p < len(im.Pix); p += 3 {
			if im.Pix[p] != im.Pix[p+1] || im.Pix[p] != im.Pix[p+2] {
				return false
			}
		}
		return true
	}
	for _, harmonise := range []bool{true, false} {
		var a, b []data.Inputs
		first, second := alone("a", 4), alone("b", 4)
		first.seen, second.seen = &a, &b
		s, d := multiSetup()
		l, err := Multi{Harmonise: harmonise, Tasks: []Member{{Name: "a", Task: first}, {Name: "b", Task: second, ShowsGrey: true}}}.Learner(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Feed(d.Inputs, true, data.LoaderOptions{BatchSize: 2}); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Draw(d.Inputs, []int{0}); err != nil {
			t.Fatal(err)
		}
		if len(a) != 3 || len(b) != 3 {
			t.Fatalf("shown %d and %d times", len(a), len(b))
		}
		for i := range a {
			if grey(a[i]) != harmonise || grey(b[i]) {
				t.Errorf("harmonise %v, call %d: grey %v, and %v of a task that shows grey itself", harmonise, i, grey(a[i]), grey(b[i]))
			}
		}
	}
}

// TestMultiDraw: each task's picture stands below its name, one below the other.
func TestMultiDraw(t *testing.T) {
	m, _ := fed(t, Multi{}, []int{4, 4})
	_, d := multiSetup()
	im, err := m.Draw(d.Inputs, []int{0, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	const head = canvas.TextHeight + 10
	if got := im.Bounds().Size(); got != image.Pt(60, 2*(head+30)+8) {
		t.Errorf("the picture is %v", got)
	}
	for _, y := range []int{0, head + 30 + 8} {
		if got := im.At(59, y); got != canvas.Ink {
			t.Errorf("the line of a name is %v", got)
		}
		if _, _, _, alpha := im.At(5, y+head+1).RGBA(); alpha != 0 {
			t.Errorf("what stands below it is not the task's picture")
		}
	}
	white := 0
	for x := range 60 {
		for y := range head {
			if r, g, b, _ := im.At(x, y).RGBA(); r+g+b == 3*0xffff {
				white++
			}
		}
	}
	if white == 0 {
		t.Error("there is no name")
	}
}

// TestAs: what one of the tasks can do is found, of the first that can, unless it learned from grey pictures; of other learners it is their own.
func TestAs(t *testing.T) {
	m, d := newMultiOf(t, "multi?tasks=rotation,jigsaw,relative-position")
	tower, ok := As[Tower](m)
	if j, is := tower.(*jigsaw); !ok || !is || j != m.parts[1].Learner {
		t.Errorf("the first tower is %T, %v", tower, ok)
	}
	if _, err := tower.Tower(d.Inputs); err != nil {
		t.Error(err)
	}
	if _, ok := As[interface{ Nobody() }](m); ok {
		t.Error("somebody can what nobody can")
	}
	if l, ok := As[Tower](m.parts[2].Learner); !ok || l.(train.Learner) != m.parts[2].Learner {
		t.Errorf("a tower is %T, %v", l, ok)
	}
	if _, ok := As[Tower](m.parts[0].Learner); ok {
		t.Error("rotation is a tower")
	}
	grey, _ := newMultiOf(t, "multi?tasks=rotation,jigsaw&harmonise=yes")
	if _, ok := As[Tower](grey); ok {
		t.Error("a tower that learned from grey pictures is given colours")
	}
}
