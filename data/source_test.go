package data

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// every is a source of everything: sample i tells its number wherever it is asked.
type every struct{ n int }

func (e every) Len() int                       { return e.n }
func (e every) Describe(i int) string          { return fmt.Sprint("sample ", i) }
func (e every) Image(i int) (*Image, error)    { return NewImage(i+1, 1), nil }
func (e every) Times(i int) ([]float64, error) { return []float64{float64(i)}, nil }
func (e every) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	for k, t := range frames {
		if err := each(k, NewImage(i+1, t+1)); err != nil {
			return err
		}
	}
	return nil
}
func (e every) Length(i int) (int, float64, error) { return i, 8000, nil }
func (e every) Sound(i, from, n int) ([]float32, error) {
	return []float32{float32(i), float32(from), float32(n)}, nil
}
func (e every) Open(i int) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(fmt.Sprint("text ", i))), nil
}
func (e every) Classes() []string                     { return []string{"a", "b"} }
func (e every) Label(i int) int                       { return i % 2 }
func (e every) Boxes(i int) ([]Box, error)            { return []Box{{Class: i}}, nil }
func (e every) KeyPoints(i int) ([]KeyPoint, error)   { return []KeyPoint{{X: float32(i)}}, nil }
func (e every) Mask(i int) (*tensor.Tensor, error)    { return tensor.New(1, i+1), nil }
func (e every) SegmentNames() []string                { return e.Classes() }
func (e every) Segment(i int) (*tensor.Tensor, error) { return tensor.New(4, i+1), nil }
func (e every) Depth(i int) (*tensor.Tensor, error)   { return tensor.New(2, i+1), nil }
func (e every) Normals(i int) (*tensor.Tensor, error) { return tensor.New(3, i+1), nil }
func (e every) Factors(i int) ([]Factor, error)       { return []Factor{{"size", float64(i)}}, nil }
func (e every) Variants() []string                    { return []string{"size"} }
func (e every) Variant(name string) Images            { return every{e.n + len(name)} }
func (e every) Size(i int) (h, w int, err error)      { return i, 2 * i, nil }
func (e every) Frame(i, t int) (FrameTruth, error) {
	return FrameTruth{Boxes: []Box{{Class: i, X0: float32(t)}}}, nil
}
func (e every) Groups() map[string][]string     { return map[string][]string{"pose": e.Classes()} }
func (e every) Group(name string, i, t int) int { return 100*len(name) + 10*i + t }

func everything(n int) *Dataset {
	e := every{n}
	return &Dataset{Name: "every:", Fingerprint: "f", Inputs: Inputs{e, e, e, e}, Truth: Truth{e, e, e, e, e, e, e, e, e, e, e, map[string]Labels{"kind": e}}}
}

// tell asks a data set for everything about sample i.
func tell(d *Dataset, i int) string {
	var out []any
	add := func(v any, err error) { out = append(out, v, err) }
	im, err := d.Images.Image(i)
	add(im.H, err)
	times, err := d.Clips.Times(i)
	add(times, err)
	clip, err := ClipOf(d.Clips, i, []int{2, 1})
	add(clip[0].H*10+clip[0].W, err)
	n, rate, err := d.Sounds.Length(i)
	add([]any{n, rate}, err)
	sound, err := d.Sounds.Sound(i, 3, 4)
	add(sound, err)
	r, err := d.Texts.Open(i)
	add(nil, err)
	text, err := io.ReadAll(r)
	add(string(text), err)
	add([]any{d.Describe(i), d.Images.Describe(i), d.Clips.Describe(i), d.Sounds.Describe(i), d.Texts.Describe(i)}, nil)
	t := d.Truth
	add([]any{t.Classes(), t.Label(i)}, nil)
	varied := t.Varied.Variant("size")
	add([]any{t.Varied.Variants(), varied.Describe(i)}, nil)
	factors, err := t.Factors.Factors(i)
	add(factors, err)
	frame, err := t.Frames.Frame(i, 3)
	add(frame.Boxes, err)
	add([]any{t.Frames.Groups(), t.Frames.Group("pose", i, 5), t.Groups["kind"].Label(i), t.Groups["kind"].Classes()}, nil)
	boxes, err := t.Boxes.Boxes(i)
	add(boxes, err)
	h, w, err := t.Sizes.Size(i)
	add([]int{h, w}, err)
	joints, err := t.KeyPoints.KeyPoints(i)
	add(joints, err)
	for _, f := range []func(int) (*tensor.Tensor, error){t.Masks.Mask, t.Segments.Segment, t.Depths.Depth, t.Normals.Normals} {
		x, err := f(i)
		add(x.Shape, err)
	}
	return fmt.Sprint(out...)
}

