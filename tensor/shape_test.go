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
			{[]int{3, 9, 2}, 1, 2, 2, 1}, {[]int{3, 9, 2}, 1, 2, 4, 2}, {[]int{4, 6}, 1, 0, 6, 1},
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
			db, da := New(before...), New(after...)
			ConcatGrad(x, c.axis, ConcatPart{db, 0, false}, ConcatPart{got, c.from, false}, ConcatPart{da, c.from + c.n, false})
			same(t, "ConcatGrad of "+name, got, y)
			same(t, "ConcatGrad before "+name, db, b)
			same(t, "ConcatGrad after "+name, da, a)
			ConcatGrad(x, c.axis, ConcatPart{got, c.from, true})
			Scale(twice, 2, y)
			same(t, "ConcatGrad twice of "+name, got, twice)
			ConcatGrad(x, c.axis, ConcatPart{got, c.from, false}, ConcatPart{got, c.from, true})
			same(t, "ConcatGrad of one part twice, "+name, got, twice)
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

// complains checks that f panics with a ShapeError.
func complains(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if e, ok := recover().(*ShapeError); !ok {
			t.Errorf("%s: no complaint of a shape (%v)", what, e)
		}
	}()
	f()
}

// TestShapeComplaints: what is off by one is noticed before memory is read, and what just fits is not complained about.
func TestShapeComplaints(t *testing.T) {
	for what, f := range map[string]func(){
		"order beyond the axes":       func() { PermuteShape([]int{2, 3}, []int{0, 2}) },
		"negative order":              func() { PermuteShape([]int{2, 3}, []int{0, -1}) },
		"order twice":                 func() { PermuteShape([]int{2, 3}, []int{1, 1}) },
		"order too short":             func() { PermuteShape([]int{2, 3}, []int{1}) },
		"axis beyond":                 func() { ReduceShape([]int{2, 3}, 2) },
		"negative axis":               func() { ReduceShape([]int{2, 3}, -1) },
		"nothing to join":             func() { ConcatShape(0) },
		"other side":                  func() { ConcatShape(1, []int{2, 3}, []int{3, 3}) },
		"other number of sides":       func() { ConcatShape(0, []int{2, 3}, []int{2, 3, 1}) },
		"joined too short":            func() { Concat(New(5, 2), 0, New(2, 2), New(2, 2)) },
		"slice beyond":                func() { Slice(New(2, 2), New(2, 5), 1, 3, 2) },
		"slice before":                func() { Slice(New(2, 2), New(2, 5), 1, -1, 1) },
		"slice standing":              func() { Slice(New(2, 2), New(2, 5), 1, 1, 0) },
		"slice of other rows":         func() { Slice(New(3, 2), New(2, 5), 1, 0, 1) },
		"slice of other columns":      func() { Slice(New(2, 3), New(5, 4), 0, 0, 1) },
		"pad: another batch":          func() { Pad2D(New(2, 4, 4, 1), New(1, 2, 2, 1), 1, 1) },
		"pad: other channels":         func() { Pad2D(New(1, 4, 4, 2), New(1, 2, 2, 1), 1, 1) },
		"pad: above":                  func() { Pad2D(New(1, 4, 4, 1), New(1, 2, 2, 1), -1, 1) },
		"pad: before":                 func() { Pad2D(New(1, 4, 4, 1), New(1, 2, 2, 1), 1, -1) },
		"pad: below":                  func() { Pad2D(New(1, 4, 4, 1), New(1, 2, 2, 1), 3, 1) },
		"pad: after":                  func() { Pad2D(New(1, 4, 4, 1), New(1, 2, 2, 1), 1, 3) },
		"pad: small without channels": func() { Pad2D(New(1, 4, 4, 1), New(1, 2, 2), 1, 1) },
		"pad: large without channels": func() { Pad2D(New(1, 4, 4), New(1, 2, 2, 1), 1, 1) },
		"broadcast of others":         func() { BroadcastShape([]int{2, 3}, []int{2, 2}) },
		"broadcast to fewer":          func() { Broadcast(New(1, 3), New(2, 3)) },
		"largest of nothing":          func() { MaxAxis(New(2), make([]int32, 2), New(2, 0), 1) },
		"largest without room":        func() { MaxAxis(New(2), make([]int32, 1), New(2, 3), 1) },
		"row beyond":                  func() { Gather(New(1, 2), New(3, 2), []int32{3}) },
		"row before":                  func() { Gather(New(1, 2), New(3, 2), []int32{-1}) },
		"fewer rows than indices":     func() { Gather(New(1, 2), New(3, 2), []int32{0, 1}) },
		"longer rows":                 func() { ScatterAdd(New(3, 2), New(1, 3), []int32{0}) },
		"rows of nothing":             func() { Gather(New(), New(3), []int32{0}) },
		"from nothing":                func() { Gather(New(1), New(), []int32{0}) },
	} {
		complains(t, what, f)
	}
	Pad2D(New(1, 2, 2, 1), New(1, 2, 2, 1), 0, 0)
	Slice(New(2, 2), New(2, 5), 1, 3, 1)
	Slice(New(2, 2), New(2, 5), 1, 0, 4)
	Gather(New(1), New(3), []int32{2})
}

