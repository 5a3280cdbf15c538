package film

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// needFFmpeg says loudly that a test is left out.
func needFFmpeg(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		fmt.Fprintf(os.Stderr, "NOT TESTED: %s: the program ffmpeg (package ffmpeg) is not there\n", t.Name())
		t.Skip("SKIPPED: the program ffmpeg is not there, so films that it reads are NOT tested")
	}
}

// TestFFmpegReferences: frames and times of films that ffmpeg decodes, asked for in a row and singly, are those that it shows from beginning to end.
// Versions and processors round colours differently, by a level or two.
func TestFFmpegReferences(t *testing.T) {
	needFFmpeg(t)
	for _, c := range []struct {
		name, format string
		h, w         int
		note         string
	}{
		{"bframes.mp4", "MP4 (H.264) through ffmpeg", 20, 24, ""},
		{"open.mkv", "Matroska (H.264) through ffmpeg", 20, 24, ""},
		{"odd.webm", "Matroska (VP9) through ffmpeg", 17, 23, ""},
		{"xvid.avi", "AVI (MPEG-4) through ffmpeg", 20, 24, ""},
		{"rates.mkv", "Matroska (H.264) through ffmpeg", 20, 24, ""},
		{"mpeg2.mpg", "MPEG-PS (MPEG-2) through ffmpeg", 20, 24, ""},
		{"turned.mp4", "MP4 (H.264) through ffmpeg", 24, 20, "turned by"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", c.name), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.Format() != c.format {
				t.Errorf("format %q, want %q", f.Format(), c.format)
			}
			if h, w := f.Size(); h != c.h || w != c.w {
				t.Fatalf("%dx%d, want %dx%d", w, h, c.w, c.h)
			}
			if notes := strings.Join(f.Notes(), "; "); c.note == "" && notes != "" || !strings.Contains(notes, c.note) {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
			want, times := reference(t, c.name, c.h, c.w)
			if len(times) != len(f.Times()) {
				t.Fatalf("%d frames, want %d", len(f.Times()), len(times))
			}
			for i, s := range f.Times() {
				if math.Abs(s-times[i]) > 1e-3 {
					t.Errorf("frame %d at %g s, want %g", i, s, times[i])
				}
			}
			compare(t, f, want, 3, 7)
		})
	}
}

// TestSeek: a late frame is decoded from the key frame before it, not from the beginning, and a film whose frames are not where the index has them is found out.
func TestSeek(t *testing.T) {
	needFFmpeg(t)
	f, err := Open("testdata/bframes.mp4", Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := f.source.(*ffmpegFilm)
	if len(s.keys) < 3 || s.key(23) != 16 || s.key(15) != 8 || s.key(0) != 0 {
		t.Fatalf("key frames %v", s.keys)
	}
	if args := strings.Join(s.arguments([]int{20}, s.key(20), true, 1), " "); !strings.Contains(args, "-ss") {
		t.Errorf("%s does not jump", args)
	}
	for i := range s.at {
		s.at[i] += 0.013
	}
	if _, err := f.Frame(17); err == nil {
		t.Error("an index of other times is taken")
	}
}

// TestWithoutFFmpeg: the sentence of a film that needs the program names it, its package, and what needs none.
func TestWithoutFFmpeg(t *testing.T) {
	for program, want := range map[string]string{"none": "not to be used", "/no/such/ffmpeg": "package ffmpeg"} {
		_, err := Open("testdata/bframes.mp4", Options{FFmpeg: program})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "GIF") {
			t.Errorf("%q: %v", program, err)
		}
	}
}

// TestNames: no name of a file is taken for an option, a protocol or a pattern.
func TestNames(t *testing.T) {
	needFFmpeg(t)
	b, err := os.ReadFile("testdata/bframes.mp4")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"-y.mp4", "a b%03d.mp4", "http:x.mp4", "'; x.mp4", "pipe:0"} {
		if runtime.GOOS == "windows" && strings.Contains(name, ":") {
			continue
		}
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(name, Options{})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if _, err := f.Frame(3); err != nil {
			t.Error(err)
		}
	}
}

