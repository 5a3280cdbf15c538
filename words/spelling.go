package words

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tessera-go/tessera/internal/parallel"
)

// UnknownWordError says that a word has no vector.
type UnknownWordError struct {
	Word string
	Like []string // words that are spelled like it, the likeliest first
}

func (e *UnknownWordError) Error() string {
	s := fmt.Sprintf("%.100q has no vector", e.Word)
	switch n := len(e.Like); n {
	case 0:
		return s + ", and no word that is spelled like it has one"
	case 1:
		return s + "; did you mean " + e.Like[0] + "?"
	default:
		return s + "; did you mean " + strings.Join(e.Like[:n-1], ", ") + " or " + e.Like[n-1] + "?"
	}
}

func (s *Space) unknown(word string) *UnknownWordError {
	return &UnknownWordError{word, s.Like(word, 5)}
}

// longest is the most letters of a word that others are compared with.
const longest = 64

// Like returns up to k words that are spelled like a word: those that differ in capitals alone, then those one change away, then two (of words of
// four letters or more), in either case capitals left aside; among them as the words stand, frequent ones first. A change is a letter more, less, another
// one, or two neighbours that changed places (Damerau 1964; no letter is changed twice).
func (v *Vectors) Like(word string, k int) []string {
	a := folded(word, make([]rune, 0, longest))
	most := 2
	if len(a) < 4 {
		most = 1
	}
	if len(a) == 0 || len(a) > longest || k <= 0 {
		return nil
	}
	blocks := make([][3][]int, (len(v.Words)+nearBlock-1)/nearBlock)
	parallel.Chunks(len(v.Words), nearBlock, func(lo, hi int) {
		found := &blocks[lo/nearBlock]
		d := distance{a: a}
		b := make([]rune, 0, longest+3)
		for i := lo; i < hi; i++ {
			w := v.Words[i]
			// a letter has one byte to four
			if len(w) < len(a)-most || len(w) > utf8.UTFMax*(len(a)+most) || w == word {
				continue
			}
			if n := utf8.RuneCountInString(w); n < len(a)-most || n > len(a)+most {
				continue
			}
			b = folded(w, b)
			if n := d.to(b, most); n <= most && len(found[n]) < k {
				found[n] = append(found[n], i)
			}
		}
	})
	var out []string
	for n := range most + 1 {
		for _, b := range blocks {
			for _, i := range b[n] {
				if out = append(out, v.Words[i]); len(out) == k {
					return out
				}
			}
		}
	}
	return out
}

// folded returns a word's letters, small ones, in the memory of b.
func folded(word string, b []rune) []rune {
	b = b[:0]
	for _, r := range word {
		b = append(b, unicode.ToLower(r))
	}
	return b
}

// distance counts changes between words.
type distance struct {
	a    []rune
	rows [3][longest + 4]int
}

// to returns the changes from a to b, or more than most where they are more. Row i of the table has the changes from the first i letters of a to
// the first letters of b.
func (d *distance) to(b []rune, most int) int {
	if slices.Equal(d.a, b) {
		return 0
	}
	before, last, row := &d.rows[0], &d.rows[1], &d.rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i, x := range d.a {
		row[0] = i + 1
		least := row[0]
		for j, y := range b {
			n := last[j]
			if x != y {
				n = 1 + min(n, last[j+1], row[j])
				if i > 0 && j > 0 && x == b[j-1] && d.a[i-1] == y {
					n = min(n, before[j-1]+1)
				}
			}
			row[j+1] = n
			least = min(least, n)
		}
		if least > most+1 { // a change of places may go back over one row
			return least
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
