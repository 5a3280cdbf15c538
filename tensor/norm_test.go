package tensor

import (
	"fmt"
	"math"
	"testing"
)

// TestBatchNorm compares statistics, Affine and the gradients with the definitions in float64: with and without ReLU, residual,
// scale and frozen statistics, setting and adding, over one chunk of rows and several.
func TestBatchNorm(t *testing.T) {
	for _, s := range [][]int{{2, 3, 5}, {1, 7}, {18, 2047}, {40, 2}} {
		r, c := NewRNG(11), s[len(s)-1]
		x, dy := r.FillNormal(New(s...), 100, 3), r.FillNormal(New(s...), 0, 1)
		rows := x.Len() / c
		gamma, shift := r.FillNormal(New(c), 1, 0.3).Data, r.FillNormal(New(c), 0, 0.5).Data
		what := fmt.Sprint(s)
		mean, variance, inv, scale := make([]float32, c), make([]float32, c), make([]float32, c), make([]float32, c)
		BatchStats(mean, variance, x)
		for j := range c {
			m, v := 0.0, 0.0
			for i := range rows {
				m += float64(x.Data[i*c+j]) / float64(rows)
			}
			for i := range rows {
				v += math.Pow(float64(x.Data[i*c+j])-m, 2) / float64(rows)
			}
			closeTo(t, what, mean[j], m, 1e-5)
			closeTo(t, what, variance[j], v, 1e-4*(0.1+v))
			inv[j] = float32(1 / math.Sqrt(v+1))
			scale[j] = gamma[j] * inv[j]
			shift[j] -= mean[j] * scale[j]
		}
		z := r.FillNormal(New(s...), 0, 1)
		for _, residual := range []*Tensor{nil, z} {
			for _, relu := range []bool{false, true} {
				y := New(s...).Fill(float32(math.NaN()))
				Affine(y, x, residual, scale, shift, relu)
				for i, v := range x.Data {
					want := float64(v)*float64(scale[i%c]) + float64(shift[i%c])
					if residual != nil {
						want += float64(z.Data[i])
					}
					if relu {
						want = max(0, want)
					}
					closeTo(t, what, y.Data[i], want, 1e-4)
				}
				if residual == nil && !relu {
					y = nil
				}
				testBatchNormGrad(t, what, x, dy, y, mean, inv, gamma)
			}
		}
	}
}

func testBatchNormGrad(t *testing.T, what string, x, dy, y *Tensor, mean, inv, gamma []float32) {
	c := len(mean)
	rows := x.Len() / c
	g, h := make([]float64, x.Len()), make([]float64, x.Len())
	sum, with := make([]float64, c), make([]float64, c)
	for i := range g {
		j := i % c
		h[i] = (float64(x.Data[i]) - float64(mean[j])) * float64(inv[j])
		if g[i] = float64(dy.Data[i]); y != nil && !(y.Data[i] > 0) {
			g[i] = 0
		}
		sum[j] += g[i]
		with[j] += g[i] * h[i]
	}
	for _, frozen := range []bool{false, true} {
		for _, gamma := range [][]float32{gamma, nil} {
			set, added := New(x.Shape...).Fill(float32(math.NaN())), New(x.Shape...).Fill(2)
			dgamma, dbeta, none := New(c).Fill(3), New(c).Fill(4), New(c)
			BatchNormGrad(set, false, dgamma.Data, dbeta.Data, dy, x, y, mean, inv, gamma, frozen)
			BatchNormGrad(added, true, nil, none.Data, dy, x, y, mean, inv, gamma, frozen)
			BatchNormGrad(nil, false, none.Data, nil, dy, x, y, mean, inv, gamma, frozen)
			for j := range c {
				closeTo(t, what, dgamma.Data[j], 3+with[j], 1e-5*float64(20+rows))
				closeTo(t, what, dbeta.Data[j], 4+sum[j], 1e-6*float64(20+rows))
				closeTo(t, what, none.Data[j], with[j]+sum[j], 1e-5*float64(20+rows))
			}
			for i := range g {
				j := i % c
				want := g[i]
				if !frozen {
					want -= (sum[j] + h[i]*with[j]) / float64(rows)
				}
				want *= float64(inv[j])
				if gamma != nil {
					want *= float64(gamma[j])
				}
				closeTo(t, what, set.Data[i], want, 1e-4)
				closeTo(t, what, added.Data[i], 2+want, 1e-4)
			}
		}
	}
}

// TestNoVariance: a constant has the variance 0, not one below.
func TestNoVariance(t *testing.T) {
	mean, variance := make([]float32, 1), make([]float32, 1)
	BatchStats(mean, variance, New(1000, 1).Fill(0.1))
	if mean[0] != 0.1 || variance[0] != 0 {
		t.Errorf("mean %g, variance %g of 0.1", mean[0], variance[0])
	}
}

