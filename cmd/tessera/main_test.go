package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// The tests run this binary as tessera itself.
func TestMain(m *testing.M) {
	if os.Getenv("TESSERA_TEST_MAIN") == "1" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func command(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "TESSERA_TEST_MAIN=1")
	return c
}

// tessera runs a command and returns what it printed and its exit code.
func tessera(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := command(args...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	err := c.Run()
	var x *exec.ExitError
	if err != nil && !errors.As(err, &x) {
		t.Fatal(err)
	}
	return o.String(), e.String(), c.ProcessState.ExitCode()
}

var quick = []string{"--data", "scenes:?n=96&side=16", "--side", "16", "--batch-size", "16", "--epochs", "2", "--checkpoint-every", "3", "--monitor-every", "6"}

func pretrainArgs(out string, more ...string) []string {
	return append(append([]string{"pretrain", "rotation", "--out", out}, quick...), more...)
}

// TestWholeWay: pretrain, eval, embed, export and report on procedural pictures.
func TestWholeWay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out, errs, code := tessera(t, pretrainArgs(dir, "--json")...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var res struct {
		Run  string
		Info train.Info
	}
	if err := json.Unmarshal([]byte(out), &res); err != nil || res.Info.Done != 12 {
		t.Fatalf("%v: %s", err, out)
	}
	if !strings.Contains(res.Info.Command, "--data 'scenes:?") { // ? and & mean something to a shell
		t.Errorf("the command is not quoted: %s", res.Info.Command)
	}
	if !strings.Contains(errs, "effective rank") || !strings.Contains(errs, "left") {
		t.Errorf("progress without a monitor or a time: %s", errs)
	}
	for _, f := range []string{"run.json", "metrics.jsonl", "checkpoints/step-00000012.safetensors", "samples/step-00000012.png"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
	out, errs, code = tessera(t, "eval", "compare", dir, "--data", "scenes:?n=120&side=16", "--test", "scenes:?n=60&side=16", "--json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{`"pretext"`, `"random"`, `"pixels"`, `"supervised"`, `"temperature":0.07`, `"conv4"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the scores lack %s", want)
		}
	}
	npy := filepath.Join(dir, "f.npy")
	if _, errs, code = tessera(t, "embed", dir, "--data", "scenes:?n=10&side=16", "--out", npy); code != 0 {
		t.Fatalf("embed: exit %d: %s", code, errs)
	}
	if x, err := tensor.LoadNPY(npy); err != nil || fmt.Sprint(x.Shape) != "[10 128]" {
		t.Errorf("features %v, %v", x, err)
	}
	st := filepath.Join(dir, "trunk.safetensors")
	if _, errs, code = tessera(t, "export", dir, "--out", st); code != 0 {
		t.Fatalf("export: exit %d: %s", code, errs)
	}
	f, err := checkpoint.Load(st)
	if err != nil || fmt.Sprint(f.Get("conv2.weight").Shape) != "[32 32 3 3]" {
		t.Errorf("exported: %v", err)
	}
	if _, errs, code = tessera(t, "export", dir, "--format", "npz", "--out", filepath.Join(dir, "t.npz")); code != 0 {
		t.Fatalf("export npz: exit %d: %s", code, errs)
	}
	// a file of weights is judged like the run that it came from
	a, _, _ := tessera(t, "eval", "knn", dir, "--layers", "last", "--data", "scenes:?n=120&side=16", "--test", "scenes:?n=60&side=16")
	b, errs, code := tessera(t, "eval", "knn", st, "--layers", "last", "--data", "scenes:?n=120&side=16", "--test", "scenes:?n=60&side=16")
	if fields := strings.Fields(b); code != 0 || len(fields) < 10 || !strings.Contains(a, strings.Join(fields[len(fields)-5:len(fields)-3], " ")) {
		t.Errorf("the run scores\n%s\nits exported weights\n%s%s", a, b, errs)
	}
	page := filepath.Join(dir, "r.html")
	if _, errs, code = tessera(t, "report", dir, "--out", page); code != 0 {
		t.Fatalf("report: exit %d: %s", code, errs)
	}
	html, _ := os.ReadFile(page)
	for _, want := range []string{"Probe: accuracy by stage", "Nearest neighbours", "data:image/png;base64", "tessera pretrain rotation", "First-layer filters"} {
		if !bytes.Contains(html, []byte(want)) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, outside := range []string{"http://", "https://", "src=\"/", "<link", "<script"} {
		if bytes.Contains(html, []byte(outside)) {
			t.Errorf("the report is not self-contained: it has %s", outside)
		}
	}
}

// lastWeights returns the bytes of a run's last checkpoint's tensors.
func lastWeights(t *testing.T, dir string) []byte {
	t.Helper()
	all, err := train.Checkpoints(dir)
	if err != nil || len(all) == 0 {
		t.Fatalf("no checkpoint: %v", err)
	}
	f, err := checkpoint.Load(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	f.Metadata = nil
	var b bytes.Buffer
	if err := checkpoint.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestKill: a run killed with SIGKILL at some step and resumed ends byte-identical; so does one with another number of threads.
func TestKill(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	if _, errs, code := tessera(t, pretrainArgs(whole, "--threads", "1")...); code != 0 {
		t.Fatal(errs)
	}
	want := lastWeights(t, whole)
	two := filepath.Join(t.TempDir(), "two")
	if _, errs, code := tessera(t, pretrainArgs(two, "--threads", "2")...); code != 0 {
		t.Fatal(errs)
	}
	if !bytes.Equal(lastWeights(t, two), want) {
		t.Error("two threads give other weights than one")
	}
	dir := filepath.Join(t.TempDir(), "killed")
	c := command(pretrainArgs(dir)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) { // until some step after the first checkpoint
		if _, err := os.Stat(filepath.Join(dir, "checkpoints", "step-00000003.safetensors")); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.Process.Kill()
	c.Wait()
	if _, errs, code := tessera(t, "pretrain", dir, "--resume", "--epochs", "3"); code == 0 || !strings.Contains(errs, "epochs") {
		t.Errorf("a resumed run takes another --epochs: exit %d, %s", code, errs)
	}
	if _, errs, code := tessera(t, "pretrain", "--resume", dir, "--log-every", "2"); code != 0 { // it knows its settings
		t.Fatalf("resume: %s", errs)
	}
	if !bytes.Equal(lastWeights(t, dir), want) {
		t.Error("killed and resumed: other weights")
	}
	if _, errs, code := tessera(t, pretrainArgs(whole, "--resume")...); code != 0 || !bytes.Equal(lastWeights(t, whole), want) {
		t.Errorf("a run that is at its end, resumed: exit %d, %s", code, errs)
	}
}

// TestInterrupt: each signal that asks for an end has a checkpoint written, says how to go on, and ends with 130; one that a launcher passes on may come twice.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows cannot send an interrupt to another process")
	}
	for _, sent := range toldBy {
		dir := filepath.Join(t.TempDir(), "run")
		c := command(pretrainArgs(dir, "--epochs", "100000", "--monitor-every", "-1")...)
		var e bytes.Buffer
		c.Stderr = &e
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for range 6000 {
			if _, err := os.Stat(filepath.Join(dir, "checkpoints", "step-00000006.safetensors")); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		c.Process.Signal(sent)
		if sent != os.Interrupt {
			time.Sleep(time.Millisecond)
			c.Process.Signal(sent)
		}
		c.Wait()
		if code := c.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("%v: exit %d, want 130: %s", sent, code, e.String())
		}
		if !strings.Contains(e.String(), "tessera: interrupted; a checkpoint was written; pretrain --resume "+dir+" goes on from step ") {
			t.Errorf("%v: said %q", sent, e.String())
		}
	}
}

// badInput are commands, their exit codes, and what they say; DIR is a folder with broken things.
var badInput = []struct {
	args string
	code int
	want string
}{
	{"pretrain", 2, "one TASK"},
	{"pretrain puzzle", 2, "no task \"puzzle\"; there are"},
	{"pretrain rotation?angle=1", 2, "no option"},
	{"pretrain rotation --lr -1", 2, "--lr -1"},
	{"pretrain rotation --batch-size 0", 2, "--batch-size 0"},
	{"pretrain rotation --momentum 1.5", 2, "--momentum"},
	{"pretrain rotation --colour red", 2, "unknown flag: --colour"},
	{"pretrain rotation --epochs many", 2, "--epochs"},
	{"pretrain rotation --trunk resnet19 --out DIR/o", 2, "no trunk \"resnet19\""},
	{"pretrain rotation --optimizer adamax --out DIR/o", 2, "no optimiser"},
	{"pretrain rotation --augment x --out DIR/o", 2, "no augmentation"},
	{"pretrain rotation --schedule up --out DIR/o", 2, "no schedule"},
	{"pretrain rotation --optimizer adam --momentum 0.5 --out DIR/o", 2, "--momentum 0.5: the optimiser adam takes none"},
	{"pretrain rotation --data folder:DIR/none --out DIR/o", 1, "no such folder"},
	{"pretrain rotation --data folder:DIR/empty --out DIR/o", 1, "holds no images"},
	{"pretrain rotation --data cifar10:DIR/cifar --out DIR/o", 1, "data_batch_1.bin: 100 bytes"},
	{"pretrain rotation --data folder:DIR/bad --batch-size 1 --norm half --out DIR/o", 1, "too many broken"},
	{"pretrain rotation --data folder:DIR/bad --batch-size 1 --max-bad 1 --out DIR/all", 1, "none of 2 pictures could be read"},
	{"pretrain rotation --data scenes?n=x --out DIR/o", 1, "n=x"},
	{"pretrain rotation --data scenes:?n=10 --out DIR/o", 1, "fewer than a batch"},
	{"pretrain rotation --resume --data scenes:?n=200 --out DIR/fresh", 1, "no checkpoint"},
	{"eval knn DIR/none --k -5 --data scenes", 2, "--k -5"},
	{"eval knn DIR/none --temperature -1 --data scenes", 2, "--temperature -1"},
	{"eval compare DIR/none --k 0", 2, "--k 0: want at least 1"},
	{"eval compare DIR/none --temperature 1e-4", 2, "--temperature 0.0001: want a number between 0.001 and 1000"},
	{"eval linear DIR/none --solver newton", 2, "--solver newton: want lbfgs or sgd"},
	{"pretrain rotation --max-bad 1.5 --out DIR/o", 2, "--max-bad 1.5: want a part between 0 and 1"},
	{"eval compare DIR/none --gallery -3", 2, "--gallery -3"},
	{"eval knn random --trunk convnet --max-bad 7 --data scenes:?n=9&side=16", 2, "--max-bad 7"},
	{"embed random --trunk convnet --max-bad -1 --data scenes:?n=9&side=16", 2, "--max-bad -1"},
	{"embed random --trunk convnet --data scenes:?n=9&side=16 --out DIR/no/such/f.npy", 2, "in a folder that exists"},
	{"embed random --trunk convnet --data scenes:?n=9&side=16 --out DIR/f.txt", 2, "want a file in a folder that exists, ending in .npy, .csv, .parquet"},
	{"embed random --trunk convnet --side -4 --data scenes:?n=9&side=16", 2, "--side -4"},
	{"pretrain rotation --side 1000000", 2, "--side 1000000: want at most 2048"},
	{"pretrain rotation --lr 1e30", 2, "below 1e6"},
	{"eval linear DIR/none --data scenes:?n=40&side=8", 2, "no such run directory"},
	{"eval linear DIR/empty --data scenes:?n=40&side=8", 1, "no run.json"},
	{"eval forest random --trunk convnet --data scenes:?n=40&side=8", 2, "no protocol"},
	{"eval knn random --data scenes:?n=40&side=8", 2, "--trunk"},
	{"eval knn?solver=sgd random --data scenes:?n=40&side=8", 2, "no option \"solver\""},
	{"eval probe?solver=newton random --data scenes:?n=40&side=8", 2, "solver=newton"},
	{"eval knn DIR/huge.safetensors --trunk convnet --data scenes:?n=40&side=8", 1, "claims 1152921504606846976 bytes"},
	{"eval knn DIR/wrong.safetensors --trunk convnet --data scenes:?n=40&side=8", 1, "conv1.weight"},
	{"eval knn?k=5 random --trunk convnet --data scenes:?n=40&side=8 --k 7", 2, "--k: PROTOCOL says its options itself"},
	{"eval knn random --trunk convnet --data scenes:?n=40&side=8 --solver sgd", 2, "--solver: is not of knn"},
	{"eval linear random --trunk convnet --data scenes:?n=40&side=8 --temperature 1", 2, "--temperature: is not of the probe"},
	{"eval knn DIR/empty --data scenes:?n=40&side=8 --side 16", 2, "--side: a run knows its own"},
	{"eval compare DIR/empty --norm half", 2, "--norm: a run knows its own"},
	{"pretrain byol --augment color --out DIR/o", 2, "--augment color: the task byol makes its own views"},
	{"pretrain rotation --schedule onecycle --warmup-steps 3 --out DIR/o", 2, "--warmup-steps 3"},
	{"embed random --trunk convnet", 2, "--data"},
	{"report DIR/empty", 1, "no run.json"},
	{"export DIR/empty", 1, "no run.json"},
	{"bench --only (", 2, "--only"},
	{"frobnicate", 2, "unknown command"},
	{"tasks --threads -3", 2, "--threads -3"},
	{"tasks --simd sse9", 2, "sse9"},
	{"data zip:x", 1, "no kind"},
}

// TestBadInput: one clear sentence with the file or flag, the right exit code, no panic.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(p), 0o755)
		os.WriteFile(p, b, 0o644)
		return p
	}
	file("huge.safetensors", []byte{0, 0, 0, 0, 0, 0, 0, 0x10})
	os.MkdirAll(filepath.Join(dir, "empty"), 0o755)
	file("cifar/test_batch.bin", make([]byte, 100))
	file("cifar/data_batch_1.bin", make([]byte, 100))
	file("bad/a.png", []byte("no picture"))
	file("bad/b.png", []byte("no picture"))
	wrong := &checkpoint.File{}
	wrong.Tensors = append(wrong.Tensors, checkpoint.Named{Name: "conv1.weight", Value: tensor.New(4, 3, 3, 3)})
	checkpoint.Save(filepath.Join(dir, "wrong.safetensors"), wrong)
	for _, c := range badInput {
		args := strings.Fields(strings.ReplaceAll(c.args, "DIR", dir))
		_, errs, code := tessera(t, args...)
		last := strings.TrimSpace(errs)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d (want %d): %s (want %q)", c.args, code, c.code, last, c.want)
		}
		if strings.Contains(errs, "goroutine") || strings.Contains(errs, "panic") {
			t.Errorf("%s panics: %s", c.args, errs)
		}
	}
}

