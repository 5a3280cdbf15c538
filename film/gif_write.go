package film

import (
	"bufio"
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"math"
	"slices"
)

// gifEncoder writes a GIF: of each frame the rectangle that has changed, in it as transparent what has not. A frame of up to 256 colours is exact; others
// get a palette and Floyd and Steinberg's dithering. A palette stays while it serves nearly as well as a new one: a change of it shows.
type gifEncoder struct {
	out     *bufio.Writer
	h, w    int
	rate    float64
	frame   int
	palette *palette
	global  []uint8 // the first frame's
	source  []uint8 // the frame before as it came
	shown   []uint8 // and as it is seen
	index   []uint8 // [H W]
	errs    [2][]int32
}

func newGIFEncoder(out *bufio.Writer, h, w int, rate float64) *gifEncoder {
	e := &gifEncoder{out: out, h: h, w: w, rate: rate, index: make([]uint8, h*w)}
	for i := range e.errs {
		e.errs[i] = make([]int32, 3*(w+2))
	}
	return e
}

// reuse is how much more error than a new palette's an old one may have.
const reuse = 1.15

func (e *gifEncoder) write(p *Picture) error {
	next := exactPalette(p.Pix)
	if next == nil {
		hist := histogram(p.Pix)
		next = medianCut(hist, 255)
		if old := e.palette; old != nil && !old.exact && old.error(hist) <= reuse*next.error(hist) {
			next = old
		}
	} else if e.palette != nil && e.palette.exact && slices.Equal(next.rgb, e.palette.rgb) {
		next = e.palette
	}
	e.palette = next
	if next.exact {
		for i := range e.index {
			e.index[i] = next.exactly(p.Pix[3*i:])
		}
	} else {
		e.dither(p)
	}
	if e.frame == 0 {
		e.header()
	}
	return e.picture(p)
}

// header writes the screen, the first palette, and that the film begins again for ever.
func (e *gifEncoder) header() {
	e.global = e.palette.padded()
	b := []byte("GIF89a")
	b = binary.LittleEndian.AppendUint16(b, uint16(e.w))
	b = binary.LittleEndian.AppendUint16(b, uint16(e.h))
	b = append(b, 0xf0|byte(e.palette.bits()-1), 0, 0)
	b = append(b, e.global...)
	b = append(b, "!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"...)
	e.out.Write(b) // the buffer remembers its first error
}

// delay returns how many hundredths of a second the frame is shown: rounded so that the film as a whole keeps its rate.
func (e *gifEncoder) delay() int {
	at := func(k int) float64 { return math.Round(float64(k) * 100 / e.rate) }
	return int(min(at(e.frame+1)-at(e.frame), math.MaxUint16))
}

// picture writes what has changed since the frame before.
func (e *gifEncoder) picture(p *Picture) error {
	x0, y0, x1, y1 := 0, 0, e.w, e.h
	transparent := -1
	if e.frame > 0 {
		if e.palette.len() < 256 {
			transparent = e.palette.len()
		}
		x0, y0, x1, y1 = e.changed()
	}
	local := e.frame > 0 && !bytes.Equal(e.palette.padded(), e.global)
	bits := e.palette.bits()
	const keep = 1 << 2 // disposal: leave it
	b := []byte{'!', 0xf9, 4, keep, 0, 0, 0, 0, ','}
	binary.LittleEndian.PutUint16(b[4:], uint16(e.delay()))
	if transparent >= 0 {
		b[3] |= 1
		b[6] = uint8(transparent)
	}
	for _, v := range []int{x0, y0, x1 - x0, y1 - y0} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	if local {
		b = append(append(b, 0x80|byte(bits-1)), e.palette.padded()...)
	} else {
		b = append(b, 0)
	}
	b = append(b, byte(max(bits, 2)))
	e.out.Write(b)
	blocks := &blockWriter{out: e.out}
	lz := lzw.NewWriter(blocks, lzw.LSB, max(bits, 2))
	if e.frame == 0 {
		e.shown = make([]uint8, 3*e.h*e.w)
	}
	row := make([]uint8, x1-x0)
	for y := y0; y < y1; y++ {
		e.row(row, y, x0, transparent)
		if _, err := lz.Write(row); err != nil {
			return err
		}
	}
	if err := lz.Close(); err != nil {
		return err
	}
	e.source = append(e.source[:0], p.Pix...)
	e.frame++
	return blocks.close()
}

