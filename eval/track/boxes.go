package track

import "math"

// Box is a rectangle, in pixels.
type Box struct{ X0, Y0, X1, Y1 float64 }

// Empty tells whether the box has no area.
func (b Box) Empty() bool { return !(b.X1 > b.X0 && b.Y1 > b.Y0) }

// Area returns the box's area.
func (b Box) Area() float64 {
	if b.Empty() {
		return 0
	}
	return (b.X1 - b.X0) * (b.Y1 - b.Y0)
}

// Overlap returns the intersection over the union of two boxes, 0 where one is empty.
func Overlap(a, b Box) float64 {
	both := Box{max(a.X0, b.X0), max(a.Y0, b.Y0), min(a.X1, b.X1), min(a.Y1, b.Y1)}.Area()
	if both == 0 {
		return 0
	}
	return both / (a.Area() + b.Area() - both)
}

// successSteps are how many thresholds of overlap a success curve has, from 0 to 1.
const successSteps = 21

// Success returns the curve of which part of the frames overlaps the truth by more than each of 0, 0.05, ..., 1, and the area below it, the mean of the curve
// (Wu, Lim, Yang, "Online object tracking: a benchmark", CVPR 2013, OTB): 0 and an empty curve of no frames.
func Success(overlaps []float64) (curve []float64, area float64) {
	if len(overlaps) == 0 {
		return nil, 0
	}
	curve = make([]float64, successSteps)
	for k := range curve {
		for _, o := range overlaps {
			if o > float64(k)/(successSteps-1) {
				curve[k] += 1 / float64(len(overlaps))
			}
		}
		area += curve[k] / successSteps
	}
	return curve, area
}

// Point is a place in a picture, in pixels.
type Point struct{ X, Y float64 }

// Near tells whether two points are at most part of a size apart: a right key point, for PCK (Yang, Ramanan 2013).
func Near(a, b Point, part, size float64) bool { return math.Hypot(a.X-b.X, a.Y-b.Y) <= part*size }
