package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// within is how far values may be from the other program's, by the ending of a file's name: kinds without loss are exact. The last two are ffmpeg's own, of another version perhaps.
var within = map[string]float64{".mp3": 1e-6, ".mp2": 1e-6, ".ogg": 1e-6, ".mpg": 1e-6, ".avi": 1e-6, ".m4a": 1e-4, ".opus": 1e-4}

// readValues reads how many values there are, and one in so many of them.
func readValues(t testing.TB, path string) (total, every int, v []float32) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	total, every, b = int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:])), b[8:]
	v = make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return total, every, v
}

// all reads a recording from its beginning to its end.
func all(t testing.TB, r *Recording) []float32 {
	t.Helper()
	v := make([]float32, r.Len()*int64(r.Channels()))
	if err := r.Read(v, 0); err != nil {
		t.Fatal(err)
	}
	return v
}

func open1(t testing.TB, path string, o Options) *Recording {
	t.Helper()
	r, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestValues: every small recording has the values that another program reads, and as many.
func TestValues(t *testing.T) {
	names, err := filepath.Glob("testdata/*.values")
	if err != nil || len(names) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, name := range names {
		path := strings.TrimSuffix(name, ".values")
		t.Run(filepath.Base(path), func(t *testing.T) {
			r := open1(t, path, options(t, path))
			total, every, want := readValues(t, name)
			got := all(t, r)
			if len(got) != total {
				t.Fatalf("%d values, another program reads %d", len(got), total)
			}
			most, sum := 0.0, 0.0
			for i := range want {
				d := math.Abs(float64(got[every*i]) - float64(want[i]))
				most, sum = max(most, d), sum+d*d
			}
			t.Logf("%s, %g Hz, %d channels: at most %.3g off, %.3g in the root mean square; %v", r.Format(), r.Rate(), r.Channels(), most, math.Sqrt(sum/float64(len(want))), r.Notes())
			if most > within[filepath.Ext(path)] {
				t.Errorf("values are up to %g off", most)
			}
		})
	}
}

// options are those a recording of testdata is opened with: none of ours goes to ffmpeg.
func options(t testing.TB, path string) Options {
	t.Helper()
	if strings.HasPrefix(filepath.Base(path), "ffmpeg") {
		needFFmpeg(t)
		return Options{}
	}
	return Options{FFmpeg: "none"}
}

// TestWindows: a window is the slice of the whole, wherever it begins and whatever was read before, by several readers at once.
func TestWindows(t *testing.T) {
	names, err := filepath.Glob("testdata/*.values")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := strings.TrimSuffix(name, ".values")
		t.Run(filepath.Base(path), func(t *testing.T) {
			r := open1(t, path, options(t, path))
			want := all(t, r)
			var wait sync.WaitGroup
			workers, windows := 3, 40
			if strings.HasSuffix(r.Format(), "ffmpeg") {
				workers, windows = 1, 2
			}
			for worker := range workers {
				wait.Go(func() { checkWindows(t, r, want, windows, uint64(worker)) })
			}
			wait.Wait()
		})
	}
}

func checkWindows(t *testing.T, r *Recording, want []float32, windows int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	c := int64(r.Channels())
	for range windows {
		from := rng.Int64N(r.Len())
		n := 1 + rng.Int64N(min(r.Len()-from, 1+rng.Int64N(r.Len())))
		got := make([]float32, n*c)
		if err := r.Read(got, from); err != nil {
			t.Errorf("values %d to %d: %v", from, from+n, err)
			return
		}
		for i, v := range got {
			if w := want[from*c+int64(i)]; v != w {
				t.Errorf("values %d to %d: value %d is %g, in the whole %g", from, from+n, i, v, w)
				return
			}
		}
		mono := make([]float32, n)
		if err := r.Mono(mono, from); err != nil {
			t.Error(err)
			return
		}
		for i, v := range mono {
			sum := 0.0
			for _, x := range got[int64(i)*c : int64(i+1)*c] {
				sum += float64(x)
			}
			if w := float32(min(max(sum/float64(c), -1), 1)); v != w {
				t.Errorf("the mean of value %d is %g, not %g", from+int64(i), v, w)
				return
			}
		}
	}
}

