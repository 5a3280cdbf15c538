package autograd

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// gradRow is one op, its inputs' shapes, and what is special about them.
type gradRow struct {
	name   string
	f      func(in []*Var) *Var
	shapes [][]int
	draw   func(r *tensor.RNG, x *tensor.Tensor) // default: standard normal
	h      float64                               // step; 0 means 1e-2
}

func positive(r *tensor.RNG, x *tensor.Tensor) { r.FillUniform(x, 0.5, 2) }

// awayFromZero keeps kinks out of the step's reach.
func awayFromZero(r *tensor.RNG, x *tensor.Tensor) {
	r.FillNormal(x, 0, 1)
	for i, v := range x.Data {
		x.Data[i] = v + float32(math.Copysign(0.1, float64(v)))
	}
}

// distinct values, 0.1 apart, so that no maximum changes hands within the step.
func distinct(r *tensor.RNG, x *tensor.Tensor) {
	for i, p := range r.Perm(x.Len()) {
		x.Data[i] = float32(p)*0.1 - float32(x.Len())*0.05
	}
}

func target(shape ...int) *tensor.Tensor {
	t := tensor.NewRNG(99).FillUniform(tensor.New(shape...), 0.05, 0.95)
	rows, c := t.Len()/t.Dim(-1), t.Dim(-1)
	for r := range rows {
		s := float32(0)
		for _, v := range t.Data[r*c : (r+1)*c] {
			s += v
		}
		for j := range c {
			t.Data[r*c+j] /= s
		}
	}
	return t
}

// weights are 0 here and there, and elsewhere up to 2.
func weights(shape ...int) *tensor.Tensor {
	w := tensor.NewRNG(98).FillUniform(tensor.New(shape...), 0, 2)
	for i := 1; i < w.Len(); i += 5 {
		w.Data[i] = 0
	}
	return w
}

func bnState(c int) BatchNormState {
	return BatchNormState{Mean: tensor.New(c).Fill(0.1), Var: tensor.New(c).Fill(0.9), Momentum: 0.1, Eps: 1e-5}
}

