package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/stat/distuv"
)

// Lowshot is how well a classifier does that learned from a few labelled samples of each class, k of them, for several k and several draws of them (Goyal et
// al. 2019, section 6.2: k of 1 to 96, five draws). The draws are the same for all features of a data set, and a draw of more holds that of fewer. The score is the mean over
// all k and draws, its parts are the means at each k, and it has the curve. Features are standardised over all training samples: that takes no labels.
//
// Of pictures of several classes each class is learned from k that show it and from k·(classes - 1) that do not, as Goyal et al. do of VOC, and judged by mean average
// precision.
type Lowshot struct {
	K     []int   // samples of each class; nil means 1, 2, 4, 8, 16, 32, 64, 96; those that a class has fewer of are left out
	Draws int     // 0 means 5
	By    string  // svm (default) or logistic
	C     float64 // the classifier's cost, in place of a choice that so few samples cannot make; 0 means 0.001
	Boxes bool    // the classes are those of a picture's boxes; also where there are boxes and no labels
	Seed  uint64  // of the draws
}

// shots are the usual k.
var shots = []int{1, 2, 4, 8, 16, 32, 64, 96}

// classifiers are what Lowshot learns; the first is the default.
var classifiers = []string{"svm", "logistic"}

var lowshotKind = Kind{
	Name:  "lowshot",
	About: "a classifier of a few labelled samples of each class: the curve over how many, several draws of each",
	Options: []spec.Option{
		{Name: "k", Default: "1,2,4,8,16,32,64,96", About: "samples of each class; those that a class has fewer of are left out"},
		{Name: "draws", Default: "5", About: "of each k, 1 to 100"},
		{Name: "by", Default: "svm", About: "svm or logistic"},
		{Name: "c", Default: "0.001", About: "the classifier's cost, which so few samples cannot choose"},
		{Name: "classes", Default: "label", About: "boxes: those of a picture's boxes, several of them; also where there are no labels"},
		{Name: "seed", Default: "0", About: "of the draws"},
	},
	Make: func(v *spec.Values) Protocol {
		p := Lowshot{Draws: v.Int("draws", 1, 100), By: v.One("by", classifiers...), C: v.Float("c", leastCost, mostCost), Boxes: v.One("classes", "label", "boxes") == "boxes",
			Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		for _, t := range strings.Split(v.Text("k"), ",") {
			k, err := strconv.Atoi(t)
			if err != nil || k < 1 || len(p.K) > 0 && k <= p.K[len(p.K)-1] {
				v.Fail("option k=%s: want numbers from 1 on, each above the one before, with commas between", v.Text("k"))
			}
			p.K = append(p.K, k)
		}
		return p
	},
}

// Name returns lowshot.
func (p Lowshot) Name() string { return "lowshot" }

// filled is the protocol with what its zeros mean.
func (p Lowshot) filled() (Lowshot, error) {
	if len(p.K) == 0 {
		p.K = shots
	}
	if p.Draws == 0 {
		p.Draws = 5
	}
	if p.By == "" {
		p.By = classifiers[0]
	}
	if p.C == 0 {
		p.C = 0.001
	}
	switch {
	case !slices.Contains(classifiers, p.By):
		return p, fmt.Errorf("by=%s: want %s", p.By, spec.Or(classifiers))
	case p.Draws < 1:
		return p, fmt.Errorf("draws=%d: want at least 1", p.Draws)
	case p.K[0] < 1:
		return p, fmt.Errorf("k=%d: want at least 1", p.K[0])
	}
	return p, checkCost(p.C)
}

func (p Lowshot) many(t data.Truth) bool { return SVM{Boxes: p.Boxes}.many(t) }

// Needs says what the samples lack.
func (p Lowshot) Needs(train, test *data.Dataset) error {
	p, err := p.filled()
	switch {
	case err != nil:
		return err
	case p.many(train.Truth) && p.By != "svm":
		return fmt.Errorf("option by=%s: pictures of several classes are learned by svm", p.By)
	case p.many(train.Truth):
		return boxesNeeded(train, test)
	case len(train.Truth.Classes()) == 0:
		return noLabels(train)
	}
	if name, n := fewest(train); n < p.K[0] {
		return fewerThan(name, n, p.K[0])
	}
	return nil
}

// fewest returns the class of labels that has the fewest samples.
func fewest(d *data.Dataset) (name string, n int) {
	names := d.Truth.Classes()
	count := make([]int, len(names))
	for i := range d.Len() {
		if l := d.Truth.Label(i); l >= 0 && l < len(names) {
			count[l]++
		}
	}
	at := slices.Index(count, slices.Min(count))
	return names[at], count[at]
}

func fewerThan(class string, n, k int) error {
	return fmt.Errorf("class %q has %d training samples, fewer than k=%d", class, n, k)
}

// Tells says which k are left out.
func (p Lowshot) Tells(train, _ *data.Dataset) string {
	p, err := p.filled()
	if err != nil || p.many(train.Truth) {
		return ""
	}
	name, n := fewest(train)
	if out := p.above(n); len(out) > 0 {
		return fmt.Sprintf("class %q has %d training samples: k=%s is left out", name, n, strings.Join(out, ","))
	}
	return ""
}

// above returns the k that so many samples are too few for.
func (p Lowshot) above(n int) (out []string) {
	for _, k := range p.K {
		if k > n {
			out = append(out, strconv.Itoa(k))
		}
	}
	return out
}

// Judge learns from each draw and returns the mean.
func (p Lowshot) Judge(ctx context.Context, train, test Sample) (Score, error) {
	began := time.Now()
	p, err := p.filled()
	if err != nil {
		return Score{}, err
	}
	var t task
	if p.many(train.Truth) {
		t, err = p.ofBoxes(train, test)
	} else {
		t, err = p.ofLabels(train, test)
	}
	if err != nil {
		return Score{}, err
	}
	t.x, t.y = SVM{}.seen(train.Grid, test.Grid)
	s := Score{Protocol: p.Name(), Metric: t.metric, Trivial: t.metric.Trivial, Train: len(train.Index), Test: len(test.Index), Dim: train.Grid.Dim(1),
		Settings: map[string]any{"k": p.K, "draws": p.Draws, "by": p.By, "c": p.C, "standardised": true, "seed": p.Seed}, Found: map[string]any{"grid": train.GridSide}}
	if t.sides != nil {
		s.Settings["classes"] = "boxes"
	}
	if t.rare > 0 {
		s.Found["classes_with_too_few"] = t.rare
	}
	if out := p.above(t.most); len(out) > 0 {
		s.Found["left_out"] = fmt.Sprintf("k=%s: class %q has %d training samples", strings.Join(out, ","), t.fewest, t.most)
	}
	curve := &score.Curve{Along: "labelled samples of each class"}
	over, wide := make([]float64, p.Draws), reach{} // means over k, and how far from them test samples may lead
	kept := 0.0
	for _, k := range p.K {
		if k > t.most {
			break
		}
		kept++
		values, apart := make([]float64, p.Draws), reach{}
		for d := range values {
			var r reach
			if values[d], r, err = t.learn(ctx, t.drawn(p, k, d), p); err != nil {
				return Score{}, err
			}
			apart.add(r, 1/float64(p.Draws))
			over[d] += values[d]
		}
		mean, deviation, in := between(values, apart)
		curve.Points = append(curve.Points, score.CurvePoint{X: float64(k), Value: mean, Interval: in, Std: deviation, Min: slices.Min(values), Max: slices.Max(values), Draws: values})
		s.Parts = append(s.Parts, Part{Name: fmt.Sprintf("k=%d", k), Value: mean, N: len(test.Index)})
		wide.add(apart, 1)
	}
	for d := range over {
		over[d] /= kept
	}
	s.Curve = curve
	mean, _, in := between(over, reach{wide.below / kept, wide.above / kept})
	s.Value, s.Interval, s.Seconds = mean, &in, time.Since(began).Seconds()
	return s, nil
}

// between returns the mean and deviation of what draws of training samples reached, and the 95 % interval of the mean on other draws (Student's t) and on other test samples, which
// alone reach so far from it: both are apart from each other, so their squares add.
func between(values []float64, r reach) (mean, deviation float64, in [2]float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	if mean /= n; n > 1 {
		for _, v := range values {
			deviation += (v - mean) * (v - mean) / (n - 1)
		}
		deviation = math.Sqrt(deviation)
		half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
		r = reach{math.Hypot(r.below, half), math.Hypot(r.above, half)}
	}
	return mean, deviation, [2]float64{max(0, mean-r.below), min(1, mean+r.above)}
}

// task is what is learned from a few samples.
type task struct {
	x, y   *tensor.Tensor // training and test features as the classifier sees them
	metric metric.Metric
	most   int    // how many training samples the class has that has the fewest
	fewest string // that class
	of     [][]int
	*classes
	sides *manyClasses // of pictures of several classes; else nil
	rare  int          // of these classes, how many have too few training samples to be learned
	test  Sample
}

// ofLabels returns the task of samples of one class each.
func (p Lowshot) ofLabels(train, test Sample) (task, error) {
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		return task{}, err
	}
	t := task{classes: c, test: test, of: make([][]int, c.count), metric: score.LargestClass(c.largest())}
	for row, l := range c.train {
		t.of[l] = append(t.of[l], row)
	}
	t.metric.Name = "accuracy over k"
	return t, t.count(train.Truth.Classes(), p.K[0])
}

