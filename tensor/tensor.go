package tensor

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/tessera-go/tessera/internal/hugepage"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Tensor is a shape over contiguous memory, the last axis fastest. len(Data) is the product of Shape.
type Tensor struct {
	Shape []int
	Data  []float32
}

// ShapeError says which operation met which shapes, and what would fit. Kernels panic with it; autograd.Try and the
// commands turn it into an error.
type ShapeError struct {
	Op  string // such as "Conv2D"
	Msg string
}

func (e *ShapeError) Error() string { return "tensor." + e.Op + ": " + e.Msg }

func fail(op, format string, args ...any) { panic(&ShapeError{op, fmt.Sprintf(format, args...)}) }

// Size returns the product of the sides. It panics where a side is negative.
func Size(shape []int) int {
	n := 1
	for _, s := range shape {
		if s < 0 {
			fail("Size", "shape %v has a negative side", shape)
		}
		n *= s
	}
	return n
}

// New returns a tensor of zeros.
func New(shape ...int) *Tensor {
	s := append([]int(nil), shape...)
	return &Tensor{s, alloc(Size(s), Size(s))}
}

// From returns a tensor over data, which it keeps. It panics if the shape asks for another length.
func From(data []float32, shape ...int) *Tensor {
	s := append([]int(nil), shape...)
	if Size(s) != len(data) {
		fail("From", "shape %v wants %d values, there are %d", s, Size(s), len(data))
	}
	return &Tensor{s, data}
}

// Len returns the number of elements.
func (t *Tensor) Len() int { return len(t.Data) }

// Dim returns side i; negative i counts from the end.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += len(t.Shape)
	}
	return t.Shape[i]
}

// Reshape returns a view of the same memory with another shape of the same size. One side may be -1: what is left.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	return &Tensor{InferShape(len(t.Data), shape), t.Data}
}

// InferShape returns shape with its -1, if it has one, replaced by what makes the product n.
func InferShape(n int, shape []int) []int {
	s := append([]int(nil), shape...)
	rest, at, negative := 1, -1, false
	for i, d := range s {
		if d == -1 && at < 0 {
			at = i
		} else {
			rest *= d
			negative = negative || d < 0
		}
	}
	if at >= 0 && rest > 0 && n%rest == 0 {
		s[at] = n / rest
		rest = n
	}
	if rest != n || negative || at >= 0 && s[at] < 0 {
		fail("Reshape", "%d values do not fit shape %v", n, shape)
	}
	return s
}

// Rows returns a view of rows lo to hi of the first axis.
func (t *Tensor) Rows(lo, hi int) *Tensor {
	if len(t.Shape) == 0 || lo < 0 || hi < lo || hi > t.Shape[0] {
		fail("Rows", "rows %d to %d of shape %v", lo, hi, t.Shape)
	}
	s := append([]int{hi - lo}, t.Shape[1:]...)
	step := Size(t.Shape[1:])
	return &Tensor{s, t.Data[lo*step : hi*step]}
}

// Clone returns a copy with memory of its own.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{append([]int(nil), t.Shape...), append([]float32(nil), t.Data...)}
}

// Fill sets every element to v.
func (t *Tensor) Fill(v float32) *Tensor {
	for i := range t.Data {
		t.Data[i] = v
	}
	return t
}

// At returns one element.
func (t *Tensor) At(index ...int) float32 { return t.Data[t.offset(index)] }

// Set changes one element.
func (t *Tensor) Set(v float32, index ...int) { t.Data[t.offset(index)] = v }

func (t *Tensor) offset(index []int) int {
	if len(index) != len(t.Shape) {
		fail("At", "%d indices for shape %v", len(index), t.Shape)
	}
	o := 0
	for i, x := range index {
		if x < 0 || x >= t.Shape[i] {
			fail("At", "index %v outside shape %v", append([]int(nil), index...), t.Shape) // a copy: index itself stays on the stack
		}
		o = o*t.Shape[i] + x
	}
	return o
}

