package cluster

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// processors is how many cores Go found for this process: those that it may run on, or fewer where a limit on the time of its container is less.
var processors = runtime.GOMAXPROCS(0)

// sharing is how many ranks of the group have the same cores as this one, this one among them.
var sharing int

// idle is how many of the cores that an mpirun has on this machine it keeps from all ranks.
var idle int

// Cores returns how many cores this process has for itself: those that it may run on, no more than the limit of its container or Slurm allows the ranks of this machine,
// shared evenly with the ranks that may run on the same ones. It is less than 1 where ranks are more than cores.
func Cores() float64 {
	n := processors
	if given, err := strconv.Atoi(os.Getenv("SLURM_CPUS_ON_NODE")); err == nil && given > 0 {
		n = min(n, given)
	}
	return float64(n) / float64(max(1, sharing))
}

// Idle returns how many cores of this machine no rank may run on, though the mpirun that started them could have let them.
func Idle() int { return idle }

// place is where a rank runs, which ranks tell each other first.
type place struct{ Host, Cores string }

// neighbours looks, among all ranks, for those on this machine.
func neighbours(all []place, mine place) {
	sharing = 0
	var lists []string
	for _, p := range all {
		if p == mine {
			sharing++
		}
		if p.Host == mine.Host {
			lists = append(lists, p.Cores)
		}
	}
	idle = 0
	if os.Getenv("SLURM_STEP_NUM_TASKS") == "" || os.Getenv("OMPI_COMM_WORLD_SIZE") != "" { // srun's processes begin below a daemon that has the whole machine
		idle = max(0, len(coresOf(allowed(strconv.Itoa(os.Getppid()))))-len(coresOf(lists...)))
	}
}

// allowed returns on which cores a process may run, as Linux writes it: 0-3,8.
func allowed(process string) string {
	b, _ := os.ReadFile("/proc/" + process + "/status") // elsewhere nobody is tied to cores
	_, list, _ := strings.Cut(string(b), "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	return strings.TrimSpace(list)
}

// coresOf returns the cores of lists as Linux writes them.
func coresOf(lists ...string) map[int]bool {
	cores := map[int]bool{}
	for _, list := range lists {
		for part := range strings.SplitSeq(list, ",") {
			from, to, ok := strings.Cut(part, "-")
			if !ok {
				to = from
			}
			first, err := strconv.Atoi(from)
			last, e := strconv.Atoi(to)
			for c := first; err == nil && e == nil && c <= last; c++ {
				cores[c] = true
			}
		}
	}
	return cores
}
