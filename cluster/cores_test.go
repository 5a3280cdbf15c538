package cluster

import (
	"os"
	"runtime"
	"strconv"
	"testing"
)

func TestCoresOf(t *testing.T) {
	for want, lists := range map[int][]string{0: {""}, 1: {"7"}, 3: {"0,2,64"}, 6: {"0-3", "2-5"}, 12: {"0-3,8-11", "4-7"}} {
		if got := len(coresOf(lists...)); got != want {
			t.Errorf("%q: %d cores, want %d", lists, got, want)
		}
	}
}

// TestCores: ranks that may run on the same cores of one machine share them, and others do not; Slurm may have given fewer; more ranks than cores have less than one each.
func TestCores(t *testing.T) {
	t.Setenv("SLURM_CPUS_ON_NODE", "")
	t.Setenv("SLURM_STEP_NUM_TASKS", "1") // whoever runs this test is no mpirun
	t.Setenv("OMPI_COMM_WORLD_SIZE", "")
	had := processors
	defer func() { processors, sharing = had, 0 }()
	if processors != runtime.GOMAXPROCS(0) {
		t.Errorf("%d processors", processors)
	}
	processors = 8
	mine := place{"a", "0-7"}
	for _, x := range []struct {
		what  string
		all   []place
		given string
		want  float64
	}{
		{"alone", []place{mine}, "", 8},
		{"two of one machine", []place{mine, mine}, "", 4},
		{"two of two machines", []place{mine, {"b", "0-7"}}, "", 8},
		{"tied to others", []place{mine, {"a", "8-15"}}, "", 8},
		{"three", []place{mine, mine, mine}, "", 8. / 3},
		{"sixteen", []place{mine, mine, mine, mine, mine, mine, mine, mine, mine, mine, mine, mine, mine, mine, mine, mine}, "", 0.5},
		{"of a machine that Slurm gave a part of", []place{mine, mine}, "4", 2},
		{"and more than is there", []place{mine, mine}, "64", 4},
	} {
		t.Setenv("SLURM_CPUS_ON_NODE", x.given)
		neighbours(x.all, mine)
		if got := Cores(); got != x.want {
			t.Errorf("%s: %g cores, want %g", x.what, got, x.want)
		}
	}
}

// TestIdle: where an mpirun has cores that it keeps from all ranks, they are counted; below srun, whose daemon has all, they are not.
func TestIdle(t *testing.T) {
	all := allowed(strconv.Itoa(os.Getppid()))
	if all == "" {
		t.Skip("SKIPPED: this system does not say on which cores a process may run")
	}
	defer func() { sharing, idle = 0, 0 }()
	n := len(coresOf(all))
	t.Setenv("OMPI_COMM_WORLD_SIZE", "")
	for _, x := range []struct {
		slurm, cores string
		want         int
	}{{"", "", n}, {"", all, 0}, {"2", "", 0}} {
		t.Setenv("SLURM_STEP_NUM_TASKS", x.slurm)
		neighbours([]place{{"a", x.cores}, {"b", all}}, place{"a", x.cores})
		if got := Idle(); got != x.want {
			t.Errorf("ranks on %q of %q, %q tasks of srun: %d idle, want %d", x.cores, all, x.slurm, got, x.want)
		}
	}
}
