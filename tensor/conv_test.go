package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

type convCase struct {
	n, h, w, c, kh, kw, o int
	g                     Conv
}

// square is SquareConv with a dilation and groups.
func square(stride, pad, dilation, groups int) Conv {
	g := SquareConv(stride, pad)
	g.H.Dilation, g.W.Dilation, g.Groups = dilation, dilation, groups
	return g
}

// by is g computed by an algorithm.
func by(a Algorithm, g Conv) Conv {
	g.Algorithm = a
	return g
}

// grouped is g with groups.
func grouped(n int, g Conv) Conv {
	g.Groups = n
	return g
}

// uneven are geometries that differ from axis to axis and from side to side.
var uneven = []Conv{
	{H: Axis{Low: 1}, W: Axis{High: 2}},
	{H: Axis{High: 1}, W: Axis{Low: 2, High: 1}},
	{H: Axis{Stride: 2, Low: 2, High: 1}, W: Axis{Low: 1}},
	{H: Axis{Low: 1, High: 3}, W: Axis{Stride: 3, Low: 2}},
	{H: Axis{Stride: 2, Dilation: 2, Low: 1}, W: Axis{Stride: 3, High: 2}},
	{H: Axis{High: 1}, W: Axis{Dilation: 3, Low: 3, High: 1}},
	{H: Axis{Stride: 3, Dilation: 2, High: 2}, W: Axis{Stride: 2, Dilation: 2, Low: 3}},
}

var convCases = []convCase{
	{2, 7, 9, 3, 3, 3, 5, SquareConv(1, 1)},
	{1, 8, 8, 16, 3, 3, 32, SquareConv(1, 1)},
	{2, 8, 8, 4, 3, 3, 33, SquareConv(2, 1)},
	{2, 9, 7, 4, 1, 1, 17, Conv{}},
	{2, 9, 7, 4, 1, 1, 6, SquareConv(2, 0)},
	{1, 23, 23, 3, 7, 7, 8, SquareConv(2, 3)},
	{1, 27, 31, 3, 11, 11, 4, SquareConv(4, 2)},
	{2, 9, 9, 6, 3, 3, 6, square(1, 1, 1, 6)},
	{2, 9, 9, 6, 3, 3, 6, square(2, 1, 2, 6)},
	{1, 9, 9, 6, 3, 3, 8, square(1, 1, 1, 2)},
	{2, 9, 8, 6, 3, 3, 3, square(1, 1, 1, 3)}, // groups of one output, and of one input, are not depthwise
	{2, 9, 8, 6, 3, 3, 12, square(1, 1, 1, 6)},
	{2, 9, 8, 6, 3, 3, 3, square(2, 1, 2, 3)},
	{2, 9, 8, 6, 3, 3, 12, square(2, 1, 2, 6)},
	{2, 9, 8, 6, 1, 1, 3, square(2, 0, 1, 3)},
	{2, 20, 21, 5, 1, 1, 40, SquareConv(2, 0)}, // more pixels than a block
	{8, 12, 42, 3, 3, 3, 20, Conv{}},           // the weight's gradient in slices, without padding
	{8, 25, 42, 2, 3, 3, 4, Conv{H: Axis{Stride: 2}}},
	{1, 10, 9, 6, 3, 3, 8, square(2, 1, 1, 2)},
	{1, 11, 12, 4, 3, 3, 5, square(1, 2, 2, 1)},
	{1, 11, 12, 4, 3, 3, 6, square(2, 3, 3, 2)},
	{1, 6, 6, 2, 2, 4, 3, SquareConv(3, 2)},
	{1, 5, 5, 2, 5, 5, 3, Conv{}},
	{1, 4, 4, 2, 3, 3, 3, SquareConv(1, 3)},
	{1, 7, 7, 2, 2, 2, 3, SquareConv(3, 0)},
	{3, 4, 4, 40, 3, 3, 70, SquareConv(1, 1)},
	{9, 7, 7, 8, 3, 3, 40, SquareConv(1, 1)},    // rows of seven pixels, two to a tile
	{9, 14, 13, 12, 3, 3, 36, SquareConv(2, 1)}, // the same with a stride
	{2, 9, 8, 5, 1, 1, 7, Conv{H: Axis{Stride: 2}, W: Axis{Stride: 3}}},
	{2, 9, 8, 5, 1, 1, 7, Conv{H: Axis{Stride: 2}}},
	{4, 41, 45, 2, 3, 3, 3, Conv{H: Axis{Dilation: 2, High: 2}}}, // rows read beyond the next
	{1, 4, 5, 3, 1, 1, 4, Conv{H: Axis{Low: 1}}},
	{1, 4, 5, 3, 1, 1, 4, Conv{H: Axis{High: 1}}},
	{1, 4, 5, 3, 1, 1, 4, Conv{W: Axis{Low: 1}}},
	{1, 4, 5, 3, 1, 1, 4, Conv{W: Axis{High: 1}}},
	{2, 9, 8, 5, 1, 1, 7, Conv{W: Axis{Stride: 2}}},
	{1, 8, 9, 16, 3, 3, 16, by(Winograd2, Conv{H: Axis{High: 3}, W: Axis{Low: 3}})}, // beyond what Winograd's tiles reach: direct
}

