package words

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/tessera-go/tessera/internal/parallel"
)

// maxLine is the longest line that is read, in bytes.
const maxLine = 4 << 20

// lines reads a stream in blocks of whole lines.
type lines struct {
	r    io.Reader
	buf  []byte
	at   int // what stands before it was handed out
	n    int // what is read
	err  error
	list [][]byte
}

func newLines(r io.Reader) *lines { return &lines{r: r, buf: make([]byte, 1<<18)} }

// next returns some lines, at most most, without their ends, in memory that the next call uses again; none at the end, with io.EOF.
func (l *lines) next(most int) ([][]byte, error) {
	for l.list = l.list[:0]; ; {
		for len(l.list) < most {
			end := bytes.IndexByte(l.buf[l.at:l.n], '\n')
			if end < 0 {
				break
			}
			l.list = append(l.list, bytes.TrimSuffix(l.buf[l.at:l.at+end], []byte("\r")))
			l.at += end + 1
		}
		switch {
		case len(l.list) > 0:
			return l.list, nil
		case l.err != nil && l.err != io.EOF:
			return nil, l.err
		case l.err != nil && l.at < l.n:
			l.list = append(l.list, bytes.TrimSuffix(l.buf[l.at:l.n], []byte("\r")))
			l.at = l.n
			return l.list, nil
		case l.err != nil:
			return nil, io.EOF
		}
		l.n = copy(l.buf, l.buf[l.at:l.n])
		l.at = 0
		if l.n == len(l.buf) {
			if l.n >= maxLine {
				return nil, errLine
			}
			l.buf = append(l.buf, make([]byte, len(l.buf))...)
		}
		for l.n < len(l.buf) && l.err == nil {
			var k int
			k, l.err = l.r.Read(l.buf[l.n:])
			l.n += k
		}
	}
}

var errLine = fmt.Errorf("a line is longer than %d bytes", maxLine)

// loadText reads text; words and dim are 0 where the first line does not tell.
func (in *input) loadText(o LoadOptions, words, dim int) (*Vectors, error) {
	head := dim > 0
	if !head {
		var err error
		if words, dim, err = in.measure(o.Limit); err != nil {
			return nil, err
		}
	}
	// a letter, an end of line, and for each value a space and a digit; the last line may lack its end, the first has one
	want, known, err := in.announced(o, words, dim, 2*dim+2)
	if err != nil && head {
		return nil, err
	}
	if err != nil { // some line is too short, and will be named
		want, known = words, false
	}
	r, err := in.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t := textReader{b: newBuilder(dim, want, known), lines: newLines(r), left: want}
	if head {
		if _, err := t.lines.next(1); err != nil {
			return nil, in.readError(err)
		}
		t.line++
	}
	for t.left > 0 {
		err := t.block()
		if errors.Is(err, io.EOF) {
			if head {
				return nil, fmt.Errorf("line 1 announces %d vectors, the file ends after %d", words, want-t.left)
			}
			break
		}
		if err != nil {
			return nil, in.lineError(t.line, err)
		}
	}
	if head && want == words { // nothing but empty lines may follow
		for {
			list, err := t.lines.next(1 << 10)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, in.lineError(t.line, err)
			}
			for i, l := range list {
				if !blank(l) {
					return nil, fmt.Errorf("line 1 announces %d vectors, line %d is one more", words, t.line+i+1)
				}
			}
			t.line += len(list)
		}
	}
	return t.b.vectors()
}

// measure returns how many lines a text has that are not empty, and how many values the first one has; it
// stops at a limit that is not 0.
func (in *input) measure(limit int) (words, dim int, err error) {
	r, err := in.open()
	if err != nil {
		return 0, 0, err
	}
	defer r.Close()
	n := 0
	for l := newLines(r); limit == 0 || words < limit; {
		list, err := l.next(1 << 16)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, in.lineError(n, err)
		}
		n += len(list)
		for _, line := range list {
			if dim == 0 {
				// the last fields that are numbers, all but the first field at most
				f := fields(bytes.TrimPrefix(line, []byte("\ufeff")))
				for dim < len(f)-1 && isNumber(f[len(f)-1-dim]) {
					dim++
				}
				if dim == 0 || dim > maxDim {
					return 0, 0, fmt.Errorf("line 1 has a word and %d numbers; wanted are 1 to %d", dim, maxDim)
				}
			}
			if !blank(line) {
				words++
			}
		}
	}
	if words > maxWords {
		return 0, 0, fmt.Errorf("it has %d lines; at most %d vectors can be", words, maxWords)
	}
	if limit > 0 {
		words = min(words, limit)
	}
	return words, dim, nil
}

