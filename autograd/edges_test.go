package autograd

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestELUGradientDigits: the gradient is alpha·exp(x) to the last digits, far below zero and with alpha of either sign.
func TestELUGradientDigits(t *testing.T) {
	for _, alpha := range []float32{1, 0.3, 2, -1.5, 0} {
		x := tensor.New(400)
		for i := range x.Data {
			x.Data[i] = 4 - float32(i)*0.21 // down to -79.8
		}
		tape := NewTape(nil)
		y := ELU(tape.Param(x), alpha).Keep()
		g := tape.BackwardFrom(y, tensor.New(400).Fill(1)).Of(x)
		for i, v := range x.Data {
			value, slope := float64(v), 1.0
			if v <= 0 {
				value, slope = float64(alpha)*math.Expm1(float64(v)), float64(alpha)*math.Exp(float64(v))
			}
			if got := float64(y.Value.Data[i]); !(math.Abs(got-value) <= 1e-6*math.Abs(value)) {
				t.Fatalf("alpha %g, x %g: %g, want %g", alpha, v, got, value)
			}
			if got := float64(g.Data[i]); !(math.Abs(got-slope) <= 3e-7*math.Abs(slope)) {
				t.Fatalf("alpha %g, x %g: gradient %g, want %g", alpha, v, got, slope)
			}
		}
	}
}

// TestGradientOfAParam: of a Param itself, BackwardFrom returns a copy of what it was given.
func TestGradientOfAParam(t *testing.T) {
	tape, x, dy := NewTape(nil), tensor.New(2), tensor.From([]float32{3, 5}, 2)
	d := tape.BackwardFrom(tape.Param(x), dy).Of(x)
	if d == dy || d.Data[0] != 3 || d.Data[1] != 5 {
		t.Errorf("the gradient is %v, want a copy of %v", d, dy)
	}
	d.Fill(0)
	if dy.Data[0] != 3 {
		t.Error("it shares memory with what was given")
	}
}

// TestCosineOfNothing: a row without a direction has the cosine 0 with every other, and takes no gradient and gives none.
func TestCosineOfNothing(t *testing.T) {
	a := tensor.From([]float32{0, 0, 0, 1, 2, 2, 1e-9, 0, 0}, 3, 3)
	b := tensor.From([]float32{3, 0, 4, 0, 0, 0, 3, 0, 4}, 3, 3)
	tape := NewTape(nil)
	y := Cosine(tape.Param(a), tape.Param(b)).Keep()
	g := tape.Backward(y)
	if want := 1 - 0.06/3; !(math.Abs(float64(y.Scalar())-want) <= 1e-6) { // the third row's length counts as 1e-8, PyTorch's eps
		t.Errorf("loss %g, want %g", y.Scalar(), want)
	}
	for name, d := range map[string]*tensor.Tensor{"a": g.Of(a), "b": g.Of(b)} {
		for i, v := range d.Data[:6] {
			if v != 0 {
				t.Errorf("gradient %d of %s is %g, want 0", i, name, v)
			}
		}
	}
	for i, v := range g.Of(a).Data[6:] {
		if v != 0 {
			t.Errorf("gradient %d of a short row is %g, want 0", i, v)
		}
	}
}

