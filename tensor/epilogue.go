package tensor

import (
	"unsafe"

	"github.com/tessera-go/tessera/simd"
)

// An Epilogue is what happens to the output of a convolution or a product while it is still in a cache: what a batch normalisation with
// frozen statistics or a bias, a residual addition and a ReLU or GELU would do in a pass of their own, with the same bits.
//
//	y[... c] = relu?(y[... c]·Scale[c] + Shift[c] + Add[... c])    GELU = gelu(y)
type Epilogue struct {
	Scale, Shift []float32 // of the output's channels
	Add          *Tensor   // of the output's shape, or nil; not the output itself
	ReLU         bool
	GELU         *Tensor // is set to the GELU of the output, which stays; may be the output itself; nil for none
}

// apply works on n channels from j on of pixels p0 to p1 of y, whose memory is [pixels c]. A nil epilogue does nothing.
func (e *Epilogue) apply(y []float32, c, p0, p1, j, n int) {
	if e == nil || p0 >= p1 {
		return
	}
	if j == 0 && n == c {
		e.rows(y, p0*c, p1*c, 0, c)
		return
	}
	for p := p0; p < p1; p++ {
		e.rows(y, p*c+j, p*c+j+n, j, n)
	}
}

func (e *Epilogue) rows(y []float32, lo, hi, j, n int) {
	d, scale, shift := y[lo:hi], e.Scale[j:j+n], e.Shift[j:j+n]
	switch {
	case e.Add != nil && e.ReLU:
		simd.AffineAddReLURows(d, d, e.Add.Data[lo:hi], scale, shift)
	case e.Add != nil:
		simd.AffineAddRows(d, d, e.Add.Data[lo:hi], scale, shift)
	case e.ReLU:
		simd.AffineReLURows(d, d, scale, shift)
	default:
		simd.AffineRows(d, d, scale, shift)
	}
	if e.GELU != nil {
		simd.GELU(e.GELU.Data[lo:hi], d)
	}
}

// Packed holds the weights of one convolution or linear layer in the forms that its forward passes have asked for, each
// precision's its own, so that inference packs and transforms them once. The weights must not change, nor the level of package
// simd, while it is in use. The zero value is ready; it is for one goroutine at a time.
type Packed struct {
	set      *PackedSet            // whose memory it takes; nil: its own
	forms    map[form][]float32    // in panels
	int8     *int8Weights          // quantized
	winograd map[*winograd]*packed // transformed
}

// form is what panels of the same weights differ in.
type form struct {
	product bool // blocks of a matrix product; else all rows of a panel together, for an implicit one
	low     bool // words of bfloat16
	groups  int  // of an implicit product
}

type packed struct {
	data []float32
	size int
}

func (k *Packed) of(f *winograd) *packed {
	if k.winograd == nil {
		k.winograd = map[*winograd]*packed{}
	}
	if k.winograd[f] == nil {
		k.winograd[f] = &packed{}
	}
	return k.winograd[f]
}

// form returns what fill writes into so many floats: kept, or for a nil k borrowed, and to be given back.
func (k *Packed) form(f form, size int, fill func(packed []float32)) []float32 {
	if k == nil {
		p := borrow(size)
		fill(p)
		return p
	}
	p := k.forms[f]
	if p == nil {
		if k.forms == nil {
			k.forms = map[form][]float32{}
		}
		p = k.alloc(size)
		fill(p)
		k.forms[f] = p
	}
	return p
}

// A PackedSet holds the packed weights of a network side by side in large pages: a pass over few images reads all of them once,
// and would otherwise wait for the address cache. The zero value is ready.
type PackedSet struct {
	of   map[weight]*Packed
	slab []float32 // what is left of the last piece of memory
}

// weight tells weights apart by their memory: a view of another shape is the same one, packed in the same way, if it has as many
// columns.
type weight struct {
	data       *float32
	size, cols int
}

// Of returns the packed form of w, empty at first.
func (s *PackedSet) Of(w *Tensor) *Packed {
	id := weight{unsafe.SliceData(w.Data), len(w.Data), w.Dim(-1)}
	k := s.of[id]
	if k == nil {
		if s.of == nil {
			s.of = map[weight]*Packed{}
		}
		k = &Packed{set: s}
		s.of[id] = k
	}
	return k
}

// slabFloats is how much memory a PackedSet takes at once: 32 MiB, of which the system gives what is touched.
const slabFloats = 8 << 20

func (k *Packed) alloc(n int) []float32 {
	if k.set == nil {
		return alloc(n, n)
	}
	s := k.set
	size := (n + 15) &^ 15
	if size > len(s.slab) {
		room := max(size, slabFloats)
		s.slab = alloc(room, room)
	}
	b := s.slab[:n:n]
	s.slab = s.slab[size:]
	return b
}
