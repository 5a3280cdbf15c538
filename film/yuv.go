package film

// planes are a frame's luma and chroma as a film stores them, limited range (16 to 235 and 240) unless full.
type planes struct {
	h, w    int
	y       []uint8
	cb, cr  []uint8 // nil: grey
	ys, cs  int     // bytes from row to row
	sx, sy  int     // luma samples for each of chroma: 1, 2 or 4 across, 1 or 2 down
	centred bool    // chroma lies between two columns of luma (JPEG, MPEG-1), not on the left one (MPEG-2)
	full    bool    // 0 to 255, as in JPEG
}

// chroma returns the rows and columns of a plane of chroma.
func (p *planes) chroma() (h, w int) { return (p.h + p.sy - 1) / p.sy, (p.w + p.sx - 1) / p.sx }

// yuvRows are rows of chroma at full width, and a row between two.
type yuvRows struct{ cb, cr, between []int16 }

// rgb writes the frame to dst, [H W 3]: chroma is interpolated from where it lies, colours are those of BT.601, in which films of this size and age are.
func (p *planes) rgb(dst []uint8, rows *yuvRows) {
	cw := 0
	if p.cb != nil {
		_, cw = p.chroma()
	}
	if len(rows.cb) != p.w || len(rows.between) != cw {
		rows.cb, rows.cr, rows.between = make([]int16, p.w), make([]int16, p.w), make([]int16, cw)
	}
	for y := range p.h {
		out, luma := dst[3*y*p.w:][:3*p.w], p.y[y*p.ys:][:p.w]
		if p.cb == nil {
			p.grey(out, luma)
			continue
		}
		p.row(rows.cb, rows.between, p.cb, y)
		p.row(rows.cr, rows.between, p.cr, y)
		if p.full {
			fullRow(out, luma, rows.cb, rows.cr)
		} else {
			limitedRow(out, luma, rows.cb, rows.cr)
		}
	}
}

// chromaOne is one level of interpolated chroma.
const chromaOne = 16

// row interpolates a row of chroma, in sixteenths of a level above 128.
func (p *planes) row(out, between []int16, plane []uint8, y int) {
	ch, cw := p.chroma()
	near := plane[(y/p.sy)*p.cs:][:cw]
	between = between[:len(near)]
	if p.sy == 2 { // between two rows in every layout
		far := plane[min(max(y/2-1+2*(y%2), 0), ch-1)*p.cs:][:cw]
		for i, v := range near {
			between[i] = 3*int16(v) + int16(far[i]) - 4*128
		}
	} else {
		for i, v := range near {
			between[i] = 4 * (int16(v) - 128)
		}
	}
	switch {
	case p.sx == 1:
		for i, v := range between {
			out[i] = 4 * v
		}
	case p.sx == 2 && p.centred:
		left := between[0]
		for i := range len(out) / 2 {
			v := between[i]
			right := between[min(i+1, len(between)-1)]
			pair := out[2*i:][:2]
			pair[0], pair[1] = 3*v+left, 3*v+right
			left = v
		}
		if len(out)%2 == 1 {
			out[len(out)-1] = 3*between[cw-1] + left
		}
	case p.sx == 2:
		for i := range len(out) / 2 {
			v := between[i]
			right := between[min(i+1, len(between)-1)]
			pair := out[2*i:][:2]
			pair[0], pair[1] = 4*v, 2*(v+right)
		}
		if len(out)%2 == 1 {
			out[len(out)-1] = 4 * between[cw-1]
		}
	default: // 4 columns
		for x := range out {
			part := int16(x % 4)
			out[x] = (4-part)*between[x/4] + part*between[min(x/4+1, cw-1)]
		}
	}
}

// The matrix of BT.601 in 16 bits of fraction, for limited range and full: Kr = 0.299, Kb = 0.114.
const (
	lumaGain         = 76309          // 255/219
	redCr, blueCb    = 104597, 132201 // 255/224 · 1.402, 1.772
	greenCb, greenCr = 25675, 53279
	fullRedCr        = 91881
	fullBlueCb       = 116130
	fullGreenCb      = 22554
	fullGreenCr      = 46802
	yuvShift         = 16
	yuvHalf          = 1 << (yuvShift - 1)
)

func limitedRow(dst, luma []uint8, cb, cr []int16) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for i, v := range luma {
		y, b, r := lumaGain*(int32(v)-16)+yuvHalf, int32(cb[i]), int32(cr[i])
		c := dst[3*i:][:3]
		c[0] = level(y + redCr/chromaOne*r)
		c[1] = level(y - greenCb/chromaOne*b - greenCr/chromaOne*r)
		c[2] = level(y + blueCb/chromaOne*b)
	}
}

func fullRow(dst, luma []uint8, cb, cr []int16) {
	for i, v := range luma {
		y, b, r := int32(v)<<yuvShift+yuvHalf, int32(cb[i]), int32(cr[i])
		dst[3*i] = level(y + fullRedCr/chromaOne*r)
		dst[3*i+1] = level(y - fullGreenCb/chromaOne*b - fullGreenCr/chromaOne*r)
		dst[3*i+2] = level(y + fullBlueCb/chromaOne*b)
	}
}

// level takes the fraction off and keeps to the range; few values lie outside.
func level(v int32) uint8 {
	if v >>= yuvShift; uint32(v) > 255 {
		v = ^(v >> 31) & 255
	}
	return uint8(v)
}

func (p *planes) grey(dst, luma []uint8) {
	for i, v := range luma {
		if !p.full {
			v = level(lumaGain*(int32(v)-16) + yuvHalf)
		}
		dst[3*i], dst[3*i+1], dst[3*i+2] = v, v, v
	}
}
