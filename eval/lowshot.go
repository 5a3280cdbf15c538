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
// all k and draws, its parts are the means at each k, and Found has the curve. Features are standardised over all training samples: that takes no labels.
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
	if out := p.above(t.most); len(out) > 0 {
		s.Found["left_out"] = fmt.Sprintf("k=%s: class %q has %d training samples", strings.Join(out, ","), t.fewest, t.most)
	}
	var curve []map[string]any
	over, wide := make([]float64, p.Draws), 0.0 // means over k, and how far from them test samples may lead
	kept := 0.0
	for _, k := range p.K {
		if k > t.most {
			break
		}
		kept++
		values, apart := make([]float64, p.Draws), 0.0
		for d := range values {
			var half float64
			if values[d], half, err = t.learn(ctx, t.drawn(p, k, d), p); err != nil {
				return Score{}, err
			}
			apart += half / float64(p.Draws)
			over[d] += values[d]
		}
		mean, deviation, in := between(values, apart)
		curve = append(curve, map[string]any{"k": k, "mean": mean, "min": slices.Min(values), "max": slices.Max(values), "std": deviation, "low": in[0], "high": in[1], "values": values})
		s.Parts = append(s.Parts, Part{Name: fmt.Sprintf("k=%d", k), Value: mean, N: len(test.Index)})
		wide += apart
	}
	for d := range over {
		over[d] /= kept
	}
	s.Found["curve"] = curve
	mean, _, in := between(over, wide/kept)
	s.Value, s.Interval, s.Seconds = mean, &in, time.Since(began).Seconds()
	return s, nil
}

// between returns the mean and deviation of what draws of training samples reached, and the 95 % interval of the mean on other draws (Student's t) and on other test samples, which
// alone lead half a width from it: both are apart from each other, so their squares add.
func between(values []float64, half float64) (mean, deviation float64, in [2]float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	if mean /= n; n > 1 {
		for _, v := range values {
			deviation += (v - mean) * (v - mean) / (n - 1)
		}
		deviation = math.Sqrt(deviation)
		half = math.Hypot(half, distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975)*deviation/math.Sqrt(n))
	}
	return mean, deviation, [2]float64{max(0, mean-half), min(1, mean+half)}
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
		if c == 0 || len(rows) < t.most {
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
	random, err := m.scores(test, tensor.New(len(test.Index), len(m.names))) // of no hyperplane, for what a random order reaches, or why nothing can be judged
	if err != nil {
		return task{}, err
	}
	t := task{sides: m, test: test, of: make([][]int, len(m.names)), metric: metric.Metric{Name: "mAP over k", Unit: metric.Percent, Higher: true, Predictor: random[0].Metric.Predictor, Trivial: random[0].Trivial}}
	for i, side := range m.train.of {
		if side > 0 {
			t.of[i%len(m.names)] = append(t.of[i%len(m.names)], i/len(m.names))
		}
	}
	return t, t.count(m.names, p.K[0])
}

// drawn returns k training samples of each class, in draw d.
func (t *task) drawn(p Lowshot, k, d int) [][]int {
	out := make([][]int, len(t.of))
	for c, rows := range t.of {
		for _, at := range tensor.NewRNG(p.Seed).Derive(stream.Shots, uint64(d), uint64(c)).Perm(len(rows))[:k] {
			out[c] = append(out[c], rows[at])
		}
	}
	return out
}

// learn fits a classifier to some training samples of each class. It returns what it reaches on the test samples, and half the width of the interval that these alone leave.
func (t *task) learn(ctx context.Context, of [][]int, p Lowshot) (value, half float64, err error) {
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
		return 0, 0, err
	}
	value, half = t.test.error95(h.hits(t.y, t.classes.test))
	return value, half, nil
}

// error95 returns the mean of a value of each row, and 1.96 standard errors of it, from sums over what depends on each other.
func (s Sample) error95(values []float64) (mean, half float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n
	of, count, _ := s.clusters()
	sums := make([]float64, count)
	for row, v := range values {
		sums[of[row]] += v - mean
	}
	if count < 2 {
		return mean, 0
	}
	return mean, normal95 * norm(sums) / n * math.Sqrt(float64(count)/float64(count-1))
}

// few returns the sides that are told of some pictures that show each class, and of as many for each other class that do not, and which pictures these are.
func (t *task) few(of [][]int, p Lowshot) (*sides, []int) {
	k, n := len(of), t.x.Dim(0)
	some := make([]int8, n*k)
	used := make([]bool, n)
	for c, rows := range of {
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
func (t *task) learnMany(ctx context.Context, of [][]int, p Lowshot) (value, half float64, err error) {
	some, rows := t.few(of, p)
	o, _ := SVM{}.filled()
	h, err := newSVMSamples(gathered(t.x, rows)).fit(ctx, seqInts(len(rows)), some, repeated(p.C, len(of)), o)
	if err != nil {
		return 0, 0, err
	}
	s, err := t.sides.scores(t.test, h.values(t.y))
	if err != nil {
		return 0, 0, err
	}
	if in := s[0].Interval; in != nil {
		half = (in[1] - in[0]) / 2
	}
	return s[0].Value, half, nil
}
