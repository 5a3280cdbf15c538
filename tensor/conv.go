package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Axis is a convolution's geometry along one axis. The zero value is stride 1, no dilation, no padding.
type Axis struct {
	Stride    int // distance of two outputs in the input; 0 means 1
	Dilation  int // distance of two kernel elements in the input; 0 means 1
	Low, High int // zeros before the input and after it
}

// Out returns how many outputs a kernel of k elements has along n inputs, as many as fit; below 1 where it does not fit:
//
//	(n + Low + High - Dilation·(k-1) - 1)/Stride + 1
func (a Axis) Out(n, k int) int {
	a = a.norm()
	room := n + a.Low + a.High - a.Dilation*(k-1) - 1
	if room < 0 {
		return 0
	}
	return room/a.Stride + 1
}

// in returns how many inputs n outputs have in the transposed convolution, the fewest that give so many.
func (a Axis) in(n, k int) int {
	a = a.norm()
	return (n-1)*a.Stride - a.Low - a.High + a.Dilation*(k-1) + 1
}

func (a Axis) norm() Axis {
	a.Stride, a.Dilation = max(a.Stride, 1), max(a.Dilation, 1)
	return a
}

// of is norm for a kernel of k elements: one element has no dilation.
func (a Axis) of(k int) Axis {
	if a = a.norm(); k == 1 {
		a.Dilation = 1
	}
	return a
}

func (a Axis) padded() bool { return a.Low != 0 || a.High != 0 }

// Conv is the geometry of a convolution, and how to compute it. Images [N H W C] have the axes H and W, sequences [N T C] the
// axis T, clips [N T H W C] all three; an axis that the input lacks must be zero. The zero value is stride 1, no padding.
type Conv struct {
	T, H, W Axis
	Groups  int // 0 means 1; equal to the input channels it is depthwise
	Mode
}

// SquareConv returns the geometry of a convolution of images with that stride and padding on every side.
func SquareConv(stride, pad int) Conv {
	a := Axis{Stride: stride, Low: pad, High: pad}
	return Conv{H: a, W: a}
}

// plain tells whether a kernel of kh by kw elements takes every pixel to its own output: a product of matrices.
func (g Conv) plain(kh, kw int) bool { return g.dense(kh, kw) && g.H.Stride == 1 && g.W.Stride == 1 }

// dense tells whether an output reads all channels of one pixel, without padding.
func (g Conv) dense(kh, kw int) bool {
	return kh == 1 && kw == 1 && g.Groups == 1 && !g.H.padded() && !g.W.padded()
}

// A Pass is one of a convolution's three computations.
type Pass int

// The passes.
const (
	Forward Pass = iota
	GradInput
	GradWeight
)

// Plan returns the algorithm that a pass over output images [N OH OW O] with weights w [KH KW I/G O] uses. It depends
// on the shapes alone, so that the same program gives the same bits on every machine.
func (g Conv) Plan(pass Pass, y, w []int) Algorithm {
	g = g.norm(w)
	small := func(a Axis) bool { return a.Stride == 1 && a.Dilation == 1 && max(a.Low, a.High) <= 2 }
	if w[0] != 3 || w[1] != 3 || !small(g.H) || !small(g.W) || g.Groups != 1 || w[2]%16 != 0 || w[3]%16 != 0 {
		return Direct
	}
	if g.Algorithm == Auto {
		return cheapest(pass, y[0], y[1], y[2], w[2], w[3])
	}
	return g.Algorithm
}

// norm writes out what zeros mean for weights w [KH KW I/G O].
func (g Conv) norm(w []int) Conv {
	g.H, g.W, g.Groups = g.H.of(w[0]), g.W.of(w[1]), max(g.Groups, 1)
	return g
}

// ConvShape returns the shape of a convolution's output; OH and OW see Axis.Out:
//
//	x [N H W C]   w [KH KW C/G O]   ->   [N OH OW O]
func ConvShape(x, w []int, g Conv) []int {
	if len(x) != 4 || len(w) != 4 {
		fail("Conv2D", "input %v and weight %v need four axes, [N H W C] and [KH KW I O]", x, w)
	}
	g = g.check("Conv2D", w)
	if w[2]*g.Groups != x[3] {
		fail("Conv2D", "input %v has %d channels, weight %v with %d groups wants %d", x, x[3], w, g.Groups, w[2]*g.Groups)
	}
	s := []int{x[0], g.H.Out(x[1], w[0]), g.W.Out(x[2], w[1]), w[3]}
	if s[1] < 1 || s[2] < 1 {
		fail("Conv2D", "kernel %v does not fit input %v with padding %d+%d, %d+%d and dilation %d, %d", w, x, g.H.Low, g.H.High, g.W.Low, g.W.High,
			g.H.Dilation, g.W.Dilation)
	}
	return s
}

