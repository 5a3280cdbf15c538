package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
)

// maxSamples is how many colourings of a picture can be asked for.
const maxSamples = 1000

func newColourise(g *global) *cobra.Command {
	var out string
	var o pretext.ColourOptions
	var seed uint64
	cmd := &cobra.Command{
		Use:   "colourise RUN IMAGE...",
		Short: "give grey pictures colours",
		Long: `Colourise has a run of the task colourise colour pictures: files, or folders of them, in order, such as the
frames of a film. A picture keeps its size and its lightness; colours that it has are not looked at. Each
is written to the folder --out under its own name, ending in .png; of several samples NAME-1.png,
NAME-2.png and so on. Nothing that is there already is replaced.

    tessera pretrain colourise --data folder:photos --side 64 --out RUN
    tessera colourise RUN grey.jpg --out coloured`,
		Args: func(_ *cobra.Command, a []string) error {
			if len(a) < 2 {
				return usage("want one RUN and at least one IMAGE, or folder of them; got %d arguments", len(a))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, a []string) error {
			if o.Samples < 1 || o.Samples > maxSamples {
				return usage("--samples %d: want 1 to %d", o.Samples, maxSamples)
			}
			if cmd.Flags().Changed("temperature") && !(o.Temperature >= 0.001 && o.Temperature <= 100) {
				return usage("--temperature %g: want 0.001 to 100", o.Temperature)
			}
			if err := unread(cmd.Flags().Changed, "colours are computed in float32 as the shapes are best", "precision", "conv"); err != nil {
				return err
			}
			_, l, err := recipe.LoadLearner(a[0])
			if err != nil {
				return err
			}
			c, ok := pretext.As[pretext.Colourer](l)
			if !ok {
				return fmt.Errorf("%s is of a task that does not colour; colourise does", a[0])
			}
			t := newTeller("coloured")
			defer t.end()
			made, err := recipe.Colouring{Colourer: c, Options: o, Seed: seed, Out: out, Say: t.say,
				Progress: func(done, of int) { t.at(done, of, "pictures") }}.Run(cmd.Context(), a[1:])
			if err != nil && len(made.Written) == 0 {
				return err
			}
			t.end()
			if g.json { // of the pictures that could be read, where others could not
				return errors.Join(printJSON(made), err)
			}
			say(os.Stdout, "%s: %d pictures", out, len(made.Written))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "coloured", "folder to write to; made if it is not there")
	f.IntVar(&o.Samples, "samples", 1, "colourings of each picture, of a run that has several (loss=vae or mdn)")
	f.Float32Var(&o.Temperature, "temperature", 0, "of the answer: 1 is the mean of what is likely, towards 0 the likeliest; default the run's own")
	f.Uint64Var(&seed, "seed", 1, "of the samples")
	return cmd
}
