package workload

import (
	"testing"

	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestBenchConvs: the convolutions that are timed are those of the networks.
func TestBenchConvs(t *testing.T) {
	rng := tensor.NewRNG(1)
	for _, c := range []struct {
		depth int
		cifar bool
	}{{18, false}, {50, false}, {18, true}} {
		n := 0
		for _, p := range layers.State(layers.ResNet(rng, 3, c.depth, c.cifar, layers.TrunkOptions{})) {
			if len(p.Value.Shape) == 4 {
				n++
			}
		}
		list := resnetConvs(c.depth, c.cifar)
		if len(list) != n {
			t.Errorf("depth %d: %d convolutions, the network has %d", c.depth, len(list), n)
		}
	}
}
