package eval

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/spec"
)

// AutoFolds as SVM.Folds are the parts of the first division that there is of autoFolds, or else a test set.
const AutoFolds = "auto"

// autoFolds are the divisions whose parts are folds, in the order in which they are looked for: what a data set's makers say, then what recordings must not share to be
// judged by each other.
var autoFolds = []string{"fold", data.SpeakerGroup, data.RecordingGroup, "src_file", "fsid", "source", "group"}

// over returns the protocol with the folds that samples have where these are AutoFolds. Test samples of which nothing is known are none.
func (p SVM) over(train, test data.Truth) SVM {
	if p.Folds != AutoFolds {
		return p
	}
	p.Folds = ""
	for _, name := range autoFolds {
		a, b := division(train, name), division(test, name)
		if a == nil || b == nil && test.Labels != nil {
			continue
		}
		if n := len(a.Classes()); n >= 2 && n <= mostFolds {
			p.Folds = name
			break
		}
	}
	return p
}

// Divided returns the division of which the samples' parts are judged in turn; empty where a test set is judged.
func (p SVM) Divided(train, test *data.Dataset) string { return p.over(train.Truth, test.Truth).Folds }

// Tells says which folds AutoFolds are.
func (p SVM) Tells(train, test *data.Dataset) string {
	if p.Folds != AutoFolds {
		return ""
	}
	if p = p.over(train.Truth, test.Truth); p.Folds == "" {
		return fmt.Sprintf("the samples have no folds, speakers or sources (%s): judged are %d test samples by %d others", spec.Or(autoFolds), test.Len(), train.Len())
	}
	return fmt.Sprintf("each of %d parts by %s is judged by the others (svm?folds=%s)", len(division(train.Truth, p.Folds).Classes()), p.Folds, p.Folds)
}

// judgeFolds judges each part of a division by what was learned from the others.
func (p SVM) judgeFolds(ctx context.Context, train, test Sample, began time.Time) (Score, error) {
	all, err := together(train, test)
	if err != nil {
		return Score{}, err
	}
	if all.Grid == nil || all.Grid.Dim(0) == 0 {
		return Score{}, fmt.Errorf("there are no features to judge")
	}
	if err := suited(all, all, all.Grid, all.Grid); err != nil {
		return Score{}, err
	}
	by := division(all.Truth, p.Folds)
	if by == nil {
		return Score{}, notDivided(all.Truth, p.Folds)
	}
	number := map[string]int32{}
	for i, name := range all.Truth.Classes() {
		number[name] = int32(i)
	}
	labels, err := all.labels(number)
	if err != nil {
		return Score{}, err
	}
	parts, err := p.parted(all, by)
	if err != nil {
		return Score{}, err
	}
	apart, groups, what := all.clusters()
	if what == "samples" { // nobody says what depends on what, so the parts do
		apart, groups = all.clustersBy(by)
		what = "parts by " + p.Folds
	}
	hits, weight, says := make([]float64, len(labels)), make([]float64, len(labels)), make([]int, len(labels))
	s := Score{Protocol: p.Name(), Settings: p.settings(), Train: len(labels), Test: len(labels), Dim: all.Grid.Dim(1)}
	var costs []float64
	open, epochs := 0, 0
	for l, name := range by.Classes() {
		held := parts[l]
		if len(held) == 0 {
			continue
		}
		said, found, err := p.judgedFold(ctx, all, labels, len(number), apart, held)
		if err != nil {
			return Score{}, fmt.Errorf("%s %s: %w", p.Folds, name, err)
		}
		part := Part{Name: name, N: len(held)}
		for k, row := range held {
			weight[row], says[row] = 1/float64(len(held)), said[k]
			if said[k] == int(labels[row]) {
				hits[row] = weight[row]
			}
			part.Value += hits[row]
		}
		s.Parts = append(s.Parts, part)
		s.Value += part.Value / float64(len(parts))
		costs, open, epochs = append(costs, found.c), open+found.open, max(epochs, found.epochs)
	}
	deviation := 0.0
	for _, part := range s.Parts {
		deviation += (part.Value - s.Value) * (part.Value - s.Value) / float64(len(parts)-1)
	}
	s.Found = map[string]any{"c": costs, "deviation_of_folds": math.Sqrt(deviation), "epochs": epochs, "grid": train.GridSide}
	if open > 0 {
		s.Found["unconverged"] = open
	}
	c := &classes{test: labels, count: len(number)}
	s.Trivial = c.largest()
	s.Metric = score.LargestClass(s.Trivial)
	s.Confusion = score.Confuse(all.Truth.Classes(), labels, says)
	if in, over := proportion(apart, groups, what, hits, weight); in != nil {
		s.Interval, s.Found["interval_over"] = in, over
	}
	s.Seconds = time.Since(began).Seconds()
	return s, nil
}

// parted returns the rows of each part of a division, by its number.
func (p SVM) parted(all Sample, by data.Labels) (map[int][]int, error) {
	parts := map[int][]int{}
	for row, i := range all.Index {
		l := by.Label(i)
		if l < 0 {
			return nil, fmt.Errorf("option folds=%s: a sample is of no part", p.Folds)
		}
		parts[l] = append(parts[l], row)
	}
	if len(parts) < 2 || len(parts) > mostFolds {
		return nil, fmt.Errorf("option folds=%s: the samples are of %d parts, want 2 to %d, each of which is judged by the others", p.Folds, len(parts), mostFolds)
	}
	return parts, nil
}

// judgedFold returns which class what was learned from the other rows says of each that is held out; apart says which rows depend on each other.
func (p SVM) judgedFold(ctx context.Context, all Sample, labels []int32, count int, apart, held []int) ([]int, foundSVM, error) {
	out := make([]bool, len(labels))
	for _, row := range held {
		out[row] = true
	}
	c := &classes{count: count}
	var rows, of []int
	for row, l := range labels {
		if out[row] {
			c.test = append(c.test, l)
		} else {
			rows, of = append(rows, row), append(of, apart[row])
			c.train = append(c.train, l)
		}
	}
	return p.judged(ctx, gathered(all.Grid, rows), gathered(all.Grid, held), c, of)
}