// check returns g with what zeros mean written out; it panics where g itself cannot be meant.
func (g Conv) check(op string, w []int) Conv {
	if g.T != (Axis{}) {
		fail(op, "the geometry along T, %+v, has no axis here: images are [N H W C]", g.T)
	}
	for _, a := range []Axis{g.H, g.W} {
		if a.Low < 0 || a.High < 0 || a.Stride < 0 || a.Dilation < 0 {
			fail(op, "negative geometry %+v", a)
		}
	}
	if g.Groups < 0 || w[3]%max(g.Groups, 1) != 0 {
		fail(op, "%d channels do not divide into %d groups", w[3], g.Groups)
	}
	return g.norm(w)
}

// plane is images with their padding: [n h w c].
type plane struct {
	data       []float32
	n, h, w, c int
	borrowed   bool
}

func (p plane) free() {
	if p.borrowed {
		giveBack(p.data)
	}
}

// padded returns x with top rows and left columns of zeros before, and up to h by w in all; x itself if nothing is added.
func padded(x *Tensor, top, left, h, w int) plane {
	n, xh, xw, c := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
	if top == 0 && left == 0 && h == xh && w == xw {
		return plane{x.Data, n, xh, xw, c, false}
	}
	p := plane{borrow(n * h * w * c), n, h, w, c, true}
	rows := max(1, chunk/max(1, w*c))
	parallel.For(n*((h+rows-1)/rows), func(t int) {
		i, lo := t/((h+rows-1)/rows), t%((h+rows-1)/rows)*rows
		part := plane{p.data[(i*h+lo)*w*c:], 1, min(rows, h-lo), w, c, false}
		part.window(x, i, lo-top, left)
	})
	return p
}

// window fills p's rows and columns, p.h by p.w, from image i of x: rows from top on, and columns from -left on. Outside the
// image there are zeros.
func (p plane) window(x *Tensor, i, top, left int) {
	xh, xw, c := x.Shape[1], x.Shape[2], x.Shape[3]
	for r := range p.h {
		dst := p.data[r*p.w*c : (r+1)*p.w*c]
		y := top + r
		if y < 0 || y >= xh {
			clear(dst)
			continue
		}
		clear(dst[:left*c])
		k := copy(dst[left*c:], x.Data[(i*xh+y)*xw*c:][:xw*c])
		clear(dst[left*c+k:])
	}
}

// Conv2D sets y to the convolution (cross-correlation) of x with w; see ConvShape. It is an implicit matrix product:
// output pixels by kernel elements, read where they lie in the padded image, times packed weights.
func Conv2D(y, x, w *Tensor, g Conv) { Conv2DFused(y, x, w, g, nil, nil) }

// Conv2DFused is Conv2D with an epilogue, or nil, and with weights kept in their packed form, or nil.
func Conv2DFused(y, x, w *Tensor, g Conv, e *Epilogue, keep *Packed) {
	shape := ConvShape(x.Shape, w.Shape, g)
	if !SameShape(y.Shape, shape) {
		fail("Conv2D", "output %v, it is %v", y.Shape, shape)
	}
	g = g.norm(w.Shape)
	kh, kw, cg, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	if len(w.Data) == 0 || len(y.Data) == 0 { // sums over nothing, or no sums
		Zero(y)
		e.apply(y.Data, o, 0, Size(y.Shape[:3]), 0, o)
		return
	}
	f := winogradOf(g.Plan(Forward, y.Shape, w.Shape))
	switch {
	case keep != nil && g.Precision == Int8 && int8Shape(w.Shape, g):
		convInt8(y, x, w, g, e, keep)
	case g.plain(kh, kw):
		matMulFused(y, x, w.Reshape(cg, o), e, keep, g.Precision)
	case g.dense(kh, kw):
		pointwise(y, x, w, g, e, keep)
	case f != nil:
		f.conv(y, x, w, false, g.H.Low, g.W.Low, false, e, keep)
	case cg == 1 && o == g.Groups:
		p := g.pad(x)
		defer p.free()
		depthwise(y, p, w, g, e)
	default:
		convDirect(y, x, w, g, e, keep)
	}
}

