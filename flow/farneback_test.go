package flow

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// picture64 is a picture [h w] from bytes in base64.
func picture64(t testing.TB, text string, h, w int) *tensor.Tensor {
	t.Helper()
	p := tensor.New(h, w)
	for i, v := range bytes64(t, text, h*w) {
		p.Data[i] = float32(v)
	}
	return p
}

func bytes64(t testing.TB, text string, n int) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != n {
		t.Fatalf("%d bytes, want %d (%v)", len(b), n, err)
	}
	return b
}

// TestFarnebackAgainstOpenCV: the mean distance between the ends of two vectors, and the largest.
func TestFarnebackAgainstOpenCV(t *testing.T) {
	var cases []struct {
		Name             string
		H, W             int
		Options          FarnebackOptions
		Prev, Next, Flow string
	}
	golden.Load(t, "testdata/farneback.json", &cases)
	if len(cases) < 11 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			got := Farneback(picture64(t, c.Prev, c.H, c.W), picture64(t, c.Next, c.H, c.W), c.Options)
			b := bytes64(t, c.Flow, 4*c.H*c.W)
			want := tensor.New(c.H, c.W, 2)
			for i := range want.Data {
				want.Data[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / 1024
			}
			mean, most := 0.0, 0.0
			for i := 0; i < len(want.Data); i += 2 {
				d := math.Hypot(float64(got.Data[i]-want.Data[i]), float64(got.Data[i+1]-want.Data[i+1]))
				mean += d / float64(c.H*c.W)
				most = math.Max(most, d)
			}
			t.Logf("mean %.5f, most %.5f pixels", mean, most)
			if !(mean < 0.001 && most < 0.02) {
				t.Errorf("%.5f pixels from OpenCV in the mean, %.5f at most", mean, most)
			}
		})
	}
}

// waves is a sum of waves at the place (x, y), 0 to 255.
func waves(x, y float64) float32 {
	s := 0.0
	for _, k := range [][4]float64{{0.31, 0.12, 0.3, 30}, {-0.17, 0.41, 1.1, 25}, {0.11, -0.23, 2.9, 30}, {0.53, 0.37, 4, 15}, {0.05, 0.09, 5, 25}} {
		s += k[3] * math.Sin(k[0]*x+k[1]*y+k[2])
	}
	return float32(127.5 + s)
}

// pair is waves and the same waves after motion, given as where a place was before.
func pair(h, w int, before func(x, y float64) (float64, float64)) (prev, next *tensor.Tensor) {
	prev, next = tensor.New(h, w), tensor.New(h, w)
	for y := range h {
		for x := range w {
			prev.Data[y*w+x] = waves(float64(x), float64(y))
			next.Data[y*w+x] = waves(before(float64(x), float64(y)))
		}
	}
	return prev, next
}

// TestFarnebackTruth: motions that are known, without a border of 12 pixels.
func TestFarnebackTruth(t *testing.T) {
	const h, w, mx, my = 120, 161, 80.0, 59.5
	linear := func(a, b, c, d float64) (before, motion func(x, y float64) (float64, float64)) { // the matrix of the motion about the middle
		det := a*d - b*c
		return func(x, y float64) (float64, float64) {
				return mx + (d*(x-mx)-b*(y-my))/det, my + (a*(y-my)-c*(x-mx))/det
			}, func(x, y float64) (float64, float64) {
				return (a-1)*(x-mx) + b*(y-my), c*(x-mx) + (d-1)*(y-my)
			}
	}
	cos, sin := math.Cos(0.03), math.Sin(0.03)
	turnBefore, turn := linear(cos, -sin, sin, cos)
	zoomBefore, zoom := linear(1.03, 0, 0, 1.03)
	for _, c := range []struct {
		name           string
		before, motion func(x, y float64) (float64, float64)
		most           float64
	}{
		{"still", func(x, y float64) (float64, float64) { return x, y }, func(x, y float64) (float64, float64) { return 0, 0 }, 1e-6},
		{"moved", func(x, y float64) (float64, float64) { return x - 2.5, y + 1.25 }, func(x, y float64) (float64, float64) { return 2.5, -1.25 }, 0.02},
		{"turned", turnBefore, turn, 0.1}, // within a window the method knows one motion only
		{"enlarged", zoomBefore, zoom, 0.1},
	} {
		prev, next := pair(h, w, c.before)
		got := Farneback(prev, next, FarnebackOptions{})
		sum, n := 0.0, 0.0
		for y := 12; y < h-12; y++ {
			for x := 12; x < w-12; x++ {
				u, v := c.motion(float64(x), float64(y))
				sum += math.Hypot(float64(got.At(y, x, 0))-u, float64(got.At(y, x, 1))-v)
				n++
			}
		}
		t.Logf("%s: %.5f pixels", c.name, sum/n)
		if !(sum/n <= c.most) {
			t.Errorf("%s: %.4f pixels off in the mean, want %g at most", c.name, sum/n, c.most)
		}
	}
}

