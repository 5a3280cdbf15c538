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
	permute(y, x, order)
}

// PermuteGrad sets dx to the gradient of Permute's input, or adds it.
func PermuteGrad(dx, dy *Tensor, add bool, order ...int) {
	if !add {
		back := make([]int, len(order))
		for i, o := range order {
			back[o] = i
		}
		Permute(dx, dy, back...)
		return
	}
	t := borrow(len(dx.Data))
	defer giveBack(t)
	part := &Tensor{Shape: dx.Shape, Data: t}
	PermuteGrad(part, dy, false, order...)
	Add(dx, dx, part)
}

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

func permute(y, x *Tensor, order []int) {
	nd := len(y.Shape)
	if nd == 0 {
		copy(y.Data, x.Data)
	}
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
			if si == 1 {
				copy(row, x.Data[at:])
				continue
			}
			for j := range row {
				row[j] = x.Data[at+j*si]
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
	moves := make([]axisMove, len(xs))
	at := 0
	for i, x := range xs {
		moves[i] = newAxisMove(y, x, axis, at, 1)
		moves[i].how = toWhole
		at += x.Shape[axis]
	}
	if at != y.Shape[axis] {
		fail("Concat", "%d along axis %d into %v", at, axis, y.Shape)
	}
	together(y, axis, moves)
}

// ConcatPart is one of Concat's inputs in the gradient: DX begins at From along the axis, and is set, or with Add added to.
type ConcatPart struct {
	DX   *Tensor
	From int
	Add  bool
}

// ConcatGrad sets the gradients of Concat's inputs, those that are wanted, to their parts of dy, or adds them. Two parts may
// share a DX: they follow each other in order.
func ConcatGrad(dy *Tensor, axis int, parts ...ConcatPart) {
	moves := make([]axisMove, len(parts))
	for i, p := range parts {
		moves[i] = newAxisMove(dy, p.DX, axis, p.From, 1)
		moves[i].how = toPart
		if p.Add {
			moves[i].how = addToPart
		}
	}
	together(dy, axis, moves)
}

// together does moves of one whole: a piece of it is read or written by one worker, once.
func together(whole *Tensor, axis int, moves []axisMove) {
	outer := Size(whole.Shape[:axis])
	if outer <= 1 {
		for _, m := range moves {
			m.all()
		}
		return
	}
	parallel.Chunks(outer, max(1, chunk*outer/max(len(whole.Data), 1)), func(lo, hi int) {
		for _, m := range moves {
			m.run(lo*m.runs, hi*m.runs)
		}
	})
}

// Slice sets y to elements from, from+step, ... of x along axis, as many as y has.
func Slice(y, x *Tensor, axis, from, step int) { newAxisMove(x, y, axis, from, step).all() }

// SliceGrad sets dx to the gradient of Slice's input, dy where it was taken from and zeros elsewhere, or with add adds dy there.
func SliceGrad(dx, dy *Tensor, axis, from, step int, add bool) {
	m := newAxisMove(dx, dy, axis, from, step)
	switch {
	case add:
		m.how = addToWhole
		m.all()
		return
	case m.outer*m.runs == 0:
		Zero(dx)
		return
	}
	m.how = toWhole
	if m.outer*m.runs < 16 && len(dx.Data) >= 16*chunk { // a few long runs
		for k := range m.outer * m.runs {
			from, to := m.gap(k)
			for _, zeros := range [][]float32{dx.Data[from:m.whole(k)], dx.Data[m.whole(k)+m.n : to]} {
				Zero(&Tensor{Data: zeros})
			}
		}
		m.all()
		return
	}
	// the axis is cut at the elements that were taken: each comes with the zeros up to the next
	parallel.Chunks(m.outer*m.runs, max(1, chunk*m.outer*m.runs/max(len(dx.Data), 1)), func(lo, hi int) {
		for k := lo; k < hi; k++ {
			from, to := m.gap(k)
			at := m.whole(k)
			clear(dx.Data[from:at])
			copy(dx.Data[at:], dy.Data[k*m.n:(k+1)*m.n])
			clear(dx.Data[at+m.n : to])
		}
	})
}

// axisMove is the traffic between part and elements from, from+step, ... of whole along an axis: runs of n neighbours, `runs`
// for each of outer, run k of the part at k·n.
type axisMove struct {
	wholeData, partData []float32
	outer, runs, n      int
	how                 int // toPart, ...
	from, next, size    int // of a run in whole: the first, the distance to the next, and the length of what belongs to one of outer
}

func newAxisMove(whole, part *Tensor, axis, from, step int) axisMove {
	outer, n, inner := axisSplit("Slice", whole.Shape, axis)
	po, pn, pi := axisSplit("Slice", part.Shape, axis)
	if outer != po || inner != pi || from < 0 || step < 1 || pn > 0 && from+(pn-1)*step >= n {
		fail("Slice", "%v at %d step %d along axis %d of %v", part.Shape, from, step, axis, whole.Shape)
	}
	m := axisMove{wholeData: whole.Data, partData: part.Data, outer: outer, runs: pn, n: inner, from: from * inner, next: step * inner, size: n * inner}
	if step == 1 && pn > 0 {
		m.runs, m.n, m.next = 1, inner*pn, inner*pn
	}
	return m
}

// whole returns where run k lies in whole.
func (m axisMove) whole(k int) int { return k/m.runs*m.size + m.from + k%m.runs*m.next }

// gap returns the range of whole that belongs to run k: up to the next run, before the first from the start.
func (m axisMove) gap(k int) (from, to int) {
	from, to = m.whole(k), m.whole(k)+m.next
	if k%m.runs == 0 {
		from = k / m.runs * m.size
	}
	if k%m.runs == m.runs-1 {
		to = (k/m.runs + 1) * m.size
	}
	return from, to
}

const (
	toPart = iota
	toWhole
	addToWhole
	addToPart
)

// all moves everything, on all workers: whole runs, or pieces of long ones.
func (m axisMove) all() {
	if m.n < 2*chunk {
		parallel.Chunks(m.outer*m.runs, max(1, chunk/max(m.n, 1)), func(lo, hi int) { m.run(lo, hi) })
		return
	}
	size := chunk
	if m.how == toWhole || m.how == toPart {
		size = 8 * chunk // from a megabyte on the runtime's copy writes past the caches
	}
	pieces := (m.n + size - 1) / size
	parallel.For(m.outer*m.runs*pieces, func(i int) {
		k, lo := i/pieces, i%pieces*size
		n := min(size, m.n-lo)
		move(m.wholeData[m.whole(k)+lo:][:n], m.partData[k*m.n+lo:][:n], m.how)
	})
}

// run moves the runs lo to hi.
func (m axisMove) run(lo, hi int) {
	to := m.partData
	if m.how == toWhole || m.how == addToWhole {
		to = m.wholeData
	}
	if (m.how == toWhole || m.how == toPart) && streams(len(to)) && m.n >= line {
		defer simd.Fence()
		for k := lo; k < hi; k++ {
			w, p := m.wholeData[m.whole(k):][:m.n], m.partData[k*m.n:][:m.n]
			if m.how == toPart {
				w, p = p, w
			}
			simd.Stream(w, p)
		}
		return
	}
	if m.n == 0 {
		return
	}
	for k := lo; k < hi; k++ {
		move(m.wholeData[m.whole(k):][:m.n], m.partData[k*m.n:][:m.n], m.how)
	}
}

// few is up to how many elements a loop here is quicker than a call.
const few = 8

func move(w, p []float32, how int) {
	switch {
	case how == toWhole || how == toPart:
		if how == toPart {
			w, p = p, w
		}
		if len(w) > few {
			copy(w, p)
			return
		}
		for i, v := range p[:len(w)] {
			w[i] = v
		}
	default:
		if how == addToPart {
			w, p = p, w
		}
		if len(w) > few {
			simd.Add(w, w, p)
			return
		}
		for i, v := range p[:len(w)] {
			w[i] += v
		}
	}
}

// Pad2D sets y [N H+top+bottom W+left+right C] to x [N H W C] between borders of zeros.
func Pad2D(y, x *Tensor, top, left int) {
	h, w, c, H, W := padSides(y, x, top, left)
	row := W * c
	parallel.Chunks(y.Shape[0]*H, max(1, chunk/max(row, 1)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			dst, i := y.Data[r*row:(r+1)*row], r%H-top
			if i < 0 || i >= h {
				clear(dst)
				continue
			}
			clear(dst[:left*c])
			copy(dst[left*c:], x.Data[(r/H*h+i)*w*c:][:w*c])
			clear(dst[(left+w)*c:])
		}
	})
}

