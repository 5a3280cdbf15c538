package film

import (
	"errors"
	"io"
	"math"
	"math/bits"

	"github.com/tessera-go/tessera/internal/files"
)

// mpegSequence is what a sequence header says (ISO 11172-2, 2.4.2.3).
type mpegSequence struct {
	h, w     int
	mbh, mbw int // macroblocks of 16 by 16
	rate     float64
	aspect   byte
	intra    [64]int32 // quantiser matrices, in the order of rows
	other    [64]int32
}

// sequenceLength is that of a sequence header with the quantiser matrices that it has.
func sequenceLength(b []byte) int {
	n := 12
	if len(b) < n {
		return n
	}
	if b[11]&2 != 0 {
		if n += 64; len(b) < n {
			return n
		}
	}
	if b[n-1]&1 != 0 {
		n += 64
	}
	return n
}

func readSequence(b []byte) (q mpegSequence) {
	q.w, q.h = int(b[4])<<4|int(b[5])>>4, int(b[5]&15)<<8|int(b[6])
	q.mbw, q.mbh = (q.w+15)/16, (q.h+15)/16
	q.aspect, q.rate = b[7]>>4, mpegRates[b[7]&15]
	r := bitReader{b: b[4:], at: 62}
	read := func(m *[64]int32, usual func(i int) int32) {
		have := r.take(1) == 1
		for i := range m {
			if have {
				m[zigzag[i]] = int32(r.take(8))
			} else {
				m[zigzag[i]] = usual(int(zigzag[i]))
			}
		}
	}
	read(&q.intra, func(i int) int32 { return usualIntra[i] })
	read(&q.other, func(int) int32 { return 16 })
	return q
}

// mpegFrame is a decoded picture: planes Y, Cb and Cr of whole macroblocks.
type mpegFrame struct{ plane [3][]uint8 }

func newMPEGFrame(q *mpegSequence) *mpegFrame {
	n := q.mbh * q.mbw
	return &mpegFrame{[3][]uint8{make([]uint8, 256*n), make([]uint8, 64*n), make([]uint8, 64*n)}}
}

func (f *mpegFrame) clear() {
	for i := range f.plane {
		for k := range f.plane[i] {
			f.plane[i][k] = 128
		}
	}
}

// mpegDecoder decodes pictures from the two that they may lean on.
type mpegDecoder struct {
	film         *mpegFilm
	past, future *mpegFrame // the last but one I or P, and the last
	before, at   int        // their numbers, -1: none
	spare        *mpegFrame
	data         []byte

	in      bitReader
	out     *mpegFrame
	kind    uint8
	scale   int32
	full    [2]bool // vectors count pixels, not halves: forward, backward
	size    [2]uint // bits of a vector's rest
	vector  [2][2]int
	used    [2]bool // directions of the macroblock's prediction
	dc      [3]int32
	block   [64]int32
	covered int // macroblocks
}

func newMPEGDecoder(m *mpegFilm) *mpegDecoder {
	q := &m.sequence
	return &mpegDecoder{film: m, past: newMPEGFrame(q), future: newMPEGFrame(q), spare: newMPEGFrame(q), before: -1, at: -1}
}

var errMPEG = errors.New("a broken picture of MPEG-1")

// maxMPEGPicture bounds a picture as it is stored: what lies between two start codes of pictures.
const maxMPEGPicture = 1 << 24

// decode decodes picture i of those stored into out.
func (d *mpegDecoder) decode(out *mpegFrame, i int) error {
	m := d.film
	end := m.end
	if i+1 < len(m.stored) {
		end = m.stored[i+1].video
	}
	n := end - m.stored[i].video
	if n > maxMPEGPicture {
		return errors.New("a picture of more than 16 MB")
	}
	d.data = sized(d.data, int(n))
	if _, err := io.ReadFull(m.video(m.stored[i].video), d.data); err != nil {
		return files.Cause(err)
	}
	d.out, d.kind, d.covered = out, m.stored[i].kind, 0
	d.in = bitReader{b: d.data, at: 32 + 10 + 3 + 16}
	for way := range int(d.kind) - 1 {
		d.full[way] = d.in.take(1) == 1
		f := d.in.take(3)
		if f == 0 {
			return errMPEG
		}
		d.size[way] = uint(f - 1)
	}
	for code := d.in.nextCode(); code >= 0; code = d.in.nextCode() {
		if code >= 1 && code <= 0xaf {
			if err := d.slice(code - 1); err != nil {
				return err
			}
		}
	}
	if d.covered != m.sequence.mbh*m.sequence.mbw {
		return errors.New("a picture of MPEG-1 that is cut short")
	}
	return nil
}

