package autograd

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestWhatDropTakes: the tape lets go only what is its own, nobody keeps or views, and can be made again at its level; where nothing is
// recorded, all that was made there.
func TestWhatDropTakes(t *testing.T) {
	x := tensor.New(1, 2, 2, 2).Fill(1)
	relu := func(v *Var) *Var { return ReLU(v) }
	for name, c := range map[string]struct {
		level Recompute
		make  func(t *Tape) *Var
		gone  bool
	}{
		"a ReLU, nothing is made again":            {RecomputeNothing, func(t *Tape) *Var { return relu(t.Param(x)) }, false},
		"a ReLU with the norms":                    {RecomputeNorms, func(t *Tape) *Var { return relu(t.Param(x)) }, true},
		"a ReLU with blocks":                       {RecomputeBlocks, func(t *Tape) *Var { return relu(t.Param(x)) }, true},
		"a pool with the norms":                    {RecomputeNorms, func(t *Tape) *Var { return MaxPool(t.Param(x), tensor.SquareWindow(2, 1, 0)) }, false},
		"a pool with blocks":                       {RecomputeBlocks, func(t *Tape) *Var { return MaxPool(t.Param(x), tensor.SquareWindow(2, 1, 0)) }, true},
		"what cannot be made again":                {RecomputeBlocks, func(t *Tape) *Var { return Tanh(t.Param(x)) }, false},
		"what no parameter is in":                  {RecomputeBlocks, func(t *Tape) *Var { return relu(t.Input(x)) }, false},
		"what is kept":                             {RecomputeBlocks, func(t *Tape) *Var { return relu(t.Param(x)).Keep() }, false},
		"what has a view":                          {RecomputeBlocks, func(t *Tape) *Var { v := relu(t.Param(x)); Reshape(v, 8); return v }, false},
		"a view":                                   {RecomputeBlocks, func(t *Tape) *Var { return Reshape(relu(t.Param(x)), 8) }, false},
		"a parameter":                              {RecomputeBlocks, func(t *Tape) *Var { return t.Param(x) }, false},
		"an input":                                 {RecomputeBlocks, func(t *Tape) *Var { return t.Input(x) }, false},
		"another tape's":                           {RecomputeBlocks, func(*Tape) *Var { o := NewTape(nil); o.Recompute = RecomputeBlocks; return relu(o.Param(x)) }, false},
		"a constant":                               {RecomputeBlocks, func(*Tape) *Var { return relu(Const(x)) }, false},
		"inside NoGrad, made there":                {RecomputeNothing, func(t *Tape) *Var { t.record = false; return Tanh(t.Param(x)) }, true},
		"inside NoGrad, made before":               {RecomputeNothing, func(t *Tape) *Var { v := relu(t.Param(x)); t.record = false; return v }, false},
		"inside NoGrad, made before, can be again": {RecomputeNorms, func(t *Tape) *Var { v := relu(t.Param(x)); t.record = false; return v }, true},
	} {
		tape := NewTape(nil)
		tape.Recompute = c.level
		v := c.make(tape)
		tape.Drop(nil, v)
		if (v.Value.Data == nil) != c.gone || len(v.Shape()) == 0 {
			t.Errorf("%s: gone is %t, want %t", name, v.Value.Data == nil, c.gone)
		}
		(*Tape)(nil).Drop(v)
	}
	frozen := NewInference()
	v := Tanh(frozen.Input(x))
	if frozen.Drop(v); v.Value.Data != nil {
		t.Error("for inference a value stays")
	}
	for name, f := range map[string]func(){"a view": func() { Reshape(v, 8) }, "an operation": func() { Sum(v) }} {
		if err := Try(f); err == nil || !strings.Contains(err.Error(), "Drop: a value of shape [1 2 2 2]") {
			t.Errorf("%s of what is gone: %v", name, err)
		}
	}
	empty := NewTape(nil)
	empty.Recompute = RecomputeBlocks
	e := ReLU(empty.Param(tensor.New(0, 3)))
	empty.Drop(e)
	empty.BackwardFrom(ReLU(e), tensor.New(0, 3)) // an empty value is not missed
}

