// Package avi finds the streams of an AVI and the chunks of each (AVI RIFF file reference; OpenDML AVI file format extensions 1.02). What is in the chunks is the affair of the
// rooms film and sound.
package avi

import (
	"encoding/binary"
	"io"
	"strings"
)

// Chunk is where bytes of a stream are.
type Chunk struct {
	At   int64
	Size uint32
}

// Stream is what the headers say of a stream.
type Stream struct {
	Kind        string // "vids", "auds"
	Handler     string // four characters
	Scale, Rate uint32 // Rate/Scale frames or values a second
	Start       uint32 // of those before its first one
	Format      []byte // the chunk strf, at most 1 KiB

	super []int64 // where the parts of an OpenDML index are
}

// File is an AVI whose headers were read.
type File struct {
	Streams []Stream

	r    io.ReaderAt
	size int64
	movi [][2]int64
	idx1 [2]int64
	cut  bool

	// Of the index that is made:
	stream int
	most   int
	slot   int // of the stream's clock; a chunk of no bytes takes one
	index  Index
}

// maxStreams is how many streams are looked at: their numbers have two digits.
const maxStreams = 100

// Open reads an AVI's headers.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	if err := f.riff(); err != nil {
		return nil, err
	}
	return f, nil
}

// chunk reads the head of a chunk.
func (f *File) chunk(at int64) (id string, n int64, err error) {
	var b [8]byte
	if _, err := f.r.ReadAt(b[:], at); err != nil {
		return "", 0, err
	}
	return string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:])), nil
}

func (f *File) bytes(at, n int64) ([]byte, error) {
	b := make([]byte, n)
	_, err := f.r.ReadAt(b, at)
	return b, err
}

// riff walks the lists of all RIFF chunks; OpenDML films have one for each gigabyte.
func (f *File) riff() error {
	for at := int64(0); at+12 <= f.size; {
		id, n, err := f.chunk(at)
		if err != nil {
			return err
		}
		if id != "RIFF" {
			break
		}
		end := at + 8 + n
		if n == 0 || end > f.size { // written to a pipe, or cut short
			f.cut = f.cut || n > 0
			end = f.size
		}
		if err := f.list(at+12, end, 0); err != nil {
			return err
		}
		at = end + n&1
	}
	return nil
}

// list walks the chunks of a list.
func (f *File) list(at, end int64, depth int) error {
	for at+8 <= end {
		id, n, err := f.chunk(at)
		if err != nil {
			return err
		}
		data, next := at+8, at+8+n+n&1
		if data+n > end || id == "LIST" && n < 4 { // of an unfinished film the size of the frames was never written
			n, next = end-data, end
			f.cut = true
		}
		if err := f.part(id, data, n, depth); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// header is the largest header that is read: those of pictures and clocks have some tens of bytes, parts of indexes 16 a frame.
const header = 1 << 10

func (f *File) part(id string, data, n int64, depth int) error {
	switch id {
	case "LIST":
		var kind [4]byte
		if n < 4 {
			return nil
		}
		if _, err := f.r.ReadAt(kind[:], data); err != nil {
			return err
		}
		switch string(kind[:]) {
		case "movi":
			f.movi = append(f.movi, [2]int64{data, data + n})
		case "hdrl", "strl":
			if depth < 4 {
				return f.list(data+4, data+n, depth+1)
			}
		}
	case "strh":
		b, err := f.bytes(data, min(n, header))
		if err != nil {
			return err
		}
		var s Stream
		if len(b) >= 32 {
			le := binary.LittleEndian
			s = Stream{Kind: string(b[:4]), Handler: strings.TrimRight(string(b[4:8]), "\x00 "), Scale: le.Uint32(b[20:]), Rate: le.Uint32(b[24:]), Start: le.Uint32(b[28:])}
		}
		if len(f.Streams) < maxStreams {
			f.Streams = append(f.Streams, s)
		}
	case "strf":
		if s := f.last(); s != nil && s.Format == nil {
			b, err := f.bytes(data, min(n, header))
			if err != nil {
				return err
			}
			s.Format = b
		}
	case "indx":
		if s := f.last(); s != nil && s.super == nil {
			return f.superIndex(s, data, n)
		}
	case "idx1":
		f.idx1 = [2]int64{data, data + n}
	}
	return nil
}

// last is the stream whose headers are read.
func (f *File) last() *Stream {
	if len(f.Streams) == 0 {
		return nil
	}
	return &f.Streams[len(f.Streams)-1]
}
