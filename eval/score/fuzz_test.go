package score

import (
	"encoding/json"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// FuzzScores: scores that are read are written, and read back under the same keys.
func FuzzScores(f *testing.F) {
	b, err := json.Marshal([]Score{one("knn", "pretext", "conv1", 0.5, made(nil))})
	if err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{b, []byte(`[{"protocol":"linear","features":"pixels","stage":"pixels","depth":0,"accuracy":0.3125,"chance":0.1,"settings":{"weight_decay":0.1,"grid":32,"side":32}}]`), []byte(`[]`), []byte(`null`)}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		var all, again []Score
		if fuzzing.OneLine(t, json.Unmarshal(b, &all)) {
			return
		}
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &again); err != nil || len(again) != len(all) {
			t.Fatalf("%q is written as %q: %v", b, text, err)
		}
		for i, s := range all {
			if s.Key() != again[i].Key() || s.Made() != again[i].Made() || s.Value != again[i].Value || s.Depth < 0 {
				t.Fatalf("%+v comes back as %+v", s, again[i])
			}
		}
	})
}