// TestGroupNorm compares GroupNorm and its gradients, which add, with the definition in float64, with all of scale and shift and
// without.
func TestGroupNorm(t *testing.T) {
	for _, c := range []struct {
		shape  []int
		groups int
	}{{[]int{2, 3, 5, 6}, 3}, {[]int{3, 4, 6}, 1}, {[]int{2, 5, 4}, 4}, {[]int{3, 8}, 2}, {[]int{0, 2, 4}, 2}} {
		r, ch, n := NewRNG(12), c.shape[len(c.shape)-1], c.shape[0]
		x, dy := r.FillNormal(New(c.shape...), 2, 3), r.FillNormal(New(c.shape...), 0, 1)
		per := ch / c.groups
		size, count := x.Len()/max(n, 1), x.Len()/max(n, 1)/ch*per
		group := func(i int) int { return i/max(size, 1)*c.groups + i%ch/per }
		for _, affine := range []bool{true, false} {
			what := fmt.Sprintf("%v in %d groups, scale and shift: %v", c.shape, c.groups, affine)
			var gamma, beta []float32
			if affine {
				gamma, beta = r.FillNormal(New(ch), 1, 0.3).Data, r.FillNormal(New(ch), 0, 1).Data
			}
			all := n * c.groups
			m, v, g1, g2 := make([]float64, all), make([]float64, all), make([]float64, all), make([]float64, all)
			for i, x := range x.Data {
				m[group(i)] += float64(x) / float64(count)
			}
			for i, x := range x.Data {
				v[group(i)] += math.Pow(float64(x)-m[group(i)], 2) / float64(count)
			}
			h, g := make([]float64, x.Len()), make([]float64, x.Len())
			y, mean, inv := New(c.shape...), make([]float32, all), make([]float32, all)
			GroupNorm(y, x, c.groups, 0.5, gamma, beta, mean, inv)
			wantG, wantB := make([]float64, ch), make([]float64, ch)
			for i, x := range x.Data {
				k, j := group(i), i%ch
				closeTo(t, what+": mean", mean[k], m[k], 1e-5)
				closeTo(t, what+": inv", inv[k], 1/math.Sqrt(v[k]+0.5), 1e-5)
				h[i], g[i] = (float64(x)-m[k])/math.Sqrt(v[k]+0.5), float64(dy.Data[i])
				want := h[i]
				wantB[j] += g[i]
				wantG[j] += g[i] * h[i]
				if affine {
					want = want*float64(gamma[j]) + float64(beta[j])
					g[i] *= float64(gamma[j])
				}
				closeTo(t, what+": y", y.Data[i], want, 1e-5)
				g1[k] += g[i] / float64(count)
				g2[k] += g[i] * h[i] / float64(count)
			}
			dx, dgamma, dbeta, both := New(c.shape...).Fill(2), New(ch).Fill(3), New(ch).Fill(4), New(ch)
			AddGroupNormGrad(dx, dgamma.Data, dbeta.Data, dy, x, c.groups, gamma, mean, inv)
			AddGroupNormGrad(nil, both.Data, nil, dy, x, c.groups, gamma, mean, inv)
			AddGroupNormGrad(nil, nil, both.Data, dy, x, c.groups, gamma, mean, inv)
			for i, d := range dx.Data {
				k := group(i)
				closeTo(t, what+": dx", d, 2+(g[i]-g1[k]-h[i]*g2[k])/math.Sqrt(v[k]+0.5), 2e-5)
			}
			for j := range ch {
				closeTo(t, what+": dgamma", dgamma.Data[j], 3+wantG[j], 1e-4)
				closeTo(t, what+": dbeta", dbeta.Data[j], 4+wantB[j], 1e-4)
				closeTo(t, what+": dgamma and dbeta", both.Data[j], wantG[j]+wantB[j], 1e-4)
			}
		}
	}
}

// TestLRN compares with the definition in float64, and the gradient, which adds, with the definition's derivative by differences.
func TestLRN(t *testing.T) {
	const alpha, beta, k = 0.7, 0.75, 1.5
	for _, c := range []struct{ rows, c, size int }{{3, 9, 5}, {2, 7, 4}, {4, 3, 5}, {2, 5, 1}, {700, 8, 3}} {
		r := NewRNG(13)
		x, dy := r.FillNormal(New(c.rows, c.c), 0, 1), r.FillNormal(New(c.rows, c.c), 0, 1)
		x64 := make([]float64, x.Len())
		for i, v := range x.Data {
			x64[i] = float64(v)
		}
		at := func(row, j int) (y, s float64) {
			for i := j - c.size/2; i < j-c.size/2+c.size; i++ {
				if i >= 0 && i < c.c {
					s += x64[row*c.c+i] * x64[row*c.c+i]
				}
			}
			s = k + alpha/float64(c.size)*s
			return x64[row*c.c+j] * math.Pow(s, -beta), s
		}
		what := fmt.Sprintf("%+v", c)
		y, s, dx := New(c.rows, c.c), New(c.rows, c.c), New(c.rows, c.c).Fill(2)
		LRN(y, s, x, c.size, alpha, beta, k)
		AddLRNGrad(dx, dy, x, y, s, c.size, alpha, beta)
		for row := range c.rows {
			for j := range c.c {
				i := row*c.c + j
				wantY, wantS := at(row, j)
				closeTo(t, what+": y", y.Data[i], wantY, 1e-5)
				closeTo(t, what+": s", s.Data[i], wantS, 1e-5)
				const h = 1e-5
				was, slope := x64[i], 0.0
				for _, sign := range []float64{1, -1} {
					x64[i] = was + sign*h
					for o := range c.c {
						v, _ := at(row, o)
						slope += sign * v * float64(dy.Data[row*c.c+o]) / (2 * h)
					}
				}
				x64[i] = was
				closeTo(t, what+": dx", dx.Data[i], 2+slope, 1e-5)
			}
		}
	}
}

