package layers

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// conv3 returns a convolution of clips without bias: a norm follows it.
func (m maker) conv3(in, out, k int, o ConvOptions) *Conv3D {
	o.NoBias = true
	c := NewConv3D(m.rng, in, out, k, o)
	m.Init.fill(m.rng, c)
	return c
}

// plane returns the options of a kernel that sees one frame.
func plane(stride, pad int) ConvOptions {
	return ConvOptions{Stride: stride, Pad: pad, T: ConvAxis{Kernel: 1, Axis: tensor.Axis{Stride: 1}}}
}

// throughTime returns the options of a kernel that sees one pixel of several frames.
func throughTime(stride, pad int) ConvOptions {
	return ConvOptions{T: ConvAxis{Axis: tensor.Axis{Stride: stride, Low: pad, High: pad}}, H: ConvAxis{Kernel: 1}, W: ConvAxis{Kernel: 1}}
}

// R3D returns the 18-layer residual network of 3x3x3 convolutions (Tran et al. 2018, "A closer look at spatiotemporal convolutions", R3D) for clips
// of c channels, with torchvision's names: stages stem, layer1 to layer4. layer2 to layer4 halve time, height and width. Its own initialisation is
// InitFanOut, as torchvision's.
func R3D(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	m := o.maker(rng, InitFanOut)
	stem := ConvOptions{Stride: 2, Pad: 3, T: ConvAxis{Kernel: 3, Axis: tensor.Axis{Stride: 1, Low: 1, High: 1}}}
	return m.video("r3d18", Sequential{{"stem.0", m.conv3(c, 64, 7, stem)}, {"stem.1", NewBatchNormReLU(64)}}, m.solid)
}

// R2Plus1D returns R3D with every 3x3x3 convolution as a 1x3x3 and a 3x1x1 one, with a batch norm and ReLU between them (Tran et al. 2018, R(2+1)D),
// torchvision's. A block has so many channels between the two that it has about as many weights as R3D's (section 3.5).
func R2Plus1D(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	m := o.maker(rng, InitFanOut)
	return m.video("r2plus1d18", Sequential{{"stem.0", m.conv3(c, 45, 7, plane(2, 3))}, {"stem.1", NewBatchNormReLU(45)},
		{"stem.3", m.conv3(45, 64, 3, throughTime(1, 1))}, {"stem.4", NewBatchNormReLU(64)}}, m.factored)
}

// video returns an 18-layer trunk of blocks behind a stem of 64 channels.
func (m maker) video(name string, stem Sequential, block func(in, out, stride int) *block) *Trunk {
	t := &Trunk{Name: name, Side: 112, Frames: 16, Stages: []Stage{{"stem", 64, stem}}}
	in := 64
	for i := range 4 {
		out, stride := 64<<i, 2
		if i == 0 {
			stride = 1
		}
		stage := fmt.Sprint("layer", i+1)
		t.Stages = append(t.Stages, Stage{stage, out, Sequential{{stage, Seq(block(in, out, stride), block(out, out, 1))}}})
		in = out
	}
	return t
}

// solid is R3D's block of two 3x3x3 convolutions.
func (m maker) solid(in, out, stride int) *block {
	b := &block{stride: stride, names: [][2]string{{"conv1.0", "conv1.1"}, {"conv2.0", "conv2.1"}}}
	b.convs = []convolution{m.conv3(in, out, 3, ConvOptions{Stride: stride, Pad: 1}), m.conv3(out, out, 3, ConvOptions{Pad: 1})}
	b.norms = []*BatchNorm{NewBatchNormReLU(out), NewBatchNormReLU(out)}
	m.finish3(b, in, out)
	return b
}

