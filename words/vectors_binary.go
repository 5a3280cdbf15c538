package words

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// loadBinary reads word2vec's binary form, whose first line takes skip bytes: a word, a space, and its values as float32, little-endian. The C tool
// writes a newline after the values, gensim none: a word does not begin with one.
func (in *input) loadBinary(o LoadOptions, words, dim, skip int) (*Vectors, error) {
	want, known, err := in.announced(o, words, dim, 4*dim+2)
	if err != nil {
		return nil, err
	}
	f, err := in.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &binaryReader{r: bufio.NewReaderSize(f, 1<<18), at: int64(skip)}
	if _, err := r.r.Discard(skip); err != nil {
		return nil, in.readError(err)
	}
	b := newBuilder(dim, want, known)
	for i := range want {
		word, err := r.word()
		if err == nil {
			// the word lies in the reader's memory until the next read
			r.name = append(r.name[:0], word...)
			x := b.room(1)
			if err = r.values(x); err == nil {
				if err := b.keep(r.name, x); err != nil {
					return nil, fmt.Errorf("vector %d: %w", i+1, err)
				}
				continue
			}
		}
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("line 1 announces %d vectors of %d values, the file ends in vector %d", words, dim, i+1)
		}
		return nil, in.readError(err)
	}
	if want == words {
		if rest, err := r.r.Peek(2); len(bytes.Trim(rest, "\n")) > 0 || len(rest) > 1 {
			return nil, fmt.Errorf("line 1 announces %d vectors of %d values; byte %d, behind the last, is one too many", words, dim, r.at)
		} else if err != nil && !errors.Is(err, io.EOF) {
			return nil, in.readError(err)
		}
	}
	return b.vectors()
}

// binaryReader reads words and values.
type binaryReader struct {
	r    *bufio.Reader
	at   int64 // byte of the file
	name []byte
}

// word reads up to a space, which is left out with what newlines come first.
func (r *binaryReader) word() ([]byte, error) {
	for {
		c, err := r.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if c != '\n' {
			r.r.UnreadByte()
			break
		}
		r.at++
	}
	b, err := r.r.Peek(maxLetter + 1)
	end := bytes.IndexByte(b, ' ')
	switch {
	case end >= 0 && bytes.IndexByte(b[:end], 0) >= 0, end < 0 && len(b) > maxLetter:
		return nil, fmt.Errorf("byte %d: a word should begin here and does not; the vectors have not as many values as line 1 says, or the file is damaged", r.at)
	case end < 0:
		return nil, err
	}
	r.at += int64(end) + 1
	_, err = r.r.Discard(end + 1)
	return b[:end], err
}

// values reads numbers.
func (r *binaryReader) values(x []float32) error {
	for len(x) > 0 {
		n := min(len(x), 1<<12)
		b, err := r.r.Peek(4 * n)
		if err != nil {
			return err
		}
		for i := range x[:n] {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		r.at += int64(4 * n)
		if _, err := r.r.Discard(4 * n); err != nil {
			return err
		}
		x = x[n:]
	}
	return nil
}

// writeBinary writes word2vec's binary form as the C tool does, with a newline after each vector.
func writeBinary(w io.Writer, v *Vectors) error {
	b := fmt.Appendf(nil, "%d %d\n", len(v.Words), v.Dim)
	for i, word := range v.Words {
		b = append(append(b, word...), ' ')
		for _, x := range v.Vector(i) {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		b = append(b, '\n')
		if len(b) > 1<<18 || i == len(v.Words)-1 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	return nil
}
