package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/train"
)

// TestBeside: a run is judged beside random weights, another run and pixels by what their neighbours have in common; scores and a picture are kept.
func TestBeside(t *testing.T) {
	const frames = "scenes:?frames=6&n=8&side=16&as=frames&each=2"
	run, other := t.TempDir(), filepath.Join(t.TempDir(), "scene")
	for dir, task := range map[string]string{run: "rotation", other: Supervised} {
		c := quickConfig(frames + "&labels=background")
		c.Task, c.MaxSteps, c.Epochs = task, 2, 1
		if task == Supervised {
			c.Norm = "imagenet"
		}
		trained(t, c, dir, Options{})
	}
	p, err := eval.NewProtocol("purity?by=pose,background")
	if err != nil {
		t.Fatal(err)
	}
	c := Comparison{Test: frames + "&labels=background&seed=2", Protocols: []eval.Protocol{p}, Beside: []string{"random", other, "pixels"}}
	m, err := LoadRun(run)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.Judge(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	count, made := map[string]int{}, map[string]bool{}
	for _, s := range scores {
		count[s.Features]++
		made[s.Made()] = true
	}
	if len(made) != 2 { // by pose and by background, whatever each network's own norm
		t.Errorf("%d sorts of scores do not stand side by side: %v", len(made), made)
	}
	if fmt.Sprint(count) != "map[pixels:2 pretext:8 random:8 scene:8]" {
		t.Errorf("%v", count)
	}
	if kept, err := eval.LoadScores(run); err != nil || len(kept) != len(scores) {
		t.Errorf("%d scores are kept of %d, %v", len(kept), len(scores), err)
	}
	text, err := os.ReadFile(filepath.Join(run, "eval", "beside.txt"))
	if err != nil || !strings.Contains(string(text), "no frames of its own film") {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(run, "eval", "beside.png")); err != nil {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if scores, err := m.Judge(stopped, c); !errors.Is(err, context.Canceled) || len(scores) != 0 {
		t.Errorf("a judge who was stopped: %d scores, %v", len(scores), err)
	}
	for words, names := range map[string][]string{"two of the name random": {"random", "random"}, "nowhere: want random, pixels": {"nowhere"}, "two of the name pretext": {run, "pretext"}} {
		c.Beside = names
		if words == "two of the name pretext" {
			renamed := filepath.Join(t.TempDir(), "pretext")
			if err := os.Symlink(other, renamed); err != nil {
				t.Fatal(err)
			}
			c.Beside = []string{renamed}
		}
		if _, err := m.Judge(context.Background(), c); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: %v", names, err)
		}
	}
	file, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Beside = frames+"&labels=background", []string{Supervised}
	if _, err := file.Judge(context.Background(), c); err == nil || !strings.Contains(err.Error(), "random is no run") {
		t.Errorf("labels learned for as long as nothing: %v", err)
	}
}

// TestUnseen: what learned the labels of all samples is not judged on a fifth of them; on samples of another place, and after it learned from a part, it is.
func TestUnseen(t *testing.T) {
	run := &Model{Label: Supervised, Dir: "runs/sup", Info: &train.Info{Config: train.Config{Task: Supervised, Data: "folder:photos?n=50"}}}
	for _, c := range []struct {
		data, test string
		want       string
	}{
		{"folder:photos", "", "learned the labels of all of folder:photos"},
		{"folder:photos", "folder:others", ""},
		{"folder:photos?cut=0.8/0.2", "", ""},
		{"folder:others", "", ""},
		{"scenes", "", ""},
	} {
		err := Comparison{Data: c.data, Test: c.test}.unseen(run, "")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, test %q: %v", c.data, c.test, err)
		}
	}
	tuned := *run
	tuned.Info = &train.Info{Config: run.Info.Config, Tuned: &train.Tuned{}}
	if err := (Comparison{Data: "folder:photos"}).unseen(&tuned, ""); err != nil {
		t.Errorf("a fine-tuned network learned from four fifths: %v", err)
	}
}