// pad returns x with the padding of g.
func (g Conv) pad(x *Tensor) plane {
	return padded(x, g.H.Low, g.W.Low, x.Shape[1]+g.H.Low+g.H.High, x.Shape[2]+g.W.Low+g.W.High)
}

// convDirect is Conv2DFused as an implicit matrix product.
func convDirect(y, x, w *Tensor, g Conv, e *Epilogue, keep *Packed) {
	kh, kw, cg, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	oh, ow := y.Shape[1], y.Shape[2]
	og := o / g.Groups
	k := kh * kw * cg
	panel := simd.Panel()
	size := simd.PackedSize(k, og)
	packed := keep.form(form{groups: g.Groups}, size*g.Groups, func(packed []float32) {
		panels := (og + panel - 1) / panel
		parallel.For(g.Groups*panels, func(i int) {
			gi, j := i/panels, i%panels*panel
			simd.PackB(packed[gi*size+simd.PackedOffset(k, j):], k, 0, w.Data[gi*og+j:], k, min(panel, og-j), o)
		})
	})
	if keep == nil {
		defer giveBack(packed)
	}
	// A piece is some output rows by some panels: panels whose weights stay in the second-level cache, rows that make
	// the piece worth its call.
	group := max(1, (1<<17)/(k*panel)) * panel
	groups := (og + group - 1) / group
	rows := pieceRows(x.Shape[0]*oh, ow, groups*g.Groups)
	rowPieces := (x.Shape[0]*oh + rows - 1) / rows
	// Padding costs a copy: of the rows that a piece reads, into the cache that it reads them from, unless many pieces read the same.
	width, reach := g.W.Low+x.Shape[2]+g.W.High, (kh-1)*g.H.Dilation+1
	local := (g.H.padded() || g.W.padded()) && groups*g.Groups <= 2
	var all plane
	if !local {
		all = g.pad(x)
		defer all.free()
	}
	parallel.For(g.Groups*groups*rowPieces, func(t int) {
		r0 := t % rowPieces * rows
		t /= rowPieces
		j0, gi := t%groups*group, t/groups
		r1 := min(x.Shape[0]*oh, r0+rows)
		from, first := all, 0 // the first image in from
		if local {
			first = r0 / oh
			high := (oh-1)*g.H.Stride + reach
			from = plane{borrow(((r1-1)/oh - first + 1) * high * width * x.Shape[3]), 1, high, width, x.Shape[3], true}
			defer from.free()
			for r, end := r0, 0; r < r1; r = end {
				end = min(r1, r+oh-r%oh) // of the image
				top := r % oh * g.H.Stride
				rows := plane{from.data[((r/oh-first)*high+top)*width*from.c:], 1, (end-r-1)*g.H.Stride + reach, width, from.c, false}
				rows.window(x, r/oh, top-g.H.Low, g.W.Low)
			}
		}
		at := func(r int) int { return ((r/oh-first)*from.h + r%oh*g.H.Stride) * from.w * from.c } // what output row r begins at
		for j := j0; j < min(og, j0+group); j += panel {
			b := packed[gi*size+simd.PackedOffset(k, j):]
			n := min(panel, og-j)
			if g.W.Dilation == 1 && g.Groups == 1 { // the columns and channels of a kernel row are neighbours
				for r, end := r0, 0; r < r1; r = end {
					end = min(r1, r+oh-r%oh)
					simd.MulPanel(y.Data[r*ow*o+j:], o, (end-r)*ow, n, simd.A{Data: from.data[at(r):], LD: g.W.Stride * from.c,
						Runs: kh, RunStride: g.H.Dilation * from.w * from.c, K: kw * cg, Group: ow, GroupStride: g.H.Stride * from.w * from.c}, b, false)
				}
				continue
			}
			for r := r0; r < r1; r++ {
				for a := range kh {
					simd.MulPanel(y.Data[r*ow*o+gi*og+j:], o, ow, n, simd.A{Data: from.data[at(r)+a*g.H.Dilation*from.w*from.c+gi*cg:], LD: g.W.Stride * from.c,
						Runs: kw, RunStride: g.W.Dilation * from.c, K: cg}, b[a*kw*cg*panelWidth(n):], a > 0)
				}
			}
		}
		e.apply(y.Data, o, r0*ow, r1*ow, gi*og+j0, min(group, og-j0))
	})
}

