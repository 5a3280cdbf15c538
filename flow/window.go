package flow

import "github.com/tessera-go/tessera/simd"

// window adds up what lies in a square around each pixel, with equal weights or those of a Gaussian.
type window struct {
	r      int       // the square is 2r+1 pixels a side
	weight []float32 // [r+1] of a Gaussian, from the middle outward, of sum 1; nil for equal weights, of 1
}

// across sets dst[i] to the weighted sum of src[i + k·step], k from 0 to 2r, for all of dst, which may be longer than a row where
// only the sums that stay in a row are wanted. It uses the two pieces of s, each as long as src, which has len(dst) + 2r·step values.
//
// Equal weights are added in halves: a sum of 2n samples is one of n and the n after it, so that 15 samples take 6 additions, and no
// rounding error runs from one sum into the next, as it does where a sum moves on by a sample more and one less.
func (v *window) across(dst, src []float32, step int, s *[2][]float32) {
	n := len(dst)
	if v.weight != nil {
		pair := s[0][:n]
		simd.Scale(dst, v.weight[0], src[v.r*step:])
		for k := 1; k <= v.r; k++ {
			simd.Add(pair, src[(v.r+k)*step:], src[(v.r-k)*step:])
			simd.Axpy(dst, v.weight[k], pair)
		}
		return
	}
	side := 2*v.r + 1
	if side == 1 {
		copy(dst, src)
		return
	}
	sum, power, at := []float32(nil), src, 0 // at: how many samples are in sum; power: sums of size samples
	last, turn := len(src), 0
	for size := 1; size <= side; size *= 2 {
		if side&size != 0 {
			if at == 0 {
				sum = power // side is odd: the first sum is src itself
			} else {
				simd.Add(dst, sum, power[at*step:])
				sum = dst
			}
			at += size
		}
		if 2*size <= side {
			last -= size * step
			next := s[turn][:last]
			simd.Add(next, power, power[size*step:])
			power, turn = next, 1-turn
		}
	}
}
