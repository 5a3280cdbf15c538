package score

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tessera-go/tessera/metric"
)

// Own is what scores call the features of the run itself, beside random, pixels, supervised.
const Own = "pretext"

// Judged are a run's scores. Where several runs stand side by side, Name stands for the features that each calls Own; runs of one name, such as the seeds
// of a task, are taken together, and so are what stands beside them.
type Judged struct {
	Name   string
	Seed   uint64 // of the run, with which what has random weights began too
	Scores []Score
}

// Summary is what many protocols say of some features, in one table.
type Summary struct {
	Features []string `json:"features"` // the columns
	Lines    []Line   `json:"lines"`
	// Gain is for each column the mean over protocols of how far it is from the trivial predictor (0) to a perfect one (1), as Line.Gain says, of a protocol with several lines
	// the mean over these; N, how many protocols, is 0 for a column that lacks one of them. GainOver are the lines that count: those that have such a scale, and all
	// columns but ones that half of the lines lack.
	Gain     []Mean `json:"gain"`
	GainOver []int  `json:"gain_over"`
	// Ranks are Spearman's rank correlations between the first lines of protocols, over all stages of all features that both have judged, or where these are not the same, over
	// the best of each; those of fewer than leastRanked are left out.
	Ranks []Rank   `json:"ranks"`
	Notes []string `json:"notes,omitempty"` // settings in which lines of one protocol differ; a title has the number of its own, from 1 on
}

// Line is what a protocol measures.
type Line struct {
	Protocol string        `json:"protocol"`
	Title    string        `json:"title"` // the protocol and what it measures
	Metric   metric.Metric `json:"metric"`
	Trivial  float64       `json:"trivial"` // mean over what is judged
	Test     int           `json:"n_test"`
	Cells    []Cell        `json:"cells"` // one for each of Summary.Features
}

// Cell is what a protocol measures of some features: at the stage that is best by its mean over runs. Choosing it by the test samples makes it look a little better than
// it is, for all alike.
type Cell struct {
	Best     Mean        `json:"best"`               // over runs; N is 0 where nothing is judged
	Interval *[2]float64 `json:"interval,omitempty"` // of one run, where its score has one
	Stage    string      `json:"stage"`
	Depth    int         `json:"depth"`
	Stages   int         `json:"stages"` // of the network, that are judged
	// Drop is how much worse the last stage is than the best, 0 or more, over runs; N is 0 where fewer than two stages are judged.
	Drop Mean `json:"drop"`
	// Curve are the values by stage, the shallowest first; what has no depth, such as pixels, has one.
	Curve []At `json:"curve,omitempty"`
	// Grown is how the best stage's value grows, where its scores say that; over several runs the mean, and its interval.
	Grown *Curve `json:"grown,omitempty"`
}

// At is a value at a stage.
type At struct {
	Stage string `json:"stage"`
	Depth int    `json:"depth"`
	Mean
}

// Mean of some values, and half of its 95 % interval (Student's t), 0 for one value.
type Mean struct {
	N     int     `json:"n"`
	Value float64 `json:"value"`
	Half  float64 `json:"half_interval,omitzero"`
}

// Rank is how alike two lines order the same features: Spearman's ρ, from -1 to 1, and over how many.
type Rank struct {
	A   int     `json:"a"` // a number of Summary.Lines
	B   int     `json:"b"`
	Rho float64 `json:"rho"`
	N   int     `json:"n"`
}

// leastRanked is of how many features an order is worth telling.
const leastRanked = 5

// FewTest is below how many test samples a set is called small.
const FewTest = 500

// MeanOf returns the mean of values; those that are NaN are left out.
func MeanOf(v []float64) Mean {
	v = slices.DeleteFunc(slices.Clone(v), math.IsNaN)
	if len(v) == 0 {
		return Mean{}
	}
	m := Mean{N: len(v), Value: stat.Mean(v, nil)}
	if len(v) > 1 {
		t := distuv.StudentsT{Sigma: 1, Nu: float64(len(v) - 1)}.Quantile(0.975)
		m.Half = t * stat.StdDev(v, nil) / math.Sqrt(float64(len(v)))
	}
	return m
}

