// Package film reads and writes films as files: an index of frames when a film is opened, frames decoded when they are asked for, never a whole
// film in memory.
//
// GIF, Y4M, MJPEG in AVI and MPEG-1 are read by the code here and by libraries in Go; every other kind is decoded by the program ffmpeg, where there is one.
// Whichever way, a frame is a number from 0, has a time in seconds, and is an RGB picture as it is to be shown. docs/films.md says what is decided.
package film

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tessera-go/tessera/internal/files"
)

// Picture is an 8-bit RGB picture, [H W 3].
type Picture struct {
	H, W int
	Pix  []uint8
}

// NewPicture returns a black picture.
func NewPicture(h, w int) *Picture { return &Picture{h, w, make([]uint8, h*w*3)} }

// Options are the limits within which a film is read, and by which program. The zero value is the usual choice.
type Options struct {
	MaxFrames int           // a film with more frames is refused; 0 means 1,000,000, nine hours at 30 a second
	MaxPixels int           // a film with larger frames is refused; 0 means 50 million
	Timeout   time.Duration // of one call of ffmpeg or ffprobe; 0 means 10 minutes
	FFmpeg    string        // path of the program; "" looks for ffmpeg on PATH, "none" uses none. ffprobe is looked for beside it
	Threads   int           // of one call of ffmpeg; 0 leaves them to it
}

func (o Options) filled() Options {
	o.MaxFrames = cmp.Or(o.MaxFrames, 1_000_000)
	o.MaxPixels = cmp.Or(o.MaxPixels, 50_000_000)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Minute)
	return o
}

// sized refuses frames that are empty or too large.
func (o Options) sized(h, w int) error {
	switch {
	case h < 1 || w < 1:
		return fmt.Errorf("a film of %d by %d pixels", w, h)
	case w > o.MaxPixels/h:
		return fmt.Errorf("a film of %d by %d pixels, at most %d are read (MaxPixels)", w, h, o.MaxPixels)
	}
	return nil
}

// counted refuses films with too many frames.
func (o Options) counted(n int) error {
	if n > o.MaxFrames {
		return fmt.Errorf("a film of more than %d frames (MaxFrames)", o.MaxFrames)
	}
	return nil
}

// Film is a film whose headers and index were read. It may be used by several goroutines at once.
type Film struct {
	name   string
	format string
	h, w   int
	times  []float64
	notes  []string
	source source
}

// source decodes a film's frames. The numbers rise and are in range.
type source interface {
	frames(index []int, each func(k int, p *Picture) error) error
	close() error
}

// Open reads a film's headers and index. What kind it is is decided by its content: GIF, Y4M, AVI with
// MJPEG and MPEG-1 (a program stream or video alone) are read here, everything else goes to ffmpeg.
func Open(path string, o Options) (*Film, error) {
	f, err := open(path, o.filled())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return f, nil
}