// TestFolderHoldsOut: from a folder without a test split some pictures are held out for the monitor, and it says so.
func TestFolderHoldsOut(t *testing.T) {
	dir := t.TempDir()
	src := data.NewScenes(120, 16, 1, data.Train).Dataset().Images
	for i := range src.Len() {
		im, _ := src.Image(i)
		if err := recipe.SavePNG(filepath.Join(dir, fmt.Sprintf("%03d.png", i)), im.RGBA()); err != nil {
			t.Fatal(err)
		}
	}
	run := filepath.Join(t.TempDir(), "run")
	args := []string{"pretrain", "rotation", "--data", "folder:" + dir, "--side", "16", "--batch-size", "16", "--epochs", "1", "--out", run}
	_, errs, code := tessera(t, args...)
	if code != 0 || !strings.Contains(errs, "6 of 120 samples are held out") || !strings.Contains(errs, "held-out accuracy") {
		t.Errorf("exit %d: %s", code, errs)
	}
	info, err := train.LoadInfo(run)
	if err != nil || info.DataLen != 114 {
		t.Errorf("trained on %d samples, %v", info.DataLen, err)
	}
	if _, errs, code = tessera(t, append(args, "--resume", "--monitor-every", "-1")...); code != 1 || !strings.Contains(errs, "the data has changed") {
		t.Errorf("resumed on other samples: exit %d: %s", code, errs)
	}
}