// TestNoSamples: a batch of no samples goes through every operation, forward and backward, as in PyTorch: shapes as usual, gradients of
// zeros for what does not depend on the batch.
func TestNoSamples(t *testing.T) {
	none := func(s ...int) []int { return append([]int{0}, s...) }
	pair := tensor.SquareConv(2, 1)
	state := bnState(6)
	for _, c := range []struct {
		name string
		in   [][]int
		f    func(v []*Var) *Var
		want []int
	}{
		{"Linear", [][]int{none(5), {5, 4}, {4}}, func(v []*Var) *Var { return Linear(v[0], v[1], v[2]) }, none(4)},
		{"Linear of sequences", [][]int{none(3, 5), {5, 4}, {4}}, func(v []*Var) *Var { return Linear(v[0], v[1], v[2]) }, none(3, 4)},
		{"MatMulNT", [][]int{none(5), {7, 5}}, func(v []*Var) *Var { return MatMulNT(v[0], v[1]) }, none(7)},
		{"BatchMatMul", [][]int{none(2, 5), none(5, 3)}, func(v []*Var) *Var { return BatchMatMul(v[0], v[1]) }, none(2, 3)},
		{"HeadScores", [][]int{none(4, 2, 3), none(4, 2, 3)}, func(v []*Var) *Var { return Softmax(HeadScores(v[0], v[1], 1)) }, none(2, 4, 4)},
		{"HeadMix", [][]int{none(2, 4, 4), none(4, 2, 3)}, func(v []*Var) *Var { return HeadMix(v[0], v[1]) }, none(4, 2, 3)},
		{"Conv2D", [][]int{none(7, 7, 3), {3, 3, 3, 6}, {6}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], v[2], tensor.SquareConv(2, 1)) }, none(4, 4, 6)},
		{"Conv2D 1x1", [][]int{none(7, 7, 3), {1, 1, 3, 6}, {6}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], v[2], tensor.Conv{}) }, none(7, 7, 6)},
		{"Conv2D 1x1 with a stride", [][]int{none(7, 7, 3), {1, 1, 3, 6}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], nil, tensor.SquareConv(2, 0)) }, none(4, 4, 6)},
		{"Conv2D depthwise", [][]int{none(7, 7, 6), {3, 3, 1, 6}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], nil, square(1, 1, 1, 6)) }, none(7, 7, 6)},
		{"Conv2D groups", [][]int{none(7, 7, 6), {3, 3, 2, 6}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], nil, square(1, 1, 2, 3)) }, none(5, 5, 6)},
		{"Conv2D Winograd", [][]int{none(8, 8, 16), {3, 3, 16, 32}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], nil, tensor.SquareConv(1, 1)) }, none(8, 8, 32)},
		{"Conv1D", [][]int{none(9, 4), {3, 4, 5}}, func(v []*Var) *Var { return Conv1D(v[0], v[1], nil, tensor.Conv{}) }, none(7, 5)},
		{"ConvTranspose2D", [][]int{none(4, 4, 3), {3, 3, 6, 3}, {6}}, func(v []*Var) *Var { return ConvTranspose2D(v[0], v[1], v[2], pair, [2]int{1, 1}) }, none(8, 8, 6)},
		{"MaxPool", [][]int{none(6, 6, 3)}, func(v []*Var) *Var { return MaxPool(v[0], tensor.SquareWindow(2, 0, 0)) }, none(3, 3, 3)},
		{"AvgPool", [][]int{none(6, 6, 3)}, func(v []*Var) *Var { return AvgPool(v[0], tensor.SquareWindow(3, 2, 1)) }, none(3, 3, 3)},
		{"GlobalAvgPool", [][]int{none(6, 6, 3)}, func(v []*Var) *Var { return GlobalAvgPool(v[0]) }, none(3)},
		{"Resize", [][]int{none(6, 6, 3)}, func(v []*Var) *Var { return Resize(v[0], 9, 4) }, none(9, 4, 3)},
		{"BatchNorm", [][]int{none(4, 4, 6), {6}, {6}}, func(v []*Var) *Var { return BatchNorm(v[0], v[1], v[2], state, BatchNormOptions{ReLU: true}) }, none(4, 4, 6)},
		{"GroupNorm", [][]int{none(4, 4, 6), {6}, {6}}, func(v []*Var) *Var { return GroupNorm(v[0], v[1], v[2], 3, 1e-5) }, none(4, 4, 6)},
		{"LayerNorm", [][]int{none(4, 6), {6}, {6}}, func(v []*Var) *Var { return LayerNorm(v[0], v[1], v[2], 1e-5) }, none(4, 6)},
		{"LRN", [][]int{none(4, 4, 6)}, func(v []*Var) *Var { return LRN(v[0], 5, 1e-4, 0.75, 1) }, none(4, 4, 6)},
		{"activations", [][]int{none(4, 6)}, func(v []*Var) *Var {
			return Abs(Sqrt(Log(Exp(Sigmoid(Tanh(GELU(ELU(LeakyReLU(ReLU(v[0]), 0.1), 1))))))))
		}, none(4, 6)},
		{"Dropout", [][]int{none(6)}, func(v []*Var) *Var { return Dropout(v[0], 0.5) }, none(6)},
		{"L2Normalize", [][]int{none(6)}, func(v []*Var) *Var { return L2Normalize(v[0]) }, none(6)},
		{"arithmetic", [][]int{none(6), {6}}, func(v []*Var) *Var {
			return Scale(Div(Mul(Sub(Add(v[0], v[1]), v[1]), v[1]), AddScalar(v[1], 1)), 2)
		}, none(6)},
		{"shapes", [][]int{none(6, 4), none(6, 4)}, func(v []*Var) *Var {
			return Slice(Concat(2, Permute(v[0], 0, 2, 1), Permute(v[1], 0, 2, 1)), 1, 0, 2, 2)
		}, none(2, 12)},
		{"Flatten", [][]int{none(6, 4)}, func(v []*Var) *Var { return Flatten(v[0]) }, none(24)},
		{"Pad2D", [][]int{none(6, 4, 3)}, func(v []*Var) *Var { return Pad2D(v[0], 1, 1, 2, 0) }, none(8, 6, 3)},
		{"SumAxis 0", [][]int{none(6)}, func(v []*Var) *Var { return SumAxis(v[0], 0) }, []int{6}},
		{"MeanAxis 1", [][]int{none(6)}, func(v []*Var) *Var { return MeanAxis(v[0], 1) }, none()},
		{"MaxAxis 1", [][]int{none(6)}, func(v []*Var) *Var { return MaxAxis(v[0], 1) }, none()},
		{"Sum", [][]int{none(6)}, func(v []*Var) *Var { return Sum(v[0]) }, []int{1}},
		{"Gather", [][]int{{4, 6}}, func(v []*Var) *Var { return Gather(v[0], nil) }, none(6)},
		{"CrossEntropy", [][]int{none(6)}, func(v []*Var) *Var { return CrossEntropy(v[0], nil) }, []int{1}},
		{"CrossEntropySoft", [][]int{none(6)}, func(v []*Var) *Var { return CrossEntropySoft(v[0], tensor.New(0, 6), LossOptions{}) }, []int{1}},
		{"CrossEntropySparse", [][]int{none(6)}, func(v []*Var) *Var { return CrossEntropySparse(v[0], nil, nil, LossOptions{}) }, []int{1}},
		{"KL", [][]int{none(6)}, func(v []*Var) *Var { return KL(v[0], tensor.New(0, 6)) }, []int{1}},
		{"L2", [][]int{none(6)}, func(v []*Var) *Var { return L2(v[0], tensor.New(0, 6), LossOptions{}) }, []int{1}},
		{"BCEWithLogits", [][]int{none(6)}, func(v []*Var) *Var { return BCEWithLogits(v[0], tensor.New(0, 6), LossOptions{Sum: true}) }, []int{1}},
		{"Cosine", [][]int{none(6), none(6)}, func(v []*Var) *Var { return Cosine(v[0], v[1]) }, []int{1}},
		{"Triplet", [][]int{none(6), none(6), none(6)}, func(v []*Var) *Var { return Triplet(v[0], v[1], v[2], 1) }, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) { ofZeros(t, c.in, c.f, c.want, 2) })
	}
	for j := range 6 {
		if m, v := state.Mean.Data[j], state.Var.Data[j]; m != bnState(6).Mean.Data[j] || v != bnState(6).Var.Data[j] {
			t.Errorf("the running statistics moved to %g, %g", m, v)
		}
	}
}

