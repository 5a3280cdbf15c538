package tensor

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// through is a square convolution of clips with a geometry of its own along time.
func through(t Axis, g Conv) Conv {
	g.T = t
	return g
}

type clipCase struct {
	x, w []int
	g    Conv
}

var clipCases = []clipCase{
	{[]int{2, 5, 6, 7, 3}, []int{3, 3, 3, 3, 5}, through(Axis{Low: 1, High: 1}, SquareConv(1, 1))},
	{[]int{2, 6, 9, 8, 3}, []int{3, 7, 7, 3, 8}, through(Axis{Low: 1, High: 1}, SquareConv(2, 3))},                     // R3D's stem
	{[]int{1, 5, 9, 8, 6}, []int{3, 3, 3, 6, 40}, through(Axis{Stride: 2, Low: 1, High: 1}, SquareConv(2, 1))},         // its stage's begin
	{[]int{2, 5, 4, 5, 6}, []int{1, 1, 1, 6, 9}, Conv{}},                                                               // a product
	{[]int{2, 5, 4, 5, 6}, []int{1, 1, 1, 6, 9}, through(Axis{Stride: 2}, SquareConv(2, 0))},                           // its shortcut
	{[]int{2, 5, 4, 5, 6}, []int{1, 1, 1, 6, 9}, through(Axis{Low: 1, High: 2}, Conv{})},                               // frames of zeros
	{[]int{2, 5, 4, 5, 6}, []int{3, 1, 1, 6, 9}, through(Axis{Low: 1, High: 1}, Conv{})},                               // through time alone
	{[]int{2, 7, 4, 5, 6}, []int{3, 1, 1, 6, 20}, through(Axis{Dilation: 2, Low: 1, High: 3}, Conv{})},                 //
	{[]int{2, 6, 4, 5, 6}, []int{3, 1, 1, 6, 9}, through(Axis{Stride: 2, Low: 1, High: 1}, Conv{})},                    //
	{[]int{1, 3, 30, 31, 7}, []int{3, 1, 1, 7, 34}, through(Axis{Low: 2}, Conv{})},                                     // several pieces
	{[]int{1, 2, 5, 5, 4}, []int{3, 1, 1, 4, 6}, through(Axis{Low: 5, High: 4}, Conv{})},                               // outputs of nothing
	{[]int{1, 7, 5, 5, 4}, []int{2, 1, 1, 4, 6}, through(Axis{Stride: 3}, Conv{})},                                     // frames that nothing reads
	{[]int{1, 7, 5, 5, 4}, []int{2, 2, 2, 4, 6}, through(Axis{Stride: 3, Low: 1}, SquareConv(1, 0))},                   //
	{[]int{2, 4, 6, 7, 3}, []int{1, 3, 3, 3, 5}, SquareConv(1, 1)},                                                     // in the plane alone
	{[]int{2, 4, 6, 7, 3}, []int{1, 3, 3, 3, 5}, through(Axis{Stride: 2}, SquareConv(2, 1))},                           //
	{[]int{2, 1, 6, 7, 3}, []int{3, 3, 3, 3, 5}, through(Axis{Low: 1, High: 1}, SquareConv(1, 1))},                     // a picture
	{[]int{1, 5, 6, 7, 6}, []int{3, 3, 3, 2, 9}, grouped(3, through(Axis{Low: 1, High: 1}, SquareConv(1, 1)))},         //
	{[]int{1, 5, 6, 7, 4}, []int{3, 3, 3, 1, 4}, grouped(4, through(Axis{Low: 1, High: 1}, SquareConv(2, 1)))},         // depthwise
	{[]int{1, 5, 8, 7, 4}, []int{3, 3, 3, 2, 6}, grouped(2, through(Axis{Low: 1, Stride: 2}, square(1, 2, 2, 1)))},     //
	{[]int{1, 5, 8, 7, 4}, []int{3, 2, 3, 4, 6}, through(Axis{Dilation: 2, Low: 2, High: 1}, square(1, 2, 2, 1))},      //
	{[]int{2, 5, 6, 30, 4}, []int{3, 1, 3, 4, 6}, through(Axis{Low: 1, High: 1}, Conv{W: Axis{Low: 1, High: 1}})},      //
	{[]int{2, 5, 30, 6, 4}, []int{3, 3, 1, 4, 6}, through(Axis{Low: 1, High: 1}, Conv{H: Axis{Low: 1, Stride: 2}})},    //
	{[]int{9, 3, 7, 7, 8}, []int{3, 3, 3, 8, 40}, through(Axis{Low: 1, High: 1}, SquareConv(1, 1))},                    // small images, several to a piece
	{[]int{2, 9, 25, 42, 2}, []int{3, 3, 3, 2, 4}, through(Axis{Low: 1, High: 1}, Conv{H: Axis{Stride: 2}})},           // the weight's gradient in slices
	{[]int{1, 3, 2, 3, 500}, []int{3, 3, 3, 500, 40}, through(Axis{Low: 1, High: 1}, SquareConv(2, 1))},                // panels in groups
	{[]int{1, 4, 6, 5, 16}, []int{3, 3, 3, 16, 32}, through(Axis{Low: 1, High: 1}, by(Direct, SquareConv(1, 1)))},      //
	{[]int{2, 5, 9, 10, 16}, []int{3, 3, 3, 16, 32}, through(Axis{Low: 1, High: 1}, by(Winograd2, SquareConv(1, 1)))},  //
	{[]int{2, 5, 9, 10, 32}, []int{3, 3, 3, 32, 16}, through(Axis{Low: 1, High: 1}, by(Winograd4, SquareConv(1, 1)))},  //
	{[]int{3, 4, 5, 6, 16}, []int{2, 3, 3, 16, 16}, through(Axis{Low: 1}, by(Winograd4, SquareConv(1, 0)))},            // causal
	{[]int{1, 9, 5, 6, 16}, []int{5, 3, 3, 16, 16}, through(Axis{Low: 3, High: 6}, by(Winograd2, SquareConv(1, 2)))},   // frames of less than all taps
	{[]int{1, 2, 5, 6, 16}, []int{4, 3, 3, 16, 16}, through(Axis{Low: 5, High: 5}, by(Winograd2, SquareConv(1, 1)))},   // no tap reads all, some outputs of nothing
	{[]int{1, 6, 5, 6, 16}, []int{4, 3, 3, 16, 16}, by(Winograd4, SquareConv(1, 1))},                                   // without padding in time
	{[]int{1, 19, 9, 30, 16}, []int{3, 3, 3, 16, 16}, through(Axis{Low: 1, High: 1}, by(Winograd4, SquareConv(1, 1)))}, // frames some at a time
	{[]int{1, 23, 6, 60, 16}, []int{4, 3, 3, 16, 16}, through(Axis{Low: 3, High: 2}, by(Winograd4, SquareConv(1, 1)))}, //
	{[]int{1, 3, 6, 6, 16}, []int{1, 3, 3, 16, 16}, by(Winograd2, SquareConv(1, 1))},                                   // images
	{[]int{1, 3, 6, 6, 16}, []int{1, 3, 3, 16, 16}, through(Axis{Low: 1}, by(Winograd2, SquareConv(1, 1)))},            // direct all the same
	{[]int{1, 4, 6, 6, 16}, []int{3, 3, 3, 16, 16}, through(Axis{Stride: 2, Low: 1}, by(Winograd2, SquareConv(1, 1)))}, //
	{[]int{1, 4, 8, 7, 96}, []int{3, 3, 3, 96, 112}, through(Axis{Low: 1, High: 1}, by(Winograd4, SquareConv(1, 1)))},  // many weights
	{[]int{33, 2, 9, 7, 32}, []int{2, 3, 3, 32, 16}, through(Axis{Low: 1}, by(Winograd4, SquareConv(1, 1)))},           // the weight's gradient in slices
}

