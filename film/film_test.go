package film

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// reference reads what another program made of a film of testdata.
func reference(t testing.TB, name string, h, w int) (frames [][]uint8, times []float64) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".frames"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", name+".times"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range strings.Fields(string(text)) {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, v)
	}
	n := h * w * 3
	if len(b) != n*len(times) {
		t.Fatalf("%s: %d bytes of frames, %d frames of %dx%d", name, len(b), len(times), h, w)
	}
	for ; len(b) > 0; b = b[n:] {
		frames = append(frames, b[:n])
	}
	return frames, times
}

// decoded returns all frames of a film.
func decoded(t testing.TB, f *Film) (out []*Picture) {
	t.Helper()
	all := make([]int, len(f.Times()))
	for i := range all {
		all[i] = i
	}
	err := f.Frames(all, func(k int, p *Picture) error {
		if k != len(out) {
			t.Fatalf("frame %d after %d", k, len(out))
		}
		q := NewPicture(p.H, p.W)
		copy(q.Pix, p.Pix)
		out = append(out, q)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// farthest returns the largest difference of two values.
func farthest(a, b []uint8) int {
	d := 0
	for i := range a {
		d = max(d, max(int(a[i]), int(b[i]))-min(int(a[i]), int(b[i])))
	}
	return d
}

// TestReferences: every frame and time of every film is what another program reads.
func TestReferences(t *testing.T) {
	for _, c := range []struct {
		name   string
		format string
		h, w   int
		within int
		note   string
	}{
		{"plain.gif", "GIF", 14, 19, 0, ""},
		{"parts.gif", "GIF", 14, 19, 0, ""},
		{"background.gif", "GIF", 14, 19, 0, ""},
		{"previous.gif", "GIF", 14, 19, 0, ""},
		{"interlaced.gif", "GIF", 14, 19, 0, ""},
		{"still.gif", "GIF", 14, 19, 0, ""},
		{"hurried.gif", "GIF", 14, 19, 0, "2 frames to be shown for less"},
		{"index.avi", "AVI (MJPEG)", 18, 25, 3, ""},
		{"noindex.avi", "AVI (MJPEG)", 18, 25, 3, "without an index"},
		{"rec.avi", "AVI (MJPEG)", 18, 25, 3, ""},
		{"tables.avi", "AVI (MJPEG)", 18, 25, 3, ""},
		{"grey.avi", "AVI (MJPEG)", 18, 25, 1, ""},
		{"gap.avi", "AVI (MJPEG)", 18, 25, 3, "2 frames of no bytes"},
		{"420jpeg.y4m", "Y4M", 17, 23, 2, ""},
		{"420mpeg2.y4m", "Y4M", 17, 23, 2, ""},
		{"422.y4m", "Y4M", 17, 23, 2, ""},
		{"444.y4m", "Y4M", 17, 23, 2, ""},
		{"411.y4m", "Y4M", 17, 23, 2, ""},
		{"mono.y4m", "Y4M", 17, 23, 0, ""},
		{"groups.mpg", "MPEG-PS (MPEG-1)", 19, 22, 3, ""},
		{"groups.m1v", "MPEG-1", 19, 22, 3, ""},
		{"noise.m1v", "MPEG-1", 38, 50, 3, ""},
		{"fields.avi", "AVI (MJPEG)", 18, 25, 3, "interlaced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", c.name), Options{FFmpeg: "none"})
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
				if math.Abs(s-times[i]) > 1e-6 {
					t.Errorf("frame %d at %g s, want %g", i, s, times[i])
				}
			}
			compare(t, f, want, c.within, 1)
		})
	}
}

