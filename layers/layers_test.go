package layers

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// torchWeights fills a module as testdata/nets.py fills torchvision's: by name, in PyTorch's layout.
func torchWeights(t *testing.T, m Module) {
	t.Helper()
	f := &checkpoint.File{}
	var want []checkpoint.Named
	for _, p := range State(m) {
		if strings.HasSuffix(p.Name, "num_batches_tracked") {
			continue
		}
		x := checkpoint.ToTorch(p.Value, p.Layout).Clone()
		switch s := x.Shape; {
		case len(s) > 1:
			golden.Fill(x.Data, p.Name, math.Sqrt(6/float64(tensor.Size(s[1:]))))
		case strings.HasSuffix(p.Name, "running_mean") || strings.HasSuffix(p.Name, "bias"):
			golden.Fill(x.Data, p.Name, 0.1)
		case strings.HasSuffix(p.Name, "bn3.weight"):
			golden.Fill(x.Data, p.Name, 0.05)
			for i := range x.Data {
				x.Data[i] += 0.2
			}
		default:
			golden.Fill(x.Data, p.Name, 0.2)
			for i := range x.Data {
				x.Data[i]++
			}
		}
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: p.Name, Value: x})
		want = append(want, checkpoint.Named{Name: p.Name, Value: p.Value, Layout: p.Layout})
	}
	if err := f.Restore(want, ""); err != nil {
		t.Fatal(err)
	}
}

// torchNet is what PyTorch gave with golden weights; Grads has each gradient's norm and its product with golden.Fill, in float64, Spread how far those of float32 are from them.
type torchNet struct {
	N, Side int
	Frames  int       // of clips; their gradients are with running statistics
	Logits  []float64 // the first 20 columns at most
	Norm    float64
	Loss    float64
	Grads   map[string][2]float64
	Spread  map[string]float64
}

// TestTorchvision: with the same weights torchvision's networks give the same logits within 1e-4, relative to the norm, and in training mode
// gradients within four times what float32 makes of PyTorch's, of this tensor and of those behind it. Reference: testdata/nets.json, made by testdata/nets.py.
func TestTorchvision(t *testing.T) {
	var want map[string]torchNet
	golden.Load(t, "testdata/nets.json", &want)
	rng := tensor.NewRNG(1)
	for name, m := range map[string]Module{
		"resnet18": Classifier(rng, ResNet(rng, 3, 18, false, TrunkOptions{}), 1000), "resnet50": Classifier(rng, ResNet(rng, 3, 50, false, TrunkOptions{}), 1000),
		"alexnet": TorchAlexNet(rng, 1000), "vgg11_bn": TorchVGG(rng, 11, true, 1000),
	} {
		t.Run(name, func(t *testing.T) { compareTorch(t, m, want[name], []int32{3, 1, 4, 15}) })
	}
}

// TestTorchClips is TestTorchvision for networks of clips. Reference: testdata/clips.json, made by testdata/clips.py.
func TestTorchClips(t *testing.T) {
	var want map[string]torchNet
	golden.Load(t, "testdata/clips.json", &want)
	rng := tensor.NewRNG(1)
	for name, trunk := range map[string]*Trunk{"r3d_18": R3D(rng, 3, TrunkOptions{}), "r2plus1d_18": R2Plus1D(rng, 3, TrunkOptions{}), "c3d": C3D(rng, 3, TrunkOptions{})} {
		t.Run(name, func(t *testing.T) { compareTorch(t, Classifier(rng, trunk, 20), want[name], []int32{3, 1}) })
	}
}

// TestTorchCIFAR is TestTorchvision for ResNet-20 with either shortcut. Reference: testdata/cifar.json, made by testdata/cifar.py.
func TestTorchCIFAR(t *testing.T) {
	var want map[string]torchNet
	golden.Load(t, "testdata/cifar.json", &want)
	rng := tensor.NewRNG(1)
	for _, s := range []Shortcut{Projection, OptionA} {
		t.Run(s.String(), func(t *testing.T) {
			compareTorch(t, Classifier(rng, CIFARResNet(rng, 3, 20, TrunkOptions{Shortcut: s}), 10), want[s.String()], []int32{3, 1, 4, 5})
		})
	}
}

