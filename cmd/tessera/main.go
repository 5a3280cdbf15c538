// Command tessera pretrains, evaluates and reports. See tessera --help.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/columns"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// usageError is a mistake in how the command was called: exit code 2.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := untilTold()
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	var err error
	if e := autograd.Try(func() { err = root.ExecuteContext(ctx) }); e != nil {
		err = e
	}
	var u usageError
	var setting *recipe.SettingError
	switch {
	case err == nil:
		return 0
	case silent(err):
		time.Sleep(time.Second) // launchers end all ranks once one has ended, and another has yet to tell
		if errors.Is(err, train.ErrInterrupted) {
			return exitInterrupted
		}
		return exitFailed
	case errors.Is(err, train.ErrInterrupted) || errors.Is(err, context.Canceled):
		say(os.Stderr, "tessera: %v", err)
		return exitInterrupted
	case toldElsewhere(ctx, err):
		return exitFailed
	case errors.As(err, &u) || errors.As(err, &setting) || strings.HasPrefix(err.Error(), "unknown command") || strings.HasPrefix(err.Error(), "unknown flag"):
		say(os.Stderr, "tessera: %v\nSee tessera --help.", err)
		return exitUsage
	}
	say(os.Stderr, "tessera: %v", err)
	return exitFailed
}

// global are the flags of every command.
type global struct {
	threads int
	simd    string
	mode    tensor.Mode // --precision and --conv
	json    bool
}

// over returns a mode with what the person said of it.
func (g *global) over(m tensor.Mode, said func(flag string) bool) tensor.Mode {
	if said("precision") {
		m.Precision = g.mode.Precision
	}
	if said("conv") {
		m.Algorithm = g.mode.Algorithm
	}
	return m
}

func newRoot() *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use:   "tessera",
		Short: "Self-supervised learning on CPUs, in one file",
		Long: `Tessera learns image features without labels and shows what was learned.

  tessera demo                                   two minutes, no download
  tessera pretrain rotation --data folder:photos learn from your pictures
  tessera eval linear RUN --data folder:photos   judge every stage's features
  tessera report RUN                             one HTML page about it

RUN is the directory that pretrain writes, such as runs/rotation-convnet-seed1.
Data is named as kind:path?option=value (tessera data --help); pretrain without
--data learns from procedural pictures, scenes.`,
		Version:       train.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneProcess(cmd); err != nil {
				return err
			}
			if g.threads < 0 {
				return usage("--threads %d: want at least 1, or 0 for all cores", g.threads)
			}
			if g.threads > 0 {
				tensor.SetThreads(g.threads)
			}
			if g.simd != "" {
				var l simd.Level
				err := l.UnmarshalText([]byte(g.simd))
				if err == nil {
					_, err = simd.Use(l)
				}
				if err != nil {
					return usageError{fmt.Errorf("--simd %s: %w", g.simd, err)}
				}
			}
			if p := g.mode.Precision; !p.Native() {
				say(os.Stderr, "--precision %v: this processor (%v) has no instructions for it: the same bits, but no faster than float32", p, simd.Active())
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := root.PersistentFlags()
	f.IntVar(&g.threads, "threads", 0, "how many goroutines compute; 0 means all cores")
	f.StringVar(&g.simd, "simd", "", "instruction set: go, neon, avx2 or avx512; default the best there is")
	f.TextVar(&g.mode.Algorithm, "conv", tensor.Auto, "algorithm of 3x3 convolutions: auto (by shape), direct, winograd2 or winograd4")
	f.TextVar(&g.mode.Precision, "precision", tensor.Float32, "what products multiply: float32, bfloat16, or int8 for inference (eval, embed)")
	f.BoolVar(&g.json, "json", false, "print one JSON object on standard output at the end")
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages", "Flags.FlagUsagesWrapped 80"))
	root.AddCommand(newDemo(g), newTasks(g), newData(g), newDoctor(g), newPretrain(g), newEval(g), newEmbed(g), newNeighbours(g), newNearest(g), newSearch(g), newInpaint(g), newColourise(g), newDetect(g), newTrack(g), newLocalise(g), newTable(g), newShortcuts(g), newReport(g), newExport(g), newBench(g))
	completed(root)
	for _, c := range root.Commands() {
		c.Long = columns.Wrap(c.Long, 80)
	}
	return root
}

// args returns a check of the number of arguments that explains itself.
func args(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, a []string) error {
		if len(a) != n {
			return usage("want %s, got %d arguments", what, len(a))
		}
		return nil
	}
}

// atLeast refuses fewer than n arguments.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, a []string) error {
		if len(a) < n {
			return usage("want %s, got %d arguments", what, len(a))
		}
		return nil
	}
}

func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	return e.Encode(v)
}
