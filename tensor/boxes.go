package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// RoI is how regions of pictures are cut from feature maps: each becomes OH by OW values of each channel.
type RoI struct {
	OH, OW int
	// Scale is how large a pixel of the boxes is in positions of the map, such as 1/16; 0 means 1.
	Scale float32
	// Sampling is how many points along a side are averaged for a value; 0 means as many as positions that it spans.
	Sampling int
}

// RoIShape returns the shape of RoIAlign's output: x [N H W C], rois [R 5] -> [R OH OW C].
func RoIShape(x, rois []int, g RoI) []int {
	if len(x) != 4 || len(rois) != 2 || rois[1] != 5 || g.OH < 1 || g.OW < 1 || g.Scale < 0 || g.Sampling < 0 || x[1]*x[2] == 0 {
		fail("RoIAlign", "maps %v, boxes %v, %+v: want [N H W C], [R 5], sides of at least 1 and nothing negative", x, rois, g)
	}
	return []int{rois[0], g.OH, g.OW, x[3]}
}

// roiAxis is where along an axis the values of a region look: value b at the positions at[from[b]:from[b+1]], with weights w. Samples are bilinear, and the
// mean over a grid of them is the product of a mean along each axis.
type roiAxis struct {
	from []int
	at   []int
	w    []float32
	runs [][2]int // positions that any value looks at, as runs [lo, hi)
	slot []int    // for each of at, which of the positions of runs it is
	n    int      // positions in runs
}

// roiAlong returns the positions of out values over a region [low, high) of a map of n positions, as torchvision's roi_align with aligned set has them: half a pixel
// lies before the first position, and what lies more than one beyond the map is 0. Samples of a cell that lie there are counted but not visited, so that a box
// may be of any size.
func roiAlong(low, high float64, n, out, sampling int) roiAxis {
	a := roiAxis{from: make([]int, 1, out+1)}
	each := (high - low) / float64(out)
	count, most := float64(sampling), sampling
	if sampling == 0 {
		count, most = math.Ceil(each), 2*n+6 // samples are at least a half apart where there are several
	}
	step := each / count
	for b := range out {
		first, visit := 0.0, 0
		start := low + float64(b)*each
		switch {
		case !(count > 0) || math.IsNaN(start+step):
		case step > 0: // one more at either end, against rounding
			first = min(max(math.Floor((-1-start)/step-1), 0), count)
			last := min(math.Ceil((float64(n)-start)/step+1), count)
			visit = int(min(max(last-first, 0), float64(most)))
		default:
			visit = sampling
		}
		for k := range visit {
			v := start + (first+float64(k)+0.5)*step
			if !(v >= -1 && v <= float64(n)) {
				continue
			}
			v = max(v, 0)
			i := int(v)
			if i >= n-1 {
				a.add(b, n-1, float32(1/count))
				continue
			}
			f := v - float64(i)
			a.add(b, i, float32((1-f)/count))
			a.add(b, i+1, float32(f/count))
		}
		a.from = append(a.from, len(a.at))
	}
	a.gather(n)
	return a
}

// add adds weight to a position of value b, whose positions come in order.
func (a *roiAxis) add(b, i int, w float32) {
	for k := a.from[b]; k < len(a.at); k++ {
		if a.at[k] == i {
			a.w[k] += w
			return
		}
	}
	a.at, a.w = append(a.at, i), append(a.w, w)
}

// gather finds runs and slots among n positions.
func (a *roiAxis) gather(n int) {
	lo, hi := n, 0
	for _, i := range a.at {
		lo, hi = min(lo, i), max(hi, i+1)
	}
	if lo >= hi {
		return
	}
	slot := make([]int, hi-lo) // 1 and more for those that are looked at
	for _, i := range a.at {
		slot[i-lo] = 1
	}
	for i, used := range slot {
		if used == 0 {
			continue
		}
		if i == 0 || slot[i-1] == 0 {
			a.runs = append(a.runs, [2]int{lo + i, lo + i})
		}
		a.runs[len(a.runs)-1][1]++
		a.n++
		slot[i] = a.n
	}
	a.slot = make([]int, len(a.at))
	for k, i := range a.at {
		a.slot[k] = slot[i-lo] - 1
	}
}

