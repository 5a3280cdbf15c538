package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/workload"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/sound"
	"github.com/tessera-go/tessera/tensor"
)

// parsed is a command's one JSON object.
func parsed(t *testing.T, v any, args ...string) {
	t.Helper()
	out, errs, code := tessera(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit %d: %s", args, code, errs)
	}
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
}

// TestTasks: every task, network and kind of data with its options, within 80 columns; the same as JSON.
func TestTasks(t *testing.T) {
	out, _, code := tessera(t, "tasks")
	if code != 0 {
		t.Fatalf("exit %d", code)
	}
	for _, l := range strings.Split(out, "\n") {
		if len(l) > 80 {
			t.Errorf("a line of %d columns: %s", len(l), l)
		}
	}
	var got struct {
		Tasks           []struct{ Name, Predicts, Of, Hidden string }
		Trunks, Presets []string
		Data            []struct{ Name string }
	}
	parsed(t, &got, "tasks", "--json")
	var names []string
	for _, k := range got.Tasks {
		names = append(names, k.Name)
		if about := pretext.Tell(k.Name); k.Predicts != about.Line || k.Of != about.Of || k.Hidden != about.Hidden {
			t.Errorf("as JSON: %+v", k)
		}
	}
	if fmt.Sprint(names, got.Trunks, got.Presets) != fmt.Sprint(pretext.Names(), layers.TrunkNames(), recipe.Presets()) || len(got.Data) != len(data.Kinds()) {
		t.Errorf("as JSON: %+v", got)
	}
	words := strings.Join(strings.Fields(out), " ")
	names = append(names, got.Trunks...)
	for _, k := range got.Data {
		names = append(names, k.Name)
	}
	for _, n := range names {
		if !strings.Contains(out, "\n  "+n+" ") {
			t.Errorf("%s is not listed", n)
		}
	}
	general, residual := spec.Usage(layers.TrunkOptionsOf("convnet")), spec.Usage(layers.TrunkOptionsOf("resnet18"))
	for _, o := range residual {
		if strings.Count(words, strings.Join(strings.Fields(o), " ")) != 1 {
			t.Errorf("not said once: %s", o)
		}
	}
	if also := strings.Index(words, "of residual networks also:"); also < strings.Index(words, general[len(general)-1][:9]) || also > strings.Index(words, residual[len(general)][:9]) {
		t.Error("the options of residual networks stand elsewhere")
	}
}

// TestTaskHelp: the help of pretrain explains the task that is named, and shows its own settings; without one it shows the general ones.
func TestTaskHelp(t *testing.T) {
	out, _, code := tessera(t, "pretrain", "--help")
	if code != 0 || !strings.HasPrefix(out, "Pretrain learns") {
		t.Errorf("exit %d: %.100s", code, out)
	}
	for _, task := range pretext.Names() {
		out, _, code := tessera(t, "pretrain", task, "--help")
		words, about := strings.Join(strings.Fields(out), " "), pretext.Tell(task)
		want := []string{strings.ToUpper(task) + " ", strings.TrimPrefix(about.Line, "predict "), about.Of, "hidden is " + about.Hidden, "beside " + about.Trivial, about.Shortcut, "Usage: tessera pretrain"}
		for _, d := range about.Defences {
			want = append(want, d.Against, "the defence "+d.Name+" is against it, "+d.Off+" goes without")
		}
		c, err := recipe.For(task)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("highest learning rate (default %g)", c.LR))
		if about.Uses("augment") {
			want = append(want, fmt.Sprintf("(default %q)", c.Augment), "--augment", "--precision")
		}
		for _, flag := range about.Unused {
			if flag = "\n      --" + strings.ReplaceAll(flag, "_", "-") + " "; strings.Contains(out, flag) {
				t.Errorf("the help of %s has %q, which means nothing to it", task, flag)
			}
		}
		for _, w := range want {
			if !strings.Contains(words, strings.Join(strings.Fields(w), " ")) {
				t.Errorf("the help of %s does not say %q:\n%s", task, w, out)
			}
		}
		for _, l := range strings.Split(out, "\n") {
			if len(l) > 80 {
				t.Errorf("a line of %d columns: %s", len(l), l)
			}
		}
		if code != 0 {
			t.Errorf("exit %d", code)
		}
	}
}