// TestHelp: every command explains itself within 80 columns, and no command to copy is broken.
func TestHelp(t *testing.T) {
	for _, c := range []string{"", "demo", "tasks", "data", "doctor", "pretrain", "eval", "embed", "neighbours", "nearest", "search", "localise", "report", "export", "bench", "completion"} {
		out, errs, code := tessera(t, append(strings.Fields(c), "--help")...)
		if code != 0 || !strings.Contains(out, "Usage:") {
			t.Errorf("%s --help: exit %d, %s", c, code, errs)
		}
		example := false
		for _, l := range strings.Split(out, "\n") {
			if example && strings.HasPrefix(l, "    ") {
				t.Errorf("%s --help breaks a command before %s", c, l)
			}
			example = strings.HasPrefix(l, "  tessera ") && c != "completion"
			if len(l) > 80 && c != "completion" && !strings.Contains(l, "resnet101-cifar,") {
				t.Errorf("%s --help has a line of %d columns: %s", c, len(l), l)
			}
		}
	}
	if out, _, code := tessera(t, "tasks"); code != 0 || !strings.Contains(out, "rotation") || !strings.Contains(out, "resnet50") {
		t.Errorf("tasks: %s", out)
	}
	if out, _, code := tessera(t, "bench", "--list", "--only", "train_step/.*resnet"); code != 0 || len(strings.Fields(out)) != 6 {
		t.Errorf("bench --list: %s", out)
	}
	if out, _, code := tessera(t, "completion", "bash"); code != 0 || !strings.Contains(out, "bash completion") {
		t.Error("no shell completion")
	}
}
