package data

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// tiffPicture is the first picture of a TIFF file (TIFF 6.0 and BigTIFF), with what its directory says of it. Its pixels are Pillow's where
// Pillow keeps them; docs/formats.md names the rest.
type tiffPicture struct {
	b     []byte
	order binary.ByteOrder
	tags  map[uint16]tiffField

	h, w, bits, samples            int
	compression, photometric, form int
	extra                          []int // what the samples behind the colours are
	planar, tiled                  bool
	blockH, blockW                 int // of a strip or a tile
	offsets, counts                []int
	palette                        []int // 3 times 1<<bits values of 16 bits
	orientation                    int
}

// tiffField is a directory's entry: its type and its values' bytes.
type tiffField struct {
	kind uint16
	data []byte
}

// The tags of a directory that matter here (TIFF 6.0, part 1 and 2).
const (
	tagWidth          = 256
	tagHeight         = 257
	tagBits           = 258
	tagCompression    = 259
	tagPhotometric    = 262
	tagFillOrder      = 266
	tagStripOffsets   = 273
	tagOrientation    = 274
	tagSamples        = 277
	tagRowsPerStrip   = 278
	tagStripCounts    = 279
	tagPlanar         = 284
	tagT4Options      = 292
	tagPredictor      = 317
	tagColorMap       = 320
	tagTileWidth      = 322
	tagTileHeight     = 323
	tagTileOffsets    = 324
	tagTileCounts     = 325
	tagExtraSamples   = 338
	tagSampleFormat   = 339
	tagJPEGTables     = 347
	tagYCbCrSampling  = 530
	tagXMP            = 700
	tagDNGVersion     = 50706
	mostTIFFTags      = 4096
	mostTIFFSamples   = 16
	mostBeyond        = 4096 // pixels of a tile that lie outside of the picture
	premultipliedTIFF = 1    // of tagExtraSamples
)

// Compressions of TIFF.
const (
	tiffPlain     = 1
	ccittRuns     = 2
	ccittGroup3   = 3
	ccittGroup4   = 4
	tiffLZW       = 5
	tiffOldJPEG   = 6
	tiffJPEG      = 7
	tiffDeflate   = 8
	tiffPackBits  = 32773
	tiffDeflateOf = 32946 // Deflate's number of old
)

// Photometric interpretations of TIFF.
const (
	whiteIsZero   = 0
	blackIsZero   = 1
	tiffRGB       = 2
	tiffPalette   = 3
	tiffSeparated = 5
	tiffYCbCr     = 6
)

// Sample formats of TIFF.
const (
	tiffUnsigned = 1
	tiffSigned   = 2
	tiffFloat    = 3
)