func isNumber(f []byte) bool {
	_, err := strconv.ParseFloat(string(f), 32)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// blank tells whether a line has nothing.
func blank(line []byte) bool { return len(bytes.TrimRight(line, " \t")) == 0 }

// lastBlank returns the place of a line's last space or tab, or -1.
func lastBlank(line []byte) int {
	i := len(line) - 1
	for i >= 0 && line[i] != ' ' && line[i] != '\t' {
		i--
	}
	return i
}

// fields parts a line at spaces and tabs alone: others are letters of words.
func fields(line []byte) [][]byte {
	return bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
}

// textReader reads blocks of lines, and their numbers on all workers.
type textReader struct {
	b     *builder
	lines *lines
	line  int // lines before the block
	left  int // vectors to come
	words [][]byte
	errs  []error
}

// lineError is an error with its line.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }

// lineError gives an error of the stream its place, after line n.
func (in *input) lineError(n int, err error) error {
	var e *lineError
	switch {
	case errors.As(err, &e):
		return err
	case errors.Is(err, errLine):
		return fmt.Errorf("line %d is longer than %d bytes; a file of vectors has no such lines", n+1, maxLine)
	}
	return in.readError(err)
}

// block reads a block of lines.
func (t *textReader) block() error {
	list, err := t.lines.next(t.left)
	if err != nil {
		return err
	}
	dim := t.b.v.Dim
	if t.line == 0 {
		list[0] = bytes.TrimPrefix(list[0], []byte("\ufeff"))
	}
	room := t.b.room(len(list))
	for len(t.words) < len(list) {
		t.words, t.errs = append(t.words, nil), append(t.errs, nil)
	}
	parallel.Chunks(len(list), 32, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			t.words[i], t.errs[i] = parseLine(list[i], room[i*dim:(i+1)*dim])
		}
	})
	for i := range list {
		if t.errs[i] == nil && t.words[i] == nil {
			continue // an empty line
		}
		err := t.errs[i]
		if err == nil {
			if bytes.IndexByte(t.words[i], ' ') >= 0 {
				t.b.spaced.add(string(bytes.ToValidUTF8(t.words[i], []byte("\ufffd"))))
			}
			err = t.b.keep(t.words[i], room[i*dim:(i+1)*dim])
		}
		if err != nil {
			return &lineError{t.line + i + 1, err}
		}
		t.left--
	}
	t.line += len(list)
	return nil
}

// parseLine reads the numbers of a line to x and returns its word, nil for an empty line. The numbers are its last fields; a word may have
// spaces, as some of GloVe's have, unless what follows the first space is a number.
func parseLine(line []byte, x []float32) ([]byte, error) {
	end := bytes.TrimRight(line, " \t")
	if len(end) == 0 {
		return nil, nil
	}
	for j := len(x) - 1; j >= 0; j-- {
		at := lastBlank(end)
		if at < 0 {
			return nil, fmt.Errorf("%d numbers; wanted are a word and %d", len(x)-1-j, len(x))
		}
		v, err := strconv.ParseFloat(string(end[at+1:]), 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("%.40q is where number %d of %d should be", bytes.ToValidUTF8(end[at+1:], []byte("\ufffd")), j+1, len(x))
		}
		x[j] = float32(v)
		end = bytes.TrimRight(end[:at], " \t")
	}
	if at := lastBlank(end); at >= 0 && isNumber(end[at+1:]) {
		return nil, fmt.Errorf("%d numbers or more; wanted are a word and %d", len(x)+1, len(x))
	}
	return end, nil // not nil: it is a part of the line
}

// writeText writes word2vec's text.
func writeText(w io.Writer, v *Vectors) error {
	b := fmt.Appendf(nil, "%d %d\n", len(v.Words), v.Dim)
	for i, word := range v.Words {
		b = append(b, word...)
		for _, x := range v.Vector(i) {
			b = strconv.AppendFloat(append(b, ' '), float64(x), 'g', -1, 32)
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
