package layers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// spy is a ReLU that remembers what it read.
type spy struct{ seen *[]*autograd.Var }

func (s spy) Forward(x *autograd.Var) *autograd.Var {
	*s.seen = append(*s.seen, x)
	return autograd.ReLU(x)
}

func (spy) Visit(string, func(Param)) {}

// gone lists which of some values have lost their memory.
func gone(vs []*autograd.Var) string {
	s := ""
	for _, v := range vs {
		s += map[bool]string{true: "-", false: "+"}[v.Value.Data == nil]
	}
	return s
}

// TestSequentialLetsGo: which values between children a tape lets go at each level: of convolutions where blocks are computed again, of
// norms at both levels, but of every second only where convolutions go, too; inside NoGrad and for inference all; never
// what came from outside.
func TestSequentialLetsGo(t *testing.T) {
	rng := tensor.NewRNG(1)
	var seen []*autograd.Var
	s := spy{&seen}
	conv := func() Module { return NewConv2D(rng, 4, 4, 3, ConvOptions{Pad: 1, NoBias: true}) }
	net := Seq(conv(), s, NewBatchNorm(4), s, conv(), s, NewBatchNorm(4), s, NewBatchNorm(4), s, Func(autograd.ReLU), s)
	x := rng.FillNormal(tensor.New(2, 5, 5, 4), 0, 1)
	for level, want := range map[autograd.Recompute]string{autograd.RecomputeNothing: "++++++", autograd.RecomputeNorms: "+-+--+", autograd.RecomputeBlocks: "---+-+"} {
		tape := autograd.NewTape(nil)
		tape.Recompute = level
		seen = nil
		in := autograd.ReLU(tape.Input(x)) // owned by the tape, and not the sequence's
		net.Forward(in)
		if got := gone(seen); got != want || in.Value.Data == nil {
			t.Errorf("%v: %s of the values are left, want %s; the input is left: %t", level, got, want, in.Value.Data != nil)
		}
	}
	tape := autograd.NewTape(nil)
	seen = nil
	tape.NoGrad(func() { net.Forward(autograd.ReLU(tape.Input(x))) })
	if got := gone(seen); got != "------" {
		t.Errorf("inside NoGrad %s are left", got)
	}
	frozen := autograd.NewInference()
	seen = nil
	in := autograd.ReLU(frozen.Input(x))
	y := net.Forward(in)
	if got := gone(seen); got != "------" || in.Value.Data == nil || y.Value.Data == nil {
		t.Errorf("for inference %s are left", got)
	}
	seen = nil
	if y := Seq(s, Dropout(0.5), s).Forward(in); gone(seen) != "+-" || y.Value.Data == nil { // dropout hands on what it got
		t.Errorf("of what is handed on as it is %s are left", gone(seen))
	}
}

// TestBlockLetsGo: a residual block's convolutions, norms and shortcut go where blocks are computed again; its input and its result stay. At
// once there are the shortcut, a convolution or the norm before it, and what is made of them.
func TestBlockLetsGo(t *testing.T) {
	x := tensor.NewRNG(1).FillNormal(tensor.New(2, 16, 16, 8), 0, 1)
	m, a := TrunkOptions{}.maker(tensor.NewRNG(1), InitFanOut), TrunkOptions{Shortcut: OptionA}.maker(tensor.NewRNG(1), InitFanOut)
	for name, b := range map[string]*block{"plain": m.basic(8, 8, 1), "projection": m.basic(8, 16, 1), "bottleneck": m.bottleneck(8, 4, 1), "option A": a.basic(8, 12, 1)} {
		out := b.norms[len(b.norms)-1].Gamma.Len()
		for _, c := range []struct {
			mode string
			tape *autograd.Tape
		}{{"training", autograd.NewTape(nil)}, {"inference", autograd.NewInference()}, {"no gradient", autograd.NewTape(nil)}} {
			c.tape.Recompute = autograd.RecomputeBlocks
			run := func() {
				const channel = 2 * 16 * 16 * 4 // bytes
				in := autograd.ReLU(c.tape.Input(x))
				y := b.Forward(in)
				_, peak := c.tape.Bytes()
				c.tape.New(1 << 20)
				_, left := c.tape.Bytes()
				left -= 4<<20 + (8+out)*channel
				peak -= 8 * channel
				if y.Value.Data == nil || in.Value.Data == nil {
					t.Errorf("%s, %s: input or result is gone", name, c.mode)
				}
				want := map[string][2]int{"plain": {0, 8 + 8}, "projection": {0, 16 + 16 + 16}, "bottleneck": {0, 16 + 16 + 16}, "option A": {0, 12 + 12 + 12}}[name]
				if c.mode == "training" && name == "option A" {
					want[0] = 12 // what Concat gives is not computed again
				}
				if c.mode == "inference" && name == "bottleneck" {
					want[1] = 16 + 4 + 16 // no convolution's result by itself
				}
				if got := [2]int{left / channel, peak / channel}; got != want {
					t.Errorf("%s, %s: channels left beside the result, and at once beside the input: %d, want %d", name, c.mode, got, want)
				}
			}
			if c.mode == "no gradient" {
				c.tape.NoGrad(run)
			} else {
				run()
			}
		}
	}
}

