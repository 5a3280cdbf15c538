package tensor

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// everywhere runs f at every level and for some numbers of workers, and checks that all give the bits of the first.
func everywhere(t *testing.T, f func() *Tensor) *Tensor {
	t.Helper()
	var first *Tensor
	for _, l := range simd.Levels() {
		restore, err := simd.Use(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 2, 5} {
			back := parallel.Workers()
			parallel.SetWorkers(workers)
			got := f()
			parallel.SetWorkers(back)
			if first == nil {
				first = got
			}
			for i, v := range got.Data {
				if v != first.Data[i] {
					t.Fatalf("%v, %d workers: element %d is %g, first %g", l, workers, i, v, first.Data[i])
				}
			}
		}
		restore()
	}
	return first
}

// in is g in a precision.
func in(p Precision, g Conv) Conv {
	g.Precision = p
	return g
}

// TestBFloat16 checks every kind of product against one in float64 of operands rounded to bfloat16, at all levels.
func TestBFloat16(t *testing.T) {
	for _, c := range []struct {
		name    string
		m, n, k int
	}{{"even", 150, 48, 96}, {"odd", 130, 33, 101}, {"two blocks", 40, 40, 300}, {"sliced", 32, 24, 4500}} {
		rng := NewRNG(5)
		a, b := rng.FillNormal(New(c.m, c.k), 0, 1), rng.FillNormal(New(c.k, c.n), 0, 1)
		at, bt := New(c.k, c.m), New(c.n, c.k)
		want, size := make([]float64, c.m*c.n), make([]float64, c.m*c.n)
		for i := range c.m {
			for p := range c.k {
				at.Data[p*c.m+i] = a.Data[i*c.k+p]
				for j := range c.n {
					v := float64(simd.RoundBF16(a.Data[i*c.k+p])) * float64(simd.RoundBF16(b.Data[p*c.n+j]))
					want[i*c.n+j] += v
					size[i*c.n+j] += math.Abs(v)
				}
			}
		}
		for p := range c.k {
			for j := range c.n {
				bt.Data[j*c.k+p] = b.Data[p*c.n+j]
			}
		}
		for kind, f := range map[string]func(y *Tensor){
			"matmul": func(y *Tensor) { MatMul(y, a, b, BFloat16) },
			"kept":   func(y *Tensor) { matMulFused(y, a, b, nil, &Packed{}, BFloat16) },
			"nt":     func(y *Tensor) { MatMulNT(y, a, bt, false, BFloat16) },
			"tn":     func(y *Tensor) { MatMulTN(y, at, b, false, BFloat16) },
			"add":    func(y *Tensor) { MatMul(y, a, b, Float32); Scale(y, 0, y); AddMatMul(y, a, b, BFloat16) },
		} {
			got := everywhere(t, func() *Tensor {
				y := New(c.m, c.n)
				f(y)
				return y
			})
			for i, v := range got.Data {
				if d := math.Abs(float64(v) - want[i]); d > 1e-6*size[i] {
					t.Fatalf("%s %s: element %d is %g, want %g", c.name, kind, i, v, want[i])
				}
			}
		}
		exact := New(c.m, c.n)
		MatMul(exact, a, b, Float32)
		same := true
		for i := range want {
			same = same && math.Abs(float64(exact.Data[i])-want[i]) <= 1e-6*size[i]
		}
		if same {
			t.Errorf("%s: float32 gives what bfloat16 gives: nothing was rounded", c.name)
		}
	}
}

// TestPointwiseBFloat16: a strided 1x1 convolution is the product of the pixels that it reads.
func TestPointwiseBFloat16(t *testing.T) {
	testPointwiseBFloat16(t, 9, 8, 5, 4)
	testPointwiseBFloat16(t, 23, 24, 12, 12) // more pixels than a block
}

func testPointwiseBFloat16(t *testing.T, h, w, oh, ow int) {
	rng := NewRNG(6)
	x, weight := rng.FillNormal(New(2, h, w, 40), 0, 1), rng.FillNormal(New(1, 1, 40, 24), 0, 1)
	some := New(2*oh*ow, 40)
	for i := range 2 {
		for q := range oh {
			for r := range ow {
				copy(some.Data[((i*oh+q)*ow+r)*40:][:40], x.Data[((i*h+2*q)*w+2*r)*40:])
			}
		}
	}
	want := everywhere(t, func() *Tensor {
		y := New(2*oh*ow, 24)
		MatMul(y, some, weight.Reshape(40, 24), BFloat16)
		return y
	})
	for _, keep := range []*Packed{nil, {}} {
		got := everywhere(t, func() *Tensor {
			y := New(2, oh, ow, 24)
			if keep != nil {
				keep = &Packed{}
			}
			ConvFused(y, x, weight, in(BFloat16, SquareConv(2, 0)), nil, keep)
			return y
		})
		for i := range got.Data {
			if got.Data[i] != want.Data[i] {
				t.Fatalf("element %d is %g, want %g", i, got.Data[i], want.Data[i])
			}
		}
	}
}

