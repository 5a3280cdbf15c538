package autograd

import (
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// clips is a convolution's geometry: stride and padding along T, and in the plane.
func clips(strideT, padT, stride, pad int) tensor.Conv {
	g := tensor.SquareConv(stride, pad)
	g.T = tensor.Axis{Stride: strideT, Low: padT, High: padT}
	return g
}

// TestPyTorchConv3D compares convolutions, pools and norms of clips with PyTorch's, testdata/conv3d.json, made by testdata/conv3d.py.
func TestPyTorchConv3D(t *testing.T) {
	conv := func(g tensor.Conv) func(in []*Var) *Var {
		return func(in []*Var) *Var {
			if len(in) > 2 {
				return Conv3D(in[0], in[1], in[2], g)
			}
			return Conv3D(in[0], in[1], nil, g)
		}
	}
	maxPool := func(w tensor.Window) func(in []*Var) *Var { return func(in []*Var) *Var { return MaxPool(in[0], w) } }
	avgPool := func(w tensor.Window) func(in []*Var) *Var { return func(in []*Var) *Var { return AvgPool(in[0], w) } }
	side := func(size, stride, pad int) tensor.WindowAxis {
		return tensor.WindowAxis{Size: size, Stride: stride, Low: pad, High: pad}
	}
	norm := func(in []*Var) *Var {
		in[0].Tape().Training = true
		s, o := BatchNormState{Mean: tensor.New(4), Var: tensor.New(4), Momentum: 0.1, Eps: 1e-5}, BatchNormOptions{}
		if len(in) > 3 {
			o = BatchNormOptions{ReLU: true, Add: in[3]}
		}
		return BatchNorm(in[0], in[1], in[2], s, o)
	}
	groups := tensor.Conv{T: tensor.Axis{Low: 1, High: 1}, H: tensor.Axis{Dilation: 2}, W: tensor.Axis{Low: 1, High: 1}, Groups: 2}
	tiles := clips(1, 1, 1, 1)
	tiles.Algorithm = tensor.Winograd2
	compareCases(t, "testdata/conv3d.json", map[string]goldenCase{
		"conv":               {1, [][]int{{2, 4, 5, 6, 3}, {3, 3, 3, 3, 4}, {4}}, conv(clips(1, 1, 1, 1))},
		"conv_stem":          {1, [][]int{{1, 4, 9, 8, 3}, {3, 7, 7, 3, 4}}, conv(clips(1, 1, 2, 3))},
		"conv_stride":        {1, [][]int{{1, 5, 6, 7, 3}, {3, 3, 3, 3, 4}}, conv(clips(2, 1, 2, 1))},
		"conv_time":          {1, [][]int{{2, 5, 3, 4, 3}, {3, 1, 1, 3, 4}, {4}}, conv(clips(1, 1, 1, 0))},
		"conv_time_stride":   {1, [][]int{{2, 5, 3, 4, 3}, {3, 1, 1, 3, 4}}, conv(clips(2, 1, 1, 0))},
		"conv_plane":         {1, [][]int{{2, 3, 5, 4, 3}, {1, 3, 3, 3, 4}}, conv(clips(1, 0, 2, 1))},
		"conv_shortcut":      {1, [][]int{{1, 5, 5, 4, 3}, {1, 1, 1, 3, 4}}, conv(clips(2, 0, 2, 0))},
		"conv_groups":        {1, [][]int{{1, 4, 5, 6, 4}, {3, 2, 3, 2, 6}}, conv(groups)},
		"conv_winograd":      {1, [][]int{{1, 3, 5, 6, 16}, {3, 3, 3, 16, 16}}, conv(tiles)},
		"maxpool":            {1, [][]int{{2, 5, 6, 7, 3}}, maxPool(tensor.SolidWindow(2, 2, 0))},
		"maxpool_first":      {1, [][]int{{1, 3, 6, 7, 3}}, maxPool(tensor.SquareWindow(2, 2, 0))},
		"maxpool_pad":        {1, [][]int{{1, 5, 6, 7, 3}}, maxPool(ceil(tensor.SolidWindow(3, 2, 1)))},
		"avgpool":            {1, [][]int{{1, 5, 6, 7, 3}}, avgPool(tensor.Window{T: side(3, 2, 1), H: side(2, 2, 0), W: side(2, 1, 1)})},
		"avgpool_pad":        {1, [][]int{{1, 5, 6, 7, 3}}, avgPool(countsPad(tensor.SolidWindow(3, 2, 1)))},
		"global":             {1, [][]int{{2, 3, 4, 5, 3}}, func(in []*Var) *Var { return GlobalAvgPool(in[0]) }},
		"batchnorm":          {1, [][]int{{2, 3, 3, 2, 4}, {4}, {4}}, norm},
		"batchnorm_relu_add": {1, [][]int{{2, 3, 3, 2, 4}, {4}, {4}, {2, 3, 3, 2, 4}}, norm},
	})
}

// TestClipMistakes: what an operation on clips would not read, or cannot mean, is told.
func TestClipMistakes(t *testing.T) {
	x, w := Const(tensor.New(2, 4, 6, 6, 3)), Const(tensor.New(3, 3, 3, 3, 4))
	image := Const(tensor.New(2, 6, 6, 3))
	for want, f := range map[string]func(){
		"autograd.Conv3D: input [2 6 6 3] and weight": func() { Conv3D(image, w, nil, tensor.Conv{}) },
		"autograd.Conv2D: input [2 4 6 6 3]":          func() { Conv2D(x, w, nil, tensor.Conv{}) },
		"does not fit":                                func() { Conv3D(x, w, nil, tensor.Conv{T: tensor.Axis{Dilation: 2}}) },
		"negative geometry":                           func() { Conv3D(x, w, nil, tensor.Conv{T: tensor.Axis{High: -1}}) },
		"the window along T":                          func() { MaxPool(image, tensor.SolidWindow(2, 2, 0)) },
		"window {Size:5":                              func() { MaxPool(x, tensor.Window{T: tensor.WindowAxis{Size: 5}}) },
		"[N H W C] or [N T H W C]":                    func() { AvgPool(Const(tensor.New(2, 3)), tensor.Window{}) },
	} {
		if err := Try(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want something with %q", err, want)
		}
	}
}
