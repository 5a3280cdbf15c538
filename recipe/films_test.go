package recipe

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"github.com/tessera-go/tessera/data"
)

// soundOfAVI joins the chunks of sound that an AVI's index names.
func soundOfAVI(t *testing.T, path string) (x []int16, frames int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	movi, idx1 := bytes.Index(b, []byte("movi")), bytes.LastIndex(b, []byte("idx1"))
	for at := idx1 + 8; at+16 <= len(b); at += 16 {
		from, n := movi+8+int(binary.LittleEndian.Uint32(b[at+8:])), int(binary.LittleEndian.Uint32(b[at+12:]))
		if string(b[at:at+4]) != "01wb" {
			frames++
			continue
		}
		for i := from; i < from+n; i += 2 {
			x = append(x, int16(binary.LittleEndian.Uint16(b[i:])))
		}
	}
	return x, frames
}

// TestSaveFilmsSound: films with sound are written with all of it, of a part of a set too; as GIFs, and where there is none, without.
func TestSaveFilmsSound(t *testing.T) {
	d, err := data.Open("scenes:?sound=yes&frames=7&n=9&side=16&hz=11025", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	d = d.Subset([]int{5, 2}, "two")
	files, err := SaveFilms(d.Inputs, []int{1}, t.TempDir(), ".avi")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	n, _, _ := d.Sounds.Length(1)
	want, err := d.Sounds.Sound(1, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	got, frames := soundOfAVI(t, files[0])
	if len(got) != n || n != 7*11025/12 || frames != 7 {
		t.Fatalf("%d values of %d in %d frames", len(got), n, frames)
	}
	for i, v := range got {
		if off := float32(v)/32768 - want[i]; off > 0.5001/32768 || off < -0.5001/32768 {
			t.Fatalf("value %d is %d, want %g", i, v, want[i])
		}
	}
	if files, err = SaveFilms(d.Inputs, []int{0}, t.TempDir(), ".gif"); err != nil || len(files) != 1 {
		t.Errorf("as GIF: %v, %v", files, err)
	}
	if files, err = SaveFilms(data.Inputs{Clips: d.Clips}, []int{0}, t.TempDir(), ".avi"); err != nil {
		t.Fatal(err)
	}
	if x, frames := soundOfAVI(t, files[0]); len(x) != 0 || frames != 7 {
		t.Errorf("a film without sound has %d values of it and %d frames", len(x), frames)
	}
}
