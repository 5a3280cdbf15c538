package dense

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/kmeans"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Normals predicts which way the surface at each pixel faces. The training pixels' normals are divided into codewords by k-means (Ladický, Zeisl and
// Pollefeys 2014); heads learn the nearest codeword by cross-entropy, and what is predicted is the mean of the codewords by their probabilities, made unit
// length (Goyal et al. 2019, section 6.3). With Regression three values are learned by least squares instead.
type Normals struct {
	Regression bool
	Codewords  int // 0 means 40
	Learning
}

const usualCodewords = 40

var normalsKind = eval.Kind{
	Name:  "normals",
	All:   denseAll,
	About: "surface normals at each pixel of feature maps: mean and median angle, 11.25, 22.5, 30 degrees",
	Options: append([]spec.Option{
		{Name: "as", Default: "codewords", About: "what is learned: codewords, whose mean by probability is predicted, or regression, the vector itself"},
		{Name: "codewords", Default: "40", About: "clusters of training normals, 2 to 1000"},
	}, learningOptions...),
	Make: func(v *spec.Values) eval.Protocol {
		p := Normals{Regression: v.One("as", "codewords", "regression") == "regression", Codewords: v.Int("codewords", 2, 1000), Learning: newLearning(v)}
		p.Dilated = v.One("head", "linear", "dilated") == "dilated"
		if p.Regression && v.Given("codewords") {
			v.Fail("option codewords goes with as=codewords")
		}
		return p
	},
}

// Name returns normals.
func (p Normals) Name() string { return "normals" }

// Needs says what samples lack.
func (p Normals) Needs(train, test *data.Dataset) error {
	for _, d := range []*data.Dataset{train, test} {
		if d.Truth.Normals == nil || d.Truth.Sizes == nil || d.Images == nil {
			return fmt.Errorf("there are no pictures with surface normals; scenes have them, and rgbd:DIR where the camera's numbers are known")
		}
	}
	return nil
}

// Tune lets heads learn normals, and judges them on the test samples.
func (p Normals) Tune(ctx context.Context, e *eval.TrunkEncoder, train, test *data.Dataset, o eval.Options) ([]eval.Score, error) {
	if p.Codewords == 0 {
		p.Codewords = usualCodewords
	}
	return tune(ctx, &normals{regression: p.Regression, count: p.Codewords}, p.Learning, e, train, test, o)
}

// normals are three values of a pixel: a unit vector, or zeros where it is not known.
type normals struct {
	regression bool
	count      int
	codewords  *tensor.Tensor // [count 3]
	everywhere []float32      // the mean normal at each place
}

func (p *normals) name() string { return "normals" }
func (p *normals) noun() string { return "surface normal" }

func (p *normals) settings() map[string]any {
	if p.regression {
		return map[string]any{"as": "regression"}
	}
	return map[string]any{"as": "codewords", "codewords": p.count}
}

func (p *normals) truth(d *data.Dataset, i int) (*tensor.Tensor, error) {
	return d.Truth.Normals.Normals(i)
}

func (p *normals) known(truth []float32) bool {
	return slices.ContainsFunc(truth, func(v float32) bool { return v != 0 })
}

// mostClustered is how many normals are divided into codewords at most.
const mostClustered = 20000

func (p *normals) begin(all [][]float32, seed uint64) (int, error) {
	sum := make([]float64, len(all[0]))
	var mean [3]float64
	var flat []float32
	for _, x := range all {
		for k, v := range x {
			sum[k] += float64(v)
			mean[k%3] += float64(v)
		}
		for k := 0; k < len(x); k += 3 {
			if v := x[k : k+3]; p.known(v) {
				flat = append(flat, v...)
			}
		}
	}
	p.everywhere = make([]float32, len(sum))
	for k := 0; k < len(sum); k += 3 {
		at := [3]float64(sum[k : k+3])
		if at == [3]float64{} { // nothing is known there
			at = mean
		}
		unit(p.everywhere[k:k+3], at)
	}
	if p.regression {
		return 3, nil
	}
	x := &tensor.Tensor{Shape: []int{len(flat) / 3, 3}, Data: flat}
	rng := tensor.NewRNG(seed).Derive(stream.KMeans)
	if n := x.Dim(0); n > mostClustered {
		some := make([]int32, mostClustered)
		for k, i := range rng.Perm(n)[:mostClustered] {
			some[k] = int32(i)
		}
		y := tensor.New(mostClustered, 3)
		tensor.Gather(y, x, some)
		x = y
	}
	p.count = min(p.count, x.Dim(0))
	best, _ := kmeans.Fit(x, p.count, kmeans.Options{Restarts: 3}, rng)
	p.codewords = best.Centres
	for k := range p.count {
		c := p.codewords.Data[3*k : 3*k+3]
		unit(c, [3]float64{float64(c[0]), float64(c[1]), float64(c[2])})
	}
	return p.count, nil
}

