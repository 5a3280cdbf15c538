package film

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/internal/avi"
	"github.com/tessera-go/tessera/internal/files"
)

// aviFilm is MJPEG in an AVI: every frame is a JPEG in a chunk of its own (AVI RIFF file reference; OpenDML AVI file format extensions 1.02).
type aviFilm struct {
	r      file
	h, w   int
	frame  []avi.Chunk
	fields bool // two JPEGs a frame, one of every other row
}

// maxChunk is the largest frame as it is stored.
const maxChunk = 1 << 28

func readAVI(r file, size int64, o Options) (*Film, error) {
	s, err := avi.Open(r, size)
	if err != nil {
		return nil, files.Cause(err)
	}
	if len(s.Streams) == 0 {
		return nil, errors.New("an AVI that is cut short in its headers")
	}
	video := slices.IndexFunc(s.Streams, func(s avi.Stream) bool { return s.Kind == "vids" })
	if video < 0 {
		return nil, errors.New("an AVI without a video stream")
	}
	v := s.Streams[video]
	h, w, codec := pictureFormat(v)
	switch {
	case !isMJPEG(codec):
		return nil, nil
	case v.Rate == 0 || v.Scale == 0:
		return nil, fmt.Errorf("an AVI of %d/%d frames a second", v.Rate, v.Scale)
	}
	index, err := s.Index(video, o.MaxFrames)
	switch {
	case errors.Is(err, avi.ErrMany):
		return nil, o.counted(o.MaxFrames + 1)
	case errors.Is(err, avi.ErrNoList):
		return nil, errors.New("an AVI without frames (no list movi)")
	case err != nil:
		return nil, files.Cause(err)
	case len(index.Chunks) == 0:
		return nil, errors.New("an AVI without frames")
	}
	a := &aviFilm{r: r, h: h, w: w, frame: index.Chunks}
	f := &Film{format: "AVI (MJPEG)", source: a}
	switch {
	case index.Cut:
		f.notes = []string{fmt.Sprintf("cut short: the %s that are whole are read", plural(len(index.Chunks), "frame"))}
	case index.Why != "":
		f.notes = []string{index.Why + "; its frames were found by reading on from chunk to chunk"}
	}
	if err := a.sizes(f, o); err != nil {
		return nil, err
	}
	if index.Empty > 0 {
		f.notes = append(f.notes, fmt.Sprintf("%s of no bytes, which are gaps in its times", plural(index.Empty, "frame")))
	}
	f.h, f.w = a.h, a.w
	f.times = make([]float64, len(index.Chunks))
	for i, slot := range index.Slots {
		f.times[i] = float64(slot-index.Slots[0]) * float64(v.Scale) / float64(v.Rate)
	}
	return f, nil
}

// pictureFormat reads the size of a stream's pictures, and what decodes them; the stream's header has what once wrote them.
func pictureFormat(v avi.Stream) (h, w int, codec string) {
	codec = v.Handler
	if b := v.Format; len(b) >= 20 {
		w, h = int(int32(binary.LittleEndian.Uint32(b[4:]))), int(int32(binary.LittleEndian.Uint32(b[8:])))
		h = max(h, -h)
		if c := strings.TrimRight(string(b[16:20]), "\x00 "); c != "" {
			codec = c
		}
	}
	return h, w, codec
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

func (a *aviFilm) close() error { return a.r.Close() }

// read reads frame i as it is stored into buf, or into more memory.
func (a *aviFilm) read(i int, buf []byte) ([]byte, error) {
	c := a.frame[i]
	if c.Size > maxChunk {
		return buf, fmt.Errorf("a frame of %d bytes, at most %d are read", c.Size, maxChunk)
	}
	if cap(buf) < int(c.Size) {
		buf = make([]byte, c.Size)
	}
	buf = buf[:c.Size]
	_, err := a.r.ReadAt(buf, c.At)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return buf, files.Cause(err)
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
