package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/simd"
)

// epilogued are convolutions of every kind.
var epilogued = []convCase{
	{2, 5, 4, 40, 1, 1, 36, Conv{}}, {2, 5, 6, 8, 1, 1, 24, SquareConv(2, 0)}, {2, 7, 6, 4, 3, 3, 40, SquareConv(1, 1)}, {1, 20, 21, 3, 3, 3, 20, SquareConv(1, 1)},
	{2, 6, 5, 12, 3, 3, 12, square(1, 1, 1, 12)}, {1, 7, 6, 8, 3, 3, 40, square(1, 1, 1, 2)}, {1, 7, 6, 4, 3, 3, 5, square(1, 1, 2, 1)},
	{2, 7, 6, 16, 3, 3, 32, by(Winograd2, SquareConv(1, 1))}, {1, 9, 10, 16, 3, 3, 16, by(Winograd4, SquareConv(1, 1))}, {1, 6, 5, 160, 3, 3, 160, by(Winograd4, SquareConv(1, 1))},
	{3, 5, 4, 40, 1, 1, 36, in(BFloat16, Conv{})}, {2, 8, 9, 40, 1, 1, 24, in(BFloat16, SquareConv(2, 0))}, {1, 3, 3, 300, 1, 1, 2100, Conv{}},
}

// TestEpilogue: a convolution with an epilogue, and with weights kept, gives the bits of the convolution and what follows; kept
// weights are packed once, on their own or in a set.
func TestEpilogue(t *testing.T) {
	for _, c := range epilogued {
		r, what := NewRNG(24), fmt.Sprintf("%+v", c)
		x, w := r.FillNormal(New(c.n, c.h, c.w, c.c), 0, 1), r.FillNormal(New(c.kh, c.kw, c.c/max(c.g.Groups, 1), c.o), 0, 1)
		plain := New(ConvShape(x.Shape, w.Shape, c.g)...)
		Conv2D(plain, x, w, c.g)
		set := &PackedSet{}
		for i := range 5 {
			e := &Epilogue{Scale: r.FillNormal(New(c.o), 1, 0.2).Data, Shift: r.FillNormal(New(c.o), 0, 1).Data, ReLU: i&1 > 0}
			if i&2 > 0 {
				e.Add = r.FillNormal(New(plain.Shape...), 0, 1)
			}
			if i == 4 {
				e = nil
			}
			want := plain.Clone()
			if e != nil {
				for p := 0; p < want.Len(); p += c.o {
					row := want.Data[p : p+c.o]
					switch {
					case e.Add != nil && e.ReLU:
						simd.AffineAddReLURows(row, row, e.Add.Data[p:], e.Scale, e.Shift)
					case e.Add != nil:
						simd.AffineAddRows(row, row, e.Add.Data[p:], e.Scale, e.Shift)
					case e.ReLU:
						simd.AffineReLURows(row, row, e.Scale, e.Shift)
					default:
						simd.AffineRows(row, row, e.Scale, e.Shift)
					}
				}
			}
			own := &Packed{}
			for k, keep := range []*Packed{nil, own, own, set.Of(w), set.Of(w)} {
				y := New(plain.Shape...).Fill(float32(math.NaN()))
				ConvFused(y, x, w, c.g, e, keep)
				same(t, fmt.Sprintf("%s, epilogue %d, weights kept in way %d", what, i, k), y, want)
			}
		}
	}
}

// TestPackedSet: weights are told apart by their memory and columns, and what is packed lies side by side.
func TestPackedSet(t *testing.T) {
	s, w := &PackedSet{}, New(4, 6)
	a := s.Of(w)
	if s.Of(w) != a || s.Of(w.Reshape(2, 2, 6)) != a || s.Of(w.Reshape(6, 4)) == a || s.Of(New(4, 6)) == a || s.Of(w.Rows(0, 2)) == a {
		t.Error("packed weights are confused")
	}
	p, q := a.alloc(17), s.Of(New(4, 6)).alloc(5)
	for i := range p {
		p[i] = 1
	}
	if len(p) != 17 || cap(p) != 17 || len(q) != 5 || q[0] != 0 || len(s.slab) != slabFloats-32-16 {
		t.Errorf("pieces of %d and %d, %d floats are left", len(p), len(q), len(s.slab))
	}
	if large := a.alloc(slabFloats + 1); len(large) != slabFloats+1 || len(s.slab) != 0 {
		t.Errorf("a piece of %d, %d floats are left", len(large), len(s.slab))
	}
	if exact := a.alloc(15); len(exact) != 15 || len(s.slab) != slabFloats-16 {
		t.Errorf("%d floats are left", len(s.slab))
	}
	if alone := (&Packed{}).alloc(3); len(alone) != 3 {
		t.Errorf("alone %d", len(alone))
	}
}

// TestLinear: products of rows of any number of axes with a bias, and sums over rows, in exact numbers.
func TestLinear(t *testing.T) {
	x, w, b := counted(2, 2, 3), From([]float32{1, 0, 0, 1, 2, 2}, 3, 2), From([]float32{10, 20}, 2)
	y := New(2, 2, 2)
	for _, keep := range []*Packed{nil, {}} {
		LinearKept(y, x, w, b, nil, nil, keep, Float32)
		same(t, "linear", y, From([]float32{17, 28, 26, 37, 35, 46, 44, 55}, 2, 2, 2))
	}
	Linear(y, x, w, nil, Float32)
	same(t, "without a bias", y, From([]float32{7, 8, 16, 17, 25, 26, 34, 35}, 2, 2, 2))
	AddMatMul(y, x, w, Float32)
	same(t, "added", y, From([]float32{14, 16, 32, 34, 50, 52, 68, 70}, 2, 2, 2))
	for _, s := range [][2]int{{4, 2}, {70, 1000}, {1, 3}} {
		x, sum, want := New(s[0], s[1]), New(s[1]).Fill(3), New(s[1]).Fill(3)
		for i := range x.Data {
			x.Data[i] = float32(i % 13)
			want.Data[i%s[1]] += x.Data[i]
		}
		AddSumRows(sum, x)
		same(t, fmt.Sprint("sum of rows ", s), sum, want)
		bias := counted(s[1])
		rows := x.Clone()
		AddBias(rows, bias)
		for i, v := range rows.Data {
			if v != x.Data[i]+bias.Data[i%s[1]] {
				t.Fatalf("%v: element %d with its bias is %g", s, i, v)
			}
		}
	}
}
