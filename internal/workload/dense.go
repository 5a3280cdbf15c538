package workload

import (
	"fmt"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// denseBenches lists layer normalisation, dense losses, Concat, and products of batches. Bytes are those of the tensors that a pass
// must read and write, each once.
func denseBenches() []Item {
	var out []Item
	add := func(id string, streams float64, shapes [][]int, f func(in []*autograd.Var) *autograd.Var) {
		out = append(out, Item{ID: id + "/fwd", bytes: 4 * streams * float64(tensor.Size(shapes[0])), setup: func() func() {
			tape := autograd.NewTape(nil)
			x := randnAll(shapes)
			return func() {
				tape.NoGrad(func() { f(params(tape, x)) })
				tape.Reset()
			}
		}})
	}
	both := func(id string, streams float64, shapes [][]int, f func(in []*autograd.Var) *autograd.Var) {
		if !strings.Contains(id, "/fwd_bwd/") {
			id += "/fwd_bwd"
		}
		out = append(out, Item{ID: id, bytes: 4 * streams * float64(tensor.Size(shapes[0])), setup: func() func() {
			tape := autograd.NewTape(nil)
			x := randnAll(shapes)
			var dy *tensor.Tensor
			return func() {
				y := f(params(tape, x))
				if dy == nil {
					dy = randn(y.Shape()...)
				}
				tape.BackwardFrom(y, dy)
				tape.Reset()
			}
		}})
	}
	for _, s := range [][2]int{{65536, 192}, {16384, 768}} {
		id, shapes := fmt.Sprintf("layernorm/%dx%d", s[0], s[1]), [][]int{{s[0], s[1]}, {s[1]}, {s[1]}}
		f := func(in []*autograd.Var) *autograd.Var { return autograd.LayerNorm(in[0], in[1], in[2], 1e-6) }
		add(id, 2, shapes, f)
		both(id, 5, shapes, f)
	}
	for _, s := range [][2]int{{8320, 192}, {6304, 384}} { // the peers'
		both(fmt.Sprintf("layernorm/fwd_bwd/%dx%d", s[0], s[1]), 5, [][]int{{s[0], s[1]}, {s[1]}, {s[1]}}, func(in []*autograd.Var) *autograd.Var {
			return autograd.LayerNorm(in[0], in[1], in[2], 1e-5)
		})
	}
	both("gelu/fwd_bwd/6M", 5, [][]int{{6_000_000}}, func(in []*autograd.Var) *autograd.Var { return autograd.GELU(in[0]) })
	image := []int{64, 128, 128, 16}
	for _, name := range []string{"l1", "l2", "huber", "bce"} {
		var t *tensor.Tensor
		g := func(in []*autograd.Var) *autograd.Var {
			if t == nil {
				t = randn(image...)
			}
			switch o := (autograd.LossOptions{}); name {
			case "l1":
				return autograd.L1(in[0], t, o)
			case "l2":
				return autograd.L2(in[0], t, o)
			case "huber":
				return autograd.Huber(in[0], t, 1, o)
			default:
				return autograd.BCEWithLogits(in[0], t, o)
			}
		}
		id := fmt.Sprintf("loss_%s/n64s128c16", name)
		add(id, 2, [][]int{image}, g)
		both(id, 5, [][]int{image}, g)
	}
	classLossBenches(add, both)
	joinBenches(add, both)
	return append(append(out, batchBenches()...), attentionBenches()...)
}

// classLossBenches adds cross-entropies over pixels, as colourisation and segmentation have them, with soft labels and with sparse ones.
func classLossBenches(add, both func(id string, streams float64, shapes [][]int, f func(in []*autograd.Var) *autograd.Var)) {
	for _, c := range []int{21, 313} {
		shape := []int{6272 * 313 / c, c}
		var t *tensor.Tensor
		g := func(in []*autograd.Var) *autograd.Var {
			if t == nil {
				t = tensor.New(shape...)
				tensor.Softmax(t, randn(shape...))
			}
			return autograd.CrossEntropySoft(in[0], t, autograd.LossOptions{})
		}
		id := fmt.Sprintf("loss_soft_ce/%dx%d", shape[0], c)
		add(id, 2, [][]int{shape}, g)
		both(id, 5, [][]int{shape}, g)
		classes, few := make([]int32, 5*shape[0]), make([]float32, 5*shape[0])
		for i := range classes {
			classes[i], few[i] = int32(i*7%c), 0.2
		}
		g = func(in []*autograd.Var) *autograd.Var {
			return autograd.CrossEntropySparse(in[0], classes, few, autograd.LossOptions{})
		}
		id = fmt.Sprintf("loss_sparse_ce/%dx%d", shape[0], c)
		add(id, 1, [][]int{shape}, g)
		both(id, 3, [][]int{shape}, g)
	}
}

// joinBenches adds the joining of two tensors.
func joinBenches(add, both func(id string, streams float64, shapes [][]int, f func(in []*autograd.Var) *autograd.Var)) {
	for _, axis := range []int{0, 3} {
		s := []int{32, 56, 56, 64}
		id := fmt.Sprintf("concat/axis%d/n%dc%ds%d", axis, s[0], s[3], s[1])
		f := func(in []*autograd.Var) *autograd.Var { return autograd.Concat(axis, in[0], in[1]) }
		add(id, 4, [][]int{s, s}, f)
		both(id, 8, [][]int{s, s}, f)
	}
}

// batchBenches lists products of batches: those of an attention's heads among them, b batches of l tokens with h heads of d.
func batchBenches() []Item {
	var out []Item
	for _, s := range [][4]int{{64, 197, 3, 64}, {16, 197, 12, 64}, {128, 65, 3, 64}, {8, 50, 16, 80}} {
		b, l, h, d := s[0], s[1], s[2], s[3]
		name := fmt.Sprintf("b%dl%dh%dd%d", b, l, h, d)
		flop := 2 * float64(b) * float64(h) * float64(l) * float64(l) * float64(d)
		out = append(out, Item{ID: "bmm_nt/" + name, flop: flop, setup: func() func() {
			q, k, y := randn(b*h, l, d), randn(b*h, l, d), tensor.New(b*h, l, l)
			return func() { tensor.BatchMatMul(y, q, k, false, true, false) }
		}}, Item{ID: "bmm/" + name, flop: flop, setup: func() func() {
			p, v, y := randn(b*h, l, l), randn(b*h, l, d), tensor.New(b*h, l, d)
			return func() { tensor.BatchMatMul(y, p, v, false, false, false) }
		}}, Item{ID: "head_scores/" + name, flop: flop, setup: func() func() {
			q, k, y := randn(b, l, h, d), randn(b, l, h, d), tensor.New(b, h, l, l)
			return func() { tensor.HeadScores(y, q, k, 0.125, false) }
		}}, Item{ID: "head_mix/" + name, flop: flop, setup: func() func() {
			p, v, y := randn(b, h, l, l), randn(b, l, h, d), tensor.New(b, l, h, d)
			return func() { tensor.HeadMix(y, p, v, 1, false, false) }
		}})
	}
	return out
}

// attentionBenches lists fused attentions of b samples of l tokens with h heads of d, forward and backward: seven products of l·l·d.
func attentionBenches() []Item {
	var out []Item
	for _, s := range [][4]int{{128, 3, 65, 64}, {32, 3, 197, 64}, {8, 6, 197, 64}} {
		b, h, l, d := s[0], s[1], s[2], s[3]
		out = append(out, Item{ID: fmt.Sprintf("attention/fwd_bwd/b%dh%dl%dd%d", b, h, l, d), flop: 14 * float64(b*h*l*l*d), setup: func() func() {
			tape := autograd.NewTape(nil)
			x, dy := randn(b, l, 3*h*d), randn(b, l, h*d)
			return func() {
				tape.BackwardFrom(autograd.Attention(tape.Param(x), h), dy)
				tape.Reset()
			}
		}})
	}
	return out
}

func randnAll(shapes [][]int) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, s := range shapes {
		out = append(out, randn(s...))
	}
	return out
}

func params(t *autograd.Tape, xs []*tensor.Tensor) []*autograd.Var {
	var out []*autograd.Var
	for _, x := range xs {
		out = append(out, t.Param(x))
	}
	return out
}
