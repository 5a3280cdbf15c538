package autograd

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestPyTorch compares outputs and gradients with PyTorch's, testdata/ops.json, made by testdata/ops.py.
func TestPyTorch(t *testing.T) {
	constant := func(name string, shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		golden.Fill(x.Data, name, 1)
		return x
	}
	labels := []int32{1, 0, 3, 2}
	soft := constant("soft", 4, 5)
	tensor.Softmax(soft, soft)
	positive := constant("t", 4, 5)
	tensor.Abs(positive, positive)
	bn := func(in []*Var, o BatchNormOptions) *Var { return BatchNorm(in[0], in[1], in[2], bnState(5), o) }
	compareCases(t, "testdata/ops.json", map[string]goldenCase{
		"linear":         {1, [][]int{{4, 5}, {5, 6}, {6}}, func(in []*Var) *Var { return Linear(in[0], in[1], in[2]) }},
		"conv":           {1, [][]int{{2, 7, 6, 3}, {3, 3, 3, 5}, {5}}, func(in []*Var) *Var { return Conv2D(in[0], in[1], in[2], tensor.SquareConv(1, 1)) }},
		"conv_s2":        {1, [][]int{{2, 7, 8, 4}, {3, 3, 4, 5}}, func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, tensor.SquareConv(2, 1)) }},
		"conv_groups":    {1, [][]int{{2, 6, 6, 4}, {3, 3, 2, 6}}, func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, square(1, 1, 1, 2)) }},
		"conv_depthwise": {1, [][]int{{2, 6, 6, 4}, {3, 3, 1, 4}}, func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, square(1, 1, 1, 4)) }},
		"conv_dilated":   {1, [][]int{{1, 9, 9, 2}, {3, 3, 2, 3}}, func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, square(1, 2, 2, 1)) }},
		"conv_transpose": {1, [][]int{{2, 4, 3, 3}, {3, 3, 5, 3}, {5}}, func(in []*Var) *Var {
			return ConvTranspose2D(in[0], in[1], in[2], tensor.SquareConv(2, 1), [2]int{1, 1})
		}},
		"maxpool":      {1, [][]int{{2, 7, 8, 3}}, func(in []*Var) *Var { return MaxPool(in[0], tensor.SquareWindow(3, 2, 1)) }},
		"maxpool_ceil": {1, [][]int{{2, 8, 8, 3}}, func(in []*Var) *Var { return MaxPool(in[0], ceil(tensor.SquareWindow(3, 2, 0))) }},
		"avgpool":      {1, [][]int{{2, 7, 8, 3}}, func(in []*Var) *Var { return AvgPool(in[0], tensor.SquareWindow(3, 2, 1)) }},
		"avgpool_pad": {1, [][]int{{2, 7, 8, 3}}, func(in []*Var) *Var {
			return AvgPool(in[0], countsPad(tensor.SquareWindow(3, 2, 1)))
		}},
		"adaptive":             {1, [][]int{{2, 7, 5, 3}}, func(in []*Var) *Var { return AdaptiveAvgPool(in[0], 3, 2) }},
		"resize_up":            {1, [][]int{{1, 4, 5, 2}}, func(in []*Var) *Var { return Resize(in[0], 7, 9) }},
		"resize_down":          {1, [][]int{{1, 7, 6, 2}}, func(in []*Var) *Var { return Resize(in[0], 3, 4) }},
		"batchnorm":            {1, [][]int{{3, 4, 4, 5}, {5}, {5}}, func(in []*Var) *Var { return bn(in, BatchNormOptions{}) }},
		"batchnorm_relu_add":   {1, [][]int{{3, 4, 4, 5}, {5}, {5}, {3, 4, 4, 5}}, func(in []*Var) *Var { return bn(in, BatchNormOptions{ReLU: true, Add: in[3]}) }},
		"groupnorm":            {1, [][]int{{2, 3, 3, 6}, {6}, {6}}, func(in []*Var) *Var { return GroupNorm(in[0], in[1], in[2], 3, 1e-5) }},
		"layernorm":            {1, [][]int{{3, 7}, {7}, {7}}, func(in []*Var) *Var { return LayerNorm(in[0], in[1], in[2], 1e-5) }},
		"lrn":                  {2, [][]int{{2, 3, 3, 9}}, func(in []*Var) *Var { return LRN(in[0], 5, 0.5, 0.75, 1) }},
		"gelu":                 {3, [][]int{{4, 9}}, func(in []*Var) *Var { return GELU(in[0]) }},
		"elu":                  {3, [][]int{{4, 9}}, func(in []*Var) *Var { return ELU(in[0], 1) }},
		"leaky":                {3, [][]int{{4, 9}}, func(in []*Var) *Var { return LeakyReLU(in[0], 0.2) }},
		"tanh":                 {3, [][]int{{4, 9}}, func(in []*Var) *Var { return Tanh(in[0]) }},
		"sigmoid":              {3, [][]int{{4, 9}}, func(in []*Var) *Var { return Sigmoid(in[0]) }},
		"softmax":              {3, [][]int{{4, 9}}, func(in []*Var) *Var { return Softmax(in[0]) }},
		"normalize":            {3, [][]int{{4, 9}}, func(in []*Var) *Var { return L2Normalize(in[0]) }},
		"exp":                  {3, [][]int{{4, 9}}, func(in []*Var) *Var { return Exp(in[0]) }},
		"cross_entropy":        {3, [][]int{{4, 5}}, func(in []*Var) *Var { return CrossEntropy(in[0], labels) }},
		"cross_entropy_smooth": {3, [][]int{{4, 5}}, func(in []*Var) *Var { return CrossEntropySmooth(in[0], labels, 0.1, LossOptions{}) }},
		"cross_entropy_soft":   {3, [][]int{{4, 5}}, func(in []*Var) *Var { return CrossEntropySoft(in[0], soft, LossOptions{}) }},
		"kl":                   {3, [][]int{{4, 5}}, func(in []*Var) *Var { return KL(in[0], soft) }},
		"bce":                  {3, [][]int{{4, 5}}, func(in []*Var) *Var { return BCEWithLogits(in[0], positive, LossOptions{}) }},
		"l1":                   {1, [][]int{{4, 5}}, func(in []*Var) *Var { return L1(in[0], constant("t", 4, 5), LossOptions{}) }},
		"l2":                   {1, [][]int{{4, 5}}, func(in []*Var) *Var { return L2(in[0], constant("t", 4, 5), LossOptions{}) }},
		"huber":                {2, [][]int{{4, 5}}, func(in []*Var) *Var { return Huber(in[0], constant("t", 4, 5), 0.7, LossOptions{}) }},
		"triplet":              {1, [][]int{{4, 6}, {4, 6}, {4, 6}}, func(in []*Var) *Var { return Triplet(in[0], in[1], in[2], 1) }},
		"cosine":               {1, [][]int{{4, 6}, {4, 6}}, func(in []*Var) *Var { return Cosine(in[0], in[1]) }},
		"ntxent":               {1, [][]int{{6, 4}}, func(in []*Var) *Var { return NTXent(in[0], 0.5) }},
		"embedding":            {1, [][]int{{5, 3}}, func(in []*Var) *Var { return Gather(in[0], []int32{2, 0, 2}) }},
	})
}

