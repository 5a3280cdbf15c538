package simd

// Pixels of 8 bits: what stands between a decoder's planes and a net's input. The integer kernels are libjpeg's formulas, so
// that a picture has the same pixels here and in Pillow; the floating-point ones fix the order of their sums as all others do.

// YCbCrToRGB writes n = len(y) pixels to dst [n·3] from their luma and chroma, full range as in JFIF, in libjpeg's 16-bit fixed
// point (jdcolor.c): R = Y + 1.402·Cr', G = Y - 0.344136·Cb' - 0.714136·Cr', B = Y + 1.772·Cb', where Cb' and Cr' are 128 less.
func YCbCrToRGB(dst, y, cb, cr []uint8) {
	n := len(y)
	if len(dst) < 3*n || len(cb) < n || len(cr) < n {
		panic("simd.YCbCrToRGB: a slice is shorter than the luma asks")
	}
	if m := n &^ 7; active.yCbCrToRGB != nil && m > 0 {
		active.yCbCrToRGB(&dst[0], &y[0], &cb[0], &cr[0], m)
		dst, y, cb, cr = dst[3*m:], y[m:], cb[m:], cr[m:]
	}
	yCbCrToRGBGo(dst, y, cb, cr)
}

func yCbCrToRGBGo(dst, y, cb, cr []uint8) {
	for i, v := range y {
		b, r := int32(cb[i])-128, int32(cr[i])-128
		dst[3*i] = clamp8(int32(v) + (91881*r+32768)>>16)
		dst[3*i+1] = clamp8(int32(v) + (-22554*b-46802*r+32768)>>16)
		dst[3*i+2] = clamp8(int32(v) + (116130*b+32768)>>16)
	}
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// UpsampleH2V2 writes a row of 2·len(near) samples from the nearest row of a plane of half the width and height and the next
// nearest, weighted 3 to 1 in both directions: libjpeg's "fancy" upsampling (jdsample.c, h2v2_fancy_upsample).
func UpsampleH2V2(dst, near, far []uint8) {
	n := len(near)
	if len(dst) < 2*n || len(far) < n {
		panic("simd.UpsampleH2V2: a slice is shorter than the row asks")
	}
	if n == 0 {
		return
	}
	from := 0 // the kernel wants a neighbour at each side
	if m := (n - 2) &^ 15; active.upsampleH2V2 != nil && m > 0 {
		upsampleH2V2Go(dst, near, far, 0, 1)
		active.upsampleH2V2(&dst[2], &near[1], &far[1], m)
		from = 1 + m
	}
	upsampleH2V2Go(dst, near, far, from, n)
}

// upsampleH2V2Go makes samples 2·from to 2·to.
func upsampleH2V2Go(dst, near, far []uint8, from, to int) {
	sum := func(i int) uint16 {
		i = min(max(i, 0), len(near)-1)
		return 3*uint16(near[i]) + uint16(far[i])
	}
	for i := from; i < to; i++ {
		c := 3 * sum(i)
		dst[2*i] = uint8((c + sum(i-1) + 8) >> 4)
		dst[2*i+1] = uint8((c + sum(i+1) + 7) >> 4)
	}
}

// WeightedRows sets dst[i] = Σ_k w[k]·src[k·stride + i], fused, k rising from 0: a column of a resize.
func WeightedRows(dst []float32, src []uint8, stride int, w []float32) {
	n := len(dst)
	if len(w) == 0 {
		clear(dst)
		return
	}
	if len(src) < (len(w)-1)*stride+n || stride < 0 {
		panic("simd.WeightedRows: the source is shorter than the rows ask")
	}
	from := 0
	if m := n &^ 7; active.weightedRows != nil && m > 0 {
		active.weightedRows(&dst[0], &src[0], stride, &w[0], len(w), m)
		from = m
	}
	weightedRowsGo(dst, src, stride, w, from)
}

func weightedRowsGo(dst []float32, src []uint8, stride int, w []float32, from int) {
	for i := from; i < len(dst); i++ {
		s := w[0] * float32(src[i])
		for k := 1; k < len(w); k++ {
			s = fma(w[k], float32(src[k*stride+i]), s)
		}
		dst[i] = s
	}
}

// WeightedPixels makes a row of len(first) RGB pixels from a row of floats: channel c of pixel o is
// Σ_k w[o·taps + k]·src[3·(first[o] + k) + c], fused, k rising from 0, rounded half up and held in [0, 255]. len(dst) is three
// times that of first; src has one more element than the last pixel it names, any value.
func WeightedPixels(dst []uint8, src []float32, first []int32, w []float32, taps int) {
	n := len(first)
	if len(dst) < 3*n || len(w) < n*taps || taps < 1 {
		panic("simd.WeightedPixels: a slice is shorter than the pixels ask")
	}
	for _, f := range first {
		if f < 0 || 3*(int(f)+taps)+1 > len(src) {
			panic("simd.WeightedPixels: a pixel outside the source")
		}
	}
	if n > 1 && active.weightedPixels != nil { // the kernel stores four bytes a pixel
		active.weightedPixels(&dst[0], &src[0], &first[0], &w[0], taps, n-1)
		dst, first, w = dst[3*(n-1):], first[n-1:], w[(n-1)*taps:]
	}
	weightedPixelsGo(dst, src, first, w, taps)
}

func weightedPixelsGo(dst []uint8, src []float32, first []int32, w []float32, taps int) {
	for o, f := range first {
		for c := range 3 {
			s := w[o*taps] * src[3*int(f)+c]
			for k := 1; k < taps; k++ {
				s = fma(w[o*taps+k], src[3*(int(f)+k)+c], s)
			}
			dst[3*o+c] = uint8(min(max(s, 0), 255) + 0.5)
		}
	}
}

// NormalizePixels sets dst[i] = (src[i]/255 - mean[i mod 3])/std[i mod 3].
func NormalizePixels(dst []float32, src []uint8, mean, std *[3]float32) {
	n := len(src)
	if len(dst) < n {
		panic("simd.NormalizePixels: the destination is shorter than the source")
	}
	from := 0
	if m := n / 24 * 24; active.normalizePixels != nil && m > 0 {
		var table [48]float32
		for i := range 24 {
			table[i], table[24+i] = mean[i%3], std[i%3]
		}
		active.normalizePixels(&dst[0], &src[0], &table, m)
		from = m
	}
	normalizePixelsGo(dst, src, mean, std, from)
}

func normalizePixelsGo(dst []float32, src []uint8, mean, std *[3]float32, from int) {
	for i := from; i < len(src); i++ {
		dst[i] = (float32(src[i])/255 - mean[i%3]) / std[i%3]
	}
}

// Luma is a pixel's grey, ITU-R 601-2 in Pillow's 16-bit fixed point.
func Luma(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// LumaSum returns the sum of the luma of RGB pixels.
func LumaSum(rgb []uint8) int {
	sum := 0
	for len(rgb) >= 24 && active.lumaSum != nil { // a lane of 32 bits holds the sum of a piece
		n := min(len(rgb)/3&^7, 1<<20)
		sum += active.lumaSum(&rgb[0], n)
		rgb = rgb[3*n:]
	}
	for i := 0; i+2 < len(rgb); i += 3 {
		sum += int(Luma(rgb[i], rgb[i+1], rgb[i+2]))
	}
	return sum
}

// Blend sets every byte to other + f·(byte - other), truncated and held in [0, 255], as Pillow's Image.blend does.
func Blend(p []uint8, f, other float32) {
	if n := len(p) &^ 7; active.blend != nil && n > 0 {
		active.blend(&p[0], f, other, n)
		p = p[n:]
	}
	for i, v := range p {
		p[i] = blend1(v, f, other)
	}
}

func blend1(v uint8, f, other float32) uint8 {
	return uint8(min(max(int32(other+float32(f*(float32(v)-other))), 0), 255))
}

// BlendGrey blends each RGB pixel with its luma, as Blend.
func BlendGrey(rgb []uint8, f float32) {
	if n := len(rgb) / 3 &^ 7; active.blendGrey != nil && n > 0 {
		active.blendGrey(&rgb[0], f, n)
		rgb = rgb[3*n:]
	}
	for i := 0; i+2 < len(rgb); i += 3 {
		p := rgb[i : i+3 : i+3]
		o := float32(Luma(p[0], p[1], p[2]))
		p[0], p[1], p[2] = blend1(p[0], f, o), blend1(p[1], f, o), blend1(p[2], f, o)
	}
}

// ShiftHue turns the hue of RGB pixels by t sextants, |t| <= 3. In a sextant of the hue one channel is the largest, one the
// smallest and the third between them (Smith, "Color Gamut Transform Pairs", 1978); the largest and the smallest stay.
func ShiftHue(rgb []uint8, t float32) {
	if n := len(rgb) / 3 &^ 7; active.shiftHue != nil && n > 0 {
		active.shiftHue(&rgb[0], t, n)
		rgb = rgb[3*n:]
	}
	for i := 0; i+2 < len(rgb); i += 3 {
		p := rgb[i : i+3 : i+3]
		r, g, b := int32(p[0]), int32(p[1]), int32(p[2])
		hi, lo := max(r, g, b), min(r, g, b)
		d := hi - lo
		if d == 0 {
			continue
		}
		var h float32
		switch hi {
		case r:
			h = float32(g-b) / float32(d)
		case g:
			h = 2 + float32(b-r)/float32(d)
		default:
			h = 4 + float32(r-g)/float32(d)
		}
		h += t
		if h < 0 {
			h += 6
		} else if h >= 6 {
			h -= 6
		}
		k := int32(h)
		f := h - float32(k)
		if k&1 == 0 { // rising from the smallest, or falling from the largest
			f = 1 - f
		}
		top, low, mid := uint8(hi), uint8(lo), uint8(float32(hi)-float32(float32(d)*f)+0.5)
		switch k {
		case 0:
			p[0], p[1], p[2] = top, mid, low
		case 1:
			p[0], p[1], p[2] = mid, top, low
		case 2:
			p[0], p[1], p[2] = low, top, mid
		case 3:
			p[0], p[1], p[2] = low, mid, top
		case 4:
			p[0], p[1], p[2] = mid, low, top
		default:
			p[0], p[1], p[2] = top, low, mid
		}
	}
}
