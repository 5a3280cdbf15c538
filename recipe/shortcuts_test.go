package recipe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// labOf is a small laboratory.
func labOf(task string) Laboratory {
	return Laboratory{Task: task, Inject: []string{"vignette:0.9"}, Data: "scenes:?n=40&side=32", Test: "scenes:?n=20&side=32&split=test", Side: 32, Steps: 4, BatchSize: 8, Learned: 40, Judged: 20, Iterations: 5}
}

// TestLaboratory: the task with all defences, without each, without any, of pictures as they are and with a trace; of each what it should hold.
func TestLaboratory(t *testing.T) {
	for task, want := range map[string]string{
		"jigsaw?set=6":                "gap | colour | standard | all",
		"context-encoder?mask=region": "overlap | vignette:0.9 | vignette:0.9 overlap",
	} {
		l, said := labOf(task), 0
		traces := len(l.Inject)
		if task == "jigsaw?set=6" {
			l.Inject, traces = []string{""}, 0 // as it is
		}
		l.Found = func(f Finding, done, of int) {
			if said++; done != said || of < said {
				t.Errorf("finding %d of %d after %d", done, of, said)
			}
		}
		told := ""
		l.Say = func(s string) { told += s + "\n" }
		all, err := l.Run(context.Background())
		if err != nil {
			t.Fatal(task, err)
		}
		if n := strings.Count(told, "test samples are training samples too"); n != 1+traces {
			t.Errorf("%s: what is in both sets of samples is said %d times: %q", task, n, told)
		}
		page, verdicts, err := l.Page(all)
		if err != nil || len(page.Parts) != 2+traces || len(page.Parts[1].Rows) != len(all)/(1+traces) || len(page.Parts[1].Pictures) < 2 || len(page.Parts[0].Text) != len(verdicts) {
			t.Errorf("%s: %v, %+v", task, err, page.Parts)
		}
		var names []string
		for _, f := range all {
			names = append(names, strings.TrimSpace(f.Inject+" "+f.Without))
			if len(f.Solved) != 1 || len(f.Probe) != 1 || f.Probe[0] <= 0 || f.Metric.Name == "" || f.Trivial == 0 || f.Drawn == nil {
				t.Errorf("%+v", f)
			}
			if patches := strings.HasPrefix(task, "jigsaw"); patches && (len(f.Place) != 1 || !(f.Place[0] > 0 && f.Place[0] < 1) || !(f.Middle > 0.2 && f.Middle < 0.4)) || !patches && f.Place != nil {
				t.Errorf("%s: a place error of %v, %g for the middle", f.Name(), f.Place, f.Middle)
			}
		}
		if got := strings.Join(names[1:], " | "); names[0] != "" || got != want {
			t.Errorf("%s: %s", task, got)
		}
		if sheet, err := l.Sheet("vignette:0.9", 3); err != nil || sheet.Bounds().Empty() {
			t.Error(err)
		}
	}
}

// TestLaboratoryOfSound: a task that embeds pictures and sounds is judged by what they find of each other, with a trace in sound.
func TestLaboratoryOfSound(t *testing.T) {
	l := labOf("audio-visual?embed=16")
	l.Inject, l.Data, l.Test, l.Sound, l.LR = []string{"codec:1"}, "scenes:?sound=yes&n=20&side=24&frames=12&hz=8000", "scenes:?sound=yes&n=20&side=24&frames=12&hz=8000&split=test",
		"mel?rate=4000&seconds=0.5&bands=16&window=32&hop=16", 1e-3
	all, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		names = append(names, strings.TrimSpace(f.Inject+" "+f.Without))
		if len(f.Retrieval) != 1 || !(f.Retrieval[0] > 0 && f.Retrieval[0] < 1) || !(f.Order > 0 && f.Order < 1) || len(f.Probe) != 1 || f.Place != nil {
			t.Errorf("%+v", f)
		}
	}
	if got := strings.Join(names, " | "); got != " | aligned | codec:1 | codec:1 aligned" {
		t.Error(got)
	}
	page, _, err := l.Page(all)
	if err != nil || len(page.Parts) != 3 {
		t.Fatalf("%v, %d parts", err, len(page.Parts))
	}
	if part := page.Parts[2]; strings.Join(part.Heads, "|") != "defences|task solved|trivial|probe|retrieval|of a random order" || len(part.Rows) != 2 || len(part.Rows[0]) != 6 || part.Title != "With codec:1 in the data" || len(part.Pictures) != 3 {
		t.Errorf("%q, heads %q, rows %q, %d pictures", part.Title, part.Heads, part.Rows, len(part.Pictures))
	}
	concat := l
	concat.Task, concat.Inject = "audio-visual?fusion=concat&embed=16", nil
	if all, err = concat.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if what, by := f.worth(); f.Retrieval != nil || what != "the features are" || len(by) != 1 {
			t.Errorf("pictures and sounds side by side are not in one space: %s, %v", what, f.Retrieval)
		}
	}
	l.Inject = []string{"jpeg:9"}
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "puts a trace into pictures; there are films and sounds") {
		t.Errorf("a trace of pictures: %v", err)
	}
}

