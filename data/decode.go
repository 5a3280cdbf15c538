package data

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"

	"golang.org/x/image/webp"
)

// MaxPixels is the largest picture that Decode accepts: 100 megapixels, 300 MB as RGB.
const MaxPixels = 100_000_000

// DecodeOptions are the ways in which pictures can be read otherwise than as they are.
type DecodeOptions struct {
	// Stretch scales the values of a picture that has more than 8 bits each by the bits that its largest value has: of a microscope's 12
	// bits in a file of 16, 4095 becomes 255. Without it they are shown as they are, nearly black.
	Stretch bool
	// Truncated lets in JPEGs that are cut short. The rows that are missing are grey, as libjpeg leaves them; a progressive picture has the
	// scans that are complete, and is coarse.
	Truncated bool
}

// Decode returns a JPEG (also progressive and CMYK), PNG, GIF or WebP (of a moving one the first picture on the whole canvas), BMP, TIFF or
// PNM picture as RGB, turned as its EXIF block or XMP packet asks. Transparency is dropped and the colours below it stay, as in Pillow's
// convert("RGB"); docs/formats.md has every kind and mode. The size is read from the header first: a picture that claims more than MaxPixels is
// refused before memory is taken, and large ones wait for each other (maxDecode).
func Decode(b []byte) (*Image, error) { return DecodeOptions{}.Decode(b) }

// Decode is the function Decode with options.
func (o DecodeOptions) Decode(b []byte) (*Image, error) {
	im, _, _, err := o.read(b, nil)
	return im, err
}

// decode makes the picture of a header that was read, turned, and returns the largest of its values that have more than 8 bits.
func (o DecodeOptions) decode(b []byte, head header) (im *Image, top float64, err error) {
	if head.format == "jpeg" {
		p, err := o.jpegPlanes(b, head.jpeg)
		if err != nil {
			return nil, 0, decodeError(err)
		}
		return orient(toRGB(p), head.jpeg.Orientation()), 0, nil
	}
	if im, top, err = o.decodeOther(b, head); err != nil {
		return nil, 0, decodeError(err)
	}
	return orient(im, orientation(b, head)), top, nil
}

// header is a picture's kind and size, as stored.
type header struct {
	format string
	h, w   int
	deep   bool  // more than 8 bits a value
	cost   int64 // bytes that decoding takes, at most

	jpeg   jpegHeader
	tiff   *tiffPicture
	bmp    *bmpPicture
	pnm    *pnmPicture
	colors color.Model // of a GIF or PNG
}

// readHeader reads a picture's header, and refuses what Decode refuses before it takes memory.
func readHeader(b []byte) (h header, err error) {
	var perPixel float64 // bytes
	if h.jpeg, h.format = jpegOf(b); h.format != "" {
		h.h, h.w = h.jpeg.H, h.jpeg.W
		perPixel, err = h.jpeg.perPixel(), h.jpeg.readable()
	} else {
		if err := refused(b); err != nil {
			return h, err
		}
		perPixel, err = h.read(b)
	}
	if err != nil {
		return h, err
	}
	if h.w < 1 || h.h < 1 {
		return h, fmt.Errorf("broken picture: a %s of %d by %d pixels", h.format, h.w, h.h)
	}
	if h.w > MaxPixels/h.h {
		return h, fmt.Errorf("a %s of %d by %d pixels, at most %d megapixels are read", h.format, h.w, h.h, MaxPixels/1_000_000)
	}
	h.cost += int64(float64(h.h*h.w) * (perPixel + 6)) // 3 of the picture, 3 to turn it
	if h.cost > maxDecode {
		return h, fmt.Errorf("a %s of %d by %d pixels would take %.1f GB to decode, at most %.1f GB are given", h.format, h.w, h.h, float64(h.cost)/1e9, float64(maxDecode)/1e9)
	}
	return h, nil
}

// jpegOf reads the header of a JPEG; format is empty where it is none.
func jpegOf(b []byte) (j jpegHeader, format string) {
	j, ok := readJPEGHeader(b)
	if ok || len(b) > 2 && b[0] == 0xff && b[1] == 0xd8 {
		format = "jpeg"
	}
	return j, format
}

// read reads the header of what is no JPEG, and returns how many bytes a pixel takes beside those of the picture.
func (h *header) read(b []byte) (perPixel float64, err error) {
	var c image.Config
	switch {
	case isTIFF(b):
		h.format = "tiff"
		if h.tiff, err = parseTIFF(b); err == nil {
			h.h, h.w, h.deep = h.tiff.h, h.tiff.w, h.tiff.deep()
			h.cost = h.tiff.blockCost()
			perPixel = float64(h.tiff.samples)
		}
	case bytes.HasPrefix(b, []byte("BM")):
		h.format = "bmp"
		if h.bmp, err = parseBMP(b); err == nil {
			h.h, h.w = h.bmp.h, h.bmp.w
		}
	case isPNM(b):
		h.format = "pnm"
		if h.pnm, err = parsePNM(b); err == nil {
			h.h, h.w, h.deep = h.pnm.h, h.pnm.w, h.pnm.deep()
		}
	case bytes.HasPrefix(b, []byte("GIF8")):
		h.format, perPixel = "gif", 4
		c, err = gif.DecodeConfig(bytes.NewReader(b))
		err = decodeError(err)
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		h.format = "png"
		c, err = png.DecodeConfig(bytes.NewReader(b))
		err = decodeError(err)
		perPixel, h.deep = pngPixel(b)
	case isWebP(b):
		h.format, perPixel = "webp", 8
		if c, err = webp.DecodeConfig(bytes.NewReader(b)); err != nil {
			err = decodeError(err)
		}
	default:
		return 0, errors.New("not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM picture")
	}
	if c.Width != 0 || c.Height != 0 {
		h.h, h.w, h.colors = c.Height, c.Width, c.ColorModel
	}
	return perPixel, err
}

