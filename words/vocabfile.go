package words

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// lineEnd is what the C tool calls the end of a line.
const lineEnd = "</s>"

// mostWords is how many words a vocabulary that is read has at most.
const mostWords = 1 << 27

// Write writes a word and its count a line, as the C tool does (-save-vocab): first the ends of lines as </s>, which its -read-vocab takes the
// first line for whatever it says, then the words, the most frequent first.
func (v *Vocabulary) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(b, "%s %d\n", lineEnd, v.Lines)
	var number []byte
	for i, word := range v.Words {
		b.WriteString(word)
		number = append(strconv.AppendInt(append(number[:0], ' '), v.Counts[i], 10), '\n')
		b.Write(number)
	}
	return b.Flush()
}

// ReadVocabulary reads what Write or the C tool wrote, or the same without </s> in the first line. Words that are not the most frequent first
// are sorted, as the C tool does. What is not in the file is not known: Total is the words that are kept, Rare is 0. Errors name the line.
func ReadVocabulary(r io.Reader) (*Vocabulary, error) {
	v, index := &Vocabulary{}, tableFor(0)
	in := bufio.NewReaderSize(r, 1<<12)
	first := int64(1) // line of the first word
	for line := int64(1); ; line++ {
		text, err := in.ReadSlice('\n')
		if err == io.EOF && len(text) == 0 {
			break
		}
		long := err == bufio.ErrBufferFull
		if err != nil && err != io.EOF && !long {
			return nil, fmt.Errorf("vocabulary, line %d: %w", line, err)
		}
		word, count, err := vocabularyLine(text)
		if err == nil && long {
			err = fmt.Errorf("%.40q... goes on for more than %d bytes; want a word, a space and its count", text, len(text)-1)
		}
		if line == 1 && string(word) == lineEnd && err == nil {
			v.Lines, first = count, 2
			continue
		}
		k := keyOf(word)
		at := index.find(k, word)
		switch {
		case err != nil:
		case count == 0:
			err = fmt.Errorf("the word %q comes 0 times; want 1 or more", word)
		case count > math.MaxInt64-v.Total:
			err = errors.New("the counts up to here sum to more than 2^63-1")
		case len(v.Words) == mostWords:
			err = fmt.Errorf("there are more than %d words", mostWords)
		case at.id != 0:
			err = fmt.Errorf("the word %q has line %d already", word, first-1+int64(at.id))
		}
		if err != nil {
			return nil, fmt.Errorf("vocabulary, line %d: %w", line, err)
		}
		index.add(at, k, word)
		v.Words, v.Counts, v.Total = append(v.Words, string(word)), append(v.Counts, count), v.Total+count
	}
	if len(v.Words) == 0 {
		return nil, errors.New("the vocabulary has no words; want a word, a space and its count on each line")
	}
	v.sort()
	v.build()
	return v, nil
}

// vocabularyLine takes a line apart. Its newline is there, but for the last line and for one that is too long.
func vocabularyLine(line []byte) (word []byte, count int64, err error) {
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	i := bytes.LastIndexAny(line, " \t")
	if i < 0 || bytes.ContainsFunc(line[:i], func(r rune) bool { return r < utf8.RuneSelf && space(byte(r)) }) {
		return nil, 0, fmt.Errorf("%.40q; want a word, a space and its count", line)
	}
	word = line[:i]
	number := line[i+1:]
	switch count, err = strconv.ParseInt(string(number), 10, 64); {
	case err != nil || number[0] == '+' || number[0] == '-':
		return nil, 0, fmt.Errorf("the count %.40q; want a whole number of at most 2^63-1", number)
	case i == 0:
		return nil, 0, fmt.Errorf("%.40q has no word; want a word, a space and its count", line)
	case i > maxWord:
		return nil, 0, fmt.Errorf("the word %.40q... has %d bytes; want at most %d", word, i, maxWord)
	case !utf8.Valid(word):
		return nil, 0, fmt.Errorf("the word %q is not UTF-8", word)
	}
	return word, count, nil
}

// sort puts the most frequent words first, equally frequent ones as they are.
func (v *Vocabulary) sort() {
	if slices.IsSortedFunc(v.Counts, func(a, b int64) int { return cmp.Compare(b, a) }) {
		return
	}
	order := make([]int, len(v.Words))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v.Counts[b], v.Counts[a]) })
	words, counts := v.Words, v.Counts
	v.Words, v.Counts = make([]string, len(order)), make([]int64, len(order))
	for to, from := range order {
		v.Words[to], v.Counts[to] = words[from], counts[from]
	}
}
