package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// BatchStats sets mean and variance (the biased one, divided by the number of rows), [C], of the rows of x [... C].
// The sums run over x minus its first row, so that a large mean costs no digits; see columnSums.
func BatchStats(mean, variance []float32, x *Tensor) {
	rows, c := rows2(x)
	if rows == 0 || len(mean) != c || len(variance) != c {
		fail("BatchStats", "%d and %d statistics of %v", len(mean), len(variance), x.Shape)
	}
	shift := x.Data[:c]
	columnSums(rows, c, func(sums []float32, lo, hi int) {
		simd.MomentRows(sums[:c], sums[c:], x.Data[lo*c:hi*c], shift, hi-lo)
	}, func(sums []float64) {
		n := float64(rows)
		for j := range c {
			m := sums[j] / n
			mean[j] = float32(float64(shift[j]) + m)
			variance[j] = float32(math.Max(0, sums[c+j]/n-m*m))
		}
	}, 2)
}

// chunksDown is parallel.Chunks from the last piece to the first: a second pass over the same memory begins with what the
// first pass left in the cache.
func chunksDown(n, size int, f func(lo, hi int)) {
	pieces := (n + size - 1) / size
	parallel.For(pieces, func(i int) {
		lo := (pieces - 1 - i) * size
		f(lo, min(n, lo+size))
	})
}

// Affine sets y[r][c] = x[r][c]·scale[c] + shift[c], plus z[r][c] where z is not nil, and where relu is set the ReLU
// of that. y may be x or z.
func Affine(y, x, z *Tensor, scale, shift []float32, relu bool) {
	rows, c := rows2(x)
	if len(y.Data) != len(x.Data) || z != nil && len(z.Data) != len(x.Data) || len(scale) != c || len(shift) != c {
		fail("Affine", "output %v of %v with %d scales and %d shifts", y.Shape, x.Shape, len(scale), len(shift))
	}
	chunksDown(rows, max(1, chunk/max(c, 1)), func(lo, hi int) {
		yy, xx := y.Data[lo*c:hi*c], x.Data[lo*c:hi*c]
		switch {
		case z != nil && relu:
			simd.AffineAddReLURows(yy, xx, z.Data[lo*c:], scale, shift)
		case z != nil:
			simd.AffineAddRows(yy, xx, z.Data[lo*c:], scale, shift)
		case relu:
			simd.AffineReLURows(yy, xx, scale, shift)
		default:
			simd.AffineRows(yy, xx, scale, shift)
		}
	})
}

// BatchNormGrad computes the gradients of y = relu?(xhat·gamma + beta), xhat = (x - mean)·inv (Ioffe and Szegedy 2015):
//
//	g = dy where y > 0 (all of dy for y nil)
//	dbeta = Σ g;   dgamma = Σ g·xhat;   dx = gamma·inv·(g - dbeta/N - xhat·dgamma/N)
//
// It adds to dgamma and dbeta, and sets dx, or with add adds to it. Any of the three may be nil. With frozen set mean and inv are constants and dx = gamma·inv·g.
func BatchNormGrad(dx *Tensor, add bool, dgamma, dbeta []float32, dy, x, y *Tensor, mean, inv, gamma []float32, frozen bool) {
	BatchNormGradOf(dx, add, dgamma, dbeta, dy, x, y, mean, inv, gamma, frozen, nil)
}

