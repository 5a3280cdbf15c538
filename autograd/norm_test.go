package autograd

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestRunningStatistics: a training pass normalises by the batch's own variance, divided by n, and moves the running one towards that
// divided by n-1, as PyTorch does; every position counts as a value. Inference uses the running ones and moves
// nothing; nor does a pass that is computed again or measured.
func TestRunningStatistics(t *testing.T) {
	x := tensor.From([]float32{1, 0, 2, 0, 6, 3}, 1, 3, 1, 2) // means 3 and 1, squares about them 14 and 6
	s := BatchNormState{Mean: tensor.New(2).Fill(0.5), Var: tensor.New(2).Fill(2), Momentum: 0.1, Eps: 0.25}
	check := func(what string, got []float32, want ...float64) {
		t.Helper()
		for i, w := range want {
			if !(math.Abs(float64(got[i])-w) <= 1e-6) {
				t.Errorf("%s: %d is %g, want %g", what, i, got[i], w)
			}
		}
	}
	tape := NewTape(nil)
	y := BatchNorm(tape.Input(x), nil, nil, s, BatchNormOptions{})
	check("trained", y.Value.Data, -2/math.Sqrt(14.0/3+0.25), -1/math.Sqrt(2+0.25), -1/math.Sqrt(14.0/3+0.25), -1/math.Sqrt(2+0.25), 3/math.Sqrt(14.0/3+0.25), 2/math.Sqrt(2+0.25))
	check("running mean", s.Mean.Data, 0.9*0.5+0.1*3, 0.9*0.5+0.1*1)
	check("running variance", s.Var.Data, 0.9*2+0.1*14/2, 0.9*2+0.1*6/2)
	BatchNorm(NewMeasuring(RecomputeNothing, Shown{}).Input(x), nil, nil, s, BatchNormOptions{})
	seen := BatchNorm(NewInference().Input(x), nil, nil, s, BatchNormOptions{})
	check("inferred", seen.Value.Data, (1-0.75)/math.Sqrt(2.5+0.25), (0-0.55)/math.Sqrt(2.1+0.25))
	check("running mean after inference", s.Mean.Data, 0.75, 0.55)
	check("running variance after inference", s.Var.Data, 2.5, 2.1)
	if err := Try(func() { BatchNorm(tape.Input(tensor.New(1, 2)), nil, nil, s, BatchNormOptions{}) }); err == nil {
		t.Error("the variance of one value is known")
	}
	two := BatchNorm(tape.Input(tensor.From([]float32{-1, -2, 1, 2}, 2, 2)), nil, nil, s, BatchNormOptions{})
	check("two values", two.Value.Data, -1/math.Sqrt(1.25), -2/math.Sqrt(4.25))
}
