package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"slices"

	"github.com/gen2brain/jpegn"

	"github.com/tessera-go/tessera/internal/ycbcr"
)

// jpegPlanes decodes a JPEG as its planes. The fast decoder gets grey and YCbCr pictures of the sequential processes: of
// progressive ones it was seen to get wrong those whose sides are no multiples of 16, and its decoding at a fraction of the size
// loses contrast (v0.4.1). The rest, and what it refuses, is the standard library's.
func (o DecodeOptions) jpegPlanes(b []byte, h jpegHeader) (image.Image, error) {
	if !ended(b, h) {
		p, cut := endless(b, h)
		switch {
		case p != nil:
			return p, nil
		case cut.filled == nil:
			return nil, fmt.Errorf("cut short: %s", cut.there)
		case !o.Truncated:
			return nil, fmt.Errorf("cut short: %s (folder:DIR?truncated=accept lets it in)", cut.there)
		}
		h, _ = readJPEGHeader(cut.filled) // its segments may stand elsewhere
		return standardJPEG(cut.filled, h)
	}
	if h.Process <= 1 && (h.Components == 1 || h.Components == 3) {
		p, err := jpegn.Decode(bytes.NewReader(b))
		if err == nil {
			switch p.(type) {
			case *image.YCbCr, *image.Gray:
				return p, sized(p, h)
			}
		}
	}
	return standardJPEG(b, h)
}

// endless decodes a JPEG without an end mark, or says which part of it is there. Decoders fill up what is missing, or stop at the missing
// mark: with the mark the standard library tells which it is.
func endless(b []byte, h jpegHeader) (image.Image, cutJPEG) {
	p, err := standardJPEG(append(b[:len(b):len(b)], 0xff, markEnd), h)
	if err == nil && allScans(b, h) {
		return p, cutJPEG{}
	}
	return nil, restore(b, h, err == nil)
}

// standardJPEG decodes by the standard library, four components without Adobe's segment as inks.
func standardJPEG(b []byte, h jpegHeader) (p image.Image, err error) {
	if miscounted(b, h) {
		if b, err = withoutRestarts(b, h); err != nil {
			return nil, err
		}
		h, _ = readJPEGHeader(b)
	}
	switch {
	case h.Components == 4 && h.adobe == 0:
		p, err = cmykJPEG(b)
	case h.Components == 4 && b[h.adobe] == 2 && h.sampling == [4]byte{0x22, 0x11, 0x11, 0x22}:
		p, err = ycckJPEG(b, h)
	default:
		p, err = jpeg.Decode(bytes.NewReader(b))
	}
	if err != nil {
		return nil, err
	}
	return p, sized(p, h)
}

// miscounted tells whether a JPEG has restart marks that the standard library expects elsewhere (Go 1.26): in a scan of one component alone
// it counts an interval in units of all components (ITU T.81, A.2.2: in blocks), which differ where a unit has several blocks of that component.
func miscounted(b []byte, h jpegHeader) bool {
	if h.Components == 1 || !bytes.Contains(b, []byte{0xff, markRestart}) {
		return false
	}
	r := &refill{head: h}
	every, found := 0, false
	eachSegment(b, 2, func(_ int, marker byte, seg []byte) {
		switch {
		case marker == 0xc0+h.Process && r.comps == nil:
			if r.frame(seg) != nil {
				r.comps = nil
			}
		case marker == markRestart && len(seg) >= 2:
			every = int(binary.BigEndian.Uint16(seg))
		case marker == markScan && every > 0 && len(seg) >= 2 && seg[0] == 1:
			for i := range r.comps {
				if c := &r.comps[i]; c.id == seg[1] && c.h*c.v > 1 {
					wide, high, _ := r.units([]scanPart{{c: c}})
					found = found || every < wide*high
				}
			}
		}
	})
	return found
}

