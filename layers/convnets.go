package layers

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// convBN returns convolution, batch norm and ReLU, as children of those names.
func (m maker) convBN(conv, norm string, in, out, k int, o ConvOptions) Sequential {
	return Sequential{{conv, m.conv(in, out, k, o)}, {norm, NewBatchNormReLU(out)}}
}

// ConvNet is four 3x3 convolutions with batch norm and ReLU: w, w, 2w and 4w channels, the last three with stride 2. Its own
// initialisation is InitFanOut.
func ConvNet(rng *tensor.RNG, c, w int, o TrunkOptions) *Trunk {
	m := o.plain("ConvNet").maker(rng, InitFanOut)
	t := &Trunk{Name: "convnet", Side: 32}
	in := c
	for i, out := range []int{w, w, 2 * w, 4 * w} {
		stride := 1
		if i > 0 {
			stride = m.stride(2)
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("conv", i+1), out,
			m.convBN(fmt.Sprint("conv", i+1), fmt.Sprint("bn", i+1), in, out, 3, ConvOptions{Stride: stride, Pad: 1})})
		in = out
	}
	return t
}

// NIN is the network in network of RotNet's CIFAR experiments (Gidaris et al. 2018; Lin et al. 2014): blocks of a k by k
// and two 1x1 convolutions, each with batch norm and ReLU; stages block1 to block4. Its own initialisation is InitFanOut, as RotNet's.
func NIN(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	m := o.plain("NIN").maker(rng, InitFanOut)
	t := &Trunk{Name: "nin", Side: 32}
	in := c
	pool := func() tensor.Window { return tensor.SquareWindow(3, m.stride(2), 1) }
	for i, b := range [][3]int{{192, 160, 96}, {192, 192, 192}, {192, 192, 192}, {192, 192, 192}} {
		k := 3
		if i < 2 {
			k = 5
		}
		var s Sequential
		for j, out := range b {
			kk, pad := 1, 0
			if j == 0 {
				kk, pad = k, k/2
			}
			s = append(s, m.convBN(fmt.Sprintf("block%d.%d.conv", i+1, j), fmt.Sprintf("block%d.%d.bn", i+1, j), in, out, kk, ConvOptions{Pad: pad})...)
			in = out
		}
		switch i {
		case 0:
			s = append(s, Child{"block1.pool", MaxPool(pool())})
		case 1:
			s = append(s, Child{"block2.pool", AvgPool(pool())})
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("block", i+1), in, s})
	}
	return t
}

// zhangBlocks are the blocks of Zhang: channels of the convolutions, stride of the last one, dilation.
var zhangBlocks = []struct {
	widths           []int
	stride, dilation int
}{{[]int{64, 64}, 2, 1}, {[]int{128, 128}, 2, 1}, {[]int{256, 256, 256}, 2, 1}, {[]int{512, 512, 512}, 1, 1}, {[]int{512, 512, 512}, 1, 2},
	{[]int{512, 512, 512}, 1, 2}, {[]int{512, 512, 512}, 1, 1}}

// Zhang is the network that colours pictures in Zhang, Isola, Efros 2016 (figure 2, and the released code), up to conv7: 3x3 convolutions
// with bias, each with ReLU, and behind each of seven blocks a batch norm without scale and shift. Nothing is pooled: the last convolutions of conv1
// to conv3 have stride 2, those of conv5 and conv6 dilation 2, so features are an eighth of the picture. Its own initialisation is InitFanOut.
func Zhang(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	m := o.plain("Zhang").maker(rng, InitFanOut)
	t := &Trunk{Name: "zhang", Side: 176}
	in := c
	for i, b := range zhangBlocks {
		var s Sequential
		for j, out := range b.widths {
			options := ConvOptions{Pad: b.dilation, Dilation: b.dilation}
			if j == len(b.widths)-1 {
				options.Stride = m.stride(b.stride)
			}
			conv := NewConv2D(rng, in, out, 3, options)
			m.Init.fill(rng, conv)
			s = append(s, Child{fmt.Sprintf("conv%d_%d", i+1, j+1), conv}, Child{"", ReLU})
			in = out
		}
		norm := NewBatchNorm(in)
		norm.Gamma, norm.Beta = nil, nil
		t.Stages = append(t.Stages, Stage{fmt.Sprint("conv", i+1), in, append(s, Child{fmt.Sprintf("conv%d_norm", i+1), norm})})
	}
	return t
}

