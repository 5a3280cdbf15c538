package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/recipe"
)

func newEmbed(g *global) *cobra.Command {
	var m modelFlags
	var spec, out string
	var e evalFlags
	cmd := &cobra.Command{
		Use:   "embed RUN|random|FILE.safetensors",
		Short: "write the features of images to a file",
		Long: `Embed writes the features of a stage, averaged over positions. The file's ending says how:

  .npy      a NumPy array [N D], and beside it FILE.txt, which names the image of each row
            (in quotation marks where a name has a line break)
  .csv      a line an image: name, f0, f1, ...
  .parquet  columns name and features

Beside it FILE.json says what made it, for tessera search, and where classes are known
FILE.labels.csv has them:

  tessera embed RUN --data folder:photos --out features.npy
  tessera eval all --features features.npy --labels features.labels.csv`,
		Args: args(1, "one RUN, random or FILE.safetensors"),
		RunE: func(cmd *cobra.Command, a []string) error {
			mod, err := m.load(g, a[0])
			if err != nil {
				return err
			}
			if spec == "" {
				return usage("--data is needed")
			}
			if err := data.CheckMaxBad(e.maxBad); err != nil {
				return usage("--max-bad %v", err)
			}
			if st, err := os.Stat(filepath.Dir(out)); !slices.Contains(eval.FeatureFormats, strings.ToLower(filepath.Ext(out))) || err != nil || !st.IsDir() {
				return usage("--out %s: want a file in a folder that exists, ending in %s", out, strings.Join(eval.FeatureFormats, ", "))
			}
			t := newTeller("features")
			defer t.end()
			made, err := mod.Embed(cmd.Context(), recipe.Embedding{Data: spec, Out: out, Layers: e.layers, Eval: e.options(t), Say: t.say})
			if err != nil {
				return err
			}
			t.end()
			if g.json {
				out := map[string]any{"files": made}
				if len(made) == 1 {
					out["features"], out["names"], out["shape"] = made[0].Features, made[0].Names, []int{made[0].Rows, made[0].Dim}
				}
				return printJSON(out)
			}
			for _, m := range made {
				also := "with the name of each row"
				if m.Names != m.Features {
					also = m.Names + " names the rows"
				}
				if m.Labels != "" {
					also += ", " + m.Labels + " has their classes"
				}
				say(os.Stdout, "%s: [%d %d], stage %s; %s", m.Features, m.Rows, m.Dim, m.Stage, also)
			}
			return nil
		},
	}
	m.add(cmd)
	cmd.Flags().StringVar(&spec, "data", "", "images, kind:path?option=value")
	cmd.Flags().StringVar(&e.layers, "layers", "last", "last, all or a stage's name; of all FILE-STAGE is written for each")
	cmd.Flags().StringVar(&out, "out", "features.npy", "file to write: .npy, .csv or .parquet")
	cmd.Flags().Float64Var(&e.maxBad, "max-bad", 0.01, "part of the images that may be broken, 0 to 1; 0 means none, else at least one")
	return cmd
}

// exportFormats are the values of --format.
var exportFormats = []string{"safetensors", "npz"}

func newExport(g *global) *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "export RUN",
		Short: "write a run's trunk or word vectors for other programs",
		Long: `Export writes the trunk of a run's last checkpoint. Format safetensors has torchvision's names and
PyTorch's layout: a ResNet loads with model.load_state_dict(load_file(FILE), strict=False). Format
npz has the same tensors for numpy.load.

Of a RUN of word2vec, or a FILE of word vectors, it writes the vectors as the ending of --out says:
  .txt, .vec       word2vec's text form, also .gz or .zst
  .bin             word2vec's binary form
  .npy, .safetensors   an array, and the words beside it in FILE.vocab.txt`,
		Args: args(1, "one RUN, or a FILE of word vectors"),
		RunE: func(cmd *cobra.Command, a []string) error {
			if ok, err := recipe.HoldsWords(a[0]); err != nil {
				return err
			} else if ok {
				if err := unread(cmd.Flags().Changed, "the ending of --out says how word vectors are written", "format"); err != nil {
					return err
				}
				return exportWords(g, a[0], out)
			}
			if !slices.Contains(exportFormats, format) {
				return usage("--format %s: there are safetensors and npz", format)
			}
			mod, err := recipe.LoadRun(a[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = "trunk." + format
			}
			save := checkpoint.Save
			if format == "npz" {
				save = func(path string, f *checkpoint.File) error { return checkpoint.SaveNPZ(path, f.Tensors) }
			}
			if err := save(out, mod.Export()); err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"file": out, "parameters": layers.Size(mod.Trunk)})
			}
			say(os.Stdout, "%s: %s, %d parameters", out, mod.Trunk.Name, layers.Size(mod.Trunk))
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "safetensors", "safetensors or npz")
	cmd.Flags().StringVar(&out, "out", "", "file to write; default trunk.safetensors or trunk.npz, of word vectors vectors.txt")
	return cmd
}
