package recipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Table compares tasks: each is learned with the same trunk, pictures, steps and seeds, with its own paper's optimiser, and its features are
// judged at every stage beside those of random weights, raw pixels and a network that learned from labels.
type Table struct {
	Tasks     []string `json:"tasks"` // specifications; nil means all there are
	Data      string   `json:"data"`
	Test      string   `json:"test,omitempty"` // empty means the data's own
	Trunk     string   `json:"trunk"`
	Side      int      `json:"side"`
	Steps     int      `json:"steps"`
	BatchSize int      `json:"batch_size"`
	Seeds     int      `json:"seeds"` // 1, 2, ...
	// Learned and Judged are how many training and test samples the features are judged with, at most.
	Learned int `json:"judged_with"`
	Judged  int `json:"judged_on"`
	// Iterations are the probe's at most; 0 means its own.
	Iterations int `json:"iterations,omitzero"`

	Dir      string                                   `json:"-"` // of its runs and of table.json; what is there is gone on with
	Eval     eval.Options                             `json:"-"`
	Say      func(msg string)                         `json:"-"`
	Progress func(what string) func(p train.Progress) `json:"-"` // of a run; nil for nothing
	Row      func(r Row, done, of int)                `json:"-"` // is told of each row that is made
}

// Row is a task learned from one seed, or what stands beside: random, pixels, supervised.
type Row struct {
	Task    string        `json:"task"`
	Seed    uint64        `json:"seed"`
	Metric  metric.Metric `json:"metric"`         // the task's headline
	Value   float64       `json:"value,omitzero"` // on samples that were not trained on
	Trivial float64       `json:"trivial,omitzero"`
	Told    bool          `json:"told"` // whether there is such a metric
	Stages  []string      `json:"stages"`
	Probe   []float64     `json:"probe"` // by stage
	KNN     []float64     `json:"knn"`
	Seconds float64       `json:"seconds,omitzero"` // of training
	Images  float64       `json:"images_s,omitzero"`
}

// keptTable is the file table.json.
type keptTable struct {
	Table
	Fingerprint string `json:"fingerprint"` // of training and test data
	CPU         string `json:"cpu"`
	Rows        []Row  `json:"rows"`
}

const randomRow, pixelsRow = "random", "pixels"

func (t Table) filled() (Table, error) {
	if t.Trunk == "" {
		t.Trunk = "convnet"
	}
	if t.Say == nil {
		t.Say = func(string) {}
	}
	if t.Tasks == nil {
		for _, task := range pretext.LearnFrom("pictures") {
			if needs := pretext.Tell(task); needs.Takes(t.Trunk) {
				t.Tasks = append(t.Tasks, task)
			} else {
				t.Say(fmt.Sprintf("the task %s is left out: it is learned on trunks such as %s, not on %s", task, needs.Trunk, t.Trunk))
			}
		}
	}
	seen := map[string]bool{}
	for _, task := range t.Tasks {
		if _, err := pretext.New(task); err != nil {
			return t, err
		}
		if needs := pretext.Tell(task); !needs.Takes(t.Trunk) {
			return t, &SettingError{"trunk", fmt.Sprintf("%s: the task %s is learned on trunks such as %s", t.Trunk, task, needs.Trunk)}
		}
		if seen[task] {
			return t, fmt.Errorf("the task %s is named twice", task)
		}
		seen[task] = true
	}
	for _, n := range []struct {
		setting string
		v       *int
		usual   int
	}{{"side", &t.Side, 32}, {"steps", &t.Steps, 1000}, {"batch-size", &t.BatchSize, 64}, {"seeds", &t.Seeds, 3}, {"judged-with", &t.Learned, 10000}, {"judged-on", &t.Judged, 2000}} {
		if *n.v == 0 {
			*n.v = n.usual
		}
		if *n.v < 1 {
			return t, &SettingError{n.setting, fmt.Sprintf("%d: want at least 1", *n.v)}
		}
	}
	if t.Dir == "" {
		return t, errors.New("a table needs a directory for its runs")
	}
	return t, nil
}

