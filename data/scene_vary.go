package data

import "fmt"

// What of a scene can be drawn anew while all else stays.
const (
	variantPose       = "pose"       // which way the object faces: turned, tilted, and the other side to the left
	variantColour     = "colour"     // the object's hue
	variantLight      = "light"      // where it comes from, how strong, and its colour
	variantBackground = "background" // the wall, ground or sky, and what is on it
	variantClutter    = "clutter"    // the things beside the object
)

var sceneVariants = []string{variantPose, variantColour, variantLight, variantBackground, variantClutter}

// again is of the streams of what is drawn anew.
const again = 0xa6a

// Variants returns what can be drawn anew: pose, colour, light, background, clutter.
func (t sceneTruth) Variants() []string { return sceneVariants }

// Variant returns the scenes with one of Variants drawn anew.
func (t sceneTruth) Variant(name string) Images { return variedScenes{scenePictures(t), name} }

// variedScenes are the pictures of scenes of which one thing was drawn anew.
type variedScenes struct {
	scenePictures
	vary string
}

func (v variedScenes) Image(i int) (*Image, error) {
	s := v.scenePictures.s
	return newVaried(s.draws(i), max(1, s.Objects), v.vary).draw(s.Side).Image, nil
}

func (v variedScenes) Describe(i int) string {
	return fmt.Sprintf("%s, another %s", v.scenePictures.Describe(i), v.vary)
}

// Hash is of the picture: it is another than the scene's.
func (v variedScenes) Hash(i int) (Hash, error) { return ContentHash(struct{ Images }{v}, i) }
