package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// golden is what curves.py --golden writes.
type golden struct {
	Config train.Config
	Runs   []struct {
		Losses  map[string][]float64
		Lengths map[string]float64 // of each tensor of the state at the end
	}
}

// ratios trains run 0 of ours and returns, by loss and by tensor, how far it is from PyTorch's in terms of the spread of PyTorch's runs.
func (g *golden) ratios(t *testing.T, c train.Config) (losses, lengths map[string]float64) {
	t.Helper()
	r, err := begin(c, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := r.Train(context.Background(), dir, false); err != nil {
		t.Fatal(err)
	}
	told, err := readOurs(dir, c.BatchSize)
	if err != nil {
		t.Fatal(err)
	}
	losses, lengths = map[string]float64{}, map[string]float64{}
	for name := range g.Runs[0].Losses {
		var theirs [][]float64
		for _, run := range g.Runs {
			theirs = append(theirs, run.Losses[name])
		}
		losses[name], _, _ = compare([][]float64{told.Losses[name]}, theirs).ratio()
	}
	for _, p := range layers.State(r.Learner) {
		low, high := math.Inf(1), math.Inf(-1)
		for _, run := range g.Runs {
			length, ok := run.Lengths[p.Name]
			if !ok {
				t.Fatalf("PyTorch has no %s", p.Name)
			}
			low, high = min(low, length), max(high, length)
		}
		// of some hundred lengths some lie outside the range of nine others by chance, but not by as much as the range is wide
		ours := math.Sqrt(tensor.SumSquares(p.Value))
		lengths[p.Name] = max(low-ours, ours-high, 0) / max(high-low, floor*unit(high))
	}
	if len(lengths) != len(g.Runs[0].Lengths) {
		t.Errorf("%d tensors, PyTorch has %d", len(lengths), len(g.Runs[0].Lengths))
	}
	return losses, lengths
}

// TestGolden: some steps of each recipe give PyTorch's losses, weights and running statistics, within the spread that disturbed weights give
// PyTorch's; a learning rate that is a hundredth higher does not. The files of testdata are curves.py's --golden of
//
//	curves TASK --data 'scenes:?n=64&side=16' --side 16 --batch-size 8 --steps 6 --runs 9
//
// with hidden=32&out=16 of tasks of two views; of films with frames=12 before n, and of frame-order, byol and simsiam, which part soonest, with --runs 18; of films with sound with sound=yes&frames=12, and
// --sound 'mel?bands=16&hop=40&window=40'; of mae with --trunk 'vit-tiny?patch=4&init=mae&width=24&depth=2&heads=3&side=16'; of simmim?mask=0.55 too, with n=63 and --batch-size 7, so that
// an odd number of squares is hidden: signs of an even one may add up to zero, but for rounding; of dino?hidden=32&neck=8&prototypes=16&freeze=0; of
// simsiam with neck=8, of moco with queue=24&groups=1 and of swav with prototypes=8&queue=16&freeze=0.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files in testdata, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			g := &golden{}
			if err := readJSON(path, g); err != nil {
				t.Fatal(err)
			}
			losses, lengths := g.ratios(t, g.Config)
			for name, r := range losses {
				if !(r <= 1) {
					t.Errorf("%s is %.2f times as far from PyTorch's as rounding takes it", name, r)
				}
			}
			for name, r := range lengths {
				if !(r <= 1) {
					t.Errorf("%s has at the end a length that is %.2f times as far from PyTorch's as rounding takes it", name, r)
				}
			}
			other := g.Config
			other.LR *= 1.01
			losses, lengths = g.ratios(t, other)
			weights := 0.0
			for name, r := range lengths {
				if strings.HasSuffix(name, ".weight") {
					weights = max(weights, r)
				}
			}
			if losses["loss"] <= 1 || weights <= 1 {
				t.Errorf("a learning rate that is a hundredth higher is not noticed: %.2f in the loss, %.2f in the weights", losses["loss"], weights)
			}
		})
	}
}

