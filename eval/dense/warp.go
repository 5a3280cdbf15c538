package dense

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// How much pictures of people are varied, either way: MMPose's usual 40 degrees and a quarter larger or smaller, and an eighth of the side aside.
const (
	mostTurned = 40.0 / 180 * math.Pi
	mostLarger = 1.25
	mostAside  = 0.125
)

// warp turns a picture about its middle, makes it larger and shifts it. Places are in sides from the middle.
type warp struct{ cos, sin, x, y float64 }

// newWarp draws one.
func newWarp(rng *tensor.RNG) warp {
	angle := mostTurned * float64(rng.Uniform(-1, 1))
	size := math.Pow(mostLarger, float64(rng.Uniform(-1, 1)))
	return warp{size * math.Cos(angle), size * math.Sin(angle), mostAside * float64(rng.Uniform(-1, 1)), mostAside * float64(rng.Uniform(-1, 1))}
}

// to returns where a place comes to lie.
func (w warp) to(x, y float64) (float64, float64) {
	return w.cos*x - w.sin*y + w.x, w.sin*x + w.cos*y + w.y
}

// from returns which place comes to lie there.
func (w warp) from(x, y float64) (float64, float64) {
	x, y = x-w.x, y-w.y
	n := w.cos*w.cos + w.sin*w.sin
	return (w.cos*x + w.sin*y) / n, (w.cos*y - w.sin*x) / n
}

// warped warps pictures x [N side side C], bilinearly; what comes from beyond a picture is 0, about the mean of what pixels are.
func warped(x *tensor.Tensor, how []warp) {
	side, c := x.Dim(1), x.Dim(3)
	parallel.For(len(how), func(row int) {
		to := x.Rows(row, row+1).Data
		from := append([]float32(nil), to...)
		clear(to)
		for r := range side {
			for k := range side {
				px, py := how[row].from((float64(k)+0.5)/float64(side)-0.5, (float64(r)+0.5)/float64(side)-0.5)
				px, py = (px+0.5)*float64(side)-0.5, (py+0.5)*float64(side)-0.5
				x0, y0 := math.Floor(px), math.Floor(py)
				for _, at := range [4][3]float64{{x0, y0, (1 - px + x0) * (1 - py + y0)}, {x0 + 1, y0, (px - x0) * (1 - py + y0)},
					{x0, y0 + 1, (1 - px + x0) * (py - y0)}, {x0 + 1, y0 + 1, (px - x0) * (py - y0)}} {
					a, b := int(at[0]), int(at[1])
					if a < 0 || b < 0 || a >= side || b >= side {
						continue
					}
					for ch := range c {
						to[(r*side+k)*c+ch] += float32(at[2]) * from[(b*side+a)*c+ch]
					}
				}
			}
		}
	})
}