// TestTorchL3 is TestTorchvision for the nets of L3-Net and AVE-Net. Reference: testdata/l3.json, made by testdata/l3.py.
func TestTorchL3(t *testing.T) {
	var want map[string]torchNet
	golden.Load(t, "testdata/l3.json", &want)
	rng := tensor.NewRNG(1)
	for name, trunk := range map[string]*Trunk{"l3": L3(rng, 3, TrunkOptions{}), "avenet": AVENet(rng, 3, TrunkOptions{})} {
		t.Run(name, func(t *testing.T) { compareTorch(t, Classifier(rng, trunk, 20), want[name], []int32{3, 1, 4, 15}) })
	}
}

func compareTorch(t *testing.T, m Module, w torchNet, labels []int32) {
	if w.N == 0 {
		t.Fatal("the reference lacks this network")
	}
	torchWeights(t, m)
	x := tensor.New(w.N, w.Side, w.Side, 3)
	if w.Frames > 0 {
		x = tensor.New(w.N, w.Frames, w.Side, w.Side, 3)
	}
	golden.Fill(x.Data, "input", 2)
	y := m.Forward(autograd.Const(x)).Value
	scale := w.Norm / math.Sqrt(float64(y.Len()))
	cols := len(w.Logits) / w.N
	for i, v := range w.Logits {
		if got := float64(y.At(i/cols, i%cols)); !(math.Abs(got-v) <= 1e-4*scale) {
			t.Fatalf("logit %d: %g, PyTorch %g (typical size %g)", i, got, v, scale)
		}
	}
	if n := math.Sqrt(tensor.SumSquares(y)); !(math.Abs(n-w.Norm) <= 1e-4*w.Norm) {
		t.Errorf("norm of the logits %g, PyTorch %g", n, w.Norm)
	}
	if w.Grads == nil {
		return
	}
	tape := autograd.NewTape(nil)
	tape.Training = w.Frames == 0
	loss := autograd.CrossEntropy(m.Forward(tape.Input(x)), labels)
	if !(math.Abs(float64(loss.Scalar())-w.Loss) <= 1e-4*w.Loss) {
		t.Errorf("loss %g, PyTorch %g", loss.Scalar(), w.Loss)
	}
	g := tape.Backward(loss)
	ps := Params(m)
	if len(ps) != len(w.Grads) {
		t.Errorf("%d parameters, PyTorch has %d", len(ps), len(w.Grads))
	}
	worst, most := 0.0, 0.0
	for _, p := range slices.Backward(ps) {
		d := checkpoint.ToTorch(g.Of(p.Value), p.Layout)
		probe := tensor.New(d.Shape...)
		golden.Fill(probe.Data, "probe/"+p.Name, 1)
		dot := 0.0
		for i, v := range d.Data {
			dot += float64(v) * float64(probe.Data[i])
		}
		norm := math.Sqrt(tensor.SumSquares(d))
		// a random direction sees about norm/√3 of a difference of that norm
		e := math.Max(math.Abs(norm-w.Grads[p.Name][0]), math.Abs(dot-w.Grads[p.Name][1])*math.Sqrt(3)) / (w.Grads[p.Name][0] + 1e-12)
		worst = math.Max(worst, e)
		most = math.Max(most, w.Spread[p.Name]) // of this gradient and those that it depends on
		bound := 4 * most
		if w.Spread == nil { // shallow nets, against float32, or running statistics
			bound = 1e-3
		}
		if !(e <= bound) {
			t.Errorf("gradient of %s: norm %g and projection %g, PyTorch %g and %g; off by %.2g, at most %.2g are rounding", p.Name, norm, dot, w.Grads[p.Name][0], w.Grads[p.Name][1], e, bound)
		}
	}
	t.Logf("largest relative difference of a gradient: %.2g", worst)
}

