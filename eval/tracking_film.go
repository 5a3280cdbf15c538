package eval

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/track"
	"github.com/tessera-go/tessera/tensor"
)

// filmTrack is a film while it is followed.
type filmTrack struct {
	t      Tracking
	h, w   int // of the frames as the truth has them
	first  data.FrameTruth
	boxes  []track.Box // of the first frame
	labels int         // how many of the labels are objects; behind them are key points
	whole  *tensor.Tensor
	depths []*filmDepth
	dims   []int
	still  filmResult // what leaving everything where it was reaches
	object int        // objects of the first mask
}

// filmDepth is a film as followed by the features of a depth.
type filmDepth struct {
	carried *track.Propagation
	boxes   *track.Boxes
	result  filmResult
}

// filmResult is what was measured of a film.
type filmResult struct {
	j, f     [][]float64 // of each object, of each frame but the first
	overlaps [][]float64 // of each box, of each frame
	right, n int         // key points
}

// film follows film i by the features of all depths from one on.
func (t Tracking) film(ctx context.Context, e *TrunkEncoder, d *data.Dataset, i, from int) (*filmTrack, error) {
	times, err := d.Clips.Times(i)
	if err != nil {
		return nil, err
	}
	n := len(times)
	if t.Frames > 0 {
		n = min(n, t.Frames)
	}
	frames := make([]int, n)
	for k := range frames {
		frames[k] = k
	}
	f := &filmTrack{t: t}
	if f.first, err = d.Truth.Frames.Frame(i, 0); err != nil {
		return nil, err
	}
	err = d.Clips.Clip(i, frames, func(k int, im *data.Image) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		places, err := e.Places(Smaller(im, t.Side), from)
		if err != nil {
			return err
		}
		if k == 0 {
			f.begin(im, places)
			return nil
		}
		truth, err := d.Truth.Frames.Frame(i, k)
		if err == nil {
			f.next(places, truth, k == n-1)
		}
		return err
	})
	return f, err
}

// begin labels the first frame: by its mask, else by its boxes, and by its key points.
func (f *filmTrack) begin(im *data.Image, places []*tensor.Tensor) {
	f.h, f.w = im.H, im.W
	for _, b := range f.first.Boxes {
		f.boxes = append(f.boxes, track.Box{X0: float64(b.X0), Y0: float64(b.Y0), X1: float64(b.X1), Y1: float64(b.Y1)})
	}
	mask := f.first.Mask
	if mask != nil {
		for _, v := range mask.Data {
			f.object = max(f.object, int(v))
		}
	} else {
		mask = track.Fill(f.boxes, f.h, f.w)
	}
	f.labels = max(f.object, len(f.boxes))
	f.whole = mask
	for _, p := range places {
		h, w := p.Dim(0), p.Dim(1)
		labels := track.Cells(mask, h, w, f.labels)
		boxes := track.NewBoxes(f.boxes, labels, f.h, f.w)
		if points := visible(f.first.KeyPoints); len(points) > 0 {
			joined := tensor.New(h, w, f.labels+len(points))
			tensor.Concat(joined, 2, labels, track.Heat(points, h, w, f.h, f.w))
			labels = joined
		}
		f.dims = append(f.dims, p.Dim(2))
		f.depths = append(f.depths, &filmDepth{carried: track.NewPropagation(p, labels, f.t.Options), boxes: boxes})
	}
	all := append([]*filmResult{&f.still}, f.results()...)
	for _, r := range all {
		r.j, r.f, r.overlaps = make([][]float64, f.object), make([][]float64, f.object), make([][]float64, len(f.boxes))
		for k, b := range f.boxes {
			if !b.Empty() {
				r.overlaps[k] = append(r.overlaps[k], 1) // OTB counts the first frame
			}
		}
	}
}

func (f *filmTrack) results() (out []*filmResult) {
	for _, d := range f.depths {
		out = append(out, &d.result)
	}
	return out
}

// visible returns the key points that are seen; one that is not seen lies outside the picture.
func visible(all []data.KeyPoint) (out []track.Point) {
	for _, p := range all {
		if !p.Visible {
			out = append(out, track.Point{X: -1, Y: -1})
			continue
		}
		out = append(out, track.Point{X: float64(p.X), Y: float64(p.Y)})
	}
	return out
}

