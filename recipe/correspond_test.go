package recipe

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
)

// judgedBy judges a model by a protocol on data.
func judgedBy(t *testing.T, m *Model, protocol, of string) ([]eval.Score, error) {
	t.Helper()
	p, err := NewProtocol(protocol)
	if err != nil {
		t.Fatal(err)
	}
	return m.Judge(context.Background(), Comparison{Data: of, Protocols: []eval.Protocol{p}})
}

// TestCorrespond: a run of films with sound is judged in four directions and by places, beside the weights that it began with; what it hears with is a model of
// its own; scores are kept; what cannot be judged is refused in a sentence.
func TestCorrespond(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c, err := For("audio-visual?fusion=location&embed=16")
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery = "scenes:?sound=yes&frames=12&n=24&side=16", 16, 8, 2, 4, -1
	c.Sound = "mel?seconds=0.5&bands=16"
	r := trained(t, c, dir, Options{})
	if !strings.Contains(r.Config.Sound, "mean=") || !strings.Contains(r.Config.Sound, "std=") {
		t.Errorf("the data's own mean and deviation are not kept: %q", r.Config.Sound)
	}
	m, err := LoadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	of := "scenes:?sound=yes&frames=12&n=40&side=16&split=test"
	scores, err := judgedBy(t, m, "retrieval?k=5&cca=yes", of)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range scores {
		names = append(names, s.Features+": "+s.Metric.Name)
		if !(s.Value >= 0 && s.Value <= 1) || s.Test == 0 || math.IsNaN(s.Value) {
			t.Errorf("%s is %g of %d", s.Metric.Name, s.Value, s.Test)
		}
	}
	if got := strings.Join(names, "; "); len(names) != 16 || !strings.HasPrefix(got, "pretext: nDCG@5 image to image; pretext: nDCG@5 image to sound; pretext: nDCG@5 sound to image; pretext: nDCG@5 sound to sound; pretext + CCA: ") ||
		!strings.Contains(got, "random + CCA: nDCG@5 sound to sound") {
		t.Errorf("scores %s", got)
	}
	places, err := judgedBy(t, m, "localisation", of)
	if err != nil || len(places) != 6 {
		t.Fatalf("%d scores, %v", len(places), err)
	}
	if places[0].Test >= 40 || places[0].Test < 30 {
		t.Errorf("%d of 40 films are judged, want those that do not sound from off the screen, about nine tenths", places[0].Test)
	}
	if kept, err := eval.LoadScores(dir); err != nil || len(kept) < 22 {
		t.Errorf("%d scores are kept, %v", len(kept), err)
	}

	ear, err := m.Ear()
	if err != nil {
		t.Fatal(err)
	}
	if w := layers.State(ear.Trunk)[0].Value; ear.Hearing == nil || ear.Hearing.String() != r.Config.Sound || w.Dim(2) != 1 {
		t.Errorf("the ear has weights %v and hears %v", w.Shape, ear.Hearing)
	}
	exported := filepath.Join(t.TempDir(), "ear.safetensors")
	if err := checkpoint.Save(exported, ear.Export()); err != nil {
		t.Fatal(err)
	}
	again, err := LoadFile(exported, "")
	if err != nil || again.Hearing == nil || *again.Hearing != *ear.Hearing {
		t.Errorf("exported and loaded it hears %v, %v", again, err)
	}

	for _, bad := range []struct{ name, data, want string }{
		{"retrieval", "scenes:?n=8&side=16", "judged on films with sound; the data has pictures"},
		{"localisation", "scenes:?frames=8&n=4&side=16", "judged on films with sound; the data has films"},
	} {
		if _, err := judgedBy(t, m, bad.name, bad.data); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s of %s: %v", bad.name, bad.data, err)
		}
	}
	pictures, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pictures.Ear(); err == nil || !strings.Contains(err.Error(), "hears nothing") {
		t.Errorf("the ear of a trunk of pictures: %v", err)
	}
	if _, err := judgedBy(t, pictures, "retrieval", of); err == nil || !strings.Contains(err.Error(), "no run of films with sound") {
		t.Errorf("retrieval of a trunk of pictures: %v", err)
	}
	for _, name := range []string{"retrieval?k=0", "retrieval?rank=3", "localisation?k=3", "retrieval:x"} {
		if _, err := NewProtocol(name); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestCorrespondClips: who embeds clips is shown clips, as long as what is heard.
func TestCorrespondClips(t *testing.T) {
	for _, task := range []string{"av-sync?frames=3&embed=8", "av-contrastive?embed=8&memory=5"} {
		dir := filepath.Join(t.TempDir(), "run")
		c, err := For(task)
		if err != nil {
			t.Fatal(err)
		}
		c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery = "scenes:?sound=yes&frames=12&n=16&side=16&objects=1", 16, 8, 2, 2, -1
		c.Sound = "mel?seconds=0.5&bands=16"
		trained(t, c, dir, Options{})
		m, err := LoadRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := judgedBy(t, m, "retrieval?k=5", "scenes:?sound=yes&frames=12&n=20&side=16&split=test")
		if err != nil || len(scores) != 8 || scores[0].Test == 0 {
			t.Errorf("%s: %d scores, %v", task, len(scores), err)
		}
		if _, err := judgedBy(t, m, "localisation", ""); err == nil || !strings.Contains(err.Error(), "does not say where it sounds") {
			t.Errorf("%s: places: %v", task, err)
		}
	}
}

// TestSoundSetting: who hears nothing has no sound, and who hears says how in words that can be read.
func TestSoundSetting(t *testing.T) {
	c, err := For("rotation")
	if err != nil {
		t.Fatal(err)
	}
	c.Sound = "mel"
	if err := Check(c); err == nil || !strings.Contains(err.Error(), "--sound mel: the task rotation hears nothing") {
		t.Errorf("rotation with a sound: %v", err)
	}
	if c, err = For("audio-visual"); err != nil || c.Sound != "mel" || c.Data != "scenes:?sound=yes" {
		t.Fatalf("%+v, %v", c, err)
	}
	c.Sound = "mel?bands=none"
	if err := Check(c); err == nil || !strings.Contains(err.Error(), "--sound mel?bands=none: ") {
		t.Errorf("a sound that cannot be: %v", err)
	}
}