// TestConvInt8 checks convolutions in integers against the definition, in float64, at all levels: to the rounding of the last
// multiplications; and an image's result must not depend on its batch.
func TestConvInt8(t *testing.T) {
	for _, c := range []struct {
		n, h, w, ci, co, k int
		g                  Conv
		signed             bool
	}{{2, 9, 7, 16, 24, 3, SquareConv(1, 1), false}, {2, 10, 11, 8, 40, 3, SquareConv(2, 1), true}, {3, 6, 5, 64, 33, 1, Conv{}, false},
		{1, 20, 13, 12, 16, 1, SquareConv(2, 0), true}, {1, 12, 130, 4, 16, 5, SquareConv(1, 2), true}, {9, 14, 14, 8, 40, 3, SquareConv(2, 1), false}, {2, 7, 7, 256, 64, 3, SquareConv(1, 1), false},
		{1, 8, 260, 4, 16, 3, Conv{H: Axis{Stride: 3}, W: Axis{Stride: 2, Low: 1}}, true}, {9, 14, 13, 8, 24, 3, uneven[2], false},
		{2, 9, 8, 8, 24, 3, uneven[0], true}, {2, 9, 8, 8, 24, 2, uneven[2], true}, {2, 9, 8, 8, 24, 3, uneven[3], true}} {
		rng := NewRNG(7)
		x, w := rng.FillNormal(New(c.n, c.h, c.w, c.ci), 0.3, 1), rng.FillNormal(New(c.k, c.k, c.ci, c.co), 0, 0.2)
		if !c.signed {
			ReLU(x, x)
		}
		shape := ConvShape(x.Shape, w.Shape, c.g)
		e := &Epilogue{Scale: make([]float32, c.co), Shift: make([]float32, c.co), ReLU: true}
		for j := range e.Scale {
			e.Scale[j], e.Shift[j] = 1+float32(j%3)/4, float32(j%5)/8-0.2
		}
		run := func(x *Tensor, p Precision) func() *Tensor {
			return func() *Tensor {
				y := New(append([]int{x.Shape[0]}, shape[1:]...)...)
				ConvFused(y, x, w, in(p, c.g), e, &Packed{})
				return y
			}
		}
		got := everywhere(t, run(x, Int8))
		exact := run(x, Float32)()
		q, wq := quantized(x, w)
		size := len(x.Data) / c.n
		g := c.g.norm(w.Shape)
		oh, ow := shape[1], shape[2]
		off, far := 0, 0.0
		for p, v := range got.Data {
			j, r, u, i := p%c.co, p/c.co%ow, p/c.co/ow%oh, p/c.co/ow/oh
			sum := 0.0
			for a := range c.k {
				for b := range c.k {
					yy, xx := u*g.H.Stride+a-g.H.Low, r*g.W.Stride+b-g.W.Low
					if yy < 0 || yy >= c.h || xx < 0 || xx >= c.w {
						continue
					}
					for ch := range c.ci {
						sum += q[((i*c.h+yy)*c.w+xx)*c.ci+ch] * wq[((a*c.k+b)*c.ci+ch)*c.co+j]
					}
				}
			}
			want := max(0, sum*float64(e.Scale[j])+float64(e.Shift[j]))
			if !(math.Abs(float64(v)-want) <= 1e-4*(1+math.Abs(want))) {
				off++ // a value on the edge between two quanta may fall to the other side in float32
			}
			far = max(far, math.Abs(float64(v-exact.Data[p])))
		}
		if off > len(got.Data)/50 {
			t.Errorf("%+v: %d of %d elements are not the quantized sums", c, off, len(got.Data))
		}
		if far == 0 || far > 0.5 {
			t.Errorf("%+v: up to %g from float32", c, far)
		}
		if c.n > 1 {
			second := &Tensor{Shape: append([]int{1}, x.Shape[1:]...), Data: x.Data[size : 2*size]}
			alone := everywhere(t, run(second, Int8))
			for k, v := range alone.Data {
				if v != got.Data[len(alone.Data)+k] {
					t.Fatalf("%+v: an image alone differs from the same in a batch", c)
				}
			}
		}
	}
}

