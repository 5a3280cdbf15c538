package autograd

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// square is tensor.SquareConv with a dilation and groups.
func square(stride, pad, dilation, groups int) tensor.Conv {
	g := tensor.SquareConv(stride, pad)
	g.H.Dilation, g.W.Dilation, g.Groups = dilation, dilation, groups
	return g
}

func ceil(w tensor.Window) tensor.Window {
	w.Ceil = true
	return w
}

func countsPad(w tensor.Window) tensor.Window {
	w.CountsPad = true
	return w
}

var (
	uneven       = tensor.Conv{H: tensor.Axis{Dilation: 2, Low: 1, High: 2}, W: tensor.Axis{Stride: 3, Low: 2}}
	unevenWindow = tensor.Window{H: tensor.WindowAxis{Size: 3, Stride: 2, Low: 2}, W: tensor.WindowAxis{Size: 2, Stride: 3, High: 1}, Ceil: true}
)

// TestPyTorchConv compares convolutions and pools that differ between axes and sides with PyTorch's, testdata/conv.json, made by
// testdata/conv.py.
func TestPyTorchConv(t *testing.T) {
	conv := func(g tensor.Conv) func(in []*Var) *Var {
		return func(in []*Var) *Var {
			if len(in) > 2 {
				return Conv2D(in[0], in[1], in[2], g)
			}
			return Conv2D(in[0], in[1], nil, g)
		}
	}
	in1d := func(a tensor.Axis, groups int) func(in []*Var) *Var {
		return func(in []*Var) *Var {
			if len(in) > 2 {
				return Conv1D(in[0], in[1], in[2], tensor.Conv{T: a, Groups: groups})
			}
			return Conv1D(in[0], in[1], nil, tensor.Conv{T: a, Groups: groups})
		}
	}
	transpose := func(g tensor.Conv, outPad [2]int) func(in []*Var) *Var {
		return func(in []*Var) *Var {
			if len(in) > 2 {
				return ConvTranspose2D(in[0], in[1], in[2], g, outPad)
			}
			return ConvTranspose2D(in[0], in[1], nil, g, outPad)
		}
	}
	maxPool := func(w tensor.Window) func(in []*Var) *Var { return func(in []*Var) *Var { return MaxPool(in[0], w) } }
	avgPool := func(w tensor.Window) func(in []*Var) *Var { return func(in []*Var) *Var { return AvgPool(in[0], w) } }
	type axis = tensor.Axis
	along := func(stride, dilation, low, high int) axis {
		return axis{Stride: stride, Dilation: dilation, Low: low, High: high}
	}
	side := func(size, stride, low, high int) tensor.WindowAxis {
		return tensor.WindowAxis{Size: size, Stride: stride, Low: low, High: high}
	}
	wide := tensor.Window{H: side(3, 2, 1, 1), W: side(4, 3, 2, 2), Ceil: true}
	sides := tensor.Window{H: side(3, 2, 2, 0), W: side(3, 1, 0, 1)}
	g := func(h, w axis, groups int) tensor.Conv { return tensor.Conv{H: h, W: w, Groups: groups} }
	tiles := g(axis{Low: 1}, axis{High: 2}, 0)
	tiles.Algorithm = tensor.Winograd2
	compareCases(t, "testdata/conv.json", map[string]goldenCase{
		"conv_sides":        {1, [][]int{{2, 7, 6, 3}, {3, 3, 3, 5}, {5}}, conv(g(axis{Low: 1}, axis{High: 2}, 0))},
		"conv_strides":      {1, [][]int{{2, 8, 9, 3}, {3, 2, 3, 4}}, conv(g(axis{Stride: 2, High: 1}, axis{Stride: 3, Low: 2}, 0))},
		"conv_dilations":    {1, [][]int{{1, 9, 8, 2}, {2, 3, 2, 3}}, conv(g(axis{Dilation: 3, High: 3}, along(2, 2, 1, 2), 0))},
		"conv_rows":         {1, [][]int{{1, 9, 8, 2}, {3, 3, 2, 3}}, conv(g(axis{Dilation: 2, High: 2}, axis{Low: 1}, 0))},
		"conv_groups":       {1, [][]int{{2, 6, 7, 4}, {3, 2, 2, 6}}, conv(g(axis{High: 2}, axis{Stride: 2, Low: 1}, 2))},
		"conv_depthwise":    {1, [][]int{{2, 6, 7, 4}, {2, 3, 1, 4}}, conv(g(axis{Stride: 2, Low: 1}, axis{Dilation: 2, Low: 1, High: 2}, 4))},
		"conv_pixel":        {1, [][]int{{2, 7, 8, 3}, {1, 1, 3, 4}}, conv(g(axis{Stride: 3}, axis{Stride: 2}, 0))},
		"conv_winograd":     {1, [][]int{{1, 6, 7, 16}, {3, 3, 16, 16}}, conv(tiles)},
		"conv1d":            {1, [][]int{{2, 9, 3}, {3, 3, 4}, {4}}, in1d(along(2, 2, 2, 1), 0)},
		"conv1d_causal":     {1, [][]int{{2, 8, 4}, {2, 2, 6}}, in1d(axis{Low: 1}, 2)},
		"transpose_strides": {1, [][]int{{2, 4, 3, 3}, {3, 2, 5, 3}, {5}}, transpose(g(along(2, 1, 1, 1), axis{Stride: 3}, 0), [2]int{1, 2})},
		"transpose_groups":  {1, [][]int{{2, 4, 3, 6}, {3, 2, 2, 6}}, transpose(g(axis{Dilation: 2}, axis{Stride: 2}, 2), [2]int{})},
		"transpose_sides":   {1, [][]int{{1, 4, 3, 2}, {3, 4, 3, 2}}, transpose(g(axis{Stride: 2, Low: 1}, along(2, 1, 2, 1), 0), [2]int{})},
		"maxpool_sides":     {1, [][]int{{2, 7, 8, 3}}, maxPool(sides)},
		"maxpool_ceil":      {1, [][]int{{2, 8, 5, 3}}, maxPool(tensor.Window{H: side(3, 2, 0, 0), W: side(2, 3, 1, 1), Ceil: true})},
		"maxpool_beyond":    {1, [][]int{{1, 8, 9, 2}}, maxPool(tensor.Window{H: side(4, 5, 2, 2), W: side(3, 3, 1, 1), Ceil: true})},
		"avgpool_ceil":      {1, [][]int{{2, 8, 9, 3}}, avgPool(wide)},
		"avgpool_ceil_pad":  {1, [][]int{{2, 8, 9, 3}}, avgPool(countsPad(wide))},
		"avgpool_sides_pad": {1, [][]int{{2, 7, 8, 3}}, avgPool(countsPad(sides))},
	})
}