// Make makes the rows that are not there yet, and returns all: of each seed random weights, the labels, and every task, so that a table that is
// interrupted has all tasks of the first seeds.
func (t Table) Make(ctx context.Context) ([]Row, error) {
	t, err := t.filled()
	if err != nil {
		return nil, err
	}
	a, b, err := Comparison{Data: t.Data, Test: t.Test, Say: t.Say}.open()
	if err != nil {
		return nil, err
	}
	var info train.Info
	info.Describe()
	k := &keptTable{Table: t, Fingerprint: a.Fingerprint + " " + b.Fingerprint, CPU: info.CPU}
	if err := k.load(); err != nil {
		return nil, err
	}
	all := [2]*data.Dataset{a, b}
	a, b = t.some(a, b)
	both := eval.CountInBoth(a, b, t.Eval)
	t.Eval.InBoth, k.Eval.InBoth = &both, &both
	norm, err := data.MeasureNorm(a.Inputs, data.PlainView(t.Side), normSamples)
	if err != nil {
		return nil, err
	}
	names := append([]string{randomRow, Supervised}, t.Tasks...)
	of := len(names)*t.Seeds + 1
	for seed := uint64(1); seed <= uint64(t.Seeds); seed++ {
		for _, task := range names {
			if k.has(task, seed) {
				continue
			}
			row, err := t.row(ctx, task, seed, norm, all, a, b)
			if err != nil {
				return k.Rows, fmt.Errorf("%s, seed %d: %w", task, seed, err)
			}
			if err := k.add(row, of); err != nil {
				return k.Rows, err
			}
		}
		if !k.has(pixelsRow, 1) {
			row := Row{Task: pixelsRow, Seed: 1}
			if err := t.judge(ctx, &row, eval.Pixels{Input: eval.Views{Side: t.Side, Norm: norm}}, a, b); err != nil {
				return k.Rows, err
			}
			if err := k.add(row, of); err != nil {
				return k.Rows, err
			}
		}
	}
	return k.Rows, nil
}

// some returns the samples that features are judged with and on, kept as they are seen.
func (t Table) some(a, b *data.Dataset) (learned, judged *data.Dataset) {
	some := func(d *data.Dataset, n int) *data.Dataset {
		index := tensor.NewRNG(1).Derive(stream.Split).Perm(d.Len())
		return eval.Cache(d.Subset(index[:min(n, d.Len())], fmt.Sprintf("some=%d", n)), t.Side, cacheBytes/2)
	}
	return some(a, t.Learned), some(b, t.Judged)
}

func (k *keptTable) path() string { return filepath.Join(k.Dir, "table.json") }

// load takes the rows that an earlier call made, if it made the same table: more seeds, and other tasks, may be asked for.
func (k *keptTable) load() error {
	b, err := os.ReadFile(k.path())
	if errors.Is(err, os.ErrNotExist) {
		return os.MkdirAll(k.Dir, 0o755)
	}
	var old keptTable
	if err == nil {
		err = json.Unmarshal(b, &old)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.path(), err)
	}
	if old.settings() != k.settings() || old.Fingerprint != k.Fingerprint {
		return fmt.Errorf("%s is another table: it was made with %s; choose another directory, or the same settings", k.path(), old.settings())
	}
	if old.CPU != k.CPU {
		k.Say(fmt.Sprintf("%s was begun on another machine (%s): the seconds of its rows are of both", k.path(), old.CPU))
	}
	k.Rows = old.Rows
	return nil
}

// settings are those that all rows of a table have, in words.
func (t Table) settings() string {
	s := fmt.Sprintf("--data %s --trunk %s --side %d --steps %d --batch-size %d --judged-with %d --judged-on %d", t.Data, t.Trunk, t.Side, t.Steps, t.BatchSize, t.Learned, t.Judged)
	if t.Test != "" {
		s += " --test " + t.Test
	}
	if t.Iterations > 0 {
		s += fmt.Sprintf(" and a probe of %d iterations", t.Iterations)
	}
	return s
}

