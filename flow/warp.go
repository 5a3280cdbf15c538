package flow

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// Warp returns what the first picture looks like if flow [H W 2] leads from it to next, [H W] or [H W C]: each pixel is next where the
// flow points to, by bilinear interpolation. Outside, next goes on with the pixels of its border; where the flow is no number, neither
// is the result.
func Warp(next, flow *tensor.Tensor) *tensor.Tensor {
	if d := len(next.Shape); d != 2 && d != 3 || tensor.Size(next.Shape) == 0 {
		fail("Warp", "the picture has shape %v, want [H W] or [H W C]", next.Shape)
	}
	h, w, c := next.Shape[0], next.Shape[1], 1
	if len(next.Shape) == 3 {
		c = next.Shape[2]
	}
	wantFlow("Warp", flow, h, w)
	out := tensor.New(next.Shape...)
	each(h, func(i int) {
		for o := i * band * w; o < min((i+1)*band, h)*w; o++ {
			warp(out.Data[o*c:][:c], next.Data, float32(o%w)+flow.Data[2*o], float32(o/w)+flow.Data[2*o+1], h, w, c)
		}
	})
	return out
}

// warp sets a pixel to the picture at (x, y).
func warp(dst, picture []float32, x, y float32, h, w, c int) {
	if x != x || y != y {
		for k := range dst {
			dst[k] = x + y
		}
		return
	}
	x, y = min(max(x, 0), float32(w-1)), min(max(y, 0), float32(h-1))
	ix, iy := int(x), int(y)
	x -= float32(ix)
	y -= float32(iy)
	right, below := min(1, w-1-ix)*c, min(1, h-1-iy)*w*c
	p := picture[(iy*w+ix)*c:]
	for k := range dst {
		top := float32((1-x)*p[k]) + float32(x*p[k+right])
		bottom := float32((1-x)*p[k+below]) + float32(x*p[k+below+right])
		dst[k] = float32((1-y)*top) + float32(y*bottom)
	}
}

// EndPointError returns the mean distance between the ends of the vectors of two flows, in pixels (Baker et al. 2011, section 4.1).
func EndPointError(a, b *tensor.Tensor) float64 {
	wantFlow("EndPointError", a, 0, 0)
	wantFlow("EndPointError", b, a.Shape[0], a.Shape[1])
	return meanLength(a, func(i int) (float64, float64) {
		return float64(a.Data[i]) - float64(b.Data[i]), float64(a.Data[i+1]) - float64(b.Data[i+1])
	})
}

// Magnitude returns the mean length of the vectors of a flow, in pixels: how much moves. Clips can be drawn in proportion to it.
func Magnitude(flow *tensor.Tensor) float64 {
	wantFlow("Magnitude", flow, 0, 0)
	return meanLength(flow, func(i int) (float64, float64) { return float64(flow.Data[i]), float64(flow.Data[i+1]) })
}

// meanLength is the mean length of the vectors at the even places i of a flow, 0 where there is none. The sum of a band is the same
// with any number of workers, and so is the order in which they join.
func meanLength(flow *tensor.Tensor, vector func(i int) (float64, float64)) float64 {
	const piece = 1 << 14
	n := len(flow.Data) / 2
	sums := make([]float64, (n+piece-1)/piece)
	parallel.For(len(sums), func(k int) {
		for i := k * piece; i < min((k+1)*piece, n); i++ {
			x, y := vector(2 * i)
			sums[k] += math.Sqrt(float64(x*x) + float64(y*y))
		}
	})
	sum := 0.0
	for _, s := range sums {
		sum += s
	}
	return sum / float64(max(n, 1))
}
