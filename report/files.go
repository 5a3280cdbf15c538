package report

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"golang.org/x/image/draw"
)

// How much a page holds before its text: sound, 1.07 MB of it as text, and pictures, 12.6 MB as text; a file of pictureBytes can be read, of mostPixels.
const (
	soundBytes    = 800_000
	pictureBytes  = 8 << 20
	picturesBytes = 9 << 20
	mostPixels    = 1 << 26
)

// room is how many bytes more of each a page holds, and how many pictures are to come, which share the room: one that needs less leaves it to the others.
type room struct {
	sound, pictures, coming int
	shrunk                  int // pictures that were
}

var errRoom = errors.New("no room on the page")

// picture returns a PNG file for the page, and takes its room. One that is larger than its share becomes a JPEG, of fewer pixels where that is not enough.
func (r *room) picture(path string) (template.URL, error) {
	share := r.pictures / max(r.coming, 1)
	r.coming--
	b, err := files.Read(path, pictureBytes)
	if errors.Is(err, files.ErrTooLarge) {
		err = errRoom
	}
	if err != nil {
		return "", err
	}
	kind := "png"
	if len(b) > share {
		if b, err = shrunk(b, share); err != nil {
			return "", err
		}
		kind = "jpeg"
		r.shrunk++
	}
	r.pictures -= len(b)
	return template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(b)), nil
}

// shrunk returns a PNG as a JPEG of at most so many bytes.
func shrunk(b []byte, most int) ([]byte, error) {
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if c.Width > mostPixels/max(c.Height, 1) {
		return nil, errRoom
	}
	im, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for range 4 {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, im, &jpeg.Options{Quality: 80}); err != nil {
			return nil, err
		}
		if out.Len() <= most {
			return out.Bytes(), nil
		}
		size := im.Bounds().Size()
		half := image.NewRGBA(image.Rect(0, 0, max(1, size.X*2/3), max(1, size.Y*2/3)))
		draw.ApproxBiLinear.Scale(half, half.Rect, im, im.Bounds(), draw.Src, nil)
		im = half
	}
	return nil, errRoom
}

// wave returns a WAV file for the page, and takes its room; nothing where there is none.
func (r *room) wave(path string) (template.URL, error) {
	b, err := files.Read(path, int64(r.sound))
	if errors.Is(err, files.ErrTooLarge) {
		err = errRoom
	}
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
	case errors.Is(err, files.ErrNoFile):
		return name + " is left out: it is " + files.ErrNoFile.Error() + "."
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

// pictures counts those of runs, so that they can share the page.
func pictures(dirs []string) (n int) {
	for _, dir := range dirs {
		dir = filepath.Join(dir, "eval")
		n++ // of what it saw and said
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // whoever reads it says so
		}
		for _, e := range entries {
			if isPNG(e.Name()) {
				n++
				continue
			}
			if of, err := within(filepath.Join(dir, e.Name()), isPNG); err == nil {
				n += len(of)
			}
		}
	}
	return n
}

func isPNG(name string) bool { return strings.HasSuffix(name, ".png") }
