package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// panics tells whether f does.
func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// TestTilePlan: for every number of rows the tiles cost as little as any, and the first of them is the largest that can begin so.
func TestTilePlan(t *testing.T) {
	for _, k := range append(available(), &goKernels) {
		for _, sets := range [][]tileSet{k.tiles, k.bf16, k.int8} {
			for _, s := range sets {
				least := func(m int) int { return 0 }
				known := map[int]int{0: 0}
				least = func(m int) int {
					if c, ok := known[m]; ok {
						return c
					}
					best := math.MaxInt
					for mr := range s.rows {
						if mr <= m {
							best = min(best, least(m-mr)+max(mr, 4))
						}
					}
					known[m] = best
					return best
				}
				if len(s.split) != maxSplit+1 {
					t.Fatalf("%v, width %d: %d plans", k.level, s.width, len(s.split))
				}
				for m := 1; m <= maxSplit; m++ {
					want := 0
					for mr := range s.rows {
						if mr <= m && max(mr, 4)+least(m-mr) == least(m) {
							want = max(want, mr)
						}
					}
					if p := s.split[m]; p.mr != want || p.rows != s.rows[want] || p.cols != s.cols[want] {
						t.Errorf("%v, width %d: %d rows begin with %+v, want %d", k.level, s.width, m, p, want)
					}
				}
			}
		}
	}
}

// TestPackedSize: whole panels, and the narrowest tile that holds the rest.
func TestPackedSize(t *testing.T) {
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		widths := map[Level][]int{Go: {8}, NEON: {8}, AVX2: {8, 16}, AVX512: {16, 32}}[l]
		if l == NEON {
			widths = []int{Panel()}
			for _, s := range active.tiles[1:] {
				widths = append([]int{s.width}, widths...)
			}
		}
		p := widths[len(widths)-1]
		if Panel() != p {
			t.Errorf("%v: a panel of %d columns, want %d", l, Panel(), p)
		}
		for n := range 3*p + 1 {
			want := n / p * p
			for _, w := range widths {
				if rest := n % p; rest > 0 && w >= rest {
					want += w
					break
				}
			}
			if got := PackedSize(5, n); got != 5*want {
				t.Errorf("%v: 5 rows of %d columns take %d, want %d", l, n, got, 5*want)
			}
		}
		if PackedOffset(5, 2*p) != 10*p {
			t.Errorf("%v: the third panel lies at %d", l, PackedOffset(5, 2*p))
		}
		restore()
	}
}

// TestPackShort: packing takes slices of just the length, of rows that lie apart too, and panics for one less; nothing of nothing.
func TestPackShort(t *testing.T) {
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 8, 9, 16, 21, 37} {
			for _, k := range []int{1, 3, 8, 11} {
				const more = 4
				size := PackedSize(k+2, n)
				b, bt := make([]float32, (k-1)*(n+more)+n), make([]float32, (n-1)*(k+more)+k)
				dst := make([]float32, size)
				for name, f := range map[string]func(dst, b, bt []float32){
					"PackB":  func(dst, b, _ []float32) { PackB(dst, k+2, 1, b, k, n, n+more) },
					"PackBT": func(dst, _, bt []float32) { PackBT(dst, k+2, 1, bt, k, n, k+more) },
				} {
					what := fmt.Sprintf("%v, %s of %d by %d", l, name, k, n)
					if panics(func() { f(dst, b, bt) }) {
						t.Errorf("%s: what is long enough panics", what)
					}
					if !panics(func() { f(dst, b[:len(b)-1], bt[:len(bt)-1]) }) {
						t.Errorf("%s: a short source is read", what)
					}
					if !panics(func() { f(dst[:size-1], b, bt) }) {
						t.Errorf("%s: a short destination is written", what)
					}
				}
			}
		}
		if panics(func() {
			PackB(nil, 3, 0, nil, 0, 5, 5)
			PackB(nil, 3, 0, nil, 3, 0, 0)
			PackBT(nil, 3, 0, nil, 0, 5, 0)
			PackBT(nil, 3, 0, nil, 3, 0, 3)
		}) {
			t.Errorf("%v: packing nothing panics", l)
		}
		restore()
	}
}

