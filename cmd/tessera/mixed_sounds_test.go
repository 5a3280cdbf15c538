package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/sound"
)

// tone is so many seconds of a sine.
func tone(rate, hz, seconds float64, channels int) []float32 {
	v := make([]float32, int(rate*seconds)*channels)
	for i := range v {
		v[i] = float32(math.Sin(2*math.Pi*hz*float64(i/channels)/rate)) / 2
	}
	return v
}

func must1[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// wavOf returns the bytes of a WAV; put changes them: places of its header and what is written there, in four bytes.
func wavOf(t *testing.T, rate float64, channels int, float bool, v []float32, put ...uint32) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.wav")
	w := must1(sound.Create(path, rate, channels, sound.Writing{Float: float}))(t)
	if err := w.Write(v); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := must1(os.ReadFile(path))(t)
	for ; len(put) > 0; put = put[2:] {
		binary.LittleEndian.PutUint32(b[put[0]:], put[1])
	}
	return b
}

// TestMixedSounds: recordings as people have them go through data, pretrain and eval: awkward ones are heard, broken ones are named and counted by every command.
func TestMixedSounds(t *testing.T) {
	root, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	for i := range 6 {
		writeFile(t, filepath.Join(root, "a", fmt.Sprintf("low%d.wav", i)), wavOf(t, 16000, 1, false, tone(16000, 200+10*float64(i), 1.2, 1)))
		writeFile(t, filepath.Join(root, "b", fmt.Sprintf("high%d.wav", i)), wavOf(t, 16000, 1, false, tone(16000, 2000+100*float64(i), 1.2, 1)))
	}
	strange := wavOf(t, 16000, 1, true, tone(16000, 220, 1, 1))
	values := bytes.Index(strange, []byte("data")) + 8
	for i := range 100 {
		binary.LittleEndian.PutUint32(strange[values+4*i:], math.Float32bits(float32(math.NaN())))
	}
	plain := wavOf(t, 16000, 1, false, tone(16000, 230, 1, 1))
	size := uint32(bytes.Index(plain, []byte("data")) + 4)
	mp3 := must1(os.ReadFile(filepath.Join("..", "..", "sound", "testdata", "joint.mp3")))(t)
	good := map[string][]byte{
		"silent.wav": wavOf(t, 16000, 1, false, make([]float32, 16000)),
		"nan.wav":    strange,
		"slow.wav":   wavOf(t, 8000, 1, false, tone(8000, 210, 1, 1)),
		"eight.wav":  wavOf(t, 192000, 8, true, tone(192000, 210, 0.5, 8)),
		"one.wav":    wavOf(t, 16000, 1, false, tone(16000, 210, 1, 1)[:1]),
		"long.wav":   wavOf(t, 16000, 1, false, tone(16000, 230, 1, 1), size, 0x7ffffff0), // says 2 GiB
		"lead.mp3":   append(bytes.Repeat([]byte("no frame "), 500), mp3...),
	}
	bad := map[string]struct {
		b   []byte
		why string
	}{
		"empty.wav":    {nil, "empty.wav: an empty file"},
		"none.wav":     {wavOf(t, 16000, 1, false, tone(16000, 1, 1, 1), size, 0)[:size+4], "none.wav: a recording without a single value"},
		"rate.wav":     {wavOf(t, 16000, 1, false, tone(16000, 1, 1, 1), 24, 4e9), "rate.wav: a recording of 4e+09 values a second; from 1 to 768000 are read"},
		"still.wav":    {wavOf(t, 16000, 1, false, tone(16000, 1, 1, 1), 24, 0), "still.wav: a recording of 0 values a second"},
		"channels.wav": {wavOf(t, 16000, 1, false, tone(16000, 1, 1, 1), 20, 60000<<16|1), "channels.wav: a recording of 60000 channels; from 1 to 64 are read"},
		"short.wav":    {plain[:30], "short.wav: a WAV that is cut short in its headers"},
		"page.mp3":     {[]byte("<!DOCTYPE html><html></html>"), "page.mp3: a web page, not a recording"},
		"photo.wav":    {[]byte("\x89PNG\r\n\x1a\n"), "photo.wav: a PNG picture, not a recording"},
	}
	for name, b := range good {
		writeFile(t, filepath.Join(root, "a", name), b)
	}
	for name, c := range bad {
		writeFile(t, filepath.Join(root, "b", name), c.b)
	}
	writeFile(t, filepath.Join(root, "b", "notes.txt"), []byte("a text"))
	all := 12 + len(good) + len(bad)
	named := func(what, text string) {
		t.Helper()
		for _, c := range bad {
			if n := strings.Count(text, c.why); n != 1 {
				t.Errorf("%s says %d times %q:\n%s", what, n, c.why, text)
			}
		}
	}

	out, errs, code := tessera(t, "data", "audio:"+root)
	for _, want := range []string{fmt.Sprintf("%d samples, 2 classes", all), "ignored: 1 .txt", "8 of 27 recordings cannot be read:", "16 of 16000 Hz, 1 of 192000 Hz, 1 of 44100 Hz, 1 of 8000 Hz", "1 of 8 channels",
		"lead.mp3: 4564 bytes that are no frames were passed over", "long.wav: cut short: its header says 2147483632 bytes of values, the 32000 that are there are read",
		"nan.wav: 100 values that are no numbers (NaN, infinite), which are read as 0", "and 5 more"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("data: exit %d: %s%s, want %q", code, out, errs, want)
		}
	}
	pretrain := []string{"pretrain", "supervised", "--data", "audio:" + root, "--trunk", "convnet", "--batch-size", "9", "--max-steps", "3", "--out", run}
	if _, errs, code = tessera(t, pretrain...); code != exitFailed || !strings.Contains(errs, "more than the 1 % that max-bad allows") {
		t.Fatalf("%d broken ones of %d pass: exit %d: %s", len(bad), all, code, errs)
	}
	if _, errs, code = tessera(t, append(pretrain, "--max-bad", "0.5")...); code != 0 || !strings.Contains(errs, fmt.Sprintf("%d of %d samples could not be read; others stood in for them", len(bad), all)) {
		t.Fatalf("exit %d: %s", code, errs)
	}
	named("pretrain", errs)
	judge := []string{"eval", "svm", run, "--data", "audio:" + root, "--test", "audio:" + filepath.Join(root, "a"), "--layers", "last"}
	if out, errs, code = tessera(t, judge...); code != exitFailed || !strings.Contains(errs, "max-bad allows") || out != "" {
		t.Errorf("eval of too many broken ones: exit %d: %s%s", code, out, errs)
	}
	judge[6] = "audio:" + root
	if out, errs, code = tessera(t, append(judge, "--max-bad", "0.5")...); code != 0 || !strings.Contains(out, "svm") {
		t.Errorf("eval: exit %d: %s%s", code, out, errs)
	}
	named("eval", errs)
}

