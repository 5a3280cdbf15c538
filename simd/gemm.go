package simd

import "unsafe"

// A matrix product is made of tiles: a few rows of C by one panel of columns, summed in registers over k in
// order. B is packed once into panels (PackB, PackBT); A is read where it lies, so neither a convolution nor a
// product needs a copy of its large side. How C is cut, and by whom, is the caller's business (package tensor).

// gemmArgs is what a tile kernel reads; see the head of gemm_avx512_amd64.s. Strides are in bytes.
type gemmArgs struct {
	a         *float32
	lda       int
	runs      int
	runStride int
	k         int
	b         *float32
	c         *float32
	ldc       int
	n         int
	acc       int
	second    int // from row 0 to row 7
	ldb       int // from a step's line of b to the next
	fetch     int // what is read next: see the kernels
	more      int
}

// tileSet is the kernels of one panel width, by number of rows.
type tileSet struct {
	width      int
	whole      bool // the kernels store all columns of the panel, also where fewer are wanted
	rows, cols map[int]tileID
	sevens     bool   // rows 7 to 13 of the tile of 14 may lie apart from rows 0 to 6
	split      []tile // for each number of rows up to maxSplit, the first of the tiles that cover them fastest
}

// tileID names a tile kernel; see runTile.
type tileID int

type tile struct {
	mr         int
	rows, cols tileID
}

// maxSplit is the largest number of rows whose cut into tiles is planned as a whole; more begin with the tile that
// this many begin with.
const maxSplit = 64

func init() {
	for _, k := range append(available(), &goKernels) {
		for _, sets := range [][]tileSet{k.tiles, k.bf16, k.int8} {
			for i := range sets {
				sets[i].plan()
			}
		}
	}
}

// plan finds, for every number of rows, the cheapest sum of tiles. A tile of mr rows by nv registers costs
// mr·nv/2 cycles a step of k on a processor with two FMA units, and at least 4, their latency.
func (s *tileSet) plan() {
	cost := make([]int, maxSplit+1)
	s.split = make([]tile, maxSplit+1)
	for m := 1; m <= maxSplit; m++ {
		best := -1
		for mr := range s.rows {
			if mr > m {
				continue
			}
			c := cost[m-mr] + max(mr, 4)
			if best < 0 || c < cost[m] || c == cost[m] && mr > best {
				best, cost[m] = mr, c
			}
		}
		s.split[m] = tile{best, s.rows[best], s.cols[best]}
	}
}

// Panel returns how many columns a packed panel has at the active level.
func Panel() int { return active.panel }

// PackedSize returns how many floats k rows of n columns take when packed.
func PackedSize(k, n int) int {
	p := active.panel
	size := n / p * p * k
	if rest := n % p; rest > 0 {
		size += k * active.tiles[active.set(rest)].width
	}
	return size
}

// PackedOffset returns where the panel that starts at column j, a multiple of Panel, lies among k packed rows.
func PackedOffset(k, j int) int { return k * j }

// set returns the index of the narrowest tile set that n columns fit in.
func (k *kernels) set(n int) int {
	for i := len(k.tiles) - 1; i > 0; i-- {
		if n <= k.tiles[i].width {
			return i
		}
	}
	return 0
}

// PackB packs b [k n], rows ldb apart, into rows at..at+k of panels of total rows: column j of row p goes to
// dst[PackedOffset(total, j0) + (at+p)·width + j-j0], j0 the panel's first column; columns beyond n are zero.
func PackB(dst []float32, total, at int, b []float32, k, n, ldb int) {
	if k == 0 || n == 0 {
		return
	}
	_ = b[(k-1)*ldb+n-1]
	_ = dst[PackedSize(total, n)-1]
	p := active.panel
	for j := 0; j < n; j += p {
		cols := min(p, n-j)
		w := active.tiles[active.set(cols)].width
		d := dst[total*j+at*w:]
		if cols == p && active.copyRows != nil {
			active.copyRows(&d[0], &b[j], 4*ldb, k)
			continue
		}
		for i := range k {
			row := d[i*w : i*w+w]
			clear(row[copy(row, b[i*ldb+j:i*ldb+j+cols]):])
		}
	}
}

