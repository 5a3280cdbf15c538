package film

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// aviFilm is MJPEG in an AVI: every frame is a JPEG in a chunk of its own (AVI RIFF file reference; OpenDML AVI file format extensions 1.02).
type aviFilm struct {
	r      file
	h, w   int
	frame  []aviChunk
	fields bool // two JPEGs a frame, one of every other row
}

// aviChunk is where a frame's bytes are.
type aviChunk struct {
	at   int64
	size uint32
}

// maxChunk is the largest frame as it is stored.
const maxChunk = 1 << 28

// aviScan reads an AVI's headers and index.
type aviScan struct {
	r    io.ReaderAt
	size int64
	o    Options

	streams     int
	video       int    // number of the first stream of pictures, -1 before it was seen
	codec       string // four characters
	h, w        int
	scale, rate uint32
	start       uint32  // frames of silence before the first one
	super       []int64 // where the parts of an OpenDML index are
	movi        [][2]int64
	idx1        [2]int64
	truncated   bool

	slot   int // of the stream's clock; a chunk of no bytes takes one
	frames []aviChunk
	slots  []int
	empty  int // chunks of no bytes: frames that were dropped when the film was made
}

func readAVI(r file, size int64, o Options) (*Film, error) {
	s := &aviScan{r: r, size: size, o: o, video: -1}
	if err := s.riff(); err != nil {
		return nil, err
	}
	switch {
	case s.streams == 0:
		return nil, errors.New("an AVI that is cut short in its headers")
	case s.video < 0:
		return nil, errors.New("an AVI without a video stream")
	case !isMJPEG(s.codec):
		return nil, nil
	case s.rate == 0 || s.scale == 0:
		return nil, fmt.Errorf("an AVI of %d/%d frames a second", s.rate, s.scale)
	}
	notes, err := s.index()
	if err != nil {
		return nil, err
	}
	if len(s.frames) == 0 {
		return nil, errors.New("an AVI without frames")
	}
	a := &aviFilm{r: r, h: s.h, w: s.w, frame: s.frames}
	f := &Film{format: "AVI (MJPEG)", source: a, notes: notes}
	if err := a.sizes(f, o); err != nil {
		return nil, err
	}
	if s.empty > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s of no bytes, which are gaps in its times", plural(s.empty, "frame")))
	}
	f.h, f.w = a.h, a.w
	f.times = make([]float64, len(s.frames))
	for i, slot := range s.slots {
		f.times[i] = float64(slot-s.slots[0]) * float64(s.scale) / float64(s.rate)
	}
	return f, nil
}

func isMJPEG(codec string) bool {
	switch strings.ToUpper(codec) {
	case "MJPG", "AVRN", "DMB1", "JPEG", "MJPA", "ACDV", "IJPG", "JPGL":
		return true
	}
	return false
}

// sizes asks the first frame that has a header for its size, which is the film's: headers of AVIs are wrong now and then.
func (a *aviFilm) sizes(f *Film, o Options) error {
	var head jpegHead
	var err error
	var b []byte
	for i := range min(len(a.frame), 8) {
		if b, err = a.read(i, b); err != nil {
			continue
		}
		if head, err = readJPEGHead(b); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("its first frame: %w", err)
	}
	h, w := head.h, head.w
	if second := secondField(b, head); second > 0 {
		a.fields = true
		h *= 2
		f.notes = append(f.notes, "interlaced: the two fields of a frame are woven together")
	}
	if h != a.h || w != a.w {
		f.notes = append(f.notes, fmt.Sprintf("its header says %dx%d, its frames are %dx%d", a.w, a.h, w, h))
		a.h, a.w = h, w
	}
	return o.sized(a.h, a.w)
}

// chunk reads the head of a chunk.
func (s *aviScan) chunk(at int64) (id string, n int64, err error) {
	var b [8]byte
	if _, err := s.r.ReadAt(b[:], at); err != nil {
		return "", 0, err
	}
	return string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:])), nil
}

func (s *aviScan) bytes(at, n int64) ([]byte, error) {
	b := make([]byte, n)
	_, err := s.r.ReadAt(b, at)
	return b, err
}

