package flow

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

type pointCase struct {
	Name                       string
	H, W                       int
	Prev, Next                 string
	Corner                     CornerOptions
	Follow                     LucasKanadeOptions
	Corners, Points, To, Error []float32
	Found                      []bool
}

func loadPoints(t *testing.T) []pointCase {
	var cases []pointCase
	golden.Load(t, "testdata/points.json", &cases)
	if len(cases) < 6 {
		t.Fatalf("%d cases", len(cases))
	}
	return cases
}

func pointsOf(v []float32) (out []Point) {
	for i := 0; i < len(v); i += 2 {
		out = append(out, Point{v[i], v[i+1]})
	}
	return out
}

// TestCornersAgainstOpenCV: the same corners in the same order.
func TestCornersAgainstOpenCV(t *testing.T) {
	for _, c := range loadPoints(t) {
		got, want := Corners(picture64(t, c.Prev, c.H, c.W), c.Corner), pointsOf(c.Corners)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d corners %v, want %d %v", c.Name, len(got), got, len(want), want)
		}
	}
}

// TestLucasKanadeAgainstOpenCV: the same points are found, within 0.02 pixels, with differences of the windows within 0.1 grey levels.
func TestLucasKanadeAgainstOpenCV(t *testing.T) {
	for _, c := range loadPoints(t) {
		t.Run(c.Name, func(t *testing.T) {
			got := LucasKanade(picture64(t, c.Prev, c.H, c.W), picture64(t, c.Next, c.H, c.W), pointsOf(c.Points), c.Follow)
			most, mean, off, n := 0.0, 0.0, 0.0, 0
			for i, want := range pointsOf(c.To) {
				if got[i].Found != c.Found[i] {
					t.Errorf("point %d at %v: found is %v, OpenCV's is %v (%v, %v)", i, c.Points[2*i:2*i+2], got[i].Found, c.Found[i], got[i], want)
					continue
				}
				if !c.Found[i] {
					continue
				}
				d := math.Hypot(float64(got[i].X-want.X), float64(got[i].Y-want.Y))
				if d > 0.02 {
					t.Errorf("point %d at %v: %v, OpenCV's is %v", i, c.Points[2*i:2*i+2], got[i], want)
				}
				mean += d
				n++
				most, off = max(most, d), max(off, math.Abs(float64(got[i].Error-c.Error[i])))
			}
			t.Logf("%d points, %.5f pixels off in the mean, %.5f at most, %.4f grey levels", n, mean/float64(n), most, off)
		})
	}
}

// TestLucasKanadeWorkers: the same bits with any number of workers, and the pictures stay as they are.
func TestLucasKanadeWorkers(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	prev, next := pair(101, 90, func(x, y float64) (float64, float64) { return x - 1.5, y + 0.7 })
	p, n := prev.Clone(), next.Clone()
	parallel.SetWorkers(1)
	corners := Corners(prev, CornerOptions{Distance: 4})
	want := LucasKanade(prev, next, corners, LucasKanadeOptions{})
	found, off := 0, 0.0
	for i, to := range want {
		if to.Found && corners[i].X > 20 && corners[i].X < 70 && corners[i].Y > 20 && corners[i].Y < 80 {
			found++
			off = max(off, math.Hypot(float64(to.X-corners[i].X-1.5), float64(to.Y-corners[i].Y+0.7)))
		}
	}
	if found < 10 || !(off < 0.05) {
		t.Errorf("%d points found, up to %g pixels off", found, off)
	}
	for _, workers := range []int{2, 5} {
		parallel.SetWorkers(workers)
		if got := Corners(prev, CornerOptions{Distance: 4}); !slices.Equal(got, corners) {
			t.Errorf("other corners with %d workers", workers)
		}
		if got := LucasKanade(prev, next, corners, LucasKanadeOptions{}); !slices.Equal(got, want) {
			t.Errorf("other tracks with %d workers", workers)
		}
	}
	if !slices.Equal(p.Data, prev.Data) || !slices.Equal(n.Data, next.Data) {
		t.Error("a picture changed")
	}
}

