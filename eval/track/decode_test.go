package track

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestCells: a mask's cells say which part of them an object covers, also where cells are no whole number of pixels, and become the mask again where they
// are as fine.
func TestCells(t *testing.T) {
	mask := Fill([]Box{{0, 0, 4, 3}, {4, 2, 9, 5}}, 5, 9)
	same := Cells(mask, 5, 9, 2)
	if again := Mask(same, 5, 9); !equal(again, mask) {
		t.Errorf("%v became %v", mask.Data, again.Data)
	}
	for _, size := range [][2]int{{5, 9}, {2, 3}, {3, 4}, {1, 1}} {
		c := Cells(mask, size[0], size[1], 2)
		for k, want := range []float64{12, 15} {
			sum := 0.0
			for p := range size[0] * size[1] {
				v := float64(c.Data[2*p+k])
				if v < 0 || v > 1+1e-6 {
					t.Errorf("%v: a part of %g", size, v)
				}
				sum += v * 45 / float64(size[0]*size[1])
			}
			if math.Abs(sum-want) > 1e-4 {
				t.Errorf("%v: object %d covers %g pixels, want %g", size, k+1, sum, want)
			}
		}
	}
}

func equal(a, b *tensor.Tensor) bool {
	for i, v := range a.Data {
		if v != b.Data[i] {
			return false
		}
	}
	return len(a.Data) == len(b.Data)
}

// TestBoxes: boxes move and grow with what was labelled, finer than cells; one that has gone stays.
func TestBoxes(t *testing.T) {
	at := func(b Box) *tensor.Tensor { return Cells(Fill([]Box{b}, 80, 120), 10, 15, 1) }
	first := Box{16, 16, 48, 40}
	b := NewBoxes([]Box{first}, at(first), 80, 120)
	for _, want := range []Box{{24, 24, 56, 48}, {19, 16, 51, 40}, {16, 16, 80, 64}} {
		got := b.Next(at(want))[0]
		if Overlap(got, want) < 0.85 {
			t.Errorf("the box is %+v, want %+v", got, want)
		}
	}
	if got := b.Next(tensor.New(10, 15, 1))[0]; Overlap(got, Box{16, 16, 80, 64}) < 0.99 {
		t.Errorf("what has gone is at %+v", got)
	}
	stray := at(Box{24, 24, 56, 48})
	stray.Set(1, 9, 14, 0)
	if got := b.Next(stray)[0]; Overlap(got, Box{24, 24, 56, 48}) < 0.85 {
		t.Errorf("with a stray label far away the box is %+v", got)
	}
}

// TestPoints: a point comes back from its bump to a tenth of a cell; one outside the frame has none.
func TestPoints(t *testing.T) {
	in := []Point{{30, 41}, {52.5, 18}, {200, 10}}
	out, ok := Points(Heat(in, 10, 15, 80, 120), 80, 120)
	for k, p := range in[:2] {
		if !ok[k] || !Near(out[k], p, 0.1, 8) {
			t.Errorf("%+v is at %+v", p, out[k])
		}
	}
	if ok[2] {
		t.Error("a point outside is seen")
	}
}
