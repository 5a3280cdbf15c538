package autograd

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// CrossEntropy returns the mean over rows of -log softmax(x)[label].
//
//	x [N C]   labels [N], in 0..C-1   ->   one value
//	dx = (softmax(x) - onehot)/N
func CrossEntropy(x *Var, labels []int32) *Var { return CrossEntropySmooth(x, labels, 0) }

// CrossEntropySmooth is CrossEntropy against (1-s)·onehot + s/C (Szegedy et al. 2016, section 7).
func CrossEntropySmooth(x *Var, labels []int32, smoothing float32) *Var {
	n, c := lossRows("CrossEntropy", x, len(labels))
	for i, l := range labels {
		if l < 0 || int(l) >= c {
			badShape("CrossEntropy", x, "label %d of row %d, there are %d classes", l, i, c)
		}
	}
	lse := make([]float32, n)
	tensor.LogSumExp(lse, x.Value)
	total := 0.0
	for i, l := range labels {
		row := x.Value.Data[i*c : (i+1)*c]
		t := float64(lse[i]) - float64(row[l])*(1-float64(smoothing))
		if smoothing > 0 {
			for _, v := range row {
				t -= float64(v) * float64(smoothing) / float64(c)
			}
		}
		total += t
	}
	y := result([]int{1}, x)
	y.Value.Data[0] = float32(total / float64(n))
	return y.rule("CrossEntropy", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.CrossEntropyGrad(dx, x.Value, lse, labels, smoothing, dy.Data[0]/float32(n), add)
		}
	}, x)
}

// CrossEntropySoft returns the mean over rows of -Σ target·log softmax(x). Every row of target sums to 1.
//
//	x [N C]   target [N C]   ->   one value
func CrossEntropySoft(x *Var, target *tensor.Tensor) *Var {
	n, c := lossRows("CrossEntropySoft", x, target.Dim(0))
	sameShape("CrossEntropySoft", x, target)
	lse := make([]float32, n)
	tensor.LogSumExp(lse, x.Value)
	total := 0.0
	for i := range n {
		for j, t := range target.Data[i*c : (i+1)*c] {
			total += float64(t) * (float64(lse[i]) - float64(x.Value.Data[i*c+j]))
		}
	}
	y := result([]int{1}, x)
	y.Value.Data[0] = float32(total / float64(n))
	return y.rule("CrossEntropySoft", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddCrossEntropyGrad(dx, x.Value, lse, target, dy.Data[0]/float32(n))
		}
	}, x)
}

func lossRows(name string, x *Var, n int) (rows, cols int) {
	s := x.Shape()
	if len(s) != 2 || s[0] != n || n == 0 || s[1] == 0 {
		badShape(name, x, "logits %v for %d targets: want [N C] with N = %d", s, n, n)
	}
	return s[0], s[1]
}

func sameShape(name string, x *Var, t *tensor.Tensor) {
	if !tensor.SameShape(x.Shape(), t.Shape) {
		badShape(name, x, "prediction %v and target %v differ; a target is never broadcast", x.Shape(), t.Shape)
	}
}

// pointwise is the mean over all elements of f(x, t), with its derivative by x.
func pointwise(name string, x *Var, target *tensor.Tensor, f, df func(x, t float64) float64) *Var {
	sameShape(name, x, target)
	n := float64(max(1, x.Value.Len()))
	total := 0.0
	for i, v := range x.Value.Data {
		total += f(float64(v), float64(target.Data[i]))
	}
	y := result([]int{1}, x)
	y.Value.Data[0] = float32(total / n)
	return y.rule(name, func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			s := float64(dy.Data[0]) / n
			for i, v := range x.Value.Data {
				dx.Data[i] += float32(s * df(float64(v), float64(target.Data[i])))
			}
		}
	}, x)
}

// BCEWithLogits returns the mean of -t·log σ(x) - (1-t)·log(1 - σ(x)), t in [0, 1], of the same shape as x.
func BCEWithLogits(x *Var, target *tensor.Tensor) *Var {
	return pointwise("BCEWithLogits", x, target,
		func(x, t float64) float64 { return math.Max(x, 0) - x*t + math.Log1p(math.Exp(-math.Abs(x))) },
		func(x, t float64) float64 { return 1/(1+math.Exp(-x)) - t })
}

