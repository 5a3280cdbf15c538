package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"al.essio.dev/pkg/shellescape"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/workload"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

const pretrainLong = `Pretrain learns features by a pretext task (see tessera tasks) and writes a run directory:
run.json, metrics.jsonl, TensorBoard events, checkpoints and pictures.

Learn from a folder of pictures, of 64 by 64 pixels:
  tessera pretrain rotation --data folder:photos --side 64
Go on where a run stopped:
  tessera pretrain --resume runs/rotation-convnet-seed1
Begin a new run with the weights of an old one:
  tessera pretrain rotation --init runs/rotation-convnet-seed1 --out runs/more

Ctrl-C writes a checkpoint. A resumed run ends with the same bits as one never stopped; so
does a run with another number of threads (of word2vec, with update=exact). It keeps its
settings, but for --test, --max-bad, and how often checkpoints, the monitor and the log come.

In a build with MPI, mpirun -n 4 tessera pretrain ... trains one net on four processes, which
share each batch, and ends with the bits that --shards 4 ends with here (docs/cluster.md).

TASK --help says what a task hides, by which shortcuts it could be answered, and the settings
that its paper wants; what you say yourself wins. TASK supervised learns from the labels
instead, for comparison.`

func newPretrain(g *global) *cobra.Command {
	c := recipe.Default()
	ask := &asked{c: &c, global: g}
	cmd := &cobra.Command{
		Use:       "pretrain TASK, or --resume RUN",
		Short:     "learn features from unlabelled data",
		Long:      pretrainLong,
		Args:      args(1, "one TASK, such as rotation (tessera tasks lists them), or --resume and a RUN"),
		ValidArgs: append(pretext.Names(), recipe.Supervised),
		RunE: func(cmd *cobra.Command, a []string) error {
			group, err := g.join()
			if err != nil {
				return err
			}
			var info *train.Info
			if e := autograd.Try(func() { // the other ranks are to hear of it
				var o recipe.Options
				o, err = ask.prepare(cmd, group, a[0])
				if err = cluster.Agree(group, err); err != nil {
					return
				}
				if o.Cluster = group; c.Shards == 0 && group.Size() > 1 && !ask.resume {
					c.Shards = group.Size()
				}
				info, err = pretrain(cmd.Context(), c, ask.out, ask.resume, o)
			}); e != nil {
				err = e
			}
			if err = leave(group, err); err != nil || group.Rank() > 0 {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"run": ask.out, "info": info})
			}
			say(os.Stdout, "run %s: %d steps in %s, at most %s of memory; report: tessera report %s", ask.out, info.Done,
				time.Duration(info.Seconds*float64(time.Second)).Round(time.Second), train.Bytes(max(workload.PeakMemory(), int64(info.PeakMemory))), ask.out)
			return nil
		},
	}
	f := cmd.Flags()
	configFlags(f, &c)
	f.StringVar(&ask.out, "out", "", "run directory; default runs/TASK-TRUNK-seedN")
	f.BoolVar(&ask.resume, "resume", false, "continue RUN, or the run in --out, from its last checkpoint")
	f.StringVar(&ask.memory, "memory-limit", "", "most memory that the process takes, such as 800MiB or 2GiB: what does not fit is computed twice, to the same bits; no limit if empty")
	f.StringVar(&ask.preset, "preset", "", "a published recipe of the task, see tessera tasks: "+strings.Join(recipe.Presets(), ", "))
	helpOfTask(cmd, &c)
	return cmd
}

// asked is what a person asks of pretrain.
type asked struct {
	*global
	c                   *train.Config
	out, preset, memory string
	resume              bool
}

