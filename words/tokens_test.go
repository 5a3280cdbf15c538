package words

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// plain is what a Scanner is to do, byte by byte.
type plain struct {
	tokens                     []string // "\n" where a line ends
	ends                       []int    // offsets
	lines, invalid, long, nuls int64
}

func scanPlain(text []byte) (p plain) {
	isSpace := func(c byte) bool { return strings.IndexByte(" \t\n\v\f\r\x00", c) >= 0 }
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			p.tokens, p.ends = append(p.tokens, "\n"), append(p.ends, i+1)
			p.lines++
		case c == 0:
			p.nuls++
		case !isSpace(c):
			from := i
			for i < len(text) && !isSpace(text[i]) {
				i++
			}
			word := text[from:i]
			if len(word) > 100 {
				p.long++
				n := 100
				for n > 96 && word[n]&0xc0 == 0x80 {
					n--
				}
				word = word[:n]
			}
			if utf8.Valid(word) {
				p.tokens, p.ends = append(p.tokens, string(word)), append(p.ends, i)
			} else {
				p.invalid++
			}
			i--
		}
	}
	return p
}

// scanned compares a Scanner with scanPlain, by Next, by Read and by Counting.
func scanned(t testing.TB, text []byte, size int, reader func(io.Reader) io.Reader) {
	t.Helper()
	want := scanPlain(text)
	s := newScanner(reader(bytes.NewReader(text)), size)
	var got []string
	k := 0
	for {
		w, newline := s.Next()
		for newline && k < len(want.tokens) && want.tokens[k] == "\n" {
			k++
			newline = k < len(want.tokens) && want.tokens[k] == "\n"
		}
		if newline {
			t.Fatalf("a line ends before token %d of %q", k, text)
		}
		if w == nil {
			break
		}
		if k >= len(want.tokens) || want.tokens[k] != string(w) || s.Offset() != int64(want.ends[k]) {
			t.Fatalf("token %d is %q, up to byte %d; of %q", k, w, s.Offset(), text)
		}
		got = append(got, string(w))
		k++
	}
	if k != len(want.tokens) || s.Err() != nil || s.Offset() != int64(len(text)) {
		t.Fatalf("%d tokens of %d, %d bytes of %d, %v", k, len(want.tokens), s.Offset(), len(text), s.Err())
	}
	if s.Lines != want.lines || s.Invalid != want.invalid || s.Long != want.long || s.NULs != want.nuls {
		t.Fatalf("%d lines, %d invalid, %d long, %d zeros; want %+v", s.Lines, s.Invalid, s.Long, s.NULs, want)
	}
	var c Counting
	cs := newScanner(reader(bytes.NewReader(text)), size)
	if err := c.CountFrom(cs); err != nil || c.Total != int64(len(got)) || c.Lines != want.lines || cs.Invalid != want.invalid || cs.Lines != want.lines || cs.Offset() != int64(len(text)) {
		t.Fatalf("counted %d words in %d lines, %d invalid up to %d: %v", c.Total, c.Lines, cs.Invalid, cs.Offset(), err)
	}
	counts, order := map[string]int64{}, []string(nil)
	for _, w := range got {
		if counts[w] == 0 {
			order = append(order, w)
		}
		counts[w]++
	}
	slices.SortStableFunc(order, func(a, b string) int { return int(counts[b] - counts[a]) })
	v, err := c.Vocabulary(1, 0)
	if (err != nil) != (len(order) == 0) {
		t.Fatalf("%d words: %v", len(order), err)
	}
	if err != nil {
		return
	}
	if !slices.Equal(v.Words, order) || v.Total != int64(len(got)) || v.Kept() != v.Total || v.Rare != 0 || v.Lines != want.lines {
		t.Fatalf("vocabulary %q, want %q", v.Words, order)
	}
	for i, w := range v.Words {
		if v.Counts[i] != counts[w] || v.Index([]byte(w)) != int32(i) {
			t.Fatalf("%q comes %d times and is %d; want %d, %d", w, v.Counts[i], v.Index([]byte(w)), counts[w], i)
		}
	}
	numbered(t, text, size, reader, c, want)
}

