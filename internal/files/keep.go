// Package files has what whoever writes a file whole or not at all needs, and whoever reads one that somebody else may have made.
package files

import (
	"errors"
	"os"
	"path/filepath"
)

// Keep gives a temporary file that has been written, and lies in path's folder, the name path: readable by all, synced, closed, renamed, the folder synced. On an error path is as it
// was, and the temporary file is left to the caller to remove.
func Keep(tmp *os.File, path string) error {
	if err := tmp.Chmod(0o644); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil { // not every system can sync a folder; the rename stands all the same
		dir.Sync()
		dir.Close()
	}
	return nil
}