// unit sets to to v, of length 1; to zeros where v has none.
func unit(to []float32, v [3]float64) {
	l := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	for k := range v {
		to[k] = 0
		if l > 0 {
			to[k] = float32(v[k] / l)
		}
	}
}

// prior is the logarithm of how common each codeword is at each place, or the mean vector there.
func (p *normals) prior(n int, at func(i int) []float32) []float32 {
	if !p.regression {
		labels := make([][]int32, n)
		parallel.For(n, func(i int) { labels[i], _ = p.labels(at(i)) })
		return logShares(n, p.count, func(i int) []int32 { return labels[i] })
	}
	sum, known := make([]float64, len(at(0))), make([]float64, len(at(0)))
	for i := range n {
		x := at(i)
		for k := 0; k < len(x); k += 3 {
			if v := x[k : k+3]; p.known(v) {
				for a := range v {
					sum[k+a], known[k+a] = sum[k+a]+float64(v[a]), known[k+a]+1
				}
			}
		}
	}
	out := make([]float32, len(sum))
	for k, n := range known {
		out[k] = float32(sum[k] / max(n, 1))
	}
	return out
}

// turn turns what faces left to the right.
func (p *normals) turn(truth []float32) {
	for k := 0; k < len(truth); k += 3 {
		truth[k] = -truth[k]
	}
}

// labels returns the nearest codeword of each pixel, -1 where nothing is known; of a regression 1 where something is known, else 0.
func (p *normals) labels(truth []float32) (labels []int32, known []float32) {
	n := len(truth) / 3
	labels, known = make([]int32, n), make([]float32, n)
	for k := range n {
		v := truth[3*k : 3*k+3]
		switch {
		case !p.known(v):
			labels[k] = -1
		case p.regression:
			known[k] = 1
		default:
			labels[k] = p.nearest(v)
		}
	}
	return labels, known
}

func (p *normals) loss(truth []float32) func(y *autograd.Var) *autograd.Var {
	labels, known := p.labels(truth)
	return func(y *autograd.Var) *autograd.Var {
		if !p.regression {
			return autograd.CrossEntropy(y, labels)
		}
		s := y.Shape()
		return autograd.L2(y, tensor.From(truth, s...), autograd.LossOptions{Weight: tensor.From(known, s[0], s[1], s[2], 1)})
	}
}

// nearest returns the codeword of the least angle to a normal, of equals the first.
func (p *normals) nearest(v []float32) int32 {
	best, at := float32(math.Inf(-1)), int32(0)
	for k := range p.count {
		c := p.codewords.Data[3*k : 3*k+3]
		if dot := c[0]*v[0] + c[1]*v[1] + c[2]*v[2]; dot > best {
			best, at = dot, int32(k)
		}
	}
	return at
}

func (p *normals) predict(y []float32) []float32 {
	if p.regression {
		out := make([]float32, len(y))
		for k := 0; k < len(y); k += 3 {
			unit(out[k:k+3], [3]float64{float64(y[k]), float64(y[k+1]), float64(y[k+2])})
		}
		return out
	}
	n := len(y) / p.count
	logits := tensor.From(y, n, p.count)
	tensor.Softmax(logits, logits)
	out := make([]float32, 3*n)
	for i := range n {
		var v [3]float64
		for k, part := range y[i*p.count : (i+1)*p.count] {
			for a := range v {
				v[a] += float64(part) * float64(p.codewords.Data[3*k+a])
			}
		}
		unit(out[3*i:3*i+3], v)
	}
	return out
}

func (p *normals) trivial() ([]float32, string) { return p.everywhere, "mean normal of each place" }

func (p *normals) sums(got, truth []float32) []float64 { return metric.NormalSums(got, truth) }
func (p *normals) measures() []metric.Measure          { return metric.NormalMeasures() }
func (p *normals) parts(string, []float64) []eval.Part { return nil }

func (p *normals) about() (title, colours string) {
	return "Surface normals", "Red grows to the right, green upwards, blue towards the camera; grey: not known"
}

func (p *normals) legend([][]float32) []entry { return nil }

func (p *normals) colours(x, _ []float32) []uint8 {
	out := make([]uint8, len(x))
	for k := range x {
		v := x[k]
		if k%3 > 0 { // y is down, z away
			v = -v
		}
		out[k] = uint8(min(max(127.5*(v+1)+0.5, 0), 255))
	}
	return out
}
