package autograd

import (
	"math/rand/v2"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestMemory plays random steps on a tape's memory, some the same as before and some not, and checks that no two tensors that
// are out at once share an element.
func TestMemory(t *testing.T) {
	m := newMemory()
	play := func(seed uint64, steps int) {
		r := rand.New(rand.NewPCG(seed, 1))
		var out []*tensor.Tensor
		var mark []float32
		for k := range steps {
			if len(out) > 0 && r.IntN(3) == 0 {
				i := r.IntN(len(out))
				for _, v := range out[i].Data {
					if v != mark[i] {
						t.Fatalf("seed %d: a tensor's content changed while it was out", seed)
					}
				}
				m.put(out[i])
				out[i], mark[i] = out[len(out)-1], mark[len(mark)-1]
				out, mark = out[:len(out)-1], mark[:len(mark)-1]
				continue
			}
			x := m.get([]int{r.IntN(5), 1 + r.IntN(300)})
			x.Fill(float32(k + 1))
			out, mark = append(out, x), append(mark, float32(k+1))
		}
		for i, x := range out {
			for _, v := range x.Data {
				if v != mark[i] {
					t.Fatalf("seed %d: a tensor's content changed while it was out", seed)
				}
			}
		}
		m.reset()
	}
	for _, seed := range []uint64{1, 1, 1, 2, 1, 1, 3, 3, 3, 1, 4, 5, 6, 6, 6} {
		play(seed, 400)
	}
	play(6, 250) // the first part of the plan
	play(6, 400)
	if len(m.chunks) != 0 {
		t.Errorf("%d chunks are held beside the plan's arena", len(m.chunks))
	}
	if float64(m.held) > 1.15*float64(m.peak) {
		t.Errorf("%d floats held for a peak of %d", m.held, m.peak)
	}
	if m.inUse != 0 {
		t.Errorf("%d floats in use after a reset", m.inUse)
	}
}

// TestDroppedReadPanics: a value that was let go cannot be read by mistake.
func TestDroppedReadPanics(t *testing.T) {
	tape := NewTape(nil)
	tape.Recompute = RecomputeBlocks
	x := tape.Param(tensor.New(2, 4, 4, 3).Fill(1))
	y := ReLU(x)
	z := ReLU(y)
	tape.Drop(y)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a dropped value was read")
			}
		}()
		Sum(y)
	}()
	kept := ReLU(z)
	kept.Keep()
	tape.Drop(kept)
	if kept.Value.Data == nil {
		t.Error("a kept value was dropped")
	}
	y.Keep() // asked for again
	if y.Value.Data == nil || y.Value.Data[0] != 1 {
		t.Error("Keep does not bring a dropped value back")
	}
}
