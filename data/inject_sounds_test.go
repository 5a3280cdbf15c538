package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// worn is a sound whose value k is 1 + k/1000, and a film with frames at times of its own.
type worn struct {
	every
	values []float32
	rate   float64
	times  []float64
}

func newWorn(n int, rate float64, times ...float64) *worn {
	r := &worn{every{1}, make([]float32, n), rate, times}
	for k := range r.values {
		r.values[k] = 1 + float32(k)/1000
	}
	return r
}

func (r *worn) Length(int) (int, float64, error)        { return len(r.values), r.rate, nil }
func (r *worn) Sound(_, from, n int) ([]float32, error) { return r.values[from : from+n], nil } // its own memory
func (r *worn) Times(int) ([]float64, error)            { return r.times, nil }

// codecOf is the definition, in float64 and value by value: the latest frame that has begun, and how long ago.
func codecOf(x, t, by float64, frames []float64) float64 {
	since := math.Inf(1)
	for _, f := range frames {
		if f <= t {
			since = t - f
		}
	}
	if since >= 0.005 {
		return x
	}
	return x * (1 - by*(1-since/0.005))
}

// TestInjectCodec: against the definition, of even and uneven frames, of such as begin late, lie closer than what they leave, and of recordings alone; a window is
// the slice of the whole to the bit, and what the source holds stays as it is.
func TestInjectCodec(t *testing.T) {
	var alone []float64
	for k := range 30 {
		alone = append(alone, float64(k)*0.04)
	}
	for name, c := range map[string]struct {
		*worn
		frames []float64
		film   bool
	}{
		"even":        {newWorn(4001, 16000, 0, 0.08, 0.16, 0.24), []float64{0, 0.08, 0.16, 0.24}, true},
		"uneven":      {newWorn(3000, 11025, 0.0301, 0.0917, 0.1, 0.25), []float64{0.0301, 0.0917, 0.1, 0.25}, true},
		"closer":      {newWorn(900, 8000, 0, 0.003, 0.006, 0.05), []float64{0, 0.003, 0.006, 0.05}, true},
		"no frames":   {newWorn(900, 8000), nil, true},
		"a recording": {newWorn(8003, 7999), alone, false},
	} {
		for _, by := range []float64{1, 0.3, 0} {
			before := slices.Clone(c.values)
			d := &Dataset{Name: "some:", Inputs: Inputs{Sounds: c.worn}}
			if c.film {
				d.Clips = c.worn
			}
			d, err := d.inject([]injection{{soundInjector(t, "codec"), by}})
			if err != nil {
				t.Fatal(err)
			}
			whole, err := d.Sounds.Sound(0, 0, len(c.values))
			if err != nil {
				t.Fatal(err)
			}
			changed := 0
			for k, v := range whole {
				if want := codecOf(float64(before[k]), float64(k)/c.rate, by, c.frames); math.Abs(float64(v)-want) > 1e-6*math.Abs(float64(before[k])) {
					t.Fatalf("%s by %g: value %d is %g, want %g of %g", name, by, k, v, want, before[k])
				}
				if v != before[k] {
					changed++
				}
			}
			if (changed == 0) != (by == 0 || c.frames == nil) || changed > len(whole)/2 && name != "closer" {
				t.Errorf("%s by %g: %d of %d values are changed", name, by, changed, len(whole))
			}
			for _, w := range [][2]int{{0, 1}, {1, 700}, {399, 2}, {640, 33}, {len(whole) - 5, 5}, {17, 0}} {
				w[0] = min(w[0], len(whole)-w[1])
				got, err := d.Sounds.Sound(0, w[0], w[1])
				if err != nil || !slices.Equal(got, whole[w[0]:w[0]+w[1]]) {
					t.Errorf("%s by %g: the window of %d values from %d on is not the slice of the whole: %v", name, by, w[1], w[0], err)
				}
			}
			if !slices.Equal(c.values, before) {
				t.Fatalf("%s: the source's values are changed", name)
			}
		}
	}
}

func soundInjector(t *testing.T, name string) injector {
	t.Helper()
	j := injectorNamed(t, name)
	if j.hear == nil || j.put != nil {
		t.Fatalf("%s is not of sounds alone", name)
	}
	return j
}

// TestInjectSoundsOpen: films with sound have the option; it stands in name and fingerprint, frames and truth stay, and a trace goes into what it is of or is refused.
func TestInjectSoundsOpen(t *testing.T) {
	const of = "scenes:?sound=yes&n=3&side=16&frames=6&hz=8000"
	plain, err := Open(of, Train)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(of+"&inject=codec:0.5", Train)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != plain.Name+"&inject=codec:0.5" || d.Fingerprint == plain.Fingerprint || fmt.Sprint(d.Notes) != "[put into every sound: codec:0.5]" || d.Truth.Labels == nil || d.Clips == nil {
		t.Errorf("name %s, notes %v", d.Name, d.Notes)
	}
	n, rate, err := d.Sounds.Length(1)
	if err != nil || n != 4000 || rate != 8000 {
		t.Fatal(n, rate, err)
	}
	a, _ := plain.Sounds.Sound(1, 0, n)
	b, err := d.Sounds.Sound(1, 0, n)
	if err != nil || slices.Equal(a, b) {
		t.Errorf("the sound is as it was: %v", err)
	}
	h, err := ContentHash(d.Sounds, 1)
	if was, _ := ContentHash(plain.Sounds, 1); err != nil || h != was {
		t.Errorf("the sound with a trace is another sample: %v", err)
	}
	if f, err := FactsOf(d.Sounds, 1); err != nil || f.Length != n {
		t.Errorf("facts %+v, %v", f, err)
	}
	if _, err := d.Sounds.Sound(1, n, 1); err == nil || !strings.Contains(err.Error(), "values of sound") {
		t.Errorf("beyond the end: %v", err)
	}
	for of, want := range map[string]string{
		of + "&inject=jpeg:30":                  "the option inject=jpeg:30 puts a trace into pictures; there are films and sounds",
		of + "&inject=codec:1,vignette:0.5":     "inject=vignette:0.5 puts a trace into pictures",
		"scenes:?n=3&side=8&inject=codec:1":     "the option inject=codec:1 puts a trace into sounds; there are pictures",
		"scenes:?n=3&frames=5&inject=codec:0.2": "inject=codec:0.2 puts a trace into sounds; there are films",
		of + "&inject=codec:1.5":                "want a number between 0 and 1 behind the colon",
	} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	both, err := everything(3).inject([]injection{{injectorNamed(t, "border"), 10}, {injectorNamed(t, "codec"), 1}})
	if err != nil || both.Name != "every:?inject=border:10,codec:1" || fmt.Sprint(both.Notes) != "[put into every picture: border:10 put into every sound: codec:1]" {
		t.Errorf("both kinds: %v, %+v", err, both)
	}
}