// PackBT packs the transpose of b [n k], rows ldb apart, as PackB packs [k n].
func PackBT(dst []float32, total, at int, b []float32, k, n, ldb int) {
	if k == 0 || n == 0 {
		return
	}
	_ = b[(n-1)*ldb+k-1]
	_ = dst[PackedSize(total, n)-1]
	p := active.panel
	for j := 0; j < n; j += p {
		cols := min(p, n-j)
		w := active.tiles[active.set(cols)].width
		d := dst[total*j+at*w : total*j+(at+k)*w]
		// eight columns at a time, so that a line of dst is written in few visits
		c := 0
		for ; c+8 <= cols; c += 8 {
			s := b[(j+c)*ldb:]
			s0, s1, s2, s3 := s[:k], s[ldb:ldb+k], s[2*ldb:2*ldb+k], s[3*ldb:3*ldb+k]
			s4, s5, s6, s7 := s[4*ldb:4*ldb+k], s[5*ldb:5*ldb+k], s[6*ldb:6*ldb+k], s[7*ldb:7*ldb+k]
			from := 0
			if active.packT8 != nil && k >= 8 {
				from = k &^ 7
				active.packT8(&d[c], &s[0], 4*w, 4*ldb, from)
			}
			for i := from; i < k; i++ {
				o := d[i*w+c : i*w+c+8 : i*w+c+8]
				o[0], o[1], o[2], o[3] = s0[i], s1[i], s2[i], s3[i]
				o[4], o[5], o[6], o[7] = s4[i], s5[i], s6[i], s7[i]
			}
		}
		for ; c < cols; c++ {
			for i, v := range b[(j+c)*ldb : (j+c)*ldb+k] {
				d[i*w+c] = v
			}
		}
		for ; c < w; c++ {
			for i := range k {
				d[i*w+c] = 0
			}
		}
	}
}

// A is a matrix operand read where it lies: element (i, r, p), for row i, run r and step p of the run, is
//
//	Data[r·RunStride + i·LD + p]      Transposed false: a row's steps are neighbours
//	Data[r·RunStride + p·LD + i]      Transposed true: a step's rows are neighbours
//
// A plain matrix has one run of K steps. A convolution over channels-last images has a run per kernel row, whose
// steps are the kernel's columns and channels, neighbours in memory; rows are output pixels, which may overlap.
type A struct {
	Data       []float32
	LD         int
	Runs       int // 0 means 1
	RunStride  int
	K          int // steps of one run
	Transposed bool

	// Fetch says that what follows in memory is read next, so that it is fetched meanwhile: K more steps, or, of a matrix whose rows
	// are K long, the next rows.
	Fetch bool

	// Rows may come in groups, such as an image's rows of pixels: row i is then at (i/Group)·GroupStride + (i%Group)·LD. 0 means
	// one group. Not for transposed operands.
	Group, GroupStride int
}

// MulPanel computes m rows of one panel, C = A·B or C += A·B:
//
//	c[i·ldc+j] (+)= Σ_r Σ_p A(i, r, p) · B[r·K+p][j]      i < m, j < n <= Panel
//
// panel is one panel of Runs·K packed rows. Each element sums in order of r, then p, from zero, fused, and is then
// stored or added once: the same bits at every level. It panics if an operand is too short.
func MulPanel(c []float32, ldc, m, n int, a A, panel []float32, add bool) {
	mulPanel(floatProduct, c, ldc, m, n, a, panel, 0, add)
}

// MulPlain is MulPanel with Panel columns of a matrix that is not packed: line p of B is b[p·ldb:][:Panel]. Where A is Transposed, K more
// lines may be fetched meanwhile. It panics if lines overlap.
func MulPlain(c []float32, ldc, m int, a A, b []float32, ldb int, add bool) {
	if ldb < active.panel {
		panic("simd.MulPlain: lines of b overlap")
	}
	mulPanel(floatProduct, c, ldc, m, active.panel, a, b, ldb, add)
}

// What the words of a product's operands are; see lowp.go.
const (
	floatProduct = iota
	bf16Product
	int8Product
)