// TestConv3D checks forward and both gradients with the definition, which is that of images frame by frame, in float64.
func TestConv3D(t *testing.T) {
	best := simd.Active()
	for _, level := range simd.Levels() {
		if level != best && testing.Short() {
			continue
		}
		restore, err := simd.Use(level)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range clipCases {
			t.Run(fmt.Sprintf("%v/%+v", level, c), func(t *testing.T) { testClips(t, c) })
		}
		restore()
	}
}

func testClips(t *testing.T, c clipCase) {
	rng := NewRNG(1)
	x, w := rng.FillNormal(New(c.x...), 0, 1), rng.FillNormal(New(c.w...), 0, 1)
	nan := float32(math.NaN())
	y := New(ConvShape(x.Shape, w.Shape, c.g)...).Fill(nan)
	Conv3D(y, x, w, c.g)
	dy := rng.FillNormal(New(y.Shape...), 0, 1)
	wantY, wantX, wantW := clipDefinition(x, w, dy, c.g)
	tol := 1e-5
	if a := c.g.Plan(Forward, y.Shape, w.Shape); a != c.g.Algorithm && c.g.Algorithm == Winograd4 {
		t.Errorf("the plan is %v", a)
	} else if a == Winograd4 {
		tol = 3e-5
	}
	close32(t, "forward", y, wantY, tol)
	dx, dw := New(x.Shape...).Fill(nan), New(w.Shape...).Fill(nan)
	ConvGradInput(dx, dy, w, c.g, false)
	ConvGradWeight(dw, x, dy, c.g, false)
	close32(t, "input gradient", dx, wantX, tol)
	close32(t, "weight gradient", dw, wantW, tol)
	ConvGradInput(dx, dy, w, c.g, true)
	ConvGradWeight(dw, x, dy, c.g, true)
	Scale(wantX, 2, wantX)
	Scale(wantW, 2, wantW)
	close32(t, "input gradient, added", dx, wantX, tol)
	close32(t, "weight gradient, added", dw, wantW, tol)

	// with kept weights, and what follows in the same pass
	scale, shift := rng.FillNormal(New(c.w[4]), 1, 0.1), rng.FillNormal(New(c.w[4]), 0, 1)
	e := &Epilogue{Scale: scale.Data, Shift: shift.Data, Add: dy, ReLU: true}
	keep := &Packed{}
	for range 2 {
		fused := New(y.Shape...).Fill(nan)
		ConvFused(fused, x, w, c.g, e, keep)
		want := New(y.Shape...)
		Affine(want, y, dy, e.Scale, e.Shift, true)
		close32(t, "fused", fused, want, 1e-6)
	}
}

