package simd

import "unsafe"

// Stream copies src to dst past the caches where the processor can: writing a line that nobody reads soon then does not
// first read it, which for tensors beyond the last cache is a third of the traffic of a kernel with one operand. For dst in a
// cache it is slower than copy. Whoever streams calls Fence before another goroutine may read dst. dst and src do not overlap.
func Stream(dst, src []float32) { active.stream(dst, src[:len(dst)]) }

// Fence orders the writes of Stream before all later ones.
func Fence() { active.fence() }

func streamGo(dst, src []float32) { copy(dst, src) }

func fenceGo() {}

// wholeLines says whether every row of c values of x begins and ends with a cache line.
func wholeLines(x []float32, c int) bool {
	return c%16 == 0 && uintptr(unsafe.Pointer(unsafe.SliceData(x)))%64 == 0
}
