package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/simd"
)

// decode makes the picture, as stored: not turned. Values of more than 8 bits become levels by s; the largest one is returned.
func (p *tiffPicture) decode(s levels) (im *Image, top float64, err error) {
	im = NewImage(p.h, p.w)
	if p.compression == tiffJPEG {
		return im, 0, p.jpegBlocks(im)
	}
	colours := tiffColours[p.photometric]
	var planes []uint8 // of a picture of several planes, and of inks: the samples that make colours
	step := 3
	if colours == 4 || p.planar || p.premultiplied() {
		step = colours
		if p.premultiplied() {
			step++
		}
		planes = make([]uint8, p.h*p.w*step)
	}
	quick := planes == nil && p.bits == 8 && p.form == tiffUnsigned && p.photometric <= tiffRGB
	into := make([]byte, p.blockH*p.rowBytes())
	row := make([]float64, p.blockW*p.inBlock())
	for plane := range p.planes() {
		for i := range p.across() * p.down() {
			y0, x0 := i/p.across()*p.blockH, i%p.across()*p.blockW
			rows := min(p.blockH, p.h-y0)
			whole := rows
			if p.tiled {
				whole = p.blockH
			}
			b, err := p.block(plane*p.across()*p.down()+i, whole, into)
			if err != nil {
				return nil, 0, err
			}
			for y := range rows {
				n := min(p.blockW, p.w-x0)
				at := (y0+y)*p.w + x0
				if quick {
					p.copyRow(im.Pix[at*3:][:n*3], b[y*p.rowBytes():])
					continue
				}
				p.values(row, b[y*p.rowBytes():])
				if planes != nil {
					top = max(top, p.keep(planes[at*step:], row, n, step, plane, s))
				} else {
					top = max(top, p.colour(im.Pix[at*3:][:n*3], row, s))
				}
			}
		}
	}
	if planes != nil {
		p.join(im.Pix, planes, step)
	}
	return im, top, nil
}

// copyRow makes pixels of a row of 8-bit samples, grey or RGB and what follows them.
func (p *tiffPicture) copyRow(dst, row []uint8) {
	flip := uint8(0)
	if p.photometric == whiteIsZero {
		flip = 255
	}
	green, blue := 0, 0
	if p.photometric == tiffRGB {
		green, blue = 1, 2
	}
	for o := 0; o < len(dst); o += 3 {
		dst[o], dst[o+1], dst[o+2] = row[0]^flip, row[green]^flip, row[blue]^flip
		row = row[p.samples:]
	}
}

// premultiplied tells whether the colours are multiplied with an alpha that follows them.
func (p *tiffPicture) premultiplied() bool {
	return p.photometric == tiffRGB && p.samples > 3 && len(p.extra) > 0 && p.extra[0] == premultipliedTIFF
}

// deep tells whether a sample has more than 8 bits, or is no whole number.
func (p *tiffPicture) deep() bool { return p.bits > 8 || p.form == tiffFloat }

// usual is how values become levels: those of 9 to 31 bits by their high byte; what has a sign, 32 bits or a point is clipped to 0 to 255.
func (p *tiffPicture) usual() levels {
	if p.form != tiffUnsigned || p.bits == 32 || p.bits <= 8 {
		return clipped
	}
	return highByte(p.bits)
}

// values reads a row's samples as numbers.
func (p *tiffPicture) values(dst []float64, b []byte) {
	for i := range dst {
		switch {
		case p.bits == 8 && p.form == tiffSigned:
			dst[i] = float64(int8(b[i]))
		case p.bits == 8:
			dst[i] = float64(b[i])
		case p.bits == 16 && p.form == tiffSigned:
			dst[i] = float64(int16(p.order.Uint16(b[2*i:])))
		case p.bits == 16:
			dst[i] = float64(p.order.Uint16(b[2*i:]))
		case p.bits == 32 && p.form == tiffFloat:
			dst[i] = float64(math.Float32frombits(p.order.Uint32(b[4*i:])))
		case p.bits == 32 && p.form == tiffSigned:
			dst[i] = float64(int32(p.order.Uint32(b[4*i:])))
		case p.bits == 32:
			dst[i] = float64(p.order.Uint32(b[4*i:]))
		default: // packed, the highest bit first
			v := 0
			for k := i * p.bits; k < (i+1)*p.bits; k++ {
				v = v<<1 | int(b[k/8]>>(7-k%8)&1)
			}
			dst[i] = float64(v)
		}
	}
}

// level makes a sample a level, and returns the sample if it has more than 8 bits.
func (p *tiffPicture) level(v float64, s levels) (uint8, float64) {
	switch {
	case p.deep() && v != v:
		return 0, 0
	case p.deep():
		return s.of(v), v
	case p.bits < 8:
		return uint8(int(v) * 255 / (1<<p.bits - 1)), 0
	}
	return uint8(max(v, 0)), 0
}

