package pretext

import (
	"image"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Rotation hides by how much an image was turned (Gidaris, Singh, Komodakis, "Unsupervised representation learning by
// predicting image rotations", ICLR 2018).
//
// Sampling: every image is in the batch once for each angle, so that the answer cannot be read from batch statistics, and
// the paper found that better than one angle at random (its section 3.1). Quarter turns are exact moves of pixels: an
// interpolation would leave traces from which the angle could be read without looking at the picture. The set of eight has
// multiples of 45 degrees, which must be interpolated; it is here to repeat the paper's comparison (table 2).
//
// Head: global average pooling and a linear layer. Loss: cross-entropy. Chance: one in the number of angles.
type Rotation struct {
	// Degrees to turn by, counter-clockwise; empty means 0, 90, 180, 270.
	Degrees []int
}

var rotationSets = map[string][]int{
	"0,90,180,270": nil, "4": nil, "0,180": {0, 180}, "90,270": {90, 270}, "8": {0, 45, 90, 135, 180, 225, 270, 315},
}

var rotationAbout = About{
	Line: "predict by which quarter turn an image was rotated (Gidaris, Singh, Komodakis 2018)",
	Of:   "pictures", Hidden: "how far the picture was turned",
	Trivial:  "chance: 25 % of four turns",
	Shortcut: "what always is at the same side of a picture, such as a stamp",
	Options:  []spec.Option{{Name: "set", Default: "0,90,180,270", About: "of angles: 0,90,180,270 or 0,180 or 90,270 or 8 (multiples of 45 degrees)"}},
	make: func(v Values) Task {
		return Rotation{rotationSets[v.One("set", "0,90,180,270", "4", "0,180", "90,270", "8")]}
	},
}

func (r Rotation) degrees() []int {
	if len(r.Degrees) == 0 {
		return []int{0, 90, 180, 270}
	}
	return r.Degrees
}

// Learner returns a trunk with a head that names the angle.
func (r Rotation) Learner(s Setup) (train.Learner, error) {
	return &rotation{r, s, &layers.Net{Trunk: s.Trunk, Head: layers.PoolHead(s.RNG, s.Trunk, len(r.degrees()))}}, nil
}

type rotation struct {
	task  Rotation
	setup Setup
	*layers.Net
}

func (r *rotation) Groups() []train.Group { return train.One(r) }

func (r *rotation) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(r.task.degrees()))}
}

// rotated is a batch: image i turned by angle k is row k·N + i.
type rotated struct {
	X       *tensor.Tensor // [K·N S S 3]
	Labels  []int32        // [K·N], which angle
	upright []float32      // [N S S 3]
}

// rotationMaker turns pictures.
type rotationMaker struct {
	degrees  []int
	pictures *data.Pictures
}

func (r *rotation) maker(in data.Inputs, augment bool) (*rotationMaker, error) {
	p, err := r.setup.Pictures("rotation", in, augment)
	if err != nil {
		return nil, err
	}
	return &rotationMaker{r.task.degrees(), p}, nil
}

func (m *rotationMaker) New(n int) *rotated {
	k, s := len(m.degrees), m.pictures.Side
	b := &rotated{X: tensor.New(k*n, s, s, 3), Labels: make([]int32, k*n), upright: make([]float32, n*s*s*3)}
	for i := range b.Labels {
		b.Labels[i] = int32(i / n)
	}
	return b
}

func (m *rotationMaker) Fill(b *rotated, row, i int, rng *tensor.RNG) error {
	side := m.pictures.Side
	size := side * side * 3
	n := len(b.Labels) / len(m.degrees)
	upright := b.upright[row*size : (row+1)*size]
	if err := m.pictures.Fill(upright, i, rng); err != nil {
		return err
	}
	for k, d := range m.degrees {
		turn(b.X.Data[(k*n+row)*size:][:size], upright, side, 3, d)
	}
	return nil
}