var gradTable = []gradRow{
	{name: "Add", f: func(in []*Var) *Var { return Add(in[0], in[1]) }, shapes: [][]int{{3, 4}, {3, 4}}},
	{name: "Add broadcast", f: func(in []*Var) *Var { return Add(in[0], in[1]) }, shapes: [][]int{{3, 1, 4}, {2, 1}}},
	{name: "Sub", f: func(in []*Var) *Var { return Sub(in[0], in[1]) }, shapes: [][]int{{3, 4}, {4}}},
	{name: "Mul", f: func(in []*Var) *Var { return Mul(in[0], in[1]) }, shapes: [][]int{{3, 4}, {3, 1}}},
	{name: "Mul same", f: func(in []*Var) *Var { return Mul(in[0], in[0]) }, shapes: [][]int{{3, 4}}},
	{name: "Div", f: func(in []*Var) *Var { return Div(in[0], in[1]) }, shapes: [][]int{{3, 4}, {3, 4}}, draw: positive},
	{name: "Scale", f: func(in []*Var) *Var { return Scale(in[0], -2.5) }, shapes: [][]int{{7}}},
	{name: "AddScalar", f: func(in []*Var) *Var { return AddScalar(in[0], 3) }, shapes: [][]int{{2, 3}}},
	{name: "ReLU", f: func(in []*Var) *Var { return ReLU(in[0]) }, shapes: [][]int{{5, 9}}, draw: awayFromZero},
	{name: "LeakyReLU", f: func(in []*Var) *Var { return LeakyReLU(in[0], 0.2) }, shapes: [][]int{{5, 9}}, draw: awayFromZero},
	{name: "ELU", f: func(in []*Var) *Var { return ELU(in[0], 1.3) }, shapes: [][]int{{5, 9}}, draw: awayFromZero},
	{name: "GELU", f: func(in []*Var) *Var { return GELU(in[0]) }, shapes: [][]int{{5, 9}}},
	{name: "Tanh", f: func(in []*Var) *Var { return Tanh(in[0]) }, shapes: [][]int{{5, 9}}},
	{name: "Sigmoid", f: func(in []*Var) *Var { return Sigmoid(in[0]) }, shapes: [][]int{{5, 9}}},
	{name: "Exp", f: func(in []*Var) *Var { return Exp(in[0]) }, shapes: [][]int{{5, 9}}},
	{name: "Log", f: func(in []*Var) *Var { return Log(in[0]) }, shapes: [][]int{{5, 9}}, draw: positive},
	{name: "Sqrt", f: func(in []*Var) *Var { return Sqrt(in[0]) }, shapes: [][]int{{5, 9}}, draw: positive},
	{name: "Abs", f: func(in []*Var) *Var { return Abs(in[0]) }, shapes: [][]int{{5, 9}}, draw: awayFromZero},
	{name: "Softmax", f: func(in []*Var) *Var { return Softmax(in[0]) }, shapes: [][]int{{5, 9}}},
	{name: "L2Normalize", f: func(in []*Var) *Var { return L2Normalize(in[0]) }, shapes: [][]int{{5, 9}}},
	{name: "Dropout", f: func(in []*Var) *Var { return Dropout(in[0], 0.4) }, shapes: [][]int{{50, 9}}},
	{name: "Linear", f: func(in []*Var) *Var { return Linear(in[0], in[1], in[2]) }, shapes: [][]int{{4, 2, 5}, {5, 6}, {6}}},
	{name: "LinearAdd", f: func(in []*Var) *Var { return LinearAdd(in[0], in[1], in[2], in[3]) }, shapes: [][]int{{4, 2, 5}, {5, 6}, {6}, {4, 2, 6}}},
	{name: "LinearAdd to its own input", f: func(in []*Var) *Var { return LinearAdd(in[0], in[1], nil, in[0]) }, shapes: [][]int{{4, 2, 5}, {5, 5}}},
	{name: "LinearGELU", f: func(in []*Var) *Var { return LinearGELU(in[0], in[1], in[2]) }, shapes: [][]int{{4, 2, 5}, {5, 6}, {6}}},
	{name: "MatMulNT", f: func(in []*Var) *Var { return MatMulNT(in[0], in[1]) }, shapes: [][]int{{4, 5}, {3, 5}}},
	{name: "MatMulNT same", f: func(in []*Var) *Var { return MatMulNT(in[0], in[0]) }, shapes: [][]int{{4, 5}}},
	{name: "BatchMatMul", f: func(in []*Var) *Var { return BatchMatMul(in[0], in[1]) }, shapes: [][]int{{3, 4, 5}, {3, 5, 2}}},
	{name: "BatchMatMul heads", f: func(in []*Var) *Var { return BatchMatMul(in[0], in[1]) }, shapes: [][]int{{2, 3, 4, 5}, {2, 3, 5, 2}}},
	{name: "BatchMatMulNT", f: func(in []*Var) *Var { return BatchMatMulNT(in[0], in[1]) }, shapes: [][]int{{3, 4, 5}, {3, 2, 5}}},
	{name: "BatchMatMulNT same", f: func(in []*Var) *Var { return BatchMatMulNT(in[0], in[0]) }, shapes: [][]int{{2, 2, 4, 5}}},
	{name: "HeadScores", f: func(in []*Var) *Var { return HeadScores(in[0], in[1], 0.7) }, shapes: [][]int{{2, 3, 2, 4}, {2, 5, 2, 4}}},
	{name: "HeadScores same", f: func(in []*Var) *Var { return HeadScores(in[0], in[0], 0.7) }, shapes: [][]int{{2, 3, 2, 4}}},
	{name: "HeadMix", f: func(in []*Var) *Var { return HeadMix(in[0], in[1]) }, shapes: [][]int{{2, 2, 3, 5}, {2, 5, 2, 4}}},
	{name: "Attention", f: func(in []*Var) *Var { return Attention(in[0], 2) }, shapes: [][]int{{2, 5, 24}}},
	{name: "Attention of more than a block", f: func(in []*Var) *Var { return Attention(in[0], 1) }, shapes: [][]int{{1, 300, 9}}},
	{name: "Attention twice", f: func(in []*Var) *Var { return Add(Attention(in[0], 2), Attention(in[0], 1)) }, shapes: [][]int{{2, 5, 24}}},
	{name: "Tokens", f: func(in []*Var) *Var { return Tokens(in[0], in[1], in[2]) }, shapes: [][]int{{3, 4, 6}, {1, 1, 6}, {1, 5, 6}}},
	{name: "Gather", f: func(in []*Var) *Var { return Gather(in[0], []int32{2, 0, 2}) }, shapes: [][]int{{3, 4}}},
	{name: "ScatterAdd", f: func(in []*Var) *Var { return ScatterAdd(in[0], []int32{2, 0, 2}, 4) }, shapes: [][]int{{3, 4}}},
	{name: "Conv2D", f: func(in []*Var) *Var { return Conv2D(in[0], in[1], in[2], tensor.SquareConv(1, 1)) }, shapes: [][]int{{2, 5, 6, 3}, {3, 3, 3, 4}, {4}}},
	{name: "Conv2D stride 2 groups 2", f: func(in []*Var) *Var { return Conv2D(in[0], in[1], in[2], square(2, 0, 1, 2)) }, shapes: [][]int{{2, 7, 7, 4}, {3, 3, 2, 6}, {6}}},
	{name: "Conv2D depthwise", f: func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, square(1, 1, 1, 4)) }, shapes: [][]int{{2, 5, 5, 4}, {3, 3, 1, 4}}},
	{name: "Conv2D dilation 2", f: func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, square(1, 2, 2, 1)) }, shapes: [][]int{{1, 7, 7, 2}, {3, 3, 2, 3}}},
	{name: "Conv2D 1x1", f: func(in []*Var) *Var { return Conv2D(in[0], in[1], nil, tensor.Conv{}) }, shapes: [][]int{{2, 3, 3, 5}, {1, 1, 5, 4}}},
	{name: "ConvTranspose2D", f: func(in []*Var) *Var {
		return ConvTranspose2D(in[0], in[1], in[2], tensor.SquareConv(2, 1), [2]int{1, 1})
	}, shapes: [][]int{{2, 4, 3, 3}, {3, 3, 5, 3}, {5}}},
	{name: "Conv2D uneven", f: func(in []*Var) *Var { return Conv2D(in[0], in[1], in[2], uneven) }, shapes: [][]int{{2, 7, 8, 3}, {3, 2, 3, 4}, {4}}},
	{name: "Conv3D", f: func(in []*Var) *Var { return Conv3D(in[0], in[1], in[2], clips(1, 1, 1, 1)) }, shapes: [][]int{{2, 3, 4, 5, 3}, {3, 3, 3, 3, 4}, {4}}},
	{name: "Conv3D stride 2", f: func(in []*Var) *Var { return Conv3D(in[0], in[1], in[2], clips(2, 1, 2, 1)) }, shapes: [][]int{{2, 5, 6, 5, 3}, {3, 3, 3, 3, 4}, {4}}},
	{name: "Conv3D through time", f: func(in []*Var) *Var { return Conv3D(in[0], in[1], nil, clips(1, 1, 1, 0)) }, shapes: [][]int{{2, 4, 3, 3, 3}, {3, 1, 1, 3, 4}}},
	{name: "MaxPool clips", f: func(in []*Var) *Var { return MaxPool(in[0], tensor.SolidWindow(3, 2, 1)) }, shapes: [][]int{{2, 4, 5, 6, 2}}, draw: distinct},
	{name: "AvgPool clips", f: func(in []*Var) *Var { return AvgPool(in[0], tensor.SolidWindow(3, 2, 1)) }, shapes: [][]int{{2, 4, 5, 6, 2}}},
	{name: "GlobalAvgPool clips", f: func(in []*Var) *Var { return GlobalAvgPool(in[0]) }, shapes: [][]int{{2, 3, 4, 3, 2}}},
	{name: "Conv1D", f: func(in []*Var) *Var { return Conv1D(in[0], in[1], in[2], tensor.Conv{T: uneven.W}) }, shapes: [][]int{{2, 9, 3}, {3, 3, 4}, {4}}},
	{name: "ConvTranspose2D uneven", f: func(in []*Var) *Var { return ConvTranspose2D(in[0], in[1], in[2], uneven, [2]int{0, 2}) }, shapes: [][]int{{2, 4, 3, 3}, {3, 2, 5, 3}, {5}}},
	{name: "MaxPool uneven", f: func(in []*Var) *Var { return MaxPool(in[0], unevenWindow) }, shapes: [][]int{{2, 6, 8, 3}}, draw: distinct},
	{name: "AvgPool uneven", f: func(in []*Var) *Var { return AvgPool(in[0], unevenWindow) }, shapes: [][]int{{2, 6, 8, 3}}},
	{name: "MaxPool", f: func(in []*Var) *Var { return MaxPool(in[0], tensor.SquareWindow(3, 2, 1)) }, shapes: [][]int{{2, 6, 7, 3}}, draw: distinct},
	{name: "AvgPool", f: func(in []*Var) *Var { return AvgPool(in[0], tensor.SquareWindow(3, 2, 1)) }, shapes: [][]int{{2, 6, 7, 3}}},
	{name: "AvgPool counting padding", f: func(in []*Var) *Var {
		return AvgPool(in[0], countsPad(tensor.SquareWindow(3, 2, 1)))
	}, shapes: [][]int{{2, 6, 7, 3}}},
	{name: "AdaptiveAvgPool", f: func(in []*Var) *Var { return AdaptiveAvgPool(in[0], 3, 2) }, shapes: [][]int{{2, 7, 5, 3}}},
	{name: "GlobalAvgPool", f: func(in []*Var) *Var { return GlobalAvgPool(in[0]) }, shapes: [][]int{{2, 4, 5, 3}}},
	{name: "Resize up", f: func(in []*Var) *Var { return Resize(in[0], 7, 9) }, shapes: [][]int{{2, 4, 5, 3}}},
	{name: "Resize down", f: func(in []*Var) *Var { return Resize(in[0], 3, 2) }, shapes: [][]int{{2, 7, 5, 3}}},
	{name: "BatchNorm", f: func(in []*Var) *Var { return BatchNorm(in[0], in[1], in[2], bnState(5), BatchNormOptions{}) }, shapes: [][]int{{4, 3, 3, 5}, {5}, {5}}},
	{name: "BatchNorm ReLU add", f: func(in []*Var) *Var {
		return BatchNorm(in[0], in[1], in[2], bnState(5), BatchNormOptions{ReLU: true, Add: in[3]})
	}, shapes: [][]int{{4, 3, 3, 5}, {5}, {5}, {4, 3, 3, 5}}, h: 2e-3},
	{name: "BatchNorm without affine", f: func(in []*Var) *Var { return BatchNorm(in[0], nil, nil, bnState(5), BatchNormOptions{}) }, shapes: [][]int{{12, 5}}},
	{name: "BatchNorm frozen", f: func(in []*Var) *Var {
		in[0].tape.Training = false
		return BatchNorm(in[0], in[1], in[2], bnState(5), BatchNormOptions{})
	}, shapes: [][]int{{4, 3, 3, 5}, {5}, {5}}},
	{name: "GroupNorm", f: func(in []*Var) *Var { return GroupNorm(in[0], in[1], in[2], 2, 1e-5) }, shapes: [][]int{{3, 2, 2, 6}, {6}, {6}}},
	{name: "LayerNorm", f: func(in []*Var) *Var { return LayerNorm(in[0], in[1], in[2], 1e-5) }, shapes: [][]int{{3, 4, 6}, {6}, {6}}},
	{name: "LayerNorm without affine", f: func(in []*Var) *Var { return LayerNorm(in[0], nil, nil, 1e-5) }, shapes: [][]int{{3, 70}}},
	{name: "LayerNorm twice", f: func(in []*Var) *Var {
		return Add(LayerNorm(in[0], in[1], nil, 1e-5), LayerNorm(in[0], nil, in[2], 0.1))
	}, shapes: [][]int{{3, 4, 6}, {6}, {6}}},
	{name: "LRN", f: func(in []*Var) *Var { return LRN(in[0], 5, 0.5, 0.75, 1) }, shapes: [][]int{{2, 2, 2, 9}}},
	{name: "Reshape", f: func(in []*Var) *Var { return Reshape(in[0], 6, -1) }, shapes: [][]int{{4, 3, 2}}},
	{name: "Permute", f: func(in []*Var) *Var { return Permute(in[0], 2, 0, 1) }, shapes: [][]int{{4, 3, 2}}},
	{name: "Concat", f: func(in []*Var) *Var { return Concat(1, in[0], in[1], in[0]) }, shapes: [][]int{{2, 3, 4}, {2, 1, 4}}},
	{name: "Slice twice", f: func(in []*Var) *Var { return Add(Slice(in[0], 1, 0, 3, 2), Slice(in[0], 1, 1, 3, 1)) }, shapes: [][]int{{2, 5, 3}}},
	{name: "Pad2D twice", f: func(in []*Var) *Var { return Add(Pad2D(in[0], 1, 2, 0, 3), Pad2D(in[0], 2, 1, 3, 0)) }, shapes: [][]int{{2, 3, 4, 2}}},
	{name: "Permute twice", f: func(in []*Var) *Var { return Add(Permute(in[0], 1, 0), Permute(Scale(in[0], 2), 1, 0)) }, shapes: [][]int{{4, 3}}},
	{name: "Reshape twice", f: func(in []*Var) *Var { return Add(Reshape(in[0], 6, 2), Reshape(in[0], 6, -1)) }, shapes: [][]int{{4, 3}}},
	{name: "Slice", f: func(in []*Var) *Var { return Slice(in[0], 1, 1, 2, 2) }, shapes: [][]int{{2, 5, 3}}},
	{name: "Pad2D", f: func(in []*Var) *Var { return Pad2D(in[0], 1, 2, 0, 3) }, shapes: [][]int{{2, 3, 4, 2}}},
	{name: "SumAxis", f: func(in []*Var) *Var { return SumAxis(in[0], 1) }, shapes: [][]int{{2, 5, 3}}},
	{name: "MeanAxis last", f: func(in []*Var) *Var { return MeanAxis(in[0], 2) }, shapes: [][]int{{2, 5, 3}}},
	{name: "MaxAxis", f: func(in []*Var) *Var { return MaxAxis(in[0], 1) }, shapes: [][]int{{2, 5, 3}}, draw: distinct},
	{name: "Sum", f: func(in []*Var) *Var { return Sum(in[0]) }, shapes: [][]int{{2, 5}}},
	{name: "Mean", f: func(in []*Var) *Var { return Mean(in[0]) }, shapes: [][]int{{2, 5}}},
	{name: "CrossEntropy", f: func(in []*Var) *Var { return CrossEntropy(in[0], []int32{1, 0, 3}) }, shapes: [][]int{{3, 4}}},
	{name: "CrossEntropySmooth", f: func(in []*Var) *Var { return CrossEntropySmooth(in[0], []int32{1, 0, 3}, 0.1, LossOptions{}) }, shapes: [][]int{{3, 4}}},
	{name: "CrossEntropySoft", f: func(in []*Var) *Var { return CrossEntropySoft(in[0], target(3, 4), LossOptions{}) }, shapes: [][]int{{3, 4}}},
	{name: "CrossEntropy pixels, one ignored", f: func(in []*Var) *Var {
		return CrossEntropySmooth(in[0], []int32{1, -1, 3, 0, 2, 1}, 0.1, LossOptions{Weight: weights(1, 2, 3, 1)})
	}, shapes: [][]int{{1, 2, 3, 4}}},
	{name: "CrossEntropySoft pixels, weighed, summed", f: func(in []*Var) *Var {
		t := target(1, 2, 3, 4)
		tensor.Scale(t, 1.5, t) // rows that do not sum to 1
		return CrossEntropySoft(in[0], t, LossOptions{Weight: weights(1, 2, 3, 1), Sum: true})
	}, shapes: [][]int{{1, 2, 3, 4}}},
	{name: "CrossEntropySparse", f: func(in []*Var) *Var {
		return CrossEntropySparse(in[0], []int32{1, 2, 0, 3, 3, 3}, []float32{0.7, 0.3, 0.6, 0.4, 0.5, 0.5}, LossOptions{})
	}, shapes: [][]int{{3, 4}}},
	{name: "CrossEntropySparse pixels, weighed, summed, twice", f: func(in []*Var) *Var {
		return Add(CrossEntropySparse(in[0], []int32{1, 0, 3, 0, 2, 1}, []float32{1.5, 1, 0, 0.5, 1, 2}, LossOptions{Weight: weights(1, 2, 3, 1), Sum: true}), Sum(Mul(in[0], in[0])))
	}, shapes: [][]int{{1, 2, 3, 4}}},
	{name: "L2 weighed", f: func(in []*Var) *Var { return L2(in[0], target(3, 4), LossOptions{Weight: weights(3, 4)}) }, shapes: [][]int{{3, 4}}},
	{name: "L1 weighed by pixel, summed", f: func(in []*Var) *Var {
		return L1(in[0], tensor.New(3, 4), LossOptions{Weight: weights(3, 1), Sum: true})
	}, shapes: [][]int{{3, 4}}, draw: awayFromZero},
	{name: "Huber weighed by pixel", f: func(in []*Var) *Var { return Huber(in[0], target(3, 4), 0.7, LossOptions{Weight: weights(3, 1)}) }, shapes: [][]int{{3, 4}}},
	{name: "BCEWithLogits weighed", f: func(in []*Var) *Var {
		return BCEWithLogits(in[0], target(3, 4), LossOptions{Weight: weights(3, 4)})
	}, shapes: [][]int{{3, 4}}},
	{name: "L2 twice", f: func(in []*Var) *Var {
		return Add(L2(in[0], target(3, 4), LossOptions{}), BCEWithLogits(in[0], target(3, 4), LossOptions{Weight: weights(3, 1)}))
	}, shapes: [][]int{{3, 4}}},
	{name: "Huber twice", f: func(in []*Var) *Var {
		return Add(Huber(in[0], target(3, 4), 0.7, LossOptions{}), CrossEntropySoft(in[0], target(3, 4), LossOptions{}))
	}, shapes: [][]int{{3, 4}}},
	{name: "BCEWithLogits", f: func(in []*Var) *Var { return BCEWithLogits(in[0], target(3, 4), LossOptions{}) }, shapes: [][]int{{3, 4}}},
	{name: "L1", f: func(in []*Var) *Var { return L1(in[0], tensor.New(3, 4), LossOptions{}) }, shapes: [][]int{{3, 4}}, draw: awayFromZero},
	{name: "L2", f: func(in []*Var) *Var { return L2(in[0], target(3, 4), LossOptions{}) }, shapes: [][]int{{3, 4}}},
	{name: "Huber", f: func(in []*Var) *Var { return Huber(in[0], target(3, 4), 0.7, LossOptions{}) }, shapes: [][]int{{3, 4}}},
	{name: "KL", f: func(in []*Var) *Var { return KL(in[0], target(3, 4)) }, shapes: [][]int{{3, 4}}},
	{name: "Cosine", f: func(in []*Var) *Var { return Cosine(in[0], in[1]) }, shapes: [][]int{{3, 4}, {3, 4}}},
	{name: "Triplet", f: func(in []*Var) *Var { return Triplet(in[0], in[1], in[2], 5) }, shapes: [][]int{{3, 4}, {3, 4}, {3, 4}}},
	{name: "NTXent", f: func(in []*Var) *Var { return NTXent(in[0], 0.5) }, shapes: [][]int{{6, 4}}},
	{name: "Checkpoint", f: func(in []*Var) *Var {
		return Checkpoint(in[0], func(x *Var) *Var {
			y := Tanh(Linear(x, x.Param(in[1].Value), nil))
			return Dropout(BatchNorm(y, nil, nil, bnState(6), BatchNormOptions{}), 0.3)
		})
	}, shapes: [][]int{{7, 5}, {5, 6}}},
}

