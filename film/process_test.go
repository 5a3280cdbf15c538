//go:build unix

package film

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/ffmpeg/fake"
)

// fakes writes programs that stand for ffmpeg and ffprobe.
func fakes(t *testing.T, ffmpeg, ffprobe string) string {
	t.Helper()
	return fake.Programs(t, "if [ \"$1\" = -version ]; then echo ffmpeg version 5.1; exit; fi\n"+ffmpeg, ffprobe)
}

const fakeIndex = `echo "packet|pts=0|flags=K_"
echo "packet|pts=1|flags=__"
echo "stream|codec_name=h264|codec_type=video|width=2|height=2|time_base=1/25|avg_frame_rate=25/1"
echo "format|format_name=mov,mp4"`

// TestHangs: a program that hangs is ended with all that it started, whichever of the two it is, and the sentence says so.
func TestHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "film.mp4")
	if err := os.WriteFile(path, []byte("....ftypisom and so on"), 0o644); err != nil {
		t.Fatal(err)
	}
	pids := filepath.Join(t.TempDir(), "pid")
	hang := "sleep 1000 & echo $! > " + pids + "; wait"
	o := Options{FFmpeg: fakes(t, hang, hang), Timeout: 300 * time.Millisecond}
	begin := time.Now()
	if _, err := Open(path, o); err == nil || err.Error() != "film.mp4: ffmpeg was ended: it took longer than it may (Timeout)" {
		t.Errorf("ffprobe: %v", err)
	}
	fake.Gone(t, pids)
	o.FFmpeg = fakes(t, hang, fakeIndex)
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Frame(0); err == nil || !strings.Contains(err.Error(), "Timeout") {
		t.Errorf("ffmpeg: %v", err)
	}
	fake.Gone(t, pids)
	if s := time.Since(begin); s > 10*time.Second {
		t.Errorf("it took %v", s)
	}
}

// TestTalks: a program that complains without end, or writes more than it was asked for, is read within bounds.
func TestTalks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "film.mp4")
	if err := os.WriteFile(path, []byte("....ftypisom and so on"), 0o644); err != nil {
		t.Fatal(err)
	}
	endless := "while :; do echo '[error] the same again and again and again' >&2; done"
	o := Options{FFmpeg: fakes(t, endless, endless), Timeout: 500 * time.Millisecond}
	if _, err := Open(path, o); err == nil || strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000 {
		t.Errorf("%v", err)
	}
	o = Options{FFmpeg: fakes(t, "cat /dev/zero", "yes 'packet|pts=1|flags=K_'"), MaxFrames: 1000}
	if _, err := Open(path, o); err == nil || !strings.Contains(err.Error(), "more than 1000 frames") {
		t.Errorf("%v", err)
	}
	o.FFmpeg = fakes(t, "cat /dev/zero", fakeIndex) // bytes without the times of frames
	o.Timeout = time.Second
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Frame(1); err == nil {
		t.Error("frames without times are taken")
	}
	o.FFmpeg = fakes(t, "echo '[error] no room' >&2", fakeIndex)
	if f, err = Open(path, o); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Frame(1); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("%v", err)
	}
}

// TestPipe: a named pipe is refused, and not waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.mp4")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Skip("SKIPPED: a named pipe cannot be made here: ", err)
	}
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "a pipe") {
		t.Errorf("%v", err)
	}
}