// row makes a row of indexes, what is seen already transparent, and remembers what will be seen.
func (e *gifEncoder) row(row []uint8, y, x0, transparent int) {
	for k := range row {
		i := y*e.w + x0 + k
		c := e.palette.rgb[3*int(e.index[i]):][:3]
		seen := e.shown[3*i:][:3]
		if row[k] = e.index[i]; transparent >= 0 && seen[0] == c[0] && seen[1] == c[1] && seen[2] == c[2] {
			row[k] = uint8(transparent)
		}
		copy(seen, c)
	}
}

// changed returns the rectangle outside of which the frame looks as the one before, one pixel if there is none.
func (e *gifEncoder) changed() (x0, y0, x1, y1 int) {
	x0, y0 = e.w, e.h
	for y := range e.h {
		for x := range e.w {
			i := y*e.w + x
			if c := e.palette.rgb[3*int(e.index[i]):][:3]; !bytes.Equal(c, e.shown[3*i:][:3]) {
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), y+1
			}
		}
	}
	if x1 == 0 {
		return 0, 0, 1, 1
	}
	return x0, y0, x1, y1
}

// dither chooses indexes by error diffusion, every other row backwards (Floyd and Steinberg 1976). Where a pixel is what it was in the frame before, and its
// colour is still there, it stays: what stands still does not boil.
func (e *gifEncoder) dither(p *Picture) {
	cur, next := e.errs[0], e.errs[1]
	clear(cur)
	for y := range e.h {
		clear(next)
		step, x := 1, 0
		if y%2 == 1 {
			step, x = -1, e.w-1
		}
		for range e.w {
			i := 3 * (y*e.w + x)
			at := 3 * (x + 1)
			if e.frame > 0 && bytes.Equal(p.Pix[i:i+3], e.source[i:i+3]) {
				if k, ok := e.palette.find(e.shown[i:]); ok {
					e.index[y*e.w+x] = k
					x += step
					continue
				}
			}
			var v [3]int32
			for c := range v {
				v[c] = min(max(int32(p.Pix[i+c])+(cur[at+c]+8)>>4, 0), 255)
			}
			k := e.palette.nearest(v)
			e.index[y*e.w+x] = k
			for c := range v {
				d := v[c] - int32(e.palette.rgb[3*int(k)+c])
				cur[at+3*step+c] += 7 * d
				next[at-3*step+c] += 3 * d
				next[at+c] += 5 * d
				next[at+3*step+c] += d
			}
			x += step
		}
		cur, next = next, cur
	}
}

func (e *gifEncoder) finish() error {
	e.out.WriteByte(';')
	return e.out.Flush()
}

// blockWriter cuts what is written into blocks of up to 255 bytes.
type blockWriter struct {
	out *bufio.Writer
	buf [256]byte
	n   int
}

func (b *blockWriter) Write(p []byte) (int, error) {
	for _, v := range p {
		b.WriteByte(v)
	}
	return len(p), nil
}

func (b *blockWriter) WriteByte(v byte) error {
	b.n++
	if b.buf[b.n] = v; b.n == 255 {
		return b.Flush()
	}
	return nil
}

// Flush writes the block that is begun.
func (b *blockWriter) Flush() error {
	if b.n == 0 {
		return nil
	}
	b.buf[0] = uint8(b.n)
	_, err := b.out.Write(b.buf[:b.n+1])
	b.n = 0
	return err
}

func (b *blockWriter) close() error {
	if err := b.Flush(); err != nil {
		return err
	}
	return b.out.WriteByte(0)
}
