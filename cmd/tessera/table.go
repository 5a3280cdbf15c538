package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/train"
)

func newTable(g *global) *cobra.Command {
	var t recipe.Table
	var e evalFlags
	cmd := &cobra.Command{
		Use:   "table [TASK...]",
		Short: "all tasks, or some, at equal steps in one table",
		Long: `Table learns each task with the same network, pictures, steps and seeds, judges the features of every
stage by a linear probe and by neighbours, and writes a table: beside random weights, raw pixels and
a network that learned from labels, with the task's own metric against the trivial predictor.

    tessera table --data cifar10:DIR --out runs/table

It can be stopped at any time: the same command goes on from there.`,
		RunE: func(cmd *cobra.Command, tasks []string) error {
			if err := unread(cmd.Flags().Changed, "runs and their judges compute in float32 as the shapes are best", "precision", "conv"); err != nil {
				return err
			}
			if len(tasks) > 0 {
				t.Tasks = tasks
			}
			tell := newTeller("features")
			defer tell.end()
			t.Eval, t.Say = e.options(tell), func(s string) { tell.once("", s) }
			t.Eval.Scored, t.Eval.Say = nil, nil
			t.Progress = func(what string) func(train.Progress) { return newTeller(what).step }
			began, news := time.Now(), 0
			t.Row = func(r recipe.Row, done, of int) {
				tell.end()
				news++
				left := time.Since(began) / time.Duration(news) * time.Duration(of-done)
				line := fmt.Sprintf("%d/%d %s, seed %d", done, of, r.Task, r.Seed)
				if r.Told {
					line += fmt.Sprintf(": %s %s (%s %s)", r.Metric.Name, r.Metric.Format(r.Value), r.Metric.Predictor, r.Metric.Format(r.Trivial))
				}
				say(os.Stderr, "%s; probe %.1f %%, kNN %.1f %%; %v left", line, 100*most(r.Probe), 100*most(r.KNN), left.Round(time.Second))
			}
			rows, err := t.Make(cmd.Context())
			if err != nil {
				return err
			}
			var made train.Info
			made.Describe()
			path := filepath.Join(t.Dir, "table.md")
			err = checkpoint.Atomic(path, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "    %s\n\n%s, %d threads, kernels %s, %s, %s.\n\n", commandLine(), made.CPU, made.Threads, made.SIMD, made.Go, time.Now().Format(time.DateOnly))
				if err != nil {
					return err
				}
				return recipe.WriteTable(w, rows)
			})
			if err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"table": path, "rows": rows})
			}
			if err := recipe.WriteTable(os.Stdout, rows); err != nil {
				return err
			}
			say(os.Stdout, "\n%s", path)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&t.Data, "data", "scenes", "labelled pictures, kind:path?option=value")
	f.StringVar(&t.Test, "test", "", "labelled test pictures; default the data's own, or a fifth of a folder")
	f.StringVar(&t.Trunk, "trunk", "convnet", "network")
	f.IntVar(&t.Side, "side", 32, "of the pictures, in pixels")
	f.IntVar(&t.Steps, "steps", 1000, "of each run")
	f.IntVar(&t.BatchSize, "batch-size", 64, "pictures a step")
	f.IntVar(&t.Seeds, "seeds", 3, "how many runs of each task")
	f.IntVar(&t.Learned, "judged-with", 10000, "training samples that features are judged with, at most")
	f.IntVar(&t.Judged, "judged-on", 2000, "test samples that they are judged on, at most")
	f.StringVar(&t.Dir, "out", filepath.Join("runs", "table"), "directory of the runs and the table")
	f.Float64Var(&e.maxBad, "max-bad", 0.01, "part of the images that may be broken; 0 means none, else at least one")
	return cmd
}

// most returns the largest value.
func most(v []float64) (best float64) {
	for _, x := range v {
		best = max(best, x)
	}
	return best
}
