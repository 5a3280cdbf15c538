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

// Depth predicts how far from the camera each pixel is. What is regressed by least squares is the depth's natural logarithm (Eigen, Puhrsch and Fergus 2014,
// section 3.2, equation 4 with λ = 0: a network of one scale has to learn it), in its standard deviations over the training pixels, or with Inverse one over
// the depth. What is predicted is kept within the training samples' depths.
type Depth struct {
	Inverse bool // one over the depth in place of its logarithm: near things count more
	Learning
}

var depthKind = eval.Kind{
	Name:  "depth",
	All:   denseAll,
	About: "depths at each pixel of feature maps: delta, RMSE, relative error",
	Options: append([]spec.Option{
		{Name: "of", Default: "log", About: "what is regressed: log of the depth, or inverse, one over it"},
	}, learningOptions...),
	Make: func(v *spec.Values) eval.Protocol {
		p := Depth{Inverse: v.One("of", "log", "inverse") == "inverse", Learning: newLearning(v)}
		p.Dilated = v.One("head", "linear", "dilated") == "dilated"
		return p
	},
}

// Name returns depth.
func (p Depth) Name() string { return "depth" }

// Needs says what samples lack.
func (p Depth) Needs(train, test *data.Dataset) error {
	for _, d := range []*data.Dataset{train, test} {
		if d.Truth.Depths == nil || d.Truth.Sizes == nil || d.Images == nil {
			return fmt.Errorf("there are no pictures with depths; rgbd:DIR and scenes have them")
		}
	}
	return nil
}

// Tune lets heads learn depths, and judges them on the test samples.
func (p Depth) Tune(ctx context.Context, e *eval.TrunkEncoder, train, test *data.Dataset, o eval.Options) ([]eval.Score, error) {
	return tune(ctx, &depths{inverse: p.Inverse}, p.Learning, e, train, test, o)
}

// depths are values of a pixel: the depth, not above 0 where it is not known.
type depths struct {
	inverse    bool
	low, high  float64   // of the training samples
	mean, dev  float64   // of what is regressed
	everywhere []float32 // the mean of what is regressed at each place, as depths
}

func (p *depths) name() string { return "depth" }
func (p *depths) noun() string { return "depth" }

func (p *depths) settings() map[string]any {
	if p.inverse {
		return map[string]any{"of": "inverse"}
	}
	return map[string]any{"of": "log"}
}

func (p *depths) truth(d *data.Dataset, i int) (*tensor.Tensor, error) {
	return d.Truth.Depths.Depth(i)
}

func (p *depths) known(truth []float32) bool {
	return slices.ContainsFunc(truth, func(v float32) bool { return v > 0 })
}

// code returns what is regressed of a depth.
func (p *depths) code(depth float64) float64 {
	if p.inverse {
		return 1 / depth
	}
	return math.Log(depth)
}

// depth returns the depth of what is regressed.
func (p *depths) depth(code float64) float32 {
	d := math.Exp(code)
	if p.inverse {
		d = p.high
		if code > 0 {
			d = 1 / code
		}
	}
	return float32(min(max(d, p.low), p.high))
}

func (p *depths) begin(all [][]float32, _ uint64) (int, error) {
	sum, squares, n := 0.0, 0.0, 0.0
	p.low, p.high = math.Inf(1), 0
	at, known := make([]float64, len(all[0])), make([]float64, len(all[0]))
	for _, x := range all {
		for k, v := range x {
			if v > 0 {
				c := p.code(float64(v))
				sum, squares, n = sum+c, squares+c*c, n+1
				at[k], known[k] = at[k]+c, known[k]+1
				p.low, p.high = min(p.low, float64(v)), max(p.high, float64(v))
			}
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("the depth is known of no pixel that is seen of the training samples")
	}
	p.mean = sum / n
	p.dev = math.Sqrt(max(squares/n-p.mean*p.mean, 1e-12))
	p.everywhere = make([]float32, len(at))
	for k := range at {
		c := p.mean
		if known[k] > 0 {
			c = at[k] / known[k]
		}
		p.everywhere[k] = p.depth(c)
	}
	return 1, nil
}

// prior is the mean of what is regressed at each place.
func (p *depths) prior(n int, at func(i int) []float32) []float32 {
	sum, known := make([]float64, len(at(0))), make([]float64, len(at(0)))
	for i := range n {
		for k, v := range at(i) {
			if v > 0 {
				sum[k], known[k] = sum[k]+(p.code(float64(v))-p.mean)/p.dev, known[k]+1
			}
		}
	}
	out := make([]float32, len(sum))
	for k, n := range known {
		out[k] = float32(sum[k] / max(n, 1))
	}
	return out
}

func (p *depths) turn([]float32) {}

func (p *depths) loss(truth []float32) func(y *autograd.Var) *autograd.Var {
	want, known := make([]float32, len(truth)), make([]float32, len(truth))
	for k, v := range truth {
		if v > 0 {
			want[k], known[k] = float32((p.code(float64(v))-p.mean)/p.dev), 1
		}
	}
	return func(y *autograd.Var) *autograd.Var {
		return autograd.L2(y, tensor.From(want, y.Shape()...), autograd.LossOptions{Weight: tensor.From(known, y.Shape()...)})
	}
}

func (p *depths) predict(y []float32) []float32 {
	out := make([]float32, len(y))
	for k, v := range y {
		out[k] = p.depth(float64(v)*p.dev + p.mean)
	}
	return out
}

func (p *depths) trivial() ([]float32, string) { return p.everywhere, "mean depth of each place" }

func (p *depths) sums(got, truth []float32) []float64 { return metric.DepthSums(got, truth) }
func (p *depths) measures() []metric.Measure          { return metric.DepthMeasures() }
func (p *depths) parts(string, []float64) []eval.Part { return nil }

func (p *depths) about() (title, colours string) {
	return "Depths", "Near is bright and far dark, by the logarithm from the nearest to the farthest true depth of a row; grey: not known"
}

func (p *depths) legend([][]float32) []entry { return nil }

// unknownGrey is the colour of what is not known.
const unknownGrey = 0x80

func (p *depths) colours(x, truth []float32) []uint8 {
	low, high := math.Inf(1), 0.0
	for _, v := range truth {
		if v > 0 {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	wide := math.Log(high / low)
	out := make([]uint8, 3*len(x))
	for k, v := range x {
		to := out[3*k : 3*k+3]
		if !(v > 0) {
			to[0], to[1], to[2] = unknownGrey, unknownGrey, unknownGrey
			continue
		}
		part := 0.0
		if wide > 0 {
			part = math.Log(float64(v)/low) / wide
		}
		to[0], to[1], to[2] = canvas.Heat(1 - min(max(part, 0), 1))
	}
	return out
}
