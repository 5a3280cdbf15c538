package eval

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
)

// Purity says what neighbours have in common with a query, such as its pose or its background: the part of a test sample's k nearest by cosine of the
// averaged features that are of its class in a division, mean over the test samples (Misra, Zitnick, Hebert 2016, section 4.3, shows such
// neighbours). Frames of the query's own film are no finds, for they are nearly the same picture.
type Purity struct {
	By    []string // divisions: names of Truth.Groups, or LabelDivision; nil means all groups but Apart, of data without any the labels
	K     int      // neighbours; 0 means 5
	Apart string   // a neighbour may not be of the query's class in this division; empty means data.FilmGroup where there is one, "no" none
	Among string   // where neighbours are looked for: test (default) or train
}

// LabelDivision is how a division by the labels is called.
const LabelDivision = "label"

var purityKind = Kind{
	Name:  "purity",
	About: "what the nearest have in common with a query: pose, background, ...; no film's own frames",
	Options: []spec.Option{
		{Name: "by", About: "divisions, with commas between, or label; if not given all that the data has, else the label"},
		{Name: "k", Default: "5", About: "neighbours"},
		{Name: "apart", Default: data.FilmGroup, About: "no neighbour is of the query's own class in this division; no for none"},
		{Name: "among", Default: "test", About: "where neighbours are looked for, test or train"},
	},
	Make: func(v *spec.Values) Protocol {
		p := Purity{K: v.Int("k", fewestNeighbours, math.MaxInt32), Among: v.One("among", "test", "train")}
		if v.Given("apart") {
			p.Apart = v.Text("apart")
		}
		if v.Given("by") {
			p.By = strings.Split(v.Text("by"), ",")
		}
		return p
	},
}

// Name returns purity.
func (p Purity) Name() string { return "purity" }

// filled is the protocol with what was not said, of data with such a truth.
func (p Purity) filled(t data.Truth) (Purity, error) {
	if p.K == 0 {
		p.K = 5
	}
	if p.Among == "" {
		p.Among = "test"
	}
	if p.Apart == "" {
		if p.Apart = "no"; t.Groups[data.FilmGroup] != nil {
			p.Apart = data.FilmGroup
		}
	}
	if p.By == nil {
		for _, name := range divisions(t) {
			if name != p.Apart && name != data.FilmGroup && (name != LabelDivision || len(t.Groups) == 0) {
				p.By = append(p.By, name)
			}
		}
		if p.By == nil && t.Labels != nil {
			p.By = []string{LabelDivision}
		}
	}
	for _, name := range append(slices.Clone(p.By), p.Apart) {
		if name != "no" && division(t, name) == nil {
			return p, notDivided(t, name)
		}
	}
	if p.By == nil {
		return p, fmt.Errorf("the data has neither labels nor other divisions, such as frames of films have (as=frames)")
	}
	return p, nil
}

// divisions are the names of a truth's divisions, the label's last.
func divisions(t data.Truth) []string {
	has := slices.Sorted(maps.Keys(t.Groups))
	if t.Labels != nil {
		has = append(has, LabelDivision)
	}
	return has
}

func notDivided(t data.Truth, name string) error {
	has := divisions(t)
	return fmt.Errorf("the data is not divided by %q, but by %s", name, spec.Or(append(has, "nothing")[:max(len(has), 1)]))
}

// Needs says what test samples lack.
func (p Purity) Needs(_, test *data.Dataset) error {
	_, err := p.filled(test.Truth)
	return err
}

// division returns a division of the samples, nil where there is none of that name.
func division(t data.Truth, name string) data.Labels {
	if of, ok := t.Groups[name]; ok {
		return of
	}
	if name == LabelDivision {
		return t.Labels
	}
	return nil
}

// numbered returns the class of each row in a division, numbered by name in the map, which grows; -1 where it is not known.
func (s Sample) numbered(of data.Labels, number map[string]int) []int {
	out := make([]int, len(s.Index))
	var names []string
	if of != nil {
		names = of.Classes()
	}
	for row, i := range s.Index {
		out[row] = -1
		if of == nil {
			continue
		}
		if c := of.Label(i); c >= 0 && c < len(names) {
			n, ok := number[names[c]]
			if !ok {
				n = len(number)
				number[names[c]] = n
			}
			out[row] = n
		}
	}
	return out
}

// Judge returns the score of the first division.
func (p Purity) Judge(ctx context.Context, train, test Sample) (Score, error) {
	all, err := p.Scores(ctx, train, test)
	if err != nil {
		return Score{}, err
	}
	return all[0], nil
}

// Scores returns a score for each division.
func (p Purity) Scores(ctx context.Context, train, test Sample) ([]Score, error) {
	began := time.Now()
	p, err := p.filled(test.Truth)
	if err != nil {
		return nil, err
	}
	among := test
	if p.Among == "train" {
		among = train
	}
	if err := sameWidth(among.Pooled, test.Pooled); err != nil {
		return nil, err
	}
	number := map[string]int{}
	apart, own := make([]int, len(among.Index)), make([]int, len(test.Index))
	if p.Apart != "no" {
		apart, own = among.numbered(division(among.Truth, p.Apart), number), test.numbered(division(test.Truth, p.Apart), number)
	}
	skip := func(query, row int) bool {
		return p.Among == "test" && query == row || p.Apart != "no" && apart[row] == own[query] && own[query] >= 0
	}
	near := index.New(among.Pooled, index.Cosine).Search(test.Pooled, p.K, skip)
	var out []Score
	for _, name := range p.By {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		number := map[string]int{}
		s, err := p.score(name, test, among.numbered(division(among.Truth, name), number), test.numbered(division(test.Truth, name), number), near, skip)
		if err != nil {
			return nil, fmt.Errorf("by %s: %w", name, err)
		}
		s.Settings = map[string]any{"by": name, "k": p.K, "apart": p.Apart, "among": p.Among, "similarity": "cosine"}
		s.Train, s.Dim, s.Seconds = len(among.Index), test.Pooled.Dim(1), time.Since(began).Seconds()
		out = append(out, s)
	}
	return out, nil
}

// score compares the classes of neighbours with the queries'.
func (p Purity) score(name string, test Sample, classes, own []int, near [][]Neighbour, skip func(query, row int) bool) (Score, error) {
	hits, judged := make([]float64, len(own)), make([]float64, len(own))
	chance, queries := 0.0, 0
	for q, class := range own {
		if class < 0 || len(near[q]) == 0 {
			continue
		}
		same, all := 0, 0
		for row, c := range classes {
			if !skip(q, row) {
				all++
				if c == class {
					same++
				}
			}
		}
		for _, n := range near[q] {
			if classes[n.At] == class {
				hits[q]++
			}
		}
		hits[q] /= float64(len(near[q]))
		judged[q] = 1
		chance += float64(same) / float64(all)
		queries++
	}
	if queries == 0 {
		return Score{}, fmt.Errorf("no test sample has a class and a neighbour that may be one (its own film's frames may not)")
	}
	of := metric.Metric{Name: "same " + name, Unit: metric.Percent, Higher: true, Predictor: "random neighbours"}
	s := Score{Protocol: p.Name(), Metric: of, Test: queries, Found: map[string]any{}}
	for _, h := range hits {
		s.Value += h
	}
	s.Value /= float64(queries)
	s.Trivial = chance / float64(queries)
	s.Metric.Trivial = s.Trivial
	alike, count, what := test.clusters()
	if in, over := proportion(alike, count, what, hits, judged); in != nil {
		s.Interval, s.Found["interval_over"] = in, over
	}
	return s, nil
}