// Text writes a mean with its interval, where there is one; form writes a value.
func (m Mean) Text(form func(v float64) string) string {
	switch m.N {
	case 0:
		return "-"
	case 1:
		return form(m.Value)
	}
	value, half := form(m.Value), form(m.Half)
	if bare, ok := strings.CutSuffix(value, " %"); ok {
		value = bare
	}
	return value + " ± " + half
}

// Differs lists for a person the settings that others do not have, or not with that value, in the order of their names; nothing where there are none.
func Differs(mine map[string]any, others []map[string]any) string {
	different := map[string]any{}
	for _, o := range others {
		for k, v := range mine {
			if fmt.Sprint(v) != fmt.Sprint(o[k]) {
				different[k] = v
			}
		}
	}
	return List(different)
}

// apart says in which settings a line differs from others of its title; one that has all that others have, and they more, by what it lacks.
func apart(mine map[string]any, others []map[string]any) string {
	if d := Differs(mine, others); d != "" {
		return d
	}
	lacks := map[string]bool{}
	for _, o := range others {
		for k := range o {
			if _, ok := mine[k]; !ok {
				lacks[strings.ReplaceAll(k, "_", " ")] = true
			}
		}
	}
	return "without " + strings.Join(slices.Sorted(maps.Keys(lacks)), ", ")
}

// List writes settings for a person, in the order of their names.
func List(m map[string]any) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %v", strings.ReplaceAll(k, "_", " "), m[k]))
	}
	return strings.Join(out, ", ")
}

// place is where a score stands: of which column, which run, which stage.
type place struct {
	features, run int
	stage         string
}

// gathered are the scores of a line.
type gathered struct {
	Line
	at      map[place]Score
	ordered []place
}

// Names are what runs are called beside each other: by their tasks, and where they have different trunks, by these too.
func Names(tasks, trunks []string) []string {
	names := slices.Clone(tasks)
	if len(slices.Compact(slices.Sorted(slices.Values(trunks)))) > 1 {
		for i := range names {
			names[i] += " on " + trunks[i]
		}
	}
	return names
}

// Summarise puts scores into one table. Scores of what was asked with the same settings stand in one line, however each network sees samples; with other settings they have a line of
// their own.
func Summarise(runs []Judged) *Summary {
	out := &Summary{}
	var lines []*gathered
	number := map[string]*gathered{}
	column := map[string]int{}
	for r, run := range runs {
		for _, s := range run.Scores {
			name := s.Features
			if name == Own && run.Name != "" {
				name = run.Name
			}
			if _, ok := column[name]; !ok {
				column[name] = len(out.Features)
				out.Features = append(out.Features, name)
			}
			key := s.Asked()
			l := number[key]
			if l == nil {
				l = &gathered{Line: Line{Protocol: s.Protocol, Title: s.Title(), Metric: s.Metric, Test: s.Test}, at: map[place]Score{}}
				number[key] = l
				lines = append(lines, l)
			}
			p := place{column[name], r, s.Stage}
			if l.again(p, s, runs) {
				continue
			}
			if _, twice := l.at[p]; !twice {
				l.ordered = append(l.ordered, p)
			}
			l.at[p] = s
		}
	}
	out.Notes = told(lines)
	for _, l := range lines {
		l.fill(len(out.Features))
		out.Lines = append(out.Lines, l.Line)
	}
	out.gain()
	var first []int // line of each protocol
	for i, l := range lines {
		if !slices.ContainsFunc(first, func(k int) bool { return lines[k].Protocol == l.Protocol }) {
			first = append(first, i)
		}
	}
	for k, a := range first {
		for _, b := range first[:k] {
			if r, ok := ranked(lines[b], lines[a]); ok {
				r.A, r.B = b, a
				out.Ranks = append(out.Ranks, r)
			}
		}
	}
	return out
}

// again tells whether another run has the same score of what stands beside it, such as pixels: that is no second measurement. Runs themselves are not the same, whatever they score.
func (l *gathered) again(p place, s Score, runs []Judged) bool {
	if s.Features == Own {
		return false
	}
	for _, q := range l.ordered {
		if o := l.at[q]; q.features == p.features && q.run != p.run && q.stage == p.stage && (s.Depth == 0 || runs[q.run].Seed == runs[p.run].Seed) && o.Value == s.Value && o.Made() == s.Made() && canonical(o.Network) == canonical(s.Network) {
			return true
		}
	}
	return false
}

