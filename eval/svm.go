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
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// SVM is a linear support vector machine, each class against the rest, with squared hinge loss: the classifier of L3-Net's features (Arandjelović and
// Zisserman 2017, section 4.2) and of VOC07's protocol (Goyal et al. 2019). C is chosen by cross-validation of the training samples, when there is more
// than one to choose from; samples that depend on each other, such as clips of one recording, are never on both sides.
//
// With Folds there is no test set: all samples, of training and test together, are parted by a division, such as the folds that a data set comes with or
// the speakers; each part is judged by what was learned from the others, and the score is the mean over the parts (ESC-50: Piczak 2015).
type SVM struct {
	C        []float64 // costs to choose among; nil means 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1
	Folds    string    // a division of the samples, whose parts are judged in turn; AutoFolds for the first that there is; empty for a test set
	Balanced bool      // a class's own samples count more the fewer they are
	Raw      bool      // features as they are; else each has mean 0 and deviation 1 over the training samples
	Epochs   int       // of the solver, at most; 0 means 1000
	Seed     uint64    // of the order in which the solver takes samples, and of the cross-validation
}

var svmKind = Kind{
	Name:  "svm",
	About: "linear support vector machines; folds=NAME: each part of a division judged by the others",
	// the protocol of ESC-50, and of digits by held-out speakers
	Aliases: []string{"sound"},
	Stands:  map[string][2]string{"sound": {"folds", AutoFolds}},
	Options: []spec.Option{
		{Name: "c", Default: "1e-5,1e-4,1e-3,1e-2,1e-1,1", About: "costs to choose among by three-fold cross-validation"},
		{Name: "folds", About: "a division of the samples, such as fold, speaker or recording: no test set, the mean over its parts; auto: the first of these that there is, else a test set"},
		{Name: "weight", Default: "no", About: "balanced: a class's own samples count more the fewer they are"},
		{Name: "standardise", Default: "yes", About: "no: features as they are"},
		{Name: "epochs", Default: "1000", About: "of the solver, at most"},
		{Name: "seed", Default: "0", About: "of the solver's order, and of the cross-validation"},
	},
	make: func(v *spec.Values) Protocol {
		p := SVM{Balanced: v.One("weight", "no", "balanced") == "balanced", Raw: !v.Bool("standardise"), Epochs: v.Int("epochs", 1, math.MaxInt32), Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		for _, t := range strings.Split(v.Text("c"), ",") {
			c, err := strconv.ParseFloat(t, 64)
			if err != nil || checkCost(c) != nil {
				v.Fail("option c=%s: want numbers from %g to %g, with commas between", v.Text("c"), leastCost, mostCost)
			}
			p.C = append(p.C, c)
		}
		if v.Given("folds") {
			p.Folds = v.Text("folds")
		}
		return p
	},
}

// What a cost may be.
const leastCost, mostCost = 1e-9, 1e9

func checkCost(c float64) error {
	if !(c >= leastCost && c <= mostCost) {
		return fmt.Errorf("c=%g: want a number from %g to %g", c, leastCost, mostCost)
	}
	return nil
}

// costFolds are in how many parts training samples choose C, and mostToChoose how many samples do at most.
const costFolds, mostToChoose = 3, 10000

// mostFolds is how many parts a division may have to be judged in turn.
const mostFolds = 200

// Name returns svm.
func (p SVM) Name() string { return "svm" }

// filled is the protocol with what its zeros mean.
func (p SVM) filled() (SVM, error) {
	if len(p.C) == 0 {
		p.C = []float64{1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}
	}
	if p.Epochs == 0 {
		p.Epochs = 1000
	}
	for _, c := range p.C {
		if err := checkCost(c); err != nil {
			return p, err
		}
	}
	return p, nil
}

// Needs says what the samples lack.
func (p SVM) Needs(train, test *data.Dataset) error {
	if len(train.Truth.Classes()) == 0 {
		return noLabels(train)
	}
	if p = p.over(train.Truth, test.Truth); p.Folds == "" {
		return nil
	}
	for _, t := range []data.Truth{train.Truth, test.Truth} {
		if of := division(t, p.Folds); of == nil {
			return notDivided(t, p.Folds)
		} else if n := len(of.Classes()); n < 2 || n > mostFolds {
			return fmt.Errorf("option folds=%s: the division has %d parts, want 2 to %d, each of which is judged by the others", p.Folds, n, mostFolds)
		}
	}
	return nil
}

// settings are what a score must say.
func (p SVM) settings() map[string]any {
	out := map[string]any{"costs": p.C, "standardised": !p.Raw, "balanced": p.Balanced, "loss": "squared hinge", "max_epochs": p.Epochs, "seed": p.Seed}
	if p.Folds != "" {
		out["folds"] = p.Folds
	}
	return out
}

// Judge fits the classifiers to the training samples and counts right answers on the test samples, or judges the parts of a division in turn.
func (p SVM) Judge(ctx context.Context, train, test Sample) (Score, error) {
	began := time.Now()
	p, err := p.filled()
	if err != nil {
		return Score{}, err
	}
	if p = p.over(train.Truth, test.Truth); p.Folds != "" {
		return p.judgeFolds(ctx, train, test, began)
	}
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		return Score{}, err
	}
	of, _, _ := train.clusters()
	hits, found, err := p.judged(ctx, train.Grid, test.Grid, c, of)
	if err != nil {
		return Score{}, err
	}
	right, n := 0.0, make([]float64, len(hits))
	for row, h := range hits {
		right += h
		n[row] = 1
	}
	s := c.score(p.Name(), train.Grid, right/float64(len(hits)), began)
	s.Settings = p.settings()
	s.Found = map[string]any{"c": found.c, "epochs": found.epochs, "grid": train.GridSide}
	if found.open > 0 {
		s.Found["unconverged"] = found.open
	}
	if in, over := spread(test, hits, n); in != nil {
		s.Interval, s.Found["interval_over"] = in, over
	}
	return s, nil
}

