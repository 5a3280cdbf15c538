package words

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/tessera-go/tessera/simd"
)

// Vectors are the vectors of words, of the most frequent ones first where they come from a training.
type Vectors struct {
	Words  []string
	Dim    int       // values of a vector
	Data   []float32 // [len(Words) Dim]
	Counts []int64   // of each word in the text; nil where unknown
	Notes  []string  // what Load changed: words left out or mended
	// Compose returns the vector of a word that has none of its own, or nil; it is nil where there are no parts of words.
	Compose func(word string) []float32

	index index
	unmap func() error
}

// NewVectors returns vectors [len(words) dim] with their words. Of a word that comes twice Index finds the first.
func NewVectors(words []string, dim int, data []float32) *Vectors {
	if dim < 1 || len(data) != len(words)*dim {
		panic(fmt.Sprintf("words.NewVectors: %d words of %d values want %d numbers, there are %d", len(words), dim, len(words)*dim, len(data)))
	}
	v := &Vectors{Words: words, Dim: dim, Data: data}
	for i := range words {
		v.index.add(words[:i+1])
	}
	return v
}

// Index returns a word's number, and whether it is there.
func (v *Vectors) Index(word string) (int, bool) {
	if len(v.index.slots) == 0 {
		return 0, false
	}
	_, id := v.index.find(v.Words, word)
	return id, id >= 0
}

// Vector returns the vector of word i, not a copy of it.
func (v *Vectors) Vector(i int) []float32 { return v.Data[i*v.Dim : (i+1)*v.Dim : (i+1)*v.Dim] }

// Close gives back the memory of a file that Load mapped; Data must not be used after it. Other vectors need none.
func (v *Vectors) Close() error {
	if v.unmap == nil {
		return nil
	}
	unmap := v.unmap
	v.unmap, v.Data = nil, nil
	return unmap()
}

// index finds words by an open hash of their numbers plus one; 0 is an empty slot. The words themselves stay where they are.
type index struct {
	seed  maphash.Seed
	slots []int32
	used  int
}

// find returns the slot of a word and its number, or the slot where it belongs and -1.
func (x *index) find(words []string, word string) (slot, id int) {
	mask := len(x.slots) - 1
	for i := int(maphash.String(x.seed, word)) & mask; ; i = (i + 1) & mask {
		if id := int(x.slots[i]) - 1; id < 0 || words[id] == word {
			return i, id
		}
	}
}

// add adds the last of the words, and tells whether it is a new one.
func (x *index) add(words []string) bool {
	if 2*x.used >= len(x.slots) {
		x.grow(words[:len(words)-1])
	}
	slot, id := x.find(words, words[len(words)-1])
	if id >= 0 {
		return false
	}
	x.slots[slot] = int32(len(words))
	x.used++
	return true
}

func (x *index) grow(words []string) {
	old := x.slots
	if old == nil {
		x.seed = maphash.MakeSeed()
	}
	x.slots = make([]int32, max(2*len(old), 64))
	for _, s := range old {
		if s > 0 {
			slot, _ := x.find(words, words[s-1])
			x.slots[slot] = s
		}
	}
}

// Limits of what is read.
const (
	maxDim    = 1 << 16   // values of a vector
	maxWords  = 1<<31 - 2 // words
	maxLetter = 1000      // bytes of a word in a binary file
)

// builder makes vectors of words that come one after the other.
type builder struct {
	v       *Vectors
	want    int // words that are to come at most
	twice   examples
	invalid examples
	spaced  examples
}

// examples are words of which a note is made.
type examples struct {
	n     int
	words []string
}

func (e *examples) add(word string) {
	if e.n++; e.n <= 5 {
		e.words = append(e.words, word)
	}
}

func (e *examples) note(v *Vectors, one, more string) {
	if e.n == 0 {
		return
	}
	list := make([]string, len(e.words))
	for i, w := range e.words {
		list[i] = fmt.Sprintf("%.100q", w)
	}
	text := more
	if e.n == 1 {
		text = one
	}
	s := fmt.Sprintf("%d %s: %s", e.n, text, strings.Join(list, ", "))
	if e.n > len(e.words) {
		s += ", ..."
	}
	v.Notes = append(v.Notes, s)
}

// newBuilder expects want words; all is whether the room for all of them is taken at once. Otherwise a sixteenth of them must have come
// first: a file that claims too much does not cost what it claims, and an honest one no more than a seventeenth.
func newBuilder(dim, want int, all bool) *builder {
	b := &builder{v: &Vectors{Dim: dim}, want: want}
	room := want
	if !all {
		room = min(want, max(1, 1<<14/dim))
	}
	b.v.Data = make([]float32, 0, room*dim)
	return b
}

// room returns the memory of the next k vectors, of those wanted.
func (b *builder) room(k int) []float32 {
	v := b.v
	at, n := len(v.Words)*v.Dim, k*v.Dim
	if at+n > cap(v.Data) {
		size, all := 16*(at+n), b.want*v.Dim
		if size >= all {
			size = all
		} else {
			size = max(min(size, all/16), at+n) // so that the step to all of it comes next
		}
		more := make([]float32, at, size)
		copy(more, v.Data[:at])
		v.Data = more
	}
	return v.Data[at : at+n : at+n]
}

// keep adds a word with its vector, which may stand where room said, there or further back.
func (b *builder) keep(word []byte, x []float32) error {
	v := b.v
	if !utf8.Valid(word) {
		word = []byte(strings.ToValidUTF8(string(word), "\ufffd"))
		b.invalid.add(string(word))
	}
	if len(word) == 0 {
		return errors.New("there is no word before the numbers")
	}
	if s := simd.SumSquares(x); s-s != 0 {
		if err := finite(x); err != nil {
			return fmt.Errorf("the vector of %.100q: %w", word, err)
		}
	}
	v.Words = append(v.Words, string(word))
	if !v.index.add(v.Words) {
		v.Words = v.Words[:len(v.Words)-1]
		b.twice.add(string(word))
		return nil
	}
	at := (len(v.Words) - 1) * v.Dim
	if v.Data = v.Data[:at+v.Dim]; &v.Data[at] != &x[0] {
		copy(v.Data[at:], x)
	}
	return nil
}

// finite returns an error that names the first value that is no number.
func finite(x []float32) error {
	for j, f := range x {
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return fmt.Errorf("value %d is %g; wanted are finite numbers of 32 bits", j+1, f)
		}
	}
	return nil
}

// vectors returns what was kept, with notes.
func (b *builder) vectors() (*Vectors, error) {
	if len(b.v.Words) == 0 {
		return nil, errors.New("there is no vector in it")
	}
	b.twice.note(b.v, "word comes again, its first vector is kept", "words come again, their first vectors are kept")
	b.invalid.note(b.v, "word is no UTF-8, what is wrong in it is replaced by U+FFFD", "words are no UTF-8, what is wrong in them is replaced by U+FFFD")
	b.spaced.note(b.v, "word has a space", "words have spaces")
	return b.v, nil
}
