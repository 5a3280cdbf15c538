package sound

import (
	"math"
	"math/bits"
)

// mdct is the inverse modified DCT of n/2 values to n:
//
//	y[i] = sum over k of x[k] cos(π/2n (2i+1+n/2)(2k+1))
//
// by a DCT of type IV of n/2 values, and that by a complex FFT of n/4.
type mdct struct {
	n     int
	twist []complex64 // exp(-iπ(8k+1)/4n)
	root  []complex64 // exp(-2πik/(n/4))
	turn  []int32     // bits of places, turned round
}

func newMDCT(n int) *mdct {
	q := n / 4
	m := &mdct{n: n, twist: make([]complex64, q), root: make([]complex64, max(q/2, 1)), turn: make([]int32, q)}
	exp := func(x float64) complex64 {
		s, c := math.Sincos(x)
		return complex(float32(c), float32(s))
	}
	for k := range m.twist {
		m.twist[k] = exp(-math.Pi * float64(8*k+1) / float64(4*n))
		m.turn[k] = int32(bits.Reverse32(uint32(k)) >> (32 - bits.Len(uint(q-1))))
	}
	for k := range m.root {
		m.root[k] = exp(-2 * math.Pi * float64(k) / float64(q))
	}
	return m
}

// inverse writes n values. x is not changed.
func (m *mdct) inverse(x, y []float32) {
	half, q := m.n/2, m.n/4
	z := make([]complex64, q)
	for k := range z {
		z[m.turn[k]] = complex(x[2*k], x[half-1-2*k]) * m.twist[k]
	}
	m.fft(z)
	y = y[:m.n]
	// u, the DCT: u[2k] and u[half-1-2k] are the parts of z. y is u from its middle on, then u backwards with the other sign, and again its first half with it.
	put := func(i int, v float32) {
		if i >= q {
			y[i-q] = v
			y[half+q-1-i] = -v
		} else {
			y[half+q-1-i] = -v
			y[half+q+i] = -v
		}
	}
	for k, v := range z {
		v *= m.twist[k]
		put(2*k, real(v))
		put(half-1-2*k, -imag(v))
	}
}

// fft transforms z, whose places are turned round.
func (m *mdct) fft(z []complex64) {
	for size := 2; size <= len(z); size *= 2 {
		half, stride := size/2, len(z)/size
		for at := 0; at < len(z); at += size {
			a, b := z[at:at+half], z[at+half:at+size]
			for k := range a {
				v := b[k] * m.root[k*stride]
				a[k], b[k] = a[k]+v, a[k]-v
			}
		}
	}
}