// TestProductsOfNothing: a product over no elements is zeros, to which a bias is added; gradients of its operands are empty.
func TestProductsOfNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		in   [][]int
		f    func(v []*Var) *Var
		want []int
	}{
		{"MatMul", [][]int{{3, 0}, {0, 4}}, func(v []*Var) *Var { return MatMul(v[0], v[1]) }, []int{3, 4}},
		{"MatMul of sequences", [][]int{{2, 3, 0}, {0, 4}}, func(v []*Var) *Var { return MatMul(v[0], v[1]) }, []int{2, 3, 4}},
		{"MatMulNT", [][]int{{3, 0}, {4, 0}}, func(v []*Var) *Var { return MatMulNT(v[0], v[1]) }, []int{3, 4}},
		{"BatchMatMul", [][]int{{2, 3, 0}, {2, 0, 4}}, func(v []*Var) *Var { return BatchMatMul(v[0], v[1]) }, []int{2, 3, 4}},
		{"BatchMatMulNT", [][]int{{2, 3, 0}, {2, 4, 0}}, func(v []*Var) *Var { return BatchMatMulNT(v[0], v[1]) }, []int{2, 3, 4}},
		{"HeadScores", [][]int{{2, 3, 2, 0}, {2, 5, 2, 0}}, func(v []*Var) *Var { return HeadScores(v[0], v[1], 1) }, []int{2, 2, 3, 5}},
		{"HeadMix", [][]int{{2, 2, 3, 0}, {2, 0, 2, 4}}, func(v []*Var) *Var { return HeadMix(v[0], v[1]) }, []int{2, 3, 2, 4}},
		{"no columns", [][]int{{3, 5}, {5, 0}}, func(v []*Var) *Var { return MatMul(v[0], v[1]) }, []int{3, 0}},
		{"rows of nothing", [][]int{{3, 0}, {0}, {0}}, func(v []*Var) *Var { return Softmax(L2Normalize(LayerNorm(v[0], v[1], v[2], 1e-5))) }, []int{3, 0}},
		{"sums of nothing", [][]int{{3, 0}}, func(v []*Var) *Var { return SumAxis(v[0], 1) }, []int{3}},
		{"a bias of nothing", [][]int{{3, 4}, {4, 0}, {0}}, func(v []*Var) *Var { return Linear(v[0], v[1], v[2]) }, []int{3, 0}},
		{"Conv2D", [][]int{{2, 4, 4, 0}, {3, 3, 0, 5}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], nil, tensor.SquareConv(1, 1)) }, []int{2, 4, 4, 5}},
		{"no kernels", [][]int{{2, 4, 4, 3}, {3, 3, 3, 0}, {0}}, func(v []*Var) *Var { return Conv2D(v[0], v[1], v[2], tensor.SquareConv(1, 1)) }, []int{2, 4, 4, 0}},
		{"ConvTranspose2D", [][]int{{2, 4, 4, 0}, {3, 3, 5, 0}}, func(v []*Var) *Var { return ConvTranspose2D(v[0], v[1], nil, tensor.SquareConv(2, 1), [2]int{}) }, []int{2, 7, 7, 5}},
	} {
		t.Run(c.name, func(t *testing.T) { ofZeros(t, c.in, c.f, c.want, 0) })
	}
	tape := NewTape(nil)
	b := tensor.New(4).Fill(2)
	y := Linear(tape.Input(tensor.New(3, 0)), tape.Param(tensor.New(0, 4)), tape.Param(b)).Keep()
	g := tape.BackwardFrom(y, tensor.New(3, 4).Fill(1)).Of(b)
	for j := range 4 {
		if y.Value.Data[j] != 2 || g.Data[j] != 3 {
			t.Errorf("column %d is %g, its bias's gradient %g, want 2 and 3", j, y.Value.Data[j], g.Data[j])
		}
	}
}

