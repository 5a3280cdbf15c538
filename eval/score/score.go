// Package score is a judgement of features with everything that made it, and the file of a run that keeps them. It knows
// neither the protocols nor the networks: eval makes scores, report shows them.
package score

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/metric"
)

// Score is a result with what made it.
type Score struct {
	Protocol string         `json:"protocol"` // knn, probe, ...
	Features string         `json:"features"` // pretext, random, pixels, supervised, ...
	Stage    string         `json:"stage"`
	Depth    int            `json:"depth"` // 1 for the first stage; 0 for what is no network, such as pixels
	Metric   metric.Metric  `json:"metric"`
	Value    float64        `json:"value"`
	Trivial  float64        `json:"trivial"`            // what Metric.Predictor reaches on the same test samples
	Interval *[2]float64    `json:"interval,omitempty"` // where Value would lie on other samples of the kind, with 95 % certainty; nil where nobody says
	Train    int            `json:"n_train"`
	Test     int            `json:"n_test"`
	Dim      int            `json:"dim"`
	Settings map[string]any `json:"settings"`          // what made it: data, test, fingerprints, side, norm, the protocol's own
	Seen     []string       `json:"seen,omitempty"`    // names of settings that say how the net sees samples, such as side and norm
	Network  map[string]any `json:"network,omitempty"` // what net the features are of, and how it computed; does not tell scores apart
	Found    map[string]any `json:"found,omitempty"`   // what the protocol chose or counted on the way
	Parts    []Part         `json:"parts,omitempty"`   // what the value is made of, such as the sections of a file of questions
	// Confusion says which classes test samples were taken for; nil where no classes are said.
	Confusion *Confusion `json:"confusion,omitempty"`
	// Curve is what Value is the mean of, or the last point of; nil where nothing grows.
	Curve   *Curve  `json:"curve,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Part of a score.
type Part struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"` // of the score's metric
	N       int     `json:"n"`     // things judged
	Skipped int     `json:"skipped"`
}

// Title is the protocol and, but for accuracy, what it measures.
func (s Score) Title() string {
	if s.Metric.Name == "accuracy" || s.Metric.Name == "" {
		return s.Protocol
	}
	return s.Protocol + " " + s.Metric.Name
}

// Within writes the interval for a person, nothing where there is none.
func (s Score) Within() string {
	if s.Interval == nil {
		return ""
	}
	return s.Metric.Format(s.Interval[0]) + " to " + s.Metric.Format(s.Interval[1])
}

// maxDepth is how many stages a network may have: a page has room for each.
const maxDepth = 1000

// UnmarshalJSON reads also what earlier versions wrote: accuracy and chance in place of a metric, what was found among the
// settings, and linear for probe.
func (s *Score) UnmarshalJSON(b []byte) error {
	type plain Score
	var in struct {
		plain
		Metric   *metric.Metric `json:"metric"`
		Accuracy float64        `json:"accuracy"`
		Chance   float64        `json:"chance"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	if in.Depth < 0 || in.Depth > maxDepth {
		return fmt.Errorf("a score of depth %d: stages are counted from 1, at most %d", in.Depth, maxDepth)
	}
	*s = Score(in.plain)
	if in.Metric != nil {
		s.Metric = *in.Metric
		return nil
	}
	s.Metric, s.Value, s.Trivial = LargestClass(in.Chance), in.Accuracy, in.Chance
	if s.Protocol == "linear" {
		s.Protocol = "probe"
	}
	for _, name := range []string{"weight_decay", "iterations", "grid"} {
		if v, ok := s.Settings[name]; ok {
			if s.Found == nil {
				s.Found = map[string]any{}
			}
			s.Found[name] = v
			delete(s.Settings, name)
		}
	}
	return nil
}

// LargestClass is the metric of right answers against always naming the test set's largest class, which has that share.
func LargestClass(share float64) metric.Metric {
	m := metric.Accuracy(1)
	m.Predictor, m.Trivial = "largest class", share
	return m
}

// Made returns what made a score, as a text that is the same for scores that may stand side by side: the protocol, what is
// measured, and all of the settings.
func (s Score) Made() string { return s.Title() + " " + canonical(s.Settings) }

// Asked returns what was asked of features, as a text that is the same for scores of networks that each see samples in their own way: the protocol, what is measured, and its settings.
func (s Score) Asked() string { return s.Title() + " " + canonical(s.asked()) }

func (s Score) asked() map[string]any {
	out := maps.Clone(s.Settings)
	for _, k := range append([]string{"side", "norm"}, s.Seen...) { // which earlier versions did not name
		delete(out, k)
	}
	return out
}

// Key tells scores of a run apart: a score replaces another of the same key.
func (s Score) Key() string {
	return canonical([]any{s.Title(), s.Features, s.Stage, s.Settings})
}

// canonical returns v as JSON whose numbers are as a file gives them back, so that what was read equals what was written.
func canonical(v any) string {
	b, err := json.Marshal(v)
	var back any
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err == nil {
		b, err = json.Marshal(back)
	}
	if err != nil {
		panic("score: settings are no JSON: " + err.Error())
	}
	return string(b)
}

// Path returns the file of a run directory that keeps its scores.
func Path(dir string) string { return filepath.Join(dir, "eval", "scores.json") }

// mostBytes is how large the file may be.
const mostBytes = 256 << 20

// Load returns the scores of a run directory, none where it has not been judged.
func Load(dir string) ([]Score, error) {
	var all []Score
	b, err := files.Read(Path(dir), mostBytes)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Path(dir), err)
	}
	return all, nil
}

// Save adds scores to a run directory's, in their order, in place of those of the same key. Scores of earlier versions, which do
// not say by fingerprint what they were judged on, give way to any of the same protocol, features and stage.
func Save(dir string, scores []Score) error {
	all, err := Load(dir)
	if err != nil {
		return err
	}
	fresh := map[string]bool{}
	for _, s := range scores {
		fresh[s.Key()], fresh[s.bare()] = true, true
	}
	kept := []Score{}
	for _, s := range all {
		if _, dated := s.Settings["data_fingerprint"]; fresh[s.Key()] || !dated && fresh[s.bare()] {
			continue
		}
		kept = append(kept, s)
	}
	if err := os.MkdirAll(filepath.Dir(Path(dir)), 0o755); err != nil {
		return err
	}
	return checkpoint.Atomic(Path(dir), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(append(kept, scores...))
	})
}

// bare is a key without settings.
func (s Score) bare() string { return s.Protocol + "/" + s.Features + "/" + s.Stage }
