package words

import "math/bits"

// mix multiplies to 128 bits and folds them.
func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0x2d358dccaa6c78a5, 0x8bb84b93962eacc9)
	return hi ^ lo
}

// draws are numbers that belong to a place of the text: the same ones whoever draws them, and in whatever order places are visited.
type draws uint64

// at returns the draws of place n of a stream.
func at(seed, n uint64) draws { return draws(mix(mix(seed) + n*0x9e3779b97f4a7c15)) }

// next returns 64 random bits (SplitMix64; Steele, Lea, Flood 2014).
func (d *draws) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (d *draws) below(n uint32) uint32 { return uint32(d.next() >> 32 * uint64(n) >> 32) }
