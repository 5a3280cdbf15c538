package metric

import (
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// judged is a case of testdata/detection.py.
type judged struct {
	Classes             int
	Objects, Detections [][]float64
	Stats               []float64
	Each, Area, Eleven  []*float64
}

func (j judged) boxes() (d []Detection, o []Object) {
	for _, r := range j.Objects {
		o = append(o, Object{Image: int(r[0]), Class: int(r[1]), Box: [4]float64(r[2:6]), Ignore: r[6] == 1, Crowd: r[7] == 1, Area: r[8]})
	}
	for _, r := range j.Detections {
		d = append(d, Detection{Image: int(r[0]), Class: int(r[1]), Score: r[2], Box: [4]float64(r[3:7])})
	}
	return d, o
}

type judgedCases struct {
	COCO, VOC []judged
	People    struct {
		Figures, Poses [][]float64
		Stats          []float64
	}
}

// agree compares numbers with those of a reference, which has -1 or nothing where there is none.
func agree(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i, v := range got {
		if want[i] < 0 {
			want[i] = math.NaN()
		}
		if math.IsNaN(v) != math.IsNaN(want[i]) || math.Abs(v-want[i]) > 1e-12 {
			t.Errorf("%s, number %d: %.15f, want %.15f", what, i, v, want[i])
		}
	}
}

func known(x []*float64) (v []float64) {
	for _, p := range x {
		if p == nil {
			v = append(v, -1)
		} else {
			v = append(v, *p)
		}
	}
	return v
}

// TestCOCOPycocotools: crowds, equal scores, more than a hundred detections, pictures and classes without objects or detections; testdata/detection.py.
func TestCOCOPycocotools(t *testing.T) {
	var of judgedCases
	golden.Load(t, "testdata/detection.json", &of)
	if len(of.COCO) != 3 {
		t.Errorf("%d cases", len(of.COCO))
	}
	for _, j := range of.COCO {
		d, o := j.boxes()
		s := COCO(d, o, j.Classes)
		agree(t, "COCO", []float64{s.AP, s.AP50, s.AP75, s.APSmall, s.APMedium, s.APLarge, s.AR1, s.AR10, s.AR100, s.ARSmall, s.ARMedium, s.ARLarge}, j.Stats)
		agree(t, "AP of each class", s.Class, known(j.Each))
	}
}

// TestVOCGluonCV: the area of each class, and the eleven points where GluonCV's rounding of tenths cannot matter.
func TestVOCGluonCV(t *testing.T) {
	var of judgedCases
	golden.Load(t, "testdata/detection.json", &of)
	compared := 0
	for _, j := range of.VOC {
		d, o := j.boxes()
		s := VOC(d, o, j.Classes, VOCOptions{PlusOne: true})
		agree(t, "area", s.Area, known(j.Area))
		for c, p := range j.Eleven {
			if p != nil {
				agree(t, "eleven points", s.Eleven[c:c+1], []float64{*p})
				compared++
			}
		}
		if want := meanKnown(s.Area); s.MeanArea != want || math.IsNaN(want) || s.MeanEleven != meanKnown(s.Eleven) {
			t.Errorf("means %g and %g", s.MeanArea, s.MeanEleven)
		}
	}
	if compared < 4 {
		t.Errorf("%d classes had eleven points", compared)
	}
}

// TestVOCByHand: what the reference's cases leave out.
func TestVOCByHand(t *testing.T) {
	box := [4]float64{0, 0, 10, 10}
	half := [4]float64{0, 0, 10, 5} // overlaps box by exactly one half
	o := []Object{{Box: box}, {Image: 1, Box: box}}
	for _, c := range []struct {
		name string
		d    []Detection
		opt  VOCOptions
		area float64
	}{
		{"at the threshold", []Detection{{Box: half}}, VOCOptions{}, 0.5},
		{"above it", []Detection{{Box: half}}, VOCOptions{IoU: 0.51}, 0},
		{"last pixels count", []Detection{{Box: half}}, VOCOptions{IoU: 0.51, PlusOne: true}, 0.5}, // 66 of 121 pixels
		{"equal scores, right first", []Detection{{Box: box}, {Box: half, Image: 2}}, VOCOptions{}, 0.5},
		{"equal scores, wrong first", []Detection{{Box: half, Image: 2}, {Box: box}}, VOCOptions{}, 0.25},
		{"nothing found", nil, VOCOptions{}, 0},
	} {
		s := VOC(c.d, o, 1, c.opt)
		if math.Abs(s.Area[0]-c.area) > 1e-15 {
			t.Errorf("%s: %g, want %g", c.name, s.Area[0], c.area)
		}
	}
	// A tenth is a tenth: three of ten objects are a recall of 0.3.
	var ten []Object
	var three []Detection
	for i := range 10 {
		ten = append(ten, Object{Image: i, Box: box})
		if i < 3 {
			three = append(three, Detection{Image: i, Box: box})
		}
	}
	if s := VOC(three, ten, 1, VOCOptions{}); math.Abs(s.Eleven[0]-4.0/11) > 1e-15 {
		t.Errorf("three of ten found: %g, want 4/11", s.Eleven[0])
	}
}

// TestCOCOIgnore: an object to ignore excuses one detection, a crowd any number.
func TestCOCOIgnore(t *testing.T) {
	box := [4]float64{0, 0, 40, 40}
	o := []Object{{Image: 0, Box: box}, {Image: 1, Box: box}}
	d := []Detection{{Image: 1, Score: 0.9, Box: box}, {Image: 1, Score: 0.8, Box: box}, {Image: 0, Score: 0.1, Box: box}}
	for _, c := range []struct {
		ignore, crowd bool
		want          float64
	}{{false, false, (51*1 + 50*2.0/3) / 101}, {true, false, 0.5}, {false, true, 1}} {
		o[1].Ignore, o[1].Crowd = c.ignore, c.crowd
		if s := COCO(d, o, 1); math.Abs(s.AP-c.want) > 1e-12 {
			t.Errorf("ignore %v, crowd %v: %.9f, want %.9f", c.ignore, c.crowd, s.AP, c.want)
		}
	}
	if s := COCO(nil, nil, 2); !math.IsNaN(s.AP) || !math.IsNaN(s.AR100) || len(s.Class) != 2 {
		t.Errorf("of nothing: %+v", s)
	}
}

// TestBoxesOrder: pictures may come in any order, and what is handed over stays as it is.
func TestBoxesOrder(t *testing.T) {
	var of judgedCases
	golden.Load(t, "testdata/detection.json", &of)
	d, o := of.COCO[0].boxes()
	a := COCO(d, o, of.COCO[0].Classes)
	was := slices.Clone(d)
	slices.Reverse(o)
	slices.SortStableFunc(d, func(a, b Detection) int { return b.Image - a.Image })
	if b := COCO(d, o, of.COCO[0].Classes); math.Abs(a.AP-b.AP) > 1e-12 || math.Abs(a.AR10-b.AR10) > 1e-12 {
		t.Errorf("%g and %g, %g and %g", a.AP, b.AP, a.AR10, b.AR10)
	}
	slices.SortStableFunc(was, func(a, b Detection) int { return b.Image - a.Image })
	if !slices.Equal(d, was) {
		t.Error("the detections were changed")
	}
}

// TestPosesPycocotools: figures without marks, crowds, equal scores, more than twenty poses; testdata/detection.py.
func TestPosesPycocotools(t *testing.T) {
	var of judgedCases
	golden.Load(t, "testdata/detection.json", &of)
	points := func(x []float64, step int) (p [][2]float64) {
		for i := 0; i < len(x); i += step {
			p = append(p, [2]float64{x[i], x[i+1]})
		}
		return p
	}
	var d []Pose
	var o []Figure
	for _, r := range of.People.Figures {
		f := Figure{Image: int(r[0]), Crowd: r[1] == 1, Area: r[2], Box: [4]float64(r[3:7]), Points: points(r[7:], 3)}
		for i := 9; i < len(r); i += 3 {
			f.Marked = append(f.Marked, r[i] > 0)
		}
		o = append(o, f)
	}
	for _, r := range of.People.Poses {
		d = append(d, Pose{Image: int(r[0]), Score: r[1], Points: points(r[2:], 2)})
	}
	s := Poses(d, o, COCOSigmas)
	agree(t, "poses", []float64{s.AP, s.AP50, s.AP75, s.APMedium, s.APLarge, s.AR, s.AR50, s.AR75, s.ARMedium, s.ARLarge}, of.People.Stats)
}

func TestBoxesPanic(t *testing.T) {
	nan := math.NaN()
	for name, f := range map[string]func(){
		"a class too many": func() { COCO([]Detection{{Class: 2}}, nil, 2) },
		"a class below 0":  func() { VOC(nil, []Object{{Class: -1}}, 2, VOCOptions{}) },
		"a score":          func() { COCO([]Detection{{Score: nan}}, nil, 2) },
		"a box":            func() { VOC([]Detection{{Box: [4]float64{0, 0, nan, 1}}}, nil, 2, VOCOptions{}) },
		"points":           func() { Poses([]Pose{{Points: make([][2]float64, 3)}}, nil, COCOSigmas) },
		"marks":            func() { Poses(nil, []Figure{{Points: make([][2]float64, 17)}}, COCOSigmas) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestThresholds: numpy's linspace has 0.9 a little too small.
func TestThresholds(t *testing.T) {
	if want := [10]float64{0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0x1.cccccccccccccp-1, 0.95}; cocoThresholds != want {
		t.Errorf("%x, want %x", cocoThresholds, want)
	}
}

// TestVOCDrawn: pictures that are there so many times have the precision of a set in which they are repeated.
func TestVOCDrawn(t *testing.T) {
	var of judgedCases
	golden.Load(t, "testdata/detection.json", &of)
	for k, j := range of.VOC {
		d, o := j.boxes()
		images := 0
		for _, at := range o {
			images = max(images, at.Image+1)
		}
		for i := range d {
			images = max(images, d[i].Image+1)
			d[i].Score += 1e-9 * float64(i) // none equal: their order would be another in a repeated set
		}
		judged := JudgeVOC(d, o, j.Classes, VOCOptions{})
		if got, want := judged.MeanArea(nil), VOC(d, o, j.Classes, VOCOptions{}).MeanArea; math.Abs(got-want) > 1e-12 {
			t.Errorf("case %d: %g, want %g", k, got, want)
		}
		for draw := range 5 {
			times := make([]int, images)
			for i := range times {
				times[i] = (i*7 + draw*3 + i*i*draw) % 4
			}
			var many []Detection
			var there []Object
			for _, at := range d {
				for n := range times[at.Image] {
					at := at
					at.Image += n * images
					many = append(many, at)
				}
			}
			for _, at := range o {
				for n := range times[at.Image] {
					at := at
					at.Image += n * images
					there = append(there, at)
				}
			}
			got, want := judged.MeanArea(times), VOC(many, there, j.Classes, VOCOptions{}).MeanArea
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-12 {
				t.Errorf("case %d, times %v: %.15f, want %.15f", k, times, got, want)
			}
		}
	}
}
