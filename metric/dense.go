package metric

import (
	"fmt"
	"math"
)

// Measure is a metric of sums that add up: those of several pictures together are measured as those of one.
type Measure struct {
	Metric
	// Of returns the value; no number where the sums are of nothing.
	Of func(sums []float64) float64
}

// The places of DepthSums.
const (
	depthCount = iota
	depthWithin
	_
	_
	depthSquares
	depthLogSquares
	depthRelative
	depthWidth
)

// DepthSums returns what DepthMeasures measure of depths got [P], all above 0, beside true ones want [P], of which those not above 0 are not known.
func DepthSums(got, want []float32) []float64 {
	s := make([]float64, depthWidth)
	for p, w := range want {
		if !(w > 0) {
			continue
		}
		y, g := float64(w), float64(got[p])
		s[depthCount]++
		for k, limit := range [3]float64{1.25, 1.25 * 1.25, 1.25 * 1.25 * 1.25} {
			if max(g/y, y/g) < limit {
				s[depthWithin+k]++
			}
		}
		l := math.Log(g / y)
		s[depthSquares] += (g - y) * (g - y)
		s[depthLogSquares] += l * l
		s[depthRelative] += math.Abs(g-y) / y
	}
	return s
}

// DepthMeasures are those of Eigen, Puhrsch and Fergus 2014, section 4.2, over all known pixels: the part of depths whose ratio to the true one, or its
// inverse, is below 1.25 and its powers; the root of the mean squared error, of depths and of their natural logarithms; the mean error in true depths.
func DepthMeasures() []Measure {
	var out []Measure
	for k, name := range []string{"delta<1.25", "delta<1.25^2", "delta<1.25^3"} {
		out = append(out, Measure{Metric{Name: name, Unit: Percent, Higher: true}, func(s []float64) float64 { return s[depthWithin+k] / s[depthCount] }})
	}
	return append(out,
		Measure{Metric{Name: "RMSE"}, func(s []float64) float64 { return math.Sqrt(s[depthSquares] / s[depthCount]) }},
		Measure{Metric{Name: "log RMSE"}, func(s []float64) float64 { return math.Sqrt(s[depthLogSquares] / s[depthCount]) }},
		Measure{Metric{Name: "abs rel"}, func(s []float64) float64 { return s[depthRelative] / s[depthCount] }})
}

// The places of NormalSums, and what angles are counted by: behind normalBins a count for each step of angleStep degrees up to 180.
const (
	normalCount = iota
	normalAngle
	normalWithin
	_
	_
	normalBins
	angleStep = 0.25
	angleBins = int(180 / angleStep)
)

// normalLimits are the angles that are counted, in degrees.
var normalLimits = [3]float64{11.25, 22.5, 30}

// NormalSums returns what NormalMeasures measure of normals got [P 3] beside true ones want [P 3], of which those of length 0, or that are not
// finite, are not known. Neither need have length 1; the angle of a got normal that has no direction, of length 0 or not finite, is 90 degrees.
func NormalSums(got, want []float32) []float64 {
	s := make([]float64, normalBins+angleBins)
	for p := 0; p < len(want); p += 3 {
		a, b := [3]float64{float64(got[p]), float64(got[p+1]), float64(got[p+2])}, [3]float64{float64(want[p]), float64(want[p+1]), float64(want[p+2])}
		if b == [3]float64{} || !finite(b[:]...) {
			continue
		}
		cross := math.Sqrt(square(a[1]*b[2]-a[2]*b[1]) + square(a[2]*b[0]-a[0]*b[2]) + square(a[0]*b[1]-a[1]*b[0]))
		dot := a[0]*b[0] + a[1]*b[1] + a[2]*b[2]
		angle := 90.0
		if a != [3]float64{} && finite(a[:]...) {
			angle = math.Atan2(cross, dot) * 180 / math.Pi // exact near 0, where the arc cosine is not
		}
		s[normalCount]++
		s[normalAngle] += angle
		for k, limit := range normalLimits {
			if angle < limit {
				s[normalWithin+k]++
			}
		}
		s[normalBins+min(int(angle/angleStep), angleBins-1)]++
	}
	return s
}

func square(x float64) float64 { return x * x }

// NormalMeasures are those of Fouhey, Gupta and Hebert 2013, section 5, over all known pixels: mean and median of the angle between normals, and the part
// of angles below 11.25, 22.5 and 30 degrees. The median is found among counts of quarter degrees, in between by a straight line.
func NormalMeasures() []Measure {
	out := []Measure{
		{Metric{Name: "mean angle", Unit: "°"}, func(s []float64) float64 { return s[normalAngle] / s[normalCount] }},
		{Metric{Name: "median angle", Unit: "°"}, medianAngle},
	}
	for k, limit := range normalLimits {
		out = append(out, Measure{Metric{Name: fmt.Sprintf("within %g°", limit), Unit: Percent, Higher: true}, func(s []float64) float64 { return s[normalWithin+k] / s[normalCount] }})
	}
	return out
}

func medianAngle(s []float64) float64 {
	left := s[normalCount] / 2
	for k, n := range s[normalBins:] {
		if n > 0 && left <= n {
			return (float64(k) + left/n) * angleStep
		}
		left -= n
	}
	return math.NaN()
}

// The places of SegmentSums: behind segmentClasses, of each class the pixels that are of it in both, as got and in truth.
const (
	segmentRight = iota
	segmentCount
	segmentClasses
)

// SegmentSums returns what SegmentMeasures measure of the classes got [P] of pixels beside true ones want [P], numbers from 0 to classes-1; pixels whose
// true class is below 0 do not count.
func SegmentSums(got, want []int32, classes int) []float64 {
	s := make([]float64, segmentClasses+3*classes)
	for p, w := range want {
		if w < 0 {
			continue
		}
		g := got[p]
		s[segmentCount]++
		if g == w {
			s[segmentRight]++
			s[segmentClasses+3*w]++
		}
		s[segmentClasses+3*g+1]++
		s[segmentClasses+3*w+2]++
	}
	return s
}

// ClassOverlap returns the pixels of a class over those that are of it as got or in truth, and how many are of it in truth; no number where the
// class is nowhere.
func ClassOverlap(sums []float64, class int) (iou float64, pixels int) {
	c := sums[segmentClasses+3*class:][:3]
	return c[0] / (c[1] + c[2] - c[0]), int(c[2])
}

// SegmentMeasures are those of Long, Shelhamer and Darrell 2015, section 5, over all pixels that count: the mean over the classes of the pixels in both over
// those in either (intersection over union; VOC's measure: Everingham et al. 2010), and the part of pixels that are right. A class that no pixel is of,
// neither as got nor in truth, is left out of the mean.
func SegmentMeasures() []Measure {
	return []Measure{
		{Metric{Name: "mIoU", Unit: Percent, Higher: true}, func(s []float64) float64 {
			sum, n := 0.0, 0.0
			for c := range (len(s) - segmentClasses) / 3 {
				if iou, _ := ClassOverlap(s, c); !math.IsNaN(iou) {
					sum, n = sum+iou, n+1
				}
			}
			return sum / n
		}},
		{Metric{Name: "pixel accuracy", Unit: Percent, Higher: true}, func(s []float64) float64 { return s[segmentRight] / s[segmentCount] }},
	}
}