// count sets most and fewest.
func (t *task) count(names []string, least int) error {
	for c, rows := range t.of {
		if t.sides != nil && len(rows) == 0 { // too rare
			continue
		}
		if t.fewest == "" || len(rows) < t.most {
			t.most, t.fewest = len(rows), names[c]
		}
	}
	if t.most < least {
		return fewerThan(t.fewest, t.most, least)
	}
	return nil
}

// ofBoxes returns the task of pictures of several classes.
func (p Lowshot) ofBoxes(train, test Sample) (task, error) {
	if p.By != "svm" {
		return task{}, fmt.Errorf("by=%s: pictures of several classes are learned by svm", p.By)
	}
	m, err := newMany(train, test)
	if err != nil {
		return task{}, err
	}
	of, rare := m.positives(p.K[0])
	random, err := m.scores(test, tensor.New(len(test.Index), len(m.names))) // of no hyperplane, for what a random order reaches, or why nothing can be judged
	if err != nil {
		return task{}, err
	}
	t := task{sides: m, test: test, of: of, rare: rare, metric: metric.Metric{Name: "mAP over k", Unit: metric.Percent, Higher: true, Predictor: random[0].Metric.Predictor, Trivial: random[0].Trivial}}
	return t, t.count(m.names, p.K[0])
}

