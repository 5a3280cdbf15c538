package simd

import "math"

// LayerNormRows normalises every row of x [rows c], c = len(gamma), rows = len(mean) (Ba, Kiros, Hinton 2016):
//
//	dst[r][i] = fma((x[r][i] - mean[r])·inv[r], gamma[i], beta[i])
//
// with mean[r] the row's mean and inv[r] = 1/√(variance + eps), the variance being the mean square about mean[r]: a row is
// read three times, but only the first time from beyond the first-level cache. dst may be x. With stream it is written as by
// Stream where its rows are whole cache lines.
func LayerNormRows(dst, x, gamma, beta, mean, inv []float32, eps float32, stream bool) {
	c := len(gamma)
	set := active.layerNormRow
	if stream && wholeLines(dst, c) {
		set = active.layerNormRowStream
		defer active.fence()
	}
	beta, inv = beta[:c], inv[:len(mean)]
	for r := range mean {
		row := x[r*c : (r+1)*c]
		m := active.sum(row) / float32(c)
		mean[r] = m
		inv[r] = float32(1 / math.Sqrt(float64(active.squaresAbout(row, m))/float64(c)+float64(eps)))
		set(dst[r*c:(r+1)*c], row, gamma, beta, m, inv[r])
	}
}

// LayerNormGradRows sets dx to the gradient of LayerNormRows' x, and adds those of gamma and beta, row after row. With
// g = dy·gamma, h = (x - mean)·inv, and the means over the row:
//
//	dx = inv·(g - mean(g) - h·mean(g·h))    dgamma += dy·h    dbeta += dy
//
// dx may be dy. With stream it is written as by Stream where its rows are whole cache lines.
func LayerNormGradRows(dx, dgamma, dbeta, dy, x, gamma, mean, inv []float32, stream bool) {
	c := len(gamma)
	set := active.layerNormGradRow
	if stream && wholeLines(dx, c) {
		set = active.layerNormGradRowStream
		defer active.fence()
	}
	dgamma, dbeta, inv = dgamma[:c], dbeta[:c], inv[:len(mean)]
	for r, m := range mean {
		g, row := dy[r*c:(r+1)*c], x[r*c:(r+1)*c]
		s := float64(inv[r]) / float64(c)
		b := -s * float64(inv[r]) * float64(inv[r]) * float64(active.dotAbout(g, gamma, row, m))
		d := -s * float64(active.dot(g, gamma))
		set(dx[r*c:(r+1)*c], dgamma, dbeta, g, row, gamma, m, inv[r], float32(b), float32(d))
	}
}

// DotAbout returns Σ (x[i]·y[i])·(z[i] - a) over x, the sum fused, summed as in Sum. len(y), len(z) >= len(x).
func DotAbout(x, y, z []float32, a float32) float32 {
	return active.dotAbout(x, y[:len(x)], z[:len(x)], a)
}

// squaresAboutGo is Σ (x[i] - a)², fused.
func squaresAboutGo(x []float32, a float32) float32 {
	var acc [lanes]float32
	for i, v := range x {
		acc[i%lanes] = fma(v-a, v-a, acc[i%lanes])
	}
	return fold(&acc)
}

func dotAboutGo(x, y, z []float32, a float32) float32 {
	var acc [lanes]float32
	for i, v := range x {
		acc[i%lanes] = fma(float32(v*y[i]), z[i]-a, acc[i%lanes])
	}
	return fold(&acc)
}

func layerNormRowGo(dst, x, gamma, beta []float32, mean, inv float32) {
	for i := range dst {
		dst[i] = fma(float32((x[i]-mean)*inv), gamma[i], beta[i])
	}
}

func layerNormGradRowGo(dx, dgamma, dbeta, dy, x, gamma []float32, mean, inv, b, d float32) {
	for i := range dx {
		g, e := dy[i], x[i]-mean
		dbeta[i] += g
		dgamma[i] = fma(g, float32(e*inv), dgamma[i])
		dx[i] = fma(float32(g*gamma[i]), inv, fma(e, b, d))
	}
}
