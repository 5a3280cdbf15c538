package pretext

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/tessera-go/tessera/internal/lab"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// nearSide is the side of a quarter of a cell.
const nearSide = binStep / 2

// The classes of a pixel's colour (Zhang, Isola, Efros 2016, section 2.2): points of the plane of a and b on a grid of 10.
const (
	binCount = 313
	softBins = 5 // the nearest ones, between which a colour is divided
	softStd  = 5 // of the Gaussian that divides it, and of the one that smooths frequencies
	binStep  = 10
	binReach = 11                          // steps from the grid's middle to its border
	binCells = 2 * binReach                // cells along a side
	binSide  = binCells + 1                // points along a side
	binEdge  = float32(binReach * binStep) // the largest a and b
)

// binSet are the classes.
type binSet struct {
	a, b [binCount]float32                  // where they are, by rising a, then b
	near [4 * binCells * binCells][]nearBin // of a quarter of a cell of the grid, by rising a, then b: the bins that may be among the nearest to a colour in it
	mix  [binCount * binCount]float32       // how much of a bin's frequency goes to each, see smooth
}

// nearBin is a bin and where it is.
type nearBin struct {
	a, b float32
	bin  int32
}

// bins returns the classes, made when they are first needed.
var bins = sync.OnceValue(func() *binSet {
	s := &binSet{}
	n := 0
	for i, there := range binCorners() {
		if there {
			s.a[n], s.b[n] = float32(i/binSide-binReach)*binStep, float32(i%binSide-binReach)*binStep
			n++
		}
	}
	for i := range s.near {
		s.near[i] = s.candidates(float32(i/(2*binCells))*nearSide-binEdge, float32(i%(2*binCells))*nearSide-binEdge)
	}
	for i := range binCount {
		row := s.mix[i*binCount:][:binCount]
		for j := range row {
			row[j] = float32(math.Exp(-float64(s.squares(j, s.a[i], s.b[i])) / (2 * softStd * softStd)))
		}
		simd.Scale(row, 1/simd.Sum(row), row)
	}
	return s
})

// squares is the squared distance of a bin from a colour.
func (s *binSet) squares(bin int, a, b float32) float32 {
	da, db := s.a[bin]-a, s.b[bin]-b
	return float32(da*da) + float32(db*db)
}

// binCorners says which points of the grid are classes: the corners of every cell that reaches into the convex hull of all colours that
// sRGB can show. These are the 313 of the authors' program; the paper calls them in gamut.
func binCorners() (there [binSide * binSide]bool) {
	var under, over [][2]float64 // the colours' a and b, and a and -b
	for _, c := range gamutSurface() {
		under, over = append(under, c), append(over, [2]float64{c[0], -c[1]})
	}
	under, over = lowerHull(under), lowerHull(over)
	for i := range binCells {
		from := float64((i - binReach) * binStep)
		bottom, top := lowest(under, from, from+binStep), -lowest(over, from, from+binStep)
		for j := range binCells {
			if b := float64((j - binReach) * binStep); b < top && b+binStep > bottom {
				for _, k := range []int{0, 1, binSide, binSide + 1} {
					there[i*binSide+j+k] = true
				}
			}
		}
	}
	return there
}

// gamutSurface returns a and b of colours all over the faces of the cube of red, green and blue, where those lie that are far from grey.
func gamutSurface() (out [][2]float64) {
	const step = 5
	var pix []uint8
	for u := 0; u <= 255; u += step {
		for v := 0; v <= 255; v += step {
			for _, w := range []uint8{0, 255} {
				u, v := uint8(u), uint8(v)
				pix = append(pix, w, u, v, u, w, v, u, v, w)
			}
		}
	}
	x := make([]float32, len(pix))
	lab.FromRGB(x, pix)
	for i := 0; i < len(x); i += 3 {
		out = append(out, [2]float64{float64(x[i+1]), float64(x[i+2])})
	}
	return out
}

