// Mutants asks what a room's tests notice: it compiles every mutant of the room into one test binary, in a copy of the module, and
// runs for each the tests that reach it, the quick ones first.
//
//	go run ./internal/mutants ./ROOM
//
// The operators are those that gremlins uses by default: + - * / % exchanged, < <= > >= moved by one and turned round, == and != turned
// round, -x for x, ++ for --. Gremlins builds a test binary for each; this builds one. What generic code and constants do is left out, and
// said.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	files := flag.String("files", "*.go", "`pattern` of the files that are changed")
	run := flag.String("run", ".", "`regexp` of the tests that run")
	jobs := flag.Int("jobs", runtime.NumCPU(), "mutants at once")
	count := flag.Bool("count", false, "say how many mutants there are, and run none")
	wait := flag.Duration("wait", 10*time.Second, "a test that takes ten times its time and this is given up")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: mutants [flags] ./ROOM")
	}
	tests, err := regexp.Compile(*run)
	if err != nil {
		log.Fatal(err)
	}
	if *count {
		*jobs = 0
	}
	if err := judge(os.Stdout, filepath.Clean(flag.Arg(0)), *files, tests, *jobs, *wait); err != nil {
		log.Fatal(err)
	}
}

// judge writes what becomes of the room's mutants; with no jobs, how many they are.
func judge(out io.Writer, room, files string, tests *regexp.Regexp, jobs int, wait time.Duration) error {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, err := build(dir, room, files)
	if err != nil {
		return err
	}
	if jobs == 0 {
		fmt.Fprintf(out, "%d mutants\n", len(all))
		return nil
	}
	r := &runner{binary: filepath.Join(dir, "room.test"), dir: filepath.Join(dir, "module", room), seen: filepath.Join(dir, "seen"), wait: wait}
	if err := r.reach(all, tests); err != nil {
		return err
	}
	r.judge(all, jobs)
	table(out, all)
	return nil
}

// build copies the module to dir/module, puts all mutants into the room's files, and compiles its tests to dir/room.test.
func build(dir, room, files string) ([]*mutant, error) {
	module := filepath.Join(dir, "module")
	if err := copyModule(module); err != nil {
		return nil, err
	}
	all, err := mutate(module, room, files)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "room.test"), "./"+filepath.ToSlash(room))
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "room.test")); err != nil {
		return nil, fmt.Errorf("%s has no tests, so nothing notices its %d mutants", room, len(all))
	}
	return all, nil
}

// copyModule copies the module of the working directory to dir, and what stands beside it is linked, for tests that look there.
func copyModule(dir string) error {
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("run this in the module's root: %w", err)
	}
	if shared, err := filepath.Abs("../shared"); err == nil {
		if _, err := os.Stat(shared); err == nil {
			if err := os.Symlink(shared, filepath.Join(filepath.Dir(dir), "shared")); err != nil {
				return err
			}
		}
	}
	list, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		b, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, not committed
		} else if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// table prints those that lived and how many of each file's were killed.
func table(out io.Writer, all []*mutant) {
	type row struct{ killed, late, lived, unreached int }
	rows := map[string]*row{}
	var names []string
	for _, m := range all {
		if rows[m.file] == nil {
			rows[m.file] = &row{}
			names = append(names, m.file)
		}
		r := rows[m.file]
		switch m.fate {
		case killed:
			r.killed++
		case late:
			r.late++
		case unreached:
			r.unreached++
		default:
			r.lived++
		}
		if m.fate != killed {
			fmt.Fprintf(out, "%-11s %s:%d:%d  %s\n", m.fate, m.file, m.line, m.column, m.change)
		}
	}
	fmt.Fprintf(out, "\n| file | mutants | killed | in a time limit | lived | not reached |\n|---|---:|---:|---:|---:|---:|\n")
	var sum row
	for _, n := range append(names, "all") {
		r := rows[n]
		if r == nil {
			r = &sum
		}
		fmt.Fprintf(out, "| `%s` | %d | %d | %d | %d | %d |\n", n, r.killed+r.late+r.lived+r.unreached, r.killed, r.late, r.lived, r.unreached)
		sum.killed, sum.late, sum.lived, sum.unreached = sum.killed+r.killed, sum.late+r.late, sum.lived+r.lived, sum.unreached+r.unreached
	}
}
