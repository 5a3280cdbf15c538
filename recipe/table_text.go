package recipe

import (
	"fmt"
	"io"
	"strings"

	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/metric"
)

// Summary is what the seeds of a task say together.
type Summary struct {
	Task            string
	Told            bool // whether Metric, Value and Trivial are there
	Metric          metric.Metric
	Value, Trivial  Mean
	Stages          []string
	Probe, KNN      []Mean // by stage
	ProbeAt, KNNAt  int    // the best stages by their means
	ProbeUp, KNNUp  Mean   // how far the best stage is above the random network's of the same seed; N is 0 for what is not compared
	Seconds, Images Mean   // of training, and each second
}

// Summarise joins the rows of each task, in the order of their first rows. Stages are chosen by their mean over seeds, the random network's
// too; the difference is that of equal seeds, which begin with the same weights.
func Summarise(rows []Row) []Summary {
	by := map[string][]Row{}
	var order []string
	for _, r := range rows {
		if by[r.Task] == nil {
			order = append(order, r.Task)
		}
		by[r.Task] = append(by[r.Task], r)
	}
	var out []Summary
	for _, task := range order {
		of := by[task]
		s := Summary{Task: task, Told: of[0].Told, Metric: of[0].Metric, Stages: of[0].Stages}
		over := func(value func(r Row) float64) Mean {
			var v []float64
			for _, r := range of {
				v = append(v, value(r))
			}
			return score.MeanOf(v)
		}
		s.Value, s.Trivial = over(func(r Row) float64 { return r.Value }), over(func(r Row) float64 { return r.Trivial })
		s.Seconds, s.Images = over(func(r Row) float64 { return r.Seconds }), over(func(r Row) float64 { return r.Images })
		s.Probe, s.ProbeAt = stagesOf(of, probeOf)
		s.KNN, s.KNNAt = stagesOf(of, knnOf)
		if task != randomRow && task != pixelsRow {
			s.ProbeUp, s.KNNUp = above(of, by[randomRow], probeOf), above(of, by[randomRow], knnOf)
		}
		out = append(out, s)
	}
	return out
}

func probeOf(r Row) []float64 { return r.Probe }
func knnOf(r Row) []float64   { return r.KNN }

// stagesOf returns the mean of each stage, and which is best.
func stagesOf(rows []Row, values func(Row) []float64) (means []Mean, best int) {
	for i := range values(rows[0]) {
		var v []float64
		for _, r := range rows {
			v = append(v, values(r)[i])
		}
		means = append(means, score.MeanOf(v))
		if means[i].Value > means[best].Value {
			best = i
		}
	}
	return means, best
}

// above is how far the best stage of rows is above that of others, by equal seeds.
func above(rows, others []Row, values func(Row) []float64) Mean {
	if len(others) == 0 {
		return Mean{}
	}
	_, mine := stagesOf(rows, values)
	_, theirs := stagesOf(others, values)
	var v []float64
	for _, r := range rows {
		for _, o := range others {
			if o.Seed == r.Seed {
				v = append(v, values(r)[mine]-values(o)[theirs])
			}
		}
	}
	return score.MeanOf(v)
}

// WriteTable writes rows as a table in Markdown: means over seeds in per cent with half of their 95 % interval, the best stage bold.
func WriteTable(w io.Writer, rows []Row) error {
	all := Summarise(rows)
	var stages []string
	for _, s := range all {
		if s.Task != pixelsRow && len(s.Stages) > len(stages) {
			stages = s.Stages
		}
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "| task | held out | trivial |%s over random |%s over random | s | images/s |\n", heads("probe", stages), heads("kNN", stages))
	columns := strings.Repeat("---:|", len(stages)+1)
	fmt.Fprintf(b, "|---|---:|---:|%s%s---:|---:|\n", columns, columns)
	for _, s := range all {
		told, trivial, seconds, rate := "", "", "", ""
		if s.Told {
			told, trivial = s.Metric.Name+" "+s.Metric.Format(s.Value.Value), s.Metric.Predictor+" "+s.Metric.Format(s.Trivial.Value)
		}
		if s.Seconds.Value > 0 {
			seconds, rate = fmt.Sprintf("%.0f", s.Seconds.Value), fmt.Sprintf("%.0f", s.Images.Value)
		}
		fmt.Fprintf(b, "| %s | %s | %s |%s %s |%s %s | %s | %s |\n", s.Task, told, trivial, cells(s.Probe, s.ProbeAt, len(stages)), points(s.ProbeUp),
			cells(s.KNN, s.KNNAt, len(stages)), points(s.KNNUp), seconds, rate)
	}
	b.WriteString(legend)
	_, err := io.WriteString(w, b.String())
	return err
}

const legend = `
In per cent, means over seeds; ± is half of the 95 % interval of the mean over seeds (Student's t), all on the same test samples. The best
stage is bold, chosen on those samples, the random network's too; "over random" is from best stage to best stage of equal seeds, which
begin with the same weights. The intervals stand each for itself: of twenty differences that are none about one lies outside. Pixels have one
stage. s and images/s are of training, looks at held-out samples and checkpoints included; supervised has no looks.
`

// heads are the heads of a protocol's columns.
func heads(protocol string, stages []string) string {
	out := ""
	for _, s := range stages {
		out += fmt.Sprintf(" %s %s |", protocol, s)
	}
	return out
}

// cells are n columns in per cent, the best bold and with its interval.
func cells(v []Mean, best, n int) string {
	out := ""
	for i := range n {
		switch {
		case i >= len(v):
			out += "  |"
		case i == best:
			out += fmt.Sprintf(" **%.1f**%s |", 100*v[i].Value, interval(v[i]))
		default:
			out += fmt.Sprintf(" %.1f |", 100*v[i].Value)
		}
	}
	return out
}

// interval is half of a mean's interval, in points.
func interval(m Mean) string {
	if m.N < 2 {
		return ""
	}
	return fmt.Sprintf(" ± %.1f", 100*m.Half)
}

// points are a difference in points with its interval.
func points(m Mean) string {
	if m.N == 0 {
		return ""
	}
	return fmt.Sprintf("%+.1f%s", 100*m.Value, interval(m))
}
