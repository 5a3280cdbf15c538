package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// closed are the flags whose values are a closed set, or begin with one.
func closed() map[string][]string {
	var levels, augments, kinds []string
	for _, l := range simd.Levels() {
		levels = append(levels, l.String())
	}
	for _, a := range data.Augmentations {
		augments = append(augments, a[0])
	}
	for _, k := range data.Kinds() {
		name, _, path := strings.Cut(k.Name, ":")
		if path {
			name += ":"
		}
		kinds = append(kinds, name)
	}
	return map[string][]string{"trunk": layers.TrunkNames(), "optimizer": optim.Names(), "schedule": train.Schedules, "augment": augments, "norm": data.NormNames(), "sound": data.HearingNames(),
		"preset": recipe.Presets(), "simd": levels, "conv": tensor.AlgorithmNames(), "precision": tensor.PrecisionNames(), "recompute": autograd.RecomputeNames(),
		"layers": evalLayers, "solver": eval.Solvers, "format": exportFormats, "data": kinds, "test": kinds}
}

// completed gives every command below root the completion of its flags: of closed sets the values, of what is a file files, of anything
// else nothing.
func completed(root *cobra.Command) {
	sets := closed()
	files := []string{"out", "init", "json", "images", "roofline"}
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().AddFlagSet(cmd.PersistentFlags())
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			switch set, ok := sets[f.Name]; {
			case f.Name == "data" || f.Name == "test": // the path follows
				cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(set, cobra.ShellCompDirectiveNoSpace))
			case ok:
				cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(set, cobra.ShellCompDirectiveNoFileComp))
			case f.Value.Type() != "bool" && !slices.Contains(files, f.Name):
				cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
			}
		})
	}
}
