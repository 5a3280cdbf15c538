package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/optimize"
)

// Solvers are what a probe is fitted by; the first is the default.
var Solvers = []string{"lbfgs", "sgd"}

// Probe is a linear classifier on standardised features: softmax regression with weight decay d/2·‖W‖² per sample, the decay chosen
// on a tenth of the training samples (at most 2000) that it is not fitted to, when there is more than one to choose from.
type Probe struct {
	Solver     string    // lbfgs (default) or sgd
	Decays     []float64 // weight decays to choose among; nil means 1e-4, 1e-3, 1e-2, 1e-1
	Iterations int       // of L-BFGS, 0 means 100
	Epochs     int       // of SGD, 0 means 30
	LR         float32   // of SGD, 0 means 0.1
	Seed       uint64    // of what is held out, and of SGD's order
}

var probeKind = Kind{
	Name:    "probe",
	Aliases: []string{"linear"},
	About:   "a linear classifier on features pooled to a small grid",
	Options: []spec.Option{
		{Name: "solver", Default: "lbfgs", About: "lbfgs, or sgd with momentum"},
		{Name: "decays", Default: "1e-4,1e-3,1e-2,1e-1", About: "weight decays to choose among on held-out training samples"},
		{Name: "iterations", Default: "100", About: "of lbfgs, at most"},
		{Name: "epochs", Default: "30", About: "of sgd"},
		{Name: "lr", Default: "0.1", About: "of sgd, falling along a cosine"},
		{Name: "seed", Default: "0", About: "of what is held out, and of sgd's order"},
	},
	make: func(v *spec.Values) Protocol {
		p := Probe{Solver: v.One("solver", Solvers...), Iterations: v.Int("iterations", 1, math.MaxInt32), Epochs: v.Int("epochs", 1, math.MaxInt32),
			LR: float32(v.Float("lr", 1e-6, 100)), Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		p.Decays = decays(v)
		return p
	},
}

// decays reads the option decays.
func decays(v *spec.Values) (out []float64) {
	for _, t := range strings.Split(v.Text("decays"), ",") {
		d, err := strconv.ParseFloat(t, 64)
		if err != nil || !(d >= 0 && d <= 1e6) {
			v.Fail("option decays=%s: want numbers from 0 on, with commas between", v.Text("decays"))
		}
		out = append(out, d)
	}
	return out
}

// Name returns probe.
func (p Probe) Name() string { return "probe" }

// defaults returns the probe with what its zeros mean.
func (p Probe) defaults() Probe {
	if p.Solver == "" {
		p.Solver = "lbfgs"
	}
	if len(p.Decays) == 0 {
		p.Decays = []float64{1e-4, 1e-3, 1e-2, 1e-1}
	}
	if p.Iterations == 0 {
		p.Iterations = 100
	}
	if p.Epochs == 0 {
		p.Epochs = 30
	}
	if p.LR == 0 {
		p.LR = 0.1
	}
	return p
}

// Check says which option, solver, cannot be what it is, and why.
func (p Probe) Check() (option string, err error) {
	if !slices.Contains(Solvers, p.Solver) {
		return "solver", fmt.Errorf("%s: want %s", p.Solver, spec.Or(Solvers))
	}
	return "", nil
}

// Judge fits the classifier to the training features and counts right answers on the test features.
func (p Probe) Judge(ctx context.Context, train, test Sample) (Score, error) {
	began := time.Now()
	p = p.defaults()
	if option, err := p.Check(); err != nil {
		return Score{}, fmt.Errorf("%s=%w", option, err)
	}
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		return Score{}, err
	}
	mean, inv := standardisation(train.Grid)
	x, y := standardise(train.Grid, mean, inv), standardise(test.Grid, mean, inv)
	decay, err := p.chooseDecay(ctx, x, c.train, c.count)
	if err != nil {
		return Score{}, err
	}
	w, b, iterations, err := p.fit(ctx, x, c.train, c.count, decay)
	if err != nil {
		return Score{}, err
	}
	s := c.score(p.Name(), train.Grid, accuracy(y, c.test, w, b), began)
	s.Settings = map[string]any{"solver": p.Solver, "weight_decays": p.Decays, "standardised": true, "seed": p.Seed}
	s.Found = map[string]any{"weight_decay": decay, "grid": train.GridSide}
	if p.Solver == "lbfgs" {
		s.Settings["max_iterations"], s.Found["iterations"] = p.Iterations, iterations
	} else {
		s.Settings["epochs"], s.Settings["lr"], s.Settings["schedule"], s.Settings["momentum"], s.Settings["batch_size"] = p.Epochs, p.LR, "cosine", 0.9, sgdBatch
	}
	return s, nil
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

// heldOut returns which of n training samples choose the decay, and which others are fitted to for that.
func (p Probe) heldOut(n int) (held, used []int) {
	order := tensor.NewRNG(p.Seed).Derive(stream.ProbeDecay).Perm(n)
	k := min(2000, max(1, n/10))
	return order[:k], order[k:min(n, k+10000)]
}

// chooseDecay returns the decay whose classifier, fitted to some of the training samples, is right most often on others; equals by
// the order in which they are given.
func (p Probe) chooseDecay(ctx context.Context, x *tensor.Tensor, labels []int32, classes int) (float64, error) {
	held, used := p.heldOut(x.Dim(0))
	if len(p.Decays) == 1 || len(used) == 0 {
		return p.Decays[0], nil
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
	vx, vl := pick(held)
	tx, tl := pick(used)
	best, bestAt := -1.0, p.Decays[0]
	var last error
	for _, d := range p.Decays {
		w, b, _, err := p.fit(ctx, tx, tl, classes, d)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			last = err
			continue
		}
		if a := accuracy(vx, vl, w, b); a > best {
			best, bestAt = a, d
		}
	}
	if best < 0 {
		return 0, last
	}
	return bestAt, nil
}

func (p Probe) fit(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, decay float64) (w, b *tensor.Tensor, iterations int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, 0, err
	}
	if p.Solver == "sgd" {
		w, b = p.fitSGD(x, labels, classes, decay)
		return w, b, 0, nil
	}
	return fitLBFGS(x, labels, classes, decay, p.Iterations)
}

