package tensor

import (
	"fmt"
	"math"
	"testing"
)

// positions returns the input positions of each output along one axis, and how many the window counts with its padding.
func positions(a WindowAxis, n, out int) (seen [][]int, full []int) {
	size, stride := max(a.Size, 1), a.Stride
	if stride == 0 {
		stride = size
	}
	for o := range out {
		var at []int
		count := 0
		for i := o*stride - a.Low; i < o*stride-a.Low+size; i++ {
			if i >= 0 && i < n {
				at = append(at, i)
			}
			if i < n+a.High {
				count++
			}
		}
		seen, full = append(seen, at), append(full, count)
	}
	return seen, full
}

// TestPool compares largest values and means of windows, and their gradients, which add, with the definitions: exact for the
// largest, of which the first of equals takes the gradient.
func TestPool(t *testing.T) {
	for _, c := range []struct {
		shape []int
		w     Window
	}{
		{[]int{2, 6, 8, 3}, SquareWindow(2, 0, 0)}, {[]int{1, 7, 7, 2}, SquareWindow(3, 2, 1)}, {[]int{2, 5, 4, 1}, SquareWindow(1, 2, 0)}, {[]int{1, 4, 5, 2}, Window{}},
		{[]int{1, 6, 9, 2}, ceil(SquareWindow(3, 2, 0))}, {[]int{2, 7, 5, 2}, Window{H: WindowAxis{Size: 3, Stride: 1, Low: 2}, W: WindowAxis{Size: 2, High: 1}}},
		{[]int{1, 5, 8, 3}, Window{W: WindowAxis{Size: 4, Stride: 3, Low: 1, High: 2}, CountsPad: true}},
		{[]int{1, 6, 6, 2}, Window{H: WindowAxis{Size: 3, Stride: 2, High: 1}, W: WindowAxis{Size: 3, Stride: 2, Low: 1}, CountsPad: true, Ceil: true}},
	} {
		r, what := NewRNG(15), fmt.Sprintf("%+v of %v", c.w, c.shape)
		n, h, wd, ch := c.shape[0], c.shape[1], c.shape[2], c.shape[3]
		x := New(c.shape...)
		for i := range x.Data {
			x.Data[i] = float32(r.IntN(5)) - 7 // with equals, all below 0
		}
		shape := PoolShape(c.shape, c.w)
		rows, allRows := positions(c.w.H, h, shape[1])
		cols, allCols := positions(c.w.W, wd, shape[2])
		nan := float32(math.NaN())
		most, mean, dy := New(shape...).Fill(nan), New(shape...).Fill(nan), counted(shape...)
		MaxPool(most, x, c.w)
		AvgPool(mean, x, c.w)
		dm, da, wantM, wantA := New(c.shape...).Fill(1), New(c.shape...).Fill(1), New(c.shape...).Fill(1), New(c.shape...).Fill(1)
		AddMaxPoolGrad(dm, dy, x, most, c.w)
		AddAvgPoolGrad(da, dy, c.w)
		each(shape, func(i, p, q, k int) {
			best, at, sum, count := float32(math.Inf(-1)), 0, 0.0, len(rows[p])*len(cols[q])
			if c.w.CountsPad {
				count = allRows[p] * allCols[q]
			}
			d := dy.At(i, p, q, k)
			for _, u := range rows[p] {
				for _, v := range cols[q] {
					e := ((i*h+u)*wd+v)*ch + k
					if x.Data[e] > best {
						best, at = x.Data[e], e
					}
					sum += float64(x.Data[e])
					wantA.Data[e] += d / float32(count)
				}
			}
			wantM.Data[at] += d
			if got := most.At(i, p, q, k); got != best {
				t.Fatalf("%s: (%d %d %d %d) is %g, the largest %g", what, i, p, q, k, got, best)
			}
			closeTo(t, what+": mean", mean.At(i, p, q, k), sum/float64(count), 1e-5)
		})
		if n == 0 || x.Len() != n*h*wd*ch {
			t.Fatal(what)
		}
		same(t, what+": gradient of the largest", dm, wantM)
		close32(t, what+": gradient of the mean", da, wantA, 1e-6)
	}
}

