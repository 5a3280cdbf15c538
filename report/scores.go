package report

import (
	"fmt"
	"html/template"
	"sort"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/eval/score"
)

// group are scores that may stand side by side: of one protocol, made on the same data with the same settings.
type group struct {
	Title    string
	Settings string
	Chart    template.HTML
	Scores   []row
	scores   []score.Score
}

// row is a score in a table.
type row struct {
	score.Score
	Shown, TrivialShown, FoundShown string // Shown with the interval, where there is one
	PartsShown                      []part
}

// confusion is what the best stage of some features takes for what, as the page shows it.
type confusion struct {
	Title, About string
	Classes      []string
	Others       bool // there is a last column
	Rows         []confusionRow
}

type confusionRow struct {
	Class string
	Cells []confusionCell
}

// confusionCell is how often, and which part of the row that is in fifths, from 0 on.
type confusionCell struct {
	N, Shade int
	Own      bool
}

// mostMatrices is how many confusions of a run a page has room for.
const mostMatrices = 4

// shades is how many parts of a row are told apart.
const shades = 5

// confused returns what a group confuses, at the stage where the run's own features, or the first ones, are best; nil where it says no classes.
func (g *group) confused() *confusion {
	b := g.best(own)
	if b == nil {
		b = g.best(g.scores[0].Features)
	}
	c := b.Confusion
	if c == nil || len(c.Classes) == 0 {
		return nil
	}
	out := &confusion{Title: g.Title, Classes: c.Classes, Others: len(c.Classes) < c.Of}
	out.About = b.Features
	if b.Depth > 0 {
		out.About += ", " + b.Stage
	}
	out.About += ", " + b.Metric.Format(b.Value)
	if out.Others {
		out.About += fmt.Sprintf("; of %d classes those that are confused most", c.Of)
	}
	for k, counts := range c.Counts {
		if k == len(c.Classes) {
			break
		}
		row, all := confusionRow{Class: c.Classes[k]}, 0
		for _, n := range counts {
			all += n
		}
		for l, n := range counts {
			cell := confusionCell{N: n, Own: l == k}
			if n > 0 {
				cell.Shade = 1 + min(shades-1, n*shades/all)
			}
			row.Cells = append(row.Cells, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// part is a part of a score in a table.
type part struct {
	score.Part
	Shown string
}

// own and untrained are the features that a headline compares.
const (
	own       = "pretext"
	untrained = "random"
)

// addScores shows each group of a run's scores: a chart by depth, and a table.
func (s *section) addScores(all []score.Score) {
	s.Groups = groups(all)
	for _, g := range s.Groups {
		if svg := g.byDepth().SVG(); svg != "" && g.staged() {
			s.Stages = true
			g.Chart = template.HTML(svg) // canvas escapes what it writes
		}
		for _, c := range g.scores {
			r := row{c, c.Metric.Format(c.Value), c.Metric.Format(c.Trivial), score.List(c.Found), nil}
			if in := c.Within(); in != "" {
				r.Shown += " (" + in + ")"
			}
			for _, p := range c.Parts {
				r.PartsShown = append(r.PartsShown, part{p, c.Metric.Format(p.Value)})
			}
			g.Scores = append(g.Scores, r)
		}
		if c := g.confused(); c != nil {
			if len(s.Confused) < mostMatrices {
				s.Confused = append(s.Confused, c)
			} else {
				s.Unshown++
			}
		}
		if b := g.best(own); b != nil {
			h := headline{What: fmt.Sprintf("%s, best stage", g.Title), Value: b.Metric.Format(b.Value)}
			if b.Depth == 0 { // there are no stages
				h.What, h.Note = fmt.Sprintf("%s: %s", g.scores[0].Protocol, words(b.Metric.Name)), fmt.Sprintf("of %d", b.Test)
			}
			if r := g.best(untrained); r != nil {
				h.Note = untrained + " " + r.Metric.Format(r.Value)
			}
			s.Headline = append(s.Headline, h)
		}
	}
}

// groups sorts scores by what made them, in the order in which they come. A title says what tells a group from others of its
// protocol.
func groups(all []score.Score) []*group {
	var out []*group
	at := map[string]*group{}
	for _, c := range all {
		g := at[c.Made()]
		if g == nil {
			g = &group{Settings: score.List(c.Settings)}
			at[c.Made()] = g
			out = append(out, g)
		}
		g.scores = append(g.scores, c)
	}
	for _, g := range out {
		var same []map[string]any
		for _, o := range out {
			if o.scores[0].Title() == g.scores[0].Title() {
				same = append(same, o.scores[0].Settings)
			}
		}
		g.Title = g.scores[0].Title()
		if d := score.Differs(g.scores[0].Settings, same); d != "" {
			g.Title += " (" + d + ")"
		}
	}
	return out
}

// byDepth draws each features' values by depth; what has no depth is a level to be seen against.
func (g *group) byDepth() canvas.Chart {
	first := g.scores[0]
	c := canvas.Chart{Title: titleOf(first.Protocol) + ": " + words(first.Metric.Name) + " by stage", Percent: first.Metric.Unit == "%", Labels: []string{}}
	if p := first.Metric.Predictor; p != "" {
		c.Rules = append(c.Rules, canvas.Rule{Name: p, Y: first.Trivial})
	}
	line := map[string]int{}
	for _, s := range g.scores {
		if s.Depth < 1 {
			c.Rules = append(c.Rules, canvas.Rule{Name: s.Features, Y: s.Value})
			continue
		}
		i, ok := line[s.Features]
		if !ok {
			i = len(c.Lines)
			line[s.Features] = i
			c.Lines = append(c.Lines, canvas.Line{Name: s.Features})
		}
		c.Lines[i].Points = append(c.Lines[i].Points, canvas.Point{X: float64(s.Depth), Y: s.Value})
		for len(c.Labels) < s.Depth {
			c.Labels = append(c.Labels, "")
		}
		c.Labels[s.Depth-1] = s.Stage
	}
	for _, l := range c.Lines {
		sort.SliceStable(l.Points, func(i, j int) bool { return l.Points[i].X < l.Points[j].X })
	}
	return c
}

// staged tells whether a group has scores of a network's stages.
func (g *group) staged() bool {
	for _, s := range g.scores {
		if s.Depth > 0 {
			return true
		}
	}
	return false
}

// best returns the best score of some features, nil where there is none.
func (g *group) best(features string) *score.Score {
	var b *score.Score
	for i, s := range g.scores {
		if s.Features == features && (b == nil || s.Metric.Better(s.Value, b.Value)) {
			b = &g.scores[i]
		}
	}
	return b
}
