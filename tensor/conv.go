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

// Plan returns the algorithm that a pass over output images [N OH OW O] with weights w [KH KW I/G O] uses, or over clips [N OT OH OW O] with
// weights [KT KH KW I/G O]. It depends on the shapes alone, so that the same program gives the same bits on every machine.
func (g Conv) Plan(pass Pass, y, w []int) Algorithm {
	g = g.norm(w)
	taps, n := 1, y[0]
	if len(w) == 5 {
		if w[0] > 1 && (g.T.Stride != 1 || g.T.Dilation != 1) || w[0] == 1 && (g.T.Stride != 1 || g.T.padded()) {
			return Direct
		}
		taps, n, y, w = w[0], n*y[1], y[1:], w[1:]
	}
	small := func(a Axis) bool { return a.Stride == 1 && a.Dilation == 1 && max(a.Low, a.High) <= 2 }
	if w[0] != 3 || w[1] != 3 || !small(g.H) || !small(g.W) || g.Groups != 1 || w[2]%16 != 0 || w[3]%16 != 0 {
		return Direct
	}
	if g.Algorithm == Auto {
		return cheapest(pass, n, y[1], y[2], w[2], w[3], taps)
	}
	return g.Algorithm
}

// norm writes out what zeros mean for weights w [KH KW I/G O] or [KT KH KW I/G O].
func (g Conv) norm(w []int) Conv {
	if len(w) == 5 {
		g.T, w = g.T.of(w[0]), w[1:]
	}
	g.H, g.W, g.Groups = g.H.of(w[0]), g.W.of(w[1]), max(g.Groups, 1)
	return g
}

// ConvShape returns the shape of a convolution's output; OT, OH and OW see Axis.Out:
//
//	x [N H W C]     w [KH KW C/G O]      ->   [N OH OW O]
//	x [N T H W C]   w [KT KH KW C/G O]   ->   [N OT OH OW O]
func ConvShape(x, w []int, g Conv) []int {
	op, axes := "Conv2D", []Axis{g.H, g.W}
	switch {
	case len(x) == 5 && len(w) == 5:
		op, axes = "Conv3D", []Axis{g.T, g.H, g.W}
	case len(x) == 5 || len(w) == 5:
		fail("Conv3D", "input %v and weight %v need five axes, [N T H W C] and [KT KH KW I O]", x, w)
	case len(x) != 4 || len(w) != 4:
		fail(op, "input %v and weight %v need four axes, [N H W C] and [KH KW I O]", x, w)
	}
	g = g.check(op, w)
	d := len(axes)
	if w[d]*g.Groups != x[d+1] {
		fail(op, "input %v has %d channels, weight %v with %d groups wants %d", x, x[d+1], w, g.Groups, w[d]*g.Groups)
	}
	s := append([]int(nil), x...)
	s[d+1] = w[d+1]
	for i, a := range axes {
		if s[i+1] = a.of(w[i]).Out(x[i+1], w[i]); s[i+1] < 1 {
			fail(op, "kernel %v does not fit input %v: along axis %d with padding %d+%d and dilation %d", w, x, i+1, a.Low, a.High, a.of(w[i]).Dilation)
		}
	}
	return s
}

