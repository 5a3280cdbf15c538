package tensor

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// TestPhilox: the known-answer vectors of the Random123 library for philox4x32-10.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.key, c.ctr); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.key, c.ctr, got, c.want)
		}
	}
}

func TestRNG(t *testing.T) {
	r := NewRNG(7)
	a, b := r.Derive(1, 2), r.Derive(1, 2)
	c := r.Derive(2, 1)
	if x := a.Uint64(); x != b.Uint64() || x == c.Uint64() {
		t.Error("the same tags give the same stream, others another")
	}
	n, s, q := 100000, 0.0, 0.0
	for range n {
		v := float64(r.Normal())
		s += v
		q += v * v
	}
	if m, v := s/float64(n), q/float64(n); !(math.Abs(m) <= 0.02) || !(math.Abs(v-1) <= 0.02) {
		t.Errorf("Normal: mean %g, variance %g", m, v)
	}
	count := [7]int{}
	for range 70000 {
		count[r.IntN(7)]++
	}
	for i, k := range count {
		if k < 9500 || k > 10500 {
			t.Errorf("IntN(7) gave %d %d times of 70000", i, k)
		}
	}
	p := r.Perm(100)
	seen := map[int]bool{}
	for _, v := range p {
		seen[v] = true
	}
	if len(seen) != 100 {
		t.Error("Perm is not a permutation")
	}
}

// TestFill: filling in pieces gives the numbers of one draw after the other.
func TestFill(t *testing.T) {
	for _, skip := range []int{0, 1, 2, 3, 5} {
		for _, n := range []int{0, 1, 3, 7, 40000, 40001} {
			a, b := NewRNG(4), NewRNG(4)
			for range skip {
				a.Uint32()
				b.Uint32()
			}
			x, y := a.FillNormal(New(n), 1, 2), a.FillUniform(New(n), -1, 3)
			for i := range n {
				if want := 1 + float32(2*b.Normal()); x.Data[i] != want {
					t.Fatalf("skip %d, n %d: normal %d is %g, want %g", skip, n, i, x.Data[i], want)
				}
			}
			for i := range n {
				if want := b.Uniform(-1, 3); y.Data[i] != want {
					t.Fatalf("skip %d, n %d: uniform %d is %g, want %g", skip, n, i, y.Data[i], want)
				}
			}
			if a.Uint32() != b.Uint32() {
				t.Fatalf("skip %d, n %d: the streams part", skip, n)
			}
		}
	}
}

