package data

import (
	"math"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

var scenesOptions = append([]spec.Option{
	{Name: "side", Default: "32", About: "pixels, 8 to 512"},
	{Name: "objects", Default: "1", About: "of a class in each scene, 1 to 8; the label is the first one's. In films with sound 1 to 4, or two to four, as drawn"},
	{Name: "frames", About: "films of people who act, of so many frames, 2 to 600, where pictures are the default"},
	{Name: "sound", Default: "no", About: "yes for films of instruments with their sound, of 36 frames unless frames says so"},
	{Name: "hz", Default: "16000", About: "values of sound a second, 8000 to 48000"},
	{Name: "rate", Default: "12", About: "frames a second of films, 1 to 120"},
	{Name: "seed", Default: "1", About: "of what is drawn"},
}, framesOptions...)

// scenesCount is how many scenes a split has unless n says so.
var scenesCount = map[Split]int{Train: 10000, Test: 2000}

// filmsCount is the same of films.
var filmsCount = map[Split]int{Train: 2000, Test: 400}

// soundFrames is how many frames films with sound have unless frames says so.
const soundFrames = 36

func openScenes(_ string, v *spec.Values, split Split) (*Dataset, error) {
	sound := v.Given("sound") && v.Bool("sound")
	n, films := scenesCount[split], v.Given("frames") || sound
	if films {
		n = filmsCount[split]
	}
	if v.Given("n") {
		n = v.Int("n", 1, math.MaxInt32)
	}
	side, seed := v.Int("side", 8, 512), v.Int("seed", 0, math.MaxInt)
	for _, o := range []struct {
		name  string
		films bool
	}{{"objects", false}, {"rate", true}} {
		if v.Given(o.name) && o.films != films && !(sound && o.name == "objects") {
			v.Fail("option %s is of %s; frames=N makes films", o.name, map[bool]string{true: "films", false: "pictures"}[o.films])
		}
	}
	if v.Given("hz") && !sound {
		v.Fail("option hz is of films with sound; sound=yes makes them")
	}
	if films {
		frames, rate := soundFrames, v.Float("rate", 1, 120)
		if v.Given("frames") {
			frames = v.Int("frames", 2, 600)
		}
		hz := v.Int("hz", 8000, 48000)
		if err := v.Err(); err != nil {
			return nil, err
		}
		if sound {
			return openSceneSounds(v, NewSceneSounds(n, side, frames, rate, hz, uint64(seed), split))
		}
		return NewSceneFilms(n, side, frames, rate, uint64(seed), split).Dataset(), nil
	}
	objects := v.Int("objects", 1, 8)
	if err := v.Err(); err != nil {
		return nil, err
	}
	s := NewScenes(n, side, uint64(seed), split)
	s.Objects = objects
	return s.Dataset(), nil
}

func openSceneSounds(v *spec.Values, s *SceneSounds) (*Dataset, error) {
	if v.Given("objects") {
		s.Objects = v.Int("objects", 1, 4)
	}
	return s.Dataset(), v.Err()
}

// Dataset returns the scenes with what is known about them: all of Truth.
func (s *Scenes) Dataset() *Dataset {
	t := sceneTruth{s}
	return &Dataset{Name: s.Name(), Fingerprint: s.Fingerprint(), Inputs: Inputs{Images: scenePictures{s}}, Truth: Truth{Labels: t, Boxes: t, KeyPoints: t, Masks: t, Segments: t, Depths: t, Normals: t, Factors: t, Varied: t, Sizes: t}}
}

// scenePictures are the pictures of scenes alone.
type scenePictures struct{ s *Scenes }

func (p scenePictures) Len() int                    { return p.s.Len() }
func (p scenePictures) Describe(i int) string       { return p.s.Describe(i) }
func (p scenePictures) Image(i int) (*Image, error) { return p.s.Image(i) }

// sceneTruth is what is known about scenes. A scene is drawn for each question but that for the label.
type sceneTruth struct{ s *Scenes }

func (t sceneTruth) Classes() []string { return t.s.Classes() }
func (t sceneTruth) Label(i int) int   { return t.s.Label(i) }

// Boxes returns the visible extents of the objects that have a class.
func (t sceneTruth) Boxes(i int) ([]Box, error) {
	var out []Box
	for _, o := range t.s.Scene(i).Objects {
		if b := o.Box; o.Class >= 0 && b[2] > b[0] {
			out = append(out, Box{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3], Class: o.Class})
		}
	}
	return out, nil
}

// KeyPoints returns those of the object that the picture is of.
func (t sceneTruth) KeyPoints(i int) ([]KeyPoint, error) {
	return t.s.Scene(i).Points, nil
}

// Mask returns the number of the object that is seen at each pixel.
func (t sceneTruth) Mask(i int) (*tensor.Tensor, error) {
	s := t.s.Scene(i)
	x := tensor.New(t.s.Side, t.s.Side)
	for p, v := range s.Instances {
		x.Data[p] = float32(v)
	}
	return x, nil
}

// SegmentNames returns background and the objects' names.
func (t sceneTruth) SegmentNames() []string { return append([]string{"background"}, sceneClasses...) }

// Segment returns the class of the object that is seen at each pixel, clutter being background.
func (t sceneTruth) Segment(i int) (*tensor.Tensor, error) {
	s := t.s.Scene(i)
	x := tensor.New(t.s.Side, t.s.Side)
	for p, v := range s.Instances {
		if v > 0 {
			x.Data[p] = float32(s.Objects[v-1].Class + 1)
		}
	}
	return x, nil
}

func (t sceneTruth) Depth(i int) (*tensor.Tensor, error) {
	return tensor.From(t.s.Scene(i).Depth, t.s.Side, t.s.Side), nil
}

func (t sceneTruth) Normals(i int) (*tensor.Tensor, error) {
	return tensor.From(t.s.Scene(i).Normals, t.s.Side, t.s.Side, 3), nil
}

func (t sceneTruth) Size(int) (h, w int, err error) { return t.s.Side, t.s.Side, nil }

func (t sceneTruth) Factors(i int) ([]Factor, error) { return t.s.Scene(i).Factors, nil }
