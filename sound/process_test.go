//go:build unix

package sound

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/ffmpeg/fake"
)

// fakes writes programs that stand for ffmpeg and ffprobe, and a file for them. What ffmpeg does where an index is made, where it decodes from the beginning, and where
// it decodes after a jump are three bodies.
func fakes(t *testing.T, ffprobe, index, whole, jump string) (path string, o Options) {
	t.Helper()
	ffmpeg := fmt.Sprintf("case \"$*\" in\n-version) echo ffmpeg version 5.1;;\n*'-f null'*) %s;;\n*-ss*) %s;;\n*) %s;;\nesac", index, jump, whole)
	program := fake.Programs(t, ffmpeg, ffprobe)
	path = filepath.Join(filepath.Dir(program), "film.mp4")
	if err := os.WriteFile(path, []byte("....ftypisom and so on"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, Options{FFmpeg: program, Timeout: 20 * time.Second}
}

// fakeProbe tells of a film of 8000 Hz, mono, whose pictures begin at half a second.
const fakeProbe = `echo "stream|codec_name=h264|codec_type=video|start_time=0.500000|disposition:attached_pic=0"
echo "stream|codec_name=aac|codec_type=audio|sample_rate=8000|channels=1|start_time=1.000000|disposition:attached_pic=0"
echo "format|format_name=mov,mp4"`

// told is a body that tells of frames, each "stamp values sum", at 8000 Hz, mono.
func told(frames ...string) string {
	var b strings.Builder
	for i, f := range frames {
		p := strings.Fields(f)
		fmt.Fprintf(&b, "echo '[Parsed_ashowinfo_1 @ 0x1] [info] n:%d pts:%s pts_time:0 fmt:flt channels:1 chlayout:mono rate:8000 nb_samples:%s checksum:%s plane_checksums: [ 0 ]' >&2\n", i, p[0], p[1], p[2])
	}
	return b.String() + ":"
}

// ones and halves write a frame of two values.
const (
	ones   = `printf '\000\000\200\077\000\000\200\077'`
	halves = `printf '\000\000\000\077\000\000\000\077'`
)

// TestHangs: a program that hangs is ended with all that it started, whether it is asked what there is, for an index or for values, and the sentence says so.
func TestHangs(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pid")
	hang := "sleep 1000 & echo $! > " + pids + "; wait"
	for what, body := range map[string][3]string{"ffprobe": {hang, ":", ":"}, "index": {fakeProbe, hang, ":"}, "an index that has begun": {fakeProbe, told("8000 2 A") + "\n" + hang, ":"}, "values": {fakeProbe, told("8000 2 A"), hang}} {
		os.Remove(pids)
		path, o := fakes(t, body[0], body[1], body[2], ":")
		o.Timeout = time.Second
		r, err := Open(path, o)
		if what == "values" {
			if err != nil {
				t.Error(err)
				continue
			}
			err = r.Read(make([]float32, 1), 0)
		}
		if err == nil || !strings.Contains(err.Error(), "film.mp4: ffmpeg was ended: it took longer than it may (Timeout)") {
			t.Errorf("%s: %v", what, err)
		}
		fake.Gone(t, pids)
	}
}

// TestTalks: a program that complains without end, or tells of more than there can be, is read within bounds, and what it complains of is handed on.
func TestTalks(t *testing.T) {
	endless := "while :; do echo '[error] the same again and again and again' >&2; done"
	frames := "while :; do " + strings.TrimSuffix(told("0 1000 A"), "\n:") + "; done"
	mono := strings.Replace(told("0 2 A", "2 2 B"), "channels:1 chlayout:mono rate:8000 nb_samples:2 checksum:B", "channels:2 chlayout:stereo rate:8000 nb_samples:2 checksum:B", 1)
	for want, body := range map[string][2]string{
		"Timeout":                         {endless, ":"},
		"more than 100000 values":         {fakeProbe, frames},
		"ffmpeg tells of a frame of 0":    {fakeProbe, told("0 0 A")},
		"its channels or its rate change": {fakeProbe, mono},
		"no values in its sound, or cut short before its first ones ([error] no room)": {fakeProbe, "echo '[error] no room' >&2"},
		"not a recording that ffmpeg reads (such a thing)":                             {"echo '[error] x: such a thing' >&2", ":"},
		"a recording of 65 channels; from 1 to 64 are read":                            {strings.Replace(fakeProbe, "channels=1", "channels=65", 1), ":"},
		"a recording of 0 values a second":                                             {strings.Replace(fakeProbe, "sample_rate=8000", "sample_rate=N/A", 1), ":"},
		"no sound in it (MP4)":                                                         {"echo 'format|format_name=mov,mp4'", ":"},
		"ffprobe tells of more than 4096 streams":                                      {"yes 'stream|codec_type=audio'", ":"},
	} {
		path, o := fakes(t, body[0], body[1], ":", ":")
		o.MaxLength = 100000
		if want == "Timeout" {
			o.Timeout = time.Second
		}
		if r, err := Open(path, o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000 {
			t.Errorf("%v %v, want %q", r, err, want)
		}
	}
	// values that are not there, that nothing is told of, or that are others than the first time
	for want, whole := range map[string]string{
		"ffmpeg ends before it: [error] no room": told("8000 2 A") + "\necho '[error] no room' >&2",
		"decodes it otherwise the second time":   told("8000 2 C") + "\n" + ones,
		"took longer than it may (Timeout)":      "cat /dev/zero",
	} {
		path, o := fakes(t, fakeProbe, told("8000 2 A"), whole, ":")
		o.Timeout = 2 * time.Second
		r, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Read(make([]float32, 2), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		r.Close()
	}
}

// TestElsewhere: where a jump leads to other frames than the index has, or stamps are missing, decoding begins at the beginning; else it does not.
func TestElsewhere(t *testing.T) {
	late := strconv.Itoa(near*8000 + 2)
	index := []string{"0 " + late + " A", late + " 2 B"}
	many := "head -c $((4*" + late + ")) /dev/zero"
	for name, c := range map[string]struct {
		index []string
		jump  string
		want  float32
	}{
		"there":               {index, told(index[1]) + "\n" + halves, 0.5},
		"too far":             {index, told(strconv.Itoa(near*8000+8)+" 2 B") + "\n" + halves, 1},
		"another sum":         {index, told(late+" 2 C") + "\n" + halves, 1},
		"nothing":             {index, ":", 1},
		"without their times": {[]string{"NOPTS " + late + " A", "NOPTS 2 B"}, told(index[1]) + "\n" + halves, 1},
	} {
		path, o := fakes(t, fakeProbe, told(c.index...), told(c.index...)+"\n"+many+"\n"+ones, c.jump)
		r, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		v := make([]float32, 2)
		if err := r.Read(v, r.Len()-2); err != nil || !slices.Equal(v, []float32{c.want, c.want}) {
			t.Errorf("%s: %v, %v; want %g", name, v, err, c.want)
		}
		r.Close()
	}
}

// TestDelayOfFFmpeg: the first frame's own time counts, not what ffprobe says of the stream, and without pictures there is no delay.
func TestDelayOfFFmpeg(t *testing.T) {
	alone := fakeProbe[strings.Index(fakeProbe, "\n")+1:]
	for want, c := range map[float64][2]string{0.75: {fakeProbe, told("10000 2 A")}, -1.5: {fakeProbe, told("-8000 2 A")}, 0: {alone, told("10000 2 A")}} {
		path, o := fakes(t, c[0], c[1], ":", ":")
		if r, err := Open(path, o); err != nil || r.Delay() != want || r.Len() != 2 || r.Format() != "MP4 (AAC) through ffmpeg" {
			t.Errorf("%+v, %v; want a delay of %g", r, err, want)
		}
	}
	picture := strings.Replace(fakeProbe, "attached_pic=0", "attached_pic=1", 1) // of an album
	path, o := fakes(t, picture, told("10000 2 A"), ":", ":")
	if r, err := Open(path, o); err != nil || r.Delay() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestNoted: what ffmpeg complains of while it gives values is a note, as are jumps of its times.
func TestNoted(t *testing.T) {
	path, o := fakes(t, fakeProbe, told("0 2 A", "2000 2 B")+"\necho '[error] a broken frame' >&2", ":", ":")
	r, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(r.Notes(), "; "), "ffmpeg says of it: [error] a broken frame; 1 jump of more than 0.1 s in its times, which are passed over"; got != want || r.Len() != 4 {
		t.Errorf("%q, want %q; %d values", got, want, r.Len())
	}
}
