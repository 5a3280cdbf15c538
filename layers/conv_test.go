package layers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/tensor"
)

// TestConvOptions: the short form and the one by axis become the same geometry; an axis of zeros leaves the short form.
func TestConvOptions(t *testing.T) {
	rng := tensor.NewRNG(1)
	axis := func(stride, dilation, low, high int) tensor.Axis {
		return tensor.Axis{Stride: stride, Dilation: dilation, Low: low, High: high}
	}
	for _, c := range []struct {
		o      ConvOptions
		h, w   tensor.Axis
		kernel string
	}{
		{ConvOptions{}, axis(0, 0, 0, 0), axis(0, 0, 0, 0), "[3 3 8 16]"},
		{ConvOptions{Stride: 2, Pad: 1, Dilation: 3, Groups: 4}, axis(2, 3, 1, 1), axis(2, 3, 1, 1), "[3 3 2 16]"},
		{ConvOptions{Stride: 2, Pad: 1, H: ConvAxis{Kernel: 5}}, axis(2, 0, 1, 1), axis(2, 0, 1, 1), "[5 3 8 16]"},
		{ConvOptions{Stride: 2, Pad: 1, W: ConvAxis{Kernel: 1, Axis: axis(1, 0, 0, 2)}}, axis(2, 0, 1, 1), axis(1, 0, 0, 2), "[3 1 8 16]"},
		{ConvOptions{Dilation: 2, H: ConvAxis{Axis: axis(0, 0, 1, 0)}}, axis(0, 0, 1, 0), axis(0, 2, 0, 0), "[3 3 8 16]"},
	} {
		l := NewConv2D(rng, 8, 16, 3, c.o)
		if l.Conv.H != c.h || l.Conv.W != c.w || l.Conv.T != (tensor.Axis{}) || l.Conv.Groups != c.o.Groups || fmt.Sprint(l.W.Shape) != c.kernel {
			t.Errorf("%+v: %+v with a kernel %v", c.o, l.Conv, l.W.Shape)
		}
	}
	l := NewConv1D(rng, 8, 16, 3, ConvOptions{T: ConvAxis{Kernel: 4, Axis: axis(2, 1, 3, 0)}, Groups: 2})
	if l.Conv.T != axis(2, 1, 3, 0) || l.Conv.Groups != 2 || fmt.Sprint(l.W.Shape, l.B.Shape) != "[4 4 16] [16]" {
		t.Errorf("a sequence's layer is %+v, %v, %v", l.Conv, l.W.Shape, l.B.Shape)
	}
	if y := l.Forward(autograd.Const(tensor.New(2, 10, 8))); fmt.Sprint(y.Shape()) != "[2 5 16]" {
		t.Errorf("a sequence of 10 becomes %v", y.Shape())
	}
	up := NewConvTranspose2D(rng, 8, 6, 3, ConvOptions{Stride: 2, Pad: 1, OutPad: [2]int{1, 0}, Groups: 2, NoBias: true})
	if y := up.Forward(autograd.Const(tensor.New(2, 5, 4, 8))); fmt.Sprint(y.Shape(), up.W.Shape, up.B == nil) != "[2 10 7 6] [3 3 3 8] true" {
		t.Errorf("a transposed convolution gives %v with a kernel %v", y.Shape(), up.W.Shape)
	}
	for want, f := range map[string]func(){
		"NewConv2D":          func() { NewConv2D(rng, 2, 2, 3, ConvOptions{T: ConvAxis{Kernel: 1}}) },
		"OutPad":             func() { NewConv2D(rng, 2, 2, 3, ConvOptions{OutPad: [2]int{0, 1}}) },
		"NewConvTranspose2D": func() { NewConvTranspose2D(rng, 2, 2, 3, ConvOptions{T: ConvAxis{Kernel: 1}}) },
		"NewConv1D":          func() { NewConv1D(rng, 2, 2, 3, ConvOptions{H: ConvAxis{Kernel: 1}}) },
		"are of images":      func() { NewConv1D(rng, 2, 2, 3, ConvOptions{W: ConvAxis{Kernel: 1}}) },
	} {
		if err := autograd.Try(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("an option that is not read: %v, want something with %q", err, want)
		}
	}
}

// TestLayouts: each module says what the axes of its tensors are, and a PyTorch file is read by it: kernels turn, a table does not,
// though its shape is a linear layer's.
func TestLayouts(t *testing.T) {
	rng := tensor.NewRNG(1)
	net := Sequential{{"conv", NewConv2D(rng, 4, 6, 3, ConvOptions{})}, {"seq", NewConv1D(rng, 4, 6, 3, ConvOptions{})}, {"up", NewConvTranspose2D(rng, 4, 6, 3, ConvOptions{})},
		{"fc", NewLinear(rng, 6, 6, LinearOptions{})}, {"norm", NewBatchNorm(6)}, {"group", NewGroupNorm(2, 6)}, {"layer", NewLayerNorm(6)},
		{"table", Func(nil)}}
	table := NewEmbedding(rng, 6, 6)
	state := State(net)
	table.Visit("table", func(p Param) { state = append(state, p) })
	kernels := map[string]string{"conv.weight": "[6 4 3 3]", "seq.weight": "[6 4 3]", "up.weight": "[4 6 3 3]", "fc.weight": "[6 6]"}
	var ours []checkpoint.Named
	for _, p := range state {
		want := tensor.Plain
		if kernels[p.Name] != "" {
			want = tensor.Kernel
		}
		if p.Layout != want {
			t.Errorf("%s %v has layout %d, want %d", p.Name, p.Value.Shape, p.Layout, want)
		}
		ours = append(ours, checkpoint.Named{Name: p.Name, Value: p.Value, Layout: p.Layout})
	}
	f := checkpoint.TorchFile(ours)
	for name, shape := range kernels {
		if w := f.Get(name); w == nil || fmt.Sprint(w.Shape) != shape {
			t.Errorf("%s in PyTorch's file: %v, want %s", name, w, shape)
		}
	}
	if w := f.Get("table.weight"); w.At(1, 2) != table.W.At(1, 2) || f.Get("fc.weight").At(1, 2) != net[3].Module.(*Linear).W.At(2, 1) {
		t.Error("in PyTorch's file a table is turned, or a linear weight is not")
	}
}