// TestFarnebackConstant: where nothing is seen nothing moves, in any size of picture.
func TestFarnebackConstant(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 40}, {40, 1}, {2, 100}, {33, 64}, {64, 31}} {
		for _, level := range []float32{0, 77, 255} {
			p := tensor.New(size[0], size[1]).Fill(level)
			for _, gaussian := range []bool{false, true} {
				for i, v := range Farneback(p, p.Clone(), FarnebackOptions{Gaussian: gaussian}).Data {
					if !(math.Abs(float64(v)) < 1e-5) {
						t.Fatalf("%v of %g: value %d of the flow is %g", size, level, i, v)
					}
				}
			}
		}
	}
}

// TestFarnebackWorkers: the same bits with any number of workers, from an Estimator that has seen other sizes, and through Next.
func TestFarnebackWorkers(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	prev, next := pair(131, 117, func(x, y float64) (float64, float64) { return x - 1.5 + 0.02*y, y + 0.5 })
	for _, o := range []FarnebackOptions{{}, {Gaussian: true, Scale: 0.8}} {
		parallel.SetWorkers(1)
		want := Farneback(prev, next, o)
		e := NewEstimator(o)
		for _, workers := range []int{1, 2, 3, 7} {
			parallel.SetWorkers(workers)
			got := tensor.New(131, 117, 2)
			small := tensor.New(20, 40)
			e.Flow(tensor.New(20, 40, 2), small, small)
			e.Flow(got, prev, next)
			if !slices.Equal(got.Data, want.Data) {
				t.Errorf("%+v with %d workers: other bits", o, workers)
			}
			clear(got.Data)
			if e.Next(got, prev) {
				t.Error("a flow to the first picture of a film")
			}
			if !e.Next(got, next) || !slices.Equal(got.Data, want.Data) {
				t.Errorf("%+v with %d workers: Next differs from Flow", o, workers)
			}
			back := Farneback(next, prev, o)
			if !e.Next(got, prev) || !slices.Equal(got.Data, back.Data) {
				t.Errorf("%+v with %d workers: the third picture differs", o, workers)
			}
			e.Reset()
			if e.Next(got, prev) {
				t.Error("a flow to the first picture after Reset")
			}
			e.Reset()
		}
	}
}

// TestFarnebackLevels: the same bits at every level of instructions.
func TestFarnebackLevels(t *testing.T) {
	prev, next := pair(61, 83, func(x, y float64) (float64, float64) { return x - 4 + 0.05*y, y + 0.5 })
	for _, o := range []FarnebackOptions{{}, {Gaussian: true}} {
		want := Farneback(prev, next, o)
		points := Corners(prev, CornerOptions{Distance: 3})
		tracks := LucasKanade(prev, next, points, LucasKanadeOptions{})
		for _, l := range simd.Levels() {
			restore, err := simd.Use(l)
			if err != nil {
				t.Fatal(err)
			}
			if got := Farneback(prev, next, o); !slices.Equal(got.Data, want.Data) {
				t.Errorf("%v: another flow", l)
			}
			if !slices.Equal(Corners(prev, CornerOptions{Distance: 3}), points) {
				t.Errorf("%v: other corners", l)
			}
			if !slices.Equal(LucasKanade(prev, next, points, LucasKanadeOptions{}), tracks) {
				t.Errorf("%v: other tracks", l)
			}
			restore()
		}
	}
}

