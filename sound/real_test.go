package sound

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFiles opens the files of SOUNDS, a list of paths, and checks windows of each against the whole.
func TestFiles(t *testing.T) {
	for _, path := range filepath.SplitList(os.Getenv("SOUNDS")) {
		r, err := Open(path, Options{})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		want := all(t, r)
		t.Logf("%s: %s, %g Hz, %d channels, %d values, delay %g, %q", filepath.Base(path), r.Format(), r.Rate(), r.Channels(), r.Len(), r.Delay(), r.Notes())
		checkWindows(t, r, want, 3, 1)
		r.Close()
	}
}
