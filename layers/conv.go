package layers

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// ConvOptions of NewConv2D, NewConv1D, NewConv3D and NewConvTranspose2D.
type ConvOptions struct {
	Stride   int  // 0 means 1
	Pad      int  // zeros on each side
	Dilation int  // 0 means 1
	Groups   int  // 0 means 1; equal to the input channels it is depthwise
	NoBias   bool // leave out the bias, for example before a BatchNorm

	T, H, W ConvAxis // what is different along an axis: T of sequences and clips, H and W of images and clips
	OutPad  [2]int   // of a transposed convolution: rows and columns beyond the fewest; see tensor.ConvTransposeShape
}

// ConvAxis is a convolution along one axis.
type ConvAxis struct {
	Kernel      int // 0 means the layer's k
	tensor.Axis     // where it is not zero, it stands for the options' Stride, Pad and Dilation together
}

// along returns the kernel's side and the geometry of an axis.
func (o ConvOptions) along(a ConvAxis, k int) (side int, g tensor.Axis) {
	if a.Axis == (tensor.Axis{}) {
		a.Axis = tensor.Axis{Stride: o.Stride, Dilation: o.Dilation, Low: o.Pad, High: o.Pad}
	}
	if a.Kernel == 0 {
		a.Kernel = k
	}
	return a.Kernel, a.Axis
}

// image returns the kernel's sides and the geometry of a layer of images; options that it does not read are a mistake.
func (o ConvOptions) image(op string, k int, transposed bool) (kh, kw int, g tensor.Conv) {
	if o.T != (ConvAxis{}) || !transposed && o.OutPad != [2]int{} {
		panic(&autograd.OpError{Op: op, Msg: fmt.Sprintf("options %+v: T is of sequences, OutPad of transposed convolutions", o)})
	}
	g.Groups = o.Groups
	kh, g.H = o.along(o.H, k)
	kw, g.W = o.along(o.W, k)
	return kh, kw, g
}

// Conv2D is a convolution of images, W [KH KW I/G O].
type Conv2D struct {
	W, B *tensor.Tensor // B is nil without a bias
	Conv tensor.Conv
}

// NewConv2D returns a convolution with kernels of k by k, initialised as PyTorch's: uniform in ±1/√(in/G·k²).
func NewConv2D(rng *tensor.RNG, in, out, k int, o ConvOptions) *Conv2D {
	kh, kw, g := o.image("layers.NewConv2D", k, false)
	c := &Conv2D{W: tensor.New(kh, kw, in/max(o.Groups, 1), out), Conv: g}
	c.B = initConv(rng, c.W, out, o)
	return c
}

// initConv fills w and returns a bias of so many channels, unless the options leave it out.
func initConv(rng *tensor.RNG, w *tensor.Tensor, channels int, o ConvOptions) (b *tensor.Tensor) {
	KaimingUniform(rng, w)
	if o.NoBias {
		return nil
	}
	b = tensor.New(channels)
	in, _ := fans(w)
	FanInUniform(rng, b, in)
	return b
}

// Forward convolves.
func (c *Conv2D) Forward(x *autograd.Var) *autograd.Var {
	return autograd.Conv2D(x, x.Param(c.W), param(x, c.B), c.Conv)
}

// Visit names weight and bias.
func (c *Conv2D) Visit(prefix string, f func(Param)) { visitConv(prefix, c.W, c.B, f) }

func visitConv(prefix string, w, b *tensor.Tensor, f func(Param)) {
	f(Param{Name: join(prefix, "weight"), Value: w, Kind: Weight, Layout: tensor.Kernel})
	if b != nil {
		f(Param{Name: join(prefix, "bias"), Value: b, Kind: Vector})
	}
}

// Conv1D is a convolution of sequences [N T C], W [K I/G O].
type Conv1D struct {
	W, B *tensor.Tensor // B is nil without a bias
	Conv tensor.Conv
}

