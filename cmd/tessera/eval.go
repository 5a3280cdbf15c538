package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// model is a trunk to judge, and how it sees pictures.
type model struct {
	trunk *layers.Trunk
	side  int
	norm  data.Norm
	label string // pretext, random, supervised, or a file's name
	dir   string // of the run, where there is one
	info  *train.Info
}

// modelFlags are for what is no run: random weights, or a file.
type modelFlags struct {
	trunk string
	side  int
	seed  uint64
	norm  string
}

func (m *modelFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.trunk, "trunk", "", "network, for random or a file; a run knows its own")
	f.IntVar(&m.side, "side", 0, "image side, for random or a file")
	f.Uint64Var(&m.seed, "seed", 1, "of random weights and of the probe")
	f.StringVar(&m.norm, "norm", "", "half or imagenet; default half, for a torchvision file imagenet")
}

// load returns the model of RUN, random, or FILE.safetensors.
func (m *modelFlags) load(name string) (*model, error) {
	out := &model{norm: data.HalfNorm, side: m.side}
	st, err := os.Stat(name)
	switch {
	case err == nil && st.IsDir():
		if out.info, err = train.LoadInfo(name); err != nil {
			return nil, err
		}
		c := out.info.Config
		all, err := train.Checkpoints(name)
		if err != nil || len(all) == 0 {
			return nil, fmt.Errorf("%s has no checkpoint", name)
		}
		out.dir, out.side, out.label = name, c.Side, "pretext"
		if c.Task == supervisedTask {
			out.label = "supervised"
		}
		if out.trunk, err = newTrunk(c.Trunk, c.Seed); err != nil {
			return nil, err
		}
		return out, restoreTrunk(out.trunk, all[len(all)-1], "model.trunk.")
	case name == "random":
		if m.trunk == "" {
			return nil, usage("random weights need --trunk")
		}
		out.label = "random"
		if out.trunk, err = newTrunk(m.trunk, m.seed); err != nil {
			return nil, usageError{err}
		}
	case err == nil:
		if m.trunk == "" {
			return nil, usage("a file of weights needs --trunk")
		}
		out.label, out.norm = filepath.Base(name), data.ImageNetNorm
		if out.trunk, err = newTrunk(m.trunk, m.seed); err != nil {
			return nil, usageError{err}
		}
		if err := restoreTrunk(out.trunk, name, ""); err != nil {
			return nil, err
		}
	default:
		return nil, usage("%s: no such run directory or file; want a RUN, random, or FILE.safetensors", name)
	}
	switch m.norm {
	case "":
	case "half":
		out.norm = data.HalfNorm
	case "imagenet":
		out.norm = data.ImageNetNorm
	default:
		return nil, usage("--norm %s: want half or imagenet", m.norm)
	}
	if out.side == 0 {
		out.side = out.trunk.Side
	}
	return out, nil
}

// newTrunk returns a trunk with the weights that a run of that seed begins with.
func newTrunk(name string, seed uint64) (*layers.Trunk, error) {
	return layers.NewTrunk(name, tensor.NewRNG(seed).Derive(initStream).Derive(1), 3, layers.TrunkOptions{})
}