// told numbers titles that are the same, and returns in which settings the lines of each number differ from others of their title.
func told(lines []*gathered) (notes []string) {
	same := map[string][]*gathered{}
	for _, l := range lines {
		same[l.Title] = append(same[l.Title], l)
	}
	for _, l := range slices.Clone(lines) {
		of := same[l.Title]
		if len(of) < 2 {
			continue
		}
		delete(same, l.Title)
		var settings []map[string]any
		for _, o := range of {
			settings = append(settings, o.at[o.ordered[0]].asked())
		}
		for i, o := range of {
			note := apart(settings[i], settings)
			k := slices.Index(notes, note)
			if k < 0 {
				k = len(notes)
				notes = append(notes, note)
			}
			o.Title += fmt.Sprintf(" (%d)", k+1)
		}
	}
	return notes
}

// fill makes the cells of a line.
func (l *gathered) fill(columns int) {
	l.Cells = make([]Cell, columns)
	var trivial []float64
	for _, s := range l.at {
		trivial = append(trivial, s.Trivial)
	}
	slices.Sort(trivial)
	l.Trivial = stat.Mean(trivial, nil)
	for c := range l.Cells {
		l.Cells[c] = l.cell(c)
	}
}

func (l *gathered) cell(column int) (out Cell) {
	of := map[string][]Score{} // by stage
	var stages []string
	for _, p := range l.ordered {
		if p.features != column {
			continue
		}
		if of[p.stage] == nil {
			stages = append(stages, p.stage)
		}
		of[p.stage] = append(of[p.stage], l.at[p])
	}
	if stages == nil {
		return out
	}
	slices.SortStableFunc(stages, func(a, b string) int { return of[a][0].Depth - of[b][0].Depth })
	value := func(stage string) Mean {
		var v []float64
		for _, s := range of[stage] {
			v = append(v, s.Value)
		}
		return MeanOf(v)
	}
	for _, stage := range stages {
		m := value(stage)
		out.Curve = append(out.Curve, At{stage, of[stage][0].Depth, m})
		if out.Best.N == 0 || l.Metric.Better(m.Value, out.Best.Value) {
			out.Best, out.Stage, out.Depth = m, stage, of[stage][0].Depth
		}
	}
	if len(of[out.Stage]) == 1 {
		out.Interval = of[out.Stage][0].Interval
	}
	out.Grown = grown(of[out.Stage], l.Metric)
	if out.Stages = len(stages); out.Stages < 2 {
		return out
	}
	last := stages[len(stages)-1]
	var drops []float64
	for _, p := range l.ordered {
		q := place{p.features, p.run, out.Stage}
		if best, ok := l.at[q]; p.features == column && p.stage == last && ok {
			d := best.Value - l.at[p].Value
			if !l.Metric.Higher {
				d = -d
			}
			drops = append(drops, d)
		}
	}
	out.Drop = MeanOf(drops)
	return out
}

// grown returns the curve of a score, or of several the mean at each place that all of them have; nil where one has none.
func grown(of []Score, m metric.Metric) *Curve {
	for _, s := range of {
		if s.Curve == nil {
			return nil
		}
	}
	if len(of) == 1 {
		return of[0].Curve
	}
	out := &Curve{Along: of[0].Curve.Along, Of: of[0].Curve.Of}
	for _, p := range of[0].Curve.Points {
		var values []float64
		for _, s := range of {
			for _, q := range s.Curve.Points {
				if q.X == p.X {
					values = append(values, q.Value)
				}
			}
		}
		if len(values) == len(of) {
			mean := MeanOf(values)
			in := [2]float64{mean.Value - mean.Half, mean.Value + mean.Half}
			if m.Unit == metric.Percent {
				in = [2]float64{max(0, in[0]), min(1, in[1])}
			}
			out.Points = append(out.Points, CurvePoint{X: p.X, Value: mean.Value, Interval: in, Min: slices.Min(values), Max: slices.Max(values), Draws: values})
		}
	}
	return out
}

