//go:build unix

package ffmpeg

import (
	"os/exec"
	"syscall"
)

// ownGroup starts a program in a process group of its own, and ends the whole group.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
