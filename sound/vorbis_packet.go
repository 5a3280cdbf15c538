package sound

import (
	"io"
	"math"
	"math/bits"
)

// vorbisDecoder decodes one packet after the other.
type vorbisDecoder struct {
	v       *vorbisFile
	packets *oggPackets
	at      int64 // the next value, with those that are skipped

	last    int         // the block before, 0: none
	tail    [][]float32 // its second half, in its window
	vectors [][]float32
	block   []float32
	flat    []float32 // vectors of a residue of type 2
	class   []int
	y       [][]int // of floors; nil: silent
	heights []int
	silent  []bool
	out     []float32
}

func (d *vorbisDecoder) close() {}

func (d *vorbisDecoder) next() (v []float32, at int64, err error) {
	channels := d.v.setup.channels
	for {
		b, err := d.packets.next()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, 0, err
		}
		n := d.packet(b)
		if n == 0 {
			continue
		}
		at = d.at - d.v.skip
		d.at += int64(n)
		if at >= 0 {
			return d.out, at, nil
		}
		if -at < int64(n) {
			return d.out[-at*int64(channels):], 0, nil
		}
	}
}

// packet decodes a packet and returns how many values of a channel it gives (4.3): none for the first one and for what is no sound.
func (d *vorbisDecoder) packet(b []byte) (n int) {
	s := &d.v.setup
	size := s.blockOf(b)
	if size == 0 {
		return 0
	}
	r := &lsbReader{b: b, at: 1}
	mode := s.modes[r.take(uint(bits.Len(uint(len(s.modes)-1))))]
	left, right := 0, 0 // slopes of short or long blocks
	if mode.long == 1 {
		left, right = r.take(1), r.take(1)
	}
	m := &s.mappings[mode.mapping]
	if d.vectors == nil {
		d.vectors, d.tail = make([][]float32, s.channels), make([][]float32, s.channels)
		d.y, d.silent = make([][]int, s.channels), make([]bool, s.channels)
		for c := range d.vectors {
			d.vectors[c] = make([]float32, s.block[1]/2)
			d.tail[c] = make([]float32, s.block[1]/2)
		}
		d.block = make([]float32, s.block[1])
	}
	d.spectrum(r, m, size/2)
	if d.last > 0 {
		n = (d.last + size) / 4
		d.out = sized(d.out, n*s.channels)
	}
	for c := range s.channels {
		block := d.block[:size]
		if d.silent[c] {
			clear(block)
		} else {
			s.mdct[mode.long].inverse(d.vectors[c][:size/2], block)
		}
		slope(block[:size/2], s.window[left], false)
		slope(block[size/2:], s.window[right], true)
		if d.last > 0 {
			d.join(c, block[:size/2], n)
		}
		copy(d.tail[c], block[size/2:])
	}
	d.last = size
	return n
}

// slope multiplies half a block by its window: nothing, the slope in the middle, and all; or the other way round.
func slope(half []float32, window []float32, falling bool) {
	zero := (len(half) - len(window)) / 2
	if falling {
		for i := range window {
			half[zero+i] *= window[len(window)-1-i]
		}
		clear(half[zero+len(window):])
		return
	}
	clear(half[:zero])
	for i, w := range window {
		half[zero+i] *= w
	}
}

// join adds a block's first half to the second one of the block before.
func (d *vorbisDecoder) join(c int, half []float32, n int) {
	channels := d.v.setup.channels
	tail := d.tail[c][:d.last/2]
	shift := n - len(half) // where the half begins
	for i := range n {
		v := float32(0)
		if i < len(tail) {
			v = tail[i]
		}
		if k := i - shift; k >= 0 {
			v += half[k]
		}
		d.out[i*channels+c] = v
	}
}

// spectrum decodes floors and residues into vectors.
func (d *vorbisDecoder) spectrum(r *lsbReader, m *vorbisMapping, n int) {
	s := &d.v.setup
	for c := range s.channels {
		d.y[c] = s.floors[m.floor[m.mux[c]]].read(r, s, d.y[c][:0])
		d.silent[c] = d.y[c] == nil
		clear(d.vectors[c][:n])
	}
	whole := make([]bool, s.channels)
	for c := range whole {
		whole[c] = !d.silent[c]
	}
	for k, a := range m.magnitude {
		if b := m.angle[k]; whole[a] || whole[b] {
			whole[a], whole[b] = true, true
		}
	}
	for k, e := range m.residue {
		var vectors [][]float32
		var want []bool
		for c := range s.channels {
			if m.mux[c] == k {
				vectors, want = append(vectors, d.vectors[c][:n]), append(want, whole[c])
			}
		}
		d.residue(r, &s.residues[e], vectors, want)
	}
	for k := len(m.magnitude) - 1; k >= 0; k-- {
		uncouple(d.vectors[m.magnitude[k]][:n], d.vectors[m.angle[k]][:n])
	}
	for c := range s.channels {
		if !d.silent[c] {
			d.heights = s.floors[m.floor[m.mux[c]]].apply(d.vectors[c][:n], d.y[c], d.heights)
		}
	}
}

// uncouple makes two channels of magnitude and angle (4.3.5).
func uncouple(m, a []float32) {
	for i, p := range m {
		q := a[i]
		switch {
		case p > 0 && q > 0:
			a[i] = p - q
		case p > 0:
			m[i], a[i] = p+q, p
		case q > 0:
			a[i] = p + q
		default:
			m[i], a[i] = p-q, p
		}
	}
}

// floorRange is how many heights a floor has, by its multiplier.
var floorRange = [5]int{1: 256, 2: 128, 3: 86, 4: 64}

