package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tessera-go/tessera/internal/files"
)

// flacInfo is what the block STREAMINFO says (RFC 9639, 8.2).
type flacInfo struct {
	minBlock, maxBlock int
	rate, channels     int
	bits               int
	total              int64 // values a channel, 0: not said
}

// flacFrame is where a frame is.
type flacFrame struct {
	at, end int64 // in the file
	value   int64 // number of its first value
	block   int   // values a channel
}

// flacHead is a frame's header (RFC 9639, 9.1).
type flacHead struct {
	bytes   int
	fixed   bool // number counts frames, not values
	number  uint64
	block   int
	rate    int // 0: as STREAMINFO says
	assign  int // channels, or how two were made from their difference
	bits    int // 0: as STREAMINFO says
	channel int
}

// flacScan finds the frames of a FLAC.
type flacScan struct {
	f      file
	size   int64
	info   flacInfo
	frames []flacFrame
	first  int64 // number of the first value
	broken int   // frames that are damaged
	notes  []string
}

// maxFLACHead is the longest header of a frame.
const maxFLACHead = 16

func readFLAC(f file, size int64, o Options) (*Recording, error) { return readFLACAt(f, 0, size, o) }

func readFLACAt(f file, at, size int64, o Options) (*Recording, error) {
	s := &flacScan{f: f, size: size}
	at, err := s.metadata(at + 4)
	if err != nil {
		return nil, err
	}
	r := &Recording{format: fmt.Sprintf("FLAC (%d bits)", s.info.bits), rate: float64(s.info.rate), channels: s.info.channels, length: max(s.info.total, 1)}
	if err := r.check(o); err != nil {
		return nil, err
	}
	if err := s.scan(at, o); err != nil {
		return nil, err
	}
	if len(s.frames) == 0 {
		return nil, errors.New("a FLAC that is cut short before its first whole frame")
	}
	last := s.frames[len(s.frames)-1]
	r.length = last.value + int64(last.block)
	if s.broken > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s damaged, which are silent", plural(int64(s.broken), "frame")))
	}
	switch {
	case s.info.total > r.length+s.first:
		r.notes = append(r.notes, fmt.Sprintf("cut short: its header says %d values, the %d that are whole are read", s.info.total, r.length))
	case s.info.total > 0 && s.info.total < r.length:
		r.notes = append(r.notes, fmt.Sprintf("its header says %d values, the %d that are there are read", s.info.total, r.length))
	}
	r.notes = append(r.notes, s.notes...)
	r.source = &coded{channels: s.info.channels, cost: int64(4 * s.info.maxBlock), file: f, begin: func(from int64) (decoder, error) {
		return newFLACDecoder(f, s.info, s.frames, from), nil
	}}
	return r, nil
}

// metadata reads the blocks before the frames, and returns where those begin.
func (s *flacScan) metadata(at int64) (int64, error) {
	for first := true; ; first = false {
		var b [4 + 34]byte
		n, err := s.f.ReadAt(b[:], at)
		if err != nil && err != io.EOF {
			return 0, files.Cause(err)
		}
		if n < 4 || first && n < len(b) {
			return 0, errors.New("a FLAC that is cut short in its headers")
		}
		length := int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
		if first {
			if b[0]&0x7f != 0 || length < 34 {
				return 0, errors.New("a FLAC that does not begin with STREAMINFO")
			}
			if err := s.info.read(b[4:]); err != nil {
				return 0, err
			}
		}
		at += 4 + length
		if b[0]&0x80 != 0 {
			return at, nil
		}
	}
}

func (i *flacInfo) read(b []byte) error {
	i.minBlock, i.maxBlock = int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))
	v := binary.BigEndian.Uint64(b[10:])
	i.rate, i.channels, i.bits, i.total = int(v>>44), int(v>>41&7)+1, int(v>>36&31)+1, int64(v&(1<<36-1))
	if i.bits < 4 || i.maxBlock < 16 {
		return fmt.Errorf("a FLAC of %d bits in blocks of %d values", i.bits, i.maxBlock)
	}
	return nil
}

// longest is how many bytes a frame can have: one that is stored as it is, and a header.
func (i *flacInfo) longest() int64 {
	return int64(i.maxBlock)*int64(i.channels)*int64(i.bits+1)/8 + int64(8*i.channels) + 64
}

var flacRates = [12]int{0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}

var flacBits = [8]int{0, 8, 12, -1, 16, 20, 24, 32}

