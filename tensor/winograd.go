package tensor

import (
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// winograd is one of Winograd's algorithms for 3x3 convolutions of stride 1: an output tile of m by m is made from t by
// t products, t = m+2, of transformed pixels and transformed weights. For each of the t² positions the products of all
// tiles and channels are one matrix product, tiles by channels. A worker takes a few rows of tiles through all three
// steps, so that transformed tiles stay in its second-level cache.
//
// The points of F(4,3) are chosen for a small error: about twice a direct sum's, root mean square, where the textbook's
// give five times; F(2,3) is as exact as a direct sum. TestWinogradError has the bounds, docs/performance.md
// the measured table.
type winograd struct {
	m, t                                         int
	input, output, outputAdd, grad, weight, back simd.Transform

	keep int // floats of transformed pixels that convPanels holds at a time: 32 MB
}

var (
	winograd4 = &winograd{4, 6, simd.WinogradInput4, simd.WinogradOutput4, simd.WinogradOutput4Add, simd.WinogradGrad4,
		simd.WinogradWeight4, simd.WinogradWeightGrad4, 8 << 20}
	winograd2 = &winograd{2, 4, simd.WinogradInput2, simd.WinogradOutput2, simd.WinogradOutput2Add, simd.WinogradGrad2,
		simd.WinogradWeight2, simd.WinogradWeightGrad2, 8 << 20}
)

// tiles is the cut of images, or of clips' frames, into tiles: strips of tw tiles, th strips an image. A strip of clips has all their frames' tiles.
type tiles struct {
	n, h, w int // images or clips, and their outputs' sides
	th, tw  int
}

func (f *winograd) cut(n, h, w int) tiles {
	return tiles{n, h, w, (h + f.m - 1) / f.m, (w + f.m - 1) / f.m}
}

// block is strips s0 to s1 of frames f0 to f1; a clip has so many frames, and tiles of one frame are pitch apart from the next one's.
type block struct {
	s0, s1, f0, f1 int
	frames, pitch  int
}

// strips returns how many strips a worker takes at a time: about a megabyte of transformed pixels and products, and
// enough tiles that reading the weights again for each costs little.
func (f *winograd) strips(g tiles, ci, co int) int {
	want := max(28, min(112, 1<<18/(f.t*f.t*(ci+co))))
	all := g.n * g.th
	return max(1, min((want+g.tw/2)/g.tw, (all+7)/8))
}

// lead returns the distance of two tiles' channels in memory: powers of two would fall on few cache sets.
func lead(c int) int {
	if c%256 == 0 {
		return c + 16
	}
	return c
}

// weights returns transformed weights [KT t² k n], packed, for each of the t² positions; free it with giveBack. taps is
// [KT 3 3 k n].
func (f *winograd) weights(taps []float32, k, n int) (packed []float32, size int) {
	t, cc := f.t, k*n
	kt := len(taps) / (9 * cc)
	size = simd.PackedSize(k, n)
	u := borrow(t * t * cc)
	defer giveBack(u)
	packed = borrow(kt * t * t * size)
	const piece = 2048
	for a := range kt {
		taps, packed := taps[a*9*cc:], packed[a*t*t*size:]
		parallel.Chunks(cc, piece, func(lo, hi int) {
			n := hi - lo
			half := borrow(t * 3 * n)
			defer giveBack(half)
			for b := range 3 {
				simd.Winograd(f.weight, half[b*n:], 3*n, 0, taps[b*cc+lo:], 3*cc, 0, n, 1)
			}
			for r := range t {
				simd.Winograd(f.weight, u[r*t*cc+lo:], cc, 0, half[r*3*n:], n, 0, n, 1)
			}
		})
		parallel.For(t*t, func(x int) { simd.PackB(packed[x*size:], k, 0, u[x*cc:], k, n, n) })
	}
	return packed, size
}

// turned returns the weights [KT·3 3 I O] in reverse order of the taps and with channels exchanged, [KT·3 3 O I], as the input's
// gradient needs them; free it with giveBack.
func turned(w *Tensor) []float32 {
	all, ci, co := w.Shape[0]*w.Shape[1], w.Shape[2], w.Shape[3]
	out := borrow(all * ci * co)
	parallel.For(all*ci/16, func(i int) { // 16 channels of a tap at a time: a line of out in one visit
		tap, c := i/(ci/16), i%(ci/16)*16
		dst, src := out[(all-1-tap)*ci*co+c:], w.Data[(tap*ci+c)*co:]
		for h := 0; h < 16; h += 8 {
			s := src[h*co:]
			s0, s1, s2, s3 := s[:co], s[co:2*co], s[2*co:3*co], s[3*co:4*co]
			s4, s5, s6, s7 := s[4*co:5*co], s[5*co:6*co], s[6*co:7*co], s[7*co:8*co]
			for j := range co {
				d := dst[j*ci+h : j*ci+h+8 : j*ci+h+8]
				d[0], d[1], d[2], d[3] = s0[j], s1[j], s2[j], s3[j]
				d[4], d[5], d[6], d[7] = s4[j], s5[j], s6[j], s7[j]
			}
		}
	})
	return out
}

// place is where gather puts position p of tile i: v[p·vs + i·ld], or, with panels of a packed operand of k rows,
// v[p·vs + k·j + i·width + c-j] for channel c of the panel that begins at j.
type place struct {
	v      []float32
	vs, ld int
	k      int // 0: plain rows
}

// packedPlace returns the place of k tiles of c channels, packed as simd.MulPanel reads them, or false if that is not a matter
// of whole vectors at this level.
func packedPlace(v []float32, vs, k, c int) (place, bool) {
	if c%16 != 0 || simd.PackedSize(1, c) != c || simd.Panel() < 16 {
		return place{}, false
	}
	return place{v: v, vs: vs, k: k}, true
}

// gather transforms the tiles of a block of an image plane x [n h w c] to tiles first and up of a place. A tile
// reads rows of x from m·q-above on and columns from m·r-left on; outside x is zero. step is the transform: f.input, or f.grad for the m by m
// tiles of a gradient.
func (f *winograd) gather(to place, first int, x *Tensor, above, left int, b block, g tiles, step simd.Transform) {
	h, w, c := x.Shape[1], x.Shape[2], x.Shape[3]
	t := f.t
	in, _ := step.Rows()
	width := ((g.tw-1)*f.m + in) * c
	rows := borrow(t*width + in*w*c)
	defer giveBack(rows)
	edge := rows[t*width:]
	clear(rows[:t*width])
	cols := min(w, (g.tw-1)*f.m+in-left) * c
	for at := range (b.f1 - b.f0) * (b.s1 - b.s0) {
		frame, s := at/(b.s1-b.s0), at%(b.s1-b.s0)
		i, top := (b.s0+s)/g.th*b.frames+b.f0+frame, (b.s0+s)%g.th*f.m-above
		img := x.Data[i*h*w*c : (i+1)*h*w*c]
		if top >= 0 && top+in <= h {
			simd.Winograd(step, rows[left*c:], width, 0, img[top*w*c:], w*c, 0, cols, 1)
		} else {
			for r := range in {
				dst := edge[r*w*c : (r+1)*w*c]
				if y := top + r; y >= 0 && y < h {
					copy(dst, img[y*w*c:])
				} else {
					clear(dst)
				}
			}
			simd.Winograd(step, rows[left*c:], width, 0, edge, w*c, 0, cols, 1)
		}
		tile := first + frame*b.pitch + s*g.tw
		for r := range t {
			if to.k == 0 {
				simd.Winograd(step, to.v[r*t*to.vs+tile*to.ld:], to.vs, to.ld, rows[r*width:], c, f.m*c, c, g.tw)
				continue
			}
			for j := 0; j < c; j += simd.Panel() {
				n := min(simd.Panel(), c-j)
				simd.Winograd(step, to.v[r*t*to.vs+to.k*j+tile*n:], to.vs, n, rows[r*width+j:], c, f.m*c, n, g.tw)
			}
		}
	}
}

// conv sets y [n h w co] to the convolution of x [n · · ci] with w, or adds it; with transposed, with w in reverse order and its
// channels exchanged. Above and left of x there are so many zeros, below and to the right as many as y needs. Kernels of several taps in time
// have stride 1 there: a frame is transformed once, and its products with the taps are summed before they are transformed back.
//
// Few weights: they are transformed once, and a worker takes a few strips through all steps. Many weights, which no
// second-level cache holds: all tiles are transformed first, and a worker takes a panel of output channels through all
// steps, its weights' transform too.
func (f *winograd) conv(y, x, w *Tensor, through frames, transposed bool, above, left int, add bool, e *Epilogue, keep *Packed) {
	g := f.cut(y.Shape[0]/through.out, y.Shape[1], y.Shape[2])
	ci, co, t := x.Shape[3], y.Shape[3], f.t
	taps := w.Data
	if transposed {
		taps = turned(w)
		defer giveBack(taps)
	}
	if manyWeights(t, ci*through.taps, co) {
		f.convPanels(y, x, taps, through, above, left, add, e, keep)
		return
	}
	var packed []float32
	var size int
	if keep == nil {
		packed, size = f.weights(taps, ci, co)
		defer giveBack(packed)
	} else {
		k := keep.of(f)
		if k.data == nil {
			k.data, k.size = f.weights(taps, ci, co)
		}
		packed, size = k.data, k.size
	}
	panel := simd.Panel()
	step := f.strips(g, ci, co)
	all := g.n * g.th
	last := f.output
	if add {
		last = f.outputAdd
	}
	// A worker goes through the frames of its strips in order, some at a time, and keeps what the next ones read again.
	some := through.out
	if through.taps > 1 {
		step = max(1, min(step, 28/g.tw))
		some = min(some, max(4, 112/(step*g.tw)))
	}
	parallel.Chunks(all, step, func(s0, s1 int) {
		pitch := (s1 - s0) * g.tw
		lv := lead(ci)
		vs, ms := (some+through.taps-1)*pitch*lv+16, some*pitch*co+16
		v := borrow(t*t*(vs+ms) + f.scratchSize(g, co))
		defer giveBack(v)
		m, o := v[t*t*vs:], v[t*t*(vs+ms):]
		have := 0 // frames that are transformed
		for f0 := 0; f0 < through.out; f0 += some {
			f1 := min(through.out, f0+some)
			base := f0 - through.Low // the frame whose tiles would be first
			from, to := max(have, base, 0), min(through.in, f1+through.taps-1-through.Low)
			if old := base - some; f0 > 0 && have > base { // frames base to have, at their old place
				for p := range t * t {
					copy(v[p*vs:p*vs+(have-base)*pitch*lv], v[p*vs+(base-old)*pitch*lv:])
				}
			}
			if from < to {
				f.gather(place{v: v, vs: vs, ld: lv}, (from-base)*pitch, x, above, left, block{s0, s1, from, to, through.in, pitch}, g, f.input)
				have = to
			}
			for p := range t * t {
				a := simd.A{Data: v[p*vs:], LD: lv, K: ci}
				for j := 0; j < co; j += panel {
					through.products(m[p*ms+j:], co, min(panel, co-j), f0, f1, base, pitch, a, packed[p*size+simd.PackedOffset(ci, j):], t*t*size)
				}
			}
			f.scatter(y, 0, m, ms, co, o, block{s0, s1, f0, f1, through.out, pitch}, g, last, e)
		}
	})
}

// products sets the tiles of output frames f0 to f1, pitch tiles each, to the sums over the taps of products of transformed frames, the first of which
// is base, with n columns of their weights, which are step apart.
func (t frames) products(m []float32, ldm, n, f0, f1, base, pitch int, a simd.A, b []float32, step int) {
	v, whole := a.Data, t.whole(f0, f1)
	if whole < 0 {
		for i := range (f1 - f0) * pitch {
			clear(m[i*ldm:][:n])
		}
	}
	product := func(tap int) {
		if from, to := t.span(tap, f0, f1); from < to {
			a.Data = v[(from+tap-t.Low-base)*pitch*a.LD:]
			simd.MulPanel(m[(from-f0)*pitch*ldm:], ldm, (to-from)*pitch, n, a, b[tap*step:], tap != whole)
		}
	}
	if whole >= 0 {
		product(whole) // first: it sets, the others add
	}
	for tap := range t.taps {
		if tap != whole {
			product(tap)
		}
	}
}

// scatter transforms the products of a block back: position p of a tile lies at m[p·ms + tile·n], n channels; they
// go to the channels of y from j on. o is scratch of scratchSize floats.
func (f *winograd) scatter(y *Tensor, j int, m []float32, ms, n int, o []float32, b block, g tiles, last simd.Transform, e *Epilogue) {
	t, co := f.t, y.Shape[3]
	os := g.tw*n + 16
	part := o[f.m*t*os:]
	whole := g.w / f.m // tiles of a strip that end inside y
	for at := range (b.f1 - b.f0) * (b.s1 - b.s0) {
		frame, s := at/(b.s1-b.s0), at%(b.s1-b.s0)
		simd.Winograd(f.output, o, t*os, os, m[(frame*b.pitch+s*g.tw)*n:], t*ms, ms, g.tw*n, t)
		i, q := (b.s0+s)/g.th*b.frames+b.f0+frame, (b.s0+s)%g.th*f.m
		for r := range min(f.m, g.h-q) {
			dst := y.Data[(i*g.h+q+r)*g.w*co+j:]
			src := o[r*t*os:]
			simd.Winograd(last, dst, co, f.m*co, src, os, n, n, whole)
			if whole < g.tw {
				simd.Winograd(f.output, part, n, 0, src[whole*n:], os, 0, n, 1)
				for c := range g.w - whole*f.m {
					d := dst[(whole*f.m+c)*co:][:n]
					if last == f.outputAdd {
						simd.Add(d, d, part[c*n:])
					} else {
						copy(d, part[c*n:])
					}
				}
			}
			first := (i*g.h + q + r) * g.w
			e.apply(y.Data, co, first, first+g.w, j, n)
		}
	}
}

// scratchSize is what scatter needs for n channels.
func (f *winograd) scratchSize(g tiles, n int) int { return f.m*f.t*(g.tw*n+16) + f.m*n }

// manyWeights tells whether transformed weights are too many for a second-level cache and its surroundings: 3 MB.
func manyWeights(t, ci, co int) bool { return t*t*ci*co > 3<<18 }

func (f *winograd) convPanels(y, x *Tensor, taps []float32, through frames, above, left int, add bool, e *Epilogue, keep *Packed) {
	g := f.cut(y.Shape[0]/through.out, y.Shape[1], y.Shape[2])
	ci, co, t, kt := x.Shape[3], y.Shape[3], f.t, through.taps
	all := g.n * g.th
	// as many tiles at a time as keep in the last-level cache
	chunk := min(all, max(1, max(56, f.keep/(t*t*ci))/(g.tw*through.in)))
	lv := lead(ci)
	vs, ms := chunk*g.tw*through.in*lv+16, 0
	v := borrow(t * t * vs)
	defer giveBack(v)
	panel := max(16, simd.Panel())
	panels := (co + panel - 1) / panel
	size := simd.PackedSize(ci, panel)
	once := chunk >= all && keep == nil // else the weights are needed again, and kept
	var packed []float32
	ready := false
	switch {
	case keep != nil:
		k := keep.of(f)
		if ready = k.data != nil; !ready {
			k.data = keep.alloc(panels * kt * t * t * size)
		}
		packed = k.data
	case !once:
		packed = borrow(panels * kt * t * t * size)
		defer giveBack(packed)
	}
	last := f.output
	if add {
		last = f.outputAdd
	}
	for s0 := 0; s0 < all; s0 += chunk {
		s1 := min(all, s0+chunk)
		pitch := (s1 - s0) * g.tw
		each := max(1, 14/g.tw) // strips of a piece
		pieces := (s1 - s0 + each - 1) / each
		parallel.For(through.in*pieces, func(i int) {
			frame, lo := i/pieces, i%pieces*each
			f.gather(place{v: v, vs: vs, ld: lv}, frame*pitch+lo*g.tw, x, above, left, block{s0 + lo, min(s1, s0+lo+each), frame, frame + 1, through.in, pitch}, g, f.input)
		})
		ms = through.out*pitch*panel + 16
		parallel.For(panels, func(i int) {
			j := i * panel
			n := min(panel, co-j)
			var u []float32
			if once {
				u = borrow(kt * t * t * size)
				defer giveBack(u)
			} else {
				u = packed[i*kt*t*t*size : (i+1)*kt*t*t*size]
			}
			for a := 0; a < kt && s0 == 0 && !ready; a++ {
				f.panelWeights(u[a*t*t*size:], size, taps[a*9*ci*co:], ci, co, j, n)
			}
			m := borrow(t*t*ms + f.scratchSize(g, n))
			defer giveBack(m)
			for p := range t * t {
				a := simd.A{Data: v[p*vs:], LD: lv, K: ci}
				for c := 0; c < n; c += simd.Panel() {
					through.products(m[p*ms+c:], n, min(simd.Panel(), n-c), 0, through.out, 0, pitch, a, u[p*size+simd.PackedOffset(ci, c):], t*t*size)
				}
			}
			f.scatter(y, j, m, ms, n, m[t*t*ms:], block{s0, s1, 0, through.out, through.out, pitch}, g, last, e)
		})
	}
}

// panelWeights transforms and packs the weights of n output channels from j on: t² operands, size apart. taps is
// [3 3 ci co].
func (f *winograd) panelWeights(u []float32, size int, taps []float32, ci, co, j, n int) {
	t, cc, all := f.t, ci*co, ci*n
	half := borrow(t*3*all + t*t*all)
	defer giveBack(half)
	full := half[t*3*all:]
	for b := range 3 {
		simd.Winograd(f.weight, half[b*all:], 3*all, n, taps[b*cc+j:], 3*cc, co, n, ci)
	}
	whole := simd.PackedSize(ci, n) == all && n <= simd.Panel() // a panel is as it is packed
	for r := range t {
		to, row := full[r*t*all:], all
		if whole {
			to, row = u[r*t*size:], size
		}
		simd.Winograd(f.weight, to, row, 0, half[r*3*all:], all, 0, all, 1)
	}
	if !whole {
		for p := range t * t {
			simd.PackB(u[p*size:], ci, 0, full[p*all:], ci, n, n)
		}
	}
}

// gradWeight sets dw to the gradient of the weights, or adds it: in the transformed domain it is, for each position, and each tap in time, the
// product of transformed pixels, transposed, with transformed gradients, summed over tiles.
//
// Few weights: a worker sums over an eighth of the tiles, and the eighths are added in order. Many: all workers transform
// a chunk of tiles, then each takes some positions and columns of the sum.
func (f *winograd) gradWeight(dw, x, dy *Tensor, through frames, above, left int, add bool) {
	g := f.cut(dy.Shape[0]/through.out, dy.Shape[1], dy.Shape[2])
	ci, co, t := dw.Shape[2], dw.Shape[3], f.t
	cc, all := ci*co, g.n*g.th
	size, deep := through.taps*t*t*cc, max(through.in, through.out)
	var u []float32
	if size <= 1<<18 && all >= slices {
		parts := borrow(slices * size)
		defer giveBack(parts)
		few := max(1, min(112, 1<<18/(t*t*(ci+co)))/(g.tw*deep))
		parallel.For(slices, func(i int) {
			s0, s1 := i*all/slices, (i+1)*all/slices
			part := parts[i*size : (i+1)*size]
			for s := s0; s < s1; s += few {
				f.sumTiles(part, x, dy, through, above, left, s, min(s1, s+few), g, ci, co, s > s0, false)
			}
		})
		u = parts[:size]
		parallel.Chunks(size, max(256, chunk/slices), func(lo, hi int) { sumSlices(parts[lo:hi], parts[lo:], size, false) })
	} else {
		u = borrow(size)
		defer giveBack(u)
		// a chunk's transformed pixels and gradients stay in the last-level cache
		chunk := max(1, max(256, min(512, 1<<21/(t*t*(ci+co))))/(g.tw*deep))
		for s := 0; s < all; s += chunk {
			f.sumTiles(u, x, dy, through, above, left, s, min(all, s+chunk), g, ci, co, s > 0, true)
		}
	}
	const piece = 2048
	pieces := (cc + piece - 1) / piece
	parallel.For(through.taps*pieces, func(i int) {
		lo := i % pieces * piece
		hi := min(cc, lo+piece)
		n := hi - lo
		u, dw := u[i/pieces*t*t*cc:], dw.Data[i/pieces*9*cc:]
		half := borrow(3 * t * n)
		defer giveBack(half)
		clear(half)
		if !add {
			for a := range 9 {
				clear(dw[a*cc+lo : a*cc+hi])
			}
		}
		for s := range t {
			simd.Winograd(f.back, half[s*n:], t*n, 0, u[s*cc+lo:], t*cc, 0, n, 1)
		}
		for a := range 3 {
			simd.Winograd(f.back, dw[a*3*cc+lo:], cc, 0, half[a*t*n:], n, 0, n, 1)
		}
	})
}

// sumTiles sets u [KT t² ci co] to the sum over the tiles of strips s0 to s1, or adds it, on all workers or on one.
func (f *winograd) sumTiles(u []float32, x, dy *Tensor, through frames, above, left, s0, s1 int, g tiles, ci, co int, add, shared bool) {
	loop := parallel.For
	if !shared {
		loop = func(n int, f func(i int)) {
			for i := range n {
				f(i)
			}
		}
	}
	t, pitch, panel := f.t, (s1-s0)*g.tw, simd.Panel()
	k := through.out * pitch
	lv := lead(ci)
	vs, ys := through.in*pitch*lv+16, k*co+16
	v := borrow(t * t * (vs + ys))
	defer giveBack(v)
	y := v[t*t*vs:]
	to, whole := packedPlace(y, ys, k, co)
	if !whole {
		to = place{v: y, vs: ys, ld: co}
	}
	each := s1 - s0 // strips of a piece
	if shared {
		each = max(1, 14/g.tw)
	}
	pieces := (s1 - s0 + each - 1) / each
	loop(max(through.in, through.out)*pieces, func(i int) {
		frame, lo := i/pieces, i%pieces*each
		b := block{s0 + lo, min(s1, s0+lo+each), frame, frame + 1, through.in, pitch}
		if frame < through.in {
			f.gather(place{v: v, vs: vs, ld: lv}, frame*pitch+lo*g.tw, x, above, left, b, g, f.input)
		}
		if b.frames = through.out; frame < through.out {
			f.gather(to, frame*pitch+lo*g.tw, dy, 0, 0, b, g, f.grad)
		}
	})
	group := min(4*panel, (co+panel-1)/panel*panel) // columns of a piece
	groups := (co + group - 1) / group
	loop(through.taps*t*t*groups, func(piece int) {
		j0, at := piece%groups*group, piece/groups
		p, tap := at%(t*t), at/(t*t)
		from, end := through.span(tap, 0, through.out) // the frames of dy
		k := max(0, end-from) * pitch
		if k == 0 {
			for i := 0; i < ci && !add; i++ {
				clear(u[(at*ci+i)*co+j0:][:min(group, co-j0)])
			}
			return
		}
		a := simd.A{Data: v[p*vs+(from+tap-through.Low)*pitch*lv:], LD: lv, K: k, Transposed: true}
		var packed []float32
		if !whole {
			packed = borrow(simd.PackedSize(k, panel))
			defer giveBack(packed)
		}
		for j := j0; j < min(co, j0+group); j += panel {
			n := min(panel, co-j)
			b := y[p*ys+simd.PackedOffset(through.out*pitch, j)+from*pitch*n:]
			if !whole {
				b = packed
				simd.PackB(b, k, 0, y[p*ys+from*pitch*co+j:], k, n, co)
			}
			simd.MulPanel(u[at*ci*co+j:], co, ci, n, a, b, add)
		}
	})
}

// winogradOf returns the algorithm's shapes, or nil for Direct.
func winogradOf(a Algorithm) *winograd {
	switch a {
	case Winograd2:
		return winograd2
	case Winograd4:
		return winograd4
	}
	return nil
}

// cheapest is the cost model behind Plan, in multiply-adds of a kernel that runs at the peak. The factors were fitted
// to measurements on an AVX-512 machine, where arithmetic is cheapest and Winograd gains least; with AVX2 it gains
// more, but a choice by machine would be a result by machine. TestPlanMeasured compares it with measurements.
func cheapest(pass Pass, n, oh, ow, ci, co, taps int) Algorithm {
	best, least := Direct, cost(nil, pass, n, oh, ow, ci, co, taps)
	for _, a := range []Algorithm{Winograd2, Winograd4} {
		if c := cost(winogradOf(a), pass, n, oh, ow, ci, co, taps); c < least {
			best, least = a, c
		}
	}
	return best
}

// cost is of n images or frames, and a kernel of so many taps in time.
func cost(f *winograd, pass Pass, n, oh, ow, ci, co, taps int) float64 {
	products := float64(ci * co * taps)
	if f == nil {
		slow := 1.12
		if pass == GradWeight {
			slow = 1.25
		}
		return slow*9*products*float64(n*oh*ow) + 8*9*products // the second: packing the weights
	}
	g := f.cut(n, oh, ow)
	t2, all := float64(f.t*f.t), float64(g.n*g.th*g.tw)
	weights := 25.0 // transforming and packing a weight
	if pass == GradWeight {
		weights = 50
	}
	return t2 * (1.25*all*products + 10*all*float64(ci+co) + weights*products)
}
