package tensor

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/internal/parallel"
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

// FuzzReadNPY: memory is that of the longest header (1 MiB) and grows with what is there; what is read is written and read back to the bit.
func FuzzReadNPY(f *testing.F) {
	b, err := os.ReadFile("testdata/i8.npy")
	if err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{b}
	for _, h := range []string{"'<f4', 'fortran_order': False, 'shape': (99999999999,), }", "'<f4', 'fortran_order': False, 'shape': (2, 1), }", "'<f8', 'fortran_order': False, 'shape': (), }",
		"'|b1', 'fortran_order': False, 'shape': (3,), }", "'<f2', 'fortran_order': False, 'shape': (3,), }", "'<i4', 'fortran_order': True, 'shape': (2,), }", "'>f4', 'fortran_order': False, 'shape': (2,), }"} {
		text := "{'descr': " + h + "\n"
		seeds = append(seeds, []byte("\x93NUMPY\x01\x00"+string(rune(len(text)))+"\x00"+text+"\x00\x00\xc0\x7f\x01\x02\x03\x04"),
			[]byte("\x93NUMPY\x02\x00"+string(rune(len(text)))+"\x00\x00\x00"+text+"\x00\x00\xc0\xff\x01\x02\x03\x04"))
	}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		var x *Tensor
		var err error
		fuzzing.Memory(t, 2<<20+64*len(b), func() { x, err = ReadNPY(bytes.NewReader(b)) })
		if fuzzing.OneLine(t, err) {
			return
		}
		if Size(x.Shape) != len(x.Data) {
			t.Fatalf("shape %v, %d values", x.Shape, len(x.Data))
		}
		var again bytes.Buffer
		if err := WriteNPY(&again, x); err != nil {
			t.Fatal(err)
		}
		y, err := ReadNPY(&again)
		if err != nil || !SameShape(x.Shape, y.Shape) {
			t.Fatalf("shape %v comes back as %v, %v", x.Shape, y, err)
		}
		for i, v := range x.Data {
			if math.Float32bits(v) != math.Float32bits(y.Data[i]) {
				t.Fatalf("value %d: %x comes back as %x", i, math.Float32bits(v), math.Float32bits(y.Data[i]))
			}
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

// TestStream: numbers of streams, worked out by another implementation of the same definitions, in Python.
func TestStream(t *testing.T) {
	r := NewRNG(0x0123456789abcdef)
	for i, want := range []uint32{0xb850222e, 0xc58cb04b, 0x14a7a020, 0x7a84fff9, 0xadca1466, 0x523e0d85} {
		if got := r.Uint32(); got != want {
			t.Errorf("word %d is %x, want %x", i, got, want)
		}
	}
	r = r.Derive(5, 0x100000002)
	for i, want := range []uint32{0xb7bc3f5, 0x4078dd59, 0x2e8ab5d9, 0xd6a79737, 0xb532e4c0, 0xd991ba65} {
		if got := r.Uint32(); got != want {
			t.Errorf("word %d of a derived stream is %x, want %x", i, got, want)
		}
	}
	if got := NewRNG(7).Uint64(); got != 0xf4607a2dc009f9dc {
		t.Errorf("64 bits are %x", got)
	}
	if got := NewRNG(7).IntN(3 << 33); got != 0xf4607a2dc009f9dc%(3<<33) {
		t.Errorf("IntN of more than 32 bits is %d", got)
	}
	if a, b := NewRNG(3).Perm(7), NewRNG(9).Perm(10); fmt.Sprint(a, b) != "[1 6 0 5 2 3 4] [0 1 8 7 2 9 6 3 5 4]" {
		t.Errorf("permutations %v and %v", a, b)
	}
	r = NewRNG(7)
	for i, want := range []int{3074972577, 367791025, 275923297, 1310911220, 2561789198, 553402256, 3085464316, 2601639247} { // some words are refused
		if got := r.IntN(3 << 30); got != want {
			t.Errorf("IntN %d is %d, want %d", i, got, want)
		}
	}
	r = NewRNG(7)
	for i, want := range []float64{0.0002915674171952905, 1.7887573496909983, 0.3764035106374834} {
		if got := r.Normal(); !(math.Abs(float64(got)-want) <= 1e-6) {
			t.Errorf("Normal %d is %g, want %g", i, got, want)
		}
	}
	r = NewRNG(7)
	for i, want := range []float32{0.9545971155166626, 0.7501521706581116, 0.11417734622955322} {
		if got := r.Float32(); got != want {
			t.Errorf("Float32 %d is %g, want %g", i, got, want)
		}
	}
	r = NewRNG(7)
	if a, b, c := r.Bool(0.9), r.Bool(0.7501523), r.Uniform(-1, 3); a || !b || c != -1+4*0.11417734622955322 {
		t.Errorf("Bool and Uniform give %v %v %g", a, b, c)
	}
	if r = NewRNG(7); r.Bool(0.9545971155166626) {
		t.Error("Bool includes its bound")
	}
	for _, n := range []int{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("IntN(%d): no complaint", n)
				}
			}()
			r.IntN(n)
		}()
	}
	if got := NewRNG(7).IntN(math.MaxUint32); got != 0xf4607a2c {
		t.Errorf("IntN of the last 32 bits is %x", got)
	}
	if got := NewRNG(1).IntN(1); got != 0 {
		t.Errorf("IntN(1) is %d", got)
	}
}