// lowerHull returns the lower part of the convex hull of points, from left to right (Andrew's monotone chain).
func lowerHull(points [][2]float64) (hull [][2]float64) {
	slices.SortFunc(points, func(p, q [2]float64) int { return slices.Compare(p[:], q[:]) })
	for _, p := range points {
		for len(hull) > 1 {
			o, q := hull[len(hull)-2], hull[len(hull)-1]
			if (q[0]-o[0])*(p[1]-o[1]) > (q[1]-o[1])*(p[0]-o[0]) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	return hull
}

// lowest returns the least height of a line of points from left to right, between two positions; +Inf where it does not come by.
func lowest(line [][2]float64, from, to float64) float64 {
	low := math.Inf(1)
	for i, p := range line {
		if p[0] >= from && p[0] <= to {
			low = min(low, p[1])
		}
		if i == 0 {
			continue
		}
		for _, x := range []float64{from, to} {
			if q := line[i-1]; q[0] < x && x < p[0] {
				low = min(low, q[1]+(p[1]-q[1])*(x-q[0])/(p[0]-q[0]))
			}
		}
	}
	return low
}

// candidates returns the bins that may be among the nearest to a colour of the quarter of a cell whose least a and b are given: those that
// come as near to it as the farthest point of it is from the softBins best ones. The likeliest come first.
func (s *binSet) candidates(a, b float32) (out []nearBin) {
	farthest := make([]float32, binCount)
	for i := range farthest {
		da, db := max(s.a[i]-a, a+nearSide-s.a[i]), max(s.b[i]-b, b+nearSide-s.b[i])
		farthest[i] = float32(da*da) + float32(db*db)
	}
	bound := slices.Sorted(slices.Values(farthest))[softBins-1]
	for i := range binCount {
		da, db := max(a-s.a[i], s.a[i]-a-nearSide, 0), max(b-s.b[i], s.b[i]-b-nearSide, 0)
		if float32(da*da)+float32(db*db) <= bound {
			out = append(out, nearBin{s.a[i], s.b[i], int32(i)})
		}
	}
	slices.SortStableFunc(out, func(x, y nearBin) int {
		return cmp.Compare(s.squares(int(x.bin), a+nearSide/2, b+nearSide/2), s.squares(int(y.bin), a+nearSide/2, b+nearSide/2))
	})
	return out
}

// encode divides each colour ab [N 2] between the softBins nearest bins (section 2.2): which they are goes to classes, the nearest first,
// and how much each has to soft, both [N softBins]: exp(-d²/(2·5²)) at distance d, over their sum. Colours beyond the grid, which
// sRGB does not show, are taken to its border.
func (s *binSet) encode(classes []int32, soft, ab []float32) {
	for p := 0; p < len(ab)/2; p++ {
		a, b := min(max(ab[2*p], -binEdge), binEdge), min(max(ab[2*p+1], -binEdge), binEdge)
		i, j := min(int((a+binEdge)/nearSide), 2*binCells-1), min(int((b+binEdge)/nearSide), 2*binCells-1)
		var at [softBins]int32
		d := [softBins]float32{math.MaxFloat32, math.MaxFloat32, math.MaxFloat32, math.MaxFloat32, math.MaxFloat32}
		for _, c := range s.near[i*2*binCells+j] {
			da, db := c.a-a, c.b-b
			v := float32(da*da) + float32(db*db)
			if v >= d[softBins-1] {
				continue
			}
			k := softBins - 1
			for ; k > 0 && v < d[k-1]; k-- {
				d[k], at[k] = d[k-1], at[k-1]
			}
			d[k], at[k] = v, c.bin
		}
		copy(classes[p*softBins:], at[:])
		for k, v := range d {
			soft[p*softBins+k] = -v / (2 * softStd * softStd)
		}
	}
	simd.Exp(soft, soft)
	for p := 0; p < len(soft); p += softBins {
		q := soft[p : p+softBins]
		sum := q[0] + q[1] + q[2] + q[3] + q[4]
		for k := range q {
			q[k] /= sum
		}
	}
}

// decode sets ab [N 2] to the annealed mean of logits [N 313] (equation 6): the mean of the bins by softmax(logits/temperature). At 1 it
// is the mean of what the net expects, which is often grey; towards 0 it becomes the likeliest bin.
func (s *binSet) decode(ab []float32, logits *tensor.Tensor, temperature float32) {
	parallel.Chunks(len(ab)/2, 64, func(lo, hi int) {
		var z [binCount]float32
		for p := lo; p < hi; p++ {
			simd.Scale(z[:], 1/temperature, logits.Data[p*binCount:])
			simd.ExpSub(z[:], simd.Max(z[:]), z[:])
			sum := simd.Sum(z[:])
			ab[2*p], ab[2*p+1] = simd.Dot(z[:], s.a[:])/sum, simd.Dot(z[:], s.b[:])/sum
		}
	})
}

// smooth returns frequencies of bins, which sum to 1, each spread over its neighbours by a Gaussian.
func (s *binSet) smooth(counts []int) []float32 {
	total := 0
	for _, n := range counts {
		total += n
	}
	out := make([]float32, binCount)
	for i, n := range counts {
		if n > 0 {
			simd.Axpy(out, float32(float64(n)/float64(total)), s.mix[i*binCount:][:binCount])
		}
	}
	return out
}

// rarity returns how much a pixel of each bin counts (equation 4): w ∝ 1/((1-λ)·p + λ/Q), such that Σ p·w = 1 for the frequencies p.
func rarity(p []float32, lambda float64) []float32 {
	w := make([]float32, len(p))
	mean := 0.0
	for i, v := range p {
		x := 1 / ((1-lambda)*float64(v) + lambda/float64(len(p)))
		w[i] = float32(x)
		mean += float64(float64(v) * x)
	}
	simd.Scale(w, float32(1/mean), w)
	return w
}