// TestFusedSequences: on a tape for inference a sequence gives the bits of the plain operations, whether a convolution's norm follows it,
// something else does, nothing does, or it has a bias.
func TestFusedSequences(t *testing.T) {
	rng := tensor.NewRNG(1)
	conv := func(noBias bool) Module { return NewConv2D(rng, 4, 4, 3, ConvOptions{Pad: 1, NoBias: noBias}) }
	norm := func() Module {
		b := NewBatchNormReLU(4)
		for _, v := range []*tensor.Tensor{b.Gamma, b.Beta, b.State.Mean, b.State.Var} {
			rng.FillUniform(v, 0.3, 1.5)
		}
		return b
	}
	x := rng.FillNormal(tensor.New(2, 5, 6, 4), 0, 1)
	for name, net := range map[string]Sequential{
		"norms":   Seq(conv(true), norm(), conv(true), norm()),
		"a bias":  Seq(conv(false), norm(), conv(false), norm(), ReLU),
		"at last": Seq(norm(), conv(true)),
		"nothing": Seq(conv(true), ReLU, norm(), conv(true), conv(true), norm()),
		"alone":   Seq(conv(true)),
		"none":    Seq(),
	} {
		plain := autograd.NewTape(nil)
		plain.Training = false
		want := net.Forward(plain.Input(x))
		places := ""
		frozen := autograd.NewInference()
		frozen.OnConv = func(place string, _, _, _ []int, _ tensor.Conv) { places += place + " " }
		for range 2 {
			if got := net.Forward(frozen.Input(x)); fmt.Sprint(got.Value.Data) != fmt.Sprint(want.Value.Data) {
				t.Errorf("%s: other values", name)
			}
			frozen.Reset()
		}
		if want := map[string]string{"norms": "0 2 ", "a bias": "0 2 ", "at last": "1 ", "nothing": "0 3 4 ", "alone": "0 "}[name]; places != want+want {
			t.Errorf("%s: convolutions in %q", name, places)
		}
	}
}

// TestBatchesSeen: a norm counts the batches that it trained on: once each, though a pass is computed again; not those of inference, of
// a measuring pass or without a tape.
func TestBatchesSeen(t *testing.T) {
	rng := tensor.NewRNG(1)
	b := NewBatchNorm(3)
	net := Seq(NewConv2D(rng, 3, 3, 1, ConvOptions{NoBias: true}), b, ReLU, NewConv2D(rng, 3, 3, 1, ConvOptions{NoBias: true}), NewBatchNorm(3))
	x := rng.FillNormal(tensor.New(2, 3, 3, 3), 0, 1)
	tape := autograd.NewTape(nil)
	tape.Recompute = autograd.RecomputeBlocks
	for i := range 3 {
		tape.Backward(autograd.Sum(net.Forward(tape.Input(x))))
		tape.Reset()
		if b.seen.Data[0] != float32(i+1) {
			t.Errorf("after %d steps: %g batches", i+1, b.seen.Data[0])
		}
	}
	net.Forward(autograd.NewInference().Input(x))
	net.Forward(autograd.NewMeasuring(autograd.RecomputeNothing, autograd.Shown{}).Input(x))
	net.Forward(autograd.Const(x))
	tape.Training = false
	net.Forward(tape.Input(x))
	tape.Training = true
	autograd.Checkpoint(tape.Param(x), func(x *autograd.Var) *autograd.Var { return net.Forward(x) })
	if b.seen.Data[0] != 4 {
		t.Errorf("%g batches, want 4", b.seen.Data[0])
	}
}

