package layers

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// weights returns a trunk's convolution weights by name.
func weights(t *Trunk) map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for _, p := range State(t) {
		if len(p.Value.Shape) >= 4 {
			out[p.Name] = p.Value
		}
	}
	return out
}

func newTrunk(t *testing.T, name string, o TrunkOptions) *Trunk {
	t.Helper()
	of := fmt.Sprintf("%s?init=%s&stride=%d", name, o.Init, o.Stride)
	if o.residual() {
		of += "&shortcut=" + o.Shortcut.String() + map[bool]string{true: "&zero=yes"}[o.ZeroLast]
	}
	trunk, err := NewTrunk(of, tensor.NewRNG(3), 3)
	if err != nil {
		t.Fatal(err)
	}
	return trunk
}

// TestTrunkInit: every convolution of every kind of trunk begins with the distribution that was asked for, and a trunk's own is
// the one that its constructor names, to the bit.
func TestTrunkInit(t *testing.T) {
	for name, own := range map[string]Init{"convnet": InitFanOut, "nin": InitFanOut, "resnet20": InitUniform, "resnet18-cifar": InitFanOut,
		"caffenet": InitFanOut, "vgg11": InitFanOut, "l3": InitFanOut, "avenet": InitFanOut, "convnet3d": InitFanOut, "c3d": InitFanOut} {
		t.Run(name, func(t *testing.T) {
			mine := State(newTrunk(t, name, TrunkOptions{}))
			for init := InitUniform; init <= InitFanIn; init++ {
				trunk := newTrunk(t, name, TrunkOptions{Init: init})
				for n, w := range weights(trunk) {
					checkInit(t, n, w, init)
				}
				same := true
				for i, p := range State(trunk) {
					same = same && slices.Equal(p.Value.Data, mine[i].Value.Data)
					if strings.HasPrefix(p.Name, "features.") && strings.HasSuffix(p.Name, ".0.bias") && tensor.SumSquares(p.Value) != 0 != (init == InitUniform) {
						t.Errorf("%v: bias %s is %v", init, p.Name, p.Value.Data[:4])
					}
				}
				if same != (init == own) {
					t.Errorf("its own initialisation is %v: %t, want %v", init, same, own)
				}
			}
		})
	}
}

func checkInit(t *testing.T, name string, w *tensor.Tensor, init Init) {
	t.Helper()
	s := w.Shape
	n := len(s) - 1
	in, out := float64(tensor.Size(s[:n])), float64(tensor.Size(s[:n-1])*s[n])
	want := map[Init]float64{InitUniform: 1 / math.Sqrt(3*in), InitFanOut: math.Sqrt(2 / out), InitFanIn: math.Sqrt(2 / in)}[init]
	std := math.Sqrt(tensor.SumSquares(w) / float64(w.Len()))
	if !(math.Abs(std/want-1) <= 4/math.Sqrt(float64(w.Len()))) { // four deviations of what a normal sample's deviation has
		t.Errorf("%v: %s %v has deviation %g, want %g", init, name, s, std, want)
	}
	far := 0.0
	for _, v := range w.Data {
		far = max(far, math.Abs(float64(v)))
	}
	if bound := 1.0001 * math.Sqrt(3) * want; (far <= bound) != (init == InitUniform) {
		t.Errorf("%v: %s reaches %g, the uniform distribution of its deviation %g", init, name, far, bound)
	}
}

// TestTrunkInitThreads: the weights do not depend on how many goroutines fill them.
func TestTrunkInitThreads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	var first string
	for _, n := range []int{1, 2, 3, 5, 8} {
		parallel.SetWorkers(n)
		for init := InitOwn; init <= InitFanIn; init++ {
			sum := 0.0
			for _, p := range State(newTrunk(t, "resnet20", TrunkOptions{Init: init})) {
				for i, v := range p.Value.Data {
					sum += float64(v) * float64(i%97+1)
				}
			}
			if s := fmt.Sprint(init, sum); init == InitOwn && n == 1 {
				first = s
			} else if init == InitOwn && s != first {
				t.Errorf("%d goroutines: %s, one: %s", n, s, first)
			}
		}
	}
}