// TestGeometryMistakes: what an operation would not read, or cannot mean, is told.
func TestGeometryMistakes(t *testing.T) {
	x, w := Const(tensor.New(2, 6, 6, 4)), Const(tensor.New(3, 3, 4, 4))
	seq, k := Const(tensor.New(2, 6, 4)), Const(tensor.New(3, 4, 4))
	for want, f := range map[string]func(){
		"along T":              func() { Conv2D(x, w, nil, tensor.Conv{T: tensor.Axis{Low: 1}}) },
		"more than T":          func() { Conv1D(seq, k, nil, tensor.Conv{H: tensor.Axis{Low: 1}}) },
		"of more than T":       func() { Conv1D(seq, k, nil, tensor.SquareConv(1, 1)) },
		"three axes":           func() { Conv1D(x, w, nil, tensor.Conv{}) },
		"four axes":            func() { Conv2D(seq, k, nil, tensor.Conv{}) },
		"negative geometry":    func() { Conv2D(x, w, nil, tensor.Conv{W: tensor.Axis{High: -1}}) },
		"Low:-1":               func() { Conv2D(x, w, nil, tensor.Conv{H: tensor.Axis{Low: -1}}) },
		"Stride:-1":            func() { Conv2D(x, w, nil, tensor.Conv{H: tensor.Axis{Stride: -1}}) },
		"Dilation:-1":          func() { ConvTranspose2D(x, w, nil, tensor.Conv{W: tensor.Axis{Dilation: -1}}, [2]int{}) },
		"does not fit":         func() { Conv2D(x, w, nil, tensor.Conv{H: tensor.Axis{Dilation: 3}}) },
		"output padding 1":     func() { ConvTranspose2D(x, w, nil, tensor.Conv{}, [2]int{0, 1}) },
		"less than the window": func() { MaxPool(x, tensor.Window{W: tensor.WindowAxis{Size: 2, High: 2}}) },
		"Low:2":                func() { MaxPool(x, tensor.Window{W: tensor.WindowAxis{Size: 2, Low: 2}}) },
		"Low:-2":               func() { MaxPool(x, tensor.Window{W: tensor.WindowAxis{Size: 2, Low: -2}}) },
		"High:-2":              func() { MaxPool(x, tensor.Window{W: tensor.WindowAxis{Size: 2, High: -2}}) },
		"Size:-1":              func() { MaxPool(x, tensor.Window{H: tensor.WindowAxis{Size: -1, Stride: 1}}) },
		"Stride:-3":            func() { MaxPool(x, tensor.Window{H: tensor.WindowAxis{Size: 2, Stride: -3}}) },
		"{Size:7":              func() { AvgPool(x, tensor.Window{H: tensor.WindowAxis{Size: 7}}) },
	} {
		if err := Try(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want something with %q", err, want)
		}
	}
}

