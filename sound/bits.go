package sound

import (
	"encoding/binary"
	"math/bits"
)

// bitReader takes bits from bytes, the highest first. Behind the end there are zeros, and over says so.
type bitReader struct {
	b    []byte
	at   int    // of the next byte
	acc  uint64 // the next bits, from the top
	n    uint   // how many of acc are there
	over bool
}

func (r *bitReader) fill() {
	if r.at+8 <= len(r.b) {
		r.acc |= binary.BigEndian.Uint64(r.b[r.at:]) >> r.n
		r.at += int(63-r.n) >> 3
		r.n |= 56
		return
	}
	for r.n <= 56 && r.at < len(r.b) {
		r.acc |= uint64(r.b[r.at]) << (56 - r.n)
		r.at++
		r.n += 8
	}
}

// take returns the next k bits, at most 56.
func (r *bitReader) take(k uint) uint64 {
	if r.n < k {
		r.fill()
		if r.n < k {
			r.over, r.n, r.acc = true, 0, 0
			return 0
		}
	}
	v := r.acc >> (64 - k)
	r.acc <<= k
	r.n -= k
	return v
}

// signed returns the next k bits, at most 56, as a number in two's complement.
func (r *bitReader) signed(k uint) int64 {
	if k == 0 {
		return 0
	}
	return int64(r.take(k)<<(64-k)) >> (64 - k)
}

// unary returns the number of zeros before the next one, which it passes.
func (r *bitReader) unary() uint64 {
	count := uint64(0)
	for {
		if r.n < 32 {
			r.fill()
		}
		if r.acc != 0 {
			z := uint(bits.LeadingZeros64(r.acc))
			if z < r.n {
				r.acc <<= z + 1
				r.n -= z + 1
				return count + uint64(z)
			}
		}
		if r.n == 0 {
			r.over = true
			return count
		}
		count += uint64(r.n)
		r.acc, r.n = 0, 0
	}
}

// align passes the bits up to the next whole byte, and returns how many bytes were taken.
func (r *bitReader) align() int {
	k := r.n % 8
	r.acc <<= k
	r.n -= k
	return r.at - int(r.n/8)
}