// factored is R(2+1)D's block; both pairs have as many channels between them, as torchvision's.
func (m maker) factored(in, out, stride int) *block {
	mid := in * out * 3 * 3 * 3 / (in*3*3 + 3*out)
	b := &block{stride: stride, names: [][2]string{{"conv1.0.0", "conv1.0.1"}, {"conv1.0.3", "conv1.1"}, {"conv2.0.0", "conv2.0.1"}, {"conv2.0.3", "conv2.1"}}}
	b.convs = []convolution{m.conv3(in, mid, 3, plane(stride, 1)), m.conv3(mid, out, 3, throughTime(stride, 1)),
		m.conv3(out, mid, 3, plane(1, 1)), m.conv3(mid, out, 3, throughTime(1, 1))}
	b.norms = []*BatchNorm{NewBatchNormReLU(mid), NewBatchNormReLU(out), NewBatchNormReLU(mid), NewBatchNormReLU(out)}
	m.finish3(b, in, out)
	return b
}

// finish3 is finish for a block of clips.
func (m maker) finish3(b *block, in, out int) {
	if m.Shortcut == Projection && (in != out || b.stride > 1) {
		b.down, b.downNorm = m.conv3(in, out, 1, ConvOptions{Stride: b.stride}), NewBatchNorm(out)
	}
	m.finish(b, in, out)
}

// C3D is the network of Tran et al. 2015 ("Learning spatiotemporal features with 3D convolutional networks"), eight 3x3x3 convolutions, in the form
// of Xu et al. 2019's code (video clip order prediction): batch norm behind each convolution, which keeps its bias, and the features end at
// conv5b; global average pooling stands for pool5 and the two layers of 4096 behind it. Stages conv1 to conv5, pooled where the next begins. Its own
// initialisation is InitFanOut.
func C3D(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	m := o.plain("C3D").maker(rng, InitFanOut)
	t := &Trunk{Name: "c3d", Side: 112, Frames: 16}
	in := c
	for i, convs := range [][]string{{"1"}, {"2"}, {"3a", "3b"}, {"4a", "4b"}, {"5a", "5b"}} {
		var s Sequential
		if i > 0 {
			frames := 2
			if i == 1 {
				frames = 1
			}
			s = append(s, Child{fmt.Sprint("pool", i), clipPool(frames)})
		}
		out := min(512, 64<<i)
		for _, n := range convs {
			conv := NewConv3D(rng, in, out, 3, ConvOptions{Pad: 1})
			m.Init.fill(rng, conv)
			s = append(s, Child{"conv" + n, conv}, Child{"bn" + n, NewBatchNormReLU(out)})
			in = out
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("conv", i+1), in, s})
	}
	return t
}

// clipPool takes the largest of each 2 by 2 pixels of so many frames, or of as many as a clip has: one frame stays one.
func clipPool(frames int) Module {
	return Func(func(x *autograd.Var) *autograd.Var {
		w := tensor.SquareWindow(2, 2, 0)
		w.T = tensor.WindowAxis{Size: min(frames, x.Shape()[1])}
		return autograd.MaxPool(x, w)
	})
}

// ConvNet3D is ConvNet for clips: four 3x3x3 convolutions with batch norm and ReLU, w, w, 2w and 4w channels, the last three with stride 2 along
// time, height and width. Its own initialisation is InitFanOut.
func ConvNet3D(rng *tensor.RNG, c, w int, o TrunkOptions) *Trunk {
	m := o.plain("ConvNet3D").maker(rng, InitFanOut)
	t := &Trunk{Name: "convnet3d", Side: 32, Frames: 16}
	in := c
	for i, out := range []int{w, w, 2 * w, 4 * w} {
		stride := 2
		if i == 0 {
			stride = 1
		}
		conv, norm := fmt.Sprint("conv", i+1), fmt.Sprint("bn", i+1)
		t.Stages = append(t.Stages, Stage{conv, out, Sequential{{conv, m.conv3(in, out, 3, ConvOptions{Stride: stride, Pad: 1})}, {norm, NewBatchNormReLU(out)}}})
		in = out
	}
	return t
}