// TestSubset: a subset gives the chosen samples and the truth about them, whatever kind they are.
func TestSubset(t *testing.T) {
	d := everything(10)
	s := d.Subset([]int{7, 2, 9}, "part=some")
	for k, i := range []int{7, 2, 9} {
		if got, want := tell(s, k), tell(d, i); got != want {
			t.Errorf("sample %d of the subset is\n%s\nwant\n%s", k, got, want)
		}
	}
	if s.Len() != 3 || s.Clips.Len() != 3 || s.Sounds.Len() != 3 || s.Texts.Len() != 3 {
		t.Error("a subset has another number of samples")
	}
	if s.Name != "every:?part=some" || s.Subset([]int{1}, "n=1").Name != "every:?part=some&n=1" {
		t.Errorf("names %s", s.Name)
	}
	if s.Fingerprint == d.Fingerprint || s.Fingerprint == d.Subset([]int{7, 2}, "part=some").Fingerprint || s.Fingerprint == d.Subset([]int{7, 2, 9}, "part=other").Fingerprint {
		t.Error("fingerprints do not tell subsets apart")
	}
	if im, err := ImageFrame(s.Images, 1, func(h, w int) Frame { return Frame{0, 0, h, w, 2 * h, w} }); err != nil || im.H != 6 {
		t.Errorf("a frame of the subset: %v, %v", im, err)
	}
	none := (&Dataset{}).Subset(nil, "x")
	if none.Images != nil || none.Clips != nil || none.Sounds != nil || none.Texts != nil || !reflect.DeepEqual(none.Truth, Truth{}) {
		t.Error("a subset of nothing has something")
	}
}

// TestTruthIsApart: what a task is handed cannot be asked for labels.
func TestTruthIsApart(t *testing.T) {
	for _, of := range []string{"scenes:?n=4", "scenes:?n=4&side=16&split=test"} {
		d, err := Open(of, Train)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []any{d.Images, d.Subset([]int{0}, "x").Images} {
			if _, ok := in.(Labels); ok {
				t.Errorf("%T tells the labels", in)
			}
			if _, ok := in.(KeyPoints); ok {
				t.Errorf("%T tells the joints", in)
			}
		}
		if len(d.Truth.Classes()) == 0 {
			t.Errorf("%s has no classes", of)
		}
	}
	if (Truth{}).Label(3) != -1 || (Truth{}).Classes() != nil {
		t.Error("no truth knows a label")
	}
}

// TestKinds: what there is is said in words; samples are counted whatever they are.
func TestKinds(t *testing.T) {
	e := every{3}
	for want, in := range map[string]Inputs{"nothing": {}, "pictures": {Images: e}, "films and sounds": {Clips: e, Sounds: e}, "texts": {Texts: e}, "sounds": {Sounds: e}} {
		if in.Kinds() != want {
			t.Errorf("%q, want %q", in.Kinds(), want)
		}
		if n := in.Samples().Len(); n != 3 && want != "nothing" || want == "nothing" && n != 0 {
			t.Errorf("%s: %d samples", want, n)
		}
	}
	if (Inputs{}).Samples().Describe(0) != "" {
		t.Error("nothing has a name")
	}
}

