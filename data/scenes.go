package data

import (
	"fmt"

	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// Scenes is a procedural source: an object of one of twenty classes, solid, lit and upright, before a background that
// correlates with nothing, among clutter. What is drawn depends on the seed, the split and the sample's number alone; the side
// says only how finely. Nothing is kept: a scene is drawn each time it is asked for.
type Scenes struct {
	N, Side int
	Seed    uint64
	Split   Split
	Objects int // of a class in each scene; 0 means 1
}

// Scene is a picture with its ground truth. Places are in pixels from the upper left corner, x right and y down; boxes are x0, y0, x1, y1
// and hold whole pixels. Directions are the camera's: x right, y down, z away from it.
type Scene struct {
	Image *Image

	// The object that the picture is of; the same as Objects[0].
	Class  int
	Box    [4]float32 // of its visible pixels; zero if there are none
	Full   [4]float32 // of the pixels that it would touch if nothing stood before it; may reach out of the picture
	Points []KeyPoint // joints of animals and people, inside the body, left and right the figure's own; nil for others
	Mask   []bool     // [H W], its visible pixels

	Objects   []Object  // all objects; those of class -1 are clutter
	Instances []uint8   // [H W], number in Objects + 1 of what is seen there, 0 for the background
	Depth     []float32 // [H W], along the camera's axis; an object stands at about 5, the sky at 100
	Normals   []float32 // [H W 3], unit, of what is seen; of the sky towards the camera
	Factors   []Factor  // what the scene was made from; angles in radians, hues in turns, places in sides of the picture
}

// Object is one of a scene's objects.
type Object struct {
	Class  int
	Box    [4]float32
	Full   [4]float32
	Points []KeyPoint
}

// Factor is one of the numbers that a scene was made from.
type Factor struct {
	Name  string
	Value float64
}

// NewScenes returns n scenes of side by side pixels.
func NewScenes(n, side int, seed uint64, split Split) *Scenes {
	return &Scenes{N: n, Side: side, Seed: seed, Split: split}
}

// Name returns the specification.
func (s *Scenes) Name() string {
	name := fmt.Sprintf("scenes:?n=%d&side=%d&seed=%d&split=%s", s.N, s.Side, s.Seed, s.Split)
	if s.Objects > 1 {
		name += fmt.Sprintf("&objects=%d", s.Objects)
	}
	return name
}

// Len returns the number of scenes.
func (s *Scenes) Len() int { return s.N }

// Classes returns the object names.
func (s *Scenes) Classes() []string { return sceneClasses }

// Describe names a scene.
func (s *Scenes) Describe(i int) string { return fmt.Sprintf("scene %d (%s)", i, s.Split) }

// Fingerprint hashes the parameters and the version of the drawing.
func (s *Scenes) Fingerprint() string { return fingerprint("scenes 2", s.Name()) }

func (s *Scenes) draws(i int) draws {
	split := uint64(0)
	if s.Split == Test {
		split = 1
	}
	return draws{tensor.NewRNG(s.Seed).Derive(stream.Scenes, split, uint64(i))}
}

// Label returns the object's class, without drawing the scene.
func (s *Scenes) Label(i int) int { return s.draws(i).IntN(len(sceneClasses)) }

// Image returns the picture of scene i.
func (s *Scenes) Image(i int) (*Image, error) { return s.Scene(i).Image, nil }

// Scene draws scene i with its ground truth.
func (s *Scenes) Scene(i int) *Scene { return newLayout(s.draws(i), max(1, s.Objects)).draw(s.Side) }
