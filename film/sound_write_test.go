package film

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tone is value i of a channel of a test's sound: a rising sine, which says where it is.
func tone(i, channel int) float32 {
	return float32(0.9 * math.Sin(2e-5*float64(i)*float64(i+1)*float64(channel+1)))
}

// soundFilm writes a film of so many frames with so many values of sound a channel. How says whether the sound comes first, last, or frame by frame in unequal pieces.
func soundFilm(t *testing.T, frames, values int, rate float64, s Sound, how string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound.avi")
	wr, err := CreateWithSound(path, 18, 25, rate, s)
	if err != nil {
		t.Fatal(err)
	}
	sound := func(from, to int) {
		var x []float32
		for i := from; i < min(to, values); i++ {
			for c := range s.Channels {
				x = append(x, tone(i, c))
			}
		}
		if err := wr.WriteSound(x); err != nil {
			t.Fatal(err)
		}
	}
	if how == "first" {
		sound(0, values)
	}
	p := &Picture{18, 25, make([]byte, 18*25*3)}
	done := 0
	for k := range frames {
		for i := range p.Pix {
			p.Pix[i] = byte(i*k%200 + 20)
		}
		if err := wr.Write(p); err != nil {
			t.Fatal(err)
		}
		if how == "beside" {
			next := values * (k + 1) / frames
			if k%3 == 1 {
				next -= next / 50
			}
			sound(done, next)
			done = next
		}
	}
	if how != "first" {
		sound(done, values)
	}
	if err := wr.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSoundRead: ffmpeg reads the samples that were written, of each channel, whenever they came; ffprobe finds both streams, of their lengths, in step; and our own
// reader finds the frames.
func TestSoundRead(t *testing.T) {
	needFFmpeg(t)
	for _, c := range []struct {
		frames, values int
		rate           float64
		sound          Sound
		how            string
	}{
		{24, 32000, 12, Sound{16000, 1}, "beside"}, {24, 32000, 12, Sound{16000, 1}, "first"}, {24, 32000, 12, Sound{16000, 1}, "last"},
		{31, 44100, 30000.0 / 1001, Sound{44100, 2}, "beside"}, {7, 48000 * 3, 25, Sound{48000, 6}, "first"}, {50, 8000, 12.5, Sound{8000, 1}, "beside"}, {1, 3, 1, Sound{11025, 3}, "last"},
	} {
		name := fmt.Sprintf("%d frames at %g, %d values of %v %s", c.frames, c.rate, c.values, c.sound, c.how)
		path := soundFilm(t, c.frames, c.values, c.rate, c.sound, c.how)
		raw, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "s16le", "-").Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(raw) != 2*c.values*c.sound.Channels {
			t.Errorf("%s: %d bytes of sound come back", name, len(raw))
		}
		for i := 0; 2*i+1 < len(raw); i++ {
			got, want := int16(binary.LittleEndian.Uint16(raw[2*i:])), float64(tone(i/c.sound.Channels, i%c.sound.Channels))
			if math.Abs(float64(got)/32768-want) > 0.5/32768+1e-9 {
				t.Fatalf("%s: value %d is %d, want %.2f", name, i, got, 32768*want)
			}
		}
		said, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=codec_type,codec_name,sample_rate,channels,nb_read_packets,duration,start_time,nb_frames", "-of", "json", path).CombinedOutput()
		var probe struct{ Streams []map[string]any }
		if err != nil || json.Unmarshal(said, &probe) != nil || len(probe.Streams) != 2 {
			t.Fatalf("%s: ffprobe: %v: %s", name, err, said)
		}
		video, audio := probe.Streams[0], probe.Streams[1]
		lasts, _ := strconv.ParseFloat(fmt.Sprint(video["duration"]), 64)
		if video["codec_name"] != "mjpeg" || video["nb_read_packets"] != fmt.Sprint(c.frames) || audio["codec_name"] != "pcm_s16le" || audio["sample_rate"] != fmt.Sprint(c.sound.Rate) ||
			audio["channels"] != float64(c.sound.Channels) || audio["start_time"] != "0.000000" || video["start_time"] != "0.000000" || audio["nb_frames"] != fmt.Sprint(c.values) || math.Abs(lasts-float64(c.frames)/c.rate) > 1e-3 {
			t.Errorf("%s: ffprobe says %s", name, said)
		}
		f, err := Open(path, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(f.Times()) != c.frames || len(f.Notes()) > 0 {
			t.Errorf("%s: %d frames are read, %v", name, len(f.Times()), f.Notes())
		}
		f.Close()
	}
}

// TestSoundInterleaved: what is heard while a frame is shown stands behind the frame, and the index knows every chunk.
func TestSoundInterleaved(t *testing.T) {
	for _, how := range []string{"beside", "first"} {
		b, err := os.ReadFile(soundFilm(t, 24, 32100, 12, Sound{16000, 2}, how))
		if err != nil {
			t.Fatal(err)
		}
		long := binary.LittleEndian.Uint32
		movi, idx1 := bytes.Index(b, []byte("movi")), bytes.Index(b, []byte("idx1"))
		if size := long(b[movi-4:]); int(size) != idx1-movi || int(long(b[4:])) != len(b)-8 {
			t.Errorf("%s: sizes %d and %d", how, size, long(b[4:]))
		}
		frames, values := 0, 0
		for at := idx1 + 8; at+16 <= len(b); at += 16 {
			id, from, n := string(b[at:at+4]), movi+int(long(b[at+8:])), int(long(b[at+12:]))
			if string(b[from:from+4]) != id || int(long(b[from+4:])) != n {
				t.Fatalf("%s: the index finds no %s at %d", how, id, from)
			}
			ends := frames * 16000 / 12
			if id == "00dc" {
				if frames++; values < ends*97/100 {
					t.Errorf("%s: %d values beside %d frames, which end at %d", how, values, frames-1, ends)
				}
				continue
			}
			if values += n / 4; frames < 24 && values > ends {
				t.Errorf("%s: %d values beside %d frames, which end at %d", how, values, frames, ends)
			}
		}
		if frames != 24 || values != 32100 {
			t.Errorf("%s: the index has %d frames and %d values", how, frames, values)
		}
	}
}

// TestSoundRounded: 32768 makes 1, what is larger is cut off, and values are rounded to the nearest.
func TestSoundRounded(t *testing.T) {
	for v, want := range map[float32]int16{0: 0, 1: 32767, -1: -32768, 7: 32767, -7: -32768, 0.5: 16384, 1.4 / 32768: 1, 1.6 / 32768: 2, -1.4 / 32768: -1, float32(math.Inf(1)): 32767, float32(math.Inf(-1)): -32768} {
		if got := sample16(v); got != want {
			t.Errorf("%g becomes %d, want %d", v, got, want)
		}
	}
}

// TestSoundRefused: a sentence for each mistake, and nothing left behind.
func TestSoundRefused(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, want string
		sound      Sound
	}{{"a.gif", "GIFs have no sound", Sound{16000, 1}}, {"a.avi", "0 channels", Sound{16000, 0}}, {"a.avi", "33 channels", Sound{16000, 33}}, {"a.avi", "-1 values a second", Sound{-1, 1}}, {"a.avi", "768001 values", Sound{768001, 1}}} {
		if _, err := CreateWithSound(filepath.Join(dir, c.name), 8, 8, 10, c.sound); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: %v, want %q", c.name, c.sound, err, c.want)
		}
	}
	wr, err := CreateWithSound(filepath.Join(dir, "a.avi"), 8, 8, 10, Sound{16000, 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := wr.WriteSound(make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "3 values of sound for 2 channels") {
		t.Error(err)
	}
	if err := wr.WriteSound([]float32{0, float32(math.NaN())}); err == nil || !strings.Contains(err.Error(), "value 1 of the sound is no number") {
		t.Error(err)
	}
	if err := wr.Write(&Picture{8, 8, make([]byte, 192)}); err != nil {
		t.Fatal(err)
	}
	if err := wr.Close(); err == nil || !strings.Contains(err.Error(), "no sound was written") {
		t.Error(err)
	}
	if err := wr.WriteSound(nil); err == nil || !strings.Contains(err.Error(), "after the film's end") {
		t.Error(err)
	}
	if wr, err = Create(filepath.Join(dir, "b.avi"), 8, 8, 10); err != nil {
		t.Fatal(err)
	}
	if err := wr.WriteSound(make([]float32, 2)); err == nil || !strings.Contains(err.Error(), "begun without") {
		t.Error(err)
	}
	wr.Abort()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestSoundLimit: a film ends before its sizes would be read as negative, and says so, whether a frame or a sound comes over it.
func TestSoundLimit(t *testing.T) {
	for _, what := range []string{"frame", "sound"} {
		f, err := os.Create(filepath.Join(t.TempDir(), "large.avi"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		e, err := newAVIEncoder(f, bufio.NewWriter(f), 8, 8, 10, Sound{16000, 1})
		if err != nil {
			t.Fatal(err)
		}
		p := &Picture{8, 8, make([]byte, 192)}
		if err := e.write(p); err != nil {
			t.Fatal(err)
		}
		e.at = aviLimit - 100
		if what == "frame" {
			err = e.write(p)
		} else {
			err = e.writeSound(make([]float32, 200))
		}
		if err == nil || !strings.Contains(err.Error(), "larger than 2 GB") {
			t.Errorf("a %s beyond the limit: %v", what, err)
		}
	}
}
