// Curves holds a task's whole training to the same recipe in PyTorch: same data, weights, steps. It writes what PyTorch needs and trains ours;
// curves.py beside this folder trains theirs; then it compares the losses of every step and what the features are worth.
//
//	go run ./internal/parity/curves TASK --data SPEC --steps N --out DIR
//	python3 internal/parity/curves.py DIR
//	go run ./internal/parity/curves compare DIR --data SPEC --test SPEC
//
// Rounding makes two right programs part, the further the longer they train. How far is measured, not guessed: both also train from weights
// that are off by a ten-millionth of themselves. ours.go has our side, compare.go the measure, judge.go what the
// features are worth.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "curves:", err)
		os.Exit(1)
	}
}

// errApart says that a comparison failed; what did is in its text.
var errApart = errors.New("the two programs are further apart than rounding explains")

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("usage: curves TASK --data SPEC --out DIR, or curves compare DIR")
	}
	flags := flag.NewFlagSet("curves", flag.ContinueOnError)
	of := flags.String("data", "", "pictures to train on; of compare, labelled ones to judge features on, or none")
	if args[0] == "compare" {
		if len(args) < 2 {
			return errors.New("usage: curves compare DIR --data SPEC --test SPEC")
		}
		test := flags.String("test", "", "to judge features on")
		protocol := flags.String("protocol", "", "to judge features by; none: neighbours and probe")
		judged := flags.Int("judged", 0, "features of the first so many runs; 0: of all")
		if err := flags.Parse(args[2:]); err != nil {
			return err
		}
		on := recipe.Comparison{Data: *of, Test: *test}
		if *protocol != "" {
			p, err := recipe.NewProtocol(*protocol)
			if err != nil {
				return err
			}
			on.Protocols = []eval.Protocol{p}
		}
		return report(args[1], on, *judged)
	}
	c, err := recipe.For(args[0])
	if err != nil {
		return err
	}
	out := flags.String("out", "", "folder to write")
	runs := flags.Int("runs", 5, "from so many first weights, all but one disturbed")
	rate := flags.Float64("lr", float64(c.LR), "learning rate")
	threads := flags.Int("threads", 0, "that compute; 0: all cores")
	off := flags.Float64("off", 1e-7, "by how much first weights are disturbed, at most, as a part of themselves; 1e-7 is about a unit in the last place")
	flags.StringVar(&c.Trunk, "trunk", "convnet", "network")
	flags.IntVar(&c.BatchSize, "batch-size", 32, "samples a step")
	flags.IntVar(&c.MaxSteps, "steps", 200, "steps")
	flags.IntVar(&c.Side, "side", 32, "of the pictures")
	flags.StringVar(&c.Sound, "sound", c.Sound, "how recordings are heard")
	flags.Uint64Var(&c.Seed, "seed", 1, "of weights and batches")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if *out == "" || *of == "" || *runs < 2 || c.MaxSteps < 1 {
		return errors.New("want --data, --out, --steps from 1 on and --runs from 2 on")
	}
	if *threads > 0 {
		tensor.SetThreads(*threads)
	}
	c.LR = float32(*rate)
	c.Data, c.Epochs, c.LogEvery, c.MonitorEvery = *of, c.MaxSteps, 1, -1
	return write(context.Background(), *out, c, *runs, *off)
}