// Gain returns how far a value is from the line's trivial predictor (0) to a perfect one (1), below 0 for what is worse than trivial. Perfect is 1 of what is better
// the higher, and 0 of errors. ok is false where the metric has no trivial predictor, or nothing is perfect, as of decibels.
func (l Line) Gain(v float64) (gain float64, ok bool) {
	perfect := 0.0
	if l.Metric.Higher {
		if perfect = 1; l.Metric.Unit != metric.Percent && l.Metric.Unit != "" {
			return 0, false
		}
	}
	if l.Metric.Predictor == "" || perfect == l.Trivial || math.IsNaN(l.Trivial) {
		return 0, false
	}
	return (v - l.Trivial) / (perfect - l.Trivial), true
}

func (s *Summary) gain() {
	var usual []int // columns that most lines have
	for c := range s.Features {
		n := 0
		for _, l := range s.Lines {
			if l.Cells[c].Best.N > 0 {
				n++
			}
		}
		if 2*n > len(s.Lines) {
			usual = append(usual, c)
		}
	}
	for i, l := range s.Lines {
		_, ok := l.Gain(0)
		for _, c := range usual {
			ok = ok && l.Cells[c].Best.N > 0
		}
		if ok {
			s.GainOver = append(s.GainOver, i)
		}
	}
	s.Gain = make([]Mean, len(s.Features))
	for c := range s.Gain {
		of, whole := map[string][]float64{}, true
		for _, i := range s.GainOver {
			l := s.Lines[i]
			if whole = whole && l.Cells[c].Best.N > 0; whole {
				g, _ := l.Gain(l.Cells[c].Best.Value)
				of[l.Protocol] = append(of[l.Protocol], g)
			}
		}
		if !whole || len(of) == 0 {
			continue
		}
		m := &s.Gain[c]
		for _, protocol := range slices.Sorted(maps.Keys(of)) {
			m.Value += stat.Mean(of[protocol], nil) / float64(len(of))
		}
		m.N = len(of)
	}
}

// ranked compares the orders of two lines: over stages, or where these are not the same, over the best of each features.
func ranked(a, b *gathered) (Rank, bool) {
	u, v := pairs(a.ordered, a.values(), b.values())
	if len(u) == 0 {
		places, best := a.best()
		_, other := b.best()
		u, v = pairs(places, best, other)
	}
	if len(u) < leastRanked {
		return Rank{}, false
	}
	rho := stat.Correlation(metric.Ranks(u), metric.Ranks(v), nil)
	return Rank{Rho: rho, N: len(u)}, !math.IsNaN(rho)
}

// pairs returns the values of those places that both have.
func pairs(places []place, x, y map[place]float64) (u, v []float64) {
	for _, p := range places {
		if w, ok := y[p]; ok {
			u, v = append(u, x[p]), append(v, w)
		}
	}
	return u, v
}

// values returns what stands at each place, the better the higher.
func (l *gathered) values() map[place]float64 {
	out := map[place]float64{}
	for p, s := range l.at {
		if out[p] = s.Value; !l.Metric.Higher {
			out[p] = -s.Value
		}
	}
	return out
}

// best returns the best value of each features of each run, at a place without a stage.
func (l *gathered) best() (places []place, out map[place]float64) {
	out = map[place]float64{}
	values := l.values()
	for _, p := range l.ordered {
		to := place{p.features, p.run, ""}
		old, ok := out[to]
		if !ok {
			places = append(places, to)
		}
		if !ok || values[p] > old {
			out[to] = values[p]
		}
	}
	return places, out
}

// Matrix returns the rank correlations as the lower half of a square: the protocols that have any, and below each the others before it, as form writes them, "-" for
// two that cannot be compared. nil where there are none.
func (s *Summary) Matrix(form func(rho float64, n int) string) (names []string, below [][]string) {
	place := map[int]int{}
	for i, l := range s.Lines {
		if slices.ContainsFunc(s.Ranks, func(r Rank) bool { return r.A == i || r.B == i }) {
			place[i] = len(names)
			names = append(names, l.Title)
			row := make([]string, len(names)-1)
			for k := range row {
				row[k] = "-"
			}
			below = append(below, row)
		}
	}
	for _, r := range s.Ranks {
		below[place[r.B]][place[r.A]] = form(r.Rho, r.N)
	}
	return names, below
}