// TestAdaptivePool compares with PyTorch's cut: from the floor of o·n/out to the ceiling of (o+1)·n/out.
func TestAdaptivePool(t *testing.T) {
	for _, c := range []struct{ h, w, oh, ow int }{{7, 7, 1, 1}, {7, 5, 3, 2}, {4, 6, 4, 3}, {3, 4, 5, 7}} {
		x, y := NewRNG(16).FillNormal(New(2, c.h, c.w, 3), 0, 1), New(2, c.oh, c.ow, 3)
		dy, dx, want := counted(y.Shape...), New(x.Shape...).Fill(1), New(x.Shape...).Fill(1)
		AdaptiveAvgPool(y, x)
		AddAdaptiveAvgPoolGrad(dx, dy)
		part := func(o, n, out int) (lo, hi int) {
			f := float64(n) / float64(out)
			return int(math.Floor(float64(o)*f + 1e-9)), int(math.Ceil(float64(o+1)*f - 1e-9))
		}
		each(y.Shape, func(i, p, q, k int) {
			u0, u1 := part(p, c.h, c.oh)
			v0, v1 := part(q, c.w, c.ow)
			sum, count := 0.0, float64((u1-u0)*(v1-v0))
			for u := u0; u < u1; u++ {
				for v := v0; v < v1; v++ {
					sum += float64(x.At(i, u, v, k)) / count
					want.Set(want.At(i, u, v, k)+dy.At(i, p, q, k)/float32(count), i, u, v, k)
				}
			}
			closeTo(t, fmt.Sprintf("%+v", c), y.At(i, p, q, k), sum, 1e-6)
		})
		close32(t, fmt.Sprintf("gradient of %+v", c), dx, want, 1e-6)
	}
}

// TestResize compares with the bilinear interpolation as tents on the source's pixels, and the gradient, which adds, with its
// transpose.
func TestResize(t *testing.T) {
	for _, c := range []struct{ h, w, oh, ow int }{{4, 5, 4, 5}, {3, 4, 6, 8}, {6, 7, 3, 2}, {5, 3, 7, 4}, {1, 1, 3, 2}, {2, 9, 1, 1}} {
		x, y := NewRNG(17).FillNormal(New(2, c.h, c.w, 3), 0, 1), New(2, c.oh, c.ow, 3).Fill(float32(math.NaN()))
		dy, dx, want := counted(y.Shape...), New(x.Shape...).Fill(1), New(x.Shape...).Fill(1)
		Resize(y, x)
		AddResizeGrad(dx, dy)
		tent := func(o, n, out, i int) float64 {
			p := (float64(o)+0.5)*float64(n)/float64(out) - 0.5
			return max(0, 1-math.Abs(min(max(p, 0), float64(n-1))-float64(i)))
		}
		each(y.Shape, func(i, p, q, k int) {
			sum := 0.0
			for u := range c.h {
				for v := range c.w {
					w := tent(p, c.h, c.oh, u) * tent(q, c.w, c.ow, v)
					sum += w * float64(x.At(i, u, v, k))
					want.Set(want.At(i, u, v, k)+float32(w)*dy.At(i, p, q, k), i, u, v, k)
				}
			}
			closeTo(t, fmt.Sprintf("%+v", c), y.At(i, p, q, k), sum, 1e-5)
		})
		close32(t, fmt.Sprintf("gradient of %+v", c), dx, want, 1e-5)
	}
}

// TestPoolComplaints: windows that cannot be meant or do not fit; what just fits is not complained about.
func TestPoolComplaints(t *testing.T) {
	for what, w := range map[string]Window{
		"negative size": {H: WindowAxis{Size: -1}}, "negative stride": {W: WindowAxis{Size: 2, Stride: -1}}, "negative padding": {H: WindowAxis{Size: 2, Low: -1}},
		"negative padding after": {H: WindowAxis{Size: 2, High: -1}}, "padding alone": {W: WindowAxis{Size: 2, Low: 2}}, "padding alone, after": {W: WindowAxis{Size: 2, High: 2}},
		"padding alone of one": {H: WindowAxis{Low: 1}}, "too large": {H: WindowAxis{Size: 5}}, "too wide": {W: WindowAxis{Size: 7}},
	} {
		complains(t, what, func() { PoolShape([]int{1, 4, 6, 1}, w) })
	}
	complains(t, "three axes", func() { PoolShape([]int{4, 6, 1}, Window{}) })
	if s := PoolShape([]int{1, 4, 6, 1}, Window{H: WindowAxis{Size: 5, Low: 1}, W: WindowAxis{Size: 6}}); !SameShape(s, []int{1, 1, 1, 1}) {
		t.Errorf("one window makes %v", s)
	}
	for what, f := range map[string]func(){
		"resizing: batch":    func() { Resize(New(2, 3, 3, 1), New(1, 3, 3, 1)) },
		"resizing: channels": func() { Resize(New(1, 3, 3, 2), New(1, 3, 3, 1)) },
		"resizing: nothing":  func() { Resize(New(1, 3, 3, 1), New(1, 3, 0, 1)) },
		"resizing: from":     func() { Resize(New(1, 3, 3, 1), New(3, 3, 1)) },
		"resizing: to":       func() { Resize(New(3, 3, 1), New(1, 3, 3, 1)) },
	} {
		complains(t, what, f)
	}
}
