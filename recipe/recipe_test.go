package recipe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// TestFor: a task's settings are the usual ones and what its paper wants; an unknown task says which there are.
func trained(t *testing.T, c train.Config, dir string, o Options) *Recipe {
	t.Helper()
	r, err := New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Train(context.Background(), dir, false); err != nil {
		t.Fatalf("%s: %v", c.Task, err)
	}
	return r
}

func TestFor(t *testing.T) {
	c, err := For("rotation?set=8")
	if err != nil || c.Task != "rotation?set=8" || c.LR != 0.1 || c.Optimizer != "nesterov" || c.Schedule != "cosine" || c.Momentum != 0.9 || c.WeightDecay != 5e-4 || c.Augment != "crop-flip" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, name := range append(pretext.Names(), Supervised) {
		c, err := For(name)
		if c.Data == "" { // what learns from texts has no procedural ones
			if err := Check(c); err == nil || !strings.Contains(err.Error(), "--data is needed") {
				t.Errorf("%s without data: %v", name, err)
			}
			c.Data = "text:a.txt"
		}
		if err == nil {
			err = Check(c)
		}
		if err != nil {
			t.Errorf("the usual settings of %s: %v", name, err)
		}
	}
	if _, err := For("puzzle"); err == nil || !strings.Contains(err.Error(), "there are "+strings.Join(pretext.Names(), ", ")) {
		t.Errorf("an unknown task: %v", err)
	}
	if _, err := For("rotation?%zz"); err == nil {
		t.Error("a task that does not parse passes")
	}
}

// TestCheck: each setting's limits, with the setting's name.
func TestCheck(t *testing.T) {
	ok := Default()
	ok.Task = "rotation"
	if err := Check(ok); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string][]func(c *train.Config){
		"side":             {func(c *train.Config) { c.Side = 7 }},
		"epochs":           {func(c *train.Config) { c.Epochs = 0 }},
		"max-steps":        {func(c *train.Config) { c.MaxSteps = -1 }},
		"batch-size":       {func(c *train.Config) { c.BatchSize = 0 }},
		"accumulate":       {func(c *train.Config) { c.Accumulate = -1 }},
		"warmup-steps":     {func(c *train.Config) { c.WarmupSteps = -1<<30 - 1 }, func(c *train.Config) { c.Schedule, c.WarmupSteps = "onecycle", 1 }},
		"checkpoint-every": {func(c *train.Config) { c.CheckpointEvery = -1 }},
		"log-every":        {func(c *train.Config) { c.LogEvery = 0 }},
		"lr":               {func(c *train.Config) { c.LR = 0 }, func(c *train.Config) { c.LR = 1e6 }, func(c *train.Config) { c.LR = float32(math.NaN()) }},
		"monitor-samples":  {func(c *train.Config) { c.MonitorSamples = -1 }},
		"max-bad":          {func(c *train.Config) { c.MaxBad = -0.1 }, func(c *train.Config) { c.MaxBad = 1.1 }},
		"momentum":         {func(c *train.Config) { c.Momentum = 1 }, func(c *train.Config) { c.Momentum = -0.1 }},
		"weight-decay":     {func(c *train.Config) { c.WeightDecay = -1 }},
		"clip-norm":        {func(c *train.Config) { c.ClipNorm = -1 }},
		"augment": {func(c *train.Config) { c.Task = "byol" }, func(c *train.Config) { c.Task = "relative-position?patch=16" },
			func(c *train.Config) { c.Augment = "upside-down" }},
		"optimizer": {func(c *train.Config) { c.Optimizer = "sgdx" }, func(c *train.Config) { c.Optimizer = "adam?beta9=1" }},
		"schedule":  {func(c *train.Config) { c.Schedule = "down" }},
		"norm":      {func(c *train.Config) { c.Norm = "black" }},
		"precision": {func(c *train.Config) { c.Precision = tensor.Int8 }},
	} {
		for _, f := range spoil {
			c := ok
			f(&c)
			var e *SettingError
			if err := Check(c); !errors.As(err, &e) || e.Setting != name || !strings.HasPrefix(err.Error(), "--"+name+" ") {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := New(c, Options{}); err == nil {
				t.Errorf("%s: New takes it", name)
			}
		}
	}
	for _, f := range []func(c *train.Config){func(c *train.Config) { c.Side = 8 }, func(c *train.Config) { c.Momentum = 0 }, func(c *train.Config) { c.MaxBad = 1 }, func(c *train.Config) { c.MaxBad, c.ClipNorm = 0, 0 }, func(c *train.Config) { c.WeightDecay = 0 },
		func(c *train.Config) { c.BatchSize, c.Epochs, c.LogEvery = 1, 1, 1 }, func(c *train.Config) { c.Precision = tensor.BFloat16 }} {
		c := ok
		f(&c)
		if err := Check(c); err != nil {
			t.Error(err)
		}
	}
}

