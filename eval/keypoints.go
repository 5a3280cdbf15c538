package eval

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// KeyPoints says how well features tell where joints are. A linear map of the standardised grid features regresses the coordinates in the square that is
// seen of the picture (Toshev and Szegedy 2014, DeepPose, equations 1 to 4, in one stage: at tens of pixels a side there is no room for heat maps),
// by least squares over the joints that are known, with weight decay chosen on a tenth of the training samples. With Tune the trunk learns too.
//
// A joint is right where it is nearer to its true place than a part of the person's size: PCK (Yang and Ramanan 2013).
type KeyPoints struct {
	Size       string    // of a person: torso, box; empty means torso where joints say it, else box
	Decays     []float64 // weight decays to choose among; nil means 1e-3, 1e-2, 0.1, 1, 10
	Iterations int       // of L-BFGS; 0 means 100
	Seed       uint64    // of what is held out, and of fine-tuning
	Tuning               // of the whole trunk, where On
}

// keyPointDecays are the usual ones.
var keyPointDecays = []float64{1e-3, 1e-2, 0.1, 1, 10}

// KeyPointsKind is the kind that Make makes a KeyPoints of.
var KeyPointsKind = Kind{
	Name:  "keypoints",
	About: "a linear map to the places of joints: PCK, the part that is near the truth",
	Options: append([]spec.Option{
		{Name: "size", About: "what near is measured by, torso (left hip to right shoulder) or box (its longer side); if not given torso where joints say it"},
		{Name: "decays", Default: "1e-3,1e-2,0.1,1,10", About: "weight decays to choose among on held-out training samples; not with tune"},
		{Name: "iterations", Default: "100", About: "of lbfgs, at most; not with tune"},
		{Name: "seed", Default: "0", About: "of what is held out, and of fine-tuning"},
	}, TuningOptions...),
	Make: func(v *spec.Values) Protocol {
		p := KeyPoints{Decays: decays(v), Iterations: v.Int("iterations", 1, math.MaxInt32), Seed: uint64(v.Int("seed", 0, math.MaxInt)), Tuning: NewTuning(v)}
		if v.Given("size") {
			p.Size = v.One("size", "torso", "box")
		}
		return p
	},
}

// Name returns keypoints.
func (p KeyPoints) Name() string { return "keypoints" }

// Needs says what samples lack.
func (p KeyPoints) Needs(train, test *data.Dataset) error {
	for _, d := range []*data.Dataset{train, test} {
		if d.Truth.KeyPoints == nil || d.Truth.Sizes == nil || d.Images == nil {
			return fmt.Errorf("there are no pictures with joints; people:PATH and scenes have them (of films with as=frames)")
		}
	}
	return nil
}

func (p KeyPoints) filled() KeyPoints {
	if p.Decays == nil {
		p.Decays = keyPointDecays
	}
	if p.Iterations == 0 {
		p.Iterations = 100
	}
	p.Tuning = p.Tuning.Filled()
	return p
}

// Posed are the joints of rows in the square that is seen of their pictures: the middle, as high and wide as the shorter side. Places are in sides
// of it, from its middle.
type Posed struct {
	Names  []string
	At     *tensor.Tensor       // [N 2J] x0 y0 x1 y1 ...
	Known  *tensor.Tensor       // [N 2J] 1 where a joint is known and seen, else 0
	around [][4]float64         // [N] x0 y0 x1 y1 of the box around a person's joints, seen or not
	size   map[string][]float64 // [N] torso, box, head of the person, in sides of the square; 0 where it is not known
	out    int                  // joints that are known and not seen
}

// People's sizes: the distance of the first pair of joints that are both known.
var sizesOf = map[string][][2]string{
	"torso": {{"left hip", "right shoulder"}, {"right hip", "left shoulder"}, {"hip", "neck"}}, // FLIC's: Sapp and Taskar 2013, MODEC, section 4
	"head":  {{"head top", "neck"}, {"head top", "upper neck"}},                                // the head's segment: Andriluka et al. 2014, MPII
}

// plainName is a joint's name with spaces, in lower case.
func plainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", " ", "-", " ").Replace(name))
}