func (r *rotation) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := r.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, r.step), nil
}

func (r *rotation) step(s train.Step, b *rotated) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		logits := r.Forward(t.Input(b.X))
		s.Metric("accuracy", float64(tensor.CountRight(logits.Value, b.Labels)), float64(len(b.Labels)))
		return autograd.CrossEntropy(logits, b.Labels)
	})
}

// Draw shows each image at each angle, a row an image; the frame is green where the net named the angle, red where not, and
// under it stands what the net said: a bar for each angle, as high as its probability.
func (r *rotation) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := r.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	probs := autograd.Softmax(r.Forward(autograd.NewInference().Input(b.X))).Value
	n, s, k := len(index), m.pictures.Side, len(m.degrees)
	zoom := max(1, 96/s)
	const bar, gap = 24, 8
	cell := s*zoom + gap
	pic := canvas.NewSheet(k*cell+gap, n*(cell+bar)+gap)
	for t, l := range b.Labels {
		x0, y0 := gap+int(l)*cell, gap+t%n*(cell+bar)
		p := probs.Data[t*k : (t+1)*k]
		good := true
		for j := range p {
			good = good && p[j] <= p[l]
		}
		pic.Frame(x0-3, y0-3, s*zoom+6, s*zoom+6, good)
		pic.Picture(x0, y0, zoom, r.setup.Norm.ToImage(b.X.Data[t*s*s*3:(t+1)*s*s*3], s, s).Pix, s, s)
		for j, v := range p {
			w := s * zoom / k
			pic.Bar(x0+j*w, y0+s*zoom+4, w-2, bar-8, float64(v), j == int(l))
		}
	}
	return pic, nil
}

// turn writes src, s by s pixels of c channels, turned counter-clockwise to dst.
func turn(dst, src []float32, s, c, degrees int) {
	if degrees%90 != 0 {
		turnAny(dst, src, s, c, float64(degrees)*math.Pi/180)
		return
	}
	// pixel (y, x) comes from pixel first + x·step
	for y := range s {
		first, step := y*s, 1
		switch degrees {
		case 90:
			first, step = s-1-y, s
		case 180:
			first, step = s*s-1-y*s, -1
		case 270:
			first, step = (s-1)*s+y, -s
		}
		row, at := dst[y*s*c:(y+1)*s*c], first*c
		if step == 1 {
			copy(row, src[at:])
			continue
		}
		for len(row) >= c {
			if from := src[at : at+c]; c == 3 { // a call is more than three moves
				row[0], row[1], row[2] = from[0], from[1], from[2]
			} else {
				copy(row, from)
			}
			row, at = row[c:], at+step*c
		}
	}
}

// turnAny turns by any angle, bilinearly, the border mirrored.
func turnAny(dst, src []float32, s, c int, angle float64) {
	sin, cos := math.Sincos(angle)
	m := float64(s-1) / 2
	mirror := func(i int) int {
		for i < 0 || i >= s {
			if i < 0 {
				i = -1 - i
			} else {
				i = 2*s - 1 - i
			}
		}
		return i
	}
	for y := range s {
		for x := range s {
			// y points down: counter-clockwise on the screen
			u := cos*(float64(x)-m) - sin*(float64(y)-m) + m
			v := sin*(float64(x)-m) + cos*(float64(y)-m) + m
			fu, fv := math.Floor(u), math.Floor(v)
			a, b := float32(u-fu), float32(v-fv)
			x0, x1, y0, y1 := mirror(int(fu)), mirror(int(fu)+1), mirror(int(fv)), mirror(int(fv)+1)
			for k := range c {
				top := src[(y0*s+x0)*c+k]*(1-a) + src[(y0*s+x1)*c+k]*a
				bottom := src[(y1*s+x0)*c+k]*(1-a) + src[(y1*s+x1)*c+k]*a
				dst[(y*s+x)*c+k] = top*(1-b) + bottom*b
			}
		}
	}
}
