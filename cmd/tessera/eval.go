package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/recipe"
)

// modelFlags are for what is no run: random weights, or a file.
type modelFlags struct {
	trunk string
	side  int
	seed  uint64
	norm  string
	sound string
	said  func(flag string) bool
}

func (m *modelFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&m.trunk, "trunk", "", "network, for random weights; a run or an exported file knows its own")
	f.IntVar(&m.side, "side", 0, "side of the images in pixels, for random or a file; 0 means the trunk's")
	f.Uint64Var(&m.seed, "seed", 1, "of random weights and of the probe")
	f.StringVar(&m.norm, "norm", "", "mean and deviation of pixels, as pretrain's; default half for random, the file's own or imagenet for a file")
	f.StringVar(&m.sound, "sound", "", "how recordings are heard, as pretrain's, by random weights; a run or an exported file knows its own")
	m.said = f.Changed
}

// unread refuses flags that were given and that nobody reads; why says so.
func unread(said func(flag string) bool, why string, flags ...string) error {
	for _, f := range flags {
		if said(f) {
			return usage("--%s: %s", f, why)
		}
	}
	return nil
}

// load returns the model of RUN, random, or FILE.safetensors. What exists under the name random goes before random weights.
func (m *modelFlags) load(g *global, name string) (out *recipe.Model, err error) {
	if st, err := os.Stat(name); err == nil && st.IsDir() {
		if err := unread(m.said, "a run knows its own", "trunk", "side", "norm", "sound"); err != nil {
			return nil, err
		}
	}
	out, err = recipe.Load(name, m.trunk)
	switch {
	case errors.Is(err, recipe.ErrNothing) && name == "random":
		if m.trunk == "" {
			return nil, usage("random weights need --trunk")
		}
		if m.sound != "" {
			var h data.Hearing
			if h, err = data.ParseHearing(m.sound); err == nil {
				out, err = recipe.RandomEar(m.trunk, m.seed, h)
			}
		} else {
			out, err = recipe.Random(m.trunk, m.seed)
		}
		if err != nil {
			return nil, usageError{err}
		}
	case errors.Is(err, recipe.ErrNothing):
		return nil, usage("%v; want a RUN, random, or FILE.safetensors", err)
	case err != nil:
		return nil, err
	case out.Info != nil:
		out.Mode = g.over(out.Mode, m.said)
		return out, nil
	}
	for _, note := range out.Notes {
		say(os.Stderr, "%s", note)
	}
	out.Mode = g.mode
	if m.side < 0 || m.side > recipe.MaxSide {
		return nil, usage("--side %d: want 1 to %d, or 0 for the trunk's own", m.side, recipe.MaxSide)
	}
	if m.side != 0 {
		out.Side = m.side
	}
	if m.norm != "" {
		if out.Norm, err = data.ParseNorm(m.norm); err != nil {
			return nil, usageError{err}
		}
	}
	return out, nil
}

// evalLayers are the values of --layers.
var evalLayers = []string{"all", "last"}

// evalFlags say how samples are read.
type evalFlags struct {
	maxBad float64
	layers string
}

func (e *evalFlags) options(t *teller) eval.Options {
	return eval.Options{Last: e.layers == "last", MaxBad: e.maxBad,
		Bad:      func(_ int, err error) { t.once("skipped: ", err.Error()) },
		Say:      t.say,
		Progress: func(done, total int, what string) { t.count(what); t.at(done, total, "samples") },
		Scored: func(s eval.Score) {
			t.end()
			say(os.Stderr, "%s %s %s: %s", s.Title(), s.Features, s.Stage, s.Metric.Format(s.Value))
		}}
}

// protocolFlags are the options of protocols that have flags of their own.
type protocolFlags struct {
	solver      string
	k, gallery  int
	temperature float64
	beside      string
	out         string
}

// others are the names that --beside lists, nil for none.
func (p *protocolFlags) others() []string {
	if p.beside == "" {
		return nil
	}
	return strings.Split(p.beside, ",")
}

// alone adds gallery to flags that nobody reads: where nothing stands beside there is none.
func (p *protocolFlags) alone(flags ...string) []string {
	if p.beside == "" {
		flags = append(flags, "gallery")
	}
	return flags
}

