//go:build !linux

package workload

import "runtime"

// CPUSeconds returns 0: it is not known here.
func CPUSeconds() float64 { return 0 }

// PeakMemory returns the memory that the Go runtime has taken from the system, in bytes.
func PeakMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
