package data

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/tensor"
)

// vocVoid is the number of pixels that do not count: edges of objects, and what is hard to tell.
const vocVoid = 255

// maxSegmentBytes is how long a file of classes may be: one of MaxPixels that cannot be made smaller, and its frame.
const maxSegmentBytes = MaxPixels + 16<<20

// vocSegments are the classes of pixels, SegmentationClass/ID.png.
type vocSegments struct {
	b    *boxed
	dir  string
	kept []string // the files
}

// withSegments keeps the pictures that have a class for each pixel.
func (b *boxed) withSegments(dir string, t *faults) *vocSegments {
	s := &vocSegments{b: b, dir: dir}
	kept := b.list[:0]
	for _, p := range b.list {
		name := strings.TrimSuffix(filepath.Base(p.file), filepath.Ext(p.file)) + ".png"
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.add("pictures have no classes of pixels and are left out", p.file)
			continue
		}
		kept, s.kept = append(kept, p), append(s.kept, name)
	}
	b.list = kept
	return s
}

// SegmentNames are background and VOC's classes.
func (s *vocSegments) SegmentNames() []string { return append([]string{"background"}, vocNames...) }

// Segment reads the classes of a picture's pixels.
func (s *vocSegments) Segment(i int) (*tensor.Tensor, error) {
	path := filepath.Join(s.dir, s.kept[i])
	raw, err := files.Read(path, maxSegmentBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	x, err := decodeSegment(raw)
	if p := s.b.list[i]; err == nil && (x.Dim(0) != p.h || x.Dim(1) != p.w) {
		err = fmt.Errorf("it has %dx%d pixels, its picture %dx%d", x.Dim(1), x.Dim(0), p.w, p.h)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// decodeSegment reads the numbers of a PNG with a palette, or of one of grey: [H W], -1 where a pixel does not count.
func decodeSegment(raw []byte) (*tensor.Tensor, error) {
	head, err := png.DecodeConfig(bytes.NewReader(raw))
	if err == nil && head.Width > MaxPixels/max(head.Height, 1) {
		err = fmt.Errorf("%d by %d pixels, at most %d megapixels are read", head.Width, head.Height, MaxPixels/1_000_000)
	}
	if err != nil {
		return nil, err
	}
	im, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var pix []uint8
	var stride int
	switch of := im.(type) {
	case *image.Paletted:
		pix, stride = of.Pix, of.Stride
	case *image.Gray:
		pix, stride = of.Pix, of.Stride
	default:
		return nil, fmt.Errorf("a PNG of colours; want one with a palette or of grey, whose numbers are the classes")
	}
	x := tensor.New(head.Height, head.Width)
	for y := range head.Height {
		for k, v := range pix[y*stride : y*stride+head.Width] {
			switch {
			case v == vocVoid:
				x.Data[y*head.Width+k] = -1
			case int(v) > len(vocNames):
				return nil, fmt.Errorf("the pixel at %d, %d has the number %d; want 0 to %d, or %d where it does not count", k, y, v, len(vocNames), vocVoid)
			default:
				x.Data[y*head.Width+k] = float32(v)
			}
		}
	}
	return x, nil
}