// check returns g with what zeros mean written out; it panics where g itself cannot be meant.
func (g Conv) check(op string, w []int) Conv {
	if len(w) == 4 && g.T != (Axis{}) {
		fail(op, "the geometry along T, %+v, has no axis here: images are [N H W C]", g.T)
	}
	for _, a := range []Axis{g.T, g.H, g.W} {
		if a.Low < 0 || a.High < 0 || a.Stride < 0 || a.Dilation < 0 {
			fail(op, "negative geometry %+v", a)
		}
	}
	if o := w[len(w)-1]; g.Groups < 0 || o%max(g.Groups, 1) != 0 {
		fail(op, "%d channels do not divide into %d groups", o, g.Groups)
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
func Conv2D(y, x, w *Tensor, g Conv) { ConvFused(y, x, w, g, nil, nil) }

// ConvFused is Conv2D or Conv3D, by the tensors' axes, with an epilogue, or nil, and with weights kept in their packed form, or nil.
func ConvFused(y, x, w *Tensor, g Conv, e *Epilogue, keep *Packed) {
	shape := ConvShape(x.Shape, w.Shape, g)
	if !SameShape(y.Shape, shape) {
		fail("Conv2D", "output %v, it is %v", y.Shape, shape)
	}
	g = g.norm(w.Shape)
	f := winogradOf(g.Plan(Forward, y.Shape, w.Shape))
	y, x, w, t := g.images(y, x, w)
	kh, kw, cg, o := w.Shape[0]/t.taps, w.Shape[1], w.Shape[2], w.Shape[3]
	if len(w.Data) == 0 || len(y.Data) == 0 { // sums over nothing, or no sums
		Zero(y)
		e.apply(y.Data, o, 0, Size(y.Shape[:3]), 0, o)
		return
	}
	switch {
	case keep != nil && g.Precision == Int8 && !t.moves() && int8Shape(w.Shape, g):
		convInt8(y, x, w, g, e, keep)
	case g.plain(kh, kw) && !t.moves():
		matMulFused(y, x, w.Reshape(cg, o), e, keep, g.Precision)
	case g.plain(kh, kw) && t.taps > 1:
		convThroughTime(y, x, w, t, e, keep)
	case g.dense(kh, kw) && t.taps == 1:
		pointwise(y, x, w, g, t, e, keep)
	case f != nil:
		f.conv(y, x, w, t, false, g.H.Low, g.W.Low, false, e, keep)
	case cg == 1 && o == g.Groups && !t.moves():
		p := g.pad(x)
		defer p.free()
		depthwise(y, p, w, g, e)
	default:
		convDirect(y, x, w, g, t, e, keep)
	}
}

// pad returns x with the padding of g.
func (g Conv) pad(x *Tensor) plane {
	return padded(x, g.H.Low, g.W.Low, x.Shape[1]+g.H.Low+g.H.High, x.Shape[2]+g.W.Low+g.W.High)
}

// convDirect is ConvFused as an implicit matrix product.
func convDirect(y, x, w *Tensor, g Conv, t frames, e *Epilogue, keep *Packed) {
	kh, kw, cg, o := w.Shape[0]/t.taps, w.Shape[1], w.Shape[2], w.Shape[3]
	oh, ow := y.Shape[1], y.Shape[2]
	og := o / g.Groups
	k := t.taps * kh * kw * cg
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
	all := y.Shape[0] * oh
	rows := pieceRows(all, ow, groups*g.Groups)
	rowPieces := (all + rows - 1) / rows
	// Padding costs a copy: of the rows that a piece reads, into the cache that it reads them from, unless many pieces read the same.
	in := source{x: x, g: g, t: t, kh: kh, oh: oh}
	local := (g.H.padded() || g.W.padded()) && groups*g.Groups <= 2
	if !local {
		in.plane = g.pad(x)
		defer in.free()
	}
	parallel.For(g.Groups*groups*rowPieces, func(i int) {
		r0 := i % rowPieces * rows
		i /= rowPieces
		j0, gi := i%groups*group, i/groups
		r1 := min(all, r0+rows)
		from := in
		if local {
			from = in.copy(r0, r1)
			defer from.free()
		}
		for j := j0; j < min(og, j0+group); j += panel {
			b := packed[gi*size+simd.PackedOffset(k, j):]
			from.product(y.Data[gi*og+j:], o, min(panel, og-j), ow, r0, r1, kw, cg, gi, b)
		}
		e.apply(y.Data, o, r0*ow, r1*ow, gi*og+j0, min(group, og-j0))
	})
}

// source is what a convolution reads: padded images, or a piece's copy of the rows that it reads.
type source struct {
	plane
	x      *Tensor
	g      Conv
	t      frames
	kh, oh int

	local bool // a copy: for each output image from the first on, the rows of each tap, in planes of their own
	first int
}

// copy returns a copy of what the output rows r0 to r1 read, with its padding.
func (in source) copy(r0, r1 int) source {
	reach := (in.kh-1)*in.g.H.Dilation + 1
	c, oh, stride := in.x.Shape[3], in.oh, in.g.H.Stride
	width, high := in.g.W.Low+in.x.Shape[2]+in.g.W.High, (oh-1)*stride+reach
	in.local, in.first = true, r0/oh
	images := ((r1-1)/oh - in.first + 1) * in.t.taps
	in.plane = plane{borrow(images * high * width * c), images, high, width, c, true}
	for r, end := r0, 0; r < r1; r = end {
		end = min(r1, r+oh-r%oh) // of the image
		top := r % oh * stride
		for a := range in.t.taps {
			if i, inside := in.t.of(r/oh, a); inside {
				rows := plane{in.data[in.at(r, a):], 1, (end-r-1)*stride + reach, width, c, false}
				rows.window(in.x, i, top-in.g.H.Low, in.g.W.Low)
			}
		}
	}
	return in
}

// at returns where the pixels begin that tap a of output row r reads.
func (in source) at(r, a int) int {
	i := (r/in.oh-in.first)*in.t.taps + a
	if !in.local {
		i, _ = in.t.of(r/in.oh, a)
	}
	return (i*in.h + r%in.oh*in.g.H.Stride) * in.w * in.c
}

// product sets n columns of the output rows r0 to r1, ow pixels each, of group gi of cg input channels; b is the columns' packed weights.
func (in source) product(y []float32, o, n, ow, r0, r1, kw, cg, gi int, b []float32) {
	g, kh, oh := in.g, in.kh, in.oh
	row, depth, width := in.w*in.c, kh*kw*cg, panelWidth(n)
	frame := in.h * row // from tap to tap
	if !in.local {
		frame *= in.t.Dilation
	}
	merged := g.W.Dilation == 1 && g.Groups == 1 // the columns and channels of a kernel row are neighbours
	for r, end := r0, 0; r < r1; r = end {
		end = min(r1, r+oh-r%oh) // of the image
		a0, a1 := in.t.taken(r / oh)
		switch {
		case a0 == a1:
			for p := r * ow; p < end*ow; p++ {
				clear(y[p*o:][:n])
			}
		case merged && kh == 1: // the taps are the runs
			simd.MulPanel(y[r*ow*o:], o, (end-r)*ow, n, simd.A{Data: in.data[in.at(r, a0):], LD: g.W.Stride * in.c,
				Runs: a1 - a0, RunStride: frame, K: kw * cg, Group: ow, GroupStride: g.H.Stride * row}, b[a0*depth*width:], false)
		case merged:
			for a := a0; a < a1; a++ {
				simd.MulPanel(y[r*ow*o:], o, (end-r)*ow, n, simd.A{Data: in.data[in.at(r, a):], LD: g.W.Stride * in.c,
					Runs: kh, RunStride: g.H.Dilation * row, K: kw * cg, Group: ow, GroupStride: g.H.Stride * row}, b[a*depth*width:], a > a0)
			}
		default:
			for ; r < end; r++ {
				for a := a0 * kh; a < a1*kh; a++ {
					simd.MulPanel(y[r*ow*o:], o, ow, n, simd.A{Data: in.data[in.at(r, a/kh)+a%kh*g.H.Dilation*row+gi*cg:], LD: g.W.Stride * in.c,
						Runs: kw, RunStride: g.W.Dilation * in.c, K: cg}, b[a*kw*cg*width:], a > a0*kh)
				}
			}
		}
	}
}

// pointwise is a 1x1 convolution with a stride: the pixels that it reads are brought together, a piece at a time.
func pointwise(y, x, w *Tensor, g Conv, t frames, e *Epilogue, keep *Packed) {
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
			q, r := p/ow%oh, p%ow
			i, inside := t.of(p/(oh*ow), 0)
			if !inside {
				clear(pixels[(p-lo)*lead:][:words])
				continue
			}
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

// ConvGradWeight sets dw to the gradient of the weight of Conv2D or Conv3D, or adds it: with strides s, dilations d and paddings p
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
	f := winogradOf(g.Plan(GradWeight, dy.Shape, dw.Shape))
	dy, x, dw, t := g.images(dy, x, dw)
	kh, kw, cg, o := dw.Shape[0]/t.taps, dw.Shape[1], dw.Shape[2], dw.Shape[3]
	if g.plain(kh, kw) && !t.moves() {
		MatMulTN(dw.Reshape(cg, o), x, dy, add, g.Precision)
		return
	}
	if f != nil {
		f.gradWeight(dw, x, dy, t, g.H.Low, g.W.Low, add)
		return
	}
	gradWeightDirect(dw, x, dy, g, t, add)
}

// gradWeightDirect is ConvGradWeight as an implicit matrix product.
func gradWeightDirect(dw, x, dy *Tensor, g Conv, t frames, add bool) {
	kh, kw, cg, o := dw.Shape[0]/t.taps, dw.Shape[1], dw.Shape[2], dw.Shape[3]
	n, oh, ow := dy.Shape[0], dy.Shape[1], dy.Shape[2]
	// dy packed in blocks of some output rows of one image: a block of a panel stays in the first-level cache
	block := min(oh, max(1, kBlock/ow))
	blocks := (oh + block - 1) / block // of an image
	// pieces of the gradient: a kernel row (its columns and channels are neighbours), or a kernel element
	merged := g.W.Dilation == 1 && g.Groups == 1
	if tap := kh * kw * cg * o; merged && tap <= 1<<17 && n*blocks >= 2*slices {
		some := max(1, (1<<17)/tap) // taps whose sums stay in the second-level cache
		for a := 0; a < t.taps; a += some {
			gradWeightSliced(dw, x, dy, g, t, a, min(t.taps, a+some), block, add)
		}
		return
	}
	p := g.pad(x)
	defer p.free()
	if cg == 1 && o == g.Groups {
		if !add {
			Zero(dw)
		}
		depthwiseGradWeight(dw, p, dy, g, t)
		return
	}
	og := o / g.Groups
	panel := simd.Panel()
	size := simd.PackedSize(block*ow, og)
	packed := borrow(n * blocks * g.Groups * size)
	defer giveBack(packed)
	parallel.For(n*blocks*g.Groups, func(i int) {
		gi, b := i%g.Groups, i/g.Groups
		q := b % blocks * block
		k := min(block, oh-q) * ow
		simd.PackB(packed[i*size:], k, 0, dy.Data[(b/blocks*oh+q)*ow*o+gi*og:], k, og, o)
	})
	// pieces are cut in 224, by a panel
	m, columns := kw*cg, 1 // of a piece's kernel row
	if !merged {
		m, columns = cg, kw
	}
	const cut = 224
	cuts := (m + cut - 1) / cut
	panels := (og + panel - 1) / panel
	some := 1 // panels of a piece, which read the same pixels one after the other
	for some < 4 && g.Groups*panels*t.taps*kh*columns*cuts/(2*some) >= 32 {
		some *= 2
	}
	panels = (panels + some - 1) / some
	parallel.For(g.Groups*panels*t.taps*kh*columns*cuts, func(piece int) {
		i0 := piece % cuts * cut
		piece /= cuts
		tap := piece % (t.taps * kh * columns)
		piece /= t.taps * kh * columns
		j0, gi := piece%panels*some*panel, piece/panels
		a, b := tap/columns%kh, tap%columns
		rows, cols := min(cut, m-i0), min(some*panel, og-j0)
		c := dw.Data[(tap*m+i0)*o+gi*og+j0:]
		sum := add
		for i := range n {
			from, inside := t.of(i, tap/columns/kh)
			if !inside {
				continue
			}
			for bl := range blocks {
				q := bl * block
				high := min(block, oh-q)
				at := ((from*p.h+q*g.H.Stride+a*g.H.Dilation)*p.w + b*g.W.Dilation) * p.c
				op := simd.A{Data: p.data[at+gi*cg+i0:], LD: g.W.Stride * p.c, Runs: high, RunStride: g.H.Stride * p.w * p.c, K: ow, Transposed: true}
				for j := 0; j < cols; j += panel {
					simd.MulPanel(c[j:], o, rows, min(panel, cols-j), op, packed[((i*blocks+bl)*g.Groups+gi)*size+simd.PackedOffset(high*ow, j0+j):], sum)
				}
				sum = true
			}
		}
		for r := 0; r < rows && !sum; r++ { // no frame has this tap inside its clip
			clear(c[r*o:][:cols])
		}
	})
}

// gradWeightSliced is ConvGradWeight of the taps from a0 up to a1 where these are few weights, such as a stem's: each slice of the images' row blocks
// has a sum of its own, to which a block of dy is added for all weights while it is in a cache. Padding is a copy of the rows that a block reads,
// into the cache that it reads them from.
func gradWeightSliced(dw, x, dy *Tensor, g Conv, t frames, a0, a1, block int, add bool) {
	kh, m, o := dw.Shape[0]/t.taps, dw.Shape[1]*dw.Shape[2], dw.Shape[3]
	sum := dw.Data[a0*kh*m*o : a1*kh*m*o]
	h, c := x.Shape[1], x.Shape[3]
	n, oh, ow := dy.Shape[0], dy.Shape[1], dy.Shape[2]
	blocks, reach := (oh+block-1)/block, (kh-1)*g.H.Dilation+1
	local, width := g.H.padded() || g.W.padded(), g.W.Low+x.Shape[2]+g.W.High
	panel, size := simd.Panel(), len(sum)
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
		if t.moves() { // the first block need not have all taps inside its clip
			clear(part)
		}
		first := s * n * blocks / slices
		for b := first; b < (s+1)*n*blocks/slices; b++ {
			i, q := b/blocks, b%blocks*block
			rows := min(block, oh-q)
			simd.PackB(packed, rows*ow, 0, dy.Data[(i*oh+q)*ow*o:], rows*ow, o, o)
			for a := a0 * kh; a < a1*kh; a++ {
				f, inside := t.of(i, a/kh)
				if !inside {
					continue
				}
				from := room.data
				if !local {
					from = x.Data[(f*h+q*g.H.Stride)*width*c:]
				} else if a%kh == 0 {
					room.h = (rows-1)*g.H.Stride + reach
					room.window(x, f, q*g.H.Stride-g.H.Low, g.W.Low)
				}
				op := simd.A{Data: from[a%kh*g.H.Dilation*width*c:], LD: g.W.Stride * c, Runs: rows, RunStride: g.H.Stride * width * c, K: ow, Transposed: true}
				for j := 0; j < o; j += panel {
					simd.MulPanel(part[(a-a0*kh)*m*o+j:], o, m, min(panel, o-j), op, packed[simd.PackedOffset(rows*ow, j):], b > first || t.moves())
				}
			}
		}
	})
	parallel.Chunks(size, max(256, chunk/slices), func(lo, hi int) { sumSlices(sum[lo:hi], parts[lo:], size, add) })
}

