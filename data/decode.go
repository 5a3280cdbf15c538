package data

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"
)

// MaxPixels is the largest picture that Decode accepts: 100 megapixels, 300 MB as RGB.
const MaxPixels = 100_000_000

// Decode returns a JPEG (also progressive and CMYK), PNG, GIF (its first frame on the whole canvas), BMP, TIFF or
// WebP picture as RGB, turned as its EXIF block or XMP packet asks. Transparency is dropped and the colours below it stay, as in Pillow's
// convert("RGB"). The size is read from the header first: a picture that claims more than MaxPixels is refused before memory is taken.
func Decode(b []byte) (im *Image, err error) {
	defer recoverBroken(&im, &err)
	head, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	if head.format == "jpeg" {
		p, err := jpegPlanes(b, head.jpeg)
		if err != nil {
			return nil, decodeError(err)
		}
		return orient(toRGB(p), head.jpeg.Orientation()), nil
	}
	if im, err = decodeOther(b, head); err != nil {
		return nil, decodeError(err)
	}
	return orient(im, orientation(b, head)), nil
}

// header is a picture's kind and size, as stored.
type header struct {
	format string
	h, w   int
	colors color.Model // of what is no JPEG
	jpeg   jpegHeader
}

// readHeader reads a picture's header, and refuses sizes that Decode refuses.
func readHeader(b []byte) (header, error) {
	var h header
	if j, ok := readJPEGHeader(b); ok {
		h = header{format: "jpeg", h: j.H, w: j.W, jpeg: j}
	} else {
		if err := refused(b); err != nil {
			return h, err
		}
		c, format, err := decodeConfig(b)
		if err != nil {
			return h, decodeError(err)
		}
		h = header{format: format, h: c.Height, w: c.Width, colors: c.ColorModel}
		if format == "jpeg" {
			return h, errors.New("broken picture: a JPEG without a frame header, or with two")
		}
	}
	if h.w < 1 || h.h < 1 || h.w > MaxPixels/h.h {
		return h, fmt.Errorf("a %s of %d by %d pixels, at most %d megapixels are read", h.format, h.w, h.h, MaxPixels/1_000_000)
	}
	return h, nil
}

// recoverBroken makes a decoder's panic the picture's error: a decoder that trips over a broken file is that file's problem.
func recoverBroken(im **Image, err *error) {
	if e := recover(); e != nil {
		*im, *err = nil, fmt.Errorf("broken picture: %v", e)
	}
}

func decodeError(err error) error {
	if errors.Is(err, image.ErrFormat) {
		return errors.New("not a JPEG, PNG, GIF, BMP, TIFF or WebP picture")
	}
	return fmt.Errorf("broken picture: %w", err)
}

func toRGB(p image.Image) *Image {
	r := p.Bounds()
	im := NewImage(r.Dy(), r.Dx())
	o := 0
	switch p := p.(type) {
	case *image.YCbCr:
		if r.Min == (image.Point{}) {
			rowsRGB(im.Pix, p, 0, 0, im.H, im.W)
			return im
		}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				yi, ci := p.YOffset(x, y), p.COffset(x, y)
				im.Pix[o], im.Pix[o+1], im.Pix[o+2] = color.YCbCrToRGB(p.Y[yi], p.Cb[ci], p.Cr[ci])
				o += 3
			}
		}
	case *image.Gray:
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for _, v := range p.Pix[p.PixOffset(r.Min.X, y):][:r.Dx()] {
				im.Pix[o], im.Pix[o+1], im.Pix[o+2] = v, v, v
				o += 3
			}
		}
	default:
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				c := color.NRGBAModel.Convert(p.At(x, y)).(color.NRGBA)
				im.Pix[o], im.Pix[o+1], im.Pix[o+2] = c.R, c.G, c.B
				o += 3
			}
		}
	}
	return im
}