// TestShortcuts: option A has no parameters and passes every second pixel on between zeros, a projection is a 1x1 convolution and a
// norm, and both stand only where the shape changes.
func TestShortcuts(t *testing.T) {
	for _, c := range []struct {
		trunk string
		o     TrunkOptions
		down  string
	}{
		{"resnet20", TrunkOptions{}, "layer2.0 layer3.0"},
		{"resnet20", TrunkOptions{Shortcut: OptionA}, ""},
		{"resnet18-cifar", TrunkOptions{}, "layer2.0 layer3.0 layer4.0"},
		{"resnet18-cifar", TrunkOptions{Shortcut: OptionA}, ""},
		{"resnet50", TrunkOptions{}, "layer1.0 layer2.0 layer3.0 layer4.0"},
		{"resnet50", TrunkOptions{Shortcut: OptionA}, ""},
	} {
		var down []string
		trunk := newTrunk(t, c.trunk, c.o)
		for _, p := range State(trunk) {
			if block, ok := strings.CutSuffix(p.Name, ".downsample.0.weight"); ok {
				down = append(down, block)
			}
		}
		if got := strings.Join(down, " "); got != c.down {
			t.Errorf("%s %+v projects in %q, want %q", c.trunk, c.o, got, c.down)
		}
		if c.o.Shortcut == OptionA { // the tensors' channels must fit all the same
			trunk.Forward(autograd.Const(tensor.New(1, 32, 32, 3)))
		}
	}
	x := tensor.New(1, 3, 4, 2)
	for i := range x.Data {
		x.Data[i] = float32(i + 1)
	}
	y := optionA(autograd.Const(x), 2, 1).Value
	if got, want := fmt.Sprint(y.Shape, y.Data), "[1 2 2 4] [0 1 2 0 0 5 6 0 0 17 18 0 0 21 22 0]"; got != want {
		t.Errorf("option A gives %s, want %s", got, want)
	}
}

// TestZeroLast: with it every block is at first the ReLU of its shortcut; without it none is.
func TestZeroLast(t *testing.T) {
	for _, name := range []string{"resnet20", "resnet18-cifar", "resnet50"} {
		for _, zero := range []bool{false, true} {
			trunk := newTrunk(t, name, TrunkOptions{ZeroLast: zero})
			last := map[bool]string{false: ".bn2.weight", true: ".bn3.weight"}[name == "resnet50"]
			blocks := 0
			for _, p := range State(trunk) {
				if !strings.Contains(p.Name, "bn") || !strings.HasSuffix(p.Name, ".weight") {
					continue
				}
				end := strings.HasSuffix(p.Name, last)
				if end {
					blocks++
				}
				want := float32(1)
				if zero && end {
					want = 0
				}
				for _, v := range p.Value.Data {
					if v != want {
						t.Fatalf("%s, ZeroLast %t: %s begins at %g, want %g", name, zero, p.Name, v, want)
					}
				}
			}
			if want := map[string]int{"resnet20": 9, "resnet18-cifar": 8, "resnet50": 16}[name]; blocks != want {
				t.Errorf("%s has %d last norms, want %d", name, blocks, want)
			}
		}
	}
	trunk := newTrunk(t, "resnet20", TrunkOptions{ZeroLast: true})
	f := trunk.Features(autograd.Const(tensor.NewRNG(1).FillNormal(tensor.New(1, 8, 8, 3), 0, 1)))
	if fmt.Sprint(f[0].Value.Data) != fmt.Sprint(f[1].Value.Data) {
		t.Error("three blocks that begin as their shortcuts change the features")
	}
}

// TestTrunkOptionNames: choices have names that are read back, and a wrong one names those that there are.
func TestTrunkOptionNames(t *testing.T) {
	for i := InitOwn; i <= InitFanIn; i++ {
		b, _ := i.MarshalText()
		back := Init(-1)
		if err := back.UnmarshalText(b); err != nil || back != i || string(b) != i.String() {
			t.Errorf("%v is read back from %q as %v: %v", i, b, back, err)
		}
	}
	for s := Projection; s <= OptionA; s++ {
		b, _ := s.MarshalText()
		back := Shortcut(-1)
		if err := back.UnmarshalText(b); err != nil || back != s || string(b) != s.String() {
			t.Errorf("%v is read back from %q as %v: %v", s, b, back, err)
		}
	}
	if got := fmt.Sprint(InitOwn, InitUniform, InitFanOut, InitFanIn, Projection, OptionA); got != "own uniform fan-out fan-in projection a" {
		t.Errorf("the names are %s", got)
	}
	i, s := InitFanIn, OptionA
	if err := i.UnmarshalText([]byte("he")); err == nil || i != InitFanIn || !strings.Contains(err.Error(), `"he"; there are own, uniform, fan-out, fan-in`) {
		t.Errorf("an unknown initialisation: %v, %v", i, err)
	}
	if err := s.UnmarshalText([]byte("")); err == nil || s != OptionA || !strings.Contains(err.Error(), "projection, a") {
		t.Errorf("an empty shortcut: %v, %v", s, err)
	}
}

