package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// wordSlices are what the kernels of word vectors work on. A table's last row ends behind its n columns, not behind the stride.
type wordSlices struct {
	table, h, g, e, dst, dots []float32 // vocabulary rows, n, k, n, n, k of every leaf, apart
	x, p, want, slope         []float32
	rows                      []int32
	stride, n, apart          int
}

// newWords returns slices of just the length for the rows of those numbers, of a table of vocabulary rows.
func newWords(floats func(n int) []float32, rows []int32, vocabulary, stride, n int) wordSlices {
	k := len(rows)
	s := wordSlices{
		table: floats((vocabulary-1)*stride + n), h: floats(n), g: floats(k), e: floats(n), dst: floats(n),
		x: floats(24), p: floats(24), want: floats(24), slope: floats(24), rows: rows, stride: stride, n: n, apart: k + 2,
	}
	s.dots = floats((n-1)/WordsLeaf*s.apart + k)
	return s
}

// wordKernels are the kernels of word vectors on such slices, by name.
var wordKernels = map[string]func(s *wordSlices){
	"WordsMean":       func(s *wordSlices) { WordsMean(s.dst, s.table, s.rows, s.stride, s.n, 0.3) },
	"WordsDot":        func(s *wordSlices) { WordsDot(s.dots, s.h, s.table, s.rows, s.stride, s.n, s.apart) },
	"WordsSlope":      func(s *wordSlices) { WordsSlope(s.slope, s.x, s.p, s.want, -0.7, false) },
	"WordsSlope skip": func(s *wordSlices) { WordsSlope(s.slope, s.x, s.p, s.want, -0.7, true) },
	"WordsUpdate":     func(s *wordSlices) { WordsUpdate(s.e, s.h, s.table, s.rows, s.g, s.stride, s.n) },
	"WordsAdd":        func(s *wordSlices) { WordsAdd(s.table, s.rows, s.e, s.stride, s.n) },
	"WordsFetch":      func(s *wordSlices) { WordsFetch(s.table, s.rows, s.stride, s.n) },
}

// all returns the slices in a fixed order, and their names.
func (s *wordSlices) all() (names []string, all []*[]float32) {
	return []string{"table", "h", "g", "e", "dst", "dots", "x", "p", "want", "slope"},
		[]*[]float32{&s.table, &s.h, &s.g, &s.e, &s.dst, &s.dots, &s.x, &s.p, &s.want, &s.slope}
}

// numbers fills in numbers of rows of a table, with the last row first and, of several, the first in the middle.
func numbers(rows []int32, vocabulary int, r *rand.Rand) []int32 {
	for i := range rows {
		rows[i] = int32(r.IntN(vocabulary))
	}
	rows[len(rows)/2] = 0
	rows[0] = int32(vocabulary - 1) // of one, the last
	return rows
}

// checkWordKernels runs every kernel at every level on slices that floats and ints make, and in Go loops on plain copies, and wants all
// slices to be the same then, bit for bit: what a kernel is not to write stays.
func checkWordKernels(t *testing.T, r *rand.Rand, what string, floats func(n int) []float32, ints func(n int) []int32) {
	t.Helper()
	for n := WordLanes; n <= 9*WordLanes; n += WordLanes {
		for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 9} {
			vocabulary := 2 + r.IntN(6)
			stride := n + r.IntN(2)*(1+r.IntN(40))
			s := newWords(floats, numbers(ints(k), vocabulary, r), vocabulary, stride, n)
			_, all := s.all()
			for _, x := range all {
				fill(*x, r, k%2 == 0)
			}
			for i := range s.x { // about where slopes change
				s.x[i] *= 6
				if i%4 == 0 {
					s.x[i] = []float32{6, -6, math.Nextafter32(6, 9), math.Nextafter32(-6, -9), float32(math.NaN()), 5.9}[i/4]
				}
			}
			for name, kernel := range wordKernels {
				c := newWords(func(n int) []float32 { return make([]float32, n) }, append([]int32(nil), s.rows...), vocabulary, stride, n)
				_, want := c.all()
				for i, x := range all {
					copy(*want[i], *x)
				}
				func() {
					defer func() {
						if p := recover(); p != nil {
							t.Fatalf("%v, %s, %s of %d rows, %d columns: %v", Active(), what, name, k, n, p)
						}
					}()
					kernel(&s)
				}()
				old := active
				active = &goKernels
				kernel(&c)
				active = old
				s.check(t, &c, fmt.Sprintf("%v, %s, %s of %d rows, %d columns", old.level, what, name, k, n))
			}
		}
	}
}

