package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/internal/spec"
)

var videoOptions = append([]spec.Option{
	{Name: "cut", About: "such as 0.8/0.2: parts of the films for training and testing; a film stays in its part while others come and go"},
}, framesOptions...)

const (
	mostOpen  = 32 // films that are open at once
	filmPiece = 48 // frames that are decoded together, where frames stand on those before them
)

// videos are films in files. A film is opened when something of it is asked for, and closed when others are.
type videos struct {
	dir   string
	files []string // relative, sorted
	sizes []int64

	open openFiles[*film.Film]

	mu    sync.Mutex
	times []filmTimes
}

// filmTimes are the times of a film's frames, or why there are none.
type filmTimes struct {
	known bool
	times []float64
	err   error
}

// OpenVideo opens the films in a tree, in any depth, sorted by path; a single film may be named too. The folders of the first level are the classes,
// unless there are films beside them or only one folder. Files are looked into when their frames are asked for.
func OpenVideo(path string, o FilmOptions) (*Dataset, error) {
	v, notes, err := newVideos(path, "video")
	if err != nil {
		return nil, err
	}
	s := spec.Spec{Kind: "video", Path: path}
	d := &Dataset{Name: s.String(), Fingerprint: fingerprint("video", v.parts()...), Inputs: Inputs{Clips: v}, Notes: notes}
	return filmParts(d, s, v.files, o)
}

// newVideos looks for the films that a source of that kind names; notes say what was not taken.
func newVideos(path, kind string) (v *videos, notes []string, err error) {
	v = &videos{dir: path}
	v.open.most, v.open.open = mostOpen, v.openFilm
	st, err := os.Stat(path)
	if err == nil && st.Mode().IsRegular() {
		v.dir, v.files, v.sizes = filepath.Dir(path), []string{filepath.Base(path)}, []int64{st.Size()}
	} else {
		if err := missingDir(path, kind+": wants a film or a folder of films"); err != nil {
			return nil, nil, err
		}
		s := scan{root: path, wanted: endingSet(film.Endings()), left: map[string]int{}, take: func(rel string, size int64) {
			v.files, v.sizes = append(v.files, rel), append(v.sizes, size)
		}}
		if err := s.walk("", nil); err != nil {
			return nil, nil, err
		}
		if notes = s.notes(); len(v.files) == 0 {
			return nil, nil, fmt.Errorf("%s holds no films (%s); wanted are %s in any depth, or frames:DIR for folders of numbered pictures", path, s.summary(), strings.Join(film.Endings(), ", "))
		}
	}
	v.times = make([]filmTimes, len(v.files))
	return v, notes, nil
}

// parts are the names and sizes of the files.
func (v *videos) parts() (out []string) {
	for i, f := range v.files {
		out = append(out, fmt.Sprint(f, v.sizes[i]))
	}
	return out
}

func openVideo(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := filmOptions(v, split)
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenVideo(path, o)
}

// filmOptions reads the options of films in files.
func filmOptions(v *spec.Values, split Split) FilmOptions {
	o := FilmOptions{Split: split}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	return o
}

func (v *videos) Len() int              { return len(v.files) }
func (v *videos) Describe(i int) string { return filepath.Join(v.dir, filepath.FromSlash(v.files[i])) }

func (v *videos) openFilm(i int) (*film.Film, error) {
	f, err := film.Open(v.Describe(i), film.Options{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Dir(v.Describe(i)), err)
	}
	return f, nil
}

// use hands film i to f, opening it where it is not open.
func (v *videos) use(i int, f func(f *film.Film) error) error {
	return v.open.use(i, func(one *film.Film) error {
		if err := f(one); err != nil {
			return fmt.Errorf("%s: %w", v.Describe(i), err)
		}
		return nil
	})
}

func (v *videos) Times(i int) ([]float64, error) {
	v.mu.Lock()
	t := v.times[i]
	v.mu.Unlock()
	if t.known {
		return t.times, t.err
	}
	t.known = true
	t.err = v.use(i, func(f *film.Film) error { t.times = f.Times(); return nil })
	v.mu.Lock()
	v.times[i] = t
	v.mu.Unlock()
	return t.times, t.err
}

func (v *videos) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	return v.use(i, func(f *film.Film) error {
		return f.Frames(frames, func(k int, p *film.Picture) error { return each(k, &Image{p.H, p.W, p.Pix}) })
	})
}

// piece is a part of the film of a fixed length.
func (v *videos) piece(_, t int) (from, to int) {
	from = t / filmPiece * filmPiece
	return from, from + filmPiece
}

func (v *videos) size(i int) int64 { return v.sizes[i] }

// Hash is of the file's bytes.
func (v *videos) Hash(i int) (Hash, error) { return hashFile(v.Describe(i)) }
