//go:build !unix

package main

import (
	"os"
	"syscall"
)

// toldBy are the signals that ask for an end.
var toldBy = []os.Signal{os.Interrupt, syscall.SIGTERM}