// TestL2Normalize compares with the definition, and the gradient, which adds, with the projection that it is; rows shorter than
// eps are divided by eps.
func TestL2Normalize(t *testing.T) {
	const eps = 0.5
	for _, s := range [][]int{{3, 4}, {2, 3, 7}, {700, 100}} {
		r, c := NewRNG(14), s[len(s)-1]
		x, dy := r.FillNormal(New(s...), 0, 1), r.FillNormal(New(s...), 0, 1)
		for j := range c {
			x.Data[j] *= 0.01
		}
		y, norm, dx := New(s...), make([]float32, x.Len()/c), New(s...).Fill(2)
		L2Normalize(y, x, norm, eps)
		AddL2NormalizeGrad(dx, dy, y, norm, eps, false)
		for i := range norm {
			q, along := 0.0, 0.0
			for _, v := range x.Data[i*c:][:c] {
				q += float64(v) * float64(v)
			}
			n := max(math.Sqrt(q), eps)
			closeTo(t, "norm", norm[i], n, 1e-5*n)
			for j := range c {
				closeTo(t, "y", y.Data[i*c+j], float64(x.Data[i*c+j])/n, 1e-5)
				along += float64(dy.Data[i*c+j]) * float64(x.Data[i*c+j]) / n
			}
			for j := range c {
				want := float64(dy.Data[i*c+j])
				if i > 0 {
					want -= float64(x.Data[i*c+j]) / n * along
				}
				closeTo(t, "dx", dx.Data[i*c+j], 2+want/n, 1e-5)
			}
		}
	}
}

// TestNormComplaints: operands of other sizes.
func TestNormComplaints(t *testing.T) {
	v := func(n int) []float32 { return make([]float32, n) }
	for what, f := range map[string]func(){
		"statistics of no rows":     func() { BatchStats(v(3), v(3), New(0, 3)) },
		"means":                     func() { BatchStats(v(2), v(3), New(4, 3)) },
		"variances":                 func() { BatchStats(v(3), v(4), New(4, 3)) },
		"output":                    func() { Affine(New(3, 3), New(4, 3), nil, v(3), v(3), false) },
		"residual":                  func() { Affine(New(4, 3), New(4, 3), New(3, 3), v(3), v(3), false) },
		"scales":                    func() { Affine(New(4, 3), New(4, 3), nil, v(2), v(3), false) },
		"shifts":                    func() { Affine(New(4, 3), New(4, 3), nil, v(3), v(4), false) },
		"one axis":                  func() { GroupNorm(New(3), New(3), 1, 1, nil, nil, v(1), v(1)) },
		"no groups":                 func() { GroupNorm(New(2, 3), New(2, 3), 0, 1, nil, nil, v(2), v(2)) },
		"groups that do not divide": func() { GroupNorm(New(2, 3), New(2, 3), 2, 1, nil, nil, v(4), v(4)) },
		"LRN":                       func() { LRN(New(2, 3), New(2, 2), New(2, 3), 3, 1, 1, 1) },
		"scales of LayerNorm":       func() { LayerNorm(New(2, 3), New(2, 3), 1, v(2), v(3), v(2), v(2)) },
		"shifts of LayerNorm":       func() { LayerNorm(New(2, 3), New(2, 3), 1, v(3), v(4), v(2), v(2)) },
		"means of LayerNorm":        func() { LayerNorm(New(2, 3), New(2, 3), 1, v(3), v(3), v(1), v(2)) },
		"deviations of LayerNorm":   func() { LayerNorm(New(2, 3), New(2, 3), 1, v(3), v(3), v(2), v(3)) },
		"output of LayerNorm":       func() { LayerNorm(New(3, 3), New(2, 3), 1, v(3), v(3), v(2), v(2)) },
		"gradient of LayerNorm":     func() { LayerNormGrad(New(3, 3), false, nil, nil, New(2, 3), New(2, 3), nil, v(2), v(2)) },
	} {
		complains(t, what, f)
	}
	GroupNorm(New(2, 3), New(2, 3), 3, 1, nil, nil, v(6), v(6))
	GroupNorm(New(2, 0), New(2, 0), 3, 1, nil, nil, v(6), v(6))
}