// jpegHeader is what a JPEG says before its first scan.
type jpegHeader struct {
	H, W, Components int
	Process          byte // 0 and 1: baseline and extended sequential; 2: progressive; of the frame's marker SOFn
	Scan             int  // where the first scan begins, 0 if none was seen
	adobe            bool // whether there is Adobe's segment
	exif, xmp        int  // orientations of the two kinds of segment, 0 if there are none or they are broken
}

// Orientation returns how the picture is to be turned, 1 to 8: what EXIF says, else XMP, else 1.
func (h jpegHeader) Orientation() int { return max(1, cmp.Or(h.exif, h.xmp)) }

var (
	exifName = []byte("Exif\x00\x00")
	xmpName  = []byte("http://ns.adobe.com/xap/1.0/\x00")
)

// readJPEGHeader walks the segments up to the first scan (ITU T.81, annex B); ok tells whether there was one frame header.
func readJPEGHeader(b []byte) (h jpegHeader, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return h, false
	}
	for i := 2; i+4 <= len(b) && b[i] == 0xff; {
		marker, n := b[i+1], int(binary.BigEndian.Uint16(b[i+2:]))
		if marker == 0xff { // fill bytes
			i++
			continue
		}
		if marker == 0xda {
			h.Scan = i
		}
		if marker == 0xda || n < 2 || i+2+n > len(b) {
			return h, ok
		}
		seg := b[i+4 : i+2+n]
		i += 2 + n
		switch {
		case marker == 0xe1 && bytes.HasPrefix(seg, exifName):
			if h.exif == 0 {
				h.exif = exifOrientation(seg[len(exifName):])
			}
		case marker == 0xe1 && bytes.HasPrefix(seg, xmpName):
			h.xmp = xmpOrientation(seg)
		case marker == 0xee && bytes.HasPrefix(seg, []byte("Adobe")):
			h.adobe = true
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc && len(seg) >= 6:
			if ok { // decoders differ in which of two they believe
				return h, false
			}
			h.Process, h.Components = marker-0xc0, int(seg[5])
			h.H, h.W = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
			ok = true
		}
	}
	return h, ok
}

// orient turns and mirrors a picture as its EXIF orientation asks.
func orient(im *Image, o int) *Image {
	switch o {
	case 2:
		return FlipH(im)
	case 3:
		return Rotate90(im, 2)
	case 4:
		return FlipH(Rotate90(im, 2))
	case 5:
		return FlipH(Rotate90(im, 3))
	case 6:
		return Rotate90(im, 3)
	case 7:
		return FlipH(Rotate90(im, 1))
	case 8:
		return Rotate90(im, 1)
	}
	return im
}

// Rotate90 turns a picture counter-clockwise by k quarter turns, by exact moves.
func Rotate90(im *Image, k int) *Image {
	k = ((k % 4) + 4) % 4
	if k == 0 {
		return im
	}
	h, w := im.H, im.W
	if k%2 == 1 {
		h, w = w, h
	}
	out := NewImage(h, w)
	for y := range h {
		for x := range w {
			var sy, sx int
			switch k {
			case 1:
				sy, sx = x, im.W-1-y
			case 2:
				sy, sx = im.H-1-y, im.W-1-x
			case 3:
				sy, sx = im.H-1-x, y
			}
			copy(out.Pix[(y*w+x)*3:][:3], im.Pix[(sy*im.W+sx)*3:])
		}
	}
	return out
}

// FlipH mirrors a picture left to right.
func FlipH(im *Image) *Image {
	out := NewImage(im.H, im.W)
	for y := range im.H {
		src, dst := im.Pix[y*im.W*3:][:im.W*3], out.Pix[y*im.W*3:][:im.W*3]
		for i, k := 0, len(dst)-3; k >= 0 && i+2 < len(src); i, k = i+3, k-3 {
			dst[k], dst[k+1], dst[k+2] = src[i], src[i+1], src[i+2]
		}
	}
	return out
}