// writeFilm writes an AVI of three seconds at 10 pictures a second with a square that moves, and with sound where there are values.
func writeFilm(t *testing.T, path string, rate, channels int, v []float32) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	s := film.Sound{Rate: rate, Channels: channels}
	if v == nil {
		s = film.Sound{}
	}
	w := must1(film.CreateWithSound(path, 32, 32, 10, s))(t)
	for k := range 30 {
		p := film.NewPicture(32, 32)
		for i := range p.Pix {
			if x, y := i/3%32, i/96; x >= k && x < k+8 && y >= 8 && y < 24 {
				p.Pix[i] = 200
			}
		}
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if v != nil {
		if err := w.WriteSound(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMixedFilms: films whose sound is missing, silent, shorter, longer, of other rates or broken go through data, pretrain and eval.
func TestMixedFilms(t *testing.T) {
	root, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	for i := range 4 {
		writeFilm(t, filepath.Join(root, "a", fmt.Sprintf("low%d.avi", i)), 16000, 1, tone(16000, 200, 3, 1))
		writeFilm(t, filepath.Join(root, "b", fmt.Sprintf("high%d.avi", i)), 16000, 1, tone(16000, 2000, 3, 1))
	}
	writeFilm(t, filepath.Join(root, "a", "silent.avi"), 16000, 1, make([]float32, 48000))
	writeFilm(t, filepath.Join(root, "a", "slow.avi"), 8000, 1, tone(8000, 200, 3, 1))
	writeFilm(t, filepath.Join(root, "a", "stereo.avi"), 48000, 2, tone(48000, 200, 3, 2))
	writeFilm(t, filepath.Join(root, "b", "shorter.avi"), 16000, 1, tone(16000, 2000, 0.7, 1))
	writeFilm(t, filepath.Join(root, "b", "longer.avi"), 16000, 1, tone(16000, 2000, 5, 1))
	writeFilm(t, filepath.Join(root, "b", "mute.avi"), 0, 0, nil)
	writeFile(t, filepath.Join(root, "b", "mute.gif"), []byte("GIF89a"))
	still := filepath.Join(root, "b", "still.avi")
	writeFilm(t, still, 16000, 1, tone(16000, 200, 3, 1))
	b := must1(os.ReadFile(still))(t)
	format := bytes.LastIndex(b, []byte("strf")) + 8
	binary.LittleEndian.PutUint32(b[format+4:], 0) // values a second
	writeFile(t, still, b)
	writeFile(t, filepath.Join(root, "b", "torn.avi"), b[:40])
	const all, broken = 15, 2

	out, errs, code := tessera(t, "data", "av:"+root)
	for _, want := range []string{fmt.Sprintf("%d samples, 2 classes", all), "2 of 17 films have no sound and are left out: b/mute.avi, b/mute.gif", "2 of 15 recordings cannot be read:",
		"still.avi: a recording of 0 values a second; from 1 to 768000 are read", "torn.avi: ", "11 of 16000 Hz, 1 of 48000 Hz, 1 of 8000 Hz"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("data: exit %d: %s%s, want %q", code, out, errs, want)
		}
	}
	pretrain := []string{"pretrain", "audio-visual", "--data", "av:" + root, "--trunk", "convnet", "--side", "32", "--batch-size", "5", "--max-steps", "3", "--max-bad", "0.3", "--out", run}
	if _, errs, code = tessera(t, pretrain...); code != 0 || !strings.Contains(errs, fmt.Sprintf("%d of %d samples could not be read; others stood in for them", broken, all)) ||
		strings.Count(errs, "broken, another stands in: ") != broken {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if out, errs, code = tessera(t, "eval", "retrieval", run, "--data", "av:"+root, "--max-bad", "0.3"); code != 0 || !strings.Contains(out, "nDCG") || !strings.Contains(errs, "still.avi: a recording of 0 values a second") {
		t.Errorf("eval: exit %d: %s%s", code, out, errs)
	}
	if _, errs, code = tessera(t, "eval", "retrieval", run, "--data", "av:"+root); code != exitFailed || !strings.Contains(errs, "max-bad allows") {
		t.Errorf("eval of too many broken ones: exit %d: %s", code, errs)
	}
	if _, errs, code = tessera(t, "pretrain", "audio-visual", "--data", "av:"+root, "--trunk", "convnet", "--side", "32", "--batch-size", "1", "--out", run+"1"); code != exitFailed ||
		!strings.Contains(errs, "audio-visual learns from batches of 2 and more") {
		t.Errorf("batches of one film: exit %d: %s", code, errs)
	}
}
