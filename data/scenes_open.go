package data

import (
	"math"

	"github.com/tessera-go/tessera/internal/spec"
)

var scenesOptions = []spec.Option{
	{Name: "side", Default: "32", About: "pixels, 8 to 512"},
	{Name: "seed", Default: "1", About: "of what is drawn"},
}

// scenesCount is how many scenes a split has unless n says so.
var scenesCount = map[Split]int{Train: 10000, Test: 2000}

func openScenes(_ string, v *spec.Values, split Split) (*Dataset, error) {
	n := scenesCount[split]
	if v.Given("n") {
		n = v.Int("n", 1, math.MaxInt32)
	}
	side, seed := v.Int("side", 8, 512), v.Int("seed", 0, math.MaxInt)
	if err := v.Err(); err != nil {
		return nil, err
	}
	return NewScenes(n, side, uint64(seed), split).Dataset(), nil
}

// Dataset returns the scenes with what is known about them.
func (s *Scenes) Dataset() *Dataset {
	return &Dataset{Name: s.Name(), Fingerprint: s.Fingerprint(), Inputs: Inputs{Images: scenePictures{s}}, Truth: Truth{Labels: sceneTruth{s}}}
}

// scenePictures are the pictures of scenes alone.
type scenePictures struct{ s *Scenes }

func (p scenePictures) Len() int                    { return p.s.Len() }
func (p scenePictures) Describe(i int) string       { return p.s.Describe(i) }
func (p scenePictures) Image(i int) (*Image, error) { return p.s.Image(i) }

// sceneTruth is what is known about scenes.
type sceneTruth struct{ s *Scenes }

func (t sceneTruth) Classes() []string { return t.s.Classes() }
func (t sceneTruth) Label(i int) int   { return t.s.Label(i) }
