//go:build mpi

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// launchers are the programs by which distributions tell the two kinds of MPI apart, with what lets them start more ranks than there are cores.
var launchers = map[string][]string{"mpirun.openmpi": {"--oversubscribe"}, "mpirun.mpich": nil}

// eachMPI runs f for each kind of MPI that is installed.
func eachMPI(t *testing.T, f func(t *testing.T, start func(ranks ...[]string) *exec.Cmd)) {
	for name, options := range launchers {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("SKIPPED: %v; apt-get install openmpi-bin mpich", err)
			}
			f(t, func(ranks ...[]string) *exec.Cmd {
				args := append([]string(nil), options...)
				for i, of := range ranks { // of: how many, and the launcher's options, then the command
					if i > 0 {
						args = append(args, ":")
					}
					args = append(append(args, "-n"), strings.Fields(of[0])...)
					args = append(append(args, os.Args[0]), of[1:]...)
				}
				ctx, stop := context.WithTimeout(context.Background(), 4*time.Minute)
				t.Cleanup(stop)
				c := exec.CommandContext(ctx, name, args...)
				c.Env = append(os.Environ(), "TESSERA_TEST_MAIN=1", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
				return c
			})
		})
	}
}

// training is the command line of a short run of four shards.
func training(out string, more ...string) []string {
	return append([]string{"pretrain", "rotation", "--data", "scenes:?n=80&side=16", "--side", "16", "--batch-size", "8", "--shards", "4", "--monitor-every", "-1",
		"--checkpoint-every", "3", "--out", out}, more...)
}

// lastCheckpoint returns the bytes of a run's checkpoint of a step.
func lastCheckpoint(t *testing.T, dir string, step int) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "checkpoints", fmt.Sprintf("step-%08d.safetensors", step)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustRun(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
}

// TestMPIEndsAlike: ranks of either MPI end with the bytes of one process; each tells once.
func TestMPIEndsAlike(t *testing.T) {
	dir := t.TempDir()
	one := filepath.Join(dir, "one")
	mustRun(t, command(training(one, "--max-steps", "6")...))
	eachMPI(t, func(t *testing.T, start func(ranks ...[]string) *exec.Cmd) {
		for _, n := range []string{"2", "4"} {
			out := filepath.Join(t.TempDir(), "run")
			c := start(append([]string{n}, training(out, "--max-steps", "6")...))
			said, err := c.CombinedOutput()
			if err != nil || strings.Count(string(said), "6 steps in") != 1 || strings.Count(string(said), n+" ranks on 1 machine, each with 1 thread") != 1 {
				t.Fatalf("%s ranks: %v\n%s", n, err, said)
			}
			if !bytes.Equal(lastCheckpoint(t, out, 6), lastCheckpoint(t, one, 6)) {
				t.Errorf("%s ranks end with other bytes than one process", n)
			}
		}
	})
}

// TestMPIToldToEnd: USR1 to mpirun ends all ranks after the same step, with a checkpoint, a sentence from one of them, and 130; it goes on to the same bytes.
func TestMPIToldToEnd(t *testing.T) {
	one := filepath.Join(t.TempDir(), "one")
	mustRun(t, command(training(one, "--epochs", "20", "--max-steps", "150")...))
	eachMPI(t, func(t *testing.T, start func(ranks ...[]string) *exec.Cmd) {
		out := filepath.Join(t.TempDir(), "run")
		c := start(append([]string{"2"}, training(out, "--epochs", "20", "--max-steps", "150")...))
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool { return exists(filepath.Join(out, "checkpoints", "step-00000006.safetensors")) })
		c.Process.Signal(syscall.SIGUSR1)
		c.Wait()
		forgets := strings.HasSuffix(t.Name(), "mpich") // MPICH's launcher, now and then, the code of its ranks
		if code := c.ProcessState.ExitCode(); code != exitInterrupted && !forgets || strings.Count(said.String(), "a checkpoint was written; pretrain --resume "+out+" goes on from step") != 1 {
			t.Fatalf("exit %d\n%s", code, said.String())
		}
		mustRun(t, start([]string{"4", "pretrain", "--resume", out}))
		if !bytes.Equal(lastCheckpoint(t, out, 150), lastCheckpoint(t, one, 150)) {
			t.Error("what went on ends with other bytes")
		}
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// waitFor waits until something is so, for two minutes at most.
func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("in vain")
		}
	}
}

// TestMPIRankDies: where a rank is killed at some moment all end soon, and not with 0, and it is said where the rank was; the last checkpoint goes on, on another number
// of ranks, to the same bytes.
func TestMPIRankDies(t *testing.T) {
	one := filepath.Join(t.TempDir(), "one")
	mustRun(t, command(training(one, "--epochs", "6")...))
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	eachMPI(t, func(t *testing.T, start func(ranks ...[]string) *exec.Cmd) {
		out := filepath.Join(t.TempDir(), "run")
		c := start(append([]string{"4"}, training(out, "--epochs", "6")...))
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool { return exists(filepath.Join(out, "checkpoints", "step-00000006.safetensors")) })
		victims := descendants(t, c.Process.Pid)
		if len(victims) < 2 {
			t.Fatalf("%d ranks are there\n%s", len(victims), said.String())
		}
		wait, victim := rand.N(400*time.Millisecond), victims[rand.N(len(victims))]
		time.Sleep(wait)
		began := time.Now()
		syscall.Kill(victim, syscall.SIGKILL)
		err := c.Wait()
		took := time.Since(began)
		t.Logf("killed %v after step 6, one of %d; the others ended after %v", wait, len(victims), took)
		if err == nil || !strings.Contains(said.String(), host) {
			t.Errorf("a killed rank: %v\n%s", err, said.String())
		}
		if took > 30*time.Second {
			t.Errorf("the others ended after %v", took)
		}
		mustRun(t, start(append([]string{"2"}, training(out, "--epochs", "6", "--resume")...)))
		if !bytes.Equal(lastCheckpoint(t, out, 60), lastCheckpoint(t, one, 60)) {
			t.Error("what went on ends with other bytes")
		}
	})
}