// NewConv1D returns a convolution with kernels of k elements, initialised as NewConv2D's.
func NewConv1D(rng *tensor.RNG, in, out, k int, o ConvOptions) *Conv1D {
	if none := (ConvAxis{}); o.H != none || o.W != none || o.OutPad != [2]int{} {
		panic(&autograd.OpError{Op: "layers.NewConv1D", Msg: fmt.Sprintf("options %+v: H and W are of images, OutPad of transposed convolutions", o)})
	}
	k, axis := o.along(o.T, k)
	c := &Conv1D{W: tensor.New(k, in/max(o.Groups, 1), out), Conv: tensor.Conv{T: axis, Groups: o.Groups}}
	c.B = initConv(rng, c.W, out, o)
	return c
}

// Forward convolves.
func (c *Conv1D) Forward(x *autograd.Var) *autograd.Var {
	return autograd.Conv1D(x, x.Param(c.W), param(x, c.B), c.Conv)
}

// Visit names weight and bias.
func (c *Conv1D) Visit(prefix string, f func(Param)) { visitConv(prefix, c.W, c.B, f) }

// Conv3D is a convolution of clips, W [KT KH KW I/G O].
type Conv3D struct {
	W, B *tensor.Tensor // B is nil without a bias
	Conv tensor.Conv
}

// NewConv3D returns a convolution with kernels of k by k by k, initialised as NewConv2D's.
func NewConv3D(rng *tensor.RNG, in, out, k int, o ConvOptions) *Conv3D {
	if o.OutPad != [2]int{} {
		panic(&autograd.OpError{Op: "layers.NewConv3D", Msg: fmt.Sprintf("options %+v: OutPad is of transposed convolutions", o)})
	}
	g := tensor.Conv{Groups: o.Groups}
	var kt, kh, kw int
	kt, g.T = o.along(o.T, k)
	kh, g.H = o.along(o.H, k)
	kw, g.W = o.along(o.W, k)
	c := &Conv3D{W: tensor.New(kt, kh, kw, in/max(o.Groups, 1), out), Conv: g}
	c.B = initConv(rng, c.W, out, o)
	return c
}

// Forward convolves.
func (c *Conv3D) Forward(x *autograd.Var) *autograd.Var {
	return autograd.Conv3D(x, x.Param(c.W), param(x, c.B), c.Conv)
}

// Visit names weight and bias.
func (c *Conv3D) Visit(prefix string, f func(Param)) { visitConv(prefix, c.W, c.B, f) }

// convolution is a Conv2D or a Conv3D: what a batch norm can follow in the same pass.
type convolution interface {
	Module
	parts() (w, b *tensor.Tensor, g tensor.Conv)
}

func (c *Conv2D) parts() (w, b *tensor.Tensor, g tensor.Conv) { return c.W, c.B, c.Conv }
func (c *Conv3D) parts() (w, b *tensor.Tensor, g tensor.Conv) { return c.W, c.B, c.Conv }

// ConvTranspose2D is a transposed convolution of images, W [KH KW O/G I].
type ConvTranspose2D struct {
	W, B   *tensor.Tensor // B is nil without a bias
	Conv   tensor.Conv
	OutPad [2]int
}

// NewConvTranspose2D returns a transposed convolution with kernels of k by k, initialised as PyTorch's: uniform in
// ±1/√(out/G·k²).
func NewConvTranspose2D(rng *tensor.RNG, in, out, k int, o ConvOptions) *ConvTranspose2D {
	kh, kw, g := o.image("layers.NewConvTranspose2D", k, true)
	c := &ConvTranspose2D{W: tensor.New(kh, kw, out/max(o.Groups, 1), in), Conv: g, OutPad: o.OutPad}
	c.B = initConv(rng, c.W, out, o)
	return c
}

// Forward convolves.
func (c *ConvTranspose2D) Forward(x *autograd.Var) *autograd.Var {
	return autograd.ConvTranspose2D(x, x.Param(c.W), param(x, c.B), c.Conv, c.OutPad)
}

// Visit names weight and bias.
func (c *ConvTranspose2D) Visit(prefix string, f func(Param)) { visitConv(prefix, c.W, c.B, f) }
