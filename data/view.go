package data

import (
	"fmt"
	"sync/atomic"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// A View is how a whole picture becomes what a net sees: first what is the same each time, which a cache can keep, then what is
// drawn anew. Every picture comes out with the same sides.
type View struct {
	Side    int       // of what comes out; 0 where the pictures decide
	Frame   Framing   // what of the picture, at which size; nil takes all of it
	Prepare Transform // then, without randomness; nil leaves it
	Random  Transform // then, drawn each time; nil leaves it
}

// Augmentations are the names that NewView knows, with a line about each.
var Augmentations = [][2]string{
	{"crop-flip", "a shift by up to an eighth, and mirroring"},
	{"resized-crop", "a fifth to all of the area, and mirroring"},
	{"color", "resized-crop with jittered colours, sometimes grey"},
	{"randaugment", "resized-crop and two operations of RandAugment, magnitude 9"},
	{"none", "the middle of the picture"},
}

// NewView returns the view of that name, side by side pixels large.
func NewView(augment string, side int) (View, error) {
	mirror := RandomHorizontalFlip(0.5)
	larger := View{Side: side, Frame: ShortSide(side * 8 / 7)}
	switch augment {
	case "none":
		return PlainView(side), nil
	case "crop-flip":
		v := PlainView(side)
		v.Random = Compose(RandomCrop(side, max(1, side/8)), mirror)
		return v, nil
	case "resized-crop":
		larger.Random = Compose(RandomResizedCrop(side, 0.2, 1), mirror)
		return larger, nil
	case "randaugment":
		larger.Random = Compose(RandomResizedCrop(side, 0.2, 1), mirror, RandAugment(2, 9))
		return larger, nil
	case "color":
		larger.Random = Compose(RandomResizedCrop(side, 0.2, 1), mirror, ColorJitter(0.4, 0.4, 0.4, 0.1), RandomGrayscale(0.2))
		return larger, nil
	}
	var names []string
	for _, a := range Augmentations {
		names = append(names, a[0])
	}
	return View{}, fmt.Errorf("there is no augmentation %q; there are %s", augment, spec.Or(names))
}

// PlainView returns the middle of a picture whose shorter side is made side pixels long: what an evaluation sees.
func PlainView(side int) View {
	return View{Side: side, Frame: ShortSide(side), Prepare: CenterCrop(side)}
}

// PlainSource returns on which pixel of a picture of h by w, y·w + x, the middle of each pixel of its PlainView(side) lies: [side·side]. What is known of
// pixels is seen so without being mixed: the mean of two depths is that of neither thing.
func PlainSource(h, w, side int) []int {
	f := ShortSide(side)(h, w, nil)
	top, left := margin(f.OutH, side), margin(f.OutW, side)
	out := make([]int, 0, side*side)
	at := func(o, n, from int) int { return min((2*o+1)*n/(2*from), n-1) } // floor of (o + 1/2)·n/from
	for y := range side {
		row := (f.Top + at(y+top, f.H, f.OutH)) * w
		for x := range side {
			out = append(out, row+f.Left+at(x+left, f.W, f.OutW))
		}
	}
	return out
}

// Of returns the view of sample i.
func (v View) Of(images Images, i int, rng *tensor.RNG) (*Image, error) {
	im, err := v.fixed(images, i)
	if err != nil || v.Random == nil {
		return im, err
	}
	return v.Random(im, rng), nil
}

// fixed is the part of the view that is the same each time.
func (v View) fixed(images Images, i int) (im *Image, err error) {
	if v.Frame != nil {
		im, err = ImageFrame(images, i, func(h, w int) Frame { return v.Frame(h, w, nil) })
	} else {
		im, err = images.Image(i)
	}
	if err == nil && v.Prepare != nil {
		im = v.Prepare(im, nil)
	}
	return im, err
}

// prepared is the part of the view of a decoded picture that is the same each time.
func (v View) prepared(im *Image) *Image {
	if v.Frame != nil {
		im = v.Frame(im.H, im.W, nil).Of(im)
	}
	if v.Prepare != nil {
		im = v.Prepare(im, nil)
	}
	return im
}

// Pictures are views of images, normalised: [H W 3] each. Decoded and prepared pictures are kept up to a number of bytes; what does
// not fit is read again each time, to the same result.
type Pictures struct {
	Images Images
	View
	Norm Norm

	left atomic.Int64
	kept []atomic.Pointer[Image]
}

// NewPictures returns views of images, of which the part that is the same each time is kept up to limit bytes.
func NewPictures(images Images, v View, norm Norm, limit int64) *Pictures {
	p := &Pictures{Images: images, View: v, Norm: norm, kept: make([]atomic.Pointer[Image], images.Len())}
	p.left.Store(limit)
	return p
}

// Image returns the view of sample i before it is normalised. It must not be changed.
func (p *Pictures) Image(i int, rng *tensor.RNG) (*Image, error) {
	im := p.kept[i].Load()
	if im == nil {
		var err error
		if im, err = p.View.fixed(p.Images, i); err != nil {
			return nil, err
		}
		if n := int64(len(im.Pix)); p.left.Add(-n) < 0 || !p.kept[i].CompareAndSwap(nil, im) {
			p.left.Add(n)
		}
	}
	if p.View.Random == nil {
		return im, nil
	}
	return p.View.Random(im, rng), nil
}

// Fill writes the view of sample i to dst, normalised. It panics with a tensor.ShapeError where the view has another size than dst:
// a view must make every picture the same.
func (p *Pictures) Fill(dst []float32, i int, rng *tensor.RNG) error {
	im, err := p.Image(i, rng)
	if err != nil {
		return err
	}
	if len(im.Pix) != len(dst) {
		panic(&tensor.ShapeError{Op: "Pictures", Msg: fmt.Sprintf("the view of %s is %dx%d, %d values for a place of %d; a Resize or a crop makes views the same size",
			p.Images.Describe(i), im.W, im.H, len(im.Pix), len(dst))})
	}
	p.Norm.Normalize(dst, im)
	return nil
}
