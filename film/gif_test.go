package film

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestKept: a late frame of a film whose frames all lean on those before is decoded from the composite that was kept before it, and is the same.
func TestKept(t *testing.T) {
	frames := pictures(60, 70, 130, true)
	path := filepath.Join(t.TempDir(), "long.gif")
	write(t, path, 20, frames)
	f, err := Open(path, Options{FFmpeg: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g := f.source.(*gifFilm)
	if from, _ := g.nearest(59); from != 0 {
		t.Fatalf("frame 59 leans on nothing before frame %d", from)
	}
	for _, i := range []int{59, 40, 59, 17} {
		p, err := f.Frame(i)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.Pix, frames[i].Pix) {
			t.Errorf("frame %d is another", i)
		}
	}
	if from, _ := g.nearest(59); from != 48 || len(g.kept) != 3 {
		t.Errorf("decoding begins at frame %d, %d composites are kept", from, len(g.kept))
	}
}

// TestStill: what stands still in a film of many colours does not boil.
func TestStill(t *testing.T) {
	frames := pictures(4, 40, 50, false)
	for i := range frames {
		frames[i] = frames[0]
	}
	path := filepath.Join(t.TempDir(), "still.gif")
	write(t, path, 20, frames)
	f, err := Open(path, Options{FFmpeg: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := decoded(t, f)
	for i := range all {
		if !bytes.Equal(all[i].Pix, all[0].Pix) {
			t.Errorf("frame %d differs from the first", i)
		}
	}
}
