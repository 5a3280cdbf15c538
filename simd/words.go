package simd

import "unsafe"

// Word vectors: rows of a table that is far larger than the caches, each read and changed through lists of row numbers. Rows are stride
// floats apart; n columns of them are worked on, a multiple of WordLanes, so that several workers can each have columns of their own.

// WordLanes is of how many columns the widths of these kernels are multiples: a cache line.
const WordLanes = 16

// WordsMean sets dst[0:n] to scale · Σ table[row], added in the order of rows, of which there must be one at least.
func WordsMean(dst, table []float32, rows []int32, stride, n int, scale float32) {
	if checkWords(table, rows, stride, n); len(rows) > 0 {
		_ = dst[n-1]
		active.wordsMean(&dst[0], &table[0], &rows[0], len(rows), stride, n, scale)
	}
}

// WordsLeaf is how many columns a part of WordsDot has.
const WordsLeaf = 2 * WordLanes

// WordsDot sets dst[l·apart + t] to the dot product of h and row t over columns 32l to 32l + 31, as far as there are n: the dot product is the
// sum over l, whoever computes a part. Of each part the 16 sums Σ h[j]·row[j] of equal j%16 are folded, the upper half to the lower, then
// neighbours, until one is left.
func WordsDot(dst, h, table []float32, rows []int32, stride, n, apart int) {
	if checkWords(table, rows, stride, n); len(rows) > 0 {
		if len(rows) > apart {
			panic("simd: parts of dot products overlap")
		}
		_, _ = h[n-1], dst[(n-1)/WordsLeaf*apart+len(rows)-1]
		active.wordsDot(&dst[0], &h[0], &table[0], &rows[0], len(rows), stride, n, apart)
	}
}

// WordsSlope sets dst to rate·(want - p) with p = σ(x), the slope of the logistic loss: p counts as 1 above x = 6 and as 0 below -6; with skip
// the slope is 0 from 6 on to either side. len(dst) is a multiple of 8.
func WordsSlope(dst, x, p, want []float32, rate float32, skip bool) {
	n := len(dst)
	if n%8 != 0 {
		panic("simd: slopes come in eights")
	}
	if n == 0 {
		return
	}
	_, _, _ = x[n-1], p[n-1], want[n-1]
	s := 0
	if skip {
		s = 1
	}
	active.wordsSlope(&dst[0], &x[0], &p[0], &want[0], n, rate, s)
}

// WordsUpdate adds g[t]·h to each row and sets e[0:n] to Σ g[t]·table[row] of the rows before, one row after the other, fused.
func WordsUpdate(e, h, table []float32, rows []int32, g []float32, stride, n int) {
	if checkWords(table, rows, stride, n); len(rows) > 0 {
		_, _, _ = e[n-1], h[n-1], g[len(rows)-1]
		active.wordsUpdate(&e[0], &h[0], &table[0], &rows[0], &g[0], len(rows), stride, n)
	}
}

// WordsAdd adds e[0:n] to each row.
func WordsAdd(table []float32, rows []int32, e []float32, stride, n int) {
	if checkWords(table, rows, stride, n); len(rows) > 0 {
		_ = e[n-1]
		active.wordsAdd(&table[0], &rows[0], &e[0], len(rows), stride, n)
	}
}

// WordsFetch asks for n columns of each row ahead of their use. It changes nothing.
func WordsFetch(table []float32, rows []int32, stride, n int) {
	if active.wordsFetch != nil && len(rows) > 0 {
		active.wordsFetch(&table[0], &rows[0], len(rows), stride, n)
	}
}

// WordUnits are predictions: unit i is given the rows In[InEnd[i-1]:InEnd[i]] of a table and predicts the rows Out[OutEnd[i-1]:OutEnd[i]] of another.
type WordUnits struct{ In, InEnd, Out, OutEnd []int32 }

// part returns rows of unit i.
func part(rows, ends []int32, i int) []int32 {
	if i == 0 {
		return rows[:ends[0]]
	}
	return rows[ends[i-1]:ends[i]]
}

// wordsAhead is how many units before their use rows are asked for.
const wordsAhead = 3

// WordsForward makes units from to to: their means one after the other to h, as WordsMean does, and the parts of their dot products to dots, as WordsDot
// does, those of all units side by side. Rows of the units behind are asked for on the way.
func WordsForward(h, dots, in, out []float32, u WordUnits, from, to, stride, n, apart int) {
	checkUnits(in, out, u, from, to, stride, n)
	if from == to {
		return
	}
	k := int(u.OutEnd[to-1]) - int(u.OutEnd[from]) + len(part(u.Out, u.OutEnd, from))
	if k > apart {
		panic("simd: parts of dot products overlap")
	}
	h, dots = h[:(to-from)*n], dots[:(n-1)/WordsLeaf*apart+k]
	at := 0
	for i := from; i < to; i++ {
		if ahead := i + wordsAhead; ahead < len(u.InEnd) && active.wordsFetch != nil {
			rows, targets := part(u.In, u.InEnd, ahead), part(u.Out, u.OutEnd, ahead)
			if len(rows) > 0 && len(targets) > 0 {
				active.wordsFetch(&in[0], &rows[0], len(rows), stride, n)
				active.wordsFetch(&out[0], &targets[0], len(targets), stride, n)
			}
		}
		rows, targets := part(u.In, u.InEnd, i), part(u.Out, u.OutEnd, i)
		active.wordsMean(&h[(i-from)*n], &in[0], &rows[0], len(rows), stride, n, 1/float32(len(rows)))
		if len(targets) > 0 {
			active.wordsDot(&dots[at], &h[(i-from)*n], &out[0], &targets[0], len(targets), stride, n, apart)
			at += len(targets)
		}
	}
}