// TestGradients checks every op's rule: for a random direction d and a random dy,
//
//	Σ dy·(f(x + h·d) - f(x - h·d))/2h  =  Σ dx·d
//
// with the sums in float64. The forward values are float32, so the quotient's error is about 1e-7·|dy||f|/h.
func TestGradients(t *testing.T) {
	for _, row := range gradTable {
		t.Run(row.name, func(t *testing.T) { checkGradient(t, row) })
	}
}

func checkGradient(t *testing.T, row gradRow) {
	r := tensor.NewRNG(5)
	var in, dir []*tensor.Tensor
	for _, s := range row.shapes {
		x := tensor.New(s...)
		if row.draw != nil {
			row.draw(r, x)
		} else {
			r.FillNormal(x, 0, 1)
		}
		in = append(in, x)
		dir = append(dir, r.FillNormal(tensor.New(s...), 0, 1))
	}
	tape := NewTape(tensor.NewRNG(3))
	run := func(shift float64) (*Var, []*Var) {
		tape.Reset()
		tape.Training = true
		vars := make([]*Var, len(in))
		for i, x := range in {
			y := x
			if shift != 0 {
				y = x.Clone()
				for k := range y.Data {
					y.Data[k] = float32(float64(x.Data[k]) + shift*float64(dir[i].Data[k]))
				}
			}
			vars[i] = tape.Param(y)
		}
		return row.f(vars), vars
	}
	y, vars := run(0)
	dy := r.FillNormal(tensor.New(y.Shape()...), 0, 1)
	given := dy.Clone()
	g := tape.BackwardFrom(y, dy)
	for k, v := range given.Data {
		if dy.Data[k] != v {
			t.Fatalf("the rule has changed the gradient that it was given, element %d from %g to %g", k, v, dy.Data[k])
		}
	}
	analytic, scale := 0.0, 0.0
	for i, v := range vars {
		d := g.Of(v.Value)
		if d == nil {
			t.Fatalf("input %d has no gradient", i)
		}
		for k, x := range d.Data {
			analytic += float64(x) * float64(dir[i].Data[k])
			scale += math.Abs(float64(x) * float64(dir[i].Data[k]))
		}
	}
	h := row.h
	if h == 0 {
		h = 1e-2
	}
	// Richardson: (4·D(h/2) - D(h))/3 cancels the h² term
	diff := func(h float64) float64 {
		s := 0.0
		for _, sign := range []float64{1, -1} {
			y, _ := run(sign * h)
			for k, v := range y.Value.Data {
				s += sign * float64(v) * float64(dy.Data[k])
			}
		}
		return s / (2 * h)
	}
	numeric := (4*diff(h/2) - diff(h)) / 3
	if e := math.Abs(numeric - analytic); !(e <= 5e-4*(scale+1e-3)) {
		t.Errorf("directional derivative %.7g, from the gradients %.7g (sum of absolute terms %.4g)", numeric, analytic, scale)
	}
}

