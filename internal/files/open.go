package files

import (
	"errors"
	"fmt"
	"os"
)

// Open opens a film or a recording, as what calls it, in which parts, such as frames, are looked for anywhere, and returns its size. A folder, a pipe, a device and an empty file are refused before they are
// opened. Errors do not name the path.
func Open(path, what, parts string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, Cause(err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return nil, 0, fmt.Errorf("a folder, not a %s", what)
	case mode&os.ModeNamedPipe != 0:
		return nil, 0, fmt.Errorf("a pipe; %s are looked for anywhere in a %s, which takes a file", parts, what)
	case !mode.IsRegular():
		return nil, 0, errors.New("not a file")
	case info.Size() == 0:
		return nil, 0, errors.New("an empty file")
	}
	f, err := os.Open(path)
	return f, info.Size(), Cause(err)
}

// Cause leaves the path, which whoever called adds, out of an error.
func Cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
