package film

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"

	"github.com/gen2brain/jpegn"

	"github.com/tessera-go/tessera/internal/ycbcr"
)

// jpegHead is what a JPEG says before its first scan (ITU T.81, annex B).
type jpegHead struct {
	h, w, components int
	process          byte // 0 and 1: sequential
	tables           bool // Huffman's are there
	scan             int  // where its first scan begins
	lower            bool // the field of an interlaced frame that begins with the second row (segment AVI1)
}

var errCutFrame = errors.New("its JPEG is cut short in its header")

// readJPEGHead reads the segments up to the first scan.
func readJPEGHead(b []byte) (h jpegHead, err error) {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return h, errors.New("no JPEG")
	}
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			return h, errors.New("a broken JPEG: no marker where one should be")
		}
		marker, n := b[i+1], int(binary.BigEndian.Uint16(b[i+2:]))
		if marker == 0xff {
			i++
			continue
		}
		if n < 2 || i+2+n > len(b) {
			return h, errCutFrame
		}
		seg := b[i+4 : i+2+n]
		switch {
		case marker == 0xda:
			if h.scan = i; h.h == 0 || h.w == 0 {
				return h, errors.New("a broken JPEG: a scan without a size")
			}
			return h, nil
		case marker == 0xc4:
			h.tables = true
		case marker == 0xe0 && bytes.HasPrefix(seg, []byte("AVI1")) && len(seg) > 4:
			h.lower = seg[4] == 2
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc:
			if len(seg) < 6 {
				return h, errCutFrame
			}
			if h.h != 0 {
				return h, errors.New("a broken JPEG: two sizes")
			}
			h.process, h.components = marker-0xc0, int(seg[5])
			h.h, h.w = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
		}
		i += 2 + n
	}
	return h, errCutFrame
}

// secondField returns where the second of two JPEGs begins that share a chunk, 0 if there is one alone.
func secondField(b []byte, head jpegHead) int {
	at := bytes.Index(b[head.scan:], []byte{0xff, 0xd9})
	if at < 0 {
		return 0
	}
	from := head.scan + at + 2
	at = bytes.Index(b[from:min(len(b), from+64)], []byte{0xff, 0xd8, 0xff}) // padding between them
	if at < 0 {
		return 0
	}
	second, err := readJPEGHead(b[from+at:])
	if err != nil || second.h != head.h || second.w != head.w {
		return 0
	}
	return from + at
}

// decodeMJPEG decodes a frame into p, whose size it must have.
func decodeMJPEG(p *Picture, b []byte, fields bool) (err error) {
	defer func() {
		if e := recover(); e != nil { // a decoder that trips over a broken frame is that frame's problem
			err = fmt.Errorf("a broken JPEG: %v", e)
		}
	}()
	head, err := readJPEGHead(b)
	if err != nil {
		return err
	}
	if !fields {
		if head.h != p.H || head.w != p.W {
			return fmt.Errorf("%dx%d pixels in a film of %dx%d", head.w, head.h, p.W, p.H)
		}
		planes, err := jpegPlanes(b, head)
		if err != nil {
			return err
		}
		return intoRGB(p.Pix, planes)
	}
	if 2*head.h != p.H || head.w != p.W {
		return fmt.Errorf("a field of %dx%d pixels in a film of %dx%d", head.w, head.h, p.W, p.H)
	}
	at := secondField(b, head)
	if at == 0 {
		return errors.New("one field instead of two")
	}
	row := 3 * p.W
	field := make([]uint8, head.h*row)
	for k, part := range [][]byte{b[:at], b[at:]} {
		one, err := readJPEGHead(part)
		if err != nil {
			return err
		}
		planes, err := jpegPlanes(part, one)
		if err == nil {
			err = intoRGB(field, planes)
		}
		if err != nil {
			return err
		}
		first := k
		if head.lower {
			first = 1 - k
		}
		for y := range head.h {
			copy(p.Pix[(2*y+first)*row:][:row], field[y*row:])
		}
	}
	return nil
}

// jpegPlanes decodes a JPEG. Frames of films may lack Huffman's tables, which are then those of ITU T.81, annex K.3.
func jpegPlanes(b []byte, head jpegHead) (image.Image, error) {
	if head.process > 2 {
		return nil, errors.New("a JPEG that is neither sequential nor progressive")
	}
	if !head.tables {
		full := make([]byte, 0, len(b)+len(standardTables))
		full = append(append(append(full, b[:head.scan]...), standardTables...), b[head.scan:]...)
		b = full
	}
	if head.process <= 1 && (head.components == 1 || head.components == 3) {
		if p, err := jpegn.Decode(bytes.NewReader(b)); err == nil && p.Bounds() == image.Rect(0, 0, head.w, head.h) {
			return p, nil
		}
	}
	p, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("a broken JPEG: %w", err)
	}
	if p.Bounds() != image.Rect(0, 0, head.w, head.h) {
		return nil, errors.New("a broken JPEG: another size than its header's")
	}
	return p, nil
}

// standardTables are the Huffman tables of ITU T.81, annex K.3, as segments: image/jpeg writes no others.
var standardTables = func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 8, 8), image.YCbCrSubsampleRatio420), nil); err != nil {
		panic(err)
	}
	var tables []byte
	for i, b := 2, b.Bytes(); b[i+1] != 0xda; {
		n := 2 + int(binary.BigEndian.Uint16(b[i+2:]))
		if b[i+1] == 0xc4 {
			tables = append(tables, b[i:i+n]...)
		}
		i += n
	}
	return tables
}()

// intoRGB writes planes to dst as RGB, [H W 3].
func intoRGB(dst []uint8, p image.Image) error {
	r := p.Bounds()
	h, w := r.Dy(), r.Dx()
	switch p := p.(type) {
	case *image.YCbCr:
		ycbcr.Rows(dst, p, 0, 0, h, w)
	case *image.Gray:
		for y := range h {
			grey(dst[3*y*w:][:3*w], p.Pix[y*p.Stride:])
		}
	case *image.RGBA:
		for y := range h {
			in := p.Pix[y*p.Stride:]
			for x := range w {
				copy(dst[3*(y*w+x):][:3], in[4*x:])
			}
		}
	default:
		return fmt.Errorf("a JPEG of inks (%T)", p)
	}
	return nil
}

func grey(dst, y []uint8) {
	for i, v := range y[:len(dst)/3] {
		dst[3*i], dst[3*i+1], dst[3*i+2] = v, v, v
	}
}
