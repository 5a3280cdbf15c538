package film

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
)

// Writer writes a film: frames by Write, and Close, which gives the file its name. Until then path is as it was.
type Writer struct {
	path   string
	h, w   int
	sound  Sound
	tmp    *os.File
	out    *bufio.Writer
	kind   encoder
	frames int
	err    error // of the first call that failed
	done   bool
}

// encoder writes the frames of one kind of film.
type encoder interface {
	write(p *Picture) error
	finish() error
}

// Create begins a film of h by w pixels and rate frames a second, of the kind that path ends with: .gif, with palettes and dithering, or .avi, with a JPEG for each
// frame and an index, so that players seek in it. Every film that is created is closed or aborted.
func Create(path string, h, w int, rate float64) (*Writer, error) {
	return CreateWithSound(path, h, w, rate, Sound{})
}

// Sound is what the sound of a film is like.
type Sound struct {
	Rate     int // values a second
	Channels int // 0 for no sound
}

// CreateWithSound begins a film with sound, which only an .avi has: 16 bits a value, uncompressed, each frame's beside its picture. It is written by WriteSound.
func CreateWithSound(path string, h, w int, rate float64, sound Sound) (*Writer, error) {
	wr, err := create(path, h, w, rate, sound)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return wr, nil
}

func create(path string, h, w int, rate float64, sound Sound) (*Writer, error) {
	if h < 1 || w < 1 || h > math.MaxUint16 || w > math.MaxUint16 {
		return nil, fmt.Errorf("a film of %d by %d pixels; sides go from 1 to %d", w, h, math.MaxUint16)
	}
	if !(rate >= 0.01 && rate <= 1000) {
		return nil, fmt.Errorf("%g frames a second; from 0.01 to 1000 can be written", rate)
	}
	ending := strings.ToLower(filepath.Ext(path))
	switch {
	case ending != ".gif" && ending != ".avi":
		return nil, fmt.Errorf("films are written as .gif or .avi, not as %q", ending)
	case ending == ".gif" && rate > 50+1e-6: // a mean of times is not to the bit
		return nil, fmt.Errorf("%g frames a second; browsers show GIFs of more than 50 at 10: write an .avi", rate)
	case sound == Sound{}:
	case ending == ".gif":
		return nil, errors.New("GIFs have no sound: write an .avi")
	case sound.Channels < 1 || sound.Channels > 32 || sound.Rate < 1 || sound.Rate > 768000:
		return nil, fmt.Errorf("sound of %d channels and %d values a second; 1 to 32 and 1 to 768000 can be written", sound.Channels, sound.Rate)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, files.Cause(err)
	}
	wr := &Writer{path: path, h: h, w: w, sound: sound, tmp: tmp, out: bufio.NewWriterSize(tmp, 1<<18)}
	if ending == ".gif" {
		wr.kind = newGIFEncoder(wr.out, h, w, rate)
	} else {
		wr.kind, err = newAVIEncoder(tmp, wr.out, h, w, rate, sound)
	}
	if err != nil {
		wr.Abort()
		return nil, err
	}
	return wr, nil
}

// Write adds a frame, which it does not keep.
func (wr *Writer) Write(p *Picture) error {
	switch {
	case wr.done:
		return fmt.Errorf("writing %s: a frame after the film's end", wr.path)
	case wr.err != nil:
		return wr.err
	case p.H != wr.h || p.W != wr.w || len(p.Pix) != 3*p.H*p.W:
		return fmt.Errorf("writing %s: a frame of %dx%d pixels and %d values in a film of %dx%d", wr.path, p.W, p.H, len(p.Pix), wr.w, wr.h)
	}
	if err := wr.kind.write(p); err != nil {
		wr.err = fmt.Errorf("writing %s: frame %d: %w", wr.path, wr.frames, err)
		return wr.err
	}
	wr.frames++
	return nil
}

// WriteSound adds sound: values in [-1, 1], those of a moment's channels one after the other; larger ones are cut off. It may come before the frames that it belongs
// to, and waits for them in memory, or after them, but is best written frame by frame, so that who plays the film finds both in one place. It does not keep x.
func (wr *Writer) WriteSound(x []float32) error {
	switch avi, ok := wr.kind.(*aviEncoder); {
	case wr.done:
		return fmt.Errorf("writing %s: sound after the film's end", wr.path)
	case wr.err != nil:
		return wr.err
	case !ok || wr.sound.Channels == 0:
		return fmt.Errorf("writing %s: sound in a film that was begun without", wr.path)
	case len(x)%wr.sound.Channels != 0:
		return fmt.Errorf("writing %s: %d values of sound for %d channels", wr.path, len(x), wr.sound.Channels)
	default:
		for i, v := range x {
			if v != v {
				return fmt.Errorf("writing %s: value %d of the sound is no number", wr.path, i)
			}
		}
		if err := avi.writeSound(x); err != nil {
			wr.err = fmt.Errorf("writing %s: sound at frame %d: %w", wr.path, wr.frames, err)
		}
		return wr.err
	}
}

// Close finishes the film: write, sync, rename, sync the folder. On an error path is as it was. Closing a film that is closed or aborted does nothing.
func (wr *Writer) Close() error {
	if wr.done {
		return nil
	}
	err := wr.err
	if err == nil {
		if err = wr.finish(); err != nil {
			err = fmt.Errorf("writing %s: %w", wr.path, err)
		}
	}
	if err != nil {
		wr.Abort()
	}
	wr.done = true
	return err
}

func (wr *Writer) finish() error {
	if wr.frames == 0 {
		return errors.New("a film without frames")
	}
	if err := wr.kind.finish(); err != nil {
		return err
	}
	return files.Keep(wr.tmp, wr.path)
}

// Abort gives the film up and removes what was written.
func (wr *Writer) Abort() {
	if wr.done {
		return
	}
	wr.done = true
	wr.tmp.Close()
	os.Remove(wr.tmp.Name())
}
