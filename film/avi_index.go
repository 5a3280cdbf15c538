package film

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// index makes the list of frames: of an OpenDML index, or of the old index idx1, or of the chunks themselves where neither is there or fits.
func (s *aviScan) index() (notes []string, err error) {
	if len(s.movi) == 0 {
		return nil, errors.New("an AVI without frames (no list movi)")
	}
	if s.truncated {
		if err := s.scan(); err != nil {
			return nil, err
		}
		return []string{fmt.Sprintf("cut short: the %s that are whole are read", plural(len(s.frames), "frame"))}, nil
	}
	what := "without an index"
	for _, try := range []struct {
		name string
		have bool
		read func() error
	}{{"OpenDML", s.super != nil, s.openDML}, {"idx1", s.idx1[1] > s.idx1[0], s.oldIndex}} {
		if !try.have {
			continue
		}
		s.frames, s.slots, s.slot, s.empty = nil, nil, 0, 0
		if err = try.read(); err == nil {
			err = s.fits()
		}
		if err == nil {
			return nil, nil
		}
		if _, limit := err.(limitError); limit {
			return nil, err
		}
		what = fmt.Sprintf("its index (%s) does not fit (%v)", try.name, err)
	}
	if err := s.scan(); err != nil {
		return nil, err
	}
	return []string{what + "; its frames were found by reading on from chunk to chunk"}, nil
}

// limitError is a limit that was set, which no other index passes.
type limitError struct{ error }

// add adds a chunk of the stream.
func (s *aviScan) add(at int64, size uint32) error {
	if size == 0 {
		s.empty++
	} else {
		s.frames = append(s.frames, aviChunk{at, size})
		s.slots = append(s.slots, s.slot)
	}
	s.slot++
	if err := s.o.counted(s.slot); err != nil {
		return limitError{err}
	}
	return nil
}

// ours tells whether a chunk's name is that of the stream's pictures: 00dc, or 00db of those that claim to be no JPEGs.
func (s *aviScan) ours(id string) bool {
	return s.video < 100 && id[0] == byte('0'+s.video/10) && id[1] == byte('0'+s.video%10) && (id[2:] == "dc" || id[2:] == "db" || id[2:] == "DC")
}

// fits compares an index with the chunks that it points to: the first, the last and some between.
func (s *aviScan) fits() error {
	n := len(s.frames)
	if n == 0 {
		return errors.New("it has no frames")
	}
	for _, f := range s.frames {
		if f.at < 0 || f.at+int64(f.size) > s.size {
			return errors.New("a frame behind the file's end")
		}
	}
	const looks = 32
	for k := range min(looks, n) {
		f := s.frames[k*(n-1)/max(1, min(looks, n)-1)]
		id, size, err := s.chunk(f.at - 8)
		if err != nil {
			return cause(err)
		}
		if !s.ours(id) || size != int64(f.size) {
			return errors.New("it points elsewhere than to frames")
		}
	}
	return nil
}

// scan walks the chunks of pictures.
func (s *aviScan) scan() error {
	s.frames, s.slots, s.slot, s.empty = nil, nil, 0, 0
	for _, m := range s.movi {
		if err := s.scanList(m[0]+4, m[1]); err != nil {
			return err
		}
	}
	return nil
}

func (s *aviScan) scanList(at, end int64) error {
	for at+8 <= end {
		id, n, err := s.chunk(at)
		if err != nil {
			return cause(err)
		}
		if id == "LIST" { // rec: chunks that are to be read at once
			at += 12
			continue
		}
		if !named(id) {
			if at = s.resume(at+1, end); at < 0 {
				return nil
			}
			continue
		}
		if at+8+n > end {
			return nil // cut short
		}
		if s.ours(id) {
			if err := s.add(at+8, uint32(n)); err != nil {
				return err
			}
		}
		at += 8 + n + n&1
	}
	return nil
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

// resume looks for the next chunk of the stream after bytes that are none.
func (s *aviScan) resume(at, end int64) int64 {
	b := make([]byte, 1<<16)
	for at+8 <= end {
		n, err := s.r.ReadAt(b[:min(int64(len(b)), end-at)], at)
		if n < 8 || err != nil && err != io.EOF {
			return -1
		}
		for i := 0; i+8 <= n; i++ {
			if s.ours(string(b[i : i+4])) {
				return at + int64(i)
			}
		}
		at += int64(n - 7)
	}
	return -1
}

// oldIndex reads idx1: 16 bytes a chunk, of a name, flags, an offset and a size. Offsets count from the list movi or, of some writers, from the file's
// beginning; the first entry tells.
func (s *aviScan) oldIndex() error {
	movi := s.movi[0][0]
	base, known := movi, false
	buf := make([]byte, 1<<16)
	for at := s.idx1[0]; at+16 <= s.idx1[1]; {
		n := min(int64(len(buf)), (s.idx1[1]-at)/16*16)
		if _, err := s.r.ReadAt(buf[:n], at); err != nil {
			return cause(err)
		}
		at += n
		for b := buf[:n]; len(b) > 0; b = b[16:] {
			if !s.ours(string(b[:4])) {
				continue
			}
			off, size := int64(binary.LittleEndian.Uint32(b[8:])), binary.LittleEndian.Uint32(b[12:])
			if !known {
				known = true
				if id, n, err := s.chunk(off); err == nil && off > movi && s.ours(id) && n == int64(size) {
					base = 0
				}
			}
			if err := s.add(base+off+8, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// superIndex reads an OpenDML index of indexes, or, in old films, one that lists frames itself, which idx1 or the chunks do as well.
func (s *aviScan) superIndex(at, n int64) error {
	b, err := s.bytes(at, min(n, 24))
	if err != nil || len(b) < 24 {
		return nil
	}
	const ofIndexes = 0
	if binary.LittleEndian.Uint16(b) != 4 || b[3] != ofIndexes {
		return nil
	}
	entries := min(int64(binary.LittleEndian.Uint32(b[4:])), (n-24)/16, 1<<16)
	if b, err = s.bytes(at+24, 16*entries); err != nil {
		return cause(err)
	}
	for ; len(b) > 0; b = b[16:] {
		s.super = append(s.super, int64(min(binary.LittleEndian.Uint64(b), 1<<62)))
	}
	return nil
}

// openDML reads the parts of an OpenDML index: 8 bytes a frame, an offset from a base and a size whose highest bit marks what is no key frame.
func (s *aviScan) openDML() error {
	for _, at := range s.super {
		_, n, err := s.chunk(at)
		if err != nil {
			return errors.New("a part behind the file's end")
		}
		head, err := s.bytes(at+8, 24)
		if err != nil {
			return errors.New("a part behind the file's end")
		}
		const ofChunks = 1
		if binary.LittleEndian.Uint16(head) != 2 || head[3] != ofChunks || !s.ours(string(head[8:12])) {
			return errors.New("a part of another kind")
		}
		entries := int64(binary.LittleEndian.Uint32(head[4:]))
		if 24+8*entries > n || at+32+8*entries > s.size {
			return errors.New("a part that is shorter than it says")
		}
		base := int64(min(binary.LittleEndian.Uint64(head[12:]), 1<<62))
		b, err := s.bytes(at+32, 8*entries)
		if err != nil {
			return cause(err)
		}
		for ; len(b) > 0; b = b[8:] {
			if err := s.add(base+int64(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])&^(1<<31)); err != nil {
				return err
			}
		}
	}
	return nil
}