// next follows to the next frame and trackMeasures.
func (f *filmTrack) next(places []*tensor.Tensor, truth data.FrameTruth, last bool) {
	points := visible(f.first.KeyPoints)
	f.measure(&f.still, f.whole, f.boxes, points, nil, truth, last)
	for k, d := range f.depths {
		labels := d.carried.Next(places[k])
		objects := labels
		var found []track.Point
		var ok []bool
		if len(points) > 0 {
			objects = tensor.New(labels.Dim(0), labels.Dim(1), f.labels)
			tensor.Slice(objects, labels, 2, 0, 1)
			heat := tensor.New(labels.Dim(0), labels.Dim(1), len(points))
			tensor.Slice(heat, labels, 2, f.labels, 1)
			found, ok = track.Points(heat, f.h, f.w)
		}
		var mask *tensor.Tensor
		if truth.Mask != nil && f.object > 0 {
			mask = track.Mask(objects, f.h, f.w)
		}
		f.measure(&d.result, mask, d.boxes.Next(objects), found, ok, truth, last)
	}
}

// measure compares what was carried to a frame with what is known of it. DAVIS leaves the last frame out; ok is nil where all points are there.
func (f *filmTrack) measure(r *filmResult, mask *tensor.Tensor, boxes []track.Box, points []track.Point, ok []bool, truth data.FrameTruth, last bool) {
	if truth.Mask != nil && !last {
		for k := range f.object {
			got, want := track.Object(mask, k+1), track.Object(truth.Mask, k+1)
			r.j[k], r.f[k] = append(r.j[k], track.Region(got, want)), append(r.f[k], track.Boundary(got, want, f.h, f.w))
		}
	}
	for k, b := range boxes {
		if k >= len(truth.Boxes) || f.boxes[k].Empty() {
			continue
		}
		t := truth.Boxes[k]
		if want := (track.Box{X0: float64(t.X0), Y0: float64(t.Y0), X1: float64(t.X1), Y1: float64(t.Y1)}); !want.Empty() {
			r.overlaps[k] = append(r.overlaps[k], track.Overlap(b, want))
		}
	}
	size := figure(truth.KeyPoints)
	for k, p := range points {
		if k >= len(truth.KeyPoints) || !truth.KeyPoints[k].Visible || !f.first.KeyPoints[k].Visible {
			continue
		}
		r.n++
		if want := truth.KeyPoints[k]; (ok == nil || ok[k]) && track.Near(p, track.Point{X: float64(want.X), Y: float64(want.Y)}, pckPart, size) {
			r.right++
		}
	}
}

// pckPart is how far a key point may be off, as part of the figure's larger side.
const pckPart = 0.1

// figure returns the larger side of the box around key points.
func figure(points []data.KeyPoint) float64 {
	if len(points) == 0 {
		return 0
	}
	x0, y0, x1, y1 := points[0].X, points[0].Y, points[0].X, points[0].Y
	for _, p := range points {
		x0, y0, x1, y1 = min(x0, p.X), min(y0, p.Y), max(x1, p.X), max(y1, p.Y)
	}
	return float64(max(x1-x0, y1-y0))
}

// trackTally gathers the films of a depth.
type trackTally struct {
	still, got trackPool
	parts      map[string][]Part
}

// trackPool are the measurements of all films.
type trackPool struct {
	j, f      []float64 // the mean of each object
	recall    []float64 // which part of its frames has a J above a half
	overlaps  []float64 // of all frames
	areas     []float64 // below the success curve of each box
	right, n  int
	frames    int
	objects   int
	boxFrames int
}

func mean(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v / float64(len(all))
	}
	return sum
}

