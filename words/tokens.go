package words

import (
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"
)

const (
	maxWord   = 100      // bytes of a word that count
	scanBytes = 64 << 10 // of the stream at a time
	scanPad   = 32       // spaces behind them: a word's end is found in them, and sixteen bytes can always be loaded
	scanMost  = 512      // tokens at a time
	scanHead  = 128      // bytes kept of a word that is as large as the buffer
)

// Scanner reads words and the ends of lines from a stream, as the C tool does: a newline ends a sentence, and words are parted by spaces, tabs
// and newlines. Beyond it, vertical tab, form feed, carriage return and NUL part words too: the C tool joins what a carriage return stands
// between, and takes a NUL for a letter. Of a word of more than 100 bytes the first 100 count, less where that cuts a character (the C tool:
// 98, wherever they cut). Words that are no UTF-8 are left out. It keeps one buffer, however long lines and words are.
//
// A Scanner looks some hundred words ahead: Offset and the numbers are of what was asked for, but for Long and NULs, which are of what was
// looked at.
type Scanner struct {
	r      io.Reader
	buf    []byte // with room for scanPad spaces behind what was read
	n      int    // bytes read
	at     int    // up to where words were asked for
	seen   int    // up to where they were looked for
	before int64  // bytes of the stream before buf
	err    error

	tokens []token // what was looked ahead
	next   int     // of them
	ended  bool    // nothing came since the last end of a line

	Lines   int64 // ends of lines
	Invalid int64 // words with bytes that are no UTF-8, left out
	Long    int64 // words of more than 100 bytes, cut
	NULs    int64 // bytes that are zero
}

// token is a word, or the end of a line, whose key is zeros.
type token struct {
	key
	from, to int32 // in buf
}

// NewScanner reads r.
func NewScanner(r io.Reader) *Scanner { return newScanner(r, scanBytes) }

// newScanner has a buffer of so many bytes, more than scanHead.
func newScanner(r io.Reader, size int) *Scanner {
	s := &Scanner{r: r, buf: make([]byte, size+scanPad), tokens: make([]token, 0, scanMost), ended: true}
	s.pad()
	return s
}

// spaces are the bytes up to ' ' that part words, a bit each; Go's own are these without 0.
const spaces uint64 = 1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\v' | 1<<'\f' | 1<<'\r' | 1<<0

func space(c byte) bool { return c <= ' ' && spaces>>c&1 != 0 }

// Offset returns where in the stream the last word or end of a line that was asked for ends.
func (s *Scanner) Offset() int64 { return s.before + int64(s.at) }

// Err returns what reading ended with, nil at the end of the stream and before it.
func (s *Scanner) Err() error {
	if s.err == io.EOF || s.next < len(s.tokens) {
		return nil
	}
	return s.err
}

func (s *Scanner) pad() {
	for i := range scanPad {
		s.buf[s.n+i] = ' '
	}
}

// more moves what was not looked at to the front of the buffer and fills the rest; false when there is nothing more.
func (s *Scanner) more() bool {
	s.drop(0, s.seen)
	s.seen = 0
	return s.fill()
}

// drop takes n bytes out of the buffer.
func (s *Scanner) drop(from, n int) {
	copy(s.buf[from:], s.buf[from+n:s.n])
	s.n, s.before = s.n-n, s.before+int64(n)
	s.pad()
}