// TestCut: a recording that is cut short anywhere is refused in a sentence, or read as far as it is whole, and a note says so.
func TestCut(t *testing.T) {
	names, err := filepath.Glob("testdata/*.values")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := strings.TrimSuffix(name, ".values")
		if strings.HasPrefix(filepath.Base(path), "ffmpeg") {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r := open1(t, path, options(t, path))
			want := all(t, r)
			read := 0
			for n := 0; n < len(b); n += 1 + len(b)/97 {
				cut, err := readBytes(b[:n], Options{})
				if err != nil {
					if strings.ContainsAny(err.Error(), "\n\r") {
						t.Errorf("cut at %d: %q", n, err)
					}
					continue
				}
				if cut == nil {
					continue
				}
				read++
				got := all(t, cut)
				checkCut(t, n, got, want, filepath.Ext(path))
				frame := map[string]int{"eighth.mp3": 108}[filepath.Base(path)]
				if between := frame > 0 && n%frame == 0; len(got) < len(want) && len(cut.Notes()) == 0 && !between {
					t.Errorf("cut at %d of %d: %d of %d values without a note", n, len(b), len(got), len(want))
				}
			}
			if single := map[string]bool{"eight.flac": true, "wasted.flac": true}; read == 0 && !single[filepath.Base(path)] { // one frame
				t.Error("nothing of it was read wherever it was cut")
			}
		})
	}
}

func checkCut(t *testing.T, n int, got, want []float32, ending string) {
	t.Helper()
	if len(got) > len(want) {
		t.Errorf("cut at %d: %d values of %d", n, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("cut at %d: value %d of %d is %g, not %g", n, i, len(got), got[i], want[i])
			return
		}
	}
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

// readBytes is Open for what needs no ffmpeg, from memory.
func readBytes(b []byte, o Options) (*Recording, error) {
	o = o.filled()
	r, err := read(memoryFile{bytes.NewReader(b)}, int64(len(b)), o)
	if err == nil && r != nil {
		err = r.check(o)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// TestRefused: what is no recording, or none that can be read, gets a sentence.
func TestRefused(t *testing.T) {
	wav := func(format []byte, data int) []byte {
		b := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), binary.LittleEndian.AppendUint32(nil, uint32(len(format)))...)
		b = append(append(b, format...), "data"...)
		return append(binary.LittleEndian.AppendUint32(b, uint32(data)), make([]byte, data)...)
	}
	format := func(tag, channels uint16, rate uint32, block, bits uint16) []byte {
		le := binary.LittleEndian
		b := le.AppendUint32(le.AppendUint16(le.AppendUint16(nil, tag), channels), rate)
		return le.AppendUint16(le.AppendUint16(le.AppendUint32(b, rate*uint32(block)), block), bits)
	}
	none := []byte("GIF89a and so on")
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"GIF", none, "no sound in it"},
		{"JPEG", []byte("\xff\xd8\xff\xe0...."), "a JPEG picture, not a recording"},
		{"page", []byte("<!DOCTYPE html><html>"), "a web page"},
		{"pointer", []byte("version https://git-lfs.github.com/spec/v1"), "git lfs pull"},
		{"no format", []byte("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00\x00\x00"), "without a format"},
		{"no values", append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"), format(1, 1, 8000, 2, 16)...), "without values"},
		{"zero length", wav(format(1, 1, 8000, 2, 16), 0), "without a single value"},
		{"65 channels", wav(format(1, 65, 8000, 130, 16), 260), "65 channels"},
		{"0 channels", wav(format(1, 0, 8000, 2, 16), 260), "0 channels"},
		{"rate 0", wav(format(1, 1, 0, 2, 16), 260), "0 values a second"},
		{"rate", wav(format(1, 1, 800_000, 2, 16), 260), "from 1 to 768000"},
		{"bits", wav(format(1, 1, 8000, 5, 40), 260), "40 bits in 5 bytes"},
		{"half floats", wav(format(3, 1, 8000, 2, 16), 260), "16 bits in 2 bytes"},
		{"FLAC", []byte("fLaC\x80\x00\x00\x22"), "cut short in its headers"},
	} {
		r, err := readBytes(c.b, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", c.name, r, err)
		}
	}
	if _, err := readBytes(none, Options{}); !errors.Is(err, ErrNone) {
		t.Errorf("a GIF: %v", err)
	}
	if _, err := readBytes(wav(format(1, 1, 8000, 2, 16), 260), Options{MaxLength: 100}); err == nil || !strings.Contains(err.Error(), "MaxLength") {
		t.Errorf("%v", err)
	}
	r, err := readBytes(wav(format(1, 2, 8000, 4, 16), 260), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		n    int
		from int64
	}{{1, 0}, {2, 65}, {2, -1}, {132, 0}, {2, math.MaxInt64}} {
		if err := r.Read(make([]float32, c.n), c.from); err == nil {
			t.Errorf("%d values from %d were read of %d", c.n, c.from, r.Len())
		}
	}
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.wav")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "a folder", empty: "an empty file", filepath.Join(dir, "none"): "no such file"} {
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), filepath.Base(path)) != 1 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestNumbers: values that are no numbers are 0, and a note counts them.
func TestNumbers(t *testing.T) {
	b, err := os.ReadFile("testdata/float32.wav")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("data")) + 8
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		binary.LittleEndian.PutUint32(b[at+40*i:], math.Float32bits(float32(v)))
	}
	r, err := readBytes(b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := all(t, r)
	if v[0] != 0 || v[10] != 0 || v[20] != 0 {
		t.Errorf("%v", v[:21])
	}
	if n := r.Notes(); len(n) != 1 || !strings.HasPrefix(n[0], "3 values that are no numbers") {
		t.Errorf("%q", n)
	}
}

