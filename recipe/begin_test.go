package recipe

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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

// taskConfig is quickConfig of a task, on scenes.
func taskConfig(task string) train.Config {
	c := quickConfig("scenes?n=40")
	if c.Task = task; task == "byol" || task == "npid" {
		c.Augment = "none"
	}
	return c
}

func values(m layers.Stateful) map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range layers.State(m) {
		out[p.Name] = append([]float32(nil), p.Value.Data...)
	}
	return out
}

// equalTo tells whether all of a, whose names begin with prefix, are in b.
func equalTo(t *testing.T, what, prefix string, a, b map[string][]float32) {
	t.Helper()
	n := 0
	for name, x := range a {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		n++
		y := b[name]
		for i := range x {
			if len(y) != len(x) || x[i] != y[i] {
				t.Fatalf("%s: %s differs at %d", what, name, i)
			}
		}
	}
	if n == 0 {
		t.Fatalf("%s: nothing is named %s...", what, prefix)
	}
}

// TestInit: a run of the same task begins with everything that the old one ended with, of another task with the trunk, before its
// own nets are copies of it; a file gives the trunk. What was begun with stands in run.json, and the run goes on without it.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	old := func(task string) (*Recipe, string) {
		c := taskConfig(task)
		at := filepath.Join(dir, task)
		return trained(t, c, at, Options{}), at
	}
	rot, rotDir := old("rotation")
	byol, byolDir := old("byol")
	says := ""
	from := func(task, init string) *Recipe {
		t.Helper()
		c := taskConfig(task)
		c.Init, c.Seed = init, 9
		begin, err := Adopt(&c, func(string) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		says = ""
		r, err := New(c, Options{Begin: begin, Say: func(s string) { says += s + "\n" }})
		if err != nil || r.lost != nil {
			t.Fatal(err, r.lost)
		}
		return r
	}
	equalTo(t, "the same task", "", values(byol.Learner), values(from("byol", byolDir).Learner))
	equalTo(t, "its head", "head.", values(rot.Learner), values(from("rotation", rotDir).Learner))
	other := from("byol", rotDir)
	equalTo(t, "another task's trunk", "", values(rot.Trunk), values(other.Trunk))
	npid, npidDir := old("npid")
	remembers := from("npid", npidDir)
	equalTo(t, "what does not remember samples", "projector.", values(npid.Learner), values(remembers.Learner))
	if slices.Equal(values(npid.Learner)["bank"], values(remembers.Learner)["bank"]) || !strings.HasSuffix(remembers.begins[len(remembers.begins)-1], "; its own: bank") {
		t.Errorf("samples remembered in another run are taken for the run's own; it would say %q", remembers.begins)
	}
	teacher := map[string][]float32{}
	for name, x := range values(other.Learner) {
		if in, ok := strings.CutPrefix(name, "teacher.trunk."); ok {
			teacher[in] = x
		}
	}
	equalTo(t, "the teacher's trunk", "", values(rot.Trunk), teacher)
	file := filepath.Join(dir, "trunk.safetensors")
	m, err := LoadRun(rotDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Save(file, m.Export()); err != nil {
		t.Fatal(err)
	}
	ofFile := from("byol", file)
	equalTo(t, "a file's trunk", "", values(rot.Trunk), values(ofFile.Trunk))
	if ofFile.Norm.String() != rot.Norm.String() {
		t.Errorf("its norm is %v, want %v", ofFile.Norm, rot.Norm)
	}

	// a run that was begun so, stopped and went on without what it began with, is one that never stopped
	whole := from("rotation", rotDir)
	info, err := whole.Train(context.Background(), filepath.Join(dir, "whole"), false)
	if err != nil || info.Origin == nil || len(info.Origin.SHA256) != 64 || info.Origin.File != filepath.Join(rotDir, "checkpoints", m.Checkpoint) {
		t.Fatal(err, info.Origin)
	}
	if want := "trunk and head begin with the weights of " + info.Origin.File + "\n"; !strings.Contains(says, want) {
		t.Errorf("said %q, want %q", says, want)
	}
	half := from("rotation", rotDir)
	ctx, stop := context.WithCancel(context.Background())
	half.options.Progress = func(p train.Progress) { stop() }
	parts := filepath.Join(dir, "parts")
	if _, err := half.Train(ctx, parts, false); !errors.Is(err, train.ErrInterrupted) {
		t.Fatal(err)
	}
	os.RemoveAll(rotDir)
	rest, err := New(half.Config, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Train(context.Background(), filepath.Join(dir, "new"), false); err == nil || !strings.Contains(err.Error(), "--init "+rotDir+": no such run") && !strings.Contains(err.Error(), "--init: "+rotDir+": no such run") {
		t.Errorf("begun with what is gone: %v", err)
	}
	gone, err := rest.Train(context.Background(), parts, true)
	if err != nil || gone.Origin == nil || *gone.Origin != *info.Origin {
		t.Fatal(err)
	}
	equalTo(t, "stopped and gone on", "", values(whole.Learner), values(rest.Learner))
}

// TestInitReadsOnce: what Adopt read is what the run begins with, though its files are gone or others by then, and nothing of it is kept
// once the networks are made. Without Adopt, or for another name, New reads it, once.
func TestInitReadsOnce(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "old")
	old := trained(t, taskConfig("rotation"), at, Options{})
	all, err := train.Checkpoints(at)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(b))
	c := taskConfig("rotation")
	c.Init, c.Seed = at, 9
	for _, adopted := range []bool{true, false} {
		var begin *Beginning
		before := bytesRead(t)
		if adopted {
			if begin, err = Adopt(&c, func(string) bool { return false }); err != nil {
				t.Fatal(err)
			}
			if len(begin.learner) != len(layers.State(old.Learner)) {
				t.Errorf("%d tensors are kept, the task has %d", len(begin.learner), len(layers.State(old.Learner)))
			}
			if err := os.Rename(at, at+"2"); err != nil {
				t.Fatal(err)
			}
		}
		r, err := New(c, Options{Begin: begin})
		if err != nil || r.lost != nil {
			t.Fatal(err, r.lost)
		}
		if n, size := bytesRead(t)-before, int64(len(b)); n >= size*3/2 || n < size && n > 0 {
			t.Errorf("%d bytes are read, the file has %d", n, size)
		}
		equalTo(t, "what is begun with", "", values(old.Learner), values(r.Learner))
		if r.origin == nil || r.origin.SHA256 != sum || r.origin.File != all[len(all)-1] {
			t.Errorf("begun with %+v, want %s", r.origin, sum)
		}
		if r.begun != nil || r.options.Begin != nil || adopted && (begin.model != nil || begin.learner != nil) {
			t.Error("the old weights are kept")
		}
		if adopted {
			if err := os.Rename(at+"2", at); err != nil {
				t.Fatal(err)
			}
			if r, err := New(c, Options{Begin: begin}); err != nil || r.lost != nil || r.origin == nil || r.origin.SHA256 != sum {
				t.Errorf("begun with what is taken already: %v, %v", err, r.lost)
			}
		}
	}
	other := &Beginning{init: "another"}
	if r, err := New(c, Options{Begin: other}); err != nil || r.lost != nil || r.origin.SHA256 != sum {
		t.Errorf("with another's weights: %v", err)
	}
}

