package optim

import (
	"fmt"
	"math"
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
			if math.Abs(float64(v)-w[i]) > 1e-6*math.Max(2, math.Abs(w[i])) {
				t.Errorf("%s: weight %d is %g, PyTorch's %g", name, i, v, w[i])
			}
		}
	}
	for name, s := range map[string]Schedule{"cosine": Cosine(0.5, 20), "onecycle": OneCycle(0.5, 20), "poly": Polynomial(0.5, 20, 2), "steps": Steps(0.5, 0.2, 5, 12)} {
		if len(want.LR[name]) != 20 {
			t.Fatalf("no reference for %s", name)
		}
		for i, w := range want.LR[name] {
			if math.Abs(float64(s(i))-w) > 1e-6 {
				t.Errorf("%s at step %d: %g, PyTorch %g", name, i, s(i), w)
			}
		}
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
		return float64(g.Data[i])/(math.Abs(float64(g.Data[i]))+1e-8) + 0.01*float64(w0.Data[i])
	}
	an := norm(adam)
	for name, want := range map[string]func(i int) float64{
		"lars": func(i int) float64 {
			return float64(w0.Data[i]) - 0.1*0.001*wn/(gn+0.01*wn)*(float64(g.Data[i])+0.01*float64(w0.Data[i]))
		},
		"lamb": func(i int) float64 { return float64(w0.Data[i]) - 0.1*wn/an*adam(i) },
	} {
		w := w0.Clone()
		o, _ := New(name, []layers.Param{{Name: "w", Value: w}}, 0.9, 0.01)
		o.Step(gradient(autograd.NewTape(nil), w, g), 0.1)
		for i, v := range w.Data {
			if math.Abs(float64(v)-want(i)) > 1e-6 {
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
	if n := ClipNorm(g, 1); math.Abs(n-5) > 1e-6 || math.Abs(g.Norm()-1) > 1e-6 {
		t.Errorf("norm %g, after clipping %g", n, g.Norm())
	}
	e := NewEMA([]layers.Param{{Name: "w", Value: w, Layout: tensor.Kernel}}, 0.9)
	w.Fill(1)
	e.Update()
	if v := e.State()[0].Value.Data[0]; math.Abs(float64(v)-0.1) > 1e-7 {
		t.Errorf("average %g", v)
	}
	if e.State()[0].Layout != tensor.Kernel {
		t.Error("the average of a kernel is not one")
	}
}

func TestUnknown(t *testing.T) {
	if _, err := New("adamax", nil, 0, 0); err == nil {
		t.Error("an unknown optimiser must be an error")
	}
	if u := Unreached([]layers.Param{{Name: "w", Value: tensor.New(1)}}, &autograd.Gradients{}); len(u) != 1 {
		t.Errorf("unreached %v", u)
	}
}

func TestWarmup(t *testing.T) {
	s := Warmup(4, Constant(1))
	if s(0) != 0.25 || s(3) != 1 || s(9) != 1 {
		t.Errorf("warm-up %g %g %g", s(0), s(3), s(9))
	}
}
