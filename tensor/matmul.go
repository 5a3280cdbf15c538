package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// The block of k is a constant, not a cache size: an element of C is the sum, in order, of fused sums over blocks of
// kBlock, whatever the machine. 256 rows of a panel are 32 KiB with AVX-512, 16 KiB with AVX2: they stay in L1.
const kBlock = 256

const (
	mBlock = 112  // rows of A that a worker takes: a multiple of 14, 8, 7 and 4, about 115 KiB of one k block
	nBlock = 2048 // columns of B packed at a time: 2 MiB of one k block
)

// Matrix is a matrix in row-major memory, rows LD apart.
type Matrix struct {
	Data       []float32
	Rows, Cols int
	LD         int  // 0 means Cols
	Transposed bool // use the transpose: the operand is then Cols by Rows
}

func (m Matrix) dims() (rows, cols, ld int) {
	ld = m.LD
	if ld == 0 {
		ld = m.Cols
	}
	if m.Transposed {
		return m.Cols, m.Rows, ld
	}
	return m.Rows, m.Cols, ld
}

// Gemm computes c = alpha·a·b + beta·c. With beta 0 c need not be initialised.
func Gemm(alpha float32, a, b Matrix, beta float32, c Matrix) {
	m, k, lda := a.dims()
	kb, n, ldb := b.dims()
	cm, cn, ldc := c.dims()
	if k != kb || m != cm || n != cn || c.Transposed {
		fail("Gemm", "[%d %d] · [%d %d] into [%d %d]", m, k, kb, n, cm, cn)
	}
	if beta != 0 && beta != 1 {
		for i := range m {
			simd.Scale(c.Data[i*ldc:i*ldc+n], beta, c.Data[i*ldc:])
		}
	}
	gemmFused(c.Data, ldc, m, n, k, a.Data, lda, a.Transposed, b.Data, ldb, b.Transposed, alpha, beta != 0, nil, nil, false)
}

// gemm is a product of a network, of a precision.
func gemm(c []float32, ldc, m, n, k int, a []float32, lda int, ta bool, b []float32, ldb int, tb bool, add bool, p Precision) {
	gemmFused(c, ldc, m, n, k, a, lda, ta, b, ldb, tb, 1, add, nil, nil, p == BFloat16)
}

// gemmFused is gemm with an epilogue, for which ldc is n, with b packed by packGemm where ready is not nil, and in bfloat16 where
// low is set and the shape allows.
func gemmFused(c []float32, ldc, m, n, k int, a []float32, lda int, ta bool, b []float32, ldb int, tb bool, alpha float32, add bool, ready []float32, e *Epilogue, low bool) {
	low = low && lowShape(m, n, k)
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		for i := 0; i < m && !add; i++ {
			clear(c[i*ldc : i*ldc+n])
		}
		e.apply(c, ldc, 0, m, 0, n)
		return
	}
	// the order of an element's sum depends on the shape alone: slices or not; fewRows has the order of the loop below
	few := tb && m <= fewRows && n >= 4*fewRows
	switch {
	case few && m <= simd.Panel() && e == nil:
		gemmFewRows(c, ldc, m, n, k, a, lda, ta, b, ldb, alpha, add)
		return
	case !few && k >= slicedBlocks*kBlock && m*n <= slicedResult:
		gemmSliced(c, ldc, m, n, k, a, lda, ta, b, ldb, tb, alpha, add, low)
		e.apply(c, ldc, 0, m, 0, n)
		return
	}
	if plain(n, lda, ldb, ta, tb, alpha, low) {
		gemmPlain(c, ldc, m, n, k, a, lda, b, ldb, add, e)
		return
	}
	panel := simd.Panel()
	for j0 := 0; j0 < n; j0 += nBlock {
		cols := min(nBlock, n-j0)
		// as many blocks of k as fit are packed at once: a piece of c then stays in a cache while all of them are added to it
		blocks := (k + kBlock - 1) / kBlock
		step := blocks
		if ready == nil {
			step = min(blocks, max(1, packedFloats/simd.PackedSize(kBlock, cols)))
		}
		size := simd.PackedSize(rowsOf(kBlock, low), cols) // of a whole block
		for b0 := 0; b0 < blocks; b0 += step {
			b1 := min(blocks, b0+step)
			packed := ready
			if ready == nil {
				packed = borrow((b1-b0)*size + cols + panel)
				packGemm(packed, b, ldb, tb, j0, b0*kBlock, min(k, b1*kBlock), cols, alpha, low)
			}
			rows, group := pieces(m, cols)
			groups := (cols + group - 1) / group
			parallel.For(rows*groups, func(t int) {
				i0, g0 := t/groups*mBlock, t%groups*group
				mm, g1 := min(mBlock, m-i0), min(cols, g0+group)
				var copied []float32
				if low {
					copied = borrow(lowSize(mm, kBlock))
				} else if g1-g0 > 2*panel && awkward(lda, ta) {
					copied = borrow(copiedSize(mm, kBlock))
				}
				for bl := b0; bl < b1; bl++ {
					kk := min(kBlock, k-bl*kBlock)
					op := blockOf(a, lda, ta, i0, mm, bl*kBlock, kk, copied, low)
					block := packed[(bl-b0)*size:]
					for j := g0; j < g1; j += panel {
						op.Fetch = copied == nil && j == g0
						mulPanel(low, c[i0*ldc+j0+j:], ldc, mm, min(panel, g1-j), op, block[simd.PackedOffset(rowsOf(kk, low), j):], add || bl > 0)
					}
				}
				if copied != nil {
					giveBack(copied)
				}
				if b1 == blocks {
					e.apply(c, ldc, i0, i0+mm, j0+g0, g1-g0)
				}
			})
			if ready == nil {
				giveBack(packed)
			}
		}
		if ready != nil {
			ready = ready[packedBlocks(k, cols, low):]
		}
	}
}