// BatchNormGradOf is BatchNormGrad of a part of a batch, whose mean and inv are those of all of it. join is handed what the part adds to N, dbeta and dgamma, [1 + 2C],
// and must add up those of all parts, in place: dx is of all, dgamma and dbeta of the part alone. Where it is nil the part is all there is.
func BatchNormGradOf(dx *Tensor, add bool, dgamma, dbeta []float32, dy, x, y *Tensor, mean, inv, gamma []float32, frozen bool, join func(sums []float64)) {
	rows, c := rows2(x)
	k := borrow(3 * c)
	defer giveBack(k)
	a, b, d := k[:c], k[c:2*c], k[2*c:]
	columnSums(rows, c, func(sums []float32, lo, hi int) {
		if y == nil {
			simd.NormGradSums(sums[:c], sums[c:], dy.Data[lo*c:], x.Data[lo*c:], mean, hi-lo)
		} else {
			simd.NormGradReLUSums(sums[:c], sums[c:], dy.Data[lo*c:], x.Data[lo*c:], y.Data[lo*c:], mean, hi-lo)
		}
	}, func(sums []float64) {
		n := float64(rows)
		for j := range c {
			if dgamma != nil {
				dgamma[j] += float32(sums[c+j] * float64(inv[j]))
			}
			if dbeta != nil {
				dbeta[j] += float32(sums[j])
			}
		}
		if join != nil {
			all := append([]float64{n}, sums...)
			join(all)
			n, sums = all[0], all[1:]
		}
		for j := range c {
			db, dg := sums[j], sums[c+j]*float64(inv[j])
			s := float64(inv[j])
			if gamma != nil {
				s *= float64(gamma[j])
			}
			a[j], b[j], d[j] = float32(s), 0, 0
			if !frozen {
				bb := -s * float64(inv[j]) * dg / n
				b[j] = float32(bb)
				d[j] = float32(-s*db/n - bb*float64(mean[j]))
			}
		}
	}, 2)
	if dx == nil {
		return
	}
	chunksDown(rows, max(1, chunk/max(c, 1)), func(lo, hi int) {
		to, dyy, xx := dx.Data[lo*c:hi*c], dy.Data[lo*c:], x.Data[lo*c:]
		switch {
		case y == nil && add:
			simd.NormGradRows(to, dyy, xx, a, b, d)
		case y == nil:
			simd.NormGradSetRows(to, dyy, xx, a, b, d)
		case add:
			simd.NormGradReLURows(to, dyy, xx, y.Data[lo*c:], a, b, d)
		default:
			simd.NormGradReLUSetRows(to, dyy, xx, y.Data[lo*c:], a, b, d)
		}
	})
}

// GroupNorm normalises x [N ... C] over groups of channels and all positions of a sample (Wu and He 2018); groups equal
// to C is instance normalisation. mean and inv, [N·groups], are for the gradient. gamma and beta are [C] or nil.
func GroupNorm(y, x *Tensor, groups int, eps float32, gamma, beta, mean, inv []float32) {
	n, p, c := groupDims("GroupNorm", x, groups)
	cg := c / groups
	parallel.For(n*groups, func(t int) {
		i, g := t/groups, t%groups
		base := i*p*c + g*cg
		s, q := 0.0, 0.0
		for r := range p {
			for _, v := range x.Data[base+r*c:][:cg] {
				s += float64(v)
				q += float64(v) * float64(v)
			}
		}
		m := s / float64(p*cg)
		is := 1 / math.Sqrt(math.Max(0, q/float64(p*cg)-m*m)+float64(eps))
		mean[t], inv[t] = float32(m), float32(is)
		for r := range p {
			src, dst := x.Data[base+r*c:][:cg], y.Data[base+r*c:][:cg]
			for j, v := range src {
				h := float32((float64(v) - m) * is)
				if gamma != nil {
					h *= gamma[g*cg+j]
				}
				if beta != nil {
					h += beta[g*cg+j]
				}
				dst[j] = h
			}
		}
	})
}

// AddGroupNormGrad adds the gradients of GroupNorm.
func AddGroupNormGrad(dx *Tensor, dgamma, dbeta []float32, dy, x *Tensor, groups int, gamma, mean, inv []float32) {
	n, p, c := groupDims("GroupNorm", x, groups)
	cg := c / groups
	pg, pb := make([]float64, n*c), make([]float64, n*c)
	parallel.For(n*groups, func(t int) {
		i, g := t/groups, t%groups
		base := i*p*c + g*cg
		m, is := float64(mean[t]), float64(inv[t])
		s, q := 0.0, 0.0 // Σ g·gamma, Σ g·gamma·xhat
		for r := range p {
			for j, v := range x.Data[base+r*c:][:cg] {
				d := float64(dy.Data[base+r*c+j])
				h := (float64(v) - m) * is
				pb[i*c+g*cg+j] += d
				pg[i*c+g*cg+j] += d * h
				if gamma != nil {
					d *= float64(gamma[g*cg+j])
				}
				s += d
				q += d * h
			}
		}
		if dx == nil {
			return
		}
		s /= float64(p * cg)
		q /= float64(p * cg)
		for r := range p {
			for j, v := range x.Data[base+r*c:][:cg] {
				d := float64(dy.Data[base+r*c+j])
				if gamma != nil {
					d *= float64(gamma[g*cg+j])
				}
				dx.Data[base+r*c+j] += float32(is * (d - s - (float64(v)-m)*is*q))
			}
		}
	})
	for j := range c {
		tg, tb := 0.0, 0.0
		for i := range n {
			tg += pg[i*c+j]
			tb += pb[i*c+j]
		}
		if dgamma != nil {
			dgamma[j] += float32(tg)
		}
		if dbeta != nil {
			dbeta[j] += float32(tb)
		}
	}
}

