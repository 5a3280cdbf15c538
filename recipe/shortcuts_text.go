package recipe

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
)

// What counts as a difference: of a metric in per cent two points, of another two in a hundred of its value, of the probe and of retrieval one point, of a
// patch's place five in a hundred of the error; and nothing that differs by no more than chance, see least.
const (
	solvedMore = 0.02
	worthMore  = 0.01
	placeMore  = 0.05
)

// Name says which defences there were, and which trace.
func (f Finding) Name() string {
	name := "all defences"
	switch f.Without {
	case "":
	case AllDefences:
		name = "no defence"
	default:
		name = "without " + f.Without
	}
	return name + traceIn(f.Inject)
}

func percent(v float64) string     { return fmt.Sprintf("%.1f %%", 100*v) }
func thousandths(v float64) string { return fmt.Sprintf("%.3f", v) }

// rowHeads are the heads of Row's columns.
var rowHeads = []string{"defences", "task solved", "trivial", "place error", "of saying the middle", "probe", "retrieval", "of a random order"}

// Row is the finding as a row of a table: defences, task, trivial, place error, that of the middle, probe, retrieval, that of a random order.
func (f Finding) Row() []string {
	place, middle, retrieval, order := "", "", "", ""
	if len(f.Place) > 0 {
		place, middle = score.MeanOf(f.Place).Text(thousandths), thousandths(f.Middle)
	}
	if len(f.Retrieval) > 0 {
		retrieval, order = score.MeanOf(f.Retrieval).Text(percent), percent(f.Order)
	}
	name, _, _ := strings.Cut(f.Name(), ",")
	return []string{name, f.Metric.Name + " " + score.MeanOf(f.Solved).Text(f.Metric.Format), f.Metric.Predictor + " " + f.Metric.Format(f.Trivial), place, middle, score.MeanOf(f.Probe).Text(percent),
		retrieval, order}
}

// Told is the finding in a line.
func (f Finding) Told() []string {
	row := f.Row()
	out := []string{fmt.Sprintf("%s (%s)", row[1], row[2])}
	if row[3] != "" {
		out = append(out, fmt.Sprintf("place error %s (middle %s)", row[3], row[4]))
	}
	out = append(out, "probe "+row[5])
	if row[6] != "" {
		out = append(out, fmt.Sprintf("retrieval %s (random order %s)", row[6], row[7]))
	}
	return out
}

// worth is what features are judged by: retrieval where pictures and sounds are embedded in one space, else the probe.
func (f Finding) worth() (what string, by []float64) {
	if len(f.Retrieval) > 0 {
		return "pictures and sounds find each other", f.Retrieval
	}
	return "the features are", f.Probe
}

// Verdicts says in sentences what findings show: of each kind of data, what each defence is worth, and of each trace whether the
// defences hold.
func Verdicts(all []Finding, defences []pretext.Defence) []string {
	var out []string
	whole := map[string]Finding{} // with all defences, by trace
	for _, f := range all {
		if f.Without == "" {
			whole[f.Inject] = f
		}
	}
	for _, f := range all {
		with := whole[f.Inject]
		switch f.Without {
		case "":
			if f.Inject != "" {
				out = append(out, held(f, whole[""]))
			}
		case AllDefences:
			out = append(out, fmt.Sprintf("Without any defence%s: %s.", traceIn(f.Inject), compared(f, with)))
		default:
			against := ""
			for _, d := range defences {
				if d.Name == f.Without {
					against = d.Against
				}
			}
			out = append(out, fmt.Sprintf("Without %s (against %s)%s: %s.", f.Without, against, traceIn(f.Inject), compared(f, with)))
		}
	}
	return out
}

// traceIn says what is in the data.
func traceIn(inject string) string {
	if inject == "" {
		return ""
	}
	return ", " + inject + " in the data"
}

// held says whether a trace helps in spite of all defences.
func held(f, clean Finding) string {
	more, _ := gained(f, clean)
	text := fmt.Sprintf("With %s in the data and all defences the task is solved %s", f.Inject, difference(f.Metric, score.MeanOf(f.Solved).Value-score.MeanOf(clean.Solved).Value))
	switch {
	case !f.learned() && !clean.learned():
		return text + " than with the data as it is: it is not learned in so few steps (--steps)."
	case more:
		return text + " than with the data as it is: the trace helps in spite of the defences."
	}
	return text + " than with the data as it is: the defences hold."
}

