// Package projection puts features on a plane, to be looked at: along their principal components, or so that neighbours stay neighbours (UMAP). Both are
// the same each time. What lies far apart on such a plane need not be far apart in the features; scores are judged on these.
package projection

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/tessera-go/tessera/tensor"
)

// PCA returns the places of x [N D] along its two principal components, [N 2], and the part of the variance that each has. Of a component the largest value in size is
// positive, so that a picture is not mirrored by chance. Features of one dimension have zeros in the second place. Fewer than two rows are an error.
func PCA(x *tensor.Tensor) (places *tensor.Tensor, explained [2]float64, err error) {
	n, d := x.Dim(0), x.Dim(1)
	if n < 2 {
		return nil, explained, errors.New("principal components want two rows at least")
	}
	mean := make([]float64, d)
	for i, v := range x.Data {
		mean[i%d] += float64(v) / float64(n)
	}
	// the smaller of both products has the same components
	centred := mat.NewDense(n, d, nil)
	total := 0.0
	for i, v := range x.Data {
		c := float64(v) - mean[i%d]
		centred.Set(i/d, i%d, c)
		total += c * c
	}
	places = tensor.New(n, 2)
	if total == 0 {
		return places, explained, nil
	}
	var gram mat.SymDense
	if d <= n {
		gram.SymOuterK(1, centred.T())
	} else {
		gram.SymOuterK(1, centred)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, true) {
		return nil, explained, errors.New("principal components of the features were not found")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil) // rising
	for k := range min(2, len(values)) {
		at := len(values) - 1 - k
		value := max(values[at], 0)
		explained[k] = value / total
		column := mat.NewVecDense(n, nil)
		if d <= n {
			column.MulVec(centred, vectors.ColView(at))
		} else {
			column.ScaleVec(math.Sqrt(value), vectors.ColView(at))
		}
		sign, most := 1.0, 0.0
		for i := range n {
			if v := column.AtVec(i); math.Abs(v) > most*(1+1e-9) {
				most, sign = math.Abs(v), math.Copysign(1, v)
			}
		}
		for i := range n {
			places.Data[2*i+k] = float32(sign * column.AtVec(i))
		}
	}
	return places, explained, nil
}
