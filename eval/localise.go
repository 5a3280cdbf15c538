package eval

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Localisation compares heat maps with boxes around what makes the sound. Two measures are in use:
//
//   - whether the largest value lies in a box ("Objects that Sound", ECCV 2018, section 4.2; with a tolerance in pixels it is the pointing game of Zhang et al.,
//     "Top-down neural attention by excitation backprop", ECCV 2016), beside the middle of the picture and a random pixel;
//   - how much the map's hot part overlaps with the boxes, over which threshold how often (consensus IoU: Senocak, Oh, Kim, Yang, Kweon, "Learning to localize sound
//     source in visual scenes", CVPR 2018, equation 8).
type Localisation struct {
	Tolerance float64 // how many pixels beside a box still count as in it, for the largest value, the middle and the random pixel alike
	// Part is how much of a picture is hot: its hottest pixels (0.5 in "Localizing visual sounds the hard way", Chen et al., CVPR 2021). 0 means the pixels above the
	// middle of the map's range, as Senocak et al. Pixels of the map's least value are never hot.
	Part float64
	// Agree says that each box is one person's, and that a pixel counts fully where so many agree: min(boxes/Agree, 1). 0 means 1: boxes count together.
	Agree int
}

// Localised is how well a heat map fits the boxes of a picture. Each lies in [0, 1].
type Localised struct {
	Hit    float64 // whether the largest value's place lies in a box; of several equal ones the part that does, so that a flat map is as good as a random pixel
	Centre float64 // whether the middle of the picture does: most pictures show what they are of there
	Random float64 // the part of the pixels that does
	IoU    float64 // of the hot pixels with those of the boxes; 0 where no pixel is hot, as of a flat map
}

// Of compares a heat map [GH GW], which covers a picture of h by w pixels, with boxes in its pixels. The map's cells lie side by side, and their values in their
// middles; between them it is resized bilinearly. It returns an error where the map is empty or not finite, or no box covers a pixel of the picture.
func (l Localisation) Of(heat *tensor.Tensor, boxes []data.Box, h, w int) (Localised, error) {
	if heat == nil || len(heat.Shape) != 2 || heat.Len() == 0 || h < 1 || w < 1 {
		return Localised{}, fmt.Errorf("a heat map of a picture of %d by %d pixels is %s, want [H W]", h, w, shapeOf(heat))
	}
	for i, v := range heat.Data {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return Localised{}, fmt.Errorf("the heat map has %g in cell %d, %d", v, i/heat.Dim(1), i%heat.Dim(1))
		}
	}
	if !(l.Tolerance >= 0 && l.Part >= 0 && l.Part < 1) || l.Agree < 0 {
		return Localised{}, fmt.Errorf("localisation with a tolerance of %g pixels, a hot part of %g, %d that agree: want none below 0, and a part below 1", l.Tolerance, l.Part, l.Agree)
	}
	var out Localised
	truth := l.consensus(boxes, h, w)
	if slices.Max(truth) == 0 {
		return Localised{}, fmt.Errorf("none of %d boxes covers a pixel of a picture of %d by %d", len(boxes), h, w)
	}
	gh, gw := heat.Dim(0), heat.Dim(1)
	top, equal := slices.Max(heat.Data), 0.0
	for i, v := range heat.Data {
		if v == top {
			equal++
			out.Hit += l.inside(boxes, (float64(i%gw)+0.5)*float64(w)/float64(gw), (float64(i/gw)+0.5)*float64(h)/float64(gh))
		}
	}
	out.Hit /= equal
	out.Centre = l.inside(boxes, float64(w)/2, float64(h)/2)
	for y := range h {
		for x := range w {
			out.Random += l.inside(boxes, float64(x)+0.5, float64(y)+0.5)
		}
	}
	out.Random /= float64(h * w)
	fine := tensor.New(1, h, w, 1)
	tensor.Resize(fine, &tensor.Tensor{Shape: []int{1, gh, gw, 1}, Data: heat.Data})
	out.IoU = overlap(l.hot(fine.Data), truth)
	return out, nil
}

func shapeOf(x *tensor.Tensor) string {
	if x == nil {
		return "nil"
	}
	return fmt.Sprint(x.Shape)
}

// inside returns 1 where a place lies in a box or near one, else 0.
func (l Localisation) inside(boxes []data.Box, x, y float64) float64 {
	for _, b := range boxes {
		if b.X1 <= b.X0 || b.Y1 <= b.Y0 {
			continue
		}
		dx := max(float64(b.X0)-x, x-float64(b.X1), 0)
		dy := max(float64(b.Y0)-y, y-float64(b.Y1), 0)
		if math.Hypot(dx, dy) <= l.Tolerance {
			return 1
		}
	}
	return 0
}

