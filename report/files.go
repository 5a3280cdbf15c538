package report

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// How much a page holds before its text: sound, 1.07 MB of it as text, and pictures, of which none may be larger than pictureBytes.
const (
	soundBytes    = 800_000
	pictureBytes  = 8 << 20
	picturesBytes = 64 << 20
)

// room is how many bytes more of each a page holds.
type room struct{ sound, pictures int }

var errRoom, errNoFile = errors.New("no room on the page"), errors.New("neither a file nor a link to one")

// readFile reads a file of a run, of at most so many bytes. A pipe or a device, which may have no end, is refused before it is opened.
func readFile(path string, most int) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, errNoFile
	case st.Size() > int64(most):
		return nil, errRoom
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(b) > most {
		err = errRoom
	}
	return b, err
}

// picture returns a PNG file for the page, and takes its room.
func (r *room) picture(path string) (template.URL, error) {
	b, err := readFile(path, min(pictureBytes, r.pictures))
	if err != nil {
		return "", err
	}
	r.pictures -= len(b)
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b)), nil
}

// wave returns a WAV file for the page, and takes its room; nothing where there is none.
func (r *room) wave(path string) (template.URL, error) {
	b, err := readFile(path, r.sound)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	r.sound -= len(b)
	return template.URL("data:audio/wav;base64," + base64.StdEncoding.EncodeToString(b)), nil
}

// leftOut says why a picture is not on the page.
func leftOut(path string, err error) string {
	name := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
	switch {
	case errors.Is(err, errRoom):
		return fmt.Sprintf("%s is left out: a page holds pictures of %d MiB each and %d MiB in all.", name, pictureBytes>>20, picturesBytes>>20)
	case errors.Is(err, errNoFile):
		return name + " is left out: it is " + errNoFile.Error() + "."
	}
	return name + " is left out: it cannot be read."
}

// within returns the paths of what lies in a folder whose names a function wants, in the order of their names; none where there is no folder.
func within(dir string, wants func(name string) bool) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if wants(e.Name()) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

func isPNG(name string) bool { return strings.HasSuffix(name, ".png") }
