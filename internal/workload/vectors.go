package workload

import (
	"fmt"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

func vectorBenches() []Item {
	const n = 16 << 20
	out := []Item{
		{ID: "ew/add/16M", bytes: 12 * n, setup: func() func() {
			a, b, y := randn(n), randn(n), tensor.New(n)
			return func() { tensor.Add(y, a, b) }
		}},
		{ID: "ew/relu_inplace/16M", bytes: 8 * n, setup: func() func() {
			a := randn(n)
			return func() { tensor.ReLU(a, a) }
		}},
		// a new tensor a call, as a network takes it: from the tape's memory
		{ID: "ew/add_alloc/16M", bytes: 12 * n, setup: func() func() {
			a, b, tape := randn(n), randn(n), autograd.NewInference()
			return func() { autograd.Add(tape.Input(a), tape.Input(b)); tape.Reset() }
		}},
		{ID: "ew/relu/16M", bytes: 8 * n, setup: func() func() {
			a, tape := randn(n), autograd.NewInference()
			return func() { autograd.ReLU(tape.Input(a)); tape.Reset() }
		}},
		{ID: "ew/add_relu/16M", bytes: 12 * n, setup: func() func() {
			a, b, tape := randn(n), randn(n), autograd.NewInference()
			return func() { autograd.ReLU(autograd.Add(tape.Input(a), tape.Input(b))); tape.Reset() }
		}},
		{ID: "ew/relu_bwd/16M", bytes: 12 * n, setup: func() func() {
			y, g, tape := randn(n), randn(n), autograd.NewInference()
			tensor.ReLU(y, y)
			return func() { tensor.ReLUGrad(tape.New(n), g, y, false); tape.Reset() }
		}},
	}
	for _, n := range []int{16, 4096, 65536} {
		out = append(out, Item{ID: fmt.Sprintf("ew/add_small/%d", n), bytes: 12 * float64(n), setup: func() func() {
			a, b, y := randn(n), randn(n), tensor.New(n)
			return func() { tensor.Add(y, a, b) }
		}})
	}
	return append(append(append(out, updateBenches()...), normBenches()...), poolBenches()...)
}

// updateBenches are optimisers on the weights of ResNet-50.
func updateBenches() []Item {
	var out []Item
	for _, name := range []string{"adam", "sgdm"} {
		bytes := map[string]float64{"adam": 28, "sgdm": 20}[name]
		out = append(out, Item{ID: "optim/" + name + "/resnet50_25M", bytes: bytes * 25557032, setup: func() func() {
			params := layers.Params(layers.Classifier(tensor.NewRNG(1), layers.ResNet(tensor.NewRNG(1), 3, 50, false, layers.TrunkOptions{}), 1000))
			tape := autograd.NewTape(nil)
			var loss *autograd.Var
			for _, p := range params { // a loss whose gradient is random
				l := autograd.Sum(autograd.Mul(tape.Param(p.Value), tape.Input(tensor.NewRNG(2).FillNormal(tensor.New(p.Value.Shape...), 0, 1e-3))))
				if loss != nil {
					l = autograd.Add(loss, l)
				}
				loss = l
			}
			grads := tape.Backward(loss)
			opt := optim.NewAdam(params, optim.AdamOptions{})
			if name == "sgdm" {
				opt = optim.NewSGD(params, optim.SGDOptions{Momentum: 0.9, WeightDecay: 1e-4, DecayAll: true})
			}
			return func() { opt.Step(grads, 1e-3) }
		}})
	}
	return out
}

// normBenches are batch normalisations, with a ReLU or without.
func normBenches() []Item {
	var out []Item
	for _, s := range [][3]int{{16, 64, 112}, {16, 256, 28}, {128, 64, 32}} {
		for _, relu := range []bool{false, true} {
			for _, back := range []bool{false, true} {
				name, bytes := "bn", 12.0
				if relu {
					name = "bn_relu"
				}
				pass := "fwd"
				if back {
					pass, bytes = "fwd_bwd", 32
				}
				size := s[0] * s[1] * s[2] * s[2]
				out = append(out, Item{ID: fmt.Sprintf("%s/%s/n%dc%ds%d", name, pass, s[0], s[1], s[2]), bytes: bytes * float64(size), setup: func() func() {
					x, dy := randn(s[0], s[2], s[2], s[1]), randn(s[0], s[2], s[2], s[1])
					bn := layers.NewBatchNorm(s[1])
					bn.ReLU = relu
					tape := autograd.NewTape(nil)
					return func() {
						if back {
							tape.BackwardFrom(bn.Forward(tape.Param(x)), dy)
						} else {
							tape.NoGrad(func() { bn.Forward(tape.Input(x)) })
						}
						tape.Reset()
					}
				}})
			}
		}
	}
	return out
}

// poolBenches are poolings, and the cross-entropy of many classes.
func poolBenches() []Item {
	var out []Item
	for _, p := range []tensor.Window{tensor.SquareWindow(2, 2, 0), tensor.SquareWindow(3, 2, 1)} {
		x := []int{16, 112, 112, 64}
		y := tensor.PoolShape(x, p)
		out = append(out, Item{ID: fmt.Sprintf("maxpool%ds2/fwd/n16c64s112", p.H.Size), bytes: float64(4 * (tensor.Size(x) + tensor.Size(y))), setup: func() func() {
			a, b := randn(x...), tensor.New(y...)
			return func() { tensor.MaxPool(b, a, p) }
		}}, Item{ID: fmt.Sprintf("maxpool%ds2/fwd_bwd/n16c64s112", p.H.Size), bytes: float64(8 * (tensor.Size(x) + tensor.Size(y))), setup: func() func() {
			a, b, g, dx := randn(x...), tensor.New(y...), randn(y...), tensor.New(x...)
			return func() { tensor.MaxPool(b, a, p); tensor.Zero(dx); tensor.AddMaxPoolGrad(dx, g, a, b, p) }
		}})
	}
	return append(out, Item{ID: "softmax_ce/fwd_bwd/8192x1000", bytes: 12 * 8192 * 1000, setup: func() func() {
		x := randn(8192, 1000)
		labels := make([]int32, 8192)
		for i := range labels {
			labels[i] = int32(i % 1000)
		}
		tape := autograd.NewTape(nil)
		return func() { tape.Backward(autograd.CrossEntropy(tape.Param(x), labels)); tape.Reset() }
	}})
}
