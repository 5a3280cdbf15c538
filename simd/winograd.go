package simd

import "unsafe"

// A Transform is one of the small matrices by which Winograd's convolution takes a tile of an image, of its gradient
// or of a kernel into the domain where a convolution is a product, and back. F(4,3) makes 4 outputs of a 3-tap filter
// with 6 products instead of 12, F(2,3) makes 2 with 4 instead of 6; in two dimensions the savings multiply: 4 and
// 2.25. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section 4.
type Transform int

// The transforms, their numbers of rows in and out in the comments. A name's digit is the outputs of a tile's side.
const (
	WinogradInput4      Transform = iota // Bᵀ: 6 pixels -> 6
	WinogradOutput4                      // Aᵀ: 6 -> 4 outputs
	WinogradOutput4Add                   // the same, added to dst
	WinogradGrad4                        // A: 4 gradients of outputs -> 6
	WinogradWeight4                      // G: 3 taps -> 6
	WinogradWeightGrad4                  // Gᵀ: 6 -> 3 taps, added to dst
	WinogradInput2                       // Bᵀ: 4 pixels -> 4
	WinogradOutput2                      // Aᵀ: 4 -> 2 outputs
	WinogradOutput2Add                   // the same, added to dst
	WinogradGrad2                        // A: 2 gradients of outputs -> 4
	WinogradWeight2                      // G: 3 taps -> 4
	WinogradWeightGrad2                  // Gᵀ: 4 -> 3 taps, added to dst

	transforms
)

// Rows returns how many rows a transform reads and writes.
func (t Transform) Rows() (in, out int) { return winogradGo[t].in, winogradGo[t].out }

// Winograd applies t to count groups of rows:
//
//	dst[g·dstNext + i·dstRow + c] (+)= Σ_j t[i][j] · src[g·srcNext + j·srcRow + c]      g < count, c < n
//
// n is a multiple of 16. dst and src must not overlap. The order of each sum is the one of the Go loop, at every level.
func Winograd(t Transform, dst []float32, dstRow, dstNext int, src []float32, srcRow, srcNext, n, count int) {
	if n <= 0 || count <= 0 {
		return
	}
	if n%16 != 0 {
		panic("simd.Winograd: the row is not a multiple of 16")
	}
	in, out := t.Rows()
	_ = src[(count-1)*srcNext+(in-1)*srcRow+n-1]
	_ = dst[(count-1)*dstNext+(out-1)*dstRow+n-1]
	if f := active.winograd[t]; f != nil {
		f(&dst[0], &src[0], dstRow*4, dstNext*4, srcRow*4, srcNext*4, n*4, count)
		return
	}
	winogradLoop(t, &dst[0], &src[0], dstRow*4, dstNext*4, srcRow*4, srcNext*4, n*4, count)
}

// winogradLoop is the Go loop of all transforms; distances and n in bytes, as the kernels have them.
func winogradLoop(t Transform, dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int) {
	k := &winogradGo[t]
	at := func(p *float32, off int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), off)) }
	var v [6]float32
	for g := range count {
		for c := 0; c < n; c += 4 {
			for j := range k.in {
				v[j] = *at(src, g*srcNext+j*srcRow+c)
			}
			k.f(&v)
			for i := range k.out {
				d := at(dst, g*dstNext+i*dstRow+c)
				if k.add {
					v[i] += *d
				}
				*d = v[i]
			}
		}
	}
}

var winogradGo = [transforms]struct {
	in, out int
	add     bool
	f       func(v *[6]float32)
}{
	WinogradInput4:      {6, 6, false, winogradInput4Go},
	WinogradOutput4:     {6, 4, false, winogradOutput4Go},
	WinogradOutput4Add:  {6, 4, true, winogradOutput4Go},
	WinogradGrad4:       {4, 6, false, winogradGrad4Go},
	WinogradWeight4:     {3, 6, false, winogradWeight4Go},
	WinogradWeightGrad4: {6, 3, true, winogradWeightGrad4Go},
	WinogradInput2:      {4, 4, false, winogradInput2Go},
	WinogradOutput2:     {4, 2, false, winogradOutput2Go},
	WinogradOutput2Add:  {4, 2, true, winogradOutput2Go},
	WinogradGrad2:       {2, 4, false, winogradGrad2Go},
	WinogradWeight2:     {3, 4, false, winogradWeight2Go},
	WinogradWeightGrad2: {4, 3, true, winogradWeightGrad2Go},
}

