package simd

import (
	"math"
	"testing"
)

// TestGELUError: what GELU and its gradient promise beside float64, on every 1009th float32 to 13, and the
// same bits at every level.
func TestGELUError(t *testing.T) {
	var x []float32
	for b := uint64(0); b < 1<<32; b += 1009 {
		if v := math.Float32frombits(uint32(b)); math.Abs(float64(v)) < 13 && math.Abs(float64(v)) > 1e-36 {
			x = append(x, v)
		}
	}
	y, d, one := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
	for i := range one {
		one[i] = 1
	}
	geluGo(y, x)
	geluGradGo(d, one, x)
	var abs, near, far, slope, slopeFar float64 // the largest errors
	for i, v := range x {
		v := float64(v)
		cdf, density := math.Erfc(-v/math.Sqrt2)/2, math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
		e := math.Abs(float64(y[i]) - v*cdf)
		abs = max(abs, e/math.Abs(v))
		if v > -3 {
			near = max(near, e/math.Abs(v*cdf))
		} else {
			far = max(far, e/math.Abs(v*cdf))
		}
		e = math.Abs(float64(d[i]) - (cdf + v*density))
		slope, slopeFar = max(slope, e), max(slopeFar, e/(cdf+math.Abs(v)*density))
	}
	for _, c := range []struct {
		what       string
		got, limit float64
	}{
		{"GELU, of |x|", abs, 6.5e-8}, {"GELU, of the result from -3 on", near, 2e-7}, {"GELU, of the result below -3", far, 5e-6},
		{"gradient", slope, 7e-8}, {"gradient, of its parts", slopeFar, 3e-6},
	} {
		t.Logf("%s: largest error %.2g", c.what, c.got)
		if !(c.got <= c.limit) {
			t.Errorf("%s: error %.3g, above %g", c.what, c.got, c.limit)
		}
	}
	got := make([]float32, len(x))
	for _, k := range available() {
		k.gelu(got, x)
		for i := range x {
			if !same(got[i], y[i]) {
				t.Fatalf("%v: GELU(%g) = %g, the Go loop's %g", k.level, x[i], got[i], y[i])
			}
		}
		k.geluGrad(got, one, x)
		for i := range x {
			if !same(got[i], d[i]) {
				t.Fatalf("%v: the gradient at %g is %g, the Go loop's %g", k.level, x[i], got[i], d[i])
			}
		}
	}
}

func BenchmarkGELU(b *testing.B) {
	x, y, dx := make([]float32, 4096), make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%100)/25 - 2
	}
	for _, l := range Levels() {
		restore, _ := Use(l)
		for name, f := range map[string]func(){"forward": func() { GELU(y, x) }, "gradient": func() { GELUGrad(dx, y, x) }} {
			b.Run(name+"/"+l.String(), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(len(x)/16), "ns/16")
			})
		}
		restore()
	}
}
