package sound

import (
	"io"

	"github.com/tessera-go/tessera/internal/files"
)

// readMP3 reads what begins with a tag or with a frame of MPEG audio, or, where search says so, with other bytes.
func readMP3(f file, size int64, o Options) (*Recording, error) {
	at, err := skipTags(f, 0)
	if err != nil {
		return nil, err
	}
	var b [4]byte
	if n, err := f.ReadAt(b[:], at); n == 4 && string(b[:]) == "fLaC" {
		return readFLACAt(f, at, size, o)
	} else if err != nil && err != io.EOF {
		return nil, files.Cause(err)
	}
	return readMPEGAudio(f, at, size, o, false)
}

// mpegFrameBegins tells whether a file begins with a frame of MPEG audio.
func mpegFrameBegins(b []byte) bool {
	_, ok := readMPEGHead(b)
	return ok
}