// TestPackedLayout: where each element of b goes, with zeros beyond the columns, and nothing outside the rows that are packed.
func TestPackedLayout(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		for trial := range 60 {
			k, n := 1+r.IntN(20), 1+r.IntN(70)
			at := r.IntN(4)
			total := at + k + r.IntN(3)
			b, bt := make([]float32, k*(n+2)), make([]float32, n*(k+3))
			want := make([]float32, PackedSize(total, n))
			for i := range want {
				want[i] = guard
			}
			got, gotT := append([]float32(nil), want...), append([]float32(nil), want...)
			for j0 := 0; j0 < n; j0 += Panel() {
				w := PackedSize(1, min(Panel(), n-j0))
				for p := range k {
					for j := range w {
						v := float32(0)
						if j0+j < n {
							v = r.Float32()
							b[p*(n+2)+j0+j], bt[(j0+j)*(k+3)+p] = v, v
						}
						want[PackedOffset(total, j0)+(at+p)*w+j] = v
					}
				}
			}
			PackB(got, total, at, b, k, n, n+2)
			PackBT(gotT, total, at, bt, k, n, k+3)
			for i := range want {
				if got[i] != want[i] || gotT[i] != want[i] {
					t.Fatalf("%v, trial %d, %d by %d from row %d of %d: element %d is %g and %g, want %g", l, trial, k, n, at, total, i, got[i], gotT[i], want[i])
				}
			}
		}
		restore()
	}
}

// TestFarthest: the largest index is that of an element, for every way of reading A, so that a slice of just that length is taken and one
// shorter panics before a kernel reads.
func TestFarthest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for trial := range 400 {
		m, n := 1+r.IntN(20), 1+r.IntN(8)
		a := A{LD: 1 + r.IntN(9), Runs: r.IntN(4), RunStride: r.IntN(30), K: 1 + r.IntN(7), Transposed: trial%3 == 0}
		group := m
		if trial%3 == 1 {
			a.Group, a.GroupStride = 1+r.IntN(m+3), r.IntN(40)
			group = min(m, a.Group)
		}
		far := 0
		for i := range m {
			for q := range max(a.Runs, 1) {
				for p := range a.K {
					at := q*a.RunStride + i/group*a.GroupStride + i%group*a.LD + p
					if a.Transposed {
						at = q*a.RunStride + p*a.LD + i
					}
					far = max(far, at)
				}
			}
		}
		if got := a.farthest(m, group); got != far {
			t.Fatalf("%d rows of %+v: %d, want %d", m, a, got, far)
		}
		rows := max(a.Runs, 1) * a.K
		for _, l := range Levels() {
			restore, err := Use(l)
			if err != nil {
				t.Fatal(err)
			}
			data, panel, c := make([]float32, far+1), make([]float32, PackedSize(rows, n)), make([]float32, (m-1)*(n+2)+n)
			run := func(data, panel, c []float32) bool {
				a.Data = data
				return panics(func() { MulPanel(c, n+2, m, n, a, panel, false) })
			}
			if run(data, panel, c) {
				t.Fatalf("%v, %d rows of %+v: what is long enough panics", l, m, a)
			}
			if !run(data[:far], panel, c) || !run(data, panel[:len(panel)-1], c) || !run(data, panel, c[:len(c)-1]) {
				t.Fatalf("%v, %d rows of %+v: something short is used", l, m, a)
			}
			restore()
		}
	}
}

