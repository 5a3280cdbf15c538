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

// box is a box of an MP4.
func box(name string, body ...[]byte) []byte {
	b := bytes.Join(body, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(b))), name...), b...)
}

func mp4Of(handlers ...string) []byte {
	all := [][]byte{box("mvhd", make([]byte, 20))}
	for _, h := range handlers {
		all = append(all, box("trak", box("tkhd", make([]byte, 8)), box("mdia", box("mdhd", make([]byte, 8)), box("hdlr", make([]byte, 8), []byte(h), make([]byte, 12)))))
	}
	return bytes.Join([][]byte{box("ftyp", []byte("isom")), box("mdat", make([]byte, 100)), box("moov", all...)}, nil)
}

// TestIn: a file has sound in it or not, by its headers.
func TestIn(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none := Options{FFmpeg: "none"}
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{"both.mp4": {mp4Of("vide", "soun"), true}, "seen.mp4": {mp4Of("vide"), false}, "text.mp4": {mp4Of("vide", "text", "soun"), true}, "a.gif": {[]byte("GIF89a"), false}, "a.y4m": {[]byte("YUV4MPEG2 W1"), false}} {
		if got, err := In(write(name, c.b), none); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	long := mp4Of("vide", "soun")
	at := bytes.Index(long, []byte("mdat"))
	wide := append(append([]byte{0, 0, 0, 1}, "mdat"...), binary.BigEndian.AppendUint64(nil, 116)...)
	long = bytes.Join([][]byte{long[:at-4], wide, long[at+4:]}, nil)
	if got, err := In(write("long.mp4", long), none); err != nil || !got {
		t.Error(got, err)
	}
	for name, b := range map[string][]byte{"empty.mp4": box("ftyp", []byte("isom")), "cut.avi": []byte("RIFF\x00\x01\x00\x00AVI LIST"), "a.mkv": []byte("\x1a\x45\xdf\xa3 a film of another kind")} {
		if _, err := In(write(name, b), none); err == nil || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, f := range files { // the headers say what decoding says
		path := filepath.Join("testdata", f.Name())
		r, err := Open(path, none)
		if err != nil {
			continue
		}
		r.Close()
		if there, err := In(path, none); !there || err != nil {
			t.Errorf("%s: %v, %v", path, there, err)
		}
		tried++
	}
	if tried < 5 {
		t.Errorf("%d files were tried", tried)
	}
}

// FuzzInMP4: any bytes are looked through in time, and a track of sound is only found in a list of tracks.
func FuzzInMP4(f *testing.F) {
	fuzzing.Run(f, [][]byte{mp4Of("vide", "soun"), mp4Of(), mp4Of("vide"), box("moov"), {0, 0, 0, 0, 'm', 'o', 'o', 'v'}, {0, 0, 0, 1, 'm', 'o', 'o', 'v', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, func(t testing.TB, b []byte) {
		there, known := inMP4(bytes.NewReader(b), int64(len(b)))
		if there && (!known || !bytes.Contains(b, []byte("soun")) || !bytes.Contains(b, []byte("trak"))) {
			t.Errorf("%v %v", there, known)
		}
	})
}