// bytesRead is how many bytes the process has read; 0 where the system does not say.
func bytesRead(t *testing.T) (n int64) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Log("how much is read is not measured here")
		return 0
	}
	if _, err := fmt.Sscanf(string(b), "rchar: %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestInitRefuses: weights of another trunk, naming both; what was said wins over what the weights were made for.
func TestInitRefuses(t *testing.T) {
	dir := t.TempDir()
	c := taskConfig("rotation")
	trained(t, c, filepath.Join(dir, "old"), Options{})
	c.Init, c.Trunk, c.Side, c.Norm = filepath.Join(dir, "old"), "resnet20", 24, "imagenet"
	if _, err := Adopt(&c, func(string) bool { return true }); err != nil || c.Trunk != "resnet20" || c.Side != 24 || c.Norm != "imagenet" {
		t.Errorf("%v: what was said is not kept: %+v", err, c)
	}
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var e *SettingError
	if _, err := r.Train(context.Background(), "", false); !errors.As(err, &e) || e.Setting != "init" || !strings.Contains(err.Error(), "holds the weights of convnet, not of --trunk resnet20: ") {
		t.Errorf("another trunk: %v", err)
	}
	for _, init := range []string{filepath.Join(dir, "nothing"), dir} {
		c.Init = init
		if _, err := Adopt(&c, func(string) bool { return false }); err == nil || !strings.HasPrefix(err.Error(), "--init: "+init) {
			t.Errorf("%s: %v", init, err)
		}
	}
}

// TestNumbered: weights whose file numbers the parts of the network, with gaps and with a head behind them, are read by their places,
// and it is said; numbers that do not fit are left alone.
func TestNumbered(t *testing.T) {
	m, err := Random("resnet20", 3)
	if err != nil {
		t.Fatal(err)
	}
	write := func(prefix string, number map[string]string, drop string) string {
		t.Helper()
		f := checkpoint.TorchFile(Named(m.Trunk))
		kept := f.Tensors[:0]
		for _, n := range f.Tensors {
			part, rest, _ := strings.Cut(n.Name, ".")
			if n.Name = prefix + number[part] + "." + rest; part != drop {
				kept = append(kept, n)
			}
		}
		f.Tensors = append(kept, checkpoint.Named{Name: prefix + "9.weight", Value: tensor.New(2, 2)}, checkpoint.Named{Name: "projection_head.0.weight", Value: tensor.New(2, 2)})
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := checkpoint.Save(path, f); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lightly := map[string]string{"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6"}
	dense := map[string]string{"conv1": "0", "bn1": "1", "layer1": "2", "layer2": "3", "layer3": "4"}
	for said, path := range map[string]string{
		`after "backbone.": read as 0 conv1, 1 bn1, 4 layer1, 5 layer2, 6 layer3`: write("backbone.", lightly, ""),
		`after "": read as 0 conv1, 1 bn1, 4 layer1, 5 layer2, 6 layer3`:          write("", lightly, ""),
		`after "module.0.": read as 0 conv1, 1 bn1, 2 layer1, 3 layer2, 4 layer3`: write("module.0.", dense, ""),
	} {
		got, err := LoadFile(path, "resnet20")
		if err != nil {
			t.Errorf("%s: %v", said, err)
			continue
		}
		equalTo(t, said, "", values(m.Trunk), values(got.Trunk))
		if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, said) || strings.Contains(notes, "left out") {
			t.Errorf("said %q, want %q", notes, said)
		}
	}
	if _, err := LoadFile(write("backbone.", lightly, "bn1"), "resnet20"); err == nil || !strings.Contains(err.Error(), `there is no tensor`) {
		t.Errorf("a part is missing: %v", err)
	}
}

// TestBeginKeepsWhatDataDecides: weights are the old run's, what the new data decides is not.
func TestBeginKeepsWhatDataDecides(t *testing.T) {
	c := quickConfig("scenes:?n=20&side=16&seed=1")
	c.Task, c.Augment = "colourise", "none"
	dir := filepath.Join(t.TempDir(), "old")
	old := trained(t, c, dir, Options{})
	c.Data = "scenes:?n=20&side=16&seed=9"
	fresh, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Init = dir
	begun, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b, f := layers.State(old.Learner), layers.State(begun.Learner), layers.State(fresh.Learner)
	settings := 0
	for i := range b {
		want := a[i]
		if b[i].Kind == layers.Setting {
			want = f[i]
			if settings++; slices.Equal(a[i].Value.Data, f[i].Value.Data) {
				t.Errorf("%s is the same of both data", a[i].Name)
			}
		}
		if !slices.Equal(b[i].Value.Data, want.Value.Data) {
			t.Errorf("%s is not what it should be", b[i].Name)
		}
	}
	if settings != 1 {
		t.Errorf("%d settings", settings)
	}
}