// protocols returns what is judged by: PROTOCOL with the flags as its options, and what it is handed. A flag that the protocol does not read is refused.
func (p *protocolFlags) protocols(protocol string, seed uint64, said func(flag string) bool) ([]eval.Protocol, *eval.Handed, error) {
	knn, probe := eval.KNN{K: p.k, Temperature: p.temperature}, eval.Probe{Solver: p.solver, Seed: seed}
	for _, check := range []func() (string, error){knn.Check, probe.Check} {
		if option, err := check(); err != nil {
			return nil, nil, usage("--%s %v", option, err)
		}
	}
	if p.gallery < 1 { // where nothing is said, which 0 is in the library, the flag is 8
		return nil, nil, usage("--gallery %d: want at least 1", p.gallery)
	}
	switch protocol {
	case recipe.CompareProtocol:
		return []eval.Protocol{knn, probe}, nil, nil
	case "knn":
		return []eval.Protocol{knn}, nil, unread(said, "is not of knn", p.alone("solver")...)
	case "probe", "linear":
		return []eval.Protocol{probe}, nil, unread(said, "is not of the probe", p.alone("k", "temperature")...)
	}
	kind, one, err := recipe.FindProtocol(protocol)
	if err != nil {
		return nil, nil, usageError{err}
	}
	if h := kind.Handed; h != nil {
		return []eval.Protocol{one}, h, refuse(said, "is not of the protocol "+kind.Name, append([]string{"data"}, h.Reads...)...)
	}
	return []eval.Protocol{one}, nil, unread(said, "PROTOCOL says its options itself, after '?'", p.alone("k", "temperature", "solver")...)
}

// listed lists protocols for a person, a line each.
func listed(kinds []eval.Kind) string {
	wide := 9
	if kinds[0].Handed != nil {
		for _, k := range kinds {
			wide = max(wide, len(k.Name))
		}
	}
	out := ""
	for _, k := range kinds {
		out += fmt.Sprintf("          %-*s %s\n", wide, k.Name, k.About)
	}
	return out
}

// evalLong says what can be judged, and by what.
func evalLong() string {
	long := "Eval judges the features of every stage of a network.\n\nPROTOCOL" + strings.TrimPrefix(listed((*eval.Handed)(nil).Of(recipe.Protocols()))+listed(recipe.Gathered()), "        ") + `
What is judged is a RUN (the directory that pretrain wrote), random (--trunk with random
weights), or weights in a FILE.safetensors.

  tessera eval all runs/rotation-convnet-seed1
  tessera eval knn random --trunk convnet --data folder:photos
  tessera eval summary runs/*

Features that another program made, with their classes (see --features)

  tessera eval svm --features resnet50.npy --labels classes.csv

Recordings are judged over the folds that the data has (a column fold), else by speakers or
sources that were not learned from; which they are is said

  tessera eval sound runs/sounds --data audio:recordings --beside random,pixels

`
	for _, h := range recipe.Handed() {
		long += h.About + "\n\n" + listed(h.Of(recipe.Protocols())) + "\n  " + h.Example + "\n\n"
	}
	return long + `With --beside the same is judged of other features, and what each takes to be alike is drawn:

  tessera eval purity runs/shuffle --beside random,runs/scene

What is learned with labels from a pretext run, from scratch, and from a supervised run:

  tessera eval finetune RUN --beside random,runs/supervised --out runs/tuned
  tessera eval semi RUN --beside random

Transformers much as MAE's are fine-tuned (He et al. 2022, table 9; their
RandAugment varies its magnitude), with epochs=100, batch=1024, lr=0.004,
augment=randaugment, decay=0.05 and smooth=0.1 beside:

  tessera eval 'finetune?layerwise=0.75&drop=0.1&mixup=0.8&cutmix=1' RUN

A PROTOCOL takes options: knn?k=5, probe?solver=sgd. linear is another name for probe, sound
for svm?folds=auto, voc07 for svm on the classes of a picture's boxes as Goyal et al. 2019 do.
Scores are stored in RUN/eval/ with the settings that made them; tessera report shows them.`
}

