package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/tessera-go/tessera/internal/files"
)

// pcm is how values are stored one by one.
type pcm struct {
	kind  pcmKind
	bytes int // of a value
	big   bool
}

type pcmKind uint8

const (
	pcmUnsigned pcmKind = iota // of 8 bits and less, with 128 for silence
	pcmSigned
	pcmFloat
	pcmALaw  // ITU-T G.711
	pcmMuLaw // ITU-T G.711
)

// Tags of WAVEFORMATEX.
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagExtensible = 0xfffe
)

// waveFormat is WAVEFORMATEX, as WAV and AVI have it (Multiple channel audio data and WAVE files, Microsoft).
type waveFormat struct {
	tag      uint16
	channels int
	rate     float64
	block    int // bytes of a value of all channels
	bits     int
}

// waveGUID is what a tag is followed by in the subformat of an extensible format.
const waveGUID = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// readWaveFormat reads a format; ok is false where b is too short for one.
func readWaveFormat(b []byte) (f waveFormat, ok bool) {
	if len(b) < 14 {
		return f, false
	}
	le := binary.LittleEndian
	f = waveFormat{tag: le.Uint16(b), channels: int(le.Uint16(b[2:])), rate: float64(le.Uint32(b[4:])), block: int(le.Uint16(b[12:]))}
	if len(b) >= 16 {
		f.bits = int(le.Uint16(b[14:]))
	}
	if f.tag == tagExtensible && len(b) >= 40 && string(b[26:40]) == waveGUID {
		f.tag = le.Uint16(b[24:])
	}
	return f, true
}

// pcm returns how values of a format are stored; ok is false for those that are coded otherwise, such as ADPCM.
func (f *waveFormat) pcm() (p pcm, ok bool, err error) {
	switch f.tag {
	case tagPCM, tagFloat, tagALaw, tagMuLaw:
	default:
		return p, false, nil
	}
	if f.channels < 1 || f.channels > MaxChannels {
		return p, true, fmt.Errorf("a recording of %s; from 1 to %d are read", plural(int64(f.channels), "channel"), MaxChannels)
	}
	p.bytes = (f.bits + 7) / 8
	if f.block > 0 && f.block%f.channels == 0 { // where the two differ, values fill the upper bits of a block's part
		p.bytes = f.block / f.channels
	}
	switch f.tag {
	case tagALaw:
		p.kind = pcmALaw
	case tagMuLaw:
		p.kind = pcmMuLaw
	case tagFloat:
		p.kind = pcmFloat
	default:
		if p.bytes > 1 {
			p.kind = pcmSigned
		}
	}
	if !p.fits(f.bits) {
		return p, true, fmt.Errorf("values of %d bits in %d bytes: whole numbers are read from 1 to 4 bytes, floats of 4 or 8, A-law and mu-law of 1", f.bits, p.bytes)
	}
	return p, true, nil
}

// fits tells whether there are values of so many bits.
func (p pcm) fits(bits int) bool {
	switch p.kind {
	case pcmFloat:
		return (p.bytes == 4 || p.bytes == 8) && bits == 8*p.bytes
	case pcmALaw, pcmMuLaw:
		return p.bytes == 1
	}
	return p.bytes >= 1 && p.bytes <= 4 && bits >= 1 && bits <= 8*p.bytes
}

// name says how values are stored.
func (p pcm) name() string {
	switch p.kind {
	case pcmFloat:
		return fmt.Sprintf("%d bits, float", 8*p.bytes)
	case pcmALaw:
		return "A-law"
	case pcmMuLaw:
		return "mu-law"
	}
	return fmt.Sprintf("%d bits", 8*p.bytes)
}

