package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/report"
)

// demo is what the command of this name works with.
type demo struct {
	data, train, test string // what is learned from, and what the features are judged with
	side, iterations  int    // of the pictures, and of the probe
}

func newDemo(g *global) *cobra.Command {
	var out string
	var seed uint64
	var steps int
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the whole way in about two minutes: pretrain, compare, report",
		Long: `Demo learns from rotations of procedural pictures, compares the features of every stage with a
random network, raw pixels and a supervised network, and writes a report. It needs no data.`,
		Args: args(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := demo{data: "scenes:?n=6000&side=32", train: "scenes:?n=3000&side=32", test: "scenes:?n=1000&side=32", side: 32, iterations: 60}
			return d.run(cmd.Context(), g, out, seed, steps)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "run directory; default runs/demo-TIME")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "of everything random")
	cmd.Flags().IntVar(&steps, "max-steps", 600, "training steps")
	return cmd
}

// run learns, compares and reports in the directory dir, or one of its own.
func (d demo) run(ctx context.Context, g *global, dir string, seed uint64, steps int) error {
	began := time.Now()
	c, err := recipe.For("rotation")
	if err != nil {
		return err
	}
	c.Data, c.Side, c.Epochs, c.MaxSteps, c.BatchSize, c.Seed = d.data, d.side, 1000, steps, 64, seed
	c.Conv, c.Precision = g.mode.Algorithm, g.mode.Precision
	c.CheckpointEvery, c.MonitorEvery, c.LogEvery = max(1, steps/4), max(1, steps/4), 5
	if err := recipe.Check(c); err != nil {
		return usageError{err}
	}
	if dir == "" {
		dir = filepath.Join("runs", "demo-"+began.Format("20060102-150405"))
	}
	fmt.Fprintf(os.Stderr, "1/3  learning from rotations of %s, no labels\n", c.Data)
	if _, err := pretrain(ctx, c, dir, false, recipe.Options{}); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "2/3  comparing the features of every stage")
	t, sup := newTeller("features"), newTeller(recipe.Supervised)
	defer t.end()
	defer sup.end()
	protocols := []eval.Protocol{eval.KNN{}, eval.Probe{Seed: seed, Iterations: d.iterations, Decays: []float64{1e-3, 1e-2, 1e-1}}}
	scores, err := recipe.Compare(ctx, dir, recipe.Comparison{Data: d.train, Test: d.test, Protocols: protocols,
		Eval: (&evalFlags{}).options(t), Progress: sup.step, Say: t.say})
	if err != nil {
		return err
	}
	t.end()
	sup.end()
	fmt.Fprintln(os.Stderr, "3/3  writing the report")
	page := filepath.Join(dir, "report.html")
	if err := report.Write(page, []string{dir}); err != nil {
		return err
	}
	if g.json {
		return printJSON(map[string]any{"run": dir, "report": page, "seconds": time.Since(began).Seconds(), "scores": scores})
	}
	fmt.Println()
	if err := eval.WriteTable(os.Stdout, scores); err != nil {
		return err
	}
	fmt.Println()
	for _, p := range protocols {
		fmt.Printf("best stage, %-5s", p.Name())
		for _, features := range []string{"random", "pretext", "supervised"} {
			if s, ok := eval.Best(scores, p.Name(), features); ok {
				fmt.Printf("   %s %s", features, s.Metric.Format(s.Value))
			}
		}
		fmt.Println()
	}
	say(os.Stdout, "\nreport: %s   (%s)", page, time.Since(began).Round(time.Second))
	return nil
}

func newReport(g *global) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "report RUN...",
		Short: "write one self-contained HTML page about runs",
		Long: `Report gathers a run's curves, scores of every stage, neighbours, first-layer filters, pictures
of what the net saw, sounds to play (of neighbours and eval, in runs that hear), settings and commands on one
HTML page that needs nothing else. Several runs stand one below the other;
of more than four, what is long of each is unpacked when it is opened.`,
		Args: func(_ *cobra.Command, a []string) error {
			if len(a) == 0 {
				return usage("want at least one RUN")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, a []string) error {
			if out == "" {
				out = filepath.Join(a[0], "report.html")
			}
			if err := report.Write(out, a); err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"report": out})
			}
			fmt.Println(out)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write; default RUN/report.html")
	return cmd
}
