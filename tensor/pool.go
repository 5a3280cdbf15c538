package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Window is the geometry of a pooling window over images, or over clips, which have the axis T too. Padded positions hold nothing: they are never the largest, and a mean
// does not count them unless CountsPad is set, which is PyTorch's default (count_include_pad) but not ours.
type Window struct {
	T, H, W   WindowAxis
	Ceil      bool // round the output's sides up, as Caffe does: PyTorch's ceil_mode; see WindowAxis.Out
	CountsPad bool // average pooling divides by all positions of the window inside image and padding
}

// WindowAxis is a window's geometry along one axis. The zero value is a side of one, which pools nothing.
type WindowAxis struct {
	Size      int // 0 means 1
	Stride    int // 0 means Size
	Low, High int // padding before and after, each less than Size: no window sees padding alone
}

// SquareWindow returns the geometry of size by size windows, stride apart (0: side by side), with padding on every side.
func SquareWindow(size, stride, pad int) Window {
	a := WindowAxis{Size: size, Stride: stride, Low: pad, High: pad}
	return Window{H: a, W: a}
}

func (a WindowAxis) norm() WindowAxis {
	a.Size = max(a.Size, 1)
	if a.Stride == 0 {
		a.Stride = a.Size
	}
	return a
}

// Out returns how many windows there are along n inputs. With ceil a last window may reach beyond the padding, as long as it
// begins inside the input or the padding before it. It is below 1 where not even one window fits.
func (a WindowAxis) Out(n int, ceil bool) int {
	a = a.norm()
	room := n + a.Low + a.High - a.Size
	if room < 0 {
		return 0
	}
	o := room/a.Stride + 1
	if ceil && room%a.Stride > 0 && o*a.Stride < n+a.Low {
		o++
	}
	return o
}

// SolidWindow returns the geometry of windows over clips of size frames, rows and columns, stride apart (0: side by side), with padding on every side.
func SolidWindow(size, stride, pad int) Window {
	w := SquareWindow(size, stride, pad)
	w.T = w.H
	return w
}

// PoolShape returns the shape of pooling's output: [N H W C] -> [N OH OW C], or [N T H W C] -> [N OT OH OW C].
func PoolShape(x []int, w Window) []int {
	axes := []WindowAxis{w.T, w.H, w.W}
	switch {
	case len(x) == 4 && w.T != (WindowAxis{}):
		fail("Pool", "the window along T, %+v, has no axis here: images are [N H W C]", w.T)
	case len(x) == 4:
		axes = axes[1:]
	case len(x) != 5:
		fail("Pool", "windows on %v: want [N H W C] or [N T H W C]", x)
	}
	s := append([]int(nil), x...)
	for i, a := range axes {
		s[1+i] = a.Out(x[1+i], w.Ceil)
		if a.Size < 0 || a.Stride < 0 || a.Low < 0 || a.High < 0 || max(a.Low, a.High) >= max(a.Size, 1) {
			fail("Pool", "window %+v: want nothing negative, and padding of less than the window's size", a)
		}
		if s[1+i] < 1 {
			fail("Pool", "window %+v does not fit %v", a, x)
		}
	}
	return s
}

// clipSides returns the sides of clips [N T H W C], or of images, which are clips of one frame.
func clipSides(x *Tensor) (n, t, h, w, c int) {
	s := x.Shape
	if len(s) == 4 {
		return s[0], 1, s[1], s[2], s[3]
	}
	return s[0], s[1], s[2], s[3], s[4]
}

// span is the part of the input that an output position sees, and how many positions the window counts.
type span struct{ lo, hi, full int }

// span is of output o over n inputs; out does not matter.
func (a WindowAxis) span(o, n, _ int) span {
	a = a.norm()
	lo := o*a.Stride - a.Low
	hi := min(lo+a.Size, n+a.High)
	return span{max(lo, 0), min(hi, n), hi - lo}
}

// adaptive is the span of adaptive pooling, PyTorch's: floor(o·n/out) to ceil((o+1)·n/out).
func adaptive(o, n, out int) span {
	lo, hi := o*n/out, ((o+1)*n+out-1)/out
	return span{lo, hi, hi - lo}
}

