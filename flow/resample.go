package flow

import (
	"math"

	"github.com/tessera-go/tessera/simd"
)

// resampling is a linear map from a line of samples to another: sample i is Σ_k weight[i·taps + k]·src[first[i] + k].
type resampling struct {
	first  []int
	weight []float32
	taps   int
}

// blurred is the resampling that smooths n samples with the kernel, centred and odd, and takes to of them by linear interpolation at
// the places (i + ½)·n/to - ½, held inside. At its borders the line is mirrored for the smoothing without repeating the last sample.
func blurred(n, to int, kernel []float64) resampling {
	r := len(kernel) / 2
	m := resampling{first: make([]int, to), taps: min(2*r+2, n)}
	if n == to { // no sample lies between two others
		m.taps = min(2*r+1, n)
	}
	m.weight = make([]float32, to*m.taps)
	line := make([]float64, m.taps)
	for i := range to {
		at := (float64(i)+0.5)*float64(n)/float64(to) - 0.5
		at = min(max(at, 0), float64(n-1))
		s := int(at)
		f := at - float64(s)
		m.first[i] = max(min(s-r, n-m.taps), 0)
		clear(line)
		for k, g := range kernel {
			for side, w := range [2]float64{1 - f, f} {
				if w != 0 {
					line[mirrored(s+side+k-r, n)-m.first[i]] += float64(g * w)
				}
			}
		}
		for k, w := range line {
			m.weight[i*m.taps+k] = float32(w)
		}
	}
	return m
}

// mirrored folds i into [0, n): ... 2 1 | 0 1 2 ... n-1 | n-2 n-3 ...
func mirrored(i, n int) int {
	if n == 1 {
		return 0
	}
	for i < 0 || i >= n {
		if i < 0 {
			i = -i
		} else {
			i = 2*n - 2 - i
		}
	}
	return i
}

// gaussian returns 2r+1 samples of a Gaussian, of sum 1.
func gaussian(r int, sigma float64) []float64 {
	g := make([]float64, 2*r+1)
	sum := 0.0
	for i := range g {
		d := float64(i - r)
		g[i] = math.Exp(-d * d / (2 * sigma * sigma))
		sum += g[i]
	}
	for i := range g {
		g[i] /= sum
	}
	return g
}

// row sets dst to line i of the resampled lines of src [n w], w = len(dst).
func (m *resampling) row(dst, src []float32, i int) {
	w := len(dst)
	weight := m.weight[i*m.taps:][:m.taps]
	src = src[m.first[i]*w:]
	simd.Scale(dst, weight[0], src)
	for k := 1; k < m.taps; k++ {
		if weight[k] != 0 {
			simd.Axpy(dst, weight[k], src[k*w:])
		}
	}
}

// line sets dst to the resampled samples of src.
func (m *resampling) line(dst, src []float32) {
	from := 0
	to := len(dst)
	if n := len(src); n == to && m.taps == 3 && n > 2 { // each sample with its two neighbours, but for the ends
		a := m.weight[3:]
		inner := dst[1 : n-1]
		simd.Scale(inner, a[0], src)
		simd.Axpy(inner, a[1], src[1:])
		simd.Axpy(inner, a[2], src[2:])
		m.samples(dst, src, 0, 1)
		from = n - 1
	}
	m.samples(dst, src, from, to)
}

func (m *resampling) samples(dst, src []float32, from, to int) {
	taps := m.taps
	if taps == 2 {
		for i := from; i < to; i++ {
			x, w := src[m.first[i]:][:2], m.weight[2*i:][:2]
			dst[i] = float32(w[0]*x[0]) + float32(w[1]*x[1])
		}
		return
	}
	i := from
	for ; i+4 <= to; i += 4 { // four sums at once, so that none waits for its last addition
		w0, w1, w2, w3 := m.weight[i*taps:][:taps], m.weight[(i+1)*taps:][:taps], m.weight[(i+2)*taps:][:taps], m.weight[(i+3)*taps:][:taps]
		x0, x1, x2, x3 := src[m.first[i]:][:taps], src[m.first[i+1]:][:taps], src[m.first[i+2]:][:taps], src[m.first[i+3]:][:taps]
		var s0, s1, s2, s3 float32
		for k, w := range w0 {
			s0 += float32(w * x0[k])
			s1 += float32(w1[k] * x1[k])
			s2 += float32(w2[k] * x2[k])
			s3 += float32(w3[k] * x3[k])
		}
		dst[i], dst[i+1], dst[i+2], dst[i+3] = s0, s1, s2, s3
	}
	for ; i < to; i++ {
		x, s := src[m.first[i]:][:taps], float32(0)
		for k, w := range m.weight[i*taps:][:taps] {
			s += float32(w * x[k])
		}
		dst[i] = s
	}
}