func init() {
	for _, g := range uneven {
		convCases = append(convCases,
			convCase{2, 9, 11, 3, 3, 3, 5, g}, convCase{2, 9, 11, 3, 2, 4, 5, g}, convCase{2, 10, 12, 6, 3, 2, 4, grouped(2, g)},
			convCase{2, 9, 10, 6, 2, 3, 6, grouped(6, g)}, convCase{1, 7, 6, 5, 1, 1, 4, g}, convCase{2, 1, 19, 3, 1, 5, 4, Conv{W: g.W}},
			convCase{2, 19, 1, 3, 5, 1, 4, Conv{H: g.H}},
			convCase{4, 41, 45, 2, 3, 3, 3, g}, // padding row by row
			convCase{17, 9, 8, 2, 3, 3, 4, g},  // the weight's gradient in slices
			convCase{1, 9, 10, 4, 3, 3, 40, g})
	}
}

// TestConv checks forward and both gradients against the definition, in float64: the gradients through
// <conv(x, w), dy> = <x, gradInput> = <w, gradWeight>, whose coefficients one by one are gradInput and gradWeight.
func TestConv(t *testing.T) {
	for _, c := range convCases {
		t.Run(fmt.Sprintf("%v/%+v", simd.Active(), c), func(t *testing.T) { testConv(t, c) })
	}
}

// TestConvLevels is TestConv at the levels below.
func TestConvLevels(t *testing.T) {
	best := simd.Active()
	for _, level := range simd.Levels() {
		if level == best {
			continue
		}
		restore, err := simd.Use(level)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range convCases {
			t.Run(fmt.Sprintf("%v/%+v", level, c), func(t *testing.T) { testConv(t, c) })
		}
		restore()
	}
}

// TestConvDeep: so many weights of an output, or of an input, that their panels are taken in groups; and images of several pieces.
func TestConvDeep(t *testing.T) {
	for _, c := range []convCase{{1, 2, 3, 1000, 3, 3, 40, SquareConv(1, 1)}, {1, 2, 3, 40, 3, 3, 1000, SquareConv(1, 1)}, {1, 3, 2, 1000, 3, 3, 42, Conv{H: Axis{Low: 1, High: 1}, W: Axis{Dilation: 2, Low: 2, High: 2}}},
		{1, 70, 80, 16, 3, 3, 3, Conv{H: Axis{Low: 1}, W: Axis{High: 2}, Groups: 1}}, {2, 70, 60, 12, 3, 3, 12, square(2, 1, 1, 12)}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) { testConv(t, c) })
	}
}

// TestPadded: an image of several pieces, with zeros on every side, and one that needs none and is not copied.
func TestPadded(t *testing.T) {
	x := counted(2, 60, 80, 16)
	for _, c := range [][4]int{{2, 3, 65, 84}, {0, 1, 60, 81}, {1, 0, 61, 80}, {0, 0, 63, 80}, {0, 0, 60, 85}} {
		top, left, h, w := c[0], c[1], c[2], c[3]
		room := borrow(2 * h * w * 16)
		for i := range room[:cap(room)] {
			room[:cap(room)][i] = -1
		}
		giveBack(room)
		p := padded(x, top, left, h, w)
		for _, v := range p.data[len(p.data):cap(p.data)] {
			if v != -1 {
				t.Fatalf("%v: %g is written behind the images", c, v)
			}
		}
		if p.n != 2 || p.h != h || p.w != w || p.c != 16 || !p.borrowed {
			t.Fatalf("%v: %d images of %d by %d by %d", c, p.n, p.h, p.w, p.c)
		}
		for i, v := range p.data {
			n, u, v2, ch := i/16/w/h, i/16/w%h-top, i/16%w-left, i%16
			want := float32(0)
			if u >= 0 && u < 60 && v2 >= 0 && v2 < 80 {
				want = x.At(n, u, v2, ch)
			}
			if v != want {
				t.Fatalf("%v: element %d is %g, want %g", c, i, v, want)
			}
		}
		p.free()
	}
	if p := padded(x, 0, 0, 60, 80); p.borrowed || &p.data[0] != &x.Data[0] {
		t.Error("an image that needs no padding is copied")
	}
}