// MaxPool sets y to the largest value of every window, NaN where it holds one: first down its rows, of all its frames, for whole rows of the
// picture, then across.
func MaxPool(y, x *Tensor, w Window) {
	_, frames, h, wd, c := clipSides(x)
	n, of, oh, ow, _ := clipSides(y)
	parallel.For(n*of*oh, func(r int) {
		down := borrow(wd * c)
		defer giveBack(down)
		i, t, a := r/oh/of, w.T.span(r/oh%of, frames, of), w.H.span(r%oh, h, oh)
		var col []float32
		for f := t.lo; f < t.hi; f++ {
			for u := a.lo; u < a.hi; u++ {
				row := x.Data[((i*frames+f)*h+u)*wd*c:][:wd*c]
				if col == nil {
					col = row
					continue
				}
				simd.Maximum(down, col, row)
				col = down
			}
		}
		for q := range ow {
			b := w.W.span(q, wd, ow)
			dst := y.Data[(r*ow+q)*c:][:c]
			first := col[b.lo*c:][:c]
			for v := b.lo + 1; v < b.hi; v++ {
				simd.Maximum(dst, first, col[v*c:])
				first = dst
			}
			if b.hi-b.lo == 1 {
				copy(dst, first)
			}
		}
	})
}

// AddMaxPoolGrad adds dy to the first position of each window that holds the maximum y, of a NaN to the first NaN.
func AddMaxPoolGrad(dx, dy, x, y *Tensor, w Window) {
	n, frames, h, wd, c := clipSides(x)
	_, of, oh, ow, _ := clipSides(y)
	parallel.For(n, func(i int) {
		g := borrow(c) // what of dy has not found its maximum yet
		defer giveBack(g)
		for p := range of * oh {
			t, a := w.T.span(p/oh, frames, of), w.H.span(p%oh, h, oh)
			for q := range ow {
				b := w.W.span(q, wd, ow)
				at := ((i*of*oh+p)*ow + q) * c
				copy(g, dy.Data[at:at+c])
				for f := t.lo; f < t.hi; f++ {
					for u := a.lo; u < a.hi; u++ {
						for v := b.lo; v < b.hi; v++ {
							e := (((i*frames+f)*h+u)*wd + v) * c
							simd.TakeEqual(dx.Data[e:e+c], g, x.Data[e:], y.Data[at:])
						}
					}
				}
			}
		}
	})
}

// AvgPool sets y to the mean of every window; see Window.CountsPad.
func AvgPool(y, x *Tensor, w Window) { avgPool(y, x, w.spans(), w.CountsPad) }

// AddAvgPoolGrad adds the gradient of AvgPool's input.
func AddAvgPoolGrad(dx, dy *Tensor, w Window) { avgPoolGrad(dx, dy, w.spans(), w.CountsPad) }

// AdaptiveAvgPool sets y [N OH OW C] to means over x [N H W C] cut into OH by OW parts, which may overlap by a pixel, as
// PyTorch cuts. OH = OW = 1 is global average pooling. Clips [N T H W C] are cut along T too.
func AdaptiveAvgPool(y, x *Tensor) { avgPool(y, x, spans{adaptive, adaptive, adaptive}, false) }

// AddAdaptiveAvgPoolGrad adds the gradient of AdaptiveAvgPool's input.
func AddAdaptiveAvgPoolGrad(dx, dy *Tensor) {
	avgPoolGrad(dx, dy, spans{adaptive, adaptive, adaptive}, false)
}

// spans are what an output position sees along T, H and W.
type spans [3]func(o, n, out int) span

func (w Window) spans() spans { return spans{w.T.span, w.H.span, w.W.span} }

