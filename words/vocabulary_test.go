package words

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

func counted(t testing.TB, text string, least int64) *Vocabulary {
	t.Helper()
	var c Counting
	if err := c.Count(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	v, err := c.Vocabulary(least, 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVocabularyGolden: the C tool counts the same (testdata/vocabulary.sh). It sorts equally frequent words as it likes.
func TestVocabularyGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/text.txt")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/vocabulary.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := counted(t, string(text), 2)
	var b bytes.Buffer
	if err := v.Write(&b); err != nil {
		t.Fatal(err)
	}
	lines := func(text []byte) []string { return strings.SplitAfter(string(text), "\n") }
	got, want := lines(b.Bytes()), lines(golden)
	if got[0] != want[0] {
		t.Errorf("first %q, want %q", got[0], want[0])
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	read, err := ReadVocabulary(bytes.NewReader(golden))
	if err != nil || read.Lines != v.Lines || len(read.Words) != len(v.Words) || !slices.Equal(read.Counts, v.Counts) {
		t.Errorf("%+v, %v", read, err)
	}
}

// TestVocabulary: the order, what is left out, and what is said of it.
func TestVocabulary(t *testing.T) {
	const text = "b a c a\nb d e e e\n"
	v := counted(t, text, 2)
	if fmt.Sprint(v.Words, v.Counts, v.Total, v.Kept(), v.Rare, v.Lines) != "[e b a] [3 2 2] 9 7 2 2" {
		t.Errorf("%+v", v)
	}
	for i, w := range []string{"e", "b", "a", "c", "", "a\x00", "\x00a", "\x00", "a b"} {
		want := int32(i)
		if i > 2 {
			want = -1
		}
		if v.Index([]byte(w)) != want {
			t.Errorf("%q is word %d, want %d", w, v.Index([]byte(w)), want)
		}
	}
	if (&Vocabulary{}).Index([]byte("a")) != -1 {
		t.Error("no vocabulary has a word")
	}
	var c Counting
	c.Count(strings.NewReader(text))
	if v, err := c.Vocabulary(1, 2); err != nil || fmt.Sprint(v.Words, v.Rare) != "[e b] 3" {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := c.Vocabulary(4, 0); err == nil || err.Error() != "no word comes 4 times: the text has 9 words, 5 different ones" {
		t.Errorf("%v", err)
	}
}

// TestCountingAdd: words of whatever bytes are told apart, those of up to sixteen bytes and longer ones, with zeros at either end.
func TestCountingAdd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	counts := map[string]int64{}
	var c Counting
	for range 100000 {
		w := make([]byte, 1+r.IntN(20))
		for i := range w {
			w[i] = []byte{'a', 'a', 'a', 'b', 0}[r.IntN(5)]
		}
		c.Add(w)
		counts[string(w)]++
	}
	c.Add(nil)
	v, err := c.Vocabulary(1, 0)
	if err != nil || len(v.Words) != len(counts) || v.Total != 100000 {
		t.Fatalf("%d different words of %d, want %d: %v", len(v.Words), v.Total, len(counts), err)
	}
	for i, w := range v.Words {
		if v.Counts[i] != counts[w] || v.Index([]byte(w)) != int32(i) {
			t.Fatalf("%q comes %d times, want %d", w, v.Counts[i], counts[w])
		}
	}
}

// TestCountingLarge: counts go beyond 32 bits, through forgetting too.
func TestCountingLarge(t *testing.T) {
	c := Counting{Most: 4}
	for _, w := range []string{"a", "a", "b", "b", "b"} {
		c.Add([]byte(w))
	}
	k := keyOf([]byte("b"))
	b := c.t.find(k, []byte("b"))
	for range 3 {
		b.n = math.MaxUint32
		c.Add([]byte("b"))
	}
	b.n = math.MaxUint32
	c.Count(strings.NewReader("b b c d e")) // a and c go for e
	v, err := c.Vocabulary(1, 0)
	if err != nil || fmt.Sprint(v.Words, v.Counts) != fmt.Sprintf("[b a e] [%d 2 1]", int64(4)<<32+1) || c.Forgotten != 2 {
		t.Errorf("%v %v, %d forgotten, %v", v.Words, v.Counts, c.Forgotten, err)
	}
}

// TestTableCollision: of long words with the same hash each is itself.
func TestTableCollision(t *testing.T) {
	one, other := []byte("a word of more than sixteen bytes"), []byte("another one of more than sixteen")
	index, k := tableFor(1), keyOf(one)
	for i, w := range [][]byte{one, other} {
		if s := index.find(k, w); s.id != 0 {
			t.Fatalf("%q is %q", w, index.word(s.id))
		} else if s = index.add(s, k, w); s.id != int32(i+1) {
			t.Errorf("%q has id %d", w, s.id)
		}
	}
	if index.find(k, one).id != 1 || index.find(k, other).id != 2 {
		t.Error("words are mixed up")
	}
}

// TestCountingForgets: where there is room for some words only, the rarest go, as in a model that does it word by word.
func TestCountingForgets(t *testing.T) {
	type entry struct {
		word string
		n    int64
	}
	for _, most := range []int{1, 2, 3, 10, 100} {
		r := rand.New(rand.NewPCG(uint64(most), 2))
		c := Counting{Most: most}
		var held []entry
		var text strings.Builder
		least, forgotten := int64(0), int64(0)
		for range 20000 {
			w := fmt.Sprintf("word%d", int(math.Pow(r.Float64(), 3)*300))
			text.WriteString(w + " ")
			i := slices.IndexFunc(held, func(e entry) bool { return e.word == w })
			if i < 0 && len(held) == most {
				for len(held) > most/2 {
					least++
					n := len(held)
					held = slices.DeleteFunc(held, func(e entry) bool { return e.n <= least })
					forgotten += int64(n - len(held))
				}
			}
			if i < 0 {
				i, held = len(held), append(held, entry{word: w})
			}
			held[i].n++
		}
		c.Count(strings.NewReader(text.String()))
		slices.SortStableFunc(held, func(a, b entry) int { return int(b.n - a.n) })
		v, err := c.Vocabulary(1, 0)
		if err != nil || len(v.Words) != len(held) || c.Forgotten != forgotten || c.Total != 20000 {
			t.Fatalf("most %d: %d words, %d forgotten, want %d, %d: %v", most, len(v.Words), c.Forgotten, len(held), forgotten, err)
		}
		for i, e := range held {
			if v.Words[i] != e.word || v.Counts[i] != e.n {
				t.Fatalf("most %d: word %d is %q %d, want %v", most, i, v.Words[i], v.Counts[i], e)
			}
		}
	}
}

// TestVocabularyFile: what is written is read back, what is wrong is said with its line.
func TestVocabularyFile(t *testing.T) {
	v := counted(t, "b a é a\nb </s> "+strings.Repeat("x", 200)+"\n", 1)
	var b bytes.Buffer
	if err := v.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := "</s> 2\nb 2\na 2\né 1\n</s> 1\n" + strings.Repeat("x", 100) + " 1\n"
	if b.String() != want {
		t.Errorf("%q, want %q", &b, want)
	}
	for _, text := range []string{want, strings.TrimSuffix(want, "\n"), strings.ReplaceAll(want, "\n", "\r\n"), strings.ReplaceAll(want, " ", "\t")} {
		again, err := ReadVocabulary(iotest.HalfReader(strings.NewReader(text)))
		if err != nil || !slices.Equal(again.Words, v.Words) || !slices.Equal(again.Counts, v.Counts) || again.Lines != 2 || again.Total != 7 || again.Index([]byte("é")) != 2 {
			t.Errorf("%q: %+v, %v", text, again, err)
		}
	}
	sorted, err := ReadVocabulary(strings.NewReader("a 1\nb 5\nc 1\nd 5\n"))
	if err != nil || fmt.Sprint(sorted.Words, sorted.Counts, sorted.Index([]byte("d"))) != "[b d a c] [5 5 1 1] 1" {
		t.Errorf("%v, %v", sorted, err)
	}
	for text, want := range map[string]string{
		"":                                "the vocabulary has no words; want a word, a space and its count on each line",
		"</s> 5\n":                        "the vocabulary has no words; want a word, a space and its count on each line",
		"a 1\n\nb 1\n":                    `vocabulary, line 2: ""; want a word, a space and its count`,
		"a 1\nword\n":                     `vocabulary, line 2: "word"; want a word, a space and its count`,
		"two words 3\n":                   `vocabulary, line 1: "two words 3"; want a word, a space and its count`,
		"a\x00b 3\n":                      `vocabulary, line 1: "a\x00b 3"; want a word, a space and its count`,
		"a 1\n 3\n":                       `vocabulary, line 2: " 3" has no word; want a word, a space and its count`,
		"a x\n":                           `vocabulary, line 1: the count "x"; want a whole number of at most 2^63-1`,
		"a -1\n":                          `vocabulary, line 1: the count "-1"; want a whole number of at most 2^63-1`,
		"a 9223372036854775808\n":         `vocabulary, line 1: the count "9223372036854775808"; want a whole number of at most 2^63-1`,
		"a 0\n":                           `vocabulary, line 1: the word "a" comes 0 times; want 1 or more`,
		"a 9223372036854775807\nb 1\n":    `vocabulary, line 2: the counts up to here sum to more than 2^63-1`,
		"a 1\nb 1\na 2\n":                 `vocabulary, line 3: the word "a" has line 1 already`,
		"</s> 7\na 1\nb 1\nb 2\n":         `vocabulary, line 4: the word "b" has line 3 already`,
		"\xff\xfe 1\n":                    `vocabulary, line 1: the word "\xff\xfe" is not UTF-8`,
		strings.Repeat("y", 101) + " 1\n": `vocabulary, line 1: the word "` + strings.Repeat("y", 40) + `"... has 101 bytes; want at most 100`,
		"a 1\nz " + strings.Repeat("0", 5000) + "1": `vocabulary, line 2: "z ` + strings.Repeat("0", 38) + `"... goes on for more than 4095 bytes; want a word, a space and its count`,
	} {
		if _, err := ReadVocabulary(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
	bad := errors.New("torn")
	if _, err := ReadVocabulary(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a 1\nb 2\n")))); !errors.Is(err, iotest.ErrTimeout) || !strings.Contains(err.Error(), "line 1: ") {
		t.Errorf("%v", err)
	}
	if err := v.Write(failing{bad}); err != bad {
		t.Errorf("%v", err)
	}
}

// failing cannot be written to.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzVocabulary: what is read is sorted, found, and written again read as the same; memory is in proportion to the file.
func FuzzVocabulary(f *testing.F) {
	all := [][]byte{[]byte("</s> 3\na 5\nb 5\nc 1\n"), []byte("a 1\nb 2"), []byte("x\t9\r\n"), []byte("sixteen616161616 4\nseventeen17171717 2\n"), []byte("a 1\na 1\n"), {}}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		var v *Vocabulary
		var err error
		fuzzing.Memory(t, 1<<16+256*len(b), func() { v, err = ReadVocabulary(bytes.NewReader(b)) })
		if fuzzing.OneLine(t, err) {
			return
		}
		for i, w := range v.Words {
			if v.Index([]byte(w)) != int32(i) || v.Counts[i] < 1 || i > 0 && v.Counts[i] > v.Counts[i-1] {
				t.Fatalf("%q: word %d, %q %d, is word %d", b, i, w, v.Counts[i], v.Index([]byte(w)))
			}
		}
		if v.Kept() != v.Total {
			t.Errorf("%d words, %d kept", v.Total, v.Kept())
		}
		var out bytes.Buffer
		v.Write(&out)
		again, err := ReadVocabulary(&out)
		if err != nil || !slices.Equal(again.Words, v.Words) || !slices.Equal(again.Counts, v.Counts) || again.Lines != v.Lines {
			t.Errorf("%q comes back as %+v, %v", b, again, err)
		}
	})
}