// descendants returns the processes of this test's program below one.
func descendants(t *testing.T, pid int) (ranks []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	parent := map[int]int{}
	for _, s := range stats {
		b, err := os.ReadFile(s)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest)
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(s)))
		if len(fields) > 1 {
			parent[child], _ = strconv.Atoi(fields[1])
		}
	}
	for child := range parent {
		for p := child; p > 1; p = parent[p] {
			if p == pid {
				if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", child)); err == nil && exe == os.Args[0] {
					ranks = append(ranks, child)
				}
				break
			}
		}
	}
	return ranks
}

// TestMPIResumesElsewhere: rank 0 alone sees the run that goes on: it tells the others the settings, and all end with the bytes of a run that was never stopped. What rank 0
// cannot read it says, once, and all end, even where another rank could.
func TestMPIResumesElsewhere(t *testing.T) {
	eachMPI(t, func(t *testing.T, start func(ranks ...[]string) *exec.Cmd) {
		here, elsewhere := t.TempDir(), t.TempDir()
		run := filepath.Join(here, "run")
		mustRun(t, command(training(run, "--max-steps", "6", "--lr", "0.03")...))
		want := lastCheckpoint(t, run, 6)
		last := filepath.Join(run, "checkpoints", "step-00000006.safetensors")
		resume := func(rank0, rank1 string, more ...string) *exec.Cmd {
			line := append([]string{"pretrain", "--resume", "run"}, more...)
			return start(append([]string{"1 -wdir " + rank0}, line...), append([]string{"1 -wdir " + rank1}, line...))
		}
		if err := os.Remove(last); err != nil {
			t.Fatal(err)
		}
		mustRun(t, resume(here, elsewhere))
		if !bytes.Equal(lastCheckpoint(t, run, 6), want) {
			t.Error("what went on ends with other bytes")
		}
		if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
			t.Errorf("rank 1 has written %v, %v", left, err)
		}
		refuses := func(what, want string, c *exec.Cmd) {
			t.Helper()
			said, err := c.CombinedOutput()
			if err == nil || strings.Count(string(said), want) != 1 {
				t.Errorf("%s: %v\n%s", what, err, said)
			}
		}
		refuses("rank 0 does not see it", "--resume run: it is no run directory", resume(elsewhere, here))
		refuses("another setting on one rank", "has another --lr than rank 0", start([]string{"1 -wdir " + here, "pretrain", "--resume", "run"}, []string{"1 -wdir " + elsewhere, "pretrain", "--resume", "run", "--lr", "0.04"}))
		refuses("another run on one rank", "goes on with elsewhere, rank 0 goes on with run; all ranks of a run say the same",
			start([]string{"1 -wdir " + here, "pretrain", "--resume", "run"}, []string{"1 -wdir " + elsewhere, "pretrain", "--resume", "elsewhere"}))
		refuses("one rank begins it", "begins rotation, rank 0 goes on with run", start([]string{"1 -wdir " + here, "pretrain", "--resume", "run"}, append([]string{"1 -wdir " + elsewhere}, training("run")...)))
		if err := os.WriteFile(filepath.Join(run, "run.json"), []byte("{"), 0o666); err != nil {
			t.Fatal(err)
		}
		refuses("what is no JSON", filepath.Join("run", "run.json"), resume(here, elsewhere))
	})
}

// TestMPIRefuses: ranks that would not train the same end before they begin, with one sentence, once.
func TestMPIRefuses(t *testing.T) {
	eachMPI(t, func(t *testing.T, start func(ranks ...[]string) *exec.Cmd) {
		out := filepath.Join(t.TempDir(), "run")
		for what, x := range map[string]struct {
			c    *exec.Cmd
			want string
		}{
			"seeds":           {start(append([]string{"1"}, training(out)...), append([]string{"1"}, training(out, "--seed", "2")...)), "has another --seed than rank 0"},
			"data":            {start(append([]string{"2"}, training(out, "--data", "folder:nowhere")...)), "nowhere: no such folder"},
			"data of one":     {start(append([]string{"1"}, training(out)...), append([]string{"1"}, training(out, "--data", "folder:nowhere")...)), "nowhere: no such folder"},
			"shards":          {start(append([]string{"2"}, training(out, "--shards", "1")...)), "2 ranks cannot have equally many"},
			"another command": {start([]string{"2", "eval", "knn", "random"}), "is a command for one process"},
		} {
			said, err := x.c.CombinedOutput()
			if err == nil || strings.Count(string(said), x.want) != 1 {
				t.Errorf("%s: %v\n%s", what, err, said)
			}
			if _, err := os.Stat(out); err == nil {
				t.Errorf("%s: there is a run", what)
			}
		}
	})
}
