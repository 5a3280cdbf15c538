package recipe

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/film"
)

// SaveFilms writes films with these numbers into a folder, which it makes, as film-00012.gif or, where ending is .avi, as AVI of JPEGs with their sound, if they have
// any, so that a person can look at them and listen. It returns the files.
func SaveFilms(in data.Inputs, index []int, dir, ending string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for _, i := range index {
		path := filepath.Join(dir, fmt.Sprintf("film-%05d%s", i, ending))
		if err := saveFilm(in, i, path); err != nil {
			return out, fmt.Errorf("%s: %w", in.Clips.Describe(i), err)
		}
		out = append(out, path)
	}
	return out, nil
}

// filmRate is that of films whose times tell none.
const filmRate = 12

// rateOf returns the mean number of frames a second of a film whose frames are seen at some times.
func rateOf(times []float64) float64 {
	n := len(times)
	if n > 1 && times[n-1] > times[0] {
		return float64(n-1) / (times[n-1] - times[0])
	}
	return filmRate
}

func saveFilm(in data.Inputs, i int, path string) error {
	times, err := in.Clips.Times(i)
	if err != nil {
		return err
	}
	rate := rateOf(times)
	frames := make([]int, len(times))
	for t := range frames {
		frames[t] = t
	}
	heard, err := newHeard(in.Sounds, i, path, rate)
	if err != nil {
		return err
	}
	var w *film.Writer
	err = in.Clips.Clip(i, frames, func(k int, im *data.Image) (err error) {
		if w == nil {
			if w, err = film.CreateWithSound(path, im.H, im.W, rate, heard.as); err != nil {
				return err
			}
		}
		if err := w.Write(&film.Picture{H: im.H, W: im.W, Pix: im.Pix}); err != nil {
			return err
		}
		return heard.write(w, k+1, len(times))
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

// heard is a film's sound as it is written beside the frames.
type heard struct {
	sounds  data.Sounds
	film, n int
	frame   float64 // values of sound a frame
	as      film.Sound
	done    int
}

// newHeard returns the sound of a film; none where there is none, or where path cannot hold it.
func newHeard(sounds data.Sounds, i int, path string, rate float64) (*heard, error) {
	if sounds == nil || !strings.EqualFold(filepath.Ext(path), ".avi") {
		return &heard{}, nil
	}
	n, hz, err := sounds.Length(i)
	if err != nil || n == 0 {
		return &heard{}, err
	}
	whole := math.Round(hz)
	if math.Abs(hz-whole) > 1e-6 {
		return nil, fmt.Errorf("its sound has %g values a second; an AVI holds whole numbers", hz)
	}
	return &heard{sounds, i, n, hz / rate, film.Sound{Rate: int(whole), Channels: 1}, 0}, nil
}

// write adds the sound until the end of so many frames of all, and after the last one all that is left.
func (h *heard) write(w *film.Writer, frames, all int) error {
	to := min(h.n, int(float64(frames)*h.frame))
	if frames == all {
		to = h.n
	}
	const most = 1 << 16
	for h.done < to {
		n := min(to-h.done, most)
		x, err := h.sounds.Sound(h.film, h.done, n)
		if err != nil {
			return err
		}
		if err := w.WriteSound(x); err != nil {
			return err
		}
		h.done += n
	}
	return nil
}