// TestWrite: what is written comes back: floats as they were, 16 bits to half a step, and libsndfile's reading of it is make.py's affair for the same layout.
func TestWrite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, channels := range []int{1, 2, 3, 64} {
		for _, float := range []bool{false, true} {
			v := make([]float32, 1001*channels)
			for i := range v {
				v[i] = float32(rng.Float64()*2.2 - 1.1)
			}
			path := filepath.Join(t.TempDir(), "a.wav")
			wr, err := Create(path, 22050, channels, Writing{Float: float})
			if err != nil {
				t.Fatal(err)
			}
			for from := 0; from < len(v); from += 100 * channels {
				if err := wr.Write(v[from:min(from+100*channels, len(v))]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("the file has its name before it is whole")
			}
			if err := wr.Close(); err != nil {
				t.Fatal(err)
			}
			r := open1(t, path, Options{FFmpeg: "none"})
			if r.Rate() != 22050 || r.Channels() != channels || r.Len() != 1001 || len(r.Notes()) != 0 {
				t.Errorf("%s: %g Hz, %d channels, %d values, %v", r.Format(), r.Rate(), r.Channels(), r.Len(), r.Notes())
			}
			for i, got := range all(t, r) {
				want := v[i]
				if !float {
					want = float32(min(max(math.RoundToEven(float64(want)*32768), -32768), 32767) / 32768)
				}
				if got != want {
					t.Fatalf("value %d is %g, not %g", i, got, want)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		}
	}
}

// TestWriteRefused: what cannot be written gets a sentence, and leaves the file that was there alone.
func TestWriteRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(path, []byte("as it was"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path     string
		rate     float64
		channels int
	}{{path, 0, 1}, {path, 8000.5, 1}, {path, 1e6, 1}, {path, 8000, 0}, {path, 8000, 65}, {path + ".mp3", 8000, 1}, {filepath.Join(path, "none", "a.wav"), 8000, 1}} {
		if _, err := Create(c.path, c.rate, c.channels, Writing{}); err == nil {
			t.Errorf("%v was begun", c)
		}
	}
	wr, err := Create(path, 8000, 2, Writing{})
	if err != nil {
		t.Fatal(err)
	}
	if err := wr.Write([]float32{0, 0, 0}); err == nil {
		t.Error("half a value was written")
	}
	if err := wr.Write([]float32{0, float32(math.NaN())}); err == nil || !strings.Contains(err.Error(), "value 0 is no number") {
		t.Errorf("%v", err)
	}
	if err := wr.Close(); err == nil {
		t.Error("a recording that failed was closed without an error")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "as it was" {
		t.Errorf("%q, %v", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDelay: the sound of a film begins when its headers say, beside its pictures.
func TestDelay(t *testing.T) {
	b, err := os.ReadFile("testdata/pcm.avi")
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string]int{"auds": bytes.Index(b, []byte("auds")), "vids": bytes.Index(b, []byte("vids"))}
	at := func(stream string) []byte { return b[streams[stream]:] }
	second := func(stream string) uint32 { // in the units of the stream: scale, then rate
		return binary.LittleEndian.Uint32(at(stream)[24:]) / binary.LittleEndian.Uint32(at(stream)[20:])
	}
	for _, c := range []struct{ sound, pictures, want float64 }{{0, 0, 0}, {2, 0, 2}, {0, 1, -1}, {3, 1, 2}} {
		for stream, s := range map[string]float64{"auds": c.sound, "vids": c.pictures} {
			binary.LittleEndian.PutUint32(at(stream)[28:], uint32(s)*second(stream))
		}
		path := filepath.Join(t.TempDir(), "a.avi")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if r := open1(t, path, Options{FFmpeg: "none"}); r.Delay() != c.want {
			t.Errorf("sound at %g s and pictures at %g s: a delay of %g s", c.sound, c.pictures, r.Delay())
		}
	}
	// what ffprobe says of both streams: 0.524967 s and 0.54 s
	if r := open1(t, "testdata/layer2.mpg", Options{FFmpeg: "none"}); math.Abs(r.Delay()-(0.524967-0.54)) > 1e-6 {
		t.Errorf("MPEG-1: a delay of %g s", r.Delay())
	}
	if r := open1(t, "testdata/pcm16.wav", Options{}); r.Delay() != 0 {
		t.Errorf("a recording without pictures has a delay of %g s", r.Delay())
	}
}
