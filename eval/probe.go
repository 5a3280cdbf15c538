package eval

import (
	"fmt"
	"math"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/optimize"
)

// ProbeOptions of Linear.
type ProbeOptions struct {
	Solver     string    // lbfgs (default) or sgd
	Decays     []float64 // weight decays to choose among on held-out training samples; nil means 1e-4, 1e-3, 1e-2, 1e-1
	Iterations int       // of L-BFGS, 0 means 100
	Epochs     int       // of SGD, 0 means 30
	LR         float32   // of SGD, 0 means 0.1
	Seed       uint64
}

// Linear is a linear classifier on standardised features: softmax regression with weight decay d/2·‖W‖² per sample, the
// decay chosen on a tenth of the training samples (at most 2000) when there is more than one to choose from.
func Linear(train, test Set, o ProbeOptions) (Score, error) {
	began := time.Now()
	if o.Solver == "" {
		o.Solver = "lbfgs"
	}
	if o.Solver != "lbfgs" && o.Solver != "sgd" {
		return Score{}, fmt.Errorf("there is no solver %q; there are lbfgs and sgd", o.Solver)
	}
	if len(o.Decays) == 0 {
		o.Decays = []float64{1e-4, 1e-3, 1e-2, 1e-1}
	}
	if o.Iterations == 0 {
		o.Iterations = 100
	}
	if o.Epochs == 0 {
		o.Epochs = 30
	}
	if o.LR == 0 {
		o.LR = 0.1
	}
	c, err := classes(train, test)
	if err != nil {
		return Score{}, err
	}
	mean, inv := standardisation(train.X)
	x, y := standardise(train.X, mean, inv), standardise(test.X, mean, inv)
	best := o.Decays[0]
	if len(o.Decays) > 1 {
		best = chooseDecay(x, train.Labels, c, o)
	}
	w, b, iterations, err := fit(x, train.Labels, c, best, o)
	if err != nil {
		return Score{}, err
	}
	settings := map[string]any{"solver": o.Solver, "weight_decay": best, "weight_decays_tried": o.Decays, "standardised": true, "seed": o.Seed}
	if o.Solver == "lbfgs" {
		settings["iterations"], settings["max_iterations"] = iterations, o.Iterations
	} else {
		settings["epochs"], settings["lr"], settings["schedule"], settings["momentum"], settings["batch_size"] = o.Epochs, o.LR, "cosine", 0.9, sgdBatch
	}
	return Score{Protocol: "linear", Accuracy: accuracy(y, test.Labels, w, b), Chance: chance(test.Labels), Train: x.Dim(0), Test: y.Dim(0), Dim: x.Dim(1),
		Settings: settings, Seconds: time.Since(began).Seconds()}, nil
}

// standardisation returns the mean of each feature, and one over its deviation; 0 for features that hardly vary.
func standardisation(x *tensor.Tensor) (mean, inv []float32) {
	d := x.Dim(1)
	mean, inv = make([]float32, d), make([]float32, d)
	tensor.BatchStats(mean, inv, x)
	for i, v := range inv {
		if s := math.Sqrt(float64(v)); s > 1e-6 {
			inv[i] = float32(1 / s)
		} else {
			inv[i] = 0
		}
	}
	return mean, inv
}

func standardise(x *tensor.Tensor, mean, inv []float32) *tensor.Tensor {
	y := tensor.New(x.Shape...)
	shift := make([]float32, len(mean))
	for i := range shift {
		shift[i] = -mean[i] * inv[i]
	}
	tensor.Affine(y, x, nil, inv, shift, false)
	return y
}

func chooseDecay(x *tensor.Tensor, labels []int32, c int, o ProbeOptions) float64 {
	n := x.Dim(0)
	order := tensor.NewRNG(o.Seed).Derive(0x9b0be).Perm(n)
	held := min(2000, max(1, n/10))
	used := min(n-held, 10000)
	if used < 1 {
		return o.Decays[0]
	}
	pick := func(rows []int) (*tensor.Tensor, []int32) {
		index, l := make([]int32, len(rows)), make([]int32, len(rows))
		for i, r := range rows {
			index[i], l[i] = int32(r), labels[r]
		}
		y := tensor.New(len(rows), x.Dim(1))
		tensor.Gather(y, x, index)
		return y, l
	}
	vx, vl := pick(order[:held])
	tx, tl := pick(order[held : held+used])
	best, bestAt := -1.0, o.Decays[0]
	for _, d := range o.Decays {
		w, b, _, err := fit(tx, tl, c, d, o)
		if err != nil {
			continue
		}
		if a := accuracy(vx, vl, w, b); a > best {
			best, bestAt = a, d
		}
	}
	return bestAt
}

