// Package sound reads and writes recordings as files: headers and an index when a recording is opened, windows of values decoded when they are asked for, never a
// whole recording in memory.
//
// WAV, FLAC, MP3, Ogg Vorbis and the sound of some films are read by the code here and by libraries in Go; every other kind is decoded by the program ffmpeg, where there is
// one. Whichever way, a value has a number from 0, the same one however a window came to it. docs/sounds.md says what is decided.
package sound

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tessera-go/tessera/internal/files"
)

// Limits of what is read and written.
const (
	MaxChannels = 64
	MaxRate     = 768_000 // Hz
)

// ErrNone is that a file, such as a silent film, has no sound in it. Errors of Open wrap it.
var ErrNone = errors.New("no sound in it")

// Options are the limits within which a recording is read, and by which program. The zero value is the usual choice.
type Options struct {
	MaxLength int64         // a recording of more values a channel is refused; 0 means 2^33, two days at 48 kHz
	Timeout   time.Duration // of one call of ffmpeg or ffprobe; 0 means 10 minutes
	FFmpeg    string        // path of the program; "" looks for ffmpeg on PATH, "none" uses none. ffprobe is looked for beside it
	Threads   int           // of one call of ffmpeg; 0 leaves them to it
}

func (o Options) filled() Options {
	o.MaxLength = cmp.Or(o.MaxLength, 1<<33)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Minute)
	return o
}

// Recording is a recording whose headers and index were read. It may be used by several goroutines at once.
type Recording struct {
	name     string
	format   string
	rate     float64
	channels int
	length   int64
	delay    float64
	notes    []string
	source   source
	strange  atomic.Int64 // values that a decoder gave and that are no numbers
}

// source decodes a recording.
type source interface {
	// read fills dst with whole values of all channels, interleaved, from value from on. The window is in range.
	read(dst []float32, from int64) error
	close() error
}

// Open reads a recording's headers and index. What kind it is is decided by its content: WAV, FLAC, MP3, Ogg Vorbis, AVI with PCM and MPEG-1 with Layer II
// are read here, everything else goes to ffmpeg. A film's first stream of sound is its recording; where there is none the error is ErrNone.
func Open(path string, o Options) (*Recording, error) {
	r, err := open(path, o.filled())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return r, nil
}

