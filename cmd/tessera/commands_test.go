package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/internal/workload"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// small is a run of two steps, and what its command printed.
func small(t *testing.T, more ...string) (dir, stdout string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	out, errs, code := tessera(t, append([]string{"pretrain", "rotation", "--data", "scenes:?n=32&side=8", "--side", "8", "--batch-size", "8", "--max-steps", "2", "--monitor-every", "-1", "--out", dir}, more...)...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	return dir, out
}

// within runs a command in a folder of its own.
func within(t *testing.T, dir string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := command(args...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	if c.ProcessState.ExitCode() != 0 {
		stderr = fmt.Sprint(err)
	}
	return string(out), stderr, c.ProcessState.ExitCode()
}

// TestPretrainSays: how many steps, in how long, of all sessions; what was said wins over a preset; the usual directory.
func TestPretrainSays(t *testing.T) {
	dir, out := small(t)
	if !regexp.MustCompile(`^run \S+: 2 steps in \d+s, at most \d+ MiB of memory; report: tessera report \S+\n$`).MatchString(out) {
		t.Errorf("said %q", out)
	}
	info, err := train.LoadInfo(dir)
	if err != nil {
		t.Fatal(err)
	}
	info.Seconds = 100.2 // as if it had taken so long
	if err := info.Save(dir); err != nil {
		t.Fatal(err)
	}
	out, errs, code := tessera(t, "pretrain", "rotation", "--data", "scenes:?n=32&side=8", "--side", "8", "--batch-size", "8", "--max-steps", "2", "--monitor-every", "-1", "--out", dir, "--resume")
	if code != 0 || !strings.Contains(out, ": 2 steps in 1m40s, ") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	home := t.TempDir()
	_, errs, code = within(t, home, "pretrain", "rotation", "--preset", "rotnet-cifar", "--data", "scenes:?n=32&side=8", "--side", "8", "--trunk", "convnet", "--batch-size", "16", "--max-steps", "1", "--monitor-every", "-1", "--seed", "3", "--conv", "direct")
	info, err = train.LoadInfo(filepath.Join(home, "runs", "rotation-convnet-seed3"))
	if code != 0 || err != nil {
		t.Fatalf("exit %d: %s, %v", code, errs, err)
	}
	preset, err := recipe.Preset("rotnet-cifar", "rotation")
	if err != nil {
		t.Fatal(err)
	}
	if c := info.Config; c.BatchSize != 16 || c.Side != 8 || c.LR != preset.LR || c.Schedule != preset.Schedule || preset.Schedule == recipe.Default().Schedule || c.Conv != tensor.Direct {
		t.Errorf("%+v, the preset %+v", c, preset)
	}
	for args, want := range map[string]string{"--preset none": "none", "--memory-limit much": "--memory-limit", "--optimizer adam --momentum 0.9": "takes none"} {
		if _, errs, code := tessera(t, append([]string{"pretrain", "rotation", "--out", filepath.Join(home, "x")}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s", args, code, errs)
		}
	}
	if dir, _ = small(t, "--optimizer", "sgd", "--momentum", "0.5"); dir != "" {
		if info, err := train.LoadInfo(dir); err != nil || info.Config.Momentum != 0.5 || info.Config.Optimizer != "sgd" {
			t.Errorf("%+v, %v", info, err)
		}
	}
}

// TestEval: the stages that were asked for, of random weights, of a run, of a file; with the settings that were said.
func TestEval(t *testing.T) {
	run, _ := small(t)
	file := filepath.Join(run, "trunk.safetensors")
	if _, errs, code := tessera(t, "export", run, "--out", file); code != 0 {
		t.Fatal(errs)
	}
	type score struct {
		Protocol, Features, Stage string
		Value                     float64
		Dim                       int
		Settings                  struct {
			Side, K int
			Norm    struct{ Mean []float64 }
		}
	}
	scores := func(args ...string) []score {
		var got struct{ Scores []score }
		parsed(t, &got, append(args, "--data", "scenes:?n=60&side=8", "--test", "scenes:?n=40&side=8", "--json")...)
		return got.Scores
	}
	random := scores("eval", "knn", "random", "--trunk", "convnet", "--side", "16")
	if len(random) != 4 || random[3].Stage != "conv4" || random[3].Dim != 128 || random[0].Settings.Side != 16 || random[0].Settings.Norm.Mean[0] != 0.5 || random[0].Settings.K != 20 {
		t.Errorf("random weights: %+v", random)
	}
	last := scores("eval", "knn", "random", "--trunk", "convnet", "--side", "16", "--layers", "last", "--norm", "imagenet", "--k", "3")
	if len(last) != 1 || last[0].Stage != "conv4" || !(last[0].Settings.Norm.Mean[0] < 0.486) || last[0].Settings.K != 3 {
		t.Errorf("the last: %+v", last)
	}
	if own := scores("eval", "knn", "random", "--trunk", "convnet", "--layers", "last"); len(own) != 1 || own[0].Settings.Side != 32 {
		t.Errorf("the trunk's own side: %+v", own)
	}
	a, b := scores("eval", "knn", run), scores("eval", "knn", file, "--side", "8")
	if len(a) != 4 || len(b) != 4 || a[2].Value != b[2].Value || a[3].Settings.Side != 8 {
		t.Errorf("the run scores %+v, its weights %+v", a, b)
	}
	if both := scores("eval", "probe", "random", "--trunk", "convnet", "--side", "8", "--layers", "last"); len(both) != 1 || both[0].Protocol != "probe" {
		t.Errorf("probe: %+v", both)
	}
	for args, want := range map[string]string{"compare random --trunk convnet": "compare needs a RUN", "knn random --trunk convnet --layers first": "--layers first", "knn random --trunk convnet --norm none": "none",
		"knn random --trunk none": "no trunk", "compare random --trunk convnet --gallery 3": "compare needs a RUN", "knn random --trunk convnet --gallery 3": "--gallery"} {
		if _, errs, code := tessera(t, append([]string{"eval"}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s", args, code, errs)
		}
	}
	out, errs, code := tessera(t, "eval", "knn", "random", "--trunk", "convnet", "--side", "8", "--layers", "last", "--data", "scenes:?n=60&side=8", "--test", "scenes:?n=40&side=8")
	if !strings.Contains(out, "protocol features") || !strings.Contains(errs, "knn random conv4: ") || !strings.Contains(errs, "samples, 0s left") || code != 0 {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestProtocols: what each name stands for, with the flags that it reads.
func TestProtocols(t *testing.T) {
	flags := protocolFlags{solver: "sgd", k: 7, gallery: 3, temperature: 0.5}
	said := func(names string) func(string) bool {
		return func(flag string) bool { return slices.Contains(strings.Fields(names), flag) }
	}
	knn, probe := eval.KNN{K: 7, Temperature: 0.5}, eval.Probe{Solver: "sgd", Seed: 4}
	for _, c := range []struct {
		of, said, fails string
		want            []eval.Protocol
	}{
		{"compare", "k temperature solver gallery", "", []eval.Protocol{knn, probe}},
		{"knn", "k temperature", "", []eval.Protocol{knn}},
		{"knn", "gallery", "--gallery: is not of knn", nil},
		{"probe", "solver", "", []eval.Protocol{probe}},
		{"linear", "", "", []eval.Protocol{probe}},
		{"linear", "k", "--k: is not of the probe", nil},
		{"knn?k=5", "", "", []eval.Protocol{eval.KNN{K: 5}}},
		{"knn?k=5", "k", "after '?'", nil},
		{"forest", "", "no protocol", nil},
	} {
		got, _, err := flags.protocols(c.of, 4, said(c.said))
		var u usageError
		if c.fails != "" && (!errors.As(err, &u) || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s with %q: %v, want %q", c.of, c.said, err, c.fails)
		}
		if c.fails == "" && (err != nil || len(got) != len(c.want) || got[0].Name() != c.want[0].Name()) {
			t.Errorf("%s with %q: %v, %v", c.of, c.said, got, err)
		}
		if c.fails == "" && !strings.Contains(c.of, "?") && fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s with %q: %+v, want %+v", c.of, c.said, got, c.want)
		}
	}
}

// TestEmbed: features of the last stage, and the names of those that could be read.
func TestEmbed(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		if err := recipe.SavePNG(filepath.Join(dir, fmt.Sprint("p", i, ".png")), data.NewImage(9, 9).RGBA()); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(filepath.Join(dir, "p2.png"), []byte("torn"), 0o644)
	npy := filepath.Join(t.TempDir(), "f.npy")
	args := []string{"embed", "random", "--trunk", "convnet", "--side", "8", "--data", "folder:" + dir, "--out", npy, "--max-bad", "0.5"}
	out, errs, code := tessera(t, args...)
	if code != 0 || out != npy+": [3 128], stage conv4; "+strings.TrimSuffix(npy, ".npy")+".txt names the rows\n" || !strings.Contains(errs, "skipped: ") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	names, err := os.ReadFile(strings.TrimSuffix(npy, ".npy") + ".txt")
	if err != nil || strings.Count(string(names), "\n") != 3 || strings.Contains(string(names), "p2.png") || !strings.Contains(string(names), "p3.png") {
		t.Errorf("%v: %s", err, names)
	}
	var got struct {
		Features, Names string
		Shape           []int
	}
	parsed(t, &got, append(args, "--json")...)
	if got.Features != npy || fmt.Sprint(got.Shape) != "[3 128]" || got.Names == "" {
		t.Errorf("%+v", got)
	}
	for more, exit := range map[string]int{"--max-bad 0": 1, "--data zip:x": 1, "--trunk none": 2, "--out " + dir + "/none/f.npy": 2} {
		if _, errs, code := tessera(t, append(args, strings.Fields(more)...)...); code != exit || errs == "" {
			t.Errorf("%s: exit %d: %s", more, code, errs)
		}
	}
}

// TestExport: the formats, the usual names, and how many parameters.
func TestExport(t *testing.T) {
	run, _ := small(t)
	home := t.TempDir()
	for _, format := range []string{"safetensors", "npz"} {
		out, errs, code := within(t, home, "export", run, "--format", format)
		if want := "trunk." + format + ": convnet, 102752 parameters\n"; code != 0 || out != want { // 32·27 + 32²·9 + 32·64·9 + 64·128·9, and two for each of 256 channels
			t.Errorf("exit %d: %s%swant %s", code, out, errs, want)
		}
		if b, err := os.ReadFile(filepath.Join(home, "trunk."+format)); err != nil || (string(b[:2]) == "PK") != (format == "npz") {
			t.Errorf("%s: %v", format, err)
		}
	}
	if _, errs, code := tessera(t, "export", run, "--format", "onnx"); code != exitUsage || !strings.Contains(errs, "safetensors and npz") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code := tessera(t, "export", run, "--out", filepath.Join(home, "none", "x")); code != exitFailed {
		t.Errorf("exit %d: %s", code, errs)
	}
	var got struct {
		File       string
		Parameters int
	}
	parsed(t, &got, "export", run, "--out", filepath.Join(home, "x"), "--json")
	if got.File != filepath.Join(home, "x") || got.Parameters != 102752 {
		t.Errorf("%+v", got)
	}
}

// TestReport: where it is written, and what is said of it.
func TestReport(t *testing.T) {
	run, _ := small(t)
	page := filepath.Join(run, "report.html")
	if out, errs, code := tessera(t, "report", run); code != 0 || out != page+"\n" {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
	var got struct{ Report string }
	if other := filepath.Join(run, "other.html"); true {
		parsed(t, &got, "report", run, "--out", other, "--json")
		if _, err := os.Stat(other); err != nil || got.Report != other {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, errs, code := tessera(t, "report"); code != exitUsage || !strings.Contains(errs, "at least one RUN") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestBench: the ids, a line for each that matches, and the same in a file with a table beside it.
func TestBench(t *testing.T) {
	const one = "gemm/128x128x128"
	if out, _, code := tessera(t, "bench", "--list", "--only", "^gemm/128x"); code != 0 || out != one+"\n" {
		t.Errorf("exit %d: %s", code, out)
	}
	var r workload.Record
	parsed(t, &r, "bench", "--quick", "--only", "^gemm/128x")
	if r.ID != one || !(r.Min > 0) || r.Reps < 3 {
		t.Errorf("%+v", r)
	}
	file := filepath.Join(t.TempDir(), "b.jsonl")
	out, errs, code := tessera(t, "bench", "--quick", "--only", "^gemm/128x", "--json", file)
	b, err := os.ReadFile(file)
	if code != 0 || out != "" || err != nil || json.Unmarshal(b, &r) != nil {
		t.Fatalf("exit %d: %s%s, %v", code, out, errs, err)
	}
	if want := fmt.Sprintf("%-36s %9.3f ms, median %9.3f %7.1f GF/s\n", one, 1000*r.Min, 1000*r.Median, r.GFLOPS); errs != want {
		t.Errorf("%q, want %q", errs, want)
	}
	for args, exit := range map[string]int{"--only nothing/matches": exitUsage, "--only [": exitUsage, "more": exitUsage, "--list --json " + file + "/x": exitFailed, "--only image --images " + file: exitFailed} {
		if _, errs, code := tessera(t, append([]string{"bench"}, strings.Fields(args)...)...); code != exit || errs == "" {
			t.Errorf("%s: exit %d: %s", args, code, errs)
		}
	}
}

// TestDemo: the demo on fewer and smaller pictures: what it says, what it leaves behind, and that it looks four times.
func TestDemo(t *testing.T) {
	d := demo{data: "scenes:?n=128&side=8", train: "scenes:?n=40&side=8", test: "scenes:?n=30&side=8", side: 8, iterations: 2}
	home := t.TempDir()
	t.Chdir(home)
	var err error
	out, errs := captured(t, func() { err = d.run(context.Background(), &global{}, "", 3, 4) })
	if err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	dirs, _ := filepath.Glob(filepath.Join("runs", "demo-*"))
	if len(dirs) != 1 {
		t.Fatalf("runs %v", dirs)
	}
	info, err := train.LoadInfo(dirs[0])
	if err != nil || info.Done != 4 || info.Config.CheckpointEvery != 1 || info.Config.MonitorEvery != 1 || info.Config.Seed != 3 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dirs[0], "report.html")); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"1/3  learning from rotations of scenes:?n=128", "\nstep 3: held-out accuracy", "2/3  comparing", "\nsupervised 4/4 ", "features of supervised, test 30/30 samples, 0s left\n", "3/3  writing"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%s\nlacks %q", errs, want)
		}
	}
	best := `random [\d.]+ %   pretext [\d.]+ %   supervised [\d.]+ %`
	if !regexp.MustCompile(`(?s)^\nprotocol features.*\n\nbest stage, knn     ` + best + `\nbest stage, probe   ` + best + `\n\nreport: ` + regexp.QuoteMeta(filepath.Join(dirs[0], "report.html")) + `   \(\d+s\)\n$`).MatchString(out) {
		t.Errorf("printed %s", out)
	}
	out, _ = captured(t, func() { err = d.run(context.Background(), &global{json: true}, "other", 1, 1) })
	var got struct {
		Run, Report string
		Seconds     float64
		Scores      []eval.Score
	}
	if jerr := json.Unmarshal([]byte(out), &got); err != nil || jerr != nil || got.Run != "other" || got.Report != filepath.Join("other", "report.html") || !(got.Seconds > 0.01) || len(got.Scores) != 26 {
		t.Errorf("%v, %v: %s", err, jerr, out)
	}
}

// TestDemoFails: what is wrong with each part of the demo ends it.
func TestDemoFails(t *testing.T) {
	good := demo{data: "scenes:?n=64&side=8", train: "scenes:?n=40&side=8", test: "scenes:?n=30&side=8", side: 8, iterations: 2}
	t.Chdir(t.TempDir())
	fails := func(change func(d *demo), steps int) (err error) {
		d := good
		change(&d)
		captured(t, func() {
			err = d.run(context.Background(), &global{}, fmt.Sprint("run", len(d.data), len(d.train), steps), 1, steps)
		})
		return err
	}
	var u usageError
	if err := fails(func(*demo) {}, -1); !errors.As(err, &u) {
		t.Errorf("steps below zero: %v", err)
	}
	if fails(func(d *demo) { d.data = "zip:x" }, 1) == nil {
		t.Error("it learned from nothing")
	}
	if fails(func(d *demo) { d.train = "zip:x" }, 1) == nil {
		t.Error("features of nothing were compared")
	}
}

// TestNeighbours: a table of what is found again, and where the picture is; a run's report shows it.
func TestNeighbours(t *testing.T) {
	run, _ := small(t)
	out, errs, code := tessera(t, "neighbours", run, "--patches", "--samples", "20", "--queries", "2", "--k", "3")
	lines := strings.Split(out, "\n")
	if code != 0 || len(lines) != 7 || !strings.HasPrefix(lines[1], "pretext  ") || !strings.HasPrefix(lines[3], "pixels  ") || lines[4] != "(of 20)" || lines[5] != filepath.Join(run, "eval", "patches.png") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	var got struct {
		Picture string
		Nearest []struct {
			Features   string
			Recoloured map[string]float64
		}
	}
	parsed(t, &got, "neighbours", run, "--samples", "20", "--json")
	if got.Picture != filepath.Join(run, "eval", "alike.png") || len(got.Nearest) != 3 || len(got.Nearest[2].Recoloured) != 3 {
		t.Errorf("%+v", got)
	}
	page := filepath.Join(t.TempDir(), "r.html")
	if _, errs, code := tessera(t, "report", run, "--out", page); code != 0 {
		t.Fatal(errs)
	}
	if b, _ := os.ReadFile(page); !strings.Contains(string(b), "<h2>Patches that are alike</h2>") || !strings.Contains(string(b), "<h2>What is alike</h2>") {
		t.Error("the report does not show what is alike")
	}
	if _, errs, code := tessera(t, "neighbours", run, "--k", "-1"); code != exitUsage || !strings.Contains(errs, "--k -1: want at least 1") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestInpaint: white pixels of a mask are painted, the others stay; what does not fit is refused in a sentence, before anything is written.
func TestInpaint(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	if _, errs, code := tessera(t, "pretrain", "context-encoder?mask=region", "--data", "scenes:?n=32&side=16", "--side", "16", "--batch-size", "8", "--max-steps", "2", "--monitor-every", "-1", "--out", run); code != 0 {
		t.Fatal(errs)
	}
	file := func(name string, w, h int, white func(x, y int) bool) string {
		im := data.NewImage(h, w)
		for p := range w * h {
			if white(p%w, p/w) {
				im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = 255, 255, 255
			}
		}
		path := filepath.Join(dir, name)
		if err := recipe.SavePNG(path, im.RGBA()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	picture := file("picture.png", 30, 20, func(x, y int) bool { return (x/3+y/2)%2 == 0 })
	in := func(x, y int) bool { return x >= 10 && x < 14 && y >= 6 && y < 9 }
	mask := file("mask.png", 30, 20, in)
	to := filepath.Join(dir, "out.png")
	if out, errs, code := tessera(t, "inpaint", run, picture, "--mask", mask, "--out", to); code != 0 || out != to+": 12 of 600 pixels painted\n" {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	was, err := data.ReadImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	is, err := data.ReadImage(to)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for p := range 600 {
		same := string(is.Pix[3*p:3*p+3]) == string(was.Pix[3*p:3*p+3])
		if !same {
			changed++
		}
		if !same && !in(p%30, p/30) {
			t.Errorf("pixel %d, %d is changed", p%30, p/30)
		}
	}
	if changed == 0 {
		t.Error("nothing is painted")
	}
	other, _ := small(t)
	os.Remove(to)
	text := filepath.Join(dir, "text.png")
	os.WriteFile(text, []byte("no picture"), 0o644)
	for want, args := range map[string][]string{
		"--mask is needed":              {run, picture},
		"want the same size":            {run, picture, "--mask", file("small.png", 20, 30, in)},
		"hides nothing":                 {run, picture, "--mask", file("black.png", 30, 20, func(int, int) bool { return false })},
		"hides the whole picture":       {run, picture, "--mask", file("white.png", 30, 20, func(int, int) bool { return true })},
		"a task that does not paint":    {other, picture, "--mask", mask},
		"text.png":                      {run, text, "--mask", mask},
		"no file that holds a picture":  {run, dir, "--mask", mask},
		"ending in .png":                {run, picture, "--mask", mask, "--out", filepath.Join(dir, "out.jpg")},
		"want one RUN and one IMAGE":    {run},
		"is not a run directory":        {dir, picture, "--mask", mask},
		"want a file in a folder":       {run, picture, "--mask", mask, "--out", filepath.Join(dir, "none", "out.png")},
		"--mask: " + text[:len(text)-9]: {run, picture, "--mask", text},
	} {
		_, errs, code := tessera(t, append([]string{"inpaint", "--out", to}, args...)...)
		if code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s, want %q", args, code, errs, want)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%v wrote a picture", args)
		}
	}
}

// TestInterpolate: a frame is painted between each two of a film, which keeps its own; what does not do is said.
func TestInterpolate(t *testing.T) {
	dir := t.TempDir()
	train := func(task, name string) string {
		run := filepath.Join(dir, name)
		if out, errs, code := tessera(t, "pretrain", task, "--data", "scenes:?frames=6&n=8&side=16", "--trunk", "convnet", "--side", "16", "--batch-size", "4", "--epochs", "1", "--augment", "none", "--monitor-every", "-1", "--out", run); code != 0 {
			t.Fatalf("exit %d: %s%s", code, out, errs)
		}
		return run
	}
	run := train("video-inpaint?residual=yes&width=4&frames=4&apart=1", "run")
	path, short := filepath.Join(dir, "film.avi"), filepath.Join(dir, "short.gif")
	for name, frames := range map[string]int{path: 5, short: 1} {
		w, err := film.Create(name, 20, 32, 10)
		if err != nil {
			t.Fatal(err)
		}
		for k := range frames {
			p := film.NewPicture(20, 32)
			for i := range p.Pix {
				p.Pix[i] = uint8(30 + 40*k)
			}
			if err := w.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(dir, "out.avi")
	if out, errs, code := tessera(t, "inpaint", run, path, "--out", to); code != 0 || out != to+": 4 of 9 frames painted, 20 frames a second\n" {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	f, err := film.Open(to, film.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := len(f.Times()); n != 9 || math.Abs(f.Times()[8]-0.4) > 1e-6 {
		t.Fatalf("%d frames, the last at %g s", n, f.Times()[n-1])
	}
	for k := 0; k < 9; k += 2 {
		p, err := f.Frame(k)
		if err != nil {
			t.Fatal(err)
		}
		if d := int(p.Pix[0]) - (30 + 20*k); d < -3 || d > 3 {
			t.Errorf("frame %d is %d, was %d", k, p.Pix[0], 30+20*k)
		}
	}
	os.Remove(to)
	other, _ := small(t)
	next := train("video-inpaint?hide=next&width=4&frames=2&apart=1", "next")
	for want, args := range map[string][]string{
		"a task that paints no frames": {other, path},
		"--mask: is for pictures":      {run, path, "--mask", "mask.png"},
		"hide=middle":                  {next, path},
		"a film of 1 frame":            {run, short},
		"no.avi":                       {run, filepath.Join(dir, "no.avi")},
	} {
		_, errs, code := tessera(t, append([]string{"inpaint", "--out", to}, args...)...)
		if code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s, want %q", args, code, errs, want)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%v wrote a film", args)
		}
	}
}

// TestTable: a table in Markdown, kept with the command that made it; what goes wrong is said with the flag.
func TestTable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "t")
	args := []string{"table", "rotation", "--data", "scenes:?n=32&side=8", "--test", "scenes:?n=20&side=8&split=test", "--trunk", "convnet", "--side", "8", "--steps", "2", "--batch-size", "8", "--seeds", "1", "--out", dir}
	out, errs, code := tessera(t, args...)
	if code != 0 || !strings.Contains(out, "\n| rotation | accuracy ") || !strings.Contains(errs, "4/4 pixels, seed 1; probe ") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	b, err := os.ReadFile(filepath.Join(dir, "table.md"))
	if err != nil || !strings.HasPrefix(string(b), "    tessera table rotation --data 'scenes:?n=32&side=8' ") || !strings.Contains(string(b), " threads, kernels ") || !strings.HasSuffix(out, string(b)[strings.Index(string(b), "| task"):]+"\n"+filepath.Join(dir, "table.md")+"\n") {
		t.Errorf("%v: %s", err, b)
	}
	var got struct {
		Table string
		Rows  []struct {
			Task  string
			Probe []float64
		}
	}
	parsed(t, &got, append(args, "--json")...)
	if got.Table != filepath.Join(dir, "table.md") || len(got.Rows) != 4 || got.Rows[2].Task != "rotation" || len(got.Rows[2].Probe) != 4 {
		t.Errorf("%+v", got)
	}
	if _, errs, code := tessera(t, append(args, "--steps", "3")...); code != exitFailed || !strings.Contains(errs, "another table") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code := tessera(t, append(args, "--seeds", "-3")...); code != exitUsage || !strings.Contains(errs, "--seeds -3: want at least 1") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestShortcutsStopped: Ctrl-C leaves a page of what was found until then.
func TestShortcutsStopped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows cannot send an interrupt to another process")
	}
	page := filepath.Join(t.TempDir(), "s.html")
	c := command("shortcuts", "context-encoder?adversary=no&width=4", "--data", "scenes:?n=32&side=16", "--test", "scenes:?n=20&side=16&split=test", "--side", "16", "--steps", "50", "--batch-size", "8", "--inject", "border:9", "--out", page)
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if last = lines.Text(); strings.HasPrefix(last, "1/4 ") {
			c.Process.Signal(syscall.SIGINT)
		}
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted || !strings.HasSuffix(last, page+" has what was found until then") {
		t.Errorf("exit %d: %s", code, last)
	}
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(b); !strings.Contains(text, "Stopped before all was found (context-encoder") || !strings.Contains(text, ": interrupted).") || !strings.Contains(text, "all defences") {
		t.Errorf("the page does not say what was found, or that it was stopped")
	}
}

// TestShortcuts: one page, and what it means; what goes wrong is said before anything is learned.
func TestShortcuts(t *testing.T) {
	for task, want := range map[string]string{"jigsaw": "[aberration:3]", "frame-order": "[]", "audio-order": "[codec:1]", "audio-visual": "[codec:1]"} {
		l := recipe.Laboratory{Task: task}
		if err := usualData(&l, false); err != nil || fmt.Sprint(l.Inject) != want || l.Data == "" {
			t.Errorf("%s: traces %v, data %q, %v", task, l.Inject, l.Data, err)
		}
	}
	page := filepath.Join(t.TempDir(), "s.html")
	args := []string{"shortcuts", "context-encoder?adversary=no&width=4", "--data", "scenes:?n=32&side=16", "--test", "scenes:?n=20&side=16&split=test", "--side", "16", "--steps", "2", "--batch-size", "8", "--inject", "border:9", "--out", page}
	out, errs, code := tessera(t, args...)
	if code != 0 || !strings.Contains(out, "Without overlap (against what touches the hole, gone on with)") || !strings.HasSuffix(out, page+"\n") || !strings.Contains(errs, "4/4 without overlap, border:9 in the data: psnr ") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>Shortcuts of context-encoder", "tessera shortcuts ", "With border:9 in the data", "all defences", `src="data:image/png;base64,`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for want, more := range map[string][]string{"ending in .html": {"--out", page + ".txt"}, "--steps -1: want at least 1": {"--steps", "-1"}, "option inject": {"--inject", "rain:2", "--max-bad", "0.5"}} {
		if _, errs, code := tessera(t, append(args, more...)...); code == 0 || !strings.Contains(errs, want) || strings.Contains(errs, "/4 ") {
			t.Errorf("%v: exit %d, before anything is learned: %s", more, code, errs)
		}
	}
}