// pngPixel tells of a PNG that has a header how many bytes a pixel takes in the standard library, and whether its values have 16 bits.
func pngPixel(b []byte) (bytes float64, deep bool) {
	if len(b) < 29 {
		return 0, false
	}
	depth, kind, interlaced := b[24], b[25], b[28]
	bytes = 4 // also grey with a transparent value
	if kind == 3 {
		bytes = 1
	}
	if depth == 16 {
		bytes *= 2
	}
	if interlaced != 0 {
		bytes *= 1.5 // a pass beside the whole
	}
	return bytes, depth == 16
}

// recoverBroken makes a decoder's panic the picture's error: a decoder that trips over a broken file is that file's problem.
func recoverBroken(im **Image, err *error) {
	if e := recover(); e != nil {
		*im, *err = nil, fmt.Errorf("broken picture: %v", e)
	}
}

func decodeError(err error) error {
	if err == nil {
		return nil
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
	case *image.CMYK:
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for in := p.Pix[p.PixOffset(r.Min.X, y):][:4*r.Dx()]; len(in) > 0; in = in[4:] {
				im.Pix[o], im.Pix[o+1], im.Pix[o+2] = inkLevel(in[0], in[3]), inkLevel(in[1], in[3]), inkLevel(in[2], in[3])
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
	Bits             int  // of a sample
	Process          byte // 0 and 1: baseline and extended sequential; 2: progressive; of the frame's marker SOFn
	Scan             int  // where the first scan begins, 0 if none was seen
	adobe            int  // where Adobe's segment says what the components are, 0 if there is none
	sampling         [4]byte
	exif, xmp        int // orientations of the two kinds of segment, 0 if there are none or they are broken
	area             int // samples of a full-sized block of all components, in blocks of the largest one
	blocks           int // of the largest
	frames           int
}

// processes of ITU T.81, table B.1, that are not read; 0xf7-0xc0 is JPEG-LS.
var processes = map[byte]string{3: "a lossless JPEG", 5: "a hierarchical JPEG", 6: "a hierarchical JPEG", 7: "a hierarchical JPEG", 9: "a JPEG with arithmetic coding", 10: "a JPEG with arithmetic coding",
	11: "a lossless JPEG", 13: "a hierarchical JPEG", 14: "a hierarchical JPEG", 15: "a hierarchical JPEG", jpegLS: "a JPEG-LS picture"}

const jpegLS = 0xf7 - 0xc0

// readable returns the sentence of a JPEG that is not read.
func (h jpegHeader) readable() error {
	what := processes[h.Process]
	switch {
	case h.frames != 1:
		return errors.New("broken picture: a JPEG without a frame header, or with two")
	case what == "" && h.Bits != 8:
		what = fmt.Sprintf("a JPEG of %d bits a sample", h.Bits)
	case what == "" && h.Components != 1 && h.Components != 3 && h.Components != 4:
		what = fmt.Sprintf("a JPEG of %d components", h.Components)
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("%s, which is not read; convert it to an ordinary JPEG or PNG", what)
}

// perPixel is how many bytes a pixel takes while it is decoded: samples, twice where a decoder copies them, the coefficients of a progressive
// picture, and what the standard library makes of inks or RGB.
func (h jpegHeader) perPixel() float64 {
	samples := float64(h.area) / float64(max(h.blocks, 1))
	if h.Process == 2 {
		return 5*samples + 4
	}
	return 2*samples + 4
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
			if len(seg) >= 12 {
				h.adobe = i - len(seg) + 11
			}
		case (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc || marker == 0xf7) && len(seg) >= 6:
			if ok { // decoders differ in which of two they believe
				h.frames++
				return h, false
			}
			h.Process, h.Components, h.Bits, h.frames = marker-0xc0, int(seg[5]), int(seg[0]), h.frames+1
			h.readSampling(seg[6:])
			h.H, h.W = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
			ok = true
		}
	}
	return h, ok
}

// readSampling reads how many blocks of each component stand for the same pixels.
func (h *jpegHeader) readSampling(seg []byte) {
	hmax, vmax := 1, 1
	for i := 0; i+3 <= len(seg) && i < 3*h.Components; i += 3 {
		if i < 12 {
			h.sampling[i/3] = seg[i+1]
		}
		x, y := int(seg[i+1]>>4), int(seg[i+1]&15)
		h.area += x * y
		hmax, vmax = max(hmax, x), max(vmax, y)
	}
	h.blocks = hmax * vmax
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
