package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Permute sets y to x with its axes reordered: axis i of y is axis order[i] of x.
func Permute(y, x *Tensor, order ...int) {
	shape := PermuteShape(x.Shape, order)
	if !SameShape(y.Shape, shape) {
		fail("Permute", "output %v, it is %v", y.Shape, shape)
	}
	permute(y, x, order, false)
}

// AddPermuteGrad adds to dx the gradient of Permute's input.
func AddPermuteGrad(dx, dy *Tensor, order ...int) { permute(dy, dx, order, true) }

// PermuteShape returns shape with its axes reordered.
func PermuteShape(shape, order []int) []int {
	seen := make([]bool, len(shape))
	out := make([]int, len(shape))
	for i, o := range order {
		if len(order) != len(shape) || o < 0 || o >= len(shape) || seen[o] {
			fail("Permute", "order %v does not name each axis of %v once", order, shape)
		}
		seen[o] = true
		out[i] = shape[o]
	}
	return out
}

func permute(y, x *Tensor, order []int, grad bool) {
	nd := len(y.Shape)
	if nd == 0 || len(y.Data) == 0 {
		return
	}
	stride := make([]int, nd)
	s := 1
	xs := make([]int, nd)
	for i := nd - 1; i >= 0; i-- {
		xs[i] = s
		s *= x.Shape[i]
	}
	for i, o := range order {
		stride[i] = xs[o]
	}
	inner, si := y.Shape[nd-1], stride[nd-1]
	parallel.Chunks(len(y.Data)/inner, max(1, chunk/inner), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			at, q := 0, r
			for i := nd - 2; i >= 0; i-- {
				at += q % y.Shape[i] * stride[i]
				q /= y.Shape[i]
			}
			row := y.Data[r*inner : (r+1)*inner]
			switch {
			case grad:
				for j, v := range row {
					x.Data[at+j*si] += v
				}
			case si == 1:
				copy(row, x.Data[at:])
			default:
				for j := range row {
					row[j] = x.Data[at+j*si]
				}
			}
		}
	})
}

// axisSplit returns the product of the sides before axis and after it.
func axisSplit(op string, shape []int, axis int) (outer, n, inner int) {
	if axis < 0 || axis >= len(shape) {
		fail(op, "axis %d of shape %v", axis, shape)
	}
	return Size(shape[:axis]), shape[axis], Size(shape[axis+1:])
}

// ConcatShape returns the shape of xs joined along axis.
func ConcatShape(axis int, shapes ...[]int) []int {
	if len(shapes) == 0 {
		fail("Concat", "nothing to join")
	}
	out := append([]int(nil), shapes[0]...)
	axisSplit("Concat", out, axis)
	for _, s := range shapes[1:] {
		for i := range out {
			if len(s) != len(out) || i != axis && s[i] != out[i] {
				fail("Concat", "shapes %v and %v differ beside axis %d", shapes[0], s, axis)
			}
		}
		out[axis] += s[axis]
	}
	return out
}

// Concat sets y to xs joined along axis.
func Concat(y *Tensor, axis int, xs ...*Tensor) {
	at := 0
	for _, x := range xs {
		moveAxis(y, x, axis, at, 1, true, false)
		at += x.Shape[axis]
	}
}

// Slice sets y to elements from, from+step, ... of x along axis, as many as y has.
func Slice(y, x *Tensor, axis, from, step int) { moveAxis(x, y, axis, from, step, false, false) }

// AddSlice adds part to elements from, from+step, ... of x along axis.
func AddSlice(x, part *Tensor, axis, from, step int) { moveAxis(x, part, axis, from, step, true, true) }

// AddFromSlice adds to part elements from, from+step, ... of x along axis.
func AddFromSlice(part, x *Tensor, axis, from, step int) {
	moveAxis(x, part, axis, from, step, false, true)
}

