package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/tessera-go/tessera/internal/files"
)

// wavScan reads the chunks of a WAV (Multimedia programming interface and data specifications 1.0, 1991), an RF64 (EBU Tech 3306) or a BW64 (ITU-R BS.2088).
type wavScan struct {
	f      file
	size   int64
	format waveFormat
	known  bool  // the format was read
	data   int64 // where the values begin, 0 before they were seen
	bytes  int64 // of values, as their chunk says
	long   int64 // of values, as the chunk ds64 says; 0 where there is none
	notes  []string
}

// maxChunks is how many chunks are walked through before a file is taken for damaged.
const maxChunks = 1 << 14

func readWAV(f file, size int64, o Options) (*Recording, error) {
	s := &wavScan{f: f, size: size}
	if err := s.chunks(); err != nil {
		return nil, err
	}
	switch {
	case !s.known && s.data == 0:
		return nil, errors.New("a WAV that is cut short in its headers")
	case !s.known:
		return nil, errors.New("a WAV without a format (chunk fmt)")
	case s.data == 0:
		return nil, errors.New("a WAV without values (chunk data)")
	}
	p, ok, err := s.format.pcm()
	if err != nil || !ok {
		return nil, err
	}
	channels := s.format.channels
	block := int64(channels * p.bytes)
	n := s.length() / block
	src := newStored(f, p, channels, run{s.data, 0, n})
	r := &Recording{format: "WAV (" + p.name() + ")", rate: s.format.rate, channels: channels, length: n, source: src, notes: s.notes}
	return r, r.counted(src, o)
}

// counted counts the values that are no numbers, which are 0 from then on.
func (r *Recording) counted(s *stored, o Options) error {
	if err := r.check(o); err != nil {
		return err
	}
	strange, err := s.strange(r.length)
	if err != nil {
		return err
	}
	if strange > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s that are no numbers (NaN, infinite), which are read as 0", plural(strange, "value")))
		r.source = &cleaned{s}
	}
	return nil
}

// cleaned is a recording whose values that are no numbers were counted when it was opened.
type cleaned struct{ *stored }

func (c *cleaned) read(dst []float32, from int64) error {
	err := c.stored.read(dst, from)
	numbers(dst)
	return err
}

// chunk reads the head of a chunk.
func (s *wavScan) chunk(at int64) (id string, n int64, err error) {
	var b [8]byte
	if _, err := s.f.ReadAt(b[:], at); err != nil {
		return "", 0, files.Cause(err)
	}
	return string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:])), nil
}

// chunks walks the chunks until format and values were seen.
func (s *wavScan) chunks() error {
	at := int64(12)
	for walked := 0; at+8 <= s.size && !(s.known && s.data > 0); walked++ {
		if walked == maxChunks {
			return fmt.Errorf("a WAV of more than %d chunks before its values", maxChunks)
		}
		id, n, err := s.chunk(at)
		if err != nil {
			return err
		}
		switch id {
		case "ds64":
			var b [16]byte
			if n >= 16 {
				if _, err := s.f.ReadAt(b[:], at+8); err != nil && err != io.EOF {
					return files.Cause(err)
				}
				s.long = int64(min(binary.LittleEndian.Uint64(b[8:]), math.MaxInt64))
			}
		case "fmt ":
			var b [40]byte
			k, err := s.f.ReadAt(b[:min(n, int64(len(b)))], at+8)
			if err != nil && err != io.EOF {
				return files.Cause(err)
			}
			if !s.known {
				s.format, s.known = readWaveFormat(b[:k])
			}
		case "data":
			if s.data == 0 {
				s.data, s.bytes = at+8, n
				if n == math.MaxUint32 && s.long > 0 {
					n, s.bytes = s.long, s.long
				}
			}
		}
		at = s.next(at, n)
	}
	return nil
}

// next returns where the chunk after one of n bytes is: a byte of padding follows an odd number, which some writers forget.
func (s *wavScan) next(at, n int64) int64 {
	if n > s.size-at-8 {
		return s.size
	}
	at += 8 + n
	if n%2 == 0 {
		return at
	}
	var b [5]byte
	if k, _ := s.f.ReadAt(b[:], at); k == 5 && named(string(b[:4])) && !named(string(b[1:])) {
		return at
	}
	return at + 1
}

// named tells whether a chunk's name may be one.
func named(id string) bool {
	for _, c := range []byte(id) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// length returns how many bytes of values there are. A size of 0 is that of a recording whose writer could not go back, unless chunks go on at once.
func (s *wavScan) length() int64 {
	there := s.size - s.data
	switch {
	case s.bytes == 0 && there > 0 && !s.goesOn():
		s.notes = append(s.notes, "its header says no values; those up to the file's end are read")
		return there
	case s.bytes == math.MaxUint32 && there < s.bytes:
		s.notes = append(s.notes, "its header leaves the number of values open; those up to the file's end are read")
		return there
	case s.bytes > there:
		s.notes = append(s.notes, fmt.Sprintf("cut short: its header says %d bytes of values, the %d that are there are read", s.bytes, there))
		return there
	}
	return s.bytes
}

// goesOn tells whether chunks follow that end where the file does.
func (s *wavScan) goesOn() bool {
	at := s.data
	for range maxChunks {
		if at == s.size {
			return true
		}
		if at+8 > s.size {
			return false
		}
		id, n, err := s.chunk(at)
		if err != nil || !named(id) || n > s.size-at-8 {
			return false
		}
		at += 8 + n
		if n%2 == 1 && at < s.size {
			at++
		}
	}
	return false
}
