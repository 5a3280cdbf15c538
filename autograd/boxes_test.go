package autograd

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// boxesGolden is what testdata/boxes.py makes.
type boxesGolden struct {
	Rois [][]float32
	RoI  map[string]struct {
		OH, OW, Sampling int
		Scale            float32
		Y, DX            []float64
	}
	Focal map[string]struct {
		Alpha, Gamma float32
		Scale, Y     float64
		DX           []float64
	}
	GIoU struct {
		Boxes, Targets []float32
		Y              float64
		DX             []float64
	}
}

// near complains where got differs from want by more than eps times the largest of want, or of 1.
func near(t *testing.T, what string, got []float32, want []float64, eps float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	most := 1.0
	for _, w := range want {
		most = math.Max(most, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= eps*most) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], w)
		}
	}
}

func rows(all [][]float32) *tensor.Tensor {
	t := tensor.New(len(all), len(all[0]))
	for i, r := range all {
		copy(t.Data[i*len(r):], r)
	}
	return t
}

// TestBoxes: values and gradients are torchvision's.
func TestBoxes(t *testing.T) {
	var want boxesGolden
	golden.Load(t, "testdata/boxes.json", &want)
	rois := rows(want.Rois)
	if len(want.RoI) != 5 || len(want.Focal) != 4 {
		t.Fatalf("%d and %d cases", len(want.RoI), len(want.Focal))
	}
	for name, w := range want.RoI {
		tape := NewTape(nil)
		x := tensor.New(2, 6, 8, 3)
		golden.Fill(x.Data, name+"/x", 1)
		y := RoIAlign(tape.Param(x), rois, tensor.RoI{OH: w.OH, OW: w.OW, Scale: w.Scale, Sampling: w.Sampling})
		near(t, name, y.Value.Data, w.Y, 2e-6)
		dy := tensor.New(y.Shape()...)
		golden.Fill(dy.Data, name+"/dy", 1)
		near(t, name+", gradient", tape.BackwardFrom(y, dy).Of(x).Data, w.DX, 2e-6)
	}
	for name, w := range want.Focal {
		tape := NewTape(nil)
		x, target := tensor.New(7, 5), tensor.New(7, 5)
		golden.Fill(x.Data, name+"/x", 1)
		golden.Fill(target.Data, name+"/t", 1)
		for i, v := range target.Data {
			x.Data[i] *= float32(w.Scale)
			target.Data[i] = 0
			if v > 0.3 {
				target.Data[i] = 1
			}
		}
		y := Focal(tape.Param(x), target, w.Alpha, w.Gamma, LossOptions{Sum: true})
		near(t, name, y.Value.Data, []float64{w.Y}, 1e-6)
		near(t, name+", gradient", tape.Backward(y).Of(x).Data, w.DX, 1e-6)
	}
	tape := NewTape(nil)
	x := tensor.From(want.GIoU.Boxes, len(want.GIoU.Boxes)/4, 4)
	y := GIoU(tape.Param(x), tensor.From(want.GIoU.Targets, x.Shape...), LossOptions{Sum: true})
	near(t, "GIoU", y.Value.Data, []float64{want.GIoU.Y}, 1e-6)
	near(t, "GIoU, gradient", tape.Backward(y).Of(x).Data, want.GIoU.DX, 1e-6)
}

// TestRoIAlignThreads: the same bits with any number of workers.
func TestRoIAlignThreads(t *testing.T) {
	defer tensor.SetThreads(tensor.Threads())
	x, rois := tensor.NewRNG(1).FillNormal(tensor.New(2, 9, 11, 150), 0, 1), manyRois(40, 2, 11)
	var first []float32
	for _, n := range []int{1, 2, 3, 8} {
		tensor.SetThreads(n)
		tape := NewTape(nil)
		y := RoIAlign(tape.Param(x), rois, tensor.RoI{OH: 7, OW: 7})
		d := tape.BackwardFrom(y, y.Value.Clone()).Of(x).Data
		if first == nil {
			first = append([]float32(nil), d...)
		}
		for i, v := range d {
			if v != first[i] {
				t.Fatalf("%d threads: value %d is %g, with one %g", n, i, v, first[i])
			}
		}
	}
}