// quantized returns the values of images and weights after they were rounded to 8 bits, as the documentation says.
func quantized(x, w *Tensor) (q, wq []float64) {
	n, co := x.Shape[0], w.Shape[3]
	q = make([]float64, len(x.Data))
	size := len(x.Data) / n
	for i := range n {
		im := x.Data[i*size:][:size]
		lo, hi := 0.0, 0.0
		for _, v := range im {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
		s := (hi - lo) / 255
		zero := math.RoundToEven(-lo / s)
		for k, v := range im {
			q[i*size+k] = (min(max(math.RoundToEven(float64(v)/s+zero), 0), 255) - zero) * s
		}
	}
	wq = make([]float64, len(w.Data))
	for j := range co {
		most := 0.0
		for k := j; k < len(wq); k += co {
			most = max(most, math.Abs(float64(w.Data[k])))
		}
		for k := j; k < len(wq); k += co {
			wq[k] = math.RoundToEven(float64(w.Data[k])/(most/127)) * (most / 127)
		}
	}
	return q, wq
}

// TestInt8Shape: what is done in integers.
func TestInt8Shape(t *testing.T) {
	for _, c := range []struct {
		w    []int
		g    Conv
		want bool
	}{
		{[]int{3, 3, 16, 16}, Conv{}, true}, {[]int{3, 3, 16, 16}, uneven[3], true}, {[]int{3, 3, 16, 16}, Conv{H: Axis{Dilation: 2}}, false},
		{[]int{3, 3, 16, 16}, Conv{W: Axis{Dilation: 2}}, false}, {[]int{1, 3, 16, 16}, Conv{H: Axis{Dilation: 2}}, true},
		{[]int{3, 3, 16, 32}, Conv{Groups: 2}, false}, {[]int{3, 3, 14, 16}, Conv{}, false}, {[]int{3, 3, 16, 12}, Conv{}, false},
	} {
		if got := int8Shape(c.w, c.g); got != c.want {
			t.Errorf("%v with %+v in integers: %v", c.w, c.g, got)
		}
	}
}

// TestInt8NaN: what is not a number does not become one in integers; other images of the batch stay.
func TestInt8NaN(t *testing.T) {
	rng := NewRNG(8)
	x, w := rng.FillNormal(New(2, 6, 6, 16), 0, 1), rng.FillNormal(New(3, 3, 16, 32), 0, 1)
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		x.Data[7] = float32(bad)
		y := New(2, 6, 6, 32)
		ConvFused(y, x, w, in(Int8, SquareConv(1, 1)), nil, &Packed{})
		half := y.Len() / 2
		for i, v := range y.Data {
			if nan := v != v; nan != (i < half) {
				t.Fatalf("%g in image 0: element %d is %g", bad, i, v)
			}
		}
	}
}

// TestInt8Pieces: images of more values than a worker measures or quantizes at once, whose extremes lie in the last of them, give what the
// rounded values give in float32.
func TestInt8Pieces(t *testing.T) {
	rng := NewRNG(5)
	x, w := rng.FillUniform(New(2, 70, 66, 4), 0, 1), rng.FillNormal(New(3, 3, 4, 16), 0, 0.2)
	size := len(x.Data) / 2
	x.Data[size-1], x.Data[size-2], x.Data[2*size-3], x.Data[size] = 3, -1, 7, -2
	q, wq := quantized(x, w)
	for i, im := range quantizeImages(x) {
		want := []float64{4.0 / 255, 9.0 / 255}[i]
		if !(math.Abs(float64(im.scale)-want) <= 1e-7) || im.zero != []float32{64, 57}[i] {
			t.Errorf("image %d: %+v, want a scale of %g", i, im, want)
		}
	}
	xq, ww := New(x.Shape...), New(w.Shape...)
	for i, v := range q {
		xq.Data[i] = float32(v)
	}
	for i, v := range wq {
		ww.Data[i] = float32(v)
	}
	for _, g := range []Conv{SquareConv(1, 1), SquareConv(2, 0), SquareConv(1, 2)} {
		shape := ConvShape(x.Shape, w.Shape, g)
		got, want := New(shape...), New(shape...)
		ConvFused(got, x, w, in(Int8, g), nil, &Packed{})
		Conv2D(want, xq, ww, g)
		off := 0
		for i, v := range want.Data {
			if !(math.Abs(float64(v-got.Data[i])) <= 1e-4*(1+math.Abs(float64(v)))) {
				off++ // a value on the edge between two quanta may fall to the other side in float32
			}
		}
		if off > len(want.Data)/100 {
			t.Errorf("%+v: %d of %d elements are not the rounded values' sums", g, off, len(want.Data))
		}
	}
}
