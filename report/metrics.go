package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/metric"
)

// held is what stands before a metric's name where it was measured on samples that are not trained on.
const held = "held_"

// series are metrics.jsonl: each value by step.
type series map[string][]canvas.Point

// readMetrics reads metrics.jsonl; nothing where there is none. A line cut short by a crash, and what is no number, is passed over.
func readMetrics(path string) (series, error) {
	b, err := files.Read(path, metricsBytes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return parseMetrics(b), nil
}

func parseMetrics(b []byte) series {
	out := series{}
	for line := range bytes.Lines(b) {
		var m map[string]any
		if json.Unmarshal(line, &m) != nil {
			continue
		}
		step, ok := m["step"].(float64)
		if !ok {
			continue
		}
		for k, v := range m {
			if f, ok := v.(float64); ok && k != "step" && k != "epoch" {
				out[k] = append(out[k], canvas.Point{X: step, Y: f})
			}
		}
	}
	return out
}

// last returns the last value of a name.
func (s series) last(name string) (v float64, ok bool) {
	if ps := s[name]; len(ps) > 0 {
		return ps[len(ps)-1].Y, true
	}
	return 0, false
}

// loopValues are what the loop and its monitor write for every task, in the order in which they are shown; what a run declares
// itself is not shown a second time.
var loopValues = []struct {
	names   []string // the second is that of earlier versions
	title   string
	percent bool
}{
	{[]string{"knn"}, "Neighbours of the same class, last stage (monitor)", true},
	{[]string{"probe"}, "Right answers of a probe that learns beside it (monitor)", true},
	{[]string{"feature_std"}, "Deviation of the features, 1 is spread out (monitor)", false},
	{[]string{"effective_rank"}, "Effective rank of the features (monitor)", false},
	{[]string{"lr"}, "Learning rate", false},
	{[]string{"weight_decay"}, "Weight decay", false},
	{[]string{"grad_norm"}, "Norm of the gradient", false},
	{[]string{"samples_per_s", "images_per_s"}, "Samples a second", false},
	{[]string{"words_per_s"}, "Words a second", false},
	{[]string{"gflops"}, "GFLOP/s of products and convolutions", false},
}

// charts returns a chart for each declared metric, for what every loop writes, and for anything else that was written.
func (s series) charts(declared []metric.Metric) []canvas.Chart {
	var out []canvas.Chart
	shown := map[string]bool{}
	for _, m := range declared {
		out = append(out, s.chart(m))
		shown[m.Name], shown[held+m.Name] = true, true
		if m.Versus != "" {
			shown[m.Versus], shown[held+m.Versus] = true, true
		}
	}
	plain := func(title, name string, percent bool) {
		if !shown[name] {
			shown[name] = true
			out = append(out, canvas.Chart{Title: title, X: "step", Percent: percent, Lines: []canvas.Line{{Points: s[name]}}})
		}
	}
	for _, v := range loopValues {
		for _, name := range v.names {
			plain(v.title, name, v.percent)
		}
	}
	var rest []string
	for name := range s {
		rest = append(rest, name)
	}
	sort.Strings(rest)
	for _, name := range rest {
		plain(titleOf(name), name, false)
	}
	return out
}

// chart draws a metric while training and held out, against its trivial predictor.
func (s series) chart(m metric.Metric) canvas.Chart {
	c := canvas.Chart{Title: titleOf(m.Name), X: "step", Percent: m.Unit == metric.Percent,
		Lines: []canvas.Line{{Name: "training", Points: s[m.Name]}, {Name: "held out", Points: s[held+m.Name]}}}
	if m.Unit != "" && m.Unit != metric.Percent {
		c.Title += ", " + m.Unit
	}
	if m.Higher {
		c.Title += ", higher is better"
	} else {
		c.Title += ", lower is better"
	}
	switch {
	case m.Predictor == "":
	case m.Versus == "":
		c.Rules = []canvas.Rule{{Name: m.Predictor, Y: m.Trivial}}
	default:
		c.Lines = append(c.Lines, canvas.Line{Name: m.Predictor, Points: s[m.Versus]}, canvas.Line{Name: m.Predictor + ", held out", Points: s[held+m.Versus]})
	}
	return c
}

// headlines returns the last held-out value of each metric that has a trivial predictor, or of the first metric where none has.
func (s series) headlines(declared []metric.Metric) []headline {
	values := map[string]float64{}
	for name := range s {
		if v, ok := s.last(held + name); ok {
			values[name] = v
		}
	}
	var out []headline
	for _, m := range declared {
		v, ok := values[m.Name]
		if !ok {
			continue
		}
		if trivial, ok := m.Against(values); ok {
			out = append(out, headline{"task: " + words(m.Name) + ", held out", m.Format(v), m.Predictor + " " + m.Format(trivial)})
		}
	}
	if out == nil && len(declared) > 0 {
		m := declared[0]
		if v, ok := values[m.Name]; ok {
			out = append(out, headline{"task: " + words(m.Name) + ", held out", m.Format(v), ""})
		}
	}
	return out
}

// words returns a name as a person writes it.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// titleOf returns a name as a title.
func titleOf(name string) string {
	w := words(name)
	if w == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(w)
	return strings.ToUpper(w[:n]) + w[n:]
}
