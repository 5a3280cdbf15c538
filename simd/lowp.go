package simd

import (
	"math"
	"unsafe"
)

// Products of low precision. The operands of a tile are words of 32 bits: two bfloat16 where the processor multiplies such pairs,
// four 8-bit integers where it multiplies those, or one float32 where it does neither. So the tiles, panels and strides are those
// of MulPanel, with words for elements. The sums have the same bits either way: in pairs the odd element comes first, as in
// VDPBF16PS, and sums of integers are exact.

// BF16Native tells whether the active level multiplies pairs of bfloat16; elsewhere they are rounded and multiplied as float32.
func BF16Native() bool { return active.bf16 != nil }

// Int8Native tells whether the active level multiplies 8-bit integers; elsewhere they are multiplied as float32.
func Int8Native() bool { return active.int8 != nil }

// BF16Words returns how many words k elements of a row take.
func BF16Words(k int) int {
	if BF16Native() {
		return (k + 1) / 2
	}
	return (k + 1) &^ 1
}

// RoundBF16 returns x rounded to bfloat16, to nearest, ties to even; denormals become zero, as in the processor's instructions
// (Intel SDM, VCVTNEPS2BF16).
func RoundBF16(x float32) float32 { return math.Float32frombits(uint32(bf16Bits(x)) << 16) }

func bf16Bits(x float32) uint16 {
	b := math.Float32bits(x)
	switch {
	case b&0x7f800000 == 0:
		return uint16(b >> 16 & 0x8000)
	case x != x:
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// NarrowBF16 sets dst to src rounded as RoundBF16 does, 16 bits each.
func NarrowBF16(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = bf16Bits(x)
	}
}

// WidenBF16 sets dst to the values of src.
func WidenBF16(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = math.Float32frombits(uint32(x) << 16)
	}
}

// PackBF16 writes a row of elements as BF16Words(len(src)) words, an odd one paired with zero.
func PackBF16(dst, src []float32) {
	n := len(src)
	_ = dst[:BF16Words(n)]
	if !BF16Native() {
		for i := 0; i < n; i += 2 {
			odd := float32(0)
			if i+1 < n {
				odd = RoundBF16(src[i+1])
			}
			dst[i], dst[i+1] = odd, RoundBF16(src[i])
		}
		return
	}
	m := n &^ 31
	if m > 0 {
		active.packBF16(&dst[0], &src[0], m)
	}
	for i := m; i < n; i += 2 {
		w := uint32(bf16Bits(src[i]))
		if i+1 < n {
			w |= uint32(bf16Bits(src[i+1])) << 16
		}
		dst[i/2] = math.Float32frombits(w)
	}
}

// PackBF16Rows writes two rows of n = len(even) elements as words that pair their elements: n words, or, where pairs are not
// multiplied natively, the rounded odd row and, ld floats on, the even one. A nil odd row is zeros. dst may be either row.
func PackBF16Rows(dst []float32, ld int, even, odd []float32) {
	n := len(even)
	if odd == nil {
		odd = zeros[:min(n, len(zeros))]
		if n > len(zeros) {
			odd = make([]float32, n)
		}
	}
	odd = odd[:n]
	if !BF16Native() {
		second := dst[ld : ld+n]
		for i, e := range even {
			o := odd[i]
			dst[i], second[i] = RoundBF16(o), RoundBF16(e)
		}
		return
	}
	dst = dst[:n]
	m := n &^ 15
	if m > 0 {
		active.pairBF16(&dst[0], &even[0], &odd[0], m)
	}
	for i := m; i < n; i++ {
		dst[i] = math.Float32frombits(uint32(bf16Bits(even[i])) | uint32(bf16Bits(odd[i]))<<16)
	}
}

var zeros [4096]float32

// MulPanelBF16 is MulPanel on words of bfloat16: a.K, its strides and the panel's rows count words.
func MulPanelBF16(c []float32, ldc, m, n int, a A, panel []float32, add bool) {
	mulPanel(bf16Product, c, ldc, m, n, a, panel, 0, add)
}

// Int8Lanes returns how many 8-bit elements a word holds.
func Int8Lanes() int {
	if Int8Native() {
		return 4
	}
	return 1
}

