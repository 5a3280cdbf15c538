package autograd

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestDensePyTorch compares dense losses, layer normalisation and products of batches with PyTorch's, testdata/dense.json, made by
// testdata/dense.py.
func TestDensePyTorch(t *testing.T) {
	constant := func(name string, shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		golden.Fill(x.Data, name, 1)
		return x
	}
	abs := func(x *tensor.Tensor) *tensor.Tensor {
		tensor.Abs(x, x)
		return x
	}
	target := constant("t", 2, 3, 4, 5)
	w, p := abs(constant("w", 2, 3, 4, 5)), abs(constant("wp", 2, 3, 4, 1))
	positive, soft := abs(target.Clone()), target.Clone()
	tensor.Softmax(soft, soft)
	more := soft.Clone()
	tensor.Scale(more, 1.3, more)
	labels := []int32{0, 4, -1, 2, 3, 1, -1, 0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0, 1, 2, -1, 3, 4, 2}
	loss := func(scale float64, f func(x *Var) *Var) goldenCase {
		return goldenCase{scale, [][]int{{2, 3, 4, 5}}, func(in []*Var) *Var { return f(in[0]) }}
	}
	compareCases(t, "testdata/dense.json", map[string]goldenCase{
		"layernorm_200":               {1, [][]int{{5, 200}, {200}, {200}}, func(in []*Var) *Var { return LayerNorm(in[0], in[1], in[2], 1e-6) }},
		"layernorm_offset":            {1, [][]int{{3, 72}}, func(in []*Var) *Var { return LayerNorm(AddScalar(in[0], 10), nil, nil, 1e-5) }},
		"l1_weight":                   loss(1, func(x *Var) *Var { return L1(x, target, LossOptions{Weight: w}) }),
		"l2_weight":                   loss(1, func(x *Var) *Var { return L2(x, target, LossOptions{Weight: w}) }),
		"huber_weight":                loss(1, func(x *Var) *Var { return Huber(x, target, 0.4, LossOptions{Weight: w}) }),
		"l2_weight_sum":               loss(1, func(x *Var) *Var { return L2(x, target, LossOptions{Weight: w, Sum: true}) }),
		"l2_pixel":                    loss(1, func(x *Var) *Var { return L2(x, target, LossOptions{Weight: p}) }),
		"bce_weight_sum":              loss(4, func(x *Var) *Var { return BCEWithLogits(x, positive, LossOptions{Weight: w, Sum: true}) }),
		"bce_pixel":                   loss(4, func(x *Var) *Var { return BCEWithLogits(x, positive, LossOptions{Weight: p}) }),
		"cross_entropy_pixels":        loss(3, func(x *Var) *Var { return CrossEntropy(x, labels) }),
		"cross_entropy_pixels_smooth": loss(3, func(x *Var) *Var { return CrossEntropySmooth(x, labels, 0.1, LossOptions{}) }),
		"cross_entropy_pixels_weight": loss(3, func(x *Var) *Var { return CrossEntropySmooth(x, labels, 0, LossOptions{Weight: p}) }),
		"cross_entropy_soft_pixels":   loss(3, func(x *Var) *Var { return CrossEntropySoft(x, soft, LossOptions{}) }),
		"cross_entropy_soft_weight":   loss(3, func(x *Var) *Var { return CrossEntropySoft(x, more, LossOptions{Weight: p}) }),
		"bmm":                         {1, [][]int{{3, 4, 5}, {3, 5, 6}}, func(in []*Var) *Var { return BatchMatMul(in[0], in[1]) }},
		"bmm_nt":                      {1, [][]int{{2, 3, 4, 5}, {2, 3, 6, 5}}, func(in []*Var) *Var { return BatchMatMulNT(in[0], in[1]) }},
		"attention": {2, [][]int{{2, 5, 3, 4}, {2, 7, 3, 4}, {2, 7, 3, 4}}, func(in []*Var) *Var {
			return HeadMix(Softmax(HeadScores(in[0], in[1], 0.5)), in[2])
		}},
		"attention_fused":  {2, [][]int{{2, 5, 36}}, func(in []*Var) *Var { return Attention(in[0], 3) }},
		"attention_blocks": {2, [][]int{{1, 270, 6}}, func(in []*Var) *Var { return Attention(in[0], 1) }},
		"linear_gelu": {1, [][]int{{2, 3, 5}, {6, 5}, {6}}, func(in []*Var) *Var {
			return LinearGELU(in[0], Permute(in[1], 1, 0), in[2])
		}},
		"concat_slice": {1, [][]int{{2, 5, 3}, {2, 5, 4}}, func(in []*Var) *Var {
			return Concat(2, Slice(in[0], 1, 1, 2, 2), Const(tensor.New(2, 2, 2)), Slice(in[1], 1, 0, 2, 2))
		}},
	})
}

// TestLossOptions: what is not asked for is told, what weighs nothing is nothing.
func TestLossOptions(t *testing.T) {
	tape := NewTape(nil)
	x, target := tape.Param(tensor.New(2, 3, 4).Fill(2)), tensor.New(2, 3, 4)
	for _, shape := range [][]int{{4}, {3, 4}, {2, 3}, {1, 3, 4}, {2, 1, 1}, {2, 3, 4, 1}} {
		w := tensor.New(shape...).Fill(1)
		if err := Try(func() { L2(x, target, LossOptions{Weight: w}) }); err == nil {
			t.Errorf("a weight %v was broadcast", shape)
		}
		if err := Try(func() { CrossEntropySoft(x, target, LossOptions{Weight: w}) }); err == nil {
			t.Errorf("a weight %v of rows was broadcast", shape)
		}
	}
	if err := Try(func() { CrossEntropySoft(x, target, LossOptions{Weight: tensor.New(2, 3, 4)}) }); err == nil {
		t.Error("cross-entropy has no weights for single classes")
	}
	if err := Try(func() { Huber(x, target, 0, LossOptions{}) }); err == nil {
		t.Error("a Huber loss of delta 0 is always 0")
	}
	if err := Try(func() { CrossEntropy(x, []int32{0, 1, 2, 3, -2, 0}) }); err == nil {
		t.Error("-2 is no label")
	}
	none := []int32{-1, -1, -1, -1, -1, -1}
	for name, f := range map[string]func() *Var{
		"L2": func() *Var { return L2(x, target, LossOptions{Weight: tensor.New(2, 3, 1)}) }, "CrossEntropy": func() *Var { return CrossEntropy(x, none) },
	} {
		y := f()
		if v := y.Scalar(); v != 0 {
			t.Errorf("%s of nothing is %g", name, v)
		}
	}
	y := L2(x, target, LossOptions{Weight: tensor.New(2, 3, 1)})
	if s := tensor.SumSquares(tape.Backward(y).Of(x.Value)); s != 0 {
		t.Errorf("the gradient of nothing has the square %g", s)
	}
	nan := tensor.New(1, 2).Fill(float32(math.NaN()))
	for name, y := range map[string]*Var{
		"L1": L1(Const(nan), tensor.New(1, 2), LossOptions{}), "BCEWithLogits": BCEWithLogits(Const(nan), tensor.New(1, 2), LossOptions{}),
		"a weight": L1(Const(tensor.New(1, 2)), tensor.New(1, 2), LossOptions{Weight: nan}),
	} {
		if v := y.Scalar(); v == v {
			t.Errorf("%s: a NaN became %g", name, v)
		}
	}
}