// pieces returns how a product is cut for the workers: into blocks of mBlock rows, and groups of whole panels of its n columns, the more the fewer the rows. Sums do not depend
// on it; every group reads its rows anew.
func pieces(m, n int) (rows, group int) {
	rows, group = (m+mBlock-1)/mBlock, n
	if w := parallel.Workers(); w > 1 && rows < 8*w {
		panel := simd.Panel()
		group = max(panel, (n*rows/(8*w)+panel-1)/panel*panel)
	}
	return rows, group
}

// widePanel is from how many columns on a panel need not be packed: those of AVX-512.
const widePanel = 32

// plain tells whether both operands are read where they lie: columns of a, and whole panels of b. A panel's lines then fall on few sets of the first-level cache and come from the
// second for every tile: in time for a tile of 28 registers, not for one of twelve. Lines 4 KiB apart would fall on few sets of the second too.
func plain(n, lda, ldb int, ta, tb bool, alpha float32, low bool) bool {
	return ta && !tb && !low && alpha == 1 && simd.Panel() >= widePanel && n%simd.Panel() == 0 && lda%1024 != 0 && ldb%1024 != 0
}

// A plain product of more than plainWide columns is computed plainGroup at a time: so few that mBlock rows of them, to which every block of
// k adds, stay in the second-level cache beside what is read.
const (
	plainWide  = 512
	plainGroup = 192
)

// gemmPlain computes a plain product, with an epilogue.
func gemmPlain(c []float32, ldc, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool, e *Epilogue) {
	rows, group := pieces(m, n)
	if n > plainWide {
		group = min(group, plainGroup)
	}
	groups := (n + group - 1) / group
	parallel.For(rows*groups, func(t int) {
		i0, j0 := t/groups*mBlock, t%groups*group
		mm, cols := min(mBlock, m-i0), min(group, n-j0)
		mulPlain(c[i0*ldc+j0:], ldc, mm, cols, k, a[i0:], lda, b[j0:], ldb, add)
		e.apply(c, ldc, i0, i0+mm, j0, cols)
	})
}

// mulPlain computes m rows of n columns of such a product of k steps: m is up to mBlock. Every step of a and b is fetched to the second-level cache while the block before it is
// multiplied.
func mulPlain(c []float32, ldc, m, n, k int, a []float32, lda int, b []float32, ldb int, add bool) {
	panel := simd.Panel()
	for k0 := 0; k0 < k; k0 += kBlock {
		op := simd.A{Data: a[k0*lda:], LD: lda, K: min(kBlock, k-k0), Transposed: true}
		for j := 0; j < n; j += panel {
			op.Fetch = j == 0
			simd.MulPlain(c[j:], ldc, m, op, b[k0*ldb+j:], ldb, add || k0 > 0)
		}
	}
}