// TestPointsTiny: pictures of any size, plain ones, wild ones and wild points: nothing is found where nothing is, and nothing breaks.
func TestPointsTiny(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	points := []Point{{0, 0}, {-30, 0}, {0.5, 1.5}, {nan, 0}, {0, inf}, {-inf, 3e38}, {1e9, -1e9}, {60, 60}}
	rng := tensor.NewRNG(3)
	for _, size := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {2, 100}, {3, 3}, {45, 50}} {
		plain := tensor.New(size[0], size[1]).Fill(90)
		if got := Corners(plain, CornerOptions{}); len(got) != 0 {
			t.Errorf("%v: corners %v of a plain picture", size, got)
		}
		for i, to := range LucasKanade(plain, plain, points, LucasKanadeOptions{}) {
			if to.Found {
				t.Errorf("%v: point %v was found in a plain picture", size, points[i])
			}
		}
		wild := tensor.New(size[0], size[1])
		for i := range wild.Data {
			wild.Data[i] = rng.Uniform(0, 255)
			if rng.Bool(0.1) {
				wild.Data[i] = []float32{nan, inf, -inf, 3e38}[rng.IntN(4)]
			}
		}
		Corners(wild, CornerOptions{})
		LucasKanade(wild, plain, points, LucasKanadeOptions{})
		LucasKanade(plain, wild, points, LucasKanadeOptions{})
	}
	if got := LucasKanade(tensor.New(5, 5), tensor.New(5, 5), nil, LucasKanadeOptions{}); len(got) != 0 {
		t.Errorf("%v of no points", got)
	}
}

// TestCornersOfSquare: a bright square has four.
func TestCornersOfSquare(t *testing.T) {
	p := tensor.New(40, 50)
	for y := 10; y < 30; y++ {
		for x := 15; x < 40; x++ {
			p.Set(200, y, x)
		}
	}
	got := Corners(p, CornerOptions{})
	if len(got) != 4 {
		t.Fatalf("%d corners: %v", len(got), got)
	}
	for _, want := range []Point{{15, 10}, {39, 10}, {15, 29}, {39, 29}} {
		if !slices.ContainsFunc(got, func(p Point) bool { return math.Abs(float64(p.X-want.X)) <= 1 && math.Abs(float64(p.Y-want.Y)) <= 1 }) {
			t.Errorf("no corner near %v: %v", want, got)
		}
	}
}

func TestPointsRefuse(t *testing.T) {
	p, none := tensor.New(8, 9), []Point(nil)
	corners := func(o CornerOptions) func() { return func() { Corners(p, o) } }
	follow := func(o LucasKanadeOptions) func() { return func() { LucasKanade(p, p, none, o) } }
	refuses(t, map[string]func(){
		"flow.Corners: the picture has shape [8]":     func() { Corners(tensor.New(8), CornerOptions{}) },
		"at most -1 corners":                          corners(CornerOptions{Max: -1}),
		"a quality of 2,":                             corners(CornerOptions{Quality: 2}),
		"a block of 4 pixels":                         corners(CornerOptions{Block: 4}),
		"a distance of NaN":                           corners(CornerOptions{Distance: math.NaN()}),
		"flow.LucasKanade: prev [8 9] and next [9 8]": func() { LucasKanade(p, tensor.New(9, 8), none, LucasKanadeOptions{}) },
		"a window of 10 pixels":                       follow(LucasKanadeOptions{Window: 10}),
		"-1 iterations":                               follow(LucasKanadeOptions{Iterations: -1}),
		"a last step of -1 pixels":                    follow(LucasKanadeOptions{Step: -1}),
		"a least eigenvalue of NaN":                   follow(LucasKanadeOptions{Least: math.NaN()}),
	})
}

// BenchmarkLucasKanade: 200 corners of 640x480, and finding them.
func BenchmarkLucasKanade(b *testing.B) {
	defer parallel.SetWorkers(parallel.Workers())
	prev, next := pair(480, 640, func(x, y float64) (float64, float64) { return x - 3, y - 2 })
	o := CornerOptions{Max: 200}
	corners := Corners(prev, o)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("640x480/workers=%d/%d_points", workers, len(corners)), func(b *testing.B) {
			parallel.SetWorkers(workers)
			for b.Loop() {
				LucasKanade(prev, next, corners, LucasKanadeOptions{})
			}
		})
		b.Run(fmt.Sprintf("640x480/workers=%d/corners", workers), func(b *testing.B) {
			parallel.SetWorkers(workers)
			for b.Loop() {
				Corners(prev, o)
			}
		})
	}
}