func depthwiseGradWeight(dw *Tensor, p plane, dy *Tensor, g Conv, t frames) {
	kh, kw, c := dw.Shape[0]/t.taps, dw.Shape[1], dw.Shape[3]
	n, oh, ow := dy.Shape[0], dy.Shape[1], dy.Shape[2]
	parallel.For(t.taps*kh*kw, func(tap int) {
		a, b := tap/kw%kh, tap%kw
		dst := dw.Data[tap*c:][:c]
		for r := range n * oh {
			q := r % oh
			i, inside := t.of(r/oh, tap/kw/kh)
			if !inside {
				continue
			}
			for s := range ow {
				src := p.data[((i*p.h+q*g.H.Stride+a*g.H.Dilation)*p.w+s*g.W.Stride+b*g.W.Dilation)*c:][:c]
				simd.MulAdd(dst, src, dy.Data[(r*ow+s)*c:])
			}
		}
	})
}

// ConvGradInput sets dx to the gradient of the input of Conv2D or Conv3D, or adds it. It is also what a transposed convolution computes.
//
// Without dilation the pixels of dx fall into classes by their position modulo the strides; each class is a stride-1 convolution
// of dy with the kernel elements that reach it. With dilation, or few channels, columns are computed and scattered.
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
	f := winogradOf(g.Plan(GradInput, dy.Shape, w.Shape))
	dy, dx, w, t := g.images(dy, dx, w)
	kh, kw, cg, o := w.Shape[0]/t.taps, w.Shape[1], w.Shape[2], w.Shape[3]
	if g.plain(kh, kw) && !t.moves() {
		MatMulNT(dx, dy, w.Reshape(cg, o), add, g.Precision)
		return
	}
	if f != nil {
		f.conv(dx, dy, w, t.turned(), true, 2-g.H.Low, 2-g.W.Low, add, nil, nil)
		return
	}
	scatter := g.H.Dilation > 1 || g.W.Dilation > 1 || cg == 1 && o == g.Groups
	if !add && (scatter || kh < g.H.Stride || kw < g.W.Stride || t.moves() && t.unread()) { // not every pixel is written once
		Zero(dx)
		add = true
	}
	switch {
	case scatter:
		scatterGradInput(dx, dy, w, g, t)
	case g.Groups == 1 && cg <= fewChannels && kh*kw > 1:
		gradInputColumns(dx, dy, w, g, t, add)
	case g.plain(kh, kw) && t.Stride == 1:
		gradInputThroughTime(dx, dy, w, t, add)
	default:
		gradInputClasses(dx, dy, w, g, t, add)
	}
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

