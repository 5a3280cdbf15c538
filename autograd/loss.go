package autograd

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// LossOptions weighs and sums the values of a loss.
//
// Unless Sum is set, a loss is Σ w·l / Σ w over its values l: the mean without weights, the mean over what a mask of ones and zeros
// leaves with one, as in PyTorch's l1_loss, mse_loss and cross_entropy. (Its huber_loss and binary_cross_entropy_with_logits divide by the
// number of elements: set Sum and Scale the result for that.) Where all weights are 0, or there are no
// rows, there is nothing to learn from: the loss and its gradient are 0, where PyTorch's mean is NaN. Where the tape has one of several parts of a batch, Σ w is the mean
// over parts, so that the mean of what parts lose is what the batch does.
type LossOptions struct {
	// Weight is nil for ones, or has the shape of the predictions with 1 as its last side, a weight for each pixel; a loss of
	// element by element (L1, L2, Huber, BCEWithLogits) also takes the predictions' own shape. Weights are not negative, and no
	// gradient flows to them. A weight of 0 does not hide a NaN.
	Weight *tensor.Tensor
	Sum    bool // Σ w·l, not divided
}

// of returns the loss as a Var of one value, and what the derivatives of the terms are multiplied by.
func (o LossOptions) of(x *Var, sum, weight float64) (y *Var, scale float64) {
	y, scale = result([]int{1}, x), 1
	if !o.Sum {
		if weight, scale = x.tape.MeanOverParts(weight), 0; weight != 0 {
			scale = 1 / weight
		}
	}
	y.Value.Data[0] = float32(sum * scale)
	if scale == 0 {
		y.Value.Data[0] = 0
	}
	return y, scale
}

// CrossEntropy returns the mean over rows of -log softmax(x)[label].
//
//	x [... C]   labels, one a row, in 0..C-1, or -1 for a row that does not count   ->   one value
//	dx = (softmax(x) - onehot)/(rows that count)
//
// For a segmentation x is [N H W C] and the labels those of the pixels, in order.
func CrossEntropy(x *Var, labels []int32) *Var {
	return CrossEntropySmooth(x, labels, 0, LossOptions{})
}

// CrossEntropySmooth is CrossEntropy against (1-s)·onehot + s/C (Szegedy et al. 2016, section 7), with weights for the rows.
func CrossEntropySmooth(x *Var, labels []int32, smoothing float32, o LossOptions) *Var {
	n, c := lossRows("CrossEntropy", x, len(labels))
	for i, l := range labels {
		if l < -1 || int(l) >= c {
			badShape("CrossEntropy", x, "label %d of row %d, there are %d classes (-1: the row does not count)", l, i, c)
		}
	}
	weighs("CrossEntropy", x, o.Weight, false)
	stats := result([]int{n, 2}, x).Value.Data
	tensor.SoftmaxStats(stats, x.Value)
	sum, weight := tensor.CrossEntropySum(x.Value, stats, labels, smoothing, o.Weight)
	y, scale := o.of(x, sum, weight)
	return y.rule("CrossEntropy", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.CrossEntropyGrad(dx, x.Value, stats, labels, smoothing, o.Weight, float32(float64(dy.Data[0])*scale), add)
		}
	}, x)
}

// CrossEntropySoft returns the mean over rows of -Σ target·log softmax(x).
//
//	x [... C]   target [... C], rows that sum to 1   ->   one value
//	dx = (softmax(x)·Σ target - target)/rows
func CrossEntropySoft(x *Var, target *tensor.Tensor, o LossOptions) *Var {
	n, _ := lossRows("CrossEntropySoft", x, target.Len()/max(target.Dim(-1), 1))
	sameShape("CrossEntropySoft", x, target)
	weighs("CrossEntropySoft", x, o.Weight, false)
	stats := result([]int{n, 2}, x).Value.Data
	tensor.SoftmaxStats(stats, x.Value)
	sum, weight := tensor.SoftCrossEntropySum(x.Value, stats, target, o.Weight)
	y, scale := o.of(x, sum, weight)
	return y.rule("CrossEntropySoft", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.SoftCrossEntropyGrad(dx, x.Value, stats, target, o.Weight, float32(float64(dy.Data[0])*scale), add)
		}
	}, x)
}

