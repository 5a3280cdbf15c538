package tensor

import (
	"math"
	"unsafe"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Convolutions of 8-bit integers, for inference. Weights are w ≈ scale[o]·q, q in [-127, 127], a scale for each output channel;
// the pixels of image i are x ≈ s·(q - zero), q in [0, 255], a scale and a zero for each image, so that an image's features do
// not depend on what else is in the batch. Then y = s·scale[o]·(Σ q·q - zero·Σ q), the sums exact (Jacob et al. 2018,
// "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", equation 7).

// int8Weights is a convolution's weights, quantized.
type int8Weights struct {
	packed []float32 // words in panels
	sum    []int32   // of an output channel
	scale  []float32 // of an output channel
}

// int8Shape tells which convolutions are done in integers.
func int8Shape(w []int, g Conv) bool {
	g = g.norm(w)
	return g.Groups == 1 && g.H.Dilation == 1 && g.W.Dilation == 1 && w[2]%4 == 0 && w[3] >= 16 && w[0]*w[1]*w[2] <= 1<<16
}

func quantizeWeights(w *Tensor, keep *Packed) *int8Weights {
	o := w.Shape[3]
	k := len(w.Data) / o
	q := &int8Weights{packed: keep.alloc(simd.PackedSize(k/simd.Int8Lanes(), o)), sum: make([]int32, o), scale: make([]float32, o)}
	for j := range o {
		for p := range k {
			q.scale[j] = max(q.scale[j], float32(math.Abs(float64(w.Data[p*o+j])))/127)
		}
	}
	b := make([]int8, k*o)
	for i, v := range w.Data {
		if s := q.scale[i%o]; s > 0 {
			b[i] = int8(min(max(math.RoundToEven(float64(v/s)), -127), 127))
			q.sum[i%o] += int32(b[i])
		}
	}
	simd.PackInt8(q.packed, b, k, o)
	return q
}

// int8Image is how an image is quantized.
type int8Image struct{ inv, zero, scale float32 }

func quantizeImages(x *Tensor) []int8Image {
	n := x.Shape[0]
	size := len(x.Data) / n
	const part = 1 << 14
	parts := (size + part - 1) / part
	ranges := borrow(2 * n * parts)
	defer giveBack(ranges)
	parallel.For(n*parts, func(t int) {
		i, lo := t/parts, t%parts*part
		ranges[2*t], ranges[2*t+1] = simd.Range(x.Data[i*size+lo : i*size+min(size, lo+part)])
	})
	out := make([]int8Image, n)
	for i := range out {
		lo, hi := float32(0), float32(0)
		for t := i * parts; t < (i+1)*parts; t++ {
			lo, hi = min(lo, ranges[2*t]), max(hi, ranges[2*t+1])
		}
		q := int8Image{scale: (hi - lo) / 255}
		if q.scale > math.MaxFloat32 { // an infinity, or a range beyond float32: all of the image's result is NaN, as for a NaN
			q.scale = float32(math.NaN())
		}
		if q.scale > 0 {
			q.inv = 1 / q.scale
			q.zero = float32(math.RoundToEven(float64(float32(-lo * q.inv))))
		}
		out[i] = q
	}
	return out
}

// convInt8 is ConvFused in integers.
func convInt8(y, x, w *Tensor, g Conv, e *Epilogue, keep *Packed) {
	g = g.norm(w.Shape)
	if keep.int8 == nil {
		keep.int8 = quantizeWeights(w, keep)
	}
	q := keep.int8
	images := quantizeImages(x)
	lanes := simd.Int8Lanes()
	n, h, wd, c := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]/lanes // words of a pixel
	ph, pw := g.H.Low+h+g.H.High, g.W.Low+wd+g.W.High
	plane := borrow(n * ph * pw * c)
	defer giveBack(plane)
	quantizePlane(plane, x, images, g)
	kh, kw, o := w.Shape[0], w.Shape[1], w.Shape[3]
	oh, ow := y.Shape[1], y.Shape[2]
	if g.plain(kh, kw) { // an image's pixels are one row
		oh, ow, pw = 1, oh*ow, ph*pw
		ph = 1
	}
	panel := simd.Panel()
	words := kh * kw * c
	group := max(1, (1<<17)/(words*panel)) * panel
	groups := (o + group - 1) / group
	strips := (ow + mBlock - 1) / mBlock // of a row: what a call computes
	all := n * oh * strips
	piece := max(1, min(512/min(ow, mBlock), all*groups/16))
	pieces := (all + piece - 1) / piece
	sums := unsafe.Slice((*int32)(unsafe.Pointer(&y.Data[0])), len(y.Data)) // y holds the sums until they are scaled
	parallel.For(pieces*groups, func(t int) {
		s0, j0 := t%pieces*piece, t/pieces*group
		s1, j1 := min(all, s0+piece), min(o, j0+group)
		strip := func(s int) (i, row, x0, m int) {
			row, x0 = s/strips, s%strips*mBlock
			return row / oh, row, x0, min(mBlock, ow-x0)
		}
		scratch := borrow(piece*min(ow, mBlock)*panel + 2*(j1-j0))
		defer giveBack(scratch)
		for j := j0; j < j1; j += panel {
			cols := min(panel, o-j)
			b := q.packed[simd.PackedOffset(words, j):]
			for s, end := s0, s0; s < s1; s = end {
				i, row, x0, m := strip(s)
				end = s + 1
				if strips == 1 { // the rows of an image at once
					end = min(s1, s+oh-row%oh)
					m = (end - s) * ow
				}
				at := ((i*ph+row%oh*g.H.Stride)*pw + x0*g.W.Stride) * c
				simd.MulPanelInt8(sums[(row*ow+x0)*o+j:], o, m, cols, simd.A{Data: plane[at:], LD: g.W.Stride * c, Runs: kh, RunStride: pw * c, K: kw * c,
					Group: ow, GroupStride: g.H.Stride * pw * c}, b, scratch)
			}
		}
		scale, last := scratch[:j1-j0], -1
		minus := unsafe.Slice((*int32)(unsafe.Pointer(&scratch[j1-j0])), j1-j0)
		for s := s0; s < s1; s++ {
			i, row, x0, m := strip(s)
			if i != last {
				last = i
				for j := range scale {
					scale[j] = images[i].scale * q.scale[j0+j]
					minus[j] = int32(images[i].zero) * q.sum[j0+j]
				}
			}
			for p := row*ow + x0; p < row*ow+x0+m; p++ {
				simd.Dequantize(y.Data[p*o+j0:p*o+j1], sums[p*o+j0:p*o+j1], minus, scale)
			}
			e.apply(y.Data, o, row*ow+x0, row*ow+x0+m, j0, j1-j0)
		}
	})
}

