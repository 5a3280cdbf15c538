package recipe

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/train"
)

// TestSupervisedMixed: a supervised run whose batches are mixed learns otherwise, ends with the same bits when it is interrupted and resumed, and no task without labels takes it.
func TestSupervisedMixed(t *testing.T) {
	c := quickConfig("scenes:?n=40&side=16")
	c.Task, c.MaxSteps, c.Epochs, c.MonitorEvery, c.Mixup, c.CutMix = Supervised, 6, 3, 0, 0.8, 1
	weights := func(dir string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, "checkpoints", "step-00000006.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	whole, part, plain := t.TempDir(), t.TempDir(), t.TempDir()
	trained(t, c, whole, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := New(c, Options{Progress: func(p train.Progress) {
		if p.Step == 3 {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Train(ctx, part, false); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	if r, err = New(c, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Train(context.Background(), part, true); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(weights(whole), weights(part)) {
		t.Error("a resumed run ends with other bits")
	}
	c.Mixup, c.CutMix = 0, 0
	trained(t, c, plain, Options{})
	if bytes.Equal(weights(whole), weights(plain)) {
		t.Error("mixing changes nothing")
	}
	for _, set := range []func(c *train.Config){func(c *train.Config) { c.Mixup = 1 }, func(c *train.Config) { c.CutMix = 1 }} {
		of := quickConfig("scenes:?n=40&side=16")
		set(&of)
		if err := Check(of); err == nil || !strings.Contains(err.Error(), "the task rotation has no labels to mix") {
			t.Errorf("of a pretext task: %v", err)
		}
	}
	c.Mixup = -1
	if err := Check(c); err == nil || !strings.Contains(err.Error(), "--mixup -1: want 0 for none, or at most 100") {
		t.Errorf("%v", err)
	}
}
