package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// What Read refuses.
var (
	ErrTooLarge = errors.New("it is too large")
	ErrNoFile   = errors.New("neither a file nor a link to one")
)

// Read reads a file of at most so many bytes; a larger one is ErrTooLarge. A pipe or a device, which may have no end, is ErrNoFile before it is opened.
func Read(path string, most int64) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, ErrNoFile
	case st.Size() > most:
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, st.Size(), most)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	b.Grow(int(st.Size()) + bytes.MinRead) // so that nothing is copied
	if _, err = b.ReadFrom(io.LimitReader(f, most+1)); err == nil && int64(b.Len()) > most {
		err = ErrTooLarge
	}
	return b.Bytes(), err
}

// Regular tells whether a file, or a link to one, is there.
func Regular(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}