func groupDims(op string, x *Tensor, groups int) (n, p, c int) {
	if len(x.Shape) < 2 {
		fail(op, "input %v needs at least two axes", x.Shape)
	}
	n, c = x.Shape[0], x.Dim(-1)
	if groups < 1 || c%groups != 0 {
		fail(op, "%d channels do not divide into %d groups", c, groups)
	}
	if n == 0 || c == 0 {
		return n, 0, c
	}
	return n, len(x.Data) / n / c, c
}

// LRN is AlexNet's local response normalisation (Krizhevsky, Sutskever, Hinton 2012, section 3.3) over channels:
//
//	y[c] = x[c] · s[c]^-beta,   s[c] = k + alpha/size · Σ x[j]², j from c - size/2 to c - size/2 + size - 1
//
// s, of x's shape, is for the gradient.
func LRN(y, s, x *Tensor, size int, alpha, beta, k float32) {
	sameShapes("LRN", y, s, x)
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, 1<<12/max(c, 1)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			xr, sr := x.Data[r*c:(r+1)*c], s.Data[r*c:(r+1)*c]
			for j := range c {
				q := float32(0)
				for i := max(0, j-size/2); i < min(c, j-size/2+size); i++ {
					q += float32(xr[i] * xr[i])
				}
				sr[j] = k + float32(alpha/float32(size)*q)
			}
		}
		power := borrow((hi - lo) * c)
		defer giveBack(power)
		powerOf(power, s.Data[lo*c:hi*c], -beta)
		simd.Mul(y.Data[lo*c:hi*c], power, x.Data[lo*c:])
	})
}

// powerOf sets dst to x^p of positive x: exp(p·log x), good to a few ulp where x is near 1, as in LRN.
func powerOf(dst, x []float32, p float32) {
	simd.Log(dst, x)
	simd.Scale(dst, p, dst)
	simd.Exp(dst, dst)
}

// AddLRNGrad adds the gradient of LRN's input: dx[i] += dy[i]·s[i]^-beta - 2·alpha·beta/size · x[i] · Σ dy[c]·y[c]/s[c]
// over the c whose sum holds i.
func AddLRNGrad(dx, dy, x, y, s *Tensor, size int, alpha, beta float32) {
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, 1<<12/max(c, 1)), func(lo, hi int) {
		power := borrow((hi - lo) * c)
		defer giveBack(power)
		powerOf(power, s.Data[lo*c:hi*c], -beta)
		for r := lo; r < hi; r++ {
			b := r * c
			for i := range c {
				t := 0.0
				for j := max(0, i+size/2-size+1); j < min(c, i+size/2+1); j++ {
					t += float64(dy.Data[b+j]) * float64(y.Data[b+j]) / float64(s.Data[b+j])
				}
				dx.Data[b+i] += float32(dy.Data[b+i]*power[b-lo*c+i]) -
					float32(2*float64(alpha)*float64(beta)/float64(size)*float64(x.Data[b+i])*t)
			}
		}
	})
}

// L2Normalize sets every row of y to the row of x [... C] divided by max(‖x‖, eps), and norm, one per row, to the divisor.
func L2Normalize(y, x *Tensor, norm []float32, eps float32) {
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := x.Data[r*c : (r+1)*c]
			norm[r] = max(float32(math.Sqrt(float64(simd.SumSquares(row)))), eps)
			simd.Scale(y.Data[r*c:(r+1)*c], 1/norm[r], row)
		}
	})
}

// AddL2NormalizeGrad adds (dy - y·(dy·y))/norm to dx; where the norm was not above eps, dy/eps, or nothing with skip set.
func AddL2NormalizeGrad(dx, dy, y *Tensor, norm []float32, eps float32, skip bool) {
	rows, c := rows2(y)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			d, g, v := dx.Data[r*c:(r+1)*c], dy.Data[r*c:(r+1)*c], y.Data[r*c:(r+1)*c]
			if skip && norm[r] <= eps {
				continue
			}
			simd.Axpy(d, 1/norm[r], g)
			if norm[r] > eps {
				simd.Axpy(d, -simd.Dot(g, v)/norm[r], v)
			}
		}
	})
}
