package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Conv3D sets y to the convolution (cross-correlation) of clips with w; see ConvShape. An output frame is a sum over the kernel's time taps, each a
// convolution of one frame: every algorithm for images takes the taps as more of its sums, and images are clips of one frame.
//
//	x [N T H W C]   w [KT KH KW C/G O]   ->   y [N OT OH OW O]
//
// Where the kernel goes through time all is computed in float32: Mode.Precision holds for kernels of one frame only, as for images.
func Conv3D(y, x, w *Tensor, g Conv) {
	if len(x.Shape) != 5 {
		fail("Conv3D", "input %v has not five axes, [N T H W C]", x.Shape)
	}
	ConvFused(y, x, w, g, nil, nil)
}

// frames is how a convolution goes through time: tap a of a clip's output frame f reads its frame f·Stride + a·Dilation - Low, or zeros where
// there is none. Frames are counted over all clips, as images would be.
type frames struct {
	taps    int // of the kernel
	in, out int // frames of a clip
	Axis
}

// still is a convolution of images.
var still = frames{taps: 1, in: 1, out: 1, Axis: Axis{Stride: 1, Dilation: 1}}

// moves tells whether an output frame reads anything but the input frame of the same number.
func (t frames) moves() bool { return t != still }

// images returns y, x and w of g, which is normalised, as images [N·T H W C] and kernels [KT·KH KW I O], and how those go through time.
func (g Conv) images(y, x, w *Tensor) (_, _, _ *Tensor, t frames) {
	if len(w.Shape) == 4 {
		return y, x, w, still
	}
	t = frames{w.Shape[0], x.Shape[1], y.Shape[1], g.T}
	if t.taps == 1 && g.T.Stride == 1 && !g.T.padded() {
		t = still
	}
	return joined(y), joined(x), joined(w), t
}

// joined returns a tensor with its first two axes as one.
func joined(x *Tensor) *Tensor {
	s := x.Shape
	return &Tensor{Shape: []int{s[0] * s[1], s[2], s[3], s[4]}, Data: x.Data}
}

// of returns the input frame that tap a of output frame f reads, and whether there is one.
func (t frames) of(f, a int) (frame int, inside bool) {
	clip := f / t.out
	i := (f-clip*t.out)*t.Stride + a*t.Dilation - t.Low
	return clip*t.in + i, i >= 0 && i < t.in
}

// taken returns the taps of output frame f that read a frame: from a0 up to a1.
func (t frames) taken(f int) (a0, a1 int) {
	for a1 = t.taps; a1 > 0; a1-- {
		if _, inside := t.of(f, a1-1); inside {
			break
		}
	}
	for a0 < a1 {
		if _, inside := t.of(f, a0); inside {
			break
		}
		a0++
	}
	return a0, a1
}

// reader returns the output frame whose tap a reads input frame f, and whether there is one.
func (t frames) reader(f, a int) (frame int, there bool) {
	clip := f / t.in
	i := f - clip*t.in + t.Low - a*t.Dilation
	o := i / t.Stride
	return clip*t.out + o, i >= 0 && i%t.Stride == 0 && o < t.out
}

// unread tells whether there are input frames that no output frame reads.
func (t frames) unread() bool {
	for f := range t.in {
		read := false
		for a := range t.taps {
			_, there := t.reader(f, a)
			read = read || there
		}
		if !read {
			return true
		}
	}
	return false
}

// turned is how the input's gradient, a convolution of stride 1 with the taps in reverse order, goes through time.
func (t frames) turned() frames {
	t.in, t.out, t.Low = t.out, t.in, (t.taps-1)*t.Dilation-t.Low
	return t
}

// span returns the output frames of a clip, of f0 up to f1, whose tap a reads a frame where stride and dilation are 1.
func (t frames) span(a, f0, f1 int) (from, to int) {
	return max(f0, t.Low-a), min(f1, t.in+t.Low-a)
}

// whole returns a tap that reads a frame for all output frames from f0 up to f1 where stride and dilation are 1, or -1.
func (t frames) whole(f0, f1 int) int {
	for a := range t.taps {
		if from, to := t.span(a, f0, f1); from == f0 && to == f1 {
			return a
		}
	}
	return -1
}

// convThroughTime is ConvFused for kernels of one pixel through several frames.
func convThroughTime(y, x, w *Tensor, t frames, e *Epilogue, keep *Packed) {
	ci, o := w.Shape[2], w.Shape[3]
	k, panel := t.taps*ci, simd.Panel()
	packed := keep.form(form{groups: 1}, simd.PackedSize(k, o), func(packed []float32) {
		parallel.For((o+panel-1)/panel, func(i int) {
			j := i * panel
			simd.PackB(packed[simd.PackedOffset(k, j):], k, 0, w.Data[j:], k, min(panel, o-j), o)
		})
	})
	if keep == nil {
		defer giveBack(packed)
	}
	throughTime(y, x, packed, t, e, false)
}

// gradInputThroughTime is ConvGradInput for kernels of one pixel and stride 1, with the taps in reverse order.
func gradInputThroughTime(dx, dy, w *Tensor, t frames, add bool) {
	ci, o := w.Shape[2], w.Shape[3]
	k, panel := t.taps*o, simd.Panel()
	packed := borrow(simd.PackedSize(k, ci))
	defer giveBack(packed)
	parallel.For((ci+panel-1)/panel, func(i int) {
		j := i * panel
		for a := range t.taps {
			simd.PackBT(packed[simd.PackedOffset(k, j):], k, (t.taps-1-a)*o, w.Data[(a*ci+j)*o:], o, min(panel, ci-j), o)
		}
	})
	throughTime(dx, dy, packed, t.turned(), nil, add)
}

// throughTime sets y [N·OT H W O] to the products of the frames of x [N·T H W I] that t's taps read, which follow one another in time as runs of one
// operand, and packed weights [taps·I O], or adds them. A piece is a few pixels of some frames, one after the other: what the taps of one frame read is
// still in the cache for the next.
func throughTime(y, x *Tensor, packed []float32, t frames, e *Epilogue, add bool) {
	ci, o, pixels := x.Shape[3], y.Shape[3], y.Shape[1]*y.Shape[2]
	k, panel := t.taps*ci, simd.Panel()
	some := max(14, min(224, (1<<17)/k)) // pixels
	blocks := (pixels + some - 1) / some
	last := max(1, min(8, y.Shape[0]*blocks/32)) // frames
	parts := (t.out + last - 1) / last           // of a clip
	parallel.For(y.Shape[0]/t.out*parts*blocks, func(piece int) {
		p := piece % blocks * some
		piece /= blocks
		m := min(some, pixels-p)
		f0 := piece/parts*t.out + piece%parts*last
		for f := f0; f < min(f0+last, (piece/parts+1)*t.out); f++ {
			a0, a1 := t.taken(f)
			at := f*pixels + p
			switch from, _ := t.of(f, a0); {
			case a0 < a1:
				for j := 0; j < o; j += panel {
					n := min(panel, o-j)
					simd.MulPanel(y.Data[at*o+j:], o, m, n, simd.A{Data: x.Data[(from*pixels+p)*ci:], LD: ci, Runs: a1 - a0, RunStride: t.Dilation * pixels * ci, K: ci},
						packed[simd.PackedOffset(k, j)+a0*ci*panelWidth(n):], add)
				}
			case !add:
				clear(y.Data[at*o : (at+m)*o])
			}
			e.apply(y.Data, o, at, at+m, 0, o)
		}
	})
}
