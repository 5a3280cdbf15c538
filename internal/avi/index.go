package avi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Index is where the chunks of a stream are.
type Index struct {
	Chunks []Chunk
	Slots  []int  // of each chunk, in the stream's clock
	Empty  int    // chunks of no bytes: frames that were dropped when the film was made
	Cut    bool   // the file ends before it says; these are the chunks that are whole
	Why    string // the chunks were found by reading on from one to the next, since there is no index, or one that does not fit
}

// Errors of File.Index.
var (
	ErrMany   = errors.New("more chunks than are read")
	ErrNoList = errors.New("an AVI without the list movi")
)

// Index makes the list of a stream's chunks, at most most of them: of an OpenDML index, or of the old index idx1, or of the chunks themselves where neither is there or fits.
func (f *File) Index(stream, most int) (*Index, error) {
	if len(f.movi) == 0 {
		return nil, ErrNoList
	}
	f.stream, f.most = stream, most
	if f.cut {
		if err := f.scan(); err != nil {
			return nil, err
		}
		f.index.Cut = true
		return f.done(), nil
	}
	why := "without an index"
	for _, try := range []struct {
		name string
		have bool
		read func() error
	}{{"OpenDML", f.Streams[stream].super != nil, f.openDML}, {"idx1", f.idx1[1] > f.idx1[0], f.oldIndex}} {
		if !try.have {
			continue
		}
		f.index, f.slot = Index{}, 0
		err := try.read()
		if err == nil {
			err = f.fits()
		}
		if err == nil {
			return f.done(), nil
		}
		if err == ErrMany {
			return nil, err
		}
		why = fmt.Sprintf("its index (%s) does not fit (%v)", try.name, err)
	}
	if err := f.scan(); err != nil {
		return nil, err
	}
	f.index.Why = why
	return f.done(), nil
}

func (f *File) done() *Index {
	index := f.index
	f.index = Index{}
	return &index
}

// add adds a chunk of the stream.
func (f *File) add(at int64, size uint32) error {
	if size == 0 {
		f.index.Empty++
	} else {
		f.index.Chunks = append(f.index.Chunks, Chunk{at, size})
		f.index.Slots = append(f.index.Slots, f.slot)
	}
	f.slot++
	if f.slot > f.most {
		return ErrMany
	}
	return nil
}

// ours tells whether a chunk's name is that of the stream: of pictures 00dc, or 00db of those that claim to be no JPEGs, of sound 00wb.
func (f *File) ours(id string) bool {
	if id[0] != byte('0'+f.stream/10) || id[1] != byte('0'+f.stream%10) {
		return false
	}
	switch f.Streams[f.stream].Kind {
	case "auds":
		return id[2:] == "wb" || id[2:] == "WB"
	default:
		return id[2:] == "dc" || id[2:] == "db" || id[2:] == "DC"
	}
}

// fits compares an index with the chunks that it points to: the first, the last and some between.
func (f *File) fits() error {
	n := len(f.index.Chunks)
	if n == 0 {
		return errors.New("it has no chunks")
	}
	for _, c := range f.index.Chunks {
		if c.At < 0 || c.At+int64(c.Size) > f.size {
			return errors.New("a chunk behind the file's end")
		}
	}
	const looks = 32
	for k := range min(looks, n) {
		c := f.index.Chunks[k*(n-1)/max(1, min(looks, n)-1)]
		id, size, err := f.chunk(c.At - 8)
		if err != nil {
			return err
		}
		if !f.ours(id) || size != int64(c.Size) {
			return errors.New("it points elsewhere than to its chunks")
		}
	}
	return nil
}

