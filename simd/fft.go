package simd

import "math"

// The steps of a fast Fourier transform over complex numbers kept apart: re and im are slices of one length. Transforms go
// through Stockham's self-sorting passes (Van Loan, "Computational Frameworks for the Fast Fourier Transform", 1992,
// section 1.7): a pass of radix r takes m·r rows of s numbers and writes rows in another order, so that no bits are reversed
// at the end. Rows are long, so each butterfly is plain arithmetic of vectors; package spectrum says how rows stay long.
//
// Every product is rounded, nothing fuses: the Go loops are then fast on every machine, and the same bits come out at
// every level. dst and src must not overlap.

// FFTPass computes m butterflies of radix 2, 3, 4 or 5, each over rows of s numbers:
//
//	a[k] = src[q + s·(p + m·k)]                          q < s, p < m, k < radix
//	dst[q + s·(radix·p + j)] = w[p][j]·Σₖ a[k]·exp(-2πi·j·k/radix)
//
// w holds the radix-1 factors w[p][1], w[p][2], ... of each p, real and imaginary part: 2·(radix-1)·m numbers; those of p = 0
// must be 1 and are not multiplied. All slices have radix·m·s numbers. Another radix panics.
func FFTPass(radix int, dre, dim, sre, sim, w []float32, s, m int) {
	n := radix * m * s
	if n == 0 {
		return
	}
	if radix < 2 || radix > 5 {
		panic("simd.FFTPass: the radix is none of 2, 3, 4 and 5")
	}
	dre, dim, sre, sim, w = dre[:n], dim[:n], sre[:n], sim[:n], w[:2*(radix-1)*m]
	if f := active.fftPass[radix-2]; f != nil && s >= 8 {
		f(&dre[0], &dim[0], &sre[0], &sim[0], &w[0], s, m)
		return
	}
	switch radix {
	case 2:
		fft2Go(dre, dim, sre, sim, w, s, m)
	case 3:
		fft3Go(dre, dim, sre, sim, w, s, m)
	case 4:
		fft4Go(dre, dim, sre, sim, w, s, m)
	case 5:
		fft5Go(dre, dim, sre, sim, w, s, m)
	}
}

// FFTTurn multiplies a matrix of rows by cols complex numbers by the factors w and transposes it:
//
//	dst[c·rows + r] = w[r·cols + c]·src[r·cols + c]
func FFTTurn(dre, dim, sre, sim, wre, wim []float32, rows, cols int) {
	n := rows * cols
	if n == 0 {
		return
	}
	dre, dim, sre, sim, wre, wim = dre[:n], dim[:n], sre[:n], sim[:n], wre[:n], wim[:n]
	if f := active.fftTurn; f != nil && rows >= 8 && cols >= 8 {
		f(&dre[0], &dim[0], &sre[0], &sim[0], &wre[0], &wim[0], rows, cols)
		return
	}
	fftTurnGo(dre, dim, sre, sim, wre, wim, rows, cols)
}

// FFTSplit multiplies x by w and deals it out, the even places to re, the odd ones to im:
//
//	re[i] = x[2·i]·w[2·i]     im[i] = x[2·i+1]·w[2·i+1]
//
// len(im) >= len(re), len(x) and len(w) >= 2·len(re).
func FFTSplit(re, im, x, w []float32) {
	n := len(re)
	im, x, w = im[:n], x[:2*n], w[:2*n]
	k := 0
	if f := active.fftSplit; f != nil && n >= 8 {
		k = n &^ 7
		f(&re[0], &im[0], &x[0], &w[0], k)
	}
	for ; k < n; k++ {
		re[k] = float32(x[2*k] * w[2*k])
		im[k] = float32(x[2*k+1] * w[2*k+1])
	}
}