// pointwise is a 1x1 convolution with a stride: the pixels that it reads are brought together, a piece at a time.
func pointwise(y, x, w *Tensor, g Conv, e *Epilogue, keep *Packed) {
	h, wd, ci, o := x.Shape[1], x.Shape[2], x.Shape[3], w.Shape[3]
	oh, ow := y.Shape[1], y.Shape[2]
	low := g.Precision == BFloat16 && lowShape(y.Shape[0]*oh*ow, o, ci)
	words := rowsOf(ci, low)
	fill := func(packed []float32) { // one block of all ci rows
		parallel.Chunks(o, 4*simd.Panel(), func(lo, hi int) { packColumns(packed, w.Data, o, false, 0, 0, ci, lo, hi, 1, low) })
	}
	packed := keep.form(form{groups: 1, low: low}, simd.PackedSize(words, o), fill)
	if keep == nil {
		defer giveBack(packed)
	}
	panel := simd.Panel()
	lead := ci + 18
	parallel.Chunks(y.Shape[0]*oh*ow, mBlock, func(lo, hi int) {
		pixels := borrow(mBlock * lead)
		defer giveBack(pixels)
		for p := lo; p < hi; p++ {
			i, q, r := p/(oh*ow), p/ow%oh, p%ow
			pixel := x.Data[((i*h+q*g.H.Stride)*wd+r*g.W.Stride)*ci:][:ci]
			if low {
				simd.PackBF16(pixels[(p-lo)*lead:], pixel)
			} else {
				copy(pixels[(p-lo)*lead:], pixel)
			}
		}
		for j := 0; j < o; j += panel {
			mulPanel(low, y.Data[lo*o+j:], o, hi-lo, min(panel, o-j), simd.A{Data: pixels, LD: lead, K: words}, packed[simd.PackedOffset(words, j):], false)
		}
		e.apply(y.Data, o, lo, hi, 0, o)
	})
}

// pieceRows returns how many of all output rows, ow pixels each, make a piece of work: about 512 pixels, fewer where that
// would leave fewer than 16 pieces among groups of columns.
func pieceRows(all, ow, groups int) int { return max(1, min(512/ow, all*groups/16)) }

// panelWidth returns the width of a packed panel that holds n columns.
func panelWidth(n int) int { return simd.PackedSize(1, n) }

// depthwise: every channel has a kernel of its own; a pixel's channels are neighbours, so it runs over them.
func depthwise(y *Tensor, p plane, w *Tensor, g Conv, e *Epilogue) {
	kh, kw, c := w.Shape[0], w.Shape[1], w.Shape[3]
	oh, ow := y.Shape[1], y.Shape[2]
	parallel.For(p.n*oh, func(r int) {
		i, q := r/oh, r%oh
		for s := range ow {
			dst := y.Data[(r*ow+s)*c:][:c]
			clear(dst)
			for a := range kh {
				for b := range kw {
					src := p.data[((i*p.h+q*g.H.Stride+a*g.H.Dilation)*p.w+s*g.W.Stride+b*g.W.Dilation)*c:][:c]
					simd.MulAdd(dst, src, w.Data[(a*kw+b)*c:])
				}
			}
		}
		e.apply(y.Data, c, r*ow, (r+1)*ow, 0, c)
	})
}

