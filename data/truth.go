package data

import "github.com/tessera-go/tessera/tensor"

// Truth is what is known about the samples of a data set; a field is nil where it is not known. A pretext task is handed Inputs
// and cannot reach it.
type Truth struct {
	Labels    Labels
	Boxes     Boxes
	KeyPoints KeyPoints
	Masks     Masks
	Segments  Segments
	Depths    Depths
	Normals   Normals
	Factors   Factors
	Varied    Varied            // the same samples with one thing changed
	Sizes     Sizes             // of the pictures at their native size, in whose pixels the other fields are
	Frames    Frames            // of films
	Groups    map[string]Labels // other divisions than Labels, by name, such as the background or the film that a picture is of
}

// Labels are classes.
type Labels interface {
	// Classes returns the names of the classes.
	Classes() []string
	// Label returns the class of sample i, or -1 where there is none.
	Label(i int) int
}

// Box is a rectangle around an object, in pixels of the picture at its native size: of w by h pixels the whole picture is 0, 0, w, h.
type Box struct {
	X0, Y0, X1, Y1 float32
	Class          int     // of Boxes.Classes, or -1
	Difficult      bool    // neither to be found nor wrong when found (Pascal VOC)
	Crowd          bool    // around many objects, which are not told apart (COCO)
	Area           float32 // of the object's own pixels; 0 where it is not known
}

// Boxes are where objects lie.
type Boxes interface {
	// Classes returns the names of the boxes' classes.
	Classes() []string
	Boxes(i int) ([]Box, error)
}

// KeyPoint is a key point, in pixels of the picture at its native size.
type KeyPoint struct {
	Name    string
	X, Y    float32
	Depth   float32 // along the camera's axis; 0 where it is not known
	Visible bool    // in the picture, with nothing but its own skin before it
}

// KeyPoints are key points of a figure; none where a sample has no figure.
type KeyPoints interface {
	KeyPoints(i int) ([]KeyPoint, error)
}

// Sizes are heights and widths of pictures.
type Sizes interface {
	// Size returns the native height and width of sample i's picture, without decoding it.
	Size(i int) (h, w int, err error)
}

// Masks tell objects from ground: [H W], 0 or the number of an object from 1 on.
type Masks interface {
	Mask(i int) (*tensor.Tensor, error)
}

// Segments say of what class each pixel is.
type Segments interface {
	// SegmentNames returns the names of the classes, of which one may be the background.
	SegmentNames() []string
	// Segment returns [H W], the number of a class, or -1 where it is not known or does not count.
	Segment(i int) (*tensor.Tensor, error)
}

// Depths are distances from the camera, [H W], larger is farther; 0 where it is not known.
type Depths interface {
	Depth(i int) (*tensor.Tensor, error)
}

// Normals are unit vectors that stand on the surfaces, [H W 3], x right, y down, z away from the camera; zeros where not known.
type Normals interface {
	Normals(i int) (*tensor.Tensor, error)
}

// Factors are the numbers that a procedural sample was made from.
type Factors interface {
	Factors(i int) ([]Factor, error)
}

// Varied are the same samples, one by one, with one thing that made them drawn anew and all else as it was.
type Varied interface {
	// Variants names what can be drawn anew.
	Variants() []string
	// Variant returns the samples with that drawn anew.
	Variant(name string) Images
}

// Frames is what is known about single frames of films.
type Frames interface {
	// Frame returns what is known about frame t of film i.
	Frame(i, t int) (FrameTruth, error)
	// Groups are the names of divisions of frames, such as pose or background, each with its classes.
	Groups() map[string][]string
	// Group returns the class of frame t of film i in a division, or -1 where it is not known. It draws and decodes nothing.
	Group(name string, i, t int) int
}

// FrameTruth is what is known about a frame, in its pixels at its native size; a field is nil where it is not known.
type FrameTruth struct {
	Boxes     []Box          // around the objects, each at the same place of the list in every frame; an empty one where nothing is seen of it
	KeyPoints []KeyPoint     // of the first object
	Mask      *tensor.Tensor // [H W], 0 or the number of an object from 1 on
	Flow      *tensor.Tensor // [H W 2], by how much what is seen there moves until the next frame, right and down; nil of the last frame
	Factors   []Factor
	Sounding  []bool // for each of Boxes, whether it is heard while the frame is shown
}

// Classes returns the names of the classes, none where there are no labels.
func (t Truth) Classes() []string {
	if t.Labels == nil {
		return nil
	}
	return t.Labels.Classes()
}

// BoxClasses returns the names of the boxes' classes, none where there are no boxes.
func (t Truth) BoxClasses() []string {
	if t.Boxes == nil {
		return nil
	}
	return t.Boxes.Classes()
}

// Label returns the class of sample i, or -1 where it is not known.
func (t Truth) Label(i int) int {
	if t.Labels == nil {
		return -1
	}
	return t.Labels.Label(i)
}