// TestChainsAreMadeAgain: values that depend on others that are gone come back with the same bits, and so do all gradients; what
// nobody reads any more is not made.
func TestChainsAreMadeAgain(t *testing.T) {
	rng := tensor.NewRNG(1)
	x, w := rng.FillNormal(tensor.New(2, 6, 6, 4), 0, 1), rng.FillNormal(tensor.New(3, 3, 4, 4), 0, 1)
	gamma, beta, bias := rng.FillNormal(tensor.New(4), 0, 1), rng.FillNormal(tensor.New(4), 0, 1), rng.FillNormal(tensor.New(4), 0, 1)
	run := func(level Recompute) string {
		tape := NewTape(nil)
		tape.Recompute = level
		s := bnState(4)
		in := tape.Param(x)
		vs := []*Var{Conv2D(in, tape.Param(w), tape.Param(bias), tensor.SquareConv(1, 1))}
		then := func(f func(v *Var) *Var) {
			v := f(vs[len(vs)-1])
			tape.Drop(vs[len(vs)-1])
			vs = append(vs, v)
		}
		then(func(v *Var) *Var {
			return BatchNorm(v, tape.Param(gamma), tape.Param(beta), s, BatchNormOptions{ReLU: true, Add: in})
		})
		then(func(v *Var) *Var { return MaxPool(v, tensor.SquareWindow(3, 1, 1)) })
		then(func(v *Var) *Var { return LayerNorm(v, tape.Param(beta), tape.Param(gamma), 1e-5) })
		then(func(v *Var) *Var { return AvgPool(v, tensor.SquareWindow(2, 1, 0)) })
		then(ReLU)
		then(func(v *Var) *Var { return Linear(Reshape(v, -1, 4), tape.Param(rng4), nil) })
		g := tape.Backward(Sum(Tanh(vs[len(vs)-1])))
		out := fmt.Sprint(s.Mean.Data, s.Var.Data)
		for _, p := range g.Params() {
			out += fmt.Sprint(g.Of(p).Data)
		}
		return out
	}
	want := run(RecomputeNothing)
	for _, level := range []Recompute{RecomputeNorms, RecomputeBlocks} {
		if run(level) != want {
			t.Errorf("%v: other gradients", level)
		}
	}
}

var rng4 = tensor.NewRNG(9).FillNormal(tensor.New(4, 4), 0, 1)

// TestCheckpointEdges: without recording the function is only called; the randomness behind it goes on where it stopped; inputs that
// want no gradient, and parameters that it does not use, are passed over; a result of nothing is told.
func TestCheckpointEdges(t *testing.T) {
	w, u := tensor.New(40).Fill(2), tensor.New(40).Fill(3)
	times := 0
	f := func(x *Var) *Var {
		times++
		x.Param(u)
		return Dropout(Mul(x, x.Param(w)), 0.5)
	}
	tape := NewTape(tensor.NewRNG(4))
	if y := Checkpoint(Const(u), f); y.Tape() != nil || times != 1 || y.Value.Data[0] != 6 {
		t.Errorf("without a tape: %v after %d calls", y.Value.Data[:3], times)
	}
	tape.NoGrad(func() {
		if y := Checkpoint(tape.Param(u), f); y.Tape() != tape || times != 2 {
			t.Errorf("inside NoGrad: %d calls", times)
		}
	})
	tape.Reset()
	run := func(f func(x *Var) *Var) string {
		defer tape.Reset()
		y := f(tape.Input(u)).Keep()
		z := Dropout(y, 0.5).Keep()
		g := tape.Backward(Sum(z))
		return fmt.Sprint(y.Value.Data, z.Value.Data, g.Of(w).Data, g.Of(u), len(g.Params()))
	}
	if got, want := run(func(x *Var) *Var { return Checkpoint(x, f) }), run(f); got != want || times != 5 {
		t.Errorf("%d calls:\n%s, want\n%s", times, got, want)
	}
	// where the Params are constants inside, nothing is passed on, and what looked at the inside is gone rather than something else's
	var kept, detached *Var
	frozen := func(x *Var) *Var {
		var h *Var
		x.Tape().NoGrad(func() { h = Mul(x, x.Param(w)) })
		kept, detached = Reshape(h, 8, 5).Keep(), h.Detach()
		return ReLU(Add(x, h))
	}
	loss := Sum(Mul(Checkpoint(tape.Input(u), frozen), tape.Param(w)))
	if g := tape.Backward(loss); g.Of(w).Data[0] != 9 || kept.Value.Data != nil || detached.Value.Data != nil {
		t.Errorf("a frozen inside: gradient %v, %v and %v are left", g.Of(w).Data[0], kept.Value.Data, detached.Value.Data)
	}
	tape.Reset()
	leave := tape.Enter("here")
	defer leave()
	calls := 0
	y := Checkpoint(tape.Param(w), func(x *Var) *Var {
		if calls++; calls == 1 {
			return Scale(x, 2)
		}
		return Const(u)
	})
	if err := Try(func() { tape.Backward(Sum(y)) }); err == nil || !strings.Contains(err.Error(), "Checkpoint in here: the function's result does not depend") {
		t.Errorf("a result of nothing: %v", err)
	}
}