// evaluation is a call of eval.
type evaluation struct {
	g        *global
	cmd      *cobra.Command
	model    modelFlags
	eval     evalFlags
	protocol protocolFlags
	foreign  recipe.Foreign
	of, test string
}

// refuse refuses flags that are not of a protocol; those of all protocols but the ones named.
func refuse(said func(flag string) bool, why string, but ...string) error {
	var flags []string
	for _, f := range []string{"trunk", "side", "seed", "norm", "sound", "data", "test", "layers", "solver", "k", "temperature", "gallery", "beside", "max-bad", "features", "labels", "out"} {
		if !slices.Contains(but, f) {
			flags = append(flags, f)
		}
	}
	return unread(said, why, flags...)
}

// run judges by the protocol a[0] what a[1] names.
func (c *evaluation) run(a []string) error {
	if !slices.Contains(evalLayers, c.eval.layers) {
		return usage("--layers %s: want all or last", c.eval.layers)
	}
	if a[0] == recipe.SummaryProtocol {
		if err := refuse(c.model.said, "a summary is of what runs were judged by before"); err != nil {
			return err
		}
		return c.summary(a[1:])
	}
	if len(c.foreign.Features) > 0 {
		return c.features(a)
	}
	if err := unread(c.model.said, "goes with --features", "labels"); err != nil {
		return err
	}
	if err := args(2, "PROTOCOL and RUN, random or FILE.safetensors")(c.cmd, a); err != nil {
		return err
	}
	return c.judge(a)
}

// judge judges features or trunks by one protocol, or by several.
func (c *evaluation) judge(a []string) error {
	compared := a[0] == recipe.CompareProtocol
	suite, err, ok := recipe.FindSuite(a[0])
	if err != nil {
		return usageError{err}
	}
	var protocols []eval.Protocol
	var handed *eval.Handed
	if ok {
		err = unread(c.model.said, suiteReads, "k", "temperature", "solver")
		if err == nil && c.model.said("seed") && a[1] != "random" {
			err = usage("--seed: %s", suiteReads)
		}
	} else {
		protocols, handed, err = c.protocol.protocols(a[0], c.model.seed, c.model.said)
	}
	if err != nil {
		return err
	}
	judge, err := c.judging(a[1], protocols, compared, suite != nil)
	if err != nil {
		return err
	}
	t, sup := newTeller("features"), newTeller(recipe.Supervised)
	defer t.end()
	defer sup.end()
	scores, err := judge(c.cmd.Context(), recipe.Comparison{Data: c.of, Test: c.test, Protocols: protocols, Suite: suite, Beside: c.protocol.others(), Gallery: c.protocol.gallery,
		Out: c.protocol.out, Command: commandLine(), Eval: c.eval.options(t), Progress: sup.step, Say: t.unlessSaid("broken, another stands in: ")})
	if err != nil {
		return err
	}
	t.end()
	if handed != nil && handed.Write != nil && !c.g.json {
		return handed.Write(os.Stdout, scores)
	}
	return c.write(scores, suite != nil)
}

// judging returns what judges the model of a name, or the vectors of words, where these are what the protocols are handed.
func (c *evaluation) judging(name string, protocols []eval.Protocol, compared, suite bool) (func(context.Context, recipe.Comparison) ([]eval.Score, error), error) {
	if len(protocols) == 1 {
		if _, words := protocols[0].(recipe.WordJudger); words {
			m, err := loadWords(name, 0)
			if err != nil {
				return nil, err
			}
			return m.Judge, nil
		}
	}
	m, err := c.model.load(c.g, name)
	switch {
	case err != nil:
		return nil, err
	case compared && m.Info == nil:
		return nil, usage("compare needs a RUN")
	case compared || suite && m.Info != nil:
		return m.Compare, nil
	}
	return m.Judge, nil
}

// suiteReads says why flags of single protocols are refused beside the suite.
const suiteReads = "protocols of the suite are as they are by themselves"

// write writes scores, and of the suite's the summary.
func (c *evaluation) write(scores []eval.Score, summary bool) error {
	if c.g.json {
		return printJSON(map[string]any{"scores": scores})
	}
	if summary {
		return score.Summarise([]score.Judged{{Scores: scores}}).WriteText(os.Stdout)
	}
	return eval.WriteTable(os.Stdout, scores)
}