// colour makes pixels of a row's samples, interleaved, and returns the largest of more than 8 bits.
func (p *tiffPicture) colour(dst []uint8, row []float64, s levels) (top float64) {
	for x := range len(dst) / 3 {
		px, out := row[x*p.samples:][:p.samples], dst[3*x:][:3]
		switch p.photometric {
		case tiffPalette:
			i, n := int(px[0]), 1<<p.bits
			out[0], out[1], out[2] = uint8(p.palette[i]>>8), uint8(p.palette[n+i]>>8), uint8(p.palette[2*n+i]>>8)
		case tiffRGB, tiffYCbCr:
			for c := range out {
				l, v := p.level(px[c], s)
				out[c], top = l, max(top, v)
			}
		default:
			l, v := p.level(px[0], s)
			if p.photometric == whiteIsZero {
				l = 255 - l
			}
			out[0], out[1], out[2], top = l, l, l, max(top, v)
		}
	}
	if p.photometric == tiffYCbCr {
		fromYCbCr(dst)
	}
	return top
}

// keep stores the samples that make colours, to be joined when all planes are there.
func (p *tiffPicture) keep(dst []uint8, row []float64, n, step, plane int, s levels) (top float64) {
	for x := range n {
		for c := range p.inBlock() {
			if at := plane + c; at < step {
				l, v := p.level(row[x*p.inBlock()+c], s)
				if p.photometric == tiffPalette {
					l = uint8(row[x*p.inBlock()+c])
				}
				dst[x*step+at], top = l, max(top, v)
			}
		}
	}
	return top
}

// join makes colours of kept samples: inks as Pillow does, colours multiplied with alpha divided by it, the rest as it is.
func (p *tiffPicture) join(dst, kept []uint8, step int) {
	for i := range len(dst) / 3 {
		in, out := kept[i*step:][:step], dst[3*i:][:3]
		switch {
		case p.photometric == tiffSeparated:
			for c := range out {
				out[c] = inkLevel(in[c], in[3])
			}
		case p.premultiplied():
			for c := range out {
				out[c] = in[c]
				if a := int(in[3]); a != 0 {
					out[c] = uint8(min(255*int(in[c])/a, 255))
				}
			}
		case p.photometric == tiffPalette:
			i, n := int(in[0]), 1<<p.bits
			out[0], out[1], out[2] = uint8(p.palette[i]>>8), uint8(p.palette[n+i]>>8), uint8(p.palette[2*n+i]>>8)
		case step == 1:
			l := in[0]
			if p.photometric == whiteIsZero {
				l = 255 - l
			}
			out[0], out[1], out[2] = l, l, l
		default:
			copy(out, in)
		}
	}
	if p.photometric == tiffYCbCr {
		fromYCbCr(dst)
	}
}

// inkLevel is what an ink and black leave of white, as in Pillow's Convert.c.
func inkLevel(ink, black uint8) uint8 {
	white := 255 - int(black)
	t := int(ink)*white + 128
	return uint8(min(max(white-((t>>8+t)>>8), 0), 255))
}

// fromYCbCr turns pixels in place.
func fromYCbCr(pix []uint8) {
	n := len(pix) / 3
	y, cb, cr := make([]uint8, n), make([]uint8, n), make([]uint8, n)
	for i := range n {
		y[i], cb[i], cr[i] = pix[3*i], pix[3*i+1], pix[3*i+2]
	}
	simd.YCbCrToRGB(pix, y, cb, cr)
}

// jpegBlocks decodes strips or tiles that are JPEGs of their own, whose tables may stand in the directory.
func (p *tiffPicture) jpegBlocks(im *Image) error {
	tables := p.tags[tagJPEGTables].data
	if len(tables) >= 4 {
		tables = tables[2 : len(tables)-2] // between the marks of begin and end
	} else {
		tables = nil
	}
	for i := range p.across() * p.down() {
		y0, x0 := i/p.across()*p.blockH, i%p.across()*p.blockW
		off, n := p.offsets[i], p.counts[i]
		if off < 0 || n < 4 || off > len(p.b) || n > len(p.b)-off {
			return fmt.Errorf("strip or tile %d lies outside of the file", i)
		}
		b := p.b[off:][:n]
		b = slices.Concat(b[:2], tables, b[2:])
		head, ok := readJPEGHeader(b)
		if !ok || head.Scan == 0 || head.Components != p.samples || head.W > p.blockW || head.H > p.blockH || head.W < min(p.blockW, p.w-x0) || head.H < min(p.blockH, p.h-y0) {
			return fmt.Errorf("strip or tile %d is no JPEG of %d by %d pixels", i, p.blockW, p.blockH)
		}
		if p.samples == 3 { // the photometric interpretation says what the components are
			transform := byte(0)
			if p.photometric == tiffYCbCr {
				transform = 1
			}
			adobe := []byte{0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform}
			b = slices.Concat(b[:head.Scan], adobe, b[head.Scan:])
			head.Scan, head.adobe = head.Scan+len(adobe), head.Scan+len(adobe)-1
		}
		if err := head.readable(); err != nil {
			return err
		}
		planes, err := DecodeOptions{}.jpegPlanes(b, head)
		if err != nil {
			return err
		}
		part := toRGB(planes)
		for y := range min(part.H, p.h-y0) {
			copy(im.Pix[((y0+y)*p.w+x0)*3:][:min(part.W, p.w-x0)*3], part.Pix[y*part.W*3:])
		}
	}
	if p.photometric == whiteIsZero {
		invert(im.Pix)
	}
	return nil
}

func invert(pix []uint8) {
	for i, v := range pix {
		pix[i] = 255 - v
	}
}
