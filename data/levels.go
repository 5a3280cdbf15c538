package data

import (
	"math"
	"math/bits"
)

// levels is how values of more than 8 bits become levels, 0 to 255: value·times/by, cut to a whole number or rounded, halves to the even
// one. What is no number becomes 0.
type levels struct {
	times, by float64
	round     bool
}

func (s levels) of(v float64) uint8 {
	l := v * s.times / s.by
	if s.round {
		l = math.RoundToEven(l)
	}
	if !(l > 0) {
		return 0
	}
	return uint8(min(l, 255))
}

// clipped leaves values as they are.
var clipped = levels{times: 1, by: 1}

// highByte keeps the highest 8 of so many bits.
func highByte(bits int) levels { return levels{times: 1, by: float64(int64(1) << (bits - 8))} }

// stretched makes levels of values up to top by the bits that top has, so that 4095 becomes 255 and 2048 128; values up to 1, as
// floating-point pictures have, become 0 to 255.
func stretched(top float64) levels {
	if !(top > 1) {
		return levels{255, 1, true}
	}
	n := bits.Len64(uint64(min(math.Ceil(top), 1<<62)))
	return levels{255, float64(uint64(1)<<n - 1), true}
}

// faint tells of a picture whose largest value is top that it is nearly black as s shows it, or cut off at the bright end.
func (s levels) faint(top float64) bool {
	l := top * s.times / s.by
	return l < 64 || l >= 256
}