// TestFarnebackWildPictures: infinities and what is no number harm nobody, and the pictures stay as they are.
func TestFarnebackWildPictures(t *testing.T) {
	rng := tensor.NewRNG(1)
	wild := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -3e38, 0, 255}
	for _, size := range [][2]int{{3, 5}, {40, 70}} {
		prev, next := tensor.New(size[0], size[1]), tensor.New(size[0], size[1])
		for i := range prev.Data {
			prev.Data[i], next.Data[i] = rng.Uniform(0, 255), rng.Uniform(0, 255)
			if rng.Bool(0.05) {
				next.Data[i] = wild[rng.IntN(len(wild))]
			}
		}
		p, n := prev.Clone(), next.Clone()
		Farneback(prev, next, FarnebackOptions{})
		for i := range p.Data {
			if math.Float32bits(p.Data[i]) != math.Float32bits(prev.Data[i]) || math.Float32bits(n.Data[i]) != math.Float32bits(next.Data[i]) {
				t.Fatal("a picture changed")
			}
		}
	}
}

func TestFarnebackRefuses(t *testing.T) {
	p := func(shape ...int) *tensor.Tensor { return tensor.New(shape...) }
	o := FarnebackOptions{}
	refuses(t, map[string]func(){
		"prev [3 4] and next [4 3]": func() { Farneback(p(3, 4), p(4, 3), o) },
		"prev has shape [3 4 1]":    func() { Farneback(p(3, 4, 1), p(3, 4), o) },
		"next has shape [0 4]":      func() { Farneback(p(3, 4), p(0, 4), o) },
		"want [3 4 2]":              func() { NewEstimator(o).Flow(p(3, 3, 2), p(3, 4), p(3, 4)) },
		"want [H W 2]":              func() { NewEstimator(o).Next(p(3, 3), p(3, 4)) },
		"window of 4 pixels":        func() { NewEstimator(FarnebackOptions{Window: 4}) },
		"scale of 1,":               func() { NewEstimator(FarnebackOptions{Scale: 1}) },
		"-1 iterations":             func() { NewEstimator(FarnebackOptions{Iterations: -1}) },
		"radius -2":                 func() { NewEstimator(FarnebackOptions{Radius: -2}) },
		"sigma of NaN":              func() { NewEstimator(FarnebackOptions{Sigma: math.NaN()}) },
	})
}

// refuses checks that each function panics with a ShapeError that says so.
func refuses(t *testing.T, cases map[string]func()) {
	t.Helper()
	for want, f := range cases {
		func() {
			defer func() {
				t.Helper()
				e, ok := recover().(*ShapeError)
				if !ok || !strings.Contains(e.Error(), want) {
					t.Errorf("%v, want a ShapeError with %q", e, want)
				}
			}()
			f()
		}()
	}
}

// TestFarnebackAllocates: an Estimator that has seen a pair takes no more memory.
func TestFarnebackAllocates(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	parallel.SetWorkers(1)
	prev, next := pair(64, 70, func(x, y float64) (float64, float64) { return x - 1, y })
	e, dst := NewEstimator(FarnebackOptions{}), tensor.New(64, 70, 2)
	if n := testing.AllocsPerRun(5, func() {
		e.Next(dst, prev)
		e.Next(dst, next)
		e.Flow(dst, prev, next)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// BenchmarkFarneback: a pair, and a frame of a film.
func BenchmarkFarneback(b *testing.B) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, size := range [][2]int{{240, 320}, {480, 640}} {
		prev, next := pair(size[0], size[1], func(x, y float64) (float64, float64) { return x - 3, y - 2 })
		dst := tensor.New(size[0], size[1], 2)
		for _, workers := range []int{1, 2} {
			for _, gaussian := range []bool{false, true} {
				name := fmt.Sprintf("%dx%d/workers=%d/gaussian=%v", size[1], size[0], workers, gaussian)
				e := NewEstimator(FarnebackOptions{Gaussian: gaussian})
				e.Flow(dst, prev, next) // takes its memory
				b.Run(name+"/pair", func(b *testing.B) {
					parallel.SetWorkers(workers)
					b.ReportAllocs()
					for b.Loop() {
						e.Flow(dst, prev, next)
					}
				})
				b.Run(name+"/film", func(b *testing.B) {
					parallel.SetWorkers(workers)
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						e.Next(dst, []*tensor.Tensor{prev, next}[i&1])
					}
				})
			}
		}
	}
}
