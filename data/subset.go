package data

import (
	"fmt"
	"io"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// Subset returns the samples with these numbers, in this order, and what is known about them; what describes the choice and
// stands behind the name.
func (d *Dataset) Subset(index []int, what string) *Dataset {
	sep := "?"
	if strings.Contains(d.Name, "?") {
		sep = "&"
	}
	return &Dataset{Name: d.Name + sep + what, Fingerprint: fingerprint(d.Fingerprint, what, fmt.Sprint(index)), Notes: d.Notes,
		Inputs: d.Inputs.Subset(index), Truth: d.Truth.Subset(index), later: d.later}
}

// Subset returns the inputs with these numbers, in this order.
func (in Inputs) Subset(index []int) Inputs {
	var out Inputs
	if in.Images != nil {
		out.Images = &subImages{in.Images, index}
	}
	if in.Clips != nil {
		out.Clips = &subClips{in.Clips, index}
	}
	if in.Sounds != nil {
		out.Sounds = &subSounds{in.Sounds, index}
	}
	if in.Texts != nil {
		out.Texts = &subTexts{in.Texts, index}
	}
	return out
}

// Subset returns the truth about the samples with these numbers, in this order.
func (t Truth) Subset(index []int) Truth {
	var out Truth
	if t.Labels != nil {
		out.Labels = &subLabels{t.Labels, index}
	}
	if t.Boxes != nil {
		out.Boxes = &subBoxes{t.Boxes, index}
	}
	if t.KeyPoints != nil {
		out.KeyPoints = &subKeyPoints{t.KeyPoints, index}
	}
	if t.Masks != nil {
		out.Masks = &subMasks{t.Masks, index}
	}
	if t.Segments != nil {
		out.Segments = &subSegments{t.Segments, index}
	}
	if t.Depths != nil {
		out.Depths = &subDepths{t.Depths, index}
	}
	if t.Normals != nil {
		out.Normals = &subNormals{t.Normals, index}
	}
	if t.Varied != nil {
		out.Varied = &subVaried{t.Varied, index}
	}
	if t.Factors != nil {
		out.Factors = &subFactors{t.Factors, index}
	}
	if t.Sizes != nil {
		out.Sizes = &subSizes{t.Sizes, index}
	}
	if t.Frames != nil {
		out.Frames = &subFrames{t.Frames, index}
	}
	for name, of := range t.Groups {
		if out.Groups == nil {
			out.Groups = map[string]Labels{}
		}
		out.Groups[name] = &subLabels{of, index}
	}
	return out
}

type subImages struct {
	all   Images
	index []int
}

func (s *subImages) Len() int                    { return len(s.index) }
func (s *subImages) Describe(i int) string       { return s.all.Describe(s.index[i]) }
func (s *subImages) Image(i int) (*Image, error) { return s.all.Image(s.index[i]) }
func (s *subImages) ImageFrame(i int, choose func(h, w int) Frame) (*Image, error) {
	return ImageFrame(s.all, s.index[i], choose)
}

type subClips struct {
	all   Clips
	index []int
}

func (s *subClips) Len() int                       { return len(s.index) }
func (s *subClips) Describe(i int) string          { return s.all.Describe(s.index[i]) }
func (s *subClips) Times(i int) ([]float64, error) { return s.all.Times(s.index[i]) }
func (s *subClips) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	return s.all.Clip(s.index[i], frames, each)
}
func (s *subClips) piece(i, t int) (from, to int) { return pieceOf(s.all, s.index[i], t) }

type subSounds struct {
	all   Sounds
	index []int
}

func (s *subSounds) Len() int              { return len(s.index) }
func (s *subSounds) Describe(i int) string { return s.all.Describe(s.index[i]) }
func (s *subSounds) Length(i int) (int, float64, error) {
	return s.all.Length(s.index[i])
}
func (s *subSounds) Sound(i, from, n int) ([]float32, error) {
	return s.all.Sound(s.index[i], from, n)
}

type subTexts struct {
	all   Texts
	index []int
}

func (s *subTexts) Kind() string                      { return textsAre(s.all) }
func (s *subTexts) Len() int                          { return len(s.index) }
func (s *subTexts) Describe(i int) string             { return s.all.Describe(s.index[i]) }
func (s *subTexts) Open(i int) (io.ReadCloser, error) { return s.all.Open(s.index[i]) }

type subLabels struct {
	Labels
	index []int
}

func (s *subLabels) Label(i int) int { return s.Labels.Label(s.index[i]) }

type subBoxes struct {
	all   Boxes
	index []int
}

func (s *subBoxes) Classes() []string          { return s.all.Classes() }
func (s *subBoxes) Boxes(i int) ([]Box, error) { return s.all.Boxes(s.index[i]) }

type subKeyPoints struct {
	all   KeyPoints
	index []int
}

func (s *subKeyPoints) KeyPoints(i int) ([]KeyPoint, error) { return s.all.KeyPoints(s.index[i]) }

type subSizes struct {
	all   Sizes
	index []int
}

func (s *subSizes) Size(i int) (h, w int, err error) { return s.all.Size(s.index[i]) }

type subMasks struct {
	all   Masks
	index []int
}

func (s *subMasks) Mask(i int) (*tensor.Tensor, error) { return s.all.Mask(s.index[i]) }

type subSegments struct {
	Segments
	index []int
}

func (s *subSegments) Segment(i int) (*tensor.Tensor, error) { return s.Segments.Segment(s.index[i]) }

type subDepths struct {
	all   Depths
	index []int
}

func (s *subDepths) Depth(i int) (*tensor.Tensor, error) { return s.all.Depth(s.index[i]) }

type subNormals struct {
	all   Normals
	index []int
}

func (s *subNormals) Normals(i int) (*tensor.Tensor, error) { return s.all.Normals(s.index[i]) }

type subVaried struct {
	Varied
	index []int
}

func (s *subVaried) Variant(name string) Images { return &subImages{s.Varied.Variant(name), s.index} }

type subFactors struct {
	all   Factors
	index []int
}

func (s *subFactors) Factors(i int) ([]Factor, error) { return s.all.Factors(s.index[i]) }

type subFrames struct {
	Frames
	index []int
}

func (s *subFrames) Frame(i, t int) (FrameTruth, error) { return s.Frames.Frame(s.index[i], t) }
func (s *subFrames) Group(name string, i, t int) int    { return s.Frames.Group(name, s.index[i], t) }
