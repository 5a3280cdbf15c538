package words

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// TestSimilarity: the correlations are those of gensim's evaluate_word_pairs.
func TestSimilarity(t *testing.T) {
	r := readReference(t)
	s := NewSpace(load(t, "testdata/gensim.bin"))
	pairs, err := LoadPairs("testdata/pairs.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]PairOptions{"default": {}, "case": {MatchCase: true}, "restrict": {Restrict: 30}, "unknown": {CountUnknown: true}} {
		got, err := s.Similarity(pairs, o)
		want := r.Similarity[name]
		if err != nil {
			t.Fatal(err)
		}
		unknown := 100 * float64(got.Skipped) / float64(got.Asked+got.Skipped)
		if name == "unknown" {
			unknown = 100 / float64(got.Asked)
		}
		if math.Abs(got.Pearson-want.Pearson) > 1e-6 || math.Abs(got.Spearman-want.Spearman) > 1e-9 || math.Abs(unknown-want.Unknown) > 1e-9 {
			t.Errorf("%s: %+v, %g %% unknown, gensim has %+v", name, got, unknown, want)
		}
	}
	for want, p := range map[string][]Pair{"0 of 1 pairs": {{"no", "such", 1}}, "scores of all 2 pairs are 3": {{"he", "she", 3}, {"king", "he", 3}}, "they follow nothing": {{"he", "she", 3}, {"she", "he", 4}}} {
		if _, err := s.Similarity(p, PairOptions{}); !fuzzing.OneLine(t, err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestRanks: ties share their mean, as scipy's rankdata and spearmanr have it.
func TestRanks(t *testing.T) {
	r := readReference(t).Ranks
	if got := ranks(r.Y); !slices.Equal(got, r.Average) {
		t.Errorf("%v, want %v", got, r.Average)
	}
	if got := stat.Correlation(ranks(r.X), ranks(r.Y), nil); math.Abs(got-r.Spearman) > 1e-12 {
		t.Errorf("%g, want %g", got, r.Spearman)
	}
	if got := stat.Correlation(r.X, r.Y, nil); math.Abs(got-r.Pearson) > 1e-12 {
		t.Errorf("%g, want %g", got, r.Pearson)
	}
}

func TestReadPairs(t *testing.T) {
	for text, want := range map[string]string{
		"# c\nword1\tword2\tscore\nnew york\tcity\t5.5\r\na b\tc\t-1": "[{new york city 5.5} {a b c -1}]",
		"Word 1,Word 2,Human (mean)\ntiger, cat ,7.35\n":              "[{tiger cat 7.35}]",
		"\ufeff  a  b 1e1 \n\n c d 2":                                 "[{a b 10} {c d 2}]",
	} {
		if got, err := ReadPairs(strings.NewReader(text)); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v, want %s", got, err, want)
		}
	}
	for text, want := range map[string]string{"": "no pairs", "a b c\n": "no pairs", "a b 1\nc d e\n": `line 2: "e" is no number`, "a b 1\nc d\n": "line 2: \"c d\" has 2 columns", "a,b,1,2\n": "4 columns",
		"a b nan\n": "is no number", ",b,1\n": "lacks a word", "a b \xff": "line 1 is no text", "word1 word2 POS SimLex999\nold new A 1.58": "4 columns"} {
		if p, err := ReadPairs(strings.NewReader(text)); !fuzzing.OneLine(t, err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, p, err, want)
		}
	}
	if _, err := LoadPairs("testdata/questions.txt"); err == nil || !strings.Contains(err.Error(), "questions.txt: line") {
		t.Error(err)
	}
	if _, err := LoadPairs("testdata/none"); err == nil {
		t.Error("no file is read")
	}
}

// FuzzPairs: pairs have two words and a number, and their correlations are within bounds.
func FuzzPairs(f *testing.F) {
	s := NewSpace(load(f, "testdata/gensim.bin"))
	seeds := append(seedFiles(f, "pairs.tsv", "questions.txt"), []byte("king,queen,1e308\nhe,she,-1e99\nhe,king,0\n"), []byte("# x\na b c\nhe she 1\nking he 2"))
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		var pairs []Pair
		var err error
		fuzzing.Memory(t, 2<<20+256*len(b), func() { pairs, err = ReadPairs(bytes.NewReader(b)) })
		if fuzzing.OneLine(t, err) {
			return
		}
		for _, p := range pairs {
			if p.A == "" || p.B == "" || math.IsNaN(p.Score) || math.IsInf(p.Score, 0) {
				t.Fatalf("%+v", p)
			}
		}
		r, err := s.Similarity(pairs, PairOptions{CountUnknown: len(b)%2 == 0})
		if !fuzzing.OneLine(t, err) && (r.Asked+r.Skipped != len(pairs) || !(math.Abs(r.Spearman) <= 1+1e-9) || !(math.Abs(r.Pearson) <= 1+1e-9)) {
			t.Fatalf("%+v of %d pairs", r, len(pairs))
		}
	})
}
