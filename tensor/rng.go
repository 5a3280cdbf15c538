package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
)

// RNG is a counter-based random generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011). Its stream is a pure function of the key, so that what a sample draws depends on the seed, the
// epoch and the sample, never on which worker draws, nor on a resume.
//
// The zero value is the stream of key 0. An RNG is not for several goroutines at once: Derive one for each.
type RNG struct {
	key [2]uint32
	ctr uint64
	buf [4]uint32
	n   int // words left in buf
}

// NewRNG returns the stream of a seed.
func NewRNG(seed uint64) *RNG {
	return &RNG{key: [2]uint32{uint32(seed), uint32(seed >> 32)}}
}

// Derive returns the stream that belongs to the tags (an epoch, a sample, a purpose) under this RNG's key. It does not
// depend on what was drawn so far, and draws nothing.
func (r *RNG) Derive(tags ...uint64) *RNG {
	key := r.key
	for _, t := range tags {
		// one block in the second half of the counter space, which streams never reach
		b := philox(key, [4]uint32{uint32(t), uint32(t >> 32), 0xffffffff, 0xffffffff})
		key = [2]uint32{b[0] ^ b[2], b[1] ^ b[3]}
	}
	return &RNG{key: key}
}

func philox(key [2]uint32, c [4]uint32) [4]uint32 {
	for range 10 {
		p0 := uint64(0xD2511F53) * uint64(c[0])
		p1 := uint64(0xCD9E8D57) * uint64(c[2])
		c = [4]uint32{uint32(p1>>32) ^ c[1] ^ key[0], uint32(p1), uint32(p0>>32) ^ c[3] ^ key[1], uint32(p0)}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return c
}

// Uint32 returns the next 32 bits.
func (r *RNG) Uint32() uint32 {
	if r.n == 0 {
		r.buf = philox(r.key, [4]uint32{uint32(r.ctr), uint32(r.ctr >> 32), 0, 0})
		r.ctr++
		r.n = 4
	}
	r.n--
	return r.buf[3-r.n]
}

// Uint64 returns the next 64 bits; with it an *RNG is a math/rand/v2 Source.
func (r *RNG) Uint64() uint64 { return uint64(r.Uint32())<<32 | uint64(r.Uint32()) }

// Float32 returns a uniform number in [0, 1), a multiple of 2^-24.
func (r *RNG) Float32() float32 { return float32(r.Uint32()>>8) * 0x1p-24 }

// Uniform returns a uniform number in [lo, hi).
func (r *RNG) Uniform(lo, hi float32) float32 { return lo + float32((hi-lo)*r.Float32()) }

// IntN returns a uniform integer in [0, n), n > 0, without bias (Lemire 2019).
func (r *RNG) IntN(n int) int {
	if n <= 0 {
		panic("tensor.RNG.IntN: n must be positive")
	}
	if n > math.MaxUint32 {
		return int(r.Uint64() % uint64(n)) // bias below 2^-31
	}
	u := uint32(n)
	p := uint64(r.Uint32()) * uint64(u)
	if low := uint32(p); low < u {
		for t := -u % u; low < t; low = uint32(p) {
			p = uint64(r.Uint32()) * uint64(u)
		}
	}
	return int(p >> 32)
}

// Normal returns a standard normal number (Box and Muller 1958).
func (r *RNG) Normal() float32 {
	u := (float64(r.Uint32()) + 1) * 0x1p-32
	v := float64(r.Uint32()) * 0x1p-32
	return float32(math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v))
}

// Bool returns true with probability p.
func (r *RNG) Bool(p float32) bool { return r.Float32() < p }

// Perm returns a uniform permutation of 0..n-1 (Fisher and Yates).
func (r *RNG) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		j := r.IntN(i + 1)
		p[i] = p[j]
		p[j] = i
	}
	return p
}

// FillNormal fills x with normal numbers of that mean and standard deviation.
func (r *RNG) FillNormal(x *Tensor, mean, std float32) *Tensor {
	r.fill(x.Data, 2, func(r *RNG) float32 { return mean + float32(std*r.Normal()) })
	return x
}

// FillUniform fills x with uniform numbers in [lo, hi).
func (r *RNG) FillUniform(x *Tensor, lo, hi float32) *Tensor {
	r.fill(x.Data, 1, func(r *RNG) float32 { return r.Uniform(lo, hi) })
	return x
}

// fill sets each of x to draw, which takes so many words, 1 or 2, from the stream. The stream is a counter's, so pieces are
// filled side by side, with the numbers that one after the other would give.
func (r *RNG) fill(x []float32, words int, draw func(r *RNG) float32) {
	for r.n > 0 && len(x) > 0 { // to the start of a block of four words
		x[0] = draw(r)
		x = x[1:]
	}
	perBlock := 4 / words
	whole := len(x) / perBlock * perBlock
	start := *r
	parallel.Chunks(whole, 1<<14, func(lo, hi int) {
		s := start
		s.ctr += uint64(lo / perBlock)
		for i := lo; i < hi; i++ {
			x[i] = draw(&s)
		}
	})
	r.ctr += uint64(whole / perBlock)
	for i := whole; i < len(x); i++ {
		x[i] = draw(r)
	}
}