// TestModeIsTheTapes: precision and algorithm are those of the tape that computes, in all passes, in Checkpoint too, and two tapes
// do not disturb each other.
func TestModeIsTheTapes(t *testing.T) {
	rng := tensor.NewRNG(4)
	x, w := rng.FillNormal(tensor.New(2, 9, 9, 32), 0, 1), rng.FillNormal(tensor.New(3, 3, 32, 32), 0, 0.1)
	one, fc := rng.FillNormal(tensor.New(1, 1, 32, 32), 0, 1), rng.FillNormal(tensor.New(32, 48), 0, 1)
	run := func(m tensor.Mode, whole bool, f func(x *Var) *Var) string {
		tape := NewTape(nil)
		tape.Mode = m
		in := tape.Param(x)
		y := in
		if whole {
			y = f(in)
		} else {
			y = Checkpoint(in, f)
		}
		y.Keep()
		g := tape.BackwardFrom(y, tensor.New(y.Shape()...).Fill(0.3))
		s := fmt.Sprint(y.Value.Data)
		for _, p := range g.Params() {
			s += fmt.Sprint(p.Shape, g.Of(p).Data)
		}
		return s
	}
	for name, c := range map[string]struct {
		f  func(x *Var) *Var
		by tensor.Mode
	}{
		"algorithm":    {func(x *Var) *Var { return Conv2D(x, x.Param(w), nil, tensor.SquareConv(1, 1)) }, tensor.Mode{Algorithm: tensor.Winograd4}},
		"pixels":       {func(x *Var) *Var { return Conv2D(x, x.Param(one), nil, tensor.Conv{}) }, tensor.Mode{Precision: tensor.BFloat16}},
		"some pixels":  {func(x *Var) *Var { return Conv2D(x, x.Param(one), nil, tensor.SquareConv(2, 0)) }, tensor.Mode{Precision: tensor.BFloat16}},
		"linear":       {func(x *Var) *Var { return Linear(x, x.Param(fc), nil) }, tensor.Mode{Precision: tensor.BFloat16}},
		"similarities": {func(x *Var) *Var { r := Reshape(x, -1, 32); return MatMulNT(r, r) }, tensor.Mode{Precision: tensor.BFloat16}},
		"transposed": {func(x *Var) *Var { return ConvTranspose2D(x, x.Param(one), nil, tensor.Conv{}, [2]int{}) },
			tensor.Mode{Precision: tensor.BFloat16}},
	} {
		plain := run(tensor.Mode{Algorithm: tensor.Direct}, true, c.f)
		other := run(c.by, true, c.f)
		if plain == other {
			t.Errorf("%s: %+v changes nothing", name, c.by)
		}
		if run(c.by, false, c.f) != other {
			t.Errorf("%s: %+v is lost in Checkpoint", name, c.by)
		}
		if run(tensor.Mode{Algorithm: tensor.Direct}, true, c.f) != plain {
			t.Errorf("%s: another tape's %+v remains", name, c.by)
		}
	}
	// what a convolution says for itself goes before the tape's
	own := func(x *Var) *Var {
		g := tensor.SquareConv(1, 1)
		g.Algorithm = tensor.Winograd2
		return Conv2D(x, x.Param(w), nil, g)
	}
	if run(tensor.Mode{Algorithm: tensor.Direct}, true, own) != run(tensor.Mode{Algorithm: tensor.Winograd4}, true, own) {
		t.Error("the tape's algorithm went before the convolution's own")
	}
}