// consensus is how much each pixel, by its middle, is agreed to be of a source, [h w].
func (l Localisation) consensus(boxes []data.Box, h, w int) []float32 {
	out := make([]float32, h*w)
	agree := float32(max(l.Agree, 1))
	for y := range h {
		for x := range w {
			px, py := float32(x)+0.5, float32(y)+0.5
			n := float32(0)
			for _, b := range boxes {
				if px >= b.X0 && px < b.X1 && py >= b.Y0 && py < b.Y1 {
					n++
				}
			}
			out[y*w+x] = min(n/agree, 1)
		}
	}
	return out
}

// hot says which pixels of a map are.
func (l Localisation) hot(heat []float32) []bool {
	low, high := slices.Min(heat), slices.Max(heat)
	least := low + (high-low)/2
	if l.Part > 0 {
		sorted := slices.Clone(heat)
		slices.Sort(sorted)
		least = sorted[min(int(math.Round(float64(len(heat))*(1-l.Part))), len(heat)-1)]
	}
	out := make([]bool, len(heat))
	for i, v := range heat {
		out[i] = v >= least && v > low
	}
	return out
}

// overlap is Σ of the truth where it is hot, over Σ of the truth and the number of hot pixels without any.
func overlap(hot []bool, truth []float32) float64 {
	both, all := 0.0, 0.0
	for i, g := range truth {
		all += float64(g)
		if hot[i] {
			if both += float64(g); g == 0 {
				all++
			}
		}
	}
	return both / all
}

// overlapSteps is how many steps the thresholds of the overlap's curve have, from 0 to 1.
const overlapSteps = 20

// OverlapCurve returns which part of overlaps is at least 0, 0.05, ..., 1, and the area below that curve by trapezoids, as the authors of consensus IoU give it.
// Even overlaps of 0 have an area of 0.025, for all are at least 0. Of no overlaps both are nothing.
func OverlapCurve(overlaps []float64) (curve []float64, area float64) {
	if len(overlaps) == 0 {
		return nil, 0
	}
	curve = make([]float64, overlapSteps+1)
	for k := range curve {
		for _, o := range overlaps {
			if o >= float64(k)/overlapSteps {
				curve[k] += 1 / float64(len(overlaps))
			}
		}
		if k > 0 {
			area += (curve[k-1] + curve[k]) / 2 / overlapSteps
		}
	}
	return curve, area
}

// Scores returns what became of samples, all[row] being of row: how often the largest value lies in a box, against the middle of the picture; how often the overlap is
// at least a half; and the area below its curve. Intervals are over what rows depend on each other by, as everywhere.
func (l Localisation) Scores(of Sample, all []Localised) ([]Score, error) {
	if len(all) == 0 || len(all) != len(of.Index) {
		return nil, fmt.Errorf("%d heat maps of %d samples, want one each, 1 at least", len(all), len(of.Index))
	}
	n, hits, half, areas := make([]float64, len(all)), make([]float64, len(all)), make([]float64, len(all)), make([]float64, len(all))
	centre, random, mean := 0.0, 0.0, 0.0
	for row, o := range all {
		n[row], hits[row] = 1, o.Hit
		if o.IoU >= 0.5 {
			half[row] = 1
		}
		_, areas[row] = OverlapCurve([]float64{o.IoU})
		part := 1 / float64(len(all))
		centre, random, mean = centre+o.Centre*part, random+o.Random*part, mean+o.IoU*part
	}
	settings := map[string]any{"tolerance": l.Tolerance, "hot": "above the middle", "agree": max(l.Agree, 1)}
	if l.Part > 0 {
		settings["hot"] = l.Part
	}
	var out []Score
	for _, m := range []struct {
		of     metric.Metric
		values []float64
	}{
		{metric.Metric{Name: "in box", Unit: metric.Percent, Higher: true, Predictor: "centre", Trivial: centre}, hits},
		{metric.Metric{Name: "cIoU@0.5", Unit: metric.Percent, Higher: true}, half},
		{metric.Metric{Name: "cIoU AUC", Unit: metric.Percent, Higher: true}, areas},
	} {
		s := Score{Protocol: "localisation", Metric: m.of, Trivial: m.of.Trivial, Test: len(all), Settings: maps.Clone(settings), Found: map[string]any{}}
		for _, v := range m.values {
			s.Value += v / float64(len(all))
		}
		s.Found["random_pixel"], s.Found["mean_overlap"] = random, mean
		if in, over := spread(of, m.values, n); in != nil {
			s.Interval, s.Found["interval_over"] = in, over
		}
		out = append(out, s)
	}
	return out, nil
}
