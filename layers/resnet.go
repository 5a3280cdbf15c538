package layers

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// block is a residual block (He et al. 2016, "Deep residual learning"): y = relu(F(x) + shortcut(x)). The last batch
// norm adds the shortcut and applies ReLU in its own pass.
type block struct {
	convs    []convolution
	norms    []*BatchNorm
	names    [][2]string // of a convolution and its norm; nil: conv1 and bn1, ...
	down     convolution // projection shortcut, nil for identity
	downNorm *BatchNorm
	stride   int // of an option A shortcut
	pad      int // channels that an option A shortcut adds on each side
}

// name returns the names of convolution i and of its norm.
func (b *block) name(i int) (conv, norm string) {
	if b.names != nil {
		return b.names[i][0], b.names[i][1]
	}
	return fmt.Sprint("conv", i+1), fmt.Sprint("bn", i+1)
}

// Forward runs the block. The tape may let go what only the block's own backward pass reads.
func (b *block) Forward(x *autograd.Var) *autograd.Var {
	tape := x.Tape()
	if tape.Frozen() {
		return b.frozen(x)
	}
	short := x
	if b.down != nil {
		c := enter("downsample", b.down, x)
		short = enter("downsample", b.downNorm, c)
		tape.Drop(c)
	} else if b.pad > 0 {
		short = optionA(x, b.stride, b.pad)
	}
	y := x
	for i, conv := range b.convs {
		convName, normName := b.name(i)
		c := enter(convName, conv, y)
		if i > 0 {
			tape.Drop(y)
		}
		leave := tape.Enter(normName)
		if i == len(b.convs)-1 {
			y = b.norms[i].ForwardAdd(c, short)
		} else {
			y = b.norms[i].Forward(c)
		}
		leave()
		tape.Drop(c)
	}
	if short != x {
		tape.Drop(short)
	}
	return y
}

// frozen is Forward for inference, each convolution with what follows it in one.
func (b *block) frozen(x *autograd.Var) *autograd.Var {
	short := x
	if b.down != nil {
		short = b.downNorm.after("downsample", b.down, x, nil)
	} else if b.pad > 0 {
		short = optionA(x, b.stride, b.pad)
	}
	y := x
	for i, c := range b.convs {
		var add *autograd.Var
		if i == len(b.convs)-1 {
			add = short
		}
		name, _ := b.name(i)
		z := b.norms[i].after(name, c, y, add)
		if i > 0 {
			x.Tape().Drop(y)
		}
		y = z
	}
	if short != x {
		x.Tape().Drop(short)
	}
	return y
}

// optionA is the shortcut without parameters: every stride-th pixel, of every stride-th frame of a clip, zeros for the new channels (He et al. 2016, option A).
func optionA(x *autograd.Var, stride, pad int) *autograd.Var {
	last := len(x.Shape()) - 1
	for axis := 1; axis < last && stride > 1; axis++ {
		x = autograd.Slice(x, axis, 0, (x.Shape()[axis]+stride-1)/stride, stride)
	}
	s := append([]int(nil), x.Shape()...)
	s[last] = pad
	zeros := autograd.Const(tensor.New(s...))
	return autograd.Concat(last, zeros, x, zeros)
}

// Visit names conv1, bn1, ..., downsample.0, downsample.1.
func (b *block) Visit(prefix string, f func(Param)) {
	for i, c := range b.convs {
		conv, norm := b.name(i)
		c.Visit(join(prefix, conv), f)
		b.norms[i].Visit(join(prefix, norm), f)
	}
	if b.down != nil {
		b.down.Visit(join(prefix, "downsample.0"), f)
		b.downNorm.Visit(join(prefix, "downsample.1"), f)
	}
}

// maker makes the parts of one trunk, all by its options.
type maker struct {
	rng *tensor.RNG
	TrunkOptions
	shrunk *int // how many times smaller than the picture the features of the parts so far are
}

// conv returns a convolution without bias: a norm follows it.
func (m maker) conv(in, out, k int, o ConvOptions) *Conv2D {
	o.NoBias = true
	c := NewConv2D(m.rng, in, out, k, o)
	m.Init.fill(m.rng, c)
	return c
}

// basic is the block of two 3x3 convolutions.
func (m maker) basic(in, out, stride int) *block {
	b := &block{stride: stride}
	b.convs = []convolution{m.conv(in, out, 3, ConvOptions{Stride: stride, Pad: 1}), m.conv(out, out, 3, ConvOptions{Pad: 1})}
	b.norms = []*BatchNorm{NewBatchNormReLU(out), NewBatchNormReLU(out)}
	m.finish(b, in, out)
	return b
}