// TestRefused: what is no film, or none that can be read, gets a sentence.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	part := func(name string, n int) string {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint(n, name))
		if err := os.WriteFile(path, b[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := func(name, s string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	type refusal struct {
		path, want string
		ffmpeg     bool
	}
	cases := []refusal{
		{dir, "a folder", false},
		{filepath.Join(dir, "none.mp4"), "no such file", false},
		{text("empty.mp4", ""), "an empty file", false},
		{text("page.mp4", " <!DOCTYPE html><html>"), "a web page", false},
		{text("p.mp4", "\xff\xd8\xff\xe0 picture"), "a JPEG picture, not a film", false},
		{text("lfs.mp4", "version https://git-lfs.github.com/spec/v1\n"), "git lfs pull", false},
		{text("list.mp4", "#EXTM3U\nhttp://localhost/x.ts\n"), "a playlist", false},
		{text("zero.gif", "GIF89a\x00\x00\x00\x00\x00\x00\x00;"), "a film of 0 by 0 pixels", false},
		{text("nothing.gif", "GIF89a\x04\x00\x04\x00\x00\x00\x00;"), "without frames", false},
		{part("plain.gif", 9), "cut short in its header", false},
		{part("plain.gif", 60), "cut short before its first frame's end", false},
		{text("nothing.y4m", "YUV4MPEG2 W4 H4 F25:1\n"), "without frames", false},
		{text("wide.y4m", "YUV4MPEG2 W99999 H99999 F25:1\nFRAME\n"), "at most", false},
		{text("word.y4m", "YUV4MPEG2 Wx H4 F25:1\nFRAME\n"), "the parameter", false},
		{text("zero.y4m", "YUV4MPEG2 W0 H4 F25:1\nFRAME\n"), "0 by 4 pixels", false},
		{part("index.avi", 40), "cut short in its headers", false},
		{part("index.avi", 230), "without frames", false},
		{part("groups.m1v", 18), "without a picture that decoding can begin with", false},
		{part("groups.m1v", 60), "without frames", false},
		{part("groups.mpg", 20), "no video stream", false},
		{text("noise.mp4", strings.Repeat("nothing at all ", 99)), "not a film that ffmpeg reads", true},
		{text("bom.mp4", "\xef\xbb\xbf#EXTM3U\n#EXTINF:1\nhttp://localhost/x.ts\n"), "not a film that ffmpeg reads", true},
		{text("sdp.mp4", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"), "not a film that ffmpeg reads", true},
		{"testdata/sound.mp4", "no video stream", true},
		{part("bframes.mp4", 1500), "not a film that ffmpeg reads", true},
	}
	for _, c := range cases {
		if c.ffmpeg {
			needFFmpeg(t)
		}
		_, err := Open(c.path, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", filepath.Base(c.path), err, c.want)
		}
	}
}

// TestCutShort: of a film that is cut short the frames that are whole are read, and it is said.
func TestCutShort(t *testing.T) {
	for _, c := range []struct {
		name   string
		cut    int
		frames int
	}{{"plain.gif", 50, 4}, {"index.avi", 900, 5}, {"noindex.avi", 100, 5}, {"420jpeg.y4m", 10, 3}, {"groups.m1v", 60, 13}, {"groups.mpg", 2400, 10}} {
		b, err := os.ReadFile(filepath.Join("testdata", c.name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, b[:len(b)-c.cut], 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, Options{FFmpeg: "none"})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n := len(f.Times()); n != c.frames || !strings.Contains(strings.Join(f.Notes(), ""), "cut short") {
			t.Errorf("%s: %d frames, want %d; notes %q", c.name, n, c.frames, f.Notes())
		}
		decoded(t, f)
		f.Close()
	}
}

// TestLimits: films with more or larger frames than are allowed are refused.
func TestLimits(t *testing.T) {
	for _, name := range []string{"plain.gif", "index.avi", "noindex.avi", "420jpeg.y4m", "bframes.mp4", "xvid.avi"} {
		if name == "bframes.mp4" {
			needFFmpeg(t)
		}
		for o, want := range map[Options]string{{MaxFrames: 2}: "more than 2 frames", {MaxPixels: 100}: "at most 100 are read"} {
			if f, err := Open(filepath.Join("testdata", name), o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v %v, want %q", name, f, err, want)
			}
		}
	}
}

// TestWritten: ffmpeg reads what is written here, frame by frame, seeks in it, and has no complaints.
func TestWritten(t *testing.T) {
	needFFmpeg(t)
	for _, c := range []struct {
		name   string
		rate   float64
		within float64
	}{{"a.gif", 25, 0}, {"a.avi", 30000.0 / 1001, 3}} {
		path := filepath.Join(t.TempDir(), c.name)
		write(t, path, c.rate, pictures(12, 40, 56, c.name == "a.gif"))
		f, err := Open(path, Options{FFmpeg: "none"})
		if err != nil {
			t.Fatal(err)
		}
		frames := decoded(t, f)
		said, err := exec.Command("ffprobe", "-v", "warning", "-select_streams", "V:0", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", path).CombinedOutput()
		lines := strings.Fields(string(said))
		if err != nil || len(lines) != len(frames) {
			t.Fatalf("%s: %v, %q", c.name, err, said)
		}
		for i, l := range lines {
			if s, err := strconv.ParseFloat(strings.Trim(l, ","), 64); err != nil || math.Abs(s-f.Times()[i]) > 1e-3 {
				t.Errorf("%s: frame %d at %q, want %g", c.name, i, l, f.Times()[i])
			}
		}
		for _, from := range []int{0, 7} {
			at := fmt.Sprintf("%.4f", f.Times()[from])
			raw, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-ss", at, "-i", path, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-").Output()
			if err != nil || len(raw) != len(frames[from].Pix) {
				t.Fatalf("%s: %v, %d bytes", c.name, err, len(raw))
			}
			if d := meanDifference(raw, frames[from].Pix); d > c.within {
				t.Errorf("%s: ffmpeg's frame %d differs by %.2f in the mean", c.name, from, d)
			}
		}
	}
}
