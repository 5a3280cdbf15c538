package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/report"
	"github.com/tessera-go/tessera/train"
)

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
			began := time.Now()
			c := train.Config{Task: "rotation", Data: "scenes:?n=6000&side=32", Trunk: "convnet", Side: 32, Epochs: 1000, MaxSteps: steps, BatchSize: 64,
				Optimizer: "nesterov", LR: 0.1, Schedule: "cosine", Momentum: 0.9, WeightDecay: 5e-4, Augment: "crop-flip", Seed: seed, MaxBad: 0.01,
				CheckpointEvery: max(1, steps/4), MonitorEvery: max(1, steps/4), LogEvery: 5}
			if err := checkConfig(&c); err != nil {
				return err
			}
			dir := out
			if dir == "" {
				dir = filepath.Join("runs", "demo-"+began.Format("20060102-150405"))
			}
			c.Conv, c.Precision = g.mode.Algorithm, g.mode.Precision
			fmt.Fprintf(os.Stderr, "1/3  learning from rotations of %s, no labels\n", c.Data)
			if _, err := pretrain(cmd.Context(), c, dir, false, 0); err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, "2/3  comparing the features of every stage")
			mod, err := (&modelFlags{}).load(dir)
			if err != nil {
				return err
			}
			e := &evaluation{mode: g.mode, protocols: []string{"knn", "linear"}, side: c.Side, norm: mod.norm, gallery: 8, probe: eval.ProbeOptions{Seed: seed, Iterations: 60, Decays: []float64{1e-3, 1e-2, 1e-1}}}
			if err := e.open("scenes:?n=3000&side=32", "scenes:?n=1000&side=32"); err != nil {
				return err
			}
			if err := e.compare(cmd.Context(), mod); err != nil {
				return err
			}
			if err := saveScores(dir, e.scores); err != nil {
				return err
			}
			fmt.Fprintln(os.Stderr, "3/3  writing the report")
			page := filepath.Join(dir, "report.html")
			if err := report.Write(page, []string{dir}); err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"run": dir, "report": page, "seconds": time.Since(began).Seconds(), "scores": e.scores})
			}
			fmt.Println()
			printScores(os.Stdout, e.scores)
			fmt.Println()
			for _, p := range e.protocols {
				fmt.Printf("best stage, %-6s  random %s   pretext %s   supervised %s\n", p, percent(best(e.scores, p, "random")), percent(best(e.scores, p, "pretext")), percent(best(e.scores, p, "supervised")))
			}
			fmt.Printf("\nreport: %s   (%s)\n", page, time.Since(began).Round(time.Second))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "run directory; default runs/demo-TIME")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "of everything random")
	cmd.Flags().IntVar(&steps, "max-steps", 1000, "training steps")
	return cmd
}

// best returns the highest accuracy of a protocol among the stages of some features.
func best(scores []eval.Score, protocol, features string) float64 {
	b := 0.0
	for _, s := range scores {
		if s.Protocol == protocol && s.Features == features {
			b = max(b, s.Accuracy)
		}
	}
	return b
}

func newReport(g *global) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "report RUN...",
		Short: "write one self-contained HTML page about runs",
		Long: `Report gathers a run's curves, scores of every stage, neighbours, first-layer filters, pictures
of what the net saw, settings and commands on one HTML page that needs nothing else. Several
runs stand one below the other.`,
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
