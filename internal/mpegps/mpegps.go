// Package mpegps takes the packets of an MPEG-1 program stream apart (ISO 11172-1).
package mpegps

import (
	"bytes"
	"io"
)

// Part is a run of a stream's bytes in the file.
type Part struct{ At, N int64 }

// Stream is a stream and where its bytes are.
type Stream struct {
	ID    byte // 0xc0 to 0xdf sound, 0xe0 to 0xef pictures
	Parts []Part
	Stamp int64 // when its first unit is shown or heard, in 90,000ths of a second; -1: not said
}

const codePack = 0xba

// Scan finds the packets of the first stream whose number lies between two, and of the first one between two others; nil where there is none. ok is false for the program streams of MPEG-2.
func Scan(r io.ReaderAt, size int64, ranges ...[2]byte) (streams []*Stream, ok bool, err error) {
	streams = make([]*Stream, len(ranges))
	var b [64]byte
	buf := make([]byte, 1<<15)
	for at := int64(0); at+6 <= size; {
		n, err := r.ReadAt(b[:min(int64(len(b)), size-at)], at)
		if err != nil && err != io.EOF {
			return nil, false, err
		}
		head := b[:n]
		if n < 6 || head[0] != 0 || head[1] != 0 || head[2] != 1 {
			if at, err = nextCode(r, at+1, buf); err != nil { // what stands between packets is no one's
				return nil, false, err
			}
			continue
		}
		switch id := head[3]; {
		case id == codePack:
			if n < 12 || head[4]&0xf0 != 0x20 {
				return nil, false, nil
			}
			at += 12
		case id <= 0xb9: // a code of video, which is not between packets, or the end
			at += 4
		default:
			length := int64(head[4])<<8 | int64(head[5])
			if end := at + 6 + length; end > size {
				length = size - at - 6 // cut short
			}
			for k, ids := range ranges {
				if id >= ids[0] && id <= ids[1] && (streams[k] == nil || streams[k].ID == id) {
					if streams[k] == nil {
						streams[k] = &Stream{ID: id, Stamp: -1}
					}
					streams[k].packet(head[6:], at+6, length)
				}
			}
			at += 6 + length
		}
	}
	return streams, true, nil
}

// packet adds a packet, which begins with its head (2.4.3.3).
func (s *Stream) packet(b []byte, at, length int64) {
	i := 0
	for i < len(b) && b[i] == 0xff {
		i++
	}
	if i < len(b) && b[i]&0xc0 == 0x40 {
		i += 2
	}
	if i >= len(b) {
		return
	}
	switch kind := b[i] >> 4; {
	case kind != 2 && kind != 3:
		i++
	default:
		if s.Stamp < 0 && i+5 <= len(b) {
			s.Stamp = int64(b[i]>>1&7)<<30 | int64(b[i+1])<<22 | int64(b[i+2]>>1)<<15 | int64(b[i+3])<<7 | int64(b[i+4]>>1)
		}
		i += 5 * int(kind-1)
	}
	if int64(i) < length {
		s.Parts = append(s.Parts, Part{at + int64(i), length - int64(i)})
	}
}

// nextCode returns where the next start code is in the file, or a place close to its end.
func nextCode(r io.ReaderAt, at int64, buf []byte) (int64, error) {
	for {
		n, err := r.ReadAt(buf, at)
		if k := bytes.Index(buf[:n], []byte{0, 0, 1}); k >= 0 {
			return at + int64(k), nil
		}
		if err == io.EOF {
			return at + int64(n), nil
		}
		if err != nil {
			return 0, err
		}
		at += int64(n - 2)
	}
}
