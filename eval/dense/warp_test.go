package dense

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/tensor"
)

// TestWarp: a place goes where the picture's dot goes, and from is to's inverse.
func TestWarp(t *testing.T) {
	rng := tensor.NewRNG(3)
	const side = 32
	for range 50 {
		w := newWarp(rng)
		x, y := float64(rng.Uniform(-0.25, 0.25)), float64(rng.Uniform(-0.25, 0.25))
		tx, ty := w.to(x, y)
		if bx, by := w.from(tx, ty); math.Abs(bx-x) > 1e-12 || math.Abs(by-y) > 1e-12 {
			t.Fatalf("%v: %g, %g comes back as %g, %g", w, x, y, bx, by)
		}
		p := tensor.New(1, side, side, 2)
		for r := range side {
			for c := range side {
				dx, dy := (float64(c)+0.5)/side-0.5-x, (float64(r)+0.5)/side-0.5-y
				p.Data[(r*side+c)*2+1] = float32(math.Exp(-(dx*dx + dy*dy) / (2 * 0.05 * 0.05)))
			}
		}
		warped(p, []warp{w})
		sum, sx, sy := 0.0, 0.0, 0.0
		for r := range side {
			for c := range side {
				v := float64(p.Data[(r*side+c)*2+1])
				sum, sx, sy = sum+v, sx+v*((float64(c)+0.5)/side-0.5), sy+v*((float64(r)+0.5)/side-0.5)
			}
		}
		if math.Abs(tx) > 0.3 || math.Abs(ty) > 0.3 {
			continue // part of the dot is not seen
		}
		if math.Hypot(sx/sum-tx, sy/sum-ty) > 0.01 {
			t.Errorf("%v: the dot is at %g, %g, want %g, %g", w, sx/sum, sy/sum, tx, ty)
		}
	}
}

// rows are pictures that show nothing; depth, normal and class are those of the row.
type rows struct{ tiles }

func (s rows) Image(int) (*data.Image, error) { return data.NewImage(16, 16), nil }
func (s rows) Size(int) (h, w int, err error) { return 16, 16, nil }

func (s rows) of(values [4][]float32) (*tensor.Tensor, error) {
	n := len(values[0])
	x := tensor.New(16, 16, n)
	for p := range 16 * 16 {
		copy(x.Data[p*n:], values[p/64])
	}
	if n == 1 {
		x.Shape = x.Shape[:2]
	}
	return x, nil
}

func (s rows) Depth(int) (*tensor.Tensor, error) { return s.of([4][]float32{{1}, {2}, {4}, {8}}) }
func (s rows) Normals(int) (*tensor.Tensor, error) {
	return s.of([4][]float32{{0, -1, 0}, {0, 0, -1}, {0, 1, 0}, {0, 0, -1}})
}
func (s rows) Segment(int) (*tensor.Tensor, error) { return s.of([4][]float32{{0}, {1}, {2}, {0}}) }

// TestPlaces: where pictures say nothing, heads say what is known of each place, as who does not look: they were worse before they began with it.
func TestPlaces(t *testing.T) {
	s := rows{tiles{n: 40, seed: 1}}
	d := s.dataset()
	d.Images = s
	d.Truth = data.Truth{Depths: s, Normals: s, Segments: s, Sizes: s}
	l := Learning{Updates: 6}
	for _, p := range []eval.Tuner{Depth{Learning: l}, Depth{Inverse: true, Learning: l}, Normals{Codewords: 3, Learning: l}, Normals{Regression: true, Learning: l}, Segment{l}, Segment{Learning{Dilated: true, Updates: 6}}} {
		all, err := p.Tune(ctx, encoder(t), d, d, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if v.Settings["measure"] == all[0].Settings["measure"] && !(math.Abs(v.Value-v.Trivial) < 0.05 || v.Metric.Unit == "°" && math.Abs(v.Value-v.Trivial) < 8) {
				t.Errorf("%s %v of %s: %s is %.3f, of who does not look %.3f", p.Name(), v.Settings, v.Stage, v.Metric.Name, v.Value, v.Trivial)
			}
		}
	}
	// three samples of class 0 and one that is not known at the first place, all of class 1 at the second
	x := logShares([][]int32{{0, 1}, {0, 1}, {0, 1}, {-1, 1}}, 3)
	for k := range 2 {
		sum := 0.0
		for _, v := range x[3*k : 3*k+3] {
			sum += math.Exp(float64(v))
		}
		if math.Abs(sum-1) > 1e-6 || x[3*k+k] <= x[3*k+1-k] || x[3*k+2] < -5 {
			t.Errorf("shares at place %d: %v", k, x[3*k:3*k+3])
		}
	}
}