// decode turns stored values into floats.
func (p pcm) decode(dst []float32, b []byte) {
	var order binary.ByteOrder = binary.LittleEndian
	if p.big {
		order = binary.BigEndian
	}
	switch {
	case p.kind == pcmUnsigned:
		for i := range dst {
			dst[i] = float32(int(b[i])-128) / (1 << 7)
		}
	case p.kind == pcmALaw || p.kind == pcmMuLaw:
		table := &aLaw
		if p.kind == pcmMuLaw {
			table = &muLaw
		}
		for i := range dst {
			dst[i] = table[b[i]]
		}
	case p.kind == pcmFloat && p.bytes == 4:
		for i := range dst {
			dst[i] = math.Float32frombits(order.Uint32(b[4*i:]))
		}
	case p.kind == pcmFloat:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(order.Uint64(b[8*i:])))
		}
	case p.bytes == 1:
		for i := range dst {
			dst[i] = float32(int8(b[i])) / (1 << 7)
		}
	case p.bytes == 2 && !p.big:
		for i := range dst {
			dst[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / (1 << 15)
		}
	case p.bytes == 2:
		for i := range dst {
			dst[i] = float32(int16(order.Uint16(b[2*i:]))) / (1 << 15)
		}
	case p.bytes == 3:
		low, high := 0, 2
		if p.big {
			low, high = 2, 0
		}
		for i := range dst {
			v := int32(b[3*i+low])<<8 | int32(b[3*i+1])<<16 | int32(b[3*i+high])<<24
			dst[i] = float32(v>>8) / (1 << 23)
		}
	default:
		for i := range dst {
			dst[i] = float32(int32(order.Uint32(b[4*i:]))) / (1 << 31)
		}
	}
}

// aLaw and muLaw are the values of ITU-T G.711, as fractions of 2^15.
var aLaw, muLaw = lawTables()

func lawTables() (a, mu [256]float32) {
	for i := range 256 {
		v := i ^ 0x55
		exponent, mantissa := v>>4&7, v&15
		m := mantissa<<4 + 8
		if exponent > 0 {
			m = (m + 0x100) << (exponent - 1)
		}
		if v&0x80 == 0 {
			m = -m
		}
		a[i] = float32(m) / (1 << 15)
		v = i ^ 0xff
		m = (v&15<<3+0x84)<<(v>>4&7) - 0x84
		if v&0x80 != 0 {
			m = -m
		}
		mu[i] = float32(m) / (1 << 15)
	}
	return a, mu
}

// run is a stretch of stored values in a file.
type run struct {
	at    int64 // in the file
	value int64 // the number of the first
	n     int64 // values of a channel
}

// stored is a source of values that are stored one by one, in one stretch or several.
type stored struct {
	f        file
	pcm      pcm
	channels int
	block    int // bytes of a value of all channels
	runs     []run
	buffers  sync.Pool
}

func newStored(f file, p pcm, channels int, runs ...run) *stored {
	return &stored{f: f, pcm: p, channels: channels, block: channels * p.bytes, runs: runs, buffers: sync.Pool{New: func() any { return new([1 << 15]byte) }}}
}

func (s *stored) close() error { return s.f.Close() }

func (s *stored) read(dst []float32, from int64) error {
	buf := s.buffers.Get().(*[1 << 15]byte)
	defer s.buffers.Put(buf)
	k := s.find(from)
	for len(dst) > 0 {
		r := s.runs[k]
		if from-r.value >= r.n {
			k++
			continue
		}
		n := min(int64(len(dst)/s.channels), r.n-(from-r.value), int64(len(buf)/s.block))
		b := buf[:n*int64(s.block)]
		if _, err := s.f.ReadAt(b, r.at+(from-r.value)*int64(s.block)); err != nil {
			if err == io.EOF {
				err = errors.New("the file is shorter than it was when it was opened")
			}
			return files.Cause(err)
		}
		s.pcm.decode(dst[:n*int64(s.channels)], b)
		dst, from = dst[n*int64(s.channels):], from+n
	}
	return nil
}

// find returns the run that value i is in.
func (s *stored) find(i int64) int {
	low, high := 0, len(s.runs)
	for high-low > 1 {
		if mid := (low + high) / 2; s.runs[mid].value <= i {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// strange counts the values that are no numbers: all are read once. Whole numbers always are.
func (s *stored) strange(length int64) (n int64, err error) {
	if s.pcm.kind != pcmFloat {
		return 0, nil
	}
	buf := make([]float32, s.channels*monoPart)
	for from := int64(0); from < length; from += monoPart {
		part := buf[:int64(s.channels)*min(monoPart, length-from)]
		if err := s.read(part, from); err != nil {
			return 0, err
		}
		n += numbers(part)
	}
	return n, nil
}