// TestWays: an option that switches a defence off wins over what was said of it; other options stay.
func TestWays(t *testing.T) {
	l := labOf("jigsaw?gap=3&set=6&grey=0.5")
	ways, err := l.ways(pretext.Tell("jigsaw"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(ways); got != "[{ jigsaw?gap=3&set=6&grey=0.5} {gap jigsaw?gap=0&grey=0.5&set=6} {colour jigsaw?gap=3&grey=0&set=6&shift=0} {standard jigsaw?gap=3&grey=0.5&set=6&standard=no} {all jigsaw?gap=0&grey=0&set=6&shift=0&standard=no}]" {
		t.Error(got)
	}
	for _, name := range pretext.Names() { // every defence's options are the task's
		about := pretext.Tell(name)
		ways, err := Laboratory{Task: name}.ways(about)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range ways {
			if _, err := pretext.New(w.task); err != nil {
				t.Errorf("%s without %s: %v", name, w.without, err)
			}
		}
	}
}

// shining are patches whose brightness says how far down they lie.
type shining struct{}

func (shining) Located(in data.Inputs, _ bool, o data.LoaderOptions, step func(s train.Step, x, where *tensor.Tensor)) (*train.Feed, error) {
	return train.NewFeed(in.Images.Len(), shiningMaker{}, o, func(s train.Step, b *shone) { step(s, b.x, b.where) }), nil
}

type shone struct{ x, where *tensor.Tensor }
type shiningMaker struct{}

func (shiningMaker) New(n int) *shone { return &shone{tensor.New(n, 8, 8, 3), tensor.New(n, 2)} }
func (shiningMaker) Fill(b *shone, row, _ int, rng *tensor.RNG) error {
	b.where.Data[2*row], b.where.Data[2*row+1] = rng.Float32(), rng.Float32()
	b.x.Rows(row, row+1).Fill(4*b.where.Data[2*row] - 2)
	return nil
}

// TestMeter: what a patch tells of its place is learned, and what it does not tell stays as uncertain as it is: the error of the second
// coordinate, which is evenly spread over the unit, is sqrt(1/12).
func TestMeter(t *testing.T) {
	d := data.NewScenes(256, 8, 1, data.Train).Dataset()
	trunk, err := newTrunk("convnet", 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{of: shining{}, Net: &layers.Net{Trunk: trunk, Head: layers.PoolHead(tensor.NewRNG(1), trunk, 2)}}
	c := Default()
	c.BatchSize, c.Epochs, c.MaxSteps, c.Optimizer, c.LR, c.WeightDecay = 32, 1000, 300, "adam", 3e-3, 0
	if _, err := (&train.Run{Config: c, Learner: m, Data: d, Workers: 2}).Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	feed, err := m.feed(d.Inputs, data.LoaderOptions{BatchSize: 64, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	told, err := train.Look(feed, c.Mode(), 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if e := math.Sqrt(told["square"]); !(e > 0.25 && e < 0.33) { // sqrt(1/12) = 0.289 of the coordinate that nothing tells
		t.Errorf("error %g", e)
	}
	if e := math.Sqrt(told["square_middle"]); !(e > 0.38 && e < 0.44) { // sqrt(2/12) = 0.408
		t.Errorf("error of the middle %g", e)
	}
}

// TestLaboratoryRefuses: what cannot be tried is said before anything is learned.
func TestLaboratoryRefuses(t *testing.T) {
	for want, change := range map[string]func(l *Laboratory){
		"rotation has no defences": func(l *Laboratory) { l.Task = "rotation" },
		`no task "none"`:           func(l *Laboratory) { l.Task = "none" },
		"--steps -1":               func(l *Laboratory) { l.Steps = -1 },
		"--lr -1":                  func(l *Laboratory) { l.LR = -1 },
		"--lr NaN":                 func(l *Laboratory) { l.LR = math.NaN() },
		"--data is needed":         func(l *Laboratory) { l.Data = "" },
		"what the laboratory sets": func(l *Laboratory) { l.Inject, l.Data, l.Steps = []string{"jpeg:9"}, l.Data+"&inject=border:3", 1 },
	} {
		l := labOf("context-encoder")
		l.Inject = nil
		change(&l)
		if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := labOf("jigsaw").Run(ctx); !errors.Is(err, train.ErrInterrupted) || strings.Contains(err.Error(), "checkpoint") {
		t.Errorf("cancelled: %v", err)
	}
}

// TestVerdicts: what findings mean.
func TestVerdicts(t *testing.T) {
	f := func(inject, without string, solved, place, probe float64) Finding {
		return Finding{Inject: inject, Without: without, Metric: metric.Accuracy(8), Solved: []float64{solved}, Trivial: 0.125, Place: []float64{place}, Middle: 0.4, Probe: []float64{probe}, Judged: 100000}
	}
	defences := []pretext.Defence{{Name: "gap", Off: "gap=0", Against: "lines"}, {Name: "colour", Off: "color=keep", Against: "the lens"}}
	got := Verdicts([]Finding{f("", "", 0.40, 0.30, 0.50), f("", "gap", 0.55, 0.299, 0.45), f("", "colour", 0.41, 0.28, 0.505), f("", "all", 0.60, 0.25, 0.52),
		f("aberration:3", "", 0.41, 0.30, 0.50), f("aberration:3", "gap", 0.30, 0.35, 0.53), f("aberration:3", "colour", 0.70, 0.10, 0.495), f("aberration:3", "all", 0.42, 0.3, 0.40)}, defences)
	want := []string{
		"Without gap (against lines): the task is solved 15.0 points better, a patch tells as much of its place (error 0.299, 0.300), the features are 5.0 points worse: a shortcut, which the defence keeps the net from.",
		"Without colour (against the lens): the task is solved 1.0 points better, a patch tells more of its place (error 0.280 instead of 0.300), the features are 0.5 points better: no shortcut shows here.",
		"Without any defence: the task is solved 20.0 points better, a patch tells more of its place (error 0.250 instead of 0.300), the features are 2.0 points better: an easier task with better features: here the defence costs more than it saves.",
		"With aberration:3 in the data and all defences the task is solved 1.0 points better than with the data as it is: the defences hold.",
		"Without gap (against lines), aberration:3 in the data: the task is solved 11.0 points worse, a patch tells less of its place (error 0.350 instead of 0.300), the features are 3.0 points better: a harder task with better features.",
		"Without colour (against the lens), aberration:3 in the data: the task is solved 29.0 points better, a patch tells more of its place (error 0.100 instead of 0.300), the features are 0.5 points worse: a shortcut or an easier task; the features do not mind here.",
		"Without any defence, aberration:3 in the data: the task is solved 1.0 points better, a patch tells as much of its place (error 0.300, 0.300), the features are 10.0 points worse: the features gain from the defence, though the task is no harder with it.",
	}
	if len(got) != len(want) {
		t.Fatalf("%d verdicts: %q", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s\nwant %s", got[i], want[i])
		}
	}
	few := func(f Finding, n int) Finding { f.Judged = n; return f }
	for want, pair := range map[string][2]Finding{ // two standard errors of half of 60 samples are 18 points, of 10,000 1.4
		": no shortcut shows here.": {few(f("", "", 0.40, 0.3, 0.50), 60), few(f("", "gap", 0.55, 0.3, 0.45), 60)},
		"than with the data as it is: it is not learned in so few steps (--steps).": {few(f("", "", 0.13, 0.3, 0.50), 10000), few(f("jpeg:9", "", 0.14, 0.3, 0.50), 10000)},
		": the task is not learned in so few steps (--steps).":                      {few(f("", "", 0.13, 0.3, 0.50), 10000), few(f("", "gap", 0.14, 0.3, 0.10), 10000)},
		": a shortcut, which the defence keeps the net from.":                       {few(f("", "", 0.13, 0.3, 0.50), 10000), few(f("", "gap", 0.20, 0.3, 0.48), 10000)},
		"; the features do not mind here.":                                          {few(f("", "", 0.30, 0.3, 0.50), 10000), few(f("", "gap", 0.33, 0.3, 0.49), 10000)},
	} {
		if got := Verdicts(pair[:], defences); len(got) != 1 || !strings.HasSuffix(got[0], want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	heard := func(without string, solved, retrieval, probe float64) Finding {
		f := f("codec:1", without, solved, 0, probe)
		f.Place, f.Retrieval, f.Order = nil, []float64{retrieval}, 0.2
		return f
	}
	if got := Verdicts([]Finding{heard("", 0.4, 0.6, 0.5), heard("gap", 0.7, 0.5, 0.6)}, defences); len(got) != 2 ||
		got[1] != "Without gap (against lines), codec:1 in the data: the task is solved 30.0 points better, pictures and sounds find each other 10.0 points worse: a shortcut, which the defence keeps the net from." {
		t.Errorf("%q", got)
	}
	if told := strings.Join(heard("", 0.5, 0.3, 0.4).Told(), "; "); told != "accuracy 50.0 % (chance 12.5 %); probe 40.0 %; retrieval 30.0 % (random order 20.0 %)" {
		t.Error(told)
	}
	if got := Verdicts([]Finding{f("", "", 0.4, 0.3, 0.5), f("", "gap", 0.4, 0.3, 0.5)}, defences); len(got) != 1 || !strings.HasSuffix(got[0], ": nothing changes at all: it is off for samples of this size, or by an option.") {
		t.Errorf("%q", got)
	}
	seeds := func(without string, solved, probe [3]float64) Finding {
		f := few(f("", without, 0, 0.3, 0), 100000)
		f.Solved, f.Probe = solved[:], probe[:]
		return f
	}
	for want, other := range map[string]Finding{ // of several seeds, the spread of the differences of equal seeds counts, however many samples there are
		": a shortcut, which the defence keeps the net from.": seeds("gap", [3]float64{0.45, 0.55, 0.66}, [3]float64{0.45, 0.46, 0.47}),
		": no shortcut shows here.":                           seeds("gap", [3]float64{0.35, 0.50, 0.80}, [3]float64{0.30, 0.46, 0.60}),
	} {
		if got := Verdicts([]Finding{seeds("", [3]float64{0.40, 0.50, 0.60}, [3]float64{0.50, 0.51, 0.52}), other}, defences); len(got) != 1 || !strings.HasSuffix(got[0], want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	psnr := func(without string, v float64) Finding {
		return Finding{Without: without, Metric: metric.Metric{Name: "psnr", Unit: "dB", Higher: true, Predictor: "mean colour"}, Solved: []float64{v, v + 0.2}, Probe: []float64{0.5, 0.6}}
	}
	got = Verdicts([]Finding{psnr("", 20), psnr("overlap", 20.6)}, nil)
	if len(got) != 1 || got[0] != "Without overlap (against ): the task is solved 0.6 dB better, the features are 0.0 points better: a shortcut or an easier task; the features do not mind here." {
		t.Errorf("%q", got)
	}
	if row := strings.Join(psnr("", 20).Row(), "|"); row != "all defences|psnr 20.1 dB ± 1.271 dB|mean colour 0 dB|||55.0 ± 63.5 %||" {
		t.Error(row)
	}
	if told := strings.Join(f("jpeg:9", "gap", 0.5, 0.2, 0.3).Told(), "; "); told != "accuracy 50.0 % (chance 12.5 %); place error 0.200 (middle 0.400); probe 30.0 %" {
		t.Error(told)
	}
}

// TestLaboratoryOfAFolder: of data without a test split a fifth is held out, however few samples there are: what is found is of those, and the
// runs do not see them.
func TestLaboratoryOfAFolder(t *testing.T) {
	dir := pictures(t, 30)
	l := labOf("context-encoder?adversary=no&width=4")
	l.Data, l.Test, l.Inject = "folder:"+dir, "", nil
	all, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Judged < 3 || f.Judged > 10 || f.Metric.Name != "psnr" || f.Solved[0] == 0 {
			t.Errorf("%+v", f)
		}
	}
	table := tableOf(t.TempDir())
	table.Data, table.Test, table.Tasks, table.Seeds, table.Steps = "folder:"+dir, "", []string{"rotation"}, 1, 3
	rows, err := table.Make(context.Background())
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	info, err := train.LoadInfo(filepath.Join(table.Dir, "supervised-seed1"))
	if err != nil || info.DataLen >= 30 || info.DataLen < 20 {
		t.Errorf("%v: the supervised row learned from %d of 30 samples", err, info.DataLen)
	}
}
