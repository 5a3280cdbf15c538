package pretext

import (
	"fmt"
	"image"
	"math"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
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

func newRotation(o *options) (Task, error) {
	switch set := o.get("set", "0,90,180,270"); set {
	case "0,90,180,270", "4":
		return Rotation{}, nil
	case "0,180":
		return Rotation{[]int{0, 180}}, nil
	case "90,270":
		return Rotation{[]int{90, 270}}, nil
	case "8":
		return Rotation{[]int{0, 45, 90, 135, 180, 225, 270, 315}}, nil
	default:
		return nil, fmt.Errorf("option set=%s, want 0,90,180,270 or 0,180 or 90,270 or 8", set)
	}
}

func (r Rotation) degrees() []int {
	if len(r.Degrees) == 0 {
		return []int{0, 90, 180, 270}
	}
	return r.Degrees
}

// Name returns rotation, with its set where it is not the usual one.
func (r Rotation) Name() string {
	d := r.degrees()
	switch {
	case len(d) == 8:
		return "rotation?set=8"
	case len(r.Degrees) == 0:
		return "rotation"
	}
	return "rotation?set=" + strings.ReplaceAll(strings.Trim(fmt.Sprint(d), "[]"), " ", ",")
}

// Classes returns the number of angles.
func (r Rotation) Classes() int { return len(r.degrees()) }

// Chance returns one in the number of angles.
func (r Rotation) Chance() float64 { return 1 / float64(r.Classes()) }

// Head returns pooling and a linear layer.
func (r Rotation) Head(rng *tensor.RNG, trunk *layers.Trunk, _ int) layers.Module {
	return poolHead(rng, trunk, r.Classes())
}

// Make returns every image turned by every angle, and which angle: x [N S S 3] -> [K·N S S 3], [K·N]. Image i turned by
// angle k is row k·N + i.
func (r Rotation) Make(x *tensor.Tensor) (*tensor.Tensor, []int32) {
	d := r.degrees()
	out := tensor.New(len(d)*x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3))
	labels := make([]int32, out.Dim(0))
	r.makeInto(out, labels, x)
	return out, labels
}

func (r Rotation) makeInto(out *tensor.Tensor, labels []int32, x *tensor.Tensor) {
	n, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	if h != w {
		panic(&tensor.ShapeError{Op: "Rotation", Msg: fmt.Sprintf("images of %d by %d, quarter turns want squares; use a square crop", h, w)})
	}
	size := h * w * c
	d := r.degrees()
	parallel.For(len(d)*n, func(t int) {
		k, i := t/n, t%n
		labels[t] = int32(k)
		turn(out.Data[t*size:(t+1)*size], x.Data[i*size:(i+1)*size], h, c, d[k])
	})
}

// turn writes src, s by s pixels of c channels, turned counter-clockwise to dst.
func turn(dst, src []float32, s, c, degrees int) {
	if degrees%90 != 0 {
		turnAny(dst, src, s, c, float64(degrees)*math.Pi/180)
		return
	}
	for y := range s {
		for x := range s {
			sy, sx := y, x
			switch degrees {
			case 90:
				sy, sx = x, s-1-y
			case 180:
				sy, sx = s-1-y, s-1-x
			case 270:
				sy, sx = s-1-x, y
			}
			copy(dst[(y*s+x)*c:][:c], src[(sy*s+sx)*c:])
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

// Step turns, predicts and compares.
func (r Rotation) Step(tape *autograd.Tape, net layers.Module, x *tensor.Tensor, _ *tensor.RNG) Outcome {
	views := tape.New(r.Classes()*x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3))
	labels := make([]int32, views.Dim(0))
	r.makeInto(views, labels, x)
	logits := net.Forward(tape.Input(views))
	return Outcome{autograd.CrossEntropy(logits, labels), tensor.CountRight(logits.Value, labels), len(labels)}
}

// Draw shows each image at each angle, a row an image; the frame is green where the net named the angle, red where not, and
// under it stands what the net said: a bar for each angle, as high as its probability.
func (r Rotation) Draw(net layers.Module, x *tensor.Tensor, norm data.Norm) image.Image {
	n, s := x.Dim(0), x.Dim(1)
	views, labels := r.Make(x)
	probs := autograd.Softmax(net.Forward(autograd.Const(views))).Value
	zoom := max(1, 96/s)
	const bar, gap = 24, 8
	cell := s*zoom + gap
	k := r.Classes()
	pic := newSheet(k*cell+gap, n*(cell+bar)+gap)
	for t, l := range labels {
		i := t % n
		x0, y0 := gap+int(l)*cell, gap+i*(cell+bar)
		p := probs.Data[t*k : (t+1)*k]
		good := true
		for j := range p {
			good = good && p[j] <= p[l]
		}
		pic.frame(x0-3, y0-3, s*zoom+6, s*zoom+6, good)
		pic.picture(x0, y0, zoom, norm.ToImage(views.Data[t*s*s*3:(t+1)*s*s*3], s, s))
		for j, v := range p {
			w := s * zoom / k
			pic.bar(x0+j*w, y0+s*zoom+4, w-2, bar-8, float64(v), j == int(l))
		}
	}
	return pic
}