// ofZeros checks that f of tensors filled with v has that shape and zeros, as have the gradients.
func ofZeros(t *testing.T, in [][]int, f func(v []*Var) *Var, want []int, v float32) {
	t.Helper()
	tape := NewTape(tensor.NewRNG(1))
	tape.Training = true
	var vars []*Var
	for _, s := range in {
		vars = append(vars, tape.Param(tensor.New(s...).Fill(v)))
	}
	y := f(vars).Keep()
	if !tensor.SameShape(y.Shape(), want) {
		t.Fatalf("shape %v, want %v", y.Shape(), want)
	}
	g := tape.BackwardFrom(y, tensor.New(want...).Fill(1))
	for i, x := range append(vars, y) {
		d := y.Value
		if i < len(vars) {
			if d = g.Of(x.Value); d == nil {
				t.Fatalf("input %d has no gradient", i)
			}
		}
		if !tensor.SameShape(d.Shape, x.Shape()) {
			t.Errorf("input %d %v has a gradient %v", i, x.Shape(), d.Shape)
		}
		for _, e := range d.Data {
			if e != 0 {
				t.Fatalf("value or gradient %d holds %g, want zeros", i, e)
			}
		}
	}
}

// TestEdgesPyTorch compares what is at the edge of an operation's arguments with PyTorch's, testdata/edges.json, made by
// testdata/edges.py.
func TestEdgesPyTorch(t *testing.T) {
	axis := func(stride, dilation, pad int) tensor.Axis {
		return tensor.Axis{Stride: stride, Dilation: dilation, Low: pad, High: pad}
	}
	transpose := func(kernel []int, groups int, h, w tensor.Axis, outH, outW int) goldenCase {
		return goldenCase{1, [][]int{{2, 4, 3, 4}, kernel, {kernel[2] * groups}}, func(v []*Var) *Var {
			return ConvTranspose2D(v[0], v[1], v[2], tensor.Conv{H: h, W: w, Groups: groups}, [2]int{outH, outW})
		}}
	}
	elu := func(alpha float32) goldenCase {
		return goldenCase{20, [][]int{{9, 9}}, func(v []*Var) *Var { return ELU(v[0], alpha) }}
	}
	soft := func(sum float32) goldenCase {
		x := tensor.New(4, 5)
		golden.Fill(x.Data, "soft", 1)
		tensor.Softmax(x, x)
		tensor.Scale(x, sum, x)
		return goldenCase{3, [][]int{{4, 5}}, func(v []*Var) *Var { return CrossEntropySoft(v[0], x, LossOptions{}) }}
	}
	compareCases(t, "testdata/edges.json", map[string]goldenCase{
		"transpose_dilated":                  transpose([]int{3, 3, 5, 4}, 1, axis(1, 2, 0), axis(1, 2, 0), 1, 1),
		"transpose_dilated_padded":           transpose([]int{3, 3, 5, 4}, 1, axis(1, 3, 2), axis(1, 3, 2), 1, 2),
		"transpose_dilated_more_than_padded": transpose([]int{3, 2, 5, 4}, 1, axis(1, 4, 1), axis(1, 3, 1), 3, 2),
		"transpose_dilated_stride":           transpose([]int{3, 3, 5, 4}, 1, axis(2, 4, 1), axis(2, 4, 0), 3, 1),
		"transpose_dilated_groups":           transpose([]int{3, 3, 3, 4}, 2, axis(1, 2, 1), axis(1, 2, 1), 1, 1),
		"transpose_one_element":              transpose([]int{1, 1, 5, 4}, 1, axis(1, 3, 0), axis(1, 3, 0), 2, 2),
		"elu_-1.5":                           elu(-1.5),
		"elu_0.3":                            elu(0.3),
		"elu_2.0":                            elu(2),
		"soft_0.4":                           soft(0.4),
		"soft_1.7":                           soft(1.7),
	})
}
