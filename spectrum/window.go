package spectrum

import (
	"math"

	"github.com/tessera-go/tessera/internal/names"
)

// A Window is the shape that a frame is multiplied by before its transform.
type Window int

// The windows, w[i] with u = 2π·i/n, 0 <= i < n.
const (
	Hann        Window = iota // (1 - cos u)/2
	Hamming                   // 0.54 - 0.46·cos u
	Blackman                  // 0.42 - 0.5·cos u + 0.08·cos 2u
	Rectangular               // 1
)

var windows = names.Of("window", "hann", "hamming", "blackman", "rectangular")

// String returns the name that UnmarshalText takes.
func (w Window) String() string { return windows.String(int(w)) }

// MarshalText returns the name.
func (w Window) MarshalText() ([]byte, error) { return windows.Marshal(int(w)) }

// UnmarshalText sets w to the window of that name; the error says which there are.
func (w *Window) UnmarshalText(text []byte) error {
	i, err := windows.Unmarshal(text)
	if err == nil {
		*w = Window(i)
	}
	return err
}

// Of returns the window's n values. A periodic window, as transforms want it, is one period of the formula; a symmetric one, as
// filters want it, ends as it begins (n-1 in place of n in the formula).
func (w Window) Of(n int, symmetric bool) []float32 {
	out := make([]float32, n)
	period := float64(n)
	if symmetric {
		period = float64(max(n-1, 1))
	}
	for i := range out {
		u := 2 * math.Pi * float64(i) / period
		v := 1.0
		if n > 1 { // a window of one value is 1, as everywhere
			switch w {
			case Hann:
				v = 0.5 - 0.5*math.Cos(u)
			case Hamming:
				v = 0.54 - 0.46*math.Cos(u)
			case Blackman:
				v = 0.42 - 0.5*math.Cos(u) + 0.08*math.Cos(2*u)
			case Rectangular:
			default:
				fail("Window.Of", "%v, want one of %v", w, windows.All())
			}
		}
		out[i] = float32(v)
	}
	return out
}
