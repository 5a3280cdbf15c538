package eval

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/mat"
)

// CCAOptions of FitCCA. The zero value is the usual choice.
type CCAOptions struct {
	Dims  int     // of the common space; 0 means as many as the smaller side has
	Ridge float64 // what is added to each variance, in mean variances of its side; 0 means 1e-3, below 0 nothing
}

// CCA are linear maps of two kinds of features of the same things into one space, in which they vary together as much as can be: canonical correlation analysis
// (Hotelling, "Relations between two sets of variates", 1936; with ridges Vinod 1976). It aligns features that were not learned to be compared, as those of L3-Net
// in "Objects that Sound" (L3-Net with CCA in table 1 there).
type CCA struct {
	Correlations []float64 // [K] of the K dimensions, the largest first; with ridges a little less than they are
	of           [2]side
}

// side is a map of features: (x - mean)·w.
type side struct {
	mean []float64
	w    *mat.Dense // [D K]
}

// FitCCA fits the maps to x [N D] and y [N E], row i of both being of the same thing. With Σ the covariances, ridges on their diagonals, the maps are
//
//	a = Lx⁻ᵀ·U    b = Ly⁻ᵀ·V      Σxx = Lx·Lxᵀ,  Σyy = Ly·Lyᵀ,  Lx⁻¹·Σxy·Ly⁻ᵀ = U·diag(Correlations)·Vᵀ
//
// so that each dimension has variance 1. Signs are such that the largest weight of a is positive, of equals the first. It returns an error where there are
// fewer than two rows, values that are not finite, or, without ridges, features that depend on each other.
func FitCCA(x, y *tensor.Tensor, o CCAOptions) (*CCA, error) {
	if x == nil || y == nil || x.Dim(0) != y.Dim(0) || x.Dim(0) < 2 {
		return nil, fmt.Errorf("cca: want two kinds of features of the same things, two at least")
	}
	if o.Dims == 0 {
		o.Dims = min(x.Dim(1), y.Dim(1))
	}
	if o.Dims < 1 || o.Dims > min(x.Dim(1), y.Dim(1)) {
		return nil, fmt.Errorf("cca: %d dimensions of features of %d and %d values: want 1 to %d", o.Dims, x.Dim(1), y.Dim(1), min(x.Dim(1), y.Dim(1)))
	}
	if o.Ridge == 0 {
		o.Ridge = 1e-3
	}
	c := &CCA{}
	var rows [2]*mat.Dense
	var root [2]*mat.TriDense
	for k, t := range []*tensor.Tensor{x, y} {
		if err := sameSpace(t, t); err != nil {
			return nil, fmt.Errorf("cca: %w", err)
		}
		rows[k], c.of[k].mean = centred(t)
		var err error
		if root[k], err = whitening(rows[k], max(o.Ridge, 0)); err != nil {
			return nil, fmt.Errorf("cca: %w", err)
		}
	}
	var cross, k mat.Dense
	cross.Mul(rows[0].T(), rows[1])
	cross.Scale(1/float64(x.Dim(0)-1), &cross)
	if err := k.Solve(root[0], &cross); err != nil {
		return nil, fmt.Errorf("cca: features hardly vary: %w", err)
	}
	var turned mat.Dense // Ly⁻¹·(Lx⁻¹·Σxy)ᵀ
	if err := turned.Solve(root[1], k.T()); err != nil {
		return nil, fmt.Errorf("cca: features hardly vary: %w", err)
	}
	var svd mat.SVD
	if !svd.Factorize(turned.T(), mat.SVDThin) {
		return nil, fmt.Errorf("cca: the singular values were not found")
	}
	c.Correlations = svd.Values(nil)[:o.Dims]
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	for s, vectors := range []*mat.Dense{&u, &v} {
		d, _ := vectors.Dims()
		c.of[s].w = mat.NewDense(d, o.Dims, nil)
		if err := c.of[s].w.Solve(root[s].T(), vectors.Slice(0, d, 0, o.Dims)); err != nil {
			return nil, fmt.Errorf("cca: features hardly vary: %w", err)
		}
	}
	c.orient()
	return c, nil
}

// centred returns features less their means.
func centred(x *tensor.Tensor) (rows *mat.Dense, mean []float64) {
	n, d := x.Dim(0), x.Dim(1)
	mean = make([]float64, d)
	for i, v := range x.Data {
		mean[i%d] += float64(v) / float64(n)
	}
	rows = mat.NewDense(n, d, nil)
	for i := range n {
		for j, v := range x.Data[i*d : (i+1)*d] {
			rows.Set(i, j, float64(v)-mean[j])
		}
	}
	return rows, mean
}

// whitening returns the lower root of the covariance of centred rows, with a ridge of so many mean variances.
func whitening(rows *mat.Dense, ridge float64) (*mat.TriDense, error) {
	n, d := rows.Dims()
	var cov mat.SymDense
	cov.SymOuterK(1/float64(n-1), rows.T())
	mean := mat.Trace(&cov) / float64(d)
	for j := range d {
		cov.SetSym(j, j, cov.At(j, j)+ridge*mean)
	}
	var chol mat.Cholesky
	if mean == 0 || !chol.Factorize(&cov) || !(chol.Cond() < 1e14) {
		return nil, fmt.Errorf("%d features of %d samples do not vary, or depend on each other: a ridge above 0 helps where they vary", d, n)
	}
	var l mat.TriDense
	chol.LTo(&l)
	return &l, nil
}

// orient chooses the signs.
func (c *CCA) orient() {
	a, b := c.of[0].w, c.of[1].w
	d, dims := a.Dims()
	e, _ := b.Dims()
	for k := range dims {
		large := 0
		for j := range d {
			if math.Abs(a.At(j, k)) > math.Abs(a.At(large, k)) {
				large = j
			}
		}
		if a.At(large, k) >= 0 {
			continue
		}
		for j := range d {
			a.Set(j, k, -a.At(j, k))
		}
		for j := range e {
			b.Set(j, k, -b.At(j, k))
		}
	}
}

// X returns features of the first kind in the common space, [M K].
func (c *CCA) X(x *tensor.Tensor) *tensor.Tensor { return c.of[0].project(x) }

// Y returns features of the second kind in the common space, [M K].
func (c *CCA) Y(y *tensor.Tensor) *tensor.Tensor { return c.of[1].project(y) }

func (s side) project(x *tensor.Tensor) *tensor.Tensor {
	d, k := s.w.Dims()
	if len(x.Shape) != 2 || x.Dim(1) != d {
		panic(fmt.Sprintf("eval.CCA: features %v, want [N %d]", x.Shape, d))
	}
	n := x.Dim(0)
	out := tensor.New(n, k)
	if n == 0 {
		return out
	}
	rows := mat.NewDense(n, d, nil)
	for i := range n {
		for j, v := range x.Data[i*d : (i+1)*d] {
			rows.Set(i, j, float64(v)-s.mean[j])
		}
	}
	var y mat.Dense
	y.Mul(rows, s.w)
	for i := range n {
		for j := range k {
			out.Data[i*k+j] = float32(y.At(i, j))
		}
	}
	return out
}