// foundSVM is what was found on the way.
type foundSVM struct {
	c            float64
	epochs, open int
}

// judged returns for each row of y whether what was learned from x is right about it; of says which training samples depend on each other.
func (p SVM) judged(ctx context.Context, x, y *tensor.Tensor, c *classes, of []int) (hits []float64, found foundSVM, err error) {
	if !p.Raw {
		mean, inv := standardisation(x)
		x, y = standardise(x, mean, inv), standardise(y, mean, inv)
	}
	samples := newSVMSamples(x)
	if found.c, err = p.chooseCost(ctx, samples, c, of); err != nil {
		return nil, found, err
	}
	all := make([]int, x.Dim(0))
	for i := range all {
		all[i] = i
	}
	h, err := samples.fit(ctx, all, c.train, c.count, found.c, p)
	if err != nil {
		return nil, found, err
	}
	found.epochs, found.open = h.epochs, h.open
	return h.hits(y, c.test), found, nil
}

// hits returns 1 for each row that the hyperplanes are right about, else 0.
func (h *hyperplanes) hits(x *tensor.Tensor, labels []int32) []float64 {
	y := tensor.New(x.Dim(0), h.w.Dim(1))
	tensor.Linear(y, x, h.w, h.b, tensor.Float32)
	out := make([]float64, len(labels))
	for i, l := range labels {
		out[i] = float64(tensor.CountRight(y.Rows(i, i+1), []int32{l}))
	}
	return out
}

// chooseCost returns the cost whose classifiers, fitted to two thirds of the samples, are right most often about the third, over all three; equals by the
// order in which they are given. Of many samples some choose; then their costs are larger as they are fewer, so that loss and weights balance as they will.
func (p SVM) chooseCost(ctx context.Context, s *svmSamples, c *classes, of []int) (float64, error) {
	if len(p.C) == 1 {
		return p.C[0], nil
	}
	n := s.x.Dim(0)
	rows := tensor.NewRNG(p.Seed).Derive(stream.SVMFolds).Perm(n)
	rows = rows[:min(n, mostToChoose)]
	part, parts := dealt(rows, c.train, c.count, of, costFolds)
	if parts < 2 {
		return 0, fmt.Errorf("training samples that all depend on each other cannot choose a cost among %v: say one, as in c=0.01", p.C)
	}
	scale := float64(n) / float64(len(rows))
	best, bestAt := -1.0, p.C[0]
	for _, cost := range p.C {
		right := 0.0
		for fold := range parts {
			var fitted, held []int
			for k, i := range rows {
				if part[k] == fold {
					held = append(held, i)
				} else {
					fitted = append(fitted, i)
				}
			}
			h, err := s.fit(ctx, fitted, c.train, c.count, cost*scale, p)
			if err != nil {
				return 0, err
			}
			x, labels := gathered(s.x, held), make([]int32, len(held))
			for k, i := range held {
				labels[k] = c.train[i]
			}
			for _, hit := range h.hits(x, labels) {
				right += hit
			}
		}
		if right > best {
			best, bestAt = right, cost
		}
	}
	return bestAt, nil
}

// gathered returns some rows of x.
func gathered(x *tensor.Tensor, rows []int) *tensor.Tensor {
	index := make([]int32, len(rows))
	for k, i := range rows {
		index[k] = int32(i)
	}
	y := tensor.New(len(rows), x.Dim(1))
	tensor.Gather(y, x, index)
	return y
}

// dealt deals rows to so many parts, or as many as there are groups of rows that depend on each other, which stay together: the largest first, each to the
// part that has the fewest of its classes, of equals the fewest rows, of equals the first. The order of rows decides between groups of one size.
func dealt(rows []int, labels []int32, classes int, of []int, parts int) (part []int, count int) {
	groups := map[int][]int{} // places in rows
	var names []int
	for k, i := range rows {
		if groups[of[i]] == nil {
			names = append(names, of[i])
		}
		groups[of[i]] = append(groups[of[i]], k)
	}
	slices.SortStableFunc(names, func(a, b int) int { return len(groups[b]) - len(groups[a]) })
	count = min(parts, len(names))
	has, size := make([][]int, count), make([]int, count)
	for f := range has {
		has[f] = make([]int, classes)
	}
	part = make([]int, len(rows))
	for _, name := range names {
		best, least := 0, math.MaxInt
		for f := range count {
			same := 0
			for _, k := range groups[name] {
				same += has[f][labels[rows[k]]]
			}
			if same < least || same == least && size[f] < size[best] {
				best, least = f, same
			}
		}
		for _, k := range groups[name] {
			part[k] = best
			has[best][labels[rows[k]]]++
			size[best]++
		}
	}
	return part, count
}