// TestCheckpointOfAParam: where the input is itself a parameter that the function uses, each way gives its own share of the gradient, once.
func TestCheckpointOfAParam(t *testing.T) {
	w := tensor.New(2).Fill(3)
	square := func(x *Var) *Var { return Mul(Mul(x, x), x.Param(w)) }
	tape := NewTape(nil)
	for name, c := range map[string]struct {
		in   func() *Var
		want string
	}{"a parameter": {func() *Var { return tape.Param(w) }, "[27 27]"}, "an input": {func() *Var { return tape.Input(w) }, "[9 9]"}} {
		g := tape.Backward(Sum(Checkpoint(c.in(), square)))
		if got := fmt.Sprint(g.Of(w).Data); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		tape.Reset()
	}
}

// TestAmongOthersInBlocks: of many rows the loss and the gradient are those of the whole table, which never stands in memory, nor do the blocks stand side by side.
func TestAmongOthersInBlocks(t *testing.T) {
	const m, d = 1500, 8 // two whole blocks, and one that is not
	z := tensor.New(m, d)
	golden.Fill(z.Data, "z", 1)
	labels := make([]int32, m)
	for i := range labels {
		labels[i] = int32((i + m/2) % m)
	}
	whole := NewTape(nil)
	u := L2Normalize(whole.Param(z))
	self := tensor.New(m, m)
	for i := range m {
		self.Set(-1e9, i, i)
	}
	want := CrossEntropy(Add(Scale(MatMulNT(u, u), 2), Const(self)), labels)
	wanted := whole.Backward(want).Of(z)

	tape := NewTape(nil)
	tape.Want([]*tensor.Tensor{z}) // as a step of training does: what a Checkpoint is given is wanted inside all the same
	for step := range 3 {          // the second and third follow a plan
		tape.Reset()
		got := NTXent(tape.Param(z), 0.5)
		if math.Abs(float64(got.Value.Data[0]-want.Value.Data[0])) > 1e-6*float64(want.Value.Data[0]) {
			t.Errorf("step %d: loss %v, want %v", step, got.Value.Data[0], want.Value.Data[0])
		}
		grad := tape.Backward(got).Of(z)
		for i, w := range wanted.Data {
			if math.Abs(float64(grad.Data[i]-w)) > 1e-5*math.Sqrt(tensor.SumSquares(wanted)/float64(m*d)) {
				t.Fatalf("step %d: gradient %d is %g, want %g", step, i, grad.Data[i], w)
			}
		}
	}
	if _, peak := tape.Bytes(); peak > 3*512*m*4 {
		t.Errorf("at most %d KiB stood at once; a block's logits are %d", peak>>10, 512*m*4>>10)
	}
}

// TestCheckpointMemory: what happens inside of one Checkpoint lies where that of the one before lay, and its operations are counted once.
func TestCheckpointMemory(t *testing.T) {
	run := func(n int, wrap bool) (peak int, flop float64) {
		w, x := tensor.New(64, 64).Fill(0.01), tensor.New(64, 64).Fill(1)
		tape := NewTape(nil)
		for range 2 {
			tape.Reset()
			tape.TakeFlop()
			sum := tape.Input(tensor.New(64, 64))
			for range n {
				f := func(x *Var) *Var {
					for range 6 {
						x = MatMul(x, x.Param(w))
					}
					return x
				}
				y := tape.Input(x)
				if wrap {
					y = Checkpoint(y, f)
				} else {
					y = f(y)
				}
				sum = Add(sum, y)
			}
			tape.Backward(Mean(sum))
		}
		_, peak = tape.Bytes()
		return peak, tape.TakeFlop()
	}
	two, _ := run(2, true)
	four, flop := run(4, true)
	if inside := 6 * 64 * 64 * 4; four-two >= 2*inside {
		t.Errorf("two more Checkpoints take %d more bytes; what is inside of one takes %d", four-two, inside)
	}
	if _, want := run(4, false); flop != want {
		t.Errorf("%g floating-point operations, without Checkpoint %g", flop, want)
	}
}