// TestCopyState: every tensor comes from the one of its name; what is missing or has another shape is named.
func TestCopyState(t *testing.T) {
	rng := tensor.NewRNG(1)
	a, b := Seq(NewLinear(rng, 3, 2, LinearOptions{}), NewBatchNorm(2)), Seq(NewLinear(rng, 3, 2, LinearOptions{}), NewBatchNorm(2))
	before := tensor.Changes()
	if err := CopyState(a, b); err != nil || tensor.Changes() == before {
		t.Errorf("copied: %v; the change is known: %t", err, tensor.Changes() != before)
	}
	for i, p := range State(a) {
		if q := State(b)[i]; p.Value == q.Value || fmt.Sprint(p.Value.Data) != fmt.Sprint(q.Value.Data) {
			t.Errorf("%s is %v, want %v", p.Name, p.Value.Data, q.Value.Data)
		}
	}
	for want, src := range map[string]Module{"1.running_var": Sequential{{"0", a[0].Module}, {"1", without{a[1].Module, "running_var"}}}, "0.weight [3 2]": Seq(NewLinear(rng, 2, 3, LinearOptions{}), a[1].Module)} {
		if err := CopyState(a, src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("copied from what does not fit: %v, want %s", err, want)
		}
	}
}

// without is a module that does not name one of its tensors.
type without struct {
	Module
	name string
}

func (w without) Visit(prefix string, f func(Param)) {
	w.Module.Visit(prefix, func(p Param) {
		if !strings.HasSuffix(p.Name, w.name) {
			f(p)
		}
	})
}

// TestKinds: what each tensor is for; frozen, the trained ones become memory, the running statistics stay what they are.
func TestKinds(t *testing.T) {
	rng := tensor.NewRNG(1)
	none := NewBatchNorm(2)
	none.Gamma, none.Beta = nil, nil
	tree := Parts{{"a", NewLinear(rng, 3, 2, LinearOptions{})}, {"", NewLinear(rng, 3, 2, LinearOptions{NoBias: true})}, {"n", none},
		{"z", Frozen{Parts{{"b", NewBatchNorm(2)}, {"c", NewConv2D(rng, 2, 2, 1, ConvOptions{})}}}}, {"v", Value{Name: "queue", Value: tensor.New(4), Kind: Memory}}}
	got := ""
	for _, p := range State(tree) {
		got += fmt.Sprint(p.Name, ":", int(p.Kind), " ")
	}
	want := "a.weight:0 a.bias:1 weight:0 n.running_mean:2 n.running_var:2 n.num_batches_tracked:2 z.b.weight:3 z.b.bias:3 z.b.running_mean:2 " +
		"z.b.running_var:2 z.b.num_batches_tracked:2 z.c.weight:3 z.c.bias:3 v.queue:3 "
	if got != want {
		t.Errorf("the state is\n%s, want\n%s", got, want)
	}
	if n := Size(tree); n != 3*2+2+3*2 {
		t.Errorf("%d values are trained", n)
	}
}

// TestTrunkLetsGo: inside NoGrad and for inference a trunk's stages lose their features once the next has read them; Features keeps
// all, a training pass too, and nobody takes the input.
func TestTrunkLetsGo(t *testing.T) {
	var seen []*autograd.Var
	s := spy{&seen}
	same := Func(func(x *autograd.Var) *autograd.Var { return x })
	trunk := &Trunk{Stages: []Stage{{"a", 2, Seq(s)}, {"b", 2, Seq(same)}, {"c", 2, Seq(s)}, {"d", 2, Seq(s)}}}
	x := tensor.New(1, 2, 2, 2).Fill(1)
	for name, c := range map[string]struct {
		tape *autograd.Tape
		want string
	}{"training": {autograd.NewTape(nil), "+++"}, "inference": {autograd.NewInference(), "+--"}} {
		seen = nil
		in := autograd.ReLU(c.tape.Input(x))
		if trunk.Forward(in); gone(seen) != c.want {
			t.Errorf("%s: %s are left, want %s", name, gone(seen), c.want)
		}
		seen = nil
		if f := trunk.Features(in); gone(seen) != "+++" || gone(f) != "++++" {
			t.Errorf("%s: of the features %s are left", name, gone(f))
		}
	}
}
