package recipe

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/film"
)

// SaveFilms writes films with these numbers into a folder, which it makes, as film-00012.gif or, where ending is .avi, as AVI of JPEGs, so that a person
// can look at them. It returns the files.
func SaveFilms(clips data.Clips, index []int, dir, ending string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for _, i := range index {
		path := filepath.Join(dir, fmt.Sprintf("film-%05d%s", i, ending))
		if err := saveFilm(clips, i, path); err != nil {
			return out, fmt.Errorf("%s: %w", clips.Describe(i), err)
		}
		out = append(out, path)
	}
	return out, nil
}

// filmRate is that of films whose times tell none.
const filmRate = 12

func saveFilm(clips data.Clips, i int, path string) error {
	times, err := clips.Times(i)
	if err != nil {
		return err
	}
	rate, n := float64(filmRate), len(times)
	if n > 1 && times[n-1] > times[0] {
		rate = float64(n-1) / (times[n-1] - times[0])
	}
	frames := make([]int, n)
	for t := range frames {
		frames[t] = t
	}
	var w *film.Writer
	err = clips.Clip(i, frames, func(_ int, im *data.Image) (err error) {
		if w == nil {
			if w, err = film.Create(path, im.H, im.W, rate); err != nil {
				return err
			}
		}
		return w.Write(&film.Picture{H: im.H, W: im.W, Pix: im.Pix})
	})
	switch {
	case w == nil && err == nil:
		return fmt.Errorf("it has no frames")
	case w == nil:
		return err
	case err != nil:
		w.Abort()
		return err
	}
	return w.Close()
}