// check wants the slices to have the bits of others.
func (s *wordSlices) check(t *testing.T, want *wordSlices, what string) {
	t.Helper()
	names, got := s.all()
	_, wanted := want.all()
	for i, x := range got {
		for j, v := range *x {
			if w := (*wanted[i])[j]; !same(v, w) {
				t.Fatalf("%s: %s[%d] is %g, want %g", what, names[i], j, v, w)
			}
		}
	}
	for i, row := range s.rows {
		if row != want.rows[i] {
			t.Fatalf("%s: row number %d becomes %d", what, i, row)
		}
	}
}

// TestWordsInside: at every level, from every place in a line, with NaN, Inf and denormals: the bits of the Go loops, and nothing else written.
func TestWordsInside(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	atEach(t, func(l Level) {
		for off := range 16 {
			type piece struct {
				whole []float32
				n     int
			}
			var made []piece
			floats := func(n int) []float32 {
				whole, x := guarded(n, off)
				made = append(made, piece{whole, n})
				return x
			}
			what := fmt.Sprintf("%d floats into a line", off)
			checkWordKernels(t, r, what, floats, func(n int) []int32 { return make([]int32, n) })
			for _, p := range made {
				checkGuards(t, fmt.Sprintf("%v, %s", l, what), p.whole, p.n, off)
			}
		}
	})
}