// CrossEntropySparse is CrossEntropySoft of targets that are 0 but for a few classes in each row, which are never written out: a soft
// label of five among hundreds, for every pixel of a picture.
//
//	x [... C]   classes, target: k a row, row after row; a row's targets sum to 1   ->   one value
//	dx = (softmax(x)·Σ target - target)/rows
//
// A class that stands twice in a row has the sum of its targets.
func CrossEntropySparse(x *Var, classes []int32, target []float32, o LossOptions) *Var {
	s := x.Shape()
	rows := x.Value.Len() / max(x.Value.Dim(-1), 1)
	if len(s) < 2 || s[len(s)-1] == 0 || len(classes) != len(target) || rows == 0 && len(target) > 0 || len(target)%max(rows, 1) != 0 {
		badShape("CrossEntropySparse", x, "logits %v for %d classes and %d targets: want [... C], and as many of both for every row", s, len(classes), len(target))
	}
	for i, l := range classes {
		if l < 0 || int(l) >= s[len(s)-1] {
			badShape("CrossEntropySparse", x, "class %d at place %d, there are %d classes", l, i, s[len(s)-1])
		}
	}
	weighs("CrossEntropySparse", x, o.Weight, false)
	stats := result([]int{rows, 2}, x).Value.Data
	tensor.SoftmaxStats(stats, x.Value)
	sum, weight := tensor.SparseCrossEntropySum(x.Value, stats, classes, target, o.Weight)
	y, scale := o.of(x, sum, weight)
	return y.rule("CrossEntropySparse", func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			tensor.SparseCrossEntropyGrad(dx, x.Value, stats, classes, target, o.Weight, float32(float64(dy.Data[0])*scale), add)
		}
	}, x)
}

func lossRows(name string, x *Var, n int) (rows, cols int) {
	s := x.Shape()
	if len(s) < 2 || s[len(s)-1] == 0 || x.Value.Len()/s[len(s)-1] != n {
		badShape(name, x, "logits %v for %d targets: want [... C] with a row for each target", s, n)
	}
	return n, s[len(s)-1]
}

func sameShape(name string, x *Var, t *tensor.Tensor) {
	if !tensor.SameShape(x.Shape(), t.Shape) {
		badShape(name, x, "prediction %v and target %v differ; a target is never broadcast", x.Shape(), t.Shape)
	}
}

// weighs checks a weight's shape.
func weighs(name string, x *Var, w *tensor.Tensor, elements bool) {
	if w == nil || elements && tensor.SameShape(w.Shape, x.Shape()) {
		return
	}
	want := append([]int(nil), x.Shape()...)
	if len(want) > 0 {
		want[len(want)-1] = 1
	}
	if !tensor.SameShape(w.Shape, want) {
		also := ""
		if elements {
			also = fmt.Sprintf(" or %v", x.Shape())
		}
		badShape(name, x, "weight %v of predictions %v: want %v%s; a weight is not broadcast otherwise", w.Shape, x.Shape(), want, also)
	}
}

// pointwise is a loss of element by element.
func pointwise(name string, x *Var, target *tensor.Tensor, l tensor.PointLoss, o LossOptions) *Var {
	sameShape(name, x, target)
	weighs(name, x, o.Weight, true)
	sum, weight := l.Sum(x.Value, target, o.Weight)
	y, scale := o.of(x, sum, weight)
	return y.rule(name, func(dy *tensor.Tensor, g Grads) {
		if dx, add := g.Into(x); dx != nil {
			l.Grad(dx, x.Value, target, o.Weight, float32(float64(dy.Data[0])*scale), add)
		}
	}, x)
}

// BCEWithLogits returns the mean of -t·log σ(x) - (1-t)·log(1 - σ(x)), t in [0, 1], of the same shape as x.
func BCEWithLogits(x *Var, target *tensor.Tensor, o LossOptions) *Var {
	return pointwise("BCEWithLogits", x, target, tensor.BCEWithLogitsLoss, o)
}

// L1 returns the mean of |x - t|.
func L1(x *Var, target *tensor.Tensor, o LossOptions) *Var {
	return pointwise("L1", x, target, tensor.L1Loss, o)
}

// L2 returns the mean of (x - t)².
func L2(x *Var, target *tensor.Tensor, o LossOptions) *Var {
	return pointwise("L2", x, target, tensor.L2Loss, o)
}

// Huber returns the mean of e²/2 where |e| = |x - t| <= delta, delta·(|e| - delta/2) elsewhere.
func Huber(x *Var, target *tensor.Tensor, delta float32, o LossOptions) *Var {
	if !(delta > 0) {
		badShape("Huber", x, "delta %g, want a positive one", delta)
	}
	return pointwise("Huber", x, target, tensor.HuberLoss(delta), o)
}

