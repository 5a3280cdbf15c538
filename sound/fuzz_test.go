package sound

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// The targets keep to small recordings: what a header may claim is tried, and refused by MaxLength.
const (
	fuzzBytes  = 1 << 13
	fuzzLength = 1 << 14
)

// recordings returns the recordings of testdata with one of these endings.
func recordings(f *testing.F, endings ...string) (out [][]byte) {
	f.Helper()
	for _, ending := range endings {
		names, err := filepath.Glob(filepath.Join("testdata", "*"+ending))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			if len(b) <= fuzzBytes {
				out = append(out, b)
			}
		}
	}
	if len(out) == 0 {
		f.Fatalf("no recordings with the endings %s", endings)
	}
	return out
}

// watched is what every recording is held to: errors and notes are a line, memory is in proportion to the file and a constant, and a window is the slice of the whole.
func watched(t testing.TB, b []byte) {
	t.Helper()
	if len(b) > fuzzBytes {
		return
	}
	var r *Recording
	var err error
	fuzzing.Memory(t, 16<<20+64*len(b), func() { r, err = readBytes(b, Options{MaxLength: fuzzLength}) })
	if fuzzing.OneLine(t, err) || r == nil {
		return
	}
	for _, n := range append(r.Notes(), r.Format()) {
		if strings.ContainsAny(n, "\n\r\x1b") {
			t.Errorf("the note is not a line: %q", n)
		}
	}
	if r.Delay()-r.Delay() != 0 {
		t.Errorf("a delay of %g", r.Delay())
	}
	c := int64(r.Channels())
	whole := make([]float32, r.Len()*c)
	if fuzzing.OneLine(t, r.Read(whole, 0)) {
		return
	}
	for i, v := range whole {
		if v-v != 0 {
			t.Fatalf("value %d is %g", i, v)
		}
	}
	for _, from := range []int64{r.Len() / 2, r.Len() - 1, 0, r.Len() / 3} {
		n := min(r.Len()-from, 1+r.Len()/5)
		part := make([]float32, n*c)
		if err := r.Read(part, from); err != nil {
			t.Errorf("values from %d on: %v, the whole is read", from, err)
			continue
		}
		for i, v := range part {
			if v != whole[from*c+int64(i)] {
				t.Fatalf("values from %d on: value %d is %g, in the whole %g", from, i, v, whole[from*c+int64(i)])
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzWAV(f *testing.F) { fuzzing.Run(f, recordings(f, ".wav"), watched) }

// FuzzFLAC: files, and frames without their sums, which most changes break.
func FuzzFLAC(f *testing.F) {
	fuzzing.Run(f, recordings(f, ".flac"), func(t testing.TB, b []byte) {
		watched(t, b)
		if len(b) < 100 || len(b) > fuzzBytes {
			return
		}
		info := flacInfo{minBlock: 16, maxBlock: 4096, rate: 8000, channels: 1 + int(b[10]&7), bits: 4 + int(b[9])%29}
		h := flacHead{bytes: 0, block: 16 + int(b[11])<<4, channel: info.channels}
		if h.assign = info.channels - 1; info.channels == 2 {
			h.assign = []int{1, 8, 9, 10}[b[12]&3]
		}
		var d flacBlock
		for _, at := range []int{50, 57, 63, 70} { // somewhere in the first frame
			if _, err := d.values(b[at:], h, info); !fuzzing.OneLine(t, err) {
				d.floats(make([]float32, h.block*h.channel), info.bits)
			}
		}
	})
}

// FuzzMP3: Layer III and II.
func FuzzMP3(f *testing.F) { fuzzing.Run(f, recordings(f, ".mp3", ".mp2"), watched) }

// FuzzVorbis puts the sums of pages right.
func FuzzVorbis(f *testing.F) {
	fuzzing.Run(f, recordings(f, ".ogg"), func(t testing.TB, b []byte) {
		b = bytes.Clone(b)
		for at := 0; ; {
			k := bytes.Index(b[at:], []byte("OggS\x00"))
			if k < 0 {
				break
			}
			if at += k; at+oggHead > len(b) {
				break
			}
			end := at + oggHead + int(b[at+26])
			if end > len(b) {
				break
			}
			for _, n := range b[at+oggHead : end] {
				end += int(n)
			}
			if end > len(b) {
				at += 5
				continue
			}
			clear(b[at+22 : at+26])
			binary.LittleEndian.PutUint32(b[at+22:], crc32ogg(0, b[at:end]))
			at = end
		}
		watched(t, b)
	})
}

// FuzzFilms: the sound of AVIs and of MPEG-1's program streams.
func FuzzFilms(f *testing.F) { fuzzing.Run(f, recordings(f, ".avi", ".mpg"), watched) }

// FuzzOpen: any content.
func FuzzOpen(f *testing.F) {
	fuzzing.Run(f, append(recordings(f, ".wav", ".flac", ".mp3", ".mp2", ".ogg", ".avi", ".mpg"), []byte("ID3\x04\x00\x00\x00\x00\x00\x00fLaC"), []byte("GIF89a")), watched)
}

// FuzzProbe: whatever ffprobe and the filter ashowinfo write.
func FuzzProbe(f *testing.F) {
	seeds := [][]byte{[]byte("stream|codec_name=aac|codec_type=audio|sample_rate=44100|channels=2|start_time=0.000000|disposition:attached_pic=0\n" +
		"stream|codec_name=h264|codec_type=video|start_time=0.080000|disposition:attached_pic=0\nformat|format_name=mov,mp4,m4a,3gp,3g2,mj2\n")}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		p := &probe{}
		if fuzzing.OneLine(t, p.read(bytes.NewReader(b))) {
			return
		}
		if strings.ContainsAny(p.format+p.codec, "\n\r\x1b") {
			t.Errorf("not a line: %q %q", p.format, p.codec)
		}
		if p.videoStart-p.videoStart != 0 {
			t.Errorf("pictures begin at %g", p.videoStart)
		}
	})
}
