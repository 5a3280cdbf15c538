package dense

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Segment predicts the class of each pixel by cross-entropy (Long, Shelhamer and Darrell 2015).
type Segment struct{ Learning }

var segmentKind = eval.Kind{
	Name:    "segment",
	All:     denseAll,
	About:   "the class of each pixel from feature maps: mIoU, pixel accuracy",
	Options: dilatedFirst(learningOptions),
	Make: func(v *spec.Values) eval.Protocol {
		p := Segment{newLearning(v)}
		p.Dilated = v.One("head", "linear", "dilated") == "dilated"
		return p
	},
}

// dilatedFirst returns options with head=dilated where nobody says another: a class takes more of a picture to tell than one position of a shallow map sees.
func dilatedFirst(of []spec.Option) []spec.Option {
	out := slices.Clone(of)
	out[0] = spec.Option{Name: "head", Default: "dilated", About: "linear, or dilated: two 3x3 convolutions of dilation 2 before it"}
	return out
}

// Name returns segment.
func (p Segment) Name() string { return "segment" }

// Needs says what samples lack.
func (p Segment) Needs(train, test *data.Dataset) error {
	for _, d := range []*data.Dataset{train, test} {
		if d.Truth.Segments == nil || d.Truth.Sizes == nil || d.Images == nil {
			return fmt.Errorf("there are no pictures with a class for each pixel; scenes have them, and voc:DIR?segments=yes")
		}
	}
	names := train.Truth.Segments.SegmentNames()
	for _, name := range test.Truth.Segments.SegmentNames() {
		if !slices.Contains(names, name) {
			return fmt.Errorf("the class %q of test pixels is not among those of the training pixels", name)
		}
	}
	return nil
}

// Tune lets heads learn classes, and judges them on the test samples.
func (p Segment) Tune(ctx context.Context, e *eval.TrunkEncoder, train, test *data.Dataset, o eval.Options) ([]eval.Score, error) {
	return tune(ctx, &segments{names: train.Truth.Segments.SegmentNames()}, p.Learning, e, train, test, o)
}

// segments are one value of a pixel: the number of its class among names, or -1.
type segments struct {
	names      []string
	everywhere []float32 // the commonest class at each place
}

func (p *segments) name() string             { return "segment" }
func (p *segments) noun() string             { return "class" }
func (p *segments) settings() map[string]any { return map[string]any{"classes": len(p.names)} }

// truth numbers classes as the training samples' are, by their names.
func (p *segments) truth(d *data.Dataset, i int) (*tensor.Tensor, error) {
	x, err := d.Truth.Segments.Segment(i)
	if err != nil {
		return nil, err
	}
	own := d.Truth.Segments.SegmentNames()
	y := tensor.New(x.Shape...)
	for k, v := range x.Data {
		y.Data[k] = -1
		if v < 0 {
			continue
		}
		if int(v) >= len(own) {
			return nil, fmt.Errorf("a pixel of class %g, there are %d", v, len(own))
		}
		if c := int(v); c < len(p.names) && p.names[c] == own[c] {
			y.Data[k] = v
		} else {
			y.Data[k] = float32(slices.Index(p.names, own[c]))
		}
	}
	return y, nil
}

func (p *segments) known(truth []float32) bool {
	return slices.ContainsFunc(truth, func(v float32) bool { return v >= 0 })
}

func (p *segments) begin(all [][]float32, _ uint64) (int, error) {
	size, count := len(all[0]), len(p.names)
	at, total := make([]int, size*count), make([]int, count)
	for _, x := range all {
		for k, v := range x {
			if v >= 0 {
				at[k*count+int(v)]++
				total[int(v)]++
			}
		}
	}
	there := 0
	for _, n := range total {
		if n > 0 {
			there++
		}
	}
	most := commonest(total)
	if there < 2 {
		return 0, fmt.Errorf("all pixels of the training samples are of one class, %q: there is nothing to tell apart", p.names[most])
	}
	p.everywhere = make([]float32, size)
	for k := range size {
		p.everywhere[k] = float32(most)
		if of := at[k*count : (k+1)*count]; of[commonest(of)] > 0 {
			p.everywhere[k] = float32(commonest(of))
		}
	}
	return count, nil
}

// commonest returns the place of the largest number, of equals the first.
func commonest(of []int) int { return slices.Index(of, slices.Max(of)) }

// prior is the logarithm of how common each class is at each place.
func (p *segments) prior(n int, at func(i int) []float32) []float32 {
	return logShares(n, len(p.names), func(i int) []int32 { return numbered(at(i)) })
}

func (p *segments) turn([]float32) {}

// numbered are values as classes.
func numbered(x []float32) []int32 {
	out := make([]int32, len(x))
	for k, v := range x {
		out[k] = int32(v)
	}
	return out
}

func (p *segments) loss(truth []float32) func(y *autograd.Var) *autograd.Var {
	labels := numbered(truth)
	return func(y *autograd.Var) *autograd.Var { return autograd.CrossEntropy(y, labels) }
}

func (p *segments) predict(y []float32) []float32 {
	count := len(p.names)
	out := make([]float32, len(y)/count)
	for i := range out {
		best := float32(math.Inf(-1))
		for c, v := range y[i*count : (i+1)*count] {
			if v > best {
				best, out[i] = v, float32(c)
			}
		}
	}
	return out
}

func (p *segments) trivial() ([]float32, string) {
	return p.everywhere, "commonest class of each place"
}

func (p *segments) sums(got, truth []float32) []float64 {
	return metric.SegmentSums(numbered(got), numbered(truth), len(p.names))
}

func (p *segments) measures() []metric.Measure { return metric.SegmentMeasures() }

// parts are the classes' own, of the mean over them.
func (p *segments) parts(measure string, sums []float64) (out []eval.Part) {
	if measure != "mIoU" {
		return nil
	}
	for c, name := range p.names {
		if iou, n := metric.ClassOverlap(sums, c); !math.IsNaN(iou) {
			out = append(out, eval.Part{Name: name, Value: iou, N: n})
		}
	}
	return out
}

func (p *segments) about() (title, colours string) {
	return "Classes of pixels", "The colours are those of the classes below; black: does not count"
}

func (p *segments) legend(shown [][]float32) (out []entry) {
	there := make([]bool, len(p.names))
	for _, x := range shown {
		for _, v := range x {
			if v >= 0 {
				there[int(v)] = true
			}
		}
	}
	for c, name := range p.names {
		if there[c] {
			out = append(out, entry{classColour(c), name})
		}
	}
	return out
}

func (p *segments) colours(x, _ []float32) []uint8 {
	out := make([]uint8, 3*len(x))
	for k, v := range x {
		if v >= 0 {
			c := classColour(int(v))
			copy(out[3*k:], c[:])
		}
	}
	return out
}

// classColour is a class's: the first, usually the background, is light grey.
func classColour(c int) (out [3]uint8) {
	if c == 0 {
		return [3]uint8{0xdd, 0xdd, 0xdd}
	}
	of := canvas.Hue(c)
	return [3]uint8{of.R, of.G, of.B}
}
