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

// aviEncoder writes an AVI: headers of a fixed size, chunks 00dc and, where there is sound, 01wb behind each with what is heard while its frame is shown, idx1.
// Sizes and numbers of frames are written last.
type aviEncoder struct {
	file  io.WriterAt
	out   *bufio.Writer
	at    int64 // bytes so far
	movi  int64 // where the list's name is
	index []byte
	count int // frames
	most  int // bytes of the largest frame
	h, w  int
	scale uint32
	rate  uint32
	shown image.RGBA
	jpeg  bytes.Buffer

	sound  Sound
	heard  []byte // sound that belongs to later frames
	blocks int64  // values of each channel that are written
	loud   int    // bytes of the largest chunk of sound
}

// Places in the header of what is written last: those of the second line where there is sound, and the last two so much later.
const (
	aviRIFFSize   = 4
	aviBytesRate  = 36
	aviFrames     = 48
	aviBuffer     = 60
	aviLength     = 140
	aviStreamSize = 144

	aviSoundLength = 264
	aviSoundSize   = 268

	aviMoviSize   = 216
	aviHeaderSize = 224
	aviSoundList  = 102 // bytes of the list of the stream of sound
)

func newAVIEncoder(file io.WriterAt, out *bufio.Writer, h, w int, rate float64, sound Sound) (*aviEncoder, error) {
	e := &aviEncoder{file: file, out: out, h: h, w: w, sound: sound}
	e.scale, e.rate = rational(rate)
	e.shown = image.RGBA{Pix: make([]uint8, 4*h*w), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	b := e.header(uint32(math.Round(1e6 / rate)))
	e.movi = int64(len(b)) - 4
	if e.movi != aviMoviSize+4+e.later() {
		return nil, errors.New("the header has another size")
	}
	e.at = int64(len(b))
	_, err := out.Write(b)
	return e, err
}

// later is by how much what stands behind the streams' lists is moved by sound.
func (e *aviEncoder) later() int64 {
	if e.sound.Channels == 0 {
		return 0
	}
	return aviSoundList
}

// header returns what stands before the frames, which are shown for so many microseconds each.
func (e *aviEncoder) header(shown uint32) (b []byte) {
	text := func(s string) { b = append(b, s...) }
	long := func(v ...uint32) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	const hasIndex, interleaved = 0x10, 0x100
	flags, streams, w, h := uint32(hasIndex), uint32(1), uint32(e.w), uint32(e.h)
	if e.sound.Channels > 0 {
		flags, streams = hasIndex|interleaved, 2
	}
	text("RIFF")
	long(0)
	text("AVI LIST")
	long(192 + uint32(e.later()))
	text("hdrlavih")
	long(56, shown, 0, 0, flags, 0, 0, streams, 0, w, h, 0, 0, 0, 0)
	text("LIST")
	long(116)
	text("strlstrh")
	long(56)
	text("vidsMJPG")
	long(0, 0, 0, e.scale, e.rate, 0, 0, 0, math.MaxUint32, 0, 0, w|h<<16)
	text("strf")
	long(40, 40, w, h, 1|24<<16)
	text("MJPG")
	long(3*w*h, 0, 0, 0, 0)
	if e.sound.Channels > 0 {
		channels, hz := uint32(e.sound.Channels), uint32(e.sound.Rate)
		block := 2 * channels
		text("LIST")
		long(aviSoundList - 8)
		text("strlstrh")
		long(56)
		text("auds")
		long(0, 0, 0, 0, block, block*hz, 0, 0, 0, math.MaxUint32, block, 0, 0)
		text("strf")
		const pcm = 1
		long(18, pcm|channels<<16, hz, block*hz, block|16<<16)
		b = append(b, 0, 0) // nothing further of the format
	}
	text("LIST")
	long(0)
	text("movi")
	return b
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
	e.most = max(e.most, e.jpeg.Len())
	if err := e.chunk("00dc", e.jpeg.Bytes()); err != nil {
		return err
	}
	e.count++
	return e.interleave()
}

// chunk writes a chunk and its line of the index.
func (e *aviEncoder) chunk(id string, data []byte) error {
	n := len(data)
	if e.at+int64(n)+int64(len(e.index)) > aviLimit {
		return errors.New("the film is larger than 2 GB; write it in parts")
	}
	const key = 0x10
	head := binary.LittleEndian.AppendUint32([]byte(id), uint32(n))
	e.index = append(e.index, id...)
	for _, v := range []uint32{key, uint32(e.at - e.movi), uint32(n)} {
		e.index = binary.LittleEndian.AppendUint32(e.index, v)
	}
	e.at += int64(8 + n + n%2)
	if _, err := e.out.Write(head); err != nil {
		return err
	}
	if _, err := e.out.Write(data); err != nil || n%2 == 0 {
		return err
	}
	return e.out.WriteByte(0)
}

// writeSound takes values of the sound.
func (e *aviEncoder) writeSound(x []float32) error {
	for _, v := range x {
		e.heard = binary.LittleEndian.AppendUint16(e.heard, uint16(sample16(v)))
	}
	return e.interleave()
}

// sample16 rounds a value in [-1, 1] to 16 bits, of which 32768 make 1; what is larger becomes the largest.
func sample16(v float32) int16 {
	return int16(max(math.MinInt16, min(math.MaxInt16, math.Floor(float64(v)*32768+0.5))))
}

// interleave writes the sound until the end of the last frame, as far as it has come.
func (e *aviEncoder) interleave() error {
	ends := int64(e.count) * int64(e.scale) * int64(e.sound.Rate) / int64(e.rate)
	return e.flush(ends - e.blocks)
}

// flush writes at most so many values of each channel.
func (e *aviEncoder) flush(blocks int64) error {
	block := int64(2 * e.sound.Channels)
	if n := min(blocks*block, int64(len(e.heard))); n > 0 {
		if err := e.chunk("01wb", e.heard[:n]); err != nil {
			return err
		}
		e.loud, e.blocks = max(e.loud, int(n)), e.blocks+n/block
		e.heard = e.heard[n:]
	}
	return nil
}

func (e *aviEncoder) finish() error {
	if e.sound.Channels > 0 {
		for len(e.heard) > 0 { // what is heard when the last frame is gone, a second a chunk
			if err := e.flush(int64(e.sound.Rate)); err != nil {
				return err
			}
		}
		if e.blocks == 0 {
			return errors.New("a film with sound into which no sound was written")
		}
	}
	head := binary.LittleEndian.AppendUint32([]byte("idx1"), uint32(len(e.index)))
	if _, err := e.out.Write(append(head, e.index...)); err != nil {
		return err
	}
	if err := e.out.Flush(); err != nil {
		return err
	}
	perSecond := math.Min(float64(e.most)*float64(e.rate)/float64(e.scale)+float64(2*e.sound.Channels*e.sound.Rate), math.MaxUint32)
	last := map[int64]uint32{
		aviRIFFSize:   uint32(e.at) + uint32(len(head)+len(e.index)) - 8,
		aviBytesRate:  uint32(perSecond),
		aviFrames:     uint32(e.count),
		aviBuffer:     uint32(max(e.most, e.loud)),
		aviLength:     uint32(e.count),
		aviStreamSize: uint32(e.most),
	}
	last[aviMoviSize+e.later()] = uint32(e.at - e.movi)
	if e.sound.Channels > 0 {
		last[aviSoundLength], last[aviSoundSize] = uint32(e.blocks), uint32(e.loud)
	}
	for at, v := range last {
		if _, err := e.file.WriteAt(binary.LittleEndian.AppendUint32(nil, v), at); err != nil {
			return err
		}
	}
	return nil
}
