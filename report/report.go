// Package report turns a run's files into one self-contained HTML page: curves, scores by depth, pictures, settings. It has
// never heard of models; it reads run.json, metrics.jsonl, eval/scores.json and PNG files.
package report

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
)

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Parse(pageHTML))

// score is a line of eval/scores.json.
type score struct {
	Protocol string         `json:"protocol"`
	Features string         `json:"features"`
	Stage    string         `json:"stage"`
	Depth    int            `json:"depth"`
	Accuracy float64        `json:"accuracy"`
	Chance   float64        `json:"chance"`
	Train    int            `json:"n_train"`
	Test     int            `json:"n_test"`
	Dim      int            `json:"dim"`
	Settings map[string]any `json:"settings"`
}

// section is what the page shows of a run.
type section struct {
	Dir      string
	Title    string
	Command  string
	Facts    [][2]string
	Headline []headline
	Charts   []template.HTML
	Depth    []template.HTML
	Table    []score
	Images   []picture
	Settings string
}

type headline struct{ What, Value, Note string }

type picture struct {
	Title, About string
	Data         template.URL
}

// Write writes a page about run directories.
func Write(path string, dirs []string) error {
	var sections []*section
	for _, d := range dirs {
		s, err := read(d)
		if err != nil {
			return err
		}
		sections = append(sections, s)
	}
	return checkpoint.Atomic(path, func(w io.Writer) error { return page.Execute(w, sections) })
}

func read(dir string) (*section, error) {
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		return nil, fmt.Errorf("%s is not a run directory: it has no run.json", dir)
	}
	var info map[string]any
	if err := json.Unmarshal(b, &info); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "run.json"), err)
	}
	s := &section{Dir: filepath.Base(dir), Settings: string(b)}
	config, _ := info["config"].(map[string]any)
	text := func(m map[string]any, k string) string {
		switch v := m[k].(type) {
		case nil:
			return ""
		case float64:
			return fmt.Sprintf("%.6g", v)
		default:
			return fmt.Sprint(v)
		}
	}
	number := func(k string) float64 { v, _ := info[k].(float64); return v }
	s.Title = fmt.Sprintf("%s on %s", text(config, "task"), text(config, "trunk"))
	s.Command = text(info, "command")
	s.Facts = [][2]string{
		{"data", fmt.Sprintf("%s, %s samples, fingerprint %s", text(info, "data_name"), text(info, "data_len"), text(info, "data_fingerprint"))},
		{"network", fmt.Sprintf("%s, %s trained values", text(config, "trunk"), text(info, "params"))},
		{"steps", fmt.Sprintf("%.0f of %.0f, batch %s, seed %s", number("done"), number("steps"), text(config, "batch_size"), text(config, "seed"))},
		{"time", fmt.Sprintf("%.0f s; first step done %.1f s after the program's start", number("seconds"), number("first_step_s"))},
		{"machine", fmt.Sprintf("%s, %s threads, kernels %s, %s", text(info, "cpu"), text(info, "threads"), text(info, "simd"), text(info, "go"))},
		{"memory", fmt.Sprintf("%.0f MB of activations and gradients at most", number("peak_memory")/1e6)},
		{"started", text(info, "started")},
	}
	metrics, err := readMetrics(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		return nil, err
	}
	chance := number("chance")
	s.Charts = append(s.Charts,
		chart("Loss", "step", []line{{"training", metrics["loss"]}, {"held out", metrics["held_loss"]}}, nil, false),
		chart("Accuracy of the task", "step", []line{{"training", metrics["accuracy"]}, {"held out", metrics["held_accuracy"]}}, &rule{"chance", chance}, true),
		chart("Neighbours of the same class (monitor)", "step", []line{{"kNN, last stage", metrics["knn"]}}, nil, true),
		chart("Life of the features (monitor)", "step", []line{{"deviation, 1 is spread out", metrics["feature_std"]}}, nil, false),
		chart("Effective rank (monitor)", "step", []line{{"effective rank", metrics["effective_rank"]}}, nil, false),
		chart("Learning rate", "step", []line{{"learning rate", metrics["lr"]}}, nil, false),
		chart("Speed, GFLOP/s", "step", []line{{"products and convolutions", metrics["gflops"]}}, nil, false))
	if n := len(metrics["held_accuracy"]); n > 0 {
		s.Headline = append(s.Headline, headline{"task, held out", percent(metrics["held_accuracy"][n-1].y), "chance " + percent(chance)})
	}
	if err := s.scores(filepath.Join(dir, "eval", "scores.json")); err != nil {
		return nil, err
	}
	s.addPicture(filepath.Join(dir, "eval", "neighbours.png"), "Nearest neighbours", "Left the query, a test picture; then the training pictures nearest to it in the last stage's features. Green frame: the same class. The network never saw a class.")
	s.addPicture(filepath.Join(dir, "eval", "filters.png"), "First-layer filters", "Each stretched to its full range.")
	samples, _ := filepath.Glob(filepath.Join(dir, "samples", "*.png"))
	sort.Strings(samples)
	if len(samples) > 0 {
		s.addPicture(samples[len(samples)-1], "What the net saw and said", "A row a picture, each view framed green where the answer was right. Bars: the probability of each answer, the right one dark.")
	}
	charts := s.Charts[:0]
	for _, c := range s.Charts {
		if c != "" {
			charts = append(charts, c)
		}
	}
	s.Charts = charts
	return s, nil
}

