package workload

import (
	"context"
	"fmt"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/tensor"
)

// probeBenches are the classifiers that features are judged by, on the peers' samples: ten classes of 512 values that overlap. The regression stops where scikit-learn's
// does by its tolerance; the support vector machines are those of LinearSVC.
func probeBenches() []Item {
	const n, d, k = 10_000, 512, 10
	samples := func() (*tensor.Tensor, []int32) {
		x, centres, labels := randn(n, d), tensor.NewRNG(2).FillNormal(tensor.New(k, d), 0, 0.12), make([]int32, n)
		rng := tensor.NewRNG(3)
		for i := range labels {
			labels[i] = int32(rng.IntN(k))
			for j := range d {
				x.Data[i*d+j] += centres.Data[int(labels[i])*d+j]
			}
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