// String shows the shape and the first values.
func (t *Tensor) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v", t.Shape)
	for i, v := range t.Data {
		if i == 8 {
			b.WriteString(" ...")
			break
		}
		fmt.Fprintf(&b, " %.4g", v)
	}
	return b.String()
}

// SameShape tells whether the shapes are equal.
func SameShape(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func sameShapes(op string, t *Tensor, others ...*Tensor) {
	for _, o := range others {
		if !SameShape(t.Shape, o.Shape) {
			fail(op, "shapes %v and %v differ", t.Shape, o.Shape)
		}
	}
}

// chunk is how many elements a worker takes at once in element-wise work: 128 KiB of each operand, so that it stays in
// the second-level cache.
const chunk = 1 << 15

// line is how many values a cache line holds.
const line = 16

// streams says whether a result of n values is written past the caches (simd.Stream): from 16 MiB on, where it and the operands
// that a kernel reads beside it no longer fit into the last one.
func streams(n int) bool { return n >= 4<<20 }

// scratch is memory that kernels borrow while they run, by powers of two; it is kept for the next call.
var scratch struct {
	sync.Mutex
	free [40][][]float32
}

// borrow returns n floats of undefined content; give them back.
func borrow(n int) []float32 {
	c := 0
	for 1<<c < n {
		c++
	}
	scratch.Lock()
	f := scratch.free[c]
	if len(f) > 0 {
		b := f[len(f)-1]
		scratch.free[c] = f[:len(f)-1]
		scratch.Unlock()
		return b[:n]
	}
	scratch.Unlock()
	return alloc(n, 1<<c)
}

// alloc returns n zeros, in huge pages if they are many.
func alloc(n, room int) []float32 {
	b := make([]float32, n, room)
	hugepage.Advise(b)
	return b
}

// borrow64 returns n float64 of undefined content, and how to give them back.
func borrow64(n int) (f []float64, done func()) {
	b := borrow(2 * max(n, 1))
	return unsafe.Slice((*float64)(unsafe.Pointer(&b[0])), n), func() { giveBack(b) }
}

func giveBack(b []float32) {
	c := 0
	for 1<<c < cap(b) {
		c++
	}
	scratch.Lock()
	scratch.free[c] = append(scratch.free[c], b)
	scratch.Unlock()
}

// FreeScratch lets go of the memory that kernels keep for their next call.
func FreeScratch() {
	scratch.Lock()
	clear(scratch.free[:])
	scratch.Unlock()
}

// Zero sets every element to 0.
func Zero(t *Tensor) {
	parallel.Chunks(len(t.Data), 1<<18, func(lo, hi int) { clear(t.Data[lo:hi]) })
}

// Copy copies x to y, of the same size.
func Copy(y, x *Tensor) {
	if len(y.Data) != len(x.Data) {
		fail("Copy", "shapes %v and %v differ in size", y.Shape, x.Shape)
	}
	parallel.Chunks(len(y.Data), 1<<18, func(lo, hi int) { copy(y.Data[lo:hi], x.Data[lo:hi]) })
}

// Add sets y to a + b.
func Add(y, a, b *Tensor) {
	sameShapes("Add", y, a, b)
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.Add(y.Data[lo:hi], a.Data[lo:hi], b.Data[lo:hi]) })
}

// Sub sets y to a - b.
func Sub(y, a, b *Tensor) {
	sameShapes("Sub", y, a, b)
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.Sub(y.Data[lo:hi], a.Data[lo:hi], b.Data[lo:hi]) })
}

// Mul sets y to a · b, element by element.
func Mul(y, a, b *Tensor) {
	sameShapes("Mul", y, a, b)
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.Mul(y.Data[lo:hi], a.Data[lo:hi], b.Data[lo:hi]) })
}

// Div sets y to a / b, element by element.
func Div(y, a, b *Tensor) {
	sameShapes("Div", y, a, b)
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.Div(y.Data[lo:hi], a.Data[lo:hi], b.Data[lo:hi]) })
}

