package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/statetest"
)

// entries returns what is in a folder, by name.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// TestFailedStart: a start that fails before its first step leaves the place as it was, whatever made it fail, and the next one
// goes through. One that made a step leaves what it did.
func TestFailedStart(t *testing.T) {
	fails := map[string]func(dir string) *Run{
		"a loss that is no number": func(dir string) *Run { return newRun(dir, config(), 1) },
		"too little memory": func(dir string) *Run {
			r := newRun(dir, config(), 0)
			r.MemoryLimit = 1 << 20
			return r
		},
		"a run whose name is a folder's": func(dir string) *Run {
			os.MkdirAll(filepath.Join(dir, "metrics.jsonl", "mine"), 0o755)
			return newRun(dir, config(), 0)
		},
	}
	for what, run := range fails {
		parent := t.TempDir()
		for _, there := range []bool{false, true} {
			dir := filepath.Join(parent, fmt.Sprint("run ", there))
			if there {
				os.Mkdir(dir, 0o755)
				os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o644)
			}
			r := run(dir)
			_, err := r.Start(context.Background(), false)
			if err == nil || strings.Contains(err.Error(), "state before this step") {
				t.Fatalf("%s: %v", what, err)
			}
			if strings.Contains(what, "folder's") {
				if got := entries(t, filepath.Join(dir, "metrics.jsonl")); fmt.Sprint(got) != "[mine]" {
					t.Errorf("%s: %v", what, got)
				}
				os.RemoveAll(filepath.Join(dir, "metrics.jsonl"))
			} else if _, err := os.Stat(dir); !there && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s leaves %v", what, entries(t, dir))
			}
			if there && fmt.Sprint(entries(t, dir)) != "[notes.txt]" {
				t.Errorf("%s leaves %v", what, entries(t, dir))
			}
			c := config()
			c.MaxSteps = 1
			start(t, newRun(dir, c, 0))
		}
	}
	late := newRun(t.TempDir(), config(), 2)
	if _, err := late.Start(context.Background(), false); err == nil {
		t.Fatal("no error")
	}
	if got := entries(t, late.Dir); len(got) != 5 { // checkpoints, events, metrics.jsonl, run.json, samples
		t.Errorf("a run that failed in its second step keeps %v", got)
	}
}

// TestLock: a run's directory has one writer; the second is told who the first is. What a process left behind that ended is taken
// over and said; of another machine's nobody here can know.
func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := config()
	c.MaxSteps = 2
	r := newRun(dir, c, 0)
	tried := 0
	r.Progress = func(Progress) {
		tried++
		for _, resume := range []bool{false, true} {
			_, err := newRun(dir, c, 0).Start(context.Background(), resume)
			var e *LockedError
			if !errors.As(err, &e) || e.PID != os.Getpid() || e.Elsewhere || !strings.Contains(err.Error(), fmt.Sprintf("%s is being written by process %d on ", dir, os.Getpid())) ||
				!strings.HasSuffix(err.Error(), "; wait for it, or choose another --out") {
				t.Errorf("a second writer: %v", err)
			}
		}
	}
	start(t, r)
	if tried != 2 {
		t.Fatalf("%d tries", tried)
	}
	if got := fmt.Sprint(entries(t, dir)); strings.Contains(got, "lock") {
		t.Errorf("a lock stays: %v", got)
	}
	host, _ := os.Hostname()
	leave := func(h string) {
		b, _ := json.Marshal(holder{Host: h, PID: 1234567})
		os.WriteFile(filepath.Join(dir, lockName), nil, 0o644)
		os.WriteFile(filepath.Join(dir, holderName), b, 0o644)
	}
	said := ""
	resumed := func() error {
		again := newRun(dir, c, 0)
		again.Warn = func(msg string) { said += msg }
		_, err := again.Start(context.Background(), true)
		return err
	}
	leave(host)
	if err := resumed(); err != nil || !strings.Contains(said, "process 1234567, which wrote "+dir) {
		t.Errorf("a lock left behind: %v, said %q", err, said)
	}
	leave("another machine")
	var e *LockedError
	if err := resumed(); !errors.As(err, &e) || !e.Elsewhere || !strings.Contains(err.Error(), "on another machine since") || !strings.HasSuffix(err.Error(), "delete "+filepath.Join(dir, holderName)) {
		t.Errorf("another machine's: %v", err)
	}
	said = ""
	os.WriteFile(filepath.Join(dir, holderName), []byte("{"), 0o644)
	if err := resumed(); err != nil || said != "" {
		t.Errorf("a text that is none: %v, said %q", err, said)
	}
}