// Bits of a macroblock's type.
const (
	mbIntra = 1 << iota
	mbPattern
	mbBackward
	mbForward
	mbQuant
)

// slice decodes the macroblocks of a slice, which begins in a row.
func (d *mpegDecoder) slice(row int) error {
	q := &d.film.sequence
	at := row*q.mbw - 1
	d.scale = int32(d.in.take(5))
	for d.in.take(1) == 1 && !d.in.over() {
		d.in.take(8)
	}
	d.reset()
	for first := true; first || d.in.peek(23) != 0; first = false {
		step := 0
		for {
			v := d.in.code(&tableIncrement)
			if v == mbEscape {
				step += 33
			} else if v != mbStuffing {
				if v <= 0 {
					return errMPEG
				}
				step += v
				break
			}
			if d.in.over() || step > q.mbh*q.mbw {
				return errMPEG
			}
		}
		if at+step >= q.mbh*q.mbw || first && at+step != d.covered { // slices leave no gaps
			return errMPEG
		}
		if !first && step > 1 {
			if err := d.skip(at+1, at+step); err != nil {
				return err
			}
		}
		at += step
		if err := d.macroblock(at); err != nil {
			return err
		}
		d.covered++
	}
	return nil
}

// reset forgets what a macroblock's numbers are differences from.
func (d *mpegDecoder) reset() {
	d.dc = [3]int32{128, 128, 128}
	d.vector = [2][2]int{}
	d.used = [2]bool{}
}

// skip predicts macroblocks that are not stored: in a P as they were, in a B as the one before them.
func (d *mpegDecoder) skip(from, to int) error {
	d.dc = [3]int32{128, 128, 128}
	switch {
	case d.kind == mpegI, d.kind == mpegB && d.used == [2]bool{}:
		return errMPEG
	case d.kind == mpegP:
		d.vector[0], d.used = [2]int{}, [2]bool{true, false}
	}
	for at := from; at < to; at++ {
		d.predict(at)
		d.covered++
	}
	return nil
}

func (d *mpegDecoder) macroblock(at int) error {
	kind := d.in.code(&tableTypes[d.kind])
	if kind < 0 {
		return errMPEG
	}
	if kind&mbQuant != 0 {
		d.scale = int32(d.in.take(5))
	}
	pattern := 0
	if kind&mbIntra != 0 {
		d.vector, d.used = [2][2]int{}, [2]bool{}
		pattern = 63
	} else {
		d.dc = [3]int32{128, 128, 128}
		d.used = [2]bool{kind&mbForward != 0, kind&mbBackward != 0}
		if err := d.vectors(); err != nil {
			return err
		}
		d.predict(at)
		if kind&mbPattern != 0 {
			if pattern = d.in.code(&tablePattern); pattern < 0 {
				return errMPEG
			}
		}
	}
	for k := range 6 {
		if pattern>>(5-k)&1 == 0 {
			continue
		}
		last, err := d.coefficients(k, kind&mbIntra != 0)
		if err != nil {
			return err
		}
		dst, stride := d.place(at, k)
		inverseDCT(&d.block, last)
		if kind&mbIntra != 0 {
			put(dst, stride, &d.block)
		} else {
			add(dst, stride, &d.block)
		}
		d.block = [64]int32{}
	}
	return nil
}

// place is where block k of a macroblock lies: 0 to 3 in Y, 4 in Cb, 5 in Cr.
func (d *mpegDecoder) place(at, k int) (dst []uint8, stride int) {
	mbw := d.film.sequence.mbw
	row, col := at/mbw, at%mbw
	if k < 4 {
		stride = 16 * mbw
		return d.out.plane[0][(16*row+k/2*8)*stride+16*col+k%2*8:], stride
	}
	stride = 8 * mbw
	return d.out.plane[k-3][8*row*stride+8*col:], stride
}

// vectors reads the vectors of a macroblock, as differences from those before.
func (d *mpegDecoder) vectors() error {
	if d.kind == mpegP && !d.used[0] {
		d.vector[0], d.used[0] = [2]int{}, true // predicted by what was in its place
		return nil
	}
	for way := range 2 {
		if !d.used[way] {
			continue
		}
		for axis := range 2 {
			code := d.in.code(&tableMotion)
			if code < 0 {
				return errMPEG
			}
			delta := code
			if code != 0 {
				negative := d.in.take(1) == 1
				if s := d.size[way]; s > 0 {
					delta = (code-1)<<s + d.in.take(int(s)) + 1
				}
				if negative {
					delta = -delta
				}
			}
			limit := 16 << d.size[way]
			v := d.vector[way][axis] + delta
			if v >= limit {
				v -= 2 * limit
			} else if v < -limit {
				v += 2 * limit
			}
			d.vector[way][axis] = v
		}
	}
	return nil
}

