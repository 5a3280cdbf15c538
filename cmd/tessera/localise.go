package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/recipe"
)

func newLocalise(g *global) *cobra.Command {
	var l recipe.Localising
	cmd := &cobra.Command{
		Use:   "localise RUN FILM",
		Short: "show where in a film it sounds",
		Long: `Localise lays a heat map over each frame of a film: the likelier it is that what is heard there comes from a
place, the brighter it is. The strip below is the loudness of the whole sound, with a line at the present. An .avi
has the sound in it, a .gif has none. RUN is one that compares sounds with places:

  tessera pretrain 'audio-visual?fusion=location' --data av:films --out RUN
  tessera localise RUN drum.mp4 --out drum.avi

With --json every frame's likeliest place is said, in pixels of the film, with its probability. How
often it is the right one, where that is known, says tessera eval localisation RUN.`,
		Args: args(2, "one RUN and one FILM"),
		RunE: func(cmd *cobra.Command, a []string) error {
			if err := unread(cmd.Flags().Changed, "a film is looked at in float32 as the shapes are best", "precision", "conv"); err != nil {
				return err
			}
			if st, err := os.Stat(filepath.Dir(l.Out)); err != nil || !st.IsDir() || !strings.EqualFold(filepath.Ext(l.Out), ".gif") && !strings.EqualFold(filepath.Ext(l.Out), ".avi") {
				return usage("--out %s: want a file in a folder that exists, ending in .gif or .avi", l.Out)
			}
			t := newTeller("frames")
			defer t.end()
			l.Progress = func(k, of int) { t.at(k, of, "frames") }
			found, err := recipe.Localise(cmd.Context(), a[0], a[1], l)
			if err != nil {
				return err
			}
			t.end()
			if g.json {
				return printJSON(map[string]any{"film": l.Out, "frames": found})
			}
			say(os.Stdout, "%s: %d frames", l.Out, len(found))
			return nil
		},
	}
	cmd.Flags().StringVar(&l.Out, "out", "localised.avi", "film to write, .gif, or .avi with the sound")
	return cmd
}
