package recipe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/train"
)

// TestFineTunedRun: what finetune keeps is a run that says what it came from, is judged again to the same accuracy, and that other runs begin with and stand beside.
func TestFineTunedRun(t *testing.T) {
	run, out := t.TempDir(), filepath.Join(t.TempDir(), "tuned")
	c := quickConfig("scenes:?n=60&side=16")
	c.Task, c.MaxSteps, c.Epochs = "rotation", 2, 1
	trained(t, c, run, Options{})
	protocol := func(of string) []eval.Protocol {
		t.Helper()
		p, err := NewProtocol(of)
		if err != nil {
			t.Fatal(err)
		}
		return []eval.Protocol{p}
	}
	judge := func(dir string, c Comparison) ([]eval.Score, error) {
		t.Helper()
		m, err := LoadRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		return m.Judge(context.Background(), c)
	}
	of := Comparison{Data: "scenes:?n=200&side=16&seed=4", Test: "scenes:?n=80&side=16&split=test", Protocols: protocol("finetune?epochs=3&freeze=conv1&augment=crop-flip"), Beside: []string{"random"}, Out: out, Command: "tessera it"}
	s, err := judge(run, of)
	if err != nil || len(s) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	info, err := train.LoadInfo(out)
	if err != nil {
		t.Fatal(err)
	}
	last, err := train.Checkpoints(run)
	if err != nil {
		t.Fatal(err)
	}
	_, sum, err := checkpoint.LoadSum(last[len(last)-1])
	if err != nil || info.Origin == nil || info.Origin.SHA256 != sum || info.Origin.File != last[len(last)-1] || info.Config.Init != run || info.Config.Task != Supervised {
		t.Errorf("origin %+v, %+v, %v", info.Origin, info.Config, err)
	}
	u := info.Tuned
	if u == nil || u.Protocol != "finetune" || len(u.Classes) != 20 || u.Settings["freeze"] != "conv1" || u.Settings["epochs"] != 3.0 || u.Held == 0 || u.Best < 1 || info.Command != "tessera it" ||
		info.Config.Augment != "crop-flip" || info.DataLen != 200 || info.Params == 0 {
		t.Errorf("%+v, %+v", u, info)
	}
	tuned, err := LoadRun(out)
	if err != nil || tuned.Label != "finetuned" {
		t.Fatal(err)
	}
	before, err := LoadRun(run)
	if err != nil {
		t.Fatal(err)
	}
	a, b := Named(before.Trunk), Named(tuned.Trunk)
	if a[0].Value.Data[0] != b[0].Value.Data[0] || a[len(a)-5].Value.Data[0] == b[len(b)-5].Value.Data[0] {
		t.Error("the first stage was to stay, the last to learn")
	}
	again, err := judge(out, Comparison{Test: of.Test, Protocols: protocol("finetune?learn=no")})
	if err != nil || again[0].Value != s[0].Value || again[0].Features != "finetuned" || again[0].Test != 80 {
		t.Errorf("judged again: %+v, %v; it was %.4f", again, err, s[0].Value)
	}
	if s, err := judge(run, Comparison{Data: of.Data, Test: of.Test, Protocols: protocol("knn"), Beside: []string{out}}); err != nil || len(s) != 8 {
		t.Errorf("beside: %d scores, %v", len(s), err)
	}
	c.Task, c.Init, c.Data, c.MonitorEvery = Supervised, out, "scenes:?n=60&side=16", -1
	trained(t, c, t.TempDir(), Options{})
	// what is refused before anything is computed
	refused := func(dir string, c Comparison, words string) {
		t.Helper()
		if _, err := judge(dir, c); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %q, got %v", words, err)
		}
	}
	refused(run, of, "already holds a run")
	of.Out = filepath.Join(t.TempDir(), "new")
	of.Protocols = protocol("semi")
	refused(run, of, "eval finetune")
	of.Protocols = protocol("finetune?learn=no")
	refused(run, of, "eval finetune")
	if _, err := os.Stat(of.Out); err == nil {
		t.Error("a folder was made for nothing")
	}
	// interrupted: nothing is left that looks like a run
	of.Protocols = protocol("finetune")
	ctx, stop := context.WithCancel(context.Background())
	of.Eval.Progress = func(int, int, string) { stop() }
	if _, err := before.Judge(ctx, of); err == nil {
		t.Error("an interrupted fine-tuning is none")
	}
	if _, err := os.Stat(of.Out); err == nil {
		t.Error("an interrupted fine-tuning left a folder")
	}
	// a run.json whose head is of other classes
	info.Tuned.Classes = info.Tuned.Classes[:5]
	if err := info.Save(out); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRun(out); err == nil || !strings.Contains(err.Error(), "head") {
		t.Errorf("a head of other classes: %v", err)
	}
}

// TestTunedDrop: a fine-tuned run's trunk says how often branches were left out, if that is not as the trunk had it.
func TestTunedDrop(t *testing.T) {
	for _, c := range []struct {
		trunk string
		drop  float32
		want  string
	}{{"vit-tiny?depth=2&patch=8", 0.1, "vit-tiny?depth=2&drop=0.1&patch=8"}, {"vit-tiny?depth=2&drop=0.2&patch=8", -1, "vit-tiny?depth=2&drop=0&patch=8"},
		{"vit-tiny?depth=2&drop=0.2&patch=8", 0, "vit-tiny?depth=2&drop=0.2&patch=8"}} {
		m, err := Random(c.trunk, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := Comparison{}.tunedConfig(m, &eval.Tuned{Tuning: eval.Tuning{Drop: c.drop}, Lesson: &eval.Lesson{}}).Trunk
		if got != c.want {
			t.Errorf("%s with %g is %s, want %s", c.trunk, c.drop, got, c.want)
		}
		if _, err := Random(got, 1); err != nil {
			t.Error(err)
		}
	}
}
