package files

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestKeep: the file has its name and is readable by all; a file that cannot be renamed leaves what was there.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) *os.File {
		t.Helper()
		tmp, err := os.CreateTemp(dir, "*.tmp")
		if err == nil {
			_, err = tmp.WriteString(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tmp
	}
	path := filepath.Join(dir, "kept")
	for _, text := range []string{"first", "second"} {
		if err := Keep(write(text), path); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("%q, %v, want %q", b, err, text)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	tmp := write("third")
	defer os.Remove(tmp.Name())
	if err := Keep(tmp, filepath.Join(dir, "no-folder", "kept")); err == nil {
		t.Error("a folder that is not there: no error")
	}
	if b, _ := os.ReadFile(path); string(b) != "second" {
		t.Errorf("what was there is %q", b)
	}
}