// fill reads behind what was read.
func (s *Scanner) fill() bool {
	for range 100 {
		if s.err != nil {
			return false
		}
		k, err := s.r.Read(s.buf[s.n : len(s.buf)-scanPad])
		s.n += k
		s.err = err
		s.pad()
		if k > 0 {
			return true
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// ahead looks for tokens, once those there are were asked for; false at the end.
func (s *Scanner) ahead() bool {
	s.tokens, s.next = s.tokens[:0], 0
	for {
		s.look(false)
		switch {
		case len(s.tokens) > 0:
			return true
		case s.n-s.seen == len(s.buf)-scanPad: // hardly a word: what is kept of it is moved to where it ends
			s.skip()
		case !s.more():
			s.look(true)
			if len(s.tokens) == 0 {
				s.at = s.seen
			}
			return len(s.tokens) > 0
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// controls returns a high bit for every byte of x that is at most ' '.
func controls(x uint64) uint64 { return ^(x&^highs + (0x80-'!')*ones | x) & highs }

// look looks for tokens in what was read, until there are enough; a word that ends with what was read may go on there, unless all was read.
func (s *Scanner) look(all bool) {
	p, n, buf := s.seen, s.n, s.buf
	tokens := s.tokens[:scanMost]
	k := len(s.tokens)
	for k < len(tokens) {
		x := binary.LittleEndian.Uint64(buf[p:])
		m := controls(x)
		if m&0x80 != 0 && space(byte(x)) {
			if p >= n {
				break
			}
			if byte(x) == '\n' {
				tokens[k] = token{key{}, int32(p), int32(p + 1)}
				k++
			} else if byte(x) == 0 {
				s.NULs++
			}
			p++
			continue
		}
		end, word := p+bits.TrailingZeros64(m)>>3, key{a: x & ((m ^ (m - 1)) >> 8)}
		if m == 0 {
			y := binary.LittleEndian.Uint64(buf[p+8:])
			m = controls(y)
			end, word = p+8+bits.TrailingZeros64(m)>>3, key{x, y & ((m ^ (m - 1)) >> 8)}
		}
		if m == 0 || spaces>>buf[end]&1 == 0 { // a longer word, or one with a control character
			end = p + wordEnd(buf[p:])
			word = key{}
		}
		if end >= n && !all {
			break
		}
		if word.a == 0 {
			w := buf[p:end]
			if len(w) > maxWord {
				s.Long++
				w = cut(w)
			}
			word = keyOf(w)
		}
		tokens[k] = token{word, int32(p), int32(end)}
		k++
		p = end
		if buf[p] == ' ' && p < n {
			p++
		}
	}
	s.seen, s.tokens = p, tokens[:k]
}

// wordEnd returns where the word that b begins with ends: there is a space in b.
func wordEnd(b []byte) int {
	for i := 0; ; i += 8 {
		if i+8 > len(b) {
			for !space(b[i]) {
				i++
			}
			return i
		}
		for m := controls(binary.LittleEndian.Uint64(b[i:])); m != 0; m &= m - 1 {
			if j := i + bits.TrailingZeros64(m)>>3; spaces>>b[j]&1 != 0 {
				return j
			}
		}
	}
}

// skip reads to the end of a word that is as large as the buffer, and leaves its beginning in front of what comes behind it.
func (s *Scanner) skip() {
	for size := s.n; ; size = scanHead + wordEnd(s.buf[scanHead:]) {
		s.drop(scanHead, size-scanHead)
		if s.n > scanHead || !s.fill() {
			return
		}
	}
}

// text returns a token's word, cut.
func (s *Scanner) text(t *token) []byte {
	w := s.buf[t.from:t.to]
	if len(w) > maxWord {
		w = cut(w)
	}
	return w
}

// valid tells whether a word is UTF-8, and counts it where it is not.
func (s *Scanner) valid(w []byte) bool {
	if utf8.Valid(w) {
		return true
	}
	s.Invalid++
	return false
}

// Next returns the next word, in memory that the next call uses again, and whether a line ended before it. At the end of the stream the word
// is nil.
func (s *Scanner) Next() (word []byte, newline bool) {
	for s.next < len(s.tokens) || s.ahead() {
		t := &s.tokens[s.next]
		s.next++
		s.at = int(t.to)
		if t.a|t.b == 0 {
			s.Lines++
			newline = true
		} else if w := s.text(t); s.valid(w) {
			s.ended = false
			return w, newline
		}
	}
	return nil, newline
}

// none is the index of a vocabulary that has no words.
var none = tableFor(0)

// Read fills dst with the numbers of words of v, -1 where a line ends, but not at the beginning of the stream and never two in a row. Words
// that v does not have are left out. n < len(dst) only at the end of the stream, or what Err says. The end of the stream ends no line.
func (s *Scanner) Read(v *Vocabulary, dst []int32) (n int) {
	t := &v.index
	if len(t.slots) == 0 {
		t = &none
	}
	for n < len(dst) && (s.next < len(s.tokens) || s.ahead()) {
		tokens := s.tokens[s.next:min(len(s.tokens), s.next+len(dst)-n)]
		slots, shift := t.slots, t.shift
		for i := range tokens {
			k := &tokens[i]
			if at := &slots[k.hash()>>(shift&63)&uint64(len(slots)-1)]; (at.a^k.a)|(at.b^k.b) == 0 && byte(k.a) != 0 {
				dst[n] = at.id - 1
				n++
				continue
			}
			var id int32
			if k.a|k.b == 0 {
				s.Lines++
				if n == 0 && s.ended || n > 0 && dst[n-1] < 0 {
					continue
				}
			} else if id = t.find(k.key, s.text(k)).id; id == 0 {
				s.valid(s.text(k))
				continue
			}
			dst[n] = id - 1
			n++
		}
		if n > 0 {
			s.ended = dst[n-1] < 0
		}
		s.next += len(tokens)
		s.at = int(tokens[len(tokens)-1].to)
	}
	return n
}

// cut returns at most maxWord bytes of a word, and no half of a character.
func cut(word []byte) []byte {
	n := maxWord
	for n > maxWord-utf8.UTFMax && !utf8.RuneStart(word[n]) {
		n--
	}
	return word[:n]
}