// tilesOf returns the tiles for n columns of such words.
func tilesOf(words, n int) *tileSet {
	switch {
	case words == bf16Product && active.bf16 != nil:
		return &active.bf16[active.set(n)]
	case words == int8Product && active.int8 != nil:
		return &active.int8[active.set(n)]
	}
	return &active.tiles[active.set(n)]
}

// farthest returns the largest index of a's first m rows, in groups of group.
func (a *A) farthest(m, group int) int {
	last := (max(a.Runs, 1) - 1) * a.RunStride
	if a.Transposed {
		return last + (a.K-1)*a.LD + m - 1
	}
	if group == m {
		return last + (m-1)*a.LD + a.K - 1
	}
	whole, rest := (m-1)/group, (m-1)%group
	return last + max(whole*a.GroupStride+rest*a.LD, (whole-1)*a.GroupStride+(group-1)*a.LD) + a.K - 1
}

// args returns what the kernels read of a product but where its tiles begin. It panics if an operand is too short.
func (s *tileSet) args(c []float32, ldc, m, n, group int, a *A, panel []float32, ldb int, add bool) gemmArgs {
	runs, plain := max(a.Runs, 1), ldb > 0
	if !plain {
		ldb = s.width
	}
	// the farthest elements; indexing panics here rather than in assembly
	_ = a.Data[a.farthest(m, group)]
	_ = panel[(runs*a.K-1)*ldb+s.width-1]
	_ = c[(m-1)*ldc+n-1]
	args := gemmArgs{lda: a.LD * 4, runs: runs, runStride: a.RunStride * 4, k: a.K, b: &panel[0], ldc: ldc * 4, n: n, ldb: ldb * 4}
	if plain && a.Transposed {
		args.more = a.K * args.ldb
	}
	if a.Fetch && a.Transposed {
		args.fetch = a.K * args.lda
	}
	if add {
		args.acc = 1
	}
	return args
}

// mulPanel multiplies by a packed panel, or by lines ldb apart where ldb is not 0.
func mulPanel(words int, c []float32, ldc, m, n int, a A, panel []float32, ldb int, add bool) {
	if m <= 0 || n <= 0 {
		return
	}
	if a.K <= 0 {
		for i := 0; i < m && !add; i++ {
			clear(c[i*ldc : i*ldc+n])
		}
		return
	}
	if n > active.panel {
		panic("simd.MulPanel: more columns than a panel has")
	}
	set := tilesOf(words, n)
	group := m
	if a.Group > 0 {
		group = min(m, a.Group)
	}
	args := set.args(c, ldc, m, n, group, &a, panel, ldb, add)
	step := a.LD
	if a.Transposed {
		step = 1
	}
	pa, pc := unsafe.Pointer(&a.Data[0]), unsafe.Pointer(&c[0])
	next := pa // where the group after this one begins
	if group < m {
		next = unsafe.Add(pa, a.GroupStride*4)
	}
	left := group // rows of this group
	var scratch [wholeTile]float32
	copyOut := set.whole && n < set.width
	for m > 0 {
		t := set.split[min(left, maxSplit)]
		args.second = 7 * args.lda
		two := left == 7 && group == 7 && m >= 14 && set.sevens
		if two {
			t = set.split[14]
			args.second = a.GroupStride * 4
		}
		args.a, args.c = (*float32)(pa), (*float32)(pc)
		if copyOut {
			args.c, args.ldc, args.acc = &scratch[0], set.width*4, 0
		}
		id := t.rows
		if a.Transposed {
			id = t.cols
		} else if a.Fetch && a.LD == a.K { // as much as a tile has is fetched while it is multiplied
			args.fetch, args.more = t.mr*args.lda, 4*t.mr
		}
		runTile(id, &args)
		if a.Transposed {
			args.more = 0 // the first tile has fetched it
		}
		if copyOut {
			for i := range t.mr {
				copyRow(unsafe.Slice((*float32)(unsafe.Add(pc, i*ldc*4)), n), scratch[i*set.width:], add)
			}
		}
		if m -= t.mr; m <= 0 {
			break
		}
		pc = unsafe.Add(pc, t.mr*ldc*4)
		if two {
			left = 0
			next = unsafe.Add(next, a.GroupStride*4)
		} else if left -= t.mr; left > 0 {
			pa = unsafe.Add(pa, t.mr*step*4)
		}
		if left == 0 { // the next group; beyond the last row no pointer is made
			pa, left = next, min(group, m)
			if m > left {
				next = unsafe.Add(next, a.GroupStride*4)
			}
		}
	}
}

