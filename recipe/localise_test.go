package recipe

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/sound"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// bright thinks that it sounds where it is bright, the surer the louder it is.
type bright struct{ heard []float32 }

func (*bright) Localises() bool { return true }
func (b *bright) Where(x, y *autograd.Var) *tensor.Tensor {
	s := x.Shape()
	loud := float32(tensor.Sum(y.Value) / float64(y.Value.Len()))
	b.heard = append(b.heard, loud)
	heat := autograd.AdaptiveAvgPool(x, s[1]/4, s[2]/4).Value.Clone()
	out := tensor.New(heat.Dim(1), heat.Dim(2))
	for p := range out.Data {
		out.Data[p] = 8*heat.Data[3*p] - 4
	}
	return out
}

// crossing writes a film of 64 by 48 pixels in which a white square goes from left to right, with a sound that is heard in its last half second alone.
func crossing(t *testing.T, path string, frames, hz int) {
	t.Helper()
	w, err := film.CreateWithSound(path, 48, 64, 12, film.Sound{Rate: hz, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	n := frames * hz / 12
	x := make([]float32, n)
	for i := n - hz/2; i < n; i++ {
		x[i] = 0.5 * float32(math.Sin(float64(i)))
	}
	for k := range frames {
		p := film.NewPicture(48, 64)
		for y := 16; y < 32; y++ {
			for x := range 16 {
				copy(p.Pix[3*(y*64+2*k+x):], []uint8{255, 255, 255})
			}
		}
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteSound(x); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// brightRun looks at a film with bright.
func brightRun(t *testing.T, path string, o Localising) (*localiseRun, *bright) {
	t.Helper()
	d, err := openSounding(path)
	if err != nil {
		t.Fatal(err)
	}
	b := &bright{}
	m := &Model{Side: 24, Norm: data.Norm{Std: [3]float32{1, 1, 1}}, Info: &train.Info{Config: train.Config{Sound: "mel?seconds=0.25&bands=8"}}}
	return &localiseRun{m: m, l: b, tape: autograd.NewInference(), d: d, o: o}, b
}

// TestLocalise: the likeliest place is that of all of the frame, in the film's own pixels; the window that is heard has its frame in its middle; the film that is written
// has as many frames, the whole sound, and below each frame the envelope with a line at its time.
func TestLocalise(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.avi"), filepath.Join(dir, "out.AVI")
	const frames, hz = 24, 8000
	crossing(t, in, frames, hz)
	done := 0
	r, b := brightRun(t, in, Localising{Out: out, Progress: func(k, of int) { done = k }})
	found, err := r.run(context.Background())
	if err != nil || len(found) != frames || done != frames {
		t.Fatalf("%d places, %d told, %v", len(found), done, err)
	}
	for k, p := range found {
		if p.Frame != k || math.Abs(p.Time-float64(k)/12) > 1e-6 || math.Abs(p.X-float64(2*k+8)) > 8 || math.Abs(p.Y-24) > 8 || p.Sure < 0.8 || p.Least > 0.1 {
			t.Errorf("frame %d: %+v, want about %d, 24", k, p, 2*k+8)
		}
	}
	for k, loud := range b.heard { // it sounds from second 1.5 to 2; a window of frame k reaches an eighth of a second to both sides, but the last ones lie in the sound
		if heard := loud > b.heard[0]+0.1; heard != (float64(k)/12+0.125 > 1.5) {
			t.Errorf("frame %d has loudness %g, the first %g", k, loud, b.heard[0])
		}
	}
	made, err := film.Open(out, film.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	const zoom = 4 // of 64 pixels, to 240 at least
	if h, w := made.Size(); h != zoom*48+stripHigh || w != zoom*64 || len(made.Times()) != frames {
		t.Fatalf("the film is %dx%d, %d frames", w, h, len(made.Times()))
	}
	x, _ := soundOfAVI(t, out)
	if len(x) != frames*hz/12 || x[0] != 0 || max(x[len(x)-2], -x[len(x)-2]) < 1000 {
		t.Errorf("%d values of sound", len(x))
	}
	err = made.Frames([]int{0, 20}, func(i int, p *film.Picture) error {
		k := []int{0, 20}[i]
		row := p.Pix[3*(zoom*48+2)*p.W:][:3*p.W] // above the envelope's quiet parts: the line alone is bright there
		line := -1
		for x := range p.W {
			if row[3*x] > 200 && row[3*x+1] > 200 && row[3*x+2] > 200 && line < 0 {
				line = x
			}
		}
		want := int(float64(k) / 12 / 2 * float64(p.W)) // of two seconds
		if line < want-3 || line > want+3 {
			t.Errorf("frame %d: the line is at %d, want %d", k, line, want)
		}
		hot, cold := p.Pix[3*(zoom*24*p.W+zoom*(2*k+4)):][:3], p.Pix[3*(zoom*4*p.W+zoom*60):][:3]
		if hot[0] < 150 || cold[0] > 60 || hot[0] < hot[2] {
			t.Errorf("frame %d: where it sounds %v, where not %v", k, hot, cold)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	gif := filepath.Join(dir, "out.gif")
	r, _ = brightRun(t, in, Localising{Out: gif})
	if _, err := r.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if f, err := film.Open(gif, film.Options{}); err != nil || len(f.Times()) != frames {
		t.Errorf("as GIF: %v", err)
	} else {
		f.Close()
	}
}

// TestLocaliseStopped: stopped in the middle it writes nothing, and a film that was there before stays.
func TestLocaliseStopped(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.avi"), filepath.Join(dir, "out.avi")
	crossing(t, in, 12, 8000)
	os.WriteFile(out, []byte("before"), 0o644)
	ctx, stop := context.WithCancel(context.Background())
	r, b := brightRun(t, in, Localising{Out: out, Progress: func(k, _ int) {
		if k == 5 {
			stop()
		}
	}})
	if _, err := r.run(ctx); !errors.Is(err, context.Canceled) || len(b.heard) != 5 {
		t.Errorf("%v after %d frames", err, len(b.heard))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("it left %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
	if kept, _ := os.ReadFile(out); string(kept) != "before" {
		t.Errorf("the film that was there is %q", kept)
	}
}

// TestEnvelope: the peaks of each part of time, whichever values a part begins at; nothing where the pictures last longer.
func TestEnvelope(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	w, err := sound.Create(path, 8000, 1, sound.Writing{Float: true})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 80000)
	x[10], x[69999] = -0.5, 0.25
	if w.Write(x) != nil || w.Close() != nil {
		t.Fatal("not written")
	}
	d, err := data.OpenSounds(path, data.SoundOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEnvelope(d.Sounds, 20)
	if err != nil {
		t.Fatal(err)
	}
	last := int(8.75 / 20 * float64(len(e.peak)))
	for k, v := range e.peak {
		want := float32(0)
		switch {
		case k == 0:
			want = 0.5
		case k == last || k == last-1 && v != 0:
			want = 0.25
		}
		if k != last-1 && k != last && v != want {
			t.Errorf("part %d has %g, want %g", k, v, want)
		}
	}
	if max(e.peak[last], e.peak[last-1]) != 0.25 {
		t.Errorf("at 8.75 s %v", e.peak[last-2:last+2])
	}
	s := canvas.NewSheet(200, stripHigh)
	e.draw(s, 0, 0, 200, stripHigh, 10)
	if s.RGBAAt(0, 1) != heardColour || s.RGBAAt(50, stripHigh/2-1) != heardColour || s.RGBAAt(150, stripHigh/2-1) != canvas.Quiet || s.RGBAAt(50, 2) != canvas.Ink {
		t.Errorf("drawn %v %v %v", s.RGBAAt(0, 1), s.RGBAAt(50, stripHigh/2-1), s.RGBAAt(150, stripHigh/2-1))
	}
}

// TestLocaliseRefuses: what is no run of the kind, and what is no film with sound, is refused in a sentence.
func TestLocaliseRefuses(t *testing.T) {
	dir := t.TempDir()
	in, still := filepath.Join(dir, "in.avi"), filepath.Join(dir, "still.gif")
	crossing(t, in, 12, 8000)
	silent := filepath.Join(dir, "silent.avi")
	for _, path := range []string{silent, still} {
		w, err := film.Create(path, 16, 16, 12)
		if err != nil {
			t.Fatal(err)
		}
		if w.Write(film.NewPicture(16, 16)) != nil || w.Close() != nil {
			t.Fatal("not written")
		}
	}
	text := filepath.Join(dir, "a.txt")
	os.WriteFile(text, []byte("words"), 0o644)
	for path, want := range map[string]string{silent: "silent.avi has no sound, by which", still: "still.gif has no sound, by which", dir: "is a folder; want one film",
		filepath.Join(dir, "none.avi"): "none.avi"} {
		if _, err := openSounding(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	r, _ := brightRun(t, text, Localising{Out: filepath.Join(dir, "out.gif")})
	if _, err := r.run(context.Background()); err == nil || !strings.Contains(err.Error(), "a.txt") {
		t.Errorf("a text: %v", err)
	}
	fast := filepath.Join(dir, "fast.avi")
	w, err := film.CreateWithSound(fast, 16, 16, 60, film.Sound{Rate: 8000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := errors.Join(w.Write(film.NewPicture(16, 16)), w.WriteSound(make([]float32, 133))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, _ = brightRun(t, fast, Localising{Out: filepath.Join(dir, "fast.gif")})
	if _, err := r.run(context.Background()); err == nil || !strings.Contains(err.Error(), "60 frames a second; browsers show") {
		t.Errorf("a GIF of 60 frames a second: %v", err)
	}
	run := filepath.Join(dir, "run")
	trained(t, quickConfig("scenes:?n=20&side=16"), run, Options{})
	for path, want := range map[string]string{run: "rotation does not say where it sounds; audio-visual?fusion=location does", dir: "run.json"} {
		if _, err := Localise(context.Background(), path, in, Localising{Out: filepath.Join(dir, "out.gif")}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
