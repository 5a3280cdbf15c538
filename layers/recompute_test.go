package layers

import (
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// TestRecompute: what a tape lets go and computes again gives the same gradients and running statistics, to the bit, in less
// memory at each level.
func TestRecompute(t *testing.T) {
	for _, c := range []struct {
		trunk string
		side  int
		less  [3]float64 // peak of the level over that of RecomputeNothing, at most; gradients of parameters are in both
	}{{"resnet18", 112, [3]float64{1, 0.9, 0.9}}, {"resnet50", 96, [3]float64{1, 0.95, 0.7}}, {"resnet20", 16, [3]float64{1, 0.9, 0.7}},
		{"vgg11", 80, [3]float64{1, 0.95, 0.95}}, {"nin", 24, [3]float64{1, 0.95, 0.9}},
		{"vit-tiny?patch=4", 32, [3]float64{1, 0.8, 0.5}}} {
		t.Run(c.trunk, func(t *testing.T) {
			x := tensor.NewRNG(3).FillNormal(tensor.New(8, c.side, c.side, 3), 0, 1)
			var first []*tensor.Tensor // gradients, then buffers
			var peaks [3]int
			for _, level := range []autograd.Recompute{autograd.RecomputeNothing, autograd.RecomputeNorms, autograd.RecomputeBlocks} {
				rng := tensor.NewRNG(1)
				trunk, err := NewTrunk(c.trunk, rng, 3)
				if err != nil {
					t.Fatal(err)
				}
				net := Classifier(rng, trunk, 5)
				tape := autograd.NewTape(nil)
				tape.Recompute = level
				var got []*tensor.Tensor
				for range 2 { // the second step finds memory of the first
					loss := autograd.CrossEntropy(net.Forward(tape.Input(x)), []int32{0, 1, 2, 3, 4, 0, 1, 2})
					g := tape.Backward(loss)
					got = nil
					for _, p := range Params(net) {
						got = append(got, g.Of(p.Value).Clone())
					}
					tape.Reset()
				}
				for _, p := range State(net) {
					if p.Kind == Buffer {
						got = append(got, p.Value)
					}
				}
				_, peaks[level] = tape.Bytes()
				if first == nil {
					first = got
				}
				for i := range got {
					for k, v := range got[i].Data {
						if v != first[i].Data[k] {
							t.Fatalf("%v: tensor %d element %d: %g, without %g", level, i, k, v, first[i].Data[k])
						}
					}
				}
			}
			for level, most := range c.less {
				if q := float64(peaks[level]) / float64(peaks[0]); q > most {
					t.Errorf("%v: %.2f of the memory, want at most %.2f", autograd.Recompute(level), q, most)
				}
			}
			t.Logf("peaks %d, %d, %d KiB", peaks[0]>>10, peaks[1]>>10, peaks[2]>>10)
		})
	}
}