// blockOf returns kk columns from k0 on of mm rows of a from i0 on: where they lie, or in copied, if there is some, rounded where low
// is set.
func blockOf(a []float32, lda int, ta bool, i0, mm, k0, kk int, copied []float32, low bool) simd.A {
	at := i0*lda + k0
	if ta {
		at = k0*lda + i0
	}
	op := simd.A{Data: a[at:], LD: lda, K: kk, Transposed: ta}
	switch {
	case low:
		return lowBlock(copied, op, mm)
	case copied != nil:
		return copyBlock(copied, op, mm)
	}
	return op
}

// packedFloats is how much of b is packed at once: 8 MiB.
const packedFloats = 2 << 20

// packedBlocks returns how many floats k rows of cols columns take, packed by blocks of kBlock.
func packedBlocks(k, cols int, low bool) int {
	size := k / kBlock * simd.PackedSize(rowsOf(kBlock, low), cols)
	if rest := k % kBlock; rest > 0 {
		size += simd.PackedSize(rowsOf(rest, low), cols)
	}
	return size
}

// rowsOf returns how many rows of packed panels k rows are.
func rowsOf(k int, low bool) int {
	if low {
		return simd.BF16Words(k)
	}
	return k
}

// mulPanel is simd.MulPanel on floats or on words of bfloat16.
func mulPanel(low bool, c []float32, ldc, m, n int, a simd.A, panel []float32, add bool) {
	if low {
		simd.MulPanelBF16(c, ldc, m, n, a, panel, add)
	} else {
		simd.MulPanel(c, ldc, m, n, a, panel, add)
	}
}

// fewRows is up to how many rows of a are the smaller side to pack, when b is transposed.
const fewRows = 16

// gemmFewRows computes the transpose, b·aᵀ: b is read once, where it lies, in place of being packed.
func gemmFewRows(c []float32, ldc, m, n, k int, a []float32, lda int, ta bool, b []float32, ldb int, alpha float32, add bool) {
	blocks := (k + kBlock - 1) / kBlock
	width := simd.PackedSize(1, m)
	packed := borrow(k * width)
	defer giveBack(packed)
	for k0 := 0; k0 < k; k0 += kBlock {
		kk := min(kBlock, k-k0)
		dst := packed[k0*width : (k0+kk)*width]
		if ta {
			simd.PackB(dst, kk, 0, a[k0*lda:], kk, m, lda)
		} else {
			simd.PackBT(dst, kk, 0, a[k0:], kk, m, lda)
		}
		if alpha != 1 {
			simd.Scale(dst, alpha, dst)
		}
	}
	const piece = 56
	parallel.Chunks(n, piece, func(lo, hi int) {
		var t [piece * fewRows]float32
		for bl := range blocks {
			k0 := bl * kBlock
			simd.MulPanel(t[:], m, hi-lo, m, simd.A{Data: b[lo*ldb+k0:], LD: ldb, K: min(kBlock, k-k0)}, packed[k0*width:], false)
			for i := range m { // as gemm adds: a block's sum to what is there
				row := c[i*ldc+lo : i*ldc+hi]
				for j := range row {
					if v := t[j*m+i]; bl == 0 && !add {
						row[j] = v
					} else {
						row[j] += v
					}
				}
			}
		}
	})
}

// A product with a long sum and a small result, such as the gradient of a 1x1 convolution's weights, is cut along k:
// each slice of the blocks is summed by one worker on its own, and the slices are added in order.
const (
	slicedBlocks = 16      // from so many blocks of k on
	slicedResult = 1 << 17 // up to so many elements of c
	slices       = 8
)