func testConv(t *testing.T, c convCase) {
	rng := NewRNG(1)
	x := rng.FillNormal(New(c.n, c.h, c.w, c.c), 0, 1)
	w := rng.FillNormal(New(c.kh, c.kw, c.c/max(c.g.Groups, 1), c.o), 0, 1)
	g := c.g.norm(w.Shape)
	y := New(ConvShape(x.Shape, w.Shape, g)...).Fill(float32(math.NaN()))
	Conv2D(y, x, w, g)
	dy := rng.FillNormal(New(y.Shape...), 0, 1)
	dx, dw := rng.FillNormal(New(x.Shape...), 0, 1), rng.FillNormal(New(w.Shape...), 0, 1)
	wantX, wantW := dx.Clone(), dw.Clone()
	ConvGradInput(dx, dy, w, g, true)
	ConvGradWeight(dw, x, dy, g, true)
	// setting is adding to nothing, whatever was there
	nan := float32(math.NaN())
	setX, setW := New(x.Shape...).Fill(nan), New(w.Shape...).Fill(nan)
	zeroX, zeroW := New(x.Shape...), New(w.Shape...)
	ConvGradInput(setX, dy, w, g, false)
	ConvGradInput(zeroX, dy, w, g, true)
	ConvGradWeight(setW, x, dy, g, false)
	ConvGradWeight(zeroW, x, dy, g, true)
	close32(t, "input gradient, set", setX, zeroX, 1e-6)
	close32(t, "weight gradient, set", setW, zeroW, 1e-6)
	gy, gx, gw := convDefinition(x, w, dy, g)
	want := New(y.Shape...)
	for i, v := range gy {
		want.Data[i] = float32(v)
	}
	close32(t, "forward", y, want, 1e-5)
	for i, v := range gx {
		wantX.Data[i] += float32(v)
	}
	for i, v := range gw {
		wantW.Data[i] += float32(v)
	}
	close32(t, "input gradient", dx, wantX, 1e-5)
	close32(t, "weight gradient", dw, wantW, 1e-5)
}

// convDefinition returns the convolution of x with w and the gradients of <conv(x, w), dy>, term by term.
func convDefinition(x, w, dy *Tensor, g Conv) (y, gx, gw []float64) {
	y, gx, gw = make([]float64, dy.Len()), make([]float64, x.Len()), make([]float64, w.Len())
	h, wd, c := x.Shape[1], x.Shape[2], x.Shape[3]
	cg, o := w.Shape[2], w.Shape[3]
	og := o / g.Groups
	for p := range dy.Len() / o { // pixels of the output
		n, q, r := p/dy.Shape[2]/dy.Shape[1], p/dy.Shape[2]%dy.Shape[1], p%dy.Shape[2]
		for a := range w.Shape[0] {
			for b := range w.Shape[1] {
				u, v := q*g.H.Stride+a*g.H.Dilation-g.H.Low, r*g.W.Stride+b*g.W.Dilation-g.W.Low
				if u < 0 || u >= h || v < 0 || v >= wd {
					continue
				}
				for ch := range c {
					ix, iw, group := ((n*h+u)*wd+v)*c+ch, ((a*w.Shape[1]+b)*cg+ch%cg)*o, ch/cg*og
					xv := float64(x.Data[ix])
					for k := group; k < group+og; k++ {
						d, wv := float64(dy.Data[p*o+k]), float64(w.Data[iw+k])
						y[p*o+k] += xv * wv
						gx[ix] += d * wv
						gw[iw+k] += d * xv
					}
				}
			}
		}
	}
	return y, gx, gw
}

// TestConvRef: the convolution as its definition reads is the one that the other tests compare with.
func TestConvRef(t *testing.T) {
	for _, g := range []Conv{square(2, 1, 2, 2), grouped(3, uneven[4]), grouped(6, uneven[3]), uneven[0], uneven[6]} {
		r := NewRNG(25)
		x, w := r.FillNormal(New(2, 7, 8, 6), 0, 1), r.FillNormal(New(3, 2, 6/max(g.Groups, 1), 12), 0, 1)
		g = g.norm(w.Shape)
		y := New(ConvShape(x.Shape, w.Shape, g)...)
		convRef(y, x, w, g)
		want, _, _ := convDefinition(x, w, y, g)
		for i, v := range y.Data {
			closeTo(t, fmt.Sprintf("%+v", g), v, want[i], 1e-5)
		}
	}
}