func (k *keptTable) has(task string, seed uint64) bool {
	for _, r := range k.Rows {
		if r.Task == task && r.Seed == seed {
			return true
		}
	}
	return false
}

// add keeps a row.
func (k *keptTable) add(r Row, of int) error {
	k.Rows = append(k.Rows, r)
	err := checkpoint.Atomic(k.path(), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(k)
	})
	if err == nil && k.Row != nil {
		k.Row(r, len(k.Rows), of)
	}
	return err
}

// row learns a task from a seed, or goes on with it, from all training samples, held to all test samples, and judges its features by those of a and b.
func (t Table) row(ctx context.Context, task string, seed uint64, norm data.Norm, all [2]*data.Dataset, a, b *data.Dataset) (Row, error) {
	row := Row{Task: task, Seed: seed}
	if task == randomRow {
		trunk, err := newTrunk(t.Trunk, seed, 3)
		if err != nil {
			return row, err
		}
		m := &Model{Trunk: trunk, Side: t.Side, Norm: norm, Label: task}
		return row, t.judge(ctx, &row, m.Encoder(), a, b)
	}
	c, err := For(task)
	if err != nil {
		return row, err
	}
	c.Data, c.Test, c.Trunk, c.Side, c.BatchSize, c.MaxSteps, c.Epochs, c.Seed, c.Norm = t.Data, t.Test, t.Trunk, t.Side, t.BatchSize, t.Steps, 1<<20, seed, norm.String()
	Suit(&c, func(string) bool { return false })
	c.MonitorEvery, c.MonitorSamples, c.MaxBad = t.Steps, t.Judged, t.Eval.MaxBad
	o := Options{Say: t.Say}
	if t.Progress != nil {
		o.Progress = t.Progress(fmt.Sprintf("%s %d", task, seed))
	}
	r, err := newOf(c, o, all[0], all[1])
	if err != nil {
		return row, err
	}
	dir := filepath.Join(t.Dir, fmt.Sprintf("%s-seed%d", fileName(task), seed))
	_, err = os.Stat(filepath.Join(dir, "run.json"))
	info, err := r.Train(ctx, dir, err == nil)
	if err != nil {
		return row, err
	}
	if err := r.headline(&row); err != nil {
		return row, err
	}
	row.Seconds, row.Images = info.Seconds, float64(t.Steps*t.BatchSize)/info.Seconds
	return row, t.judge(ctx, &row, r.encoder(task, r.Trunk), a, b)
}

// fileName makes a specification a file's name.
func fileName(of string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("?&=,:/\\ ", r) {
			return '_'
		}
		return r
	}, of)
}

// headline measures the first metric of the task that has a trivial predictor, on what was held out.
func (r *Recipe) headline(row *Row) error {
	if r.Held == nil {
		return nil
	}
	m, err := r.monitor()
	if err != nil {
		return err
	}
	told, err := train.Look(m.feed, r.Config.Mode(), r.Config.Seed, r.Config.MaxSteps, r.Config.MaxSteps)
	if err != nil {
		return err
	}
	for _, m := range r.Learner.Metrics() {
		trivial, ok := m.Against(told)
		if v, has := told[m.Name]; ok && has {
			row.Metric, row.Value, row.Trivial, row.Told = m, v, trivial, true
			return nil
		}
	}
	return nil
}

// judge adds what features are worth to a row.
func (t Table) judge(ctx context.Context, row *Row, e eval.Encoder, a, b *data.Dataset) error {
	scores, err := eval.Judge(ctx, []eval.Encoder{e}, a, b, []eval.Protocol{eval.KNN{}, eval.Probe{Seed: row.Seed, Iterations: t.Iterations}}, t.Eval)
	for _, s := range scores {
		if s.Protocol == (eval.KNN{}).Name() {
			row.Stages, row.KNN = append(row.Stages, s.Stage), append(row.KNN, s.Value)
		} else {
			row.Probe = append(row.Probe, s.Value)
		}
	}
	return err
}

// Mean is a mean over seeds.
type Mean = score.Mean
