package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Invariance says how much features of a picture change when it is changed: the cosine distance between the averaged features of a picture and of the same picture
// changed, over the mean cosine distance between different pictures. 0 is no change, 1 is as much as another picture. What features are invariant to, of colours, places and
// views, Ericsson, Gouk and Hospedales ("Why do self-supervised models transfer?", BMVC 2022) compare with what they are good for; the measure is ours: without the
// division, features of a net that all point one way look invariant to anything. The trunk is asked anew, so that only trunks can be judged.
type Invariance struct {
	Changes []string // names of PictureChanges or of what the data can draw anew, such as pose; nil for all that there are
	Samples int      // test samples that are changed, at most, drawn; 0 means 500
	Seed    uint64   // of which
}

var invarianceKind = Kind{
	Name:  "invariance",
	About: "how much features change under colour, rotation, crop, place, blur, and of scenes pose, background, ...; 1: as much as another picture",
	Options: []spec.Option{
		{Name: "changes", About: "which, with commas between: " + strings.Join(pictureChangeNames(), ", ") + ", and what the data can draw anew; if not given all"},
		{Name: "n", Default: "500", About: "test samples that are changed, at most, drawn"},
		{Name: "seed", Default: "0", About: "of which"},
	},
	All: "no", // how much is good depends on what the features are for
	Make: func(v *spec.Values) Protocol {
		p := Invariance{Samples: v.Int("n", 2, math.MaxInt32), Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		if v.Given("changes") {
			p.Changes = strings.Split(v.Text("changes"), ",")
		}
		return p
	},
}

// PictureChange changes a picture and leaves what it shows.
type PictureChange struct {
	Name string
	Of   func(im *data.Image) *data.Image
}

// PictureChanges are those that Invariance makes of any picture: grey, hue (turned by a third of its circle), mirrored, rotated (a quarter), crop (the
// middle three quarters each way), shifted (an eighth of the shorter side right and down, the edge drawn out), blurred (five by five pixels of a picture whose shorter side is 64).
var PictureChanges = []PictureChange{
	{"grey", recolour(Recolourings[0])},
	{"hue", recolour(Recolourings[2])},
	{"mirrored", func(im *data.Image) *data.Image {
		return moved(im, im.H, im.W, func(y, x int) (int, int) { return y, im.W - 1 - x })
	}},
	{"rotated", func(im *data.Image) *data.Image {
		return moved(im, im.W, im.H, func(y, x int) (int, int) { return x, im.W - 1 - y })
	}},
	{"crop", func(im *data.Image) *data.Image {
		return moved(im, max(1, im.H*3/4), max(1, im.W*3/4), func(y, x int) (int, int) { return y + im.H/8, x + im.W/8 })
	}},
	{"shifted", func(im *data.Image) *data.Image {
		d := min(im.H, im.W) / 8
		return moved(im, im.H, im.W, func(y, x int) (int, int) { return max(0, y-d), max(0, x-d) })
	}},
	{"blurred", blurred},
}

func pictureChangeNames() (names []string) {
	for _, c := range PictureChanges {
		names = append(names, c.Name)
	}
	return names
}

func recolour(by Recolouring) func(im *data.Image) *data.Image {
	return func(im *data.Image) *data.Image {
		out := data.NewImage(im.H, im.W)
		for k := 0; k < len(im.Pix); k += 3 {
			out.Pix[k], out.Pix[k+1], out.Pix[k+2] = by.Of(im.Pix[k], im.Pix[k+1], im.Pix[k+2])
		}
		return out
	}
}

// moved returns a picture of h by w pixels, each from a place of im.
func moved(im *data.Image, h, w int, from func(y, x int) (int, int)) *data.Image {
	out := data.NewImage(h, w)
	for y := range h {
		for x := range w {
			a, b := from(y, x)
			copy(out.Pix[(y*w+x)*3:][:3], im.Pix[(a*im.W+b)*3:])
		}
	}
	return out
}

// blurred returns the means over squares, the edge drawn out.
func blurred(im *data.Image) *data.Image {
	r := max(1, (min(im.H, im.W)+16)/32)
	pass := func(im *data.Image, dy, dx int) *data.Image {
		out := data.NewImage(im.H, im.W)
		for y := range im.H {
			for x := range im.W {
				for c := range 3 {
					sum := 0
					for k := -r; k <= r; k++ {
						a, b := min(max(y+k*dy, 0), im.H-1), min(max(x+k*dx, 0), im.W-1)
						sum += int(im.Pix[(a*im.W+b)*3+c])
					}
					out.Pix[(y*im.W+x)*3+c] = uint8((sum + r) / (2*r + 1))
				}
			}
		}
		return out
	}
	return pass(pass(im, 0, 1), 1, 0)
}

// changedImages are pictures that are changed.
type changedImages struct {
	data.Images
	by PictureChange
}

func (c changedImages) Image(i int) (*data.Image, error) {
	im, err := c.Images.Image(i)
	if err != nil {
		return nil, err
	}
	return c.by.Of(im), nil
}

// Name returns invariance.
func (p Invariance) Name() string { return "invariance" }

// Tunes says that it needs the trunk.
func (p Invariance) Tunes() bool { return true }

// Judge is not possible: features in a file have no pictures that could be changed.
func (p Invariance) Judge(context.Context, Sample, Sample) (Score, error) {
	return Score{}, fmt.Errorf("invariance judges networks, not features alone: pictures are changed and looked at again")
}

// changes returns the names of what is changed of some data.
func (p Invariance) changes(t data.Truth) ([]string, error) {
	has := pictureChangeNames()
	if t.Varied != nil {
		has = append(has, t.Varied.Variants()...)
	}
	for _, name := range p.Changes {
		if !slices.Contains(has, name) {
			return nil, fmt.Errorf("option changes=%s: there are %s", name, spec.Or(has))
		}
	}
	if p.Changes != nil {
		return p.Changes, nil
	}
	return has, nil
}

// Needs says what the samples lack.
func (p Invariance) Needs(_, test *data.Dataset) error {
	if test.Images == nil {
		return fmt.Errorf("there are no pictures that could be changed, but %s", test.Kinds())
	}
	if test.Len() < 2 {
		return fmt.Errorf("there is one picture; to compare a change with another picture takes two")
	}
	_, err := p.changes(test.Truth)
	return err
}

// Tune returns a score of each stage, the mean over the changes, which are its parts.
func (p Invariance) Tune(ctx context.Context, e *TrunkEncoder, _, test *data.Dataset, o Options) ([]Score, error) {
	began := time.Now()
	if p.Samples == 0 {
		p.Samples = 500
	}
	names, err := p.changes(test.Truth)
	if err != nil {
		return nil, err
	}
	some := test
	if p.Samples < test.Len() {
		rows := tensor.NewRNG(p.Seed).Derive(stream.Gallery).Perm(test.Len())[:p.Samples]
		slices.Sort(rows)
		some = test.Subset(rows, "")
	}
	plain, err := encode(ctx, e, some, "pictures of "+e.Name(), o)
	if err != nil {
		return nil, err
	}
	out := make([]Score, len(plain))
	sums := make([][]float64, len(plain)) // of each stage, the changes of each sample
	apart := make([]float64, len(plain))
	units := make([]*tensor.Tensor, len(plain))
	for i, f := range plain {
		if len(f.Index) < 2 {
			return nil, fmt.Errorf("one picture could be read; to compare a change with another picture takes two")
		}
		units[i] = unit(f.Pooled)
		if apart[i] = meanDistance(units[i]); !(apart[i] > 1e-9) {
			return nil, fmt.Errorf("the features of stage %s are the same for all pictures", f.Name)
		}
		sums[i] = make([]float64, len(f.Index))
		out[i] = Score{Protocol: p.Name(), Stage: f.Name, Depth: f.Depth, Train: 0, Test: len(f.Index), Dim: f.Pooled.Dim(1), Trivial: 1, Found: map[string]any{"mean_distance": apart[i]},
			Metric:   metric.Metric{Name: "change", Trivial: 1},
			Settings: map[string]any{"changes": names, "n": p.Samples, "seed": p.Seed, "distance": "cosine", "over": "mean distance of pictures"}}
	}
	for _, name := range names {
		changed := *some
		if at := slices.Index(pictureChangeNames(), name); at >= 0 {
			changed.Images = changedImages{some.Images, PictureChanges[at]}
		} else {
			changed.Images = some.Truth.Varied.Variant(name)
		}
		all, err := encode(ctx, e, &changed, "another "+name+", "+e.Name(), o)
		if err != nil {
			return nil, err
		}
		for i, f := range all {
			if !slices.Equal(f.Index, plain[i].Index) {
				return nil, fmt.Errorf("changed by %s, other pictures can be read than before", name)
			}
			y, part := unit(f.Pooled), 0.0
			for r := range f.Index {
				d := (1 - float64(simd.Dot(units[i].Rows(r, r+1).Data, y.Rows(r, r+1).Data))) / apart[i]
				part += d / float64(len(f.Index))
				sums[i][r] += d / float64(len(names))
			}
			out[i].Parts = append(out[i].Parts, Part{Name: name, Value: part, N: len(f.Index)})
			out[i].Value += part / float64(len(names))
		}
	}
	for i := range out {
		if in, over := spread(plain[i], sums[i], ones(len(sums[i]))); in != nil {
			out[i].Interval, out[i].Found["interval_over"] = in, over
		}
		out[i].Seconds = time.Since(began).Seconds()
	}
	return out, nil
}

// meanDistance returns the mean of 1 - cosine over all pairs of rows of length 1: Σᵢ≠ⱼ xᵢ·xⱼ = |Σ xᵢ|² - n.
func meanDistance(x *tensor.Tensor) float64 {
	n, d := x.Dim(0), x.Dim(1)
	sum, own := make([]float64, d), 0.0
	for i := range n {
		for j, v := range x.Data[i*d : (i+1)*d] {
			sum[j] += float64(v)
			own += float64(v) * float64(v)
		}
	}
	all := 0.0
	for _, s := range sum {
		all += s * s
	}
	return 1 - (all-own)/(float64(n)*float64(n-1))
}