// riff walks the lists of all RIFF chunks; OpenDML films have one for each gigabyte.
func (s *aviScan) riff() error {
	for at := int64(0); at+12 <= s.size; {
		id, n, err := s.chunk(at)
		if err != nil {
			return cause(err)
		}
		if id != "RIFF" {
			break
		}
		end := at + 8 + n
		if n == 0 || end > s.size { // written to a pipe, or cut short
			s.truncated = s.truncated || n > 0
			end = s.size
		}
		if err := s.list(at+12, end, 0); err != nil {
			return err
		}
		at = end + n&1
	}
	return nil
}

// list walks the chunks of a list.
func (s *aviScan) list(at, end int64, depth int) error {
	for at+8 <= end {
		id, n, err := s.chunk(at)
		if err != nil {
			return cause(err)
		}
		data, next := at+8, at+8+n+n&1
		if data+n > end || id == "LIST" && n < 4 { // of an unfinished film the size of the frames was never written
			n, next = end-data, end
			s.truncated = true
		}
		if err := s.part(id, data, n, depth); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// aviHeader is the largest header that is read: those of pictures and clocks have some tens of bytes, parts of indexes 16 a frame.
const aviHeader = 1 << 10

func (s *aviScan) part(id string, data, n int64, depth int) error {
	switch id {
	case "LIST":
		var kind [4]byte
		if n < 4 {
			return nil
		}
		if _, err := s.r.ReadAt(kind[:], data); err != nil {
			return cause(err)
		}
		switch string(kind[:]) {
		case "movi":
			s.movi = append(s.movi, [2]int64{data, data + n})
		case "hdrl", "strl":
			if depth < 4 {
				return s.list(data+4, data+n, depth+1)
			}
		}
	case "strh":
		b, err := s.bytes(data, min(n, aviHeader))
		if err != nil {
			return cause(err)
		}
		s.streams++
		if len(b) >= 32 && string(b[:4]) == "vids" && s.video < 0 {
			s.video = s.streams - 1
			s.codec = strings.TrimRight(string(b[4:8]), "\x00 ")
			s.scale, s.rate, s.start = binary.LittleEndian.Uint32(b[20:]), binary.LittleEndian.Uint32(b[24:]), binary.LittleEndian.Uint32(b[28:])
		}
	case "strf":
		b, err := s.bytes(data, min(n, aviHeader))
		if err != nil {
			return cause(err)
		}
		if s.video == s.streams-1 && s.video >= 0 && len(b) >= 20 && s.w == 0 {
			s.w, s.h = int(int32(binary.LittleEndian.Uint32(b[4:]))), int(int32(binary.LittleEndian.Uint32(b[8:])))
			s.h = max(s.h, -s.h)
			if codec := strings.TrimRight(string(b[16:20]), "\x00 "); codec != "" {
				s.codec = codec // what decodes it; the stream's is what once wrote it
			}
		}
	case "indx":
		if s.video == s.streams-1 && s.video >= 0 && s.super == nil {
			return s.superIndex(data, n)
		}
	case "idx1":
		s.idx1 = [2]int64{data, data + n}
	}
	return nil
}

func (a *aviFilm) close() error { return a.r.Close() }

// read reads frame i as it is stored into buf, or into more memory.
func (a *aviFilm) read(i int, buf []byte) ([]byte, error) {
	c := a.frame[i]
	if c.size > maxChunk {
		return buf, fmt.Errorf("a frame of %d bytes, at most %d are read", c.size, maxChunk)
	}
	if cap(buf) < int(c.size) {
		buf = make([]byte, c.size)
	}
	buf = buf[:c.size]
	_, err := a.r.ReadAt(buf, c.at)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return buf, cause(err)
}

// aviBuffers are a frame as stored and as shown.
type aviBuffers struct {
	stored []byte
	shown  Picture
}

var aviPool = sync.Pool{New: func() any { return new(aviBuffers) }}

func (a *aviFilm) frames(index []int, each func(int, *Picture) error) (err error) {
	b := aviPool.Get().(*aviBuffers)
	defer aviPool.Put(b)
	if n := a.h * a.w * 3; cap(b.shown.Pix) < n {
		b.shown.Pix = make([]uint8, n)
	}
	p := &Picture{a.h, a.w, b.shown.Pix[:a.h*a.w*3]}
	for k, i := range index {
		if b.stored, err = a.read(i, b.stored); err == nil {
			err = decodeMJPEG(p, b.stored, a.fields)
		}
		if err != nil {
			return fmt.Errorf("frame %d: %w", i, err)
		}
		if err := each(k, p); err != nil {
			return err
		}
	}
	return nil
}