// TestAddsUp: a Var used twice gets both gradients; gradients accumulate over steps.
func TestAddsUp(t *testing.T) {
	tape := NewTape(nil)
	w := tensor.From([]float32{2, 3}, 2)
	step := func() *Gradients {
		p := tape.Param(w)
		return tape.Backward(Sum(Add(Mul(p, p), p)))
	}
	g := step()
	if got := fmt.Sprint(g.Of(w).Data); got != "[5 7]" {
		t.Errorf("gradient of w² + w at [2 3]: %s", got)
	}
	sum := g.Clone()
	tape.Reset()
	sum.Add(step())
	sum.Scale(0.5)
	if got := fmt.Sprint(sum.Of(w).Data); got != "[5 7]" {
		t.Errorf("mean of two steps: %s", got)
	}
	kept := sum.Of(w)
	if sum.Reset(); sum.Of(w) != nil || len(sum.Params()) != 0 || sum.Norm() != 0 {
		t.Error("gradients are left after Reset")
	}
	tape.Reset()
	g = step()
	if sum.Add(g); sum.Of(w) != kept || fmt.Sprint(kept.Data) != "[5 7]" || g.Of(w) == kept {
		t.Errorf("after Reset: %v in other memory: %v", sum.Of(w), sum.Of(w) != kept)
	}
}

