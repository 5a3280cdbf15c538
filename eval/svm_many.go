package eval

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// many says whether samples are of the classes of their boxes, several each.
func (p SVM) many(t data.Truth) bool { return p.Boxes || t.Labels == nil && t.Boxes != nil }

// boxesNeeded says what data lacks whose pictures are of the classes of their boxes.
func boxesNeeded(train, test *data.Dataset) error {
	known := map[string]bool{}
	for _, c := range train.Truth.BoxClasses() {
		known[c] = true
	}
	for _, d := range []*data.Dataset{train, test} {
		if len(d.Truth.BoxClasses()) == 0 {
			return fmt.Errorf("%s has no boxes with classes", d.Name)
		}
	}
	for _, c := range test.Truth.BoxClasses() {
		if !known[c] {
			return fmt.Errorf("class %q of the boxes of %s is not among those of %s", c, test.Name, train.Name)
		}
	}
	return nil
}

// presence returns the sides of rows that are of the classes of their boxes, by the numbers of the classes' names. As in VOC a class of which a picture has
// difficult boxes alone is neither there nor not.
func (s Sample) presence(number map[string]int) (*sides, error) {
	names, k := s.Truth.BoxClasses(), len(number)
	out := &sides{classes: k, of: make([]int8, len(s.Index)*k)}
	var mu sync.Mutex
	var first error
	parallel.For(len(s.Index), func(row int) {
		boxes, err := s.Truth.Boxes.Boxes(s.Index[row])
		of := out.of[row*k : (row+1)*k]
		for c := range of {
			of[c] = -1
		}
		for _, b := range boxes {
			if b.Class < 0 || b.Class >= len(names) {
				continue
			}
			c, known := number[names[b.Class]]
			switch {
			case !known:
				err = fmt.Errorf("class %q of the test samples' boxes is not among the training samples' classes", names[b.Class])
			case !b.Difficult:
				of[c] = 1
			case of[c] < 0:
				of[c] = 0
			}
		}
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = err
			}
		}
	})
	return out, first
}

// judgeMany fits a hyperplane to each class, of a cost that is the best for it by average precision, and returns the mean over the classes of VOC's two average
// precisions on the test samples.
func (p SVM) judgeMany(ctx context.Context, train, test Sample, began time.Time) ([]Score, error) {
	m, err := newMany(train, test)
	if err != nil {
		return nil, err
	}
	x, y := p.seen(train.Grid, test.Grid)
	samples := newSVMSamples(x)
	of, _, _ := train.clusters()
	costs, err := p.chooseCosts(ctx, samples, m.train, of)
	if err != nil {
		return nil, err
	}
	h, err := samples.fit(ctx, seqInts(x.Dim(0)), m.train, costs, p)
	if err != nil {
		return nil, err
	}
	p.Boxes = true
	settings := p.settings()
	settings["classes"] = "boxes"
	out, err := m.scores(test, h.values(y))
	for i := range out {
		s := &out[i]
		s.Protocol, s.Settings, s.Train, s.Test, s.Dim, s.Seconds = p.Name(), settings, len(train.Index), len(test.Index), x.Dim(1), time.Since(began).Seconds()
		s.Found["c"], s.Found["epochs"], s.Found["grid"] = costs, h.epochs, train.GridSide
		if h.open > 0 {
			s.Found["unconverged"] = h.open
		}
	}
	return out, err
}

// manyClasses are samples that are of several classes each.
type manyClasses struct {
	names       []string
	train, test *sides
}

func newMany(train, test Sample) (*manyClasses, error) {
	if err := sameWidth(train.Grid, test.Grid); err != nil {
		return nil, err
	}
	if err := suited(train, test, train.Grid, test.Grid); err != nil {
		return nil, err
	}
	m := &manyClasses{names: train.Truth.BoxClasses()}
	if len(m.names) == 0 || test.Truth.Boxes == nil {
		return nil, fmt.Errorf("the data has no boxes with classes")
	}
	number := map[string]int{}
	for i, name := range m.names {
		if _, twice := number[name]; twice {
			return nil, fmt.Errorf("two classes of boxes are called %q", name)
		}
		number[name] = i
	}
	var err error
	if m.train, err = train.presence(number); err == nil {
		m.test, err = test.presence(number)
	}
	return m, err
}

