package workload

import (
	"context"
	"fmt"
	"math"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// probeBenches are the classifiers that features are judged by, on the samples that speed.py gives its peers: ten classes of 512 values that overlap. The regression stops where scikit-learn's
// does by its tolerance; the support vector machines are those of LinearSVC.
func probeBenches() []Item {
	const n, d, k = 10_000, 512, 10
	samples := func() (*tensor.Tensor, []int32) {
		x, centres, labels := tensor.New(n, d), tensor.New(k, d), make([]int32, n)
		golden.Fill(x.Data, "samples", math.Sqrt(3)) // deviation 1
		golden.Fill(centres.Data, "centres", 0.12*math.Sqrt(3))
		for i := range labels {
			labels[i] = int32(i % k)
			simd.Axpy(x.Data[i*d:(i+1)*d], 1, centres.Data[i%k*d:i%k*d+d])
		}
		return x, labels
	}
	fitted := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	out := []Item{{ID: "probe/logreg_lbfgs/10kx512x10/tol1e-4", slow: true, setup: func() func() {
		x, labels := samples()
		p := eval.Probe{Iterations: 1000, Tolerance: 1e-4}
		return func() {
			_, _, _, err := p.Fit(context.Background(), x, labels, k, 1./n)
			fitted(err)
		}
	}}}
	for _, c := range []float64{0.01, 1} {
		out = append(out, Item{ID: fmt.Sprintf("probe/linear_svc/10kx512x10/c%g", c), slow: true, setup: func() func() {
			x, labels := samples()
			return func() {
				_, _, _, err := eval.SVM{}.Fit(context.Background(), x, labels, k, c)
				fitted(err)
			}
		}})
	}
	return out
}
