package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
)

// TestFineTune: random weights are fine-tuned; what is kept is embedded, exported and judged again to the same accuracy, and not resumed.
func TestFineTune(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tuned")
	const train, test = "scenes:?n=60&side=16", "scenes:?n=40&side=16&split=test"
	first, errs, code := tessera(t, "eval", "finetune?epochs=2&batch=16", "random", "--trunk", "convnet", "--side", "16", "--data", train, "--test", test, "--out", dir, "--json")
	if code != 0 || !strings.Contains(errs, "did best on") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	value := func(out string) float64 {
		t.Helper()
		var res struct{ Scores []eval.Score }
		if err := json.Unmarshal([]byte(out), &res); err != nil || len(res.Scores) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		return res.Scores[0].Value
	}
	again, errs, code := tessera(t, "eval", "finetune?learn=no", dir, "--json")
	if code != 0 || value(again) != value(first) {
		t.Errorf("exit %d: %v, judged again %v; %s", code, value(first), value(again), errs)
	}
	for _, args := range [][]string{{"embed", dir, "--data", "scenes:?n=5&side=16", "--out", filepath.Join(dir, "e.npy")}, {"export", dir, "--out", filepath.Join(dir, "e.safetensors")}, {"report", dir}} {
		if _, errs, code := tessera(t, args...); code != 0 {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !strings.Contains(string(page), "tessera eval") {
		t.Errorf("the report does not say the command, %v", err)
	}
	for words, args := range map[string][]string{
		"leaves nothing to go on with": {"pretrain", "--resume", dir},
		"already holds a run":          {"eval", "finetune", dir, "--out", dir},
		"for the network of":           {"eval", "knn", dir, "--out", dir + "2"},
		"no such stage; it has conv1":  {"eval", "finetune?freeze=conv9", dir},
	} {
		if _, errs, code := tessera(t, args...); code == 0 || !strings.Contains(errs, words) {
			t.Errorf("%v: exit %d, want %q: %s", args, code, words, errs)
		}
	}
}