func TestErrors(t *testing.T) {
	tape := NewTape(nil)
	leave := tape.Enter("net.2.conv1")
	err := Try(func() {
		Conv2D(tape.Input(tensor.New(8, 32, 32, 16)), Const(tensor.New(3, 3, 3, 32)), nil, tensor.Conv{})
	})
	leave()
	want := "autograd.Conv2D in net.2.conv1: input [8 32 32 16] has 16 channels, weight [3 3 3 32] with 1 groups wants 3"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if err := Try(func() { tape.Backward(tape.Param(tensor.New(2))) }); err == nil {
		t.Error("Backward of two values must complain")
	}
	if err := Try(func() { tape.Backward(tape.Input(tensor.New(1))) }); err == nil {
		t.Error("Backward of something without Params must complain")
	}
	if err := Try(func() { L2(tape.Input(tensor.New(3, 1)), tensor.New(3), LossOptions{}) }); err == nil {
		t.Error("a target must not be broadcast")
	}
	if err := Try(func() { CrossEntropy(tape.Input(tensor.New(1, 3)), []int32{3}) }); err == nil {
		t.Error("a label outside the classes must complain")
	}
}

// TestFreedValuesSpeakUp: a value that Backward has passed is gone, not silently something else; Keep keeps it.
func TestFreedValuesSpeakUp(t *testing.T) {
	tape := NewTape(nil)
	w := tensor.New(4, 4).Fill(1)
	a := Scale(tape.Param(w), 2)
	b := Reshape(Scale(a, 3), 16).Keep()
	tape.Backward(Sum(Mul(b, b)))
	if a.Value != nil {
		t.Error("a passed value is still there")
	}
	if b.Value == nil || b.Value.Data[0] != 6 {
		t.Error("a kept view lost its value")
	}
}