// ConvGradWeight sets dw to the gradient of Conv2D's weight, or adds it: with strides s, dilations d and paddings p
// of the axes, dw[a b i o] = Σ x[n, q·s+a·d-p, r·s+b·d-p, i]·dy[n q r o]. It is a product of the image, read transposed where it lies, with dy.
func ConvGradWeight(dw, x, dy *Tensor, g Conv, add bool) {
	shape := ConvShape(x.Shape, dw.Shape, g)
	if !SameShape(dy.Shape, shape) {
		fail("ConvGradWeight", "gradient %v of an output %v", dy.Shape, shape)
	}
	if len(dw.Data) == 0 || len(dy.Data) == 0 {
		zeroUnless(add, dw)
		return
	}
	g = g.norm(dw.Shape)
	kh, kw, cg, o := dw.Shape[0], dw.Shape[1], dw.Shape[2], dw.Shape[3]
	if g.plain(kh, kw) {
		MatMulTN(dw.Reshape(cg, o), x, dy, add, g.Precision)
		return
	}
	if f := winogradOf(g.Plan(GradWeight, dy.Shape, dw.Shape)); f != nil {
		f.gradWeight(dw, x, dy, g.H.Low, g.W.Low, add)
		return
	}
	oh, ow := shape[1], shape[2]
	// dy packed in blocks of some output rows of one image: a block of a panel stays in the first-level cache
	block := min(oh, max(1, kBlock/ow))
	blocks := (oh + block - 1) / block // of an image
	// pieces of the gradient: a kernel row (its columns and channels are neighbours), or a kernel element
	merged := g.W.Dilation == 1 && g.Groups == 1
	if merged && len(dw.Data) <= 1<<17 && x.Shape[0]*blocks >= 2*slices {
		gradWeightSliced(dw, x, dy, g, block, add)
		return
	}
	p := g.pad(x)
	defer p.free()
	if cg == 1 && o == g.Groups {
		if !add {
			Zero(dw)
		}
		depthwiseGradWeight(dw, p, dy, g)
		return
	}
	og := o / g.Groups
	panel := simd.Panel()
	size := simd.PackedSize(block*ow, og)
	packed := borrow(p.n * blocks * g.Groups * size)
	defer giveBack(packed)
	parallel.For(p.n*blocks*g.Groups, func(t int) {
		gi, b := t%g.Groups, t/g.Groups
		q := b % blocks * block
		k := min(block, oh-q) * ow
		simd.PackB(packed[t*size:], k, 0, dy.Data[(b/blocks*oh+q)*ow*o+gi*og:], k, og, o)
	})
	// pieces are cut in 224, by a panel
	m, taps := kw*cg, kh
	if !merged {
		m, taps = cg, kh*kw
	}
	const cut = 224
	cuts := (m + cut - 1) / cut
	panels := (og + panel - 1) / panel
	parallel.For(g.Groups*panels*taps*cuts, func(t int) {
		i0 := t % cuts * cut
		t /= cuts
		tap := t % taps
		t /= taps
		j, gi := t%panels*panel, t/panels
		a, b := tap, 0
		if !merged {
			a, b = tap/kw, tap%kw
		}
		c := dw.Data[(tap*m+i0)*o+gi*og+j:]
		for i := range p.n {
			for bl := range blocks {
				q := bl * block
				rows := min(block, oh-q)
				at := ((i*p.h+q*g.H.Stride+a*g.H.Dilation)*p.w + b*g.W.Dilation) * p.c
				simd.MulPanel(c, o, min(cut, m-i0), min(panel, og-j), simd.A{Data: p.data[at+gi*cg+i0:], LD: g.W.Stride * p.c, Runs: rows,
					RunStride: g.H.Stride * p.w * p.c, K: ow, Transposed: true},
					packed[((i*blocks+bl)*g.Groups+gi)*size+simd.PackedOffset(rows*ow, j):], add || i+bl > 0)
			}
		}
	})
}

// gradWeightSliced is ConvGradWeight for few weights, such as a stem's: each slice of the images' row blocks has a sum of its
// own, to which a block of dy is added for all weights while it is in a cache. Padding is a copy of the rows that a block reads, into
// the cache that it reads them from.
func gradWeightSliced(dw, x, dy *Tensor, g Conv, block int, add bool) {
	kh, m, o := dw.Shape[0], dw.Shape[1]*dw.Shape[2], dw.Shape[3]
	n, h, c := x.Shape[0], x.Shape[1], x.Shape[3]
	oh, ow := dy.Shape[1], dy.Shape[2]
	blocks, reach := (oh+block-1)/block, (kh-1)*g.H.Dilation+1
	local, width := g.H.padded() || g.W.padded(), g.W.Low+x.Shape[2]+g.W.High
	panel, size := simd.Panel(), len(dw.Data)
	parts := borrow(slices * size)
	defer giveBack(parts)
	parallel.For(slices, func(s int) {
		part := parts[s*size : (s+1)*size]
		packed := borrow(simd.PackedSize(block*ow, o))
		defer giveBack(packed)
		var room plane
		if local {
			room = plane{borrow(((block-1)*g.H.Stride + reach) * width * c), 1, 0, width, c, true}
			defer room.free()
		}
		first := s * n * blocks / slices
		for b := first; b < (s+1)*n*blocks/slices; b++ {
			i, q := b/blocks, b%blocks*block
			rows := min(block, oh-q)
			from := room.data
			if local {
				room.h = (rows-1)*g.H.Stride + reach
				room.window(x, i, q*g.H.Stride-g.H.Low, g.W.Low)
			} else {
				from = x.Data[(i*h+q*g.H.Stride)*width*c:]
			}
			simd.PackB(packed, rows*ow, 0, dy.Data[(i*oh+q)*ow*o:], rows*ow, o, o)
			for a := range kh {
				op := simd.A{Data: from[a*g.H.Dilation*width*c:], LD: g.W.Stride * c, Runs: rows, RunStride: g.H.Stride * width * c, K: ow, Transposed: true}
				for j := 0; j < o; j += panel {
					simd.MulPanel(part[a*m*o+j:], o, m, min(panel, o-j), op, packed[simd.PackedOffset(rows*ow, j):], b > first)
				}
			}
		}
	})
	parallel.Chunks(size, max(256, chunk/slices), func(lo, hi int) { sumSlices(dw.Data[lo:hi], parts[lo:], size, add) })
}

