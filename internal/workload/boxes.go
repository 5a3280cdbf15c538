package workload

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/eval/detect"
	"github.com/tessera-go/tessera/tensor"
)

// boxBenches lists what detectors do with boxes, under the ids of internal/parity/speed.py, torchvision's operations: 512 regions of two pictures of 800 pixels
// on maps of 256 channels at a sixteenth; and suppression among boxes of 20 to 100 pixels.
func boxBenches() []Item {
	var out []Item
	for _, sampling := range []int{2, 0} {
		for _, back := range []bool{false, true} {
			pass := "fwd"
			if back {
				pass = "fwd_bwd"
			}
			out = append(out, Item{ID: fmt.Sprintf("roi_align/%s/n2c256s50_r512_7x7_sampling%d", pass, sampling), setup: func() func() {
				const r = 512
				x, rng, rois := randn(2, 50, 50, 256), tensor.NewRNG(2), tensor.New(r, 5)
				for i := range r {
					a, b := rng.Uniform(0, 600), rng.Uniform(0, 600)
					copy(rois.Data[i*5:], []float32{float32(i % 2), a, b, a + rng.Uniform(30, 200), b + rng.Uniform(30, 200)})
				}
				g, tape, dy := tensor.RoI{OH: 7, OW: 7, Scale: 1. / 16, Sampling: sampling}, autograd.NewTape(nil), randn(r, 7, 7, 256)
				return func() {
					if back {
						tape.BackwardFrom(autograd.RoIAlign(tape.Param(x), rois, g), dy)
					} else {
						tape.NoGrad(func() { autograd.RoIAlign(tape.Input(x), rois, g) })
					}
					tape.Reset()
				}
			}})
		}
	}
	for _, n := range []int{1000, 4000, 12000} {
		for _, most := range []float32{0.5, 0.7} {
			out = append(out, Item{ID: fmt.Sprintf("nms/%d_at_%g", n, most), setup: func() func() {
				rng, boxes, scores := tensor.NewRNG(1), make([]detect.Box, n), make([]float32, n)
				for i := range boxes {
					x, y := rng.Uniform(0, 700), rng.Uniform(0, 700)
					boxes[i], scores[i] = detect.Box{x, y, x + rng.Uniform(20, 100), y + rng.Uniform(20, 100)}, rng.Uniform(0, 1)
				}
				return func() { detect.NMS(boxes, scores, most) }
			}})
		}
	}
	return out
}
