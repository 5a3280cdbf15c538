package words

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// Pair are two words and how alike people find them.
type Pair struct {
	A, B  string
	Score float64
}

// LoadPairs reads a file of pairs; see ReadPairs.
func LoadPairs(path string) ([]Pair, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := ReadPairs(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// ReadPairs reads lines of two words and a number, with tabs, commas or spaces between them. Empty lines, lines that begin with #, and a first line that
// names the columns are left out.
func ReadPairs(r io.Reader) ([]Pair, error) {
	var pairs []Pair
	first := true
	err := eachLine(r, func(line string) error {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			return nil
		}
		f := columns(line)
		score, err := 0.0, error(nil)
		if len(f) >= 3 {
			score, err = strconv.ParseFloat(f[2], 64)
		}
		head := first && len(f) >= 3 && err != nil
		first = false
		switch {
		case head:
			return nil
		case len(f) != 3:
			return fmt.Errorf("%.60q has %d columns; wanted are two words and a number, with tabs, commas or spaces between", line, len(f))
		case err != nil || !(math.Abs(score) < 1e100):
			return fmt.Errorf("%.40q is no number; wanted are two words and how alike they are", f[2])
		case f[0] == "" || f[1] == "":
			return fmt.Errorf("%.60q lacks a word", line)
		}
		pairs = append(pairs, Pair{f[0], f[1], score})
		return nil
	})
	if err == nil && len(pairs) == 0 {
		err = errors.New("there are no pairs in it; wanted are lines of two words and a number")
	}
	return pairs, err
}

// columns parts a line at tabs where it has some, otherwise at commas, otherwise at spaces.
func columns(line string) []string {
	for _, sep := range []string{"\t", ","} {
		if strings.Contains(line, sep) {
			f := strings.Split(line, sep)
			for i := range f {
				f[i] = strings.TrimSpace(f[i])
			}
			return f
		}
	}
	return strings.Fields(line)
}

// PairOptions choose which words count. The usual choice is that of gensim's evaluate_word_pairs.
type PairOptions struct {
	Restrict     int  // the first words alone; 0 means DefaultRestrict, a negative number all
	MatchCase    bool // words that differ in capitals are different words; otherwise the first of them counts for all
	CountUnknown bool // a pair with an unknown word counts with a cosine of 0; otherwise it is skipped
}

// PairScore is how far cosines follow what people say.
type PairScore struct {
	Spearman, Pearson float64 // correlations, -1 to 1: of ranks, and of the numbers
	Asked, Skipped    int     // pairs; those skipped have a word that is not there
}

// Similarity compares the cosines of pairs with people's scores. It is an error where there is nothing to compare.
func (s *Space) Similarity(pairs []Pair, o PairOptions) (*PairScore, error) {
	names := s.naming(o.Restrict, o.MatchCase)
	out := &PairScore{}
	var people, cosines []float64
	for _, p := range pairs {
		w, ok := names.find(p.A, p.B)
		c := 0.0
		switch {
		case ok:
			c = float64(s.Cosine(int(w[0]), int(w[1])))
		case !o.CountUnknown:
			out.Skipped++
			continue
		}
		people, cosines = append(people, p.Score), append(cosines, c)
	}
	out.Asked = len(people)
	switch {
	case out.Asked < 2:
		return nil, fmt.Errorf("%d of %d pairs have vectors for both words; a correlation takes two at least", out.Asked, len(pairs))
	case constant(people):
		return nil, fmt.Errorf("the scores of all %d pairs are %g: nothing can follow them", out.Asked, people[0])
	case constant(cosines):
		return nil, fmt.Errorf("the cosines of all %d pairs are %g: they follow nothing", out.Asked, cosines[0])
	}
	out.Pearson = stat.Correlation(people, cosines, nil)
	out.Spearman = stat.Correlation(ranks(people), ranks(cosines), nil)
	return out, nil
}

func constant(x []float64) bool { return slices.Min(x) == slices.Max(x) }

// ranks returns the place of each number among all from 1 on; equal ones share the mean of theirs.
func ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(x))
	for lo := 0; lo < len(x); {
		hi := lo + 1
		for hi < len(x) && x[order[hi]] == x[order[lo]] {
			hi++
		}
		for _, i := range order[lo:hi] {
			out[i] = float64(lo+hi+1) / 2
		}
		lo = hi
	}
	return out
}