// WordsBackward changes the rows of units from to to, whose means WordsForward left in h: as WordsUpdate does by g, the slopes of all their targets side by
// side, and WordsAdd. e is room for n floats.
func WordsBackward(in, out, h, g, e []float32, u WordUnits, from, to, stride, n int) {
	checkUnits(in, out, u, from, to, stride, n)
	if from == to {
		return
	}
	h, e = h[:(to-from)*n], e[:n]
	at := 0
	for i := from; i < to; i++ {
		rows, targets := part(u.In, u.InEnd, i), part(u.Out, u.OutEnd, i)
		if len(targets) > 0 {
			_ = g[at+len(targets)-1]
			active.wordsUpdate(&e[0], &h[(i-from)*n], &out[0], &targets[0], &g[at], len(targets), stride, n)
			active.wordsAdd(&in[0], &rows[0], &e[0], len(rows), stride, n)
			at += len(targets)
		}
	}
}

// checkUnits panics where a row of units from to to lies outside of its table, or a unit is given nothing.
func checkUnits(in, out []float32, u WordUnits, from, to, stride, n int) {
	checkWords(in, nil, stride, n)
	checkWords(out, nil, stride, n)
	ins, outs := rowCount(in, stride, n), rowCount(out, stride, n)
	for i := from; i < to; i++ {
		rows := part(u.In, u.InEnd, i)
		if len(rows) == 0 {
			panic("simd: a unit is given no words")
		}
		checkRows(rows, ins)
		checkRows(part(u.Out, u.OutEnd, i), outs)
	}
}

// checkWords panics where a row lies outside of the table, or rows overlap.
func checkWords(table []float32, rows []int32, stride, n int) {
	if n%WordLanes != 0 || n <= 0 {
		panic("simd: words are n columns wide, a positive multiple of 16")
	}
	if stride < n {
		panic("simd: rows of words overlap")
	}
	checkRows(rows, rowCount(table, stride, n))
}

// rowCount returns how many rows a table has.
func rowCount(table []float32, stride, n int) int {
	if len(table) < n {
		return 0
	}
	return (len(table)-n)/stride + 1
}

func checkRows(rows []int32, count int) {
	for _, r := range rows {
		if uint(r) >= uint(count) {
			panic("simd: a word has no row in the table")
		}
	}
}

func words(p *float32, n int) []float32 { return unsafe.Slice(p, n) }

func wordsMeanGo(dst, table *float32, rows *int32, m, stride, n int, scale float32) {
	d := words(dst, n)
	for i, r := range unsafe.Slice(rows, m) {
		row := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(table), uintptr(r)*uintptr(stride)*4)), n)
		if i == 0 {
			copy(d, row)
			continue
		}
		for j, v := range row {
			d[j] += v
		}
	}
	for j := range d {
		d[j] *= scale
	}
}

func wordsDotGo(dst, h, table *float32, rows *int32, k, stride, n, apart int) {
	x, out := words(h, n), words(dst, (n-1)/WordsLeaf*apart+k)
	for t, r := range unsafe.Slice(rows, k) {
		row := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(table), uintptr(r)*uintptr(stride)*4)), n)
		for l := 0; l*WordsLeaf < n; l++ {
			var p [WordLanes]float32
			for j := l * WordsLeaf; j < min(n, (l+1)*WordsLeaf); j++ {
				if i := j % WordLanes; j < l*WordsLeaf+WordLanes {
					p[i] = float32(x[j] * row[j]) // not to be fused with a sum
				} else {
					p[i] = fma(x[j], row[j], p[i])
				}
			}
			for j := range WordLanes / 2 {
				p[j] += p[j+8]
			}
			out[l*apart+t] = ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]))
		}
	}
}

func wordsSlopeGo(dst, x, p, want *float32, n int, rate float32, skip int) {
	out, to, by := words(dst, n), words(want, n), words(p, n)
	for i, v := range words(x, n) {
		is := by[i]
		switch {
		case skip != 0 && (v >= 6 || v <= -6):
			out[i] = 0
			continue
		case skip == 0 && v > 6:
			is = 1
		case skip == 0 && v < -6:
			is = 0
		}
		out[i] = (to[i] - is) * rate
	}
}

func wordsUpdateGo(e, h, table *float32, rows *int32, g *float32, k, stride, n int) {
	x, sum := words(h, n), words(e, n)
	clear(sum)
	for t, r := range unsafe.Slice(rows, k) {
		row := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(table), uintptr(r)*uintptr(stride)*4)), n)
		by := words(g, k)[t]
		for j, v := range row {
			sum[j] = fma(by, v, sum[j])
			row[j] = fma(by, x[j], v)
		}
	}
}

func wordsAddGo(table *float32, rows *int32, e *float32, m, stride, n int) {
	x := words(e, n)
	for _, r := range unsafe.Slice(rows, m) {
		row := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(table), uintptr(r)*uintptr(stride)*4)), n)
		for j := range row {
			row[j] += x[j]
		}
	}
}