// TestTestSplit: the data's own test split keeps the options that say what it is.
func TestTestSplit(t *testing.T) {
	for of, want := range map[string]string{"scenes:?n=10&side=16": "scenes?side=16&split=test", "cifar10:dir": "cifar10:dir?split=test", "folder:dir": "",
		"cifar10:dir?split=train&n=5": "cifar10:dir?split=test", "cifar10:dir?split=test": "", "scenes:?split=test&side=16&n=10": ""} {
		got, ok, err := TestSplit(of)
		if err != nil || ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %v, %v; want %q", of, got, ok, err, want)
		}
	}
	if _, _, err := TestSplit("zip:x"); err == nil || !strings.Contains(err.Error(), "folder:DIR") {
		t.Errorf("an unknown kind: %v", err)
	}
	if _, _, err := TestSplit("scenes?%zz"); err == nil {
		t.Error("a specification that does not parse passes")
	}
	d, err := Open("scenes:?n=30&side=16&split=test", Train)
	if err != nil || d.Len() != 30 || !strings.Contains(d.Name, "split=test") {
		t.Errorf("%v, %v", d, err)
	}
	for of, want := range map[string]int{"scenes:?side=16": 10000, "scenes:?side=16&split=test": 2000} {
		if d, err := Open(of, Train); err != nil || d.Len() != want {
			t.Errorf("%s has %v samples, want %d", of, d, want)
		}
	}
}

// TestSceneTruth: all that is known about scenes is told, each in its own form, and agrees with the scene.
func TestSceneTruth(t *testing.T) {
	d, err := Open("scenes:?n=40&side=32&objects=2", Train)
	if err != nil {
		t.Fatal(err)
	}
	s := NewScenes(40, 32, 1, Train)
	s.Objects = 2
	joints := 0
	for i := range 40 {
		want := s.Scene(i)
		boxes, _ := d.Truth.Boxes.Boxes(i)
		if len(boxes) > 0 && boxes[0].Class == want.Class && [4]float32{boxes[0].X0, boxes[0].Y0, boxes[0].X1, boxes[0].Y1} != want.Box {
			t.Errorf("scene %d: box %v, want %v", i, boxes[0], want.Box)
		}
		whole := 0
		for _, o := range want.Objects {
			if o.Class >= 0 && o.Box != [4]float32{} {
				whole++
			}
		}
		if len(boxes) != whole {
			t.Errorf("scene %d: %d boxes for %d objects that are seen", i, len(boxes), whole)
		}
		for _, b := range boxes {
			if b.Class < 0 || b.X1 <= b.X0 {
				t.Errorf("scene %d: box %v", i, b)
			}
		}
		mask, _ := d.Truth.Masks.Mask(i)
		depth, _ := d.Truth.Depths.Depth(i)
		normals, _ := d.Truth.Normals.Normals(i)
		for p := range 32 * 32 {
			if int(mask.Data[p]) != int(want.Instances[p]) || depth.Data[p] != want.Depth[p] || normals.Data[3*p+2] != want.Normals[3*p+2] {
				t.Fatalf("scene %d differs at pixel %d", i, p)
			}
		}
		points, _ := d.Truth.KeyPoints.KeyPoints(i)
		joints += len(points)
		for k, p := range points {
			if w := want.Points[k]; p != w {
				t.Errorf("scene %d: joint %v, want %v", i, p, w)
			}
		}
		factors, _ := d.Truth.Factors.Factors(i)
		if len(factors) == 0 || factors[0] != want.Factors[0] {
			t.Errorf("scene %d: factors %v", i, factors)
		}
		if d.Truth.Label(i) != want.Class {
			t.Errorf("scene %d: label %d, class %d", i, d.Truth.Label(i), want.Class)
		}
	}
	if joints == 0 {
		t.Error("no scene has joints")
	}
}