// Pose returns the joints of a sample's rows, numbered as in names; where names is nil, all that come, in alphabetical order.
func (s Sample) Pose(names []string) (*Posed, error) {
	n := len(s.Index)
	all, sizes, errs := make([][]data.KeyPoint, n), make([][2]int, n), make([]error, n)
	parallel.For(n, func(row int) {
		i := s.Index[row]
		all[row], errs[row] = s.Truth.KeyPoints.KeyPoints(i)
		if errs[row] == nil {
			sizes[row][0], sizes[row][1], errs[row] = s.Truth.Sizes.Size(i)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	if names == nil {
		seen := map[string]bool{}
		for _, points := range all {
			for _, k := range points {
				if name := plainName(k.Name); !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
		slices.Sort(names)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no sample has a joint")
	}
	number := map[string]int{}
	for j, name := range names {
		number[name] = j
	}
	p := &Posed{Names: names, At: tensor.New(n, 2*len(names)), Known: tensor.New(n, 2*len(names)), around: make([][4]float64, n), size: map[string][]float64{}}
	for _, what := range []string{"torso", "box", "head"} {
		p.size[what] = make([]float64, n)
	}
	for row, points := range all {
		p.add(row, points, sizes[row][0], sizes[row][1], number)
	}
	return p, nil
}

// add sets a row's joints, of a picture of h by w pixels.
func (p *Posed) add(row int, points []data.KeyPoint, h, w int, number map[string]int) {
	side := float64(min(h, w))
	at := map[string][2]float64{}
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, k := range points {
		q := [2]float64{(float64(k.X) - float64(w)/2) / side, (float64(k.Y) - float64(h)/2) / side}
		name := plainName(k.Name)
		at[name] = q
		for a := range q {
			low[a], high[a] = min(low[a], q[a]), max(high[a], q[a])
		}
		j, ok := number[name]
		if !ok {
			continue
		}
		if math.Abs(q[0]) > 0.5 || math.Abs(q[1]) > 0.5 {
			p.out++
			continue
		}
		to := (row*len(p.Names) + j) * 2
		p.At.Data[to], p.At.Data[to+1] = float32(q[0]), float32(q[1])
		p.Known.Data[to], p.Known.Data[to+1] = 1, 1
	}
	if len(points) > 0 {
		p.size["box"][row] = max(high[0]-low[0], high[1]-low[1])
		p.around[row] = [4]float64{low[0], low[1], high[0], high[1]}
	}
	for what, pairs := range sizesOf {
		for _, pair := range pairs {
			a, ok := at[pair[0]]
			b, both := at[pair[1]]
			if ok && both && p.size[what][row] == 0 {
				p.size[what][row] = math.Hypot(a[0]-b[0], a[1]-b[1])
			}
		}
	}
}

// has tells whether a size is known of any row.
func (p *Posed) has(what string) bool {
	return slices.ContainsFunc(p.size[what], func(v float64) bool { return v > 0 })
}

// Mean returns the mean place of each joint [2J], and one over the deviation of each coordinate; 0 for one that never comes.
func (p *Posed) Mean() (mean, inv []float32) {
	d := p.At.Dim(1)
	mean, inv = make([]float32, d), make([]float32, d)
	for j := range d {
		n, sum, squares := 0.0, 0.0, 0.0
		for i := j; i < len(p.At.Data); i += d {
			if w := float64(p.Known.Data[i]); w > 0 {
				v := float64(p.At.Data[i])
				n, sum, squares = n+1, sum+v, squares+v*v
			}
		}
		if n > 0 {
			m := sum / n
			mean[j] = float32(m)
			inv[j] = float32(1 / math.Sqrt(max(squares/n-m*m, 1e-8)))
		}
	}
	return mean, inv
}

// Judge returns the PCK at the first part.
func (p KeyPoints) Judge(ctx context.Context, train, test Sample) (Score, error) {
	all, err := p.Scores(ctx, train, test)
	if err != nil {
		return Score{}, err
	}
	return all[0], nil
}

// Scores fits the map to the training samples and returns PCK@0.1, PCK@0.2 and the area below the curve up to 0.2 (as FLIC's), and PCKh@0.5 where
// the joints say how large a head is.
func (p KeyPoints) Scores(ctx context.Context, train, test Sample) ([]Score, error) {
	began := time.Now()
	p = p.filled()
	if err := sameWidth(train.Grid, test.Grid); err != nil {
		return nil, err
	}
	want, err := train.Pose(nil)
	if err != nil {
		return nil, err
	}
	truth, err := test.Pose(want.Names)
	if err != nil {
		return nil, err
	}
	mean, inv := standardisation(train.Grid)
	x, y := standardise(train.Grid, mean, inv), standardise(test.Grid, mean, inv)
	place, spread := want.Mean()
	target := standardise(want.At, place, spread)
	decay, err := p.chooseDecay(ctx, train, x, target, want.Known)
	if err != nil {
		return nil, err
	}
	w, b, iterations, err := p.linear(ctx, x, target, want.Known, decay)
	if err != nil {
		return nil, err
	}
	got := tensor.New(y.Dim(0), len(place))
	tensor.Linear(got, y, w, b, tensor.Float32)
	back(got, place, spread)
	settings := map[string]any{"decays": p.Decays, "max_iterations": p.Iterations, "standardised": true, "seed": p.Seed, "tune": false}
	found := map[string]any{"weight_decay": decay, "iterations": iterations, "grid": train.GridSide}
	return p.Judged(ctx, test, truth, Guess{At: got, Trivial: place, Predictor: meanPlace}, Score{Train: len(train.Index), Dim: x.Dim(1), Settings: settings, Found: found, Seconds: time.Since(began).Seconds()}, Options{})
}

// meanPlace is what who does not look says of a joint.
const meanPlace = "mean place"

// back turns standardised places into places.
func back(x *tensor.Tensor, place, spread []float32) {
	for i := range x.Data {
		j := i % len(place)
		if spread[j] > 0 {
			x.Data[i] /= spread[j]
		}
		x.Data[i] += place[j]
	}
}

func (p KeyPoints) linear(ctx context.Context, x, target, known *tensor.Tensor, decay float64) (w, b *tensor.Tensor, iterations int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, 0, err
	}
	_, weight := tensor.L2Loss.Sum(target, target, known)
	scale := 1 / max(weight, 1)
	return minimise(x, target.Dim(1), decay, p.Iterations, 0, func(lo int, y *tensor.Tensor) float64 {
		t, k := target.Rows(lo, lo+y.Dim(0)), known.Rows(lo, lo+y.Dim(0))
		sum, _ := tensor.L2Loss.Sum(y, t, k)
		tensor.L2Loss.Grad(y, y, t, k, float32(scale), false)
		return sum * scale
	})
}

// chooseDecay returns the decay whose map, fitted to most of the training samples, comes nearest to the joints of the others; whole films are held out.
func (p KeyPoints) chooseDecay(ctx context.Context, s Sample, x, target, known *tensor.Tensor) (float64, error) {
	of, count, _ := s.clusters()
	order := tensor.NewRNG(p.Seed).Derive(stream.ProbeDecay).Perm(count)
	out := map[int]bool{}
	for _, c := range order[:max(1, count/10)] {
		out[c] = true
	}
	var held, used []int32
	for row, c := range of {
		if out[c] {
			held = append(held, int32(row))
		} else if len(used) < 10000 {
			used = append(used, int32(row))
		}
	}
	if len(p.Decays) == 1 || len(used) == 0 {
		return p.Decays[0], nil
	}
	pick := func(x *tensor.Tensor, rows []int32) *tensor.Tensor {
		y := tensor.New(len(rows), x.Dim(1))
		tensor.Gather(y, x, rows)
		return y
	}
	hx, ht, hk := pick(x, held), pick(target, held), pick(known, held)
	ux, ut, uk := pick(x, used), pick(target, used), pick(known, used)
	best, at := math.Inf(1), p.Decays[0]
	for _, d := range p.Decays {
		w, b, _, err := p.linear(ctx, ux, ut, uk, d)
		if err != nil {
			return 0, err
		}
		y := autograd.Linear(autograd.Const(hx), autograd.Const(w), autograd.Const(b))
		if l := float64(autograd.L2(y, ht, autograd.LossOptions{Weight: hk}).Scalar()); l < best {
			best, at = l, d
		}
	}
	return at, nil
}

// measure of how near joints are.
type measure struct {
	name, size string
	of         func(distance float64) float64 // in sizes, 0 to 1
}

// withinPart is right up to so many sizes.
func withinPart(a float64) func(float64) float64 {
	return func(d float64) float64 {
		if d <= a {
			return 1
		}
		return 0
	}
}

// measures are what is measured by a size, and by heads where there are any.
func measures(size string, heads bool) []measure {
	out := []measure{{"PCK@0.1", size, withinPart(0.1)}, {"PCK@0.2", size, withinPart(0.2)},
		// the area below PCK from 0 to 0.2, over 0.2: a joint at distance d is right from d on
		{"PCK AUC", size, func(d float64) float64 { return max(0, 1-d/0.2) }}}
	if heads {
		out = append(out, measure{"PCKh@0.5", "head", withinPart(0.5)})
	}
	return out
}

// judged is what a measure says of places.
type judged struct {
	value  float64
	sum, n []float64 // of each row
	parts  []Part    // by joint, left and right together
}

// judge measures places [N 2J]. Rows whose size is not known are left out; skipped says how many joints.
func (m measure) judge(truth *Posed, got func(row, j int) (x, y float64)) (out judged, err error) {
	rows, joints := truth.At.Dim(0), len(truth.Names)
	out.sum, out.n = make([]float64, rows), make([]float64, rows)
	type tally struct {
		sum        float64
		n, skipped int
	}
	parts, order := map[string]*tally{}, []string{}
	total, count := 0.0, 0.0
	for row := range rows {
		size := truth.size[m.size][row]
		for j, name := range truth.Names {
			name = strings.TrimPrefix(strings.TrimPrefix(name, "left "), "right ")
			at := (row*joints + j) * 2
			if truth.Known.Data[at] == 0 {
				continue
			}
			if parts[name] == nil {
				parts[name] = &tally{}
				order = append(order, name)
			}
			if size <= 0 {
				parts[name].skipped++
				continue
			}
			x, y := got(row, j)
			v := m.of(math.Hypot(x-float64(truth.At.Data[at]), y-float64(truth.At.Data[at+1])) / size)
			parts[name].sum, parts[name].n = parts[name].sum+v, parts[name].n+1
			out.sum[row], out.n[row] = out.sum[row]+v, out.n[row]+1
		}
		total, count = total+out.sum[row], count+out.n[row]
	}
	if count == 0 {
		return out, fmt.Errorf("no test sample has a joint that is seen and a %s that is known", m.size)
	}
	out.value = total / count
	slices.Sort(order)
	for _, name := range order {
		t := parts[name]
		out.parts = append(out.parts, Part{Name: name, Value: t.sum / float64(max(t.n, 1)), N: t.n, Skipped: t.skipped})
	}
	return out, nil
}

// Guess is where joints are said to be.
type Guess struct {
	At        *tensor.Tensor // [N 2J], in sides of the square, from its middle
	Sure      []float64      // [N] how sure that is; nil where nothing is said of it: all are as sure
	Trivial   []float32      // [2J] where they are said to be by who does not look
	Predictor string         // what that is called
}

// Judged judges guesses; like has what all scores have in common.
func (p KeyPoints) Judged(ctx context.Context, test Sample, truth *Posed, of Guess, like Score, o Options) ([]Score, error) {
	size := p.Size
	if size == "" {
		if size = "box"; truth.has("torso") {
			size = "torso"
		}
	}
	joints := len(truth.Names)
	got := func(row, j int) (x, y float64) {
		at := (row*joints + j) * 2
		return float64(of.At.Data[at]), float64(of.At.Data[at+1])
	}
	blind := func(_, j int) (x, y float64) { return float64(of.Trivial[2*j]), float64(of.Trivial[2*j+1]) }
	var out []Score
	add := func(one Score, settings map[string]any) {
		s := like
		s.Protocol, s.Metric, s.Value, s.Trivial, s.Parts, s.Test, s.Interval = p.Name(), one.Metric, one.Value, one.Trivial, one.Parts, one.Test, one.Interval
		s.Metric.Predictor = of.Predictor
		settings["measure"] = s.Metric.Name
		s.Settings, s.Found = settings, map[string]any{"not_seen": truth.out}
		for _, more := range []map[string]any{like.Found, one.Found} {
			maps.Copy(s.Found, more)
		}
		maps.Copy(s.Settings, like.Settings)
		out = append(out, s)
	}
	for _, m := range measures(size, truth.has("head")) {
		mine, err := m.judge(truth, got)
		if err != nil {
			return nil, err
		}
		trivial, err := m.judge(truth, blind)
		if err != nil {
			return nil, err
		}
		s := Score{Metric: metric.Metric{Name: m.name, Unit: metric.Percent, Higher: true, Trivial: trivial.value}, Value: mine.value, Trivial: trivial.value, Parts: mine.parts}
		for _, n := range mine.n {
			if n > 0 {
				s.Test++
			}
		}
		if in, over := spread(test, mine.sum, mine.n); in != nil {
			s.Interval, s.Found = in, map[string]any{"interval_over": over}
		}
		add(s, map[string]any{"person_size": m.size})
	}
	s, ok, err := truth.oks(ctx, test, got, blind, of.Sure, o)
	if ok {
		add(s, map[string]any{"area": "box of the joints", "sigmas": "COCO's, of other joints their mean", "ranked": of.Sure != nil})
	}
	return out, err
}
