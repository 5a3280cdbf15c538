package eval

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestLocalisation: overlaps, their curve and places of largest values are those of testdata/localise.py.
func TestLocalisation(t *testing.T) {
	var want struct {
		Rows []struct {
			I, GH, GW, Agree                          int
			Tolerance, Part, IoU, Hit, Centre, Random float64
			Boxes                                     []float32
		}
		Curve []float64
		Area  float64
	}
	golden.Load(t, "testdata/localise.json", &want)
	var overlaps []float64
	hits := 0.0
	for _, r := range want.Rows {
		u := make([]float32, 8)
		golden.Fill(u, fmt.Sprint("place", r.I), 1)
		heat := tensor.New(r.GH, r.GW)
		golden.Fill(heat.Data, fmt.Sprint("heat", r.I), 0.05)
		for i, v := range heat.Data {
			x, y := (float64(i%r.GW)+0.5)/float64(r.GW)-0.5-0.4*float64(u[0]), (float64(i/r.GW)+0.5)/float64(r.GH)-0.5-0.4*float64(u[1])
			heat.Data[i] = float32(math.Exp(-(x*x+y*y)*12) + float64(v))
		}
		var boxes []data.Box
		for b := r.Boxes; len(b) > 0; b = b[4:] {
			boxes = append(boxes, data.Box{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3]})
		}
		got, err := Localisation{Tolerance: r.Tolerance, Part: r.Part, Agree: r.Agree}.Of(heat, boxes, 60, 84)
		if err != nil || got.Hit != r.Hit || got.Centre != r.Centre || math.Abs(got.Random-r.Random) > 1e-9 || math.Abs(got.IoU-r.IoU) > 1e-9 {
			t.Errorf("%+v, %v, want %+v", got, err, r)
		}
		overlaps, hits = append(overlaps, got.IoU), hits+got.Hit
	}
	curve, area := OverlapCurve(overlaps)
	for k, v := range want.Curve {
		if math.Abs(curve[k]-v) > 1e-9 {
			t.Errorf("%g of the overlaps are at least %g, want %g", curve[k], float64(k)/20, v)
		}
	}
	if math.Abs(area-want.Area) > 1e-9 || len(want.Rows) != 36 || len(curve) != 21 || hits < 10 || hits > 30 {
		t.Errorf("area %g, want %g; %d maps, %g hits", area, want.Area, len(want.Rows), hits)
	}
}

