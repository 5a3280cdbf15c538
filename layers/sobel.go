package layers

import (
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// sobel makes two maps of a picture, how its grey falls from left to right and from top to bottom: what DeepCluster's trunks see in place of colours, by which pictures
// are too easily divided (Caron et al. 2018, section 3.3, and the authors' program). Grey is the channels' mean; nothing is learned.
//
//	x [N H W C]   ->   [N H W 2]
type sobel struct{ weight *tensor.Tensor } // [3 3 C 2]

func newSobel(channels int) sobel {
	w := tensor.New(3, 3, channels, 2)
	for i, away := range []float32{1, 0, -1} {
		for j, beside := range []float32{1, 2, 1} {
			for c := range channels {
				w.Set(away*beside/float32(channels), j, i, c, 0)
				w.Set(away*beside/float32(channels), i, j, c, 1)
			}
		}
	}
	return sobel{w}
}

// Forward filters, with zeros around the picture.
func (s sobel) Forward(x *autograd.Var) *autograd.Var {
	return autograd.Conv2D(x, autograd.Const(s.weight), nil, tensor.SquareConv(1, 1))
}

// Visit names nothing.
func (sobel) Visit(string, func(Param)) {}
