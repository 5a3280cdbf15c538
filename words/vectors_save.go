package words

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/tensor"
)

// Save writes vectors, whole or not at all, in the form that the ending says: .txt or .vec for word2vec's text, .bin for its binary form, each
// also with .gz or .zst behind, .npy or .safetensors for an array with its words, and their counts where they are known, in X.vocab.txt beside
// it. The forms of word2vec have no place for counts and for words with spaces.
func Save(path string, v *Vectors) error {
	if len(v.Words) == 0 {
		return fmt.Errorf("%s: there are no vectors to write", path)
	}
	plain, packed := path, ""
	for _, end := range []string{".gz", ".zst"} {
		if strings.HasSuffix(path, end) {
			plain, packed = strings.TrimSuffix(path, end), end
		}
	}
	ends := func(end string) bool { return strings.HasSuffix(strings.ToLower(plain), end) }
	write, apart := writeText, " \t\n\r"
	switch {
	case ends(".txt"), ends(".vec"):
	case ends(".bin"):
		write, apart = writeBinary, " \n\x00"
	case (ends(".npy") || ends(".safetensors")) && packed == "":
		write, apart = nil, "\n\r"
	default:
		return fmt.Errorf("%s: the ending should say the form: .txt or .vec (text) or .bin (binary), also with .gz or .zst behind, .npy or .safetensors", path)
	}
	if err := v.check(apart, write == nil, ends(".bin")); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if write != nil {
		return checkpoint.Atomic(path, func(w io.Writer) error { return writePacked(w, packed, v, write) })
	}
	if err := checkpoint.Atomic(vocabularyOf(path), func(w io.Writer) error { return writeVocabulary(w, v) }); err != nil {
		return err
	}
	x := &tensor.Tensor{Shape: []int{len(v.Words), v.Dim}, Data: v.Data}
	if ends(".npy") {
		return checkpoint.SaveNPY(path, x)
	}
	return checkpoint.Save(path, &checkpoint.File{Tensors: []checkpoint.Named{{Name: tensorName, Value: x}}})
}

// check returns an error where words or values cannot be written; apart are letters that would end a word, a list has its
// words alone in lines, and words may have to be short.
func (v *Vectors) check(apart string, list, short bool) error {
	counts := list && v.Counts == nil // whether every word ends as if with a count
	for i, w := range v.Words {
		switch at := strings.IndexAny(w, apart); {
		case w == "":
			return fmt.Errorf("word %d is empty", i+1)
		case !utf8.ValidString(w):
			return fmt.Errorf("word %d, %.100q, is no UTF-8", i+1, w)
		case short && len(w) > maxLetter:
			return fmt.Errorf("word %d, %.40q..., has %d bytes; the binary form takes %d", i+1, w, len(w), maxLetter)
		case at >= 0:
			other := ""
			if !list && !strings.ContainsAny(w, "\n\r") {
				other = "; .npy and .safetensors can hold it"
			}
			return fmt.Errorf("word %d, %.100q, has a %q, which this form cannot hold%s", i+1, w, w[at], other)
		}
		if err := finite(v.Vector(i)); err != nil {
			return fmt.Errorf("the vector of %.100q: %w", w, err)
		}
		_, _, ok := cutCount([]byte(w))
		counts = counts && ok
	}
	if counts {
		return fmt.Errorf("every word ends with a space and a number, as %.100q does, and would be read as a word and its count", v.Words[0])
	}
	return nil
}

func writePacked(w io.Writer, packed string, v *Vectors, write func(io.Writer, *Vectors) error) error {
	var z io.WriteCloser
	switch packed {
	case ".gz":
		z = gzip.NewWriter(w)
	case ".zst":
		e, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		z = e
	default:
		return write(w, v)
	}
	if err := write(z, v); err != nil {
		z.Close()
		return err
	}
	return z.Close()
}
