package detect

import (
	"context"
	"fmt"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Object is a box with its class, in the pixels of what a detector is shown.
type Object struct {
	Box
	Class int
}

// seeing is how a detector is shown pictures: whole, their longer side made side pixels long, in the upper left corner of a square, the rest grey.
type seeing struct {
	side int
	norm data.Norm
}

// grey fills what no picture covers: the middle of pixels' range.
const grey = 128

// frame is of all of a picture of h by w pixels.
func (s seeing) frame(h, w int, _ *tensor.RNG) data.Frame {
	long := max(h, w)
	return data.Frame{H: h, W: w, OutH: max(1, (h*s.side+long/2)/long), OutW: max(1, (w*s.side+long/2)/long)}
}

// square lays a picture on a grey square, its corner at x, y.
func (s seeing) square(im *data.Image, x, y int) *data.Image {
	if im.H == s.side && im.W == s.side {
		return im
	}
	out := data.NewImage(s.side, s.side)
	for i := range out.Pix {
		out.Pix[i] = grey
	}
	for r := range im.H {
		copy(out.Pix[((y+r)*s.side+x)*3:], im.Pix[r*im.W*3:][:im.W*3])
	}
	return out
}

// scale is how many pixels of what is shown a picture's pixel is, along both sides.
func (s seeing) scale(h, w int) (x, y float32) {
	f := s.frame(h, w, nil)
	return float32(f.OutW) / float32(w), float32(f.OutH) / float32(h)
}

// of returns what is shown of a picture.
func (s seeing) of(im *data.Image) *data.Image {
	return s.square(s.frame(im.H, im.W, nil).Of(im), 0, 0)
}

// keptBytes are of pictures that are kept between epochs, at most.
const keptBytes = 1 << 30

// shown are the pictures of a data set as a detector is shown them, and the objects in them, row by row.
type shown struct {
	seeing
	index    []int // the sample of each row
	pictures *data.Pictures
	objects  [][]Object        // of each row, in shown pixels: those to learn
	there    [][]metric.Object // all in the picture's own pixels
	size     [][2]int          // height and width of each picture
}

// show returns the pictures of a data set; number says which class of the detector each name is. Boxes that are empty, or of which nothing is in the picture, are
// left out and counted, as are those of no class; what is difficult or a crowd is not learned from. Samples of which the picture or the boxes cannot be read are
// left out, o being told.
func (s seeing) show(ctx context.Context, d *data.Dataset, number map[string]int, o eval.Options) (out *shown, lost int, err error) {
	images := eval.Whole(d.Images)
	out = &shown{seeing: s}
	bad := 0
	for i := range d.Len() {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		h, w, err := sizeOf(d, images, i)
		var boxes []data.Box
		if err == nil {
			if boxes, err = d.Truth.Boxes.Boxes(i); err != nil {
				err = fmt.Errorf("boxes of %s: %w", images.Describe(i), err)
			}
		}
		if err != nil {
			if o.Bad != nil {
				o.Bad(i, err)
			}
			bad++
			if err := o.TooMany(bad, d.Len(), err); err != nil {
				return nil, 0, err
			}
			continue
		}
		seen, there, less, err := s.objects(h, w, boxes, d.Truth.BoxClasses(), number)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", images.Describe(i), err)
		}
		lost += less
		out.index, out.objects, out.there, out.size = append(out.index, i), append(out.objects, seen), append(out.there, there), append(out.size, [2]int{h, w})
	}
	if len(out.index) == 0 {
		return nil, 0, fmt.Errorf("none of the %d samples of %s could be read", d.Len(), d.Name)
	}
	prepare := func(im *data.Image, _ *tensor.RNG) *data.Image { return s.square(im, 0, 0) }
	of := data.Inputs{Images: images}.Subset(out.index).Images
	out.pictures = data.NewPictures(of, data.View{Side: s.side, Frame: s.frame, Prepare: prepare}, s.norm, keptBytes)
	return out, lost, nil
}

// objects returns what is in a picture of h by w pixels: as it is shown, to learn, and all of it in the picture's own pixels; and how many boxes are left out.
func (s seeing) objects(h, w int, boxes []data.Box, names []string, number map[string]int) (seen []Object, there []metric.Object, lost int, err error) {
	sx, sy := s.scale(h, w)
	for _, b := range boxes {
		in := Box{b.X0, b.Y0, b.X1, b.Y1}.within(float32(w), float32(h))
		if in.empty() || b.Class < 0 {
			lost++
			continue
		}
		if b.Class >= len(names) {
			return nil, nil, 0, fmt.Errorf("a box is of class %d; the data has %d classes", b.Class, len(names))
		}
		class, ok := number[names[b.Class]]
		if !ok {
			return nil, nil, 0, fmt.Errorf("a box is of class %q, which the training samples do not have", names[b.Class])
		}
		there = append(there, metric.Object{Class: class, Box: box64(in), Ignore: b.Difficult, Crowd: b.Crowd, Area: float64(b.Area)})
		if !b.Difficult && !b.Crowd {
			seen = append(seen, Object{Box{in[0] * sx, in[1] * sy, in[2] * sx, in[3] * sy}, class})
		}
	}
	return seen, there, lost, nil
}

