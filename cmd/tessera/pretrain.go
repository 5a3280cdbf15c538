package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

func newPretrain(g *global) *cobra.Command {
	c := train.Config{}
	var out, preset, memory string
	var resume bool
	cmd := &cobra.Command{
		Use:   "pretrain TASK",
		Short: "learn features from unlabelled images",
		Long: `Pretrain learns features by a pretext task (see tessera tasks) and writes a run directory:
run.json, metrics.jsonl, TensorBoard events, checkpoints and pictures.

  tessera pretrain rotation --data cifar10:DIR --trunk resnet20 --epochs 10 --out runs/rot
  tessera pretrain rotation --data folder:my/photos --side 64 --trunk resnet18-cifar
  tessera pretrain rotation --data scenes --resume --out runs/rot      goes on where it stopped

Ctrl-C writes a checkpoint. A resumed run ends with the same bits as one never stopped; so
does a run with another number of threads.

TASK supervised learns from the labels instead, for comparison.`,
		Args: args(1, "one TASK, such as rotation (tessera tasks lists them)"),
		RunE: func(cmd *cobra.Command, a []string) error {
			c.Task = a[0]
			if preset != "" {
				if err := applyPreset(cmd, &c, preset); err != nil {
					return err
				}
			}
			if err := checkConfig(&c); err != nil {
				return err
			}
			if g.mode.Precision == tensor.Int8 {
				return usage("--precision int8 is for inference; training takes float32 or bfloat16")
			}
			c.Conv, c.Precision = g.mode.Algorithm, g.mode.Precision
			limit, err := parseBytes(memory)
			if err != nil {
				return usage("--memory-limit %v", err)
			}
			info, err := pretrain(cmd.Context(), c, out, resume, limit)
			if err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"run": outDir(c, out), "info": info})
			}
			fmt.Printf("run %s: %d steps in %s, at most %s of memory; report: tessera report %s\n", outDir(c, out), info.Done,
				time.Duration(info.Seconds*float64(time.Second)).Round(time.Second), train.Bytes(max(peakMemory(), int64(info.PeakMemory))), outDir(c, out))
			return nil
		},
		ValidArgs: append(pretext.Names(), supervisedTask),
	}
	f := cmd.Flags()
	f.StringVar(&c.Data, "data", "scenes", "what to learn from, kind:path?option=value (tessera data --help)")
	f.StringVar(&c.Test, "test", "", "held-out data for the monitor; default the data's own test split, or a twentieth of a folder")
	f.StringVar(&c.Trunk, "trunk", "convnet", "network: "+strings.Join(layers.TrunkNames(), ", "))
	f.IntVar(&c.Side, "side", 32, "images are resized and cropped to this many pixels")
	f.IntVar(&c.Epochs, "epochs", 10, "passes over the data")
	f.IntVar(&c.MaxSteps, "max-steps", 0, "stop after so many steps; 0 means no limit")
	f.IntVar(&c.BatchSize, "batch-size", 128, "images in a step (rotation shows each four times)")
	f.StringVar(&c.Optimizer, "optimizer", "nesterov", "sgd, nesterov, adam, adamw, rmsprop, adagrad, lars or lamb")
	lr := f.Float32("lr", 0.1, "highest learning rate")
	f.StringVar(&c.Schedule, "schedule", "cosine", "of the learning rate: cosine, step, constant, poly or onecycle")
	f.IntVar(&c.WarmupSteps, "warmup-steps", 0, "steps over which the learning rate rises")
	mom := f.Float32("momentum", 0.9, "of sgd, nesterov, rmsprop and lars")
	wd := f.Float32("weight-decay", 5e-4, "of weights; biases and norms have none")
	f.Float64Var(&c.ClipNorm, "clip-norm", 0, "largest norm of the gradient; 0 means no clipping")
	f.StringVar(&c.Augment, "augment", "crop-flip", "crop-flip, resized-crop, color or none")
	f.Uint64Var(&c.Seed, "seed", 1, "of everything random")
	f.Float64Var(&c.MaxBad, "max-bad", 0.01, "part of the images that may be broken")
	f.IntVar(&c.CheckpointEvery, "checkpoint-every", 0, "steps between checkpoints; 0 means at each epoch's end")
	f.IntVar(&c.MonitorEvery, "monitor-every", 0, "steps between looks at held-out data; 0: each epoch; -1: never")
	f.IntVar(&c.LogEvery, "log-every", 10, "steps between lines of metrics.jsonl")
	f.StringVar(&out, "out", "", "run directory; default runs/TASK-TRUNK-seedN")
	f.BoolVar(&resume, "resume", false, "continue the run in --out from its last checkpoint")
	f.StringVar(&memory, "memory-limit", "", "of the process, such as 800MiB or 2GiB: what does not fit is computed twice, to the same bits; no limit if empty")
	f.StringVar(&preset, "preset", "", "a published recipe: rotnet-cifar")
	cmd.PreRun = func(*cobra.Command, []string) { c.LR, c.Momentum, c.WeightDecay = *lr, *mom, *wd }
	cmd.RegisterFlagCompletionFunc("trunk", cobra.FixedCompletions(layers.TrunkNames(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("augment", cobra.FixedCompletions(augmentNames, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// parseBytes reads a number of bytes such as 800MiB, 2GB or 1.5G; empty is 0.
func parseBytes(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	digits := strings.TrimRight(s, "BbIiKkMmGgTt ")
	unit := map[string]float64{"": 1, "b": 1, "k": 1 << 10, "kb": 1e3, "kib": 1 << 10, "m": 1 << 20, "mb": 1e6, "mib": 1 << 20,
		"g": 1 << 30, "gb": 1e9, "gib": 1 << 30, "t": 1 << 40, "tb": 1e12, "tib": 1 << 40}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || unit == 0 || !(n > 0) || n*unit >= 1<<60 {
		return 0, fmt.Errorf("%q: want a size such as 800MiB or 2GiB", s)
	}
	return int64(n * unit), nil
}

// applyPreset sets what the user has not set.
func applyPreset(cmd *cobra.Command, c *train.Config, name string) error {
	if name != "rotnet-cifar" {
		return usage("--preset %s: there is rotnet-cifar", name)
	}
	// Gidaris et al. 2018, CIFAR-10: NIN, 200 epochs, batch 128, lr 0.1 divided by 5 at 30, 60 and 80 %, Nesterov, 5e-4
	set := func(flag string, f func()) {
		if !cmd.Flags().Changed(flag) {
			f()
		}
	}
	set("trunk", func() { c.Trunk = "nin" })
	set("epochs", func() { c.Epochs = 200 })
	set("schedule", func() { c.Schedule = "step" })
	return nil
}

// checkConfig refuses settings that cannot work, naming the flag.
func checkConfig(c *train.Config) error {
	for _, n := range []struct {
		flag   string
		v, low int
	}{{"side", c.Side, 8}, {"epochs", c.Epochs, 1}, {"max-steps", c.MaxSteps, 0}, {"batch-size", c.BatchSize, 1}, {"warmup-steps", c.WarmupSteps, 0},
		{"checkpoint-every", c.CheckpointEvery, 0}, {"log-every", c.LogEvery, 1}} {
		if n.v < n.low {
			return usage("--%s %d: want at least %d", n.flag, n.v, n.low)
		}
	}
	if !(c.LR > 0 && c.LR < 1e6) {
		return usage("--lr %g: want a positive number", c.LR)
	}
	if !(c.MaxBad >= 0 && c.MaxBad <= 1) {
		return usage("--max-bad %g: want a part between 0 and 1", c.MaxBad)
	}
	if !(c.Momentum >= 0 && c.Momentum < 1) {
		return usage("--momentum %g: want 0 <= momentum < 1", c.Momentum)
	}
	if !(c.WeightDecay >= 0) {
		return usage("--weight-decay %g: want at least 0", c.WeightDecay)
	}
	if c.Task != supervisedTask {
		if _, err := pretext.New(c.Task); err != nil {
			return usageError{err}
		}
	}
	return nil
}

func outDir(c train.Config, out string) string {
	if out != "" {
		return out
	}
	task, _, _ := strings.Cut(c.Task, "?")
	return filepath.Join("runs", fmt.Sprintf("%s-%s-seed%d", task, c.Trunk, c.Seed))
}

// heldOut opens what the monitor looks at: --test, or the data's own test split; nil if there is none.
func heldOut(c train.Config) (data.Source, error) {
	if c.Test != "" {
		return data.Open(c.Test, data.Test)
	}
	s, err := data.ParseSpec(c.Data)
	if err != nil || s.Kind == "folder" {
		return nil, err
	}
	s.Options.Del("n")
	spec := s.Kind
	if s.Path != "" {
		spec += ":" + s.Path
	}
	s.Options.Set("split", "test")
	return data.Open(spec+"?"+s.Options.Encode(), data.Test)
}

// holdOut takes a twentieth of the data, at most 500 samples, away from training for the monitor; nil, and no monitor, where
// there are fewer than 100 samples.
func holdOut(r *recipe) data.Source {
	n := r.source.Len()
	if n < 100 {
		fmt.Fprintf(os.Stderr, "%d samples are too few to hold some out; there is no monitor (--test names other data for it)\n", n)
		return nil
	}
	cut := min(500, n/20)
	order := tensor.NewRNG(r.config.Seed).Derive(0x401d).Perm(n)
	held := data.Subset(r.source, order[:cut], "part=held-out")
	r.source = data.Subset(r.source, order[cut:], "part=training")
	fmt.Fprintf(os.Stderr, "%d of %d samples are held out for the monitor (--test names other data for it, --monitor-every -1 trains on all)\n", cut, n)
	return held
}

func pretrain(ctx context.Context, c train.Config, out string, resume bool, memoryLimit int64) (*train.Info, error) {
	dir := outDir(c, out)
	if memoryLimit > 0 {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	}
	r, err := newRecipe(c, memoryLimit)
	if err != nil {
		return nil, err
	}
	held, err := heldOut(c)
	if err != nil {
		fmt.Fprintf(os.Stderr, "the test split cannot be opened (%v)\n", err)
	}
	if held == nil && c.MonitorEvery >= 0 {
		held = holdOut(r)
	}
	t := newTeller(c.Task)
	defer t.end()
	run := r.run(dir, held, t.say)
	run.Progress = t.step
	return run.Start(ctx, resume)
}
