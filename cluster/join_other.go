//go:build !mpi || !(linux || darwin)

package cluster

import "fmt"

// Join returns the group that a launcher made of this process. This build knows no group but that of one: it refuses to be one of several, for each would train a net of
// its own.
func Join(func(string)) (Group, error) {
	if l := Launched(); l.Ranks > 1 {
		return nil, &Everywhere{fmt.Errorf("%s started %d ranks, and this build knows no MPI: each would train a net of its own; go build -tags mpi ./cmd/tessera makes one that trains one net on all", l.By, l.Ranks)}
	}
	return One{}, nil
}