// FFTReal makes the transform of 2·n real numbers, its first n+1 values, from z, that of the n complex numbers that FFTSplit
// dealt out, taken half as large:
//
//	a = z[k] + conj(z[n-k])   b = z[k] - conj(z[n-k])     z[n] is z[0], 0 <= k <= n
//	dst[k] = a - i·w[k]·b     w[k] = exp(-πi·k/n), n of them
//
// dst has n+1 numbers, z has n. w[n-k] must be -conj(w[k]), to the bit. The sign of a zero may differ from level to level.
func FFTReal(dre, dim, zre, zim, wre, wim []float32, n int) {
	if n == 0 {
		return
	}
	dre, dim, zre, zim, wre, wim = dre[:n+1], dim[:n+1], zre[:n], zim[:n], wre[:n], wim[:n]
	r, i := zre[0]+zre[0], zim[0]+zim[0]
	dre[0], dim[0] = r+i, 0
	dre[n], dim[n] = r-i, 0
	if f := active.fftReal; f != nil && n >= 9 {
		f(&dre[0], &dim[0], &zre[0], &zim[0], &wre[0], &wim[0], n)
		return
	}
	for k := 1; k < n; k++ {
		ar, ai := zre[k]+zre[n-k], zim[k]-zim[n-k]
		br, bi := zre[k]-zre[n-k], zim[k]+zim[n-k]
		dre[k] = ar + (float32(wre[k]*bi) + float32(wim[k]*br))
		dim[k] = ai + (float32(wim[k]*bi) - float32(wre[k]*br))
	}
}

// Power sets dst to re² + im²:
//
//	for i := range dst {
//		dst[i] = re[i]*re[i] + im[i]*im[i]
//	}
//
// dst may be re or im.
func Power(dst, re, im []float32) {
	n := len(dst)
	re, im = re[:n], im[:n]
	k := 0
	if f := active.fftPower; f != nil && n >= 8 {
		k = n &^ 7
		f(&dst[0], &re[0], &im[0], k, 0)
	}
	for ; k < n; k++ {
		dst[k] = float32(re[k]*re[k]) + float32(im[k]*im[k])
	}
}

// Magnitude sets dst to the root of re² + im², which is not scaled: values whose square leaves the range of float32 become +Inf or 0.
func Magnitude(dst, re, im []float32) {
	n := len(dst)
	re, im = re[:n], im[:n]
	k := 0
	if f := active.fftPower; f != nil && n >= 8 {
		k = n &^ 7
		f(&dst[0], &re[0], &im[0], k, 1)
	}
	for ; k < n; k++ {
		dst[k] = float32(math.Sqrt(float64(float32(re[k]*re[k]) + float32(im[k]*im[k]))))
	}
}

// times returns a·w, unless p is 0, where w is 1.
func times(p int, ar, ai, wr, wi float32) (r, i float32) {
	if p == 0 {
		return ar, ai
	}
	return float32(ar*wr) - float32(ai*wi), float32(ar*wi) + float32(ai*wr)
}

func fft2Go(dre, dim, sre, sim, w []float32, s, m int) {
	for p := range m {
		wr, wi := w[2*p], w[2*p+1]
		for q := range s {
			i, j := q+s*p, q+s*(p+m)
			ar, ai, br, bi := sre[i], sim[i], sre[j], sim[j]
			o := q + s*2*p
			dre[o], dim[o] = ar+br, ai+bi
			dre[o+s], dim[o+s] = times(p, ar-br, ai-bi, wr, wi)
		}
	}
}

// sin3 is sin(2π/3); cos(2π/3) is -1/2.
const sin3 float32 = 0.86602540378443864676

func fft3Go(dre, dim, sre, sim, w []float32, s, m int) {
	for p := range m {
		w := w[4*p : 4*p+4]
		for q := range s {
			i := q + s*p
			j, k := i+s*m, i+2*s*m
			ar, ai, br, bi, cr, ci := sre[i], sim[i], sre[j], sim[j], sre[k], sim[k]
			tr, ti := br+cr, bi+ci
			ur, ui := float32((br-cr)*sin3), float32((bi-ci)*sin3)
			hr, hi := ar-float32(tr*0.5), ai-float32(ti*0.5)
			o := q + s*3*p
			dre[o], dim[o] = ar+tr, ai+ti
			dre[o+s], dim[o+s] = times(p, hr+ui, hi-ur, w[0], w[1])
			dre[o+2*s], dim[o+2*s] = times(p, hr-ui, hi+ur, w[2], w[3])
		}
	}
}

