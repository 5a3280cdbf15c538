package words

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestQuestions: each section has 20 to 40 pairs of small letters, none twice; a pair is asked with five others that share no word with it in the place of
// an answer.
func TestQuestions(t *testing.T) {
	sections := Questions()
	if len(sections) < 10 {
		t.Errorf("%d sections", len(sections))
	}
	names := map[string]bool{}
	for _, s := range sections {
		if n := len(s.Questions); n%next != 0 || n < 20*next || n > 40*next || names[s.Name] || s.Syntactic() != !slices.Contains([]string{"capitals", "family", "opposites"}, s.Name) {
			t.Errorf("section %q has %d questions", s.Name, n)
		}
		names[s.Name] = true
		seen := map[Question]bool{}
		for _, q := range s.Questions {
			text := strings.Join([]string{q.A, q.B, q.C, q.D}, " ")
			if seen[q] || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz ") != "" || q.D == q.A || q.D == q.B || q.D == q.C {
				t.Errorf("%s: %q", s.Name, text)
			}
			seen[q] = true
		}
	}
	got, err := questionsOf(strings.NewReader(": x\na b\nc d\ne f\n"))
	if want := "[{x [{a b c d} {a b e f} {c d e f} {c d a b} {e f a b} {e f c d}]}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"a b\n", ": x\na\n"} {
		if _, err := questionsOf(strings.NewReader(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
