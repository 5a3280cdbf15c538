package workload

import (
	"fmt"
	"github.com/tessera-go/tessera/tensor"
)

// convShape is a convolution of a model.
type convShape struct {
	name                      string
	ci, side, co, k, s, p, so int
}

// resnetConvs lists a residual network's convolutions in the order in which they run.
func resnetConvs(depth int, cifar bool) []convShape {
	var out []convShape
	add := func(name string, ci, side, co, k, s, p int) int {
		so := (side+2*p-k)/s + 1
		out = append(out, convShape{name, ci, side, co, k, s, p, so})
		return so
	}
	side, down := 224, "downsample.0"
	if cifar {
		side, down = add("conv1", 3, 32, 64, 3, 1, 1), "down.0"
	} else {
		side = add("conv1", 3, side, 64, 7, 2, 3) / 2
	}
	in := 64
	for i, n := range map[int][4]int{18: {2, 2, 2, 2}, 50: {3, 4, 6, 3}}[depth] {
		mid := 64 << i
		for j := range n {
			s := 1
			if i > 0 && j == 0 {
				s = 2
			}
			name := fmt.Sprintf("layer%d.%d.", i+1, j)
			was := side
			o := mid
			if depth == 50 {
				o = 4 * mid
				add(name+"conv1", in, side, mid, 1, 1, 0)
				side = add(name+"conv2", mid, side, mid, 3, s, 1)
				add(name+"conv3", mid, side, o, 1, 1, 0)
			} else {
				side = add(name+"conv1", in, side, mid, 3, s, 1)
				add(name+"conv2", mid, side, mid, 3, 1, 1)
			}
			if in != o || s != 1 {
				add(name+down, in, was, o, 1, s, 0)
			}
			in = o
		}
	}
	return out
}

func convBenches(mode tensor.Mode) []Item {
	var out []Item
	seen := map[string]bool{}
	for _, m := range []struct {
		tag   string
		depth int
		cifar bool
		n     int
	}{{"resnet50", 50, false, 8}, {"resnet18", 18, false, 8}, {"cifar_resnet18", 18, true, 128}} {
		for _, c := range resnetConvs(m.depth, m.cifar) {
			key := fmt.Sprint(m.n, c.ci, c.side, c.co, c.k, c.s, c.p)
			if seen[key] {
				continue
			}
			seen[key] = true
			n, g := m.n, tensor.SquareConv(c.s, c.p)
			g.Mode = mode
			flop := 2 * float64(n*c.co*c.so*c.so) * float64(c.ci*c.k*c.k)
			for _, pass := range []string{"conv_fwd", "conv_bwd_data", "conv_bwd_weights"} {
				if pass == "conv_bwd_data" && c.ci == 3 {
					continue // nobody needs the gradient of the picture
				}
				out = append(out, Item{ID: fmt.Sprintf("%s/%s.%s/n%d", pass, m.tag, c.name, n), flop: flop, setup: func() func() {
					x, w, y := randn(n, c.side, c.side, c.ci), randn(c.k, c.k, c.ci, c.co), randn(n, c.so, c.so, c.co)
					switch pass {
					case "conv_fwd":
						return func() { tensor.Conv2D(y, x, w, g) }
					case "conv_bwd_data":
						return func() { tensor.ConvGradInput(x, y, w, g, false) }
					}
					return func() { tensor.ConvGradWeight(w, x, y, g, false) }
				}})
			}
		}
	}
	return out
}

// clipBenches are convolutions of R3D-18 and R(2+1)D-18, of two clips.
func clipBenches(mode tensor.Mode) []Item {
	var out []Item
	for _, c := range []struct {
		name                string
		ci, frames, side    int
		co                  int
		kernel, stride, pad [3]int
	}{
		{"r3d18.stem", 3, 16, 112, 64, [3]int{3, 7, 7}, [3]int{1, 2, 2}, [3]int{1, 3, 3}},
		{"r3d18.layer1", 64, 16, 56, 64, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{1, 1, 1}},
		{"r3d18.layer2.0", 64, 16, 56, 128, [3]int{3, 3, 3}, [3]int{2, 2, 2}, [3]int{1, 1, 1}},
		{"r3d18.layer3", 256, 4, 14, 256, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{1, 1, 1}},
		{"r2plus1d.temporal", 144, 16, 56, 64, [3]int{3, 1, 1}, [3]int{1, 1, 1}, [3]int{1, 0, 0}},
	} {
		const n = 2
		axis := func(i int) tensor.Axis { return tensor.Axis{Stride: c.stride[i], Low: c.pad[i], High: c.pad[i]} }
		g := tensor.Conv{T: axis(0), H: axis(1), W: axis(2), Mode: mode}
		in, weight := []int{n, c.frames, c.side, c.side, c.ci}, []int{c.kernel[0], c.kernel[1], c.kernel[2], c.ci, c.co}
		shape := tensor.ConvShape(in, weight, g)
		flop := 2 * float64(tensor.Size(shape)) * float64(tensor.Size(weight[:4]))
		for _, pass := range []string{"fwd", "bwd_data", "bwd_weights"} {
			out = append(out, Item{ID: fmt.Sprintf("conv3d_%s/%s/n%d", pass, c.name, n), flop: flop, setup: func() func() {
				x, w, y := randn(in...), randn(weight...), randn(shape...)
				switch pass {
				case "fwd":
					return func() { tensor.Conv3D(y, x, w, g) }
				case "bwd_data":
					return func() { tensor.ConvGradInput(x, y, w, g, false) }
				}
				return func() { tensor.ConvGradWeight(w, x, y, g, false) }
			}})
		}
	}
	return out
}
