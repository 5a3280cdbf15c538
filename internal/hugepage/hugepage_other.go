//go:build !linux

package hugepage

// Advise does nothing: this system has no such advice.
func Advise([]float32) {}
