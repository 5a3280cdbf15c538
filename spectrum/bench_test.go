package spectrum

import (
	"fmt"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
)

// BenchmarkResample: ten seconds of one channel on one core.
func BenchmarkResample(b *testing.B) {
	defer parallel.SetWorkers(parallel.Workers())
	parallel.SetWorkers(1)
	for _, c := range [][2]int{{48000, 16000}, {44100, 16000}, {16000, 48000}, {44100, 48000}} {
		b.Run(fmt.Sprintf("%d_%d", c[0], c[1]), func(b *testing.B) {
			r, err := NewResampler(c[0], c[1], ResampleOptions{})
			if err != nil {
				b.Fatal(err)
			}
			x := sound(10 * c[0])
			y := make([]float32, r.Len(len(x)))
			for b.Loop() {
				r.Resample(y, x)
			}
			b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "x_real_time")
		})
	}
}

// BenchmarkFFT: complex numbers in place.
func BenchmarkFFT(b *testing.B) {
	for _, n := range []int{256, 600, 1021, 1024, 4096, 65536} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := NewFFT(n)
			re, im := make([]float32, n), make([]float32, n)
			for b.Loop() {
				f.Forward(re, im)
			}
		})
	}
}
