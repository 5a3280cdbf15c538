package sound

import (
	"fmt"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/mpegps"
)

// readProgram reads Layer II in a program stream of MPEG-1; those of MPEG-2 are ffmpeg's.
func readProgram(f file, size int64, o Options) (*Recording, error) {
	streams, ok, err := mpegps.Scan(f, size, [2]byte{0xc0, 0xdf}, [2]byte{0xe0, 0xef}, [2]byte{0xbd, 0xbd})
	if err != nil || !ok {
		return nil, files.Cause(err)
	}
	audio, video := streams[0], streams[1]
	if audio == nil {
		if streams[2] != nil { // of a private kind
			return nil, nil
		}
		return nil, fmt.Errorf("%w (MPEG-PS)", ErrNone)
	}
	j := &joined{file: f}
	for _, p := range audio.Parts {
		j.add(p.At, p.N)
	}
	r, err := readMPEGAudio(j, 0, j.size(), o, true)
	if err != nil || r == nil {
		return nil, err
	}
	r.format = "MPEG-PS (" + r.format + ")"
	if video != nil && audio.Stamp >= 0 && video.Stamp >= 0 {
		r.delay = float64(audio.Stamp-video.Stamp) / 90_000
	}
	return r, nil
}
