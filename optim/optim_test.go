package optim

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// gradient returns Gradients in which w has gradient g.
func gradient(tape *autograd.Tape, w, g *tensor.Tensor) *autograd.Gradients {
	return tape.BackwardFrom(autograd.Scale(tape.Param(w), 1), g)
}

// TestPyTorch compares five steps of each rule, and the schedules, with PyTorch's: testdata/optim.json, made by optim.py.
func TestPyTorch(t *testing.T) {
	var want struct {
		Weights map[string][]float64
		LR      map[string][]float64
	}
	golden.Load(t, "testdata/optim.json", &want)
	for name, w := range want.Weights {
		x := tensor.New(4, 3)
		golden.Fill(x.Data, "w", 1)
		params := []layers.Param{{Name: "w", Value: x}}
		o, err := New(name, params, 0.9, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		tape := autograd.NewTape(nil)
		for s := range 5 {
			g := tensor.New(4, 3)
			golden.Fill(g.Data, fmt.Sprint("g", s), 1)
			o.Step(gradient(tape, x, g), 0.1)
			tape.Reset()
		}
		for i, v := range x.Data {
			if !(math.Abs(float64(v)-w[i]) <= 1e-6*math.Max(2, math.Abs(w[i]))) { // what is no number is not near
				t.Errorf("%s: weight %d is %g, PyTorch's %g", name, i, v, w[i])
			}
		}
	}
	for name, s := range map[string]Schedule{"cosine": Cosine(0.5, 20), "onecycle": OneCycle(0.5, 20), "poly": Polynomial(0.5, 20, 2), "steps": Steps(0.5, 0.2, 5, 12)} {
		if len(want.LR[name]) != 20 {
			t.Fatalf("no reference for %s", name)
		}
		for i, w := range want.LR[name] {
			if !(math.Abs(float64(s(i))-w) <= 1e-6) {
				t.Errorf("%s at step %d: %g, PyTorch %g", name, i, s(i), w)
			}
		}
	}
}

// TestDINOsWay: a weight decay that a schedule moves, and gradients that are clipped one by one, as PyTorch and DINO's program have them.
func TestDINOsWay(t *testing.T) {
	var want struct {
		Decays  []float64
		Decayed map[string][]float64
		Clipped [][]float64
	}
	golden.Load(t, "testdata/optim.json", &want)
	if len(want.Decays) != 5 || len(want.Decayed) != 2 || len(want.Clipped) != 2 {
		t.Fatalf("the reference has %d decays, %d rules, %d gradients", len(want.Decays), len(want.Decayed), len(want.Clipped))
	}
	near := func(what string, got []float32, want []float64) {
		t.Helper()
		for i, v := range got {
			if !(math.Abs(float64(v)-want[i]) <= 1e-6*math.Max(2, math.Abs(want[i]))) {
				t.Errorf("%s: value %d is %g, want %g", what, i, v, want[i])
			}
		}
	}
	decay := CosineTo(0.04, 0.4, 5)
	for s, w := range want.Decays {
		near("decay", []float32{decay(s)}, []float64{w})
	}
	tape := autograd.NewTape(nil)
	for name, w := range want.Decayed {
		x := tensor.New(4, 3)
		golden.Fill(x.Data, "w", 1)
		o, err := New(name, []layers.Param{{Name: "w", Value: x}}, 0.9, 0.04)
		if err != nil {
			t.Fatal(err)
		}
		for s := range 5 {
			g := tensor.New(4, 3)
			golden.Fill(g.Data, fmt.Sprint("g", s), 1)
			o.Decay(decay(s))
			o.Step(gradient(tape, x, g), 0.1)
			tape.Reset()
		}
		near(name, x.Data, w)
	}
	a, b := tensor.New(4, 3), tensor.New(2)
	da, db := tensor.New(4, 3), tensor.New(2)
	golden.Fill(da.Data, "g0", 1)
	golden.Fill(db.Data, "g1", 0.01)
	g := tape.Backward(autograd.Add(autograd.Sum(autograd.Mul(tape.Param(a), tape.Input(da))), autograd.Sum(autograd.Mul(tape.Param(b), tape.Input(db)))))
	ClipEach(g, 0.5)
	near("clipped", g.Of(a).Data, want.Clipped[0])
	near("left", g.Of(b).Data, want.Clipped[1])
	if up := LinearTo(1, 3, 4); up(0) != 1 || up(1) != 1.5 || up(4) != 3 || up(9) != 3 {
		t.Errorf("a line from 1 to 3 over 4 steps: %g, %g, %g, %g", up(0), up(1), up(4), up(9))
	}
}

// TestLARSandLAMB compares one step with the papers' formulas in float64.
func TestLARSandLAMB(t *testing.T) {
	w0, g := tensor.New(5, 4), tensor.New(5, 4)
	golden.Fill(w0.Data, "w", 1)
	golden.Fill(g.Data, "g", 1)
	norm := func(f func(i int) float64) float64 {
		s := 0.0
		for i := range w0.Data {
			s += f(i) * f(i)
		}
		return math.Sqrt(s)
	}
	wn := norm(func(i int) float64 { return float64(w0.Data[i]) })
	gn := norm(func(i int) float64 { return float64(g.Data[i]) })
	adam := func(i int) float64 {
		return float64(g.Data[i])/(math.Abs(float64(g.Data[i]))+1e-8) + 0.3*float64(w0.Data[i])
	}
	an := norm(adam)
	for name, want := range map[string]func(i int) float64{
		"lars?trust=0.5": func(i int) float64 {
			return float64(w0.Data[i]) - 0.1*0.5*wn/(gn+0.3*wn)*(float64(g.Data[i])+0.3*float64(w0.Data[i]))
		},
		"lamb": func(i int) float64 { return float64(w0.Data[i]) - 0.1*wn/an*adam(i) },
	} {
		w := w0.Clone()
		o, err := New(name, []layers.Param{{Name: "w", Value: w}}, 0.9, 0.3)
		if err != nil {
			t.Fatal(err)
		}
		o.Step(gradient(autograd.NewTape(nil), w, g), 0.1)
		for i, v := range w.Data {
			if !(math.Abs(float64(v)-want(i)) <= 1e-6) {
				t.Errorf("%s: weight %d is %g, want %g", name, i, v, want(i))
			}
		}
	}
}

// TestDecayGroups: biases and norms have no weight decay unless asked.
func TestDecayGroups(t *testing.T) {
	for _, all := range []bool{false, true} {
		w, b := tensor.New(2).Fill(1), tensor.New(2).Fill(1)
		o := NewSGD([]layers.Param{{Name: "w", Value: w, Kind: layers.Weight}, {Name: "b", Value: b, Kind: layers.Vector}}, SGDOptions{WeightDecay: 0.5, DecayAll: all})
		tape := autograd.NewTape(nil)
		zero := autograd.Sum(autograd.Scale(autograd.Add(tape.Param(w), tape.Param(b)), 0))
		o.Step(tape.Backward(zero), 1)
		if w.Data[0] != 0.5 || (b.Data[0] == 0.5) != all {
			t.Errorf("DecayAll %v: weight %g, bias %g", all, w.Data[0], b.Data[0])
		}
	}
}

func TestClipAndEMA(t *testing.T) {
	w := tensor.New(2)
	g := gradient(autograd.NewTape(nil), w, tensor.From([]float32{3, 4}, 2))
	if n := ClipNorm(g, 1); !(math.Abs(n-5) <= 1e-6) || !(math.Abs(g.Norm()-1) <= 1e-6) {
		t.Errorf("norm %g, after clipping %g", n, g.Norm())
	}
	stat := tensor.New(1)
	student := layers.Parts{{Name: "", Stateful: layers.Value{Name: "w", Value: w}}, {Name: "", Stateful: layers.Value{Name: "mean", Value: stat, Kind: layers.Buffer}}}
	teacher := layers.Parts{{Name: "", Stateful: layers.Value{Name: "w", Value: tensor.New(2).Fill(7)}}, {Name: "", Stateful: layers.Value{Name: "mean", Value: tensor.New(1), Kind: layers.Buffer}}}
	e, err := NewEMA(layers.Frozen{Stateful: teacher}, student)
	if err != nil || layers.State(teacher)[0].Value.Data[0] != 0 {
		t.Fatalf("the teacher does not begin as the student: %v", err)
	}
	w.Fill(1)
	stat.Fill(1)
	e.Update(0.9)
	for i, want := range []float64{0.1, 0} { // running statistics are not averaged
		if v := layers.State(teacher)[i].Value.Data[0]; !(math.Abs(float64(v)-want) <= 1e-7) {
			t.Errorf("tensor %d of the teacher is %g, want %g", i, v, want)
		}
	}
	if _, err := NewEMA(layers.Value{Name: "other", Value: w}, student); err == nil {
		t.Error("a teacher of another shape must be an error")
	}
}

// TestNothingToScaleBy: where a norm is zero, LARS and LAMB take the plain step; where there is hardly a gradient, Adagrad a short one.
func TestNothingToScaleBy(t *testing.T) {
	for _, c := range []struct {
		name           string
		w, g, wd, want float32
	}{{"lars", 0, 0.5, 0.1, -0.05}, {"lars", 1, 0, 0.1, 1 - 0.1*0.1}, {"lamb", 0, 0.5, 0.1, -0.1}, {"lamb", 1, 0, 0, 1}, {"adagrad", 1, 1e-10, 0, 1 - 0.1/2}} {
		w := tensor.New(1).Fill(c.w)
		o, _ := New(c.name, []layers.Param{{Name: "w", Value: w}}, 0, c.wd)
		o.Step(gradient(autograd.NewTape(nil), w, tensor.New(1).Fill(c.g)), 0.1)
		if !(math.Abs(float64(w.Data[0]-c.want)) <= 1e-7) {
			t.Errorf("%s takes %g with gradient %g to %g, want %g", c.name, c.w, c.g, w.Data[0], c.want)
		}
	}
}

// TestOptions: New's options are those of the rule, each of which changes what it does; zeros mean the usual values; decay=all is for
// biases.
func TestOptions(t *testing.T) {
	type maker func(p []layers.Param) Optimizer
	by := func(name string) maker {
		return func(p []layers.Param) Optimizer {
			o, err := New(name, p, 0.9, 0.1)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
	}
	walk := func(m maker) [2]float32 {
		w, b := tensor.New(1).Fill(1), tensor.New(1).Fill(1)
		o := m([]layers.Param{{Name: "w", Value: w}, {Name: "b", Value: b, Kind: layers.Vector}})
		for _, g := range []float32{0.5, -0.2, 0.1} {
			tape := autograd.NewTape(nil)
			o.Step(tape.Backward(autograd.Scale(autograd.Sum(autograd.Add(tape.Param(w), tape.Param(b))), g)), 0.1)
		}
		return [2]float32{w.Data[0], b.Data[0]}
	}
	adam := func(make func([]layers.Param, AdamOptions) Optimizer, b1, b2, eps float32) maker {
		return func(p []layers.Param) Optimizer {
			return make(p, AdamOptions{Beta1: b1, Beta2: b2, Eps: eps, WeightDecay: 0.1})
		}
	}
	rms := func(alpha, eps float32) maker {
		return func(p []layers.Param) Optimizer {
			return NewRMSprop(p, RMSpropOptions{Alpha: alpha, Eps: eps, Momentum: 0.9, WeightDecay: 0.1})
		}
	}
	lars := func(trust float32) maker {
		return func(p []layers.Param) Optimizer {
			return NewLARS(p, LARSOptions{Momentum: 0.9, Trust: trust, WeightDecay: 0.1})
		}
	}
	for name, rule := range map[string]maker{
		"adam": adam(NewAdam, 0, 0, 0), "adam?beta1=0.5": adam(NewAdam, 0.5, 0, 0), "adam?beta2=0.9": adam(NewAdam, 0, 0.9, 0), "adam?eps=0.1": adam(NewAdam, 0, 0, 0.1),
		"adamw": adam(NewAdamW, 0, 0, 0), "adamw?beta1=0.5": adam(NewAdamW, 0.5, 0, 0), "lamb": adam(NewLAMB, 0, 0, 0), "lamb?beta2=0.9": adam(NewLAMB, 0, 0.9, 0),
		"rmsprop": rms(0, 0), "rmsprop?alpha=0.5": rms(0.5, 0), "rmsprop?eps=0.1": rms(0, 0.1), "lars": lars(0), "lars?trust=0.1": lars(0.1),
	} {
		got := walk(by(name))
		if want := walk(rule); got != want {
			t.Errorf("%s goes to %g, the rule to %g", name, got, want)
		}
		if kind, _, more := strings.Cut(name, "?"); more && got == walk(by(kind)) {
			t.Errorf("%s goes where %s goes: %g", name, kind, got)
		}
	}
	for _, name := range Names() {
		if name == "lars" {
			continue
		}
		some, all := walk(by(name)), walk(by(name+"?decay=all"))
		if some[0] != all[0] || some[0] == some[1] || all[0] != all[1] {
			t.Errorf("%s takes a weight and a bias to %g, with decay=all to %g", name, some, all)
		}
	}
}

// TestTurns: a parameter without a gradient is left alone and its steps are not counted, so that Adam's correction is its own.
func TestTurns(t *testing.T) {
	run := func(turns string) float32 {
		a, b := tensor.New(1).Fill(1), tensor.New(1).Fill(1)
		o := NewAdam([]layers.Param{{Name: "a", Value: a}, {Name: "b", Value: b}}, AdamOptions{})
		for _, k := range turns {
			tape := autograd.NewTape(nil)
			p := a
			if k == 'b' {
				p = b
			}
			o.Step(tape.Backward(autograd.Sum(autograd.Mul(tape.Param(p), tape.Param(p)))), 0.1)
		}
		return a.Data[0]
	}
	if run("aaa") != run("abbabba") {
		t.Error("another parameter's steps change this one's")
	}
}

func TestUnknown(t *testing.T) {
	if _, err := New("adamax", nil, 0, 0); err == nil {
		t.Error("an unknown optimiser must be an error")
	}
	for spec, want := range map[string]string{"adam?beta3=1": `no option "beta3"`, "adam?beta1=2": "beta1=2", "lars?decay=all": `no option "decay"`,
		"adam?beta1=1": "beta1=1", "lamb?beta2=1": "beta2=1", "rmsprop?alpha=1": "alpha=1", "lars?trust=0": "trust=0"} {
		if _, err := New(spec, nil, 0, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
}

// TestNone: a decay of 0 that was said is one of 0, not the usual one. Without a memory a step is the rate in the gradient's
// direction, so that one up and one down end where they began.
func TestNone(t *testing.T) {
	for _, of := range []string{"adam?beta1=0&beta2=0&eps=0", "adamw?beta1=0&beta2=0&eps=0", "rmsprop?alpha=0&eps=0"} {
		w := tensor.New(1).Fill(1)
		o, err := New(of, []layers.Param{{Name: "w", Value: w}}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range []float32{0.75, 1, 1.25} {
			tape := autograd.NewTape(nil)
			o.Step(tape.Backward(autograd.Scale(autograd.Sum(tape.Param(w)), []float32{3, -0.5, -8}[k])), 0.25)
			if w.Data[0] != want {
				t.Errorf("%s: after step %d w is %g, want %g", of, k+1, w.Data[0], want)
			}
		}
	}
}

func TestWarmup(t *testing.T) {
	s := Warmup(4, Constant(1))
	if s(0) != 0.25 || s(3) != 1 || s(4) != 1 || s(9) != 1 {
		t.Errorf("warm-up %g %g %g %g", s(0), s(3), s(4), s(9))
	}
	if s := Cosine(1, 0); s(0) != 0 {
		t.Errorf("the rate at the end of no steps is %g", s(0))
	}
}

// TestTakesMomentum: it matters to an optimiser's second step exactly where the optimiser is said to have one.
func TestTakesMomentum(t *testing.T) {
	after := func(name string, momentum float32) float32 {
		x, g := tensor.New(1).Fill(1), tensor.New(1).Fill(0.5)
		o, err := New(name, []layers.Param{{Name: "w", Value: x}}, momentum, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			o.Step(gradient(autograd.NewTape(nil), x, g), 0.1)
		}
		return x.Data[0]
	}
	for _, name := range Names() {
		if matters := after(name, 0) != after(name, 0.9); matters != TakesMomentum(name) {
			t.Errorf("%s: momentum matters: %v, takes one: %v", name, matters, TakesMomentum(name))
		}
	}
	if !TakesMomentum("nesterov?decay=all") || TakesMomentum("nothing") || TakesMomentum("sgd?") != TakesMomentum("sgd") {
		t.Error("by specification")
	}
}

// TestLARSGroups: what has no weight decay is not scaled (SimCLR, BYOL, timm), unless adapt=all (apex's LARC): one step from the
// formulas, in float64.
func TestLARSGroups(t *testing.T) {
	norm := func(x *tensor.Tensor) float64 { return math.Sqrt(tensor.SumSquares(x)) }
	for _, c := range []struct {
		of           string
		decay        float64
		weight, bias bool // scaled
	}{{"lars?trust=0.01", 0.1, true, false}, {"lars?trust=0.01", 0, false, false}, {"lars?trust=0.01&adapt=all", 0.1, true, true}, {"lars?trust=0.01&adapt=all", 0, true, true}} {
		w, b, g := tensor.New(4, 3), tensor.New(12), tensor.New(4, 3)
		golden.Fill(w.Data, "w", 1)
		golden.Fill(b.Data, "b", 1)
		golden.Fill(g.Data, "g", 1)
		w0, b0 := w.Clone(), b.Clone()
		o, err := New(c.of, []layers.Param{{Name: "w", Value: w}, {Name: "b", Value: b, Kind: layers.Vector}}, 0.9, float32(c.decay))
		if err != nil {
			t.Fatal(err)
		}
		tape := autograd.NewTape(nil)
		flat := autograd.Reshape(tape.Param(w), 12)
		o.Step(tape.BackwardFrom(autograd.Add(flat, tape.Param(b)), g.Reshape(12)), 0.5)
		for _, p := range []struct {
			name      string
			from, got *tensor.Tensor
			decay     float64
			scaled    bool
		}{{"weight", w0, w, c.decay, c.weight}, {"bias", b0, b, 0, c.bias}} {
			local := 1.0
			if p.scaled {
				local = 0.01 * norm(p.from) / (norm(g) + p.decay*norm(p.from))
			}
			for i, v := range p.from.Data {
				want := float64(v) - 0.5*local*(float64(g.Data[i])+p.decay*float64(v))
				if !(math.Abs(float64(p.got.Data[i])-want) <= 2e-7) {
					t.Fatalf("%s with decay %g: %s %d is %g, want %g", c.of, c.decay, p.name, i, p.got.Data[i], want)
				}
			}
		}
	}
}

// TestEMADigits: the teacher moves by 1 - d of the way, to the last digit but one, stays where it has arrived, and a thousand steps are
// those of float64.
func TestEMADigits(t *testing.T) {
	const n = 5000 // more than a block
	teacher, student := tensor.New(n), tensor.New(n)
	e, err := NewEMA(layers.Value{Name: "w", Value: teacher}, layers.Value{Name: "w", Value: student})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []float64{0.9, 0.996, 0.999, 0.9999} {
		golden.Fill(teacher.Data, "there", 3)
		copy(student.Data, teacher.Data)
		e.Update(d)
		for i, v := range teacher.Data {
			if v != student.Data[i] {
				t.Fatalf("decay %g: the teacher leaves its student, %g for %g", d, v, student.Data[i])
			}
		}
		teacher.Fill(0)
		golden.Fill(student.Data, "student", 1)
		e.Update(d)
		for i, v := range teacher.Data {
			if want := (1 - d) * float64(student.Data[i]); !(math.Abs(float64(v)-want) <= 2e-7*math.Abs(want)) {
				t.Fatalf("decay %g: one step to %g, want %g", d, v, want)
			}
		}
		for range 999 {
			e.Update(d)
		}
		for i, v := range teacher.Data {
			if want := (1 - math.Pow(d, 1000)) * float64(student.Data[i]); !(math.Abs(float64(v)-want) <= 1e-5*math.Abs(want)) {
				t.Fatalf("decay %g: 1000 steps to %g, want %g", d, v, want)
			}
		}
	}
}

// TestWarmupThen: the two usual definitions of a warm-up before a cosine, the second one PyTorch's (testdata/optim.json).
func TestWarmupThen(t *testing.T) {
	var want struct{ LR map[string][]float64 }
	golden.Load(t, "testdata/optim.json", &want)
	after, with := WarmupThen(5, Cosine(0.5, 15)), Warmup(5, Cosine(0.5, 20))
	for i, w := range want.LR["warmup_cosine"] {
		if !(math.Abs(float64(after(i))-w) <= 1e-6) {
			t.Errorf("step %d: %g, PyTorch's %g", i, after(i), w)
		}
		w = 0.25 * (1 + math.Cos(math.Pi*float64(i)/20)) * math.Min(1, float64(i+1)/5)
		if !(math.Abs(float64(with(i))-w) <= 1e-6) {
			t.Errorf("step %d of both: %g, want %g", i, with(i), w)
		}
	}
	if len(want.LR["warmup_cosine"]) != 20 {
		t.Error("no reference")
	}
}