// add adds a film's measurements.
func (p *trackPool) add(r *filmResult) (jf, area, pck float64) {
	var ofJ, ofF, ofArea []float64
	for k := range r.j {
		if len(r.j[k]) == 0 {
			continue
		}
		ofJ, ofF = append(ofJ, mean(r.j[k])), append(ofF, mean(r.f[k]))
		high := 0.0
		for _, v := range r.j[k] {
			if v > 0.5 {
				high += 1 / float64(len(r.j[k]))
			}
		}
		p.recall, p.frames = append(p.recall, high), p.frames+len(r.j[k])
	}
	p.j, p.f, p.objects = append(p.j, ofJ...), append(p.f, ofF...), p.objects+len(ofJ)
	for _, o := range r.overlaps {
		if len(o) > 1 {
			_, a := track.Success(o)
			ofArea = append(ofArea, a)
			p.overlaps, p.boxFrames = append(p.overlaps, o...), p.boxFrames+len(o)
		}
	}
	p.areas = append(p.areas, ofArea...)
	p.right, p.n = p.right+r.right, p.n+r.n
	return (mean(ofJ) + mean(ofF)) / 2, mean(ofArea), float64(r.right) / float64(max(r.n, 1))
}

// add adds film f by its depth k.
func (t *trackTally) add(f *filmTrack, k int, name string) {
	if t.parts == nil {
		t.parts = map[string][]Part{}
	}
	t.still.add(&f.still)
	r := &f.depths[k].result
	jf, area, pck := t.got.add(r)
	count := func(all [][]float64, least int) (n int) {
		for _, a := range all {
			if len(a) >= least {
				n += len(a)
			}
		}
		return n
	}
	name = filepath.Base(name)
	for _, p := range []struct {
		measure string
		value   float64
		n       int
	}{{"masks", jf, count(r.j, 1)}, {"boxes", area, count(r.overlaps, 2)}, {"points", pck, r.n}} {
		if p.n > 0 {
			t.parts[p.measure] = append(t.parts[p.measure], Part{Name: name, Value: p.value, N: p.n})
		}
	}
}

// scores returns those of what was measured.
func (t *trackTally) scores() (out []Score) {
	for _, m := range trackMeasures {
		if len(t.parts[m]) == 0 {
			continue
		}
		s := Score{Protocol: "track-" + m, Metric: trackMetrics[m], Parts: t.parts[m], Settings: map[string]any{}, Found: map[string]any{"films": len(t.parts[m])}}
		switch m {
		case "masks":
			s.Value, s.Trivial, s.Test = (mean(t.got.j)+mean(t.got.f))/2, (mean(t.still.j)+mean(t.still.f))/2, t.got.frames
			s.Found["j"], s.Found["f"], s.Found["j_recall"], s.Found["objects"] = mean(t.got.j), mean(t.got.f), mean(t.got.recall), t.got.objects
		case "boxes":
			curve, _ := track.Success(t.got.overlaps)
			s.Value, s.Trivial, s.Test = mean(t.got.areas), mean(t.still.areas), t.got.boxFrames
			s.Found["success"], s.Found["overlap"] = curve, mean(t.got.overlaps)
		case "points":
			s.Value, s.Trivial, s.Test = float64(t.got.right)/float64(max(t.got.n, 1)), float64(t.still.right)/float64(max(t.still.n, 1)), t.got.n
		}
		s.Metric.Trivial = s.Trivial
		out = append(out, s)
	}
	return out
}

// WriteTracks writes the scores of Tracking as a table for a terminal, and of those of a single depth the films, a line each.
func WriteTracks(w io.Writer, scores []Score) error {
	stages := map[string]bool{}
	_, err := fmt.Fprintf(w, "%-12s %-12s %-8s %-12s %9s %11s %7s\n", "protocol", "features", "stage", "metric", "score", "first frame", "judged")
	for _, s := range scores {
		stages[s.Stage] = true
		if err == nil {
			_, err = fmt.Fprintf(w, "%-12s %-12.12s %-8s %-12s %9s %11s %7d\n", s.Protocol, s.Features, s.Stage, s.Metric.Name, s.Metric.Format(s.Value), s.Metric.Format(s.Trivial), s.Test)
		}
	}
	if len(stages) > 1 {
		return err
	}
	for _, s := range scores {
		for _, p := range s.Parts {
			if err == nil {
				_, err = fmt.Fprintf(w, "  %-10s %-12.12s %-21.21s %9s %19s %d\n", s.Protocol[len("track-"):], s.Features, p.Name, s.Metric.Format(p.Value), "of", p.N)
			}
		}
	}
	return err
}
