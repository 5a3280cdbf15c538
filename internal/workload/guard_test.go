package workload

import (
	"github.com/tessera-go/tessera/autograd"

	"math"
	"os"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// TestSpeedGuard watches for kernels that have become slow: rates of one thread, as parts of what a tile or a copy
// reaches on this machine in the same minute. The bounds are far below what is measured (see docs/performance.md),
// because machines are shared; each gets several tries. It runs when GUARD is set, as .ci/run does.
func TestSpeedGuard(t *testing.T) {
	if os.Getenv("GUARD") == "" {
		t.Skip("speed is not guarded: set GUARD=1")
	}
	if simd.Active() == simd.Go {
		t.Skip("the Go loops are the reference, not the fast path")
	}
	defer parallel.SetWorkers(parallel.Workers())
	parallel.SetWorkers(1)
	work := map[string]Item{}
	for _, w := range All(autograd.RecomputeNothing, tensor.Mode{}) {
		work[w.ID] = w
	}
	for _, c := range []struct {
		ID    string
		least float64 // of the tile's rate, for those with operations; of a copy's, for the others
	}{
		{"gemm/512x512x512", 0.6},
		{"gemm_nt/512x512x512", 0.6},
		{"gemm_tn/512x512x512", 0.6},
		{"gemm_tn/64x64x25088", 0.4},
		{"conv_fwd/resnet50.layer2.0.conv2/n8", 0.5}, // strided: the direct algorithm
		{"conv_fwd/resnet50.layer2.1.conv2/n8", 1.2}, // Winograd: above the peak, counted as a direct convolution
		{"conv_bwd_data/resnet50.layer2.1.conv2/n8", 1.2},
		{"conv_bwd_weights/resnet50.layer2.1.conv2/n8", 1},
		{"conv_fwd/resnet50.layer2.1.conv1/n8", 0.5}, // 1x1
		{"ew/relu_inplace/16M", 0.25},
		{"bn_relu/fwd/n16c256s28", 0.25},
		{"optim/sgdm/resnet50_25M", 0.15},
	} {
		w, ok := work[c.ID]
		if !ok {
			t.Errorf("%s is not a workload any more", c.ID)
			continue
		}
		best := 0.0
		for range 4 {
			peak := TilePeak()
			r := w.Measure(true)
			rate := r.GFLOPS / peak
			if w.flop == 0 {
				rate = r.GBytes / copyRate()
			}
			if best = math.Max(best, rate); best >= c.least {
				break
			}
		}
		t.Logf("%-48s %.2f, at least %.2f", c.ID, best, c.least)
		if best < c.least {
			t.Errorf("%s runs at %.2f of the yardstick measured beside it, want %.2f", c.ID, best, c.least)
		}
	}
}

// copyRate measures a copy of 64 MB on one thread, reading and writing, in GB/s.
func copyRate() float64 {
	a, b := make([]float32, 16<<20), make([]float32, 16<<20)
	copy(b, a)
	best := math.Inf(1)
	for range 5 {
		from := time.Now()
		copy(b, a)
		best = math.Min(best, time.Since(from).Seconds())
	}
	return 8 * float64(len(a)) / best / 1e9
}
