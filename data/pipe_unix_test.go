//go:build unix

package data

import (
	"syscall"
	"testing"
)

// makePipe makes a named pipe, which blocks whoever opens it.
func makePipe(t *testing.T, path string) bool {
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	return true
}
