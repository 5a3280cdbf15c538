package hugepage

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const size = 2 << 20

// Advise asks that the memory of b be held in huge pages: it is advice, and changes no content. The buffer stays the
// garbage collector's; a part of it that shares a huge page with other memory is left out.
func Advise(b []float32) {
	if len(b)*4 < Least {
		return
	}
	p := uintptr(unsafe.Pointer(&b[0]))
	lo, hi := (p+size-1)&^(size-1), (p+uintptr(len(b))*4)&^(size-1)
	if hi <= lo {
		return
	}
	m := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&b[0]), lo-p)), hi-lo)
	// Old kernels, containers without huge pages: the buffer works as it is.
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
}
