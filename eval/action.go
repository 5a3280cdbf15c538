package eval

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
)

// Action recognises what is done in films. Usually by the nearest clips: how often the training film nearest to a test film by cosine of the averaged
// features is of its class (Xu et al. 2019, section 4.4, after Büchler, Brattoli, Ommer 2018: R@1), and in the parts how often one of so many nearest is.
// Films cut from the test film's own recording are no finds. With Tune the whole trunk learns with a linear classifier of the averaged features.
type Action struct {
	Apart  string // a nearest film may not be of the test film's class in this division; empty means data.RecordingGroup where there is one, "no" none
	Seed   uint64 // of fine-tuning
	Tuning        // of the whole trunk, where On
}

var actionKind = Kind{
	Name:  "action",
	About: "films by the nearest clip, or tune=yes by training trunk and classifier",
	Options: append([]spec.Option{
		{Name: "apart", Default: data.RecordingGroup, About: "no nearest film is of the film's own class in this division; no for none; not with tune"},
		{Name: "seed", Default: "0", About: "with tune: of the classifier and the order"},
	}, TuningOptions...),
	Make: func(v *spec.Values) Protocol {
		p := Action{Seed: uint64(v.Int("seed", 0, math.MaxInt)), Tuning: NewTuning(v)}
		if v.Given("apart") {
			p.Apart = v.Text("apart")
		}
		return p
	},
}

// nearestClips are how many nearest are looked at.
var nearestClips = []int{1, 5, 10, 20, 50}

// Name returns action.
func (p Action) Name() string { return "action" }

// Needs says what the samples lack.
func (p Action) Needs(train, test *data.Dataset) error {
	for _, d := range []*data.Dataset{train, test} {
		if d.Clips == nil {
			return fmt.Errorf("there are no films, but %s", d.Kinds())
		}
		if len(d.Truth.Classes()) == 0 {
			return noLabels(d)
		}
	}
	return nil
}

// Judge looks for the nearest training clips of the test clips.
func (p Action) Judge(ctx context.Context, train, test Sample) (Score, error) {
	began := time.Now()
	c, err := classify(train, test, train.Pooled, test.Pooled)
	if err != nil {
		return Score{}, err
	}
	if p.Apart == "" {
		if p.Apart = "no"; train.Truth.Groups[data.RecordingGroup] != nil && test.Truth.Groups[data.RecordingGroup] != nil {
			p.Apart = data.RecordingGroup
		}
	}
	var skip func(query, row int) bool
	if p.Apart != "no" {
		a, b := division(train.Truth, p.Apart), division(test.Truth, p.Apart)
		if a == nil || b == nil {
			return Score{}, fmt.Errorf("option apart=%s: the data is not divided so", p.Apart)
		}
		number := map[string]int{}
		theirs, own := train.numbered(a, number), test.numbered(b, number)
		skip = func(query, row int) bool { return own[query] >= 0 && theirs[row] == own[query] }
	}
	near := index.New(train.Pooled, index.Cosine).Search(test.Pooled, nearestClips[len(nearestClips)-1], skip)
	hits := make([]float64, len(near))
	found, chance := make([]int, len(nearestClips)), 0.0
	for q, some := range near {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		for k, most := range nearestClips {
			for r := range min(most, len(some)) {
				if c.train[some[r].At] == c.test[q] {
					found[k]++
					break
				}
			}
		}
		if len(some) > 0 && c.train[some[0].At] == c.test[q] {
			hits[q] = 1
		}
		chance += c.share(q, skip)
	}
	s := Score{Protocol: p.Name(), Metric: metric.Accuracy(1), Value: float64(found[0]) / float64(len(near)), Train: len(c.train), Test: len(near), Dim: train.Pooled.Dim(1),
		Settings: map[string]any{"by": "nearest", "apart": p.Apart, "similarity": "cosine"}, Found: map[string]any{}, Seconds: time.Since(began).Seconds()}
	s.Metric.Predictor, s.Trivial = "random film", chance/float64(len(near))
	s.Metric.Trivial = s.Trivial
	for k, most := range nearestClips {
		if most == 1 || most <= len(c.train) {
			s.Parts = append(s.Parts, Part{Name: fmt.Sprintf("among the %d nearest", most), Value: float64(found[k]) / float64(len(near)), N: len(near)})
		}
	}
	over(&s, test, hits)
	return s, nil
}

// share is the part of the training samples that are of test sample q's class, of those that skip does not say.
func (c *classes) share(q int, skip func(query, row int) bool) float64 {
	same, all := 0, 0
	for row, l := range c.train {
		if skip == nil || !skip(q, row) {
			all++
			if l == c.test[q] {
				same++
			}
		}
	}
	return float64(same) / float64(max(all, 1))
}

// Tune lets a trunk and a classifier learn the classes, and judges them on the test samples.
func (p Action) Tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error) {
	began := time.Now()
	t, err := p.learnClasses(ctx, e, train, nil, p.Seed, o)
	if err != nil {
		return nil, err
	}
	a, err := t.answers(ctx, e, test, o)
	if err != nil {
		return nil, err
	}
	return []Score{t.score(p.Name(), a, began)}, nil
}
