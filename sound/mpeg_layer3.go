package sound

import "math"

// layerIII decodes Layer III (ISO 11172-3, 2.4.1.7 and 2.4.3.4; ISO 13818-3, 2.4.3.2 for half the rates).
type layerIII struct {
	main    []byte // what is left of earlier frames' main data, and this one's
	overlap [2][32][18]float32
	spectra [2][576]float32
	used    [2]int // how many values of a spectrum are not 0, rounded up
	scale   [2][39]int
	limits  [2][39]int // of scale factors for the second channel, at which there is no direction
	low     [2][39]int // the first granule's scale factors
}

// granule is the side information of one channel in one granule.
type granule struct {
	bits, pairs     int // of the part; pairs of large values
	gain            int
	scaleCode       int
	windowed, mixed bool
	block           int // 0 long, 1 begin, 2 short, 3 end
	table           [3]int
	shift           [3]int // gains of short blocks
	region          [2]int // where regions 1 and 2 begin
	preflag         int
	coarse          int // scale factors count double
	ones            int // table of small values
	reuse           int // scale factors of the first granule that are the second's
}

// Widths of the bands of scale factors, long and short blocks, by rate: 44.1, 48, 32 kHz of MPEG-1, of MPEG-2, of MPEG-2.5 (table B.8; ISO 13818-3, table B.2).
var longBands = [9][22]int{
	{4, 4, 4, 4, 4, 4, 6, 6, 8, 8, 10, 12, 16, 20, 24, 28, 34, 42, 50, 54, 76, 158},
	{4, 4, 4, 4, 4, 4, 6, 6, 6, 8, 10, 12, 16, 18, 22, 28, 34, 40, 46, 54, 54, 192},
	{4, 4, 4, 4, 4, 4, 6, 6, 8, 10, 12, 16, 20, 24, 30, 38, 46, 56, 68, 84, 102, 26},
	{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54},
	{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 18, 22, 26, 32, 38, 46, 54, 62, 70, 76, 36},
	{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54},
	{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54},
	{6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54},
	{12, 12, 12, 12, 12, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 76, 90, 2, 2, 2, 2, 2},
}

var shortBands = [9][13]int{
	{4, 4, 4, 4, 6, 8, 10, 12, 14, 18, 22, 30, 56},
	{4, 4, 4, 4, 6, 6, 10, 12, 14, 16, 20, 26, 66},
	{4, 4, 4, 4, 6, 8, 12, 16, 20, 26, 34, 42, 12},
	{4, 4, 4, 6, 6, 8, 10, 14, 18, 26, 32, 42, 18},
	{4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 32, 44, 12},
	{4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 30, 40, 18},
	{4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 30, 40, 18},
	{4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 30, 40, 18},
	{8, 8, 8, 12, 16, 20, 24, 28, 36, 2, 2, 2, 26},
}

// band is a band of scale factors in the order in which a granule stores them: those of short blocks are three, one a window.
type band struct{ at, width, window int } // window -1 in long blocks

// bandsOf are the bands of each rate: of long blocks, of short ones, and of mixed ones.
var bandsOf = func() (t [9][3][]band) {
	for rate := range t {
		at := 0
		long := func(n int) (out []band) {
			at = 0
			for _, w := range longBands[rate][:n] {
				out = append(out, band{at, w, -1})
				at += w
			}
			return out
		}
		short := func(out []band, from int) []band {
			for _, w := range shortBands[rate][from:] {
				for k := range 3 {
					out = append(out, band{at, w, k})
					at += w
				}
			}
			return out
		}
		t[rate][0] = long(22)
		at = 0
		t[rate][1] = short(nil, 0)
		n := 8
		if rate >= 3 {
			n = 6
		}
		t[rate][2] = short(long(n), 3)
	}
	return t
}()

// layout is which of the bands of a rate a granule has.
func (g *granule) layout() int {
	switch {
	case g.block != 2:
		return 0
	case !g.mixed:
		return 1
	}
	return 2
}

// keep appends main data to what is left of earlier frames'.
func (l *layerIII) keep(b []byte) {
	if old := len(l.main) - reservoir; old > 0 {
		l.main = l.main[:copy(l.main, l.main[old:])]
	}
	l.main = append(l.main, b...)
}