// compare holds a film to frames: all in a row, each (or each of step) by itself, and asked for by several goroutines at once.
func compare(t *testing.T, f *Film, want [][]uint8, within, step int) {
	t.Helper()
	all := decoded(t, f)
	for i, p := range all {
		if d := farthest(p.Pix, want[i]); d > within {
			t.Errorf("frame %d differs by %d", i, d)
		}
	}
	var wg sync.WaitGroup
	for i := len(want) - 1; i >= 0; i -= step {
		wg.Go(func() {
			index := []int{i}
			if i+2 < len(want) {
				index = append(index, i+2)
			}
			err := f.Frames(index, func(k int, p *Picture) error {
				if !bytes.Equal(p.Pix, all[index[k]].Pix) {
					t.Errorf("frame %d is another when it is asked for with %v", index[k], index)
				}
				clear(p.Pix) // what each writes is its own affair
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// pictures are n frames of a square that moves over a gradient, of many colours or of a few.
func pictures(n, h, w int, few bool) (out []*Picture) {
	for k := range n {
		p := NewPicture(h, w)
		for y := range h {
			for x := range w {
				c := p.Pix[3*(y*w+x):]
				c[0], c[1], c[2] = uint8(200*x/w), uint8(200*y/h), uint8(x+y+5*k)
				if few {
					c[0], c[1], c[2] = 20, 30, 40
				}
				if y >= k && y < k+5 && x >= 2*k && x < 2*k+5 {
					c[0], c[1], c[2] = 250, 10, 20
				}
			}
		}
		out = append(out, p)
	}
	return out
}

func write(t testing.TB, path string, rate float64, frames []*Picture) {
	t.Helper()
	wr, err := Create(path, frames[0].H, frames[0].W, rate)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range frames {
		if err := wr.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := wr.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRoundTrip: what is written is read back: exactly where a GIF has room for the colours, else nearly.
func TestRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name   string
		few    bool
		rate   float64
		within float64 // mean difference
	}{
		{"few.gif", true, 25, 0},
		{"many.gif", false, 30, 9},
		{"few.avi", true, 29.97, 2.5}, // the square's edges: chroma is of half size
		{"many.avi", false, 12.5, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.name)
			frames := pictures(9, 31, 37, c.few)
			write(t, path, c.rate, frames)
			f, err := Open(path, Options{FFmpeg: "none"})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if notes := f.Notes(); len(notes) > 0 {
				t.Errorf("notes %q", notes)
			}
			got := decoded(t, f)
			if len(got) != len(frames) {
				t.Fatalf("%d frames, want %d", len(got), len(frames))
			}
			for i := range got {
				if d := meanDifference(got[i].Pix, frames[i].Pix); d > c.within {
					t.Errorf("frame %d differs by %.2f in the mean", i, d)
				}
				if s := float64(i) / c.rate; math.Abs(f.Times()[i]-s) > 0.0051 {
					t.Errorf("frame %d at %g s, want %g", i, f.Times()[i], s)
				}
			}
			if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
				t.Errorf("%v %v: something is left beside the film", entries, err)
			}
		})
	}
}

func meanDifference(a, b []uint8) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i]), int(b[i])) - min(int(a[i]), int(b[i]))
	}
	return float64(sum) / float64(len(a))
}

// TestAborted: a film that is given up, or has no frames, leaves what was there.
func TestAborted(t *testing.T) {
	for _, ending := range []string{".gif", ".avi"} {
		path := filepath.Join(t.TempDir(), "a"+ending)
		if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
		wr, err := Create(path, 8, 8, 10)
		if err != nil {
			t.Fatal(err)
		}
		if err := wr.Write(NewPicture(8, 8)); err != nil {
			t.Fatal(err)
		}
		wr.Abort()
		if wr, err = Create(path, 8, 8, 10); err != nil {
			t.Fatal(err)
		}
		if err := wr.Close(); err == nil || !strings.Contains(err.Error(), "without frames") {
			t.Errorf("%v", err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "before" {
			t.Errorf("%q %v", b, err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Errorf("%v are left", entries)
		}
	}
}

// TestEach: an error of each ends the frames, and comes back as it is.
func TestEach(t *testing.T) {
	f, err := Open("testdata/plain.gif", Options{FFmpeg: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stop := fmt.Errorf("enough")
	n := 0
	err = f.Frames([]int{0, 1, 2}, func(int, *Picture) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if err != stop || n != 2 {
		t.Errorf("%v after %d", err, n)
	}
	for _, index := range [][]int{{-1}, {5}, {1, 1}, {3, 2}} {
		if err := f.Frames(index, func(int, *Picture) error { return nil }); err == nil {
			t.Errorf("%v is taken", index)
		}
	}
}

// TestStuffing: what stands between the packets of a program stream is passed over.
func TestStuffing(t *testing.T) {
	b, err := os.ReadFile("testdata/groups.mpg")
	if err != nil {
		t.Fatal(err)
	}
	second := 4 + bytes.Index(b[4:], []byte{0, 0, 1, codePack})
	if second < 4 {
		second = 12 // behind the first pack's header
	}
	stuffed := slices.Concat(b[:second], make([]byte, 200_000), b[second:])
	f, err := readMPEG(memoryFile{bytes.NewReader(stuffed)}, int64(len(stuffed)), Options{}.filled())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := reference(t, "groups.mpg", 19, 22)
	got := decoded(t, f)
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i := range got {
		if d := farthest(got[i].Pix, want[i]); d > 3 {
			t.Errorf("frame %d differs by %d", i, d)
		}
	}
}