// L1 returns the mean of |x - t|.
func L1(x *Var, target *tensor.Tensor) *Var {
	return pointwise("L1", x, target, func(x, t float64) float64 { return math.Abs(x - t) }, func(x, t float64) float64 {
		switch {
		case x > t:
			return 1
		case x < t:
			return -1
		}
		return 0
	})
}

// L2 returns the mean of (x - t)².
func L2(x *Var, target *tensor.Tensor) *Var {
	return pointwise("L2", x, target, func(x, t float64) float64 { return (x - t) * (x - t) }, func(x, t float64) float64 { return 2 * (x - t) })
}

// Huber returns the mean of e²/2 where |e| = |x - t| <= delta, delta·(|e| - delta/2) elsewhere.
func Huber(x *Var, target *tensor.Tensor, delta float64) *Var {
	return pointwise("Huber", x, target, func(x, t float64) float64 {
		if e := math.Abs(x - t); e > delta {
			return delta * (e - delta/2)
		}
		return (x - t) * (x - t) / 2
	}, func(x, t float64) float64 { return math.Max(-delta, math.Min(delta, x-t)) })
}

// KL returns the Kullback-Leibler divergence Σ t·(log t - log softmax(x)) per row, mean over rows.
//
//	x [N C] logits   target [N C] probabilities   ->   one value
func KL(x *Var, target *tensor.Tensor) *Var {
	entropy := 0.0
	for _, t := range target.Data {
		if t > 0 {
			entropy += float64(t) * math.Log(float64(t))
		}
	}
	return AddScalar(CrossEntropySoft(x, target), float32(entropy/float64(max(1, x.Shape()[0]))))
}

// Cosine returns the mean over rows of 1 - cos(a, b): [N D], [N D] -> one value.
func Cosine(a, b *Var) *Var {
	if len(a.Shape()) != 2 || !tensor.SameShape(a.Shape(), b.Shape()) {
		badShape("Cosine", a, "%v and %v: want the same [N D]", a.Shape(), b.Shape())
	}
	return AddScalar(Scale(Mean(SumAxis(Mul(L2Normalize(a), L2Normalize(b)), 1)), -1), 1)
}

// Triplet returns the mean over rows of max(0, ‖a - p‖ - ‖a - n‖ + margin) (Schroff et al. 2015, with distances, not
// squares, as PyTorch's): [N D] each -> one value.
func Triplet(anchor, positive, negative *Var, margin float32) *Var {
	if len(anchor.Shape()) != 2 || !tensor.SameShape(anchor.Shape(), positive.Shape()) || !tensor.SameShape(anchor.Shape(), negative.Shape()) {
		badShape("Triplet", anchor, "%v, %v and %v: want the same [N D]", anchor.Shape(), positive.Shape(), negative.Shape())
	}
	dist := func(a, b *Var) *Var {
		d := AddScalar(Sub(a, b), 1e-6) // PyTorch's pairwise_distance, which keeps the root's gradient finite
		return Sqrt(SumAxis(Mul(d, d), 1))
	}
	return Mean(ReLU(AddScalar(Sub(dist(anchor, positive), dist(anchor, negative)), margin)))
}

// NTXent is SimCLR's normalised, temperature-scaled cross-entropy (Chen et al. 2020, equation 1): rows i and i+N of z are
// two views of sample i; each must find the other among all 2N - 1 others.
//
//	z [2N D]   ->   one value
func NTXent(z *Var, temperature float32) *Var {
	s := z.Shape()
	if len(s) != 2 || s[0]%2 != 0 || s[0] == 0 {
		badShape("NTXent", z, "%v: want [2N D]", s)
	}
	n := s[0] / 2
	u := L2Normalize(z)
	sim := Scale(MatMulNT(u, u), 1/temperature)
	self := tensor.New(2*n, 2*n)
	labels := make([]int32, 2*n)
	for i := range 2 * n {
		self.Data[i*2*n+i] = -1e9
		labels[i] = int32((i + n) % (2 * n))
	}
	return CrossEntropy(Add(sim, Const(self)), labels)
}