// bottleneck is torchvision's, with the stride in the 3x3 convolution.
func (m maker) bottleneck(in, mid, stride int) *block {
	out := 4 * mid
	b := &block{stride: stride}
	b.convs = []convolution{m.conv(in, mid, 1, ConvOptions{}), m.conv(mid, mid, 3, ConvOptions{Stride: stride, Pad: 1}), m.conv(mid, out, 1, ConvOptions{})}
	b.norms = []*BatchNorm{NewBatchNormReLU(mid), NewBatchNormReLU(mid), NewBatchNormReLU(out)}
	m.finish(b, in, out)
	return b
}

// finish gives a block its shortcut and its last norm's scale.
func (m maker) finish(b *block, in, out int) {
	switch {
	case in == out && b.stride == 1, b.down != nil:
	case m.Shortcut == Projection:
		b.down, b.downNorm = m.conv(in, out, 1, ConvOptions{Stride: b.stride}), NewBatchNorm(out)
	default:
		b.pad = (out - in) / 2
	}
	if m.ZeroLast {
		b.norms[len(b.norms)-1].Gamma.Fill(0)
	}
}

// ResNet returns a residual network of depth 18, 34, 50 or 101 for images of c channels: stages conv1, layer1 to layer4.
// With cifar the stem is one 3x3 convolution without pooling. Its own initialisation is InitFanOut, as torchvision's.
func ResNet(rng *tensor.RNG, c, depth int, cifar bool, o TrunkOptions) *Trunk {
	blocks := map[int][4]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}}[depth]
	if blocks[0] == 0 {
		panic(fmt.Sprintf("layers.ResNet: depth %d, there are 18, 34, 50 and 101", depth))
	}
	m := o.maker(rng, InitFanOut)
	t := &Trunk{Name: fmt.Sprint("resnet", depth), Side: 224}
	if cifar {
		t.Side = 32
		t.Name += "-cifar"
		t.Stages = append(t.Stages, Stage{"conv1", 64, Sequential{{"conv1", m.conv(c, 64, 3, ConvOptions{Pad: 1})}, {"bn1", NewBatchNormReLU(64)}}})
	} else {
		t.Stages = append(t.Stages, Stage{"conv1", 64, Sequential{{"conv1", m.conv(c, 64, 7, ConvOptions{Stride: m.stride(2), Pad: 3})},
			{"bn1", NewBatchNormReLU(64)}, {"maxpool", MaxPool(tensor.SquareWindow(3, m.stride(2), 1))}}})
	}
	in := 64
	for i, n := range blocks {
		mid := 64 << i
		var bs []Module
		for j := range n {
			stride := 1
			if i > 0 && j == 0 {
				stride = m.stride(2)
			}
			if depth >= 50 {
				bs = append(bs, m.bottleneck(in, mid, stride))
				in = 4 * mid
			} else {
				bs = append(bs, m.basic(in, mid, stride))
				in = mid
			}
		}
		name := fmt.Sprint("layer", i+1)
		t.Stages = append(t.Stages, Stage{name, in, Sequential{{name, Seq(bs...)}}})
	}
	return t
}

// CIFARResNet returns the residual network of He et al. 2016, section 4.2, depth 6n+2 (20, 32, 56): stages conv1 (16
// channels), layer1 (16), layer2 (32), layer3 (64). The paper's shortcuts are OptionA; its own initialisation is InitUniform
// (docs/decisions.md has what both do).
func CIFARResNet(rng *tensor.RNG, c, depth int, o TrunkOptions) *Trunk {
	m := o.maker(rng, InitUniform)
	t := &Trunk{Name: fmt.Sprint("resnet", depth), Side: 32}
	t.Stages = append(t.Stages, Stage{"conv1", 16, Sequential{{"conv1", m.conv(c, 16, 3, ConvOptions{Pad: 1})}, {"bn1", NewBatchNormReLU(16)}}})
	in := 16
	for i := range 3 {
		out := 16 << i
		var bs []Module
		for j := range (depth - 2) / 6 {
			stride := 1
			if i > 0 && j == 0 {
				stride = m.stride(2)
			}
			bs = append(bs, m.basic(in, out, stride))
			in = out
		}
		name := fmt.Sprint("layer", i+1)
		t.Stages = append(t.Stages, Stage{name, out, Sequential{{name, Seq(bs...)}}})
	}
	return t
}
