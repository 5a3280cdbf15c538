package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/workload"
	"github.com/tessera-go/tessera/tensor"
)

// suffix tells the id of a workload that ran in another way than the peers' from theirs.
func suffix(w workload.Item, level autograd.Recompute, p tensor.Precision) string {
	out, step := "", strings.HasPrefix(w.ID, "train_step/")
	if p != tensor.Float32 && (step || strings.HasPrefix(w.ID, "infer/")) {
		out += "#" + p.String()
	}
	if level != autograd.RecomputeNothing && (w.Child || step) {
		out += "#" + level.String()
	}
	return out
}

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
			if images != "" {
				if _, err := workload.Pictures(images); err != nil {
					return err
				}
			}
			out := bufio.NewWriter(os.Stdout)
			if file != "" {
				f, err := os.Create(file)
				if err != nil {
					return err
				}
				defer f.Close()
				out = bufio.NewWriter(f)
			}
			found := 0
			for _, w := range append(workload.All(level, g.mode), workload.Images(images)...) {
				if !re.MatchString(w.ID) {
					continue
				}
				found++
				if list {
					fmt.Println(w.ID)
					continue
				}
				r, err := w.Record(quick, level)
				if err != nil {
					return err
				}
				r.ID += suffix(w, level, g.mode.Precision)
				if err := json.NewEncoder(out).Encode(r); err != nil {
					return err
				}
				if err := out.Flush(); err != nil {
					return err
				}
				if file != "" {
					fmt.Fprintf(os.Stderr, "%-52s min %10.3f ms  med %10.3f ms %8.1f GF/s\n", r.ID, r.Min*1e3, r.Median*1e3, r.GFLOPS)
				}
				tensor.FreeScratch()
				runtime.GC()
			}
			if found == 0 {
				return usage("--only %q matches no workload; --list shows them", only)
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
