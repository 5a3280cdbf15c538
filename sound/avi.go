package sound

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/internal/avi"
	"github.com/tessera-go/tessera/internal/files"
)

// Tags of MPEG audio in WAVEFORMATEX: Layer II, and III.
const (
	tagMP2 = 0x0050
	tagMP3 = 0x0055
)

var errCutAVI = errors.New("an AVI that is cut short in its headers")

// readAVI reads PCM and MPEG audio in an AVI; others are ffmpeg's.
func readAVI(f file, size int64, o Options) (*Recording, error) {
	a, err := avi.Open(f, size)
	if err != nil {
		return nil, files.Cause(err)
	}
	if len(a.Streams) == 0 {
		return nil, errCutAVI
	}
	k := slices.IndexFunc(a.Streams, func(s avi.Stream) bool { return s.Kind == "auds" })
	if k < 0 {
		return nil, fmt.Errorf("%w (AVI)", ErrNone)
	}
	format, ok := readWaveFormat(a.Streams[k].Format)
	if !ok {
		return nil, errors.New("an AVI whose sound has no format")
	}
	p, raw, err := format.pcm()
	if err != nil || !raw && format.tag != tagMP2 && format.tag != tagMP3 {
		return nil, err
	}
	index, err := a.Index(k, math.MaxInt32)
	if err != nil {
		return nil, files.Cause(err)
	}
	j := &joined{file: f}
	for _, c := range index.Chunks {
		j.add(c.At, int64(c.Size))
	}
	var r *Recording
	if raw {
		r, err = readPCM(j, p, &format, o)
	} else {
		r, err = readMPEGAudio(j, 0, j.size(), o, true)
	}
	if err != nil || r == nil {
		return nil, err
	}
	r.format = "AVI (" + r.format + ")"
	r.delay = start(a.Streams[k])
	if v := slices.IndexFunc(a.Streams, func(s avi.Stream) bool { return s.Kind == "vids" }); v >= 0 {
		r.delay -= start(a.Streams[v])
	}
	switch {
	case index.Cut:
		r.notes = append(r.notes, "cut short: what is whole is read")
	case index.Why != "":
		r.notes = append(r.notes, index.Why+"; its sound was found by reading on from chunk to chunk")
	}
	return r, nil
}

// start is when a stream begins, in seconds.
func start(s avi.Stream) float64 {
	if s.Rate == 0 {
		return 0
	}
	return float64(s.Start) * float64(s.Scale) / float64(s.Rate)
}

// readPCM reads values that are stored one by one and fill a stream.
func readPCM(j *joined, p pcm, format *waveFormat, o Options) (*Recording, error) {
	n := j.size() / int64(format.channels*p.bytes)
	s := newStored(j, p, format.channels, run{0, 0, n})
	r := &Recording{format: p.name(), rate: format.rate, channels: format.channels, length: n, source: s}
	return r, r.counted(s, o)
}
