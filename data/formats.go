//go:generate go run ../internal/formats

package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
)

// decodeOther decodes what is no JPEG, as stored: not turned. Of values of more than 8 bits it returns the largest.
func (o DecodeOptions) decodeOther(b []byte, head header) (im *Image, top float64, err error) {
	var p image.Image
	switch head.format {
	case "gif":
		im, err = firstFrame(b, head)
		return im, 0, err
	case "bmp":
		im, err = head.bmp.decode()
		return im, 0, err
	case "tiff":
		return o.levelled(head.deep, head.tiff.usual(), head.tiff.decode)
	case "pnm":
		return o.levelled(head.deep, head.pnm.usual(), head.pnm.decode)
	case "webp":
		im, err = decodeWebP(b, head)
		return im, 0, err
	case "png":
		p, err = png.Decode(bytes.NewReader(b))
	}
	if err == nil {
		err = sameSize(p.Bounds(), head)
	}
	if err != nil {
		return nil, 0, err
	}
	if !head.deep {
		return toRGB(p), 0, nil
	}
	return o.levelled(true, highByte(16), func(s levels) (*Image, float64, error) {
		im, top := deepRGB(p, s)
		return im, top, nil
	})
}

// levelled decodes, and if levels are to be stretched decodes once more with those that the largest value asks for.
func (o DecodeOptions) levelled(deep bool, usual levels, decode func(levels) (*Image, float64, error)) (*Image, float64, error) {
	im, top, err := decode(usual)
	if err == nil && deep && o.Stretch {
		im, _, err = decode(stretched(top))
	}
	return im, top, err
}

func sameSize(r image.Rectangle, head header) error {
	if r.Dx() != head.w || r.Dy() != head.h {
		return fmt.Errorf("%dx%d pixels where the header says %dx%d", r.Dx(), r.Dy(), head.w, head.h)
	}
	return nil
}

// deepRGB makes levels of a picture of 16 bits a value, and returns the largest value. Transparency is dropped, the colours below it stay.
func deepRGB(p image.Image, s levels) (im *Image, top float64) {
	r := p.Bounds()
	im = NewImage(r.Dy(), r.Dx())
	var pix []uint8
	var stride int
	step, each := 8, 3
	switch p := p.(type) {
	case *image.Gray16:
		pix, stride, step, each = p.Pix, p.Stride, 2, 1
	case *image.NRGBA64:
		pix, stride = p.Pix, p.Stride
	case *image.RGBA64:
		pix, stride = p.Pix, p.Stride
	default:
		panic(fmt.Sprintf("16 bits a value as %T", p))
	}
	var table [1 << 16]uint8
	for v := range table {
		table[v] = s.of(float64(v))
	}
	largest := uint16(0)
	for y := range im.H {
		in, out := pix[y*stride:], im.Pix[y*im.W*3:][:im.W*3]
		for x := range im.W {
			for c := range 3 {
				v := binary.BigEndian.Uint16(in[x*step+2*(c%each):])
				out[3*x+c], largest = table[v], max(largest, v)
			}
		}
	}
	return im, float64(largest)
}

// beginnings are files that are known by how they begin, at a place, and not read.
var beginnings = []struct {
	at   int
	text string
	what string
}{
	{0, "\x00\x00\x01\x00", "an icon (ICO)"},
	{0, "\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"},
	{0, "\xff\x4f\xff\x51", "a JPEG 2000 picture"},
	{0, "\x00\x00\x00\x0cJXL ", "a JPEG XL picture"},
	{0, "\xff\x0a", "a JPEG XL picture"},
	{0, "II\xbc", "a JPEG XR picture"},
	{0, "qoif", "a QOI picture"},
	{0, "8BPS", "a Photoshop document"},
	{0, "%PDF", "a PDF document"},
	{0, "%!PS", "a PostScript document"},
	{0, "PF\n", "a PFM of floating-point values"},
	{0, "Pf\n", "a PFM of floating-point values"},
	{0, "P7\n", "a PAM picture"},
	{0, "SIMPLE  =", "a FITS picture"},
	{0, "v/1\x01", "an OpenEXR picture"},
	{0, "#?RADIANCE", "a Radiance picture (HDR)"},
	{0, "DDS ", "a DirectDraw texture (DDS)"},
	{0, "icns", "an icon (ICNS)"},
	{0, "\x93NUMPY", "an array of numpy's"},
	{0, "PK\x03\x04", "a zip archive"},
	{0, "\x1f\x8b", "a gzip archive"},
	{128, "DICM", "a DICOM file"},
}

// brands of ISO 14496-12, section 4.3, that are pictures.
var brands = map[string]string{"avif": "an AVIF picture", "avis": "an AVIF picture", "heic": "a HEIC picture", "heix": "a HEIC picture", "hevc": "a HEIC picture", "hevx": "a HEIC picture",
	"heim": "a HEIC picture", "heis": "a HEIC picture", "mif1": "a HEIC picture", "msf1": "a HEIC picture"}

// refused names the kinds of file that are known and not read, by their first bytes.
func refused(b []byte) error {
	if len(b) == 0 {
		return errors.New("an empty file")
	}
	if bytes.HasPrefix(b, []byte("version https://git-lfs")) {
		return errors.New("a Git LFS pointer, not the picture; run git lfs pull")
	}
	what := ""
	for _, k := range beginnings {
		if len(b) >= k.at && bytes.HasPrefix(b[k.at:], []byte(k.text)) {
			what = k.what
			break
		}
	}
	if len(b) >= 12 && string(b[4:8]) == "ftyp" {
		brand := string(b[8:12])
		if what = brands[brand]; what == "" {
			what = "a film (MP4)"
		}
		if size := int(min(binary.BigEndian.Uint32(b), uint32(len(b)))); (brand == "mif1" || brand == "msf1") && bytes.Contains(b[8:max(size, 8)], []byte("avi")) {
			what = brands["avif"]
		}
	}
	if what == "" { // text of the web
		head := strings.ToLower(string(b[:min(len(b), 1024)]))
		switch begin := strings.TrimLeft(strings.TrimPrefix(head, "\xef\xbb\xbf"), " \t\r\n"); {
		case strings.HasPrefix(begin, "<svg"), strings.HasPrefix(begin, "<?xml") && strings.Contains(begin, "<svg"):
			what = "an SVG drawing"
		case strings.HasPrefix(begin, "<!doctype html"), strings.HasPrefix(begin, "<html"):
			return errors.New("a web page, not a picture: a download that went wrong")
		}
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("%s, which is not read; convert it to PNG or JPEG", what)
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