// moveAxis moves between part and elements from, from+step, ... of whole along axis.
func moveAxis(whole, part *Tensor, axis, from, step int, toWhole, add bool) {
	outer, n, inner := axisSplit("Slice", whole.Shape, axis)
	po, pn, pi := axisSplit("Slice", part.Shape, axis)
	if outer != po || inner != pi || from < 0 || step < 1 || pn > 0 && from+(pn-1)*step >= n {
		fail("Slice", "%v at %d step %d along axis %d of %v", part.Shape, from, step, axis, whole.Shape)
	}
	run, runs := inner, pn
	if step == 1 {
		run, runs = inner*pn, 1
	}
	for o := range outer {
		for r := range runs {
			w := whole.Data[(o*n+from+r*step)*inner:][:run]
			p := part.Data[(o*pn+r)*inner:][:run]
			if !toWhole {
				w, p = p, w
			}
			if add {
				simd.Add(w, w, p)
			} else {
				copy(w, p)
			}
		}
	}
}

// Pad2D sets y [N H+top+bottom W+left+right C] to x [N H W C] between borders of zeros.
func Pad2D(y, x *Tensor, top, left int) {
	Zero(y)
	crop(y, x, top, left, true, false)
}

// AddPad2DGrad adds to dx the gradient of Pad2D's input.
func AddPad2DGrad(dx, dy *Tensor, top, left int) { crop(dy, dx, top, left, false, true) }

func crop(big, small *Tensor, top, left int, toBig, add bool) {
	n, h, w, c := small.Shape[0], small.Shape[1], small.Shape[2], small.Shape[3]
	H, W := big.Shape[1], big.Shape[2]
	if big.Shape[0] != n || big.Shape[3] != c || top < 0 || left < 0 || top+h > H || left+w > W {
		fail("Pad2D", "%v at (%d, %d) of %v", small.Shape, top, left, big.Shape)
	}
	for r := range n * h {
		b := big.Data[((r/h*H+top+r%h)*W+left)*c:][:w*c]
		s := small.Data[r*w*c:][:w*c]
		if !toBig {
			b, s = s, b
		}
		if add {
			simd.Add(b, b, s)
		} else {
			copy(b, s)
		}
	}
}

// BroadcastShape returns the shape of an element-wise operation under NumPy's rule: sides are matched from the last; a
// side of 1, or a missing one, is repeated.
func BroadcastShape(a, b []int) []int {
	n := max(len(a), len(b))
	out := make([]int, n)
	for i := range n {
		x, y := 1, 1
		if j := i - n + len(a); j >= 0 {
			x = a[j]
		}
		if j := i - n + len(b); j >= 0 {
			y = b[j]
		}
		if x != y && x != 1 && y != 1 {
			fail("Broadcast", "shapes %v and %v do not fit", a, b)
		}
		out[i] = max(x, y)
		if x == 0 || y == 0 {
			out[i] = 0
		}
	}
	return out
}

// Broadcast sets y to x repeated to y's shape.
func Broadcast(y, x *Tensor) {
	if !SameShape(BroadcastShape(x.Shape, y.Shape), y.Shape) {
		fail("Broadcast", "%v to %v", x.Shape, y.Shape)
	}
	broadcast(y, x, func(row []float32, x []float32, one bool) {
		if one {
			for i := range row {
				row[i] = x[0]
			}
		} else {
			copy(row, x)
		}
	})
}

// AddUnbroadcast adds to dx the gradient of Broadcast's input: dy summed over what was repeated, in order.
func AddUnbroadcast(dx, dy *Tensor) {
	broadcast(dy, dx, func(row []float32, x []float32, one bool) {
		if one {
			x[0] += simd.Sum(row)
		} else {
			simd.Add(x, x, row)
		}
	})
}

func broadcast(y, x *Tensor, f func(row, x []float32, one bool)) {
	nd := len(y.Shape)
	if nd == 0 {
		f(y.Data, x.Data, false)
		return
	}
	if len(y.Data) == 0 {
		return
	}
	stride := make([]int, nd)
	s := 1
	for i := len(x.Shape) - 1; i >= 0; i-- {
		if x.Shape[i] != 1 {
			stride[i+nd-len(x.Shape)] = s
		}
		s *= x.Shape[i]
	}
	inner := y.Shape[nd-1]
	one := stride[nd-1] == 0
	for r := range len(y.Data) / inner {
		at, q := 0, r
		for i := nd - 2; i >= 0; i-- {
			at += q % y.Shape[i] * stride[i]
			q /= y.Shape[i]
		}
		n := inner
		if one {
			n = 1
		}
		f(y.Data[r*inner:(r+1)*inner], x.Data[at:at+n], one)
	}
}

