// Package metric says what a number means: its name, its unit, which way is better, and what a predictor reaches that has looked at
// nothing. Tasks and protocols declare their metrics; progress, logs and reports show them without knowing any by name. What
// several rooms measure is here too: similarity.go has how like each other two pictures are, rank.go and precision.go how good an order is, agreement.go how alike two
// divisions of the same things are, detection.go how well boxes are found and poses.go figures.
package metric

import (
	"fmt"
	"math"
)

// Metric is a named value's meaning.
type Metric struct {
	Name   string `json:"name"` // as in metrics.jsonl: loss, accuracy, psnr
	Unit   string `json:"unit,omitempty"`
	Higher bool   `json:"higher_is_better,omitempty"`
	// Predictor names the trivial predictor that the value is to be seen against, such as chance, mean colour or copy of the last
	// frame; empty where there is none. It reaches Trivial, or, where that depends on the data, the metric called Versus.
	Predictor string  `json:"trivial_predictor,omitempty"`
	Trivial   float64 `json:"trivial,omitempty"`
	Versus    string  `json:"versus,omitempty"`
	// OnlyTrained says that the value is told while training alone: samples that are not trained on have nothing of the kind, such as the
	// class of a task whose classes are its training samples.
	OnlyTrained bool `json:"only_trained,omitempty"`
	// Over and Under are what a value of samples that are not trained on lies between where a net has not collapsed, that is, does not say the same of all
	// samples; 0 is no bound.
	Over, Under float64 `json:"-"`
	Detail      bool    `json:"detail,omitempty"` // for logs and reports; a line that says how far a run is leaves it out
}

// Percent is the unit of parts of a whole: values lie in [0, 1] and are shown in per cent.
const Percent = "%"

// Accuracy is the part of right answers, against guessing among so many.
func Accuracy(answers int) Metric {
	return Metric{Name: "accuracy", Unit: Percent, Higher: true, Predictor: "chance", Trivial: 1 / float64(max(answers, 1))}
}

// Loss is what training minimises.
func Loss() Metric { return Metric{Name: "loss"} }

// Format writes a value with its unit for a person.
func (m Metric) Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case m.Unit == Percent:
		return fmt.Sprintf("%.1f %%", 100*v)
	case m.Unit != "":
		return fmt.Sprintf("%.4g %s", v, m.Unit)
	}
	return fmt.Sprintf("%.4g", v)
}

// Against returns what the trivial predictor reaches, given the values measured beside; ok is false where there is none.
func (m Metric) Against(values map[string]float64) (trivial float64, ok bool) {
	if m.Predictor == "" {
		return 0, false
	}
	if m.Versus != "" {
		trivial, ok = values[m.Versus]
		return trivial, ok
	}
	return m.Trivial, true
}

// Alive tells whether a value is one of a net that has not collapsed, as far as it says so.
func (m Metric) Alive(v float64) bool {
	return (m.Over == 0 || v > m.Over) && (m.Under == 0 || v < m.Under)
}

// Better tells whether a is better than b.
func (m Metric) Better(a, b float64) bool {
	if m.Higher {
		return a > b
	}
	return a < b
}
