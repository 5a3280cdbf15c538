package flow

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// wheel is the circle of colours of Baker et al., red at (1, 0), in steps that look alike: so many from each colour to the next of
// red, yellow, green, cyan, blue, magenta.
var wheel = func() (out [][3]float64) {
	corner := [][3]float64{{1, 0, 0}, {1, 1, 0}, {0, 1, 0}, {0, 1, 1}, {0, 0, 1}, {1, 0, 1}}
	for i, steps := range []int{15, 6, 4, 11, 13, 6} {
		a, b := corner[i], corner[(i+1)%len(corner)]
		for k := range steps {
			f := float64(k) / float64(steps)
			var c [3]float64
			for j := range c {
				// A rising channel is rounded down to a byte, and so is what a falling one lost.
				if d := math.Floor(255 * f); b[j] >= a[j] {
					c[j] = (float64(255*a[j]) + float64(d*(b[j]-a[j]))) / 255
				} else {
					c[j] = (255 - d) / 255
				}
			}
			out = append(out, c)
		}
	}
	return out
}()

// Colour draws a flow [H W 2] as RGB bytes [H·W·3]: the direction is the hue, the length the saturation, white being still (Baker et
// al., "A database and evaluation methodology for optical flow", 2011). A vector of length most has the full colour, a longer one is
// darkened; most 0 means the longest of the flow. Black is no number.
func Colour(flow *tensor.Tensor, most float64) []uint8 {
	wantFlow("Colour", flow, 0, 0)
	n := len(flow.Data) / 2
	length := func(i int) float64 { return math.Hypot(float64(flow.Data[2*i]), float64(flow.Data[2*i+1])) }
	if most <= 0 {
		for i := range n {
			if l := length(i); l > most && !math.IsInf(l, 0) {
				most = l
			}
		}
	}
	out := make([]uint8, 3*n)
	for i := range n {
		l := length(i)
		if l != l {
			continue
		}
		if l > 0 {
			l /= most
		}
		turn := math.Atan2(-float64(flow.Data[2*i+1]), -float64(flow.Data[2*i]))/math.Pi + 1 // 0 to 2
		at := float64(turn / 2 * float64(len(wheel)-1))
		k := int(at)
		f := at - float64(k)
		a, b := wheel[k], wheel[(k+1)%len(wheel)]
		for j := range 3 {
			c := float64((1-f)*a[j]) + float64(f*b[j])
			if l <= 1 {
				c = 1 - float64(l*(1-c))
			} else {
				c *= 0.75
			}
			out[3*i+j] = uint8(255 * c)
		}
	}
	return out
}
