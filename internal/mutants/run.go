package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// runner runs tests of the binary that holds all mutants.
type runner struct {
	binary, dir, seen string
	wait              time.Duration
	tests             []reaching
}

// reaching is a test, how long it takes, and the mutants that it reaches.
type reaching struct {
	name    string
	took    time.Duration
	mutants map[int]bool
}

// reach runs every test alone and without a mutant to see which it reaches.
func (r *runner) reach(all []*mutant, want *regexp.Regexp) error {
	cmd := exec.Command(r.binary, "-test.list", ".")
	cmd.Dir = r.dir
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("listing the tests: %w", err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(name, "Benchmark") && want.MatchString(name) {
			r.tests = append(r.tests, reaching{name: name, mutants: map[int]bool{}})
		}
	}
	for i := range r.tests {
		t := &r.tests[i]
		os.Remove(r.seen)
		began := time.Now()
		if out, err := r.run(context.Background(), 0, t.name); err != nil {
			return fmt.Errorf("%s fails by itself: %w\n%s", t.name, err, out)
		}
		t.took = time.Since(began)
		b, err := os.ReadFile(r.seen)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		for id := range strings.FieldsSeq(string(b)) {
			n, err := strconv.Atoi(id)
			if err != nil {
				return fmt.Errorf("%s: %w", r.seen, err)
			}
			t.mutants[n] = true
		}
	}
	if len(r.tests) == 0 {
		return fmt.Errorf("no test matches %v", want)
	}
	slices.SortStableFunc(r.tests, func(a, b reaching) int { return int(a.took - b.took) })
	log.Printf("%d mutants, %d tests, the slowest %s takes %v", len(all), len(r.tests), r.tests[len(r.tests)-1].name, r.tests[len(r.tests)-1].took.Round(time.Millisecond))
	return nil
}

// judge sets the fate of every mutant.
func (r *runner) judge(all []*mutant, jobs int) {
	began := time.Now()
	var wg sync.WaitGroup
	todo := make(chan *mutant)
	for range jobs {
		wg.Go(func() {
			for m := range todo {
				m.fate = r.fate(m.id)
			}
		})
	}
	for i, m := range all {
		todo <- m
		if i%100 == 99 {
			log.Printf("%d of %d after %v", i+1, len(all), time.Since(began).Round(time.Second))
		}
	}
	close(todo)
	wg.Wait()
}

// fate runs the tests that reach mutant id until one fails: quick ones together, then each by itself.
func (r *runner) fate(id int) fate {
	var batch []string
	var took time.Duration
	out, any := lived, false
	flush := func() bool {
		if len(batch) == 0 {
			return false
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*took+r.wait)
		defer cancel()
		_, err := r.run(ctx, id, batch...)
		batch, took = batch[:0], 0
		switch {
		case ctx.Err() != nil:
			out = late
		case err != nil:
			out = killed
		}
		return out != lived
	}
	for _, t := range r.tests {
		if !t.mutants[id] {
			continue
		}
		any = true
		if took+t.took > time.Second && flush() {
			return out
		}
		batch, took = append(batch, t.name), took+t.took
	}
	switch {
	case !any:
		return unreached
	default:
		flush()
		return out
	}
}

func (r *runner) run(ctx context.Context, id int, tests ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, r.binary, "-test.failfast", "-test.run", "^("+strings.Join(tests, "|")+")$")
	cmd.Dir, cmd.WaitDelay = r.dir, time.Second
	if id != 0 {
		cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(id))
	} else {
		cmd.Env = append(os.Environ(), "MUTANTS_SEEN="+r.seen)
	}
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	return b.Bytes(), err
}