// TestPackedByPrecision: an inference tape whose precision changes reads weights of that precision, and the same weight under two
// geometries is packed for each.
func TestPackedByPrecision(t *testing.T) {
	rng := tensor.NewRNG(4)
	x := rng.FillNormal(tensor.New(2, 9, 9, 512), 0, 1)
	w, big, fc := rng.FillNormal(tensor.New(1, 1, 512, 32), 0, 1), rng.FillNormal(tensor.New(3, 3, 512, 32), 0, 1), rng.FillNormal(tensor.New(512, 48), 0, 1)
	seq := rng.FillNormal(tensor.New(3, 512, 32), 0, 1)
	ops := []func(x *Var) *Var{
		func(x *Var) *Var { return Conv2D(x, x.Param(w), nil, tensor.Conv{}) },
		func(x *Var) *Var { return Conv2D(x, x.Param(w), nil, tensor.SquareConv(2, 0)) },
		func(x *Var) *Var { return Conv2D(x, x.Param(w), nil, tensor.SquareConv(1, 1)) },
		func(x *Var) *Var { return Conv2D(x, x.Param(big), nil, tensor.SquareConv(1, 1)) },
		func(x *Var) *Var { return Conv2D(x, x.Param(big), nil, tensor.SquareConv(2, 1)) },
		func(x *Var) *Var { return Linear(x, x.Param(fc), nil) },
		func(x *Var) *Var { return Conv1D(Reshape(x, 2, 81, 512), x.Param(seq), nil, tensor.Conv{}) },
		func(x *Var) *Var { return Conv2D(x, Reshape(x.Param(seq), 3, 1, 512, 32), nil, tensor.Conv{}) },
	}
	kept := NewInference()
	var modes []tensor.Mode
	for p := tensor.Float32; p <= tensor.Int8; p++ {
		for a := tensor.Auto; a <= tensor.Winograd4; a++ {
			modes = append(modes, tensor.Mode{Precision: p, Algorithm: a})
		}
	}
	for range 2 {
		for _, m := range modes {
			for i, f := range ops {
				kept.Mode = m
				got := f(kept.Input(x)).Value
				fresh := NewInference()
				fresh.Mode = m
				want := f(fresh.Input(x)).Value
				for k := range want.Data {
					if math.Float32bits(got.Data[k]) != math.Float32bits(want.Data[k]) {
						t.Fatalf("%+v, op %d: element %d is %g, on a fresh tape %g", m, i, k, got.Data[k], want.Data[k])
					}
				}
				kept.Reset()
			}
		}
	}
}

// TestKeptTapeFollowsWeights: a tape for inference that was reset before the weights changed does not read their old packed form.
func TestKeptTapeFollowsWeights(t *testing.T) {
	rng := tensor.NewRNG(1)
	x, w := rng.FillNormal(tensor.New(2, 9, 9, 32), 0, 1), rng.FillNormal(tensor.New(3, 3, 32, 32), 0, 0.1)
	pass := func(t *Tape) *tensor.Tensor {
		defer t.Reset()
		return Conv2D(t.Input(x), t.Param(w), nil, tensor.SquareConv(1, 1)).Value.Clone()
	}
	kept := NewInference()
	before := pass(kept)
	for round := range 2 {
		tensor.Scale(w, 2, w)
		tensor.Changed()
		got, want := pass(kept), pass(NewInference())
		for k := range want.Data {
			if got.Data[k] != want.Data[k] || want.Data[k] != before.Data[k]*float32(int(2)<<round) {
				t.Fatalf("change %d: element %d is %g, on a fresh tape %g, before %g", round, k, got.Data[k], want.Data[k], before.Data[k])
			}
		}
	}
}

func TestRecomputeNames(t *testing.T) {
	var r Recompute
	for i, name := range RecomputeNames() {
		text, err := Recompute(i).MarshalText()
		if string(text) != name || err != nil || r.UnmarshalText(text) != nil || r != Recompute(i) || r.String() != name {
			t.Errorf("%d is written %q, %v, and read back %d; its name is %q", i, text, err, r, name)
		}
	}
	if err := r.UnmarshalText([]byte("everything")); err == nil || !strings.Contains(err.Error(), "blocks") || r != RecomputeBlocks {
		t.Errorf("an unknown level: %v; r is %v", err, r)
	}
}