func TestFirstBad(t *testing.T) {
	tape := NewTape(nil)
	p := tape.Param(tensor.From([]float32{-1, 1}, 2))
	leave := tape.Enter("layer3")
	y := Log(p)
	leave()
	Sum(Scale(y, 2))
	if op, place, ok := tape.FirstBad(); !ok || op != "Log" || place != "layer3" {
		t.Errorf("first bad value: %q in %q, %v", op, place, ok)
	}
}

// TestSteadyState: after the first steps a step takes no tensor memory; what is left are the small records of the graph.
func TestSteadyState(t *testing.T) {
	tape := NewTape(nil)
	w := tensor.NewRNG(1).FillNormal(tensor.New(3, 3, 8, 16), 0, 0.1)
	gamma, beta := tensor.New(16).Fill(1), tensor.New(16)
	st := BatchNormState{Mean: tensor.New(16), Var: tensor.New(16).Fill(1), Momentum: 0.1, Eps: 1e-5}
	x := tensor.NewRNG(2).FillNormal(tensor.New(4, 16, 16, 8), 0, 1)
	step := func() {
		y := Conv2D(tape.Input(x), tape.Param(w), nil, tensor.SquareConv(1, 1))
		y = BatchNorm(y, tape.Param(gamma), tape.Param(beta), st, BatchNormOptions{ReLU: true})
		tape.Backward(CrossEntropy(GlobalAvgPool(y), []int32{0, 1, 2, 3}))
		tape.Reset()
	}
	step()
	step()
	held, _ := tape.Bytes()
	for range 5 {
		step()
	}
	if again, _ := tape.Bytes(); again != held {
		t.Errorf("the tape held %d bytes, after five more steps %d", held, again)
	}
	b := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			step()
		}
	})
	t.Logf("a step of three layers allocates %d bytes in %d pieces; its tensors take %d", b.AllocedBytesPerOp(), b.AllocsPerOp(), held)
	if b.AllocedBytesPerOp() > 32<<10 {
		t.Errorf("a step allocates %d bytes", b.AllocedBytesPerOp())
	}
}

