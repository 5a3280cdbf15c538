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
//
// With Boxes a sample is of as many classes as it has boxes of, and the score is mean average precision: svm_many.go.
type SVM struct {
	C        []float64 // costs to choose among; nil means 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1
	Folds    string    // a division of the samples, whose parts are judged in turn; AutoFolds for the first that there is; empty for a test set
	Balanced bool      // a class's own samples count more the fewer they are
	Own      float64   // how often a class's own samples count, where not balanced; 0 means once
	Boxes    bool      // the classes are those of a picture's boxes; also where there are boxes and no labels
	Raw      bool      // features as they are; else each has mean 0 and deviation 1 over the training samples
	Unit     bool      // and then each sample's are divided by their length
	Epochs   int       // of the solver, at most; 0 means 1000
	Seed     uint64    // of the order in which the solver takes samples, and of the cross-validation
}

var svmKind = Kind{
	Name:  "svm",
	About: "linear support vector machines; folds=NAME: each part of a division judged by the others; mean average precision of pictures of several classes",
	// sound: the protocol of ESC-50, and of digits by held-out speakers; voc07: Goyal et al. 2019's
	Aliases: []string{"sound", "voc07"},
	Stands: map[string][][2]string{"sound": {{"folds", AutoFolds}}, "voc07": {{"classes", "boxes"}, {"c", "1e-7,1e-6,1e-5,1e-4,1e-3,1e-2,1e-1,1,10,100"}, {"weight", "2"},
		{"standardise", "no"}, {"unit", "yes"}, {"epochs", "2000"}}},
	Options: []spec.Option{
		{Name: "c", Default: "1e-5,1e-4,1e-3,1e-2,1e-1,1", About: "costs to choose among by three-fold cross-validation"},
		{Name: "folds", About: "a division of the samples, such as fold, speaker or recording: no test set, the mean over its parts; auto: the first of these that there is, else a test set"},
		{Name: "classes", Default: "label", About: "boxes: those of a picture's boxes, several of them; also where there are no labels"},
		{Name: "weight", Default: "no", About: "balanced: a class's own samples count more the fewer they are; a number: so often"},
		{Name: "standardise", Default: "yes", About: "no: features as they are"},
		{Name: "unit", Default: "no", About: "yes: each sample's features, after that, divided by their length"},
		{Name: "epochs", Default: "1000", About: "of the solver, at most"},
		{Name: "seed", Default: "0", About: "of the solver's order, and of the cross-validation"},
	},
	Make: func(v *spec.Values) Protocol {
		p := SVM{C: costs(v), Boxes: v.One("classes", "label", "boxes") == "boxes", Raw: !v.Bool("standardise"), Unit: v.Bool("unit"), Epochs: v.Int("epochs", 1, math.MaxInt32),
			Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		switch weight := v.Text("weight"); weight {
		case "no":
		case "balanced":
			p.Balanced = true
		default:
			var err error
			if p.Own, err = strconv.ParseFloat(weight, 64); err != nil || !(p.Own >= 1e-3 && p.Own <= 1e3) {
				v.Fail("option weight=%s, want no, balanced, or how often a class's own samples count, 0.001 to 1000", weight)
			}
		}
		if v.Given("folds") {
			if p.Folds = v.Text("folds"); p.Boxes {
				v.Fail("option folds goes with labels, not with classes=boxes")
			}
		}
		return p
	},
}

// costs reads the option c.
func costs(v *spec.Values) (out []float64) {
	for _, t := range strings.Split(v.Text("c"), ",") {
		c, err := strconv.ParseFloat(t, 64)
		if err != nil || checkCost(c) != nil {
			v.Fail("option c=%s: want numbers from %g to %g, with commas between", v.Text("c"), leastCost, mostCost)
		}
		out = append(out, c)
	}
	return out
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
	if p.many(train.Truth) {
		return boxesNeeded(train, test)
	}
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
	if p.Own != 0 {
		out["own_weight"] = p.Own
	}
	if p.Unit {
		out["unit"] = true
	}
	return out
}

// Judge returns the first of Scores.
func (p SVM) Judge(ctx context.Context, train, test Sample) (Score, error) {
	s, err := p.Scores(ctx, train, test)
	if err != nil {
		return Score{}, err
	}
	return s[0], nil
}

// Scores fits the classifiers to the training samples and judges them on the test samples: by right answers, or of pictures of several classes by average
// precision; or judges the parts of a division in turn.
func (p SVM) Scores(ctx context.Context, train, test Sample) ([]Score, error) {
	began := time.Now()
	p, err := p.filled()
	if err != nil {
		return nil, err
	}
	if p.many(train.Truth) {
		return p.judgeMany(ctx, train, test, began)
	}
	if p = p.over(train.Truth, test.Truth); p.Folds != "" {
		s, err := p.judgeFolds(ctx, train, test, began)
		return []Score{s}, err
	}
	c, err := classify(train, test, train.Grid, test.Grid)
	if err != nil {
		return nil, err
	}
	of, _, _ := train.clusters()
	said, found, err := p.judged(ctx, train.Grid, test.Grid, c, of)
	if err != nil {
		return nil, err
	}
	s := c.score(p.Name(), train.Grid, train.Truth.Classes(), test, said, began)
	s.Settings = p.settings()
	s.Found["c"], s.Found["epochs"], s.Found["grid"] = found.c, found.epochs, train.GridSide
	if found.open > 0 {
		s.Found["unconverged"] = found.open
	}
	return []Score{s}, nil
}

// Fit returns the weights [D K] and biases [K] of hyperplanes of x [N D], each class against the rest, at a cost, and how many classes have not converged. Nothing is
// standardised and nothing chosen.
func (p SVM) Fit(ctx context.Context, x *tensor.Tensor, labels []int32, classes int, c float64) (w, b *tensor.Tensor, open int, err error) {
	if p, err = p.filled(); err == nil {
		err = checkCost(c)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	h, err := newSVMSamples(x).fit(ctx, seqInts(x.Dim(0)), sidesOf(labels, classes), repeated(c, classes), p)
	if err != nil {
		return nil, nil, 0, err
	}
	return h.w, h.b, h.open, nil
}

// foundSVM is what was found on the way.
type foundSVM struct {
	c            float64
	epochs, open int
}

// seen returns training features [N D] and test features [M D] as the classifiers see them.
func (p SVM) seen(x, y *tensor.Tensor) (_, _ *tensor.Tensor) {
	if !p.Raw {
		mean, inv := standardisation(x)
		x, y = standardise(x, mean, inv), standardise(y, mean, inv)
	}
	if p.Unit {
		x, y = unit(x), unit(y)
	}
	return x, y
}

// judged returns for each row of y which class what was learned from x says; of says which training samples depend on each other.
func (p SVM) judged(ctx context.Context, x, y *tensor.Tensor, c *classes, of []int) (said []int, found foundSVM, err error) {
	x, y = p.seen(x, y)
	samples := newSVMSamples(x)
	if found.c, err = p.chooseCost(ctx, samples, c, of); err != nil {
		return nil, found, err
	}
	h, err := samples.fit(ctx, seqInts(x.Dim(0)), sidesOf(c.train, c.count), repeated(found.c, c.count), p)
	if err != nil {
		return nil, found, err
	}
	found.epochs, found.open = h.epochs, h.open
	return tensor.ArgMax(h.values(y)), found, nil
}

// hits returns 1 for each row that the hyperplanes are right about, else 0.
func (h *hyperplanes) hits(x *tensor.Tensor, labels []int32) []float64 {
	y := h.values(x)
	out := make([]float64, len(labels))
	for i, l := range labels {
		out[i] = float64(tensor.CountRight(y.Rows(i, i+1), []int32{l}))
	}
	return out
}

func seqInts(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func repeated(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

// oneGroup says that nothing can be chosen by.
func oneGroup(costs []float64) error {
	return fmt.Errorf("training samples that all depend on each other cannot choose a cost among %v: say one, as in c=0.01", costs)
}

// without parts rows in those of a part and the others.
func without(rows, part []int, fold int) (fitted, held []int) {
	for k, i := range rows {
		if part[k] == fold {
			held = append(held, i)
		} else {
			fitted = append(fitted, i)
		}
	}
	return fitted, held
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
		return 0, oneGroup(p.C)
	}
	scale, on := float64(n)/float64(len(rows)), sidesOf(c.train, c.count)
	best, bestAt := -1.0, p.C[0]
	for _, cost := range p.C {
		right := 0.0
		for fold := range parts {
			fitted, held := without(rows, part, fold)
			h, err := s.fit(ctx, fitted, on, repeated(cost*scale, c.count), p)
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
