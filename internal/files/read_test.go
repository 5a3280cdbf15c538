package files

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestRead: a file of as many bytes as may be is read, one of more and what is no file is refused.
func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("four"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, 4); err != nil || string(b) != "four" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := Read(path, 3); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if _, err := Read(filepath.Dir(path), 4); !errors.Is(err, ErrNoFile) {
		t.Error(err)
	}
	if _, err := Read(path+"b", 4); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