// Pad2DGrad sets dx to the gradient of Pad2D's input, or adds it.
func Pad2DGrad(dx, dy *Tensor, top, left int, add bool) {
	h, w, c, H, W := padSides(dy, dx, top, left)
	how := toPart
	if add {
		how = addToPart
	}
	parallel.Chunks(dx.Shape[0]*h, max(1, chunk/max(w*c, 1)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			move(dy.Data[((r/h*H+top+r%h)*W+left)*c:][:w*c], dx.Data[r*w*c:][:w*c], how)
		}
	})
}

func padSides(big, small *Tensor, top, left int) (h, w, c, H, W int) {
	if len(big.Shape) != 4 || len(small.Shape) != 4 {
		fail("Pad2D", "%v and %v: want [N H W C]", small.Shape, big.Shape)
	}
	h, w, c, H, W = small.Shape[1], small.Shape[2], small.Shape[3], big.Shape[1], big.Shape[2]
	if big.Shape[0] != small.Shape[0] || big.Shape[3] != c || top < 0 || left < 0 || top+h > H || left+w > W {
		fail("Pad2D", "%v at (%d, %d) of %v", small.Shape, top, left, big.Shape)
	}
	return h, w, c, H, W
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
	broadcast(y, x, func(row []float32, at int, one bool) {
		if one {
			for i := range row {
				row[i] = x.Data[at]
			}
		} else {
			copy(row, x.Data[at:])
		}
	})
}