func depthwiseGradWeight(dw *Tensor, p plane, dy *Tensor, g Conv) {
	kh, kw, c := dw.Shape[0], dw.Shape[1], dw.Shape[3]
	oh, ow := dy.Shape[1], dy.Shape[2]
	parallel.For(kh*kw, func(t int) {
		a, b := t/kw, t%kw
		dst := dw.Data[t*c:][:c]
		for r := range p.n * oh {
			i, q := r/oh, r%oh
			for s := range ow {
				src := p.data[((i*p.h+q*g.H.Stride+a*g.H.Dilation)*p.w+s*g.W.Stride+b*g.W.Dilation)*c:][:c]
				simd.MulAdd(dst, src, dy.Data[(r*ow+s)*c:])
			}
		}
	})
}

// ConvGradInput sets dx to the gradient of Conv2D's input, or adds it. It is also what a transposed convolution computes.
//
// Without dilation the pixels of dx fall into classes by their position modulo the strides; each class is a stride-1 convolution
// of dy with the kernel elements that reach it. Otherwise columns are computed and scattered.
func ConvGradInput(dx, dy, w *Tensor, g Conv, add bool) {
	shape := ConvShape(dx.Shape, w.Shape, g)
	if !SameShape(dy.Shape, shape) {
		fail("ConvGradInput", "gradient %v of an output %v", dy.Shape, shape)
	}
	if len(w.Data) == 0 || len(dy.Data) == 0 {
		zeroUnless(add, dx)
		return
	}
	g = g.norm(w.Shape)
	kh, kw, cg, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	if g.plain(kh, kw) {
		MatMulNT(dx, dy, w.Reshape(cg, o), add, g.Precision)
		return
	}
	if f := winogradOf(g.Plan(GradInput, dy.Shape, w.Shape)); f != nil {
		f.conv(dx, dy, w, true, 2-g.H.Low, 2-g.W.Low, add, nil, nil)
		return
	}
	scatter := g.H.Dilation > 1 || g.W.Dilation > 1 || cg == 1 && o == g.Groups
	if !add && (scatter || kh < g.H.Stride || kw < g.W.Stride) { // not every pixel is written once
		Zero(dx)
		add = true
	}
	if scatter {
		scatterGradInput(dx, dy, w, g)
		return
	}
	gradInputClasses(dx, dy, w, g, add)
}

// gradClass is a class of dx's pixels, those at rows sh·q + y and columns sw·r + x: the taps that reach it, and its weights.
type gradClass struct {
	y, x   int
	th, tw int
	q0, q1 int // from q0 up to q1
	c0, m  int // m columns from c0 on
	k      int // taps by channels
	packed []float32
}

// gradClasses returns the classes that have pixels, in order.
func gradClasses(dx *Tensor, kh, kw, og int, g Conv) []gradClass {
	sh, sw := g.H.Stride, g.W.Stride
	bottom, right := dx.Shape[1]-1+g.H.Low, dx.Shape[2]-1+g.W.Low // the last pixel, from the padding's begin
	var out []gradClass
	for rh := range min(sh, kh) {
		for rw := range min(sw, kw) {
			if bottom < rh || right < rw {
				continue
			}
			c := gradClass{y: rh - g.H.Low, x: rw - g.W.Low, th: (kh - rh + sh - 1) / sh, tw: (kw - rw + sw - 1) / sw,
				q0: ceilDiv(g.H.Low-rh, sh), q1: (bottom-rh)/sh + 1, c0: ceilDiv(g.W.Low-rw, sw)}
			c.m, c.k = (right-rw)/sw+1-c.c0, c.th*c.tw*og
			if c.q0 < c.q1 && c.m > 0 {
				out = append(out, c)
			}
		}
	}
	return out
}

