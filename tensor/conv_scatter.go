package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// What a convolution's input gets from its outputs, computed for each output and scattered over the pixels that it read.

// fewChannels is up to how many input channels ConvGradInput goes by columns: a product whose columns are channels would leave most lanes empty.
const fewChannels = 4

// gradInputColumns is ConvGradInput of one group without dilation: a row of dy times all weights of a tap are columns, what each output gives to each
// element that it read, and these are added where they belong. A kernel row's columns and channels are neighbours in both. Each piece has rows of dx
// of its own, and adds to a pixel in order of taps and outputs.
func gradInputColumns(dx, dy, w *Tensor, g Conv, t frames, add bool) {
	kh, kw, cg, o := w.Shape[0]/t.taps, w.Shape[1], w.Shape[2], w.Shape[3]
	n, h, row := dx.Shape[0], dx.Shape[1], dx.Shape[2]*cg
	oh, ow := dy.Shape[1], dy.Shape[2]
	run, m, panel := kw*cg, kh*kw*cg, simd.Panel()
	size, panels := simd.PackedSize(o, m), (m+panel-1)/panel
	packed := borrow(t.taps * size)
	defer giveBack(packed)
	parallel.For(t.taps*panels, func(i int) {
		a, j := i/panels, i%panels*panel
		simd.PackBT(packed[a*size+simd.PackedOffset(o, j):], o, 0, w.Data[(a*m+j)*o:], o, min(panel, m-j), o)
	})
	// rows of dy that reach into two pieces are multiplied twice: pieces are some kernels high
	band := max(min(h, 4*kh), (h*n+31)/32)
	bands := (h + band - 1) / band
	parallel.For(n*bands, func(piece int) {
		i, y0 := piece/bands, piece%bands*band
		y1 := min(h, y0+band)
		if !add {
			clear(dx.Data[(i*h+y0)*row : (i*h+y1)*row])
		}
		columns := borrow(ow * m)
		defer giveBack(columns)
		for a := range t.taps {
			f, there := t.reader(i, a)
			if !there {
				continue
			}
			last := min(oh-1, (y1-1+g.H.Low)/g.H.Stride)
			for q := ceilDiv(y0+g.H.Low-kh+1, g.H.Stride); q <= last; q++ {
				for j := 0; j < m; j += panel {
					simd.MulPanel(columns[j:], m, ow, min(panel, m-j), simd.A{Data: dy.Data[(f*oh+q)*ow*o:], LD: o, K: o}, packed[a*size+simd.PackedOffset(o, j):], false)
				}
				for b := range kh {
					if y := q*g.H.Stride + b - g.H.Low; y >= y0 && y < y1 {
						addRuns(dx.Data[(i*h+y)*row:][:row], columns[b*run:], run, m, ow, g.W.Stride*cg, g.W.Low*cg)
					}
				}
			}
		}
	})
}

// addRuns adds n runs of x, lead apart, to y: run s from s·step - low on, as far as that lies in y.
func addRuns(y, x []float32, run, lead, n, step, low int) {
	for s := range n {
		at := s*step - low
		from, to := max(0, -at), min(run, len(y)-at)
		if from < to {
			d := y[at+from : at+to]
			simd.Add(d, d, x[s*lead+from:])
		}
	}
}

// scatterGradInput adds dy·wᵀ to the pixels that each kernel element read, an image at a time.
func scatterGradInput(dx, dy, w *Tensor, g Conv, t frames) {
	kh, kw, cg, o := w.Shape[0]/t.taps, w.Shape[1], w.Shape[2], w.Shape[3]
	n, h, wd, ci := dx.Shape[0], dx.Shape[1], dx.Shape[2], dx.Shape[3]
	oh, ow := dy.Shape[1], dy.Shape[2]
	og := o / g.Groups
	parallel.For(n, func(i int) {
		col := borrow(ow * cg)
		defer giveBack(col)
		for tap := range t.taps * kh {
			f, there := t.reader(i, tap/kh)
			if !there {
				continue
			}
			for q := range oh {
				y := q*g.H.Stride + tap%kh*g.H.Dilation - g.H.Low
				if y < 0 || y >= h {
					continue
				}
				for b := range kw {
					if cg == 1 && og == 1 {
						for s := range ow {
							if x := s*g.W.Stride + b*g.W.Dilation - g.W.Low; x >= 0 && x < wd {
								simd.MulAdd(dx.Data[((i*h+y)*wd+x)*ci:][:ci], dy.Data[((f*oh+q)*ow+s)*o:], w.Data[(tap*kw+b)*o:])
							}
						}
						continue
					}
					for gi := range g.Groups {
						gemm(col, cg, ow, cg, og, dy.Data[(f*oh+q)*ow*o+gi*og:], o, false, w.Data[(tap*kw+b)*cg*o+gi*og:], o, true, false, g.Precision)
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
