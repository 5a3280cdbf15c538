package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// The non-linear classifier of RotNet (Gidaris, Singh, Komodakis 2018, section 4.1 and the authors' NonLinearClassifier): three fully connected layers, the first two of
// min(20·classes, 2048) values, without bias, with batch norm and ReLU behind; SGD with Nesterov's momentum 0.9 in batches of 128, the rate falling by 5 after 35, 70 and 85 of
// 100 epochs, weight decay 5e-4 of all parameters. It learns from standardised features, as the linear probe does, not from raw ones.

const mlpBatch = 128

// ofMLP takes from options what is another's default for an mlp, and refuses what it has not.
func (p *Probe) ofMLP(v *spec.Values) {
	if v.Given("solver") && p.Solver != "sgd" {
		v.Fail("options head=mlp and solver=%s: an mlp is fitted by sgd", p.Solver)
	}
	if v.Given("iterations") {
		v.Fail("options head=mlp and iterations: an mlp is fitted by sgd, in epochs")
	}
	p.Solver, p.Iterations = "sgd", 0
	if !v.Given("decays") {
		p.Decays = nil
	}
	if !v.Given("epochs") {
		p.Epochs = 0
	}
}

func (p Probe) defaultsOfMLP() Probe {
	p.Solver = "sgd"
	if len(p.Decays) == 0 {
		p.Decays = []float64{5e-4}
	}
	if p.Epochs == 0 {
		p.Epochs = 100
	}
	return p
}

func mlpHidden(classes int) int { return min(20*classes, 2048) }

// toldMLP adds to settings how an mlp learned.
func (p Probe) toldMLP(settings map[string]any, classes int) {
	settings["head"], settings["hidden"] = p.Head, mlpHidden(classes)
	settings["epochs"], settings["lr"], settings["schedule"], settings["momentum"], settings["batch_size"] = p.Epochs, p.LR, "steps at 35, 70, 85 %", 0.9, mlpBatch
}

// newMLP returns the classifier of features of d values, its weights normal with variance 2/out, as the authors' are.
func newMLP(rng *tensor.RNG, d, classes int) layers.Sequential {
	h := mlpHidden(classes)
	var all layers.Sequential
	for k, size := range [][2]int{{d, h}, {h, h}, {h, classes}} {
		l := &layers.Linear{W: rng.Derive(uint64(k)).FillNormal(tensor.New(size[0], size[1]), 0, float32(math.Sqrt(2/float64(size[1]))))}
		if k == 2 {
			l.B = tensor.New(classes)
		}
		all = append(all, layers.Child{Name: fmt.Sprint("fc", k+1), Module: l})
		if k < 2 {
			all = append(all, layers.Child{Name: fmt.Sprint("bn", k+1), Module: layers.NewBatchNormReLU(h)})
		}
	}
	return all
}

// learnMLP fits the classifier to x [N D].
func (p Probe) learnMLP(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, decay float64) (learned, error) {
	if x.Dim(0) < 2 {
		return learned{}, fmt.Errorf("head=mlp: there is %d sample to learn from, want at least 2, for batch norm", x.Dim(0))
	}
	net := newMLP(tensor.NewRNG(p.Seed).Derive(stream.Init, stream.Head), x.Dim(1), classes)
	if err := p.trainMLP(ctx, net, x, labels, decay); err != nil {
		return learned{}, err
	}
	return learned{answers: func(x *tensor.Tensor) *tensor.Tensor { return net.Forward(autograd.NewInference().Input(x)).Value }}, nil
}

// trainMLP lets a classifier learn.
func (p Probe) trainMLP(ctx context.Context, net layers.Stateful, x *tensor.Tensor, labels []int32, decay float64) error {
	n := x.Dim(0)
	batch := min(mlpBatch, n)
	steps := n / batch
	opt := optim.NewSGD(layers.Params(net), optim.SGDOptions{Momentum: 0.9, WeightDecay: float32(decay), Nesterov: true, DecayAll: true})
	var falls []int
	for _, percent := range []int{35, 70, 85} {
		falls = append(falls, p.Epochs*steps*percent/100)
	}
	lr := optim.Steps(p.LR, 0.2, falls...)
	tape := autograd.NewTape(nil)
	for e := range p.Epochs {
		if err := ctx.Err(); err != nil {
			return err
		}
		order := p.order(e, n)
		for s := range steps {
			rows := order[s*batch : (s+1)*batch]
			loss := autograd.CrossEntropy(net.(layers.Module).Forward(tape.Input(gathered(x, rows))), picked(labels, rows))
			if v := float64(loss.Scalar()); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("head=mlp: the loss is %g in epoch %d; a smaller lr may help (%g)", v, e+1, p.LR)
			}
			opt.Step(tape.Backward(loss), lr(e*steps+s))
			tape.Reset()
		}
	}
	return nil
}
