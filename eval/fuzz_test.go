package eval

import (
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// FuzzNames: whatever files are called, the list of their names has a line for each, and is read back as they are; a list that is read is
// written again to the same names.
func FuzzNames(f *testing.F) {
	seeds := [][]byte{[]byte("a.png\nb c.png"), []byte("\"quoted\"\n\"two\\nlines\""), []byte("사진.png\r\n\r"), []byte("a\x00b\nc\x00\xff\"\n\u0085"), []byte("\"open")}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		written := func(names []string) []byte {
			var text strings.Builder
			for _, n := range names {
				text.WriteString(oneLine(n) + "\n")
			}
			return []byte(text.String())
		}
		names := strings.Split(string(b), "\x00")
		if got, err := parseLines(written(names)); err != nil || !slices.Equal(got, names) {
			t.Fatalf("%q comes back as %q, %v", names, got, err)
		}
		names, err := parseLines(b)
		if fuzzing.OneLine(t, err) {
			return
		}
		if got, err := parseLines(written(names)); err != nil || !slices.Equal(got, names) {
			t.Fatalf("%q is %q, which comes back as %q, %v", b, names, got, err)
		}
	})
}