// pack fills the class's weights: for each group its panels, the taps from the last on.
func (c *gradClass) pack(w *Tensor, g Conv) {
	kw, cg, o := w.Shape[1], w.Shape[2], w.Shape[3]
	og, panel := o/g.Groups, simd.Panel()
	panels, size := (cg+panel-1)/panel, simd.PackedSize(c.k, cg)
	rh, rw := c.y+g.H.Low, c.x+g.W.Low
	parallel.For(g.Groups*panels, func(i int) {
		gi, j := i/panels, i%panels*panel
		at := 0
		for a := c.th - 1; a >= 0; a-- {
			for b := c.tw - 1; b >= 0; b-- {
				simd.PackBT(c.packed[gi*size+simd.PackedOffset(c.k, j):], c.k, at, w.Data[(((rh+g.H.Stride*a)*kw+rw+g.W.Stride*b)*cg+j)*o+gi*og:], og, min(panel, cg-j), o)
				at += og
			}
		}
	})
}

func gradInputClasses(dx, dy, w *Tensor, g Conv, add bool) {
	kh, kw, cg, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	sh, sw := g.H.Stride, g.W.Stride
	n, h, wd, ci := dx.Shape[0], dx.Shape[1], dx.Shape[2], dx.Shape[3]
	og, panel := o/g.Groups, simd.Panel()
	classes := gradClasses(dx, kh, kw, og, g)
	low, high, wide, deep := h, 0, 1, 1 // the rows q of all classes, the most columns, the most steps
	for i := range classes {
		c := &classes[i]
		c.packed = borrow(simd.PackedSize(c.k, cg) * g.Groups)
		defer giveBack(c.packed)
		c.pack(w, g)
		low, high, wide, deep = min(low, c.q0), max(high, c.q1), max(wide, c.m), max(deep, c.k)
	}
	// A piece is some rows q of all classes, which read the same rows of dy while they are in a cache, by some panels.
	group := max(1, (1<<17)/(deep*panel)) * panel
	groups := (cg + group - 1) / group
	nq := max(0, high-low)
	rows := pieceRows(n*nq, wide, groups*g.Groups)
	rowPieces := (n*nq + rows - 1) / rows
	// dy with enough zeros around that every tap of every class reads inside: a piece's own copy, in the cache that it reads it from, unless
	// many pieces read the same rows
	top, left := (kh-1)/sh, (kw-1)/sw
	high, width := max(dy.Shape[1], high)+top, max(dy.Shape[2], (wd-1+g.W.Low)/sw+1)+left
	local := groups*g.Groups <= 2 && (top > 0 || left > 0)
	var all plane
	if !local {
		all = padded(dy, top, left, high, width)
		defer all.free()
	}
	parallel.For(g.Groups*groups*rowPieces, func(t int) {
		r0 := t % rowPieces * rows
		t /= rowPieces
		j0, gi := t%groups*group, t/groups
		r1 := min(n*nq, r0+rows)
		p, first := all, 0 // the first image in p
		if local {
			first = r0 / nq
			p = plane{borrow(((r1-1)/nq - first + 1) * high * width * o), 1, high, width, o, true}
			defer p.free()
			for r, end := r0, 0; r < r1; r = end {
				end = min(r1, r+nq-r%nq) // of the image
				from := low + r%nq       // of dy's rows, after the zeros
				rows := plane{p.data[((r/nq-first)*high+from)*width*o:], 1, end - r + top, width, o, false}
				rows.window(dy, r/nq, from-top, left)
			}
		}
		for _, cl := range classes {
			size := simd.PackedSize(cl.k, cg)
			for j := j0; j < min(cg, j0+group); j += panel {
				b := cl.packed[gi*size+simd.PackedOffset(cl.k, j):]
				cols := min(panel, cg-j)
				width := panelWidth(cols)
				for r := r0; r < r1; r++ {
					i, q := r/nq, low+r%nq
					if q < cl.q0 || q >= cl.q1 {
						continue
					}
					c := dx.Data[((i*h+sh*q+cl.y)*wd+sw*cl.c0+cl.x)*ci+gi*cg+j:]
					at := (((i-first)*p.h+q-cl.th+1+top)*p.w + cl.c0 - cl.tw + 1 + left) * p.c
					if g.Groups == 1 {
						simd.MulPanel(c, sw*ci, cl.m, cols, simd.A{Data: p.data[at:], LD: p.c, Runs: cl.th, RunStride: p.w * p.c, K: cl.tw * og}, b, add)
						continue
					}
					for a := range cl.th {
						simd.MulPanel(c, sw*ci, cl.m, cols, simd.A{Data: p.data[at+a*p.w*p.c+gi*og:], LD: p.c, Runs: cl.tw, RunStride: p.c, K: og},
							b[a*cl.tw*og*width:], add || a > 0)
					}
				}
			}
		}
	})
}