// decode decodes a frame into values of its channels, interleaved. What is damaged, or leans on bytes that are not there, is silent.
func (l *layerIII) decode(h *mpegHead, b []byte, out []float32, synth *[2]synthesis) {
	channels := h.channels()
	granules := 2
	if h.half > 0 {
		granules = 1
	}
	var g [2][2]granule
	begin, ok := readSide(h, b, &g, granules)
	own := b[min(h.side(), len(b)):]
	l.keep(own)
	at := 8 * (len(l.main) - len(own) - begin) // in bits, of main
	rate := 3*h.half + h.rateCode
	for k := range granules {
		for c := range channels {
			l.spectra[c] = [576]float32{}
			l.used[c] = 0
			p := &g[k][c]
			if ok && at >= 0 {
				l.part(h, p, c, k, at, rate)
			}
			at += p.bits
		}
		if channels == 2 {
			l.stereo(h, &g[k], rate)
		}
		for c := range channels {
			l.hybrid(&g[k][c], c, rate, &synth[c], out[k*576*channels+c:], channels)
		}
	}
}

// readSide reads the side information: how many bytes before this frame's own its main data begin, and what of each granule.
func readSide(h *mpegHead, b []byte, g *[2][2]granule, granules int) (begin int, ok bool) {
	at := 4
	if h.sum {
		at = 6
	}
	if h.side() > len(b) {
		return 0, false
	}
	r := &bitReader{b: b[:h.side()], at: at}
	take := func(k uint) int { return int(r.take(k)) }
	channels := h.channels()
	if h.half == 0 {
		begin = take(9)
		take(uint(7 - 2*channels))
		for c := range channels {
			g[1][c].reuse = take(4)
		}
	} else {
		begin = take(8)
		take(uint(channels))
	}
	ok = true
	for k := range granules {
		for c := range channels {
			p := &g[k][c]
			p.bits, p.pairs, p.gain = take(12), take(9), take(8)
			if h.half == 0 {
				p.scaleCode = take(4)
			} else {
				p.scaleCode = take(9)
			}
			ok = p.windows(take, 3*h.half+h.rateCode) && ok && p.pairs <= 288
			if h.half == 0 {
				p.preflag = take(1)
			}
			p.coarse, p.ones = take(1), take(1)
		}
	}
	return begin, ok
}

// windows reads which windows a granule has, and where its regions begin.
func (g *granule) windows(take func(uint) int, rate int) bool {
	if g.windowed = take(1) == 1; !g.windowed {
		for i := range g.table {
			g.table[i] = take(5)
		}
		a, b := take(4), take(3)
		at := 0
		for i, w := range longBands[rate] {
			if at += w; i == a {
				g.region[0] = at
			}
			if i == a+b+1 {
				g.region[1] = at
			}
		}
		if a+b+1 >= 22 {
			g.region[1] = 576
		}
		return true
	}
	g.block = take(2)
	g.mixed = take(1) == 1
	g.table[0], g.table[1] = take(5), take(5)
	for i := range g.shift {
		g.shift[i] = take(3)
	}
	g.region = [2]int{36, 576}
	switch {
	case rate == 8:
		g.region[0] = 72
		if g.block != 2 {
			g.region[0] = 108
		}
	case rate >= 3 && g.block != 2:
		g.region[0] = 54
	}
	return g.block != 0
}

// part reads a granule's scale factors and spectrum of one channel.
func (l *layerIII) part(h *mpegHead, g *granule, c, k, at, rate int) {
	end := at + g.bits
	if end > 8*len(l.main) {
		end = 8 * len(l.main)
	}
	if at >= end {
		return
	}
	r := &bitReader{b: l.main, at: at / 8}
	r.take(uint(at % 8))
	if h.half == 0 {
		l.scales(g, r, c, k)
	} else {
		l.scalesLow(h, g, r, c)
	}
	l.spectrum(g, r, c, end, bandsOf[rate][g.layout()])
}

// Lengths of scale factors by their code (2.4.2.7), and the last factors to which a code for higher bands adds (table B.6).
var (
	scaleBits = [16][2]uint{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {3, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}, {3, 1}, {3, 2}, {3, 3}, {4, 2}, {4, 3}}
	pretab    = [22]int{11: 1, 12: 1, 13: 1, 14: 1, 15: 2, 16: 2, 17: 3, 18: 3, 19: 3, 20: 2}
)