// values returns ⟨w, x⟩ + b of each row and class, [N K].
func (h *hyperplanes) values(x *tensor.Tensor) *tensor.Tensor {
	y := tensor.New(x.Dim(0), h.w.Dim(1))
	tensor.Linear(y, x, h.w, h.b, tensor.Float32)
	return y
}

// ranked is a class's order of the rows of which somebody says whether they are of it.
type ranked struct {
	rows    []int
	ranking *metric.Ranking
}

// rank returns the order of rows by a class's values [N K].
func (s *sides) rank(values *tensor.Tensor, k int, rows []int) ranked {
	var r ranked
	var is []bool
	var value []float32
	for at, i := range rows {
		if side := s.of[i*s.classes+k]; side != 0 {
			r.rows, is, value = append(r.rows, i), append(is, side > 0), append(value, values.Data[at*s.classes+k])
		}
	}
	r.ranking = metric.NewRanking(is, value)
	return r
}

// chooseCosts returns for each class the cost whose hyperplanes, fitted to two thirds of the samples, have the best average precision on the third, over all three; equals by
// the order in which they are given.
func (p SVM) chooseCosts(ctx context.Context, s *svmSamples, of *sides, groups []int) ([]float64, error) {
	best, out := make([]float64, of.classes), make([]float64, of.classes)
	for k := range out {
		best[k], out[k] = -1, p.C[0]
	}
	if len(p.C) == 1 {
		return out, nil
	}
	n := s.x.Dim(0)
	rows := tensor.NewRNG(p.Seed).Derive(stream.SVMFolds).Perm(n)
	rows = rows[:min(n, mostToChoose)]
	part, parts := dealt(rows, of.rarest(), of.classes+1, groups, costFolds)
	if parts < 2 {
		return nil, oneGroup(p.C)
	}
	scale := float64(n) / float64(len(rows))
	precision := make([][]float64, len(p.C)) // sums over the parts
	for i := range precision {
		precision[i] = make([]float64, of.classes)
	}
	for fold := range parts {
		fitted, held := without(rows, part, fold)
		x := gathered(s.x, held)
		for i, cost := range p.C {
			h, err := s.fit(ctx, fitted, of, repeated(cost*scale, of.classes), p)
			if err != nil {
				return nil, err
			}
			values := h.values(x)
			parallel.For(of.classes, func(k int) {
				if a, ok := of.rank(values, k, held).ranking.Precision(nil); ok {
					precision[i][k] += a.Average
				}
			})
		}
	}
	for i, cost := range p.C {
		for k, v := range precision[i] {
			if v > best[k] {
				best[k], out[k] = v, cost
			}
		}
	}
	return out, nil
}

// rarest returns of each row the class that the fewest rows are of among its own, and one beyond all for a row that is of none.
func (s *sides) rarest() []int32 {
	n := len(s.of) / max(1, s.classes)
	count := make([]int, s.classes+1)
	for i, side := range s.of {
		if side > 0 {
			count[i%s.classes]++
		}
	}
	count[s.classes] = n + 1
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(s.classes)
		for k, side := range s.of[i*s.classes : (i+1)*s.classes] {
			if side > 0 && count[k] < count[out[i]] {
				out[i] = int32(k)
			}
		}
	}
	return out
}

