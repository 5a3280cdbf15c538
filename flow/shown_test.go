package flow

import (
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

type shown struct {
	H, W         int
	Flow, Warped []float32
	Colour       []int
}

func loadShown(t *testing.T) (s shown, flow *tensor.Tensor) {
	golden.Load(t, "testdata/shown.json", &s)
	return s, tensor.From(s.Flow, s.H, s.W, 2)
}

// TestColourAgainstTorchvision: to within one level of rounding.
func TestColourAgainstTorchvision(t *testing.T) {
	s, flow := loadShown(t)
	got := Colour(flow, 0)
	if len(got) != len(s.Colour) {
		t.Fatalf("%d bytes, want %d", len(got), len(s.Colour))
	}
	for i, want := range s.Colour {
		if d := int(got[i]) - want; d < -1 || d > 1 {
			t.Errorf("pixel %d, channel %d, flow %v: %d, want %d", i/3, i%3, s.Flow[i/3*2:][:2], got[i], want)
		}
	}
}

// TestColourScale: still is white, a stated length has the full colour, longer is darker, no number is black.
func TestColourScale(t *testing.T) {
	nan := float32(math.NaN())
	flow := tensor.From([]float32{0, 0, 2, 0, 4, 0, nan, 0, float32(math.Inf(1)), 0}, 1, 5, 2)
	got := Colour(flow, 2)
	want := []uint8{255, 255, 255, 255, 0, 0, 191, 0, 0, 0, 0, 0, 191, 0, 0}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Colour(tensor.New(0, 3, 2), 0); len(got) != 0 {
		t.Errorf("%d bytes of no flow", len(got))
	}
	for i, v := range Colour(tensor.New(2, 3, 2), 0) {
		if v != 255 {
			t.Fatalf("byte %d of a still flow is %d", i, v)
		}
	}
}

// TestWarpAgainstTorch, for three channels and one.
func TestWarpAgainstTorch(t *testing.T) {
	s, flow := loadShown(t)
	picture := tensor.New(s.H, s.W, 3)
	golden.Fill(picture.Data, "picture", 255)
	got := Warp(picture, flow)
	for i, want := range s.Warped {
		if !(math.Abs(float64(got.Data[i]-want)) < 1e-3) {
			t.Errorf("value %d: %g, want %g", i, got.Data[i], want)
		}
	}
	grey := tensor.New(s.H, s.W)
	for i := range grey.Data {
		grey.Data[i] = picture.Data[3*i+1]
	}
	for i, v := range Warp(grey, flow).Data {
		if v != got.Data[3*i+1] {
			t.Fatalf("pixel %d is %g alone, %g among others", i, v, got.Data[3*i+1])
		}
	}
}

// TestWarpUndoes: the second picture, warped by the flow that was found, is the first one.
func TestWarpUndoes(t *testing.T) {
	prev, next := pair(90, 110, func(x, y float64) (float64, float64) { return x - 3, y + 2 })
	back := Warp(next, Farneback(prev, next, FarnebackOptions{}))
	before, after := 0.0, 0.0
	for y := 10; y < 80; y++ {
		for x := 10; x < 100; x++ {
			before += math.Abs(float64(next.At(y, x) - prev.At(y, x)))
			after += math.Abs(float64(back.At(y, x) - prev.At(y, x)))
		}
	}
	if !(after < before/20) {
		t.Errorf("the pictures differ by %g before and %g after", before, after)
	}
}

func TestWarpEdges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	picture := tensor.From([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	flow := tensor.From([]float32{-9, -9, 0.5, 0, inf, 3e38, nan, 0, 0, nan, -inf, 0}, 2, 3, 2)
	got := Warp(picture, flow)
	for i, want := range []float32{1, 2.5, 6, nan, nan, 4} {
		if v := got.Data[i]; v != want && (want == want || v == v) {
			t.Errorf("pixel %d is %g, want %g", i, v, want)
		}
	}
	if v := Warp(tensor.From([]float32{7}, 1, 1), tensor.From([]float32{3, -2}, 1, 1, 2)).Data[0]; v != 7 {
		t.Errorf("a picture of one pixel becomes %g", v)
	}
}

func TestLengths(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	a := tensor.From([]float32{3, 4, 0, 0, -5, 12}, 3, 1, 2)
	if got := Magnitude(a); got != 6 {
		t.Errorf("magnitude %g, want 6", got)
	}
	if got := EndPointError(a, tensor.From([]float32{0, 0, 3, 4, -5, 8}, 3, 1, 2)); math.Abs(got-14.0/3) > 1e-12 {
		t.Errorf("error %g, want 14/3", got)
	}
	if got := Magnitude(tensor.New(0, 5, 2)); got != 0 {
		t.Errorf("magnitude of nothing %g", got)
	}
	big := tensor.New(300, 200, 2)
	golden.Fill(big.Data, "lengths", 3)
	parallel.SetWorkers(1)
	want := Magnitude(big)
	parallel.SetWorkers(4)
	if got := Magnitude(big); got != want {
		t.Errorf("%v with four workers, %v with one", got, want)
	}
}

func TestShownRefuses(t *testing.T) {
	n := func(shape ...int) *tensor.Tensor { return tensor.New(shape...) }
	refuses(t, map[string]func(){
		"flow.Colour: the flow has shape [3 4]": func() { Colour(n(3, 4), 0) },
		"picture has shape [3]":                 func() { Warp(n(3), n(3, 4, 2)) },
		"picture has shape [0 4]":               func() { Warp(n(0, 4), n(0, 4, 2)) },
		"want [3 5 2]":                          func() { Warp(n(3, 5), n(3, 4, 2)) },
		"EndPointError: the flow has shape":     func() { EndPointError(n(3, 4, 2), n(4, 3, 2)) },
		"Magnitude: the flow has shape [3 4 3]": func() { Magnitude(n(3, 4, 3)) },
	})
}