// Quantize writes round(x·inv + zero), ties to even, held in [0, 255], NaN as 0, of each element, Int8Lanes a word. len(src) is a multiple
// of 4.
func Quantize(dst, src []float32, inv, zero float32) {
	n := len(src)
	if n == 0 {
		return
	}
	q := func(x float32) float32 {
		return float32(math.RoundToEven(float64(min(max(fma(x, inv, zero), 0), 255))))
	}
	if !Int8Native() {
		for i, x := range src {
			dst[i] = q(x)
		}
		return
	}
	bytes := unsafe.Slice((*uint8)(unsafe.Pointer(&dst[0])), 4*len(dst))[:n]
	m := n &^ 15
	if m > 0 {
		active.quantize(&bytes[0], &src[0], inv, zero, m)
	}
	for i := m; i < n; i++ {
		bytes[i] = uint8(q(src[i]))
	}
}

// PackInt8 writes k rows of n signed integers b[p·n + j], k a multiple of 4, as the words of packed panels (PackB's layout, of
// k/Int8Lanes rows).
func PackInt8(dst []float32, b []int8, k, n int) {
	lanes := Int8Lanes()
	words := k / lanes
	p := active.panel
	for j := 0; j < n; j += p {
		cols := min(p, n-j)
		w := active.tiles[active.set(cols)].width
		d := dst[PackedOffset(words, j):]
		for i := range words {
			for c := range w {
				v := float32(0)
				switch {
				case c >= cols:
				case lanes == 1:
					v = float32(b[i*n+j+c])
				default:
					u := uint32(0)
					for l := range lanes {
						u |= uint32(uint8(b[(i*lanes+l)*n+j+c])) << (8 * l)
					}
					v = math.Float32frombits(u)
				}
				d[i*w+c] = v
			}
		}
	}
}

// exactSteps is how many products of 255·127 a float32 sums exactly.
const exactSteps = 512

// MulPanelInt8 is MulPanel on words of 8-bit integers, unsigned of a (Quantize) and signed of the panel (PackInt8): the sums are
// exact in 32 bits for up to 66000 steps. a.K and strides count words. scratch has m·n floats.
func MulPanelInt8(c []int32, ldc, m, n int, a A, panel, scratch []float32) {
	if m <= 0 || n <= 0 {
		return
	}
	_ = c[(m-1)*ldc+n-1]
	if Int8Native() || a.K <= 0 { // no steps are a sum of zero, whose bits are a float's, too
		mulPanel(int8Product, unsafe.Slice((*float32)(unsafe.Pointer(&c[0])), len(c)), ldc, m, n, a, panel, 0, false)
		return
	}
	width := active.tiles[active.set(n)].width
	first := true
	for r := range max(a.Runs, 1) {
		for k := 0; k < a.K; k += exactSteps {
			part := a
			part.Data, part.Runs, part.K = a.Data[r*a.RunStride+k:], 1, min(exactSteps, a.K-k)
			mulPanel(floatProduct, scratch, n, m, n, part, panel[(r*a.K+k)*width:], 0, false)
			for i := range m {
				row := c[i*ldc : i*ldc+n]
				for j, v := range scratch[i*n : i*n+n] {
					if first {
						row[j] = int32(v)
					} else {
						row[j] += int32(v)
					}
				}
			}
			first = false
		}
	}
}

// Dequantize sets dst[j] = float32(sum[j] - minus[j])·scale[j]. dst may share sum's memory.
func Dequantize(dst []float32, sum, minus []int32, scale []float32) {
	n := len(dst)
	sum, minus, scale = sum[:n], minus[:n], scale[:n]
	m := 0
	if m = n &^ 15; active.dequantize != nil && m > 0 {
		active.dequantize(&dst[0], &sum[0], &minus[0], &scale[0], m)
	} else {
		m = 0
	}
	for j := m; j < n; j++ {
		dst[j] = float32(sum[j]-minus[j]) * scale[j]
	}
}

// Range returns the least and the greatest element and zero: lo <= 0 <= hi. With a NaN in x both are NaN.
func Range(x []float32) (lo, hi float32) {
	m := 0
	if m = len(x) &^ 63; active.rangeOf != nil && m > 0 {
		lo, hi = active.rangeOf(&x[0], m)
	} else {
		m = 0
	}
	for _, v := range x[m:] {
		lo, hi = min(lo, v), max(hi, v) // NaN stays
	}
	return lo, hi
}
