//go:build mpi

package cluster

import (
	"time"

	"golang.org/x/sys/unix"
)

// rest lets this thread sleep, without the scheduler of Go, whose timers are less exact.
func rest(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	unix.Nanosleep(&t, nil)
}
