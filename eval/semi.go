package eval

import (
	"cmp"
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
	"github.com/tessera-go/tessera/tensor"
)

// Semi says what a network is worth where few labels are known: it is fine-tuned with a part of them, as many of each class (Chen et al. 2020, SimCLR,
// table 7: 1 % and 10 % of ImageNet's), several times with other samples, and beside it linear probes of its stages learn from the same samples. Which
// samples these are depends on the data and Seed alone: random weights beside it, from scratch, learn from the same ones.
type Semi struct {
	Labels  []float64 // parts of the labels; nil means 0.01 and 0.1
	Samples int       // how many times other samples are drawn; 0 means 3
	Updates int       // that are made at least: few samples make short epochs; 0 means 300
	Seed    uint64
	Tuning  // On without being said
}

var semiKind = Kind{
	Name:  "semi",
	About: "fine-tuning and probes with 1 % and 10 % of the labels, several samples of them",
	All:   "epochs=10&updates=100",
	Options: append([]spec.Option{
		{Name: "labels", Default: "0.01,0.1", About: "parts of the labels that are known, as many of each class"},
		{Name: "samples", Default: "3", About: "how many times other samples are drawn; the score is the mean"},
		{Name: "updates", Default: "300", About: "that are made at least: of few samples more epochs are made"},
		{Name: "seed", Default: "0", About: "of what is drawn, of the head and the order"},
	}, tuningOptions("", "0")...),
	Make: func(v *spec.Values) Protocol {
		p := Semi{Samples: v.Int("samples", 1, 100), Updates: v.Int("updates", 1, math.MaxInt32), Seed: uint64(v.Int("seed", 0, math.MaxInt)), Tuning: newTuning(v)}
		for _, t := range strings.Split(v.Text("labels"), ",") {
			part, err := strconv.ParseFloat(t, 64)
			if err != nil || !(part > 0 && part <= 1) || slices.Contains(p.Labels, part) {
				v.Fail("option labels=%s: want parts above 0 and up to 1, each once, with commas between", v.Text("labels"))
			}
			p.Labels = append(p.Labels, part)
		}
		return p
	},
}

// Name returns semi.
func (p Semi) Name() string { return "semi" }

// Needs says what the samples lack: two classes.
func (p Semi) Needs(train, _ *data.Dataset) error { return needsClasses(train) }

// Tunes returns true.
func (p Semi) Tunes() bool { return true }

func (p Semi) filled() Semi {
	if p.Labels == nil {
		p.Labels = []float64{0.01, 0.1}
	}
	if p.Samples == 0 {
		p.Samples = 3
	}
	if p.Updates == 0 {
		p.Updates = 300
	}
	return p
}

// draw returns the numbers of some training samples for each of Labels: as many of each class, the same part of all labels. Of one draw those of a smaller
// part are among those of a larger one. few names classes that have fewer.
func (p Semi) draw(d *data.Dataset, draw int) (of [][]int, few []string, err error) {
	labels, names, err := classLabels(d)
	if err != nil {
		return nil, nil, err
	}
	order := tensor.NewRNG(p.Seed).Derive(stream.Semi, uint64(draw)).Perm(len(labels))
	have := make([]int, len(names))
	for _, l := range labels {
		have[l]++
	}
	most := 0
	for _, part := range p.Labels {
		each := max(1, int(math.Round(part*float64(len(labels))/float64(len(names)))))
		most = max(most, each)
		left := make([]int, len(names))
		for l := range left {
			left[l] = each
		}
		var some []int
		for _, i := range order {
			if l := labels[i]; left[l] > 0 {
				left[l]--
				some = append(some, i)
			}
		}
		of = append(of, some)
	}
	for l, n := range have {
		if n < most {
			few = append(few, names[l])
		}
	}
	return of, few, nil
}

// measured is what one way to learn from one part of the labels came to, draw by draw.
type measured struct {
	score  Score // of the first draw, with what all have in common
	values []float64
	reach  reach // sum over draws of how far the interval reaches that the test samples alone leave
	labels int
}