// TestHeadInit: uniform is what NewLinear does, truncated is small, bounded and without preference.
func TestHeadInit(t *testing.T) {
	want := NewLinear(tensor.NewRNG(5), 300, 40, LinearOptions{})
	l := NewLinear(tensor.NewRNG(6), 300, 40, LinearOptions{})
	HeadUniform.Fill(tensor.NewRNG(5), l)
	if !slices.Equal(l.W.Data, want.W.Data) || !slices.Equal(l.B.Data, want.B.Data) {
		t.Error("HeadUniform is not what NewLinear does")
	}
	HeadTruncated.Fill(tensor.NewRNG(5), l)
	std := math.Sqrt(tensor.SumSquares(l.W) / float64(l.W.Len()))
	if far := max(slices.Max(l.W.Data), -slices.Min(l.W.Data)); far > 0.02 || far < 0.0195 || !(math.Abs(std/0.0088-1) <= 0.03) || tensor.SumSquares(l.B) != 0 {
		t.Errorf("HeadTruncated: deviation %g, farthest %g, bias %v", std, far, l.B.Data[:4])
	}
	for _, h := range []HeadInit{HeadUniform, HeadTruncated} {
		h.Fill(tensor.NewRNG(5), &Linear{W: tensor.New(3, 2)}) // no bias
		b, _ := h.MarshalText()
		back := HeadInit(-1)
		if err := back.UnmarshalText(b); err != nil || back != h {
			t.Errorf("%v is read back from %q as %v: %v", h, b, back, err)
		}
	}
	if got := fmt.Sprint(HeadUniform, HeadTruncated); got != "uniform truncated" {
		t.Errorf("the names are %s", got)
	}
}

// TestPlainTrunkOptions: a network without residual blocks refuses their options instead of ignoring them.
func TestPlainTrunkOptions(t *testing.T) {
	for _, name := range TrunkNames() {
		if strings.Contains(name, "resnet") && name != "resnet20" && name != "resnet18" { // the others are as large as these are alike
			continue
		}
		for _, o := range []string{"shortcut=a", "zero=yes"} {
			trunk, err := NewTrunk(name+"?"+o, tensor.NewRNG(1), 3)
			if plain := !strings.Contains(name, "resnet") && name != "r3d18" && name != "r2plus1d18"; plain != (err != nil) || plain && !strings.Contains(err.Error(), "trunk "+name+": there is no option") {
				t.Errorf("%s with %s: %v", name, o, err)
			} else if !plain && (trunk.Name != name+"?"+o || trunk.Again(tensor.NewRNG(2)).Name != trunk.Name) {
				t.Errorf("%s with %s is called %s", name, o, trunk.Name)
			}
		}
	}
	defer func() {
		if msg := fmt.Sprint(recover()); !strings.Contains(msg, "layers.ConvNet: no residual blocks") {
			t.Errorf("ConvNet with a shortcut panics with %q", msg)
		}
	}()
	for of, want := range map[string]string{"resnet20?init=he": `there is no "he"`, "resnet20?shortcut=b": `there is no "b"`, "resnet20?zero=1": "zero=1", "resnet20:x": "takes no path", "resnet20?%zz": "do not parse"} {
		if _, err := NewTrunk(of, tensor.NewRNG(1), 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	ConvNet(tensor.NewRNG(1), 3, 8, TrunkOptions{ZeroLast: true})
}

// TestTrunkStride: with a stride features are that much smaller than the picture, and the weights are those of the trunk as it is.
func TestTrunkStride(t *testing.T) {
	for _, c := range []struct {
		name               string
		stride, side, want int
	}{{"convnet", 0, 32, 4}, {"convnet", 2, 32, 16}, {"convnet", 1, 32, 32}, {"resnet20", 2, 32, 16}, {"resnet18", 8, 64, 8}, {"nin", 2, 32, 16}, {"alexnet", 8, 67, 7},
		{"l3", 0, 32, 4}, {"l3", 4, 32, 8}, {"avenet", 0, 32, 2}, {"avenet", 1, 16, 16}} {
		trunk := newTrunk(t, c.name, TrunkOptions{Stride: c.stride})
		plain := State(newTrunk(t, c.name, TrunkOptions{}))
		for i, p := range State(trunk) {
			if q := plain[i]; q.Name != p.Name || !slices.Equal(q.Value.Data, p.Value.Data) {
				t.Fatalf("%s at stride %d: %s is not %s", c.name, c.stride, p.Name, q.Name)
			}
		}
		if got := trunk.Forward(autograd.NewInference().Input(tensor.New(1, c.side, c.side, 3))).Shape(); got[1] != c.want || got[2] != c.want {
			t.Errorf("%s at stride %d: features of %d pixels are %v, want %d a side", c.name, c.stride, c.side, got, c.want)
		}
	}
}
