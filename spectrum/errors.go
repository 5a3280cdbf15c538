package spectrum

import (
	"fmt"
	"math"
	"slices"
)

// ShapeError says which function was called with what, and what would fit. The functions of this package panic with it.
type ShapeError struct {
	Op  string // such as "STFT"
	Msg string
}

func (e *ShapeError) Error() string { return "spectrum." + e.Op + ": " + e.Msg }

func fail(op, format string, args ...any) { panic(&ShapeError{op, fmt.Sprintf(format, args...)}) }

// wantShape panics unless got is want.
func wantShape(op, name string, got []int, want ...int) {
	if !slices.Equal(got, want) {
		fail(op, "%s has shape %v, want %v", name, got, want)
	}
}

// wantLen panics unless a slice has n numbers.
func wantLen(op, name string, got, want int) {
	if got != want {
		fail(op, "%s has %d numbers, want %d", name, got, want)
	}
}

// Check returns an error that names the first sample of x that is NaN or infinite, or nil. A recording with such a sample gives NaN
// wherever the sample reaches, so readers of recordings ask once.
func Check(x []float32) error {
	for i, v := range x {
		if v-v != 0 {
			if v != v {
				return fmt.Errorf("spectrum: sample %d of %d is NaN, want finite numbers", i, len(x))
			}
			return fmt.Errorf("spectrum: sample %d of %d is %v, want finite numbers", i, len(x), math.Copysign(math.Inf(1), float64(v)))
		}
	}
	return nil
}
