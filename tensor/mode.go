package tensor

import (
	"runtime"

	"github.com/tessera-go/tessera/internal/names"
	"github.com/tessera-go/tessera/internal/parallel"
)

// Mode is how products are computed, of which shapes say nothing. It belongs to what computes, such as a tape, not to the
// process: two goroutines can use different ones at once. The zero value is float32, and algorithms chosen by shape.
type Mode struct {
	Precision Precision
	Algorithm Algorithm // of convolutions
}

// Or returns m with what it leaves open, the zero values, taken from o.
func (m Mode) Or(o Mode) Mode {
	if m.Precision == Float32 {
		m.Precision = o.Precision
	}
	if m.Algorithm == Auto {
		m.Algorithm = o.Algorithm
	}
	return m
}

// Algorithm is a way to compute a convolution. All give the same sums but for rounding.
type Algorithm int

// The algorithms. Winograd's are for 3x3 kernels of stride 1 whose channels are multiples of 16; elsewhere asking for
// them means Direct.
const (
	Auto      Algorithm = iota // by shape; see Conv.Plan
	Direct                     // an implicit matrix product
	Winograd2                  // F(2x2, 3x3)
	Winograd4                  // F(4x4, 3x3)
)

var algorithms = names.Of("convolution algorithm", "auto", "direct", "winograd2", "winograd4")

// AlgorithmNames returns the names of the algorithms.
func AlgorithmNames() []string { return algorithms.All() }

// String returns the name that UnmarshalText reads.
func (a Algorithm) String() string { return algorithms.String(int(a)) }

// MarshalText returns the name.
func (a Algorithm) MarshalText() ([]byte, error) { return algorithms.Marshal(int(a)) }

// UnmarshalText sets a to the algorithm of that name; the error says which there are.
func (a *Algorithm) UnmarshalText(text []byte) error {
	i, err := algorithms.Unmarshal(text)
	if err == nil {
		*a = Algorithm(i)
	}
	return err
}

// SetThreads sets how many goroutines compute in the whole process, the caller included; 0 means as many as the Go runtime uses
// cores, which is how a program begins. It waits for a kernel that runs. Results have the same bits for any number.
func SetThreads(n int) {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	parallel.SetWorkers(n)
}

// Threads returns how many goroutines compute.
func Threads() int { return parallel.Workers() }
