package layers

import (
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// TestAgain: a trunk makes another of its own shapes and names, with other weights, that can make a third.
func TestAgain(t *testing.T) {
	for _, name := range []string{"convnet", "resnet20"} {
		trunk, err := NewTrunk(name, tensor.NewRNG(1), 3)
		if err != nil {
			t.Fatal(err)
		}
		again := trunk.Again(tensor.NewRNG(2))
		if again.Name != name || again.Again == nil {
			t.Errorf("%s: again it is called %q", name, again.Name)
		}
		a, b := State(trunk), State(again)
		if len(a) != len(b) {
			t.Fatalf("%s: %d tensors, again %d", name, len(a), len(b))
		}
		for i := range a {
			if a[i].Name != b[i].Name || !tensor.SameShape(a[i].Value.Shape, b[i].Value.Shape) || a[i].Value == b[i].Value {
				t.Errorf("%s: %s %v, again %s %v", name, a[i].Name, a[i].Value.Shape, b[i].Name, b[i].Value.Shape)
			}
		}
		if a[0].Value.Data[0] == b[0].Value.Data[0] {
			t.Errorf("%s: the same weights again", name)
		}
	}
}

// TestNoGradKeepsNothing: a forward pass inside NoGrad, in training mode, gives the same values and holds those of a few layers at
// once.
func TestNoGradKeepsNothing(t *testing.T) {
	x := tensor.NewRNG(1).FillNormal(tensor.New(4, 32, 32, 3), 0, 1)
	trunk, err := NewTrunk("resnet20", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	held := func(run func(tape *autograd.Tape, f func())) (y []float32, peak int) {
		tape := autograd.NewTape(nil)
		run(tape, func() { y = append(y, trunk.Forward(tape.Input(x)).Value.Data...) })
		_, peak = tape.Bytes()
		return y, peak
	}
	want, all := held(func(_ *autograd.Tape, f func()) { f() })
	got, few := held(func(tape *autograd.Tape, f func()) { tape.NoGrad(f) })
	if few*5 > all {
		t.Errorf("%d bytes, and %d inside NoGrad", all, few)
	}
	for i := range want {
		if want[i] != got[i] {
			t.Fatalf("other values inside NoGrad")
		}
	}
}
