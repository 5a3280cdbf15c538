package tensor

import (
	"github.com/tessera-go/tessera/internal/names"
	"github.com/tessera-go/tessera/simd"
)

// Precision is what products multiply; sums are float32 or exact in each case, and tensors stay float32. Convolutions by Winograd
// stay float32 under BFloat16, and so do products of few rows or columns, which wait for memory; what has no gradient of that
// precision stays float32 under Int8.
type Precision int

// The precisions.
const (
	Float32  Precision = iota
	BFloat16           // operands of matrix products and 1x1 convolutions rounded to 8 bits of mantissa
	Int8               // convolutions of inference: weights of 8 bits by output channel, inputs of 8 bits by image
)

var precisions = names.Of("precision", "float32", "bfloat16", "int8")

// PrecisionNames returns the names of the precisions.
func PrecisionNames() []string { return precisions.All() }

// String returns the name that UnmarshalText reads.
func (p Precision) String() string { return precisions.String(int(p)) }

// MarshalText returns the name.
func (p Precision) MarshalText() ([]byte, error) { return precisions.Marshal(int(p)) }

// UnmarshalText sets p to the precision of that name; the error says which there are.
func (p *Precision) UnmarshalText(text []byte) error {
	i, err := precisions.Unmarshal(text)
	if err == nil {
		*p = Precision(i)
	}
	return err
}

// Native tells whether the processor has instructions for the precision's products at the active level; elsewhere they have the
// same bits, no faster than float32 or slower.
func (p Precision) Native() bool {
	return p == Float32 || p == BFloat16 && simd.BF16Native() || p == Int8 && simd.Int8Native()
}

// lowShape tells whether a product is large enough to be done in bfloat16: it depends on the shape alone.
func lowShape(m, n, k int) bool { return m >= 16 && n >= 16 && k >= 32 }

// roundPanels writes k packed rows of n columns as words of bfloat16.
func roundPanels(dst, packed []float32, k, n int) {
	panel, words := simd.Panel(), simd.BF16Words(k)
	for j := 0; j < n; j += panel {
		w := panelWidth(min(panel, n-j))
		to, from := dst[simd.PackedOffset(words, j):], packed[simd.PackedOffset(k, j):]
		packPairs(to, w, from, w, w, k)
	}
}

// packPairs pairs k rows of n elements, ld apart, into rows of words, to apart.
func packPairs(dst []float32, to int, src []float32, ld, n, k int) {
	for p := 0; p < k; p += 2 {
		row := p / 2
		if !simd.BF16Native() {
			row = p
		}
		var odd []float32
		if p+1 < k {
			odd = src[(p+1)*ld:][:n]
		}
		simd.PackBF16Rows(dst[row*to:], to, src[p*ld:][:n], odd)
	}
}

// lowSize is how many floats lowBlock needs.
func lowSize(m, k int) int { return (m + 16) * (k + 18) }

// lowBlock copies m rows of op to dst as words of bfloat16, lines 64 bytes off the powers of two.
func lowBlock(dst []float32, op simd.A, m int) simd.A {
	words := simd.BF16Words(op.K)
	if op.Transposed {
		ld := m + 16
		packPairs(dst, ld, op.Data, op.LD, m, op.K)
		return simd.A{Data: dst, LD: ld, K: words, Transposed: true}
	}
	ld := words + 16
	for i := range m {
		simd.PackBF16(dst[i*ld:], op.Data[i*op.LD:][:op.K])
	}
	return simd.A{Data: dst, LD: ld, K: words}
}