func TestList(t *testing.T) {
	const about = "what this is, in more words than there is room for on one line"
	for name, want := range map[string]string{
		"short":                              "  short             what this is, in more words than there is room for on one\n                    line\n",
		"seventeen-letters":                  "  seventeen-letters what this is, in more words than there is room for on one\n                    line\n",
		"eighteen---letters":                 "  eighteen---letters  what this is, in more words than there is room for on one\n                    line\n",
		"very-very-very-very-very-long-name": "  very-very-very-very-very-long-name  what this is, in more words than there is\n                    room for on one line\n",
	} {
		if out, _ := captured(t, func() { list(name, about, nil) }); out != want {
			t.Errorf("%s:\n%swant\n%s", name, out, want)
		}
	}
	out, _ := captured(t, func() {
		list("a", "b", []spec.Option{{Name: "side", Default: "32", About: about}, {Name: "x", About: "y"}})
	})
	if want := "  a                 b\n                    side=32  what this is, in more words than there is room for\n                        on one line\n                    x=...  y\n"; out != want {
		t.Errorf("%swant\n%s", out, want)
	}
}

// TestData: names, numbers of each class, the first picture, a sheet of pictures; and a picture that cannot be read.
func TestData(t *testing.T) {
	dir := t.TempDir()
	for i, class := range []string{"ant", "ant", "bee", "ant"} {
		os.MkdirAll(filepath.Join(dir, class), 0o755)
		if err := recipe.SavePNG(filepath.Join(dir, class, fmt.Sprint(i, ".png")), data.NewImage(12, 9+i).RGBA()); err != nil {
			t.Fatal(err)
		}
	}
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	out, errs, code := tessera(t, "data", "folder:"+dir, "--out", sheet)
	for _, want := range []string{": 4 samples, 2 classes, fingerprint ", "\n  ant                  3\n", "\n  bee                  1\n", "0.png, is "} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d: %s\n%swant %q", code, errs, out, want)
		}
	}
	if _, err := os.Stat(sheet); err != nil {
		t.Error(err)
	}
	if strings.Contains(out, "cannot be read") {
		t.Errorf("%s", out)
	}
	var got struct {
		Samples     int
		Classes     []string
		Fingerprint string
	}
	parsed(t, &got, "data", "folder:"+dir, "--json")
	if got.Samples != 4 || fmt.Sprint(got.Classes) != "[ant bee]" || !strings.Contains(out, "fingerprint "+got.Fingerprint+"\n") || got.Fingerprint == "" {
		t.Errorf("%+v", got)
	}
	if _, errs, code = tessera(t, "data", "folder:"+dir, "--out", filepath.Join(dir, "none", "sheet.png")); code != 1 || !strings.Contains(errs, "sheet.png") {
		t.Errorf("a sheet that cannot be written: exit %d: %s", code, errs)
	}
	os.WriteFile(filepath.Join(dir, "ant", "0.png"), []byte("torn"), 0o644)
	if out, _, code = tessera(t, "data", "folder:"+dir); code != 0 || !strings.Contains(out, "the first sample cannot be read: ") || strings.Contains(out, "0.png, is ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestDataFilms: a film's length and size, rows of frames, and films as files that are films again.
func TestDataFilms(t *testing.T) {
	dir := t.TempDir()
	sheet, films := filepath.Join(dir, "sheet.png"), filepath.Join(dir, "films")
	out, errs, code := tessera(t, "data", "scenes:?frames=5&n=3&side=16", "--sheet="+sheet, "--films", films+".avi")
	if code != 0 || !strings.Contains(out, ": 3 samples, 9 classes") || !strings.Contains(out, "the first, film 0 (train), has 5 frames of 16x16 in 0.33 s") || strings.Count(errs, "wrote ") != 3 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	im, err := data.ReadImage(sheet)
	if err != nil || im.W < 5*84 || im.H < 3*84 {
		t.Errorf("the sheet: %v", err)
	}
	if out, errs, code := tessera(t, "data", "video:"+films); code != 0 || !strings.Contains(out, ": 3 samples") || !strings.Contains(out, "has 5 frames of 16x16 in 0.33 s") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if out, errs, code := tessera(t, "data", "video:"+films+"?as=frames&each=2&labels=film"); code != 0 || !strings.Contains(out, ": 6 samples, 3 classes") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if _, errs, code := tessera(t, "data", "scenes:?n=3&side=16", "--films", films); code != 1 || !strings.Contains(errs, "has no films to write, it has pictures") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestDataSounds: how much sound there is, of which rates, channels and kinds, and what is broken.
func TestDataSounds(t *testing.T) {
	dir := t.TempDir()
	for name, channels := range map[string]int{"a/1.wav": 1, "a/2.wav": 1, "b/3.wav": 2} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		w, err := sound.Create(path, float64(8000*channels), channels, sound.Writing{})
		if err == nil {
			err = w.Write(make([]float32, 8000*channels*channels))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(filepath.Join(dir, "b", "4.wav"), nil, 0o644)
	out, errs, code := tessera(t, "data", "audio:"+dir)
	for _, want := range []string{": 4 samples, 2 classes", "\n  3 s of sound, 1 s to 1 s each\n", "\n  2 of 8000 Hz, 1 of 16000 Hz; 2 of mono, 1 of stereo; WAV (16 bits)\n", "\n  1 of 4 recordings cannot be read:\n", "4.wav: an empty file\n"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("no %q: exit %d: %s%s", want, code, out, errs)
		}
	}
	var got struct {
		Sounds data.SumOfSounds
	}
	parsed(t, &got, "data", "audio:"+dir, "--json")
	if !(math.Abs(got.Sounds.Hours-3.0/3600) < 1e-12) || got.Sounds.Rates["8000 Hz"] != 2 || len(got.Sounds.Broken) != 1 {
		t.Errorf("%+v", got)
	}
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	if _, errs, code := tessera(t, "data", "audio:"+dir, "--sheet="+sheet); code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
	if im, err := data.ReadImage(sheet); err != nil || im.W < 3*300 || im.H < 2*130 {
		t.Errorf("the sheet: %v", err)
	}
	films := filepath.Join(dir, "films")
	if _, errs, code := tessera(t, "data", "scenes:?sound=yes&frames=12&n=2&side=32", "--films", films+".avi"); code != 0 {
		t.Fatal(errs)
	}
	if out, errs, code := tessera(t, "data", "av:"+films); code != 0 || !strings.Contains(out, ": 2 samples") || !strings.Contains(out, "; mono; AVI (") || !strings.Contains(out, "has 12 frames of 32x32") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

// TestDataText: a text is told as one, and has no picture to show.
func TestDataText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.txt")
	os.WriteFile(path, []byte("one two"), 0o644)
	if out, errs, code := tessera(t, "data", "text:"+path); code != 0 || !strings.Contains(out, "text.txt: 1 samples, 0 classes, fingerprint ") || !strings.Contains(out, "text.txt: 1 file, 7 bytes\n") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if _, errs, code := tessera(t, "data", "text:"+path, "--out", path+".png"); code != 1 || !strings.Contains(errs, "has nothing to show") {
		t.Errorf("exit %d: %s", code, errs)
	}
	os.WriteFile(path, []byte("PK\x03\x04"), 0o644)
	if _, errs, code := tessera(t, "data", "text:"+path); code != 1 || !strings.Contains(errs, "text.txt is a zip archive") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestThreadsAndKernels: the flags of every command set how many compute and by which instructions; without them all stays as it is.
func TestThreadsAndKernels(t *testing.T) {
	threads, level := tensor.Threads(), simd.Active()
	defer func() {
		tensor.SetThreads(threads)
		simd.Use(level)
	}()
	call := func(args ...string) (errs string, code int) {
		_, errs = captured(t, func() { code = run(append(args, "tasks", "--json")) })
		return errs, code
	}
	tensor.SetThreads(3)
	if _, code := call(); code != 0 || tensor.Threads() != 3 || simd.Active() != level {
		t.Errorf("without flags: exit %d, %d threads, %v", code, tensor.Threads(), simd.Active())
	}
	if _, code := call("--threads", "1"); code != 0 || tensor.Threads() != 1 {
		t.Errorf("exit %d, %d threads", code, tensor.Threads())
	}
	if _, code := call("--threads", "2", "--simd", "go"); code != 0 || tensor.Threads() != 2 || simd.Active() != simd.Go {
		t.Errorf("exit %d, %d threads, %v", code, tensor.Threads(), simd.Active())
	}
	foreign := "neon"
	if strings.Contains(fmt.Sprint(simd.Levels()), foreign) {
		foreign = "avx2"
	}
	for _, l := range []string{foreign, "mmx"} {
		if errs, code := call("--simd", l); code != exitUsage || !strings.Contains(errs, "--simd "+l+": ") {
			t.Errorf("--simd %s: exit %d: %s", l, code, errs)
		}
	}
	for _, p := range []tensor.Precision{tensor.Float32, tensor.BFloat16} {
		if errs, code := call("--precision", p.String()); code != 0 || strings.Contains(errs, "no faster than float32") == p.Native() {
			t.Errorf("--precision %v: exit %d: %s", p, code, errs)
		}
	}
	if _, errs, code := tessera(t, "tasks", "more"); code != exitUsage || !strings.Contains(errs, "want no arguments, got 1") {
		t.Errorf("an argument too many: exit %d: %s", code, errs)
	}
}

// TestDoctor: what was measured, and how much of what the tiles reach it is.
func TestDoctor(t *testing.T) {
	threads, level := tensor.Threads(), simd.Active()
	defer func() {
		tensor.SetThreads(threads)
		simd.Use(level)
	}()
	tensor.SetThreads(3)
	rows := []workload.Record{{ID: "one", Median: 0.0125, GFLOPS: 120}, {ID: "two", Median: 1.5}}
	said := func(g *global) (out, errs string) {
		return captured(t, func() {
			if err := describe(g, 50, rows); err != nil {
				t.Error(err)
			}
		})
	}
	out, errs := said(&global{})
	for _, want := range []string{"threads   3\n", "tile      50 GFLOP/s on one thread",
		"\n" + fmt.Sprintf("%-36s", "one") + "   12.50 ms    120 GFLOP/s  80 % of the tile\n" + fmt.Sprintf("%-36s", "two") + " 1500.00 ms\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nlacks %q", out, want)
		}
	}
	if strings.Contains(errs, "slow path") != (level == simd.Go) {
		t.Errorf("%v: said %q", level, errs)
	}
	simd.Use(simd.Go)
	if _, errs = said(&global{}); !strings.Contains(errs, "slow path") {
		t.Errorf("the Go loops: said %q", errs)
	}
	simd.Use(level)
	if out, _ = said(&global{json: true}); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"tile_gflops_1_thread":50`) || !strings.Contains(out, `"threads":3`) {
		t.Errorf("as JSON: %s", out)
	}
}

func TestDoctorExamines(t *testing.T) {
	var got []string
	for _, w := range examined(workload.All(autograd.RecomputeNothing, tensor.Mode{})) {
		got = append(got, w.ID)
	}
	if want := "[gemm/1024x1024x1024 conv_fwd/resnet50.layer1.0.conv2/n8 ew/relu_inplace/16M]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// TestDoctorMeasures: a product, a convolution and a loop over memory.
func TestDoctorMeasures(t *testing.T) {
	var got struct {
		Active  string
		Threads int
		Tile    float64 `json:"tile_gflops_1_thread"`
		Bench   []struct{ ID string }
	}
	parsed(t, &got, "doctor", "--json", "--threads", "2")
	if got.Active != simd.Active().String() || got.Threads != 2 || !(got.Tile > 0.1) || len(got.Bench) != 3 || got.Bench[0].ID != "gemm/1024x1024x1024" || !strings.HasPrefix(got.Bench[1].ID, "conv_fwd/") || !strings.HasPrefix(got.Bench[2].ID, "ew/") {
		t.Errorf("%+v", got)
	}
}

// TestDoctorTrunk: the algorithms of a trunk's convolutions, at its own side or another.
func TestDoctorTrunk(t *testing.T) {
	out, errs, code := tessera(t, "doctor", "--trunk", "convnet", "--batch-size", "2", "--side", "24")
	lines := strings.Split(out, "\n")
	if code != 0 || len(lines) < 5 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if got := strings.Join(strings.Fields(lines[3])[:5], " "); got != "conv3 12x12x32 3x3/2 32->64 0.00" {
		t.Errorf("line %q", got)
	}
	if got := strings.Join(strings.Fields(lines[2])[:5], " "); got != "conv2 24x24x32 3x3/2 32->32 0.01" { // 2·2·12²·9·32² flop
		t.Errorf("line %q", got)
	}
	if !strings.Contains(out, "\n2 images of 24 by 24.") {
		t.Error(out)
	}
	if out, _, _ = tessera(t, "doctor", "--trunk", "convnet", "--batch-size", "1"); !strings.Contains(out, "\n1 images of 32 by 32.") {
		t.Errorf("the trunk's own side: %s", out)
	}
	var plans []struct{ Layer string }
	parsed(t, &plans, "doctor", "--trunk", "convnet", "--json")
	if len(plans) != 4 || plans[3].Layer != "conv4" {
		t.Errorf("%v", plans)
	}
	for args, want := range map[string]string{"--roofline x.svg": "wants a --trunk", "--trunk convnet --batch-size 0": "--batch-size 0", "--trunk convnet --side -1": "--side -1", "--trunk none": "no trunk"} {
		if _, errs, code := tessera(t, append([]string{"doctor"}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s", args, code, errs)
		}
	}
	if _, errs, code = tessera(t, "doctor", "--trunk", "alexnet", "--side", "3"); code != exitFailed {
		t.Errorf("too small a side: exit %d: %s", code, errs)
	}
}

// TestRoofline: the table, the picture, and the same as JSON.
func TestRoofline(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "roof.svg")
	points := []workload.RoofPoint{{Layer: "conv1", Pass: "forward", Algorithm: "winograd2", Intensity: 4, GFLOPS: 30, Millis: 2, Bound: 40}}
	save := func(path string, asJSON bool) (out string, err error) {
		out, _ = captured(t, func() { err = saveRoofline(path, "some convolutions", points, 100, 10, asJSON) })
		return out, err
	}
	out, err := save(svg, false)
	want := fmt.Sprintf("%-22s %-9s %-9s %9s %9s %9s\n", "layer", "pass", "by", "flop/byte", "GFLOP/s", "of roof") +
		fmt.Sprintf("%-22s %-9s %-9s %9s %9s %9s\n", "conv1", "forward", "F(2,3)", "4.0", "30", "75%") + "roofs: 100 GFLOP/s and 10 GB/s; picture: " + svg + "\n"
	if err != nil || out != want {
		t.Errorf("%v\n%swant\n%s", err, out, want)
	}
	if b, err := os.ReadFile(svg); err != nil || !strings.Contains(string(b), "some convolutions") {
		t.Errorf("the picture: %v", err)
	}
	if out, err = save(svg, true); err != nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, `"peak_gflops":100`) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err = save(filepath.Join(svg, "x"), false); err == nil || out != "" {
		t.Errorf("a picture that cannot be written: %s", out)
	}
}

// TestRooflineMeasured: a trunk's first convolution, in its two passes.
func TestRooflineMeasured(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "roof.svg")
	net, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := workload.Plan(net, 1, 8, tensor.Mode{})
	if err != nil {
		t.Fatal(err)
	}
	out, _ := captured(t, func() { err = reportRoofline(svg, "the first", plans[:1], false) })
	if b, _ := os.ReadFile(svg); err != nil || strings.Count(out, "\nconv1 ") != 2 || !strings.Contains(string(b), fmt.Sprintf("the first, %d threads, %v", tensor.Threads(), simd.Active())) {
		t.Errorf("measured: %v\n%s", err, out)
	}
}

// TestDataBoxes: where boxes are what is known of pictures, data says of what they are, and what is wrong with them.
func TestDataBoxes(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		if err := recipe.SavePNG(filepath.Join(dir, fmt.Sprint(i, ".png")), data.NewImage(30, 40).RGBA()); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".txt")), []byte("1 0.5 0.5 0.5 0.5\n0 0.9 0.9 0.5 0.5\nnonsense\n"), 0o644)
	}
	os.WriteFile(filepath.Join(dir, "classes.txt"), []byte("cat\ndog\n"), 0o644)
	sheet := filepath.Join(t.TempDir(), "sheet.png")
	out, errs, code := tessera(t, "data", "yolo:"+dir+"?n=2", "--sheet="+sheet)
	for _, words := range []string{": 2 samples, 4 boxes of 2 classes", "dog                  2", "3 boxes reach beyond their picture and are cut there; the first: 0.txt, line 2", "3 lines are neither"} {
		if code != 0 || !strings.Contains(out, words) {
			t.Errorf("%d: %q is not said: %s%s", code, words, out, errs)
		}
	}
	if _, err := os.Stat(sheet); err != nil {
		t.Error(err)
	}
	var got struct {
		Classes []string `json:"box_classes"`
		Boxes   []int
	}
	if parsed(t, &got, "data", "yolo:"+dir, "--json"); fmt.Sprint(got.Classes, got.Boxes) != "[cat dog] [3 3]" {
		t.Errorf("%+v", got)
	}
}