// TestTensor: views, copies, elements and their complaints.
func TestTensor(t *testing.T) {
	x := From([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	if x.Len() != 6 || x.Dim(0) != 3 || x.Dim(-1) != 2 || x.Dim(1) != 2 || x.At(2, 0) != 5 || x.At(0, 1) != 2 {
		t.Errorf("%v has %d elements, sides %d %d, elements %g %g", x, x.Len(), x.Dim(0), x.Dim(-1), x.At(2, 0), x.At(0, 1))
	}
	c := x.Clone()
	x.Rows(1, 3).Set(9, 1, 1)
	if x.At(2, 1) != 9 || c.At(2, 1) != 6 {
		t.Errorf("a view shares memory, a copy does not: %v %v", x, c)
	}
	if got := fmt.Sprint(counted(9), New(2).Fill(2), x.Rows(3, 3), x.Rows(0, 1)); got != "[9] 1 2 3 4 5 6 7 8 ... [2] 2 2 [0 2] [1 2] 1 2" {
		t.Errorf("printed: %s", got)
	}
	for _, s := range [][2][]int{{{2, -1}, {2, 3}}, {{-1}, {6}}, {{3, 1, -1}, {3, 1, 2}}, {{6}, {6}}, {{-1, 6}, {1, 6}}} {
		if got := x.Reshape(s[0]...).Shape; !SameShape(got, s[1]) {
			t.Errorf("reshaped to %v it is %v", s[0], got)
		}
	}
	if a, b := InferShape(0, []int{2, -1}), InferShape(0, []int{0, 3}); !SameShape(a, []int{2, 0}) || !SameShape(b, []int{0, 3}) {
		t.Errorf("nothing in rows is %v and %v", a, b)
	}
	for what, f := range map[string]func(){
		"negative side": func() { New(2, -1) }, "too few values": func() { From([]float32{1}, 2) }, "no such product": func() { x.Reshape(4) }, "rest of 4": func() { x.Reshape(4, -1) },
		"two open sides": func() { x.Reshape(-1, -1) }, "rest of nothing": func() { x.Reshape(0, -1) }, "rest of nothing in nothing": func() { InferShape(0, []int{0, -1}) },
		"rest before nothing": func() { InferShape(0, []int{-1, 0}) },
		"negative rest":       func() { x.Reshape(-2, -1) }, "two negative sides": func() { x.Reshape(-2, -3) },
		"rows before": func() { x.Rows(-1, 1) }, "rows backwards": func() { x.Rows(2, 1) }, "rows beyond": func() { x.Rows(1, 4) }, "rows of nothing": func() { New().Rows(0, 0) },
		"one index": func() { x.At(1) }, "index before": func() { x.At(0, -1) }, "index beyond": func() { x.At(3, 0) },
	} {
		complains(t, what, f)
	}
	if SameShape([]int{1}, []int{1, 1}) || SameShape([]int{1, 2}, []int{1, 3}) || !SameShape(nil, []int{}) {
		t.Error("shapes are confused")
	}
}

// TestNPYHeaders: versions 1 to 3 and all types, and what is refused; the header fills whole lines of 64 bytes.
func TestNPYHeaders(t *testing.T) {
	for n := range 12 {
		var b bytes.Buffer
		shape := make([]int, n)
		for i := range shape {
			shape[i] = 1
		}
		if err := WriteNPY(&b, New(shape...)); err != nil || (b.Len()-4)%64 != 0 || b.Bytes()[b.Len()-5] != '\n' || b.Len()-4 != 10+int(b.Bytes()[8])+int(b.Bytes()[9])<<8 {
			t.Errorf("%d axes: %d bytes, %v", n, b.Len(), err)
		}
	}
	for want, x := range map[string]*Tensor{"'shape': (5,), }": New(5), "'shape': (2, 3), }": New(2, 3), "'shape': (), }": New()} {
		var b bytes.Buffer
		if err := WriteNPY(&b, x); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%v is written %.80q, want %s", x.Shape, b.String(), want)
		}
	}
	file := func(version byte, head string, data ...byte) []byte {
		b := append([]byte("\x93NUMPY"), version, 0, byte(len(head)), byte(len(head)>>8))
		if version > 1 {
			b = append(b, byte(len(head)>>16), byte(len(head)>>24))
		}
		return append(append(b, head...), data...)
	}
	head := func(descr, shape string) string {
		return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", descr, shape)
	}
	for want, b := range map[string][]byte{
		"[3] 1.5 -6.104e-05 5.96e-08": file(1, head("<f2", "3,"), 0, 0x3e, 0, 0x84, 1, 0),
		"[2] 1 -2":                    file(1, head("<f4", "2,"), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0),
		"[1] 1":                       file(2, head("<f8", "1,"), 0, 0, 0, 0, 0, 0, 0xf0, 0x3f),
		"[1] -2":                      file(3, head("<i4", "1,"), 0xfe, 0xff, 0xff, 0xff),
		"[1] -3":                      file(1, head("<i8", "1,"), 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"[1 2] 5 7":                   file(1, head("|u1", "1, 2"), 5, 7), "[] 1": file(1, head("|b1", ""), 1), "[0 3]": file(1, head("<f4", "0, 3")),
		"[0 4294967296]": file(1, head("<f4", "0, 4294967296")),
	} {
		if got, err := ReadNPY(bytes.NewReader(b)); err != nil || fmt.Sprint(got) != want {
			t.Errorf("read %v, %v, want %s", got, err, want)
		}
	}
	long := strings.Repeat(" ", 1<<20)
	if got, err := ReadNPY(bytes.NewReader(file(2, head("|u1", "1,")+long[:1<<20-len(head("|u1", "1,"))], 3))); err != nil || fmt.Sprint(got) != "[1] 3" {
		t.Errorf("a header of 1 MiB: %v, %v", got, err)
	}
	for want, b := range map[string][]byte{
		"does not begin": []byte("\x93NUMPX\x01\x00"), "begin": []byte("\x93NU"), "version 4": file(4, ""), "version 0": file(0, ""), "cut short": file(1, head("<f4", "1,"))[:20],
		"short": []byte("\x93NUMPY\x01\x00\x05"), "header cut": []byte("\x93NUMPY\x02\x00\x05"), "at most 1 MiB": file(3, long+" "), "lacks": file(1, "{}"), "Fortran": file(1, strings.Replace(head("<f4", "1,"), "False", "True", 1)),
		"of type >f4": file(1, head(">f4", "1,")), "of type <c8": file(1, head("<c8", "1,")), "ends after 1": file(1, head("|u1", "2,"), 5), "too large": file(1, head("|u1", "4294967297,")),
		"ends after 0": file(1, head("|u1", "65536, 65536")),
		"is too large": file(1, head("|u1", "65536, 65537")), "(99999999999999999999,) is": file(1, head("|u1", "99999999999999999999,")),
		"(9 999999999999,) is": file(1, head("|u1", "9\n999999999999,")), "(2, 3) wants 6": file(1, head("|u1", "2,\t\n3"), 1),
	} {
		if got, err := ReadNPY(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("read %v, %v, want an error about %q", got, err, want)
		}
	}
	if _, err := LoadNPY("testdata/npy.py"); err == nil || !strings.Contains(err.Error(), "npy.py") {
		t.Errorf("a file that is none: %v", err)
	}
	if _, err := LoadNPY("testdata/none"); err == nil {
		t.Error("no file is read")
	}
}

// TestBorrow: memory that is given back is lent again, to whoever needs as much or a little less.
func TestBorrow(t *testing.T) {
	FreeScratch()
	a := borrow(1000)
	if len(a) != 1000 || cap(a) != 1024 {
		t.Fatalf("%d floats of %d", len(a), cap(a))
	}
	a[0] = 7
	giveBack(a)
	if large, small := borrow(1025), borrow(512); len(large) != 1025 || cap(large) != 2048 || cap(small) != 512 || large[0] != 0 || small[0] != 0 {
		t.Errorf("other sizes: %d of %d, %d of %d", len(large), cap(large), len(small), cap(small))
	}
	if b := borrow(1024); len(b) != 1024 || &b[0] != &a[0] {
		t.Error("memory that was given back is not lent again")
	}
	if c := borrow(1024); &c[0] == &a[0] {
		t.Error("memory is lent twice")
	}
	b, c := borrow(600), borrow(600)
	giveBack(b)
	giveBack(c)
	if d, e := borrow(600), borrow(600); &d[0] != &c[0] || &e[0] != &b[0] {
		t.Error("of two pieces not the last is lent first")
	}
	giveBack(a)
	FreeScratch()
	if b := borrow(1000); &b[0] == &a[0] {
		t.Error("memory is kept that was let go")
	}
	if len(borrow(0)) != 0 || cap(borrow(1)) != 1 {
		t.Error("nothing, and one")
	}
}

// TestDot: the sum of products against float64, of lengths around the blocks and pieces that it is joined from; the same bits with any
// number of workers.
func TestDot(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, n := range []int{0, 1, 7, 64, 65, 1024, 1025, 1<<15 - 1, 1 << 15, 1<<15 + 3, 3<<15 + 70} {
		x, y := NewRNG(1).FillNormal(New(n), 0.5, 1), NewRNG(2).FillNormal(New(1, n), 0, 1)
		want, size := 0.0, 0.0
		for i, v := range x.Data {
			want += float64(v) * float64(y.Data[i])
			size += math.Abs(float64(v) * float64(y.Data[i]))
		}
		first := math.NaN()
		for _, workers := range []int{1, 3} {
			parallel.SetWorkers(workers)
			got := Dot(x, y)
			if !(math.Abs(got-want) <= 1e-6*size) {
				t.Errorf("%d products with %d workers: %g, want %g", n, workers, got, want)
			}
			if workers > 1 && got != first {
				t.Errorf("%d products: %g with one worker, %g with %d", n, first, got, workers)
			}
			first = got
		}
		if !(math.Abs(Dot(x, x)-SumSquares(x)) <= 1e-6*SumSquares(x)) {
			t.Errorf("%d products with itself: %g, the squares are %g", n, Dot(x, x), SumSquares(x))
		}
	}
	complains(t, "Dot", func() { Dot(New(2), New(3)) })
}
