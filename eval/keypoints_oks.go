package eval

import (
	"context"
	"strings"

	"github.com/tessera-go/tessera/metric"
)

// cocoJoints are COCO's key points, in the order of metric.COCOSigmas.
var cocoJoints = strings.Split("nose,left eye,right eye,left ear,right ear,left shoulder,right shoulder,left elbow,right elbow,left wrist,right wrist,left hip,right hip,left knee,right knee,"+
	"left ankle,right ankle", ",")

// sigmas are how far people who mark joints differ, in parts of the root of a person's area: COCO's of joints that COCO has by these names, of others the mean of COCO's
// (0.067).
func sigmas(names []string) []float64 {
	known, mean := map[string]float64{}, 0.0
	for k, name := range cocoJoints {
		known[name] = metric.COCOSigmas[k]
		mean += metric.COCOSigmas[k] / float64(len(cocoJoints))
	}
	out := make([]float64, len(names))
	for j, name := range names {
		if out[j] = mean; known[name] > 0 {
			out[j] = known[name]
		}
	}
	return out
}

// figures are the people of the rows, in sides of the square that is seen of each. A row's person is as large as the box of all joints that are known of it; who has none that
// is seen, or no area, is left out.
func (p *Posed) figures() (out []metric.Figure) {
	joints := len(p.Names)
	for row := range p.At.Dim(0) {
		f := metric.Figure{Image: row, Points: make([][2]float64, joints), Marked: make([]bool, joints), Box: p.around[row]}
		seen := false
		for j := range joints {
			at := (row*joints + j) * 2
			f.Points[j] = [2]float64{float64(p.At.Data[at]), float64(p.At.Data[at+1])}
			f.Marked[j] = p.Known.Data[at] > 0
			seen = seen || f.Marked[j]
		}
		if seen && f.Box[2] > f.Box[0] && f.Box[3] > f.Box[1] {
			out = append(out, f)
		}
	}
	return out
}

// poses are one guess of each of the rows that have a figure.
func (p *Posed) poses(of []metric.Figure, got func(row, j int) (x, y float64), sure []float64) (out []metric.Pose) {
	for _, f := range of {
		pose := metric.Pose{Image: f.Image, Score: 1, Points: make([][2]float64, len(p.Names))}
		if sure != nil {
			pose.Score = sure[f.Image]
		}
		for j := range pose.Points {
			x, y := got(f.Image, j)
			pose.Points[j] = [2]float64{x, y}
		}
		out = append(out, pose)
	}
	return out
}

// oks is COCO's average precision of poses by object key point similarity (metric.Poses), its interval and its parts; ok is false where no row has a person to be found.
func (p *Posed) oks(ctx context.Context, of Sample, got, trivial func(row, j int) (x, y float64), sure []float64, o Options) (s Score, ok bool, err error) {
	there := p.figures()
	if len(there) == 0 {
		return Score{}, false, nil
	}
	sig := sigmas(p.Names)
	judged := metric.JudgePoses(p.poses(there, got, sure), there, sig)
	v, blind := judged.Scores(), metric.Poses(p.poses(there, trivial, nil), there, sig)
	s.Metric = metric.Metric{Name: "OKS AP", Unit: metric.Percent, Higher: true, Trivial: blind.AP}
	s.Value, s.Trivial, s.Test = v.AP, blind.AP, len(there)
	for _, part := range []struct {
		name  string
		value float64
	}{{"AP50", v.AP50}, {"AP75", v.AP75}} {
		s.Parts = append(s.Parts, Part{Name: part.name, Value: part.value, N: len(there)})
	}
	in, over, err := Redrawn(ctx, of, s.Metric.Name, o, func(times []int) []float64 { return []float64{judged.AP(times)} })
	if len(in) > 0 && in[0] != nil {
		s.Interval, s.Found = Basic(s.Value, in[0]), map[string]any{"interval_over": over}
	}
	return s, err == nil, err
}

// Basic is the basic interval (Davison and Hinkley 1997, equation 5.6) of a value in 0 to 1 by that of drawn samples. It is for average precision: precision is raised to
// the largest at a higher recall, so drawn sets, with fewer different samples, have too high a value, and the percentiles themselves would lie above it.
func Basic(value float64, drawn *[2]float64) *[2]float64 {
	return &[2]float64{max(0, 2*value-drawn[1]), min(1, 2*value-drawn[0])}
}