// manyRois are boxes in pictures of a side.
func manyRois(n, pictures int, side float32) *tensor.Tensor {
	rng, rois := tensor.NewRNG(3), tensor.New(n, 5)
	for i := range n {
		x, y, w, h := rng.Uniform(0, side*0.7), rng.Uniform(0, side*0.7), rng.Uniform(side*0.05, side*0.5), rng.Uniform(side*0.05, side*0.5)
		copy(rois.Data[i*5:], []float32{float32(i % pictures), x, y, min(x+w, side), min(y+h, side)})
	}
	return rois
}

// TestRoIAlignFar: a box of any size takes as many samples as lie on the map; what is no place has none.
func TestRoIAlignFar(t *testing.T) {
	x, inf := tensor.New(1, 8, 8, 2), float32(math.Inf(1))
	for i := range x.Data {
		x.Data[i] = 1
	}
	for _, r := range [][]float32{{-1e30, -1e30, 1e30, 1e30}, {-3e38, 0, 3e38, 8}, {0, 0, inf, 8}, {-inf, 0, inf, 8}, {float32(math.NaN()), 0, 8, 8}, {0, 0, 1e30, 8}} {
		tape := NewTape(nil)
		y := RoIAlign(tape.Param(x), tensor.From(append([]float32{0}, r...), 1, 5), tensor.RoI{OH: 2, OW: 2})
		d := tape.BackwardFrom(y, y.Value.Clone()).Of(x).Data
		for _, v := range append(d, y.Value.Data...) {
			if !(v >= 0 && v < 1e-20) {
				t.Fatalf("%v: %g", r, v)
			}
		}
	}
}

// TestBoxMistakes: shapes and targets that do not fit are told.
func TestBoxMistakes(t *testing.T) {
	x, half := Const(tensor.New(1, 4, 4, 2)), tensor.New(1, 4, 4, 2)
	half.Data[3] = 0.5
	for name, f := range map[string]func(){
		"boxes of four":   func() { RoIAlign(x, tensor.New(3, 4), tensor.RoI{OH: 2, OW: 2}) },
		"no sides":        func() { RoIAlign(x, tensor.New(3, 5), tensor.RoI{}) },
		"another picture": func() { RoIAlign(x, tensor.From([]float32{1, 0, 0, 2, 2}, 1, 5), tensor.RoI{OH: 2, OW: 2}) },
		"focal target":    func() { Focal(x, tensor.New(2), 0.25, 2, LossOptions{}) },
		"half a target":   func() { Focal(x, half, 0.25, 2, LossOptions{}) },
		"giou boxes":      func() { GIoU(Const(tensor.New(3, 5)), tensor.New(3, 5), LossOptions{}) },
	} {
		if Try(f) == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
}

func BenchmarkRoIAlign(b *testing.B) {
	for _, side := range []int{50, 200} {
		x, rois := tensor.NewRNG(1).FillNormal(tensor.New(1, side, side, 256), 0, 1), manyRois(512, 1, float32(side))
		for _, sampling := range []int{2, 0} {
			b.Run(fmt.Sprintf("512x7x7x256_%dx%d_sampling%d", side, side, sampling), func(b *testing.B) {
				g := tensor.RoI{OH: 7, OW: 7, Sampling: sampling}
				y, dx := tensor.New(512, 7, 7, 256), tensor.New(x.Shape...)
				var forward, backward time.Duration
				for range b.N {
					t0 := time.Now()
					tensor.RoIAlign(y, x, rois, g)
					t1 := time.Now()
					tensor.Zero(dx)
					tensor.AddRoIAlignGrad(dx, y, rois, g)
					forward, backward = forward+t1.Sub(t0), backward+time.Since(t1)
				}
				b.ReportMetric(forward.Seconds()*1e3/float64(b.N), "forward-ms")
				b.ReportMetric(backward.Seconds()*1e3/float64(b.N), "backward-ms")
			})
		}
	}
}
