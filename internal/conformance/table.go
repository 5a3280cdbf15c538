package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/train"
)

// conforming is how a task is tried: its own defaults on little data.
func (tb Table) conforming(t *testing.T, task string, steps int) train.Config {
	t.Helper()
	if exact := pretext.Tell(task).Exact; exact != "" {
		if !strings.Contains(task, "?") {
			task += "?" + exact
		} else {
			task += "&" + exact
		}
	}
	c, err := recipe.For(task)
	if err != nil {
		t.Fatal(err)
	}
	m := materialOf(t, task)
	if about := pretext.Tell(task); about.Uses("trunk") {
		c.Trunk, c.Side = cmp.Or(tb.Trunk, "convnet"), m.side
		if !about.Takes(c.Trunk) {
			c.Trunk = "vit-tiny?patch=4&width=64&depth=3&heads=4&init=mae"
		}
		recipe.Suit(&c, func(string) bool { return false })
	}
	if m.sound != "" {
		c.Sound = m.sound
	}
	c.Data, c.BatchSize, c.Epochs, c.MaxSteps, c.WarmupSteps = m.many, m.batch, 1000, steps, 0
	c.MonitorEvery, c.LogEvery, c.Seed = -1, 1, 3
	return c
}

// small is a shorter and narrower run, for what is repeated often.
func (tb Table) small(t *testing.T, task string) train.Config {
	c := tb.conforming(t, task, 5)
	m := materialOf(t, task)
	c.Data, c.BatchSize, c.CheckpointEvery = m.few, m.half, 2 // two steps an epoch
	return c
}

func trained(t *testing.T, c train.Config, dir string, o recipe.Options) *recipe.Recipe {
	t.Helper()
	r, err := recipe.New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Train(context.Background(), dir, false); err != nil {
		t.Fatalf("%s: %v", c.Task, err)
	}
	return r
}

// variants are tasks whose options change how they are fed and updated, not only what they show: the table tries them beside the tasks as
// they are, but for whether they learn.
var variants = []string{
	"multi?tasks=context-encoder,byol,rotation&schedule=together&cosine=2&context-encoder.width=8&byol.hidden=32&byol.out=8",
	"multi?tasks=simmim,rotation&schedule=together&simmim.block=4",
	"multi?tasks=jigsaw,rotation,context-encoder&schedule=weighted&weights=4,2,2&harmonise=yes&cosine=1&jigsaw.hidden=32&context-encoder.width=8",
	"video-inpaint?hide=block&residual=yes&frames=4&width=8",
	"word2vec?model=skipgram&loss=tree&min-count=1",
	"word2vec?loss=full&subwords=3-4&buckets=50&dim=40",
	"multi?tasks=relative-position,byol&schedule=gradnorm&weights=2,1&cosine=0&relative-position.hidden=32&byol.hidden=32&byol.out=8",
	"track?method=colour&colours=6",
	"track?method=triplet",
	"audio-contrastive?similarity=bilinear&embed=32&shift=0.2&speed=0.1&noise=20&mix=5",
	"audio-masked?bands=0&frames=5&normalise=yes&mask=0.5&width=8",
	"audio-order?windows=2&gap=0&gain=0&embed=16&hidden=16",
	"audio-visual?fusion=concat&embed=32&aligned=no",
	"audio-visual?fusion=location&embed=32&negatives=1&ear=resnet20",
	"av-sync?loss=bce&easy=0.75&curriculum=0.5&frames=2&embed=32",
	"av-contrastive?memory=6&within=1&embed=32",
}

// Table tries tasks that learn from some kinds of samples, as pretext.About.Of has them: a room of tests each, since Go gives each ten minutes.
type Table struct {
	Of    []string
	Part  int      // 1 and 2 are the halves of the alphabet, tasks up to l and from m on; 0 is both
	Tasks []string // these alone; nil for all, and variants
	Trunk string   // empty means convnet
}