// F(4,3) evaluates polynomials at 0, ±11/16, ±3/2 and infinity. With the usual ±1 and ±2 its largest error is five
// times as large: the nearer the points' powers are to one, the less is cancelled later (Barabasz et al., "Error Analysis and
// Improving the Accuracy of Winograd Convolution for Deep Neural Networks", ACM TOMS 2020, look for such points). The
// matrices are the Toom-Cook ones of these points, sums and differences of ± pairs shared.
const (
	pointA, pointB = 11. / 16, 3. / 2
	squareA        = pointA * pointA
	squareB        = pointB * pointB
	dividerA       = 2 * squareA * (squareA - squareB) // the product of the point's distances from the others
	dividerB       = 2 * squareB * (squareB - squareA)

	wPa   float32 = pointA
	wPb   float32 = pointB
	wPA   float32 = squareA
	wPB   float32 = squareB
	wPAB  float32 = squareA * squareB
	wPApB float32 = squareA + squareB
	wPa3  float32 = pointA * squareA
	wPb3  float32 = pointB * squareB
	wG0   float32 = 1 / (squareA * squareB)
	wGa   float32 = 1 / dividerA
	wGAa  float32 = squareA / dividerA
	wGaa  float32 = pointA / dividerA
	wGb   float32 = 1 / dividerB
	wGBb  float32 = squareB / dividerB
	wGbb  float32 = pointB / dividerB

	wHalf     float32 = 1. / 2
	wMinusOne float32 = -1
)

// The loops below round every product that they do not fuse: float32(a * b) keeps the compiler from fusing it.

// winogradInput4Go is Bᵀ of F(4,3).
func winogradInput4Go(v *[6]float32) {
	d0, d1, d2, d3, d4, d5 := v[0], v[1], v[2], v[3], v[4], v[5]
	r0 := d4
	r0 = fma(-wPApB, d2, r0)
	r0 = fma(wPAB, d0, r0)
	r5 := d5
	r5 = fma(-wPApB, d3, r5)
	r5 = fma(wPAB, d1, r5)
	a := d4
	a = fma(-wPB, d2, a)
	b := d3
	b = fma(-wPB, d1, b)
	r1 := a
	r1 = fma(wPa, b, r1)
	r2 := a
	r2 = fma(-wPa, b, r2)
	c := d4
	c = fma(-wPA, d2, c)
	d := d3
	d = fma(-wPA, d1, d)
	r3 := c
	r3 = fma(wPb, d, r3)
	r4 := c
	r4 = fma(-wPb, d, r4)
	v[0], v[1], v[2], v[3], v[4], v[5] = r0, r1, r2, r3, r4, r5
}

// winogradOutput4Go is Aᵀ.
func winogradOutput4Go(v *[6]float32) {
	d0, d1, d2, d3, d4, d5 := v[0], v[1], v[2], v[3], v[4], v[5]
	a := d1 + d2
	b := d3 + d4
	c := d1 - d2
	d := d3 - d4
	r0 := d0 + a
	r0 = r0 + b
	r1 := float32(c * wPa)
	r1 = fma(wPb, d, r1)
	r2 := float32(a * wPA)
	r2 = fma(wPB, b, r2)
	r3 := float32(c * wPa3)
	r3 = fma(wPb3, d, r3)
	r3 = r3 + d5
	v[0], v[1], v[2], v[3] = r0, r1, r2, r3
}