// TestWordsShort: every kernel takes slices of just the length and panics before it touches any for one less, even if there is more behind a
// slice, for rows outside of the table, for columns that are no whole lines, and for rows or parts that overlap. No rows are nothing.
func TestWordsShort(t *testing.T) {
	const vocabulary, stride = 5, 70
	table := map[string]bool{"WordsMean": true, "WordsDot": true, "WordsUpdate": true, "WordsAdd": true}
	uses := map[string][]string{
		"WordsMean": {"table", "dst"}, "WordsDot": {"table", "h", "dots"}, "WordsSlope": {"x", "p", "want"}, "WordsSlope skip": {"x", "p", "want"},
		"WordsUpdate": {"table", "h", "g", "e"}, "WordsAdd": {"table", "e"}, "WordsFetch": {},
	}
	atEach(t, func(l Level) {
		for name, kernel := range wordKernels {
			for _, n := range []int{16, 32, 48, 64} {
				with := func(change func(s *wordSlices)) (refused bool) {
					s := newWords(func(n int) []float32 { return make([]float32, n) }, []int32{vocabulary - 1, 0, 2}, vocabulary, stride, n)
					change(&s)
					return panics(func() { kernel(&s) })
				}
				if with(func(*wordSlices) {}) {
					t.Errorf("%v, %s of %d columns: what is long enough panics", l, name, n)
				}
				names, _ := new(wordSlices).all()
				for i, slice := range names {
					short := with(func(s *wordSlices) {
						_, all := s.all()
						x := all[i]
						*x = (*x)[: len(*x)-1 : len(*x)]
					})
					if slice == "slope" && (name == "WordsSlope" || name == "WordsSlope skip") {
						continue // its length says how many; see below
					}
					if used := slices.Contains(uses[name], slice); short != used {
						t.Errorf("%v, %s of %d columns: %s one too short: refused %t, want %t", l, name, n, slice, short, used)
					}
				}
				for what, change := range map[string]func(s *wordSlices){
					"a row behind the last":       func(s *wordSlices) { s.rows[1] = vocabulary },
					"the largest row":             func(s *wordSlices) { s.rows[2] = math.MaxInt32 },
					"a row before the first":      func(s *wordSlices) { s.rows[2] = -1 },
					"the smallest row":            func(s *wordSlices) { s.rows[0] = math.MinInt32 },
					"half a line":                 func(s *wordSlices) { s.n -= 8 },
					"one column":                  func(s *wordSlices) { s.n = 1 },
					"no columns":                  func(s *wordSlices) { s.n = 0 },
					"fewer than no columns":       func(s *wordSlices) { s.n = -16 },
					"rows that overlap":           func(s *wordSlices) { s.stride = s.n - 1 },
					"rows at one place":           func(s *wordSlices) { s.stride = 0 },
					"rows one before the other":   func(s *wordSlices) { s.stride = -stride },
					"a table shorter than a row":  func(s *wordSlices) { s.table, s.rows = s.table[:s.n-1:s.n-1], []int32{0} },
					"a table of nothing":          func(s *wordSlices) { s.table, s.rows = nil, []int32{0} },
					"more columns than the table": func(s *wordSlices) { s.n, s.stride, s.rows = 1<<20, 1<<20, []int32{0} },
				} {
					if got := with(change); got != table[name] && name != "WordsFetch" {
						t.Errorf("%v, %s of %d columns: %s: refused %t, want %t", l, name, n, what, got, table[name])
					}
				}
				if with(func(s *wordSlices) { *s = wordSlices{stride: stride, n: n} }) {
					t.Errorf("%v, %s of %d columns: no rows of nothing panic", l, name, n)
				}
			}
		}
		s := newWords(func(n int) []float32 { return make([]float32, n) }, []int32{1, 0, 2}, vocabulary, stride, 64)
		for _, apart := range []int{2, 0, -3} {
			if !panics(func() { WordsDot(s.dots, s.h, s.table, s.rows, stride, 64, apart) }) {
				t.Errorf("%v: three dot products lie %d apart", l, apart)
			}
		}
		for n := range 25 {
			if got := panics(func() { WordsSlope(s.slope[:n], s.x[:n], s.p[:n], s.want[:n], 1, n%2 == 0) }); got != (n%8 != 0) {
				t.Errorf("%v: %d slopes: refused %t", l, n, got)
			}
		}
	})
}

// TestWordValues: what the kernels compute, by its definition in float64, at every level; sums within a few roundings of their terms.
func TestWordValues(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 3))
	atEach(t, func(l Level) {
		for n := WordLanes; n <= 6*WordLanes; n += WordLanes {
			const vocabulary, k = 5, 6
			stride := n + 3
			s := newWords(func(n int) []float32 { return make([]float32, n) }, numbers(make([]int32, k), vocabulary, r), vocabulary, stride, n)
			_, all := s.all()
			for _, x := range all {
				fill(*x, r, false)
			}
			what := func(of string) string { return fmt.Sprintf("%v, %d columns, %s", l, n, of) }
			before := func(i, j int) float64 { return float64(s.table[int(s.rows[i])*stride+j]) }
			mean, meanScale, dots, dotScale := make([]float64, n), make([]float64, n), make([]float64, k), make([]float64, k)
			for i := range k {
				for j := range n {
					mean[j] += 0.3 * before(i, j)
					meanScale[j] += 0.3 * math.Abs(before(i, j))
					dots[i] += float64(s.h[j]) * before(i, j)
					dotScale[i] += math.Abs(float64(s.h[j]) * before(i, j))
				}
			}
			WordsMean(s.dst, s.table, s.rows, stride, n, 0.3)
			near(t, what("mean"), s.dst, mean, meanScale)
			WordsDot(s.dots, s.h, s.table, s.rows, stride, n, s.apart)
			sums := make([]float32, k)
			for i := 0; i < len(s.dots); i += s.apart {
				Add(sums, sums, s.dots[i:][:k])
			}
			near(t, what("dot products"), sums, dots, dotScale)
			e, h, table, scale := make([]float64, n), make([]float64, n), make([]float64, len(s.table)), make([]float64, len(s.table))
			for i, v := range s.table {
				table[i], scale[i] = float64(v), math.Abs(float64(v))
			}
			for i, row := range s.rows {
				for j := range n {
					at, g := int(row)*stride+j, float64(s.g[i])
					e[j] += g * table[at]
					h[j] += math.Abs(g) * scale[at]
					table[at] += g * float64(s.h[j])
					scale[at] += math.Abs(g * float64(s.h[j]))
				}
			}
			WordsUpdate(s.e, s.h, s.table, s.rows, s.g, stride, n)
			near(t, what("errors"), s.e, e, h)
			near(t, what("updated rows"), s.table, table, scale)
			for i, v := range s.table {
				table[i], scale[i] = float64(v), math.Abs(float64(v))
			}
			for _, row := range s.rows {
				for j := range n {
					table[int(row)*stride+j] += float64(s.e[j])
					scale[int(row)*stride+j] += math.Abs(float64(s.e[j]))
				}
			}
			WordsAdd(s.table, s.rows, s.e, stride, n)
			near(t, what("added rows"), s.table, table, scale)
		}
	})
}