// TestCompare: distances and spreads of curves worked out by hand.
func TestCompare(t *testing.T) {
	ours := [][]float64{{1, 2, 3, 4}, {1, 2.5, 3, 4}}
	theirs := [][]float64{{1, 2.25, 3, 5}, {1, 2.75, 3.125, 4}}
	a := compare(ours, theirs)
	if want := []float64{0, 0.25, 0, 1}; !slices.Equal(a.Distance, want) {
		t.Errorf("distances %v, want %v", a.Distance, want)
	}
	if want := []float64{0, 0.5, 0.5, 0.5}; !slices.Equal(a.Ours, want) {
		t.Errorf("our spreads %v, want %v", a.Ours, want)
	}
	if want := []float64{0, 0.5, 0.5, 1}; !slices.Equal(a.Theirs, want) {
		t.Errorf("their spreads %v, want %v", a.Theirs, want)
	}
	if worst, at, median := a.ratio(); worst != 1/1.5 || at != 3 || median != 0.25 {
		t.Errorf("worst %g at %d, median %g", worst, at, median)
	}
	if s := a.strict(); s != 1 {
		t.Errorf("%g of the wider spread away", s)
	}
	for n, distance := range map[int][]float64{1: {1e-5, 2.1e-5, 0}, 2: {0, 1.9e-5}, 0: {math.NaN()}} {
		if got := together(distance, -2); got != n {
			t.Errorf("%v: together for %d steps, want %d", distance, got, n)
		}
	}
	if worst, at, _ := compare([][]float64{{1, 1 + 0x1p-20}}, [][]float64{{1, 1}}).ratio(); worst != 8.0/floor || at != 1 {
		t.Errorf("8 units off without a spread: %g at %d", worst, at)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		if worst, at, _ := compare([][]float64{{1, bad}}, [][]float64{{1, 2}, {1, 2}}).ratio(); !math.IsInf(worst, 1) || at != 1 {
			t.Errorf("%g is %g times the spread away, at %d", bad, worst, at)
		}
	}
	if worst, at, _ := compare([][]float64{{1, 2, 3}, {1, math.NaN(), 3}}, [][]float64{{1, 2, 3}, {1, 2, 3}}).ratio(); !math.IsInf(worst, 1) || at != 1 {
		t.Errorf("a run that is no number is %g times the spread away, at %d", worst, at)
	}
}

// TestPairs: runs of two programs that are as far from each other as those of one are told from programs that are not.
func TestPairs(t *testing.T) {
	ours := [][]float64{{1, 1}, {1, 2}, {1, 3}}
	for _, c := range []struct {
		theirs    [][]float64
		one, both float64
	}{
		// 1 apart or 2 of 2, those of the ends of 1: 0.5 for most pairs
		{[][]float64{{1, 1}, {1, 2}, {1, 3}}, 0.5, 0.5},
		// of one 1 or 2 apart, of both about 100, the others 100 to 102
		{[][]float64{{1, 101}, {1, 102}, {1, 103}}, 1.0 / 102, 100.0 / 102},
		{[][]float64{{1, 101}, {1, 102}}, 0, 0},
	} {
		one, both := pairs(ours, c.theirs)
		if !(math.Abs(one-c.one) <= 1e-3) || !(math.Abs(both-c.both) <= 2e-2) {
			t.Errorf("%v: %.4f and %.4f, want %.4f and %.4f", c.theirs, one, both, c.one, c.both)
		}
	}
}

