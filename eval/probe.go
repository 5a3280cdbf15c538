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

// Heads are what a probe may be; the first is the default.
var Heads = []string{"linear", "mlp"}

// Solvers are what a probe is fitted by; the first is the default.
var Solvers = []string{"lbfgs", "sgd"}

// Probe is a linear classifier on standardised features: softmax regression with weight decay d/2·‖W‖² per sample, the decay chosen
// on a tenth of the training samples (at most 2000) that it is not fitted to, when there is more than one to choose from.
type Probe struct {
	Head       string    // linear (default), or mlp: see probe_mlp.go
	Solver     string    // lbfgs (default) or sgd, which an mlp is always fitted by
	Decays     []float64 // weight decays to choose among; nil means 1e-4, 1e-3, 1e-2, 1e-1, of mlp 5e-4
	Cross      int       // in how many parts training samples choose the decay by cross-validation; 0 means on a tenth that is held out
	Iterations int       // of L-BFGS, 0 means 100
	Tolerance  float64   // of L-BFGS, which stops where no part of the mean loss's gradient is larger; 0 means 1e-5
	Epochs     int       // of SGD, 0 means 30, of mlp 100
	LR         float32   // of SGD, 0 means 0.1
	Seed       uint64    // of what is held out, and of SGD's order
}