// AlexNet is RotNet's AlexNet: no groups, batch norm behind every convolution (Gidaris et al. 2018, ImageNet models);
// stages conv1 to conv5, the last with its pooling. Its own initialisation is InitFanOut, as RotNet's.
func AlexNet(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	return o.plain("AlexNet").maker(rng, InitFanOut).alexNet("alexnet", c, [5]int{64, 192, 384, 256, 256}, 1, 2)
}

// CaffeNet has AlexNet's two columns as groups and its channel counts (Krizhevsky et al. 2012; Jia et al. 2014). Its own
// initialisation is InitFanOut.
func CaffeNet(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	return o.plain("CaffeNet").maker(rng, InitFanOut).alexNet("caffenet", c, [5]int{96, 256, 384, 384, 256}, 2, 0)
}

func (m maker) alexNet(name string, c int, w [5]int, groups, stemPad int) *Trunk {
	t := &Trunk{Name: name, Side: 227}
	pool := func() Module { // where it does not halve, it keeps the size
		if s := m.stride(2); s > 1 {
			return MaxPool(tensor.SquareWindow(3, s, 0))
		}
		return MaxPool(tensor.SquareWindow(3, 1, 1))
	}
	in := c
	for i, out := range w {
		k, o := 3, ConvOptions{Pad: 1}
		switch i {
		case 0:
			k, o = 11, ConvOptions{Stride: m.stride(4), Pad: stemPad}
		case 1:
			k, o = 5, ConvOptions{Pad: 2, Groups: groups}
		case 3, 4:
			o.Groups = groups
		}
		s := m.convBN(fmt.Sprint("conv", i+1), fmt.Sprint("bn", i+1), in, out, k, o)
		if i < 2 || i == 4 {
			s = append(s, Child{fmt.Sprint("pool", i+1), pool()})
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("conv", i+1), out, s})
		in = out
	}
	return t
}

// AlexNetHead is RotNet's classifier on AlexNet's conv5: two linear layers of 4096 with batch norm and ReLU, and one of
// classes.
func AlexNetHead(rng *tensor.RNG, side, channels, classes int) Module {
	return Seq(Flatten,
		NewLinear(rng, side*side*channels, 4096, LinearOptions{NoBias: true}), NewBatchNormReLU(4096),
		NewLinear(rng, 4096, 4096, LinearOptions{NoBias: true}), NewBatchNormReLU(4096),
		NewLinear(rng, 4096, classes, LinearOptions{}))
}

var vggWidths = map[int][][]int{
	11: {{64}, {128}, {256, 256}, {512, 512}, {512, 512}},
	16: {{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}},
}

// VGG returns VGG-11 or VGG-16 (Simonyan and Zisserman 2015), with or without batch norm: stages block1 to block5, names
// as torchvision's features.N. Its own initialisation is InitFanOut, as torchvision's.
func VGG(rng *tensor.RNG, c, depth int, norm bool, o TrunkOptions) *Trunk {
	m := o.plain("VGG").maker(rng, InitFanOut)
	t := &Trunk{Name: fmt.Sprint("vgg", depth), Side: 224}
	n := 0
	name := func() string {
		n++
		return fmt.Sprint("features.", n-1)
	}
	in := c
	for i, widths := range vggWidths[depth] {
		var s Sequential
		for _, out := range widths {
			conv := NewConv2D(rng, in, out, 3, ConvOptions{Pad: 1})
			m.Init.fill(rng, conv)
			s = append(s, Child{name(), conv})
			if norm {
				s = append(s, Child{name(), NewBatchNormReLU(out)})
				n++ // the ReLU's number
			} else {
				s = append(s, Child{name(), ReLU})
			}
			in = out
		}
		pool := name()
		if m.stride(2) > 1 {
			s = append(s, Child{pool, MaxPool(tensor.SquareWindow(2, 2, 0))})
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("block", i+1), in, s})
	}
	return t
}

