package metric

import (
	"math"
	"strconv"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// measured compares measures of sums with values, and those of sums that are added up in two halves.
func measured(t *testing.T, what string, all []Measure, sums []float64, values []float64, within ...float64) {
	t.Helper()
	if len(all) != len(values) {
		t.Fatalf("%s: %d measures, %d values", what, len(all), len(values))
	}
	for k, m := range all {
		tolerance := 1e-9 * max(1, math.Abs(values[k]))
		if k < len(within) && within[k] > 0 {
			tolerance = within[k]
		}
		if got := m.Of(sums); !(math.Abs(got-values[k]) <= tolerance) {
			t.Errorf("%s %s: %g, want %g", what, m.Name, got, values[k])
		}
	}
}

func TestDense(t *testing.T) {
	var want struct {
		Depth []struct {
			Want, Got []float32
			Values    []float64
		}
		Normals []struct {
			N      int
			Values []float64
		}
		Segments []struct {
			N, Classes int
			Values     []float64
			IoU        map[string]float64
		}
	}
	golden.Load(t, "testdata/dense.json", &want)
	for _, c := range want.Depth {
		sums := DepthSums(c.Got, c.Want)
		measured(t, "depth", DepthMeasures(), sums, c.Values)
		half := len(c.Want) / 2
		for k, v := range DepthSums(c.Got[half:], c.Want[half:]) {
			if both := v + DepthSums(c.Got[:half], c.Want[:half])[k]; math.Abs(both-sums[k]) > 1e-9*sums[k] {
				t.Errorf("sum %d of two halves %g, of all %g", k, both, sums[k])
			}
		}
	}
	for _, c := range want.Normals {
		truth, turn := make([]float32, 3*c.N), make([]float32, 3*c.N)
		golden.Fill(truth, "normal", 1)
		golden.Fill(turn, "turn", 1)
		got := make([]float32, 3*c.N)
		for i := range got {
			got[i] = float32(float64(truth[i]) + float64(turn[i])*0.5)
		}
		if c.N > 1 {
			clear(truth[9:12])
		}
		// the median is one of quarter degrees; 30 normals leave gaps of degrees between those in the middle
		median := angleStep
		if c.N == 30 {
			median = 1
		}
		measured(t, "normals", NormalMeasures(), NormalSums(got, truth), c.Values, 1e-5, median)
	}
	for _, c := range want.Segments {
		u, same, other := make([]float32, c.N), make([]float32, c.N), make([]float32, c.N)
		golden.Fill(u, "class", 1)
		golden.Fill(same, "same", 1)
		golden.Fill(other, "other", 1)
		truth, got := make([]int32, c.N), make([]int32, c.N)
		for i := range truth {
			truth[i] = int32(math.Floor((float64(u[i])+1)/2*float64(c.Classes+1))) - 1
			if i == 0 {
				truth[i] = 1
			}
			if got[i] = truth[i]; !(same[i] > 0) || truth[i] < 0 {
				got[i] = int32(math.Floor((float64(other[i]) + 1) / 2 * float64(c.Classes)))
			}
		}
		sums := SegmentSums(got, truth, c.Classes)
		measured(t, "segments", SegmentMeasures(), sums, c.Values)
		for l := range c.Classes {
			iou, _ := ClassOverlap(sums, l)
			if v, there := c.IoU[strconv.Itoa(l)]; there != !math.IsNaN(iou) || there && math.Abs(iou-v) > 1e-12 {
				t.Errorf("class %d of %d: %g, want %g", l, c.Classes, iou, v)
			}
		}
	}
}

// TestDenseNothing: of nothing there is no value, and a normal of length 0 is at right angles to all.
func TestDenseNothing(t *testing.T) {
	for _, c := range []struct {
		all  []Measure
		sums []float64
	}{{DepthMeasures(), DepthSums([]float32{1, 2}, []float32{0, -1})}, {NormalMeasures(), NormalSums(make([]float32, 3), make([]float32, 3))}, {SegmentMeasures(), SegmentSums([]int32{1}, []int32{-1}, 2)}} {
		for _, m := range c.all {
			if v := m.Of(c.sums); !math.IsNaN(v) {
				t.Errorf("%s of nothing: %g", m.Name, v)
			}
		}
	}
	if v := NormalMeasures()[0].Of(NormalSums(make([]float32, 3), []float32{0, 0, 1})); v != 90 {
		t.Errorf("a normal of length 0: %g", v)
	}
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		s := NormalSums([]float32{0, v, 1, 0, 0, 1}, []float32{0, 0, 1, 0, v, 1})
		if s[normalCount] != 1 || s[normalAngle] != 90 || medianAngle(s) != 90.125 {
			t.Errorf("a normal of %g, and a true one: %g normals, %g degrees", v, s[normalCount], s[normalAngle])
		}
	}
}