// clipDefinition sums convDefinition over output frames and taps.
func clipDefinition(x, w, dy *Tensor, g Conv) (y, dx, dw *Tensor) {
	g = g.norm(w.Shape)
	y, dx, dw = New(dy.Shape...), New(x.Shape...), New(w.Shape...)
	sy, sx, sw := make([]float64, dy.Len()), make([]float64, x.Len()), make([]float64, w.Len())
	t := g.T
	g.T = Axis{}
	part := func(x *Tensor, i int) (*Tensor, int) {
		n := Size(x.Shape[len(x.Shape)-3:])
		return &Tensor{Shape: append([]int{1}, x.Shape[len(x.Shape)-3:]...), Data: x.Data[i*n : (i+1)*n]}, i * n
	}
	add := func(dst []float64, at int, src []float64) {
		for i, v := range src {
			dst[at+i] += v
		}
	}
	for n := range x.Shape[0] {
		for f := range dy.Shape[1] {
			for a := range w.Shape[0] {
				in := f*t.Stride + a*t.Dilation - t.Low
				if in < 0 || in >= x.Shape[1] {
					continue
				}
				px, ax := part(x, n*x.Shape[1]+in)
				py, ay := part(dy, n*dy.Shape[1]+f)
				k := Size(w.Shape[1:])
				pw := &Tensor{Shape: w.Shape[1:], Data: w.Data[a*k : (a+1)*k]}
				gy, gx, gw := convDefinition(px, pw, py, g)
				add(sy, ay, gy)
				add(sx, ax, gx)
				add(sw, a*k, gw)
			}
		}
	}
	for _, c := range []struct {
		to   *Tensor
		from []float64
	}{{y, sy}, {dx, sx}, {dw, sw}} {
		for i, v := range c.from {
			c.to.Data[i] = float32(v)
		}
	}
	return y, dx, dw
}

// TestClipsSameBits: the number of workers does not change a bit.
func TestClipsSameBits(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, c := range clipCases {
		rng := NewRNG(3)
		x, w := rng.FillNormal(New(c.x...), 0, 1), rng.FillNormal(New(c.w...), 0, 1)
		y, dx, dw := New(ConvShape(x.Shape, w.Shape, c.g)...), New(x.Shape...), New(w.Shape...)
		var first [3]string
		for _, n := range []int{1, 2, 5} {
			parallel.SetWorkers(n)
			Conv3D(y, x, w, c.g)
			ConvGradInput(dx, y, w, c.g, false)
			ConvGradWeight(dw, x, y, c.g, false)
			for i, r := range []*Tensor{y, dx, dw} {
				if s := fmt.Sprint(r.Data); n == 1 {
					first[i] = s
				} else if s != first[i] {
					t.Errorf("%+v: %d workers give other bits than one in result %d", c, n, i)
				}
			}
		}
	}
}

// TestClipMistakes: what a convolution of clips cannot mean is told.
func TestClipMistakes(t *testing.T) {
	x, w := []int{2, 4, 5, 6, 3}, []int{3, 3, 3, 3, 4}
	for what, f := range map[string]func(){
		"tensor.Conv3D: input [4 5 6 3] and weight [3 3 3 3 4] need five axes": func() { ConvShape(x[1:], w, Conv{}) },
		"tensor.Conv3D: input [2 4 5 6 3] and weight [3 3 3 4] need five axes": func() { ConvShape(x, w[1:], Conv{}) },
		"tensor.Conv3D: input [2 4 5 6 3] has 3 channels":                      func() { ConvShape(x, []int{3, 3, 3, 2, 4}, Conv{}) },
		"tensor.Conv3D: kernel [5 3 3 3 4] does not fit":                       func() { ConvShape(x, []int{5, 3, 3, 3, 4}, Conv{}) },
		"tensor.Conv3D: negative geometry":                                     func() { ConvShape(x, w, Conv{T: Axis{Low: -1}}) },
		"tensor.Conv3D: input [4 5 6 3] has not five axes":                     func() { Conv3D(New(1), New(x[1:]...), New(w[1:]...), Conv{}) },
		"ConvGradWeight: gradient":                                             func() { ConvGradWeight(New(w...), New(x...), New(2, 3, 3, 4, 4), Conv{}, false) },
	} {
		func() {
			defer func() {
				if e := recover(); !strings.Contains(fmt.Sprint(e), what) {
					t.Errorf("%v, want %s", e, what)
				}
			}()
			f()
		}()
	}
}
