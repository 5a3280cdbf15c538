package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
)

func newTrack(g *global) *cobra.Command {
	var m modelFlags
	var f recipe.Following
	var box, mask, protocol string
	cmd := &cobra.Command{
		Use:   "track RUN|random|FILE.safetensors FILM",
		Short: "follow an object through a film",
		Long: `Track follows what --box or --mask says of a film's first frame through the whole film, by which places of the
frames have alike features, and writes the film with the object tinted and its box. FILM is a file, or a folder of
numbered pictures. Of a network with random weights it shows what the build alone is worth.

  tessera track RUN car.mp4 --box 120,80,60,40 --out car-tracked.gif
  tessera track random --trunk resnet18 frames/ --mask first.png --options stride=8 --out tracked.avi`,
		Args: args(2, "RUN, random or FILE.safetensors, and a FILM"),
		RunE: func(cmd *cobra.Command, a []string) error {
			if box == "" && mask == "" {
				return usage("--box or --mask is needed: where the object is in the first frame")
			}
			var err error
			if f.Box, err = parseBox(box); err != nil {
				return err
			}
			if st, err := os.Stat(filepath.Dir(f.Out)); err != nil || !st.IsDir() || !strings.EqualFold(filepath.Ext(f.Out), ".gif") && !strings.EqualFold(filepath.Ext(f.Out), ".avi") {
				return usage("--out %s: want a file in a folder that exists, ending in .gif or .avi", f.Out)
			}
			if f.Tracking, err = eval.NewTracking(protocol); err != nil {
				return usage("--options: %v", err)
			}
			if mask != "" {
				if f.Mask, err = data.ReadImage(mask); err != nil {
					return fmt.Errorf("--mask: %w", err)
				}
			}
			mod, err := m.load(g, a[0])
			if err != nil {
				return err
			}
			t := newTeller("frames")
			defer t.end()
			f.Progress = func(k, of int) { t.at(k, of, "frames") }
			found, err := mod.Follow(cmd.Context(), a[1], f)
			if err != nil {
				return err
			}
			t.end()
			if g.json {
				return printJSON(map[string]any{"film": f.Out, "frames": found})
			}
			say(os.Stdout, "%s: %d frames", f.Out, len(found))
			return nil
		},
	}
	m.add(cmd)
	c := cmd.Flags()
	c.StringVar(&box, "box", "", "x,y,width,height of the object in the first frame, pixels")
	c.StringVar(&mask, "mask", "", "picture of the film's size: white where the object is in the first frame")
	c.StringVar(&f.Out, "out", "tracked.gif", "film to write, .gif or .avi")
	c.StringVar(&f.Stage, "stage", "", "of the trunk whose features are compared; default the last")
	c.StringVar(&protocol, "options", "", "those of the protocol track, such as stride=8&radius=12")
	return cmd
}

// parseBox reads x,y,width,height; nil for nothing.
func parseBox(s string) (*[4]float64, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.Split(s, ",")
	var b [4]float64
	if len(parts) != len(b) {
		return nil, usage("--box %s: want x,y,width,height", s)
	}
	for k, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || v-v != 0 {
			return nil, usage("--box %s: %q is no number; want x,y,width,height", s, p)
		}
		b[k] = v
	}
	return &b, nil
}