// readFLACHead reads the header of a frame; ok is false for what is none.
func readFLACHead(b []byte) (h flacHead, ok bool) {
	if len(b) < 6 || b[0] != 0xff || b[1]&0xfe != 0xf8 {
		return h, false
	}
	h.fixed = b[1]&1 == 0
	h.assign = int(b[3] >> 4)
	switch {
	case h.assign < 8:
		h.channel = h.assign + 1
	case h.assign <= 10:
		h.channel = 2
	default:
		return h, false
	}
	if h.bits = flacBits[b[3]>>1&7]; h.bits < 0 || b[3]&1 != 0 {
		return h, false
	}
	at := 4
	if h.number, at = codedNumber(b, at); at < 0 {
		return h, false
	}
	long := func(n int) (v int) { // behind the number
		for range n {
			if at < len(b) {
				v = v<<8 | int(b[at])
			}
			at++
		}
		return v
	}
	switch k := int(b[2] >> 4); {
	case k == 0:
		return h, false
	case k == 1:
		h.block = 192
	case k < 6:
		h.block = 576 << (k - 2)
	case k < 8:
		h.block = long(k-5) + 1
	default:
		h.block = 256 << (k - 8)
	}
	switch k := int(b[2] & 15); {
	case k < 12:
		h.rate = flacRates[k]
	case k == 12:
		h.rate = 1000 * long(1)
	case k == 13:
		h.rate = long(2)
	case k == 14:
		h.rate = 10 * long(2)
	default:
		return h, false
	}
	if at >= len(b) || crc8(b[:at]) != b[at] {
		return h, false
	}
	h.bytes = at + 1
	return h, true
}

// codedNumber reads a number that is coded as UTF-8 codes characters, of up to 36 bits, and returns the place behind it, -1 for what is none.
func codedNumber(b []byte, at int) (uint64, int) {
	c := b[at]
	n := 0
	for n < 8 && c&(0x80>>n) != 0 {
		n++
	}
	switch {
	case n == 0:
		return uint64(c), at + 1
	case n == 1 || n == 8 || at+n > len(b):
		return 0, -1
	}
	v := uint64(c & (0x7f >> n))
	for _, c := range b[at+1 : at+n] {
		if c&0xc0 != 0x80 {
			return 0, -1
		}
		v = v<<6 | uint64(c&0x3f)
	}
	return v, at + n
}

// ours tells whether a frame's header fits the stream.
func (s *flacScan) ours(h *flacHead) bool {
	return h.channel == s.info.channels && (h.bits == 0 || h.bits == s.info.bits) && (h.rate == 0 || h.rate == s.info.rate) && h.block <= max(s.info.maxBlock, 16)
}

// value returns the number of a frame's first value.
func (s *flacScan) value(h *flacHead) int64 {
	if h.fixed {
		return int64(h.number) * int64(s.info.maxBlock)
	}
	return int64(h.number)
}

// scan reads the file once. A frame is one that begins with a header that fits and ends, where the next one or the file's end is, with a sum that is right.
func (s *flacScan) scan(at int64, o Options) error {
	buf := make([]byte, 0, 1<<18)
	base := at // of buf in the file
	var open *flacFrame
	sum := uint16(0) // of what stands between open and i
	for ended := false; !ended; {
		n, err := s.f.ReadAt(buf[len(buf):cap(buf)], base+int64(len(buf)))
		if ended = err == io.EOF; err != nil && !ended {
			return files.Cause(err)
		}
		buf = buf[:len(buf)+n]
		i := 0
		for {
			k := bytes.IndexByte(buf[i:], 0xff)
			if k < 0 {
				k = len(buf) - i
			}
			sum = crc16(sum, buf[i:i+k])
			if i += k; i+maxFLACHead > len(buf) && !ended || i == len(buf) {
				break
			}
			h, ok := readFLACHead(buf[i:min(i+maxFLACHead, len(buf))])
			if ok && s.ours(&h) {
				if next := s.frame(h, base+int64(i), open, sum); next != nil {
					open, sum = next, 0
				}
				if int64(len(s.frames)) > o.MaxLength {
					return fmt.Errorf("a recording of more than %d values (MaxLength)", o.MaxLength)
				}
			}
			sum = crc16(sum, buf[i:i+1])
			i++
		}
		base += int64(i)
		buf = buf[:copy(buf, buf[i:])]
	}
	if open != nil {
		s.last(open)
	}
	return nil
}