// scales reads the scale factors of MPEG-1.
func (l *layerIII) scales(g *granule, r *bitReader, c, k int) {
	s := &l.scale[c]
	bits := scaleBits[g.scaleCode]
	*s = [39]int{}
	for i := range l.limits[c] {
		l.limits[c][i] = 7
	}
	if g.block == 2 {
		first, n := 18, 36 // of short blocks the lower six bands, then the higher six
		if g.mixed {
			first, n = 8+9, 8+27
		}
		for i := range n {
			if i < first {
				s[i] = int(r.take(bits[0]))
			} else {
				s[i] = int(r.take(bits[1]))
			}
		}
		return
	}
	from := [5]int{0, 6, 11, 16, 21}
	for p := range 4 {
		for i := from[p]; i < from[p+1]; i++ {
			if k == 1 && g.reuse>>(3-p)&1 == 1 {
				s[i] = l.low[c][i]
			} else {
				s[i] = int(r.take(bits[p/2]))
			}
		}
	}
	if k == 0 {
		l.low[c] = *s
	}
}

// How many scale factors have which length, by how they are said, for long, short and mixed blocks (ISO 13818-3, 2.4.3.2).
var scaleCounts = [6][3][4]int{
	{{6, 5, 5, 5}, {9, 9, 9, 9}, {6, 9, 9, 9}},
	{{6, 5, 7, 3}, {9, 9, 12, 6}, {6, 9, 12, 6}},
	{{11, 10, 0, 0}, {18, 18, 0, 0}, {15, 18, 0, 0}},
	{{7, 7, 7, 0}, {12, 12, 12, 0}, {6, 15, 12, 0}},
	{{6, 6, 6, 3}, {12, 9, 9, 6}, {6, 12, 9, 6}},
	{{8, 8, 5, 0}, {15, 12, 9, 0}, {6, 18, 9, 0}},
}

// scalesLow reads the scale factors of half the rates. In the second channel of a pair with directions they are places, and the highest of each length is none.
func (l *layerIII) scalesLow(h *mpegHead, g *granule, r *bitReader, c int) {
	var bits [4]int
	code, table := g.scaleCode, 0
	directions := h.mode == 1 && h.joint&1 == 1 && c == 1
	switch {
	case !directions && code < 400:
		bits = [4]int{code >> 4 / 5, code >> 4 % 5, code & 15 >> 2, code & 3}
	case !directions && code < 500:
		code -= 400
		bits, table = [4]int{code >> 2 / 5, code >> 2 % 5, code & 3, 0}, 1
	case !directions:
		code -= 500
		bits, table = [4]int{code / 3, code % 3, 0, 0}, 2
		g.preflag = 1
	default:
		switch code >>= 1; {
		case code < 180:
			bits, table = [4]int{code / 36, code % 36 / 6, code % 6, 0}, 3
		case code < 244:
			code -= 180
			bits, table = [4]int{code & 63 >> 4, code & 15 >> 2, code & 3, 0}, 4
		default:
			code -= 244
			bits, table = [4]int{code / 3, code % 3, 0, 0}, 5
		}
	}
	l.scale[c], l.limits[c] = [39]int{}, [39]int{}
	i := 0
	for p, n := range scaleCounts[table][g.layout()] {
		for range n {
			l.scale[c][i] = int(r.take(uint(bits[p])))
			if l.limits[c][i] = -1; bits[p] > 0 {
				l.limits[c][i] = 1<<bits[p] - 1
			}
			i++
		}
	}
	for ; i < len(l.limits[c]); i++ {
		l.limits[c][i] = -1
	}
}

// pow43 are the whole numbers' powers of 4/3, and gains the powers of 2 by quarters, of 2^(-gainZero/4) and up.
var pow43 = func() (t [15 + 1<<13]float32) {
	for i := range t {
		t[i] = float32(math.Pow(float64(i), 4.0/3))
	}
	return t
}()

const gainZero = 400

var gains = func() (t [gainZero + 64]float32) {
	for i := range t {
		t[i] = float32(math.Exp2(float64(i-gainZero) / 4))
	}
	return t
}()

// gain is 2^(quarters/4).
func gain(quarters int) float32 { return gains[min(max(quarters+gainZero, 0), len(gains)-1)] }

// spectrum reads the values of a granule and multiplies each band by its scale (2.4.3.4.7.1).
func (l *layerIII) spectrum(g *granule, r *bitReader, c, end int, bands []band) {
	x := &l.spectra[c]
	n := l.values(g, r, x, end)
	l.used[c] = n
	half := 2 * (1 + g.coarse) // quarters of a step
	for i, b := range bands {
		if b.at >= n {
			break
		}
		quarters := g.gain - 210
		if b.window < 0 {
			pre := 0
			if g.preflag == 1 && i < len(pretab) {
				pre = pretab[i]
			}
			quarters -= half * (l.scale[c][i] + pre)
		} else {
			quarters -= 8*g.shift[b.window] + half*l.scale[c][i]
		}
		f := gain(quarters)
		for k := b.at; k < min(b.at+b.width, n); k++ {
			x[k] *= f
		}
	}
}