// copyRow stores or adds as many of x as out has. Not Add: x must stay on the stack.
func copyRow(out, x []float32, add bool) {
	for j, v := range x[:len(out)] {
		if add {
			v += out[j]
		}
		out[j] = v
	}
}

// wholeTile is the largest tile of a set whose kernels store whole panels.
const wholeTile = 4 * 16

// goWidth is the panel of the Go loops.
const goWidth = 8

// goTile is the Go loop of a tile of mr <= 4 rows.
func goTile(g *gemmArgs, mr int, transposed bool) {
	var acc [4][goWidth]float32
	ldi, ldp := g.lda, 4
	if transposed {
		ldi, ldp = 4, g.lda
	}
	b := unsafe.Pointer(g.b)
	for r := range g.runs {
		for p := range g.k {
			row := (*[goWidth]float32)(b)
			for i := range mr {
				a := *(*float32)(unsafe.Add(unsafe.Pointer(g.a), r*g.runStride+i*ldi+p*ldp))
				for j, v := range row {
					acc[i][j] = fma(a, v, acc[i][j])
				}
			}
			if r < g.runs-1 || p < g.k-1 {
				b = unsafe.Add(b, g.ldb)
			}
		}
	}
	for i := range mr {
		out := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(g.c), i*g.ldc)), g.n)
		for j := range out {
			if g.acc != 0 {
				out[j] += acc[i][j]
			} else {
				out[j] = acc[i][j]
			}
		}
	}
}

// goKernels is the level Go: the reference for every other, and the fallback.
var goKernels = kernels{
	level: Go,
	add:   addGo, sub: subGo, mul: mulGo, div: divGo, scale: scaleGo, axpy: axpyGo, mulAdd: mulAddGo,
	relu: reluGo, reluGrad: reluGradGo, maximum: maximumGo,
	exp: expGo, log: logGo, sigmoid: sigmoidGo, tanh: tanhGo, gauss: gaussGo, normCDF: normCDFGo, gelu: geluGo, geluGrad: geluGradGo,
	sum: sumGo, dot: dotGo, sumSquares: sumSquaresGo, max: maxGo,
	affineRows: affineRowsGo, affineReLURows: affineReLURowsGo, affineAddRows: affineAddRowsGo, affineAddReLURows: affineAddReLURowsGo,
	normGradRows: normGradRowsGo, normGradReLURows: normGradReLURowsGo, momentRows: momentRowsGo,
	normGradSetRows: normGradSetRowsGo, normGradReLUSetRows: normGradReLUSetRowsGo, reluGradSet: reluGradSetGo, takeEqual: takeEqualGo,
	wordsMean: wordsMeanGo, wordsDot: wordsDotGo, wordsSlope: wordsSlopeGo, wordsUpdate: wordsUpdateGo, wordsAdd: wordsAddGo,
	normGradSums: normGradSumsGo, normGradReLUSums: normGradReLUSumsGo, sumRows: sumRowsGo,
	stream: streamGo, fence: fenceGo, squaresAbout: squaresAboutGo, dotAbout: dotAboutGo, layerNormRow: layerNormRowGo, layerNormGradRow: layerNormGradRowGo,
	layerNormRowStream: layerNormRowGo, layerNormGradRowStream: layerNormGradRowGo,
	clampedSum: clampedSumGo, clampedGrad: clampedGradGo, logistic: logisticGo,
	sgd: sgdGo, sgdNesterov: sgdNesterovGo, adam: adamGo,
	panel: goWidth,
	tiles: []tileSet{{width: goWidth, rows: map[int]tileID{1: 0, 2: 1, 3: 2, 4: 3}, cols: map[int]tileID{1: 4, 2: 5, 3: 6, 4: 7}}},
}