func open(path string, o Options) (*Recording, error) {
	f, size, err := files.Open(path, "recording", "windows")
	if err != nil {
		return nil, err
	}
	r, err := read(f, size, o)
	if err == nil && r == nil {
		f.Close()
		if r, err = openFFmpeg(path, o); err != nil {
			return nil, err
		}
	}
	if err == nil {
		err = r.check(o)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.name = filepath.Base(path)
	return r, nil
}

// file is where a recording's bytes are.
type file interface {
	io.ReaderAt
	io.Closer
}

// read reads what needs no ffmpeg; no recording and no error means that the content is of another kind.
func read(f file, size int64, o Options) (*Recording, error) {
	var head [512]byte
	n, err := f.ReadAt(head[:min(size, int64(len(head)))], 0)
	if err != nil && err != io.EOF {
		return nil, files.Cause(err)
	}
	b := head[:n]
	if err := refused(b); err != nil {
		return nil, err
	}
	switch kind(b) {
	case "wav":
		return readWAV(f, size, o)
	case "flac":
		return readFLAC(f, size, o)
	case "avi":
		return readAVI(f, size, o)
	case "mpeg":
		return readProgram(f, size, o)
	case "ogg":
		return readOgg(f, size, o)
	case "mp3":
		return readMP3(f, size, o)
	case "":
		return readMPEGAudio(f, 0, size, o, false) // with other bytes before the first frame
	}
	return nil, nil
}

// kind tells by a file's first bytes who reads it.
func kind(b []byte) string {
	has := func(at int, text string) bool { return len(b) >= at && strings.HasPrefix(string(b[at:]), text) }
	switch {
	case (has(0, "RIFF") || has(0, "RF64") || has(0, "BW64")) && has(8, "WAVE"):
		return "wav"
	case has(0, "RIFF") && has(8, "AVI "):
		return "avi"
	case has(0, "\x00\x00\x01\xba"):
		return "mpeg"
	case has(0, "OggS"):
		return "ogg"
	case has(0, "fLaC"):
		return "flac"
	case has(0, "ID3"), mpegFrameBegins(b):
		return "mp3"
	case has(4, "ftyp"), has(4, "moov"), has(4, "mdat"), has(4, "wide"), has(4, "free"), has(4, "skip"), has(0, "RIFF"), has(0, "\x00\x00\x01"), len(b) > 188 && b[0] == 0x47 && b[188] == 0x47:
		return "other" // films and the like, in which frames of MPEG audio may lie
	}
	for _, head := range containers {
		if has(0, head) {
			return "other"
		}
	}
	return ""
}

// containers are how other kinds begin: Matroska, FLV, ASF, AIFF, AU, CAF, Wave64, RIFX, ADTS, AC-3, AMR, APE, Musepack, TTA, WavPack, Real, IVF.
var containers = []string{"\x1a\x45\xdf\xa3", "FLV", "\x30\x26\xb2\x75", "FORM", ".snd", "caff", "riff", "RIFX", "\xff\xf1", "\xff\xf9", "\x0b\x77", "#!AMR", "MAC ", "MPCK", "MP+", "TTA", "wvpk",
	".RMF", "DKIF"}

// others are contents that are no recordings.
var others = []struct{ text, what string }{
	{"\xff\xd8\xff", "a JPEG picture"},
	{"\x89PNG", "a PNG picture"},
	{"GIF8", "a GIF, which has no sound"},
	{"YUV4MPEG2", "a Y4M film, which has no sound"},
	{"BM", "a BMP picture"},
	{"PK\x03\x04", "a zip archive"},
	{"\x1f\x8b", "a gzip archive"},
	{"MThd", "a MIDI file: notes, not sound"},
	{"#EXTM3U", "a playlist"},
	{"ffconcat", "a list of recordings"},
	{"version https://git-lfs", "a Git LFS pointer, not the recording; run git lfs pull"},
}

// refused names what is no recording.
func refused(b []byte) error {
	for _, k := range others {
		if !strings.HasPrefix(string(b), k.text) {
			continue
		}
		if strings.HasSuffix(k.what, "has no sound") {
			return fmt.Errorf("%w: %s", ErrNone, k.what)
		}
		what := k.what
		if !strings.ContainsAny(what, ",:") {
			what += ", not a recording"
		}
		return errors.New(what)
	}
	begin := strings.ToLower(strings.TrimLeft(string(b), " \t\r\n"))
	if strings.HasPrefix(begin, "<!doctype html") || strings.HasPrefix(begin, "<html") {
		return errors.New("a web page, not a recording: a download that went wrong")
	}
	return nil
}

// check holds a recording that was read to the limits.
func (r *Recording) check(o Options) error {
	switch {
	case r.channels < 1 || r.channels > MaxChannels:
		return fmt.Errorf("a recording of %s; from 1 to %d are read", plural(int64(r.channels), "channel"), MaxChannels)
	case !(r.rate >= 1 && r.rate <= MaxRate):
		return fmt.Errorf("a recording of %g values a second; from 1 to %d are read", r.rate, MaxRate)
	case r.length < 1:
		return errors.New("a recording without a single value")
	case r.length > o.MaxLength:
		return fmt.Errorf("a recording of %d values a channel, at most %d are read (MaxLength)", r.length, o.MaxLength)
	}
	return nil
}

// Format returns a recording's kind: "WAV (16 bits)", "FLAC (24 bits)", "MP4 (AAC) through ffmpeg".
func (r *Recording) Format() string { return r.format }

// Rate returns how many values of a channel make a second.
func (r *Recording) Rate() float64 { return r.rate }

// Channels returns the number of channels.
func (r *Recording) Channels() int { return r.channels }

// Len returns how many values a channel has.
func (r *Recording) Len() int64 { return r.length }

// Delay returns when value 0 is heard: seconds after a film's first frame, less than 0 before it, and 0 for what is no film.
func (r *Recording) Delay() float64 { return r.delay }

// Notes returns what a person should know: a recording that is cut short, bytes that were passed over, values that were no numbers.
func (r *Recording) Notes() []string {
	notes := slices.Clone(r.notes)
	if n := r.strange.Load(); n > 0 {
		notes = append(notes, fmt.Sprintf("%s read so far that were no numbers (NaN, infinite) and are 0", plural(n, "value")))
	}
	return notes
}

// Close closes the file.
func (r *Recording) Close() error { return r.source.close() }

// Read fills dst with values of all channels, interleaved, from value from on: dst[Channels()*i+c] is value from+i of channel c. Whole numbers are divided by the largest
// of their kind, so that values lie in [-1, 1); floats, and what lossy decoders give, may pass that a little and are handed on as they are. NaN and infinities are 0.
// It may be called by several goroutines at once.
func (r *Recording) Read(dst []float32, from int64) error {
	n := int64(len(dst) / r.channels)
	switch {
	case len(dst)%r.channels != 0:
		return fmt.Errorf("%s: room for %d values is none for %d channels", r.name, len(dst), r.channels)
	case from < 0 || n > r.length-from:
		return fmt.Errorf("%s: values %d to %d of a recording of %d", r.name, from, from+n, r.length)
	case n == 0:
		return nil
	}
	if err := r.source.read(dst, from); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	if strange := numbers(dst); strange > 0 {
		r.strange.Add(strange)
	}
	return nil
}

// numbers makes values that are no numbers 0, and counts them.
func numbers(v []float32) (strange int64) {
	for i, x := range v {
		if x-x != 0 { // NaN, or infinite
			v[i] = 0
			strange++
		}
	}
	return strange
}

// How many values of a channel are looked at at a time, and decoded at a time for one channel.
const (
	monoPart = 1 << 12
	longPart = 1 << 20
)

// Mono fills dst with the mean of all channels from value from on, cut to [-1, 1]. It may be called by several goroutines at once.
func (r *Recording) Mono(dst []float32, from int64) error {
	if n := int64(len(dst)); from < 0 || n > r.length-from {
		return fmt.Errorf("%s: values %d to %d of a recording of %d", r.name, from, from+n, r.length)
	}
	if r.channels == 1 {
		if err := r.Read(dst, from); err != nil {
			return err
		}
		for i, v := range dst {
			dst[i] = min(max(v, -1), 1)
		}
		return nil
	}
	buf := make([]float32, r.channels*min(len(dst), longPart))
	for len(dst) > 0 {
		n := min(len(dst), longPart)
		part := buf[:n*r.channels]
		if err := r.Read(part, from); err != nil {
			return err
		}
		for i := range n {
			sum := 0.0
			for _, v := range part[i*r.channels : (i+1)*r.channels] {
				sum += float64(v)
			}
			dst[i] = float32(math.Min(math.Max(sum/float64(r.channels), -1), 1))
		}
		dst, from = dst[n:], from+int64(n)
	}
	return nil
}

var endings = []string{".aac", ".ac3", ".aif", ".aiff", ".amr", ".au", ".caf", ".flac", ".m4a", ".mka", ".mp2", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav", ".wma"}

// Endings returns the endings of names that are taken for recordings, lower case and with their dots. Films, whose sound is read as well, have others.
func Endings() []string { return slices.Clone(endings) }

// plural is a number with its noun.
func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
