package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/recipe"
)

// TestDetect: what is found in the pictures that can be read is said, as text and as JSON, though another cannot, which fails; where none can, nothing is.
func TestDetect(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	for _, args := range [][]string{
		{"pretrain", "rotation", "--data", "scenes:?n=8&side=32", "--trunk", "convnet", "--side", "32", "--batch-size", "4", "--max-steps", "1", "--monitor-every", "-1", "--out", run},
		{"eval", "detect?epochs=1&channels=8", run, "--data", "scenes:?n=4&side=32"},
	} {
		if _, errs, code := tessera(t, args...); code != 0 {
			t.Fatal(errs)
		}
	}
	one, text := greyFile(t, 40, 32, dir, "one.png"), filepath.Join(dir, "text.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code := tessera(t, "detect", run, text, one, "--out", filepath.Join(dir, "a"), "--json")
	var made recipe.Detected
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != exitFailed || len(made.Pictures) != 1 || len(made.Skipped) != 1 || !strings.Contains(errs, "1 of 2 pictures could not be read") {
		t.Errorf("exit %d: %q, %v: %s", code, out, err, errs)
	}
	if out, _, code := tessera(t, "detect", run, text, one, "--out", filepath.Join(dir, "b")); code != exitFailed || !strings.HasSuffix(out, " objects in 1 pictures\n") {
		t.Errorf("exit %d: %q", code, out)
	}
	if out, _, code := tessera(t, "detect", run, text, "--out", filepath.Join(dir, "c"), "--json"); code != exitFailed || out != "" {
		t.Errorf("exit %d: %q", code, out)
	}
}