// KL returns the Kullback-Leibler divergence Σ t·(log t - log softmax(x)) per row, mean over rows.
//
//	x [... C] logits   target [... C] probabilities   ->   one value
func KL(x *Var, target *tensor.Tensor) *Var {
	y := CrossEntropySoft(x, target, LossOptions{})
	entropy := 0.0
	for _, t := range target.Data {
		if t > 0 {
			entropy += float64(t) * math.Log(float64(t))
		}
	}
	return AddScalar(y, float32(entropy/float64(max(1, target.Len()/target.Dim(-1)))))
}

// Cosine returns the mean over rows of 1 - cos(a, b): [N D], [N D] -> one value. cos(a, b) is PyTorch's cosine_similarity,
// a·b/(max(‖a‖, eps)·max(‖b‖, eps)) with eps 1e-8. A row that is not longer than eps has no direction to turn: it takes no gradient, where
// PyTorch gives it b/(‖b‖·eps), a hundred million times a unit vector.
func Cosine(a, b *Var) *Var {
	if len(a.Shape()) != 2 || !tensor.SameShape(a.Shape(), b.Shape()) {
		badShape("Cosine", a, "%v and %v: want the same [N D]", a.Shape(), b.Shape())
	}
	const eps = 1e-8
	if a.Shape()[0] == 0 { // as other losses of nothing
		return Sum(Mul(a, b))
	}
	return AddScalar(Scale(Mean(SumAxis(Mul(normalize(a, eps, true), normalize(b, eps, true)), 1)), -1), 1)
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
// two views of sample i; each must find the other among all 2N - 1 others. See AmongOthers.
//
//	z [2N D]   ->   one value
func NTXent(z *Var, temperature float32) *Var {
	s := z.Shape()
	if len(s) != 2 || s[0]%2 != 0 || s[0] == 0 {
		badShape("NTXent", z, "%v: want [2N D]", s)
	}
	first, half := z.tape.FirstRow(s[0]), s[0]/2
	return AmongOthers(z, temperature, func(rows []int32, y *Var) *Var {
		labels := make([]int32, len(rows))
		for i, row := range rows {
			labels[i] = int32(first + (int(row)-first+half)%s[0])
		}
		return CrossEntropy(y, labels)
	})
}

const othersWhole, othersRows = 1024, 512

// AmongOthers returns the mean over the rows of z [M D] of a loss by which each finds some of the others:
//
//	y = u·uᵀ/temperature   [M M], u the rows of z over their lengths, and y[i][i] = -1e9
//
// Where the tape has one of P parts of a batch the others are those of all parts: y is [M P·M], and -1e9 stands where a row meets itself, see FirstRow.
// loss is handed some rows of y, [R P·M], and which they are of those of all parts, as logits of a softmax, and returns their mean; what it makes is its own, see
// Checkpoint. Among more than othersWhole, rows come in blocks of othersRows, and while the tape records the whole of y never stands in memory: going back, loss is called
// once more for each block, on a tape that is Recomputing. A measuring tape has as many blocks, and of as many rows, as the batch that it stands for, each row coming as
// often as need be.
func AmongOthers(z *Var, temperature float32, loss func(rows []int32, y *Var) *Var) *Var {
	m := z.Shape()[0]
	first := z.tape.FirstRow(m)
	u := Together(L2Normalize(z))
	all := u.Shape()[0]
	part := func(u *Var, lo, n int) *Var {
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = int32(first + (lo+i)%m)
		}
		y := MatMulNT(Scale(Gather(u, rows), 1/temperature), u)
		for i, row := range rows { // in place: its own rule does not read it, and whoever finds nothing there has no gradient for it
			y.Value.Data[i*all+int(row)] = -1e9
		}
		return loss(rows, y)
	}
	if z.tape.StandsFor(all) <= othersWhole {
		return part(u, 0, m)
	}
	own := z.tape.StandsFor(m)
	var sum *Var
	for lo := 0; lo < own; lo += othersRows {
		n := min(othersRows, own-lo)
		one := Scale(Checkpoint(u, func(u *Var) *Var { return part(u, lo, n) }), float32(n)/float32(own))
		if sum == nil {
			sum = one
		} else {
			sum = Add(sum, one)
		}
	}
	return sum
}