// close32 compares with a tolerance relative to the largest value of want.
func close32(t *testing.T, what string, got, want *Tensor, tol float64) {
	t.Helper()
	if !SameShape(got.Shape, want.Shape) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape, want.Shape)
	}
	big := 1e-30
	for _, v := range want.Data {
		big = math.Max(big, math.Abs(float64(v)))
	}
	for i := range got.Data {
		if d := math.Abs(float64(got.Data[i] - want.Data[i])); !(d <= tol*big) {
			t.Fatalf("%s: at %d got %g, want %g (largest %g)", what, i, got.Data[i], want.Data[i], big)
		}
	}
}

// TestWorkersSameBits: the number of workers, and the instruction set, do not change a bit.
func TestWorkersSameBits(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	rng := NewRNG(3)
	x := rng.FillNormal(New(3, 13, 13, 24), 0, 1)
	w := rng.FillNormal(New(3, 3, 24, 40), 0, 1)
	run := func() []float32 {
		g := SquareConv(2, 1)
		y := New(ConvShape(x.Shape, w.Shape, g)...)
		Conv2D(y, x, w, g)
		dx, dw := New(x.Shape...), New(w.Shape...)
		ConvGradInput(dx, y, w, g, true)
		ConvGradWeight(dw, x, y, g, true)
		c := New(39, 40)
		MatMulTN(c, New(507, 39).Fill(0.3), From(rng.Derive(1).FillNormal(New(507*40), 0, 1).Data, 507, 40), true, Float32)
		s := New(40)
		AddSumRows(s, y)
		return append(append(append(append(y.Data, dx.Data...), dw.Data...), c.Data...), s.Data...)
	}
	parallel.SetWorkers(1)
	want := run()
	for _, level := range simd.Levels() {
		restore, _ := simd.Use(level)
		for _, workers := range []int{1, 2, 3, 5, 8} {
			parallel.SetWorkers(workers)
			for i, v := range run() {
				if math.Float32bits(v) != math.Float32bits(want[i]) {
					t.Fatalf("%v with %d workers: value %d is %g, with one worker %g", level, workers, i, v, want[i])
				}
			}
		}
		restore()
	}
}

func TestGemm(t *testing.T) {
	rng := NewRNG(2)
	for _, s := range [][3]int{{1, 1, 1}, {3, 5, 7}, {8, 100, 300}, {130, 70, 513}, {300, 33, 20}, {65, 2100, 9},
		{16, 70, 600}, {9, 200, 4300}, {40, 70, 4200}, {130, 40, 5000}} {
		m, n, k := s[0], s[1], s[2]
		a, b, c := rng.FillNormal(New(m, k), 0, 1), rng.FillNormal(New(k, n), 0, 1), rng.FillNormal(New(m, n), 0, 1)
		want := New(m, n)
		for i := range m {
			for j := range n {
				t := 0.0
				for p := range k {
					t += float64(a.Data[i*k+p]) * float64(b.Data[p*n+j])
				}
				want.Data[i*n+j] = float32(0.5*t - 2*float64(c.Data[i*n+j]))
			}
		}
		at, bt := New(k, m), New(n, k)
		Permute(at, a, 1, 0)
		Permute(bt, b, 1, 0)
		for _, ta := range []bool{false, true} {
			for _, tb := range []bool{false, true} {
				ma, mb := Matrix{Data: a.Data, Rows: m, Cols: k}, Matrix{Data: b.Data, Rows: k, Cols: n}
				if ta {
					ma = Matrix{Data: at.Data, Rows: k, Cols: m, Transposed: true}
				}
				if tb {
					mb = Matrix{Data: bt.Data, Rows: n, Cols: k, Transposed: true}
				}
				got := c.Clone()
				Gemm(0.5, ma, mb, -2, Matrix{Data: got.Data, Rows: m, Cols: n})
				close32(t, fmt.Sprintf("gemm %v ta=%v tb=%v", s, ta, tb), got, want, 2e-6*math.Sqrt(float64(k))+1e-6)
			}
		}
	}
}

