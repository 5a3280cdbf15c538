package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/parallel"
)

// axisRef calls f with the place in whole and in part of every element that Slice moves, by the definition.
func axisRef(whole, part *Tensor, axis, from, step int, f func(w, p int)) {
	at := make([]int, len(part.Shape))
	for p := range part.Data {
		q := p
		for i := len(at) - 1; i >= 0; i-- {
			at[i] = q % part.Shape[i]
			q /= part.Shape[i]
		}
		w := 0
		for i, v := range at {
			if i == axis {
				v = from + v*step
			}
			w = w*whole.Shape[i] + v
		}
		f(w, p)
	}
}

func counted(shape ...int) *Tensor {
	t := New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(i + 1)
	}
	return t
}

// TestSlice compares Slice, SliceGrad, Concat and ConcatGrad with their definitions: short and long runs, few and many of them,
// steps, empty parts, setting over NaN and adding, for several numbers of workers.
func TestSlice(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, workers := range []int{1, 3} {
		parallel.SetWorkers(workers)
		for _, c := range []struct {
			whole            []int
			axis, from, n, s int
		}{
			{[]int{5}, 0, 1, 2, 2}, {[]int{2, 5, 3}, 1, 1, 2, 2}, {[]int{2, 5, 3}, 1, 0, 3, 2}, {[]int{2, 5, 3}, 1, 2, 0, 1}, {[]int{2, 5, 3}, 1, 4, 1, 3},
			{[]int{2, 5, 12}, 2, 3, 9, 1}, {[]int{3, 7, 20}, 1, 2, 3, 1}, {[]int{0, 7, 20}, 1, 2, 3, 1},
			{[]int{3, 300000}, 1, 5, 299900, 1}, {[]int{700, 1000}, 0, 10, 600, 1}, {[]int{900, 1000}, 0, 1, 400, 2}, {[]int{40000, 20}, 1, 3, 16, 1},
		} {
			part := append([]int(nil), c.whole...)
			part[c.axis] = c.n
			name := fmt.Sprintf("%d workers, %d from %d step %d along axis %d of %v", workers, c.n, c.from, c.s, c.axis, c.whole)
			x, y := counted(c.whole...), New(part...)
			Slice(y, x, c.axis, c.from, c.s)
			axisRef(x, y, c.axis, c.from, c.s, func(w, p int) {
				if y.Data[p] != x.Data[w] {
					t.Fatalf("%s: element %d is %g, want %g", name, p, y.Data[p], x.Data[w])
				}
			})
			for _, add := range []bool{false, true} {
				dx, want := New(c.whole...).Fill(float32(math.NaN())), New(c.whole...)
				if add {
					dx, want = counted(c.whole...), counted(c.whole...)
				}
				axisRef(x, y, c.axis, c.from, c.s, func(w, p int) { want.Data[w] += y.Data[p] })
				SliceGrad(dx, y, c.axis, c.from, c.s, add)
				same(t, name, dx, want)
			}
			if c.s != 1 {
				continue
			}
			// whole = before, part, after
			before, after := append([]int(nil), c.whole...), append([]int(nil), c.whole...)
			before[c.axis], after[c.axis] = c.from, c.whole[c.axis]-c.from-c.n
			b, a, joined := New(before...), New(after...), New(c.whole...)
			Slice(b, x, c.axis, 0, 1)
			Slice(a, x, c.axis, c.from+c.n, 1)
			Concat(joined, c.axis, b, y, a)
			same(t, "Concat of "+name, joined, x)
			got, twice := New(part...).Fill(float32(math.NaN())), New(part...)
			ConcatGrad(got, x, c.axis, c.from, false)
			same(t, "ConcatGrad of "+name, got, y)
			ConcatGrad(got, x, c.axis, c.from, true)
			Scale(twice, 2, y)
			same(t, "ConcatGrad twice of "+name, got, twice)
		}
	}
}

func same(t *testing.T, what string, got, want *Tensor) {
	t.Helper()
	for i, v := range got.Data {
		if math.Float32bits(v) != math.Float32bits(want.Data[i]) {
			t.Fatalf("%s: element %d of %v is %g, want %g", what, i, got.Shape, v, want.Data[i])
		}
	}
}

// TestPad2D: zeros around, the image inside, whatever was there before; the gradient takes the inside, setting and adding.
func TestPad2D(t *testing.T) {
	x := counted(2, 3, 4, 2)
	y := New(2, 3+1+2, 4+3+1, 2).Fill(float32(math.NaN()))
	Pad2D(y, x, 1, 3)
	for n := range 2 {
		for i := range 6 {
			for j := range 8 {
				for c := range 2 {
					want := float32(0)
					if i >= 1 && i < 4 && j >= 3 && j < 7 {
						want = x.Data[((n*3+i-1)*4+j-3)*2+c]
					}
					if got := y.Data[((n*6+i)*8+j)*2+c]; got != want {
						t.Fatalf("(%d %d %d %d) is %g, want %g", n, i, j, c, got, want)
					}
				}
			}
		}
	}
	dx := New(2, 3, 4, 2).Fill(float32(math.NaN()))
	Pad2DGrad(dx, y, 1, 3, false)
	same(t, "gradient", dx, x)
	Pad2DGrad(dx, y, 1, 3, true)
	Scale(x, 2, x)
	same(t, "gradient, added", dx, x)
}

// TestPermuteGrad: the gradient undoes the permutation, setting and adding.
func TestPermuteGrad(t *testing.T) {
	x, y := counted(3, 4, 5, 2), New(5, 3, 2, 4)
	Permute(y, x, 2, 0, 3, 1)
	dx := New(3, 4, 5, 2).Fill(float32(math.NaN()))
	PermuteGrad(dx, y, false, 2, 0, 3, 1)
	same(t, "gradient", dx, x)
	PermuteGrad(dx, y, true, 2, 0, 3, 1)
	Scale(x, 2, x)
	same(t, "gradient, added", dx, x)
}