func gemmSliced(c []float32, ldc, m, n, k int, a []float32, lda int, ta bool, b []float32, ldb int, tb bool, alpha float32, add, low bool) {
	blocks := (k + kBlock - 1) / kBlock
	parts := borrow(slices * m * n)
	defer giveBack(parts)
	panel := simd.Panel()
	parallel.For(slices, func(i int) {
		part := parts[i*m*n : (i+1)*m*n]
		first := i * blocks / slices
		if plain(n, lda, ldb, ta, tb, alpha, low) {
			k0, k1 := first*kBlock, min(k, (i+1)*blocks/slices*kBlock)
			for i0 := 0; i0 < m; i0 += mBlock {
				mulPlain(part[i0*n:], n, min(mBlock, m-i0), n, k1-k0, a[k0*lda+i0:], lda, b[k0*ldb:], ldb, false)
			}
			return
		}
		packed := borrow(simd.PackedSize(kBlock, n))
		defer giveBack(packed)
		copied := borrow(max(lowSize(mBlock, kBlock), copiedSize(mBlock, kBlock)))
		defer giveBack(copied)
		for bl := first; bl < (i+1)*blocks/slices; bl++ {
			k0 := bl * kBlock
			kk := min(kBlock, k-k0)
			packColumns(packed, b, ldb, tb, 0, k0, kk, 0, n, alpha, low)
			at := k0
			if ta {
				at = k0 * lda
			}
			op := simd.A{Data: a[at:], LD: lda, K: kk, Transposed: ta}
			for i0 := 0; i0 < m; i0 += mBlock { // a block of rows and a panel stay in the first-level cache
				rows, mm := op, min(mBlock, m-i0)
				if ta {
					rows.Data = op.Data[i0:]
				} else {
					rows.Data = op.Data[i0*lda:]
				}
				if low {
					rows = lowBlock(copied, rows, mm)
				} else if n > 2*panel && lda%16 == 0 {
					rows = copyBlock(copied, rows, mm)
				}
				for j := 0; j < n; j += panel {
					mulPanel(low, part[i0*n+j:], n, mm, min(panel, n-j), rows, packed[simd.PackedOffset(rowsOf(kk, low), j):], bl > first)
				}
			}
		}
	})
	parallel.Chunks(m, max(1, chunk/(slices*n)), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			sumSlices(c[r*ldc:r*ldc+n], parts[r*n:], m*n, add)
		}
	})
}

// sumSlices sets dst to the sum of the slices of parts, size apart, or adds it.
func sumSlices(dst, parts []float32, size int, add bool) {
	if add {
		simd.Add(dst, dst, parts)
	} else {
		copy(dst, parts)
	}
	for i := 1; i < slices; i++ {
		simd.Add(dst, dst, parts[i*size:])
	}
}

// packGemm packs rows k0 to k1 of cols columns from j0 on of alpha·b, block of kBlock by block, as words of bfloat16 where low is
// set.
func packGemm(packed, b []float32, ldb int, tb bool, j0, k0, k1, cols int, alpha float32, low bool) {
	step := 4 * simd.Panel()
	pieces := (cols + step - 1) / step
	size := simd.PackedSize(rowsOf(kBlock, low), cols)
	parallel.For((k1-k0+kBlock-1)/kBlock*pieces, func(t int) {
		bl, lo := t/pieces, t%pieces*step
		at := k0 + bl*kBlock
		packColumns(packed[bl*size:], b, ldb, tb, j0, at, min(kBlock, k1-at), lo, min(cols, lo+step), alpha, low)
	})
}

// packColumns packs the columns j0+lo to j0+hi, lo a multiple of the panel.
func packColumns(packed, b []float32, ldb int, tb bool, j0, k0, kk, lo, hi int, alpha float32, low bool) {
	size := simd.PackedSize(kk, hi-lo)
	var dst []float32
	if low {
		dst = borrow(size)
		defer giveBack(dst)
	} else {
		dst = packed[simd.PackedOffset(kk, lo):][:size]
	}
	if tb {
		simd.PackBT(dst, kk, 0, b[(j0+lo)*ldb+k0:], kk, hi-lo, ldb)
	} else {
		simd.PackB(dst, kk, 0, b[k0*ldb+j0+lo:], kk, hi-lo, ldb)
	}
	if alpha != 1 {
		simd.Scale(dst, alpha, dst)
	}
	if low {
		roundPanels(packed[simd.PackedOffset(simd.BF16Words(kk), lo):], dst, kk, hi-lo)
	}
}

// packAllSize returns how many floats packAll writes.
func packAllSize(k, n int, low bool) int {
	size := 0
	for j0 := 0; j0 < n; j0 += nBlock {
		size += packedBlocks(k, min(nBlock, n-j0), low)
	}
	return size
}

// packAll packs all of b [k n] as gemmFused reads it.
func packAll(packed, b []float32, k, n int, low bool) {
	for j0 := 0; j0 < n; j0 += nBlock {
		cols := min(nBlock, n-j0)
		packGemm(packed, b, n, false, j0, 0, k, cols, 1, low)
		packed = packed[packedBlocks(k, cols, low):]
	}
}

// awkward tells whether rows lda apart are better copied: fourteen rows 4 KiB apart fall on one set of the first-level cache, which has eight or twelve ways; rows of a transposed
// block fall on many pages.
func awkward(lda int, transposed bool) bool { return lda%1024 == 0 || transposed && lda > 256 }