// winogradGrad4Go is A, for the gradient of the weights.
func winogradGrad4Go(v *[6]float32) {
	d0, d1, d2, d3 := v[0], v[1], v[2], v[3]
	r0 := d0
	a := d0
	a = fma(wPA, d2, a)
	b := float32(d1 * wPa)
	b = fma(wPa3, d3, b)
	r1 := a + b
	r2 := a - b
	c := d0
	c = fma(wPB, d2, c)
	d := float32(d1 * wPb)
	d = fma(wPb3, d3, d)
	r3 := c + d
	r4 := c - d
	r5 := d3
	v[0], v[1], v[2], v[3], v[4], v[5] = r0, r1, r2, r3, r4, r5
}

// winogradWeight4Go is G.
func winogradWeight4Go(v *[6]float32) {
	d0, d1, d2 := v[0], v[1], v[2]
	r0 := float32(d0 * wG0)
	a := float32(d0 * wGa)
	a = fma(wGAa, d2, a)
	b := float32(d1 * wGaa)
	r1 := a + b
	r2 := a - b
	c := float32(d0 * wGb)
	c = fma(wGBb, d2, c)
	d := float32(d1 * wGbb)
	r3 := c + d
	r4 := c - d
	r5 := d2
	v[0], v[1], v[2], v[3], v[4], v[5] = r0, r1, r2, r3, r4, r5
}

// winogradWeightGrad4Go is Gᵀ.
func winogradWeightGrad4Go(v *[6]float32) {
	d0, d1, d2, d3, d4, d5 := v[0], v[1], v[2], v[3], v[4], v[5]
	a := d1 + d2
	b := d3 + d4
	c := d1 - d2
	d := d3 - d4
	r0 := float32(d0 * wG0)
	r0 = fma(wGa, a, r0)
	r0 = fma(wGb, b, r0)
	r1 := float32(c * wGaa)
	r1 = fma(wGbb, d, r1)
	r2 := d5
	r2 = fma(wGAa, a, r2)
	r2 = fma(wGBb, b, r2)
	v[0], v[1], v[2] = r0, r1, r2
}

// winogradInput2Go is Bᵀ of F(2,3), of the paper's section 4.1.
func winogradInput2Go(v *[6]float32) {
	d0, d1, d2, d3 := v[0], v[1], v[2], v[3]
	r0 := d0 - d2
	r1 := d1 + d2
	r2 := d2 - d1
	r3 := d1 - d3
	v[0], v[1], v[2], v[3] = r0, r1, r2, r3
}

// winogradOutput2Go is Aᵀ.
func winogradOutput2Go(v *[6]float32) {
	d0, d1, d2, d3 := v[0], v[1], v[2], v[3]
	a := d0 + d1
	r0 := a + d2
	a = d1 - d2
	r1 := a - d3
	v[0], v[1] = r0, r1
}

// winogradGrad2Go is A.
func winogradGrad2Go(v *[6]float32) {
	d0, d1 := v[0], v[1]
	r0 := d0
	r1 := d0 + d1
	r2 := d0 - d1
	r3 := float32(d1 * wMinusOne)
	v[0], v[1], v[2], v[3] = r0, r1, r2, r3
}

// winogradWeight2Go is G.
func winogradWeight2Go(v *[6]float32) {
	d0, d1, d2 := v[0], v[1], v[2]
	r0 := d0
	a := d0 + d2
	a = float32(a * wHalf)
	b := float32(d1 * wHalf)
	r1 := a + b
	r2 := a - b
	r3 := d2
	v[0], v[1], v[2], v[3] = r0, r1, r2, r3
}

// winogradWeightGrad2Go is Gᵀ.
func winogradWeightGrad2Go(v *[6]float32) {
	d0, d1, d2, d3 := v[0], v[1], v[2], v[3]
	a := d1 + d2
	a = float32(a * wHalf)
	r0 := d0 + a
	r2 := d3 + a
	a = d1 - d2
	r1 := float32(a * wHalf)
	v[0], v[1], v[2] = r0, r1, r2
}