// summary writes what runs were judged by before in one table.
func (c *evaluation) summary(dirs []string) error {
	if len(dirs) == 0 {
		return usage("want RUN..., the directories of runs that were judged")
	}
	s, err := recipe.SummariseRuns(dirs)
	if err != nil {
		return err
	}
	if c.g.json {
		return printJSON(s)
	}
	return s.WriteText(os.Stdout)
}

// features judges features that another program made.
func (c *evaluation) features(a []string) error {
	if err := args(1, "PROTOCOL alone beside --features")(c.cmd, a); err != nil {
		return err
	}
	if err := unread(c.model.said, "is not of features in a file", "trunk", "side", "norm", "sound", "layers", "gallery", "beside", "max-bad", "out"); err != nil {
		return err
	}
	suite, err, ok := recipe.FindSuite(a[0])
	if err != nil {
		return usageError{err}
	}
	if c.foreign.Suite = suite; !ok {
		if c.foreign.Protocols, _, err = c.protocol.protocols(a[0], c.model.seed, c.model.said); err != nil {
			return err
		}
	}
	if ok {
		if err := unread(c.model.said, suiteReads, "k", "temperature", "solver", "seed"); err != nil {
			return err
		}
	}
	if len(c.foreign.Labels) > 0 {
		if err := unread(c.model.said, "is not of labels in a file", "test"); err != nil {
			return err
		}
	}
	t := newTeller("features")
	defer t.end()
	c.foreign.Data, c.foreign.Test, c.foreign.Eval = c.of, c.test, c.eval.options(t)
	scores, err := c.foreign.Judge(c.cmd.Context())
	if err != nil {
		return err
	}
	t.end()
	return c.write(scores, suite != nil)
}

func newEval(g *global) *cobra.Command {
	c := &evaluation{g: g}
	var names []string
	for _, p := range append(recipe.Protocols(), recipe.Gathered()...) {
		names = append(append(names, p.Name), p.Aliases...)
	}
	cmd := &cobra.Command{
		Use:   "eval PROTOCOL RUN|random|FILE.safetensors",
		Short: "judge features by neighbours and linear probes, or word vectors",
		Long:  evalLong(),
		Args:  atLeast(1, "PROTOCOL and RUN, random or FILE.safetensors"),
		RunE: func(cmd *cobra.Command, a []string) error {
			c.cmd = cmd
			return c.run(a)
		},
		ValidArgs: names,
	}
	c.model.add(cmd)
	f := cmd.Flags()
	f.StringVar(&c.of, "data", "", "training samples with labels, default the run's data; of word vectors, questions or pairs")
	f.StringVar(&c.test, "test", "", "test samples; default the run's, the data's own test split, or a fifth of a folder")
	f.StringVar(&c.eval.layers, "layers", "all", "all or last: every stage, or the last alone")
	f.StringVar(&c.protocol.solver, "solver", "lbfgs", "of the linear probe: lbfgs or sgd")
	f.IntVar(&c.protocol.k, "k", 20, "neighbours")
	f.Float64Var(&c.protocol.temperature, "temperature", 0.07, "of the neighbours' votes: the smaller, the more the nearest count")
	f.StringVar(&c.protocol.beside, "beside", "", "judge others beside it: random, pixels, supervised, RUN, FILE, with commas between; compare: the first three")
	f.StringVar(&c.protocol.out, "out", "", "of finetune: directory in which the fine-tuned network is kept, as a run")
	f.IntVar(&c.protocol.gallery, "gallery", 8, "queries in the gallery of neighbours")
	f.Float64Var(&c.eval.maxBad, "max-bad", 0.01, "part of the images that may be broken, 0 to 1; 0 means none, else at least one")
	f.StringSliceVar(&c.foreign.Features, "features", nil, "features that another program made, .npy, .csv or .parquet as embed writes them, in place of a RUN: FILE, or TRAIN,TEST; without --labels of the samples of --data")
	f.StringSliceVar(&c.foreign.Labels, "labels", nil, "of the rows of --features: a CSV with the columns label and, where rows have names, name, and split (train or test) where one file has both; a text of a line each; or whole numbers in an .npy")
	return cmd
}