// gained tells whether a task is solved better by what counts, and whether worse.
func gained(f, than Finding) (better, worse bool) {
	d := score.MeanOf(f.Solved).Value - score.MeanOf(than.Solved).Value
	if !f.Metric.Higher {
		d = -d
	}
	least := f.least(solvedMore, f.Solved, than.Solved)
	if f.Metric.Unit != metric.Percent {
		least = max(solvedMore*math.Abs(score.MeanOf(than.Solved).Value), apart(f.Solved, than.Solved))
	}
	return d >= least, d <= -least
}

// least is by how much two parts of right answers must differ to count: so much, and more than chance. Of several seeds, half of the 95 % interval
// of the differences of equal seeds; of one, two standard errors on the number of samples that were judged.
func (f Finding) least(much float64, a, b []float64) float64 {
	if len(a) > 1 && len(a) == len(b) {
		return max(much, apart(a, b))
	}
	p := (score.MeanOf(a).Value + score.MeanOf(b).Value) / 2
	return max(much, 2*math.Sqrt(2*max(p*(1-p), 0)/float64(max(1, f.Judged))))
}

// apart is half of the 95 % interval of the differences of equal seeds (Student's t); 0 where there are not two.
func apart(a, b []float64) float64 {
	if len(a) < 2 || len(a) != len(b) {
		return 0
	}
	var d []float64
	for i := range a {
		d = append(d, a[i]-b[i])
	}
	return score.MeanOf(d).Half
}

// learned tells whether the task was solved better than by its trivial predictor.
func (f Finding) learned() bool {
	than := f
	than.Solved = []float64{f.Trivial}
	better, _ := gained(f, than)
	return better
}

// difference is a change of a metric in words.
func difference(m metric.Metric, d float64) string {
	word := "better"
	if (d < 0) == m.Higher && d != 0 {
		word = "worse"
	}
	if m.Unit == metric.Percent {
		return fmt.Sprintf("%.1f points %s", 100*math.Abs(d), word)
	}
	return fmt.Sprintf("%s %s", m.Format(math.Abs(d)), word)
}

// compared says what changes without a defence, and what that means.
func compared(f, with Finding) string {
	if slices.Equal(f.Solved, with.Solved) && slices.Equal(f.Place, with.Place) && slices.Equal(f.Probe, with.Probe) && slices.Equal(f.Retrieval, with.Retrieval) {
		return "nothing changes at all: it is off for samples of this size, or by an option"
	}
	parts := []string{"the task is solved " + difference(f.Metric, score.MeanOf(f.Solved).Value-score.MeanOf(with.Solved).Value)}
	better, worse := gained(f, with)
	if len(f.Place) > 0 && len(with.Place) > 0 {
		a, b := score.MeanOf(f.Place).Value, score.MeanOf(with.Place).Value
		least := max(placeMore*b, apart(f.Place, with.Place))
		switch {
		case a <= b-least:
			parts = append(parts, fmt.Sprintf("a patch tells more of its place (error %.3f instead of %.3f)", a, b))
		case a >= b+least:
			parts = append(parts, fmt.Sprintf("a patch tells less of its place (error %.3f instead of %.3f)", a, b))
		default:
			parts = append(parts, fmt.Sprintf("a patch tells as much of its place (error %.3f, %.3f)", a, b))
		}
	}
	what, by := f.worth()
	_, beside := with.worth()
	gain := score.MeanOf(by).Value - score.MeanOf(beside).Value
	word := "better"
	if gain < 0 {
		word = "worse"
	}
	parts = append(parts, fmt.Sprintf("%s %.1f points %s", what, 100*math.Abs(gain), word))
	means := "no shortcut shows here"
	least := f.least(worthMore, by, beside)
	switch {
	case !f.learned() && !with.learned():
		means = "the task is not learned in so few steps (--steps)"
	case better && gain <= -least:
		means = "a shortcut, which the defence keeps the net from"
	case better && gain < least:
		means = "a shortcut or an easier task; the features do not mind here"
	case better:
		means = "an easier task with better features: here the defence costs more than it saves"
	case worse && gain >= least:
		means = "a harder task with better features"
	case gain <= -least:
		means = "the features gain from the defence, though the task is no harder with it"
	}
	return strings.Join(parts, ", ") + ": " + means
}
