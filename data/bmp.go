package data

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// bmpPicture is a Windows bitmap's header: of 12 bytes (OS/2) or 40 and more.
type bmpPicture struct {
	b                    []byte
	h, w                 int
	down                 bool // the top row comes first
	bits, compression    int
	palette              []byte // blue, green, red; entry bytes each
	entry, colours, from int
	masks                [3]uint32 // of 16 and 32 bits: red, green, blue
}

// Compressions of a bitmap.
const (
	bmpPlain  = 0
	bmpRLE8   = 1
	bmpRLE4   = 2
	bmpMasks  = 3
	bmpMasksA = 6
)

// parseBMP reads the header.
func parseBMP(b []byte) (*bmpPicture, error) {
	short := fmt.Errorf("broken picture: a BMP header of %d bytes", len(b))
	if len(b) < 26 {
		return nil, short
	}
	le := binary.LittleEndian
	p := &bmpPicture{b: b, from: int(le.Uint32(b[10:])), entry: 4}
	size := int(le.Uint32(b[14:]))
	switch {
	case size == 12:
		p.w, p.h, p.bits, p.entry = int(le.Uint16(b[18:])), int(le.Uint16(b[20:])), int(le.Uint16(b[24:])), 3
	case size >= 40 && size <= 124 && len(b) >= 14+size:
		p.w, p.h = int(int32(le.Uint32(b[18:]))), int(int32(le.Uint32(b[22:])))
		p.bits, p.compression, p.colours = int(le.Uint16(b[28:])), int(le.Uint32(b[30:])), int(le.Uint32(b[46:]))
	default:
		return nil, fmt.Errorf("broken picture: a BMP whose header has %d bytes", size)
	}
	if p.h < 0 {
		p.h, p.down = -p.h, true
	}
	at := 14 + size
	switch {
	case p.bits == 16 && p.compression == bmpPlain:
		p.masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
	case p.bits == 32 && p.compression == bmpPlain:
		p.masks = [3]uint32{0xff0000, 0xff00, 0xff}
	case (p.bits == 16 || p.bits == 32) && (p.compression == bmpMasks || p.compression == bmpMasksA):
		if len(b) < 14+52 {
			return nil, short
		}
		for i := range p.masks { // inside of a header of more than 40 bytes, or behind it
			p.masks[i] = le.Uint32(b[14+40+4*i:])
		}
	case p.bits == 24 && p.compression == bmpPlain:
	case (p.bits == 1 || p.bits == 2 || p.bits == 4 || p.bits == 8) && p.compression == bmpPlain, p.bits == 8 && p.compression == bmpRLE8, p.bits == 4 && p.compression == bmpRLE4:
		if p.colours < 1 || p.colours > 1<<p.bits {
			p.colours = 1 << p.bits
		}
		p.palette = b[min(at, len(b)):][:min(p.colours*p.entry, max(len(b)-at, 0))]
	default:
		return nil, fmt.Errorf("a BMP of %d bits and compression %d, which is not read; convert it to PNG", p.bits, p.compression)
	}
	return p, nil
}

// decode makes the picture.
func (p *bmpPicture) decode() (*Image, error) {
	if p.from < 14 || p.from > len(p.b) {
		return nil, fmt.Errorf("pixels from byte %d on, of %d", p.from, len(p.b))
	}
	raw := p.b[p.from:]
	im := NewImage(p.h, p.w)
	if p.compression == bmpRLE8 || p.compression == bmpRLE4 {
		return im, p.runs(im, raw)
	}
	stride := (p.w*p.bits + 31) / 32 * 4
	for y := range p.h {
		row := raw[min(y*stride, len(raw)):]
		if len(row) < (p.w*p.bits+7)/8 {
			return nil, fmt.Errorf("%d of %d rows are there: %w", y, p.h, io.ErrUnexpectedEOF)
		}
		dst := p.row(im, y)
		for x := range p.w {
			out := dst[3*x:][:3]
			switch p.bits {
			case 16:
				p.masked(out, uint32(binary.LittleEndian.Uint16(row[2*x:])))
			case 24:
				out[0], out[1], out[2] = row[3*x+2], row[3*x+1], row[3*x]
			case 32:
				p.masked(out, binary.LittleEndian.Uint32(row[4*x:]))
			default:
				at := x * p.bits
				p.colour(out, int(row[at/8]>>(8-p.bits-at%8))&(1<<p.bits-1))
			}
		}
	}
	return im, nil
}

// row returns the pixels of the row that is stored at place y.
func (p *bmpPicture) row(im *Image, y int) []uint8 {
	if !p.down {
		y = p.h - 1 - y
	}
	return im.Pix[y*p.w*3:][:p.w*3]
}

// colour sets a pixel to a colour of the palette, black where it has none.
func (p *bmpPicture) colour(out []uint8, i int) {
	if at := i * p.entry; at+3 <= len(p.palette) {
		out[0], out[1], out[2] = p.palette[at+2], p.palette[at+1], p.palette[at]
	}
}

// masked sets a pixel to what the masks choose of its word.
func (p *bmpPicture) masked(out []uint8, v uint32) {
	for c, m := range p.masks {
		if m == 0 {
			continue
		}
		n := bits.TrailingZeros32(m)
		out[c] = uint8(uint64(v&m>>n) * 255 / uint64(m>>n))
	}
}

// runs decodes run lengths; what they leave out has the palette's first colour, as in Pillow.
func (p *bmpPicture) runs(im *Image, raw []byte) error {
	for i := 0; i < len(im.Pix); i += 3 {
		p.colour(im.Pix[i:], 0)
	}
	x, y, ended := 0, 0, io.ErrUnexpectedEOF
	put := func(i int) {
		if x < p.w && y < p.h {
			p.colour(p.row(im, y)[3*x:], i)
		}
		x++
	}
	half := func(b byte, k int) int { // the index that byte b has for pixel k
		if p.compression == bmpRLE8 {
			return int(b)
		}
		return int(b >> (4 - 4*(k%2)) & 15)
	}
	for y < p.h && len(raw) >= 2 {
		n, v := int(raw[0]), raw[1]
		raw = raw[2:]
		switch {
		case n > 0:
			for k := range n {
				put(half(v, k))
			}
		case v == 0: // the row ends
			x, y = 0, y+1
		case v == 1: // the picture ends
			return nil
		case v == 2: // go on elsewhere
			if len(raw) < 2 {
				return ended
			}
			x, y, raw = x+int(raw[0]), y+int(raw[1]), raw[2:]
		default: // so many as they are, padded to two bytes
			size, per := int(v), 1
			if p.compression == bmpRLE4 {
				size, per = (int(v)+1)/2, 2
			}
			if len(raw) < size {
				return ended
			}
			for k := range int(v) {
				put(half(raw[k/per], k))
			}
			raw = raw[min(size+size%2, len(raw)):]
		}
	}
	if y < p.h {
		return fmt.Errorf("%d of %d rows are there: %w", y, p.h, ended)
	}
	return nil
}