// names returns the tasks among some, which may have options.
func (tb Table) names(of ...string) []string {
	if tb.Tasks != nil {
		of = slices.Clone(tb.Tasks)
	}
	return slices.DeleteFunc(of, func(task string) bool {
		half := 1
		if task >= "m" {
			half = 2
		}
		return !slices.Contains(tb.Of, pretext.Tell(task).Of) || tb.Part != 0 && tb.Part != half
	})
}

// tests are what every task is tried by.
var tests = []struct {
	name string
	try  func(tb Table, t *testing.T)
}{
	{"Learns", Table.learns},
	{"Threads", Table.threads},
	{"Resume", Table.resume},
	{"MemoryLimit", Table.memoryLimit},
	{"Accumulates", Table.accumulates},
	{"Monitor", Table.monitor},
	{"Broken", Table.broken},
	{"BatchOfOne", Table.batchOfOne},
	{"State", Table.state},
	{"Loads", Table.loads},
	{"RefusesOtherData", Table.refusesOtherData},
}

// Try tries the tasks by every test but those that are named.
func (tb Table) Try(t *testing.T, but ...string) {
	t.Helper()
	unknown := slices.Clone(but)
	for _, test := range tests {
		unknown = slices.DeleteFunc(unknown, func(name string) bool { return name == test.name })
	}
	if len(unknown) > 0 {
		t.Fatalf("there are no tests %q to leave out", unknown)
	}
	for _, test := range tests {
		if !slices.Contains(but, test.name) {
			t.Run(test.name, func(t *testing.T) { test.try(tb, t) })
		}
	}
}

// each tries the tasks and their variants side by side; alone one after the other, where the whole process is set otherwise for each.
func (tb Table) each(t *testing.T, f func(t *testing.T, task string)) {
	forTasks(t, tb.names(append(pretext.Names(), variants...)...), func(t *testing.T, task string) {
		t.Parallel()
		f(t, task)
	})
}

func (tb Table) alone(t *testing.T, f func(t *testing.T, task string)) {
	forTasks(t, tb.names(append(pretext.Names(), variants...)...), f)
}

func forTasks(t *testing.T, names []string, f func(t *testing.T, task string)) {
	if len(names) == 0 {
		t.Fatal("there are no tasks")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { f(t, name) })
	}
}

// learns: within seconds on scenes the headline metric, on samples that were not trained on, is better than the trivial
// predictor's, and better than before training.
func (tb Table) learns(t *testing.T) {
	forTasks(t, tb.names(append(pretext.Names(), "track?method=colour", "track?method=triplet")...), func(t *testing.T, task string) {
		t.Parallel()
		c := tb.conforming(t, task, materialOf(t, task).steps)
		var last map[string]float64 // what training told
		r, err := recipe.New(c, recipe.Options{Progress: func(p train.Progress) { last = p.Values }})
		if err != nil {
			t.Fatal(err)
		}
		held := opened(t, materialOf(t, task).held)
		look := func(at int) map[string]float64 {
			feed, err := r.Learner.Feed(held.Inputs, false, data.LoaderOptions{BatchSize: 32, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			v, err := train.Look(feed, c.Mode(), 1, at, c.MaxSteps)
			if err != nil {
				t.Fatal(err)
			}
			if l, ok := r.Learner.(train.Looker); ok {
				maps.Copy(v, l.Look())
			}
			return v
		}
		before := look(0)
		if _, err := r.Train(context.Background(), "", false); err != nil {
			t.Fatal(err)
		}
		after := look(c.MaxSteps)
		m, ok := headline(r.Learner.Metrics())
		if !ok {
			t.Fatalf("no metric of %s has a trivial predictor", task)
		}
		if about := pretext.Tell(task); about.Line == "" || about.Of == "" || about.Hidden == "" || m.Predictor != strings.SplitN(about.Trivial, ":", 2)[0] {
			t.Errorf("%s says of itself %+v; its headline stands beside %s", task, about, m.Predictor)
		}
		trivial, ok := m.Against(after)
		if !ok {
			t.Fatalf("%s is compared with %q, which was not measured: %v", m.Name, m.Versus, after)
		}
		t.Logf("%s: %s %s -> %s, %s %s", task, m.Name, m.Format(before[m.Name]), m.Format(after[m.Name]), m.Predictor, m.Format(trivial))
		if !m.Better(after[m.Name], trivial) || !m.Better(after[m.Name], before[m.Name]) {
			t.Errorf("%s learns nothing: %s was %s, is %s; %s reaches %s", task, m.Name, m.Format(before[m.Name]), m.Format(after[m.Name]), m.Predictor, m.Format(trivial))
		}
		for _, m := range r.Learner.Metrics() {
			v, told := after[m.Name]
			if m.OnlyTrained && told {
				t.Errorf("%s tells %s of samples that are not trained on", task, m.Name)
			} else if m.OnlyTrained {
				v, told = last[m.Name]
			}
			if !told || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s declares %s and tells %v", task, m.Name, v)
			}
		}
	})
}

// headline is the first metric that has a trivial predictor. It is told of samples that are not trained on, too.
func headline(ms []metric.Metric) (metric.Metric, bool) {
	for _, m := range ms {
		if m.Predictor != "" && !m.OnlyTrained {
			return m, true
		}
	}
	return metric.Metric{}, false
}

// threads: the same bits with any number of threads.
func (tb Table) threads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	tb.alone(t, func(t *testing.T, task string) {
		var first *recipe.Recipe
		for _, n := range []int{1, 2, 3, 5, 8} {
			parallel.SetWorkers(n)
			r := trained(t, tb.small(t, task), "", recipe.Options{})
			if first == nil {
				first = r
			}
			statetest.Same(t, fmt.Sprintf("%d threads", n), r.Learner, first.Learner)
		}
	})
}

