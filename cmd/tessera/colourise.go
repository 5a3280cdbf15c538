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
	"github.com/tessera-go/tessera/tensor"
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
			w := colouring{c: c, o: o, seed: seed, say: t.say}
			if err := w.find(a[1:], out); err != nil {
				return err
			}
			if err := w.run(cmd, t); err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"pictures": w.written, "skipped": w.skipped})
			}
			say(os.Stdout, "%s: %d pictures", out, len(w.written))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "coloured", "folder to write to; made if it is not there")
	f.IntVar(&o.Samples, "samples", 1, "colourings of each picture, of a run that has several (loss=vae or mdn)")
	f.Float32Var(&o.Temperature, "temperature", 0, "of the answer: 1 is the mean of what is likely, towards 0 the likeliest; default the run's own")
	f.Uint64Var(&seed, "seed", 1, "of the samples")
	return cmd
}

// colouring colours files one after the other.
type colouring struct {
	c    pretext.Colourer
	o    pretext.ColourOptions
	seed uint64
	say  func(string)
	from []string   // files
	to   [][]string // for each, where its colourings go
	// what came of it
	written, skipped []string
}

// find lists the files of arguments, and chooses a name for each that no other has, and that is not there.
func (w *colouring) find(args []string, out string) error {
	for _, arg := range args {
		st, err := os.Stat(arg)
		if err != nil {
			return usage("%s: no such picture or folder", arg)
		}
		if !st.IsDir() {
			w.from = append(w.from, arg)
			continue
		}
		d, err := data.OpenFolder(arg, data.FolderOptions{NoLabels: true})
		if err != nil {
			return err
		}
		for _, note := range d.Notes {
			w.say(note)
		}
		for i := range d.Len() {
			w.from = append(w.from, d.Describe(i))
		}
	}
	if st, err := os.Stat(out); err == nil && !st.IsDir() {
		return usage("--out %s: want a folder, this is a file", out)
	}
	taken := map[string]bool{}
	for _, f := range w.from {
		name := strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))
		unique := name
		for k := 2; taken[strings.ToLower(unique)]; k++ { // names that differ in case alone are one on some systems
			unique = fmt.Sprintf("%s (%d)", name, k)
		}
		taken[strings.ToLower(unique)] = true
		paths := []string{filepath.Join(out, unique+".png")}
		if w.o.Samples > 1 {
			paths = nil
			for k := range w.o.Samples {
				paths = append(paths, filepath.Join(out, fmt.Sprintf("%s-%d.png", unique, k+1)))
			}
		}
		for _, p := range paths {
			if _, err := os.Lstat(p); err == nil {
				return fmt.Errorf("%s is there already; move it, or name another folder with --out", p)
			}
		}
		w.to = append(w.to, paths)
	}
	return os.MkdirAll(out, 0o755)
}

// run colours all; a picture that cannot be read is named and passed over, and an error at the end.
func (w *colouring) run(cmd *cobra.Command, t *teller) error {
	for i, f := range w.from {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		im, err := data.ReadImage(f)
		if err != nil {
			w.skipped = append(w.skipped, f)
			w.say("skipped: " + err.Error())
			continue
		}
		made, err := w.c.Colour(im, w.o, tensor.NewRNG(w.seed).Derive(uint64(i)))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		for k, p := range w.to[i] {
			if err := recipe.SavePNG(p, made[k].RGBA()); err != nil {
				return err
			}
			w.written = append(w.written, p)
		}
		t.at(i+1, len(w.from), "pictures")
	}
	if n := len(w.skipped); n > 0 {
		return fmt.Errorf("%d of %d pictures could not be read; the others are coloured", n, len(w.from))
	}
	return nil
}
