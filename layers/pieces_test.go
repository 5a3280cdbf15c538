package layers

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// wholeBatch returns the NT-Xent loss of the features of views x [2N ...], and all gradients.
func wholeBatch(m Module, x *tensor.Tensor) (loss float32, grads map[string]*tensor.Tensor) {
	tape := autograd.NewTape(tensor.NewRNG(1))
	y := autograd.NTXent(m.Forward(tape.Input(x)), 0.5)
	loss = y.Scalar()
	g := tape.Backward(y)
	grads = map[string]*tensor.Tensor{}
	for _, p := range Params(m) {
		grads[p.Name] = g.Of(p.Value).Clone()
	}
	return loss, grads
}

// offBy returns by how much gradients differ, parts of the longest of a tensor.
func offBy(a, b map[string]*tensor.Tensor) (worst float64, where string) {
	for name, x := range a {
		size, off := 0.0, 0.0
		for i, v := range x.Data {
			size = max(size, math.Abs(float64(v)))
			off = max(off, math.Abs(float64(v-b[name].Data[i])))
		}
		if r := off / max(size, 1e-6); r > worst {
			worst, where = r, name
		}
	}
	return worst, where
}

// TestInPiecesOfTransformer: where rows do not know of each other, the gradients of a loss of the whole batch are the same in pieces, to 1e-5; what a piece
// of the loss would give is not.
func TestInPiecesOfTransformer(t *testing.T) {
	m := Sequential{{Module: ViT(tensor.NewRNG(1), 3, 24, 2, 3, ViTOptions{Patch: 8, Side: 16})}, {Module: Pool}}
	x := tensor.New(18, 16, 16, 3)
	golden.Fill(x.Data, "views", 1)
	loss, want := wholeBatch(m, x)
	for _, n := range []int{4, 5, 17, 18, 0} {
		got, grads := wholeBatch(InPieces(m, n), x)
		if got != loss {
			t.Errorf("pieces of %d: loss %v, want %v", n, got, loss)
		}
		if off, where := offBy(want, grads); off > 1e-5 {
			t.Errorf("pieces of %d: the gradient of %s is off by %.1e of its largest value", n, where, off)
		}
	}
	_, part := wholeBatch(m, x.Rows(0, 8))
	if off, _ := offBy(want, part); off < 0.1 {
		t.Errorf("eight views of eighteen have nearly the same gradients: %.1e", off)
	}
}

// by is a module that passes another way.
type by struct {
	Stateful
	Func func(x *autograd.Var) *autograd.Var
}

func (b by) Forward(x *autograd.Var) *autograd.Var { return b.Func(x) }

// TestInPiecesOfConvNet: with batch norm a piece has statistics of its own: gradients and running averages are those of pieces whose insides are kept, each
// piece counts once, and no piece is of one row.
func TestInPiecesOfConvNet(t *testing.T) {
	make := func() Module {
		return Sequential{{Module: ConvNet(tensor.NewRNG(1), 3, 4, TrunkOptions{})}, {Module: Pool}}
	}
	x := tensor.New(14, 16, 16, 3)
	golden.Fill(x.Data, "views", 1)
	for _, c := range []struct {
		n   int
		cut []int
	}{{4, []int{4, 4, 4, 2}}, {13, []int{14}}, {6, []int{6, 6, 2}}} {
		kept, m := make(), make()
		byHand := func(x *autograd.Var) *autograd.Var {
			var out []*autograd.Var
			at := 0
			for _, n := range c.cut {
				out = append(out, kept.Forward(autograd.Slice(x, 0, at, n, 1)))
				at += n
			}
			return autograd.Concat(0, out...)
		}
		loss, want := wholeBatch(by{kept, byHand}, x)
		got, grads := wholeBatch(InPieces(m, c.n), x)
		if got != loss {
			t.Errorf("pieces of %d: loss %v, want %v", c.n, got, loss)
		}
		if off, where := offBy(want, grads); off > 1e-5 {
			t.Errorf("pieces of %d: the gradient of %s is off by %.1e of its largest value", c.n, where, off)
		}
		state := State(m)
		for i, p := range State(kept) {
			for j, v := range p.Value.Data {
				if v != state[i].Value.Data[j] {
					t.Fatalf("pieces of %d: %s is %v, want %v", c.n, p.Name, state[i].Value.Data[j], v)
				}
			}
		}
	}
}

// TestInPiecesMeasured: small steps tell what a step in pieces takes, within a twentieth and a few outputs, whether the last piece is whole or not; as if all passed at once it
// would be several times as much.
func TestInPiecesMeasured(t *testing.T) {
	step := func(samples, batch, pieces, piece int) *autograd.StepMemory {
		m := InPieces(Seq(ConvNet(tensor.NewRNG(1), 3, 8, TrunkOptions{}), Pool), pieces)
		tape := autograd.NewMeasuring(autograd.RecomputeNothing, autograd.Shown{Samples: samples, Batch: batch, Piece: piece})
		z := m.Forward(tape.Input(tensor.New(samples, 16, 16, 3).Fill(1)))
		tape.Backward(autograd.NTXent(autograd.Concat(0, z, z), 0.5))
		return tape.Measured()
	}
	for _, n := range []int{96, 100, 640} {
		at, ok := autograd.MemoryAt(n, 2, 2, [3]*autograd.StepMemory{step(2, n, 16, 2), step(4, n, 16, 2), step(6, n, 16, 2)}, step(2, n, 16, 4))
		if !ok || at.Piece != 16 {
			t.Fatalf("%d in pieces: %v, %v", n, at, ok)
		}
		took, whole := step(n, n, 16, 2).Peak, step(n, n, 0, 2).Peak
		if more := at.Peak - took; more < 0 || more > took/20+4*n*64*4 || whole < 2*took {
			t.Errorf("%d in pieces of 16 were said to take %d bytes, and take %d; at once %d", n, at.Peak, took, whole)
		}
	}
}
