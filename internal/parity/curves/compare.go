package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/tessera-go/tessera/recipe"
)

// apart says how far two programs' curves of a loss are from each other, at each step.
type apart struct {
	Distance     []float64 // of run 0 of ours from that of PyTorch's, the recipe as it is
	Ours, Theirs []float64 // a program's spread: the largest distance between two of its runs, at the step or before
	unit         []float64 // of the loss, in its last place
}

// compare measures the curves of a loss: ours and theirs are [run][step]. Runs that have parted cross each other now and then, so a program's
// spread is the largest so far.
func compare(ours, theirs [][]float64) apart {
	var a apart
	x, y := 0.0, 0.0
	for i := range ours[0] {
		x, y = among(x, ours, i), among(y, theirs, i)
		a.Distance = append(a.Distance, widest(0, ours[0][i], theirs[0][i]))
		a.Ours, a.Theirs, a.unit = append(a.Ours, x), append(a.Theirs, y), append(a.unit, unit(theirs[0][i]))
	}
	return a
}

// floor is how many units in the last place a loss may be off from the first step on: a mean over many samples, added up in another order.
const floor = 4

// ratio returns the distance over the sum of both programs' spreads: the largest of all steps, at which it is, and the median. Two programs that
// compute the same but for rounding stay below 1, or hardly above: if one run of ours is where one of theirs is, any two are at most as far apart
// as the two bundles are wide.
func (a apart) ratio() (worst float64, at int, median float64) {
	return a.over(func(i int) float64 { return a.Ours[i] + a.Theirs[i] })
}

// strict is the largest distance over the wider of the two spreads.
func (a apart) strict() float64 {
	worst, _, _ := a.over(func(i int) float64 { return max(a.Ours[i], a.Theirs[i]) })
	return worst
}

func (a apart) over(spread func(i int) float64) (worst float64, at int, median float64) {
	all := make([]float64, len(a.Distance))
	for i, d := range a.Distance {
		s := spread(i)
		if all[i] = d / max(s, floor*a.unit[i]); math.IsInf(s, 1) { // a run that is no number bounds nothing
			all[i] = s
		}
		if all[i] > worst {
			worst, at = all[i], i
		}
	}
	slices.Sort(all)
	return worst, at, all[len(all)/2]
}

// pairs takes two runs at a time out of all of both programs and returns by how much they are further apart than the runs that are left, at worst:
// the median over pairs of one program, and over those of both. Where rounding alone parts the programs the two are alike. There is a pair of both
// and a run left only from three runs of each on; otherwise it returns zeros.
func pairs(ours, theirs [][]float64) (one, both float64) {
	all := append(slices.Clone(ours), theirs...)
	if len(ours) < 3 || len(theirs) < 3 {
		return 0, 0
	}
	var ones, boths []float64
	for i := range all {
		for j := range i {
			var rest [][]float64
			for k, run := range all {
				if k != i && k != j {
					rest = append(rest, run)
				}
			}
			spread, worst := 0.0, 0.0
			for step := range all[0] {
				spread = among(spread, rest, step)
				worst = max(worst, widest(0, all[i][step], all[j][step])/max(spread, floor*unit(rest[0][step])))
			}
			if (i < len(ours)) == (j < len(ours)) {
				ones = append(ones, worst)
			} else {
				boths = append(boths, worst)
			}
		}
	}
	slices.Sort(ones)
	slices.Sort(boths)
	return ones[len(ones)/2], boths[len(boths)/2]
}

// together returns for how many steps a distance stays below a hundred thousandth of the loss in its first step.
func together(distance []float64, loss float64) int {
	if i := slices.IndexFunc(distance, func(d float64) bool { return !(d <= 1e-5*math.Abs(loss)) }); i >= 0 {
		return i
	}
	return len(distance)
}

// among widens a spread by the distances between runs at a step.
func among(spread float64, runs [][]float64, i int) float64 {
	for k := range runs {
		for j := range k {
			spread = widest(spread, runs[k][i], runs[j][i])
		}
	}
	return spread
}

// widest is max(distance, |x - y|), and infinite where one is no number.
func widest(distance, x, y float64) float64 {
	if d := math.Abs(x - y); d <= math.MaxFloat64 {
		return max(distance, d)
	}
	return math.Inf(1)
}

// unit is float32's unit in the last place of v.
func unit(v float64) float64 {
	x := float32(math.Abs(v))
	return float64(math.Nextafter32(x, math.MaxFloat32) - x)
}

// both are the runs of the two programs.
type both struct {
	plan         plan
	ours, theirs []*curves
	double       *curves // PyTorch's in float64 from the weights of run 0, nil where there is none
}