// fitLBFGS minimises the mean cross-entropy + decay/2·‖W‖².
func fitLBFGS(x *tensor.Tensor, labels []int32, c int, decay float64, most int) (w, b *tensor.Tensor, iterations int, err error) {
	return minimise(x, c, decay, most, func(y *autograd.Var) *autograd.Var { return autograd.CrossEntropy(y, labels) })
}

// minimise minimises a loss of x·W + b, of c values a row, + decay/2·‖W‖² with gonum's L-BFGS, gradients from our kernels. It stops at
// max iterations or when the gradient is small.
func minimise(x *tensor.Tensor, c int, decay float64, most int, of func(y *autograd.Var) *autograd.Var) (w, b *tensor.Tensor, iterations int, err error) {
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
		loss := of(autograd.Linear(tape.Input(x), tape.Param(w), tape.Param(b)))
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
		return nil, nil, 0, fmt.Errorf("probe: %w", err)
	}
	// a line search that finds no lower value at float32's precision has converged; any other trouble has no finite result
	if math.IsNaN(res.F) || math.IsInf(res.F, 0) {
		return nil, nil, 0, fmt.Errorf("probe: the loss is %g: %v", res.F, err)
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

// order returns the order in which an epoch of SGD takes n samples.
func (p Probe) order(epoch, n int) []int {
	return tensor.NewRNG(p.Seed).Derive(stream.ProbeOrder).Derive(uint64(epoch)).Perm(n)
}

// fitSGD minimises the same with Nesterov's momentum, in batches of 256 samples.
func (p Probe) fitSGD(x *tensor.Tensor, labels []int32, c int, decay float64) (w, b *tensor.Tensor) {
	d, n := x.Dim(1), x.Dim(0)
	l := &layers.Linear{W: tensor.New(d, c), B: tensor.New(c)}
	opt := optim.NewSGD(layers.Params(l), optim.SGDOptions{Momentum: 0.9, WeightDecay: float32(decay), Nesterov: true})
	batch := min(sgdBatch, n)
	steps := n / batch
	lr := optim.Cosine(p.LR, steps*p.Epochs)
	tape := autograd.NewTape(nil)
	part, want := tensor.New(batch, d), make([]int32, batch)
	for e := range p.Epochs {
		order := p.order(e, n)
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
