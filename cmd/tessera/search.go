package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/recipe"
)

// What search draws at most.
const shownGroups, shownOfGroup = 50, 12

func newSearch(g *global) *cobra.Command {
	var m modelFlags
	var s recipe.Searching
	var e evalFlags
	var out string
	var duplicates bool
	threshold := 0.95
	cmd := &cobra.Command{
		Use:   "search RUN|random|FILE.safetensors [QUERY...]",
		Short: "find pictures like others, and near-duplicates",
		Long: `Search finds what of an index is nearest to a QUERY, a picture's file or the name of a row of the index, by the
cosine of features. An index is a file that tessera embed wrote; where it is not there, it is made of --data. It
must be of the same weights.

  tessera search RUN new.jpg --index photos.npy --data folder:photos
  tessera search RUN new.jpg other.jpg --index photos.npy --out found.png

Every row is compared. Among very many rows, for many queries, --approximate puts them into cells and looks into
those near a query; it says what part of the nearest that finds. FILE.cells.safetensors beside the index keeps the
cells. Options:

` + approximateOptions() + `
  tessera search RUN queries/*.jpg --index photos.npy --approximate ivf

With --duplicates it lists groups of samples that are nearly the same, and how many of them are exact copies by
their content. Similarities are then seen from the mean of all. Nothing is ever removed.

  tessera search RUN --duplicates --index photos.npy --threshold 0.95`,
		Args: func(_ *cobra.Command, a []string) error {
			if len(a) < 1 {
				return usage("want one RUN, random or FILE.safetensors")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, a []string) error {
			switch {
			case s.Index == "":
				return usage("--index is needed: a file that tessera embed wrote, or one to make of --data")
			case duplicates && len(a) > 1:
				return usage("--duplicates compares the rows of the index: there is no QUERY beside it")
			case !duplicates && len(a) < 2:
				return usage("want a QUERY, or --duplicates")
			case duplicates && cmd.Flags().Changed("k"):
				return usage("--k is of a QUERY; --duplicates lists all above --threshold")
			case !duplicates && cmd.Flags().Changed("threshold"):
				return usage("--threshold is of --duplicates")
			}
			if out != "" {
				if err := recipe.CheckSheet(out); err != nil {
					return err
				}
			}
			mod, err := m.load(g, a[0])
			if err != nil {
				return err
			}
			if duplicates {
				return findDuplicates(cmd.Context(), g, mod, s, &e, threshold, out)
			}
			return search(cmd.Context(), g, mod, s, &e, a[1:], out)
		},
	}
	m.add(cmd)
	f := cmd.Flags()
	f.StringVar(&s.Index, "index", "", "file of features: .npy, .csv or .parquet, with what stands beside it")
	f.StringVar(&s.Data, "data", "", "what to make the index of, where it is not there: kind:path?option=value")
	f.IntVar(&s.K, "k", 8, "how many are found for each query")
	f.StringVar(&s.Approximate, "approximate", "", "compare with rows in some cells only: ivf?option=value")
	f.StringVar(&out, "out", "", "picture to draw what is found to, .png")
	f.BoolVar(&duplicates, "duplicates", false, "list samples of the index that are nearly the same")
	f.Float64Var(&threshold, "threshold", threshold, "of duplicates: the least cosine, seen from the mean of all, of samples that are the same")
	f.Float64Var(&e.maxBad, "max-bad", 0.01, "part of the images that may be broken, 0 to 1; 0 means none, else at least one")
	return cmd
}

func approximateOptions() string {
	var b strings.Builder
	listOptionsTo(&b, recipe.ApproximateOptions, 2)
	return b.String()
}

// opened returns the index, and who tells how far it is.
func opened(ctx context.Context, mod *recipe.Model, s recipe.Searching, e *evalFlags) (*recipe.Index, *teller, error) {
	t := newTeller("features")
	s.Eval, s.Say = e.options(t), t.say
	x, err := mod.OpenIndex(ctx, s)
	t.end()
	return x, t, err
}

// search writes what of an index is nearest to queries.
func search(ctx context.Context, g *global, mod *recipe.Model, s recipe.Searching, e *evalFlags, queries []string, out string) error {
	x, t, err := opened(ctx, mod, s, e)
	if err != nil {
		return err
	}
	defer t.end()
	found, err := x.Search(ctx, queries, s.K)
	if err != nil {
		return err
	}
	t.end()
	if out != "" {
		sheet, gone, err := x.Sheet(found)
		if err := drawn(out, sheet, gone, err); err != nil {
			return err
		}
	}
	if g.json {
		return printJSON(withApproximation(map[string]any{"index": s.Index, "found": found}, x))
	}
	for _, f := range found {
		fmt.Println(f.Query)
		for _, n := range f.Near {
			fmt.Printf("  %.4f  %s\n", n.Similarity, n.Name)
		}
	}
	sayApproximation(x)
	return nil
}

// withApproximation adds to what is told as JSON how it was found, where that was approximate.
func withApproximation(told map[string]any, x *recipe.Index) map[string]any {
	if x.Approximation != nil {
		told["approximate"] = x.Approximation
	}
	return told
}

// sayApproximation says what an approximate answer is worth.
func sayApproximation(x *recipe.Index) {
	if x.Approximation != nil {
		say(os.Stdout, "%s", x.Approximation)
	}
}

// drawn writes a sheet, and says what could not be shown.
func drawn(out string, sheet image.Image, gone int, err error) error {
	if err != nil {
		return err
	}
	if gone > 0 {
		say(os.Stderr, "%d pictures could not be shown: they are gone, or cannot be read", gone)
	}
	return recipe.SavePNG(out, sheet)
}

// findDuplicates writes groups of samples of an index that are nearly the same.
func findDuplicates(ctx context.Context, g *global, mod *recipe.Model, s recipe.Searching, e *evalFlags, threshold float64, out string) error {
	x, _, err := opened(ctx, mod, s, e)
	if err != nil {
		return err
	}
	groups, pairs, err := x.Duplicates(threshold)
	if err != nil {
		return err
	}
	if out != "" && len(groups) > 0 {
		some := groups[:min(len(groups), shownGroups)]
		if len(some) < len(groups) {
			say(os.Stderr, "%s shows the first %d of %d groups", out, len(some), len(groups))
		}
		sheet, gone, err := x.GroupSheet(some, shownOfGroup)
		if err := drawn(out, sheet, gone, err); err != nil {
			return err
		}
	}
	if g.json {
		if groups == nil {
			groups = []recipe.Group{}
		}
		return printJSON(withApproximation(map[string]any{"groups": groups, "pairs": pairs, "threshold": threshold, "rows": x.Rows()}, x))
	}
	most := 0
	for _, d := range groups {
		kind := "nearly the same"
		if d.Exact == len(d.Names) {
			kind = "exact copies"
		} else if d.Exact > 0 {
			kind = fmt.Sprintf("nearly the same, %d of them exact copies", d.Exact)
		}
		fmt.Printf("%d %s (%.4f)\n", len(d.Names), kind, d.Least)
		for _, name := range d.Names {
			fmt.Printf("  %s\n", name)
		}
		most = max(most, len(d.Names))
	}
	say(os.Stdout, "%d groups of %d samples, %d pairs of at least %g", len(groups), x.Rows(), pairs, threshold)
	sayApproximation(x)
	if most > x.Rows()/2 && most > 10 {
		say(os.Stderr, "one group has %d of %d samples: a larger --threshold tells them apart", most, x.Rows())
	}
	return nil
}
