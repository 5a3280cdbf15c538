package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/film"
)

// writeAV writes a film of n grey frames at 10 a second with sound at 8000 Hz; none where there are no values.
func writeAV(t testing.TB, path string, n int, v ...float32) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	s := film.Sound{Rate: 8000, Channels: 1}
	if len(v) == 0 {
		s = film.Sound{}
	}
	w, err := film.CreateWithSound(path, 16, 16, 10, s)
	for k := 0; k < n && err == nil; k++ {
		p := film.NewPicture(16, 16)
		for i := range p.Pix {
			p.Pix[i] = uint8(20 * k)
		}
		err = w.Write(p)
	}
	if err == nil && len(v) > 0 {
		err = w.WriteSound(v)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// delayed sets when the sound of an AVI begins, in values.
func delayed(t testing.TB, path string, by uint32) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("auds"))
	binary.LittleEndian.PutUint32(b[at+28:], by)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// steps are n values that 16 bits hold: every one another.
func steps(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i+1) / 32768
	}
	return v
}

// TestAV: films with sound are clips and sounds of the same numbers; those without are left out and counted; what is no film is an error of that sample.
func TestAV(t *testing.T) {
	dir := t.TempDir()
	writeAV(t, filepath.Join(dir, "a", "v_a_g01_c01.avi"), 5, steps(4000)...)
	writeAV(t, filepath.Join(dir, "a", "v_a_g01_c02.avi"), 5, steps(2000)...)
	writeAV(t, filepath.Join(dir, "b", "v_b_g01_c01.avi"), 3, steps(9000)...)
	writeAV(t, filepath.Join(dir, "b", "v_b_g02_c01.avi"), 3)
	if err := writeGIF(filepath.Join(dir, "b", "v_b_g03_c01.gif"), 3, 0); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "b", "v_b_g04_c01.avi"), []byte("RIFF\x00\x00\x00\x00"), 0o644)
	d := openedSounds(t, "av:"+dir, Train)
	if got := fmt.Sprintln(d.Len(), d.Kinds(), d.Truth.Classes(), d.Notes); got != "4 films and sounds [a b] ["+dir+": 2 of 6 films have no sound and are left out: b/v_b_g02_c01.avi, b/v_b_g03_c01.gif]\n" {
		t.Error(got)
	}
	if r := d.Truth.Groups[RecordingGroup]; r == nil || r.Label(0) != r.Label(1) || r.Label(1) == r.Label(2) {
		t.Errorf("%+v", r)
	}
	for i := range 3 {
		n, rate, err := d.Sounds.Length(i)
		times, err2 := d.Clips.Times(i)
		if err != nil || err2 != nil || rate != 8000 || n != []int{4000, 2000, 9000}[i] || len(times) != []int{5, 5, 3}[i] || d.Clips.Describe(i) != d.Sounds.Describe(i) {
			t.Errorf("film %d: %d at %g, %v: %v %v", i, n, rate, times, err, err2)
		}
	}
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for k := range 30 {
				from, n := 37*k, 100+g
				if v, err := d.Sounds.Sound(k%3, from, n); err != nil || !slices.Equal(v, steps(from + n)[from:]) {
					t.Errorf("from %d: %v", from, err)
				}
			}
		})
	}
	all.Wait()
	_, _, err := d.Sounds.Length(3)
	_, err2 := d.Clips.Times(3)
	if err == nil || err2 == nil || !strings.Contains(err.Error(), "v_b_g04_c01.avi") {
		t.Error(err, err2)
	}
	sub := d.Subset([]int{2, 1}, "some")
	if n, _, err := sub.Sounds.Length(0); n != 9000 || err != nil {
		t.Error(n, err)
	}
	if a, b := must(ContentHash(sub.Clips, 0)), must(ContentHash(sub.Sounds, 0)); a != b || InBoth(sub, d) != 2 {
		t.Error("a film with sound is not known again")
	}
	if f := openedSounds(t, "av:"+dir+"?as=frames", Train); f.Kinds() != "pictures" || f.Len() != 13 {
		t.Error(f.Kinds(), f.Len())
	}
	parts := openedSounds(t, "av:"+dir+"?cut=0.5/0.5", Train).Len() + openedSounds(t, "av:"+dir+"?cut=0.5/0.5&split=test", Train).Len()
	if parts != 4 {
		t.Errorf("%d films in two parts", parts)
	}
	silent := filepath.Join(dir, "b", "v_b_g02_c01.avi")
	none := t.TempDir()
	writeAV(t, filepath.Join(none, "1.avi"), 2)
	writeAV(t, filepath.Join(none, "2.avi"), 2)
	for of, want := range map[string]string{"av:" + silent: silent + " has no sound; video:PATH", "av:" + none: "none of 2 films has sound", "av:": "av: wants a film or a folder of films", "av:" + dir + "?split=test": "no option"} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", of, err, want)
		}
	}
}

// TestDelayedSound: value k of a film's sound is k/rate seconds after its first frame, whenever the sound begins.
func TestDelayedSound(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "late.avi")
	writeAV(t, path, 5, steps(100)...)
	delayed(t, path, 30)
	d := openedSounds(t, "av:"+path, Train)
	want := append(make([]float32, 30), steps(100)...)
	if n, _, err := d.Sounds.Length(0); n != 130 || err != nil {
		t.Fatal(n, err)
	}
	for _, w := range [][2]int{{0, 130}, {0, 10}, {0, 30}, {0, 31}, {29, 2}, {30, 5}, {31, 99}, {12, 0}, {130, 0}} {
		if v, err := d.Sounds.Sound(0, w[0], w[1]); err != nil || !slices.Equal(v, want[w[0]:w[0]+w[1]]) {
			t.Errorf("%v: %v %v", w, v, err)
		}
	}
	if _, err := d.Sounds.Sound(0, 130, 1); err == nil || !strings.Contains(err.Error(), "late.avi has 130 values; there are no 1 from value 130 on") {
		t.Error(err)
	}
	s := d.Sounds.(*filmSounds)
	for delay, c := range map[float64]struct {
		n    int
		want string
	}{-40.0 / 8000: {60, ""}, -100.0 / 8000: {0, "its sound ends before its first frame is shown"}, 1e6: {0, "more than a day"}, math.NaN(): {0, "more than a day"}} {
		s.files.facts[0].delay = delay
		n, _, err := s.Length(0)
		if n != c.n || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%g: %d %v", delay, n, err)
		}
		if v, err := s.Sound(0, 5, 10); c.n > 0 && (err != nil || !slices.Equal(v, steps(100)[45:55])) {
			t.Errorf("%g: %v %v", delay, v, err)
		}
	}
}
