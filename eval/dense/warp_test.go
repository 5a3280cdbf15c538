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

// TestVaried: what a map is to show lies where the picture's joint came to lie, mirrored or not, and a joint that left the picture is not known.
func TestVaried(t *testing.T) {
	const n, side = 40, 32
	rng := tensor.NewRNG(4)
	want := &eval.Posed{Names: []string{"left wrist", "right wrist"}, At: tensor.New(n, 2, 2), Known: tensor.New(n, 2, 2).Fill(1)}
	x, samples, mirrored := tensor.New(n, side, side, 3), make([]int, n), make([]bool, n)
	twin := want.Mirrored()
	for i := range n {
		samples[i], mirrored[i] = i, i%2 == 1
		for j := range 2 {
			at := want.At.Data[(i*2+j)*2:][:2]
			at[0], at[1] = rng.Uniform(-0.3, 0.3), rng.Uniform(-0.3, 0.3)
			px, of := float64(at[0]), j
			if mirrored[i] {
				px, of = -px, twin[j]
			}
			for k := range side * side { // a joint's channel is that of what it is called in the picture that is shown
				dx, dy := (float64(k%side)+0.5)/side-0.5-px, (float64(k/side)+0.5)/side-0.5-float64(at[1])
				x.Data[(i*side*side+k)*3+of] = float32(math.Exp(-(dx*dx + dy*dy) / (2 * 0.03 * 0.03)))
			}
		}
	}
	target, known := HeatMaps{Sigma: usualSigma}.varied(x, want, samples, mirrored, side, tensor.NewRNG(5))
	seen := 0
	for i := range n {
		for j := range 2 {
			if known.Data[i*2+j] == 0 {
				continue
			}
			var most [2]float32
			var where [2]int
			for k := range side * side {
				for m, v := range [2]float32{target.Data[(i*2+j)*side*side+k], x.Data[(i*side*side+k)*3+j]} {
					if v > most[m] {
						most[m], where[m] = v, k
					}
				}
			}
			seen++
			if d := math.Hypot(float64(where[0]%side-where[1]%side), float64(where[0]/side-where[1]/side)); d > 1.5 {
				t.Errorf("picture %d, mirrored %v, joint %d: the map is highest at %d, the picture's dot at %d", i, mirrored[i], j, where[0], where[1])
			}
		}
	}
	if seen < n {
		t.Errorf("%d joints of %d are seen", seen, 2*n)
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
	x := logShares(4, 3, func(i int) []int32 { return [][]int32{{0, 1}, {0, 1}, {0, 1}, {-1, 1}}[i] })
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