// TestGraph: the drawn graph names operations, places and edges.
func TestGraph(t *testing.T) {
	tape := NewTape(nil)
	leave := tape.Enter("fc<1>")
	y := Linear(tape.Input(tensor.New(2, 3)), tape.Param(tensor.New(3, 4)), nil)
	leave()
	Sum(ReLU(y))
	var dot, svg strings.Builder
	if err := tape.WriteDOT(&dot); err != nil {
		t.Fatal(err)
	}
	if err := tape.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"digraph", "Linear [2 4]", "n1 -> n2", "param [3 4]", "input [2 3]"} {
		if !strings.Contains(dot.String(), want) {
			t.Errorf("the DOT graph lacks %q:\n%s", want, dot.String())
		}
	}
	if err := xml.Unmarshal([]byte(svg.String()), new(struct{})); err != nil || strings.Count(svg.String(), "<rect") != 3 {
		t.Errorf("the SVG graph: %v\n%s", err, svg.String())
	}
}

func Example() {
	tape := NewTape(tensor.NewRNG(1))
	w := tensor.From([]float32{1, 2, 3, 4}, 2, 2)
	x := tape.Input(tensor.From([]float32{2, -1}, 1, 2))
	loss := Sum(Mul(Linear(x, tape.Param(w), nil), Linear(x, tape.Param(w), nil)))
	fmt.Println(loss.Scalar(), tape.Backward(loss).Of(w))
	tape.Reset()
	// Output: 1 [2 2] -4 0 2 0
}
