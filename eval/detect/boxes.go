package detect

import (
	"cmp"
	"math"
	"slices"
)

// Box is x0, y0, x1, y1 in pixels.
type Box [4]float32

func (b Box) area() float32 { return (b[2] - b[0]) * (b[3] - b[1]) }

// empty tells whether nothing lies in it.
func (b Box) empty() bool { return !(b[2] > b[0] && b[3] > b[1]) }

// IoU returns the intersection over the union of two boxes; 0 where they have none.
func IoU(a, b Box) float32 {
	w, h := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if !(w > 0 && h > 0) {
		return 0
	}
	both := w * h
	return both / (a.area() + b.area() - both)
}

// NMS returns the numbers of the boxes that are left, the surest first, where each takes away all less sure ones that it overlaps by more than most:
// torchvision's nms. Of equally sure ones the earlier is first.
//
// Boxes that overlap by more than m have sides that differ by less than a factor 1/m and overlap by more than m of the longer, so a box of width w that begins at x need only
// be compared with those that begin between x - w·(1-m)/m and x + w·(1-m).
func NMS(boxes []Box, scores []float32, most float32) []int {
	order, across := make([]int, len(boxes)), make([]int, len(boxes))
	for i := range order {
		order[i], across[i] = i, i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	slices.SortFunc(across, func(a, b int) int { return cmp.Compare(boxes[a][0], boxes[b][0]) })
	rank, place := make([]int, len(boxes)), make([]int, len(boxes))
	for k, i := range order {
		rank[i] = k
	}
	type side struct {
		Box
		rank int
		gone bool
	}
	all := make([]side, len(across)) // from left to right
	for k, i := range across {
		all[k], place[i] = side{boxes[i], rank[i], false}, k
	}
	kept := make([]int, 0, len(order))
	for k, i := range order {
		if all[place[i]].gone {
			continue
		}
		kept = append(kept, i)
		b := boxes[i]
		area, w := b.area(), (b[2]-b[0])*1.001 // a little more than rounding needs
		first := 0
		if most > 0 {
			first, _ = slices.BinarySearchFunc(all, b[0]-w*(1-most)/most, func(o side, x float32) int { return cmp.Compare(o.Box[0], x) })
		}
		last := b[0] + w*(1-max(most, 0))
		for j := first; j < len(all) && all[j].Box[0] <= last; j++ {
			o := &all[j]
			if h := min(b[3], o.Box[3]) - max(b[1], o.Box[1]); h > 0 && o.rank > k && !o.gone {
				if v := min(b[2], o.Box[2]) - max(b[0], o.Box[0]); v > 0 && v*h/(area+o.area()-v*h) > most {
					o.gone = true
				}
			}
		}
	}
	return kept
}

// nmsByClass is NMS among the boxes of each class alone, the surest first of all.
func nmsByClass(boxes []Box, scores []float32, class []int, most float32) (kept []int) {
	by := map[int][]int{}
	for i, c := range class {
		by[c] = append(by[c], i)
	}
	for _, some := range by {
		b, s := make([]Box, len(some)), make([]float32, len(some))
		for k, i := range some {
			b[k], s[k] = boxes[i], scores[i]
		}
		for _, k := range NMS(b, s, most) {
			kept = append(kept, some[k])
		}
	}
	slices.SortFunc(kept, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return kept
}

// coding weighs the four numbers that a box is coded by.
type coding [4]float32

// maxGrow is the logarithm of how many times larger than its anchor a box may be decoded to: torchvision's.
var maxGrow = float32(math.Log(1000.0 / 16))

// encode returns a box as seen from an anchor (Ren et al. 2015, equation 2): by how many of its widths and heights the middle is shifted, and the logarithms
// of how many times wider and higher it is, each times its weight. Neither may be empty.
func (c coding) encode(b, anchor Box) (d [4]float32) {
	w, h := anchor[2]-anchor[0], anchor[3]-anchor[1]
	bw, bh := b[2]-b[0], b[3]-b[1]
	return [4]float32{
		c[0] * (b[0] + 0.5*bw - anchor[0] - 0.5*w) / w,
		c[1] * (b[1] + 0.5*bh - anchor[1] - 0.5*h) / h,
		c[2] * float32(math.Log(float64(bw/w))),
		c[3] * float32(math.Log(float64(bh/h))),
	}
}

// decode returns the box that was coded.
func (c coding) decode(d []float32, anchor Box) Box {
	w, h := anchor[2]-anchor[0], anchor[3]-anchor[1]
	x, y := anchor[0]+0.5*w+d[0]/c[0]*w, anchor[1]+0.5*h+d[1]/c[1]*h
	w *= float32(math.Exp(float64(min(d[2]/c[2], maxGrow))))
	h *= float32(math.Exp(float64(min(d[3]/c[3], maxGrow))))
	return Box{x - 0.5*w, y - 0.5*h, x + 0.5*w, y + 0.5*h}
}

// within returns what of a box is inside a picture of w by h pixels.
func (b Box) within(w, h float32) Box {
	return Box{min(max(b[0], 0), w), min(max(b[1], 0), h), min(max(b[2], 0), w), min(max(b[3], 0), h)}
}

// What match says of a box without an object.
const (
	ground  = -1 // it shows none
	neither = -2 // it shows too much of one to be ground, too little to be it
)

// match returns for each box the object that it overlaps most, by at least high; ground where that is below low. With every, each object also has the boxes that
// overlap it most, however little: torchvision's Matcher with low-quality matches (Ren et al. 2015, section 3.1.2).
func match(boxes []Box, objects []Object, low, high float32, every bool) []int {
	out := make([]int, len(boxes))
	best := make([]float32, len(objects))
	over := make([]float32, len(boxes)*len(objects))
	for i, b := range boxes {
		most, which := float32(0), 0
		for k, o := range objects {
			v := IoU(b, o.Box)
			over[i*len(objects)+k] = v
			best[k] = max(best[k], v)
			if v > most {
				most, which = v, k
			}
		}
		switch {
		case len(objects) == 0 || most < low:
			out[i] = ground
		case most < high:
			out[i] = neither
		default:
			out[i] = which
		}
	}
	if !every {
		return out
	}
	for i := range boxes {
		row := over[i*len(objects):][:len(objects)]
		most, which, some := float32(0), 0, false
		for k, v := range row {
			if v > most {
				most, which = v, k
			}
			some = some || v == best[k] && v > 0
		}
		if some {
			out[i] = which
		}
	}
	return out
}
