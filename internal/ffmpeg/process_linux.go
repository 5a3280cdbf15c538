package ffmpeg

import (
	"io"
	"os"
	"syscall"
)

// largerPipe gives a pipe room for a frame or so: fewer changes between two programs.
func largerPipe(r io.Reader) {
	f, ok := r.(*os.File)
	if !ok {
		return
	}
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETPIPE_SZ, 1<<20) })
	}
}
