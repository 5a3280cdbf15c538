package cluster

import (
	"os"
	"strconv"
)

// Launch is what a launcher such as mpirun says of a process that it started.
type Launch struct {
	Ranks, Rank int
	By          string // the launcher
	library     string // by which its ranks find each other; "" where that is open
}

// The kinds of MPI libraries, by who decides what their handles are.
const (
	openMPI = "Open MPI"
	mpich   = "MPICH"
)

// launchers are the environment variables by which launchers are known, and how many ranks there are, and which is this.
var launchers = []struct{ ranks, rank, by, library string }{
	{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "mpirun of Open MPI", openMPI},
	{"PMI_SIZE", "PMI_RANK", "mpirun of MPICH", mpich},
	{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun", ""},
}

// Launched returns what a launcher says of this process; one rank where none does.
func Launched() Launch {
	for _, l := range launchers {
		n, err := strconv.Atoi(os.Getenv(l.ranks))
		rank, e := strconv.Atoi(os.Getenv(l.rank))
		if err == nil && e == nil && n > 1 {
			if os.Getenv("SLURM_STEP_NUM_TASKS") != "" {
				l.by = "srun"
			}
			if l.by == "srun" && os.Getenv("PMIX_RANK") != "" {
				l.library = openMPI
			}
			return Launch{n, rank, l.by, l.library}
		}
	}
	return Launch{Ranks: 1}
}
