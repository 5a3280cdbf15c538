package recipe

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
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
	last := func(dir string) (beside []checkpoint.Named) {
		f, err := checkpoint.Load(filepath.Join(dir, "checkpoints", "step-00000004.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Tensors {
			if strings.HasPrefix(p.Name, "beside.") {
				beside = append(beside, p)
			}
		}
		return beside
	}
	got, want := last(parts), last(whole)
	for i, p := range want {
		if !slices.Equal(p.Value.Data, got[i].Value.Data) {
			t.Errorf("resumed, the probe has another %s", p.Name)
		}
	}
	if len(want) != 2 || len(got) != 2 {
		t.Errorf("%d and %d tensors of the probe are kept, want weight and bias", len(want), len(got))
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

const heldScenes = "scenes:?n=20&side=16&split=test"

// watching returns the monitor of a run of a task that has not begun; what it says is added to said.
func watching(t *testing.T, task, held string, said *string) *monitor {
	t.Helper()
	c := quickConfig("scenes:?n=40&side=16")
	c.Task, c.Augment, c.MonitorEvery, c.Test = task, "none", 1, held
	r, err := New(c, Options{Say: func(s string) { *said += s + "\n" }})
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.monitor()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCollapseIsNamed: a teacher whose temperature makes all pictures alike, and a projector that says the same of all, are named at the first look, once until they are
// no longer so, with what the task has to turn; of few samples nothing is said.
func TestCollapseIsNamed(t *testing.T) {
	said := ""
	monitorOf := func(task, held string) *monitor {
		said = ""
		return watching(t, task, held, &said)
	}
	monitorOf("dino?teacher=8&prototypes=16&hidden=16&neck=8", heldScenes).look(13, 19)
	if !strings.Contains(said, "step 13: collapse: held-out teacher entropy is ") || !strings.Contains(said, "alive below 99.5 %") || !strings.Contains(said, "a lower teacher=") {
		t.Errorf("all prototypes alike: said %q", said)
	}
	for _, task := range []string{"vicreg?hidden=16&out=8", "simclr?hidden=16&out=8", "swav?prototypes=16&hidden=16&out=8", "rotation"} {
		if monitorOf(task, heldScenes).look(1, 19); said != "" {
			t.Errorf("%s has learned nothing, and not collapsed: %q", task, said)
		}
	}
	m := monitorOf("byol?hidden=16&out=8", heldScenes)
	if m.look(11, 19); said != "" {
		t.Errorf("a net that has learned nothing has not collapsed: %q", said)
	}
	var last *tensor.Tensor
	for _, p := range layers.State(m.r.Learner) {
		if p.Name == "projector.2.weight" {
			last = p.Value
		}
	}
	was := last.Clone()
	last.Fill(0)
	tensor.Changed()
	m.look(12, 19)
	m.look(13, 19)
	if strings.Count(said, "collapse") != 1 || !strings.Contains(said, "step 12: collapse: held-out spread is 0 (alive above 0.05); what to turn: a lower --lr and weight decay") {
		t.Errorf("one answer for all: said %q", said)
	}
	copy(last.Data, was.Data)
	tensor.Changed()
	m.look(14, 19)
	last.Fill(0)
	tensor.Changed()
	if m.look(15, 19); strings.Count(said, "collapse") != 2 || !strings.Contains(said, "step 15") {
		t.Errorf("collapsed again: said %q", said)
	}
	few := monitorOf("byol?hidden=16&out=8", "scenes:?n=7&side=16&split=test")
	for _, p := range layers.Params(few.r.Trunk) {
		p.Value.Fill(0)
	}
	tensor.Changed()
	if few.look(12, 19); said != "" {
		t.Errorf("seven samples say %q", said)
	}
}

// TestFewerDirections: features that keep less than a third of their highest rank at two looks in a row are named, once; not those that lost less, that lost it for one
// look or while the net was young, or that learn classes or clusters, or several tasks at once.
func TestFewerDirections(t *testing.T) {
	for _, c := range []struct {
		task  string
		from  int // update of the first look, each ten after the one before
		ranks []float64
		want  string
	}{
		{"simclr?hidden=8&out=4", 10, []float64{6, 12, 3.9, 3.8, 3.7, 3.6}, "step 40: collapse: features lie along fewer and fewer directions (effective rank 3.8 of 9, 12.0 at step 20); what to turn: a lower --lr, " +
			"a lower temperature=, larger batches; a lower --weight-decay, weaker views"},
		{"simclr?hidden=8&out=4", 10, []float64{12, 4.1, 4.1, 4.1}, ""},
		{"simclr?hidden=8&out=4", 10, []float64{12, 3.9, 4.1, 3.9, 4.1}, ""},
		{"simclr?hidden=8&out=4", 0, []float64{40, 12, 5, 5, 5}, ""},
		{"rotation", 10, []float64{12, 3, 3, 3}, ""},
		{"supcon?hidden=8&out=4", 10, []float64{12, 3, 3, 3}, ""},
		{"deepcluster?clusters=4", 10, []float64{12, 3, 3, 3}, ""},
		{"multi?tasks=simclr,rotation&simclr.hidden=8&simclr.out=4", 10, []float64{12, 3, 3, 3}, ""},
	} {
		said := ""
		m := watching(t, c.task, heldScenes, &said)
		for k, rank := range c.ranks {
			m.collapse(c.from+10*k, map[string]float64{"feature_std": 0.5, "effective_rank": rank}, 9)
		}
		if c.want == "" && said != "" || !strings.Contains(said, c.want) || strings.Count(said, "collapse") > 1 {
			t.Errorf("%s with ranks %v: said %q, want %q", c.task, c.ranks, said, c.want)
		}
	}
}

// TestCollapseOfFeatures: features along one line, and features that are no numbers, are named; those of a small rank are not.
func TestCollapseOfFeatures(t *testing.T) {
	for _, c := range []struct {
		std, rank float64
		want      string
	}{{0.5, 1.2, ""}, {0.5, 1.05, "step 20: collapse: features lie along one line (effective rank 1.1 of 9, deviation 0.50); what to turn: a lower --lr"},
		{0.01, 3, "step 20: collapse: features have a deviation of 0.010 (1 is spread out, 0 constant) and an effective rank of 3.0 of 9"},
		{math.NaN(), 3, "features have a deviation of NaN"}, {0.5, math.NaN(), "features lie along one line (effective rank NaN"}} {
		said := ""
		watching(t, "rotation", heldScenes, &said).collapse(20, map[string]float64{"feature_std": c.std, "effective_rank": c.rank}, 9)
		if c.want == "" && said != "" || !strings.Contains(said, c.want) {
			t.Errorf("deviation %g, rank %g: said %q, want %q", c.std, c.rank, said, c.want)
		}
	}
}
