package detect

import "math"

// anchorsOf returns the boxes that stand at each position of a map of n by n, stride pixels apart: row after row, at each position of every size one of each proportion, height
// over width, of the same area (Ren et al. 2015, section 3.1.1).
func anchorsOf(n int, stride float32, sizes, proportions []float32) (out []Box) {
	for y := range n {
		for x := range n {
			cx, cy := (float32(x)+0.5)*stride, (float32(y)+0.5)*stride
			for _, s := range sizes {
				for _, p := range proportions {
					r := float32(math.Sqrt(float64(p)))
					w, h := s/r/2, s*r/2
					out = append(out, Box{cx - w, cy - h, cx + w, cy + h})
				}
			}
		}
	}
	return out
}

var proportions = []float32{0.5, 1, 2}
