package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
)

// TestDiverged: a loss that is a number but out of all proportion stops the run as a NaN does, with both values; a resumed run measures
// against the run's first step, not its own.
func TestDiverged(t *testing.T) {
	dir := t.TempDir()
	c := config()
	c.LR, c.WarmupSteps, c.Momentum = 3e4, 0, 0
	r := newRun(dir, c, 0)
	_, err := r.Start(context.Background(), false)
	var e *DivergedError
	if !errors.As(err, &e) || !(e.Value > 1000*max(1, e.First)) || !(e.First > 0.5 && e.First < 10) {
		t.Fatalf("%v: %+v", err, e)
	}
	if !strings.Contains(err.Error(), "more than 1000 times what it was in the first step") || !strings.HasSuffix(err.Error(), "the state before this step is in "+e.CheckpointPath) || e.CheckpointPath == "" {
		t.Errorf("message %q", err)
	}
	again := newRun(dir, c, 0)
	_, err = again.Start(context.Background(), true)
	var f *DivergedError
	if !errors.As(err, &f) || f.First != e.First || f.Step != e.Step || f.Value != e.Value {
		t.Errorf("resumed: %v, want %v", err, e)
	}
}

// TestSameFile: two runs that make the same weights write the same checkpoints, whatever they took.
func TestSameFile(t *testing.T) {
	var files [2][]byte
	for i := range files {
		dir := t.TempDir()
		if _, err := newRun(dir, config(), 0).Start(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		all, err := Checkpoints(dir)
		if err != nil || len(all) == 0 {
			t.Fatal(err)
		}
		if files[i], err = os.ReadFile(all[len(all)-1]); err != nil {
			t.Fatal(err)
		}
		f, err := checkpoint.Load(filepath.Join(dir, "checkpoints", filepath.Base(all[len(all)-1])))
		if err != nil || !strings.Contains(f.Metadata["tessera.first"], `"loss":`) {
			t.Errorf("first losses %q, %v", f.Metadata["tessera.first"], err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the checkpoints of two equal runs differ")
	}
}