// ReduceShape returns shape without axis.
func ReduceShape(shape []int, axis int) []int {
	axisSplit("Reduce", shape, axis)
	return append(append([]int(nil), shape[:axis]...), shape[axis+1:]...)
}

// SumAxis sets y to scale times the sum of x over axis.
func SumAxis(y, x *Tensor, axis int, scale float32) {
	outer, n, inner := axisSplit("SumAxis", x.Shape, axis)
	parallel.For(outer, func(o int) {
		dst := y.Data[o*inner : (o+1)*inner]
		if inner == 1 {
			dst[0] = simd.Sum(x.Data[o*n:(o+1)*n]) * scale
			return
		}
		clear(dst)
		simd.SumRows(dst, x.Data[o*n*inner:(o+1)*n*inner], n)
		if scale != 1 {
			simd.Scale(dst, scale, dst)
		}
	})
}

// AddSumAxisGrad adds to dx the gradient of SumAxis's input.
func AddSumAxisGrad(dx, dy *Tensor, axis int, scale float32) {
	outer, n, inner := axisSplit("SumAxis", dx.Shape, axis)
	parallel.For(outer, func(o int) {
		for i := range n {
			d := dx.Data[(o*n+i)*inner:][:inner]
			if inner == 1 {
				d[0] += float32(scale * dy.Data[o])
			} else {
				simd.Axpy(d, scale, dy.Data[o*inner:])
			}
		}
	})
}

// MaxAxis sets y to the largest of x over axis (the first of equals; NaN wins) and at to where it was.
func MaxAxis(y *Tensor, at []int32, x *Tensor, axis int) {
	outer, n, inner := axisSplit("MaxAxis", x.Shape, axis)
	if n == 0 || len(at) != outer*inner {
		fail("MaxAxis", "axis %d of %v, %d indices", axis, x.Shape, len(at))
	}
	parallel.For(outer, func(o int) {
		for j := range inner {
			best, bi := x.Data[o*n*inner+j], 0
			for i := 1; i < n; i++ {
				if v := x.Data[(o*n+i)*inner+j]; v > best || v != v && best == best {
					best, bi = v, i
				}
			}
			y.Data[o*inner+j], at[o*inner+j] = best, int32(bi)
		}
	})
}

// AddMaxAxisGrad adds dy to the elements that were the largest.
func AddMaxAxisGrad(dx, dy *Tensor, at []int32, axis int) {
	_, n, inner := axisSplit("MaxAxis", dx.Shape, axis)
	for k, v := range dy.Data {
		o, j := k/inner, k%inner
		dx.Data[(o*n+int(at[k]))*inner+j] += v
	}
}

// Gather sets row i of y to row index[i] of x; rows are the first axis. An embedding lookup is a Gather.
func Gather(y, x *Tensor, index []int32) {
	step := gatherStep("Gather", y, x, index)
	parallel.Chunks(len(index), max(1, chunk/max(step, 1)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(y.Data[i*step:(i+1)*step], x.Data[int(index[i])*step:])
		}
	})
}

// ScatterAdd adds row i of part to row index[i] of x, in order of i.
func ScatterAdd(x, part *Tensor, index []int32) {
	step := gatherStep("ScatterAdd", part, x, index)
	for i, k := range index {
		d := x.Data[int(k)*step:][:step]
		simd.Add(d, d, part.Data[i*step:])
	}
}

func gatherStep(op string, part, x *Tensor, index []int32) int {
	if len(x.Shape) < 1 || len(part.Shape) < 1 || part.Shape[0] != len(index) || !SameShape(part.Shape[1:], x.Shape[1:]) {
		fail(op, "%d indices, rows of %v and %v", len(index), part.Shape, x.Shape)
	}
	for _, k := range index {
		if k < 0 || int(k) >= x.Shape[0] {
			fail(op, "index %d of %d rows", k, x.Shape[0])
		}
	}
	return Size(x.Shape[1:])
}