func avgPool(y, x *Tensor, along spans, countsPad bool) {
	_, frames, h, wd, c := clipSides(x)
	n, of, oh, ow, _ := clipSides(y)
	parallel.For(n*of*oh, func(r int) {
		i, t, a := r/oh/of, along[0](r/oh%of, frames, of), along[1](r%oh, h, oh)
		for q := range ow {
			b := along[2](q, wd, ow)
			dst := y.Data[(r*ow+q)*c:][:c]
			clear(dst)
			for f := t.lo; f < t.hi; f++ {
				for u := a.lo; u < a.hi; u++ {
					at := (((i*frames+f)*h+u)*wd + b.lo) * c
					simd.SumRows(dst, x.Data[at:], b.hi-b.lo)
				}
			}
			simd.Scale(dst, 1/float32(poolCount(t, a, b, countsPad)), dst)
		}
	})
}

func avgPoolGrad(dx, dy *Tensor, along spans, countsPad bool) {
	n, frames, h, wd, c := clipSides(dx)
	_, of, oh, ow, _ := clipSides(dy)
	parallel.For(n, func(i int) {
		for p := range of * oh {
			t, a := along[0](p/oh, frames, of), along[1](p%oh, h, oh)
			for q := range ow {
				b := along[2](q, wd, ow)
				g := dy.Data[((i*of*oh+p)*ow+q)*c:][:c]
				s := 1 / float32(poolCount(t, a, b, countsPad))
				for f := t.lo; f < t.hi; f++ {
					for u := a.lo; u < a.hi; u++ {
						for v := b.lo; v < b.hi; v++ {
							simd.Axpy(dx.Data[(((i*frames+f)*h+u)*wd+v)*c:][:c], s, g)
						}
					}
				}
			}
		}
	})
}

func poolCount(t, a, b span, countsPad bool) int {
	if countsPad {
		return t.full * a.full * b.full
	}
	return (t.hi - t.lo) * (a.hi - a.lo) * (b.hi - b.lo)
}

// tap is one output position's two source positions and the weight of the second.
type tap struct {
	lo, hi int
	w      float32
}

// bilinearTaps cuts n source pixels into out, pixel centres at (o + 1/2)·n/out - 1/2, clamped at the border (align_corners
// false in PyTorch's words). It does not blur when it shrinks; data.Resize does.
func bilinearTaps(n, out int) []tap {
	t := make([]tap, out)
	for o := range t {
		p := math.Max(0, (float64(o)+0.5)*float64(n)/float64(out)-0.5)
		lo := min(int(p), n-1)
		t[o] = tap{lo, min(lo+1, n-1), float32(p - float64(lo))}
	}
	return t
}

// Resize sets y [N OH OW C] to x [N H W C] resized bilinearly; see bilinearTaps.
func Resize(y, x *Tensor) { resize(y, x, false) }

// AddResizeGrad adds the gradient of Resize's input.
func AddResizeGrad(dx, dy *Tensor) { resize(dy, dx, true) }

func resize(y, x *Tensor, grad bool) {
	if len(x.Shape) != 4 || len(y.Shape) != 4 || x.Shape[0] != y.Shape[0] || x.Shape[3] != y.Shape[3] || x.Shape[1]*x.Shape[2] == 0 {
		fail("Resize", "%v to %v", x.Shape, y.Shape)
	}
	h, wd, c := x.Shape[1], x.Shape[2], x.Shape[3]
	oh, ow := y.Shape[1], y.Shape[2]
	rows, cols := bilinearTaps(h, oh), bilinearTaps(wd, ow)
	parallel.For(x.Shape[0], func(i int) {
		for p, r := range rows {
			for q, s := range cols {
				g := y.Data[((i*oh+p)*ow+q)*c:][:c]
				if !grad {
					clear(g)
				}
				for k, w := range [4]float32{(1 - r.w) * (1 - s.w), (1 - r.w) * s.w, r.w * (1 - s.w), r.w * s.w} {
					if w == 0 {
						continue
					}
					u, v := r.lo, s.lo
					if k >= 2 {
						u = r.hi
					}
					if k&1 == 1 {
						v = s.hi
					}
					src := x.Data[((i*h+u)*wd+v)*c:][:c]
					if grad {
						simd.Axpy(src, w, g)
					} else {
						simd.Axpy(g, w, src)
					}
				}
			}
		}
	})
}