// resume: stopped at any step and resumed, with the state of every kind, to the same bits; and a learner that is made anew from
// the last checkpoint is the one that was saved.
func (tb Table) resume(t *testing.T) {
	tb.each(t, func(t *testing.T, task string) {
		c := tb.small(t, task)
		whole := trained(t, c, t.TempDir(), recipe.Options{})
		for stopAt := 1; stopAt < c.MaxSteps; stopAt++ {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			r, err := recipe.New(c, recipe.Options{Progress: func(p train.Progress) {
				if p.Step == stopAt {
					cancel()
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Train(ctx, dir, false); !errors.Is(err, train.ErrInterrupted) {
				t.Fatalf("stopped at %d: %v", stopAt, err)
			}
			if stopAt == 3 { // killed: the checkpoint of the interruption was never written
				all, _ := train.Checkpoints(dir)
				os.Remove(all[len(all)-1])
			}
			again, err := recipe.New(c, recipe.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := again.Train(context.Background(), dir, true); err != nil {
				t.Fatalf("resumed from %d: %v", stopAt, err)
			}
			statetest.Same(t, fmt.Sprintf("stopped at %d and resumed", stopAt), again.Learner, whole.Learner)
		}
	})
}

// memoryLimit: a memory limit, ample or so tight that values are computed twice, does not change a bit, and measuring has
// no side effects.
func (tb Table) memoryLimit(t *testing.T) {
	tb.alone(t, func(t *testing.T, task string) {
		plain := trained(t, tb.small(t, task), "", recipe.Options{})
		statetest.Same(t, "an ample limit", trained(t, tb.small(t, task), "", recipe.Options{MemoryLimit: 64 << 30}).Learner, plain.Learner)
		for _, level := range []autograd.Recompute{autograd.RecomputeNorms, autograd.RecomputeBlocks} {
			again := trained(t, tb.small(t, task), "", recipe.Options{Recompute: level})
			statetest.Same(t, "computed twice: "+level.String(), again.Learner, plain.Learner)
			laid := trained(t, tb.small(t, task), "", recipe.Options{Recompute: level, MemoryLimit: 64 << 30})
			statetest.Same(t, "laid out and computed twice: "+level.String(), laid.Learner, plain.Learner)
		}
	})
}

// accumulates: accumulated updates are made, on the same bits for any number of threads and across a resume.
func (tb Table) accumulates(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	tb.alone(t, func(t *testing.T, task string) {
		c := tb.small(t, task)
		c.Accumulate, c.BatchSize, c.MaxSteps, c.CheckpointEvery = 2, 5, 3, 1
		if !pretext.Tell(task).Uses("accumulate") {
			if _, err := recipe.New(c, recipe.Options{}); err == nil || !strings.Contains(err.Error(), "--accumulate 2") {
				t.Errorf("what cannot be accumulated is: %v", err)
			}
			return
		}
		parallel.SetWorkers(1)
		one := trained(t, c, "", recipe.Options{})
		parallel.SetWorkers(3)
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r, err := recipe.New(c, recipe.Options{Progress: func(train.Progress) { cancel() }})
		if err != nil {
			t.Fatal(err)
		}
		r.Train(ctx, dir, false)
		again, err := recipe.New(c, recipe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Train(context.Background(), dir, true); err != nil {
			t.Fatal(err)
		}
		statetest.Same(t, "accumulated, resumed with three threads", again.Learner, one.Learner)
	})
}

// monitor: watched and drawn or not, a run ends with the same bits; the monitor sees every metric, and the picture shows
// something.
func (tb Table) monitor(t *testing.T) {
	tb.each(t, func(t *testing.T, task string) {
		c := tb.small(t, task)
		plain := trained(t, c, "", recipe.Options{})
		c.MonitorEvery, c.Test = 1, materialOf(t, task).test
		c.Norm = plain.Config.Norm
		var seen map[string]float64
		dir := t.TempDir()
		watched := trained(t, c, dir, recipe.Options{Progress: func(p train.Progress) { seen = p.Seen }, Say: func(s string) {
			if !strings.Contains(s, "collapse") && !strings.Contains(s, "first step") && !strings.Contains(s, ".txt: 1 file") && !strings.Contains(s, "different words") &&
				!strings.Contains(s, "prototypes are more than the") {
				t.Errorf("said %q", s)
			}
		}})
		statetest.Same(t, "watched", watched.Learner, plain.Learner)
		for _, m := range watched.Learner.Metrics() {
			v, ok := seen["held_"+m.Name]
			if _, looks := watched.Learner.(train.Looker); looks && !ok {
				v, ok = seen[m.Name]
			}
			if ok == m.OnlyTrained || math.IsNaN(v) {
				t.Errorf("the monitor sees %s: %v, want %v: %v", m.Name, ok, !m.OnlyTrained, seen)
			}
		}
		for _, k := range []string{"feature_std", "effective_rank", "knn"} {
			if _, ok := seen[k]; !ok && pretext.Tell(task).Uses("trunk") {
				t.Errorf("the monitor does not see %s: %v", k, seen)
			}
		}
		pictures, _ := filepath.Glob(filepath.Join(dir, "samples", "*.png"))
		if len(pictures) == 0 {
			t.Fatal("nothing was drawn")
		}
		f, err := os.Open(pictures[len(pictures)-1])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		im, _, err := image.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		colours := map[string]bool{}
		b := im.Bounds()
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				r, g, b, _ := im.At(x, y).RGBA()
				colours[fmt.Sprint(r, g, b)] = true
			}
		}
		if want := materialOf(t, task).colours; b.Dx() < 64 || b.Dy() < 32 || b.Dx() > 4096 || len(colours) < want {
			t.Errorf("the picture is %dx%d with %d colours", b.Dx(), b.Dy(), len(colours))
		}
	})
}

// broken: a broken sample is survived, and every batch is full.
func (tb Table) broken(t *testing.T) {
	broken := map[string]string{"pictures": brokenPictures(t), "films": brokenFilms(t), "sounds": brokenSounds(t), "films with sound": brokenAV(t)}
	tb.each(t, func(t *testing.T, task string) {
		c := tb.small(t, task)
		if !pretext.Tell(task).Uses("max_bad") {
			t.Skip("what is broken ends the run: see TestBrokenText")
		}
		c.Data, c.MaxBad, c.MaxSteps = broken[pretext.Tell(task).Of], 0.2, 6
		named := 0
		r := trained(t, c, "", recipe.Options{Say: func(s string) {
			if strings.Contains(s, "00005.") {
				named++
			}
		}})
		if named != 1 {
			t.Errorf("the broken sample was named %d times", named)
		}
		for _, p := range layers.State(r.Learner) {
			for _, v := range p.Value.Data {
				if math.IsNaN(float64(v)) {
					t.Fatalf("%s is no number", p.Name)
				}
			}
		}
	})
}

// batchOfOne: a task learns from batches of one sample, or says in a sentence that it does not.
func (tb Table) batchOfOne(t *testing.T) {
	tb.each(t, func(t *testing.T, task string) {
		c := tb.small(t, task)
		if pretext.Tell(task).Of == "texts" {
			t.Skip("batches are of words")
		}
		c.BatchSize, c.MaxSteps = 1, 8 // so that each of several tasks has its turn
		r, err := recipe.New(c, recipe.Options{})
		if err == nil {
			_, err = r.Train(context.Background(), "", false)
		}
		if err != nil && !strings.Contains(err.Error(), "learns from batches of 2 and more: ") && !strings.Contains(err.Error(), "does not learn from batches of 1: autograd.BatchNorm in ") {
			t.Error(err)
		}
	})
}

// state: every trained tensor moves; what a checkpoint holds is the whole state under names of its own; the trunk's weights are
// where an evaluation looks for them.
func (tb Table) state(t *testing.T) {
	tb.each(t, func(t *testing.T, task string) {
		c := tb.small(t, task)
		c.MaxSteps = 8
		fresh, err := recipe.New(c, recipe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		r := trained(t, c, dir, recipe.Options{})
		before := layers.State(fresh.Learner)
		names := map[string]bool{}
		for i, p := range layers.State(r.Learner) {
			if names[p.Name] {
				t.Errorf("two tensors are called %s", p.Name)
			}
			names[p.Name] = true
			moved := false
			for j, v := range p.Value.Data {
				moved = moved || v != before[i].Value.Data[j]
			}
			if p.Kind.Trained() && !moved {
				t.Errorf("%s does not learn", p.Name)
			}
		}
		all, _ := train.Checkpoints(dir)
		f, err := checkpoint.Load(all[len(all)-1])
		if err != nil {
			t.Fatal(err)
		}
		for name := range names {
			if f.Get("model."+name) == nil {
				t.Errorf("the checkpoint lacks %s", name)
			}
		}
		m, err := recipe.LoadRun(dir)
		if r.Trunk == nil {
			if err == nil || !strings.Contains(err.Error(), "no network") {
				t.Errorf("a run without a trunk has one: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		a, b := layers.State(m.Trunk), layers.State(r.Trunk)
		for i := range a {
			for j, v := range a[i].Value.Data {
				if v != b[i].Value.Data[j] {
					t.Fatalf("the run's trunk is loaded with another %s", a[i].Name)
				}
			}
		}
	})
}

// loads: a run that is loaded, without the data that it was trained on, is the learner that was trained: the same state, and the same
// answers to pictures of another size.
func (tb Table) loads(t *testing.T) {
	tb.each(t, func(t *testing.T, task string) {
		dir := t.TempDir()
		r := trained(t, tb.small(t, task), dir, recipe.Options{})
		_, l, err := recipe.LoadLearner(dir)
		if err != nil {
			t.Fatal(err)
		}
		statetest.Same(t, "loaded", r.Learner, l)
		other := opened(t, materialOf(t, task).other)
		var told []map[string]float64
		for _, l := range []train.Learner{r.Learner, l} {
			feed, err := l.Feed(other.Inputs, false, data.LoaderOptions{BatchSize: 8, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			v, err := train.Look(feed, r.Config.Mode(), 1, 5, 5)
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, v)
		}
		if len(told[0]) == 0 || !maps.Equal(told[0], told[1]) {
			t.Errorf("the loaded learner says %v, the trained one %v", told[1], told[0])
		}
	})
}

// refusesOtherData: what a task cannot learn from is said in a sentence.
func (tb Table) refusesOtherData(t *testing.T) {
	tb.each(t, func(t *testing.T, task string) {
		r, err := recipe.New(tb.small(t, task), recipe.Options{})
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(task, "?")
		if _, err := r.Learner.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("data with nothing in it: %v", err)
		}
	})
}