func (s *section) addPicture(path, title, about string) {
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	s.Images = append(s.Images, picture{title, about, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b))})
}

// scores reads the evaluation and draws accuracy by depth.
func (s *section) scores(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &s.Table); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	titles := map[string]string{"linear": "Linear probe, by stage", "knn": "Nearest neighbours, by stage"}
	for _, protocol := range []string{"linear", "knn"} {
		lines := map[string][]point{}
		var order, stages []string
		var pixels *rule
		best, random := 0.0, 0.0
		for _, c := range s.Table {
			if c.Protocol != protocol {
				continue
			}
			if c.Features == "pixels" {
				pixels = &rule{"raw pixels", c.Accuracy}
				continue
			}
			if lines[c.Features] == nil {
				order = append(order, c.Features)
			}
			lines[c.Features] = append(lines[c.Features], point{float64(c.Depth), c.Accuracy})
			for len(stages) < c.Depth {
				stages = append(stages, "")
			}
			if c.Depth > 0 {
				stages[c.Depth-1] = c.Stage
			}
			switch c.Features {
			case "pretext":
				best = math.Max(best, c.Accuracy)
			case "random":
				random = math.Max(random, c.Accuracy)
			}
		}
		if len(order) == 0 {
			continue
		}
		var ls []line
		for _, o := range order {
			ls = append(ls, line{o, lines[o]})
		}
		s.Depth = append(s.Depth, chartLabels(titles[protocol], ls, pixels, stages))
		if best > 0 {
			note := ""
			if random > 0 {
				note = "random " + percent(random)
			}
			s.Headline = append(s.Headline, headline{map[string]string{"linear": "linear probe, best stage", "knn": "kNN, best stage"}[protocol], percent(best), note})
		}
	}
	return nil
}

// Percent of the table.
func (s score) Percent() string { return percent(s.Accuracy) }

// ChancePercent of the table.
func (s score) ChancePercent() string { return percent(s.Chance) }

// Line of settings in the table.
func (s score) Line() string {
	var keys []string
	for k := range s.Settings {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%s %v", k, s.Settings[k]))
	}
	return strings.Join(out, ", ")
}

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// readMetrics returns each metric's values by step.
func readMetrics(path string) (map[string][]point, error) {
	out := map[string][]point{}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	sc := bufio.NewScanner(bytes.NewReader(b))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var m map[string]any
		if json.Unmarshal(sc.Bytes(), &m) != nil {
			continue // a line cut short by a crash
		}
		step, ok := m["step"].(float64)
		if !ok {
			continue
		}
		for k, v := range m {
			if f, ok := v.(float64); ok && k != "step" {
				out[k] = append(out[k], point{step, f})
			}
		}
	}
	return out, sc.Err()
}