// scores returns the means over classes of VOC's two average precisions of values [N K] of the test samples. A class that no test sample is of, or no
// training sample, has none: it is counted.
func (m *manyClasses) scores(test Sample, values *tensor.Tensor) ([]Score, error) {
	all := seqInts(len(test.Index))
	learned := make([]bool, len(m.names))
	for i, side := range m.train.of {
		learned[i%len(m.names)] = learned[i%len(m.names)] || side > 0
	}
	var orders []ranked
	var names []string
	untested, unlearned := 0, 0
	for k, name := range m.names {
		r := m.test.rank(values, k, all)
		switch {
		case r.ranking.Positives() == 0:
			untested++
		case !learned[k]:
			unlearned++
		default:
			orders, names = append(orders, r), append(names, name)
		}
	}
	switch {
	case untested == len(m.names):
		return nil, fmt.Errorf("no test sample has a box, but difficult ones: there is nothing to be found")
	case len(orders) == 0:
		return nil, fmt.Errorf("no class of the test samples' boxes has a training sample")
	}
	area := Score{Metric: metric.Metric{Name: "mAP", Unit: metric.Percent, Higher: true, Predictor: "random order"}}
	eleven := area
	eleven.Metric.Name = "mAP 11 points"
	for k, r := range orders {
		p, _ := r.ranking.Precision(nil)
		part := Part{Name: names[k], Value: p.Area, N: r.ranking.Positives(), Skipped: len(all) - len(r.rows)}
		area.Parts = append(area.Parts, part)
		part.Value = p.Eleven
		eleven.Parts = append(eleven.Parts, part)
		random := randomOrder(len(r.rows), r.ranking.Positives())
		n := float64(len(orders))
		area.Value, eleven.Value = area.Value+p.Area/n, eleven.Value+p.Eleven/n
		area.Trivial, eleven.Trivial = area.Trivial+random.Area/n, eleven.Trivial+random.Eleven/n
	}
	area.Metric.Trivial, eleven.Metric.Trivial = area.Trivial, eleven.Trivial
	var over string
	area.Interval, eleven.Interval, over = m.within(test, orders, area.Value, eleven.Value)
	for _, s := range []*Score{&area, &eleven} {
		s.Found = map[string]any{"classes_without_test_samples": untested}
		if unlearned > 0 {
			s.Found["classes_without_training_samples"] = unlearned
		}
		if over != "" {
			s.Found["interval_over"] = over
		}
	}
	return []Score{area, eleven}, nil
}

// randomOrders are what randomOrder found, by how many items and positives: stages of a trunk ask for the same ones.
var randomOrders sync.Map

// randomOrder returns the mean precision of random orders of so many items, so many of them positives, at least 1: VOC's precisions are interpolated, and a random order
// reaches more than the share of positives. The orders are drawn, of many items fewer.
func randomOrder(items, positives int) metric.Precision {
	key := [2]int{items, positives}
	if known, ok := randomOrders.Load(key); ok {
		return known.(metric.Precision)
	}
	orders := min(2000, max(100, 1_000_000/items))
	is := make([]bool, items)
	for i := range positives {
		is[i] = true
	}
	each := make([]metric.Precision, orders)
	rng := tensor.NewRNG(0).Derive(stream.Chance)
	parallel.For(orders, func(k int) {
		score := make([]float32, items)
		for at, i := range rng.Derive(uint64(k)).Perm(items) {
			score[i] = -float32(at)
		}
		each[k], _ = metric.NewRanking(is, score).Precision(nil)
	})
	var mean metric.Precision
	for _, p := range each {
		n := float64(orders)
		mean.Average, mean.Area, mean.Eleven = mean.Average+p.Average/n, mean.Area+p.Area/n, mean.Eleven+p.Eleven/n
	}
	randomOrders.Store(key, mean)
	return mean
}

// within returns the 95 % intervals of the two means over classes, by the jackknife over blocks of what depends on each other; nil where there are fewer than two.
// Samples drawn anew would come twice, and two of one score make an order look better than it is.
func (m *manyClasses) within(test Sample, orders []ranked, area, eleven float64) (a, e *[2]float64, over string) {
	cluster, count, what := test.clusters()
	blocks := min(count, mostBlocks)
	if blocks < 2 {
		return nil, nil, ""
	}
	areas, elevens := make([]float64, blocks), make([]float64, blocks)
	parallel.For(blocks, func(b int) {
		classes := 0.0
		for _, o := range orders {
			times := make([]int, len(o.rows))
			for at, row := range o.rows {
				if cluster[row]%blocks != b {
					times[at] = 1
				}
			}
			if p, ok := o.ranking.Precision(times); ok {
				areas[b], elevens[b], classes = areas[b]+p.Area, elevens[b]+p.Eleven, classes+1
			}
		}
		areas[b], elevens[b] = areas[b]/max(1, classes), elevens[b]/max(1, classes)
	})
	around := func(value float64, without []float64) *[2]float64 {
		d := normal95 * jackknife(without)
		return &[2]float64{max(0, value-d), min(1, value+d)}
	}
	return around(area, areas), around(eleven, elevens), fmt.Sprintf("%d %s", count, what)
}
