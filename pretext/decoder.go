package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// dcganStd is the deviation of the weights that decoder and discriminator begin with (Radford, Metz, Chintala 2016).
const dcganStd = 0.02

// maxFeatures is the largest side of features whose positions are all connected; larger ones are halved first. The paper's are 6.
const maxFeatures = 8

// named adds a layer, its batch norm and what stands behind them to a sequence.
func named(s layers.Sequential, name string, ms ...layers.Module) layers.Sequential {
	for i, m := range ms {
		s = append(s, layers.Child{Name: name + [3]string{"", "_bn", "_relu"}[i], Module: m})
	}
	return s
}

func leaky(x *autograd.Var) *autograd.Var { return autograd.LeakyReLU(x, 0.2) }

// convolution is one without bias: the released code sets its biases to zero before each step.
func convolution(rng *tensor.RNG, in, out, k, stride, pad int) *layers.Conv2D {
	c := layers.NewConv2D(rng, in, out, k, layers.ConvOptions{Stride: stride, Pad: pad, NoBias: true})
	rng.FillNormal(c.W, 0, dcganStd)
	return c
}

// decoder is what paints pictures from a trunk's features: transposed convolutions with batch norm and ReLU that double the side each
// time, then tanh, for pixels in [-1, 1] (Radford, Metz, Chintala 2016).
type decoder struct {
	Bottleneck int  // values of a code that the whole map is first reduced to; 0 for none
	Spread     bool // without a bottleneck: connect the map's positions, each channel by itself; otherwise they stay where they are
	Width      int  // channels of the last but one map; each before has twice as many, up to eight times
	Out        int  // channels that are painted; 0 means 3
}

// module paints out by out pixels from features of side by side: [N H H C] -> [N O O 3], or as many channels as Out says.
func (d decoder) module(rng *tensor.RNG, channels, side, out int) layers.Module {
	var s layers.Sequential
	usual(&d.Out, 3)
	for d.Spread && d.Bottleneck == 0 && side > maxFeatures {
		s = named(s, fmt.Sprint("halve", side), convolution(rng, channels, channels, 4, 2, 1), layers.NewBatchNormReLU(channels))
		side /= 2
	}
	from := 4 // the side to begin with
	if d.Bottleneck == 0 {
		from = max(from, side)
	}
	sides := ladder(out, from)
	width := d.Width << min(len(sides)-2, 3)
	switch first := sides[0]; {
	case d.Bottleneck > 0:
		s = named(s, "bottleneck", convolution(rng, channels, d.Bottleneck, side, 1, 0), layers.NewBatchNorm(d.Bottleneck), layers.Func(leaky))
		s = named(s, "open", newUpConv(rng, d.Bottleneck, width, first, tensor.Conv{}), layers.NewBatchNormReLU(width))
	case d.Spread:
		s = named(s, "spread", newChannelwise(rng, channels, side, first))
		s = named(s, "mix", convolution(rng, channels, width, 1, 1, 0), layers.NewBatchNormReLU(width))
	default:
		s = named(s, "mix", convolution(rng, channels, width, 1, 1, 0), layers.NewBatchNormReLU(width))
		if side != first {
			s = append(s, layers.Child{Name: "fit", Module: layers.Func(func(x *autograd.Var) *autograd.Var { return autograd.Resize(x, first, first) })})
		}
	}
	for i := 1; i < len(sides); i++ {
		k := 4 // twice the side
		if sides[i]%2 == 1 {
			k = 3 // one less
		}
		next := d.Width << max(min(len(sides)-2-i, 3), 0)
		up := tensor.SquareConv(2, 1)
		if i == len(sides)-1 {
			return append(named(s, fmt.Sprint("up", sides[i]), newUpConv(rng, width, d.Out, k, up)), layers.Child{Module: layers.Tanh})
		}
		s = named(s, fmt.Sprint("up", sides[i]), newUpConv(rng, width, next, k, up), layers.NewBatchNormReLU(next))
		width = next
	}
	panic("unreachable: a ladder has two steps at least")
}

// ladder returns sides up to out, each half of the next, rounded up: two at least, the first at most from.
func ladder(out, from int) []int {
	l := []int{out}
	for len(l) < 2 || l[0] > from {
		l = append([]int{(l[0] + 1) / 2}, l...)
	}
	return l
}

// upConv is a transposed convolution without bias, w [K K O I].
type upConv struct {
	w *tensor.Tensor
	tensor.Conv
}

func newUpConv(rng *tensor.RNG, in, out, k int, g tensor.Conv) *upConv {
	return &upConv{rng.FillNormal(tensor.New(k, k, out, in), 0, dcganStd), g}
}

func (u *upConv) Forward(x *autograd.Var) *autograd.Var {
	return autograd.ConvTranspose2D(x, x.Param(u.w), nil, u.Conv, [2]int{})
}

func (u *upConv) Visit(prefix string, f func(layers.Param)) {
	layers.Value{Name: "weight", Value: u.w, Kind: layers.Weight, Layout: tensor.Kernel}.Visit(prefix, f)
}

// channelwise connects each position of a map with each of another, every channel with itself alone (section 3.1):
//
//	x [N H H C]   w [C H·H K·K]   ->   y [N K K C],   y[n q c] = Σₚ x[n p c]·w[c p q]
type channelwise struct {
	w    *tensor.Tensor
	side int // K
}

func newChannelwise(rng *tensor.RNG, channels, from, to int) *channelwise {
	return &channelwise{rng.FillNormal(tensor.New(channels, from*from, to*to), 0, dcganStd), to}
}

func (l *channelwise) Forward(x *autograd.Var) *autograd.Var {
	s := x.Shape()
	n, p, c := s[0], s[1]*s[2], s[3]
	each := autograd.Permute(autograd.Reshape(x, n, p, c), 2, 0, 1)          // [C N H·H]
	y := autograd.Permute(autograd.BatchMatMul(each, x.Param(l.w)), 1, 2, 0) // [N K·K C]
	return autograd.Reshape(y, n, l.side, l.side, c)
}

func (l *channelwise) Visit(prefix string, f func(layers.Param)) {
	layers.Value{Name: "weight", Value: l.w, Kind: layers.Weight}.Visit(prefix, f)
}

// features returns the side of the map that a trunk makes of pictures of side by side pixels, or says that it does not take them.
func features(trunk *layers.Trunk, side int) (h int, err error) {
	if err = autograd.Try(func() {
		h = trunk.Forward(autograd.NewInference().Input(tensor.New(1, side, side, 3))).Shape()[1]
	}); err != nil {
		return 0, fmt.Errorf("the trunk does not take pictures of %d pixels: %w", side, err)
	}
	return h, nil
}

// signed returns what a normalised pixel is multiplied by and what is then added for a value in [-1, 1].
func signed(n data.Norm) (scale, shift [3]float32) {
	for c := range scale {
		scale[c], shift[c] = 2*n.Std[c], 2*n.Mean[c]-1
	}
	return scale, shift
}

// psnr returns the peak signal to noise ratio in decibels of a sum of squared errors of so many values in [-1, 1], to which the error of
// rounding to 8 bits is added: so it is at most 58.9, and a picture of one colour does not outweigh all others.
func psnr(squares float64, values int) float64 {
	const rounding = 1.0 / 12 / 255 / 255
	return metric.Decibels(squares/4/float64(values) + rounding)
}