// withoutRestarts writes a sequential JPEG's codes anew, without restart marks.
func withoutRestarts(b []byte, h jpegHeader) ([]byte, error) {
	if h.Process == 2 {
		return nil, errors.New("a progressive JPEG with restart marks and chroma of less than full size, which is not read; convert it to an ordinary JPEG or PNG")
	}
	r := &refill{b: b, head: h}
	if err := r.all(); err != nil {
		return nil, err
	}
	if r.rows < h.H {
		return nil, fmt.Errorf("its codes end behind %d %% of its rows", 100*r.rows/h.H)
	}
	return append(r.out, 0xff, markEnd), nil
}

// ycckJPEG decodes a JPEG of YCbCr and black with chroma of half the size, which the standard library does not interpolate: as if the four
// were inks, which it repeats and inverts, of which the samples are taken back.
func ycckJPEG(b []byte, h jpegHeader) (image.Image, error) {
	b = bytes.Clone(b)
	b[h.adobe] = 0
	p, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	inks, ok := p.(*image.CMYK)
	if !ok || sized(p, h) != nil || p.Bounds().Min != (image.Point{}) {
		return nil, errors.New("four components that are no inks")
	}
	planes := image.NewYCbCr(p.Bounds(), image.YCbCrSubsampleRatio420)
	for y := range h.H {
		for x := range h.W {
			in := inks.Pix[inks.PixOffset(x, y):][:3]
			planes.Y[planes.YOffset(x, y)] = 255 - in[0]
			planes.Cb[planes.COffset(x, y)], planes.Cr[planes.COffset(x, y)] = 255-in[1], 255-in[2]
		}
	}
	row := make([]uint8, 3*h.W)
	for y := range h.H {
		rowsRGB(row, planes, y, 0, 1, h.W)
		for x := range h.W {
			copy(inks.Pix[inks.PixOffset(x, y):][:3], row[3*x:])
		}
	}
	return inks, nil
}

// ended tells whether an end mark stands behind the begin of the first scan.
func ended(b []byte, h jpegHeader) bool {
	return h.Scan > 0 && bytes.LastIndex(b[h.Scan:], []byte{0xff, markEnd}) >= 0
}

// allScans tells whether a JPEG's scans bring every component, and of a progressive one every coefficient to its last bit (ITU T.81,
// annex G): what is cut between two scans decodes without an error, without its colours or to a coarse picture.
func allScans(b []byte, h jpegHeader) bool {
	last := map[byte]*[64]bool{}
	eachSegment(b, h.Scan, func(_ int, marker byte, seg []byte) {
		if marker != markScan || len(seg) < 4 || len(seg) < 4+2*int(seg[0]) {
			return
		}
		from, to, low := seg[1+2*seg[0]], seg[2+2*seg[0]], seg[3+2*seg[0]]&15
		for k := range int(seg[0]) {
			c := seg[1+2*k]
			if last[c] == nil {
				last[c] = &[64]bool{}
			}
			if h.Process != 2 { // a sequential scan brings all, whatever it says
				from, to, low = 0, 63, 0
			}
			for z := int(from); z <= min(int(to), 63) && low == 0; z++ {
				last[c][z] = true
			}
		}
	})
	done := 0
	for _, c := range last {
		if !slices.Contains(c[:], false) {
			done++
		}
	}
	return done == h.Components
}

// sized returns an error if a decoder found another size than the header that was checked.
func sized(p image.Image, h jpegHeader) error {
	if r := p.Bounds(); r.Dx() != h.W || r.Dy() != h.H {
		return fmt.Errorf("%dx%d pixels where the header says %dx%d", r.Dx(), r.Dy(), h.W, h.H)
	}
	return nil
}

// rowsRGB writes the rectangle of p at (top, left), h by w pixels, to dst as RGB, chroma interpolated as in libjpeg.
func rowsRGB(dst []uint8, p *image.YCbCr, top, left, h, w int) { ycbcr.Rows(dst, p, top, left, h, w) }
