//go:build !mpi

package main

import (
	"strings"
	"testing"

	"github.com/tessera-go/tessera/cluster"
)

// TestRanksOfThisBuild: one of several ranks, this build refuses to train a net of its own, and to do once for each rank what is done once; the first rank says so.
func TestRanksOfThisBuild(t *testing.T) {
	for _, x := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"pretrain", "rotation", "--out", "never"}, "tessera: mpirun of Open MPI started 2 ranks, and this build knows no MPI: each would train a net of its own; go build -tags mpi ./cmd/tessera makes one that trains one net on all\n", exitFailed},
		{[]string{"demo"}, "tessera: mpirun of Open MPI started 2 ranks of tessera demo, which is a command for one process; pretrain is the one that ranks do together\nSee tessera --help.\n", exitUsage},
	} {
		for rank, of := range []string{"0", "1"} {
			c := command(x.args...)
			c.Env = append(c.Env, "OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_RANK="+of)
			var said strings.Builder
			c.Stderr = &said
			c.Run()
			if code := c.ProcessState.ExitCode(); rank == 0 && (said.String() != x.want || code != x.code) || rank == 1 && (said.String() != "" || code != exitFailed) {
				t.Errorf("%v, rank %d: %d, %q", x.args, rank, code, said.String())
			}
		}
	}
}

// TestSharesOf: a line says what ranks compute with, and of which rank it is not as it should be.
func TestSharesOf(t *testing.T) {
	ranks := cluster.Loopback(2)[0] // each on a machine of its own
	for want, shares := range map[string][]float64{
		"2 ranks on 2 machines, each with 1 thread":                                                        {1, 1, 0, 1, 1.5, 0},
		"2 ranks on 2 machines, each with 8 to 16 threads":                                                 {16, 16, 0, 8, 8, 0},
		"2 ranks on 2 machines, each with 4 threads; rank 1 on goroutine 1 has 4 for a share of 0.5 cores": {4, 4, 0, 4, 0.5, 0},
		"2 ranks on 2 machines, each with 1 thread; no rank may use 63 cores of goroutine 0: mpirun --bind-to none, or --map-by numa --bind-to numa, gives them": {1, 1, 63, 1, 1, 63},
	} {
		if got := sharesOf(ranks, shares); got != want {
			t.Errorf("%v: %q, want %q", shares, got, want)
		}
	}
}