var probeKind = Kind{
	Name:    "probe",
	Aliases: []string{"linear"},
	About:   "a linear classifier on features pooled to a small grid, or one of three layers",
	Options: []spec.Option{
		{Name: "head", Default: "linear", About: "linear, or mlp: three layers, by sgd (Gidaris et al. 2018)"},
		{Name: "solver", Default: "lbfgs", About: "lbfgs, or sgd with momentum"},
		{Name: "decays", Default: "1e-4,1e-3,1e-2,1e-1", About: "weight decays to choose among on held-out training samples; of mlp 5e-4"},
		{Name: "cross", Default: "0", About: "choose by cross-validation in so many parts, 2 to 20; 0: on a tenth"},
		{Name: "iterations", Default: "100", About: "of lbfgs, at most"},
		{Name: "epochs", Default: "30", About: "of sgd; of mlp 100"},
		{Name: "lr", Default: "0.1", About: "of sgd, falling along a cosine; of mlp in three steps"},
		{Name: "seed", Default: "0", About: "of what is held out, and of sgd's order"},
	},
	Make: func(v *spec.Values) Protocol {
		p := Probe{Head: v.One("head", Heads...), Solver: v.One("solver", Solvers...), Iterations: v.Int("iterations", 1, math.MaxInt32), Epochs: v.Int("epochs", 1, math.MaxInt32),
			LR: float32(v.Float("lr", 1e-6, 100)), Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		p.Decays = decays(v)
		if p.Head == "mlp" {
			p.ofMLP(v)
		}
		if p.Cross = v.Int("cross", 0, 20); p.Cross == 1 {
			v.Fail("option cross=1: want 2 to 20 parts, or 0 for a tenth that is held out")
		}
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
	if p.Head == "" {
		p.Head = Heads[0]
	}
	if p.Head == "mlp" {
		p = p.defaultsOfMLP()
	}
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

// Check says which option, head or solver, cannot be what it is, and why.
func (p Probe) Check() (option string, err error) {
	p = p.defaults()
	if !slices.Contains(Heads, p.Head) {
		return "head", fmt.Errorf("%s: want %s", p.Head, spec.Or(Heads))
	}
	if !slices.Contains(Solvers, p.Solver) {
		return "solver", fmt.Errorf("%s: want %s", p.Solver, spec.Or(Solvers))
	}
	return "", nil
}

// Judge fits the classifier to the training features and counts right answers on the test features.
func (p Probe) Judge(ctx context.Context, train, test Sample) (Score, error) {
	s, _, err := p.judge(ctx, train, test)
	return s, err
}

// judge is Judge, with 1 for each test sample whose class is right, 0 for the others.
func (p Probe) judge(ctx context.Context, train, test Sample) (Score, []float64, error) {
	began := time.Now()
	p = p.defaults()
	if option, err := p.Check(); err != nil {
		return Score{}, nil, fmt.Errorf("%s=%w", option, err)
	}
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		return Score{}, nil, err
	}
	mean, inv := standardisation(train.Grid)
	x, y := standardise(train.Grid, mean, inv), standardise(test.Grid, mean, inv)
	of, _, _ := train.clusters()
	decay, asked, err := p.chooseDecay(ctx, x, c.train, c.count, of)
	if err != nil {
		return Score{}, nil, err
	}
	l, err := p.learn(ctx, x, c.train, c.count, decay)
	if err != nil {
		return Score{}, nil, err
	}
	said := tensor.ArgMax(l.answers(y))
	hits, _ := c.right(said)
	s := c.score(p.Name(), train.Grid, train.Truth.Classes(), test, said, began)
	s.Settings = map[string]any{"solver": p.Solver, "weight_decays": p.Decays, "standardised": true, "seed": p.Seed}
	if p.Cross > 0 {
		s.Settings["cross"] = p.Cross
	}
	s.Found["weight_decay"], s.Found["grid"] = decay, train.GridSide
	switch {
	case asked > 0:
		s.Found["held_out"] = asked
	case len(p.Decays) > 1:
		s.Found["not_chosen"] = "there was nothing to hold out: the first is taken"
	}
	switch {
	case p.Head == "mlp":
		p.toldMLP(s.Settings, c.count)
	case p.Solver == "lbfgs":
		s.Settings["max_iterations"], s.Found["iterations"] = p.Iterations, l.iterations
	default:
		s.Settings["epochs"], s.Settings["lr"], s.Settings["schedule"], s.Settings["momentum"], s.Settings["batch_size"] = p.Epochs, p.LR, "cosine", 0.9, sgdBatch
	}
	return s, hits, nil
}

// learned is a classifier that was fitted.
type learned struct {
	answers    func(x *tensor.Tensor) *tensor.Tensor // of rows [N D], a value for each class [N K]
	iterations int                                   // of L-BFGS
}

// learn fits a classifier to x [N D].
func (p Probe) learn(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, decay float64) (learned, error) {
	if p.Head == "mlp" {
		return p.learnMLP(ctx, x, labels, classes, decay)
	}
	w, b, iterations, err := p.fit(ctx, x, labels, classes, decay)
	h := hyperplanes{w: w, b: b}
	return learned{h.values, iterations}, err
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

// heldOut returns which of the training samples choose the decay, a tenth of them, and which others are fitted to for that. Samples that depend on each other, of one number in
// of, are all among the ones or the others.
func (p Probe) heldOut(of []int) (held, used []int) {
	order := tensor.NewRNG(p.Seed).Derive(stream.ProbeDecay).Perm(len(of))
	most := min(2000, max(1, len(of)/10))
	out, wanted := map[int]bool{}, most
	size := map[int]int{}
	for _, g := range of {
		size[g]++
	}
	for _, i := range order {
		if g := of[i]; wanted > 0 && !out[g] && (size[g] <= wanted || len(out) == 0) {
			out[g] = true
			wanted -= size[g]
		}
	}
	for _, i := range order {
		if out[of[i]] {
			held = append(held, i)
		} else if len(used) < 10000 {
			used = append(used, i)
		}
	}
	return held, used
}

// choosing is a set of training samples that a classifier is fitted to, and others that it is asked of.
type choosing struct{ held, used []int }

// choosings returns on which samples the decay is chosen: a tenth, or each of several parts in turn, in which those that depend on each other are together.
func (p Probe) choosings(labels []int32, classes int, of []int) (out []choosing) {
	if p.Cross < 2 {
		held, used := p.heldOut(of)
		return []choosing{{held, used}}
	}
	rows := tensor.NewRNG(p.Seed).Derive(stream.ProbeDecay).Perm(len(labels))
	rows = rows[:min(len(rows), mostToChoose)]
	part, parts := dealt(rows, labels, classes, of, p.Cross)
	for fold := range parts {
		used, held := without(rows, part, fold)
		out = append(out, choosing{held, used})
	}
	return out
}

// chooseDecay returns the decay whose classifiers, fitted to some of the training samples, are right most often on others; equals by
// the order in which they are given. asked is how many of them the choice is by; 0 where nothing can be held out, and the first is taken.
func (p Probe) chooseDecay(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, of []int) (decay float64, asked int, err error) {
	if len(p.Decays) == 1 {
		return p.Decays[0], 0, nil
	}
	right, failed := make([]int, len(p.Decays)), make([]bool, len(p.Decays))
	var last error
	for _, c := range p.choosings(labels, classes, of) {
		if len(c.used) == 0 {
			return p.Decays[0], 0, nil
		}
		asked += len(c.held)
		vx, vl := gathered(x, c.held), picked(labels, c.held)
		tx, tl := gathered(x, c.used), picked(labels, c.used)
		for i, d := range p.Decays {
			l, err := p.learn(ctx, tx, tl, classes, d)
			if ctx.Err() != nil {
				return 0, 0, ctx.Err()
			}
			if err != nil {
				last, failed[i] = err, true
				continue
			}
			right[i] += tensor.CountRight(l.answers(vx), vl)
		}
	}
	best := -1
	for i := range p.Decays {
		if !failed[i] && (best < 0 || right[i] > right[best]) {
			best = i
		}
	}
	if best < 0 {
		return 0, 0, last
	}
	return p.Decays[best], asked, nil
}

// picked returns the labels of some rows.
func picked(labels []int32, rows []int) []int32 {
	out := make([]int32, len(rows))
	for i, r := range rows {
		out[i] = labels[r]
	}
	return out
}

func (p Probe) fit(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, decay float64) (w, b *tensor.Tensor, iterations int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, 0, err
	}
	if p.Solver == "sgd" {
		w, b = p.fitSGD(x, labels, classes, decay)
		return w, b, 0, nil
	}
	return minimise(x, classes, decay, p.Iterations, p.Tolerance, crossEntropy(labels))
}

// Fit returns the weights [D K] and biases [K] of softmax regression of x [N D] with a weight decay, as they are judged, and how many iterations L-BFGS made. Nothing is
// standardised and nothing chosen.
func (p Probe) Fit(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, decay float64) (w, b *tensor.Tensor, iterations int, err error) {
	return p.defaults().fit(ctx, x, labels, classes, decay)
}

// fitLBFGS minimises the mean cross-entropy + decay/2·‖W‖².
func fitLBFGS(x *tensor.Tensor, labels []int32, c int, decay float64, most int) (w, b *tensor.Tensor, iterations int, err error) {
	return minimise(x, c, decay, most, 0, crossEntropy(labels))
}

// rowsLoss returns the loss of some rows, from number lo on, of values y [R K], which it turns into the loss's gradient. Several goroutines call it at once.
type rowsLoss func(lo int, y *tensor.Tensor) float64

// crossEntropy is the mean cross-entropy of rows that have a label, -1 is none.
func crossEntropy(labels []int32) rowsLoss {
	counted := 0
	for _, l := range labels {
		if l >= 0 {
			counted++
		}
	}
	scale := 1 / float64(max(counted, 1))
	return func(lo int, y *tensor.Tensor) float64 {
		return tensor.CrossEntropyRows(y, labels[lo:lo+y.Dim(0)], float32(scale)) * scale
	}
}

// minimise minimises a loss of x·W + b, of c values a row, + decay/2·‖W‖² with gonum's L-BFGS, gradients from our kernels. It stops at
// most iterations or when no part of the gradient is above enough, 0 for 1e-5.
func minimise(x *tensor.Tensor, c int, decay float64, most int, enough float64, of rowsLoss) (w, b *tensor.Tensor, iterations int, err error) {
	if enough == 0 {
		enough = 1e-5
	}
	n, d := x.Dim(0), x.Dim(1)
	turned, slope, bias := tensor.New(c, d), tensor.New(c, d), tensor.New(c) // by rows of W's transpose
	b = tensor.New(c)
	load := func(p []float64) {
		for i := range turned.Data {
			turned.Data[i] = float32(p[i])
		}
		for i := range b.Data {
			b.Data[i] = float32(p[d*c+i])
		}
	}
	rows := tensor.LinearLossRows(d)
	losses := make([]float64, (n+rows-1)/rows)
	var at []float64
	grad, value := make([]float64, d*c+c), 0.0
	evaluate := func(p []float64) {
		if at != nil && equal(at, p) {
			return
		}
		at = append(at[:0], p...)
		load(p)
		tensor.LinearLoss(slope, bias, x, turned, b, func(lo int, y *tensor.Tensor) { losses[lo/rows] = of(lo, y) })
		value = 0
		for _, l := range losses {
			value += l
		}
		for i, v := range slope.Data {
			grad[i] = float64(v) + decay*p[i]
			value += decay / 2 * p[i] * p[i]
		}
		for k, v := range bias.Data {
			grad[d*c+k] = float64(v)
		}
	}
	problem := optimize.Problem{
		Func: func(p []float64) float64 { evaluate(p); return value },
		Grad: func(dst, p []float64) { evaluate(p); copy(dst, grad) },
	}
	settings := &optimize.Settings{MajorIterations: most, GradientThreshold: enough, Converger: &optimize.FunctionConverge{Relative: 1e-7, Iterations: 5}}
	res, err := optimize.Minimize(problem, make([]float64, d*c+c), settings, &optimize.LBFGS{Store: 10})
	if res == nil {
		return nil, nil, 0, fmt.Errorf("probe: %w", err)
	}
	// a line search that finds no lower value at float32's precision has converged; any other trouble has no finite result
	if math.IsNaN(res.F) || math.IsInf(res.F, 0) {
		return nil, nil, 0, fmt.Errorf("probe: the loss is %g: %v", res.F, err)
	}
	load(res.X)
	w = tensor.New(d, c)
	tensor.Permute(w, turned, 1, 0)
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
