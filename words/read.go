package words

import (
	"fmt"
	"io"
)

// Texts are documents that can be read again and again, from their beginnings. An error of one says which it is.
type Texts interface {
	Len() int
	Open(i int) (io.ReadCloser, error)
}

// CountAll counts the words of texts. It returns notes of what was left out or cut, a line each.
func (c *Counting) CountAll(texts Texts) (notes []string, err error) {
	var invalid, long, nuls int64
	for i := range texts.Len() {
		r, err := texts.Open(i)
		if err != nil {
			return nil, err
		}
		s := NewScanner(r)
		err = c.CountFrom(s)
		r.Close()
		if err != nil {
			return nil, err
		}
		invalid, long, nuls = invalid+s.Invalid, long+s.Long, nuls+s.NULs
	}
	for _, n := range []struct {
		count int64
		what  string
	}{{invalid, "words have bytes that are no UTF-8, and are left out"}, {long, "words are longer than 100 bytes, and are cut there"},
		{nuls, "bytes are zero, and count as spaces"}, {c.Forgotten, fmt.Sprintf("times a rare word was forgotten, for at most %d different ones are counted at once", c.Most)}} {
		if n.count > 0 {
			notes = append(notes, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	return notes, nil
}

// Known returns how many words of texts a vocabulary has.
func (v *Vocabulary) Known(texts Texts) (n int64, err error) {
	r := NewReader(texts, v)
	defer r.Close()
	var buf []int32
	for {
		var k int
		if buf, k = r.Next(buf[:0], 1<<16); k == 0 {
			return n, r.Err()
		}
		n += int64(k)
	}
}

// Reader reads texts as the numbers that a vocabulary has for their words; words that it does not have are passed over.
type Reader struct {
	texts Texts
	v     *Vocabulary
	next  int // document
	in    io.ReadCloser
	scan  *Scanner
	buf   [4096]int32
	ahead []int32 // of buf
	err   error
}

// NewReader reads texts from their beginning.
func NewReader(texts Texts, v *Vocabulary) *Reader { return &Reader{texts: texts, v: v} }

// Err returns why the last Next had no more words, nil at the end.
func (r *Reader) Err() error { return r.err }

// Close closes what is open.
func (r *Reader) Close() {
	if r.in != nil {
		r.in.Close()
		r.in = nil
	}
}

// Next adds the next n words to dst, fewer at the end of the texts, with -1 where a line or a text ends between them, and returns how many words those are.
func (r *Reader) Next(dst []int32, n int) (text []int32, words int) {
	for words < n && r.err == nil {
		if len(r.ahead) == 0 && !r.more() {
			break
		}
		k := 0
		for ; k < len(r.ahead) && words < n; k++ {
			if r.ahead[k] >= 0 {
				words++
			}
		}
		dst = append(dst, r.ahead[:k]...)
		r.ahead = r.ahead[k:]
	}
	return dst, words
}

// more reads ahead; false where there is nothing more.
func (r *Reader) more() bool {
	for {
		if r.in == nil {
			if r.next == r.texts.Len() {
				return false
			}
			if r.in, r.err = r.texts.Open(r.next); r.err != nil {
				r.in = nil
				return false
			}
			r.next++
			r.scan = NewScanner(r.in)
		}
		k := r.scan.Read(r.v, r.buf[:len(r.buf)-1])
		if k == len(r.buf)-1 {
			r.ahead = r.buf[:k]
			return true
		}
		r.err = r.scan.Err()
		if r.Close(); r.err != nil {
			return false
		}
		if k > 0 {
			r.buf[k] = -1
			r.ahead = r.buf[:k+1]
			return true
		}
	}
}