// goldenCase is an operation of inputs of some shapes; see golden.Fill for scale.
type goldenCase struct {
	scale  float64
	shapes [][]int
	f      func(in []*Var) *Var
}

// compareCases compares outputs and gradients with those in a file of testdata.
func compareCases(t *testing.T, path string, cases map[string]goldenCase) {
	var want map[string]struct {
		Shape []int
		Y     []float32
		Grads [][]float32
	}
	golden.Load(t, path, &want)
	if len(cases) != len(want) {
		t.Errorf("%d cases, the reference has %d", len(cases), len(want))
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, ok := want[name]
			if !ok {
				t.Fatal("the reference lacks this case")
			}
			tape := NewTape(nil)
			var in []*Var
			for i, s := range c.shapes {
				x := tensor.New(s...)
				golden.Fill(x.Data, fmt.Sprintf("%s/in%d", name, i), c.scale)
				in = append(in, tape.Param(x))
			}
			y := c.f(in).Keep()
			if !tensor.SameShape(y.Shape(), w.Shape) {
				t.Fatalf("shape %v, PyTorch's is %v", y.Shape(), w.Shape)
			}
			dy := tensor.New(y.Shape()...)
			golden.Fill(dy.Data, name+"/dy", 1)
			g := tape.BackwardFrom(y, dy)
			compare(t, "output", y.Value.Data, w.Y)
			for i, v := range in {
				compare(t, fmt.Sprintf("gradient %d", i), g.Of(v.Value).Data, w.Grads[i])
			}
		})
	}
}

// compare allows 3e-6 of the largest value: what float32 sums in another order differ by.
func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	big := 0.0
	for _, v := range want {
		big = math.Max(big, math.Abs(float64(v)))
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, PyTorch has %d", what, len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(float64(v) - float64(want[i])); !(d <= 3e-6*big+1e-7) {
			t.Fatalf("%s at %d: %g, PyTorch %g (largest %g)", what, i, v, want[i], big)
		}
	}
}