// TestBroadcastShape: sides from the last; 1 and what is missing are repeated; an empty side stays empty.
func TestBroadcastShape(t *testing.T) {
	for _, c := range [][3][]int{
		{{2, 3}, {2, 3}, {2, 3}}, {{2, 1}, {1, 3}, {2, 3}}, {{3}, {4, 2, 3}, {4, 2, 3}}, {{4, 2, 3}, {2, 1}, {4, 2, 3}}, {{}, {5}, {5}}, {{}, {}, {}},
		{{0, 3}, {1, 3}, {0, 3}}, {{1, 3}, {0, 3}, {0, 3}}, {{1, 0}, {4, 1}, {4, 0}},
	} {
		if got := BroadcastShape(c[0], c[1]); !SameShape(got, c[2]) {
			t.Errorf("%v and %v make %v, want %v", c[0], c[1], got, c[2])
		}
	}
}

// TestBroadcast compares Broadcast and its gradient, which adds, with the definition.
func TestBroadcast(t *testing.T) {
	for _, c := range [][2][]int{
		{{2, 3}, {2, 3}}, {{3}, {4, 2, 3}}, {{1, 3}, {2, 3}}, {{2, 1}, {2, 3}}, {{4, 1, 3}, {4, 2, 3}}, {{2, 1}, {4, 2, 3}}, {{1, 2, 1, 3}, {2, 2, 4, 3}},
		{{2, 1, 4, 1}, {2, 3, 4, 5}}, {{}, {2, 3}}, {{}, {}}, {{1}, {5}}, {{1, 3}, {0, 3}}, {{4, 1}, {4, 0}},
	} {
		x, y, dx := counted(c[0]...), New(c[1]...).Fill(float32(math.NaN())), counted(c[0]...)
		want := dx.Clone()
		from := make([]int, y.Len()) // of x
		for i := range from {
			q, at, step := i, 0, 1
			for a := len(y.Shape) - 1; a >= len(y.Shape)-len(x.Shape); a-- {
				side := x.Shape[a-len(y.Shape)+len(x.Shape)]
				at += q % y.Shape[a] % side * step
				step *= side
				q /= y.Shape[a]
			}
			from[i] = at
		}
		Broadcast(y, x)
		dy := counted(c[1]...)
		for i, at := range from {
			if y.Data[i] != x.Data[at] {
				t.Fatalf("%v to %v: element %d is %g, want %g", c[0], c[1], i, y.Data[i], x.Data[at])
			}
			want.Data[at] += dy.Data[i]
		}
		AddUnbroadcast(dx, dy)
		same(t, fmt.Sprintf("gradient of %v to %v", c[0], c[1]), dx, want)
	}
}

