package recipe

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/train"
)

// TestOnlineProbe: a probe learns beside a run and is told at each look; the run ends with the same bits as without it, and when it is resumed the probe goes on from where it was.
func TestOnlineProbe(t *testing.T) {
	c := quickConfig("scenes:?n=60&side=16")
	c.MonitorEvery, c.Test, c.Epochs, c.MaxSteps, c.CheckpointEvery = 1, "scenes:?n=21&side=16&split=test", 4, 4, 1
	of := func(dir string) (probe []float64) {
		b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			var m map[string]float64
			if err := json.Unmarshal(line, &m); err != nil {
				t.Fatal(err)
			}
			if v, ok := m["probe"]; ok {
				probe = append(probe, v)
			}
		}
		return probe
	}
	run := func(c train.Config, dir string, resume bool, stopAt int) *Recipe {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		r, err := New(c, Options{Progress: func(p train.Progress) {
			if p.Step == stopAt {
				stop()
			}
		}})
		if err == nil {
			_, err = r.Train(ctx, dir, resume)
		}
		if err != nil && stopAt == 0 {
			t.Fatal(err)
		}
		return r
	}
	whole, parts := t.TempDir(), t.TempDir()
	a := run(c, whole, false, 0)
	run(c, parts, false, 2)
	run(c, parts, true, 0)
	if got, want := of(parts), of(whole); len(want) != 4 || !slices.Equal(got, want) {
		t.Errorf("resumed, the probe reaches %v, want %v", got, want)
	}
	c.MonitorEvery = -1
	b := run(c, t.TempDir(), false, 0)
	for i, p := range layers.State(b.Learner) {
		if !slices.Equal(p.Value.Data, layers.State(a.Learner)[i].Value.Data) {
			t.Errorf("%s is other beside a probe", p.Name)
		}
	}
	// its weights are no part of the network
	if m, err := LoadRun(whole); err != nil || layers.Size(m.Trunk) != layers.Size(a.Trunk) {
		t.Errorf("the run's network: %v", err)
	}
	run(c, parts, true, 0) // without a monitor what the checkpoint has of it is left
}
