//go:build mpi

package cluster

import "time"

// rest lets this thread sleep.
func rest(d time.Duration) { time.Sleep(d) }