// TestMulPanelOfNothing: no steps are a sum of zero, no rows or columns nothing; more columns than a panel are refused.
func TestMulPanelOfNothing(t *testing.T) {
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		run := func(m, n, k int, add bool) string {
			c := []float32{1, 2, 3, 4, 5, 6, 7, 8}
			MulPanel(c, 3, m, n, A{Data: make([]float32, 64), LD: 8, K: k}, make([]float32, PackedSize(8, Panel())), add)
			return fmt.Sprint(c)
		}
		same := "[1 2 3 4 5 6 7 8]"
		for got, want := range map[string]string{run(3, 2, 0, false): "[0 0 3 0 0 6 0 0]", run(3, 2, 0, true): same} {
			if got != want {
				t.Errorf("%v: no steps give %s, want %s", l, got, want)
			}
		}
		for _, mn := range [][2]int{{0, 2}, {-1, 2}, {2, 0}, {2, -1}} {
			if got := run(mn[0], mn[1], 2, false); got != same {
				t.Errorf("%v, %d: %s", l, mn, got)
			}
		}
		if got := run(3, 2, 1, false); got != "[0 0 3 0 0 6 0 0]" {
			t.Errorf("%v, one step: %s", l, got)
		}
		wide := func(n int) func() {
			return func() {
				MulPanel(make([]float32, 100), n, 1, n, A{Data: make([]float32, 8), LD: 8, K: 2}, make([]float32, 1000), false)
			}
		}
		if panics(wide(Panel())) || !panics(wide(Panel()+1)) {
			t.Errorf("%v: the panel's columns, or one more", l)
		}
		restore()
	}
}

// TestWholePanels: kernels that store whole panels give what those do that store the columns asked for, in rows of any distance.
func TestWholePanels(t *testing.T) {
	restore, err := Use(Go)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	whole := goKernels.tiles[0].whole
	defer func() { goKernels.tiles[0].whole = whole }()
	r := rand.New(rand.NewPCG(6, 3))
	for n := 1; n <= Panel(); n++ {
		for _, add := range []bool{false, true} {
			const m, k, ldc = 11, 5, 13
			a := A{Data: make([]float32, m*k), LD: k, K: k}
			panel, start := make([]float32, PackedSize(k, n)), make([]float32, m*ldc)
			fill(a.Data, r, false)
			fill(panel, r, false)
			fill(start, r, false)
			run := func(whole bool) string {
				goKernels.tiles[0].whole = whole
				c := append([]float32(nil), start...)
				MulPanel(c, ldc, m, n, a, panel, add)
				return fmt.Sprint(c)
			}
			if got, want := run(true), run(false); got != want {
				t.Errorf("%d columns, add %t:\n%s, want\n%s", n, add, got, want)
			}
		}
	}
}

// TestWinogradShort: every transform takes slices of just the length and panics for one less, at every level; rows that are no multiple
// of 16 are refused, none are nothing.
func TestWinogradShort(t *testing.T) {
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		for tr := range transforms {
			in, out := tr.Rows()
			for _, count := range []int{1, 3} {
				const n, srcRow, srcNext, dstRow, dstNext = 32, 35, 400, 33, 300
				src, dst := make([]float32, (count-1)*srcNext+(in-1)*srcRow+n), make([]float32, (count-1)*dstNext+(out-1)*dstRow+n)
				run := func(dst, src []float32, n, count int) bool {
					return panics(func() { Winograd(tr, dst, dstRow, dstNext, src, srcRow, srcNext, n, count) })
				}
				if run(dst, src, n, count) || !run(dst[1:], src, n, count) || !run(dst, src[1:], n, count) {
					t.Errorf("%v, transform %d of %d: just long enough, or one less", l, tr, count)
				}
				if !run(dst, src, n-8, count) || run(nil, nil, 0, count) || run(nil, nil, -16, count) || run(nil, nil, n, 0) || run(nil, nil, n, -1) {
					t.Errorf("%v, transform %d: rows of another kind, or none", l, tr)
				}
			}
		}
		restore()
	}
}