// frame takes a header at a place where a frame may begin, and returns the frame that does; nil where bytes of the open one only look like it.
func (s *flacScan) frame(h flacHead, at int64, open *flacFrame, sum uint16) *flacFrame {
	next := &flacFrame{at: at, value: s.value(&h), block: h.block}
	switch {
	case open == nil:
		s.first = next.value
		if next.value > 0 {
			s.notes = append(s.notes, fmt.Sprintf("it begins with value %d, which is value 0 here", next.value))
		}
	case next.value < open.value+int64(open.block) && sum != 0:
		return nil
	case sum == 0 && next.value >= open.value+int64(open.block):
		s.add(*open, at)
		if gap := next.value - open.value - int64(open.block); gap > 0 {
			s.broken++
		}
	case sum == 0 || at-open.at <= s.info.longest():
		return nil
	default: // no end of it was found
		s.broken++
	}
	return next
}

func (s *flacScan) add(f flacFrame, end int64) {
	f.end = end
	f.value -= s.first
	if n := len(s.frames); n > 0 && f.value < s.frames[n-1].value+int64(s.frames[n-1].block) {
		return
	}
	s.frames = append(s.frames, f)
}

// last decodes the last frame, which no other one ends.
func (s *flacScan) last(f *flacFrame) {
	b := make([]byte, min(s.info.longest(), s.size-f.at))
	if _, err := s.f.ReadAt(b, f.at); err != nil && err != io.EOF {
		return
	}
	var d flacBlock
	n, err := d.decode(b, s.info)
	if err != nil {
		return
	}
	s.add(*f, f.at+int64(n))
}

// flacDecoder decodes one frame after the other. What no frame has is silence.
type flacDecoder struct {
	f      file
	info   flacInfo
	frames []flacFrame
	k      int   // the next frame
	at     int64 // the next value
	bytes  []byte
	block  flacBlock
	out    []float32
}

func newFLACDecoder(f file, info flacInfo, frames []flacFrame, from int64) *flacDecoder {
	low, high := 0, len(frames)
	for high-low > 1 {
		if mid := (low + high) / 2; frames[mid].value <= from {
			low = mid
		} else {
			high = mid
		}
	}
	d := &flacDecoder{f: f, info: info, frames: frames, k: low, at: frames[low].value}
	if d.at > from {
		d.at = from
	}
	return d
}

func (d *flacDecoder) close() {}

func (d *flacDecoder) next() (v []float32, at int64, err error) {
	if d.k >= len(d.frames) {
		return nil, 0, io.ErrUnexpectedEOF
	}
	at = d.at
	f := d.frames[d.k]
	if f.value > d.at {
		n := min(f.value-d.at, monoPart)
		d.out = sized(d.out, int(n)*d.info.channels)
		clear(d.out)
		d.at += n
		return d.out, at, nil
	}
	d.bytes = sized(d.bytes, int(f.end-f.at))
	if _, err := d.f.ReadAt(d.bytes, f.at); err != nil {
		return nil, 0, files.Cause(err)
	}
	if _, err := d.block.decode(d.bytes, d.info); err != nil {
		return nil, 0, err
	}
	d.k++
	d.at = f.value + int64(f.block)
	d.out = sized(d.out, f.block*d.info.channels)
	d.block.floats(d.out, d.info.bits)
	return d.out, at, nil
}

// sized returns v with n elements, or another that has them.
func sized[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n)
	}
	return v[:n]
}

var crc8Table, crc16Table = crcTables()

// crcTables are those of x^8+x^2+x+1 and x^16+x^15+x^2+1, the highest bit first (RFC 9639, 9.1.8 and 9.3).
func crcTables() (t8 [256]byte, t16 [256]uint16) {
	for i := range 256 {
		v8, v16 := byte(i), uint16(i)<<8
		for range 8 {
			c8, c16 := v8&0x80 != 0, v16&0x8000 != 0
			if v8 <<= 1; c8 {
				v8 ^= 0x07
			}
			if v16 <<= 1; c16 {
				v16 ^= 0x8005
			}
		}
		t8[i], t16[i] = v8, v16
	}
	return t8, t16
}

func crc8(b []byte) (c byte) {
	for _, v := range b {
		c = crc8Table[c^v]
	}
	return c
}

func crc16(c uint16, b []byte) uint16 {
	for _, v := range b {
		c = c<<8 ^ crc16Table[byte(c>>8)^v]
	}
	return c
}
