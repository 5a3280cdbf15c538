package data

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestRecordings: films of one recording share a division, and stay together when films are cut in parts.
func TestRecordings(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"Run", "Walk"} {
		for g := range 6 {
			for c := range 3 {
				for f := range 2 {
					numberedPicture(t, filepath.Join(dir, class, fmt.Sprintf("v_%s_g%02d_c%02d", class, g, c), fmt.Sprint(f, ".png")), 6, 5)
				}
			}
		}
	}
	of := func(split Split) map[string]int {
		d, err := Open("frames:"+dir+"?cut=0.5/0.5", split)
		if err != nil {
			t.Fatal(err)
		}
		r, out := d.Truth.Groups[RecordingGroup], map[string]int{}
		for i := range d.Len() {
			out[r.Classes()[r.Label(i)]]++
		}
		return out
	}
	a, b := of(Train), of(Test)
	if len(a) != 6 || len(b) != 6 {
		t.Errorf("%v and %v", a, b)
	}
	for name, n := range a {
		if n != 3 || b[name] != 0 {
			t.Errorf("of %s %d films are for training, %d for testing", name, n, b[name])
		}
	}
	d, err := Open("frames:"+dir+"?as=frames", Train)
	if err != nil {
		t.Fatal(err)
	}
	r := d.Truth.Groups[RecordingGroup]
	if got := fmt.Sprint(r.Classes()[r.Label(0)], r.Classes()[r.Label(5)], r.Classes()[r.Label(6)]); got != "Run/v_Run_g00Run/v_Run_g00Run/v_Run_g01" {
		t.Errorf("frames are of %s", got)
	}
	if recordingsOf([]string{"v_a_g01_c01.avi", "other.avi"}) != nil {
		t.Error("a name that says nothing has a recording")
	}
	if l := recordingsOf([]string{"v_a_g01_c01.avi", "v_a_g01_c02.avi"}); l == nil || len(l.classes) != 1 || l.classes[0] != "v_a_g01" {
		t.Errorf("%+v", l)
	}
}