// told are options that are told of broken samples by their numbers in the data set.
func (s *shown) told(o eval.Options) eval.Options {
	if bad := o.Bad; bad != nil {
		o.Bad = func(row int, err error) { bad(s.index[row], err) }
	}
	return o
}

// sizeOf returns the height and width of sample i's picture.
func sizeOf(d *data.Dataset, images data.Images, i int) (h, w int, err error) {
	if d.Truth.Sizes != nil {
		return d.Truth.Sizes.Size(i)
	}
	im, err := images.Image(i)
	if err != nil {
		return 0, 0, err
	}
	return im.H, im.W, nil
}

// batch is what is shown at once.
type batch struct {
	x       *tensor.Tensor // [N side side 3]
	index   []int          // -1 where a picture could not be read
	objects [][]Object
}

// maker fills batches for learning, varied, or as they are.
type maker struct {
	*shown
	augment string
}

func (m maker) New(n int) *batch {
	return &batch{tensor.New(n, m.side, m.side, 3), make([]int, n), make([][]Object, n)}
}

func (m maker) Fill(b *batch, row, i int, rng *tensor.RNG) error {
	b.index[row] = -1
	im, err := m.pictures.Image(i, nil)
	if err != nil {
		return err
	}
	b.objects[row] = m.objects[i]
	if m.augment == "jitter" {
		im, b.objects[row] = m.jitter(im, b.objects[row], rng)
	}
	if m.augment != "no" && rng.Uniform(0, 1) < 0.5 {
		im, b.objects[row] = mirrored(im, b.objects[row])
	}
	size := m.side * m.side * 3
	m.norm.Normalize(b.x.Data[row*size:(row+1)*size], im)
	b.index[row] = i
	return nil
}

// mirrored turns a picture left to right, and the boxes of its objects with it.
func mirrored(im *data.Image, objects []Object) (*data.Image, []Object) {
	out := data.NewImage(im.H, im.W)
	for y := range im.H {
		for x := range im.W {
			copy(out.Pix[(y*im.W+x)*3:], im.Pix[(y*im.W+im.W-1-x)*3:][:3])
		}
	}
	turned := make([]Object, len(objects))
	w := float32(im.W)
	for i, o := range objects {
		turned[i] = Object{Box{w - o.Box[2], o.Box[1], w - o.Box[0], o.Box[3]}, o.Class}
	}
	return out, turned
}

// Jittered pictures are so many times their size; a box of which less than leastSeen is left is no object any more.
const (
	leastZoom = 0.7
	mostZoom  = 1.4
	leastSeen = 0.3
)

// jitter makes a square picture smaller, at any place of a grey one, or shows a part of it larger; the boxes follow.
func (s seeing) jitter(im *data.Image, objects []Object, rng *tensor.RNG) (*data.Image, []Object) {
	zoom := rng.Uniform(leastZoom, mostZoom)
	var x, y float32 // where the picture's corner comes to lie
	if zoom < 1 {
		n := max(1, int(float32(s.side)*zoom))
		l, t := rng.IntN(s.side-n+1), rng.IntN(s.side-n+1)
		im = s.square(data.ResizeTo(im, n, n), l, t)
		x, y, zoom = float32(l), float32(t), float32(n)/float32(s.side)
	} else {
		n := min(s.side, max(1, int(float32(s.side)/zoom)))
		l, t := rng.IntN(s.side-n+1), rng.IntN(s.side-n+1)
		im = data.Frame{Top: t, Left: l, H: n, W: n, OutH: s.side, OutW: s.side}.Of(im)
		zoom = float32(s.side) / float32(n)
		x, y = -float32(l)*zoom, -float32(t)*zoom
	}
	var out []Object
	for _, o := range objects {
		b := Box{o.Box[0]*zoom + x, o.Box[1]*zoom + y, o.Box[2]*zoom + x, o.Box[3]*zoom + y}
		if in := b.within(float32(s.side), float32(s.side)); !in.empty() && in.area() >= leastSeen*b.area() {
			out = append(out, Object{in, o.Class})
		}
	}
	return im, out
}

// whole moves the rows that could be made to the front.
func (b *batch) whole() (x *tensor.Tensor, index []int, objects [][]Object) {
	size := b.x.Len() / b.x.Dim(0)
	for row, i := range b.index {
		if i < 0 {
			continue
		}
		n := len(index)
		copy(b.x.Data[n*size:(n+1)*size], b.x.Data[row*size:(row+1)*size])
		index, objects = append(index, i), append(objects, b.objects[row])
	}
	return b.x.Rows(0, len(index)), index, objects
}