func fit(x *tensor.Tensor, labels []int32, c int, decay float64, o ProbeOptions) (w, b *tensor.Tensor, iterations int, err error) {
	if o.Solver == "sgd" {
		w, b = fitSGD(x, labels, c, decay, o)
		return w, b, 0, nil
	}
	return fitLBFGS(x, labels, c, decay, o.Iterations)
}

// fitLBFGS minimises the mean cross-entropy + decay/2·‖W‖² with gonum's L-BFGS, gradients from our kernels. It stops at
// max iterations or when the gradient is small.
func fitLBFGS(x *tensor.Tensor, labels []int32, c int, decay float64, most int) (w, b *tensor.Tensor, iterations int, err error) {
	d := x.Dim(1)
	w, b = tensor.New(d, c), tensor.New(c)
	tape := autograd.NewTape(nil)
	load := func(p []float64) {
		for i := range w.Data {
			w.Data[i] = float32(p[i])
		}
		for i := range b.Data {
			b.Data[i] = float32(p[d*c+i])
		}
	}
	var at, grad []float64
	value := 0.0
	evaluate := func(p []float64) {
		if at != nil && equal(at, p) {
			return
		}
		at = append(at[:0], p...)
		load(p)
		loss := autograd.CrossEntropy(autograd.Linear(tape.Input(x), tape.Param(w), tape.Param(b)), labels)
		value = float64(loss.Scalar())
		g := tape.Backward(loss)
		grad = grad[:0]
		for i, v := range g.Of(w).Data {
			grad = append(grad, float64(v)+decay*p[i])
			value += decay / 2 * p[i] * p[i]
		}
		for _, v := range g.Of(b).Data {
			grad = append(grad, float64(v))
		}
		tape.Reset()
	}
	problem := optimize.Problem{
		Func: func(p []float64) float64 { evaluate(p); return value },
		Grad: func(dst, p []float64) { evaluate(p); copy(dst, grad) },
	}
	settings := &optimize.Settings{MajorIterations: most, GradientThreshold: 1e-5, Converger: &optimize.FunctionConverge{Relative: 1e-7, Iterations: 5}}
	res, err := optimize.Minimize(problem, make([]float64, d*c+c), settings, &optimize.LBFGS{Store: 10})
	if res == nil {
		return nil, nil, 0, fmt.Errorf("linear probe: %w", err)
	}
	// a line search that finds no lower value at float32's precision has converged; any other trouble has no finite result
	if math.IsNaN(res.F) || math.IsInf(res.F, 0) {
		return nil, nil, 0, fmt.Errorf("linear probe: the loss is %g: %v", res.F, err)
	}
	load(res.X)
	return w, b, res.Stats.MajorIterations, nil
}

func equal(a, b []float64) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

const sgdBatch = 256

func fitSGD(x *tensor.Tensor, labels []int32, c int, decay float64, o ProbeOptions) (w, b *tensor.Tensor) {
	rng := tensor.NewRNG(o.Seed).Derive(0x59d)
	d, n := x.Dim(1), x.Dim(0)
	l := &layers.Linear{W: tensor.New(d, c), B: tensor.New(c)}
	opt := optim.NewSGD(layers.Params(l), optim.SGDOptions{Momentum: 0.9, WeightDecay: float32(decay), Nesterov: true})
	batch := min(sgdBatch, n)
	steps := n / batch
	lr := optim.Cosine(o.LR, steps*o.Epochs)
	tape := autograd.NewTape(nil)
	part, want := tensor.New(batch, d), make([]int32, batch)
	for e := range o.Epochs {
		order := rng.Derive(uint64(e)).Perm(n)
		for s := range steps {
			index := make([]int32, batch)
			for i, r := range order[s*batch : (s+1)*batch] {
				index[i], want[i] = int32(r), labels[r]
			}
			tensor.Gather(part, x, index)
			loss := autograd.CrossEntropy(l.Forward(tape.Input(part)), want)
			opt.Step(tape.Backward(loss), lr(e*steps+s))
			tape.Reset()
		}
	}
	return l.W, l.B
}

func accuracy(x *tensor.Tensor, labels []int32, w, b *tensor.Tensor) float64 {
	y := tensor.New(x.Dim(0), w.Dim(1))
	tensor.Linear(y, x, w, b, tensor.Float32)
	return float64(tensor.CountRight(y, labels)) / float64(max(len(labels), 1))
}