// TestReduce compares sums and largest values over an axis, and their gradients, which add, with the definitions: exact numbers.
func TestReduce(t *testing.T) {
	nan := float32(math.NaN())
	for _, shape := range [][]int{{4}, {9, 4}, {3, 7, 2}, {2, 5, 3, 2}, {1, 1, 3}, {3, 1, 2}} {
		for axis := range shape {
			for _, scale := range []float32{1, 0.5} {
				x := New(shape...)
				for i := range x.Data {
					x.Data[i] = float32(i * 7 % 3) // with equals
				}
				y, most := New(ReduceShape(shape, axis)...).Fill(nan), New(ReduceShape(shape, axis)...)
				sum, best, at := New(y.Shape...), New(y.Shape...).Fill(float32(math.Inf(-1))), make([]int32, y.Len())
				wantAt, of := make([]int32, y.Len()), make([]int, x.Len())
				inner := 1
				for _, s := range shape[axis+1:] {
					inner *= s
				}
				for i, v := range x.Data {
					along, k := i/inner%shape[axis], i/inner/shape[axis]*inner+i%inner
					of[i] = k
					sum.Data[k] += scale * v
					if v > best.Data[k] {
						best.Data[k], wantAt[k] = v, int32(along)
					}
				}
				what := fmt.Sprintf("axis %d of %v, times %g", axis, shape, scale)
				SumAxis(y, x, axis, scale)
				same(t, "SumAxis, "+what, y, sum)
				MaxAxis(most, at, x, axis)
				same(t, "MaxAxis, "+what, most, best)
				dy, dx, dm, wantX, wantM := counted(y.Shape...), counted(shape...), counted(shape...), counted(shape...), counted(shape...)
				for i, k := range of {
					wantX.Data[i] += scale * dy.Data[k]
					if along := i / inner % shape[axis]; int(wantAt[k]) == along {
						wantM.Data[i] += dy.Data[k]
						if at[k] != wantAt[k] {
							t.Fatalf("MaxAxis, %s: %d was the largest, not %d", what, wantAt[k], at[k])
						}
					}
				}
				AddSumAxisGrad(dx, dy, axis, scale)
				same(t, "gradient of SumAxis, "+what, dx, wantX)
				AddMaxAxisGrad(dm, dy, at, axis)
				same(t, "gradient of MaxAxis, "+what, dm, wantM)
			}
		}
	}
	at := make([]int32, 2)
	y := New(2)
	MaxAxis(y, at, From([]float32{3, nan, 9, nan, 1, nan, 5, 7}, 2, 4), 1)
	if y.Data[0] == y.Data[0] || y.Data[1] == y.Data[1] || at[0] != 1 || at[1] != 1 {
		t.Errorf("NaN does not win, or not the first: %v at %v", y, at)
	}
}

// TestGather: rows by index and their gradient, which adds, with repeated rows.
func TestGather(t *testing.T) {
	for _, side := range [][]int{{}, {3}, {2, 2}} {
		x := counted(append([]int{4}, side...)...)
		index := []int32{2, 0, 2, 3}
		y, back := New(append([]int{4}, side...)...), counted(append([]int{4}, side...)...)
		want := back.Clone()
		Gather(y, x, index)
		n := x.Len() / 4
		for i, k := range index {
			for j := range n {
				if got := y.Data[i*n+j]; got != x.Data[int(k)*n+j] {
					t.Fatalf("row %d of sides %v: %g, want row %d's %g", i, side, got, k, x.Data[int(k)*n+j])
				}
				want.Data[int(k)*n+j] += y.Data[i*n+j]
			}
		}
		ScatterAdd(back, y, index)
		same(t, "ScatterAdd", back, want)
	}
}
