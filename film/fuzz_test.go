package film

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// The targets keep to small films: what a header may claim is tried, and refused by MaxPixels and MaxFrames.
const (
	fuzzBytes  = 1 << 13
	fuzzPixels = 1 << 11
	fuzzFrames = 64
)

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

// films returns the films of testdata with an ending, and what the writer makes.
func films(f *testing.F, ending string) (out [][]byte) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*"+ending))
	if err != nil {
		f.Fatal(err)
	}
	if ending == ".gif" || ending == ".avi" {
		for _, few := range []bool{true, false} {
			path := filepath.Join(f.TempDir(), "a"+ending)
			write(f, path, 20, pictures(3, 9, 11, few))
			names = append(names, path)
		}
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
	if len(out) == 0 {
		f.Fatalf("no films with the ending %s", ending)
	}
	return out
}

// watched is what every film is held to: errors are a line, times rise from 0, memory is in proportion to the file and the frames, and a frame is the same in a row,
// by itself, and the second time.
func watched(t testing.TB, b []byte) {
	t.Helper()
	if len(b) > fuzzBytes {
		return
	}
	o := Options{MaxPixels: fuzzPixels, MaxFrames: fuzzFrames}.filled()
	var f *Film
	var err error
	fuzzing.Memory(t, 1<<20+64*len(b), func() { f, err = read(memoryFile{bytes.NewReader(b)}, int64(len(b)), o) })
	if err == nil && f != nil {
		err = f.check(o)
	}
	if fuzzing.OneLine(t, err) || f == nil {
		return
	}
	for _, n := range f.Notes() {
		if strings.ContainsAny(n, "\n\r\x1b") {
			t.Errorf("the note is not a line: %q", n)
		}
	}
	times := f.Times()
	for i, s := range times {
		if !(s >= 0) || i == 0 && s != 0 || i > 0 && s <= times[i-1] {
			t.Errorf("frame %d at %g s", i, s)
		}
	}
	h, w := f.Size()
	seen := map[int][]byte{}
	show := func(index []int) error {
		return f.Frames(index, func(k int, p *Picture) error {
			i := index[k]
			if p.H != h || p.W != w || len(p.Pix) != 3*h*w {
				t.Fatalf("frame %d has %dx%d pixels, the film %dx%d", i, p.W, p.H, w, h)
			}
			if old, ok := seen[i]; ok && !bytes.Equal(old, p.Pix) {
				t.Errorf("frame %d is another by way of %v", i, index)
			}
			seen[i] = bytes.Clone(p.Pix)
			return nil
		})
	}
	n := len(times)
	last := []int{n - 1}
	if n > 2 {
		last = []int{n / 2, n - 1}
	}
	first := show(last)
	if fuzzing.OneLine(t, first) && strings.Contains(first.Error(), "runtime error") {
		t.Errorf("a decoder trips: %v", first)
	}
	for i := range min(n, 8) {
		fuzzing.OneLine(t, show([]int{i}))
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	fuzzing.OneLine(t, show(all))
	if again := show(last); (again == nil) != (first == nil) {
		t.Errorf("the first time %v, later %v", first, again)
	}
}

func FuzzGIF(f *testing.F) { fuzzing.Run(f, films(f, ".gif"), watched) }

func FuzzAVI(f *testing.F) { fuzzing.Run(f, films(f, ".avi"), watched) }

func FuzzY4M(f *testing.F) { fuzzing.Run(f, films(f, ".y4m"), watched) }

// FuzzMPEG: MPEG-1, alone and in a program stream.
func FuzzMPEG(f *testing.F) {
	fuzzing.Run(f, append(films(f, ".m1v"), films(f, ".mpg")...), watched)
}

// FuzzProbe: whatever ffprobe writes becomes an index with times that rise, or a sentence.
func FuzzProbe(f *testing.F) {
	seeds := [][]byte{[]byte("packet|pts=512|flags=K_\npacket|pts=1536|flags=__\npacket|pts=1024|flags=_D\nstream|codec_name=h264|codec_type=video|width=64|height=48|sample_aspect_ratio=8:9" +
		"|field_order=tt|avg_frame_rate=30000/1001|time_base=1/12800|tag:rotate=90|side_datum/display_matrix:rotation=-90\nformat|format_name=mov,mp4,m4a,3gp,3g2,mj2\n"),
		[]byte("frame|key_frame=1|pkt_dts=N/A|best_effort_timestamp=1\nframe|key_frame=0|pkt_dts=2|best_effort_timestamp=N/A\nframe|key_frame=0|pkt_dts=2|best_effort_timestamp=2\n" +
			"stream|codec_name=mpeg4|codec_type=video|width=2|height=2|time_base=1/25|avg_frame_rate=0/0\nformat|format_name=avi\n")}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		o := Options{MaxPixels: fuzzPixels, MaxFrames: fuzzFrames}.filled()
		p := &probe{}
		err := p.read(bytes.NewReader(b), o)
		if fuzzing.OneLine(t, err) {
			return
		}
		film, err := p.film(o)
		if err == nil {
			err = film.check(o)
		}
		if fuzzing.OneLine(t, err) {
			return
		}
		for i, s := range film.Times() {
			if !(s >= 0) || i == 0 && s != 0 || i > 0 && s <= film.Times()[i-1] {
				t.Errorf("frame %d at %g s", i, s)
			}
		}
		for _, n := range append(film.Notes(), film.Format()) {
			if strings.ContainsAny(n, "\n\r\x1b") {
				t.Errorf("not a line: %q", n)
			}
		}
		s := film.source.(*ffmpegFilm)
		for _, i := range []int{0, len(film.Times()) - 1} {
			if k := s.key(i); k < 0 || k > i {
				t.Errorf("decoding for frame %d begins at %d", i, k)
			}
		}
	})
}