func ExampleTensor() {
	t := From([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(t.Rows(1, 2), t.Reshape(3, -1).Shape)
	y := New(3, 2)
	Permute(y, t, 1, 0)
	fmt.Println(y)
	// Output:
	// [1 3] 4 5 6 [3 2]
	// [3 2] 1 4 2 5 3 6
}

func TestCountRight(t *testing.T) {
	x := From([]float32{1, 3, 2, 5, 5, 0, 0, 1, 9}, 3, 3)
	if n := CountRight(x, []int32{1, 0, 1}); n != 2 {
		t.Errorf("%d right, want 2: the first of equals counts", n)
	}
}

func ExampleMatMul() {
	a, b, c := From([]float32{1, 2, 3, 4}, 2, 2), From([]float32{1, 0, 1, 1}, 2, 2), New(2, 2)
	MatMul(c, a, b, Float32)
	fmt.Println(c)
	// Output: [2 2] 3 2 7 4
}

func TestShapeErrors(t *testing.T) {
	for want, f := range map[string]func(){
		"tensor.Conv2D: input [8 32 32 16] has 16 channels, weight [3 3 3 32] with 1 groups wants 3": func() { ConvShape([]int{8, 32, 32, 16}, []int{3, 3, 3, 32}, Conv{}) },
		"tensor.MatMul: [2 3] · [4 5]": func() { MatMulShape([]int{2, 3}, []int{4, 5}) },
		"tensor.Reshape: 6 values":     func() { New(2, 3).Reshape(4, -1) },
		"tensor.Gather: index 9":       func() { Gather(New(1, 2), New(3, 2), []int32{9}) },
	} {
		func() {
			defer func() {
				e, ok := recover().(*ShapeError)
				if !ok || !strings.HasPrefix(e.Error(), want) {
					t.Errorf("got %v, want %q", e, want)
				}
			}()
			f()
		}()
	}
}

func TestNPY(t *testing.T) {
	for _, shape := range [][]int{{}, {5}, {2, 3, 4}, {0, 3}} {
		x := New(shape...)
		for i := range x.Data {
			x.Data[i] = float32(i) - 2.5
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, x); err != nil {
			t.Fatal(err)
		}
		y, err := ReadNPY(&b)
		if err != nil || !SameShape(x.Shape, y.Shape) || fmt.Sprint(x.Data) != fmt.Sprint(y.Data) {
			t.Errorf("shape %v came back as %v, %v", shape, y, err)
		}
	}
	// written by numpy 2: np.arange(6, dtype='<i8').reshape(2, 3); see testdata/npy.py
	f, err := LoadNPY("testdata/i8.npy")
	if err != nil || fmt.Sprint(f) != "[2 3] 0 1 2 3 4 5" {
		t.Errorf("numpy's file: %v, %v", f, err)
	}
}

func FuzzReadNPY(f *testing.F) {
	b, _ := os.ReadFile("testdata/i8.npy")
	f.Add(b)
	f.Add([]byte("\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }    \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ReadNPY(bytes.NewReader(b))
		if err == nil && Size(x.Shape) != len(x.Data) {
			t.Errorf("shape %v, %d values", x.Shape, len(x.Data))
		}
	})
}

func ceil(w Window) Window {
	w.Ceil = true
	return w
}

func TestPoolShapes(t *testing.T) {
	for _, c := range []struct {
		n    int
		w    Window
		want int
	}{
		{112, SquareWindow(3, 2, 1), 56}, {55, SquareWindow(3, 2, 0), 27}, {32, ceil(SquareWindow(3, 2, 0)), 16},
		{7, SquareWindow(2, 0, 0), 3}, {7, ceil(SquareWindow(2, 0, 0)), 4}, {7, Window{H: WindowAxis{Stride: 2}}, 4},
		{6, ceil(SquareWindow(3, 2, 0)), 3}, {7, ceil(SquareWindow(3, 2, 0)), 3},
		{6, ceil(Window{H: WindowAxis{Size: 2, Stride: 3, High: 1}}), 2}, {6, ceil(Window{H: WindowAxis{Size: 2, Stride: 3, Low: 1}}), 3},
		{5, ceil(SquareWindow(2, 3, 1)), 2}, // a third window would begin behind the input
	} {
		if got := PoolShape([]int{1, c.n, c.n, 4}, c.w)[1]; got != c.want {
			t.Errorf("%+v on %d: %d, want %d", c.w, c.n, got, c.want)
		}
	}
}

func BenchmarkBatchNorm(b *testing.B) {
	for _, s := range [][]int{{16, 112, 112, 64}, {16, 28, 28, 256}, {128, 32, 32, 16}} {
		r := NewRNG(1)
		x, y, dy, dx := r.FillNormal(New(s...), 0, 1), r.FillNormal(New(s...), 0, 1), r.FillNormal(New(s...), 0, 1), New(s...)
		c := s[3]
		mean, v, g, d := make([]float32, c), make([]float32, c), r.FillNormal(New(c), 1, 0.1).Data, make([]float32, c)
		for name, f := range map[string]func(){
			"stats": func() { BatchStats(mean, v, x) }, "affine": func() { Affine(y, x, nil, mean, v, true) },
			"grad": func() { BatchNormGrad(dx, true, d, d, dy, x, y, mean, g, g, false) },
		} {
			b.Run(fmt.Sprintf("%s/%v", name, s), func(b *testing.B) {
				b.SetBytes(int64(4 * x.Len()))
				for b.Loop() {
					f()
				}
			})
		}
	}
}
