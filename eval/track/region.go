package track

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// Region returns J, how far two regions of a picture agree: the intersection over the union, 1 where both are empty (Perazzi et al. 2016, DAVIS).
// Each is [H·W], true inside.
func Region(a, b []bool) float64 {
	both, either := 0, 0
	for i, v := range a {
		if v && b[i] {
			both++
		}
		if v || b[i] {
			either++
		}
	}
	if either == 0 {
		return 1
	}
	return float64(both) / float64(either)
}

// boundaryReach is how far a boundary may be off, as part of the picture's diagonal.
const boundaryReach = 0.008

// Boundary returns F, how far the outlines of two regions of a picture of h by w pixels agree: the harmonic mean of how much of the one's outline
// lies near the other's, and the other way round (Martin et al. 2004). Near is a disc of 0.008 of the diagonal, rounded up. An outline against
// none counts 0, two that are empty 1. That is DAVIS's measure as its public toolkit has it.
func Boundary(a, b []bool, h, w int) float64 {
	reach := int(math.Ceil(boundaryReach * math.Hypot(float64(h), float64(w))))
	p, q := outline(a, h, w), outline(b, h, w)
	np, nq := count(p), count(q)
	switch {
	case np == 0 && nq == 0:
		return 1
	case np == 0 || nq == 0:
		return 0
	}
	precision := float64(overlap(p, dilated(q, h, w, reach))) / float64(np)
	recall := float64(overlap(q, dilated(p, h, w, reach))) / float64(nq)
	if precision+recall == 0 {
		return 0
	}
	return 2 * precision * recall / (precision + recall)
}

// outline returns the pixels that differ from the one to the right, below, or right below: a line one pixel wide.
func outline(m []bool, h, w int) []bool {
	out := make([]bool, len(m))
	for y := range h {
		for x := range w {
			v := m[y*w+x]
			right, below := x+1 < w, y+1 < h
			out[y*w+x] = right && v != m[y*w+x+1] || below && v != m[(y+1)*w+x] || right && below && v != m[(y+1)*w+x+1]
		}
	}
	return out
}

// dilated returns the pixels within reach of those of m.
func dilated(m []bool, h, w, reach int) []bool {
	out := make([]bool, len(m))
	for dy := -reach; dy <= reach; dy++ {
		half := int(math.Sqrt(float64(reach*reach - dy*dy)))
		for y := max(0, -dy); y < min(h, h-dy); y++ {
			from, to := m[y*w:(y+1)*w], out[(y+dy)*w:(y+dy+1)*w]
			until := 0 // the first pixel that is out of reach of all before it
			for x := -half; x < w; x++ {
				if x+half < w && from[x+half] {
					until = x + 2*half + 1
				}
				if x >= 0 && x < until {
					to[x] = true
				}
			}
		}
	}
	return out
}

func count(m []bool) (n int) {
	for _, v := range m {
		if v {
			n++
		}
	}
	return n
}

func overlap(a, b []bool) (n int) {
	for i, v := range a {
		if v && b[i] {
			n++
		}
	}
	return n
}

// Object returns where a mask [H W] is the number of an object.
func Object(mask *tensor.Tensor, number int) []bool {
	out := make([]bool, mask.Len())
	for i, v := range mask.Data {
		out[i] = v == float32(number)
	}
	return out
}