// scan walks the chunks of the stream.
func (f *File) scan() error {
	f.index, f.slot = Index{}, 0
	for _, m := range f.movi {
		if err := f.scanList(m[0]+4, m[1]); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) scanList(at, end int64) error {
	for at+8 <= end {
		id, n, err := f.chunk(at)
		if err != nil {
			return err
		}
		if id == "LIST" { // rec: chunks that are to be read at once
			at += 12
			continue
		}
		if !named(id) {
			if at = f.resume(at+1, end); at < 0 {
				return nil
			}
			continue
		}
		if at+8+n > end {
			return nil // cut short
		}
		if f.ours(id) {
			if err := f.add(at+8, uint32(n)); err != nil {
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
func (f *File) resume(at, end int64) int64 {
	b := make([]byte, 1<<16)
	for at+8 <= end {
		n, err := f.r.ReadAt(b[:min(int64(len(b)), end-at)], at)
		if n < 8 || err != nil && err != io.EOF {
			return -1
		}
		for i := 0; i+8 <= n; i++ {
			if f.ours(string(b[i : i+4])) {
				return at + int64(i)
			}
		}
		at += int64(n - 7)
	}
	return -1
}

// oldIndex reads idx1: 16 bytes a chunk, of a name, flags, an offset and a size. Offsets count from the list movi or, of some writers, from the file's
// beginning; the first entry tells.
func (f *File) oldIndex() error {
	movi := f.movi[0][0]
	base, known := movi, false
	buf := make([]byte, 1<<16)
	for at := f.idx1[0]; at+16 <= f.idx1[1]; {
		n := min(int64(len(buf)), (f.idx1[1]-at)/16*16)
		if _, err := f.r.ReadAt(buf[:n], at); err != nil {
			return err
		}
		at += n
		for b := buf[:n]; len(b) > 0; b = b[16:] {
			if !f.ours(string(b[:4])) {
				continue
			}
			off, size := int64(binary.LittleEndian.Uint32(b[8:])), binary.LittleEndian.Uint32(b[12:])
			if !known {
				known = true
				if id, n, err := f.chunk(off); err == nil && off > movi && f.ours(id) && n == int64(size) {
					base = 0
				}
			}
			if err := f.add(base+off+8, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// superIndex reads an OpenDML index of indexes, or, in old films, one that lists frames itself, which idx1 or the chunks do as well.
func (f *File) superIndex(s *Stream, at, n int64) error {
	b, err := f.bytes(at, min(n, 24))
	if err != nil || len(b) < 24 {
		return nil
	}
	const ofIndexes = 0
	if binary.LittleEndian.Uint16(b) != 4 || b[3] != ofIndexes {
		return nil
	}
	entries := min(int64(binary.LittleEndian.Uint32(b[4:])), (n-24)/16, 1<<16)
	if b, err = f.bytes(at+24, 16*entries); err != nil {
		return err
	}
	for ; len(b) > 0; b = b[16:] {
		s.super = append(s.super, int64(min(binary.LittleEndian.Uint64(b), 1<<62)))
	}
	return nil
}

// openDML reads the parts of an OpenDML index: 8 bytes a frame, an offset from a base and a size whose highest bit marks what is no key frame.
func (f *File) openDML() error {
	for _, at := range f.Streams[f.stream].super {
		_, n, err := f.chunk(at)
		if err != nil {
			return errors.New("a part behind the file's end")
		}
		head, err := f.bytes(at+8, 24)
		if err != nil {
			return errors.New("a part behind the file's end")
		}
		const ofChunks = 1
		if binary.LittleEndian.Uint16(head) != 2 || head[3] != ofChunks || !f.ours(string(head[8:12])) {
			return errors.New("a part of another kind")
		}
		entries := int64(binary.LittleEndian.Uint32(head[4:]))
		if 24+8*entries > n || at+32+8*entries > f.size {
			return errors.New("a part that is shorter than it says")
		}
		base := int64(min(binary.LittleEndian.Uint64(head[12:]), 1<<62))
		b, err := f.bytes(at+32, 8*entries)
		if err != nil {
			return err
		}
		for ; len(b) > 0; b = b[8:] {
			if err := f.add(base+int64(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])&^(1<<31)); err != nil {
				return err
			}
		}
	}
	return nil
}
