package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tessera-go/tessera/internal/avi"
	"github.com/tessera-go/tessera/internal/ffmpeg"
	"github.com/tessera-go/tessera/internal/files"
)

// In tells whether a file, such as a film, has sound in it, by its headers alone where it can: those of AVI and MP4 are read here, and what only ffmpeg reads is looked at by ffprobe, which
// decodes nothing. It says less than Open, which may find that the sound cannot be decoded.
func In(path string, o Options) (bool, error) {
	there, err := in(path, o.filled())
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return there, nil
}

func in(path string, o Options) (bool, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a file")
	}
	if err != nil {
		return false, files.Cause(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return false, files.Cause(err)
	}
	defer f.Close()
	var head [512]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return false, files.Cause(err)
	}
	b := head[:n]
	switch err := refused(b); {
	case errors.Is(err, ErrNone):
		return false, nil
	case err != nil:
		return false, err
	}
	switch kind(b) {
	case "avi":
		a, err := avi.Open(f, info.Size())
		if err != nil {
			return false, files.Cause(err)
		}
		if len(a.Streams) == 0 {
			return false, errCutAVI
		}
		return slices.ContainsFunc(a.Streams, func(s avi.Stream) bool { return s.Kind == "auds" }), nil
	case "other":
		if there, known := inMP4(f, info.Size()); known {
			return there, nil
		}
		program, err := ffmpeg.Find(o.FFmpeg, alternatives)
		if err != nil {
			return false, err
		}
		p, err := runProbe(program, "file:"+path, o)
		return err == nil && p.sound, err
	}
	r, err := open(path, o)
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	if err == nil {
		r.Close()
	}
	return err == nil, err
}

// mp4Boxes is how many boxes of an MP4 are looked at.
const mp4Boxes = 1 << 16

// inMP4 looks for a track of sound (ISO/IEC 14496-12, 8.4.3) in an MP4, or a QuickTime film; known is false where it has no list of tracks.
func inMP4(r io.ReaderAt, size int64) (there, known bool) {
	left := mp4Boxes
	var walk func(at, end int64, depth int)
	walk = func(at, end int64, depth int) {
		for left > 0 && at+8 <= end && !there {
			left--
			var b [24]byte
			n, _ := r.ReadAt(b[:], at)
			if n < 8 {
				return
			}
			long, body := int64(binary.BigEndian.Uint32(b[:])), at+8
			switch {
			case long == 0:
				long = end - at
			case long == 1 && n >= 16:
				long, body = int64(binary.BigEndian.Uint64(b[8:])), at+16
			}
			if long < body-at || long > end-at {
				return
			}
			switch name := string(b[4:8]); {
			case name == "moov" && depth == 0, name == "trak" && depth == 1, name == "mdia" && depth == 2:
				known = known || depth == 1
				walk(body, at+long, depth+1)
			case name == "hdlr" && depth == 3 && n >= 20 && body == at+8:
				there = string(b[16:20]) == "soun"
			}
			at += long
		}
	}
	walk(0, size, 0)
	return there, known
}