// roiAxes returns where region r looks, and in which picture of n.
func roiAxes(roi []float32, h, w, n int, g RoI) (picture int, down, across roiAxis) {
	if picture = int(roi[0]); picture < 0 || picture >= n || float32(picture) != roi[0] {
		fail("RoIAlign", "a box of picture %g, there are %d", roi[0], n)
	}
	s := float64(g.Scale)
	if s == 0 {
		s = 1
	}
	down = roiAlong(float64(roi[2])*s-0.5, float64(roi[4])*s-0.5, h, g.OH, g.Sampling)
	across = roiAlong(float64(roi[1])*s-0.5, float64(roi[3])*s-0.5, w, g.OW, g.Sampling)
	return picture, down, across
}

// RoIAlign sets y to the means of features over the cells of regions (He et al. 2017, section 3), to torchvision's roi_align with aligned=True: a grid of OH by OW cells is laid
// over each box, and in each cell bilinear samples are averaged.
//
//	x [N H W C]   rois [R 5]: picture, x0, y0, x1, y1 in pixels   ->   y [R OH OW C]
//
// First the rows of a line of cells are summed, for all columns that any cell looks at, then those columns.
func RoIAlign(y, x, rois *Tensor, g RoI) {
	n, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	parallel.For(rois.Dim(0), func(r int) {
		picture, down, across := roiAxes(rois.Data[r*5:r*5+5], h, w, n, g)
		line := borrow(max(across.n*c, 1))
		defer giveBack(line)
		for p := range g.OH {
			dst := y.Data[(r*g.OH+p)*g.OW*c:][:g.OW*c]
			if down.from[p] == down.from[p+1] || across.n == 0 {
				clear(dst)
				continue
			}
			for k := down.from[p]; k < down.from[p+1]; k++ {
				at := 0
				for _, run := range across.runs {
					size := (run[1] - run[0]) * c
					src, sum := x.Data[((picture*h+down.at[k])*w+run[0])*c:][:size], line[at:at+size]
					if k == down.from[p] {
						simd.Scale(sum, down.w[k], src)
					} else {
						simd.Axpy(sum, down.w[k], src)
					}
					at += size
				}
			}
			for q := range g.OW {
				cell := dst[q*c : (q+1)*c]
				if across.from[q] == across.from[q+1] {
					clear(cell)
				}
				for k := across.from[q]; k < across.from[q+1]; k++ {
					src := line[across.slot[k]*c:][:c]
					if k == across.from[q] {
						simd.Scale(cell, across.w[k], src)
					} else {
						simd.Axpy(cell, across.w[k], src)
					}
				}
			}
		}
	})
}

// roiChannels is how many channels of a gradient are summed in one go: regions that overlap are added in their order.
const roiChannels = 64

// AddRoIAlignGrad adds the gradient of RoIAlign to dx; none flows to the boxes.
func AddRoIAlignGrad(dx, dy, rois *Tensor, g RoI) {
	n, h, w, c := dx.Dim(0), dx.Dim(1), dx.Dim(2), dx.Dim(3)
	type region struct {
		picture      int
		down, across roiAxis
	}
	all := make([]region, rois.Dim(0))
	parallel.Chunks(len(all), 16, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			all[r].picture, all[r].down, all[r].across = roiAxes(rois.Data[r*5:r*5+5], h, w, n, g)
		}
	})
	parallel.Chunks(c, roiChannels, func(lo, hi int) {
		m := hi - lo
		line := borrow(w * m)
		defer giveBack(line)
		for r := range all {
			a := &all[r]
			for p := range g.OH {
				if a.down.from[p] == a.down.from[p+1] || a.across.n == 0 {
					continue
				}
				clear(line[:a.across.n*m])
				for q := range g.OW {
					src := dy.Data[((r*g.OH+p)*g.OW+q)*c+lo:][:m]
					for k := a.across.from[q]; k < a.across.from[q+1]; k++ {
						simd.Axpy(line[a.across.slot[k]*m:][:m], a.across.w[k], src)
					}
				}
				for k := a.down.from[p]; k < a.down.from[p+1]; k++ {
					at := 0
					for _, run := range a.across.runs {
						for i := run[0]; i < run[1]; i++ {
							simd.Axpy(dx.Data[((a.picture*h+a.down.at[k])*w+i)*c+lo:][:m], a.down.w[k], line[at:at+m])
							at += m
						}
					}
				}
			}
		}
	})
}
