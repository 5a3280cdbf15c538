package data

import (
	"fmt"
	"image"
	"math"
	"sync"

	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Frame is a rectangle of a picture, in pixels, and the size that it is resized to: what a crop wants of a decoder, which then
// makes no pixel that nobody looks at.
type Frame struct{ Top, Left, H, W, OutH, OutW int }

// Framing chooses the frame of a picture of h by w pixels; what it draws comes from rng.
type Framing func(h, w int, rng *tensor.RNG) Frame

// Transform returns the framing as a transform of decoded pictures.
func (f Framing) Transform() Transform {
	return func(im *Image, rng *tensor.RNG) *Image { return f(im.H, im.W, rng).Of(im) }
}

// ShortSide frames the whole picture with its shorter side resized to size pixels, keeping the proportions, as torchvision's
// Resize(int). Of a picture longer than MaxProportion times its shorter side the middle is framed: enlarged as a whole, a line of a pixel by
// 60,000 would take gigabytes.
func ShortSide(size int) Framing {
	return func(h, w int, _ *tensor.RNG) Frame {
		f := Frame{H: min(h, MaxProportion*w), W: min(w, MaxProportion*h)}
		f.Top, f.Left = (h-f.H)/2, (w-f.W)/2
		f.OutH, f.OutW = size, size*f.W/max(f.H, 1)
		if f.W < f.H {
			f.OutH, f.OutW = size*f.H/f.W, size
		}
		f.OutH, f.OutW = max(f.OutH, 1), max(f.OutW, 1)
		return f
	}
}

// MaxProportion is how many times its shorter side a picture may be long to be seen whole.
const MaxProportion = 16

// RandomResized frames a part of the area in [minScale, maxScale] and of proportions between 3/4 and 4/3, resized to size by
// size (Szegedy et al. 2015; torchvision's RandomResizedCrop, with its fallback after ten misses).
func RandomResized(size int, minScale, maxScale float32) Framing {
	return func(height, width int, rng *tensor.RNG) Frame {
		area := float64(height * width)
		for range 10 {
			target := area * float64(rng.Uniform(minScale, maxScale))
			ratio := math.Exp(float64(rng.Uniform(float32(math.Log(3.0/4)), float32(math.Log(4.0/3)))))
			w := int(math.Round(math.Sqrt(target * ratio)))
			h := int(math.Round(math.Sqrt(target / ratio)))
			if w > 0 && h > 0 && w <= width && h <= height {
				top, left := rng.IntN(height-h+1), rng.IntN(width-w+1)
				return Frame{top, left, h, w, size, size}
			}
		}
		h, w := height, width
		switch r := float64(w) / float64(h); {
		case r < 3.0/4:
			h = int(math.Round(float64(w) / (3.0 / 4)))
		case r > 4.0/3:
			w = int(math.Round(float64(h) * 4 / 3))
		}
		return Frame{(height - h) / 2, (width - w) / 2, h, w, size, size}
	}
}

// Framer is Images that decode no more of a picture than a frame asks for.
type Framer interface {
	Images
	// ImageFrame returns the frame that choose wants of sample i, given its height and width: the bits of Image and Frame.Of.
	ImageFrame(i int, choose func(h, w int) Frame) (*Image, error)
}

// ImageFrame returns a frame of sample i of any images.
func ImageFrame(src Images, i int, choose func(h, w int) Frame) (*Image, error) {
	if f, ok := src.(Framer); ok {
		return f.ImageFrame(i, choose)
	}
	im, err := src.Image(i)
	if err != nil {
		return nil, err
	}
	return choose(im.H, im.W).Of(im), nil
}

// within panics if the frame is empty or leaves a picture of h by w pixels.
func (f Frame) within(h, w int) {
	if f.H < 1 || f.W < 1 || f.OutH < 1 || f.OutW < 1 || f.Top < 0 || f.Left < 0 || f.Top+f.H > h || f.Left+f.W > w {
		panic(fmt.Sprintf("data: frame %+v of a picture of %dx%d pixels", f, w, h))
	}
}

// Of cuts the frame from a picture and resizes it, with antialiasing, to the bits of a crop and a ResizeTo. It may return im.
func (f Frame) Of(im *Image) *Image {
	f.within(im.H, im.W)
	if f.OutH == f.H && f.OutW == f.W {
		if f.H == im.H && f.W == im.W {
			return im
		}
		return Crop(im, f.Top, f.Left, f.H, f.W)
	}
	return resample(im.Pix[(f.Top*im.W+f.Left)*3:], im.W*3, f.H, f.W, f.OutH, f.OutW)
}

// Into is Of into a picture whose memory is used again: dst becomes OutH by OutW. It must not be im.
func (f Frame) Into(dst, im *Image) {
	f.within(im.H, im.W)
	dst.H, dst.W, dst.Pix = f.OutH, f.OutW, grow(dst.Pix, f.OutH*f.OutW*3)
	src := im.Pix[(f.Top*im.W+f.Left)*3:]
	if f.OutH != f.H || f.OutW != f.W {
		resampleInto(dst, src, im.W*3, f.H, f.W)
		return
	}
	for y := range f.H {
		copy(dst.Pix[y*f.W*3:][:f.W*3], src[y*im.W*3:])
	}
}

// DecodeFrame decodes the part of a picture that choose wants, given the picture's height and width: to the bits of Decode and
// Frame.Of, but a JPEG becomes RGB inside the frame only.
func DecodeFrame(b []byte, choose func(h, w int) Frame) (*Image, error) {
	return DecodeOptions{}.DecodeFrame(b, choose)
}

// DecodeFrame is the function DecodeFrame with options.
func (o DecodeOptions) DecodeFrame(b []byte, choose func(h, w int) Frame) (*Image, error) {
	im, _, _, err := o.read(b, choose)
	return im, err
}

// read decodes a picture, or the frame that is chosen of it where choose is not nil; it returns the header and the largest of the values that
// have more than 8 bits too.
func (o DecodeOptions) read(b []byte, choose func(h, w int) Frame) (im *Image, head header, top float64, err error) {
	defer recoverBroken(&im, &err)
	if head, err = readHeader(b); err != nil {
		return nil, head, 0, err
	}
	defer working.enter(head.cost)()
	if choose != nil {
		if im, err = o.frameOfPlanes(b, head, choose); im != nil || err != nil {
			return im, head, 0, err
		}
	}
	if im, top, err = o.decode(b, head); err == nil && choose != nil {
		im = choose(im.H, im.W).Of(im)
	}
	return im, head, top, err
}

// frameOfPlanes makes a frame of a JPEG's planes, of which no more than the frame is turned into RGB; nil where there are none, or where they
// must be turned first.
func (o DecodeOptions) frameOfPlanes(b []byte, c header, choose func(h, w int) Frame) (*Image, error) {
	if c.format != "jpeg" || c.jpeg.Components != 3 || c.jpeg.Orientation() != 1 {
		return nil, nil
	}
	p, err := o.jpegPlanes(b, c.jpeg)
	if err != nil {
		return nil, decodeError(err)
	}
	planes, ok := p.(*image.YCbCr)
	if !ok || planes.Rect.Min != (image.Point{}) {
		return nil, nil
	}
	f := choose(c.h, c.w)
	f.within(c.h, c.w)
	if f.OutH == f.H && f.OutW == f.W {
		im := NewImage(f.H, f.W)
		rowsRGB(im.Pix, planes, f.Top, f.Left, f.H, f.W)
		return im, nil
	}
	region := regions.Get().(*[]uint8)
	defer regions.Put(region)
	*region = grow(*region, f.H*f.W*3)
	rowsRGB(*region, planes, f.Top, f.Left, f.H, f.W)
	return resample(*region, f.W*3, f.H, f.W, f.OutH, f.OutW), nil
}

var regions = sync.Pool{New: func() any { return new([]uint8) }}

// A taps is a resize in one direction: output o is a weighted mean of n source pixels from first[o] on.
type taps struct {
	first   []int32
	weights []float32 // n an output
	n       int
}

// triangle makes the taps of out pixels from size: the triangle filter, stretched by the reduction, as Pillow's BILINEAR. Weights
// sum to 1; an output with fewer source pixels than others has zeros among its own.
func (t *taps) triangle(size, out int) {
	scale := float64(size) / float64(out)
	support := math.Max(scale, 1)
	t.n = min(size, int(math.Ceil(support))*2+1)
	t.first = grow(t.first, out)
	t.weights = grow(t.weights, out*t.n)
	for o := range out {
		center := float64((float64(o) + 0.5) * scale) // rounded, also where the processor could fuse what follows
		lo := max(0, int(center-support+0.5))
		hi := min(size, int(center+support+0.5))
		first := max(0, min(lo, size-t.n)) // all n taps inside
		w := t.weights[o*t.n:][:t.n]
		clear(w)
		sum := 0.0
		for k := lo; k < hi; k++ {
			v := math.Max(0, 1-math.Abs(float64(k)-center+0.5)/support)
			w[k-first] = float32(v)
			sum += v
		}
		for k := range w {
			w[k] = float32(float64(w[k]) / sum)
		}
		t.first[o] = int32(first)
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// resizer keeps what a resize needs beside its pictures.
type resizer struct {
	x, y taps
	row  []float32
}

var resizers = sync.Pool{New: func() any { return new(resizer) }}

// resample resizes the h by w pixels of pix, stride bytes a row: each output row is first a weighted sum of rows, in floating
// point, then of its pixels, and rounded once.
func resample(pix []uint8, stride, h, w, outH, outW int) *Image {
	out := NewImage(outH, outW)
	resampleInto(out, pix, stride, h, w)
	return out
}

// resampleInto is resample to the sides of out.
func resampleInto(out *Image, pix []uint8, stride, h, w int) {
	outH, outW := out.H, out.W
	r := resizers.Get().(*resizer)
	defer resizers.Put(r)
	r.x.triangle(w, outW)
	r.y.triangle(h, outH)
	r.row = grow(r.row, w*3+1)
	r.row[w*3] = 0
	for y := range outH {
		first := int(r.y.first[y])
		simd.WeightedRows(r.row[:w*3], pix[first*stride:][:(r.y.n-1)*stride+w*3], stride, r.y.weights[y*r.y.n:][:r.y.n])
		simd.WeightedPixels(out.Pix[y*outW*3:][:outW*3], r.row, r.x.first, r.x.weights, r.x.n)
	}
}
