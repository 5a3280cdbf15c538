package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/workload"
)

func newBench(g *global) *cobra.Command {
	var only, file, images string
	var level autograd.Recompute
	var quick, list, child bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "time kernels, training steps and inference",
		Long: `Bench prints one JSON line a workload. The ids and the work are those of the peers' benchmarks
(bench_torch.py, bench_others.py), so that the two can be joined line by line (docs/compare.sh); tensors are float32, images
channels last. Ids get a suffix for another --precision or --recompute than the default.`,
		Args: args(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if child {
				return workload.Child(level, g.mode)
			}
			re, err := regexp.Compile(only)
			if err != nil {
				return usage("--only: %v", err)
			}
			items, err := workload.Select(re, images, level, g.mode)
			if err != nil {
				return err
			}
			if len(items) == 0 {
				return usage("--only %q matches no workload; --list shows them", only)
			}
			out := os.Stdout
			if file != "" {
				if out, err = os.Create(file); err != nil {
					return err
				}
				defer out.Close()
			}
			for _, w := range items {
				if list {
					fmt.Println(w.ID)
					continue
				}
				r, err := w.Record(quick, level)
				if err != nil {
					return err
				}
				if err := json.NewEncoder(out).Encode(r); err != nil {
					return err
				}
				if file != "" {
					fmt.Fprintf(os.Stderr, "%-36s %9.3f ms, median %9.3f %7.1f GF/s\n", r.ID, r.Min*1e3, r.Median*1e3, r.GFLOPS)
				}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&only, "only", "", "regular expression of ids")
	f.StringVar(&file, "json", "", "write the JSON lines to this file, and progress to standard error")
	f.StringVar(&images, "images", "", "folder of JPEGs for the ids image/... (default: sixty made here)")
	f.TextVar(&level, "recompute", autograd.RecomputeNothing, "what training steps compute twice to save memory: nothing, normalisations or blocks; ids get a suffix")
	f.BoolVar(&quick, "quick", false, "fewer repetitions")
	f.BoolVar(&list, "list", false, "print the ids only")
	f.BoolVar(&child, "child", false, "be the process that the ids process/... measure")
	f.Lookup("child").Hidden = true
	return cmd
}