// TestTorchvisionFiles reads real torchvision files and compares the same logits. testdata/nets.py DIR writes them; they are too
// large to keep here.
func TestTorchvisionFiles(t *testing.T) {
	dir := os.Getenv("TESSERA_NETS")
	if dir == "" {
		t.Skip("TESSERA_NETS is not set: python3 layers/testdata/nets.py DIR writes torchvision's files, TESSERA_NETS=DIR reads them")
	}
	var want map[string]torchNet
	golden.Load(t, "testdata/nets.json", &want)
	rng := tensor.NewRNG(1)
	for name, m := range map[string]Module{
		"resnet18": Classifier(rng, ResNet(rng, 3, 18, false, TrunkOptions{}), 1000), "resnet50": Classifier(rng, ResNet(rng, 3, 50, false, TrunkOptions{}), 1000),
		"alexnet": TorchAlexNet(rng, 1000),
	} {
		f, err := checkpoint.Load(filepath.Join(dir, name+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		var dst []checkpoint.Named
		for _, p := range State(m) {
			dst = append(dst, checkpoint.Named{Name: p.Name, Value: p.Value, Layout: p.Layout})
		}
		if err := f.Restore(dst, ""); err != nil {
			t.Fatal(err)
		}
		w := want[name]
		x := tensor.New(w.N, w.Side, w.Side, 3)
		golden.Fill(x.Data, "input", 2)
		y := m.Forward(autograd.Const(x)).Value
		worst := 0.0
		for i, v := range w.Logits {
			worst = math.Max(worst, math.Abs(float64(y.At(i/20, i%20))-v)/(w.Norm/math.Sqrt(float64(y.Len()))))
		}
		t.Logf("%s: largest difference of a logit %.2g of their typical size", name, worst)
		if worst > 1e-4 {
			t.Errorf("%s: logits differ by %.2g", name, worst)
		}
	}
}

// TestTrunks: every trunk runs forwards and backwards, gives the channels that its stages promise, and every parameter is
// reached.
func TestTrunks(t *testing.T) {
	for _, name := range TrunkNames() {
		if testing.Short() && strings.Contains(name, "101") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			rng := tensor.NewRNG(1)
			trunk, err := NewTrunk(name, rng, 3)
			if err != nil {
				t.Fatal(err)
			}
			side := 32
			if trunk.Side > 200 {
				side = 67
			}
			if trunk.Patch > 0 {
				side = 2 * trunk.Patch
			}
			x := rng.FillNormal(tensor.New(2, side, side, 3), 0, 1)
			for i, f := range trunk.Features(autograd.Const(x)) {
				if f.Shape()[3] != trunk.Stages[i].Channels {
					t.Errorf("stage %s gives %v, promised %d channels", trunk.Stages[i].Name, f.Shape(), trunk.Stages[i].Channels)
				}
			}
			tape := autograd.NewTape(rng)
			g := tape.Backward(autograd.Mean(autograd.GlobalAvgPool(trunk.Forward(tape.Input(x)))))
			seen := map[string]bool{}
			for _, p := range Params(trunk) {
				if g.Of(p.Value) == nil {
					t.Errorf("no gradient reaches %s", p.Name)
				}
				if seen[p.Name] {
					t.Errorf("two parameters are named %s", p.Name)
				}
				seen[p.Name] = true
			}
		})
	}
	if _, err := NewTrunk("resnet19", nil, 3); err == nil || !strings.Contains(err.Error(), "resnet18") {
		t.Errorf("an unknown trunk should name the known ones: %v", err)
	}
}

// TestSizes: the numbers of parameters are the published ones (torchvision's for ImageNet heads; He et al. 2016, table 6).
func TestSizes(t *testing.T) {
	rng := tensor.NewRNG(1)
	for name, c := range map[string]struct {
		m    Module
		want int
	}{
		"resnet18": {Classifier(rng, ResNet(rng, 3, 18, false, TrunkOptions{}), 1000), 11689512}, "resnet50": {Classifier(rng, ResNet(rng, 3, 50, false, TrunkOptions{}), 1000), 25557032},
		"resnet101": {Classifier(rng, ResNet(rng, 3, 101, false, TrunkOptions{}), 1000), 44549160}, "resnet34": {Classifier(rng, ResNet(rng, 3, 34, false, TrunkOptions{}), 1000), 21797672},
		"alexnet":             {TorchAlexNet(rng, 1000), 61100840},
		"resnet20?shortcut=a": {Classifier(rng, CIFARResNet(rng, 3, 20, TrunkOptions{Shortcut: OptionA}), 10), 269722},
		"resnet20":            {Classifier(rng, CIFARResNet(rng, 3, 20, TrunkOptions{}), 10), 269722 + 16*32 + 2*32 + 32*64 + 2*64},
	} {
		if got := Size(c.m); got != c.want {
			t.Errorf("%s has %d parameters, want %d", name, got, c.want)
		}
	}
}