// TestGemmLevels: the paths for few rows and for long sums give the same bits at every level, with any number of workers.
func TestGemmLevels(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, s := range [][3]int{{9, 70, 600}, {16, 64, 4300}, {5, 65, 4300}, {20, 40, 4200}, {120, 33, 4100}, {130, 96, 530}, {113, 2112, 10}, {120, 32, 4100}} {
		m, n, k := s[0], s[1], s[2]
		rng := NewRNG(2)
		a, b := rng.FillNormal(New(m, k), 0, 1), rng.FillNormal(New(k, n), 0, 1)
		for kind, mats := range [][2]Matrix{
			{{Data: a.Data, Rows: m, Cols: k}, {Data: b.Data, Rows: k, Cols: n}},
			{{Data: a.Data, Rows: m, Cols: k}, {Data: b.Data, Rows: n, Cols: k, Transposed: true}},
			{{Data: a.Data, Rows: k, Cols: m, Transposed: true}, {Data: b.Data, Rows: k, Cols: n}},
		} {
			run := func(l simd.Level, workers int) *Tensor {
				restore, err := simd.Use(l)
				if err != nil {
					t.Fatal(err)
				}
				defer restore()
				parallel.SetWorkers(workers)
				c := New(m, n).Fill(1)
				Gemm(1, mats[0], mats[1], 1, Matrix{Data: c.Data, Rows: m, Cols: n})
				return c
			}
			want := run(simd.Go, 1)
			for _, l := range simd.Levels() {
				for _, workers := range []int{1, 2, 3, 5, 8} {
					for i, v := range run(l, workers).Data {
						if math.Float32bits(v) != math.Float32bits(want.Data[i]) {
							t.Fatalf("%v, kind %d, %v, %d workers: element %d is %v, the Go loops' %v", s, kind, l, workers, i, v, want.Data[i])
						}
					}
				}
			}
		}
	}
}

func BenchmarkGEMM(b *testing.B) {
	for _, n := range []int{128, 512, 1024} {
		x, y, z := New(n, n).Fill(1), New(n, n).Fill(1), New(n, n)
		for _, kind := range []string{"nn", "nt", "tn"} {
			b.Run(fmt.Sprintf("%s/%d/%v/t%d", kind, n, simd.Active(), parallel.Workers()), func(b *testing.B) {
				for b.Loop() {
					switch kind {
					case "nn":
						MatMul(z, x, y, Float32)
					case "nt":
						MatMulNT(z, x, y, false, Float32)
					case "tn":
						MatMulTN(z, x, y, true, Float32)
					}
				}
				b.ReportMetric(2*float64(n*n*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkLinear: products of ViT-tiny's and ViT-small's linear layers, of 128 pictures of 65 tokens and of 8 of 197.
func BenchmarkLinear(b *testing.B) {
	for _, s := range [][3]int{{8320, 576, 192}, {8320, 192, 192}, {8320, 768, 192}, {8320, 192, 768}, {1576, 1152, 384}, {1576, 384, 384}, {1576, 1536, 384}, {1576, 384, 1536}} {
		rows, out, in := s[0], s[1], s[2]
		x, w, y := New(rows, in).Fill(1), New(in, out).Fill(1), New(rows, out).Fill(1)
		for name, f := range map[string]func(){
			"forward": func() { MatMul(y, x, w, Float32) }, "inputs": func() { MatMulNT(x, y, w, false, Float32) }, "weights": func() { MatMulTN(w, x, y, false, Float32) },
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d/%v/t%d", name, rows, out, in, simd.Active(), parallel.Workers()), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(2*float64(rows*out*in)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

func BenchmarkConv2D(b *testing.B) {
	for _, c := range []convCase{
		{8, 56, 56, 64, 3, 3, 64, SquareConv(1, 1)}, {8, 28, 28, 128, 3, 3, 128, SquareConv(1, 1)}, {8, 14, 14, 256, 3, 3, 256, SquareConv(1, 1)},
		{8, 7, 7, 512, 3, 3, 512, SquareConv(1, 1)}, {8, 224, 224, 3, 7, 7, 64, SquareConv(2, 3)}, {128, 32, 32, 16, 3, 3, 16, SquareConv(1, 1)},
		{128, 4, 4, 512, 3, 3, 512, SquareConv(1, 1)}, {8, 56, 56, 64, 3, 3, 128, SquareConv(2, 1)}, {8, 56, 56, 256, 1, 1, 64, Conv{}},
	} {
		x, w := New(c.n, c.h, c.w, c.c).Fill(1), New(c.kh, c.kw, c.c, c.o).Fill(1)
		y := New(ConvShape(x.Shape, w.Shape, c.g)...)
		flop := 2 * float64(y.Len()) * float64(c.kh*c.kw*c.c)
		for name, f := range map[string]func(){
			"fwd": func() { Conv2D(y, x, w, c.g) }, "dx": func() { ConvGradInput(x, y, w, c.g, true) }, "dw": func() { ConvGradWeight(w, x, y, c.g, true) },
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%dx%d_k%d_o%d_s%d/%v", name, c.n, c.h, c.w, c.c, c.kh, c.o, max(1, c.g.H.Stride), simd.Active()), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
			x.Fill(1)
			w.Fill(1)
		}
	}
}
