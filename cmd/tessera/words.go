package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/words"
)

// loadWords returns the word vectors of a run or a file, and says what was changed in reading them.
func loadWords(name string, limit int) (*recipe.WordModel, error) {
	if limit < 0 {
		return nil, usage("--limit %d: want at least 1, or 0 for all", limit)
	}
	m, err := recipe.LoadWords(name, words.LoadOptions{Limit: limit})
	if errors.Is(err, recipe.ErrNothing) {
		return nil, usage("%v; want a RUN of word2vec or a file of word vectors", err)
	}
	if err != nil {
		return nil, err
	}
	for _, note := range m.Notes {
		say(os.Stderr, "%s", note)
	}
	return m, nil
}

func newNearest(g *global) *cobra.Command {
	var k, limit int
	cmd := &cobra.Command{
		Use:   "nearest RUN|FILE WORD...",
		Short: "show the words that are nearest to a word, or to a sum of words",
		Long: `Nearest lists words by the cosine of their vectors with a word's, or with a sum of words:

  tessera nearest runs/word2vec-seed1 king
  tessera nearest runs/word2vec-seed1 king - man + woman
  tessera nearest GoogleNews-vectors-negative300.bin.gz --limit 200000 Berlin

What is asked is a RUN of word2vec, or a FILE of vectors: word2vec's text or binary form, GloVe's text, either
of them compressed, .npy or .safetensors with the words beside it in FILE.vocab.txt. The words of a sum are no
answers to it; a run with subwords has vectors for words that it has never seen.`,
		Args: func(_ *cobra.Command, a []string) error {
			if len(a) < 2 {
				return usage("want a RUN or a FILE of vectors, and a WORD or a sum such as: king - man + woman")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, a []string) error {
			if k < 1 {
				return usage("--k %d: want at least 1", k)
			}
			m, err := loadWords(a[0], limit)
			if err != nil {
				return err
			}
			space := words.NewSpace(m.Vectors)
			q, err := space.Query(strings.Join(a[1:], " "))
			if err != nil {
				return err
			}
			near := space.Nearest(q.Vector, k, q.Words...)
			if g.json {
				type word struct {
					Word   string  `json:"word"`
					Cosine float32 `json:"cosine"`
				}
				list := []word{}
				for _, n := range near {
					list = append(list, word{n.Word, n.Cosine})
				}
				return printJSON(map[string]any{"nearest": list})
			}
			for _, n := range near {
				fmt.Printf("%.4f  %s\n", n.Cosine, n.Word)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&k, "k", 10, "words to list")
	f.IntVar(&limit, "limit", 0, "only the first so many vectors of the file, which are those of the most frequent words; 0 means all")
	return cmd
}

// exportWords writes the vectors of a run or a file as the ending of out says.
func exportWords(g *global, name, out string) error {
	if out == "" {
		out = "vectors.txt"
	}
	m, err := loadWords(name, 0)
	if err != nil {
		return err
	}
	if err := words.Save(out, m.Vectors); err != nil {
		return err
	}
	if g.json {
		return printJSON(map[string]any{"file": out, "words": len(m.Words), "dim": m.Dim})
	}
	say(os.Stdout, "%s: %d words, vectors of %d values", out, len(m.Words), m.Dim)
	return nil
}