// prepare makes c and out what the command line says of a task, or of a run that goes on.
func (a *asked) prepare(cmd *cobra.Command, group cluster.Group, task string) (o recipe.Options, err error) {
	said := given(cmd.Flags())
	goesOn := false // task is a RUN
	if *a.c, goesOn, err = a.settings(group, task); err != nil {
		return o, err
	}
	if goesOn {
		if a.out != "" {
			return o, usage("--out %s: the run that goes on is %s", a.out, task)
		}
		a.out = task
	}
	if err := said(); err != nil {
		return o, err
	}
	if a.c.Init != "" && !a.resume {
		if o.Begin, err = recipe.Adopt(a.c, cmd.Flags().Changed); err != nil {
			return o, err
		}
	}
	if a.preset == "" && !goesOn { // settings of a run or of a published recipe stay
		recipe.Suit(a.c, cmd.Flags().Changed)
	}
	mode := a.over(a.c.Mode(), cmd.Flags().Changed)
	a.c.Conv, a.c.Precision = mode.Algorithm, mode.Precision
	if err := recipe.Check(*a.c); err != nil {
		return o, err
	}
	if cmd.Flags().Changed("momentum") && !optim.TakesMomentum(a.c.Optimizer) {
		return o, usage("--momentum %g: the optimiser %s takes none", a.c.Momentum, a.c.Optimizer)
	}
	if o.MemoryLimit, err = train.ParseBytes(a.memory); err != nil {
		return o, usage("--memory-limit %v", err)
	}
	if a.out == "" {
		a.out = recipe.Directory(*a.c)
	}
	return o, nil
}

// helpOfTask has a command's help, where a task is named, say what that is, and show its own settings.
func helpOfTask(cmd *cobra.Command, c *train.Config) {
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		for _, arg := range args {
			from, err := recipe.For(arg)
			if err != nil || from.Task == recipe.Supervised {
				continue
			}
			explainTask(cmd.OutOrStdout(), arg)
			*c = from
			about := pretext.Tell(arg)
			cmd.Flags().VisitAll(func(l *pflag.Flag) {
				if l.Name != "help" {
					l.DefValue = l.Value.String()
				}
				l.Hidden = l.Hidden || !about.Uses(strings.ReplaceAll(l.Name, "-", "_"))
			})
			break
		}
		help(cmd, args)
	})
}

