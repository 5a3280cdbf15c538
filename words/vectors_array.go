package words

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/tensor"
)

// tensorName is the tensor of a safetensors file that has the vectors.
const tensorName = "vectors"

// vocabularyOf returns the file of the words of an array.
func vocabularyOf(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".vocab.txt"
}

// loadNPY reads an array, or maps it, with the words beside it.
func (in *input) loadNPY(o LoadOptions) (*Vectors, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(in.r, 0, in.size), 1<<18)
	h, err := tensor.ReadNPYHead(r)
	if err != nil {
		return nil, err
	}
	if h.Type != "f2" && h.Type != "f4" && h.Type != "f8" {
		return nil, fmt.Errorf("an array of type %s; vectors are f2, f4 or f8", h.Type)
	}
	if err := isMatrix("the array", h.Shape); err != nil {
		return nil, err
	}
	rows, dim := h.Shape[0], h.Shape[1]
	if need := h.Bytes + int64(rows)*int64(dim)*int64(h.Width()); need != in.size {
		return nil, fmt.Errorf("an array of %d vectors of %d values takes %d bytes, the file has %d", rows, dim, need, in.size)
	}
	words, counts, err := loadVocabulary(vocabularyOf(in.path), rows, o.Limit)
	if err != nil {
		return nil, err
	}
	b := &builder{v: &Vectors{Dim: dim}}
	if h.Type == "f4" && in.file != nil {
		b.v.Data, b.v.unmap = mapped(in.file, h.Bytes, len(words)*dim)
	}
	if b.v.Data == nil {
		b.v.Data = make([]float32, len(words)*dim)
		if _, err := h.ReadValues(r, b.v.Data); err != nil {
			return nil, err
		}
	}
	v, err := b.rows(words, counts)
	if err != nil {
		b.v.Close()
	}
	return v, err
}

func (in *input) loadTensors(o LoadOptions) (*Vectors, error) {
	f, err := checkpoint.Read(in.r, in.size)
	if err != nil {
		return nil, err
	}
	x := f.Get(tensorName)
	if x == nil {
		names := make([]string, len(f.Tensors))
		for i, t := range f.Tensors {
			names[i] = strconv.Quote(t.Name)
		}
		return nil, fmt.Errorf("it has the tensors %.300s; wanted is %q", "["+strings.Join(names, " ")+"]", tensorName)
	}
	if err := isMatrix(`the tensor "vectors"`, x.Shape); err != nil {
		return nil, err
	}
	words, counts, err := loadVocabulary(vocabularyOf(in.path), x.Dim(0), o.Limit)
	if err != nil {
		return nil, err
	}
	b := &builder{v: &Vectors{Dim: x.Dim(1)}}
	b.v.Data = x.Data[:len(words)*x.Dim(1)]
	return b.rows(words, counts)
}

func isMatrix(what string, shape []int) error {
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > maxWords || shape[1] > maxDim {
		return fmt.Errorf("%s has shape %v; wanted are vectors, [V D], D up to %d", what, shape, maxDim)
	}
	return nil
}

// rows keeps the rows that are in the builder's Data already.
func (b *builder) rows(words [][]byte, counts []int64) (*Vectors, error) {
	v := b.v
	data := v.Data
	for i, w := range words {
		if err := b.keep(w, data[i*v.Dim:(i+1)*v.Dim]); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		if n := len(v.Words); counts != nil && n > len(v.Counts) {
			v.Counts = append(v.Counts, counts[i])
		}
	}
	return b.vectors()
}

// loadVocabulary reads the words of that many rows, up to a limit that is not 0.
func loadVocabulary(path string, rows, limit int) ([][]byte, []int64, error) {
	f, err := os.Open(path)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, nil, fmt.Errorf("its words are missing: beside it should be %s, one word a line", filepath.Base(path))
		}
		return nil, nil, err
	}
	defer f.Close()
	words, counts, err := readVocabulary(f, rows, limit)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return words, counts, nil
}

// readVocabulary reads a word a line, or a word and its count with a space between: counts they are where every line ends with one.
func readVocabulary(r io.Reader, rows, limit int) (words [][]byte, counts []int64, err error) {
	if limit == 0 {
		limit = rows
	}
	n, counted := 0, true
	var text []byte // in large pieces: there may be millions of words
	for l := newLines(r); ; {
		list, err := l.next(1 << 12)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		for _, line := range list {
			if n++; n == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			if n > min(rows, limit) {
				continue
			}
			if len(line) == 0 {
				return nil, nil, fmt.Errorf("line %d is empty, wanted is a word", n)
			}
			if cap(text)-len(text) < len(line) {
				text = make([]byte, 0, max(1<<12, len(line)))
			}
			text = append(text, line...)
			words = append(words, text[len(text)-len(line):])
			_, _, ok := cutCount(line)
			counted = counted && ok
		}
	}
	if n != rows {
		return nil, nil, fmt.Errorf("it has %d words for %d vectors", n, rows)
	}
	for i := 0; counted && i < len(words); i++ {
		word, c, _ := cutCount(words[i])
		words[i], counts = word, append(counts, c)
	}
	return words, counts, nil
}

// cutCount parts a line of a vocabulary.
func cutCount(line []byte) (word []byte, count int64, ok bool) {
	at := bytes.LastIndexByte(line, ' ')
	if at < 1 || !number(line[at+1:]) {
		return line, 0, false
	}
	c, err := strconv.ParseInt(string(line[at+1:]), 10, 64)
	return line[:at], c, err == nil
}

func writeVocabulary(w io.Writer, v *Vectors) error {
	b := bufio.NewWriterSize(w, 1<<16)
	for i, word := range v.Words {
		b.WriteString(word)
		if v.Counts != nil {
			b.WriteByte(' ')
			b.WriteString(strconv.FormatInt(v.Counts[i], 10))
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}