// pack fills the class's weights: for each group, and each tap in time, its panels, the taps of the plane from the last on.
func (c *gradClass) pack(w *Tensor, g Conv, taps int) {
	kh, kw, cg, o := w.Shape[0]/taps, w.Shape[1], w.Shape[2], w.Shape[3]
	og, panel := o/g.Groups, simd.Panel()
	panels, size := (cg+panel-1)/panel, simd.PackedSize(c.k, cg)
	rh, rw := c.y+g.H.Low, c.x+g.W.Low
	parallel.For(g.Groups*taps*panels, func(i int) {
		part, j := i/panels, i%panels*panel
		gi, first := part/taps, part%taps*kh+rh
		at := 0
		for a := c.th - 1; a >= 0; a-- {
			for b := c.tw - 1; b >= 0; b-- {
				simd.PackBT(c.packed[part*size+simd.PackedOffset(c.k, j):], c.k, at, w.Data[(((first+g.H.Stride*a)*kw+rw+g.W.Stride*b)*cg+j)*o+gi*og:], og, min(panel, cg-j), o)
				at += og
			}
		}
	})
}

func gradInputClasses(dx, dy, w *Tensor, g Conv, t frames, add bool) {
	kh, kw, cg, o := w.Shape[0]/t.taps, w.Shape[1], w.Shape[2], w.Shape[3]
	sh, sw := g.H.Stride, g.W.Stride
	n, h, wd, ci := dx.Shape[0], dx.Shape[1], dx.Shape[2], dx.Shape[3]
	og, panel := o/g.Groups, simd.Panel()
	classes := gradClasses(dx, kh, kw, og, g)
	low, high, wide, deep := h, 0, 1, 1 // the rows q of all classes, the most columns, the most steps
	for i := range classes {
		c := &classes[i]
		c.packed = borrow(simd.PackedSize(c.k, cg) * g.Groups * t.taps)
		defer giveBack(c.packed)
		c.pack(w, g, t.taps)
		low, high, wide, deep = min(low, c.q0), max(high, c.q1), max(wide, c.m), max(deep, c.k*t.taps)
	}
	// A piece is some rows q of all classes, which read the same rows of dy while they are in a cache, by some panels.
	group := max(1, (1<<17)/(deep*panel)) * panel
	groups := (cg + group - 1) / group
	nq := max(0, high-low)
	rows := pieceRows(n*nq, wide, groups*g.Groups)
	rowPieces := (n*nq + rows - 1) / rows
	// dy with enough zeros around that every tap of every class reads inside: a piece's own copy, in the cache that it reads it from, unless
	// many pieces read the same rows
	in := gradSource{dy: dy, t: t, low: low, nq: nq, top: (kh - 1) / sh, left: (kw - 1) / sw}
	in.high, in.width = max(dy.Shape[1], high)+in.top, max(dy.Shape[2], (wd-1+g.W.Low)/sw+1)+in.left
	local := groups*g.Groups <= 2 && (in.top > 0 || in.left > 0)
	if !local {
		in.plane = padded(dy, in.top, in.left, in.high, in.width)
		defer in.free()
	}
	parallel.For(g.Groups*groups*rowPieces, func(piece int) {
		r0 := piece % rowPieces * rows
		piece /= rowPieces
		j0, gi := piece%groups*group, piece/groups
		r1 := min(n*nq, r0+rows)
		from := in
		if local {
			from = in.copy(r0, r1)
			defer from.free()
		}
		for _, cl := range classes {
			for j := j0; j < min(cg, j0+group); j += panel {
				cols := min(panel, cg-j)
				for r := r0; r < r1; r++ {
					i, q := r/nq, low+r%nq
					if q < cl.q0 || q >= cl.q1 {
						continue
					}
					c := dx.Data[((i*h+sh*q+cl.y)*wd+sw*cl.c0+cl.x)*ci+gi*cg+j:]
					from.product(c, sw*ci, cols, i, q, gi, j, og, g.Groups, cl, add)
				}
			}
		}
	})
}

