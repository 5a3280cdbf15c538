package sound

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMDCT: the fast transform is the sum of its definition.
func TestMDCT(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 16; n <= 4096; n *= 2 {
		x, y := make([]float32, n/2), make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		newMDCT(n).inverse(x, y)
		for i := 0; i < n; i += 1 + n/64 {
			want := 0.0
			for k, v := range x {
				want += float64(v) * math.Cos(math.Pi/float64(2*n)*float64((2*i+1+n/2)*(2*k+1)))
			}
			if math.Abs(float64(y[i])-want) > 2e-5*math.Sqrt(float64(n)) {
				t.Fatalf("%d values: value %d is %g, not %g", n, i, y[i], want)
			}
		}
	}
}