// TestLocalisationByHand: a picture of 8 by 8 pixels, a map of 2 by 2 cells, a box around one of them.
func TestLocalisationByHand(t *testing.T) {
	heat := &tensor.Tensor{Shape: []int{2, 2}, Data: []float32{0, 0, 5, 0}} // below at the left: its middle is 2, 6
	box := []data.Box{{X0: 0, Y0: 4, X1: 4, Y1: 8}}
	got, err := Localisation{}.Of(heat, box, 8, 8)
	if err != nil || got.Hit != 1 || got.Centre != 1 || got.Random != 0.25 { // the middle lies on the box's corner
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		tolerance float64
		box       data.Box
		hit       float64
	}{
		{0, data.Box{X0: 5, Y0: 5, X1: 7, Y1: 7}, 0}, {2.9, data.Box{X0: 5, Y0: 5, X1: 7, Y1: 7}, 0}, {3, data.Box{X0: 5, Y0: 5, X1: 7, Y1: 7}, 1},
		{4.9, data.Box{X0: 5, Y0: 0, X1: 7, Y1: 2}, 0}, {5, data.Box{X0: 5, Y0: 0, X1: 7, Y1: 2}, 1}, {1, data.Box{X0: 1, Y0: 7, X1: 7, Y1: 8}, 1}, {1, data.Box{X0: 0, Y0: 1, X1: 1, Y1: 8}, 1},
	} {
		got, err := Localisation{Tolerance: c.tolerance}.Of(heat, []data.Box{c.box}, 8, 8)
		if err != nil || got.Hit != c.hit {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	// two equal cells, of which one lies in the box; a flat map is as good as a random cell
	heat.Data[3] = 5
	if got, err = (Localisation{}).Of(heat, box, 8, 8); err != nil || got.Hit != 0.5 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, l := range []Localisation{{}, {Part: 0.5}} {
		if got, err = l.Of(tensor.New(2, 2), box, 8, 8); err != nil || got.Hit != got.Random || got.IoU != 0 {
			t.Errorf("flat: %+v, %v", got, err)
		}
	}
	// a map of the picture's own size that is hot exactly in the box
	fine := tensor.New(8, 8)
	for y := 4; y < 8; y++ {
		for x := range 4 {
			fine.Data[8*y+x] = 1
		}
	}
	if got, err = (Localisation{}).Of(fine, box, 8, 8); err != nil || got.IoU != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	// an empty box beside does nothing, a second box of the other half halves what is found
	if got, err = (Localisation{}).Of(fine, append(box, data.Box{X0: 3, Y0: 3, X1: 3, Y1: 3}), 8, 8); err != nil || got.IoU != 1 || got.Random != 0.25 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = (Localisation{}).Of(fine, append(box, data.Box{X0: 4, Y0: 0, X1: 8, Y1: 4}), 8, 8); err != nil || got.IoU != 0.5 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestLocalisationEdges: a pixel is in a box that begins at its middle, and not in one that ends there; the smallest part that is hot is one cell.
func TestLocalisationEdges(t *testing.T) {
	corner := tensor.New(4, 4)
	corner.Data[5] = 1
	box := []data.Box{{X0: 1.5, Y0: 1.5, X1: 2.5, Y1: 2.5}}
	for _, l := range []Localisation{{}, {Part: 0.01}} {
		if got, err := l.Of(corner, box, 4, 4); err != nil || got.IoU != 1 {
			t.Errorf("%+v: %+v, %v", l, got, err)
		}
	}
}

// TestLocalisationSmallest: a picture of one pixel is one; a box without an inside has nothing in it, though the place lies on it.
func TestLocalisationSmallest(t *testing.T) {
	one := tensor.New(1, 1)
	one.Data[0] = 1
	if got, err := (Localisation{}).Of(one, []data.Box{{X1: 1, Y1: 1}}, 1, 1); err != nil || got.Hit != 1 || got.Centre != 1 || got.Random != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	heat := tensor.New(4, 4)
	heat.Data[5] = 1 // its middle is 1.5, 1.5
	far := data.Box{X0: 3, Y0: 3, X1: 4, Y1: 4}
	for _, flat := range []data.Box{{X0: 1.5, Y0: 1, X1: 1.5, Y1: 2}, {X0: 1, Y0: 1.5, X1: 2, Y1: 1.5}} {
		if got, err := (Localisation{}).Of(heat, []data.Box{flat, far}, 4, 4); err != nil || got.Hit != 0 || got.Random != 1./16 {
			t.Errorf("%+v: %+v, %v", flat, got, err)
		}
	}
}

func TestOverlapCurve(t *testing.T) {
	curve, area := OverlapCurve([]float64{1, 0})
	if curve[0] != 1 || curve[1] != 0.5 || curve[20] != 0.5 || math.Abs(area-(0.5+0.25/20)) > 1e-12 {
		t.Errorf("%v, area %g", curve, area)
	}
	if curve, area = OverlapCurve(nil); curve != nil || area != 0 {
		t.Errorf("of nothing %v, %g", curve, area)
	}
}

// TestLocalisationScores: means, beside the middle, with intervals over films.
func TestLocalisationScores(t *testing.T) {
	s := grouped(sampleOf(tensor.New(4, 1), []string{"a"}, make([]int, 4)), data.FilmGroup, 2, func(i int) int { return i / 2 })
	all := []Localised{{1, 1, 0.1, 0.6}, {1, 0, 0.2, 0.5}, {0, 0, 0.3, 0.7}, {0.5, 1, 0.4, 0}}
	got, err := Localisation{Part: 0.5}.Scores(s, all)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	in, half, area := got[0], got[1], got[2]
	if in.Metric.Name != "in box" || in.Value != 0.625 || in.Trivial != 0.5 || in.Metric.Predictor != "centre" || in.Metric.Trivial != 0.5 || math.Abs(in.Found["random_pixel"].(float64)-0.25) > 1e-12 || in.Test != 4 {
		t.Errorf("%+v", in)
	}
	if *in.Interval != [2]float64{0.25, 1} || in.Found["interval_over"] != "2 films" || in.Settings["hot"] != 0.5 || in.Settings["agree"] != 1 {
		t.Errorf("%v %v %v", *in.Interval, in.Found, in.Settings)
	}
	_, want := OverlapCurve([]float64{0.6, 0.5, 0.7, 0})
	if half.Metric.Name != "cIoU@0.5" || half.Value != 0.75 || area.Metric.Name != "cIoU AUC" || math.Abs(area.Value-want) > 1e-12 || math.Abs(area.Found["mean_overlap"].(float64)-0.45) > 1e-12 {
		t.Errorf("%+v, %+v, want %g", half, area, want)
	}
	if got, err = (Localisation{}).Scores(s, all); err != nil || got[0].Settings["hot"] != "above the middle" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = Localisation{}.Scores(s, all[:3])
	wantError(t, err, "3 heat maps of 4 samples")
}

func TestLocalisationTrouble(t *testing.T) {
	box := []data.Box{{X0: 0, Y0: 0, X1: 4, Y1: 4}}
	of := func(l Localisation, heat *tensor.Tensor, boxes []data.Box, h, w int) error {
		_, err := l.Of(heat, boxes, h, w)
		return err
	}
	flat := tensor.New(2, 2)
	wantError(t, of(Localisation{}, nil, box, 8, 8), "a heat map of a picture of 8 by 8 pixels is nil, want [H W]")
	wantError(t, of(Localisation{}, tensor.New(2, 2, 1), box, 8, 8), "is [2 2 1], want [H W]")
	wantError(t, of(Localisation{}, tensor.New(0, 2), box, 8, 8), "is [0 2]")
	wantError(t, of(Localisation{}, flat, box, 0, 8), "of 0 by 8 pixels")
	wantError(t, of(Localisation{}, flat, nil, 8, 8), "none of 0 boxes covers a pixel of a picture of 8 by 8")
	wantError(t, of(Localisation{}, flat, []data.Box{{X0: 9, Y0: 0, X1: 12, Y1: 4}}, 8, 8), "none of 1 boxes")
	wantError(t, of(Localisation{Tolerance: -1}, flat, box, 8, 8), "want none below 0")
	wantError(t, of(Localisation{Part: 1}, flat, box, 8, 8), "a part below 1")
	wantError(t, of(Localisation{Agree: -1}, flat, box, 8, 8), "-1 that agree")
	bad := tensor.New(2, 2)
	bad.Data[3] = float32(math.NaN())
	wantError(t, of(Localisation{}, bad, box, 8, 8), "the heat map has NaN in cell 1, 1")
}