// TestWordsSlopeValues: the slopes left and right of where p is 1, 0 or its own, by their definition; a NaN of x is of neither side.
func TestWordsSlopeValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	over, under := math.Nextafter32(6, 9), math.Nextafter32(6, 0)
	x := []float32{-inf, -over, -6, -under, under, 6, over, inf, nan, 0, 1, -1, 2, -2, 3, -3}
	const own = 0.25 // p, where it counts; want is 0.5, rate 2
	atEach(t, func(l Level) {
		p, want, dst := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
		for i := range x {
			p[i], want[i] = own, 0.5
		}
		for skip, ends := range map[bool][]float32{false: {1, 1, own, own, own, own, -1, -1}, true: {0, 0, 0, own, own, 0, 0, 0}} {
			WordsSlope(dst, x, p, want, 2, skip)
			for i, v := range dst {
				by := float32(2 * (0.5 - own))
				if i < len(ends) && ends[i] != own {
					by = ends[i]
				}
				if v != by || v == 0 && math.Signbit(float64(v)) {
					t.Errorf("%v, skip %t: the slope at %g is %g, want %g", l, skip, x[i], v, by)
				}
			}
		}
		for i := range x {
			p[i] = nan
		}
		WordsSlope(dst, x, p, want, 2, false)
		if dst[0] != 1 || dst[7] != -1 || dst[3] == dst[3] || dst[8] == dst[8] {
			t.Errorf("%v: where p is NaN, the slopes are %g", l, dst)
		}
		if WordsSlope(dst, x, p, want, 2, true); dst[2] != 0 || dst[5] != 0 || dst[3] == dst[3] || dst[8] == dst[8] {
			t.Errorf("%v: where p is NaN, the slopes with skips are %g", l, dst)
		}
	})
}

