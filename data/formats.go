package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"slices"
)

// decodeOther decodes what is no JPEG, as stored: not turned.
func decodeOther(b []byte, head header) (*Image, error) {
	if head.format == "gif" {
		return firstFrame(b, head)
	}
	p, err := decodeImage(b)
	if err != nil {
		return nil, err
	}
	if r := p.Bounds(); r.Dx() != head.w || r.Dy() != head.h {
		return nil, fmt.Errorf("%dx%d pixels where the header says %dx%d", r.Dx(), r.Dy(), head.w, head.h)
	}
	switch head.format {
	case "webp":
		return webpRGB(p), nil
	case "tiff":
		im := toRGB(p)
		if c, ok := tiffNumber(b, tiffCompression); ok && (c == ccittGroup3 || c == ccittGroup4) {
			if m, ok := tiffNumber(b, tiffPhotometric); ok && m == blackIsZero {
				invert(im.Pix) // x/image takes the runs of the code for white ones whatever they are declared to be
			}
		}
		return im, nil
	}
	return toRGB(p), nil
}

// refused names the kinds of picture that are known and not read, by their first bytes.
func refused(b []byte) error {
	brand := ""
	if len(b) >= 12 && string(b[4:8]) == "ftyp" { // ISO 14496-12, section 4.3
		brand = string(b[8:12])
	}
	switch {
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" && webpChunk(b, "ANIM") != nil:
		return errors.New("an animated WebP, which is not read; convert its frames to pictures of their own")
	case brand == "avif" || brand == "avis":
		return errors.New("an AVIF picture, which is not read; convert it to PNG or JPEG")
	case brand == "heic" || brand == "heix" || brand == "mif1" || brand == "hevc":
		return errors.New("a HEIC picture, which is not read; convert it to PNG or JPEG")
	case bytes.HasPrefix(b, []byte("version https://git-lfs")):
		return errors.New("a Git LFS pointer, not the picture; run git lfs pull")
	case len(b) == 0:
		return errors.New("an empty file")
	}
	return nil
}

// Of TIFF 6.0, sections 3 and 11.
const (
	tiffCompression = 259
	tiffPhotometric = 262
	ccittGroup3     = 3
	ccittGroup4     = 4
	blackIsZero     = 1
)

func invert(pix []uint8) {
	for i, v := range pix {
		pix[i] = 255 - v
	}
}

// firstFrame returns a GIF's first frame on its whole canvas. What the frame leaves free has the background's colour, as Pillow has it.
func firstFrame(b []byte, head header) (*Image, error) {
	p, err := gif.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	im := NewImage(head.h, head.w)
	palette, ok := head.colors.(color.Palette)
	if frame, is := p.(*image.Paletted); ok && is && len(frame.Palette) == len(palette) {
		for i, c := range frame.Palette { // the decoder forgets the colour below what is transparent
			if _, _, _, a := c.RGBA(); a == 0 {
				frame.Palette[i] = palette[i]
			}
		}
	}
	if ok && len(b) > 11 && int(b[11]) < len(palette) {
		back := color.NRGBAModel.Convert(palette[b[11]]).(color.NRGBA) // GIF89a, section 18: the background's index
		for i := 0; i < len(im.Pix); i += 3 {
			im.Pix[i], im.Pix[i+1], im.Pix[i+2] = back.R, back.G, back.B
		}
	}
	frame, r := toRGB(p), p.Bounds().Intersect(image.Rect(0, 0, head.w, head.h))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(im.Pix[(y*im.W+r.Min.X)*3:][:r.Dx()*3], frame.Pix[((y-p.Bounds().Min.Y)*frame.W+r.Min.X-p.Bounds().Min.X)*3:])
	}
	return im, nil
}

// webpRGB turns a WebP's planes, whose YCbCr has the limited range of video (16 to 235; RFC 6386, section 9.2), to RGB as libwebp does:
// chroma is interpolated between the four nearest samples, and turned to RGB in fixed point.
func webpRGB(p image.Image) *Image {
	var y *image.YCbCr
	switch p := p.(type) {
	case *image.YCbCr:
		y = p
	case *image.NYCbCrA:
		y = &p.YCbCr
	default:
		return toRGB(p)
	}
	w, h := y.Rect.Dx(), y.Rect.Dy()
	im := NewImage(h, w)
	cw, ch := (w+1)/2, (h+1)/2
	u, v := make([]int32, w), make([]int32, w)
	for row := range h {
		near := row / 2
		far := min(max(near-1+2*(row%2), 0), ch-1)
		at := func(plane []uint8, r int) []uint8 { return plane[r*y.CStride:][:cw] }
		upsampleWebP(u, at(y.Cb, near), at(y.Cb, far))
		upsampleWebP(v, at(y.Cr, near), at(y.Cr, far))
		dst := im.Pix[row*w*3:][:w*3]
		for x, l := range y.Y[row*y.YStride:][:w] {
			c := int32(l) * 19077 >> 8 // libwebp, dsp/yuv.h: 14 bits of fraction, 6 of which stay
			dst[3*x] = clip6(c + v[x]*26149>>8 - 14234)
			dst[3*x+1] = clip6(c - u[x]*6419>>8 - v[x]*13320>>8 + 8708)
			dst[3*x+2] = clip6(c + u[x]*33050>>8 - 17685)
		}
	}
	return im
}

// clip6 drops 6 bits of fraction and keeps what fits a byte.
func clip6(v int32) uint8 { return uint8(min(max(v>>6, 0), 255)) }

// upsampleWebP doubles a row of chroma: of the four nearest samples the nearest has 9 parts of 16, those beside it 3, the fourth 1, rounded
// on the way as libwebp does (dsp/upsampling.c).
func upsampleWebP(dst []int32, near, far []uint8) {
	n, f := int32(near[0]), int32(far[0])
	dst[0] = (3*n + f + 2) >> 2
	for x := 1; x < len(near); x++ {
		n1, f1 := int32(near[x]), int32(far[x])
		sum := n + n1 + f + f1 + 8
		dst[2*x-1] = ((sum+2*(n1+f))>>3 + n) >> 1
		if 2*x < len(dst) {
			dst[2*x] = ((sum+2*(n+f1))>>3 + n1) >> 1
		}
		n, f = n1, f1
	}
	if len(dst)%2 == 0 {
		dst[len(dst)-1] = (3*n + f + 2) >> 2
	}
}

// cmykJPEG decodes a JPEG of four components without Adobe's segment as if it had one that says that they are inks, inverted, as all that
// write such files do; so does Pillow.
func cmykJPEG(b []byte) (image.Image, error) {
	adobe := []byte{0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0} // transform 0: the components are inks
	return jpeg.Decode(bytes.NewReader(slices.Concat(b[:2], adobe, b[2:])))
}