// read reads the heights of a floor (7.2.3); nil: there is none, or the packet ends in it.
func (f *vorbisFloor) read(r *lsbReader, s *vorbisSetup, y []int) []int {
	if r.take(1) == 0 {
		return nil
	}
	width := uint(bits.Len(uint(floorRange[f.mult] - 1)))
	y = append(y, r.take(width), r.take(width))
	for _, p := range f.parts {
		c := &f.class[p]
		value := 0
		if c.bits > 0 {
			value = s.books[c.master].code.take(r)
		}
		for range c.dims {
			book := c.books[value&(1<<c.bits-1)]
			value >>= c.bits
			v := 0
			if book >= 0 {
				v = s.books[book].code.take(r)
			}
			if r.over {
				return nil
			}
			y = append(y, v)
		}
	}
	if r.over {
		return nil
	}
	return y
}

// floorLevels are what heights mean: steps of 140/256 dB (10.1).
var floorLevels = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(math.Pow(10, 140.0/256/20*float64(i-255)))
	}
	return t
}()

// apply multiplies a vector by a floor (7.2.4): heights are told as differences from the line between two neighbours, and lines go between those that are.
func (f *vorbisFloor) apply(v []float32, y, heights []int) []int {
	most := floorRange[f.mult]
	heights = append(heights[:0], y[0], y[1])
	drawn := make([]bool, len(f.x))
	drawn[0], drawn[1] = true, true
	for i := 2; i < len(f.x); i++ {
		lo, hi := f.lo[i], f.hi[i]
		dy, dx := heights[hi]-heights[lo], f.x[hi]-f.x[lo]
		off := max(dy, -dy) * (f.x[i] - f.x[lo]) / dx
		at := heights[lo] + off
		if dy < 0 {
			at = heights[lo] - off
		}
		value := y[i]
		if value != 0 {
			drawn[lo], drawn[hi], drawn[i] = true, true, true
			above, below := most-at, at
			switch room := 2 * min(above, below); {
			case value >= room && above > below:
				at += value - below
			case value >= room:
				at += above - value - 1
			case value&1 == 1:
				at -= (value + 1) / 2
			default:
				at += value / 2
			}
			at = min(max(at, 0), most-1)
		}
		heights = append(heights, at)
	}
	x0, y0 := 0, heights[0]*f.mult
	for _, i := range f.order[1:] {
		if drawn[i] {
			x1, y1 := f.x[i], heights[i]*f.mult
			line(v, x0, y0, x1, y1)
			x0, y0 = x1, y1
		}
	}
	line(v, x0, y0, len(v), y0)
	return heights
}

// line multiplies by the levels of a line, in whole numbers (9.2.7).
func line(v []float32, x0, y0, x1, y1 int) {
	if x0 >= x1 {
		return
	}
	dy, dx := y1-y0, x1-x0
	base := dy / dx
	step := base + 1
	if dy < 0 {
		step = base - 1
	}
	rest := max(dy, -dy) - max(base, -base)*dx
	y, sum := y0, 0
	for x := x0; x < min(x1, len(v)); x++ {
		v[x] *= floorLevels[y&255]
		if sum += rest; sum >= dx {
			sum -= dx
			y += step
		} else {
			y += base
		}
	}
}

// residue decodes vectors of channels of one submap (8.6). It ends where the packet does.
func (d *vorbisDecoder) residue(r *lsbReader, f *vorbisResidue, vectors [][]float32, want []bool) {
	if len(vectors) == 0 {
		return
	}
	if f.kind == 2 { // all channels are one vector, value by value
		any := false
		for _, w := range want {
			any = any || w
		}
		if !any {
			return
		}
		channels, n := len(vectors), len(vectors[0])
		d.flat = sized(d.flat, channels*n)
		clear(d.flat)
		d.partitions(r, f, [][]float32{d.flat}, []bool{true})
		for c, v := range vectors {
			for i := range v {
				v[i] = d.flat[i*channels+c]
			}
		}
		return
	}
	d.partitions(r, f, vectors, want)
}

func (d *vorbisDecoder) partitions(r *lsbReader, f *vorbisResidue, vectors [][]float32, want []bool) {
	n := len(vectors[0])
	begin, end := min(f.begin, n), min(f.end, n)
	parts := (end - begin) / f.part
	class := &d.v.setup.books[f.book]
	d.class = sized(d.class, len(vectors)*parts)
	for pass := range 8 {
		for p := 0; p < parts; {
			if pass == 0 {
				for c := range vectors {
					if !want[c] {
						continue
					}
					v := class.code.take(r)
					if r.over {
						return
					}
					for k := class.dims - 1; k >= 0; k-- {
						if p+k < parts {
							d.class[c*parts+p+k] = v % f.classes
						}
						v /= f.classes
					}
				}
			}
			for k := 0; k < class.dims && p < parts; k++ {
				for c, v := range vectors {
					if !want[c] {
						continue
					}
					if book := f.books[d.class[c*parts+p]][pass]; book >= 0 {
						at := begin + p*f.part
						d.v.setup.books[book].add(r, v[at:at+f.part], f.kind)
						if r.over {
							return
						}
					}
				}
				p++
			}
		}
	}
}

// add adds vectors of a code book to a partition: one after the other, or value by value.
func (b *vorbisBook) add(r *lsbReader, v []float32, kind int) {
	step := len(v) / b.dims
	for i := 0; i < len(v); i += b.dims {
		e := b.code.take(r)
		if e < 0 {
			return
		}
		values := b.values[e*b.dims : (e+1)*b.dims]
		if kind == 0 {
			if i/b.dims < step {
				for k, x := range values {
					v[i/b.dims+k*step] += x
				}
			}
			continue
		}
		part := v[i:]
		for k, x := range values[:min(len(values), len(part))] {
			part[k] += x
		}
	}
}
