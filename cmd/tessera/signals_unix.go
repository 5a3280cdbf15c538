//go:build unix

package main

import (
	"os"
	"syscall"
)

// toldBy are the signals that ask for an end: a person's, a system's, and the one that batch systems are told to send some time before theirs, which
// mpirun and srun pass on to all ranks and do not follow with another that ends them.
var toldBy = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1}
