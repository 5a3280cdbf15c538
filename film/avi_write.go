package film

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"math"
)

// quality is that of the JPEGs in films that are written.
const quality = 95

// aviLimit is the size at which an AVI ends: programs take its 32-bit sizes as signed.
const aviLimit = math.MaxInt32 - 1<<24

// aviEncoder writes an AVI: headers of a fixed size, chunks 00dc, idx1. Sizes and numbers of frames are written last.
type aviEncoder struct {
	file  io.WriterAt
	out   *bufio.Writer
	at    int64 // bytes so far
	movi  int64 // where the list's name is
	index []byte
	most  int // bytes of the largest frame
	h, w  int
	scale uint32
	rate  uint32
	shown image.RGBA
	jpeg  bytes.Buffer
}

// Places in the header of what is written last.
const (
	aviRIFFSize   = 4
	aviBytesRate  = 36
	aviFrames     = 48
	aviBuffer     = 60
	aviLength     = 140
	aviStreamSize = 144
	aviMoviSize   = 216
	aviHeaderSize = 224
)

func newAVIEncoder(file io.WriterAt, out *bufio.Writer, h, w int, rate float64) (*aviEncoder, error) {
	e := &aviEncoder{file: file, out: out, h: h, w: w}
	e.scale, e.rate = rational(rate)
	e.shown = image.RGBA{Pix: make([]uint8, 4*h*w), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	var b []byte
	text := func(s string) { b = append(b, s...) }
	long := func(v ...uint32) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	const hasIndex, keyFrames = 0x10, 0x10
	text("RIFF")
	long(0)
	text("AVI LIST")
	long(192)
	text("hdrlavih")
	long(56, uint32(math.Round(1e6/rate)), 0, 0, hasIndex, 0, 0, 1, 0, uint32(w), uint32(h), 0, 0, 0, 0)
	text("LIST")
	long(116)
	text("strlstrh")
	long(56)
	text("vidsMJPG")
	long(0, 0, 0, e.scale, e.rate, 0, 0, 0, math.MaxUint32, 0, 0, uint32(w)|uint32(h)<<16)
	text("strf")
	long(40, 40, uint32(w), uint32(h), 1|24<<16)
	text("MJPG")
	long(uint32(3*w*h), 0, 0, 0, 0)
	text("LIST")
	long(0)
	e.movi = int64(len(b))
	text("movi")
	if len(b) != aviHeaderSize {
		return nil, errors.New("the header has another size")
	}
	e.at = int64(len(b))
	_, err := out.Write(b)
	return e, err
}

// rational returns a rate as a fraction: whole numbers and those of NTSC (30000/1001) exactly.
func rational(rate float64) (scale, per uint32) {
	if whole := math.Round(rate); math.Abs(rate-whole) < 1e-9 {
		return 1, uint32(whole)
	}
	if ntsc := math.Round(rate * 1001); math.Abs(rate*1001-1000*math.Round(ntsc/1000)) < 0.5 && math.Round(ntsc/1000) > 0 {
		return 1001, uint32(1000 * math.Round(ntsc/1000))
	}
	return 10000, uint32(math.Round(rate * 10000))
}

func (e *aviEncoder) write(p *Picture) error {
	for i, in := 0, p.Pix; i < len(e.shown.Pix); i, in = i+4, in[3:] {
		e.shown.Pix[i], e.shown.Pix[i+1], e.shown.Pix[i+2], e.shown.Pix[i+3] = in[0], in[1], in[2], 255
	}
	e.jpeg.Reset()
	if err := jpeg.Encode(&e.jpeg, &e.shown, &jpeg.Options{Quality: quality}); err != nil {
		return err
	}
	n := e.jpeg.Len()
	if e.at+int64(n)+int64(len(e.index)) > aviLimit {
		return errors.New("the film is larger than 2 GB; write it in parts")
	}
	const key = 0x10
	head := binary.LittleEndian.AppendUint32([]byte("00dc"), uint32(n))
	e.index = append(e.index, "00dc"...)
	for _, v := range []uint32{key, uint32(e.at - e.movi), uint32(n)} {
		e.index = binary.LittleEndian.AppendUint32(e.index, v)
	}
	if n%2 == 1 {
		e.jpeg.WriteByte(0)
	}
	e.at += int64(8 + e.jpeg.Len())
	e.most = max(e.most, n)
	if _, err := e.out.Write(head); err != nil {
		return err
	}
	_, err := e.out.Write(e.jpeg.Bytes())
	return err
}

func (e *aviEncoder) finish() error {
	head := binary.LittleEndian.AppendUint32([]byte("idx1"), uint32(len(e.index)))
	if _, err := e.out.Write(append(head, e.index...)); err != nil {
		return err
	}
	if err := e.out.Flush(); err != nil {
		return err
	}
	frames := uint32(len(e.index) / 16)
	perSecond := math.Min(float64(e.most)*float64(e.rate)/float64(e.scale), math.MaxUint32)
	for at, v := range map[int64]uint32{
		aviRIFFSize:   uint32(e.at) + uint32(len(head)+len(e.index)) - 8,
		aviBytesRate:  uint32(perSecond),
		aviFrames:     frames,
		aviBuffer:     uint32(e.most),
		aviLength:     frames,
		aviStreamSize: uint32(e.most),
		aviMoviSize:   uint32(e.at - e.movi),
	} {
		if _, err := e.file.WriteAt(binary.LittleEndian.AppendUint32(nil, v), at); err != nil {
			return err
		}
	}
	return nil
}