// numbered compares Read with scanPlain, with a vocabulary that lacks what comes once.
func numbered(t testing.TB, text []byte, size int, reader func(io.Reader) io.Reader, c Counting, want plain) {
	t.Helper()
	v, err := c.Vocabulary(2, 0)
	if err != nil {
		return
	}
	index := map[string]int32{}
	for i, w := range v.Words {
		index[w] = int32(i)
	}
	var numbers []int32
	for _, w := range want.tokens {
		if i, ok := index[w]; ok {
			numbers = append(numbers, i)
		} else if w == "\n" && len(numbers) > 0 && numbers[len(numbers)-1] != -1 {
			numbers = append(numbers, -1)
		}
	}
	s := newScanner(reader(bytes.NewReader(text)), size)
	var got []int32
	for room := 1; ; room = room%7 + 1 {
		dst := make([]int32, room)
		n := s.Read(v, dst)
		if got = append(got, dst[:n]...); n < room {
			break
		}
	}
	if !slices.Equal(got, numbers) || s.Err() != nil || s.Lines != want.lines || s.Invalid != want.invalid || s.Offset() != int64(len(text)) {
		t.Fatalf("Read gives %v, want %v; %d lines, %d invalid, up to %d, %v", got, numbers, s.Lines, s.Invalid, s.Offset(), s.Err())
	}
}

// readers hand text out in several ways.
var readers = map[string]func(io.Reader) io.Reader{
	"whole":    func(r io.Reader) io.Reader { return r },
	"bytes":    iotest.OneByteReader,
	"halves":   iotest.HalfReader,
	"with EOF": iotest.DataErrReader,
}

// randomText has words of all lengths about those at which something changes, and whatever else parts them.
func randomText(r *rand.Rand, n int) []byte {
	pieces := []string{" ", " ", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\r", "\v\f", "\x00", "\x01", "\x1f", "\x7f", "é", "日本語", "\xff", "\xe6\x97", "𝄞", "</s>", "the", "of", "a"}
	var out []byte
	for len(out) < n {
		if r.IntN(3) > 0 {
			out = append(out, pieces[r.IntN(len(pieces))]...)
			continue
		}
		length := []int{r.IntN(20), r.IntN(20), r.IntN(20), 95 + r.IntN(10), 120 + r.IntN(20), 240 + r.IntN(40), r.IntN(1000)}[r.IntN(7)]
		for range length {
			out = append(out, byte('a'+r.IntN(3)))
		}
		if r.IntN(2) == 0 {
			out = append(out, ' ')
		}
	}
	return out
}

// TestScannerPlain: a Scanner does what the plain one does, wherever its buffer ends, however text comes.
func TestScannerPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		text := randomText(r, r.IntN(1500))
		for name, reader := range readers {
			if name == "bytes" && i%8 > 0 {
				continue
			}
			scanned(t, text, scanHead+1+r.IntN(300), reader)
		}
	}
	for range 10 {
		text := randomText(r, 300<<10)
		scanned(t, text, scanBytes, readers["whole"])
		scanned(t, text, scanBytes, readers["halves"])
	}
}

// TestScanner: the cases that one would ask about.
func TestScanner(t *testing.T) {
	long := strings.Repeat("é", 400000)
	s := NewScanner(strings.NewReader("  the cat\n\n sat\ton \xff\xfe " + long + " mat\r\na\rb c\x00d\n"))
	var got []string
	for {
		w, newline := s.Next()
		if newline {
			got = append(got, "/")
		}
		if w == nil {
			break
		}
		got = append(got, string(w))
	}
	want := "the cat / sat on " + long[:100] + " mat / a b c d /"
	if strings.Join(got, " ") != want || s.Invalid != 1 || s.Long != 1 || s.NULs != 1 || s.Lines != 4 || s.Err() != nil {
		t.Errorf("%q, %+v", got, s)
	}
	if s = NewScanner(strings.NewReader("")); s.Read(&Vocabulary{}, make([]int32, 3)) != 0 || s.Err() != nil || s.Offset() != 0 {
		t.Error("nothing is something")
	}
}