// values reads the coded values, as powers of 4/3 with their signs, and returns how many there are.
func (l *layerIII) values(g *granule, r *bitReader, x *[576]float32, end int) int {
	at := func() int { return 8*r.at - int(r.n) }
	n := 0
	for i, to := range [3]int{min(g.region[0], 2*g.pairs), min(g.region[1], 2*g.pairs), 2 * g.pairs} {
		t := &huffmanTables[g.table[i]]
		if n < to && t.none {
			n = to
			continue
		}
		for n < to && at() < end {
			v := t.code.take(r)
			x[n], x[n+1] = t.value(r, int(v>>4)), t.value(r, int(v&15))
			n += 2
		}
	}
	if at() > end { // the last pair is made of bits that are not this part's
		x[max(n-2, 0)], x[max(n-1, 0)] = 0, 0
	}
	ones := &huffmanTables[32+g.ones]
	for n+4 <= 576 && at() < end {
		v := ones.code.take(r)
		for k := range 4 {
			if v>>(3-k)&1 == 1 {
				x[n+k] = 1 - 2*float32(r.take(1))
			}
		}
		n += 4
		if at() > end {
			n -= 4
			clear(x[n : n+4])
			break
		}
	}
	return n
}

// huffmanTable is a table of Layer III.
type huffmanTable struct {
	code   *huffman
	linear uint // bits that follow a value of 15
	none   bool // all values are 0
}

// value reads the rest of a value.
func (t *huffmanTable) value(r *bitReader, v int) float32 {
	if v == 0 {
		return 0
	}
	if v == 15 && t.linear > 0 {
		v += int(r.take(t.linear))
	}
	if r.take(1) == 1 {
		return -pow43[v]
	}
	return pow43[v]
}

var huffmanTables = func() (t [34]huffmanTable) {
	more := [34]uint{16: 1, 17: 2, 18: 3, 19: 4, 20: 6, 21: 8, 22: 10, 23: 13, 24: 4, 25: 5, 26: 6, 27: 7, 28: 8, 29: 9, 30: 11, 31: 13}
	for i := range t {
		t[i].linear = more[i]
		switch {
		case i > 16 && i < 24:
			t[i].code = t[16].code
		case i > 24 && i < 32:
			t[i].code = t[24].code
		case huffmanLeaves[i] == "":
			t[i].none = true
		default:
			t[i].code = newHuffman(huffmanLeaves[i])
		}
	}
	return t
}()

// huffman is a code: what the next bits mean, if they are enough, or a tree for the longer ones.
type huffman struct {
	first [1 << huffmanFirst]struct{ value, bits uint8 } // bits 0: longer
	tree  [][2]int16                                     // two sons each; less than 0: a value
}

const huffmanFirst = 9

// newHuffman makes a code of its leaves in order.
func newHuffman(leaves string) *huffman {
	digit := func(c byte) int {
		if c <= '9' {
			return int(c - '0')
		}
		return int(c-'a') + 10
	}
	h := &huffman{tree: make([][2]int16, 1)}
	code, length := 0, 0
	for i := 0; i < len(leaves); i += 3 {
		v, n := digit(leaves[i])<<4|digit(leaves[i+1]), digit(leaves[i+2])
		switch {
		case i == 0:
		case n >= length:
			code = (code + 1) << (n - length)
		default:
			code = (code + 1) >> (length - n)
		}
		length = n
		node := 0
		for bit := n - 1; bit > 0; bit-- {
			next := &h.tree[node][code>>bit&1]
			if *next == 0 {
				*next = int16(len(h.tree))
				node = int(*next)
				h.tree = append(h.tree, [2]int16{})
			} else {
				node = int(*next)
			}
		}
		h.tree[node][code&1] = int16(-1 - v)
		if n <= huffmanFirst {
			for k := range 1 << (huffmanFirst - n) {
				e := &h.first[code<<(huffmanFirst-n)|k]
				e.value, e.bits = uint8(v), uint8(n)
			}
		}
	}
	return h
}

// take reads a code; behind the end there are zeros.
func (h *huffman) take(r *bitReader) uint8 {
	if r.n < 24 {
		r.fill()
	}
	if e := h.first[r.acc>>(64-huffmanFirst)]; e.bits > 0 && uint(e.bits) <= r.n {
		r.acc <<= e.bits
		r.n -= uint(e.bits)
		return e.value
	}
	node := 0
	for {
		next := h.tree[node][r.take(1)]
		if next < 0 {
			return uint8(-1 - next)
		}
		node = int(next)
	}
}
