package tensor

import (
	"encoding"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// TestModeNames: the names of an enumeration are written, read, printed and listed alike; a file holds them as words.
func TestModeNames(t *testing.T) {
	for i, name := range AlgorithmNames() {
		var a Algorithm
		testName(t, name, Algorithm(i), &a, func() bool { return a == Algorithm(i) && a.String() == name })
	}
	for i, name := range PrecisionNames() {
		var p Precision
		testName(t, name, Precision(i), &p, func() bool { return p == Precision(i) && p.String() == name })
	}
	if Winograd4.String() != "winograd4" || Int8.String() != "int8" {
		t.Errorf("the last names are %v and %v", Winograd4, Int8)
	}
	m := Mode{BFloat16, Winograd2}
	b, err := json.Marshal(m)
	var back Mode
	if err != nil || string(b) != `{"Precision":"bfloat16","Algorithm":"winograd2"}` || json.Unmarshal(b, &back) != nil || back != m {
		t.Errorf("%+v is %s, %v, and read back %+v", m, b, err, back)
	}
	if _, err := json.Marshal(Mode{Precision: 9}); err == nil {
		t.Error("a precision without a name was written")
	}
	if err := json.Unmarshal([]byte(`{"Algorithm":"fft"}`), &back); err == nil || !strings.Contains(err.Error(), "winograd2") || back != m {
		t.Errorf("an unknown algorithm: %v, %+v", err, back)
	}
}

func testName(t *testing.T, name string, from encoding.TextMarshaler, to encoding.TextUnmarshaler, same func() bool) {
	t.Helper()
	b, err := from.MarshalText()
	if err != nil || string(b) != name || to.UnmarshalText(b) != nil || !same() {
		t.Errorf("%v is written %q, %v; the list has %q", from, b, err, name)
	}
	if err := to.UnmarshalText([]byte("none such")); err == nil || !strings.Contains(err.Error(), name) || !same() {
		t.Errorf("an unknown name: %v, should list %q and change nothing", err, name)
	}
}

func TestModeOr(t *testing.T) {
	tape := Mode{BFloat16, Winograd4}
	for m, want := range map[Mode]Mode{{}: tape, {Int8, Auto}: {Int8, Winograd4}, {Float32, Direct}: {BFloat16, Direct}, {Int8, Direct}: {Int8, Direct}} {
		if got := m.Or(tape); got != want {
			t.Errorf("%+v or else %+v is %+v, want %+v", m, tape, got, want)
		}
	}
}

func TestSetThreads(t *testing.T) {
	began := Threads()
	defer SetThreads(began)
	SetThreads(3)
	if Threads() != 3 || parallel.Workers() != 3 {
		t.Errorf("three threads asked for, %d and %d compute", Threads(), parallel.Workers())
	}
	SetThreads(0)
	if Threads() != began {
		t.Errorf("%d threads by default, at the beginning %d", Threads(), began)
	}
}

// TestAxis: sizes of outputs, and of inputs that give them.
func TestAxis(t *testing.T) {
	for _, c := range []struct {
		a          Axis
		n, k, want int
	}{
		{Axis{}, 7, 3, 5}, {Axis{Low: 1, High: 1}, 7, 3, 7}, {Axis{High: 2}, 7, 3, 7}, {Axis{Low: 2}, 7, 3, 7}, {Axis{Stride: 2, Low: 1}, 7, 3, 3},
		{Axis{Stride: 2, Low: 1, High: 1}, 7, 3, 4}, {Axis{Dilation: 3}, 7, 3, 1}, {Axis{Dilation: 3}, 6, 3, 0}, {Axis{Stride: 4}, 2, 3, 0}, {Axis{Stride: 3}, 7, 1, 3},
	} {
		if got := c.a.Out(c.n, c.k); got != c.want {
			t.Errorf("%+v: %d inputs and %d elements give %d outputs, want %d", c.a, c.n, c.k, got, c.want)
		}
		if c.want < 1 {
			continue
		}
		if n := c.a.in(c.want, c.k); n > c.n || c.a.Out(n, c.k) != c.want || c.a.Out(n-1, c.k) == c.want {
			t.Errorf("%+v: %d outputs of %d elements have at least %d inputs", c.a, c.want, c.k, n)
		}
	}
}

// TestPlan: Winograd's tiles are for 3x3 kernels of stride 1 and padding up to 2, and only there.
func TestPlan(t *testing.T) {
	y, w := []int{8, 32, 32, 64}, []int{3, 3, 64, 64}
	for _, c := range []struct {
		g    Conv
		w    []int
		want Algorithm
	}{
		{SquareConv(1, 1), w, Winograd4}, {SquareConv(1, 2), w, Winograd4}, {SquareConv(1, 3), w, Direct}, {SquareConv(2, 1), w, Direct},
		{Conv{H: Axis{Low: 2}, W: Axis{High: 2}}, w, Winograd4}, {Conv{H: Axis{Low: 3}}, w, Direct}, {Conv{H: Axis{High: 3}}, w, Direct},
		{Conv{W: Axis{Low: 3}}, w, Direct}, {Conv{W: Axis{High: 3}}, w, Direct}, {Conv{H: Axis{Stride: 2}}, w, Direct}, {Conv{W: Axis{Stride: 2}}, w, Direct},
		{Conv{H: Axis{Dilation: 2}}, w, Direct}, {Conv{W: Axis{Dilation: 2}}, w, Direct}, {Conv{Groups: 2}, w, Direct},
		{Conv{}, []int{3, 2, 64, 64}, Direct}, {Conv{}, []int{2, 3, 64, 64}, Direct}, {Conv{}, []int{3, 3, 60, 64}, Direct}, {Conv{}, []int{3, 3, 64, 60}, Direct},
		{by(Direct, SquareConv(1, 1)), w, Direct}, {by(Winograd2, SquareConv(1, 1)), w, Winograd2}, {by(Winograd2, SquareConv(2, 1)), w, Direct},
	} {
		for pass := Forward; pass <= GradWeight; pass++ {
			if got := c.g.Plan(pass, y, c.w); got != c.want {
				t.Errorf("%+v of %v, pass %d: %v, want %v", c.g, c.w, pass, got, c.want)
			}
		}
	}
}

// TestConvShapes: the sizes of outputs, and of what a transposed convolution makes.
func TestConvShapes(t *testing.T) {
	for _, c := range []struct {
		x, w, want []int
		g          Conv
	}{
		{[]int{2, 7, 9, 4}, []int{3, 5, 4, 6}, []int{2, 5, 5, 6}, Conv{}}, {[]int{2, 7, 9, 4}, []int{3, 5, 2, 6}, []int{2, 5, 5, 6}, Conv{Groups: 2}},
		{[]int{2, 3, 5, 4}, []int{3, 5, 4, 6}, []int{2, 1, 1, 6}, Conv{}}, {[]int{1, 7, 9, 1}, []int{3, 3, 1, 1}, []int{1, 4, 3, 1}, Conv{H: Axis{Stride: 2, Low: 1, High: 1}, W: Axis{Stride: 3, High: 1}}},
	} {
		if got := ConvShape(c.x, c.w, c.g); !SameShape(got, c.want) {
			t.Errorf("%v by %v with %+v is %v, want %v", c.x, c.w, c.g, got, c.want)
		}
	}
	for _, c := range []struct {
		x, w, want []int
		g          Conv
		pad        [2]int
	}{
		{[]int{2, 5, 4, 6}, []int{3, 5, 4, 6}, []int{2, 7, 8, 4}, Conv{}, [2]int{}}, {[]int{2, 5, 4, 6}, []int{3, 2, 4, 6}, []int{2, 11, 10, 8}, grouped(2, Conv{H: Axis{Stride: 2}, W: Axis{Stride: 3, High: 2}}), [2]int{0, 1}},
		{[]int{1, 4, 4, 2}, []int{3, 3, 5, 2}, []int{1, 8, 8, 5}, SquareConv(2, 1), [2]int{1, 1}}, {[]int{1, 1, 1, 2}, []int{3, 3, 5, 2}, []int{1, 1, 1, 5}, SquareConv(1, 1), [2]int{}},
	} {
		if got := ConvTransposeShape(c.x, c.w, c.g, c.pad); !SameShape(got, c.want) {
			t.Errorf("%v by %v with %+v, transposed, is %v, want %v", c.x, c.w, c.g, got, c.want)
		}
	}
}

// TestConvComplaints: geometries that cannot be meant, sides that do not fit, and operands of other shapes.
func TestConvComplaints(t *testing.T) {
	x, w := []int{2, 5, 6, 4}, []int{3, 3, 4, 6}
	for what, g := range map[string]Conv{
		"an axis too many": {T: Axis{Stride: 1}}, "low": {H: Axis{Low: -1}}, "high": {W: Axis{High: -1}}, "stride": {H: Axis{Stride: -1}}, "dilation": {W: Axis{Dilation: -1}},
		"groups": {Groups: 2}, "negative groups": {Groups: -1}, "high kernel": {H: Axis{Dilation: 3}}, "wide kernel": {W: Axis{Dilation: 3}},
	} {
		complains(t, what, func() { ConvShape(x, w, g) })
	}
	image, kernel, out := New(x...), New(w...), New(2, 3, 4, 6)
	for what, f := range map[string]func(){
		"groups that do not divide": func() { ConvShape(x, []int{3, 3, 1, 6}, Conv{Groups: 4}) },
		"image of three axes":       func() { ConvShape(x[1:], w, Conv{}) },
		"kernel of three axes":      func() { ConvShape(x, w[1:], Conv{}) },
		"channels":                  func() { ConvShape(x, []int{3, 3, 3, 6}, Conv{}) },
		"output":                    func() { Conv2D(New(2, 3, 4, 5), image, kernel, Conv{}) },
		"weight's gradient":         func() { ConvGradWeight(kernel, image, New(2, 3, 3, 6), Conv{}, false) },
		"input's gradient":          func() { ConvGradInput(image, New(2, 2, 4, 6), kernel, Conv{}, false) },
		"transposed: image":         func() { ConvTransposeShape([]int{5, 6, 6}, w, Conv{}, [2]int{}) },
		"transposed: kernel":        func() { ConvTransposeShape(out.Shape, []int{3, 4, 6}, Conv{}, [2]int{}) },
		"transposed: channels":      func() { ConvTransposeShape(x, w, Conv{}, [2]int{}) },
		"transposed: geometry":      func() { ConvTransposeShape(out.Shape, w, Conv{H: Axis{Low: -1}}, [2]int{}) },
		"transposed: padding":       func() { ConvTransposeShape(out.Shape, w, SquareConv(2, 0), [2]int{-1, 0}) },
		"transposed: more padding":  func() { ConvTransposeShape(out.Shape, w, SquareConv(2, 0), [2]int{0, 2}) },
		"transposed: no height":     func() { ConvTransposeShape([]int{1, 1, 4, 6}, w, Conv{H: Axis{Low: 2, High: 1}}, [2]int{}) },
		"transposed: no width":      func() { ConvTransposeShape([]int{1, 4, 1, 6}, w, Conv{W: Axis{Low: 1, High: 2}}, [2]int{}) },
	} {
		complains(t, what, f)
	}
}

// TestLowShape: what is large enough for bfloat16, and what the processor has instructions for.
func TestLowShape(t *testing.T) {
	for _, c := range []struct {
		m, n, k int
		want    bool
	}{{16, 16, 32, true}, {15, 16, 32, false}, {16, 15, 32, false}, {16, 16, 31, false}, {100, 100, 100, true}, {100, 2, 100, false}, {2, 100, 100, false}, {100, 100, 2, false}} {
		if got := lowShape(c.m, c.n, c.k); got != c.want {
			t.Errorf("[%d %d] · [%d %d] in bfloat16: %v", c.m, c.k, c.k, c.n, got)
		}
	}
	if !Float32.Native() || BFloat16.Native() != simd.BF16Native() || Int8.Native() != simd.Int8Native() {
		t.Errorf("native: %v %v %v", Float32.Native(), BFloat16.Native(), Int8.Native())
	}
}
