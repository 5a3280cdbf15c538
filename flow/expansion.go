package flow

import "github.com/tessera-go/tessera/simd"

// coefficients of the polynomial that fits the neighbourhood of a pixel, f(x, y) ≈ c + bx·x + by·y + axx·x² + ayy·y² + axy·x·y
// (Farnebäck 2003, eq. 1). The constant is not used.
const (
	bx = iota
	by
	axx
	ayy
	axy
	coefficients
)

// expansion is the polynomial of every pixel of a picture [h w].
type expansion struct {
	plane [coefficients][]float32 // [h w] each, for sums over rows
	mixed []float32               // [h w 5], for looking a pixel up
}

// basis is the weighted least squares fit of the polynomial. With a Gaussian weight g(x)·g(y) of sum 1 and moments E[x²] = m2 and
// E[x⁴] = m4, the products of the basis functions are zero by symmetry, except for those among 1, x² and y²:
//
//	bx  = Σ g x f / m2    axy = Σ g x y f / m2²    axx = (Σ g x² f - m2·Σ g f) / (m4 - m2²)
//
// and the same with x and y exchanged (Farnebäck 2003, section 2: what the inverse of the Gram matrix comes to).
type basis struct {
	r          int       // the neighbourhood is 2r+1 pixels a side
	g, xg, xxg []float32 // [r+1] g(k), k·g(k), k²·g(k)
	first      float32   // 1/m2
	cross      float32   // 1/m2²
	square     float32   // 1/(m4 - m2²)
	mean       float32   // -m2/(m4 - m2²)
}

func newBasis(r int, sigma float64) basis {
	b := basis{r: r, g: make([]float32, r+1), xg: make([]float32, r+1), xxg: make([]float32, r+1)}
	g := gaussian(r, sigma)
	m2, m4 := 0.0, 0.0
	for k := range r + 1 {
		v, x := g[r+k], float64(k)
		b.g[k], b.xg[k], b.xxg[k] = float32(v), float32(x*v), float32(x*x*v)
		m2 += float64(2 * x * x * v)
		m4 += float64(2 * x * x * x * x * v)
	}
	variance := m4 - float64(m2*m2) // of x²
	b.first, b.cross = float32(1/m2), float32(1/(m2*m2))
	b.square, b.mean = float32(1/variance), float32(-m2/variance)
	return b
}

// expand fits row y of a picture p [h w+2r], whose rows begin and end with r copies of their border pixels. Above and below, the
// picture goes on with its border rows. s is scratch of 5·(w+2r) values.
func (b *basis) expand(to *expansion, p []float32, y, h, w int, s []float32) {
	r := b.r
	wide := w + 2*r
	row := func(y int) []float32 { return p[min(max(y, 0), h-1)*wide:][:wide] }
	t0, t1, t2, sum, dif := s[:wide], s[wide:2*wide], s[2*wide:3*wide], s[3*wide:4*wide], s[4*wide:5*wide]
	simd.Scale(t0, b.g[0], row(y)) // down the columns: the moments 0, 1 and 2 in y
	clear(t1)
	clear(t2)
	for k := 1; k <= r; k++ {
		above, below := row(y-k), row(y+k)
		simd.Add(sum, below, above)
		simd.Sub(dif, below, above)
		simd.Axpy(t0, b.g[k], sum)
		simd.Axpy(t1, b.xg[k], dif)
		simd.Axpy(t2, b.xxg[k], sum)
	}
	at := y * w
	dx, dy, dxx, dyy, dxy := to.plane[bx][at:at+w], to.plane[by][at:at+w], to.plane[axx][at:at+w], to.plane[ayy][at:at+w], to.plane[axy][at:at+w]
	one := sum[:w]      // Σ g f
	v := s[4*wide:][:w] // a sum or difference of two columns
	simd.Scale(one, b.g[0], t0[r:])
	simd.Scale(dy, b.g[0], t1[r:])
	simd.Scale(dyy, b.g[0], t2[r:])
	clear(dx)
	clear(dxx)
	clear(dxy)
	for k := 1; k <= r; k++ { // along the rows
		simd.Add(v, t0[r+k:], t0[r-k:])
		simd.Axpy(one, b.g[k], v)
		simd.Axpy(dxx, b.xxg[k], v)
		simd.Sub(v, t0[r+k:], t0[r-k:])
		simd.Axpy(dx, b.xg[k], v)
		simd.Add(v, t1[r+k:], t1[r-k:])
		simd.Axpy(dy, b.g[k], v)
		simd.Sub(v, t1[r+k:], t1[r-k:])
		simd.Axpy(dxy, b.xg[k], v)
		simd.Add(v, t2[r+k:], t2[r-k:])
		simd.Axpy(dyy, b.g[k], v)
	}
	simd.Scale(dx, b.first, dx)
	simd.Scale(dy, b.first, dy)
	simd.Scale(dxy, b.cross, dxy)
	simd.Scale(one, b.mean, one)
	for _, d := range [2][]float32{dxx, dyy} {
		simd.Scale(d, b.square, d)
		simd.Add(d, d, one)
	}
	mix := to.mixed[coefficients*at:][:coefficients*w]
	for x := range dx {
		m := mix[coefficients*x:][:coefficients]
		m[bx], m[by], m[axx], m[ayy], m[axy] = dx[x], dy[x], dxx[x], dyy[x], dxy[x]
	}
}
