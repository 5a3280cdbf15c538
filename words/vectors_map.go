//go:build linux || darwin || freebsd

package words

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapped returns n values of a file from a byte on, as memory that the system reads when it is touched and takes back when it needs it, and what ends
// that; nil where it cannot be. What is written to it stays in memory and does not reach the file.
func mapped(f *os.File, at int64, n int) ([]float32, func() error) {
	if n == 0 || at%4 != 0 || binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, nil
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(at)+4*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[at])), n), func() error { return unix.Munmap(b) }
}
