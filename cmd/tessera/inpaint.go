package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
)

func newInpaint(g *global) *cobra.Command {
	var mask, out string
	cmd := &cobra.Command{
		Use:   "inpaint RUN IMAGE",
		Short: "paint a part of a picture, or frames between a film's",
		Long: `Inpaint has a run of context-encoder paint a part of a picture from what is around it. White pixels of the
mask, a picture of the same size, say which part. The rest stays as it is. Train for it with holes of
any shape:

    tessera pretrain 'context-encoder?mask=region' --data folder:photos --side 128 --out RUN
    tessera inpaint RUN photo.jpg --mask hole.png --out whole.png

A run of video-inpaint paints a frame between each two of a film, which is written to a .gif or .avi with
twice as many frames a second. Train for it with frames as near to each other as they then are:

    tessera pretrain 'video-inpaint?residual=yes&apart=1' --data video:films --side 64 --out RUN
    tessera inpaint RUN film.mp4 --out smooth.avi`,
		Args: args(2, "one RUN and one IMAGE or film"),
		RunE: func(cmd *cobra.Command, a []string) error {
			if err := unread(cmd.Flags().Changed, "pictures are painted in float32 as the shapes are best", "precision", "conv"); err != nil {
				return err
			}
			if ending := strings.ToLower(filepath.Ext(out)); ending == ".gif" || ending == ".avi" {
				return interpolate(cmd, g, a[0], a[1], mask, out)
			}
			if mask == "" {
				return usage("--mask is needed: a picture of the same size, white where IMAGE is to be painted; for a film --out FILE.gif or FILE.avi")
			}
			if st, err := os.Stat(filepath.Dir(out)); !strings.EqualFold(filepath.Ext(out), ".png") || err != nil || !st.IsDir() {
				return usage("--out %s: want a file in a folder that exists, ending in .png", out)
			}
			_, l, err := recipe.LoadLearner(a[0])
			if err != nil {
				return err
			}
			p, ok := pretext.As[pretext.Painter](l)
			if !ok {
				return fmt.Errorf("%s is of a task that does not paint; context-encoder does", a[0])
			}
			im, err := data.ReadImage(a[1])
			if err != nil {
				return err
			}
			over, err := data.ReadImage(mask)
			if err != nil {
				return fmt.Errorf("--mask: %w", err)
			}
			if over.H != im.H || over.W != im.W {
				return fmt.Errorf("the mask %s is %dx%d, the picture %s %dx%d: want the same size", mask, over.W, over.H, a[1], im.W, im.H)
			}
			hole, painted := make([]bool, im.H*im.W), 0
			for p := range hole {
				if hole[p] = over.Pix[3*p] >= 128; hole[p] {
					painted++
				}
			}
			made, err := p.Paint(im, hole)
			if err != nil {
				return fmt.Errorf("%s: %w", mask, err)
			}
			if err := recipe.SavePNG(out, made.RGBA()); err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"picture": out, "pixels": painted, "width": im.W, "height": im.H})
			}
			say(os.Stdout, "%s: %d of %d pixels painted", out, painted, len(hole))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&mask, "mask", "", "picture of the same size: white where to paint")
	f.StringVar(&out, "out", "inpainted.png", "file to write, .png; of a film .gif or .avi")
	return cmd
}

// interpolate has a run paint a frame between each two of a film.
func interpolate(cmd *cobra.Command, g *global, run, path, mask, out string) error {
	if mask != "" {
		return usage("--mask: is for pictures; of films the frames between are painted, and --out %s is one", out)
	}
	_, l, err := recipe.LoadLearner(run)
	if err != nil {
		return err
	}
	p, ok := pretext.As[pretext.FramePainter](l)
	if !ok {
		return fmt.Errorf("%s is of a task that paints no frames; video-inpaint does", run)
	}
	t := newTeller("painted")
	defer t.end()
	made, err := recipe.Interpolating{Painter: p, Out: out, Progress: func(done, of int) { t.at(done, of, "frames") }}.Run(cmd.Context(), path)
	if err != nil {
		return err
	}
	if g.json {
		return printJSON(made)
	}
	say(os.Stdout, "%s: %d of %d frames painted, %.4g frames a second", out, made.Painted, made.Frames, made.Rate)
	return nil
}
