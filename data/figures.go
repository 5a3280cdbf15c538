package data

import (
	"fmt"

	"github.com/tessera-go/tessera/internal/spec"
)

// aroundFigures are squares around the figures of pictures whose joints are known; of a picture without one all of it.
type aroundFigures struct {
	of     *Dataset
	around float64
}

// AroundFigures returns the data set with a square around each picture's figure in place of the picture, so many longer sides of the joints' box
// wide, as figures are centred where joints are looked for (Toshev and Szegedy 2014). What is known in pixels, but for joints, is left out.
func (d *Dataset) AroundFigures(around float64) (*Dataset, error) {
	if d.Images == nil || d.Truth.KeyPoints == nil || d.Truth.Sizes == nil {
		return nil, fmt.Errorf("data %s: the option figure=%g takes pictures whose joints are known; of films as=frames", d.Name, around)
	}
	s, err := spec.Parse(d.Name)
	if err != nil {
		return nil, fmt.Errorf("data %w", err)
	}
	f := &aroundFigures{d, around}
	out := &Dataset{Name: s.With("figure", fmt.Sprint(around)).String(), Fingerprint: fingerprint("figure", d.Fingerprint, fmt.Sprint(around)), Notes: d.Notes, later: d.later}
	out.Inputs = Inputs{Images: f}
	out.Truth = Truth{Labels: d.Truth.Labels, KeyPoints: figureTruth{f}, Sizes: figureTruth{f}, Factors: d.Truth.Factors, Groups: d.Truth.Groups}
	return out, nil
}

// square returns the square around a sample's figure, and its joints.
func (f *aroundFigures) square(i int) (b [4]float32, points []KeyPoint, err error) {
	points, err = f.of.Truth.KeyPoints.KeyPoints(i)
	if err != nil {
		return b, nil, err
	}
	if len(points) == 0 {
		h, w, err := f.of.Truth.Sizes.Size(i)
		return [4]float32{0, 0, float32(w), float32(h)}, nil, err
	}
	b = [4]float32{points[0].X, points[0].Y, points[0].X, points[0].Y}
	for _, p := range points {
		if err := place(float64(p.X), float64(p.Y)); err != nil {
			return b, nil, err
		}
		b = [4]float32{min(b[0], p.X), min(b[1], p.Y), max(b[2], p.X), max(b[3], p.Y)}
	}
	return squareAround(b, f.around), points, nil
}

func (f *aroundFigures) Len() int              { return f.of.Len() }
func (f *aroundFigures) Describe(i int) string { return f.of.Describe(i) }

func (f *aroundFigures) Image(i int) (*Image, error) {
	im, err := f.of.Images.Image(i)
	if err != nil {
		return nil, err
	}
	b, points, err := f.square(i)
	if err != nil || points == nil {
		return im, err
	}
	return squareOf(im, b, f.Describe(i))
}

// Hash is of the picture: the square depends on it alone.
func (f *aroundFigures) Hash(i int) (Hash, error) { return ContentHash(f.of.Images, i) }

// figureTruth are joints and sizes in pixels of the squares.
type figureTruth struct{ f *aroundFigures }

func (t figureTruth) Size(i int) (h, w int, err error) {
	b, _, err := t.f.square(i)
	return int(b[3] - b[1]), int(b[2] - b[0]), err
}

func (t figureTruth) KeyPoints(i int) ([]KeyPoint, error) {
	b, points, err := t.f.square(i)
	out := make([]KeyPoint, len(points))
	for k, p := range points {
		p.X, p.Y = p.X-b[0], p.Y-b[1]
		out[k] = p
	}
	return out, err
}