// positives returns the training samples of each class. A class of fewer than least cannot be learned from so many: it has none, its boxes say nothing, and it
// is counted.
func (m *manyClasses) positives(least int) (of [][]int, rare int) {
	of = make([][]int, len(m.names))
	for i, side := range m.train.of {
		if side > 0 {
			of[i%len(m.names)] = append(of[i%len(m.names)], i/len(m.names))
		}
	}
	for c, rows := range of {
		if len(rows) >= least {
			continue
		}
		rare++
		of[c] = nil
		for _, row := range rows {
			m.train.of[row*len(m.names)+c] = 0
		}
	}
	return of, rare
}

// drawn returns k training samples of each class, in draw d.
func (t *task) drawn(p Lowshot, k, d int) [][]int {
	out := make([][]int, len(t.of))
	for c, rows := range t.of {
		for _, at := range tensor.NewRNG(p.Seed).Derive(stream.Shots, uint64(d), uint64(c)).Perm(len(rows))[:min(k, len(rows))] {
			out[c] = append(out[c], rows[at])
		}
	}
	return out
}

// learn fits a classifier to some training samples of each class. It returns what it reaches on the test samples, and how far the interval reaches that these alone leave.
func (t *task) learn(ctx context.Context, of [][]int, p Lowshot) (value float64, r reach, err error) {
	if t.sides != nil {
		return t.learnMany(ctx, of, p)
	}
	var rows []int
	var labels []int32
	for c, some := range of {
		for _, row := range some {
			rows, labels = append(rows, row), append(labels, int32(c))
		}
	}
	x := gathered(t.x, rows)
	h := &hyperplanes{}
	if p.By == "logistic" {
		if err = ctx.Err(); err == nil {
			h.w, h.b, _, err = fitLBFGS(x, labels, t.classes.count, 1/(p.C*float64(len(rows))), 100)
		}
	} else {
		o, _ := SVM{}.filled()
		h, err = newSVMSamples(x).fit(ctx, seqInts(len(rows)), sidesOf(labels, t.classes.count), repeated(p.C, t.classes.count), o)
	}
	if err != nil {
		return 0, r, err
	}
	value, r = t.test.error95(h.hits(t.y, t.classes.test))
	return value, r, nil
}

