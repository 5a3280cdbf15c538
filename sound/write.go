package sound

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
)

// Writing is how a recording is written.
type Writing struct {
	Float bool // values as they are, floats of 32 bits; else 16 bits, cut to [-1, 1] and rounded to the nearest
}

// Writer writes a recording as a WAV: values by Write, and Close, which gives the file its name. Until then path is as it was.
type Writer struct {
	path     string
	w        Writing
	rate     int
	channels int
	tmp      *os.File
	out      *bufio.Writer
	bytes    int64 // of values
	err      error // of the first call that failed
	done     bool
}

// wavLimit is how many bytes of values are written: programs take the sizes of WAVs as 32 bits.
const wavLimit = math.MaxUint32 - 1<<10

// Create begins a WAV of rate whole values a second. Every recording that is created is closed or aborted.
func Create(path string, rate float64, channels int, w Writing) (*Writer, error) {
	wr, err := create(path, rate, channels, w)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return wr, nil
}

func create(path string, rate float64, channels int, w Writing) (*Writer, error) {
	switch {
	case channels < 1 || channels > MaxChannels:
		return nil, fmt.Errorf("%s; from 1 to %d are written", plural(int64(channels), "channel"), MaxChannels)
	case !(rate >= 1 && rate <= MaxRate) || rate != math.Trunc(rate):
		return nil, fmt.Errorf("%g values a second; whole numbers from 1 to %d are written", rate, MaxRate)
	case strings.ToLower(filepath.Ext(path)) != ".wav":
		return nil, fmt.Errorf("recordings are written as .wav, not as %q", filepath.Ext(path))
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, files.Cause(err)
	}
	wr := &Writer{path: path, w: w, rate: int(rate), channels: channels, tmp: tmp, out: bufio.NewWriterSize(tmp, 1<<16)}
	if _, err := wr.out.Write(wr.header()); err != nil {
		wr.Abort()
		return nil, err
	}
	return wr, nil
}

// header is that of a WAV with the values so far: an extensible format where there are more than two channels, since players want it.
func (wr *Writer) header() []byte {
	le := binary.LittleEndian
	tag, size := uint16(tagPCM), 2
	if wr.w.Float {
		tag, size = tagFloat, 4
	}
	block := size * wr.channels
	f := le.AppendUint16(nil, tag)
	if wr.channels > 2 {
		f = le.AppendUint16(nil, tagExtensible)
	}
	f = le.AppendUint16(f, uint16(wr.channels))
	f = le.AppendUint32(f, uint32(wr.rate))
	f = le.AppendUint32(f, uint32(wr.rate*block))
	f = le.AppendUint16(f, uint16(block))
	f = le.AppendUint16(f, uint16(8*size))
	switch {
	case wr.channels > 2:
		f = le.AppendUint16(f, 22)
		f = le.AppendUint16(f, uint16(8*size))
		f = le.AppendUint32(f, 0) // channels are of no speaker in particular
		f = le.AppendUint16(f, tag)
		f = append(f, waveGUID...)
	case wr.w.Float:
		f = le.AppendUint16(f, 0)
	}
	var fact []byte
	if wr.w.Float || wr.channels > 2 {
		fact = le.AppendUint32([]byte("fact"), 4)
		fact = le.AppendUint32(fact, uint32(wr.bytes/int64(block)))
	}
	b := le.AppendUint32([]byte("RIFF"), uint32(int64(4+8+len(f)+len(fact)+8)+wr.bytes+wr.bytes%2))
	b = le.AppendUint32(append(b, "WAVEfmt "...), uint32(len(f)))
	b = append(append(b, f...), fact...)
	return le.AppendUint32(append(b, "data"...), uint32(wr.bytes))
}

// Write adds values of all channels, interleaved. NaN and infinities are refused.
func (wr *Writer) Write(v []float32) error {
	switch {
	case wr.done:
		return fmt.Errorf("writing %s: values after the recording's end", wr.path)
	case wr.err != nil:
		return wr.err
	case len(v)%wr.channels != 0:
		return fmt.Errorf("writing %s: %s for %s", wr.path, plural(int64(len(v)), "value"), plural(int64(wr.channels), "channel"))
	}
	if err := wr.write(v); err != nil {
		wr.err = fmt.Errorf("writing %s: %w", wr.path, err)
	}
	return wr.err
}

func (wr *Writer) write(v []float32) error {
	size := int64(2)
	if wr.w.Float {
		size = 4
	}
	if wr.bytes+size*int64(len(v)) > wavLimit {
		return errors.New("a recording larger than 4 GB; write it in parts")
	}
	for i, x := range v {
		if x-x != 0 {
			return fmt.Errorf("value %d is no number (%g)", (wr.bytes/size+int64(i))/int64(wr.channels), x)
		}
	}
	le := binary.LittleEndian
	for len(v) > 0 {
		b := wr.out.AvailableBuffer()
		n := min(len(v), max(1, cap(b)/int(size)))
		for _, x := range v[:n] {
			if wr.w.Float {
				b = le.AppendUint32(b, math.Float32bits(x))
			} else {
				b = le.AppendUint16(b, uint16(int16(min(max(math.RoundToEven(float64(x)*(1<<15)), math.MinInt16), math.MaxInt16))))
			}
		}
		if _, err := wr.out.Write(b); err != nil {
			return err
		}
		wr.bytes += size * int64(n)
		v = v[n:]
	}
	return nil
}

// Close finishes the recording: write, sync, rename, sync the folder. On an error path is as it was. Closing a recording that is closed or aborted does nothing.
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
	if wr.bytes == 0 {
		return errors.New("a recording without a single value")
	}
	if err := wr.out.Flush(); err != nil {
		return err
	}
	if _, err := wr.tmp.WriteAt(wr.header(), 0); err != nil {
		return err
	}
	return files.Keep(wr.tmp, wr.path)
}

// Abort gives the recording up and removes what was written.
func (wr *Writer) Abort() {
	if wr.done {
		return
	}
	wr.done = true
	wr.tmp.Close()
	os.Remove(wr.tmp.Name())
}