// Tune fine-tunes with each draw of each part of the labels, and fits probes to the same.
func (p Semi) Tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error) {
	p = p.filled()
	tuned := make([]*measured, len(p.Labels))
	probed := make([][]*measured, len(p.Labels)) // of each stage
	quiet := o
	quiet.Progress = nil
	held, err := encode(ctx, e, test, "features of "+e.Label+", test", o)
	if err != nil {
		return nil, err
	}
	for draw := range p.Samples {
		subsets, few, err := p.draw(train, draw)
		if err != nil {
			return nil, err
		}
		if draw == 0 && len(few) > 0 && o.Say != nil {
			o.Say(fmt.Sprintf("semi: %d classes have fewer samples than the others are given, and are given all of them: %s", len(few), spec.Few(few, 4)))
		}
		for k, of := range subsets {
			began := time.Now()
			if len(of) < 2 {
				return nil, fmt.Errorf("labels=%g of %s are %d samples, want at least 2", p.Labels[k], train.Name, len(of))
			}
			t := p.Tuning.of(e)
			steps := max(1, len(of)/min(t.BatchSize, len(of)))
			t.Epochs = max(t.Epochs, (p.Updates+steps-1)/steps)
			one := o
			if o.Progress != nil {
				one.Progress = func(done, total int, _ string) {
					o.Progress(done, total, fmt.Sprintf("fine-tuning of %s, %g %%, draw %d of %d", e.Label, 100*p.Labels[k], draw+1, p.Samples))
				}
			}
			net, err := t.learnClasses(ctx, e, train, of, p.Seed+uint64(draw), one)
			if err != nil {
				return nil, err
			}
			a, err := net.answers(ctx, e, test, quiet)
			if err != nil {
				return nil, err
			}
			hits, _ := a.classes.right(a.said)
			tuned[k] = tuned[k].add(net.score(p.Name(), a, began), a.held, hits, len(of))
			some, err := encode(ctx, e, train.Subset(of, fmt.Sprintf("labels=%g&draw=%d", p.Labels[k], draw)), e.Label, quiet)
			if err != nil {
				return nil, err
			}
			if probed[k] == nil {
				probed[k] = make([]*measured, len(some))
			}
			for stage := range some {
				s, hits, err := Probe{Seed: p.Seed}.judge(ctx, some[stage], held[stage])
				if err != nil {
					return nil, err
				}
				s.Stage, s.Depth = some[stage].Name, some[stage].Depth
				probed[k][stage] = probed[k][stage].add(s, held[stage], hits, len(of))
			}
		}
	}
	var out []Score
	for k, part := range p.Labels {
		for _, m := range append([]*measured{tuned[k]}, probed[k]...) {
			out = append(out, m.mean(p, part))
		}
	}
	p.curves(out)
	return out, nil
}

// curves gives the scores of the most labels the curve over all parts, one for each way of learning: all have as many scores, in the same order.
func (p Semi) curves(out []Score) {
	if len(p.Labels) < 2 {
		return
	}
	ways, most := len(out)/len(p.Labels), slices.Index(p.Labels, slices.Max(p.Labels))
	for w := range ways {
		c := &score.Curve{Along: "labelled samples", Of: out[w].Settings["by"].(string)}
		for k := range p.Labels {
			s := out[k*ways+w]
			if slices.ContainsFunc(c.Points, func(p score.CurvePoint) bool { return p.X == float64(s.Train) }) {
				continue // of few samples two parts are as many: one sample of each class
			}
			at := score.CurvePoint{X: float64(s.Train), Value: s.Value, Interval: *s.Interval}
			for _, d := range s.Parts {
				at.Draws = append(at.Draws, d.Value)
			}
			at.Min, at.Max = slices.Min(at.Draws), slices.Max(at.Draws)
			at.Std, _ = s.Found["deviation"].(float64)
			c.Points = append(c.Points, at)
		}
		slices.SortFunc(c.Points, func(a, b score.CurvePoint) int { return cmp.Compare(a.X, b.X) })
		out[most*ways+w].Curve = c
	}
}

// add takes a draw's score, and which of the test samples were right.
func (m *measured) add(s Score, test Sample, hits []float64, labels int) *measured {
	if m == nil {
		m = &measured{score: s, labels: labels}
	} else {
		m.score.Seconds += s.Seconds
	}
	value, r := test.error95(hits)
	m.values = append(m.values, value)
	m.reach.add(r, 1)
	return m
}

// mean is the score of all draws: their mean, with its interval on other draws of the labels and on other test samples (see between).
func (m *measured) mean(p Semi, part float64) Score {
	s := m.score
	s.Protocol, s.Train, s.Interval, s.Confusion = p.Name(), m.labels, nil, nil // these are the first draw's
	by := "tuned"
	if s.Stage != "" {
		by = "probe"
	}
	s.Metric.Name = fmt.Sprintf("%s@%g%%", by, 100*part)
	s.Settings["labels"], s.Settings["draws"], s.Settings["by"], s.Settings["seed"] = part, p.Samples, by, p.Seed
	if by == "tuned" {
		s.Settings["least_updates"] = p.Updates
	}
	updates, learned := s.Found["updates"]
	if s.Found = map[string]any{"labels": m.labels}; learned {
		if s.Found["updates"] = updates; len(m.values) > 1 { // with patience= others may have made others
			s.Found["updates_of"] = "draw 1"
		}
	}
	for i, v := range m.values {
		s.Parts = append(s.Parts, score.Part{Name: fmt.Sprintf("draw %d", i+1), Value: v, N: s.Test})
	}
	n := float64(len(m.values))
	value, deviation, in := between(m.values, reach{m.reach.below / n, m.reach.above / n})
	s.Value, s.Interval = value, &in
	s.Found["interval_over"] = fmt.Sprintf("%d draws of the labels, and test samples", len(m.values))
	if len(m.values) > 1 {
		s.Found["deviation"] = deviation
	}
	return s
}