// gapped are pictures of which some are broken, and which remember in which order they were asked for.
type gapped struct {
	data.Images
	broken []int
	mu     *sync.Mutex
	asked  *[]int
}

func (g gapped) Image(i int) (*data.Image, error) {
	g.mu.Lock()
	*g.asked = append(*g.asked, i)
	g.mu.Unlock()
	if slices.Contains(g.broken, i) {
		return nil, fmt.Errorf("picture %d is broken", i)
	}
	return g.Images.Image(i)
}

// TestStarved: a run that meets too many broken samples keeps what it learned, says how it goes on, and then ends with the weights of one
// that was allowed them from the beginning.
func TestStarved(t *testing.T) {
	var asked []int
	run := func(dir string, maxBad float64, broken ...int) *Run {
		c := config()
		c.MaxBad, c.BatchSize, c.Epochs = maxBad, 2, 2
		r := newRun(dir, c, 0)
		asked = nil
		r.Data.Inputs = data.Inputs{Images: gapped{r.Data.Images, broken, new(sync.Mutex), &asked}}
		r.Workers = 1
		return r
	}
	start(t, run("", 0))
	order := asked
	broken := []int{order[36], order[40]} // late in the first epoch, far behind what is made ahead of the first step
	whole := run("", 1, broken...)
	start(t, whole)
	dir := filepath.Join(t.TempDir(), "run")
	first := run(dir, 0.03, broken...) // one of 44
	_, err := first.Start(context.Background(), false)
	if want := fmt.Sprintf("; pretrain --resume %s with a higher --max-bad goes on from step %d", dir, first.step); !errors.Is(err, data.ErrTooManyBad) || first.step == 0 || !strings.HasSuffix(err.Error(), want) {
		t.Fatalf("%v, want %q", err, want)
	}
	again := run(dir, 1, broken...)
	if _, err := again.Start(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	statetest.Same(t, "with broken pictures", whole.Learner, again.Learner)
	early := run(filepath.Join(t.TempDir(), "run"), 0, order[0])
	if _, err := early.Start(context.Background(), false); !errors.Is(err, data.ErrTooManyBad) || strings.Contains(err.Error(), "--resume") {
		t.Errorf("before the first step: %v", err)
	}
	if _, err := os.Stat(early.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("a run without a step stays")
	}
}

// filing is a learner that keeps something for people to read.
type filing struct {
	*classifier
	fail bool
}

func (f filing) Files() map[string]func(w io.Writer) error {
	return map[string]func(w io.Writer) error{"answers.txt": func(w io.Writer) error {
		if f.fail {
			return errors.New("the pen is dry")
		}
		_, err := io.WriteString(w, "yes\nno\n")
		return err
	}}
}

// TestFiles: what a learner keeps for people is in the run's directory, and goes with a start that fails.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	run := func(spoil int, fail bool) *Run {
		r := newRun(dir, config(), spoil)
		r.Learner = filing{r.Learner.(*classifier), fail}
		return r
	}
	for what, r := range map[string]*Run{"the pen is dry": run(0, true), "step 1": run(1, false)} {
		if _, err := r.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q", err, what)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: there are %v", what, entries(t, dir))
		}
	}
	start(t, run(0, false))
	if b, err := os.ReadFile(filepath.Join(dir, "answers.txt")); err != nil || string(b) != "yes\nno\n" {
		t.Errorf("%q, %v", b, err)
	}
}
