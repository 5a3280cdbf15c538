package workload

import (
	"fmt"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// benchModel is a network of the peers' benchmark.
type benchModel struct {
	name           string
	side, ch, clas int  // clas 0: of two views of each picture one must find the other (NT-Xent)
	frames         int  // of clips; 0: pictures
	adam           bool // the peers train it with AdamW
	make           func(r *tensor.RNG) layers.Module
}

var benchModels = []benchModel{
	{"resnet18_224", 224, 3, 1000, 0, false, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ResNet(r, 3, 18, false, layers.TrunkOptions{}), 1000)
	}},
	{"resnet50_224", 224, 3, 1000, 0, false, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ResNet(r, 3, 50, false, layers.TrunkOptions{}), 1000)
	}},
	{"cifar_resnet18", 32, 3, 10, 0, false, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ResNet(r, 3, 18, true, layers.TrunkOptions{}), 10)
	}},
	{"cifar_resnet20", 32, 3, 10, 0, false, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.CIFARResNet(r, 3, 20, layers.TrunkOptions{Shortcut: layers.OptionA}), 10)
	}},
	{"rotnet_alexnet_227", 227, 3, 4, 0, false, func(r *tensor.RNG) layers.Module {
		return &layers.Net{Trunk: layers.AlexNet(r, 3, layers.TrunkOptions{}), Head: layers.AlexNetHead(r, 6, 256, 4)}
	}},
	{"r3d_18_16x112", 112, 3, 10, 16, true, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.R3D(r, 3, layers.TrunkOptions{}), 10)
	}},
	{"r2plus1d_18_16x112", 112, 3, 10, 16, true, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.R2Plus1D(r, 3, layers.TrunkOptions{}), 10)
	}},
	{"vit_tiny_cifar", 32, 3, 10, 0, true, vit(192, 3, layers.ViTOptions{Patch: 4})},
	{"vit_tiny_224", 224, 3, 10, 0, true, vit(192, 3, layers.ViTOptions{})},
	{"vit_small_224", 224, 3, 10, 0, true, vit(384, 6, layers.ViTOptions{})},
	{"simclr_cifar_resnet18", 32, 3, 0, 0, true, func(r *tensor.RNG) layers.Module {
		return layers.Seq(layers.ResNet(r, 3, 18, true, layers.TrunkOptions{}), layers.Pool, layers.NewLinear(r, 512, 512, layers.LinearOptions{}), layers.ReLU,
			layers.NewLinear(r, 512, 128, layers.LinearOptions{}))
	}},
	{"mnist_cnn", 28, 1, 10, 0, false, func(r *tensor.RNG) layers.Module {
		c := func(i, o int) layers.Module {
			return layers.Seq(layers.NewConv2D(r, i, o, 3, layers.ConvOptions{Pad: 1, NoBias: true}), layers.ReLU, layers.MaxPool(tensor.SquareWindow(2, 2, 0)))
		}
		return layers.Seq(c(1, 32), c(32, 64), c(64, 128), layers.Flatten, layers.NewLinear(r, 1152, 625, layers.LinearOptions{NoBias: true}), layers.ReLU,
			layers.NewLinear(r, 625, 10, layers.LinearOptions{}))
	}},
}

// vit returns what makes a vision transformer of twelve blocks with a head of ten classes.
func vit(width, heads int, o layers.ViTOptions) func(r *tensor.RNG) layers.Module {
	return func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ViT(r, 3, width, 12, heads, o), 10)
	}
}

func modelBenches(level autograd.Recompute, mode tensor.Mode) []Item {
	var out []Item
	batch := map[string]int{"resnet18_224": 16, "resnet50_224": 8, "cifar_resnet18": 128, "cifar_resnet20": 128, "rotnet_alexnet_227": 32, "mnist_cnn": 64,
		"r3d_18_16x112": 2, "r2plus1d_18_16x112": 2, "vit_tiny_cifar": 128, "vit_tiny_224": 32, "vit_small_224": 8, "simclr_cifar_resnet18": 128}
	for _, m := range benchModels {
		n := batch[m.name]
		id := fmt.Sprintf("train_step/%s/n%d", m.name, n)
		loss := func(y *autograd.Var, labels []int32) *autograd.Var { return autograd.CrossEntropy(y, labels) }
		if m.clas == 0 {
			id, n = id+"x2", 2*n
			loss = func(y *autograd.Var, _ []int32) *autograd.Var { return autograd.NTXent(y, 0.5) }
		}
		out = append(out, Item{ID: id, slow: true, setup: func() func() {
			rng := tensor.NewRNG(1)
			net := m.make(rng)
			x := randn(n, m.side, m.side, m.ch)
			if m.frames > 0 {
				x = randn(n, m.frames, m.side, m.side, m.ch)
			}
			labels := make([]int32, n)
			for i := range labels {
				labels[i] = int32(i % max(1, m.clas))
			}
			opt := optim.NewSGD(layers.Params(net), optim.SGDOptions{Momentum: 0.9, WeightDecay: 1e-4, DecayAll: true})
			if m.adam {
				opt = optim.NewAdamW(layers.Params(net), optim.AdamOptions{WeightDecay: 0.01, DecayAll: true})
			}
			tape := autograd.NewTape(rng)
			tape.Recompute, tape.Mode = level, mode
			return func() {
				opt.Step(tape.Backward(loss(net.Forward(tape.Input(x)), labels)), 0.01)
				tape.Reset()
			}
		}})
	}
	for _, s := range []struct {
		name string
		n    int
	}{{"resnet50_224", 1}, {"resnet50_224", 32}, {"resnet18_224", 1}, {"cifar_resnet20", 1}, {"vit_small_224", 1}, {"vit_small_224", 32}} {
		for _, m := range benchModels {
			if m.name != s.name {
				continue
			}
			out = append(out, Item{ID: fmt.Sprintf("infer/%s/n%d", s.name, s.n), slow: s.n > 1, setup: func() func() {
				net := m.make(tensor.NewRNG(1))
				x := randn(s.n, m.side, m.side, m.ch)
				tape := autograd.NewInference()
				tape.Mode = mode
				return func() { net.Forward(tape.Input(x)); tape.Reset() }
			}})
			// the peers' compiled and frozen network: ours is always frozen
			frozen := out[len(out)-1]
			frozen.ID += "#compile"
			out = append(out, frozen)
		}
	}
	return out
}