func fft4Go(dre, dim, sre, sim, w []float32, s, m int) {
	for p := range m {
		w := w[6*p : 6*p+6]
		for q := range s {
			i := q + s*p
			ar, ai, br, bi := sre[i], sim[i], sre[i+s*m], sim[i+s*m]
			cr, ci, er, ei := sre[i+2*s*m], sim[i+2*s*m], sre[i+3*s*m], sim[i+3*s*m]
			tr, ti, ur, ui := ar+cr, ai+ci, ar-cr, ai-ci
			vr, vi, xr, xi := br+er, bi+ei, br-er, bi-ei
			o := q + s*4*p
			dre[o], dim[o] = tr+vr, ti+vi
			dre[o+s], dim[o+s] = times(p, ur+xi, ui-xr, w[0], w[1])
			dre[o+2*s], dim[o+2*s] = times(p, tr-vr, ti-vi, w[2], w[3])
			dre[o+3*s], dim[o+3*s] = times(p, ur-xi, ui+xr, w[4], w[5])
		}
	}
}

// Cosines and sines of 2π/5 and 4π/5.
const (
	cos5 float32 = 0.30901699437494742410
	sin5 float32 = 0.95105651629515357212
	cos6 float32 = -0.80901699437494742410
	sin6 float32 = 0.58778525229247312917
)

func fft5Go(dre, dim, sre, sim, w []float32, s, m int) {
	for p := range m {
		w := w[8*p : 8*p+8]
		for q := range s {
			i := q + s*p
			ar, ai := sre[i], sim[i]
			br, bi, cr, ci := sre[i+s*m], sim[i+s*m], sre[i+2*s*m], sim[i+2*s*m]
			er, ei, fr, fi := sre[i+3*s*m], sim[i+3*s*m], sre[i+4*s*m], sim[i+4*s*m]
			tr, ti, ur, ui := br+fr, bi+fi, cr+er, ci+ei // sums of the outer and the inner pair
			xr, xi, yr, yi := br-fr, bi-fi, cr-er, ci-ei // their differences
			gr := ar + (float32(tr*cos5) + float32(ur*cos6))
			gi := ai + (float32(ti*cos5) + float32(ui*cos6))
			hr := ar + (float32(tr*cos6) + float32(ur*cos5))
			hi := ai + (float32(ti*cos6) + float32(ui*cos5))
			jr := float32(xr*sin5) + float32(yr*sin6)
			ji := float32(xi*sin5) + float32(yi*sin6)
			kr := float32(xr*sin6) - float32(yr*sin5)
			ki := float32(xi*sin6) - float32(yi*sin5)
			o := q + s*5*p
			dre[o], dim[o] = ar+(tr+ur), ai+(ti+ui)
			dre[o+s], dim[o+s] = times(p, gr+ji, gi-jr, w[0], w[1])
			dre[o+2*s], dim[o+2*s] = times(p, hr+ki, hi-kr, w[2], w[3])
			dre[o+3*s], dim[o+3*s] = times(p, hr-ki, hi+kr, w[4], w[5])
			dre[o+4*s], dim[o+4*s] = times(p, gr-ji, gi+jr, w[6], w[7])
		}
	}
}

func fftTurnGo(dre, dim, sre, sim, wre, wim []float32, rows, cols int) {
	for r := range rows {
		for c := range cols {
			k, o := r*cols+c, c*rows+r
			dre[o], dim[o] = float32(sre[k]*wre[k])-float32(sim[k]*wim[k]), float32(sre[k]*wim[k])+float32(sim[k]*wre[k])
		}
	}
}
