package workload

import (
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/words"
)

// TestWordPass: the text has the peers' frequencies, and a pass changes vectors.
func TestWordPass(t *testing.T) {
	text := zipfian(1000, 40_000)
	counts := map[string]int{}
	for _, w := range strings.Fields(string(text)) {
		counts[w]++
	}
	if lines := strings.Count(string(text), "\n"); lines != 2000 || len(counts) > 1000 {
		t.Errorf("%d lines of %d words", lines, len(counts))
	}
	const sum = 7.485 // of 1/i up to 1000
	for w, rank := range map[string]float64{"w0": 1, "w1": 2, "w9": 10} {
		if got, want := float64(counts[w]), 40_000/sum/rank; !(got > 0.85*want && got < 1.15*want) {
			t.Errorf("%s comes %g times, want about %g", w, got, want)
		}
	}
	ids := []string{}
	for _, w := range wordBenches() {
		ids = append(ids, w.ID)
	}
	if !slices.Contains(ids, "word2vec/cbow_neg5_d100_w5#file") {
		t.Errorf("the peers' benchmark is not among %v", ids)
	}
	wordPass(text, words.Options{Loss: words.Negative, Dim: 10, Window: 5, Negatives: 5})()
}