// gradSource is what the input's gradient reads: dy with zeros around, or a piece's copy of the rows that it reads.
type gradSource struct {
	plane
	dy          *Tensor
	t           frames
	low, nq     int // rows q of an image, from low on
	top, left   int // zeros before an image's rows and columns
	high, width int // of an image with its zeros

	local bool // a copy: for each image of dx from the first on, the rows of each tap, in planes of their own
	first int
}

// copy returns a copy of what the rows r0 to r1 of all images' rows q read.
func (in gradSource) copy(r0, r1 int) gradSource {
	o := in.dy.Shape[3]
	in.local, in.first = true, r0/in.nq
	images := ((r1-1)/in.nq - in.first + 1) * in.t.taps
	in.plane = plane{borrow(images * in.high * in.width * o), images, in.high, in.width, o, true}
	for r, end := r0, 0; r < r1; r = end {
		end = min(r1, r+in.nq-r%in.nq) // of the image
		from := in.low + r%in.nq       // of dy's rows, after the zeros
		for a := range in.t.taps {
			if i, there := in.t.reader(r/in.nq, a); there {
				rows := plane{in.data[(((r/in.nq-in.first)*in.t.taps+a)*in.high+from)*in.width*o:], 1, end - r + in.top, in.width, o, false}
				rows.window(in.dy, i, from-in.top, in.left)
			}
		}
	}
	return in
}

