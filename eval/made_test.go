package eval

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMadeWithoutLabels: where features take the place of others that had classes, these are not left beside them; a file that somebody else wrote is.
func TestMadeWithoutLabels(t *testing.T) {
	dir := t.TempDir()
	path, labels := filepath.Join(dir, "f.npy"), filepath.Join(dir, "f.labels.csv")
	save := func(classes []string) {
		t.Helper()
		if _, err := SaveMade(path, Made{Names: path}, []string{"a", "b"}, classes); err != nil {
			t.Fatal(err)
		}
	}
	there := func() bool { _, err := os.Stat(labels); return err == nil }
	if save([]string{"x", "y"}); !there() {
		t.Fatal("classes are not written")
	}
	if save(nil); there() {
		t.Error("classes of earlier features are left beside new ones")
	}
	if err := os.WriteFile(labels, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if save(nil); !there() {
		t.Error("a file that was somebody's is gone")
	}
}