// isTIFF tells whether a file begins as a TIFF or BigTIFF does.
func isTIFF(b []byte) bool {
	return len(b) >= 8 && slices.Contains([]string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"}, string(b[:4]))
}

// parseTIFF reads the first directory.
func parseTIFF(b []byte) (*tiffPicture, error) {
	p := &tiffPicture{b: b, order: binary.LittleEndian, tags: map[uint16]tiffField{}}
	if b[0] == 'M' {
		p.order = binary.BigEndian
	}
	if err := p.directory(p.order.Uint16(b[2:]) == 43); err != nil {
		return nil, err
	}
	if err := p.describe(); err != nil {
		return nil, err
	}
	return p, p.readable()
}

var errTIFFDirectory = errors.New("broken picture: a TIFF directory outside of the file")

// directory reads the entries, of BigTIFF with offsets and counts of 8 bytes.
func (p *tiffPicture) directory(big bool) error {
	word := 4 // bytes of an offset
	at, entries := uint64(p.order.Uint32(p.b[4:])), uint64(2)
	if big {
		if len(p.b) < 16 {
			return errTIFFDirectory
		}
		word, at, entries = 8, p.order.Uint64(p.b[8:]), 8
	}
	size := uint64(len(p.b))
	if at > size || entries > size-at {
		return errTIFFDirectory
	}
	n := uint64(p.order.Uint16(p.b[at:]))
	if big {
		n = p.order.Uint64(p.b[at:])
	}
	step := uint64(4 + 2*word)
	if n > mostTIFFTags || n*step > size-at-entries {
		return errTIFFDirectory
	}
	number := func(b []byte) uint64 {
		if big {
			return p.order.Uint64(b)
		}
		return uint64(p.order.Uint32(b))
	}
	for k := range n {
		e := p.b[at+entries+k*step:][:step]
		kind, count := p.order.Uint16(e[2:]), number(e[4:])
		wide := uint64(map[uint16]int{1: 1, 2: 1, tiffShort: 2, tiffLong: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}[kind])
		if wide == 0 || count > size/wide {
			continue // of an unknown type, or longer than the file: as if it were not there
		}
		value := e[4+word:]
		if wide*count <= uint64(word) {
			value = value[:wide*count]
		} else if off := number(value); off > size || wide*count > size-off {
			continue
		} else {
			value = p.b[off:][:wide*count]
		}
		p.tags[p.order.Uint16(e)] = tiffField{kind, value}
	}
	return nil
}

// numbers returns a tag's whole numbers; nil where there are none.
func (p *tiffPicture) numbers(tag uint16) []int {
	f := p.tags[tag]
	var out []int
	switch f.kind {
	case 1:
		for _, v := range f.data {
			out = append(out, int(v))
		}
	case tiffShort:
		for i := 0; i+2 <= len(f.data); i += 2 {
			out = append(out, int(p.order.Uint16(f.data[i:])))
		}
	case tiffLong:
		for i := 0; i+4 <= len(f.data); i += 4 {
			out = append(out, int(p.order.Uint32(f.data[i:])))
		}
	case 16:
		for i := 0; i+8 <= len(f.data); i += 8 {
			out = append(out, int(min(p.order.Uint64(f.data[i:]), 1<<62)))
		}
	}
	return out
}

// number returns a tag's first whole number, other where there is none.
func (p *tiffPicture) number(tag uint16, other int) int {
	if n := p.numbers(tag); len(n) > 0 {
		return n[0]
	}
	return other
}

// describe reads what the directory says of the picture.
func (p *tiffPicture) describe() error {
	p.w, p.h = p.number(tagWidth, 0), p.number(tagHeight, 0)
	p.samples = p.number(tagSamples, 1)
	depths := p.numbers(tagBits)
	p.bits = 1
	if len(depths) > 0 {
		p.bits = depths[0]
	}
	for _, d := range depths[:min(len(depths), p.samples)] {
		if d != p.bits {
			return fmt.Errorf("a TIFF of %v bits a sample, which is not read; convert it to 8 bits", depths[:min(len(depths), 8)])
		}
	}
	p.compression, p.photometric = p.number(tagCompression, tiffPlain), p.number(tagPhotometric, whiteIsZero)
	p.form = p.number(tagSampleFormat, tiffUnsigned)
	if p.form == 4 { // undefined
		p.form = tiffUnsigned
	}
	p.planar = p.number(tagPlanar, 1) == 2 && p.samples > 1
	p.extra, p.palette = p.numbers(tagExtraSamples), p.numbers(tagColorMap)
	p.orientation = p.number(tagOrientation, 0)
	if p.blockW = p.number(tagTileWidth, 0); p.blockW > 0 {
		p.tiled, p.blockH = true, p.number(tagTileHeight, 0)
		p.offsets, p.counts = p.numbers(tagTileOffsets), p.numbers(tagTileCounts)
	} else {
		p.blockW, p.blockH = p.w, min(p.number(tagRowsPerStrip, p.h), p.h)
		p.offsets, p.counts = p.numbers(tagStripOffsets), p.numbers(tagStripCounts)
		if len(p.offsets) == 1 && p.counts == nil {
			p.counts = []int{max(0, len(p.b)-p.offsets[0])} // old files without counts
		}
	}
	return nil
}

// tiffColours is how many samples make a colour.
var tiffColours = map[int]int{whiteIsZero: 1, blackIsZero: 1, tiffRGB: 3, tiffPalette: 1, tiffSeparated: 4, tiffYCbCr: 3}

// readable returns the sentence of what is not read.
func (p *tiffPicture) readable() error {
	no := func(format string, args ...any) error {
		return fmt.Errorf("a TIFF "+format+", which is not read; convert it to PNG or to a plain TIFF", args...)
	}
	colours, known := tiffColours[p.photometric]
	sampling := p.numbers(tagYCbCrSampling)
	switch {
	case p.tags[tagDNGVersion].kind != 0 || len(p.b) > 10 && string(p.b[8:10]) == "CR":
		return errors.New("a camera's raw picture, which is not read; develop it to JPEG or PNG")
	case !known:
		return no("of photometric %d%s", p.photometric, map[int]string{4: " (a mask)", 8: " (CIELAB)", 9: " (ICCLAB)", 32803: " (a camera's raw picture)", 32844: " (logarithmic)", 32845: " (logarithmic)", 34892: " (a camera's raw picture)"}[p.photometric])
	case p.compression == ccittRuns:
		return no("of CCITT run lengths (compression 2)")
	case p.compression == ccittGroup3 && p.number(tagT4Options, 0)&1 != 0:
		return no("of CCITT group 3, two-dimensional")
	case p.compression == tiffOldJPEG:
		return no("of JPEG in its old way (compression 6)")
	case !slices.Contains([]int{tiffPlain, ccittGroup3, ccittGroup4, tiffLZW, tiffJPEG, tiffDeflate, tiffPackBits, tiffDeflateOf}, p.compression):
		return no("of compression %d%s", p.compression, map[int]string{34712: " (JPEG 2000)", 34925: " (LZMA)", 50000: " (Zstandard)", 50001: " (WebP)", 50002: " (JPEG XL)"}[p.compression])
	case p.form < tiffUnsigned || p.form > tiffFloat:
		return no("of sample format %d", p.form)
	case p.bits < 1 || p.bits > 32 || p.form == tiffFloat && p.bits != 32 || p.form == tiffSigned && p.bits != 8 && p.bits != 16 && p.bits != 32:
		return no("of %d bits a sample%s", p.bits, map[int]string{tiffFloat: ", floating-point", tiffSigned: " with a sign"}[p.form])
	case p.samples < colours || p.samples > mostTIFFSamples:
		return no("of %d samples a pixel", p.samples)
	case p.photometric == tiffPalette && (p.bits > 8 || p.form != tiffUnsigned || len(p.palette) < 3<<p.bits):
		return errors.New("broken picture: a TIFF whose palette is missing or too short")
	case (p.photometric == tiffSeparated || p.photometric == tiffYCbCr) && p.bits != 8:
		return no("of %s with %d bits a sample", map[int]string{tiffSeparated: "CMYK", tiffYCbCr: "YCbCr"}[p.photometric], p.bits)
	case p.photometric == tiffYCbCr && p.compression != tiffJPEG && !slices.Equal(sampling, []int{1, 1}):
		return no("of YCbCr with fewer colour samples than pixels")
	case p.compression == tiffJPEG && (p.bits != 8 || p.planar || p.samples != 1 && p.samples != 3):
		return no("of JPEG with %d samples of %d bits", p.samples, p.bits)
	case (p.compression == ccittGroup3 || p.compression == ccittGroup4) && (p.bits != 1 || p.samples != 1):
		return errors.New("broken picture: a TIFF of CCITT's codes with more than a bit a pixel")
	}
	if n := p.number(tagPredictor, 1); n < 1 || n > 3 || n == 2 && p.bits != 8 && p.bits != 16 && p.bits != 32 || n == 3 && p.form != tiffFloat {
		return no("of differences of kind %d in %d bits", n, p.bits)
	}
	return p.blocksFit()
}

// blocksFit returns an error if there are fewer strips or tiles than the picture has, or larger ones than a picture may be.
func (p *tiffPicture) blocksFit() error {
	if p.w < 1 || p.h < 1 || p.w > MaxPixels/p.h {
		return nil // whoever asked says so
	}
	if p.blockH < 1 || p.blockW < 1 || p.blockW > p.w+mostBeyond || p.blockH > p.h+mostBeyond {
		return fmt.Errorf("broken picture: a TIFF of %d by %d pixels in blocks of %d by %d", p.w, p.h, p.blockW, p.blockH)
	}
	if n := p.planes() * p.across() * p.down(); len(p.offsets) < n || len(p.counts) < n {
		return fmt.Errorf("broken picture: a TIFF of %d strips or tiles that says where %d are", n, min(len(p.offsets), len(p.counts)))
	}
	return nil
}

func (p *tiffPicture) across() int { return (p.w + p.blockW - 1) / p.blockW }
func (p *tiffPicture) down() int   { return (p.h + p.blockH - 1) / p.blockH }

// planes is how many planes are stored one after the other.
func (p *tiffPicture) planes() int {
	if p.planar {
		return p.samples
	}
	return 1
}

// inBlock is how many samples of a pixel a block holds.
func (p *tiffPicture) inBlock() int { return p.samples / p.planes() }

// rowBytes is the length of a block's row.
func (p *tiffPicture) rowBytes() int { return (p.blockW*p.inBlock()*p.bits + 7) / 8 }

// block returns the bytes of block i, decompressed, rows high.
func (p *tiffPicture) block(i, rows int, into []byte) ([]byte, error) {
	off, n := p.offsets[i], p.counts[i]
	if off < 0 || n < 0 || off > len(p.b) || n > len(p.b)-off {
		return nil, fmt.Errorf("strip or tile %d lies outside of the file", i)
	}
	raw := p.b[off:][:n]
	if p.number(tagFillOrder, 1) == 2 && p.compression != ccittGroup3 && p.compression != ccittGroup4 {
		raw = slices.Clone(raw)
		for k, v := range raw {
			raw[k] = bits.Reverse8(v)
		}
	}
	out := into[:rows*p.rowBytes()]
	var err error
	switch p.compression {
	case tiffPlain:
		if len(raw) < len(out) {
			return nil, io.ErrUnexpectedEOF
		}
		copy(out, raw)
	case tiffPackBits:
		err = unpackBits(out, raw)
	case tiffLZW:
		r := lzw.NewReader(bytes.NewReader(raw), lzw.MSB, 8)
		_, err = io.ReadFull(r, out)
		r.Close()
	case tiffDeflate, tiffDeflateOf:
		var r io.ReadCloser
		if r, err = zlib.NewReader(bytes.NewReader(raw)); err == nil {
			_, err = io.ReadFull(r, out)
		}
	case ccittGroup3, ccittGroup4:
		order := cmp.Or(map[int]ccitt.Order{2: ccitt.LSB}[p.number(tagFillOrder, 1)], ccitt.MSB)
		form := map[int]ccitt.SubFormat{ccittGroup3: ccitt.Group3, ccittGroup4: ccitt.Group4}[p.compression]
		// Inverted, so that a white run is of zeros, as the photometric interpretation has it.
		_, err = io.ReadFull(ccitt.NewReader(bytes.NewReader(raw), order, form, p.blockW, rows, &ccitt.Options{Invert: true}), out)
	}
	if err == nil {
		p.undoDifferences(out)
	}
	return out, err
}

// unpackBits fills dst (TIFF 6.0, section 9).
func unpackBits(dst, src []byte) error {
	for len(dst) > 0 {
		if len(src) == 0 {
			return io.ErrUnexpectedEOF
		}
		n := int(int8(src[0]))
		src = src[1:]
		switch {
		case n >= 0:
			if n+1 > len(src) {
				return io.ErrUnexpectedEOF
			}
			k := copy(dst, src[:n+1])
			dst, src = dst[k:], src[n+1:]
		case n > -128:
			if len(src) == 0 {
				return io.ErrUnexpectedEOF
			}
			k := min(1-n, len(dst))
			for i := range k {
				dst[i] = src[0]
			}
			dst, src = dst[k:], src[1:]
		}
	}
	return nil
}

// undoDifferences adds up what the predictor took apart: 2, the difference to the pixel before (TIFF 6.0, section 14); 3, that of bytes, of
// floating-point numbers whose bytes stand in planes, the highest first (Adobe's TIFF technical note 3).
func (p *tiffPicture) undoDifferences(b []byte) {
	kind, n := p.number(tagPredictor, 1), p.inBlock()
	if kind == 1 || p.compression == tiffPlain || p.compression == ccittGroup3 || p.compression == ccittGroup4 {
		return
	}
	plane := make([]byte, p.rowBytes())
	for ; len(b) > 0; b = b[p.rowBytes():] {
		row := b[:p.rowBytes()]
		switch {
		case kind == 3:
			for i := n; i < len(row); i++ {
				row[i] += row[i-n]
			}
			copy(plane, row)
			quarter := len(row) / 4
			for i := range quarter {
				v := uint32(plane[i])<<24 | uint32(plane[quarter+i])<<16 | uint32(plane[2*quarter+i])<<8 | uint32(plane[3*quarter+i])
				p.order.PutUint32(row[4*i:], v)
			}
		case p.bits == 8:
			for i := n; i < len(row); i++ {
				row[i] += row[i-n]
			}
		case p.bits == 16:
			for i := n; i < len(row)/2; i++ {
				p.order.PutUint16(row[2*i:], p.order.Uint16(row[2*i:])+p.order.Uint16(row[2*(i-n):]))
			}
		case p.bits == 32:
			for i := n; i < len(row)/4; i++ {
				p.order.PutUint32(row[4*i:], p.order.Uint32(row[4*i:])+p.order.Uint32(row[4*(i-n):]))
			}
		}
	}
}

// blockCost is how many bytes a block takes while it is decoded.
func (p *tiffPicture) blockCost() int64 {
	if p.compression == tiffJPEG {
		return int64(p.blockH) * int64(p.blockW) * int64(6*p.samples+6)
	}
	return int64(p.blockH)*int64(p.rowBytes()) + int64(p.blockW)*int64(p.inBlock())*8
}