// AddMul adds a · b to y, element by element.
func AddMul(y, a, b *Tensor) {
	sameShapes("AddMul", y, a, b)
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.MulAdd(y.Data[lo:hi], a.Data[lo:hi], b.Data[lo:hi]) })
}

// Scale sets y to s · x.
func Scale(y *Tensor, s float32, x *Tensor) {
	sameShapes("Scale", y, x)
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.Scale(y.Data[lo:hi], s, x.Data[lo:hi]) })
}

// AddScaled adds s · x to y.
func AddScaled(y *Tensor, s float32, x *Tensor) {
	if len(y.Data) != len(x.Data) {
		fail("AddScaled", "shapes %v and %v differ in size", y.Shape, x.Shape)
	}
	parallel.Chunks(len(y.Data), chunk, func(lo, hi int) { simd.Axpy(y.Data[lo:hi], s, x.Data[lo:hi]) })
}

// Sum returns the sum of all elements: blocks in simd's order, joined in float64 from the first to the last.
func Sum(x *Tensor) float64 {
	return joinChunks(x, simd.Sum)
}

// SumSquares returns the sum of all squares, as Sum does.
func SumSquares(x *Tensor) float64 {
	return joinChunks(x, simd.SumSquares)
}

// Dot returns the sum of all products of an element of x and the one of y, as Sum does. x and y have the same number of elements.
func Dot(x, y *Tensor) float64 {
	if len(x.Data) != len(y.Data) {
		panic(&ShapeError{Op: "Dot", Msg: fmt.Sprintf("%v and %v have %d and %d elements", x.Shape, y.Shape, len(x.Data), len(y.Data))})
	}
	return joinParts(len(x.Data), func(lo, hi int) float64 {
		y := y.Data[lo:hi]
		return joinBlocks(x.Data[lo:hi], func(b []float32) float32 {
			d := simd.Dot(b, y[:len(b)])
			y = y[len(b):]
			return d
		})
	})
}

func joinChunks(x *Tensor, f func([]float32) float32) float64 {
	return joinParts(len(x.Data), func(lo, hi int) float64 { return joinBlocks(x.Data[lo:hi], f) })
}

// joinParts returns the sum of f over pieces of n elements, joined in order.
func joinParts(n int, f func(lo, hi int) float64) float64 {
	parts := make([]float64, (n+chunk-1)/chunk)
	parallel.Chunks(n, chunk, func(lo, hi int) { parts[lo/chunk] = f(lo, hi) })
	total := 0.0
	for _, p := range parts {
		total += p
	}
	return total
}

// sumOf returns the sum of x: few elements in float64, more in blocks of simd's order.
func sumOf(x []float32) float64 {
	if len(x) > 64 {
		return joinBlocks(x, simd.Sum)
	}
	var t [4]float64
	for ; len(x) >= 4; x = x[4:] {
		t[0] += float64(x[0])
		t[1] += float64(x[1])
		t[2] += float64(x[2])
		t[3] += float64(x[3])
	}
	for i, v := range x {
		t[i] += float64(v)
	}
	return t[0] + t[1] + (t[2] + t[3])
}

// joinBlocks adds f of blocks in float64: blocks of one of few elements.
func joinBlocks(x []float32, f func([]float32) float32) float64 {
	block := 1024
	if len(x) <= 64 {
		block = 1
	}
	total := 0.0
	for len(x) > 0 {
		n := min(block, len(x))
		total += float64(f(x[:n]))
		x = x[n:]
	}
	return total
}

var changes atomic.Int64

// Changed says that values which outlive a step, such as weights, were changed: whoever keeps something derived from them makes
// it again. Optimisers, averages and whatever loads weights call it; so must a program that writes into a weight's Data itself
// between two uses of a tape for inference.
func Changed() { changes.Add(1) }

// Changes returns how often Changed was called.
func Changes() int64 { return changes.Load() }