// TestWordUnits: units made together are what the kernels make one by one, at every level; rows outside of a table, ends that fall, units that are given
// nothing and short slices are refused.
func TestWordUnits(t *testing.T) {
	const n, stride, rows, block = 48, 64, 9, 5
	rng := rand.New(rand.NewPCG(8, 9))
	var u WordUnits
	for range block + 4 {
		for range 1 + rng.IntN(4) {
			u.In = append(u.In, int32(rng.IntN(rows)))
		}
		for range rng.IntN(8) {
			u.Out = append(u.Out, int32(rng.IntN(rows)))
		}
		u.InEnd, u.OutEnd = append(u.InEnd, int32(len(u.In))), append(u.OutEnd, int32(len(u.Out)))
	}
	fill := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = rng.Float32() - 0.5
		}
		return x
	}
	in, out, g := fill(rows*stride), fill(rows*stride), fill(len(u.Out))
	const from, to = 2, 2 + block
	first, last := u.OutEnd[from-1], u.OutEnd[to-1]
	k := int(last - first)
	apart := k + 3
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		h, dots, a, b := make([]float32, block*n), make([]float32, 2*apart), append([]float32(nil), in...), append([]float32(nil), out...)
		e := make([]float32, n)
		wantH, wantDots, wantA, wantB := make([]float32, block*n), make([]float32, 2*apart), append([]float32(nil), in...), append([]float32(nil), out...)
		for i := from; i < to; i++ {
			r, q := part(u.In, u.InEnd, i), part(u.Out, u.OutEnd, i)
			at := int(u.OutEnd[i]) - len(q) - int(first)
			WordsMean(wantH[(i-from)*n:], in, r, stride, n, 1/float32(len(r)))
			WordsDot(wantDots[at:], wantH[(i-from)*n:], out, q, stride, n, apart)
		}
		WordsForward(h, dots, in, out, u, from, to, stride, n, apart)
		for i := from; i < to; i++ {
			r, q := part(u.In, u.InEnd, i), part(u.Out, u.OutEnd, i)
			if at := int(u.OutEnd[i]) - len(q) - int(first); len(q) > 0 {
				WordsUpdate(e, h[(i-from)*n:][:n], wantB, q, g[at:], stride, n)
				WordsAdd(wantA, r, e, stride, n)
			}
		}
		WordsBackward(a, b, h, g, e, u, from, to, stride, n)
		for what, pair := range map[string][2][]float32{"means": {h, wantH}, "dots": {dots, wantDots}, "inputs": {a, wantA}, "targets": {b, wantB}} {
			for i := range pair[0] {
				if !same(pair[0][i], pair[1][i]) {
					t.Fatalf("%v: %s[%d] is %g, want %g", l, what, i, pair[0][i], pair[1][i])
				}
			}
		}
		WordsForward(h, dots, in, out, u, from, from, stride, n, apart)
		WordsBackward(a, b, h, g, e, u, from, from, stride, n)
		outside := WordUnits{append([]int32(nil), u.In...), u.InEnd, append([]int32(nil), u.Out...), u.OutEnd}
		outside.Out[first] = rows
		negative := WordUnits{append([]int32(nil), u.In...), u.InEnd, u.Out, u.OutEnd}
		negative.In[u.InEnd[from]] = -1
		nothing := WordUnits{u.In, append([]int32(nil), u.InEnd...), u.Out, u.OutEnd}
		nothing.InEnd[from] = nothing.InEnd[from-1]
		falls := WordUnits{u.In, u.InEnd, u.Out, append([]int32(nil), u.OutEnd...)}
		falls.OutEnd[from] = falls.OutEnd[from-1] - 1
		for what, f := range map[string]func(){
			"a target outside":      func() { WordsForward(h, dots, in, out, outside, from, to, stride, n, apart) },
			"changed outside":       func() { WordsBackward(a, b, h, g, e, outside, from, to, stride, n) },
			"an input below":        func() { WordsForward(h, dots, in, out, negative, from, to, stride, n, apart) },
			"no inputs":             func() { WordsForward(h, dots, in, out, nothing, from, to, stride, n, apart) },
			"ends that fall":        func() { WordsForward(h, dots, in, out, falls, from, to, stride, n, apart) },
			"parts that overlap":    func() { WordsForward(h, dots, in, out, u, from, to, stride, n, k-1) },
			"short means":           func() { WordsForward(h[:block*n-1:block*n-1], dots, in, out, u, from, to, stride, n, apart) },
			"short dots":            func() { WordsForward(h, dots[:apart+k-1:apart+k-1], in, out, u, from, to, stride, n, apart) },
			"short slopes":          func() { WordsBackward(a, b, h, g[:k-1], e, u, from, to, stride, n) },
			"a short error":         func() { WordsBackward(a, b, h, g, e[:n-1:n-1], u, from, to, stride, n) },
			"more units than there": func() { WordsForward(h, dots, in, out, u, from, len(u.InEnd)+1, stride, n, apart) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%v: %s is not refused", l, what)
					}
				}()
				f()
			}()
		}
		restore()
	}
}
