package recipe

import (
	"strings"
	"testing"

	"github.com/tessera-go/tessera/pretext"
)

// TestPresets: every preset is for a task that exists, with options that it has, and passes Check; what is said of the task wins over
// the preset's options, and another task is refused.
func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		c, err := Preset(name, strings.Split(taskOf(t, name), "?")[0])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := Check(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(AboutPreset(name)) < 20 {
			t.Errorf("%s is called %q", name, AboutPreset(name))
		}
		if c.Task != taskOf(t, name) {
			t.Errorf("%s: task %s, in the file %s", name, c.Task, taskOf(t, name))
		}
	}
	c, err := Preset("byol-cifar", "byol?hidden=64&last=1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := pretext.New(c.Task)
	want := pretext.BYOL{Decay: 0.99, LastDecay: 1, Hidden: 64, Out: 256, MinArea: 0.08, Jitter: 0.8, Saturation: 0.4, Solarise: 0, Blur: "no"}
	if err != nil || got != want {
		t.Errorf("%s: %+v, %v", c.Task, got, err)
	}
	if c.Trunk != "resnet18-cifar" || c.Optimizer != "sgd?decay=all" || c.LR != 0.06 || c.Norm != "imagenet" || c.Epochs != 200 || c.BatchSize != 128 || c.Schedule != "cosine" {
		t.Errorf("%+v", c)
	}
	if _, err := Preset("byol-cifar", "rotation"); err == nil || !strings.Contains(err.Error(), "for the task byol, not for rotation") {
		t.Errorf("for another task: %v", err)
	}
}

// taskOf returns the task as a preset's file has it, options in order of their names.
func taskOf(t *testing.T, name string) string {
	t.Helper()
	b, err := presets.ReadFile("presets/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), `"task": "`)
	task, _, _ := strings.Cut(after, `"`)
	return task
}