// configFlags binds the flags that are a run's settings.
func configFlags(f *pflag.FlagSet, c *train.Config) {
	var augments []string
	for _, a := range data.Augmentations {
		augments = append(augments, a[0])
	}
	f.StringVar(&c.Data, "data", c.Data, "what to learn from, kind:path?option=value (tessera data --help); scenes are procedural pictures")
	f.StringVar(&c.Test, "test", c.Test, "held-out data for the monitor; default the data's own test split, or a twentieth of a folder")
	f.StringVar(&c.Trunk, "trunk", c.Trunk, "network: "+strings.Join(layers.TrunkNames(), ", "))
	f.StringVar(&c.Init, "init", c.Init, "run or .safetensors file whose weights to begin with; trunk, side and norm are then its own")
	f.IntVar(&c.Side, "side", c.Side, "images are resized and cropped to this many pixels")
	f.IntVar(&c.Epochs, "epochs", c.Epochs, "passes over the data")
	f.IntVar(&c.MaxSteps, "max-steps", c.MaxSteps, "stop after so many steps; 0 means no limit")
	f.IntVar(&c.BatchSize, "batch-size", c.BatchSize, "samples in a step (rotation shows each four times), or words of a text")
	f.IntVar(&c.Accumulate, "accumulate", c.Accumulate, "batches whose mean gradient makes a step; 0 means 1")
	f.IntVar(&c.Shards, "shards", c.Shards, "equal parts that a batch is cut into, for the ranks of mpirun to share: a power of two; 0: one for each (docs/cluster.md)")
	f.TextVar(&c.Wire, "wire", tensor.Float32, "how gradients go between ranks: float32, or bfloat16, which is half as much and gives other bits on another number of ranks")
	f.IntVar(&c.LocalSteps, "local-steps", c.LocalSteps, "steps that each rank makes with the gradient of its own shards before weights are averaged; 0 means 1, which is no average but the whole batch's step")
	f.StringVar(&c.Optimizer, "optimizer", c.Optimizer, "sgd, nesterov, adam, adamw, rmsprop, adagrad, lars or lamb, with options: adam?beta1=0.5")
	f.Float32Var(&c.LR, "lr", c.LR, "highest learning rate")
	f.StringVar(&c.Schedule, "schedule", c.Schedule, "of the learning rate: cosine, step, constant, poly, linear or onecycle; cosine?begins=warmup&to=0.01 falls after the warm-up, not from the start, to a part of the rate; step?by=0.1&at=0.5,0.75 says by how much and when")
	f.IntVar(&c.WarmupSteps, "warmup-steps", c.WarmupSteps, "steps over which the learning rate rises; -N: a twentieth of the run, at most N")
	f.Float32Var(&c.Momentum, "momentum", c.Momentum, "of sgd, nesterov, rmsprop and lars")
	f.Float32Var(&c.WeightDecay, "weight-decay", c.WeightDecay, "of weights; biases and norms have none")
	f.StringVar(&c.DecaySchedule, "decay-schedule", c.DecaySchedule, "where weight decay goes over the run: cosine?to=0.4, or linear?to=0.4; constant if empty")
	f.Float64Var(&c.ClipNorm, "clip-norm", c.ClipNorm, "largest norm of the gradient; 0 means no clipping")
	f.BoolVar(&c.ClipEach, "clip-each", c.ClipEach, "clip the gradient of each tensor by itself at --clip-norm, as DINO does")
	f.StringVar(&c.Augment, "augment", c.Augment, strings.Join(augments, ", "))
	f.Float64Var(&c.Mixup, "mixup", c.Mixup, "of supervised: mix samples and labels of a batch in pairs, with parts of Beta(x, x), and accuracy counts both labels, each by its part; 0: no (MAE, DeiT: 0.8)")
	f.Float64Var(&c.CutMix, "cutmix", c.CutMix, "of supervised: lay a box of one sample over another, with parts of Beta(x, x), accuracy as of mixup; 0: no (MAE, DeiT: 1)")
	f.StringVar(&c.Norm, "norm", c.Norm, "mean and deviation that pixels are normalised with: half (0.5, 0.25), imagenet, cifar10, or means/deviations; default the data's own")
	f.StringVar(&c.Sound, "sound", c.Sound, "how recordings are heard: mel or linear, with options such as mel?seconds=2&bands=40 (docs/sounds.md); mean and std default to the data's own")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "of everything random")
	f.Float64Var(&c.MaxBad, "max-bad", c.MaxBad, "part of the samples that may be broken, 0 to 1; 0 means none, else at least one")
	f.IntVar(&c.CheckpointEvery, "checkpoint-every", c.CheckpointEvery, "steps between checkpoints; 0 means at each epoch's end")
	f.IntVar(&c.MonitorEvery, "monitor-every", c.MonitorEvery, "steps between looks at held-out data; 0: each epoch; -1: never")
	f.IntVar(&c.MonitorSamples, "monitor-samples", c.MonitorSamples, "held-out samples that the monitor looks at, at most; 0 means 500")
	f.IntVar(&c.LogEvery, "log-every", c.LogEvery, "steps between lines of metrics.jsonl")
}

// given remembers the flags that the person gave; said sets them again, over a task's or a preset's settings.
func given(f *pflag.FlagSet) (said func() error) {
	values := map[*pflag.Flag]string{}
	f.Visit(func(fl *pflag.Flag) { values[fl] = fl.Value.String() })
	return func() error {
		for fl, v := range values {
			if err := fl.Value.Set(v); err != nil {
				return err
			}
		}
		return nil
	}
}

