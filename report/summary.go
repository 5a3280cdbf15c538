package report

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/metric"
)

// summary is what many protocols say, as the page shows it.
type summary struct {
	Features    []string
	Rows, Falls []summaryRow
	Gain        []string        // nil where there is none to tell
	Over        int             // protocols
	Ranked      []string        // protocols that are compared
	Ranks       [][]string      // of each, rank correlations with those before it
	Notes       []string        // numbered from 1 on in titles
	Charts      []template.HTML // by stage, of what has any
	Drops       template.HTML   // how much worse last stages are than the best, where that is a part of a whole
	Grown       []template.HTML // by what a classifier is given
	About       string          // how the table is to be read

	staged, small, seeds bool // some values are of stages, of few test samples, means over runs
}

type summaryRow struct {
	Title, Trivial, N string
	Cells             []summaryCell
}

type summaryCell struct {
	Value, Stage string
	Top          bool // the best of its row
}

// summarise returns the summary of runs that were judged by so many protocols at least; else nil.
func summarise(runs []score.Judged, least int) *summary {
	s := score.Summarise(runs)
	protocols := map[string]bool{}
	for _, l := range s.Lines {
		protocols[l.Protocol] = true
	}
	if len(protocols) < least {
		return nil
	}
	out := &summary{Features: s.Features, Notes: s.Notes}
	for _, l := range s.Lines {
		out.add(l)
		c, staged := byDepth(l, s.Features)
		if svg := c.SVG(); svg != "" && staged {
			out.Charts = append(out.Charts, template.HTML(svg)) // canvas escapes what it writes
		}
		if svg := grown(l, s.Features).SVG(); svg != "" {
			out.Grown = append(out.Grown, template.HTML(svg))
		}
	}
	out.Drops = template.HTML(drops(s).SVG())
	out.about()
	for _, m := range s.Gain {
		if out.Over = max(out.Over, m.N); m.N == 0 {
			out.Gain = append(out.Gain, "-")
			continue
		}
		out.Gain = append(out.Gain, fmt.Sprintf("%.3f", m.Value))
	}
	if out.Over < 2 {
		out.Gain = nil
	}
	out.Ranked, out.Ranks = s.Matrix(func(rho float64, n int) string { return fmt.Sprintf("%.2f", rho) })
	return out
}

// about says how the table is to be read.
func (s *summary) about() {
	var parts []string
	if s.staged {
		parts = append(parts, "the best stage of each, chosen on the test samples for all alike")
	}
	if s.small {
		parts = append(parts, fmt.Sprintf("* fewer than %d test samples", score.FewTest))
	}
	if s.seeds {
		parts = append(parts, "± is half of the 95 % interval of the mean over runs")
	}
	s.About = titleOf(strings.Join(parts, "; "))
}

// add adds a line, and where a last stage is worse than the best, how much.
func (s *summary) add(l score.Line) {
	row, fall, fell := summaryRow{Title: l.Title, Trivial: "-", N: fmt.Sprint(l.Test)}, summaryRow{Title: l.Title}, false
	if l.Metric.Predictor != "" {
		row.Trivial = l.Metric.Format(l.Trivial)
	}
	if l.Test < score.FewTest {
		row.N += "*"
		s.small = true
	}
	top := -1
	for c, cell := range l.Cells {
		if cell.Best.N > 0 && (top < 0 || l.Metric.Better(cell.Best.Value, l.Cells[top].Best.Value)) {
			top = c
		}
		v, f := summaryCell{Value: cell.Best.Text(l.Metric.Format)}, summaryCell{Value: "-"}
		if cell.Depth > 0 && cell.Best.N > 0 {
			v.Stage, s.staged = cell.Stage, true
		}
		s.seeds = s.seeds || cell.Best.N > 1
		if cell.Drop.N > 0 {
			f.Value, fell = "0", true
			if d := l.Fall(cell); d != "" {
				f.Value, f.Stage = d, "best "+cell.Stage
			}
		}
		row.Cells, fall.Cells = append(row.Cells, v), append(fall.Cells, f)
	}
	if top >= 0 && len(l.Cells) > 1 {
		row.Cells[top].Top = true
	}
	if s.Rows = append(s.Rows, row); fell {
		s.Falls = append(s.Falls, fall)
	}
}

// byDepth draws a line of the summary by stage, a colour for each features; what has no depth is a level to be seen against. staged tells whether anything has stages.
func byDepth(l score.Line, features []string) (c canvas.Chart, staged bool) {
	c = canvas.Chart{Title: l.Title + " by stage", Percent: l.Metric.Unit == metric.Percent, Labels: []string{}}
	if l.Metric.Predictor != "" {
		c.Rules = append(c.Rules, canvas.Rule{Name: l.Metric.Predictor, Y: l.Trivial})
	}
	for i, cell := range l.Cells {
		line := canvas.Line{Name: features[i], Colour: i + 1}
		for _, at := range cell.Curve {
			if at.Depth < 1 {
				c.Rules = append(c.Rules, canvas.Rule{Name: features[i], Y: at.Value})
				continue
			}
			line.Points = append(line.Points, canvas.Point{X: float64(at.Depth), Y: at.Value})
			for len(c.Labels) < at.Depth {
				c.Labels = append(c.Labels, "")
			}
			if c.Labels[at.Depth-1] == "" {
				c.Labels[at.Depth-1] = at.Stage
			}
		}
		if len(line.Points) > 0 {
			c.Lines = append(c.Lines, line)
			staged = staged || len(line.Points) > 1
		}
	}
	return c, staged
}

// grown draws how values grow with what is given, on a logarithmic axis, each features' at the stage that is best.
func grown(l score.Line, features []string) (c canvas.Chart) {
	c = canvas.Chart{Title: l.Title, Percent: l.Metric.Unit == metric.Percent, LogX: true}
	if l.Metric.Predictor != "" {
		c.Rules = append(c.Rules, canvas.Rule{Name: l.Metric.Predictor, Y: l.Trivial})
	}
	at := map[float64]bool{}
	for i, cell := range l.Cells {
		line := canvas.Line{Name: features[i], Colour: i + 1}
		if cell.Grown == nil {
			continue
		}
		if c.X = cell.Grown.Along; cell.Grown.Of != "" {
			c.Title = l.Protocol + " " + cell.Grown.Of
		}
		for _, p := range cell.Grown.Points {
			line.Points, line.Band = append(line.Points, canvas.Point{X: p.X, Y: p.Value}), append(line.Band, p.Interval)
			at[p.X] = true
		}
		c.Lines = append(c.Lines, line)
	}
	c.Ticks = slices.Collect(maps.Keys(at))
	return c
}

// drops draws how much worse the last stage is than the best, a row for each line that is a part of a whole.
func drops(s *score.Summary) canvas.Rows {
	c := canvas.Rows{Title: "Drop from the best stage to the last", Kinds: s.Features, Percent: true}
	for _, l := range s.Lines {
		values, some := make([]float64, len(l.Cells)), false
		for i, cell := range l.Cells {
			if values[i] = math.NaN(); cell.Drop.N > 0 && l.Metric.Unit == metric.Percent {
				values[i], some = cell.Drop.Value, true
			}
		}
		if some {
			c.Names, c.Values = append(c.Names, l.Title), append(c.Values, values)
		}
	}
	return c
}
