package simd

// Everything here runs over rows of c columns laid one after the other, [rows c], with one value per column in
// the parameter slices: c is the length of the first parameter, and len(dst) a multiple of it. Products and sums
// fuse where the doc writes fma. dst may be x or z.

// AffineRows sets dst[r][c] = fma(x[r][c], scale[c], shift[c]).
func AffineRows(dst, x, scale, shift []float32) {
	active.affineRows(dst, x[:len(dst)], scale, shift[:len(scale)])
}

// AffineReLURows sets dst[r][c] = relu(fma(x[r][c], scale[c], shift[c])).
func AffineReLURows(dst, x, scale, shift []float32) {
	active.affineReLURows(dst, x[:len(dst)], scale, shift[:len(scale)])
}

// AffineAddRows sets dst[r][c] = fma(x[r][c], scale[c], shift[c]) + z[r][c].
func AffineAddRows(dst, x, z, scale, shift []float32) {
	active.affineAddRows(dst, x[:len(dst)], z[:len(dst)], scale, shift[:len(scale)])
}

// AffineAddReLURows sets dst[r][c] = relu(fma(x[r][c], scale[c], shift[c]) + z[r][c]).
func AffineAddReLURows(dst, x, z, scale, shift []float32) {
	active.affineAddReLURows(dst, x[:len(dst)], z[:len(dst)], scale, shift[:len(scale)])
}

// NormGradRows adds to dx[r][c] fma(dy[r][c], a[c], fma(x[r][c], b[c], d[c])).
func NormGradRows(dx, dy, x, a, b, d []float32) {
	active.normGradRows(dx, dy[:len(dx)], x[:len(dx)], a, b[:len(a)], d[:len(a)])
}

// NormGradReLURows is NormGradRows with 0 in place of dy where y <= 0.
func NormGradReLURows(dx, dy, x, y, a, b, d []float32) {
	active.normGradReLURows(dx, dy[:len(dx)], x[:len(dx)], y[:len(dx)], a, b[:len(a)], d[:len(a)])
}

// NormGradSetRows is NormGradRows, setting dx.
func NormGradSetRows(dx, dy, x, a, b, d []float32) {
	active.normGradSetRows(dx, dy[:len(dx)], x[:len(dx)], a, b[:len(a)], d[:len(a)])
}

// NormGradReLUSetRows is NormGradReLURows, setting dx.
func NormGradReLUSetRows(dx, dy, x, y, a, b, d []float32) {
	active.normGradReLUSetRows(dx, dy[:len(dx)], x[:len(dx)], y[:len(dx)], a, b[:len(a)], d[:len(a)])
}

// MomentRows adds, with e = x[r][c] - shift[c], Σ e to sum[c] and Σ e² to sumsq[c], row after row.
func MomentRows(sum, sumsq, x, shift []float32, rows int) {
	c := len(sum)
	active.momentRows(sum, sumsq[:c], x[:rows*c], shift[:c], rows)
}

// NormGradSums adds Σ dy[r][c] to sum[c] and Σ dy[r][c]·(x[r][c] - mean[c]) to dot[c], row after row.
func NormGradSums(sum, dot, dy, x, mean []float32, rows int) {
	c := len(sum)
	active.normGradSums(sum, dot[:c], dy[:rows*c], x[:rows*c], mean[:c], rows)
}

// NormGradReLUSums is NormGradSums with 0 in place of dy where y <= 0.
func NormGradReLUSums(sum, dot, dy, x, y, mean []float32, rows int) {
	c := len(sum)
	active.normGradReLUSums(sum, dot[:c], dy[:rows*c], x[:rows*c], y[:rows*c], mean[:c], rows)
}

// SumRows adds Σ x[r][c] to sum[c], row after row.
func SumRows(sum, x []float32, rows int) { active.sumRows(sum, x[:rows*len(sum)], rows) }

func affineRowsGo(dst, x, scale, shift []float32) {
	c := len(scale)
	for i := range dst {
		dst[i] = fma(x[i], scale[i%c], shift[i%c])
	}
}

func affineReLURowsGo(dst, x, scale, shift []float32) {
	affineRowsGo(dst, x, scale, shift)
	reluGo(dst, dst)
}

func affineAddRowsGo(dst, x, z, scale, shift []float32) {
	c := len(scale)
	for i := range dst {
		dst[i] = fma(x[i], scale[i%c], shift[i%c]) + z[i]
	}
}

func affineAddReLURowsGo(dst, x, z, scale, shift []float32) {
	affineAddRowsGo(dst, x, z, scale, shift)
	reluGo(dst, dst)
}

func normGradRowsGo(dx, dy, x, a, b, d []float32) {
	c := len(a)
	for i := range dx {
		dx[i] += fma(dy[i], a[i%c], fma(x[i], b[i%c], d[i%c]))
	}
}

func normGradReLURowsGo(dx, dy, x, y, a, b, d []float32) {
	c := len(a)
	for i := range dx {
		dx[i] += fma(where(y[i], dy[i]), a[i%c], fma(x[i], b[i%c], d[i%c]))
	}
}

func normGradSetRowsGo(dx, dy, x, a, b, d []float32) {
	c := len(a)
	for i := range dx {
		dx[i] = fma(dy[i], a[i%c], fma(x[i], b[i%c], d[i%c]))
	}
}

func normGradReLUSetRowsGo(dx, dy, x, y, a, b, d []float32) {
	c := len(a)
	for i := range dx {
		dx[i] = fma(where(y[i], dy[i]), a[i%c], fma(x[i], b[i%c], d[i%c]))
	}
}

func momentRowsGo(sum, sumsq, x, shift []float32, rows int) {
	c := len(sum)
	for i, v := range x[:rows*c] {
		e := v - shift[i%c]
		sum[i%c] += e
		sumsq[i%c] = fma(e, e, sumsq[i%c])
	}
}

func normGradSumsGo(sum, dot, dy, x, mean []float32, rows int) {
	c := len(sum)
	for i, g := range dy[:rows*c] {
		sum[i%c] += g
		dot[i%c] = fma(g, x[i]-mean[i%c], dot[i%c])
	}
}

func normGradReLUSumsGo(sum, dot, dy, x, y, mean []float32, rows int) {
	c := len(sum)
	for i, g := range dy[:rows*c] {
		g = where(y[i], g)
		sum[i%c] += g
		dot[i%c] = fma(g, x[i]-mean[i%c], dot[i%c])
	}
}

func sumRowsGo(sum, x []float32, rows int) {
	c := len(sum)
	for i, v := range x[:rows*c] {
		sum[i%c] += v
	}
}

// where returns 0 if y, the output of a ReLU, is not positive, else v: a NaN passes, as in PyTorch.
func where(y, v float32) float32 {
	if y <= 0 {
		return 0
	}
	return v
}