// predict writes a macroblock's prediction from one picture, or the mean of two.
func (d *mpegDecoder) predict(at int) {
	q := &d.film.sequence
	row, col := at/q.mbw, at%q.mbw
	second := false
	for way, from := range [2]*mpegFrame{d.past, d.future} {
		if !d.used[way] {
			continue
		}
		if d.kind == mpegP {
			from = d.past
		}
		x, y := d.vector[way][0], d.vector[way][1]
		if d.full[way] {
			x, y = 2*x, 2*y
		}
		move(d.out.plane[0], from.plane[0], 16*q.mbh, 16*q.mbw, 16*row, 16*col, 16, y, x, second)
		for c := 1; c < 3; c++ {
			move(d.out.plane[c], from.plane[c], 8*q.mbh, 8*q.mbw, 8*row, 8*col, 8, y/2, x/2, second)
		}
		second = true
	}
}

// move copies a block of n by n from another place, dy and dx half pixels away, and takes the mean with what is there where it is the second prediction.
// What lies outside of the plane has the value of its edge.
func move(dst, src []uint8, h, w, top, left, n, dy, dx int, second bool) {
	var edge [17 * 17]uint8
	var between [16]uint8
	y, x := top+dy>>1, left+dx>>1
	hy, hx := dy&1, dx&1
	stride, in := w, 0
	if y < 0 || x < 0 || y+n+hy > h || x+n+hx > w {
		for r := range n + hy {
			for c := range n + hx {
				edge[r*17+c] = src[min(max(y+r, 0), h-1)*w+min(max(x+c, 0), w-1)]
			}
		}
		src, stride = edge[:], 17
	} else {
		in = y*w + x
	}
	for r := range n {
		out := dst[(top+r)*w+left:][:n]
		a := src[in+r*stride:][:n+hx]
		b := a
		if hy == 1 {
			b = src[in+(r+1)*stride:][:n+hx]
		}
		if second {
			out = between[:n]
		}
		switch {
		case hy == 0 && hx == 0:
			copy(out, a)
		case hy == 0:
			halfAcross(out, a)
		case hx == 0:
			half(out, a, b)
		default:
			halfBoth(out, a, b)
		}
		if second {
			half(dst[(top+r)*w+left:][:n], dst[(top+r)*w+left:][:n], out)
		}
	}
}

func halfAcross(out, a []uint8) {
	a = a[:len(out)+1]
	left := int(a[0])
	for c := range out {
		right := int(a[c+1])
		out[c] = uint8((left + right + 1) >> 1)
		left = right
	}
}

func half(out, a, b []uint8) {
	a, b = a[:len(out)], b[:len(out)]
	for c := range out {
		out[c] = uint8((int(a[c]) + int(b[c]) + 1) >> 1)
	}
}

func halfBoth(out, a, b []uint8) {
	a, b = a[:len(out)+1], b[:len(out)+1]
	left := int(a[0]) + int(b[0])
	for c := range out {
		right := int(a[c+1]) + int(b[c+1])
		out[c] = uint8((left + right + 2) >> 2)
		left = right
	}
}

// coefficients reads a block's coefficients, dequantised, and returns the place of the last one in the order of zigzag.
func (d *mpegDecoder) coefficients(k int, intra bool) (last int, err error) {
	n := 0
	matrix := &d.film.sequence.other
	if intra {
		matrix = &d.film.sequence.intra
		c := max(0, k-3)
		size := d.in.code(&tableDC[min(c, 1)])
		if size < 0 {
			return 0, errMPEG
		}
		if size > 0 {
			v := int32(d.in.take(size))
			if v < 1<<(size-1) {
				v += -1<<size + 1
			}
			d.dc[c] += v
		}
		d.block[0] = d.dc[c] * 8
		n = 1
	}
	for {
		run, level, end := 0, int32(0), false
		if n == 0 && d.in.peek(1) == 1 { // the first coefficient's short code
			d.in.take(1)
			level = 1 - 2*int32(d.in.take(1))
		} else if run, level, end = d.in.coefficient(); end {
			return n - 1, nil
		}
		if n += run; level == 0 || n > 63 {
			return 0, errMPEG
		}
		at := zigzag[n]
		v := 2 * level
		if !intra {
			v += sign(level)
		}
		v = v * d.scale * matrix[at] / 16
		if v&1 == 0 {
			v -= sign(v)
		}
		d.block[at] = min(max(v, -2048), 2047)
		n++
	}
}

