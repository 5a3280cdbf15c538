package film

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/internal/ffmpeg"
	"github.com/tessera-go/tessera/internal/files"
)

// y4mFilm is a YUV4MPEG2 film (mjpegtools, yuv4mpeg(5)): a line of parameters, and for each frame the line FRAME and its planes.
type y4mFilm struct {
	r      file
	layout planes // without its bytes
	at     []int64
}

// y4mLine is the longest line of parameters.
const y4mLine = 1 << 12

// y4mLayouts are the colour spaces of 8 bits that are read here.
var y4mLayouts = map[string]planes{
	"420":      {sx: 2, sy: 2, centred: true}, // as 420jpeg, says yuv4mpeg(5)
	"420jpeg":  {sx: 2, sy: 2, centred: true},
	"420mpeg2": {sx: 2, sy: 2},
	"420paldv": {sx: 2, sy: 2}, // Cr lies a quarter of a row higher, Cb lower, which is passed over
	"422":      {sx: 2, sy: 1},
	"411":      {sx: 4, sy: 1},
	"444":      {sx: 1, sy: 1},
	"mono":     {full: true}, // as ffmpeg takes it
}

func readY4M(r file, size int64, o Options) (*Film, error) {
	line, err := y4mText(r, 0)
	if err != nil {
		return nil, err
	}
	f := &Film{format: "Y4M"}
	y := &y4mFilm{r: r}
	rate, read, err := y.parameters(line, f)
	if err != nil || !read {
		return nil, err
	}
	if err := o.sized(y.layout.h, y.layout.w); err != nil {
		return nil, err
	}
	at := int64(len(line)) + 1
	whole := true
	for at < size {
		head, err := y4mText(r, at)
		if err != nil || string(head) != "FRAME" && !bytes.HasPrefix(head, []byte("FRAME ")) {
			if len(y.at) == 0 && size-at > 6 {
				return nil, errors.New("a Y4M whose first frame does not begin with FRAME")
			}
			whole = false
			break
		}
		at += int64(len(head)) + 1
		if at+y.bytes() > size {
			whole = false
			break
		}
		f.times = append(f.times, float64(len(y.at))*float64(rate[1])/float64(rate[0]))
		y.at = append(y.at, at)
		if err := o.counted(len(y.at)); err != nil {
			return nil, err
		}
		at += y.bytes()
	}
	if !whole {
		f.notes = append(f.notes, fmt.Sprintf("cut short, or broken: the %s before that are read", plural(len(y.at), "frame")))
	}
	f.h, f.w, f.source = y.layout.h, y.layout.w, y
	return f, nil
}

// y4mText returns the line at a place.
func y4mText(r io.ReaderAt, at int64) ([]byte, error) {
	b := make([]byte, 64)
	for {
		n, err := r.ReadAt(b, at)
		if i := bytes.IndexByte(b[:n], '\n'); i >= 0 {
			return b[:i], nil
		}
		if err != nil && err != io.EOF {
			return nil, files.Cause(err)
		}
		if err == io.EOF || len(b) >= y4mLine {
			return nil, errors.New("a Y4M whose line of parameters has no end")
		}
		b = make([]byte, 8*len(b))
	}
}

// parameters reads the film's line; read is false for a layout that is ffmpeg's to read.
func (y *y4mFilm) parameters(line []byte, f *Film) (rate [2]int64, read bool, err error) {
	rate = [2]int64{25, 1}
	layout, h, w := "420", 0, 0
	fields := strings.Fields(string(line))
	for _, s := range fields[1:] {
		v := s[1:]
		switch s[0] {
		case 'W':
			w, err = strconv.Atoi(v)
		case 'H':
			h, err = strconv.Atoi(v)
		case 'F':
			if v != "0:0" {
				rate = fraction(strings.Replace(v, ":", "/", 1))
			}
		case 'I':
			if v == "t" || v == "b" || v == "m" {
				f.notes = append(f.notes, "interlaced: the two fields of a frame are woven together")
			}
		case 'A':
			if v != "1:1" && v != "0:0" {
				f.notes = append(f.notes, fmt.Sprintf("its pixels are not square (%s) and are left so", ffmpeg.Printable(v)))
			}
		case 'C':
			layout = v
		case 'X':
			if strings.EqualFold(v, "COLORRANGE=FULL") {
				y.layout.full = true
			}
		}
		if err != nil {
			return rate, false, fmt.Errorf("a Y4M with the parameter %q", ffmpeg.Printable(s))
		}
	}
	if rate[0] == 0 {
		return rate, false, errors.New("a Y4M with a rate that is no fraction")
	}
	l, ok := y4mLayouts[layout]
	l.full, l.h, l.w = l.full || y.layout.full, h, w
	y.layout = l
	return rate, ok, nil
}

// bytes are those of a frame's planes.
func (y *y4mFilm) bytes() int64 {
	l := &y.layout
	n := int64(l.h) * int64(l.w)
	if l.sx > 0 {
		ch, cw := l.chroma()
		n += 2 * int64(ch) * int64(cw)
	}
	return n
}

func (y *y4mFilm) close() error { return y.r.Close() }

// yuvBuffers are a frame as stored and as shown.
type yuvBuffers struct {
	stored []byte
	shown  []uint8
	rows   yuvRows
}

var yuvPool = sync.Pool{New: func() any { return new(yuvBuffers) }}

// sized returns memory for n values.
func sized(b []uint8, n int) []uint8 {
	if cap(b) < n {
		return make([]uint8, n)
	}
	return b[:n]
}

func (y *y4mFilm) frames(index []int, each func(int, *Picture) error) error {
	b := yuvPool.Get().(*yuvBuffers)
	defer yuvPool.Put(b)
	p := y.layout
	b.stored, b.shown = sized(b.stored, int(y.bytes())), sized(b.shown, 3*p.h*p.w)
	p.y, p.ys = b.stored[:p.h*p.w], p.w
	if p.sx > 0 {
		ch, cw := p.chroma()
		p.cb, p.cr, p.cs = b.stored[p.h*p.w:][:ch*cw], b.stored[p.h*p.w+ch*cw:], cw
	}
	for k, i := range index {
		if _, err := y.r.ReadAt(b.stored, y.at[i]); err != nil {
			return fmt.Errorf("frame %d: %w", i, files.Cause(err))
		}
		p.rgb(b.shown, &b.rows)
		if err := each(k, &Picture{p.h, p.w, b.shown}); err != nil {
			return err
		}
	}
	return nil
}