// AddUnbroadcast adds to dx the gradient of Broadcast's input: dy summed in float64 over what was repeated, in order.
func AddUnbroadcast(dx, dy *Tensor) {
	inner := dx.Shape
	for len(inner) > 0 && inner[0] == 1 {
		inner = inner[1:]
	}
	if n := Size(inner); n > 0 && SameShape(inner, dy.Shape[len(dy.Shape)-len(inner):]) { // rows of all of dx
		if n == 1 {
			dx.Data[0] += float32(Sum(dy))
		} else {
			AddSumRows(&Tensor{Shape: []int{n}, Data: dx.Data}, &Tensor{Shape: []int{len(dy.Data) / n, n}, Data: dy.Data})
		}
		return
	}
	sums, done := borrow64(len(dx.Data))
	defer done()
	clear(sums)
	broadcast(dy, dx, func(row []float32, at int, one bool) {
		if one {
			sums[at] += sumOf(row)
			return
		}
		for i, v := range row {
			sums[at+i] += float64(v)
		}
	})
	for i, v := range sums {
		dx.Data[i] += float32(v)
	}
}

// broadcast calls f on the rows of y, each with where its elements, or the one that is repeated, are in x.
func broadcast(y, x *Tensor, f func(row []float32, at int, one bool)) {
	nd := len(y.Shape)
	if nd == 0 {
		f(y.Data, 0, false)
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
		f(y.Data[r*inner:(r+1)*inner], at, one)
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
			dst[0] = float32(sumOf(x.Data[o*n:(o+1)*n]) * float64(scale))
			return
		}
		rows := x.Data[o*n*inner:]
		columnSums(n, inner, func(sums []float32, lo, hi int) { simd.SumRows(sums, rows[lo*inner:], hi-lo) }, func(sums []float64) {
			for j, v := range sums {
				dst[j] = float32(v * float64(scale))
			}
		}, 1)
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