func sign(v int32) int32 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// coefficient reads a run of zeros and a level; a level of 0 is a broken code.
func (r *bitReader) coefficient() (run int, level int32, end bool) {
	switch v := r.code(&tableCoefficient); v {
	case coefficientEnd:
		return 0, 0, true
	case coefficientEscape:
		run = r.take(6)
		v := int32(int8(r.take(8)))
		switch v {
		case 0:
			v = int32(r.take(8))
		case -128:
			v = int32(r.take(8)) - 256
		}
		return run, v, false
	case -1:
		return 0, 0, false
	default:
		level = int32(v & 63)
		if r.take(1) == 1 {
			level = -level
		}
		return v >> 6, level, false
	}
}

// bitReader reads bits from the highest on; behind the end there are zeros.
type bitReader struct {
	b  []byte
	at int // bits
}

func (r *bitReader) over() bool { return r.at > 8*len(r.b) }

// peek returns the next n bits, up to 24.
func (r *bitReader) peek(n int) int {
	i := r.at >> 3
	var v uint32
	if i+4 <= len(r.b) {
		v = uint32(r.b[i])<<24 | uint32(r.b[i+1])<<16 | uint32(r.b[i+2])<<8 | uint32(r.b[i+3])
	} else {
		for k := range 4 {
			v <<= 8
			if i+k < len(r.b) {
				v |= uint32(r.b[i+k])
			}
		}
	}
	return int(v << (r.at & 7) >> (32 - n))
}

func (r *bitReader) take(n int) int {
	v := r.peek(n)
	r.at += n
	return v
}

// code reads a code of variable length, -1 if it is none.
func (r *bitReader) code(t *vlcTable) int {
	e := t.entry[r.peek(t.bits)]
	if e.bits == 0 {
		return -1
	}
	r.at += int(e.bits)
	return int(e.value)
}

// nextCode moves behind the next start code and returns it, -1 at the end.
func (r *bitReader) nextCode() int {
	for i := (r.at + 7) >> 3; i+4 <= len(r.b); i++ {
		if r.b[i] == 0 && r.b[i+1] == 0 && r.b[i+2] == 1 {
			r.at = 8 * (i + 4)
			return int(r.b[i+3])
		}
	}
	return -1
}

// cosines are those of the inverse transform with 14 bits of fraction: ½·C(u)·cos((2x+1)uπ/16), [u x].
var cosines = func() (t [8][4]int64) {
	for u := range t {
		c := 0.5
		if u == 0 {
			c = math.Sqrt(0.125)
		}
		for x := range t[u] {
			t[u][x] = int64(math.Round(c * math.Cos(float64((2*x+1)*u)*math.Pi/16) * (1 << 14)))
		}
	}
	return t
}()

// inverseDCT is the inverse cosine transform of 8 by 8, rows and then columns, exact but for its last rounding. last is the place of the last coefficient.
func inverseDCT(b *[64]int32, last int) {
	if last <= 0 {
		v := (b[0] + 4) >> 3
		for i := range b {
			b[i] = v
		}
		return
	}
	var mid [64]int64
	for y := range 8 {
		row := b[8*y : 8*y+8]
		var used uint
		for u, v := range row {
			if v != 0 {
				used |= 1 << u
			}
		}
		if used == 0 {
			continue
		}
		var even, odd [4]int64
		for ; used != 0; used &= used - 1 {
			u := bits.TrailingZeros(used)
			sum := &even
			if u&1 == 1 {
				sum = &odd
			}
			c, v := &cosines[u], int64(row[u])
			sum[0] += c[0] * v
			sum[1] += c[1] * v
			sum[2] += c[2] * v
			sum[3] += c[3] * v
		}
		for x := range 4 {
			mid[8*y+x], mid[8*y+7-x] = even[x]+odd[x], even[x]-odd[x]
		}
	}
	for x := range 8 {
		var even, odd [4]int64
		for u := range 8 {
			v := mid[8*u+x]
			if v == 0 {
				continue
			}
			sum, c := &even, &cosines[u]
			if u&1 == 1 {
				sum = &odd
			}
			sum[0] += c[0] * v
			sum[1] += c[1] * v
			sum[2] += c[2] * v
			sum[3] += c[3] * v
		}
		const shift, half = 28, 1 << 27
		for y := range 4 {
			b[8*y+x], b[8*(7-y)+x] = int32((even[y]+odd[y]+half)>>shift), int32((even[y]-odd[y]+half)>>shift)
		}
	}
}

func put(dst []uint8, stride int, b *[64]int32) {
	for y := range 8 {
		out := dst[y*stride:][:8]
		for x := range out {
			out[x] = uint8(min(max(b[8*y+x], 0), 255))
		}
	}
}

func add(dst []uint8, stride int, b *[64]int32) {
	for y := range 8 {
		out := dst[y*stride:][:8]
		for x := range out {
			out[x] = uint8(min(max(int32(out[x])+b[8*y+x], 0), 255))
		}
	}
}
