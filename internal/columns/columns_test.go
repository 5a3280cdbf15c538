package columns

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// TestFold: lines end at spaces, hold as much as fits, and lose nothing; what follows is indented.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		line   string
		width  int
		indent string
		want   []string
	}{
		{"", 5, "", nil},
		{"one", 5, "", []string{"one"}},
		{"one two", 7, "", []string{"one two"}},
		{"one two", 6, "", []string{"one", "two"}},
		{"one two three", 7, "", []string{"one two", "three"}}, // the space behind the width may be where it ends
		{"one two three four", 9, "", []string{"one two", "three", "four"}},
		{"one two three four", 9, "  ", []string{"one two", "  three", "  four"}},
		{"  one   two", 6, "    ", []string{"  one", "    two"}},          // what is between two lines is left out
		{"a   bbbb cccc", 6, "    ", []string{"a   bbbb", "    cccc"}},    // the indent's own blanks are no place to break
		{"a    bbb cccc", 5, "    ", []string{"a    bbb", "    cccc"}},    // nor is the last of them
		{"a     bb cccc", 5, "    ", []string{"a", "    bb", "    cccc"}}, // the next is one
		{"unbreakable", 5, "", []string{"unbreakable"}},
		{"unbreakable", 5, "  ", []string{"unbreakable"}},
		{"unbreakable word and more", 8, "", []string{"unbreakable", "word and", "more"}},
		{"so unbreakable word", 8, "", []string{"so", "unbreakable", "word"}},
		{"x unbreakable word", 8, "  ", []string{"x unbreakable", "  word"}},
		{" wide word", 4, "", []string{" wide", "word"}}, // a line of nothing is none
		{"four  ", 4, "", []string{"four"}},
		{"\u00e4\u00f6\u00fc \u00e4\u00f6\u00fc", 7, "", []string{"\u00e4\u00f6\u00fc \u00e4\u00f6\u00fc"}}, // seven runes
		{"one two three", 4, "        ", []string{"one two", "        three"}},                              // an indent wider than the width never came to an end
		{"         deep one", 4, "", []string{"         deep", "one"}},
	} {
		if got := Fold(c.line, c.width, c.indent); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%q in %d columns, indented by %q: %q, want %q", c.line, c.width, c.indent, got, c.want)
		}
	}
}

// TestWrap: paragraphs flow; indented lines and tables stay as they are, but for what does not fit.
func TestWrap(t *testing.T) {
	text := `A paragraph
of short lines
flows.

  an example       stays
  a long example   goes on below
Another one begins at once, and
a  table is no paragraph.
The end.
`
	want := `A paragraph of short
lines flows.

  an example
      stays
  a long example
      goes on below
Another one begins
at once, and
a  table is no
    paragraph.
The end.
`
	if got := Wrap(text, 20); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, same := range []string{"", "\n", "one", "\n\n  one\n", "  one\n  two"} {
		if got := Wrap(same, 20); got != same {
			t.Errorf("%q becomes %q", same, got)
		}
	}
	long := strings.Repeat("word ", 100) + "end"
	lines := strings.Split(Wrap(long, 24), "\n")
	if len(lines) != 21 || lines[0] != "word word word word word" || strings.Join(lines, " ") != long {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
}

// FuzzWrap: whatever text and width, no word is lost, and a word that begins behind the width has a line of its own.
func FuzzWrap(f *testing.F) {
	var seeds [][]byte
	for _, text := range []string{"", "A paragraph\nof short lines\nflows.\n\n  an example       stays\n  a long example   goes on below", "unbreakable word", "a    bbb cccc", "  wide\n\n\n"} {
		seeds = append(seeds, []byte("\x05"+text), []byte("\x14"+text))
	}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		if len(b) == 0 {
			return
		}
		width, text := int(b[0])+1, string(b[1:])
		words := func(s string) []string {
			return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' })
		}
		got := Wrap(text, width)
		if !slices.Equal(words(got), words(text)) {
			t.Fatalf("%q in %d columns loses words: %q", text, width, got)
		}
		most := width // a word that begins behind it should stand in the next line, but for what is indented further
		for _, line := range strings.Split(text, "\n") {
			most = max(most, len(line)-len(strings.TrimLeft(line, " "))+4)
		}
		for _, line := range strings.Split(got, "\n") {
			line = strings.TrimRight(line, " ")
			if last := strings.LastIndexByte(line, ' '); last >= 0 && utf8.RuneCountInString(line[:last]) > most {
				t.Errorf("%q has more than %d columns", line, width)
			}
		}
	})
}
