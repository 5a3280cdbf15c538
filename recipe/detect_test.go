package recipe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/detect"
)

// TestDetecting: what eval detect let learn is kept in the run, and finds objects in files; where there is nothing, that is said.
func TestDetecting(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := Default()
	c.Task, c.Data, c.Trunk, c.Side, c.BatchSize, c.Epochs, c.MonitorEvery = "rotation", "scenes:?n=8&side=32", "convnet", 32, 4, 1, -1
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Train(context.Background(), dir, false); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if _, err := (Detecting{Out: out}).Run(context.Background(), dir, []string{dir}); err == nil || !strings.Contains(err.Error(), "has no detector") {
		t.Errorf("a run without a detector: %v", err)
	}
	scores, err := mustRun(t, dir).Judge(context.Background(), Comparison{Test: "scenes:?n=4&side=32", Protocols: []eval.Protocol{detect.Detect{Epochs: 1, Channels: 8}}, Beside: []string{"random"}})
	if err != nil || len(scores) != 4 {
		t.Fatal(scores, err)
	}
	d, err := data.Open("scenes:?n=1&side=32", data.Test)
	if err != nil {
		t.Fatal(err)
	}
	im, err := d.Images.Image(0)
	if err != nil {
		t.Fatal(err)
	}
	picture, broken := filepath.Join(t.TempDir(), "a.png"), filepath.Join(t.TempDir(), "b.png")
	if err := SavePNG(picture, im.RGBA()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	told := 0
	made, err := Detecting{Out: out, Progress: func(done, of int) { told = done }}.Run(context.Background(), dir, []string{picture, broken})
	if err == nil || !strings.Contains(err.Error(), "1 of 2 pictures could not be read") {
		t.Errorf("a broken picture: %v", err)
	}
	if told != 2 {
		t.Errorf("%d of 2 pictures are told as progress", told)
	}
	if len(made.Pictures) != 1 || len(made.Skipped) != 1 {
		t.Fatalf("%+v", made)
	}
	if _, err := os.Stat(made.Pictures[0].Drawn); err != nil {
		t.Error(err)
	}
	if _, err := (Detecting{Out: out}).Run(context.Background(), dir, []string{picture}); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a file in the way: %v", err)
	}
}

func mustRun(t *testing.T, dir string) *Model {
	t.Helper()
	m, err := LoadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