func TestSiamese(t *testing.T) {
	rng := tensor.NewRNG(1)
	l := NewLinear(rng, 3, 2, LinearOptions{})
	a, b := rng.FillNormal(tensor.New(4, 3), 0, 1), rng.FillNormal(tensor.New(4, 3), 0, 1)
	y := Siamese(l, autograd.Const(a), autograd.Const(b)).Value
	ya, yb := l.Forward(autograd.Const(a)).Value, l.Forward(autograd.Const(b)).Value
	if fmt.Sprint(y.Data[:4]) != fmt.Sprint(append(append([]float32(nil), ya.Data[:2]...), yb.Data[:2]...)) {
		t.Errorf("siamese %v, one by one %v and %v", y, ya, yb)
	}
	p, q, r := TripletOf(l, autograd.Const(a), autograd.Const(b), autograd.Const(a))
	if fmt.Sprint(p.Value) != fmt.Sprint(r.Value) || fmt.Sprint(q.Value) != fmt.Sprint(yb) {
		t.Error("the triplet's embeddings are not the module's")
	}
}

func TestInitialisers(t *testing.T) {
	rng := tensor.NewRNG(1)
	w := tensor.New(3, 3, 64, 128)
	for name, c := range map[string]struct {
		f   func()
		std float64
	}{
		"KaimingNormal": {func() { KaimingNormal(rng, w) }, math.Sqrt(2. / (9 * 128))}, "KaimingNormalFanIn": {func() { KaimingNormalFanIn(rng, w) }, math.Sqrt(2. / (9 * 64))},
		"KaimingUniform": {func() { KaimingUniform(rng, w) }, 1 / math.Sqrt(3*9*64)}, "XavierUniform": {func() { XavierUniform(rng, w) }, math.Sqrt(2. / (9 * 192))},
		"XavierNormal": {func() { XavierNormal(rng, w) }, math.Sqrt(2. / (9 * 192))}, "TruncatedNormal": {func() { TruncatedNormal(rng, w, 0.1) }, 0.1 * 0.8796},
	} {
		c.f()
		if std := math.Sqrt(tensor.SumSquares(w) / float64(w.Len())); !(math.Abs(std/c.std-1) <= 0.02) {
			t.Errorf("%s: deviation %g, want %g", name, std, c.std)
		}
	}
}

func Example() {
	rng := tensor.NewRNG(1)
	net := Seq(
		NewConv2D(rng, 3, 8, 3, ConvOptions{Pad: 1, NoBias: true}),
		NewBatchNormReLU(8),
		GlobalAvgPool,
		NewLinear(rng, 8, 4, LinearOptions{}),
	)
	y := net.Forward(autograd.Const(tensor.New(2, 16, 16, 3)))
	fmt.Println(y.Shape(), Size(net))
	for _, p := range net.Params() {
		fmt.Println(p.Name, p.Value.Shape)
	}
	// Output:
	// [2 4] 268
	// 0.weight [3 3 3 8]
	// 1.weight [8]
	// 1.bias [8]
	// 3.weight [8 4]
	// 3.bias [4]
}

// TestFusedInference: on a tape for inference, where convolutions are fused with what follows and weights are packed
// once, every trunk gives the bits of the plain operations, the first time and again.
func TestFusedInference(t *testing.T) {
	for _, name := range TrunkNames() {
		if testing.Short() && strings.Contains(name, "101") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			rng := tensor.NewRNG(3)
			net, err := NewTrunk(name, rng, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range State(net) { // statistics and scales that are not ones and zeros
				if p.Value.Len() > 1 && len(p.Value.Shape) == 1 {
					for i := range p.Value.Data {
						p.Value.Data[i] += 0.3 * rng.Float32()
					}
				}
			}
			side := max(net.Side/2, 32)
			x := rng.FillNormal(tensor.New(2, net.Whole(side), net.Whole(side-1), 3), 0, 1)
			plain := autograd.NewTape(nil)
			plain.Training = false
			want := net.Features(plain.Input(x))
			frozen := autograd.NewInference()
			for range 2 {
				for i, f := range net.Features(frozen.Input(x)) {
					for j, v := range f.Value.Data {
						if math.Float32bits(v) != math.Float32bits(want[i].Value.Data[j]) {
							t.Fatalf("stage %s, value %d: %v fused, %v plain", net.Stages[i].Name, j, v, want[i].Value.Data[j])
						}
					}
				}
				frozen.Reset()
			}
		})
	}
}

// TestFusedPlace: an error on a tape for inference names the place in the model, too.
func TestFusedPlace(t *testing.T) {
	net, err := NewTrunk("resnet20", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	err = autograd.Try(func() { net.Forward(autograd.NewInference().Input(tensor.New(1, 8, 8, 4))) })
	if err == nil || !strings.Contains(err.Error(), "conv1") || !strings.Contains(err.Error(), "4 channels") {
		t.Errorf("the error is %v, want it to name conv1 and the 4 channels", err)
	}
}