// reach is how far below and above a value the ends of its interval lie.
type reach struct{ below, above float64 }

// add adds a part of another.
func (r *reach) add(o reach, part float64) {
	r.below, r.above = r.below+part*o.below, r.above+part*o.above
}

// reachOf is how far an interval reaches from a value in it; no way where there is none.
func reachOf(value float64, in *[2]float64) reach {
	if in == nil {
		return reach{}
	}
	return reach{max(0, value-in[0]), max(0, in[1]-value)}
}

// error95 returns the part of right answers, 1 or 0 of each row, and how far its 95 % interval on other rows reaches.
func (s Sample) error95(hits []float64) (mean float64, r reach) {
	for _, v := range hits {
		mean += v / float64(len(hits))
	}
	of, count, what := s.clusters()
	in, _ := proportion(of, count, what, hits, ones(len(hits)))
	return mean, reachOf(mean, in)
}

// few returns the sides that are told of some pictures that show each class, and of as many for each other class that do not, and which pictures these are.
func (t *task) few(of [][]int, p Lowshot) (*sides, []int) {
	k, n := len(of), t.x.Dim(0)
	some := make([]int8, n*k)
	used := make([]bool, n)
	for c, rows := range of {
		if len(rows) == 0 {
			continue
		}
		for _, row := range rows {
			some[row*k+c], used[row] = 1, true
		}
		wanted := len(rows) * (k - 1)
		for _, row := range tensor.NewRNG(p.Seed).Derive(stream.Shots, uint64(rows[0]), uint64(k+c)).Perm(n) {
			if wanted > 0 && t.sides.train.of[row*k+c] < 0 {
				some[row*k+c], used[row] = -1, true
				wanted--
			}
		}
	}
	out, rows := &sides{classes: k}, []int(nil)
	for row, is := range used {
		if is {
			rows, out.of = append(rows, row), append(out.of, some[row*k:(row+1)*k]...)
		}
	}
	return out, rows
}

// learnMany is learn of pictures of several classes.
func (t *task) learnMany(ctx context.Context, of [][]int, p Lowshot) (value float64, r reach, err error) {
	some, rows := t.few(of, p)
	o, _ := SVM{}.filled()
	h, err := newSVMSamples(gathered(t.x, rows)).fit(ctx, seqInts(len(rows)), some, repeated(p.C, len(of)), o)
	if err != nil {
		return 0, r, err
	}
	s, err := t.sides.scores(t.test, h.values(t.y))
	if err != nil {
		return 0, r, err
	}
	return s[0].Value, reachOf(s[0].Value, s[0].Interval), nil
}
