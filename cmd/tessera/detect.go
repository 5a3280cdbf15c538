package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/recipe"
)

func newDetect(g *global) *cobra.Command {
	var d recipe.Detecting
	cmd := &cobra.Command{
		Use:   "detect RUN IMAGE...",
		Short: "find objects in pictures and draw boxes around them",
		Long: `Detect has the detector that eval detect let learn on a RUN's network find objects in pictures: files, or
folders of them. Each is written to the folder --out under its own name, ending in .png, with boxes, their
classes, and how sure the detector is in per cent. Nothing that is there already is replaced. With --json
the boxes are said too, in pixels of the picture.

    tessera eval detect RUN --data 'scenes:?n=500&side=64'
    tessera detect RUN photo.jpg --out detected`,
		Args: func(_ *cobra.Command, a []string) error {
			if len(a) < 2 {
				return usage("want one RUN and at least one IMAGE, or folder of them; got %d arguments", len(a))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, a []string) error {
			if !(d.Sure >= 0 && d.Sure <= 1) {
				return usage("--sure %g: want 0 to 1", d.Sure)
			}
			if err := unread(cmd.Flags().Changed, "objects are found in the precision of the run", "precision", "conv"); err != nil {
				return err
			}
			t := newTeller("pictures")
			defer t.end()
			d.Say = t.say
			d.Progress = func(done, of int) { t.at(done, of, "pictures") }
			made, err := d.Run(cmd.Context(), a[0], a[1:])
			if err != nil && len(made.Pictures) == 0 {
				return err
			}
			t.end()
			if g.json { // of the pictures that could be read, where others could not
				return errors.Join(printJSON(made), err)
			}
			n := 0
			for _, p := range made.Pictures {
				n += len(p.Boxes)
			}
			say(os.Stdout, "%s: %d objects in %d pictures", d.Out, n, len(made.Pictures))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.Out, "out", "detected", "folder to write to; made if it is not there")
	f.Float64Var(&d.Sure, "sure", 0.3, "boxes that are at least so sure, 0 to 1")
	return cmd
}
