// Package words learns vectors of words from running text, reads and writes them, and asks them questions.
package words

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// Vocabulary are the words of a text that come often enough, the most frequent first.
type Vocabulary struct {
	Words  []string
	Counts []int64 // of each word
	Total  int64   // words of the text, those too rare included
	Rare   int64   // different words that are too rare
	Lines  int64   // ends of lines

	index table
}

// Index returns a word's number, -1 for a word that is not there.
func (v *Vocabulary) Index(word []byte) int32 {
	if len(v.index.slots) == 0 || len(word) == 0 {
		return -1
	}
	return v.index.find(keyOf(word), word).id - 1
}

// Kept returns how many of the text's words are words of the vocabulary.
func (v *Vocabulary) Kept() int64 {
	var n int64
	for _, c := range v.Counts {
		n += c
	}
	return n
}

// build makes the index of the words.
func (v *Vocabulary) build() {
	v.index = tableFor(len(v.Words))
	for _, w := range v.Words {
		k := keyOf([]byte(w))
		v.index.add(v.index.find(k, []byte(w)), k, []byte(w))
	}
}

// Counting counts words.
type Counting struct {
	// Most is how many different words are held, 0 for all. Where there would be more, the rarest are forgotten, as the C tool does
	// (ReduceVocab): those that came once, then those that came twice, and so on until half of the room is free. A word that comes again after
	// it was forgotten is counted from the beginning.
	Most int

	Total     int64 // words
	Lines     int64 // ends of lines, where Count counts
	Forgotten int64 // how often a word was forgotten

	t     table
	wraps map[int32]int64 // what the slots of some ids do not hold: multiples of 2^32
	least int64           // words counted up to so often were forgotten
}

// Add counts a word.
func (c *Counting) Add(word []byte) {
	if len(word) > 0 {
		c.add(keyOf(word), word, func([]byte) bool { return true })
	}
}

// add counts a word, which may be a new one; valid says whether a new one counts.
func (c *Counting) add(k key, word []byte, valid func([]byte) bool) {
	if c.t.slots == nil {
		c.t = tableFor(1 << 12)
	}
	s := c.t.find(k, word)
	if s.id == 0 {
		if !valid(word) {
			return
		}
		if c.Most > 0 && len(c.t.ends) >= c.Most {
			c.forget()
			s = c.t.find(k, word)
		}
		s = c.t.add(s, k, word)
	}
	c.Total++
	if s.n++; s.n == 0 {
		c.wrap(s.id, 1<<32)
	}
}

// wrap notes what a slot does not hold of a count.
func (c *Counting) wrap(id int32, by int64) {
	if c.wraps == nil {
		c.wraps = map[int32]int64{}
	}
	c.wraps[id] += by
}

// counts returns how often each word came, in the order in which they first did.
func (c *Counting) counts() []int64 {
	out := make([]int64, len(c.t.ends))
	for _, s := range c.t.slots {
		if s.id != 0 {
			out[s.id-1] = int64(s.n) + c.wraps[s.id]
		}
	}
	return out
}

// forget drops the rarest words until a half of the room is free.
func (c *Counting) forget() {
	counts := c.counts()
	rank := slices.Sorted(slices.Values(counts))
	c.least = max(c.least+1, rank[len(rank)-1-c.Most/2])
	left := 0
	for _, n := range counts {
		if n > c.least {
			left++
		}
	}
	c.Forgotten += int64(len(counts) - left)
	old := c.t
	c.t, c.wraps = tableFor(left), nil
	for i, n := range counts {
		if n > c.least {
			w := old.word(int32(i + 1))
			k := keyOf(w)
			s := c.t.add(c.t.find(k, w), k, w)
			s.n = uint32(n)
			if n > math.MaxUint32 {
				c.wrap(s.id, n-int64(s.n))
			}
		}
	}
}

// Count counts the words of a stream.
func (c *Counting) Count(r io.Reader) error { return c.CountFrom(NewScanner(r)) }

// CountFrom counts the words that a scanner has yet to give; the scanner tells what was left out.
func (c *Counting) CountFrom(s *Scanner) error {
	if c.t.slots == nil {
		c.t = tableFor(1 << 12)
	}
	valid := s.valid
	for s.next < len(s.tokens) || s.ahead() {
		tokens, slots, shift := s.tokens[s.next:], c.t.slots, c.t.shift
		for i := range tokens {
			k := &tokens[i]
			if at := &slots[k.hash()>>(shift&63)&uint64(len(slots)-1)]; (at.a^k.a)|(at.b^k.b) == 0 && byte(k.a) != 0 {
				c.Total++
				if at.n++; at.n == 0 {
					c.wrap(at.id, 1<<32)
				}
			} else if k.a|k.b == 0 {
				c.Lines++
				s.Lines++
			} else {
				c.add(k.key, s.text(k), valid)
				slots, shift = c.t.slots, c.t.shift
			}
		}
		s.next += len(tokens)
		s.at = int(tokens[len(tokens)-1].to)
	}
	return s.Err()
}

// Vocabulary returns the words that were counted least times, the most frequent first, equally frequent ones as they first came; most keeps
// that many, 0 all. It says what is missing where none is left.
func (c *Counting) Vocabulary(least int64, most int) (*Vocabulary, error) {
	counts := c.counts()
	order := make([]int32, 0, len(counts))
	for i, n := range counts {
		if n >= least {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(counts[b], counts[a]) })
	if most > 0 && len(order) > most {
		order = order[:most]
	}
	if len(order) == 0 {
		return nil, fmt.Errorf("no word comes %d times: the text has %d words, %d different ones", least, c.Total, len(counts))
	}
	v := &Vocabulary{Total: c.Total, Lines: c.Lines, Rare: int64(len(counts) - len(order))}
	for _, i := range order {
		v.Words = append(v.Words, string(c.t.word(i+1)))
		v.Counts = append(v.Counts, counts[i])
	}
	v.build()
	return v, nil
}