// product sets a row of a class's pixels of image i of dx, cols columns of group gi from j on, or adds to it.
func (in gradSource) product(c []float32, ldc, cols, i, q, gi, j, og, groups int, cl gradClass, add bool) {
	width, size := panelWidth(cols), len(cl.packed)/(groups*in.t.taps)
	for tap := range in.t.taps {
		f, there := in.t.reader(i, tap)
		if !there {
			continue
		}
		if in.local {
			f = (i-in.first)*in.t.taps + tap
		}
		at := ((f*in.h+q-cl.th+1+in.top)*in.w + cl.c0 - cl.tw + 1 + in.left) * in.c
		b := cl.packed[(gi*in.t.taps+tap)*size+simd.PackedOffset(cl.k, j):]
		if groups == 1 {
			simd.MulPanel(c, ldc, cl.m, cols, simd.A{Data: in.data[at:], LD: in.c, Runs: cl.th, RunStride: in.w * in.c, K: cl.tw * og}, b, add)
			add = true
			continue
		}
		for a := range cl.th {
			simd.MulPanel(c, ldc, cl.m, cols, simd.A{Data: in.data[at+a*in.w*in.c+gi*og:], LD: in.c, Runs: cl.tw, RunStride: in.c, K: og}, b[a*cl.tw*og*width:], add)
			add = true
		}
	}
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
