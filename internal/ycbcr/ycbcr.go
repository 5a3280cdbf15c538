// Package ycbcr makes RGB of the planes that decoders of JPEGs leave.
package ycbcr

import (
	"image"
	"slices"
	"sync"

	"github.com/tessera-go/tessera/simd"
)

// Rows writes the rectangle of p at (top, left), h by w pixels, to dst as RGB. Chroma of half size is interpolated as
// libjpeg does ("fancy upsampling"), so that the pixels are Pillow's but for the rounding of the inverse transform.
func Rows(dst []uint8, p *image.YCbCr, top, left, h, w int) {
	r := p.Rect
	sub := func(full, by int) int { return (full + by - 1) / by }
	sx, sy := 1, 1
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		sx = 2
	case image.YCbCrSubsampleRatio420:
		sx, sy = 2, 2
	case image.YCbCrSubsampleRatio440:
		sy = 2
	case image.YCbCrSubsampleRatio411:
		sx = 4
	case image.YCbCrSubsampleRatio410:
		sx, sy = 4, 2
	}
	cw, ch := sub(r.Dx(), sx), sub(r.Dy(), sy)
	from, to := max(0, left/sx-1), min(cw, sub(left+w, sx)+1) // columns of chroma, a neighbour at each side
	n := to - from
	b := chromaRows.Get().(*[]uint8)
	defer chromaRows.Put(b)
	*b = slices.Grow((*b)[:0], 2*n*sx)
	wide := (*b)[:2*n*sx]
	for y := top; y < top+h; y++ {
		near := y / sy
		far := near - 1 + 2*(y%2) // the next nearest row of half the height
		far = min(max(far, 0), ch-1)
		row := func(plane, out []uint8) []uint8 {
			at := func(cy int) []uint8 { return plane[cy*p.CStride+from:][:n] }
			skip := left - from*sx
			switch {
			case sx == 1 && sy == 1:
				return at(near)[skip:][:w]
			case sx == 2 && cw <= 2: // as libjpeg
				for i, v := range at(near) {
					out[2*i], out[2*i+1] = v, v
				}
			case sx == 2 && sy == 2:
				simd.UpsampleH2V2(out, at(near), at(far))
			case sx == 2 && sy == 1:
				upsampleH2V1(out, at(near))
			case sx == 1 && sy == 2:
				upsampleH1V2(out, at(near), at(far), y%2)
			default: // rare: each sample repeated
				for i, v := range at(near) {
					for k := range sx {
						out[i*sx+k] = v
					}
				}
			}
			return out[skip:][:w]
		}
		cb, cr := row(p.Cb, wide[:n*sx]), row(p.Cr, wide[n*sx:])
		simd.YCbCrToRGB(dst[(y-top)*w*3:][:w*3], p.Y[y*p.YStride+left:][:w], cb, cr)
	}
}

var chromaRows = sync.Pool{New: func() any { return new([]uint8) }}

// upsampleH2V1 doubles a row: libjpeg's h2v1_fancy_upsample (jdsample.c).
func upsampleH2V1(dst, src []uint8) {
	for i, v := range src {
		left, right := src[max(i-1, 0)], src[min(i+1, len(src)-1)]
		dst[2*i] = uint8((3*int(v) + int(left) + 1) >> 2)
		dst[2*i+1] = uint8((3*int(v) + int(right) + 2) >> 2)
	}
}

// upsampleH1V2 makes the upper (0) or lower (1) of two rows: libjpeg-turbo's h1v2_fancy_upsample.
func upsampleH1V2(dst, near, far []uint8, lower int) {
	for i, v := range near {
		dst[i] = uint8((3*int(v) + int(far[i]) + 1 + lower) >> 2)
	}
}