// TestScannerErrors: words before an error are given, then the error is told.
func TestScannerErrors(t *testing.T) {
	bad := errors.New("torn")
	for _, text := range []string{"", "one two", "one two ", strings.Repeat("x", 200000)} {
		s := NewScanner(io.MultiReader(strings.NewReader(text), iotest.ErrReader(bad)))
		n := 0
		for {
			if w, _ := s.Next(); w == nil {
				break
			} else if n++; n < len(strings.Fields(text)) && s.Err() != nil {
				t.Errorf("%q: after word %d: %v", text[:min(len(text), 20)], n, s.Err())
			}
		}
		if n != len(strings.Fields(text)) || s.Err() != bad {
			t.Errorf("%d words, %v", n, s.Err())
		}
		var c Counting
		if err := c.Count(io.MultiReader(strings.NewReader(text), iotest.ErrReader(bad))); err != bad || c.Total != int64(n) {
			t.Errorf("%d words counted, %v", c.Total, err)
		}
	}
	s := NewScanner(stuck{})
	if w, _ := s.Next(); w != nil || s.Err() != io.ErrNoProgress {
		t.Errorf("%q, %v", w, s.Err())
	}
}

// stuck gives nothing and no reason.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestScannerMemory: neither the length of lines nor that of words makes a Scanner allocate.
func TestScannerMemory(t *testing.T) {
	text := bytes.Repeat([]byte("x"), 8<<20)
	for i := 1 << 20; i < 2<<20; i += 6 {
		text[i] = ' '
	}
	var v Vocabulary
	if n := testing.AllocsPerRun(1, func() {
		s := NewScanner(bytes.NewReader(text))
		if s.Read(&v, make([]int32, 100)) != 0 || s.Long != 2 {
			t.Errorf("%d long words", s.Long)
		}
	}); n > 6 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzScanner: like the plain one, whatever the text; the first two bytes choose how it comes and where the buffer ends.
func FuzzScanner(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	all := [][]byte{{0, 0}, []byte("ab"), []byte("\x01\x7fthe cat\n sat"), append([]byte{2, 0}, bytes.Repeat([]byte("é"), 150)...)}
	for range 20 {
		all = append(all, append([]byte{byte(r.Uint32()), byte(r.Uint32())}, randomText(r, r.IntN(600))...))
	}
	names := []string{"whole", "bytes", "halves", "with EOF"}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) >= 2 && len(b) < 1<<12 {
			scanned(t, b[2:], scanHead+1+int(b[1]), readers[names[b[0]%4]])
		}
	})
}

// corpus is the text in the file TESSERA_TEXT, or one whose words are as frequent as English ones (Zipf's law), 16 MiB of it.
func corpus(b *testing.B) []byte {
	if path := os.Getenv("TESSERA_TEXT"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	r := rand.New(rand.NewPCG(5, 6))
	z := rand.NewZipf(r, 1.05, 3, 1<<17)
	var text []byte
	for i := 1; len(text) < 16<<20; i++ {
		n := z.Uint64()
		length := 1 + int(n*0x9e3779b97f4a7c15>>62)*2 + len(fmt.Sprint(n))/2
		for range length {
			text = append(text, 'a'+byte(n%26))
			n = n/26 + 7*n%26
		}
		text = append(text, ' ')
		if i%20 == 0 {
			text[len(text)-1] = '\n'
		}
	}
	return text
}

func BenchmarkScan(b *testing.B) {
	text := corpus(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for s := NewScanner(bytes.NewReader(text)); s.ahead(); s.next = len(s.tokens) {
		}
	}
}

func BenchmarkCount(b *testing.B) {
	text := corpus(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var c Counting
		c.Count(bytes.NewReader(text))
	}
}

func BenchmarkRead(b *testing.B) {
	text := corpus(b)
	var c Counting
	c.Count(bytes.NewReader(text))
	v, err := c.Vocabulary(5, 0)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]int32, 10000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for s := NewScanner(bytes.NewReader(text)); s.Read(v, dst) == len(dst); {
		}
	}
}