// quantizePlane quantizes x with g's padding, which holds each image's zero, into words.
func quantizePlane(plane []float32, x *Tensor, images []int8Image, g Conv) {
	lanes := simd.Int8Lanes()
	n, h, wd, c := x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]/lanes
	ph, pw := g.H.Low+h+g.H.High, g.W.Low+wd+g.W.High
	rows := max(1, chunk/max(1, pw*x.Shape[3]))
	steps := (ph + rows - 1) / rows
	parallel.For(n*steps, func(t int) {
		i, lo := t/steps, t%steps*rows
		im := images[i]
		var zeros []float32
		if g.H.padded() || g.W.padded() {
			zeros = make([]float32, c*lanes)
		}
		for r := lo; r < min(ph, lo+rows); r++ {
			dst := plane[(i*ph+r)*pw*c:][:pw*c]
			from, to := g.W.Low, g.W.Low+wd // the picture's columns
			if r < g.H.Low || r >= g.H.Low+h {
				from, to = pw, pw
			} else {
				simd.Quantize(dst[from*c:to*c], x.Data[((i*h+r-g.H.Low)*wd)*c*lanes:][:wd*c*lanes], im.inv, im.zero)
			}
			for p := range from {
				simd.Quantize(dst[p*c:(p+1)*c], zeros, 0, im.zero)
			}
			for p := to; p < pw; p++ {
				simd.Quantize(dst[p*c:(p+1)*c], zeros, 0, im.zero)
			}
		}
	})
}