// TestTensors: of a batch its exported numbers are written, whatever they are.
func TestTensors(t *testing.T) {
	x := tensor.From([]float32{1, 2}, 1, 2)
	got := map[string][]float32{}
	for _, n := range tensors(&struct {
		X      *tensor.Tensor
		None   *tensor.Tensor
		Labels []int32
		Soft   []float32
		Colour []bool
		Places []struct{ Top int }
		hidden []int32
	}{x, nil, []int32{3, -1}, []float32{0.5}, []bool{true, false}, nil, []int32{1}}) {
		got[n.Name] = n.Value.Data
	}
	if want := map[string][]float32{"X": {1, 2}, "Labels": {3, -1}, "Soft": {0.5}, "Colour": {1, 0}}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// tiny writes what PyTorch needs of a tiny recipe, and trains ours, as main does.
func tiny(t *testing.T, task string) string {
	t.Helper()
	dir := t.TempDir()
	if err := run([]string{task, "--data", "scenes:?n=40&side=16", "--side", "16", "--batch-size", "4", "--steps", "11", "--runs", "2", "--out", dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWrite: there is a batch a step, across epochs; biases and norms do not decay; disturbed weights are off by a ten-millionth at most.
func TestWrite(t *testing.T) {
	dir := tiny(t, "rotation")
	var p plan
	if err := readJSON(filepath.Join(dir, "plan.json"), &p); err != nil {
		t.Fatal(err)
	}
	r, err := recipe.New(p.Config, recipe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := eachBatch(r, func(step int, b any) error {
		f, err := checkpoint.Load(filepath.Join(dir, "batches", fmt.Sprintf("%04d.safetensors", step)))
		if err == nil && len(f.Tensors) != len(tensors(b)) {
			t.Errorf("step %d: %d tensors", step, len(f.Tensors))
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	if files, _ := os.ReadDir(filepath.Join(dir, "batches")); len(files) != 11 {
		t.Errorf("%d batches", len(files))
	}
	seen := map[string]bool{}
	for _, q := range p.Params {
		seen[q.Name] = q.Decays
	}
	if decays, there := seen["trunk.conv1.weight"]; !decays || !there || seen["trunk.bn1.weight"] {
		t.Errorf("parameters %v", p.Params)
	}
	a, err := checkpoint.Load(filepath.Join(dir, "start-0.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := checkpoint.Load(filepath.Join(dir, "start-1.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for _, x := range a.Tensors {
		for i, v := range b.Get(x.Name).Data {
			d := math.Abs(float64(v - x.Value.Data[i]))
			if d > 0 {
				moved++
			}
			if !(d <= 1.7e-7*math.Abs(float64(x.Value.Data[i]))) { // and a rounding
				t.Fatalf("%s is off by %g of %g", x.Name, d, v)
			}
		}
	}
	if moved == 0 {
		t.Error("nothing is disturbed")
	}
}

// TestReport: runs that agree pass, with the probe's scores; a curve that is another's does not, nor do weights that are worth something else.
func TestReport(t *testing.T) {
	dir := tiny(t, "rotation")
	for k := range 2 {
		c, err := readOurs(ours(dir, k), 4)
		if err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			if err := report(dir, recipe.Comparison{}, 0); err == nil || !strings.Contains(err.Error(), "curves.py") {
				t.Errorf("without PyTorch's side: %v", err)
			}
		}
		pretend(t, dir, k, &curves{Losses: map[string][]float64{"loss": c.Losses["loss"]}, Seconds: c.Seconds, Torch: "none"})
	}
	export := func(zero bool) {
		for k := range 2 {
			m, err := recipe.LoadRun(ours(dir, k))
			if err != nil {
				t.Fatal(err)
			}
			f := checkpoint.TorchFile(recipe.Named(m.Trunk))
			for i := range f.Tensors {
				if f.Tensors[i].Name = "trunk." + f.Tensors[i].Name; zero {
					f.Tensors[i].Value.Fill(0)
				}
			}
			if err := checkpoint.Save(filepath.Join(dir, fmt.Sprintf("theirs-%d.safetensors", k)), f); err != nil {
				t.Fatal(err)
			}
		}
	}
	export(false)
	on, no := recipe.Comparison{Data: "scenes:?n=60&side=16", Test: "scenes:?n=30&side=16&split=test", Protocols: []eval.Protocol{eval.KNN{}}}, recipe.Comparison{}
	if err := report(dir, on, 0); err != nil {
		t.Errorf("equal runs: %v", err)
	}
	export(true)
	if err := report(dir, on, 0); !errors.Is(err, errApart) {
		t.Errorf("weights that say nothing: %v", err)
	}
	c, err := readOurs(ours(dir, 0), 4)
	if err != nil {
		t.Fatal(err)
	}
	c.Losses["loss"][1] += 1e-3
	pretend(t, dir, 0, c)
	pretend(t, dir, 1, c)
	if err := report(dir, no, 0); !errors.Is(err, errApart) {
		t.Errorf("curves that are apart: %v", err)
	}
	c.Losses["loss"] = c.Losses["loss"][1:]
	pretend(t, dir, 1, c)
	if err := report(dir, no, 0); err == nil || !strings.Contains(err.Error(), "do not belong together") {
		t.Errorf("a step less: %v", err)
	}
}

// pretend writes losses as PyTorch's.
func pretend(t *testing.T, dir string, k int, c *curves) {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("theirs-%d.json", k)), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestUsage: what is missing is said.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"compare"}, {"jigsaw"}, {"nothing", "--data", "scenes", "--out", "x"}, {"jigsaw", "--data", "scenes", "--out", "x", "--runs", "1"}} {
		if err := run(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if err := run([]string{"compare", t.TempDir()}); err == nil || !strings.Contains(err.Error(), "--out") {
		t.Errorf("an empty folder: %v", err)
	}
}