// oddLines returns n rounded up to an odd number of cache lines, so that rows so far apart fall on all sets of a cache.
func oddLines(n int) int { return ((n+15)/16 | 1) * 16 }

// copiedSize returns how many floats copyBlock writes for m rows of k steps.
func copiedSize(m, k int) int { return max(m*(k+16), oddLines(m)*k) }

// copyBlock copies m rows of op to dst, lines 64 bytes off the powers of two.
func copyBlock(dst []float32, op simd.A, m int) simd.A {
	if op.Transposed {
		ld := oddLines(m)
		for p := range op.K {
			copy(dst[p*ld:p*ld+m], op.Data[p*op.LD:p*op.LD+m])
		}
		return simd.A{Data: dst, LD: ld, K: op.K, Transposed: true}
	}
	ld := op.K + 16
	for i := range m {
		copy(dst[i*ld:i*ld+op.K], op.Data[i*op.LD:i*op.LD+op.K])
	}
	return simd.A{Data: dst, LD: ld, K: op.K}
}

// rows2 returns x as a matrix: all axes but the last are rows.
func rows2(x *Tensor) (rows, cols int) {
	last := len(x.Shape) - 1
	return Size(x.Shape[:last]), x.Shape[last]
}

// MatMulShape returns the shape of a·b: [... M K] · [K N] -> [... M N].
func MatMulShape(a, b []int) []int {
	if len(a) < 1 || len(b) != 2 || a[len(a)-1] != b[0] {
		fail("MatMul", "%v · %v: the last side of the first must be the first of the second", a, b)
	}
	return append(append([]int(nil), a[:len(a)-1]...), b[1])
}

// MatMul sets c to a·b, [M K] · [K N]; leading axes of a count as rows.
func MatMul(c, a, b *Tensor, p Precision) { matMul(c, a, b, false, p) }

// AddMatMul adds a·b to c.
func AddMatMul(c, a, b *Tensor, p Precision) { matMul(c, a, b, true, p) }

func matMul(c, a, b *Tensor, add bool, p Precision) {
	m, k := rows2(a)
	n := b.Dim(-1)
	if len(b.Shape) != 2 || b.Shape[0] != k || len(c.Data) != m*n {
		fail("MatMul", "%v · %v into %v", a.Shape, b.Shape, c.Shape)
	}
	gemm(c.Data, n, m, n, k, a.Data, k, false, b.Data, n, false, add, p)
}

// matMulFused sets c to a·b, with an epilogue or nil and kept weights or nil.
func matMulFused(c, a, b *Tensor, e *Epilogue, keep *Packed, p Precision) {
	m, k := rows2(a)
	n := b.Dim(-1)
	if len(b.Shape) != 2 || b.Shape[0] != k || len(c.Data) != m*n {
		fail("MatMul", "%v · %v into %v", a.Shape, b.Shape, c.Shape)
	}
	low := p == BFloat16 && lowShape(m, n, k)
	var ready []float32
	if keep != nil {
		ready = keep.form(form{product: true, low: low}, packAllSize(k, n, low), func(packed []float32) { packAll(packed, b.Data, k, n, low) })
	}
	gemmFused(c.Data, n, m, n, k, a.Data, k, false, b.Data, n, false, 1, false, ready, e, low)
}

// MatMulNT sets c to a·bᵀ, or adds it: [M K] · [N K]ᵀ -> [M N].
func MatMulNT(c, a, b *Tensor, add bool, p Precision) {
	m, k := rows2(a)
	n, kb := rows2(b)
	if k != kb || len(c.Data) != m*n {
		fail("MatMulNT", "%v · %vᵀ into %v", a.Shape, b.Shape, c.Shape)
	}
	gemm(c.Data, n, m, n, k, a.Data, k, false, b.Data, k, true, add, p)
}

// MatMulTN sets c to aᵀ·b, or adds it: [K M]ᵀ · [K N] -> [M N].
func MatMulTN(c, a, b *Tensor, add bool, p Precision) {
	k, m := rows2(a)
	kb, n := rows2(b)
	if k != kb || len(c.Data) != m*n {
		fail("MatMulTN", "%vᵀ · %v into %v", a.Shape, b.Shape, c.Shape)
	}
	gemm(c.Data, n, m, n, k, a.Data, m, true, b.Data, n, false, add, p)
}