func TestDirectory(t *testing.T) {
	c := Default()
	c.Task, c.Trunk, c.Seed = "rotation?set=8", "resnet20?shortcut=a", 7
	if d := Directory(c); d != filepath.Join("runs", "rotation-resnet20-seed7") {
		t.Errorf("a run goes to %s", d)
	}
}

// quickConfig is a run of a moment.
func quickConfig(of string) train.Config {
	c := Default()
	c.Task, c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery = "rotation", of, 16, 8, 1, 2, -1
	return c
}

// TestHoldOut: the monitor looks at the test data, the data's own test split, or a part that is not trained on; which part the seed
// decides.
func TestHoldOut(t *testing.T) {
	said := ""
	open := func(c train.Config) *Recipe {
		t.Helper()
		said = ""
		r, err := New(c, Options{Say: func(s string) { said += s }})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	c := quickConfig("scenes:?n=40&side=16")
	if r := open(c); r.Held != nil {
		t.Error("who does not look holds something out")
	}
	c.MonitorEvery = 1
	if r := open(c); r.Held == nil || r.Held.Len() != 2000 || !strings.Contains(r.Held.Name, "split=test") || r.Data.Len() != 40 || said != "" {
		t.Errorf("the data's own test split: %+v, said %q", r.Held, said)
	}
	c.Test = "scenes:?n=30&side=16&seed=9"
	if r := open(c); r.Held.Len() != 30 || !strings.Contains(r.Held.Name, "seed=9") {
		t.Errorf("the data that was named: %+v", r.Held)
	}
	if said != "" {
		t.Errorf("of other data is said %q", said)
	}
	c.Test = "scenes:?n=30&side=16&split=train"
	if r := open(c); r.Held.Len() != 30 || !strings.HasPrefix(said, "30 of the 30 samples of --test are training samples too") {
		t.Errorf("training data as test data: said %q", said)
	}
	c.Test = "scenes:?n=x"
	if _, err := New(c, Options{}); err == nil {
		t.Error("test data that cannot be opened pass")
	}
	folder := pictures(t, 140)
	c = quickConfig("folder:" + folder)
	c.MonitorEvery = 0
	r := open(c)
	if r.Held.Len() != 7 || r.Data.Len() != 133 || !strings.Contains(said, "7 of 140 samples are held out") {
		t.Errorf("%d held out of a folder, %d trained on; said %q", r.Held.Len(), r.Data.Len(), said)
	}
	files := map[string]bool{}
	for i := range r.Data.Len() {
		files[r.Data.Describe(i)] = true
	}
	for i := range r.Held.Len() {
		if files[r.Held.Describe(i)] {
			t.Errorf("%s is held out and trained on", r.Held.Describe(i))
		}
	}
	again := open(c)
	c.Seed++
	other := open(c)
	if again.Held.Describe(0) != r.Held.Describe(0) || again.Data.Fingerprint != r.Data.Fingerprint {
		t.Error("another part is held out the second time")
	}
	if other.Held.Describe(0) == r.Held.Describe(0) && other.Held.Describe(1) == r.Held.Describe(1) {
		t.Error("the seed does not decide what is held out")
	}
	c.Data = "folder:" + pictures(t, 99)
	if r := open(c); r.Held != nil || !strings.Contains(said, "too few to hold some out") {
		t.Errorf("of 99 pictures some are held out: said %q", said)
	}
	for n, want := range map[int]int{100: 5, 9999: 499, 12000: 500} { // of a folder; whose pictures does not matter
		r := &Recipe{Config: c, Data: data.NewScenes(n, 16, 1, data.Train).Dataset(), options: Options{Say: func(string) {}}}
		if err := r.holdOut(); err != nil || r.Held.Len() != want || r.Data.Len() != n-want {
			t.Errorf("of %d samples %d are held out, %v", n, r.Held.Len(), err)
		}
	}
}

// pictures is a folder of scenes, a folder a class.
func pictures(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	src := data.NewScenes(n, 16, 1, data.Train).Dataset()
	for i := range n {
		im, err := src.Images.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		class := filepath.Join(dir, src.Truth.Classes()[src.Truth.Label(i)])
		os.MkdirAll(class, 0o755)
		if err := SavePNG(filepath.Join(class, fmt.Sprintf("%03d.png", i)), im.RGBA()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestNorm: a run has the norm that is named, or its data's own, and keeps it; a run of an earlier version had half.
func TestNorm(t *testing.T) {
	c := quickConfig("scenes:?n=40&side=16")
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := data.MeasureNorm(r.Data.Inputs, data.PlainView(16), 2000)
	if r.Norm != want || r.Config.Norm != want.String() {
		t.Errorf("norm %v, the data's is %v", r.Norm, want)
	}
	c.Norm = "cifar10"
	if r, err := New(c, Options{}); err != nil || r.Norm != data.CIFAR10Norm || r.Config.Norm != "cifar10" {
		t.Errorf("a named norm: %v", err)
	}
	c.Norm = "none"
	if _, err := New(c, Options{}); err == nil {
		t.Error("an unknown norm passes")
	}
	if n, err := runNorm(train.Config{}); err != nil || n != data.HalfNorm {
		t.Errorf("an old run's norm: %v, %v", n, err)
	}
}

// TestNewRefuses: what cannot be opened or made says why.
func TestNewRefuses(t *testing.T) {
	for want, spoil := range map[string]func(c *train.Config){
		"no kind":         func(c *train.Config) { c.Data = "zip:x" },
		"no trunk":        func(c *train.Config) { c.Trunk = "resnet19" },
		"no augmentation": func(c *train.Config) { c.Augment = "blur" },
		"has no labels":   func(c *train.Config) { c.Task, c.Data = Supervised, "folder:"+pictures(t, 3)+"?labels=no" },
	} {
		c := quickConfig("scenes:?n=40&side=16")
		spoil(&c)
		if _, err := New(c, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestLoad: a run is loaded as it sees pictures; its exported file gives the same features and says how; a bare file is torchvision's.
func TestLoad(t *testing.T) {
	c := quickConfig("scenes:?n=40&side=16")
	dir := t.TempDir()
	trained(t, c, dir, Options{Command: "as it was made"})
	m, err := LoadRun(dir)
	if err != nil || m.Label != "pretext" || m.Side != 16 || m.Dir != dir || m.Info.Command != "as it was made" || m.Norm.String() != m.Info.Config.Norm || m.Checkpoint == "" || m.Encoder().Network()["checkpoint"] != m.Checkpoint || m.Encoder().Network()["precision"] != "float32" {
		t.Fatalf("%+v, %v", m, err)
	}
	path := filepath.Join(t.TempDir(), "trunk.safetensors")
	if err := checkpoint.Save(path, m.Export()); err != nil {
		t.Fatal(err)
	}
	f, err := LoadFile(path, "")
	if err != nil || f.Side != 16 || f.Norm != m.Norm || f.Label != "trunk.safetensors" || f.Trunk.Name != "convnet" {
		t.Fatalf("%+v, %v", f, err)
	}
	src, _ := data.Open("scenes:?n=6&side=16", data.Test)
	a, err := m.Encoder().Encode(context.Background(), src.Inputs, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Encoder().Encode(context.Background(), src.Inputs, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for k := range a {
		for i, v := range a[k].Grid.Data {
			if b[k].Grid.Data[i] != v {
				t.Fatalf("stage %s of the exported trunk differs", a[k].Name)
			}
		}
	}
	bare := m.Export()
	bare.Metadata = map[string]string{"format": "pt"}
	checkpoint.Save(path, bare)
	if f, err := LoadFile(path, "convnet"); err != nil || f.Norm != data.ImageNetNorm || f.Side != f.Trunk.Side {
		t.Errorf("a bare file: %+v, %v", f, err)
	}
	var s *SettingError
	if _, err := LoadFile(path, ""); !errors.As(err, &s) || s.Setting != "trunk" {
		t.Errorf("a file of an unknown network: %v", err)
	}
	if _, err := LoadFile(path, "resnet18"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("weights of another network: %v", err)
	}
	for _, kv := range [][2]string{{"tessera.side", "0"}, {"tessera.side", fmt.Sprint(MaxSide + 1)}, {"tessera.norm", "grey"}} {
		k, v := kv[0], kv[1]
		bare.Metadata = map[string]string{"format": "pt", "tessera.trunk": "convnet", k: v}
		checkpoint.Save(path, bare)
		if _, err := LoadFile(path, ""); err == nil {
			t.Errorf("%s=%s passes", k, v)
		}
	}
	bare.Metadata = map[string]string{"format": "pt", "tessera.trunk": "convnet", "tessera.side": "1"}
	checkpoint.Save(path, bare)
	if f, err := LoadFile(path, ""); err != nil || f.Side != 1 {
		t.Errorf("a side of 1: %v", err)
	}
	for want, dir := range map[string]string{"no run.json": t.TempDir(), "no checkpoint": emptied(t, dir)} {
		if _, err := LoadRun(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	r1, _ := Random("convnet", 5)
	r2, _ := Random("convnet", 6)
	started, _ := New(func() train.Config { c := c; c.Seed = 5; return c }(), Options{})
	if layers.State(r1.Trunk)[0].Value.Data[0] != layers.State(started.Trunk)[0].Value.Data[0] || layers.State(r1.Trunk)[0].Value.Data[0] == layers.State(r2.Trunk)[0].Value.Data[0] {
		t.Error("random weights are not those that a run of the seed begins with")
	}
	if _, err := Random("resnet19", 1); err == nil {
		t.Error("an unknown trunk is random")
	}
}

// emptied is a copy of a run without its checkpoints.
func emptied(t *testing.T, run string) string {
	dir := t.TempDir()
	b, err := os.ReadFile(filepath.Join(run, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "run.json"), b, 0o644)
	return dir
}

// TestCompare: a run is judged beside random weights, pixels and a supervised network that learns from exactly the training samples;
// scores and pictures are kept.
func TestCompare(t *testing.T) {
	c := quickConfig("scenes:?n=40&side=16")
	c.MaxSteps, c.Epochs = 6, 2
	dir := t.TempDir()
	trained(t, c, dir, Options{})
	var steps, supervised, epochs int
	scores, err := Compare(context.Background(), dir, Comparison{Data: "scenes:?n=60&side=16", Test: "scenes:?n=30&side=16&split=test", Protocols: []eval.Protocol{eval.KNN{K: 3}},
		Progress: func(p train.Progress) { steps, supervised, epochs = p.Steps, supervised+1, p.Epochs }})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range scores {
		count[s.Features]++
		if s.Protocol != "knn" || s.Train != 60 || s.Test != 30 || s.Settings["side"] != 16 {
			t.Errorf("score %+v", s)
		}
	}
	if fmt.Sprint(count) != "map[pixels:1 pretext:4 random:4 supervised:4]" {
		t.Errorf("scores %v", count)
	}
	if steps != 6 || supervised != 6 || epochs != 1 { // six of the seven batches of 60 samples
		t.Errorf("the supervised network made %d steps, planned %d in %d epochs; the run made 6", supervised, steps, epochs)
	}
	kept, err := eval.LoadScores(dir)
	if err != nil || len(kept) != len(scores) {
		t.Errorf("%d scores kept of %d, %v", len(kept), len(scores), err)
	}
	for _, f := range []string{"neighbours.png", "filters.png"} {
		if st, err := os.Stat(filepath.Join(dir, "eval", f)); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	if _, err := Compare(context.Background(), dir, Comparison{Data: "folder:" + pictures(t, 20) + "?labels=no"}); err == nil || !strings.Contains(err.Error(), "no labels") {
		t.Errorf("without labels: %v", err)
	}
	if _, err := Compare(context.Background(), t.TempDir(), Comparison{}); err == nil {
		t.Error("a comparison of no run")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Compare(ctx, dir, Comparison{Data: "scenes:?n=60&side=16", Test: "scenes:?n=30&side=16"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	sup := quickConfig("scenes:?n=40&side=16")
	sup.Task, sup.MonitorEvery = Supervised, 0
	other := t.TempDir()
	if r := trained(t, sup, other, Options{}); r.Held != nil {
		t.Error("a supervised run holds something out")
	}
	if m, err := LoadRun(other); err != nil || m.Label != "supervised" {
		t.Errorf("a supervised run is called %v, %v", m, err)
	}
	if _, _, err := LoadLearner(other); err == nil || !strings.Contains(err.Error(), "of the task supervised, want one of a pretext task") {
		t.Errorf("a supervised run's learner: %v", err)
	}
	scores, err = Compare(context.Background(), other, Comparison{Data: "scenes:?n=60&side=16", Test: "scenes:?n=30&side=16&split=test", Protocols: []eval.Protocol{eval.KNN{K: 3}}})
	count = map[string]int{}
	for _, s := range scores {
		count[s.Features]++
	}
	if err != nil || fmt.Sprint(count) != "map[pixels:1 random:4 supervised:4]" {
		t.Errorf("a supervised run is the supervised row: %v, %v", count, err)
	}
}

// TestMonitorWarns: features that collapse are named; what cannot be looked at is said once.
func TestMonitorWarns(t *testing.T) {
	said := ""
	m := watching(t, "rotation", heldScenes, &said)
	r := m.r
	if v := m.look(1, 2); v["knn"] <= 0 || v["feature_std"] <= 0 || said != "" {
		t.Errorf("saw %v, said %q", v, said)
	}
	for _, p := range layers.State(r.Trunk) {
		if p.Kind.Trained() {
			p.Value.Fill(0)
		}
	}
	tensor.Changed()
	if m.look(10, 20); !strings.Contains(said, "step 10: collapse: features have a deviation of 0.000") {
		t.Errorf("collapsed: said %q", said)
	}
	m.near.Truth = data.Truth{}
	v := m.look(1, 2)
	if _, alive := v["feature_std"]; !alive || v["knn"] != 0 {
		t.Errorf("without labels: %v", v)
	}
	said = ""
	m.held.Images = nil
	for range 2 {
		if p := m.picture(); p != nil {
			t.Error("a picture of nothing")
		}
	}
	if strings.Count(said, "monitor:") != 1 {
		t.Errorf("said %q", said)
	}
}

func TestContactSheet(t *testing.T) {
	src := data.NewScenes(30, 32, 1, data.Train).Dataset()
	s := ContactSheet(src.Images, 25)
	if b := s.Bounds(); b.Dx() != 12*68+4 || b.Dy() != 3*68+4 {
		t.Errorf("a sheet of 25 is %v", b)
	}
	colours := map[color.Color]bool{}
	for x := range 64 { // of the last picture, which is alone in the third row
		colours[s.At(4+x, 2*68+4+32)] = true
	}
	if len(colours) < 10 {
		t.Errorf("the last picture of a sheet has %d colours in its middle", len(colours))
	}
	if b := ContactSheet(src.Images, 99).Bounds(); b.Dy() != 3*68+4 {
		t.Errorf("a sheet of all is %v", b)
	}
}

// TestFilmSheet: a row a film, with as many frames as it has; what cannot be read says so in its row.
func TestFilmSheet(t *testing.T) {
	d, err := data.Open("scenes:?frames=20&n=3&side=24", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	s := FilmSheet(d, 2)
	if b := s.Bounds(); b.Dx() != 9*88+4 {
		t.Errorf("a sheet of two films is %v", b)
	}
	two := s.Bounds().Dy()
	if more := FilmSheet(d, 9).Bounds().Dy(); more <= two || more >= 2*two {
		t.Errorf("a sheet of three films is %d high, of two %d", more, two)
	}
	if _, err := Sheet(&data.Dataset{Name: "none:"}); err == nil || !strings.Contains(err.Error(), "has nothing to show") {
		t.Error(err)
	}
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.gif"), []byte("GIF89a torn"), 0o644)
	torn, err := data.Open("video:"+dir, data.Train)
	if err != nil {
		t.Fatal(err)
	}
	if b := FilmSheet(torn, 1).Bounds(); b.Empty() {
		t.Error("nothing is said of a film that cannot be read")
	}
	if _, err := SaveFilms(torn.Inputs, []int{0}, dir, ".gif"); err == nil || !strings.Contains(err.Error(), "a.gif") {
		t.Error(err)
	}
}

// TestMonitorLooksAtHeldOut: what the monitor tells is of held-out samples, shown plainly; their neighbours are sought among those that
// are trained on. Of large sets it takes some.
func TestMonitorLooksAtHeldOut(t *testing.T) {
	c := quickConfig("scenes:?n=40&side=16")
	c.MonitorEvery, c.Test = 1, "scenes:?n=21&side=16&split=test"
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.monitor()
	if err != nil {
		t.Fatal(err)
	}
	got := m.look(0, 2)
	loss := func(d *data.Dataset, augment bool) float64 {
		feed, err := r.Learner.Feed(d.Inputs, augment, data.LoaderOptions{BatchSize: 64, KeepLast: true, Seed: c.Seed})
		if err != nil {
			t.Fatal(err)
		}
		v, err := train.Look(feed, c.Mode(), c.Seed, 0, 2)
		if err != nil {
			t.Fatal(err)
		}
		return v["loss"]
	}
	if want := loss(r.Held, false); !(math.Abs(got["held_loss"]-want) <= 1e-5) {
		t.Errorf("the monitor's loss is %g, that of what is held out %g", got["held_loss"], want)
	}
	for what, other := range map[string]float64{"trained on": loss(r.Data, false), "held out, augmented,": loss(r.Held, true)} {
		if math.Abs(got["held_loss"]-other) < 1e-4 {
			t.Errorf("the loss of what is %s is the monitor's: %g", what, other)
		}
	}
	features := func(d *data.Dataset) eval.Sample {
		f, err := r.encoder("x", r.Trunk).Encode(context.Background(), d.Inputs, eval.Options{BatchSize: 64})
		if err != nil {
			t.Fatal(err)
		}
		return eval.Sample{Features: f[len(f)-1], Truth: d.Truth}
	}
	a, b := features(r.Data), features(r.Held)
	near, err := eval.KNN{}.Judge(context.Background(), a, b)
	if h := eval.CheckHealth(b.Pooled); err != nil || got["knn"] != near.Value || !(math.Abs(got["feature_std"]-h.Std) <= 1e-5) || !(math.Abs(got["effective_rank"]-h.EffectiveRank) <= 1e-3) {
		t.Errorf("the monitor sees %v, want neighbours of %g, %v and health %+v", got, near.Value, err, h)
	}
	for name, x := range map[string][2]eval.Sample{"what is held out": {b, b}, "what is trained on, alone": {a, a}} {
		if s, _ := (eval.KNN{}).Judge(context.Background(), x[0], x[1]); s.Value == got["knn"] {
			t.Errorf("this test cannot tell neighbours among %s: %g", name, s.Value)
		}
	}
	var seen map[string]float64
	if r, err = New(c, Options{Progress: func(p train.Progress) { seen = p.Seen }}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	info, err := r.Train(context.Background(), dir, false)
	if err != nil || info.Done != 2 || seen["held_loss"] == 0 {
		t.Errorf("a run that is watched: %+v, saw %v, %v", info, seen, err)
	}
	if drawn, _ := filepath.Glob(filepath.Join(dir, "samples", "*.png")); len(drawn) == 0 {
		t.Error("a run that is watched is not drawn")
	}
}

// TestMonitorSamples: how many pictures the monitor looks at, and the memory that is reserved for them.
func TestMonitorSamples(t *testing.T) {
	c := quickConfig("scenes:?n=2100&side=16")
	c.MonitorEvery, c.Test = 1, "scenes:?n=600&side=16&split=test"
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.monitor()
	if err != nil || m.held.Len() != 500 || m.near.Len() != 2000 || len(m.drawn) != 6 {
		t.Errorf("of 600 the monitor looks at %d among %d, draws %d, %v", m.held.Len(), m.near.Len(), len(m.drawn), err)
	}
	r.Config.MonitorSamples = 550
	if m, err = r.monitor(); err != nil || m.held.Len() != 550 || m.seen.Len() != 550 {
		t.Errorf("of 600 the monitor looks at %d and %d, want 550, %v", m.held.Len(), m.seen.Len(), err)
	}
	r.Config.MonitorSamples = 10000
	if m, err = r.monitor(); err != nil || m.held.Len() != 600 {
		t.Errorf("of 600 the monitor looks at %d, want all, %v", m.held.Len(), err)
	}
	watched := r.reserved() // nets see as much of a picture as there is: each takes a side of 16, twice
	r.Held = nil
	if more := watched - r.reserved(); more != (600+600+2000)*16*16*3*2 {
		t.Errorf("%d bytes are reserved for the monitor", more)
	}
}

// TestPrefix: weights whose names begin with a wrapper's are read without it, and it is said; so is what the file does not say of pictures.
func TestPrefix(t *testing.T) {
	m, err := Random("convnet", 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "module.", "backbone.", "module.encoder_q."} {
		f := checkpoint.TorchFile(Named(m.Trunk))
		for i := range f.Tensors {
			f.Tensors[i].Name = prefix + f.Tensors[i].Name
		}
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: "head.conv1.weight", Value: tensor.New(2, 2)}, checkpoint.Named{Name: "aaa.conv1.weight", Value: tensor.New(2, 2)})
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := checkpoint.Save(path, f); err != nil {
			t.Fatal(err)
		}
		got, err := LoadFile(path, "convnet")
		if err != nil {
			t.Errorf("%q: %v", prefix, err)
			continue
		}
		for i, p := range layers.State(got.Trunk) {
			if !slices.Equal(p.Value.Data, layers.State(m.Trunk)[i].Value.Data) {
				t.Errorf("%q: other weights in %s", prefix, p.Name)
			}
		}
		notes := strings.Join(got.Notes, "\n")
		if strings.Contains(notes, "which is left out") != (prefix != "") || prefix != "" && !strings.Contains(notes, fmt.Sprintf("%q", prefix)) || !strings.Contains(notes, "--norm") {
			t.Errorf("%q: said %q", prefix, notes)
		}
	}
	path := filepath.Join(t.TempDir(), "own.safetensors")
	if err := checkpoint.Save(path, m.Export()); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadFile(path, ""); err != nil || len(got.Notes) != 0 {
		t.Errorf("our own file: %v, %v", got.Notes, err)
	}
}

// TestCompareDefaults: where nothing else is said a run is judged on its own data, by neighbours and a probe, beside the weights that it
// began with; the pictures are of its own features, as many as are asked for.
func TestCompareDefaults(t *testing.T) {
	run := &Model{Info: &train.Info{Config: train.Config{Data: "its data", Test: "its test"}}}
	for _, c := range [][4]string{{"", "", "its data", "its test"}, {"", "other", "its data", "other"}, {"other", "", "other", ""}} {
		if f, err := (Comparison{Data: c[0], Test: c[1]}).filled(run); err != nil || f.Data != c[2] || f.Test != c[3] || f.Gallery != 8 || fmt.Sprint(f.Protocols) != fmt.Sprint([]eval.Protocol{eval.KNN{}, eval.Probe{}}) {
			t.Errorf("%v: %+v", c, f)
		}
	}
	if _, err := (Comparison{}).filled(&Model{}); err == nil {
		t.Error("weights of no run are judged on nothing")
	}
	c := quickConfig("scenes:?n=40&side=16")
	c.Test, c.LR = "scenes:?n=30&side=16&split=test", 1
	dir := t.TempDir()
	trained(t, c, dir, Options{})
	m, err := LoadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := eval.Open(c.Data, c.Test)
	if err != nil {
		t.Fatal(err)
	}
	knn := []eval.Protocol{eval.KNN{K: 3}}
	scores, err := Compare(context.Background(), dir, Comparison{Gallery: 5, Protocols: knn})
	if err != nil {
		t.Fatal(err)
	}
	values := func(scores []eval.Score, features string) string {
		out := ""
		for _, s := range scores {
			if s.Features == features {
				out += fmt.Sprint(" ", s.Value)
			}
			if s.Train != 40 || s.Test != 30 {
				t.Errorf("score %+v", s)
			}
		}
		return out
	}
	began, err := Random(c.Trunk, c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	began.Side, began.Norm = m.Side, m.Norm
	want, err := eval.Judge(context.Background(), []eval.Encoder{began.Encoder()}, a, b, knn, eval.Options{})
	if got := values(scores, "random"); err != nil || got != values(want, "random") || got == values(scores, "pretext") {
		t.Errorf("random weights score %s, those that the run began with %s, its own %s, %v", got, values(want, "random"), values(scores, "pretext"), err)
	}
	last := func(d *data.Dataset) eval.Sample {
		f, err := m.Encoder().Encode(context.Background(), d.Inputs, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return eval.Sample{Features: f[len(f)-1], Truth: d.Truth}
	}
	alone := *m
	alone.Dir = t.TempDir()
	if err := alone.pictures(context.Background(), last(a), last(b), a, b, 5); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"neighbours.png", "filters.png"} {
		got, _ := os.ReadFile(filepath.Join(dir, "eval", f))
		if want, err := os.ReadFile(filepath.Join(alone.Dir, "eval", f)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not of five queries by the run's features", f)
		}
	}
}

// TestSupervisedOf: the supervised network of a comparison makes as many steps as the run did, in batches that the labelled samples
// have.
func TestSupervisedOf(t *testing.T) {
	for _, c := range []struct{ samples, batch, accumulate, done, epochs int }{
		{20, 8, 0, 7, 4}, {20, 8, 1, 8, 4}, {10, 8, 2, 3, 3}, {5, 8, 0, 2, 2}, {40, 8, 2, 5, 3}, {40, 8, 0, 0, 1},
	} {
		cfg := quickConfig("scenes:?n=40&side=16")
		cfg.BatchSize, cfg.Accumulate, cfg.Norm = c.batch, c.accumulate, "half"
		m := &Model{Side: 16, Norm: data.HalfNorm, Info: &train.Info{Config: cfg, Done: c.done}}
		var last train.Progress
		made := 0
		d := data.NewScenes(c.samples, 16, 1, data.Train).Dataset()
		_, err := Comparison{Progress: func(p train.Progress) { last = p; made++ }}.supervised(context.Background(), m, d)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		want := c.done
		if want == 0 {
			want = 5 // of a run that made none: an epoch
		}
		if made != want || last.Steps != want || last.Epochs != c.epochs {
			t.Errorf("%+v: %d steps of %d, %d epochs; want %d", c, made, last.Steps, last.Epochs, want)
		}
	}
}

// TestSupervisedSays: what the supervised network's run has to say is said.
func TestSupervisedSays(t *testing.T) {
	dir := pictures(t, 120)
	one, _ := filepath.Glob(filepath.Join(dir, "*", "000.png"))
	os.WriteFile(one[0], []byte("broken"), 0o644)
	d, err := data.Open("folder:"+dir, data.Train)
	if err != nil {
		t.Fatal(err)
	}
	cfg := quickConfig("folder:" + dir)
	cfg.Norm = "half"
	m := &Model{Side: 16, Norm: data.HalfNorm, Info: &train.Info{Config: cfg, Done: 15}}
	said := ""
	if _, err := (Comparison{Eval: eval.Options{MaxBad: 0.01}, Say: func(s string) { said += s }}).supervised(context.Background(), m, d); err != nil || !strings.Contains(said, "000.png") {
		t.Errorf("of a broken picture it says %q, %v", said, err)
	}
}

// TestReserved: what decoded pictures will take of a memory limit: all of them, as large as they are or as is asked for, or as many as
// a feed may keep.
func TestReserved(t *testing.T) {
	for _, c := range []struct {
		side  int
		limit int64
		want  int64
	}{{32, 0, 40 * 32 * 32 * 3 * 2}, {8, 0, 40 * 16 * 16 * 3 * 2}, {8, 80 << 20, 40 * 16 * 16 * 3 * 2}, {32, 80000, 10000}} {
		cfg := quickConfig("scenes:?n=40&side=16")
		cfg.Side = c.side
		r, err := New(cfg, Options{MemoryLimit: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		if n := r.reserved(); n != c.want {
			t.Errorf("side %d under %d bytes: %d reserved, want %d", c.side, c.limit, n, c.want)
		}
	}
}

// TestAugments: with augmentation what is learned from differs from epoch to epoch, without it it is the same pictures.
func TestAugments(t *testing.T) {
	for _, task := range []string{Supervised, "rotation"} {
		c := quickConfig("scenes:?n=40&side=16")
		c.Task = task
		r, err := New(c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		loss := func(augment bool, seed uint64) float64 {
			feed, err := r.Learner.Feed(r.Data.Inputs, augment, data.LoaderOptions{BatchSize: 40, Seed: seed, Ordered: true})
			if err != nil {
				t.Fatal(err)
			}
			v, err := train.Look(feed, c.Mode(), 1, 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			return v["loss"]
		}
		if loss(false, 1) != loss(false, 2) || loss(true, 1) == loss(true, 2) || loss(true, 1) == loss(false, 1) {
			t.Errorf("%s: losses of plain pictures %g and %g, augmented %g and %g", task, loss(false, 1), loss(false, 2), loss(true, 1), loss(true, 2))
		}
	}
	c := quickConfig("scenes:?n=40&side=16")
	c.Task = Supervised
	r, err := New(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Learner.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "learns from pictures") {
		t.Errorf("without pictures: %v", err)
	}
}

// TestLimited: a run keeps to its memory limit, and the collector while it trains and only then; what is loaded is its end, as it
// computes.
func TestLimited(t *testing.T) {
	usual := debug.SetMemoryLimit(-1)
	for _, limit := range []int64{0, 40 << 30} {
		c := quickConfig("scenes:?n=40&side=16")
		c.Precision = tensor.BFloat16
		during := int64(-1)
		r, err := New(c, Options{MemoryLimit: limit, Progress: func(train.Progress) { during = debug.SetMemoryLimit(-1) }})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		info, err := r.Train(context.Background(), dir, false)
		if err != nil || (info.Recompute != "") != (limit > 0) {
			t.Errorf("limited to %d bytes: computed twice: %q, %v", limit, info.Recompute, err)
		}
		want := usual
		if limit > 0 {
			want = limit
		}
		if after := debug.SetMemoryLimit(-1); during != want || after != usual {
			t.Errorf("limited to %d bytes the collector has %d, then %d; usually %d", limit, during, after, usual)
		}
		m, err := LoadRun(dir)
		if err != nil || m.Mode != c.Mode() {
			t.Fatalf("%+v, %v", m, err)
		}
		for i, p := range layers.State(m.Trunk) {
			if q := layers.State(r.Trunk)[i]; !slices.Equal(p.Value.Data, q.Value.Data) {
				t.Errorf("%s is not as the run left it", p.Name)
			}
		}
	}
}

// TestOwnTask: a task that pretext does not know is trained, kept and loaded as any other, under a name of its own.
func TestOwnTask(t *testing.T) {
	c := quickConfig("scenes:?n=40&side=16")
	rotation := trained(t, c, "", Options{})
	own, err := pretext.New(c.Task)
	if err != nil {
		t.Fatal(err)
	}
	c.Task = "my-own"
	dir := t.TempDir()
	statetest.Same(t, "by another name", trained(t, c, dir, Options{Task: own}).Learner, rotation.Learner)
	if m, err := LoadRun(dir); err != nil || m.Info.Config.Task != "my-own" || m.Label != "pretext" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, _, err := LoadLearner(dir); err == nil || !strings.Contains(err.Error(), `no task "my-own"`) {
		t.Errorf("the learner of a task that is not pretext's: %v", err)
	}
	for _, taken := range []string{"", "rotation", Supervised} {
		c.Task = taken
		var e *SettingError
		if _, err := New(c, Options{Task: own}); !errors.As(err, &e) || e.Setting != "task" {
			t.Errorf("own task called %q: %v", taken, err)
		}
	}
}