// L3 is either subnetwork of L3-Net (Arandjelović, Zisserman, "Look, listen and learn", ICCV 2017, section 2 and figure 2) up to its pooling over all
// places: four blocks of two 3x3 convolutions, each with batch norm and ReLU, of 64, 128, 256 and 512 channels, 2x2 max pooling behind the first three. It sees
// pictures of 224 pixels and hears spectrograms of 199 frames of 257 frequencies; features are 28x28 and 24x32. Its own initialisation is InitFanOut.
func L3(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	return o.plain("L3").maker(rng, InitFanOut).twos("l3", c, 1)
}

// AVENet is L3 whose first convolution has stride 2, as of either subnetwork of AVE-Net and AVOL-Net (the same, "Objects that sound", ECCV 2018, figure 2).
func AVENet(rng *tensor.RNG, c int, o TrunkOptions) *Trunk {
	return o.plain("AVENet").maker(rng, InitFanOut).twos("avenet", c, 2)
}

func (m maker) twos(name string, c, stride int) *Trunk {
	t := &Trunk{Name: name, Side: 224}
	in, first := c, ConvOptions{Stride: m.stride(stride), Pad: 1}
	for i := range 4 {
		out := 64 << i
		var s Sequential
		for j := range 2 {
			s = append(s, m.convBN(fmt.Sprintf("conv%d_%d", i+1, j+1), fmt.Sprintf("bn%d_%d", i+1, j+1), in, out, 3, first)...)
			in, first.Stride = out, 1
		}
		if i < 3 && m.stride(2) > 1 {
			s = append(s, Child{fmt.Sprint("pool", i+1), MaxPool(tensor.SquareWindow(2, 2, 0))})
		}
		t.Stages = append(t.Stages, Stage{fmt.Sprint("conv", i+1), out, s})
	}
	return t
}

// TorchVGG returns torchvision's whole VGG, classifier included.
func TorchVGG(rng *tensor.RNG, depth int, norm bool, classes int) Module {
	t := VGG(rng, 3, depth, norm, TrunkOptions{})
	return Sequential{{"", t}, {"avgpool", adaptive(7)}, {"", FlattenCHW},
		{"classifier.0", NewLinear(rng, 512*7*7, 4096, LinearOptions{})}, {"", ReLU}, {"", Dropout(0.5)},
		{"classifier.3", NewLinear(rng, 4096, 4096, LinearOptions{})}, {"", ReLU}, {"", Dropout(0.5)},
		{"classifier.6", NewLinear(rng, 4096, classes, LinearOptions{})}}
}

// TorchAlexNet returns torchvision's whole AlexNet: biases, no batch norm.
func TorchAlexNet(rng *tensor.RNG, classes int) Module {
	pool := MaxPool(tensor.SquareWindow(3, 2, 0))
	return Sequential{
		{"features.0", NewConv2D(rng, 3, 64, 11, ConvOptions{Stride: 4, Pad: 2})}, {"", ReLU}, {"", pool},
		{"features.3", NewConv2D(rng, 64, 192, 5, ConvOptions{Pad: 2})}, {"", ReLU}, {"", pool},
		{"features.6", NewConv2D(rng, 192, 384, 3, ConvOptions{Pad: 1})}, {"", ReLU},
		{"features.8", NewConv2D(rng, 384, 256, 3, ConvOptions{Pad: 1})}, {"", ReLU},
		{"features.10", NewConv2D(rng, 256, 256, 3, ConvOptions{Pad: 1})}, {"", ReLU}, {"", pool},
		{"avgpool", adaptive(6)}, {"", FlattenCHW}, {"", Dropout(0.5)},
		{"classifier.1", NewLinear(rng, 256*6*6, 4096, LinearOptions{})}, {"", ReLU}, {"", Dropout(0.5)},
		{"classifier.4", NewLinear(rng, 4096, 4096, LinearOptions{})}, {"", ReLU},
		{"classifier.6", NewLinear(rng, 4096, classes, LinearOptions{})}}
}

// adaptive pools to side by side, and does nothing where the features have that size.
func adaptive(side int) Module {
	return Func(func(x *autograd.Var) *autograd.Var {
		if s := x.Shape(); s[1] == side && s[2] == side {
			return x
		}
		return autograd.AdaptiveAvgPool(x, side, side)
	})
}
