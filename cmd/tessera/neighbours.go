package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
)

func newNeighbours(g *global) *cobra.Command {
	var a recipe.Alike
	e := evalFlags{layers: "last"}
	cmd := &cobra.Command{
		Use:   "neighbours RUN",
		Short: "show what a run takes to be alike",
		Long: `Neighbours draws pictures, of films a frame, of recordings the spectrogram, or with --patches squares of pictures, and
beside each what is nearest to it by the features of a run, of a network with random weights, and by the pixels
themselves. No labels are needed. Of pictures it also recolours some and says how many are found again: what a
run that looks at shapes does not mind.

Of recordings, and with --sounds of the sound of films, RUN/eval/heard keeps what to listen to, and tessera report
plays it.

Patches are seen by one tower of the task, as in training (relative-position, jigsaw); of another task
they are two fifths of a picture. RUN/eval/ keeps the drawing, and tessera report shows it.`,
		Args: args(1, "one RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := unread(cmd.Flags().Changed, "a run is looked at as it was trained", "precision", "conv"); err != nil {
				return err
			}
			t := newTeller("features")
			defer t.end()
			a.Eval, a.Say = e.options(t), t.say
			out, err := recipe.FindAlike(cmd.Context(), args[0], a)
			if err != nil {
				return err
			}
			t.end()
			if g.json {
				return printJSON(out)
			}
			if out.Sounds != "" {
				say(os.Stdout, "%s, and to listen to %s; tessera report shows and plays both", out.Picture, out.Sounds)
				return nil
			}
			found := out.Nearest
			if found[0].Recolour == 0 { // films
				say(os.Stdout, "%s", out.Picture)
				return nil
			}
			fmt.Printf("found again, recoloured")
			for _, r := range eval.Recolourings {
				fmt.Printf(" %8s", r.Name)
			}
			for _, n := range found {
				fmt.Printf("\n%-22s", n.Features)
				for _, r := range eval.Recolourings {
					fmt.Printf(" %6.1f %%", 100*n.Recoloured[r.Name])
				}
			}
			fmt.Printf("\n(of %d)\n", found[0].Recolour)
			say(os.Stdout, "%s", out.Picture)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Data, "data", "", "samples, kind:path?option=value; default the run's")
	f.BoolVar(&a.Patches, "patches", false, "squares of pictures, seen by one tower of the task")
	f.BoolVar(&a.Sounds, "sounds", false, "of films with sound what is heard, by what the run hears with")
	f.IntVar(&a.Samples, "samples", 2000, "how many samples or patches are looked through")
	f.IntVar(&a.Queries, "queries", 8, "for how many the nearest are drawn")
	f.IntVar(&a.K, "k", 5, "how many are drawn for each")
	f.Float64Var(&e.maxBad, "max-bad", 0.01, "part of the images that may be broken; 0 means none, else at least one")
	return cmd
}