func open(path string, o Options) (*Film, error) {
	file, size, err := files.Open(path, "film", "frames")
	if err != nil {
		return nil, err
	}
	f, err := read(file, size, o)
	if err == nil && f == nil {
		head := make([]byte, 12)
		n, _ := file.ReadAt(head, 0)
		file.Close()
		return openFFmpeg(path, head[:n], o)
	}
	if err == nil {
		err = f.check(o)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	f.name = filepath.Base(path)
	return f, nil
}

// file is where a film's bytes are.
type file interface {
	io.ReaderAt
	io.Closer
}

// read reads what needs no ffmpeg; no film and no error means that the content is of another kind.
func read(r file, size int64, o Options) (*Film, error) {
	var head [512]byte
	n, err := r.ReadAt(head[:min(size, int64(len(head)))], 0)
	if err != nil && err != io.EOF {
		return nil, files.Cause(err)
	}
	switch b := head[:n]; kind(b) {
	case "gif":
		return readGIF(r, size, o)
	case "avi":
		return readAVI(r, size, o)
	case "y4m":
		return readY4M(r, size, o)
	case "mpeg":
		return readMPEG(r, size, o)
	default:
		return nil, refused(b)
	}
}

// kind tells by a file's first bytes who reads it.
func kind(b []byte) string {
	has := func(at int, text string) bool { return len(b) >= at && strings.HasPrefix(string(b[at:]), text) }
	switch {
	case has(0, "GIF8"):
		return "gif"
	case has(0, "RIFF") && has(8, "AVI "):
		return "avi"
	case has(0, "YUV4MPEG2"):
		return "y4m"
	case has(0, "\x00\x00\x01\xba"), has(0, "\x00\x00\x01\xb3"):
		return "mpeg"
	}
	return ""
}

// others are contents that are no films, though ffmpeg would make a film of a frame of some of them.
var others = []struct{ text, what string }{
	{"\xff\xd8\xff", "a JPEG picture"},
	{"\x89PNG", "a PNG picture"},
	{"BM", "a BMP picture"},
	{"II*\x00", "a TIFF picture"},
	{"MM\x00*", "a TIFF picture"},
	{"P5\n", "a PGM picture"},
	{"P6\n", "a PPM picture"},
	{"PK\x03\x04", "a zip archive"},
	{"\x1f\x8b", "a gzip archive"},
	{"#EXTM3U", "a playlist"},
	{"ffconcat", "a list of films"},
	{"version https://git-lfs", "a Git LFS pointer, not the film; run git lfs pull"},
}

// refused names what is no film.
func refused(b []byte) error {
	for _, k := range others {
		if strings.HasPrefix(string(b), k.text) {
			what := k.what
			if !strings.Contains(what, ",") {
				what += ", not a film"
			}
			return errors.New(what)
		}
	}
	if strings.HasPrefix(string(b), "RIFF") && len(b) >= 12 && string(b[8:12]) == "WEBP" {
		return errors.New("a WebP picture; moving ones are not read as films")
	}
	begin := strings.ToLower(strings.TrimLeft(string(b), " \t\r\n"))
	if strings.HasPrefix(begin, "<!doctype html") || strings.HasPrefix(begin, "<html") {
		return errors.New("a web page, not a film: a download that went wrong")
	}
	return nil
}

// check holds a film that was read to the limits.
func (f *Film) check(o Options) error {
	if len(f.times) == 0 {
		return errors.New("a film without frames")
	}
	if err := o.counted(len(f.times)); err != nil {
		return err
	}
	return o.sized(f.h, f.w)
}

// Format returns a film's kind: "GIF", "AVI (MJPEG)", "MP4 (h264), through ffmpeg".
func (f *Film) Format() string { return f.format }

// Size returns the height and width of a frame as it is shown: turned as the container asks. Pixels that are not square stay so, and Notes says it.
func (f *Film) Size() (h, w int) { return f.h, f.w }

// Times returns the time of every frame in seconds, rising, the first one's 0. It is the film's own and not to be changed.
func (f *Film) Times() []float64 { return f.times }

// Notes returns what a person should know: a film that is cut short, frames that were left out, time stamps that were repaired.
func (f *Film) Notes() []string { return slices.Clone(f.notes) }

// Close closes the file.
func (f *Film) Close() error { return f.source.close() }

// Frames decodes the frames of these numbers, which rise, and hands each to each with its place in index. Nothing is kept: the picture is each's until it
// returns. It may be called by several goroutines at once. An error of each ends it, and is returned as it is.
func (f *Film) Frames(index []int, each func(k int, p *Picture) error) error {
	for k, i := range index {
		if i < 0 || i >= len(f.times) {
			return fmt.Errorf("%s: frame %d of a film of %d", f.name, i, len(f.times))
		}
		if k > 0 && i <= index[k-1] {
			return fmt.Errorf("%s: frame %d is asked for after frame %d; numbers must rise", f.name, i, index[k-1])
		}
	}
	if len(index) == 0 {
		return nil
	}
	stopped := false
	err := f.source.frames(index, func(k int, p *Picture) error {
		err := each(k, p)
		stopped = err != nil
		return err
	})
	if err != nil && !stopped {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return err
}

// Frame returns one frame, which is the caller's.
func (f *Film) Frame(i int) (p *Picture, err error) {
	err = f.Frames([]int{i}, func(_ int, q *Picture) error {
		p = &Picture{q.H, q.W, slices.Clone(q.Pix)}
		return nil
	})
	return p, err
}

var endings = []string{".3gp", ".asf", ".avi", ".flv", ".gif", ".m2v", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".webm", ".wmv", ".y4m"}

// Endings returns the endings of names that are taken for films, lower case and with their dots.
func Endings() []string { return slices.Clone(endings) }

// plural is a number with its noun.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