// zeroUnless sets d to the gradient that no output gives it.
func zeroUnless(add bool, d *Tensor) {
	if !add {
		Zero(d)
	}
}

func ceilDiv(a, b int) int {
	if a <= 0 {
		return 0
	}
	return (a + b - 1) / b
}

// scatterGradInput adds dy·wᵀ to the pixels that each kernel element read, an image at a time.
func scatterGradInput(dx, dy, w *Tensor, g Conv) {
	kh, kw, cg, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	n, h, wd, ci := dx.Shape[0], dx.Shape[1], dx.Shape[2], dx.Shape[3]
	oh, ow := dy.Shape[1], dy.Shape[2]
	og := o / g.Groups
	parallel.For(n, func(i int) {
		col := borrow(ow * cg)
		defer giveBack(col)
		for a := range kh {
			for q := range oh {
				y := q*g.H.Stride + a*g.H.Dilation - g.H.Low
				if y < 0 || y >= h {
					continue
				}
				for b := range kw {
					if cg == 1 && og == 1 {
						for s := range ow {
							if x := s*g.W.Stride + b*g.W.Dilation - g.W.Low; x >= 0 && x < wd {
								simd.MulAdd(dx.Data[((i*h+y)*wd+x)*ci:][:ci], dy.Data[((i*oh+q)*ow+s)*o:], w.Data[(a*kw+b)*o:])
							}
						}
						continue
					}
					for gi := range g.Groups {
						gemm(col, cg, ow, cg, og, dy.Data[(i*oh+q)*ow*o+gi*og:], o, false, w.Data[(a*kw+b)*cg*o+gi*og:], o, true, false, g.Precision)
						for s := range ow {
							if x := s*g.W.Stride + b*g.W.Dilation - g.W.Low; x >= 0 && x < wd {
								d := dx.Data[((i*h+y)*wd+x)*ci+gi*cg:][:cg]
								simd.Add(d, d, col[s*cg:])
							}
						}
					}
				}
			}
		}
	})
}

// ConvTransposeShape returns the shape of a transposed convolution's output, the input of the convolution that it undoes. A
// stride leaves open how many inputs there were: outPad, of H and W, is how many more than the fewest, below the stride or, as in PyTorch,
// below the dilation.
//
//	x [N H W I]   w [KH KW O/G I]   ->   [N OH OW O],   OH = (H-1)·Stride - Low - High + Dilation·(KH-1) + 1 + outPad
func ConvTransposeShape(x, w []int, g Conv, outPad [2]int) []int {
	if len(x) != 4 || len(w) != 4 || w[3] != x[3] {
		fail("ConvTranspose2D", "input %v and weight %v: want [N H W I] and [KH KW O I]", x, w)
	}
	dilations := [2]int{g.H.Dilation, g.W.Dilation} // also of a kernel of one element, which has none
	g = g.check("ConvTranspose2D", w)
	s := []int{x[0], g.H.in(x[1], w[0]) + outPad[0], g.W.in(x[2], w[1]) + outPad[1], w[2] * g.Groups}
	for i, a := range []Axis{g.H, g.W} {
		if s[1+i] < 1 || outPad[i] < 0 || outPad[i] >= max(a.Stride, 1, dilations[i]) {
			fail("ConvTranspose2D", "output %v of input %v, weight %v with padding %d+%d, stride %d and output padding %d", s, x, w, a.Low, a.High, a.Stride, outPad[i])
		}
	}
	return s
}

// convRef is the convolution as its definition reads; the tests compare with it.
func convRef(y, x, w *Tensor, g Conv) {
	g = g.norm(w.Shape)
	kh, kw, cg, o := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	og := o / g.Groups
	each(y.Shape, func(n, q, r, c int) {
		s := 0.0
		for a := range kh {
			for b := range kw {
				for i := range cg {
					u, v := q*g.H.Stride+a*g.H.Dilation-g.H.Low, r*g.W.Stride+b*g.W.Dilation-g.W.Low
					if u >= 0 && u < x.Shape[1] && v >= 0 && v < x.Shape[2] {
						s += float64(x.At(n, u, v, c/og*cg+i)) * float64(w.At(a, b, i, c))
					}
				}
			}
		}
		y.Set(float32(s), n, q, r, c)
	})
}

func each(s []int, f func(a, b, c, d int)) {
	for a := range s[0] {
		for b := range s[1] {
			for c := range s[2] {
				for d := range s[3] {
					f(a, b, c, d)
				}
			}
		}
	}
}