// settings returns those of a run that goes on, of a preset for a task, or of the task; and whether a run goes on, which rank 0 has read: the others need not see it.
func (a *asked) settings(group cluster.Group, of string) (c train.Config, goesOn bool, err error) {
	begins := fmt.Sprintf("begins %s", of)
	if a.preset != "" {
		begins += " as --preset " + a.preset
	}
	if a.resume {
		begins = strings.Replace(begins, "begins", "goes on with", 1)
	}
	all, err := cluster.Gather(group, []byte(begins))
	if err != nil {
		return c, false, err
	}
	for rank, b := range all {
		if string(b) != string(all[0]) {
			return c, false, usageError{fmt.Errorf("rank %d on %s %s, rank 0 %s; all ranks of a run say the same", rank, group.Host(rank), b, all[0])}
		}
	}
	if !a.resume {
		if c, err = settingsOf(of, a.preset); err != nil {
			err = usageError{err}
		}
		return c, false, err
	}
	var read []byte
	if group.Rank() == 0 {
		if c, goesOn, err = resumed(of, a.preset); err == nil {
			read, err = json.Marshal(readSettings{c, goesOn})
		}
	}
	if err = cluster.Agree(group, err); err != nil {
		return c, false, usageError{err}
	}
	if read, err = cluster.First(group, read); err != nil {
		return c, false, err
	}
	var s readSettings
	err = json.Unmarshal(read, &s)
	return s.Config, s.GoesOn, err
}

// readSettings are what rank 0 sends of a run that goes on.
type readSettings struct {
	Config train.Config
	GoesOn bool
}

// settingsOf returns the settings of a preset for a task, or of the task.
func settingsOf(task, preset string) (train.Config, error) {
	if preset != "" {
		return recipe.Preset(preset, task)
	}
	return recipe.For(task)
}

// resumed returns the settings of a run that goes on, or of a task whose run, in --out, does; and whether it is of a run.
func resumed(of, preset string) (c train.Config, goesOn bool, err error) {
	if _, err := os.Stat(filepath.Join(of, "run.json")); err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return c, false, fmt.Errorf("--resume %s: %w", of, err)
		}
		c, err := settingsOf(of, preset)
		if err != nil && preset == "" {
			err = fmt.Errorf("--resume %s: it is no run directory, for it has no run.json; want a RUN, or a TASK and --out RUN", of)
		}
		return c, false, err
	}
	info, err := train.LoadInfo(of)
	if err != nil {
		return c, false, err
	}
	if info.Tuned != nil {
		return c, false, fmt.Errorf("--resume %s: eval %s made it, which leaves nothing to go on with; --init %s begins a new run with its weights", of, info.Tuned.Protocol, of)
	}
	return info.Config, true, nil
}

// pretrain runs a configuration with progress on standard error.
func pretrain(ctx context.Context, c train.Config, out string, resume bool, o recipe.Options) (*train.Info, error) {
	t := newTeller(c.Task)
	defer t.end()
	o.Say, o.Progress, o.Command = t.say, t.step, commandLine()
	group := o.Cluster
	if group == nil {
		group = cluster.One{}
	}
	var training atomic.Bool
	if rank := group.Rank(); rank > 0 { // what all ranks are told the first one says
		o.Progress, o.Say = nil, func(msg string) {
			if training.Load() {
				t.say(fmt.Sprintf("rank %d on %s: %s", rank, group.Host(rank), msg))
			}
		}
	}
	r, err := recipe.New(c, o)
	if err = cluster.Agree(group, err); err != nil {
		return nil, err
	}
	training.Store(true)
	info, err := r.Train(ctx, out, resume)
	if errors.Is(err, train.ErrInterrupted) && info != nil {
		err = fmt.Errorf("%w; pretrain --resume %s goes on from step %d", err, out, info.Done)
	}
	return info, err
}

// commandLine is what was typed, quoted for a shell.
func commandLine() string {
	return shellescape.QuoteCommand(append([]string{"tessera"}, os.Args[1:]...))
}
