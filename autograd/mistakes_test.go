package autograd

import (
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// mistake is a call that an operation refuses, naming itself.
type mistake struct {
	op string
	f  func()
}

func of(shape ...int) *Var { return Const(tensor.New(shape...)) }

func refuses(t *testing.T, cases []mistake) {
	t.Helper()
	for i, c := range cases {
		if err := Try(c.f); err == nil || !strings.Contains(err.Error(), "autograd."+c.op+":") {
			t.Errorf("%s, mistake %d: %v", c.op, i, err)
		}
	}
}

// TestProductMistakes: every side of a product that does not fit is told, each by itself.
func TestProductMistakes(t *testing.T) {
	refuses(t, []mistake{
		{"Linear", func() { Linear(of(4, 5), of(5, 6), of(5)) }},
		{"Linear", func() { Linear(of(4, 5), of(5, 6), of(1, 6)) }},
		{"Linear", func() { Linear(of(4, 5), of(4, 6), nil) }},
		{"MatMulNT", func() { MatMulNT(of(2, 4, 3), of(5, 4)) }},
		{"MatMulNT", func() { MatMulNT(of(2, 4), of(5, 4, 2)) }},
		{"MatMulNT", func() { MatMulNT(of(2, 4), of(4, 5)) }},
		{"BatchMatMul", func() { BatchMatMul(of(4, 5), of(5, 6)) }},
		{"BatchMatMul", func() { BatchMatMul(of(1, 1, 1, 2, 3), of(1, 1, 1, 3, 2)) }},
		{"BatchMatMul", func() { BatchMatMul(of(2, 3, 4), of(2, 4, 5, 6)) }},
		{"BatchMatMul", func() { BatchMatMul(of(2, 3, 4), of(3, 4, 5)) }},
		{"BatchMatMul", func() { BatchMatMul(of(2, 3, 4), of(2, 5, 4)) }},
		{"BatchMatMul", func() { BatchMatMul(of(2, 3, 4, 5), of(2, 2, 5, 6)) }},
		{"BatchMatMulNT", func() { BatchMatMulNT(of(2, 3, 4), of(2, 4, 5)) }},
		{"HeadScores", func() { HeadScores(of(2, 3, 2), of(2, 5, 2, 4), 1) }},
		{"HeadScores", func() { HeadScores(of(2, 3, 2, 4, 1), of(2, 5, 2, 4), 1) }},
		{"HeadScores", func() { HeadScores(of(2, 3, 2, 4), of(2, 5, 2, 4, 1), 1) }},
		{"HeadScores", func() { HeadScores(of(2, 3, 2, 4), of(3, 5, 2, 4), 1) }},
		{"HeadScores", func() { HeadScores(of(2, 3, 2, 4), of(2, 5, 3, 4), 1) }},
		{"HeadScores", func() { HeadScores(of(2, 3, 2, 4), of(2, 5, 2, 5), 1) }},
		{"HeadMix", func() { HeadMix(of(2, 2, 3, 5, 1), of(2, 5, 2, 4)) }},
		{"HeadMix", func() { HeadMix(of(2, 2, 3, 5), of(2, 5, 2, 4, 1)) }},
		{"HeadMix", func() { HeadMix(of(2, 2, 3, 5), of(3, 5, 2, 4)) }},
		{"HeadMix", func() { HeadMix(of(2, 2, 3, 5), of(2, 5, 3, 4)) }},
		{"HeadMix", func() { HeadMix(of(2, 2, 3, 5), of(2, 4, 2, 4)) }},
	})
	for want, f := range map[string]func(){"[B M K] and [B K N]": func() { BatchMatMul(of(2), of(2)) }, "[B M K] and [B N K]": func() { BatchMatMulNT(of(2), of(2)) }} {
		if err := Try(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestImageMistakes: images that are none, sides below one, and geometry that a sequence does not have; sides of one are taken.
func TestImageMistakes(t *testing.T) {
	refuses(t, []mistake{
		{"Conv1D", func() { Conv1D(of(2, 6, 4), of(1, 3, 4, 4), nil, tensor.Conv{}) }},
		{"Conv1D", func() { Conv1D(of(2, 1, 6, 4), of(3, 4, 4), nil, tensor.Conv{}) }},
		{"Conv1D", func() { Conv1D(of(2, 6, 4), of(3, 4, 4), nil, tensor.Conv{W: tensor.Axis{Low: 1}}) }},
		{"Conv1D", func() { Conv1D(of(2, 6, 4), of(3, 4, 4), nil, tensor.Conv{H: tensor.Axis{Low: 1}}) }},
		{"AdaptiveAvgPool", func() { AdaptiveAvgPool(of(2, 3, 4), 1, 1) }},
		{"AdaptiveAvgPool", func() { AdaptiveAvgPool(of(2, 3, 3, 4), 0, 1) }},
		{"AdaptiveAvgPool", func() { AdaptiveAvgPool(of(2, 3, 3, 4), 1, 0) }},
		{"AdaptiveAvgPool", func() { AdaptiveAvgPool(of(2, 0, 3, 4), 1, 1) }},
		{"AdaptiveAvgPool", func() { AdaptiveAvgPool(of(2, 3, 0, 4), 1, 1) }},
		{"Resize", func() { Resize(of(2, 3, 4), 1, 1) }},
		{"Resize", func() { Resize(of(2, 3, 3, 4), 0, 1) }},
		{"Resize", func() { Resize(of(2, 3, 3, 4), 1, 0) }},
		{"Pad2D", func() { Pad2D(of(2, 3, 4), 0, 0, 0, 0) }},
		{"Pad2D", func() { Pad2D(of(2, 3, 3, 4), -1, 1, 1, 1) }},
		{"Pad2D", func() { Pad2D(of(2, 3, 3, 4), 1, -1, 1, 1) }},
		{"Pad2D", func() { Pad2D(of(2, 3, 3, 4), 1, 1, -1, 1) }},
		{"Pad2D", func() { Pad2D(of(2, 3, 3, 4), 1, 1, 1, -1) }},
		{"Slice", func() { Slice(of(2, 5, 3), -1, 0, 1, 1) }},
		{"Slice", func() { Slice(of(2, 5, 3), 3, 0, 1, 1) }},
		{"Slice", func() { Slice(of(2, 5, 3), 1, 0, -1, 1) }},
		{"Slice", func() { Slice(of(2, 5, 3), 1, 0, 1, 0) }},
		{"Slice", func() { Slice(of(2, 5, 3), 1, -1, 1, 1) }},
		{"Slice", func() { Slice(of(2, 5, 3), 1, 1, 3, 2) }},
		{"Slice", func() { Slice(of(2, 5, 3), 1, 0, 3, 3) }},
		{"MeanAxis", func() { MeanAxis(of(2, 5, 3), -1) }},
		{"MeanAxis", func() { MeanAxis(of(2, 5, 3), 3) }},
		{"MeanAxis", func() { MeanAxis(of(2, 0, 3), 1) }},
		{"SumAxis", func() { SumAxis(of(2, 5, 3), 3) }},
		{"MaxAxis", func() { MaxAxis(of(2, 5, 3), 3) }},
		{"Reshape", func() { Reshape(of(2, 5), 3, -1) }},
		{"Add", func() { Add(of(2, 5), of(2, 4)) }},
	})
	for name, y := range map[string]*Var{"1 1 1 4": AdaptiveAvgPool(of(1, 3, 3, 4), 1, 1), "2 1 1 4": Resize(of(2, 3, 3, 4), 1, 1), "2 3 3 4": Pad2D(of(2, 3, 3, 4), 0, 0, 0, 0),
		"2 0 3": Slice(of(2, 5, 3), 1, 6, 0, 1), "5 3": MeanAxis(of(2, 5, 3), 0), "2 5": MeanAxis(of(2, 5, 3), 2), "1 5 3": Slice(of(2, 5, 3), 0, 1, 1, 7)} {
		if got := strings.Trim(strings.Split(y.Value.String(), "]")[0], "["); got != name {
			t.Errorf("a shape is %s, want %s", got, name)
		}
	}
}

// TestLossAndNormMistakes: rows without targets, targets without rows, weights, statistics and parameters of other sizes.
func TestLossAndNormMistakes(t *testing.T) {
	n := func(n int) *tensor.Tensor { return tensor.New(n) }
	state := func(mean, variance int) BatchNormState { return BatchNormState{Mean: n(mean), Var: n(variance)} }
	norm := func(gamma, beta *Var, s BatchNormState, add *Var) func() {
		return func() { BatchNorm(of(4, 5), gamma, beta, s, BatchNormOptions{Add: add}) }
	}
	refuses(t, []mistake{
		{"CrossEntropy", func() { CrossEntropy(of(3), []int32{1}) }},
		{"CrossEntropy", func() { CrossEntropy(of(2, 0), []int32{-1, -1}) }},
		{"CrossEntropy", func() { CrossEntropy(of(2, 3), []int32{1, 1, 1}) }},
		{"CrossEntropy", func() { CrossEntropy(of(0, 3), []int32{1}) }},
		{"CrossEntropySoft", func() { CrossEntropySoft(of(2, 3), tensor.New(3, 2), LossOptions{}) }},
		{"CrossEntropySoft", func() { CrossEntropySoft(of(2, 3), tensor.New(2, 1, 3), LossOptions{}) }},
		{"CrossEntropySoft", func() { CrossEntropySoft(of(2, 0), tensor.New(2, 0), LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(3), nil, nil, LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(2, 0), nil, nil, LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(2, 3), []int32{0, 1, 2}, []float32{1, 1, 1}, LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(2, 3), []int32{0, 1}, []float32{1, 1, 1, 1}, LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(0, 3), []int32{0}, []float32{1}, LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(2, 3), []int32{0, 3}, []float32{1, 1}, LossOptions{}) }},
		{"CrossEntropySparse", func() { CrossEntropySparse(of(2, 3), []int32{0, -1}, []float32{1, 1}, LossOptions{}) }},
		{"L2", func() { L2(of(), tensor.New(), LossOptions{Weight: n(1)}) }},
		{"Huber", func() { Huber(of(2, 3), tensor.New(2, 3), float32(math.NaN()), LossOptions{}) }},
		{"Huber", func() { Huber(of(2, 3), tensor.New(2, 3), -1, LossOptions{}) }},
		{"Huber", func() { Huber(of(2, 3), tensor.New(2, 3), 0, LossOptions{}) }},
		{"Cosine", func() { Cosine(of(3), of(3)) }},
		{"Cosine", func() { Cosine(of(2, 3), of(3, 2)) }},
		{"Triplet", func() { Triplet(of(3), of(3), of(3), 1) }},
		{"Triplet", func() { Triplet(of(2, 3), of(2, 1), of(2, 3), 1) }},
		{"Triplet", func() { Triplet(of(2, 3), of(2, 3), of(1, 3), 1) }},
		{"NTXent", func() { NTXent(of(4), 1) }},
		{"NTXent", func() { NTXent(of(3, 4), 1) }},
		{"NTXent", func() { NTXent(of(0, 4), 1) }},
		{"BatchNorm", norm(nil, nil, state(4, 5), nil)},
		{"BatchNorm", norm(nil, nil, state(5, 4), nil)},
		{"BatchNorm", norm(of(4), of(5), state(5, 5), nil)},
		{"BatchNorm", norm(of(5), of(4), state(5, 5), nil)},
		{"BatchNorm", norm(of(5), of(5), state(5, 5), of(5))},
		{"LayerNorm", func() { LayerNorm(of(4, 5), of(4), of(5), 1e-5) }},
		{"LayerNorm", func() { LayerNorm(of(4, 5), of(5), of(4), 1e-5) }},
		{"LayerNorm", func() { LayerNorm(of(4, 5), nil, of(4), 1e-5) }},
	})
	for name, f := range map[string]func(){
		"norm with an addend": norm(of(5), nil, state(5, 5), of(4, 5)), "norm without a scale": norm(nil, of(5), state(5, 5), nil),
		"layer norm without a shift": func() { LayerNorm(of(4, 5), of(5), nil, 1e-5) }, "layer norm without a scale": func() { LayerNorm(of(4, 5), nil, of(5), 1e-5) },
		"one row": func() { CrossEntropy(of(1, 1), []int32{0}) }, "a single value": func() { L2(of(), tensor.New(), LossOptions{Weight: tensor.New()}) },
		"two views": func() { NTXent(of(2, 3), 1) },
	} {
		if err := Try(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	target := tensor.From([]float32{0, 1, 0.5, 0.5}, 2, 2) // 0·log 0 is 0
	want := (math.Log(2) + math.Log(2) - 2*0.5*math.Log(2)) / 2
	if got := float64(KL(of(2, 2), target).Scalar()); !(math.Abs(got-want) <= 1e-6) {
		t.Errorf("KL of a target with a zero is %g, want %g", got, want)
	}
}

// TestPlaceOfMistakes: a mistake says where in the model it was made, if a tape knows.
func TestPlaceOfMistakes(t *testing.T) {
	tape := NewTape(nil)
	leave := tape.Enter("net")
	inner := tape.Enter("fc")
	tape.Enter("")()
	x := tape.Input(tensor.New(2, 3))
	for want, f := range map[string]func(){
		"autograd.NTXent in net.fc:": func() { NTXent(Slice(x, 0, 0, 1, 1), 1) },
		"autograd.Linear in net.fc:": func() { Linear(x, of(2, 3), nil) },
		"autograd.Linear: ":          func() { Linear(of(2, 3), of(2, 3), nil) },
		"autograd.Concat in net.fc:": func() { Concat(0, of(2, 3), x, of(2, 4)) },
		"autograd.NTXent: ":          func() { NTXent(of(1, 3), 1) },
		"Scalar: shape [2 3]":        func() { x.Scalar() },
		"the loss has shape [2 3]":   func() { tape.Backward(x) },
		"gradient [3 2] of a value":  func() { tape.BackwardFrom(tape.Param(x.Value), tensor.New(3, 2)) },
		"any Param of this tape":     func() { tape.BackwardFrom(NewTape(nil).Param(x.Value), tensor.New(2, 3)) },
	} {
		if err := Try(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	inner()
	if tape.where() != "net" {
		t.Errorf("the place is %q", tape.where())
	}
	leave()
	(*Tape)(nil).Enter("x")()
	defer func() {
		if recover() != "other" {
			t.Error("Try took a panic that is not its own")
		}
	}()
	Try(func() { panic("other") })
}