// Linear sets y to x·w + b: x [... I], w [I O], b [O] or nil.
func Linear(y, x, w, b *Tensor, p Precision) { LinearKept(y, x, w, b, nil, nil, nil, p) }

// LinearKept sets y to x·w + b + add, b [O] or nil, add of y's shape or nil, and gelu, unless it is nil, to the GELU of that; gelu may be y.
// The weights may be kept in their packed form.
func LinearKept(y, x, w, b, add, gelu *Tensor, keep *Packed, p Precision) {
	if b == nil && add == nil && gelu == nil {
		matMulFused(y, x, w, nil, keep, p)
		return
	}
	c := y.Dim(-1)
	if b != nil && len(b.Data) != c {
		fail("Linear", "bias %v for rows of %d", b.Shape, c)
	}
	for _, t := range []*Tensor{add, gelu} {
		if t != nil {
			sameShapes("Linear", y, t)
		}
	}
	var shift []float32
	if b != nil {
		shift = b.Data
	}
	scale, shift, done := orConstant(nil, 1, shift, c)
	defer done()
	matMulFused(y, x, w, &Epilogue{Scale: scale, Shift: shift, Add: add, GELU: gelu}, keep, p)
}

// AddBias adds b [C] to every row of y [... C].
func AddBias(y, b *Tensor) {
	rows, c := rows2(y)
	if len(b.Data) != c {
		fail("AddBias", "bias %v for rows of %d", b.Shape, c)
	}
	step := max(1, chunk/max(c, 1))
	parallel.Chunks(rows, step, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := y.Data[r*c : (r+1)*c]
			simd.Add(row, row, b.Data)
		}
	})
}

// rowChunk is how many rows of c columns are summed by one worker before the sums are joined: it fixes the order of
// the sum, so it depends on c alone.
func rowChunk(c int) int { return max(16, 1<<15/max(c, 1)) }

// AddSumRows adds to s [C] the sum over all rows of x [... C]; see columnSums.
func AddSumRows(s, x *Tensor) {
	rows, c := rows2(x)
	if len(s.Data) != c {
		fail("AddSumRows", "sum %v of rows of %d", s.Shape, c)
	}
	columnSums(rows, c, func(sums []float32, lo, hi int) { simd.SumRows(sums, x.Data[lo*c:], hi-lo) }, func(sums []float64) {
		for j, v := range sums {
			s.Data[j] += float32(v)
		}
	}, 1)
}

// sumBlock is how many rows of c columns a kernel sums one after the other: one of few rows, so that a small sum is rounded once an
// element, and up to mostSumRows of many.
func sumBlock(rows, c int) int { return min(mostSumRows, max(1, rows*c/512)) }

const mostSumRows = 64

// columnSums calls f on blocks of rows with k zeroed sums of c columns each, joins them in float64, in an order that depends on the shape
// alone, and calls use with the k·c sums.
func columnSums(rows, c int, f func(sums []float32, lo, hi int), use func(sums []float64), k int) {
	step, size := rowChunk(c), k*c
	n := (rows + step - 1) / step
	parts, done := borrow64((n + 1) * size)
	defer done()
	clear(parts)
	parallel.Chunks(rows, step, func(lo, hi int) { blockSums(parts[(lo/step+1)*size:][:size], sumBlock(rows, c), lo, hi, f) })
	total := parts[:size]
	for i := 1; i <= n; i++ {
		for j, v := range parts[i*size:][:size] {
			total[j] += v
		}
	}
	use(total)
}

// blockSums adds to sums what f makes of blocks of the rows lo to hi. Blocks of many rows are first added by fours in float32, which
// rounds four times where one after the other would have rounded 256 times: joining in float64 goes number by number.
func blockSums(sums []float64, block, lo, hi int, f func(sums []float32, lo, hi int)) {
	room := borrow(2 * len(sums))
	defer giveBack(room)
	part, four := room[:len(sums)], room[len(sums):2*len(sums)]
	few := 1
	if block == mostSumRows {
		few = 4
	}
	for lo < hi {
		clear(four)
		f(four, lo, min(hi, lo+block))
		lo += block
		for i := 1; i < few && lo < hi; i++ {
			clear(part)
			f(part, lo, min(hi, lo+block))
			simd.Add(four, four, part)
			lo += block
		}
		for j, v := range four {
			sums[j] += float64(v)
		}
	}
}