func load(dir string) (*both, error) {
	b := &both{}
	if err := readJSON(filepath.Join(dir, "plan.json"), &b.plan); err != nil {
		return nil, fmt.Errorf("%w; go run ./internal/parity/curves TASK --out %s writes it", err, dir)
	}
	for k := range b.plan.Runs {
		c, err := readOurs(ours(dir, k), b.plan.Config.BatchSize)
		if err != nil {
			return nil, err
		}
		t := &curves{}
		if err := readJSON(filepath.Join(dir, fmt.Sprintf("theirs-%d.json", k)), t); err != nil {
			return nil, fmt.Errorf("%w; python3 internal/parity/curves.py %s writes it", err, dir)
		}
		b.ours, b.theirs = append(b.ours, c), append(b.theirs, t)
	}
	double := &curves{}
	if err := readJSON(filepath.Join(dir, "theirs-double.json"), double); err == nil {
		b.double = double
	}
	return b, b.check()
}

// check refuses runs that are not of one recipe.
func (b *both) check() error {
	for k := range b.ours {
		for name, theirs := range b.theirs[k].Losses {
			if n := len(b.ours[k].Losses[name]); n != len(theirs) || n != b.plan.Steps {
				return fmt.Errorf("run %d has %d steps of %s, PyTorch's %d, the plan %d: they do not belong together", k, n, name, len(theirs), b.plan.Steps)
			}
		}
	}
	return nil
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// of returns a loss of all runs.
func of(runs []*curves, name string) [][]float64 {
	var out [][]float64
	for _, r := range runs {
		out = append(out, r.Losses[name])
	}
	return out
}

// report prints how far the programs are apart, and, where there is data to judge them on, what the features of the first runs of both are
// worth, of all runs if judged is 0.
func report(dir string, on recipe.Comparison, judged int) error {
	b, err := load(dir)
	if err != nil {
		return err
	}
	c, torch := b.plan.Config, b.theirs[0]
	fmt.Printf("%s, %s, seed %d, %d steps of %d, %d runs; ours on %d threads, PyTorch %s on %d\n\n", c.Task, c.Trunk, c.Seed, b.plan.Steps, c.BatchSize, b.plan.Runs,
		b.ours[0].Threads, torch.Torch, torch.Threads)
	failed := false
	last := b.plan.Steps - 1
	fmt.Println("| loss | ours, first and last | PyTorch's | together | ours among themselves | PyTorch's | spread at the end, ours | PyTorch's | ratio, worst | at step | median | of the wider spread | pairs of one | of both | |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|")
	for _, name := range slices.Sorted(maps.Keys(b.theirs[0].Losses)) {
		x, y := of(b.ours, name), of(b.theirs, name)
		a := compare(x, y)
		worst, at, median := a.ratio()
		verdict := "within"
		if !(worst <= 1) {
			verdict, failed = "APART", true
		}
		first := y[0][0]
		one, two := pairs(x, y)
		fmt.Printf("| %s | %.4f %.4f | %.4f %.4f | %d | %d | %d | %.1e | %.1e | %.2f | %d | %.2f | %.2f | %.2f | %.2f | %s |\n", name, x[0][0], x[0][last], y[0][0], y[0][last],
			together(a.Distance, first), together(a.Ours, first), together(a.Theirs, first), a.Ours[last], a.Theirs[last], worst, at+1, median, a.strict(), one, two, verdict)
	}
	if b.double != nil {
		for _, name := range slices.Sorted(maps.Keys(b.theirs[0].Losses)) {
			b.fromDouble(name)
		}
	}
	fmt.Printf("\nA step: ours %s, PyTorch's %s (median, and the fastest of all runs; ours waits for views, PyTorch's are made before).\n", pace(b.ours), pace(b.theirs))
	if on.Data != "" {
		if judged > 0 {
			b.plan.Runs = min(b.plan.Runs, judged)
		}
		far, err := judge(dir, b.plan, on)
		if err != nil {
			return err
		}
		failed = failed || far
	}
	if failed {
		return errApart
	}
	return nil
}

// fromDouble prints how far both programs' run 0 is from float64, as parts of the farthest that PyTorch's runs get.
func (b *both) fromDouble(name string) {
	truth := b.double.Losses[name]
	ours, theirs, spread := 0.0, 0.0, 0.0
	for i, v := range truth {
		for _, t := range b.theirs {
			spread = max(spread, math.Abs(t.Losses[name][i]-v))
		}
		s := max(spread, floor*unit(v))
		ours, theirs = max(ours, math.Abs(b.ours[0].Losses[name][i]-v)/s), max(theirs, math.Abs(b.theirs[0].Losses[name][i]-v)/s)
	}
	fmt.Printf("\nRun 0 of %s from float64, over the farthest that a run of PyTorch's float32 gets (%.1e at the end): ours %.2f, PyTorch's %.2f at most.\n", name, spread, ours, theirs)
}

// pace is the median and the least of the milliseconds that steps took.
func pace(runs []*curves) string {
	var all []float64
	for _, r := range runs {
		all = append(all, r.Seconds[min(3, len(r.Seconds)-1):]...) // the first ones make room
	}
	slices.Sort(all)
	return fmt.Sprintf("%.1f ms (%.1f)", 1000*all[len(all)/2], 1000*all[0])
}
