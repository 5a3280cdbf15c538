package eval

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/mat"
)

// Health tells whether features are still alive.
type Health struct {
	Std           float64 // mean deviation of the dimensions of unit-length features, times √D: 1 is as spread as can be, 0 collapsed
	EffectiveRank float64 // exp of the entropy of the covariance's spectrum (Roy and Vetterli 2007)
	Dead          int     // dimensions that do not vary
}

// CheckHealth measures features [N D].
func CheckHealth(x *tensor.Tensor) Health {
	u := unit(x)
	n, d := u.Dim(0), u.Dim(1)
	var h Health
	if n < 2 || d == 0 {
		return h
	}
	mean, variance := make([]float32, d), make([]float32, d)
	tensor.BatchStats(mean, variance, u)
	for _, v := range variance {
		h.Std += math.Sqrt(float64(v)) / float64(d)
		if v < 1e-12 {
			h.Dead++
		}
	}
	h.Std *= math.Sqrt(float64(d))
	centred := u.Clone()
	for i := range centred.Data {
		centred.Data[i] -= mean[i%d]
	}
	cov := tensor.New(d, d)
	tensor.MatMulTN(cov, centred, centred, true, tensor.Float32)
	sym := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			sym.SetSym(i, j, float64(cov.Data[i*d+j]))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(sym, false) {
		return h
	}
	total := 0.0
	values := e.Values(nil)
	for _, v := range values {
		total += math.Max(v, 0)
	}
	if total <= 0 {
		return h
	}
	entropy := 0.0
	for _, v := range values {
		if p := math.Max(v, 0) / total; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	h.EffectiveRank = math.Exp(entropy)
	return h
}