func restoreTrunk(t *layers.Trunk, path, prefix string) error {
	f, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	if err := f.Restore(named(layers.State(t)), prefix); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func named(ps []layers.Param) []checkpoint.Named {
	var out []checkpoint.Named
	for _, p := range ps {
		out = append(out, checkpoint.Named{Name: p.Name, Value: p.Value})
	}
	return out
}

func newEval(g *global) *cobra.Command {
	var m modelFlags
	var spec, test, stages, solver string
	var k, gallery int
	var temperature, maxBad float64
	cmd := &cobra.Command{
		Use:   "eval PROTOCOL RUN|random|FILE.safetensors",
		Short: "judge features: neighbours, linear probes at every depth",
		Long: `Eval judges the features of every stage of a network.

PROTOCOL  knn       weighted nearest neighbours by cosine, of average-pooled features
          linear    a linear classifier on features pooled to a small grid
          compare   both, for a RUN, beside random weights, raw pixels and a supervised
                    network of the same shape and steps, with a gallery of neighbours

Scores are stored in RUN/eval/ with the settings that made them; tessera report shows them.`,
		Args: args(2, "PROTOCOL and RUN, random or FILE.safetensors"),
		RunE: func(cmd *cobra.Command, a []string) error {
			protocols := map[string][]string{"knn": {"knn"}, "linear": {"linear"}, "compare": {"knn", "linear"}}[a[0]]
			if protocols == nil {
				return usage("there is no protocol %q; there are knn, linear and compare", a[0])
			}
			mod, err := m.load(a[1])
			if err != nil {
				return err
			}
			if spec == "" {
				if mod.info == nil {
					return usage("--data is needed")
				}
				spec = mod.info.Config.Data
				if test == "" {
					test = mod.info.Config.Test
				}
			}
			e := &evaluation{protocols: protocols, side: mod.side, norm: mod.norm, last: stages == "last", knn: eval.KNNOptions{K: k, Temperature: temperature},
				probe: eval.ProbeOptions{Solver: solver, Seed: m.seed}, gallery: gallery, maxBad: maxBad}
			if stages != "all" && stages != "last" {
				return usage("--layers %s: want all or last", stages)
			}
			if err := e.open(spec, test); err != nil {
				return err
			}
			if a[0] == "compare" {
				if mod.info == nil {
					return usage("compare needs a RUN")
				}
				err = e.compare(cmd.Context(), mod)
			} else {
				_, err = e.judge(cmd.Context(), mod)
			}
			if err != nil {
				return err
			}
			if mod.dir != "" {
				if err := saveScores(mod.dir, e.scores); err != nil {
					return err
				}
			}
			if g.json {
				return printJSON(map[string]any{"scores": e.scores})
			}
			printScores(os.Stdout, e.scores)
			return nil
		},
		ValidArgs: []string{"knn", "linear", "compare"},
	}
	m.add(cmd)
	f := cmd.Flags()
	f.StringVar(&spec, "data", "", "training samples with labels; default the run's data")
	f.StringVar(&test, "test", "", "test samples; default the run's, the data's own test split, or a fifth of a folder")
	f.StringVar(&stages, "layers", "all", "all stages or only the last")
	f.StringVar(&solver, "solver", "lbfgs", "of the linear probe: lbfgs or sgd")
	f.IntVar(&k, "k", 20, "neighbours")
	f.Float64Var(&temperature, "temperature", 0.07, "of the neighbours' votes")
	f.IntVar(&gallery, "gallery", 8, "queries in the gallery of neighbours")
	f.Float64Var(&maxBad, "max-bad", 0.01, "part of the images that may be broken")
	return cmd
}

// evaluation is what models are judged on.
type evaluation struct {
	protocols   []string
	train, test data.Source
	spec        string
	side        int
	norm        data.Norm
	last        bool
	knn         eval.KNNOptions
	probe       eval.ProbeOptions
	gallery     int
	maxBad      float64
	scores      []eval.Score
}

func (e *evaluation) open(spec, test string) error {
	src, err := data.Open(spec, data.Train)
	if err != nil {
		return err
	}
	e.spec = spec
	var held data.Source
	switch {
	case test != "":
		if held, err = data.Open(test, data.Test); err != nil {
			return err
		}
		if a, b := strings.Join(src.Classes(), ","), strings.Join(held.Classes(), ","); a != b {
			return fmt.Errorf("the classes of --data and --test differ: %.80s and %.80s", a, b)
		}
	default:
		if held, err = heldOut(train.Config{Data: spec}); err != nil {
			return err
		}
		if held == nil { // a folder: a fifth of it, in a seeded order
			order := tensor.NewRNG(5).Derive(0x5eed).Perm(src.Len())
			cut := max(1, src.Len()/5)
			src, held = data.Subset(src, order[cut:], "part=4/5"), data.Subset(src, order[:cut], "part=1/5")
		}
	}
	if len(src.Classes()) == 0 {
		return fmt.Errorf("%s has no labels; judging features needs them (a folder's labels are its first level of folders)", spec)
	}
	e.train, e.test = cachedView(src, e.side, cacheBytes), cachedView(held, e.side, cacheBytes)
	return nil
}

func (e *evaluation) options(what string) (eval.Options, *teller) {
	t := newTeller(what)
	frame, crop := viewFor(e.side)
	return eval.Options{BatchSize: 128, Frame: frame, Transform: crop, Norm: e.norm, Workers: max(2, runtime.NumCPU()), Last: e.last,
		Progress: func(done, total int) { t.at(done, total, "images") }, MaxBad: e.maxBad,
		Bad: func(i int, err error) { t.say(fmt.Sprintf("skipped: %v", err)) }}, t
}

// judged is a model's features, for the gallery.
type judged struct{ train, test []eval.Stage }

// judge scores the stages of a model.
func (e *evaluation) judge(ctx context.Context, m *model) (*judged, error) {
	o, t := e.options("features " + m.label)
	a, err := eval.Extract(ctx, m.trunk, e.train, o)
	if err != nil {
		return nil, err
	}
	t.end()
	o, t = e.options("features " + m.label + ", test")
	b, err := eval.Extract(ctx, m.trunk, e.test, o)
	if err != nil {
		return nil, err
	}
	t.end()
	return &judged{a, b}, e.score(ctx, m.label, a, b, 1)
}

func (e *evaluation) score(ctx context.Context, label string, a, b []eval.Stage, depth int) error {
	for i := range a {
		for _, p := range e.protocols {
			if err := ctx.Err(); err != nil {
				return err
			}
			var s eval.Score
			var err error
			if p == "knn" {
				s, err = eval.KNN(a[i].Pooled, b[i].Pooled, e.knn)
			} else {
				s, err = eval.Linear(a[i].Grid, b[i].Grid, e.probe)
				if err == nil {
					s.Settings["grid"] = a[i].GridSide
				}
			}
			if err != nil {
				return err
			}
			s.Features, s.Stage, s.Depth = label, a[i].Name, depth+i
			s.Settings["data"], s.Settings["test"], s.Settings["side"] = e.train.Name(), e.test.Name(), e.side
			e.scores = append(e.scores, s)
			fmt.Fprintf(os.Stderr, "%s %s %s: %s\n", p, label, s.Stage, percent(s.Accuracy))
		}
	}
	return nil
}

// compare judges a run beside random weights, raw pixels and a supervised network of the same shape and steps.
func (e *evaluation) compare(ctx context.Context, m *model) error {
	j, err := e.judge(ctx, m)
	if err != nil {
		return err
	}
	if err := e.pictures(m, j); err != nil {
		return err
	}
	random, err := newTrunk(m.info.Config.Trunk, m.info.Config.Seed)
	if err != nil {
		return err
	}
	if _, err := e.judge(ctx, &model{trunk: random, label: "random"}); err != nil {
		return err
	}
	if err := e.pixels(ctx); err != nil {
		return err
	}
	sup, err := e.supervised(ctx, m.info)
	if err != nil {
		return err
	}
	_, err = e.judge(ctx, sup)
	return err
}

func (e *evaluation) pixels(ctx context.Context) error {
	o, t := e.options("pixels")
	a, err := eval.Pixels(ctx, e.train, o)
	if err != nil {
		return err
	}
	b, err := eval.Pixels(ctx, e.test, o)
	if err != nil {
		return err
	}
	t.end()
	return e.score(ctx, "pixels", []eval.Stage{a}, []eval.Stage{b}, 0)
}

// supervised trains a network of the run's shape on the labels of the training samples, for as many steps, in RUN/supervised.
func (e *evaluation) supervised(ctx context.Context, info *train.Info) (*model, error) {
	c := info.Config
	c.Task, c.Data, c.MonitorEvery = supervisedTask, e.spec, -1
	c.MaxSteps = info.Done
	r, err := newRecipe(c, 0)
	if err != nil {
		return nil, err
	}
	// samples that are tested on are not trained on
	r.source = data.Cache(e.train, nil, nil, 0)
	perEpoch := max(1, e.train.Len()/c.BatchSize)
	r.config.Epochs = (info.Done + perEpoch - 1) / perEpoch
	t := newTeller("supervised")
	defer t.end()
	run := r.run("", nil, t.say)
	run.Progress = t.step
	if _, err := run.Start(ctx, false); err != nil {
		return nil, err
	}
	return &model{trunk: r.net.Trunk, label: "supervised"}, nil
}

// pictures writes the gallery of neighbours and the first layer's filters.
func (e *evaluation) pictures(m *model, j *judged) error {
	last := len(j.train) - 1
	a, b := j.train[last].Pooled, j.test[last].Pooled
	n := min(e.gallery, len(b.Index))
	queries := tensor.NewRNG(3).Perm(len(b.Index))[:n]
	look := func(src data.Source) func(i int) *data.Image {
		return func(i int) *data.Image {
			im, err := viewOf(src, i, e.side)
			if err != nil {
				return nil
			}
			return im
		}
	}
	dir := filepath.Join(m.dir, "eval")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := savePNG(filepath.Join(dir, "neighbours.png"), eval.Gallery(a, b, look(e.train), look(e.test), queries, 8)); err != nil {
		return err
	}
	first := layers.State(m.trunk)[0]
	if len(first.Value.Shape) != 4 {
		return nil
	}
	return savePNG(filepath.Join(dir, "filters.png"), eval.Filters(first.Value))
}

func savePNG(path string, im image.Image) error {
	return checkpoint.Atomic(path, func(w io.Writer) error { return png.Encode(w, im) })
}

func scoresPath(dir string) string { return filepath.Join(dir, "eval", "scores.json") }

// saveScores adds scores to a run's, replacing those of the same protocol, features and stage.
func saveScores(dir string, scores []eval.Score) error {
	if err := os.MkdirAll(filepath.Join(dir, "eval"), 0o755); err != nil {
		return err
	}
	var all []eval.Score
	b, err := os.ReadFile(scoresPath(dir))
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", scoresPath(dir), err)
	}
	fresh := map[string]bool{}
	key := func(s eval.Score) string { return s.Protocol + "/" + s.Features + "/" + s.Stage }
	for _, s := range scores {
		fresh[key(s)] = true
	}
	kept := []eval.Score{}
	for _, s := range all {
		if !fresh[key(s)] {
			kept = append(kept, s)
		}
	}
	return checkpoint.Atomic(scoresPath(dir), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(append(kept, scores...))
	})
}

// printScores prints a table: features by stage.
func printScores(w io.Writer, scores []eval.Score) {
	fmt.Fprintf(w, "%-8s %-12s %-8s %9s %8s %6s\n", "protocol", "features", "stage", "accuracy", "chance", "dim")
	for _, s := range scores {
		fmt.Fprintf(w, "%-8s %-12.12s %-8s %9s %8s %6d\n", s.Protocol, s.Features, s.Stage, percent(s.Accuracy), percent(s.Chance), s.Dim)
	}
}
